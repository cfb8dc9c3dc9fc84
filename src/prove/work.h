/* One call of pgb_prove_run, shared by its parts. Not for other modules. */
#ifndef PGB_PROVE_WORK_H
#define PGB_PROVE_WORK_H

#include "base/buf.h"
#include "base/vec.h"
#include "catalog/catalog.h"
#include "diff/diff.h"
#include "prove/prove.h"
#include "prove/site.h"

typedef struct work {
    const pgb_prove_options *o;
    pgb_prove *out;
    pgb_arena *arena; /* of `out` */
    pgb_error *err;
    pgb_stage *stage;
    pgb_world *world; /* of the files, without an applied set */
    const char *role; /* who runs revisions; NULL: the superuser */
    uint32_t *order;  /* nodes in the order in which they are applied */
    uint32_t n_order;
    pgb_bits chosen; /* those that are proven */
    PGB_VEC(const char *) notes;
} work;

pgb_status work_note(work *w, const char *text);
pgb_status work_site(work *w, const char *database, const char *template_, pgb_site **ret_site);
void work_step(work *w, const char *what, uint32_t node, uint32_t nth, uint32_t of);

/* trips.c: up, down, up of what is chosen; *ret_applied: what is applied at the end, *ret_site: the
 * site, as those revisions make it, without generated rows. */
typedef struct trips {
    PGB_VEC(uint32_t) applied;
    pgb_site *site;
} trips;
pgb_status work_trips(work *w, trips *ret_trips);

/* branches.c */
pgb_status work_branches(work *w, const uint32_t *heads, uint32_t n_heads);

/* said.c: findings in words. Strings are in the arena given; NULL: no memory. */
/* A run that failed: where, what the server said, with detail and hint. */
const char *said_failure(const pgb_error *failure, pgb_arena *arena);
/* Differences of two states, as a reason: each object with both sides. `before`, `after`: what the
 * sides are called. NULL when only notes are among them (*ret_notes has those, or NULL). */
const char *said_differences(const pgb_differences *differences, const char *before,
                             const char *after, pgb_arena *arena, const char **ret_notes,
                             bool *ret_nomem);
/* Lines of `before` and `after` (as pgb_site_roles gives them) that differ; NULL: none. */
const char *said_roles(const char *before, const char *after, pgb_arena *arena, bool *ret_nomem);

#endif
