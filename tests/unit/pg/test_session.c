#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../support/pgtest.h"
#include "base/clock.h"
#include "pg/flight.h"
#include "pg/pg.h"

static pgb_session *open_session(void)
{
    pgb_session_options o = {.conninfo = pgtest_conninfo("postgres"), .connect_timeout_ms = -1};
    pgb_session *s = NULL;
    pgb_error err = PGB_ERROR_INIT;

    if (pgb_session_open(&o, &s, &err) != PGB_OK) {
        fail_msg("%s: %s", err.message, err.detail);
    }
    return s;
}

static void exec_ok(pgb_session *s, const char *sql)
{
    pgb_error err = PGB_ERROR_INIT;

    if (pgb_exec(s, sql, NULL, &err) != PGB_OK) {
        fail_msg("%s: %s", sql, err.message);
    }
}

static int64_t number(pgb_session *s, const char *sql)
{
    pgb_error err = PGB_ERROR_INIT;
    pgb_result *r = NULL;
    int64_t n;

    if (pgb_exec(s, sql, &r, &err) != PGB_OK) {
        fail_msg("%s: %s", sql, err.message);
    }
    n = pgb_result_int(r, 0, 0);
    pgb_result_free(r);
    return n;
}

static void test_open_and_settings(void **state)
{
    pgb_session *s = open_session();
    pgb_result *r = NULL;
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    assert_false(pgb_session_pooled(s));
    assert_int_equal(number(s, "SELECT pg_backend_pid()"), pgb_session_backend_pid(s));
    exec_ok(s, "SET synchronous_commit = off; SET client_encoding = 'LATIN1'");
    exec_ok(s, "RESET ALL");
    exec_ok(s, pgb_session_settings_sql(s, false));
    assert_int_equal(pgb_exec(s, "SHOW synchronous_commit", &r, &err), PGB_OK);
    assert_string_equal(pgb_result_value(r, 0, 0), "on");
    pgb_result_free(r);
    assert_int_equal(
        pgb_exec(s, "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()",
                 &r, &err),
        PGB_OK);
    assert_string_equal(pgb_result_value(r, 0, 0), "pgbraid");
    pgb_result_free(r);
    pgb_session_close(s);
}

static void test_weak_commit_is_raised(void **state)
{
    pgb_session *s = open_session();

    (void)state;
    exec_ok(s, "ALTER ROLE postgres SET synchronous_commit = off");
    pgb_session_close(s);
    s = open_session();
    assert_int_equal(number(s, "SELECT (current_setting('synchronous_commit') = 'on')::int"), 1);
    exec_ok(s, "ALTER ROLE postgres SET synchronous_commit = remote_apply");
    pgb_session_close(s);
    s = open_session();
    assert_int_equal(number(s, "SELECT (current_setting('synchronous_commit') = "
                               "'remote_apply')::int"),
                     1);
    exec_ok(s, "ALTER ROLE postgres RESET synchronous_commit");
    pgb_session_close(s);
}

static void test_server_error(void **state)
{
    pgb_session *s = open_session();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    assert_int_equal(pgb_exec(s, "SELECT 1; SELECT nothing_there", NULL, &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "42703");
    assert_int_equal(pgb_session_error_position(s), 18);
    assert_false(pgb_session_lost(s));
    assert_int_equal(number(s, "SELECT 7"), 7);
    pgb_session_close(s);
}

static void test_params(void **state)
{
    pgb_session *s = open_session();
    pgb_error err = PGB_ERROR_INIT;
    pgb_result *r = NULL;
    const char *values[2] = {"o'x", NULL};

    (void)state;
    assert_int_equal(pgb_exec_params(s, "SELECT $1::text, $2::text IS NULL", 2, values, &r, &err),
                     PGB_OK);
    assert_string_equal(pgb_result_value(r, 0, 0), "o'x");
    assert_true(pgb_result_bool(r, 0, 1));
    assert_string_equal(pgb_result_tag(r), "SELECT 1");
    pgb_result_free(r);
    pgb_session_close(s);
}

static void test_pipeline(void **state)
{
    pgb_session *s = open_session();
    pgb_error err = PGB_ERROR_INIT;
    const char *sqls[3] = {"SELECT 1", "SELECT 2 UNION ALL SELECT 3", "SELECT $1::text"};
    const int n[3] = {0, 0, 1};
    const char *v[1] = {"z"};
    const char *const *params[3] = {NULL, NULL, v};
    pgb_result *r[3];
    uint32_t before = pgb_session_waits(s);

    (void)state;
    assert_int_equal(pgb_exec_pipeline(s, 3, sqls, n, params, r, &err), PGB_OK);
    assert_int_equal(pgb_session_waits(s) - before, 1);
    assert_int_equal(pgb_result_rows(r[1]), 2);
    assert_string_equal(pgb_result_value(r[2], 0, 0), "z");
    for (int i = 0; i < 3; i++) {
        pgb_result_free(r[i]);
    }
    sqls[1] = "SELECT broken(";
    assert_int_equal(pgb_exec_pipeline(s, 3, sqls, n, params, r, &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "42601");
    assert_string_equal(err.context[err.n_context - 1], "query 2 of 3");
    assert_int_equal(number(s, "SELECT 5"), 5);
    pgb_session_close(s);
}

struct seen {
    uint32_t n, last, refuse;
};

static pgb_status see(void *data, const pgb_tag *tag, const pgb_result *result, pgb_error *err)
{
    struct seen *seen = data;

    (void)result;
    seen->n++;
    seen->last = tag->ordinal;
    if (seen->refuse != 0 && tag->ordinal == seen->refuse) {
        return pgb_error_set(err, PGB_FAILED, "refused");
    }
    return PGB_OK;
}

static void test_flight_failure_and_groups(void **state)
{
    pgb_session *s = open_session();
    pgb_error err = PGB_ERROR_INIT;
    struct seen seen = {0};
    pgb_tag failure = {0};

    (void)state;
    exec_ok(s, "CREATE TABLE d (a int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)");
    assert_int_equal(pgb_flight_open(s, see, &seen, &err), PGB_OK);
    pgb_flight_send(s, (pgb_tag){.ordinal = 1}, "BEGIN", 0, NULL, &err);
    pgb_flight_send(s, (pgb_tag){.ordinal = 2}, "INSERT INTO d VALUES (1), (1)", 0, NULL, &err);
    pgb_flight_send(s, (pgb_tag){.ordinal = 3}, "COMMIT", 0, NULL, &err);
    pgb_flight_sync(s, (pgb_tag){.ordinal = 4}, &err);
    pgb_flight_send(s, (pgb_tag){.ordinal = 5}, "BEGIN", 0, NULL, &err);
    pgb_flight_sync(s, (pgb_tag){.ordinal = 6}, &err);
    assert_int_equal(pgb_flight_land(s, &failure, &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "23505");
    assert_int_equal(failure.ordinal, 3);
    assert_int_equal(seen.n, 2);                /* nothing after the failure */
    assert_true(pgb_session_in_transaction(s)); /* but the group behind it ran */
    exec_ok(s, "ROLLBACK");

    /* the callback may refuse an answer */
    pgb_error_clear(&err);
    seen = (struct seen){.refuse = 2};
    assert_int_equal(pgb_flight_open(s, see, &seen, &err), PGB_OK);
    for (uint32_t i = 1; i <= 3; i++) {
        pgb_flight_send(s, (pgb_tag){.ordinal = i}, "SELECT 1", 0, NULL, &err);
    }
    pgb_flight_sync(s, (pgb_tag){0}, &err);
    assert_int_equal(pgb_flight_land(s, &failure, &err), PGB_FAILED);
    assert_int_equal(failure.ordinal, 2);
    exec_ok(s, "DROP TABLE d");
    pgb_session_close(s);
}

static void test_flight_both_ways_large(void **state)
{
    pgb_session *s = open_session();
    pgb_error err = PGB_ERROR_INIT;
    struct seen seen = {0};
    enum { BIG = 9 * 1024 * 1024 };
    char *big = malloc(BIG + 1);
    const char *values[1] = {big};

    (void)state;
    memset(big, 'x', BIG);
    big[BIG] = '\0';
    assert_int_equal(pgb_flight_open(s, see, &seen, &err), PGB_OK);
    for (uint32_t i = 1; i <= 20000; i++) {
        /* answers larger than every socket buffer, so that reading while sending is needed */
        assert_int_equal(pgb_flight_send(s, (pgb_tag){.ordinal = i},
                                         "SELECT pg_catalog.repeat('y', 2000)", 0, NULL, &err),
                         PGB_OK);
    }
    assert_int_equal(
        pgb_flight_send(s, (pgb_tag){.ordinal = 20001}, "SELECT $1::text", 1, values, &err),
        PGB_OK);
    pgb_flight_sync(s, (pgb_tag){0}, &err);
    assert_int_equal(pgb_flight_land(s, NULL, &err), PGB_OK);
    assert_int_equal(seen.n, 20001);
    free(big);
    pgb_session_close(s);
}

/* Rows that nobody reads are not kept. */
static void test_unread_rows(void **state)
{
    pgb_session *s = open_session();
    pgb_error err = PGB_ERROR_INIT;
    struct seen seen = {0};
    pgb_tag failure = {0};

    (void)state;
    assert_int_equal(pgb_flight_open(s, see, &seen, &err), PGB_OK);
    pgb_flight_send_unread(s, (pgb_tag){.ordinal = 1}, "CREATE TEMP TABLE x (i int)", &err);
    pgb_flight_send_unread(s, (pgb_tag){.ordinal = 2},
                           "SELECT repeat('z', 1000) FROM generate_series(1, 100000)", &err);
    pgb_flight_send(s, (pgb_tag){.ordinal = 3}, "SELECT 1", 0, NULL, &err);
    pgb_flight_sync(s, (pgb_tag){0}, &err);
    assert_int_equal(pgb_flight_land(s, NULL, &err), PGB_OK);
    assert_int_equal(seen.n, 3);
    assert_int_equal(number(s, "SELECT 4"), 4);
    /* an error behind rows that came */
    seen = (struct seen){0};
    assert_int_equal(pgb_flight_open(s, see, &seen, &err), PGB_OK);
    pgb_flight_send_unread(s, (pgb_tag){.ordinal = 1},
                           "SELECT 1 / (5000 - g) FROM generate_series(1, 10000) g", &err);
    pgb_flight_sync(s, (pgb_tag){0}, &err);
    assert_int_equal(pgb_flight_land(s, &failure, &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "22012");
    assert_int_equal(failure.ordinal, 1);
    pgb_session_close(s);
}

static void test_lost(void **state)
{
    pgb_session *s = open_session(), *other = open_session();
    pgb_error err = PGB_ERROR_INIT;
    struct seen seen = {0};
    pgb_tag failure = {0};
    char sql[80];

    (void)state;
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d, 5000)", pgb_session_backend_pid(s));
    exec_ok(other, sql);
    assert_int_equal(pgb_flight_open(s, see, &seen, &err), PGB_OK);
    pgb_flight_send(s, (pgb_tag){.ordinal = 1}, "SELECT 1", 0, NULL, &err);
    pgb_flight_sync(s, (pgb_tag){.ordinal = 2}, &err);
    assert_int_equal(pgb_flight_land(s, &failure, &err), PGB_CONNECT);
    assert_int_equal(failure.ordinal, 1);
    assert_true(pgb_session_lost(s));
    pgb_error_clear(&err);
    assert_int_equal(pgb_exec(s, "SELECT 1", NULL, &err), PGB_CONNECT);
    pgb_session_close(s);
    pgb_session_close(other);
}

static volatile int flag;

static void on_alarm(int sig)
{
    (void)sig;
    flag = 1;
}

static void test_interrupt_and_deadline(void **state)
{
    pgb_session *s = open_session();
    pgb_error err = PGB_ERROR_INIT;
    int64_t begun = pgb_clock_ms();

    (void)state;
    signal(SIGALRM, on_alarm);
    pgb_session_set_interrupt(s, &flag);
    alarm(1);
    assert_int_equal(pgb_exec(s, "SELECT pg_sleep(30)", NULL, &err), PGB_INTERRUPTED);
    assert_true(pgb_clock_ms() - begun < 8000);
    assert_false(pgb_session_lost(s));
    pgb_session_set_interrupt(s, NULL);
    flag = 0;
    pgb_error_clear(&err);
    pgb_session_set_deadline(s, pgb_deadline_in(200));
    assert_int_equal(pgb_exec(s, "SELECT pg_sleep(30)", NULL, &err), PGB_FAILED);
    pgb_session_set_deadline(s, PGB_DEADLINE_NEVER);
    assert_int_equal(number(s, "SELECT 3"), 3);
    pgb_session_close(s);
}

static void test_copy(void **state)
{
    pgb_session *s = open_session();
    pgb_error err = PGB_ERROR_INIT;
    enum { ROW = 100, ROWS = 50000 };
    char row[ROW];

    (void)state;
    exec_ok(s, "CREATE TABLE c (t text)");
    memset(row, 'r', sizeof row);
    row[ROW - 1] = '\n';
    assert_int_equal(pgb_copy_begin(s, "COPY c FROM stdin", &err), PGB_OK);
    for (int i = 0; i < ROWS; i++) {
        assert_int_equal(pgb_copy_data(s, row, ROW, &err), PGB_OK);
    }
    assert_int_equal(pgb_copy_end(s, NULL, &err), PGB_OK);
    assert_int_equal(number(s, "SELECT count(*) FROM c"), ROWS);

    assert_int_equal(pgb_copy_begin(s, "COPY c FROM stdin", &err), PGB_OK);
    assert_int_equal(pgb_copy_data(s, "a\tb\n", 4, &err), PGB_OK);
    assert_int_equal(pgb_copy_end(s, NULL, &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "22P04");
    pgb_error_clear(&err);
    assert_int_equal(pgb_copy_begin(s, "COPY c FROM stdin", &err), PGB_OK);
    assert_int_equal(pgb_copy_end(s, "stopped", &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "57014");
    pgb_error_clear(&err);
    assert_int_equal(pgb_copy_begin(s, "COPY nowhere FROM stdin", &err), PGB_SQL);
    assert_int_equal(number(s, "SELECT count(*) FROM c"), ROWS);
    exec_ok(s, "DROP TABLE c");
    pgb_session_close(s);
}

/* An answer of another kind (COPY … TO stdout) is not mistaken for success. */
static void test_copy_out_in_flight(void **state)
{
    pgb_session *s = open_session();
    pgb_error err = PGB_ERROR_INIT;
    struct seen seen = {0};

    (void)state;
    assert_int_equal(pgb_flight_open(s, see, &seen, &err), PGB_OK);
    pgb_flight_send(s, (pgb_tag){.ordinal = 1}, "COPY (SELECT 1) TO stdout", 0, NULL, &err);
    pgb_flight_sync(s, (pgb_tag){.ordinal = 2}, &err);
    assert_int_not_equal(pgb_flight_land(s, NULL, &err), PGB_OK);
    assert_true(pgb_session_lost(s));
    pgb_session_close(s);
}

static void collect_notice(void *data, const char *severity, const char *text)
{
    snprintf(data, 64, "%s|%s", severity, text);
}

static void test_notice(void **state)
{
    pgb_session *s = open_session();
    char got[64] = "";

    (void)state;
    pgb_session_set_notice(s, collect_notice, got);
    exec_ok(s, "DO $$ BEGIN RAISE WARNING 'hm' USING HINT = 'so'; END $$");
    assert_string_equal(got, "WARNING|hm\nHINT: so");
    pgb_session_close(s);
}

static int start(void **state)
{
    (void)state;
    return pgtest_start() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_and_settings),
        cmocka_unit_test(test_weak_commit_is_raised),
        cmocka_unit_test(test_server_error),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_pipeline),
        cmocka_unit_test(test_flight_failure_and_groups),
        cmocka_unit_test(test_flight_both_ways_large),
        cmocka_unit_test(test_unread_rows),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_interrupt_and_deadline),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_copy_out_in_flight),
        cmocka_unit_test(test_notice),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
