/* The database commands until src/run and rev/script stand; src/cli/meson.build leaves this file
 * out as soon as they do, and then it goes. */
#include "run/hashes.h"
#include "run/run.h"

static pgb_status unbuilt(pgb_error *err)
{
    return pgb_error_set(err, PGB_INTERNAL, "this build can't reach databases yet");
}

pgb_status pgb_runner_open(const pgb_run_options *options, pgb_runner **ret_runner, pgb_error *err)
{
    (void)options;
    (void)ret_runner;
    return unbuilt(err);
}

void pgb_runner_close(pgb_runner *runner)
{
    (void)runner;
}

pgb_status pgb_runner_lock(pgb_runner *runner, pgb_error *err)
{
    (void)runner;
    return unbuilt(err);
}

pgb_status pgb_runner_read(pgb_runner *runner, pgb_arena *arena, pgb_applied_set **ret_set,
                           pgb_error *err)
{
    (void)runner;
    (void)arena;
    (void)ret_set;
    return unbuilt(err);
}

pgb_status pgb_runner_execute(pgb_runner *runner, const pgb_world *world, const pgb_plan *plan,
                              pgb_run_summary *ret_summary, pgb_error *err)
{
    (void)runner;
    (void)world;
    (void)plan;
    (void)ret_summary;
    return unbuilt(err);
}

pgb_status pgb_hashes_of_applied(const pgb_revset *set, const pgb_applied_set *applied,
                                 pgb_arena *arena, pgb_world_hashes **ret_hashes, pgb_error *err)
{
    (void)set;
    (void)applied;
    (void)arena;
    (void)ret_hashes;
    return unbuilt(err);
}
