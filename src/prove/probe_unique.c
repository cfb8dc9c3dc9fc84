/* Unique and exclusion constraints: is a second row with the same key refused? And NOT NULL. */
#include <stdio.h>
#include <string.h>

#include "prove/probe_internal.h"

enum { BASES = 20, OTHERS = 20 };

static pgb_status begin(pgb_prober *p, const pgb_shape_unique *u, pgb_trial *t, pgb_error *err)
{
    pgb_status status = pgb_trial_begin(p, t, err);

    pgb_buf_printf(&t->subject, "%s %s",
                   u->primary              ? "primary key"
                   : u->exclusion          ? "exclusion constraint"
                   : u->constraint != NULL ? "unique constraint"
                   : u->unique             ? "unique index"
                                           : "index",
                   u->qualified);
    return status;
}

static bool is_unequal(const pgb_shape_unique *u, uint16_t i)
{
    return u->exclusion && u->operators != NULL && strstr(u->operators[i], "<>") != NULL;
}

/* The condition under which a copy of a row would be refused. */
static void put_condition(const pgb_shape_unique *u, pgb_buf *b)
{
    pgb_buf_printf(b, "(%s)", u->predicate != NULL ? u->predicate : "true");
    for (uint16_t i = 0; i < u->n; i++) {
        if (is_unequal(u, i) || u->nulls_not_distinct) {
            continue;
        }
        if (u->exclusion) {
            pgb_buf_printf(b, " AND ((%s) %s (%s))", u->keys[i], u->operators[i], u->keys[i]);
        } else {
            pgb_buf_printf(b, " AND (%s) IS NOT NULL", u->keys[i]);
        }
    }
}

/* A row that is there and that the key applies to; *ret_found false: none. */
static pgb_status find_base(pgb_trial *t, const pgb_shape_table *table, const pgb_shape_unique *u,
                            pgb_row *row, bool *ret_found, pgb_error *err)
{
    PGB_AUTO_BUF(sql);
    pgb_result *r = NULL;
    pgb_error refusal;
    pgb_status status;

    *ret_found = false;
    pgb_buf_puts(&sql, "SELECT ");
    for (uint16_t i = 0; i < table->n_columns; i++) {
        pgb_buf_printf(&sql, "%s%s::pg_catalog.text", i > 0 ? ", " : "", table->columns[i].quoted);
    }
    pgb_buf_printf(&sql, " FROM %s WHERE ", table->name);
    put_condition(u, &sql);
    pgb_buf_puts(&sql, " LIMIT 1");
    if (sql.failed || !pgb_row_init(row, table, t->arena)) {
        return pgb_error_nomem(err);
    }
    status = pgb_trial_run(t, pgb_buf_str(&sql), 0, NULL, &r, &refusal, err);
    if (status == PGB_OK && refusal.status != PGB_OK) {
        pgb_buf_clear(&t->why);
        pgb_buf_puts(&t->why, refusal.message);
    } else if (status == PGB_OK && pgb_result_rows(r) > 0) {
        *ret_found = true;
        for (uint16_t i = 0; i < table->n_columns; i++) {
            row->set[i] = !table->columns[i].generated;
            row->at[i] = pgb_result_null(r, 0, i)
                             ? NULL
                             : pgb_arena_strdup(t->arena, pgb_result_value(r, 0, i));
        }
    }
    pgb_result_free(r);
    return status;
}

/* Of those that are there, or of new ones. */
static pgb_status make_base(pgb_trial *t, const pgb_shape_table *table, const pgb_shape_unique *u,
                            pgb_row *row, bool *ret_made, pgb_error *err)
{
    pgb_status status = find_base(t, table, u, row, ret_made, err);

    for (int i = 0; status == PGB_OK && !*ret_made && t->why.len == 0 && i < BASES; i++) {
        pgb_row other;
        bool put = false;

        if (!pgb_row_init(&other, table, t->arena)) {
            return pgb_error_nomem(err);
        }
        status = pgb_trial_row(t, table, &other, &put, err);
        if (status != PGB_OK || !put) {
            return status;
        }
        status = find_base(t, table, u, row, ret_made, err);
    }
    if (status == PGB_OK && !*ret_made && t->why.len == 0) {
        pgb_buf_puts(&t->why, "no row was found that it applies to");
    }
    return status;
}

/* Columns that the second row must share with the first. */
static pgb_status mark_kept(pgb_trial *t, const pgb_shape_table *table, const pgb_shape_unique *u,
                            bool *kept, pgb_error *err)
{
    const char **names = pgb_arena_array(t->arena, (size_t)table->n_columns + 1, sizeof *names);
    pgb_status status = names != NULL ? PGB_OK : pgb_error_nomem(err);

    for (uint16_t i = 0; status == PGB_OK && i < table->n_columns; i++) {
        names[i] = table->columns[i].name;
    }
    for (int i = -1; status == PGB_OK && i < (int)u->n; i++) {
        const char *text = i < 0 ? u->predicate : u->keys[i];
        pgb_check_parts parts;

        if (i >= 0 && u->columns[i] != UINT16_MAX) {
            kept[u->columns[i]] = !is_unequal(u, (uint16_t)i);
            continue;
        }
        if (text == NULL) {
            continue;
        }
        status = pgb_check_take_apart(text, names, table->n_columns, t->arena, &parts, err);
        for (uint32_t h = 0; status == PGB_OK && h < parts.n_hints; h++) {
            kept[parts.hints[h].column] = true;
        }
    }
    return status;
}

/* A copy of the first row in which only what other keys forbid to repeat is new. */
static void loosen(const pgb_shape_table *table, const pgb_shape_unique *u, const bool *kept,
                   pgb_row *row)
{
    for (uint16_t k = 0; k < table->n_uniques; k++) {
        const pgb_shape_unique *other = &table->uniques[k];

        for (uint16_t i = 0; other != u && i < other->n; i++) {
            if (other->columns[i] != UINT16_MAX && !kept[other->columns[i]]) {
                row->set[other->columns[i]] = false;
            }
        }
    }
    for (uint16_t i = 0; i < u->n; i++) {
        if (is_unequal(u, i) && u->columns[i] != UINT16_MAX) {
            row->set[u->columns[i]] = false;
        }
    }
    for (uint16_t i = 0; i < table->n_columns; i++) {
        bool expression = false;

        for (uint16_t k = 0; k < table->n_uniques; k++) {
            expression |= &table->uniques[k] != u && table->uniques[k].expressions;
        }
        /* what an expression of another key is made of is not worth finding out */
        row->set[i] &= kept[i] || !expression;
        row->set[i] &= !table->columns[i].generated;
    }
}

/* Another key that refuses first is taken away, for the length of the trial. */
static pgb_status clear_way(pgb_trial *t, const pgb_shape_table *table, const pgb_error *refusal,
                            bool *ret_cleared, pgb_error *err)
{
    *ret_cleared = false;
    for (uint16_t i = 0; i < table->n_uniques; i++) {
        const pgb_shape_unique *other = &table->uniques[i];
        PGB_AUTO_BUF(sql);
        pgb_error inner;
        pgb_status status;

        if (!pgb_shape_names(other->name, other->aliases, refusal->constraint)) {
            continue;
        }
        if (other->constraint != NULL) {
            pgb_buf_printf(&sql, "ALTER TABLE %s DROP CONSTRAINT %s CASCADE", table->name,
                           pgb_last_name(other->qualified));
        } else {
            pgb_buf_printf(&sql, "DROP INDEX %s", other->qualified);
        }
        if (sql.failed) {
            return pgb_error_nomem(err);
        }
        pgb_trial_show(t, pgb_buf_str(&sql), 0, NULL);
        status = pgb_trial_run(t, pgb_buf_str(&sql), 0, NULL, NULL, &inner, err);
        *ret_cleared = inner.status == PGB_OK;
        return status;
    }
    return PGB_OK;
}

static bool is_changed(const pgb_shape_table *table, const bool *kept, const pgb_row *base,
                       const pgb_row *stored, uint16_t *ret_column)
{
    for (uint16_t i = 0; i < table->n_columns; i++) {
        const char *was = base->at[i], *is = stored->at[i];

        if (kept[i] && !table->columns[i].generated &&
            ((was == NULL) != (is == NULL) || (was != NULL && strcmp(was, is) != 0))) {
            *ret_column = i;
            return true;
        }
    }
    return false;
}

static pgb_status repeat(pgb_trial *t, const pgb_shape_table *table, const pgb_shape_unique *u,
                         const pgb_row *base, pgb_error *err)
{
    const char *state = u->exclusion ? "23P01" : "23505";
    bool *kept = pgb_arena_array(t->arena, (size_t)table->n_columns + 1, sizeof *kept);
    pgb_error refusal = PGB_ERROR_INIT;
    char text[PGB_REFUSAL_SIZE];
    pgb_row row;
    bool made = true, again = true;
    int64_t n = 0;
    uint16_t column = 0;
    pgb_status status = kept != NULL ? mark_kept(t, table, u, kept, err) : pgb_error_nomem(err);

    for (int tries = 0; status == PGB_OK && again && tries < OTHERS; tries++) {
        again = false;
        if (!pgb_row_init(&row, table, t->arena)) {
            return pgb_error_nomem(err);
        }
        memcpy(row.at, base->at, table->n_columns * sizeof *row.at);
        memcpy(row.set, base->set, table->n_columns * sizeof *row.set);
        loosen(table, u, kept, &row);
        status = pgb_trial_make(t, table, &row, &made, err);
        if (status != PGB_OK || !made) {
            break;
        }
        status = pgb_trial_put(t, table, &row, &n, &refusal, err);
        if (status == PGB_OK && refusal.status != PGB_OK &&
            (strcmp(refusal.sqlstate, "23505") == 0 || strcmp(refusal.sqlstate, "23P01") == 0) &&
            !pgb_shape_names(u->name, u->aliases, refusal.constraint)) {
            /* by chance at first, then because it must be so */
            again = true;
            if (tries >= 3) {
                status = clear_way(t, table, &refusal, &again, err);
            }
        }
    }
    if (status != PGB_OK) {
        return status;
    }
    if (!made) {
        return pgb_trial_not_probed(t, err, "%s", pgb_buf_str(&t->why));
    }
    if (refusal.status != PGB_OK) {
        return strcmp(refusal.sqlstate, state) == 0 &&
                       pgb_shape_names(u->name, u->aliases, refusal.constraint)
                   ? pgb_trial_passed(t, NULL, err)
                   : pgb_trial_not_probed(t, err, "something else refuses the row first: %s",
                                          pgb_refusal_text(&refusal, text, sizeof text));
    }
    if (n == 0) {
        return pgb_trial_failed(
            t, err, "the row is neither refused nor there: a trigger or a rule loses it");
    }
    if (is_changed(table, kept, base, &row, &column)) {
        return pgb_trial_failed(t, err, "the row was taken: a trigger changes %s",
                                table->columns[column].quoted);
    }
    return pgb_trial_failed(t, err, "a second row with the same key was taken");
}

static pgb_status invalid(pgb_prober *p, const pgb_shape_unique *u, pgb_error *err)
{
    pgb_trial t;
    pgb_status status = begin(p, u, &t, err);

    pgb_buf_puts(&t.proof, "the index is whole");
    if (status == PGB_OK) {
        pgb_buf_printf(&t.script, "SELECT indisvalid FROM pg_catalog.pg_index WHERE indexrelid = ");
        pgb_value_quote_literal(&t.script, u->qualified);
        pgb_buf_puts(&t.script, "::regclass;\n");
        status =
            pgb_trial_failed(&t, err,
                             "it is invalid: a build of it failed, or parts of it are missing; "
                             "no query uses it%s",
                             u->unique ? ", and rows that were there may repeat a key" : "");
    }
    return pgb_trial_end(&t, status, err);
}

pgb_status pgb_probe_unique(pgb_prober *p, const pgb_shape_table *table, const pgb_shape_unique *u,
                            pgb_error *err)
{
    pgb_trial t;
    pgb_row base;
    bool made = false;
    pgb_status status = u->valid ? PGB_OK : invalid(p, u, err);

    if (status != PGB_OK || (!u->unique && !u->exclusion)) {
        return status;
    }
    status = begin(p, u, &t, err);
    pgb_buf_puts(&t.proof, u->exclusion ? "a second row that conflicts is refused"
                                        : "a second row with the same key is refused");
    if (status == PGB_OK && p->empty[table->root->index] != NULL) {
        status = pgb_trial_not_probed(&t, err, "%s", p->empty[table->root->index]);
    } else if (status == PGB_OK) {
        status = make_base(&t, table, u, &base, &made, err);
        if (status == PGB_OK && made) {
            /* the script begins with the row that is there */
            pgb_trial_row_put put = {.table = table, .row = base};

            if (t.rows.n == 0) {
                status = pgb_vec_push(&t.rows, put) ? PGB_OK : pgb_error_nomem(err);
                pgb_put_show(table, &base, &t.script);
            }
            if (status == PGB_OK) {
                status = repeat(&t, table, u, &base, err);
            }
        } else if (status == PGB_OK) {
            status = pgb_trial_not_probed(&t, err, "%s", pgb_buf_str(&t.why));
        }
    }
    return pgb_trial_end(&t, status, err);
}

/* ---- NOT NULL ---- */

/* A partitioned table looks for the row's place before it looks at NOT NULL. */
static const pgb_shape_table *leaf_of(const pgb_shape *shape, const pgb_shape_table *table)
{
    for (uint32_t i = 0; table->partitioned && i < shape->n_tables; i++) {
        if (shape->tables[i].root == table->root && !shape->tables[i].partitioned) {
            return &shape->tables[i];
        }
    }
    return table;
}

static pgb_status put_null(pgb_trial *t, const pgb_shape_table *table, uint16_t column,
                           pgb_error *refusal, bool *ret_made, const char **ret_stored,
                           int64_t *ret_n, pgb_error *err)
{
    pgb_status status = PGB_OK;
    bool again = true;
    pgb_row row;

    for (int tries = 0; status == PGB_OK && again && tries < OTHERS; tries++) {
        if (!pgb_row_init(&row, table, t->arena)) {
            return pgb_error_nomem(err);
        }
        row.set[column] = true;
        status = pgb_trial_make(t, table, &row, ret_made, err);
        if (status == PGB_OK && !*ret_made && pgb_row_init(&row, table, t->arena)) {
            /* checks and bounds may forbid null as well: a whole row, then, and null put over it */
            status = pgb_trial_make(t, table, &row, ret_made, err);
            row.at[column] = NULL;
            row.set[column] = true;
        }
        if (status != PGB_OK || !*ret_made) {
            return status;
        }
        status = pgb_trial_put(t, table, &row, ret_n, refusal, err);
        *ret_stored = row.at[column];
        again = strcmp(refusal->sqlstate, "23505") == 0 || strcmp(refusal->sqlstate, "23P01") == 0;
    }
    return status;
}

static bool is_null_refusal(const pgb_error *refusal, const pgb_shape_column *c)
{
    return strcmp(refusal->sqlstate, "23502") == 0 && strcmp(refusal->constraint, c->name) == 0;
}

static pgb_status judge_null(pgb_trial *t, const pgb_shape_table *table, uint16_t column,
                             pgb_error *err)
{
    const pgb_shape_column *c = &table->columns[column];
    char text[PGB_REFUSAL_SIZE];
    const char *stored = NULL;
    pgb_error refusal = PGB_ERROR_INIT, second = PGB_ERROR_INIT;
    bool made = false;
    int64_t n = 0;
    pgb_status status = put_null(t, table, column, &refusal, &made, &stored, &n, err);

    if (status != PGB_OK) {
        return status;
    }
    if (!made) {
        return pgb_trial_not_probed(t, err, "%s", pgb_buf_str(&t->why));
    }
    if (is_null_refusal(&refusal, c)) {
        return pgb_trial_passed(t, NULL, err);
    }
    if (refusal.status == PGB_OK && n == 0) {
        return pgb_trial_failed(
            t, err, "the row is neither refused nor there: a trigger or a rule loses it");
    }
    if (refusal.status == PGB_OK && stored == NULL && !table->rules) {
        return pgb_trial_failed(t, err, "the row was taken, with null in it");
    }
    /* a trigger came first: what is declared is seen without it */
    if (table->triggers || table->rules) {
        status = pgb_exec(t->p->session, "SET LOCAL session_replication_role = replica", NULL, err);
        if (status == PGB_OK) {
            status = put_null(t, table, column, &second, &made, &stored, &n, err);
        }
        if (status != PGB_OK) {
            return status;
        }
        if (made && is_null_refusal(&second, c)) {
            return pgb_trial_passed(
                t,
                refusal.status == PGB_OK
                    ? "a trigger fills the column in; without it null is refused"
                    : "a trigger refuses the row first; without it NOT NULL does",
                err);
        }
    }
    return pgb_trial_not_probed(t, err, "something else refuses the row first: %s",
                                pgb_refusal_text(&refusal, text, sizeof text));
}

pgb_status pgb_probe_not_null(pgb_prober *p, const pgb_shape_table *table, uint16_t column,
                              pgb_error *err)
{
    const pgb_shape_table *leaf = leaf_of(p->shape, table);
    uint16_t at = column;
    pgb_trial t;
    pgb_status status = pgb_trial_begin(p, &t, err);

    for (uint16_t i = 0; i < leaf->n_columns; i++) {
        if (strcmp(leaf->columns[i].name, table->columns[column].name) == 0) {
            at = i;
        }
    }
    pgb_buf_printf(&t.subject, "column %s.%s", table->name, table->columns[column].quoted);
    pgb_buf_puts(&t.proof, "null is refused");
    if (status == PGB_OK && table->columns[column].generated) {
        status = pgb_trial_not_probed(&t, err, "the column is computed");
    } else if (status == PGB_OK && p->empty[table->root->index] != NULL) {
        status = pgb_trial_not_probed(&t, err, "%s", p->empty[table->root->index]);
    } else if (status == PGB_OK) {
        status = judge_null(&t, leaf, at, err);
    }
    return pgb_trial_end(&t, status, err);
}
