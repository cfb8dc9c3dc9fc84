/* The facade's other half: what a database has, and changing it. */
#include <stdlib.h>
#include <string.h>

#include "lib/internal.h"
#include "run/hashes.h"
#include "run/run.h"

enum { LISTS = PGBRAID_MISSING + 1 };

struct pgbraid_state {
    pgb_arena *arena;
    const char **ids[LISTS];
    size_t n[LISTS];
};

/* A session with what was read over it. */
struct work {
    pgb_arena *arena;
    pgb_runner *runner;
    pgb_applied_set *applied;
    pgb_world *world;
};

static void work_done(struct work *work)
{
    if (work->world != NULL) {
        pgb_world_free(work->world);
    }
    if (work->applied != NULL) {
        pgb_applied_set_done(work->applied);
    }
    pgb_runner_close(work->runner);
    pgb_arena_free(work->arena);
}

static pgb_status work_begin(const pgbraid_project *project, const pgb_run_options *options,
                             struct work *work, pgb_error *err)
{
    pgb_world_hashes *hashes = NULL;
    pgb_status status = PGB_OK;

    work->arena = pgb_arena_new();
    if (work->arena == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_runner_open(options, &work->runner, err);
    if (status == PGB_OK && !options->read_only) {
        status = pgb_runner_lock(work->runner, err);
    }
    if (status == PGB_OK) {
        status = pgb_runner_read(work->runner, work->arena, &work->applied, err);
    }
    if (status == PGB_OK) {
        status = pgb_hashes_of_applied(project->set, work->applied, work->arena, &hashes, err);
    }
    if (status == PGB_OK) {
        status = pgb_world_build(project->set, work->applied, hashes, &work->world, err);
    }
    return status;
}

static pgb_run_options run_options(const pgbraid_project *project, const char *conninfo)
{
    return (pgb_run_options){
        .conninfo = conninfo,
        .project = project->conf->project,
        .schema = project->conf->history_schema,
        .lock_wait_ms = -1,
        .lock_timeout_ms = project->conf->lock_timeout_ms,
        .lock_deadline_ms = -1,
        .statement_timeout_ms = -1,
        .resolve_deadline_ms = -1,
    };
}

static bool belongs(const struct work *work, const pgb_bits *current, const pgb_bits *failed,
                    uint32_t node, int list)
{
    const pgb_world_node *n = &work->world->nodes[node];

    switch ((pgbraid_list)list) {
    case PGBRAID_APPLIED:
        return n->applied != NULL;
    case PGBRAID_CURRENT:
        return pgb_bits_get(current, node);
    case PGBRAID_PENDING:
        return n->applied == NULL;
    case PGBRAID_LATE:
        return n->applied == NULL && n->late;
    case PGBRAID_FAILED_LAST:
        return pgb_bits_get(failed, node);
    case PGBRAID_EDITED:
        return n->edited;
    case PGBRAID_REPARENTED:
        return n->reparented;
    case PGBRAID_MISSING:
        return n->rev == NULL;
    }
    return false;
}

static pgb_status fill_state(const struct work *work, pgbraid_state *state, pgb_error *err)
{
    const pgb_world *w = work->world;
    pgb_node_list list;
    pgb_bits current, failed;
    pgb_status status;

    if (!pgb_bits_init(&current, work->arena, w->n) || !pgb_bits_init(&failed, work->arena, w->n)) {
        return pgb_error_nomem(err);
    }
    status = pgb_world_current(w, &list, err);
    if (status != PGB_OK) {
        return status;
    }
    for (uint32_t i = 0; i < list.n; i++) {
        pgb_bits_set(&current, list.at[i]);
    }
    for (uint32_t i = 0; i < work->applied->n_failed; i++) {
        const char *id = work->applied->failed[i];
        uint32_t node;

        if (pgb_map_get(&w->by_id, id, strlen(id), &node)) {
            pgb_bits_set(&failed, node);
        }
    }
    for (int l = 0; l < LISTS; l++) {
        state->ids[l] = pgb_arena_array(state->arena, w->n + 1, sizeof *state->ids[l]);
        if (state->ids[l] == NULL) {
            return pgb_error_nomem(err);
        }
        for (uint32_t i = 0; i < w->n; i++) {
            if (belongs(work, &current, &failed, w->order[i], l)) {
                const char *id = pgb_arena_strdup(state->arena, w->nodes[w->order[i]].id);

                if (id == NULL) {
                    return pgb_error_nomem(err);
                }
                state->ids[l][state->n[l]++] = id;
            }
        }
    }
    return PGB_OK;
}

pgbraid_status pgbraid_state_read(const pgbraid_project *project, const char *conninfo,
                                  pgbraid_state **ret_state, pgbraid_error *error)
{
    pgb_error unseen, *err = pgb_lib_error(error, &unseen);
    pgb_run_options options = run_options(project, conninfo);
    pgbraid_state *state = calloc(1, sizeof *state);
    struct work work = {0};
    pgb_status status = PGB_OK;

    options.read_only = true;
    if (state == NULL || (state->arena = pgb_arena_new()) == NULL) {
        status = pgb_error_nomem(err);
    }
    if (status == PGB_OK) {
        status = work_begin(project, &options, &work, err);
    }
    if (status == PGB_OK) {
        status = fill_state(&work, state, err);
    }
    work_done(&work);
    if (status != PGB_OK) {
        pgbraid_state_free(state);
        return pgb_lib_status(status);
    }
    *ret_state = state;
    return PGBRAID_OK;
}

void pgbraid_state_free(pgbraid_state *state)
{
    if (state != NULL) {
        pgb_arena_free(state->arena);
        free(state);
    }
}

size_t pgbraid_state_count(const pgbraid_state *state, pgbraid_list list)
{
    return state->n[list];
}

const char *pgbraid_state_id(const pgbraid_state *state, pgbraid_list list, size_t index)
{
    return state->ids[list][index];
}

void pgbraid_options_init(pgbraid_options *options, size_t size)
{
    pgbraid_options defaults = {.lock_wait_ms = -1, .lock_timeout_ms = -1};

    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
    options->size = size;
}

static const char *action_name(pgb_action action)
{
    return action == PGB_UPGRADE ? "upgrade" : "downgrade";
}

static void step_begin(void *data, const pgb_world *w, const pgb_step *step, uint32_t nth,
                       uint32_t of)
{
    const pgbraid_options *o = data;

    if (o->step_begin != NULL) {
        o->step_begin(o->data, action_name(step->action), w->nodes[step->node].id, nth, of);
    }
}

static void step_end(void *data, const pgb_world *w, const pgb_step *step, int64_t duration_us)
{
    const pgbraid_options *o = data;

    if (o->step_end != NULL) {
        o->step_end(o->data, action_name(step->action), w->nodes[step->node].id, duration_us);
    }
}

static void notice(void *data, const char *severity, const char *text)
{
    const pgbraid_options *o = data;

    if (o->notice != NULL) {
        o->notice(o->data, severity, text);
    }
}

static void lock_wait(void *data, const char *holder, int64_t waited_ms)
{
    const pgbraid_options *o = data;

    if (o->waiting != NULL) {
        o->waiting(o->data, holder, waited_ms);
    }
}

static pgb_status refuse_late(const pgbraid_project *project, const pgb_world *w,
                              const pgb_plan *plan, pgb_error *err)
{
    for (uint32_t i = 0; project->conf->late_refused && i < plan->n; i++) {
        const pgb_world_node *n = &w->nodes[plan->steps[i].node];

        if (n->late) {
            return pgb_error_set(err, PGB_REFUSED,
                                 "%s is late: it stands below revisions that are applied already",
                                 n->id);
        }
    }
    return PGB_OK;
}

/* downgrade: targets is the one target, count 0 */
static pgbraid_status change(const pgbraid_project *project, const char *conninfo, bool upgrade,
                             const char *const *targets, size_t count,
                             const pgbraid_options *options, size_t *ret_done, pgbraid_error *error)
{
    pgb_error unseen, *err = pgb_lib_error(error, &unseen);
    pgb_run_options run = run_options(project, conninfo);
    pgbraid_options known;
    pgb_run_summary summary = {0};
    pgb_held *held = NULL;
    uint32_t n_held = 0;
    struct work work = {0};
    pgb_plan plan;
    pgb_status status;

    pgbraid_options_init(&known, sizeof known);
    if (options != NULL) {
        memcpy(&known, options, options->size < sizeof known ? options->size : sizeof known);
    }
    run.lock_wait_ms = known.lock_wait_ms;
    if (known.lock_timeout_ms >= 0) {
        run.lock_timeout_ms = known.lock_timeout_ms;
    }
    run.interrupted = known.cancel;
    run.events = (pgb_run_events){.data = &known,
                                  .step_begin = step_begin,
                                  .step_end = step_end,
                                  .notice = notice,
                                  .lock_wait = lock_wait};
    status = work_begin(project, &run, &work, err);
    if (status == PGB_OK && upgrade) {
        status = pgb_plan_upgrade(work.world, targets, (uint32_t)count, &plan, err);
        if (status == PGB_OK) {
            status = refuse_late(project, work.world, &plan, err);
        }
        if (status == PGB_OK) {
            status = pgb_runner_hold(work.runner, work.world, &plan, &held, &n_held, err);
        }
    } else if (status == PGB_OK) {
        status = pgb_plan_downgrade(work.world, targets[0], &plan, err);
    }
    if (status == PGB_OK && plan.n > 0) {
        status = pgb_runner_execute(work.runner, work.world, &plan, &summary, err);
    }
    if (ret_done != NULL) {
        *ret_done = summary.n_done;
    }
    work_done(&work);
    return pgb_lib_status(status);
}

pgbraid_status pgbraid_upgrade(const pgbraid_project *project, const char *conninfo,
                               const char *const *targets, size_t count,
                               const pgbraid_options *options, size_t *ret_done,
                               pgbraid_error *error)
{
    return change(project, conninfo, true, targets, count, options, ret_done, error);
}

pgbraid_status pgbraid_downgrade(const pgbraid_project *project, const char *conninfo,
                                 const char *target, const pgbraid_options *options,
                                 size_t *ret_done, pgbraid_error *error)
{
    return change(project, conninfo, false, &target, 0, options, ret_done, error);
}
