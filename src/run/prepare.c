#include <string.h>
#include <sys/resource.h>

#include "run/internal.h"

/* Scripts that stay open between the passes; the rest is opened again when its turn comes, and must
 * be the same then. */
enum { OPEN_BYTES = 8 * 1024 * 1024, OPEN_MAX = 300 };

const char *task_file(const task *t)
{
    return t->node->rev != NULL && t->stored == NULL ? t->node->rev->file
           : t->node->applied != NULL                ? t->node->applied->file
                                                     : t->node->id;
}

const char *task_event(const task *t)
{
    switch (t->step->action) {
    case PGB_UPGRADE:
        return "upgrade";
    case PGB_DOWNGRADE:
        return "downgrade";
    case PGB_STAMP:
        return "stamp";
    case PGB_UNSTAMP:
        break;
    }
    return "unstamp";
}

static uint32_t open_max(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < OPEN_MAX) {
        return (uint32_t)(limit.rlim_cur / 2);
    }
    return OPEN_MAX;
}

static pgb_status open_script(const task_list *tasks, task *t, pgb_error *err)
{
    if (t->stored != NULL) {
        return pgb_script_open_text(t->node->applied->file, t->stored, t->stored_len, &t->script,
                                    err);
    }
    return pgb_script_open(tasks->world->set, t->node->rev,
                           t->up ? PGB_SECTION_UP : PGB_SECTION_DOWN, 0, &t->script, err);
}

pgb_status task_open(task_list *tasks, task *t, pgb_error *err)
{
    const pgb_script_info *info;
    pgb_status status;

    if (t->script != NULL) {
        return PGB_OK;
    }
    status = open_script(tasks, t, err);
    if (status != PGB_OK) {
        return status;
    }
    info = pgb_script_get_info(t->script);
    tasks->n_open++;
    tasks->open_bytes += info->bytes;
    if (strcmp(info->hash_raw, t->hash_raw) != 0) {
        pgb_error_set(err, PGB_CHANGED, "%s changed while pgbraid was running", task_file(t));
        pgb_error_at(err, task_file(t), 1, 0, NULL, 0);
        pgb_error_hint(err, "nothing of it was applied; run the command again");
        return err != NULL ? err->status : PGB_CHANGED;
    }
    return PGB_OK;
}

void task_close(task_list *tasks, task *t)
{
    if (t->script != NULL) {
        tasks->n_open--;
        tasks->open_bytes -= pgb_script_get_info(t->script)->bytes;
        pgb_script_close(t->script);
        t->script = NULL;
    }
}

/* A statement that needs to be outside of a transaction, in a revision that is in one. */
static pgb_status refuse_in_transaction(const task *t, const pgb_script_info *info, pgb_error *err)
{
    bool discard = strcmp(info->first_no_transaction, "DISCARD ALL") == 0;

    pgb_error_set(err, PGB_PROJECT, "%s %s", info->first_no_transaction,
                  discard ? "would release the runner lock" : "cannot run inside a transaction");
    pgb_error_at(err, task_file(t), (int)info->first_no_transaction_line, 1, NULL, 0);
    if (discard) {
        pgb_error_hint(err, "leave it out: the session is reset after each file");
        return PGB_PROJECT;
    }
    pgb_error_hint(err,
                   "write \"-- pgbraid:transaction none\" into the header of %s, best with "
                   "this statement alone in it",
                   task_file(t));
    return err != NULL ? err->status : PGB_PROJECT;
}

/* verify blocks are opened once here, so that what is wrong with them is known before anything
 * runs */
static pgb_status check_verify(const task_list *tasks, const task *t, pgb_error *err)
{
    if (!t->up || t->node->rev == NULL) {
        return PGB_OK;
    }
    for (uint32_t i = 0; i < t->node->rev->n_verify; i++) {
        pgb_script *script = NULL;
        pgb_status status =
            pgb_script_open(tasks->world->set, t->node->rev, PGB_SECTION_VERIFY, i, &script, err);

        if (status != PGB_OK) {
            return status;
        }
        pgb_script_close(script);
    }
    return PGB_OK;
}

static pgb_status read_stored(pgb_runner *r, task *t, pgb_arena *arena, pgb_error *err)
{
    pgb_status status = pgb_history_text(r->session, r->o.schema, r->o.project, t->node->id,
                                         PGB_TEXT_DOWN, arena, &t->stored, &t->stored_len, err);

    if (status == PGB_OK && t->stored == NULL) {
        pgb_error_set(err, PGB_REFUSED, "%s has no way back", t->node->id);
        pgb_error_detail(err, "its file is gone, and its down text is not stored");
        pgb_error_hint(err, "put the file back from version control");
        return err != NULL ? err->status : PGB_REFUSED;
    }
    return status;
}

static pgb_status prepare(pgb_runner *r, task_list *tasks, task *t, pgb_arena *arena,
                          pgb_error *err)
{
    const pgb_revision *rev = t->node->rev;
    const pgb_applied *row = t->node->applied;
    const pgb_script_info *info;
    pgb_status status = PGB_OK;

    t->up = t->step->action == PGB_UPGRADE || t->step->action == PGB_STAMP;
    t->record_only = t->step->action == PGB_STAMP || t->step->action == PGB_UNSTAMP;
    t->inert = t->record_only;
    if (t->step->action == PGB_UNSTAMP) {
        return PGB_OK;
    }
    if (t->up && rev == NULL) {
        return pgb_error_set(err, PGB_INTERNAL, "%s has no file to apply", t->node->id);
    }
    if (!t->up && (rev == NULL || rev->down_kind != PGB_DOWN_SQL)) {
        if (row == NULL || !row->has_down_text) {
            pgb_error_set(err, PGB_REFUSED, "%s has no way back", t->node->id);
            return err != NULL ? err->status : PGB_REFUSED;
        }
        status = read_stored(r, t, arena, err);
        if (status != PGB_OK) {
            return status;
        }
        t->none = row->transaction_none;
    } else {
        t->none = rev->transaction_none;
    }
    status = open_script(tasks, t, err);
    if (status != PGB_OK) {
        return status;
    }
    info = pgb_script_get_info(t->script);
    tasks->n_open++;
    tasks->open_bytes += info->bytes;
    memcpy(t->hash_raw, info->hash_raw, sizeof t->hash_raw);
    t->has_copy = info->n_copies > 0;
    t->adds_enum_value = info->adds_enum_value;
    t->inert = t->inert || (info->inert && (!t->up || (rev != NULL && rev->n_verify == 0)));
    if (!t->record_only && !t->none && info->first_no_transaction != NULL) {
        return refuse_in_transaction(t, info, err);
    }
    if (!t->up && t->stored == NULL && rev != NULL && row != NULL && row->has_down &&
        row->down_norm[0] != '\0' && strcmp(row->down_norm, info->hash_norm) != 0) {
        runner_note(
            r, "NOTICE",
            "%s: the way back in %s is another than when it was applied; the file's is used",
            t->node->id, rev->file);
    }
    status = t->record_only ? PGB_OK : check_verify(tasks, t, err);
    if (status == PGB_OK && r->o.one_transaction && !t->record_only) {
        bool ignored; /* what can't be told is left to the server */

        status = pgb_script_locks(t->script, &t->lock_estimate, &ignored, err);
    }
    if (status == PGB_OK && t->none && !t->record_only) {
        status = none_refuse(tasks, t, err);
    }
    if (tasks->n_open >= open_max() || tasks->open_bytes > OPEN_BYTES) {
        task_close(tasks, t);
    }
    return status;
}

pgb_status tasks_prepare(pgb_runner *r, const pgb_world *world, const pgb_plan *plan,
                         pgb_arena *arena, task_list *ret_tasks, pgb_error *err)
{
    task_list tasks = {.world = world, .n = plan->n};
    pgb_status status = PGB_OK;

    tasks.at = pgb_arena_array(arena, (size_t)plan->n + 1, sizeof *tasks.at);
    if (tasks.at == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < plan->n && status == PGB_OK; i++) {
        task *t = &tasks.at[i];

        t->step = &plan->steps[i];
        t->nth = i;
        t->node = &world->nodes[t->step->node];
        status = prepare(r, &tasks, t, arena, err);
        if (status == PGB_OK && t->none && !t->record_only && r->pooled) {
            pgb_error_set(err, PGB_UNSAFE,
                          "%s runs outside a transaction, and a pooler stands "
                          "between us and the server",
                          t->node->id);
            pgb_error_at(err, task_file(t), 1, 0, NULL, 0);
            pgb_error_hint(err, "give a URL that leads to the server itself: -d postgresql://…");
            status = err != NULL ? err->status : PGB_UNSAFE;
        }
        if (runner_interrupted(r) && status == PGB_OK) {
            status = pgb_error_set(err, PGB_INTERRUPTED, "interrupted");
        }
    }
    if (status != PGB_OK) {
        tasks_done(&tasks);
        return status;
    }
    *ret_tasks = tasks;
    return PGB_OK;
}

void tasks_done(task_list *tasks)
{
    for (uint32_t i = 0; i < tasks->n; i++) {
        task_close(tasks, &tasks->at[i]);
    }
}
