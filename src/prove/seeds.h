/*
 * Seeds: rows that a person gives for tables that no generated row satisfies.
 *
 * Guarantee: files are read whole or refused with file, line and column (PGB_PROJECT). The format
 * is CSV as COPY … CSV HEADER writes it: a header line with column names, commas, quotes doubled in
 * quoted fields, an empty unquoted field is null, LF or CR LF. Floor 4 (base, prove/shape.h).
 */
#ifndef PGB_PROVE_SEEDS_H
#define PGB_PROVE_SEEDS_H

#include "prove/maker.h"

typedef struct pgb_seeds {
    pgb_arena *arena;
    struct pgb_seed_file *files; /* by table of the shape */
    uint32_t n;
} pgb_seeds;

typedef struct pgb_seed_file {
    const pgb_shape_table *table;
    const char *file;    /* as it is shown */
    const pgb_row *rows; /* only what the file gives is set */
    const int *lines;    /* where each row begins */
    uint32_t n;
} pgb_seed_file;

/* Every TABLE.csv and SCHEMA.TABLE.csv of the folder; NULL or not there: none. A file whose table
 * is not in the shape is passed over: it may come with a later revision. */
pgb_status pgb_seeds_read(const pgb_shape *shape, const char *folder, pgb_seeds *ret_seeds,
                          pgb_error *err);
void pgb_seeds_done(pgb_seeds *seeds); /* a zeroed one is allowed */

const pgb_seed_file *pgb_seeds_of(const pgb_seeds *seeds, const pgb_shape_table *table);

#endif
