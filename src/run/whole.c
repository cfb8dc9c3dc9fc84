/* --one-transaction: the whole plan streams into one transaction without waiting per revision; all
 * of it is there in the end, or nothing. */
#include <string.h>

#include "run/execute.h"
#include "run/trip.h"

/* A revision inside; what is deferred was made immediate behind it, and is deferred for the next as
 * its own transaction would have it. */
static pgb_status send_task(cargo *c, task *t, bool last, pgb_error *err)
{
    pgb_status status;

    t->light = t->inert && !c->r->watched && !last;
    /* it might make an event trigger, and what it did is seen only in the end */
    c->r->watched = c->r->watched || !t->inert;
    c->arena = pgb_arena_new(); /* of this revision: libpq copies what is sent */
    status = c->arena != NULL ? cargo_work(c, t, err) : pgb_error_nomem(err);
    if (status == PGB_OK) {
        status = cargo_record(c, t, err);
    }
    if (status == PGB_OK && !t->light) {
        status = cargo_cleanup(c, t, err);
    }
    if (status == PGB_OK && !last && !t->light) {
        status = cargo_send(c, ROLE_RESTORE, t, 0, "SET CONSTRAINTS ALL DEFERRED", err);
    }
    pgb_arena_free(c->arena);
    c->arena = NULL;
    task_close(c->tasks, t);
    return status;
}

static pgb_status send_all(run *x, cargo *c, task *last, pgb_error *err)
{
    bool begun = false;
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < x->tasks.n && status == PGB_OK; i++) {
        task *t = &x->tasks.at[i];

        if (t->skip) {
            continue;
        }
        if (!begun) {
            begun = true;
            status = cargo_begin(c, t, err);
        }
        if (status == PGB_OK) {
            t->began = pgb_clock_us();
            run_step_begin(x, t);
            status = send_task(c, t, t == last, err);
            t->took = pgb_clock_us() - t->began;
        }
    }
    return status == PGB_OK ? cargo_guard(c, last, err) : status;
}

/* All the work in an open transaction, checked. */
static outcome fly(run *x, task *last, task **ret_at, pgb_error *ret_error)
{
    pgb_runner *r = x->r;
    cargo c = {.r = r, .tasks = &x->tasks};
    pgb_error error = PGB_ERROR_INIT, late = PGB_ERROR_INIT;
    pgb_status status = cargo_open(&c, &error), landed = PGB_OK;

    if (status == PGB_OK) {
        status = send_all(x, &c, last, &error);
    }
    if (c.in_flight) {
        if (!pgb_session_lost(r->session)) {
            landed = cargo_sync(&c, &late);
        }
        landed = cargo_land(&c, &late) != PGB_OK ? late.status : landed;
        if (landed != PGB_OK &&
            (status == PGB_OK || error.status == PGB_OK || c.failure.role != 0)) {
            status = landed;
            if (late.status != PGB_OK) {
                error = late;
            }
        }
    }
    memcpy(last->xid, c.xid, sizeof last->xid);
    if (status == PGB_OK && c.guarded && !pgb_session_lost(r->session)) {
        return OUTCOME_DONE;
    }
    *ret_at = c.failure.role != 0 ? &x->tasks.at[c.failure.step] : last;
    if (error.status == PGB_OK) {
        pgb_error_set(&error, status != PGB_OK ? status : PGB_FAILED,
                      "the server did not confirm the work");
    }
    if (pgb_session_lost(r->session)) {
        *ret_error = error;
        return OUTCOME_LOST;
    }
    if (task_open(&x->tasks, *ret_at, NULL) == PGB_OK) {
        cargo_locate(&c, *ret_at, &error);
    }
    if (strcmp(error.sqlstate, "26000") == 0 && c.failure.role != ROLE_STATEMENT &&
        !r->no_prepare) {
        r->no_prepare = true;
        error.status = PGB_OK; /* not a failure: our prepared statements went, and it can do without
                                */
    }
    *ret_error = error;
    return OUTCOME_FAILED;
}

static pgb_status begin_pooled(run *x, pgb_error *err)
{
    pgb_runner *r = x->r;
    pgb_status status = lock_begin_pooled(r, pgb_deadline_in(r->o.lock_wait_ms), err);

    return status == PGB_OK ? run_refresh(x, 0, err) : status;
}

static task *find_last(run *x)
{
    for (uint32_t i = x->tasks.n; i > 0; i--) {
        if (!x->tasks.at[i - 1].skip) {
            return &x->tasks.at[i - 1];
        }
    }
    return NULL;
}

static void all_done(run *x)
{
    for (uint32_t i = 0; i < x->tasks.n; i++) {
        if (!x->tasks.at[i].skip) {
            run_step_done(x, &x->tasks.at[i]);
        }
    }
}

pgb_status run_whole(run *x, pgb_error *err)
{
    pgb_runner *r = x->r;

    for (;;) {
        task *last, *at = NULL;
        pgb_error error = PGB_ERROR_INIT;
        pgb_status status = PGB_OK;
        bool committed = false;
        trip_result commit;

        if (r->pooled) {
            status = begin_pooled(x, err);
        }
        last = find_last(x);
        if (status != PGB_OK || last == NULL) {
            return status;
        }
        switch (fly(x, last, &at, &error)) {
        case OUTCOME_LOST:
            status = run_begin_again(x, at, &error, err);
            if (status == PGB_OK) {
                status = run_refresh(x, 0, err);
            }
            break;
        case OUTCOME_DONE:
            runner_quiet(r, true);
            trip_run(r, &x->tasks, last, NULL, &commit);
            if (!pgb_session_lost(r->session)) {
                runner_quiet(r, false);
            }
            if (commit.commit == OUTCOME_DONE) {
                all_done(x);
                return PGB_OK;
            }
            if (commit.commit == OUTCOME_FAILED) {
                status = run_failed(x, last, &commit.commit_error, err);
                break;
            }
            status = resolve_commit(r, last, &committed, err);
            if (status == PGB_OK) {
                status = lock_identity(r, &r->identity, err);
            }
            if (status == PGB_OK && committed) {
                all_done(x);
                return PGB_OK;
            }
            if (status == PGB_OK) {
                status = run_refresh(x, 0, err);
            }
            if (status == PGB_OK &&
                (last->losses++ >= LOST_MAX || commit.commit_error.status == PGB_NOMEM)) {
                return run_fail(x, last, &commit.commit_error, err);
            }
            break;
        default:
            status = error.status == PGB_OK ? runner_tidy(r, err) : run_failed(x, at, &error, err);
            break;
        }
        if (status != PGB_OK) {
            return status;
        }
    }
}
