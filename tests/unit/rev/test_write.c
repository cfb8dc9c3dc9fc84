/* New revision files, free ids and numbers, renames. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "rev/write.h"

#define U "-- pgbraid:up\n"

static char root[64];
static pgb_arena *arena;

static int make_root(void **state)
{
    char folder[128];

    (void)state;
    arena = pgb_arena_new();
    snprintf(root, sizeof root, "/tmp/pgbraid-write-XXXXXX");
    if (mkdtemp(root) == NULL || arena == NULL) {
        return -1;
    }
    snprintf(folder, sizeof folder, "%s/migrations", root);
    return mkdir(folder, 0700);
}

static int remove_root(void **state)
{
    (void)state;
    pgb_arena_free(arena);
    return pgb_dir_remove(root, NULL) == PGB_OK ? 0 : -1;
}

static const char *path_of(const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/migrations/%s", root, name);
    return path;
}

static void put(const char *name, const char *text)
{
    assert_int_equal(pgb_file_write(path_of(name), text, strlen(text), false, NULL), PGB_OK);
}

static void holds(const char *name, const char *text)
{
    PGB_AUTO_BUF(buf);

    assert_int_equal(pgb_file_read(path_of(name), 1 << 20, &buf, NULL), PGB_OK);
    assert_string_equal(pgb_buf_str(&buf), text);
}

static bool there(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static uint32_t count_files(void)
{
    char **names;
    size_t n = 0;
    int dir = -1;

    assert_int_equal(pgb_dir_open(path_of(""), &dir, NULL), PGB_OK);
    assert_int_equal(pgb_dir_list(dir, "migrations", arena, &names, &n, NULL), PGB_OK);
    pgb_fd_close(&dir);
    return (uint32_t)n;
}

static pgb_revset *load(void)
{
    pgb_rev_options options = {.root = root};
    pgb_problems *problems = pgb_problems_new();
    pgb_revset *set = NULL;

    assert_int_equal(pgb_revset_load(&options, problems, &set, NULL), PGB_OK);
    pgb_problems_free(problems);
    return set;
}

static void slugs(void **state)
{
    static const char *const cases[][2] = {
        {"Add users' table!", "add_users_table"},
        {"  a--b  ", "a_b"},
        {"don't stop", "dont_stop"},
        {"", "revision"},
        {"\xC3\xA4\xC3\xB6", "revision"},
        {"../../etc/passwd", "etc_passwd"},
        {"v2.0", "v2_0"},
        {"1234567890 1234567890 1234567890 1234567 9", "1234567890_1234567890_1234567890_1234567"},
        {"1234567890 1234567890 1234567890 12345678", "1234567890_1234567890_1234567890"},
        {"12345678901234567890123456789012345678901234567890",
         "1234567890123456789012345678901234567890"},
    };
    char slug[PGB_SLUG_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pgb_slug(cases[i][0], slug);
        assert_string_equal(slug, cases[i][1]);
    }
}

static void new_files(void **state)
{
    static const char *const parents[] = {"aa", "bb"}, *const labels[] = {"l"};
    pgb_new_revision what = {.id = "cc",
                             .title = "Merge\nthem",
                             .parents = parents,
                             .n_parents = 2,
                             .labels = labels,
                             .n_labels = 1};
    pgb_revset *set;
    const char *file = NULL, *id = NULL;
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    put("aa_x.sql", "-- pgbraid:revision aa\n-- pgbraid:label zz\n" U);
    put("bb_x.sql", "-- pgbraid:revision bb\n" U);
    set = load();
    assert_int_equal(pgb_rev_write(set, &what, "merge_them", arena, &file, &err), PGB_OK);
    assert_string_equal(file, "migrations/cc_merge_them.sql");
    holds("cc_merge_them.sql", "-- Merge them\n-- pgbraid:revision cc\n-- pgbraid:parent aa, bb\n"
                               "-- pgbraid:label l\n\n-- pgbraid:up\n\n-- pgbraid:down\n");
    assert_int_equal(pgb_rev_write(set, &what, "merge_them", arena, &file, &err), PGB_REFUSED);
    pgb_error_clear(&err);
    assert_int_equal(pgb_rev_new_id(set, arena, &id, &err), PGB_OK);
    assert_int_equal(strlen(id), 12);
    assert_int_equal(strspn(id, "0123456789abcdef"), 12);
    what.id = "aa";
    assert_int_equal(pgb_rev_write(set, &what, "x", arena, &file, &err), PGB_USAGE);
    pgb_error_clear(&err);
    what.id = "zz";
    assert_int_equal(pgb_rev_write(set, &what, "x", arena, &file, &err), PGB_USAGE);
    pgb_error_clear(&err);
    what.id = "a/../b";
    assert_int_equal(pgb_rev_write(set, &what, "x", arena, &file, &err), PGB_USAGE);
    pgb_error_clear(&err);
    what.id = "heads";
    assert_int_equal(pgb_rev_write(set, &what, "x", arena, &file, &err), PGB_USAGE);
    assert_int_equal(count_files(), 3);
    pgb_revset_free(set);
    set = load();
    assert_int_equal(set->n, 3);
    assert_string_equal(set->revs[2].title, "Merge them");
    assert_int_equal(set->revs[2].n_parents, 2);
    assert_non_null(set->graph);
    pgb_revset_free(set);
}

/* Whatever the title is, it stays one comment. */
static void titles(void **state)
{
    static const char *const titles[] = {
        "pgbraid:up", "--- pgbraid:down", "\n\nx\r\n-- pgbraid:down", "", "a\x1b[31m", "\xFF\xFE",
        "---"};

    (void)state;
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        pgb_new_revision what = {
            .id = "aa", .title = titles[i], .up = "select 1;", .down = "select 2;\n"};
        pgb_problems *problems = pgb_problems_new();
        pgb_rev_options options = {.root = root};
        pgb_revset *set = NULL;
        PGB_AUTO_BUF(text);

        pgb_rev_compose(PGB_LAYOUT_NATIVE, &what, &text);
        put("aa_x.sql", text.p);
        assert_int_equal(pgb_revset_load(&options, problems, &set, NULL), PGB_OK);
        assert_int_equal(problems->list.n, 0);
        assert_int_equal(set->revs[0].up.len, 11); /* "select 1;\n\n" */
        assert_int_equal(set->revs[0].down.len, 10);
        pgb_revset_free(set);
        pgb_problems_free(problems);
    }
}

static void numbers(void **state)
{
    static const char *const cases[][2] = {
        {"1_a.sql", "2"},
        {"009_a.sql", "010"},
        {"999_a.sql", "1000"},
        {"0_a.sql", "1"},
        {"20250101000000_a.sql", "20250101000001"},
    };
    pgb_revset *set = load();
    const char *number = NULL, *file = NULL;
    pgb_new_revision what = {.title = "B", .up = "select 1;", .down = "select 2;"};

    (void)state;
    assert_int_equal(pgb_rev_next_number(set, arena, &number, NULL), PGB_OK);
    assert_string_equal(number, "001");
    pgb_revset_free(set);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put(cases[i][0], "select 1;");
        set = load();
        assert_int_equal(pgb_rev_next_number(set, arena, &number, NULL), PGB_OK);
        assert_string_equal(number, cases[i][1]);
        what.id = number;
        if (i == 1) {
            assert_int_equal(pgb_rev_write(set, &what, "b", arena, &file, NULL), PGB_OK);
            assert_string_equal(file, "migrations/010_b.sql");
            holds("010_b.sql", "-- B\nselect 1;\n");
            holds("010_b.down.sql", "select 2;\n");
            unlink(path_of("010_b.sql"));
            unlink(path_of("010_b.down.sql"));
            what.id = "9";
            assert_int_equal(pgb_rev_write(set, &what, "b", arena, &file, NULL), PGB_USAGE);
            what.id = "x";
            assert_int_equal(pgb_rev_write(set, &what, "b", arena, &file, NULL), PGB_USAGE);
        }
        unlink(path_of(cases[i][0]));
        pgb_revset_free(set);
    }
}

/* The incident of the therapy project. */
static void renames_a_duplicate(void **state)
{
    static const char export[] = "\xEF\xBB\xBF-- d4 and d4\r\n-- pgbraid:revision \td4\r\n"
                                 "-- pgbraid:parent c3\r\n" U "select 'd4'; -- d4\n"
                                 "$$\n-- pgbraid:revision d4\n$$";
    static const char *const children[] = {"f6"};
    pgb_revset *set;
    pgb_rename rename;
    pgb_error err = PGB_ERROR_INIT;
    struct stat st;

    (void)state;
    put("c3_x.sql", "-- pgbraid:revision c3\n" U);
    put("d4_add_export.sql", export);
    put("d4_add_timeline.sql", "-- pgbraid:revision d4\n-- pgbraid:parent c3\n" U);
    put("e5_goals.sql", "-- pgbraid:revision e5\n-- pgbraid:parent d4\n" U);
    put("f6_x.sql", "-- pgbraid:revision f6\n-- pgbraid:parent c3, d4\n-- pgbraid:depends d4\n" U);
    assert_int_equal(chmod(path_of("d4_add_export.sql"), 0640), 0);
    set = load();
    assert_int_equal(pgb_rev_rename(set, "migrations/d4_add_export.sql", "e4", children, 1, arena,
                                    &rename, &err),
                     PGB_OK);
    assert_string_equal(rename.old_id, "d4");
    assert_string_equal(rename.new_file, "migrations/e4_add_export.sql");
    assert_true(rename.still_claimed);
    assert_int_equal(rename.n_refs, 3);
    assert_string_equal(rename.refs[0].rev->id, "e5");
    assert_false(rename.refs[0].changed);
    assert_true(rename.refs[1].changed && rename.refs[1].parent);
    assert_false(rename.refs[2].changed || rename.refs[2].parent);
    assert_false(there("d4_add_export.sql"));
    holds("e4_add_export.sql", "\xEF\xBB\xBF-- d4 and d4\r\n-- pgbraid:revision \te4\r\n"
                               "-- pgbraid:parent c3\r\n" U "select 'd4'; -- d4\n"
                               "$$\n-- pgbraid:revision d4\n$$");
    holds("d4_add_timeline.sql", "-- pgbraid:revision d4\n-- pgbraid:parent c3\n" U);
    holds("e5_goals.sql", "-- pgbraid:revision e5\n-- pgbraid:parent d4\n" U);
    holds("f6_x.sql",
          "-- pgbraid:revision f6\n-- pgbraid:parent c3, e4\n-- pgbraid:depends d4\n" U);
    assert_int_equal(stat(path_of("e4_add_export.sql"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(count_files(), 5);
    pgb_revset_free(set);
    set = load();
    assert_non_null(set->graph);
    /* a proposal is taken when no id is given */
    assert_int_equal(pgb_rev_rename(set, "e5_goals.sql", NULL, NULL, 0, arena, &rename, &err),
                     PGB_OK);
    assert_string_equal(rename.new_file, "migrations/f5_goals.sql");
    pgb_revset_free(set);
}

static void wrong_arguments_change_nothing(void **state)
{
    static const char *const none[] = {"zz"}, *const twice[] = {"bb", "bb", "zz"};
    pgb_revset *set;
    pgb_rename rename;
    pgb_error err = PGB_ERROR_INIT;
    const struct {
        const char *file, *id;
        const char *const *children;
        uint32_t n;
        pgb_status status;
    } cases[] = {
        {"migrations/nix.sql", "cc", NULL, 0, PGB_USAGE},
        {"migrations/aa_x.sql", "bb", NULL, 0, PGB_USAGE},
        {"migrations/aa_x.sql", "l", NULL, 0, PGB_USAGE},
        {"migrations/aa_x.sql", "c-c", NULL, 0, PGB_USAGE},
        {"migrations/aa_x.sql", "", NULL, 0, PGB_USAGE},
        {"migrations/aa_x.sql", "head", NULL, 0, PGB_USAGE},
        {"migrations/aa_x.sql", "cc", none, 1, PGB_IDENTIFIER},
        {"migrations/aa_x.sql", "cc", twice, 3, PGB_IDENTIFIER},
        {"migrations/aa_x.sql", "dd", NULL, 0, PGB_REFUSED},
    };

    (void)state;
    put("aa_x.sql", "-- pgbraid:revision aa\n" U);
    put("bb_x.sql", "-- pgbraid:revision bb\n-- pgbraid:label l\n-- pgbraid:parent aa\n" U);
    set = load();
    put("dd_x.sql", "in the way");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pgb_error_clear(&err);
        assert_int_equal(pgb_rev_rename(set, cases[i].file, cases[i].id, cases[i].children,
                                        cases[i].n, arena, &rename, &err),
                         cases[i].status);
        holds("aa_x.sql", "-- pgbraid:revision aa\n" U);
        holds("bb_x.sql", "-- pgbraid:revision bb\n-- pgbraid:label l\n-- pgbraid:parent aa\n" U);
        holds("dd_x.sql", "in the way");
        assert_int_equal(count_files(), 3);
    }
    pgb_revset_free(set);
}

/* What was edited since the set was loaded is found before anything is done. */
static void edits_are_found(void **state)
{
    static const char *const children[] = {"bb", "cc"};
    pgb_revset *set;
    pgb_rename rename;
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    put("aa_x.sql", "-- pgbraid:revision aa\n" U);
    put("bb_x.sql", "-- pgbraid:revision bb\n-- pgbraid:parent aa\n" U);
    put("cc_x.sql", "-- pgbraid:revision cc\n-- pgbraid:parent aa\n" U);
    set = load();
    put("cc_x.sql", "-- pgbraid:revision cc\n" U);
    assert_int_equal(pgb_rev_rename(set, "aa_x.sql", "dd", children, 2, arena, &rename, &err),
                     PGB_CHANGED);
    holds("bb_x.sql", "-- pgbraid:revision bb\n-- pgbraid:parent aa\n" U);
    assert_true(there("aa_x.sql"));
    assert_int_equal(count_files(), 3);
    pgb_revset_free(set);
}

/* The second child can't be written: it is larger than files may be. */
static void failures_are_undone(void **state)
{
    static const char *const children[] = {"bb", "cc"};
    struct rlimit before, small;
    pgb_revset *set;
    pgb_rename rename;
    pgb_error err = PGB_ERROR_INIT;
    PGB_AUTO_BUF(large);

    (void)state;
    pgb_buf_puts(&large, "-- pgbraid:revision cc\n-- pgbraid:parent aa\n" U);
    while (large.len < 10000) {
        pgb_buf_puts(&large, "select 1;\n");
    }
    put("aa_x.sql", "-- pgbraid:revision aa\n" U);
    put("bb_x.sql", "-- pgbraid:revision bb\n-- pgbraid:parent aa\n" U);
    put("cc_x.sql", large.p);
    set = load();
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 5000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(pgb_rev_rename(set, "aa_x.sql", "dd", children, 2, arena, &rename, &err),
                     PGB_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    holds("aa_x.sql", "-- pgbraid:revision aa\n" U);
    holds("bb_x.sql", "-- pgbraid:revision bb\n-- pgbraid:parent aa\n" U);
    holds("cc_x.sql", large.p);
    assert_int_equal(count_files(), 3);
    pgb_revset_free(set);
}

static void numbered_rename(void **state)
{
    pgb_revset *set;
    pgb_rename rename;

    (void)state;
    put("003_a.sql", "select 'a';");
    put("3_b.sql", "select 'b';");
    put("3_b.down.sql", "select '-b';");
    set = load();
    assert_int_equal(pgb_rev_rename(set, "migrations/3_b.sql", "4", NULL, 0, arena, &rename, NULL),
                     PGB_OK);
    assert_string_equal(rename.new_file, "migrations/4_b.sql");
    holds("4_b.sql", "select 'b';");
    holds("4_b.down.sql", "select '-b';");
    assert_int_equal(count_files(), 3);
    pgb_revset_free(set);
}

#define WITH_ROOT(t) cmocka_unit_test_setup_teardown(t, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slugs),
        WITH_ROOT(new_files),
        WITH_ROOT(titles),
        WITH_ROOT(numbers),
        WITH_ROOT(renames_a_duplicate),
        WITH_ROOT(wrong_arguments_change_nothing),
        WITH_ROOT(edits_are_found),
        WITH_ROOT(failures_are_undone),
        WITH_ROOT(numbered_rename),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
