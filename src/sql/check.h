/*
 * A check's expression, as the server prints it, taken apart: which columns it speaks of, which
 * values it compares them with, and in which ways it can be broken.
 *
 * Guarantee: pure, and safe with any text; nothing is promised about what is not the server's own
 * printing (every operator in parentheses). What it finds are hints for a search whose outcome the
 * server judges: a wrong one costs time, not correctness. Floor 1 (base).
 */
#ifndef PGB_SQL_CHECK_H
#define PGB_SQL_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

typedef enum pgb_hint_kind {
    PGB_HINT_COLUMN, /* the expression speaks of it */
    PGB_HINT_VALUE,  /* compared with text, or in a list with it */
    PGB_HINT_LIKE,   /* text is a LIKE pattern */
    PGB_HINT_REGEX,  /* text is a regular expression */
    PGB_HINT_LENGTH, /* text is a number that its length is compared with */
    PGB_HINT_KEY     /* text is a key of a JSON object */
} pgb_hint_kind;

typedef struct pgb_hint {
    pgb_hint_kind kind;
    uint32_t column; /* index into the names that were given */
    const char *text;
} pgb_hint;

typedef struct pgb_check_parts {
    pgb_hint *hints; /* each once */
    uint32_t n_hints;
    /* Conditions of which each breaks the expression in a way of its own: for a AND b, NOT a and
     * NOT b. At least one. Each is true where it says how the expression is false. */
    const char **ways;
    uint32_t n_ways;
} pgb_check_parts;

enum { PGB_CHECK_WAYS_MAX = 8 };

/* names: the unquoted names of columns that it may speak of. The only error is PGB_NOMEM. */
pgb_status pgb_check_take_apart(const char *expr, const char *const *names, uint32_t n_names,
                                pgb_arena *arena, pgb_check_parts *ret_parts, pgb_error *err);

#endif
