/*
 * A graph drawn as text: rails in a terminal, or the languages of Graphviz and Mermaid. Pure: knows
 * nodes and what the caller says of each. Floor 4 (base, graph).
 */
#ifndef PGB_REPORT_GRAPH_TEXT_H
#define PGB_REPORT_GRAPH_TEXT_H

#include "base/buf.h"
#include "graph/graph.h"

typedef struct pgb_graph_drawing {
    const pgb_graph *graph;
    const uint32_t *nodes; /* what is drawn, children before parents */
    uint32_t n;
    bool ascii;  /* rails of "|" and "/" */
    bool colour; /* rails in colours, by column */
    void *data;
    /* Appends the sign that stands for a node, one column wide (nothing: the usual one; it is not
     * asked for dot and mermaid), and what is said of it, without a newline at the end. */
    void (*node)(void *data, uint32_t node, pgb_buf *mark, pgb_buf *text);
    /* Its id. */
    const char *(*name)(void *data, uint32_t node);
} pgb_graph_drawing;

/* Rails beside the text, dependencies left out. */
pgb_status pgb_graph_text(const pgb_graph_drawing *drawing, pgb_buf *out, pgb_error *err);
/* Parents as arrows, dependencies dashed; only edges between nodes that are drawn. */
pgb_status pgb_graph_dot(const pgb_graph_drawing *drawing, pgb_buf *out, pgb_error *err);
pgb_status pgb_graph_mermaid(const pgb_graph_drawing *drawing, pgb_buf *out, pgb_error *err);

#endif
