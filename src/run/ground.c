/* What a run stands on: after a new session, the history must still have what it had. A standby
 * that lagged behind and was promoted may have lost what the server before it had confirmed, and
 * what is built on that would have a hole below it. */
#include <string.h>

#include "run/internal.h"

static pgb_status read_ids(pgb_runner *r, pgb_arena *arena, pgb_map *applied, pgb_error *err)
{
    AUTO_RESULT(got);
    pgb_error own = PGB_ERROR_INIT;
    pgb_status status = runner_exec(r, pgb_history_ids(r->history, arena), &got, &own);

    if (status == PGB_SQL &&
        (strcmp(own.sqlstate, "42P01") == 0 || strcmp(own.sqlstate, "3F000") == 0)) {
        return PGB_OK; /* so far behind that it has no history: then it has nothing */
    }
    if (status != PGB_OK) {
        if (err != NULL && err->status == PGB_OK) {
            *err = own;
        }
        return status;
    }
    for (int i = 0; i < pgb_result_rows(got); i++) {
        const char *id = pgb_arena_strdup(arena, pgb_result_value(got, i, 0));

        if (id == NULL ||
            !pgb_map_add(applied, id, strlen(id), pgb_result_bool(got, i, 1), NULL, NULL)) {
            return pgb_error_nomem(err);
        }
    }
    return PGB_OK;
}

pgb_status ground_explain(pgb_error *err)
{
    pgb_error_detail(err, "the server that answers now lags behind the one before (a standby was "
                          "promoted, a backup restored), or another runner changed it meanwhile");
    pgb_error_hint(err, "nothing was built on that; make sure that this is the right server, then "
                        "run the command again: it plans anew");
    return err != NULL ? err->status : PGB_FAILED;
}

static pgb_status moved(const char *id, bool lost, bool ours, pgb_error *err)
{
    if (lost) {
        pgb_error_set(err, PGB_FAILED, "%s is no longer recorded as applied, though %s", id,
                      ours ? "this run had committed it" : "it was when this run began");
    } else {
        pgb_error_set(err, PGB_FAILED,
                      "%s is recorded as applied again, though this run had reverted it", id);
    }
    return ground_explain(err);
}

static pgb_status check(const task_list *tasks, const task *at, const pgb_map *applied,
                        pgb_arena *arena, pgb_error *err)
{
    const pgb_world *w = tasks->world;
    pgb_bits seen;

    if (!pgb_bits_init(&seen, arena, w->n)) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < tasks->n; i++) {
        const task *t = &tasks->at[i];
        uint32_t whole = 0;
        bool there;

        if (t->skip || t->done || t == at) {
            pgb_bits_set(&seen, t->step->node);
        }
        if (!t->done) {
            continue;
        }
        there = pgb_map_get(applied, t->node->id, strlen(t->node->id), &whole);
        if (t->up ? !there || whole == 0 : there) {
            return moved(t->node->id, t->up, true, err);
        }
    }
    for (uint32_t v = 0; v < w->n; v++) {
        const char *id = w->nodes[v].id;
        uint32_t whole;

        if (pgb_bits_get(&w->applied, v) && !pgb_bits_get(&seen, v) &&
            !pgb_map_get(applied, id, strlen(id), &whole)) {
            return moved(id, true, false, err);
        }
    }
    return PGB_OK;
}

pgb_status ground_read(pgb_runner *r, const task_list *tasks, pgb_arena *arena, pgb_map *applied,
                       pgb_error *err)
{
    pgb_status status = read_ids(r, arena, applied, err);

    return status == PGB_OK ? check(tasks, NULL, applied, arena, err) : status;
}

pgb_status ground_check(pgb_runner *r, const task_list *tasks, const task *at, pgb_error *err)
{
    pgb_map applied = PGB_MAP_INIT;
    PGB_AUTO_ARENA(arena);
    pgb_status status = arena != NULL ? read_ids(r, arena, &applied, err) : pgb_error_nomem(err);

    if (status == PGB_OK) {
        status = check(tasks, at, &applied, arena, err);
    }
    pgb_map_done(&applied);
    return status;
}
