/*
 * Probes: a schema's constraints and indexes tried out on generated rows.
 *
 * Guarantee: what a proof says was seen, on the server, with rows: the parent deleted and the child
 * looked for, the bad value refused by the constraint that is named, the index found in the plan.
 * Each probe stands in a savepoint that is rolled back, so none sees another's rows, and the
 * database is left as it was but for sequences, statistics and, where tables were empty, generated
 * rows. What could not be tried is not_probed with the reason, never passed. A failure carries the
 * statements that reproduce it. Never to be used on a live database. Floor 4 (base, sql, pg,
 * catalog, prove/rows.h).
 *
 * What is probed: each foreign key (an orphan refused, what ON DELETE and ON UPDATE do), each check
 * of tables and domains (inside taken, outside refused, branch by branch), each unique and
 * exclusion constraint and unique index, each NOT NULL, rows that NOT VALID constraints and invalid
 * indexes left, and each query of `queries`.
 *
 * Files in `queries`: *.sql, in each any number of queries, each with the directive
 * `-- pgbraid:uses INDEX[, INDEX…]` before it; `$1` and so on are given generated values. `seeds`:
 * see prove/rows.h.
 */
#ifndef PGB_PROVE_PROBE_H
#define PGB_PROVE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "catalog/catalog.h"
#include "pg/pg.h"
#include "prove/proof.h"

typedef struct pgb_probe_options {
    uint64_t seed;
    const char *seeds;   /* folder; NULL or not there: none */
    const char *queries; /* folder; NULL or not there: none */
    uint32_t rows;       /* per table for the constraints; 0: 12 */
    uint32_t query_rows; /* of the tables that a query reads; 0: 4000 */
    /* Only what is about these tables ("public.users"); NULL: all. */
    const char *const *tables;
    uint32_t n_tables;
    int64_t deadline;                /* pgb_deadline_in; 0: none */
    const volatile int *interrupted; /* may be NULL */
    /* Before each table's probes and each file of queries; may be NULL. */
    void (*step)(void *data, const char *name, uint32_t nth, uint32_t of);
    void *data;
} pgb_probe_options;

/* Adds to `proofs`. The session is a superuser's, outside a transaction. Errors have nothing to do
 * with the schema: a broken file of queries or seeds (PGB_PROJECT with file, line and column), the
 * deadline (PGB_FAILED), PGB_INTERRUPTED, PGB_CONNECT, PGB_NOMEM. */
pgb_status pgb_probe_run(pgb_session *session, const pgb_catalog *catalog,
                         const pgb_probe_options *options, pgb_proofs *proofs, pgb_error *err);

#endif
