/* The parts of a flight. */
#include <stdio.h>
#include <string.h>

#include "run/trip.h"

/* What is sent for every revision is planned once. */
enum { N_PREPARED = 4 };
static const char name_begin[] = "pgbraid_begin", name_settings[] = "pgbraid_settings",
                  name_record[] = "pgbraid_record", name_guard[] = "pgbraid_guard";

static pgb_status check_session(const cargo *c, const task *t, const pgb_result *result,
                                pgb_error *err)
{
    if (lock_session_is_ours(c->r, result, 1)) {
        return PGB_OK;
    }
    pgb_error_set(err, PGB_UNSAFE,
                  "the session is no longer the one that pgbraid set up: a pooler in "
                  "transaction mode stands between, or %s changed pgbraid.token",
                  t->node->id);
    pgb_error_hint(err, "give a URL that leads to the server itself: -d postgresql://…");
    return PGB_UNSAFE;
}

/* How the transaction began: its id, and that this is the backend that was set up, with the token
 * of before. */
static pgb_status check_begin(cargo *c, const pgb_tag *tag, const pgb_result *result,
                              pgb_error *err)
{
    snprintf(c->xid, sizeof c->xid, "%s", pgb_result_value(result, 0, 0));
    memcpy(c->tasks->at[tag->step].xid, c->xid, sizeof c->xid);
    return check_session(c, &c->tasks->at[tag->step], result, err);
}

static pgb_status check_xid(cargo *c, const task *t, const pgb_result *result, pgb_error *err)
{
    if (pgb_result_rows(result) != 1 || strcmp(pgb_result_value(result, 0, 0), c->xid) != 0) {
        pgb_error_set(err, PGB_FAILED, "%s ended the transaction that it ran in", t->node->id);
        pgb_error_hint(err, "take BEGIN, COMMIT and ROLLBACK out of it, also out of what it calls");
        return PGB_FAILED;
    }
    return PGB_OK;
}

static pgb_status check_guard(cargo *c, const pgb_tag *tag, const pgb_result *result,
                              pgb_error *err)
{
    const task *t = &c->tasks->at[tag->step];
    pgb_status status = check_xid(c, t, result, err);

    if (status == PGB_OK) {
        status = check_session(c, t, result, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (!pgb_result_bool(result, 0, 3)) {
        pgb_error_set(err, PGB_UNSAFE, "the runner lock is no longer held");
        pgb_error_detail(err,
                         "%s released it (pg_advisory_unlock_all, DISCARD ALL), or somebody "
                         "else did",
                         t->node->id);
        pgb_error_hint(err, "nothing of %s was applied; take that out of it and run again",
                       t->node->id);
        return PGB_UNSAFE;
    }
    c->foreign = pgb_result_int(result, 0, 4) != (c->r->prepared ? N_PREPARED : 0);
    c->r->watched = pgb_result_bool(result, 0, 5);
    c->guarded = true;
    return PGB_OK;
}

/* No row, or one that is true. */
pgb_status cargo_check_verify(const task *t, const pgb_result *result, pgb_error *err)
{
    int rows = pgb_result_rows(result), columns = pgb_result_columns(result);
    PGB_AUTO_BUF(b);

    if (rows == 0 ||
        (rows == 1 && columns == 1 && strcmp(pgb_result_value(result, 0, 0), "t") == 0)) {
        return PGB_OK;
    }
    for (int i = 0; i < columns && i < 16; i++) {
        pgb_buf_printf(&b, "%s%s", i > 0 ? " | " : "",
                       pgb_result_null(result, 0, i) ? "null" : pgb_result_value(result, 0, i));
    }
    pgb_error_set(err, PGB_FAILED, "a verify block of %s is not fulfilled", t->node->id);
    pgb_error_detail(err, "it gave %d row%s, the first is: %s", rows, rows == 1 ? "" : "s",
                     pgb_buf_str(&b));
    pgb_error_hint(err, "each statement of a verify block must give no row, or one that is true; "
                        "the revision was rolled back");
    return PGB_FAILED;
}

static pgb_status on_answer(void *data, const pgb_tag *tag, const pgb_result *result,
                            pgb_error *err)
{
    cargo *c = data;
    const task *t = &c->tasks->at[tag->step];

    switch (tag->role) {
    case ROLE_COMMIT:
        /* COMMIT of a failed transaction is answered without an error, by this tag alone */
        if (strcmp(pgb_result_tag(result), "COMMIT") != 0) {
            return pgb_error_set(err, PGB_FAILED, "the server rolled %s back at its COMMIT",
                                 t->node->id);
        }
        c->committed = true;
        return PGB_OK;
    case ROLE_XID:
        return check_begin(c, tag, result, err);
    case ROLE_PREPARE:
        c->r->prepared = c->r->prepared || tag->ordinal == 1;
        return PGB_OK;
    case ROLE_VERIFY:
        return cargo_check_verify(t, result, err);
    case ROLE_RECORD:
        if (strcmp(pgb_result_tag(result), "INSERT 0 1") != 0) {
            pgb_error_set(err, PGB_FAILED, "%s is %s already", t->node->id,
                          t->up ? "recorded as applied" : "gone from the history");
            pgb_error_hint(err, "the history changed meanwhile: run the command again");
            return PGB_FAILED;
        }
        if (t->light) {
            pgb_status status = check_xid(c, t, result, err);

            c->guarded = status == PGB_OK;
            return status;
        }
        return PGB_OK;
    case ROLE_GUARD:
        return check_guard(c, tag, result, err);
    default:
        return PGB_OK;
    }
}

pgb_status cargo_open(cargo *c, pgb_error *err)
{
    pgb_status status = pgb_flight_open(c->r->session, on_answer, c, err);

    c->in_flight = status == PGB_OK;
    return status;
}

pgb_status cargo_sync(cargo *c, pgb_error *err)
{
    return pgb_flight_sync(c->r->session, (pgb_tag){.role = ROLE_SYNC}, err);
}

pgb_status cargo_land(cargo *c, pgb_error *err)
{
    c->in_flight = false;
    return pgb_flight_land(c->r->session, &c->failure, err);
}

pgb_status cargo_send(cargo *c, int role, const task *t, uint32_t ordinal, const char *sql,
                      pgb_error *err)
{
    pgb_tag tag = {.role = role, .step = t->nth, .ordinal = ordinal};

    return pgb_flight_send(c->r->session, tag, sql, 0, NULL, err);
}

static void begin_sql(char *sql, size_t size)
{
    snprintf(sql, size, "SELECT pg_catalog.txid_current(), %s", lock_whose_sql);
}

static void guard_sql(const pgb_runner *r, char *sql, size_t size)
{
    begin_sql(sql, size);
    snprintf(
        sql + strlen(sql), size - strlen(sql),
        ", EXISTS (SELECT FROM pg_catalog.pg_lock_status() l WHERE %s AND l.granted AND l.pid "
        "OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()), (SELECT pg_catalog.count(*) FROM "
        "pg_catalog.pg_prepared_statement()), EXISTS (SELECT FROM "
        "pg_catalog.pg_event_trigger)",
        r->lock_where);
}

static pgb_status prepare_ours(cargo *c, const task *t, pgb_error *err)
{
    pgb_tag tag = {.role = ROLE_PREPARE, .step = t->nth};
    pgb_session *session = c->r->session;
    char begin[512], guard[1024];
    pgb_status status;

    begin_sql(begin, sizeof begin);
    guard_sql(c->r, guard, sizeof guard);
    status = pgb_flight_prepare(session, tag, name_begin, begin, err);
    if (status == PGB_OK) {
        status = pgb_flight_prepare(session, tag, name_settings, c->r->settings, err);
    }
    if (status == PGB_OK) {
        status = pgb_flight_prepare(session, tag, name_record,
                                    pgb_history_record_sql(c->r->history), err);
    }
    if (status == PGB_OK) {
        tag.ordinal = 1;
        status = pgb_flight_prepare(session, tag, name_guard, guard, err);
    }
    return status;
}

/* Through a pooler a statement may be prepared on one backend and asked for on another. */
static bool use_prepared(const cargo *c)
{
    return !c->r->pooled && !c->r->no_prepare;
}

static pgb_status send_settings(cargo *c, const task *t, pgb_error *err)
{
    pgb_tag tag = {.role = ROLE_RESTORE, .step = t->nth};

    return use_prepared(c) ? pgb_flight_execute(c->r->session, tag, name_settings, 0, NULL, err)
                           : pgb_flight_send(c->r->session, tag, c->r->settings, 0, NULL, err);
}

static pgb_status send_begin(cargo *c, const task *t, pgb_error *err)
{
    pgb_tag tag = {.role = ROLE_XID, .step = t->nth};
    char sql[512];

    if (use_prepared(c)) {
        return pgb_flight_execute(c->r->session, tag, name_begin, 0, NULL, err);
    }
    begin_sql(sql, sizeof sql);
    return pgb_flight_send(c->r->session, tag, sql, 0, NULL, err);
}

pgb_status cargo_begin(cargo *c, const task *t, pgb_error *err)
{
    pgb_status status = PGB_OK;

    if (use_prepared(c) && !c->r->prepared) {
        status = prepare_ours(c, t, err);
    }
    if (status == PGB_OK && !c->r->pooled) { /* else it was begun with the lock */
        status =
            cargo_send(c, ROLE_BEGIN, t, 0, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", err);
    }
    if (status == PGB_OK) {
        status = send_begin(c, t, err);
    }
    return status;
}

/* A COPY can't fly: the flight lands, the data goes, and another one begins. */
static pgb_status copy_in(cargo *c, const task *t, const pgb_item *item, pgb_error *err)
{
    pgb_tag here = {.role = ROLE_STATEMENT, .step = t->nth, .ordinal = item->ordinal};
    pgb_item piece = {0};
    pgb_status status = cargo_sync(c, err), ended;

    if (status == PGB_OK) {
        status = cargo_land(c, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    c->failure = here;
    status = pgb_copy_begin(c->r->session, item->text, err);
    if (status != PGB_OK) {
        return status;
    }
    do {
        status = pgb_script_next(t->script, &piece, err);
        if (status == PGB_OK && piece.kind == PGB_ITEM_COPY_DATA) {
            status = pgb_copy_data(c->r->session, piece.text, piece.len, err);
        }
        if (status == PGB_OK && runner_interrupted(c->r)) {
            status = pgb_error_set(err, PGB_INTERRUPTED, "interrupted");
        }
    } while (status == PGB_OK && piece.kind == PGB_ITEM_COPY_DATA);
    ended = pgb_copy_end(c->r->session, status != PGB_OK ? "pgbraid gave up" : NULL,
                         status == PGB_OK ? err : NULL);
    status = status != PGB_OK ? status : ended;
    if (status == PGB_OK) {
        c->copied = true;
        status = cargo_open(c, err);
    }
    return status;
}

static pgb_status send_statements(cargo *c, const task *t, pgb_error *err)
{
    pgb_status status = pgb_script_rewind(t->script, err);

    while (status == PGB_OK) {
        pgb_item item = {0};

        status = pgb_script_next(t->script, &item, err);
        if (status != PGB_OK || item.kind == PGB_ITEM_END) {
            break;
        }
        if (runner_interrupted(c->r)) {
            status = pgb_error_set(err, PGB_INTERRUPTED, "interrupted");
        } else if (item.kind != PGB_ITEM_STATEMENT || item.facts.kind == PGB_STMT_EMPTY) {
            continue;
        } else if (item.facts.kind == PGB_STMT_COPY_IN) {
            status = copy_in(c, t, &item, err);
        } else {
            pgb_tag tag = {.role = ROLE_STATEMENT, .step = t->nth, .ordinal = item.ordinal};

            status = pgb_flight_send_unread(c->r->session, tag, item.text, err);
        }
    }
    return status;
}

static pgb_status restore(cargo *c, const task *t, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (size_t i = 0; i < runner_n_restore && status == PGB_OK; i++) {
        status = cargo_send(c, ROLE_RESTORE, t, 0, runner_restore[i], err);
    }
    return status == PGB_OK ? send_settings(c, t, err) : status;
}

static pgb_status send_verify(cargo *c, const task *t, pgb_error *err)
{
    const pgb_revision *rev = t->node->rev;
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < rev->n_verify && status == PGB_OK; i++) {
        pgb_script *script = NULL;

        status = pgb_script_open(c->tasks->world->set, rev, PGB_SECTION_VERIFY, i, &script, err);
        while (status == PGB_OK) {
            pgb_item item = {0};

            status = pgb_script_next(script, &item, err);
            if (status != PGB_OK || item.kind == PGB_ITEM_END) {
                break;
            }
            if (item.kind == PGB_ITEM_STATEMENT && item.facts.kind != PGB_STMT_EMPTY) {
                status =
                    cargo_send(c, ROLE_VERIFY, t, i * VERIFY_BLOCK + item.ordinal, item.text, err);
            }
        }
        pgb_script_close(script);
    }
    return status == PGB_OK ? restore(c, t, err) : status;
}

pgb_status cargo_work(cargo *c, task *t, pgb_error *err)
{
    pgb_status status;

    if (t->record_only) {
        return PGB_OK;
    }
    status = task_open(c->tasks, t, err);
    if (status == PGB_OK) {
        status = send_statements(c, t, err);
    }
    if (t->light) {
        return status;
    }
    if (status == PGB_OK) {
        /* what is deferred fails here, where it can be told, and not at COMMIT */
        status = cargo_send(c, ROLE_RESTORE, t, 0, "SET CONSTRAINTS ALL IMMEDIATE", err);
    }
    if (status == PGB_OK) {
        status = restore(c, t, err);
    }
    if (status == PGB_OK && t->up && t->node->rev != NULL && t->node->rev->n_verify > 0) {
        status = send_verify(c, t, err);
    }
    return status;
}

pgb_status cargo_record(cargo *c, task *t, pgb_error *err)
{
    pgb_statement *s = NULL;
    pgb_status status = record_statement(c->r, c->tasks, t, NULL, false, c->arena, &s, err);
    pgb_tag tag = {.role = ROLE_RECORD, .step = t->nth};

    if (status != PGB_OK) {
        return status;
    }
    return t->up && use_prepared(c)
               ? pgb_flight_execute(c->r->session, tag, name_record, s->n, s->values, err)
               : pgb_flight_send(c->r->session, tag, s->sql_xid, s->n, s->values, err);
}

pgb_status cargo_guard(cargo *c, const task *t, pgb_error *err)
{
    pgb_tag tag = {.role = ROLE_GUARD, .step = t->nth};
    char sql[1024];

    if (use_prepared(c)) {
        return pgb_flight_execute(c->r->session, tag, name_guard, 0, NULL, err);
    }
    guard_sql(c->r, sql, sizeof sql);
    return pgb_flight_send(c->r->session, tag, sql, 0, NULL, err);
}

pgb_status cargo_cleanup(cargo *c, const task *t, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (size_t i = 0; i < runner_n_cleanup && status == PGB_OK; i++) {
        status = cargo_send(c, ROLE_CLEANUP, t, 0, runner_cleanup[i], err);
    }
    if (status == PGB_OK && t->foreign) {
        status = cargo_send(c, ROLE_CLEANUP, t, 0, "DEALLOCATE ALL", err);
        c->r->prepared = false;
    }
    return status;
}

/* The failed statement is looked for again: its text is gone since. */
static void locate_in(pgb_script *script, uint32_t ordinal, int position, pgb_error *err)
{
    pgb_item item = {0};

    if (pgb_script_rewind(script, NULL) != PGB_OK) {
        return;
    }
    while (pgb_script_next(script, &item, NULL) == PGB_OK && item.kind != PGB_ITEM_END) {
        if (item.kind == PGB_ITEM_STATEMENT && item.ordinal == ordinal) {
            pgb_script_locate(script, &item, position, err);
            return;
        }
    }
}

void cargo_locate(cargo *c, task *t, pgb_error *err)
{
    int position = pgb_session_error_position(c->r->session);

    if (err == NULL || err->file[0] != '\0') {
        return;
    }
    if (c->failure.role == ROLE_STATEMENT && t->script != NULL) {
        locate_in(t->script, c->failure.ordinal, position, err);
    } else if (c->failure.role == ROLE_VERIFY) {
        pgb_script *script = NULL;

        if (pgb_script_open(c->tasks->world->set, t->node->rev, PGB_SECTION_VERIFY,
                            c->failure.ordinal / VERIFY_BLOCK, &script, NULL) == PGB_OK) {
            locate_in(script, c->failure.ordinal % VERIFY_BLOCK, position, err);
            pgb_script_close(script);
        }
    }
    if (err->file[0] == '\0' && !t->record_only) {
        pgb_error_at(err, task_file(t), 1, 0, NULL, 0);
    }
}
