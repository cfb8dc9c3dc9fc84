#include "cli/target.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"

static bool is_conninfo(const char *value)
{
    return strstr(value, "://") != NULL || strchr(value, '=') != NULL;
}

static pgb_status no_url(const char *said_by, pgb_error *err)
{
    pgb_error_set(err, PGB_USAGE, "%s is no URL", said_by);
    pgb_error_hint(err, "Write postgresql://USER@HOST:PORT/DATABASE, or key=value settings.");
    return PGB_USAGE;
}

/* A URL of another kind is told here, in words that don't repeat its password. */
static pgb_status check_url(const char *url, const char *said_by, pgb_error *err)
{
    const char *end = strstr(url, "://");
    size_t len = end != NULL ? (size_t)(end - url) : 0;
    char scheme[32];

    if (!is_conninfo(url)) {
        return no_url(said_by, err);
    }
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)url[i]) && strchr("+-._", url[i]) == NULL) {
            return PGB_OK; /* key=value settings, one of them with :// in it */
        }
    }
    if (len == 0 || (len == 10 && memcmp(url, "postgresql", 10) == 0) ||
        (len == 8 && memcmp(url, "postgres", 8) == 0)) {
        return PGB_OK;
    }
    len = len < sizeof scheme ? len : sizeof scheme - 1;
    memcpy(scheme, url, len);
    scheme[len] = '\0';
    pgb_error_set(err, PGB_USAGE, "%s is no PostgreSQL URL: it begins with %s://", said_by, scheme);
    if (strncmp(scheme, "postgres", 8) == 0) {
        pgb_error_hint(err, "Leave the driver's name out: begin with postgresql://");
    } else {
        pgb_error_hint(err, "Write postgresql://USER@HOST:PORT/DATABASE, or key=value settings.");
    }
    return PGB_USAGE;
}

/* "a, b and c" of the environments, for hints. */
static void list_environments(const pgb_conf *conf, pgb_buf *out)
{
    for (uint32_t i = 0; i < conf->n_envs; i++) {
        pgb_buf_printf(out, "%s%s",
                       i == 0                  ? ""
                       : i + 1 == conf->n_envs ? " and "
                                               : ", ",
                       conf->envs[i].name);
    }
}

static pgb_status unknown_environment(const char *name, const pgb_conf *conf, pgb_error *err)
{
    PGB_AUTO_BUF(names);
    const char *near = NULL;
    unsigned best = 4;

    for (uint32_t i = 0; i < conf->n_envs; i++) {
        unsigned d = pgb_text_distance(name, conf->envs[i].name);

        if (d < best && d < strlen(conf->envs[i].name)) {
            best = d;
            near = conf->envs[i].name;
        }
    }
    list_environments(conf, &names);
    pgb_error_set(err, PGB_USAGE, "there is no environment \"%s\"", name);
    if (conf->path == NULL) {
        pgb_error_detail(err, "There is no pgbraid.ini that could name one.");
    } else if (conf->n_envs == 0) {
        pgb_error_detail(err, "pgbraid.ini names none.");
    } else {
        pgb_error_detail(err, "pgbraid.ini names %s.", pgb_buf_str(&names));
    }
    if (near != NULL) {
        pgb_error_hint(err, "Did you mean -d %s?", near);
    } else {
        pgb_error_hint(err,
                       "Give a URL (-d postgresql:///%s), or add a section [env %s] with its "
                       "url to pgbraid.ini.",
                       name, name);
    }
    return PGB_USAGE;
}

static pgb_status use_environment(const pgb_env *env, pgb_db_source source, pgb_arena *arena,
                                  pgb_db *ret_db, pgb_error *err)
{
    pgb_db db = {.source = source, .conninfo = env->url};

    db.name = pgb_arena_printf(arena, "environment %s", env->name);
    if (db.name == NULL) {
        return pgb_error_nomem(err);
    }
    if (check_url(env->url, db.name, err) != PGB_OK) {
        return err != NULL ? err->status : PGB_USAGE;
    }
    *ret_db = db;
    return PGB_OK;
}

static pgb_status use_url(const char *url, pgb_db_source source, const char *name, pgb_db *ret_db,
                          pgb_error *err)
{
    pgb_status status = check_url(url, name, err);

    if (status == PGB_OK) {
        *ret_db = (pgb_db){.source = source, .conninfo = url, .name = name};
    }
    return status;
}

static pgb_status from_option(const char *option, const pgb_conf *conf, pgb_arena *arena,
                              pgb_db *ret_db, pgb_error *err)
{
    const pgb_env *env;

    if (option[strspn(option, " \t\r\n")] == '\0') {
        pgb_error_set(err, PGB_USAGE, "-d is empty");
        pgb_error_detail(err, "A variable that is not set, perhaps.");
        pgb_error_hint(err, "Give a URL or an environment, or leave -d out.");
        return PGB_USAGE;
    }
    if (is_conninfo(option)) {
        return use_url(option, PGB_DB_OPTION, "-d", ret_db, err);
    }
    if (strpbrk(option, "@:/ \t") != NULL) {
        return no_url("-d", err); /* no name can have these; it may be a URL without its start */
    }
    env = pgb_conf_env(conf, option);
    return env != NULL ? use_environment(env, PGB_DB_OPTION, arena, ret_db, err)
                       : unknown_environment(option, conf, err);
}

static pgb_status none_chosen(const pgb_conf *conf, pgb_error *err)
{
    PGB_AUTO_BUF(names);

    list_environments(conf, &names);
    pgb_error_set(err, PGB_USAGE, "no database is chosen");
    pgb_error_detail(err, "pgbraid.ini names the environment%s %s, so nothing else is used.",
                     conf->n_envs > 1 ? "s" : "", pgb_buf_str(&names));
    pgb_error_hint(err, "Choose one: -d %s. Or set DATABASE_URL, or [database] env in pgbraid.ini.",
                   conf->envs[0].name);
    return PGB_USAGE;
}

/* The libpq variable that names a server or a database, NULL: none. */
static const char *libpq_variable(void)
{
    static const char *const names[] = {"PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0') {
            return names[i];
        }
    }
    return NULL;
}

pgb_status pgb_target_choose(const char *option, const pgb_conf *conf, pgb_arena *arena,
                             pgb_db *ret_db, pgb_error *err)
{
    const char *url = getenv("DATABASE_URL"), *variable;

    if (option != NULL) {
        return from_option(option, conf, arena, ret_db, err);
    }
    if (url != NULL && url[strspn(url, " \t\r\n")] == '\0') {
        pgb_error_set(err, PGB_USAGE, "DATABASE_URL is set, but empty");
        pgb_error_hint(err, "Give it the URL that is meant, or unset it.");
        return PGB_USAGE;
    }
    if (url != NULL) {
        return use_url(url, PGB_DB_DATABASE_URL, "DATABASE_URL", ret_db, err);
    }
    if (conf->default_url != NULL) {
        return use_url(conf->default_url, PGB_DB_CONFIG, "[database] url in pgbraid.ini", ret_db,
                       err);
    }
    if (conf->default_env != NULL) {
        /* the reader has seen to it that there is one */
        return use_environment(pgb_conf_env(conf, conf->default_env), PGB_DB_CONFIG, arena, ret_db,
                               err);
    }
    if (conf->n_envs > 0) {
        return none_chosen(conf, err);
    }
    variable = libpq_variable();
    if (variable != NULL) {
        *ret_db = (pgb_db){.source = PGB_DB_LIBPQ, .conninfo = "", .name = variable};
    } else {
        *ret_db = (pgb_db){.source = PGB_DB_EMBEDDED, .name = "the embedded PostgreSQL"};
    }
    return PGB_OK;
}

/* Generous: a malformed URL, or a parameter's name in percent code, may hide one too. */
static bool may_hold_password(const char *arg)
{
    const char *authority = strstr(arg, "://");

    return (authority != NULL && strpbrk(authority, "@?") != NULL) ||
           (strchr(arg, '=') != NULL && strcasestr(arg, "password") != NULL);
}

pgb_status pgb_target_scrub_argv(int argc, char **argv, pgb_arena *arena,
                                 const char *const **ret_argv, pgb_error *err)
{
    const char **copy = pgb_arena_array(arena, (size_t)argc + 1, sizeof *copy);

    if (copy == NULL) {
        return pgb_error_nomem(err);
    }
    for (int i = 0; i < argc; i++) {
        copy[i] = argv[i];
        if (i > 0 && may_hold_password(argv[i])) {
            copy[i] = pgb_arena_strdup(arena, argv[i]);
            if (copy[i] == NULL) {
                return pgb_error_nomem(err);
            }
            /* the length stays, so that the arguments after it stay where they are */
            memset(argv[i], '*', strlen(argv[i]));
        }
    }
    *ret_argv = copy;
    return PGB_OK;
}
