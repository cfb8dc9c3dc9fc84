/* The scanner: where statements, COPY data, directives and comments begin and end. Each case runs
 * in one chunk, byte by byte, and in pieces of several sizes; all must tell the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/text.h"
#include "sql/meta.h"
#include "sql/scan.h"

/* Shows the events as text: S[..] statement, s[..] one without its semicolon, e[..] empty, I[..]
 * COPY FROM stdin, D[..] data, E[..] its end, c[..] comment, d[..] directive (d! inside a
 * statement), m[..] psql command, !code@line:column an error. */
static void events(const char *text, size_t len, size_t step, bool positions, pgb_buf *out)
{
    static const char letters[] = "SDEcdm";
    pgb_scan_pos start = {.off = 0, .line = 1, .column = 1};
    pgb_scan scan;
    pgb_scan_event ev;
    size_t given = 0;
    uint64_t done = 0, data_end = 0;
    bool in_data = false;

    pgb_scan_init(&scan, &start);
    for (;;) {
        pgb_scan_kind kind = pgb_scan_next(&scan, &ev);

        if (kind == PGB_SCAN_MORE) {
            size_t n = len - given < step ? len - given : step;

            assert_true(pgb_scan_keep(&scan, true) <= given);
            pgb_scan_give(&scan, text + given, n, given + n == len);
            given += n;
            continue;
        }
        if (in_data && kind != PGB_SCAN_COPY_DATA) {
            pgb_buf_puts(out, "]");
            in_data = false;
        }
        if (kind == PGB_SCAN_ERROR) {
            pgb_buf_printf(out, "!%d@%u:%u", ev.error, ev.at.line, ev.at.column);
            break;
        }
        /* ranges and gaps are the text: in order, disjoint, gaps blank */
        assert_true(ev.at.off >= done);
        for (uint64_t i = done; i < ev.at.off; i++) {
            if (i >= 3 || memcmp(text, "\xEF\xBB\xBF", 3) != 0) {
                if (memchr(" \t\r\n\v\f", text[i], 6) == NULL) {
                    print_error("gap at %d: %.*s\n", (int)i, (int)len, text);
                    fail();
                }
            }
        }
        if (kind == PGB_SCAN_END) {
            break;
        }
        assert_true(ev.len > 0 && ev.at.off + ev.len <= len);
        done = ev.at.off + ev.len;
        if (kind == PGB_SCAN_COPY_DATA) {
            if (!in_data) {
                pgb_buf_puts(out, "D[");
            } else {
                assert_int_equal(data_end, ev.at.off);
            }
            in_data = true;
            data_end = done;
            pgb_buf_append(out, text + ev.at.off, ev.len);
            continue;
        }
        pgb_buf_putc(out, kind == PGB_SCAN_STATEMENT && ev.copy_in       ? 'I'
                          : kind == PGB_SCAN_STATEMENT && ev.empty       ? 'e'
                          : kind == PGB_SCAN_STATEMENT && !ev.terminated ? 's'
                                                                         : letters[kind]);
        if (ev.in_statement) {
            pgb_buf_putc(out, '!');
        }
        if (positions) {
            pgb_buf_printf(out, "%u:%u", ev.at.line, ev.at.column);
        }
        pgb_buf_putc(out, '[');
        pgb_buf_append(out, text + ev.at.off, ev.len);
        pgb_buf_putc(out, ']');
    }
    assert_false(out->failed);
}

static void check(const char *text, size_t len, bool positions, const char *expected)
{
    static const size_t steps[] = {SIZE_MAX, 1, 2, 3, 7, 16};

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        PGB_AUTO_BUF(out);

        events(text, len, steps[i], positions, &out);
        if (strcmp(pgb_buf_str(&out), expected) != 0) {
            print_error("text: %s\nstep: %zu\n", text, steps[i]);
        }
        assert_string_equal(pgb_buf_str(&out), expected);
    }
}

typedef struct scan_case {
    const char *text, *expected;
} scan_case;

static const scan_case cases[] = {
    {"", ""},
    {" \n\t", ""},
    {"select 1;", "S[select 1;]"},
    {"select 1", "s[select 1]"},
    {"select 1 -- x", "s[select 1 -- x]"},
    {"select 1 /* x */ ", "s[select 1 /* x */]"},
    {"a;b;", "S[a;]S[b;]"},
    {";", "e[;]"},
    {"a;;b", "S[a;]e[;]s[b]"},
    {"-- hello\nselect 1; -- bye", "c[-- hello]S[select 1;]c[-- bye]"},
    {"select 'a;b';x;", "S[select 'a;b';]S[x;]"},
    {"select 'it''s;';x;", "S[select 'it''s;';]S[x;]"},
    {"select 'back\\';x;", "S[select 'back\\';]S[x;]"},
    {"select E'back\\';x;';y;", "S[select E'back\\';x;';]S[y;]"},
    {"select e'a''\\'b;';y;", "S[select e'a''\\'b;';]S[y;]"},
    {"select E'a\\\\';y;", "S[select E'a\\\\';]S[y;]"},
    {"select E'a'\n'b\\';';y;", "S[select E'a'\n'b\\';';]S[y;]"},
    {"select E'a' -- c\n\t'b\\';';y;", "S[select E'a' -- c\n\t'b\\';';]S[y;]"},
    {"select E'a'\n -- c\n'b\\';';y;", "S[select E'a'\n -- c\n'b\\';';]S[y;]"},
    {"select E'a' 'b\\';y;", "S[select E'a' 'b\\';]S[y;]"},
    {"select E'a'/**/\n'b\\';y;", "S[select E'a'/**/\n'b\\';]S[y;]"},
    {"select E'a',\n'b\\';y;", "S[select E'a',\n'b\\';]S[y;]"},
    {"select U&'a\\';y;", "S[select U&'a\\';]S[y;]"},
    {"select u & 'a\\';y;", "S[select u & 'a\\';]S[y;]"},
    {"select B'01';y;", "S[select B'01';]S[y;]"},
    {"select X'1F', N'a\\';y;", "S[select X'1F', N'a\\';]S[y;]"},
    {"select the'a\\';y;", "S[select the'a\\';]S[y;]"},
    {"select \"a;\"\"b\";y;", "S[select \"a;\"\"b\";]S[y;]"},
    {"select U&\"a;\";y;", "S[select U&\"a;\";]S[y;]"},
    {"select $$a;b$$;y;", "S[select $$a;b$$;]S[y;]"},
    {"select $tag$a;$$;$tga$;$tag$;y;", "S[select $tag$a;$$;$tga$;$tag$;]S[y;]"},
    {"select $a$ $b$ $a$;y;", "S[select $a$ $b$ $a$;]S[y;]"},
    {"select $a$x$a$a$;y;$a$;z", "S[select $a$x$a$a$;]S[y;]!3@1:20"},
    {"select $a$ $$a$;y;", "S[select $a$ $$a$;]S[y;]"},
    {"select $1;$2;", "S[select $1;]S[$2;]"},
    {"select a$b$;c$b$;", "S[select a$b$;]S[c$b$;]"},
    {"select 1$$;$$;y", "S[select 1$$;$$;]s[y]"},
    {"select $1$a$;$a$;y", "S[select $1$a$;$a$;]s[y]"},
    {"select $\xC3\xA4$;$\xC3\xA4$;y", "S[select $\xC3\xA4$;$\xC3\xA4$;]s[y]"},
    {"select $ a;b", "S[select $ a;]s[b]"},
    {"select $a b;c", "S[select $a b;]s[c]"},
    {"a /* ; /* ; */ ; */ b;c", "S[a /* ; /* ; */ ; */ b;]s[c]"},
    {"/* x */ a;", "c[/* x */]S[a;]"},
    {"/**/a;", "c[/**/]S[a;]"},
    {"/*/ */a;", "c[/*/ */]S[a;]"},
    {"/*/**/*/a;", "c[/*/**/*/]S[a;]"},
    {"/***/a;", "c[/***/]S[a;]"},
    {"a */* ; */ b;", "S[a */* ; */ b;]"},
    {"a +-- ;\n b;", "S[a +-- ;\n b;]"},
    {"a - b / c;", "S[a - b / c;]"},
    {"-1;", "S[-1;]"},
    {"a-", "s[a-]"},
    {"-", "s[-]"},
    {"/*+ hint */ select 1;", "S[/*+ hint */ select 1;]"},
    {"/*+ hint */", "c[/*+ hint */]"},
    {"/*+ a */ -- b\nselect 1;", "c[/*+ a */]c[-- b]S[select 1;]"},
    {"create rule r as on insert to t do (a; b);c;",
     "S[create rule r as on insert to t do (a; b);]S[c;]"},
    {"a);b;", "S[a);]S[b;]"},
    {"a -- ;\r b;", "S[a -- ;\r b;]"},
    /* bodies */
    {"create function f() returns int begin atomic select 1; select 2; end; x;",
     "S[create function f() returns int begin atomic select 1; select 2; end;]S[x;]"},
    {"create or replace procedure f() begin /* a */ atomic select case when a then 1 end; end;x;",
     "S[create or replace procedure f() begin /* a */ atomic select case when a then 1 end; "
     "end;]S[x;]"},
    {"create function f() returns int begin atomic end;x;",
     "S[create function f() returns int begin atomic end;]S[x;]"},
    {"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; SELECT a.case; SELECT 1 case;"
     "SELECT (CASE WHEN true THEN 1 END); END;x;",
     "S[CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; SELECT a.case; SELECT 1 "
     "case;SELECT (CASE WHEN true THEN 1 END); END;]S[x;]"},
    {"create function f() returns int begin atomic select 1 end; select 2; end;x;",
     "S[create function f() returns int begin atomic select 1 end; select 2; end;]S[x;]"},
    {"create function f() returns int begin atomic select case when a then case when b then 1 end "
     "end; end;x;",
     "S[create function f() returns int begin atomic select case when a then case when b then 1 "
     "end "
     "end; end;]S[x;]"},
    {"create function begin() returns int return 1; x;",
     "S[create function begin() returns int return 1;]S[x;]"},
    {"create table begin (a int); atomic;", "S[create table begin (a int);]S[atomic;]"},
    {"create function f() returns int begin atomic\n-- pgbraid:down\nselect 1; end;",
     "S[create function f() returns int begin atomic\n-- pgbraid:down\nselect 1; end;]"},
    {"begin; select 1; end;", "S[begin;]S[select 1;]S[end;]"},
    /* COPY */
    {"copy t from stdin;\n1\t2\n\\.\nx;", "I[copy t from stdin;]D[1\t2\n]E[\\.\n]S[x;]"},
    {"COPY public.t (a, \"from\") FROM STDIN WITH (FORMAT csv);\n';\n-- pgbraid:down\n\\.\n",
     "I[COPY public.t (a, \"from\") FROM STDIN WITH (FORMAT csv);]D[';\n-- "
     "pgbraid:down\n]E[\\.\n]"},
    {"copy t from stdin;\n\\.\nx;", "I[copy t from stdin;]E[\\.\n]S[x;]"},
    {"copy t from stdin; -- data\n\\N\n\\.\n", "I[copy t from stdin;]c[-- data]D[\\N\n]E[\\.\n]"},
    {"copy t from stdin; /* data */\n\\.x\n\\..\n\\\n\\.",
     "I[copy t from stdin;]c[/* data */]D[\\.x\n\\..\n\\\n]E[\\.]"},
    {"copy t from stdin;\r\n1\r\n\\.\r\nx;", "I[copy t from stdin;]D[1\r\n]E[\\.\r\n]S[x;]"},
    {"copy t from stdin;\n\\.\r", "I[copy t from stdin;]E[\\.\r]"},
    {"copy t from stdin;\n\\.\rx\n\\.\n", "I[copy t from stdin;]D[\\.\rx\n]E[\\.\n]"},
    {"copy t from stdin;\n x\\.\n\\.\n", "I[copy t from stdin;]D[ x\\.\n]E[\\.\n]"},
    {"copy t from stdout;\n\\.\n", "I[copy t from stdout;]E[\\.\n]"},
    {"copy binary t from stdin;\n\\.\n", "I[copy binary t from stdin;]E[\\.\n]"},
    {"copy t from -- c\n stdin;\n\\.\n", "I[copy t from -- c\n stdin;]E[\\.\n]"},
    {"copy t from 'stdin';x;", "S[copy t from 'stdin';]S[x;]"},
    {"copy t from \"stdin\";x;", "S[copy t from \"stdin\";]S[x;]"},
    {"copy t from program 'x';y;", "S[copy t from program 'x';]S[y;]"},
    {"copy t to stdout;x;", "S[copy t to stdout;]S[x;]"},
    {"copy (select 1 from stdin) to stdout;x;", "S[copy (select 1 from stdin) to stdout;]S[x;]"},
    {"copy t from 'f' where a is distinct from stdin;x;",
     "S[copy t from 'f' where a is distinct from stdin;]S[x;]"},
    {"select a from stdin;x;", "S[select a from stdin;]S[x;]"},
    {"copy t from stdin; x;\n\\.\n", "I[copy t from stdin;]!8@1:20"},
    {"copy t from stdin; \\x\n\\.\n", "I[copy t from stdin;]!8@1:20"},
    {"copy t from stdin;\n1\n", "I[copy t from stdin;]D[1\n]!7@1:1"},
    {"copy t from stdin;\n1\n\\", "I[copy t from stdin;]D[1\n]!7@1:1"},
    {"copy t from stdin;", "I[copy t from stdin;]!7@1:1"},
    {"copy t from stdin", "!7@1:1"},
    /* directives */
    {"-- pgbraid:up\na;", "d[-- pgbraid:up]S[a;]"},
    {"--pgbraid:up\r\na;", "d[--pgbraid:up]S[a;]"},
    {"--\t pgbraid:up", "d[--\t pgbraid:up]"},
    {" -- pgbraid:up\na;", "c[-- pgbraid:up]S[a;]"},
    {"-- pgbraid\na;", "c[-- pgbraid]S[a;]"},
    {"--- pgbraid:up\na;", "c[--- pgbraid:up]S[a;]"},
    {"a; -- pgbraid:up\nb;", "S[a;]c[-- pgbraid:up]S[b;]"},
    {"a\n-- pgbraid:down\nb", "s[a]d![-- pgbraid:down]s[b]"},
    {"a -- pgbraid:down\nb", "s[a -- pgbraid:down\nb]"},
    {"'\n-- pgbraid:down\n';", "S['\n-- pgbraid:down\n';]"},
    {"$$\n-- pgbraid:down\n$$;", "S[$$\n-- pgbraid:down\n$$;]"},
    {"/*\n-- pgbraid:down\n*/", "c[/*\n-- pgbraid:down\n*/]"},
    {"\"\n-- pgbraid:down\n\";", "S[\"\n-- pgbraid:down\n\";]"},
    {"a (\n-- pgbraid:down\n", "!5@1:3"},
    {"copy t from stdin\n-- pgbraid:down\n", "!7@1:1"},
    {"\xEF\xBB\xBF-- pgbraid:up\na;", "d[-- pgbraid:up]S[a;]"},
    {"/*+ h */\n-- pgbraid:up\na;", "c[/*+ h */]d[-- pgbraid:up]S[a;]"},
    /* psql */
    {"\\i x\na;", "m[\\i x]S[a;]"},
    {"\\restrict abc\r\na;", "m[\\restrict abc]S[a;]"},
    {"select 1 \\gset\na;", "s[select 1]m![\\gset]S[a;]"},
    {"create table (\n\\i x\n", "s[create table (]m![\\i x]"},
    {"a\\", "s[a]m![\\]"},
    {"copy t from stdin \\g\na;", "I[copy t from stdin]m![\\g]S[a;]"},
    /* what is not closed */
    {"a 'b", "!1@1:3"},
    {"a;\n  E'b\\'", "S[a;]!1@2:4"},
    {"a\n\"b", "!2@2:1"},
    {"a $x$ b $y$", "!3@1:3"},
    {"a;/* /* */", "S[a;]!4@1:3"},
    {"a (b", "!5@1:3"},
    {"a (b (c) ; d;", "!5@1:3"},
    {"create function f() begin atomic select 1; x;", "!6@1:21"},
    /* standard_conforming_strings */
    {"set standard_conforming_strings = off;select 'a\\';';x;",
     "S[set standard_conforming_strings = off;]S[select 'a\\';';]S[x;]"},
    {"SET SESSION standard_conforming_strings TO 'off';select 'a\\';';x;",
     "S[SET SESSION standard_conforming_strings TO 'off';]S[select 'a\\';';]S[x;]"},
    {"set standard_conforming_strings = 0;select N'a\\';';B'\\';x;",
     "S[set standard_conforming_strings = 0;]S[select N'a\\';';]S[B'\\';]S[x;]"},
    {"set standard_conforming_strings = off;set standard_conforming_strings = on;'\\';x;",
     "S[set standard_conforming_strings = off;]S[set standard_conforming_strings = "
     "on;]S['\\';]S[x;]"},
    {"set standard_conforming_strings = off;reset standard_conforming_strings;'\\';x;",
     "S[set standard_conforming_strings = off;]S[reset standard_conforming_strings;]S['\\';]S[x;]"},
    {"set standard_conforming_strings = off;reset all;'\\';x;",
     "S[set standard_conforming_strings = off;]S[reset all;]S['\\';]S[x;]"},
    {"set search_path = off;'\\';x;", "S[set search_path = off;]S['\\';]S[x;]"},
    {"set standard_conforming_strings = 0", "s[set standard_conforming_strings = 0]"},
    {"set local standard_conforming_strings = (0);'\\';x;",
     "S[set local standard_conforming_strings = (0);]S['\\';]S[x;]"},
    {"reset 'x';a;", "S[reset 'x';]S[a;]"},
    {"create function f() as 'x', 1;a;", "S[create function f() as 'x', 1;]S[a;]"},
    {"create 'x';1;(a);\"b\";&;", "S[create 'x';]S[1;]S[(a);]S[\"b\";]S[&;]"},
    {"copy t from stdin;\n\\.\n;", "I[copy t from stdin;]E[\\.\n]e[;]"},
    {"copy t from stdin; 1\n\\.\n", "I[copy t from stdin;]!8@1:20"},
    {"copy t from stdin; 'x'\n\\.\n", "I[copy t from stdin;]!8@1:20"},
    {"copy t from stdin; ;\n\\.\n", "I[copy t from stdin;]!8@1:20"},
    {"copy t from stdin; +\n\\.\n", "I[copy t from stdin;]!8@1:20"},
    {"copy t from stdin; - \n\\.\n", "I[copy t from stdin;]!8@1:20"},
    {"copy t from stdin; / \n\\.\n", "I[copy t from stdin;]!8@1:20"},
    {"copy t from stdin; -", "I[copy t from stdin;]!8@1:20"},
    {"set a = standard_conforming_strings;'\\';x;",
     "S[set a = standard_conforming_strings;]S['\\';]S[x;]"},
    /* bytes */
    {"\xEF\xBB\xBF", ""},
    {"\xEF\xBB\xBFselect 1;", "S[select 1;]"},
    {"select '\xEF\xBB\xBF';", "S[select '\xEF\xBB\xBF';]"},
    {"\xEF\xBB\x80;", "S[\xEF\xBB\x80;]"},
    {"\xEF\xBF\x80 a;", "S[\xEF\xBF\x80 a;]"},
    {"\xEF\xBB", "!10@1:1"},
    {"a;\n\xC3\xA4\xC3\xA4 '\xFF", "S[a;]!10@2:5"},
    {"\xC3\xA4\xE2\x28", "!10@1:2"},
    {"a\n\xC3\xA4\xED\xA0\x80", "!10@2:2"},
    {"a\xF0\x9F\x98\x80\xF0\x9F", "!10@1:3"},
    {"copy t from stdin;\n\xE4\n\\.\n", "I[copy t from stdin;]!10@2:1"},
};

static void splits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(cases[i].text, strlen(cases[i].text), false, cases[i].expected);
    }
}

static void positions(void **state)
{
    static const scan_case c[] = {
        {"\n\n  a;\n b;", "S3:3[a;]S4:2[b;]"},
        {"\xC3\xA4\xC3\xA4 '\xC3\xA4'; b;", "S1:1[\xC3\xA4\xC3\xA4 '\xC3\xA4';]S1:9[b;]"},
        {"\r\n\r\n  a;\r\n b;", "S3:3[a;]S4:2[b;]"},
        {"\r\r  a;\r b;", "S3:3[a;]S4:2[b;]"},
        {"\xEF\xBB\xBF-- pgbraid:up\n a;", "d1:1[-- pgbraid:up]S2:2[a;]"},
        {"copy t from stdin;\n1\n2\n\\.\n a;",
         "I1:1[copy t from stdin;]D[1\n2\n]E4:1[\\.\n]S5:2[a;]"},
        {"copy t from stdin;\r\n1\r\n\\.\r\n a;",
         "I1:1[copy t from stdin;]D[1\r\n]E3:1[\\.\r\n]S4:2[a;]"},
        {"/* a\n*/ /*+ h */\n x;\\q", "c1:1[/* a\n*/]S2:4[/*+ h */\n x;]m3:4[\\q]"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
        check(c[i].text, strlen(c[i].text), true, c[i].expected);
    }
}

static void nul_byte(void **state)
{
    (void)state;
    check("a;\nb\0c;", 8, false, "S[a;]!11@2:2");
}

static void long_tags(void **state)
{
    char text[1200];

    (void)state;
    for (size_t n = 248; n < 254; n++) {
        PGB_AUTO_BUF(out);
        size_t at = 0;

        text[at++] = '$';
        memset(text + at, 't', n);
        at += n;
        text[at++] = '$';
        text[at++] = ';';
        memcpy(text + at, text, n + 2);
        at += n + 2;
        text[at++] = ';';
        text[at] = '\0';
        events(text, at, 5, false, &out);
        if (n <= 250) {
            assert_int_equal(strncmp(pgb_buf_str(&out), "S[$tt", 5), 0);
        } else {
            assert_string_equal(pgb_buf_str(&out), "!9@1:1");
        }
    }
}

/* Section starts: positions are the file's. */
static void starts_in_the_middle(void **state)
{
    pgb_scan_pos start = {.off = 100, .line = 7, .column = 1};
    pgb_scan scan;
    pgb_scan_event ev;

    (void)state;
    pgb_scan_init(&scan, &start);
    pgb_scan_give(&scan, "-- pgbraid:up\n a;", 17, true);
    assert_int_equal(pgb_scan_next(&scan, &ev), PGB_SCAN_DIRECTIVE);
    assert_int_equal(ev.at.off, 100);
    assert_int_equal(ev.at.line, 7);
    assert_int_equal(pgb_scan_next(&scan, &ev), PGB_SCAN_STATEMENT);
    assert_int_equal(ev.at.off, 115);
    assert_int_equal(ev.at.line, 8);
    assert_int_equal(ev.at.column, 2);
    assert_int_equal(pgb_scan_next(&scan, &ev), PGB_SCAN_END);
    assert_int_equal(pgb_scan_next(&scan, &ev), PGB_SCAN_END);
}

/* Every error has a text and a way out; psql's commands have an advice. */
static void texts(void **state)
{
    static const struct {
        const char *command, *advice;
    } commands[] = {
        {"\\i x.sql", "Paste"},
        {"\\ir x", "Paste"},
        {"\\copy t from x", "COPY"},
        {"\\set a 1", "value"},
        {"\\c db", "one database"},
        {"\\if 1", "DO block"},
        {"\\gset", "variables"},
        {"\\echo x", "NOTICE"},
        {"\\.", "no such COPY"},
        {"\\! ls", "client"},
        {"\\timing", "terminal"},
        {"\\watch 5", "Only SQL"},
        {"\\a_very_long_name_that_is_none_of_them_at_all", "Only SQL"},
        {"\\", "Only SQL"},
    };

    (void)state;
    for (int e = PGB_SCAN_STRING; e <= PGB_SCAN_NUL; e++) {
        assert_string_not_equal(pgb_scan_error_message((pgb_scan_error)e), "no error");
        assert_string_not_equal(pgb_scan_error_hint((pgb_scan_error)e), "");
    }
    assert_string_equal(pgb_scan_error_message(PGB_SCAN_OK), "no error");
    assert_string_equal(pgb_scan_error_hint(PGB_SCAN_OK), "");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        size_t len = strlen(commands[i].command);

        assert_non_null(strstr(pgb_meta_advice(commands[i].command, len), commands[i].advice));
        assert_false(pgb_meta_is_harmless(commands[i].command, len));
    }
    assert_true(pgb_meta_is_harmless("\\restrict abc", 13));
    assert_true(pgb_meta_is_harmless("\\unrestrict", 11));
    assert_int_equal(pgb_meta_name_len("\\i\tx", 4), 2);
}

static uint64_t seed;
static uint32_t rnd(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

/* Random texts of fragments that matter, and of bytes: the properties hold (in events()) and the
 * events don't depend on the chunks. */
static void random_texts(void **state)
{
    static const char *const parts[] = {
        "'",
        "''",
        "\"",
        "$$",
        "$a$",
        "$",
        "$1",
        "--",
        "/*",
        "*/",
        "\n",
        "\r\n",
        "\r",
        " ",
        ";",
        "(",
        ")",
        "\\",
        "\\.\n",
        "\\.",
        "E'",
        "U&'",
        "e",
        "begin ",
        "end ",
        "case ",
        "atomic ",
        "create ",
        "function ",
        "copy ",
        "from ",
        "stdin",
        "stdin;\n",
        "-- pgbraid:",
        "pgbraid:",
        "x",
        "\xC3\xA4",
        "\xE2\x82\xAC",
        "as ",
        ".",
        "/",
        "-",
        "copy t from stdin;\n",
        "set standard_conforming_strings = off;",
        "/*+",
        "\t",
        "\xEF\xBB\xBF",
        "create function f() begin atomic ",
        "\f",
        "1",
    };

    (void)state;
    for (uint32_t round = 0; round < 30000; round++) {
        char text[256];
        size_t len = 0;
        uint32_t n = rnd(24);
        bool bytes = round % 8 == 0;

        seed = round + 1;
        for (uint32_t i = 0; i < n; i++) {
            const char *part = parts[rnd(sizeof parts / sizeof parts[0])];

            if (bytes && rnd(3) == 0) {
                text[len++] = (char)rnd(256);
            } else if (len + strlen(part) < sizeof text) {
                memcpy(text + len, part, strlen(part));
                len += strlen(part);
            }
        }
        {
            PGB_AUTO_BUF(whole);
            PGB_AUTO_BUF(small);

            events(text, len, SIZE_MAX, true, &whole);
            events(text, len, 1 + rnd(4), true, &small);
            /* a character that a chunk cuts in COPY data is handed out before it is found invalid
             */
            if (strstr(pgb_buf_str(&whole), "!10@") == NULL &&
                strcmp(pgb_buf_str(&whole), pgb_buf_str(&small)) != 0) {
                print_error("round %u: %s\n", round, pgb_buf_str(&whole));
                assert_string_equal(pgb_buf_str(&small), pgb_buf_str(&whole));
            }
        }
    }
}

static void settings_are_reset(void **state)
{
    pgb_scan_pos start = {.off = 0, .line = 1, .column = 1};
    static const char text[] = "set standard_conforming_strings = off;\n'\\';";
    pgb_scan scan;
    pgb_scan_event ev;

    (void)state;
    pgb_scan_init(&scan, &start);
    pgb_scan_give(&scan, text, sizeof text - 1, true);
    assert_int_equal(pgb_scan_next(&scan, &ev), PGB_SCAN_STATEMENT);
    pgb_scan_reset_settings(&scan);
    assert_int_equal(pgb_scan_next(&scan, &ev), PGB_SCAN_STATEMENT);
    assert_int_equal(ev.len, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits),
        cmocka_unit_test(positions),
        cmocka_unit_test(nul_byte),
        cmocka_unit_test(long_tags),
        cmocka_unit_test(starts_in_the_middle),
        cmocka_unit_test(settings_are_reset),
        cmocka_unit_test(texts),
        cmocka_unit_test(random_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
