/* Bit sets of fixed size, in an arena. Floor 0. */
#ifndef PGB_BASE_BITS_H
#define PGB_BASE_BITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

typedef struct pgb_bits {
    uint64_t *w;
    uint32_t n; /* bits */
} pgb_bits;

static inline bool pgb_bits_init(pgb_bits *bits, pgb_arena *arena, uint32_t n)
{
    bits->n = n;
    bits->w = pgb_arena_array(arena, ((size_t)n + 63) / 64 + 1, sizeof *bits->w);
    return bits->w != NULL;
}
static inline bool pgb_bits_get(const pgb_bits *bits, uint32_t i)
{
    return (bits->w[i / 64] >> (i % 64)) & 1;
}
static inline void pgb_bits_set(pgb_bits *bits, uint32_t i)
{
    bits->w[i / 64] |= (uint64_t)1 << (i % 64);
}
static inline void pgb_bits_unset(pgb_bits *bits, uint32_t i)
{
    bits->w[i / 64] &= ~((uint64_t)1 << (i % 64));
}
static inline uint32_t pgb_bits_count(const pgb_bits *bits)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < (bits->n + 63) / 64; i++) {
        sum += (uint32_t)__builtin_popcountll(bits->w[i]);
    }
    return sum;
}

#endif
