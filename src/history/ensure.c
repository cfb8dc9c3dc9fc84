/* Is there a history, may it be trusted, and is it of our version; its creation and upgrade. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history/internal.h"
#include "history_sql.h"

/* From version i to i + 1. A new version adds a script here, and its reading stays possible for
 * older programs: columns are only added. */
static const char *const upgrades[PGB_HISTORY_VERSION] = {pgb_sql_create_1, pgb_sql_create_2};

char *pgb_history_sql(pgb_arena *arena, const char *sql, const char *quoted_schema)
{
    static const char mark[] = ":\"schema\"";
    size_t n = 0, quoted = strlen(quoted_schema);
    char *out, *to;

    for (const char *p = sql; (p = strstr(p, mark)) != NULL; p += sizeof mark - 1) {
        n++;
    }
    out = to = pgb_arena_alloc(arena, strlen(sql) + n * quoted + 1);
    if (out == NULL) {
        return NULL;
    }
    for (;;) {
        const char *p = strstr(sql, mark);
        size_t len = p != NULL ? (size_t)(p - sql) : strlen(sql);

        memcpy(to, sql, len);
        to += len;
        if (p == NULL) {
            *to = '\0';
            return out;
        }
        memcpy(to, quoted_schema, quoted);
        to += quoted;
        sql = p + sizeof mark - 1;
    }
}

/* Our own reading must not depend on a search_path in which somebody's operators come first. */
static const char *const begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
static const char *const safe_path = "SET LOCAL search_path TO pg_catalog, pg_temp";

static pgb_status read_version(pgb_session *session, const char *quoted, pgb_arena *arena,
                               pgb_history_state *state, pgb_error *err)
{
    const char *sql = pgb_history_sql(arena, pgb_sql_version, quoted);
    AUTO_RESULT(r);
    pgb_status status;

    if (sql == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec_params(session, sql, 0, NULL, &r, err);
    if (status != PGB_OK) {
        if (status == PGB_SQL && err != NULL && strcmp(err->sqlstate, "42501") == 0) {
            pgb_error_hint(err,
                           "let this role read the history: GRANT USAGE ON SCHEMA %s TO …; "
                           "GRANT SELECT ON ALL TABLES IN SCHEMA %s TO …",
                           quoted, quoted);
        }
        return status;
    }
    if (pgb_result_rows(r) != 1) {
        pgb_error_set(err, PGB_UNSAFE, "the history's schema %s has no version", quoted);
        pgb_error_hint(err, "it was tampered with: restore its table meta from a backup");
        return PGB_UNSAFE;
    }
    state->version = (int)pgb_result_int(r, 0, 0);
    state->tool_version = pgb_arena_strdup(arena, pgb_result_value(r, 0, 1));
    return state->tool_version != NULL ? PGB_OK : pgb_error_nomem(err);
}

pgb_status pgb_history_probe(pgb_session *session, const char *schema, pgb_arena *arena,
                             pgb_history_state *ret_state, pgb_error *err)
{
    const char *name = schema != NULL ? schema : "pgbraid";
    const char *sqls[4] = {begin_read, safe_path, pgb_sql_probe, "COMMIT"};
    const int n_params[4] = {0, 0, 1, 0};
    const char *const values[1] = {name};
    const char *const *params[4] = {NULL, NULL, values, NULL};
    const char *quoted = pgb_quote_ident(session, arena, name);
    pgb_history_state state = {0};
    pgb_result *r[4];
    pgb_status status;

    if (quoted == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec_pipeline(session, 4, sqls, n_params, params, r, err);
    if (status != PGB_OK) {
        if (!pgb_session_lost(session)) {
            pgb_exec(session, "ROLLBACK", NULL, NULL);
        }
        return status;
    }
    state.has_schema = pgb_result_bool(r[2], 0, 0);
    state.has_history = pgb_result_bool(r[2], 0, 1);
    if (!state.has_history && pgb_result_int(r[2], 0, 2) > 0) {
        state.problem = "it holds tables that are not pgbraid's";
    } else if (!pgb_result_null(r[2], 0, 3)) {
        state.problem = pgb_arena_strdup(arena, pgb_result_value(r[2], 0, 3));
        if (state.problem == NULL) {
            status = pgb_error_nomem(err);
        }
    }
    state.may_create = pgb_result_bool(r[2], 0, 5);
    for (int i = 0; i < 4; i++) {
        pgb_result_free(r[i]);
    }
    if (status == PGB_OK && state.has_history) {
        status = read_version(session, quoted, arena, &state, err);
    }
    if (status == PGB_OK) {
        *ret_state = state;
    }
    return status;
}

pgb_status pgb_history_check(const pgb_history_state *state, const char *schema, bool write,
                             pgb_error *err)
{
    const char *name = schema != NULL ? schema : "pgbraid";

    if (state->problem != NULL && write) {
        pgb_error_set(err, PGB_UNSAFE, "the schema %s can't be trusted with the history", name);
        pgb_error_detail(err, "%s; what is stored there is run as SQL by whoever runs pgbraid",
                         state->problem);
        pgb_error_hint(err, "mend owner and privileges (ALTER … OWNER TO, REVOKE), connect as the "
                            "owner, or choose another schema: [history] schema in pgbraid.ini");
        return err != NULL ? err->status : PGB_UNSAFE;
    }
    if (write && state->version > PGB_HISTORY_VERSION) {
        pgb_error_set(err, PGB_UNSAFE,
                      "the history in schema %s was written by a newer pgbraid (%s)", name,
                      state->tool_version);
        pgb_error_detail(err, "its version is %d, this program writes %d and only reads newer ones",
                         state->version, PGB_HISTORY_VERSION);
        pgb_error_hint(err, "use pgbraid %s or later", state->tool_version);
        return err != NULL ? err->status : PGB_UNSAFE;
    }
    return PGB_OK;
}

/* The statements that bring the history from a version to ours, the first with its schema. */
static void write_creation(pgb_buf *b, pgb_arena *arena, const char *quoted, bool schema,
                           int version)
{
    char ours[16];
    pgb_statement set = {.n = 2, .values = {ours, PGB_VERSION}};

    snprintf(ours, sizeof ours, "%d", PGB_HISTORY_VERSION);
    set.sql = pgb_history_sql(arena, pgb_sql_set_version, quoted);
    if (schema) {
        /* not IF NOT EXISTS: that asks for CREATE on the database though the schema is there */
        pgb_buf_printf(b, "CREATE SCHEMA %s;\n", quoted);
    }
    for (int i = version; i < PGB_HISTORY_VERSION; i++) {
        const char *script = pgb_history_sql(arena, upgrades[i], quoted);

        b->failed = b->failed || script == NULL;
        if (script != NULL) {
            pgb_buf_puts(b, script);
        }
    }
    b->failed = b->failed || set.sql == NULL;
    if (set.sql != NULL) {
        pgb_statement_render(&set, b);
    }
}

static pgb_status create(pgb_session *session, const char *quoted, const pgb_history_state *state,
                         pgb_arena *arena, pgb_error *err)
{
    AUTO_RESULT(r);
    PGB_AUTO_BUF(b);
    pgb_status status;

    /* one string, so that a far server is waited for once */
    pgb_buf_puts(&b, "BEGIN ISOLATION LEVEL READ COMMITTED;\n");
    write_creation(&b, arena, quoted, !state->has_schema, state->version);
    status = b.failed ? pgb_error_nomem(err) : pgb_exec(session, pgb_buf_str(&b), NULL, err);
    if (status == PGB_OK) {
        /* alone: what a string of several statements answers could hide how this one ended */
        status = pgb_exec(session, "COMMIT", &r, err);
    }
    if (status == PGB_OK && strcmp(pgb_result_tag(r), "COMMIT") != 0) {
        status = pgb_error_set(err, PGB_FAILED, "the server rolled the history's creation back");
    }
    if (status != PGB_OK && !pgb_session_lost(session)) {
        pgb_exec(session, "ROLLBACK", NULL, NULL);
    }
    return status;
}

const char *pgb_history_creation(pgb_session *session, const char *schema, pgb_arena *arena)
{
    const char *quoted = pgb_quote_ident(session, arena, schema != NULL ? schema : "pgbraid");
    PGB_AUTO_BUF(b);

    if (quoted == NULL) {
        return NULL;
    }
    write_creation(&b, arena, quoted, true, 0);
    return b.failed ? NULL : pgb_arena_strdup(arena, pgb_buf_str(&b));
}

pgb_status pgb_history_ensure(pgb_session *session, const char *schema, bool *ret_did,
                              pgb_error *err)
{
    pgb_history_state state;
    const char *name = schema != NULL ? schema : "pgbraid", *quoted;
    pgb_status status;
    PGB_AUTO_ARENA(arena);

    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    if (ret_did != NULL) {
        *ret_did = false;
    }
    status = pgb_history_probe(session, schema, arena, &state, err);
    if (status == PGB_OK) {
        status = pgb_history_check(&state, schema, true, err);
    }
    if (status != PGB_OK || state.version == PGB_HISTORY_VERSION) {
        return status;
    }
    quoted = pgb_quote_ident(session, arena, name);
    if (quoted == NULL) {
        return pgb_error_nomem(err);
    }
    status = create(session, quoted, &state, arena, err);
    if (status == PGB_SQL && err != NULL && strcmp(err->sqlstate, "42501") == 0) {
        err->hint[0] = '\0';
        pgb_error_hint(err,
                       "let somebody who may run CREATE SCHEMA %s AUTHORIZATION this-role, or "
                       "GRANT CREATE ON DATABASE … TO this-role",
                       quoted);
    }
    if (status != PGB_OK) {
        pgb_error_context(err, "while creating the history in schema %s", name);
    } else if (ret_did != NULL) {
        *ret_did = true;
    }
    return status;
}
