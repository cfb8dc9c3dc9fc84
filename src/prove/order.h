/* The order in which tables are filled: what a foreign key refers to comes first, and tables that
 * refer to each other in a circle come together. Floor 4 (prove/shape.h). */
#ifndef PGB_PROVE_ORDER_H
#define PGB_PROVE_ORDER_H

#include "prove/shape.h"

typedef struct pgb_order {
    const pgb_shape_table **tables; /* only those by which rows are put in: no partitions */
    uint32_t n;
    const uint32_t *ends; /* of each circle, or single table, one past its last in `tables` */
    uint32_t n_ends;
} pgb_order;

/* wanted: by table; what they refer to is added. NULL: all tables of the project. */
pgb_status pgb_order_make(const pgb_shape *shape, const bool *wanted, pgb_arena *arena,
                          pgb_order *ret_order, pgb_error *err);

#endif
