#include "pg/flight.h"

#include <stdlib.h>
#include <string.h>

#include "pg/internal.h"

/* What may be outstanding before answers are waited for. A usual revision stays far below, so that
 * it costs one wait; a script of gigabytes stays bounded. */
enum { OUTSTANDING_MAX = 4096, OUTSTANDING_BYTES = 4 * 1024 * 1024, WRITE_BYTES = 64 * 1024 };

static bool push(flight *f, entry e)
{
    if (f->n == f->cap) {
        size_t cap = f->cap != 0 ? f->cap * 2 : 64;
        entry *ring = malloc(cap * sizeof *ring);

        if (ring == NULL) {
            return false;
        }
        for (size_t i = 0; i < f->n; i++) {
            ring[i] = f->ring[(f->head + i) % f->cap];
        }
        free(f->ring);
        f->ring = ring;
        f->head = 0;
        f->cap = cap;
    }
    f->ring[(f->head + f->n++) % f->cap] = e;
    f->bytes += e.bytes;
    return true;
}

static void pop(flight *f)
{
    f->bytes -= f->ring[f->head].bytes;
    f->head = (f->head + 1) % f->cap;
    f->n--;
}

static pgb_status fail(flight *f, const entry *e, pgb_status status)
{
    f->failed = true;
    f->failure = e->tag;
    f->failed_status = status;
    return status;
}

static pgb_status out_of_step(pgb_session *s, const entry *e, pgb_error *err)
{
    pgb_status status;

    s->lost = true;
    if (strstr(PQerrorMessage(s->conn), "memory") != NULL) {
        status = pgb_error_nomem(err);
    } else {
        status = pgb_error_set(err, PGB_CONNECT, "the connection to %s is out of step",
                               s->describe != NULL ? s->describe : "the database");
        pgb_error_detail(err, "an answer is missing or in the wrong place");
    }
    return s->flight.failed ? status : fail(&s->flight, e, status);
}

/* One result for the first outstanding entry. */
static pgb_status take_result(pgb_session *s, PGresult *r, pgb_error *err)
{
    flight *f = &s->flight;
    const entry *e = &f->ring[f->head];
    ExecStatusType kind = PQresultStatus(r);
    pgb_status status;

    if (e->sync) {
        if (kind == PGRES_PIPELINE_SYNC) {
            pop(f);
            return PGB_OK;
        }
        if (kind == PGRES_FATAL_ERROR && PQresultErrorField(r, PG_DIAG_SQLSTATE) == NULL &&
            strstr(PQresultErrorMessage(r), "out of memory") != NULL) {
            /* libpq's own word: it had no memory for a sync's result, and no other comes */
            s->lost = true;
            return f->failed ? f->failed_status : fail(f, e, pgb_error_nomem(&f->failed_error));
        }
        if (kind == PGRES_FATAL_ERROR) {
            /* an implicit transaction failed at the sync itself; its sync still comes */
            if (f->failed) {
                pgb_session_result_error(s, r, NULL);
                return s->lost ? PGB_CONNECT : PGB_OK;
            }
            status = fail(f, e, pgb_session_result_error(s, r, &f->failed_error));
            return s->lost ? status : PGB_OK;
        }
        return out_of_step(s, e, err);
    }
    switch (kind) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
        if (!f->failed && f->fn != NULL) {
            status = f->fn(f->data, &e->tag, (const pgb_result *)r, &f->failed_error);
            if (status != PGB_OK) {
                fail(f, e, status);
            }
        }
        return PGB_OK;
    case PGRES_FATAL_ERROR:
        status = pgb_session_result_error(s, r, f->failed ? NULL : &f->failed_error);
        if (!f->failed) {
            fail(f, e, status);
        }
        return s->lost ? status : PGB_OK;
    case PGRES_PIPELINE_ABORTED:
        return f->failed ? PGB_OK : out_of_step(s, e, err);
    case PGRES_COPY_OUT:
    case PGRES_COPY_IN:
    case PGRES_COPY_BOTH:
        /* libpq has no way on from here in a pipeline; not PGB_CONNECT, since doing it again on a
         * new connection would end the same */
        s->lost = true;
        if (!f->failed) {
            fail(f, e,
                 pgb_error_set(&f->failed_error, PGB_FAILED,
                               "COPY to or from the client is not possible here"));
            pgb_error_hint(&f->failed_error,
                           "COPY … FROM stdin needs its data behind it in the file; COPY … TO "
                           "stdout has nowhere to go: remove it");
        }
        return f->failed_status;
    default:
        return out_of_step(s, e, err);
    }
}

/* Takes what has come, or with wait until at most `down_to` answers are outstanding. */
static pgb_status pump(pgb_session *s, bool wait, size_t down_to, pgb_error *err)
{
    flight *f = &s->flight;

    while (f->n > down_to) {
        bool sync = f->ring[f->head].sync;
        pgb_status status;
        PGresult *r;

        if (f->ring[f->head].unread) {
            /* before anything of its answer is looked at; refused (and harmless) later on */
            PQsetSingleRowMode(s->conn);
        }
        if (PQisBusy(s->conn)) {
            if (!wait) {
                return PGB_OK;
            }
            status = pgb_session_answer(s, err);
            if (status != PGB_OK) {
                return status;
            }
        }
        if (sync && pgb_session_no_memory(s)) {
            /* the sync that has come is the next one's */
            s->lost = true;
            return f->failed ? f->failed_status
                             : fail(f, &f->ring[f->head], pgb_error_nomem(&f->failed_error));
        }
        r = PQgetResult(s->conn);
        if (r == NULL) {
            return PQstatus(s->conn) == CONNECTION_BAD ? pgb_session_lose(s, err)
                                                       : out_of_step(s, &f->ring[f->head], err);
        }
        if (PQresultStatus(r) == PGRES_SINGLE_TUPLE) {
            PQclear(r);
            continue;
        }
        status = take_result(s, r, err);
        PQclear(r);
        if (status != PGB_OK) {
            return status;
        }
        if (!sync) {
            /* a statement has one result, and NULL behind it */
            status = pgb_session_answer(s, err);
            if (status != PGB_OK) {
                return status;
            }
            r = PQgetResult(s->conn);
            if (r != NULL) {
                PQclear(r);
                return out_of_step(s, &f->ring[f->head], err);
            }
            pop(f);
        }
    }
    return PGB_OK;
}

static pgb_status take_what_came(pgb_session *s, pgb_error *err)
{
    return pump(s, false, 0, err);
}

/* Passes on what the socket takes; with too much outstanding, asks for answers and waits. */
static pgb_status keep_going(pgb_session *s, pgb_error *err)
{
    flight *f = &s->flight;
    pgb_status status;

    if (f->unsent >= WRITE_BYTES) {
        status = pgb_session_flush(s, take_what_came, err);
        if (status != PGB_OK) {
            return status;
        }
        f->unsent = 0;
    }
    if (f->n >= OUTSTANDING_MAX || f->bytes >= OUTSTANDING_BYTES) {
        if (PQsendFlushRequest(s->conn) != 1) {
            return pgb_session_lose(s, err);
        }
        status = pgb_session_flush(s, take_what_came, err);
        if (status == PGB_OK) {
            status = pump(s, true, 0, err);
        }
        f->unsent = 0;
        return status;
    }
    return PGB_OK;
}

pgb_status pgb_flight_open(pgb_session *session, pgb_flight_fn fn, void *data, pgb_error *err)
{
    flight *f = &session->flight;
    pgb_status status = pgb_session_ready(session, err);

    if (status != PGB_OK) {
        return status;
    }
    if (f->on || PQenterPipelineMode(session->conn) != 1) {
        return pgb_session_lose(session, err);
    }
    f->on = true;
    f->fn = fn;
    f->data = data;
    f->head = f->n = f->bytes = f->unsent = 0;
    f->failed = false;
    f->failed_status = PGB_OK;
    memset(&f->failure, 0, sizeof f->failure);
    pgb_error_clear(&f->failed_error);
    return PGB_OK;
}

/* The flight's failure as the caller's error. */
static pgb_status give_failure(const flight *f, pgb_error *err)
{
    if (err != NULL && err->status == PGB_OK) {
        *err = f->failed_error;
        err->status = f->failed_status;
    }
    return f->failed_status;
}

/* sql: to be prepared under name, or to be executed when that is NULL; else name is executed. */
static pgb_status dispatch(pgb_session *session, pgb_tag tag, const char *name, const char *sql,
                           int n, const char *const *values, bool unread, pgb_error *err)
{
    flight *f = &session->flight;
    size_t bytes = sql != NULL ? strlen(sql) : 0;
    entry e = {.tag = tag, .bytes = (uint32_t)bytes, .unread = unread};
    pgb_status status;
    int sent;

    if (session->lost) {
        return pgb_session_ready(session, err);
    }
    if (f->failed) {
        return f->failed_status; /* land tells the error */
    }
    for (int i = 0; i < n; i++) {
        bytes += values[i] != NULL ? strlen(values[i]) : 0;
    }
    if (!push(f, e)) {
        /* nothing of it was sent; the flight can land */
        fail(f, &e, pgb_error_nomem(&f->failed_error));
        return f->failed_status;
    }
    if (name == NULL) {
        sent = PQsendQueryParams(session->conn, sql, n, NULL, values, NULL, NULL, 0);
    } else if (sql != NULL) {
        sent = PQsendPrepare(session->conn, name, sql, 0, NULL);
    } else {
        sent = PQsendQueryPrepared(session->conn, name, n, values, NULL, NULL, 0);
    }
    if (sent != 1) {
        /* a part of it may be in libpq's buffer already */
        return pgb_session_lose(session, err);
    }
    f->unsent += bytes + 64;
    status = keep_going(session, err);
    if (status != PGB_OK) {
        return status;
    }
    return f->failed ? f->failed_status : PGB_OK;
}

pgb_status pgb_flight_send(pgb_session *session, pgb_tag tag, const char *sql, int n,
                           const char *const *values, pgb_error *err)
{
    return dispatch(session, tag, NULL, sql, n, values, false, err);
}

pgb_status pgb_flight_send_unread(pgb_session *session, pgb_tag tag, const char *sql,
                                  pgb_error *err)
{
    return dispatch(session, tag, NULL, sql, 0, NULL, true, err);
}

pgb_status pgb_flight_prepare(pgb_session *session, pgb_tag tag, const char *name, const char *sql,
                              pgb_error *err)
{
    return dispatch(session, tag, name, sql, 0, NULL, false, err);
}

pgb_status pgb_flight_execute(pgb_session *session, pgb_tag tag, const char *name, int n,
                              const char *const *values, pgb_error *err)
{
    return dispatch(session, tag, name, NULL, n, values, false, err);
}

pgb_status pgb_flight_sync(pgb_session *session, pgb_tag tag, pgb_error *err)
{
    flight *f = &session->flight;
    entry e = {.tag = tag, .sync = true};

    if (session->lost) {
        return pgb_session_ready(session, err);
    }
    if (!push(f, e)) {
        session->lost = true; /* without it the server does not answer */
        return pgb_error_nomem(err);
    }
    if (PQpipelineSync(session->conn) != 1) {
        return pgb_session_lose(session, err);
    }
    f->unsent += 8;
    return PGB_OK;
}

pgb_status pgb_flight_land(pgb_session *session, pgb_tag *ret_failure, pgb_error *err)
{
    flight *f = &session->flight;
    pgb_status status = PGB_OK;
    PGnotify *n;

    if (!session->lost) {
        status = pgb_session_flush(session, take_what_came, err);
        if (status == PGB_OK) {
            status = pump(session, true, 0, err);
        }
    }
    f->on = false;
    if (ret_failure != NULL && (f->failed || session->lost)) {
        *ret_failure = f->failed ? f->failure : f->n > 0 ? f->ring[f->head].tag : f->failure;
    }
    if (session->lost) {
        f->n = 0;
        if (f->failed) {
            return give_failure(f, err);
        }
        return status != PGB_OK ? status : pgb_session_ready(session, err);
    }
    if (status == PGB_OK && PQexitPipelineMode(session->conn) != 1) {
        status = pgb_session_lose(session, err);
    }
    /* a file may LISTEN: nobody wants these */
    while ((n = PQnotifies(session->conn)) != NULL) {
        PQfreemem(n);
    }
    return f->failed ? give_failure(f, err) : status;
}

bool pgb_flight_failed(const pgb_session *session)
{
    return session->flight.failed || session->lost;
}

/* ---- COPY ---- */

pgb_status pgb_copy_begin(pgb_session *session, const char *sql, pgb_error *err)
{
    pgb_status status = pgb_session_ready(session, err);
    PGresult *r;
    ExecStatusType kind;

    if (status != PGB_OK) {
        return status;
    }
    if (PQsendQuery(session->conn, sql) != 1) {
        return pgb_session_lose(session, err);
    }
    status = pgb_session_flush(session, NULL, err);
    if (status == PGB_OK) {
        status = pgb_session_answer(session, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    r = PQgetResult(session->conn);
    if (r == NULL) {
        return pgb_session_lose(session, err);
    }
    kind = PQresultStatus(r);
    if (kind == PGRES_COPY_IN) {
        PQclear(r);
        return PGB_OK;
    }
    if (kind == PGRES_FATAL_ERROR) {
        status = pgb_session_result_error(session, r, err);
    } else {
        status = pgb_error_set(err, PGB_FAILED, "the server does not take data for this COPY");
        session->lost = true;
    }
    PQclear(r);
    while (!session->lost) {
        if (pgb_session_answer(session, NULL) != PGB_OK) {
            break;
        }
        r = PQgetResult(session->conn);
        if (r == NULL) {
            break;
        }
        PQclear(r);
    }
    return status;
}

/* libpq takes nothing though all that it had is written: it has no memory. */
static pgb_status no_room(pgb_session *s, pgb_error *err)
{
    s->lost = true;
    return pgb_error_nomem(err);
}

pgb_status pgb_copy_data(pgb_session *session, const char *bytes, size_t len, pgb_error *err)
{
    pgb_status status = PGB_OK;
    bool stuck = false;

    if (session->lost) {
        return pgb_session_ready(session, err);
    }
    while (len > 0 && status == PGB_OK) {
        size_t piece = len < WRITE_BYTES ? len : WRITE_BYTES;
        int put = PQputCopyData(session->conn, bytes, (int)piece);

        if (put < 0) {
            return pgb_session_lose(session, err);
        }
        if (put == 0 && stuck) {
            return no_room(session, err);
        }
        stuck = put == 0;
        if (put == 1) {
            bytes += piece;
            len -= piece;
            session->flight.unsent += piece;
        }
        if (put == 0 || session->flight.unsent >= WRITE_BYTES) {
            status = pgb_session_flush(session, NULL, err);
            session->flight.unsent = 0;
        }
    }
    return status;
}

pgb_status pgb_copy_end(pgb_session *session, const char *abort, pgb_error *err)
{
    pgb_status status = PGB_OK;
    bool done = false, stuck = false;

    if (session->lost) {
        return pgb_session_ready(session, err);
    }
    while (!done) {
        int put = PQputCopyEnd(session->conn, abort);

        if (put < 0) {
            return pgb_session_lose(session, err);
        }
        if (put == 0 && stuck) {
            return no_room(session, err);
        }
        stuck = put == 0;
        done = put == 1;
        status = pgb_session_flush(session, NULL, err);
        if (status != PGB_OK) {
            return status;
        }
    }
    session->flight.unsent = 0;
    done = false;
    for (;;) {
        PGresult *r;

        if (pgb_session_answer(session, status == PGB_OK ? err : NULL) != PGB_OK) {
            return status != PGB_OK ? status : err != NULL ? err->status : PGB_CONNECT;
        }
        r = PQgetResult(session->conn);
        if (r == NULL) {
            break;
        }
        if (PQresultStatus(r) == PGRES_COMMAND_OK) {
            done = true;
        } else if (status == PGB_OK) {
            status = pgb_session_result_error(session, r, err);
        }
        PQclear(r);
        if (session->lost) {
            return status;
        }
    }
    if (PQstatus(session->conn) == CONNECTION_BAD || (!done && status == PGB_OK)) {
        pgb_status lost = pgb_session_lose(session, status == PGB_OK ? err : NULL);

        return status != PGB_OK ? status : lost;
    }
    return status;
}
