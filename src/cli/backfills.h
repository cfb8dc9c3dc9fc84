/* What the commands about backfills share. Floor 6. */
#ifndef PGB_CLI_BACKFILLS_H
#define PGB_CLI_BACKFILLS_H

#include "cli/cli.h"
#include "history/backfill.h"
#include "run/backfill.h"

/* Options of backfill run, and of upgrade where it runs them. */
typedef struct pgb_backfill_values {
    pgb_run_values run;
    bool dry_run, only_errors, again, edited;
    int64_t limit, rate, batch, batch_time_ms;
    const char *max_errors;
} pgb_backfill_values;

/* Runs one with progress on stderr; the summary is told by pgb_backfill_put. values may be NULL. */
pgb_status pgb_backfill_go(pgb_ctx *ctx, const pgb_backfill *backfill,
                           const pgb_backfill_values *values, pgb_backfill_summary *ret_summary,
                           pgb_error *err);
/* The summary for people, on stdout. */
void pgb_backfill_put(pgb_ctx *ctx, const pgb_backfill *backfill,
                      const pgb_backfill_summary *summary);
/* {"name", "state", "run", "rows", …} */
void pgb_backfill_json(pgb_json *json, const pgb_backfill *backfill,
                       const pgb_backfill_summary *summary);
/* --verbose with JSON: items are written as they come, into the open array "items". */
void pgb_backfill_items_begin(pgb_ctx *ctx);
/* … and the object ends with member "backfills", and "error" where ctx->err is set. */
void pgb_backfill_items_end(pgb_ctx *ctx, const pgb_backfill *const *backfills,
                            const pgb_backfill_summary *summaries, uint32_t n);

/* A backfill as it stands, for list and status. */
typedef struct pgb_backfill_view {
    const char *name, *title, *file; /* file: NULL when it is gone */
    const pgb_backfill *backfill;    /* NULL: its file is gone */
    const pgb_backfill_state *state; /* NULL: never begun */
    const char *word; /* new, running, paused, stopped, failed, cancelled, errors, complete */
    bool edited;      /* since rows were done by it */
    int pid;
    const char **missing; /* what it requires and is not applied */
    uint32_t n_missing;
    const char **waiting; /* revisions that wait for it, pending */
    uint32_t n_waiting;
} pgb_backfill_view;
/* All, files and records; names: only these (PGB_USAGE for one that is unknown). */
pgb_status pgb_backfill_views(pgb_ctx *ctx, const char *const *names, uint32_t n_names,
                              pgb_backfill_view **ret_views, uint32_t *ret_n);
pgb_status pgb_backfill_list(pgb_ctx *ctx);
pgb_status pgb_backfill_status(pgb_ctx *ctx);
pgb_status pgb_backfill_errors(pgb_ctx *ctx, bool accept, int64_t limit);

#endif
