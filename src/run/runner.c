#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/internal.h"

const char *const runner_restore[] = {"RESET SESSION AUTHORIZATION", "RESET ROLE", "RESET ALL"};
const size_t runner_n_restore = sizeof runner_restore / sizeof runner_restore[0];

/* Never DISCARD ALL: it would release the runner lock. */
const char *const runner_cleanup[] = {"CLOSE ALL", "UNLISTEN *", "DISCARD TEMP",
                                      "DISCARD SEQUENCES"};
const size_t runner_n_cleanup = sizeof runner_cleanup / sizeof runner_cleanup[0];

static void on_notice(void *data, const char *severity, const char *text)
{
    pgb_runner *r = data;

    if (r->o.events.notice != NULL) {
        r->o.events.notice(r->o.events.data, severity, text);
    }
}

void runner_note(pgb_runner *r, const char *severity, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    on_notice(r, severity, text);
}

void runner_quiet(pgb_runner *r, bool quiet)
{
    if (r->session != NULL) {
        pgb_session_set_interrupt(r->session, quiet ? NULL : r->o.interrupted);
    }
}

bool runner_interrupted(const pgb_runner *r)
{
    return r->o.interrupted != NULL && *r->o.interrupted != 0;
}

/* Our settings and the caller's, as one statement. */
static pgb_status make_settings(pgb_runner *r, pgb_error *err)
{
    const char *base = pgb_session_settings_sql(r->session, r->pooled);
    const char *local = r->pooled ? "true" : "false";

    r->settings =
        pgb_arena_printf(r->session_arena,
                         "%s, pg_catalog.set_config('lock_timeout', '%lldms', %s), "
                         "pg_catalog.set_config('statement_timeout', '%lldms', %s), "
                         "pg_catalog.set_config('pgbraid.token', '%s', %s)",
                         base, (long long)r->o.lock_timeout_ms, local,
                         (long long)(r->o.statement_timeout_ms > 0 ? r->o.statement_timeout_ms : 0),
                         local, r->token, local);
    return r->settings != NULL ? PGB_OK : pgb_error_nomem(err);
}

pgb_status runner_connect(pgb_runner *r, pgb_error *err)
{
    pgb_session_options o = {.conninfo = r->o.conninfo,
                             .connect_timeout_ms = -1,
                             .read_only = r->o.read_only,
                             .writable = !r->o.read_only,
                             .interrupted = r->o.interrupted};
    pgb_status status;

    runner_disconnect(r);
    r->ensured = false;
    r->session_arena = pgb_arena_new();
    if (r->session_arena == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_session_open(&o, &r->session, err);
    if (status != PGB_OK) {
        return status;
    }
    r->pooled = pgb_session_pooled(r->session);
    pgb_session_set_notice(r->session, on_notice, r);
    runner_wait_hook(r);
    return make_settings(r, err);
}

void runner_wait_hook(pgb_runner *r)
{
    int64_t after =
        r->o.lock_timeout_ms > 0 && r->o.lock_timeout_ms < 2000 ? r->o.lock_timeout_ms / 2 : 1000;

    if (!r->o.read_only && r->o.events.blocked != NULL) {
        pgb_session_set_waiting(r->session, after, 1000, blocked_watch, r);
    }
}

void runner_disconnect(pgb_runner *r)
{
    pgb_session_close(r->session);
    r->session = NULL;
    r->locked = false;
    r->prepared = false;
    pgb_arena_free(r->session_arena);
    r->session_arena = NULL;
    r->settings = NULL;
}

static const char *copy(pgb_arena *arena, const char *s, bool *fine)
{
    const char *c = s != NULL ? pgb_arena_strdup(arena, s) : NULL;

    *fine = *fine && (s == NULL || c != NULL);
    return c;
}

/* FNV-1a: the lock's number must be the same in every version. */
uint32_t runner_hash32(const char *s)
{
    uint32_t h = 2166136261u;

    for (; *s != '\0'; s++) {
        h = (h ^ (unsigned char)*s) * 16777619u;
    }
    return h;
}

void runner_name_lock(pgb_runner *r, uint32_t class, uint32_t key)
{
    snprintf(r->lock_call, sizeof r->lock_call, "(%d, %d)", (int)class, (int)key);
    snprintf(r->lock_where, sizeof r->lock_where,
             "l.locktype OPERATOR(pg_catalog.=) 'advisory' AND l.classid OPERATOR(pg_catalog.=) %u "
             "AND l.objid OPERATOR(pg_catalog.=) %u AND l.objsubid OPERATOR(pg_catalog.=) 2",
             class, key);
}

pgb_status pgb_runner_open(const pgb_run_options *options, pgb_runner **ret_runner, pgb_error *err)
{
    enum { CLASS = 0x70676272 /* "pgbr" */ };
    pgb_runner *r = calloc(1, sizeof *r);
    bool fine = true;
    uint32_t key;
    pgb_status status;

    if (r == NULL || (r->arena = pgb_arena_new()) == NULL) {
        free(r);
        return pgb_error_nomem(err);
    }
    r->o = *options;
    r->o.conninfo = copy(r->arena, options->conninfo, &fine);
    r->o.project = copy(r->arena, options->project, &fine);
    r->o.schema = copy(r->arena, options->schema != NULL ? options->schema : "pgbraid", &fine);
    r->from = pgb_history_from(r->arena);
    if (!fine || r->from == NULL) {
        pgb_runner_close(r);
        return pgb_error_nomem(err);
    }
    r->o.lock_timeout_ms =
        options->lock_timeout_ms < 0 ? LOCK_TIMEOUT_MS : options->lock_timeout_ms;
    r->o.lock_deadline_ms =
        options->lock_deadline_ms < 0 ? LOCK_DEADLINE_MS : options->lock_deadline_ms;
    r->o.resolve_deadline_ms =
        options->resolve_deadline_ms < 0 ? RESOLVE_DEADLINE_MS : options->resolve_deadline_ms;
    pgb_random_uuid(r->token);
    pgb_random_uuid(r->run);
    /* One lock per history, not per project: two projects that make the same history at once would
     * get in each other's way. Advisory locks are the database's own already. */
    key = runner_hash32(r->o.schema);
    runner_name_lock(r, CLASS, key);
    status = runner_connect(r, err);
    if (status != PGB_OK) {
        pgb_runner_close(r);
        return status;
    }
    if (r->o.events.connected != NULL) {
        r->o.events.connected(r->o.events.data, pgb_session_describe(r->session));
    }
    *ret_runner = r;
    return PGB_OK;
}

void pgb_runner_close(pgb_runner *runner)
{
    if (runner != NULL) {
        runner_disconnect(runner);
        pgb_session_close(runner->monitor);
        pgb_arena_free(runner->arena);
        free(runner);
    }
}

pgb_session *pgb_runner_session(pgb_runner *runner)
{
    return runner->session;
}

pgb_status pgb_runner_read(pgb_runner *runner, pgb_arena *arena, pgb_applied_set **ret_set,
                           pgb_error *err)
{
    if (runner->session == NULL || pgb_session_lost(runner->session)) {
        /* what is left to be read after a loss needs no lock */
        pgb_status status = runner_connect(runner, err);

        if (status != PGB_OK) {
            return status;
        }
    }
    return pgb_history_read(runner->session, runner->o.schema, runner->o.project, arena, ret_set,
                            err);
}

pgb_status runner_exec(pgb_runner *r, const pgb_statement *statement, pgb_result **ret_result,
                       pgb_error *err)
{
    return statement != NULL ? pgb_exec_params(r->session, statement->sql, statement->n,
                                               statement->values, ret_result, err)
                             : pgb_error_nomem(err);
}

pgb_status runner_tidy(pgb_runner *r, pgb_error *err)
{
    pgb_status status = PGB_OK;
    PGB_AUTO_BUF(b);

    if (r->session == NULL || pgb_session_lost(r->session)) {
        return pgb_error_set(err, PGB_CONNECT, "the connection was lost");
    }
    runner_quiet(r, true);
    if (pgb_session_in_transaction(r->session)) {
        status = pgb_exec(r->session, "ROLLBACK", NULL, err);
    }
    if (status == PGB_OK && !r->pooled) {
        for (size_t i = 0; i < runner_n_restore; i++) {
            pgb_buf_printf(&b, "%s; ", runner_restore[i]);
        }
        for (size_t i = 0; i < runner_n_cleanup; i++) {
            pgb_buf_printf(&b, "%s; ", runner_cleanup[i]);
        }
        pgb_buf_printf(&b, "DEALLOCATE ALL; %s", r->settings);
        r->prepared = false;
        status = b.failed ? pgb_error_nomem(err) : pgb_exec(r->session, pgb_buf_str(&b), NULL, err);
    }
    if (!pgb_session_lost(r->session)) {
        runner_quiet(r, false);
    }
    return status;
}
