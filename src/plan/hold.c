/* What waits for a backfill, and an upgrade with the backfills in their places. */
#include <string.h>

#include "plan/internal.h"

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

/* ---- with backfills ---- */

typedef struct pretence {
    pgb_is_complete *is_complete;
    void *data;
    PGB_VEC(const char *) run; /* as if they were complete */
} pretence;

static bool was_run(const pretence *p, const char *backfill)
{
    for (size_t i = 0; i < p->run.n; i++) {
        if (strcmp(p->run.at[i], backfill) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_complete_then(void *data, const char *backfill)
{
    const pretence *p = data;

    return was_run(p, backfill) || p->is_complete(p->data, backfill);
}

/* One stretch: what can be applied now goes to the course, what is held stays in `pending`. */
static pgb_status stretch(const pgb_world *w, pretence *p, pgb_bits *applied, pgb_bits *pending,
                          pgb_course *course, pgb_error *err)
{
    pgb_plan plan = {NULL, 0};
    pgb_status status = pgb_plan_append(w, pending, PGB_UPGRADE, false, &plan, err);

    if (status == PGB_OK) {
        status = pgb_plan_hold(w, is_complete_then, p, &plan, &course->held, &course->n_held, err);
    }
    for (uint32_t i = 0; status == PGB_OK && i < plan.n; i++) {
        pgb_bits_set(applied, plan.steps[i].node);
        pgb_bits_unset(pending, plan.steps[i].node);
        course->steps[course->n++] = (pgb_course_step){NULL, plan.steps[i]};
    }
    return status;
}

static const char *choose(const pretence *p, pgb_may_run *may_run, const pgb_bits *applied,
                          const pgb_course *course)
{
    for (uint32_t i = 0; i < course->n_held; i++) {
        const char *backfill = course->held[i].backfill;

        if (backfill != NULL && !was_run(p, backfill) && may_run(p->data, backfill, applied)) {
            return backfill;
        }
    }
    return NULL;
}

pgb_status pgb_plan_course(const pgb_world *w, pgb_is_complete *is_complete, pgb_may_run *may_run,
                           void *data, const pgb_plan *plan, pgb_course *ret_course, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    pretence p = {.is_complete = is_complete, .data = data};
    pgb_course course = {0};
    pgb_bits applied, pending;
    size_t most = plan->n;
    pgb_status status = PGB_OK;

    if (scratch == NULL || !pgb_bits_init(&applied, scratch, w->n) ||
        !pgb_bits_init(&pending, scratch, w->n)) {
        return pgb_error_nomem(err);
    }
    for (uint32_t v = 0; v < w->n; v++) {
        if (pgb_bits_get(&w->applied, v)) {
            pgb_bits_set(&applied, v);
        }
    }
    for (uint32_t i = 0; i < plan->n; i++) {
        const pgb_revision *rev = w->nodes[plan->steps[i].node].rev;

        pgb_bits_set(&pending, plan->steps[i].node);
        most += rev != NULL ? rev->n_backfills : 0;
    }
    course.steps = pgb_arena_array(w->arena, most + 1, sizeof *course.steps);
    if (course.steps == NULL) {
        return pgb_error_nomem(err);
    }
    for (;;) {
        const char *next;

        status = stretch(w, &p, &applied, &pending, &course, err);
        next = status == PGB_OK ? choose(&p, may_run, &applied, &course) : NULL;
        if (next == NULL) {
            break;
        }
        course.steps[course.n++] = (pgb_course_step){.backfill = next};
        if (!pgb_vec_push(&p.run, next)) {
            status = pgb_error_nomem(err);
            break;
        }
    }
    pgb_vec_done(&p.run);
    if (status == PGB_OK) {
        *ret_course = course;
    }
    return status;
}
