/*
 * Rebuilding what revisions make, on a private server, from their files and stored texts.
 *
 * Guarantee: the model comes from running the revisions, never from a stored copy of a catalog, and
 * nothing is written to the live database. What was applied is what is run: the file, or the text
 * that the history stored where the file was edited since or is gone; a note says which. What can't
 * be run (no text stored, an extension that is not installed here) makes the rebuild incomplete,
 * with the reason, and never an answer. Floor 4 (base, pg, rev, history, plan, catalog, run).
 *
 * Sequence: pgb_rebuild_run, look at `complete`, compare `catalog`, pgb_rebuild_free.
 */
#ifndef PGB_PROVE_REBUILD_H
#define PGB_PROVE_REBUILD_H

#include "catalog/catalog.h"
#include "plan/plan.h"

typedef struct pgb_rebuild_options {
    const pgb_world *world; /* with the applied set, and hashes so that edited files are known */
    /* Nodes of the world in the order in which they are run, each from its file; NULL: what is
     * applied, in the order of application. */
    const uint32_t *nodes;
    uint32_t n_nodes;
    const pgb_bits *without; /* nodes that are left out of what is applied; NULL: none */
    /* Nodes that are run after all these, from their files, as the live session's role: `before` is
     * the state before the first of them. NULL: none. */
    const uint32_t *then;
    uint32_t n_then;
    const char *live;    /* conninfo of the live database */
    const char *project; /* name */
    const char *schema;  /* of the history; NULL: "pgbraid" */
    const char *bin;     /* folder of postgres and initdb; NULL: search */
    const volatile int *interrupted;
    /* each revision before it is run; may be NULL */
    void (*step)(void *data, const char *id, uint32_t nth, uint32_t of);
    /* To see what single revisions make: `watched` says after which the model is read (id NULL:
     * before all of them), and `seen` is given it, to be freed by pgb_catalog_free. Both may be
     * NULL. */
    bool (*watched)(void *data, const char *id);
    pgb_status (*seen)(void *data, const char *id, pgb_catalog *catalog, pgb_error *err);
    void *data;
} pgb_rebuild_options;

typedef struct pgb_rebuild {
    pgb_arena *arena;
    pgb_catalog *catalog; /* NULL unless complete */
    pgb_catalog *before;  /* the state before `then`; NULL unless there are such, and complete */
    bool complete;
    const char *const *reasons; /* why it is not complete */
    uint32_t n_reasons;
    const char *const *notes; /* where it is not just the files, or not just like the live server */
    uint32_t n_notes;
    uint32_t n_revisions;
} pgb_rebuild;

/* A revision that fails there is a reason, no error; errors are what has nothing to do with the
 * revisions (no server program, the live database not reachable, interrupted). */
pgb_status pgb_rebuild_run(const pgb_rebuild_options *options, pgb_rebuild **ret_rebuild,
                           pgb_error *err);
void pgb_rebuild_free(pgb_rebuild *rebuild); /* NULL is allowed */

#endif
