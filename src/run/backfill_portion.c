/* Rows under one savepoint: loaded, worked through by the author's statement, and where that
 * fails tried in parts until the rows at fault stand alone. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "run/backfill_internal.h"

enum { R_QUIET, R_LOAD, R_DONE, R_LAST, R_STATEMENT };

enum {
    SPLIT = 16,        /* pieces of a large portion at most */
    ANALYZE_FROM = 500 /* rows of batch that are worth a look at their statistics */
};

/* What a flight brings. */
typedef struct trip {
    bf *x;
    int64_t loaded, left;   /* left: rows at fault that the page covers */
    const char *last;       /* NULL: none */
    bool empty;             /* the page has no rows: what the statement says of none is not asked */
    size_t outcomes, items; /* of the batch before the statement */
} trip;

/* SQLSTATE classes that say nothing about the rows: connection, transaction, resources,
 * intervention, the system, and the server's own faults. */
bool bf_is_row_fault(const pgb_error *err)
{
    static const char *const others[] = {"08", "25", "26", "2D", "40", "53",
                                         "55", "57", "58", "72", "F0", "XX"};

    if (err->status != PGB_SQL) {
        return false;
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strncmp(err->sqlstate, others[i], 2) == 0) {
            return false;
        }
    }
    return true;
}

/* ---- what the statement returned ---- */

static pgb_status bad_outcome(bf *x, const char *what, pgb_error *err)
{
    pgb_error_set(err, PGB_FAILED, "the statement returned %s", what);
    pgb_error_detail(err, "The batch was rolled back.");
    pgb_error_hint(err, "Every row it returns has a name for its outcome and a count of 0 or "
                        "more.");
    pgb_backfill_locate(x->b, 0, err);
    return err != NULL ? err->status : PGB_FAILED;
}

static bool count_outcome(bf *x, const char *name, int64_t count)
{
    pgb_outcome new = {.count = count};

    for (size_t i = 0; i < x->batch.outcomes.n; i++) {
        if (strcmp(x->batch.outcomes.at[i].name, name) == 0) {
            x->batch.outcomes.at[i].count += count;
            return true;
        }
    }
    new.name = pgb_arena_strdup(x->batch.arena, name);
    return new.name != NULL &&pgb_vec_push(&x->batch.outcomes, new);
}

static bool keep_item(bf *x, const char *name, int64_t count, const char *detail)
{
    bf_item item = {.count = count};

    item.outcome = pgb_arena_strdup(x->batch.arena, name);
    item.detail = pgb_arena_strdup(x->batch.arena, detail);
    return item.outcome != NULL && item.detail != NULL && pgb_vec_push(&x->batch.items, item);
}

static pgb_status take_outcomes(bf *x, const pgb_result *r, pgb_error *err)
{
    int n = pgb_result_rows(r);

    for (int i = 0; i < n; i++) {
        const char *name = pgb_result_value(r, i, 0);
        int64_t count = pgb_result_int(r, i, 1);

        if (pgb_result_null(r, i, 0)) {
            return bad_outcome(x, "an outcome that is null", err);
        }
        if (name[strspn(name, " \t\r\n")] == '\0') {
            return bad_outcome(x, "an outcome that is empty", err);
        }
        if (pgb_result_null(r, i, 1) || count < 0) {
            return bad_outcome(x, "a count that is null or negative", err);
        }
        /* a row without a detail is a sum, no item */
        if (!count_outcome(x, name, count) ||
            (x->o.verbose && x->o.events.item != NULL && !pgb_result_null(r, i, 2) &&
             !keep_item(x, name, count, pgb_result_value(r, i, 2)))) {
            return pgb_error_nomem(err);
        }
    }
    if (n > BF_RESULT_MAX && x->o.batch == 0) {
        x->portion = x->portion > 2 ? x->portion / 2 : 1;
    }
    return PGB_OK;
}

static pgb_status on_answer(void *data, const pgb_tag *tag, const pgb_result *result,
                            pgb_error *err)
{
    trip *t = data;

    switch (tag->role) {
    case R_LOAD: {
        const char *words = pgb_result_tag(result);
        const char *count = strrchr(words, ' ');

        t->loaded = count != NULL ? strtoll(count + 1, NULL, 10) : 0;
        t->empty = t->loaded == 0;
        break;
    }
    case R_LAST:
        if (pgb_result_rows(result) > 0) {
            t->last = pgb_arena_strdup(t->x->batch.arena, pgb_result_value(result, 0, 0));
            if (t->last == NULL) {
                return pgb_error_nomem(err);
            }
            if (pgb_result_columns(result) > 1) {
                t->left = pgb_result_int(result, 0, 1);
            }
        }
        break;
    case R_STATEMENT:
        return t->empty ? PGB_OK : take_outcomes(t->x, result, err);
    default:
        break;
    }
    return PGB_OK;
}

/* ---- flights ---- */

typedef struct sender {
    bf *x;
    pgb_error *err;
    pgb_status status;
} sender;

static void send(sender *s, int role, const char *sql, int n, const char *const *values)
{
    if (s->status == PGB_OK) {
        s->status =
            pgb_flight_send(s->x->r->session, (pgb_tag){.role = role}, sql, n, values, s->err);
    }
}

/* Ends the flight; the error is the flight's first. *ret_role: what failed. */
static pgb_status land(sender *s, int *ret_role)
{
    pgb_session *session = s->x->r->session;
    pgb_error own = PGB_ERROR_INIT, landing = PGB_ERROR_INIT;
    pgb_tag failure = {0};
    pgb_status status;

    if (!pgb_session_lost(session)) {
        pgb_flight_sync(session, (pgb_tag){.role = R_QUIET}, &own);
    }
    status = pgb_flight_land(session, &failure, &landing);
    *ret_role = failure.role;
    if (status == PGB_OK) {
        status = s->status;
    } else if (s->err != NULL) {
        *s->err = landing;
    }
    return status;
}

static const char *clear_batch(const bf *x)
{
    /* one transaction for all: rows that were deleted would be walked over again and again */
    return x->o.dry_run ? "TRUNCATE pg_temp.batch" : "DELETE FROM pg_temp.batch";
}

static void send_statement(sender *s)
{
    send(s, R_QUIET, "SAVEPOINT pgbraid", 0, NULL);
    send(s, R_STATEMENT, s->x->b->statement, 0, NULL);
    send(s, R_QUIET, "RELEASE SAVEPOINT pgbraid", 0, NULL);
}

static void forget_outcomes(bf *x, const trip *t)
{
    x->batch.outcomes.n = t->outcomes;
    x->batch.items.n = t->items;
}

static void send_roll_back(sender *s)
{
    send(s, R_QUIET, "ROLLBACK TO SAVEPOINT pgbraid", 0, NULL);
    send(s, R_QUIET, "RELEASE SAVEPOINT pgbraid", 0, NULL);
}

static pgb_status roll_back(bf *x, pgb_error *err)
{
    pgb_status status = PGB_OK;

    if (x->batch.broken) {
        status = pgb_exec(x->r->session, "ROLLBACK TO SAVEPOINT pgbraid; RELEASE SAVEPOINT pgbraid",
                          NULL, err);
    }
    x->batch.broken = false;
    return status;
}

/* ---- rows at fault ---- */

static pgb_status keep_fault(bf *x, int64_t nth, const pgb_error *why, pgb_error *err)
{
    char number[24];
    const char *const which[1] = {number};
    const char *values[4];
    bf_fault f;
    AUTO_RESULT(got);
    PGB_AUTO_BUF(message);
    pgb_status status;

    snprintf(number, sizeof number, "%" PRId64, nth);
    status = roll_back(x, err);
    if (status == PGB_OK) {
        status = pgb_exec_params(x->r->session, x->sql.page_key, 1, which, &got, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (pgb_result_rows(got) != 1) {
        return pgb_error_set(err, PGB_INTERNAL, "a row at fault is not there any more");
    }
    pgb_text_display(&message, why->message, strlen(why->message), true);
    if (why->detail[0] != '\0') {
        pgb_buf_puts(&message, ": ");
        pgb_text_display(&message, why->detail, strlen(why->detail), true);
    }
    f.key = pgb_arena_strdup(x->batch.arena, pgb_result_value(got, 0, 0));
    f.sqlstate = pgb_arena_strdup(x->batch.arena, why->sqlstate);
    f.message = message.failed ? NULL : pgb_arena_strdup(x->batch.arena, pgb_buf_str(&message));
    if (f.key == NULL || f.sqlstate == NULL || f.message == NULL ||
        !pgb_vec_push(&x->batch.faults, f)) {
        return pgb_error_nomem(err);
    }
    x->batch.errors++;
    if (x->o.dry_run) {
        return PGB_OK;
    }
    values[0] = x->r->run;
    values[1] = f.key;
    values[2] = f.sqlstate;
    values[3] = f.message;
    return runner_exec(x->r,
                       pgb_history_backfill(x->r->history, x->batch.arena, PGB_BACKFILL_FAULT,
                                            x->b->name, 4, values),
                       NULL, err);
}

static pgb_status take(bf *x, int64_t from, int64_t to, pgb_error *err)
{
    trip t = {.x = x, .outcomes = x->batch.outcomes.n, .items = x->batch.items.n};
    sender s = {.x = x, .err = err};
    char numbers[2][24];
    const char *const values[2] = {numbers[0], numbers[1]};
    pgb_status status;
    int role;

    snprintf(numbers[0], sizeof numbers[0], "%" PRId64, from);
    snprintf(numbers[1], sizeof numbers[1], "%" PRId64, to);
    status = pgb_flight_open(x->r->session, on_answer, &t, err);
    if (status != PGB_OK) {
        return status;
    }
    if (x->batch.broken) {
        send_roll_back(&s);
    }
    send(&s, R_QUIET, clear_batch(x), 0, NULL);
    send(&s, R_QUIET, x->sql.take_page, 2, values);
    send_statement(&s);
    status = land(&s, &role);
    x->batch.broken = false;
    if (status == PGB_SQL && role != R_STATEMENT && err != NULL) {
        err->status = PGB_FAILED; /* ours failed: no row's fault */
        return PGB_FAILED;
    }
    if (status == PGB_OK) {
        x->batch.subtransactions++;
    } else if (bf_is_row_fault(err)) {
        x->batch.broken = true;
        forget_outcomes(x, &t);
    }
    return status;
}

/* How many rows are tried of n among which one is at fault: a try costs about as much as
 * BF_TRY_ROWS rows, and what was done of one that fails is lost. */
static int64_t step_of(int64_t n)
{
    int64_t pieces = 2;

    while (pieces < SPLIT && (pieces + 1) * (pieces + 1) * BF_TRY_ROWS <= n) {
        pieces++;
    }
    return (n + pieces - 1) / pieces;
}

/* Rows *from … to failed together, with *why: goes up to the first row at fault, keeps what stands
 * before it, records it, and leaves *from behind it. What lies behind is not tried with it: of that
 * nothing is known. Each row is taken for one at fault only once it has failed alone, since
 * rows may fail because of each other. */
static pgb_status find_fault(bf *x, int64_t *from, int64_t to, pgb_error *why, pgb_error *err)
{
    bool alone = *from == to; /* the first of them has failed by itself */

    while (!alone && *from <= to) {
        int64_t end = *from + step_of(to - *from + 1) - 1;
        pgb_error own = PGB_ERROR_INIT;
        pgb_status status = take(x, *from, end, &own);

        if (status == PGB_OK) {
            *from = end + 1;
        } else if (x->batch.broken) {
            to = end;
            *why = own;
            alone = *from == end;
        } else {
            if (err != NULL && err->status == PGB_OK) {
                *err = own;
            }
            return status;
        }
    }
    if (!alone) {
        return PGB_OK;
    }
    return keep_fault(x, (*from)++, why, err);
}

/* The page's n rows failed together, with `why`. */
static pgb_status split(bf *x, int64_t n, const pgb_error *why, pgb_error *err)
{
    pgb_error first = *why;
    int64_t from = 1, to = n;
    pgb_status status = PGB_OK;

    for (;;) {
        pgb_error own = PGB_ERROR_INIT;

        if (x->o.max_errors >= 0 && to - from + 1 > BF_ERRORS_PORTION &&
            x->summary->errors + x->batch.errors > x->o.max_errors) {
            /* too many: begin this batch again in small steps, so that the run stops just there */
            x->cap = BF_ERRORS_PORTION;
            return pgb_error_set(err, PGB_CHANGED, "too many rows at fault");
        }
        status = find_fault(x, &from, to, &first, err);
        do { /* what is left, as it would be tried by itself */
            if (status != PGB_OK || from > n) {
                return status;
            }
            to = from + bf_portion_size(x, from - 1) - 1;
            to = to < n ? to : n;
            status = take(x, from, to, &own);
            if (status == PGB_OK) {
                from = to + 1;
            }
        } while (status == PGB_OK);
        if (!x->batch.broken) {
            if (err != NULL && err->status == PGB_OK) {
                *err = own;
            }
            return status;
        }
        first = own;
    }
}

static pgb_status isolate(bf *x, int64_t n, const pgb_error *why, pgb_error *err)
{
    sender s = {.x = x, .err = err};
    pgb_status status;
    int role;

    x->batch.broken = true;
    if (n == 0) {
        /* it fails over no rows at all: nothing can be found out by taking rows away */
        status = roll_back(x, err);
        if (status == PGB_OK && err != NULL) {
            *err = *why;
        }
        return status == PGB_OK ? why->status : status;
    }
    status = pgb_flight_open(x->r->session, on_answer, &(trip){.x = x}, err);
    if (status != PGB_OK) {
        return status;
    }
    send_roll_back(&s);
    send(&s, R_QUIET,
         x->o.dry_run ? "TRUNCATE pg_temp.pgbraid_page" : "DELETE FROM pg_temp.pgbraid_page", 0,
         NULL);
    send(&s, R_QUIET, x->sql.fill_page, 0, NULL);
    status = land(&s, &role);
    x->batch.broken = false;
    return status == PGB_OK ? split(x, n, why, err) : status;
}

/* ---- one portion ---- */

static void send_load(sender *s, const char *limit, const char *after)
{
    bf *x = s->x;
    const char *const state[2] = {x->r->run, x->pass == 1 ? "1" : "2"};
    const char *const values[4] = {limit, after, x->r->o.project, x->b->name};

    switch (x->mode) {
    case BF_PAGE:
        if (after == NULL) {
            send(s, R_LOAD, x->sql.load_first, 1, values);
        } else {
            send(s, R_LOAD, x->sql.load_next, 2, values);
        }
        send(s, R_LAST, x->sql.last, 0, NULL);
        break;
    case BF_LEFT:
        send(s, R_LOAD, x->sql.load_left, 2, values);
        send(s, R_LAST, x->sql.last_left, 2, values);
        break;
    case BF_ERRORS:
        send(s, R_LOAD, x->sql.load_errors, 4, values);
        send(s, R_LAST, x->sql.last_errors, 4, values);
        break;
    }
    if (!x->o.dry_run && x->mode != BF_ERRORS) {
        send(s, R_DONE, x->sql.done, 2, state);
    }
}

/* Rows at fault that were tried again and are well now (or not there any more) leave the record. */
static pgb_status forgive(bf *x, const char *after, const char *upto, pgb_error *err)
{
    const char *const values[5] = {x->r->o.project, x->b->name, after, upto, x->r->run};

    return x->o.dry_run ? PGB_OK
                        : pgb_exec_params(x->r->session, x->sql.forgive, 5, values, NULL, err);
}

pgb_status bf_portion_run(bf *x, int64_t n, int64_t *ret_rows, pgb_error *err)
{
    trip t = {.x = x, .outcomes = x->batch.outcomes.n, .items = x->batch.items.n};
    sender s = {.x = x, .err = err};
    char limit[24];
    const char *after = x->batch.checkpoint != NULL ? x->batch.checkpoint
                        : x->has_checkpoint         ? pgb_buf_str(&x->checkpoint)
                                                    : NULL;
    bool analyze = n >= ANALYZE_FROM && n >= 3 * x->analyzed;
    pgb_status status;
    int role;

    snprintf(limit, sizeof limit, "%" PRId64, n);
    status = pgb_flight_open(x->r->session, on_answer, &t, err);
    if (status != PGB_OK) {
        return status;
    }
    if (x->batch.portions == 0 && !x->o.dry_run) {
        send(&s, R_QUIET, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", 0, NULL);
        send(&s, R_QUIET, "SET CONSTRAINTS ALL IMMEDIATE", 0, NULL);
    } else {
        send(&s, R_QUIET, clear_batch(x), 0, NULL);
    }
    send_load(&s, limit, after);
    if (analyze) {
        send(&s, R_QUIET, "ANALYZE pg_temp.batch", 0, NULL);
    }
    send_statement(&s);
    x->batch.portions++;
    status = land(&s, &role);
    if (status == PGB_OK) {
        x->batch.subtransactions++;
    } else if (status == PGB_SQL && role == R_STATEMENT && err != NULL && bf_is_row_fault(err)) {
        pgb_error why = *err;

        pgb_error_clear(err);
        forget_outcomes(x, &t);
        status = isolate(x, t.loaded, &why, err);
    } else if (status == PGB_SQL && role == R_LOAD) {
        pgb_error_context(err, "while loading rows of %s", x->source);
    }
    if (status == PGB_OK && x->mode == BF_ERRORS && t.last != NULL) {
        x->batch.gone += t.left - t.loaded;
        status = forgive(x, after, t.last, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (analyze && t.loaded >= ANALYZE_FROM) {
        x->analyzed = t.loaded;
    }
    if (t.last == NULL) {
        x->batch.end = true;
    } else {
        x->batch.checkpoint = t.last;
    }
    x->batch.rows += t.loaded;
    *ret_rows = t.loaded;
    return PGB_OK;
}
