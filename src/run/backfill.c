/* A run of a backfill: from its begin over passes and batches to its end. */
#include "run/backfill.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "run/backfill_internal.h"

enum { BACK_OFF_FIRST_MS = 100, BACK_OFF_MAX_MS = 5000 };

/* ---- telling ---- */

static void tell_progress(bf *x)
{
    pgb_backfill_progress p = {.rows = x->summary->rows,
                               .rows_all = x->rows_all,
                               .rough = x->rough,
                               .errors = x->summary->errors,
                               .elapsed_us = pgb_clock_us() - x->began,
                               .batch = x->batch.rows,
                               .pass = x->pass,
                               .outcomes = x->outcomes.at,
                               .n_outcomes = (uint32_t)x->outcomes.n};

    if (x->o.events.progress != NULL) {
        x->o.events.progress(x->o.events.data, x->b, &p);
    }
}

/* ---- passes ---- */

/* Looks through the whole source for rows that nobody answered for yet. */
static pgb_status find_left(bf *x, int64_t *ret_n, pgb_error *err)
{
    /* the planner guesses ten keys a batch: loops over them would never end */
    static const char *const before[] = {"TRUNCATE pg_temp.pgbraid_left",
                                         "SET LOCAL enable_nestloop = off"};
    bool in_transaction = x->o.dry_run;
    AUTO_RESULT(got);
    AUTO_RESULT(committed);
    pgb_status status =
        in_transaction ? PGB_OK
                       : pgb_exec(x->r->session, "BEGIN ISOLATION LEVEL READ COMMITTED", NULL, err);

    for (size_t i = 0; i < sizeof before / sizeof before[0] && status == PGB_OK; i++) {
        status = pgb_exec(x->r->session, before[i], NULL, err);
    }
    if (status == PGB_OK) {
        status = pgb_exec(x->r->session, x->sql.fill_left, NULL, err);
    }
    if (status == PGB_OK) {
        status = pgb_exec(x->r->session, "SET LOCAL enable_nestloop TO DEFAULT", NULL, err);
    }
    if (status == PGB_OK) {
        status = pgb_exec(x->r->session, "ANALYZE pg_temp.pgbraid_left", NULL, err);
    }
    if (status == PGB_OK) {
        status = pgb_exec(x->r->session, "SELECT pg_catalog.count(*) FROM pg_temp.pgbraid_left",
                          &got, err);
    }
    if (status == PGB_OK && !in_transaction) {
        status = pgb_exec(x->r->session, "COMMIT", &committed, err);
    }
    if (status != PGB_OK) {
        if (bf_alive(x)) {
            pgb_exec(x->r->session, "ROLLBACK", NULL, NULL);
        }
        pgb_error_context(err, "while looking for rows of %s that are left", x->source);
        return status;
    }
    *ret_n = pgb_result_int(got, 0, 0);
    return PGB_OK;
}

/* The pass is at its end: *ret_over when no other follows, *ret_whole when nothing is left. */
static pgb_status next_pass(bf *x, bool *ret_over, bool *ret_whole, pgb_error *err)
{
    int64_t left = 0;
    pgb_status status;

    *ret_over = *ret_whole = false;
    if (x->mode == BF_ERRORS) {
        *ret_over = true;
        *ret_whole = x->was_whole;
        return PGB_OK;
    }
    if (x->o.dry_run) {
        *ret_over = *ret_whole =
            true; /* one look: nothing that it did can be told from what comes */
        return PGB_OK;
    }
    status = find_left(x, &left, err);
    if (status != PGB_OK) {
        return status;
    }
    x->pass = x->mode == BF_PAGE ? 2 : x->pass + 1;
    x->mode = BF_LEFT;
    x->has_checkpoint = false;
    pgb_buf_clear(&x->checkpoint);
    *ret_over = *ret_whole = left == 0;
    x->rows_all = x->summary->rows + left;
    x->rough = false;
    return PGB_OK;
}

/* The first look at what there is to do. */
static pgb_status prepare(bf *x, pgb_error *err)
{
    int64_t left = 0;
    pgb_status status = PGB_OK;

    switch (x->mode) {
    case BF_PAGE:
        status = bf_count(x, err);
        break;
    case BF_LEFT:
        status = find_left(x, &left, err);
        x->rows_all = left;
        break;
    case BF_ERRORS:
        x->rows_all = -1;
        break;
    }
    return status;
}

/* ---- what went wrong with a batch ---- */

static bool may_begin_again(const pgb_error *err)
{
    return err->status == PGB_CONNECT && strcmp(err->sqlstate, "57P01") != 0;
}

static void smaller(bf *x)
{
    x->size = x->size > 1 ? x->size / 2 : 1;
}

static pgb_status back_off(bf *x, const pgb_error *why, pgb_error *err)
{
    int64_t most, left;

    if (x->attempts++ == 0) {
        x->deadline = pgb_deadline_in(x->r->o.lock_deadline_ms);
    }
    left = pgb_deadline_left(x->deadline);
    if (left == 0) {
        if (err != NULL && err->status == PGB_OK) {
            *err = *why;
        }
        pgb_error_context(err, "tried %u times, blocked by: %s", x->attempts,
                          x->r->blockers[0] != '\0' ? x->r->blockers : "nobody was seen");
        pgb_error_hint(err, "end what holds the lock (pg_terminate_backend), or allow more time: "
                            "--lock-deadline, --lock-timeout");
        return err != NULL ? err->status : PGB_SQL;
    }
    most = (int64_t)BACK_OFF_FIRST_MS << (x->attempts < 7 ? x->attempts - 1 : 6);
    most = most < BACK_OFF_MAX_MS ? most : BACK_OFF_MAX_MS;
    most = 1 + (int64_t)pgb_random_below((uint64_t)most);
    most = most < left ? most : left;
    if (x->r->o.events.blocked != NULL) {
        x->r->o.events.blocked(x->r->o.events.data,
                               x->r->blockers[0] != '\0' ? x->r->blockers : "nobody was seen",
                               x->attempts, most);
    }
    x->r->blockers[0] = '\0';
    for (int64_t until = pgb_deadline_in(most); pgb_deadline_left(until) > 0;) {
        if (runner_interrupted(x->r)) {
            return pgb_error_set(err, PGB_INTERRUPTED, "interrupted while waiting for a lock");
        }
        pgb_clock_sleep_ms(pgb_deadline_left(until) < 50 ? pgb_deadline_left(until) : 50);
    }
    return PGB_OK;
}

/* PGB_OK: the batch is tried again. */
static pgb_status after_failure(bf *x, const pgb_error *why, pgb_error *err)
{
    bool timeout = why->status == PGB_SQL && strcmp(why->sqlstate, "57014") == 0 &&
                   x->r->o.statement_timeout_ms > 0;

    if (why->status == PGB_CHANGED && x->cap > 0) {
        return PGB_OK; /* in smaller steps */
    }
    if (x->o.dry_run) {
        /* one transaction: it is gone */
    } else if (x->resolved_lost || may_begin_again(why)) {
        if (x->losses++ < LOST_MAX) {
            bool connected = x->resolved_lost;

            x->resolved_lost = false;
            runner_note(x->r, "WARNING", "the connection was lost; backfill %s goes on",
                        x->b->name);
            if (!connected) {
                pgb_status status = bf_reconnect(x, err);

                if (status != PGB_OK) {
                    return status;
                }
            }
            if (x->mode == BF_LEFT) {
                int64_t left = 0;

                x->has_checkpoint = false;
                pgb_buf_clear(&x->checkpoint);
                return find_left(x, &left, err);
            }
            return PGB_OK;
        }
    } else if (blocked_is_retryable(why)) {
        smaller(x);
        return back_off(x, why, err);
    } else if (timeout && x->size > 1) {
        smaller(x);
        return PGB_OK;
    }
    if (err != NULL && err->status == PGB_OK) {
        *err = *why;
    }
    return why->status;
}

/* ---- the loop ---- */

typedef enum ending { END_WHOLE, END_STOPPED, END_CANCELLED, END_ERRORS } ending;

static pgb_status work(bf *x, ending *ret_ending, pgb_error *err)
{
    for (;;) {
        int64_t most = x->size, began;
        bool cancelled = false;
        pgb_error own = PGB_ERROR_INIT;
        pgb_status status = bf_between(x, &cancelled, err);

        if (status != PGB_OK) {
            return status;
        }
        if (cancelled) {
            *ret_ending = END_CANCELLED;
            return PGB_OK;
        }
        if (x->o.max_errors >= 0 && x->summary->errors > x->o.max_errors) {
            *ret_ending = END_ERRORS;
            return PGB_OK;
        }
        if (x->o.limit > 0) {
            int64_t left = x->o.limit - x->summary->rows;

            if (left <= 0) {
                *ret_ending = END_STOPPED;
                return PGB_OK;
            }
            most = most < left ? most : left;
        }
        began = pgb_clock_us();
        status = bf_batch_run(x, most, &own);
        if (status != PGB_OK) {
            status = after_failure(x, &own, err);
            if (status != PGB_OK) {
                return status;
            }
            continue;
        }
        x->losses = x->attempts = 0;
        x->rate_rows += x->batch.rows;
        if (x->batch.rows > 0) {
            bf_adapt(x, x->batch.rows, pgb_clock_us() - began);
            tell_progress(x);
        }
        if (x->batch.end && x->batch.rows == 0) {
            bool over, whole;

            status = next_pass(x, &over, &whole, err);
            if (status != PGB_OK) {
                return status;
            }
            if (over) {
                *ret_ending = whole ? END_WHOLE : END_STOPPED;
                return PGB_OK;
            }
        }
    }
}

/* A step of the preparation, which may need a lock on the source or what the statement uses. */
static pgb_status patiently(bf *x, pgb_status (*step)(bf *x, pgb_error *err), pgb_error *err)
{
    for (;;) {
        pgb_error own = PGB_ERROR_INIT;
        pgb_status status = step(x, &own);

        if (status == PGB_OK) {
            x->attempts = 0;
            return PGB_OK;
        }
        if (!blocked_is_retryable(&own)) {
            if (err != NULL && err->status == PGB_OK) {
                *err = own;
            }
            return status;
        }
        status = back_off(x, &own, err);
        if (status != PGB_OK) {
            return status;
        }
    }
}

static pgb_status open_run(bf *x, pgb_error *err)
{
    pgb_status status = pgb_runner_open(&x->o.run, &x->r, err);

    if (status == PGB_OK) {
        pgb_random_uuid(x->r->run);
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): an open runner is there */
        memcpy(x->summary->run, x->r->run, sizeof x->summary->run);
        status = bf_check_requires(x, err);
    }
    if (status == PGB_OK) {
        status = patiently(x, bf_find_source, err);
    }
    if (status == PGB_OK) {
        status = bf_make_sql(x, err);
    }
    if (status == PGB_OK) {
        status = bf_lock(x, err);
    }
    if (status == PGB_OK) {
        status = patiently(x, bf_set_up_session, err);
    }
    if (status == PGB_OK) {
        status = lock_identity(x->r, &x->r->identity, err);
    }
    if (status == PGB_OK) {
        status = bf_begin(x, err);
    }
    if (status == PGB_OK && x->o.dry_run) {
        status = pgb_exec(x->r->session,
                          "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET CONSTRAINTS ALL "
                          "IMMEDIATE",
                          NULL, err);
    }
    return status;
}

static pgb_status summarise(bf *x, pgb_error *err)
{
    pgb_outcome *list = pgb_arena_array(x->arena, x->outcomes.n + 1, sizeof *list);
    pgb_backfill_states states;
    const pgb_backfill_state *s;
    pgb_status status;

    x->summary->duration_us = pgb_clock_us() - x->began;
    if (list == NULL) {
        return pgb_error_nomem(err);
    }
    if (x->outcomes.n > 0) {
        memcpy(list, x->outcomes.at, x->outcomes.n * sizeof *list);
    }
    x->summary->outcomes = list;
    x->summary->n_outcomes = (uint32_t)x->outcomes.n;
    if (!bf_alive(x)) {
        return PGB_OK;
    }
    status = pgb_history_backfills(x->r->session, x->r->o.schema, x->r->o.project, x->arena,
                                   &states, err);
    s = status == PGB_OK ? pgb_backfill_states_find(&states, x->b->name) : NULL;
    if (s != NULL) {
        x->summary->rows_total = s->rows_done;
        x->summary->open_errors = s->errors;
    }
    return status;
}

static pgb_status say_ending(bf *x, ending how, pgb_error *err)
{
    switch (how) {
    case END_CANCELLED:
        pgb_error_set(err, PGB_FAILED, "the backfill %s was cancelled", x->b->name);
        pgb_error_hint(err, "What was committed stays; pgbraid backfill run %s goes on from there.",
                       x->b->name);
        break;
    case END_ERRORS:
        pgb_error_set(err, PGB_FAILED,
                      "the backfill %s stopped: %" PRId64 " rows at fault are more than "
                      "--max-errors %" PRId64,
                      x->b->name, x->summary->errors, x->o.max_errors);
        pgb_error_hint(err, "pgbraid backfill errors %s lists them.", x->b->name);
        break;
    case END_WHOLE:
    case END_STOPPED:
        if (x->o.dry_run || x->summary->open_errors == 0) {
            return PGB_OK;
        }
        pgb_error_set(err, PGB_FAILED, "%" PRId64 " row%s of backfill %s %s at fault",
                      x->summary->open_errors, x->summary->open_errors == 1 ? "" : "s", x->b->name,
                      x->summary->open_errors == 1 ? "is" : "are");
        pgb_error_hint(err,
                       "pgbraid backfill errors %s lists them; --only-errors tries them "
                       "again, errors %s --accept lets them be.",
                       x->b->name, x->b->name);
        break;
    }
    return err != NULL ? err->status : PGB_FAILED;
}

static pgb_status run_all(bf *x, pgb_error *err)
{
    static const char *const states[] = {"complete", "stopped", "cancelled", "failed"};
    ending how = END_STOPPED;
    pgb_error why = PGB_ERROR_INIT, own = PGB_ERROR_INIT;
    pgb_status status = open_run(x, err), ended = PGB_OK;

    if (status != PGB_OK) {
        return status;
    }
    /* from here on a signal is looked at between batches only */
    runner_quiet(x->r, true);
    if (x->o.events.begin != NULL) {
        x->o.events.begin(x->o.events.data, x->b, x->summary->resumed, x->rows_before);
    }
    x->rate_from = pgb_clock_us();
    status = prepare(x, &why);
    if (status == PGB_OK) {
        status = work(x, &how, &why);
    }
    if (x->o.dry_run) {
        x->summary->state = "dry_run";
        if (bf_alive(x) && pgb_session_in_transaction(x->r->session)) {
            pgb_exec(x->r->session, "ROLLBACK", NULL, NULL);
        }
    } else if (bf_alive(x) && x->r->locked) {
        ended = bf_end(x,
                       status == PGB_INTERRUPTED ? "stopped"
                       : status != PGB_OK        ? "failed"
                                                 : states[how],
                       status == PGB_INTERRUPTED ? NULL : &why, &own);
    }
    if (ended == PGB_OK) {
        ended = summarise(x, &own);
    }
    if (status == PGB_OK && ended != PGB_OK) {
        status = ended;
        why = own;
    }
    if (status == PGB_OK) {
        return say_ending(x, how, err);
    }
    if (why.status == PGB_CONNECT || why.status == PGB_INTERRUPTED) {
        pgb_error_hint(&why, "what was committed stays; pgbraid backfill run %s goes on from there",
                       x->b->name);
    }
    if (err != NULL && err->status == PGB_OK) {
        *err = why;
    }
    return status;
}

pgb_status pgb_backfill_run(const pgb_backfill_options *options, pgb_arena *arena,
                            pgb_backfill_summary *ret_summary, pgb_error *err)
{
    bf x = {.o = *options,
            .b = options->backfill,
            .arena = arena,
            .summary = ret_summary,
            .rows_all = -1,
            .portion = PGB_BACKFILL_BATCH_MAX,
            .began = pgb_clock_us()};
    pgb_status status;

    memset(ret_summary, 0, sizeof *ret_summary);
    if (x.o.batch_time_ms < 0) {
        x.o.batch_time_ms = PGB_BACKFILL_TIME_MS;
    }
    x.target_us = x.o.batch_time_ms * 1000;
    x.size = x.o.batch > 0 ? x.o.batch : x.b->batch;
    if (x.size > PGB_BACKFILL_BATCH_MAX) {
        x.size = PGB_BACKFILL_BATCH_MAX;
    }
    if (x.o.rate > 0 && x.size > x.o.rate) {
        x.size = x.o.rate;
    }
    if (x.o.verbose && x.size > BF_VERBOSE_BATCH) {
        x.size = BF_VERBOSE_BATCH;
    }
    status = run_all(&x, err);
    bf_batch_clear(&x);
    pgb_vec_done(&x.outcomes);
    pgb_buf_done(&x.checkpoint);
    pgb_runner_close(x.r);
    return status;
}
