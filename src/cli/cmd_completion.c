#include "cli/opt.h"

static const pgb_example examples[] = {
    {"source <(pgbraid completion bash)", "complete commands and options in this shell"},
    {NULL, NULL},
};

static pgb_status run(pgb_ctx *ctx)
{
    if (!pgb_help_completion(ctx->out, ctx->operands[0])) {
        pgb_error_set(ctx->err, PGB_USAGE, "completion: unknown shell '%s'", ctx->operands[0]);
        pgb_error_hint(ctx->err, "bash is known: pgbraid completion bash");
        return PGB_USAGE;
    }
    return PGB_OK;
}

const pgb_command pgb_command_completion = {
    .name = "completion",
    .summary = "a script that completes commands and options in the shell",
    .operands = "SHELL",
    .min_operands = 1,
    .max_operands = 1,
    .examples = examples,
    .run = run,
};
