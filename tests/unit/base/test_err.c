/* Errors and time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"

static void first_error_stands(void **state)
{
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    assert_int_equal(pgb_error_set(&err, PGB_IO, "first %d", 1), PGB_IO);
    pgb_error_detail(&err, "why");
    pgb_error_hint(&err, "do");
    pgb_error_at(&err, "a.sql", 3, 5, "SELECT 1;\nSELECT 2;", 19);
    assert_int_equal(pgb_error_set(&err, PGB_SQL, "second"), PGB_IO);
    assert_int_equal(pgb_error_set_errno(&err, PGB_SQL, ENOENT, "third"), PGB_IO);
    assert_int_equal(pgb_error_nomem(&err), PGB_IO);
    pgb_error_detail(&err, "other");
    pgb_error_hint(&err, "other");
    pgb_error_at(&err, "b.sql", 9, 9, NULL, 0);
    assert_string_equal(err.message, "first 1");
    assert_string_equal(err.detail, "why");
    assert_string_equal(err.hint, "do");
    assert_string_equal(err.file, "a.sql");
    assert_int_equal(err.line * 10 + err.column, 35);
    assert_string_equal(err.source, "SELECT 1;");
    for (int i = 0; i < 9; i++) {
        pgb_error_context(&err, "at %d", i);
    }
    assert_int_equal(err.n_context, PGB_ERROR_CONTEXT_MAX);
    assert_string_equal(err.context[0], "at 0"); /* innermost first */
    pgb_error_clear(&err);
    assert_int_equal(err.status, PGB_OK);
    assert_string_equal(err.message, "");
}

static void without_an_error(void **state)
{
    pgb_error err;

    (void)state;
    assert_int_equal(pgb_error_set(NULL, PGB_IO, "x"), PGB_IO);
    assert_int_equal(pgb_error_set_errno(NULL, PGB_SQL, EIO, "x"), PGB_SQL);
    assert_int_equal(pgb_error_nomem(NULL), PGB_NOMEM);
    pgb_error_detail(NULL, "x");
    pgb_error_hint(NULL, "x");
    pgb_error_context(NULL, "x");
    pgb_error_at(NULL, "x", 1, 1, "x", 1);
    pgb_error_clear(NULL);
    /* memory that was never set makes an error, too */
    memset(&err, 0x55, sizeof err);
    pgb_error_clear(&err);
    pgb_error_set(&err, PGB_FAILED, "x");
    pgb_error_detail(&err, "d");
    pgb_error_hint(&err, "h");
    pgb_error_at(&err, "f", 1, 2, "source", 6);
    pgb_error_context(&err, "c");
    assert_string_equal(err.detail, "d");
    assert_string_equal(err.hint, "h");
    assert_string_equal(err.file, "f");
    assert_string_equal(err.source, "source");
    assert_string_equal(err.sqlstate, "");
    assert_string_equal(err.context[0], "c");
    assert_int_equal(err.n_context, 1);
}

static void errno_is_told(void **state)
{
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    pgb_error_set_errno(&err, PGB_IO, ENOENT, "cannot open %s", "x");
    assert_string_equal(err.message, "cannot open x: No such file or directory");
}

/* A long line is cut between characters; \r\n ends it too. */
static void source_lines(void **state)
{
    char line[2000];

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        pgb_error err = PGB_ERROR_INIT;
        size_t len;

        memset(line, 'a', sizeof line);
        for (size_t i = shift; i + 3 <= sizeof line; i += 3) {
            memcpy(line + i, "\xE2\x82\xAC", 3);
        }
        pgb_error_set(&err, PGB_SQL, "x");
        pgb_error_at(&err, "f", 1, 1, line, sizeof line);
        len = strlen(err.source);
        assert_in_range(len, sizeof err.source - 4, sizeof err.source - 1);
        assert_int_equal((len - shift) % 3, 0);
    }
    {
        pgb_error err = PGB_ERROR_INIT;

        pgb_error_set(&err, PGB_SQL, "x");
        pgb_error_at(&err, "f", 1, 1, "abc\r\ndef", 8);
        assert_string_equal(err.source, "abc");
    }
    {
        pgb_error err = PGB_ERROR_INIT;

        pgb_error_set(&err, PGB_SQL, "x");
        pgb_error_at(&err, "f", 1, 1, "\n", 1);
        assert_string_equal(err.source, "");
    }
}

/* What scripts depend on. */
static void exits(void **state)
{
    static const struct {
        pgb_status status;
        int exit;
        const char *slug;
    } cases[] = {
        {PGB_OK, 0, "ok"},
        {PGB_USAGE, 2, "usage"},
        {PGB_IDENTIFIER, 2, "identifier"},
        {PGB_PROJECT, 2, "project"},
        {PGB_REFUSED, 2, "refused"},
        {PGB_NOMEM, 1, "out_of_memory"},
        {PGB_SQL, 1, "sql"},
        {PGB_FINDINGS, 3, "findings"},
        {PGB_CONNECT, 4, "connect"},
        {PGB_LOCK_WAIT, 5, "lock_wait"},
        {PGB_UNKNOWN, 6, "outcome_unknown"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(pgb_status_exit(cases[i].status), cases[i].exit);
        assert_string_equal(pgb_status_slug(cases[i].status), cases[i].slug);
    }
    assert_int_equal(pgb_status_exit(PGB_STATUS_COUNT), 1);
    assert_string_equal(pgb_status_slug(PGB_STATUS_COUNT), "internal");
}

static void deadlines(void **state)
{
    int64_t before = pgb_clock_ms(), soon;

    (void)state;
    assert_int_equal(pgb_deadline_in(-1), PGB_DEADLINE_NEVER);
    assert_int_equal(pgb_deadline_left(PGB_DEADLINE_NEVER), INT64_MAX);
    assert_int_equal(pgb_deadline_left(before - 1000), 0);
    soon = pgb_deadline_in(30);
    assert_in_range(pgb_deadline_left(soon), 0, 30);
    pgb_clock_sleep_ms(40);
    pgb_clock_sleep_ms(-5);
    assert_int_equal(pgb_deadline_left(soon), 0);
    assert_true(pgb_clock_ms() - before >= 40);
    assert_true(pgb_clock_us() / 1000 >= before);
}

static void randomness(void **state)
{
    char uuids[64][PGB_UUID_SIZE];
    bool seen[5] = {false};

    (void)state;
    assert_int_equal(pgb_random_below(0), 0);
    assert_int_equal(pgb_random_below(1), 0);
    for (int i = 0; i < 500; i++) {
        uint64_t n = pgb_random_below(5);

        assert_in_range(n, 0, 4);
        seen[n] = true;
    }
    for (int i = 0; i < 5; i++) {
        assert_true(seen[i]);
    }
    for (int i = 0; i < 64; i++) {
        pgb_random_uuid(uuids[i]);
        assert_int_equal(strlen(uuids[i]), 36);
        assert_int_equal(strspn(uuids[i], "0123456789abcdef-"), 36);
        assert_int_equal(uuids[i][14], '4');           /* version */
        assert_non_null(strchr("89ab", uuids[i][19])); /* variant */
        assert_true(uuids[i][8] == '-' && uuids[i][13] == '-' && uuids[i][18] == '-' &&
                    uuids[i][23] == '-');
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(uuids[i], uuids[j]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_stands),
        cmocka_unit_test(without_an_error),
        cmocka_unit_test(errno_is_told),
        cmocka_unit_test(source_lines),
        cmocka_unit_test(exits),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(randomness),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
