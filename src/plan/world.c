/* The world: files and rows joined into one graph. */
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "plan/internal.h"

/* What is needed only while building. */
typedef struct builder {
    pgb_world *w;
    pgb_edge *edges; /* room for all that files and rows name */
    size_t n_edges;
    uint32_t *seen; /* a node was met in round seen[node] */
    uint32_t round;
    uint32_t *stack;
} builder;

static bool find(const pgb_map *map, const char *key, uint32_t *ret_node)
{
    return pgb_map_get(map, key, strlen(key), ret_node);
}

static pgb_status add_nodes(pgb_world *w, pgb_error *err)
{
    const pgb_revset *set = w->set;
    uint32_t n_rows = w->applied_set != NULL ? w->applied_set->n : 0;

    if (set->n >= PGB_NODE_NONE - n_rows) {
        return pgb_error_set(err, PGB_PROJECT, "too many revisions");
    }
    w->nodes = pgb_arena_array(w->arena, (size_t)set->n + n_rows, sizeof *w->nodes);
    if (w->nodes == NULL || !pgb_map_reserve(&w->by_id, (size_t)set->n + n_rows)) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < set->n; i++) {
        const pgb_revision *rev = &set->revs[i];
        uint32_t old = 0;
        bool added;

        w->nodes[i] = (pgb_world_node){.id = rev->id, .title = rev->title, .rev = rev};
        if (!pgb_map_add(&w->by_id, rev->id, strlen(rev->id), i, &added, &old)) {
            return pgb_error_nomem(err);
        }
        if (!added) {
            pgb_status status = pgb_error_set(err, PGB_PROJECT, "two files are revision %s: %s, %s",
                                              rev->id, set->revs[old].file, rev->file);

            pgb_error_at(err, rev->file, (int)rev->id_line, (int)rev->id_column, NULL, 0);
            pgb_error_hint(err, "give one of them another id: pgbraid rename %s", rev->file);
            return status;
        }
    }
    w->n = set->n;
    for (uint32_t i = 0; i < n_rows; i++) {
        const pgb_applied *row = &w->applied_set->rows[i];
        uint32_t node = w->n;
        bool added;

        if (!pgb_map_add(&w->by_id, row->id, strlen(row->id), w->n, &added, &node)) {
            return pgb_error_nomem(err);
        }
        if (added) {
            w->nodes[w->n++] = (pgb_world_node){
                .id = row->id, .title = row->title != NULL ? row->title : "", .applied = row};
        } else if (w->nodes[node].applied == NULL) {
            w->nodes[node].applied = row;
        } else {
            return pgb_error_set(err, PGB_FAILED, "the history has two rows for revision %s",
                                 row->id);
        }
    }
    return PGB_OK;
}

static pgb_status add_labels(pgb_world *w, pgb_error *err)
{
    for (uint32_t v = 0; v < w->n; v++) {
        uint32_t n = pgb_world_n_own_labels(w, v);

        for (uint32_t i = 0; i < n; i++) {
            const char *label = pgb_world_own_label(w, v, i);

            /* the first keeps it: files stand before rows */
            if (!pgb_map_add(&w->by_label, label, strlen(label), v, NULL, NULL)) {
                return pgb_error_nomem(err);
            }
        }
    }
    return PGB_OK;
}

static pgb_status unknown_reference(const pgb_revision *rev, const pgb_ref *ref, const char *what,
                                    pgb_error *err)
{
    pgb_status status = pgb_error_set(err, PGB_PROJECT, "revision %s names %s %s, which is nowhere",
                                      rev->id, what, ref->text);

    pgb_error_at(err, rev->file, (int)ref->line, (int)ref->column, NULL, 0);
    pgb_error_hint(err, "correct the directive, or bring the missing file back; pgbraid check "
                        "shows all that is wrong");
    return status;
}

/* A missing row is found by its text: the set knows files only. */
static bool resolve_ref(const pgb_world *w, const pgb_ref *ref, bool or_label, uint32_t *ret_node)
{
    if (ref->node < w->set->n) {
        *ret_node = ref->node;
        return true;
    }
    return find(&w->by_id, ref->text, ret_node) ||
           (or_label && find(&w->by_label, ref->text, ret_node));
}

static bool is_missing(const pgb_world *w, uint32_t v)
{
    return w->nodes[v].rev == NULL;
}

/* Marks, in a round of its own, what the recorded parents without files of row lead to by stored
 * parents. True: there is at least one such parent. */
static bool mark_behind_missing(builder *b, const pgb_applied *row)
{
    const pgb_world *w = b->w;
    uint32_t depth = 0, v;

    b->round++;
    for (uint32_t i = 0; i < row->n_parents; i++) {
        if (find(&w->by_id, row->parents[i], &v) && is_missing(w, v) && b->seen[v] != b->round) {
            b->seen[v] = b->round;
            b->stack[depth++] = v;
        }
    }
    if (depth == 0) {
        return false;
    }
    while (depth > 0) {
        const pgb_applied *missing = w->nodes[b->stack[--depth]].applied;

        for (uint32_t i = 0; i < missing->n_parents; i++) {
            if (find(&w->by_id, missing->parents[i], &v) && b->seen[v] != b->round) {
                b->seen[v] = b->round;
                if (is_missing(w, v)) {
                    b->stack[depth++] = v;
                }
            }
        }
    }
    return true;
}

static void push_edge(builder *b, uint32_t from, uint32_t to, pgb_edge_kind kind)
{
    b->edges[b->n_edges++] = (pgb_edge){from, to, kind};
}

static pgb_status add_file_edges(builder *b, uint32_t v, bool with_recorded, pgb_error *err)
{
    const pgb_world *w = b->w;
    const pgb_revision *rev = w->nodes[v].rev;
    const pgb_applied *row = w->nodes[v].applied;
    bool behind = with_recorded && row != NULL && mark_behind_missing(b, row);
    uint32_t to;

    for (uint32_t i = 0; i < rev->n_parents; i++) {
        if (!resolve_ref(w, &rev->parents[i], false, &to)) {
            return unknown_reference(rev, &rev->parents[i], "parent", err);
        }
        /* what stands behind a recorded parent is reached through that one */
        if (!(behind && b->seen[to] == b->round)) {
            push_edge(b, v, to, PGB_EDGE_PARENT);
        }
    }
    for (uint32_t i = 0; behind && i < row->n_parents; i++) {
        if (find(&w->by_id, row->parents[i], &to) && is_missing(w, to)) {
            push_edge(b, v, to, PGB_EDGE_PARENT);
        }
    }
    for (uint32_t i = 0; i < rev->n_depends; i++) {
        if (!resolve_ref(w, &rev->depends[i], true, &to)) {
            return unknown_reference(rev, &rev->depends[i], "dependency", err);
        }
        push_edge(b, v, to, PGB_EDGE_DEPEND);
    }
    return PGB_OK;
}

/* A row may name what was forgotten since; that is passed over. */
static void add_row_edges(builder *b, uint32_t v)
{
    const pgb_world *w = b->w;
    const pgb_applied *row = w->nodes[v].applied;
    uint32_t to;

    for (uint32_t i = 0; i < row->n_parents; i++) {
        if (find(&w->by_id, row->parents[i], &to)) {
            push_edge(b, v, to, PGB_EDGE_PARENT);
        }
    }
    for (uint32_t i = 0; i < row->n_depends; i++) {
        if (find(&w->by_id, row->depends[i], &to) || find(&w->by_label, row->depends[i], &to)) {
            push_edge(b, v, to, PGB_EDGE_DEPEND);
        }
    }
}

static pgb_status cycle_error(const pgb_world *w, const pgb_graph *g, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    PGB_AUTO_BUF(text);
    uint32_t *nodes, n, shown;
    const pgb_revision *at = NULL;
    pgb_status status;

    if (scratch == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_graph_cycle(g, scratch, &nodes, &n, err);
    if (status != PGB_OK) {
        return status;
    }
    shown = n > 20 ? 20 : n;
    for (uint32_t i = 0; i < shown; i++) {
        pgb_buf_printf(&text, "%s -> ", w->nodes[nodes[i]].id);
        if (at == NULL) {
            at = w->nodes[nodes[i]].rev;
        }
    }
    pgb_buf_puts(&text, n > shown ? "… -> " : "");
    pgb_buf_puts(&text, n > 0 ? w->nodes[nodes[0]].id : "");
    if (text.failed) {
        return pgb_error_nomem(err);
    }
    status = pgb_error_set(err, PGB_PROJECT, "%u revision%s need one another in a cycle", n,
                           n == 1 ? "" : "s");
    pgb_error_detail(err, "%s (each needs the next)", pgb_buf_str(&text));
    pgb_error_hint(err, "correct a parent or depends directive among them; pgbraid check shows all "
                        "that is wrong");
    if (at != NULL) {
        pgb_error_at(err, at->file, (int)at->id_line, (int)at->id_column, NULL, 0);
    }
    return status;
}

/* Builds graph and order; PGB_INTERNAL: a cycle, *ret_graph is then there all the same. */
static pgb_status try_graph(builder *b, bool with_recorded, pgb_graph **ret_graph, pgb_error *err)
{
    pgb_world *w = b->w;
    pgb_error order_err = PGB_ERROR_INIT;
    pgb_status status = PGB_OK;

    b->n_edges = 0;
    for (uint32_t v = 0; v < w->n && status == PGB_OK; v++) {
        if (is_missing(w, v)) {
            add_row_edges(b, v);
        } else {
            status = add_file_edges(b, v, with_recorded, err);
        }
    }
    if (status == PGB_OK) {
        status = pgb_graph_build(w->arena, w->n, b->edges, b->n_edges, ret_graph, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    status = pgb_graph_order(*ret_graph, w->arena, &w->order, &order_err);
    return status == PGB_NOMEM ? pgb_error_nomem(err) : status;
}

static pgb_status add_graph(pgb_world *w, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    builder b = {.w = w};
    pgb_graph *g = NULL;
    size_t max = 0;
    pgb_status status;

    if (scratch == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t v = 0; v < w->n; v++) {
        const pgb_revision *rev = w->nodes[v].rev;
        const pgb_applied *row = w->nodes[v].applied;

        max += rev != NULL ? (size_t)rev->n_parents + rev->n_depends : 0;
        max += row != NULL ? (size_t)row->n_parents + row->n_depends : 0;
    }
    b.edges = pgb_arena_array(scratch, max, sizeof *b.edges);
    b.seen = pgb_arena_array(scratch, w->n, sizeof *b.seen);
    b.stack = pgb_arena_array(scratch, w->n, sizeof *b.stack);
    if (b.edges == NULL || b.seen == NULL || b.stack == NULL) {
        return pgb_error_nomem(err);
    }
    status = try_graph(&b, true, &g, err);
    if (status == PGB_INTERNAL) {
        /* what rows recorded may contradict files that were turned round since: files win */
        status = try_graph(&b, false, &g, err);
        if (status == PGB_INTERNAL) {
            status = cycle_error(w, g, err);
        }
    }
    if (status != PGB_OK) {
        return status;
    }
    w->graph = g;
    w->place = pgb_arena_array(w->arena, w->n, sizeof *w->place);
    if (w->place == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < w->n; i++) {
        w->place[w->order[i]] = i;
    }
    return PGB_OK;
}

/* The parents as written in the file and as recorded, compared as sets. */
static bool is_reparented(const pgb_world *w, const pgb_revision *rev, const pgb_applied *row)
{
    /* in the numbered layout a file put between two others moves the parent of the later one */
    if (rev->implied_parent || (w->set->layout == PGB_LAYOUT_NUMBERED && rev->n_parents == 0)) {
        return false;
    }
    if (rev->n_parents != row->n_parents) {
        return true;
    }
    for (uint32_t i = 0; i < rev->n_parents; i++) {
        uint32_t to, k = 0;
        const char *id;

        if (!resolve_ref(w, &rev->parents[i], false, &to)) {
            return true;
        }
        id = w->nodes[to].id;
        while (k < row->n_parents && strcmp(row->parents[k], id) != 0) {
            k++;
        }
        if (k == row->n_parents) {
            return true;
        }
    }
    return false;
}

static bool is_known(const char *hash)
{
    return hash != NULL && hash[0] != '\0';
}

static bool is_same(const char *a, const char *b)
{
    return is_known(a) && is_known(b) && strcmp(a, b) == 0;
}

static void compare_hashes(pgb_world_node *node, const pgb_world_hashes *now)
{
    const pgb_applied *then = node->applied;

    if (is_known(now->up_raw) && is_known(then->up_raw) && !is_same(now->up_raw, then->up_raw)) {
        node->edited_blank = is_same(now->up_norm, then->up_norm);
        node->edited = !node->edited_blank;
    }
    if (is_known(now->down_raw) && is_known(then->down_raw)) {
        node->down_changed =
            !is_same(now->down_raw, then->down_raw) && !is_same(now->down_norm, then->down_norm);
    } else if (is_known(now->up_raw) && is_known(then->up_raw)) {
        /* one of them has none: a way back was added or taken away */
        node->down_changed = is_known(now->down_raw) != is_known(then->down_raw);
    }
}

static pgb_status add_states(pgb_world *w, const pgb_world_hashes *hashes, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    pgb_bits below;
    pgb_status status;

    if (scratch == NULL || !pgb_bits_init(&w->applied, w->arena, w->n) ||
        !pgb_bits_init(&below, scratch, w->n)) {
        return pgb_error_nomem(err);
    }
    for (uint32_t v = 0; v < w->n; v++) {
        pgb_world_node *node = &w->nodes[v];

        if (node->applied == NULL) {
            continue;
        }
        if (!node->applied->incomplete) {
            pgb_bits_set(&w->applied, v);
            pgb_bits_set(&below, v);
        }
        /* of one that is under way only the statements that ran count, and the runner compares
         * those */
        if (node->rev != NULL && !node->applied->incomplete) {
            node->reparented = is_reparented(w, node->rev, node->applied);
            if (hashes != NULL) {
                compare_hashes(node, &hashes[v]);
            }
        }
    }
    status = pgb_graph_ancestors(w->graph, &below, true, err);
    for (uint32_t v = 0; status == PGB_OK && v < w->n; v++) {
        w->nodes[v].late = pgb_bits_get(&below, v) && !pgb_bits_get(&w->applied, v);
    }
    return status;
}

pgb_status pgb_world_build(const pgb_revset *set, const pgb_applied_set *applied_set,
                           const pgb_world_hashes *hashes, pgb_world **ret_world, pgb_error *err)
{
    pgb_world *w = calloc(1, sizeof *w);
    pgb_status status;

    if (w == NULL) {
        return pgb_error_nomem(err);
    }
    w->set = set;
    w->applied_set = applied_set;
    w->arena = pgb_arena_new();
    status = w->arena != NULL ? add_nodes(w, err) : pgb_error_nomem(err);
    if (status == PGB_OK) {
        status = add_labels(w, err);
    }
    if (status == PGB_OK) {
        status = add_graph(w, err);
    }
    if (status == PGB_OK) {
        status = add_states(w, hashes, err);
    }
    if (status != PGB_OK) {
        pgb_world_free(w);
        return status;
    }
    *ret_world = w;
    return PGB_OK;
}

void pgb_world_free(pgb_world *world)
{
    if (world != NULL) {
        pgb_map_done(&world->by_id);
        pgb_map_done(&world->by_label);
        pgb_arena_free(world->arena);
        free(world);
    }
}

bool pgb_world_any(const pgb_bits *set, pgb_nodes nodes)
{
    for (uint32_t i = 0; i < nodes.n; i++) {
        if (pgb_bits_get(set, nodes.at[i])) {
            return true;
        }
    }
    return false;
}

pgb_status pgb_world_list(const pgb_world *w, const pgb_bits *set, pgb_node_list *ret_list,
                          pgb_error *err)
{
    uint32_t count = pgb_bits_count(set), n = 0;
    uint32_t *at = pgb_arena_array(w->arena, count, sizeof *at);

    if (at == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < w->n && n < count; i++) {
        if (pgb_bits_get(set, w->order[i])) {
            at[n++] = w->order[i];
        }
    }
    *ret_list = (pgb_node_list){at, n};
    return PGB_OK;
}

pgb_status pgb_world_tips(const pgb_world *w, const pgb_bits *set, bool with_depends,
                          pgb_node_list *ret_tips, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    pgb_bits tips;

    if (scratch == NULL || !pgb_bits_init(&tips, scratch, w->n)) {
        return pgb_error_nomem(err);
    }
    for (uint32_t v = 0; v < w->n; v++) {
        if (pgb_bits_get(set, v) && !pgb_world_any(set, pgb_graph_children(w->graph, v)) &&
            !(with_depends && pgb_world_any(set, pgb_graph_dependents(w->graph, v)))) {
            pgb_bits_set(&tips, v);
        }
    }
    return pgb_world_list(w, &tips, ret_tips, err);
}

pgb_status pgb_world_tops(const pgb_world *w, const pgb_bits *set, bool with_depends,
                          pgb_node_list *ret_tops, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    pgb_bits tops, below; /* below: a member is above it */

    if (scratch == NULL || !pgb_bits_init(&tops, scratch, w->n) ||
        !pgb_bits_init(&below, scratch, w->n)) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = w->n; i-- > 0;) {
        uint32_t v = w->order[i];
        pgb_nodes children = pgb_graph_children(w->graph, v);
        pgb_nodes dependents = pgb_graph_dependents(w->graph, v);

        if (pgb_world_any(set, children) || pgb_world_any(&below, children) ||
            (with_depends &&
             (pgb_world_any(set, dependents) || pgb_world_any(&below, dependents)))) {
            pgb_bits_set(&below, v);
        } else if (pgb_bits_get(set, v)) {
            pgb_bits_set(&tops, v);
        }
    }
    return pgb_world_list(w, &tops, ret_tops, err);
}

pgb_status pgb_world_heads(const pgb_world *w, pgb_node_list *ret_heads, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    pgb_bits files;

    if (scratch == NULL || !pgb_bits_init(&files, scratch, w->n)) {
        return pgb_error_nomem(err);
    }
    for (uint32_t v = 0; v < w->set->n; v++) {
        pgb_bits_set(&files, v);
    }
    return pgb_world_tips(w, &files, false, ret_heads, err);
}

pgb_status pgb_world_current(const pgb_world *w, pgb_node_list *ret_current, pgb_error *err)
{
    return pgb_world_tips(w, &w->applied, false, ret_current, err);
}

pgb_status pgb_world_lineage(const pgb_world *w, uint32_t node, bool with_depends, pgb_arena *arena,
                             pgb_bits *ret_set, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    pgb_bits up, down;
    pgb_status status;

    if (scratch == NULL || !pgb_bits_init(&up, scratch, w->n) ||
        !pgb_bits_init(&down, arena, w->n)) {
        return pgb_error_nomem(err);
    }
    pgb_bits_set(&up, node);
    pgb_bits_set(&down, node);
    status = pgb_graph_ancestors(w->graph, &up, with_depends, err);
    if (status == PGB_OK) {
        status = pgb_graph_descendants(w->graph, &down, with_depends, err);
    }
    for (uint32_t i = 0; i < (w->n + 63) / 64; i++) {
        down.w[i] |= up.w[i];
    }
    *ret_set = down;
    return status;
}
