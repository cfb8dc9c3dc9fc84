/* Shared by trips.c, trips_back.c, trips_lean.c and trips_rows.c. Not for other modules. */
#ifndef PGB_PROVE_TRIPS_INTERNAL_H
#define PGB_PROVE_TRIPS_INTERNAL_H

#include "base/map.h"
#include "prove/trace.h"
#include "prove/work.h"

/* What a database and its server have. */
typedef struct state {
    pgb_arena *arena; /* of roles */
    pgb_catalog *catalog;
    const char *roles;
} state;

typedef struct trip {
    work *w;
    trips *t;
    pgb_site *site;
    pgb_bits failed; /* nodes that could not be applied, and what needs them */
    state before;    /* every revision in t->applied, nothing more */
    bool has_rows;   /* generated ones, since the site was made last */
    bool unfilled;   /* revisions ran since that are not proven: their tables have none */
    pgb_trace *trace;
    bool at_base;     /* nothing ran since the trace's base was taken */
    uint32_t alarms;  /* how often a lean trip was for nothing, and nothing was found */
    pgb_map told;     /* tables of which it was said that they can't be filled */
    bool seeds_unfit; /* said once */
    uint32_t node, nth;
    const char *id, *subject;
    pgb_site_outcome outcome; /* of the last run */
    pgb_error failure;        /* likewise */
    int64_t began;
} trip;

/* ---- trips.c ---- */
extern const char trips_restores[], trips_repeats[], trips_holds[];
const char *trips_upgrade_proof(const trip *t);
pgb_status trips_state_read(trip *t, state *ret_state);
void trips_state_done(state *s);
pgb_status trips_add(trip *t, const char *proof, pgb_proof_result result, const char *reason,
                     const char *reproduce);
/* Its upgrade ran, and its verify blocks hold. */
pgb_status trips_upgraded(trip *t, const char *proof);
/* fmt with the revision's id for @, after the statements that make the rows; NULL: no memory. */
const char *trips_commands(trip *t, const char *fmt, const char *rows);
pgb_status trips_add_rows_failure(trip *t, const pgb_error *failure, const char *proof,
                                  const char *fmt, const char *rows);
pgb_status trips_run(trip *t, pgb_action action);
/* The site as the revisions make it, without rows. */
pgb_status trips_begin_again(trip *t);
/* The trace: what is there now becomes its base. */
pgb_status trips_base(trip *t);
/* *ret_delta: what differs from it; NULL: that is not known. */
pgb_status trips_look(trip *t, pgb_delta **ret_delta);
pgb_status trips_move(trip *t, const pgb_delta *delta);

/* ---- trips_back.c ---- */
/* *ret_reason: how they differ; NULL: but for notes they don't. */
pgb_status trips_compare(trip *t, const state *was, const state *is, const char *before,
                         const char *after, const char **ret_reason, const char **ret_notes);
pgb_status trips_no_way_back(trip *t, bool *ret_none);
/* Down, compared with what was before; then up again, compared with what was after: `first` (from
 * the trace's base; NULL: not known) or, in full, `after`. */
pgb_status trips_back(trip *t, state *after, const pgb_delta *first);

/* ---- trips_lean.c ---- */
/* Worth trying: the upgrade adds rather than takes away. */
bool trips_lean_may(const trip *t);
/* The whole round trip by the trace alone. *ret_sure: nothing is amiss, and that was said. Else
 * what is in the site and among the proofs is void; *ret_touched: the site, too. */
pgb_status trips_lean(trip *t, bool *ret_sure, bool *ret_touched);

/* ---- trips_rows.c ---- */
/* Rows into the tables that are new; all that are empty when there was no state before. Without
 * --no-rows only; else the states may be NULL. */
pgb_status trips_fill(trip *t, const pgb_catalog *before, const pgb_catalog *now);
/* Likewise into those tables, which are new. */
pgb_status trips_fill_new(trip *t, const uint32_t *oids, const char *const *names, uint32_t n);
/* After the site was made again at the state before. */
pgb_status trips_refill(trip *t);

#endif
