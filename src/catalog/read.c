/* Reading the model from a server. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"
#include "catalog/catalog.h"
#include "catalog_sql.h"
#include "pg/flight.h"
#include "pg/pg.h"

enum {
    READ_ATTEMPTS = 4, /* that succeeded, or waited for a lock */
    PASSED_BY =
        40, /* that failed because something was made or dropped meanwhile; these are short */
    PASSED_BY_MS = 10000,
    FIXED_COLUMNS = 4,
    OLDEST = 120000
};

/* The queries, and the majors that they are for (0: no bound). */
static const struct query {
    const char *sql;
    int min, max;
} queries[] = {
    {pgb_sql_schemas, 0, 0},
    {pgb_sql_tables, 0, 0},
    {pgb_sql_columns, 0, 0},
    {pgb_sql_not_null, 18, 0},
    {pgb_sql_constraints, 0, 0},
    {pgb_sql_indexes, 0, 0},
    {pgb_sql_sequences, 0, 0},
    {pgb_sql_views, 0, 0},
    {pgb_sql_functions, 0, 0},
    {pgb_sql_aggregates, 0, 0},
    {pgb_sql_triggers, 0, 0},
    {pgb_sql_rules, 0, 0},
    {pgb_sql_policies, 0, 0},
    {pgb_sql_types, 0, 0},
    {pgb_sql_domain_constraints, 0, 0},
    {pgb_sql_extensions, 0, 0},
    {pgb_sql_statistics, 0, 0},
    {pgb_sql_event_triggers, 0, 0},
    {pgb_sql_publications, 0, 0},
    {pgb_sql_publication_tables, 15, 0},
    {pgb_sql_publication_tables_14, 0, 14},
    {pgb_sql_publication_schemas, 15, 0},
    {pgb_sql_default_privileges, 0, 0},
    {pgb_sql_database_settings, 0, 0},
    {pgb_sql_unmodelled, 0, 0},
};
enum { N_QUERIES = sizeof queries / sizeof queries[0] };

typedef PGB_VEC(pgb_object) object_vec;

typedef struct reader {
    struct pgb_session *session;
    const char *history;
    pgb_catalog *catalog;
    object_vec all;
    pgb_error *err;
} reader;

/* Properties in which the server prints expressions. */
static bool is_expression(const char *property)
{
    static const char *const names[] = {"definition", "default", "generated",    "using",
                                        "with_check", "tables",  "partition_by", "bound"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(property, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* A value in the arena. A database in SQL_ASCII may hold anything: bytes that are no UTF-8 are kept
 * as \xE9. */
static const char *keep(pgb_arena *arena, const char *value)
{
    size_t len = strlen(value);

    if (pgb_utf8_valid(value, len) != len) {
        PGB_AUTO_BUF(shown);

        for (size_t at = 0; at < len;) {
            size_t valid = pgb_utf8_valid(value + at, len - at);

            pgb_buf_append(&shown, value + at, valid);
            at += valid;
            if (at < len) {
                pgb_buf_printf(&shown, "\\x%02X", (unsigned char)value[at++]);
            }
        }
        return shown.failed ? NULL : pgb_arena_strdup(arena, pgb_buf_str(&shown));
    }
    return pgb_arena_strndup(arena, value, len);
}

/* The same bytes as the last row's are kept once: rows come by parent. */
static const char *keep_like(pgb_arena *arena, const char *value, const char *last)
{
    return last != NULL && strcmp(value, last) == 0 ? last : keep(arena, value);
}

/* A property's name is its column's; 'identity' is taken by the object's own. */
static bool read_row(pgb_arena *arena, const pgb_result *r, int row, const char *const *names,
                     const pgb_object *last, pgb_object *object)
{
    int columns = pgb_result_columns(r);
    uint32_t n = 0;
    pgb_property *props;

    for (int i = FIXED_COLUMNS; i < columns; i++) {
        n += !pgb_result_null(r, row, i);
    }
    props = pgb_arena_array(arena, n + 1, sizeof *props);
    *object = (pgb_object){
        .kind = keep_like(arena, pgb_result_value(r, row, 0), last != NULL ? last->kind : NULL),
        .identity = keep(arena, pgb_result_value(r, row, 1)),
        .ord = pgb_result_int(r, row, 3),
        .props = props};
    if (props == NULL || object->kind == NULL || object->identity == NULL) {
        return false;
    }
    if (!pgb_result_null(r, row, 2)) {
        object->parent =
            keep_like(arena, pgb_result_value(r, row, 2), last != NULL ? last->parent : NULL);
        if (object->parent == NULL) {
            return false;
        }
    }
    for (int i = FIXED_COLUMNS; i < columns; i++) {
        const char *value;

        if (pgb_result_null(r, row, i)) {
            continue;
        }
        value = keep(arena, pgb_result_value(r, row, i));
        if (value != NULL && is_expression(names[i])) {
            value = pgb_catalog_normal(arena, value);
        }
        if (value == NULL) {
            return false;
        }
        props[object->n_props].name = names[i];
        props[object->n_props++].value = value;
    }
    return true;
}

static pgb_status read_result(reader *rd, const pgb_result *r, pgb_error *err)
{
    pgb_arena *arena = rd->catalog->arena;
    int columns = pgb_result_columns(r);
    const char **names = pgb_arena_array(arena, (size_t)columns + 1, sizeof *names);
    pgb_object last = {0};

    if (names == NULL) {
        return pgb_error_nomem(err);
    }
    for (int i = 0; i < columns; i++) {
        names[i] = pgb_arena_strdup(arena, pgb_result_column_name(r, i));
        if (names[i] == NULL) {
            return pgb_error_nomem(err);
        }
    }
    for (int row = 0; row < pgb_result_rows(r); row++) {
        pgb_object object;

        if (!read_row(arena, r, row, names, row > 0 ? &last : NULL, &object) ||
            !pgb_vec_push(&rd->all, object)) {
            return pgb_error_nomem(err);
        }
        last = object;
    }
    return PGB_OK;
}

/* Each answer is taken in while the server works on the next query. */
static pgb_status take(void *data, const pgb_tag *tag, const pgb_result *result, pgb_error *err)
{
    (void)tag;
    return read_result(data, result, err);
}

static pgb_status run_queries(reader *rd)
{
    const char *const param[] = {rd->history};
    int major = rd->catalog->server_version / 10000;
    pgb_tag failure = {0};
    pgb_status status = pgb_flight_open(rd->session, take, rd, rd->err), landed;

    if (status != PGB_OK) {
        return status;
    }
    for (uint32_t i = 0; i < N_QUERIES && status == PGB_OK; i++) {
        if (major >= queries[i].min && (queries[i].max == 0 || major <= queries[i].max)) {
            pgb_tag tag = {.ordinal = i};

            status = pgb_flight_send(rd->session, tag, queries[i].sql, 1, param, rd->err);
        }
    }
    if (!pgb_session_lost(rd->session)) {
        pgb_tag tag = {.ordinal = N_QUERIES};

        landed = pgb_flight_sync(rd->session, tag, rd->err);
        status = status != PGB_OK ? status : landed;
    }
    landed = pgb_flight_land(rd->session, &failure, rd->err);
    return status != PGB_OK ? status : landed;
}

/* Columns are numbered as they stand, without those that were dropped. */
static void count_positions(pgb_catalog *catalog)
{
    const pgb_object *last = NULL;
    int64_t position = 0;

    for (uint32_t i = 0; i < catalog->n; i++) {
        pgb_object *o = &catalog->objects[catalog->by_parent[i]];

        if (strcmp(o->kind, "column") != 0) {
            continue;
        }
        position = last != NULL && strcmp(last->parent, o->parent) == 0 ? position + 1 : 1;
        o->ord = position;
        last = o;
    }
}

static pgb_status read_once(reader *rd, bool ascii)
{
    /* The definitions that the server prints come from its newest state, not from the transaction's
       snapshot: hence the look at whether it moved. */
    static const char begin[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                                "SET LOCAL search_path = '';"
                                "SET LOCAL lock_timeout = '2s';"
                                "SET LOCAL statement_timeout = 0;"
                                "SET LOCAL quote_all_identifiers = off;"
                                "SET LOCAL DateStyle = 'ISO, YMD';"
                                "SET LOCAL IntervalStyle = 'postgres';"
                                "SET LOCAL extra_float_digits = 1;"
                                "SET LOCAL bytea_output = 'hex';"
                                "SET LOCAL xmloption = 'content';"
                                "SET LOCAL jit = off;"
                                "SET LOCAL work_mem = '32MB';"
                                "SET LOCAL TimeZone = 'UTC'";
    pgb_error ignored = PGB_ERROR_INIT;
    pgb_status status = pgb_exec(rd->session, begin, NULL, rd->err);

    if (status == PGB_OK && ascii) {
        status = pgb_exec(rd->session, "SET LOCAL client_encoding = 'SQL_ASCII'", NULL, rd->err);
    }
    if (status == PGB_OK) {
        status = run_queries(rd);
    }
    if (status == PGB_OK) {
        status = pgb_catalog_finish(rd->catalog, rd->all.at, rd->all.n, rd->err);
    }
    if (status == PGB_OK) {
        count_positions(rd->catalog);
    }
    if (!pgb_session_lost(rd->session)) {
        pgb_exec(rd->session, "ROLLBACK", NULL, &ignored);
    }
    return status;
}

/* What tells whether the catalog moved. */
typedef struct mark {
    char *rows;     /* the fingerprint of its rows */
    char *snapshot; /* which transactions have ended */
    bool ascii;
} mark;

static pgb_status fingerprint(reader *rd, mark *ret)
{
    pgb_result *r = NULL;
    pgb_status status = pgb_exec(rd->session, pgb_sql_fingerprint, &r, rd->err);

    if (status == PGB_OK) {
        ret->rows = pgb_arena_strdup(rd->catalog->arena, pgb_result_value(r, 0, 0));
        ret->ascii = strcmp(pgb_result_value(r, 0, 1), "SQL_ASCII") == 0;
        ret->snapshot = pgb_arena_strdup(rd->catalog->arena, pgb_result_value(r, 0, 2));
        status = ret->rows != NULL && ret->snapshot != NULL ? PGB_OK : pgb_error_nomem(rd->err);
    }
    pgb_result_free(r);
    return status;
}

/* Nothing at all was committed since: then the rows need no second look. */
static pgb_status is_quiet(reader *rd, const mark *before, bool *ret_quiet)
{
    pgb_result *r = NULL;
    pgb_status status = pgb_exec(rd->session, pgb_sql_snapshot, &r, rd->err);

    if (status == PGB_OK) {
        *ret_quiet = strcmp(before->snapshot, pgb_result_value(r, 0, 0)) == 0;
    }
    pgb_result_free(r);
    return status;
}

static bool same(const pgb_catalog *a, const pgb_catalog *b)
{
    if (a->n != b->n) {
        return false;
    }
    for (uint32_t i = 0; i < a->n; i++) {
        const pgb_object *x = &a->objects[i], *y = &b->objects[i];

        if (strcmp(x->kind, y->kind) != 0 || strcmp(x->identity, y->identity) != 0 ||
            x->ord != y->ord || x->n_props != y->n_props) {
            return false;
        }
        for (uint32_t p = 0; p < x->n_props; p++) {
            if (strcmp(x->props[p].name, y->props[p].name) != 0 ||
                strcmp(x->props[p].value, y->props[p].value) != 0) {
                return false;
            }
        }
    }
    return true;
}

/* Errors that come of others' work meanwhile: an object went between the list and its definition, a
 * lock was held, a standby had to go on. */
static bool passes_by(const pgb_error *err)
{
    static const char *const states[] = {"XX000", "55P03", "40001", "40P01",
                                         "42P01", "42704", "42883", "3F000"};

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(err->sqlstate, states[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Who holds what keeps us from reading, as far as we may see it. */
static void name_holders(struct pgb_session *session, pgb_error *err)
{
    pgb_result *r = NULL;
    pgb_error ignored = PGB_ERROR_INIT;

    if (pgb_exec(session, pgb_sql_lock_holders, &r, &ignored) == PGB_OK && pgb_result_rows(r) > 0) {
        pgb_error_detail(err, "%s", pgb_result_value(r, 0, 0));
    }
    pgb_result_free(r);
}

static pgb_status explain(struct pgb_session *session, pgb_error *inner, pgb_error *err)
{
    if (strcmp(inner->sqlstate, "55P03") == 0) {
        pgb_error_set(err, PGB_FAILED,
                      "the catalog could not be read: another session holds a "
                      "lock on a table or view in it");
        name_holders(session, err);
        pgb_error_hint(err, "Nothing waits behind this attempt; try again when that is done.");
    } else if (passes_by(inner)) {
        pgb_error_set(err, PGB_FAILED, "the schema changed at every attempt to read it: %s",
                      inner->message);
        pgb_error_hint(err, "Objects come and go all the time here; try again when that is done.");
    } else if (strcmp(inner->sqlstate, "42501") == 0) {
        pgb_error_set(err, PGB_SQL, "this role may not read the catalog: %s", inner->message);
        pgb_error_hint(err, "Tables of pg_catalog are open to every role unless somebody took "
                            "that away; grant SELECT on the one that is named.");
    } else {
        if (err != NULL) {
            *err = *inner;
        }
        return inner->status;
    }
    if (err != NULL) {
        memcpy(err->sqlstate, inner->sqlstate, sizeof err->sqlstate);
    }
    return err != NULL ? err->status : inner->status;
}

static pgb_status attempt(reader *rd, bool *ret_moved)
{
    mark before = {0}, after = {0};
    bool quiet = false;
    pgb_status status = fingerprint(rd, &before);

    if (status == PGB_OK) {
        status = read_once(rd, before.ascii);
    }
    if (status == PGB_OK) {
        status = is_quiet(rd, &before, &quiet);
    }
    if (status == PGB_OK && !quiet) {
        status = fingerprint(rd, &after);
    }
    if (status == PGB_OK) {
        *ret_moved = !quiet && strcmp(before.rows, after.rows) != 0;
    }
    return status;
}

static pgb_catalog *new_catalog(int version)
{
    pgb_arena *arena = pgb_arena_new();
    pgb_catalog *catalog = arena != NULL ? pgb_arena_alloc(arena, sizeof *catalog) : NULL;

    if (catalog == NULL) {
        pgb_arena_free(arena);
        return NULL;
    }
    catalog->arena = arena;
    catalog->server_version = version;
    return catalog;
}

/* After a failure: is it worth another attempt? Waits for a lock count as attempts; what was only
 * made or dropped under our eyes does not, and comes at another moment the next time. */
static bool again(const pgb_error *inner, int *nth, int *missed, int64_t start)
{
    if (!passes_by(inner)) {
        return false;
    }
    if (strcmp(inner->sqlstate, "55P03") == 0) {
        return *nth < READ_ATTEMPTS;
    }
    --*nth;
    if (++*missed >= PASSED_BY || pgb_clock_ms() - start > PASSED_BY_MS) {
        return false;
    }
    pgb_clock_sleep_ms((int64_t)pgb_random_below(10 * (uint64_t)*missed + 1));
    return true;
}

pgb_status pgb_catalog_read(struct pgb_session *session, const char *history,
                            pgb_catalog **ret_catalog, pgb_error *err)
{
    int64_t start = pgb_clock_ms();
    int version = pgb_session_server_version(session);
    pgb_catalog *last = NULL;
    pgb_error inner = PGB_ERROR_INIT;

    if (version < OLDEST) {
        pgb_error_set(err, PGB_FAILED, "%s has PostgreSQL %d, older than 12",
                      pgb_session_describe(session), version / 10000);
        pgb_error_hint(err, "The catalog of 12 and later can be read.");
        return PGB_FAILED;
    }
    for (int nth = 1, missed = 0;; nth++) {
        reader rd = {.session = session,
                     .history = history != NULL ? history : "pgbraid",
                     .catalog = new_catalog(version),
                     .err = &inner};
        pgb_status status;
        bool moved = false;

        pgb_error_clear(&inner);
        if (rd.catalog == NULL) {
            pgb_catalog_free(last);
            return pgb_error_nomem(err);
        }
        status = attempt(&rd, &moved);
        pgb_vec_done(&rd.all);
        if (status != PGB_OK) {
            pgb_catalog_free(rd.catalog);
            if (again(&inner, &nth, &missed, start)) {
                continue;
            }
            if (last != NULL && passes_by(&inner)) {
                last->moved = true;
                *ret_catalog = last;
                return PGB_OK;
            }
            pgb_catalog_free(last);
            return explain(session, &inner, err);
        }
        /* others' temporary tables move the catalog too: what was read twice alike stands */
        moved = moved && (last == NULL || !same(last, rd.catalog));
        pgb_catalog_free(last);
        last = rd.catalog;
        if (!moved || nth >= READ_ATTEMPTS) {
            last->moved = moved;
            *ret_catalog = last;
            return PGB_OK;
        }
    }
}

pgb_status pgb_catalog_read_at(const char *conninfo, const char *history,
                               const volatile int *interrupted, pgb_catalog **ret_catalog,
                               pgb_error *err)
{
    pgb_session_options options = {
        .conninfo = conninfo, .connect_timeout_ms = -1, .read_only = true};
    pgb_session *session = NULL;
    pgb_status status = pgb_session_open(&options, &session, err);

    if (status == PGB_OK) {
        pgb_session_set_interrupt(session, interrupted);
        status = pgb_catalog_read(session, history, ret_catalog, err);
    }
    pgb_session_close(session);
    return status;
}
