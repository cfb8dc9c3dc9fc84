#include "cli/list.h"

static const pgb_example examples[] = {
    {"pgbraid branches", "where the graph parts, and into what"},
    {NULL, NULL},
};

static void put_json(pgb_ctx *ctx)
{
    const pgb_world *w = ctx->world;
    pgb_json json;

    pgb_json_init(&json, pgb_out_json(ctx->out));
    pgb_json_object(&json);
    pgb_json_key(&json, "branches");
    pgb_json_array(&json);
    for (uint32_t i = 0; i < w->n; i++) {
        pgb_nodes children = pgb_graph_children(w->graph, w->order[i]);

        if (children.n < 2) {
            continue;
        }
        pgb_json_object(&json);
        pgb_json_key_string(&json, "id", w->nodes[w->order[i]].id);
        pgb_json_key_string(&json, "title", w->nodes[w->order[i]].title);
        pgb_json_key(&json, "children");
        pgb_json_array(&json);
        for (uint32_t c = 0; c < children.n; c++) {
            pgb_json_string(&json, w->nodes[children.at[c]].id);
        }
        pgb_json_end(&json);
        pgb_json_end(&json);
        pgb_out_turn(ctx->out);
    }
    pgb_json_end(&json);
    pgb_json_end(&json);
    pgb_out_raw(ctx->out, "\n", 1);
}

static pgb_status run(pgb_ctx *ctx)
{
    const pgb_world *w = ctx->world;
    pgb_lister lister;
    pgb_status status = pgb_lister_init(&lister, ctx);
    uint32_t found = 0;

    if (status != PGB_OK) {
        return status;
    }
    if (ctx->json) {
        put_json(ctx);
        return PGB_OK;
    }
    for (uint32_t i = 0; status == PGB_OK && i < w->n; i++) {
        pgb_nodes children = pgb_graph_children(w->graph, w->order[i]);

        if (children.n < 2) {
            continue;
        }
        found++;
        status = pgb_list_line(&lister, ctx->out, w->order[i], false);
        pgb_out_raw(ctx->out, "\n", 1);
        for (uint32_t c = 0; status == PGB_OK && c < children.n; c++) {
            pgb_out_raw(ctx->out, "    -> ", 7);
            status = pgb_list_line(&lister, ctx->out, children.at[c], false);
            pgb_out_raw(ctx->out, "\n", 1);
        }
    }
    if (status == PGB_OK && found == 0) {
        pgb_say(ctx, "no branch point: every revision has one child at most");
    }
    return status;
}

const pgb_command pgb_command_branches = {
    .name = "branches",
    .summary = "list the branch points and their children",
    .operands = "",
    .about = "A branch point is a revision with several children. Reads the files only.",
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_REVISIONS,
    .run = run,
};
