/* The plan, step by step: the COMMIT of one revision flies with the work of the next. */
#include <stdio.h>
#include <string.h>

#include "run/execute.h"

void run_step_begin(run *x, task *t)
{
    if (t->told) {
        return;
    }
    t->told = true;
    if (x->r->o.events.step_begin != NULL) {
        x->r->o.events.step_begin(x->r->o.events.data, x->tasks.world, t->step, t->nth + 1,
                                  x->tasks.n);
    }
}

void run_step_done(run *x, task *t)
{
    x->summary->n_done++;
    t->done = true;
    task_close(&x->tasks, t);
    if (x->r->o.events.step_end != NULL) {
        x->r->o.events.step_end(x->r->o.events.data, x->tasks.world, t->step, t->took);
    }
}

/* The event log has failures too; best effort, in a transaction of its own. */
static void log_failure(run *x, const task *t, const pgb_error *err)
{
    pgb_runner *r = x->r;
    PGB_AUTO_ARENA(arena);
    const char *message;

    if (arena == NULL || r->session == NULL || pgb_session_lost(r->session) || !r->locked ||
        r->history == NULL || t->record_only) {
        return;
    }
    message = err->file[0] != '\0'
                  ? pgb_arena_printf(arena, "%s:%d: %s", err->file, err->line, err->message)
                  : pgb_arena_strdup(arena, err->message);
    if (message == NULL) {
        return;
    }
    runner_quiet(r, true);
    pgb_session_set_deadline(r->session, pgb_deadline_in(5000));
    runner_exec(r,
                pgb_history_event(r->history, arena, t->node->id, "fail", r->run, r->from, t->took,
                                  err->sqlstate, message),
                NULL, NULL);
    if (!pgb_session_lost(r->session)) {
        pgb_session_set_deadline(r->session, PGB_DEADLINE_NEVER);
        runner_quiet(r, false);
    }
}

pgb_status run_fail(run *x, task *t, const pgb_error *why, pgb_error *err)
{
    pgb_error own = *why;

    if (own.status == PGB_OK) {
        pgb_error_set(&own, PGB_INTERNAL, "%s failed without saying why", t->node->id);
    }
    explain(x->r, t, &own);
    if (own.status == PGB_CONNECT) {
        pgb_error_hint(&own,
                       "nothing of %s was applied, those before it are; run the command again",
                       t->node->id);
    }
    runner_tidy(x->r, NULL);
    log_failure(x, t, &own);
    pgb_error_context(&own, "while %s %s", t->up ? "applying" : "reverting", t->node->id);
    if (err != NULL && err->status == PGB_OK) {
        *err = own;
    }
    return own.status;
}

/* An administrator who ends our session means it; a crash, a restart, a cut line do not. */
static bool may_begin_again(const pgb_error *err)
{
    return err->status == PGB_CONNECT && strcmp(err->sqlstate, "57P01") != 0;
}

/* After the lock was given up and taken again (a new session, or each transaction through a pooler)
 * another runner may have gone on: what it did already is passed over. */
pgb_status run_refresh(run *x, uint32_t from, pgb_error *err)
{
    pgb_runner *r = x->r;
    pgb_map applied = PGB_MAP_INIT;
    PGB_AUTO_ARENA(arena);
    pgb_status status =
        arena != NULL ? ground_read(r, &x->tasks, arena, &applied, err) : pgb_error_nomem(err);

    for (uint32_t i = from; status == PGB_OK && i < x->tasks.n; i++) {
        task *t = &x->tasks.at[i];
        uint32_t whole = 0;
        bool there = pgb_map_get(&applied, t->node->id, strlen(t->node->id), &whole);
        bool done = t->up ? there && whole != 0 : !there;

        if (t->done) {
            continue;
        }
        if (done && !t->skip) {
            runner_note(r, "NOTICE", "%s: another runner did it meanwhile", t->node->id);
        }
        t->skip = done;
    }
    pgb_map_done(&applied);
    return status;
}

pgb_status run_begin_again(run *x, task *t, const pgb_error *why, pgb_error *err)
{
    pgb_runner *r = x->r;
    pgb_error own = PGB_ERROR_INIT;
    pgb_status status;

    if (!may_begin_again(why) || t->losses >= LOST_MAX) {
        return run_fail(x, t, why, err);
    }
    t->losses++;
    runner_note(r, "WARNING", "the connection was lost; %s begins again", t->node->id);
    status = resolve_reconnect(r, pgb_deadline_in(r->o.resolve_deadline_ms), &own);
    if (status == PGB_OK) {
        status = lock_identity(r, &r->identity, &own);
    }
    if (status == PGB_OK) {
        status = run_refresh(x, t->nth, &own);
    }
    if (status != PGB_OK) {
        return run_fail(x, t, status == PGB_CONNECT || status == PGB_LOCK_WAIT ? why : &own, err);
    }
    return PGB_OK;
}

/* A failure that may be a matter of time. PGB_OK: try again. */
pgb_status run_failed(run *x, task *t, const pgb_error *why, pgb_error *err)
{
    pgb_error own = *why;
    pgb_status status;

    if (!blocked_is_retryable(&own)) {
        return run_fail(x, t, why, err);
    }
    /* before the sleep: nothing may be held while we wait */
    status = runner_tidy(x->r, NULL);
    if (status == PGB_OK) {
        status = blocked_back_off(x->r, t, &own);
    }
    return status == PGB_OK ? PGB_OK : run_fail(x, t, &own, err);
}

/* ---- the loop ---- */

static pgb_status one_by_one(run *x, pgb_error *err)
{
    pgb_runner *r = x->r;
    task *pending = NULL; /* its work is done and checked; its COMMIT is to be sent */
    uint32_t i = 0;

    while (i < x->tasks.n || pending != NULL) {
        task *t = i < x->tasks.n ? &x->tasks.at[i] : NULL;
        pgb_status status;
        trip_result trip;

        if (runner_interrupted(r)) {
            t = NULL; /* a safe point: what is complete is committed, nothing more begun */
            if (pending == NULL) {
                return pgb_error_set(err, PGB_INTERRUPTED, "interrupted; %u of %u done",
                                     x->summary->n_done, x->tasks.n);
            }
        }
        if (t != NULL && t->skip && !r->pooled) {
            if (pending == NULL) {
                i++;
                continue;
            }
            t = NULL;
        }
        if (t != NULL && t->none && !t->record_only) {
            if (pending == NULL) {
                pgb_error own = PGB_ERROR_INIT;

                run_step_begin(x, t);
                status = none_run(r, &x->tasks, t, &own);
                if (status != PGB_OK) {
                    return run_fail(x, t, &own, err);
                }
                run_step_done(x, t);
                i++;
                /* it may have lost the lock and taken it again */
                status = run_refresh(x, i, err);
                if (status != PGB_OK) {
                    return status;
                }
                continue;
            }
            t = NULL;
        }
        if (r->pooled && pending != NULL) {
            t = NULL;
        }
        if (t != NULL && r->pooled) {
            pgb_error own = PGB_ERROR_INIT;

            status = lock_begin_pooled(r, pgb_deadline_in(r->o.lock_wait_ms), &own);
            if (status == PGB_OK) {
                status = run_refresh(x, t->nth, &own);
            }
            if (status != PGB_OK) {
                return run_fail(x, t, &own, err);
            }
        }
        if (t != NULL && t->skip) {
            /* seen under the pooler's lock just now */
            status = runner_tidy(r, err);
            if (status != PGB_OK) {
                return status;
            }
            i++;
            continue;
        }
        if (t != NULL) {
            run_step_begin(x, t);
        }
        runner_quiet(r, t == NULL);
        trip_run(r, &x->tasks, pending, t, &trip);
        if (!pgb_session_lost(r->session)) {
            runner_quiet(r, false);
        }

        switch (pending != NULL ? trip.commit : OUTCOME_NONE) {
        case OUTCOME_NONE:
            break;
        case OUTCOME_DONE:
            run_step_done(x, pending);
            pending = NULL;
            break;
        case OUTCOME_FAILED:
            /* the server's word: it was rolled back, and the work behind it goes, too */
            status = run_failed(x, pending, &trip.commit_error, err);
            if (status != PGB_OK) {
                return status;
            }
            i = pending->nth;
            pending = NULL;
            continue;
        case OUTCOME_LOST: {
            bool committed = false;

            status = resolve_commit(r, pending, &committed, err);
            if (status != PGB_OK) {
                return status;
            }
            status = lock_identity(r, &r->identity, err);
            if (status != PGB_OK) {
                return status;
            }
            if (committed) {
                run_step_done(x, pending);
                status = run_refresh(x, i, err);
            } else {
                status = run_refresh(x, pending->nth, err);
            }
            if (status != PGB_OK) {
                return status;
            }
            if (committed) {
                pending = NULL;
                continue;
            }
            if (pending->losses++ >= LOST_MAX || trip.commit_error.status == PGB_NOMEM) {
                return run_fail(x, pending, &trip.commit_error, err);
            } else {
                i = pending->nth;
            }
            pending = NULL;
            continue;
        }
        }

        switch (t != NULL ? trip.work : OUTCOME_NONE) {
        case OUTCOME_NONE:
            break;
        case OUTCOME_DONE:
            pending = t;
            i++;
            break;
        case OUTCOME_FAILED:
            status = trip.stale ? runner_tidy(r, err) : run_failed(x, t, &trip.work_error, err);
            if (status != PGB_OK) {
                return status;
            }
            break;
        case OUTCOME_LOST:
            status = run_begin_again(x, t, &trip.work_error, err);
            if (status != PGB_OK) {
                return status;
            }
            break;
        }
    }
    return PGB_OK;
}

/* Makes the history where there is none. A connection lost meanwhile is found out by looking again:
 * it is there whole, or not at all. */
pgb_status run_ensure_history(pgb_runner *r, pgb_error *err)
{
    if (r->o.alone && r->ensured && r->history != NULL) {
        return PGB_OK;
    }
    for (uint32_t losses = 0;; losses++) {
        pgb_error own = PGB_ERROR_INIT;
        pgb_status status;

        if (r->pooled) {
            /* the lock lasts a transaction, and this is one of its own: two at once are told apart
             * by the catalog's own uniqueness */
            status = pgb_history_ensure(r->session, r->o.schema, NULL, &own);
            if (status == PGB_SQL &&
                (strcmp(own.sqlstate, "23505") == 0 || strcmp(own.sqlstate, "42P06") == 0 ||
                 strcmp(own.sqlstate, "42P07") == 0) &&
                losses < LOST_MAX) {
                pgb_clock_sleep_ms(20 + (int64_t)pgb_random_below(100));
                continue;
            }
        } else {
            status = pgb_history_ensure(r->session, r->o.schema, NULL, &own);
        }
        if (status == PGB_OK) {
            status =
                pgb_history_open(r->session, r->o.schema, r->o.project, r->arena, &r->history, err);
            r->ensured = status == PGB_OK;
            return status;
        }
        if (!may_begin_again(&own) || losses >= LOST_MAX ||
            resolve_reconnect(r, pgb_deadline_in(r->o.resolve_deadline_ms), NULL) != PGB_OK ||
            lock_identity(r, &r->identity, NULL) != PGB_OK) {
            explain(r, NULL, &own);
            if (err != NULL && err->status == PGB_OK) {
                *err = own;
            }
            return status;
        }
    }
}

typedef struct whole_run {
    run x;
    const pgb_world *world;
    const pgb_plan *plan;
    pgb_arena *arena;
    pgb_status status;
    pgb_error *err;
} whole_run;

static void prepare_and_run(void *data)
{
    whole_run *w = data;
    pgb_runner *r = w->x.r;

    w->status = tasks_prepare(r, w->world, w->plan, w->arena, &w->x.tasks, w->err);
    if (w->status != PGB_OK) {
        return;
    }
    if (r->o.one_transaction) {
        w->status = one_refuse(r, &w->x.tasks, w->err);
    }
    if (w->status == PGB_OK) {
        w->status = run_ensure_history(r, w->err);
    }
    if (w->status == PGB_OK) {
        w->status = r->o.one_transaction ? run_whole(&w->x, w->err) : one_by_one(&w->x, w->err);
    }
    tasks_done(&w->x.tasks);
}

pgb_status pgb_runner_execute(pgb_runner *runner, const pgb_world *world, const pgb_plan *plan,
                              pgb_run_summary *ret_summary, pgb_error *err)
{
    pgb_run_summary ignored = {0};
    PGB_AUTO_ARENA(arena);
    whole_run w = {.x = {.r = runner,
                         .summary = ret_summary != NULL ? ret_summary : &ignored,
                         .begun = pgb_clock_us()},
                   .world = world,
                   .plan = plan,
                   .arena = arena,
                   .err = err};
    pgb_status status;

    memset(w.x.summary, 0, sizeof *w.x.summary);
    pgb_random_uuid(runner->run);
    memcpy(w.x.summary->run, runner->run, sizeof w.x.summary->run);
    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    if (plan->n == 0) {
        return PGB_OK;
    }
    if (runner->o.read_only) {
        return pgb_error_set(err, PGB_INTERNAL, "the runner was opened for reading");
    }
    status = pgb_runner_lock(runner, err);
    if (status == PGB_OK) {
        status = pgb_revset_on_parser(world->set, prepare_and_run, &w, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    w.x.summary->duration_us = pgb_clock_us() - w.x.begun;
    return w.status;
}
