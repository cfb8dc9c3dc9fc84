#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pg/conninfo.h"

static const char *value(const pgb_conninfo *info, const char *key)
{
    for (size_t i = 0; info->keys[i] != NULL; i++) {
        if (strcmp(info->keys[i], key) == 0) {
            return info->values[i];
        }
    }
    return NULL;
}

static void clear_env(void)
{
    static const char *const names[] = {"PGHOST",        "PGHOSTADDR",    "PGSSLMODE", "PGSERVICE",
                                        "PGSERVICEFILE", "PGSSLROOTCERT", "PGPASSWORD"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unsetenv(names[i]);
    }
    setenv("HOME", "/nonexistent", 1);
}

static void test_sslmode(void **state)
{
    static const struct {
        const char *conninfo, *env_host, *env_mode, *sslmode;
    } cases[] = {
        {"", NULL, NULL, NULL},
        {"mydb", NULL, NULL, NULL},
        {"host=/tmp", NULL, NULL, NULL},
        {"host=localhost", NULL, NULL, NULL},
        {"postgresql://127.0.0.1/x", NULL, NULL, NULL},
        {"postgresql://[::1]/x", NULL, NULL, NULL},
        {"postgresql://db.example.com/x", NULL, NULL, "verify-full"},
        {"postgresql://localhost,db.example.com/x", NULL, NULL, "verify-full"},
        {"postgresql://127.0.0.1.evil.example/x", NULL, NULL, "verify-full"},
        {"postgresql://db.example.com/x?sslmode=disable", NULL, NULL, NULL},
        {"dbname=x", "db.example.com", NULL, "verify-full"},
        {"dbname=x", "db.example.com", "prefer", NULL},
        {"host=localhost hostaddr=10.0.0.1", NULL, NULL, "verify-full"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pgb_session_options o = {.conninfo = cases[i].conninfo};
        pgb_conninfo info;
        pgb_error err = PGB_ERROR_INIT;
        const char *mode;
        PGB_AUTO_ARENA(arena);

        clear_env();
        if (cases[i].env_host != NULL) {
            setenv("PGHOST", cases[i].env_host, 1);
        }
        if (cases[i].env_mode != NULL) {
            setenv("PGSSLMODE", cases[i].env_mode, 1);
        }
        assert_int_equal(pgb_conninfo_read(&o, arena, &info, &err), PGB_OK);
        mode = value(&info, "sslmode");
        if (cases[i].sslmode == NULL) {
            assert_null(mode);
        } else {
            assert_non_null(mode);
            assert_string_equal(mode, cases[i].sslmode);
            assert_non_null(value(&info, "sslrootcert"));
        }
        assert_null(value(&info, "options"));
    }
}

static void test_service_file(void **state)
{
    char path[] = "/tmp/pgbraid-service-XXXXXX";
    static const char text[] = "# services\n[other]\nsslmode=disable\n\n[a]\nhost=db.example.com\n"
                               "sslmode=require\n[b]\nhost=db.example.com\n";
    int fd = mkstemp(path);
    pgb_conninfo info;
    pgb_error err = PGB_ERROR_INIT;
    pgb_session_options o = {.conninfo = "service=a"};
    PGB_AUTO_ARENA(arena);

    (void)state;
    clear_env();
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    setenv("PGSERVICEFILE", path, 1);
    assert_int_equal(pgb_conninfo_read(&o, arena, &info, &err), PGB_OK);
    assert_true(info.remote);
    assert_null(value(&info, "sslmode"));
    o.conninfo = "";
    setenv("PGSERVICE", "b", 1);
    assert_int_equal(pgb_conninfo_read(&o, arena, &info, &err), PGB_OK);
    assert_string_equal(value(&info, "sslmode"), "verify-full");
    unlink(path);
}

/* A password that is not written as a URL asks turns up in no message. */
static void test_secrets(void **state)
{
    static const char *const urls[] = {
        "postgresql://u:s3cr@et@host/db",
        "postgresql://u:s3c/ret@host/db",
        "postgresql://u:123/s3cret@host/db",
        "postgresql://u:s3cret%zz@host/db",
        "postgresql://u:p?s3cret@host/db",
        "host=h password=a s3cret",
        "host=h passwort=s3cret",
        "password='s3cret",
        "postgresql://u:s3cret@host:port/db",
    };

    (void)state;
    clear_env();
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        pgb_session_options o = {.conninfo = urls[i], .connect_timeout_ms = 300};
        pgb_session *s = NULL;
        pgb_error err = PGB_ERROR_INIT;

        assert_int_equal(pgb_session_open(&o, &s, &err), PGB_CONNECT);
        assert_null(strstr(err.message, "s3c"));
        assert_null(strstr(err.detail, "s3c"));
        assert_null(strstr(err.hint, "s3c"));
        assert_null(strstr(err.detail, "et@"));
        assert_int_not_equal(err.hint[0], 0);
    }
}

static void test_scrub(void **state)
{
    char out[128];

    (void)state;
    pgb_conninfo_scrub(out, sizeof out, "is p@ss and p%40ss and p%40sS\n", "p@ss");
    assert_string_equal(out, "is *** and *** and p%40sS");
    pgb_conninfo_scrub(out, sizeof out, "ab", "b");
    assert_string_equal(out, "ab");
    pgb_conninfo_scrub(out, 8, "a text that is too long", NULL);
    assert_true(strlen(out) < 8);
}

static void test_refused_connection(void **state)
{
    pgb_session_options o = {.conninfo = "host=/nonexistent dbname=x user=me password=hidden"};
    pgb_session *s = NULL;
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    clear_env();
    assert_int_equal(pgb_session_open(&o, &s, &err), PGB_CONNECT);
    assert_non_null(strstr(err.message, "database x"));
    assert_non_null(strstr(err.detail, "No such file"));
    assert_int_not_equal(err.hint[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sslmode),
        cmocka_unit_test(test_service_file),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_scrub),
        cmocka_unit_test(test_refused_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
