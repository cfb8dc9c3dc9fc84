/*
 * Running backfills.
 *
 * Guarantee: each batch, its counts, its rows at fault and its checkpoint commit together, so that
 * a run that is killed at any moment is resumed by the next with nothing lost and nothing twice. A
 * row is answered for when its key stands in the backfill's table of done keys, which commits with
 * its batch; complete means that a pass over the whole source found no other. One run of a
 * backfill at a time, by a session advisory lock of its own: revisions are applied meanwhile. A
 * connection lost at COMMIT is resolved by the row of this run, or PGB_UNKNOWN. Everything that is
 * wrong with file, source, key, statement or revisions is told before the first row is touched.
 *
 * Sequence: pgb_backfill_run. Callbacks come on the calling thread. Floor 4.
 */
#ifndef PGB_RUN_BACKFILL_H
#define PGB_RUN_BACKFILL_H

#include "history/backfill.h"
#include "rev/backfill.h"
#include "run/run.h"

enum { PGB_BACKFILL_TIME_MS = 1000 }; /* how long a batch shall take */

typedef struct pgb_backfill_progress {
    int64_t rows;     /* done by this run, those at fault included */
    int64_t rows_all; /* that this run has to do, as far as known; -1: not known */
    bool rough;       /* rows_all is an estimate */
    int64_t errors;
    int64_t elapsed_us;
    int64_t batch; /* rows of the last batch */
    int pass;
    const pgb_outcome *outcomes;
    uint32_t n_outcomes;
} pgb_backfill_progress;

typedef struct pgb_backfill_events {
    void *data;
    /* resumed: it goes on where an earlier run stopped, which did `before` rows */
    void (*begin)(void *data, const pgb_backfill *backfill, bool resumed, int64_t before);
    void (*progress)(void *data, const pgb_backfill *backfill, const pgb_backfill_progress *p);
    /* verbose: one row of the statement, once its batch has committed */
    void (*item)(void *data, const pgb_backfill *backfill, const char *outcome, int64_t count,
                 const char *detail);
    void (*fault)(void *data, const pgb_backfill *backfill, const char *key, const char *sqlstate,
                  const char *message);
    /* it stands still, and why: "paused", "others wait for our locks"; or goes on (NULL) */
    void (*waiting)(void *data, const pgb_backfill *backfill, const char *why);
} pgb_backfill_events;

typedef struct pgb_backfill_options {
    pgb_run_options run;
    const pgb_backfill *backfill;
    const pgb_world *world; /* with the applied set */
    bool dry_run;
    bool verbose;
    bool only_errors;      /* try the rows at fault again, nothing else */
    bool again;            /* forget what was done, and begin from the first row */
    bool edited;           /* go on although the file was edited since rows were done by it */
    int64_t limit;         /* rows; 0: none */
    int64_t max_errors;    /* < 0: any number */
    int64_t rate;          /* rows a second; 0: as fast as it goes */
    int64_t batch;         /* rows of every batch; 0: it adapts */
    int64_t batch_time_ms; /* < 0: PGB_BACKFILL_TIME_MS */
    pgb_backfill_events events;
} pgb_backfill_options;

/* What this run did, also when it ended with an error. */
typedef struct pgb_backfill_summary {
    char run[37];
    const char *state; /* as it left the backfill; of a dry run "dry_run" */
    bool resumed;
    int64_t rows, errors, gone; /* gone: rows at fault that are not there any more */
    int64_t rows_total;         /* of all runs of this epoch */
    int64_t open_errors;        /* rows at fault that stand in the record */
    int64_t batches;
    int64_t duration_us;
    const pgb_outcome *outcomes; /* of this run */
    uint32_t n_outcomes;
} pgb_backfill_summary;

/* Strings of the summary live in the arena. PGB_FAILED when it ran to its end and rows at fault
 * are open, or --max-errors was passed. PGB_INTERRUPTED after a signal, PGB_FAILED when it was
 * cancelled: the batch under way was finished. */
pgb_status pgb_backfill_run(const pgb_backfill_options *options, pgb_arena *arena,
                            pgb_backfill_summary *ret_summary, pgb_error *err);

typedef enum pgb_backfill_wish {
    PGB_BACKFILL_PAUSE,
    PGB_BACKFILL_GO_ON,
    PGB_BACKFILL_CANCEL
} pgb_backfill_wish;
/* Says what a run shall do, or the next one. *ret_did false: it was never begun, or is done. */
pgb_status pgb_backfill_ask(pgb_runner *runner, const char *name, pgb_backfill_wish wish,
                            bool *ret_did, pgb_error *err);
/* The open rows at fault may stay undone; *ret_n how many. */
pgb_status pgb_backfill_accept(pgb_runner *runner, const char *name, int64_t *ret_n,
                               pgb_error *err);
/* Process id of the server process that runs it now; 0: none. */
pgb_status pgb_backfill_pid(pgb_session *session, const char *schema, const char *project,
                            const char *name, int *ret_pid, pgb_error *err);
/* What it requires and is not applied: ids, in the arena. */
pgb_status pgb_backfill_missing(const pgb_backfill *backfill, const pgb_world *world,
                                pgb_arena *arena, const char ***ret_ids, uint32_t *ret_n,
                                pgb_error *err);

#endif
