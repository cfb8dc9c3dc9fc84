#include "graph/layers.h"

#include <string.h>

#include "graph/layers_internal.h"

/* While it is made. Points are numbered in the order that was given: newest first. */
typedef struct making {
    const pgb_graph *g;
    const uint32_t *order;
    uint32_t n;
    const pgb_layers_options *options;
    pgb_arena *arena;   /* the layout's */
    pgb_arena *scratch; /* gone when it is made */
    uint32_t *at;       /* node -> its place in order, PGB_NODE_NONE: not shown */
    pgb_layer_edge *edges;
    uint32_t n_edges;
    uint32_t *layer;  /* by place in order */
    uint32_t longest; /* edges over more layers than this are loose */
    pgb_points points;
} making;

static pgb_status begin(making *m, pgb_error *err)
{
    uint32_t size = pgb_graph_size(m->g);

    m->at = pgb_arena_array(m->scratch, (size_t)size + 1, sizeof *m->at);
    m->layer = pgb_arena_array(m->scratch, (size_t)m->n + 1, sizeof *m->layer);
    if (m->at == NULL || m->layer == NULL) {
        return pgb_error_nomem(err);
    }
    memset(m->at, 0xFF, (size_t)size * sizeof *m->at);
    for (uint32_t i = 0; i < m->n; i++) {
        if (m->order[i] >= size || m->at[m->order[i]] != PGB_NODE_NONE) {
            return pgb_error_set(err, PGB_INTERNAL,
                                 "the order to lay out has a node twice or of another graph");
        }
        m->at[m->order[i]] = i;
    }
    return PGB_OK;
}

/* The edges of one node, each neighbour once. */
static pgb_status add_edges(making *m, uint32_t place, uint32_t *seen, pgb_error *err)
{
    uint32_t node = m->order[place];

    for (int kind = PGB_EDGE_PARENT; kind <= PGB_EDGE_DEPEND; kind++) {
        pgb_nodes to =
            kind == PGB_EDGE_PARENT ? pgb_graph_parents(m->g, node) : pgb_graph_depends(m->g, node);

        for (uint32_t i = 0; i < to.n; i++) {
            uint32_t old = m->at[to.at[i]];

            if (old == PGB_NODE_NONE || seen[old] == place + 1) {
                continue;
            }
            if (old <= place) {
                return pgb_error_set(err, PGB_INTERNAL, "the order to lay out is not newest first");
            }
            seen[old] = place + 1;
            m->edges[m->n_edges++] =
                (pgb_layer_edge){.from = node, .to = to.at[i], .kind = (pgb_edge_kind)kind};
        }
    }
    return PGB_OK;
}

static pgb_status find_edges(making *m, pgb_error *err)
{
    size_t most = 0;
    uint32_t *seen = pgb_arena_array(m->scratch, (size_t)m->n + 1, sizeof *seen);
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < m->n; i++) {
        most += pgb_graph_parents(m->g, m->order[i]).n + pgb_graph_depends(m->g, m->order[i]).n;
    }
    m->edges = pgb_arena_array(m->arena, most + 1, sizeof *m->edges);
    if (m->edges == NULL || seen == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; status == PGB_OK && i < m->n; i++) {
        status = add_edges(m, i, seen, err);
    }
    return status;
}

/* Longest paths from below; then what needs nothing is lifted to right below who needs it. Edges
 * stand by their younger end, newest first, so that going back over them has every older end done.
 */
static void find_layers(making *m)
{
    uint32_t n_layers = 0;

    for (uint32_t i = m->n_edges; i-- > 0;) {
        uint32_t *from = &m->layer[m->at[m->edges[i].from]], to = m->layer[m->at[m->edges[i].to]];

        if (*from < to + 1) {
            *from = to + 1;
        }
    }
    for (uint32_t i = 0; i < m->n; i++) {
        if (m->layer[i] + 1 > n_layers) {
            n_layers = m->layer[i] + 1;
        }
    }
    m->points.n_layers = n_layers;
}

static pgb_status lift_roots(making *m, pgb_error *err)
{
    uint32_t *lowest = pgb_arena_array(m->scratch, (size_t)m->n + 1, sizeof *lowest);
    bool *needs = pgb_arena_array(m->scratch, (size_t)m->n + 1, sizeof *needs);

    if (lowest == NULL || needs == NULL) {
        return pgb_error_nomem(err);
    }
    memset(lowest, 0xFF, (size_t)m->n * sizeof *lowest);
    for (uint32_t i = 0; i < m->n_edges; i++) {
        uint32_t from = m->at[m->edges[i].from], to = m->at[m->edges[i].to];

        needs[from] = true;
        if (lowest[to] > m->layer[from]) {
            lowest[to] = m->layer[from];
        }
    }
    for (uint32_t i = 0; i < m->n; i++) {
        if (!needs[i] && lowest[i] != UINT32_MAX) {
            m->layer[i] = lowest[i] - 1;
        }
    }
    return PGB_OK;
}

static uint32_t span(const making *m, const pgb_layer_edge *e)
{
    return m->layer[m->at[e->from]] - m->layer[m->at[e->to]];
}

/* How many points the edges need, and from which length on they are loose, so that the whole stays
 * linear in nodes and edges. */
static uint64_t bound_points(making *m)
{
    uint64_t most = 64 * ((uint64_t)m->n + m->n_edges) + 4096, sum;

    m->longest = UINT32_MAX;
    for (;;) {
        uint32_t found = 0;

        sum = 0;
        for (uint32_t i = 0; i < m->n_edges; i++) {
            uint32_t layers = span(m, &m->edges[i]);

            if (layers <= m->longest) {
                sum += layers - 1;
                found = layers > found ? layers : found;
            }
        }
        if (sum <= most) {
            return sum;
        }
        m->longest = found / 2;
    }
}

static pgb_status allocate_points(making *m, uint64_t bends, pgb_error *err)
{
    pgb_points *p = &m->points;
    size_t n = (size_t)m->n + bends, links = (size_t)m->n_edges + bends;

    if (n >= PGB_NODE_NONE || links >= PGB_NODE_NONE) {
        return pgb_error_set(err, PGB_REFUSED, "the graph is too large to be drawn");
    }
    p->n = (uint32_t)n;
    p->n_real = m->n;
    p->layer = pgb_arena_array(m->scratch, n + 1, sizeof *p->layer);
    p->width = pgb_arena_array(m->scratch, n + 1, sizeof *p->width);
    p->pos = pgb_arena_array(m->scratch, n + 1, sizeof *p->pos);
    p->row = pgb_arena_array(m->scratch, n + 1, sizeof *p->row);
    p->fill = pgb_arena_array(m->scratch, n + 1, sizeof *p->fill);
    p->first = pgb_arena_array(m->scratch, (size_t)p->n_layers + 2, sizeof *p->first);
    p->upper = pgb_arena_array(m->scratch, links + 1, sizeof *p->upper);
    p->lower = pgb_arena_array(m->scratch, links + 1, sizeof *p->lower);
    p->down_first = pgb_arena_array(m->scratch, n + 2, sizeof *p->down_first);
    p->up_first = pgb_arena_array(m->scratch, n + 2, sizeof *p->up_first);
    p->down = pgb_arena_array(m->scratch, links + 1, sizeof *p->down);
    p->up = pgb_arena_array(m->scratch, links + 1, sizeof *p->up);
    return p->layer == NULL || p->width == NULL || p->pos == NULL || p->row == NULL ||
                   p->fill == NULL || p->first == NULL || p->upper == NULL || p->lower == NULL ||
                   p->down_first == NULL || p->up_first == NULL || p->down == NULL || p->up == NULL
               ? pgb_error_nomem(err)
               : PGB_OK;
}

static void add_link(pgb_points *p, uint32_t upper, uint32_t lower)
{
    p->upper[p->n_links] = upper;
    p->lower[p->n_links] = lower;
    p->n_links++;
    p->down_first[upper + 1]++;
    p->up_first[lower + 1]++;
}

/* The edge as a chain; its points are numbered from the top down. */
static void add_chain(making *m, const pgb_layer_edge *e, uint32_t *next)
{
    pgb_points *p = &m->points;
    uint32_t upper = m->at[e->from], layers = span(m, e);

    for (uint32_t i = 1; i < layers; i++) {
        p->layer[*next] = m->layer[m->at[e->from]] - i;
        add_link(p, upper, *next);
        upper = (*next)++;
    }
    add_link(p, upper, m->at[e->to]);
}

static void fill_points(making *m)
{
    pgb_points *p = &m->points;
    uint32_t next = m->n;

    for (uint32_t i = 0; i < m->n; i++) {
        p->layer[i] = m->layer[i];
        p->width[i] =
            m->options->widths != NULL ? m->options->widths[m->order[i]] : m->options->width;
    }
    for (uint32_t i = 0; i < m->n_edges; i++) {
        m->edges[i].loose = span(m, &m->edges[i]) > m->longest;
        if (!m->edges[i].loose) {
            add_chain(m, &m->edges[i], &next);
        }
    }
    for (uint32_t i = 0; i < p->n; i++) {
        p->down_first[i + 1] += p->down_first[i];
        p->up_first[i + 1] += p->up_first[i];
        p->first[p->layer[i] + 1]++;
    }
    for (uint32_t l = 0; l < p->n_layers; l++) {
        p->first[l + 1] += p->first[l];
    }
}

/* Puts each point's links into its lists, in the order of the links. */
static pgb_status fill_links(making *m, pgb_error *err)
{
    pgb_points *p = &m->points;
    uint32_t *down = pgb_arena_array(m->scratch, (size_t)p->n + 1, sizeof *down);
    uint32_t *up = pgb_arena_array(m->scratch, (size_t)p->n + 1, sizeof *up);

    if (down == NULL || up == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < p->n_links; i++) {
        p->down[p->down_first[p->upper[i]] + down[p->upper[i]]++] = i;
        p->up[p->up_first[p->lower[i]] + up[p->lower[i]]++] = i;
    }
    return PGB_OK;
}

/*
 * The order to begin with: from the bottom up, depth first, branches in the order in which they are
 * drawn first. For a tree it has no crossing, and it is the order of the rails' columns.
 */
typedef struct climb {
    uint32_t *rank;  /* of a point: the first place in the order that is reached upwards */
    uint32_t *stack; /* points whose links up are being followed */
    uint32_t *tried; /* links followed, by depth in the stack */
    bool *seen;
    uint32_t *fill; /* points put into each layer */
} climb;

static void put_point(pgb_points *p, climb *c, uint32_t point)
{
    c->seen[point] = true;
    p->row[p->first[p->layer[point]] + c->fill[p->layer[point]]++] = point;
}

static void climb_from(pgb_points *p, climb *c, uint32_t root)
{
    uint32_t depth = 1;

    c->stack[0] = root;
    c->tried[0] = p->up_first[root];
    put_point(p, c, root);
    while (depth > 0) {
        uint32_t point = c->stack[depth - 1], link = c->tried[depth - 1], next;

        if (link == p->up_first[point + 1]) {
            depth--;
            continue;
        }
        c->tried[depth - 1]++;
        next = p->upper[p->up[link]];
        if (!c->seen[next]) {
            put_point(p, c, next);
            c->stack[depth] = next;
            c->tried[depth++] = p->up_first[next];
        }
    }
}

/* Sorts each point's links up by the ranks of their upper ends, all at once: the points by rank, as
 * lists, each handing its links down to where they lead. */
static void sort_by_rank(pgb_points *p, const uint32_t *rank, uint32_t *heads, uint32_t *after)
{
    memset(heads, 0xFF, (size_t)p->n_real * sizeof *heads);
    for (uint32_t i = p->n; i-- > 0;) {
        after[i] = heads[rank[i]];
        heads[rank[i]] = i;
        p->fill[i] = 0;
    }
    for (uint32_t r = 0; r < p->n_real; r++) {
        for (uint32_t i = heads[r]; i != PGB_NODE_NONE; i = after[i]) {
            for (uint32_t k = p->down_first[i]; k < p->down_first[i + 1]; k++) {
                uint32_t far = p->lower[p->down[k]];

                p->up[p->up_first[far] + p->fill[far]++] = p->down[k];
            }
        }
    }
}

static pgb_status first_order(making *m, pgb_error *err)
{
    pgb_points *p = &m->points;
    climb c = {
        .rank = pgb_arena_array(m->scratch, (size_t)p->n + 1, sizeof *c.rank),
        .stack = pgb_arena_array(m->scratch, (size_t)p->n + 1, sizeof *c.stack),
        .tried = pgb_arena_array(m->scratch, (size_t)p->n + 1, sizeof *c.tried),
        .seen = pgb_arena_array(m->scratch, (size_t)p->n + 1, sizeof *c.seen),
        .fill = pgb_arena_array(m->scratch, (size_t)p->n_layers + 1, sizeof *c.fill),
    };
    /* points as lists by rank */
    uint32_t *heads = pgb_arena_array(m->scratch, (size_t)p->n_real + 1, sizeof *heads);
    uint32_t *after = pgb_arena_array(m->scratch, (size_t)p->n + 1, sizeof *after);

    if (c.rank == NULL || c.stack == NULL || c.tried == NULL || c.seen == NULL || c.fill == NULL ||
        heads == NULL || after == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < p->n; i++) {
        c.rank[i] = i < p->n_real ? i : UINT32_MAX;
    }
    /* links stand by younger ends, newest first, each chain from the top down: what is above a
     * point is done before it */
    for (uint32_t i = 0; i < p->n_links; i++) {
        if (c.rank[p->lower[i]] > c.rank[p->upper[i]]) {
            c.rank[p->lower[i]] = c.rank[p->upper[i]];
        }
    }
    sort_by_rank(p, c.rank, heads, after);
    for (uint32_t rank = 0; rank < p->n_real; rank++) {
        for (uint32_t i = heads[rank]; i != PGB_NODE_NONE; i = after[i]) {
            if (p->down_first[i] == p->down_first[i + 1]) {
                climb_from(p, &c, i);
            }
        }
    }
    return PGB_OK;
}

static pgb_status give_out(making *m, const int32_t *x, pgb_layers *layers, pgb_error *err)
{
    const pgb_points *p = &m->points;
    uint32_t size = pgb_graph_size(m->g), next = m->n;
    uint32_t *layer = pgb_arena_array(m->arena, (size_t)size + 1, sizeof *layer);
    int32_t *node_x = pgb_arena_array(m->arena, (size_t)size + 1, sizeof *node_x);
    int32_t *bends = pgb_arena_array(m->arena, (size_t)(p->n - p->n_real) + 1, sizeof *bends);

    if (layer == NULL || node_x == NULL || bends == NULL) {
        return pgb_error_nomem(err);
    }
    memset(layer, 0xFF, (size_t)size * sizeof *layer);
    for (uint32_t i = 0; i < m->n; i++) {
        layer[m->order[i]] = p->layer[i];
        node_x[m->order[i]] = x[i];
    }
    for (uint32_t i = 0; i < p->n; i++) {
        int32_t right = x[i] + (p->width[i] + 1) / 2;

        layers->width = right > layers->width ? right : layers->width;
    }
    for (uint32_t i = 0; i < m->n_edges; i++) {
        pgb_layer_edge *e = &m->edges[i];

        e->x = bends + (next - m->n);
        e->n = e->loose ? 0 : span(m, e) - 1;
        for (uint32_t k = 0; k < e->n; k++) {
            bends[next - m->n] = x[next];
            next++;
        }
    }
    layers->layer = layer;
    layers->x = node_x;
    layers->n_layers = p->n_layers;
    layers->edges = m->edges;
    layers->n_edges = m->n_edges;
    return PGB_OK;
}

static pgb_status make(making *m, pgb_layers *layers, pgb_error *err)
{
    int32_t *x = NULL;
    pgb_status status = begin(m, err);

    if (status == PGB_OK) {
        status = find_edges(m, err);
    }
    if (status == PGB_OK) {
        find_layers(m);
        status = lift_roots(m, err);
    }
    if (status == PGB_OK) {
        status = allocate_points(m, bound_points(m), err);
    }
    if (status == PGB_OK) {
        fill_points(m);
        x = pgb_arena_array(m->scratch, (size_t)m->points.n + 1, sizeof *x);
        status = x == NULL ? pgb_error_nomem(err) : fill_links(m, err);
    }
    if (status == PGB_OK) {
        status = first_order(m, err);
    }
    if (status == PGB_OK) {
        status = pgb_points_order(&m->points, &layers->crossings, err);
    }
    if (status == PGB_OK) {
        status = pgb_points_place(&m->points, m->options->gap, m->options->rail, x, err);
    }
    return status == PGB_OK ? give_out(m, x, layers, err) : status;
}

pgb_status pgb_layers_make(const pgb_graph *g, const uint32_t *order, uint32_t n,
                           const pgb_layers_options *options, pgb_arena *arena,
                           const pgb_layers **ret_layers, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    pgb_layers *layers = pgb_arena_alloc(arena, sizeof *layers);
    making m = {
        .g = g, .order = order, .n = n, .options = options, .arena = arena, .scratch = scratch};
    pgb_status status;

    if (scratch == NULL || layers == NULL) {
        return pgb_error_nomem(err);
    }
    status = make(&m, layers, err);
    if (status == PGB_OK) {
        *ret_layers = layers;
    }
    return status;
}
