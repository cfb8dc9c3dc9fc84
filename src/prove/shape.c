#include "prove/shape.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "prove_sql.h"

enum { ROUTES_MAX = 24 }; /* leaves that rows are made for */

enum {
    Q_TYPES,
    Q_LABELS,
    Q_FIELDS,
    Q_DOMAIN_CHECKS,
    Q_TABLES,
    Q_COLUMNS,
    Q_CONSTRAINTS,
    Q_UNIQUES,
    N_QUERIES
};

typedef struct reader {
    pgb_shape *shape;
    pgb_result *r[N_QUERIES];
    const uint32_t *parents; /* by table: its parent's index, as a partition; UINT32_MAX: none */
    bool nomem;
} reader;

static const char *text(reader *rd, const pgb_result *r, int row, int column)
{
    const char *copy;

    if (pgb_result_null(r, row, column)) {
        return NULL;
    }
    copy = pgb_arena_strdup(rd->shape->arena, pgb_result_value(r, row, column));
    rd->nomem |= copy == NULL;
    return copy;
}

static void *array(reader *rd, size_t n, size_t size)
{
    void *p = pgb_arena_array(rd->shape->arena, n + 1, size);

    rd->nomem |= p == NULL;
    return p;
}

static uint32_t oid(const pgb_result *r, int row, int column)
{
    return (uint32_t)pgb_result_int(r, row, column);
}

static char letter(const pgb_result *r, int row, int column)
{
    return pgb_result_value(r, row, column)[0];
}

static pgb_shape_type *type_of(const pgb_shape *s, uint32_t wanted)
{
    uint32_t from = 0, to = s->n_types;

    while (from < to) {
        uint32_t mid = from + (to - from) / 2;

        if (s->types[mid].oid == wanted) {
            return &s->types[mid];
        }
        if (s->types[mid].oid < wanted) {
            from = mid + 1;
        } else {
            to = mid;
        }
    }
    return NULL;
}

static pgb_shape_table *table_of(const pgb_shape *s, uint32_t wanted)
{
    uint32_t from = 0, to = s->n_tables;

    while (from < to) {
        uint32_t mid = from + (to - from) / 2;

        if (s->tables[mid].oid == wanted) {
            return &s->tables[mid];
        }
        if (s->tables[mid].oid < wanted) {
            from = mid + 1;
        } else {
            to = mid;
        }
    }
    return NULL;
}

/* ---- types ---- */

static void read_types(reader *rd)
{
    const pgb_result *r = rd->r[Q_TYPES];
    pgb_shape *s = rd->shape;
    int n = pgb_result_rows(r);

    s->types = array(rd, (size_t)n, sizeof *s->types);
    for (int i = 0; !rd->nomem && i < n; i++) {
        s->types[i] = (pgb_shape_type){.oid = oid(r, i, 0),
                                       .text = text(rd, r, i, 1),
                                       .name = text(rd, r, i, 2),
                                       .kind = letter(r, i, 3),
                                       .category = letter(r, i, 4),
                                       .not_null = pgb_result_bool(r, i, 5),
                                       .typmod = (int32_t)pgb_result_int(r, i, 6),
                                       .array = pgb_result_bool(r, i, 8),
                                       .own = pgb_result_bool(r, i, 9),
                                       .extension = pgb_result_bool(r, i, 10)};
        s->n_types++;
    }
    for (int i = 0; !rd->nomem && i < n; i++) {
        s->types[i].of = type_of(s, oid(r, i, 7));
    }
}

/* How many rows from `row` on have the same first column. */
static int run_length(const pgb_result *r, int row)
{
    int n = 1;

    while (row + n < pgb_result_rows(r) &&
           strcmp(pgb_result_value(r, row + n, 0), pgb_result_value(r, row, 0)) == 0) {
        n++;
    }
    return n;
}

static void read_labels(reader *rd)
{
    const pgb_result *r = rd->r[Q_LABELS];

    for (int i = 0, n; !rd->nomem && i < pgb_result_rows(r); i += n) {
        pgb_shape_type *t = type_of(rd->shape, oid(r, i, 0));

        n = run_length(r, i);
        if (t == NULL || (t->labels = array(rd, (size_t)n, sizeof *t->labels)) == NULL) {
            continue;
        }
        for (int k = 0; k < n; k++) {
            t->labels[t->n_labels++] = text(rd, r, i + k, 1);
        }
    }
}

static void read_fields(reader *rd)
{
    const pgb_result *r = rd->r[Q_FIELDS];

    for (int i = 0, n; !rd->nomem && i < pgb_result_rows(r); i += n) {
        pgb_shape_type *t = type_of(rd->shape, oid(r, i, 0));

        n = run_length(r, i);
        if (t == NULL || (t->fields = array(rd, (size_t)n, sizeof *t->fields)) == NULL) {
            continue;
        }
        for (int k = 0; k < n; k++) {
            t->fields[t->n_fields++] =
                (pgb_shape_field){.type = type_of(rd->shape, oid(r, i + k, 1)),
                                  .typmod = (int32_t)pgb_result_int(r, i + k, 2)};
        }
    }
}

static void read_domain_checks(reader *rd)
{
    const pgb_result *r = rd->r[Q_DOMAIN_CHECKS];

    for (int i = 0, n; !rd->nomem && i < pgb_result_rows(r); i += n) {
        pgb_shape_type *t = type_of(rd->shape, oid(r, i, 0));

        n = run_length(r, i);
        if (t == NULL || (t->checks = array(rd, (size_t)n, sizeof *t->checks)) == NULL) {
            continue;
        }
        for (int k = 0; k < n; k++) {
            t->checks[t->n_checks++] = (pgb_shape_check){.name = text(rd, r, i + k, 1),
                                                         .quoted = text(rd, r, i + k, 2),
                                                         .expr = text(rd, r, i + k, 3),
                                                         .validated = pgb_result_bool(r, i + k, 4)};
        }
    }
}

/* ---- tables ---- */

static void read_tables(reader *rd, const pgb_catalog *catalog)
{
    const pgb_result *r = rd->r[Q_TABLES];
    pgb_shape *s = rd->shape;
    int n = pgb_result_rows(r);

    s->tables = array(rd, (size_t)n, sizeof *s->tables);
    for (int i = 0; !rd->nomem && i < n; i++) {
        pgb_shape_table *t = &s->tables[i];

        *t = (pgb_shape_table){.oid = oid(r, i, 0),
                               .name = text(rd, r, i, 1),
                               .schema = text(rd, r, i, 2),
                               .bare = text(rd, r, i, 3),
                               .partitioned = letter(r, i, 4) == 'p',
                               .partition = pgb_result_bool(r, i, 5),
                               .bound = text(rd, r, i, 7),
                               .triggers = pgb_result_bool(r, i, 8),
                               .rules = pgb_result_bool(r, i, 9),
                               .rows = pgb_result_bool(r, i, 10),
                               .index = (uint32_t)i};
        t->root = t;
        t->had_pages = t->rows;
        t->known = t->name != NULL &&
                   (catalog == NULL || pgb_catalog_find(catalog, "table", t->name) != NULL);
        s->n_tables++;
    }
    for (int i = 0; !rd->nomem && i < n; i++) {
        pgb_shape_table *up = table_of(s, oid(r, i, 6));

        if (up != NULL) {
            s->tables[i].root = up;
        }
    }
    for (int i = 0; !rd->nomem && i < n; i++) {
        while (s->tables[i].root != s->tables[i].root->root) {
            s->tables[i].root = s->tables[i].root->root;
        }
    }
}

/* Rows that one of the leaves takes. */
static void make_routes(reader *rd)
{
    pgb_shape *s = rd->shape;
    pgb_buf *routes = calloc((size_t)s->n_tables + 1, sizeof *routes);
    uint32_t *n = calloc((size_t)s->n_tables + 1, sizeof *n);

    if (routes == NULL || n == NULL) {
        rd->nomem = true;
    }
    for (uint32_t i = 0; !rd->nomem && i < s->n_tables; i++) {
        const pgb_shape_table *t = &s->tables[i];
        uint32_t root = t->root->index;

        if (t->partition && !t->partitioned && n[root] < ROUTES_MAX) {
            pgb_buf_puts(&routes[root], n[root]++ > 0 ? " OR (" : "(");
            pgb_buf_puts(&routes[root], t->bound != NULL ? t->bound : "true");
            pgb_buf_putc(&routes[root], ')');
        }
    }
    for (uint32_t i = 0; !rd->nomem && i < s->n_tables; i++) {
        if (n[i] > 0) {
            s->tables[i].route = pgb_arena_strdup(s->arena, pgb_buf_str(&routes[i]));
            rd->nomem |= s->tables[i].route == NULL || routes[i].failed;
        } else if (s->tables[i].partitioned && !s->tables[i].partition) {
            s->tables[i].route = "false"; /* nothing finds a place */
        }
        pgb_buf_done(&routes[i]);
    }
    free(routes);
    free(n);
}

static void read_columns(reader *rd)
{
    const pgb_result *r = rd->r[Q_COLUMNS];

    for (int i = 0, n; !rd->nomem && i < pgb_result_rows(r); i += n) {
        pgb_shape_table *t = table_of(rd->shape, oid(r, i, 0));

        n = run_length(r, i);
        if (t == NULL || (t->columns = array(rd, (size_t)n, sizeof *t->columns)) == NULL) {
            continue;
        }
        for (int k = i; k < i + n; k++) {
            t->columns[t->n_columns++] =
                (pgb_shape_column){.attnum = (int16_t)pgb_result_int(r, k, 1),
                                   .name = text(rd, r, k, 2),
                                   .quoted = text(rd, r, k, 3),
                                   .type = type_of(rd->shape, oid(r, k, 4)),
                                   .typmod = (int32_t)pgb_result_int(r, k, 5),
                                   .type_text = text(rd, r, k, 6),
                                   .not_null = pgb_result_bool(r, k, 7),
                                   .fallback = text(rd, r, k, 8),
                                   .generated = pgb_result_bool(r, k, 9),
                                   .identity = letter(r, k, 10),
                                   .next = text(rd, r, k, 11),
                                   .expression = text(rd, r, k, 12)};
        }
    }
}

static uint16_t column_of(const pgb_shape_table *t, long attnum)
{
    for (uint16_t i = 0; i < t->n_columns; i++) {
        if (t->columns[i].attnum == attnum) {
            return i;
        }
    }
    return UINT16_MAX;
}

/* "1 5 3": attribute numbers, at most max of them. */
static const uint16_t *columns_of(reader *rd, const pgb_shape_table *t, const char *numbers,
                                  uint16_t max, uint16_t *ret_n)
{
    uint16_t n = 0, *list = array(rd, strlen(numbers), sizeof *list);

    for (const char *p = numbers; list != NULL && *p != '\0' && n < max;) {
        char *end;
        long number = strtol(p, &end, 10);

        if (end == p) {
            p++;
            continue;
        }
        list[n++] = column_of(t, number);
        p = end;
    }
    *ret_n = n;
    return list;
}

static void read_foreign(reader *rd, pgb_shape_table *t, const pgb_result *r, int i)
{
    pgb_shape_table *parent = table_of(rd->shape, oid(r, i, 6));
    pgb_shape_foreign f = {.name = text(rd, r, i, 2),
                           .quoted = text(rd, r, i, 3),
                           .parent = parent,
                           .on_delete = letter(r, i, 8),
                           .on_update = letter(r, i, 9),
                           .match_full = pgb_result_bool(r, i, 10),
                           .deferrable = pgb_result_bool(r, i, 12),
                           .deferred = pgb_result_bool(r, i, 13),
                           .validated = pgb_result_bool(r, i, 14),
                           .clone = pgb_result_bool(r, i, 15),
                           .definition = text(rd, r, i, 16),
                           .aliases = text(rd, r, i, 17)};
    uint16_t n;

    if (parent == NULL) {
        return; /* a table that went meanwhile */
    }
    f.columns = columns_of(rd, t, pgb_result_value(r, i, 5), UINT16_MAX, &f.n);
    f.parent_columns = columns_of(rd, parent, pgb_result_value(r, i, 7), UINT16_MAX, &n);
    f.set_columns = columns_of(rd, t, pgb_result_value(r, i, 11), UINT16_MAX, &f.n_set);
    t->foreigns[t->n_foreigns++] = f;
}

static void read_constraints(reader *rd)
{
    const pgb_result *r = rd->r[Q_CONSTRAINTS];

    for (int i = 0, n; !rd->nomem && i < pgb_result_rows(r); i += n) {
        pgb_shape_table *t = table_of(rd->shape, oid(r, i, 0));

        n = run_length(r, i);
        if (t == NULL) {
            continue;
        }
        t->checks = array(rd, (size_t)n, sizeof *t->checks);
        t->foreigns = array(rd, (size_t)n, sizeof *t->foreigns);
        for (int k = i; !rd->nomem && k < i + n; k++) {
            if (letter(r, k, 1) == 'f') {
                read_foreign(rd, t, r, k);
                continue;
            }
            t->checks[t->n_checks++] = (pgb_shape_check){.name = text(rd, r, k, 2),
                                                         .quoted = text(rd, r, k, 3),
                                                         .expr = text(rd, r, k, 4),
                                                         .validated = pgb_result_bool(r, k, 14),
                                                         .clone = pgb_result_bool(r, k, 15),
                                                         .definition = text(rd, r, k, 16)};
        }
    }
}

/* Parts between `between`, which is written over in the copy; n of them at most. */
static const char *const *parts_of(reader *rd, const char *list, char between, uint16_t n)
{
    const char **parts = array(rd, n, sizeof *parts);
    char *copy = pgb_arena_strdup(rd->shape->arena, list);

    rd->nomem |= copy == NULL;
    for (uint16_t i = 0; parts != NULL && copy != NULL && i < n; i++) {
        char *end = strchr(copy, between);

        parts[i] = copy;
        if (end != NULL) {
            *end = '\0';
            copy = end + 1;
        } else {
            copy += strlen(copy);
        }
    }
    return parts;
}

static void read_uniques(reader *rd)
{
    const pgb_result *r = rd->r[Q_UNIQUES];

    for (int i = 0, n; !rd->nomem && i < pgb_result_rows(r); i += n) {
        pgb_shape_table *t = table_of(rd->shape, oid(r, i, 0));

        n = run_length(r, i);
        if (t == NULL || (t->uniques = array(rd, (size_t)n, sizeof *t->uniques)) == NULL) {
            continue;
        }
        for (int k = i; !rd->nomem && k < i + n; k++) {
            pgb_shape_unique u = {.name = text(rd, r, k, 1),
                                  .qualified = text(rd, r, k, 2),
                                  .unique = pgb_result_bool(r, k, 5),
                                  .primary = pgb_result_bool(r, k, 6),
                                  .exclusion = pgb_result_bool(r, k, 7),
                                  .immediate = pgb_result_bool(r, k, 8),
                                  .valid = pgb_result_bool(r, k, 9),
                                  .ready = pgb_result_bool(r, k, 10),
                                  .nulls_not_distinct = pgb_result_bool(r, k, 11),
                                  .predicate = text(rd, r, k, 12),
                                  .constraint = text(rd, r, k, 14),
                                  .clone = pgb_result_bool(r, k, 16),
                                  .definition = text(rd, r, k, 17),
                                  .aliases = text(rd, r, k, 18)};

            u.columns = columns_of(rd, t, pgb_result_value(r, k, 3),
                                   (uint16_t)pgb_result_int(r, k, 4), &u.n);
            u.keys = parts_of(rd, pgb_result_value(r, k, 13), '\x01', u.n);
            if (u.exclusion) {
                u.operators = parts_of(rd, pgb_result_value(r, k, 15), ' ', u.n);
            }
            for (uint16_t c = 0; u.columns != NULL && c < u.n; c++) {
                u.expressions |= u.columns[c] == UINT16_MAX;
            }
            t->uniques[t->n_uniques++] = u;
        }
    }
}

/* A table with pages may have no rows left. */
static pgb_status look_for_rows(pgb_shape *s, pgb_session *session, pgb_error *err)
{
    PGB_AUTO_BUF(b);
    pgb_result *r = NULL;
    pgb_status status;
    int row = 0;

    for (uint32_t i = 0; i < s->n_tables; i++) {
        if (s->tables[i].rows) {
            pgb_buf_printf(&b, "%sSELECT %u, EXISTS (SELECT FROM ONLY %s)",
                           b.len > 0 ? "\nUNION ALL " : "", i, s->tables[i].name);
        }
    }
    if (b.failed) {
        return pgb_error_nomem(err);
    }
    if (b.len == 0) {
        return PGB_OK;
    }
    status = pgb_exec(session, pgb_buf_str(&b), &r, err);
    for (; status == PGB_OK && row < pgb_result_rows(r); row++) {
        s->tables[pgb_result_int(r, row, 0)].rows = pgb_result_bool(r, row, 1);
    }
    pgb_result_free(r);
    for (uint32_t i = 0; i < s->n_tables; i++) {
        if (s->tables[i].rows) {
            s->tables[i].root->rows = true;
        }
    }
    return status;
}

/* near: an array of tables, as SQL's input; NULL: all. */
static pgb_status read_shape(pgb_session *session, const pgb_catalog *catalog, const char *near,
                             pgb_shape **ret_shape, pgb_error *err)
{
    static const char *const sqls[N_QUERIES] = {
        pgb_sql_shape_types,         pgb_sql_shape_labels,  pgb_sql_shape_fields,
        pgb_sql_shape_domain_checks, pgb_sql_shape_tables,  pgb_sql_shape_columns,
        pgb_sql_shape_constraints,   pgb_sql_shape_uniques,
    };
    static const int n_params[N_QUERIES] = {[Q_TYPES] = 1,   [Q_FIELDS] = 1,      [Q_TABLES] = 1,
                                            [Q_COLUMNS] = 1, [Q_CONSTRAINTS] = 1, [Q_UNIQUES] = 1};
    const char *const params[1] = {near};
    const char *const *all_params[N_QUERIES];
    pgb_arena *arena = pgb_arena_new();
    pgb_shape *shape = arena != NULL ? pgb_arena_alloc(arena, sizeof *shape) : NULL;
    reader rd = {.shape = shape};
    pgb_status status;

    if (shape == NULL) {
        pgb_arena_free(arena);
        return pgb_error_nomem(err);
    }
    shape->arena = arena;
    for (int i = 0; i < N_QUERIES; i++) {
        all_params[i] = params;
    }
    /* nothing that is asked here is worth compiling */
    status = pgb_exec(session, "SET jit = off", NULL, err);
    if (status == PGB_OK) {
        status = pgb_exec_pipeline(session, N_QUERIES, sqls, n_params, all_params, rd.r, err);
    }
    if (status == PGB_OK) {
        read_types(&rd);
        read_labels(&rd);
        read_fields(&rd);
        read_domain_checks(&rd);
        read_tables(&rd, catalog);
        read_columns(&rd);
        read_constraints(&rd);
        read_uniques(&rd);
        make_routes(&rd);
    }
    for (int i = 0; i < N_QUERIES; i++) {
        pgb_result_free(rd.r[i]);
    }
    if (status == PGB_OK && rd.nomem) {
        status = pgb_error_nomem(err);
    }
    if (status == PGB_OK) {
        status = look_for_rows(shape, session, err);
    }
    if (status != PGB_OK) {
        pgb_arena_free(arena);
        return status;
    }
    *ret_shape = shape;
    return PGB_OK;
}

pgb_status pgb_shape_read(pgb_session *session, const pgb_catalog *catalog, pgb_shape **ret_shape,
                          pgb_error *err)
{
    return read_shape(session, catalog, NULL, ret_shape, err);
}

/* What a table refers to was left out when it has rows, and it was believed that it has when its
 * file isn't empty. */
static bool is_whole(const pgb_shape *s)
{
    for (uint32_t i = 0; i < s->n_tables; i++) {
        const pgb_shape_table *t = &s->tables[i];

        if (t->had_pages && !t->root->rows) {
            return false;
        }
        for (uint16_t k = 0; k < t->n_columns; k++) {
            if (t->columns[k].type == NULL) {
                return false;
            }
        }
    }
    return true;
}

pgb_status pgb_shape_read_near(pgb_session *session, const uint32_t *oids, uint32_t n,
                               pgb_shape **ret_shape, pgb_error *err)
{
    PGB_AUTO_BUF(list);
    PGB_AUTO_ARENA(arena);
    pgb_result *r = NULL;
    const char *params[1], *near = NULL;
    pgb_status status;

    for (uint32_t i = 0; i < n; i++) {
        pgb_buf_printf(&list, "%s%u", i > 0 ? "," : "{", oids[i]);
    }
    pgb_buf_puts(&list, n > 0 ? "}" : "{}");
    if (list.failed || arena == NULL) {
        return pgb_error_nomem(err);
    }
    params[0] = pgb_buf_str(&list);
    status = pgb_exec_params(session, pgb_sql_shape_near, 1, params, &r, err);
    if (status == PGB_OK) {
        near = pgb_arena_strdup(arena, pgb_result_value(r, 0, 0));
        status = near != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    pgb_result_free(r);
    if (status == PGB_OK) {
        status = read_shape(session, NULL, near, ret_shape, err);
    }
    if (status == PGB_OK && !is_whole(*ret_shape)) {
        pgb_shape_free(*ret_shape);
        status = read_shape(session, NULL, NULL, ret_shape, err);
    }
    return status;
}
