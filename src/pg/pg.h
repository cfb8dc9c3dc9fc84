/*
 * Sessions with a PostgreSQL server. The only place with <libpq-fe.h>.
 *
 * Guarantee: every wait has a deadline and ends at a cancel request of ours; only SET is used for
 * settings, never startup options (poolers refuse them); passwords never reach a message, a log or
 * a process title; a lost connection is PGB_CONNECT with session->lost set, never mistaken for an
 * answer. One session belongs to one thread at a time. Floor 1 (base).
 */
#ifndef PGB_PG_PG_H
#define PGB_PG_PG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

typedef struct pgb_session pgb_session;
typedef struct pgb_result pgb_result;

typedef struct pgb_session_options {
    const char *conninfo;         /* URI or keyword=value; "" for the environment's */
    const char *application_name; /* NULL: "pgbraid" */
    int64_t connect_timeout_ms;   /* < 0: 15 s */
    bool read_only;               /* every transaction of the session is read-only */
    bool writable; /* of several hosts, the one that takes writes (unless target_session_attrs says
                      otherwise) */
    const volatile int *interrupted; /* not 0: give up; may be NULL */
} pgb_session_options;

/* Remote hosts get sslmode verify-full with the system's CA file unless settings say otherwise.
 * PGOPTIONS and `options` are the user's own and are sent as every libpq program sends them; we add
 * none. Every error is PGB_CONNECT with a hint of what to do (PGB_NOMEM, PGB_INTERRUPTED aside). */
pgb_status pgb_session_open(const pgb_session_options *options, pgb_session **ret_session,
                            pgb_error *err);
void pgb_session_close(pgb_session *session); /* NULL is allowed */

/* "database d on host h, port p, as u", without secrets; lives as long as the session. */
const char *pgb_session_describe(const pgb_session *session);
const char *pgb_session_database(const pgb_session *session);
int pgb_session_server_version(const pgb_session *session); /* 150018 */
int pgb_session_backend_pid(const pgb_session *session);
bool pgb_session_lost(const pgb_session *session);
/* Between us and the backend is a pooler: the pid that the protocol gave is not the backend's. Then
 * no setting was made: it would stay on a connection that others use. */
bool pgb_session_pooled(const pgb_session *session);

/* The statement that makes the session's settings (client_encoding, synchronous_commit, timeouts,
 * …) again, after a RESET ALL: a SELECT whose list may be added to. local: for the transaction
 * only. Lives as long as the session. */
const char *pgb_session_settings_sql(const pgb_session *session, bool local);

/* A wait that passes the deadline (pgb_deadline_in; PGB_DEADLINE_NEVER at first) is cancelled, and
 * the call fails with PGB_FAILED; when *flag is not 0, likewise, with PGB_INTERRUPTED. A server
 * that does not answer the cancel request within seconds is left: the session is lost. */
void pgb_session_set_deadline(pgb_session *session, int64_t deadline);
void pgb_session_set_interrupt(pgb_session *session, const volatile int *flag);
/* Called for every NOTICE and WARNING, with its text (and "DETAIL: …", "HINT: …" lines). */
void pgb_session_set_notice(pgb_session *session,
                            void (*notice)(void *data, const char *severity, const char *text),
                            void *data);
/* Called while an answer is waited for, first after `after_ms`, then every `every_ms`; must not use
 * this session. */
void pgb_session_set_waiting(pgb_session *session, int64_t after_ms, int64_t every_ms,
                             void (*waiting)(void *data, int64_t waited_ms), void *data);
/* How often an answer was waited for since the session was opened: network round trips. */
uint32_t pgb_session_waits(const pgb_session *session);
/* Where in the statement the last server error was: characters from its start, 1-based; 0 unknown.
 */
int pgb_session_error_position(const pgb_session *session);
/* A transaction is open (also a failed one), as far as the protocol says. */
bool pgb_session_in_transaction(const pgb_session *session);

/* A simple query without parameters (may be several statements); the last result with rows is
 * returned. ret_result may be NULL. A server error is PGB_SQL with SQLSTATE, detail and hint. */
pgb_status pgb_exec(pgb_session *session, const char *sql, pgb_result **ret_result, pgb_error *err);
/* One statement with text parameters (NULL: SQL null). */
pgb_status pgb_exec_params(pgb_session *session, const char *sql, int n, const char *const *values,
                           pgb_result **ret_result, pgb_error *err);
/* Several read queries in one round trip, in pipeline mode: results[i] answers sqls[i]. On an error
 * none is returned; the error's context names the query's index. */
pgb_status pgb_exec_pipeline(pgb_session *session, int n_queries, const char *const *sqls,
                             const int *n_params, const char *const *const *params,
                             pgb_result **results, pgb_error *err);

/* What a statement would return, without running it: columns and types, no rows. */
pgb_status pgb_describe(pgb_session *session, const char *sql, pgb_result **ret_result,
                        pgb_error *err);

int pgb_result_rows(const pgb_result *r);
int pgb_result_columns(const pgb_result *r);
const char *pgb_result_column_name(const pgb_result *r, int column);
uint32_t pgb_result_type(const pgb_result *r, int column);              /* its oid */
const char *pgb_result_value(const pgb_result *r, int row, int column); /* "" for null */
bool pgb_result_null(const pgb_result *r, int row, int column);
int64_t pgb_result_int(const pgb_result *r, int row, int column); /* 0 for null */
bool pgb_result_bool(const pgb_result *r, int row, int column);
size_t pgb_result_length(const pgb_result *r, int row, int column); /* bytes of the value */
const char *pgb_result_tag(const pgb_result *r); /* the command's tag: "COMMIT", "INSERT 0 1" */
void pgb_result_free(pgb_result *r);

/* "name" quoted as PQescapeIdentifier does it; in the arena. */
const char *pgb_quote_ident(pgb_session *session, pgb_arena *arena, const char *name);

#endif
