#include "prove/fill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

enum { TRIES = 30, REFUSED_MAX = 60, BATCH = 1000 };

/* How the rows of one attempt are made. */
typedef enum mode {
    USUAL, /* with extremes and nulls */
    TAME,
    ALONE, /* tame, without the table's triggers and rules */
    MODES
} mode;

typedef struct batch {
    pgb_fill *fill;
    pgb_arena *arena;
    PGB_VEC(pgb_row) rows;
    uint32_t refused;
    pgb_error first; /* refusal */
    bool any_refused;
} batch;

static pgb_row_wish wish_of(const pgb_fill *fill, mode m, uint32_t nth, const pgb_row *like)
{
    pgb_row_wish w = {.without = fill->without, .like = nth > 3 ? like : NULL};

    if (m != USUAL) {
        w.flavor = PGB_FLAVOR_TAME;
        w.no_nulls = nth % 2 == 0;
        w.like = NULL;
    } else if (nth == 0) {
        w.no_nulls = true;
    } else if (nth == 1) {
        w.flavor = PGB_FLAVOR_HIGH;
        w.no_nulls = true;
    } else if (nth == 2) {
        w.flavor = PGB_FLAVOR_LOW;
        w.no_nulls = true;
    } else if (nth == 3) {
        w.nulls = true;
    }
    return w;
}

/* Rows that repeat no unique key of each other. */
static pgb_status make_rows(batch *b, mode m, uint32_t n, pgb_error *err)
{
    pgb_fill *fill = b->fill;
    uint32_t vain = 0;

    for (uint32_t i = 0; i < n && vain < TRIES;) {
        const pgb_row *like =
            b->rows.n > 0 ? &b->rows.at[pgb_random_upto(&fill->maker->values.random, b->rows.n - 1)]
                          : NULL;
        /* a second try is a usual row: extremes are few, and may be taken */
        pgb_row_wish wish = wish_of(fill, m, vain > 0 ? i + 4 : i, like);
        bool made = false, is_new = false;
        pgb_row row;
        pgb_status status;

        if (!pgb_row_init(&row, fill->table, b->arena)) {
            return pgb_error_nomem(err);
        }
        status = pgb_maker_make(fill->maker, fill->table, &wish, &row, b->arena, &made, err);
        if (status == PGB_OK && made) {
            status = pgb_maker_note(fill->maker, fill->table, &row, &is_new, err);
        }
        if (status != PGB_OK) {
            return status;
        }
        if (!made && i == 0 && vain + 1 >= 3) {
            break;
        }
        if (!made || !is_new) {
            vain++;
            continue;
        }
        vain = 0;
        i++;
        if (!pgb_vec_push(&b->rows, row)) {
            return pgb_error_nomem(err);
        }
    }
    return PGB_OK;
}

/* Puts in rows [from, to); where one is refused, halves are tried down to it. */
static pgb_status put_range(batch *b, size_t from, size_t to, pgb_error *err)
{
    pgb_error inner = PGB_ERROR_INIT;
    int64_t n = 0;
    pgb_status status;

    if (b->refused >= REFUSED_MAX || from >= to) {
        return PGB_OK;
    }
    status = pgb_put_rows(b->fill->maker->session, b->fill->table, &b->rows.at[from],
                          (uint32_t)(to - from), true, &n, &inner);
    if (status == PGB_OK) {
        b->fill->n += (uint32_t)n;
        return PGB_OK;
    }
    if (status != PGB_SQL) {
        if (err != NULL) {
            *err = inner;
        }
        return status;
    }
    if (!b->any_refused) {
        b->first = inner;
        b->any_refused = true;
    }
    if (to - from == 1) {
        b->refused++;
        return PGB_OK;
    }
    status = put_range(b, from, from + (to - from) / 2, err);
    return status == PGB_OK ? put_range(b, from + (to - from) / 2, to, err) : status;
}

static pgb_status put_all(batch *b, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (size_t from = 0; status == PGB_OK && from < b->rows.n; from += BATCH) {
        status = put_range(b, from, from + BATCH < b->rows.n ? from + BATCH : b->rows.n, err);
    }
    return status;
}

static pgb_status set_role(pgb_session *session, bool replica, pgb_error *err)
{
    return pgb_exec(session,
                    replica ? "SET LOCAL session_replication_role = replica"
                            : "SET LOCAL session_replication_role = origin",
                    NULL, err);
}

/* Why no row of this attempt is in. */
static void explain(batch *b)
{
    pgb_fill *fill = b->fill;

    if (b->any_refused) {
        snprintf(fill->constraint, sizeof fill->constraint, "%s", b->first.constraint);
        snprintf(fill->reason, sizeof fill->reason, "%.500s%s%.400s", b->first.message,
                 b->first.detail[0] != '\0' ? ": " : "", b->first.detail);
    } else if (b->rows.n > 0) {
        fill->constraint[0] = '\0';
        snprintf(fill->reason, sizeof fill->reason,
                 "a row that is put in is not there afterwards, and nothing says why: a trigger or "
                 "a rule loses it");
    } else {
        snprintf(fill->constraint, sizeof fill->constraint, "%s", fill->maker->constraint);
        snprintf(fill->reason, sizeof fill->reason, "%s", fill->maker->why);
    }
}

static pgb_status attempt(pgb_fill *fill, mode m, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    batch b = {.fill = fill, .arena = arena, .first = PGB_ERROR_INIT};
    pgb_status status = arena != NULL ? PGB_OK : pgb_error_nomem(err);

    if (status == PGB_OK) {
        status = make_rows(&b, m, fill->wanted, err);
    }
    if (status == PGB_OK && m == ALONE) {
        status = set_role(fill->maker->session, true, err);
    }
    if (status == PGB_OK) {
        status = put_all(&b, err);
    }
    if (status == PGB_OK && m == ALONE) {
        status = set_role(fill->maker->session, false, err);
    }
    if (status == PGB_OK && fill->n == 0) {
        explain(&b);
    }
    pgb_vec_done(&b.rows);
    return status;
}

pgb_status pgb_fill_table(pgb_fill *fill, pgb_error *err)
{
    char constraint[64] = "", reason[700] = "";
    pgb_status status = PGB_OK;

    for (mode m = USUAL; status == PGB_OK && m < MODES; m++) {
        if (m == ALONE && !fill->table->triggers && !fill->table->rules) {
            break;
        }
        status = attempt(fill, m, err);
        if (status != PGB_OK || fill->n > 0) {
            if (m == ALONE && fill->n > 0) {
                snprintf(fill->reason, sizeof fill->reason,
                         "its triggers and rules were left out, they let no row in: %s", reason);
            } else {
                fill->reason[0] = '\0';
            }
            return status;
        }
        if (m == TAME || reason[0] == '\0') {
            snprintf(reason, sizeof reason, "%.690s", fill->reason);
            memcpy(constraint, fill->constraint, sizeof constraint);
        }
    }
    memcpy(fill->constraint, constraint, sizeof constraint);
    snprintf(fill->reason, sizeof fill->reason, "%s", reason);
    return status;
}

/* ---- seeds ---- */

pgb_status pgb_fill_seeds(pgb_fill *fill, const pgb_seed_file *seeds, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    pgb_status status = arena != NULL ? PGB_OK : pgb_error_nomem(err);

    for (uint32_t i = 0; status == PGB_OK && i < seeds->n; i++) {
        pgb_row_wish wish = {.flavor = PGB_FLAVOR_TAME, .without = fill->without};
        pgb_error inner = PGB_ERROR_INIT;
        bool made = false;
        pgb_row row;

        if (!pgb_row_init(&row, fill->table, arena)) {
            return pgb_error_nomem(err);
        }
        for (uint16_t c = 0; c < fill->table->n_columns; c++) {
            row.set[c] = seeds->rows[i].set[c];
            row.at[c] = seeds->rows[i].at[c];
        }
        status = pgb_maker_make(fill->maker, fill->table, &wish, &row, arena, &made, err);
        if (status != PGB_OK) {
            return status;
        }
        /* what could not be made is left to the server to name */
        status = pgb_put_rows(fill->maker->session, fill->table, &row, 1, false, NULL, &inner);
        if (status == PGB_SQL) {
            status = pgb_error_set(err, PGB_PROJECT, "this row is refused: %s", inner.message);
            pgb_error_detail(err, "%s", !made ? fill->maker->why : inner.detail);
            pgb_error_at(err, seeds->file, seeds->lines[i], 1, NULL, 0);
        } else if (status != PGB_OK && err != NULL) {
            *err = inner;
        }
        fill->n += status == PGB_OK;
    }
    return status;
}

/* ---- knots ---- */

static uint32_t place_of(const pgb_shape_table *const *tables, uint32_t n, const pgb_shape_table *t)
{
    for (uint32_t i = 0; i < n; i++) {
        if (tables[i] == t->root) {
            return i;
        }
    }
    return UINT32_MAX;
}

static bool is_inner(const pgb_shape_table *const *tables, uint32_t n, const pgb_shape_table *t,
                     uint16_t column)
{
    for (uint16_t f = 0; f < t->n_foreigns; f++) {
        for (uint16_t i = 0; i < t->foreigns[f].n; i++) {
            if (t->foreigns[f].columns[i] == column &&
                place_of(tables, n, t->foreigns[f].parent) != UINT32_MAX) {
                return true;
            }
        }
    }
    return false;
}

/* A value for a key that others of the knot refer to. */
static pgb_status set_key(pgb_maker *maker, const pgb_shape_table *t, uint16_t column, pgb_row *row,
                          pgb_arena *arena, pgb_error *err)
{
    const pgb_shape_column *c = &t->columns[column];
    PGB_AUTO_BUF(value);

    if (row->set[column] || c->generated || c->type == NULL) {
        return PGB_OK;
    }
    if (c->next != NULL) {
        PGB_AUTO_BUF(sql);
        pgb_result *r = NULL;
        pgb_status status;

        pgb_buf_printf(&sql, "SELECT (%s)::%s::pg_catalog.text", c->next, c->type_text);
        status = sql.failed ? pgb_error_nomem(err)
                            : pgb_exec(maker->session, pgb_buf_str(&sql), &r, err);
        if (status == PGB_OK) {
            pgb_buf_puts(&value, pgb_result_value(r, 0, 0));
        }
        pgb_result_free(r);
        if (status != PGB_OK) {
            return status;
        }
    } else if (!pgb_value_make(&maker->values, c->type, c->typmod, PGB_FLAVOR_PLAIN, &value)) {
        return PGB_OK;
    }
    row->at[column] = pgb_arena_strdup(arena, pgb_buf_str(&value));
    row->set[column] = row->at[column] != NULL && !value.failed;
    return row->set[column] ? PGB_OK : pgb_error_nomem(err);
}

/* One row for each table of the knot, each referring to the others' of this round. */
static pgb_status tie_rows(pgb_maker *maker, const pgb_shape_table *const *tables, pgb_row **rows,
                           uint32_t n, uint32_t nth, pgb_arena *arena, bool *ret_made,
                           pgb_error *err)
{
    pgb_row_wish wish = {.flavor = PGB_FLAVOR_TAME, .no_nulls = true, .numbered = true};
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; status == PGB_OK && i < n; i++) {
        for (uint16_t f = 0; status == PGB_OK && f < tables[i]->n_foreigns; f++) {
            const pgb_shape_foreign *k = &tables[i]->foreigns[f];
            uint32_t up = place_of(tables, n, k->parent);

            for (uint16_t c = 0; status == PGB_OK && up != UINT32_MAX && c < k->n; c++) {
                if (!is_inner(tables, n, tables[up], k->parent_columns[c])) {
                    status = set_key(maker, tables[up], k->parent_columns[c], &rows[up][nth], arena,
                                     err);
                }
            }
        }
    }
    /* a key may itself be a reference: as many rounds as there are tables */
    for (uint32_t round = 0; round < n; round++) {
        for (uint32_t i = 0; i < n; i++) {
            for (uint16_t f = 0; f < tables[i]->n_foreigns; f++) {
                const pgb_shape_foreign *k = &tables[i]->foreigns[f];
                uint32_t up = place_of(tables, n, k->parent);

                for (uint16_t c = 0; up != UINT32_MAX && c < k->n; c++) {
                    if (!rows[i][nth].set[k->columns[c]] &&
                        rows[up][nth].set[k->parent_columns[c]]) {
                        rows[i][nth].set[k->columns[c]] = true;
                        rows[i][nth].at[k->columns[c]] = rows[up][nth].at[k->parent_columns[c]];
                    }
                }
            }
        }
    }
    *ret_made = true;
    for (uint32_t i = 0; status == PGB_OK && *ret_made && i < n; i++) {
        status = pgb_maker_make(maker, tables[i], &wish, &rows[i][nth], arena, ret_made, err);
    }
    return status;
}

pgb_status pgb_fill_knot(pgb_maker *maker, const pgb_shape_table *const *tables, pgb_fill **fills,
                         uint32_t n_tables, uint32_t wanted, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    pgb_row **rows;
    pgb_error refusal = PGB_ERROR_INIT;
    pgb_status status = PGB_OK;
    bool made = true;

    if (arena == NULL ||
        (rows = pgb_arena_array(arena, (size_t)n_tables + 1, sizeof *rows)) == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < n_tables; i++) {
        rows[i] = pgb_arena_array(arena, 1, sizeof **rows);
        if (rows[i] == NULL) {
            return pgb_error_nomem(err);
        }
    }
    for (uint32_t k = 0; status == PGB_OK && k < wanted; k++) {
        pgb_error inner = PGB_ERROR_INIT;

        for (uint32_t i = 0; i < n_tables; i++) {
            if (!pgb_row_init(&rows[i][0], tables[i], arena)) {
                return pgb_error_nomem(err);
            }
        }
        status = tie_rows(maker, tables, rows, n_tables, 0, arena, &made, err);
        if (status != PGB_OK || !made) {
            break;
        }
        status =
            pgb_put_knot(maker->session, tables, (const pgb_row *const *)rows, n_tables, 1, &inner);
        if (status == PGB_SQL) {
            refusal = inner;
            status = PGB_OK;
            if (k >= 5 && fills[0]->n == 0) {
                break;
            }
            continue;
        }
        if (status != PGB_OK && err != NULL) {
            *err = inner;
        }
        for (uint32_t i = 0; status == PGB_OK && i < n_tables; i++) {
            fills[i]->n++;
        }
    }
    for (uint32_t i = 0; status == PGB_OK && i < n_tables && fills[0]->n == 0; i++) {
        snprintf(fills[i]->constraint, sizeof fills[i]->constraint, "%s",
                 refusal.status != PGB_OK ? refusal.constraint : maker->constraint);
        snprintf(fills[i]->reason, sizeof fills[i]->reason, "%s",
                 refusal.status != PGB_OK ? refusal.message : maker->why);
    }
    return status;
}
