/* Checks taken apart: the ways in which they break, and the hints that the search starts from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sql/check.h"

static const char *const names[] = {"a", "b", "Odd \"c\"", "value"};

static pgb_check_parts apart(pgb_arena *arena, const char *expr)
{
    pgb_check_parts parts;
    pgb_error err = PGB_ERROR_INIT;

    assert_int_equal(pgb_check_take_apart(expr, names, 4, arena, &parts, &err), PGB_OK);
    assert_true(parts.n_ways >= 1);
    return parts;
}

static void assert_ways(const char *expr, uint32_t n, const char *const *ways)
{
    PGB_AUTO_ARENA(arena);
    pgb_check_parts parts = apart(arena, expr);

    assert_int_equal(parts.n_ways, n);
    for (uint32_t i = 0; i < n; i++) {
        assert_string_equal(parts.ways[i], ways[i]);
    }
}

static void assert_hint(const char *expr, pgb_hint_kind kind, uint32_t column, const char *text)
{
    PGB_AUTO_ARENA(arena);
    pgb_check_parts parts = apart(arena, expr);

    for (uint32_t i = 0; i < parts.n_hints; i++) {
        const pgb_hint *h = &parts.hints[i];

        if (h->kind == kind && h->column == column &&
            (text == NULL ? h->text == NULL : h->text != NULL && strcmp(h->text, text) == 0)) {
            return;
        }
    }
    fail_msg("no such hint in: %s", expr);
}

static void test_ways(void **state)
{
    (void)state;
    assert_ways("(a > 0)", 1, (const char *[]){"(NOT (a > 0))"});
    assert_ways("((a >= 1) AND (a <= 10))", 2,
                (const char *[]){"(NOT (a >= 1))", "(NOT (a <= 10))"});
    assert_ways("((a IS NULL) OR (a > 0))", 1,
                (const char *[]){"(NOT (a IS NULL)) AND (NOT (a > 0))"});
    assert_ways("((a IS NULL) OR ((a >= 1) AND (a <= 10)))", 2,
                (const char *[]){"(NOT (a IS NULL)) AND (NOT (a >= 1))",
                                 "(NOT (a IS NULL)) AND (NOT (a <= 10))"});
    assert_ways("(NOT ((a = 1) OR (b = 2)))", 2, (const char *[]){"(a = 1)", "(b = 2)"});
    assert_ways("(NOT ((a = 1) AND (b = 2)))", 1, (const char *[]){"(a = 1) AND (b = 2)"});
    /* AND inside CASE, strings and names is none of its own */
    assert_ways("CASE WHEN (a = 1) AND (b = 2) THEN true ELSE false END", 1,
                (const char *[]){"(NOT (CASE WHEN (a = 1) AND (b = 2) THEN true ELSE false END))"});
    assert_ways("(a = ' AND '::text)", 1, (const char *[]){"(NOT (a = ' AND '::text))"});
}

static void test_many_ways_are_bounded(void **state)
{
    PGB_AUTO_ARENA(arena);
    pgb_check_parts parts;

    (void)state;
    parts = apart(arena, "((a > 1) AND (a > 2) AND (a > 3) AND (a > 4) AND (a > 5) AND (a > 6) AND "
                         "(a > 7) AND (a > 8) AND (a > 9) AND (a > 10))");
    assert_int_equal(parts.n_ways, PGB_CHECK_WAYS_MAX);
}

static void test_hints(void **state)
{
    (void)state;
    assert_hint("(a > 0)", PGB_HINT_COLUMN, 0, NULL);
    assert_hint("(a > '-5'::integer)", PGB_HINT_VALUE, 0, "-5");
    assert_hint("((a)::text = ANY ((ARRAY['x'::character varying, 'it''s'::character "
                "varying])::text[]))",
                PGB_HINT_VALUE, 0, "it's");
    assert_hint("(b ~~ 'a\\_%'::text)", PGB_HINT_LIKE, 1, "a\\_%");
    assert_hint("(b ~* '^x+$'::text)", PGB_HINT_REGEX, 1, "^x+$");
    assert_hint("(length(b) >= 3)", PGB_HINT_LENGTH, 1, "3");
    assert_hint("((b ->> 'kind'::text) = 'in'::text)", PGB_HINT_KEY, 1, "kind");
    assert_hint("((b ->> 'kind'::text) = 'in'::text)", PGB_HINT_VALUE, 1, "in");
    assert_hint("(\"Odd \"\"c\"\"\" <> E'\\t'::text)", PGB_HINT_COLUMN, 2, NULL);
    assert_hint("CASE b WHEN 'x'::text THEN (a > 5) ELSE false END", PGB_HINT_VALUE, 0, "5");
    assert_hint("((b)::character varying(20) <> (a)::text)", PGB_HINT_COLUMN, 0, NULL);
    assert_hint("(VALUE > 0)", PGB_HINT_VALUE, 3, "0");
}

/* A type's name is no column, a function's neither. */
static void test_what_is_no_column(void **state)
{
    PGB_AUTO_ARENA(arena);
    pgb_check_parts parts;

    (void)state;
    parts = apart(arena, "((b)::a > b(3))");
    for (uint32_t i = 0; i < parts.n_hints; i++) {
        assert_int_equal(parts.hints[i].column, 1);
    }
}

/* Whatever the text, it ends and stays in bounds: the sanitizers look on. */
static void test_any_text(void **state)
{
    static const char *const texts[] = {"",         "(",         ")",     "((((",  "'",
                                        "E'\\",     "\"",        "a AND", "AND",   "OR OR",
                                        "NOT",      "NOT NOT a", "(a))",  "CASE",  "END END",
                                        "::",       "a::",       "a::b[", "a::b(", "$$",
                                        "\x80\xff", "1.2.3e+",   "''''''"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        PGB_AUTO_ARENA(arena);

        apart(arena, texts[i]);
    }
}

static void test_deep(void **state)
{
    enum { N = 5000 };
    PGB_AUTO_ARENA(arena);
    char *text = pgb_arena_alloc(arena, 4 * N + 16), *p = text;

    (void)state;
    for (int i = 0; i < N; i++) {
        memcpy(p, "NOT ", 4);
        p += 4;
    }
    memcpy(p, "a", 2);
    apart(arena, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways),     cmocka_unit_test(test_many_ways_are_bounded),
        cmocka_unit_test(test_hints),    cmocka_unit_test(test_what_is_no_column),
        cmocka_unit_test(test_any_text), cmocka_unit_test(test_deep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
