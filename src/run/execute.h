/* One call of pgb_runner_execute, shared by its ways. */
#ifndef PGB_RUN_EXECUTE_H
#define PGB_RUN_EXECUTE_H

#include "run/internal.h"

typedef struct run {
    pgb_runner *r;
    task_list tasks;
    pgb_run_summary *summary;
    int64_t begun;
} run;

void run_step_begin(run *x, task *t); /* told once */
void run_step_done(run *x, task *t);
/* Rolls back, logs the failure, explains it. */
pgb_status run_fail(run *x, task *t, const pgb_error *why, pgb_error *err);
/* A failure that may be a matter of time. PGB_OK: everything is rolled back, try again. */
pgb_status run_failed(run *x, task *t, const pgb_error *why, pgb_error *err);
/* The connection was lost before a COMMIT was sent. PGB_OK: there is a new one, try again. */
pgb_status run_begin_again(run *x, task *t, const pgb_error *why, pgb_error *err);
/* After the lock was given up and taken again: what another runner did meanwhile is passed over. */
pgb_status run_refresh(run *x, uint32_t from, pgb_error *err);

/* whole.c: all in one transaction. */
pgb_status run_whole(run *x, pgb_error *err);

/* Makes or upgrades the history where needed, and opens it; under the runner lock. */
pgb_status run_ensure_history(pgb_runner *r, pgb_error *err);

#endif
