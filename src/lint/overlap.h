/*
 * What branches both touch, from parsing their SQL: said before they are merged.
 *
 * Guarantee: an overlap is said when one branch makes, alters or drops an object (or column) that
 * another touches in any way; two that only use it do not disturb each other. What could not be
 * told (bodies of functions, DO blocks, SQL that is not understood) is listed, never taken for
 * "nothing". Floor 3.
 */
#ifndef PGB_LINT_OVERLAP_H
#define PGB_LINT_OVERLAP_H

#include "rev/rev.h"
#include "sql/objects.h"

typedef struct pgb_overlap {
    const char *object;              /* "table users", "column users.email", "type mood" */
    const pgb_revision *one, *other; /* revisions of two branches */
    pgb_verb one_verb, other_verb;   /* the strongest of each */
} pgb_overlap;

typedef struct pgb_overlaps {
    pgb_overlap *at;
    uint32_t n;
    const pgb_revision **could_not_tell;
    uint32_t n_could_not_tell;
} pgb_overlaps;

/* heads: the nodes to be merged. Each branch is what its head has and not every other has.
 * Everything lives in the arena or in the set. */
pgb_status pgb_overlaps_find(const pgb_revset *set, const uint32_t *heads, uint32_t n,
                             pgb_arena *arena, pgb_overlaps *ret_overlaps, pgb_error *err);

const char *pgb_verb_name(pgb_verb verb); /* "uses", "makes", "alters", "drops" */

#endif
