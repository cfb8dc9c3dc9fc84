/*
 * The shape of a database, as far as making rows needs it: tables with what their rows must
 * satisfy, and types down to the server's own, linked by pointers. Plain data, read by a fixed
 * number of queries in one round trip. Floor 4 (base, pg, catalog).
 */
#ifndef PGB_PROVE_SHAPE_H
#define PGB_PROVE_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "catalog/catalog.h"
#include "pg/pg.h"

typedef struct pgb_shape_check {
    const char *name, *quoted;
    const char *expr; /* as the server prints it */
    bool validated;
    bool clone; /* copied from the parent of a partition, or inherited */
    const char *definition;
} pgb_shape_check;

typedef struct pgb_shape_type pgb_shape_type;

typedef struct pgb_shape_field {
    const pgb_shape_type *type;
    int32_t typmod;
} pgb_shape_field;

struct pgb_shape_type {
    uint32_t oid;
    const char *text; /* qualified, quoted */
    const char *name; /* bare: "int4" */
    char kind;        /* as in pg_type: b, c, d, e, m, r */
    char category;
    bool not_null; /* domains */
    bool array, own, extension;
    int32_t typmod;           /* domains: of the base type */
    const pgb_shape_type *of; /* element, base type, subtype; of a multirange, its range */
    const char **labels;      /* enums */
    uint32_t n_labels;
    pgb_shape_field *fields; /* composite types */
    uint32_t n_fields;
    pgb_shape_check *checks; /* domains */
    uint32_t n_checks;
};

typedef struct pgb_shape_column {
    int16_t attnum;
    const char *name, *quoted;
    const pgb_shape_type *type;
    int32_t typmod;
    const char *type_text; /* with its modifiers, for casts */
    bool not_null;
    bool generated;
    char identity;          /* 'a', 'd', or 0 */
    const char *fallback;   /* its default; NULL: none */
    const char *next;       /* expression for the next number of its sequence; NULL: has none */
    const char *expression; /* generated: from what */
} pgb_shape_column;

struct pgb_shape_table;

typedef struct pgb_shape_foreign {
    const char *name, *quoted;
    struct pgb_shape_table *parent;
    uint16_t n;
    const uint16_t *columns, *parent_columns; /* indexes into columns */
    char on_delete, on_update;                /* a, r, c, n, d */
    bool match_full, deferrable, deferred, validated, clone;
    const uint16_t *set_columns; /* ON DELETE SET NULL (a, b); n_set 0: all */
    uint16_t n_set;
    const char *definition;
    const char *aliases; /* of its copies for partitions, parted by \1; NULL: none */
} pgb_shape_foreign;

typedef struct pgb_shape_unique {
    const char *name;       /* of the index */
    const char *qualified;  /* of the index, quoted */
    const char *constraint; /* NULL: an index only */
    bool unique, primary, exclusion, immediate, valid, ready, nulls_not_distinct, clone;
    const char *predicate;
    uint16_t n;
    const uint16_t *columns;      /* indexes into columns; UINT16_MAX: an expression */
    const char *const *keys;      /* each as SQL */
    const char *const *operators; /* exclusion: OPERATOR(pg_catalog.=), … */
    bool expressions;
    const char *definition;
    const char *aliases; /* of its parts on partitions, parted by \1; NULL: none */
} pgb_shape_unique;

typedef struct pgb_shape_table {
    uint32_t oid;
    const char *name;          /* qualified, quoted */
    const char *schema, *bare; /* unquoted */
    bool partitioned, partition, triggers, rules;
    bool known;                   /* is in the catalog: a table of the project */
    bool rows;                    /* has some */
    bool had_pages;               /* had some once */
    struct pgb_shape_table *root; /* partitions: what rows are put in by; else itself */
    const char *bound;            /* partitions: what their rows must satisfy */
    const char *route;            /* partitioned: what rows that find a place satisfy */
    pgb_shape_column *columns;
    pgb_shape_check *checks;
    pgb_shape_foreign *foreigns;
    pgb_shape_unique *uniques;
    uint16_t n_columns, n_checks, n_foreigns, n_uniques;
    uint32_t index; /* of itself */
} pgb_shape_table;

typedef struct pgb_shape {
    pgb_arena *arena;
    pgb_shape_type *types; /* by oid */
    uint32_t n_types;
    pgb_shape_table *tables; /* by oid */
    uint32_t n_tables;
} pgb_shape;

/* catalog: its tables are known; NULL: all are. */
pgb_status pgb_shape_read(pgb_session *session, const pgb_catalog *catalog, pgb_shape **ret_shape,
                          pgb_error *err);
/* Only of those tables and what rows of them need; or, where that can't be told apart, of all. */
pgb_status pgb_shape_read_near(pgb_session *session, const uint32_t *oids, uint32_t n,
                               pgb_shape **ret_shape, pgb_error *err);
void pgb_shape_free(pgb_shape *shape); /* NULL is allowed */

/* By qualified, quoted name; NULL: not there. */
const pgb_shape_table *pgb_shape_find(const pgb_shape *shape, const char *name);

/* Is this the name of a constraint, or of one of its copies? */
bool pgb_shape_names(const char *name, const char *aliases, const char *wanted);

/* The type below domains; its modifiers go into *typmod. */
const pgb_shape_type *pgb_shape_base(const pgb_shape_type *type, int32_t *typmod);

#endif
