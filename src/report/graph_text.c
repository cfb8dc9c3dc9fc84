#include "report/graph_text.h"

#include "base/bits.h"
#include "graph/rails.h"

pgb_status pgb_graph_text(const pgb_graph_drawing *drawing, pgb_buf *out, pgb_error *err)
{
    static const char *const colours[] = {"\033[31m", "\033[32m", "\033[33m",
                                          "\033[34m", "\033[35m", "\033[36m"};
    pgb_rails_style style = {.ascii = drawing->ascii, .reset = "\033[0m"};

    if (drawing->colour) {
        style.colours = colours;
        style.n_colours = sizeof colours / sizeof colours[0];
    }
    return pgb_rails_draw(drawing->graph, drawing->nodes, drawing->n, &style, drawing->node,
                          drawing->data, out, err);
}

/* What is said of a node, within double quotes: both languages take HTML's names for a quote. */
static void put_quoted(pgb_buf *out, const char *text, size_t len, bool dot)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"') {
            pgb_buf_puts(out, dot ? "\\\"" : "&quot;");
        } else if (text[i] == '\\' && dot) {
            pgb_buf_puts(out, "\\\\");
        } else if (text[i] == '<' && !dot) {
            pgb_buf_puts(out, "&lt;");
        } else if (text[i] == '\n') {
            pgb_buf_puts(out, dot ? "\\n" : "<br/>");
        } else {
            pgb_buf_putc(out, text[i]);
        }
    }
}

static void put_edges(const pgb_graph_drawing *d, const pgb_bits *drawn, uint32_t node, bool dot,
                      bool depend, pgb_buf *out)
{
    pgb_nodes to = depend ? pgb_graph_depends(d->graph, node) : pgb_graph_parents(d->graph, node);
    const char *arrow = dot ? "->" : depend ? "-.->" : "-->";

    for (uint32_t i = 0; i < to.n; i++) {
        if (pgb_bits_get(drawn, to.at[i])) {
            pgb_buf_printf(out, dot ? "    \"%s\" %s \"%s\"" : "    r_%s %s r_%s",
                           d->name(d->data, node), arrow, d->name(d->data, to.at[i]));
            pgb_buf_puts(out, dot && depend ? " [style=dashed];\n" : dot ? ";\n" : "\n");
        }
    }
}

static pgb_status put_graph(const pgb_graph_drawing *d, bool dot, pgb_buf *out, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    PGB_AUTO_BUF(text);
    pgb_bits drawn;

    if (arena == NULL || !pgb_bits_init(&drawn, arena, pgb_graph_size(d->graph))) {
        return pgb_error_nomem(err);
    }
    pgb_buf_puts(out, dot ? "digraph revisions {\n    rankdir=BT;\n    node [shape=box];\n"
                          : "flowchart BT\n");
    for (uint32_t i = 0; i < d->n; i++) {
        pgb_bits_set(&drawn, d->nodes[i]);
        pgb_buf_clear(&text);
        d->node(d->data, d->nodes[i], NULL, &text);
        pgb_buf_printf(out, dot ? "    \"%s\" [label=\"" : "    r_%s[\"",
                       d->name(d->data, d->nodes[i]));
        put_quoted(out, pgb_buf_str(&text), text.len, dot);
        pgb_buf_puts(out, dot ? "\"];\n" : "\"]\n");
        if (text.failed) {
            return pgb_error_nomem(err);
        }
    }
    for (uint32_t i = 0; i < d->n; i++) {
        put_edges(d, &drawn, d->nodes[i], dot, false, out);
        put_edges(d, &drawn, d->nodes[i], dot, true, out);
    }
    pgb_buf_puts(out, dot ? "}\n" : "");
    return out->failed ? pgb_error_nomem(err) : PGB_OK;
}

pgb_status pgb_graph_dot(const pgb_graph_drawing *drawing, pgb_buf *out, pgb_error *err)
{
    return put_graph(drawing, true, out, err);
}

pgb_status pgb_graph_mermaid(const pgb_graph_drawing *drawing, pgb_buf *out, pgb_error *err)
{
    return put_graph(drawing, false, out, err);
}
