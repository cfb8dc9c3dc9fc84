/* The world: nodes, states, heads, current, labels. */
#include "world_helper.h"

static void check_list(const test_world *t, pgb_node_list list, const char *ids)
{
    assert_string_equal(test_ids(t->w, list.at, list.n), ids);
}

static void test_heads_and_current(void **state)
{
    static const struct {
        const char *files, *rows, *heads, *current;
    } cases[] = {
        {"", "", "", ""},
        {"a", "", "a", ""},
        {GRAPH_LINEAR, "a b c", "e", "c"},
        {GRAPH_FORK, "a b c1", "d1 d2", "c1"},
        {GRAPH_FORK, "a b c2 d2 c1", "d1 d2", "c1 d2"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22", "mmmm", "bb11 bb22"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", "mmmm", "mmmm"},
        /* being depended upon does not keep b111 from being a head */
        {GRAPH_DEPENDS, "a111 b111 a222 b222", "b111 c222", "b111 b222"},
        {"a b", "b", "a b", "b"},
        {GRAPH_THERAPY, ROWS_THERAPY, "4da5acd78939 g7h8i9j0k1l2 e4f5g6h7i8j9",
         "4da5acd78939 g7h8i9j0k1l2 e4f5g6h7i8j9"},
        /* what has no file is current, but no head of the project */
        {"a b<a", "a b x<b", "b", "x"},
        {"a b<a", "a x<a", "b", "x"},
        /* an incomplete row is not applied */
        {GRAPH_LINEAR, "a b%c", "e", "a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_world t;
        pgb_node_list list;

        test_world_open(&t, cases[i].files, cases[i].rows);
        assert_int_equal(pgb_world_heads(t.w, &list, &t.err), PGB_OK);
        check_list(&t, list, cases[i].heads);
        assert_int_equal(pgb_world_current(t.w, &list, &t.err), PGB_OK);
        check_list(&t, list, cases[i].current);
        test_world_close(&t);
    }
}

static void test_missing_files(void **state)
{
    test_world t;
    uint32_t x;

    (void)state;
    /* x and y were applied from files that are gone; y stands on x, and c names y still */
    test_world_open(&t, "a b<a c<y", "a x<a!gone y<x b z<nowhere");
    assert_int_equal(t.w->n, 6);
    assert_string_equal(test_ids(t.w, t.w->order, t.w->n), "a b x y c z");
    assert_true(pgb_map_get(&t.w->by_id, "x", 1, &x));
    assert_int_equal(x, 3);
    assert_null(t.w->nodes[x].rev);
    assert_string_equal(t.w->nodes[x].title, "as recorded");
    assert_true(pgb_map_get(&t.w->by_label, "gone", 4, &x));
    assert_int_equal(x, 3);
    assert_int_equal(pgb_graph_parents(t.w->graph, 5).n, 0);
    test_world_close(&t);
}

static void test_stored_depends(void **state)
{
    test_world t;

    (void)state;
    /* by id, by label, and what is nowhere any more */
    test_world_open(&t, "a b!lab<a", "a b x~b y~lab z~gone");
    assert_string_equal(test_ids(t.w, pgb_graph_dependents(t.w->graph, 1).at, 2), "x y");
    assert_int_equal(pgb_graph_depends(t.w->graph, 4).n, 0);
    test_world_close(&t);
}

static uint32_t node_of(const test_world *t, const char *id)
{
    uint32_t node = PGB_NODE_NONE;

    assert_true(pgb_map_get(&t->w->by_id, id, strlen(id), &node));
    return node;
}

static const char *parents_of(const test_world *t, const char *id)
{
    pgb_nodes parents = pgb_graph_parents(t->w->graph, node_of(t, id));

    return test_ids(t->w, parents.at, parents.n);
}

/* A row that records a parent without a file keeps it: the order of going back hangs on it. */
static void test_recorded_parents(void **state)
{
    test_world t;
    pgb_node_list list;

    (void)state;
    /* 002's file is gone, so 003's implied parent is 001 now */
    test_world_open(&t, "001 003<001%p", "001 002<001 003<002");
    assert_string_equal(parents_of(&t, "003"), "002");
    assert_false(t.w->nodes[node_of(&t, "003")].reparented);
    assert_int_equal(pgb_world_current(t.w, &list, &t.err), PGB_OK);
    check_list(&t, list, "003");
    test_world_close(&t);

    /* two files in between are gone, and a merge keeps its other parent */
    test_world_open(&t, "a b m<a,b", "a b x<a y<x m<y,b");
    assert_string_equal(parents_of(&t, "m"), "b y");
    assert_true(t.w->nodes[node_of(&t, "m")].reparented);
    test_world_close(&t);

    /* a pending child of the same parent is not touched */
    test_world_open(&t, "a c<a d<a", "a x<a c<x");
    assert_string_equal(parents_of(&t, "d"), "a");
    test_world_close(&t);

    /* rows that contradict files which were turned round give way */
    test_world_open(&t, "a b<a", "a<x x<b b");
    assert_string_equal(parents_of(&t, "a"), "");
    assert_string_equal(test_ids(t.w, t.w->order, t.w->n), "a b x");
    assert_true(t.w->nodes[node_of(&t, "a")].reparented);
    test_world_close(&t);
}

static void test_late(void **state)
{
    static const struct {
        const char *files, *rows, *late;
    } cases[] = {
        {GRAPH_LINEAR, "a b c", ""},
        {GRAPH_LINEAR, "a b d", "c"},
        {GRAPH_LINEAR, "e", "a b c d"},
        /* a new branch off an applied one is not late */
        {GRAPH_FORK, "a b c1 d1", ""},
        {GRAPH_DIAMOND, "aaaa bb11 mmmm", "bb22"},
        /* below by a dependency */
        {GRAPH_DEPENDS, "a111 a222 b222", "b111"},
        /* put in between in numbered files */
        {"1 2<1%p 3<2%p", "1 3<1", "2"},
        {GRAPH_LINEAR, "a b c%c", ""},
        {"a x<a b<a", "a b", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_world t;
        uint32_t late[16], n = 0;

        test_world_open(&t, cases[i].files, cases[i].rows);
        for (uint32_t v = 0; v < t.w->n; v++) {
            if (t.w->nodes[v].late) {
                late[n++] = v;
            }
        }
        assert_string_equal(test_ids(t.w, late, n), cases[i].late);
        test_world_close(&t);
    }
}

static void test_reparented(void **state)
{
    static const struct {
        const char *files, *rows;
        bool expected; /* of c */
    } cases[] = {
        {"a b<a c<b", "a b c", false},     {"a b<a c<b", "a b c<a", true},
        {"a b c<a,b", "a b c<b,a", false}, {"a b c<a,b", "a b c<a", true},
        {"a b c<a", "a b c<a,b", true},    {"a b c", "a b c<b", true},
        {"a b<a c<b%p", "a b c<a", false}, {"a b<a c<b", "a b", false},
        {"a b c<a", "a b c<b", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_world t;

        test_world_open(&t, cases[i].files, cases[i].rows);
        assert_int_equal(t.w->nodes[node_of(&t, "c")].reparented, cases[i].expected);
        test_world_close(&t);
    }
}

static void test_hashes(void **state)
{
    enum { EDITED = 1, BLANK = 2, DOWN = 4 };
    static const struct {
        const char *then[4], *now[4]; /* up raw, up norm, down raw, down norm */
        int expected;
    } cases[] = {
        {{"1", "2", "3", "4"}, {"1", "2", "3", "4"}, 0},
        {{"1", "2", "3", "4"}, {"9", "2", "3", "4"}, BLANK},
        {{"1", "2", "3", "4"}, {"9", "8", "3", "4"}, EDITED},
        {{"1", "2", "3", "4"}, {"1", "2", "9", "4"}, 0},
        {{"1", "2", "3", "4"}, {"1", "2", "9", "8"}, DOWN},
        {{"1", "2", "3", "4"}, {"9", "8", "9", "8"}, EDITED | DOWN},
        {{"1", "2", "3", "4"}, {NULL, NULL, NULL, NULL}, 0},
        {{"", "", "", ""}, {"1", "2", "3", "4"}, 0},
        {{"1", "2", "", ""}, {"1", "2", "3", "4"}, DOWN},
        {{"1", "2", "3", "4"}, {"1", "2", NULL, NULL}, DOWN},
        {{"1", "2", "", ""}, {"1", "2", NULL, NULL}, 0},
        {{"1", "", "", ""}, {"9", "8", "", ""}, EDITED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_world t;
        pgb_world_hashes now = {cases[i].now[0], cases[i].now[1], cases[i].now[2], cases[i].now[3]};
        pgb_applied *row;
        const pgb_world_node *node;
        pgb_world *w = NULL;

        test_world_open(&t, "a", "a");
        row = (pgb_applied *)(uintptr_t)&t.rows.rows[0];
        row->up_raw = cases[i].then[0];
        row->up_norm = cases[i].then[1];
        row->down_raw = cases[i].then[2];
        row->down_norm = cases[i].then[3];
        assert_int_equal(pgb_world_build(&t.set, &t.rows, &now, &w, &t.err), PGB_OK);
        node = &w->nodes[0];
        assert_int_equal((node->edited ? EDITED : 0) | (node->edited_blank ? BLANK : 0) |
                             (node->down_changed ? DOWN : 0),
                         cases[i].expected);
        pgb_world_free(w);
        test_world_close(&t);
    }
}

static void test_labels(void **state)
{
    static const struct {
        const char *files, *node, *labels;
    } cases[] = {
        {GRAPH_DIAMOND, "aaaa", ""},
        {GRAPH_DIAMOND, "bb11", "left"},
        {GRAPH_DIAMOND, "mmmm", "left right"},
        {GRAPH_FORK, "b", ""},
        {GRAPH_FORK, "d1", "c1branch"},
        {"a b<a c<b!x d<c", "a", "x"},
        {"a b<a c<b!x d<c", "d", "x"},
        {"a!z b<a c<b!x,y d<c!w", "b", "w x y z"},
        /* back up to the branch point, which has none of it, nor what stands before it */
        {"a b<a c<b d<c!x e<b", "c", "x"},
        {"a b<a c<b d<c!x e<b", "b", ""},
        {"a b<a c<b d<c!x e<b", "a", ""},
        {"a b<a c<b d<c!x e<b", "e", ""},
        /* up to a merge, and not through it */
        {"a b m<a,b c<m!x", "m", ""},
        {"a b m<a,b!x", "a", ""},
        /* past a labelled branch point to what leads to it alone */
        {"a b<a!x c<b d<b", "a", "x"},
        {"a b<a!x c<b!y d<b", "a", "x"},
        {"a b<a!x c<b!y d<b", "b", "x"},
        {"a b<a!x c<b!y d<b", "c", "x y"},
        /* not across a dependency */
        {GRAPH_DEPENDS, "b222", "two"},
        {GRAPH_DEPENDS, "b111", "one"},
        /* a merge of a branch that brought its own */
        {"a!t b<a!x c<a d<c,b e<d", "e", "t x"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_world t;
        const char *const *labels;
        uint32_t n;
        char text[256] = "";

        test_world_open(&t, cases[i].files, "");
        /* asked twice: the second is from what is kept */
        for (int k = 0; k < 2; k++) {
            assert_int_equal(pgb_world_labels(t.w, node_of(&t, cases[i].node), &labels, &n, &t.err),
                             PGB_OK);
        }
        for (uint32_t k = 0; k < n; k++) {
            strcat(text, k > 0 ? " " : "");
            strcat(text, labels[k]);
        }
        assert_string_equal(text, cases[i].labels);
        test_world_close(&t);
    }
}

static void test_broken(void **state)
{
    static const struct {
        const char *files, *rows, *message, *detail;
    } cases[] = {
        {"a b<x", "", "revision b names parent x, which is nowhere", ""},
        {"a b<a~x", NULL, "revision b names dependency x, which is nowhere", ""},
        {"a<c b<a c<b", "", "3 revisions need one another in a cycle",
         "a -> c -> b -> a (each needs the next)"},
        {"a~a", "", "1 revision need", "a -> a"},
        {"a b<a a<b", "", "two files are revision a", ""},
        {"a", "a a", "the history has two rows for revision a", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_world t;

        assert_int_not_equal(test_world_try(&t, cases[i].files, cases[i].rows), PGB_OK);
        assert_non_null(strstr(t.err.message, cases[i].message));
        assert_non_null(strstr(t.err.detail, cases[i].detail));
        assert_null(t.w);
        test_world_close(&t);
    }
}

static void test_too_many(void **state)
{
    pgb_revset set = {.n = UINT32_MAX};
    pgb_error err = PGB_ERROR_INIT;
    pgb_world *w = NULL;

    (void)state;
    assert_int_equal(pgb_world_build(&set, NULL, NULL, &w, &err), PGB_PROJECT);
    assert_null(w);
}

/* A trunk with a branch and a merge each twenty, every branch labelled. */
static uint64_t work_of(uint32_t n)
{
    test_world t;
    pgb_revision *revs;
    pgb_node_list list;
    const char *const *labels;
    uint32_t n_labels;
    uint64_t before = pgb_graph_work();

    memset(&t, 0, sizeof t);
    t.arena = pgb_arena_new();
    revs = pgb_arena_array(t.arena, n, sizeof *revs);
    for (uint32_t v = 0; v < n; v++) {
        uint32_t in = v % 20;
        pgb_ref *refs = pgb_arena_array(t.arena, 3, sizeof *refs);

        revs[v].id = pgb_arena_printf(t.arena, "r%06u", v);
        revs[v].title = revs[v].file = revs[v].name = revs[v].id;
        revs[v].parents = refs;
        revs[v].n_parents = v == 0 ? 0 : in == 0 ? 2 : 1;
        refs[0].node = in == 10 ? v - in : v - 1;
        refs[1].node = v - 11;
        if (in == 10) {
            refs[2].text = pgb_arena_printf(t.arena, "feature_%u", v);
            revs[v].labels = &refs[2];
            revs[v].n_labels = 1;
        }
    }
    t.set.revs = revs;
    t.set.n = n;
    assert_int_equal(pgb_world_build(&t.set, NULL, NULL, &t.w, &t.err), PGB_OK);
    assert_int_equal(pgb_world_heads(t.w, &list, &t.err), PGB_OK);
    assert_int_equal(list.n, 2); /* the last merge is still to come */
    assert_int_equal(pgb_world_labels(t.w, n - 1, &labels, &n_labels, &t.err), PGB_OK);
    assert_int_equal(n_labels, n / 20);
    test_world_close(&t);
    return pgb_graph_work() - before;
}

static void test_linear(void **state)
{
    uint64_t small = work_of(10000), large = work_of(100000);

    (void)state;
    assert_true(large < 11 * small);
    assert_true(large < (uint64_t)100000 * 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads_and_current),
        cmocka_unit_test(test_missing_files),
        cmocka_unit_test(test_recorded_parents),
        cmocka_unit_test(test_stored_depends),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_reparented),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_linear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
