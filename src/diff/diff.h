/*
 * Differences between two models of a database, and the SQL that would mend them. Pure.
 *
 * Guarantee: the order is by kind (as things depend on each other) and identity, the same for equal
 * models; no difference is dropped but those that an ignore pattern names, and these are counted.
 * What goes with another difference is not said again: columns, constraints and indexes of a table
 * that is missing or extra as a whole, a partition's copy of what differs on its parent, an index
 * whose constraint differs. A column's changed position alone is a note. Floor 3 (base, plain data
 * of catalog).
 */
#ifndef PGB_DIFF_DIFF_H
#define PGB_DIFF_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "catalog/catalog.h"

typedef enum pgb_change { PGB_DIFF_MISSING, PGB_DIFF_EXTRA, PGB_DIFF_CHANGED } pgb_change;

typedef struct pgb_difference {
    const char *kind;
    const char *object; /* identity */
    const char *table;  /* identity of the table, view or type that it belongs to; NULL: none */
    pgb_change change;
    const char *property; /* PGB_DIFF_CHANGED: which; NULL otherwise */
    const char *expected; /* value, or a short description of a whole object; NULL: not there */
    const char *actual;
    const char *sql; /* would make actual as expected; NULL: none that is safe to write */
    bool note;       /* worth saying, but no difference */
} pgb_difference;

typedef struct pgb_differences {
    pgb_difference *at;
    uint32_t n;
    uint32_t n_notes;   /* of n */
    uint32_t n_ignored; /* left out by a pattern */
} pgb_differences;

typedef struct pgb_ignore {
    const char *pattern; /* shell pattern over "kind identity" or "kind identity property" */
    const char *reason;
    uint32_t n; /* how many it left out, counted here */
} pgb_ignore;

typedef struct pgb_diff_options {
    pgb_ignore *ignores;
    uint32_t n_ignores;
    /* The expected side was rebuilt from revisions on another server: what belongs to the server
     * and not to the schema (settings of the database, the version of an extension) is a note. */
    bool rebuilt;
} pgb_diff_options;

/* Strings live in the arena or in the models. options NULL: none. */
pgb_status pgb_diff(const pgb_catalog *expected, const pgb_catalog *actual,
                    const pgb_diff_options *options, pgb_arena *arena,
                    pgb_differences *ret_differences, pgb_error *err);

const char *pgb_change_name(pgb_change change); /* "missing", "extra", "changed" */

/* SQL that makes an object as the model has it, with what belongs to a table; NULL: none that is
 * safe to write, or no memory (*ret_nomem). */
const char *pgb_mend_create(const pgb_catalog *model, const pgb_object *object, pgb_arena *arena,
                            bool *ret_nomem);
const char *pgb_mend_drop(const pgb_catalog *model, const pgb_object *object, pgb_arena *arena,
                          bool *ret_nomem);
/* SQL that gives one property of an object its expected value (NULL: absent). */
const char *pgb_mend_change(const pgb_catalog *expected, const pgb_catalog *actual,
                            const pgb_object *want, const pgb_object *have, const char *property,
                            pgb_arena *arena, bool *ret_nomem);

#endif
