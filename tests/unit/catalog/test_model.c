/* The model: order, parts, finding, counting, and the server's two ways to print one expression. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/catalog.h"
#include "catalog/snapshot.h"

static void test_normal(void **state)
{
    static const char *const cases[][2] = {
        {"x", "x"},
        {"", ""},
        {"(a = ANY (ARRAY[1, 2]))", "(a = ANY (ARRAY[1, 2]))"},
        {"((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
         "((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character "
         "varying)::text]))"},
        /* the form after a restore is final */
        {"((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character "
         "varying)::text]))",
         "((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character "
         "varying)::text]))"},
        /* strings, names and bodies are not looked into */
        {"'(ARRAY[1])::text[]'", "'(ARRAY[1])::text[]'"},
        {"E'\\'(ARRAY[1])::text[]'", "E'\\'(ARRAY[1])::text[]'"},
        {"\"(ARRAY[1])::text[]\"", "\"(ARRAY[1])::text[]\""},
        {"AS $function$ (ARRAY[1])::text[] $function$",
         "AS $function$ (ARRAY[1])::text[] $function$"},
        {"AS $$ (ARRAY[1])::text[] $$ (ARRAY[$1])::text[]",
         "AS $$ (ARRAY[1])::text[] $$ ARRAY[($1)::text]"},
        /* what stands in strings inside does not confuse */
        {"(ARRAY['a]', 'b,'')', \"c,]\"])::text[]",
         "ARRAY[('a]')::text, ('b,'')')::text, (\"c,]\")::text]"},
        {"(ARRAY[f(a, b), g(ARRAY[1, 2])])::bigint[]",
         "ARRAY[(f(a, b))::bigint, (g(ARRAY[1, 2]))::bigint]"},
        /* types of several words, with a modifier, qualified, quoted */
        {"(ARRAY[a])::character varying(10)[]", "ARRAY[(a)::character varying(10)]"},
        {"(ARRAY[a])::timestamp(3) with time zone[]", "ARRAY[(a)::timestamp(3) with time zone]"},
        {"(ARRAY[a])::numeric(10,2)[]", "ARRAY[(a)::numeric(10,2)]"},
        {"(ARRAY[a])::shop.mood[]", "ARRAY[(a)::shop.mood]"},
        {"(ARRAY[a])::\"odd [] x\".\"y\"\"z\"[]", "ARRAY[(a)::\"odd [] x\".\"y\"\"z\"]"},
        /* arrays in arrays */
        {"(ARRAY[ARRAY['a'::varchar], ARRAY['b'::varchar]])::text[]",
         "ARRAY[ARRAY[('a'::varchar)::text], ARRAY[('b'::varchar)::text]]"},
        {"f((ARRAY[(ARRAY[a])::text[]])::name[])", "f(ARRAY[(ARRAY[(a)::text])::name])"},
        /* as statistics objects print it */
        {"ARRAY['a'::character varying]::text[]", "ARRAY['a'::character varying::text]"},
        /* what only looks alike */
        {"(ARRAY[1, 2])", "(ARRAY[1, 2])"},
        {"(ARRAY[])::text[]", "(ARRAY[])::text[]"},
        {"(ARRAY[1])::text", "(ARRAY[1])::text"},
        {"(ARRAY[1] || x)::text[]", "(ARRAY[1] || x)::text[]"},
        {"(ARRAY[1])", "(ARRAY[1])"},
        {"ARRAY[", "ARRAY["},
        {"(ARRAY[1", "(ARRAY[1"},
        {"(ARRAY[1])::", "(ARRAY[1])::"},
        {"(ARRAY[1])::text[", "(ARRAY[1])::text["},
        {"(ARRAY['a])::text[]", "(ARRAY['a])::text[]"},
        {"(ARRAY[)])::text[]", "(ARRAY[)])::text[]"},
        {"(ARRAY[a])::t)[]", "(ARRAY[a])::t)[]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pgb_arena *arena = pgb_arena_new();
        const char *got = pgb_catalog_normal(arena, cases[i][0]);

        assert_string_equal(got, cases[i][1]);
        if (strstr(cases[i][0], "ARRAY['a'::character varying]::") == NULL) {
            assert_string_equal(pgb_catalog_normal(arena, got), got);
        }
        pgb_arena_free(arena);
    }
}

static pgb_catalog *parse(const char *text)
{
    pgb_catalog *c = NULL;
    pgb_error err = PGB_ERROR_INIT;
    pgb_buf whole = PGB_BUF_INIT;

    pgb_buf_printf(&whole, "pgbraid snapshot 1\nserver 15\n%s\nend\n", text);
    if (pgb_snapshot_parse("test", whole.p, whole.len, &c, &err) != PGB_OK) {
        fail_msg("line %d: %s", err.line, err.message);
    }
    pgb_buf_done(&whole);
    return c;
}

static void test_order_and_children(void **state)
{
    pgb_catalog *c = parse("table: s.b\n  in: s\ntable: s.a\n  in: s\n"
                           "column: s.a.z\n  in: s.a\n  position: 1\n"
                           "column: s.a.y\n  in: s.a\n  position: 2\n"
                           "column: s.b.x\n  in: s.b\n  position: 1\n"
                           "index: s.i\n  in: s.a\nschema: s\n");
    pgb_children all = pgb_catalog_children(c, "s.a", NULL);
    pgb_children columns = pgb_catalog_children(c, "s.a", "column");

    (void)state;
    assert_int_equal(c->n, 7);
    for (uint32_t i = 1; i < c->n; i++) {
        int by = strcmp(c->objects[i - 1].kind, c->objects[i].kind);

        assert_true(by < 0 ||
                    (by == 0 && strcmp(c->objects[i - 1].identity, c->objects[i].identity) < 0));
    }
    assert_int_equal(all.n, 3);
    assert_int_equal(columns.n, 2);
    assert_string_equal(pgb_child(&columns, 0)->identity, "s.a.z"); /* by position, not by name */
    assert_string_equal(pgb_child(&columns, 1)->identity, "s.a.y");
    assert_int_equal(pgb_catalog_children(c, "s.c", NULL).n, 0);
    assert_int_equal(pgb_catalog_children(c, "s", "table").n, 2);
    assert_string_equal(pgb_catalog_owner(c, pgb_child(&columns, 0))->identity, "s.a");
    assert_null(pgb_catalog_owner(c, pgb_catalog_find(c, "table", "s.a")));
    assert_null(pgb_catalog_find(c, "table", NULL));
    assert_null(pgb_catalog_find(c, "view", "s.a"));
    pgb_catalog_free(c);
}

static void test_counts(void **state)
{
    pgb_catalog *c =
        parse("table: s.a\n  in: s\ntable: s.p\n  in: s\nview: s.v\n  in: s\n"
              "column: s.a.x\n  in: s.a\ncolumn: s.p.x\n  in: s.p\ncolumn: s.v.x\n  in: s.v\n"
              "constraint: s.a.pk\n  in: s.a\n  type: primary key\n"
              "constraint: s.a.f\n  in: s.a\n  type: foreign key\n"
              "constraint: s.p.f\n  in: s.p\n  type: foreign key\n  clone: s.a.f\n"
              "constraint: s.a.c\n  in: s.a\n  type: check\n"
              "constraint: s.p.c\n  in: s.p\n  type: check\n  inherited: inherited\n"
              "index: s.pk\n  in: s.a\n  constraint: pk\n"
              "index: s.i\n  in: s.a\nindex: s.pi\n  in: s.p\n  partition_of: s.i\n"
              "index: s.vi\n  in: s.v\n");
    pgb_counts n;

    (void)state;
    pgb_catalog_count(c, NULL, &n);
    assert_int_equal(n.tables, 2);
    assert_int_equal(n.columns, 2);
    assert_int_equal(n.foreign_keys, 1);
    assert_int_equal(n.indexes, 1);
    assert_int_equal(n.checks, 1);
    pgb_catalog_count(c, "s.a", &n);
    assert_int_equal(n.tables, 1);
    assert_int_equal(n.columns, 1);
    assert_int_equal(n.indexes, 1);
    pgb_catalog_count(c, "s.none", &n);
    assert_int_equal(n.tables + n.columns + n.indexes, 0);
    pgb_catalog_free(c);
}

static void test_parts_are_put_together(void **state)
{
    static const pgb_property type[] = {{"type", "text"}}, more[] = {{"compression", "lz4"}};
    pgb_object objects[] = {
        {.kind = "column", .identity = "s.a.x", .parent = "s.a", .props = more, .n_props = 1},
        {.kind = "column",
         .identity = "s.a.x",
         .parent = "s.a",
         .ord = 3,
         .props = type,
         .n_props = 1},
    };
    pgb_arena *arena = pgb_arena_new();
    pgb_catalog c = {.arena = arena};

    (void)state;
    assert_int_equal(pgb_catalog_finish(&c, objects, 2, NULL), PGB_OK);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.objects[0].ord, 3);
    assert_string_equal(pgb_object_get(&c.objects[0], "type"), "text");
    assert_string_equal(pgb_object_get(&c.objects[0], "compression"), "lz4");
    assert_null(pgb_object_get(&c.objects[0], "default"));
    pgb_arena_free(arena);
}

static void test_last_name(void **state)
{
    static const char *const cases[][2] = {
        {"a", "a"},
        {"a.b", "b"},
        {"a.b.c", "c"},
        {"\"a.b\".\"c.d\"", "\"c.d\""},
        {"s.t.\"q\"\".\"\"x\"", "\"q\"\".\"\"x\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(pgb_last_name(cases[i][0]), cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal),    cmocka_unit_test(test_order_and_children),
        cmocka_unit_test(test_counts),    cmocka_unit_test(test_parts_are_put_together),
        cmocka_unit_test(test_last_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
