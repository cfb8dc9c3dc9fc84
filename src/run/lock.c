/* The runner lock: a session advisory lock in the working session, polled in autocommit. A blocking
 * call would hold a snapshot while it waits, and CREATE INDEX CONCURRENTLY of the holder would wait
 * for that: a deadlock. */
#include <stdio.h>
#include <string.h>

#include "run/internal.h"

enum { POLL_MIN_MS = 10, POLL_MAX_MS = 250, TELL_MS = 2000 };

/* A standby or a read-only target, as the first two columns say. */
static pgb_status check_target(pgb_runner *r, const pgb_result *facts, pgb_error *err)
{
    if (pgb_result_bool(facts, 0, 0)) {
        pgb_error_set(err, PGB_UNSAFE, "%s is a standby, which takes no writes",
                      pgb_session_describe(r->session));
        pgb_error_hint(err, "name the primary (several hosts are allowed: "
                            "postgresql://a,b/db?target_session_attrs=read-write)");
        return err != NULL ? err->status : PGB_UNSAFE;
    }
    if (pgb_result_bool(facts, 0, 1)) {
        pgb_error_set(err, PGB_UNSAFE, "%s is read-only", pgb_session_describe(r->session));
        pgb_error_detail(err, "default_transaction_read_only is on for this server, database or "
                              "role");
        pgb_error_hint(err, "if it is meant to change: ALTER DATABASE … (or ALTER ROLE …) SET "
                            "default_transaction_read_only = off");
        return err != NULL ? err->status : PGB_UNSAFE;
    }
    return PGB_OK;
}

/* The target is looked at, and in the same breath the lock tried for, if `try` is: a far server is
 * waited for once. A lock had of a target that is refused ends with the session. */
static pgb_status look_and_try(pgb_runner *r, bool try, bool *ret_had, pgb_error *err)
{
    char sql[512];
    AUTO_RESULT(facts);
    pgb_status status;

    snprintf(sql, sizeof sql,
             "SELECT pg_catalog.pg_is_in_recovery(), "
             "pg_catalog.current_setting('transaction_read_only') OPERATOR(pg_catalog.=) 'on'%s%s",
             try ? ", pg_catalog.pg_try_advisory_lock" : "", try ? r->lock_call : "");
    status = pgb_exec(r->session, sql, &facts, err);
    if (status == PGB_OK) {
        status = check_target(r, facts, err);
    }
    if (status == PGB_OK) {
        *ret_had = try && pgb_result_bool(facts, 0, 2);
    }
    return status;
}

pgb_status lock_check_target(pgb_runner *r, pgb_error *err)
{
    bool had;

    return look_and_try(r, false, &had, err);
}

/* Several statements apart must find the same backend and what was set on it. */
const char lock_whose_sql[] =
    "pg_catalog.pg_backend_pid(), COALESCE(pg_catalog.current_setting('pgbraid.token', true), '')";

bool lock_session_is_ours(const pgb_runner *r, const pgb_result *got, int column)
{
    return r->pooled || (pgb_result_int(got, 0, column) == pgb_session_backend_pid(r->session) &&
                         strcmp(pgb_result_value(got, 0, column + 1), r->token) == 0);
}

static pgb_status check_session_is_ours(pgb_runner *r, const pgb_result *got, int column,
                                        pgb_error *err)
{
    if (lock_session_is_ours(r, got, column)) {
        return PGB_OK;
    }
    pgb_error_set(err, PGB_UNSAFE, "statements of one connection to %s end on different backends",
                  pgb_session_describe(r->session));
    pgb_error_detail(err, "a pooler in transaction or statement mode stands between");
    pgb_error_hint(err, "give a URL that leads to the server itself: -d postgresql://…");
    return err != NULL ? err->status : PGB_UNSAFE;
}

#define SYSTEM "(SELECT c.system_identifier FROM pg_catalog.pg_control_system() c)"
#define TIMELINE "pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8)"

/* Both at once, so that a far server is waited for once; a managed one may not let us ask for one
 * of them, or both: then each alone, and the id of a transaction says nothing where one is missing.
 */
pgb_status lock_identity(pgb_runner *r, identity *ret, pgb_error *err)
{
    static const char *const asked[] = {(SYSTEM ", " TIMELINE), (SYSTEM ", NULL"),
                                        ("NULL, " TIMELINE)};

    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < 3; i++) {
        AUTO_RESULT(got);
        pgb_error ignored = PGB_ERROR_INIT;
        char sql[512];
        pgb_status status;

        snprintf(sql, sizeof sql, "SELECT %s, %s, EXISTS (SELECT FROM pg_catalog.pg_event_trigger)",
                 asked[i], lock_whose_sql);
        status = pgb_exec(r->session, sql, &got, &ignored);
        if (status == PGB_OK) {
            status = check_session_is_ours(r, got, 2, err);
            if (status != PGB_OK) {
                return status;
            }
            r->watched = pgb_result_bool(got, 0, 4);
            if (i != 2) {
                snprintf(ret->system, sizeof ret->system, "%s", pgb_result_value(got, 0, 0));
            }
            if (i != 1) {
                snprintf(ret->timeline, sizeof ret->timeline, "%s", pgb_result_value(got, 0, 1));
            }
            if (i == 0) {
                break;
            }
        } else if (status != PGB_SQL) {
            if (err != NULL && err->status == PGB_OK) {
                *err = ignored;
            }
            return status;
        }
    }
    return PGB_OK;
}

static void tell_holder(pgb_runner *r, int64_t waited)
{
    AUTO_RESULT(who);
    char sql[1024], holder[1024];
    pgb_error ignored = PGB_ERROR_INIT;

    if (r->o.events.lock_wait == NULL) {
        return;
    }
    snprintf(
        sql, sizeof sql,
        "SELECT pg_catalog.format('pid %%s, user %%s, application %%s%%s, connected since %%s', "
        "l.pid, COALESCE(a.usename, '?'), COALESCE(NULLIF(a.application_name, ''), '?'), "
        "COALESCE(', from ' OPERATOR(pg_catalog.||) pg_catalog.host(a.client_addr), ''), "
        "COALESCE(pg_catalog.to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ'), '?')) "
        "FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid "
        "OPERATOR(pg_catalog.=) l.pid WHERE %s AND l.granted AND l.database "
        "OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname "
        "OPERATOR(pg_catalog.=) pg_catalog.current_database()) LIMIT 1",
        r->lock_where);
    if (pgb_exec(r->session, sql, &who, &ignored) == PGB_OK && pgb_result_rows(who) == 1) {
        snprintf(holder, sizeof holder, "%s", pgb_result_value(who, 0, 0));
        r->o.events.lock_wait(r->o.events.data, holder, waited);
    }
}

/* The time between two tries: short at first, then up to a quarter of a second, never in step with
 * others. */
static int64_t next_pause(uint32_t tries)
{
    int64_t most = POLL_MIN_MS << (tries < 6 ? tries : 6);

    most = most < POLL_MAX_MS ? most : POLL_MAX_MS;
    return POLL_MIN_MS / 2 + (int64_t)pgb_random_below((uint64_t)most);
}

static pgb_status not_had(pgb_runner *r, pgb_error *err)
{
    if (r->lock_of != NULL) {
        pgb_error_set(err, PGB_LOCK_WAIT, "another run of %s is under way", r->lock_of);
    } else {
        pgb_error_set(err, PGB_LOCK_WAIT, "another runner holds the lock of %s",
                      pgb_session_describe(r->session));
    }
    pgb_error_hint(err, "wait for it to end, or allow more time: --lock-wait 10min");
    return err != NULL ? err->status : PGB_LOCK_WAIT;
}

/* Tries until it has the lock. begin: the transaction that holds it, for a pooler; NULL: for the
 * session. */
static pgb_status poll_lock(pgb_runner *r, bool pooled, int64_t deadline, pgb_error *err)
{
    char sql[512];
    int64_t begun = pgb_clock_ms(), told = 0;

    if (pooled) {
        snprintf(sql, sizeof sql, "SELECT pg_catalog.pg_try_advisory_xact_lock%s", r->lock_call);
    } else {
        snprintf(sql, sizeof sql, "SELECT pg_catalog.pg_try_advisory_lock%s", r->lock_call);
    }
    for (uint32_t tries = 0;; tries++) {
        AUTO_RESULT(got);
        int64_t pause, left, waited;
        pgb_status status = PGB_OK;

        if (runner_interrupted(r)) {
            return pgb_error_set(err, PGB_INTERRUPTED,
                                 "interrupted while waiting for another runner");
        }
        if (pooled) {
            status =
                pgb_exec(r->session, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", NULL, err);
        }
        if (status == PGB_OK) {
            status = pgb_exec(r->session, sql, &got, err);
        }
        if (status != PGB_OK) {
            return status;
        }
        if (pgb_result_bool(got, 0, 0)) {
            return PGB_OK;
        }
        if (pooled) {
            status = pgb_exec(r->session, "ROLLBACK", NULL, err);
            if (status != PGB_OK) {
                return status;
            }
        }
        waited = pgb_clock_ms() - begun;
        if (tries == 0 || waited - told >= TELL_MS) {
            told = waited;
            tell_holder(r, waited);
            if (pgb_session_lost(r->session)) {
                return pgb_exec(r->session, "SELECT", NULL, err); /* says that it is lost */
            }
        }
        left = pgb_deadline_left(deadline);
        if (left == 0) {
            return not_had(r, err);
        }
        pause = next_pause(tries);
        pgb_clock_sleep_ms(pause < left ? pause : left);
    }
}

pgb_status lock_begin_pooled(pgb_runner *r, int64_t deadline, pgb_error *err)
{
    pgb_status status = poll_lock(r, true, deadline, err);

    if (status == PGB_OK) {
        status = pgb_exec(r->session, r->settings, NULL, err);
    }
    return status;
}

pgb_status lock_take(pgb_runner *r, int64_t deadline, pgb_error *err)
{
    bool had = false;
    pgb_status status = look_and_try(r, !r->pooled, &had, err);

    if (status != PGB_OK) {
        return status;
    }
    if (r->pooled) {
        /* nothing outlives a transaction: the lock is taken in each */
        if (!r->told_pooled) {
            r->told_pooled = true;
            runner_note(
                r, "WARNING",
                "a pooler stands between: revisions are applied under a lock per "
                "transaction; transaction none needs a URL that leads to the server itself");
        }
        status = lock_begin_pooled(r, deadline, err);
        if (status == PGB_OK) {
            status = pgb_exec(r->session, "ROLLBACK", NULL, err);
        }
        r->locked = status == PGB_OK;
        return status;
    }
    status = had ? PGB_OK : poll_lock(r, false, deadline, err);
    if (status == PGB_OK) {
        status = pgb_exec(r->session, r->settings, NULL, err);
    }
    if (status == PGB_OK) {
        char sql[256];
        AUTO_RESULT(got);

        /* and once more with lock_identity(), which comes next */
        snprintf(sql, sizeof sql, "SELECT %s", lock_whose_sql);
        status = pgb_exec(r->session, sql, &got, err);
        status = status == PGB_OK ? check_session_is_ours(r, got, 0, err) : status;
    }
    r->locked = status == PGB_OK;
    return status;
}

pgb_status pgb_runner_unlock(pgb_runner *runner, pgb_error *err)
{
    char sql[256];
    pgb_status status;

    if (!runner->locked || runner->pooled) {
        runner->locked = false;
        return PGB_OK;
    }
    snprintf(sql, sizeof sql, "SELECT pg_catalog.pg_advisory_unlock%s", runner->lock_call);
    status = pgb_exec(runner->session, sql, NULL, err);
    runner->locked = false;
    return status;
}

pgb_status pgb_runner_lock(pgb_runner *runner, pgb_error *err)
{
    pgb_status status;

    if (runner->locked) {
        return PGB_OK;
    }
    if (runner->session == NULL) {
        status = runner_connect(runner, err);
        if (status != PGB_OK) {
            return status;
        }
    }
    status = lock_take(runner, pgb_deadline_in(runner->o.lock_wait_ms), err);
    if (status == PGB_OK) {
        status = lock_identity(runner, &runner->identity, err);
    }
    return status;
}
