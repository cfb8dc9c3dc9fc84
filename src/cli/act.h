/* What upgrade, downgrade and stamp share: showing a plan, running it, saying what was done.
 * Floor 6. */
#ifndef PGB_CLI_ACT_H
#define PGB_CLI_ACT_H

#include "cli/list.h"

/* "upgrade", "downgrade", "stamp", "unstamp" */
const char *pgb_action_name(pgb_action action);

/* Data for --dry-run: one line per step, or {"plan": [{"action", "revision"}...]}. */
void pgb_act_show(pgb_ctx *ctx, const pgb_plan *plan);

/* Warnings of applied revisions whose files are edited, re-parented or gone. */
void pgb_act_warn_applied(pgb_ctx *ctx);

/* Runs the plan and says what was done; with JSON {"done": [...], "current": [...], "run",
 * "duration_us"}. An empty plan is said to be nothing to do. */
pgb_status pgb_act_run(pgb_ctx *ctx, const pgb_plan *plan);

/* --sql: the plan as a script for psql, to stdout. command: "pgbraid upgrade", … */
pgb_status pgb_act_script(pgb_ctx *ctx, const pgb_plan *plan, const char *command);

/* Without --dry-run what the command declares; with it nothing is locked or written. */
unsigned pgb_act_needs_dry(unsigned needs);

#endif
