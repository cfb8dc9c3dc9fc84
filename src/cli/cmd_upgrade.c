#include <string.h>

#include "cli/act.h"
#include "cli/backfills.h"

struct values {
    pgb_run_values run;
    bool sql, dry_run, with_backfills;
};

static const pgb_option options[] = {
    {.name = "dry-run",
     .letter = 'n',
     PGB_OPT_FLAG_AT(struct values, dry_run),
     .help = "show the plan and change nothing"},
    {.name = "sql",
     PGB_OPT_FLAG_AT(struct values, sql),
     .help = "write a script for psql to stdout instead, and change nothing"},
    {.name = "with-backfills",
     PGB_OPT_FLAG_AT(struct values, with_backfills),
     .help = "run the backfills for which revisions wait, in their place"},
    PGB_RUN_ONE_OPTION,
    PGB_RUN_OPTIONS,
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid upgrade", "apply everything that is pending, up to all heads"},
    {"pgbraid upgrade --dry-run -d production", "what would be applied there"},
    {"pgbraid upgrade timeline@head", "only what the branch with label timeline needs"},
    {"pgbraid upgrade +1", "the next revision only"},
    {NULL, NULL},
};

static unsigned needs_now(const void *values, unsigned needs)
{
    const struct values *v = values;

    return v->dry_run || v->sql ? pgb_act_needs_dry(needs) : needs;
}

/* Late revisions are named before anything runs; the config may refuse them. */
static pgb_status look_at_late(pgb_ctx *ctx, const pgb_plan *plan)
{
    for (uint32_t i = 0; i < plan->n; i++) {
        const pgb_world_node *node = &ctx->world->nodes[plan->steps[i].node];

        if (!node->late || node->rev == NULL) {
            continue;
        }
        if (ctx->conf->late_refused) {
            pgb_error_set(ctx->err, PGB_REFUSED,
                          "%s is late: it stands below revisions that are applied already",
                          node->id);
            pgb_error_at(ctx->err, node->rev->file, (int)node->rev->id_line,
                         (int)node->rev->id_column, NULL, 0);
            pgb_error_hint(ctx->err, "Give it a head as its parent, or allow late revisions: late "
                                     "= apply in [project] of pgbraid.ini.");
            return PGB_REFUSED;
        }
        pgb_warn(ctx, "%s: %s is late: it stands below revisions that are applied already",
                 node->rev->file, node->id);
    }
    return PGB_OK;
}

pgb_status pgb_upgrade_refuse_held(pgb_ctx *ctx, const pgb_held *held, uint32_t n)
{
    const pgb_held *first = &held[0];
    const char *name;

    for (uint32_t i = 0; i < n && first->backfill == NULL; i++) {
        first = &held[i];
    }
    name = first->backfill != NULL ? first->backfill : "";
    pgb_error_set(ctx->err, PGB_REFUSED, "%s waits for the backfill %s, which is not complete",
                  ctx->world->nodes[first->node].id, name);
    pgb_error_hint(ctx->err,
                   "Run it first (pgbraid backfill run %s), or in its place: pgbraid "
                   "upgrade --with-backfills.",
                   name);
    return PGB_REFUSED;
}

/* Was a held revision asked for by name, and not by what stands for all? */
static pgb_status look_at_targets(pgb_ctx *ctx, const pgb_held *held, uint32_t n)
{
    for (uint32_t i = 0; i < ctx->n_operands && n > 0; i++) {
        pgb_target target;
        pgb_status status = pgb_world_resolve(ctx->world, ctx->operands[i], &target, ctx->err);

        if (status != PGB_OK) {
            return status;
        }
        for (uint32_t k = 0; strcmp(ctx->operands[i], "heads") != 0 && k < target.nodes.n; k++) {
            for (uint32_t h = 0; h < n; h++) {
                if (held[h].node == target.nodes.at[k]) {
                    return pgb_upgrade_refuse_held(ctx, held, n);
                }
            }
        }
    }
    return PGB_OK;
}

static void say_held(pgb_ctx *ctx, const pgb_held *held, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const char *id = ctx->world->nodes[held[i].node].id;

        if (held[i].backfill != NULL) {
            pgb_say(ctx, "%s is held back until backfill %s is complete: pgbraid backfill run %s",
                    id, held[i].backfill, held[i].backfill);
        } else {
            pgb_say(ctx, "%s is held back: it needs %s", id, ctx->world->nodes[held[i].behind].id);
        }
    }
}

/* --dry-run --with-backfills */
static pgb_status show_course(pgb_ctx *ctx, const pgb_plan *plan)
{
    pgb_course course;
    pgb_status status =
        pgb_runner_course(ctx->runner, ctx->world, ctx->backfills, plan, &course, ctx->err);

    if (status != PGB_OK) {
        return status;
    }
    say_held(ctx, course.held, course.n_held);
    ctx->held = course.held;
    ctx->n_held = course.n_held;
    return pgb_act_show_course(ctx, &course);
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    pgb_held *held = NULL;
    uint32_t n_held = 0;
    pgb_plan plan;
    pgb_status status =
        pgb_plan_upgrade(ctx->world, ctx->operands, ctx->n_operands, &plan, ctx->err);

    if (status != PGB_OK) {
        return status;
    }
    pgb_act_warn_applied(ctx);
    status = look_at_late(ctx, &plan);
    if (status == PGB_OK) {
        status = pgb_ctx_backfills(ctx);
    }
    if (status == PGB_OK && v->with_backfills) {
        if (v->sql || v->run.one_transaction) {
            return pgb_error_set(ctx->err, PGB_USAGE,
                                 "--with-backfills commits batch by batch, so "
                                 "%s does not fit",
                                 v->sql ? "--sql" : "--one-transaction");
        }
        return v->dry_run ? show_course(ctx, &plan) : pgb_upgrade_with_backfills(ctx);
    }
    if (status == PGB_OK) {
        status = pgb_runner_hold(ctx->runner, ctx->world, &plan, &held, &n_held, ctx->err);
    }
    if (status == PGB_OK) {
        status = look_at_targets(ctx, held, n_held);
    }
    if (status == PGB_OK) {
        say_held(ctx, held, n_held);
        ctx->held = held;
        ctx->n_held = n_held;
    }
    if (status == PGB_OK && v->dry_run) {
        pgb_act_show(ctx, &plan);
    } else if (status == PGB_OK && v->sql) {
        status = pgb_act_script(ctx, &plan, "pgbraid upgrade");
    } else if (status == PGB_OK) {
        status = pgb_act_run(ctx, &plan);
    }
    return status;
}

const pgb_command pgb_command_upgrade = {
    .name = "upgrade",
    .group = "Change the database",
    .summary = "apply pending revisions",
    .operands = "[TARGET...]",
    .max_operands = -1,
    .about =
        "Applies what the targets need and the database lacks, in order: parents and dependencies "
        "first, a branch finished before the next is begun. Without a target: all heads. A target "
        "is an id, the unique beginning of one, head, heads, a label, LABEL@head, +N, REV+N.\n\n"
        "Each revision and its row of history commit together; when one fails it is rolled back, "
        "and those before it stay. Others who run at the same time wait.\n\n"
        "Without a database named by -d, DATABASE_URL, pgbraid.ini or libpq's environment, the "
        "project's own embedded PostgreSQL is used.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_REVISIONS | PGB_NEED_DATABASE | PGB_NEED_WRITE |
             PGB_NEED_LOCK | PGB_NEED_HASHES,
    .embedded = PGB_EMBEDDED_START,
    .runs_files = true,
    .targets_have_files = true,
    .run = run,
    .needs_now = needs_now,
};
