#include "base/vec.h"

#include <stdint.h>

bool pgb_vec_grow_raw(void **at, size_t *cap, size_t need, size_t size)
{
    size_t want = *cap != 0 ? *cap : 8;
    void *grown;

    if (need > SIZE_MAX / 2 / size) {
        return false;
    }
    while (want < need) {
        want *= 2;
    }
    grown = realloc(*at, want * size);
    if (grown == NULL) {
        return false;
    }
    *at = grown;
    *cap = want;
    return true;
}
