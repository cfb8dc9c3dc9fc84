/* pgbraid.ini: what is read, and that nothing wrong passes. */
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
#include "conf/conf.h"

typedef struct fixture {
    char dir[64];
    pgb_arena *arena;
    pgb_error err;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    strcpy(f->dir, "/tmp/pgbraid-test-conf-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->arena = pgb_arena_new();
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    pgb_dir_remove(f->dir, NULL);
    pgb_arena_free(f->arena);
    free(f);
    return 0;
}

static pgb_status read_bytes(fixture *f, const void *bytes, size_t len, pgb_conf **conf)
{
    char path[128];

    snprintf(path, sizeof path, "%s/pgbraid.ini", f->dir);
    assert_int_equal(pgb_file_write(path, bytes, len, false, NULL), PGB_OK);
    pgb_error_clear(&f->err);
    return pgb_conf_read(f->dir, f->arena, conf, &f->err);
}

static void defaults(void **state)
{
    fixture *f = *state;
    pgb_conf *c = NULL;

    assert_int_equal(pgb_conf_read(f->dir, f->arena, &c, &f->err), PGB_OK);
    assert_null(c->path);
    assert_string_equal(c->project, "default");
    assert_string_equal(c->migrations, "migrations");
    assert_string_equal(c->layout, "auto");
    assert_string_equal(c->history_schema, "pgbraid");
    assert_false(c->heads_one);
    assert_false(c->late_refused);
    assert_int_equal(c->lock_timeout_ms, -1);
    assert_null(c->default_url);
    assert_null(c->default_env);
    assert_null(c->server_bin);
    assert_int_equal(c->n_envs, 0);
}

static void everything(void **state)
{
    static const char text[] = "\xEF\xBB\xBF# all of it\r\n"
                               "[project]\r\n"
                               "name = therapy ; what the history calls it\r\n"
                               "  migrations: db/migrations\r\n"
                               "layout=native\r\n"
                               "heads = one\r\n"
                               "late = refuse\r\n"
                               "lock_timeout = 500ms\r\n"
                               "\r\n"
                               "[env staging]\r\n"
                               "url = postgresql://app:p%3Bw@db.example/therapy?sslmode=require\r\n"
                               "[database]\n"
                               "env = production\n"
                               "[env production]\n"
                               "url = host=db user='a b' dbname=therapy\n"
                               "; the end is not far\n"
                               "[server]\n"
                               "bin = /opt/pg/bin\n"
                               "[history]\n"
                               "schema = braid";
    fixture *f = *state;
    pgb_conf *c = NULL;

    assert_int_equal(read_bytes(f, text, sizeof text - 1, &c), PGB_OK);
    assert_non_null(strstr(c->path, "/pgbraid.ini"));
    assert_string_equal(c->project, "therapy");
    assert_string_equal(c->migrations, "db/migrations");
    assert_string_equal(c->layout, "native");
    assert_true(c->heads_one);
    assert_true(c->late_refused);
    assert_int_equal(c->lock_timeout_ms, 500);
    assert_int_equal(c->n_envs, 2);
    assert_string_equal(c->envs[0].name, "staging");
    assert_string_equal(c->envs[0].url,
                        "postgresql://app:p%3Bw@db.example/therapy?sslmode=require");
    assert_int_equal(c->envs[0].line, 11);
    assert_string_equal(c->envs[1].url, "host=db user='a b' dbname=therapy");
    assert_string_equal(c->default_env, "production");
    assert_string_equal(c->server_bin, "/opt/pg/bin");
    assert_string_equal(c->history_schema, "braid");
    assert_ptr_equal(pgb_conf_env(c, "production"), &c->envs[1]);
    assert_null(pgb_conf_env(c, "prod"));
}

static void times(void **state)
{
    static const struct {
        const char *value;
        int64_t ms; /* -2: refused */
    } cases[] = {
        {"0", 0},       {"3", 3000},       {"5s", 5000},
        {"250ms", 250}, {"2min", 120000},  {"1h", 3600000},
        {"", -2},       {"s", -2},         {"5 s", -2},
        {"-1", -2},     {"99999999h", -2}, {"1.5s", -2},
        {"5d", -2},     {"2147484", -2},   {"99999999999999999999", -2},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        pgb_conf *c = NULL;
        pgb_status status;

        snprintf(text, sizeof text, "[project]\nlock_timeout = %s\n", cases[i].value);
        status = read_bytes(f, text, strlen(text), &c);
        print_message("# %s\n", cases[i].value);
        assert_int_equal(status, cases[i].ms == -2 ? PGB_PROJECT : PGB_OK);
        if (status == PGB_OK) {
            assert_int_equal(c->lock_timeout_ms, cases[i].ms);
        } else {
            assert_int_equal(f->err.line, 2);
        }
    }
}

static void ignores(void **state)
{
    static const char text[] = "[verify]\nignore = table public.tmp_*  #  made by the import\n"
                               "ignore=extension \"x#y\" version # by the # provider\n";
    fixture *f = *state;
    pgb_conf *c = NULL;

    assert_int_equal(read_bytes(f, text, sizeof text - 1, &c), PGB_OK);
    assert_int_equal(c->n_ignores, 2);
    assert_string_equal(c->ignores[0].pattern, "table public.tmp_*");
    assert_string_equal(c->ignores[0].reason, "made by the import");
    assert_int_equal(c->ignores[0].line, 2);
    assert_string_equal(c->ignores[1].pattern, "extension \"x#y\" version");
    assert_string_equal(c->ignores[1].reason, "by the # provider");
}

static void refused(void **state)
{
    static const struct {
        const char *text;
        int line;
        const char *message, *hint; /* parts of them */
    } cases[] = {
        {"[projekt]\nname = x\n", 1, "unknown section [projekt]", "Did you mean [project]?"},
        {"[project]\n\n[databse]\n", 3, "unknown section [databse]", "[database]"},
        {"[enviroment x]\nurl = x\n", 1, "unknown section", "Sections are"},
        {"[env]\nurl = x\n", 1, "needs the environment's name", "[env production]"},
        {"[env ]\nurl = x\n", 1, "needs the environment's name", "[env production]"},
        {"[env a/b]\nurl = x\n", 2, "can't be the name", "tell it from a URL"},
        {"name = x\n", 1, "before the first section", "[project]"},
        {"[project]\nnmae = x\n", 2, "unknown key \"nmae\"", "Did you mean \"name\"?"},
        {"[project]\nzzzzzzzzz = x\n", 2, "unknown key", "name, migrations, layout"},
        {"[env x]\nulr = x\n", 2, "unknown key \"ulr\"", "\"url\""},
        {"[env x]\nurl =\n", 2, "is empty", "It takes URL"},
        {"[project]\nname = a\nname = b\n", 3, "given twice", "Remove"},
        {"[env x]\nurl = a\n[env y]\nurl = c\n[env x]\nurl = b\n", 6, "given twice", "Remove"},
        {"[project]\nname =\n", 2, "is empty", "NAME"},
        {"[project]\nlayout = alembic\n", 2, "is not known", "auto|native|numbered"},
        {"[project]\nlayout = auto|native\n", 2, "is not known", "auto|native|numbered"},
        {"[project]\nheads = two\n", 2, "is not known", "one|many"},
        {"[project]\nlate = no\n", 2, "is not known", "apply|refuse"},
        {"[history]\nschema = pg_x\n", 2, "can't be a schema's name", "NAME"},
        {"[verify]\nignore = table x\n", 2, "has no reason", "PATTERN # REASON"},
        {"[verify]\nignore = table x #\n", 2, "has no reason", "PATTERN # REASON"},
        {"[verify]\nignore = # because\n", 2, "has no reason", "PATTERN # REASON"},
        {"[verify]\nignore =\n", 2, "has no reason", "PATTERN # REASON"},
        {"[verify]\nignored = x # y\n", 2, "unknown key \"ignored\"", "\"ignore\""},
        {"[verifi]\nignore = x # y\n", 1, "unknown section", "[verify]"},
        {"[project]\nwhat is this\n", 2, "is no section and no", "comment"},
        {"[project\nname = x\n", 1, "is no section and no", "comment"},
        {"[project]\nname = a\n  continued\n", 3, "is no section and no", "comment"},
        {"[project]\nname = \xFF\n", 2, "not UTF-8", "UTF-8"},
        {"[database]\nenv = prod\n[env production]\nurl = x\n", 2, "no environment \"prod\"",
         "[env prod]"},
        {"[database]\nenv = prd\n[env prod]\nurl = x\n", 2, "no environment \"prd\"",
         "Did you mean \"prod\"?"},
        {"[database]\nurl = y\nenv = prod\n[env prod]\nurl = x\n", 3, "both url and env", "Keep"},
        {"[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n", 1, "too long", "49"},
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pgb_conf *c = NULL;

        print_message("# case %zu\n", i);
        assert_int_equal(read_bytes(f, cases[i].text, strlen(cases[i].text), &c), PGB_PROJECT);
        assert_null(c);
        assert_non_null(strstr(f->err.message, cases[i].message));
        assert_non_null(strstr(f->err.hint, cases[i].hint));
        assert_int_equal(f->err.line, cases[i].line);
        assert_non_null(strstr(f->err.file, "pgbraid.ini"));
    }
}

/* At every length around the limits: whole or refused, never cut. */
static void long_lines(void **state)
{
    static const size_t lengths[] = {190, 197, 198, 199, 200, 4090, 4093, 4094, 4095, 4096, 9000};
    fixture *f = *state;

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (int newline = 0; newline < 2; newline++) {
            pgb_conf *c = NULL;
            char *text = calloc(1, lengths[i] + 64);
            size_t head = strlen(strcpy(text, "[database]\nurl = ")), len = lengths[i];
            pgb_status status;

            memset(text + head, 'x', len - strlen("url = "));
            if (newline) {
                strcat(text, "\n[project]\nname = p\n");
            }
            status = read_bytes(f, text, strlen(text), &c);
            if (len <= 4094) {
                assert_int_equal(status, PGB_OK);
                assert_int_equal(strlen(c->default_url), len - strlen("url = "));
                assert_string_equal(c->project, newline ? "p" : "default");
            } else {
                assert_int_equal(status, PGB_PROJECT);
                assert_non_null(strstr(f->err.message, "line 2 is too long"));
                assert_int_equal(f->err.line, 2);
                assert_string_equal(f->err.source, "");
            }
            free(text);
        }
    }
}

static void secrets_are_not_shown(void **state)
{
    static const char *const texts[] = {
        "[database]\nulr = postgresql://u:topsecret@h/d\n",
        "[database]\nurl = postgresql://u:topsecret@h/d\nurl = postgresql://u:topsecret@h/d\n",
        "[env a/b]\nurl = postgresql://u:topsecret@h/d\n",
        "[database]\npostgresql://u-topsecret\n",
        "[database]\nurl = topsecret\nenv = x\n[env x]\nurl = y\n",
    };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        pgb_conf *c = NULL;

        assert_int_equal(read_bytes(f, texts[i], strlen(texts[i]), &c), PGB_PROJECT);
        assert_null(strstr(f->err.message, "topsecret"));
        assert_null(strstr(f->err.detail, "topsecret"));
        assert_null(strstr(f->err.hint, "topsecret"));
        assert_null(strstr(f->err.source, "topsecret"));
    }
}

static void odd_files(void **state)
{
    fixture *f = *state;
    pgb_conf *c = NULL;
    char path[128], other[128];

    assert_int_equal(read_bytes(f, "", 0, &c), PGB_OK);
    assert_int_equal(read_bytes(f, "[project]\nname = a\0b\n", 20, &c), PGB_PROJECT);
    assert_int_equal(f->err.line, 2);

    snprintf(path, sizeof path, "%s/pgbraid.ini", f->dir);
    snprintf(other, sizeof other, "%s/other.ini", f->dir);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    pgb_error_clear(&f->err);
    assert_int_equal(pgb_conf_read(f->dir, f->arena, &c, &f->err), PGB_PROJECT);
    assert_non_null(strstr(f->err.message, "not a regular file"));
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    pgb_error_clear(&f->err);
    assert_int_equal(pgb_conf_read(f->dir, f->arena, &c, &f->err), PGB_PROJECT);
    assert_non_null(strstr(f->err.message, "not a regular file"));
}

/* Every key of the table is one that the reader takes. */
static void table_is_true(void **state)
{
    fixture *f = *state;

    for (const pgb_conf_key *k = pgb_conf_keys; k->section != NULL; k++) {
        char text[256];
        pgb_conf *c = NULL;
        const char *value = strcmp(k->value, "TIME") == 0 ? k->preset : "numbered";

        if (strchr(k->value, '|') != NULL) {
            value = k->preset;
        } else if (strchr(k->value, '#') != NULL) {
            value = "pattern # reason";
        }
        snprintf(text, sizeof text, "[%s]\n%s = %s\n[env numbered]\nurl = u\n",
                 strcmp(k->section, "env NAME") == 0 ? "env q" : k->section, k->key, value);
        print_message("# %s.%s\n", k->section, k->key);
        assert_int_equal(read_bytes(f, text, strlen(text), &c), PGB_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(everything, setup, teardown),
        cmocka_unit_test_setup_teardown(times, setup, teardown),
        cmocka_unit_test_setup_teardown(ignores, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
        cmocka_unit_test_setup_teardown(long_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_are_not_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(odd_files, setup, teardown),
        cmocka_unit_test_setup_teardown(table_is_true, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
