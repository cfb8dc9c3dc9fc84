#include "prove/prove.h"

#include <stdlib.h>
#include <string.h>

#include "pg/pg.h"
#include "prove/probe.h"
#include "prove/work.h"

pgb_status work_note(work *w, const char *text)
{
    return text != NULL && pgb_vec_push(&w->notes, text) ? PGB_OK : pgb_error_nomem(w->err);
}

pgb_status work_site(work *w, const char *database, const char *template_, pgb_site **ret_site)
{
    pgb_site_options how = {.stage = w->stage,
                            .database = database,
                            .template_ = template_,
                            .role = w->role,
                            .world = w->world,
                            .schema = w->o->schema,
                            .timeout_ms = w->o->timeout_ms,
                            .outside = w->o->outside,
                            .interrupted = w->o->interrupted};

    return pgb_site_open(&how, ret_site, w->err);
}

void work_step(work *w, const char *what, uint32_t node, uint32_t nth, uint32_t of)
{
    if (w->o->events.step != NULL) {
        w->o->events.step(w->o->events.data, what, w->world->nodes[node].id, nth, of);
    }
}

/* ---- what is proven, and in which order ---- */

static pgb_status take_order(work *w, const pgb_plan *plan)
{
    for (uint32_t i = 0; i < plan->n; i++) {
        w->order[w->n_order++] = plan->steps[i].node;
    }
    return PGB_OK;
}

/* What is applied comes first, as it was applied; the files say what it is. */
static pgb_status order_pending(work *w)
{
    const pgb_world *live = w->o->world;
    const pgb_applied_set *applied = live->applied_set;
    pgb_plan plan;
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; applied != NULL && i < applied->n && status == PGB_OK; i++) {
        uint32_t node;

        if (!pgb_map_get(&live->by_id, applied->rows[i].id, strlen(applied->rows[i].id), &node) ||
            applied->rows[i].incomplete) {
            continue;
        }
        if (node >= live->set->n) {
            pgb_error_set(w->err, PGB_REFUSED,
                          "revision %s is applied, and its file is gone: what comes after it can't "
                          "be proven",
                          applied->rows[i].id);
            pgb_error_hint(w->err, "put the file back from version control");
            return PGB_REFUSED;
        }
        if (live->nodes[node].edited) {
            status = work_note(w, pgb_arena_printf(w->arena,
                                                   "revision %s was edited since it was applied: "
                                                   "its file is run, not what was applied",
                                                   live->nodes[node].id));
        }
        w->order[w->n_order++] = node;
    }
    if (status == PGB_OK) {
        status = pgb_plan_upgrade(live, NULL, 0, &plan, w->err);
    }
    for (uint32_t i = 0; status == PGB_OK && i < plan.n; i++) {
        pgb_bits_set(&w->chosen, plan.steps[i].node);
    }
    return status == PGB_OK ? take_order(w, &plan) : status;
}

static pgb_status order_nodes(work *w)
{
    uint32_t n = w->o->nodes != NULL ? w->o->n_nodes : 0;
    const char **ids = pgb_arena_array(w->arena, (size_t)n + 1, sizeof *ids);
    pgb_plan plan = {0};
    pgb_status status;

    if (ids == NULL) {
        return pgb_error_nomem(w->err);
    }
    for (uint32_t i = 0; i < n; i++) {
        ids[i] = w->world->nodes[w->o->nodes[i]].id;
        pgb_bits_set(&w->chosen, w->o->nodes[i]);
    }
    for (uint32_t i = 0; w->o->nodes == NULL && i < w->world->n; i++) {
        pgb_bits_set(&w->chosen, i);
    }
    if (w->o->nodes != NULL && n == 0) {
        return PGB_OK;
    }
    status = pgb_plan_upgrade(w->world, ids, n, &plan, w->err);
    return status == PGB_OK ? take_order(w, &plan) : status;
}

static pgb_status choose(work *w)
{
    /* rows of the live database may be more than there are files */
    w->order =
        pgb_arena_array(w->arena, (size_t)w->o->world->n + w->world->n + 1, sizeof *w->order);
    if (w->order == NULL || !pgb_bits_init(&w->chosen, w->arena, w->world->n + 1)) {
        return pgb_error_nomem(w->err);
    }
    return w->o->pending ? order_pending(w) : order_nodes(w);
}

/* ---- the server ---- */

/* Revisions are run as the role that would run them on the live database. */
static pgb_status ask_role(work *w)
{
    pgb_session_options to = {.conninfo = w->o->live,
                              .connect_timeout_ms = -1,
                              .read_only = true,
                              .interrupted = w->o->interrupted};
    pgb_session *live = NULL;
    pgb_result *r = NULL;
    pgb_status status;

    if (w->o->live == NULL) {
        return PGB_OK;
    }
    status = pgb_session_open(&to, &live, w->err);
    if (status == PGB_OK) {
        status = pgb_exec(live, "SELECT current_user", &r, w->err);
    }
    if (status == PGB_OK) {
        w->role = pgb_arena_strdup(w->arena, pgb_result_value(r, 0, 0));
        status = w->role != NULL ? PGB_OK : pgb_error_nomem(w->err);
    }
    pgb_result_free(r);
    pgb_session_close(live);
    return status;
}

static pgb_status open_stage(work *w)
{
    pgb_stage_options how = {
        .bin = w->o->bin, .live = w->o->live, .interrupted = w->o->interrupted};
    const char *note;
    pgb_status status = ask_role(w);

    how.appliers = &w->role;
    how.n_appliers = 1;
    if (status == PGB_OK) {
        status = pgb_stage_open(&how, &w->stage, w->err);
    }
    if (status == PGB_OK) {
        w->out->server_version = pgb_stage_version(w->stage);
    }
    for (uint32_t i = 0; status == PGB_OK && (note = pgb_stage_note(w->stage, i)) != NULL; i++) {
        status = work_note(w, pgb_arena_strdup(w->arena, note));
    }
    return status;
}

/* ---- the probes ---- */

static void on_probe(void *data, const char *name, uint32_t nth, uint32_t of)
{
    work *w = data;

    if (w->o->events.step != NULL) {
        w->o->events.step(w->o->events.data, "probes", name, nth, of);
    }
}

static pgb_status probe(work *w, const trips *t)
{
    pgb_probe_options how = {.seed = 1,
                             .seeds = w->o->seeds,
                             .queries = w->o->queries,
                             .interrupted = w->o->interrupted,
                             .step = on_probe,
                             .data = w};
    pgb_catalog *catalog = NULL;
    pgb_status status = pgb_site_read(t->site, &catalog, w->err);

    if (status == PGB_OK) {
        status = pgb_probe_run(pgb_site_session(t->site), catalog, &how, &w->out->proofs, w->err);
    }
    pgb_catalog_free(catalog);
    return status;
}

/* ---- all of it ---- */

static pgb_status work_begin(work *w, const pgb_prove_options *options, pgb_error *err)
{
    pgb_arena *arena = pgb_arena_new();

    *w = (work){.o = options, .err = err, .arena = arena};
    w->out = arena != NULL ? pgb_arena_alloc(arena, sizeof *w->out) : NULL;
    if (w->out == NULL) {
        pgb_arena_free(arena);
        return pgb_error_nomem(err);
    }
    w->out->arena = arena;
    w->out->complete = true;
    if (pgb_proofs_init(&w->out->proofs, err) != PGB_OK) {
        return PGB_NOMEM;
    }
    return pgb_world_build(options->world->set, NULL, NULL, &w->world, err);
}

static pgb_status work_end(work *w, pgb_status status, pgb_prove **ret_prove)
{
    const char **notes;

    pgb_stage_close(w->stage);
    pgb_world_free(w->world);
    notes = w->out != NULL ? pgb_arena_array(w->arena, w->notes.n + 1, sizeof *notes) : NULL;
    if (status == PGB_OK && notes == NULL) {
        status = pgb_error_nomem(w->err);
    }
    if (status == PGB_OK) {
        for (size_t i = 0; i < w->notes.n; i++) {
            notes[i] = w->notes.at[i];
        }
        w->out->notes = notes;
        w->out->n_notes = (uint32_t)w->notes.n;
        *ret_prove = w->out;
    } else {
        pgb_prove_free(w->out);
    }
    pgb_vec_done(&w->notes);
    return status;
}

static pgb_status run_trips(work *w)
{
    trips t = {0};
    pgb_status status = work_trips(w, &t);

    if (status == PGB_OK && w->o->probes) {
        status = probe(w, &t);
    }
    if (status == PGB_OK && w->o->branches) {
        /* the next site begins without what this one left to the server */
        pgb_site_leave(t.site);
        status = pgb_site_again(t.site, NULL, 0, w->err);
    }
    pgb_site_close(t.site);
    pgb_vec_done(&t.applied);
    return status;
}

pgb_status pgb_prove_run(const pgb_prove_options *options, pgb_prove **ret_prove, pgb_error *err)
{
    work w;
    pgb_node_list heads = {0};
    pgb_status status = work_begin(&w, options, err);

    if (status == PGB_OK) {
        status = choose(&w);
    }
    if (status == PGB_OK) {
        w.out->n_revisions = pgb_bits_count(&w.chosen);
        status = open_stage(&w);
    }
    if (status == PGB_OK && (options->trips || options->probes)) {
        if (!options->trips) {
            memset(w.chosen.w, 0, ((size_t)w.chosen.n / 64 + 1) * sizeof *w.chosen.w);
        }
        status = run_trips(&w);
    }
    if (status == PGB_OK && options->branches) {
        status = pgb_world_heads(w.world, &heads, err);
        if (status == PGB_OK) {
            status = work_branches(&w, heads.at, heads.n);
        }
    }
    return work_end(&w, status, ret_prove);
}

pgb_status pgb_prove_heads(const pgb_prove_options *options, const uint32_t *heads,
                           uint32_t n_heads, pgb_prove **ret_prove, pgb_error *err)
{
    work w;
    pgb_status status = work_begin(&w, options, err);

    if (status == PGB_OK) {
        status = open_stage(&w);
    }
    if (status == PGB_OK) {
        status = work_branches(&w, heads, n_heads);
    }
    return work_end(&w, status, ret_prove);
}

void pgb_prove_free(pgb_prove *prove)
{
    if (prove != NULL) {
        pgb_proofs_done(&prove->proofs);
        pgb_arena_free(prove->arena);
    }
}
