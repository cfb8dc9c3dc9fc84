/*
 * Hash map from strings to 32-bit numbers (usually an index into an array). Keys are borrowed and
 * must outlive the map. Order of iteration is never used. Floor 0.
 */
#ifndef PGB_BASE_MAP_H
#define PGB_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pgb_map {
    struct pgb_map_slot *slots;
    size_t n, cap;
} pgb_map;

#define PGB_MAP_INIT                                                                               \
    {                                                                                              \
        0                                                                                          \
    }

void pgb_map_done(pgb_map *map);
/* Room for n keys more. False: no memory. */
bool pgb_map_reserve(pgb_map *map, size_t n);
/* Adds the key; when it is there already, keeps the old value, and *ret_old receives it. False: no
 * memory. ret_added and ret_old may be NULL. */
bool pgb_map_add(pgb_map *map, const char *key, size_t len, uint32_t value, bool *ret_added,
                 uint32_t *ret_old);
bool pgb_map_get(const pgb_map *map, const char *key, size_t len, uint32_t *ret_value);

#endif
