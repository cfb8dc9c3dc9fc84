/* What is written where: padding, escaping, carets, failures. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/out.h"

static pgb_out out;
static int pipe_out;

static int set_up(void **state)
{
    int ends[2];

    (void)state;
    if (pipe(ends) != 0) {
        return -1;
    }
    pipe_out = ends[0];
    pgb_out_init(&out, ends[1], false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pgb_out_done(&out);
    close(out.fd);
    close(pipe_out);
    return 0;
}

static const char *written(void)
{
    static char text[8192];
    ssize_t n;

    assert_int_equal(pgb_out_flush(&out, NULL), PGB_OK);
    pgb_out_puts(&out, "."); /* so that the read never waits */
    assert_int_equal(pgb_out_flush(&out, NULL), PGB_OK);
    n = read(pipe_out, text, sizeof text - 1);
    assert_true(n > 0);
    text[n - 1] = '\0';
    return text;
}

static void formats(void **state)
{
    (void)state;
    pgb_out_printf(&out, "[%-5s|%5s|%.2s|%*s|%-*s]", "ab", "ab", "abc", 3, "x", 3, "y");
    assert_string_equal(written(), "[ab   |   ab|ab|  x|y  ]");
    pgb_out_printf(&out, "%d %u %ld %lld %zu %5u %05d %.1f %c %%", -3, 4u, -5L, -6LL, (size_t)7, 8u,
                   9, 1.25, 'x');
    assert_string_equal(written(), "-3 4 -5 -6 7     8 00009 1.2 x %");
    pgb_out_printf(&out, "[%-4s]", "\xC3\xA9"); /* padded by characters */
    assert_string_equal(written(), "[\xC3\xA9   ]");
}

static void outside_text_is_harmless(void **state)
{
    (void)state;
    pgb_out_printf(&out, "a\n%s\n", "b\nc\033[31m\xFF\xE2\x80\xAE");
    assert_string_equal(written(), "a\nb\\nc\\x1B[31m\\xFF\\u202E\n");
    pgb_out_puts(&out, "x\ty\nz\033");
    assert_string_equal(written(), "x\ty\nz\\x1B");
}

static void colours_only_when_wanted(void **state)
{
    (void)state;
    pgb_out_styled(&out, PGB_STYLE_BAD, "x");
    assert_string_equal(written(), "x");
    out.colour = true;
    pgb_out_styled(&out, PGB_STYLE_BAD, "x\033");
    assert_string_equal(written(), "\033[1;31mx\\x1B\033[0m");
}

static void shows(const char *source, int column, const char *expected)
{
    pgb_error err = PGB_ERROR_INIT;

    pgb_error_set(&err, PGB_SQL, "m");
    pgb_error_at(&err, "f.sql", 3, column, source, strlen(source));
    pgb_out_error(&out, "pgbraid", &err);
    assert_string_equal(written(), expected);
}

static void carets(void **state)
{
    (void)state;
    shows("SELECT x", 8, "f.sql:3:8: error: m\n    3 | SELECT x\n      |        ^\n");
    shows("\tSELECT x", 2, "f.sql:3:2: error: m\n    3 |         SELECT x\n      |         ^\n");
    shows("'\xE6\x97\xA5' x", 5, "f.sql:3:5: error: m\n    3 | '\xE6\x97\xA5' x\n      |      ^\n");
    shows("a\xFF b", 4, "f.sql:3:4: error: m\n    3 | a\\xFF b\n      |       ^\n");
    shows("ab", 3, "f.sql:3:3: error: m\n    3 | ab\n      |   ^\n");
    shows("ab", 9, "f.sql:3:9: error: m\n    3 | ab\n");
    shows("ab", 0, "f.sql:3: error: m\n    3 | ab\n");
}

static void long_lines_are_shown_around_the_caret(void **state)
{
    char line[512], shown[2000];
    const char *text, *caret, *at;

    (void)state;
    memset(line, 'a', sizeof line);
    line[400] = 'X';
    line[sizeof line - 1] = '\0';
    pgb_error err = PGB_ERROR_INIT;
    pgb_error_set(&err, PGB_SQL, "m");
    pgb_error_at(&err, "f", 1, 401, line, strlen(line));
    pgb_out_error(&out, "pgbraid", &err);
    strcpy(shown, written());
    text = strchr(shown, '\n') + 1;
    caret = strchr(text, '\n') + 1;
    at = strchr(caret, '^');
    assert_non_null(at);
    assert_int_equal(text[at - caret], 'X');
    assert_true(strcspn(text, "\n") < 200);
}

static void all_parts(void **state)
{
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    pgb_error_set(&err, PGB_SQL, "line one\nerror: forged");
    strcpy(err.sqlstate, "42P01");
    pgb_error_detail(&err, "d");
    pgb_error_hint(&err, "h");
    pgb_error_context(&err, "c");
    pgb_out_error(&out, "pgbraid", &err);
    assert_string_equal(written(), "pgbraid: error: line one\n  error: forged\nSQLSTATE: 42P01\n"
                                   "detail: d\ncontext: c\nhint: h\n");
    pgb_out_error_json(&out, &err);
    assert_non_null(strstr(written(), "\"sqlstate\""));
}

static void a_gone_reader_is_no_error(void **state)
{
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    close(pipe_out);
    pipe_out = -1;
    pgb_out_puts(&out, "x");
    assert_int_equal(pgb_out_flush(&out, &err), PGB_OK);
}

static void a_full_disk_is_one(void **state)
{
    pgb_error err = PGB_ERROR_INIT;
    pgb_out full;
    int fd = open("/dev/full", O_WRONLY);

    (void)state;
    assert_true(fd >= 0);
    pgb_out_init(&full, fd, false);
    pgb_out_puts(&full, "x");
    assert_int_equal(pgb_out_flush(&full, &err), PGB_IO);
    pgb_out_done(&full);
    close(fd);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(formats, set_up, tear_down),
        cmocka_unit_test_setup_teardown(outside_text_is_harmless, set_up, tear_down),
        cmocka_unit_test_setup_teardown(colours_only_when_wanted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(carets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_lines_are_shown_around_the_caret, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_gone_reader_is_no_error, set_up, tear_down),
        cmocka_unit_test(a_full_disk_is_one),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
