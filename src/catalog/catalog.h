/*
 * The catalog model: what is in a database, object by object, as names and properties.
 *
 * Guarantee: identity is by name and definition, never by OID; the objects are sorted by kind and
 * identity in bytes, so equal schemas give equal models whatever the order in which they were made.
 * Reading takes ACCESS SHARE on catalogs only, in one read-only transaction, by a fixed number of
 * queries in one round trip, with an empty search_path so that every name is qualified; if the
 * catalog moved meanwhile it is read again. What is not modelled is listed as objects of kind
 * "unmodelled". Works on a standby and for a role that may only read. This header is plain data:
 * pure modules may include it. Floor 2 (base, pg).
 */
#ifndef PGB_CATALOG_CATALOG_H
#define PGB_CATALOG_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct pgb_session;

typedef struct pgb_property {
    const char *name;
    const char *value;
} pgb_property;

typedef struct pgb_object {
    const char *kind;     /* "table", "column", "constraint", "index", … */
    const char *identity; /* quoted and qualified: public.users.email */
    const char *parent;   /* identity of the table, schema or type it belongs to; NULL: none */
    int64_t ord; /* columns: position among those that are there, from 1; constraints: by type */
    const pgb_property *props; /* those that hold; absent means the usual (not "no", not "off") */
    uint32_t n_props;
} pgb_object;

typedef struct pgb_catalog {
    pgb_arena *arena;
    pgb_object *objects; /* by kind, then identity, in bytes */
    uint32_t n;
    int server_version; /* 150018 */
    bool moved;         /* it changed at every attempt to read it */
} pgb_catalog;

/* Reads the database of a session; what is in the schema named history ("pgbraid") is left out.
 * PGB_FAILED for servers older than 12. The session must be outside a transaction. */
pgb_status pgb_catalog_read(struct pgb_session *session, const char *history,
                            pgb_catalog **ret_catalog, pgb_error *err);
void pgb_catalog_free(pgb_catalog *catalog);

/* NULL: not there. */
const pgb_object *pgb_catalog_find(const pgb_catalog *catalog, const char *kind,
                                   const char *identity);
const char *pgb_object_get(const pgb_object *object, const char *property);

/* Figures as `verify` counts them: indexes that back a constraint, NOT NULL, partition clones are
 * not counted. table NULL: in all. */
typedef struct pgb_counts {
    uint32_t tables, columns, foreign_keys, indexes, checks;
} pgb_counts;
void pgb_catalog_count(const pgb_catalog *catalog, const char *table, pgb_counts *ret_counts);

#endif
