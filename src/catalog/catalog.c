#include "catalog/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"
#include "catalog_sql.h"
#include "pg/pg.h"

enum { READ_ATTEMPTS = 4, FIXED_COLUMNS = 4, OLDEST = 120000 };

/* The queries, and the majors that they are for (0: no bound). */
static const struct query {
    const char *sql;
    int min, max;
} queries[] = {
    {pgb_sql_schemas, 0, 0},
    {pgb_sql_tables, 0, 0},
    {pgb_sql_columns, 0, 0},
    {pgb_sql_compression, 14, 0},
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
    {pgb_sql_unmodelled, 0, 0},
};
enum { N_QUERIES = sizeof queries / sizeof queries[0] };

typedef PGB_VEC(pgb_object) object_vec;

static int compare(const void *a, const void *b)
{
    const pgb_object *x = a, *y = b;
    int by = strcmp(x->kind, y->kind);

    return by != 0 ? by : strcmp(x->identity, y->identity);
}

/* A property's name is its column's; 'identity' is taken by the object's own. */
static pgb_status read_row(pgb_catalog *catalog, const pgb_result *r, int row,
                           const char *const *names, pgb_object *object)
{
    int columns = pgb_result_columns(r);
    pgb_property *props = pgb_arena_array(catalog->arena, (size_t)columns, sizeof *props);

    if (props == NULL) {
        return PGB_NOMEM;
    }
    *object =
        (pgb_object){.kind = pgb_arena_strdup(catalog->arena, pgb_result_value(r, row, 0)),
                     .identity = pgb_arena_strdup(catalog->arena, pgb_result_value(r, row, 1)),
                     .ord = pgb_result_int(r, row, 3),
                     .props = props};
    if (!pgb_result_null(r, row, 2)) {
        object->parent = pgb_arena_strdup(catalog->arena, pgb_result_value(r, row, 2));
        if (object->parent == NULL) {
            return PGB_NOMEM;
        }
    }
    if (object->kind == NULL || object->identity == NULL) {
        return PGB_NOMEM;
    }
    for (int i = FIXED_COLUMNS; i < columns; i++) {
        if (pgb_result_null(r, row, i)) {
            continue;
        }
        props[object->n_props].name = names[i];
        props[object->n_props].value =
            pgb_arena_strdup(catalog->arena, pgb_result_value(r, row, i));
        if (props[object->n_props++].value == NULL) {
            return PGB_NOMEM;
        }
    }
    return PGB_OK;
}

static pgb_status read_result(pgb_catalog *catalog, const pgb_result *r, object_vec *all,
                              pgb_error *err)
{
    int columns = pgb_result_columns(r);
    const char **names = pgb_arena_array(catalog->arena, (size_t)columns + 1, sizeof *names);

    if (names == NULL) {
        return pgb_error_nomem(err);
    }
    for (int i = 0; i < columns; i++) {
        names[i] = pgb_arena_strdup(catalog->arena, pgb_result_column_name(r, i));
        if (names[i] == NULL) {
            return pgb_error_nomem(err);
        }
    }
    for (int row = 0; row < pgb_result_rows(r); row++) {
        pgb_object object;

        if (read_row(catalog, r, row, names, &object) != PGB_OK || !pgb_vec_push(all, object)) {
            return pgb_error_nomem(err);
        }
    }
    return PGB_OK;
}

/* Some objects come in parts, from queries for certain versions only: the parts are put together
 * here. A part whose object is not there (it went meanwhile) is dropped with it. */
static pgb_status merge_parts(pgb_catalog *catalog, object_vec *all, pgb_error *err)
{
    uint32_t kept = 0;

    if (all->n == 0) {
        return PGB_OK;
    }
    qsort(all->at, all->n, sizeof all->at[0], compare);
    for (size_t i = 0; i < all->n;) {
        size_t j = i + 1, props = all->at[i].n_props;
        pgb_object whole = all->at[i];

        while (j < all->n && compare(&all->at[i], &all->at[j]) == 0) {
            props += all->at[j].n_props;
            if (all->at[j].ord != 0) {
                whole.ord = all->at[j].ord;
            }
            j++;
        }
        if (j - i > 1) {
            pgb_property *merged = pgb_arena_array(catalog->arena, props, sizeof *merged);

            if (merged == NULL) {
                return pgb_error_nomem(err);
            }
            whole.n_props = 0;
            for (size_t k = i; k < j; k++) {
                for (uint32_t p = 0; p < all->at[k].n_props; p++) {
                    merged[whole.n_props++] = all->at[k].props[p];
                }
            }
            whole.props = merged;
        }
        all->at[kept++] = whole;
        i = j;
    }
    catalog->objects = pgb_arena_array(catalog->arena, kept, sizeof *catalog->objects);
    if (catalog->objects == NULL) {
        return pgb_error_nomem(err);
    }
    memcpy(catalog->objects, all->at, kept * sizeof all->at[0]);
    catalog->n = kept;
    return PGB_OK;
}

static pgb_status read_once(struct pgb_session *session, const char *history, pgb_catalog *catalog,
                            pgb_error *err)
{
    /* the definitions that the server prints come from its newest state, not from the transaction's
       snapshot: hence the look at whether it moved */
    static const char begin[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                                "SET LOCAL search_path = '';"
                                "SET LOCAL lock_timeout = '2s';"
                                "SET LOCAL statement_timeout = 0;"
                                "SET LOCAL quote_all_identifiers = off;"
                                "SET LOCAL DateStyle = 'ISO, YMD';"
                                "SET LOCAL IntervalStyle = 'postgres';"
                                "SET LOCAL extra_float_digits = 1;"
                                "SET LOCAL TimeZone = 'UTC'";
    const char *sqls[N_QUERIES + 1];
    int n_params[N_QUERIES + 1];
    const char *const param[] = {history};
    const char *const *params[N_QUERIES + 1];
    pgb_result *results[N_QUERIES + 1] = {0};
    object_vec all = {0};
    int n = 0, major = catalog->server_version / 10000;
    pgb_error ignored = PGB_ERROR_INIT;
    pgb_status status = pgb_exec(session, begin, NULL, err);

    for (int i = 0; i < N_QUERIES; i++) {
        if (major >= queries[i].min && (queries[i].max == 0 || major <= queries[i].max)) {
            sqls[n] = queries[i].sql;
            n_params[n] = 1;
            params[n++] = param;
        }
    }
    if (status == PGB_OK) {
        status = pgb_exec_pipeline(session, n, sqls, n_params, params, results, err);
        for (int i = 0; i < n && status == PGB_OK; i++) {
            status = read_result(catalog, results[i], &all, err);
        }
        for (int i = 0; i < n; i++) {
            pgb_result_free(results[i]);
        }
        if (status == PGB_OK) {
            status = merge_parts(catalog, &all, err);
        }
        pgb_exec(session, "ROLLBACK", NULL, &ignored);
    }
    pgb_vec_done(&all);
    return status;
}

static pgb_status fingerprint(struct pgb_session *session, pgb_arena *arena, char **ret,
                              pgb_error *err)
{
    pgb_result *r = NULL;
    pgb_status status = pgb_exec(session, pgb_sql_fingerprint, &r, err);

    if (status == PGB_OK) {
        *ret = pgb_arena_strdup(arena, pgb_result_value(r, 0, 0));
        status = *ret != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    pgb_result_free(r);
    return status;
}

pgb_status pgb_catalog_read(struct pgb_session *session, const char *history,
                            pgb_catalog **ret_catalog, pgb_error *err)
{
    int version = pgb_session_server_version(session);
    pgb_status status = PGB_OK;

    if (version < OLDEST) {
        pgb_error_set(err, PGB_FAILED, "the server is PostgreSQL %d, older than 12",
                      version / 10000);
        pgb_error_hint(err, "The catalog of 12 and later can be read.");
        return PGB_FAILED;
    }
    for (int attempt = 1; status == PGB_OK; attempt++) {
        pgb_arena *arena = pgb_arena_new();
        pgb_catalog *catalog = arena != NULL ? pgb_arena_alloc(arena, sizeof *catalog) : NULL;
        char *before = NULL, *after = NULL;

        if (catalog == NULL) {
            pgb_arena_free(arena);
            return pgb_error_nomem(err);
        }
        catalog->arena = arena;
        catalog->server_version = version;
        status = fingerprint(session, arena, &before, err);
        if (status == PGB_OK) {
            status = read_once(session, history, catalog, err);
        }
        if (status == PGB_OK) {
            status = fingerprint(session, arena, &after, err);
        }
        if (status == PGB_OK) {
            catalog->moved = strcmp(before, after) != 0;
            if (!catalog->moved || attempt == READ_ATTEMPTS) {
                *ret_catalog = catalog;
                return PGB_OK;
            }
        } else if (err != NULL && strcmp(err->sqlstate, "XX000") == 0 && attempt < READ_ATTEMPTS) {
            /* "cache lookup failed": an object went between the list and its definition */
            pgb_error_clear(err);
            status = PGB_OK;
        }
        pgb_arena_free(arena);
    }
    return status;
}

void pgb_catalog_free(pgb_catalog *catalog)
{
    if (catalog != NULL) {
        pgb_arena_free(catalog->arena);
    }
}

const pgb_object *pgb_catalog_find(const pgb_catalog *catalog, const char *kind,
                                   const char *identity)
{
    pgb_object key = {.kind = kind, .identity = identity};

    return catalog->n == 0
               ? NULL
               : bsearch(&key, catalog->objects, catalog->n, sizeof catalog->objects[0], compare);
}

const char *pgb_object_get(const pgb_object *object, const char *property)
{
    for (uint32_t i = 0; i < object->n_props; i++) {
        if (strcmp(object->props[i].name, property) == 0) {
            return object->props[i].value;
        }
    }
    return NULL;
}

static bool is_table(const pgb_catalog *catalog, const char *identity)
{
    return identity != NULL && pgb_catalog_find(catalog, "table", identity) != NULL;
}

void pgb_catalog_count(const pgb_catalog *catalog, const char *table, pgb_counts *ret_counts)
{
    pgb_counts c = {0};

    for (uint32_t i = 0; i < catalog->n; i++) {
        const pgb_object *o = &catalog->objects[i];

        if (strcmp(o->kind, "table") == 0) {
            c.tables += table == NULL || strcmp(o->identity, table) == 0;
            continue;
        }
        if (o->parent == NULL || (table != NULL && strcmp(o->parent, table) != 0)) {
            continue;
        }
        if (strcmp(o->kind, "column") == 0) {
            c.columns += is_table(catalog, o->parent);
        } else if (strcmp(o->kind, "constraint") == 0 && pgb_object_get(o, "clone") == NULL) {
            const char *type = pgb_object_get(o, "type");

            c.foreign_keys += type != NULL && strcmp(type, "foreign key") == 0;
            c.checks += type != NULL && strcmp(type, "check") == 0 &&
                        pgb_object_get(o, "inherited") == NULL;
        } else if (strcmp(o->kind, "index") == 0) {
            c.indexes += pgb_object_get(o, "constraint") == NULL &&
                         pgb_object_get(o, "partition_of") == NULL && is_table(catalog, o->parent);
        }
    }
    *ret_counts = c;
}
