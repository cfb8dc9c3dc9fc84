#include "base/mem.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/vec.h"

enum { HUGE_PAGE = 2 * 1024 * 1024 };

void *pgb_mem_zeroed(size_t count, size_t size)
{
    void *at = calloc(count, size);

    /* a product that overflows gave NULL */
    if (at != NULL && count * size >= HUGE_PAGE) {
        uintptr_t from = ((uintptr_t)at + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
        uintptr_t to = ((uintptr_t)at + count * size) / HUGE_PAGE * HUGE_PAGE;
        int saved = errno;

        if (to > from) {
            /* only a wish */
            madvise((char *)at + (from - (uintptr_t)at), to - from, MADV_HUGEPAGE);
        }
        errno = saved;
    }
    return at;
}

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
