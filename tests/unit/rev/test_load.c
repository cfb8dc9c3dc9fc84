/* Revision files as a set: both layouts, every problem with its place, links, graphs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "rev/rev.h"

static char root[64];

static int make_root(void **state)
{
    char folder[128];

    (void)state;
    snprintf(root, sizeof root, "/tmp/pgbraid-rev-XXXXXX");
    if (mkdtemp(root) == NULL) {
        return -1;
    }
    snprintf(folder, sizeof folder, "%s/migrations", root);
    return mkdir(folder, 0700);
}

static int remove_root(void **state)
{
    (void)state;
    return pgb_dir_remove(root, NULL) == PGB_OK ? 0 : -1;
}

static const char *path_of(const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/migrations/%s", root, name);
    return path;
}

static void put_bytes(const char *name, const char *text, size_t len)
{
    FILE *f = fopen(path_of(name), "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void put(const char *name, const char *text)
{
    put_bytes(name, text, strlen(text));
}

static pgb_revset *load_layout(pgb_problems *problems, pgb_layout layout)
{
    pgb_rev_options options = {.root = root, .layout = layout};
    pgb_revset *set = NULL;
    pgb_error err = PGB_ERROR_INIT;
    pgb_status status = pgb_revset_load(&options, problems, &set, &err);

    if (status != PGB_OK) {
        print_error("%s:%d:%d %s\n", err.file, err.line, err.column, err.message);
    }
    assert_int_equal(status, PGB_OK);
    return set;
}

static pgb_revset *load(pgb_problems *problems)
{
    return load_layout(problems, PGB_LAYOUT_AUTO);
}

/* rule@file:line:column for each, one a line. */
static void check_problems(const pgb_problems *problems, const char *expected)
{
    PGB_AUTO_BUF(out);

    for (size_t i = 0; i < problems->list.n; i++) {
        const pgb_problem *p = &problems->list.at[i];

        assert_int_equal(strncmp(p->file, "migrations/", 11), 0);
        pgb_buf_printf(&out, "%s%s@%s:%d:%d%s", i > 0 ? "\n" : "", p->rule, p->file + 11, p->line,
                       p->column, p->severity == PGB_ERROR ? "" : " warning");
    }
    if (strcmp(pgb_buf_str(&out), expected) != 0) {
        for (size_t i = 0; i < problems->list.n; i++) {
            print_error("%s\n", problems->list.at[i].message);
        }
    }
    assert_string_equal(pgb_buf_str(&out), expected);
}

static void range_is(const char *name, pgb_range range, uint32_t line, const char *expected)
{
    PGB_AUTO_BUF(text);

    assert_int_equal(pgb_file_read(path_of(name), 1 << 20, &text, NULL), PGB_OK);
    assert_true(range.off + range.len <= text.len);
    assert_int_equal(range.len, strlen(expected));
    assert_memory_equal(text.p + range.off, expected, range.len);
    assert_int_equal(range.line, line);
}

static const pgb_revision *find(const pgb_revset *set, const char *id)
{
    uint32_t node = 0;

    assert_true(pgb_map_get(&set->by_id, id, strlen(id), &node));
    return &set->revs[node];
}

static void native(void **state)
{
    pgb_revset *set;
    const pgb_revision *rev;

    (void)state;
    put("aa_first.sql", "\xEF\xBB\xBF-- \n-- First of all --\n-- pgbraid:revision aa\n"
                        "-- pgbraid:label one, uno\n-- pgbraid:up\nSELECT 1;\n-- pgbraid:down\n"
                        "-- pgbraid:verify\nselect true;\n-- pgbraid:allow drop-table never used "
                        "\n-- pgbraid:verify\n");
    put("bb_second_one.sql", "-- pgbraid:revision bb\r\n-- pgbraid:parent aa\r\n"
                             "-- pgbraid:depends one backfill:fill-in\r\n"
                             "-- pgbraid:transaction none\r\n\r\n-- pgbraid:up\r\nSELECT 2\r\n"
                             "-- pgbraid:down irreversible it's gone\r\n");
    put("cc.sql", "-- pgbraid:revision cc\n-- pgbraid:parent aa, bb\n-- pgbraid:up");
    put(".hidden.sql", "nothing");
    put("README.md", "nothing");
    set = load(NULL);
    assert_int_equal(set->layout, PGB_LAYOUT_NATIVE);
    assert_int_equal(set->n, 3);
    assert_non_null(set->graph);
    assert_string_equal(set->folder, "migrations");
    rev = &set->revs[0];
    assert_string_equal(rev->id, "aa");
    assert_string_equal(rev->title, "First of all");
    assert_string_equal(rev->file, "migrations/aa_first.sql");
    assert_string_equal(rev->name, "aa_first.sql");
    assert_int_equal(rev->id_line, 3);
    assert_int_equal(rev->id_column, 21);
    assert_int_equal(rev->n_labels, 2);
    assert_string_equal(rev->labels[1].text, "uno");
    assert_int_equal(rev->labels[1].column, 23);
    assert_int_equal(rev->n_parents, 0);
    range_is(rev->name, rev->up, 6, "SELECT 1;\n");
    range_is(rev->name, rev->down, 8, "");
    assert_int_equal(rev->down_kind, PGB_DOWN_SQL);
    assert_int_equal(rev->n_verify, 2);
    range_is(rev->name, rev->verify[0], 9,
             "select true;\n-- pgbraid:allow drop-table never used \n");
    range_is(rev->name, rev->verify[1], 12, "");
    assert_int_equal(rev->n_allows, 1);
    assert_string_equal(rev->allows[0].rule, "drop-table");
    assert_string_equal(rev->allows[0].reason, "never used");
    assert_int_equal(rev->allows[0].line, 10);
    rev = &set->revs[1];
    assert_string_equal(rev->title, "second one");
    assert_int_equal(rev->n_parents, 1);
    assert_int_equal(rev->parents[0].node, 0);
    assert_int_equal(rev->parents[0].line, 2);
    assert_int_equal(rev->parents[0].column, 19);
    assert_int_equal(rev->n_depends, 1);
    assert_int_equal(rev->depends[0].node, 0);
    assert_int_equal(rev->n_backfills, 1);
    assert_string_equal(rev->backfills[0].text, "fill-in");
    assert_true(rev->transaction_none);
    assert_int_equal(rev->down_kind, PGB_DOWN_IRREVERSIBLE);
    assert_string_equal(rev->irreversible_reason, "it's gone");
    range_is(rev->name, rev->up, 7, "SELECT 2\r\n");
    rev = &set->revs[2];
    assert_string_equal(rev->title, "cc");
    assert_int_equal(rev->n_parents, 2);
    assert_int_equal(rev->parents[1].node, 1);
    assert_int_equal(rev->down_kind, PGB_DOWN_NONE);
    range_is(rev->name, rev->up, 3, "");
    assert_int_equal(pgb_graph_parents(set->graph, 2).n, 2);
    pgb_revset_free(set);
}

static void numbered(void **state)
{
    pgb_revset *set;
    const pgb_revision *rev;

    (void)state;
    put("10_tenth.sql", "select 10;\n");
    put("2_second.sql", "-- What the second does\nselect 2;\n");
    put("2_second.down.sql", "select -2;");
    put("001.sql", "-- pgbraid:label start\nselect 1;\n-- pgbraid:verify\nselect true;\n"
                   "-- pgbraid:down\nselect -1;\n");
    put("020_x_y.sql", "-- pgbraid:depends 001\n-- pgbraid:up\nselect 20;\n");
    set = load(NULL);
    assert_int_equal(set->layout, PGB_LAYOUT_NUMBERED);
    assert_int_equal(set->n, 4);
    rev = &set->revs[0];
    assert_string_equal(rev->id, "001");
    assert_string_equal(rev->title, "001");
    assert_int_equal(rev->n_parents, 0);
    assert_int_equal(rev->id_line, 0);
    range_is(rev->name, rev->up, 1, "-- pgbraid:label start\nselect 1;\n");
    range_is(rev->name, rev->down, 6, "select -1;\n");
    assert_int_equal(rev->n_verify, 1);
    assert_int_equal(rev->header.len, 0);
    rev = &set->revs[1];
    assert_string_equal(rev->id, "2");
    assert_string_equal(rev->title, "What the second does");
    assert_string_equal(rev->down_name, "2_second.down.sql");
    range_is(rev->down_name, rev->down, 1, "select -2;");
    assert_true(rev->implied_parent);
    assert_string_equal(rev->parents[0].text, "001");
    assert_int_equal(rev->parents[0].node, 0);
    rev = &set->revs[2];
    assert_string_equal(rev->id, "10");
    assert_string_equal(rev->title, "tenth");
    assert_int_equal(rev->down_kind, PGB_DOWN_NONE);
    rev = &set->revs[3];
    assert_string_equal(rev->id, "020");
    assert_string_equal(rev->title, "x y");
    assert_int_equal(rev->depends[0].node, 0);
    range_is(rev->name, rev->up, 3, "select 20;\n");
    range_is(rev->name, rev->header, 1, "-- pgbraid:depends 001\n");
    assert_non_null(set->graph);
    pgb_revset_free(set);
}

static void numbered_problems(void **state)
{
    pgb_problems *problems = pgb_problems_new();
    pgb_revset *set;

    (void)state;
    put("3_a.sql", "select 1;");
    put("003_b.sql", "select 1;");
    put("4_c.sql", "select 1;\n-- pgbraid:label x\n");
    put("5_d.down.sql", "select 1;\n-- pgbraid:up\n");
    put("6_e.sql", "select 1;\n-- pgbraid:down\n");
    put("6_e.down.sql", "select 1;");
    put("seven.sql", "select 1;");
    put("8_f.sql", "select 1;\n-- pgbraid:up\nselect 2;\n");
    put("9.SQL", "select 1;");
    set = load(problems);
    check_problems(problems, "not-read@9.SQL:0:0 warning\n"
                             "misplaced-directive@4_c.sql:2:12\n"
                             "misplaced-directive@5_d.down.sql:2:12\n"
                             "bad-name@seven.sql:0:0\n"
                             "sql-outside-section@8_f.sql:1:1\n"
                             "duplicate-id@3_a.sql:1:0\n"
                             "orphan-down@5_d.down.sql:1:1\n"
                             "second-section@6_e.down.sql:1:1");
    assert_string_equal(problems->list.at[5].fix, "pgbraid rename migrations/3_a.sql 9");
    assert_null(set->graph);
    assert_int_equal(set->n, 5);
    pgb_revset_free(set);
    pgb_problems_free(problems);
}

static void layouts_are_decided(void **state)
{
    pgb_problems *problems = pgb_problems_new();
    pgb_revset *set = load(NULL);

    (void)state;
    assert_int_equal(set->n, 0);
    assert_int_equal(set->layout, PGB_LAYOUT_NATIVE);
    assert_non_null(set->graph);
    pgb_revset_free(set);
    put("1_a.sql", "select 1;");
    put("2_b.sql", "-- pgbraid:revision x\n-- pgbraid:up\n");
    set = load(problems);
    assert_int_equal(set->layout, PGB_LAYOUT_NATIVE);
    check_problems(problems, "missing-id@1_a.sql:1:1\nname-mismatch@2_b.sql:1:21 warning");
    pgb_revset_free(set);
    pgb_problems_free(problems);
    problems = pgb_problems_new();
    set = load_layout(problems, PGB_LAYOUT_NUMBERED);
    check_problems(problems, "misplaced-directive@2_b.sql:1:21");
    pgb_revset_free(set);
    pgb_problems_free(problems);
    problems = pgb_problems_new();
    set = load_layout(problems, PGB_LAYOUT_NATIVE);
    assert_int_equal(set->n, 1);
    pgb_revset_free(set);
    pgb_problems_free(problems);
}

#define H "-- pgbraid:revision a\n"
#define U "-- pgbraid:up\n"

/* One file a.sql each. */
static void one_file_problems(void **state)
{
    static const struct {
        const char *text, *expected, *fix;
    } cases[] = {
        {H U "select 1;", "", NULL},
        {"", "missing-id@a.sql:1:1", "Write -- pgbraid:revision a on"},
        {H "-- pgbraid:partent b\n" U, "unknown-directive@a.sql:2:12",
         "Did you mean -- pgbraid:parent?"},
        {H "-- pgbraid:xyzzyxyzzy\n" U, "unknown-directive@a.sql:2:12", "There are revision"},
        {H "-- pgbraid:\n" U, "unknown-directive@a.sql:2:12", "There are"},
        {H "-- pgbraid: up\n" U, "unknown-directive@a.sql:2:12", NULL},
        {H "-- pgbraid:Up\n" U, "unknown-directive@a.sql:2:12", "Did you mean -- pgbraid:up?"},
        {H, "missing-up@a.sql:1:21", NULL},
        {H "select 1;\n", "missing-up@a.sql:2:1", NULL},
        {H "  select 1;\n" U, "sql-outside-section@a.sql:2:3", NULL},
        {H U U, "second-section@a.sql:3:1", "line 2"},
        {H U "-- pgbraid:down\n-- pgbraid:down\n", "second-section@a.sql:4:1", NULL},
        {H U "-- pgbraid:down x\n", "bad-directive@a.sql:3:17", NULL},
        {H U "-- pgbraid:down irreversible\n", "bad-directive@a.sql:3:17", NULL},
        {H U "-- pgbraid:down irreversible x\nselect 1;", "sql-outside-section@a.sql:4:1", NULL},
        {H "-- pgbraid:revision b\n" U, "second-revision@a.sql:2:21", "line 1"},
        {"-- pgbraid:revision\n" U, "bad-directive@a.sql:1:20", NULL},
        {"-- pgbraid:revision a b\n" U, "bad-directive@a.sql:1:23", NULL},
        {"-- pgbraid:revision a-b\n" U, "bad-name@a.sql:1:21", NULL},
        {"-- pgbraid:revision \xC3\xA4\n" U, "bad-name@a.sql:1:21", NULL},
        {"-- pgbraid:revision head\n" U, "reserved-name@a.sql:1:21", NULL},
        {H "-- pgbraid:parent\n" U, "bad-directive@a.sql:2:18", NULL},
        {H "-- pgbraid:parent x-1\n" U, "bad-name@a.sql:2:19", NULL},
        {H "-- pgbraid:parent \xC3\xA4, nix\n" U, "bad-name@a.sql:2:19\nmissing-parent@a.sql:2:22",
         NULL},
        {H "-- pgbraid:depends\n" U, "bad-directive@a.sql:2:19", NULL},
        {H "-- pgbraid:depends backfill:a.b\n" U, "bad-name@a.sql:2:20", NULL},
        {H "-- pgbraid:label\n" U, "bad-directive@a.sql:2:17", NULL},
        {H "-- pgbraid:label base\n" U, "reserved-name@a.sql:2:18", NULL},
        {H "-- pgbraid:label x y x\n" U, "label-clash@a.sql:2:22", NULL},
        {H "-- pgbraid:label a\n" U, "label-clash@a.sql:2:18", NULL},
        {H "-- pgbraid:transaction\n" U, "bad-directive@a.sql:2:23", NULL},
        {H "-- pgbraid:transaction all\n" U, "bad-directive@a.sql:2:24", NULL},
        {H "-- pgbraid:allow\n" U, "bad-directive@a.sql:2:17", NULL},
        {H "-- pgbraid:allow x\n" U, "bad-directive@a.sql:2:19", NULL},
        {H U "-- pgbraid:label x\n", "misplaced-directive@a.sql:3:12", "before line 2"},
        {H U "select 1\n-- pgbraid:allow x y\n", "misplaced-directive@a.sql:4:12", NULL},
        {H U "select 1\n-- pgbraid:down\n", "", NULL},
        {H U "select (1\n-- pgbraid:down\n", "not-closed@a.sql:3:8", NULL},
        {H "-- pgbraid:up now\n", "bad-directive@a.sql:2:15\nmissing-up@a.sql:1:21", NULL},
        {" -- pgbraid:label x\n" H U, "misplaced-directive@a.sql:1:5", NULL},
        {H "-- pgbraid:parent a\n" U, "cycle@a.sql:2:19", NULL},
        {H "-- pgbraid:depends a\n" U, "cycle@a.sql:2:20", NULL},
        {H "-- pgbraid:parent nix\n" U, "missing-parent@a.sql:2:19", "Bring its file back"},
        {H "-- pgbraid:depends nix\n" U, "missing-depends@a.sql:2:20", NULL},
        {H U "select 'x\n", "not-closed@a.sql:3:8", NULL},
        {H U "copy t from stdin;\n1\n", "copy-data@a.sql:3:1", NULL},
        {H U "select \xFF;\n", "invalid-utf8@a.sql:3:8", NULL},
        {H U "\\i x.sql\n", "psql-command@a.sql:3:1", "Paste that file's text"},
        {H U "select 1 \\gset\n", "psql-command@a.sql:3:10", NULL},
        {H U "\\restrict x\nselect 1;\n\\unrestrict x\n", "", NULL},
        {"-- pgbraid:revision b\n" U, "name-mismatch@a.sql:1:21 warning",
         "mv migrations/a.sql migrations/b.sql"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pgb_problems *problems = pgb_problems_new();
        pgb_revset *set;

        put("a.sql", cases[i].text);
        set = load_layout(problems, PGB_LAYOUT_NATIVE);
        check_problems(problems, cases[i].expected);
        for (size_t k = 0; k < problems->list.n; k++) {
            assert_non_null(problems->list.at[k].fix);
        }
        if (cases[i].fix != NULL) {
            assert_non_null(strstr(problems->list.at[0].fix, cases[i].fix));
        }
        pgb_revset_free(set);
        pgb_problems_free(problems);
    }
}

static void nul_bytes(void **state)
{
    pgb_problems *problems = pgb_problems_new();
    pgb_revset *set;

    (void)state;
    put_bytes("a.sql", H U "select\0 1;", strlen(H U) + 10);
    set = load(problems);
    check_problems(problems, "nul-byte@a.sql:3:7");
    pgb_revset_free(set);
    pgb_problems_free(problems);
}

static void names(void **state)
{
    pgb_problems *problems = pgb_problems_new();
    pgb_revset *set;

    (void)state;
    put("abc1_x.sql", "-- pgbraid:revision abc1\n-- pgbraid:label zz\n" U);
    put("abc2_x.sql", "-- pgbraid:revision abc2\n-- pgbraid:parent abc\n" U);
    put("b_x.sql", "-- pgbraid:revision b\n-- pgbraid:depends abc\n-- pgbraid:depends zz\n" U);
    put("c_x.sql", "-- pgbraid:revision c\n-- pgbraid:depends abc1\n-- pgbraid:label zz\n"
                   "-- pgbraid:parent b b\n" U);
    put("d_x.sql", "-- pgbraid:revision d\n-- pgbraid:label b\n-- pgbraid:parent cc\n" U);
    put("de_x.sql", "-- pgbraid:revision de\n-- pgbraid:depends ab abc2x\n" U);
    set = load(problems);
    check_problems(problems, "label-clash@c_x.sql:3:18\n"
                             "label-clash@d_x.sql:2:18\n"
                             "missing-parent@abc2_x.sql:2:19\n"
                             "duplicate-parent@c_x.sql:4:21 warning\n"
                             "missing-parent@d_x.sql:3:19\n"
                             "missing-depends@b_x.sql:2:20\n"
                             "missing-depends@de_x.sql:2:20\n"
                             "missing-depends@de_x.sql:2:23");
    assert_string_equal(problems->list.at[2].fix, "Did you mean abc1 (migrations/abc1_x.sql)?");
    assert_string_equal(problems->list.at[4].fix, "Did you mean c (migrations/c_x.sql)?");
    assert_non_null(strstr(problems->list.at[5].fix, "abc1, abc2"));
    assert_string_equal(problems->list.at[7].fix, "Did you mean abc2 (migrations/abc2_x.sql)?");
    assert_non_null(set->graph);
    assert_int_equal(find(set, "b")->depends[1].node, 0);
    pgb_revset_free(set);
    pgb_problems_free(problems);
}

static void unique_prefix(void **state)
{
    pgb_revset *set;

    (void)state;
    put("abc_x.sql", "-- pgbraid:revision abc\n" U);
    put("b_x.sql", "-- pgbraid:revision b\n-- pgbraid:depends ab\n" U);
    set = load(NULL);
    assert_int_equal(set->revs[1].depends[0].node, 0);
    pgb_revset_free(set);
}

static void duplicates(void **state)
{
    pgb_problems *problems = pgb_problems_new();
    pgb_rev_options options = {.root = root};
    pgb_error err = PGB_ERROR_INIT;
    pgb_revset *set = NULL;

    (void)state;
    put("d4e5f6g7h8i9_add_export_tables.sql", "-- x\n-- pgbraid:revision d4e5f6g7h8i9\n" U);
    put("d4e5f6g7h8i9_add_timeline_events.sql", "-- pgbraid:revision d4e5f6g7h8i9\n" U);
    put("e_goals.sql", "-- pgbraid:revision e\n-- pgbraid:parent d4e5f6g7h8i9\n" U);
    put("f_goals.sql", "-- pgbraid:revision f\n-- pgbraid:parent e d4e5f6g7h8i9\n" U);
    put("z_third.sql", "-- pgbraid:revision d4e5f6g7h8i9\n" U);
    set = load(problems);
    check_problems(problems, "name-mismatch@z_third.sql:1:21 warning\n"
                             "duplicate-id@d4e5f6g7h8i9_add_export_tables.sql:2:21\n"
                             "duplicate-id@d4e5f6g7h8i9_add_timeline_events.sql:1:21");
    assert_string_equal(problems->list.at[1].message,
                        "two files claim revision d4e5f6g7h8i9: "
                        "migrations/d4e5f6g7h8i9_add_export_tables.sql:2 and "
                        "migrations/z_third.sql:1");
    assert_string_equal(problems->list.at[1].detail,
                        "d4e5f6g7h8i9 is the parent of migrations/e_goals.sql:2, "
                        "migrations/f_goals.sql:2.");
    assert_string_equal(problems->list.at[1].fix,
                        "pgbraid rename migrations/d4e5f6g7h8i9_add_export_tables.sql "
                        "e4f5g6h7i8j9");
    assert_string_equal(problems->list.at[2].fix,
                        "pgbraid rename migrations/d4e5f6g7h8i9_add_timeline_events.sql "
                        "f4g5h6i7j8k9");
    assert_string_equal(problems->list.at[1].source, "-- pgbraid:revision d4e5f6g7h8i9");
    assert_null(set->graph);
    assert_int_equal(set->n, 5);
    pgb_revset_free(set);
    set = NULL;
    pgb_problems_free(problems);
    assert_int_equal(pgb_revset_load(&options, NULL, &set, &err), PGB_PROJECT);
    assert_null(set);
    assert_string_equal(err.file, "migrations/d4e5f6g7h8i9_add_export_tables.sql");
    assert_int_equal(err.line, 2);
    assert_string_equal(err.hint, "pgbraid rename migrations/d4e5f6g7h8i9_add_export_tables.sql "
                                  "e4f5g6h7i8j9");
    assert_int_equal(err.n_context, 1);
}

static void cycles(void **state)
{
    pgb_problems *problems = pgb_problems_new();
    pgb_revset *set;

    (void)state;
    put("a_x.sql", "-- pgbraid:revision a\n-- pgbraid:parent c\n" U);
    put("b_x.sql", "-- pgbraid:revision b\n-- pgbraid:parent a\n" U);
    put("c_x.sql", "-- pgbraid:revision c\n-- pgbraid:depends b\n" U);
    set = load(problems);
    check_problems(problems, "cycle@a_x.sql:2:19");
    assert_string_equal(problems->list.at[0].message,
                        "the revisions go in a circle: a -> c -> b -> a");
    assert_string_equal(problems->list.at[0].detail, "migrations/a_x.sql:2: a has parent c\n"
                                                     "migrations/c_x.sql:2: c depends on b\n"
                                                     "migrations/b_x.sql:2: b has parent a");
    assert_null(set->graph);
    pgb_revset_free(set);
    pgb_problems_free(problems);
}

static void not_plain_files(void **state)
{
    pgb_problems *problems = pgb_problems_new();
    char outside[128];
    pgb_revset *set;

    (void)state;
    snprintf(outside, sizeof outside, "%s/outside.sql", root);
    put("../outside.sql", H U);
    assert_int_equal(symlink(outside, path_of("a_link.sql")), 0);
    assert_int_equal(symlink("nowhere", path_of("b_link.sql")), 0);
    assert_int_equal(mkfifo(path_of("c_fifo.sql"), 0600), 0);
    assert_int_equal(mkdir(path_of("d_dir.sql"), 0700), 0);
    assert_int_equal(mkdir(path_of("archive"), 0700), 0);
    put("archive/e.sql", "nothing");
    set = load(problems);
    check_problems(problems, "unreadable@a_link.sql:0:0\nunreadable@b_link.sql:0:0\n"
                             "unreadable@c_fifo.sql:0:0\nunreadable@d_dir.sql:0:0");
    assert_non_null(strstr(problems->list.at[0].message, "symbolic link"));
    assert_non_null(strstr(problems->list.at[2].message, "not a regular file"));
    assert_int_equal(set->n, 0);
    assert_null(set->graph);
    pgb_revset_free(set);
    pgb_problems_free(problems);
}

static void no_permission(void **state)
{
    pgb_problems *problems = pgb_problems_new();
    uid_t uid = geteuid();
    pgb_revset *set;

    (void)state;
    put("a.sql", H U);
    assert_int_equal(chmod(path_of("a.sql"), 0), 0);
    if (uid == 0) {
        /* root reads everything */
        assert_int_equal(chmod(root, 0755), 0);
        assert_int_equal(chmod(path_of(""), 0755), 0);
        assert_int_equal(seteuid(65534), 0);
    }
    set = load(problems);
    assert_int_equal(seteuid(uid), 0);
    check_problems(problems, "unreadable@a.sql:0:0");
    assert_non_null(strstr(problems->list.at[0].message, "Permission denied"));
    pgb_revset_free(set);
    pgb_problems_free(problems);
}

static void missing_folder(void **state)
{
    pgb_rev_options options = {.root = root, .folder = "nowhere/"};
    pgb_error err = PGB_ERROR_INIT;
    pgb_revset *set = NULL;

    (void)state;
    assert_int_equal(pgb_revset_load(&options, NULL, &set, &err), PGB_PROJECT);
    assert_string_equal(err.message, "there is no folder nowhere");
    assert_non_null(strstr(err.hint, "pgbraid init"));
}

/* Larger than a read's piece; the directives are at its end. */
static void large_file(void **state)
{
    PGB_AUTO_BUF(text);
    pgb_revset *set;
    uint64_t end;

    (void)state;
    for (size_t pad = 0; pad < 40; pad++) {
        pgb_buf_clear(&text);
        pgb_buf_puts(&text, H "-- pgbraid:up\r\ncopy t from stdin;\r\n");
        while (text.len < 65536 - 60 + pad) {
            pgb_buf_puts(&text, "x");
        }
        pgb_buf_puts(&text, "\r\n\\.\r\n");
        end = text.len;
        pgb_buf_puts(&text, "-- pgbraid:verify\r\n\r\n-- pgbraid:down\r\nselect 1;");
        put_bytes("a.sql", text.p, text.len);
        set = load(NULL);
        assert_int_equal(set->revs[0].up.off + set->revs[0].up.len, end);
        assert_int_equal(set->revs[0].verify[0].off, end + 19);
        assert_int_equal(set->revs[0].verify[0].len, 2);
        assert_int_equal(set->revs[0].verify[0].line, 7);
        assert_int_equal(set->revs[0].down.off, end + 38);
        assert_int_equal(set->revs[0].down.line, 9);
        pgb_revset_free(set);
    }
}

/* So many that several threads read them: the order of files and problems stays. */
static void many_files(void **state)
{
    enum { MANY = 2500 };
    pgb_problems *problems = pgb_problems_new();
    pgb_revset *set;
    size_t at = 0;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        char name[64], text[256];

        snprintf(name, sizeof name, "r%05d_x.sql", i * 7919 % MANY);
        snprintf(text, sizeof text, "-- pgbraid:revision r%05d\n%s%05d\n%s" U, i * 7919 % MANY,
                 i * 7919 % MANY > 0 ? "-- pgbraid:parent r" : "-- number ",
                 i * 7919 % MANY > 0 ? i * 7919 % MANY - 1 : 0,
                 i * 7919 % MANY % 100 == 50 ? "-- pgbraid:nothing_at_all\n" : "");
        put(name, text);
    }
    set = load(problems);
    assert_int_equal(set->n, MANY);
    assert_non_null(set->graph);
    for (uint32_t i = 0; i < set->n; i++) {
        char id[16];

        snprintf(id, sizeof id, "r%05u", i);
        assert_string_equal(set->revs[i].id, id);
        assert_int_equal(set->revs[i].n_parents, i > 0);
        assert_true(i == 0 || set->revs[i].parents[0].node == i - 1);
        if (i % 100 == 50) {
            assert_string_equal(problems->list.at[at].file, set->revs[i].file);
            assert_string_equal(problems->list.at[at++].rule, "unknown-directive");
        }
    }
    assert_int_equal(problems->list.n, at);
    pgb_revset_free(set);
    pgb_problems_free(problems);
}

#define WITH_ROOT(t) cmocka_unit_test_setup_teardown(t, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROOT(native),
        WITH_ROOT(numbered),
        WITH_ROOT(numbered_problems),
        WITH_ROOT(names),
        WITH_ROOT(layouts_are_decided),
        WITH_ROOT(one_file_problems),
        WITH_ROOT(nul_bytes),
        WITH_ROOT(unique_prefix),
        WITH_ROOT(duplicates),
        WITH_ROOT(cycles),
        WITH_ROOT(not_plain_files),
        WITH_ROOT(no_permission),
        WITH_ROOT(missing_folder),
        WITH_ROOT(large_file),
        WITH_ROOT(many_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
