#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct pgb_map_slot {
    const char *key; /* NULL: empty */
    uint32_t len;
    uint32_t value;
    uint64_t hash;
};

/* FNV-1a with a final mix; keys are ids and names, not chosen by an attacker who gains by
 * collisions. */
static uint64_t hash_bytes(const char *s, size_t len)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < len; i++) {
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
    }
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    return h ^ (h >> 32);
}

static struct pgb_map_slot *find(struct pgb_map_slot *slots, size_t cap, const char *key,
                                 size_t len, uint64_t hash)
{
    for (size_t i = hash & (cap - 1);; i = (i + 1) & (cap - 1)) {
        struct pgb_map_slot *s = &slots[i];

        if (s->key == NULL ||
            (s->hash == hash && s->len == len && (len == 0 || memcmp(s->key, key, len) == 0))) {
            return s;
        }
    }
}

static bool grow(pgb_map *map, size_t cap)
{
    struct pgb_map_slot *slots = pgb_mem_zeroed(cap, sizeof *slots);

    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < map->cap; i++) {
        struct pgb_map_slot *s = &map->slots[i];

        if (s->key != NULL) {
            *find(slots, cap, s->key, s->len, s->hash) = *s;
        }
    }
    free(map->slots);
    map->slots = slots;
    map->cap = cap;
    return true;
}

static bool has_room(const pgb_map *map, size_t cap, size_t more)
{
    return (map->n + more) <= cap / 3 * 2;
}

bool pgb_map_reserve(pgb_map *map, size_t n)
{
    size_t cap = map->cap != 0 ? map->cap : 16;

    while (!has_room(map, cap, n)) {
        if (cap > SIZE_MAX / 2) {
            return false;
        }
        cap *= 2;
    }
    return cap == map->cap || grow(map, cap);
}

void pgb_map_done(pgb_map *map)
{
    free(map->slots);
    *map = (pgb_map)PGB_MAP_INIT;
}

bool pgb_map_add(pgb_map *map, const char *key, size_t len, uint32_t value, bool *ret_added,
                 uint32_t *ret_old)
{
    uint64_t hash = hash_bytes(key, len);
    struct pgb_map_slot *s;

    if (len > UINT32_MAX ||
        (!has_room(map, map->cap, 1) && !grow(map, map->cap != 0 ? map->cap * 2 : 16))) {
        return false;
    }
    s = find(map->slots, map->cap, key, len, hash);
    if (ret_added != NULL) {
        *ret_added = s->key == NULL;
    }
    if (s->key == NULL) {
        *s = (struct pgb_map_slot){key, (uint32_t)len, value, hash};
        map->n++;
    } else if (ret_old != NULL) {
        *ret_old = s->value;
    }
    return true;
}

bool pgb_map_get(const pgb_map *map, const char *key, size_t len, uint32_t *ret_value)
{
    struct pgb_map_slot *s;

    if (map->cap == 0) {
        return false;
    }
    s = find(map->slots, map->cap, key, len, hash_bytes(key, len));
    if (s->key == NULL) {
        return false;
    }
    if (ret_value != NULL) {
        *ret_value = s->value;
    }
    return true;
}
