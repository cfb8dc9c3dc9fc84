#include "cli/list.h"

static const pgb_example examples[] = {
    {"pgbraid heads", "the revisions that no other names as parent"},
    {"pgbraid heads --format json", "the same for a program: {\"heads\": [...]}"},
    {NULL, NULL},
};

static pgb_status run(pgb_ctx *ctx)
{
    pgb_node_list heads;
    pgb_lister lister;
    pgb_status status = pgb_world_heads(ctx->world, &heads, ctx->err);

    if (status != PGB_OK) {
        return status;
    }
    if (ctx->json) {
        pgb_json json;

        pgb_json_init(&json, pgb_out_json(ctx->out));
        pgb_json_object(&json);
        pgb_list_json(&json, "heads", ctx->world, heads);
        pgb_json_end(&json);
        pgb_out_raw(ctx->out, "\n", 1);
        return PGB_OK;
    }
    status = pgb_lister_init(&lister, ctx);
    for (uint32_t i = 0; status == PGB_OK && i < heads.n; i++) {
        status = pgb_list_line(&lister, ctx->out, heads.at[i], true);
        pgb_out_raw(ctx->out, "\n", 1);
        if (ctx->verbose > 0) {
            pgb_out_printf(ctx->out, "    %s\n", ctx->world->nodes[heads.at[i]].rev->file);
        }
    }
    return status;
}

const pgb_command pgb_command_heads = {
    .name = "heads",
    .summary = "list the heads: revisions that no other names as parent",
    .operands = "",
    .about =
        "Reads the files only. More than one head is no error: upgrade takes them all. With -v "
        "the files are named.",
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_REVISIONS,
    .run = run,
};
