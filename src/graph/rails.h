/*
 * Rails: a graph drawn line by line for a terminal, like `git log --graph`.
 *
 * Guarantee: pure; the same graph and order give the same rows. A rail is a column that waits for
 * one node; children of one node share it, so a branch point has one rail above it and a branch
 * joins it right below its first revision. A rail's column is used again when it ends. Dependencies
 * are not drawn. Time is linear in what is drawn, memory in nodes and columns. Floor 1.
 *
 *     ●  e4f5 export          a row with a node, its column, and the rails that pass it
 *     │ ●  g7h8 security
 *     │ │ ●  4da5 plans
 *     │ ├─╯                   a row of links
 *     │ ●  f6g7 templates
 *     ├─╯
 *     ●  c3d4 analytics
 *
 * Sequence: pgb_rails_draw for a text as a whole; or pgb_rails_new, pgb_rails_next until there are
 * no more rows, pgb_rails_free, with pgb_rails_row_text for each. Another layout (layers, for SVG)
 * is not made from rows, but from the graph, and stands in a file of its own.
 */
#ifndef PGB_GRAPH_RAILS_H
#define PGB_GRAPH_RAILS_H

#include "base/buf.h"
#include "graph/graph.h"

/* What a cell has: strokes from its middle to its sides. */
enum {
    PGB_RAIL_UP = 1,
    PGB_RAIL_DOWN = 2,
    PGB_RAIL_LEFT = 4,
    PGB_RAIL_RIGHT = 8,
    PGB_RAIL_OVER = 16, /* a link passes behind this rail, from side to side */
    PGB_RAIL_NODE = 32
};

typedef struct pgb_rail_row {
    uint32_t node;        /* PGB_NODE_NONE: links, or rails alone */
    uint32_t column;      /* of the node */
    uint32_t n;           /* columns */
    uint32_t n_hidden;    /* parents of the node that the order leaves out */
    const uint8_t *cells; /* n of them, until the next call */
} pgb_rail_row;

typedef struct pgb_rails pgb_rails;

/* order: the nodes to show, each once, newest first (children before parents; PGB_INTERNAL from
 * next otherwise). Graph and order must outlive the rails. */
pgb_status pgb_rails_new(const pgb_graph *g, const uint32_t *order, uint32_t n,
                         pgb_rails **ret_rails, pgb_error *err);
/* The next row; *ret_more false: there is none. */
pgb_status pgb_rails_next(pgb_rails *rails, pgb_rail_row *ret_row, bool *ret_more, pgb_error *err);
void pgb_rails_free(pgb_rails *rails);

typedef struct pgb_rails_style {
    bool ascii;
    const char *const *colours; /* by column, in turn; escape sequences; NULL: none */
    uint32_t n_colours;
    const char *reset;
} pgb_rails_style;

/* One row as text, without a newline; the marker stands for the node ("" or NULL: ● or *). */
void pgb_rails_row_text(const pgb_rail_row *row, const pgb_rails_style *style, const char *marker,
                        pgb_buf *out);

/* Appends the marker (one column wide, with its colour if it likes) and the text behind it, which
 * may have several lines. */
typedef void pgb_rails_node_fn(void *data, uint32_t node, pgb_buf *marker, pgb_buf *text);

/* Draws everything. style NULL: Unicode, no colours. */
pgb_status pgb_rails_draw(const pgb_graph *g, const uint32_t *order, uint32_t n,
                          const pgb_rails_style *style, pgb_rails_node_fn *node, void *data,
                          pgb_buf *out, pgb_error *err);

#endif
