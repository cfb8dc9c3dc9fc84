/* Finding the server's programs: which are taken, which not, and what is said without any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "scratch/scratch.h"

static char top[64];

static void program(const char *dir, const char *name, const char *script)
{
    char path[256], text[512];

    snprintf(path, sizeof path, "%s/%s", top, dir);
    assert_int_equal(pgb_dir_make(path, 0755, NULL), PGB_OK);
    snprintf(path, sizeof path, "%s/%s/%s", top, dir, name);
    snprintf(text, sizeof text, "#!/bin/sh\n%s\n", script);
    assert_int_equal(pgb_file_write(path, text, strlen(text), false, NULL), PGB_OK);
    assert_int_equal(chmod(path, 0755), 0);
}

static void server(const char *dir, const char *version)
{
    char script[256];

    snprintf(script, sizeof script, "[ \"$1\" = --version ] && echo '%s'", version);
    program(dir, "postgres", script);
    program(dir, "initdb", "true");
}

static int setup(void **state)
{
    (void)state;
    strcpy(top, "/tmp/pgbraid-test-find-XXXXXX");
    assert_non_null(mkdtemp(top));
    server("15", "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)");
    server("17", "postgres (PostgreSQL) 17.2");
    server("18b", "postgres (PostgreSQL) 18beta3");
    server("other", "mysqld 8.0");
    server("odd", "postgres (PostgreSQL) abc");
    program("half", "postgres", "echo 'postgres (PostgreSQL) 15.1'");
    program("fails", "postgres", "exit 1");
    program("fails", "initdb", "true");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return pgb_dir_remove(top, NULL) == PGB_OK ? 0 : -1;
}

static void by_setting(void **state)
{
    static const struct {
        const char *dir;
        int major, version; /* 0: refused */
        const char *text;   /* or a part of message or hint */
    } cases[] = {
        {"15", 0, 150018, "15.18"},
        {"15", 15, 150018, "15.18"},
        {"17", 0, 170002, "17.2"},
        {"18b", 0, 180000, "18beta3"},
        {"17", 15, 0, "PostgreSQL 15 is needed"},
        {"17", 15, 0, "apt-get install postgresql-15"},
        {"other", 0, 0, "no PostgreSQL server is in"},
        {"odd", 0, 0, "no PostgreSQL server is in"},
        {"half", 0, 0, "no PostgreSQL server is in"},
        {"fails", 0, 0, "no PostgreSQL server is in"},
        {"missing", 0, 0, "pgbraid.ini"},
    };

    (void)state;
    unsetenv("PGBRAID_SERVER_BIN");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        PGB_AUTO_ARENA(arena);
        pgb_error err = PGB_ERROR_INIT;
        pgb_server_programs found = {0};
        char dir[128];
        pgb_status status;

        print_message("# case %zu\n", i);
        snprintf(dir, sizeof dir, "%s/%s", top, cases[i].dir);
        status = pgb_scratch_find(dir, cases[i].major, arena, &found, &err);
        if (cases[i].version == 0) {
            assert_int_equal(status, PGB_FAILED);
            assert_true(strstr(err.message, cases[i].text) != NULL ||
                        strstr(err.hint, cases[i].text) != NULL);
            assert_null(found.bin);
        } else {
            assert_int_equal(status, PGB_OK);
            assert_int_equal(found.version, cases[i].version);
            assert_string_equal(found.version_text, cases[i].text);
            assert_string_equal(found.bin, dir);
        }
    }
}

static void by_environment(void **state)
{
    PGB_AUTO_ARENA(arena);
    pgb_error err = PGB_ERROR_INIT;
    pgb_server_programs found = {0};
    char dir[128];

    (void)state;
    snprintf(dir, sizeof dir, "%s/17", top);
    setenv("PGBRAID_SERVER_BIN", dir, 1);
    assert_int_equal(pgb_scratch_find(NULL, 0, arena, &found, &err), PGB_OK);
    assert_int_equal(found.version, 170002);
    /* it is what was asked for: another is not taken in its stead */
    assert_int_equal(pgb_scratch_find(NULL, 15, arena, &found, &err), PGB_FAILED);
    assert_non_null(strstr(err.message, "PGBRAID_SERVER_BIN"));
    setenv("PGBRAID_SERVER_BIN", "", 1);
    pgb_error_clear(&err);
    assert_int_equal(pgb_scratch_find(NULL, 15, arena, &found, &err), PGB_OK);
    unsetenv("PGBRAID_SERVER_BIN");
}

/* pg_config first, then PATH; an entry that is not absolute is passed over. */
static void by_path(void **state)
{
    PGB_AUTO_ARENA(arena);
    pgb_error err = PGB_ERROR_INIT;
    pgb_server_programs found = {0};
    const char *old = getenv("PATH");
    char *kept = strdup(old != NULL ? old : "");
    char path[512], script[256];

    (void)state;
    unsetenv("PGBRAID_SERVER_BIN");
    snprintf(path, sizeof path, ".::%s/half:%s/17:%s/15:/usr/bin:/bin", top, top, top);
    setenv("PATH", path, 1);
    snprintf(script, sizeof script, "echo %s/nothing", top);
    program("half", "pg_config", script); /* names a folder without a server: goes on to PATH */
    assert_int_equal(pgb_scratch_find(NULL, 0, arena, &found, &err), PGB_OK);
    assert_int_equal(found.version, 170002);
    assert_int_equal(pgb_scratch_find(NULL, 15, arena, &found, &err), PGB_OK);
    assert_int_equal(found.version, 150018);
    snprintf(script, sizeof script, "echo %s/15", top);
    program("half", "pg_config", script);
    assert_int_equal(pgb_scratch_find(NULL, 0, arena, &found, &err), PGB_OK);
    assert_int_equal(found.version, 150018);
    setenv("PATH", kept, 1);
    free(kept);
}

static void none_of_that_version(void **state)
{
    PGB_AUTO_ARENA(arena);
    pgb_error err = PGB_ERROR_INIT;
    pgb_server_programs found = {0};

    (void)state;
    assert_int_equal(pgb_scratch_find(NULL, 99, arena, &found, &err), PGB_FAILED);
    assert_non_null(strstr(err.message, "PostgreSQL 99"));
    assert_non_null(strstr(err.hint, "apt-get install postgresql-99"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_setting),
        cmocka_unit_test(by_environment),
        cmocka_unit_test(by_path),
        cmocka_unit_test(none_of_that_version),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
