/* Shared by trips.c and trips_rows.c. Not for other modules. */
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
    pgb_trace *trace;
    bool at_base;     /* nothing ran since the trace's base was taken */
    bool lean;        /* of this revision the catalogs are not read unless it comes to that */
    uint32_t alarms;  /* how often it came to that, and nothing was found */
    pgb_map told;     /* tables of which it was said that they can't be filled */
    bool seeds_unfit; /* said once */
    uint32_t node, nth;
    const char *id, *subject;
    pgb_site_outcome outcome; /* of the last run */
    pgb_error failure;        /* likewise */
    int64_t began;
} trip;

/* Rows into the tables that are new; all that are empty when there was no state before. Without
 * --no-rows only; else the states may be NULL. */
pgb_status trips_fill(trip *t, const pgb_catalog *before, const pgb_catalog *now);
/* After the site was made again at the state before. */
pgb_status trips_refill(trip *t);

#endif
