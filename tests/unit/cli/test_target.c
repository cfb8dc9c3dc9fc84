/* Which database is meant, and what is refused instead of guessed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/target.h"

#define SECRET "topsecret"

static const pgb_env two[] = {{"staging", "postgresql://s@h/d", 2},
                              {"production", "host=p password=" SECRET, 4}};
static const pgb_env bad[] = {{"one", "postgresql+psycopg://u:" SECRET "@h/d", 2}};
static const pgb_conf none = {.project = "p"};
static const pgb_conf envs = {.path = "pgbraid.ini", .envs = two, .n_envs = 2};
static const pgb_conf env_set = {
    .path = "pgbraid.ini", .envs = two, .n_envs = 2, .default_env = "production"};
static const pgb_conf url_set = {.path = "pgbraid.ini", .default_url = "postgresql://c/d"};
static const pgb_conf bad_url = {.path = "pgbraid.ini", .default_url = "mydatabase"};
static const pgb_conf bad_env = {
    .path = "pgbraid.ini", .envs = bad, .n_envs = 1, .default_env = "one"};

static void choose(void **state)
{
    static const struct {
        const char *option, *variable, *pghost;
        const pgb_conf *conf;
        int source; /* -1: refused */
        const char *conninfo;
        const char *name; /* or a part of the message or of the hint */
    } cases[] = {
        /* nothing is named */
        {NULL, NULL, NULL, &none, PGB_DB_EMBEDDED, NULL, "the embedded PostgreSQL"},
        {NULL, NULL, "db", &none, PGB_DB_LIBPQ, "", "PGHOST"},
        {NULL, NULL, "", &none, PGB_DB_EMBEDDED, NULL, "the embedded PostgreSQL"},
        {NULL, NULL, NULL, &url_set, PGB_DB_CONFIG, "postgresql://c/d", "[database] url"},
        {NULL, NULL, "db", &url_set, PGB_DB_CONFIG, "postgresql://c/d", "[database] url"},
        {NULL, NULL, NULL, &env_set, PGB_DB_CONFIG, "host=p password=" SECRET,
         "environment production"},
        /* a deploy that forgot its URL */
        {NULL, NULL, NULL, &envs, -1, NULL, "no database is chosen"},
        {NULL, NULL, "db", &envs, -1, NULL, "-d staging"},
        {"", NULL, NULL, &none, -1, NULL, "-d is empty"},
        {" ", "postgresql://v/d", "db", &url_set, -1, NULL, "-d is empty"},
        {NULL, "", NULL, &none, -1, NULL, "DATABASE_URL is set, but empty"},
        {NULL, "", NULL, &url_set, -1, NULL, "DATABASE_URL is set, but empty"},
        /* the variable */
        {NULL, "postgresql://v/d", "db", &envs, PGB_DB_DATABASE_URL, "postgresql://v/d",
         "DATABASE_URL"},
        {NULL, "host=v", NULL, &url_set, PGB_DB_DATABASE_URL, "host=v", "DATABASE_URL"},
        {NULL, "u:" SECRET "@h/d", NULL, &none, -1, NULL, "DATABASE_URL is no URL"},
        {NULL, "mysql://u:" SECRET "@h/d", NULL, &none, -1, NULL, "begins with mysql://"},
        {NULL, "postgresql+asyncpg://u:" SECRET "@h/d", NULL, &none, -1, NULL,
         "Leave the driver's name out"},
        /* the option */
        {"postgres://o/d", "postgresql://v/d", "db", &env_set, PGB_DB_OPTION, "postgres://o/d",
         "-d"},
        {"dbname=o", NULL, NULL, &none, PGB_DB_OPTION, "dbname=o", "-d"},
        {"password=a://b host=o", NULL, NULL, &none, PGB_DB_OPTION, "password=a://b host=o", "-d"},
        {"staging", "postgresql://v/d", NULL, &env_set, PGB_DB_OPTION, "postgresql://s@h/d",
         "environment staging"},
        {"stagin", NULL, NULL, &envs, -1, NULL, "Did you mean -d staging?"},
        {"nothing", NULL, NULL, &envs, -1, NULL, "staging and production"},
        {"nothing", NULL, NULL, &none, -1, NULL, "-d postgresql:///nothing"},
        {"u:" SECRET "@h/d", NULL, NULL, &none, -1, NULL, "-d is no URL"},
        {"mysql://u:" SECRET "@h/d", NULL, NULL, &none, -1, NULL, "begins with mysql://"},
        /* the config's own */
        {NULL, NULL, NULL, &bad_url, -1, NULL, "is no URL"},
        {NULL, NULL, NULL, &bad_env, -1, NULL, "environment one"},
        {"one", NULL, NULL, &bad_env, -1, NULL, "environment one"},
    };

    (void)state;
    unsetenv("PGHOSTADDR");
    unsetenv("PGSERVICE");
    unsetenv("PGDATABASE");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        PGB_AUTO_ARENA(arena);
        pgb_error err = PGB_ERROR_INIT;
        pgb_db db = {.name = "untouched"};
        pgb_status status;

        print_message("# case %zu\n", i);
        cases[i].variable != NULL ? setenv("DATABASE_URL", cases[i].variable, 1)
                                  : unsetenv("DATABASE_URL");
        cases[i].pghost != NULL ? setenv("PGHOST", cases[i].pghost, 1) : unsetenv("PGHOST");
        status = pgb_target_choose(cases[i].option, cases[i].conf, arena, &db, &err);
        if (cases[i].source < 0) {
            assert_int_equal(status, PGB_USAGE);
            assert_true(strstr(err.message, cases[i].name) != NULL ||
                        strstr(err.detail, cases[i].name) != NULL ||
                        strstr(err.hint, cases[i].name) != NULL);
            assert_string_equal(db.name, "untouched");
            assert_null(strstr(err.message, SECRET));
            assert_null(strstr(err.detail, SECRET));
            assert_null(strstr(err.hint, SECRET));
            assert_true(err.hint[0] != '\0');
        } else {
            assert_int_equal(status, PGB_OK);
            assert_int_equal(db.source, cases[i].source);
            if (cases[i].conninfo == NULL) {
                assert_null(db.conninfo);
            } else {
                assert_string_equal(db.conninfo, cases[i].conninfo);
            }
            assert_non_null(strstr(db.name, cases[i].name));
        }
    }
}

static void scrub(void **state)
{
    static const struct {
        const char *arg;
        bool blanked;
    } cases[] = {
        {"upgrade", false},
        {"-d", false},
        {"production", false},
        {"postgresql:///therapy", false},
        {"postgresql://u:topsecret@h/d", true},
        {"-dpostgresql://u:topsecret@h/d", true},
        {"--database=postgresql://u:topsecret@h/d", true},
        {"postgresql:///d?p%61ssword=topsecret", true},
        {"host=h password=topsecret", true},
        {"PassWord = 'topsecret'", true},
        {"add password column", false},
    };
    enum { N = sizeof cases / sizeof cases[0] };
    PGB_AUTO_ARENA(arena);
    pgb_error err = PGB_ERROR_INIT;
    char *argv[N + 2];
    const char *const *copy;

    (void)state;
    argv[0] = strdup("pgbraid://@");
    for (size_t i = 0; i < N; i++) {
        argv[i + 1] = strdup(cases[i].arg);
    }
    argv[N + 1] = NULL;
    assert_int_equal(pgb_target_scrub_argv(N + 1, argv, arena, &copy, &err), PGB_OK);
    assert_string_equal(copy[0], "pgbraid://@");
    for (size_t i = 0; i < N; i++) {
        print_message("# %s\n", cases[i].arg);
        assert_string_equal(copy[i + 1], cases[i].arg);
        assert_int_equal(strlen(argv[i + 1]), strlen(cases[i].arg));
        assert_int_equal(strspn(argv[i + 1], "*") == strlen(argv[i + 1]), cases[i].blanked);
        free(argv[i + 1]);
    }
    assert_null(copy[N + 1]);
    free(argv[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(choose), cmocka_unit_test(scrub)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
