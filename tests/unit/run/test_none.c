/* Revisions outside a transaction: what is there after a failure, a crash, an edit, and that a
 * rerun goes on where it stopped. */
#include "runtest.h"

static const char valid_index[] =
    "SELECT coalesce(string_agg(c.relname || CASE WHEN x.indisvalid THEN '' ELSE '!' END, ',' "
    "ORDER "
    "BY c.relname), '') FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_class t ON "
    "t.oid = x.indrelid WHERE t.relnamespace = 'public'::regnamespace";

static void base(void)
{
    revision("a", "", "",
             "CREATE TABLE a (i int, j int); INSERT INTO a SELECT g, g FROM "
             "generate_series(1, 100) g;",
             "DROP TABLE a;");
}

static void test_index_and_back(void **state)
{
    pgb_run_options o = defaults();

    (void)state;
    base();
    revision(
        "b", "a", "-- pgbraid:transaction none\n",
        "CREATE INDEX CONCURRENTLY ai ON a (i);\nINSERT INTO a VALUES (0, 0);\n"
        "CREATE UNIQUE INDEX CONCURRENTLY aj ON a (j);",
        "DROP INDEX CONCURRENTLY ai;\nDROP INDEX CONCURRENTLY aj;\nDELETE FROM a WHERE i = 0;");
    act_ok(&o, UPGRADE, NULL);
    assert_sql(valid_index, "ai,aj");
    assert_sql("SELECT count(*) FROM pgbraid.step", "0");
    assert_sql(ids, "a,b");
    assert_sql("SELECT count(*) FROM a WHERE i = 0", "1");
    o = defaults();
    act_ok(&o, DOWNGRADE, "a");
    assert_sql(valid_index, "");
    assert_sql(ids, "a");
    o = defaults();
    act_ok(&o, UPGRADE, NULL);
    assert_sql(ids, "a,b");
}

/* A build that fails leaves no invalid index, and the rerun goes on behind what was done. */
static void test_failed_build_is_cleared_away(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    base();
    revision("b", "a", "-- pgbraid:transaction none\n",
             "INSERT INTO a VALUES (1, 1);\nCREATE UNIQUE INDEX CONCURRENTLY ai ON a (i);", "");
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "23505");
    assert_int_equal(err.line, 8);
    assert_sql(valid_index, "");
    assert_sql(ids, "a");
    assert_sql("SELECT string_agg(ordinal || ' ' || state, ',' ORDER BY ordinal) FROM pgbraid.step",
               "1 done");
    assert_sql("SELECT event FROM pgbraid.event ORDER BY seq DESC LIMIT 1", "fail");
    sql_ok("DELETE FROM a WHERE ctid = (SELECT max(ctid) FROM a WHERE i = 1)");
    o = defaults();
    act_ok(&o, UPGRADE, NULL);
    assert_sql(valid_index, "ai");
    assert_sql("SELECT count(*) FROM a", "100"); /* the INSERT was not run again */
    assert_sql(ids, "a,b");
}

static void test_edited_statement_is_refused(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    base();
    revision("b", "a", "-- pgbraid:transaction none\n",
             "INSERT INTO a VALUES (1, 1);\nCREATE UNIQUE INDEX CONCURRENTLY ai ON a (i);", "");
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_SQL);
    revision("b", "a", "-- pgbraid:transaction none\n",
             "INSERT INTO a VALUES (2, 2);\nCREATE INDEX CONCURRENTLY ai ON a (i);", "");
    o = defaults();
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_REFUSED);
    assert_non_null(strstr(err.message, "edited"));
    assert_int_equal(err.line, 7);
    assert_sql("SELECT count(*) FROM a", "101");
    /* what was not begun may change */
    revision("b", "a", "-- pgbraid:transaction none\n",
             "INSERT INTO a VALUES (1, 1);\nCREATE INDEX CONCURRENTLY ai ON a (i);", "");
    o = defaults();
    act_ok(&o, UPGRADE, NULL);
    assert_sql(valid_index, "ai");
}

/* An intent row and an invalid index, as a killed server leaves them. */
static void test_invalid_index_of_ours_is_mended(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    base();
    revision("b", "a", "-- pgbraid:transaction none\n",
             "CREATE INDEX CONCURRENTLY ai ON a (i);\nSELECT 1/0;", "");
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_SQL);
    assert_sql(valid_index, "ai");
    sql_ok("UPDATE pgbraid.step SET state = 'intent'; UPDATE pg_index SET indisvalid = false WHERE "
           "indexrelid = 'ai'::regclass");
    o = defaults();
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "22012");
    assert_sql(valid_index, "ai"); /* dropped and built again */
    assert_sql("SELECT count(*) FROM pgbraid.event WHERE event = 'mend'", "1");
    /* one that is whole is not built again */
    sql_ok("UPDATE pgbraid.step SET state = 'intent'");
    o = defaults();
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_SQL);
    assert_sql("SELECT count(*) FROM pgbraid.event WHERE event = 'mend'", "1");
    assert_sql(valid_index, "ai");
}

/* An invalid index that was there before is nobody's to drop but its owner's. */
static void test_foreign_invalid_index(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    base();
    revision("b", "a", "-- pgbraid:transaction none\n",
             "CREATE INDEX CONCURRENTLY IF NOT EXISTS ai ON a (i);", "");
    act_ok(&o, UPGRADE, "a");
    sql_ok("CREATE INDEX ai ON a (i); UPDATE pg_index SET indisvalid = false WHERE indexrelid = "
           "'ai'::regclass");
    o = defaults();
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_FAILED);
    assert_non_null(strstr(err.message, "invalid"));
    assert_sql(ids, "a");
    assert_sql(valid_index, "ai!");
}

static void test_crash_during_build(void **state)
{
    pgb_run_options o = defaults();

    (void)state;
    base();
    /* the index expression tells whom to kill, once */
    sql_ok(
        "CREATE FUNCTION tell(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN IF $1 = 50 "
        "THEN RAISE NOTICE 'kill %', pg_backend_pid(); PERFORM pg_sleep(0.3); END IF; RETURN $1; "
        "END $$");
    revision("b", "a", "-- pgbraid:transaction none\n",
             "CREATE INDEX CONCURRENTLY ai ON a (tell(i));\nINSERT INTO a VALUES (0, 0);", "");
    seen.on_notice = kill_backend;
    act_ok(&o, UPGRADE, NULL);
    assert_sql(valid_index, "ai");
    assert_sql(ids, "a,b");
    assert_sql("SELECT count(*) FROM a WHERE i = 0", "1");
    assert_sql("SELECT count(*) FROM pgbraid.step", "0");
}

/* An index without a name, killed in the middle, and two new ones since: which is it? */
static void test_undecidable(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    base();
    revision("b", "a", "-- pgbraid:transaction none\n",
             "CREATE INDEX CONCURRENTLY ON a (i);\nSELECT 1/0;", "");
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_SQL);
    sql_ok("UPDATE pgbraid.step SET state = 'intent', before = ''; CREATE INDEX ON a (j)");
    o = defaults();
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_UNKNOWN);
    assert_non_null(strstr(err.hint, "repair"));
    assert_int_equal(err.line, 7);
    assert_sql("SELECT count(*) FROM pg_index WHERE indrelid = 'a'::regclass", "2");
}

static void test_settings_of_the_file(void **state)
{
    pgb_run_options o = defaults();

    (void)state;
    base();
    revision("b", "a", "-- pgbraid:transaction none\n",
             "CREATE SCHEMA s;\nSET search_path = s;\nCREATE TABLE t (i int);\n"
             "CREATE INDEX CONCURRENTLY ti ON t (i);",
             "");
    revision("c", "b", "", "CREATE TABLE here ();", "");
    act_ok(&o, UPGRADE, NULL);
    assert_sql("SELECT (to_regclass('s.ti') IS NOT NULL) AND (to_regclass('public.here') IS NOT "
               "NULL)",
               "t");
}

static void test_enum_value_and_whole_refuses(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    revision("a", "", "", "CREATE TYPE e AS ENUM ('x'); CREATE TABLE a (v e);", "");
    revision("b", "a", "-- pgbraid:transaction none\n",
             "ALTER TYPE e ADD VALUE 'y';\nINSERT INTO a VALUES ('y');", "");
    act_ok(&o, UPGRADE, "a");
    o = defaults();
    o.one_transaction = true;
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_REFUSED);
    assert_sql(ids, "a");
    o = defaults();
    act_ok(&o, UPGRADE, NULL);
    assert_sql("SELECT string_agg(v::text, ',') FROM a", "y");
}

static void test_downgrade_half_way(void **state)
{
    pgb_run_options o = defaults();
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    base();
    revision("b", "a", "-- pgbraid:transaction none\n", "CREATE INDEX CONCURRENTLY ai ON a (i);",
             "DROP INDEX CONCURRENTLY ai;\nSELECT 1/(SELECT count(*) FROM a WHERE i = -1);");
    act_ok(&o, UPGRADE, NULL);
    o = defaults();
    assert_int_equal(act(&o, DOWNGRADE, "a", &err), PGB_SQL);
    assert_sql("SELECT state FROM pgbraid.revision WHERE id = 'b'", "incomplete");
    assert_sql(valid_index, "");
    /* forward is refused until the way back is finished */
    o = defaults();
    assert_int_equal(act(&o, UPGRADE, NULL, &err), PGB_REFUSED);
    sql_ok("INSERT INTO a VALUES (-1, 0)");
    o = defaults();
    act_ok(&o, DOWNGRADE, "b^");
    assert_sql(ids, "a");
    assert_sql("SELECT count(*) FROM pgbraid.step", "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(test_index_and_back),
        RUN_TEST(test_failed_build_is_cleared_away),
        RUN_TEST(test_edited_statement_is_refused),
        RUN_TEST(test_invalid_index_of_ours_is_mended),
        RUN_TEST(test_foreign_invalid_index),
        RUN_TEST(test_crash_during_build),
        RUN_TEST(test_undecidable),
        RUN_TEST(test_settings_of_the_file),
        RUN_TEST(test_enum_value_and_whole_refuses),
        RUN_TEST(test_downgrade_half_way),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
