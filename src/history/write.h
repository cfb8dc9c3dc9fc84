/*
 * Writing the history: each write is one statement with text parameters, so that it can be sent
 * behind the work it speaks of, in one flight, or rendered into a script.
 *
 * Guarantee: nothing here decides when a transaction begins or ends, except pgb_history_ensure,
 * which creates or upgrades the schema in a transaction of its own and is only called under the
 * runner lock. Floor 2.
 */
#ifndef PGB_HISTORY_WRITE_H
#define PGB_HISTORY_WRITE_H

#include "base/buf.h"
#include "history/history.h"

enum { PGB_STATEMENT_PARAMS = 27 };

/* A statement with its parameters; strings live in the arena that was given. */
typedef struct pgb_statement {
    const char *sql;
    const char *sql_xid; /* of record and forget: the same, giving the id of its transaction */
    int n;
    const char *values[PGB_STATEMENT_PARAMS];
} pgb_statement;

/* Appends the statement with its parameters as literals, and ";\n". For scripts; the server's
 * standard_conforming_strings does not matter. */
void pgb_statement_render(const pgb_statement *statement, pgb_buf *buf);

/* What a history may be used for. */
typedef struct pgb_history_state {
    bool has_schema;
    bool has_history;
    int version;              /* 0: no history */
    bool may_create;          /* CREATE on the database */
    const char *tool_version; /* that made it */
    const char *problem;      /* why it can't be trusted; NULL: it can */
} pgb_history_state;

/* Looks, without writing. */
pgb_status pgb_history_probe(pgb_session *session, const char *schema, pgb_arena *arena,
                             pgb_history_state *ret_state, pgb_error *err);
/* PGB_UNSAFE with what to do when the state has a problem; `write`: also when the schema is newer
 * than this program. */
pgb_status pgb_history_check(const pgb_history_state *state, const char *schema, bool write,
                             pgb_error *err);
/* Creates or upgrades the schema where needed, in one transaction with a COMMIT of its own;
 * *ret_did (may be NULL) whether anything was. Under the runner lock only. When the connection is
 * lost, call it again on a new one: what is there is then found. */
pgb_status pgb_history_ensure(pgb_session *session, const char *schema, bool *ret_did,
                              pgb_error *err);

/* The statements that make a history, as one text for scripts (schema included, no BEGIN); NULL:
 * out of memory. */
const char *pgb_history_creation(pgb_session *session, const char *schema, pgb_arena *arena);

/* The statements below for one schema; the arena owns it. */
typedef struct pgb_history pgb_history;
pgb_status pgb_history_open(pgb_session *session, const char *schema, const char *project,
                            pgb_arena *arena, pgb_history **ret_history, pgb_error *err);

/* What is recorded of a revision. Texts over PGB_STORED_TEXT_MAX are given as NULL. */
typedef struct pgb_record {
    const char *id;
    const char *const *parents, *const *depends, *const *labels;
    uint32_t n_parents, n_depends, n_labels;
    const char *title, *file;
    const char *header, *up, *down;
    const char *header_raw, *header_norm, *up_raw, *up_norm, *down_raw, *down_norm; /* "": none */
    bool has_down;
    const char *irreversible; /* NULL: it is not */
    const char *run;
    const char *from;
    bool stamped;
    bool transaction_none;
    bool begins;       /* only begun: the row is incomplete, the event is "begin" */
    const char *began; /* timestamp as the server gave it; NULL: the transaction's begin */
} pgb_record;

/* Row and event (upgrade; stamp when stamped; begin when begins). An incomplete row is taken over.
 * The tag is "INSERT 0 1", but "INSERT 0 0" and nothing done when the revision is applied already.
 * NULL: out of memory; here and below. */
pgb_statement *pgb_history_record(const pgb_history *h, pgb_arena *arena, const pgb_record *record);
/* sql_xid of pgb_history_record's statement, to be prepared. */
const char *pgb_history_record_sql(const pgb_history *h);
/* The row goes; event: "downgrade" or "unstamp". The tag is "INSERT 0 1" when there was a row. */
pgb_statement *pgb_history_forget(const pgb_history *h, pgb_arena *arena, const char *id,
                                  const char *event, const char *run, const char *from,
                                  const char *began);
pgb_statement *pgb_history_event(const pgb_history *h, pgb_arena *arena, const char *id,
                                 const char *event, const char *run, const char *from,
                                 int64_t duration_us, const char *sqlstate, const char *message);
/* A transaction-none downgrade begins. */
pgb_statement *pgb_history_mark_incomplete(const pgb_history *h, pgb_arena *arena, const char *id);
/* repair: the file's texts and hashes, or its parents, depends and labels, become the recorded
 * ones. */
pgb_statement *pgb_history_accept_text(const pgb_history *h, pgb_arena *arena,
                                       const pgb_record *record);
pgb_statement *pgb_history_accept_parents(const pgb_history *h, pgb_arena *arena,
                                          const pgb_record *record);
/* One boolean: did this run commit that event of that revision? */
pgb_statement *pgb_history_outcome(const pgb_history *h, pgb_arena *arena, const char *id,
                                   const char *event, const char *run);

/* Rows (id, applied as boolean) of all that is recorded. */
pgb_statement *pgb_history_ids(const pgb_history *h, pgb_arena *arena);

/* Statements of a transaction-none revision. */
typedef struct pgb_step_row {
    uint32_t ordinal;
    const char *hash;
    const char *kind;
    const char *object;
    bool done;
    const char *before;
    const char *run, *at;
} pgb_step_row;
pgb_status pgb_history_steps(pgb_session *session, const pgb_history *h, const char *id, bool up,
                             pgb_arena *arena, pgb_step_row **ret_rows, uint32_t *ret_n,
                             pgb_error *err);
pgb_statement *pgb_history_set_step(const pgb_history *h, pgb_arena *arena, const char *id, bool up,
                                    const pgb_step_row *row, const char *run);
pgb_statement *pgb_history_delete_step(const pgb_history *h, pgb_arena *arena, const char *id,
                                       bool up, uint32_t ordinal);
pgb_statement *pgb_history_clear_steps(const pgb_history *h, pgb_arena *arena, const char *id,
                                       bool up);

/* "user@host (process id)" of this process, for `from`; in the arena. NULL: out of memory. */
const char *pgb_history_from(pgb_arena *arena);

#endif
