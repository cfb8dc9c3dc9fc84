#include "prove/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/vec.h"
#include "prove/fill.h"

typedef struct filling {
    pgb_maker *maker;
    const pgb_rows_options *options;
    pgb_seeds seeds;
    pgb_arena *arena; /* of the report */
    PGB_VEC(pgb_rows_table) tables;
    bool *filled;       /* by table: rows of it can be referred to */
    const bool *wanted; /* by table: asked for by name; NULL: all are */
    bool own;           /* transactions are ours */
    uint64_t n_rows;
    uint32_t n_impossible;
} filling;

static uint32_t per_table(const filling *f, const pgb_shape_table *t)
{
    if (f->wanted != NULL && t != NULL && !f->wanted[t->index] && f->options->parent_rows != 0) {
        return f->options->parent_rows;
    }
    return f->options->rows != 0 ? f->options->rows : 20;
}

static pgb_status report(filling *f, const pgb_shape_table *t, pgb_rows_outcome outcome, uint32_t n,
                         const char *constraint, const char *reason, pgb_error *err)
{
    pgb_rows_table row = {.outcome = outcome, .n = n};
    bool nomem;

    row.table = pgb_arena_strdup(f->arena, t->name);
    nomem = row.table == NULL;
    if (constraint != NULL && constraint[0] != '\0') {
        row.constraint = pgb_arena_strdup(f->arena, constraint);
        nomem |= row.constraint == NULL;
    }
    if (reason != NULL && reason[0] != '\0') {
        row.reason = pgb_arena_strdup(f->arena, reason);
        nomem |= row.reason == NULL;
    }
    f->n_rows += n;
    f->n_impossible += outcome == PGB_ROWS_IMPOSSIBLE;
    return !nomem && pgb_vec_push(&f->tables, row) ? PGB_OK : pgb_error_nomem(err);
}

static pgb_status begin(filling *f, pgb_error *err)
{
    return f->own ? pgb_exec(f->maker->session, "BEGIN; SET CONSTRAINTS ALL IMMEDIATE", NULL, err)
                  : pgb_exec(f->maker->session, "SET CONSTRAINTS ALL IMMEDIATE", NULL, err);
}

static pgb_status end(filling *f, pgb_status status, pgb_error *err)
{
    if (f->own && !pgb_session_lost(f->maker->session)) {
        pgb_status ended = pgb_exec(f->maker->session, status == PGB_OK ? "COMMIT" : "ROLLBACK",
                                    NULL, status == PGB_OK ? err : NULL);

        status = status == PGB_OK ? ended : status;
    }
    return status;
}

static pgb_status look_at_time(const filling *f, pgb_error *err)
{
    if (f->options->interrupted != NULL && *f->options->interrupted != 0) {
        return pgb_error_set(err, PGB_INTERRUPTED, "interrupted");
    }
    if (f->options->deadline != 0 && pgb_deadline_left(f->options->deadline) == 0) {
        pgb_error_set(err, PGB_FAILED, "making rows took too long");
        pgb_error_hint(err, "give more time, or ask for fewer rows");
        return PGB_FAILED;
    }
    return PGB_OK;
}

/* ---- tables one by one ---- */

static pgb_status fill_one(filling *f, const pgb_shape_table *t, const bool *without, uint32_t n,
                           pgb_fill *ret_fill, pgb_error *err)
{
    pgb_fill fill = {.maker = f->maker, .table = t, .without = without, .wanted = n};
    const pgb_seed_file *seeds = pgb_seeds_of(&f->seeds, t);
    pgb_status status = begin(f, err);

    if (status == PGB_OK) {
        status = seeds != NULL ? pgb_fill_seeds(&fill, seeds, err) : pgb_fill_table(&fill, err);
    }
    status = end(f, status, err);
    pgb_maker_forget(f->maker, t);
    ret_fill->n += fill.n;
    if (fill.n == 0 || ret_fill->reason[0] == '\0') {
        memcpy(ret_fill->reason, fill.reason, sizeof fill.reason);
        memcpy(ret_fill->constraint, fill.constraint, sizeof fill.constraint);
    }
    return status;
}

static pgb_status tell(filling *f, const pgb_shape_table *t, const pgb_fill *fill, pgb_error *err)
{
    bool seeded = pgb_seeds_of(&f->seeds, t) != NULL;

    f->filled[t->index] = fill->n > 0;
    if (fill->n == 0 && !seeded) {
        return report(f, t, PGB_ROWS_IMPOSSIBLE, 0, fill->constraint, fill->reason, err);
    }
    return report(f, t, seeded ? PGB_ROWS_SEEDED : PGB_ROWS_FILLED, fill->n, NULL, fill->reason,
                  err);
}

static bool is_kept(filling *f, const pgb_shape_table *t)
{
    return f->options->only_empty && t->root->rows;
}

static pgb_status fill_single(filling *f, const pgb_shape_table *t, pgb_error *err)
{
    pgb_fill fill = {.n = 0};
    pgb_status status = fill_one(f, t, NULL, per_table(f, t), &fill, err);

    return status == PGB_OK ? tell(f, t, &fill, err) : status;
}

/* ---- circles ---- */

typedef struct circle {
    const pgb_shape_table *const *tables;
    uint32_t n;
    bool *ready; /* by place: can be referred to, or is known to be impossible */
    pgb_fill *fills;
    bool **without; /* by place: foreign keys whose parents are not ready */
} circle;

static uint32_t place_of(const circle *c, const pgb_shape_table *t)
{
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->tables[i] == t->root) {
            return i;
        }
    }
    return UINT32_MAX;
}

static bool may_be_null(const pgb_shape_table *t, const pgb_shape_foreign *f)
{
    bool any = false, all = true;

    for (uint16_t i = 0; i < f->n; i++) {
        any |= !t->columns[f->columns[i]].not_null;
        all &= !t->columns[f->columns[i]].not_null;
    }
    return f->match_full ? all : any;
}

/* Marks the foreign keys that wait; false: one of them may not. */
static bool mark_waiting(circle *c, uint32_t place, bool *ret_any)
{
    const pgb_shape_table *t = c->tables[place];

    *ret_any = false;
    for (uint16_t k = 0; k < t->n_foreigns; k++) {
        uint32_t up = place_of(c, t->foreigns[k].parent);

        c->without[place][k] = up != UINT32_MAX && !c->ready[up];
        *ret_any |= c->without[place][k];
        if (c->without[place][k] && !may_be_null(t, &t->foreigns[k])) {
            return false;
        }
    }
    return true;
}

static pgb_status init_circle(filling *f, circle *c, pgb_arena *arena, pgb_error *err)
{
    c->ready = pgb_arena_array(arena, c->n, sizeof *c->ready);
    c->fills = pgb_arena_array(arena, c->n, sizeof *c->fills);
    c->without = pgb_arena_array(arena, c->n, sizeof *c->without);
    if (c->ready == NULL || c->fills == NULL || c->without == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < c->n; i++) {
        c->without[i] =
            pgb_arena_array(arena, (size_t)c->tables[i]->n_foreigns + 1, sizeof **c->without);
        if (c->without[i] == NULL) {
            return pgb_error_nomem(err);
        }
        c->ready[i] = is_kept(f, c->tables[i]);
    }
    return PGB_OK;
}

static pgb_status fill_knot(filling *f, circle *c, pgb_error *err)
{
    pgb_status status = begin(f, err);
    const pgb_shape_table **tables = malloc((c->n + 1) * sizeof *tables);
    pgb_fill **fills = malloc((c->n + 1) * sizeof *fills);
    uint32_t n = 0;

    if (tables == NULL || fills == NULL) {
        status = status == PGB_OK ? pgb_error_nomem(err) : status;
    }
    for (uint32_t i = 0; status == PGB_OK && i < c->n; i++) {
        if (!c->ready[i]) {
            c->ready[i] = true;
            fills[n] = &c->fills[i];
            tables[n++] = c->tables[i];
        }
    }
    if (status == PGB_OK && n > 0) {
        status = pgb_fill_knot(f->maker, tables, fills, n, per_table(f, tables[0]), err);
    }
    status = end(f, status, err);
    for (uint32_t i = 0; i < n; i++) {
        pgb_maker_forget(f->maker, tables[i]);
    }
    free(tables);
    free(fills);
    return status;
}

/* First rows whose foreign keys within the circle are null where their parents are not there yet,
 * then as many for which they are; what can't be null is put in with its parents, in one
 * statement. */
static pgb_status fill_circle(filling *f, const pgb_shape_table *const *tables, uint32_t n,
                              pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    circle c = {.tables = tables, .n = n};
    pgb_status status = arena != NULL ? init_circle(f, &c, arena, err) : pgb_error_nomem(err);
    bool again = true;

    while (status == PGB_OK && again) {
        again = false;
        for (uint32_t i = 0; status == PGB_OK && i < n; i++) {
            bool waits;

            if (!c.ready[i] && mark_waiting(&c, i, &waits)) {
                status = fill_one(f, tables[i], waits ? c.without[i] : NULL,
                                  (per_table(f, tables[i]) + 1) / 2, &c.fills[i], err);
                c.ready[i] = true;
                again = true;
            }
        }
        for (uint32_t i = 0; status == PGB_OK && !again && i < n; i++) {
            if (!c.ready[i]) {
                status = fill_knot(f, &c, err);
                again = true;
                break;
            }
        }
    }
    for (uint32_t i = 0; status == PGB_OK && i < n; i++) {
        if (is_kept(f, tables[i])) {
            status = report(f, tables[i], PGB_ROWS_KEPT, 0, NULL, NULL, err);
            f->filled[tables[i]->index] = true;
            continue;
        }
        if (c.fills[i].n > 0 && c.fills[i].n < per_table(f, tables[i]) &&
            pgb_seeds_of(&f->seeds, tables[i]) == NULL) {
            status = fill_one(f, tables[i], NULL, per_table(f, tables[i]) - c.fills[i].n,
                              &c.fills[i], err);
        }
        if (status == PGB_OK) {
            status = tell(f, tables[i], &c.fills[i], err);
        }
    }
    return status;
}

static bool refers_to_itself(const pgb_shape_table *t)
{
    for (uint16_t i = 0; i < t->n_foreigns; i++) {
        if (t->foreigns[i].parent->root == t) {
            return true;
        }
    }
    return false;
}

static pgb_status fill_all(filling *f, const pgb_order *order, pgb_error *err)
{
    pgb_status status = PGB_OK;
    uint32_t from = 0;

    for (uint32_t e = 0; status == PGB_OK && e < order->n_ends; from = order->ends[e++]) {
        const pgb_shape_table *const *tables = &order->tables[from];
        uint32_t n = order->ends[e] - from;

        status = look_at_time(f, err);
        if (status != PGB_OK) {
            break;
        }
        if (n > 1 || (refers_to_itself(tables[0]) && !is_kept(f, tables[0]))) {
            status = fill_circle(f, tables, n, err);
        } else if (is_kept(f, tables[0])) {
            f->filled[tables[0]->index] = true;
            status = report(f, tables[0], PGB_ROWS_KEPT, 0, NULL, NULL, err);
        } else {
            status = fill_single(f, tables[0], err);
        }
    }
    return status;
}

static pgb_status mark_wanted(const pgb_shape *shape, const pgb_rows_options *o, pgb_arena *arena,
                              const bool **ret_wanted, pgb_error *err)
{
    bool *wanted = NULL;

    if (o->tables != NULL) {
        wanted = pgb_arena_array(arena, (size_t)shape->n_tables + 1, sizeof *wanted);
        if (wanted == NULL) {
            return pgb_error_nomem(err);
        }
        for (uint32_t i = 0; i < o->n_tables; i++) {
            const pgb_shape_table *t = pgb_shape_find(shape, o->tables[i]);

            if (t != NULL) {
                wanted[t->root->index] = true;
            }
        }
    }
    *ret_wanted = wanted;
    return PGB_OK;
}

pgb_status pgb_rows_fill_with(pgb_maker *maker, const pgb_rows_options *options,
                              pgb_rows_report *ret_report, pgb_error *err)
{
    filling f = {
        .maker = maker, .options = options, .own = !pgb_session_in_transaction(maker->session)};
    PGB_AUTO_ARENA(scratch);
    pgb_order order = {0};
    pgb_status status = PGB_OK;

    *ret_report = (pgb_rows_report){0};
    f.arena = pgb_arena_new();
    if (f.arena == NULL || scratch == NULL) {
        pgb_arena_free(f.arena);
        return pgb_error_nomem(err);
    }
    f.filled = pgb_arena_array(scratch, (size_t)maker->shape->n_tables + 1, sizeof *f.filled);
    if (f.filled == NULL) {
        status = pgb_error_nomem(err);
    }
    pgb_maker_want(maker, per_table(&f, NULL) * 2);
    if (status == PGB_OK) {
        status = pgb_seeds_read(maker->shape, options->seeds, &f.seeds, err);
    }
    if (status == PGB_OK) {
        status = mark_wanted(maker->shape, options, scratch, &f.wanted, err);
    }
    if (status == PGB_OK) {
        status = pgb_order_make(maker->shape, f.wanted, scratch, &order, err);
    }
    if (status == PGB_OK) {
        status = fill_all(&f, &order, err);
    }
    if (status == PGB_OK) {
        pgb_rows_table *tables = pgb_arena_array(f.arena, f.tables.n + 1, sizeof *tables);

        if (tables == NULL) {
            status = pgb_error_nomem(err);
        } else {
            if (f.tables.n > 0) {
                memcpy(tables, f.tables.at, f.tables.n * sizeof *tables);
            }
            *ret_report = (pgb_rows_report){.arena = f.arena,
                                            .tables = tables,
                                            .n = (uint32_t)f.tables.n,
                                            .n_rows = f.n_rows,
                                            .n_impossible = f.n_impossible};
        }
    }
    if (status != PGB_OK) {
        pgb_arena_free(f.arena);
    }
    pgb_vec_done(&f.tables);
    pgb_seeds_done(&f.seeds);
    return status;
}

/* status: of the shape's reading; the shape is freed. */
static pgb_status fill_shape(pgb_status status, pgb_session *session, pgb_shape *shape,
                             const pgb_rows_options *options, pgb_rows_report *ret_report,
                             pgb_error *err)
{
    pgb_maker *maker = NULL;

    *ret_report = (pgb_rows_report){0};
    if (status == PGB_OK) {
        status = pgb_maker_new(session, shape, options->seed, &maker, err);
    }
    if (status == PGB_OK) {
        status = pgb_rows_fill_with(maker, options, ret_report, err);
    }
    pgb_maker_free(maker);
    pgb_shape_free(shape);
    return status;
}

pgb_status pgb_rows_fill(pgb_session *session, const pgb_catalog *catalog,
                         const pgb_rows_options *options, pgb_rows_report *ret_report,
                         pgb_error *err)
{
    pgb_shape *shape = NULL;
    pgb_status status = pgb_shape_read(session, catalog, &shape, err);

    return fill_shape(status, session, shape, options, ret_report, err);
}

pgb_status pgb_rows_fill_new(pgb_session *session, const uint32_t *oids, uint32_t n,
                             const pgb_rows_options *options, pgb_rows_report *ret_report,
                             pgb_error *err)
{
    pgb_shape *shape = NULL;
    /* which table a file of seeds is for, all tables say */
    pgb_status status = options->seeds != NULL && access(options->seeds, F_OK) == 0
                            ? pgb_shape_read(session, NULL, &shape, err)
                            : pgb_shape_read_near(session, oids, n, &shape, err);

    return fill_shape(status, session, shape, options, ret_report, err);
}

void pgb_rows_report_done(pgb_rows_report *report)
{
    pgb_arena_free(report->arena);
    *report = (pgb_rows_report){0};
}
