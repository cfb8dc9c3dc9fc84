#include "run/look.h"

#include <string.h>

/* Statements that may be run again without harm, whatever became of the first attempt. */
static bool is_idempotent(const pgb_facts *f)
{
    static const char *const commands[] = {"VACUUM", "CLUSTER", "REINDEX", "ALTER SYSTEM",
                                           "ALTER DATABASE"};

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (f->command != NULL && strcmp(f->command, commands[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Objects of the cluster: command, catalog, name column, does it make one? */
static const struct shared {
    const char *command, *catalog, *column;
    bool makes;
} shared[] = {
    {"CREATE DATABASE", "pg_database", "datname", true},
    {"DROP DATABASE", "pg_database", "datname", false},
    {"CREATE TABLESPACE", "pg_tablespace", "spcname", true},
    {"DROP TABLESPACE", "pg_tablespace", "spcname", false},
    {"CREATE SUBSCRIPTION", "pg_subscription", "subname", true},
    {"DROP SUBSCRIPTION", "pg_subscription", "subname", false},
};

static const struct shared *find_shared(const pgb_facts *f)
{
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
        if (f->command != NULL && f->object != NULL && strcmp(f->command, shared[i].command) == 0) {
            return &shared[i];
        }
    }
    return NULL;
}

bool look_knows(const pgb_facts *f)
{
    switch (f->kind) {
    case PGB_STMT_CREATE_INDEX_CONCURRENTLY:
        return f->on_table != NULL;
    case PGB_STMT_DROP_INDEX_CONCURRENTLY:
        return f->object != NULL;
    case PGB_STMT_REINDEX_CONCURRENTLY:
        return true;
    case PGB_STMT_DETACH_CONCURRENTLY:
        return f->object != NULL;
    default:
        return is_idempotent(f) || find_shared(f) != NULL;
    }
}

/* schema.name quoted; a name alone is found by the search_path, as the statement finds it. */
static const char *reference(pgb_runner *r, pgb_arena *arena, const char *schema, const char *name)
{
    const char *quoted = pgb_quote_ident(r->session, arena, name);
    const char *in = schema != NULL ? pgb_quote_ident(r->session, arena, schema) : NULL;

    if (quoted == NULL || (schema != NULL && in == NULL)) {
        return NULL;
    }
    return schema != NULL ? pgb_arena_printf(arena, "%s.%s", in, quoted) : quoted;
}

static pgb_status one_value(pgb_runner *r, const char *sql, int n, const char *const *params,
                            pgb_arena *arena, const char **ret, pgb_error *err)
{
    AUTO_RESULT(got);
    pgb_status status = pgb_exec_params(r->session, sql, n, params, &got, err);

    if (status != PGB_OK) {
        return status;
    }
    *ret = pgb_arena_strdup(arena, pgb_result_rows(got) > 0 ? pgb_result_value(got, 0, 0) : "");
    return *ret != NULL ? PGB_OK : pgb_error_nomem(err);
}

pgb_status look_object(pgb_runner *r, const pgb_facts *f, pgb_arena *arena, const char **ret_object,
                       pgb_error *err)
{
    static const char qualified[] =
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c "
        "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
        "WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1)";
    const char *name, *found = "";
    pgb_status status;

    *ret_object = "";
    if (f->kind == PGB_STMT_CREATE_INDEX_CONCURRENTLY) {
        /* an index is made in its table's schema */
        static const char in_schema[] =
            "SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_class c "
            "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
            "WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1)";
        const char *table =
            f->on_table != NULL ? reference(r, arena, f->on_schema, f->on_table) : "";
        const char *params[] = {table};

        if (f->object == NULL || f->on_table == NULL) {
            return PGB_OK;
        }
        if (table == NULL) {
            return pgb_error_nomem(err);
        }
        status = one_value(r, in_schema, 1, params, arena, &found, err);
        if (status != PGB_OK || found == NULL || found[0] == '\0') {
            return status;
        }
        name = pgb_quote_ident(r->session, arena, f->object);
        *ret_object = name != NULL ? pgb_arena_printf(arena, "%s.%s", found, name) : NULL;
        return *ret_object != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    if (f->object == NULL) {
        return PGB_OK;
    }
    name = reference(r, arena, f->schema, f->object);
    if (name == NULL) {
        return pgb_error_nomem(err);
    }
    *ret_object = name;
    if (find_shared(f) == NULL) {
        const char *params[] = {name};

        status = one_value(r, qualified, 1, params, arena, &found, err);
        if (status == PGB_OK && found != NULL && found[0] != '\0') {
            *ret_object = found;
        }
        return status;
    }
    return PGB_OK;
}

/* OIDs of the indexes of the table that the statement indexes. */
static const char indexes_of_table[] =
    "SELECT pg_catalog.string_agg(x.indexrelid::pg_catalog.text, ',' ORDER BY x.indexrelid) "
    "FROM pg_catalog.pg_index x WHERE x.indrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1)";
/* OIDs of all invalid indexes: what a killed REINDEX leaves is not among them before. */
static const char invalid_indexes[] =
    "SELECT pg_catalog.string_agg(x.indexrelid::pg_catalog.text, ',' ORDER BY x.indexrelid) "
    "FROM pg_catalog.pg_index x WHERE NOT x.indisvalid";
static const char oid_of_relation[] =
    "SELECT COALESCE(pg_catalog.to_regclass($1)::pg_catalog.oid, 0)::pg_catalog.text";

static pgb_status shared_mark(pgb_runner *r, const struct shared *s, const char *name,
                              pgb_arena *arena, const char **ret, pgb_error *err)
{
    const char *params[] = {name};
    const char *sql = pgb_arena_printf(
        arena,
        "SELECT o.oid::pg_catalog.text FROM pg_catalog.%s o WHERE o.%s OPERATOR(pg_catalog.=) "
        "$1::pg_catalog.name",
        s->catalog, s->column);

    return sql != NULL ? one_value(r, sql, 1, params, arena, ret, err) : pgb_error_nomem(err);
}

pgb_status look_before(pgb_runner *r, const pgb_facts *f, pgb_arena *arena, const char **ret_before,
                       pgb_error *err)
{
    const struct shared *s = find_shared(f);
    const char *params[1];

    *ret_before = "";
    switch (f->kind) {
    case PGB_STMT_CREATE_INDEX_CONCURRENTLY:
        if (f->on_table == NULL) {
            return PGB_OK;
        }
        params[0] = reference(r, arena, f->on_schema, f->on_table);
        return params[0] != NULL ? one_value(r, indexes_of_table, 1, params, arena, ret_before, err)
                                 : pgb_error_nomem(err);
    case PGB_STMT_REINDEX_CONCURRENTLY:
        return one_value(r, invalid_indexes, 0, NULL, arena, ret_before, err);
    case PGB_STMT_DROP_INDEX_CONCURRENTLY:
    case PGB_STMT_DETACH_CONCURRENTLY:
        if (f->object == NULL) {
            return PGB_OK;
        }
        params[0] = reference(r, arena, f->schema, f->object);
        return params[0] != NULL ? one_value(r, oid_of_relation, 1, params, arena, ret_before, err)
                                 : pgb_error_nomem(err);
    default:
        return s != NULL ? shared_mark(r, s, f->object, arena, ret_before, err) : PGB_OK;
    }
}

/* New indexes of the table since the mark, those of the statement's name alone when it has one. */
static pgb_status after_create_index(pgb_runner *r, const pgb_facts *f, const char *before,
                                     bool ran, pgb_arena *arena, look *l, pgb_error *err)
{
    static const char sql[] =
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), x.indisvalid "
        "FROM pg_catalog.pg_index x "
        "JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) x.indexrelid "
        "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
        "WHERE x.indrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1) "
        "AND x.indexrelid OPERATOR(pg_catalog.<>) ALL "
        "(pg_catalog.string_to_array($2, ',')::pg_catalog.oid[]) "
        "AND ($3::pg_catalog.name IS NULL OR c.relname OPERATOR(pg_catalog.=) $3::pg_catalog.name) "
        "ORDER BY x.indexrelid";
    /* the one of that name, also when it was there before: IF NOT EXISTS is content with an invalid
     * one */
    static const char named[] =
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index x "
        "JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) x.indexrelid "
        "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
        "WHERE x.indrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1) "
        "AND c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.name AND NOT x.indisvalid";
    AUTO_RESULT(got);
    AUTO_RESULT(old);
    const char *params[3] = {reference(r, arena, f->on_schema, f->on_table), before, f->object};
    const char *old_params[2] = {params[0], f->object};
    const char *name;
    int rows;
    pgb_status status;

    if (params[0] == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec_params(r->session, sql, 3, params, &got, err);
    if (status != PGB_OK) {
        return status;
    }
    rows = pgb_result_rows(got);
    if (rows > 1) {
        l->finding = LOOK_UNDECIDED;
        l->what = "several indexes came to be there, and the statement names none";
        l->examine = pgb_arena_printf(arena,
                                      "SELECT indexrelid::regclass, indisvalid FROM pg_index "
                                      "WHERE indrelid = '%s'::regclass",
                                      params[0]);
        return l->examine != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    if (rows == 1) {
        name = pgb_arena_strdup(arena, pgb_result_value(got, 0, 0));
        if (name == NULL) {
            return pgb_error_nomem(err);
        }
        if (pgb_result_bool(got, 0, 1)) {
            l->finding = LOOK_DONE;
            return PGB_OK;
        }
        l->finding = LOOK_HALF;
        l->what = pgb_arena_printf(arena, "index %s is invalid", name);
        l->mend = pgb_arena_printf(arena, "DROP INDEX CONCURRENTLY %s", name);
        return l->what != NULL && l->mend != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    l->finding = LOOK_NOT_DONE;
    if (!ran) {
        return PGB_OK;
    }
    /* success without a new index: IF NOT EXISTS found one */
    l->finding = LOOK_DONE;
    if (f->object == NULL) {
        return PGB_OK;
    }
    status = pgb_exec_params(r->session, named, 2, old_params, &old, err);
    if (status == PGB_OK && pgb_result_rows(old) > 0) {
        l->finding = LOOK_UNDECIDED;
        l->what = pgb_arena_printf(arena, "index %s was there before, and it is invalid",
                                   pgb_result_value(old, 0, 0));
        l->examine =
            pgb_arena_printf(arena, "DROP INDEX CONCURRENTLY %s", pgb_result_value(old, 0, 0));
        status = l->what != NULL && l->examine != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    return status;
}

/* REINDEX can be run again; what a killed one left must go first. Only of its own tables: somebody
 * else's may be under way elsewhere, and its new index is invalid, too, until it has ended. */
static pgb_status after_reindex(pgb_runner *r, const pgb_facts *f, const char *before, bool ran,
                                pgb_arena *arena, look *l, pgb_error *err)
{
    static const char sql[] =
        "WITH named AS (SELECT pg_catalog.to_regclass($2)::pg_catalog.oid AS oid UNION "
        "SELECT t.relid::pg_catalog.oid FROM pg_catalog.pg_partition_tree("
        "pg_catalog.to_regclass($2)) t), "
        "tables AS (SELECT COALESCE(x.indrelid, d.oid) AS oid FROM named d LEFT JOIN "
        "pg_catalog.pg_index x ON x.indexrelid OPERATOR(pg_catalog.=) d.oid), "
        "own AS (SELECT t.oid FROM tables t UNION SELECT c.reltoastrelid FROM tables t JOIN "
        "pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) t.oid) "
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) "
        "FROM pg_catalog.pg_index x "
        "JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) x.indexrelid "
        "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
        "WHERE NOT x.indisvalid AND c.relname OPERATOR(pg_catalog.~) '_cc(new|old)[0-9]*$' "
        "AND x.indexrelid OPERATOR(pg_catalog.<>) ALL "
        "(pg_catalog.string_to_array($1, ',')::pg_catalog.oid[]) "
        "AND ($2::pg_catalog.text IS NULL OR x.indrelid OPERATOR(pg_catalog.=) ANY "
        "(SELECT o.oid FROM own o)) "
        "AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE "
        "p.index_relid OPERATOR(pg_catalog.=) x.indexrelid) "
        "ORDER BY x.indexrelid LIMIT 1";
    AUTO_RESULT(got);
    /* SCHEMA and DATABASE name no relation */
    bool relation = f->object != NULL && f->value != NULL &&
                    (strcmp(f->value, "index") == 0 || strcmp(f->value, "table") == 0);
    const char *params[] = {before, relation ? reference(r, arena, f->schema, f->object) : NULL};
    pgb_status status;

    if (relation && params[1] == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec_params(r->session, sql, 2, params, &got, err);
    if (status != PGB_OK) {
        return status;
    }
    l->finding = ran ? LOOK_DONE : LOOK_NOT_DONE;
    if (pgb_result_rows(got) > 0) {
        l->finding = LOOK_HALF;
        l->what = pgb_arena_printf(arena, "index %s was left over", pgb_result_value(got, 0, 0));
        l->mend =
            pgb_arena_printf(arena, "DROP INDEX CONCURRENTLY %s", pgb_result_value(got, 0, 0));
        status = l->what != NULL && l->mend != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    return status;
}

static pgb_status after_drop_index(pgb_runner *r, const char *before, bool ran, pgb_arena *arena,
                                   look *l, pgb_error *err)
{
    static const char sql[] = "SELECT 1 FROM pg_catalog.pg_class c WHERE c.oid "
                              "OPERATOR(pg_catalog.=) $1::pg_catalog.oid";
    AUTO_RESULT(got);
    const char *params[] = {before[0] != '\0' ? before : "0"};
    pgb_status status = pgb_exec_params(r->session, sql, 1, params, &got, err);

    (void)arena;
    if (status == PGB_OK) {
        /* one that is on its way out (invalid) is dropped by the same statement */
        l->finding = ran || (strcmp(params[0], "0") != 0 && pgb_result_rows(got) == 0)
                         ? LOOK_DONE
                         : LOOK_NOT_DONE;
    }
    return status;
}

static pgb_status after_detach(pgb_runner *r, const pgb_facts *f, const char *object,
                               const char *before, bool ran, pgb_arena *arena, look *l,
                               pgb_error *err)
{
    static const char sql[] =
        "SELECT h.inhdetachpending, pg_catalog.format('%I.%I', n.nspname, "
        "c.relname) FROM pg_catalog.pg_inherits h "
        "JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) h.inhparent "
        "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) "
        "c.relnamespace "
        "WHERE h.inhrelid OPERATOR(pg_catalog.=) $1::pg_catalog.oid";
    AUTO_RESULT(got);
    const char *params[] = {before[0] != '\0' ? before : "0"};
    pgb_status status = pgb_exec_params(r->session, sql, 1, params, &got, err);

    (void)f;
    if (status != PGB_OK) {
        return status;
    }
    if (pgb_result_rows(got) == 0) {
        l->finding = strcmp(params[0], "0") != 0 || ran ? LOOK_DONE : LOOK_NOT_DONE;
    } else if (pgb_result_bool(got, 0, 0)) {
        l->finding = LOOK_HALF;
        l->finishes = true;
        l->what = pgb_arena_printf(arena, "partition %s is being detached", object);
        l->mend = pgb_arena_printf(arena, "ALTER TABLE %s DETACH PARTITION %s FINALIZE",
                                   pgb_result_value(got, 0, 1), object);
        status = l->what != NULL && l->mend != NULL ? PGB_OK : pgb_error_nomem(err);
    } else {
        l->finding = LOOK_NOT_DONE;
    }
    return status;
}

pgb_status look_after(pgb_runner *r, const pgb_facts *f, const char *object, const char *before,
                      bool ran, pgb_arena *arena, look *ret_look, pgb_error *err)
{
    const struct shared *s = find_shared(f);
    const char *now = "";
    pgb_status status;

    memset(ret_look, 0, sizeof *ret_look);
    ret_look->finding = ran ? LOOK_DONE : LOOK_NOT_DONE;
    switch (f->kind) {
    case PGB_STMT_CREATE_INDEX_CONCURRENTLY:
        if (f->on_table != NULL) {
            return after_create_index(r, f, before, ran, arena, ret_look, err);
        }
        break;
    case PGB_STMT_REINDEX_CONCURRENTLY:
        return after_reindex(r, f, before, ran, arena, ret_look, err);
    case PGB_STMT_DROP_INDEX_CONCURRENTLY:
        return after_drop_index(r, before, ran, arena, ret_look, err);
    case PGB_STMT_DETACH_CONCURRENTLY:
        return after_detach(r, f, object, before, ran, arena, ret_look, err);
    default:
        break;
    }
    if (ran || is_idempotent(f)) {
        return PGB_OK;
    }
    if (s == NULL) {
        ret_look->finding = LOOK_UNDECIDED;
        ret_look->what = "pgbraid has no way to see whether it was done";
        return PGB_OK;
    }
    status = shared_mark(r, s, f->object, arena, &now, err);
    if (status == PGB_OK) {
        /* made: there now and not before; dropped: the one that was there is gone */
        ret_look->finding = (s->makes ? now[0] != '\0' && strcmp(now, before) != 0
                                      : before[0] != '\0' && strcmp(now, before) != 0)
                                ? LOOK_DONE
                                : LOOK_NOT_DONE;
    }
    return status;
}
