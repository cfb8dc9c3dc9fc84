/* Where a backfill stands: its lock, its begin and end in the history, and what a lost connection
 * left behind. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "run/backfill_internal.h"
#include "run/execute.h"

enum { LOCK_CLASS = 0x70676266 /* "pgbf" */, COUNT_MS = 2000 };

static uint32_t lock_key(const char *schema, const char *project, const char *name)
{
    char text[1024];

    snprintf(text, sizeof text, "%s\x1f%s\x1f%s", schema != NULL ? schema : "pgbraid", project,
             name);
    return runner_hash32(text);
}

pgb_status pgb_backfill_pid(pgb_session *session, const char *schema, const char *project,
                            const char *name, int *ret_pid, pgb_error *err)
{
    char sql[600];
    AUTO_RESULT(got);
    pgb_status status;

    snprintf(sql, sizeof sql,
             "SELECT l.pid FROM pg_catalog.pg_locks l WHERE l.locktype OPERATOR(pg_catalog.=) "
             "'advisory' AND l.classid OPERATOR(pg_catalog.=) %u AND l.objid "
             "OPERATOR(pg_catalog.=) %u AND l.objsubid OPERATOR(pg_catalog.=) 2 AND l.granted AND "
             "l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d WHERE "
             "d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()) LIMIT 1",
             (unsigned)LOCK_CLASS, lock_key(schema, project, name));
    status = pgb_exec(session, sql, &got, err);
    *ret_pid = status == PGB_OK && pgb_result_rows(got) == 1 ? (int)pgb_result_int(got, 0, 0) : 0;
    return status;
}

/* The history as this program writes it; the runner lock only where it must be made or upgraded. */
static pgb_status open_history(bf *x, pgb_error *err)
{
    pgb_runner *r = x->r;
    pgb_history_state state;
    pgb_status status = pgb_history_probe(r->session, r->o.schema, x->arena, &state, err);

    if (status == PGB_OK) {
        status = pgb_history_check(&state, r->o.schema, true, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (state.version == PGB_HISTORY_VERSION) {
        return pgb_history_open(r->session, r->o.schema, r->o.project, r->arena, &r->history, err);
    }
    status = pgb_runner_lock(r, err);
    if (status == PGB_OK) {
        status = run_ensure_history(r, err);
    }
    if (status == PGB_OK) {
        status = pgb_runner_unlock(r, err);
    }
    return status;
}

pgb_status bf_lock(bf *x, pgb_error *err)
{
    pgb_runner *r = x->r;
    pgb_status status;

    if (r->pooled) {
        pgb_error_set(err, PGB_UNSAFE, "a pooler in transaction mode stands before %s",
                      pgb_session_describe(r->session));
        pgb_error_detail(err, "A backfill keeps temporary tables and a lock for its session.");
        pgb_error_hint(err, "Give a URL that leads to the server itself: -d postgresql://…");
        return err != NULL ? err->status : PGB_UNSAFE;
    }
    if (x->o.dry_run) {
        /* What comes with the lock otherwise: timeouts, and the token that lock_identity looks for.
         */
        status = lock_check_target(r, err);
        return status == PGB_OK ? pgb_exec(r->session, r->settings, NULL, err) : status;
    }
    status = open_history(x, err);
    if (status != PGB_OK) {
        return status;
    }
    runner_name_lock(r, LOCK_CLASS, lock_key(r->o.schema, r->o.project, x->b->name));
    r->lock_of = pgb_arena_printf(r->arena, "backfill %s", x->b->name);
    if (r->lock_of == NULL) {
        return pgb_error_nomem(err);
    }
    return pgb_runner_lock(r, err);
}

/* ---- begin ---- */

static pgb_status refuse(bf *x, const pgb_backfill_state *s, bool fresh, pgb_error *err)
{
    bool touched = s != NULL && (s->rows_done > 0 || s->batches > 0 || s->completed_at != NULL);

    if (x->o.only_errors && (fresh || s->errors == 0)) {
        pgb_error_set(err, PGB_REFUSED, "the backfill %s has no rows at fault to try again",
                      x->b->name);
        pgb_error_hint(err, "pgbraid backfill run %s", x->b->name);
        return err != NULL ? err->status : PGB_REFUSED;
    }
    if (fresh) {
        return PGB_OK;
    }
    if (strcmp(s->wanted, "pause") == 0 && !x->o.dry_run) {
        pgb_error_set(err, PGB_REFUSED, "the backfill %s is paused", x->b->name);
        pgb_error_hint(err, "pgbraid backfill resume %s", x->b->name);
        return err != NULL ? err->status : PGB_REFUSED;
    }
    if (touched) {
        bool same = s->n_key == x->n_keys && strcmp(s->source, x->source) == 0;

        for (uint32_t i = 0; same && i < x->n_keys; i++) {
            same = strcmp(s->key[i], x->keys[i].name) == 0;
        }
        if (!same) {
            pgb_error_set(err, PGB_REFUSED, "the backfill %s was begun over another source or key",
                          x->b->name);
            pgb_error_detail(err, "Then it was %s; what was done is recorded by its key.",
                             s->source);
            pgb_error_hint(err,
                           "To forget what was done and begin from the first row: pgbraid "
                           "backfill run %s --again",
                           x->b->name);
            return err != NULL ? err->status : PGB_REFUSED;
        }
        if (strcmp(s->hash, x->b->hash) != 0 && !x->o.edited) {
            pgb_error_set(err, PGB_REFUSED, "%s was edited since rows were done by it", x->b->file);
            pgb_error_detail(err, "%" PRId64 " rows were done by the statement as it was.",
                             s->rows_done);
            pgb_error_hint(err, "To go on with the new one: --edited; to begin from the first row: "
                                "--again.");
            return err != NULL ? err->status : PGB_REFUSED;
        }
    }
    return PGB_OK;
}

static pgb_status take_ids(bf *x, const pgb_result *got, pgb_error *err)
{
    x->id = pgb_result_int(got, 0, 0);
    x->epoch = (int)pgb_result_int(got, 0, 1);
    return bf_make_sql(x, err);
}

/* In one transaction. */
static pgb_status write_begin(bf *x, bool fresh, const char *const *ids, uint32_t n_ids,
                              pgb_error *err)
{
    pgb_runner *r = x->r;
    const char *names[PGB_BACKFILL_KEY_MAX];
    const char *key, *requires = pgb_history_array(x->arena, ids, n_ids);
    AUTO_RESULT(got);
    AUTO_RESULT(committed);
    pgb_status status;

    for (uint32_t i = 0; i < x->n_keys; i++) {
        names[i] = x->keys[i].name;
    }
    key = pgb_history_array(x->arena, names, x->n_keys);
    if (key == NULL || requires == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec(r->session, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", NULL, err);
    if (status == PGB_OK) {
        const char *const begin[8] = {x->b->title, x->b->file, x->b->text, x->b->hash,
                                      x->source,   key,        requires,   r->run};
        const char *const resume[6] = {r->run,     x->b->title, x->b->file,
                                       x->b->text, x->b->hash,  requires};

        status = runner_exec(r,
                             fresh ? pgb_history_backfill(r->history, x->arena, PGB_BACKFILL_BEGIN,
                                                          x->b->name, 8, begin)
                                   : pgb_history_backfill(r->history, x->arena, PGB_BACKFILL_RESUME,
                                                          x->b->name, 6, resume),
                             &got, err);
    }
    if (status == PGB_OK && pgb_result_rows(got) != 1) {
        status = pgb_error_set(err, PGB_REFUSED, "the backfill %s was paused just now", x->b->name);
    }
    if (status == PGB_OK) {
        status = take_ids(x, got, err);
    }
    if (status == PGB_OK && fresh) {
        status = pgb_exec(r->session, x->sql.drop_done, NULL, err);
        if (status == PGB_OK) {
            status = pgb_exec(r->session, x->sql.create_done, NULL, err);
        }
    }
    if (status == PGB_OK) {
        const char *const values[4] = {r->run, pgb_arena_printf(x->arena, "%d", x->epoch), r->from,
                                       PGB_VERSION};

        status = runner_exec(r,
                             pgb_history_backfill(r->history, x->arena, PGB_BACKFILL_RUN_BEGIN,
                                                  x->b->name, 4, values),
                             NULL, err);
    }
    if (status == PGB_OK) {
        status = pgb_exec(r->session, "COMMIT", &committed, err);
    }
    if (status == PGB_OK && strcmp(pgb_result_tag(committed), "COMMIT") != 0) {
        status = pgb_error_set(err, PGB_FAILED, "the server rolled the begin back");
    }
    if (status != PGB_OK && !pgb_session_lost(r->session) &&
        pgb_session_in_transaction(r->session)) {
        pgb_exec(r->session, "ROLLBACK", NULL, NULL);
    }
    return status;
}

static pgb_status required_ids(bf *x, const char ***ret_ids, pgb_error *err)
{
    const char **ids = pgb_arena_array(x->arena, x->b->n_requires + 1, sizeof *ids);

    if (ids == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < x->b->n_requires; i++) {
        ids[i] = x->o.world->nodes[x->b->requires[i].node].id;
    }
    *ret_ids = ids;
    return PGB_OK;
}

pgb_status bf_begin(bf *x, pgb_error *err)
{
    pgb_runner *r = x->r;
    pgb_backfill_states states;
    const pgb_backfill_state *s;
    const char **ids = NULL;
    bool fresh;
    pgb_status status =
        pgb_history_backfills(r->session, r->o.schema, r->o.project, x->arena, &states, err);

    if (status != PGB_OK) {
        return status;
    }
    s = pgb_backfill_states_find(&states, x->b->name);
    fresh = s == NULL || s->is_void || x->o.again;
    status = refuse(x, s, fresh, err);
    if (status == PGB_OK) {
        status = required_ids(x, &ids, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    x->pass = 1;
    x->mode = x->o.only_errors ? BF_ERRORS : BF_PAGE;
    if (!fresh) {
        bool whole = s->completed_at != NULL || strcmp(s->state, "errors") == 0;

        x->id = s->id;
        x->epoch = s->epoch;
        x->pass = s->pass;
        x->batches = s->batches;
        x->rows_before = s->rows_done;
        x->was_whole = whole;
        x->summary->resumed = s->batches > 0;
        if (x->mode == BF_PAGE && (whole || s->pass > 1 || (x->o.dry_run && s->batches > 0))) {
            x->mode = BF_LEFT;
            x->pass = s->pass > 1 ? s->pass : 2;
        }
        if (x->mode == BF_PAGE && s->checkpoint != NULL) {
            pgb_buf_puts(&x->checkpoint, s->checkpoint);
            x->has_checkpoint = true;
        }
    }
    if (x->o.dry_run) {
        return bf_make_sql(x, err);
    }
    status = write_begin(x, fresh, ids, x->b->n_requires, err);
    x->begun = status == PGB_OK;
    return status;
}

pgb_status bf_count(bf *x, pgb_error *err)
{
    const char *const values[1] = {pgb_buf_str(&x->checkpoint)};
    char set[64];
    AUTO_RESULT(got);
    pgb_error own = PGB_ERROR_INIT;
    bool in_transaction = pgb_session_in_transaction(x->r->session);
    pgb_status status;

    snprintf(set, sizeof set, "SET LOCAL statement_timeout = %d", COUNT_MS);
    status = in_transaction ? PGB_OK : pgb_exec(x->r->session, "BEGIN READ ONLY", NULL, err);
    if (status == PGB_OK && !in_transaction) {
        status = pgb_exec(x->r->session, set, NULL, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    status = x->has_checkpoint
                 ? pgb_exec_params(x->r->session, x->sql.count_next, 1, values, &got, &own)
                 : pgb_exec(x->r->session, x->sql.count, &got, &own);
    x->rows_all = status == PGB_OK ? pgb_result_int(got, 0, 0) : -1;
    if (status == PGB_SQL && strcmp(own.sqlstate, "57014") == 0 && !in_transaction) {
        x->rows_all = x->b->filter == NULL && !x->has_checkpoint ? x->estimate : -1;
        x->rough = true;
        status = PGB_OK;
    } else if (status != PGB_OK && err != NULL && err->status == PGB_OK) {
        *err = own;
    }
    if (!in_transaction && !pgb_session_lost(x->r->session)) {
        pgb_exec(x->r->session, "ROLLBACK", NULL, NULL);
    }
    return status;
}

/* ---- end ---- */

pgb_status bf_end(bf *x, const char *state, const pgb_error *why, pgb_error *err)
{
    pgb_arena *a = x->arena;
    const char *message = why != NULL && why->status != PGB_OK ? why->message : "";
    const char *values[7] = {x->r->run,
                             state,
                             message,
                             why != NULL ? why->sqlstate : "",
                             pgb_arena_printf(a, "%" PRId64, pgb_clock_us() - x->began),
                             x->r->from,
                             PGB_VERSION};
    AUTO_RESULT(got);
    PGB_AUTO_BUF(shown);
    pgb_status status;

    /* a message may quote what is no text */
    pgb_text_display(&shown, message, strlen(message), true);
    values[2] = pgb_buf_str(&shown);
    if (values[4] == NULL || shown.failed) {
        return pgb_error_nomem(err);
    }
    status = runner_exec(
        x->r, pgb_history_backfill(x->r->history, a, PGB_BACKFILL_END, x->b->name, 7, values), &got,
        err);
    if (status == PGB_OK && pgb_result_rows(got) == 1) {
        x->summary->state = pgb_arena_strdup(a, pgb_result_value(got, 0, 0));
        status = x->summary->state != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    return status;
}

/* ---- after a loss ---- */

/* Batches that stand recorded for this run; -1: the record is not this run's, or is not there. */
static pgb_status read_batches(bf *x, int64_t *ret_batches, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    pgb_backfill_states states;
    const pgb_backfill_state *s;
    pgb_error own = PGB_ERROR_INIT;
    pgb_status status = arena != NULL ? pgb_history_backfills(x->r->session, x->r->o.schema,
                                                              x->r->o.project, arena, &states, &own)
                                      : pgb_error_nomem(&own);

    *ret_batches = -1;
    if (status == PGB_SQL &&
        (strcmp(own.sqlstate, "42P01") == 0 || strcmp(own.sqlstate, "3F000") == 0)) {
        return PGB_OK; /* so far behind that it has no history */
    }
    if (status != PGB_OK) {
        if (err != NULL && err->status == PGB_OK) {
            *err = own;
        }
        return status;
    }
    s = pgb_backfill_states_find(&states, x->b->name);
    if (s != NULL && s->run != NULL && strcmp(s->run, x->r->run) == 0) {
        *ret_batches = s->batches;
    }
    return PGB_OK;
}

/* On a new session: what this run had committed must still be there. */
static pgb_status check_batches(bf *x, int64_t batches, pgb_error *err)
{
    if (batches >= x->batches) {
        return PGB_OK;
    }
    if (batches < 0) {
        pgb_error_set(err, PGB_FAILED, "the backfill %s is not recorded as this run's any more",
                      x->b->name);
    } else {
        pgb_error_set(err, PGB_FAILED,
                      "of the backfill %s %" PRId64 " batches are recorded, though %" PRId64
                      " had been committed",
                      x->b->name, batches, x->batches);
    }
    return ground_explain(err);
}

/* The session is new: its settings, its temporary tables. */
static pgb_status stand_again(bf *x, int64_t batches, pgb_error *err)
{
    pgb_status status;

    runner_quiet(x->r, true);
    x->n_tables = 0;
    status = check_batches(x, batches, err);
    if (status == PGB_OK) {
        status = lock_identity(x->r, &x->r->identity, err);
    }
    return status == PGB_OK ? bf_set_up_session(x, err) : status;
}

pgb_status bf_reconnect(bf *x, pgb_error *err)
{
    int64_t batches = -1;
    pgb_status status = resolve_reconnect(x->r, pgb_deadline_in(x->r->o.resolve_deadline_ms), err);

    if (status == PGB_OK) {
        status = read_batches(x, &batches, err);
    }
    return status == PGB_OK ? stand_again(x, batches, err) : status;
}

pgb_status bf_resolve_commit(bf *x, bool *ret_committed, pgb_error *err)
{
    pgb_runner *r = x->r;
    int64_t deadline = pgb_deadline_in(r->o.resolve_deadline_ms), batches = -1;
    const volatile int *interrupted = r->o.interrupted;
    pgb_error last = PGB_ERROR_INIT;
    pgb_status status;

    /* an interruption must not leave the question open: it is bounded by the deadline anyway */
    r->o.interrupted = NULL;
    do {
        pgb_error_clear(&last);
        status = resolve_reconnect(r, deadline, &last);
        if (status == PGB_OK) {
            /* the lock is ours, so the orphan has ended: what stands there is the truth */
            pgb_session_set_deadline(r->session, deadline);
            status = read_batches(x, &batches, &last);
            if (!pgb_session_lost(r->session)) {
                pgb_session_set_deadline(r->session, PGB_DEADLINE_NEVER);
            }
        }
    } while (status != PGB_OK && status != PGB_NOMEM && pgb_deadline_left(deadline) > 0);
    r->o.interrupted = interrupted;
    if (status != PGB_OK) {
        pgb_error_set(err, PGB_UNKNOWN,
                      "the connection was lost at the COMMIT of a batch of backfill %s, and its "
                      "outcome could not be found out in time",
                      x->b->name);
        pgb_error_detail(err, "last: %s", last.message);
        pgb_error_hint(err,
                       "once the server answers, pgbraid backfill run %s goes on where it "
                       "stands, whichever it is",
                       x->b->name);
        return err != NULL ? err->status : PGB_UNKNOWN;
    }
    *ret_committed = batches > x->batches;
    return stand_again(x, batches, err);
}

/* ---- from another process ---- */

static pgb_status open_for_writing(pgb_runner *r, pgb_arena *arena, bool *ret_there, pgb_error *err)
{
    pgb_history_state state;
    pgb_status status = pgb_history_probe(r->session, r->o.schema, arena, &state, err);

    if (status == PGB_OK) {
        status = pgb_history_check(&state, r->o.schema, true, err);
    }
    *ret_there = status == PGB_OK && state.version >= PGB_HISTORY_WITH_BACKFILLS;
    return status == PGB_OK && *ret_there
               ? pgb_history_open(r->session, r->o.schema, r->o.project, r->arena, &r->history, err)
               : status;
}

pgb_status pgb_backfill_ask(pgb_runner *runner, const char *name, pgb_backfill_wish wish,
                            bool *ret_did, pgb_error *err)
{
    static const char *const wanted[] = {"pause", "", "cancel"};
    static const char *const events[] = {"pause", "resume", "cancel"};
    PGB_AUTO_ARENA(arena);
    AUTO_RESULT(got);
    bool there = false;
    int pid = 0;
    pgb_status status;

    *ret_did = false;
    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    pgb_random_uuid(runner->run);
    status = open_for_writing(runner, arena, &there, err);
    if (status == PGB_OK && there) {
        status =
            pgb_backfill_pid(runner->session, runner->o.schema, runner->o.project, name, &pid, err);
    }
    if (status == PGB_OK && there) {
        const char *const values[6] = {wanted[wish], events[wish], runner->run,
                                       runner->from, PGB_VERSION,  pid == 0 ? "t" : "f"};

        status = runner_exec(
            runner, pgb_history_backfill(runner->history, arena, PGB_BACKFILL_ASK, name, 6, values),
            &got, err);
    }
    if (status == PGB_OK && there) {
        *ret_did = strcmp(pgb_result_tag(got), "INSERT 0 1") == 0;
    }
    return status;
}

pgb_status pgb_backfill_accept(pgb_runner *runner, const char *name, int64_t *ret_n, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    AUTO_RESULT(got);
    bool there = false;
    pgb_status status;

    *ret_n = 0;
    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    pgb_random_uuid(runner->run);
    status = open_for_writing(runner, arena, &there, err);
    if (status == PGB_OK && there) {
        const char *const values[3] = {runner->run, runner->from, PGB_VERSION};

        status = runner_exec(
            runner,
            pgb_history_backfill(runner->history, arena, PGB_BACKFILL_ACCEPT, name, 3, values),
            &got, err);
        if (status == PGB_OK && pgb_result_rows(got) == 1) {
            *ret_n = pgb_result_int(got, 0, 0);
        }
    }
    return status;
}
