/* Running plans of any kind on paper. */
#ifndef PGB_TESTS_PLAN_HELPER_H
#define PGB_TESTS_PLAN_HELPER_H

#include "world_helper.h"

/* op: u upgrade, d downgrade, s stamp, p stamp --purge; targets by blanks. */
static inline pgb_status test_plan(test_world *t, char op, const char *targets, pgb_plan *plan)
{
    const char *list[16] = {0};
    uint32_t n = 0;

    for (const char *at = targets; *(at += strspn(at, " ")) != '\0';) {
        size_t len = strcspn(at, " ");

        list[n++] = pgb_arena_strndup(t->arena, at, len);
        at += len;
    }
    *plan = (pgb_plan){NULL, 0};
    if (op == 'u') {
        return pgb_plan_upgrade(t->w, list, n, plan, &t->err);
    }
    if (op == 'd') {
        assert_int_equal(n, 1);
        return pgb_plan_downgrade(t->w, list[0], plan, &t->err);
    }
    return pgb_plan_stamp(t->w, list, n, op == 'p', plan, &t->err);
}

/* The applied set after a plan; fails where a step does not fit. Upgrades and downgrades never
 * leave a step's needs unmet, whatever stands late below. */
static inline void test_run(const pgb_world *w, const pgb_plan *plan, pgb_bits *rows)
{
    for (uint32_t v = 0; v < w->n; v++) {
        if (w->nodes[v].applied != NULL) {
            pgb_bits_set(rows, v);
        }
    }
    for (uint32_t i = 0; i < plan->n; i++) {
        uint32_t v = plan->steps[i].node;
        pgb_action action = plan->steps[i].action;
        pgb_nodes sides[2];

        if (action == PGB_UPGRADE || action == PGB_STAMP) {
            bool again = w->nodes[v].applied != NULL && w->nodes[v].applied->incomplete;

            assert_true(!pgb_bits_get(rows, v) || again);
            pgb_bits_set(rows, v);
            sides[0] = pgb_graph_parents(w->graph, v);
            sides[1] = pgb_graph_depends(w->graph, v);
        } else {
            assert_true(pgb_bits_get(rows, v));
            pgb_bits_unset(rows, v);
            sides[0] = pgb_graph_children(w->graph, v);
            sides[1] = pgb_graph_dependents(w->graph, v);
        }
        for (int k = 0; k < 2 && action <= PGB_DOWNGRADE; k++) {
            for (uint32_t j = 0; j < sides[k].n; j++) {
                assert_int_equal(pgb_bits_get(rows, sides[k].at[j]), action == PGB_UPGRADE);
            }
        }
    }
}

/* The current revisions after a plan. */
static inline const char *test_after(test_world *t, const pgb_plan *plan)
{
    uint32_t tips[64], n = 0;
    pgb_bits rows;

    assert_true(pgb_bits_init(&rows, t->arena, t->w->n));
    test_run(t->w, plan, &rows);
    for (uint32_t i = 0; i < t->w->n && n < 64; i++) {
        uint32_t v = t->w->order[i];
        pgb_nodes children = pgb_graph_children(t->w->graph, v);
        bool tip = pgb_bits_get(&rows, v);

        for (uint32_t k = 0; k < children.n; k++) {
            tip = tip && !pgb_bits_get(&rows, children.at[k]);
        }
        if (tip) {
            tips[n++] = v;
        }
    }
    return test_ids(t->w, tips, n);
}

#endif
