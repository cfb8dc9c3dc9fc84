/*
 * Vectors: PGB_VEC(T) name; heap storage that grows. push returns false when there is no memory and
 * leaves the vector as it was. Free with pgb_vec_done. Floor 0.
 */
#ifndef PGB_BASE_VEC_H
#define PGB_BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#define PGB_VEC(T)                                                                                 \
    struct {                                                                                       \
        T *at;                                                                                     \
        size_t n, cap;                                                                             \
    }

bool pgb_vec_grow_raw(void **at, size_t *cap, size_t need, size_t size);

#define pgb_vec_reserve(v, more)                                                                   \
    ((v)->n + (more) <= (v)->cap ||                                                                \
     pgb_vec_grow_raw((void **)&(v)->at, &(v)->cap, (v)->n + (more), sizeof *(v)->at))
#define pgb_vec_push(v, value)                                                                     \
    (pgb_vec_reserve((v), 1) ? ((v)->at[(v)->n++] = (value), true) : false)
#define pgb_vec_done(v) (free((v)->at), (v)->at = NULL, (v)->n = (v)->cap = 0)

#endif
