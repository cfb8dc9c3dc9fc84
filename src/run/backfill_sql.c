/* Our SQL for one backfill, made of its source, key and filter. */
#include <string.h>

#include "run/backfill_internal.h"

/* a, b — or with a suffix to each: a DESC, b DESC */
static void put_keys(const bf *x, pgb_buf *b, const char *suffix)
{
    for (uint32_t i = 0; i < x->n_keys; i++) {
        pgb_buf_printf(b, "%s%s%s", i > 0 ? ", " : "", x->keys[i].name, suffix);
    }
}

/* pgbraid_k1, pgbraid_k2 */
static void put_numbered(const bf *x, pgb_buf *b, const char *suffix)
{
    for (uint32_t i = 0; i < x->n_keys; i++) {
        pgb_buf_printf(b, "%spgbraid_k%u%s", i > 0 ? ", " : "", i + 1, suffix);
    }
}

/* ARRAY[a::text, b::text]: a key as it is stored and shown */
static void put_texts(const bf *x, pgb_buf *b, bool numbered)
{
    pgb_buf_puts(b, "ARRAY[");
    for (uint32_t i = 0; i < x->n_keys; i++) {
        pgb_buf_puts(b, i > 0 ? ", " : "");
        if (numbered) {
            pgb_buf_printf(b, "pgbraid_k%u", i + 1);
        } else {
            pgb_buf_puts(b, x->keys[i].name);
        }
        pgb_buf_puts(b, "::pg_catalog.text");
    }
    pgb_buf_puts(b, "]");
}

/* (($n::text[])[1]::type, …) */
static void put_param(const bf *x, pgb_buf *b, int param)
{
    pgb_buf_puts(b, "(");
    for (uint32_t i = 0; i < x->n_keys; i++) {
        pgb_buf_printf(b, "%s($%d::pg_catalog.text[])[%u]::%s", i > 0 ? ", " : "", param, i + 1,
                       x->keys[i].type);
    }
    pgb_buf_puts(b, ")");
}

static void put_where(const bf *x, pgb_buf *b)
{
    pgb_buf_printf(b, " WHERE %s", x->b->filter != NULL ? x->b->filter : "true");
}

/* Keys of rows at fault, as columns. */
static void put_errors(const bf *x, pgb_buf *b, const char *from, int after, int limit)
{
    pgb_buf_puts(b, "(SELECT ");
    for (uint32_t i = 0; i < x->n_keys; i++) {
        pgb_buf_printf(b, "%se.key[%u]::%s AS pgbraid_k%u", i > 0 ? ", " : "", i + 1,
                       x->keys[i].type, i + 1);
    }
    pgb_buf_printf(b,
                   " FROM %s.backfill_error e WHERE e.project OPERATOR(pg_catalog.=) "
                   "$3::pg_catalog.text AND e.name OPERATOR(pg_catalog.=) $4::pg_catalog.text AND "
                   "NOT e.accepted AND ($%d::pg_catalog.text[] IS NULL OR e.key COLLATE \"C\" "
                   "OPERATOR(pg_catalog.>) $%d::pg_catalog.text[] COLLATE \"C\") ORDER BY e.key "
                   "COLLATE \"C\" LIMIT $%d::pg_catalog.int8)",
                   from, after, after, limit);
}

static const char *take(bf *x, pgb_buf *b, bool *fine)
{
    const char *copy = b->failed ? NULL : pgb_arena_strdup(x->arena, pgb_buf_str(b));

    *fine = *fine && copy != NULL;
    pgb_buf_clear(b);
    return copy;
}

static void make_loads(bf *x, pgb_buf *b, const char *history, bool *fine)
{
    bf_sql *s = &x->sql;
    const char *into = "INSERT INTO pg_temp.batch SELECT * FROM ";

    for (int next = 0; next < 2; next++) {
        pgb_buf_printf(b, "%s%s", into, x->source);
        put_where(x, b);
        if (next) {
            pgb_buf_puts(b, " AND (");
            put_keys(x, b, "");
            pgb_buf_puts(b, ") > ");
            put_param(x, b, 2);
        }
        pgb_buf_puts(b, " ORDER BY ");
        put_keys(x, b, "");
        pgb_buf_puts(b, " LIMIT $1::pg_catalog.int8 FOR SHARE");
        *(next ? &s->load_next : &s->load_first) = take(x, b, fine);
    }
    for (int errors = 0; errors < 2; errors++) {
        pgb_buf_printf(b, "%s%s", into, x->source);
        put_where(x, b);
        pgb_buf_puts(b, " AND (");
        put_keys(x, b, "");
        pgb_buf_puts(b, ") IN ");
        if (errors) {
            pgb_buf_puts(b, "(SELECT ");
            put_numbered(x, b, "");
            pgb_buf_puts(b, " FROM ");
            put_errors(x, b, history, 2, 1);
            pgb_buf_puts(b, " pgbraid_e)");
        } else {
            pgb_buf_puts(b, "(SELECT ");
            put_numbered(x, b, "");
            pgb_buf_puts(b, " FROM pg_temp.pgbraid_left WHERE $2::pg_catalog.text[] IS NULL OR (");
            put_numbered(x, b, "");
            pgb_buf_puts(b, ") > ");
            put_param(x, b, 2);
            pgb_buf_puts(b, " ORDER BY ");
            put_numbered(x, b, "");
            pgb_buf_puts(b, " LIMIT $1::pg_catalog.int8)");
        }
        pgb_buf_puts(b, " ORDER BY ");
        put_keys(x, b, "");
        pgb_buf_puts(b, " FOR SHARE");
        *(errors ? &s->load_errors : &s->load_left) = take(x, b, fine);
    }
}

static void make_lasts(bf *x, pgb_buf *b, const char *history, bool *fine)
{
    bf_sql *s = &x->sql;

    pgb_buf_puts(b, "SELECT ");
    put_texts(x, b, false);
    pgb_buf_puts(b, " FROM pg_temp.batch ORDER BY ");
    put_keys(x, b, " DESC");
    pgb_buf_puts(b, " LIMIT 1");
    s->last = take(x, b, fine);

    pgb_buf_puts(b, "SELECT ");
    put_texts(x, b, true);
    pgb_buf_puts(b, " FROM (SELECT ");
    put_numbered(x, b, "");
    pgb_buf_puts(b, " FROM pg_temp.pgbraid_left WHERE $2::pg_catalog.text[] IS NULL OR (");
    put_numbered(x, b, "");
    pgb_buf_puts(b, ") > ");
    put_param(x, b, 2);
    pgb_buf_puts(b, " ORDER BY ");
    put_numbered(x, b, "");
    pgb_buf_puts(b, " LIMIT $1::pg_catalog.int8) pgbraid_x ORDER BY ");
    put_numbered(x, b, " DESC");
    pgb_buf_puts(b, " LIMIT 1");
    s->last_left = take(x, b, fine);

    pgb_buf_printf(b,
                   "SELECT e.key, pg_catalog.count(*) OVER () FROM (SELECT e.key FROM "
                   "%s.backfill_error e WHERE "
                   "e.project OPERATOR(pg_catalog.=) $3::pg_catalog.text AND e.name "
                   "OPERATOR(pg_catalog.=) $4::pg_catalog.text AND NOT e.accepted AND "
                   "($2::pg_catalog.text[] IS NULL OR e.key COLLATE \"C\" OPERATOR(pg_catalog.>) "
                   "$2::pg_catalog.text[] COLLATE \"C\") ORDER BY e.key COLLATE \"C\" LIMIT "
                   "$1::pg_catalog.int8) e ORDER BY e.key COLLATE \"C\" DESC LIMIT 1",
                   history);
    s->last_errors = take(x, b, fine);
}

/* What is left: rows whose key is not among the done ones. */
static void make_left(bf *x, pgb_buf *b, const char *done, bool *fine)
{
    pgb_buf_puts(b, "INSERT INTO pg_temp.pgbraid_left SELECT ");
    put_keys(x, b, "");
    pgb_buf_printf(b, " FROM %s", x->source);
    put_where(x, b);
    pgb_buf_puts(b, " AND NOT EXISTS (SELECT FROM (SELECT ");
    for (uint32_t i = 0; i < x->n_keys; i++) {
        pgb_buf_printf(b, "%spg_catalog.unnest(d.k%u) AS pgbraid_k%u", i > 0 ? ", " : "", i + 1,
                       i + 1);
    }
    pgb_buf_printf(b, " FROM %s d) pgbraid_d WHERE ", done);
    for (uint32_t i = 0; i < x->n_keys; i++) {
        const bf_key *k = &x->keys[i];

        pgb_buf_printf(b, "%spgbraid_k%u%s = %s%s%s", i > 0 ? " AND " : "", i + 1,
                       k->collates ? " COLLATE \"C\"" : "", k->name,
                       k->as_text ? "::pg_catalog.text" : "", k->collates ? " COLLATE \"C\"" : "");
    }
    pgb_buf_puts(b, ")");
    x->sql.fill_left = take(x, b, fine);
}

static void make_counts(bf *x, pgb_buf *b, bool *fine)
{
    for (int next = 0; next < 2; next++) {
        pgb_buf_printf(b, "SELECT pg_catalog.count(*) FROM %s", x->source);
        put_where(x, b);
        if (next) {
            pgb_buf_puts(b, " AND (");
            put_keys(x, b, "");
            pgb_buf_puts(b, ") > ");
            put_param(x, b, 1);
        }
        *(next ? &x->sql.count_next : &x->sql.count) = take(x, b, fine);
    }
}

static void make_page(bf *x, pgb_buf *b, const char *history, bool *fine)
{
    bf_sql *s = &x->sql;

    pgb_buf_puts(b, "INSERT INTO pg_temp.pgbraid_page SELECT pg_catalog.row_number() OVER (ORDER "
                    "BY ");
    put_keys(x, b, "");
    pgb_buf_printf(b, "), %s FROM pg_temp.batch", x->columns);
    s->fill_page = take(x, b, fine);

    pgb_buf_printf(b,
                   "INSERT INTO pg_temp.batch SELECT %s FROM pg_temp.pgbraid_page WHERE pgbraid_n "
                   "BETWEEN $1::pg_catalog.int8 AND $2::pg_catalog.int8 ORDER BY pgbraid_n",
                   x->columns);
    s->take_page = take(x, b, fine);

    pgb_buf_puts(b, "SELECT ");
    put_texts(x, b, false);
    pgb_buf_puts(b, " FROM pg_temp.pgbraid_page WHERE pgbraid_n = $1::pg_catalog.int8");
    s->page_key = take(x, b, fine);

    pgb_buf_printf(b,
                   "DELETE FROM %s.backfill_error e WHERE e.project OPERATOR(pg_catalog.=) "
                   "$1::pg_catalog.text AND e.name OPERATOR(pg_catalog.=) $2::pg_catalog.text AND "
                   "NOT e.accepted AND ($3::pg_catalog.text[] IS NULL OR e.key COLLATE \"C\" "
                   "OPERATOR(pg_catalog.>) $3::pg_catalog.text[] COLLATE \"C\") AND e.key COLLATE "
                   "\"C\" OPERATOR(pg_catalog.<=) $4::pg_catalog.text[] COLLATE \"C\" AND e.run "
                   "OPERATOR(pg_catalog.<>) $5::pg_catalog.uuid",
                   history);
    s->forgive = take(x, b, fine);
}

static void make_tables(bf *x, pgb_buf *b, const char *done, bool *fine)
{
    bf_sql *s = &x->sql;

    pgb_buf_printf(b, "CREATE TEMP TABLE batch (LIKE %s) ON COMMIT DELETE ROWS", x->source);
    s->create[0] = take(x, b, fine);
    pgb_buf_printf(b,
                   "CREATE TEMP TABLE pgbraid_page ON COMMIT DELETE ROWS AS SELECT "
                   "0::pg_catalog.int8 AS pgbraid_n, %s FROM pg_temp.batch WITH NO DATA; CREATE "
                   "INDEX ON pg_temp.pgbraid_page (pgbraid_n)",
                   x->columns);
    s->create[1] = take(x, b, fine);
    pgb_buf_puts(b, "CREATE TEMP TABLE pgbraid_left AS SELECT ");
    for (uint32_t i = 0; i < x->n_keys; i++) {
        pgb_buf_printf(b, "%s%s AS pgbraid_k%u", i > 0 ? ", " : "", x->keys[i].name, i + 1);
    }
    pgb_buf_printf(b, " FROM %s WITH NO DATA", x->source);
    s->create[2] = take(x, b, fine);

    pgb_buf_printf(b,
                   "CREATE TABLE %s (seq pg_catalog.int8 GENERATED ALWAYS AS IDENTITY PRIMARY "
                   "KEY, run pg_catalog.uuid NOT NULL, pass pg_catalog.int4 NOT NULL",
                   done);
    for (uint32_t i = 0; i < x->n_keys; i++) {
        pgb_buf_printf(b, ", k%u %s[]%s NOT NULL", i + 1, x->keys[i].stored,
                       x->keys[i].collates ? " COLLATE \"C\"" : "");
    }
    pgb_buf_puts(b, ")");
    s->create_done = take(x, b, fine);
    pgb_buf_printf(b, "DROP TABLE IF EXISTS %s", done);
    s->drop_done = take(x, b, fine);

    pgb_buf_printf(b, "INSERT INTO %s (run, pass", done);
    for (uint32_t i = 0; i < x->n_keys; i++) {
        pgb_buf_printf(b, ", k%u", i + 1);
    }
    pgb_buf_puts(b, ") SELECT $1::pg_catalog.uuid, $2::pg_catalog.int4");
    for (uint32_t i = 0; i < x->n_keys; i++) {
        pgb_buf_printf(b, ", pg_catalog.array_agg(%s::%s)", x->keys[i].name, x->keys[i].stored);
    }
    pgb_buf_puts(b, " FROM pg_temp.batch HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0");
    s->done = take(x, b, fine);
}

pgb_status bf_make_sql(bf *x, pgb_error *err)
{
    const char *history = pgb_quote_ident(x->r->session, x->arena, x->r->o.schema);
    const char *done = history != NULL ? pgb_arena_printf(x->arena, "%s.backfill_done_%lld",
                                                          history, (long long)x->id)
                                       : NULL;
    bool fine = done != NULL;
    PGB_AUTO_BUF(b);

    if (!fine) {
        return pgb_error_nomem(err);
    }
    make_loads(x, &b, history, &fine);
    make_lasts(x, &b, history, &fine);
    make_left(x, &b, done, &fine);
    make_counts(x, &b, &fine);
    make_page(x, &b, history, &fine);
    make_tables(x, &b, done, &fine);
    return fine ? PGB_OK : pgb_error_nomem(err);
}
