#include <stdlib.h>
#include <string.h>

#include "history/internal.h"
#include "history_sql.h"

enum { SEPARATOR = 0x1f };

bool pgb_history_split(pgb_arena *arena, const char *text, const char *const **ret_items,
                       uint32_t *ret_n)
{
    uint32_t n = *text != '\0';
    const char **items;
    char *copy;

    for (const char *p = text; *p != '\0'; p++) {
        n += *p == SEPARATOR;
    }
    items = pgb_arena_array(arena, n + 1, sizeof *items);
    copy = pgb_arena_strdup(arena, text);
    if (items == NULL || copy == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        char *end = strchr(copy, SEPARATOR);

        items[i] = copy;
        if (end != NULL) {
            *end = '\0';
            copy = end + 1;
        }
    }
    *ret_items = items;
    *ret_n = n;
    return true;
}

static bool read_row(const pgb_result *r, int row, pgb_arena *arena, pgb_applied *a)
{
    bool fine = true;

#define TEXT(column)                                                                               \
    (pgb_result_null(r, row, column) ? NULL                                                        \
                                     : pgb_arena_strndup(arena, pgb_result_value(r, row, column),  \
                                                         pgb_result_length(r, row, column)))
#define NEEDED(at, column) (fine = fine && ((at) = TEXT(column)) != NULL)
    NEEDED(a->id, 0);
    fine = fine &&
           pgb_history_split(arena, pgb_result_value(r, row, 1), &a->parents, &a->n_parents) &&
           pgb_history_split(arena, pgb_result_value(r, row, 2), &a->depends, &a->n_depends) &&
           pgb_history_split(arena, pgb_result_value(r, row, 3), &a->labels, &a->n_labels);
    NEEDED(a->title, 4);
    NEEDED(a->file, 5);
    NEEDED(a->up_raw, 6);
    NEEDED(a->up_norm, 7);
    NEEDED(a->down_raw, 8);
    NEEDED(a->down_norm, 9);
    NEEDED(a->header_norm, 10);
    a->has_down = pgb_result_bool(r, row, 11);
    a->irreversible = TEXT(12);
    fine = fine && (a->irreversible != NULL || pgb_result_null(r, row, 12));
    a->has_up_text = pgb_result_bool(r, row, 13);
    a->has_down_text = pgb_result_bool(r, row, 14);
    a->seq = pgb_result_int(r, row, 15);
    NEEDED(a->run, 16);
    NEEDED(a->at, 17);
    NEEDED(a->by, 18);
    NEEDED(a->from, 19);
    a->duration_us = pgb_result_int(r, row, 20);
    NEEDED(a->tool_version, 21);
    a->stamped = pgb_result_bool(r, row, 22);
    a->incomplete = pgb_result_bool(r, row, 23);
    a->transaction_none = pgb_result_bool(r, row, 24);
#undef NEEDED
#undef TEXT
    return fine;
}

static bool read_ids(const pgb_result *r, pgb_arena *arena, const char *const **ret_ids,
                     uint32_t *ret_n)
{
    int n = pgb_result_rows(r);
    const char **ids = pgb_arena_array(arena, (size_t)n + 1, sizeof *ids);

    if (ids == NULL) {
        return false;
    }
    for (int i = 0; i < n; i++) {
        ids[i] = pgb_arena_strdup(arena, pgb_result_value(r, i, 0));
        if (ids[i] == NULL) {
            return false;
        }
    }
    *ret_ids = ids;
    *ret_n = (uint32_t)n;
    return true;
}

static pgb_status read_set(pgb_session *session, const char *quoted, const char *project,
                           pgb_arena *arena, pgb_applied_set *set, pgb_error *err)
{
    /* one snapshot, and no operator but pg_catalog's */
    enum { FIRST = 2, N = 5 };
    const char *sqls[N] = {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                           "SET LOCAL search_path TO pg_catalog, pg_temp",
                           pgb_history_sql(arena, pgb_sql_read_revisions, quoted),
                           pgb_history_sql(arena, pgb_sql_read_failed, quoted), "COMMIT"};
    const char *const values[1] = {project};
    const int n_params[N] = {0, 0, 1, 1, 0};
    const char *const *params[N] = {NULL, NULL, values, values, NULL};
    pgb_result *r[N];
    pgb_applied *rows;
    pgb_status status;
    bool fine;

    if (sqls[2] == NULL || sqls[3] == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec_pipeline(session, N, sqls, n_params, params, r, err);
    if (status != PGB_OK) {
        if (!pgb_session_lost(session)) {
            pgb_exec(session, "ROLLBACK", NULL, NULL);
        }
        return status;
    }
    set->n = (uint32_t)pgb_result_rows(r[FIRST]);
    rows = pgb_arena_array(arena, (size_t)set->n + 1, sizeof *rows);
    fine = rows != NULL;
    set->rows = rows;
    for (uint32_t i = 0; fine && i < set->n; i++) {
        fine = read_row(r[FIRST], (int)i, arena, &rows[i]) &&
               pgb_map_add(&set->by_id, rows[i].id, strlen(rows[i].id), i, NULL, NULL);
    }
    fine = fine && read_ids(r[FIRST + 1], arena, &set->failed, &set->n_failed);
    for (int i = 0; i < N; i++) {
        pgb_result_free(r[i]);
    }
    return fine ? PGB_OK : pgb_error_nomem(err);
}

pgb_status pgb_history_read(pgb_session *session, const char *schema, const char *project,
                            pgb_arena *arena, pgb_applied_set **ret_set, pgb_error *err)
{
    const char *name = schema != NULL ? schema : "pgbraid";
    const char *quoted = pgb_quote_ident(session, arena, name);
    pgb_applied_set *set = pgb_arena_alloc(arena, sizeof *set);
    pgb_history_state state;
    pgb_status status;

    if (quoted == NULL || set == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_history_probe(session, name, arena, &state, err);
    if (status != PGB_OK) {
        return status;
    }
    if (state.has_history) {
        set->exists = true;
        set->version = state.version;
        status = read_set(session, quoted, project, arena, set, err);
        if (status != PGB_OK) {
            pgb_applied_set_done(set);
            return status;
        }
    }
    *ret_set = set;
    return PGB_OK;
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
    static const char *const sqls[] = {[PGB_TEXT_HEADER] = pgb_sql_text_header,
                                       [PGB_TEXT_UP] = pgb_sql_text_up,
                                       [PGB_TEXT_DOWN] = pgb_sql_text_down};
    const char *quoted = pgb_quote_ident(session, arena, schema != NULL ? schema : "pgbraid");
    const char *sql = quoted != NULL ? pgb_history_sql(arena, sqls[kind], quoted) : NULL;
    const char *const values[2] = {project, id};
    AUTO_RESULT(r);
    pgb_status status;

    if (sql == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec_params(session, sql, 2, values, &r, err);
    if (status != PGB_OK) {
        return status;
    }
    if (pgb_result_rows(r) == 0 || pgb_result_null(r, 0, 0)) {
        *ret_text = NULL;
        *ret_len = 0;
        return PGB_OK;
    }
    *ret_len = pgb_result_length(r, 0, 0);
    *ret_text = pgb_arena_strndup(arena, pgb_result_value(r, 0, 0), *ret_len);
    return *ret_text != NULL ? PGB_OK : pgb_error_nomem(err);
}

pgb_status pgb_history_events(pgb_session *session, const char *schema, const char *project,
                              uint32_t limit, pgb_arena *arena, pgb_event **ret_events,
                              uint32_t *ret_n, pgb_error *err)
{
    const char *name = schema != NULL ? schema : "pgbraid";
    const char *quoted = pgb_quote_ident(session, arena, name);
    const char *sql = quoted != NULL ? pgb_history_sql(arena, pgb_sql_read_events, quoted) : NULL;
    const char *count = limit != 0 ? pgb_arena_printf(arena, "%u", limit) : NULL;
    const char *const values[2] = {project, count};
    pgb_history_state state;
    pgb_event *events;
    AUTO_RESULT(r);
    pgb_status status;
    bool fine = true;
    int n;

    if (sql == NULL || (limit != 0 && count == NULL)) {
        return pgb_error_nomem(err);
    }
    status = pgb_history_probe(session, name, arena, &state, err);
    if (status != PGB_OK || !state.has_history) {
        *ret_n = 0;
        *ret_events = NULL;
        return status;
    }
    status = pgb_exec_params(session, sql, 2, values, &r, err);
    if (status != PGB_OK) {
        return status;
    }
    n = pgb_result_rows(r);
    events = pgb_arena_array(arena, (size_t)n + 1, sizeof *events);
    if (events == NULL) {
        return pgb_error_nomem(err);
    }
    for (int i = 0; i < n && fine; i++) {
        const char **texts[] = {&events[i].at,       &events[i].id,     &events[i].event,
                                &events[i].run,      &events[i].by,     &events[i].from,
                                &events[i].sqlstate, &events[i].message};

        events[i].seq = pgb_result_int(r, i, 0);
        events[i].duration_us = pgb_result_int(r, i, 9);
        for (int c = 0; c < 8 && fine; c++) {
            *texts[c] = pgb_arena_strdup(arena, pgb_result_value(r, i, c + 1));
            fine = *texts[c] != NULL;
        }
    }
    if (!fine) {
        return pgb_error_nomem(err);
    }
    *ret_events = events;
    *ret_n = (uint32_t)n;
    return PGB_OK;
}
