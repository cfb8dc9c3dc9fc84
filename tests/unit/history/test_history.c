#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../support/pgtest.h"
#include "history/write.h"

static pgb_session *open_as(const char *user)
{
    char conninfo[256];
    pgb_session_options o = {.conninfo = conninfo, .connect_timeout_ms = -1};
    pgb_session *s = NULL;
    pgb_error err = PGB_ERROR_INIT;

    snprintf(conninfo, sizeof conninfo, "host=%s user=%s dbname=postgres", pgtest.dir, user);
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

static void send_ok(pgb_session *s, const pgb_statement *st)
{
    pgb_error err = PGB_ERROR_INIT;

    assert_non_null(st);
    if (pgb_exec_params(s, st->sql, st->n, st->values, NULL, &err) != PGB_OK) {
        fail_msg("%s: %s", st->sql, err.message);
    }
}

static const char run_id[] = "11111111-2222-4333-8444-555555555555";

static pgb_record a_record(const char *id)
{
    static const char *const parents[] = {"p1", "p2"};
    static const char *const labels[] = {"a \"label\", with {odd} \\ things"};

    return (pgb_record){.id = id,
                        .parents = parents,
                        .n_parents = 2,
                        .labels = labels,
                        .n_labels = 1,
                        .title = "it's a title",
                        .file = "migrations/x\xff.sql",
                        .header = "-- h",
                        .up = "SELECT 'up';",
                        .down = "SELECT $$down$$ \\;",
                        .header_raw = "h1",
                        .header_norm = "h2",
                        .up_raw = "u1",
                        .up_norm = "u2",
                        .down_raw = "d1",
                        .down_norm = "d2",
                        .has_down = true,
                        .run = run_id,
                        .from = "me@here"};
}

static pgb_applied_set *read_as(pgb_session *s, pgb_arena *arena)
{
    pgb_applied_set *set = NULL;
    pgb_error err = PGB_ERROR_INIT;

    if (pgb_history_read(s, NULL, "demo", arena, &set, &err) != PGB_OK) {
        fail_msg("%s", err.message);
    }
    return set;
}

static void test_nothing_there(void **state)
{
    pgb_session *s = open_as("postgres");
    PGB_AUTO_ARENA(arena);
    pgb_applied_set *set = read_as(s, arena);

    (void)state;
    assert_false(set->exists);
    assert_int_equal(set->n, 0);
    pgb_applied_set_done(set);
    pgb_session_close(s);
}

static void test_write_and_read(void **state)
{
    pgb_session *s = open_as("postgres");
    PGB_AUTO_ARENA(arena);
    pgb_error err = PGB_ERROR_INIT;
    pgb_history *h = NULL;
    pgb_applied_set *set;
    pgb_record record = a_record("r1");
    pgb_step_row step = {
        .ordinal = 3, .hash = "s", .kind = "k", .object = "o", .before = "17", .done = false};
    pgb_step_row *steps;
    pgb_event *events;
    const char *text;
    size_t len;
    uint32_t n;
    bool did;

    (void)state;
    assert_int_equal(pgb_history_ensure(s, NULL, &did, &err), PGB_OK);
    assert_true(did);
    assert_int_equal(pgb_history_ensure(s, NULL, &did, &err), PGB_OK);
    assert_false(did);
    assert_int_equal(pgb_history_open(s, NULL, "demo", arena, &h, &err), PGB_OK);
    send_ok(s, pgb_history_event(h, arena, "r1", "fail", run_id, "me@here", 5, "42P01", "no"));
    set = read_as(s, arena);
    assert_true(set->exists);
    assert_int_equal(set->version, PGB_HISTORY_VERSION);
    assert_int_equal(set->n_failed, 1);
    pgb_applied_set_done(set);

    send_ok(s, pgb_history_record(h, arena, &record));
    send_ok(s, pgb_history_set_step(h, arena, "r9", true, &step, run_id));
    set = read_as(s, arena);
    assert_int_equal(set->n, 1);
    assert_int_equal(set->n_failed, 0);
    assert_string_equal(set->rows[0].id, "r1");
    assert_int_equal(set->rows[0].n_parents, 2);
    assert_string_equal(set->rows[0].parents[1], "p2");
    assert_int_equal(set->rows[0].n_depends, 0);
    assert_string_equal(set->rows[0].labels[0], record.labels[0]);
    assert_string_equal(set->rows[0].title, "it's a title");
    assert_string_equal(set->rows[0].file, "migrations/x\\xFF.sql");
    assert_string_equal(set->rows[0].run, run_id);
    assert_string_equal(set->rows[0].by, "postgres");
    assert_int_equal(strlen(set->rows[0].at), strlen("2024-01-01T00:00:00.000000+00:00"));
    assert_null(set->rows[0].irreversible);
    assert_true(set->rows[0].has_down_text);
    assert_false(set->rows[0].incomplete);
    pgb_applied_set_done(set);

    assert_int_equal(
        pgb_history_text(s, NULL, "demo", "r1", PGB_TEXT_DOWN, arena, &text, &len, &err), PGB_OK);
    assert_string_equal(text, record.down);
    assert_int_equal(
        pgb_history_text(s, NULL, "demo", "nope", PGB_TEXT_UP, arena, &text, &len, &err), PGB_OK);
    assert_null(text);

    assert_int_equal(pgb_history_steps(s, h, "r9", true, arena, &steps, &n, &err), PGB_OK);
    assert_int_equal(n, 1);
    assert_false(steps[0].done);
    assert_string_equal(steps[0].before, "17");
    step.done = true;
    send_ok(s, pgb_history_set_step(h, arena, "r9", true, &step, run_id));
    assert_int_equal(pgb_history_steps(s, h, "r9", true, arena, &steps, &n, &err), PGB_OK);
    assert_true(steps[0].done);
    send_ok(s, pgb_history_clear_steps(h, arena, "r9", true));

    send_ok(s, pgb_history_forget(h, arena, "r1", "downgrade", run_id, "me@here", NULL));
    set = read_as(s, arena);
    assert_int_equal(set->n, 0);
    pgb_applied_set_done(set);
    assert_int_equal(pgb_history_events(s, NULL, "demo", 0, arena, &events, &n, &err), PGB_OK);
    assert_int_equal(n, 3);
    assert_string_equal(events[0].event, "fail");
    assert_string_equal(events[1].event, "upgrade");
    assert_string_equal(events[2].event, "downgrade");
    assert_int_equal(pgb_history_events(s, NULL, "demo", 1, arena, &events, &n, &err), PGB_OK);
    assert_int_equal(n, 1);
    assert_string_equal(events[0].event, "downgrade");
    pgb_session_close(s);
}

/* The same statement as literals gives the same row. */
static void test_render(void **state)
{
    pgb_session *s = open_as("postgres");
    PGB_AUTO_ARENA(arena);
    pgb_error err = PGB_ERROR_INIT;
    pgb_history *h = NULL;
    pgb_record record = a_record("lit");
    PGB_AUTO_BUF(sql);
    pgb_applied_set *set;
    pgb_statement *st;
    pgb_result *r = NULL;
    const char *text, *script;
    bool did;
    size_t len;

    (void)state;
    assert_int_equal(pgb_history_open(s, NULL, "demo", arena, &h, &err), PGB_OK);
    /* an incomplete row is taken over, an applied one is not */
    record.begins = true;
    send_ok(s, pgb_history_record(h, arena, &record));
    set = read_as(s, arena);
    assert_true(set->rows[0].incomplete);
    pgb_applied_set_done(set);
    record.begins = false;
    pgb_statement_render(pgb_history_record(h, arena, &record), &sql);
    assert_false(sql.failed);
    exec_ok(s, "SET standard_conforming_strings = off");
    exec_ok(s, pgb_buf_str(&sql));
    assert_int_equal(
        pgb_history_text(s, NULL, "demo", "lit", PGB_TEXT_DOWN, arena, &text, &len, &err), PGB_OK);
    assert_string_equal(text, record.down);
    set = read_as(s, arena);
    assert_false(set->rows[0].incomplete);
    pgb_applied_set_done(set);
    st = pgb_history_record(h, arena, &record);
    assert_int_equal(pgb_exec_params(s, st->sql, st->n, st->values, &r, &err), PGB_OK);
    assert_string_equal(pgb_result_tag(r), "INSERT 0 0");
    pgb_result_free(r);
    send_ok(s, pgb_history_accept_text(h, arena, &record));
    send_ok(s, pgb_history_accept_parents(h, arena, &record));
    send_ok(s, pgb_history_mark_incomplete(h, arena, "lit"));
    send_ok(s, pgb_history_delete_step(h, arena, "lit", true, 1));
    script = pgb_history_creation(s, "by_script", arena);
    assert_non_null(script);
    exec_ok(s, script);
    assert_int_equal(pgb_history_ensure(s, "by_script", &did, &err), PGB_OK);
    assert_false(did);
    pgb_session_close(s);
}

static void test_reader_role(void **state)
{
    pgb_session *s = open_as("postgres"), *reader;
    PGB_AUTO_ARENA(arena);
    pgb_applied_set *set;
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    exec_ok(s, "CREATE ROLE reader LOGIN");
    reader = open_as("reader");
    assert_int_equal(pgb_history_read(reader, NULL, "demo", arena, &set, &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "42501");
    assert_non_null(strstr(err.hint, "GRANT"));
    exec_ok(s, "GRANT USAGE ON SCHEMA pgbraid TO reader; "
               "GRANT SELECT ON ALL TABLES IN SCHEMA pgbraid TO reader");
    set = read_as(reader, arena);
    assert_int_equal(set->n, 1);
    pgb_applied_set_done(set);
    pgb_session_close(reader);
    pgb_session_close(s);
}

static void test_trust(void **state)
{
    static const struct {
        const char *make, *undo, *says;
    } cases[] = {
        {"GRANT CREATE ON SCHEMA pgbraid TO PUBLIC", "REVOKE CREATE ON SCHEMA pgbraid FROM PUBLIC",
         "everybody may create"},
        {"GRANT UPDATE ON pgbraid.revision TO other",
         "REVOKE UPDATE ON pgbraid.revision FROM other", "other may write to revision"},
        {"GRANT UPDATE (down) ON pgbraid.revision TO other",
         "REVOKE UPDATE (down) ON pgbraid.revision FROM other", "other may write to revision"},
        {"CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
         "CREATE TRIGGER t BEFORE INSERT ON pgbraid.event FOR EACH ROW EXECUTE FUNCTION tf()",
         "DROP TRIGGER t ON pgbraid.event", "event in it has the trigger t"},
        {"CREATE RULE ru AS ON INSERT TO pgbraid.event DO ALSO NOTHING",
         "DROP RULE ru ON pgbraid.event", "event in it has the rule ru"},
        {"ALTER SCHEMA pgbraid OWNER TO other", "ALTER SCHEMA pgbraid OWNER TO postgres",
         "owned by other"},
        {"ALTER TABLE pgbraid.step OWNER TO other", "ALTER TABLE pgbraid.step OWNER TO postgres",
         "step in it is owned by other"},
        {"ALTER TABLE pgbraid.step ENABLE ROW LEVEL SECURITY",
         "ALTER TABLE pgbraid.step DISABLE ROW LEVEL SECURITY", "step in it is no ordinary table"},
        {"UPDATE pgbraid.meta SET version = 99, tool_version = '9.9'",
         "UPDATE pgbraid.meta SET version = 2", "newer"},
    };
    pgb_session *s = open_as("postgres");

    (void)state;
    exec_ok(s, "CREATE ROLE other LOGIN");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pgb_error err = PGB_ERROR_INIT;

        exec_ok(s, cases[i].make);
        assert_int_equal(pgb_history_ensure(s, NULL, NULL, &err), PGB_UNSAFE);
        if (strstr(err.detail, cases[i].says) == NULL &&
            strstr(err.message, cases[i].says) == NULL) {
            fail_msg("%s: %s", err.message, err.detail);
        }
        assert_int_not_equal(err.hint[0], 0);
        exec_ok(s, cases[i].undo);
        pgb_error_clear(&err);
        assert_int_equal(pgb_history_ensure(s, NULL, NULL, &err), PGB_OK);
    }
    pgb_session_close(s);
}

/* A history of the first version gets the tables of backfills, and keeps what it has. */
static void test_upgrade_of_itself(void **state)
{
    pgb_session *s = open_as("postgres");
    pgb_error err = PGB_ERROR_INIT;
    pgb_result *r = NULL;
    bool did = false;

    (void)state;
    assert_int_equal(pgb_history_ensure(s, NULL, NULL, &err), PGB_OK);
    exec_ok(s, "DROP TABLE pgbraid.backfill, pgbraid.backfill_run, pgbraid.backfill_outcome, "
               "pgbraid.backfill_error; UPDATE pgbraid.meta SET version = 1");
    assert_int_equal(pgb_history_ensure(s, NULL, &did, &err), PGB_OK);
    assert_true(did);
    assert_int_equal(pgb_exec(s,
                              "SELECT m.version, pg_catalog.to_regclass('pgbraid.backfill_error') "
                              "IS NOT NULL FROM pgbraid.meta m",
                              &r, &err),
                     PGB_OK);
    assert_int_equal(pgb_result_int(r, 0, 0), PGB_HISTORY_VERSION);
    assert_true(pgb_result_bool(r, 0, 1));
    pgb_result_free(r);
    assert_int_equal(pgb_history_ensure(s, NULL, &did, &err), PGB_OK);
    assert_false(did);
    pgb_session_close(s);
}

static void test_other_owner_and_no_privilege(void **state)
{
    pgb_session *s = open_as("other");
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    assert_int_equal(pgb_history_ensure(s, "other_schema", NULL, &err), PGB_SQL);
    assert_string_equal(err.sqlstate, "42501");
    assert_non_null(strstr(err.hint, "AUTHORIZATION"));
    pgb_session_close(s);

    s = open_as("postgres");
    exec_ok(s, "CREATE SCHEMA other_schema AUTHORIZATION other");
    pgb_session_close(s);
    s = open_as("other");
    pgb_error_clear(&err);
    assert_int_equal(pgb_history_ensure(s, "other_schema", NULL, &err), PGB_OK);
    pgb_session_close(s);
    /* and a superuser does not run what another role may write */
    s = open_as("postgres");
    assert_int_equal(pgb_history_ensure(s, "other_schema", NULL, &err), PGB_UNSAFE);
    pgb_session_close(s);
}

static void test_odd_schema_name(void **state)
{
    pgb_session *s = open_as("postgres");
    PGB_AUTO_ARENA(arena);
    pgb_error err = PGB_ERROR_INIT;
    const char *name = "we\"ird; DROP TABLE x --";
    pgb_applied_set *set;

    (void)state;
    assert_int_equal(pgb_history_ensure(s, name, NULL, &err), PGB_OK);
    assert_int_equal(pgb_history_read(s, name, "demo", arena, &set, &err), PGB_OK);
    assert_true(set->exists);
    pgb_applied_set_done(set);
    exec_ok(s, "CREATE SCHEMA taken; CREATE TABLE taken.t ()");
    assert_int_equal(pgb_history_ensure(s, "taken", NULL, &err), PGB_UNSAFE);
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
        cmocka_unit_test(test_nothing_there),
        cmocka_unit_test(test_write_and_read),
        cmocka_unit_test(test_render),
        cmocka_unit_test(test_reader_role),
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_upgrade_of_itself),
        cmocka_unit_test(test_other_owner_and_no_privilege),
        cmocka_unit_test(test_odd_schema_name),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
