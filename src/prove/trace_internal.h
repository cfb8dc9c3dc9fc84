/* Shared by trace.c and trace_alike.c. Not for other modules. */
#ifndef PGB_PROVE_TRACE_INTERNAL_H
#define PGB_PROVE_TRACE_INTERNAL_H

#include <stdint.h>

#include "base/arena.h"
#include "base/vec.h"
#include "prove/trace.h"

/* A row that is not in the base as it is now. */
typedef struct trace_row {
    uint32_t catalog;
    bool known;       /* the base has its key */
    const char *key;  /* with the catalog's number */
    const char *hash; /* of body */
    const char *body;
    uint32_t oid; /* its own, of a new row; 0: none */
} trace_row;

struct pgb_delta {
    pgb_arena *arena;
    PGB_VEC(trace_row) rows;
    uint32_t n_catalogs;
    uint32_t relations, columns; /* which of them are pg_class and pg_attribute */
    int64_t *counts;             /* by catalog */
    int64_t *removed;            /* by catalog: rows of the base that are gone */
    char since[24];              /* the first transaction id of whatever is written later */
};

#endif
