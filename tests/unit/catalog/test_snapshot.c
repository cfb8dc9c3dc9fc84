/* Snapshots: what is written reads back as the same model; what is no snapshot is refused with its
 * line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/snapshot.h"

static pgb_catalog *made(pgb_object *objects, size_t n)
{
    pgb_arena *arena = pgb_arena_new();
    pgb_catalog *c = pgb_arena_alloc(arena, sizeof *c);

    c->arena = arena;
    c->server_version = 150018;
    assert_int_equal(pgb_catalog_finish(c, objects, n, NULL), PGB_OK);
    return c;
}

static void assert_same(const pgb_catalog *a, const pgb_catalog *b)
{
    assert_int_equal(a->n, b->n);
    for (uint32_t i = 0; i < a->n; i++) {
        const pgb_object *x = &a->objects[i], *y = &b->objects[i];

        assert_string_equal(x->kind, y->kind);
        assert_string_equal(x->identity, y->identity);
        assert_true((x->parent == NULL) == (y->parent == NULL));
        if (x->parent != NULL) {
            assert_string_equal(x->parent, y->parent);
        }
        assert_int_equal(x->ord, y->ord);
        assert_int_equal(x->n_props, y->n_props);
        for (uint32_t p = 0; p < x->n_props; p++) {
            assert_string_equal(x->props[p].name, y->props[p].name);
            assert_string_equal(x->props[p].value, y->props[p].value);
        }
    }
}

static const char *const hostile[] = {
    "plain",
    "",
    " blank before",
    "blank behind ",
    "\ttab before",
    "tab\tinside",
    "\"quoted\"",
    "two\nlines",
    "ends with newline\n",
    "\nbegins with one",
    "\n",
    "\n\n",
    "a\n\nb",
    "a\n  indented\n    | a bar\n",
    "trailing blanks  \n in lines \n",
    "carriage\rreturn",
    "crlf\r\nlines\r\n",
    "\x01 control \x7F",
    "name: value",
    ": ",
    "# no comment",
    "back\\slash \\n",
    "ünïcode ✓ 😀",
    "| bar",
    "two\nlines with \x02 control",
};
enum { HOSTILE = sizeof hostile / sizeof hostile[0] };

static void test_round_trip(void **state)
{
    pgb_object objects[HOSTILE + 2];
    pgb_property props[HOSTILE][3];
    pgb_buf text = PGB_BUF_INIT, again = PGB_BUF_INIT;
    pgb_catalog *a, *b = NULL;
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    for (int i = 0; i < HOSTILE; i++) {
        props[i][0] = (pgb_property){"type", hostile[i]};
        props[i][1] = (pgb_property){"comment", hostile[(i + 7) % HOSTILE]};
        props[i][2] = (pgb_property){"definition", hostile[(i + 13) % HOSTILE]};
        objects[i] = (pgb_object){.kind = "column",
                                  .identity = hostile[i][0] == '\0' ? "x" : hostile[i],
                                  .parent = hostile[(i + 1) % HOSTILE],
                                  .ord = i + 1,
                                  .props = props[i],
                                  .n_props = 3};
    }
    objects[HOSTILE] = (pgb_object){.kind = "default privileges", .identity = "for a on tables"};
    objects[HOSTILE + 1] = (pgb_object){.kind = "materialized view", .identity = "public.m"};
    a = made(objects, HOSTILE + 2);
    pgb_snapshot_write(a, &text);
    assert_false(text.failed);
    assert_int_equal(pgb_snapshot_parse("x", text.p, text.len, &b, &err), PGB_OK);
    assert_same(a, b);
    assert_int_equal(b->server_version, 150000);
    pgb_snapshot_write(b, &again);
    assert_string_equal(text.p, again.p);
    pgb_catalog_free(b);
    b = NULL;

    /* a checkout that made CRLF of every newline is the same snapshot */
    pgb_buf_clear(&again);
    for (size_t i = 0; i < text.len; i++) {
        pgb_buf_puts(&again, text.p[i] == '\n' ? "\r" : "");
        pgb_buf_putc(&again, text.p[i]);
    }
    assert_int_equal(pgb_snapshot_parse("x", again.p, again.len, &b, &err), PGB_OK);
    assert_same(a, b);
    pgb_catalog_free(a);
    pgb_catalog_free(b);
    pgb_buf_done(&text);
    pgb_buf_done(&again);
}

static void test_empty(void **state)
{
    static const char text[] = "pgbraid snapshot 1\nserver 16\n\nend\n";
    pgb_buf again = PGB_BUF_INIT;
    pgb_catalog *c = NULL;

    (void)state;
    assert_int_equal(pgb_snapshot_parse("x", text, strlen(text), &c, NULL), PGB_OK);
    assert_int_equal(c->n, 0);
    assert_null(pgb_catalog_find(c, "table", "public.x"));
    pgb_snapshot_write(c, &again);
    assert_string_equal(again.p, text);
    pgb_buf_done(&again);
    pgb_catalog_free(c);
}

static void test_comments_mean_nothing(void **state)
{
    static const char text[] = "pgbraid snapshot 1\nserver 15\n# reviewed\n\n\ntable: public.a\n"
                               "# here too\n  owner: me\n\nend\n# the end\n\n";
    pgb_catalog *c = NULL;

    (void)state;
    assert_int_equal(pgb_snapshot_parse("x", text, strlen(text), &c, NULL), PGB_OK);
    assert_int_equal(c->n, 1);
    assert_string_equal(pgb_object_get(&c->objects[0], "owner"), "me");
    pgb_catalog_free(c);
}

static void test_refused(void **state)
{
#define HEAD "pgbraid snapshot 1\nserver 15\n"
    static const struct {
        const char *text;
        pgb_status status;
        int line;
    } cases[] = {
        {"", PGB_PROJECT, 0},
        {"\n", PGB_PROJECT, 1},
        {"pgbraid snapshot", PGB_PROJECT, 1},
        {"pgbraid snapshot \nserver 15\n", PGB_PROJECT, 1},
        {"pgbraid snapshot x\nserver 15\n", PGB_PROJECT, 1},
        {"pgbraid snapshot 0\nserver 15\n", PGB_PROJECT, 1},
        {"pgbraid snapshot 1\n", PGB_PROJECT, 1},
        {"pgbraid snapshot 1\nserver\n", PGB_PROJECT, 2},
        {"pgbraid snapshot 1\nserver abc\n", PGB_PROJECT, 2},
        {"pgbraid snapshot 2\nserver 15\n", PGB_REFUSED, 1},
        {"pgbraid snapshot 999999999999999\nserver 15\n", PGB_PROJECT, 1},
        {"-- PostgreSQL database dump\n", PGB_PROJECT, 1},
        {HEAD "  owner: me\n", PGB_PROJECT, 3},
        {HEAD "table\n", PGB_PROJECT, 3},
        {HEAD "table:\n", PGB_PROJECT, 3},
        {HEAD ": x\n", PGB_PROJECT, 3},
        {HEAD "<<<<<<< HEAD\n", PGB_PROJECT, 3},
        {HEAD "table: a.b\n   owner: me\n", PGB_PROJECT, 4},
        {HEAD "table: a.b\n owner: me\n", PGB_PROJECT, 4},
        {HEAD "table: a.b\n  owner\n", PGB_PROJECT, 4},
        {HEAD "table: a.b\n  owner: \"me\n", PGB_PROJECT, 4},
        {HEAD "table: a.b\n  owner: \"me\" x\n", PGB_PROJECT, 4},
        {HEAD "table: a.b\n  owner: me\n  owner: you\n", PGB_PROJECT, 5},
        {HEAD "table: a.b\n  comment:\n  owner: me\n", PGB_PROJECT, 5},
        {HEAD "table: a.b\n  comment:\n", PGB_PROJECT, 4},
        {HEAD "table: a.b\n    | stray\n", PGB_PROJECT, 4},
        {HEAD "table: a.b\n  position: one\n", PGB_PROJECT, 4},
        {HEAD "table: a.b\n  position: 0\n", PGB_PROJECT, 4},
        {HEAD "table: a.b\n  owner: \xFF\n", PGB_PROJECT, 4},
        {HEAD "column: a.b.c\n  type: int\n", PGB_PROJECT, 4},
        {HEAD "table: a.b\n\ntable: a.c\n\ntable: a.b\n\nend\n", PGB_PROJECT, 0},
        {HEAD, PGB_PROJECT, 2},
        {HEAD "table: a.b\n  owner: me\n", PGB_PROJECT, 4},
        {HEAD "table: a.b\nend\ntable: a.c\n", PGB_PROJECT, 5},
        {HEAD "end\nend\n", PGB_PROJECT, 4},
        {HEAD "table: a.b\n  comment:\nend\n", PGB_PROJECT, 5},
        {HEAD "end \n", PGB_PROJECT, 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pgb_error err = PGB_ERROR_INIT;
        pgb_catalog *c = NULL;
        pgb_status status =
            pgb_snapshot_parse("my.snapshot", cases[i].text, strlen(cases[i].text), &c, &err);

        if (status != cases[i].status || err.line != cases[i].line) {
            fail_msg("case %zu: status %d, line %d: %s", i, status, err.line, err.message);
        }
        assert_null(c);
        assert_string_equal(err.file, "my.snapshot");
        assert_true(err.hint[0] != '\0');
    }
}

/* Every beginning of a snapshot is refused; with any byte changed it is read or refused, and never
 * worse. */
static void test_torn(void **state)
{
    static const char text[] = HEAD "view: a.b\n  in: a\n  definition:\n    | SELECT 1\n    |\n"
                                    "    |   AS x;\n  comment: \"\\u0041\\n\"\n\ncolumn: a.b.x\n"
                                    "  in: a.b\n  position: 1\n  type: integer\n\nend\n";
    char copy[sizeof text];

    (void)state;
    for (size_t len = 0; len < sizeof text; len++) {
        pgb_catalog *c = NULL;

        if (pgb_snapshot_parse("x", text, len, &c, NULL) == PGB_OK) {
            assert_true(len >= sizeof text - 2); /* but for the last newline it is whole */
            pgb_catalog_free(c);
        }
    }
    for (size_t at = 0; at + 1 < sizeof text; at++) {
        for (const char *with = "\n\":| 0\x7F"; *with != '\0'; with++) {
            pgb_catalog *c = NULL;

            memcpy(copy, text, sizeof text);
            copy[at] = *with;
            if (pgb_snapshot_parse("x", copy, sizeof text - 1, &c, NULL) == PGB_OK) {
                pgb_catalog_free(c);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_comments_mean_nothing),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_torn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
