/*
 * Running plans against a database.
 *
 * Guarantee: a transactional revision and its history row commit together or not at all; exit 0
 * means both are there; a connection lost at COMMIT is resolved to the true answer or PGB_UNKNOWN;
 * the next plain run converges. One runner at a time, by a session advisory lock polled in the
 * working session itself.
 *
 * Sequence: open, [lock], read (the applied set), plan (pgb_plan_*), execute, close. Callbacks come
 * on the calling thread; they must not call back into the runner. Floor 4 (base, pg, sql, rev,
 * history, plan).
 */
#ifndef PGB_RUN_RUN_H
#define PGB_RUN_RUN_H

#include "base/buf.h"
#include "history/history.h"
#include "plan/plan.h"
#include "rev/backfill.h"

typedef struct pgb_runner pgb_runner;

typedef struct pgb_run_events {
    void *data;
    void (*connected)(void *data, const char *describe);
    /* while another holds the runner lock; called again when the holder changes, and every few
     * seconds */
    void (*lock_wait)(void *data, const char *holder, int64_t waited_ms);
    /* nth from 1. A step's work travels with the COMMIT of the one before, so its begin may be told
     * before the other's end; ends come in the order of begins. */
    void (*step_begin)(void *data, const pgb_world *w, const pgb_step *step, uint32_t nth,
                       uint32_t of);
    void (*step_end)(void *data, const pgb_world *w, const pgb_step *step, int64_t duration_us);
    /* the server's NOTICE and WARNING, and notes of ours; may be NULL */
    void (*notice)(void *data, const char *severity, const char *text);
    /* a lock_timeout ran out: who blocks us, and when it is tried again */
    void (*blocked)(void *data, const char *blockers, uint32_t attempt, int64_t sleep_ms);
} pgb_run_events;

typedef struct pgb_run_options {
    const char *conninfo;
    const char *project;      /* name */
    const char *schema;       /* of the history; NULL: "pgbraid" */
    bool read_only;           /* for status, current, history: takes no lock, writes nothing */
    int64_t lock_wait_ms;     /* for the runner lock; < 0: no limit */
    int64_t lock_timeout_ms;  /* per statement; < 0: the default of 5 s; 0: off */
    int64_t lock_deadline_ms; /* all retries of one revision together; < 0: the default of 10 min */
    int64_t statement_timeout_ms; /* < 0 or 0: off */
    int64_t resolve_deadline_ms;  /* for a lost COMMIT; < 0: 60 s */
    bool one_transaction;
    /* Nobody else uses the database, which is made to try things in: the history is looked at for
     * its version and owners once for each session, not before each plan. */
    bool alone;
    const volatile int *interrupted; /* not 0: stop at the next safe point; may be NULL */
    pgb_run_events events;
} pgb_run_options;

pgb_status pgb_runner_open(const pgb_run_options *options, pgb_runner **ret_runner, pgb_error *err);
void pgb_runner_close(pgb_runner *runner);
pgb_session *pgb_runner_session(pgb_runner *runner); /* for reading only */

/* Waits for the runner lock (PGB_LOCK_WAIT when it was not had in time); upgrade, downgrade, stamp
 * and repair take it before they read the applied set. Standbys, read-only targets and transaction
 * poolers are recognised here, before the first write. */
pgb_status pgb_runner_lock(pgb_runner *runner, pgb_error *err);

/* Gives it back; the applied set has to be read again under the next lock. */
pgb_status pgb_runner_unlock(pgb_runner *runner, pgb_error *err);

/* Reads the applied set into the arena. */
pgb_status pgb_runner_read(pgb_runner *runner, pgb_arena *arena, pgb_applied_set **ret_set,
                           pgb_error *err);

/* Takes out of an upgrade what waits for a backfill that is not complete in this database; asks it
 * only where a revision of the plan names one. See pgb_plan_hold. */
pgb_status pgb_runner_hold(pgb_runner *runner, const pgb_world *world, pgb_plan *plan,
                           pgb_held **ret_held, uint32_t *ret_n, pgb_error *err);
/* The whole course with the backfills in their places, each taken to come to its end. See
 * pgb_plan_course. */
pgb_status pgb_runner_course(pgb_runner *runner, const pgb_world *world,
                             const pgb_backfills *backfills, const pgb_plan *plan,
                             pgb_course *ret_course, pgb_error *err);

/* What was done before the call returned, also on an error. */
typedef struct pgb_run_summary {
    uint32_t n_done;
    int64_t duration_us;
    char run[37]; /* UUID */
} pgb_run_summary;

/* Parses everything first, then runs the steps in order; stops at the first that fails, those
 * before it stay. */
pgb_status pgb_runner_execute(pgb_runner *runner, const pgb_world *world, const pgb_plan *plan,
                              pgb_run_summary *ret_summary, pgb_error *err);

/* ---- repair: only the record changes, in one transaction with an event that says so ---- */
typedef enum pgb_repair {
    PGB_REPAIR_TEXT,    /* the file's texts and hashes become the recorded ones */
    PGB_REPAIR_PARENTS, /* the file's parents, depends and labels do */
    PGB_REPAIR_DONE,    /* a statement outside a transaction is there: go on behind it */
    PGB_REPAIR_NOT_DONE /* it is not: run it again */
} pgb_repair;

/* ordinal: of the statement, for the last two. The lock must be had and the world built with the
 * applied set. PGB_REFUSED when there is nothing of the kind to repair. */
pgb_status pgb_runner_repair(pgb_runner *runner, const pgb_world *world, uint32_t node,
                             pgb_repair repair, uint32_t ordinal, pgb_error *err);
/* Appends the difference of the stored up text to the file's; nothing when they are equal. A text
 * that was too long to be stored is said. */
pgb_status pgb_runner_difference(pgb_runner *runner, const pgb_world *world, uint32_t node,
                                 pgb_buf *out, pgb_error *err);

/* ---- a script for psql instead of a run (--sql) ---- */
/* Takes bytes; false ends the writing with PGB_IO. */
typedef bool (*pgb_script_sink)(void *data, const char *bytes, size_t len);
/* Writes what pgb_runner_execute would do as a script: statements as they stand, COPY data inline,
 * the history included, a guard that the applied set is still the one in `world`. Nothing is
 * changed; the lock is not needed. PGB_REFUSED when a revision is incomplete. command: for the
 * first line. */
pgb_status pgb_runner_script(pgb_runner *runner, const pgb_world *world, const pgb_plan *plan,
                             const char *command, pgb_script_sink sink, void *data, pgb_error *err);

#endif
