/* Rails: drawings compared as a person sees them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/rails.h"

/* Nodes are letters, in the order of drawing, newest first: "c<b b<a a". */
typedef struct sample {
    const char *graph, *unicode, *ascii;
} sample;

static uint32_t read_graph(pgb_arena *arena, const char *text, pgb_graph **g, uint32_t *order)
{
    pgb_edge edges[128];
    size_t n_edges = 0;
    uint32_t n = 0;
    uint32_t from = 0;

    for (const char *at = text; *at != '\0'; at++) {
        bool begins = at == text || at[-1] == ' ';
        uint32_t node = (uint32_t)(*at - 'a');

        if (*at == ' ' || *at == '<' || *at == '~' || *at == ',') {
            continue;
        }
        if (begins) {
            from = node;
            order[n++] = node;
        } else {
            edges[n_edges++] =
                (pgb_edge){from, node, at[-1] == '~' ? PGB_EDGE_DEPEND : PGB_EDGE_PARENT};
        }
    }
    assert_int_equal(pgb_graph_build(arena, 26, edges, n_edges, g, NULL), PGB_OK);
    return n;
}

static void letter(void *data, uint32_t node, pgb_buf *marker, pgb_buf *text)
{
    (void)data;
    (void)marker;
    pgb_buf_putc(text, (char)('a' + node));
}

static void check(const pgb_graph *g, const uint32_t *order, uint32_t n, bool in_ascii,
                  const char *expected)
{
    PGB_AUTO_BUF(out);
    pgb_rails_style style = {.ascii = in_ascii};
    pgb_error err = PGB_ERROR_INIT;

    assert_int_equal(pgb_rails_draw(g, order, n, &style, letter, NULL, &out, &err), PGB_OK);
    if (strcmp(pgb_buf_str(&out), expected) != 0) {
        fail_msg("expected\n%sgot\n%s", expected, pgb_buf_str(&out));
    }
}

static void test_drawings(void **state)
{
    static const sample samples[] = {
        {"", "", ""},
        {"a", "●  a\n", "*  a\n"},
        {"c<b b<a a", "●  c\n●  b\n●  a\n", "*  c\n*  b\n*  a\n"},
        /* a branch point: the branch joins right below its first revision */
        {"c<a b<a a",
         "●  c\n"
         "│ ●  b\n"
         "├─╯\n"
         "●  a\n",
         "*  c\n"
         "| *  b\n"
         "|/\n"
         "*  a\n"},
        /* three children */
        {"d<a c<a b<a a",
         "●  d\n"
         "│ ●  c\n"
         "├─╯\n"
         "│ ●  b\n"
         "├─╯\n"
         "●  a\n",
         "*  d\n"
         "| *  c\n"
         "|/\n"
         "| *  b\n"
         "|/\n"
         "*  a\n"},
        /* a diamond */
        {"d<b,c c<a b<a a",
         "●  d\n"
         "├─╮\n"
         "│ ●  c\n"
         "● │  b\n"
         "├─╯\n"
         "●  a\n",
         "*  d\n"
         "|\\\n"
         "| *  c\n"
         "* |  b\n"
         "|/\n"
         "*  a\n"},
        /* a merge of three */
        {"e<b,c,d d<a c<a b<a a",
         "●  e\n"
         "├─┬─╮\n"
         "│ │ ●  d\n"
         "│ ● │  c\n"
         "│ ├─╯\n"
         "● │  b\n"
         "├─╯\n"
         "●  a\n",
         "*  e\n"
         "|\\-\\\n"
         "| | *  d\n"
         "| * |  c\n"
         "| |/\n"
         "* |  b\n"
         "|/\n"
         "*  a\n"},
        /* two diamonds, one upon the other: the column is used again */
        {"g<e,f f<d e<d d<b,c c<a b<a a",
         "●  g\n"
         "├─╮\n"
         "│ ●  f\n"
         "● │  e\n"
         "├─╯\n"
         "●  d\n"
         "├─╮\n"
         "│ ●  c\n"
         "● │  b\n"
         "├─╯\n"
         "●  a\n",
         "*  g\n"
         "|\\\n"
         "| *  f\n"
         "* |  e\n"
         "|/\n"
         "*  d\n"
         "|\\\n"
         "| *  c\n"
         "* |  b\n"
         "|/\n"
         "*  a\n"},
        /* several roots: what does not hang together does not touch */
        {"d<c c b<a a",
         "●  d\n"
         "●  c\n"
         "\n"
         "●  b\n"
         "●  a\n",
         "*  d\n"
         "*  c\n"
         "\n"
         "*  b\n"
         "*  a\n"},
        {"e<a d<c c b<a a",
         "●  e\n"
         "│ ●  d\n"
         "│ ●  c\n"
         "│\n"
         "│ ●  b\n"
         "├─╯\n"
         "●  a\n",
         "*  e\n"
         "| *  d\n"
         "| *  c\n"
         "|\n"
         "| *  b\n"
         "|/\n"
         "*  a\n"},
        /* a merge of two roots */
        {"c<a,b b a",
         "●  c\n"
         "├─╮\n"
         "│ ●  b\n"
         "●  a\n",
         "*  c\n"
         "|\\\n"
         "| *  b\n"
         "*  a\n"},
        /* a merge with what another branch stands on, behind a rail between */
        {"f<a e<b d<c,b c<a b<a a",
         "●  f\n"
         "│ ●  e\n"
         "│ │ ●  d\n"
         "│ ├─┤\n"
         "│ │ ●  c\n"
         "├─│─╯\n"
         "│ ●  b\n"
         "├─╯\n"
         "●  a\n",
         "*  f\n"
         "| *  e\n"
         "| | *  d\n"
         "| |-|\n"
         "| | *  c\n"
         "|-|/\n"
         "| *  b\n"
         "|/\n"
         "*  a\n"},
        /* a rail comes over from the right rather than that the drawing drifts there */
        {"e<c,d c<b d<b b<a a",
         "●  e\n"
         "├─╮\n"
         "● │  c\n"
         "│ ●  d\n"
         "├─╯\n"
         "●  b\n"
         "●  a\n",
         "*  e\n"
         "|\\\n"
         "* |  c\n"
         "| *  d\n"
         "|/\n"
         "*  b\n"
         "*  a\n"},
        /* dependencies are no rails */
        {"d<b~c c<a b<a a",
         "●  d\n"
         "│ ●  c\n"
         "● │  b\n"
         "├─╯\n"
         "●  a\n",
         "*  d\n"
         "| *  c\n"
         "* |  b\n"
         "|/\n"
         "*  a\n"},
        /* the therapy graph: twelve revisions, two branch points, three heads */
        {"l<e k<j m<j j<i i<h h<g g<e e<d d<c c<b b<a a",
         "●  l\n"
         "│ ●  k\n"
         "│ │ ●  m\n"
         "│ ├─╯\n"
         "│ ●  j\n"
         "│ ●  i\n"
         "│ ●  h\n"
         "│ ●  g\n"
         "├─╯\n"
         "●  e\n"
         "●  d\n"
         "●  c\n"
         "●  b\n"
         "●  a\n",
         "*  l\n"
         "| *  k\n"
         "| | *  m\n"
         "| |/\n"
         "| *  j\n"
         "| *  i\n"
         "| *  h\n"
         "| *  g\n"
         "|/\n"
         "*  e\n"
         "*  d\n"
         "*  c\n"
         "*  b\n"
         "*  a\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        PGB_AUTO_ARENA(arena);
        pgb_graph *g = NULL;
        uint32_t order[26], n;

        n = read_graph(arena, samples[i].graph, &g, order);
        check(g, order, n, false, samples[i].unicode);
        check(g, order, n, true, samples[i].ascii);
    }
}

static void two_lines(void *data, uint32_t node, pgb_buf *marker, pgb_buf *text)
{
    unsigned lines = *(unsigned *)data;

    pgb_buf_putc(marker, (char)('A' + node));
    for (unsigned i = 0; i < lines; i++) {
        pgb_buf_printf(text, "%s%c%u", i > 0 ? "\n" : "", (char)('a' + node), i);
    }
}

static void test_text(void **state)
{
    PGB_AUTO_ARENA(arena);
    PGB_AUTO_BUF(out);
    static const char *const colours[] = {"<0>", "<1>"};
    pgb_rails_style style = {.colours = colours, .n_colours = 2, .reset = "<>"};
    pgb_graph *g = NULL;
    uint32_t order[26], n = read_graph(arena, "c<a b<a a", &g, order);
    unsigned lines = 3;
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    assert_int_equal(pgb_rails_draw(g, order, n, NULL, two_lines, &lines, &out, &err), PGB_OK);
    assert_string_equal(pgb_buf_str(&out), "C  c0\n"
                                           "│  c1\n"
                                           "│  c2\n"
                                           "│ B  b0\n"
                                           "├─╯  b1\n"
                                           "│  b2\n"
                                           "A  a0\n"
                                           "  a1\n"
                                           "  a2\n");
    pgb_buf_clear(&out);
    lines = 0;
    assert_int_equal(pgb_rails_draw(g, order, n, &style, two_lines, &lines, &out, &err), PGB_OK);
    assert_string_equal(pgb_buf_str(&out), "C\n"
                                           "<0>│<> B\n"
                                           "<0>├<><1>─<><1>╯<>\n"
                                           "A\n");
}

static void test_part(void **state)
{
    PGB_AUTO_ARENA(arena);
    pgb_graph *g = NULL;
    uint32_t order[26];
    uint32_t part[] = {3, 2, 1}; /* without a */
    pgb_rails *rails = NULL;
    pgb_rail_row row;
    bool more;
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    read_graph(arena, "d<b,c c<a b<a a", &g, order);
    check(g, part, 3, false, "●  d\n├─╮\n│ ●  c\n●  b\n");
    assert_int_equal(pgb_rails_new(g, part, 3, &rails, &err), PGB_OK);
    for (uint32_t hidden = 0, i = 0; i < 4; i++) {
        assert_int_equal(pgb_rails_next(rails, &row, &more, &err), PGB_OK);
        assert_true(more);
        hidden += row.node != PGB_NODE_NONE ? row.n_hidden : 0;
        assert_int_equal(hidden, i < 2 ? 0 : i - 1);
    }
    assert_int_equal(pgb_rails_next(rails, &row, &more, &err), PGB_OK);
    assert_false(more);
    pgb_rails_free(rails);
}

static void test_wrong_order(void **state)
{
    PGB_AUTO_ARENA(arena);
    PGB_AUTO_BUF(out);
    pgb_graph *g = NULL;
    uint32_t order[26];
    const uint32_t oldest_first[] = {0, 1}, twice[] = {1, 1}, outside[] = {99};
    const uint32_t *const orders[] = {oldest_first, twice, outside};
    const uint32_t lengths[] = {2, 2, 1};

    (void)state;
    read_graph(arena, "b<a a", &g, order);
    for (int i = 0; i < 3; i++) {
        pgb_error err = PGB_ERROR_INIT;

        assert_int_equal(pgb_rails_draw(g, orders[i], lengths[i], NULL, letter, NULL, &out, &err),
                         PGB_INTERNAL);
    }
}

static uint64_t rng_state;

static uint32_t rng(uint32_t below)
{
    rng_state = rng_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((rng_state >> 33) % below);
}

/* The rails of a row go on in the next, nothing leads nowhere, and every parent is reached from its
 * child: what each rail carries is followed down, through links to whatever they touch. */
static void follow(const pgb_graph *g, const uint32_t *order, uint32_t n, uint32_t max_width)
{
    enum { N = 32 };
    uint32_t carried[N] = {0}, shown = 0, last = PGB_NODE_NONE;
    pgb_rails *rails = NULL;
    uint8_t above[N] = {0};
    pgb_rail_row row;
    bool more;
    pgb_error err = PGB_ERROR_INIT;

    assert_int_equal(pgb_rails_new(g, order, n, &rails, &err), PGB_OK);
    for (;;) {
        uint32_t touched = 0;
        uint8_t cells[N] = {0};

        assert_int_equal(pgb_rails_next(rails, &row, &more, &err), PGB_OK);
        if (!more) {
            break;
        }
        assert_true(row.n <= max_width && row.n <= N);
        memcpy(cells, row.cells, row.n);
        for (uint32_t c = 0; c < N; c++) {
            bool up = (cells[c] & PGB_RAIL_UP) != 0, from = (above[c] & PGB_RAIL_DOWN) != 0;

            assert_int_equal(up, from);
            if ((cells[c] & PGB_RAIL_NODE) != 0) {
                assert_true(row.node != PGB_NODE_NONE && row.column == c);
            } else if ((cells[c] & PGB_RAIL_DOWN) != 0 && row.node != PGB_NODE_NONE) {
                assert_true(up);
            }
            if (row.node == PGB_NODE_NONE && (cells[c] & (PGB_RAIL_LEFT | PGB_RAIL_RIGHT)) != 0) {
                touched |= carried[c];
            }
            /* a side's stroke meets the neighbour's */
            if (c + 1 < N) {
                assert_int_equal((cells[c] & (PGB_RAIL_RIGHT | PGB_RAIL_OVER)) != 0,
                                 (cells[c + 1] & (PGB_RAIL_LEFT | PGB_RAIL_OVER)) != 0);
            }
        }
        if (row.node != PGB_NODE_NONE) {
            pgb_nodes children = pgb_graph_children(g, row.node);

            assert_int_equal(row.node, order[shown]);
            shown++;
            for (uint32_t i = 0; i < children.n; i++) {
                assert_true((carried[row.column] >> children.at[i]) & 1);
            }
            carried[row.column] = (uint32_t)1 << row.node;
            last = row.node;
        } else {
            assert_int_not_equal(last, PGB_NODE_NONE);
        }
        for (uint32_t c = 0; c < N; c++) {
            if (row.node == PGB_NODE_NONE && (cells[c] & (PGB_RAIL_LEFT | PGB_RAIL_RIGHT)) != 0) {
                carried[c] = touched;
            }
            if ((cells[c] & PGB_RAIL_DOWN) == 0) {
                carried[c] = 0;
            }
        }
        memcpy(above, cells, sizeof above);
    }
    assert_int_equal(shown, n);
    for (uint32_t c = 0; c < N; c++) {
        assert_int_equal(above[c] & PGB_RAIL_DOWN, 0);
    }
    pgb_rails_free(rails);
}

static void test_random(void **state)
{
    enum { N = 14, ROUNDS = 4000 };

    (void)state;
    rng_state = 20260902;
    print_message("# seed %llu\n", (unsigned long long)rng_state);
    for (int round = 0; round < ROUNDS; round++) {
        PGB_AUTO_ARENA(arena);
        pgb_edge edges[64];
        size_t n_edges = 0;
        pgb_graph *g = NULL;
        uint32_t *order = NULL;

        for (uint32_t v = 1; v < N; v++) {
            uint32_t n_parents = rng(4);

            for (uint32_t i = 0; i < n_parents; i++) {
                edges[n_edges++] = (pgb_edge){v, rng(v), PGB_EDGE_PARENT};
            }
        }
        assert_int_equal(pgb_graph_build(arena, N, edges, n_edges, &g, NULL), PGB_OK);
        assert_int_equal(pgb_graph_order(g, arena, &order, NULL), PGB_OK);
        for (uint32_t i = 0; i < N / 2; i++) {
            uint32_t swap = order[i];

            order[i] = order[N - 1 - i];
            order[N - 1 - i] = swap;
        }
        follow(g, order, N, 32);
    }
}

/* A trunk with a branch and a merge each twenty stays narrow, and its work linear. */
static uint64_t work_of(uint32_t n)
{
    PGB_AUTO_ARENA(arena);
    pgb_edge *edges = pgb_arena_array(arena, (size_t)n * 2, sizeof *edges);
    uint64_t before = pgb_graph_work();
    size_t n_edges = 0;
    pgb_graph *g = NULL;
    uint32_t *order = NULL, rows = 0;
    pgb_rails *rails = NULL;
    bool more = true;

    for (uint32_t v = 1; v < n; v++) {
        uint32_t in = v % 20;

        edges[n_edges++] = (pgb_edge){v, in == 10 ? v - in : v - 1, PGB_EDGE_PARENT};
        if (in == 0) {
            edges[n_edges++] = (pgb_edge){v, v - 11, PGB_EDGE_PARENT};
        }
    }
    assert_int_equal(pgb_graph_build(arena, n, edges, n_edges, &g, NULL), PGB_OK);
    assert_int_equal(pgb_graph_order(g, arena, &order, NULL), PGB_OK);
    for (uint32_t i = 0; i < n / 2; i++) {
        uint32_t swap = order[i];

        order[i] = order[n - 1 - i];
        order[n - 1 - i] = swap;
    }
    assert_int_equal(pgb_rails_new(g, order, n, &rails, NULL), PGB_OK);
    while (more) {
        pgb_rail_row row;

        assert_int_equal(pgb_rails_next(rails, &row, &more, NULL), PGB_OK);
        assert_true(!more || row.n <= 2);
        rows += more;
    }
    assert_in_range(rows, n + n / 10 - 3, n + n / 10 + 3);
    pgb_rails_free(rails);
    return pgb_graph_work() - before;
}

static void test_large(void **state)
{
    (void)state;
    assert_true(work_of(100000) < 11 * work_of(10000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drawings), cmocka_unit_test(test_text),
        cmocka_unit_test(test_part),     cmocka_unit_test(test_wrong_order),
        cmocka_unit_test(test_random),   cmocka_unit_test(test_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
