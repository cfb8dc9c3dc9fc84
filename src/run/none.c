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

#include "run/look.h"
#include "run/trip.h"

typedef struct none {
    pgb_runner *r;
    task_list *tasks;
    task *t;
    pgb_arena *arena;
    pgb_step_row *rows; /* as they were found */
    uint32_t n_rows;
    PGB_VEC(const char *) replay; /* SET and RESET of the file so far, for a session that is new */
    bool plain;                   /* nothing of the file's is set in the session */
    char began[64];               /* by the server's clock */
    bool in_doubt;                /* a COMMIT was sent and not answered */
} none;

static pgb_status run(none *n, const char *sql, pgb_error *err)
{
    return pgb_exec(n->r->session, sql, NULL, err);
}

static pgb_status restore(none *n, pgb_error *err)
{
    PGB_AUTO_BUF(b);

    for (size_t i = 0; i < runner_n_restore; i++) {
        pgb_buf_printf(&b, "%s; ", runner_restore[i]);
    }
    pgb_buf_puts(&b, n->r->settings);
    n->plain = true;
    return b.failed ? pgb_error_nomem(err) : run(n, pgb_buf_str(&b), err);
}

static pgb_status replay(none *n, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (size_t i = 0; i < n->replay.n && status == PGB_OK && n->plain; i++) {
        status = run(n, n->replay.at[i], err);
    }
    n->plain = n->replay.n == 0;
    return status;
}

/* SET and RESET last for the session, so they count for the statements behind them, also when those
 * run in another session than they did. */
static bool is_setting(const pgb_facts *f)
{
    return f->command != NULL &&
           (strncmp(f->command, "SET ", 4) == 0 || strncmp(f->command, "RESET", 5) == 0) &&
           strcmp(f->command, "SET LOCAL") != 0 && strcmp(f->command, "SET TRANSACTION") != 0 &&
           strcmp(f->command, "SET CONSTRAINTS") != 0;
}

static pgb_status remember_setting(none *n, const pgb_item *item, pgb_error *err)
{
    const char *copy;

    if (!is_setting(&item->facts)) {
        return PGB_OK;
    }
    copy = pgb_arena_strndup(n->arena, item->text, item->len);
    return copy != NULL && pgb_vec_push(&n->replay, copy) ? PGB_OK : pgb_error_nomem(err);
}

static pgb_status check_lock(none *n, pgb_error *err)
{
    AUTO_RESULT(got);
    char sql[512];
    pgb_status status;

    snprintf(sql, sizeof sql,
             "SELECT 1 FROM pg_catalog.pg_locks l WHERE %s AND l.granted AND l.pid "
             "OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()",
             n->r->lock_where);
    status = pgb_exec(n->r->session, sql, &got, err);
    if (status == PGB_OK && pgb_result_rows(got) == 0) {
        pgb_error_set(err, PGB_UNSAFE, "the runner lock is no longer held");
        pgb_error_detail(err,
                         "%s released it (pg_advisory_unlock_all, DISCARD ALL), or somebody else "
                         "did",
                         n->t->node->id);
        pgb_error_hint(err, "take that out of it and run again");
        return PGB_UNSAFE;
    }
    return status;
}

static pgb_status transaction_id(none *n, char id[32], pgb_error *err)
{
    AUTO_RESULT(got);
    pgb_status status = pgb_exec(n->r->session, "SELECT pg_catalog.txid_current()", &got, err);

    if (status == PGB_OK) {
        snprintf(id, 32, "%s", pgb_result_value(got, 0, 0));
    }
    return status;
}

/* COMMIT, and nothing but COMMIT is a success. */
static pgb_status commit(none *n, pgb_error *err)
{
    AUTO_RESULT(got);
    pgb_status status;

    n->in_doubt = true;
    status = pgb_exec(n->r->session, "COMMIT", &got, err);
    if (status == PGB_OK || !pgb_session_lost(n->r->session)) {
        n->in_doubt = false;
    }
    if (status == PGB_OK && got != NULL && strcmp(pgb_result_tag(got), "COMMIT") != 0) {
        return pgb_error_set(err, PGB_FAILED, "the server rolled %s back at its COMMIT",
                             n->t->node->id);
    }
    return status;
}

static pgb_status write_step(none *n, const pgb_item *item, const char *object, const char *before,
                             bool done, pgb_error *err)
{
    pgb_step_row row = {.ordinal = item->ordinal,
                        .hash = item->hash,
                        .kind = item->facts.command,
                        .object = object,
                        .done = done,
                        .before = before};

    return runner_exec(
        n->r,
        pgb_history_set_step(n->r->history, n->arena, n->t->node->id, n->t->up, &row, n->r->run),
        NULL, err);
}

static void locate(none *n, const pgb_item *item, pgb_error *err)
{
    pgb_script_locate(n->t->script, item, pgb_session_error_position(n->r->session), err);
    explain(n->r, n->t, err);
}

static pgb_status feed_copy(none *n, const pgb_item *item, pgb_error *err)
{
    pgb_item piece = {0};
    pgb_status status = pgb_copy_begin(n->r->session, item->text, err), ended;

    if (status != PGB_OK) {
        return status;
    }
    do {
        status = pgb_script_next(n->t->script, &piece, err);
        if (status == PGB_OK && piece.kind == PGB_ITEM_COPY_DATA) {
            status = pgb_copy_data(n->r->session, piece.text, piece.len, err);
        }
        if (status == PGB_OK && runner_interrupted(n->r)) {
            status = pgb_error_set(err, PGB_INTERRUPTED, "interrupted");
        }
    } while (status == PGB_OK && piece.kind == PGB_ITEM_COPY_DATA);
    ended = pgb_copy_end(n->r->session, status != PGB_OK ? "pgbraid gave up" : NULL,
                         status == PGB_OK ? err : NULL);
    return status != PGB_OK ? status : ended;
}

/* A statement and its "done" row in one transaction. */
static pgb_status inside_once(none *n, const pgb_item *item, pgb_error *err)
{
    char before[32] = "", after[32] = "";
    pgb_status status = replay(n, err);

    if (status == PGB_OK) {
        status = run(n, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", err);
    }
    if (status == PGB_OK) {
        status = transaction_id(n, before, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    n->plain = false;
    status =
        item->facts.kind == PGB_STMT_COPY_IN ? feed_copy(n, item, err) : run(n, item->text, err);
    if (status != PGB_OK) {
        locate(n, item, err);
        return status;
    }
    status = restore(n, err);
    if (status == PGB_OK) {
        status = transaction_id(n, after, err);
    }
    if (status == PGB_OK && strcmp(before, after) != 0) {
        pgb_error_set(err, PGB_FAILED, "%s ended the transaction that it ran in", n->t->node->id);
        pgb_script_locate(n->t->script, item, 0, err);
        pgb_error_hint(err, "take BEGIN, COMMIT and ROLLBACK out of what it calls");
        return PGB_FAILED;
    }
    if (status == PGB_OK) {
        status = check_lock(n, err);
    }
    if (status == PGB_OK) {
        status = write_step(n, item, "", "", true, err);
    }
    return status == PGB_OK ? commit(n, err) : status;
}

static pgb_status inside(none *n, const pgb_item *item, pgb_error *err)
{
    for (;;) {
        pgb_error failure = PGB_ERROR_INIT, ignored = PGB_ERROR_INIT;
        pgb_status status = inside_once(n, item, &failure);

        /* a COPY has given its data away: only the whole run can offer it again */
        if (status != PGB_OK && !pgb_session_lost(n->r->session)) {
            runner_tidy(n->r, &ignored);
            n->plain = true;
            if (blocked_is_retryable(&failure) && item->facts.kind != PGB_STMT_COPY_IN) {
                status = blocked_back_off(n->r, n->t, &failure);
                if (status == PGB_OK) {
                    continue;
                }
            }
        }
        if (status != PGB_OK && err != NULL && err->status == PGB_OK) {
            *err = failure;
        }
        return status;
    }
}

/* Clears away what a broken attempt left. Nobody's lock_timeout may end it half way. */
static pgb_status mend(none *n, const look *l, pgb_error *err)
{
    pgb_status status = run(n, "SET lock_timeout = 0; SET statement_timeout = 0", err);

    if (status == PGB_OK) {
        runner_note(n->r, "NOTICE", "%s: %s; %s", n->t->node->id, l->what, l->mend);
        status = run(n, l->mend, err);
    }
    if (status == PGB_OK) {
        pgb_error ignored = PGB_ERROR_INIT;

        n->plain = false;
        status = restore(n, err);
        if (status == PGB_OK) {
            runner_exec(n->r,
                        pgb_history_event(n->r->history, n->arena, n->t->node->id, "mend",
                                          n->r->run, n->r->from, 0, "", l->mend),
                        NULL, &ignored);
        }
    } else {
        pgb_error_context(err, "while clearing away: %s", l->what);
    }
    return status;
}

static pgb_status undecided(none *n, const pgb_item *item, const look *l, pgb_error *err)
{
    const char *id = n->t->node->id;

    pgb_error_set(err, PGB_UNKNOWN,
                  "statement %u of %s was begun, and it is not known whether it was "
                  "done: %s",
                  item->ordinal, id, l->what);
    pgb_script_locate(n->t->script, item, 0, err);
    if (l->examine != NULL) {
        pgb_error_detail(err, "look at: %s", l->examine);
    }
    pgb_error_hint(
        err,
        "when you know, record it and run again: pgbraid repair %s --statement %u --done, or "
        "--not-done",
        id, item->ordinal);
    return PGB_UNKNOWN;
}

/* An invalid index that was there before us is not ours to drop. */
static pgb_status not_ours(none *n, const pgb_item *item, const look *l, pgb_error *err)
{
    pgb_error_set(err, PGB_FAILED, "%s", l->what);
    pgb_script_locate(n->t->script, item, 0, err);
    pgb_error_detail(err,
                     "IF NOT EXISTS takes it for the index that is wanted, and it serves no query");
    pgb_error_hint(err, "when nobody is building it now: %s; then run again",
                   l->examine != NULL ? l->examine : "drop it");
    return PGB_FAILED;
}

/* Runs it for real; on failure what it left is cleared away and its intent forgotten. */
static pgb_status attempt(none *n, const pgb_item *item, const char *object, const char *before,
                          pgb_error *err)
{
    pgb_error failure = PGB_ERROR_INIT, ignored = PGB_ERROR_INIT;
    look l = {0};
    pgb_status status = replay(n, &failure), looked;

    if (status == PGB_OK) {
        /* a timeout would leave an index invalid */
        status = run(n, "SET lock_timeout = 0; SET statement_timeout = 0", &failure);
    }
    if (status == PGB_OK) {
        n->plain = false;
        status = run(n, item->text, &failure);
        if (status != PGB_OK) {
            locate(n, item, &failure);
        }
    }
    if (status != PGB_OK && pgb_session_lost(n->r->session)) {
        if (err != NULL && err->status == PGB_OK) {
            *err = failure;
        }
        return status;
    }
    runner_quiet(n->r, true);
    looked = look_after(n->r, &item->facts, object, before, status == PGB_OK, n->arena, &l,
                        status == PGB_OK ? &failure : &ignored);
    if (status == PGB_OK && looked != PGB_OK) {
        status = looked;
    } else if (looked == PGB_OK && l.finding == LOOK_HALF) {
        bool was_fine = status == PGB_OK;

        looked = mend(n, &l, was_fine ? &failure : &ignored);
        if (was_fine && looked != PGB_OK) {
            status = looked;
        } else if (was_fine && !l.finishes &&
                   item->facts.kind == PGB_STMT_CREATE_INDEX_CONCURRENTLY) {
            status = pgb_error_set(&failure, PGB_FAILED,
                                   "the server said that the index was made, but it was invalid");
            pgb_script_locate(n->t->script, item, 0, &failure);
            pgb_error_hint(&failure, "it was dropped; run again");
        }
    } else if (status == PGB_OK && l.finding == LOOK_UNDECIDED) {
        status = not_ours(n, item, &l, &failure);
    }
    if (status != PGB_OK && !pgb_session_lost(n->r->session) && looked == PGB_OK) {
        pgb_error tidy = PGB_ERROR_INIT;

        /* nothing of it is left: the next run begins with it */
        if (runner_tidy(n->r, &tidy) == PGB_OK) {
            n->plain = true;
            runner_quiet(n->r, true);
            runner_exec(n->r,
                        pgb_history_delete_step(n->r->history, n->arena, n->t->node->id, n->t->up,
                                                item->ordinal),
                        NULL, &tidy);
        }
    }
    if (!pgb_session_lost(n->r->session)) {
        runner_quiet(n->r, false);
    }
    if (status != PGB_OK && err != NULL && err->status == PGB_OK) {
        *err = failure;
    }
    return status;
}

/* A statement that refuses a transaction: intent, work, look, done. row: what an earlier attempt
 * left; NULL: none. */
static pgb_status outside(none *n, const pgb_item *item, const pgb_step_row *row, pgb_error *err)
{
    const char *object = row != NULL ? row->object : "", *before = row != NULL ? row->before : "";
    pgb_status status = replay(n, err);
    bool done = false;

    if (status == PGB_OK && row != NULL) {
        look l = {0};

        status = look_after(n->r, &item->facts, object, before, false, n->arena, &l, err);
        if (status == PGB_OK && l.finding == LOOK_UNDECIDED) {
            return undecided(n, item, &l, err);
        }
        if (status == PGB_OK && l.finding == LOOK_HALF) {
            status = mend(n, &l, err);
            done = l.finishes;
        } else if (status == PGB_OK && l.finding == LOOK_DONE) {
            runner_note(n->r, "NOTICE", "%s: statement %u was done before the interruption",
                        n->t->node->id, item->ordinal);
            done = true;
        }
        if (status == PGB_OK) {
            status = replay(n, err);
        }
    }
    if (status == PGB_OK && !done) {
        status = look_object(n->r, &item->facts, n->arena, &object, err);
        if (status == PGB_OK) {
            status = look_before(n->r, &item->facts, n->arena, &before, err);
        }
        if (status == PGB_OK) {
            status = restore(n, err);
        }
        if (status == PGB_OK) {
            status = check_lock(n, err);
        }
        if (status == PGB_OK) {
            status = write_step(n, item, object, before, false, err);
        }
        if (status == PGB_OK) {
            status = attempt(n, item, object, before, err);
        }
    }
    if (status == PGB_OK) {
        status = restore(n, err);
    }
    if (status == PGB_OK) {
        status = check_lock(n, err);
    }
    return status == PGB_OK ? write_step(n, item, object, before, true, err) : status;
}

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

            status = alone ? outside(n, &item, row, err) : inside(n, &item, err);
        }
        if (status == PGB_OK) {
            status = remember_setting(n, &item, err);
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
    pgb_status status = replay(n, err);

    if (status == PGB_OK) {
        status = run(n, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", err);
    }
    if (status == PGB_OK) {
        n->plain = false;
        status = verify(n, err);
    }
    if (status == PGB_OK) {
        status = restore(n, err);
    }
    if (status == PGB_OK) {
        status = transaction_id(n, n->t->xid, err);
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
        status = check_lock(n, err);
    }
    return status == PGB_OK ? commit(n, err) : status;
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
