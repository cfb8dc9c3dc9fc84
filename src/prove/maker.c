#include "prove/maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

enum { KEYS_MAX = 5000, NULL_PERCENT = 12, LIKE_PERCENT = 30, PARENTLESS_PERCENT = 12 };

/* ---- parents ---- */

pgb_status pgb_maker_keys(pgb_maker *maker, const pgb_shape_table *table, uint16_t foreign,
                          pgb_keys **ret_keys, pgb_error *err)
{
    const pgb_shape_foreign *f = &table->foreigns[foreign];
    pgb_making *m;
    pgb_keys *keys;
    pgb_result *r = NULL;
    PGB_AUTO_BUF(sql);
    pgb_status status = pgb_maker_prepare(maker, table, &m, err);
    const char ***at;
    int n;

    if (status != PGB_OK) {
        return status;
    }
    keys = *ret_keys = &m->keys[foreign];
    if (keys->read) {
        return PGB_OK;
    }
    pgb_buf_puts(&sql, "SELECT ");
    for (uint16_t i = 0; i < f->n; i++) {
        pgb_buf_printf(&sql, "%s%s::pg_catalog.text", i > 0 ? ", " : "",
                       f->parent->columns[f->parent_columns[i]].quoted);
    }
    pgb_buf_printf(&sql, " FROM %s WHERE (", f->parent->name);
    for (uint16_t i = 0; i < f->n; i++) {
        pgb_buf_printf(&sql, "%s%s IS NOT NULL", i > 0 ? " AND " : "",
                       f->parent->columns[f->parent_columns[i]].quoted);
    }
    pgb_buf_printf(&sql, ") LIMIT %d", KEYS_MAX);
    if (sql.failed) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec(maker->session, pgb_buf_str(&sql), &r, err);
    n = status == PGB_OK ? pgb_result_rows(r) : 0;
    at = pgb_arena_array(maker->arena, (size_t)n + 1, sizeof *at);
    for (int i = 0; at != NULL && i < n; i++) {
        at[i] = pgb_arena_array(maker->arena, f->n, sizeof **at);
        for (uint16_t c = 0; at[i] != NULL && c < f->n; c++) {
            at[i][c] = pgb_arena_strdup(maker->arena, pgb_result_value(r, i, c));
            if (at[i][c] == NULL) {
                at[i] = NULL;
            }
        }
        if (at[i] == NULL) {
            at = NULL;
        }
    }
    pgb_result_free(r);
    if (status != PGB_OK || at == NULL) {
        return status != PGB_OK ? status : pgb_error_nomem(err);
    }
    keys->at = at;
    keys->n = (uint32_t)n;
    keys->read = true;
    return PGB_OK;
}

void pgb_maker_forget(pgb_maker *maker, const pgb_shape_table *table)
{
    for (uint32_t i = 0; i < maker->shape->n_tables; i++) {
        const pgb_shape_table *t = &maker->shape->tables[i];

        for (uint16_t f = 0; maker->tables[i].prepared && f < t->n_foreigns; f++) {
            if (t->foreigns[f].parent == table || t->foreigns[f].parent->root == table) {
                maker->tables[i].keys[f].read = false;
            }
        }
    }
}

static bool fits(const pgb_shape_foreign *f, const char **key, const pgb_row *row)
{
    for (uint16_t i = 0; i < f->n; i++) {
        const char *has = row->at[f->columns[i]];

        if (row->set[f->columns[i]] && (has == NULL || strcmp(has, key[i]) != 0)) {
            return false;
        }
    }
    return true;
}

/* Sets null what may be null of the columns that are not set; false: the foreign key would still
 * ask for a parent. */
static bool leave_null(const pgb_shape_table *table, const pgb_shape_foreign *f, pgb_row *row)
{
    bool any = false, all = true;

    for (uint16_t i = 0; i < f->n; i++) {
        uint16_t c = f->columns[i];

        any |= row->set[c] ? row->at[c] == NULL : !table->columns[c].not_null;
        all &= row->set[c] ? row->at[c] == NULL : !table->columns[c].not_null;
    }
    if (f->match_full ? !all : !any) {
        return false;
    }
    for (uint16_t i = 0; i < f->n; i++) {
        uint16_t c = f->columns[i];

        /* the others are chosen like any column */
        if (!row->set[c] && !table->columns[c].not_null) {
            row->set[c] = true;
            row->at[c] = NULL;
        }
    }
    return true;
}

bool pgb_maker_choose_parent(pgb_maker *maker, const pgb_shape_table *table, uint16_t foreign,
                             pgb_keys *keys, const pgb_row_wish *wish, pgb_row *row)
{
    const pgb_shape_foreign *f = &table->foreigns[foreign];
    bool open = false;
    uint32_t from;

    for (uint16_t i = 0; i < f->n; i++) {
        open |= !row->set[f->columns[i]];
    }
    if (!open) {
        return true;
    }
    if ((wish->without != NULL && wish->without[foreign]) || keys->n == 0) {
        return leave_null(table, f, row);
    }
    if ((wish->nulls ||
         (!wish->no_nulls && pgb_random_upto(&maker->values.random, 99) < PARENTLESS_PERCENT)) &&
        leave_null(table, f, row)) {
        return true;
    }
    from = keys->one_to_one ? keys->next++
                            : (uint32_t)pgb_random_upto(&maker->values.random, keys->n - 1);
    for (uint32_t i = 0; i < keys->n; i++) {
        const char **key = keys->at[(from + i) % keys->n];

        if (fits(f, key, row)) {
            for (uint16_t c = 0; c < f->n; c++) {
                row->at[f->columns[c]] = key[c];
                row->set[f->columns[c]] = true;
            }
            return true;
        }
    }
    return leave_null(table, f, row);
}

/* ---- rows ---- */

bool pgb_row_init(pgb_row *row, const pgb_shape_table *table, pgb_arena *arena)
{
    row->at = pgb_arena_array(arena, (size_t)table->n_columns + 1, sizeof *row->at);
    row->set = pgb_arena_array(arena, (size_t)table->n_columns + 1, sizeof *row->set);
    return row->at != NULL && row->set != NULL;
}

static bool is_unique_column(const pgb_shape_table *t, uint16_t column)
{
    for (uint16_t u = 0; u < t->n_uniques; u++) {
        const pgb_shape_unique *k = &t->uniques[u];

        for (uint16_t i = 0; (k->unique || k->exclusion) && i < k->n; i++) {
            /* an expression may be made of any column */
            if (k->columns[i] == column || k->columns[i] == UINT16_MAX) {
                return true;
            }
        }
    }
    return false;
}

static pgb_status set_group(pgb_maker *maker, const pgb_shape_table *table, pgb_making *m,
                            pgb_group *group, const pgb_row_wish *wish, pgb_row *row,
                            pgb_arena *arena, bool *ret_made, pgb_error *err)
{
    const char *const **tuples = group->tuples;
    uint32_t n = group->n_tuples;
    pgb_solve how = {.table = table, .making = m, .group = group, .wish = wish};
    bool fixed = false, open = false;
    pgb_status status = PGB_OK;

    *ret_made = true;
    for (uint16_t i = 0; i < group->n; i++) {
        fixed |= row->set[group->columns[i]];
        open |= !row->set[group->columns[i]] && !table->columns[group->columns[i]].generated;
    }
    if (!open) {
        return PGB_OK; /* whoever chose all of it knows why */
    }
    if (wish->without != NULL) {
        /* what is tied to a parent that is not there yet is another search */
        for (uint16_t f = 0; f < table->n_foreigns; f++) {
            fixed |= wish->without[f] &&
                     m->group_of[table->foreigns[f].columns[0]] == (uint32_t)(group - m->groups);
        }
    }
    if (fixed) {
        how.fixed = row;
        how.want = 8;
        status = pgb_maker_solve(maker, &how, arena, &tuples, &n, err);
    } else if (!group->solved) {
        how.want = maker->wanted;
        status = pgb_maker_solve(maker, &how, maker->arena, &tuples, &n, err);
        group->solved = status == PGB_OK;
        group->tuples = tuples;
        group->n_tuples = n;
    }
    if (status != PGB_OK || group->blind) {
        return status;
    }
    if (n == 0) {
        *ret_made = false;
        snprintf(maker->constraint, sizeof maker->constraint, "%s",
                 group->n_checks > 0 ? group->checks[0].name : "");
        snprintf(maker->why, sizeof maker->why, "no value was found that check %s takes",
                 maker->constraint);
        for (uint32_t i = 0; i < group->n_checks; i++) {
            if (group->checks[i].seen_true == 0) {
                snprintf(maker->constraint, sizeof maker->constraint, "%s", group->checks[i].name);
                snprintf(maker->why, sizeof maker->why, "no value was found that %s%s takes",
                         group->checks[i].check != NULL ? "check " : "", maker->constraint);
                break;
            }
        }
        return PGB_OK;
    }
    n = (uint32_t)pgb_random_upto(&maker->values.random, n - 1);
    for (uint16_t i = 0; i < group->n; i++) {
        uint16_t c = group->columns[i];

        if (!row->set[c] && !table->columns[c].generated) {
            row->at[c] = tuples[n][i];
            row->set[c] = true;
        }
    }
    return PGB_OK;
}

/* A column on its own. */
static bool set_column(pgb_maker *maker, const pgb_shape_table *table, uint16_t i,
                       const pgb_row_wish *wish, pgb_row *row, pgb_arena *arena)
{
    const pgb_shape_column *c = &table->columns[i];
    bool may_null = !c->not_null && !(c->type != NULL && c->type->not_null);
    PGB_AUTO_BUF(value);

    row->set[i] = true;
    if (may_null && (wish->nulls || (!wish->no_nulls && wish->flavor == PGB_FLAVOR_PLAIN &&
                                     pgb_random_upto(&maker->values.random, 99) < NULL_PERCENT))) {
        return true;
    }
    if (wish->like != NULL && wish->like->set[i] && wish->like->at[i] != NULL &&
        pgb_random_upto(&maker->values.random, 99) < LIKE_PERCENT && !is_unique_column(table, i)) {
        row->at[i] = wish->like->at[i];
        return true;
    }
    if (c->type == NULL ||
        !pgb_value_make(&maker->values, c->type, c->typmod, wish->flavor, &value)) {
        if (may_null) {
            return true;
        }
        snprintf(maker->constraint, sizeof maker->constraint, "%s", c->name);
        snprintf(maker->why, sizeof maker->why, "no value is known for column %s of type %s",
                 c->quoted, c->type_text);
        return false;
    }
    row->at[i] = pgb_arena_strdup(arena, pgb_buf_str(&value));
    return row->at[i] != NULL && !value.failed;
}

/* Numbers of the columns' sequences. */
static pgb_status set_numbers(pgb_maker *maker, const pgb_shape_table *table, pgb_row *row,
                              pgb_arena *arena, pgb_error *err)
{
    for (uint16_t i = 0; i < table->n_columns; i++) {
        const pgb_shape_column *c = &table->columns[i];
        PGB_AUTO_BUF(sql);
        pgb_result *r = NULL;
        pgb_status status;

        if (c->next == NULL || row->set[i]) {
            continue;
        }
        pgb_buf_printf(&sql, "SELECT (%s)::%s::pg_catalog.text", c->next, c->type_text);
        if (sql.failed) {
            return pgb_error_nomem(err);
        }
        status = pgb_exec(maker->session, pgb_buf_str(&sql), &r, err);
        if (status == PGB_OK) {
            row->at[i] = pgb_arena_strdup(arena, pgb_result_value(r, 0, 0));
            row->set[i] = true;
            status = row->at[i] != NULL ? PGB_OK : pgb_error_nomem(err);
        }
        pgb_result_free(r);
        if (status != PGB_OK) {
            return status;
        }
    }
    return PGB_OK;
}

pgb_status pgb_maker_make(pgb_maker *maker, const pgb_shape_table *table, const pgb_row_wish *wish,
                          pgb_row *row, pgb_arena *arena, bool *ret_made, pgb_error *err)
{
    pgb_making *m;
    pgb_status status = pgb_maker_prepare(maker, table, &m, err);

    maker->err = err;
    maker->status = PGB_OK;
    maker->why[0] = maker->constraint[0] = '\0';
    maker->missing = UINT16_MAX;
    *ret_made = true;
    if (status == PGB_OK && wish->numbered) {
        status = set_numbers(maker, table, row, arena, err);
    }
    for (uint32_t g = 0; status == PGB_OK && *ret_made && g < m->n_groups; g++) {
        status = set_group(maker, table, m, &m->groups[g], wish, row, arena, ret_made, err);
    }
    for (uint16_t f = 0; status == PGB_OK && *ret_made && f < table->n_foreigns; f++) {
        pgb_keys *keys;

        status = pgb_maker_keys(maker, table, f, &keys, err);
        if (status == PGB_OK && !pgb_maker_choose_parent(maker, table, f, keys, wish, row)) {
            *ret_made = false;
            maker->missing = f;
            snprintf(maker->constraint, sizeof maker->constraint, "%s", table->foreigns[f].name);
            snprintf(maker->why, sizeof maker->why, "foreign key %s: %s has no row to refer to",
                     table->foreigns[f].quoted, table->foreigns[f].parent->name);
        }
    }
    for (uint16_t i = 0; status == PGB_OK && *ret_made && i < table->n_columns; i++) {
        if (!row->set[i] && !table->columns[i].generated && table->columns[i].next == NULL) {
            *ret_made = set_column(maker, table, i, wish, row, arena);
        }
    }
    return status != PGB_OK ? status : maker->status;
}

pgb_status pgb_maker_note(pgb_maker *maker, const pgb_shape_table *table, const pgb_row *row,
                          bool *ret_new, pgb_error *err)
{
    pgb_making *m;
    pgb_status status = pgb_maker_prepare(maker, table, &m, err);

    *ret_new = true;
    /* first look, then take note: a row that is refused leaves no trace */
    for (int pass = 0; status == PGB_OK && *ret_new && pass < 2; pass++) {
        for (uint16_t u = 0; u < table->n_uniques; u++) {
            const pgb_shape_unique *k = &table->uniques[u];
            PGB_AUTO_BUF(key);
            char *kept;
            bool whole = k->unique && !k->expressions;

            for (uint16_t i = 0; whole && i < k->n; i++) {
                const char *value = row->at[k->columns[i]];

                whole = row->set[k->columns[i]] && (value != NULL || k->nulls_not_distinct);
                pgb_buf_puts(&key, value != NULL ? value : "\x02");
                pgb_buf_putc(&key, '\x01');
            }
            if (!whole) {
                continue;
            }
            if (key.failed) {
                return pgb_error_nomem(err);
            }
            if (pass == 0) {
                uint32_t old;

                *ret_new &= !pgb_map_get(&m->used[u], pgb_buf_str(&key), key.len, &old);
                continue;
            }
            kept = pgb_arena_strndup(maker->arena, pgb_buf_str(&key), key.len);
            if (kept == NULL || !pgb_map_add(&m->used[u], kept, key.len, 0, NULL, NULL)) {
                return pgb_error_nomem(err);
            }
        }
    }
    return status;
}

/* ---- the maker itself ---- */

static const char *ask(void *data, const pgb_shape_type *type, int32_t typmod)
{
    pgb_maker *maker = data;
    const pgb_domain_pool *pool = NULL;

    if (maker->status == PGB_OK) {
        maker->status = pgb_maker_pool(maker, type, typmod, &pool, maker->err);
    }
    if (maker->status != PGB_OK || pool->n == 0) {
        return NULL;
    }
    return pool->values[pgb_random_upto(&maker->values.random, pool->n - 1)];
}

pgb_status pgb_maker_new(pgb_session *session, const pgb_shape *shape, uint64_t seed,
                         pgb_maker **ret_maker, pgb_error *err)
{
    pgb_maker *m = calloc(1, sizeof *m);

    if (m == NULL) {
        return pgb_error_nomem(err);
    }
    m->arena = pgb_arena_new();
    m->tables = m->arena != NULL
                    ? pgb_arena_array(m->arena, (size_t)shape->n_tables + 1, sizeof *m->tables)
                    : NULL;
    if (m->tables == NULL) {
        pgb_arena_free(m->arena);
        free(m);
        return pgb_error_nomem(err);
    }
    m->session = session;
    m->shape = shape;
    m->wanted = 40;
    m->values = (pgb_values){.random = {.state = seed}, .ask = ask, .data = m};
    *ret_maker = m;
    return PGB_OK;
}

void pgb_maker_want(pgb_maker *maker, uint32_t rows)
{
    if (rows <= maker->wanted) {
        return;
    }
    maker->wanted = rows;
    maker->pools = NULL; /* of the arena */
    for (uint32_t i = 0; i < maker->shape->n_tables; i++) {
        for (uint32_t g = 0; maker->tables[i].prepared && g < maker->tables[i].n_groups; g++) {
            maker->tables[i].groups[g].solved = false;
        }
    }
}

void pgb_maker_free(pgb_maker *m)
{
    if (m == NULL) {
        return;
    }
    for (uint32_t i = 0; i < m->shape->n_tables; i++) {
        for (uint16_t u = 0; m->tables[i].prepared && u < m->shape->tables[i].n_uniques; u++) {
            pgb_map_done(&m->tables[i].used[u]);
        }
    }
    if (m->helper && !pgb_session_lost(m->session) && !pgb_session_in_transaction(m->session)) {
        pgb_exec(m->session,
                 "DROP FUNCTION IF EXISTS pg_temp.pgb_try(pg_catalog.text, pg_catalog.text[])",
                 NULL, NULL);
    }
    pgb_arena_free(m->arena);
    free(m);
}
