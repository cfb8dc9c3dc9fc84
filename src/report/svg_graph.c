/* The graph of the revisions: cards in layers, newest above, lines between them. */
#include <string.h>

#include "graph/layers.h"
#include "report/markup.h"
#include "report/svg_internal.h"
#include "report/words.h"

enum {
    CARD_W = 320,
    CARD_H = 50,
    LAYER_H = 78,
    GAP = 22,
    RAIL = 14,
    MARGIN = 10,
    PAD = 12,
    ID_X = 32, /* beside the sign of its state */
    ID_COLUMNS = 20,
    ID_ADVANCE = 79, /* of a column of the id, in tenths of a pixel (picture.css: 13px) */
    TAG_SIZE = 105,  /* of the letters of tags and titles, in tenths of a pixel (picture.css) */
    TITLE_SIZE = 125,
    FOLD_LEAST = 3 /* shorter runs are shown */
};

/* What is drawn: a card for each revision, or for a run of them. */
typedef struct picture {
    const pgb_report *r;
    const pgb_svg_options *options;
    pgb_arena *arena;
    const pgb_graph *g;
    const uint32_t *order;
    uint32_t n;
    /* of nodes of g: the newest and oldest revision that it stands for, and how many */
    uint32_t *newest, *oldest, *count;
    const pgb_layers *layers;
} picture;

/* In the middle of a run: one parent, one child, nothing to tell but that it is applied or pending
 * like its neighbours. */
static bool is_plain(const pgb_report *r, uint32_t node)
{
    const pgb_report_revision *rev = &r->revisions[node];
    pgb_nodes parents = pgb_graph_parents(r->graph, node);
    pgb_nodes children = pgb_graph_children(r->graph, node);

    if (parents.n != 1 || children.n != 1 || rev->labels.n > 0 || rev->current ||
        pgb_graph_depends(r->graph, node).n + pgb_graph_dependents(r->graph, node).n > 0) {
        return false;
    }
    return rev->state == NULL || strcmp(rev->state, "applied") == 0 ||
           strcmp(rev->state, "pending") == 0;
}

static bool alike(const pgb_report *r, uint32_t a, uint32_t b)
{
    const pgb_report_revision *s = &r->revisions[a], *t = &r->revisions[b];

    return s->in_scope == t->in_scope &&
           (s->state == NULL || t->state == NULL ? s->state == t->state
                                                 : strcmp(s->state, t->state) == 0);
}

/* Gives each revision its node: runs of plain ones share one. Nodes are in the order of drawing. */
static bool fold_nodes(picture *p, uint32_t *node)
{
    const pgb_report *r = p->r;
    uint32_t *length = pgb_arena_array(p->arena, (size_t)r->n_revisions + 1, sizeof *length);

    if (length == NULL) {
        return false;
    }
    /* the run's length is known at its newest: oldest first, each adds one to that of its parent */
    for (uint32_t i = r->n_revisions; i-- > 0;) {
        uint32_t v = r->order[i];

        if (is_plain(r, v)) {
            uint32_t parent = pgb_graph_parents(r->graph, v).at[0];

            length[v] = 1 + (is_plain(r, parent) && alike(r, v, parent) ? length[parent] : 0);
        }
    }
    memset(node, 0xFF, (size_t)r->n_revisions * sizeof *node);
    for (uint32_t i = 0; i < r->n_revisions; i++) {
        uint32_t v = r->order[i], run = length[v] >= FOLD_LEAST ? length[v] : 1;

        if (node[v] != PGB_NODE_NONE) {
            continue;
        }
        p->newest[p->n] = v;
        for (uint32_t k = 0;; k++) {
            node[v] = p->n;
            p->oldest[p->n] = v;
            if (k + 1 == run) {
                break;
            }
            v = pgb_graph_parents(r->graph, v).at[0];
        }
        p->count[p->n++] = run;
    }
    return true;
}

static pgb_status fold(picture *p, pgb_error *err)
{
    const pgb_report *r = p->r;
    uint32_t *node = pgb_arena_array(p->arena, (size_t)r->n_revisions + 1, sizeof *node);
    uint32_t *order = pgb_arena_array(p->arena, (size_t)r->n_revisions + 1, sizeof *order);
    pgb_edge *edges;
    size_t n = 0;
    pgb_graph *g;
    pgb_status status;

    if (node == NULL || order == NULL || !fold_nodes(p, node)) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < r->n_revisions; i++) {
        n += pgb_graph_parents(r->graph, i).n + pgb_graph_depends(r->graph, i).n;
    }
    edges = pgb_arena_array(p->arena, n + 1, sizeof *edges);
    if (edges == NULL) {
        return pgb_error_nomem(err);
    }
    n = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        pgb_nodes parents = pgb_graph_parents(r->graph, p->oldest[i]);
        pgb_nodes depends = pgb_graph_depends(r->graph, p->oldest[i]);

        for (uint32_t k = 0; k < parents.n; k++) {
            edges[n++] = (pgb_edge){i, node[parents.at[k]], PGB_EDGE_PARENT};
        }
        for (uint32_t k = 0; k < depends.n; k++) {
            edges[n++] = (pgb_edge){i, node[depends.at[k]], PGB_EDGE_DEPEND};
        }
        order[i] = i;
    }
    status = pgb_graph_build(p->arena, p->n, edges, n, &g, err);
    p->g = g;
    p->order = order;
    return status;
}

static pgb_status begin(picture *p, pgb_error *err)
{
    const pgb_report *r = p->r;
    size_t n = (size_t)r->n_revisions + 1;

    p->newest = pgb_arena_array(p->arena, n, sizeof *p->newest);
    p->oldest = pgb_arena_array(p->arena, n, sizeof *p->oldest);
    p->count = pgb_arena_array(p->arena, n, sizeof *p->count);
    if (p->newest == NULL || p->oldest == NULL || p->count == NULL) {
        return pgb_error_nomem(err);
    }
    if (p->options->folded) {
        return fold(p, err);
    }
    p->g = r->graph;
    p->order = r->order;
    p->n = r->n_revisions;
    for (uint32_t i = 0; i < p->n; i++) {
        p->newest[i] = p->oldest[i] = i;
        p->count[i] = 1;
    }
    return PGB_OK;
}

static int32_t top_of(const picture *p, uint32_t layer)
{
    return MARGIN + (int32_t)(p->layers->n_layers - 1 - layer) * LAYER_H;
}

/* A curve from one height to the next that begins and ends upright. */
static void put_curve(pgb_buf *out, int32_t x0, int32_t y0, int32_t x1, int32_t y1)
{
    if (x0 == x1) {
        pgb_buf_printf(out, "V%d", y1);
    } else {
        int32_t middle = (y0 + y1) / 2;

        pgb_buf_printf(out, "C%d %d %d %d %d %d", x0, middle, x1, middle, x1, y1);
    }
}

static void put_edge(const picture *p, const pgb_layer_edge *e, pgb_buf *out)
{
    const pgb_layers *l = p->layers;
    uint32_t layer = l->layer[e->from];
    int32_t x = MARGIN + l->x[e->from], y = top_of(p, layer) + CARD_H;
    int32_t end_x = MARGIN + l->x[e->to], end_y = top_of(p, l->layer[e->to]);
    const pgb_report_revision *from = &p->r->revisions[p->newest[e->from]];

    pgb_buf_printf(out, "<path class=\"edge%s%s\" d=\"M%d %d",
                   e->kind == PGB_EDGE_DEPEND ? " depend" : "", from->in_scope ? " scope" : "", x,
                   y);
    if (e->loose) {
        pgb_buf_printf(out, "L%d %d", end_x, end_y);
    } else {
        for (uint32_t i = 0; i < e->n; i++) {
            int32_t to = MARGIN + e->x[i], top = top_of(p, --layer);

            put_curve(out, x, y, to, top);
            pgb_buf_printf(out, "V%d", top + CARD_H);
            x = to;
            y = top + CARD_H;
        }
        put_curve(out, x, y, end_x, end_y);
    }
    pgb_buf_puts(out, "\"/>\n");
}

/* The sign of a state, drawn, so that no font is needed for it. */
static void put_mark(const char *state, pgb_buf *out)
{
    if (state == NULL) {
        pgb_buf_puts(out, "<circle class=\"mark\" cx=\"18\" cy=\"17\" r=\"3\"/>");
    } else if (strcmp(state, "applied") == 0) {
        pgb_buf_puts(out, "<path class=\"mark good\" d=\"M13 17l4 4 7-8\"/>");
    } else if (strcmp(state, "pending") == 0 || strcmp(state, "late") == 0) {
        pgb_buf_puts(out, "<circle class=\"mark open\" cx=\"18\" cy=\"17\" r=\"4.5\"/>");
    } else if (strcmp(state, "failed") == 0) {
        pgb_buf_puts(out, "<path class=\"mark bad\" d=\"M13 12l10 10M23 12l-10 10\"/>");
    } else {
        pgb_buf_puts(out, "<path class=\"mark bad\" d=\"M18 10v9M18 22v2\"/>");
    }
}

/* The tags in one text: what is not simply applied first, so that it is never cut off. */
static pgb_status tags_text(const picture *p, uint32_t node, const char *between, pgb_buf *text,
                            pgb_error *err)
{
    const pgb_report_revision *rev = &p->r->revisions[node];
    const char *const *tags;
    uint32_t n;
    pgb_status status = pgb_words_tags(p->r, node, p->arena, &tags, &n, err);

    if (status != PGB_OK) {
        return status;
    }
    if (rev->state != NULL && strcmp(rev->state, "applied") != 0) {
        pgb_buf_puts(text, rev->state);
    }
    for (uint32_t i = 0; i < n; i++) {
        pgb_buf_puts(text, text->len > 0 ? between : "");
        pgb_buf_puts(text, tags[i]);
    }
    return text->failed ? pgb_error_nomem(err) : PGB_OK;
}

static void put_title(pgb_buf *out, const char *title)
{
    pgb_buf_printf(out, "<text class=\"name\" x=\"%d\" y=\"40\">", PAD);
    pgb_markup_fit(out, title, TITLE_SIZE, CARD_W - 2 * PAD);
    pgb_buf_puts(out, "</text>");
}

static pgb_status put_revision(const picture *p, uint32_t node, pgb_buf *out, pgb_error *err)
{
    const pgb_report_revision *rev = &p->r->revisions[p->newest[node]];
    PGB_AUTO_BUF(tags);
    unsigned used;
    pgb_status status = tags_text(p, p->newest[node], " \u00B7 ", &tags, err);

    if (status != PGB_OK) {
        return status;
    }
    pgb_buf_puts(out, "<title>");
    pgb_markup_text(out, rev->id);
    pgb_buf_puts(out, ": ");
    pgb_markup_text(out, rev->title);
    if (tags.len > 0 || rev->state != NULL) {
        pgb_buf_puts(out, " (");
        if (rev->state != NULL && strcmp(rev->state, "applied") == 0) {
            pgb_buf_puts(out, tags.len > 0 ? "applied, " : "applied");
        }
        pgb_markup_text(out, pgb_buf_str(&tags));
        pgb_buf_putc(out, ')');
    }
    pgb_buf_printf(out,
                   "</title><rect class=\"box\" width=\"%d\" height=\"%d\" rx=\"6\"/>"
                   "<path class=\"stripe\" d=\"M6 .5H5A5 5 0 0 0 .5 6v%dA5 5 0 0 0 5 %d.5H6z\"/>",
                   CARD_W, CARD_H, CARD_H - 12, CARD_H - 1);
    put_mark(rev->state, out);
    pgb_buf_printf(out, "<text class=\"id\" x=\"%d\" y=\"21\">", ID_X);
    used = (pgb_markup_cut(out, rev->id, ID_COLUMNS) * ID_ADVANCE + 9) / 10;
    pgb_buf_puts(out, "</text>");
    if (tags.len > 0) {
        pgb_buf_printf(out, "<text class=\"tags\" x=\"%d\" y=\"21\">", CARD_W - PAD);
        pgb_markup_fit(out, pgb_buf_str(&tags), TAG_SIZE, CARD_W - ID_X - 2 * PAD - used);
        pgb_buf_puts(out, "</text>");
    }
    put_title(out, rev->title);
    return PGB_OK;
}

static void put_run(const picture *p, uint32_t node, pgb_buf *out)
{
    const pgb_report_revision *newest = &p->r->revisions[p->newest[node]];
    const pgb_report_revision *oldest = &p->r->revisions[p->oldest[node]];

    pgb_buf_puts(out, "<title>");
    pgb_markup_text(out, oldest->id);
    pgb_buf_puts(out, " to ");
    pgb_markup_text(out, newest->id);
    pgb_buf_printf(out,
                   "</title><rect class=\"box back\" x=\"5\" y=\"-4\" width=\"%d\" height=\"%d\" "
                   "rx=\"6\"/><rect class=\"box\" width=\"%d\" height=\"%d\" rx=\"6\"/>",
                   CARD_W - 10, CARD_H, CARD_W, CARD_H);
    put_mark(newest->state, out);
    pgb_buf_printf(out, "<text class=\"id\" x=\"%d\" y=\"21\">%u revisions</text>", ID_X,
                   p->count[node]);
    pgb_buf_printf(out, "<text class=\"name\" x=\"%d\" y=\"40\">", PAD);
    pgb_markup_fit(out, newest->id, TITLE_SIZE, CARD_W / 2 - 2 * PAD);
    pgb_buf_puts(out, " \u2013 ");
    pgb_markup_fit(out, oldest->id, TITLE_SIZE, CARD_W / 2 - 2 * PAD);
    pgb_buf_puts(out, "</text>");
}

static pgb_status put_card(const picture *p, uint32_t node, pgb_buf *out, pgb_error *err)
{
    const pgb_report_revision *rev = &p->r->revisions[p->newest[node]];
    bool run = p->count[node] > 1, link = !p->options->alone;
    pgb_status status = PGB_OK;

    pgb_buf_printf(out, "<g class=\"card %s%s%s%s\" transform=\"translate(%d %d)\"",
                   run ? "rx" : pgb_svg_colour(p->r, p->newest[node]),
                   rev->in_scope ? " scope" : "", rev->current ? " current" : "",
                   rev->state != NULL && strcmp(rev->state, "applied") != 0 ? " todo" : "",
                   MARGIN + p->layers->x[node] - CARD_W / 2, top_of(p, p->layers->layer[node]));
    if (link) {
        pgb_buf_puts(out, " data-find=\"");
        pgb_markup_text(out, rev->id);
        if (!run) {
            pgb_buf_putc(out, ' ');
            pgb_markup_text(out, rev->title);
        }
        pgb_buf_puts(out, "\"><a href=\"");
        pgb_markup_id(out, "#rev-", rev->id);
        pgb_buf_puts(out, "\"");
    }
    pgb_buf_puts(out, ">");
    if (run) {
        put_run(p, node, out);
    } else {
        status = put_revision(p, node, out, err);
    }
    pgb_buf_puts(out, link ? "</a></g>\n" : "</g>\n");
    return status;
}

static pgb_status draw(picture *p, pgb_buf *out, pgb_error *err)
{
    static const pgb_layers_options how = {.width = CARD_W, .gap = GAP, .rail = RAIL};
    PGB_AUTO_BUF(label);
    pgb_status status = pgb_layers_make(p->g, p->order, p->n, &how, p->arena, &p->layers, err);

    if (status != PGB_OK) {
        return status;
    }
    pgb_buf_puts(&label, "Graph of ");
    pgb_words_count(&label, p->r->n_revisions, "revision");
    pgb_buf_printf(&label, "%s, newest above", p->options->folded ? ", runs folded" : "");
    pgb_svg_begin(out, p->options, p->layers->width + 2 * MARGIN,
                  (int32_t)(p->layers->n_layers - 1) * LAYER_H + CARD_H + 2 * MARGIN, "graph",
                  pgb_buf_str(&label));
    for (uint32_t i = 0; i < p->layers->n_edges; i++) {
        put_edge(p, &p->layers->edges[i], out);
    }
    for (uint32_t i = 0; status == PGB_OK && i < p->n; i++) {
        status = put_card(p, p->order[i], out, err);
    }
    pgb_svg_end(out);
    return status == PGB_OK && (out->failed || label.failed) ? pgb_error_nomem(err) : status;
}

pgb_status pgb_svg_graph(const pgb_report *r, const pgb_svg_options *options, pgb_buf *out,
                         pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    picture p = {.r = r, .options = options, .arena = arena};
    pgb_status status;

    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    if (r->graph == NULL || r->n_revisions == 0) {
        return PGB_OK;
    }
    status = begin(&p, err);
    return status == PGB_OK ? draw(&p, out, err) : status;
}

pgb_status pgb_svg_graph_folds(const pgb_report *r, uint32_t *ret_cards, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    static const pgb_svg_options options = {.folded = true};
    picture p = {.r = r, .options = &options, .arena = arena};
    pgb_status status;

    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    if (r->graph == NULL || r->n_revisions == 0) {
        *ret_cards = 0;
        return PGB_OK;
    }
    status = begin(&p, err);
    if (status == PGB_OK) {
        *ret_cards = p.n;
    }
    return status;
}
