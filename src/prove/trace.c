#include "prove/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "prove/trace_internal.h"
#include "prove_sql.h"

enum { HASH_MAX = 48 };

typedef struct trace_catalog {
    const char *name, *key, *body, *counted;
    const char *twins; /* how often a row is there; NULL: once, for its key is unique */
    bool has_oid;
    int64_t count;
} trace_catalog;

typedef struct trace_entry {
    uint32_t catalog;
    bool here;
    char hash[HASH_MAX]; /* in a catalog without a unique key: how often it is there */
} trace_entry;

struct pgb_trace {
    pgb_arena *arena; /* of catalogs */
    pgb_arena *keys;
    PGB_VEC(trace_catalog) catalogs;
    PGB_VEC(trace_entry) entries;
    pgb_map by_key; /* indexes of entries */
    bool known;     /* there is a base */
    int prepared;   /* the server process that keeps the statement of looking; 0: none */
    char since[24]; /* rows of this transaction id or a later one may differ from the base */
};

pgb_status pgb_trace_new(pgb_trace **ret_trace, pgb_error *err)
{
    pgb_arena *arena = pgb_arena_new();
    pgb_trace *t = arena != NULL ? pgb_arena_alloc(arena, sizeof *t) : NULL;

    if (t == NULL) {
        pgb_arena_free(arena);
        return pgb_error_nomem(err);
    }
    *t = (pgb_trace){.arena = arena};
    *ret_trace = t;
    return PGB_OK;
}

void pgb_trace_forget(pgb_trace *trace)
{
    pgb_map_done(&trace->by_key);
    trace->by_key = (pgb_map)PGB_MAP_INIT;
    pgb_vec_done(&trace->entries);
    pgb_arena_free(trace->keys);
    trace->keys = NULL;
    trace->known = false;
}

bool pgb_trace_known(const pgb_trace *trace)
{
    return trace->known;
}

void pgb_trace_free(pgb_trace *trace)
{
    if (trace != NULL) {
        pgb_trace_forget(trace);
        pgb_vec_done(&trace->catalogs);
        pgb_arena_free(trace->arena);
    }
}

void pgb_delta_free(pgb_delta *delta)
{
    if (delta != NULL) {
        pgb_vec_done(&delta->rows);
        pgb_arena_free(delta->arena);
    }
}

/* ---- asking ---- */

static pgb_status know_catalogs(pgb_trace *t, pgb_session *session, pgb_error *err)
{
    pgb_result *r = NULL;
    pgb_status status;

    if (t->catalogs.n > 0) {
        return PGB_OK;
    }
    status = pgb_exec(session, pgb_sql_trace_catalogs, &r, err);
    for (int i = 0; status == PGB_OK && i < pgb_result_rows(r); i++) {
        trace_catalog c = {.name = pgb_arena_strdup(t->arena, pgb_result_value(r, i, 0)),
                           .has_oid = pgb_result_bool(r, i, 1),
                           .key = pgb_arena_strdup(t->arena, pgb_result_value(r, i, 2)),
                           .body = pgb_arena_strdup(t->arena, pgb_result_value(r, i, 3)),
                           .counted = pgb_arena_strdup(t->arena, pgb_result_value(r, i, 5))};

        if (!pgb_result_null(r, i, 4)) {
            c.twins = pgb_arena_strdup(t->arena, pgb_result_value(r, i, 4));
        }
        if (c.name == NULL || c.key == NULL || c.body == NULL || c.counted == NULL ||
            (c.twins == NULL && !pgb_result_null(r, i, 4)) || !pgb_vec_push(&t->catalogs, c)) {
            status = pgb_error_nomem(err);
            break;
        }
    }
    pgb_result_free(r);
    return status;
}

/* Rows of a catalog; where it has no unique key, how often each is there stands for its hash. */
static void put_rows(const trace_catalog *c, size_t nth, const char *where, bool written,
                     pgb_buf *b)
{
    pgb_buf_printf(b, "SELECT %zu, s.k, ", nth);
    if (c->twins == NULL) {
        pgb_buf_puts(b, "pg_catalog.concat(pg_catalog.hashtextextended(s.b COLLATE \"C\", 0), "
                        "pg_catalog.hashtextextended(s.b COLLATE \"C\", 1))");
    } else {
        pgb_buf_puts(b, written ? "s.n::pg_catalog.text" : "pg_catalog.count(*)::pg_catalog.text");
    }
    pgb_buf_printf(b, ", %s, s.o FROM (SELECT %s AS k, %s AS b, %s AS o", written ? "s.b" : "NULL",
                   c->key, c->body, c->has_oid ? "c.oid" : "0::pg_catalog.oid");
    if (c->twins != NULL && written) {
        pgb_buf_printf(b, ", (%s) AS n", c->twins);
    }
    pgb_buf_printf(b, " FROM pg_catalog.%s c WHERE %s%s OFFSET 0) s%s", c->name, c->counted, where,
                   c->twins != NULL && !written ? " GROUP BY s.k, s.o" : "");
}

static const char counts_from[] = "SELECT -1, '', '', pg_catalog.txid_snapshot_xmin("
                                  "pg_catalog.txid_current_snapshot())::pg_catalog.text, "
                                  "0::pg_catalog.oid";

/* One statement, and so one snapshot: catalog, key, hash, body, oid of each row; the key "" says
 * how many rows a catalog has, catalog -1 from which transaction id on rows are new. All rows,
 * without their bodies; only: of these catalogs; NULL: of all. */
static void put_all(const pgb_trace *t, pgb_buf *b, const bool *only)
{
    pgb_buf_puts(b, counts_from);
    for (size_t i = 0; i < t->catalogs.n; i++) {
        const trace_catalog *c = &t->catalogs.at[i];

        if (only == NULL || only[i]) {
            pgb_buf_printf(b,
                           "\nUNION ALL SELECT %zu, '', '', pg_catalog.count(*)::pg_catalog.text, "
                           "0 FROM pg_catalog.%s c WHERE %s\nUNION ALL ",
                           i, c->name, c->counted);
            put_rows(c, i, "", false, b);
        }
    }
}

/* Likewise, but rows of the setting's transaction and later ones, with their bodies. Each catalog
 * is gone through once, and of most rows no column is looked at. */
static void put_written(const pgb_trace *t, pgb_buf *b)
{
    for (size_t i = 0; i < t->catalogs.n; i++) {
        pgb_buf_printf(
            b,
            "%s c%zu AS MATERIALIZED (SELECT pg_catalog.count(*) AS n, pg_catalog.array_agg("
            "c.ctid) FILTER (WHERE pg_catalog.age(c.xmin) OPERATOR(pg_catalog.<=) (SELECT "
            "pg_catalog.age("
            "pg_catalog.current_setting('pgbraid.trace')::pg_catalog.xid))) AS w "
            "FROM pg_catalog.%s c WHERE %s)",
            i > 0 ? ",\n" : "WITH", i, t->catalogs.at[i].name, t->catalogs.at[i].counted);
    }
    pgb_buf_printf(b, "\n%s", counts_from);
    for (size_t i = 0; i < t->catalogs.n; i++) {
        char where[128];

        snprintf(where, sizeof where,
                 " AND c.ctid OPERATOR(pg_catalog.=) ANY ((SELECT w FROM c%zu)::pg_catalog.tid[])",
                 i);
        pgb_buf_printf(b,
                       "\nUNION ALL SELECT %zu, '', '', x.n::pg_catalog.text, 0 FROM c%zu x"
                       "\nUNION ALL ",
                       i, i);
        put_rows(&t->catalogs.at[i], i, where, true, b);
    }
}

/* All rows. */
static pgb_status ask(pgb_trace *t, pgb_session *session, const bool *only, pgb_result **ret_result,
                      pgb_error *err)
{
    PGB_AUTO_BUF(b);

    put_all(t, &b, only);
    return b.failed ? pgb_error_nomem(err) : pgb_exec(session, pgb_buf_str(&b), ret_result, err);
}

/* What was written since. Planning takes longer than running it: it is prepared, and a setting
 * says since when, for the plan of a statement without parameters is kept. */
static pgb_status ask_written(pgb_trace *t, pgb_session *session, pgb_result **ret_result,
                              pgb_error *err)
{
    PGB_AUTO_BUF(b);
    pgb_status status = PGB_OK;

    if (t->prepared != pgb_session_backend_pid(session)) {
        pgb_buf_puts(&b, "PREPARE pgbraid_trace AS ");
        put_written(t, &b);
        status = b.failed ? pgb_error_nomem(err) : pgb_exec(session, pgb_buf_str(&b), NULL, err);
        t->prepared = status == PGB_OK ? pgb_session_backend_pid(session) : 0;
    }
    if (status == PGB_OK) {
        pgb_buf_clear(&b);
        pgb_buf_printf(&b, "SET pgbraid.trace = '%s'; EXECUTE pgbraid_trace",
                       t->since); /* a number of the server's */
        status =
            b.failed ? pgb_error_nomem(err) : pgb_exec(session, pgb_buf_str(&b), ret_result, err);
    }
    return status;
}

static bool is_count(const pgb_result *r, int row)
{
    return pgb_result_length(r, row, 1) == 0;
}

static const char *full_key(pgb_arena *arena, uint32_t catalog, const char *key)
{
    return pgb_arena_printf(arena, "%" PRIu32 " %s", catalog, key);
}

/* ---- the base ---- */

static bool put(pgb_trace *t, uint32_t catalog, const char *key, const char *hash)
{
    trace_entry e = {.catalog = catalog, .here = true};
    uint32_t at = 0;
    const char *kept;

    snprintf(e.hash, sizeof e.hash, "%s", hash);
    if (pgb_map_get(&t->by_key, key, strlen(key), &at)) {
        t->entries.at[at] = e;
        return true;
    }
    kept = pgb_arena_strdup(t->keys, key);
    return kept != NULL && pgb_vec_push(&t->entries, e) &&
           pgb_map_add(&t->by_key, kept, strlen(kept), (uint32_t)t->entries.n - 1, NULL, NULL);
}

/* All rows of some catalogs. What is written while it is asked for is new to the next look, too. */
static pgb_status take(pgb_trace *t, pgb_session *session, const bool *only, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    pgb_result *r = NULL;
    pgb_status status = scratch != NULL ? ask(t, session, only, &r, err) : pgb_error_nomem(err);

    for (size_t i = 0; status == PGB_OK && i < t->entries.n; i++) {
        if (only == NULL || only[t->entries.at[i].catalog]) {
            t->entries.at[i].here = false;
        }
    }
    for (int i = 0; status == PGB_OK && i < pgb_result_rows(r); i++) {
        int64_t catalog = pgb_result_int(r, i, 0);
        const char *key;

        if (catalog < 0) {
            if (only == NULL) {
                snprintf(t->since, sizeof t->since, "%s", pgb_result_value(r, i, 3));
            }
            continue;
        }
        if (is_count(r, i)) {
            t->catalogs.at[catalog].count = pgb_result_int(r, i, 3);
            continue;
        }
        key = full_key(scratch, (uint32_t)catalog, pgb_result_value(r, i, 1));
        if (key == NULL || !put(t, (uint32_t)catalog, key, pgb_result_value(r, i, 2))) {
            status = pgb_error_nomem(err);
        }
    }
    pgb_result_free(r);
    return status;
}

pgb_status pgb_trace_base(pgb_trace *trace, pgb_session *session, pgb_error *err)
{
    pgb_delta *delta = NULL;
    pgb_status status = know_catalogs(trace, session, err);

    if (status == PGB_OK && trace->known) {
        status = pgb_trace_look(trace, session, &delta, err);
        if (status == PGB_OK) {
            status = pgb_trace_move(trace, session, delta, err);
        }
        pgb_delta_free(delta);
    } else if (status == PGB_OK) {
        trace->keys = pgb_arena_new();
        status = trace->keys != NULL ? take(trace, session, NULL, err) : pgb_error_nomem(err);
        trace->known = status == PGB_OK;
    }
    if (status != PGB_OK) {
        pgb_trace_forget(trace);
    }
    return status;
}

/* ---- what differs from it ---- */

static pgb_delta *new_delta(const pgb_trace *t)
{
    pgb_arena *arena = pgb_arena_new();
    pgb_delta *d = arena != NULL ? pgb_arena_alloc(arena, sizeof *d) : NULL;

    if (d != NULL) {
        *d = (pgb_delta){.arena = arena, .n_catalogs = (uint32_t)t->catalogs.n};
        d->relations = d->columns = UINT32_MAX;
        for (uint32_t i = 0; i < t->catalogs.n; i++) {
            if (strcmp(t->catalogs.at[i].name, "pg_class") == 0) {
                d->relations = i;
            } else if (strcmp(t->catalogs.at[i].name, "pg_attribute") == 0) {
                d->columns = i;
            }
        }
        d->counts = pgb_arena_array(arena, t->catalogs.n + 1, sizeof *d->counts);
        d->removed = pgb_arena_array(arena, t->catalogs.n + 1, sizeof *d->removed);
    }
    if (d == NULL || d->counts == NULL || d->removed == NULL) {
        pgb_arena_free(arena);
        return NULL;
    }
    return d;
}

/* false: no memory. */
static bool add_row(const pgb_trace *t, pgb_delta *d, const pgb_result *r, int i)
{
    trace_row row = {.catalog = (uint32_t)pgb_result_int(r, i, 0)};
    uint32_t at = 0;

    row.key = full_key(d->arena, row.catalog, pgb_result_value(r, i, 1));
    if (row.key == NULL) {
        return false;
    }
    row.known = pgb_map_get(&t->by_key, row.key, strlen(row.key), &at) && t->entries.at[at].here;
    if (row.known && strcmp(t->entries.at[at].hash, pgb_result_value(r, i, 2)) == 0) {
        return true; /* written, and as it was */
    }
    if (!row.known) {
        row.oid = (uint32_t)pgb_result_int(r, i, 4);
        d->removed[row.catalog]++;
    }
    row.hash = pgb_arena_strdup(d->arena, pgb_result_value(r, i, 2));
    row.body = pgb_arena_strdup(d->arena, pgb_result_value(r, i, 3));
    return row.hash != NULL && row.body != NULL && pgb_vec_push(&d->rows, row);
}

pgb_status pgb_trace_look(pgb_trace *trace, pgb_session *session, pgb_delta **ret_delta,
                          pgb_error *err)
{
    pgb_result *r = NULL;
    pgb_delta *d = new_delta(trace);
    pgb_status status = d != NULL ? ask_written(trace, session, &r, err) : pgb_error_nomem(err);

    for (int i = 0; status == PGB_OK && i < pgb_result_rows(r); i++) {
        int64_t catalog = pgb_result_int(r, i, 0);

        if (catalog < 0) {
            snprintf(d->since, sizeof d->since, "%s", pgb_result_value(r, i, 3));
        } else if (is_count(r, i)) {
            d->counts[catalog] = pgb_result_int(r, i, 3);
        } else if (!add_row(trace, d, r, i)) {
            status = pgb_error_nomem(err);
        }
    }
    for (uint32_t i = 0; status == PGB_OK && i < d->n_catalogs; i++) {
        /* so far the new ones were counted: what was there, and they, without what is there now */
        d->removed[i] += trace->catalogs.at[i].count - d->counts[i];
    }
    pgb_result_free(r);
    if (status != PGB_OK) {
        pgb_delta_free(d);
        return status;
    }
    *ret_delta = d;
    return PGB_OK;
}

pgb_status pgb_trace_move(pgb_trace *trace, pgb_session *session, const pgb_delta *delta,
                          pgb_error *err)
{
    bool *only = calloc((size_t)delta->n_catalogs + 1, sizeof *only), any = false;
    pgb_status status = only != NULL ? PGB_OK : pgb_error_nomem(err);

    for (size_t i = 0; status == PGB_OK && i < delta->rows.n; i++) {
        const trace_row *row = &delta->rows.at[i];

        if (!put(trace, row->catalog, row->key, row->hash)) {
            status = pgb_error_nomem(err);
        }
    }
    for (uint32_t i = 0; status == PGB_OK && i < delta->n_catalogs; i++) {
        trace->catalogs.at[i].count = delta->counts[i];
        only[i] = delta->removed[i] != 0;
        any = any || only[i];
    }
    if (status == PGB_OK) {
        memcpy(trace->since, delta->since, sizeof trace->since);
    }
    if (status == PGB_OK && any) {
        status = take(trace, session, only, err);
    }
    free(only);
    if (status != PGB_OK) {
        pgb_trace_forget(trace);
    }
    return status;
}

bool pgb_delta_same(const pgb_delta *delta)
{
    for (uint32_t i = 0; i < delta->n_catalogs; i++) {
        if (delta->removed[i] != 0) {
            return false;
        }
    }
    return delta->rows.n == 0;
}
