/* The integer graph: neighbours, orders, closures, cycles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/graph.h"

/* A small generator of its own, so that a seed means the same graph everywhere. */
static uint64_t rng_state;

static uint32_t rng(uint32_t below)
{
    rng_state = rng_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((rng_state >> 33) % below);
}

typedef struct fixture {
    pgb_arena *arena;
    pgb_error err;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->arena = pgb_arena_new();
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    pgb_arena_free(f->arena);
    free(f);
    return 0;
}

static pgb_graph *build(fixture *f, uint32_t n, const pgb_edge *edges, size_t n_edges)
{
    pgb_graph *g = NULL;

    if (pgb_graph_build(f->arena, n, edges, n_edges, &g, &f->err) != PGB_OK) {
        fail_msg("%s", f->err.message);
    }
    return g;
}

/* "1>0 2>0 3:1": 1 and 2 have parent 0, 3 depends on 1. */
static pgb_graph *parse(fixture *f, uint32_t n, const char *text)
{
    pgb_edge edges[64];
    size_t n_edges = 0;

    while (*text != '\0') {
        char *end;
        pgb_edge *e = &edges[n_edges++];

        e->from = (uint32_t)strtoul(text, &end, 10);
        e->kind = *end == '>' ? PGB_EDGE_PARENT : PGB_EDGE_DEPEND;
        e->to = (uint32_t)strtoul(end + 1, &end, 10);
        text = *end == ' ' ? end + 1 : end;
    }
    return build(f, n, edges, n_edges);
}

static const char *join(const uint32_t *at, uint32_t n)
{
    static char text[4][512];
    static unsigned turn;
    char *out = text[turn++ % 4];
    size_t len = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < n; i++) {
        len += (size_t)snprintf(out + len, 512 - len, "%s%u", i > 0 ? " " : "", at[i]);
    }
    return out;
}

static const char *order_text(fixture *f, const pgb_graph *g)
{
    uint32_t *order = NULL;

    assert_int_equal(pgb_graph_order(g, f->arena, &order, &f->err), PGB_OK);
    return join(order, pgb_graph_size(g));
}

static void test_neighbours(void **state)
{
    fixture *f = *state;
    /* added twice, in odd order; parent and dependency on one node are two edges */
    pgb_graph *g = parse(f, 5, "4>2 4>1 4>2 3>0 1>0 2>0 4:3 4:1 3>0 3:0");

    assert_int_equal(pgb_graph_size(g), 5);
    assert_string_equal(join(pgb_graph_parents(g, 4).at, pgb_graph_parents(g, 4).n), "2 1");
    assert_string_equal(join(pgb_graph_depends(g, 4).at, pgb_graph_depends(g, 4).n), "3 1");
    assert_string_equal(join(pgb_graph_children(g, 0).at, pgb_graph_children(g, 0).n), "1 2 3");
    assert_string_equal(join(pgb_graph_dependents(g, 0).at, pgb_graph_dependents(g, 0).n), "3");
    assert_int_equal(pgb_graph_parents(g, 0).n, 0);
    assert_int_equal(pgb_graph_children(g, 4).n, 0);
}

static void test_bad_edges(void **state)
{
    fixture *f = *state;
    pgb_graph *g = NULL;
    pgb_edge far_from = {3, 0, PGB_EDGE_PARENT}, far_to = {0, 3, PGB_EDGE_DEPEND};

    assert_int_equal(pgb_graph_build(f->arena, 3, &far_from, 1, &g, &f->err), PGB_INTERNAL);
    pgb_error_clear(&f->err);
    assert_int_equal(pgb_graph_build(f->arena, 3, &far_to, 1, &g, &f->err), PGB_INTERNAL);
    pgb_error_clear(&f->err);
    assert_int_equal(pgb_graph_build(f->arena, UINT32_MAX, NULL, 0, &g, &f->err), PGB_INTERNAL);
    assert_null(g);
    g = build(f, 0, NULL, 0);
    assert_int_equal(pgb_graph_size(g), 0);
    assert_string_equal(order_text(f, g), "");
}

static void test_order(void **state)
{
    fixture *f = *state;
    static const struct {
        uint32_t n;
        const char *edges, *order;
    } cases[] = {
        {1, "", "0"},
        {3, "", "0 1 2"},
        {3, "0>1 1>2", "2 1 0"},
        /* a branch is finished before the next is begun */
        {5, "1>0 2>0 3>1 4>2", "0 1 3 2 4"},
        /* the nearest branch point first, though 1 is lower than 4 */
        {5, "2>0 3>2 4>2 1>0", "0 1 2 3 4"},
        {5, "1>0 4>0 2>1 3>1", "0 1 2 3 4"},
        {5, "2>0 1>2 3>2 4>0", "0 2 1 3 4"},
        /* ties by number, also between roots */
        {4, "0>3 1>2", "2 1 3 0"},
        /* a merge goes on as soon as its last parent is out */
        {5, "1>0 2>0 3>1 3>2 4>2", "0 1 2 3 4"},
        {6, "1>0 2>0 3>1 3>2 4>3 5>2", "0 1 2 3 4 5"},
        /* 2 waits for a dependency and goes on after that branch's end */
        {6, "1>0 2>1 2:3 4>3 5>4", "0 1 3 4 5 2"},
        {6, "1>0 2>1 2:4 4>3 5>4", "0 1 3 4 5 2"},
        /* parent and dependency at once */
        {3, "1>0 1:0 2>1", "0 1 2"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(order_text(f, parse(f, cases[i].n, cases[i].edges)), cases[i].order);
    }
}

static void test_order_of_subset(void **state)
{
    fixture *f = *state;
    /* 0-1-2 and 3-4-5; 1 is a merge with 3 too */
    pgb_graph *g = parse(f, 6, "1>0 1>3 2>1 4>3 5>4");
    uint32_t *order = NULL, n = 0;
    pgb_bits set;

    assert_string_equal(order_text(f, g), "0 3 1 2 4 5");
    assert_true(pgb_bits_init(&set, f->arena, 6));
    assert_int_equal(pgb_graph_order_of(g, &set, f->arena, &order, &n, &f->err), PGB_OK);
    assert_int_equal(n, 0);
    for (uint32_t v = 0; v < 6; v++) {
        if (v != 3) {
            pgb_bits_set(&set, v);
        }
    }
    /* with 3 there already, the first branch need not wait */
    assert_int_equal(pgb_graph_order_of(g, &set, f->arena, &order, &n, &f->err), PGB_OK);
    assert_string_equal(join(order, n), "0 1 2 4 5");
}

static void test_closures(void **state)
{
    fixture *f = *state;
    pgb_graph *g = parse(f, 6, "1>0 2>1 4>3 5>4 4:1");
    static const struct {
        uint32_t from;
        bool up, depends;
        const char *members;
    } cases[] = {
        {5, true, false, "3 4 5"},     {5, true, true, "0 1 3 4 5"}, {0, false, false, "0 1 2"},
        {0, false, true, "0 1 2 4 5"}, {2, false, true, "2"},        {3, true, true, "3"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pgb_bits set;
        uint32_t members[6], n = 0;

        assert_true(pgb_bits_init(&set, f->arena, 6));
        pgb_bits_set(&set, cases[i].from);
        assert_int_equal(cases[i].up ? pgb_graph_ancestors(g, &set, cases[i].depends, &f->err)
                                     : pgb_graph_descendants(g, &set, cases[i].depends, &f->err),
                         PGB_OK);
        for (uint32_t v = 0; v < 6; v++) {
            if (pgb_bits_get(&set, v)) {
                members[n++] = v;
            }
        }
        assert_string_equal(join(members, n), cases[i].members);
    }
}

static void test_closure_of_wrong_size(void **state)
{
    fixture *f = *state;
    pgb_graph *g = parse(f, 2, "1>0");
    pgb_bits set;

    assert_true(pgb_bits_init(&set, f->arena, 3));
    assert_int_equal(pgb_graph_ancestors(g, &set, true, &f->err), PGB_INTERNAL);
}

static void test_cycle(void **state)
{
    fixture *f = *state;
    static const struct {
        uint32_t n;
        const char *edges, *cycle;
    } cases[] = {
        {3, "1>0 2>1", ""},
        {1, "0>0", "0"},
        {3, "2>1 1>2 1>0", "1 2"},
        {4, "3>2 2>1 1>3 1>0", "1 3 2"},
        /* through a dependency */
        {4, "1>0 2>1 3>2 1:3", "1 3 2"},
        {2, "0:0 1>0", "0"},
        /* the way back over 1 alone is shorter than round all */
        {6, "5>4 4>3 3>2 2>1 1>0 0>5 1>5 3>5", "3 5 4"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pgb_graph *g = parse(f, cases[i].n, cases[i].edges);
        uint32_t *nodes = NULL, *order = NULL, n = 99;

        assert_int_equal(pgb_graph_cycle(g, f->arena, &nodes, &n, &f->err), PGB_OK);
        assert_string_equal(join(nodes, n), cases[i].cycle);
        assert_int_equal(pgb_graph_order(g, f->arena, &order, NULL), n > 0 ? PGB_INTERNAL : PGB_OK);
    }
}

static bool has_edge(pgb_nodes nodes, uint32_t to)
{
    for (uint32_t i = 0; i < nodes.n; i++) {
        if (nodes.at[i] == to) {
            return true;
        }
    }
    return false;
}

/* Any graph of 8 nodes, cyclic ones too, against a matrix. */
static void test_random(void **state)
{
    fixture *f = *state;
    enum { N = 8, ROUNDS = 3000 };
    unsigned cyclic = 0;

    rng_state = 20260901;
    print_message("# seed %llu\n", (unsigned long long)rng_state);
    for (int round = 0; round < ROUNDS; round++) {
        pgb_edge edges[20];
        size_t n_edges = rng(12);
        bool reach[N][N] = {{false}}, any = false;
        pgb_arena *arena = pgb_arena_new();
        pgb_graph *g = NULL;
        uint32_t *order = NULL, *nodes = NULL, n = 0, at[N];

        for (size_t i = 0; i < n_edges; i++) {
            edges[i] = (pgb_edge){rng(N), rng(N), rng(3) == 0 ? PGB_EDGE_DEPEND : PGB_EDGE_PARENT};
            reach[edges[i].from][edges[i].to] = true;
        }
        for (int k = 0; k < N; k++) {
            for (int i = 0; i < N; i++) {
                for (int j = 0; j < N; j++) {
                    reach[i][j] |= reach[i][k] && reach[k][j];
                }
            }
        }
        for (int i = 0; i < N; i++) {
            any |= reach[i][i];
        }
        assert_int_equal(pgb_graph_build(arena, N, edges, n_edges, &g, &f->err), PGB_OK);
        assert_int_equal(pgb_graph_cycle(g, arena, &nodes, &n, &f->err), PGB_OK);
        assert_int_equal(n > 0, any);
        cyclic += any;
        for (uint32_t i = 0; i < n; i++) {
            uint32_t to = nodes[(i + 1) % n];

            assert_true(has_edge(pgb_graph_parents(g, nodes[i]), to) ||
                        has_edge(pgb_graph_depends(g, nodes[i]), to));
            assert_true(nodes[0] <= nodes[i]);
            for (uint32_t j = 0; j < i; j++) {
                assert_int_not_equal(nodes[i], nodes[j]);
            }
        }
        assert_int_equal(pgb_graph_order(g, arena, &order, NULL), any ? PGB_INTERNAL : PGB_OK);
        if (!any) {
            for (uint32_t i = 0; i < N; i++) {
                at[order[i]] = i;
            }
            for (size_t i = 0; i < n_edges; i++) {
                assert_true(at[edges[i].to] < at[edges[i].from]);
            }
            /* a chain is never left: a node with one child that needs only it is followed by it */
            for (uint32_t i = 0; i + 1 < N; i++) {
                pgb_nodes c = pgb_graph_children(g, order[i]);

                if (c.n == 1 && pgb_graph_parents(g, c.at[0]).n == 1 &&
                    pgb_graph_depends(g, c.at[0]).n == 0) {
                    assert_int_equal(order[i + 1], c.at[0]);
                }
            }
        }
        for (uint32_t v = 0; v < N; v++) {
            pgb_bits up, down;

            assert_true(pgb_bits_init(&up, arena, N) && pgb_bits_init(&down, arena, N));
            pgb_bits_set(&up, v);
            pgb_bits_set(&down, v);
            assert_int_equal(pgb_graph_ancestors(g, &up, true, &f->err), PGB_OK);
            assert_int_equal(pgb_graph_descendants(g, &down, true, &f->err), PGB_OK);
            for (uint32_t u = 0; u < N; u++) {
                assert_int_equal(pgb_bits_get(&up, u), u == v || reach[v][u]);
                assert_int_equal(pgb_bits_get(&down, u), u == v || reach[u][v]);
            }
        }
        pgb_arena_free(arena);
    }
    assert_in_range(cyclic, ROUNDS / 10, ROUNDS * 9 / 10);
}

/* The work of all calls on n nodes, as a chain or as a trunk with a branch and a merge each twenty.
 */
static uint64_t work_of(fixture *f, uint32_t n, bool chain)
{
    pgb_edge *edges = calloc((size_t)n * 2, sizeof *edges);
    pgb_arena *arena = pgb_arena_new();
    uint64_t before = pgb_graph_work();
    uint32_t *order = NULL, *nodes = NULL, n_cycle;
    size_t n_edges = 0;
    pgb_graph *g = NULL;
    pgb_bits set;

    assert_non_null(edges);
    for (uint32_t v = 1; v < n; v++) {
        uint32_t in = v % 20, base = v - in;

        if (chain || in == 0 || in < 10) {
            edges[n_edges++] = (pgb_edge){v, v - 1, PGB_EDGE_PARENT};
        } else {
            edges[n_edges++] = (pgb_edge){v, in == 10 ? base : v - 1, PGB_EDGE_PARENT};
        }
        if (!chain && in == 0) {
            edges[n_edges++] = (pgb_edge){v, v - 11, PGB_EDGE_PARENT};
        }
    }
    assert_int_equal(pgb_graph_build(arena, n, edges, n_edges, &g, &f->err), PGB_OK);
    assert_int_equal(pgb_graph_order(g, arena, &order, &f->err), PGB_OK);
    assert_int_equal(pgb_graph_cycle(g, arena, &nodes, &n_cycle, &f->err), PGB_OK);
    assert_int_equal(n_cycle, 0);
    assert_true(pgb_bits_init(&set, arena, n));
    pgb_bits_set(&set, n - 1);
    assert_int_equal(pgb_graph_ancestors(g, &set, true, &f->err), PGB_OK);
    assert_int_equal(pgb_graph_descendants(g, &set, true, &f->err), PGB_OK);
    /* close the circle: one cycle through everything (the chain) or much of it */
    edges[n_edges++] = (pgb_edge){0, n - 1, PGB_EDGE_PARENT};
    assert_int_equal(pgb_graph_build(arena, n, edges, n_edges, &g, &f->err), PGB_OK);
    assert_int_equal(pgb_graph_cycle(g, arena, &nodes, &n_cycle, &f->err), PGB_OK);
    assert_true(n_cycle > n / 4);
    assert_int_equal(pgb_graph_order(g, arena, &order, NULL), PGB_INTERNAL);
    pgb_arena_free(arena);
    free(edges);
    return pgb_graph_work() - before;
}

static void test_linear(void **state)
{
    fixture *f = *state;

    for (int chain = 0; chain < 2; chain++) {
        uint64_t small = work_of(f, 10000, chain), large = work_of(f, 100000, chain);

        assert_true(large < 11 * small);
        assert_true(large < (uint64_t)100000 * 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_neighbours, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_of_subset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closure_of_wrong_size, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cycle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random, setup, teardown),
        cmocka_unit_test_setup_teardown(test_linear, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
