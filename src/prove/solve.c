/* The search for values that the checks of a group take, or that break one of them: candidates are
 * made here, the server judges them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "prove/maker.h"
#include "prove/put.h"
#include "prove_sql.h"

enum { ROUNDS = 5, LEAST = 80, MOST = 6000, KEPT = 16 };

typedef PGB_VEC(const char *const *) tuple_vec;

typedef struct search {
    pgb_maker *maker;
    const pgb_solve *how;
    pgb_arena *arena;   /* of what is returned */
    pgb_arena *scratch; /* of candidates */
    tuple_vec found;
    tuple_vec made; /* candidates of this round */
    tuple_vec best; /* of those that no check took, the nearest */
    uint32_t best_wrong;
} search;

static uint16_t width(const search *s)
{
    return s->how->group->n;
}

static bool is_generated(const search *s, uint16_t place)
{
    return s->how->table != NULL && s->how->table->columns[s->how->group->columns[place]].generated;
}

/* ---- candidates ---- */

static pgb_status choose_foreigns(search *s, const char **tuple, bool *chosen, bool *ret_fits,
                                  pgb_error *err)
{
    const pgb_shape_table *t = s->how->table;
    const pgb_group *group = s->how->group;
    pgb_row_wish usual = {0};
    pgb_row row;

    *ret_fits = true;
    if (t == NULL || s->how->making == NULL || t->n_foreigns == 0) {
        return PGB_OK;
    }
    if (!pgb_row_init(&row, t, s->scratch)) {
        return pgb_error_nomem(err);
    }
    for (uint16_t i = 0; s->how->fixed != NULL && i < t->n_columns; i++) {
        row.set[i] = s->how->fixed->set[i];
        row.at[i] = s->how->fixed->at[i];
    }
    for (uint16_t f = 0; f < t->n_foreigns; f++) {
        pgb_keys *keys;
        pgb_status status;

        if (s->how->making->group_of[t->foreigns[f].columns[0]] !=
            (uint32_t)(group - s->how->making->groups)) {
            continue;
        }
        status = pgb_maker_keys(s->maker, t, f, &keys, err);
        if (status != PGB_OK) {
            return status;
        }
        if (!pgb_maker_choose_parent(s->maker, t, f, keys,
                                     s->how->wish != NULL ? s->how->wish : &usual, &row)) {
            *ret_fits = false;
            return PGB_OK;
        }
    }
    for (uint16_t i = 0; i < group->n; i++) {
        if (row.set[group->columns[i]]) {
            tuple[i] = row.at[group->columns[i]];
            chosen[i] = true;
        }
    }
    return PGB_OK;
}

static bool is_foreign(const search *s, uint16_t place)
{
    const pgb_shape_table *t = s->how->table;

    for (uint16_t f = 0; t != NULL && f < t->n_foreigns; f++) {
        for (uint16_t i = 0; i < t->foreigns[f].n; i++) {
            if (t->foreigns[f].columns[i] == s->how->group->columns[place]) {
                return true;
            }
        }
    }
    return false;
}

static pgb_status add_new(search *s, pgb_error *err)
{
    uint16_t n = width(s);
    const char **tuple = pgb_arena_array(s->scratch, (size_t)n + 1, sizeof *tuple);
    bool *chosen = pgb_arena_array(s->scratch, (size_t)n + 1, sizeof *chosen);
    bool fits = true;
    pgb_status status;

    if (tuple == NULL || chosen == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint16_t i = 0; s->how->fixed != NULL && i < n; i++) {
        uint16_t c = s->how->group->columns[i];

        if (s->how->fixed->set[c]) {
            tuple[i] = s->how->fixed->at[c];
            chosen[i] = true;
        }
    }
    status = choose_foreigns(s, tuple, chosen, &fits, err);
    for (uint16_t i = 0; status == PGB_OK && fits && i < n; i++) {
        if (!chosen[i] && !is_generated(s, i)) {
            fits = pgb_candidate_make(s->maker, s->how, i, tuple, s->scratch, &tuple[i]);
            status = s->maker->status;
        }
    }
    if (status == PGB_OK && fits && !pgb_vec_push(&s->made, (const char *const *)tuple)) {
        status = pgb_error_nomem(err);
    }
    return status;
}

/* One of the best so far, changed in a place or two. */
static pgb_status add_changed(search *s, pgb_error *err)
{
    uint16_t n = width(s);
    const char *const *from = s->best.at[pgb_random_upto(&s->maker->values.random, s->best.n - 1)];
    const char **tuple = pgb_arena_array(s->scratch, (size_t)n + 1, sizeof *tuple);

    if (tuple == NULL) {
        return pgb_error_nomem(err);
    }
    memcpy(tuple, from, n * sizeof *tuple);
    for (uint64_t i = 1 + pgb_random_upto(&s->maker->values.random, 1); i > 0; i--) {
        uint16_t place = (uint16_t)pgb_random_upto(&s->maker->values.random, n - 1U);
        const char *value;

        if (!is_generated(s, place) && !is_foreign(s, place) &&
            !(s->how->fixed != NULL && s->how->fixed->set[s->how->group->columns[place]]) &&
            pgb_candidate_make(s->maker, s->how, place, tuple, s->scratch, &value)) {
            tuple[place] = value;
        }
    }
    if (s->maker->status != PGB_OK) {
        return s->maker->status;
    }
    return pgb_vec_push(&s->made, (const char *const *)tuple) ? PGB_OK : pgb_error_nomem(err);
}

/* ---- asking the server ---- */

static const char *cast_type(const search *s, uint16_t place)
{
    const pgb_shape_column *c;
    int32_t typmod = -1;

    if (s->how->table == NULL) {
        return s->how->domain->text;
    }
    c = &s->how->table->columns[s->how->group->columns[place]];
    /* a domain refuses by itself what its checks refuse; here that is to be seen, not to happen */
    return c->type != NULL && c->type->kind == 'd' ? pgb_shape_base(c->type, &typmod)->text
                                                   : c->type_text;
}

static const char *column_name(const search *s, uint16_t place)
{
    return s->how->table != NULL ? s->how->table->columns[s->how->group->columns[place]].quoted
                                 : "value";
}

/* Verdicts over a FROM item that has the columns, except for generated ones. */
static void put_query(const search *s, const char *item, pgb_buf *b)
{
    const pgb_group *group = s->how->group;
    const char *alias = "pgb_row";
    PGB_AUTO_BUF(quoted);
    bool generated = false;

    if (s->how->table != NULL) {
        pgb_value_quote_element(&quoted, "");
        pgb_buf_clear(&quoted);
        pgb_buf_putc(&quoted, '"');
        for (const char *p = s->how->table->bare; *p != '\0'; p++) {
            pgb_buf_puts(&quoted, *p == '"' ? "\"\"" : (char[]){*p, '\0'});
        }
        pgb_buf_putc(&quoted, '"');
        alias = pgb_buf_str(&quoted);
    }
    pgb_buf_puts(b, "SELECT ''");
    for (uint32_t i = 0; i < group->n_checks; i++) {
        pgb_buf_printf(b, "\n || CASE WHEN (%s) THEN 't' WHEN NOT (%s) THEN 'f' ELSE 'n' END",
                       group->checks[i].expr, group->checks[i].expr);
    }
    if (s->how->way != NULL) {
        pgb_buf_printf(b, "\n || CASE WHEN %s THEN 't' ELSE 'f' END", s->how->way);
    }
    for (uint16_t i = 0; i < group->n; i++) {
        generated |= is_generated(s, i);
    }
    if (generated) {
        pgb_buf_printf(b, "\n FROM (SELECT %s.*", alias);
        for (uint16_t i = 0; i < group->n; i++) {
            if (is_generated(s, i)) {
                pgb_buf_printf(b, ", (%s)::%s AS %s",
                               s->how->table->columns[group->columns[i]].expression,
                               cast_type(s, i), column_name(s, i));
            }
        }
        pgb_buf_printf(b, " FROM %s AS %s OFFSET 0) AS %s", item, alias, alias);
    } else {
        pgb_buf_printf(b, "\n FROM %s AS %s", item, alias);
    }
    quoted.failed = b->failed |= quoted.failed;
}

/* unnest of the parameters, with their ordinal. */
static void put_unnest(const search *s, pgb_buf *b)
{
    int n = 0;

    pgb_buf_puts(b, "ROWS FROM (");
    for (uint16_t i = 0; i < width(s); i++) {
        if (!is_generated(s, i)) {
            n++;
            pgb_buf_printf(b, "%spg_catalog.unnest($%d::pg_catalog.text[])", n > 1 ? ", " : "", n);
        }
    }
    pgb_buf_puts(b, ") WITH ORDINALITY AS u (");
    for (int i = 0; i < n; i++) {
        pgb_buf_printf(b, "c%d, ", i);
    }
    pgb_buf_puts(b, "\"pgb nth\")");
}

static void put_bulk(const search *s, pgb_buf *b)
{
    PGB_AUTO_BUF(item);
    int n = 0;

    pgb_buf_puts(&item, "(SELECT \"pgb nth\"");
    for (uint16_t i = 0; i < width(s); i++) {
        if (!is_generated(s, i)) {
            pgb_buf_printf(&item, ", u.c%d::%s AS %s", n++, cast_type(s, i), column_name(s, i));
        }
    }
    pgb_buf_puts(&item, " FROM ");
    put_unnest(s, &item);
    pgb_buf_puts(&item, ")");
    put_query(s, pgb_buf_str(&item), b);
    pgb_buf_puts(b, " ORDER BY \"pgb nth\"");
    b->failed |= item.failed;
}

/* The same for one candidate, $1, as the helper runs it. */
static void put_single(const search *s, pgb_buf *b)
{
    PGB_AUTO_BUF(item);
    int n = 0;

    pgb_buf_puts(&item, "(SELECT 1 AS \"pgb nth\"");
    for (uint16_t i = 0; i < width(s); i++) {
        if (!is_generated(s, i)) {
            pgb_buf_printf(&item, ", ($1)[%d]::%s AS %s", ++n, cast_type(s, i), column_name(s, i));
        }
    }
    pgb_buf_puts(&item, ")");
    put_query(s, pgb_buf_str(&item), b);
    b->failed |= item.failed;
}

pgb_status pgb_maker_need_helper(pgb_maker *maker, pgb_error *err)
{
    pgb_status status;

    if (maker->helper) {
        return PGB_OK;
    }
    /* event triggers of the schema are not to see it */
    status =
        pgb_put_try(maker->session, "SET session_replication_role = replica", 0, NULL, NULL, err);
    if (status == PGB_OK) {
        status = pgb_put_try(maker->session, pgb_sql_make_try, 0, NULL, NULL, err);
        maker->helper = status == PGB_OK;
    }
    if (status == PGB_OK) {
        status = pgb_put_try(maker->session, "SET session_replication_role = DEFAULT", 0, NULL,
                             NULL, err);
    }
    return status;
}

static pgb_status make_params(const search *s, pgb_buf *params, const char **values, int first,
                              pgb_error *err)
{
    const char **column = malloc((s->made.n + 1) * sizeof *column);
    int n = first;

    if (column == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint16_t i = 0; i < width(s); i++) {
        if (is_generated(s, i)) {
            continue;
        }
        for (size_t k = 0; k < s->made.n; k++) {
            column[k] = s->made.at[k][i];
        }
        pgb_put_array(&params[n], column, s->made.n);
        if (params[n].failed) {
            free(column);
            return pgb_error_nomem(err);
        }
        values[n] = pgb_buf_str(&params[n]);
        n++;
    }
    free(column);
    return PGB_OK;
}

/* Candidates of which some make the checks themselves fail are judged one by one. */
static pgb_status judge_singly(search *s, pgb_buf *params, const char **values, int n,
                               pgb_result **ret_result, pgb_error *err)
{
    PGB_AUTO_BUF(single);
    PGB_AUTO_BUF(sql);
    pgb_status status = pgb_maker_need_helper(s->maker, err);

    put_single(s, &single);
    pgb_buf_puts(&sql, "SELECT pg_temp.pgb_try(");
    pgb_buf_printf(&sql, "$%d::pg_catalog.text, ARRAY[", n + 1);
    for (int i = 0; i < n; i++) {
        pgb_buf_printf(&sql, "%su.c%d", i > 0 ? ", " : "", i);
    }
    pgb_buf_puts(&sql, "]) FROM ");
    put_unnest(s, &sql);
    pgb_buf_puts(&sql, " ORDER BY \"pgb nth\"");
    (void)params;
    if (single.failed || sql.failed) {
        return pgb_error_nomem(err);
    }
    values[n] = pgb_buf_str(&single);
    return status == PGB_OK
               ? pgb_put_try(s->maker->session, pgb_buf_str(&sql), n + 1, values, ret_result, err)
               : status;
}

static pgb_status judge(search *s, pgb_result **ret_result, pgb_error *err)
{
    size_t columns = (size_t)width(s) + 2;
    pgb_buf *params = calloc(columns, sizeof *params);
    const char **values = calloc(columns, sizeof *values);
    pgb_error inner = PGB_ERROR_INIT;
    PGB_AUTO_BUF(sql);
    pgb_status status = PGB_OK;
    int n = 0;

    if (params == NULL || values == NULL) {
        free(params);
        free(values);
        return pgb_error_nomem(err);
    }
    for (uint16_t i = 0; i < width(s); i++) {
        n += !is_generated(s, i);
    }
    status = make_params(s, params, values, 0, err);
    put_bulk(s, &sql);
    if (status == PGB_OK && sql.failed) {
        status = pgb_error_nomem(err);
    }
    if (status == PGB_OK) {
        status = pgb_put_try(s->maker->session, pgb_buf_str(&sql), n, values, ret_result, &inner);
        if (status == PGB_SQL) {
            pgb_error_clear(&inner);
            status = judge_singly(s, params, values, n, ret_result, &inner);
        }
        if (status == PGB_SQL) {
            s->how->group->blind = true;
            snprintf(s->how->group->why, sizeof s->how->group->why, "%.250s", inner.message);
            status = PGB_OK;
            *ret_result = NULL;
        } else if (status != PGB_OK && err != NULL) {
            *err = inner;
        }
    }
    for (size_t i = 0; i < columns; i++) {
        pgb_buf_done(&params[i]);
    }
    free(params);
    free(values);
    return status;
}

/* ---- verdicts ---- */

static pgb_status keep(search *s, const char *const *tuple, pgb_error *err)
{
    uint16_t n = width(s);
    const char **copy = pgb_arena_array(s->arena, (size_t)n + 1, sizeof *copy);

    if (copy == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint16_t i = 0; i < n; i++) {
        copy[i] = tuple[i] != NULL ? pgb_arena_strdup(s->arena, tuple[i]) : NULL;
        if (tuple[i] != NULL && copy[i] == NULL) {
            return pgb_error_nomem(err);
        }
    }
    return pgb_vec_push(&s->found, (const char *const *)copy) ? PGB_OK : pgb_error_nomem(err);
}

/* How many verdicts are not as wished. */
static uint32_t count_wrong(search *s, const char *verdict)
{
    pgb_group *group = s->how->group;
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < group->n_checks; i++) {
        bool is_false = verdict[i] == 'f';

        group->checks[i].seen_true += !is_false;
        group->checks[i].seen_false += is_false;
        if (&group->checks[i] == s->how->broken) {
            wrong += !is_false;
        } else {
            wrong += is_false && !s->how->others;
        }
    }
    return wrong + (s->how->way != NULL && verdict[group->n_checks] != 't');
}

static pgb_status take_verdicts(search *s, const pgb_result *r, pgb_error *err)
{
    uint32_t expected = s->how->group->n_checks + (s->how->way != NULL);
    pgb_status status = PGB_OK;
    size_t failed = 0;

    for (size_t i = 0; status == PGB_OK && i < s->made.n && (int)i < pgb_result_rows(r); i++) {
        const char *verdict = pgb_result_value(r, (int)i, 0);
        uint32_t wrong;

        if (verdict[0] == '!' || strlen(verdict) != expected) {
            failed++;
            if (failed == s->made.n && strncmp(verdict, "!42", 3) == 0) {
                s->how->group->blind = true;
                snprintf(s->how->group->why, sizeof s->how->group->why, "%.250s", verdict + 7);
            }
            continue;
        }
        wrong = count_wrong(s, verdict);
        if (wrong == 0) {
            status = keep(s, s->made.at[i], err);
        } else if (wrong <= s->best_wrong) {
            if (wrong < s->best_wrong) {
                s->best.n = 0;
                s->best_wrong = wrong;
            }
            if (s->best.n < KEPT && !pgb_vec_push(&s->best, s->made.at[i])) {
                status = pgb_error_nomem(err);
            }
        }
    }
    return status;
}

static pgb_status one_round(search *s, uint32_t n, bool change, pgb_error *err)
{
    pgb_result *r = NULL;
    pgb_status status = PGB_OK;

    s->made.n = 0;
    for (uint32_t i = 0; status == PGB_OK && i < n; i++) {
        status = change && s->best.n > 0 && i % 4 != 0 ? add_changed(s, err) : add_new(s, err);
    }
    if (status != PGB_OK || s->made.n == 0) {
        return status;
    }
    status = judge(s, &r, err);
    if (status == PGB_OK && r != NULL) {
        status = take_verdicts(s, r, err);
    }
    pgb_result_free(r);
    return status;
}

pgb_status pgb_maker_solve(pgb_maker *maker, const pgb_solve *how, pgb_arena *arena,
                           const char *const ***ret_tuples, uint32_t *ret_n, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    search s = {
        .maker = maker, .how = how, .arena = arena, .scratch = scratch, .best_wrong = UINT32_MAX};
    uint32_t n = how->want * 2 < LEAST ? LEAST : how->want * 2 > MOST ? MOST : how->want * 2;
    pgb_status status = scratch != NULL ? PGB_OK : pgb_error_nomem(err);

    maker->err = err;
    for (int round = 0; status == PGB_OK && round < ROUNDS && s.found.n < how->want; round++) {
        if (how->group->blind || (round > 1 && s.found.n > 0 && s.found.n * 3 >= how->want)) {
            break;
        }
        status = one_round(&s, n, round > 0, err);
        if (round > 1) {
            n = n * 2 < MOST ? n * 2 : MOST;
        }
    }
    if (status == PGB_OK) {
        const char *const **tuples = pgb_arena_array(arena, s.found.n + 1, sizeof *tuples);

        if (tuples == NULL) {
            status = pgb_error_nomem(err);
        } else {
            if (s.found.n > 0) {
                memcpy(tuples, s.found.at, s.found.n * sizeof *tuples);
            }
            *ret_tuples = tuples;
            *ret_n = (uint32_t)s.found.n;
        }
    }
    pgb_vec_done(&s.found);
    pgb_vec_done(&s.made);
    pgb_vec_done(&s.best);
    return status;
}

pgb_status pgb_maker_break(pgb_maker *maker, const pgb_shape_table *table,
                           const pgb_shape_check *check, const char *way, bool others, pgb_row *row,
                           pgb_arena *arena, bool *ret_made, pgb_error *err)
{
    pgb_row_wish wish = {.no_nulls = true};
    pgb_making *m;
    pgb_status status = pgb_maker_prepare(maker, table, &m, err);

    maker->status = PGB_OK;
    *ret_made = false;
    for (uint32_t g = 0; status == PGB_OK && g < m->n_groups; g++) {
        pgb_group *group = &m->groups[g];

        for (uint32_t i = 0; status == PGB_OK && i < group->n_checks; i++) {
            pgb_solve how = {.table = table,
                             .making = m,
                             .group = group,
                             .broken = &group->checks[i],
                             .way = way,
                             .others = others,
                             .want = 1,
                             .fixed = row,
                             .wish = &wish};
            const char *const **tuples;
            uint32_t n;

            if (group->checks[i].check != check) {
                continue;
            }
            status = pgb_maker_solve(maker, &how, arena, &tuples, &n, err);
            for (uint16_t c = 0; status == PGB_OK && n > 0 && c < group->n; c++) {
                uint16_t column = group->columns[c];

                if (!table->columns[column].generated) {
                    row->at[column] = tuples[0][c];
                    row->set[column] = true;
                }
            }
            *ret_made = status == PGB_OK && n > 0;
            return status;
        }
    }
    return status;
}
