#include <string.h>

#include "base/buf.h"
#include "history/internal.h"
#include "history/write.h"
#include "history_sql.h"

const char *pgb_history_quoted(pgb_arena *arena, const char *schema)
{
    PGB_AUTO_BUF(b);

    pgb_buf_putc(&b, '"');
    for (const char *s = schema != NULL ? schema : PGB_HISTORY_SCHEMA; *s != '\0'; s++) {
        if (*s == '"') {
            pgb_buf_putc(&b, '"');
        }
        pgb_buf_putc(&b, *s);
    }
    pgb_buf_putc(&b, '"');
    return b.failed ? NULL : pgb_arena_strndup(arena, b.p, b.len);
}

const char *pgb_history_sql(pgb_arena *arena, const char *schema, const char *sql)
{
    static const char schema_mark[] = "@schema@", version_mark[] = "@tool_version@";
    PGB_AUTO_BUF(b);
    const char *quoted = pgb_history_quoted(arena, schema), *at;

    if (quoted == NULL) {
        return NULL;
    }
    while ((at = strchr(sql, '@')) != NULL) {
        pgb_buf_append(&b, sql, (size_t)(at - sql));
        if (strncmp(at, schema_mark, sizeof schema_mark - 1) == 0) {
            pgb_buf_puts(&b, quoted);
            sql = at + sizeof schema_mark - 1;
        } else if (strncmp(at, version_mark, sizeof version_mark - 1) == 0) {
            pgb_buf_puts(&b, "'" PGB_VERSION "'");
            sql = at + sizeof version_mark - 1;
        } else {
            pgb_buf_putc(&b, '@');
            sql = at + 1;
        }
    }
    pgb_buf_puts(&b, sql);
    return b.failed ? NULL : pgb_arena_strndup(arena, b.p, b.len);
}

static pgb_status check_trust(const pgb_result *r, const char *schema, pgb_error *err)
{
    if (!pgb_result_bool(r, 0, 3)) {
        pgb_error_set(err, PGB_UNSAFE,
                      "schema \"%s\" belongs to %s, who is neither you nor a superuser", schema,
                      pgb_result_value(r, 0, 2));
        pgb_error_hint(err,
                       "The history holds SQL that is run later, so its owner must be trusted: "
                       "connect as its owner, or have a superuser run ALTER SCHEMA … OWNER TO.");
        return PGB_UNSAFE;
    }
    if (!pgb_result_null(r, 0, 4)) {
        pgb_error_set(err, PGB_UNSAFE, "the history in schema \"%s\" can be written by %s", schema,
                      pgb_result_value(r, 0, 4));
        pgb_error_hint(
            err, "The history holds SQL that is run later: REVOKE what others may write there.");
        return PGB_UNSAFE;
    }
    if (!pgb_result_null(r, 0, 5)) {
        pgb_error_set(err, PGB_UNSAFE, "the history in schema \"%s\" carries %s", schema,
                      pgb_result_value(r, 0, 5));
        pgb_error_hint(err, "Triggers, rules, policies and functions there would run as you: drop "
                            "them.");
        return PGB_UNSAFE;
    }
    return PGB_OK;
}

pgb_status pgb_history_look(pgb_session *session, const char *schema, bool check_owner,
                            pgb_history_state *ret_state, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    const char *name = schema != NULL ? schema : PGB_HISTORY_SCHEMA;
    const char *const params[] = {name};
    const char *sql;
    pgb_result *r = NULL;
    pgb_history_state state = {0};
    pgb_status status;

    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec_params(session, pgb_sql_state, 1, params, &r, err);
    if (status != PGB_OK) {
        pgb_error_context(err, "while looking for the history");
        return status;
    }
    state.there = pgb_result_bool(r, 0, 0);
    state.is_history = pgb_result_bool(r, 0, 1);
    if (state.there && check_owner) {
        status = check_trust(r, name, err);
    }
    pgb_result_free(r);
    if (status == PGB_OK && state.is_history) {
        sql = pgb_history_sql(arena, schema, pgb_sql_version);
        r = NULL;
        status = sql != NULL ? pgb_exec(session, sql, &r, err) : pgb_error_nomem(err);
        if (status == PGB_OK) {
            state.version = pgb_result_rows(r) > 0 ? (int)pgb_result_int(r, 0, 0) : 0;
            pgb_result_free(r);
        } else if (err != NULL && strcmp(err->sqlstate, "42501") == 0) {
            pgb_error_hint(
                err,
                "To only read the history: GRANT USAGE ON SCHEMA \"%s\" and SELECT ON ALL "
                "TABLES IN SCHEMA \"%s\" to this role.",
                name, name);
        }
    }
    *ret_state = state;
    return status;
}

/* What brings version i + 1 to i + 2; the last entry is PGB_HISTORY_VERSION's own. */
static const char *const upgrades[] = {NULL};
_Static_assert(sizeof upgrades / sizeof upgrades[0] == PGB_HISTORY_VERSION,
               "every version has its way to the next");

const char *pgb_history_creation(const char *schema, pgb_arena *arena)
{
    return pgb_history_sql(arena, schema, pgb_sql_create_1);
}

static pgb_status run_in_transaction(pgb_session *session, const char *sql, pgb_error *err)
{
    pgb_error ignored = PGB_ERROR_INIT;
    pgb_status status = pgb_exec(session, "BEGIN", NULL, err);

    if (status == PGB_OK) {
        status = pgb_exec(session, sql, NULL, err);
        if (status == PGB_OK) {
            status = pgb_exec(session, "COMMIT", NULL, err);
        } else {
            pgb_exec(session, "ROLLBACK", NULL, &ignored);
        }
    }
    return status;
}

pgb_status pgb_history_ensure(pgb_session *session, const char *schema, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    const char *name = schema != NULL ? schema : PGB_HISTORY_SCHEMA, *sql;
    pgb_history_state state;
    pgb_status status;

    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_history_look(session, schema, true, &state, err);
    if (status != PGB_OK) {
        return status;
    }
    if (state.there && !state.is_history) {
        pgb_error_set(err, PGB_UNSAFE, "there is a schema \"%s\" that is not a history of pgbraid",
                      name);
        pgb_error_hint(err,
                       "Name another schema for the history in pgbraid.ini ([history] schema), or "
                       "drop that one if nobody needs it.");
        return PGB_UNSAFE;
    }
    if (state.version > PGB_HISTORY_VERSION) {
        pgb_error_set(err, PGB_REFUSED,
                      "the history has version %d, and this pgbraid writes version %d",
                      state.version, PGB_HISTORY_VERSION);
        pgb_error_hint(err, "An older program only reads it: use the newer pgbraid.");
        return PGB_REFUSED;
    }
    if (!state.is_history) {
        sql = pgb_history_creation(schema, arena);
        status = sql != NULL ? run_in_transaction(session, sql, err) : pgb_error_nomem(err);
        if (status != PGB_OK) {
            if (err != NULL && strcmp(err->sqlstate, "42501") == 0) {
                pgb_error_hint(
                    err,
                    "The role needs CREATE on the database for the history's schema: GRANT "
                    "CREATE ON DATABASE \"%s\" to it, or have the schema made by its owner.",
                    pgb_session_database(session));
            }
            pgb_error_context(err, "while making the history");
        }
        return status;
    }
    for (int version = state.version; version < PGB_HISTORY_VERSION && status == PGB_OK;
         version++) {
        sql = pgb_history_sql(arena, schema, upgrades[version - 1]);
        status = sql != NULL ? run_in_transaction(session, sql, err) : pgb_error_nomem(err);
        pgb_error_context(err, "while bringing the history to version %d", version + 1);
    }
    return status;
}
