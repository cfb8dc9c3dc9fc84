#include <stdlib.h>
#include <string.h>

#include "cli/list.h"
#include "report/graph_text.h"

struct values {
    const char *range;
    int graph;
    int64_t limit;
    bool reverse;
};

static const pgb_option options[] = {
    {.name = "range",
     .letter = 'r',
     .arg = "A:B",
     PGB_OPT_STRING_AT(struct values, range),
     .help = "only from A to B, both included; A: and :B are allowed"},
    {.name = "graph",
     PGB_OPT_MAYBE_AT(struct values, graph),
     .choices = "text|dot|mermaid",
     .help = "draw the branches: as rails in the terminal, or for Graphviz or Mermaid"},
    {.name = "limit",
     .letter = 'n',
     .arg = "N",
     PGB_OPT_INT_AT(struct values, limit),
     .help = "at most N revisions"},
    {.name = "reverse", PGB_OPT_FLAG_AT(struct values, reverse), .help = "oldest first"},
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid history", "all revisions, newest first"},
    {"pgbraid history --graph", "the same, with the branches drawn"},
    {"pgbraid history -r c3d4:heads", "what came after c3d4"},
    {NULL, NULL},
};

/* The nodes that are asked for, in the order in which they are shown. */
static pgb_status choose(pgb_ctx *ctx, const struct values *v, pgb_node_list *ret_nodes)
{
    const pgb_world *w = ctx->world;
    pgb_node_list nodes = {w->order, w->n}, turned;
    pgb_status status = PGB_OK;

    if (v->range != NULL) {
        status = pgb_world_range(w, v->range, &nodes, ctx->err);
    }
    if (status != PGB_OK) {
        return status;
    }
    turned.n = nodes.n;
    turned.at = pgb_arena_array(ctx->arena, nodes.n + 1, sizeof *turned.at);
    if (turned.at == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < nodes.n; i++) {
        turned.at[i] = nodes.at[v->reverse ? i : nodes.n - 1 - i];
    }
    if (v->limit > 0 && v->limit < turned.n) {
        turned.n = (uint32_t)v->limit;
    }
    *ret_nodes = turned;
    return PGB_OK;
}

static void put_details(pgb_ctx *ctx, uint32_t node)
{
    const pgb_world *w = ctx->world;
    const pgb_world_node *n = &w->nodes[node];
    pgb_nodes parents = pgb_graph_parents(w->graph, node);
    pgb_nodes depends = pgb_graph_depends(w->graph, node);

    if (n->rev != NULL) {
        pgb_out_printf(ctx->out, "    file:    %s\n", n->rev->file);
    }
    for (uint32_t i = 0; i < parents.n; i++) {
        pgb_out_printf(ctx->out, "%s%s", i == 0 ? "    parent:  " : ", ",
                       w->nodes[parents.at[i]].id);
    }
    if (parents.n > 0) {
        pgb_out_raw(ctx->out, "\n", 1);
    }
    for (uint32_t i = 0; i < depends.n; i++) {
        pgb_out_printf(ctx->out, "%s%s", i == 0 ? "    depends: " : ", ",
                       w->nodes[depends.at[i]].id);
    }
    if (depends.n > 0) {
        pgb_out_raw(ctx->out, "\n", 1);
    }
    if (n->applied != NULL) {
        pgb_out_printf(ctx->out, "    %s at %s by %s\n",
                       n->applied->stamped ? "stamped" : "applied", n->applied->at, n->applied->by);
    }
}

static pgb_status put_json(const pgb_lister *lister, pgb_node_list nodes)
{
    pgb_out *out = lister->ctx->out;
    pgb_json json;

    pgb_json_init(&json, pgb_out_json(out));
    pgb_json_object(&json);
    pgb_json_key(&json, "revisions");
    pgb_json_array(&json);
    for (uint32_t i = 0; i < nodes.n; i++) {
        pgb_list_json_node(lister, &json, nodes.at[i]);
        pgb_out_turn(out);
    }
    pgb_json_end(&json);
    pgb_json_end(&json);
    pgb_out_raw(out, "\n", 1);
    return PGB_OK;
}

static pgb_status put_text(const pgb_lister *lister, pgb_node_list nodes)
{
    pgb_ctx *ctx = lister->ctx;
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; status == PGB_OK && i < nodes.n; i++) {
        status = pgb_list_line(lister, ctx->out, nodes.at[i], false);
        pgb_out_raw(ctx->out, "\n", 1);
        if (ctx->verbose > 0) {
            put_details(ctx, nodes.at[i]);
        }
    }
    if (status == PGB_OK && nodes.n == 0) {
        pgb_say(ctx, "no revisions");
    }
    return status;
}

/* Signs that differ without colour too. */
static const char *mark_of(const char *state)
{
    return state == NULL || strcmp(state, "applied") == 0 ? ""
           : strcmp(state, "failed") == 0                 ? "x"
           : strcmp(state, "pending") == 0                ? "o"
                                                          : "!";
}

static void draw_node(void *data, uint32_t node, pgb_buf *mark, pgb_buf *text)
{
    const pgb_lister *lister = data;
    pgb_out part = {.colour = mark != NULL && lister->ctx->out->colour};

    if (mark != NULL) {
        pgb_buf_puts(mark, mark_of(pgb_lister_state(lister, node)));
    }
    text->failed = pgb_list_line(lister, &part, node, false) != PGB_OK || part.buf.failed;
    pgb_buf_append(text, pgb_buf_str(&part.buf), part.buf.len);
    pgb_out_done(&part);
}

static const char *draw_name(void *data, uint32_t node)
{
    const pgb_lister *lister = data;

    return lister->ctx->world->nodes[node].id;
}

/* A locale that was chosen and can't show rails of Unicode. */
static bool ascii_only(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0') {
            return strcasestr(value, "utf") == NULL;
        }
    }
    return false;
}

static pgb_status draw(pgb_lister *lister, pgb_node_list nodes, int how)
{
    pgb_ctx *ctx = lister->ctx;
    pgb_graph_drawing drawing = {
        .graph = ctx->world->graph,
        .nodes = nodes.at,
        .n = nodes.n,
        .data = lister,
        .ascii = ascii_only(),
        .colour = ctx->out->colour,
        .node = draw_node,
        .name = draw_name,
    };

    return how == 0   ? pgb_graph_text(&drawing, pgb_out_json(ctx->out), ctx->err)
           : how == 1 ? pgb_graph_dot(&drawing, pgb_out_json(ctx->out), ctx->err)
                      : pgb_graph_mermaid(&drawing, pgb_out_json(ctx->out), ctx->err);
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    pgb_node_list nodes = {0};
    pgb_lister lister;
    pgb_status status = choose(ctx, v, &nodes);

    if (status == PGB_OK) {
        status = pgb_lister_init(&lister, ctx);
    }
    if (status != PGB_OK) {
        return status;
    }
    return ctx->json      ? put_json(&lister, nodes)
           : v->graph > 0 ? draw(&lister, nodes, v->graph - 1)
                          : put_text(&lister, nodes);
}

const pgb_command pgb_command_history = {
    .name = "history",
    .group = "Read the graph",
    .summary = "list the revisions, newest first",
    .operands = "",
    .about =
        "Where a database is named, or the embedded server runs, what is not simply applied is "
        "marked: pending, late, failed, edited, reparented, missing. No server is started.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_REVISIONS | PGB_NEED_DATABASE_IF_ANY | PGB_NEED_HASHES,
    .embedded = PGB_EMBEDDED_ATTACH,
    .run = run,
};
