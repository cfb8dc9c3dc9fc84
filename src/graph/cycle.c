/* Cycles: a depth-first search finds one; breadth-first searches from its nodes shorten it, since a
 * person has to read it. */
#include "graph/graph.h"

#include <string.h>

enum { SHORTEN_TRIES = 64 };

static uint32_t n_older(const pgb_graph *g, uint32_t v)
{
    return pgb_graph_parents(g, v).n + pgb_graph_depends(g, v).n;
}

static uint32_t nth_older(const pgb_graph *g, uint32_t v, uint32_t i)
{
    pgb_nodes parents = pgb_graph_parents(g, v);

    return i < parents.n ? parents.at[i] : pgb_graph_depends(g, v).at[i - parents.n];
}

/* Depth first; path and next are a stack by hand. Returns the cycle's length and puts its nodes at
 * the start of path; 0: none. */
static uint32_t find_any(const pgb_graph *g, uint32_t *path, uint32_t *next, uint8_t *state)
{
    enum { NEW, ON_PATH, DONE };
    uint32_t n = pgb_graph_size(g);

    for (uint32_t root = 0; root < n; root++) {
        uint32_t depth = 0;

        if (state[root] != NEW) {
            continue;
        }
        state[root] = ON_PATH;
        path[depth] = root;
        next[depth++] = 0;
        while (depth > 0) {
            uint32_t v = path[depth - 1], to;

            if (next[depth - 1] == n_older(g, v)) {
                state[v] = DONE;
                depth--;
                continue;
            }
            to = nth_older(g, v, next[depth - 1]++);
            if (state[to] == ON_PATH) {
                uint32_t begin = depth - 1;

                while (path[begin] != to) {
                    begin--;
                }
                memmove(path, path + begin, (size_t)(depth - begin) * sizeof *path);
                return depth - begin;
            }
            if (state[to] == NEW) {
                state[to] = ON_PATH;
                path[depth] = to;
                next[depth++] = 0;
            }
        }
    }
    return 0;
}

/* The shortest cycle through start, if shorter than limit: its length, its nodes in out; else 0.
 * start lies on a cycle, so that nodes as deep as the limit come before the queue is empty. */
static uint32_t shortest_through(const pgb_graph *g, uint32_t start, uint32_t limit, uint32_t *from,
                                 uint32_t *queue, uint32_t *depth, uint32_t *out)
{
    uint32_t head = 0, tail = 0, v = start;

    memset(from, 0xFF, (size_t)pgb_graph_size(g) * sizeof *from);
    for (depth[start] = 1; depth[v] < limit; v = queue[head++]) {
        uint32_t degree = n_older(g, v);

        for (uint32_t i = 0; i < degree; i++) {
            uint32_t to = nth_older(g, v, i);

            if (to == start) {
                uint32_t len = depth[v];

                for (uint32_t k = len, u = v; k-- > 0; u = from[u]) {
                    out[k] = u;
                }
                return len;
            }
            if (from[to] == PGB_NODE_NONE) {
                from[to] = v;
                depth[to] = depth[v] + 1;
                queue[tail++] = to;
            }
        }
    }
    return 0;
}

pgb_status pgb_graph_cycle(const pgb_graph *g, pgb_arena *arena, uint32_t **ret_nodes,
                           uint32_t *ret_n, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    uint32_t n = pgb_graph_size(g), len, low = 0;
    uint32_t *path, *next, *best, *from, *queue, *depth, *out;
    uint8_t *state;

    if (scratch == NULL) {
        return pgb_error_nomem(err);
    }
    path = pgb_arena_array(scratch, n, sizeof *path);
    next = pgb_arena_array(scratch, n, sizeof *next);
    state = pgb_arena_array(scratch, n, sizeof *state);
    if (path == NULL || next == NULL || state == NULL) {
        return pgb_error_nomem(err);
    }
    len = find_any(g, path, next, state);
    if (len == 0) {
        *ret_nodes = NULL;
        *ret_n = 0;
        return PGB_OK;
    }
    best = pgb_arena_array(scratch, n, sizeof *best);
    from = pgb_arena_array(scratch, n, sizeof *from);
    queue = pgb_arena_array(scratch, n, sizeof *queue);
    depth = pgb_arena_array(scratch, n, sizeof *depth);
    if (best == NULL || from == NULL || queue == NULL || depth == NULL) {
        return pgb_error_nomem(err);
    }
    memcpy(best, path, (size_t)len * sizeof *best);
    for (uint32_t i = 0, tries = len < SHORTEN_TRIES ? len : SHORTEN_TRIES; i < tries; i++) {
        uint32_t shorter = shortest_through(g, path[i], len, from, queue, depth, next);

        if (shorter != 0) {
            len = shorter;
            memcpy(best, next, (size_t)len * sizeof *best);
        }
    }
    out = pgb_arena_array(arena, len, sizeof *out);
    if (out == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 1; i < len; i++) {
        if (best[i] < best[low]) {
            low = i;
        }
    }
    for (uint32_t i = 0; i < len; i++) {
        out[i] = best[(low + i) % len];
    }
    *ret_nodes = out;
    *ret_n = len;
    return PGB_OK;
}
