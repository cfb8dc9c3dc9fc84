/* A lock that is not had in time: who holds it, and how long until the next try. */
#include <stdio.h>
#include <string.h>

#include "run/internal.h"

enum { BACK_OFF_FIRST_MS = 200, BACK_OFF_MAX_MS = 15000, MONITOR_MS = 1000 };

static const char sql_blockers[] =
    "SELECT pg_catalog.string_agg(pg_catalog.format('pid %s, user %s, application %s%s, %s since "
    "%s: %s', a.pid, COALESCE(a.usename, '?'), COALESCE(NULLIF(a.application_name, ''), '?'), "
    "COALESCE(', from ' || pg_catalog.host(a.client_addr), ''), a.state, "
    "pg_catalog.to_char(COALESCE(a.xact_start, a.state_change, a.backend_start), 'HH24:MI:SS'), "
    "pg_catalog.left(pg_catalog.regexp_replace(a.query, '\\s+', ' ', 'g'), 80)), '; ' ORDER BY "
    "a.pid) FROM pg_catalog.pg_stat_activity a WHERE a.pid = ANY "
    "(pg_catalog.pg_blocking_pids($1::pg_catalog.int4))";

/* Looks with a connection of its own, which is for showing only: if it can't be had, nothing is
 * shown. Never takes locks, never waits long. */
void blocked_watch(void *data, int64_t waited_ms)
{
    pgb_runner *r = data;
    pgb_error ignored = PGB_ERROR_INIT;
    AUTO_RESULT(who);
    char pid[16];
    const char *const values[1] = {pid};

    (void)waited_ms;
    if (r->monitor_failed || r->pooled) {
        return;
    }
    if (r->monitor == NULL) {
        pgb_session_options o = {.conninfo = r->o.conninfo,
                                 .application_name = "pgbraid monitor",
                                 .connect_timeout_ms = MONITOR_MS,
                                 .read_only = true,
                                 .interrupted = r->o.interrupted};

        if (pgb_session_open(&o, &r->monitor, &ignored) != PGB_OK) {
            r->monitor_failed = true;
            return;
        }
    }
    snprintf(pid, sizeof pid, "%d", pgb_session_backend_pid(r->session));
    pgb_session_set_deadline(r->monitor, pgb_deadline_in(MONITOR_MS));
    if (pgb_exec_params(r->monitor, sql_blockers, 1, values, &who, &ignored) != PGB_OK) {
        pgb_session_close(r->monitor);
        r->monitor = NULL;
        r->monitor_failed = true;
        return;
    }
    if (pgb_result_rows(who) == 1 && !pgb_result_null(who, 0, 0)) {
        bool news = strncmp(r->blockers, pgb_result_value(who, 0, 0), 8) != 0;

        snprintf(r->blockers, sizeof r->blockers, "%s", pgb_result_value(who, 0, 0));
        if (news && r->o.lock_timeout_ms == 0) {
            runner_note(r, "NOTICE", "waiting for a lock that is held by %s", r->blockers);
        }
    }
}

bool blocked_is_retryable(const pgb_error *err)
{
    return err->status == PGB_SQL &&
           (strcmp(err->sqlstate, "55P03") == 0 || strcmp(err->sqlstate, "40P01") == 0 ||
            strcmp(err->sqlstate, "40001") == 0);
}

static void log_blocked(pgb_runner *r, const task *t)
{
    PGB_AUTO_ARENA(arena);
    pgb_statement *s;

    if (arena != NULL) {
        s = pgb_history_event(r->history, arena, t->node->id, "blocked", r->run, r->from, 0, "",
                              r->blockers);
        runner_exec(r, s, NULL, NULL);
    }
}

pgb_status blocked_back_off(pgb_runner *r, task *t, pgb_error *err)
{
    const char *who = r->blockers[0] != '\0' ? r->blockers : "nobody was seen";
    int64_t most, sleep, left;

    if (t->attempts == 0) {
        t->deadline = pgb_deadline_in(r->o.lock_deadline_ms);
        if (!r->pooled) {
            log_blocked(r, t);
        }
    }
    t->attempts++;
    left = pgb_deadline_left(t->deadline);
    if (left == 0) {
        pgb_error_context(err, "tried %u times, blocked by: %s", t->attempts, who);
        pgb_error_hint(err, "end what holds the lock (pg_terminate_backend), or allow more time: "
                            "--lock-deadline, --lock-timeout");
        return err->status;
    }
    /* full jitter: anything up to the bound, which doubles */
    most = (int64_t)BACK_OFF_FIRST_MS << (t->attempts < 8 ? t->attempts - 1 : 7);
    most = most < BACK_OFF_MAX_MS ? most : BACK_OFF_MAX_MS;
    sleep = 1 + (int64_t)pgb_random_below((uint64_t)most);
    sleep = sleep < left ? sleep : left;
    if (r->o.events.blocked != NULL) {
        r->o.events.blocked(r->o.events.data, who, t->attempts, sleep);
    }
    r->blockers[0] = '\0';
    for (int64_t until = pgb_deadline_in(sleep); pgb_deadline_left(until) > 0;) {
        int64_t rest = pgb_deadline_left(until);

        if (runner_interrupted(r)) {
            pgb_error_clear(err);
            return pgb_error_set(err, PGB_INTERRUPTED, "interrupted while waiting for a lock");
        }
        pgb_clock_sleep_ms(rest < 100 ? rest : 100);
    }
    pgb_error_clear(err);
    return PGB_OK;
}
