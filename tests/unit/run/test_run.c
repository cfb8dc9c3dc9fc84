#include "runtest.h"

/* ---- transactional ---- */

static void test_up_and_down(void **state)
{
    pgb_run_options o = defaults();

    (void)state;
    revision("a", "", "", "CREATE TABLE a (i int);", "DROP TABLE a;");
    revision("b", "a", "", "CREATE TABLE b (i int); INSERT INTO b VALUES (1);", "DROP TABLE b;");
    act_ok(&o, UPGRADE, NULL);
    assert_int_equal(seen.ends, 2);
    assert_sql(ids, "a,b");
    assert_sql("SELECT count(*) FROM b", "1");
    assert_sql("SELECT up FROM pgbraid.revision WHERE id = 'a'", "CREATE TABLE a (i int);\n");
    assert_sql("SELECT string_agg(event, ',' ORDER BY seq) FROM pgbraid.event", "upgrade,upgrade");
    o = defaults();
    act_ok(&o, UPGRADE, NULL); /* nothing to do */
    assert_int_equal(seen.ends, 0);
    act_ok(&o, DOWNGRADE, "base");
    assert_sql(ids, "");
    assert_sql("SELECT to_regclass('a') IS NULL AND to_regclass('b') IS NULL", "t");
}

static void many(int from, int to)
{
    for (int i = from; i < to; i++) {
        char id[16], parent[16] = "", up[96], down[64];

        snprintf(id, sizeof id, "m%03d", i);
        if (i > 0) {
            snprintf(parent, sizeof parent, "m%03d", i - 1);
        }
        snprintf(up, sizeof up, "CREATE TABLE t%d (i int); CREATE INDEX ON t%d (i);", i, i);
        snprintf(down, sizeof down, "DROP TABLE t%d;", i);
        revision(id, parent, "", up, down);
    }
}

/* The COMMIT of one travels with the work of the next: each revision is waited for once. */
static void test_one_wait_per_revision(void **state)
{
    pgb_run_options o = defaults();
    uint32_t few;

    (void)state;
    many(0, 1);
    act_ok(&o, UPGRADE, NULL);
    many(1, 4);
    o = defaults();
    act_ok(&o, UPGRADE, NULL);
    few = waits;
    many(4, 17);
    o = defaults();
    act_ok(&o, UPGRADE, NULL);
    assert_int_equal(seen.ends, 13);
    assert_int_equal(waits - few, 13 - 3);
    /* and in one transaction there is none at all */
    o = defaults();
    o.one_transaction = true;
    act_ok(&o, DOWNGRADE, "m003");
    few = waits;
    o = defaults();
    o.one_transaction = true;
    act_ok(&o, UPGRADE, "m005");
    assert_int_equal(waits, few);
}

/* What a far server costs besides: looking at it, the lock, the history made. */
static void test_waits_of_a_first_run(void **state)
{
    pgb_run_options o = defaults();

    (void)state;
    many(0, 30);
    o.one_transaction = true;
    act_ok(&o, UPGRADE, NULL);
    assert_int_equal(seen.ends, 30);
    assert_true(waits <= 6);
    assert_true(all_waits <= 12);
}

static void test_failure(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    revision("a", "", "", "CREATE TABLE a (i int);", "DROP TABLE a;");
    revision("b", "a", "", "CREATE TABLE b (i int);\nINSERT INTO b\n  SELECT nope FROM a;",
             "DROP TABLE b;");
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "42703");
    assert_string_equal(err.file, "migrations/b_x.sql");
    assert_int_equal(err.line, 8);
    assert_int_equal(err.column, 10);
    assert_string_equal(err.source, "  SELECT nope FROM a;");
    assert_sql(ids, "a");
    assert_sql("SELECT to_regclass('b') IS NULL", "t");
    assert_sql("SELECT event || ' ' || id || ' ' || sqlstate FROM pgbraid.event ORDER BY seq DESC "
               "LIMIT 1",
               "fail b 42703");
    /* a table that is there though no revision says so */
    sql_ok("CREATE TABLE b (i int)");
    o = defaults();
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "42P07");
    assert_non_null(strstr(err.hint, "stamp --verified b"));
}

/* What a file does to the session neither keeps its row from being written nor reaches the next. */
static void test_session_is_restored(void **state)
{
    pgb_run_options o = defaults();

    (void)state;
    sql_ok("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'weak') THEN CREATE "
           "ROLE weak; END IF; END $$");
    revision("a", "", "",
             "SET search_path = ''; SET lock_timeout = '1ms'; CREATE TEMP TABLE tt (i int);\n"
             "PREPARE p AS SELECT 1; LISTEN x; DECLARE c CURSOR WITH HOLD FOR SELECT 1;\n"
             "SELECT set_config('pgbraid.token', 'other', false);\n"
             "SET synchronous_commit = off; SET ROLE weak;",
             "");
    revision(
        "b", "a", "",
        "CREATE TABLE got AS SELECT current_user::text AS u, current_setting('search_path') AS "
        "p, current_setting('synchronous_commit') AS s, to_regclass('pg_temp.tt')::text AS t, "
        "(SELECT count(*) FROM pg_prepared_statements WHERE name = 'p') AS n, (SELECT "
        "count(*) FROM pg_cursors WHERE name = 'c') AS c, (SELECT count(*) FROM "
        "pg_listening_channels()) AS l, current_setting('lock_timeout') AS lt;",
        "DROP TABLE got;");
    act_ok(&o, UPGRADE, NULL);
    assert_sql("SELECT concat_ws('|', u, p, s, coalesce(t, 'gone'), n, c, l, lt) FROM got",
               "postgres|\"$user\", public|on|gone|0|0|0|5s");
    /* a file that throws our prepared statements away */
    revision("c", "b", "", "DEALLOCATE ALL; CREATE TABLE c (i int);", "DROP TABLE c;");
    revision("d", "c", "", "CREATE TABLE d (i int);", "DROP TABLE d;");
    o = defaults();
    act_ok(&o, UPGRADE, NULL);
    assert_sql(ids, "a,b,c,d");
}

static void test_lock_released_by_a_file(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    revision("a", "", "", "CREATE TABLE a (i int); SELECT pg_advisory_unlock_all();",
             "DROP TABLE a;");
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_UNSAFE);
    assert_non_null(strstr(err.message, "runner lock"));
    assert_sql("SELECT to_regclass('a') IS NULL", "t");
}

/* A revision of tables and indexes alone leaves nothing behind, so nothing is restored behind it;
 * but where event triggers are, any statement may run anything, also one that was made on the way.
 */
static void event_triggers(bool one_transaction)
{
    pgb_run_options o = defaults();

    o.one_transaction = one_transaction;
    revision(
        "a", "", "",
        "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
        "set_config('search_path', 'pg_catalog, nowhere', false); EXECUTE 'LISTEN x'; EXECUTE "
        "'PREPARE leak AS SELECT 1'; END $$; CREATE EVENT TRIGGER e ON ddl_command_end WHEN TAG "
        "IN ('CREATE TABLE') EXECUTE FUNCTION e();",
        "DROP EVENT TRIGGER e; DROP FUNCTION e;");
    revision("b", "a", "", "CREATE TABLE public.b (i int);", "DROP TABLE b;");
    revision(
        "c", "b", "",
        "CREATE TABLE public.got AS SELECT current_setting('search_path') AS p, (SELECT count(*) "
        "FROM pg_prepared_statements WHERE name = 'leak') AS n, (SELECT count(*) FROM "
        "pg_listening_channels()) AS l;",
        "DROP TABLE got;");
    act_ok(&o, UPGRADE, NULL);
    assert_sql("SELECT concat_ws('|', p, n, l) FROM got",
               one_transaction ? "\"$user\", public|1|0" : "\"$user\", public|0|0");
    o = defaults();
    o.one_transaction = one_transaction;
    act_ok(&o, DOWNGRADE, "base");
}

static void test_event_triggers(void **state)
{
    (void)state;
    event_triggers(false);
}

static void test_event_triggers_in_one_transaction(void **state)
{
    (void)state;
    event_triggers(true);
}

static void test_lock_released_by_an_event_trigger(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    sql_ok("CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM "
           "pg_advisory_unlock_all(); END'");
    revision("a", "", "", "CREATE TABLE a (i int);", "DROP TABLE a;");
    revision("b", "a", "", "CREATE TABLE b (i int);", "DROP TABLE b;");
    act_ok(&o, UPGRADE, "a");
    sql_ok("CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION e()");
    o = defaults();
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_UNSAFE);
    assert_non_null(strstr(err.message, "runner lock"));
    assert_sql("SELECT to_regclass('b') IS NULL", "t");
    sql_ok("DROP EVENT TRIGGER e");
}

static void test_deferred_constraint(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    revision("a", "", "",
             "CREATE TABLE p (i int PRIMARY KEY); CREATE TABLE k (i int REFERENCES p DEFERRABLE "
             "INITIALLY DEFERRED);",
             "DROP TABLE k, p;");
    revision("b", "a", "", "INSERT INTO k VALUES (1); INSERT INTO p VALUES (1);",
             "DELETE FROM k; DELETE FROM p;");
    revision("c", "b", "", "INSERT INTO k VALUES (2);", "");
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "23503");
    assert_sql(ids, "a,b");
    o = defaults();
    o.one_transaction = true;
    act_ok(&o, DOWNGRADE, "base");
    o = defaults();
    o.one_transaction = true;
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_SQL);
    assert_string_equal(err.file, "migrations/c_x.sql");
    assert_sql(ids, "");
    o = defaults();
    o.one_transaction = true;
    act_ok(&o, UPGRADE, "b");
    assert_sql(ids, "a,b");
}

static void test_verify_block(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    put("a_x.sql",
        "-- pgbraid:revision a\n-- pgbraid:up\nCREATE TABLE a (i int CHECK (i > 0));\n"
        "-- pgbraid:verify\nSELECT true;\nSELECT 1 FROM a;\n"
        "-- pgbraid:verify\nSELECT count(*) = 1\n  FROM a;\n-- pgbraid:down\nDROP TABLE a;\n");
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_FAILED);
    assert_non_null(strstr(err.message, "verify"));
    assert_int_equal(err.line, 8);
    assert_sql("SELECT to_regclass('a') IS NULL", "t");
}

static void test_copy(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    revision("a", "", "",
             "CREATE TABLE a (i int, t text);\nCOPY a FROM stdin;\n1\tone\n2\ttwo\n\\.\n"
             "CREATE TABLE n AS SELECT count(*) AS n FROM a;",
             "DROP TABLE a, n;");
    act_ok(&o, UPGRADE, NULL);
    assert_sql("SELECT n FROM n", "2");
    revision("b", "a", "", "CREATE TABLE b (i int);\nCOPY b FROM stdin;\n1\nx\n\\.\n", "");
    o = defaults();
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "22P02");
    assert_int_equal(err.line, 7);
    assert_sql("SELECT to_regclass('b') IS NULL", "t");
    o = defaults();
    o.one_transaction = true;
    act_ok(&o, DOWNGRADE, "base");
    o = defaults();
    o.one_transaction = true;
    act_ok(&o, UPGRADE, "a");
    assert_sql("SELECT n FROM n", "2");
}

static void test_stored_down(void **state)
{
    pgb_run_options o = defaults();
    char path[128];

    (void)state;
    revision("a", "", "", "CREATE TABLE a (i int);", "DROP TABLE a;");
    revision("b", "a", "", "CREATE TABLE b (i int);", "DROP TABLE b;");
    act_ok(&o, UPGRADE, NULL);
    snprintf(path, sizeof path, "%s/migrations/b_x.sql", project.root);
    unlink(path);
    /* a present file's way back wins over the stored one, and that is said */
    revision("a", "", "", "CREATE TABLE a (i int);", "DROP TABLE a; CREATE TABLE trace ();");
    o = defaults();
    act_ok(&o, DOWNGRADE, "base");
    assert_non_null(strstr(seen.notice, "way back"));
    assert_sql("SELECT to_regclass('b') IS NULL AND to_regclass('trace') IS NOT NULL", "t");
}

static void test_stamp(void **state)
{
    pgb_run_options o = defaults();

    (void)state;
    revision("a", "", "", "CREATE TABLE a (i int);", "DROP TABLE a;");
    revision("b", "a", "", "CREATE TABLE b (i int);", "DROP TABLE b;");
    act_ok(&o, STAMP, "b");
    assert_sql(ids, "a,b");
    assert_sql("SELECT to_regclass('a') IS NULL AND bool_and(stamped) FROM pgbraid.revision", "t");
    assert_sql("SELECT length(up_norm) FROM pgbraid.revision LIMIT 1", "64");
    o = defaults();
    act_ok(&o, STAMP, "a");
    assert_sql(ids, "a");
}

static void test_refused_before_anything_runs(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    revision("a", "", "", "CREATE TABLE a (i int);", "DROP TABLE a;");
    revision("b", "a", "", "CREATE INDEX CONCURRENTLY bi ON a (i);", "");
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_PROJECT);
    assert_int_equal(err.line, 6);
    assert_non_null(strstr(err.hint, "transaction none"));
    assert_sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgbraid'", "0");
}

/* ---- target, lock ---- */

static void test_read_only_target(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;
    char sql[96];

    (void)state;
    revision("a", "", "", "CREATE TABLE a (i int);", "DROP TABLE a;");
    snprintf(sql, sizeof sql, "ALTER DATABASE %s SET default_transaction_read_only = on",
             project.database);
    sql_ok(sql);
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_UNSAFE);
    assert_non_null(strstr(err.message, "read-only"));
    assert_int_not_equal(err.hint[0], 0);
}

static void test_second_runner_waits(void **state)
{
    pgb_run_options o = defaults(), second;
    pgb_runner *first = NULL;
    pgb_error err = PGB_ERROR_INIT;
    int64_t begun;

    (void)state;
    revision("a", "", "", "CREATE TABLE a (i int);", "DROP TABLE a;");
    assert_int_equal(pgb_runner_open(&o, &first, &err), PGB_OK);
    assert_int_equal(pgb_runner_lock(first, &err), PGB_OK);
    second = defaults();
    second.lock_wait_ms = 400;
    begun = pgb_clock_ms();
    assert_int_equal(act(&second, UPGRADE, NULL, &err), PGB_LOCK_WAIT);
    assert_in_range(pgb_clock_ms() - begun, 350, 5000);
    assert_true(seen.lock_waits > 0);
    assert_non_null(strstr(seen.holder, "pgbraid"));
    pgb_runner_close(first);
    second = defaults();
    act_ok(&second, UPGRADE, NULL);
}

/* ---- lock_timeout ---- */

static pgb_session *holder;

static void release_at_second(uint32_t attempt)
{
    if (attempt == 2) {
        pgb_session_close(holder);
        holder = NULL;
    }
}

static void test_lock_timeout_is_tried_again(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    revision("a", "", "", "CREATE TABLE a (i int);", "DROP TABLE a;");
    act_ok(&o, UPGRADE, NULL);
    revision("b", "a", "", "CREATE TABLE b (i int); ALTER TABLE a ADD j int;", "");
    holder = open_session();
    assert_int_equal(pgb_exec(holder, "BEGIN; SELECT * FROM a", NULL, &err), PGB_OK);
    o = defaults();
    o.lock_timeout_ms = 200;
    seen.on_blocked = release_at_second;
    act_ok(&o, UPGRADE, NULL);
    assert_int_equal(seen.blocked, 2);
    assert_non_null(strstr(seen.blockers, "SELECT * FROM a"));
    assert_sql(ids, "a,b");
    assert_sql("SELECT count(*) FROM pgbraid.event WHERE event = 'blocked'", "1");

    /* and in the end it is given up */
    revision("c", "b", "", "ALTER TABLE a ADD k int;", "");
    holder = open_session();
    assert_int_equal(pgb_exec(holder, "BEGIN; SELECT * FROM a", NULL, &err), PGB_OK);
    o = defaults();
    o.lock_timeout_ms = 100;
    o.lock_deadline_ms = 600;
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "55P03");
    assert_non_null(strstr(err.hint, "--lock-deadline"));
    assert_string_equal(err.file, "migrations/c_x.sql");
    pgb_session_close(holder);
    holder = NULL;
}

/* ---- lost ---- */

static void test_crash_while_working(void **state)
{
    pgb_run_options o = defaults();

    (void)state;
    revision("a", "", "", "CREATE TABLE a (i int);", "DROP TABLE a;");
    revision("b", "a", "",
             "CREATE TABLE b (i int);\nDO $$ BEGIN RAISE NOTICE 'kill %', pg_backend_pid(); END $$;"
             "\nSELECT pg_sleep(0.5);",
             "DROP TABLE b;");
    revision("c", "b", "", "CREATE TABLE c (i int);", "DROP TABLE c;");
    seen.on_notice = kill_backend;
    act_ok(&o, UPGRADE, NULL);
    assert_int_equal(seen.ends, 3);
    assert_sql(ids, "a,b,c");
    assert_sql("SELECT count(*) FROM pgbraid.event WHERE event = 'upgrade'", "3");
}

static void test_terminated_by_somebody(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    revision("a", "", "", "CREATE TABLE a (i int);", "DROP TABLE a;");
    revision("b", "a", "", "SELECT pg_terminate_backend(pg_backend_pid());", "");
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_CONNECT);
    assert_string_equal(err.sqlstate, "57P01");
    assert_sql(ids, "a");
}

/* ---- interruption ---- */

static volatile int interrupted;

static void interrupt_now(const char *text)
{
    if (strcmp(text, "now") == 0) {
        interrupted = 1;
    }
}

static void test_interruption(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;
    int64_t begun = pgb_clock_ms();

    (void)state;
    revision("a", "", "", "CREATE TABLE a (i int);", "DROP TABLE a;");
    revision("b", "a", "",
             "CREATE TABLE b (i int);\nDO $$ BEGIN RAISE NOTICE 'now'; END $$;\nSELECT "
             "pg_sleep(60);",
             "");
    o.interrupted = &interrupted;
    seen.on_notice = interrupt_now;
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_INTERRUPTED);
    interrupted = 0;
    assert_true(pgb_clock_ms() - begun < 15000);
    assert_sql(ids, "a");
    assert_sql("SELECT to_regclass('b') IS NULL", "t");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(test_up_and_down),
        RUN_TEST(test_one_wait_per_revision),
        RUN_TEST(test_waits_of_a_first_run),
        RUN_TEST(test_failure),
        RUN_TEST(test_session_is_restored),
        RUN_TEST(test_lock_released_by_a_file),
        RUN_TEST(test_event_triggers),
        RUN_TEST(test_event_triggers_in_one_transaction),
        RUN_TEST(test_lock_released_by_an_event_trigger),
        RUN_TEST(test_deferred_constraint),
        RUN_TEST(test_verify_block),
        RUN_TEST(test_copy),
        RUN_TEST(test_stored_down),
        RUN_TEST(test_stamp),
        RUN_TEST(test_refused_before_anything_runs),
        RUN_TEST(test_read_only_target),
        RUN_TEST(test_second_runner_waits),
        RUN_TEST(test_lock_timeout_is_tried_again),
        RUN_TEST(test_crash_while_working),
        RUN_TEST(test_terminated_by_somebody),
        RUN_TEST(test_interruption),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
