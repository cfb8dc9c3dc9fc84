/* Identifiers taken apart. Not for other modules. */
#ifndef PGB_PLAN_IDENT_H
#define PGB_PLAN_IDENT_H

#include "plan/internal.h"

/* One step of X+2^-1: up or down by n; ^ is down by one with `before`. */
typedef struct pgb_ident_op {
    bool up;
    bool before;
    uint32_t n; /* UINT32_MAX: that or more */
} pgb_ident_op;

enum { PGB_IDENT_OPS_MAX = 16 };

/* LABEL@ATOM OPS; parts are ranges of the identifier. */
typedef struct pgb_ident {
    const char *text; /* whole */
    size_t len;
    const char *label; /* NULL: no @ */
    size_t label_len;
    const char *atom; /* may be empty: relative to current */
    size_t atom_len;
    pgb_ident_op ops[PGB_IDENT_OPS_MAX];
    uint32_t n_ops;
} pgb_ident;

/* len bytes at text; PGB_IDENTIFIER when it is none by its form. */
pgb_status pgb_ident_parse(const pgb_world *w, const char *text, size_t len, pgb_ident *ret_ident,
                           pgb_error *err);
pgb_status pgb_ident_resolve(const pgb_world *w, const pgb_ident *ident, pgb_target *ret_target,
                             pgb_error *err);
/* A bare +N or -N, also LABEL@+N: *ret_up says which. */
bool pgb_ident_is_relative(const pgb_ident *ident, bool *ret_up);

/* An id, a unique prefix of one, or a label. */
pgb_status pgb_ident_lookup(const pgb_world *w, const char *text, size_t len, uint32_t *ret_node,
                            pgb_error *err);

/* A label whose branch has `node` as its only head (among_applied: the only applied one on top);
 * NULL when none has. */
pgb_status pgb_ident_label_for(const pgb_world *w, uint32_t node, bool among_applied,
                               const char **ret_label, pgb_error *err);

/* Walks from *at; lineage NULL: anywhere. *at = PGB_NODE_NONE is base. *ret_last, if not NULL, is
 * the node that the last step down left. relative: down from what is applied, where only what is
 * applied counts as a step (something late may stand between). */
pgb_status pgb_walk(const pgb_world *w, const pgb_ident *ident, const pgb_bits *lineage, bool up,
                    bool relative, uint32_t steps, uint32_t *at, uint32_t *ret_last,
                    pgb_error *err);

#endif
