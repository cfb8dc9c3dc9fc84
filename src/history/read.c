#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history/internal.h"
#include "history/write.h"
#include "history_sql.h"

/* A list joined by 0x1F, taken apart in place. */
static bool split(pgb_arena *arena, const char *joined, const char *const **ret, uint32_t *ret_n)
{
    char *copy = pgb_arena_strdup(arena, joined);
    const char **items;
    uint32_t n = 0;

    *ret = NULL;
    *ret_n = 0;
    if (copy == NULL || joined[0] == '\0') {
        return copy != NULL;
    }
    for (const char *p = joined; p != NULL;
         p = strchr(p, '\x1f') != NULL ? strchr(p, '\x1f') + 1 : NULL) {
        n++;
    }
    items = pgb_arena_array(arena, n, sizeof *items);
    if (items == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        char *end = strchr(copy, '\x1f');

        items[i] = copy;
        if (end != NULL) {
            *end = '\0';
            copy = end + 1;
        }
    }
    *ret = items;
    *ret_n = n;
    return true;
}

static const char *text(pgb_arena *arena, const pgb_result *r, int row, int column, bool *ok)
{
    const char *copy = pgb_arena_strdup(arena, pgb_result_value(r, row, column));

    *ok = *ok && copy != NULL;
    return copy;
}

static bool read_applied(pgb_arena *arena, const pgb_result *r, int row, pgb_applied *a)
{
    bool ok = true;

    a->id = text(arena, r, row, 0, &ok);
    ok = ok && split(arena, pgb_result_value(r, row, 1), &a->parents, &a->n_parents) &&
         split(arena, pgb_result_value(r, row, 2), &a->depends, &a->n_depends) &&
         split(arena, pgb_result_value(r, row, 3), &a->labels, &a->n_labels);
    a->title = text(arena, r, row, 4, &ok);
    a->file = text(arena, r, row, 5, &ok);
    a->up_raw = text(arena, r, row, 6, &ok);
    a->up_norm = text(arena, r, row, 7, &ok);
    a->down_raw = text(arena, r, row, 8, &ok);
    a->down_norm = text(arena, r, row, 9, &ok);
    a->header_norm = text(arena, r, row, 10, &ok);
    a->has_down = pgb_result_bool(r, row, 11);
    a->irreversible = pgb_result_null(r, row, 12) ? NULL : text(arena, r, row, 12, &ok);
    a->has_up_text = pgb_result_bool(r, row, 13);
    a->has_down_text = pgb_result_bool(r, row, 14);
    a->seq = pgb_result_int(r, row, 15);
    a->run = text(arena, r, row, 16, &ok);
    a->at = text(arena, r, row, 17, &ok);
    a->by = text(arena, r, row, 18, &ok);
    a->from = text(arena, r, row, 19, &ok);
    a->duration_us = pgb_result_int(r, row, 20);
    a->tool_version = text(arena, r, row, 21, &ok);
    a->stamped = pgb_result_bool(r, row, 22);
    a->incomplete = pgb_result_bool(r, row, 23);
    return ok;
}

static bool fill(pgb_applied_set *set, pgb_arena *arena, const pgb_result *applied,
                 const pgb_result *failed)
{
    int n = pgb_result_rows(applied), n_failed = pgb_result_rows(failed);
    pgb_applied *rows = pgb_arena_array(arena, (size_t)n + 1, sizeof *rows);
    const char **failures = pgb_arena_array(arena, (size_t)n_failed + 1, sizeof *failures);
    bool ok = rows != NULL && failures != NULL;

    for (int i = 0; i < n && ok; i++) {
        ok = read_applied(arena, applied, i, &rows[i]) &&
             pgb_map_add(&set->by_id, rows[i].id, strlen(rows[i].id), (uint32_t)i, NULL, NULL);
    }
    for (int i = 0; i < n_failed && ok; i++) {
        failures[i] = text(arena, failed, i, 0, &ok);
    }
    if (ok) {
        set->rows = rows;
        set->n = (uint32_t)n;
        set->failed = failures;
        set->n_failed = (uint32_t)n_failed;
    }
    return ok;
}

pgb_status pgb_history_read(pgb_session *session, const char *schema, const char *project,
                            pgb_arena *arena, pgb_applied_set **ret_set, pgb_error *err)
{
    pgb_applied_set *set = pgb_arena_alloc(arena, sizeof *set);
    const char *sqls[2];
    const int n_params[] = {1, 1};
    const char *const param[] = {project};
    const char *const *params[] = {param, param};
    pgb_result *results[2] = {0};
    pgb_history_state state;
    pgb_status status;

    if (set == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_history_look(session, schema, false, &state, err);
    if (status != PGB_OK || !state.is_history) {
        *ret_set = set;
        return status;
    }
    set->exists = true;
    set->version = state.version;
    sqls[0] = pgb_history_sql(arena, schema, pgb_sql_read);
    sqls[1] = pgb_history_sql(arena, schema, pgb_sql_failed);
    if (sqls[0] == NULL || sqls[1] == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec_pipeline(session, 2, sqls, n_params, params, results, err);
    if (status != PGB_OK) {
        pgb_error_context(err, "while reading the history");
        return status;
    }
    if (!fill(set, arena, results[0], results[1])) {
        pgb_applied_set_done(set);
        status = pgb_error_nomem(err);
    }
    pgb_result_free(results[0]);
    pgb_result_free(results[1]);
    if (status == PGB_OK) {
        *ret_set = set;
    }
    return status;
}

void pgb_applied_set_done(pgb_applied_set *set)
{
    if (set != NULL) {
        pgb_map_done(&set->by_id);
    }
}

pgb_status pgb_history_text(pgb_session *session, const char *schema, const char *project,
                            const char *id, pgb_text_kind kind, pgb_arena *arena,
                            const char **ret_text, size_t *ret_len, pgb_error *err)
{
    const char *sql = pgb_history_sql(arena, schema,
                                      kind == PGB_TEXT_HEADER ? pgb_sql_text_header
                                      : kind == PGB_TEXT_UP   ? pgb_sql_text_up
                                                              : pgb_sql_text_down);
    const char *const params[] = {project, id};
    const char *copy = NULL;
    pgb_result *r = NULL;
    pgb_status status;

    if (sql == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec_params(session, sql, 2, params, &r, err);
    if (status != PGB_OK) {
        pgb_error_context(err, "while reading the stored text of %s", id);
        return status;
    }
    if (pgb_result_rows(r) > 0 && !pgb_result_null(r, 0, 0)) {
        copy = pgb_arena_strdup(arena, pgb_result_value(r, 0, 0));
        status = copy != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    pgb_result_free(r);
    if (status == PGB_OK) {
        *ret_text = copy;
        *ret_len = copy != NULL ? strlen(copy) : 0;
    }
    return status;
}

pgb_status pgb_history_events(pgb_session *session, const char *schema, const char *project,
                              uint32_t limit, pgb_arena *arena, pgb_event **ret_events,
                              uint32_t *ret_n, pgb_error *err)
{
    const char *sql = pgb_history_sql(arena, schema, pgb_sql_events);
    char number[16];
    const char *const params[] = {project, number};
    pgb_history_state state;
    pgb_event *events;
    pgb_result *r = NULL;
    pgb_status status;
    int n;
    bool ok = true;

    if (sql == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_history_look(session, schema, false, &state, err);
    if (status != PGB_OK || !state.is_history) {
        *ret_events = NULL;
        *ret_n = 0;
        return status;
    }
    snprintf(number, sizeof number, "%u", limit);
    status = pgb_exec_params(session, sql, 2, params, &r, err);
    if (status != PGB_OK) {
        pgb_error_context(err, "while reading the event log");
        return status;
    }
    n = pgb_result_rows(r);
    events = pgb_arena_array(arena, (size_t)n + 1, sizeof *events);
    ok = events != NULL;
    for (int i = 0; i < n && ok; i++) {
        events[i].seq = pgb_result_int(r, i, 0);
        events[i].at = text(arena, r, i, 1, &ok);
        events[i].id = text(arena, r, i, 2, &ok);
        events[i].event = text(arena, r, i, 3, &ok);
        events[i].run = text(arena, r, i, 4, &ok);
        events[i].by = text(arena, r, i, 5, &ok);
        events[i].from = text(arena, r, i, 6, &ok);
        events[i].sqlstate = text(arena, r, i, 7, &ok);
        events[i].message = text(arena, r, i, 8, &ok);
        events[i].duration_us = pgb_result_int(r, i, 9);
    }
    pgb_result_free(r);
    if (!ok) {
        return pgb_error_nomem(err);
    }
    *ret_events = events;
    *ret_n = (uint32_t)n;
    return PGB_OK;
}

pgb_status pgb_history_steps(pgb_session *session, const pgb_history_place *place, const char *id,
                             bool down, pgb_arena *arena, pgb_step_row **ret_rows, uint32_t *ret_n,
                             pgb_error *err)
{
    const char *sql = pgb_history_sql(arena, place->schema, pgb_sql_steps);
    const char *const params[] = {place->project, id, down ? "down" : "up"};
    pgb_step_row *rows;
    pgb_result *r = NULL;
    pgb_status status;
    int n;
    bool ok = true;

    if (sql == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec_params(session, sql, 3, params, &r, err);
    if (status != PGB_OK) {
        return status;
    }
    n = pgb_result_rows(r);
    rows = pgb_arena_array(arena, (size_t)n + 1, sizeof *rows);
    ok = rows != NULL;
    for (int i = 0; i < n && ok; i++) {
        rows[i].ordinal = (uint32_t)pgb_result_int(r, i, 0);
        rows[i].done = strcmp(pgb_result_value(r, i, 1), "done") == 0;
        rows[i].hash = text(arena, r, i, 2, &ok);
        rows[i].kind = text(arena, r, i, 3, &ok);
        rows[i].command = text(arena, r, i, 4, &ok);
        rows[i].object = pgb_result_null(r, i, 5) ? NULL : text(arena, r, i, 5, &ok);
        rows[i].detail = pgb_result_null(r, i, 6) ? NULL : text(arena, r, i, 6, &ok);
        rows[i].run = text(arena, r, i, 7, &ok);
        rows[i].at = text(arena, r, i, 8, &ok);
    }
    pgb_result_free(r);
    if (!ok) {
        return pgb_error_nomem(err);
    }
    *ret_rows = rows;
    *ret_n = (uint32_t)n;
    return PGB_OK;
}
