/* Every allocation of loading, of scripts and of renaming made to fail, one after the other:
 * PGB_NOMEM or the answer that stands without it, never another answer, a crash or a leak. */
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
#include "rev/write.h"
#include "sql/parse.h"

#define U "-- pgbraid:up\n"

/* Counts down to the allocation that fails; 0: none does. */
static unsigned long fail_at, n_calls;

static bool fails(void)
{
    n_calls++;
    return fail_at != 0 && n_calls == fail_at;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__real_pgb_arena_alloc(pgb_arena *arena, size_t size);
void *__real_pgb_arena_array(pgb_arena *arena, size_t count, size_t size);
void *__wrap_pgb_arena_alloc(pgb_arena *arena, size_t size);
void *__wrap_pgb_arena_array(pgb_arena *arena, size_t count, size_t size);

/* libpg_query's own allocations are left out: it ends the program when one fails before it has set
 * itself up. They are made on the parser's thread; what that thread takes for us is an arena's. */
static bool in_parser(void)
{
    return pgb_parser_parses();
}

void *__wrap_malloc(size_t size)
{
    return !in_parser() && fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return !in_parser() && fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return !in_parser() && fails() ? NULL : __real_realloc(p, size);
}

/* An arena has room left more often than not; so its own calls fail, too. */
void *__wrap_pgb_arena_alloc(pgb_arena *arena, size_t size)
{
    return fails() ? NULL : __real_pgb_arena_alloc(arena, size);
}

void *__wrap_pgb_arena_array(pgb_arena *arena, size_t count, size_t size)
{
    return fails() ? NULL : __real_pgb_arena_array(arena, count, size);
}

char *__real_pgb_arena_strndup(pgb_arena *arena, const char *text, size_t len);
char *__wrap_pgb_arena_strndup(pgb_arena *arena, const char *text, size_t len);
char *__real_pgb_arena_strdup(pgb_arena *arena, const char *text);
char *__wrap_pgb_arena_strdup(pgb_arena *arena, const char *text);

char *__wrap_pgb_arena_strndup(pgb_arena *arena, const char *text, size_t len)
{
    return fails() ? NULL : __real_pgb_arena_strndup(arena, text, len);
}

char *__wrap_pgb_arena_strdup(pgb_arena *arena, const char *text)
{
    return fails() ? NULL : __real_pgb_arena_strdup(arena, text);
}

static char root[64];
static char expected[65536], got[65536];

static int make_root(void **state)
{
    char folder[128];

    (void)state;
    fail_at = 0;
    snprintf(root, sizeof root, "/tmp/pgbraid-nomem-XXXXXX");
    if (mkdtemp(root) == NULL) {
        return -1;
    }
    snprintf(folder, sizeof folder, "%s/migrations", root);
    return mkdir(folder, 0700);
}

static int remove_root(void **state)
{
    (void)state;
    fail_at = 0;
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
    FILE *f = fopen(path_of(name), "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static void say(char *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(char *out, const char *fmt, ...)
{
    size_t used = strlen(out);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(out + used, sizeof got - used, fmt, ap);
    va_end(ap);
}

typedef pgb_status (*job)(char *out, pgb_error *err);

static void torture(job run, pgb_status wanted)
{
    pgb_error err = PGB_ERROR_INIT;
    unsigned long total;

    expected[0] = '\0';
    n_calls = 0;
    assert_int_equal(run(expected, &err), wanted);
    total = n_calls;
    assert_true(total > 5);
    for (unsigned long at = 1; at <= total; at++) {
        pgb_status status;

        pgb_error_clear(&err);
        got[0] = '\0';
        n_calls = 0;
        fail_at = at;
        status = run(got, &err);
        fail_at = 0;
        if (status != PGB_NOMEM) {
            assert_int_equal(status, wanted);
            assert_string_equal(got, expected);
        }
        assert_int_equal(err.status, status);
    }
    print_message("# %lu allocations failed, one at a time\n", total);
}

static pgb_status load_all(char *out, pgb_error *err)
{
    pgb_rev_options options = {.root = root};
    pgb_revset *set = NULL;
    pgb_status status = pgb_revset_load(&options, NULL, &set, err);

    for (uint32_t i = 0; status == PGB_OK && i < set->n; i++) {
        const pgb_revision *rev = &set->revs[i];

        say(out, "%s %s %u %u %u %u %d;", rev->id, rev->title, rev->n_parents, rev->n_depends,
            rev->n_labels, rev->n_verify, set->graph != NULL);
    }
    if (status != PGB_OK && status != PGB_NOMEM) {
        say(out, "%s", err->message);
    }
    pgb_revset_free(set);
    return status;
}

static pgb_status load_problems(char *out, pgb_error *err)
{
    pgb_rev_options options = {.root = root};
    pgb_problems *problems = pgb_problems_new();
    pgb_revset *set = NULL;
    pgb_status status =
        problems != NULL ? pgb_revset_load(&options, problems, &set, err) : pgb_error_nomem(err);

    for (size_t i = 0; status == PGB_OK && i < problems->list.n; i++) {
        say(out, "%s %s;", problems->list.at[i].rule, problems->list.at[i].message);
    }
    pgb_revset_free(set);
    pgb_problems_free(problems);
    return status;
}

static void sound_files(void **state)
{
    (void)state;
    put("a_x.sql", "-- Title\n-- pgbraid:revision a\n-- pgbraid:label l m\n" U
                   "create table t ();\n-- pgbraid:verify\nselect true;\n");
    put("b_x.sql", "-- pgbraid:revision b\n-- pgbraid:parent a\n-- pgbraid:depends backfill:f\n" U
                   "-- pgbraid:down irreversible no\n-- pgbraid:allow x y\n");
    put("c_x.sql", "-- pgbraid:revision c\n-- pgbraid:parent a b\n-- pgbraid:depends l, b\n" U);
    torture(load_all, PGB_OK);
}

static void numbered_files(void **state)
{
    (void)state;
    put("10_b.sql", "select 1;");
    put("9_a.sql", "-- pgbraid:allow x y\nselect 1;");
    put("9_a.down.sql", "-- pgbraid:allow x y\nselect 1;");
    torture(load_all, PGB_OK);
    put("09_a.sql", "select 1;");
    put("x.sql", "select 1;");
    put("11_x.down.sql", "select 1;");
    torture(load_problems, PGB_OK);
}

static void broken_files(void **state)
{
    (void)state;
    put("a_x.sql", "-- pgbraid:revision a\n-- pgbraid:parent nix\n-- pgbraid:depends nix aa\n" U);
    put("a_y.sql", "-- pgbraid:revision a\n-- pgbraid:label l l\n-- pgbraid:upp\n" U "\\i x\n");
    put("b_y.sql", "-- pgbraid:revision bb\n-- pgbraid:parent a\n" U "select 'x");
    put("c_y.sql", "nothing");
    assert_int_equal(symlink("a_x.sql", path_of("link.sql")), 0);
    torture(load_problems, PGB_OK);
    torture(load_all, PGB_PROJECT);
}

static void circles(void **state)
{
    (void)state;
    put("a_x.sql", "-- pgbraid:revision a\n-- pgbraid:parent b\n" U);
    put("b_x.sql", "-- pgbraid:revision b\n-- pgbraid:depends a\n" U);
    torture(load_problems, PGB_OK);
}

static pgb_status read_items(pgb_script *script, char *out, pgb_error *err)
{
    pgb_item item;
    pgb_status status;

    do {
        status = pgb_script_next(script, &item, err);
        if (status == PGB_OK) {
            say(out, "%d %.*s %d %s;", item.kind, (int)item.len, item.text != NULL ? item.text : "",
                item.facts.kind, item.facts.command != NULL ? item.facts.command : "");
        }
    } while (status == PGB_OK && item.kind != PGB_ITEM_END);
    return status;
}

static pgb_status run_script(char *out, pgb_error *err)
{
    pgb_rev_options options = {.root = root};
    pgb_revset *set = NULL;
    pgb_script *script = NULL;
    pgb_status status = pgb_revset_load(&options, NULL, &set, err);

    if (status == PGB_OK) {
        status = pgb_script_open(set, &set->revs[0], PGB_SECTION_UP, 0, &script, err);
    }
    if (status == PGB_OK) {
        const pgb_script_info *info = pgb_script_get_info(script);

        say(out, "%s %s %s;", info->hash_norm, info->text, info->header);
        status = read_items(script, out, err);
    }
    if (status == PGB_OK) {
        status = pgb_script_rewind(script, err);
    }
    if (status == PGB_OK) {
        status = read_items(script, out, err);
    }
    pgb_script_close(script);
    pgb_revset_free(set);
    return status;
}

static pgb_status run_text(char *out, pgb_error *err)
{
    static const char text[] = "create unique index concurrently i on t (a);\nwhat is this;\n"
                               "copy t from stdin;\n1\n\\.\nalter type e add value 'x';";
    pgb_script *script = NULL;
    pgb_status status = pgb_script_open_text("x", text, strlen(text), &script, err);

    if (status == PGB_OK) {
        status = read_items(script, out, err);
    }
    pgb_script_close(script);
    return status;
}

static void scripts(void **state)
{
    (void)state;
    put("a_x.sql", "-- pgbraid:revision a\n-- pgbraid:transaction none\n" U
                   "create table t (a int primary key, b text);\nvacuum t;\n"
                   "copy t from stdin;\n1\n\\.\nselect 'x' from t;\n");
    torture(run_script, PGB_OK);
    torture(run_text, PGB_OK);
}

/* Made anew each time; whatever fails, the file is there under one of the two names. */
static pgb_status run_rename(char *out, pgb_error *err)
{
    static const char *const children[] = {"b"};
    pgb_rev_options options = {.root = root};
    pgb_arena *arena = pgb_arena_new();
    unsigned long keep = fail_at;
    pgb_revset *set = NULL;
    pgb_rename rename;
    pgb_status status = arena != NULL ? PGB_OK : pgb_error_nomem(err);
    bool old_there, new_there;

    fail_at = 0;
    put("a_x.sql", "-- pgbraid:revision a\n" U);
    put("b_x.sql", "-- pgbraid:revision b\n-- pgbraid:parent a\n" U);
    unlink(path_of("z_x.sql"));
    fail_at = keep;
    if (status == PGB_OK) {
        status = pgb_revset_load(&options, NULL, &set, err);
    }
    if (status == PGB_OK) {
        status = pgb_rev_rename(set, "a_x.sql", "z", children, 1, arena, &rename, err);
    }
    pgb_revset_free(set);
    pgb_arena_free(arena);
    old_there = access(path_of("a_x.sql"), F_OK) == 0;
    new_there = access(path_of("z_x.sql"), F_OK) == 0;
    assert_true(old_there != new_there);
    assert_int_equal(new_there, status == PGB_OK);
    say(out, "%d", new_there);
    return status;
}

static pgb_status run_write(char *out, pgb_error *err)
{
    static const char *const parents[] = {"b"};
    pgb_rev_options options = {.root = root};
    pgb_new_revision what = {.id = "n", .title = "New", .parents = parents, .n_parents = 1};
    pgb_arena *arena = pgb_arena_new();
    pgb_revset *set = NULL;
    const char *file = NULL, *id = NULL;
    pgb_status status = arena != NULL ? PGB_OK : pgb_error_nomem(err);

    unlink(path_of("n_new.sql"));
    if (status == PGB_OK) {
        status = pgb_revset_load(&options, NULL, &set, err);
    }
    if (status == PGB_OK) {
        status = pgb_rev_new_id(set, arena, &id, err);
    }
    if (status == PGB_OK) {
        status = pgb_rev_write(set, &what, "new", arena, &file, err);
    }
    say(out, "%s", file != NULL ? file : "");
    pgb_revset_free(set);
    pgb_arena_free(arena);
    assert_int_equal(access(path_of("n_new.sql"), F_OK) == 0, status == PGB_OK);
    return status;
}

static void writing(void **state)
{
    (void)state;
    torture(run_rename, PGB_OK);
    torture(run_write, PGB_OK);
}

static void hashing(void **state)
{
    char raw[PGB_HASH_HEX], norm[PGB_HASH_HEX];

    (void)state;
    assert_int_equal(pgb_section_hash("x", 1, raw, norm, NULL), PGB_OK);
}

#define WITH_ROOT(t) cmocka_unit_test_setup_teardown(t, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashing), /* what libcrypto sets up once is none of ours */
        WITH_ROOT(sound_files),    WITH_ROOT(numbered_files), WITH_ROOT(broken_files),
        WITH_ROOT(circles),        WITH_ROOT(scripts),        WITH_ROOT(writing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
