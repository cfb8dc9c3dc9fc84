/* After a lost connection. What was sent before the COMMIT is rolled back by the server, so it can
 * be run again. A COMMIT without an answer is resolved: the orphan is waited for (it holds the
 * runner lock until it has ended), and then the history says whether this run's row is there. */
#include <stdio.h>
#include <string.h>

#include "run/internal.h"

static bool is_worth_waiting(pgb_status status)
{
    return status == PGB_CONNECT || status == PGB_UNSAFE || status == PGB_SQL;
}

pgb_status resolve_reconnect(pgb_runner *r, int64_t deadline, pgb_error *err)
{
    pgb_error last = PGB_ERROR_INIT;

    for (uint32_t tries = 0;; tries++) {
        pgb_status status;
        int64_t pause = (int64_t)50 << (tries < 6 ? tries : 6), left;

        pgb_error_clear(&last);
        status = runner_connect(r, &last);
        if (status == PGB_OK) {
            /* nothing here may outlast the deadline, a half-dead server included */
            pgb_session_set_deadline(r->session, deadline);
            status = lock_take(r, deadline, &last);
            if (!pgb_session_lost(r->session)) {
                pgb_session_set_deadline(r->session, PGB_DEADLINE_NEVER);
            }
        }
        if (status == PGB_OK) {
            return PGB_OK;
        }
        left = pgb_deadline_left(deadline);
        /* a standby that is about to be promoted, a server that starts: worth another look */
        if (!is_worth_waiting(status) || left == 0) {
            if (err != NULL && err->status == PGB_OK) {
                *err = last;
            }
            return status;
        }
        pause = 10 + (int64_t)pgb_random_below((uint64_t)pause);
        pgb_clock_sleep_ms(pause < left ? pause : left);
        if (runner_interrupted(r)) {
            return pgb_error_set(err, PGB_INTERRUPTED, "interrupted while reconnecting");
        }
    }
}

/* The id of a transaction means something only on the server, and the timeline, that gave it. */
static pgb_status orphan_in_progress(pgb_runner *r, const task *t, bool *ret_in_progress,
                                     pgb_error *err)
{
    const char *const values[1] = {t->xid};
    pgb_error ignored = PGB_ERROR_INIT;
    identity now;
    AUTO_RESULT(got);
    pgb_status status = lock_identity(r, &now, err);

    *ret_in_progress = false;
    if (status != PGB_OK || t->xid[0] == '\0' || now.system[0] == '\0' || now.timeline[0] == '\0' ||
        strcmp(now.system, r->identity.system) != 0 ||
        strcmp(now.timeline, r->identity.timeline) != 0) {
        return status;
    }
    status = pgb_exec_params(r->session,
                             pgb_session_server_version(r->session) >= 130000
                                 ? "SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8)"
                                 : "SELECT pg_catalog.txid_status($1::pg_catalog.int8)",
                             1, values, &got, &ignored);
    if (status == PGB_OK) {
        *ret_in_progress = strcmp(pgb_result_value(got, 0, 0), "in progress") == 0;
    } else if (status != PGB_SQL) { /* "in the future": it says nothing */
        if (err != NULL && err->status == PGB_OK) {
            *err = ignored;
        }
        return status;
    }
    return PGB_OK;
}

static pgb_status look(pgb_runner *r, const task *t, int64_t deadline, bool *ret_committed,
                       pgb_error *err)
{
    AUTO_RESULT(got);
    PGB_AUTO_ARENA(arena);
    bool in_progress = true;
    pgb_status status;

    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    while (in_progress) {
        status = orphan_in_progress(r, t, &in_progress, err);
        if (status != PGB_OK) {
            return status;
        }
        if (in_progress) {
            if (pgb_deadline_left(deadline) == 0) {
                return pgb_error_set(err, PGB_CONNECT, "its transaction is still in progress");
            }
            pgb_clock_sleep_ms(50);
        }
    }
    status = runner_exec(
        r, pgb_history_outcome(r->history, arena, t->node->id, task_event(t), r->run), &got, err);
    if (status == PGB_OK) {
        *ret_committed = pgb_result_bool(got, 0, 0);
    } else if (status == PGB_SQL && err != NULL &&
               (strcmp(err->sqlstate, "42P01") == 0 || strcmp(err->sqlstate, "3F000") == 0)) {
        /* a server that lags so far behind that it has no history: then not this row either */
        pgb_error_clear(err);
        *ret_committed = false;
        return PGB_OK;
    }
    return status;
}

static pgb_status unknown(pgb_runner *r, const task *t, const pgb_error *why, pgb_error *err)
{
    pgb_error_set(err, PGB_UNKNOWN,
                  "the connection was lost at the COMMIT of %s, and its outcome could not be found "
                  "out in time",
                  t->node->id);
    pgb_error_detail(err, "last: %s%s%s", why->message, why->detail[0] != '\0' ? ": " : "",
                     why->detail);
    pgb_error_hint(
        err,
        "once the server answers, \"pgbraid status\" tells whether %s is applied, and "
        "\"pgbraid upgrade\" goes on from there; event %s of run %s in the table event of "
        "schema %s is the evidence",
        t->node->id, task_event(t), r->run, r->o.schema);
    return err != NULL ? err->status : PGB_UNKNOWN;
}

pgb_status resolve_commit(pgb_runner *r, const task *t, bool *ret_committed, pgb_error *err)
{
    int64_t deadline = pgb_deadline_in(r->o.resolve_deadline_ms);
    const volatile int *interrupted = r->o.interrupted;
    pgb_error last = PGB_ERROR_INIT;
    pgb_status status;

    /* an interruption must not leave the question open: it is bounded by the deadline anyway */
    r->o.interrupted = NULL;
    do {
        pgb_error_clear(&last);
        status = resolve_reconnect(r, deadline, &last);
        if (status == PGB_OK) {
            pgb_session_set_deadline(r->session, deadline);
            status = look(r, t, deadline, ret_committed, &last);
            if (!pgb_session_lost(r->session)) {
                pgb_session_set_deadline(r->session, PGB_DEADLINE_NEVER);
            }
        }
    } while (status != PGB_OK && status != PGB_NOMEM && pgb_deadline_left(deadline) > 0);
    r->o.interrupted = interrupted;
    if (status != PGB_OK) {
        return unknown(r, t, &last, err);
    }
    runner_quiet(r, false);
    return PGB_OK;
}
