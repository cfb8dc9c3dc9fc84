#include "cli/act.h"

struct values {
    pgb_run_values run;
    bool sql, dry_run, purge;
};

static const pgb_option options[] = {
    {.name = "purge",
     PGB_OPT_FLAG_AT(struct values, purge),
     .help = "forget everything that is recorded first, also rows whose files are gone"},
    {.name = "dry-run",
     .letter = 'n',
     PGB_OPT_FLAG_AT(struct values, dry_run),
     .help = "show the plan and change nothing"},
    {.name = "sql",
     PGB_OPT_FLAG_AT(struct values, sql),
     .help = "write a script for psql to stdout instead, and change nothing"},
    PGB_RUN_OPTIONS,
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid stamp heads", "record a database that was built otherwise as up to date"},
    {"pgbraid stamp --purge c3d4e5f6g7h8", "record exactly c3d4e5f6g7h8 and what it needs"},
    {NULL, NULL},
};

static unsigned needs_now(const void *values, unsigned needs)
{
    const struct values *v = values;

    return v->dry_run || v->sql ? pgb_act_needs_dry(needs) : needs;
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    pgb_plan plan;
    pgb_status status =
        pgb_plan_stamp(ctx->world, ctx->operands, ctx->n_operands, v->purge, &plan, ctx->err);

    if (status != PGB_OK) {
        return status;
    }
    if (v->sql) {
        return pgb_act_script(ctx, &plan, "pgbraid stamp");
    }
    if (v->dry_run) {
        pgb_act_show(ctx, &plan);
        return PGB_OK;
    }
    return pgb_act_run(ctx, &plan);
}

const pgb_command pgb_command_stamp = {
    .name = "stamp",
    .summary = "record revisions as applied without running them",
    .operands = "TARGET...",
    .min_operands = 1,
    .max_operands = -1,
    .about = "Changes only the record: the targets and what they need count as applied afterwards, "
             "what lies above them in their lineage does not. No SQL of a revision runs.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .needs =
        PGB_NEED_CONF | PGB_NEED_REVISIONS | PGB_NEED_DATABASE | PGB_NEED_WRITE | PGB_NEED_LOCK,
    .embedded = PGB_EMBEDDED_START,
    .run = run,
    .needs_now = needs_now,
};
