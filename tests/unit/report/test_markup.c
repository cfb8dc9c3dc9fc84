/* What is escaped, and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "report/markup.h"

typedef void writer(pgb_buf *out, const char *text);

static void same(writer *write, const char *text, const char *expected)
{
    PGB_AUTO_BUF(out);

    write(&out, text);
    assert_string_equal(pgb_buf_str(&out), expected);
}

static void test_markup(void **state)
{
    (void)state;
    same(pgb_markup_text, NULL, "");
    same(pgb_markup_text, "plain \xC3\xA4", "plain \xC3\xA4");
    same(pgb_markup_text, "<script>\"&'", "&lt;script&gt;&quot;&amp;&#39;");
    same(pgb_markup_text, "a\x01\x1b[31m\x7f", "a\\x01\\x1B[31m\\x7F");
    same(pgb_markup_text, "\xC2\x85\xE2\x80\xAEx\xE2\x81\xA6", "\\u0085\\u202Ex\\u2066");
    same(pgb_markup_text, "\xD8\x9C.\xEF\xBF\xBE.\xEF\xBF\xBF", "\\u061C.\\uFFFE.\\uFFFF");
    same(pgb_markup_text, "\xFF<\xC0\x80", "\\xFF&lt;\\xC0\\x80");
    same(pgb_markup_text, "two\nlines\ttab\r", "two\nlines\ttab\\r");
}

static void cut(const char *text, unsigned columns, const char *expected, unsigned used)
{
    PGB_AUTO_BUF(out);

    assert_int_equal(pgb_markup_cut(&out, text, columns), used);
    assert_string_equal(pgb_buf_str(&out), expected);
}

static void fit(const char *text, unsigned room, const char *expected, unsigned used)
{
    pgb_buf out = PGB_BUF_INIT;

    assert_int_equal(pgb_markup_fit(&out, text, 100, room), used);
    assert_string_equal(pgb_buf_str(&out), expected);
    pgb_buf_done(&out);
}

/* At 10 px: M is 8.63 wide, i 2.78, the ellipsis 10, others than Latin one em. */
static void test_fit(void **state)
{
    (void)state;
    fit("", 10, "", 0);
    fit("iii", 9, "iii", 9);
    fit("iiii", 9, "\u2026", 10); /* nothing fits beside it: the sign that it was cut remains */
    fit("MMMM", 35, "MMMM", 35);
    fit("MMMMM", 35, "MM\u2026", 28);
    fit("<<<<", 30, "&lt;&lt;\u2026", 27);
    fit("\xE4\xB8\xAD\xE6\x96\x87", 20, "\xE4\xB8\xAD\xE6\x96\x87", 20);
    fit("\xE4\xB8\xAD\xE6\x96\x87i", 20, "\xE4\xB8\xAD\u2026", 20);
}

static void test_cut(void **state)
{
    bool failed = false;

    (void)state;
    cut("", 5, "", 0);
    cut("abcde", 5, "abcde", 5);
    cut("abcdef", 5, "abcd\u2026", 5);
    cut("<<<<<<", 3, "&lt;&lt;\u2026", 3);
    cut("\xE4\xB8\xAD\xE6\x96\x87", 4, "\xE4\xB8\xAD\xE6\x96\x87", 4);
    cut("\xE4\xB8\xAD\xE6\x96\x87x", 4, "\xE4\xB8\xAD\u2026", 3);
    cut("a\nb\xE2\x80\xAE", 20, "a\\nb\\u202E", 10);
    cut("a\xE2\x80\x8B\xEF\xBB\xBF", 20, "a\\u200B\\uFEFF", 13);
    assert_int_equal(pgb_markup_columns("\xC3\xA4\xE4\xB8\xAD", &failed), 3);
    assert_int_equal(pgb_markup_columns(NULL, &failed), 0);
    assert_false(failed);
}

static void test_id(void **state)
{
    static const char *const names[] = {"users", "\"a b\"",  "a-20b",    "a b", "a_20b",
                                        "\"A\"", "<script>", "\xC3\xA4", "a.b", ""};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        PGB_AUTO_BUF(one);

        pgb_markup_id(&one, "t-", names[i]);
        for (const char *c = pgb_buf_str(&one); *c != '\0'; c++) {
            assert_non_null(strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789_.-",
                                   *c));
        }
        for (size_t k = 0; k < i; k++) {
            PGB_AUTO_BUF(other);

            pgb_markup_id(&other, "t-", names[k]);
            assert_string_not_equal(pgb_buf_str(&one), pgb_buf_str(&other));
        }
    }
}

static void test_mark(void **state)
{
    (void)state;
    same(pgb_mark_text, "plain (text) - so: it's", "plain (text) - so: it's");
    same(pgb_mark_text, "# no heading", "\\# no heading");
    same(pgb_mark_text, "- no item", "\\- no item");
    same(pgb_mark_text, "12. no item", "12\\. no item");
    same(pgb_mark_text, "a_b *c* [d](e) <f> `g` & | ~",
         "a\\_b \\*c\\* \\[d\\](e) \\<f\\> \\`g\\` \\& "
         "\\| \\~");
    same(pgb_mark_text, "a\n# b", "a \\# b");
    same(pgb_mark_code, "a b", "`a b`");
    same(pgb_mark_code, "a`b``c", "```a`b``c```");
    same(pgb_mark_code, "`a", "`` `a ``");
    same(pgb_mark_code, "<script>", "`<script>`");
    same(pgb_mark_code, "a\nb", "`a\\nb`");
    same(pgb_mark_code, "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markup), cmocka_unit_test(test_cut),  cmocka_unit_test(test_fit),
        cmocka_unit_test(test_id),     cmocka_unit_test(test_mark),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
