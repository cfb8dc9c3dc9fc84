/*
 * Layers: a graph laid out for a picture, each node in a layer above all that it needs.
 *
 * Guarantee: pure; the same graph and order give the same layout, by integers alone, on every
 * machine. A node's layer is the longest way down to one that needs nothing; a node that needs
 * nothing stands right below the lowest that needs it. Nodes of one layer never overlap and keep
 * the gap that is asked for, edges that pass a layer included. Branches stand from left to right as
 * rails.h draws them unless another order has fewer crossings. Time and memory are linear in nodes,
 * edges and the layers that edges pass, times a logarithm; the layers passed are bounded: where
 * there would be too many, the longest edges are left loose. Floor 1.
 *
 * Method: Sugiyama's. Longest-path layers; edges over several layers become chains of points;
 * barycentres swept up and down, then neighbours exchanged, the arrangement with the fewest
 * crossings kept; coordinates by Brandes and Köpf (2001), with blocks compacted by longest paths,
 * which has no need of their paper's erratum.
 */
#ifndef PGB_GRAPH_LAYERS_H
#define PGB_GRAPH_LAYERS_H

#include "graph/graph.h"

typedef struct pgb_layers_options {
    int32_t width;         /* of a node */
    const int32_t *widths; /* of each node of the graph instead; may be NULL */
    int32_t gap;           /* between neighbours in a layer */
    int32_t rail;          /* kept free between edges that pass a layer side by side */
} pgb_layers_options;

/* An edge of the graph between two nodes that are shown. */
typedef struct pgb_layer_edge {
    uint32_t from, to;  /* the younger, the older */
    pgb_edge_kind kind; /* where two nodes have both kinds of edges, the parent's alone is here */
    bool loose;       /* longer than could be led around nodes: to be drawn as one straight line */
    const int32_t *x; /* where it passes each layer between: the highest first; n of them */
    uint32_t n;
} pgb_layer_edge;

typedef struct pgb_layers {
    const uint32_t *layer; /* by node, 0 is the lowest; PGB_NODE_NONE: not shown */
    const int32_t *x;      /* by node: its middle, in the units of the options */
    int32_t width;         /* of all; the left edge of the leftmost is 0 */
    uint32_t n_layers;
    const pgb_layer_edge *edges; /* in the order of the nodes, parents before dependencies */
    uint32_t n_edges;
    uint64_t crossings; /* of edges between neighbouring layers */
} pgb_layers;

/* order: the nodes to show, each once, newest first (children before parents and dependents before
 * what they depend on; PGB_INTERNAL otherwise). Edges between shown nodes alone are laid out. All
 * of the layout lives in the arena. */
pgb_status pgb_layers_make(const pgb_graph *g, const uint32_t *order, uint32_t n,
                           const pgb_layers_options *options, pgb_arena *arena,
                           const pgb_layers **ret_layers, pgb_error *err);

#endif
