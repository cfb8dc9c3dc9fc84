/*
 * Values of PostgreSQL's types, as text.
 *
 * Guarantee: pure; the same random state gives the same value. For every type that the server
 * brings, and for arrays, ranges, multiranges, enums, composite types and domains over them, what
 * is made is a valid input (a domain's checks aside, for which a pool can be given); for others it
 * says that it has none. Floor 4 (base, prove/shape.h).
 */
#ifndef PGB_PROVE_VALUE_H
#define PGB_PROVE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "prove/shape.h"

typedef struct pgb_random {
    uint64_t state;
} pgb_random;

uint64_t pgb_random_next(pgb_random *random);
uint64_t pgb_random_upto(pgb_random *random, uint64_t most); /* 0 to most, that included */
uint64_t pgb_random_hash(uint64_t seed, const char *text);   /* a seed of its own for each name */

typedef enum pgb_flavor {
    PGB_FLAVOR_PLAIN,
    PGB_FLAVOR_HIGH, /* the longest, large */
    PGB_FLAVOR_LOW,  /* empty, zero or less */
    PGB_FLAVOR_TAME  /* small and harmless: for schemas in which others come to grief */
} pgb_flavor;

typedef struct pgb_values {
    pgb_random random;
    /* A value of a type that is not known, or of a domain with checks; NULL: none. May be NULL. */
    const char *(*ask)(void *data, const pgb_shape_type *type, int32_t typmod);
    void *data;
} pgb_values;

/* Appends a value, never null. False: there is none. */
bool pgb_value_make(pgb_values *values, const pgb_shape_type *type, int32_t typmod,
                    pgb_flavor flavor, pgb_buf *buf);
/* A string of exactly `length` characters. */
void pgb_value_string(pgb_random *random, size_t length, pgb_buf *buf);
/* How many characters a string type takes; 0: any number, or no string type. */
uint32_t pgb_value_max_length(const pgb_shape_type *type, int32_t typmod);
/* Is it a string type, a number, a point in time? By category: 'S', 'N', 'D', …; arrays 'A'. */
char pgb_value_category(const pgb_shape_type *type);

/* Appends "text" as an element of an array or composite literal. NULL: null. */
void pgb_value_quote_element(pgb_buf *buf, const char *text);
void pgb_value_quote_field(pgb_buf *buf, const char *text);
/* Appends it as SQL: 'text', or NULL. */
void pgb_value_quote_literal(pgb_buf *buf, const char *text);

#endif
