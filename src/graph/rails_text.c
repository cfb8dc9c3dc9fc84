/* Rails as text. */
#include "graph/rails.h"

#include <string.h>

#include "base/vec.h"

/* By the four strokes: up 1, down 2, left 4, right 8. */
static const char *const unicode[16] = {" ", "╵", "╷", "│", "╴", "╯", "╮", "┤",
                                        "╶", "╰", "╭", "├", "─", "┴", "┬", "┼"};
/* A corner is a slash in the gap beside it. */
static const char *const ascii[16] = {" ", "|", "|", "|", "-", " ", " ", "|",
                                      "-", "`", ".", "|", "-", "-", "-", "+"};

enum { STROKES = PGB_RAIL_UP | PGB_RAIL_DOWN | PGB_RAIL_LEFT | PGB_RAIL_RIGHT };

/* Between a cell and the next. */
static const char *gap(const pgb_rail_row *row, uint32_t c, bool in_ascii)
{
    uint8_t next = row->cells[c + 1];

    if ((row->cells[c] & (PGB_RAIL_RIGHT | PGB_RAIL_OVER)) == 0) {
        return " ";
    }
    if (!in_ascii) {
        return "─";
    }
    next &= PGB_RAIL_UP | PGB_RAIL_DOWN | PGB_RAIL_LEFT;
    if (next == (PGB_RAIL_UP | PGB_RAIL_LEFT)) {
        return "/";
    }
    return next == (PGB_RAIL_DOWN | PGB_RAIL_LEFT) ? "\\" : "-";
}

static void put(pgb_buf *out, const pgb_rails_style *style, uint32_t column, const char *text)
{
    bool coloured =
        style != NULL && style->colours != NULL && style->n_colours > 0 && strcmp(text, " ") != 0;

    if (coloured) {
        pgb_buf_puts(out, style->colours[column % style->n_colours]);
    }
    pgb_buf_puts(out, text);
    if (coloured) {
        pgb_buf_puts(out, style->reset != NULL ? style->reset : "");
    }
}

void pgb_rails_row_text(const pgb_rail_row *row, const pgb_rails_style *style, const char *marker,
                        pgb_buf *out)
{
    bool in_ascii = style != NULL && style->ascii;
    uint32_t n = row->n;
    size_t begin = out->len;

    while (n > 0 && row->cells[n - 1] == 0) {
        n--;
    }
    for (uint32_t c = 0; c < n; c++) {
        uint8_t cell = row->cells[c];

        if ((cell & PGB_RAIL_NODE) == 0) {
            put(out, style, c, (in_ascii ? ascii : unicode)[cell & STROKES]);
        } else if (marker != NULL && marker[0] != '\0') {
            pgb_buf_puts(out, marker);
        } else {
            put(out, style, c, in_ascii ? "*" : "●");
        }
        if (c + 1 < n) {
            put(out, style, c + 1, gap(row, c, in_ascii));
        }
    }
    /* a corner is nothing but a slash before it, and no blank is left at the end */
    while (!out->failed && out->len > begin && out->p[out->len - 1] == ' ') {
        out->p[--out->len] = '\0';
    }
}

typedef struct drawing {
    const pgb_rails_style *style;
    pgb_buf *out;
    pgb_buf marker, text;
    size_t at;              /* text from here on is still to come */
    PGB_VEC(uint8_t) below; /* the rails that go on from the row drawn last */
} drawing;

/* The next line of the text behind a row, then the newline. */
static void end_line(drawing *d)
{
    if (d->at < d->text.len) {
        const char *line = d->text.p + d->at;
        const char *end = memchr(line, '\n', d->text.len - d->at);
        size_t len = end != NULL ? (size_t)(end - line) : d->text.len - d->at;

        if (len > 0) {
            pgb_buf_puts(d->out, "  ");
            pgb_buf_append(d->out, line, len);
        }
        d->at += len + 1;
    }
    pgb_buf_putc(d->out, '\n');
}

static bool keep_below(drawing *d, const pgb_rail_row *row)
{
    d->below.n = 0;
    for (uint32_t c = 0; c < row->n; c++) {
        uint8_t go = (row->cells[c] & PGB_RAIL_DOWN) != 0 ? PGB_RAIL_UP | PGB_RAIL_DOWN : 0;

        if (!pgb_vec_push(&d->below, go)) {
            return false;
        }
    }
    return true;
}

/* Lines of a text that have no row of the drawing of their own. */
static void rest_of_text(drawing *d)
{
    pgb_rail_row row = {.node = PGB_NODE_NONE, .n = (uint32_t)d->below.n, .cells = d->below.at};

    while (d->at < d->text.len) {
        pgb_rails_row_text(&row, d->style, NULL, d->out);
        end_line(d);
    }
}

static pgb_status draw_rows(pgb_rails *rails, drawing *d, pgb_rails_node_fn *node, void *data,
                            pgb_error *err)
{
    for (;;) {
        pgb_rail_row row;
        bool more;
        pgb_status status = pgb_rails_next(rails, &row, &more, err);

        if (status != PGB_OK) {
            return status;
        }
        if (!more || row.node != PGB_NODE_NONE) {
            rest_of_text(d);
        }
        if (!more) {
            return d->out->failed ? pgb_error_nomem(err) : PGB_OK;
        }
        if (row.node != PGB_NODE_NONE) {
            pgb_buf_clear(&d->marker);
            pgb_buf_clear(&d->text);
            d->at = 0;
            node(data, row.node, &d->marker, &d->text);
        }
        pgb_rails_row_text(&row, d->style, pgb_buf_str(&d->marker), d->out);
        end_line(d);
        if (d->marker.failed || d->text.failed || d->out->failed || !keep_below(d, &row)) {
            return pgb_error_nomem(err);
        }
    }
}

pgb_status pgb_rails_draw(const pgb_graph *g, const uint32_t *order, uint32_t n,
                          const pgb_rails_style *style, pgb_rails_node_fn *node, void *data,
                          pgb_buf *out, pgb_error *err)
{
    drawing d = {.style = style, .out = out};
    pgb_rails *rails = NULL;
    pgb_status status = pgb_rails_new(g, order, n, &rails, err);

    if (status == PGB_OK) {
        status = draw_rows(rails, &d, node, data, err);
    }
    pgb_rails_free(rails);
    pgb_buf_done(&d.marker);
    pgb_buf_done(&d.text);
    pgb_vec_done(&d.below);
    return status;
}
