#include "graph/rails.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

struct pgb_rails {
    const pgb_graph *g;
    const uint32_t *order;
    uint32_t n, at; /* at: the next of order */
    pgb_arena *arena;
    uint32_t *column; /* of the rail that waits for a node, PGB_NODE_NONE: none */
    pgb_bits in_order, shown;
    PGB_VEC(uint32_t) waits; /* by column: the node that its rail waits for */
    PGB_VEC(uint8_t) cells;  /* of the row given out last */
    PGB_VEC(uint32_t) ends;  /* columns that the links of the node lead to */
    uint32_t node_column;    /* of the node given out last */
    bool links_due;          /* its links come next */
    bool spaced;             /* an empty row was just put before the next node */
};

pgb_status pgb_rails_new(const pgb_graph *g, const uint32_t *order, uint32_t n,
                         pgb_rails **ret_rails, pgb_error *err)
{
    pgb_rails *r = calloc(1, sizeof *r);
    uint32_t size = pgb_graph_size(g);

    if (r == NULL) {
        return pgb_error_nomem(err);
    }
    r->g = g;
    r->order = order;
    r->n = n;
    r->arena = pgb_arena_new();
    if (r->arena != NULL) {
        r->column = pgb_arena_array(r->arena, size, sizeof *r->column);
    }
    if (r->column == NULL || !pgb_bits_init(&r->in_order, r->arena, size) ||
        !pgb_bits_init(&r->shown, r->arena, size)) {
        pgb_rails_free(r);
        return pgb_error_nomem(err);
    }
    memset(r->column, 0xFF, (size_t)size * sizeof *r->column);
    for (uint32_t i = 0; i < n; i++) {
        if (order[i] >= size || pgb_bits_get(&r->in_order, order[i])) {
            pgb_rails_free(r);
            return pgb_error_set(err, PGB_INTERNAL,
                                 "the order to draw has a node twice or of "
                                 "another graph");
        }
        pgb_bits_set(&r->in_order, order[i]);
    }
    *ret_rails = r;
    return PGB_OK;
}

void pgb_rails_free(pgb_rails *rails)
{
    if (rails != NULL) {
        pgb_vec_done(&rails->waits);
        pgb_vec_done(&rails->cells);
        pgb_vec_done(&rails->ends);
        pgb_arena_free(rails->arena);
        free(rails);
    }
}

/* Room for all that the next row can want: a column for each parent of the node before it (when its
 * links come first) and one for the node. What follows need not ask for memory. */
static bool make_room(pgb_rails *r)
{
    size_t more = 2;

    if (r->links_due) {
        more += pgb_graph_parents(r->g, r->order[r->at - 1]).n;
    }
    r->ends.n = 0;
    return pgb_vec_reserve(&r->waits, more) && pgb_vec_reserve(&r->cells, r->waits.n + more) &&
           pgb_vec_reserve(&r->ends, more);
}

/* The first free column from `from` on, a new one if need be. */
static uint32_t free_column(pgb_rails *r, uint32_t from)
{
    uint32_t c = from;

    while (c < r->waits.n && r->waits.at[c] != PGB_NODE_NONE) {
        c++;
    }
    while (c >= r->waits.n) {
        r->waits.at[r->waits.n++] = PGB_NODE_NONE;
    }
    return c;
}

/* Empties the row and makes it as wide as the rails. */
static void begin_row(pgb_rails *r)
{
    while (r->waits.n > 0 && r->waits.at[r->waits.n - 1] == PGB_NODE_NONE) {
        r->waits.n--;
    }
    r->cells.n = r->waits.n;
    memset(r->cells.at, 0, r->cells.n);
}

static void widen_row(pgb_rails *r, size_t n)
{
    while (r->cells.n < n) {
        r->cells.at[r->cells.n++] = 0;
    }
}

static void mark_rails(pgb_rails *r, uint8_t strokes)
{
    for (size_t c = 0; c < r->waits.n; c++) {
        if (r->waits.at[c] != PGB_NODE_NONE) {
            r->cells.at[c] |= strokes;
        }
    }
}

static pgb_rail_row row_of(const pgb_rails *r, uint32_t node)
{
    return (pgb_rail_row){
        .node = node, .column = r->node_column, .n = (uint32_t)r->cells.n, .cells = r->cells.at};
}

/* A head that would stand right below a root, as if they hung together. */
static bool needs_space(const pgb_rails *r, uint32_t column)
{
    return !r->spaced && r->at > 0 && column == r->node_column && column < r->cells.n &&
           (r->cells.at[column] & (PGB_RAIL_NODE | PGB_RAIL_DOWN)) == PGB_RAIL_NODE;
}

static void node_row(pgb_rails *r, pgb_rail_row *row)
{
    uint32_t v = r->order[r->at], column = r->column[v];
    pgb_nodes parents = pgb_graph_parents(r->g, v);
    bool waited = column != PGB_NODE_NONE;
    uint32_t n_hidden = 0;

    if (!waited) {
        column = free_column(r, 0);
        if (needs_space(r, column)) {
            r->spaced = true;
            begin_row(r);
            mark_rails(r, PGB_RAIL_UP | PGB_RAIL_DOWN);
            *row = row_of(r, PGB_NODE_NONE);
            return;
        }
        r->waits.at[column] = v;
        r->column[v] = column;
    }
    for (uint32_t i = 0; i < parents.n; i++) {
        n_hidden += !pgb_bits_get(&r->in_order, parents.at[i]);
    }
    begin_row(r);
    mark_rails(r, PGB_RAIL_UP | PGB_RAIL_DOWN);
    r->cells.at[column] = (uint8_t)(PGB_RAIL_NODE | (waited ? PGB_RAIL_UP : 0) |
                                    (parents.n > n_hidden ? PGB_RAIL_DOWN : 0));
    r->node_column = column;
    r->spaced = false;
    r->links_due = true;
    r->at++;
    pgb_bits_set(&r->shown, v);
    *row = row_of(r, v);
    row->n_hidden = n_hidden;
}

static void move_rail(pgb_rails *r, uint32_t from, uint32_t to)
{
    uint32_t v = r->waits.at[from];

    r->waits.at[from] = PGB_NODE_NONE;
    r->waits.at[to] = v;
    r->column[v] = to;
}

/* Finds or makes the rail of each parent; the columns that links lead to are in ends then. */
static void place_parents(pgb_rails *r, uint32_t v)
{
    pgb_nodes parents = pgb_graph_parents(r->g, v);
    uint32_t own = r->node_column, leftmost = PGB_NODE_NONE;
    bool straight = false;

    r->waits.at[own] = PGB_NODE_NONE;
    r->column[v] = PGB_NODE_NONE;
    for (uint32_t i = 0; i < parents.n; i++) {
        uint32_t p = parents.at[i], column = r->column[p];

        if (!pgb_bits_get(&r->in_order, p)) {
            continue;
        }
        if (column == PGB_NODE_NONE) {
            /* the first one that has no rail yet goes straight on */
            column = straight ? free_column(r, own + 1) : own;
            straight = true;
            r->waits.at[column] = p;
            r->column[p] = column;
        } else if (column < leftmost) {
            leftmost = column;
        }
        if (column != own) {
            r->ends.at[r->ends.n++] = column;
        }
    }
    /* a rail that would end here while its parent waits on the right: that one comes over, so that
     * the drawing stays left */
    if (!straight && leftmost != PGB_NODE_NONE && leftmost > own) {
        move_rail(r, leftmost, own);
    }
}

/* False: nothing is to be drawn. */
static bool links_row(pgb_rails *r, pgb_rail_row *row)
{
    uint32_t own = r->node_column, low = own, high = own;

    r->links_due = false;
    begin_row(r);
    widen_row(r, (size_t)own + 1);
    mark_rails(r, PGB_RAIL_UP);
    r->cells.at[own] |= PGB_RAIL_UP;
    place_parents(r, r->order[r->at - 1]);
    widen_row(r, r->waits.n);
    mark_rails(r, PGB_RAIL_DOWN);
    for (size_t i = 0; i < r->ends.n; i++) {
        low = r->ends.at[i] < low ? r->ends.at[i] : low;
        high = r->ends.at[i] > high ? r->ends.at[i] : high;
    }
    /* where the links touch, first; then what lies between */
    for (size_t i = 0; i <= r->ends.n; i++) {
        uint32_t c = i < r->ends.n ? r->ends.at[i] : own;

        r->cells.at[c] |=
            (uint8_t)((c > low ? PGB_RAIL_LEFT : 0) | (c < high ? PGB_RAIL_RIGHT : 0));
    }
    for (uint32_t c = low + 1; c < high; c++) {
        if ((r->cells.at[c] & (PGB_RAIL_LEFT | PGB_RAIL_RIGHT)) == 0) {
            r->cells.at[c] |= r->cells.at[c] != 0 ? PGB_RAIL_OVER : PGB_RAIL_LEFT | PGB_RAIL_RIGHT;
        }
    }
    *row = row_of(r, PGB_NODE_NONE);
    return r->ends.n > 0;
}

pgb_status pgb_rails_next(pgb_rails *rails, pgb_rail_row *ret_row, bool *ret_more, pgb_error *err)
{
    pgb_rails *r = rails;

    *ret_more = true;
    if (!make_room(r)) {
        return pgb_error_nomem(err);
    }
    if (r->links_due) {
        uint8_t above = r->cells.at[r->node_column];

        if (links_row(r, ret_row)) {
            return PGB_OK;
        }
        /* nothing is drawn: the row with the node stays the one above, for needs_space */
        r->cells.at[r->node_column] = above;
    }
    if (r->at == r->n) {
        *ret_more = false;
        return PGB_OK;
    }
    for (pgb_nodes c = pgb_graph_children(r->g, r->order[r->at]); c.n > 0; c.n--) {
        uint32_t child = c.at[c.n - 1];

        if (pgb_bits_get(&r->in_order, child) && !pgb_bits_get(&r->shown, child)) {
            return pgb_error_set(err, PGB_INTERNAL, "the order to draw is not newest first");
        }
    }
    node_row(r, ret_row);
    return PGB_OK;
}
