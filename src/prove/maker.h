/*
 * Makes rows: chooses values, asks the server which of them the checks take, finds parents.
 *
 * Guarantee: a row that it makes satisfies, as far as it could find out, the checks of its table
 * and of its columns' domains, finds a partition, and refers to parents that are there. Whether the
 * server takes it is only known once it is put in. Columns that tie each other by checks (and the
 * foreign keys among them) are chosen together, as a group: candidates are made from the constants
 * of the checks, and the server evaluates the checks over all of them in one query. Floor 4 (base,
 * sql, pg, prove/shape.h, prove/value.h).
 *
 * Sequence: new, then rows as needed; keys that were read of parents are kept until
 * pgb_maker_forget; free.
 */
#ifndef PGB_PROVE_MAKER_H
#define PGB_PROVE_MAKER_H

#include "base/map.h"
#include "prove/shape.h"
#include "prove/value.h"
#include "sql/check.h"

/* Values by column. set: chosen already, or fixed by the caller; what is not set in the end is left
 * to the server: numbers of a sequence, generated columns. */
typedef struct pgb_row {
    const char **at; /* NULL: null */
    bool *set;
} pgb_row;

/* A check of a group, and what is known about it. */
typedef struct pgb_group_check {
    const pgb_shape_check *check; /* NULL: the way to a partition, or a domain's */
    const char *name;             /* for messages */
    const char *expr;
    pgb_check_parts parts; /* hints: columns are the group's own, by place */
    uint32_t seen_true, seen_false;
} pgb_group_check;

/* Columns that checks tie together. */
typedef struct pgb_group {
    uint16_t *columns; /* of the table */
    uint16_t n;
    pgb_group_check *checks;
    uint32_t n_checks;
    const char *const **tuples; /* values by place, that all checks take */
    uint32_t n_tuples;
    bool solved; /* tried */
    bool blind;  /* the checks can't be evaluated on their own: why */
    char why[256];
} pgb_group;

typedef struct pgb_keys {
    bool read;
    const char ***at; /* values by column of the foreign key */
    uint32_t n;
    uint32_t next;   /* where the next choice begins */
    bool one_to_one; /* the foreign key's columns are unique */
} pgb_keys;

typedef struct pgb_making {
    bool prepared;
    pgb_group *groups;
    uint32_t n_groups;
    uint32_t *group_of; /* by column; UINT32_MAX: none */
    pgb_keys *keys;     /* by foreign key */
    pgb_map *used;      /* by unique: keys that rows of this maker have */
} pgb_making;

typedef struct pgb_domain_pool {
    const pgb_shape_type *type;
    const char **values;
    uint32_t n;
    struct pgb_domain_pool *next;
} pgb_domain_pool;

typedef struct pgb_maker {
    pgb_session *session;
    const pgb_shape *shape;
    pgb_arena *arena;
    pgb_making *tables; /* by table */
    pgb_values values;
    pgb_domain_pool *pools;
    uint32_t wanted; /* rows that are made of a table, about: how large a choice is needed */
    bool helper;     /* the server has our function for what may fail */
    char why[512];   /* the last row could not be made */
    char constraint[64];
    uint16_t missing; /* the foreign key that has no row to refer to; UINT16_MAX: none */
    pgb_error *err;   /* of the call under way, for what happens below the values */
    pgb_status status;
} pgb_maker;

typedef struct pgb_row_wish {
    pgb_flavor flavor;
    bool no_nulls; /* NULL only where nothing else is possible */
    bool nulls;    /* NULL wherever it is allowed */
    bool numbered; /* columns with a sequence get their numbers before the row is put in */
    /* Values of this row are taken over now and then where nothing is unique; NULL: of none. */
    const pgb_row *like;
    /* By foreign key: parents that are not there yet, so it stays null if it may. NULL: none. */
    const bool *without;
} pgb_row_wish;

pgb_status pgb_maker_new(pgb_session *session, const pgb_shape *shape, uint64_t seed,
                         pgb_maker **ret_maker, pgb_error *err);
void pgb_maker_free(pgb_maker *maker); /* NULL is allowed */

/* So many rows of a table are to be made, about: choices that are too small are made anew. */
void pgb_maker_want(pgb_maker *maker, uint32_t rows);
/* Parents' keys are read anew. */
void pgb_maker_forget(pgb_maker *maker, const pgb_shape_table *table);

bool pgb_row_init(pgb_row *row, const pgb_shape_table *table, pgb_arena *arena);

/* Completes a row: what is set stays. *ret_made false: there is none, and maker->why says it.
 * Errors are the session's and memory's. */
pgb_status pgb_maker_make(pgb_maker *maker, const pgb_shape_table *table, const pgb_row_wish *wish,
                          pgb_row *row, pgb_arena *arena, bool *ret_made, pgb_error *err);
/* The row repeats no unique key of rows that were taken note of before; takes note of it. */
pgb_status pgb_maker_note(pgb_maker *maker, const pgb_shape_table *table, const pgb_row *row,
                          bool *ret_new, pgb_error *err);

/* A row of the table that breaks one check, in one way, and no other: its group's columns are set.
 * *ret_made false: none was found. With `others` true, other checks may be broken as well. */
pgb_status pgb_maker_break(pgb_maker *maker, const pgb_shape_table *table,
                           const pgb_shape_check *check, const char *way, bool others, pgb_row *row,
                           pgb_arena *arena, bool *ret_made, pgb_error *err);

/* A value for a domain that breaks one of its checks, in one way; NULL: none was found. */
pgb_status pgb_maker_break_domain(pgb_maker *maker, const pgb_shape_type *domain,
                                  const pgb_shape_check *check, const char *way, pgb_arena *arena,
                                  const char **ret_value, pgb_error *err);

/* Values of a type that its own checks (of a domain) take; empty when there are none. */
pgb_status pgb_maker_pool(pgb_maker *maker, const pgb_shape_type *type, int32_t typmod,
                          const pgb_domain_pool **ret_pool, pgb_error *err);

/* ---- for the files of this module ---- */

/* The groups of a table, found out when first asked for. */
pgb_status pgb_maker_prepare(pgb_maker *maker, const pgb_shape_table *table,
                             pgb_making **ret_making, pgb_error *err);
/* Makes our function for what may fail, pg_temp.pgb_try. */
pgb_status pgb_maker_need_helper(pgb_maker *maker, pgb_error *err);
/* Keys of the rows that the foreign key may refer to. */
pgb_status pgb_maker_keys(pgb_maker *maker, const pgb_shape_table *table, uint16_t foreign,
                          pgb_keys **ret_keys, pgb_error *err);
/* Sets the foreign key's columns that are not set yet: to a parent's key that fits those that are,
 * or to null. False: there is no such. */
bool pgb_maker_choose_parent(pgb_maker *maker, const pgb_shape_table *table, uint16_t foreign,
                             pgb_keys *keys, const pgb_row_wish *wish, pgb_row *row);
/* Tuples for a group, given what is set in the row (NULL: nothing), for which every check is taken;
 * or, with `broken`, for which `way` holds and that check alone is false. */
typedef struct pgb_solve {
    const pgb_shape_table *table;
    pgb_making *making; /* NULL: a domain */
    pgb_group *group;
    const pgb_shape_type *domain; /* the base type of `value`, without a table */
    int32_t typmod;
    const pgb_row *fixed;
    const pgb_group_check *broken;
    const char *way;
    bool others;
    uint32_t want;
    const pgb_row_wish *wish;
} pgb_solve;
pgb_status pgb_maker_solve(pgb_maker *maker, const pgb_solve *how, pgb_arena *arena,
                           const char *const ***ret_tuples, uint32_t *ret_n, pgb_error *err);
/* A value for one column of a group, from the constants of its checks; NULL in *ret: null. False:
 * none is known. */
bool pgb_candidate_make(pgb_maker *maker, const pgb_solve *how, uint16_t place,
                        const char *const *tuple, pgb_arena *arena, const char **ret);

#endif
