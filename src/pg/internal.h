/* What the files of pg share. */
#ifndef PGB_PG_INTERNAL_H
#define PGB_PG_INTERNAL_H

#include <libpq-fe.h>

#include "base/clock.h"
#include "pg/flight.h"
#include "pg/pg.h"

/* One thing sent in a flight whose answer is outstanding. */
typedef struct entry {
    pgb_tag tag;
    uint32_t bytes; /* of its text, which libpq keeps until the answer is there */
    bool sync;
    bool unread; /* its rows are dropped one by one */
} entry;

typedef struct flight {
    bool on; /* the connection is in pipeline mode */
    pgb_flight_fn fn;
    void *data;
    entry *ring; /* answers come in the order of sending */
    size_t head, n, cap;
    size_t bytes;    /* of outstanding texts */
    size_t unsent;   /* handed to libpq since everything was written to the socket */
    bool failed;     /* a statement failed, or fn said so */
    pgb_tag failure; /* which */
    pgb_status failed_status;
    pgb_error failed_error;
} flight;

struct pgb_session {
    PGconn *conn;
    pgb_arena *arena;
    char *describe;
    char *settings, *settings_local;
    bool lost;
    bool pooled;
    bool unanswered; /* something was sent since an answer was last waited for */
    int backend_pid;
    uint32_t waits;
    int64_t deadline;
    const volatile int *interrupted;
    void (*notice)(void *data, const char *severity, const char *text);
    void *notice_data;
    void (*waiting)(void *data, int64_t waited_ms);
    void *waiting_data;
    int64_t waiting_after, waiting_every;
    /* a cancel request was sent for what runs now, and why */
    pgb_status cancelled;
    int64_t grace;
    int position;
    flight flight;
};

/* Begins an operation: nothing is cancelled yet. PGB_CONNECT when the session is lost. */
pgb_status pgb_session_ready(pgb_session *s, pgb_error *err);

/* Waits until the socket can be read (and, with write, until it can be read or written). Deadline
 * and interruption turn into a cancel request, and only when that brings no answer into an error
 * (the session is lost then). */
pgb_status pgb_session_wait(pgb_session *s, bool write, pgb_error *err);
/* Writes all that libpq has buffered, reading meanwhile. between (may be NULL) is called when input
 * came, so that answers don't pile up. */
pgb_status pgb_session_flush(pgb_session *s, pgb_status (*between)(pgb_session *s, pgb_error *err),
                             pgb_error *err);
/* Waits until PQgetResult would not block. */
bool pgb_session_no_memory(const pgb_session *s); /* libpq had none for a result */
pgb_status pgb_session_answer(pgb_session *s, pgb_error *err);

/* The session can't be used any more: PGB_CONNECT, with libpq's reason (or PGB_NOMEM when that was
 * it). */
pgb_status pgb_session_lose(pgb_session *s, pgb_error *err);
/* Sets err from an error result of the server (or one that libpq made up: the session is lost). */
pgb_status pgb_session_result_error(pgb_session *s, const PGresult *result, pgb_error *err);

/* Sends a cancel request, waiting two seconds at most. */
void pgb_cancel(PGconn *conn);

static inline void result_cleanup(PGresult **result)
{
    PQclear(*result);
}
#define AUTO_RESULT(name) PGresult *name __attribute__((cleanup(result_cleanup)))

#endif
