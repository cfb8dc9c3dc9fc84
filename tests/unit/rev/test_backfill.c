/* One backfill file: what it says, and what is wrong with it, with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rev/backfill.h"

#define HEAD "-- title\n-- pgbraid:requires a, b\n-- pgbraid:source t\n-- pgbraid:key id\n"
#define RUN "-- pgbraid:run\nSELECT 1"

typedef struct parsed {
    pgb_arena *arena;
    pgb_problems *problems;
    pgb_backfill b;
} parsed;

static void parse(parsed *p, const char *text)
{
    pgb_error err = PGB_ERROR_INIT;

    memset(p, 0, sizeof *p);
    p->arena = pgb_arena_new();
    p->problems = pgb_problems_new();
    assert_non_null(p->arena);
    assert_non_null(p->problems);
    assert_int_equal(pgb_backfill_parse("backfills/fill.sql", text, strlen(text), p->arena,
                                        p->problems, &p->b, &err),
                     PGB_OK);
}

static void done(parsed *p)
{
    pgb_problems_free(p->problems);
    pgb_arena_free(p->arena);
}

static void test_all_of_it(void **state)
{
    parsed p;

    (void)state;
    parse(&p, "-- ==== Full names ====\n"
              "-- pgbraid:backfill fill\n"
              "-- pgbraid:requires a1, b2\n"
              "-- pgbraid:requires c3\n"
              "-- pgbraid:source \"Odd Schema\".\"My.Table\"\n"
              "-- pgbraid:key ID \"Odd \"\" Key\", z\n"
              "-- pgbraid:filter a = 1 -- why\n"
              "-- pgbraid:filter b OR c\n"
              "-- pgbraid:batch 250\n"
              "-- pgbraid:partition id % 4\n"
              "\n"
              "-- pgbraid:run\n"
              "-- a comment\n"
              "WITH x AS (SELECT ';' AS y)\n"
              "SELECT 1 FROM x; -- behind it\n");
    assert_int_equal(p.problems->list.n, 0);
    assert_string_equal(p.b.name, "fill");
    assert_string_equal(p.b.title, "Full names ====");
    assert_int_equal(p.b.n_requires, 3);
    assert_string_equal(p.b.requires[2].text, "c3");
    assert_int_equal(p.b.requires[1].line, 3);
    assert_int_equal(p.b.requires[1].column, 25);
    assert_string_equal(p.b.source, "\"Odd Schema\".\"My.Table\"");
    assert_int_equal(p.b.n_keys, 3);
    assert_string_equal(p.b.keys[0], "id");
    assert_string_equal(p.b.keys[1], "Odd \" Key");
    assert_string_equal(p.b.filter, "(a = 1 -- why\n) AND (b OR c\n)");
    assert_int_equal(p.b.batch, 250);
    assert_string_equal(p.b.partition, "id % 4");
    assert_string_equal(p.b.statement, "WITH x AS (SELECT ';' AS y)\nSELECT 1 FROM x");
    assert_int_equal(p.b.line, 14);
    assert_int_equal(p.b.column, 1);
    done(&p);
}

static void test_the_least(void **state)
{
    parsed p;

    (void)state;
    parse(&p,
          "\xEF\xBB\xBF-- pgbraid:source t\r\n-- pgbraid:key id\r\n-- pgbraid:run\r\nSELECT 1\r\n");
    assert_int_equal(p.problems->list.n, 0);
    assert_string_equal(p.b.title, "fill");
    assert_int_equal(p.b.batch, PGB_BACKFILL_BATCH);
    assert_int_equal(p.b.n_requires, 0);
    assert_null(p.b.filter);
    assert_int_equal(p.b.line, 4);
    done(&p);
}

static void test_problems(void **state)
{
    static const struct {
        const char *text, *rule, *message;
        int line, column;
    } cases[] = {
        {HEAD "-- pgbraid:fliter x\n" RUN, "unknown-directive", "pgbraid:fliter is no directive", 5,
         12},
        {HEAD "-- pgbraid:\n" RUN, "unknown-directive", "names no directive", 5, 12},
        {HEAD RUN "\n;-- pgbraid:key x\nSELECT 2", "backfill-statement", "a second one", 8, 1},
        {HEAD RUN ";\n-- pgbraid:key x\n", "misplaced-directive", "stands behind pgbraid:run", 7,
         12},
        {HEAD " -- pgbraid:batch 3\n" RUN, NULL, NULL, 0, 0}, /* behind a title: only a comment */
        {" -- pgbraid:source t\n" HEAD RUN, "misplaced-directive", "does not start its line", 1, 5},
        {HEAD "-- pgbraid:key id\n" RUN, "bad-directive", "names id twice", 5, 16},
        {HEAD "-- pgbraid:key a.b\n" RUN, "bad-name", "a.b is no name of a column", 5, 16},
        {HEAD "-- pgbraid:key 1a\n" RUN, "bad-name", "is no name of a column", 5, 16},
        {HEAD "-- pgbraid:key\n" RUN, "bad-directive", "pgbraid:key names nothing", 5, 15},
        {HEAD "-- pgbraid:source u\n" RUN, "bad-directive", "a second time", 5, 18},
        {"-- pgbraid:source a b\n-- pgbraid:key id\n" RUN, "bad-directive", "one table", 1, 19},
        {"-- pgbraid:source a..b\n-- pgbraid:key id\n" RUN, "bad-name", "is no name of a table", 1,
         19},
        {"-- pgbraid:source \"a\n-- pgbraid:key id\n" RUN, "bad-name", "is no name of a table", 1,
         19},
        {HEAD "-- pgbraid:requires x-y\n" RUN, "bad-name", "can't be the name of a revision", 5,
         21},
        {HEAD "-- pgbraid:batch 0\n" RUN, "bad-directive", "from 1 to 50000", 5, 18},
        {HEAD "-- pgbraid:batch 50001\n" RUN, "bad-directive", "from 1 to 50000", 5, 18},
        {HEAD "-- pgbraid:batch 99999999999999999999\n" RUN, "bad-directive", "from 1", 5, 18},
        {HEAD "-- pgbraid:filter  \n" RUN, "bad-directive", "has no condition", 5, 18},
        {HEAD "-- pgbraid:filter a)(b\n" RUN, "backfill-filter", "no SQL condition", 5, 19},
        {HEAD "-- pgbraid:filter true); DROP TABLE x; SELECT (1\n" RUN, "backfill-filter",
         "no SQL condition", 5, 19},
        {HEAD "-- pgbraid:run now\nSELECT 1", "bad-directive", "something follows", 5, 16},
        {"-- pgbraid:key id\n" RUN, "missing-directive", "has no directive source", 1, 1},
        {"-- pgbraid:source t\n" RUN, "missing-directive", "has no directive key", 1, 1},
        {HEAD, "missing-directive", "has no directive run", 1, 1},
        {HEAD "-- pgbraid:run\n;;\n", "backfill-statement", "has no statement", 5, 1},
        {HEAD "SELECT 1;\n-- pgbraid:run\nSELECT 1", "missing-directive", "before pgbraid:run", 5,
         1},
        {HEAD "-- pgbraid:run\n  VACUUM t", "backfill-statement", "VACUUM is no statement", 6, 3},
        {HEAD "-- pgbraid:run\nSELEC 1", "backfill-statement", "is no statement", 6, 1},
        {HEAD "-- pgbraid:run\nBEGIN", "backfill-statement", "is no statement", 6, 1},
        {HEAD "-- pgbraid:run\nCOPY t FROM stdin;\n1\n\\.\n", "backfill-statement",
         "COPY returns no outcomes", 6, 1},
        {HEAD "-- pgbraid:run\nSELECT $x$ a", "not-closed", "", 6, 8},
        {HEAD "-- pgbraid:run\n\\i x\nSELECT 1", "psql-command", "psql command", 6, 1},
        {HEAD "-- pgbraid:run\nSELECT '\xFF'", "invalid-utf8", "", 6, 9},
        {"", "missing-directive", "has no directive source", 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        parsed p;
        const pgb_problem *found;

        parse(&p, cases[i].text);
        if (cases[i].rule == NULL) {
            assert_int_equal(p.problems->list.n, 0);
            done(&p);
            continue;
        }
        if (p.problems->list.n == 0) {
            fail_msg("case %zu: no problem", i);
        }
        found = &p.problems->list.at[0];
        if (strcmp(found->rule, cases[i].rule) != 0 || found->line != cases[i].line ||
            found->column != cases[i].column || strstr(found->message, cases[i].message) == NULL) {
            fail_msg("case %zu: %s at %d:%d: %s", i, found->rule, found->line, found->column,
                     found->message);
        }
        assert_string_equal(found->file, "backfills/fill.sql");
        done(&p);
    }
}

static void test_what_a_newer_server_knows(void **state)
{
    parsed p;

    (void)state;
    parse(&p, HEAD "-- pgbraid:run\nSELECT\n  FROM WHERE nobody knows");
    assert_int_equal(p.problems->list.n, 1);
    assert_int_equal(p.problems->list.at[0].severity, PGB_NOTE);
    assert_int_equal(p.problems->list.at[0].line, 7);
    done(&p);
}

static void test_hash(void **state)
{
    static const char *const same[] = {
        HEAD RUN,
        "-- other title\n-- pgbraid:source t\n-- pgbraid:key id\n-- pgbraid:batch 7\n" RUN ";",
        "-- pgbraid:source t\r\n-- pgbraid:key ID\r\n\r\n-- pgbraid:run\r\nSELECT 1  \r\n"};
    static const char *const other[] = {HEAD "-- pgbraid:filter a\n" RUN,
                                        HEAD "-- pgbraid:run\nSELECT 2",
                                        "-- pgbraid:source u\n-- pgbraid:key id\n" RUN,
                                        "-- pgbraid:source t\n-- pgbraid:key id, b\n" RUN};
    char hash[PGB_HASH_HEX];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        parsed p;

        parse(&p, same[i]);
        if (i == 0) {
            memcpy(hash, p.b.hash, sizeof hash);
        }
        assert_string_equal(p.b.hash, hash);
        done(&p);
    }
    for (size_t i = 0; i < 4; i++) {
        parsed p;

        parse(&p, other[i]);
        assert_string_not_equal(p.b.hash, hash);
        done(&p);
    }
}

static void test_places(void **state)
{
    parsed p;
    pgb_error err = {.status = PGB_SQL};

    (void)state;
    parse(&p, HEAD "-- pgbraid:run\n  SELECT 'ä',\n    x");
    pgb_backfill_locate(&p.b, 0, &err);
    assert_int_equal(err.line, 6);
    assert_int_equal(err.column, 3);
    pgb_error_clear(&err);
    err.status = PGB_SQL;
    pgb_backfill_locate(&p.b, 17, &err);
    assert_int_equal(err.line, 7);
    assert_int_equal(err.column, 5);
    assert_string_equal(err.source, "    x");
    done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_it), cmocka_unit_test(test_the_least),
        cmocka_unit_test(test_problems),  cmocka_unit_test(test_what_a_newer_server_knows),
        cmocka_unit_test(test_hash),      cmocka_unit_test(test_places),
    };

    return cmocka_run_group_tests_name("rev/backfill", tests, NULL, NULL);
}
