/*
 * Proving revisions on a private server, before a live database sees them.
 *
 * Guarantee: the live database is only read (its version, settings and roles), if there is one;
 * whatever happens no process, socket or folder is left behind. A proof is passed only when it was
 * seen; what can't be tried (an irreversible revision, an extension that is not installed, a
 * revision whose parent failed) is not_probed with its reason. What a failed revision left is
 * cleared away, so that the next begins at the state that its parents make. Floor 4 (base, pg, rev,
 * plan, catalog, scratch, diff, run).
 *
 * Sequence: pgb_prove_run, look at `proofs` and `complete`, pgb_prove_free.
 */
#ifndef PGB_PROVE_PROVE_H
#define PGB_PROVE_PROVE_H

#include "plan/plan.h"
#include "prove/proof.h"

enum { PGB_PROVE_TIMEOUT_MS = 300000 };

typedef struct pgb_prove_events {
    void *data;
    /* Before each revision (id) or table (of probes), and what is done with it: "up", "down", "up
     * again", "probes", …; nth from 1. May be NULL. */
    void (*step)(void *data, const char *what, const char *id, uint32_t nth, uint32_t of);
} pgb_prove_events;

typedef struct pgb_prove_options {
    const pgb_world *world; /* with the applied set when `pending` */
    /* What is proven; NULL: every revision that has a file. What they need is applied first. */
    const uint32_t *nodes;
    uint32_t n_nodes;
    bool pending;        /* what is not applied yet, on top of what is; nodes are ignored */
    bool trips;          /* up, down, up */
    bool rows;           /* with generated rows in the tables */
    bool probes;         /* constraints and named queries, at the end */
    bool branches;       /* branches in either order */
    bool outside;        /* run what calls the outside world, too */
    const char *live;    /* conninfo of the live database to be like; NULL: none */
    const char *schema;  /* of the history; NULL: "pgbraid" */
    const char *bin;     /* folder of postgres and initdb; NULL: search */
    const char *seeds;   /* folder of rows; NULL: none */
    const char *queries; /* folder of named queries; NULL: none */
    uint32_t rows_count; /* per table; 0: the generator's own */
    int64_t timeout_ms;  /* for one way of one revision; < 0: none */
    const volatile int *interrupted; /* may be NULL */
    pgb_prove_events events;
} pgb_prove_options;

typedef struct pgb_prove {
    pgb_arena *arena;
    pgb_proofs proofs;
    const char *const *notes; /* where the private server is not like the live one, and the like */
    uint32_t n_notes;
    uint32_t n_revisions; /* that were to be proven */
    uint32_t n_reads;     /* how often the whole catalog was read for round trips */
    uint32_t n_lean;      /* round trips judged by what was written alone */
    uint32_t n_void;      /* that could not be, and were made anew */
    bool complete;        /* every upgrade could be tried */
    int server_version;   /* of the private server: 150018 */
} pgb_prove;

/* Failed proofs are no error. Errors: no server program, the live database not reachable,
 * interrupted, a broken file of seeds or queries. */
pgb_status pgb_prove_run(const pgb_prove_options *options, pgb_prove **ret_prove, pgb_error *err);
void pgb_prove_free(pgb_prove *prove); /* NULL is allowed */

/* The branches of those heads alone, each against each, in either order; for `merge`. */
pgb_status pgb_prove_heads(const pgb_prove_options *options, const uint32_t *heads,
                           uint32_t n_heads, pgb_prove **ret_prove, pgb_error *err);

#endif
