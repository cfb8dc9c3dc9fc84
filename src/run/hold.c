/* Which revisions of a plan wait for a backfill, by what the history says of backfills. */
#include <string.h>

#include "history/backfill.h"
#include "rev/backfill.h"
#include "run/internal.h"

typedef struct stand {
    pgb_backfill_states states;
    const pgb_backfills *backfills;
} stand;

static bool is_complete(void *data, const char *name)
{
    const stand *s = data;

    return pgb_backfill_is_complete(pgb_backfill_states_find(&s->states, name));
}

static bool may_run(void *data, const char *name, const pgb_bits *applied)
{
    const stand *s = data;
    const pgb_backfill *b = pgb_backfills_find(s->backfills, name);

    for (uint32_t i = 0; b != NULL && i < b->n_requires; i++) {
        uint32_t node = b->requires[i].node;

        if (node == PGB_NODE_NONE || !pgb_bits_get(applied, node)) {
            return false;
        }
    }
    return b != NULL;
}

/* How the backfills stand that revisions of the plan name; *ret_any false: none is named. */
static pgb_status look(pgb_runner *runner, const pgb_world *world, const pgb_plan *plan,
                       stand *ret_stand, bool *ret_any, pgb_error *err)
{
    bool any = false;

    for (uint32_t i = 0; i < plan->n && !any; i++) {
        const pgb_revision *rev = world->nodes[plan->steps[i].node].rev;

        any = rev != NULL && rev->n_backfills > 0;
    }
    *ret_any = any;
    return any && runner->session != NULL
               ? pgb_history_backfills(runner->session, runner->o.schema, runner->o.project,
                                       world->arena, &ret_stand->states, err)
               : PGB_OK;
}

pgb_status pgb_runner_hold(pgb_runner *runner, const pgb_world *world, pgb_plan *plan,
                           pgb_held **ret_held, uint32_t *ret_n, pgb_error *err)
{
    stand s = {.backfills = NULL};
    bool any;
    pgb_status status = look(runner, world, plan, &s, &any, err);

    *ret_held = NULL;
    *ret_n = 0;
    return status == PGB_OK && any
               ? pgb_plan_hold(world, is_complete, &s, plan, ret_held, ret_n, err)
               : status;
}

pgb_status pgb_runner_course(pgb_runner *runner, const pgb_world *world,
                             const pgb_backfills *backfills, const pgb_plan *plan,
                             pgb_course *ret_course, pgb_error *err)
{
    stand s = {.backfills = backfills};
    bool any;
    pgb_status status = look(runner, world, plan, &s, &any, err);

    return status == PGB_OK
               ? pgb_plan_course(world, is_complete, may_run, &s, plan, ret_course, err)
               : status;
}
