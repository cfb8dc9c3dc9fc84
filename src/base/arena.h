/*
 * Arena: memory of one long-lived object, freed at once.
 *
 * Guarantee: what is allocated lives until the arena is freed; blocks are zeroed and aligned for
 * any type. Every allocation can fail and then returns NULL; the arena stays usable. Floor 0; one
 * arena belongs to one thread at a time.
 */
#ifndef PGB_BASE_ARENA_H
#define PGB_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

typedef struct pgb_arena pgb_arena;

pgb_arena *pgb_arena_new(void);        /* NULL: out of memory */
void pgb_arena_free(pgb_arena *arena); /* NULL is allowed */
void *pgb_arena_alloc(pgb_arena *arena, size_t size);
void *pgb_arena_array(pgb_arena *arena, size_t count, size_t size); /* NULL on overflow too */
char *pgb_arena_strdup(pgb_arena *arena, const char *s);
char *pgb_arena_strndup(pgb_arena *arena, const char *s, size_t len); /* adds a NUL */
char *pgb_arena_printf(pgb_arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
size_t pgb_arena_used(const pgb_arena *arena); /* bytes taken from the heap */

static inline void pgb_arena_cleanup(pgb_arena **arena)
{
    pgb_arena_free(*arena);
}
/* A scratch arena of a block: PGB_AUTO_ARENA(a) declares it; check a for NULL. */
#define PGB_AUTO_ARENA(name)                                                                       \
    pgb_arena *name __attribute__((cleanup(pgb_arena_cleanup))) = pgb_arena_new()

#endif
