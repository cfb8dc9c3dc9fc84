#ifndef PGB_PROVE_PROBE_INTERNAL_H
#define PGB_PROVE_PROBE_INTERNAL_H

#include "base/buf.h"
#include "base/vec.h"
#include "prove/fill.h"
#include "prove/probe.h"

/* One run. Each probe is a transaction of its own: pgb_trial_begin to pgb_trial_end. */
typedef struct pgb_prober {
    pgb_session *session;
    pgb_maker *maker;
    const pgb_shape *shape;
    const pgb_probe_options *options;
    pgb_proofs *proofs;
    bool *had_rows;     /* by table: before any were generated */
    const char **empty; /* by table: why it has no rows; NULL: it has */
    pgb_arena *arena;
} pgb_prober;

typedef struct pgb_trial_row_put {
    const pgb_shape_table *table;
    pgb_row row;
} pgb_trial_row_put;

typedef struct pgb_trial {
    pgb_prober *p;
    pgb_arena *arena;
    PGB_VEC(pgb_trial_row_put) rows; /* that are in the script */
    pgb_buf script;                  /* what was done, as SQL */
    pgb_buf subject;
    pgb_buf proof;
    pgb_buf why; /* what could not be made */
    bool lost;   /* because a row that is put in is not there afterwards */
    int64_t began;
} pgb_trial;

pgb_status pgb_trial_begin(pgb_prober *p, pgb_trial *ret_trial, pgb_error *err);
/* Rolls back. */
pgb_status pgb_trial_end(pgb_trial *trial, pgb_status status, pgb_error *err);

/* What was seen. The first that is told of a trial stands: later ones are more of the same. */
pgb_status pgb_trial_passed(pgb_trial *t, const char *remark, pgb_error *err);
pgb_status pgb_trial_failed(pgb_trial *t, pgb_error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
pgb_status pgb_trial_not_probed(pgb_trial *t, pgb_error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* What could not be put in: failed when it was lost, else not probed. */
pgb_status pgb_trial_not_put(pgb_trial *t, pgb_error *err);

/* Puts a new row in, with parents of its own where it needs them; what is set in it stays, and what
 * the server made of it is read back. *ret_put false: t->why says why not. */
pgb_status pgb_trial_row(pgb_trial *t, const pgb_shape_table *table, pgb_row *row, bool *ret_put,
                         pgb_error *err);
/* Completes a row as pgb_trial_row does, but does not put it in. */
pgb_status pgb_trial_make(pgb_trial *t, const pgb_shape_table *table, pgb_row *row, bool *ret_made,
                          pgb_error *err);
/* Parents of its own for the foreign keys of which each parent may have one child only. */
pgb_status pgb_trial_single_parents(pgb_trial *t, const pgb_shape_table *table, pgb_row *row,
                                    bool *ret_made, pgb_error *err);
/* Puts a row in that is to be refused: refusal->status PGB_OK when it was not, *ret_n as
 * pgb_put_row. */
pgb_status pgb_trial_put(pgb_trial *t, const pgb_shape_table *table, pgb_row *row, int64_t *ret_n,
                         pgb_error *refusal, pgb_error *err);
/* A statement that may be refused. */
pgb_status pgb_trial_run(pgb_trial *t, const char *sql, int n, const char *const *values,
                         pgb_result **ret_result, pgb_error *refusal, pgb_error *err);
/* Adds a statement with its values written into it to the script. */
void pgb_trial_show(pgb_trial *t, const char *sql, int n, const char *const *values);

/* "message: detail" of a refusal, cut. */
const char *pgb_refusal_text(const pgb_error *refusal, char *buf, size_t size);
enum { PGB_REFUSAL_SIZE = 700 };

pgb_status pgb_probe_foreign(pgb_prober *p, const pgb_shape_table *table,
                             const pgb_shape_foreign *foreign, pgb_error *err);
pgb_status pgb_probe_check(pgb_prober *p, const pgb_shape_table *table,
                           const pgb_shape_check *check, pgb_error *err);
pgb_status pgb_probe_unique(pgb_prober *p, const pgb_shape_table *table,
                            const pgb_shape_unique *unique, pgb_error *err);
pgb_status pgb_probe_not_null(pgb_prober *p, const pgb_shape_table *table, uint16_t column,
                              pgb_error *err);
pgb_status pgb_probe_domain(pgb_prober *p, const pgb_shape_type *domain, pgb_error *err);
/* Rows that were there before and break what is declared. */
pgb_status pgb_probe_leftovers(pgb_prober *p, const pgb_shape_table *table, pgb_error *err);
pgb_status pgb_probe_queries(pgb_prober *p, const pgb_catalog *catalog, pgb_error *err);

#endif
