#include "graph/graph.h"

#include <string.h>

/* Neighbours of all nodes: those of v are to[off[v]] … to[off[v + 1] - 1]. */
typedef struct adjacency {
    uint32_t *off;
    uint32_t *to;
} adjacency;

struct pgb_graph {
    uint32_t n;
    adjacency older[2];   /* by kind: parents, depends */
    adjacency younger[2]; /* by kind: children, dependents */
};

static _Thread_local uint64_t work;

uint64_t pgb_graph_work(void)
{
    return work;
}

static pgb_nodes neighbours(const adjacency *a, uint32_t node)
{
    uint32_t first = a->off[node];
    pgb_nodes nodes = {a->to + first, a->off[node + 1] - first};

    work += nodes.n + 1;
    return nodes;
}

uint32_t pgb_graph_size(const pgb_graph *g)
{
    return g->n;
}

pgb_nodes pgb_graph_parents(const pgb_graph *g, uint32_t node)
{
    return neighbours(&g->older[PGB_EDGE_PARENT], node);
}

pgb_nodes pgb_graph_children(const pgb_graph *g, uint32_t node)
{
    return neighbours(&g->younger[PGB_EDGE_PARENT], node);
}

pgb_nodes pgb_graph_depends(const pgb_graph *g, uint32_t node)
{
    return neighbours(&g->older[PGB_EDGE_DEPEND], node);
}

pgb_nodes pgb_graph_dependents(const pgb_graph *g, uint32_t node)
{
    return neighbours(&g->younger[PGB_EDGE_DEPEND], node);
}

/* Turns counts in off[1..n] into offsets of the places to fill: after filling by off[v]++ the
 * offsets are those of the next node, which shift_back mends. */
static void counts_to_offsets(uint32_t *off, uint32_t n)
{
    for (uint32_t v = 0; v < n; v++) {
        off[v + 1] += off[v];
    }
}

static void shift_back(uint32_t *off, uint32_t n)
{
    for (uint32_t v = n; v > 0; v--) {
        off[v] = off[v - 1];
    }
    off[0] = 0;
}

/* Leaves each neighbour once, the first time it was added. */
static void drop_duplicates(adjacency *a, uint32_t n, uint32_t *last)
{
    uint32_t kept = 0, begin = 0;

    memset(last, 0xFF, (size_t)n * sizeof *last);
    for (uint32_t v = 0; v < n; v++) {
        uint32_t end = a->off[v + 1];

        for (uint32_t i = begin; i < end; i++) {
            if (last[a->to[i]] != v) {
                last[a->to[i]] = v;
                a->to[kept++] = a->to[i];
            }
        }
        begin = end;
        a->off[v + 1] = kept;
    }
}

static bool build_kind(pgb_graph *g, pgb_arena *arena, const pgb_edge *edges, size_t n_edges,
                       pgb_edge_kind kind, uint32_t *last)
{
    adjacency *older = &g->older[kind], *younger = &g->younger[kind];
    uint32_t n = g->n, n_kind = 0;

    older->off = pgb_arena_array(arena, (size_t)n + 1, sizeof *older->off);
    younger->off = pgb_arena_array(arena, (size_t)n + 1, sizeof *younger->off);
    if (older->off == NULL || younger->off == NULL) {
        return false;
    }
    for (size_t i = 0; i < n_edges; i++) {
        if (edges[i].kind == kind) {
            older->off[edges[i].from + 1]++;
            n_kind++;
        }
    }
    older->to = pgb_arena_array(arena, n_kind, sizeof *older->to);
    younger->to = pgb_arena_array(arena, n_kind, sizeof *younger->to);
    if (older->to == NULL || younger->to == NULL) {
        return false;
    }
    counts_to_offsets(older->off, n);
    for (size_t i = 0; i < n_edges; i++) {
        if (edges[i].kind == kind) {
            older->to[older->off[edges[i].from]++] = edges[i].to;
        }
    }
    shift_back(older->off, n);
    drop_duplicates(older, n, last);

    for (uint32_t i = 0; i < older->off[n]; i++) {
        younger->off[older->to[i] + 1]++;
    }
    counts_to_offsets(younger->off, n);
    /* by ascending v, so that children stand by number */
    for (uint32_t v = 0; v < n; v++) {
        for (uint32_t i = older->off[v]; i < older->off[v + 1]; i++) {
            younger->to[younger->off[older->to[i]]++] = v;
        }
    }
    shift_back(younger->off, n);
    work += 2 * (uint64_t)n + 4 * (uint64_t)n_edges;
    return true;
}

pgb_status pgb_graph_build(pgb_arena *arena, uint32_t n, const pgb_edge *edges, size_t n_edges,
                           pgb_graph **ret_graph, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    pgb_graph *g = pgb_arena_alloc(arena, sizeof *g);
    uint32_t *last;

    if (scratch == NULL || g == NULL) {
        return pgb_error_nomem(err);
    }
    if (n == PGB_NODE_NONE || n_edges >= UINT32_MAX) {
        return pgb_error_set(err, PGB_INTERNAL, "a graph of %u nodes and %zu edges is too large", n,
                             n_edges);
    }
    for (size_t i = 0; i < n_edges; i++) {
        if (edges[i].from >= n || edges[i].to >= n ||
            (edges[i].kind != PGB_EDGE_PARENT && edges[i].kind != PGB_EDGE_DEPEND)) {
            return pgb_error_set(err, PGB_INTERNAL, "edge %zu (%u to %u) lies outside the graph", i,
                                 edges[i].from, edges[i].to);
        }
    }
    last = pgb_arena_array(scratch, n, sizeof *last);
    if (last == NULL) {
        return pgb_error_nomem(err);
    }
    g->n = n;
    if (!build_kind(g, arena, edges, n_edges, PGB_EDGE_PARENT, last) ||
        !build_kind(g, arena, edges, n_edges, PGB_EDGE_DEPEND, last)) {
        return pgb_error_nomem(err);
    }
    *ret_graph = g;
    return PGB_OK;
}

static bool is_in(const pgb_bits *subset, uint32_t v)
{
    return subset == NULL || pgb_bits_get(subset, v);
}

static uint32_t count_in(pgb_nodes nodes, const pgb_bits *subset)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < nodes.n; i++) {
        sum += is_in(subset, nodes.at[i]);
    }
    return sum;
}

/* Of nodes that needed the one just given out, those that need nothing more go onto the stack, the
 * lowest number uppermost. */
static uint32_t push_ready(pgb_nodes nodes, const pgb_bits *subset, uint32_t *need, uint32_t *stack,
                           uint32_t depth)
{
    for (uint32_t i = nodes.n; i-- > 0;) {
        uint32_t v = nodes.at[i];

        if (is_in(subset, v) && --need[v] == 0) {
            stack[depth++] = v;
        }
    }
    return depth;
}

static pgb_status order_nodes(const pgb_graph *g, const pgb_bits *subset, pgb_arena *arena,
                              uint32_t **ret_order, uint32_t *ret_n, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    uint32_t n = subset != NULL ? pgb_bits_count(subset) : g->n, depth = 0, done = 0;
    uint32_t *order = pgb_arena_array(arena, n, sizeof *order);
    uint32_t *need, *stack;

    if (scratch == NULL || order == NULL) {
        return pgb_error_nomem(err);
    }
    need = pgb_arena_array(scratch, g->n, sizeof *need);
    stack = pgb_arena_array(scratch, n, sizeof *stack);
    if (need == NULL || stack == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t v = g->n; v-- > 0;) {
        if (is_in(subset, v)) {
            need[v] = count_in(pgb_graph_parents(g, v), subset) +
                      count_in(pgb_graph_depends(g, v), subset);
            if (need[v] == 0) {
                stack[depth++] = v;
            }
        }
    }
    while (depth > 0) {
        uint32_t v = stack[--depth];

        order[done++] = v;
        depth = push_ready(pgb_graph_dependents(g, v), subset, need, stack, depth);
        depth = push_ready(pgb_graph_children(g, v), subset, need, stack, depth);
    }
    if (done != n) {
        return pgb_error_set(err, PGB_INTERNAL,
                             "the graph has a cycle: %u of %u nodes are in order", done, n);
    }
    *ret_order = order;
    *ret_n = n;
    return PGB_OK;
}

pgb_status pgb_graph_order(const pgb_graph *g, pgb_arena *arena, uint32_t **ret_order,
                           pgb_error *err)
{
    uint32_t n;

    return order_nodes(g, NULL, arena, ret_order, &n, err);
}

pgb_status pgb_graph_order_of(const pgb_graph *g, const pgb_bits *subset, pgb_arena *arena,
                              uint32_t **ret_order, uint32_t *ret_n, pgb_error *err)
{
    return order_nodes(g, subset, arena, ret_order, ret_n, err);
}

static uint32_t push_new(pgb_nodes nodes, pgb_bits *set, uint32_t *stack, uint32_t depth)
{
    for (uint32_t i = 0; i < nodes.n; i++) {
        if (!pgb_bits_get(set, nodes.at[i])) {
            pgb_bits_set(set, nodes.at[i]);
            stack[depth++] = nodes.at[i];
        }
    }
    return depth;
}

static pgb_status close_over(const pgb_graph *g, const adjacency sides[2], pgb_bits *set,
                             bool with_depends, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    uint32_t *stack, depth = 0;

    if (set->n != g->n) {
        return pgb_error_set(err, PGB_INTERNAL, "a set of %u nodes for a graph of %u", set->n,
                             g->n);
    }
    /* every node is on the stack at most once, when it enters the set */
    stack = scratch != NULL ? pgb_arena_array(scratch, g->n, sizeof *stack) : NULL;
    if (stack == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t v = 0; v < g->n; v++) {
        if (pgb_bits_get(set, v)) {
            stack[depth++] = v;
        }
    }
    work += g->n;
    while (depth > 0) {
        uint32_t v = stack[--depth];

        depth = push_new(neighbours(&sides[PGB_EDGE_PARENT], v), set, stack, depth);
        if (with_depends) {
            depth = push_new(neighbours(&sides[PGB_EDGE_DEPEND], v), set, stack, depth);
        }
    }
    return PGB_OK;
}

pgb_status pgb_graph_ancestors(const pgb_graph *g, pgb_bits *set, bool with_depends, pgb_error *err)
{
    return close_over(g, g->older, set, with_depends, err);
}

pgb_status pgb_graph_descendants(const pgb_graph *g, pgb_bits *set, bool with_depends,
                                 pgb_error *err)
{
    return close_over(g, g->younger, set, with_depends, err);
}
