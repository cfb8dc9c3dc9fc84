/*
 * Files of named queries: `queries` with its .sql files.
 *
 * Guarantee: a file is read whole or refused with file, line and column (PGB_PROJECT): text that is
 * not UTF-8, a string that is not closed, a psql command, COPY data, a directive that is not known,
 * a query without `uses`, a `uses` without a query. The SQL is not looked into. Floor 4 (base,
 * sql).
 *
 *   -- Login by email
 *   -- pgbraid:uses idx_users_email
 *   SELECT id FROM users WHERE email = $1;
 */
#ifndef PGB_PROVE_QUERIES_H
#define PGB_PROVE_QUERIES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

typedef struct pgb_query_use {
    const char *name; /* as written: idx, schema.idx, "Idx" */
    int column;       /* of the name, on the directive's line */
} pgb_query_use;

typedef struct pgb_query {
    const char *file;  /* as it is shown: queries/login.sql */
    const char *title; /* the first comment line before it; NULL: none */
    const char *sql;   /* without its semicolon */
    int line, column;  /* of its first token */
    int uses_line;
    const pgb_query_use *uses;
    uint32_t n_uses;
} pgb_query;

typedef struct pgb_queries {
    pgb_arena *arena;
    const pgb_query *at; /* by file name, then as they stand */
    uint32_t n;
} pgb_queries;

/* A folder that is not there (or NULL) has none. */
pgb_status pgb_queries_read(const char *folder, pgb_queries *ret_queries, pgb_error *err);
void pgb_queries_done(pgb_queries *queries); /* a zeroed one is allowed */

#endif
