/* Up, down, up of each revision, the state compared each time. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pg/pg.h"
#include "prove/lost.h"
#include "prove/outside.h"
#include "prove/rows.h"
#include "prove/work.h"

/* What a database and its server have. */
typedef struct state {
    pgb_arena *arena; /* of roles */
    pgb_catalog *catalog;
    const char *roles;
} state;

typedef struct trip {
    work *w;
    trips *t;
    pgb_site *site;
    pgb_bits failed;  /* nodes that could not be applied, and what needs them */
    state before;     /* every revision in t->applied, nothing more */
    bool has_rows;    /* generated ones, since the site was made last */
    pgb_map told;     /* tables of which it was said that they can't be filled */
    bool seeds_unfit; /* said once */
    uint32_t node, nth;
    const char *id, *subject;
    pgb_site_outcome outcome; /* of the last run */
    pgb_error failure;        /* likewise */
    int64_t began;
} trip;

static void state_done(state *s)
{
    pgb_catalog_free(s->catalog);
    pgb_arena_free(s->arena);
    *s = (state){0};
}

static pgb_status state_read(trip *t, state *ret_state)
{
    state s = {.arena = pgb_arena_new()};
    pgb_status status = s.arena == NULL ? pgb_error_nomem(t->w->err)
                                        : pgb_site_read(t->site, &s.catalog, t->w->err);

    if (status == PGB_OK) {
        status = pgb_site_roles(t->site, s.arena, &s.roles, t->w->err);
    }
    if (status != PGB_OK) {
        state_done(&s);
        return status;
    }
    *ret_state = s;
    return PGB_OK;
}

static pgb_status add(trip *t, const char *proof, pgb_proof_result result, const char *reason,
                      const char *reproduce)
{
    pgb_status status =
        pgb_proofs_add(&t->w->out->proofs, t->subject, proof, result, reason, reproduce, t->w->err);

    if (status == PGB_OK) {
        pgb_proofs_took(&t->w->out->proofs, pgb_clock_ms() - t->began);
    }
    return status;
}

static const char *upgrade_proof(const trip *t)
{
    return t->has_rows ? "its upgrade runs on tables with rows" : "its upgrade runs";
}

static const char restores[] = "its downgrade restores exactly what was before";
static const char repeats[] = "its upgrade after the downgrade makes the same again";
static const char holds[] = "its verify blocks hold";

static pgb_status run(trip *t, pgb_action action)
{
    t->began = pgb_clock_ms();
    return pgb_site_run(t->site, action, t->node, &t->outcome, &t->failure, t->w->err);
}

/* The site as the revisions make it, without rows. */
static pgb_status begin_again(trip *t)
{
    t->has_rows = false;
    return pgb_site_again(t->site, t->t->applied.at, t->t->applied.n, t->w->err);
}

/* ---- rows ---- */

/* Tables of `now` that `before` has not. */
static const char **new_tables(const pgb_catalog *before, const pgb_catalog *now, pgb_arena *arena,
                               uint32_t *ret_n)
{
    const char **names = pgb_arena_array(arena, (size_t)now->n + 1, sizeof *names);

    *ret_n = 0;
    for (uint32_t i = 0; names != NULL && i < now->n; i++) {
        const pgb_object *o = &now->objects[i];

        if (strcmp(o->kind, "table") == 0 &&
            (before == NULL || pgb_catalog_find(before, o->kind, o->identity) == NULL)) {
            names[(*ret_n)++] = o->identity;
        }
    }
    return names;
}

/* A table that can't be filled is said once. */
static pgb_status tell_impossible(trip *t, const pgb_rows_report *report)
{
    work *w = t->w;
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < report->n && status == PGB_OK; i++) {
        const pgb_rows_table *x = &report->tables[i];
        const char *name, *subject, *reason;
        uint32_t known;

        if (x->outcome != PGB_ROWS_IMPOSSIBLE ||
            pgb_map_get(&t->told, x->table, strlen(x->table), &known)) {
            continue;
        }
        name = pgb_arena_strdup(w->arena, x->table);
        subject = pgb_arena_printf(w->arena, "table %s", x->table);
        reason = pgb_arena_printf(
            w->arena,
            "no generated row is accepted%s%s: %s\nhint: rows of it in "
            "seeds/%s.csv are taken instead.",
            x->constraint != NULL ? " by " : "", x->constraint != NULL ? x->constraint : "",
            x->reason != NULL ? x->reason : "the server did not say why", pgb_last_name(x->table));
        if (name == NULL || subject == NULL || reason == NULL ||
            !pgb_map_add(&t->told, name, strlen(name), 1, NULL, NULL)) {
            return pgb_error_nomem(w->err);
        }
        status =
            pgb_proofs_add(&w->out->proofs, subject, "rows that satisfy its schema can be made",
                           PGB_PROOF_NOT_PROBED, reason, NULL, w->err);
    }
    return status;
}

/* Rows into the tables that are new; all that are empty when there was no state before. */
static pgb_status fill(trip *t, const pgb_catalog *before, const pgb_catalog *now)
{
    work *w = t->w;
    PGB_AUTO_ARENA(arena);
    pgb_rows_options how = {.rows = w->o->rows_count,
                            .seed = 1,
                            .seeds = w->o->seeds,
                            .only_empty = true,
                            .interrupted = w->o->interrupted};
    pgb_rows_report report = {0};
    pgb_error own = PGB_ERROR_INIT;
    pgb_status status;

    if (!w->o->rows) {
        return PGB_OK;
    }
    if (!t->has_rows) {
        before = NULL; /* the site was made again since, or nothing was filled yet */
    }
    how.tables = arena != NULL ? new_tables(before, now, arena, &how.n_tables) : NULL;
    if (how.tables == NULL) {
        return pgb_error_nomem(w->err);
    }
    if (how.n_tables == 0) {
        return PGB_OK;
    }
    status = pgb_rows_fill(pgb_site_session(t->site), now, &how, &report, &own);
    if (status == PGB_PROJECT && how.seeds != NULL) {
        /* the seeds may fit a later state only; whether they fit the last one, the probes say */
        how.seeds = NULL;
        if (!t->seeds_unfit) {
            t->seeds_unfit = true;
            status = work_note(w, pgb_arena_printf(w->arena,
                                                   "the seeds do not fit the schema at revision "
                                                   "%s (%s): rows were generated there",
                                                   t->id, own.message));
        }
        pgb_error_clear(&own);
        status = pgb_rows_fill(pgb_site_session(t->site), now, &how, &report, &own);
    }
    if (status != PGB_OK) {
        if (w->err != NULL) {
            *w->err = own;
        }
        return status;
    }
    t->has_rows = t->has_rows || report.n_rows > 0;
    status = tell_impossible(t, &report);
    pgb_rows_report_done(&report);
    return status;
}

/* After the site was made again at the state before. */
static pgb_status refill(trip *t)
{
    return t->before.catalog != NULL && !t->has_rows ? fill(t, NULL, t->before.catalog) : PGB_OK;
}

/* ---- what a failure means ---- */

static bool needs_failed(const trip *t, uint32_t node)
{
    const pgb_graph *g = t->w->world->graph;
    const pgb_nodes needs[] = {pgb_graph_parents(g, node), pgb_graph_depends(g, node)};

    for (size_t k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < needs[k].n; i++) {
            if (pgb_bits_get(&t->failed, needs[k].at[i])) {
                return true;
            }
        }
    }
    return false;
}

/* Which of those that a node needs can't be applied. */
static const char *failed_need(const trip *t)
{
    const pgb_graph *g = t->w->world->graph;
    const pgb_nodes needs[] = {pgb_graph_parents(g, t->node), pgb_graph_depends(g, t->node)};

    for (size_t k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < needs[k].n; i++) {
            if (pgb_bits_get(&t->failed, needs[k].at[i])) {
                return t->w->world->nodes[needs[k].at[i]].id;
            }
        }
    }
    return "another";
}

static const char *commands(trip *t, const char *fmt, const char *rows)
{
    PGB_AUTO_BUF(b);

    if (rows != NULL) {
        pgb_buf_printf(&b, "pgbraid upgrade %s^\n%s", t->id, rows);
    }
    for (const char *p = fmt; *p != '\0'; p++) {
        if (*p == '@') {
            pgb_buf_puts(&b, t->id);
        } else {
            pgb_buf_putc(&b, *p);
        }
    }
    return b.failed ? NULL : pgb_arena_strdup(t->w->arena, pgb_buf_str(&b));
}

/* A verify block that is not fulfilled, as the runner says it. */
static bool is_verify(const pgb_error *failure)
{
    return strstr(failure->message, "verify block") != NULL;
}

/* The upgrade failed, and can't be had: what needs it is not tried. */
static pgb_status give_up(trip *t, const char *reproduce)
{
    const char *reason = said_failure(&t->failure, t->w->arena);
    pgb_status status = PGB_OK;

    pgb_bits_set(&t->failed, t->node);
    t->w->out->complete = false;
    if (reason == NULL || reproduce == NULL) {
        return pgb_error_nomem(t->w->err);
    }
    if (t->outcome == PGB_SITE_CANNOT) {
        status = add(t, upgrade_proof(t), PGB_PROOF_NOT_PROBED, reason, NULL);
    } else if (is_verify(&t->failure)) {
        status = add(t, holds, PGB_PROOF_FAILED, reason, reproduce);
    } else {
        status = add(t, upgrade_proof(t), PGB_PROOF_FAILED, reason, reproduce);
    }
    if (status == PGB_OK && pgb_bits_get(&t->w->chosen, t->node)) {
        status = add(t, restores, PGB_PROOF_NOT_PROBED, "its upgrade did not run", NULL);
    }
    if (status == PGB_OK && pgb_site_spoiled(t->site)) {
        status = begin_again(t);
        if (status == PGB_OK) {
            status = refill(t);
        }
    }
    return status;
}

/* "x\n(without rows it runs)" */
static pgb_status add_rows_failure(trip *t, const pgb_error *failure, const char *proof,
                                   const char *fmt, const char *rows)
{
    const char *said = said_failure(failure, t->w->arena), *reproduce = commands(t, fmt, rows);
    const char *reason =
        said != NULL ? pgb_arena_printf(t->w->arena,
                                        "%s\nit fails only where there are rows: on empty tables "
                                        "it runs",
                                        said)
                     : NULL;

    return reason == NULL || reproduce == NULL ? pgb_error_nomem(t->w->err)
                                               : add(t, proof, PGB_PROOF_FAILED, reason, reproduce);
}

/* The upgrade, with rows where there are such. *ret_done false: it was given up. */
static pgb_status upgrade(trip *t, bool *ret_done)
{
    const char *rows = NULL, *proof = upgrade_proof(t);
    pgb_error with_rows;
    pgb_status status = run(t, PGB_UPGRADE);

    *ret_done = false;
    if (status != PGB_OK) {
        return status;
    }
    if (t->outcome == PGB_SITE_DONE) {
        *ret_done = true;
        return PGB_OK;
    }
    if (t->outcome != PGB_SITE_FAILED || !t->has_rows) {
        return give_up(t, commands(t, "pgbraid upgrade @", NULL));
    }
    if (!pgb_site_spoiled(t->site)) {
        status =
            lost_rows_of(t->w->world->set, t->w->world->nodes[t->node].rev, &t->failure,
                         PGB_SECTION_UP, pgb_site_session(t->site), t->w->arena, &rows, t->w->err);
    }
    with_rows = t->failure;
    if (status == PGB_OK) {
        status = begin_again(t);
    }
    if (status == PGB_OK) {
        status = run(t, PGB_UPGRADE);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (t->outcome != PGB_SITE_DONE) {
        status = give_up(t, commands(t, "pgbraid upgrade @", NULL));
        return status == PGB_OK ? refill(t) : status;
    }
    *ret_done = true;
    return add_rows_failure(t, &with_rows, is_verify(&with_rows) ? holds : proof,
                            "pgbraid upgrade @", rows);
}

/* ---- the way back ---- */

static pgb_status compare(trip *t, const state *was, const state *is, const char *before,
                          const char *after, const char **ret_reason, const char **ret_notes)
{
    work *w = t->w;
    PGB_AUTO_ARENA(arena);
    pgb_differences all = {0};
    bool nomem = arena == NULL;
    const char *said, *roles;
    pgb_status status =
        nomem ? PGB_NOMEM : pgb_diff(was->catalog, is->catalog, NULL, arena, &all, w->err);

    *ret_reason = NULL;
    if (status != PGB_OK) {
        return nomem ? pgb_error_nomem(w->err) : status;
    }
    said = said_differences(&all, before, after, w->arena, ret_notes, &nomem);
    roles = said_roles(was->roles, is->roles, w->arena, &nomem);
    if (said != NULL && roles != NULL) {
        *ret_reason = pgb_arena_printf(w->arena, "%s\n%s", said, roles);
        nomem |= *ret_reason == NULL;
    } else {
        *ret_reason = said != NULL ? said : roles;
    }
    return nomem ? pgb_error_nomem(w->err) : PGB_OK;
}

/* No way back: said, and never passed. */
static pgb_status no_way_back(trip *t, bool *ret_none)
{
    const pgb_revision *rev = t->w->world->nodes[t->node].rev;
    const char *reason = "it has no downgrade";

    *ret_none = rev->down_kind != PGB_DOWN_SQL;
    if (!*ret_none) {
        return PGB_OK;
    }
    if (rev->down_kind == PGB_DOWN_IRREVERSIBLE) {
        reason = pgb_arena_printf(t->w->arena, "it is irreversible: %s",
                                  rev->irreversible_reason != NULL ? rev->irreversible_reason
                                                                   : "no reason is given");
    }
    t->began = pgb_clock_ms();
    return reason == NULL ? pgb_error_nomem(t->w->err)
                          : add(t, restores, PGB_PROOF_NOT_PROBED, reason, NULL);
}

/* The downgrade did not work out: the site is made again with this revision in it. */
static pgb_status after_bad_downgrade(trip *t, state *after)
{
    pgb_status status = begin_again(t);

    if (status == PGB_OK) {
        status = fill(t, NULL, after->catalog);
    }
    return status;
}

static pgb_status downgrade_failed(trip *t, state *after, bool *ret_gone)
{
    const char *rows = NULL, *reason;
    pgb_error with_rows = t->failure;
    bool had_rows = t->has_rows && t->outcome == PGB_SITE_FAILED;
    pgb_status status = PGB_OK;

    *ret_gone = false;
    if (had_rows && !pgb_site_spoiled(t->site)) {
        status = lost_rows_of(t->w->world->set, t->w->world->nodes[t->node].rev, &t->failure,
                              PGB_SECTION_DOWN, pgb_site_session(t->site), t->w->arena, &rows,
                              t->w->err);
    }
    if (status == PGB_OK && had_rows) {
        status = begin_again(t);
        if (status == PGB_OK) {
            status = run(t, PGB_DOWNGRADE);
        }
        if (status == PGB_OK && t->outcome == PGB_SITE_DONE) {
            *ret_gone = true;
            if (rows != NULL) {
                rows = pgb_arena_printf(t->w->arena, "pgbraid upgrade %s\n%s", t->id, rows);
            }
            return add_rows_failure(t, &with_rows, "its downgrade runs on tables with rows",
                                    "pgbraid downgrade @^", rows);
        }
    }
    if (status == PGB_OK && (had_rows || pgb_site_spoiled(t->site))) {
        status = after_bad_downgrade(t, after);
    }
    if (status != PGB_OK) {
        return status;
    }
    reason = said_failure(&with_rows, t->w->arena);
    return reason == NULL ? pgb_error_nomem(t->w->err)
           : t->outcome == PGB_SITE_CANNOT
               ? add(t, restores, PGB_PROOF_NOT_PROBED, reason, NULL)
               : add(t, restores, PGB_PROOF_FAILED, reason,
                     commands(t, "pgbraid upgrade @\npgbraid downgrade @^", NULL));
}

/* Down, compared with what was before; then up again, compared with what was after. */
static pgb_status back_and_forth(trip *t, state *after)
{
    const char *differs, *notes = NULL, *losses = NULL, *again = NULL, *ignored;
    lost_rows lost = {0};
    state now = {0};
    bool gone = true, spoiled = false;
    pgb_status status;

    if (t->has_rows) {
        status =
            lost_before(&lost, t->w->world->set, t->w->world->nodes[t->node].rev, t->before.catalog,
                        after->catalog, pgb_site_session(t->site), t->w->err);
        if (status != PGB_OK) {
            lost_done(&lost);
            return status;
        }
    }
    work_step(t->w, "down", t->node, t->nth, 0);
    status = run(t, PGB_DOWNGRADE);
    if (status == PGB_OK && t->outcome != PGB_SITE_DONE) {
        status = downgrade_failed(t, after, &gone);
    }
    if (status != PGB_OK || !gone) {
        lost_done(&lost);
        return status;
    }
    status = state_read(t, &now);
    if (status == PGB_OK && t->has_rows) {
        status = lost_after(&lost, now.catalog, pgb_site_session(t->site), t->w->arena, &losses,
                            t->w->err);
    }
    lost_done(&lost);
    if (status == PGB_OK) {
        status = compare(t, &t->before, &now, "before the upgrade", "after the downgrade", &differs,
                         &notes);
    }
    if (status == PGB_OK && differs != NULL) {
        spoiled = true;
        status = add(t, restores, PGB_PROOF_FAILED, differs,
                     commands(t, "pgbraid upgrade @\npgbraid downgrade @^", NULL));
    } else if (status == PGB_OK) {
        if (losses != NULL && notes != NULL) {
            losses = pgb_arena_printf(t->w->arena, "%s; %s", losses, notes);
        }
        status = add(t, restores, PGB_PROOF_PASSED, losses != NULL ? losses : notes, NULL);
    }
    if (status == PGB_OK) {
        status = fill(t, after->catalog, now.catalog);
    }
    if (status == PGB_OK) {
        work_step(t->w, "up again", t->node, t->nth, 0);
        status = run(t, PGB_UPGRADE);
    }
    if (status == PGB_OK && t->outcome != PGB_SITE_DONE) {
        again = said_failure(&t->failure, t->w->arena);
        status = again == NULL ? pgb_error_nomem(t->w->err) : PGB_OK;
    } else if (status == PGB_OK) {
        state second = {0};

        status = state_read(t, &second);
        if (status == PGB_OK) {
            status = compare(t, after, &second, "after the first upgrade", "after the second",
                             &again, &ignored);
        }
        if (status == PGB_OK && again == NULL) {
            status = fill(t, now.catalog, second.catalog);
        }
        if (status == PGB_OK) {
            state_done(after);
            *after = second;
        } else {
            state_done(&second);
        }
    }
    if (status == PGB_OK) {
        status = add(t, repeats, again != NULL ? PGB_PROOF_FAILED : PGB_PROOF_PASSED, again,
                     again != NULL ? commands(t,
                                              "pgbraid upgrade @\npgbraid downgrade @^\n"
                                              "pgbraid upgrade @",
                                              NULL)
                                   : NULL);
    }
    state_done(&now);
    if (status == PGB_OK && (spoiled || again != NULL)) {
        /* what comes next begins at what the upgrades alone make */
        status = begin_again(t);
        if (status == PGB_OK) {
            state_done(after);
            status = state_read(t, after);
        }
        if (status == PGB_OK) {
            status = fill(t, NULL, after->catalog);
        }
    }
    return status;
}

/* ---- one after the other ---- */

static pgb_status prove_one(trip *t, bool chosen)
{
    const char *proof = upgrade_proof(t);
    size_t failures = pgb_proofs_count(&t->w->out->proofs, PGB_PROOF_FAILED);
    const pgb_revision *rev = t->w->world->nodes[t->node].rev;
    bool done = false, none = false;
    state after = {0};
    pgb_status status = upgrade(t, &done);

    if (status != PGB_OK || !done) {
        return status;
    }
    if (!pgb_vec_push(&t->t->applied, t->node)) {
        return pgb_error_nomem(t->w->err);
    }
    if (!chosen) {
        return PGB_OK;
    }
    if (pgb_proofs_count(&t->w->out->proofs, PGB_PROOF_FAILED) == failures) {
        status = add(t, proof, PGB_PROOF_PASSED, NULL, NULL);
        if (status == PGB_OK && rev->n_verify > 0) {
            status = add(t, holds, PGB_PROOF_PASSED, NULL, NULL);
        }
    }
    if (status == PGB_OK) {
        status = state_read(t, &after);
    }
    if (status == PGB_OK) {
        status = fill(t, t->before.catalog, after.catalog);
    }
    if (status == PGB_OK) {
        status = no_way_back(t, &none);
    }
    if (status == PGB_OK && !none) {
        status = back_and_forth(t, &after);
    }
    state_done(&t->before);
    t->before = after;
    return status;
}

static pgb_status pass_over(trip *t, bool chosen)
{
    const char *reason = pgb_arena_printf(
        t->w->arena, "revision %s, which it needs, was not applied", failed_need(t));

    pgb_bits_set(&t->failed, t->node);
    if (reason == NULL) {
        return pgb_error_nomem(t->w->err);
    }
    if (!chosen) {
        return PGB_OK;
    }
    t->began = pgb_clock_ms();
    return add(t, upgrade_proof(t), PGB_PROOF_NOT_PROBED, reason, NULL);
}

static pgb_status prove_all(trip *t)
{
    work *w = t->w;
    uint32_t of = pgb_bits_count(&w->chosen);
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < w->n_order && status == PGB_OK; i++) {
        bool chosen = pgb_bits_get(&w->chosen, w->order[i]);

        t->node = w->order[i];
        t->id = w->world->nodes[t->node].id;
        t->subject = pgb_arena_printf(w->arena, "revision %s", t->id);
        if (t->subject == NULL) {
            return pgb_error_nomem(w->err);
        }
        t->nth += chosen;
        work_step(w, chosen ? "up" : "making ready", t->node, t->nth, of);
        if (needs_failed(t, t->node)) {
            status = pass_over(t, chosen);
            continue;
        }
        if (chosen && t->before.catalog == NULL) {
            status = state_read(t, &t->before);
            if (status == PGB_OK) {
                status = fill(t, NULL, t->before.catalog);
            }
        } else if (!chosen) {
            state_done(&t->before);
        }
        if (status == PGB_OK) {
            status = prove_one(t, chosen);
        }
    }
    return status;
}

pgb_status work_trips(work *w, trips *ret_trips)
{
    trip t = {.w = w, .t = ret_trips};
    pgb_status status;

    if (!pgb_bits_init(&t.failed, w->arena, w->world->n)) {
        return pgb_error_nomem(w->err);
    }
    status = work_site(w, "proving", NULL, &ret_trips->site);
    t.site = ret_trips->site;
    if (status == PGB_OK) {
        status = prove_all(&t);
    }
    state_done(&t.before);
    pgb_map_done(&t.told);
    if (status == PGB_OK && t.has_rows && w->o->probes) {
        status = begin_again(&t);
    }
    return status;
}
