/*
 * pgbraid.ini, read with inih: [project] name, migrations, layout, heads, late, lock_timeout; [env
 * NAME] url; [database] url, env; [server] bin; [history] schema; [verify] ignore. Nothing in it is
 * required.
 *
 * Guarantee: nothing is passed over or cut. An unknown section or key, a key given twice (but for
 * [verify] ignore, which may be), a value that does not fit, a line that is no "key = value", a
 * line or section name longer than inih takes are each PGB_PROJECT with file, line and, for a name,
 * the nearest known one. Messages never show a line that may hold a password. Lines begin with any
 * blanks; "#" or ";" starts a comment, and " ;" one behind a value. Reentrant, but for inih's line
 * length, which the first call raises. Floor 1; the only place with <ini.h>.
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

/* A difference that verify leaves out. */
typedef struct pgb_conf_ignore {
    const char *pattern; /* shell pattern over "kind object" or "kind object property" */
    const char *reason;  /* never empty */
    uint32_t line;
} pgb_conf_ignore;

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
    int64_t lock_timeout_ms;    /* -1: not set; 0: wait for ever */
    const pgb_env *envs;        /* in the file's order */
    uint32_t n_envs;
    const pgb_conf_ignore *ignores; /* in the file's order */
    uint32_t n_ignores;
} pgb_conf;

/* Reads ROOT/pgbraid.ini (a missing file gives the defaults). Strings live in the arena. */
pgb_status pgb_conf_read(const char *root, pgb_arena *arena, pgb_conf **ret_conf, pgb_error *err);
const pgb_env *pgb_conf_env(const pgb_conf *conf, const char *name); /* NULL: no such environment */

/* What may stand in the file, for help and the manual; section NULL ends the table. */
typedef struct pgb_conf_key {
    const char *section; /* "project"; "env NAME" for environments */
    const char *key;
    const char *value;  /* what it takes: "one|many", "FOLDER" */
    const char *preset; /* what holds without it; "" for nothing */
    const char *help;   /* lower case, no full stop */
} pgb_conf_key;
extern const pgb_conf_key pgb_conf_keys[];

#endif
