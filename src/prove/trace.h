/*
 * What a revision changed in the server's catalogs, row by row, without reading all of them.
 *
 * Guarantee: "same" and "alike" are said only when they are certain; anything else means that the
 * catalogs have to be read and compared. A trace knows a state, its base: of each catalog how many
 * rows it had, and a hash of each by key. Later it asks for the rows that were written since. A row
 * that was not written since was in the base as it is now. So if each that was written is in the
 * base with the same content, and there are as many rows as in the base, then the rows are the same
 * ones. In a catalog without a key (pg_depend) the whole row is the key, and how often it is there
 * is compared: none is there more often than in the base, and they are as many. Two states that
 * come from one base and lack nothing of it are alike when what was written is, the new objects'
 * oids taken for their rank, and so the numbers of columns that are new in relations of the base
 * (which go on where those that were dropped ended). For a private server on which nobody else
 * writes; its transaction ids have not wrapped around. Floor 4 (base, pg).
 *
 * Sequence: new, base, (run,) look, same or alike, move…; forget when the database was made again.
 */
#ifndef PGB_PROVE_TRACE_H
#define PGB_PROVE_TRACE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "pg/pg.h"

typedef struct pgb_trace pgb_trace;
typedef struct pgb_delta pgb_delta;

pgb_status pgb_trace_new(pgb_trace **ret_trace, pgb_error *err);
void pgb_trace_free(pgb_trace *trace); /* NULL is allowed */

/* What is there now becomes the base: all of it at first, later what was written since. */
pgb_status pgb_trace_base(pgb_trace *trace, pgb_session *session, pgb_error *err);
void pgb_trace_forget(pgb_trace *trace); /* the base is gone, with its database */

bool pgb_trace_known(const pgb_trace *trace); /* there is a base */

/* What differs from the base now. There must be one. */
pgb_status pgb_trace_look(pgb_trace *trace, pgb_session *session, pgb_delta **ret_delta,
                          pgb_error *err);
void pgb_delta_free(pgb_delta *delta); /* NULL is allowed */
/* What delta says becomes the base, as far as it is known; the rest is read. */
pgb_status pgb_trace_move(pgb_trace *trace, pgb_session *session, const pgb_delta *delta,
                          pgb_error *err);

bool pgb_delta_same(const pgb_delta *delta); /* as the base, for certain */
/* Another way from the same base can be found to be alike, if it is. */
pgb_status pgb_delta_comparable(const pgb_delta *delta, bool *ret_comparable, pgb_error *err);
/* *ret_alike: both, of the same base, differ from it in the same way, for certain. */
pgb_status pgb_delta_alike(const pgb_delta *a, const pgb_delta *b, bool *ret_alike, pgb_error *err);

typedef struct pgb_new_column {
    uint32_t relation; /* of the base */
    uint32_t number;   /* attnum */
} pgb_new_column;

/* What is new: relations of any kind, and columns of others; by number. */
typedef struct pgb_news {
    uint32_t *relations;
    pgb_new_column *columns;
    uint32_t n_relations, n_columns;
} pgb_news;

pgb_status pgb_delta_news(const pgb_delta *delta, pgb_arena *arena, pgb_news *ret_news,
                          pgb_error *err);

#endif
