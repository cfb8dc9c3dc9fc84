/* Plans: upgrade and stamp; downgrade.c has the other. */
#include "plan/plan.h"

#include <string.h>

#include "plan/ident.h"

pgb_status pgb_plan_append(const pgb_world *w, const pgb_bits *set, pgb_action action, bool reverse,
                           pgb_plan *plan, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    uint32_t *order, n;
    pgb_step *steps;
    pgb_status status;

    if (scratch == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_graph_order_of(w->graph, set, scratch, &order, &n, err);
    if (status != PGB_OK) {
        return status;
    }
    steps = pgb_arena_array(w->arena, (size_t)plan->n + n, sizeof *steps);
    if (steps == NULL) {
        return pgb_error_nomem(err);
    }
    if (plan->n > 0) {
        memcpy(steps, plan->steps, plan->n * sizeof *steps);
    }
    for (uint32_t i = 0; i < n; i++) {
        steps[plan->n + i] = (pgb_step){action, order[reverse ? n - 1 - i : i]};
    }
    plan->steps = steps;
    plan->n += n;
    return PGB_OK;
}

pgb_status pgb_plan_target(const pgb_world *w, const char *text, bool up, pgb_target *target,
                           pgb_error *err)
{
    pgb_ident ident;
    bool goes_up;
    pgb_status status = pgb_ident_parse(w, text, strlen(text), &ident, err);

    if (status != PGB_OK) {
        return status;
    }
    if (pgb_ident_is_relative(&ident, &goes_up) && goes_up != up) {
        status = pgb_error_set(err, PGB_IDENTIFIER, "\"%s\" goes %s from what is applied: %s",
                               pgb_show(text, ident.len).text, up ? "down" : "up",
                               up ? "nothing to upgrade to" : "nothing to downgrade to");
        pgb_error_hint(err, "pgbraid %s %s", up ? "downgrade" : "upgrade",
                       pgb_show(text, ident.len).text);
        return status;
    }
    return pgb_ident_resolve(w, &ident, target, err);
}

/* Targets and all that they need. */
static pgb_status resolve_needs(const pgb_world *w, const char *const *targets, uint32_t n,
                                pgb_bits *needs, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < n && status == PGB_OK; i++) {
        pgb_target target;

        status = pgb_plan_target(w, targets[i], true, &target, err);
        for (uint32_t k = 0; status == PGB_OK && k < target.nodes.n; k++) {
            pgb_bits_set(needs, target.nodes.at[k]);
        }
    }
    return status == PGB_OK ? pgb_graph_ancestors(w->graph, needs, true, err) : status;
}

pgb_status pgb_plan_upgrade(const pgb_world *w, const char *const *targets, uint32_t n,
                            pgb_plan *ret_plan, pgb_error *err)
{
    static const char *const all[] = {"heads"};
    PGB_AUTO_ARENA(scratch);
    pgb_plan plan = {NULL, 0};
    pgb_bits needs;
    pgb_status status;

    if (scratch == NULL || !pgb_bits_init(&needs, scratch, w->n)) {
        return pgb_error_nomem(err);
    }
    status =
        n > 0 ? resolve_needs(w, targets, n, &needs, err) : resolve_needs(w, all, 1, &needs, err);
    for (uint32_t v = 0; v < w->n && status == PGB_OK; v++) {
        if (!pgb_bits_get(&needs, v)) {
            continue;
        }
        if (pgb_bits_get(&w->applied, v)) {
            pgb_bits_unset(&needs, v);
        } else if (w->nodes[v].rev == NULL) {
            status = pgb_error_set(
                err, PGB_REFUSED, "revision %s is under way, and its file is gone", w->nodes[v].id);
            pgb_error_hint(err, "bring the file %s back, or see pgbraid repair --help",
                           w->nodes[v].applied->file != NULL ? w->nodes[v].applied->file : "");
        }
    }
    if (status == PGB_OK) {
        status = pgb_plan_append(w, &needs, PGB_UPGRADE, false, &plan, err);
    }
    if (status == PGB_OK) {
        *ret_plan = plan;
    }
    return status;
}

/* Replaces in a stamp what shares the lineage of the targets. */
typedef struct stamp {
    pgb_bits needs;    /* targets and what they need */
    pgb_bits replaced; /* current ones in their lineage */
    bool all;          /* base */
} stamp;

static pgb_status stamp_target(const pgb_world *w, const char *text, pgb_node_list current,
                               stamp *s, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    pgb_target target;
    pgb_status status = pgb_world_resolve(w, text, &target, err);
    pgb_bits lineage;
    uint32_t n;

    if (scratch == NULL) {
        return pgb_error_nomem(err);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (target.base && target.branch == PGB_NODE_NONE && target.before == PGB_NODE_NONE) {
        s->all = true;
        return PGB_OK;
    }
    /* LABEL@base forgets the branch, X^ of a first revision what hangs on it */
    n = target.base ? 1 : target.nodes.n;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t v = !target.base                     ? target.nodes.at[i]
                     : target.before != PGB_NODE_NONE ? target.before
                                                      : target.branch;

        if (!target.base) {
            pgb_bits_set(&s->needs, v);
        }
        status = pgb_world_lineage(w, v, true, scratch, &lineage, err);
        if (status != PGB_OK) {
            return status;
        }
        for (uint32_t k = 0; k < current.n; k++) {
            if (pgb_bits_get(&lineage, current.at[k])) {
                pgb_bits_set(&s->replaced, current.at[k]);
            }
        }
    }
    return PGB_OK;
}

/* What has a row goes, what keeps one and what gets one. */
static pgb_status stamp_sets(const pgb_world *w, const stamp *s, pgb_node_list current, bool purge,
                             pgb_arena *arena, pgb_bits *ret_forget, pgb_bits *ret_record,
                             pgb_error *err)
{
    pgb_bits keep;
    pgb_status status;

    if (!pgb_bits_init(&keep, arena, w->n) || !pgb_bits_init(ret_forget, arena, w->n) ||
        !pgb_bits_init(ret_record, arena, w->n)) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < current.n && !purge && !s->all; i++) {
        if (!pgb_bits_get(&s->replaced, current.at[i])) {
            pgb_bits_set(&keep, current.at[i]);
        }
    }
    status = pgb_graph_ancestors(w->graph, &keep, true, err);
    for (uint32_t v = 0; v < w->n; v++) {
        const pgb_world_node *node = &w->nodes[v];
        bool needed = pgb_bits_get(&s->needs, v);

        if (node->applied != NULL && (purge || !(needed || pgb_bits_get(&keep, v)))) {
            pgb_bits_set(ret_forget, v);
        }
        /* without a file there is nothing to record from */
        if (needed && node->rev != NULL && (purge || !pgb_bits_get(&w->applied, v))) {
            pgb_bits_set(ret_record, v);
        }
    }
    return status;
}

pgb_status pgb_plan_stamp(const pgb_world *w, const char *const *targets, uint32_t n, bool purge,
                          pgb_plan *ret_plan, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    pgb_plan plan = {NULL, 0};
    stamp s = {.all = false};
    pgb_bits rows, forget, record;
    pgb_node_list current = {NULL, 0};
    pgb_status status = PGB_OK;

    if (scratch == NULL || !pgb_bits_init(&s.needs, scratch, w->n) ||
        !pgb_bits_init(&s.replaced, scratch, w->n) || !pgb_bits_init(&rows, scratch, w->n)) {
        return pgb_error_nomem(err);
    }
    for (uint32_t v = 0; v < w->n; v++) {
        if (w->nodes[v].applied != NULL) {
            pgb_bits_set(&rows, v);
        }
    }
    status = pgb_world_tips(w, &rows, false, &current, err);
    for (uint32_t i = 0; i < n && status == PGB_OK; i++) {
        status = stamp_target(w, targets[i], current, &s, err);
    }
    if (status == PGB_OK) {
        status = pgb_graph_ancestors(w->graph, &s.needs, true, err);
    }
    if (status == PGB_OK) {
        status = stamp_sets(w, &s, current, purge, scratch, &forget, &record, err);
    }
    if (status == PGB_OK) {
        status = pgb_plan_append(w, &forget, PGB_UNSTAMP, true, &plan, err);
    }
    if (status == PGB_OK) {
        status = pgb_plan_append(w, &record, PGB_STAMP, false, &plan, err);
    }
    if (status == PGB_OK) {
        *ret_plan = plan;
    }
    return status;
}
