/*
 * Revisions outside a transaction: statement by statement, each with a row that says how far it
 * came.
 *
 * What can run in a transaction commits together with its "done" row. The rest gets an "intent" row
 * before, which names it and marks what was there, and a "done" row after; between the two only the
 * catalog knows, so it is looked at before anything is repeated, and what a broken attempt left (an
 * invalid index, a pending detach) is cleared away first. The truth is always in the database:
 * after a lost connection the way is the same as after a restart, from the rows.
 */
#include <stdio.h>
#include <string.h>

#include "run/none.h"

static const pgb_step_row *find_row(const none *n, uint32_t ordinal)
{
    for (uint32_t i = 0; i < n->n_rows; i++) {
        if (n->rows[i].ordinal == ordinal) {
            return &n->rows[i];
        }
    }
    return NULL;
}

static pgb_status refuse_edited(none *n, const pgb_item *item, const pgb_step_row *row,
                                pgb_error *err)
{
    const char *id = n->t->node->id;

    pgb_error_set(err, PGB_REFUSED, "statement %u of %s was edited after it had been %s",
                  row->ordinal, id, row->done ? "run" : "begun");
    if (item != NULL) {
        pgb_script_locate(n->t->script, item, 0, err);
    }
    pgb_error_detail(err, "it was: %s %s, at %s", row->kind, row->object, row->at);
    pgb_error_hint(
        err, "put the statement back as it was; what is to be different belongs behind it, or "
             "into a revision of its own");
    return PGB_REFUSED;
}

/* Everything that was begun must still stand in the file, unchanged, before anything goes on. */
static pgb_status check_rows(none *n, pgb_error *err)
{
    uint32_t last = 0;
    pgb_status status = n->n_rows > 0 ? pgb_script_rewind(n->t->script, err) : PGB_OK;

    while (status == PGB_OK && n->n_rows > 0) {
        const pgb_step_row *row;
        pgb_item item = {0};

        status = pgb_script_next(n->t->script, &item, err);
        if (status != PGB_OK || item.kind == PGB_ITEM_END) {
            break;
        }
        if (item.kind != PGB_ITEM_STATEMENT) {
            continue;
        }
        last = item.ordinal;
        row = find_row(n, item.ordinal);
        if (row != NULL && strcmp(row->hash, item.hash) != 0) {
            status = refuse_edited(n, &item, row, err);
        }
    }
    for (uint32_t i = 0; i < n->n_rows && status == PGB_OK; i++) {
        if (n->rows[i].ordinal > last) {
            status = refuse_edited(n, NULL, &n->rows[i], err);
        }
    }
    return status;
}

static pgb_status statements(none *n, pgb_error *err)
{
    pgb_status status = pgb_script_rewind(n->t->script, err);

    while (status == PGB_OK) {
        const pgb_step_row *row;
        pgb_item item = {0};

        status = pgb_script_next(n->t->script, &item, err);
        if (status != PGB_OK || item.kind == PGB_ITEM_END) {
            break;
        }
        if (item.kind != PGB_ITEM_STATEMENT || item.facts.kind == PGB_STMT_EMPTY) {
            continue;
        }
        if (runner_interrupted(n->r)) {
            return pgb_error_set(err, PGB_INTERRUPTED, "interrupted");
        }
        row = find_row(n, item.ordinal);
        if (row == NULL || !row->done) {
            bool alone = item.facts.needs_no_transaction ||
                         (item.facts.kind == PGB_STMT_UNKNOWN &&
                          pgb_script_get_info(n->t->script)->n_statements == 1);

            status = alone ? none_outside(n, &item, row, err) : none_inside(n, &item, err);
        }
        if (status == PGB_OK) {
            status = none_remember(n, &item, err);
        }
    }
    return status;
}

static pgb_status verify(none *n, pgb_error *err)
{
    const pgb_revision *rev = n->t->node->rev;
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; n->t->up && i < rev->n_verify && status == PGB_OK; i++) {
        pgb_script *script = NULL;

        status = pgb_script_open(n->tasks->world->set, rev, PGB_SECTION_VERIFY, i, &script, err);
        while (status == PGB_OK) {
            AUTO_RESULT(got);
            pgb_item item = {0};

            status = pgb_script_next(script, &item, err);
            if (status != PGB_OK || item.kind == PGB_ITEM_END) {
                break;
            }
            if (item.kind != PGB_ITEM_STATEMENT || item.facts.kind == PGB_STMT_EMPTY) {
                continue;
            }
            status = pgb_exec(n->r->session, item.text, &got, err);
            if (status == PGB_OK && got != NULL) {
                status = cargo_check_verify(n->t, got, err);
            }
            if (status != PGB_OK) {
                pgb_script_locate(script, &item, pgb_session_error_position(n->r->session), err);
            }
        }
        pgb_script_close(script);
    }
    return status;
}

/* The last transaction: verify blocks, the whole row (or its end), and the statements' rows go. */
static pgb_status finish(none *n, pgb_error *err)
{
    AUTO_RESULT(got);
    pgb_statement *record = NULL;
    pgb_status status = none_replay(n, err);

    if (status == PGB_OK) {
        status = none_exec(n, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", err);
    }
    if (status == PGB_OK) {
        n->plain = false;
        status = verify(n, err);
    }
    if (status == PGB_OK) {
        status = none_restore(n, err);
    }
    if (status == PGB_OK) {
        status = none_transaction_id(n, n->t->xid, err);
    }
    if (status == PGB_OK) {
        status = record_statement(n->r, n->tasks, n->t, n->began, false, n->arena, &record, err);
    }
    if (status == PGB_OK) {
        status = runner_exec(n->r, record, &got, err);
    }
    if (status == PGB_OK && got != NULL && strcmp(pgb_result_tag(got), "INSERT 0 1") != 0) {
        pgb_error_set(err, PGB_FAILED, "%s is %s already", n->t->node->id,
                      n->t->up ? "recorded as applied" : "gone from the history");
        pgb_error_hint(err, "the history changed meanwhile: run the command again");
        return PGB_FAILED;
    }
    for (int up = 0; up < 2 && status == PGB_OK; up++) {
        status = runner_exec(
            n->r, pgb_history_clear_steps(n->r->history, n->arena, n->t->node->id, up != 0), NULL,
            err);
    }
    if (status == PGB_OK) {
        status = none_check_lock(n, err);
    }
    return status == PGB_OK ? none_commit(n, err) : status;
}

static pgb_status refuse_other_direction(none *n, pgb_error *err)
{
    pgb_step_row *rows = NULL;
    uint32_t n_rows = 0;
    pgb_status status = pgb_history_steps(n->r->session, n->r->history, n->t->node->id, !n->t->up,
                                          n->arena, &rows, &n_rows, err);

    if (status == PGB_OK && n_rows > 0) {
        const char *id = n->t->node->id;

        pgb_error_set(err, PGB_REFUSED, "%s of %s stopped half way, at statement %u",
                      n->t->up ? "a downgrade" : "the upgrade", id, rows[n_rows - 1].ordinal);
        pgb_error_hint(err,
                       n->t->up ? "finish it first: pgbraid downgrade %s^"
                                : "finish it first: pgbraid upgrade %s",
                       id);
        return PGB_REFUSED;
    }
    return status;
}

static pgb_status begin(none *n, pgb_error *err)
{
    AUTO_RESULT(now);
    pgb_statement *statement = NULL;
    bool known = n->t->node->applied != NULL && n->t->node->applied->incomplete;
    pgb_status status = pgb_exec(n->r->session, "SELECT pg_catalog.clock_timestamp()", &now, err);

    if (status != PGB_OK) {
        return status;
    }
    snprintf(n->began, sizeof n->began, "%s", pgb_result_value(now, 0, 0));
    if (known) {
        status = refuse_other_direction(n, err);
        if (status != PGB_OK) {
            return status;
        }
    }
    status = pgb_history_steps(n->r->session, n->r->history, n->t->node->id, n->t->up, n->arena,
                               &n->rows, &n->n_rows, err);
    if (status == PGB_OK) {
        status = check_rows(n, err);
    }
    if (status != PGB_OK || n->n_rows > 0 || known) {
        return status;
    }
    if (n->t->up) {
        status = record_statement(n->r, n->tasks, n->t, n->began, true, n->arena, &statement, err);
    } else {
        statement = pgb_history_mark_incomplete(n->r->history, n->arena, n->t->node->id);
    }
    return status == PGB_OK ? runner_exec(n->r, statement, NULL, err) : status;
}

static pgb_status once(none *n, pgb_error *err)
{
    pgb_status status = task_open(n->tasks, n->t, err);

    if (status == PGB_OK) {
        status = begin(n, err);
    }
    if (status == PGB_OK) {
        status = statements(n, err);
    }
    return status == PGB_OK ? finish(n, err) : status;
}

static pgb_status refuse_statement(const task *t, const pgb_item *item, pgb_error *err)
{
    if (item->facts.command != NULL && strcmp(item->facts.command, "DISCARD ALL") == 0) {
        pgb_error_set(err, PGB_PROJECT, "DISCARD ALL would release the runner lock");
        pgb_script_locate(t->script, item, 0, err);
        pgb_error_hint(err, "leave it out: the session is reset after each file");
        return PGB_PROJECT;
    }
    pgb_error_set(err, PGB_PROJECT,
                  "this statement is not understood, among others outside a transaction");
    pgb_script_locate(t->script, item, item->facts.parse_error_column, err);
    pgb_error_detail(err,
                     "%s; so it could neither be put into a transaction for certain, nor looked at "
                     "after an interruption",
                     item->facts.parse_error);
    pgb_error_hint(err, "give it a revision of its own");
    return PGB_PROJECT;
}

pgb_status none_refuse(task_list *tasks, task *t, pgb_error *err)
{
    pgb_status status = task_open(tasks, t, err);

    if (status == PGB_OK) {
        status = pgb_script_rewind(t->script, err);
    }
    while (status == PGB_OK) {
        pgb_item item = {0};

        status = pgb_script_next(t->script, &item, err);
        if (status != PGB_OK || item.kind == PGB_ITEM_END) {
            break;
        }
        if (item.kind == PGB_ITEM_STATEMENT &&
            ((item.facts.kind == PGB_STMT_UNKNOWN &&
              pgb_script_get_info(t->script)->n_statements > 1) ||
             (item.facts.command != NULL && strcmp(item.facts.command, "DISCARD ALL") == 0))) {
            status = refuse_statement(t, &item, err);
        }
    }
    return status;
}

pgb_status none_run(pgb_runner *r, task_list *tasks, task *t, pgb_error *err)
{
    t->began = pgb_clock_us();
    for (uint32_t losses = 0;; losses++) {
        none n = {.r = r, .tasks = tasks, .t = t, .arena = pgb_arena_new(), .plain = true};
        pgb_error failure = PGB_ERROR_INIT, again = PGB_ERROR_INIT;
        bool lost, in_doubt;
        pgb_status status;

        if (n.arena == NULL) {
            return pgb_error_nomem(err);
        }
        status = once(&n, &failure);
        t->took = pgb_clock_us() - t->began;
        lost = status != PGB_OK && r->session != NULL && pgb_session_lost(r->session);
        in_doubt = n.in_doubt;
        pgb_vec_done(&n.replay);
        if (status != PGB_OK && !lost) {
            runner_tidy(r, &again);
        } else if (status == PGB_OK) {
            status = runner_tidy(r, &failure);
            lost = status != PGB_OK && pgb_session_lost(r->session);
            if (lost) {
                /* it is done and recorded; what was lost is only the session */
                status = resolve_reconnect(r, pgb_deadline_in(r->o.resolve_deadline_ms), &failure);
                lost = false;
            }
        }
        pgb_arena_free(n.arena);
        if (lost) {
            pgb_error_hint(&failure,
                           "what was done is recorded statement by statement; run the same command "
                           "again: it looks first, and goes on");
        }
        /* an administrator who ends our session means it */
        if (!lost || losses >= LOST_MAX || runner_interrupted(r) ||
            strcmp(failure.sqlstate, "57P01") == 0) {
            if (lost && in_doubt && failure.status != PGB_UNKNOWN) {
                failure.status = status = PGB_UNKNOWN;
            }
            if (status != PGB_OK && err != NULL && err->status == PGB_OK) {
                *err = failure;
            }
            return status;
        }
        status = resolve_reconnect(r, pgb_deadline_in(r->o.resolve_deadline_ms), &again);
        if (status != PGB_OK) {
            if (in_doubt) {
                failure.status = PGB_UNKNOWN;
            }
            if (err != NULL && err->status == PGB_OK) {
                *err = failure;
            }
            return failure.status;
        }
        status = ground_check(r, tasks, t, err);
        if (status != PGB_OK) {
            return status;
        }
        if (in_doubt) {
            /* the last COMMIT may have been the whole revision's */
            AUTO_RESULT(got);
            PGB_AUTO_ARENA(arena);

            status = arena != NULL ? runner_exec(r,
                                                 pgb_history_outcome(r->history, arena, t->node->id,
                                                                     task_event(t), r->run),
                                                 &got, &again)
                                   : PGB_NOMEM;
            if (status == PGB_OK && pgb_result_rows(got) == 1 && pgb_result_bool(got, 0, 0)) {
                return PGB_OK;
            }
        }
    }
}
