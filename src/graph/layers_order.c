/* Few crossings: barycentres swept up and down, then neighbours exchanged. */
#include <stdlib.h>
#include <string.h>

#include "graph/layers_internal.h"

enum {
    ROUNDS = 12,            /* sweeps at most */
    ROUNDS_LARGE = 4,       /* for drawings that nobody looks at in one piece */
    LARGE = 20000,          /* points */
    EXCHANGE_DEGREE = 1000, /* links of two neighbours that are compared pair by pair */
    FIXED = 1024            /* barycentres are fixed-point: the same on every machine */
};

typedef struct sorting {
    pgb_points *p;
    int64_t *key;      /* of points */
    uint32_t *spare;   /* a row, for merging */
    uint32_t *best;    /* the best arrangement so far */
    uint64_t *counter; /* a tree over positions, for counting crossings */
    uint64_t fewest;
} sorting;

/* Hands the links of a layer's points, from left to right, to the lists of the layers beside it:
 * so these are sorted by the positions in this one, in linear time. */
static void hand_out(pgb_points *p, uint32_t layer)
{
    uint32_t from = p->first[layer], to = p->first[layer + 1];

    for (uint32_t i = from; i < to; i++) {
        uint32_t point = p->row[i];

        p->pos[point] = i - from;
        for (uint32_t k = p->up_first[point]; k < p->up_first[point + 1]; k++) {
            p->fill[p->upper[p->up[k]]] = 0;
        }
        for (uint32_t k = p->down_first[point]; k < p->down_first[point + 1]; k++) {
            p->fill[p->lower[p->down[k]]] = 0;
        }
    }
    for (uint32_t i = from; i < to; i++) {
        uint32_t point = p->row[i];

        for (uint32_t k = p->up_first[point]; k < p->up_first[point + 1]; k++) {
            uint32_t far = p->upper[p->up[k]];

            p->down[p->down_first[far] + p->fill[far]++] = p->up[k];
        }
        for (uint32_t k = p->down_first[point]; k < p->down_first[point + 1]; k++) {
            uint32_t far = p->lower[p->down[k]];

            p->up[p->up_first[far] + p->fill[far]++] = p->down[k];
        }
    }
}

void pgb_points_sort_links(pgb_points *p)
{
    for (uint32_t l = 0; l < p->n_layers; l++) {
        hand_out(p, l);
    }
}

/* Crossings between one layer and the one below: inversions, counted with a tree over the lower
 * positions (Barth, Mutzel, Jünger). Links must be sorted. */
static uint64_t crossings_below(sorting *s, uint32_t layer)
{
    pgb_points *p = s->p;
    uint32_t width = p->first[layer] - p->first[layer - 1], leaves = 1;
    uint64_t sum = 0;

    while (leaves < width) {
        leaves *= 2;
    }
    memset(s->counter, 0, 2 * (size_t)leaves * sizeof *s->counter);
    for (uint32_t i = p->first[layer]; i < p->first[layer + 1]; i++) {
        uint32_t point = p->row[i];

        for (uint32_t k = p->down_first[point]; k < p->down_first[point + 1]; k++) {
            uint32_t at = leaves + p->pos[p->lower[p->down[k]]];

            for (s->counter[at]++; at > 1; at /= 2) {
                if (at % 2 == 0) {
                    sum += s->counter[at + 1];
                }
                s->counter[at / 2]++;
            }
        }
    }
    return sum;
}

static uint64_t crossings(sorting *s)
{
    uint64_t sum = 0;

    for (uint32_t l = 1; l < s->p->n_layers; l++) {
        sum += crossings_below(s, l);
    }
    return sum;
}

static void merge_sort(sorting *s, uint32_t *row, uint32_t n)
{
    for (uint32_t size = 1; size < n; size *= 2) {
        for (uint32_t at = 0; at + size < n; at += 2 * size) {
            uint32_t a = at, mid = at + size, b = mid, end = b + size < n ? b + size : n, to = 0;

            while (a < mid && b < end) {
                s->spare[to++] = s->key[row[b]] < s->key[row[a]] ? row[b++] : row[a++];
            }
            while (a < mid) {
                s->spare[to++] = row[a++];
            }
            memcpy(row + at, s->spare, to * sizeof *row);
        }
    }
}

/* Sorts a layer by the middles of what its points hang on, on one side; a point that hangs on
 * nothing there stays between its neighbours as well as it can: it goes by its own place. */
static void sort_layer(sorting *s, uint32_t layer, bool by_upper)
{
    pgb_points *p = s->p;
    const uint32_t *first = by_upper ? p->up_first : p->down_first;
    const uint32_t *list = by_upper ? p->up : p->down;
    const uint32_t *far = by_upper ? p->upper : p->lower;
    uint32_t *row = p->row + p->first[layer], n = p->first[layer + 1] - p->first[layer];
    uint32_t other = by_upper ? layer + 1 : layer - 1;
    int64_t there = p->first[other + 1] - p->first[other];

    for (uint32_t i = 0; i < n; i++) {
        uint32_t point = row[i], links = first[point + 1] - first[point];
        int64_t sum = 0;

        for (uint32_t k = first[point]; k < first[point + 1]; k++) {
            sum += p->pos[far[list[k]]];
        }
        s->key[point] = links > 0 ? sum * FIXED / links : (int64_t)i * there * FIXED / n;
    }
    merge_sort(s, row, n);
    for (uint32_t i = 0; i < n; i++) {
        p->pos[row[i]] = i;
    }
}

static void keep_if_better(sorting *s)
{
    uint64_t now;

    pgb_points_sort_links(s->p);
    now = crossings(s);
    if (now < s->fewest) {
        s->fewest = now;
        memcpy(s->best, s->p->row, (size_t)s->p->n * sizeof *s->best);
    }
}

static void sweep(sorting *s, bool upwards)
{
    uint32_t layers = s->p->n_layers;

    for (uint32_t i = 1; i < layers; i++) {
        sort_layer(s, upwards ? i : layers - 1 - i, !upwards);
    }
}

/* Crossings of the links of a, on one side, with those of b, when a is left of b. */
static uint64_t pair_crossings(const pgb_points *p, uint32_t a, uint32_t b, bool up)
{
    const uint32_t *first = up ? p->up_first : p->down_first, *list = up ? p->up : p->down;
    const uint32_t *far = up ? p->upper : p->lower;
    uint64_t sum = 0;
    uint32_t j = first[b];

    for (uint32_t i = first[a]; i < first[a + 1]; i++) {
        uint32_t at = p->pos[far[list[i]]];

        while (j < first[b + 1] && p->pos[far[list[j]]] < at) {
            j++;
        }
        sum += j - first[b];
    }
    return sum;
}

static uint32_t degree(const pgb_points *p, uint32_t point)
{
    return p->up_first[point + 1] - p->up_first[point] + p->down_first[point + 1] -
           p->down_first[point];
}

/* Exchanges neighbours wherever that removes crossings; true: something was exchanged. */
static bool exchange_in(pgb_points *p, uint32_t layer)
{
    bool changed = false;

    for (uint32_t i = p->first[layer]; i + 1 < p->first[layer + 1]; i++) {
        uint32_t a = p->row[i], b = p->row[i + 1];

        if (degree(p, a) + degree(p, b) > EXCHANGE_DEGREE) {
            continue;
        }
        if (pair_crossings(p, b, a, true) + pair_crossings(p, b, a, false) <
            pair_crossings(p, a, b, true) + pair_crossings(p, a, b, false)) {
            p->row[i] = b;
            p->row[i + 1] = a;
            p->pos[b]--;
            p->pos[a]++;
            changed = true;
        }
    }
    if (changed) {
        hand_out(p, layer);
    }
    return changed;
}

static void exchange(sorting *s, unsigned rounds)
{
    for (unsigned round = 0; round < rounds && s->fewest > 0; round++) {
        bool changed = false;

        for (uint32_t l = 0; l < s->p->n_layers; l++) {
            changed |= exchange_in(s->p, l);
        }
        keep_if_better(s);
        if (!changed) {
            break;
        }
    }
}

static void restore_best(sorting *s)
{
    memcpy(s->p->row, s->best, (size_t)s->p->n * sizeof *s->best);
    pgb_points_sort_links(s->p);
}

static void arrange(sorting *s)
{
    unsigned rounds = s->p->n > LARGE ? ROUNDS_LARGE : ROUNDS;

    memcpy(s->best, s->p->row, (size_t)s->p->n * sizeof *s->best);
    pgb_points_sort_links(s->p);
    s->fewest = crossings(s);
    for (unsigned i = 0; i < rounds && s->fewest > 0; i++) {
        sweep(s, i % 2 == 0);
        keep_if_better(s);
    }
    restore_best(s);
    if (s->p->n <= LARGE) {
        exchange(s, ROUNDS);
        restore_best(s);
    }
}

pgb_status pgb_points_order(pgb_points *p, uint64_t *ret_crossings, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    size_t n = (size_t)p->n + 1;
    sorting s = {.p = p};

    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    s.key = pgb_arena_array(arena, n, sizeof *s.key);
    s.spare = pgb_arena_array(arena, n, sizeof *s.spare);
    s.best = pgb_arena_array(arena, n, sizeof *s.best);
    s.counter = pgb_arena_array(arena, 4 * n, sizeof *s.counter);
    if (s.key == NULL || s.spare == NULL || s.best == NULL || s.counter == NULL) {
        return pgb_error_nomem(err);
    }
    arrange(&s);
    *ret_crossings = s.fewest;
    return PGB_OK;
}
