/*
 * Flights: statements sent one behind the other without waiting, in libpq's pipeline mode; and
 * COPY, which can't be part of one.
 *
 * Guarantee: answers are matched to what was sent, one for one; an answer that is missing or out of
 * turn loses the session and is never taken for a success. Answers are read while sending, so that
 * neither side blocks the other; what is outstanding is bounded, whatever the number and size of
 * statements. After the first failure nothing more is handed to the callback, and what stands
 * behind it up to the next sync does not run.
 *
 * Sequence: open, any mix of send and sync (the last is sync), land. A send that returns an error
 * because of an answer to an earlier statement still needs sync and land; both are allowed on a
 * failed flight. Floor 1.
 */
#ifndef PGB_PG_FLIGHT_H
#define PGB_PG_FLIGHT_H

#include "pg/pg.h"

/* Says what a statement was, for whoever reads its answer. */
typedef struct pgb_tag {
    int role;
    uint32_t step;
    uint32_t ordinal;
} pgb_tag;

/* Gets every good answer, in order. An error that it returns (and sets) fails the flight there. */
typedef pgb_status (*pgb_flight_fn)(void *data, const pgb_tag *tag, const pgb_result *result,
                                    pgb_error *err);

pgb_status pgb_flight_open(pgb_session *session, pgb_flight_fn fn, void *data, pgb_error *err);
/* sql is one statement; n text parameters (NULL: SQL null). The texts may be freed afterwards. */
pgb_status pgb_flight_send(pgb_session *session, pgb_tag tag, const char *sql, int n,
                           const char *const *values, pgb_error *err);
/* A statement whose rows, if it has any, nobody wants: they are dropped as they come, however many
 * they are. The callback gets its last result, without rows. */
pgb_status pgb_flight_send_unread(pgb_session *session, pgb_tag tag, const char *sql,
                                  pgb_error *err);
/* The same with a prepared statement: prepare once (name, sql), then execute. They last as long as
 * the session, or until a DEALLOCATE. */
pgb_status pgb_flight_prepare(pgb_session *session, pgb_tag tag, const char *name, const char *sql,
                              pgb_error *err);
pgb_status pgb_flight_execute(pgb_session *session, pgb_tag tag, const char *name, int n,
                              const char *const *values, pgb_error *err);
/* Ends a group: what comes after it runs although the group failed. */
pgb_status pgb_flight_sync(pgb_session *session, pgb_tag tag, pgb_error *err);
/* Waits for all answers and leaves pipeline mode. Returns the first failure of the flight, with
 * *ret_failure (may be NULL) what had failed. When the session was lost, *ret_failure is what was
 * waited for. */
pgb_status pgb_flight_land(pgb_session *session, pgb_tag *ret_failure, pgb_error *err);
/* The flight has failed: there is no use in sending more. */
bool pgb_flight_failed(const pgb_session *session);

/* COPY … FROM stdin: begin with the statement, data in pieces, end. abort NULL: complete; else the
 * server is told that it failed, and pgb_copy_end returns its error. After an error of copy_data,
 * call copy_end all the same. */
pgb_status pgb_copy_begin(pgb_session *session, const char *sql, pgb_error *err);
pgb_status pgb_copy_data(pgb_session *session, const char *bytes, size_t len, pgb_error *err);
pgb_status pgb_copy_end(pgb_session *session, const char *abort, pgb_error *err);

#endif
