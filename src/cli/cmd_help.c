#include "cli/opt.h"

struct values {
    bool man;
};

static const pgb_option options[] = {
    {.name = "man",
     PGB_OPT_FLAG_AT(struct values, man),
     .help = "the manual of all commands, as a man page"},
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid help upgrade", "what upgrade does, its options, an example"},
    {"pgbraid help --man | man -l -", "read everything as a man page"},
    {NULL, NULL},
};

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    const pgb_command *parent = NULL, *found;

    if (v->man) {
        pgb_help_man(ctx->out);
        return PGB_OK;
    }
    if (ctx->n_operands == 0) {
        pgb_help_overview(ctx->out);
        return PGB_OK;
    }
    found = pgb_command_find(pgb_commands, ctx->operands[0]);
    if (found != NULL && ctx->n_operands > 1) {
        parent = found;
        found = found->subs == NULL ? NULL : pgb_command_find(found->subs, ctx->operands[1]);
    }
    if (found == NULL) {
        pgb_error_set(ctx->err, PGB_USAGE, "help: no command '%s%s%s'", ctx->operands[0],
                      ctx->n_operands > 1 ? " " : "", ctx->n_operands > 1 ? ctx->operands[1] : "");
        pgb_error_hint(ctx->err, "pgbraid help lists the commands");
        return PGB_USAGE;
    }
    pgb_help_command(ctx->out, parent, found);
    return PGB_OK;
}

const pgb_command pgb_command_help = {
    .name = "help",
    .group = "More",
    .summary = "what a command does",
    .operands = "[COMMAND [COMMAND]]",
    .max_operands = 2,
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .run = run,
};
