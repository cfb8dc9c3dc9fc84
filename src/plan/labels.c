/*
 * Labels and how they spread. A label on every revision of a long chain would make the sets of all
 * nodes quadratic, so a set is kept as "this carrier and that set" or "these two sets", shared by
 * all nodes that have it, and written out only when it is asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "plan/internal.h"

/* Set 0 is empty. */
typedef struct label_set {
    uint32_t carrier; /* PGB_NODE_NONE: only the union of a and b */
    uint32_t a, b;
} label_set;

struct pgb_label_sets {
    label_set *sets; /* at most three for each node: own, from a merge's parents, from below */
    uint32_t n;
    uint32_t *above; /* by node: its own labels and those of its ancestors */
    uint32_t *below; /* those that come up from descendants along a line */
    uint32_t *seen;  /* by set: the query that met it last */
    uint32_t query;
};

uint32_t pgb_world_n_own_labels(const pgb_world *w, uint32_t node)
{
    const pgb_world_node *n = &w->nodes[node];

    return n->rev != NULL ? n->rev->n_labels : n->applied->n_labels;
}

const char *pgb_world_own_label(const pgb_world *w, uint32_t node, uint32_t i)
{
    const pgb_world_node *n = &w->nodes[node];

    return n->rev != NULL ? n->rev->labels[i].text : n->applied->labels[i];
}

static uint32_t new_set(struct pgb_label_sets *s, uint32_t carrier, uint32_t a, uint32_t b)
{
    s->sets[s->n] = (label_set){carrier, a, b};
    return s->n++;
}

static uint32_t unite(struct pgb_label_sets *s, uint32_t a, uint32_t b)
{
    /* a branch that brought no label, or only its own on top of the trunk's, adds no set */
    if (b == 0 || a == b || (s->sets[a].carrier != PGB_NODE_NONE && s->sets[a].a == b)) {
        return a;
    }
    if (a == 0 || (s->sets[b].carrier != PGB_NODE_NONE && s->sets[b].a == a)) {
        return b;
    }
    return new_set(s, PGB_NODE_NONE, a, b);
}

static uint32_t with_own(struct pgb_label_sets *s, const pgb_world *w, uint32_t v, uint32_t set)
{
    return pgb_world_n_own_labels(w, v) > 0 ? new_set(s, v, set, 0) : set;
}

static void spread(struct pgb_label_sets *s, const pgb_world *w)
{
    for (uint32_t i = 0; i < w->n; i++) {
        uint32_t v = w->order[i], set = 0;
        pgb_nodes parents = pgb_graph_parents(w->graph, v);

        for (uint32_t k = 0; k < parents.n; k++) {
            set = unite(s, set, s->above[parents.at[k]]);
        }
        s->above[v] = with_own(s, w, v, set);
    }
    for (uint32_t i = w->n; i-- > 0;) {
        uint32_t v = w->order[i];
        pgb_nodes children = pgb_graph_children(w->graph, v);

        if (children.n == 1 && pgb_graph_parents(w->graph, v).n <= 1 &&
            pgb_graph_parents(w->graph, children.at[0]).n == 1) {
            s->below[v] = with_own(s, w, children.at[0], s->below[children.at[0]]);
        }
    }
}

static pgb_status prepare(const pgb_world *w, pgb_error *err)
{
    struct pgb_label_sets *s = pgb_arena_alloc(w->arena, sizeof *s);
    size_t max = 1;

    if (s == NULL) {
        return pgb_error_nomem(err);
    }
    /* one for its own labels above, one below, and one for each further parent */
    for (uint32_t v = 0; v < w->n; v++) {
        max += 2 + pgb_graph_parents(w->graph, v).n;
    }
    s->sets = pgb_arena_array(w->arena, max, sizeof *s->sets);
    s->above = pgb_arena_array(w->arena, w->n, sizeof *s->above);
    s->below = pgb_arena_array(w->arena, w->n, sizeof *s->below);
    if (max >= UINT32_MAX || s->sets == NULL || s->above == NULL || s->below == NULL) {
        return pgb_error_nomem(err);
    }
    s->sets[0] = (label_set){PGB_NODE_NONE, 0, 0};
    s->n = 1;
    spread(s, w);
    s->seen = pgb_arena_array(w->arena, s->n, sizeof *s->seen);
    if (s->seen == NULL) {
        return pgb_error_nomem(err);
    }
    ((pgb_world *)(uintptr_t)w)->labels = s; /* found on demand; the world is one thread's */
    return PGB_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef PGB_VEC(uint32_t) set_stack;
typedef PGB_VEC(const char *) text_list;

/* The stack has room. */
static void push_set(struct pgb_label_sets *s, set_stack *stack, uint32_t set)
{
    if (set != 0 && s->seen[set] != s->query) {
        s->seen[set] = s->query;
        stack->at[stack->n++] = set;
    }
}

static bool collect(const pgb_world *w, uint32_t node, set_stack *stack, text_list *found)
{
    struct pgb_label_sets *s = w->labels;
    uint32_t a = s->above[node], b = s->below[node];

    s->query++;
    for (;;) {
        const label_set *set;
        uint32_t n;

        if (!pgb_vec_reserve(stack, 2)) {
            return false;
        }
        push_set(s, stack, a);
        push_set(s, stack, b);
        if (stack->n == 0) {
            return true;
        }
        set = &s->sets[stack->at[--stack->n]];
        n = set->carrier != PGB_NODE_NONE ? pgb_world_n_own_labels(w, set->carrier) : 0;
        for (uint32_t i = 0; i < n; i++) {
            if (!pgb_vec_push(found, pgb_world_own_label(w, set->carrier, i))) {
                return false;
            }
        }
        a = set->a;
        b = set->b;
    }
}

pgb_status pgb_world_labels(const pgb_world *w, uint32_t node, const char *const **ret_labels,
                            uint32_t *ret_n, pgb_error *err)
{
    set_stack stack = {0};
    text_list found = {0};
    const char **labels = NULL;
    pgb_status status = w->labels != NULL ? PGB_OK : prepare(w, err);
    uint32_t n = 0;

    if (w->labels != NULL && collect(w, node, &stack, &found)) {
        labels = pgb_arena_array(w->arena, found.n, sizeof *labels);
    }
    if (status == PGB_OK && labels == NULL) {
        status = pgb_error_nomem(err);
    }
    if (status == PGB_OK) {
        if (found.n > 1) {
            qsort(found.at, found.n, sizeof *found.at, by_text);
        }
        for (size_t i = 0; i < found.n; i++) {
            if (n == 0 || strcmp(labels[n - 1], found.at[i]) != 0) {
                labels[n++] = found.at[i];
            }
        }
        *ret_labels = labels;
        *ret_n = n;
    }
    pgb_vec_done(&stack);
    pgb_vec_done(&found);
    return status;
}
