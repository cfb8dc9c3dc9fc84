/* Sets that keep their texts, and scripts that only look at them: the same statements at the same
 * places as from the file, without a descriptor and without a hash. */
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

static const char text[] = "\xEF\xBB\xBF-- it\r\n-- pgbraid:revision a\n-- pgbraid:up\r\n"
                           "SELECT '\xC3\xA4'; VACUUM; FROBNICATE x y;\r\n"
                           "COPY t (a) FROM stdin;\n1\n\\.\n  SELECT 3\n"
                           "-- pgbraid:down\n/*+ hint */ DROP TABLE t;\n"
                           "-- pgbraid:verify\nSELECT true;";

static char root[64], path[128];

static int make_root(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/pgbraid-look-XXXXXX");
    if (mkdtemp(root) == NULL) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/migrations", root);
    if (mkdir(path, 0700) != 0) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/migrations/a.sql", root);
    return 0;
}

static int remove_root(void **state)
{
    (void)state;
    return pgb_dir_remove(root, NULL) == PGB_OK ? 0 : -1;
}

static void put(const char *bytes, size_t len)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static pgb_revset *load(bool keep_texts)
{
    pgb_rev_options options = {.root = root, .keep_texts = keep_texts};
    pgb_revset *set = NULL;
    pgb_error err = PGB_ERROR_INIT;

    if (pgb_revset_load(&options, NULL, &set, &err) != PGB_OK) {
        fail_msg("%s:%d:%d %s", err.file, err.line, err.column, err.message);
    }
    return set;
}

typedef pgb_status opener(const pgb_revset *, const pgb_revision *, pgb_section, uint32_t,
                          pgb_script **, pgb_error *);

/* All that a script says of a section, with the source line of each statement while it is cut. */
static void tell(opener *open, const pgb_revset *set, pgb_section section, pgb_buf *out)
{
    pgb_script *script = NULL;
    pgb_error err = PGB_ERROR_INIT;
    const pgb_script_info *info;

    assert_int_equal(open(set, &set->revs[0], section, 0, &script, &err), PGB_OK);
    info = pgb_script_get_info(script);
    pgb_buf_printf(out, "%u statements, %u unknown, first %s, %lu bytes: ", info->n_statements,
                   info->n_unknown,
                   info->first_no_transaction != NULL ? info->first_no_transaction : "none",
                   (unsigned long)info->bytes);
    pgb_buf_append(out, info->text, (size_t)info->text_len);
    for (int round = 0; round < 2; round++) {
        for (;;) {
            pgb_error at = {.status = PGB_PROJECT};
            pgb_item item;

            assert_int_equal(pgb_script_next(script, &item, &err), PGB_OK);
            if (item.kind == PGB_ITEM_END) {
                break;
            }
            pgb_buf_printf(out, "\n%d %lu %u:%u %d ", (int)item.kind, (unsigned long)item.off,
                           item.line, item.column, (int)item.facts.kind);
            if (item.kind == PGB_ITEM_STATEMENT) {
                assert_int_equal(strlen(item.text), item.len);
                pgb_script_locate(script, &item, 3, &at);
                pgb_buf_printf(out, "%s | %s:%d:%d %s", item.text, at.file, at.line, at.column,
                               at.source);
            }
        }
        assert_int_equal(pgb_script_rewind(script, &err), PGB_OK);
    }
    pgb_script_close(script);
}

static void the_same_as_from_the_file(void **state)
{
    pgb_revset *set;

    (void)state;
    put(text, strlen(text));
    set = load(true);
    assert_int_equal(set->revs[0].text_len, strlen(text));
    for (int section = PGB_SECTION_UP; section <= PGB_SECTION_VERIFY; section++) {
        PGB_AUTO_BUF(opened);
        PGB_AUTO_BUF(looked);

        tell(pgb_script_open, set, section, &opened);
        tell(pgb_script_look, set, section, &looked);
        assert_string_equal(pgb_buf_str(&looked), pgb_buf_str(&opened));
        assert_memory_equal(set->revs[0].text, text, sizeof text); /* every cut was taken back */
    }
    pgb_revset_free(set);
}

static void in_the_middle_of_a_statement(void **state)
{
    pgb_script *script = NULL;
    pgb_revset *set;
    pgb_item item;

    (void)state;
    put(text, strlen(text));
    set = load(true);
    assert_int_equal(unlink(path), 0); /* it is not needed any more */
    assert_int_equal(pgb_script_look(set, &set->revs[0], PGB_SECTION_UP, 0, &script, NULL), PGB_OK);
    assert_int_equal(pgb_script_next(script, &item, NULL), PGB_OK);
    assert_string_equal(item.text, "SELECT '\xC3\xA4';");
    pgb_script_close(script);
    assert_memory_equal(set->revs[0].text, text, sizeof text);
    /* what may be run is read from the file, and only from there */
    assert_int_not_equal(pgb_script_open(set, &set->revs[0], PGB_SECTION_UP, 0, &script, NULL),
                         PGB_OK);
    pgb_revset_free(set);
}

static void what_is_not_kept_is_read(void **state)
{
    PGB_AUTO_BUF(large);
    pgb_revset *set;

    (void)state;
    put(text, strlen(text));
    set = load(false);
    assert_null(set->revs[0].text);
    {
        PGB_AUTO_BUF(looked);

        tell(pgb_script_look, set, PGB_SECTION_UP, &looked);
        assert_non_null(strstr(pgb_buf_str(&looked), "1 unknown, first VACUUM"));
    }
    pgb_revset_free(set);
    pgb_buf_puts(&large, text);
    while (large.len < 200000) { /* more than a piece */
        pgb_buf_puts(&large, "\nSELECT 4;");
    }
    put(large.p, large.len);
    set = load(true);
    assert_null(set->revs[0].text);
    {
        PGB_AUTO_BUF(looked);

        tell(pgb_script_look, set, PGB_SECTION_UP, &looked);
        assert_non_null(strstr(pgb_buf_str(&looked), "FROBNICATE"));
    }
    pgb_revset_free(set);
}

#define WITH_ROOT(t) cmocka_unit_test_setup_teardown(t, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROOT(the_same_as_from_the_file),
        WITH_ROOT(in_the_middle_of_a_statement),
        WITH_ROOT(what_is_not_kept_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
