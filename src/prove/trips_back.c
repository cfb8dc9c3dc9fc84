/* The way back, and up again. */
#include <string.h>

#include "base/clock.h"
#include "pg/pg.h"
#include "prove/lost.h"
#include "prove/trips_internal.h"

pgb_status trips_compare(trip *t, const state *was, const state *is, const char *before,
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
pgb_status trips_no_way_back(trip *t, bool *ret_none)
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
                          : trips_add(t, trips_restores, PGB_PROOF_NOT_PROBED, reason, NULL);
}

/* The downgrade did not work out: the site is made again with this revision in it. */
static pgb_status after_bad_downgrade(trip *t, state *after)
{
    pgb_status status = trips_begin_again(t);

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
        status = trips_begin_again(t);
        if (status == PGB_OK) {
            status = trips_run(t, PGB_DOWNGRADE);
        }
        if (status == PGB_OK && t->outcome == PGB_SITE_DONE) {
            *ret_gone = true;
            if (rows != NULL) {
                rows = pgb_arena_printf(t->w->arena, "pgbraid upgrade %s\n%s", t->id, rows);
            }
            return trips_add_rows_failure(t, &with_rows, "its downgrade runs on tables with rows",
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
               ? trips_add(t, trips_restores, PGB_PROOF_NOT_PROBED, reason, NULL)
               : trips_add(t, trips_restores, PGB_PROOF_FAILED, reason,
                           trips_commands(t, "pgbraid upgrade @\npgbraid downgrade @^", NULL));
}

/* After the downgrade. `same`: nothing of the catalogs differs from before, for certain; else
 * `now` was read. */
static pgb_status say_restored(trip *t, const state *now, bool same, const char *losses,
                               bool *ret_differs)
{
    const char *differs = NULL, *notes = NULL;
    pgb_status status = PGB_OK;

    if (!same) {
        status = trips_compare(t, &t->before, now, "before the upgrade", "after the downgrade",
                               &differs, &notes);
    }
    *ret_differs = differs != NULL;
    if (status != PGB_OK) {
        return status;
    }
    if (differs != NULL) {
        return trips_add(t, trips_restores, PGB_PROOF_FAILED, differs,
                         trips_commands(t, "pgbraid upgrade @\npgbraid downgrade @^", NULL));
    }
    if (losses != NULL && notes != NULL) {
        losses = pgb_arena_printf(t->w->arena, "%s; %s", losses, notes);
    }
    return trips_add(t, trips_restores, PGB_PROOF_PASSED, losses != NULL ? losses : notes, NULL);
}

/* Down. *ret_gone: it is down; *ret_same: as before, for certain; else *ret_now was read. */
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
        status = trips_run(t, PGB_DOWNGRADE);
    }
    if (status == PGB_OK && t->outcome != PGB_SITE_DONE) {
        status = downgrade_failed(t, after, ret_gone);
    }
    if (status == PGB_OK && *ret_gone) {
        status = trips_look(t, &back);
    }
    *ret_same = back != NULL && pgb_delta_same(back);
    pgb_delta_free(back);
    if (status == PGB_OK && *ret_gone && !*ret_same) {
        status = trips_state_read(t, ret_now);
    }
    if (status == PGB_OK && *ret_gone && t->has_rows) {
        status = lost_after(&lost, *ret_same ? t->before.catalog : ret_now->catalog,
                            pgb_site_session(t->site), t->w->arena, ret_losses, t->w->err);
    }
    lost_done(&lost);
    return status;
}

/* Up again, from `now`. *ret_again: how it differs from the first time, or NULL. */
static pgb_status up_again(trip *t, state *after, const pgb_catalog *now, const pgb_delta *first,
                           const char **ret_again)
{
    pgb_delta *delta = NULL;
    bool alike = false;
    const char *ignored;
    pgb_status status;

    work_step(t->w, "up again", t->node, t->nth, 0);
    status = trips_run(t, PGB_UPGRADE);
    if (status == PGB_OK && t->outcome != PGB_SITE_DONE) {
        *ret_again = said_failure(&t->failure, t->w->arena);
        return *ret_again == NULL ? pgb_error_nomem(t->w->err) : PGB_OK;
    }
    if (status == PGB_OK) {
        status = trips_look(t, &delta);
    }
    if (status == PGB_OK && first != NULL && delta != NULL) {
        status = pgb_delta_alike(first, delta, &alike, t->w->err);
    }
    if (status == PGB_OK && alike) {
        status = trips_fill(t, now, after->catalog);
    } else if (status == PGB_OK) {
        state second = {0};

        status = trips_state_read(t, &second);
        if (status == PGB_OK) {
            status = trips_compare(t, after, &second, "after the first upgrade", "after the second",
                                   ret_again, &ignored);
        }
        if (status == PGB_OK && *ret_again == NULL) {
            status = trips_fill(t, now, second.catalog);
        }
        if (status == PGB_OK) {
            trips_state_done(after);
            *after = second;
        } else {
            trips_state_done(&second);
        }
    }
    if (status == PGB_OK && delta != NULL) {
        status = trips_move(t, delta);
    }
    pgb_delta_free(delta);
    return status;
}

pgb_status trips_back(trip *t, state *after, const pgb_delta *first)
{
    const char *losses = NULL, *again = NULL;
    state now = {0};
    bool gone = true, same = false, differs = false;
    pgb_status status = down(t, after, &gone, &same, &now, &losses);

    if (status != PGB_OK || !gone) {
        trips_state_done(&now);
        return status;
    }
    status = say_restored(t, &now, same, losses, &differs);
    if (status == PGB_OK) {
        status = trips_fill(t, after->catalog, same ? t->before.catalog : now.catalog);
    }
    if (status == PGB_OK) {
        status =
            up_again(t, after, same ? t->before.catalog : now.catalog, same ? first : NULL, &again);
    }
    trips_state_done(&now);
    if (status == PGB_OK) {
        status =
            trips_add(t, trips_repeats, again != NULL ? PGB_PROOF_FAILED : PGB_PROOF_PASSED, again,
                      again != NULL ? trips_commands(t,
                                                     "pgbraid upgrade @\npgbraid downgrade "
                                                     "@^\npgbraid upgrade @",
                                                     NULL)
                                    : NULL);
    }
    if (status == PGB_OK && (differs || again != NULL)) {
        /* what comes next begins at what the upgrades alone make */
        status = trips_begin_again(t);
        if (status == PGB_OK) {
            trips_state_done(after);
            status = trips_state_read(t, after);
        }
        if (status == PGB_OK) {
            status = trips_fill(t, NULL, after->catalog);
        }
    }
    return status;
}
