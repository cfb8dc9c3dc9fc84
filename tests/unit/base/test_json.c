/* What the JSON writer writes is JSON, and no terminal obeys it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"

static void check(const char *value, const char *expected)
{
    PGB_AUTO_BUF(out);
    pgb_json json;

    pgb_json_init(&json, &out);
    pgb_json_string(&json, value);
    assert_false(out.failed);
    assert_string_equal(pgb_buf_str(&out), expected);
}

static void test_strings(void **state)
{
    (void)state;
    check("plain", "\"plain\"");
    check("a\"b\\c", "\"a\\\"b\\\\c\"");
    check("\x1b[31m", "\"\\u001B[31m\"");
    check(NULL, "null");
    check("\xc3\xa4\xf0\x9f\x92\xa9", "\"\xc3\xa4\xf0\x9f\x92\xa9\"");
}

/* Found by tests/fault/test_r20_names: DEL and the C1 controls came out raw. */
static void test_controls_that_json_allows(void **state)
{
    (void)state;
    check("\x7f", "\"\\u007f\"");
    check("a\xc2\x85z", "\"a\\u0085z\"");
    check("\xc2\x9b\x7f\xc2\x80", "\"\\u009b\\u007f\\u0080\"");
    check("\xc2\xa0", "\"\xc2\xa0\"");
    check("\xc2\x9f", "\"\\u009f\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_controls_that_json_allows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
