#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    BLOCK_MIN = 4096,
    BLOCK_MAX = 4 * 1024 * 1024,
    BLOCK_LARGE = 1024 * 1024,
    OWN_MIN = 64 * 1024,
    ALIGN = _Alignof(max_align_t)
};

typedef struct block {
    struct block *next;
    size_t size, used;
    bool zeroed; /* what is not used yet is zero */
    _Alignas(max_align_t) char data[];
} block;

struct pgb_arena {
    block *head;
    size_t taken;
    size_t next_size;
};

pgb_arena *pgb_arena_new(void)
{
    pgb_arena *arena = calloc(1, sizeof *arena);

    if (arena != NULL) {
        arena->next_size = BLOCK_MIN;
    }
    return arena;
}

void pgb_arena_free(pgb_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    for (block *b = arena->head; b != NULL;) {
        block *next = b->next;

        free(b);
        b = next;
    }
    free(arena);
}

void *pgb_arena_alloc(pgb_arena *arena, size_t size)
{
    block *b = arena->head;
    size_t need;
    bool fresh;
    void *at;

    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    need = (size + ALIGN - 1) / ALIGN * ALIGN;
    if (b == NULL || need > OWN_MIN || b->size - b->used < need) {
        /* a large one gets a block of its own, and the current block goes on being filled */
        bool own = b != NULL && (need > OWN_MIN || need > arena->next_size / 4);
        size_t size_of_block = own || need > arena->next_size ? need : arena->next_size;

        fresh = size_of_block >= BLOCK_LARGE;
        b = fresh ? pgb_mem_zeroed(1, sizeof *b + size_of_block)
                  : malloc(sizeof *b + size_of_block);
        if (b == NULL) {
            return NULL;
        }
        b->zeroed = fresh;
        b->size = size_of_block;
        b->used = 0;
        arena->taken += sizeof *b + size_of_block;
        if (own) {
            b->next = arena->head->next;
            arena->head->next = b;
        } else {
            b->next = arena->head;
            arena->head = b;
            if (arena->next_size < BLOCK_MAX) {
                arena->next_size *= 2;
            }
        }
    }
    at = b->data + b->used;
    b->used += need;
    if (!b->zeroed) {
        memset(at, 0, need);
    }
    return at;
}

void *pgb_arena_array(pgb_arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return pgb_arena_alloc(arena, count * size);
}

char *pgb_arena_strndup(pgb_arena *arena, const char *s, size_t len)
{
    char *copy;

    if (len == SIZE_MAX) {
        return NULL;
    }
    copy = pgb_arena_alloc(arena, len + 1);
    if (copy != NULL && len > 0) {
        memcpy(copy, s, len);
    }
    return copy;
}

char *pgb_arena_strdup(pgb_arena *arena, const char *s)
{
    return pgb_arena_strndup(arena, s, strlen(s));
}

char *pgb_arena_printf(pgb_arena *arena, const char *fmt, ...)
{
    va_list ap;
    int len;
    char *at;

    va_start(ap, fmt);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (len < 0) {
        return NULL;
    }
    at = pgb_arena_alloc(arena, (size_t)len + 1);
    if (at != NULL) {
        va_start(ap, fmt);
        vsnprintf(at, (size_t)len + 1, fmt, ap);
        va_end(ap);
    }
    return at;
}

size_t pgb_arena_used(const pgb_arena *arena)
{
    return arena->taken;
}
