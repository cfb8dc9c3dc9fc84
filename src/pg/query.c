#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg/internal.h"

/* ---- errors of the server ---- */

static void clean(char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 && *s != '\n' && *s != '\t') {
            *s = ' ';
        }
    }
}

pgb_status pgb_session_result_error(pgb_session *s, const PGresult *result, pgb_error *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    pgb_status status;

    if (constraint == NULL) {
        constraint = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
    }

    if (state == NULL || message == NULL) {
        /* not the server's: libpq lost the connection, the thread of the protocol, or memory */
        return pgb_session_lose(s, err);
    }
    if (err != NULL && err->status == PGB_OK) {
        s->position = position != NULL ? (int)strtol(position, NULL, 10) : 0;
    }
    if (severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0)) {
        /* its last words: the server hangs up */
        s->lost = true;
        status = pgb_error_set(err, PGB_CONNECT, "the connection to %s was lost",
                               s->describe != NULL ? s->describe : "the database");
        pgb_error_detail(err, "%s", message);
        if (err != NULL && err->sqlstate[0] == '\0' && err->status == PGB_CONNECT) {
            memcpy(err->sqlstate, state, 5);
        }
        return status;
    }
    if (s->cancelled != PGB_OK && strcmp(state, "57014") == 0) {
        status = s->cancelled == PGB_INTERRUPTED
                     ? pgb_error_set(err, PGB_INTERRUPTED, "interrupted")
                     : pgb_error_set(err, PGB_FAILED, "%s did not answer in time",
                                     s->describe != NULL ? s->describe : "the database");
        return status;
    }
    if (err != NULL && err->status == PGB_OK) {
        status = pgb_error_set(err, PGB_SQL, "%s", message);
        clean(err->message);
        memcpy(err->sqlstate, state, 5);
        err->sqlstate[5] = '\0';
        if (constraint != NULL) {
            snprintf(err->constraint, sizeof err->constraint, "%s", constraint);
        }
        if (detail != NULL) {
            pgb_error_detail(err, "%s", detail);
            clean(err->detail);
        }
        if (hint != NULL) {
            pgb_error_hint(err, "%s", hint);
            clean(err->hint);
        }
        if (context != NULL) {
            pgb_error_context(err, "%s", context);
            clean(err->context[err->n_context - 1]);
        }
        return status;
    }
    return err != NULL ? err->status : PGB_SQL;
}

/* ---- one statement, or several in a simple query ---- */

/* Reads all results of what was sent outside of pipeline mode. The first error stands. */
static pgb_status collect(pgb_session *s, pgb_result **ret_result, pgb_error *err)
{
    pgb_status status = PGB_OK;
    PGresult *kept = NULL;
    bool any = false;

    for (;;) {
        PGresult *r;
        pgb_status got = pgb_session_answer(s, status == PGB_OK ? err : NULL);

        if (got != PGB_OK) {
            PQclear(kept);
            return status != PGB_OK ? status : got;
        }
        r = PQgetResult(s->conn);
        if (r == NULL) {
            break;
        }
        any = true;
        switch (PQresultStatus(r)) {
        case PGRES_TUPLES_OK:
            PQclear(kept);
            kept = r;
            break;
        case PGRES_COMMAND_OK:
        case PGRES_EMPTY_QUERY:
            if (kept == NULL) {
                kept = r;
            } else {
                PQclear(r);
            }
            break;
        case PGRES_FATAL_ERROR:
        case PGRES_NONFATAL_ERROR:
        case PGRES_BAD_RESPONSE:
            got = pgb_session_result_error(s, r, status == PGB_OK ? err : NULL);
            status = status != PGB_OK ? status : got;
            PQclear(r);
            if (s->lost) {
                PQclear(kept);
                return status;
            }
            break;
        default:
            /* COPY, or something newer than we: no way to go on in step */
            PQclear(r);
            PQclear(kept);
            s->lost = true;
            return pgb_error_set(err, PGB_CONNECT,
                                 "the server gave an answer that does not belong here");
        }
    }
    if (PQstatus(s->conn) == CONNECTION_BAD) {
        PQclear(kept);
        return status != PGB_OK ? (s->lost = true, status) : pgb_session_lose(s, err);
    }
    if (!any) {
        /* libpq had no memory for a result: what the server said is not known */
        s->lost = true;
        return status != PGB_OK ? status : pgb_error_nomem(err);
    }
    if (status != PGB_OK || ret_result == NULL) {
        PQclear(kept);
        return status;
    }
    *ret_result = (pgb_result *)kept;
    return PGB_OK;
}

static pgb_status send_and_collect(pgb_session *s, int sent, pgb_result **ret_result,
                                   pgb_error *err)
{
    pgb_status status;

    if (sent != 1) {
        return pgb_session_lose(s, err);
    }
    status = pgb_session_flush(s, NULL, err);
    return status == PGB_OK ? collect(s, ret_result, err) : status;
}

pgb_status pgb_exec(pgb_session *session, const char *sql, pgb_result **ret_result, pgb_error *err)
{
    pgb_status status = pgb_session_ready(session, err);

    return status == PGB_OK
               ? send_and_collect(session, PQsendQuery(session->conn, sql), ret_result, err)
               : status;
}

pgb_status pgb_exec_params(pgb_session *session, const char *sql, int n, const char *const *values,
                           pgb_result **ret_result, pgb_error *err)
{
    pgb_status status = pgb_session_ready(session, err);

    return status == PGB_OK
               ? send_and_collect(
                     session, PQsendQueryParams(session->conn, sql, n, NULL, values, NULL, NULL, 0),
                     ret_result, err)
               : status;
}

pgb_status pgb_describe(pgb_session *session, const char *sql, pgb_result **ret_result,
                        pgb_error *err)
{
    pgb_status status = pgb_session_ready(session, err);

    if (status == PGB_OK) {
        status =
            send_and_collect(session, PQsendPrepare(session->conn, "", sql, 0, NULL), NULL, err);
    }
    return status == PGB_OK ? send_and_collect(session, PQsendDescribePrepared(session->conn, ""),
                                               ret_result, err)
                            : status;
}

/* ---- several queries in one round trip ---- */

static pgb_status keep(void *data, const pgb_tag *tag, const pgb_result *result, pgb_error *err)
{
    pgb_result **results = data;

    if (results[tag->ordinal] == NULL) {
        PGresult *copy = PQcopyResult((const PGresult *)result, PG_COPYRES_TUPLES);

        if (copy == NULL) {
            return pgb_error_nomem(err);
        }
        results[tag->ordinal] = (pgb_result *)copy;
    }
    return PGB_OK;
}

pgb_status pgb_exec_pipeline(pgb_session *session, int n_queries, const char *const *sqls,
                             const int *n_params, const char *const *const *params,
                             pgb_result **results, pgb_error *err)
{
    pgb_status status, landed;
    pgb_tag failure = {0};

    for (int i = 0; i < n_queries; i++) {
        results[i] = NULL;
    }
    status = pgb_flight_open(session, keep, results, err);
    if (status != PGB_OK) {
        return status;
    }
    for (int i = 0; i < n_queries && status == PGB_OK; i++) {
        pgb_tag tag = {.ordinal = (uint32_t)i};

        status = pgb_flight_send(session, tag, sqls[i], n_params != NULL ? n_params[i] : 0,
                                 params != NULL ? params[i] : NULL, err);
    }
    if (!session->lost) {
        pgb_tag tag = {.ordinal = (uint32_t)n_queries};

        landed = pgb_flight_sync(session, tag, err);
        status = status != PGB_OK ? status : landed;
    }
    landed = pgb_flight_land(session, &failure, err);
    status = status != PGB_OK ? status : landed;
    if (status != PGB_OK) {
        pgb_error_context(err, "query %u of %d", failure.ordinal + 1, n_queries);
        for (int i = 0; i < n_queries; i++) {
            PQclear((PGresult *)results[i]);
            results[i] = NULL;
        }
    }
    return status;
}

/* ---- results ---- */

int pgb_result_rows(const pgb_result *r)
{
    return PQntuples((const PGresult *)r);
}

int pgb_result_columns(const pgb_result *r)
{
    return PQnfields((const PGresult *)r);
}

const char *pgb_result_column_name(const pgb_result *r, int column)
{
    return PQfname((const PGresult *)r, column);
}

uint32_t pgb_result_type(const pgb_result *r, int column)
{
    return PQftype((const PGresult *)r, column);
}

const char *pgb_result_value(const pgb_result *r, int row, int column)
{
    return PQgetvalue((const PGresult *)r, row, column);
}

bool pgb_result_null(const pgb_result *r, int row, int column)
{
    return PQgetisnull((const PGresult *)r, row, column) == 1;
}

int64_t pgb_result_int(const pgb_result *r, int row, int column)
{
    return strtoll(PQgetvalue((const PGresult *)r, row, column), NULL, 10);
}

bool pgb_result_bool(const pgb_result *r, int row, int column)
{
    return PQgetvalue((const PGresult *)r, row, column)[0] == 't';
}

size_t pgb_result_length(const pgb_result *r, int row, int column)
{
    return (size_t)PQgetlength((const PGresult *)r, row, column);
}

const char *pgb_result_tag(const pgb_result *r)
{
    /* libpq only reads the result here, but its prototype does not say so */
    union {
        const pgb_result *in;
        PGresult *out;
    } r_ = {.in = r};

    return PQcmdStatus(r_.out);
}

void pgb_result_free(pgb_result *r)
{
    PQclear((PGresult *)r);
}

const char *pgb_quote_ident(pgb_session *session, pgb_arena *arena, const char *name)
{
    char *quoted = PQescapeIdentifier(session->conn, name, strlen(name));
    char *copy = NULL;

    if (quoted != NULL) {
        copy = pgb_arena_strdup(arena, quoted);
        PQfreemem(quoted);
    }
    return copy;
}
