/* Which revisions of a plan wait for a backfill, by what the history says of backfills. */
#include <string.h>

#include "history/backfill.h"
#include "run/internal.h"

static bool is_complete(void *data, const char *name)
{
    return pgb_backfill_is_complete(pgb_backfill_states_find(data, name));
}

pgb_status pgb_runner_hold(pgb_runner *runner, const pgb_world *world, pgb_plan *plan,
                           pgb_held **ret_held, uint32_t *ret_n, pgb_error *err)
{
    pgb_backfill_states states = {NULL, 0};
    bool any = false;

    for (uint32_t i = 0; i < plan->n && !any; i++) {
        const pgb_revision *rev = world->nodes[plan->steps[i].node].rev;

        any = rev != NULL && rev->n_backfills > 0;
    }
    *ret_held = NULL;
    *ret_n = 0;
    if (!any) {
        return PGB_OK;
    }
    if (runner->session != NULL) {
        pgb_status status = pgb_history_backfills(runner->session, runner->o.schema,
                                                  runner->o.project, world->arena, &states, err);

        if (status != PGB_OK) {
            return status;
        }
    }
    return pgb_plan_hold(world, is_complete, &states, plan, ret_held, ret_n, err);
}
