/* Whether two ways on from one state are told to be alike, and when they are told not to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "prove/trace_internal.h"

enum { CLASSES, COLUMNS, OTHER, N_CATALOGS };

/* A row as the server would tell it; oid 0: its catalog has none. */
typedef struct given {
    uint32_t catalog, oid;
    bool known;
    const char *body;
} given;

typedef struct way {
    const given *rows;
    size_t n;
    int64_t removed; /* of OTHER */
} way;

#define WAY(...)                                                                                   \
    &(way)                                                                                         \
    {                                                                                              \
        .rows = (const given[]){__VA_ARGS__},                                                      \
        .n = sizeof((const given[]){__VA_ARGS__}) / sizeof(given)                                  \
    }

static pgb_delta *delta_of(const way *w)
{
    pgb_arena *arena = pgb_arena_new();
    pgb_delta *d = pgb_arena_alloc(arena, sizeof *d);

    *d = (pgb_delta){
        .arena = arena, .n_catalogs = N_CATALOGS, .relations = CLASSES, .columns = COLUMNS};
    d->counts = pgb_arena_array(arena, N_CATALOGS, sizeof *d->counts);
    d->removed = pgb_arena_array(arena, N_CATALOGS, sizeof *d->removed);
    d->removed[OTHER] = w->removed;
    for (size_t i = 0; i < w->n; i++) {
        const given *g = &w->rows[i];
        trace_row row = {.catalog = g->catalog,
                         .known = g->known,
                         .key = "-",
                         .hash = "-",
                         .body = g->body,
                         .oid = g->oid};

        assert_true(pgb_vec_push(&d->rows, row));
    }
    return d;
}

static bool alike(const way *a, const way *b)
{
    pgb_delta *x = delta_of(a), *y = delta_of(b);
    pgb_error err = PGB_ERROR_INIT;
    bool is = false;

    assert_int_equal(pgb_delta_alike(x, y, &is, &err), PGB_OK);
    pgb_delta_free(x);
    pgb_delta_free(y);
    return is;
}

static bool comparable(const way *w)
{
    pgb_delta *d = delta_of(w);
    pgb_error err = PGB_ERROR_INIT;
    bool is = false;

    assert_int_equal(pgb_delta_comparable(d, &is, &err), PGB_OK);
    pgb_delta_free(d);
    return is;
}

static void test_new_oids(void **state)
{
    (void)state;
    /* a table and its index, made again: other numbers, and the rows in another order */
    assert_true(alike(WAY({CLASSES, 20000, false, "o20000;pt;o2200;"},
                          {CLASSES, 20003, false, "o20003;pt_key;o2200;"},
                          {OTHER, 0, false, "o20003;o20000;p1;"}),
                      WAY({OTHER, 0, false, "o20103;o20100;p1;"},
                          {CLASSES, 20103, false, "o20103;pt_key;o2200;"},
                          {CLASSES, 20100, false, "o20100;pt;o2200;"})));
    /* the index belongs to something that was there before */
    assert_false(alike(WAY({CLASSES, 20003, false, "o20003;o17000;"}),
                       WAY({CLASSES, 20103, false, "o20103;o17001;"})));
    /* two new ones, changed about */
    assert_false(alike(WAY({CLASSES, 20000, false, "o20000;pa;"},
                           {CLASSES, 20001, false, "o20001;pb;"}, {OTHER, 0, false, "o20000;"}),
                       WAY({CLASSES, 20100, false, "o20100;pa;"},
                           {CLASSES, 20101, false, "o20101;pb;"}, {OTHER, 0, false, "o20101;"})));
    /* what is not an oid is never renamed, even where it looks like one */
    assert_false(alike(WAY({CLASSES, 20000, false, "o20000;p20000;"}),
                       WAY({CLASSES, 20100, false, "o20100;p20100;"})));
}

static void test_changed_row_is_seen(void **state)
{
    static const given before[] = {{OTHER, 0, true, "o16400;pold;"}};
    static const given changed[] = {{OTHER, 0, true, "o16400;pnew;"}};
    static const given one_more[] = {{OTHER, 0, true, "o16400;pold;"}, {OTHER, 0, false, "o1;p;"}};

    (void)state;
    assert_true(alike(&(way){before, 1, 0}, &(way){before, 1, 0}));
    assert_false(alike(&(way){before, 1, 0}, &(way){changed, 1, 0}));
    assert_false(alike(&(way){before, 1, 0}, &(way){one_more, 2, 0}));
    /* something of the base is gone, and it may be another thing each time */
    assert_false(alike(&(way){before, 1, 1}, &(way){before, 1, 1}));
    assert_false(comparable(&(way){before, 1, 1}));
    assert_false(comparable(&(way){before, 1, -1}));
    assert_true(comparable(&(way){before, 1, 0}));
}

static void test_same(void **state)
{
    static const given one[] = {{OTHER, 0, true, "p;"}};
    static const way ways[] = {{NULL, 0, 0}, {NULL, 0, 1}, {NULL, 0, -1}, {one, 1, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        pgb_delta *d = delta_of(&ways[i]);

        assert_int_equal(pgb_delta_same(d), i == 0);
        pgb_delta_free(d);
    }
}

/* The number goes on where the dropped column ended: 3, then 4. */
#define COLUMN(number)                                                                             \
    {                                                                                              \
        COLUMNS, 0, false, "o16400;pmail;a16400 " number ";"                                       \
    }
#define CHECK(oid, number)                                                                         \
    {                                                                                              \
        OTHER, oid, false,                                                                         \
            "o" #oid ";o16400;a16400 {1," number "};n{VAR :varno 1 :varattno " number              \
            " :vartype 25 :varattnosyn " number " :location 7};"                                   \
    }

static void test_new_columns(void **state)
{
    (void)state;
    assert_true(alike(WAY(COLUMN("3")), WAY(COLUMN("4"))));
    assert_true(alike(WAY(COLUMN("3"), CHECK(20000, "3")), WAY(COLUMN("4"), CHECK(20100, "4"))));
    assert_true(comparable(WAY(COLUMN("3"), CHECK(20000, "3"))));
    /* the check is of another column */
    assert_false(alike(WAY(COLUMN("3"), CHECK(20000, "3")), WAY(COLUMN("4"), CHECK(20100, "2"))));
    /* of another table the number means what it says */
    assert_false(alike(WAY(COLUMN("3"), {OTHER, 0, false, "a16500 3;"}),
                       WAY(COLUMN("4"), {OTHER, 0, false, "a16500 4;"})));
    /* two columns that change places */
    assert_false(alike(
        WAY({COLUMNS, 0, false, "o16400;pa;a16400 3;"}, {COLUMNS, 0, false, "o16400;pb;a16400 4;"}),
        WAY({COLUMNS, 0, false, "o16400;pb;a16400 5;"},
            {COLUMNS, 0, false, "o16400;pa;a16400 6;"})));
    /* a tree that may name the column, and does not say of which table it speaks */
    assert_false(comparable(WAY(COLUMN("3"), {OTHER, 20000, false, "o20000;n{VAR :varattno 3};"})));
    /* columns of a table that is new itself keep their numbers */
    assert_false(
        alike(WAY({CLASSES, 20000, false, "o20000;"}, {COLUMNS, 0, false, "pa;a20000 1;"}),
              WAY({CLASSES, 20100, false, "o20100;"}, {COLUMNS, 0, false, "pa;a20100 2;"})));
}

static void test_constants(void **state)
{
#define DEFAULT(type, bytes)                                                                       \
    "n{CONST :consttype " type " :constlen 4 :constvalue 4 [ " bytes " 0 0 0 0 ]};"

    (void)state;
    /* regclass 20000 and 20100, byte by byte */
    assert_true(alike(WAY({CLASSES, 20000, false, "o20000;" DEFAULT("2205", "32 78 0 0")}),
                      WAY({CLASSES, 20100, false, "o20100;" DEFAULT("2205", "-124 78 0 0")})));
    /* the same bytes as an integer are what somebody wrote */
    assert_false(alike(WAY({CLASSES, 20000, false, "o20000;" DEFAULT("23", "32 78 0 0")}),
                       WAY({CLASSES, 20100, false, "o20100;" DEFAULT("23", "-124 78 0 0")})));
    /* a label of a new enum is kept by its oid */
    assert_true(alike(WAY({OTHER, 20000, false, "o20000;"}, {OTHER, 20001, false, "o20001;"},
                          {OTHER, 0, false, DEFAULT("20000", "33 78 0 0")}),
                      WAY({OTHER, 20100, false, "o20100;"}, {OTHER, 20101, false, "o20101;"},
                          {OTHER, 0, false, DEFAULT("20100", "-123 78 0 0")})));
    assert_false(alike(
        WAY({OTHER, 20000, false, "o20000;"}, {OTHER, 20001, false, "o20001;"},
            {OTHER, 20002, false, "o20002;"}, {OTHER, 0, false, DEFAULT("20000", "33 78 0 0")}),
        WAY({OTHER, 20100, false, "o20100;"}, {OTHER, 20101, false, "o20101;"},
            {OTHER, 20102, false, "o20102;"}, {OTHER, 0, false, DEFAULT("20100", "-122 78 0 0")})));
}

static void test_text_is_not_taken_for_pieces(void **state)
{
    (void)state;
    /* ";o20000" within a text is text */
    assert_false(alike(WAY({CLASSES, 20000, false, "o20000;pa!;o20000;"}),
                       WAY({CLASSES, 20100, false, "o20100;pa!;o20100;"})));
    assert_false(alike(WAY({OTHER, 0, false, "pa;p;"}), WAY({OTHER, 0, false, "pa;-;"})));
}

static void test_news(void **state)
{
    const way *w =
        WAY({COLUMNS, 0, false, "o16400;px;a16400 7;"}, {CLASSES, 20001, false, "o20001;"},
            {COLUMNS, 0, false, "o16400;pw;a16400 6;"}, {CLASSES, 20000, false, "o20000;"},
            {COLUMNS, 0, false, "o20000;pa;a20000 1;"}, {COLUMNS, 0, true, "o16401;pb;a16401 1;"},
            {CLASSES, 16401, true, "o16401;"}, {OTHER, 20002, false, "o20002;"});
    pgb_delta *d = delta_of(w);
    pgb_error err = PGB_ERROR_INIT;
    pgb_news news = {0};

    (void)state;
    assert_int_equal(pgb_delta_news(d, d->arena, &news, &err), PGB_OK);
    assert_int_equal(news.n_relations, 2);
    assert_int_equal(news.relations[0], 20000);
    assert_int_equal(news.relations[1], 20001);
    assert_int_equal(news.n_columns, 2);
    assert_int_equal(news.columns[0].relation, 16400);
    assert_int_equal(news.columns[0].number, 6);
    assert_int_equal(news.columns[1].number, 7);
    pgb_delta_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_oids),  cmocka_unit_test(test_changed_row_is_seen),
        cmocka_unit_test(test_same),      cmocka_unit_test(test_new_columns),
        cmocka_unit_test(test_constants), cmocka_unit_test(test_text_is_not_taken_for_pieces),
        cmocka_unit_test(test_news),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
