#include "run/trip.h"

#include <string.h>

#ifdef PGB_TEST_SPLIT_HISTORY
/* A build for tests only (-Dsplit_history=true): the row is written in a transaction of its own,
 * after the work's. A harness that cuts connections must catch this one. */
enum { SPLIT_HISTORY = 1 };
#else
enum { SPLIT_HISTORY = 0 };
#endif

/* The COMMIT of the revision before, in a group of its own: what stands behind it runs in another
 * transaction, which is never committed by this flight. */
static pgb_status send_commit(cargo *c, task *before, pgb_error *err)
{
    pgb_status status = cargo_send(c, ROLE_COMMIT, before, 0, "COMMIT", err);

    if (status == PGB_OK) {
        status = cargo_sync(c, err);
    }
    if (status == PGB_OK && SPLIT_HISTORY) {
        status = cargo_record(c, before, err);
        if (status == PGB_OK) {
            status = cargo_sync(c, err);
        }
    }
    if (status == PGB_OK && !c->r->pooled && !before->light) {
        status = cargo_cleanup(c, before, err);
        if (status == PGB_OK) {
            status = cargo_sync(c, err);
        }
    }
    return status;
}

static pgb_status send_work(cargo *c, task *t, pgb_error *err)
{
    pgb_status status;

    t->light = t->inert && !c->r->watched && !SPLIT_HISTORY;
    status = cargo_begin(c, t, err);
    if (status == PGB_OK) {
        status = cargo_work(c, t, err);
    }
    if (status == PGB_OK && !SPLIT_HISTORY) {
        status = cargo_record(c, t, err);
    }
    return status == PGB_OK && !t->light ? cargo_guard(c, t, err) : status;
}

/* What the server said to COMMIT is an answer only if it is its own word. */
static bool is_servers_no(const cargo *c, const pgb_error *err)
{
    return c->failure.role == ROLE_COMMIT &&
           (err->status == PGB_SQL || err->status == PGB_FAILED || err->status == PGB_INTERRUPTED);
}

void trip_run(pgb_runner *r, task_list *tasks, task *before, task *t, trip_result *ret)
{
    cargo c = {.r = r, .tasks = tasks, .arena = pgb_arena_new()};
    pgb_error error = PGB_ERROR_INIT;
    pgb_status status, landed;

    memset(ret, 0, sizeof *ret);
    if (c.arena == NULL) {
        status = pgb_error_nomem(&error);
    } else {
        status = cargo_open(&c, &error);
    }
    if (status == PGB_OK && before != NULL) {
        status = send_commit(&c, before, &error);
    }
    if (status == PGB_OK && t != NULL) {
        t->began = pgb_clock_us();
        status = send_work(&c, t, &error);
    }
    if (c.in_flight) {
        pgb_error late = PGB_ERROR_INIT;

        landed = PGB_OK;
        if (!pgb_session_lost(r->session)) {
            landed = cargo_sync(&c, &late);
        }
        landed = cargo_land(&c, &late) != PGB_OK ? late.status : landed;
        /* The flight's own first failure comes before what sending met after it. */
        if (landed != PGB_OK &&
            (status == PGB_OK || error.status == PGB_OK || c.failure.role != 0)) {
            status = landed;
            if (late.status != PGB_OK) {
                error = late;
            }
        }
    }
    if (status != PGB_OK && error.status == PGB_OK) {
        pgb_error_set(&error, status, "%s could not be run", t != NULL ? t->node->id : "COMMIT");
    }
    if (before != NULL) {
        ret->commit = c.committed                 ? OUTCOME_DONE
                      : is_servers_no(&c, &error) ? OUTCOME_FAILED
                                                  : OUTCOME_LOST;
        ret->commit_error = error;
    }
    if (t != NULL) {
        bool lost = pgb_session_lost(r->session);

        ret->work = status == PGB_OK && c.guarded && !lost ? OUTCOME_DONE
                    : lost                                 ? OUTCOME_LOST
                                                           : OUTCOME_FAILED;
        if (ret->work == OUTCOME_FAILED && (before == NULL || c.committed)) {
            cargo_locate(&c, t, &error);
        }
        if (ret->work != OUTCOME_DONE && error.status == PGB_OK) {
            pgb_error_set(&error, PGB_FAILED, "%s was not confirmed by the server", t->node->id);
        }
        ret->work_error = error;
        t->foreign = c.foreign;
        if (ret->work == OUTCOME_FAILED && strcmp(error.sqlstate, "26000") == 0 &&
            c.failure.role != ROLE_STATEMENT && c.failure.role != ROLE_VERIFY && !r->no_prepare) {
            r->no_prepare = true;
            ret->stale = true;
        }
        t->took = pgb_clock_us() - t->began;
    }
    pgb_arena_free(c.arena);
}
