/* One probe: rows put in, statements tried, and all of it rolled back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "prove/probe_internal.h"

enum { TRIES = 25, REFUSED_MAX = 6, DEPTH_MAX = 6, ANCESTORS_MAX = 60 };

pgb_status pgb_trial_begin(pgb_prober *p, pgb_trial *ret_trial, pgb_error *err)
{
    *ret_trial = (pgb_trial){.p = p, .arena = pgb_arena_new(), .began = pgb_clock_ms()};
    if (ret_trial->arena == NULL) {
        return pgb_error_nomem(err);
    }
    if (p->options->interrupted != NULL && *p->options->interrupted != 0) {
        return pgb_error_set(err, PGB_INTERRUPTED, "interrupted");
    }
    if (p->options->deadline != 0 && pgb_deadline_left(p->options->deadline) == 0) {
        return pgb_error_set(err, PGB_FAILED, "the probes took too long");
    }
    return pgb_exec(p->session, "BEGIN; SET CONSTRAINTS ALL IMMEDIATE", NULL, err);
}

pgb_status pgb_trial_end(pgb_trial *t, pgb_status status, pgb_error *err)
{
    if (!pgb_session_lost(t->p->session) && pgb_session_in_transaction(t->p->session)) {
        pgb_status back = pgb_exec(t->p->session, "ROLLBACK", NULL, status == PGB_OK ? err : NULL);

        status = status == PGB_OK ? back : status;
    }
    pgb_vec_done(&t->rows);
    pgb_buf_done(&t->script);
    pgb_buf_done(&t->subject);
    pgb_buf_done(&t->proof);
    pgb_buf_done(&t->why);
    pgb_arena_free(t->arena);
    return status;
}

const char *pgb_refusal_text(const pgb_error *refusal, char *buf, size_t size)
{
    snprintf(buf, size, "%.400s%s%.250s", refusal->message, refusal->detail[0] != '\0' ? ": " : "",
             refusal->detail);
    return buf;
}

/* ---- what was seen ---- */

/* The rows that the script's rows refer to and that were there before, each with its own, so that
 * a person can run it on an empty database. */
typedef struct ancestors {
    pgb_trial *t;
    pgb_buf out;
    pgb_map seen;
    uint32_t n;
    pgb_error *err;
} ancestors;

static pgb_status add_ancestors(ancestors *a, const pgb_shape_table *table, const pgb_row *row,
                                int depth);

static pgb_status add_parent(ancestors *a, const pgb_shape_table *table, const pgb_row *row,
                             const pgb_shape_foreign *f, int depth)
{
    const pgb_shape_table *up = f->parent->root;
    const char *values[32];
    PGB_AUTO_BUF(sql);
    PGB_AUTO_BUF(key);
    pgb_result *r = NULL;
    pgb_row parent;
    pgb_status status;
    char *kept;
    bool is_new;

    for (uint16_t i = 0; i < f->n; i++) {
        if (!row->set[f->columns[i]] || row->at[f->columns[i]] == NULL || i >= 32) {
            return PGB_OK;
        }
    }
    (void)table;
    pgb_buf_puts(&sql, "SELECT ");
    for (uint16_t i = 0; i < up->n_columns; i++) {
        pgb_buf_printf(&sql, "%s%s::pg_catalog.text", i > 0 ? ", " : "", up->columns[i].quoted);
    }
    pgb_buf_printf(&sql, " FROM %s", up->name);
    pgb_buf_printf(&key, "%u", up->index);
    for (uint16_t i = 0; i < f->n; i++) {
        const pgb_shape_column *c = &f->parent->columns[f->parent_columns[i]];

        values[i] = row->at[f->columns[i]];
        pgb_buf_printf(&key, "\x01%s\x01%s", c->quoted, values[i]);
        pgb_buf_printf(&sql, " %s %s = $%d::pg_catalog.text::%s", i > 0 ? "AND" : "WHERE",
                       c->quoted, i + 1, c->type_text);
    }
    kept = key.failed ? NULL : pgb_arena_strdup(a->t->arena, pgb_buf_str(&key));
    if (kept == NULL || !pgb_map_add(&a->seen, kept, strlen(kept), 0, &is_new, NULL)) {
        return pgb_error_nomem(a->err);
    }
    if (!is_new || a->n++ > ANCESTORS_MAX || !pgb_row_init(&parent, up, a->t->arena)) {
        return PGB_OK;
    }
    status = pgb_put_try(a->t->p->session, pgb_buf_str(&sql), f->n, values, &r, a->err);
    if (status == PGB_OK && pgb_result_rows(r) > 0) {
        for (uint16_t i = 0; i < up->n_columns; i++) {
            parent.set[i] = !up->columns[i].generated;
            parent.at[i] = pgb_result_null(r, 0, i)
                               ? NULL
                               : pgb_arena_strdup(a->t->arena, pgb_result_value(r, 0, i));
        }
        status = add_ancestors(a, up, &parent, depth + 1);
        pgb_put_show(up, &parent, &a->out);
    }
    pgb_result_free(r);
    return status;
}

static pgb_status add_ancestors(ancestors *a, const pgb_shape_table *table, const pgb_row *row,
                                int depth)
{
    pgb_status status = PGB_OK;

    for (uint16_t f = 0; status == PGB_OK && depth < 20 && f < table->n_foreigns; f++) {
        status = add_parent(a, table, row, &table->foreigns[f], depth);
    }
    return status;
}

static pgb_status write_script(pgb_trial *t, pgb_buf *script, pgb_error *err)
{
    ancestors a = {.t = t, .err = err};
    /* so that only what was there before is found */
    pgb_status status = pgb_session_in_transaction(t->p->session)
                            ? pgb_exec(t->p->session, "ROLLBACK", NULL, err)
                            : PGB_OK;

    for (size_t i = 0; status == PGB_OK && i < t->rows.n; i++) {
        status = add_ancestors(&a, t->rows.at[i].table, &t->rows.at[i].row, 0);
    }
    pgb_buf_puts(script, "BEGIN;\n");
    pgb_buf_puts(script, pgb_buf_str(&a.out));
    pgb_buf_puts(script, pgb_buf_str(&t->script));
    pgb_buf_puts(script, "ROLLBACK;\n");
    script->failed |= a.out.failed;
    pgb_buf_done(&a.out);
    pgb_map_done(&a.seen);
    return status;
}

static pgb_status add(pgb_trial *t, pgb_proof_result result, const char *reason, pgb_error *err)
{
    PGB_AUTO_BUF(script);
    pgb_status status = PGB_OK;

    if (result == PGB_PROOF_FAILED && t->script.len > 0) {
        status = write_script(t, &script, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (script.failed || t->subject.failed || t->proof.failed || t->script.failed) {
        return pgb_error_nomem(err);
    }
    status = pgb_proofs_add(t->p->proofs, pgb_buf_str(&t->subject), pgb_buf_str(&t->proof), result,
                            reason, script.len > 0 ? pgb_buf_str(&script) : NULL, err);
    if (status == PGB_OK) {
        pgb_proofs_took(t->p->proofs, pgb_clock_ms() - t->began);
    }
    return status;
}

pgb_status pgb_trial_passed(pgb_trial *t, const char *remark, pgb_error *err)
{
    return add(t, PGB_PROOF_PASSED, remark, err);
}

pgb_status pgb_trial_failed(pgb_trial *t, pgb_error *err, const char *fmt, ...)
{
    PGB_AUTO_BUF(reason);
    va_list ap;

    va_start(ap, fmt);
    pgb_buf_vprintf(&reason, fmt, ap);
    va_end(ap);
    return reason.failed ? pgb_error_nomem(err)
                         : add(t, PGB_PROOF_FAILED, pgb_buf_str(&reason), err);
}

pgb_status pgb_trial_not_probed(pgb_trial *t, pgb_error *err, const char *fmt, ...)
{
    PGB_AUTO_BUF(reason);
    va_list ap;

    va_start(ap, fmt);
    pgb_buf_vprintf(&reason, fmt, ap);
    va_end(ap);
    return reason.failed ? pgb_error_nomem(err)
                         : add(t, PGB_PROOF_NOT_PROBED, pgb_buf_str(&reason), err);
}

pgb_status pgb_trial_not_put(pgb_trial *t, pgb_error *err)
{
    return t->lost ? pgb_trial_failed(t, err, "%s", pgb_buf_str(&t->why))
                   : pgb_trial_not_probed(t, err, "%s", pgb_buf_str(&t->why));
}

/* ---- statements ---- */

void pgb_trial_show(pgb_trial *t, const char *sql, int n, const char *const *values)
{
    for (const char *p = sql; *p != '\0'; p++) {
        int which = 0;
        size_t digits = 0;

        while (*p == '$' && p[1 + digits] >= '0' && p[1 + digits] <= '9') {
            which = which * 10 + (p[1 + digits++] - '0');
        }
        if (which > 0 && which <= n) {
            p += digits;
            pgb_value_quote_literal(&t->script, values[which - 1]);
            if (strncmp(p + 1, "::pg_catalog.text::", 19) == 0) {
                p += 17; /* a literal needs no such help */
            }
        } else {
            pgb_buf_putc(&t->script, *p);
        }
    }
    pgb_buf_puts(&t->script, ";\n");
}

pgb_status pgb_trial_run(pgb_trial *t, const char *sql, int n, const char *const *values,
                         pgb_result **ret_result, pgb_error *refusal, pgb_error *err)
{
    pgb_status status;

    *refusal = (pgb_error)PGB_ERROR_INIT;
    status = pgb_put_try(t->p->session, sql, n, values, ret_result, refusal);
    if (status != PGB_OK && status != PGB_SQL && err != NULL) {
        *err = *refusal;
    }
    return status == PGB_SQL ? PGB_OK : status;
}

static void copy_row(const pgb_shape_table *table, const pgb_row *from, pgb_row *to)
{
    memcpy(to->at, from->at, table->n_columns * sizeof *to->at);
    memcpy(to->set, from->set, table->n_columns * sizeof *to->set);
}

static pgb_status show_row(pgb_trial *t, const pgb_shape_table *table, const pgb_row *row,
                           pgb_error *err)
{
    pgb_trial_row_put put = {.table = table};

    if (!pgb_row_init(&put.row, table, t->arena) || !pgb_vec_push(&t->rows, put)) {
        return pgb_error_nomem(err);
    }
    copy_row(table, row, &put.row);
    pgb_put_show(table, &put.row, &t->script);
    return PGB_OK;
}

pgb_status pgb_trial_put(pgb_trial *t, const pgb_shape_table *table, pgb_row *row, int64_t *ret_n,
                         pgb_error *refusal, pgb_error *err)
{
    pgb_status status = show_row(t, table, row, err);

    *refusal = (pgb_error)PGB_ERROR_INIT;
    *ret_n = 0;
    if (status == PGB_OK) {
        status = pgb_put_row(t->p->session, table, row, t->arena, ret_n, refusal);
    }
    if (status != PGB_OK && status != PGB_SQL && err != NULL) {
        *err = *refusal;
    }
    return status == PGB_SQL ? PGB_OK : status;
}

/* ---- new rows ---- */

static pgb_status make_parent(pgb_trial *t, const pgb_shape_table *table, uint16_t foreign,
                              pgb_row *row, int depth, bool *ret_made, pgb_error *err);

static pgb_status make_deep(pgb_trial *t, const pgb_shape_table *table, pgb_row *row,
                            pgb_flavor flavor, int depth, bool *ret_made, pgb_error *err)
{
    pgb_row_wish wish = {.no_nulls = true, .numbered = true, .flavor = flavor};
    pgb_status status = PGB_OK;

    *ret_made = false;
    for (uint16_t i = 0; i <= table->n_foreigns; i++) {
        uint16_t missing;

        status = pgb_maker_make(t->p->maker, table, &wish, row, t->arena, ret_made, err);
        if (status != PGB_OK || *ret_made) {
            return status;
        }
        missing = t->p->maker->missing;
        pgb_buf_clear(&t->why);
        pgb_buf_puts(&t->why, t->p->maker->why);
        if (missing == UINT16_MAX || depth >= DEPTH_MAX) {
            return status;
        }
        status = make_parent(t, table, missing, row, depth + 1, ret_made, err);
        if (status != PGB_OK || !*ret_made) {
            return status;
        }
    }
    return status;
}

/* Foreign keys that may be used once only get a parent of their own. */
static pgb_status make_single_parents(pgb_trial *t, const pgb_shape_table *table, pgb_row *row,
                                      int depth, bool *ret_made, pgb_error *err)
{
    pgb_making *m;
    pgb_status status = pgb_maker_prepare(t->p->maker, table, &m, err);

    *ret_made = true;
    for (uint16_t f = 0; status == PGB_OK && *ret_made && f < table->n_foreigns; f++) {
        bool open = false;

        for (uint16_t i = 0; i < table->foreigns[f].n; i++) {
            open |= !row->set[table->foreigns[f].columns[i]];
        }
        if (open && m->keys[f].one_to_one) {
            status = make_parent(t, table, f, row, depth + 1, ret_made, err);
        }
    }
    return status;
}

static pgb_status row_deep(pgb_trial *t, const pgb_shape_table *table, pgb_row *row, int depth,
                           bool *ret_put, pgb_error *err)
{
    pgb_status status = PGB_OK;
    uint32_t refused = 0, repeated = 0;
    pgb_row fixed;

    *ret_put = false;
    if (!pgb_row_init(&fixed, table, t->arena)) {
        return pgb_error_nomem(err);
    }
    copy_row(table, row, &fixed);
    for (int i = 0; status == PGB_OK && i < TRIES && refused < REFUSED_MAX; i++) {
        size_t mark = t->script.len, n_rows = t->rows.n;
        pgb_error refusal;
        char text[PGB_REFUSAL_SIZE];
        bool made = true;
        int64_t n = 0;

        copy_row(table, &fixed, row);
        if (repeated >= 3 && depth < DEPTH_MAX) {
            status = make_single_parents(t, table, row, depth, &made, err);
        }
        if (status == PGB_OK && made) {
            status = make_deep(t, table, row, refused > 1 ? PGB_FLAVOR_TAME : PGB_FLAVOR_PLAIN,
                               depth, &made, err);
        }
        if (status != PGB_OK || !made) {
            return status;
        }
        status = pgb_trial_put(t, table, row, &n, &refusal, err);
        if (status == PGB_OK && refusal.status == PGB_OK && n > 0) {
            *ret_put = true;
            return PGB_OK;
        }
        t->lost = refusal.status == PGB_OK;
        pgb_buf_clear(&t->why);
        pgb_buf_puts(&t->why, refusal.status == PGB_OK
                                  ? "the row is not there afterwards: a trigger or a rule loses it"
                                  : pgb_refusal_text(&refusal, text, sizeof text));
        if (t->lost && refused + 1 >= REFUSED_MAX) {
            break; /* the script shows it */
        }
        t->rows.n = n_rows;
        if (t->script.p != NULL) {
            t->script.len = mark;
            t->script.p[mark] = '\0';
        }
        if (strcmp(refusal.sqlstate, "23505") == 0 || strcmp(refusal.sqlstate, "23P01") == 0) {
            repeated++;
        } else {
            refused++;
        }
    }
    return status;
}

static pgb_status make_parent(pgb_trial *t, const pgb_shape_table *table, uint16_t foreign,
                              pgb_row *row, int depth, bool *ret_made, pgb_error *err)
{
    const pgb_shape_foreign *f = &table->foreigns[foreign];
    const pgb_shape_table *up = f->parent;
    pgb_row parent;
    pgb_status status;

    *ret_made = false;
    if (!pgb_row_init(&parent, up, t->arena)) {
        return pgb_error_nomem(err);
    }
    for (uint16_t i = 0; i < f->n; i++) {
        parent.set[f->parent_columns[i]] = row->set[f->columns[i]];
        parent.at[f->parent_columns[i]] = row->at[f->columns[i]];
    }
    status = row_deep(t, up, &parent, depth, ret_made, err);
    for (uint16_t i = 0; status == PGB_OK && *ret_made && i < f->n; i++) {
        row->set[f->columns[i]] = true;
        row->at[f->columns[i]] = parent.at[f->parent_columns[i]];
    }
    return status;
}

pgb_status pgb_trial_row(pgb_trial *t, const pgb_shape_table *table, pgb_row *row, bool *ret_put,
                         pgb_error *err)
{
    return row_deep(t, table, row, 0, ret_put, err);
}

pgb_status pgb_trial_make(pgb_trial *t, const pgb_shape_table *table, pgb_row *row, bool *ret_made,
                          pgb_error *err)
{
    return make_deep(t, table, row, PGB_FLAVOR_PLAIN, 0, ret_made, err);
}

pgb_status pgb_trial_single_parents(pgb_trial *t, const pgb_shape_table *table, pgb_row *row,
                                    bool *ret_made, pgb_error *err)
{
    return make_single_parents(t, table, row, 0, ret_made, err);
}
