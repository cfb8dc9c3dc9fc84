#include "cli/list.h"

#include <string.h>

pgb_status pgb_lister_init(pgb_lister *lister, pgb_ctx *ctx)
{
    pgb_node_list heads, current;
    pgb_status status;

    *lister = (pgb_lister){.ctx = ctx};
    if (!pgb_bits_init(&lister->failed, ctx->arena, ctx->world->n) ||
        !pgb_bits_init(&lister->heads, ctx->arena, ctx->world->n) ||
        !pgb_bits_init(&lister->current, ctx->arena, ctx->world->n)) {
        return pgb_error_nomem(ctx->err);
    }
    status = pgb_world_heads(ctx->world, &heads, ctx->err);
    if (status != PGB_OK) {
        return status;
    }
    for (uint32_t i = 0; i < heads.n; i++) {
        pgb_bits_set(&lister->heads, heads.at[i]);
    }
    if (ctx->applied == NULL) {
        return PGB_OK;
    }
    for (uint32_t i = 0; i < ctx->applied->n_failed; i++) {
        const char *id = ctx->applied->failed[i];
        uint32_t node;

        if (pgb_map_get(&ctx->world->by_id, id, strlen(id), &node)) {
            pgb_bits_set(&lister->failed, node);
        }
    }
    status = pgb_world_current(ctx->world, &current, ctx->err);
    for (uint32_t i = 0; status == PGB_OK && i < current.n; i++) {
        pgb_bits_set(&lister->current, current.at[i]);
    }
    return status;
}

const char *pgb_lister_state(const pgb_lister *lister, uint32_t node)
{
    const pgb_world_node *n = &lister->ctx->world->nodes[node];

    if (lister->ctx->applied == NULL) {
        return NULL;
    }
    if (n->applied == NULL) {
        return pgb_bits_get(&lister->failed, node) ? "failed" : n->late ? "late" : "pending";
    }
    if (n->applied->incomplete) {
        return "incomplete";
    }
    return n->rev == NULL  ? "missing"
           : n->edited     ? "edited"
           : n->reparented ? "reparented"
                           : "applied";
}

static pgb_style style_of(const char *state)
{
    if (strcmp(state, "pending") == 0 || strcmp(state, "late") == 0) {
        return PGB_STYLE_WARN;
    }
    return strcmp(state, "applied") == 0 ? PGB_STYLE_GOOD : PGB_STYLE_BAD;
}

/* One of labels and refs is there. */
static void put_labels(pgb_out *out, const char *const *labels, const pgb_ref *refs, uint32_t n)
{
    for (uint32_t i = 0; i < n && (labels != NULL || refs != NULL); i++) {
        pgb_out_printf(out, "%s%s", i == 0 ? " (" : ", ",
                       labels != NULL ? labels[i] : refs[i].text);
    }
    if (n > 0) {
        pgb_out_raw(out, ")", 1);
    }
}

pgb_status pgb_list_line(const pgb_lister *lister, pgb_out *out, uint32_t node, bool effective)
{
    const pgb_world *w = lister->ctx->world;
    const pgb_world_node *n = &w->nodes[node];
    const char *state = pgb_lister_state(lister, node);
    uint32_t children = pgb_graph_children(w->graph, node).n;
    const char *const *labels = NULL;
    uint32_t n_labels = 0;

    pgb_out_styled(out, PGB_STYLE_NAME, n->id);
    if (effective) {
        pgb_status status = pgb_world_labels(w, node, &labels, &n_labels, lister->ctx->err);

        if (status != PGB_OK) {
            return status;
        }
        put_labels(out, labels, NULL, n_labels);
    } else if (n->rev != NULL) {
        put_labels(out, NULL, n->rev->labels, n->rev->n_labels);
    } else if (n->applied != NULL) {
        put_labels(out, n->applied->labels, NULL, n->applied->n_labels);
    }
    if (pgb_bits_get(&lister->heads, node)) {
        pgb_out_raw(out, " (head)", 7);
    }
    if (children > 1) {
        pgb_out_raw(out, " (branch point)", 15);
    }
    if (pgb_graph_parents(w->graph, node).n > 1) {
        pgb_out_raw(out, " (merge point)", 14);
    }
    if (pgb_bits_get(&lister->current, node)) {
        pgb_out_styled(out, PGB_STYLE_GOOD, " (current)");
    }
    if (state != NULL && strcmp(state, "applied") != 0 &&
        (lister->obvious == NULL || strcmp(state, lister->obvious) != 0)) {
        pgb_out_style(out, style_of(state));
        pgb_out_printf(out, " (%s)", state);
        pgb_out_style(out, PGB_STYLE_NONE);
    }
    if (n->title != NULL && n->title[0] != '\0') {
        pgb_out_printf(out, ", %s", n->title);
    }
    return PGB_OK;
}

const char *pgb_list_ids(pgb_ctx *ctx, pgb_node_list nodes, uint32_t most)
{
    PGB_AUTO_BUF(text);
    const char *copy;

    for (uint32_t i = 0; i < nodes.n && i < most; i++) {
        pgb_buf_puts(&text, i == 0 ? "" : i + 1 == nodes.n ? " and " : ", ");
        pgb_buf_puts(&text, ctx->world->nodes[nodes.at[i]].id);
    }
    if (nodes.n > most) {
        pgb_buf_printf(&text, " and %u more", nodes.n - most);
    }
    copy = text.failed ? NULL : pgb_arena_strdup(ctx->arena, pgb_buf_str(&text));
    ctx->out->buf.failed = ctx->out->buf.failed || copy == NULL; /* known when it is flushed */
    return copy == NULL ? "" : copy;
}

void pgb_list_json(pgb_json *json, const char *key, const pgb_world *w, pgb_node_list nodes)
{
    pgb_json_key(json, key);
    pgb_json_array(json);
    for (uint32_t i = 0; i < nodes.n; i++) {
        pgb_json_string(json, w->nodes[nodes.at[i]].id);
    }
    pgb_json_end(json);
}

static void json_neighbours(pgb_json *json, const char *key, const pgb_world *w, pgb_nodes nodes)
{
    pgb_json_key(json, key);
    pgb_json_array(json);
    for (uint32_t i = 0; i < nodes.n; i++) {
        pgb_json_string(json, w->nodes[nodes.at[i]].id);
    }
}

void pgb_list_json_node(const pgb_lister *lister, pgb_json *json, uint32_t node)
{
    const pgb_world *w = lister->ctx->world;
    const pgb_world_node *n = &w->nodes[node];
    const char *state = pgb_lister_state(lister, node);

    pgb_json_object(json);
    pgb_json_key_string(json, "id", n->id);
    json_neighbours(json, "parents", w, pgb_graph_parents(w->graph, node));
    pgb_json_end(json);
    json_neighbours(json, "depends", w, pgb_graph_depends(w->graph, node));
    for (uint32_t i = 0; n->rev != NULL && i < n->rev->n_backfills; i++) {
        char name[300] = "backfill:";

        strncat(name, n->rev->backfills[i].text, sizeof name - sizeof "backfill:");
        pgb_json_string(json, name);
    }
    pgb_json_end(json);
    pgb_json_key(json, "labels");
    pgb_json_array(json);
    for (uint32_t i = 0; n->rev != NULL && i < n->rev->n_labels; i++) {
        pgb_json_string(json, n->rev->labels[i].text);
    }
    for (uint32_t i = 0; n->rev == NULL && n->applied != NULL && i < n->applied->n_labels; i++) {
        pgb_json_string(json, n->applied->labels[i]);
    }
    pgb_json_end(json);
    pgb_json_key_string(json, "title", n->title);
    pgb_json_key_string(json, "file", n->rev == NULL ? NULL : n->rev->file);
    pgb_json_key(json, "applied");
    if (state == NULL) {
        pgb_json_null(json);
    } else {
        pgb_json_bool(json, n->applied != NULL);
    }
    pgb_json_key_string(json, "state", state);
    pgb_json_key_bool(json, "head", pgb_bits_get(&lister->heads, node));
    pgb_json_end(json);
}
