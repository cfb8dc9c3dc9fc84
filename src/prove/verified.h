/*
 * Is there what revisions would make? For `stamp --verified`.
 *
 * Guarantee: the state before the stamped revisions and the one after them are made on a private
 * server from the files (prove/rebuild.h); what differs between the two is what they make, change
 * or drop, and only that is compared with the live database. On a table that they make nothing else
 * may be, too. The live database is only read. Data is not compared. Floor 4 (base, catalog, diff,
 * plan, prove).
 *
 * Sequence: pgb_verified_run, look at n_reasons and differences, pgb_verified_free.
 */
#ifndef PGB_PROVE_VERIFIED_H
#define PGB_PROVE_VERIFIED_H

#include "diff/diff.h"
#include "plan/plan.h"
#include "prove/rebuild.h"

typedef struct pgb_verified_options {
    const pgb_world *world; /* with the applied set and hashes */
    const pgb_plan *plan; /* of stamp: what it forgets is left out, what it records is looked at */
    const char *live;     /* conninfo of the live database */
    const char *project;  /* name */
    const char *schema;   /* of the history; NULL: "pgbraid" */
    const char *bin;      /* folder of postgres and initdb; NULL: search */
    const volatile int *interrupted;
    /* each revision before it is run; may be NULL */
    void (*step)(void *data, const char *id, uint32_t nth, uint32_t of);
    void *data;
} pgb_verified_options;

typedef struct pgb_verified {
    pgb_rebuild *rebuild; /* its reasons say why nothing could be compared */
    pgb_catalog *live;
    pgb_differences differences; /* expected: as the revisions make it; actual: the live database */
    uint32_t n_objects;          /* that the revisions make, change or drop */
} pgb_verified;

/* PGB_REFUSED when the plan records nothing. */
pgb_status pgb_verified_run(const pgb_verified_options *options, pgb_verified **ret_verified,
                            pgb_error *err);
void pgb_verified_free(pgb_verified *verified); /* NULL is allowed */

#endif
