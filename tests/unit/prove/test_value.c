/* Values and patterns, without a server: what each type's text looks like, and that patterns are
 * followed. That the server takes every type is seen by tests/pg/test_rows.py. */
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "prove/pattern.h"
#include "prove/value.h"

static pgb_shape_type base(const char *name, char category)
{
    return (pgb_shape_type){.name = name, .kind = 'b', .category = category, .own = true};
}

static bool matches(const char *pattern, const char *text)
{
    regex_t r;
    bool does;

    assert_int_equal(regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB), 0);
    does = regexec(&r, text, 0, NULL, 0) == 0;
    regfree(&r);
    return does;
}

static void test_base_types(void **state)
{
    static const struct {
        const char *type;
        int32_t typmod;
        pgb_flavor flavor;
        const char *pattern;
    } cases[] = {
        {"int4", -1, PGB_FLAVOR_PLAIN, "^[0-9]{1,5}$"},
        {"int4", -1, PGB_FLAVOR_HIGH, "^100000$"},
        {"int4", -1, PGB_FLAVOR_LOW, "^(0|-7)$"},
        {"numeric", (5 << 16 | 2) + 4, PGB_FLAVOR_PLAIN, "^[0-9]{3}\\.[0-9]{2}$"},
        {"numeric", (5 << 16 | 2) + 4, PGB_FLAVOR_HIGH, "^999\\.[0-9]{2}$"},
        {"numeric", (3 << 16 | 3) + 4, PGB_FLAVOR_PLAIN, "^0\\.[0-9]{3}$"},
        {"numeric", (2 << 16 | 4) + 4, PGB_FLAVOR_PLAIN, "^0\\.00[0-9]{2}$"},
        {"varchar", 24, PGB_FLAVOR_HIGH, "^[a-z0-9]{20}$"},
        {"varchar", 5, PGB_FLAVOR_PLAIN, "^[a-z]$"},
        {"text", -1, PGB_FLAVOR_LOW, "^$"},
        {"text", -1, PGB_FLAVOR_HIGH, "^[a-z0-9]{255}[a-z0-9]{45}$"},
        {"bpchar", 9, PGB_FLAVOR_PLAIN, "^[a-z0-9]{5}$"},
        {"uuid", -1, PGB_FLAVOR_PLAIN,
         "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"},
        {"date", -1, PGB_FLAVOR_PLAIN, "^202[0-5]-[01][0-9]-[0-3][0-9]$"},
        {"date", -1, PGB_FLAVOR_HIGH, "^2099-12-31$"},
        {"date", -1, PGB_FLAVOR_LOW, "^1970-01-01$"},
        {"timestamptz", -1, PGB_FLAVOR_PLAIN, "^[0-9-]{10} [0-9:]{8}\\+00$"},
        {"bit", 3, PGB_FLAVOR_PLAIN, "^[01]{3}$"},
        {"bytea", -1, PGB_FLAVOR_LOW, "^\\\\x$"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pgb_shape_type t = base(cases[i].type, 'X');
        pgb_values v = {.random = {.state = i}};

        for (int k = 0; k < 200; k++) {
            PGB_AUTO_BUF(b);

            assert_true(pgb_value_make(&v, &t, cases[i].typmod, cases[i].flavor, &b));
            if (!matches(cases[i].pattern, pgb_buf_str(&b))) {
                fail_msg("%s: %s", cases[i].type, pgb_buf_str(&b));
            }
        }
    }
}

static void test_unknown(void **state)
{
    pgb_shape_type strange = base("strange", 'U'), disguised = base("int4", 'U');
    pgb_values v = {.random = {.state = 1}};
    PGB_AUTO_BUF(b);

    (void)state;
    assert_false(pgb_value_make(&v, &strange, -1, PGB_FLAVOR_PLAIN, &b));
    disguised.own = false; /* somebody's own type of that name */
    assert_false(pgb_value_make(&v, &disguised, -1, PGB_FLAVOR_PLAIN, &b));
}

static void test_made_of_others(void **state)
{
    static const char *labels[] = {"it's", "\"quoted\""};
    pgb_shape_type mood = {
        .name = "mood", .kind = 'e', .category = 'E', .labels = labels, .n_labels = 2};
    pgb_shape_type moods = {
        .name = "_mood", .kind = 'b', .category = 'A', .array = true, .of = &mood};
    pgb_shape_type number = base("int4", 'N'), word = base("text", 'S');
    pgb_shape_field fields[] = {{&moods, -1}, {&number, -1}};
    pgb_shape_type place = {.name = "place", .kind = 'c', .fields = fields, .n_fields = 2};
    pgb_shape_type span = {.name = "int4range", .kind = 'r', .of = &number};
    pgb_shape_type words = {.name = "wordrange", .kind = 'r', .of = &word};
    pgb_shape_type spans = {.name = "int4multirange", .kind = 'm', .of = &span};
    pgb_shape_type domain = {.name = "d", .kind = 'd', .of = &number};
    const struct {
        const pgb_shape_type *type;
        pgb_flavor flavor;
        const char *pattern;
    } cases[] = {
        {&mood, PGB_FLAVOR_PLAIN, "^(it's|\"quoted\")$"},
        {&moods, PGB_FLAVOR_PLAIN, "^\\{\"(it's|\\\\\"quoted\\\\\")\"(,\"[^,]*\")*\\}$"},
        {&moods, PGB_FLAVOR_LOW, "^\\{\\}$"},
        {&place, PGB_FLAVOR_PLAIN, "^\\(\"\\{.*\\}\",\"[0-9]+\"\\)$"},
        {&span, PGB_FLAVOR_PLAIN, "^\\[[0-9]+,[0-9]+\\)$"},
        {&span, PGB_FLAVOR_LOW, "^empty$"},
        {&span, PGB_FLAVOR_HIGH, "^\\[[0-9]+,\\)$"},
        {&words, PGB_FLAVOR_PLAIN, "^\\[\"[a-z]+-[0-9]+\",\"[a-z]+-[0-9]+\"\\]$"},
        {&spans, PGB_FLAVOR_PLAIN, "^\\{\\[[0-9]+,[0-9]+\\)\\}$"},
        {&spans, PGB_FLAVOR_LOW, "^\\{\\}$"},
        {&domain, PGB_FLAVOR_PLAIN, "^[0-9]+$"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pgb_values v = {.random = {.state = i}};

        for (int k = 0; k < 50; k++) {
            PGB_AUTO_BUF(b);

            assert_true(pgb_value_make(&v, cases[i].type, -1, cases[i].flavor, &b));
            if (!matches(cases[i].pattern, pgb_buf_str(&b))) {
                fail_msg("%s: %s", cases[i].type->name, pgb_buf_str(&b));
            }
        }
    }
}

static void test_same_seed(void **state)
{
    pgb_shape_type t = base("text", 'S');
    pgb_values a = {.random = {.state = 7}}, b = {.random = {.state = 7}};

    (void)state;
    for (int i = 0; i < 20; i++) {
        PGB_AUTO_BUF(x);
        PGB_AUTO_BUF(y);

        pgb_value_make(&a, &t, -1, PGB_FLAVOR_PLAIN, &x);
        pgb_value_make(&b, &t, -1, PGB_FLAVOR_PLAIN, &y);
        assert_string_equal(pgb_buf_str(&x), pgb_buf_str(&y));
    }
}

static void test_regex(void **state)
{
    static const char *const patterns[] = {
        "^[a-z]+$",
        "^[A-Z]{2}-[0-9]{3,5}(-(a|b|cd))?$",
        "^(north|south)-?(east|west)?$",
        "^[a-z0-9._%+-]+@[a-z0-9.-]+\\.[a-z]{2,}$",
        "^#[0-9a-fA-F]{6}$",
        "^[^ ]+ [^ ]+$",
        "^[[:alpha:]][[:digit:]_]*$",
        "^a.c\\.d$",
        "^((x|y){2}z)+$",
        "^[]a]{3}$",
        "^\\(\\+[0-9]{2}\\)$",
    };
    pgb_random random = {.state = 3};

    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        for (int k = 0; k < 100; k++) {
            PGB_AUTO_BUF(b);

            assert_true(pgb_pattern_regex(&random, patterns[i], &b));
            if (!matches(patterns[i], pgb_buf_str(&b))) {
                fail_msg("%s: %s", patterns[i], pgb_buf_str(&b));
            }
        }
    }
}

static void test_regex_beyond(void **state)
{
    static const char *const beyond[] = {"(?=x)y", "(a)\\1", "***=x"};
    static const char *const odd[] = {"",    "(",          "[",      "[^", "[[:", "a{",
                                      "a{2", "a{9999999}", "|",      "*",  "\\",  "((((((",
                                      "[a-", "a||b",       "(()())", "{2}"};
    pgb_random random = {.state = 3};

    (void)state;
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        PGB_AUTO_BUF(b);

        pgb_buf_puts(&b, "kept");
        assert_false(pgb_pattern_regex(&random, beyond[i], &b));
        assert_string_equal(pgb_buf_str(&b), "kept");
    }
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        PGB_AUTO_BUF(b);

        pgb_pattern_regex(&random, odd[i], &b);
        assert_true(b.len < 10000);
    }
}

static void test_like(void **state)
{
    pgb_random random = {.state = 3};

    (void)state;
    for (int k = 0; k < 100; k++) {
        PGB_AUTO_BUF(b);

        pgb_pattern_like(&random, "a\\_%.t_t\\%", &b);
        assert_true(matches("^a_[a-z]*\\.t[a-z]t%$", pgb_buf_str(&b)));
    }
}

static void test_quoting(void **state)
{
    PGB_AUTO_BUF(b);

    (void)state;
    pgb_value_quote_literal(&b, NULL);
    pgb_buf_putc(&b, ' ');
    pgb_value_quote_literal(&b, "it's");
    pgb_buf_putc(&b, ' ');
    pgb_value_quote_literal(&b, "back\\slash's");
    pgb_buf_putc(&b, ' ');
    pgb_value_quote_element(&b, "a\"b\\c");
    pgb_buf_putc(&b, ' ');
    pgb_value_quote_element(&b, NULL);
    assert_string_equal(pgb_buf_str(&b), "NULL 'it''s' E'back\\\\slash''s' \"a\\\"b\\\\c\" NULL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base_types),     cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_made_of_others), cmocka_unit_test(test_same_seed),
        cmocka_unit_test(test_regex),          cmocka_unit_test(test_regex_beyond),
        cmocka_unit_test(test_like),           cmocka_unit_test(test_quoting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
