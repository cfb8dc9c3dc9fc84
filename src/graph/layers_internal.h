/* What the files of the layered layout share: the graph with a point for each layer that an edge
 * passes. */
#ifndef PGB_GRAPH_LAYERS_INTERNAL_H
#define PGB_GRAPH_LAYERS_INTERNAL_H

#include "graph/layers.h"

/* A point: a node (the first n_real), or an edge where it passes a layer. */
typedef struct pgb_points {
    uint32_t n, n_real;
    uint32_t *layer;
    int32_t *width;
    /* links between neighbouring layers: the upper (younger) and the lower point */
    uint32_t n_links;
    uint32_t *upper, *lower;
    /* points by layer: those of layer l are row[first[l]] … row[first[l + 1] - 1], left to right */
    uint32_t n_layers;
    uint32_t *first, *row;
    uint32_t *pos; /* of each point in its layer */
    /* links of each point, by the far end's position after pgb_points_sort_links: those down are
     * down[down_first[p]] …, as link numbers */
    uint32_t *down_first, *down, *up_first, *up;
    uint32_t *fill; /* of each point: scratch of pgb_points_sort_links */
} pgb_points;

/* Numbers pos from row, and sorts each point's links by the position of their far ends. */
void pgb_points_sort_links(pgb_points *p);

/* Changes the order in the layers to one with few crossings, and returns how many are left. The
 * order that it begins with is kept where none is better. PGB_NOMEM. */
pgb_status pgb_points_order(pgb_points *p, uint64_t *ret_crossings, pgb_error *err);

/* Sets the middles of the points; the leftmost edge is 0. PGB_NOMEM. */
pgb_status pgb_points_place(const pgb_points *p, int32_t gap, int32_t rail, int32_t *x,
                            pgb_error *err);

#endif
