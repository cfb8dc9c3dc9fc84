/* Our scanner against PostgreSQL's own grammar: where libpg_query can parse a whole text, both must
 * find the same statements. Over the SQL that comes with the server (R16), and over a body that is
 * put together at random from what is hard to split. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ftw.h>
#include <pg_query.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/vec.h"
#include "sql/scan.h"

typedef struct found {
    uint64_t start, end; /* of the first token, of the text without its semicolon */
    bool terminated;
} found;

typedef PGB_VEC(found) found_list;

typedef bool splitter(const char *text, size_t len, size_t step, found_list *list);

static bool scan_all(const char *text, size_t len, size_t step, found_list *list)
{
    pgb_scan_pos start = {.off = 0, .line = 1, .column = 1};
    size_t given = 0;
    pgb_scan scan;
    pgb_scan_event ev;

    pgb_scan_init(&scan, &start);
    for (;;) {
        switch (pgb_scan_next(&scan, &ev)) {
        case PGB_SCAN_MORE: {
            size_t n = len - given < step ? len - given : step;

            pgb_scan_give(&scan, text + given, n, given + n == len);
            given += n;
            break;
        }
        case PGB_SCAN_STATEMENT: {
            found f = {ev.token.off, ev.at.off + ev.len - ev.terminated, ev.terminated};

            if (!ev.empty) {
                assert_true(pgb_vec_push(list, f));
            }
            break;
        }
        case PGB_SCAN_ERROR:
            return false;
        case PGB_SCAN_END:
            return true;
        default:
            break;
        }
    }
}

/* Where a statement of libpg_query's really starts: blanks and comments are its own. */
static size_t first_token(const char *text, size_t at, size_t end)
{
    while (at < end) {
        if (strchr(" \t\r\n\f\v", text[at]) != NULL) {
            at++;
        } else if (text[at] == '-' && text[at + 1] == '-') {
            while (at < end && text[at] != '\n' && text[at] != '\r') {
                at++;
            }
        } else if (text[at] == '/' && text[at + 1] == '*') {
            int depth = 0;

            do {
                int step = text[at] == '/' && text[at + 1] == '*'   ? 1
                           : text[at] == '*' && text[at + 1] == '/' ? -1
                                                                    : 0;

                depth += step;
                at += step != 0 ? 2 : 1;
            } while (depth > 0 && at < end);
        } else {
            break;
        }
    }
    return at;
}

/* Differences are what is looked for: a control. */
static bool quiet;

typedef enum verdict { EQUAL, DIFFERENT, NOT_PARSED } verdict;

static verdict compare_of(splitter *split, const char *name, const char *text, size_t len,
                          size_t *ret_n)
{
    PgQuerySplitResult theirs = pg_query_split_with_parser(text);
    found_list ours = {0};
    verdict v = EQUAL;
    bool scanned = split(text, len, 777, &ours);

    if (theirs.error != NULL) {
        v = NOT_PARSED;
    } else if (!scanned || ours.n != (size_t)theirs.n_stmts) {
        if (!quiet) {
            print_error("%s: %zu statements, libpg_query has %d\n", name, ours.n, theirs.n_stmts);
        }
        v = DIFFERENT;
    }
    for (size_t i = 0; i < ours.n && v == EQUAL; i++) {
        size_t at = (size_t)theirs.stmts[i]->stmt_location;
        size_t end = theirs.stmts[i]->stmt_len > 0 ? at + (size_t)theirs.stmts[i]->stmt_len : len;

        if (ours.at[i].start != first_token(text, at, end) ||
            (ours.at[i].terminated && ours.at[i].end != end)) {
            if (!quiet) {
                print_error("%s: statement %zu: %.60s\n", name, i, text + ours.at[i].start);
            }
            v = DIFFERENT;
        }
    }
    *ret_n += v == EQUAL ? ours.n : 0;
    pgb_vec_done(&ours);
    pg_query_free_split_result(theirs);
    return v;
}

static verdict compare(const char *name, const char *text, size_t len, size_t *ret_n)
{
    return compare_of(scan_all, name, text, len, ret_n);
}

/* --- the SQL that comes with the server ----------------------------------------------------------
 */

static splitter *server_splitter = scan_all;
static size_t n_equal, n_different, n_unparsed, n_statements;

/* psql commands are blanked, and so is what CREATE EXTENSION replaces. */
static void prepare(pgb_buf *text)
{
    static const char schema[] = "@extschema@";
    char *at = text->p;

    while ((at = strstr(at, schema)) != NULL) {
        at[0] = at[sizeof schema - 2] = 'x';
    }
    for (size_t i = 0; i < text->len; i++) {
        bool line_start = i == 0 || text->p[i - 1] == '\n';

        if (line_start && text->p[i] == '\\') {
            while (i < text->len && text->p[i] != '\n') {
                text->p[i++] = ' ';
            }
        }
    }
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    size_t len = strlen(path);
    PGB_AUTO_BUF(text);

    (void)st;
    (void)ftw;
    if (type != FTW_F || len < 4 || strcmp(path + len - 4, ".sql") != 0) {
        return 0;
    }
    assert_int_equal(pgb_file_read(path, 64 << 20, &text, NULL), PGB_OK);
    if (text.len == 0) {
        return 0;
    }
    prepare(&text);
    switch (compare_of(server_splitter, path, text.p, text.len, &n_statements)) {
    case EQUAL:
        n_equal++;
        break;
    case DIFFERENT:
        n_different++;
        break;
    default:
        n_unparsed++;
        break;
    }
    return 0;
}

/* Of Debian's package postgresql-15, which tools/deps installs for the tests: without it this test
 * has nothing to compare and fails. */
static const char server_sql[] = "/usr/share/postgresql/15";

static void visit_all(splitter *split)
{
    server_splitter = split;
    n_equal = n_different = n_unparsed = n_statements = 0;
    if (access(server_sql, R_OK) != 0) {
        fail_msg("%s is not there: run tools/deps test", server_sql);
    }
    assert_int_equal(nftw(server_sql, visit, 16, FTW_PHYS), 0);
}

static void server_files(void **state)
{
    (void)state;
    visit_all(scan_all);
    print_message("# %zu files with %zu statements equal, %zu that libpg_query does not parse\n",
                  n_equal, n_statements, n_unparsed);
    assert_int_equal(n_different, 0);
    assert_true(n_equal >= 100);
    assert_true(n_unparsed * 10 <= n_equal);
}

/* The positive control: a splitter that knows quotes and comments, but not dollar quotes nor
 * parentheses nor bodies. */
static bool scan_naively(const char *text, size_t len, size_t step, found_list *list)
{
    size_t from = 0;
    char in = 0;

    (void)step;
    for (size_t i = 0; i <= len; i++) {
        char c = i < len ? text[i] : ';';

        if (in != 0) {
            in = (char)(c == in ? 0 : in);
        } else if (c == '\'' || c == '"') {
            in = c;
        } else if (c == '-' && text[i + 1] == '-') {
            in = '\n';
        } else if (c == ';') {
            found f = {first_token(text, from, i), i, i < len};

            if (f.start < i) {
                assert_true(pgb_vec_push(list, f));
            }
            from = i + 1;
        }
    }
    return true;
}

static void a_naive_splitter_is_caught(void **state)
{
    (void)state;
    quiet = true;
    visit_all(scan_naively);
    quiet = false;
    print_message(
        "# control: %zu files with %zu statements equal by a naive splitter, %zu caught\n", n_equal,
        n_statements, n_different);
    assert_true(n_different >= 10);
    assert_true(n_equal > 0);
}

/* --- what is hard
 * ----------------------------------------------------------------------------------- */

static const char *const hard[] = {
    "select 1",
    "select 'a;b', E'a\\';b', 'it''s;'",
    "select U&'\\0041;', B'01', X'1F', N'n;'",
    "select E'a'\n  'b\\';'",
    "select $$a;b$$, $x$ $$ ; $y$ $x$",
    "select \"a;\"\"b\" from \"t;\"",
    "select a$1 from t where b = $1",
    "select 1 /* ; /* nested ; */ */ + 2",
    "select -1 - -1 -- ;\n",
    "select a -> 'b', a #>> '{c}', 5 !~~* 'x'",
    "create table t (a int default (1), b text check (b in ('(', ';')))",
    "create rule r as on insert to t do also (insert into u values (1); delete from v)",
    "create function f() returns int language sql begin atomic select 1; select 2; end",
    "create or replace function f(a int) returns int begin atomic select case when a > 1 then case "
    "when a > 2 then 1 else 2 end else 3 end; end",
    "create function f() returns int return (select case when true then 1 end)",
    "create procedure p() begin atomic insert into t values (1); update t set a = 2 where b = "
    "(case "
    "when true then 'x' end); end",
    "create function f() returns void language plpgsql as $f$ begin perform 1; end; $f$",
    "create function f() returns int language sql as 'select 1;'\n 'select 2'",
    "create function f() returns int begin atomic select 1 as \"end\"; select t.\"case\" from t; "
    "end",
    "create function f() returns int begin atomic select 1 end; end",
    "create function f() returns int begin atomic select 1 as end; end",
    "create function f() returns int begin atomic end",
    "do $$ begin execute 'x;'; end $$",
    "begin",
    "end",
    "copy t from 'file' with (format csv)",
    "copy (select ';') to stdout",
    "insert into t values ($$;$$), (E'\\\\'), ('\\')",
    "create view v as select case when a then 'end' else 'begin' end as atomic from t",
    "alter table t add constraint c check (a > 0) not valid",
    "comment on table t is 'x; -- y /* z'",
    "select 1 as \"$$\", 2 as \"--\"",
    "select '\xC3\xA4;\xE2\x82\xAC' as \xC3\xA4",
    "create index concurrently if not exists i on t using gin (a) where b <> ';'",
    "with q as (select 1; ) select 2",
    /* the server goes on with the string behind the comment; libpg_query's lexer does not */
    "select 'a' -- ; comment\n 'b'",
    "select E'a' -- c\n 'b\\';'",
};
enum { HARD = sizeof hard / sizeof hard[0], UNPARSED = 3 /* at the end of the list */ };

static const char *const between[] = {"",
                                      "\n",
                                      " ",
                                      "\t\r\n",
                                      "\f",
                                      "-- c ; '\n",
                                      "/* ; ' */",
                                      "/* /* $$ */ */\n",
                                      ";",
                                      "\n-- \"x\n\n",
                                      "/* \xC3\xA4 */",
                                      ";;\n"};

static uint64_t seed = 1;
static size_t rnd(size_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % n;
}

static void hard_statements(void **state)
{
    size_t parsed = 0, statements = 0;

    (void)state;
    for (int round = 0; round < 400; round++) {
        PGB_AUTO_BUF(text);
        verdict v;

        for (size_t n = 1 + rnd(20); n > 0; n--) {
            size_t which = rnd(rnd(20) != 0 ? HARD - UNPARSED : HARD);

            pgb_buf_puts(&text, between[rnd(sizeof between / sizeof between[0])]);
            pgb_buf_puts(&text, hard[which]);
            pgb_buf_puts(&text, between[rnd(8)]);
            if (n > 1 || rnd(2) != 0) {
                pgb_buf_puts(&text, ";");
            }
        }
        v = compare("hard", text.p, text.len, &statements);
        if (v == DIFFERENT) {
            print_error("round %d: %s\n", round, text.p);
        }
        assert_int_not_equal(v, DIFFERENT);
        parsed += v == EQUAL;
    }
    assert_true(parsed >= 200);
    assert_true(statements > 1500);
}

/* Each alone parses, but for the last few: a typo in the list would weaken the test above. */
static void hard_ones_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < HARD; i++) {
        size_t n = 0;
        verdict v = compare(hard[i], hard[i], strlen(hard[i]), &n);

        if (v != (i < HARD - UNPARSED ? EQUAL : NOT_PARSED)) {
            print_error("%s\n", hard[i]);
            fail();
        }
    }
}

/* The comparison itself can fail. */
static void differences_are_seen(void **state)
{
    found_list list = {0};
    static const char text[] = "select 1; select 2";

    (void)state;
    assert_true(scan_all(text, strlen(text), 5, &list));
    assert_int_equal(list.n, 2);
    assert_int_equal(list.at[0].end, 8);
    assert_int_equal(list.at[1].start, 10);
    assert_false(list.at[1].terminated);
    pgb_vec_done(&list);
    assert_int_equal(first_token("  -- x\n/* /* */ */ a", 0, 20), 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences_are_seen),
        cmocka_unit_test(hard_ones_parse),
        cmocka_unit_test(hard_statements),
        cmocka_unit_test(server_files),
        cmocka_unit_test(a_naive_splitter_is_caught),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    pg_query_exit();
    return failed;
}
