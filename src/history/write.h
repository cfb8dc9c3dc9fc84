/*
 * Writing the history: each call composes one statement with its parameters, to be sent by whoever
 * holds the transaction (or to be written into a script with literals).
 *
 * Guarantee: nothing is sent here but by pgb_history_ensure; SQL is schema-qualified and takes
 * values only as parameters; strings of a statement live in the arena. Floor 2 (base, pg).
 */
#ifndef PGB_HISTORY_WRITE_H
#define PGB_HISTORY_WRITE_H

#include "history/history.h"

enum { PGB_STATEMENT_PARAMS = 26 };

typedef struct pgb_statement {
    const char *sql;
    int n;
    const char *values[PGB_STATEMENT_PARAMS]; /* NULL: SQL null */
} pgb_statement;

/* Where the history is, and who writes: one per run. */
typedef struct pgb_history_place {
    const char *schema; /* as configured, unquoted; NULL: "pgbraid" */
    const char *project;
    const char *run;  /* UUID */
    const char *from; /* pgb_history_from */
} pgb_history_place;

/* All that a row says. Texts over 1 MiB are to be NULL. Hashes NULL: unknown. */
typedef struct pgb_record {
    const char *id, *title, *file;
    const char *const *parents;
    const char *const *depends;
    const char *const *labels;
    uint32_t n_parents, n_depends, n_labels;
    const char *header_text, *up_text, *down_text;
    const char *header_norm, *up_raw, *up_norm, *down_raw, *down_norm;
    bool has_down;
    const char *irreversible;
    bool transaction_none, stamped, incomplete;
    int64_t duration_us; /* < 0: since the transaction began, by the server's clock */
} pgb_record;

typedef struct pgb_event_record {
    const char *id;
    const char *event; /* "upgrade", "downgrade", "stamp", "unstamp", "fail", "repair" */
    const char *sqlstate, *message; /* NULL: none */
    int64_t duration_us;            /* < 0: none */
    bool since_begin;               /* with duration < 0: since the transaction began */
} pgb_event_record;

/* A statement of a revision outside a transaction. */
typedef struct pgb_step_record {
    const char *id;
    bool down;
    uint32_t ordinal;
    bool done; /* false: intent */
    const char *hash, *kind, *command;
    const char *object, *detail; /* NULL: none */
} pgb_step_record;

typedef struct pgb_step_row {
    uint32_t ordinal;
    bool done;
    const char *hash, *kind, *command, *object, *detail, *run, *at;
} pgb_step_row;

/* "user@host (process id)" of this process, into buf. */
void pgb_history_from(char *buf, size_t size);

/* All return PGB_OK or PGB_NOMEM. */
pgb_status pgb_history_insert(const pgb_history_place *place, const pgb_record *record,
                              pgb_arena *arena, pgb_statement *ret, pgb_error *err);
pgb_status pgb_history_delete(const pgb_history_place *place, const char *id, pgb_arena *arena,
                              pgb_statement *ret, pgb_error *err);
/* transaction none: an incomplete row is made whole; a whole one is marked incomplete (downgrade
 * begins). */
pgb_status pgb_history_complete(const pgb_history_place *place, const char *id, int64_t duration_us,
                                pgb_arena *arena, pgb_statement *ret, pgb_error *err);
pgb_status pgb_history_mark_incomplete(const pgb_history_place *place, const char *id,
                                       pgb_arena *arena, pgb_statement *ret, pgb_error *err);
pgb_status pgb_history_add_event(const pgb_history_place *place, const pgb_event_record *event,
                                 pgb_arena *arena, pgb_statement *ret, pgb_error *err);
pgb_status pgb_history_put_step(const pgb_history_place *place, const pgb_step_record *step,
                                pgb_arena *arena, pgb_statement *ret, pgb_error *err);
pgb_status pgb_history_delete_steps(const pgb_history_place *place, const char *id,
                                    pgb_arena *arena, pgb_statement *ret, pgb_error *err);
/* After a lost COMMIT: columns applied (this run's row), there (any row), event (this run's event
 * of that name). */
pgb_status pgb_history_row_of_run(const pgb_history_place *place, const char *id, const char *event,
                                  pgb_arena *arena, pgb_statement *ret, pgb_error *err);
/* repair: the file's texts and hashes, or its parents, depends and labels, become the recorded
 * ones. */
pgb_status pgb_history_accept_text(const pgb_history_place *place, const pgb_record *record,
                                   pgb_arena *arena, pgb_statement *ret, pgb_error *err);
pgb_status pgb_history_accept_parents(const pgb_history_place *place, const pgb_record *record,
                                      pgb_arena *arena, pgb_statement *ret, pgb_error *err);

/* The rows of step for a revision, by ordinal; read with pgb_exec_params. */
pgb_status pgb_history_steps(pgb_session *session, const pgb_history_place *place, const char *id,
                             bool down, pgb_arena *arena, pgb_step_row **ret_rows, uint32_t *ret_n,
                             pgb_error *err);

/* Makes the history or brings it to this program's version, in a transaction of its own; the runner
 * lock must be held. Before, it is looked at: PGB_UNSAFE for a schema of that name that is not a
 * history, or is owned by or writable by others, or carries triggers, rules or functions;
 * PGB_REFUSED for a newer one. */
pgb_status pgb_history_ensure(pgb_session *session, const char *schema, pgb_error *err);
/* The statements that make a history, as one text for scripts; in the arena, NULL: no memory. */
const char *pgb_history_creation(const char *schema, pgb_arena *arena);

#endif
