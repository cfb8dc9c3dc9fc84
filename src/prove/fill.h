/* Rows for one table, or for tables that refer to each other, put in inside the transaction that
 * the caller opened. For rows.c and the probes. Floor 4. */
#ifndef PGB_PROVE_FILL_H
#define PGB_PROVE_FILL_H

#include "prove/maker.h"
#include "prove/order.h"
#include "prove/put.h"
#include "prove/rows.h"
#include "prove/seeds.h"

typedef struct pgb_fill {
    pgb_maker *maker;
    const pgb_shape_table *table;
    const bool *without; /* by foreign key: stays null; NULL: none */
    uint32_t wanted;
    uint32_t n; /* rows that were put in */
    char constraint[64];
    char reason[1024]; /* why there are none, or what was done to have some */
} pgb_fill;

/* Errors have nothing to do with the table. */
pgb_status pgb_fill_table(pgb_fill *fill, pgb_error *err);
/* A row that is refused is PGB_PROJECT with its file and line. */
pgb_status pgb_fill_seeds(pgb_fill *fill, const pgb_seed_file *seeds, pgb_error *err);
pgb_status pgb_fill_knot(pgb_maker *maker, const pgb_shape_table *const *tables, pgb_fill **fills,
                         uint32_t n_tables, uint32_t wanted, pgb_error *err);

/* pgb_rows_fill with a maker at hand. */
pgb_status pgb_rows_fill_with(pgb_maker *maker, const pgb_rows_options *options,
                              pgb_rows_report *ret_report, pgb_error *err);

#endif
