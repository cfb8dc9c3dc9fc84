/* What waits for a backfill. */
#include <string.h>

#include "plan/plan.h"

/* The first thing that keeps a revision: a backfill of its own, or a revision that is held. */
static bool is_held(const pgb_world *w, uint32_t node, pgb_is_complete *is_complete, void *data,
                    const pgb_bits *held, pgb_held *ret)
{
    const pgb_revision *rev = w->nodes[node].rev;
    pgb_nodes needs[2] = {pgb_graph_parents(w->graph, node), pgb_graph_depends(w->graph, node)};

    *ret = (pgb_held){.node = node, .behind = PGB_NODE_NONE};
    if (w->nodes[node].applied != NULL) {
        return false; /* under way already */
    }
    for (uint32_t i = 0; rev != NULL && i < rev->n_backfills; i++) {
        if (!is_complete(data, rev->backfills[i].text)) {
            ret->backfill = rev->backfills[i].text;
            return true;
        }
    }
    for (int kind = 0; kind < 2; kind++) {
        for (uint32_t i = 0; i < needs[kind].n; i++) {
            if (pgb_bits_get(held, needs[kind].at[i])) {
                ret->behind = needs[kind].at[i];
                return true;
            }
        }
    }
    return false;
}

pgb_status pgb_plan_hold(const pgb_world *w, pgb_is_complete *is_complete, void *data,
                         pgb_plan *plan, pgb_held **ret_held, uint32_t *ret_n, pgb_error *err)
{
    pgb_held *list = pgb_arena_array(w->arena, (size_t)plan->n + 1, sizeof *list);
    pgb_bits held;
    uint32_t n = 0, kept = 0;

    if (list == NULL || !pgb_bits_init(&held, w->arena, w->n)) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < plan->n; i++) {
        uint32_t node = plan->steps[i].node;

        if (is_held(w, node, is_complete, data, &held, &list[n])) {
            pgb_bits_set(&held, node);
            n++;
        } else {
            plan->steps[kept++] = plan->steps[i];
        }
    }
    plan->n = kept;
    *ret_held = list;
    *ret_n = n;
    return PGB_OK;
}
