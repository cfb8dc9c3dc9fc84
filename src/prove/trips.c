/* Up, down, up of each revision, the state compared each time. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pg/pg.h"
#include "prove/lost.h"
#include "prove/outside.h"
#include "prove/trips_internal.h"

enum { ALARMS_MAX = 5 }; /* after these the catalogs are read for all that follow */

void trips_state_done(state *s)
{
    pgb_catalog_free(s->catalog);
    pgb_arena_free(s->arena);
    *s = (state){0};
}

pgb_status trips_state_read(trip *t, state *ret_state)
{
    state s = {.arena = pgb_arena_new()};
    pgb_status status = s.arena == NULL ? pgb_error_nomem(t->w->err)
                                        : pgb_site_read(t->site, &s.catalog, t->w->err);

    if (status == PGB_OK) {
        status = pgb_site_roles(t->site, s.arena, &s.roles, t->w->err);
    }
    t->w->out->n_reads++;
    if (status != PGB_OK) {
        trips_state_done(&s);
        return status;
    }
    *ret_state = s;
    return PGB_OK;
}

pgb_status trips_add(trip *t, const char *proof, pgb_proof_result result, const char *reason,
                     const char *reproduce)
{
    pgb_status status =
        pgb_proofs_add(&t->w->out->proofs, t->subject, proof, result, reason, reproduce, t->w->err);

    if (status == PGB_OK) {
        pgb_proofs_took(&t->w->out->proofs, pgb_clock_ms() - t->began);
    }
    return status;
}

const char *trips_upgrade_proof(const trip *t)
{
    return t->has_rows ? "its upgrade runs on tables with rows" : "its upgrade runs";
}

const char trips_restores[] = "its downgrade restores exactly what was before";
const char trips_repeats[] = "its upgrade after the downgrade makes the same again";
const char trips_holds[] = "its verify blocks hold";

pgb_status trips_run(trip *t, pgb_action action)
{
    t->began = pgb_clock_ms();
    t->at_base = false;
    return pgb_site_run(t->site, action, t->node, &t->outcome, &t->failure, t->w->err);
}

/* The site as the revisions make it, without rows. */
pgb_status trips_begin_again(trip *t)
{
    t->has_rows = false;
    t->at_base = false;
    pgb_trace_forget(t->trace);
    return pgb_site_again(t->site, t->t->applied.at, t->t->applied.n, t->w->err);
}

/* ---- the trace ---- */

/* What the server refuses to tell is not known, and then the catalogs are read. */
static pgb_status untold(trip *t, pgb_status status, const pgb_error *own)
{
    if (status == PGB_SQL) {
        pgb_trace_forget(t->trace);
        return PGB_OK;
    }
    if (status != PGB_OK && t->w->err != NULL) {
        *t->w->err = *own;
    }
    return status;
}

pgb_status trips_base(trip *t)
{
    pgb_error own = PGB_ERROR_INIT;
    pgb_status status = PGB_OK;

    if (!t->at_base) {
        status = pgb_trace_base(t->trace, pgb_site_session(t->site), &own);
        t->at_base = status == PGB_OK;
    }
    return untold(t, status, &own);
}

pgb_status trips_look(trip *t, pgb_delta **ret_delta)
{
    pgb_error own = PGB_ERROR_INIT;
    pgb_status status = PGB_OK;

    *ret_delta = NULL;
    if (pgb_trace_known(t->trace)) {
        status = pgb_trace_look(t->trace, pgb_site_session(t->site), ret_delta, &own);
    }
    return untold(t, status, &own);
}

pgb_status trips_move(trip *t, const pgb_delta *delta)
{
    pgb_error own = PGB_ERROR_INIT;
    pgb_status status = pgb_trace_move(t->trace, pgb_site_session(t->site), delta, &own);

    t->at_base = status == PGB_OK;
    return untold(t, status, &own);
}

/* ---- what a failure means ---- */

/* Which of those that the revision needs can't be applied; NULL: none. */
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
    return NULL;
}

const char *trips_commands(trip *t, const char *fmt, const char *rows)
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
        status = trips_add(t, trips_upgrade_proof(t), PGB_PROOF_NOT_PROBED, reason, NULL);
    } else if (is_verify(&t->failure)) {
        status = trips_add(t, trips_holds, PGB_PROOF_FAILED, reason, reproduce);
    } else {
        status = trips_add(t, trips_upgrade_proof(t), PGB_PROOF_FAILED, reason, reproduce);
    }
    if (status == PGB_OK && pgb_bits_get(&t->w->chosen, t->node)) {
        status =
            trips_add(t, trips_restores, PGB_PROOF_NOT_PROBED, "its upgrade did not run", NULL);
    }
    if (status == PGB_OK && pgb_site_spoiled(t->site)) {
        status = trips_begin_again(t);
        if (status == PGB_OK) {
            status = trips_refill(t);
        }
    }
    return status;
}

/* "x\n(without rows it runs)" */
pgb_status trips_add_rows_failure(trip *t, const pgb_error *failure, const char *proof,
                                  const char *fmt, const char *rows)
{
    const char *said = said_failure(failure, t->w->arena),
               *reproduce = trips_commands(t, fmt, rows);
    const char *reason =
        said != NULL ? pgb_arena_printf(t->w->arena,
                                        "%s\nit fails only where there are rows: on empty tables "
                                        "it runs",
                                        said)
                     : NULL;

    return reason == NULL || reproduce == NULL
               ? pgb_error_nomem(t->w->err)
               : trips_add(t, proof, PGB_PROOF_FAILED, reason, reproduce);
}

/* The upgrade, with rows where there are such. *ret_done false: it was given up. */
static pgb_status upgrade(trip *t, bool *ret_done)
{
    const char *rows = NULL, *proof = trips_upgrade_proof(t);
    pgb_error with_rows;
    pgb_status status = trips_run(t, PGB_UPGRADE);

    *ret_done = false;
    if (status != PGB_OK) {
        return status;
    }
    if (t->outcome == PGB_SITE_DONE) {
        *ret_done = true;
        return PGB_OK;
    }
    if (t->outcome != PGB_SITE_FAILED || !t->has_rows) {
        return give_up(t, trips_commands(t, "pgbraid upgrade @", NULL));
    }
    if (!pgb_site_spoiled(t->site)) {
        status =
            lost_rows_of(t->w->world->set, t->w->world->nodes[t->node].rev, &t->failure,
                         PGB_SECTION_UP, pgb_site_session(t->site), t->w->arena, &rows, t->w->err);
    }
    with_rows = t->failure;
    if (status == PGB_OK) {
        status = trips_begin_again(t);
    }
    if (status == PGB_OK) {
        status = trips_run(t, PGB_UPGRADE);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (t->outcome != PGB_SITE_DONE) {
        status = give_up(t, trips_commands(t, "pgbraid upgrade @", NULL));
        return status == PGB_OK ? trips_refill(t) : status;
    }
    *ret_done = true;
    return trips_add_rows_failure(t, &with_rows, is_verify(&with_rows) ? trips_holds : proof,
                                  "pgbraid upgrade @", rows);
}

/* ---- one after the other ---- */

/* What is there now is what the revision is compared with. */
static pgb_status begin_one(trip *t)
{
    pgb_status status = PGB_OK;

    if (t->before.catalog == NULL) {
        status = trips_state_read(t, &t->before);
    }
    if (status == PGB_OK && (t->unfilled || !t->has_rows)) {
        status = trips_fill(t, NULL, t->before.catalog);
        t->unfilled = false;
    }
    return status == PGB_OK ? trips_base(t) : status;
}

pgb_status trips_upgraded(trip *t, const char *proof)
{
    pgb_status status = trips_add(t, proof, PGB_PROOF_PASSED, NULL, NULL);

    if (status == PGB_OK && t->w->world->nodes[t->node].rev->n_verify > 0) {
        status = trips_add(t, trips_holds, PGB_PROOF_PASSED, NULL, NULL);
    }
    return status;
}

/* With the catalogs read where the trace is not certain. */
static pgb_status prove_one(trip *t, bool chosen)
{
    const char *proof = trips_upgrade_proof(t);
    size_t failures = pgb_proofs_count(&t->w->out->proofs, PGB_PROOF_FAILED);
    bool done = false, none = false;
    pgb_delta *first = NULL;
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
        status = trips_upgraded(t, proof);
    }
    if (status == PGB_OK) {
        status = trips_look(t, &first);
    }
    if (status == PGB_OK) {
        status = trips_state_read(t, &after);
    }
    if (status == PGB_OK) {
        status = trips_fill(t, t->before.catalog, after.catalog);
    }
    if (status == PGB_OK) {
        status = trips_no_way_back(t, &none);
    }
    if (status == PGB_OK && !none) {
        status = trips_back(t, &after, first);
    } else if (status == PGB_OK && first != NULL) {
        status = trips_move(t, first);
    }
    pgb_delta_free(first);
    trips_state_done(&t->before);
    t->before = after;
    return status;
}

/* Without reading the catalogs; or, when that does not say for certain that nothing is amiss, from
 * the beginning, with. */
static pgb_status prove_chosen(trip *t)
{
    size_t proofs = t->w->out->proofs.n, applied = t->t->applied.n;
    size_t failures = pgb_proofs_count(&t->w->out->proofs, PGB_PROOF_FAILED);
    bool lean = t->alarms < ALARMS_MAX && trips_lean_may(t), sure = false, touched = false;
    pgb_status status = PGB_OK;

    if (lean) {
        status = trips_lean(t, &sure, &touched);
        t->w->out->n_lean += sure;
        t->w->out->n_void += !sure;
    }
    if (lean && status == PGB_OK && !sure) {
        pgb_proofs_drop(&t->w->out->proofs, proofs, t->subject);
        t->t->applied.n = applied;
        if (touched) {
            status = trips_begin_again(t);
        }
    }
    if (status != PGB_OK || sure) {
        return status;
    }
    status = begin_one(t);
    if (status == PGB_OK) {
        status = prove_one(t, true);
    }
    if (touched && pgb_proofs_count(&t->w->out->proofs, PGB_PROOF_FAILED) == failures) {
        t->alarms++;
    }
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
    return trips_add(t, trips_upgrade_proof(t), PGB_PROOF_NOT_PROBED, reason, NULL);
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
        if (failed_need(t) != NULL) {
            status = pass_over(t, chosen);
            continue;
        }
        if (chosen) {
            status = prove_chosen(t);
        } else {
            trips_state_done(&t->before);
            t->unfilled = true;
            status = prove_one(t, false);
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
        status = pgb_trace_new(&t.trace, w->err);
    }
    if (status == PGB_OK) {
        status = prove_all(&t);
    }
    trips_state_done(&t.before);
    pgb_map_done(&t.told);
    if (status == PGB_OK && t.has_rows && w->o->probes) {
        status = trips_begin_again(&t);
    }
    pgb_trace_free(t.trace);
    return status;
}
