/* upgrade --with-backfills: revisions up to the first that waits, its backfill, and so on. */
#include <string.h>

#include "cli/act.h"
#include "cli/backfills.h"

typedef struct course {
    pgb_ctx *ctx;
    pgb_plan done; /* all steps so far */
    pgb_run_summary summary;
    const pgb_backfill **backfills;
    pgb_backfill_summary *summaries;
    uint32_t n_backfills;
} course;

static pgb_status apply(course *c, const pgb_plan *plan)
{
    pgb_ctx *ctx = c->ctx;
    pgb_run_summary one = {0};
    pgb_step *steps = pgb_arena_array(ctx->arena, (size_t)c->done.n + plan->n + 1, sizeof *steps);
    pgb_status status;

    if (steps == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    if (plan->n == 0) {
        return PGB_OK;
    }
    ctx->steps_done = 0; /* each stretch counts for itself */
    status = pgb_runner_execute(ctx->runner, ctx->world, plan, &one, ctx->err);
    if (c->done.n > 0) {
        memcpy(steps, c->done.steps, c->done.n * sizeof *steps);
    }
    memcpy(steps + c->done.n, plan->steps, one.n_done * sizeof *steps);
    c->done = (pgb_plan){steps, c->done.n + one.n_done};
    c->summary.n_done = c->done.n;
    c->summary.duration_us += one.duration_us;
    memcpy(c->summary.run, one.run, sizeof one.run);
    if (status != PGB_OK && one.n_done > 0) {
        pgb_error_context(ctx->err, "%u of %u revisions were done before it, and stay", one.n_done,
                          plan->n);
    }
    return status;
}

/* The files stay, the applied set is read anew. */
static pgb_status look_again(pgb_ctx *ctx)
{
    pgb_applied_set *applied = NULL;
    pgb_world *world = NULL;
    pgb_status status = pgb_runner_read(ctx->runner, ctx->arena, &applied, ctx->err);

    if (status == PGB_OK) {
        status = pgb_world_build(ctx->set, applied, NULL, &world, ctx->err);
    }
    if (status != PGB_OK) {
        if (applied != NULL) {
            pgb_applied_set_done(applied);
        }
        return status;
    }
    pgb_world_free(ctx->world);
    pgb_applied_set_done(ctx->applied);
    ctx->world = world;
    ctx->applied = applied;
    return PGB_OK;
}

/* The list belongs to a world that is about to go; nodes with files have the same number in the
 * next, and names are the files'. */
static pgb_status keep_held(pgb_ctx *ctx, pgb_held **held, uint32_t n)
{
    pgb_held *copy = pgb_arena_array(ctx->arena, (size_t)n + 1, sizeof *copy);

    if (copy == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    if (n > 0) {
        memcpy(copy, *held, n * sizeof *copy);
    }
    *held = copy;
    return PGB_OK;
}

/* Held revisions in order: the first backfill that can be run now; NULL: none. */
static pgb_status choose(pgb_ctx *ctx, const pgb_held *held, uint32_t n,
                         const pgb_backfill **ret_backfill)
{
    *ret_backfill = NULL;
    for (uint32_t i = 0; i < n && *ret_backfill == NULL; i++) {
        const char **missing;
        uint32_t n_missing;
        const pgb_backfill *b;
        pgb_status status;

        if (held[i].backfill == NULL) {
            continue;
        }
        b = pgb_backfills_find(ctx->backfills, held[i].backfill);
        if (b == NULL) {
            continue;
        }
        status = pgb_backfill_missing(b, ctx->world, ctx->arena, &missing, &n_missing, ctx->err);
        if (status != PGB_OK) {
            return status;
        }
        if (n_missing == 0) {
            *ret_backfill = b;
        }
    }
    return PGB_OK;
}

static pgb_status run_one(course *c, const pgb_backfill *b)
{
    pgb_ctx *ctx = c->ctx;
    pgb_backfill_summary *summary = &c->summaries[c->n_backfills];
    pgb_backfill_values values = {.run = *(const pgb_run_values *)ctx->values, .batch_time_ms = -1};
    /* it may take hours: others may apply their revisions meanwhile */
    pgb_status status = pgb_runner_unlock(ctx->runner, ctx->err);

    if (status != PGB_OK) {
        return status;
    }
    status = pgb_backfill_go(ctx, b, &values, summary, ctx->err);
    if (summary->state != NULL) {
        c->backfills[c->n_backfills++] = b;
        if (!ctx->json) {
            pgb_backfill_put(ctx, b, summary);
        }
    }
    if (status != PGB_OK) {
        pgb_error_context(ctx->err, "while running the backfill %s, for which a revision waits",
                          b->name);
        return status;
    }
    status = pgb_runner_lock(ctx->runner, ctx->err);
    return status == PGB_OK ? look_again(ctx) : status;
}

static void put_backfills(pgb_ctx *ctx, pgb_json *json, void *data)
{
    const course *c = data;

    (void)ctx;
    pgb_json_key(json, "backfills");
    pgb_json_array(json);
    for (uint32_t i = 0; i < c->n_backfills; i++) {
        pgb_backfill_json(json, c->backfills[i], &c->summaries[i]);
    }
    pgb_json_end(json);
}

pgb_status pgb_upgrade_with_backfills(pgb_ctx *ctx)
{
    uint32_t most = ctx->backfills->n;
    course c = {.ctx = ctx,
                .backfills = pgb_arena_array(ctx->arena, most + 1, sizeof *c.backfills),
                .summaries = pgb_arena_array(ctx->arena, most + 1, sizeof *c.summaries)};
    pgb_held *held = NULL;
    uint32_t n_held = 0;

    if (c.backfills == NULL || c.summaries == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (;;) {
        const pgb_backfill *next = NULL;
        pgb_plan plan;
        pgb_status status =
            pgb_plan_upgrade(ctx->world, ctx->operands, ctx->n_operands, &plan, ctx->err);

        if (status == PGB_OK) {
            status = pgb_runner_hold(ctx->runner, ctx->world, &plan, &held, &n_held, ctx->err);
        }
        if (status == PGB_OK) {
            status = keep_held(ctx, &held, n_held);
        }
        if (status == PGB_OK) {
            status = apply(&c, &plan);
        }
        if (status == PGB_OK && plan.n > 0) {
            status = look_again(ctx);
        }
        if (status == PGB_OK) {
            /* a backfill that was just run and left its revision held is not run again */
            status = c.n_backfills < most ? choose(ctx, held, n_held, &next) : PGB_OK;
        }
        if (status != PGB_OK) {
            return status;
        }
        if (next == NULL) {
            break;
        }
        status = run_one(&c, next);
        if (status != PGB_OK) {
            return status;
        }
    }
    if (n_held > 0) {
        return pgb_upgrade_refuse_held(ctx, held, n_held);
    }
    return pgb_act_report(ctx, &c.done, &c.summary, put_backfills, &c);
}
