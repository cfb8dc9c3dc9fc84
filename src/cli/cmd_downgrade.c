#include <stdio.h>

#include "cli/act.h"

struct values {
    pgb_run_values run;
    bool sql, dry_run, yes;
};

static const pgb_option options[] = {
    {.name = "dry-run",
     .letter = 'n',
     PGB_OPT_FLAG_AT(struct values, dry_run),
     .help = "show the plan and change nothing"},
    {.name = "yes",
     .letter = 'y',
     PGB_OPT_FLAG_AT(struct values, yes),
     .help = "do not ask before more than one revision is reverted"},
    {.name = "sql",
     PGB_OPT_FLAG_AT(struct values, sql),
     .help = "write a script for psql to stdout instead, and change nothing"},
    PGB_RUN_ONE_OPTION,
    PGB_RUN_OPTIONS,
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid downgrade -1", "revert the last revision"},
    {"pgbraid downgrade c3d4e5f6g7h8", "revert everything above c3d4e5f6g7h8"},
    {"pgbraid downgrade d4e5f6g7h8i9^",
     "revert d4e5f6g7h8i9 and what hangs on it; its siblings stay"},
    {"pgbraid downgrade base --dry-run", "what reverting everything would run"},
    {NULL, NULL},
};

static unsigned needs_now(const void *values, unsigned needs)
{
    const struct values *v = values;

    return v->dry_run || v->sql ? pgb_act_needs_dry(needs) : needs;
}

/* A way back that differs from the one that was stored when the revision was applied. */
static void note_changed_downs(pgb_ctx *ctx, const pgb_plan *plan)
{
    for (uint32_t i = 0; i < plan->n; i++) {
        const pgb_world_node *node = &ctx->world->nodes[plan->steps[i].node];

        if (node->rev == NULL) {
            pgb_warn(ctx, "%s: its file is gone; the way back that the database stored is used",
                     node->id);
        } else if (node->down_changed) {
            pgb_warn(ctx, "%s: its way back changed since it was applied; the file's is used",
                     node->rev->file);
        }
    }
}

static bool agreed(pgb_ctx *ctx, const pgb_plan *plan)
{
    char question[80];

    for (uint32_t i = 0; i < plan->n; i++) {
        const pgb_world_node *node = &ctx->world->nodes[plan->steps[i].node];

        pgb_out_printf(ctx->talk, "  downgrade %s%s%s\n", node->id, node->title == NULL ? "" : "  ",
                       node->title == NULL ? "" : node->title);
    }
    snprintf(question, sizeof question, "Revert these %u revisions?", plan->n);
    return pgb_ask(ctx, question);
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    pgb_plan plan;
    pgb_status status = pgb_plan_downgrade(ctx->world, ctx->operands[0], &plan, ctx->err);

    if (status != PGB_OK) {
        return status;
    }
    note_changed_downs(ctx, &plan);
    if (v->sql) {
        return pgb_act_script(ctx, &plan, "pgbraid downgrade");
    }
    if (v->dry_run) {
        pgb_act_show(ctx, &plan);
        return PGB_OK;
    }
    if (plan.n > 1 && ctx->may_ask && !v->yes && !agreed(ctx, &plan)) {
        return pgb_error_set(ctx->err, PGB_REFUSED, "not agreed to; nothing was changed");
    }
    return pgb_act_run(ctx, &plan);
}

const pgb_command pgb_command_downgrade = {
    .name = "downgrade",
    .summary = "revert applied revisions",
    .operands = "TARGET",
    .min_operands = 1,
    .max_operands = 1,
    .about =
        "Reverts every applied revision that descends from TARGET, or depends on one that goes, "
        "newest first; what does not descend from it stays. REV^ means to before REV: REV and what "
        "hangs on it go. LABEL@TARGET keeps to the label's branch; base reverts everything; -N "
        "goes N back.\n\n"
        "A revision without a way back (no down, or irreversible) is refused before anything runs. "
        "One whose file is gone is reverted by the way back that the database stored. On a "
        "terminal it is asked before more than one goes.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_REVISIONS | PGB_NEED_DATABASE | PGB_NEED_WRITE |
             PGB_NEED_LOCK | PGB_NEED_HASHES,
    .embedded = PGB_EMBEDDED_START,
    .runs_files = true,
    .run = run,
    .needs_now = needs_now,
};
