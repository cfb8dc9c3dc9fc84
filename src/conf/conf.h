/*
 * pgbraid.ini, read with inih: [project] name, migrations, layout, heads, late; [env NAME] url, …;
 * [database] url; [server] bin; [history] schema. Nothing in it is required. Unknown sections and
 * keys are errors with line and the nearest known name; an overlong line is refused, not cut. Floor
 * 1; the only place with <ini.h>.
 */
#ifndef PGB_CONF_CONF_H
#define PGB_CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

typedef struct pgb_env {
    const char *name, *url;
    uint32_t line;
} pgb_env;

typedef struct pgb_conf {
    const char *path;           /* of the file; NULL: there is none */
    const char *project;        /* never NULL: "default" when nothing says so */
    const char *migrations;     /* "migrations" */
    const char *layout;         /* "auto", "native", "numbered" */
    bool heads_one;             /* heads = one */
    bool late_refused;          /* late = refuse */
    const char *default_url;    /* [database] url */
    const char *default_env;    /* [database] env */
    const char *history_schema; /* "pgbraid" */
    const char *server_bin;     /* [server] bin: folder of postgres and initdb; NULL: search */
    int64_t lock_timeout_ms;    /* -1: not set */
    const pgb_env *envs;
    uint32_t n_envs;
} pgb_conf;

/* Reads ROOT/pgbraid.ini (a missing file gives the defaults). Strings live in the arena. */
pgb_status pgb_conf_read(const char *root, pgb_arena *arena, pgb_conf **ret_conf, pgb_error *err);
const pgb_env *pgb_conf_env(const pgb_conf *conf, const char *name); /* NULL: no such environment */

#endif
