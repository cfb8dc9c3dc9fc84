/* One transaction of a backfill: portions of rows, then counts, checkpoint and COMMIT. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "run/backfill_internal.h"

void bf_batch_clear(bf *x)
{
    pgb_vec_done(&x->batch.outcomes);
    pgb_vec_done(&x->batch.items);
    pgb_vec_done(&x->batch.faults);
    pgb_arena_free(x->batch.arena);
    memset(&x->batch, 0, sizeof x->batch);
}

static pgb_status begin_anew(bf *x, pgb_error *err)
{
    bf_batch_clear(x);
    x->batch.arena = pgb_arena_new();
    return x->batch.arena != NULL ? PGB_OK : pgb_error_nomem(err);
}

/* Most rows under one savepoint: with faults of density p, a portion of n rows is tried in vain
 * with n·p, and costs a try by itself; the best n is the root of their ratio. */
int64_t bf_portion_size(const bf *x, int64_t more)
{
    double rows = x->seen_rows + (double)(x->batch.rows + more);
    double errors = x->seen_errors + (double)x->batch.errors;
    double p = errors / (rows > 1000 ? rows : 1000);
    int64_t n = x->portion;

    if (errors > 0.5) {
        int64_t best = 1;

        while (best < n && (double)(best * best) * p * 1.5 < BF_TRY_ROWS) {
            best++;
        }
        n = best;
    }
    if (x->cap > 0 && n > x->cap) {
        n = x->cap;
    }
    return n < 1 ? 1 : n;
}

static pgb_status run_portions(bf *x, int64_t most, pgb_error *err)
{
    int64_t began = pgb_clock_us();
    pgb_status status = PGB_OK;

    do {
        int64_t n = bf_portion_size(x, 0), rows = 0;

        n = n < most - x->batch.rows ? n : most - x->batch.rows;
        status = bf_portion_run(x, n, &rows, err);
        if (status != PGB_OK || x->batch.end || rows < n) {
            break;
        }
        if (x->o.max_errors >= 0 && x->summary->errors + x->batch.errors > x->o.max_errors) {
            break;
        }
    } while (x->batch.rows < most && x->batch.subtransactions < BF_SUBTRANSACTIONS &&
             (x->o.batch > 0 || x->o.dry_run || pgb_clock_us() - began < 2 * x->target_us));
    return status;
}

/* ---- what commits with it ---- */

static pgb_status record_counts(bf *x, pgb_error *err)
{
    size_t n = x->batch.outcomes.n;
    const char **names = pgb_arena_array(x->batch.arena, n + 1, sizeof *names);
    const char **counts = pgb_arena_array(x->batch.arena, n + 1, sizeof *counts);
    const char *values[4];
    bool fine = names != NULL && counts != NULL;

    if (n == 0) {
        return PGB_OK;
    }
    for (size_t i = 0; i < n && fine; i++) {
        names[i] = x->batch.outcomes.at[i].name;
        counts[i] = pgb_arena_printf(x->batch.arena, "%" PRId64, x->batch.outcomes.at[i].count);
        fine = counts[i] != NULL;
    }
    values[0] = x->r->run;
    values[1] = fine ? pgb_arena_printf(x->batch.arena, "%d", x->epoch) : NULL;
    values[2] = fine ? pgb_history_array(x->batch.arena, names, (uint32_t)n) : NULL;
    values[3] = fine ? pgb_history_array(x->batch.arena, counts, (uint32_t)n) : NULL;
    if (values[1] == NULL || values[2] == NULL || values[3] == NULL) {
        return pgb_error_nomem(err);
    }
    return runner_exec(x->r,
                       pgb_history_backfill(x->r->history, x->batch.arena, PGB_BACKFILL_COUNT,
                                            x->b->name, 4, values),
                       NULL, err);
}

static pgb_status record_checkpoint(bf *x, pgb_error *err)
{
    pgb_arena *a = x->batch.arena;
    int64_t done = x->mode == BF_ERRORS ? 0 : x->batch.rows;
    const char *values[8] = {
        x->r->run,
        pgb_arena_printf(a, "%" PRId64, x->batches),
        pgb_arena_printf(a, "%" PRId64, done),
        pgb_arena_printf(a, "%" PRId64, x->batch.errors),
        x->mode == BF_PAGE ? x->batch.checkpoint : NULL,
        pgb_arena_printf(a, "%d", x->pass),
        pgb_arena_printf(a, "%" PRId64, pgb_clock_us() - x->began),
        x->rows_all >= 0 ? pgb_arena_printf(a, "%" PRId64, x->rows_before + x->rows_all) : NULL,
    };
    AUTO_RESULT(got);
    pgb_status status;

    for (int i = 0; i < 7; i++) {
        if (values[i] == NULL && i != 4) {
            return pgb_error_nomem(err);
        }
    }
    status = runner_exec(
        x->r,
        pgb_history_backfill(x->r->history, a, PGB_BACKFILL_CHECKPOINT, x->b->name, 8, values),
        &got, err);
    if (status == PGB_OK && pgb_result_rows(got) != 1) {
        pgb_error_set(err, PGB_FAILED,
                      "another run has taken the backfill %s over, or a revision that it requires "
                      "was reverted",
                      x->b->name);
        pgb_error_detail(err, "The batch under way was rolled back; those before it stay.");
        pgb_error_hint(err, "See pgbraid backfill status %s.", x->b->name);
        return err != NULL ? err->status : PGB_FAILED;
    }
    if (status == PGB_OK) {
        x->wished = x->wished || pgb_result_value(got, 0, 0)[0] != '\0';
    }
    return status;
}

static pgb_status commit(bf *x, pgb_error *err)
{
    AUTO_RESULT(got);
    pgb_error own = PGB_ERROR_INIT;
    pgb_status status = pgb_exec(x->r->session, "COMMIT", &got, &own);

    if (status == PGB_OK && strcmp(pgb_result_tag(got), "COMMIT") == 0) {
        return PGB_OK;
    }
    if (status == PGB_OK) {
        return pgb_error_set(err, PGB_FAILED, "the server rolled the batch back at its COMMIT");
    }
    if (!bf_alive(x)) {
        bool committed = false;

        status = bf_resolve_commit(x, &committed, err);
        if (status == PGB_OK && committed) {
            return PGB_OK;
        }
        if (status != PGB_OK) {
            return status;
        }
        x->resolved_lost = true; /* a new session stands; the batch is run again */
    }
    if (err != NULL && err->status == PGB_OK) {
        *err = own;
    }
    return own.status;
}

/* ---- told, once it is true ---- */

static pgb_status add_outcomes(bf *x, pgb_error *err)
{
    for (size_t i = 0; i < x->batch.outcomes.n; i++) {
        const pgb_outcome *o = &x->batch.outcomes.at[i];
        pgb_outcome new = {.count = o->count};
        size_t k = 0;

        while (k < x->outcomes.n && strcmp(x->outcomes.at[k].name, o->name) != 0) {
            k++;
        }
        if (k < x->outcomes.n) {
            x->outcomes.at[k].count += o->count;
            continue;
        }
        new.name = pgb_arena_strdup(x->arena, o->name);
        if (new.name == NULL || !pgb_vec_push(&x->outcomes, new)) {
            return pgb_error_nomem(err);
        }
    }
    return PGB_OK;
}

static void tell(bf *x)
{
    const pgb_backfill_events *e = &x->o.events;

    for (size_t i = 0; e->item != NULL && i < x->batch.items.n; i++) {
        const bf_item *item = &x->batch.items.at[i];

        e->item(e->data, x->b, item->outcome, item->count, item->detail);
    }
    for (size_t i = 0; e->fault != NULL && i < x->batch.faults.n; i++) {
        const bf_fault *f = &x->batch.faults.at[i];

        e->fault(e->data, x->b, f->key, f->sqlstate, f->message);
    }
}

static pgb_status take_over(bf *x, pgb_error *err)
{
    pgb_status status = add_outcomes(x, err);

    if (status != PGB_OK) {
        return status;
    }
    x->summary->rows += x->batch.rows;
    x->summary->errors += x->batch.errors;
    x->summary->gone += x->batch.gone;
    x->summary->batches++;
    x->batches++;
    if (x->batch.checkpoint != NULL) {
        pgb_buf_clear(&x->checkpoint);
        pgb_buf_puts(&x->checkpoint, x->batch.checkpoint);
        x->has_checkpoint = true;
        if (x->checkpoint.failed) {
            return pgb_error_nomem(err);
        }
    }
    /* of late: what is long ago says little about what comes */
    x->seen_rows += (double)x->batch.rows;
    x->seen_errors += (double)x->batch.errors;
    if (x->seen_rows > 50000) {
        x->seen_rows /= 2;
        x->seen_errors /= 2;
    }
    tell(x);
    return PGB_OK;
}

pgb_status bf_batch_run(bf *x, int64_t most, pgb_error *err)
{
    pgb_status status = begin_anew(x, err);

    if (status == PGB_OK) {
        status = run_portions(x, most, err);
    }
    if (status == PGB_OK && x->o.dry_run) {
        return take_over(x, err);
    }
    if (status == PGB_OK && x->batch.rows == 0 && x->batch.checkpoint == NULL) {
        return pgb_exec(x->r->session, "ROLLBACK", NULL, err);
    }
    if (status == PGB_OK) {
        status = record_counts(x, err);
    }
    if (status == PGB_OK) {
        status = record_checkpoint(x, err);
    }
    if (status == PGB_OK) {
        status = commit(x, err);
    }
    if (status == PGB_OK) {
        return take_over(x, err);
    }
    if (bf_alive(x) && pgb_session_in_transaction(x->r->session)) {
        pgb_exec(x->r->session, "ROLLBACK", NULL, NULL);
    }
    return status;
}
