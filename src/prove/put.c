#include "prove/put.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

pgb_status pgb_put_try(pgb_session *session, const char *sql, int n, const char *const *values,
                       pgb_result **ret_result, pgb_error *err)
{
    bool open = pgb_session_in_transaction(session);
    pgb_error inner = PGB_ERROR_INIT;
    pgb_status status = open ? pgb_exec(session, "SAVEPOINT pgb_try", NULL, err) : PGB_OK;

    if (status != PGB_OK) {
        return status;
    }
    status = pgb_exec_params(session, sql, n, values, ret_result, &inner);
    if (open && status == PGB_OK) {
        status = pgb_exec(session, "RELEASE SAVEPOINT pgb_try", NULL, &inner);
    } else if (open && !pgb_session_lost(session)) {
        pgb_status back = pgb_exec(
            session, "ROLLBACK TO SAVEPOINT pgb_try; RELEASE SAVEPOINT pgb_try", NULL, err);

        if (back != PGB_OK) {
            return back;
        }
    }
    if (status != PGB_OK && err != NULL && err->status == PGB_OK) {
        *err = inner;
    }
    return status;
}

void pgb_put_array(pgb_buf *buf, const char *const *values, size_t n)
{
    pgb_buf_putc(buf, '{');
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            pgb_buf_putc(buf, ',');
        }
        pgb_value_quote_element(buf, values[i]);
    }
    pgb_buf_putc(buf, '}');
}

/* "INSERT INTO t (a, b)", with what lets identity columns be set. */
static int put_head(const pgb_shape_table *t, const pgb_row *row, pgb_buf *b)
{
    bool overriding = false;
    int n = 0;

    pgb_buf_printf(b, "INSERT INTO %s", t->name);
    for (uint16_t i = 0; i < t->n_columns; i++) {
        if (row->set[i]) {
            pgb_buf_printf(b, "%s%s", n++ > 0 ? ", " : " (", t->columns[i].quoted);
            overriding |= t->columns[i].identity != 0;
        }
    }
    pgb_buf_puts(b, n > 0 ? ")" : "");
    pgb_buf_puts(b, overriding ? " OVERRIDING SYSTEM VALUE" : "");
    return n;
}

/* The rows as a SELECT from parameters from first_param on. */
static void put_select(const pgb_shape_table *t, const pgb_row *row, int n_set, int first_param,
                       uint32_t n, pgb_buf *b)
{
    int nth = 0;

    if (n_set == 0) {
        pgb_buf_printf(b, " SELECT FROM pg_catalog.generate_series(1, %u)", n);
        return;
    }
    for (uint16_t i = 0; i < t->n_columns; i++) {
        if (row->set[i]) {
            pgb_buf_printf(b, "%s u.c%d::%s", nth == 0 ? " SELECT" : ",", nth,
                           t->columns[i].type_text);
            nth++;
        }
    }
    pgb_buf_puts(b, " FROM ROWS FROM (");
    for (int i = 0; i < n_set; i++) {
        pgb_buf_printf(b, "%spg_catalog.unnest($%d::pg_catalog.text[])", i > 0 ? ", " : "",
                       first_param + i);
    }
    pgb_buf_puts(b, ") WITH ORDINALITY AS u (");
    for (int i = 0; i < n_set; i++) {
        pgb_buf_printf(b, "c%d, ", i);
    }
    pgb_buf_puts(b, "\"pgb nth\") ORDER BY \"pgb nth\"");
}

typedef struct params {
    pgb_buf *bufs;
    const char **values;
    int n, cap;
} params;

static bool params_init(params *p, size_t n)
{
    p->bufs = calloc(n + 1, sizeof *p->bufs);
    p->values = calloc(n + 1, sizeof *p->values);
    p->n = 0;
    p->cap = (int)n;
    return p->bufs != NULL && p->values != NULL;
}

static void params_done(params *p)
{
    for (int i = 0; p->bufs != NULL && i < p->n; i++) {
        pgb_buf_done(&p->bufs[i]);
    }
    free(p->bufs);
    free(p->values);
}

/* Adds the set columns of the rows. */
static bool params_add(params *p, const pgb_shape_table *t, const pgb_row *rows, uint32_t n)
{
    const char **column = malloc(((size_t)n + 1) * sizeof *column);

    for (uint16_t i = 0; column != NULL && i < t->n_columns; i++) {
        if (!rows[0].set[i]) {
            continue;
        }
        for (uint32_t k = 0; k < n; k++) {
            column[k] = rows[k].at[i];
        }
        pgb_put_array(&p->bufs[p->n], column, n);
        p->values[p->n] = pgb_buf_str(&p->bufs[p->n]);
        if (p->bufs[p->n++].failed) {
            free(column);
            return false;
        }
    }
    free(column);
    return column != NULL;
}

/* The server refuses ON CONFLICT on tables with rules, and over constraints that may wait. */
static bool may_skip(const pgb_shape_table *t)
{
    for (uint16_t i = 0; i < t->n_uniques; i++) {
        if (!t->uniques[i].immediate) {
            return false;
        }
    }
    return !t->rules;
}

pgb_status pgb_put_rows(pgb_session *session, const pgb_shape_table *table, const pgb_row *rows,
                        uint32_t n, bool skip_conflicts, int64_t *ret_n, pgb_error *err)
{
    PGB_AUTO_BUF(sql);
    pgb_result *r = NULL;
    params p;
    pgb_status status;
    int n_set;

    if (!params_init(&p, table->n_columns) || !params_add(&p, table, rows, n)) {
        params_done(&p);
        return pgb_error_nomem(err);
    }
    n_set = put_head(table, &rows[0], &sql);
    put_select(table, &rows[0], n_set, 1, n, &sql);
    if (skip_conflicts && may_skip(table)) {
        pgb_buf_puts(&sql, " ON CONFLICT DO NOTHING");
    }
    status = sql.failed ? pgb_error_nomem(err)
                        : pgb_put_try(session, pgb_buf_str(&sql), p.n, p.values, &r, err);
    if (status == PGB_OK && ret_n != NULL) {
        const char *count = strrchr(pgb_result_tag(r), ' ');

        *ret_n = count != NULL ? strtoll(count, NULL, 10) : 0;
    }
    pgb_result_free(r);
    params_done(&p);
    return status;
}

static pgb_status read_back(const pgb_shape_table *t, const pgb_result *r, pgb_row *row,
                            pgb_arena *arena, pgb_error *err)
{
    for (uint16_t i = 0; i < t->n_columns; i++) {
        row->set[i] = true;
        row->at[i] =
            pgb_result_null(r, 0, i) ? NULL : pgb_arena_strdup(arena, pgb_result_value(r, 0, i));
        if (row->at[i] == NULL && !pgb_result_null(r, 0, i)) {
            return pgb_error_nomem(err);
        }
    }
    return PGB_OK;
}

pgb_status pgb_put_row(pgb_session *session, const pgb_shape_table *table, pgb_row *row,
                       pgb_arena *arena, int64_t *ret_n, pgb_error *err)
{
    PGB_AUTO_BUF(sql);
    pgb_result *r = NULL;
    pgb_status status;
    int n = 0;

    if (table->rules) {
        return pgb_put_rows(session, table, row, 1, false, ret_n, err);
    }
    put_head(table, row, &sql);
    for (uint16_t i = 0; i < table->n_columns; i++) {
        if (row->set[i]) {
            pgb_buf_printf(&sql, "%s$%d::pg_catalog.text::%s", n == 0 ? " SELECT " : ", ", n + 1,
                           table->columns[i].type_text);
            n++;
        }
    }
    pgb_buf_puts(&sql, n == 0 ? " DEFAULT VALUES RETURNING " : " RETURNING ");
    for (uint16_t i = 0; i < table->n_columns; i++) {
        pgb_buf_printf(&sql, "%s%s::pg_catalog.text", i > 0 ? ", " : "", table->columns[i].quoted);
    }
    if (sql.failed) {
        return pgb_error_nomem(err);
    }
    {
        const char **values = malloc(((size_t)n + 1) * sizeof *values);

        n = 0;
        for (uint16_t i = 0; values != NULL && i < table->n_columns; i++) {
            if (row->set[i]) {
                values[n++] = row->at[i];
            }
        }
        status = values != NULL ? pgb_put_try(session, pgb_buf_str(&sql), n, values, &r, err)
                                : pgb_error_nomem(err);
        free(values);
    }
    if (status == PGB_OK) {
        *ret_n = pgb_result_rows(r);
        if (*ret_n > 0) {
            status = read_back(table, r, row, arena, err);
        }
    }
    pgb_result_free(r);
    return status;
}

pgb_status pgb_put_knot(pgb_session *session, const pgb_shape_table *const *tables,
                        const pgb_row *const *rows, uint32_t n_tables, uint32_t n, pgb_error *err)
{
    PGB_AUTO_BUF(sql);
    params p;
    size_t columns = 0;
    pgb_status status;

    for (uint32_t i = 0; i < n_tables; i++) {
        columns += tables[i]->n_columns;
    }
    if (!params_init(&p, columns)) {
        params_done(&p);
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < n_tables; i++) {
        int from = p.n, n_set;

        pgb_buf_printf(&sql, "%s w%u AS (", i == 0 ? "WITH" : ",\n    ", i);
        n_set = put_head(tables[i], &rows[i][0], &sql);
        put_select(tables[i], &rows[i][0], n_set, from + 1, n, &sql);
        pgb_buf_puts(&sql, " RETURNING 1)");
        if (!params_add(&p, tables[i], rows[i], n)) {
            params_done(&p);
            return pgb_error_nomem(err);
        }
    }
    pgb_buf_puts(&sql, " SELECT 1");
    status = sql.failed ? pgb_error_nomem(err)
                        : pgb_put_try(session, pgb_buf_str(&sql), p.n, p.values, NULL, err);
    params_done(&p);
    return status;
}

void pgb_put_show(const pgb_shape_table *table, const pgb_row *row, pgb_buf *buf)
{
    int n, nth = 0;
    pgb_row shown = *row;

    for (uint16_t i = 0; i < table->n_columns; i++) {
        /* what was read back of generated columns can't be given */
        shown.set[i] = row->set[i] && !table->columns[i].generated;
    }
    n = put_head(table, &shown, buf);

    if (n == 0) {
        pgb_buf_puts(buf, " DEFAULT VALUES");
    }
    for (uint16_t i = 0; i < table->n_columns; i++) {
        if (row->set[i]) {
            pgb_buf_puts(buf, nth++ == 0 ? " VALUES (" : ", ");
            pgb_value_quote_literal(buf, row->at[i]);
        }
    }
    pgb_buf_puts(buf, n > 0 ? ");\n" : ";\n");
}
