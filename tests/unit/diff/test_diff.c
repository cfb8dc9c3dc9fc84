/* Differences: which are found, which go with another, their order, what is ignored, and the SQL
 * that would mend them. Models are written as snapshots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/snapshot.h"
#include "diff/diff.h"

static pgb_catalog *parse_at(int server, const char *text)
{
    pgb_catalog *c = NULL;
    pgb_error err = PGB_ERROR_INIT;
    pgb_buf whole = PGB_BUF_INIT;

    pgb_buf_printf(&whole, "pgbraid snapshot 1\nserver %d\n%s\nend\n", server, text);
    if (pgb_snapshot_parse("test", whole.p, whole.len, &c, &err) != PGB_OK) {
        fail_msg("line %d: %s", err.line, err.message);
    }
    pgb_buf_done(&whole);
    return c;
}

typedef struct result {
    pgb_arena *arena;
    pgb_catalog *a, *b;
    pgb_differences d;
} result;

static result compare_with(const char *expected, const char *actual, const pgb_diff_options *how)
{
    result r = {.arena = pgb_arena_new(), .a = parse_at(15, expected), .b = parse_at(15, actual)};

    assert_int_equal(pgb_diff(r.a, r.b, how, r.arena, &r.d, NULL), PGB_OK);
    return r;
}

static result compare(const char *expected, const char *actual)
{
    return compare_with(expected, actual, NULL);
}

static void done(result *r)
{
    pgb_catalog_free(r->a);
    pgb_catalog_free(r->b);
    pgb_arena_free(r->arena);
}

static void assert_difference(const result *r, uint32_t i, pgb_change change, const char *kind,
                              const char *object, const char *property, const char *sql)
{
    const pgb_difference *d;

    assert_true(i < r->d.n);
    d = &r->d.at[i];
    assert_string_equal(d->kind, kind);
    assert_string_equal(d->object, object);
    assert_int_equal(d->change, change);
    assert_true((d->property == NULL) == (property == NULL));
    if (property != NULL) {
        assert_string_equal(d->property, property);
    }
    assert_true((d->sql == NULL) == (sql == NULL));
    if (sql != NULL) {
        assert_string_equal(d->sql, sql);
    }
}

#define TABLE "table: s.t\n  in: s\n  owner: me\n"
#define COLUMN(name, position, more)                                                               \
    "column: s.t." name "\n  in: s.t\n  position: " position "\n  type: integer\n" more

static void test_equal(void **state)
{
    result r = compare(TABLE COLUMN("x", "1", ""), TABLE COLUMN("x", "1", ""));

    (void)state;
    assert_int_equal(r.d.n, 0);
    done(&r);
}

static void test_missing_table_speaks_for_its_parts(void **state)
{
    result r =
        compare(TABLE COLUMN("x", "1", "  not_null: yes\n")
                    COLUMN("y", "2",
                           "") "constraint: s.t.k\n  in: s.t\n  position: 1\n  type: primary key\n"
                               "  definition: PRIMARY KEY (x)\n"
                               "index: s.k\n  in: s.t\n  constraint: k\n  definition: no\n"
                               "index: s.i\n  in: s.t\n  definition: CREATE INDEX i ON s.t (y)\n",
                "");

    (void)state;
    assert_int_equal(r.d.n, 1);
    assert_difference(&r, 0, PGB_DIFF_MISSING, "table", "s.t", NULL,
                      "CREATE TABLE s.t (\n    x integer NOT NULL,\n    y integer\n);\n"
                      "ALTER TABLE s.t ADD CONSTRAINT k PRIMARY KEY (x);\n"
                      "CREATE INDEX i ON s.t (y);\n"
                      "ALTER TABLE s.t OWNER TO me;");
    assert_string_equal(r.d.at[0].expected, "table of 2 columns");
    assert_string_equal(r.d.at[0].table, "s.t");
    assert_null(r.d.at[0].actual);
    done(&r);
    r = compare("", TABLE COLUMN("x", "1", ""));
    assert_int_equal(r.d.n, 1);
    assert_difference(&r, 0, PGB_DIFF_EXTRA, "table", "s.t", NULL, "DROP TABLE s.t;");
    done(&r);
}

static void test_columns(void **state)
{
    static const struct {
        const char *want, *have, *property, *sql;
    } cases[] = {
        {"", "  not_null: yes\n", "not_null", "ALTER TABLE s.t ALTER COLUMN x DROP NOT NULL;"},
        {"  not_null: yes\n", "", "not_null", "ALTER TABLE s.t ALTER COLUMN x SET NOT NULL;"},
        {"  default: 1\n", "", "default", "ALTER TABLE s.t ALTER COLUMN x SET DEFAULT 1;"},
        {"  default: 1\n", "  default: 2\n", "default",
         "ALTER TABLE s.t ALTER COLUMN x SET DEFAULT 1;"},
        {"", "  default: 2\n", "default", "ALTER TABLE s.t ALTER COLUMN x DROP DEFAULT;"},
        {"  identity_column: always\n", "", "identity_column",
         "ALTER TABLE s.t ALTER COLUMN x ADD GENERATED ALWAYS AS IDENTITY;"},
        {"  identity_column: always\n", "  identity_column: by default\n", "identity_column",
         "ALTER TABLE s.t ALTER COLUMN x SET GENERATED ALWAYS;"},
        {"", "  identity_column: by default\n", "identity_column",
         "ALTER TABLE s.t ALTER COLUMN x DROP IDENTITY;"},
        {"", "  generated: stored: 1\n", "generated",
         "ALTER TABLE s.t ALTER COLUMN x DROP EXPRESSION;"},
        {"  options: a=1, b=2\n", "  options: b=3, c=4\n", "options",
         "ALTER TABLE s.t ALTER COLUMN x RESET (c);\n"
         "ALTER TABLE s.t ALTER COLUMN x SET (a='1', b='2');"},
        {"  comment: it's\n", "", "comment", "COMMENT ON COLUMN s.t.x IS 'it''s';"},
        {"", "  comment: a\n", "comment", "COMMENT ON COLUMN s.t.x IS NULL;"},
        {"  acl: a=SELECT*+UPDATE, \"b, =c\"=SELECT\n", "  acl: d=SELECT\n", "acl",
         "REVOKE ALL (x) ON TABLE s.t FROM d;\n"
         "GRANT UPDATE (x) ON TABLE s.t TO a;\n"
         "GRANT SELECT (x) ON TABLE s.t TO a WITH GRANT OPTION;\n"
         "GRANT SELECT (x) ON TABLE s.t TO \"b, =c\";"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char want[256], have[256];
        result r;

        snprintf(want, sizeof want, TABLE COLUMN("x", "1", "%s"), cases[i].want);
        snprintf(have, sizeof have, TABLE COLUMN("x", "1", "%s"), cases[i].have);
        r = compare(want, have);
        assert_int_equal(r.d.n, 1);
        assert_difference(&r, 0, PGB_DIFF_CHANGED, "column", "s.t.x", cases[i].property,
                          cases[i].sql);
        assert_string_equal(r.d.at[0].table, "s.t");
        done(&r);
    }
}

static void test_position_is_a_note(void **state)
{
    result r = compare(TABLE COLUMN("x", "1", "") COLUMN("y", "2", ""),
                       TABLE COLUMN("x", "2", "") COLUMN("y", "1", ""));

    (void)state;
    assert_int_equal(r.d.n, 2);
    assert_int_equal(r.d.n_notes, 2);
    assert_true(r.d.at[0].note);
    done(&r);
}

static void test_renamed_column(void **state)
{
    result r = compare(TABLE COLUMN("x", "1", "") COLUMN("new", "2", "  not_null: yes\n"),
                       TABLE COLUMN("x", "1", "") COLUMN("old", "2", "  not_null: yes\n"));

    (void)state;
    assert_int_equal(r.d.n, 2);
    assert_difference(&r, 0, PGB_DIFF_MISSING, "column", "s.t.new", NULL,
                      "ALTER TABLE s.t RENAME COLUMN old TO new;");
    assert_difference(&r, 1, PGB_DIFF_EXTRA, "column", "s.t.old", NULL, NULL);
    done(&r);
    /* another type is another column */
    r = compare(TABLE COLUMN("new", "1", ""), TABLE COLUMN("old", "1", "  not_null: yes\n"));
    assert_difference(&r, 0, PGB_DIFF_MISSING, "column", "s.t.new", NULL,
                      "ALTER TABLE s.t ADD COLUMN new integer;");
    assert_difference(&r, 1, PGB_DIFF_EXTRA, "column", "s.t.old", NULL,
                      "ALTER TABLE s.t DROP COLUMN old;");
    done(&r);
}

#define KEY(more)                                                                                  \
    "constraint: s.t.f\n  in: s.t\n  position: 5\n  type: foreign key\n  definition: FOREIGN "     \
    "KEY (x) REFERENCES s.u(x)" more "\n"

static void test_constraints(void **state)
{
    result r = compare(TABLE KEY(" ON DELETE CASCADE"), TABLE KEY(""));

    (void)state;
    assert_int_equal(r.d.n, 1);
    assert_difference(&r, 0, PGB_DIFF_CHANGED, "constraint", "s.t.f", "definition",
                      "ALTER TABLE s.t DROP CONSTRAINT f;\nALTER TABLE s.t ADD CONSTRAINT f "
                      "FOREIGN KEY (x) REFERENCES s.u(x) ON DELETE CASCADE;");
    done(&r);
    /* what repeats the definition is not said twice; NOT VALID needs no new constraint */
    r = compare(TABLE KEY(""), TABLE KEY(" NOT VALID\n  validated: no"));
    assert_int_equal(r.d.n, 1);
    assert_difference(&r, 0, PGB_DIFF_CHANGED, "constraint", "s.t.f", "definition",
                      "ALTER TABLE s.t VALIDATE CONSTRAINT f;");
    done(&r);
}

static void test_index_goes_with_its_constraint(void **state)
{
    result r = compare(TABLE "constraint: s.t.k\n  in: s.t\n  type: unique\n  definition: UNIQUE "
                             "(x)\nindex: s.k\n  in: s.t\n  constraint: k\n  definition: d\n",
                       TABLE);

    (void)state;
    assert_int_equal(r.d.n, 1);
    assert_string_equal(r.d.at[0].kind, "constraint");
    done(&r);
}

static void test_partitions_copy_is_not_said_again(void **state)
{
#define PARTS "table: s.t\n  in: s\ntable: s.p\n  in: s\n  partition_of: s.t\n  bound: DEFAULT\n"
    static const char more[] =
        "column: s.t.x\n  in: s.t\n  type: integer\n"
        "column: s.p.x\n  in: s.p\n  type: integer\n  inherited: inherited\n"
        "constraint: s.t.f\n  in: s.t\n  type: foreign key\n  definition: d\n"
        "constraint: s.p.f\n  in: s.p\n  type: foreign key\n  definition: d\n  clone: s.t.f\n"
        "index: s.i\n  in: s.t\n  definition: d\n"
        "index: s.pi\n  in: s.p\n  definition: d\n  partition_of: s.i\n";
    pgb_buf want = PGB_BUF_INIT;
    result r;

    (void)state;
    pgb_buf_printf(&want, "%s%s", PARTS, more);
    r = compare(want.p, PARTS);
    assert_int_equal(r.d.n, 3);
    assert_string_equal(r.d.at[0].object, "s.t.x");
    assert_string_equal(r.d.at[1].object, "s.t.f");
    assert_string_equal(r.d.at[2].object, "s.i");
    done(&r);
    r = compare(PARTS, want.p);
    assert_int_equal(r.d.n, 3);
    done(&r);
    /* the partition's own difference is said */
    r = compare(PARTS "column: s.t.x\n  in: s.t\n  type: integer\n"
                      "column: s.p.x\n  in: s.p\n  type: integer\n  inherited: inherited\n",
                PARTS "column: s.t.x\n  in: s.t\n  type: integer\n"
                      "column: s.p.x\n  in: s.p\n  type: integer\n  not_null: yes\n"
                      "  inherited: inherited\n");
    assert_int_equal(r.d.n, 1);
    assert_string_equal(r.d.at[0].object, "s.p.x");
    done(&r);
    r = compare(PARTS "column: s.t.x\n  in: s.t\n  type: integer\n"
                      "column: s.p.x\n  in: s.p\n  type: integer\n  inherited: inherited\n",
                PARTS "column: s.t.x\n  in: s.t\n  type: text\n"
                      "column: s.p.x\n  in: s.p\n  type: text\n  inherited: inherited\n");
    assert_int_equal(r.d.n, 1);
    assert_string_equal(r.d.at[0].object, "s.t.x");
    done(&r);
    pgb_buf_done(&want);
}

/* Missing tables stand in an order in which they can be made, extra ones in which they can go. */
static void test_order_of_tables(void **state)
{
    static const char three[] =
        "table: s.a\n  in: s\ntable: s.b\n  in: s\ntable: s.c\n  in: s\n"
        "constraint: s.a.f\n  in: s.a\n  definition: d\n  references: s.b\n"
        "constraint: s.b.f\n  in: s.b\n  definition: d\n  references: s.c\n"
        "constraint: s.c.self\n  in: s.c\n  definition: d\n  references: s.c\n";
    result r = compare(three, "");

    (void)state;
    assert_int_equal(r.d.n, 3);
    assert_string_equal(r.d.at[0].object, "s.c");
    assert_string_equal(r.d.at[1].object, "s.b");
    assert_string_equal(r.d.at[2].object, "s.a");
    done(&r);
    r = compare("", three);
    assert_string_equal(r.d.at[0].object, "s.a");
    assert_string_equal(r.d.at[1].object, "s.b");
    assert_string_equal(r.d.at[2].object, "s.c");
    done(&r);
    /* a cycle ends */
    r = compare("table: s.a\n  in: s\ntable: s.b\n  in: s\n"
                "constraint: s.a.f\n  in: s.a\n  definition: d\n  references: s.b\n"
                "constraint: s.b.f\n  in: s.b\n  definition: d\n  references: s.a\n",
                "");
    assert_int_equal(r.d.n, 2);
    done(&r);
}

static void test_other_kinds(void **state)
{
    static const struct {
        const char *want, *have, *property, *sql;
    } cases[] = {
        {"enum: s.e\n  labels: 'a', 'b', 'c'\n", "enum: s.e\n  labels: 'b'\n", "labels",
         "ALTER TYPE s.e ADD VALUE 'a' BEFORE 'b';\nALTER TYPE s.e ADD VALUE 'c' AFTER 'b';"},
        {"enum: s.e\n  labels: 'a'\n", "enum: s.e\n  labels: 'a', 'b'\n", "labels", NULL},
        {"enum: s.e\n  labels: 'a', 'b'\n", "enum: s.e\n  labels: 'b', 'a'\n", "labels", NULL},
        {"view: s.v\n  definition: SELECT 1;\ncolumn: s.v.x\n  in: s.v\n  position: 1\n",
         "view: s.v\n  definition: SELECT 2;\ncolumn: s.v.x\n  in: s.v\n  position: 1\n",
         "definition", "CREATE OR REPLACE VIEW s.v AS\nSELECT 1;"},
        {"function: s.f()\n  definition: new\n  returns: int\n",
         "function: s.f()\n  definition: old\n  returns: int\n", "definition", "new;"},
        {"function: s.f()\n  definition: new\n  returns: int\n",
         "function: s.f()\n  definition: old\n  returns: text\n", "definition",
         "DROP FUNCTION s.f();\nnew;"},
        {"schema: s\n  owner: a\n", "schema: s\n  owner: b\n", "owner",
         "ALTER SCHEMA s OWNER TO a;"},
        {"function: s.f()\n  owner: o\n  acl: none\n", "function: s.f()\n  owner: o\n", "acl",
         "REVOKE ALL ON FUNCTION s.f() FROM o;\nREVOKE ALL ON FUNCTION s.f() FROM PUBLIC;"},
        {"aggregate: s.a(*)\n  owner: o\n", "aggregate: s.a(*)\n  owner: o\n  acl: o=EXECUTE\n",
         "acl",
         "REVOKE ALL ON FUNCTION s.a() FROM o;\nGRANT ALL ON FUNCTION s.a() TO o;\n"
         "GRANT EXECUTE ON FUNCTION s.a() TO PUBLIC;"},
        {"extension: x\n  version: 2\n", "extension: x\n  version: 1\n", "version",
         "ALTER EXTENSION x UPDATE TO '2';"},
        {"publication: p\n  publishes: insert\n", "publication: p\n  publishes: update\n",
         "publishes", "ALTER PUBLICATION p SET (publish = 'insert');"},
        {"table: s.t\n  row_security: on\n", "table: s.t\n", "row_security",
         "ALTER TABLE s.t ENABLE ROW LEVEL SECURITY;"},
        {"table: s.t\n  options: a=1\n", "table: s.t\n  options: a=2, b=1\n", "options",
         "ALTER TABLE s.t RESET (b);\nALTER TABLE s.t SET (a='1');"},
        {"trigger: s.t.g\n  in: s.t\n  definition: CREATE TRIGGER g\n  enabled: no\n",
         "trigger: s.t.g\n  in: s.t\n  definition: CREATE TRIGGER g\n", "enabled",
         "ALTER TABLE s.t DISABLE TRIGGER g;"},
        {"domain: s.d\n  base_type: int\n  default: 1\n", "domain: s.d\n  base_type: int\n",
         "default", "ALTER DOMAIN s.d SET DEFAULT 1;"},
        {"domain: s.d\n  base_type: int\n", "domain: s.d\n  base_type: text\n", "base_type", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        result r = compare(cases[i].want, cases[i].have);
        const pgb_object *o = &r.a->objects[r.a->n - 1];

        assert_int_equal(r.d.n, 1);
        assert_difference(&r, 0, PGB_DIFF_CHANGED, o->kind, o->identity, cases[i].property,
                          cases[i].sql);
        done(&r);
    }
}

static void test_ignore(void **state)
{
    pgb_ignore ignores[] = {{"column s.t.x default", "a reason", 0}, {"table s.tmp_*", "", 0}};
    pgb_diff_options how = {.ignores = ignores, .n_ignores = 2};
    result r = compare_with(TABLE COLUMN("x", "1", "  default: 1\n  not_null: yes\n"),
                            TABLE COLUMN("x", "1", "") "table: s.tmp_1\n  in: s\n"
                                                       "table: s.tmp_2\n  in: s\n",
                            &how);

    (void)state;
    assert_int_equal(r.d.n, 1);
    assert_string_equal(r.d.at[0].property, "not_null");
    assert_int_equal(r.d.n_ignored, 3);
    assert_int_equal(ignores[0].n, 1);
    assert_int_equal(ignores[1].n, 2);
    done(&r);
}

static void test_notes(void **state)
{
    pgb_diff_options rebuilt = {.rebuilt = true};
    static const char want[] = "extension: x\n  version: 2\n";
    static const char have[] = "extension: x\n  version: 1\ndatabase setting: y\n  value: 1\n";
    result r = compare(want, have);

    (void)state;
    assert_int_equal(r.d.n, 2);
    assert_int_equal(r.d.n_notes, 0);
    done(&r);
    r = compare_with(want, have, &rebuilt);
    assert_int_equal(r.d.n, 2);
    assert_int_equal(r.d.n_notes, 2);
    done(&r);
    r = compare("materialized view: s.m\n", "materialized view: s.m\n  populated: no\n");
    assert_int_equal(r.d.n_notes, 1);
    assert_string_equal(r.d.at[0].sql, "REFRESH MATERIALIZED VIEW s.m;");
    done(&r);
}

static void test_majors(void **state)
{
    static const char old[] = "schema: public\n  owner: postgres\n  acl: public=CREATE+USAGE\n"
                              "table: public.t\n  acl: a=DELETE+SELECT, b=SELECT\n";
    static const char new[] = "schema: public\n  owner: pg_database_owner\n"
                              "table: public.t\n  acl: a=DELETE+MAINTAIN+SELECT, b=SELECT\n";
    pgb_arena *arena = pgb_arena_new();
    pgb_catalog *a = parse_at(14, old), *b = parse_at(17, new), *c = parse_at(17, old);
    pgb_differences d;

    (void)state;
    assert_int_equal(pgb_diff(a, b, NULL, arena, &d, NULL), PGB_OK);
    assert_int_equal(d.n, 0);
    assert_int_equal(pgb_diff(b, c, NULL, arena, &d, NULL), PGB_OK);
    assert_int_equal(d.n, 3);
    pgb_catalog_free(a);
    pgb_catalog_free(b);
    pgb_catalog_free(c);
    pgb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_missing_table_speaks_for_its_parts),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_position_is_a_note),
        cmocka_unit_test(test_renamed_column),
        cmocka_unit_test(test_constraints),
        cmocka_unit_test(test_index_goes_with_its_constraint),
        cmocka_unit_test(test_partitions_copy_is_not_said_again),
        cmocka_unit_test(test_order_of_tables),
        cmocka_unit_test(test_other_kinds),
        cmocka_unit_test(test_ignore),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_majors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
