/* Layers: what must hold of every layout, on graphs that are drawn by lot and on those that people
 * have. Crossings and gaps are measured on the result, not taken from the code's own figures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/layers.h"
#include "graph/rails.h"

static const pgb_layers_options usual = {.width = 100, .gap = 20, .rail = 10};

/* A piece of an edge between neighbouring layers. */
typedef struct piece {
    uint32_t layer; /* of the lower end */
    int32_t up, down;
    uint32_t upper_node, lower_node; /* PGB_NODE_NONE: a bend */
} piece;

typedef struct laid {
    pgb_arena *arena;
    pgb_graph *g;
    uint32_t *order;
    uint32_t n;
    const pgb_layers *l;
    piece *pieces;
    uint32_t n_pieces;
} laid;

static void cut(laid *d, const pgb_layer_edge *e)
{
    uint32_t layer = d->l->layer[e->from], node = e->from;
    int32_t x = d->l->x[e->from];

    if (e->loose) {
        return;
    }
    assert_int_equal(layer - d->l->layer[e->to], e->n + 1);
    for (uint32_t i = 0; i <= e->n; i++) {
        int32_t next = i < e->n ? e->x[i] : d->l->x[e->to];

        d->pieces[d->n_pieces++] =
            (piece){--layer, x, next, node, i < e->n ? PGB_NODE_NONE : e->to};
        x = next;
        node = PGB_NODE_NONE;
    }
}

static void lay(laid *d, uint32_t n, const pgb_edge *edges, size_t n_edges,
                const pgb_layers_options *options)
{
    uint32_t pieces = 0;

    d->arena = pgb_arena_new();
    assert_int_equal(pgb_graph_build(d->arena, n, edges, n_edges, &d->g, NULL), PGB_OK);
    assert_int_equal(pgb_graph_order(d->g, d->arena, &d->order, NULL), PGB_OK);
    for (uint32_t i = 0; i < n / 2; i++) {
        uint32_t keep = d->order[i];

        d->order[i] = d->order[n - 1 - i];
        d->order[n - 1 - i] = keep;
    }
    d->n = n;
    assert_int_equal(pgb_layers_make(d->g, d->order, n, options, d->arena, &d->l, NULL), PGB_OK);
    for (uint32_t i = 0; i < d->l->n_edges; i++) {
        pieces += d->l->edges[i].n + 1;
    }
    d->pieces = pgb_arena_array(d->arena, pieces + 1, sizeof *d->pieces);
    d->n_pieces = 0;
    for (uint32_t i = 0; i < d->l->n_edges; i++) {
        cut(d, &d->l->edges[i]);
    }
}

static void done(laid *d)
{
    pgb_arena_free(d->arena);
}

static bool same_bend(const piece *a, const piece *b)
{
    return (a->upper_node != PGB_NODE_NONE && a->upper_node == b->upper_node) ||
           (a->lower_node != PGB_NODE_NONE && a->lower_node == b->lower_node);
}

/* Crossings as a person would count them. */
static uint64_t count_crossings(const laid *d)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < d->n_pieces; i++) {
        for (uint32_t j = 0; j < i; j++) {
            const piece *a = &d->pieces[i], *b = &d->pieces[j];

            if (a->layer == b->layer && !same_bend(a, b)) {
                sum += (a->up < b->up) != (a->down < b->down);
            }
        }
    }
    return sum;
}

/* What stands in a layer: nodes, and edges that pass. */
typedef struct thing {
    uint32_t layer;
    int32_t x, width;
} thing;

static int by_place(const void *a, const void *b)
{
    const thing *s = a, *t = b;

    return s->layer != t->layer ? (s->layer < t->layer ? -1 : 1) : (s->x > t->x) - (s->x < t->x);
}

static void check(const laid *d, const pgb_layers_options *options)
{
    thing *things = pgb_arena_array(d->arena, (size_t)d->n + d->n_pieces + 1, sizeof *things);
    uint32_t n = 0;

    for (uint32_t v = 0; v < d->n; v++) {
        pgb_nodes parents = pgb_graph_parents(d->g, v), depends = pgb_graph_depends(d->g, v);

        for (uint32_t i = 0; i < parents.n; i++) {
            assert_true(d->l->layer[parents.at[i]] < d->l->layer[v]);
        }
        for (uint32_t i = 0; i < depends.n; i++) {
            assert_true(d->l->layer[depends.at[i]] < d->l->layer[v]);
        }
        things[n++] = (thing){d->l->layer[v], d->l->x[v],
                              options->widths != NULL ? options->widths[v] : options->width};
    }
    for (uint32_t i = 0; i < d->n_pieces; i++) {
        if (d->pieces[i].lower_node == PGB_NODE_NONE) {
            things[n++] = (thing){d->pieces[i].layer, d->pieces[i].down, 0};
        }
    }
    qsort(things, n, sizeof *things, by_place);
    for (uint32_t i = 0; i < n; i++) {
        const thing *a = i > 0 ? &things[i - 1] : NULL, *b = &things[i];

        assert_true(b->x - b->width / 2 >= 0);
        assert_true(b->x + b->width / 2 <= d->l->width);
        if (a != NULL && a->layer == b->layer) {
            int32_t gap = a->width == 0 && b->width == 0 ? options->rail : options->gap;

            assert_true(b->x - a->x >= (a->width + b->width) / 2 + gap);
        }
    }
    assert_int_equal(count_crossings(d), d->l->crossings);
}

/* therapy, newest number last: 12 revisions, two branch points, three heads */
static const pgb_edge therapy[] = {
    {1, 0, 0}, {2, 1, 0}, {3, 2, 0}, {4, 3, 0},  {5, 4, 0},  {6, 5, 0},
    {7, 6, 0}, {8, 7, 0}, {9, 8, 0}, {10, 8, 0}, {11, 4, 0},
};

static void test_therapy(void **state)
{
    laid d;

    (void)state;
    lay(&d, 12, therapy, sizeof therapy / sizeof therapy[0], &usual);
    check(&d, &usual);
    assert_int_equal(d.l->crossings, 0);
    assert_int_equal(d.l->n_layers, 10);
    assert_int_equal(d.l->layer[0], 0);
    assert_int_equal(d.l->layer[11], 5);
    assert_int_equal(d.l->layer[9], 9);
    /* a chain is straight */
    for (uint32_t v = 1; v < 5; v++) {
        assert_int_equal(d.l->x[v], d.l->x[0]);
    }
    for (uint32_t v = 6; v < 9; v++) {
        assert_int_equal(d.l->x[v], d.l->x[5]);
    }
    done(&d);
}

/* Heads stand from left to right as they do on the terminal's rails. */
static void test_as_rails(void **state)
{
    laid d;
    pgb_rails *rails;
    pgb_rail_row row;
    bool more = true;
    uint32_t columns[12] = {0};

    (void)state;
    lay(&d, 12, therapy, sizeof therapy / sizeof therapy[0], &usual);
    assert_int_equal(pgb_rails_new(d.g, d.order, d.n, &rails, NULL), PGB_OK);
    while (pgb_rails_next(rails, &row, &more, NULL) == PGB_OK && more) {
        if (row.node != PGB_NODE_NONE) {
            columns[row.node] = row.column;
        }
    }
    pgb_rails_free(rails);
    for (uint32_t a = 0; a < 12; a++) {
        for (uint32_t b = 0; b < 12; b++) {
            if (d.l->layer[a] == d.l->layer[b] && columns[a] < columns[b]) {
                assert_true(d.l->x[a] < d.l->x[b]);
            }
        }
    }
    assert_true((columns[9] < columns[10]) == (d.l->x[9] < d.l->x[10]));
    assert_true((columns[11] < columns[5]) == (d.l->x[11] < d.l->x[5]));
    done(&d);
}

static uint32_t lot(uint64_t *seed, uint32_t n)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*seed >> 33) % n);
}

static void test_random(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        uint64_t s = seed;
        uint32_t n = 1 + lot(&s, 60), n_edges = 0;
        pgb_edge edges[240];
        int32_t widths[60];
        pgb_layers_options options = {.widths = widths, .gap = (int32_t)lot(&s, 30), .rail = 7};
        laid d, again;

        for (uint32_t v = 0; v < n; v++) {
            widths[v] = 2 * (int32_t)lot(&s, 90);
            for (uint32_t k = lot(&s, 4); v > 0 && k > 0; k--) {
                /* mostly near ones, as revisions have */
                uint32_t back = 1 + lot(&s, lot(&s, 5) == 0 ? v : (v < 4 ? v : 4));

                edges[n_edges++] =
                    (pgb_edge){v, v - back, lot(&s, 5) == 0 ? PGB_EDGE_DEPEND : PGB_EDGE_PARENT};
            }
        }
        options.gap = options.gap < 7 ? 7 : options.gap;
        lay(&d, n, edges, n_edges, &options);
        check(&d, &options);
        lay(&again, n, edges, n_edges, &options);
        assert_memory_equal(d.l->x, again.l->x, n * sizeof *d.l->x);
        assert_memory_equal(d.l->layer, again.l->layer, n * sizeof *d.l->layer);
        done(&d);
        done(&again);
    }
}

/* A tree has no crossing, whatever its shape. */
static void test_trees(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        uint64_t s = seed;
        uint32_t n = 2 + lot(&s, 80);
        pgb_edge edges[82];
        laid d;

        for (uint32_t v = 1; v < n; v++) {
            edges[v - 1] = (pgb_edge){v, lot(&s, v), PGB_EDGE_PARENT};
        }
        lay(&d, n, edges, n - 1, &usual);
        check(&d, &usual);
        assert_int_equal(count_crossings(&d), 0);
        done(&d);
    }
}

/* Two that cross when they are drawn in their order, and need not. */
static void test_uncrossed(void **state)
{
    static const pgb_edge edges[] = {{2, 0, 0}, {3, 1, 0}, {4, 3, 0},
                                     {5, 2, 0}, {6, 2, 1}, {6, 5, 0}};
    laid d;

    (void)state;
    lay(&d, 7, edges, 6, &usual);
    check(&d, &usual);
    assert_int_equal(d.l->crossings, 0);
    done(&d);
}

/* Both kinds between the same two: one line. A root that only a late merge needs stands below it.
 */
static void test_edges(void **state)
{
    static const pgb_edge edges[] = {{1, 0, PGB_EDGE_PARENT}, {1, 0, PGB_EDGE_DEPEND},
                                     {2, 1, PGB_EDGE_PARENT}, {3, 2, PGB_EDGE_PARENT},
                                     {5, 4, PGB_EDGE_PARENT}, {5, 3, PGB_EDGE_PARENT}};
    laid d;

    (void)state;
    lay(&d, 6, edges, 6, &usual);
    check(&d, &usual);
    assert_int_equal(d.l->n_edges, 5);
    assert_int_equal(d.l->layer[4], 3);
    assert_int_equal(d.l->layer[5], 4);
    done(&d);
}

static void test_subset(void **state)
{
    laid d;
    const pgb_layers *part;
    const uint32_t some[] = {10, 8, 7, 4};

    (void)state;
    lay(&d, 12, therapy, sizeof therapy / sizeof therapy[0], &usual);
    assert_int_equal(pgb_layers_make(d.g, some, 4, &usual, d.arena, &part, NULL), PGB_OK);
    assert_int_equal(part->n_edges, 2);
    assert_int_equal(part->layer[0], PGB_NODE_NONE);
    assert_int_equal(part->layer[10], 2);
    assert_int_equal(pgb_layers_make(d.g, NULL, 0, &usual, d.arena, &part, NULL), PGB_OK);
    assert_int_equal(part->n_layers, 0);
    done(&d);
}

static void test_refused(void **state)
{
    laid d;
    const pgb_layers *part = NULL;
    const uint32_t twice[] = {3, 3}, oldest_first[] = {3, 4}, foreign[] = {12};

    (void)state;
    lay(&d, 12, therapy, sizeof therapy / sizeof therapy[0], &usual);
    assert_int_equal(pgb_layers_make(d.g, twice, 2, &usual, d.arena, &part, NULL), PGB_INTERNAL);
    assert_int_equal(pgb_layers_make(d.g, oldest_first, 2, &usual, d.arena, &part, NULL),
                     PGB_INTERNAL);
    assert_int_equal(pgb_layers_make(d.g, foreign, 1, &usual, d.arena, &part, NULL), PGB_INTERNAL);
    assert_null(part);
    done(&d);
}

/* 100,000 in a chain with many long edges, and one that 100,000 hang on: neither time nor memory
 * runs away. The long edges are loose then. */
static void test_large(void **state)
{
    uint32_t n = 100000, n_edges = 0, loose = 0;
    pgb_edge *edges = calloc((size_t)2 * n, sizeof *edges);
    laid d = {.arena = pgb_arena_new()};
    uint32_t *order = calloc(n, sizeof *order);

    (void)state;
    assert_non_null(edges);
    assert_non_null(order);
    for (uint32_t v = 1; v < n; v++) {
        edges[n_edges++] = (pgb_edge){v, v - 1, PGB_EDGE_PARENT};
        if (v > 90000) {
            edges[n_edges++] = (pgb_edge){v, v - 90000, PGB_EDGE_DEPEND};
        }
    }
    for (uint32_t v = 0; v < n; v++) {
        order[v] = n - 1 - v;
    }
    assert_int_equal(pgb_graph_build(d.arena, n, edges, n_edges, &d.g, NULL), PGB_OK);
    assert_int_equal(pgb_layers_make(d.g, order, n, &usual, d.arena, &d.l, NULL), PGB_OK);
    for (uint32_t i = 0; i < d.l->n_edges; i++) {
        loose += d.l->edges[i].loose;
    }
    assert_int_equal(loose, 9999);
    for (uint32_t v = 1; v < n; v++) {
        edges[v - 1] = (pgb_edge){v, 0, PGB_EDGE_PARENT};
    }
    assert_int_equal(pgb_graph_build(d.arena, n, edges, n - 1, &d.g, NULL), PGB_OK);
    assert_int_equal(pgb_layers_make(d.g, order, n, &usual, d.arena, &d.l, NULL), PGB_OK);
    assert_int_equal(d.l->crossings, 0);
    assert_int_equal(d.l->width, 120 * (n - 1) - 20);
    assert_true(pgb_arena_used(d.arena) < (size_t)64 << 20);
    pgb_arena_free(d.arena);
    free(edges);
    free(order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_therapy),   cmocka_unit_test(test_as_rails),
        cmocka_unit_test(test_random),    cmocka_unit_test(test_trees),
        cmocka_unit_test(test_uncrossed), cmocka_unit_test(test_edges),
        cmocka_unit_test(test_subset),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
