/* backfill: list, run, status, pause, resume, cancel, errors. */
#include <string.h>

#include "cli/backfills.h"

static const pgb_option run_options[] = {
    {.name = "dry-run",
     .letter = 'n',
     PGB_OPT_FLAG_AT(pgb_backfill_values, dry_run),
     .help = "one transaction that is rolled back: the counts that the real\nrun would have"},
    {.name = "limit",
     .arg = "N",
     PGB_OPT_INT_AT(pgb_backfill_values, limit),
     .help = "stop after N rows; the next run goes on from there"},
    {.name = "only-errors",
     PGB_OPT_FLAG_AT(pgb_backfill_values, only_errors),
     .help = "try the rows at fault again, nothing else"},
    {.name = "max-errors",
     .arg = "N",
     PGB_OPT_STRING_AT(pgb_backfill_values, max_errors),
     .help = "stop when more than N rows are at fault (default: any number\nmay be)"},
    {.name = "rate",
     .arg = "N",
     PGB_OPT_INT_AT(pgb_backfill_values, rate),
     .help = "at most N rows a second"},
    {.name = "batch",
     .arg = "N",
     PGB_OPT_INT_AT(pgb_backfill_values, batch),
     .help = "N rows in every batch (default: as many as fit the time)"},
    {.name = "batch-time",
     .arg = "TIME",
     PGB_OPT_DURATION_AT(pgb_backfill_values, batch_time_ms),
     .preset = "none",
     .help = "how long a batch shall take, and hold its locks (default: 1s)"},
    {.name = "again",
     PGB_OPT_FLAG_AT(pgb_backfill_values, again),
     .help = "forget what was done and begin from the first row"},
    {.name = "edited",
     PGB_OPT_FLAG_AT(pgb_backfill_values, edited),
     .help = "go on although the file was edited since rows were done by it"},
    PGB_RUN_OPTIONS,
    {.name = NULL},
};

static pgb_status run_run(pgb_ctx *ctx)
{
    const pgb_backfill_values *v = ctx->values;
    pgb_backfill_summary *summaries =
        pgb_arena_array(ctx->arena, ctx->n_operands + 1, sizeof *summaries);
    const pgb_backfill **all = pgb_arena_array(ctx->arena, ctx->n_operands + 1, sizeof *all);
    uint32_t n = 0;
    pgb_status status = pgb_ctx_backfills(ctx), first = PGB_OK;

    if (summaries == NULL || all == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < ctx->n_operands && status == PGB_OK; i++) {
        status = pgb_backfills_need(ctx->backfills, ctx->operands[i], &all[i], ctx->err);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (v->only_errors && v->again) {
        return pgb_error_set(ctx->err, PGB_USAGE, "--only-errors and --again don't go together");
    }
    if (ctx->json) {
        pgb_backfill_items_begin(ctx);
    }
    for (; n < ctx->n_operands && first == PGB_OK; n++) {
        first = pgb_backfill_go(ctx, all[n], v, &summaries[n], ctx->err);
        if (summaries[n].state != NULL && !ctx->json) {
            pgb_backfill_put(ctx, all[n], &summaries[n]);
        }
    }
    if (ctx->json) {
        pgb_backfill_items_end(ctx, all, summaries, n);
    }
    return first;
}

static pgb_status ask(pgb_ctx *ctx, pgb_backfill_wish wish, const char *done)
{
    pgb_status status = pgb_ctx_backfills(ctx);
    pgb_json json;
    PGB_AUTO_BUF(b);

    pgb_json_init(&json, &b);
    pgb_json_object(&json);
    pgb_json_key(&json, done);
    pgb_json_array(&json);
    for (uint32_t i = 0; i < ctx->n_operands && status == PGB_OK; i++) {
        bool did = false;

        status = pgb_backfill_ask(ctx->runner, ctx->operands[i], wish, &did, ctx->err);
        if (status == PGB_OK && !did) {
            const pgb_backfill *b_;

            status = pgb_backfills_need(ctx->backfills, ctx->operands[i], &b_, ctx->err);
            if (status == PGB_OK) {
                status =
                    pgb_error_set(ctx->err, PGB_REFUSED,
                                  "the backfill %s was not begun, or is done", ctx->operands[i]);
                pgb_error_hint(ctx->err, "pgbraid backfill status %s", ctx->operands[i]);
            }
        }
        if (status == PGB_OK) {
            pgb_json_string(&json, ctx->operands[i]);
            if (!ctx->json) {
                pgb_say(ctx, "%s: %s", ctx->operands[i], done);
            }
        }
    }
    pgb_json_end(&json);
    pgb_json_end(&json);
    if (status == PGB_OK && ctx->json) {
        pgb_out_raw(ctx->out, b.p, b.len);
        pgb_out_raw(ctx->out, "\n", 1);
    }
    return status;
}

static pgb_status run_pause(pgb_ctx *ctx)
{
    return ask(ctx, PGB_BACKFILL_PAUSE, "paused");
}

static pgb_status run_resume(pgb_ctx *ctx)
{
    return ask(ctx, PGB_BACKFILL_GO_ON, "resumed");
}

static pgb_status run_cancel(pgb_ctx *ctx)
{
    return ask(ctx, PGB_BACKFILL_CANCEL, "cancelled");
}

struct errors_values {
    bool accept;
    int64_t limit;
};

static const pgb_option errors_options[] = {
    {.name = "accept",
     PGB_OPT_FLAG_AT(struct errors_values, accept),
     .help = "let these rows be: the backfill counts as complete without them"},
    {.name = "limit",
     .arg = "N",
     PGB_OPT_INT_AT(struct errors_values, limit),
     .help = "show the first N only"},
    {.name = NULL},
};

static unsigned errors_needs(const void *values, unsigned needs)
{
    const struct errors_values *v = values;

    return v->accept ? needs | PGB_NEED_WRITE : needs;
}

static pgb_status run_errors(pgb_ctx *ctx)
{
    const struct errors_values *v = ctx->values;

    return pgb_backfill_errors(ctx, v->accept, v->limit);
}

static const pgb_example list_examples[] = {
    {"pgbraid backfill list", "what there is, and how each stands"},
    {NULL, NULL},
};
static const pgb_example run_examples[] = {
    {"pgbraid backfill run treatment_goals --dry-run", "see what it would do"},
    {"pgbraid backfill run treatment_goals", "run it, or go on where it stopped"},
    {"pgbraid backfill run treatment_goals --only-errors", "the rows at fault once more"},
    {"pgbraid backfill run treatment_goals --rate 500", "gently, beside a busy application"},
    {NULL, NULL},
};
static const pgb_example status_examples[] = {
    {"pgbraid backfill status treatment_goals", "rows, outcomes, errors, what comes next"},
    {NULL, NULL},
};
static const pgb_example pause_examples[] = {
    {"pgbraid backfill pause treatment_goals", "stand still behind the batch under way"},
    {NULL, NULL},
};
static const pgb_example resume_examples[] = {
    {"pgbraid backfill resume treatment_goals", "let it go on"},
    {NULL, NULL},
};
static const pgb_example cancel_examples[] = {
    {"pgbraid backfill cancel treatment_goals", "end the run behind its batch"},
    {NULL, NULL},
};
static const pgb_example errors_examples[] = {
    {"pgbraid backfill errors treatment_goals", "each row at fault with its error"},
    {"pgbraid backfill errors treatment_goals --accept", "they may stay undone"},
    {NULL, NULL},
};

enum { READS = PGB_NEED_CONF | PGB_NEED_REVISIONS | PGB_NEED_DATABASE };

static const pgb_command sub_list = {
    .name = "list",
    .summary = "all backfills and how they stand",
    .operands = "",
    .about = "The states: new (never run, or void because a revision that it requires was "
             "reverted since), running, paused, stopped, failed, cancelled, errors (all rows were "
             "tried, and some are at fault), complete. Reads only.",
    .examples = list_examples,
    .needs = READS,
    .embedded = PGB_EMBEDDED_START,
    .run = pgb_backfill_list,
};
static const pgb_command sub_run = {
    .name = "run",
    .summary = "run, or go on where it stopped",
    .operands = "NAME...",
    .min_operands = 1,
    .max_operands = -1,
    .about =
        "Works through the rows of the source in batches. Each batch and its record commit "
        "together: killed at any moment, the next run goes on with nothing lost and nothing "
        "twice. Rows that came meanwhile are done too before it is complete; a later run of a "
        "complete one looks for new rows.\n\n"
        "A row at fault is rolled back alone and recorded; the rest goes on, and the exit status "
        "is 1 as long as there are such rows. The first Ctrl-C finishes the batch under way, a "
        "second one rolls it back.\n\n"
        "--verbose writes each item that the statement names, with its outcome, to stdout.",
    .options = run_options,
    .values_size = sizeof(pgb_backfill_values),
    .examples = run_examples,
    .needs = READS,
    .embedded = PGB_EMBEDDED_START,
    .run = run_run,
};
static const pgb_command sub_status = {
    .name = "status",
    .summary = "how far they are, what was counted, what comes next",
    .operands = "[NAME...]",
    .max_operands = -1,
    .about = "Without a name: all. The counts are those of all runs since it was begun.",
    .examples = status_examples,
    .needs = READS,
    .embedded = PGB_EMBEDDED_START,
    .run = pgb_backfill_status,
};
static const pgb_command sub_pause = {
    .name = "pause",
    .summary = "let a run stand still",
    .operands = "NAME...",
    .min_operands = 1,
    .max_operands = -1,
    .about =
        "The run finishes the batch under way, holds no lock of rows, and waits until backfill "
        "resume. Where none runs, the next run is refused until then.",
    .examples = pause_examples,
    .needs = READS | PGB_NEED_WRITE,
    .embedded = PGB_EMBEDDED_START,
    .run = run_pause,
};
static const pgb_command sub_resume = {
    .name = "resume",
    .summary = "let a paused run go on",
    .operands = "NAME...",
    .min_operands = 1,
    .max_operands = -1,
    .about = "Ends a pause. It starts no run: where none waits, backfill run goes on.",
    .examples = resume_examples,
    .needs = READS | PGB_NEED_WRITE,
    .embedded = PGB_EMBEDDED_START,
    .run = run_resume,
};
static const pgb_command sub_cancel = {
    .name = "cancel",
    .summary = "end a run",
    .operands = "NAME...",
    .min_operands = 1,
    .max_operands = -1,
    .about = "The run finishes the batch under way and ends with exit status 1. What was done "
             "stays and is remembered: backfill run goes on from there.",
    .examples = cancel_examples,
    .needs = READS | PGB_NEED_WRITE,
    .embedded = PGB_EMBEDDED_START,
    .run = run_cancel,
};
static const pgb_command sub_errors = {
    .name = "errors",
    .summary = "the rows at fault",
    .operands = "NAME",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Key, message and SQLSTATE of each row that was rolled back alone. A revision that "
             "waits for the backfill is held back as long as there are any, unless they are "
             "accepted.",
    .options = errors_options,
    .values_size = sizeof(struct errors_values),
    .examples = errors_examples,
    .needs = READS,
    .embedded = PGB_EMBEDDED_START,
    .run = run_errors,
    .needs_now = errors_needs,
};
static const pgb_command *const subs[] = {&sub_list,   &sub_run,    &sub_status, &sub_pause,
                                          &sub_resume, &sub_cancel, &sub_errors, NULL};
static const pgb_example examples[] = {
    {"pgbraid backfill list", "what there is, and how each stands"},
    {"pgbraid backfill run treatment_goals", "run it, or go on where it stopped"},
    {NULL, NULL},
};

extern const pgb_command pgb_command_backfill;
const pgb_command pgb_command_backfill = {
    .name = "backfill",
    .summary = "data migrations: list, run, status, pause, resume, cancel, errors",
    .operands = "",
    .about = "A backfill is a file backfills/NAME.sql that names a table, its key and one "
             "statement. It is run in batches beside the live application, apart from the "
             "revisions; a revision with \"-- pgbraid:depends backfill:NAME\" waits for it.",
    .examples = examples,
    .subs = subs,
};
