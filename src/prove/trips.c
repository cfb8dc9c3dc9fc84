/* Up, down, up of each revision, the state compared each time. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pg/pg.h"
#include "prove/lost.h"
#include "prove/outside.h"
#include "prove/trips_internal.h"

enum { ALARMS_MAX = 3 }; /* after these the catalogs are read for all that follow */

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
    t->w->out->n_reads++;
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
    t->at_base = false;
    return pgb_site_run(t->site, action, t->node, &t->outcome, &t->failure, t->w->err);
}

/* The site as the revisions make it, without rows. */
static pgb_status begin_again(trip *t)
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

static pgb_status base(trip *t)
{
    pgb_error own = PGB_ERROR_INIT;
    pgb_status status = PGB_OK;

    if (!t->at_base) {
        status = pgb_trace_base(t->trace, pgb_site_session(t->site), &own);
        t->at_base = status == PGB_OK;
    }
    return untold(t, status, &own);
}

static pgb_status look(trip *t, pgb_delta **ret_delta)
{
    pgb_error own = PGB_ERROR_INIT;
    pgb_status status = PGB_OK;

    *ret_delta = NULL;
    if (pgb_trace_known(t->trace)) {
        status = pgb_trace_look(t->trace, pgb_site_session(t->site), ret_delta, &own);
    }
    return untold(t, status, &own);
}

static pgb_status move(trip *t, const pgb_delta *delta)
{
    pgb_error own = PGB_ERROR_INIT;
    pgb_status status = pgb_trace_move(t->trace, pgb_site_session(t->site), delta, &own);

    t->at_base = status == PGB_OK;
    return untold(t, status, &own);
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
            status = trips_refill(t);
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
        return status == PGB_OK ? trips_refill(t) : status;
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
        status = trips_fill(t, NULL, after->catalog);
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

static pgb_status back_and_forth(trip *t, state *after, const pgb_delta *first, bool restored);

/* The short way was not certain, or is not the same: the revision is tried again from the state
 * before, with all of the catalogs read. restored: of its downgrade it was said. */
static pgb_status whole(trip *t, state *after, bool restored)
{
    size_t failures = pgb_proofs_count(&t->w->out->proofs, PGB_PROOF_FAILED);
    pgb_status status;

    t->lean = false;
    t->t->applied.n--;
    status = begin_again(t);
    t->t->applied.n++;
    if (status == PGB_OK) {
        state_done(&t->before);
        status = state_read(t, &t->before);
    }
    if (status == PGB_OK) {
        status = run(t, PGB_UPGRADE);
    }
    if (status == PGB_OK && t->outcome != PGB_SITE_DONE) {
        status = pgb_error_set(t->w->err, PGB_FAILED,
                               "revision %s ran before, and fails when it is run again: %s", t->id,
                               t->failure.message);
    }
    if (status == PGB_OK) {
        status = state_read(t, after);
    }
    if (status == PGB_OK) {
        status = back_and_forth(t, after, NULL, restored);
    }
    if (pgb_proofs_count(&t->w->out->proofs, PGB_PROOF_FAILED) == failures) {
        t->alarms++;
    }
    return status;
}

/* After the downgrade. `same`: nothing of the catalogs differs from before, for certain; else
 * `now` was read. */
static pgb_status say_restored(trip *t, const state *now, bool same, const char *losses,
                               bool restored, bool *ret_differs)
{
    const char *differs = NULL, *notes = NULL;
    pgb_status status = PGB_OK;

    if (!same) {
        status = compare(t, &t->before, now, "before the upgrade", "after the downgrade", &differs,
                         &notes);
    }
    *ret_differs = differs != NULL;
    if (status != PGB_OK || (restored && differs == NULL)) {
        return status;
    }
    if (differs != NULL) {
        return add(t, restores, PGB_PROOF_FAILED, differs,
                   commands(t, "pgbraid upgrade @\npgbraid downgrade @^", NULL));
    }
    if (losses != NULL && notes != NULL) {
        losses = pgb_arena_printf(t->w->arena, "%s; %s", losses, notes);
    }
    return add(t, restores, PGB_PROOF_PASSED, losses != NULL ? losses : notes, NULL);
}

/* Down. *ret_gone: it is down; *ret_same: as before, for certain; else *ret_now was read, unless
 * the way is a lean one. */
static pgb_status down(trip *t, state *after, bool *ret_gone, bool *ret_same, state *ret_now,
                       const char **ret_losses)
{
    lost_rows lost = {0};
    pgb_delta *back = NULL;
    pgb_status status = PGB_OK;

    *ret_gone = true;
    *ret_same = false;
    if (t->has_rows) {
        status =
            lost_before(&lost, t->w->world->set, t->w->world->nodes[t->node].rev, t->before.catalog,
                        after->catalog, pgb_site_session(t->site), t->w->err);
    }
    if (status == PGB_OK) {
        work_step(t->w, "down", t->node, t->nth, 0);
        status = run(t, PGB_DOWNGRADE);
    }
    if (status == PGB_OK && t->outcome != PGB_SITE_DONE) {
        status = downgrade_failed(t, after, ret_gone);
    }
    if (status == PGB_OK && *ret_gone) {
        status = look(t, &back);
    }
    *ret_same = back != NULL && pgb_delta_same(back);
    pgb_delta_free(back);
    if (status == PGB_OK && *ret_gone && !*ret_same && !t->lean) {
        status = state_read(t, ret_now);
    }
    if (status == PGB_OK && *ret_gone && t->has_rows) {
        status = lost_after(&lost, *ret_same ? t->before.catalog : ret_now->catalog,
                            pgb_site_session(t->site), t->w->arena, ret_losses, t->w->err);
    }
    lost_done(&lost);
    return status;
}

/* Up again, from `now`. *ret_again: how it differs from the first time, or NULL. *ret_sure: that
 * was seen; else the whole way has to be gone. */
static pgb_status up_again(trip *t, state *after, const pgb_catalog *now, const pgb_delta *first,
                           const char **ret_again, bool *ret_sure)
{
    pgb_delta *delta = NULL;
    bool alike = false;
    const char *ignored;
    pgb_status status;

    *ret_sure = true;
    work_step(t->w, "up again", t->node, t->nth, 0);
    status = run(t, PGB_UPGRADE);
    if (status == PGB_OK && t->outcome != PGB_SITE_DONE) {
        *ret_again = said_failure(&t->failure, t->w->arena);
        return *ret_again == NULL ? pgb_error_nomem(t->w->err) : PGB_OK;
    }
    if (status == PGB_OK) {
        status = look(t, &delta);
    }
    if (status == PGB_OK && first != NULL && delta != NULL) {
        status = pgb_delta_alike(first, delta, &alike, t->w->err);
    }
    if (status == PGB_OK && !alike && t->lean) {
        *ret_sure = false;
    } else if (status == PGB_OK && alike) {
        status = trips_fill(t, now, after->catalog);
    } else if (status == PGB_OK) {
        state second = {0};

        status = state_read(t, &second);
        if (status == PGB_OK) {
            status = compare(t, after, &second, "after the first upgrade", "after the second",
                             ret_again, &ignored);
        }
        if (status == PGB_OK && *ret_again == NULL) {
            status = trips_fill(t, now, second.catalog);
        }
        if (status == PGB_OK) {
            state_done(after);
            *after = second;
        } else {
            state_done(&second);
        }
    }
    if (status == PGB_OK && delta != NULL && *ret_sure) {
        status = move(t, delta);
    }
    pgb_delta_free(delta);
    return status;
}

/* Down, compared with what was before; then up again, compared with what was after: `first` (from
 * the trace's base; NULL: not known) or, in full, `after`. */
static pgb_status back_and_forth(trip *t, state *after, const pgb_delta *first, bool restored)
{
    const char *losses = NULL, *again = NULL;
    state now = {0};
    bool gone = true, same = false, differs = false, sure = true;
    pgb_status status = down(t, after, &gone, &same, &now, &losses);

    if (status != PGB_OK || !gone) {
        state_done(&now);
        return status;
    }
    if (t->lean && !same) {
        return whole(t, after, restored);
    }
    status = say_restored(t, &now, same, losses, restored, &differs);
    if (status == PGB_OK) {
        status = trips_fill(t, after->catalog, same ? t->before.catalog : now.catalog);
    }
    if (status == PGB_OK) {
        status = up_again(t, after, same ? t->before.catalog : now.catalog, same ? first : NULL,
                          &again, &sure);
    }
    state_done(&now);
    if (status == PGB_OK && !sure) {
        return whole(t, after, true);
    }
    if (status == PGB_OK) {
        status = add(t, repeats, again != NULL ? PGB_PROOF_FAILED : PGB_PROOF_PASSED, again,
                     again != NULL ? commands(t,
                                              "pgbraid upgrade @\npgbraid downgrade @^\n"
                                              "pgbraid upgrade @",
                                              NULL)
                                   : NULL);
    }
    if (status == PGB_OK && (differs || again != NULL)) {
        /* what comes next begins at what the upgrades alone make */
        status = begin_again(t);
        if (status == PGB_OK && !t->lean) {
            state_done(after);
            status = state_read(t, after);
        }
        if (status == PGB_OK) {
            status = trips_fill(t, NULL, after->catalog);
        }
    }
    return status;
}

/* ---- one after the other ---- */

/* It makes things, and its downgrade drops them: so reading the catalogs can most likely be spared.
 * If not, nothing is lost but time. */
static bool is_simple(const trip *t)
{
    static const char *const makes[] = {"comment", "create", "grant", "insert", NULL};
    static const char *const drops[] = {"comment", "delete", "drop", "revoke", NULL};
    const pgb_revset *set = t->w->world->set;
    const pgb_revision *rev = t->w->world->nodes[t->node].rev;

    return lost_begin_with(set, rev, PGB_SECTION_UP, makes) &&
           (rev->down_kind != PGB_DOWN_SQL || lost_begin_with(set, rev, PGB_SECTION_DOWN, drops));
}

/* What is there now is what the revision is compared with. */
static pgb_status begin_one(trip *t)
{
    pgb_status status = PGB_OK;

    /* the first revision leaves the history's schema; rows are made from the whole catalogs */
    t->lean = !t->w->o->rows && t->t->applied.n > 0 && t->alarms < ALARMS_MAX && is_simple(t);
    if (!t->lean && t->before.catalog == NULL) {
        status = state_read(t, &t->before);
        if (status == PGB_OK) {
            status = trips_fill(t, NULL, t->before.catalog);
        }
    }
    return status == PGB_OK ? base(t) : status;
}

static pgb_status prove_one(trip *t, bool chosen)
{
    const char *proof = upgrade_proof(t);
    size_t failures = pgb_proofs_count(&t->w->out->proofs, PGB_PROOF_FAILED);
    const pgb_revision *rev = t->w->world->nodes[t->node].rev;
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
        status = add(t, proof, PGB_PROOF_PASSED, NULL, NULL);
        if (status == PGB_OK && rev->n_verify > 0) {
            status = add(t, holds, PGB_PROOF_PASSED, NULL, NULL);
        }
    }
    if (status == PGB_OK) {
        status = look(t, &first);
    }
    if (status == PGB_OK && !t->lean) {
        status = state_read(t, &after);
    }
    if (status == PGB_OK) {
        status = trips_fill(t, t->before.catalog, after.catalog);
    }
    if (status == PGB_OK) {
        status = no_way_back(t, &none);
    }
    if (status == PGB_OK && !none) {
        status = back_and_forth(t, &after, first, false);
    } else if (status == PGB_OK && first != NULL) {
        status = move(t, first);
    }
    pgb_delta_free(first);
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
        if (chosen) {
            status = begin_one(t);
        } else {
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
        status = pgb_trace_new(&t.trace, w->err);
    }
    if (status == PGB_OK) {
        status = prove_all(&t);
    }
    state_done(&t.before);
    pgb_map_done(&t.told);
    if (status == PGB_OK && t.has_rows && w->o->probes) {
        status = begin_again(&t);
    }
    pgb_trace_free(t.trace);
    return status;
}
