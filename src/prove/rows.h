/*
 * Generated rows: the tables of a private server's database filled so that the schema is satisfied.
 *
 * Guarantee: rows are made from the schema alone (types, domains, checks, keys, foreign keys with
 * their parents, exclusion, partitions), the server judges every one of them, and the same seed
 * gives the same rows on the same schema (but for what the server makes: now(), random uuids).
 * Among them are the ones that break careless migrations: NULL wherever it is allowed, values that
 * repeat wherever they may, the longest, the largest, the smallest. A table whose triggers refuse
 * or lose all rows is filled without its triggers, and one that can't be filled names what stands
 * in the way. Never to be used on a live database. Floor 4 (base, sql, pg, catalog).
 *
 * Sequence: pgb_rows_fill, look at the report, pgb_rows_report_done. The session is a superuser's;
 * outside a transaction each table's rows are committed, inside one they are part of it.
 */
#ifndef PGB_PROVE_ROWS_H
#define PGB_PROVE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "catalog/catalog.h"
#include "pg/pg.h"

typedef struct pgb_rows_options {
    uint32_t rows;     /* per table; 0: 20 */
    uint64_t seed;     /* of the generator */
    const char *seeds; /* folder with TABLE.csv or SCHEMA.TABLE.csv; NULL or not there: none */
    bool only_empty;   /* tables that have rows are left as they are; else rows are added */
    /* Only tables of these names ("public.users"), and what they refer to; NULL: all. */
    const char *const *tables;
    uint32_t n_tables;
    uint32_t parent_rows; /* of those that are only referred to by `tables`; 0: as `rows` */
    int64_t deadline;     /* pgb_deadline_in; 0: none */
    const volatile int *interrupted; /* may be NULL */
} pgb_rows_options;

typedef enum pgb_rows_outcome {
    PGB_ROWS_FILLED,    /* n rows were added */
    PGB_ROWS_KEPT,      /* it had rows already */
    PGB_ROWS_SEEDED,    /* n rows came from a file of seeds */
    PGB_ROWS_IMPOSSIBLE /* no row was accepted: reason, constraint */
} pgb_rows_outcome;

typedef struct pgb_rows_table {
    const char *table; /* "public.users" */
    pgb_rows_outcome outcome;
    uint32_t n;
    const char *constraint; /* IMPOSSIBLE: its name, where one is at fault; else NULL */
    const char *reason;     /* IMPOSSIBLE: what the server said; FILLED: what was done to get there
                               ("its triggers were left out: …"); NULL: nothing to say */
} pgb_rows_table;

typedef struct pgb_rows_report {
    pgb_arena *arena;
    const pgb_rows_table *tables; /* in the order in which they were filled: parents first */
    uint32_t n;
    uint64_t n_rows; /* that were added, in all */
    uint32_t n_impossible;
} pgb_rows_report;

/* catalog: as read from that database: its tables are filled, others (the history's, extensions')
 * are left alone. A table that can't be filled is no error, but told in the report. Errors: a file
 * of seeds that is broken or refused (PGB_PROJECT with file and line), the deadline (PGB_FAILED),
 * PGB_INTERRUPTED, PGB_CONNECT. */
pgb_status pgb_rows_fill(pgb_session *session, const pgb_catalog *catalog,
                         const pgb_rows_options *options, pgb_rows_report *ret_report,
                         pgb_error *err);
/* Likewise with those tables, which are new; options->tables has their names. Only of them and what
 * they need is anything read, unless there are seeds. */
pgb_status pgb_rows_fill_new(pgb_session *session, const uint32_t *oids, uint32_t n,
                             const pgb_rows_options *options, pgb_rows_report *ret_report,
                             pgb_error *err);
void pgb_rows_report_done(pgb_rows_report *report); /* a zeroed one is allowed */

#endif
