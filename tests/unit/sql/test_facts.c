#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "sql/parse.h"

static pgb_parser *parser;

static int setup(void **state)
{
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    return pgb_parser_new(&parser, &err) == PGB_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    pgb_parser_free(parser);
    return 0;
}

static const struct row {
    const char *sql;
    pgb_stmt_kind kind;
    bool no_transaction;
    const char *schema, *object, *on_table, *value;
} rows[] = {
    {"CREATE TABLE s.t (a int)", PGB_STMT_PLAIN, false, "s", "t", NULL, NULL},
    {"-- only a comment", PGB_STMT_EMPTY, false, NULL, NULL, NULL, NULL},
    {"BEGIN", PGB_STMT_TRANSACTION, false, NULL, NULL, NULL, NULL},
    {"end", PGB_STMT_TRANSACTION, false, NULL, NULL, NULL, NULL},
    {"ABORT", PGB_STMT_TRANSACTION, false, NULL, NULL, NULL, NULL},
    {"PREPARE TRANSACTION 'x'", PGB_STMT_TRANSACTION, false, NULL, NULL, NULL, NULL},
    {"SAVEPOINT a", PGB_STMT_SAVEPOINT, false, NULL, NULL, NULL, NULL},
    {"ROLLBACK TO a", PGB_STMT_SAVEPOINT, false, NULL, NULL, NULL, NULL},
    {"CREATE INDEX i ON t (a)", PGB_STMT_PLAIN, false, NULL, "i", "t", NULL},
    {"CREATE UNIQUE INDEX CONCURRENTLY \"I x\" ON s.t (a)", PGB_STMT_CREATE_INDEX_CONCURRENTLY,
     true, "s", "I x", "t", NULL},
    {"CREATE INDEX CONCURRENTLY ON t (a)", PGB_STMT_CREATE_INDEX_CONCURRENTLY, true, NULL, NULL,
     "t", NULL},
    {"DROP INDEX CONCURRENTLY IF EXISTS s.i", PGB_STMT_DROP_INDEX_CONCURRENTLY, true, "s", "i",
     NULL, NULL},
    {"DROP INDEX i", PGB_STMT_PLAIN, false, NULL, "i", NULL, NULL},
    {"REINDEX INDEX CONCURRENTLY s.i", PGB_STMT_REINDEX_CONCURRENTLY, true, "s", "i", NULL,
     "index"},
    {"REINDEX (CONCURRENTLY) TABLE t", PGB_STMT_REINDEX_CONCURRENTLY, true, NULL, "t", NULL,
     "table"},
    {"REINDEX (CONCURRENTLY false) TABLE t", PGB_STMT_PLAIN, false, NULL, "t", NULL, "table"},
    {"REINDEX SCHEMA s", PGB_STMT_NO_TRANSACTION, true, NULL, "s", NULL, "all"},
    {"ALTER TABLE p DETACH PARTITION s.c CONCURRENTLY", PGB_STMT_DETACH_CONCURRENTLY, true, "s",
     "c", "p", NULL},
    {"ALTER TABLE p DETACH PARTITION c", PGB_STMT_PLAIN, false, NULL, "p", NULL, NULL},
    {"ALTER TYPE s.mood ADD VALUE IF NOT EXISTS 'glad' AFTER 'ok'", PGB_STMT_ADD_ENUM_VALUE, false,
     "s", "mood", NULL, "glad"},
    {"ALTER TYPE mood RENAME VALUE 'a' TO 'b'", PGB_STMT_PLAIN, false, NULL, "mood", NULL, "b"},
    {"COPY s.t (a) FROM stdin WITH (FORMAT csv)", PGB_STMT_COPY_IN, false, "s", "t", NULL, NULL},
    {"COPY t FROM '/x'", PGB_STMT_PLAIN, false, NULL, "t", NULL, NULL},
    {"COPY t TO stdout", PGB_STMT_PLAIN, false, NULL, "t", NULL, NULL},
    {"VACUUM t", PGB_STMT_NO_TRANSACTION, true, NULL, NULL, NULL, NULL},
    {"ANALYZE t", PGB_STMT_PLAIN, false, NULL, NULL, NULL, NULL},
    {"CLUSTER", PGB_STMT_NO_TRANSACTION, true, NULL, NULL, NULL, NULL},
    {"CLUSTER t USING i", PGB_STMT_PLAIN, false, NULL, NULL, NULL, NULL},
    {"CREATE DATABASE d", PGB_STMT_NO_TRANSACTION, true, NULL, "d", NULL, NULL},
    {"ALTER SYSTEM SET work_mem = '1MB'", PGB_STMT_NO_TRANSACTION, true, NULL, NULL, NULL, NULL},
    {"DROP DATABASE d", PGB_STMT_NO_TRANSACTION, true, NULL, "d", NULL, NULL},
    {"ALTER DATABASE d SET TABLESPACE s", PGB_STMT_NO_TRANSACTION, true, NULL, NULL, NULL, NULL},
    {"ALTER DATABASE d CONNECTION LIMIT 3", PGB_STMT_PLAIN, false, NULL, NULL, NULL, NULL},
    {"CREATE TABLESPACE s LOCATION '/x'", PGB_STMT_NO_TRANSACTION, true, NULL, "s", NULL, NULL},
    {"DROP TABLESPACE s", PGB_STMT_NO_TRANSACTION, true, NULL, "s", NULL, NULL},
    {"CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", PGB_STMT_NO_TRANSACTION, true, NULL, "s",
     NULL, NULL},
    {"DROP SUBSCRIPTION s", PGB_STMT_NO_TRANSACTION, true, NULL, "s", NULL, NULL},
    {"REINDEX (CONCURRENTLY true) TABLE t", PGB_STMT_REINDEX_CONCURRENTLY, true, NULL, "t", NULL,
     "table"},
    {"REINDEX (CONCURRENTLY 1) TABLE t", PGB_STMT_REINDEX_CONCURRENTLY, true, NULL, "t", NULL,
     "table"},
    {"REINDEX (CONCURRENTLY off) TABLE t", PGB_STMT_PLAIN, false, NULL, "t", NULL, "table"},
    {"COMMIT PREPARED 'x'", PGB_STMT_TRANSACTION, false, NULL, NULL, NULL, NULL},
    {"SELECT 1; SELECT 2", PGB_STMT_UNKNOWN, false, NULL, NULL, NULL, NULL},
    {"-- c\nVACUUM (SOMETHING NEW) t AS WELL", PGB_STMT_NO_TRANSACTION, true, NULL, NULL, NULL,
     NULL},
    {"DISCARD ALL", PGB_STMT_NO_TRANSACTION, true, NULL, NULL, NULL, NULL},
    {"DISCARD TEMP", PGB_STMT_PLAIN, false, NULL, NULL, NULL, NULL},
    {"SELECT 1", PGB_STMT_PLAIN, false, NULL, NULL, NULL, NULL},
    /* a newer server's: our parser does not know it, its first words tell enough */
    {"CREATE INDEX CONCURRENTLY i ON t (a) WITH NEWER THINGS", PGB_STMT_CREATE_INDEX_CONCURRENTLY,
     true, NULL, NULL, NULL, NULL},
    {"MERGE INTO a USING b ON x = y WHEN NOT MATCHED BY SOURCE THEN DELETE", PGB_STMT_UNKNOWN,
     false, NULL, NULL, NULL, NULL},
    {"/* hm */ COMMIT AND SOMETHING NEW", PGB_STMT_TRANSACTION, false, NULL, NULL, NULL, NULL},
};

static void same(const char *sql, const char *what, const char *is, const char *want)
{
    if ((is == NULL) != (want == NULL) || (is != NULL && strcmp(is, want) != 0)) {
        fail_msg("%s: %s is %s, not %s", sql, what, is != NULL ? is : "none",
                 want != NULL ? want : "none");
    }
}

static void facts_of_statements(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        PGB_AUTO_ARENA(arena);
        pgb_error err = PGB_ERROR_INIT;
        pgb_facts f;

        assert_int_equal(
            pgb_parse_facts(parser, rows[i].sql, strlen(rows[i].sql), arena, &f, NULL, &err),
            PGB_OK);
        if (f.kind != rows[i].kind || f.needs_no_transaction != rows[i].no_transaction) {
            fail_msg("%s: kind %d, no transaction %d", rows[i].sql, f.kind, f.needs_no_transaction);
        }
        same(rows[i].sql, "schema", f.schema, rows[i].schema);
        same(rows[i].sql, "object", f.object, rows[i].object);
        same(rows[i].sql, "table", f.on_table, rows[i].on_table);
        same(rows[i].sql, "value", f.value, rows[i].value);
        assert_non_null(f.command);
        assert_true((f.kind == PGB_STMT_UNKNOWN) <= (f.parse_error[0] != '\0'));
        /* in brief: the same, but for the names of what is plain */
        assert_int_equal(pgb_parse_brief(parser, rows[i].sql, strlen(rows[i].sql), arena, &f, &err),
                         PGB_OK);
        if (f.kind != rows[i].kind || f.needs_no_transaction != rows[i].no_transaction) {
            fail_msg("%s in brief: kind %d, no transaction %d", rows[i].sql, f.kind,
                     f.needs_no_transaction);
        }
        assert_non_null(f.command);
        if (f.kind != PGB_STMT_PLAIN) {
            same(rows[i].sql, "object", f.object, rows[i].object);
        }
    }
}

static void blank_first_columns(void **state)
{
    static const struct {
        const char *sql;
        int at;
        bool null;
    } cases[] = {
        {"SELECT '' AS a, 1", 8, false},
        {"SELECT 'é', 1 UNION ALL SELECT ' \t'::text, 2", 32, false},
        {"WITH w AS (SELECT '') SELECT CAST(NULL AS text), 1 FROM w", 35, true},
        {"VALUES ('', 1)", 9, false},
        {"SELECT 'a', '' UNION SELECT coalesce(x, ''), NULL FROM t", 0, false},
        {"SELECT CASE WHEN x THEN '' ELSE 'b' END FROM t", 0, false},
        {"SELECT a FROM (SELECT '' AS a) s", 0, false},
        {"SELECT", 0, false},
        {"SELECT * FROM t", 0, false},
        {"DELETE FROM t RETURNING ''", 0, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pgb_arena *arena = pgb_arena_new();
        pgb_error err = PGB_ERROR_INIT;
        pgb_facts facts;

        assert_int_equal(
            pgb_parse_facts(parser, cases[i].sql, strlen(cases[i].sql), arena, &facts, NULL, &err),
            PGB_OK);
        if (facts.blank_at != cases[i].at || facts.blank_is_null != cases[i].null) {
            fail_msg("%s: %d %d", cases[i].sql, facts.blank_at, facts.blank_is_null);
        }
        pgb_arena_free(arena);
    }
}

/* What surely runs nobody's code and leaves nothing in the session; doubt is a no. */
static void inert_or_not(void **state)
{
    static const struct {
        const char *sql;
        bool inert;
    } all[] = {
        {"CREATE TABLE t (a int)", true},
        {"-- x\n/* AS */ CREATE UNLOGGED TABLE t (a int)", false},
        {"CREATE TABLE IF NOT EXISTS s.\"AS\" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
         "p int "
         "REFERENCES t ON DELETE CASCADE, n text DEFAULT 'it''s; AS' CHECK (n <> ')'), EXCLUDE "
         "USING gist (n "
         "WITH =) WHERE (id > 1)) INHERITS (u) WITH (fillfactor = 70) TABLESPACE x",
         true},
        {"CREATE TABLE t AS SELECT f()", false},
        {"CREATE TABLE t (a) AS EXECUTE q", false},
        {"CREATE TABLE t AS TABLE v", false},
        {"CREATE TEMP TABLE t (a int)", false},
        {"CREATE GLOBAL TEMPORARY TABLE t (a int)", false},
        {"CREATE TABLE pg_temp.t (a int)", false},
        {"CREATE TABLE \"pg_temp\".t (a int)", false},
        {"CREATE TABLE U&\"pg\\005Ftemp\".t (a int)", false},
        {"CREATE TABLE p PARTITION OF t FOR VALUES FROM (f()) TO (2)", false},
        {"CREATE TABLE p OF composite", false},
        {"CREATE TABLE t (a text DEFAULT E'\\')')", false},
        {"CREATE TABLE t (a text DEFAULT $$)$$)", false},
        {"CREATE TABLE t (a int /* /* */ */)", false},
        {"CREATE TABLE t (a int /* b ) */, c int)", true},
        {"CREATE INDEX ON t (a, b DESC NULLS LAST) INCLUDE (c)", true},
        {"CREATE UNIQUE INDEX i ON t USING btree (a)", true},
        {"CREATE INDEX ON t (lower(a))", false},
        {"CREATE INDEX ON t ((a + 1))", false},
        {"CREATE INDEX ON t (a) WHERE f(a)", false},
        {"CREATE INDEX CONCURRENTLY ON t (a)", false},
        {"COMMENT ON TABLE t IS $x$y$x$", true},
        {"DROP TABLE IF EXISTS t CASCADE", true},
        {"DROP INDEX i", true},
        {"DROP INDEX CONCURRENTLY i", false},
        {"DROP OWNED BY x", false},
        {"ALTER TABLE t ADD COLUMN a int DEFAULT f()", false},
        {"SELECT 1", false},
        {"INSERT INTO t VALUES (1)", false},
        {"SET search_path = x", false},
        {"DO $$ BEGIN END $$", false},
        {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", false},
        {"CREATE VIEW v AS SELECT 1", false},
        {"CREATE TABLE t (a int) AS", false}, /* no SQL at all */
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        PGB_AUTO_ARENA(arena);
        pgb_error err = PGB_ERROR_INIT;
        pgb_facts f;

        assert_int_equal(pgb_parse_brief(parser, all[i].sql, strlen(all[i].sql), arena, &f, &err),
                         PGB_OK);
        if (f.inert != all[i].inert) {
            fail_msg("%s: inert %d", all[i].sql, f.inert);
        }
    }
}

static void says_where_it_does_not_understand(void **state)
{
    PGB_AUTO_ARENA(arena);
    pgb_error err = PGB_ERROR_INIT;
    const char *sql = "SELECT 'ä' FRM x y z";
    pgb_facts f;

    (void)state;
    assert_int_equal(pgb_parse_facts(parser, sql, strlen(sql), arena, &f, NULL, &err), PGB_OK);
    assert_int_equal(f.kind, PGB_STMT_UNKNOWN);
    assert_int_equal(f.parse_error_column, 16); /* x, in characters */
    assert_non_null(strstr(f.parse_error, "syntax error"));
}

/* Deep and long statements must neither crash nor take for ever. */
static void deep(const char *open, const char *middle, const char *close, size_t times, bool parsed)
{
    PGB_AUTO_ARENA(arena);
    PGB_AUTO_BUF(sql);
    pgb_error err = PGB_ERROR_INIT;
    pgb_facts f;

    pgb_buf_puts(&sql, "SELECT ");
    for (size_t i = 0; i < times; i++) {
        pgb_buf_puts(&sql, open);
    }
    pgb_buf_puts(&sql, middle);
    for (size_t i = 0; i < times; i++) {
        pgb_buf_puts(&sql, close);
    }
    assert_false(sql.failed);
    assert_int_equal(pgb_parse_facts(parser, sql.p, sql.len, arena, &f, NULL, &err), PGB_OK);
    if ((f.kind == PGB_STMT_PLAIN) != parsed) {
        fail_msg("%zu times %s: kind %d, %s (depth %zu)", times, open[0] != '\0' ? open : close,
                 f.kind, f.parse_error, pgb_parse_depth(sql.p, sql.len));
    }
}

static void no_depth_crashes(void **state)
{
    (void)state;
    deep("1+", "1", "", 1000, true);
    deep("1+", "1", "", 9000, true);
    deep("1+", "1", "", 100000, false);
    deep("(", "1", ")", 1000, true);
    deep("(", "1", ")", 100000, false);
    deep("NOT ", "true", "", 9000, true);
    deep("NOT ", "true", "", 15000, false); /* the grammar's own limit */
    deep("NOT ", "true", "", 200000, false);
    deep("- ", "1", "", 9000, true);
    deep("(SELECT ", "1", ")", 2000, true);
    deep("(SELECT ", "1", ")", 60000, false);
    deep("CASE WHEN true THEN ", "1", " END", 1000, true);
    deep("", "1", " UNION SELECT 1", 4000, true);
    deep("", "1", " UNION SELECT 1", 60000, false);
    deep("", "1", " UNION SELECT 1, 1", 4000, true);
    deep("", "1", " UNION SELECT 1, 1", 50000, false); /* a comma does not part them */
    deep("", "1, 1", " except select 1, 1", 50000, false);
    deep("", "1, 1", " INTERSECT SELECT 1, 1", 45000, false);
    deep("a[", "1", "]", 2000, true);
    deep("'x' || ", "'y'", "", 40000, false);
    deep("1, ", "1", "", 100000, true); /* a list is flat */
    deep("$$a$$ || E'\\'' || ", "1", "", 1000, true);
    deep("/* /* ( */ ( */ -- (\n", "1", "", 10000, true);
}

static const struct touch_row {
    const char *sql, *touches;
    bool could_not_tell;
} touch_rows[] = {
    {"CREATE TABLE s.t (a int, b s.mood REFERENCES u)", "+table s.t; type s.mood; table u; ",
     false},
    {"ALTER TABLE t ADD COLUMN c int, DROP COLUMN d", "~table t; +table t.c; -table t.d; ", false},
    {"DROP TABLE IF EXISTS a, s.b", "-table a?; -table s.b?; ", false},
    {"CREATE INDEX i ON s.t (lower(a))", "+index s.i; ~table s.t; function lower; ", false},
    {"INSERT INTO t SELECT * FROM s.u", "table t; table s.u; ", false},
    {"ALTER TABLE t RENAME COLUMN a TO b", "~table t.a; +table t.b; ", false},
    {"ALTER TYPE s.m ADD VALUE 'x'", "~type s.m; ", false},
    {"CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'select 1'", "+function s.f; ", true},
    {"DO $$ begin end $$", "", true},
    {"DROP TRIGGER g ON s.t", "~table s.t; -object t.g; ", false},
    {"COMMENT ON COLUMN s.t.a IS 'x'", "~table s.t; ", false},
    {"CREATE VIEW v AS SELECT * FROM t", "+table v; table t; ", false},
    {"CREATE TABLE t AS SELECT * FROM u", "+table t; table u; ", false},
    {"CREATE MATERIALIZED VIEW v AS SELECT * FROM u", "+table v; table u; ", false},
    {"CREATE TABLE t (a int, PRIMARY KEY (a), UNIQUE (a))", "+table t; ", false},
    {"ALTER TABLE s.t ADD CONSTRAINT c UNIQUE (a)", "~table s.t; ", false},
    {"ALTER TABLE s.t RENAME TO u", "~table s.t; +table s.u; ", false},
    {"ALTER INDEX s.i RENAME TO j", "~index s.i; +index s.j; ", false},
    {"ALTER TYPE s.m RENAME TO n", "~type s.m; +type s.n; ", false},
    {"ALTER FUNCTION s.f(int) RENAME TO g", "~function s.f; +function s.g; ", false},
    {"ALTER SCHEMA a RENAME TO b", "~schema a; +schema b; ", false},
    {"ALTER ROLE a RENAME TO b", "", false},
    {"DROP INDEX s.i", "-index s.i; ", false},
    {"DROP SEQUENCE s.q", "-sequence s.q; ", false},
    {"DROP TYPE s.m", "-type s.m; type s.m; ", false},
    {"DROP FUNCTION s.f(int)", "-function s.f; ", false},
    {"DROP SCHEMA s", "-schema s; ", false},
    {"CREATE SEQUENCE s.q", "+sequence s.q; ", false},
    {"ALTER SEQUENCE s.q RESTART", "~sequence s.q; ", false},
    {"CREATE TYPE s.m AS ENUM ('a')", "+type s.m; ", false},
    {"CREATE TYPE s.c AS (a int)", "+type s.c; ", false},
    {"CREATE TYPE s.r AS RANGE (subtype = int4)", "+type s.r; ", false},
    {"CREATE DOMAIN s.d AS int", "+type s.d; ", false},
    {"ALTER DOMAIN s.d SET NOT NULL", "~type s.d; ", false},
    {"CREATE SCHEMA IF NOT EXISTS s", "+schema s?; ", false},
    {"CREATE TRIGGER g BEFORE INSERT ON s.t EXECUTE FUNCTION s.f()", "~table s.t; function s.f; ",
     false},
    {"CREATE RULE r AS ON INSERT TO s.t DO ALSO DELETE FROM u", "~table s.t; table u; ", false},
    {"CREATE POLICY p ON s.t", "~table s.t; ", false},
    {"ALTER POLICY p ON s.t USING (true)", "~table s.t; ", false},
    {"TRUNCATE s.t", "~table s.t; ", false},
    {"COMMENT ON TABLE s.t IS 'x'", "~table s.t; ", false},
    {"COMMENT ON FUNCTION s.f(int) IS 'x'", "~function s.f; ", false},
    {"CREATE FUNCTION s.f() RETURNS int BEGIN ATOMIC SELECT a FROM s.t; END",
     "+function s.f; table s.t; ", false},
    {"CALL s.p()", "function s.p; ", true},
    {"SELECT nonsense from from", "", true},
};

static void objects_of_statements(void **state)
{
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof touch_rows / sizeof touch_rows[0]; i++) {
        static const char *const signs[] = {"", "+", "~", "-"};
        PGB_AUTO_ARENA(arena);
        PGB_AUTO_BUF(said);
        pgb_error err = PGB_ERROR_INIT;
        pgb_objects objects = {0};
        pgb_facts f;

        assert_int_equal(pgb_parse_facts(parser, touch_rows[i].sql, strlen(touch_rows[i].sql),
                                         arena, &f, &objects, &err),
                         PGB_OK);
        for (size_t k = 0; k < objects.list.n; k++) {
            const pgb_touch *t = &objects.list.at[k];

            if (t->kind == PGB_OBJECT_TYPE && t->schema == NULL && t->verb == PGB_VERB_USE) {
                continue;
            }
            if (t->schema != NULL && strcmp(t->schema, "pg_catalog") == 0) {
                continue;
            }
            pgb_buf_printf(&said, "%s%s %s%s%s%s%s%s; ", signs[t->verb],
                           pgb_object_kind_name(t->kind), t->schema != NULL ? t->schema : "",
                           t->schema != NULL ? "." : "", t->name, t->column != NULL ? "." : "",
                           t->column != NULL ? t->column : "", t->if_exists ? "?" : "");
        }
        if (strcmp(pgb_buf_str(&said), touch_rows[i].touches) != 0 ||
            objects.could_not_tell != touch_rows[i].could_not_tell) {
            wrong++;
            print_error("%s: %s (could not tell: %d)\n", touch_rows[i].sql, pgb_buf_str(&said),
                        objects.could_not_tell);
        }
        pgb_vec_done(&objects.list);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_of_statements), cmocka_unit_test(blank_first_columns),
        cmocka_unit_test(inert_or_not),        cmocka_unit_test(says_where_it_does_not_understand),
        cmocka_unit_test(no_depth_crashes),    cmocka_unit_test(objects_of_statements),
    };

    return cmocka_run_group_tests_name("sql/facts", tests, setup, teardown);
}
