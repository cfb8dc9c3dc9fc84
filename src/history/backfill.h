/*
 * What the history knows of backfills: where each stands, its runs, its outcomes, its rows at
 * fault.
 *
 * Guarantee: reading never writes, and a history that has no backfills yet (or is older than they)
 * has the empty list. What is written here commits with the batch that it speaks of. Floor 2.
 */
#ifndef PGB_HISTORY_BACKFILL_H
#define PGB_HISTORY_BACKFILL_H

#include "history/write.h"

enum { PGB_HISTORY_WITH_BACKFILLS = 2 }; /* version of the schema that has their tables */

/* Where one stands, as it was recorded. Plain data. */
typedef struct pgb_backfill_state {
    const char *name;
    int64_t id;
    int epoch;
    const char *title, *file, *hash, *source;
    const char *const *key;
    uint32_t n_key;
    const char *state;  /* running, stopped, failed, cancelled, errors, complete */
    const char *wanted; /* "", pause, cancel */
    int pass;
    const char *checkpoint; /* text[] as the server writes it; NULL: none */
    int64_t batches, rows_done;
    int64_t rows_all; /* -1: not known */
    const char *run;
    const char *begun_at, *changed_at;
    const char *completed_at; /* NULL: it is not complete */
    bool is_void; /* a revision that it requires was downgraded since: it has to begin anew */
    int64_t errors, accepted;
    int64_t duration_us; /* of all runs of its epoch */
} pgb_backfill_state;

typedef struct pgb_backfill_states {
    const pgb_backfill_state *at; /* by name */
    uint32_t n;
} pgb_backfill_states;

pgb_status pgb_history_backfills(pgb_session *session, const char *schema, const char *project,
                                 pgb_arena *arena, pgb_backfill_states *ret_states, pgb_error *err);
const pgb_backfill_state *pgb_backfill_states_find(const pgb_backfill_states *states,
                                                   const char *name);
/* It is complete, and still is: what a revision waits for. */
bool pgb_backfill_is_complete(const pgb_backfill_state *state); /* NULL is allowed */

typedef struct pgb_outcome {
    const char *name;
    int64_t count;
} pgb_outcome;
/* In the order in which they came first. run NULL: all runs of the epoch. */
pgb_status pgb_history_outcomes(pgb_session *session, const char *schema, const char *project,
                                const char *name, const char *run, pgb_arena *arena,
                                pgb_outcome **ret_outcomes, uint32_t *ret_n, pgb_error *err);

typedef struct pgb_backfill_fault {
    const char *const *key;
    uint32_t n_key;
    const char *sqlstate, *message, *run, *at;
    int attempts;
    bool accepted;
} pgb_backfill_fault;
/* limit 0: all. */
pgb_status pgb_history_faults(pgb_session *session, const char *schema, const char *project,
                              const char *name, uint32_t limit, pgb_arena *arena,
                              pgb_backfill_fault **ret_faults, uint32_t *ret_n, pgb_error *err);

/* The statements; each sql/backfill_*.sql says what its parameters from $3 on are. */
typedef enum pgb_backfill_sql {
    PGB_BACKFILL_BEGIN,
    PGB_BACKFILL_RESUME,
    PGB_BACKFILL_RUN_BEGIN,
    PGB_BACKFILL_COUNT,
    PGB_BACKFILL_CHECKPOINT,
    PGB_BACKFILL_WANTED,
    PGB_BACKFILL_ASK,
    PGB_BACKFILL_END,
    PGB_BACKFILL_FAULT,
    PGB_BACKFILL_ACCEPT,
    PGB_BACKFILL_SQL_COUNT
} pgb_backfill_sql;
/* values: n of them, for $3 and on; kept as pointers. NULL: out of memory. */
pgb_statement *pgb_history_backfill(const pgb_history *h, pgb_arena *arena, pgb_backfill_sql which,
                                    const char *name, int n, const char *const *values);
/* {"a","b"}: a text[] of these; NULL: out of memory. */
const char *pgb_history_array(pgb_arena *arena, const char *const *items, uint32_t n);
/* The schema's name, quoted. */
const char *pgb_history_quoted(const pgb_history *h);

#endif
