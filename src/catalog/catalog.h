/*
 * The catalog model: what is in a database, object by object, as names and properties.
 *
 * Guarantee: identity is by name and definition, never by OID; the objects are sorted by kind and
 * identity in bytes, so equal schemas give equal models whatever the order in which they were made,
 * and also after a dump and restore. Reading takes ACCESS SHARE on catalogs only, in one read-only
 * transaction, by a fixed number of queries in one round trip, with an empty search_path so that
 * every name is qualified; it waits for no lock longer than two seconds; if the catalog moved
 * meanwhile it is read again. What is not modelled is listed as objects of kind "unmodelled". Works
 * on a standby and for a role that may only read. This header is plain data: pure modules may
 * include it. Floor 2 (base, pg).
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
    int64_t ord; /* columns: position among those that are there, from 1; constraints: by type, set
                    by pgb_catalog_finish */
    const pgb_property *props; /* those that hold; absent means the usual (not "no", not "off") */
    uint32_t n_props;
} pgb_object;

typedef struct pgb_catalog {
    pgb_arena *arena;
    pgb_object *objects; /* by kind, then identity, in bytes */
    uint32_t n;
    const uint32_t *by_parent; /* indexes of objects by parent, kind, ord, identity; for children */
    int server_version;        /* 150018; of a snapshot: 150000 */
    bool moved;                /* it changed at every attempt to read it */
} pgb_catalog;

/* Reads the database of a session; what is in the schema named history ("pgbraid") is left out.
 * PGB_FAILED for servers older than 12, and when locks or changes of others kept it from reading;
 * PGB_SQL when the role may not read a catalog. The session must be outside a transaction. */
pgb_status pgb_catalog_read(struct pgb_session *session, const char *history,
                            pgb_catalog **ret_catalog, pgb_error *err);
/* The same over a session of its own, read-only. interrupted: not 0 ends it; may be NULL. */
pgb_status pgb_catalog_read_at(const char *conninfo, const char *history,
                               const volatile int *interrupted, pgb_catalog **ret_catalog,
                               pgb_error *err);
void pgb_catalog_free(pgb_catalog *catalog); /* NULL is allowed */

/* Sorts `n` objects, puts together those that came in parts (same kind and identity), and sets
 * objects, n and by_parent. For those who make catalogs: reading, snapshots, tests. */
pgb_status pgb_catalog_finish(pgb_catalog *catalog, pgb_object *objects, size_t n, pgb_error *err);

/* NULL: not there; identity may be NULL. */
const pgb_object *pgb_catalog_find(const pgb_catalog *catalog, const char *kind,
                                   const char *identity);
const char *pgb_object_get(const pgb_object *object, const char *property); /* NULL: absent */

/* Objects of a kind (NULL: any) with that parent, by kind, ord and identity. */
typedef struct pgb_children {
    const pgb_catalog *catalog;
    const uint32_t *at; /* indexes into catalog->objects */
    uint32_t n;
} pgb_children;
pgb_children pgb_catalog_children(const pgb_catalog *catalog, const char *parent, const char *kind);
static inline const pgb_object *pgb_child(const pgb_children *children, uint32_t i)
{
    return &children->catalog->objects[children->at[i]];
}

/* The object that owns this one's columns and constraints: the table, view, composite type, …
 * NULL: none in this catalog (also for those that belong to a schema or to nothing). */
const pgb_object *pgb_catalog_owner(const pgb_catalog *catalog, const pgb_object *object);

/* Figures as `verify` counts them: tables and their columns, foreign keys, indexes and checks;
 * indexes that back a constraint, NOT NULL, and what partitions have from their parent are not
 * counted. table NULL: in all. */
typedef struct pgb_counts {
    uint32_t tables, columns, foreign_keys, indexes, checks;
} pgb_counts;
void pgb_catalog_count(const pgb_catalog *catalog, const char *table, pgb_counts *ret_counts);

/* An expression as the server prints it after a dump and restore as well: there
 * (ARRAY[a, b])::text[] comes back as ARRAY[(a)::text, (b)::text]. Strings, quoted names and
 * dollar-quoted bodies in it stay as they are. The text itself when nothing is to be done; NULL: no
 * memory. */
const char *pgb_catalog_normal(pgb_arena *arena, const char *text);

/* The last part of a qualified, quoted name: the column of public.users.email. */
const char *pgb_last_name(const char *identity);

#endif
