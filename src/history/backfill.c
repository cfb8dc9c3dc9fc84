#include "history/backfill.h"

#include <string.h>

#include "history/internal.h"
#include "history_sql.h"

static const char *text_of(const pgb_result *r, int row, int column, pgb_arena *arena, bool *fine)
{
    const char *copy = NULL;

    if (!pgb_result_null(r, row, column)) {
        copy = pgb_arena_strndup(arena, pgb_result_value(r, row, column),
                                 pgb_result_length(r, row, column));
        *fine = *fine && copy != NULL;
    }
    return copy;
}

static bool read_state(const pgb_result *r, int row, pgb_arena *arena, pgb_backfill_state *s)
{
    bool fine = true;
    int c = 0;

    s->name = text_of(r, row, c++, arena, &fine);
    s->id = pgb_result_int(r, row, c++);
    s->epoch = (int)pgb_result_int(r, row, c++);
    s->title = text_of(r, row, c++, arena, &fine);
    s->file = text_of(r, row, c++, arena, &fine);
    s->hash = text_of(r, row, c++, arena, &fine);
    s->source = text_of(r, row, c++, arena, &fine);
    fine = fine && pgb_history_split(arena, pgb_result_value(r, row, c++), &s->key, &s->n_key);
    s->state = text_of(r, row, c++, arena, &fine);
    s->wanted = text_of(r, row, c++, arena, &fine);
    s->pass = (int)pgb_result_int(r, row, c++);
    s->checkpoint = text_of(r, row, c++, arena, &fine);
    s->batches = pgb_result_int(r, row, c++);
    s->rows_done = pgb_result_int(r, row, c++);
    s->rows_all = pgb_result_null(r, row, c) ? -1 : pgb_result_int(r, row, c);
    c++;
    s->run = text_of(r, row, c++, arena, &fine);
    s->begun_at = text_of(r, row, c++, arena, &fine);
    s->changed_at = text_of(r, row, c++, arena, &fine);
    s->completed_at = text_of(r, row, c++, arena, &fine);
    s->is_void = pgb_result_bool(r, row, c++);
    s->errors = pgb_result_int(r, row, c++);
    s->accepted = pgb_result_int(r, row, c++);
    s->duration_us = pgb_result_int(r, row, c++);
    return fine;
}

/* One query of ours, once it is known that its tables are there; *ret_result NULL: they are not. */
static pgb_status read(pgb_session *session, const char *schema, const char *query, int n,
                       const char *const *values, pgb_arena *arena, pgb_result **ret_result,
                       pgb_error *err)
{
    enum { N = 4 };
    const char *name = schema != NULL ? schema : "pgbraid";
    const char *quoted = pgb_quote_ident(session, arena, name);
    const char *sqls[N] = {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                           "SET LOCAL search_path TO pg_catalog, pg_temp", NULL, "COMMIT"};
    const int n_params[N] = {0, 0, n, 0};
    const char *const *params[N] = {NULL, NULL, values, NULL};
    pgb_result *r[N];
    pgb_history_state state;
    pgb_status status;

    *ret_result = NULL;
    sqls[2] = quoted != NULL ? pgb_history_sql(arena, query, quoted) : NULL;
    if (sqls[2] == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_history_probe(session, name, arena, &state, err);
    if (status != PGB_OK || !state.has_history || state.version < PGB_HISTORY_WITH_BACKFILLS) {
        return status;
    }
    status = pgb_exec_pipeline(session, N, sqls, n_params, params, r, err);
    if (status != PGB_OK) {
        if (!pgb_session_lost(session)) {
            pgb_exec(session, "ROLLBACK", NULL, NULL);
        }
        return status;
    }
    for (int i = 0; i < N; i++) {
        if (i != 2) {
            pgb_result_free(r[i]);
        }
    }
    *ret_result = r[2];
    return PGB_OK;
}

pgb_status pgb_history_backfills(pgb_session *session, const char *schema, const char *project,
                                 pgb_arena *arena, pgb_backfill_states *ret_states, pgb_error *err)
{
    const char *const values[1] = {project};
    pgb_backfill_state *list;
    AUTO_RESULT(r);
    pgb_status status = read(session, schema, pgb_sql_backfill_states, 1, values, arena, &r, err);
    bool fine = true;
    int n = r != NULL ? pgb_result_rows(r) : 0;

    *ret_states = (pgb_backfill_states){NULL, 0};
    if (status != PGB_OK) {
        return status;
    }
    list = pgb_arena_array(arena, (size_t)n + 1, sizeof *list);
    fine = list != NULL;
    for (int i = 0; i < n && fine; i++) {
        fine = read_state(r, i, arena, &list[i]);
    }
    if (!fine) {
        return pgb_error_nomem(err);
    }
    *ret_states = (pgb_backfill_states){list, (uint32_t)n};
    return PGB_OK;
}

const pgb_backfill_state *pgb_backfill_states_find(const pgb_backfill_states *states,
                                                   const char *name)
{
    for (uint32_t i = 0; i < states->n; i++) {
        if (strcmp(states->at[i].name, name) == 0) {
            return &states->at[i];
        }
    }
    return NULL;
}

bool pgb_backfill_is_complete(const pgb_backfill_state *state)
{
    return state != NULL && !state->is_void && strcmp(state->state, "complete") == 0;
}

pgb_status pgb_history_outcomes(pgb_session *session, const char *schema, const char *project,
                                const char *name, const char *run, pgb_arena *arena,
                                pgb_outcome **ret_outcomes, uint32_t *ret_n, pgb_error *err)
{
    const char *const values[3] = {project, name, run};
    pgb_outcome *list;
    AUTO_RESULT(r);
    pgb_status status = read(session, schema, pgb_sql_backfill_outcomes, 3, values, arena, &r, err);
    bool fine = true;
    int n = r != NULL ? pgb_result_rows(r) : 0;

    if (status != PGB_OK) {
        return status;
    }
    list = pgb_arena_array(arena, (size_t)n + 1, sizeof *list);
    fine = list != NULL;
    for (int i = 0; i < n && fine; i++) {
        list[i].name = text_of(r, i, 0, arena, &fine);
        list[i].count = pgb_result_int(r, i, 1);
    }
    if (!fine) {
        return pgb_error_nomem(err);
    }
    *ret_outcomes = list;
    *ret_n = (uint32_t)n;
    return PGB_OK;
}

pgb_status pgb_history_faults(pgb_session *session, const char *schema, const char *project,
                              const char *name, uint32_t limit, pgb_arena *arena,
                              pgb_backfill_fault **ret_faults, uint32_t *ret_n, pgb_error *err)
{
    const char *most = limit != 0 ? pgb_arena_printf(arena, "%u", limit) : NULL;
    const char *const values[3] = {project, name, most};
    pgb_backfill_fault *list;
    AUTO_RESULT(r);
    pgb_status status = read(session, schema, pgb_sql_backfill_faults, 3, values, arena, &r, err);
    bool fine = true;
    int n = r != NULL ? pgb_result_rows(r) : 0;

    if (status != PGB_OK) {
        return status;
    }
    list = pgb_arena_array(arena, (size_t)n + 1, sizeof *list);
    fine = list != NULL && (limit == 0 || most != NULL);
    for (int i = 0; i < n && fine; i++) {
        fine = pgb_history_split(arena, pgb_result_value(r, i, 0), &list[i].key, &list[i].n_key);
        list[i].sqlstate = text_of(r, i, 1, arena, &fine);
        list[i].message = text_of(r, i, 2, arena, &fine);
        list[i].attempts = (int)pgb_result_int(r, i, 3);
        list[i].accepted = pgb_result_bool(r, i, 4);
        list[i].run = text_of(r, i, 5, arena, &fine);
        list[i].at = text_of(r, i, 6, arena, &fine);
    }
    if (!fine) {
        return pgb_error_nomem(err);
    }
    *ret_faults = list;
    *ret_n = (uint32_t)n;
    return PGB_OK;
}

pgb_statement *pgb_history_backfill(const pgb_history *h, pgb_arena *arena, pgb_backfill_sql which,
                                    const char *name, int n, const char *const *values)
{
    static const char *const sqls[PGB_BACKFILL_SQL_COUNT] = {
        [PGB_BACKFILL_BEGIN] = pgb_sql_backfill_begin,
        [PGB_BACKFILL_RESUME] = pgb_sql_backfill_resume,
        [PGB_BACKFILL_RUN_BEGIN] = pgb_sql_backfill_run_begin,
        [PGB_BACKFILL_COUNT] = pgb_sql_backfill_count,
        [PGB_BACKFILL_CHECKPOINT] = pgb_sql_backfill_checkpoint,
        [PGB_BACKFILL_WANTED] = pgb_sql_backfill_wanted,
        [PGB_BACKFILL_ASK] = pgb_sql_backfill_ask,
        [PGB_BACKFILL_END] = pgb_sql_backfill_end,
        [PGB_BACKFILL_FAULT] = pgb_sql_backfill_fault,
        [PGB_BACKFILL_ACCEPT] = pgb_sql_backfill_accept,
    };
    pgb_statement *s = pgb_arena_alloc(arena, sizeof *s);

    if (s == NULL || n + 2 > PGB_STATEMENT_PARAMS) {
        return NULL;
    }
    s->sql = pgb_history_sql(arena, sqls[which], h->quoted);
    s->n = n + 2;
    s->values[0] = h->project;
    s->values[1] = name;
    for (int i = 0; i < n; i++) {
        s->values[i + 2] = values[i];
    }
    return s->sql != NULL ? s : NULL;
}

const char *pgb_history_quoted(const pgb_history *h)
{
    return h->quoted;
}
