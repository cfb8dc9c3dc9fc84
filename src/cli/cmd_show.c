#include <string.h>

#include "cli/list.h"

static const pgb_example examples[] = {
    {"pgbraid show d4e5", "the revision whose id begins with d4e5"},
    {"pgbraid show timeline@head", "the head of the branch with label timeline"},
    {NULL, NULL},
};

static void put_field(pgb_ctx *ctx, const char *name, const char *value)
{
    pgb_out_style(ctx->out, PGB_STYLE_BOLD);
    pgb_out_printf(ctx->out, "%-15s", name);
    pgb_out_style(ctx->out, PGB_STYLE_NONE);
    pgb_out_printf(ctx->out, "%s\n", value);
}

static void put_neighbours(pgb_ctx *ctx, const char *name, pgb_nodes nodes)
{
    for (uint32_t i = 0; i < nodes.n; i++) {
        const pgb_world_node *n = &ctx->world->nodes[nodes.at[i]];
        const char *line =
            pgb_arena_printf(ctx->arena, "%s%s%s", n->id, n->title == NULL ? "" : ", ",
                             n->title == NULL ? "" : n->title);

        put_field(ctx, i == 0 ? name : "", line == NULL ? n->id : line);
    }
}

static const char *way_back(const pgb_world_node *n)
{
    if (n->rev != NULL) {
        return n->rev->down_kind == PGB_DOWN_SQL            ? "yes"
               : n->rev->down_kind == PGB_DOWN_IRREVERSIBLE ? "irreversible"
                                                            : "none";
    }
    return n->applied->has_down_text          ? "stored in the database"
           : n->applied->irreversible != NULL ? "irreversible"
                                              : "none";
}

static void put_json(const pgb_lister *lister, uint32_t node)
{
    pgb_ctx *ctx = lister->ctx;
    pgb_json json;

    pgb_json_init(&json, pgb_out_json(ctx->out));
    pgb_list_json_node(lister, &json, node);
    pgb_out_raw(ctx->out, "\n", 1);
}

static void put_applied(pgb_ctx *ctx, const pgb_lister *lister, uint32_t node)
{
    const pgb_applied *row = ctx->world->nodes[node].applied;
    const char *state = pgb_lister_state(lister, node);

    if (state == NULL) {
        return;
    }
    put_field(ctx, "state", state);
    if (row != NULL) {
        put_field(ctx, row->stamped ? "stamped at" : "applied at", row->at);
        put_field(ctx, "by", row->by);
        put_field(ctx, "from", row->from);
        put_field(ctx, "run", row->run);
    }
}

static pgb_status put_text(const pgb_lister *lister, uint32_t node)
{
    pgb_ctx *ctx = lister->ctx;
    const pgb_world *w = ctx->world;
    const pgb_world_node *n = &w->nodes[node];
    const char *const *labels;
    uint32_t n_labels;
    pgb_status status = pgb_world_labels(w, node, &labels, &n_labels, ctx->err);
    PGB_AUTO_BUF(list);

    if (status != PGB_OK) {
        return status;
    }
    for (uint32_t i = 0; i < n_labels; i++) {
        pgb_buf_printf(&list, "%s%s", i == 0 ? "" : ", ", labels[i]);
    }
    if (list.failed) {
        return pgb_error_nomem(ctx->err);
    }
    put_field(ctx, "revision", n->id);
    put_field(ctx, "title", n->title == NULL ? "" : n->title);
    put_field(ctx, "file", n->rev == NULL ? "gone" : n->rev->file);
    if (n->rev != NULL && n->rev->down_name != NULL) {
        put_field(ctx, "down file", n->rev->down_name);
    }
    put_neighbours(ctx, "parent", pgb_graph_parents(w->graph, node));
    if (pgb_graph_parents(w->graph, node).n == 0) {
        put_field(ctx, "parent", "none: a base");
    }
    put_neighbours(ctx, "depends", pgb_graph_depends(w->graph, node));
    for (uint32_t i = 0; n->rev != NULL && i < n->rev->n_backfills; i++) {
        put_field(ctx, "backfill", n->rev->backfills[i].text);
    }
    put_neighbours(ctx, "children", pgb_graph_children(w->graph, node));
    if (pgb_graph_children(w->graph, node).n == 0) {
        put_field(ctx, "children", "none: a head");
    }
    put_neighbours(ctx, "depended on by", pgb_graph_dependents(w->graph, node));
    if (n_labels > 0) {
        put_field(ctx, "branches", pgb_buf_str(&list));
    }
    if (n->rev != NULL && n->rev->transaction_none) {
        put_field(ctx, "transaction", "none");
    }
    put_field(ctx, "way back", way_back(n));
    if (n->rev != NULL && n->rev->irreversible_reason != NULL) {
        put_field(ctx, "reason", n->rev->irreversible_reason);
    }
    put_applied(ctx, lister, node);
    return PGB_OK;
}

static pgb_status run(pgb_ctx *ctx)
{
    pgb_lister lister;
    uint32_t node;
    pgb_status status = pgb_world_resolve_one(ctx->world, ctx->operands[0], &node, ctx->err);

    if (status == PGB_OK) {
        status = pgb_lister_init(&lister, ctx);
    }
    if (status == PGB_OK && ctx->json) {
        put_json(&lister, node);
    } else if (status == PGB_OK) {
        status = put_text(&lister, node);
    }
    return status;
}

const pgb_command pgb_command_show = {
    .name = "show",
    .summary = "show one revision: file, parents, children, state",
    .operands = "REV",
    .min_operands = 1,
    .max_operands = 1,
    .about =
        "REV is an id, the unique beginning of one, head, current, a label, LABEL@head, REV+N, "
        "REV-N. No server is started; where a database is named, its record is shown too.",
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_REVISIONS | PGB_NEED_DATABASE_IF_ANY | PGB_NEED_HASHES,
    .embedded = PGB_EMBEDDED_ATTACH,
    .run = run,
};
