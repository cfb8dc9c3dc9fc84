/* What upgrade, downgrade and stamp share: showing a plan, running it, saying what was done.
 * Floor 6. */
#ifndef PGB_CLI_ACT_H
#define PGB_CLI_ACT_H

#include "cli/list.h"

/* "upgrade", "downgrade", "stamp", "unstamp" */
const char *pgb_action_name(pgb_action action);

/* Data for --dry-run: one line per step, or {"plan": [{"action", "revision"}...]}. */
void pgb_act_show(pgb_ctx *ctx, const pgb_plan *plan);
/* The same with backfills in their places; JSON has "course": [{"revision", "backfill"}...] too, of
 * which one is null. */
pgb_status pgb_act_show_course(pgb_ctx *ctx, const pgb_course *course);

/* Warnings of applied revisions whose files are edited, re-parented or gone. */
void pgb_act_warn_applied(pgb_ctx *ctx);

/* Runs the plan and says what was done; with JSON {"done": [...], "current": [...], "run",
 * "duration_us"}. An empty plan is said to be nothing to do. */
pgb_status pgb_act_run(pgb_ctx *ctx, const pgb_plan *plan);

/* Says what was done: the plan's first summary->n_done steps. more (may be NULL) adds members to
 * the JSON object. */
pgb_status pgb_act_report(pgb_ctx *ctx, const pgb_plan *plan, const pgb_run_summary *summary,
                          void (*more)(pgb_ctx *ctx, pgb_json *json, void *data), void *data);

/* Of upgrade: with backfills in their places, and the error that a revision waits for one. */
pgb_status pgb_upgrade_with_backfills(pgb_ctx *ctx);
pgb_status pgb_upgrade_refuse_held(pgb_ctx *ctx, const pgb_held *held, uint32_t n);

/* "held": [{"revision", "backfill"}...] */
void pgb_act_json_held(pgb_ctx *ctx, pgb_json *json);

/* --sql: the plan as a script for psql, to stdout. command: "pgbraid upgrade", … */
pgb_status pgb_act_script(pgb_ctx *ctx, const pgb_plan *plan, const char *command);

/* Without --dry-run what the command declares; with it nothing is locked or written. */
unsigned pgb_act_needs_dry(unsigned needs);

#endif
