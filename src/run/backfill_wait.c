/* Between batches: how large the next one is, and when it begins. */
#include <stdio.h>
#include <string.h>

#include "run/backfill_internal.h"

enum { MONITOR_MS = 1000, PAUSE_MAX_MS = 1000, GROWTH = 4 };

/* Others that wait for what we hold. pg_blocking_pids takes the lock manager's own locks, so only
 * those that wait are asked about. */
static const char sql_waiters[] =
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.wait_event_type "
    "OPERATOR(pg_catalog.=) 'Lock' AND a.backend_type OPERATOR(pg_catalog.=) 'client backend' AND "
    "$1::pg_catalog.int4 OPERATOR(pg_catalog.=) ANY (pg_catalog.pg_blocking_pids(a.pid)))";

/* While the server works at a batch: looks with a connection of its own whether others wait. Best
 * effort. */
void bf_watch(void *data, int64_t waited_ms)
{
    bf *x = data;
    pgb_runner *r = x->r;
    pgb_error ignored = PGB_ERROR_INIT;
    AUTO_RESULT(got);
    char pid[16];
    const char *const values[1] = {pid};

    blocked_watch(r, waited_ms); /* opens the monitor, and keeps who blocks us */
    if (r->monitor == NULL || r->monitor_failed || x->waiters) {
        return;
    }
    snprintf(pid, sizeof pid, "%d", pgb_session_backend_pid(r->session));
    pgb_session_set_deadline(r->monitor, pgb_deadline_in(MONITOR_MS));
    if (pgb_exec_params(r->monitor, sql_waiters, 1, values, &got, &ignored) != PGB_OK) {
        pgb_session_close(r->monitor);
        r->monitor = NULL;
        r->monitor_failed = true;
        return;
    }
    x->waiters = pgb_result_bool(got, 0, 0);
}

void bf_adapt(bf *x, int64_t rows, int64_t took_us)
{
    int64_t full = x->o.batch_time_ms * 1000, want, least = BF_TARGET_MIN_MS * 1000;

    if (x->waiters) {
        x->target_us = x->target_us / 2 > least ? x->target_us / 2 : least;
    } else if (x->target_us < full) {
        x->target_us += x->target_us / 4;
    }
    x->target_us = x->target_us < full ? x->target_us : full;
    if (x->o.batch > 0 || rows == 0) {
        return;
    }
    want = (int64_t)((double)rows * (double)x->target_us / (double)(took_us > 0 ? took_us : 1));
    if (want > rows * GROWTH) {
        want = rows * GROWTH;
    }
    want = want < 1 ? 1 : want;
    if (x->o.rate > 0 && want > x->o.rate) {
        want = x->o.rate; /* so that a second's rows don't come at once and then none */
    }
    if (x->o.verbose && want > BF_VERBOSE_BATCH) {
        want = BF_VERBOSE_BATCH;
    }
    x->size = want < PGB_BACKFILL_BATCH_MAX ? want : PGB_BACKFILL_BATCH_MAX;
}

static void say(bf *x, const char *why)
{
    if (x->o.events.waiting != NULL) {
        x->o.events.waiting(x->o.events.data, x->b, why);
    }
}

static pgb_status nap(bf *x, int64_t ms, pgb_error *err)
{
    for (int64_t until = pgb_deadline_in(ms); pgb_deadline_left(until) > 0;) {
        int64_t left = pgb_deadline_left(until);

        if (runner_interrupted(x->r)) {
            return pgb_error_set(err, PGB_INTERRUPTED, "interrupted; what was committed stays");
        }
        pgb_clock_sleep_ms(left < 100 ? left : 100);
    }
    return PGB_OK;
}

/* What a person wishes now: 0 to go on, 1 to pause, 2 to cancel. */
static pgb_status ask_wish(bf *x, int *ret_wish, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    const char *const values[1] = {x->r->run};
    AUTO_RESULT(got);
    pgb_status status;

    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    status = runner_exec(
        x->r,
        pgb_history_backfill(x->r->history, arena, PGB_BACKFILL_WANTED, x->b->name, 1, values),
        &got, err);
    if (status == PGB_OK && pgb_result_rows(got) != 1) {
        return pgb_error_set(err, PGB_FAILED, "another run has taken the backfill %s over",
                             x->b->name);
    }
    if (status == PGB_OK) {
        const char *wanted = pgb_result_value(got, 0, 0);

        *ret_wish = strcmp(wanted, "pause") == 0 ? 1 : strcmp(wanted, "cancel") == 0 ? 2 : 0;
    }
    return status;
}

pgb_status bf_between(bf *x, bool *ret_cancelled, pgb_error *err)
{
    pgb_status status = PGB_OK;
    bool paused = false;

    if (runner_interrupted(x->r)) {
        return pgb_error_set(err, PGB_INTERRUPTED, "interrupted; what was committed stays");
    }
    if (x->waiters && !x->o.dry_run) {
        say(x, "others wait for its locks");
        x->waiters = false;
        status =
            nap(x, x->target_us / 1000 < PAUSE_MAX_MS ? x->target_us / 1000 : PAUSE_MAX_MS, err);
        say(x, NULL);
    }
    if (status == PGB_OK && x->o.rate > 0 && x->rate_rows > 0) {
        int64_t due = x->rate_from + (int64_t)((double)x->rate_rows / (double)x->o.rate * 1e6);
        int64_t left = due - pgb_clock_us();

        if (left > 1000) {
            status = nap(x, left / 1000, err);
        }
    }
    while (status == PGB_OK && x->wished) {
        int wish = 0;

        status = ask_wish(x, &wish, err);
        x->wished = status == PGB_OK && wish != 0;
        if (!x->wished) {
            break;
        }
        if (wish == 2) {
            *ret_cancelled = true;
            break;
        }
        if (!paused) {
            say(x, "paused");
            paused = true;
        }
        status = nap(x, BF_POLL_MS, err);
    }
    if (paused) {
        say(x, NULL);
        /* the time of the pause does not count for the rate */
        x->rate_from = pgb_clock_us();
        x->rate_rows = 0;
    }
    return status;
}
