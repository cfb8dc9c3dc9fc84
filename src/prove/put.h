/*
 * Statements that may fail, and rows put into tables.
 *
 * Guarantee: inside a transaction, what fails is undone alone (a savepoint), and the transaction
 * goes on; outside, nothing is open afterwards. Floor 4 (base, pg, prove/maker.h).
 */
#ifndef PGB_PROVE_PUT_H
#define PGB_PROVE_PUT_H

#include "prove/maker.h"

/* One statement. A server error is returned as PGB_SQL with the session usable. */
pgb_status pgb_put_try(pgb_session *session, const char *sql, int n, const char *const *values,
                       pgb_result **ret_result, pgb_error *err);

/* INSERT of n rows in one statement, at the columns that are set in the first row. With
 * skip_conflicts, rows that repeat a unique key are left out. ret_n may be NULL. */
pgb_status pgb_put_rows(pgb_session *session, const pgb_shape_table *table, const pgb_row *rows,
                        uint32_t n, bool skip_conflicts, int64_t *ret_n, pgb_error *err);
/* INSERT of one row, of which every column that the server then has is read back into it, in the
 * arena. *ret_n 0: it was lost on the way. A table with rules gives nothing back, and *ret_n is 1.
 */
pgb_status pgb_put_row(pgb_session *session, const pgb_shape_table *table, pgb_row *row,
                       pgb_arena *arena, int64_t *ret_n, pgb_error *err);
/* The same row as SQL that a person can run. */
void pgb_put_show(const pgb_shape_table *table, const pgb_row *row, pgb_buf *buf);
/* Several tables at once, in one statement: rows that refer to each other in a circle. */
pgb_status pgb_put_knot(pgb_session *session, const pgb_shape_table *const *tables,
                        const pgb_row *const *rows, uint32_t n_tables, uint32_t n, pgb_error *err);

/* Text arrays as parameters: a literal of values, one per row. NULL: null. */
void pgb_put_array(pgb_buf *buf, const char *const *values, size_t n);

#endif
