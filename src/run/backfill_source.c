/* The source of a backfill: its table, its key, and the statement over it. */
#include <stdio.h>
#include <string.h>

#include "run/backfill_internal.h"
#include "sql/parse.h"

enum { WATCH_AFTER_MS = 250, WATCH_EVERY_MS = 500 };

/* ---- the table ---- */

static pgb_status at_source(bf *x, pgb_error *err)
{
    pgb_backfill_at(x->b, x->b->source_line, x->b->source_column, err);
    return err != NULL ? err->status : PGB_REFUSED;
}

static pgb_status at_key(bf *x, pgb_error *err)
{
    pgb_backfill_at(x->b, x->b->key_line, x->b->key_column, err);
    return err != NULL ? err->status : PGB_REFUSED;
}

static const char *kind_name(char kind)
{
    return kind == 'v'                  ? "a view"
           : kind == 'm'                ? "a materialized view"
           : kind == 'f'                ? "a foreign table"
           : kind == 'S'                ? "a sequence"
           : kind == 'i' || kind == 'I' ? "an index"
                                        : "no table";
}

static pgb_status find_table(bf *x, char oid[32], pgb_error *err)
{
    static const char sql[] =
        "SELECT c.oid, c.relkind, "
        "pg_catalog.quote_ident(n.nspname) OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) "
        "pg_catalog.quote_ident(c.relname), "
        "c.relkind OPERATOR(pg_catalog.=) 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits i "
        "WHERE i.inhparent OPERATOR(pg_catalog.=) c.oid), "
        "CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'r' THEN c.reltuples::pg_catalog.int8 ELSE -1 "
        "END, "
        "(SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) "
        "FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND "
        "a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped) "
        "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid "
        "OPERATOR(pg_catalog.=) c.relnamespace "
        "WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1::pg_catalog.text)";
    const char *const values[1] = {x->b->source};
    AUTO_RESULT(got);
    pgb_status status = pgb_exec_params(x->r->session, sql, 1, values, &got, err);
    char kind;

    if (status == PGB_SQL) {
        return at_source(x, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (pgb_result_rows(got) != 1) {
        pgb_error_set(err, PGB_REFUSED, "there is no table %s", x->b->source);
        pgb_error_detail(err, "It was looked for in %s.", pgb_session_describe(x->r->session));
        pgb_error_hint(err, "Name the table with its schema, and in -- pgbraid:requires the "
                            "revision that makes it.");
        return at_source(x, err);
    }
    kind = pgb_result_value(got, 0, 1)[0];
    if (kind != 'r' && kind != 'p') {
        pgb_error_set(err, PGB_REFUSED, "%s is %s, whose rows have no key and can't be locked",
                      x->b->source, kind_name(kind));
        pgb_error_hint(err, "Name the table behind it as the source, and join the rest in the "
                            "statement.");
        return at_source(x, err);
    }
    if (pgb_result_bool(got, 0, 3)) {
        pgb_error_set(err, PGB_REFUSED,
                      "%s has tables that inherit from it, and no key holds for "
                      "all of them",
                      x->b->source);
        pgb_error_hint(err, "Write a backfill for each of them.");
        return at_source(x, err);
    }
    snprintf(oid, 32, "%s", pgb_result_value(got, 0, 0));
    x->source = pgb_arena_strdup(x->arena, pgb_result_value(got, 0, 2));
    x->estimate = pgb_result_int(got, 0, 4);
    x->columns = pgb_arena_strdup(x->arena, pgb_result_value(got, 0, 5));
    return x->source != NULL && x->columns != NULL ? PGB_OK : pgb_error_nomem(err);
}

/* ---- the key ---- */

/* The stored form: a base type of the server's own, or text. Arrays can't be gathered in arrays. */
static const char sql_columns[] =
    "WITH RECURSIVE base AS (SELECT k.ord, t.oid, t.typtype, t.typbasetype FROM "
    "pg_catalog.unnest($2::pg_catalog.text[]) WITH ORDINALITY k (name, ord) JOIN "
    "pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) $1::pg_catalog.oid AND "
    "a.attname OPERATOR(pg_catalog.=) k.name::pg_catalog.name AND a.attnum "
    "OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped JOIN pg_catalog.pg_type t ON t.oid "
    "OPERATOR(pg_catalog.=) a.atttypid "
    "UNION ALL SELECT b.ord, t.oid, t.typtype, t.typbasetype FROM base b JOIN pg_catalog.pg_type t "
    "ON t.oid OPERATOR(pg_catalog.=) b.typbasetype WHERE b.typtype OPERATOR(pg_catalog.=) 'd') "
    "SELECT k.name, a.attnum IS NOT NULL, a.attnotnull, "
    "pg_catalog.quote_ident(k.name), pg_catalog.format_type(a.atttypid, -1), "
    "t.typtype OPERATOR(pg_catalog.=) 'b' AND t.typcategory OPERATOR(pg_catalog.<>) 'A' AND "
    "t.typnamespace OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace, "
    "pg_catalog.format_type(t.oid, -1), t.typcollation OPERATOR(pg_catalog.<>) 0, "
    "pg_catalog.format_type(a.atttypid, a.atttypmod) "
    "FROM pg_catalog.unnest($2::pg_catalog.text[]) WITH ORDINALITY k (name, ord) "
    "LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) "
    "$1::pg_catalog.oid AND a.attname OPERATOR(pg_catalog.=) k.name::pg_catalog.name AND a.attnum "
    "OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped "
    "LEFT JOIN base b ON b.ord OPERATOR(pg_catalog.=) k.ord AND b.typtype "
    "OPERATOR(pg_catalog.<>) 'd' LEFT JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) "
    "b.oid ORDER BY k.ord";

/* A unique index whose columns are all of the key, best all of it: then its order is ours. */
static const char sql_unique[] =
    "SELECT pg_catalog.array_to_string(ARRAY(SELECT a.attname FROM pg_catalog.unnest(i.indkey) "
    "WITH ORDINALITY c (attnum, ord) JOIN pg_catalog.pg_attribute a ON a.attrelid "
    "OPERATOR(pg_catalog.=) i.indrelid AND a.attnum OPERATOR(pg_catalog.=) c.attnum WHERE c.ord "
    "OPERATOR(pg_catalog.<=) i.indnkeyatts ORDER BY c.ord), E'\\x1f'), i.indnkeyatts "
    "FROM pg_catalog.pg_index i WHERE i.indrelid OPERATOR(pg_catalog.=) $1::pg_catalog.oid "
    "AND i.indisunique AND i.indisvalid AND i.indislive AND i.indpred IS NULL AND i.indexprs IS "
    "NULL AND NOT EXISTS (SELECT FROM pg_catalog.unnest(i.indkey) WITH ORDINALITY c (attnum, ord) "
    "LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid AND "
    "a.attnum OPERATOR(pg_catalog.=) c.attnum WHERE c.ord OPERATOR(pg_catalog.<=) i.indnkeyatts "
    "AND a.attname::pg_catalog.text <> ALL ($2::pg_catalog.text[])) "
    "ORDER BY i.indnkeyatts DESC, i.indisprimary DESC, i.indexrelid LIMIT 1";

static pgb_status take_columns(bf *x, const pgb_result *got, pgb_error *err)
{
    bool fine = true;

    for (uint32_t i = 0; i < x->n_keys; i++) {
        int row = (int)i;
        bf_key *k = &x->keys[i];

        if (!pgb_result_bool(got, row, 1)) {
            pgb_error_set(err, PGB_REFUSED, "%s has no column %s", x->b->source,
                          pgb_result_value(got, row, 0));
            pgb_error_hint(err, "Name columns of its unique key in -- pgbraid:key.");
            return at_key(x, err);
        }
        k->as_text = !pgb_result_bool(got, row, 5);
        k->collates = k->as_text || pgb_result_bool(got, row, 7);
        k->name = pgb_arena_strdup(x->arena, pgb_result_value(got, row, 3));
        k->type = pgb_arena_strdup(x->arena, pgb_result_value(got, row, 4));
        k->stored = pgb_arena_strdup(x->arena, k->as_text ? "pg_catalog.text"
                                                          : pgb_result_value(got, row, 6));
        fine = fine && k->name != NULL && k->type != NULL && k->stored != NULL;
    }
    return fine ? PGB_OK : pgb_error_nomem(err);
}

static pgb_status check_order(bf *x, const pgb_result *columns, pgb_error *err)
{
    for (uint32_t i = 0; i < x->n_keys; i++) {
        PGB_AUTO_BUF(b);
        pgb_error own = PGB_ERROR_INIT;
        pgb_status status;

        pgb_buf_printf(&b, "SELECT 1 FROM %s ORDER BY %s LIMIT 0", x->source, x->keys[i].name);
        status =
            b.failed ? pgb_error_nomem(err) : pgb_exec(x->r->session, pgb_buf_str(&b), NULL, &own);
        if (status == PGB_SQL && strcmp(own.sqlstate, "42883") == 0) {
            pgb_error_set(err, PGB_REFUSED, "the key column %s is of type %s, which has no order",
                          x->keys[i].name, pgb_result_value(columns, (int)i, 8));
            pgb_error_detail(err, "%s", own.message);
            pgb_error_hint(err, "The rows are worked through by key: name a unique key that can be "
                                "sorted.");
            return at_key(x, err);
        }
        if (status != PGB_OK) {
            if (err != NULL && err->status == PGB_OK) {
                *err = own;
            }
            return status == PGB_SQL ? at_source(x, err) : status;
        }
    }
    return PGB_OK;
}

/* Puts the key into the order of the index, so that paging walks along it. */
static void order_keys(bf *x, const char *names)
{
    bf_key sorted[PGB_BACKFILL_KEY_MAX];
    uint32_t n = 0;

    while (*names != '\0' && n < x->n_keys) {
        size_t len = strcspn(names, "\x1f");

        for (uint32_t i = 0; i < x->n_keys; i++) {
            const char *plain = x->b->keys[i];

            if (strlen(plain) == len && memcmp(plain, names, len) == 0) {
                sorted[n++] = x->keys[i];
            }
        }
        names += len + (names[len] != '\0');
    }
    if (n == x->n_keys) {
        memcpy(x->keys, sorted, sizeof sorted);
    }
}

static pgb_status find_key(bf *x, const char *oid, pgb_error *err)
{
    const char *values[2] = {oid, pgb_history_array(x->arena, x->b->keys, x->b->n_keys)};
    AUTO_RESULT(columns);
    AUTO_RESULT(unique);
    pgb_status status;

    if (values[1] == NULL) {
        return pgb_error_nomem(err);
    }
    x->n_keys = x->b->n_keys;
    status = pgb_exec_params(x->r->session, sql_columns, 2, values, &columns, err);
    if (status == PGB_OK) {
        status = take_columns(x, columns, err);
    }
    if (status == PGB_OK) {
        status = check_order(x, columns, err);
    }
    if (status == PGB_OK) {
        status = pgb_exec_params(x->r->session, sql_unique, 2, values, &unique, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (pgb_result_rows(unique) != 1) {
        pgb_error_set(err, PGB_REFUSED, "the key of %s is not unique", x->b->source);
        pgb_error_detail(err, "There is no valid unique index, without a condition, over its "
                              "columns or some of them.");
        pgb_error_hint(err, "Name the columns of its primary key or of a unique constraint in -- "
                            "pgbraid:key.");
        return at_key(x, err);
    }
    for (uint32_t i = 0; i < x->n_keys; i++) {
        if (!pgb_result_bool(columns, (int)i, 2)) {
            pgb_error_set(err, PGB_REFUSED,
                          "the key column %s may be null, and such rows would be "
                          "passed over",
                          x->keys[i].name);
            pgb_error_hint(err, "Name a key whose columns are NOT NULL, or make it so in a "
                                "revision.");
            return at_key(x, err);
        }
    }
    if (pgb_result_int(unique, 0, 1) == x->n_keys) {
        order_keys(x, pgb_result_value(unique, 0, 0));
    }
    return PGB_OK;
}

pgb_status bf_find_source(bf *x, pgb_error *err)
{
    char oid[32];
    pgb_status status = find_table(x, oid, err);

    return status == PGB_OK ? find_key(x, oid, err) : status;
}

/* ---- the session, and the statement ---- */

static pgb_status refuse_columns(bf *x, const char *what, pgb_error *err)
{
    pgb_error_set(err, PGB_REFUSED, "the statement returns %s", what);
    pgb_error_hint(err, "Let it return (outcome text, count bigint, detail text), in this order: "
                        "SELECT 'done' AS outcome, count(*) AS count, NULL::text AS detail");
    pgb_backfill_locate(x->b, 0, err);
    return err != NULL ? err->status : PGB_REFUSED;
}

/* An outcome that is written out as empty: known before a row is touched. What is computed shows
 * in its batch. What our parser does not know is left to that. */
static pgb_status check_names(bf *x, pgb_error *err)
{
    pgb_parser *parser = NULL;
    pgb_facts facts = {0};
    pgb_status status = pgb_parser_new(&parser, err);

    if (status == PGB_OK) {
        status = pgb_parse_facts(parser, x->b->statement, x->b->statement_len, x->arena, &facts,
                                 NULL, err);
    }
    pgb_parser_free(parser);
    if (status != PGB_OK || facts.blank_at == 0) {
        return status;
    }
    pgb_error_set(err, PGB_REFUSED, "the statement returns an outcome that is %s",
                  facts.blank_is_null ? "null" : "empty");
    pgb_error_hint(err, "Every row it returns has a name for its outcome.");
    pgb_backfill_locate(x->b, facts.blank_at, err);
    return err != NULL ? err->status : PGB_REFUSED;
}

static pgb_status check_statement(bf *x, pgb_error *err)
{
    enum { TEXT = 25, VARCHAR = 1043, INT8 = 20, INT4 = 23, INT2 = 21 };
    static const char *const names[3] = {"outcome", "count", "detail"};
    AUTO_RESULT(got);
    PGB_AUTO_BUF(b);
    pgb_status status = pgb_describe(x->r->session, x->b->statement, &got, err);

    if (status == PGB_SQL) {
        int position = pgb_session_error_position(x->r->session);

        pgb_backfill_locate(x->b, position, err);
        if (err != NULL && strcmp(err->sqlstate, "42P01") == 0) {
            pgb_error_hint(err, "Name the revision that makes it in -- pgbraid:requires.");
        }
        pgb_error_context(err, "while the server looked at the statement; nothing was run");
        return status;
    }
    if (status != PGB_OK) {
        return status;
    }
    if (pgb_result_columns(got) == 0) {
        return refuse_columns(x, "nothing", err);
    }
    if (pgb_result_columns(got) != 3) {
        pgb_buf_printf(&b, "%d column%s", pgb_result_columns(got),
                       pgb_result_columns(got) == 1 ? "" : "s");
        return refuse_columns(x, pgb_buf_str(&b), err);
    }
    for (int i = 0; i < 3; i++) {
        uint32_t type = pgb_result_type(got, i);
        bool fine =
            i == 1 ? type == INT8 || type == INT4 || type == INT2 : type == TEXT || type == VARCHAR;

        if (strcmp(pgb_result_column_name(got, i), names[i]) != 0) {
            pgb_buf_printf(&b, "a column %.100s where %s is wanted", pgb_result_column_name(got, i),
                           names[i]);
            return refuse_columns(x, pgb_buf_str(&b), err);
        }
        if (!fine) {
            pgb_buf_printf(&b, "a column %s that is no %s", names[i], i == 1 ? "bigint" : "text");
            return refuse_columns(x, pgb_buf_str(&b), err);
        }
    }
    return check_names(x, err);
}

/* The filter is looked at alone, so that its error is told at its place. */
static pgb_status check_filter(bf *x, pgb_error *err)
{
    AUTO_RESULT(got);
    pgb_status status = pgb_describe(x->r->session, x->sql.count, &got, err);

    if (status == PGB_SQL) {
        pgb_backfill_at(x->b, x->b->filter != NULL ? x->b->filter_line : x->b->source_line,
                        x->b->filter != NULL ? x->b->filter_column : x->b->source_column, err);
    }
    return status;
}

pgb_status bf_set_up_session(bf *x, pgb_error *err)
{
    PGB_AUTO_BUF(b);
    pgb_status status;

    pgb_session_set_waiting(x->r->session, WATCH_AFTER_MS, WATCH_EVERY_MS, bf_watch, x);
    /* jit: a batch is too short for what compiling it costs; a plan's cost tells it otherwise */
    pgb_buf_printf(&b,
                   "SELECT pg_catalog.set_config('jit', 'off', false), "
                   "pg_catalog.set_config('pgbraid.verbose', '%s', false)",
                   x->o.verbose ? "on" : "off");
    status = b.failed ? pgb_error_nomem(err) : pgb_exec(x->r->session, pgb_buf_str(&b), NULL, err);
    if (status == PGB_OK && !x->checked) {
        status = check_filter(x, err);
    }
    for (; x->n_tables < 3 && status == PGB_OK; x->n_tables += status == PGB_OK) {
        status = pgb_exec(x->r->session, x->sql.create[x->n_tables], NULL, err);
        if (status == PGB_SQL && err != NULL && strcmp(err->sqlstate, "42501") == 0) {
            pgb_error_hint(err, "a backfill works in temporary tables: GRANT TEMPORARY ON "
                                "DATABASE … TO this-role");
        }
    }
    if (status == PGB_OK && !x->checked) {
        status = check_statement(x, err);
        x->checked = status == PGB_OK;
    }
    x->analyzed = 0;
    return status;
}
