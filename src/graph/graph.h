/*
 * Integer DAG: nodes 0..n-1 with two kinds of edges, parent and depend. Knows no revisions.
 *
 * Guarantee: after build the graph is read-only. Parents and dependencies keep the order in which
 * their edges were added; children and dependents stand by number. All calls are linear in nodes
 * and edges, and none recurses, so a chain of 100,000 is as good as a bush. Cycles are found, with
 * the witness; calls that need an acyclic graph say so. Floor 1 (base only).
 */
#ifndef PGB_GRAPH_GRAPH_H
#define PGB_GRAPH_GRAPH_H

#include <stdint.h>

#include "base/arena.h"
#include "base/bits.h"
#include "base/err.h"

#define PGB_NODE_NONE UINT32_MAX

typedef enum pgb_edge_kind { PGB_EDGE_PARENT, PGB_EDGE_DEPEND } pgb_edge_kind;

typedef struct pgb_edge {
    uint32_t from; /* the younger: the child or the dependent */
    uint32_t to;   /* the older: the parent or what is depended upon */
    pgb_edge_kind kind;
} pgb_edge;

/* Neighbours of one node. */
typedef struct pgb_nodes {
    const uint32_t *at;
    uint32_t n;
} pgb_nodes;

typedef struct pgb_graph pgb_graph;

/* Edges out of range are PGB_INTERNAL; duplicates (of one kind) are kept once, a self-loop is kept
 * and is a cycle. The arena owns the graph. */
pgb_status pgb_graph_build(pgb_arena *arena, uint32_t n, const pgb_edge *edges, size_t n_edges,
                           pgb_graph **ret_graph, pgb_error *err);
uint32_t pgb_graph_size(const pgb_graph *g);
pgb_nodes pgb_graph_parents(const pgb_graph *g, uint32_t node);
pgb_nodes pgb_graph_children(const pgb_graph *g, uint32_t node);
pgb_nodes pgb_graph_depends(const pgb_graph *g, uint32_t node);
pgb_nodes pgb_graph_dependents(const pgb_graph *g, uint32_t node);

/* A short cycle over both kinds of edges as its nodes in order (each is the parent or dependency of
 * the one before it, the first of the last); *ret_n = 0 when there is none. The lowest number
 * stands first. The same for equal graphs; no cycle through any of its nodes is shorter, as far as
 * the first 64 of a found one were tried. */
pgb_status pgb_graph_cycle(const pgb_graph *g, pgb_arena *arena, uint32_t **ret_nodes,
                           uint32_t *ret_n, pgb_error *err);

/*
 * A topological order, oldest first, in which a branch is finished before the next is begun and
 * ties follow node numbers; the same for equal graphs. Acyclic graphs only (PGB_INTERNAL
 * otherwise). Exactly: a node is ready when all that it needs has been given out. Ready nodes lie
 * on a stack; at first those that need nothing, the lowest number uppermost. The uppermost is given
 * out, and what became ready by that is laid on the stack: its dependents below its children, each
 * with the lowest number uppermost. So a branch goes on to its end, then the nearest branch point
 * with something left, and a branch that only waited for a dependency waits for that branch's end.
 */
pgb_status pgb_graph_order(const pgb_graph *g, pgb_arena *arena, uint32_t **ret_order,
                           pgb_error *err);

/* The same order for the nodes of a subset alone; what they need outside it counts as there.
 * *ret_n = the members of the subset. */
pgb_status pgb_graph_order_of(const pgb_graph *g, const pgb_bits *subset, pgb_arena *arena,
                              uint32_t **ret_order, uint32_t *ret_n, pgb_error *err);

/* Adds to `set` all ancestors (parents, and dependencies when with_depends) of its members;
 * likewise descendants. Works on any graph. */
pgb_status pgb_graph_ancestors(const pgb_graph *g, pgb_bits *set, bool with_depends,
                               pgb_error *err);
pgb_status pgb_graph_descendants(const pgb_graph *g, pgb_bits *set, bool with_depends,
                                 pgb_error *err);

/* Nodes and edges that this thread's calls have looked at so far: lets a test see that work is
 * linear without a clock. */
uint64_t pgb_graph_work(void);

#endif
