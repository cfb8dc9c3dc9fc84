#include "prove/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/vec.h"
#include "pg/pg.h"
#include "prove/outside.h"
#include "prove_sql.h"
#include "run/run.h"

enum {
    MENDS_MAX = 64, /* roles that one revision may lack */
    TICK_MS = 100,  /* how often the time is looked at while the server works */
    GRACE_MS = 2000 /* the server's own statement_timeout comes first: it names the place */
};

struct pgb_site {
    pgb_site_options o;
    pgb_arena *arena;
    pgb_runner *runner;   /* NULL: not connected */
    pgb_session *session; /* NULL: not connected */
    const char *roles;    /* as they were before the first revision */
    const char *stubs;    /* lines of those that were made since because a revision lacked them */
    volatile int stop;    /* what the runner looks at: interrupted, or out of time */
    int64_t deadline;     /* of the run under way */
    bool timed_out;
    bool spoiled;
};

static bool is_interrupted(const pgb_site *s)
{
    return s->o.interrupted != NULL && *s->o.interrupted != 0;
}

static void look_at_time(void *data, int64_t waited_ms)
{
    pgb_site *s = data;

    (void)waited_ms;
    if (is_interrupted(s)) {
        s->stop = 1;
    } else if (pgb_deadline_left(s->deadline) == 0) {
        s->timed_out = true;
        s->stop = 1;
    }
}

static const char *conninfo(pgb_site *s, const char *role)
{
    return pgb_stage_conninfo(s->o.stage, s->o.database, role, s->arena);
}

static pgb_status open_runner(pgb_site *s, pgb_error *err)
{
    pgb_run_options how = {.conninfo = conninfo(s, s->o.role),
                           .project = "prove",
                           .schema = s->o.schema,
                           .lock_wait_ms = -1,
                           .lock_timeout_ms = 0,
                           .lock_deadline_ms = -1,
                           .statement_timeout_ms = s->o.timeout_ms,
                           .resolve_deadline_ms = 5000,
                           .alone = true,
                           .interrupted = &s->stop};
    pgb_status status;

    if (how.conninfo == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_runner_open(&how, &s->runner, err);
    if (status == PGB_OK) {
        pgb_session_set_waiting(pgb_runner_session(s->runner), TICK_MS, TICK_MS, look_at_time, s);
        status = pgb_runner_lock(s->runner, err);
    }
    return status;
}

static pgb_status open_session(pgb_site *s, pgb_error *err)
{
    pgb_session_options how = {.conninfo = conninfo(s, NULL), .connect_timeout_ms = -1};
    pgb_status status;

    if (s->session != NULL) {
        if (!pgb_session_lost(s->session)) {
            return PGB_OK;
        }
        pgb_session_close(s->session);
        s->session = NULL;
    }
    if (how.conninfo == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_session_open(&how, &s->session, err);
    if (status == PGB_OK) {
        pgb_session_set_interrupt(s->session, s->o.interrupted);
    }
    return status;
}

void pgb_site_leave(pgb_site *site)
{
    pgb_runner_close(site->runner);
    site->runner = NULL;
    pgb_session_close(site->session);
    site->session = NULL;
}

static bool has_line(const char *lines, const char *line)
{
    size_t len = strlen(line);

    for (const char *at = strstr(lines, line); at != NULL; at = strstr(at + 1, line)) {
        if ((at == lines || at[-1] == '\n') && at[len] == '\n') {
            return true;
        }
    }
    return false;
}

/* without: lines that are left out. */
static pgb_status read_roles(pgb_site *site, const char *without, pgb_arena *arena,
                             const char **ret_roles, pgb_error *err)
{
    PGB_AUTO_BUF(b);
    pgb_result *r = NULL;
    pgb_status status = open_session(site, err);

    if (status == PGB_OK) {
        status = pgb_exec(site->session, pgb_sql_site_roles, &r, err);
    }
    for (int i = 0; status == PGB_OK && i < pgb_result_rows(r); i++) {
        const char *what = pgb_result_value(r, i, 0), *more = pgb_result_value(r, i, 1);

        if (more[0] != '\0') {
            pgb_buf_printf(&b, "%s (%s)\n", what, more);
        } else if (!has_line(without, what)) {
            pgb_buf_printf(&b, "%s\n", what);
        }
    }
    pgb_result_free(r);
    if (status == PGB_OK) {
        *ret_roles = b.failed ? NULL : pgb_arena_strdup(arena, pgb_buf_str(&b));
        status = *ret_roles != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    return status;
}

static pgb_status make_database(pgb_site *s, pgb_error *err)
{
    return s->o.template_ != NULL ? pgb_stage_copy(s->o.stage, s->o.template_, s->o.database, err)
                                  : pgb_stage_database(s->o.stage, s->o.database, err);
}

pgb_status pgb_site_open(const pgb_site_options *options, pgb_site **ret_site, pgb_error *err)
{
    pgb_arena *arena = pgb_arena_new();
    pgb_site *s = arena != NULL ? pgb_arena_alloc(arena, sizeof *s) : NULL;
    pgb_status status;

    if (s == NULL) {
        pgb_arena_free(arena);
        return pgb_error_nomem(err);
    }
    s->o = *options;
    s->arena = arena;
    s->stubs = "";
    status = make_database(s, err);
    if (status == PGB_OK) {
        status = read_roles(s, "", arena, &s->roles, err);
    }
    if (status != PGB_OK) {
        pgb_site_close(s);
        return status;
    }
    *ret_site = s;
    return PGB_OK;
}

void pgb_site_close(pgb_site *site)
{
    if (site != NULL) {
        pgb_site_leave(site);
        pgb_arena_free(site->arena);
    }
}

struct pgb_session *pgb_site_session(pgb_site *site)
{
    return site->session;
}

pgb_status pgb_site_read(pgb_site *site, pgb_catalog **ret_catalog, pgb_error *err)
{
    pgb_status status = open_session(site, err);

    return status == PGB_OK ? pgb_catalog_read(site->session, site->o.schema, ret_catalog, err)
                            : status;
}

pgb_status pgb_site_roles(pgb_site *site, pgb_arena *arena, const char **ret_roles, pgb_error *err)
{
    /* a stub is no work of the revision that lacked it */
    return read_roles(site, site->stubs, arena, ret_roles, err);
}

/* Makes the role that a revision lacks, or takes away the stub that it wants to make itself. */
static pgb_status mend(pgb_site *s, const pgb_error *failure, bool *ret_again, pgb_error *err)
{
    const char *before = NULL, *after = NULL;
    PGB_AUTO_BUF(stubs);
    pgb_status status = read_roles(s, "", s->arena, &before, err);

    if (status == PGB_OK) {
        status = pgb_stage_mend(s->o.stage, failure, ret_again, err);
    }
    if (status != PGB_OK || !*ret_again) {
        return status;
    }
    status = read_roles(s, "", s->arena, &after, err);
    pgb_buf_puts(&stubs, s->stubs);
    for (const char *at = after; status == PGB_OK && *at != '\0';) {
        size_t len = strcspn(at, "\n");
        char *line = pgb_arena_strndup(s->arena, at, len);

        if (line == NULL) {
            return pgb_error_nomem(err);
        }
        if (!has_line(before, line)) {
            pgb_buf_printf(&stubs, "%s\n", line);
        }
        at += len + (at[len] == '\n');
    }
    if (status == PGB_OK) {
        const char *kept = stubs.failed ? NULL : pgb_arena_strdup(s->arena, pgb_buf_str(&stubs));

        s->stubs = kept != NULL ? kept : s->stubs;
        status = kept != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    return status;
}

/* ---- one revision ---- */

/* What has to do with the revision, not with us; a server that it took down, too. */
static bool is_theirs(pgb_status status)
{
    switch (status) {
    case PGB_SQL:
    case PGB_PROJECT:
    case PGB_REFUSED:
    case PGB_FAILED:
    case PGB_CHANGED:
    case PGB_CONNECT:
    case PGB_UNKNOWN:
        return true;
    default:
        return false;
    }
}

/* An extension or library that is not installed beside this server. */
static bool is_lacking(const pgb_error *failure)
{
    return (strcmp(failure->sqlstate, "0A000") == 0 || strcmp(failure->sqlstate, "58P01") == 0) &&
           (strstr(failure->message, "extension \"") != NULL ||
            strstr(failure->message, "could not open extension control file") != NULL ||
            strstr(failure->message, "could not access file \"") != NULL);
}

static void say_lacking(pgb_error *failure)
{
    failure->hint[0] = '\0'; /* the server's, which speaks of the server that runs in production */
    pgb_error_hint(failure, "Install what has it beside the server that PGBRAID_SERVER_BIN or "
                            "[server] bin names, and prove again.");
}

/* The role that a revision wants to make is there: as our stub, or left behind by a downgrade? Only
 * the stub may be taken away. */
static bool is_stub(const pgb_site *s, const pgb_error *failure)
{
    const char *from = strstr(failure->message, "role \""), *to;
    char line[160];

    if (strcmp(failure->sqlstate, "42710") != 0 || from == NULL) {
        return true;
    }
    from += strlen("role \"");
    to = strrchr(from, '"');
    if (to == NULL || to - from > 64) {
        return false;
    }
    snprintf(line, sizeof line, "role %.*s", (int)(to - from), from);
    for (const char *at = strstr(s->roles, line); at != NULL; at = strstr(at + 1, line)) {
        if ((at == s->roles || at[-1] == '\n') && strchr(" \n", at[strlen(line)]) != NULL) {
            return true;
        }
    }
    return false;
}

static pgb_status attempt(pgb_site *s, pgb_action action, uint32_t node, pgb_error *failure,
                          pgb_error *err)
{
    pgb_step step = {action, node};
    pgb_plan plan = {&step, 1};
    pgb_run_summary summary;
    pgb_status status;

    if (s->runner == NULL || pgb_session_lost(pgb_runner_session(s->runner))) {
        pgb_runner_close(s->runner);
        s->runner = NULL;
        status = open_runner(s, err);
        if (status != PGB_OK) {
            return status;
        }
    }
    s->timed_out = false;
    s->stop = is_interrupted(s);
    s->deadline =
        s->o.timeout_ms < 0 ? PGB_DEADLINE_NEVER : pgb_deadline_in(s->o.timeout_ms + GRACE_MS);
    return pgb_runner_execute(s->runner, s->o.world, &plan, &summary, failure);
}

/* 57014 is the server's answer to statement_timeout, and to our cancelling. */
static bool ran_out_of_time(const pgb_site *s, const pgb_error *failure)
{
    return s->timed_out || (s->o.timeout_ms >= 0 && strcmp(failure->sqlstate, "57014") == 0 &&
                            strstr(failure->message, "statement timeout") != NULL);
}

static void say_timeout(const pgb_site *s, pgb_error *failure)
{
    pgb_error own = PGB_ERROR_INIT;

    pgb_error_set(&own, PGB_FAILED, "it took longer than %.3g s", (double)s->o.timeout_ms / 1e3);
    pgb_error_at(&own, failure->file[0] != '\0' ? failure->file : NULL, failure->line,
                 failure->column, failure->source, strlen(failure->source));
    pgb_error_hint(&own, "--timeout gives it more; on the live database it would hold its locks "
                         "as long.");
    *failure = own;
}

static pgb_status run(pgb_site *site, pgb_action action, uint32_t node,
                      pgb_site_outcome *ret_outcome, pgb_error *failure, pgb_error *err)
{
    const pgb_world_node *n = &site->o.world->nodes[node];

    site->spoiled = false;
    if (!site->o.outside) {
        bool calls = false;
        pgb_status status = pgb_outside_find(
            site->o.world->set, n->rev, action == PGB_UPGRADE ? PGB_SECTION_UP : PGB_SECTION_DOWN,
            &calls, failure, err);

        if (status != PGB_OK || calls) {
            *ret_outcome = PGB_SITE_CANNOT;
            return status;
        }
    }
    for (uint32_t mends = 0;; mends++) {
        bool again = false;
        pgb_status status, asked;

        pgb_error_clear(failure);
        status = attempt(site, action, node, failure, err);
        if (status == PGB_OK) {
            *ret_outcome = PGB_SITE_DONE;
            return PGB_OK;
        }
        if (failure->status == PGB_OK) {
            return status; /* the runner could not be opened */
        }
        if (is_interrupted(site)) {
            return pgb_error_set(err, PGB_INTERRUPTED, "interrupted");
        }
        site->spoiled = n->rev->transaction_none || status == PGB_CONNECT || status == PGB_UNKNOWN;
        if (ran_out_of_time(site, failure)) {
            say_timeout(site, failure);
            *ret_outcome = PGB_SITE_TIMEOUT;
            return PGB_OK;
        }
        if (!is_theirs(status)) {
            if (err != NULL) {
                *err = *failure;
            }
            return status;
        }
        if (is_lacking(failure)) {
            say_lacking(failure);
            *ret_outcome = PGB_SITE_CANNOT;
            return PGB_OK;
        }
        if (mends < MENDS_MAX && status == PGB_SQL && !site->spoiled && is_stub(site, failure)) {
            asked = mend(site, failure, &again, err);
            if (asked != PGB_OK) {
                return asked;
            }
        }
        if (!again) {
            if (strstr(failure->hint, "stamp --verified") != NULL) {
                failure->hint[0] = '\0'; /* for a live database, where somebody else made it */
            }
            *ret_outcome = PGB_SITE_FAILED;
            return PGB_OK;
        }
    }
}

pgb_status pgb_site_run(pgb_site *site, pgb_action action, uint32_t node,
                        pgb_site_outcome *ret_outcome, pgb_error *failure, pgb_error *err)
{
    pgb_status status = run(site, action, node, ret_outcome, failure, err);

    /* a revision may have ended our connections, too */
    return status == PGB_OK ? open_session(site, err) : status;
}

bool pgb_site_spoiled(const pgb_site *site)
{
    return site->spoiled;
}

pgb_status pgb_site_again(pgb_site *site, const uint32_t *nodes, size_t n, pgb_error *err)
{
    const char *keep;
    pgb_status status;

    keep = pgb_arena_printf(site->arena, "%s%s", site->roles, site->stubs);
    if (keep == NULL) {
        return pgb_error_nomem(err);
    }
    pgb_site_leave(site);
    status = pgb_stage_drop(site->o.stage, site->o.database, keep, err);
    if (status == PGB_OK) {
        status = make_database(site, err);
    }
    for (size_t i = 0; status == PGB_OK && i < n; i++) {
        pgb_error failure = PGB_ERROR_INIT;
        pgb_site_outcome outcome;

        status = pgb_site_run(site, PGB_UPGRADE, nodes[i], &outcome, &failure, err);
        if (status == PGB_OK && outcome != PGB_SITE_DONE) {
            status = pgb_error_set(err, PGB_FAILED,
                                   "revision %s ran before, and fails when the private database "
                                   "is made again: %s",
                                   site->o.world->nodes[nodes[i]].id, failure.message);
        }
    }
    return status == PGB_OK ? open_session(site, err) : status;
}
