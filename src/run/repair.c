/* What people decide: an edited file is right, its parents are, a statement was done. */
#include <stdio.h>
#include <string.h>

#include "base/linediff.h"
#include "run/internal.h"

static pgb_status open_task(pgb_runner *r, const pgb_world *world, uint32_t node, pgb_arena *arena,
                            pgb_step *step, task_list *ret_tasks, pgb_error *err)
{
    pgb_plan plan = {.steps = step, .n = 1};

    (void)r;
    /* as a stamp: the file is read and checked, and nothing of it runs */
    *step = (pgb_step){.action = PGB_STAMP, .node = node};
    return tasks_prepare(r, world, &plan, arena, ret_tasks, err);
}

static pgb_status refuse_without_file(const pgb_world_node *n, pgb_error *err)
{
    pgb_error_set(err, PGB_REFUSED, "%s has no file to take as right", n->id);
    pgb_error_hint(
        err, "put the file back from version control, or forget the row: pgbraid stamp --purge "
             "heads");
    return PGB_REFUSED;
}

static pgb_status step_row(pgb_runner *r, const pgb_world_node *n, uint32_t ordinal,
                           pgb_arena *arena, pgb_step_row *ret_row, bool *ret_up, pgb_error *err)
{
    uint32_t open = 0;

    for (int up = 1; up >= 0; up--) {
        pgb_step_row *rows = NULL;
        uint32_t n_rows = 0;
        pgb_status status =
            pgb_history_steps(r->session, r->history, n->id, up != 0, arena, &rows, &n_rows, err);

        if (status != PGB_OK) {
            return status;
        }
        for (uint32_t i = 0; i < n_rows; i++) {
            if (!rows[i].done) {
                open = rows[i].ordinal;
            }
            if (rows[i].ordinal == ordinal && !rows[i].done) {
                *ret_row = rows[i];
                *ret_up = up != 0;
                return PGB_OK;
            }
        }
    }
    pgb_error_set(err, PGB_REFUSED, "statement %u of %s is not waiting for a decision", ordinal,
                  n->id);
    if (open != 0) {
        pgb_error_hint(err,
                       "statement %u is: pgbraid repair %s --statement %u --done, or --not-done",
                       open, n->id, open);
    } else {
        pgb_error_hint(err, "pgbraid status shows what is incomplete");
    }
    return PGB_REFUSED;
}

/* The statement that repairs, and what the event log says of it. */
static pgb_status compose(pgb_runner *r, const pgb_world *world, uint32_t node, pgb_repair repair,
                          uint32_t ordinal, pgb_arena *arena, task_list *tasks,
                          pgb_statement **ret_statement, const char **ret_message, pgb_error *err)
{
    const pgb_world_node *n = &world->nodes[node];
    pgb_record record;
    pgb_step_row row;
    pgb_step *step = pgb_arena_alloc(arena, sizeof *step);
    bool up = true;
    pgb_status status;

    if (step == NULL) {
        return pgb_error_nomem(err);
    }
    switch (repair) {
    case PGB_REPAIR_TEXT:
    case PGB_REPAIR_PARENTS:
        if (n->rev == NULL) {
            return refuse_without_file(n, err);
        }
        status = open_task(r, world, node, arena, step, tasks, err);
        if (status == PGB_OK) {
            status = record_fill(r, tasks, &tasks->at[0], NULL, false, arena, &record, err);
        }
        if (status != PGB_OK) {
            return status;
        }
        *ret_statement = repair == PGB_REPAIR_TEXT
                             ? pgb_history_accept_text(r->history, arena, &record)
                             : pgb_history_accept_parents(r->history, arena, &record);
        *ret_message =
            repair == PGB_REPAIR_TEXT
                ? pgb_arena_printf(arena, "the edited file was accepted; up was %s, is %s",
                                   n->applied->up_raw, record.up_raw)
                : "the file's parents, depends and labels were accepted";
        break;
    case PGB_REPAIR_DONE:
    case PGB_REPAIR_NOT_DONE:
        status = step_row(r, n, ordinal, arena, &row, &up, err);
        if (status != PGB_OK) {
            return status;
        }
        row.done = true;
        *ret_statement = repair == PGB_REPAIR_DONE
                             ? pgb_history_set_step(r->history, arena, n->id, up, &row, r->run)
                             : pgb_history_delete_step(r->history, arena, n->id, up, ordinal);
        *ret_message =
            pgb_arena_printf(arena, "statement %u (%s %s) was declared %s", ordinal, row.kind,
                             row.object, repair == PGB_REPAIR_DONE ? "done" : "not done");
        break;
    }
    return *ret_statement != NULL && *ret_message != NULL ? PGB_OK : pgb_error_nomem(err);
}

/* Both, or neither. */
static pgb_status write_both(pgb_runner *r, const char *id, const pgb_statement *statement,
                             const char *message, pgb_arena *arena, pgb_error *err)
{
    AUTO_RESULT(got);
    pgb_status status = pgb_exec(r->session, "BEGIN", NULL, err);

    if (status == PGB_OK) {
        status = runner_exec(r, statement, NULL, err);
    }
    if (status == PGB_OK) {
        status = runner_exec(
            r, pgb_history_event(r->history, arena, id, "repair", r->run, r->from, 0, "", message),
            NULL, err);
    }
    if (status == PGB_OK) {
        status = pgb_exec(r->session, "COMMIT", &got, err);
        if (status == PGB_OK && got != NULL && strcmp(pgb_result_tag(got), "COMMIT") != 0) {
            status =
                pgb_error_set(err, PGB_FAILED, "the server rolled the repair back at its COMMIT");
        } else if (status != PGB_OK && pgb_session_lost(r->session) && err != NULL) {
            err->status = status = PGB_UNKNOWN;
            pgb_error_hint(
                err, "pgbraid status tells whether it is repaired; repairing again is harmless");
        }
    }
    if (status != PGB_OK) {
        runner_tidy(r, NULL);
    }
    return status;
}

pgb_status pgb_runner_repair(pgb_runner *r, const pgb_world *world, uint32_t node,
                             pgb_repair repair, uint32_t ordinal, pgb_error *err)
{
    const pgb_world_node *n = &world->nodes[node];
    PGB_AUTO_ARENA(arena);
    task_list tasks = {0};
    pgb_statement *statement = NULL;
    const char *message = NULL;
    pgb_status status = pgb_runner_lock(r, err);

    if (status != PGB_OK) {
        return status;
    }
    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    if (n->applied == NULL) {
        pgb_error_set(err, PGB_REFUSED, "%s is not applied, so its record can't be repaired",
                      n->id);
        pgb_error_hint(err, "pgbraid status shows what is applied");
        return PGB_REFUSED;
    }
    pgb_random_uuid(r->run);
    if (r->history == NULL) {
        status = pgb_history_ensure(r->session, r->o.schema, NULL, err);
        if (status == PGB_OK) {
            status =
                pgb_history_open(r->session, r->o.schema, r->o.project, r->arena, &r->history, err);
        }
    }
    if (status == PGB_OK) {
        status = compose(r, world, node, repair, ordinal, arena, &tasks, &statement, &message, err);
    }
    if (status == PGB_OK) {
        status = write_both(r, n->id, statement, message, arena, err);
    }
    tasks_done(&tasks);
    return status;
}

pgb_status pgb_runner_difference(pgb_runner *r, const pgb_world *world, uint32_t node, pgb_buf *out,
                                 pgb_error *err)
{
    const pgb_world_node *n = &world->nodes[node];
    PGB_AUTO_ARENA(arena);
    pgb_script *script = NULL;
    const pgb_script_info *info;
    const char *stored = NULL;
    size_t len = 0;
    char name[300];
    pgb_status status;

    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    if (n->rev == NULL || n->applied == NULL) {
        return PGB_OK;
    }
    status = pgb_history_text(r->session, r->o.schema, r->o.project, n->id, PGB_TEXT_UP, arena,
                              &stored, &len, err);
    if (status == PGB_OK) {
        status = pgb_script_open(world->set, n->rev, PGB_SECTION_UP, 0, &script, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    info = pgb_script_get_info(script);
    if (stored == NULL || info->text == NULL) {
        pgb_buf_printf(out,
                       "(%s of %s is not stored, only its hash: it was over 1 MiB, or was stamped "
                       "without a file)\n",
                       "the up text", n->id);
    } else {
        snprintf(name, sizeof name, "%.200s as applied", n->id);
        pgb_line_diff(name, stored, len, n->rev->file, info->text, (size_t)info->text_len, out);
    }
    pgb_script_close(script);
    return out->failed ? pgb_error_nomem(err) : PGB_OK;
}
