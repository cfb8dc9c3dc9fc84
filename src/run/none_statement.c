/* One statement of a revision outside a transaction. */
#include <stdio.h>
#include <string.h>

#include "run/none.h"

pgb_status none_exec(none *n, const char *sql, pgb_error *err)
{
    return pgb_exec(n->r->session, sql, NULL, err);
}

pgb_status none_restore(none *n, pgb_error *err)
{
    PGB_AUTO_BUF(b);

    for (size_t i = 0; i < runner_n_restore; i++) {
        pgb_buf_printf(&b, "%s; ", runner_restore[i]);
    }
    pgb_buf_puts(&b, n->r->settings);
    n->plain = true;
    return b.failed ? pgb_error_nomem(err) : none_exec(n, pgb_buf_str(&b), err);
}

pgb_status none_replay(none *n, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (size_t i = 0; i < n->replay.n && status == PGB_OK && n->plain; i++) {
        status = none_exec(n, n->replay.at[i], err);
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

pgb_status none_remember(none *n, const pgb_item *item, pgb_error *err)
{
    const char *copy;

    if (!is_setting(&item->facts)) {
        return PGB_OK;
    }
    copy = pgb_arena_strndup(n->arena, item->text, item->len);
    return copy != NULL && pgb_vec_push(&n->replay, copy) ? PGB_OK : pgb_error_nomem(err);
}

pgb_status none_check_lock(none *n, pgb_error *err)
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

pgb_status none_transaction_id(none *n, char id[32], pgb_error *err)
{
    AUTO_RESULT(got);
    pgb_status status = pgb_exec(n->r->session, "SELECT pg_catalog.txid_current()", &got, err);

    if (status == PGB_OK) {
        snprintf(id, 32, "%s", pgb_result_value(got, 0, 0));
    }
    return status;
}

/* COMMIT, and nothing but COMMIT is a success. */
pgb_status none_commit(none *n, pgb_error *err)
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
    pgb_status status = none_replay(n, err);

    if (status == PGB_OK) {
        status = none_exec(n, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", err);
    }
    if (status == PGB_OK) {
        status = none_transaction_id(n, before, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    n->plain = false;
    status = item->facts.kind == PGB_STMT_COPY_IN ? feed_copy(n, item, err)
                                                  : none_exec(n, item->text, err);
    if (status != PGB_OK) {
        locate(n, item, err);
        return status;
    }
    status = none_restore(n, err);
    if (status == PGB_OK) {
        status = none_transaction_id(n, after, err);
    }
    if (status == PGB_OK && strcmp(before, after) != 0) {
        pgb_error_set(err, PGB_FAILED, "%s ended the transaction that it ran in", n->t->node->id);
        pgb_script_locate(n->t->script, item, 0, err);
        pgb_error_hint(err, "take BEGIN, COMMIT and ROLLBACK out of what it calls");
        return PGB_FAILED;
    }
    if (status == PGB_OK) {
        status = none_check_lock(n, err);
    }
    if (status == PGB_OK) {
        status = write_step(n, item, "", "", true, err);
    }
    return status == PGB_OK ? none_commit(n, err) : status;
}

pgb_status none_inside(none *n, const pgb_item *item, pgb_error *err)
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
    pgb_status status = none_exec(n, "SET lock_timeout = 0; SET statement_timeout = 0", err);

    if (status == PGB_OK) {
        runner_note(n->r, "NOTICE", "%s: %s; %s", n->t->node->id, l->what, l->mend);
        status = none_exec(n, l->mend, err);
    }
    if (status == PGB_OK) {
        pgb_error ignored = PGB_ERROR_INIT;

        n->plain = false;
        status = none_restore(n, err);
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

/* A REINDEX may leave several, that of a TOAST table beside the others: each is cleared away. */
static pgb_status mend_all(none *n, const pgb_item *item, const char *object, const char *before,
                           look *l, pgb_error *err)
{
    enum { MOST = 1000 };
    pgb_status status = mend(n, l, err);

    for (int turns = 0;
         status == PGB_OK && turns < MOST && item->facts.kind == PGB_STMT_REINDEX_CONCURRENTLY;
         turns++) {
        status = none_replay(n, err);
        if (status == PGB_OK) {
            status = look_after(n->r, &item->facts, object, before, false, n->arena, l, err);
        }
        if (status != PGB_OK || l->finding != LOOK_HALF) {
            break;
        }
        status = mend(n, l, err);
    }
    return status;
}

/* Runs it for real; on failure what it left is cleared away and its intent forgotten. */
static pgb_status attempt(none *n, const pgb_item *item, const char *object, const char *before,
                          pgb_error *err)
{
    pgb_error failure = PGB_ERROR_INIT, ignored = PGB_ERROR_INIT;
    look l = {0};
    pgb_status status = none_replay(n, &failure), looked;

    if (status == PGB_OK) {
        /* a timeout would leave an index invalid */
        status = none_exec(n, "SET lock_timeout = 0; SET statement_timeout = 0", &failure);
    }
    if (status == PGB_OK) {
        n->plain = false;
        status = none_exec(n, item->text, &failure);
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

        looked = mend_all(n, item, object, before, &l, was_fine ? &failure : &ignored);
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
pgb_status none_outside(none *n, const pgb_item *item, const pgb_step_row *row, pgb_error *err)
{
    const char *object = row != NULL ? row->object : "", *before = row != NULL ? row->before : "";
    pgb_status status = none_replay(n, err);
    bool done = false;

    if (status == PGB_OK && row != NULL) {
        look l = {0};

        status = look_after(n->r, &item->facts, object, before, false, n->arena, &l, err);
        if (status == PGB_OK && l.finding == LOOK_UNDECIDED) {
            return undecided(n, item, &l, err);
        }
        if (status == PGB_OK && l.finding == LOOK_HALF) {
            status = mend_all(n, item, object, before, &l, err);
            done = l.finishes;
        } else if (status == PGB_OK && l.finding == LOOK_DONE) {
            runner_note(n->r, "NOTICE", "%s: statement %u was done before the interruption",
                        n->t->node->id, item->ordinal);
            done = true;
        }
        if (status == PGB_OK) {
            status = none_replay(n, err);
        }
    }
    if (status == PGB_OK && !done) {
        status = look_object(n->r, &item->facts, n->arena, &object, err);
        if (status == PGB_OK) {
            status = look_before(n->r, &item->facts, n->arena, &before, err);
        }
        if (status == PGB_OK) {
            status = none_restore(n, err);
        }
        if (status == PGB_OK) {
            status = none_check_lock(n, err);
        }
        if (status == PGB_OK) {
            status = write_step(n, item, object, before, false, err);
        }
        if (status == PGB_OK) {
            status = attempt(n, item, object, before, err);
        }
    }
    if (status == PGB_OK) {
        status = none_restore(n, err);
    }
    if (status == PGB_OK) {
        status = none_check_lock(n, err);
    }
    return status == PGB_OK ? write_step(n, item, object, before, true, err) : status;
}
