#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pg/conninfo.h"
#include "pg/internal.h"

enum {
    CONNECT_TIMEOUT_MS = 15000,
    SLICE_MS = 100,  /* how late an interruption may be noticed that came just before a poll */
    GRACE_MS = 10000 /* for the answer to a cancel request */
};

/* ---- connecting ---- */

static const struct {
    const char *pattern, *hint;
} connect_hints[] = {
    {"does not support SSL",
     "the server has no TLS; switch it on there (ssl = on), or, on a network that you trust, say "
     "?sslmode=disable in the URL (or PGSSLMODE=disable)"},
    {"certificate verify failed", "the server's certificate is not signed by a CA that this "
                                  "machine knows; name its CA file with "
                                  "?sslrootcert=FILE in the URL (or PGSSLROOTCERT)"},
    {"root certificate file",
     "install the package ca-certificates, or name the server's CA file with ?sslrootcert=FILE in "
     "the URL (or PGSSLROOTCERT)"},
    {"does not match host name",
     "connect by the name that the server's certificate has, or say ?sslmode=verify-ca in the URL"},
    {"password authentication failed", "check user and password (URL, ~/.pgpass or PGPASSWORD)"},
    {"no password supplied", "put the password into ~/.pgpass or PGPASSWORD"},
    {"no pg_hba.conf entry",
     "the server's pg_hba.conf does not let this host, user and database in"},
    {"remaining connection slots", "wait until a connection is free, or raise max_connections"},
    {"too many clients", "wait until a connection is free, or raise max_connections"},
    {"unsupported startup parameter",
     "a pooler refuses startup options: unset PGOPTIONS and remove options= from the URL"},
    {"starting up", "the server is starting: try again in a moment"},
    {"shutting down", "the server is shutting down: try again once it runs"},
    {"could not translate host name", "check the host in the URL"},
    {"Connection refused", "is the server running there, and is the port right?"},
    {"No such file or directory", "is the server running on this machine? otherwise name its host: "
                                  "-d postgresql://HOST/DATABASE"},
};

static void connect_hint(const char *text, pgb_error *err)
{
    if (strstr(text, "database \"") != NULL && strstr(text, "does not exist") != NULL) {
        pgb_error_hint(err, "create it first: createdb NAME");
        return;
    }
    for (size_t i = 0; i < sizeof connect_hints / sizeof connect_hints[0]; i++) {
        if (strstr(text, connect_hints[i].pattern) != NULL) {
            pgb_error_hint(err, "%s", connect_hints[i].hint);
            return;
        }
    }
    pgb_error_hint(err, "check the database URL (-d, DATABASE_URL, pgbraid.ini or PGHOST …)");
}

static const char *or_dash(const char *s)
{
    return s != NULL && *s != '\0' ? s : "-";
}

/* "database d on host h, port p, as u" */
static char *describe(pgb_session *s)
{
    const char *host = PQhost(s->conn), *port = PQport(s->conn);
    PGB_AUTO_BUF(b);

    pgb_buf_puts(&b, "database ");
    pgb_text_display(&b, or_dash(PQdb(s->conn)), strlen(or_dash(PQdb(s->conn))), false);
    if (host != NULL && (host[0] == '/' || host[0] == '@')) {
        pgb_buf_puts(&b, " at socket ");
        pgb_text_display(&b, host, strlen(host), false);
    } else {
        pgb_buf_puts(&b, " on host ");
        pgb_text_display(&b, or_dash(host), strlen(or_dash(host)), false);
    }
    pgb_buf_printf(&b, ", port %s, as ", or_dash(port));
    pgb_text_display(&b, or_dash(PQuser(s->conn)), strlen(or_dash(PQuser(s->conn))), false);
    return b.failed ? NULL : pgb_arena_strdup(s->arena, pgb_buf_str(&b));
}

static void connect_error(pgb_session *s, const pgb_conninfo *info, const char *why, pgb_error *err)
{
    char text[1024];

    pgb_conninfo_scrub(text, sizeof text, why != NULL ? why : PQerrorMessage(s->conn),
                       PQpass(s->conn));
    if (strstr(text, "out of memory") != NULL) {
        pgb_error_nomem(err);
        return;
    }
    s->describe = describe(s);
    pgb_error_set(err, PGB_CONNECT, "cannot connect to %s",
                  s->describe != NULL ? s->describe : "the database");
    pgb_error_detail(err, "%s", text);
    if (info->tls_by_us && strstr(text, "does not support SSL") != NULL) {
        pgb_error_context(err, "a remote host gets sslmode=verify-full unless a setting says "
                               "otherwise");
    }
    connect_hint(text, err);
}

static bool is_interrupted(const pgb_session *s)
{
    return s->interrupted != NULL && *s->interrupted != 0;
}

/* One poll of at most a slice; false on a real error of poll. */
static bool poll_slice(int fd, short events, int64_t deadline, short *ret)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = pgb_deadline_left(deadline);
    int n = poll(&p, 1, (int)(left < SLICE_MS ? left : SLICE_MS));

    *ret = 0;
    if (n > 0) {
        *ret = p.revents;
    }
    return n >= 0 || errno == EINTR;
}

static pgb_status connect_loop(pgb_session *s, const pgb_conninfo *info, int64_t deadline,
                               pgb_error *err)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;

    if (PQstatus(s->conn) == CONNECTION_BAD) {
        connect_error(s, info, NULL, err);
        return PGB_CONNECT;
    }
    for (;;) {
        short got = 0;

        if (state == PGRES_POLLING_OK) {
            return PGB_OK;
        }
        if (state == PGRES_POLLING_FAILED) {
            connect_error(s, info, NULL, err);
            return PGB_CONNECT;
        }
        while (got == 0) {
            if (is_interrupted(s)) {
                return pgb_error_set(err, PGB_INTERRUPTED, "interrupted while connecting");
            }
            if (pgb_deadline_left(deadline) == 0) {
                connect_error(s, info, "no answer in time", err);
                return PGB_CONNECT;
            }
            if (!poll_slice(PQsocket(s->conn), state == PGRES_POLLING_READING ? POLLIN : POLLOUT,
                            deadline, &got)) {
                return pgb_error_set_errno(err, PGB_CONNECT, errno, "cannot wait for the server");
            }
        }
        state = PQconnectPoll(s->conn);
    }
}

static void on_notice(void *data, const PGresult *result)
{
    pgb_session *s = data;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);

    if (s->notice != NULL && message != NULL) {
        PGB_AUTO_BUF(b);

        pgb_buf_puts(&b, message);
        if (detail != NULL) {
            pgb_buf_printf(&b, "\nDETAIL: %s", detail);
        }
        if (hint != NULL) {
            pgb_buf_printf(&b, "\nHINT: %s", hint);
        }
        if (!b.failed) {
            s->notice(s->notice_data, severity != NULL ? severity : "NOTICE", pgb_buf_str(&b));
        }
    }
}

/* ---- settings ---- */

/* All in one SELECT of set_config, which is SET, so that it can be made conditional. */
static char *settings_sql(pgb_session *s, bool read_only, bool conditional, bool local)
{
    int version = PQserverVersion(s->conn);
    const struct {
        const char *name, *value;
        int since;
    } settings[] = {
        {"client_encoding", "'UTF8'", 0},
        /* a setting of role or database may have weakened it; remote_apply is stronger */
        {"synchronous_commit",
         "CASE pg_catalog.current_setting('synchronous_commit') WHEN 'remote_apply' THEN "
         "'remote_apply' ELSE 'on' END",
         0},
        {"standard_conforming_strings", "'on'", 0},
        {"statement_timeout", "'0'", 0},
        {"idle_in_transaction_session_timeout", "'0'", 0},
        {"idle_session_timeout", "'0'", 140000},
        {"client_connection_check_interval", "'2s'", 140000},
        {"transaction_timeout", "'0'", 170000},
    };
    PGB_AUTO_BUF(b);

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        /* the server takes it only where it can poll for a hang-up */
        bool linux_only = strcmp(settings[i].name, "client_connection_check_interval") == 0;

        if (version >= settings[i].since) {
            pgb_buf_printf(&b, "%s%spg_catalog.set_config('%s', %s, %s)%s",
                           b.len == 0 ? "SELECT " : ", ",
                           linux_only ? "CASE WHEN pg_catalog.version() LIKE '%linux%' THEN " : "",
                           settings[i].name, settings[i].value, local ? "true" : "false",
                           linux_only ? " END" : "");
        }
    }
    if (read_only) {
        pgb_buf_printf(&b, ", pg_catalog.set_config('default_transaction_read_only', 'on', %s)",
                       local ? "true" : "false");
    }
    if (conditional) {
        /* a pooler answers with a pid of its own: then nothing is set, since it would stay on a
         * connection that other clients get */
        pgb_buf_printf(&b, " WHERE pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) %d",
                       PQbackendPID(s->conn));
    }
    return b.failed ? NULL : pgb_arena_strdup(s->arena, pgb_buf_str(&b));
}

static pgb_status set_up(pgb_session *s, bool read_only, pgb_error *err)
{
    char *conditional = settings_sql(s, read_only, true, false), *both = NULL;
    pgb_result *facts = NULL;
    pgb_status status;

    s->settings = settings_sql(s, read_only, false, false);
    s->settings_local = settings_sql(s, read_only, false, true);
    if (conditional != NULL) {
        both = pgb_arena_printf(s->arena, "%s; SELECT pg_catalog.pg_backend_pid()", conditional);
    }
    if (s->settings == NULL || s->settings_local == NULL || both == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec(s, both, &facts, err);
    if (status != PGB_OK) {
        return status;
    }
    if (pgb_result_rows(facts) != 1) {
        pgb_result_free(facts);
        return pgb_error_set(err, PGB_CONNECT, "the server gave no answer that makes sense");
    }
    s->backend_pid = (int)pgb_result_int(facts, 0, 0);
    s->pooled = s->backend_pid != PQbackendPID(s->conn);
    pgb_result_free(facts);
    return PGB_OK;
}

pgb_status pgb_session_open(const pgb_session_options *options, pgb_session **ret_session,
                            pgb_error *err)
{
    pgb_session *s = calloc(1, sizeof *s);
    pgb_conninfo info;
    int64_t timeout;
    pgb_status status;

    if (s == NULL) {
        return pgb_error_nomem(err);
    }
    s->deadline = PGB_DEADLINE_NEVER;
    s->interrupted = options->interrupted;
    s->arena = pgb_arena_new();
    if (s->arena == NULL) {
        free(s);
        return pgb_error_nomem(err);
    }
    status = pgb_conninfo_read(options, s->arena, &info, err);
    if (status != PGB_OK) {
        goto failed;
    }
    timeout = options->connect_timeout_ms >= 0 ? options->connect_timeout_ms
              : info.timeout_ms > 0            ? info.timeout_ms * info.hosts
                                               : (int64_t)CONNECT_TIMEOUT_MS * info.hosts;
    s->conn = PQconnectStartParams(info.keys, info.values, 1);
    if (s->conn == NULL) {
        status = pgb_error_nomem(err);
        goto failed;
    }
    PQsetNoticeReceiver(s->conn, on_notice, s);
    s->deadline = pgb_deadline_in(timeout);
    status = connect_loop(s, &info, s->deadline, err);
    if (status != PGB_OK) {
        status = err != NULL && err->status != PGB_OK ? err->status : status;
        goto failed;
    }
    s->describe = describe(s);
    if (s->describe == NULL) {
        status = pgb_error_nomem(err);
        goto failed;
    }
    if (PQserverVersion(s->conn) < 120000) {
        status = pgb_error_set(err, PGB_CONNECT, "%s is PostgreSQL %s; 12 or later is needed",
                               s->describe, PQparameterStatus(s->conn, "server_version"));
        pgb_error_hint(err, "upgrade the server");
        goto failed;
    }
    if (PQsetnonblocking(s->conn, 1) != 0) {
        status = pgb_error_set(err, PGB_CONNECT, "cannot use the connection without blocking");
        goto failed;
    }
    status = set_up(s, options->read_only, err);
    if (status != PGB_OK) {
        if (status == PGB_SQL) {
            /* refused by the server before any work: what could not be had is the connection */
            if (err != NULL) {
                err->status = PGB_CONNECT;
            }
            status = PGB_CONNECT;
        }
        pgb_error_hint(err, "try again; if it stays so, look at the server's log");
        goto failed;
    }
    s->deadline = PGB_DEADLINE_NEVER;
    *ret_session = s;
    return PGB_OK;

failed:
    pgb_session_close(s);
    return status;
}

void pgb_session_close(pgb_session *session)
{
    if (session != NULL) {
        PQfinish(session->conn);
        free(session->flight.ring);
        pgb_arena_free(session->arena);
        free(session);
    }
}

/* ---- waiting ---- */

pgb_status pgb_session_lose(pgb_session *s, pgb_error *err)
{
    char text[1024];

    s->lost = true;
    pgb_conninfo_scrub(text, sizeof text, PQerrorMessage(s->conn), PQpass(s->conn));
    if (strstr(text, "out of memory") != NULL || strstr(text, "cannot allocate memory") != NULL) {
        return pgb_error_nomem(err);
    }
    if (s->cancelled == PGB_INTERRUPTED) {
        return pgb_error_set(err, PGB_INTERRUPTED, "interrupted");
    }
    pgb_error_set(err, PGB_CONNECT, "the connection to %s was lost", s->describe);
    if (text[0] != '\0') {
        pgb_error_detail(err, "%s", text);
    }
    return err != NULL ? err->status : PGB_CONNECT;
}

pgb_status pgb_session_ready(pgb_session *s, pgb_error *err)
{
    if (s->lost) {
        return pgb_error_set(err, PGB_CONNECT, "the connection to %s was lost", s->describe);
    }
    s->cancelled = PGB_OK;
    s->position = 0;
    return PGB_OK;
}

/* Interruption and deadline become a cancel request; its answer comes as the statement's. */
static pgb_status look_up(pgb_session *s, pgb_error *err)
{
    if (s->cancelled == PGB_OK) {
        pgb_status why = is_interrupted(s)                     ? PGB_INTERRUPTED
                         : pgb_deadline_left(s->deadline) == 0 ? PGB_FAILED
                                                               : PGB_OK;

        if (why != PGB_OK) {
            s->cancelled = why;
            s->grace = pgb_deadline_in(GRACE_MS);
            pgb_cancel(s->conn);
        }
    } else if (pgb_deadline_left(s->grace) == 0) {
        s->lost = true;
        if (s->cancelled == PGB_INTERRUPTED) {
            return pgb_error_set(err, PGB_INTERRUPTED, "interrupted; the server did not answer");
        }
        return pgb_error_set(err, PGB_CONNECT, "%s did not answer", s->describe);
    }
    return PGB_OK;
}

/* libpq had no memory for a result. For that of a sync it then waits for ever, since it has passed
 * over the server's answer. The server's own words never begin a line like this. */
bool pgb_session_no_memory(const pgb_session *s)
{
    static const char words[] = "out of memory";
    const char *text = PQerrorMessage(s->conn);
    size_t len = strlen(text), n = sizeof words - 1;

    len -= len > 0 && text[len - 1] == '\n';
    return len >= n && memcmp(text + len - n, words, n) == 0 &&
           (len == n || text[len - n - 1] == '\n');
}

/* Where libpq has no memory for the answer to COPY it says nothing and tries again at the next
 * look, which nothing but new input would bring. */
static pgb_status look_at_memory(pgb_session *s, pgb_error *err)
{
    void *volatile probe = malloc(512);

    if (probe != NULL && !pgb_session_no_memory(s)) {
        free(probe);
        return PGB_OK;
    }
    free(probe);
    s->lost = true;
    return pgb_error_nomem(err);
}

pgb_status pgb_session_wait(pgb_session *s, bool write, pgb_error *err)
{
    int64_t begun = pgb_clock_ms(), next = s->waiting_after;
    short got = 0;

    if (!write && s->unanswered) {
        s->unanswered = false;
        s->waits++;
    }
    for (;;) {
        int64_t deadline = s->cancelled == PGB_OK ? s->deadline : s->grace, waited;
        pgb_status status;

        if (!poll_slice(PQsocket(s->conn), (short)(POLLIN | (write ? POLLOUT : 0)), deadline,
                        &got)) {
            return pgb_session_lose(s, err);
        }
        if (got != 0) {
            return PGB_OK;
        }
        status = look_up(s, err);
        if (status == PGB_OK && !write) {
            if (!PQisBusy(s->conn)) {
                return PGB_OK;
            }
            status = look_at_memory(s, err);
        }
        if (status != PGB_OK) {
            return status;
        }
        waited = pgb_clock_ms() - begun;
        if (s->waiting != NULL && waited >= next) {
            next = waited + s->waiting_every;
            s->waiting(s->waiting_data, waited);
        }
    }
}

pgb_status pgb_session_flush(pgb_session *s, pgb_status (*between)(pgb_session *s, pgb_error *err),
                             pgb_error *err)
{
    for (;;) {
        int left = PQflush(s->conn);
        pgb_status status;

        s->unanswered = true;
        if (left == 0) {
            return PGB_OK;
        }
        if (left < 0) {
            return pgb_session_lose(s, err);
        }
        status = pgb_session_wait(s, true, err);
        if (status != PGB_OK) {
            return status;
        }
        if (PQconsumeInput(s->conn) != 1) {
            return pgb_session_lose(s, err);
        }
        if (between != NULL) {
            status = between(s, err);
            if (status != PGB_OK) {
                return status;
            }
        }
    }
}

pgb_status pgb_session_answer(pgb_session *s, pgb_error *err)
{
    while (PQisBusy(s->conn)) {
        pgb_status status = pgb_session_wait(s, false, err);

        if (status != PGB_OK) {
            return status;
        }
        if (PQconsumeInput(s->conn) != 1) {
            /* What the server said before it hung up may have been read already: PQgetResult gives
             * it, and the loss is seen on the next look. */
            if (PQstatus(s->conn) != CONNECTION_BAD || PQisBusy(s->conn)) {
                return pgb_session_lose(s, err);
            }
        }
    }
    return PGB_OK;
}

/* ---- what is known of a session ---- */

const char *pgb_session_describe(const pgb_session *session)
{
    return session->describe;
}

const char *pgb_session_database(const pgb_session *session)
{
    return PQdb(session->conn);
}

int pgb_session_server_version(const pgb_session *session)
{
    return PQserverVersion(session->conn);
}

int pgb_session_backend_pid(const pgb_session *session)
{
    return session->backend_pid;
}

bool pgb_session_lost(const pgb_session *session)
{
    return session->lost;
}

bool pgb_session_pooled(const pgb_session *session)
{
    return session->pooled;
}

const char *pgb_session_settings_sql(const pgb_session *session, bool local)
{
    return local ? session->settings_local : session->settings;
}

void pgb_session_set_deadline(pgb_session *session, int64_t deadline)
{
    session->deadline = deadline;
}

void pgb_session_set_interrupt(pgb_session *session, const volatile int *flag)
{
    session->interrupted = flag;
}

void pgb_session_set_notice(pgb_session *session,
                            void (*notice)(void *data, const char *severity, const char *text),
                            void *data)
{
    session->notice = notice;
    session->notice_data = data;
}

void pgb_session_set_waiting(pgb_session *session, int64_t after_ms, int64_t every_ms,
                             void (*waiting)(void *data, int64_t waited_ms), void *data)
{
    session->waiting = waiting;
    session->waiting_data = data;
    session->waiting_after = after_ms;
    session->waiting_every = every_ms;
}

uint32_t pgb_session_waits(const pgb_session *session)
{
    return session->waits;
}

int pgb_session_error_position(const pgb_session *session)
{
    return session->position;
}

bool pgb_session_in_transaction(const pgb_session *session)
{
    return PQtransactionStatus(session->conn) != PQTRANS_IDLE;
}
