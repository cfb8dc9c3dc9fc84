#include "prove/lost.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "pg/pg.h"
#include "prove_sql.h"
#include "sql/parse.h"

enum {
    COUNTED_AT_ONCE = 100,
    ROWS_SHOWN = 20, /* of a table that stands in the way */
    TABLES_SHOWN = 4
};

/* ---- counting ---- */

/* One query for many figures. */
static pgb_status count(struct pgb_session *session, lost_count *at, size_t n, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (size_t from = 0; from < n && status == PGB_OK; from += COUNTED_AT_ONCE) {
        size_t to = n - from > COUNTED_AT_ONCE ? from + COUNTED_AT_ONCE : n;
        PGB_AUTO_BUF(b);
        pgb_result *r = NULL;

        pgb_buf_puts(&b, "SELECT ");
        for (size_t i = from; i < to; i++) {
            pgb_buf_printf(&b, "%s(SELECT pg_catalog.count(%s) FROM ONLY %s)", i > from ? ", " : "",
                           at[i].column != NULL ? pgb_last_name(at[i].column) : "*", at[i].table);
        }
        status = b.failed ? pgb_error_nomem(err) : pgb_exec(session, pgb_buf_str(&b), &r, err);
        for (size_t i = from; i < to && status == PGB_OK; i++) {
            at[i].n = pgb_result_int(r, 0, (int)(i - from));
        }
        pgb_result_free(r);
    }
    return status;
}

static bool begins_with(const char *sql, const char *const *words)
{
    size_t len = 0;

    for (;;) {
        sql += strspn(sql, " \t\r\n");
        if (sql[0] == '-' && sql[1] == '-') {
            sql += strcspn(sql, "\n");
        } else if (sql[0] == '/' && sql[1] == '*') {
            const char *end = strstr(sql, "*/");

            sql = end != NULL ? end + 2 : sql + strlen(sql);
        } else {
            break;
        }
    }
    while (isalpha((unsigned char)sql[len])) {
        len++;
    }
    for (; *words != NULL; words++) {
        if (strlen(*words) == len && strncasecmp(*words, sql, len) == 0) {
            return true;
        }
    }
    return len == 0;
}

bool lost_begin_with(const pgb_revset *set, const pgb_revision *rev, pgb_section section,
                     const char *const *words, bool (*also)(const char *sql, size_t len))
{
    pgb_script *script = NULL;
    pgb_item item = {0};
    bool only = true;

    if (pgb_script_open(set, rev, section, 0, &script, NULL) != PGB_OK) {
        return true;
    }
    if (pgb_script_rewind(script, NULL) == PGB_OK) {
        while (only && pgb_script_next(script, &item, NULL) == PGB_OK &&
               item.kind != PGB_ITEM_END) {
            only = item.kind == PGB_ITEM_STATEMENT && begins_with(item.text, words) &&
                   (also == NULL || also(item.text, item.len));
        }
    }
    pgb_script_close(script);
    return only;
}

/* Its downgrade defines only, and touches no rows by itself. */
bool lost_only_defines(const pgb_revset *set, const pgb_revision *rev)
{
    static const char *const words[] = {"alter", "comment", "create", "drop", "grant",
                                        "reset", "revoke",  "set",    NULL};

    return lost_begin_with(set, rev, PGB_SECTION_DOWN, words, NULL);
}

/* Partitioned tables keep no rows of their own. */
static bool keeps_rows(const pgb_object *o)
{
    return strcmp(o->kind, "table") == 0 && pgb_object_get(o, "partition_by") == NULL;
}

bool lost_add(lost_rows *lost, const char *table, const char *column)
{
    lost_count c = {.table = pgb_arena_strdup(lost->arena, table),
                    .column = column != NULL ? pgb_arena_strdup(lost->arena, column) : NULL};

    c.what = column != NULL ? pgb_arena_printf(lost->arena, "the values of %s", column) : c.table;
    return c.table != NULL && c.what != NULL && (column == NULL || c.column != NULL) &&
           pgb_vec_push(&lost->list, c);
}

pgb_status lost_before(lost_rows *lost, const pgb_revset *set, const pgb_revision *rev,
                       const pgb_catalog *before, const pgb_catalog *after,
                       struct pgb_session *session, pgb_error *err)
{
    bool plain = lost_only_defines(set, rev), fine = true;

    *lost = (lost_rows){.arena = pgb_arena_new()};
    if (lost->arena == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < after->n && fine; i++) {
        const pgb_object *o = &after->objects[i];
        bool was = pgb_catalog_find(before, o->kind, o->identity) != NULL;

        if (keeps_rows(o) && (!was || !plain)) {
            fine = lost_add(lost, o->identity, NULL);
        } else if (!was && strcmp(o->kind, "column") == 0) {
            const pgb_object *table = pgb_catalog_find(after, "table", o->parent);

            if (table != NULL && keeps_rows(table) &&
                pgb_catalog_find(before, "table", o->parent) != NULL) {
                fine = lost_add(lost, o->parent, o->identity);
            }
        }
    }
    return fine ? count(session, lost->list.at, lost->list.n, err) : pgb_error_nomem(err);
}

pgb_status lost_count_all(lost_rows *lost, struct pgb_session *session, pgb_error *err)
{
    return count(session, lost->list.at, lost->list.n, err);
}

pgb_status lost_after(lost_rows *lost, const pgb_catalog *now, struct pgb_session *session,
                      pgb_arena *arena, const char **ret_said, pgb_error *err)
{
    PGB_AUTO_BUF(b);
    pgb_status status = PGB_OK;

    *ret_said = NULL;
    for (size_t i = 0; i < lost->list.n && status == PGB_OK; i++) {
        lost_count *c = &lost->list.at[i], left = *c;
        bool stays = now == NULL         ? false
                     : c->column == NULL ? pgb_catalog_find(now, "table", c->table) != NULL
                                         : pgb_catalog_find(now, "column", c->column) != NULL;

        left.n = 0;
        if (c->n > 0 && stays) {
            status = count(session, &left, 1, err);
        }
        if (status == PGB_OK && c->n > left.n) {
            int64_t n = c->n - left.n;

            pgb_buf_puts(&b, b.len == 0 ? "loses " : ", ");
            if (c->column != NULL) {
                pgb_buf_printf(&b, "%s in %" PRId64 " row%s", c->what, n, n == 1 ? "" : "s");
            } else {
                pgb_buf_printf(&b, "%" PRId64 " row%s of %s%s", n, n == 1 ? "" : "s", c->what,
                               stays ? ", which stays" : "");
            }
        }
    }
    if (status == PGB_OK && b.len > 0) {
        *ret_said = b.failed ? NULL : pgb_arena_strdup(arena, pgb_buf_str(&b));
        status = *ret_said != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    return status;
}

void lost_done(lost_rows *lost)
{
    pgb_vec_done(&lost->list);
    pgb_arena_free(lost->arena);
    lost->arena = NULL;
}

/* ---- rows in the way ---- */

/* The statement of the section that holds that line. */
static pgb_status find_statement(const pgb_revset *set, const pgb_revision *rev,
                                 pgb_section section, int line, pgb_arena *arena,
                                 const char **ret_sql, pgb_error *err)
{
    pgb_script *script = NULL;
    pgb_item item = {0};
    const char *sql = NULL;
    pgb_status status = pgb_script_open(set, rev, section, 0, &script, NULL);

    *ret_sql = NULL;
    if (status != PGB_OK) {
        return PGB_OK;
    }
    status = pgb_script_rewind(script, NULL);
    while (status == PGB_OK) {
        status = pgb_script_next(script, &item, NULL);
        if (status != PGB_OK || item.kind == PGB_ITEM_END ||
            (item.kind == PGB_ITEM_STATEMENT && (int)item.line > line)) {
            break;
        }
        if (item.kind == PGB_ITEM_STATEMENT) {
            sql = pgb_arena_strndup(arena, item.text, item.len);
            status = sql != NULL ? PGB_OK : pgb_error_nomem(err);
        }
    }
    pgb_script_close(script);
    *ret_sql = sql;
    return status == PGB_NOMEM ? status : PGB_OK;
}

/* The rows of one table as INSERTs. */
static pgb_status put_rows(pgb_buf *b, struct pgb_session *session, const char *name,
                           pgb_error *err)
{
    const char *const params[] = {name};
    pgb_result *columns = NULL, *rows = NULL;
    PGB_AUTO_BUF(query);
    pgb_status status = pgb_exec_params(session, pgb_sql_lost_rows, 1, params, &columns, err);

    if (status == PGB_OK && pgb_result_rows(columns) > 0) {
        pgb_buf_printf(&query, "SELECT %s FROM %s x LIMIT %d", pgb_result_value(columns, 0, 2),
                       pgb_result_value(columns, 0, 0), (int)ROWS_SHOWN);
        status = query.failed ? pgb_error_nomem(err)
                              : pgb_exec(session, pgb_buf_str(&query), &rows, err);
    }
    for (int i = 0; status == PGB_OK && rows != NULL && i < pgb_result_rows(rows); i++) {
        pgb_buf_printf(b, "INSERT INTO %s (%s)%s VALUES (%s);\n", pgb_result_value(columns, 0, 0),
                       pgb_result_value(columns, 0, 1),
                       pgb_result_bool(columns, 0, 3) ? " OVERRIDING SYSTEM VALUE" : "",
                       pgb_result_value(rows, i, 0));
    }
    pgb_result_free(rows);
    pgb_result_free(columns);
    return status;
}

pgb_status lost_rows_of(const pgb_revset *set, const pgb_revision *rev, const pgb_error *failure,
                        pgb_section section, struct pgb_session *session, pgb_arena *arena,
                        const char **ret_rows, pgb_error *err)
{
    pgb_parser *parser = NULL;
    pgb_objects objects = {0};
    pgb_facts facts;
    const char *sql = NULL;
    PGB_AUTO_BUF(b);
    uint32_t shown = 0;
    pgb_status status = find_statement(set, rev, section, failure->line, arena, &sql, err);

    *ret_rows = NULL;
    if (status != PGB_OK || sql == NULL) {
        return status;
    }
    status = pgb_parser_new(&parser, err);
    if (status == PGB_OK) {
        status = pgb_parse_facts(parser, sql, strlen(sql), arena, &facts, &objects, err);
    }
    /* the rows stand alone here: those that they refer to are left out */
    pgb_buf_puts(&b, "SET session_replication_role = replica;\n");
    for (size_t i = 0; i < objects.list.n && status == PGB_OK && shown < TABLES_SHOWN; i++) {
        const pgb_touch *t = &objects.list.at[i];
        const char *name;
        bool said = false;

        for (size_t k = 0; t->name != NULL && k < i; k++) {
            said = said || (objects.list.at[k].kind == PGB_OBJECT_TABLE &&
                            objects.list.at[k].name != NULL &&
                            strcmp(objects.list.at[k].name, t->name) == 0);
        }
        if (t->kind != PGB_OBJECT_TABLE || t->name == NULL || said) {
            continue;
        }
        name = t->schema != NULL ? pgb_arena_printf(arena, "\"%s\".\"%s\"", t->schema, t->name)
                                 : pgb_arena_printf(arena, "\"%s\"", t->name);
        status = name != NULL ? put_rows(&b, session, name, err) : pgb_error_nomem(err);
        shown++;
    }
    pgb_buf_puts(&b, "SET session_replication_role = origin;\n");
    pgb_vec_done(&objects.list);
    pgb_parser_free(parser);
    if (status == PGB_OK) {
        *ret_rows = b.failed ? NULL : pgb_arena_strdup(arena, pgb_buf_str(&b));
        status = *ret_rows != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    return status;
}
