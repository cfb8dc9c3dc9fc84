#include "prove/order.h"

#include <stdlib.h>
#include <string.h>

/* Tarjan's strongly connected components, with a stack of its own: a chain of foreign keys may be
 * as long as there are tables. Components come out with what they refer to before them. */
typedef struct walk {
    const pgb_shape *shape;
    uint32_t *number, *low; /* by table; number 0: not seen */
    uint16_t *next;         /* foreign key to look at */
    bool *open;             /* on `path`, its component not closed */
    uint32_t *path, n_path;
    uint32_t *stack, n_stack;
    uint32_t count;
    pgb_order order;
    uint32_t *ends;
} walk;

static void enter(walk *w, uint32_t t)
{
    w->number[t] = w->low[t] = ++w->count;
    w->open[t] = true;
    w->path[w->n_path++] = t;
    w->stack[w->n_stack++] = t;
}

static void leave(walk *w, uint32_t t)
{
    uint32_t from = w->order.n, member;

    if (w->low[t] != w->number[t]) {
        return;
    }
    do {
        member = w->path[--w->n_path];
        w->open[member] = false;
        w->order.tables[w->order.n++] = &w->shape->tables[member];
    } while (member != t);
    /* as they came: the path gives them back to front */
    for (uint32_t i = from, k = w->order.n - 1; i < k; i++, k--) {
        const pgb_shape_table *swap = w->order.tables[i];

        w->order.tables[i] = w->order.tables[k];
        w->order.tables[k] = swap;
    }
    w->ends[w->order.n_ends++] = w->order.n;
}

static void visit(walk *w, uint32_t first)
{
    enter(w, first);
    while (w->n_stack > 0) {
        uint32_t t = w->stack[w->n_stack - 1];
        const pgb_shape_table *table = &w->shape->tables[t];

        if (w->next[t] < table->n_foreigns) {
            uint32_t up = table->foreigns[w->next[t]++].parent->root->index;

            if (w->number[up] == 0) {
                enter(w, up);
            } else if (w->open[up] && w->number[up] < w->low[t]) {
                w->low[t] = w->number[up];
            }
            continue;
        }
        w->n_stack--;
        if (w->n_stack > 0 && w->low[t] < w->low[w->stack[w->n_stack - 1]]) {
            w->low[w->stack[w->n_stack - 1]] = w->low[t];
        }
        leave(w, t);
    }
}

pgb_status pgb_order_make(const pgb_shape *shape, const bool *wanted, pgb_arena *arena,
                          pgb_order *ret_order, pgb_error *err)
{
    size_t n = (size_t)shape->n_tables + 1;
    walk w = {.shape = shape};

    w.number = pgb_arena_array(arena, n, sizeof *w.number);
    w.low = pgb_arena_array(arena, n, sizeof *w.low);
    w.next = pgb_arena_array(arena, n, sizeof *w.next);
    w.open = pgb_arena_array(arena, n, sizeof *w.open);
    w.path = pgb_arena_array(arena, n, sizeof *w.path);
    w.stack = pgb_arena_array(arena, n, sizeof *w.stack);
    w.ends = pgb_arena_array(arena, n, sizeof *w.ends);
    w.order.tables = pgb_arena_array(arena, n, sizeof *w.order.tables);
    if (w.number == NULL || w.low == NULL || w.next == NULL || w.open == NULL || w.path == NULL ||
        w.stack == NULL || w.ends == NULL || w.order.tables == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < shape->n_tables; i++) {
        const pgb_shape_table *t = &shape->tables[i];

        if (!t->partition && t->known && (wanted == NULL || wanted[i]) && w.number[i] == 0) {
            visit(&w, i);
        }
    }
    w.order.ends = w.ends;
    *ret_order = w.order;
    return PGB_OK;
}
