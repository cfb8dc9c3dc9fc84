/* Scripts: statements and COPY data of a section in two passes, what is refused, hashes, places. */
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
#include "rev/script.h"

#define H "-- pgbraid:revision a\n"
#define U "-- pgbraid:up\n"

static char root[64];

static int make_root(void **state)
{
    char folder[128];

    (void)state;
    snprintf(root, sizeof root, "/tmp/pgbraid-script-XXXXXX");
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

static void put_bytes(const char *name, const char *text, size_t len)
{
    char path[256];
    FILE *f;

    snprintf(path, sizeof path, "%s/migrations/%s", root, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void put(const char *name, const char *text)
{
    put_bytes(name, text, strlen(text));
}

static pgb_revset *load(void)
{
    pgb_rev_options options = {.root = root};
    pgb_revset *set = NULL;
    pgb_error err = PGB_ERROR_INIT;

    if (pgb_revset_load(&options, NULL, &set, &err) != PGB_OK) {
        print_error("%s:%d:%d %s\n", err.file, err.line, err.column, err.message);
        fail();
    }
    return set;
}

static pgb_script *open_section(const pgb_revset *set, pgb_section section, uint32_t nth)
{
    pgb_script *script = NULL;
    pgb_error err = PGB_ERROR_INIT;

    if (pgb_script_open(set, &set->revs[0], section, nth, &script, &err) != PGB_OK) {
        print_error("%s:%d:%d %s\n", err.file, err.line, err.column, err.message);
        fail();
    }
    return script;
}

/* Shows the items: [line:column text], D(data), E. */
static void items(pgb_script *script, pgb_buf *out)
{
    pgb_error err = PGB_ERROR_INIT;
    pgb_item item;
    bool data = false;

    for (;;) {
        assert_int_equal(pgb_script_next(script, &item, &err), PGB_OK);
        if (item.kind == PGB_ITEM_COPY_DATA) {
            pgb_buf_puts(out, data ? "" : "D(");
            pgb_buf_append(out, item.text, item.len);
            assert_true(item.len <= 65536 + 4);
            data = true;
            continue;
        }
        pgb_buf_puts(out, data ? ")" : "");
        data = false;
        if (item.kind == PGB_ITEM_END) {
            break;
        }
        if (item.kind == PGB_ITEM_COPY_END) {
            pgb_buf_puts(out, "E");
            continue;
        }
        assert_int_equal(strlen(item.text), item.len);
        pgb_buf_printf(out, "[%u:%u %s]", item.line, item.column, item.text);
    }
    assert_int_equal(pgb_script_next(script, &item, &err), PGB_OK);
    assert_int_equal(item.kind, PGB_ITEM_END);
}

static void two_passes(void **state)
{
    static const char up[] = "\\restrict x\n-- why\nSELECT '\xC3\xA4'; SELECT 2;\n;\n"
                             "COPY t (a) FROM stdin;\n1\n2\n\\.\n  SELECT 3\n";
    const pgb_script_info *info;
    pgb_script *script;
    pgb_revset *set;

    (void)state;
    put("a.sql",
        H "-- pgbraid:allow x y\n" U "\\restrict x\n-- why\nSELECT '\xC3\xA4'; SELECT 2;\n;\n"
          "COPY t (a) FROM stdin;\n1\n2\n\\.\n  SELECT 3\n"
          "-- pgbraid:down\nDROP TABLE t;\n-- pgbraid:verify\nSELECT true;\n");
    set = load();
    script = open_section(set, PGB_SECTION_UP, 0);
    info = pgb_script_get_info(script);
    assert_int_equal(info->n_statements, 4);
    assert_int_equal(info->n_copies, 1);
    assert_int_equal(info->n_unknown, 0);
    assert_int_equal(info->bytes, strlen(up));
    assert_string_equal(info->text, up);
    assert_string_equal(info->header, H "-- pgbraid:allow x y\n");
    assert_int_equal(strlen(info->header_norm), 64);
    for (int round = 0; round < 3; round++) {
        PGB_AUTO_BUF(out);

        if (round > 0) {
            assert_int_equal(pgb_script_rewind(script, NULL), PGB_OK);
        }
        if (round == 1) {
            pgb_item item; /* rewound in the middle */

            assert_int_equal(pgb_script_next(script, &item, NULL), PGB_OK);
            assert_int_equal(item.ordinal, 1);
            assert_string_equal(item.hash, "");
            assert_int_equal(pgb_script_rewind(script, NULL), PGB_OK);
        }
        items(script, &out);
        assert_string_equal(pgb_buf_str(&out),
                            "[6:1 SELECT '\xC3\xA4';][6:13 SELECT 2;][8:1 COPY t (a) FROM "
                            "stdin;]D(1\n2\n)E[12:3 SELECT 3]");
        assert_string_equal(info->text, up);
    }
    pgb_script_close(script);
    script = open_section(set, PGB_SECTION_DOWN, 0);
    {
        PGB_AUTO_BUF(out);

        items(script, &out);
        assert_string_equal(pgb_buf_str(&out), "[14:1 DROP TABLE t;]");
    }
    pgb_script_close(script);
    script = open_section(set, PGB_SECTION_VERIFY, 0);
    {
        PGB_AUTO_BUF(out);

        items(script, &out);
        assert_string_equal(pgb_buf_str(&out), "[16:1 SELECT true;]");
    }
    pgb_script_close(script);
    pgb_revset_free(set);
}

static void numbered_files(void **state)
{
    pgb_script *script;
    pgb_revset *set;

    (void)state;
    put("1_a.sql", "\xEF\xBB\xBF"
                   "create table a();\r\n");
    put("1_a.down.sql", "drop table a;");
    set = load();
    script = open_section(set, PGB_SECTION_UP, 0);
    {
        PGB_AUTO_BUF(out);

        items(script, &out);
        assert_string_equal(pgb_buf_str(&out), "[1:1 create table a();]");
    }
    assert_null(pgb_script_get_info(script)->header);
    pgb_script_close(script);
    script = open_section(set, PGB_SECTION_DOWN, 0);
    {
        PGB_AUTO_BUF(out);

        items(script, &out);
        assert_string_equal(pgb_buf_str(&out), "[1:1 drop table a;]");
    }
    pgb_script_close(script);
    pgb_revset_free(set);
}

static void stored_text(void **state)
{
    pgb_script *script = NULL;
    pgb_item item;

    (void)state;
    assert_int_equal(
        pgb_script_open_text("stored down of a", "select 1; select 2;", 19, &script, NULL), PGB_OK);
    assert_int_equal(pgb_script_next(script, &item, NULL), PGB_OK);
    assert_string_equal(item.text, "select 1;");
    assert_string_equal(pgb_script_get_info(script)->text, "select 1; select 2;");
    assert_int_equal(pgb_script_rewind(script, NULL), PGB_OK);
    {
        PGB_AUTO_BUF(out);

        items(script, &out);
        assert_string_equal(pgb_buf_str(&out), "[1:1 select 1;][1:11 select 2;]");
    }
    pgb_script_close(script);
    script = NULL;
    assert_int_equal(pgb_script_open_text("x", "", 0, &script, NULL), PGB_OK);
    assert_int_equal(pgb_script_next(script, &item, NULL), PGB_OK);
    assert_int_equal(item.kind, PGB_ITEM_END);
    pgb_script_close(script);
}

/* status line:column of what opening says */
static void refused(void **state)
{
    static const struct {
        const char *text;
        pgb_status status;
        int line, column;
        const char *says, *hint;
    } cases[] = {
        {"select 1;\n BEGIN;", PGB_PROJECT, 2, 2, "can't control transactions: BEGIN",
         "Remove the statement"},
        {"commit and chain", PGB_PROJECT, 1, 1, "COMMIT", NULL},
        {"END;", PGB_PROJECT, 1, 1, "COMMIT", NULL},
        {"abort", PGB_PROJECT, 1, 1, "ROLLBACK", NULL},
        {"rollback;", PGB_PROJECT, 1, 1, "ROLLBACK", NULL},
        {"start transaction isolation level serializable;", PGB_PROJECT, 1, 1, "START", NULL},
        {"prepare transaction 'x';", PGB_PROJECT, 1, 1, "PREPARE TRANSACTION", NULL},
        {"commit prepared 'x';", PGB_PROJECT, 1, 1, "COMMIT PREPARED", NULL},
        {"rollback prepared 'x';", PGB_PROJECT, 1, 1, "ROLLBACK PREPARED", NULL},
        {"savepoint a; release a; rollback to savepoint a;", PGB_OK, 0, 0, NULL, NULL},
        {"select 'x", PGB_PROJECT, 1, 8, "not closed", NULL},
        {"\\copy t from 'x'", PGB_PROJECT, 1, 1, "\\copy is no SQL", "COPY … FROM stdin"},
        {"select 1 \\gset", PGB_PROJECT, 1, 10, "\\gset is no SQL", NULL},
        {"copy t from stdin;\n1\n", PGB_PROJECT, 1, 1, "has no end", "\\."},
        {"copy t from stdin; select 1;\n\\.\n", PGB_PROJECT, 1, 20, "follows", NULL},
        {"select \xFF", PGB_PROJECT, 1, 8, "UTF-8", NULL},
        {"this is not sql; select 1;", PGB_OK, 0, 0, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pgb_error err = PGB_ERROR_INIT;
        pgb_script *script = NULL;
        pgb_status status =
            pgb_script_open_text("f.sql", cases[i].text, strlen(cases[i].text), &script, &err);

        if (status != cases[i].status) {
            print_error("%s: %s\n", cases[i].text, err.message);
        }
        assert_int_equal(status, cases[i].status);
        if (status != PGB_OK) {
            assert_null(script);
            assert_string_equal(err.file, "f.sql");
            assert_int_equal(err.line, cases[i].line);
            assert_int_equal(err.column, cases[i].column);
            assert_non_null(strstr(err.message, cases[i].says));
            assert_string_not_equal(err.hint, "");
            if (cases[i].hint != NULL) {
                assert_non_null(strstr(err.hint, cases[i].hint));
            }
        }
        pgb_script_close(script);
    }
}

static void refused_in_sections(void **state)
{
    pgb_error err = PGB_ERROR_INIT;
    pgb_script *script = NULL;
    pgb_revset *set;

    (void)state;
    put("a.sql", H "-- pgbraid:transaction none\n" U "savepoint x;\n-- pgbraid:verify\n"
                   "copy t from stdin;\n\\.\n-- pgbraid:down irreversible gone\n");
    put("b.sql", "-- pgbraid:revision b\n" U);
    set = load();
    assert_int_equal(pgb_script_open(set, &set->revs[0], PGB_SECTION_UP, 0, &script, &err),
                     PGB_PROJECT);
    assert_non_null(strstr(err.message, "SAVEPOINT needs a transaction"));
    assert_string_equal(err.source, "savepoint x;");
    pgb_error_clear(&err);
    assert_int_equal(pgb_script_open(set, &set->revs[0], PGB_SECTION_VERIFY, 0, &script, &err),
                     PGB_PROJECT);
    assert_int_equal(err.line, 6);
    pgb_error_clear(&err);
    assert_int_equal(pgb_script_open(set, &set->revs[0], PGB_SECTION_DOWN, 0, &script, &err),
                     PGB_REFUSED);
    assert_string_equal(err.detail, "Its file says: gone");
    pgb_error_clear(&err);
    assert_int_equal(pgb_script_open(set, &set->revs[1], PGB_SECTION_DOWN, 0, &script, &err),
                     PGB_REFUSED);
    assert_null(script);
    pgb_revset_free(set);
}

static void facts(void **state)
{
    static const char text[] =
        "create table t (id bigserial primary key, n text);\n"
        "create unique index concurrently if not exists i on s.t (n);\n"
        "alter type e add value 'x';\nmerge into nowhere something;\nvacuum t;\n";
    const pgb_script_info *info;
    bool could_not_tell = false;
    uint32_t locks = 0;
    pgb_script *script = NULL;
    pgb_item item;
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    assert_int_equal(pgb_script_open_text("x", text, strlen(text), &script, &err), PGB_OK);
    info = pgb_script_get_info(script);
    assert_int_equal(info->n_statements, 5);
    assert_int_equal(info->n_unknown, 1);
    assert_string_equal(info->first_no_transaction, "CREATE UNIQUE INDEX CONCURRENTLY");
    assert_int_equal(info->first_no_transaction_line, 2);
    assert_true(info->adds_enum_value);
    assert_int_equal(pgb_script_locks(script, &locks, &could_not_tell, &err), PGB_OK);
    assert_true(locks >= 4);
    assert_true(could_not_tell); /* what it does not understand */
    assert_int_equal(pgb_script_next(script, &item, &err), PGB_OK);
    assert_int_equal(item.facts.kind, PGB_STMT_PLAIN);
    assert_string_equal(item.facts.command, "CREATE TABLE");
    assert_int_equal(pgb_script_next(script, &item, &err), PGB_OK);
    assert_int_equal(item.facts.kind, PGB_STMT_CREATE_INDEX_CONCURRENTLY);
    assert_string_equal(item.facts.object, "i");
    assert_string_equal(item.facts.on_table, "t");
    assert_int_equal(pgb_script_next(script, &item, &err), PGB_OK);
    assert_int_equal(item.facts.kind, PGB_STMT_ADD_ENUM_VALUE);
    assert_string_equal(item.facts.value, "x");
    assert_int_equal(pgb_script_next(script, &item, &err), PGB_OK);
    assert_int_equal(item.facts.kind, PGB_STMT_UNKNOWN);
    assert_int_equal(item.ordinal, 4);
    pgb_script_close(script);
}

/* More statements than facts are kept for. */
static void many_statements(void **state)
{
    PGB_AUTO_BUF(text);
    pgb_script *script = NULL;
    pgb_item item;
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        pgb_buf_printf(&text, "%s;\n", i == 4999 ? "vacuum t" : i % 1000 == 0 ? "what" : "table t");
    }
    assert_int_equal(pgb_script_open_text("x", text.p, text.len, &script, &err), PGB_OK);
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(pgb_script_next(script, &item, &err), PGB_OK);
        assert_int_equal(item.ordinal, i + 1);
        assert_int_equal(item.facts.kind, i == 4999       ? PGB_STMT_NO_TRANSACTION
                                          : i % 1000 == 0 ? PGB_STMT_UNKNOWN
                                                          : PGB_STMT_PLAIN);
        assert_non_null(item.facts.command);
    }
    assert_int_equal(pgb_script_next(script, &item, &err), PGB_OK);
    assert_int_equal(item.kind, PGB_ITEM_END);
    pgb_script_close(script);
}

static void statement_hashes(void **state)
{
    char raw[PGB_HASH_HEX], norm[PGB_HASH_HEX];
    pgb_script *script;
    pgb_revset *set;
    pgb_item item;

    (void)state;
    put("a.sql", H "-- pgbraid:transaction none\n" U "  vacuum t;\n");
    set = load();
    script = open_section(set, PGB_SECTION_UP, 0);
    assert_int_equal(pgb_script_next(script, &item, NULL), PGB_OK);
    assert_int_equal(pgb_section_hash("vacuum t;", 9, raw, norm, NULL), PGB_OK);
    assert_string_equal(item.hash, raw);
    pgb_script_close(script);
    pgb_revset_free(set);
}

static void hash_of(const char *text, char raw[PGB_HASH_HEX], char norm[PGB_HASH_HEX])
{
    assert_int_equal(pgb_section_hash(text, strlen(text), raw, norm, NULL), PGB_OK);
}

static void hashes(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"a\nb\n", "a\r\nb\r\n", true},
        {"a\nb\n", "a\rb\r", true},
        {"a\nb\n", "a  \nb\t\n\n  \n", true},
        {"a\nb", "a\nb\n", true},
        {"a\nb",
         "\xEF\xBB\xBF"
         "a\nb",
         true},
        {"", " \n\t", true},
        {"a\n\nb", "a\r\r\nb", true},
        {"a\nb", "a\n\nb", false},
        {"a\nb", "a\n b", false},
        {"a\nb", "ab", false},
        {"a b", "a  b", false},
        {"\nb", "b", false},
        {"\xEF\xBB", "", false},
    };
    char raw[2][PGB_HASH_HEX], norm[2][PGB_HASH_HEX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hash_of(cases[i].a, raw[0], norm[0]);
        hash_of(cases[i].b, raw[1], norm[1]);
        assert_string_not_equal(raw[0], raw[1]);
        if (cases[i].same != (strcmp(norm[0], norm[1]) == 0)) {
            print_error("case %zu\n", i);
            fail();
        }
    }
    /* sha256 of "a\nb" */
    hash_of("a \r\nb\n", raw[0], norm[0]);
    hash_of("a\nb", raw[1], norm[1]);
    assert_string_equal(norm[0], raw[1]);
    hash_of("", raw[0], norm[0]);
    assert_string_equal(raw[0], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void changes_between_passes(void **state)
{
    pgb_error err = PGB_ERROR_INIT;
    pgb_script *script;
    pgb_revset *set;
    pgb_item item;

    (void)state;
    put("a.sql", H U "select 1;\nselect 2;\n");
    set = load();
    script = open_section(set, PGB_SECTION_UP, 0);
    put("a.sql", H U "select 1;\nselect 3;\n");
    assert_int_equal(pgb_script_next(script, &item, &err), PGB_OK);
    assert_int_equal(pgb_script_next(script, &item, &err), PGB_OK);
    assert_int_equal(pgb_script_next(script, &item, &err), PGB_CHANGED);
    pgb_error_clear(&err);
    put("a.sql", H U "select 1;\n");
    assert_int_equal(pgb_script_rewind(script, &err), PGB_OK);
    assert_int_equal(pgb_script_next(script, &item, &err), PGB_CHANGED);
    pgb_script_close(script);
    pgb_revset_free(set);
}

static void changes_after_loading(void **state)
{
    static const char *const texts[] = {
        H U "select 1;\nselect 22;\n-- pgbraid:down\n", /* longer */
        H U "select 1;\n-- pgbraid:down\n\n\n",         /* a section inside */
        H U "select 1;\n",                              /* shorter */
        H "-- x\n" U "select 1\n",                      /* starts elsewhere */
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        pgb_error err = PGB_ERROR_INIT;
        pgb_script *script = NULL;
        pgb_revset *set;

        put("a.sql", H U "select 1;\nselect 2;\n-- pgbraid:down\n");
        set = load();
        put("a.sql", texts[i]);
        assert_int_equal(pgb_script_open(set, &set->revs[0], PGB_SECTION_UP, 0, &script, &err),
                         PGB_CHANGED);
        assert_null(script);
        pgb_revset_free(set);
    }
}

static void place_is(pgb_script *script, const pgb_item *item, int position, int line, int column,
                     const char *source)
{
    pgb_error err = PGB_ERROR_INIT;

    pgb_error_set(&err, PGB_SQL, "x");
    pgb_script_locate(script, item, position, &err);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    assert_string_equal(err.source, source);
}

static void places(void **state)
{
    static const char text[] = "-- c\nselect 1; select '\xC3\xA4',\n  '\xE2\x82\xAC', nix;\r\n"
                               "/*+ a\n b */\n  select nix;\r\nselect";
    pgb_script *scripts[2] = {NULL, NULL};
    pgb_revset *set;
    PGB_AUTO_BUF(file);

    (void)state;
    assert_int_equal(pgb_script_open_text("x", text, strlen(text), &scripts[0], NULL), PGB_OK);
    pgb_buf_puts(&file, H U);
    pgb_buf_puts(&file, text);
    put("a.sql", file.p);
    set = load();
    scripts[1] = open_section(set, PGB_SECTION_UP, 0);
    for (int i = 0; i < 2; i++) {
        pgb_item item, hint, last;
        int l = 2 * i;

        assert_int_equal(pgb_script_next(scripts[i], &item, NULL), PGB_OK);
        assert_int_equal(pgb_script_next(scripts[i], &item, NULL), PGB_OK);
        assert_int_equal(pgb_script_next(scripts[i], &hint, NULL), PGB_OK);
        assert_int_equal(pgb_script_next(scripts[i], &last, NULL), PGB_OK);
        place_is(scripts[i], &item, 0, l + 2, 11, "select 1; select '\xC3\xA4',");
        place_is(scripts[i], &item, 1, l + 2, 11, "select 1; select '\xC3\xA4',");
        place_is(scripts[i], &item, 8, l + 2, 18, "select 1; select '\xC3\xA4',");
        place_is(scripts[i], &item, 13, l + 3, 1, "  '\xE2\x82\xAC', nix;");
        place_is(scripts[i], &item, 20, l + 3, 8, "  '\xE2\x82\xAC', nix;");
        place_is(scripts[i], &hint, 0, l + 6, 3, "  select nix;");
        place_is(scripts[i], &hint, 22, l + 6, 10, "  select nix;");
        place_is(scripts[i], &last, 7, l + 7, 7, "select");
        place_is(scripts[i], &last, 1000, l + 7, 7, "select");
        pgb_script_close(scripts[i]);
    }
    pgb_revset_free(set);
}

static void large_statements(void **state)
{
    size_t max = PGB_STATEMENT_MAX;
    char *text = malloc(max + 100);
    pgb_error err = PGB_ERROR_INIT;
    pgb_script *script = NULL;
    pgb_revset *set;
    pgb_item item;
    size_t at;

    (void)state;
    assert_non_null(text);
    at = (size_t)sprintf(text, H U "select 1;\n");
    memset(text + at, 'x', max);
    memcpy(text + at, "select '", 8);
    memcpy(text + at + max - 2, "';", 2);
    put_bytes("a.sql", text, at + max);
    set = load();
    script = open_section(set, PGB_SECTION_UP, 0);
    assert_null(pgb_script_get_info(script)->text);
    assert_int_equal(pgb_script_next(script, &item, NULL), PGB_OK);
    assert_int_equal(pgb_script_next(script, &item, NULL), PGB_OK);
    assert_int_equal(item.len, max);
    assert_memory_equal(item.text, text + at, max);
    assert_int_equal(item.text[max], 0);
    assert_int_equal(pgb_script_next(script, &item, NULL), PGB_OK);
    assert_int_equal(item.kind, PGB_ITEM_END);
    pgb_script_close(script);
    pgb_revset_free(set);
    memcpy(text + at + max - 2, "x';", 3);
    put_bytes("a.sql", text, at + max + 1);
    set = load();
    assert_int_equal(pgb_script_open(set, &set->revs[0], PGB_SECTION_UP, 0, &script, &err),
                     PGB_PROJECT);
    assert_string_equal(err.message, "a statement is larger than 16 MiB");
    assert_int_equal(err.line, 4);
    assert_int_equal(err.column, 1);
    pgb_revset_free(set);
    free(text);
}

/* Nothing that a file can hold crashes the parser. */
static void deep_statements(void **state)
{
    PGB_AUTO_BUF(text);

    (void)state;
    for (int shape = 0; shape < 4; shape++) {
        pgb_script *script = NULL;
        pgb_error err = PGB_ERROR_INIT;

        pgb_buf_clear(&text);
        pgb_buf_puts(&text, "select 1");
        for (int i = 0; i < 100000; i++) {
            pgb_buf_puts(&text, shape == 0   ? "+1"
                                : shape == 1 ? " union select 1"
                                : shape == 2 ? "-("
                                             : "::int");
        }
        for (int i = 0; i < 100000 && shape == 2; i++) {
            pgb_buf_puts(&text, i == 0 ? "1)" : ")");
        }
        assert_int_equal(pgb_script_open_text("x", text.p, text.len, &script, &err), PGB_OK);
        assert_int_equal(pgb_script_get_info(script)->n_statements, 1);
        pgb_script_close(script);
    }
}

static void copy_streams(void **state)
{
    PGB_AUTO_BUF(text);
    pgb_script *script;
    pgb_revset *set;
    pgb_item item;
    size_t data = 0, total;

    (void)state;
    pgb_buf_puts(&text, H U "copy t from stdin;\n");
    for (total = 0; total < 3000000; total += 10) {
        pgb_buf_puts(&text, "\\N\t123456\n");
    }
    pgb_buf_puts(&text, "\\.\nselect 1;");
    put_bytes("a.sql", text.p, text.len);
    set = load();
    script = open_section(set, PGB_SECTION_UP, 0);
    assert_int_equal(pgb_script_get_info(script)->n_copies, 1);
    for (int round = 0; round < 2; round++) {
        data = 0;
        assert_int_equal(pgb_script_next(script, &item, NULL), PGB_OK);
        assert_int_equal(item.facts.kind, PGB_STMT_COPY_IN);
        for (;;) {
            assert_int_equal(pgb_script_next(script, &item, NULL), PGB_OK);
            if (item.kind != PGB_ITEM_COPY_DATA) {
                break;
            }
            assert_memory_equal(item.text, text.p + item.off, item.len);
            data += item.len;
        }
        assert_int_equal(item.kind, PGB_ITEM_COPY_END);
        assert_int_equal(data, total);
        assert_int_equal(pgb_script_next(script, &item, NULL), PGB_OK);
        assert_string_equal(item.text, "select 1;");
        assert_int_equal(item.line, 3 + total / 10 + 2);
        assert_int_equal(pgb_script_rewind(script, NULL), PGB_OK);
    }
    pgb_script_close(script);
    pgb_revset_free(set);
}

#define WITH_ROOT(t) cmocka_unit_test_setup_teardown(t, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROOT(two_passes),
        WITH_ROOT(numbered_files),
        cmocka_unit_test(stored_text),
        cmocka_unit_test(refused),
        WITH_ROOT(refused_in_sections),
        cmocka_unit_test(facts),
        cmocka_unit_test(many_statements),
        WITH_ROOT(statement_hashes),
        cmocka_unit_test(hashes),
        WITH_ROOT(changes_between_passes),
        WITH_ROOT(changes_after_loading),
        WITH_ROOT(places),
        WITH_ROOT(large_statements),
        cmocka_unit_test(deep_statements),
        WITH_ROOT(copy_streams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
