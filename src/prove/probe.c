#include "prove/probe.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "prove/probe_internal.h"

enum { ROWS = 12 };

/* What is probed of a table by itself; partitions have most from their parent. */
static pgb_status probe_table(pgb_prober *p, const pgb_shape_table *table, pgb_error *err)
{
    pgb_status status = pgb_probe_leftovers(p, table, err);

    for (uint16_t i = 0; status == PGB_OK && i < table->n_foreigns; i++) {
        if (!table->foreigns[i].clone) {
            status = pgb_probe_foreign(p, table, &table->foreigns[i], err);
        }
    }
    for (uint16_t i = 0; status == PGB_OK && i < table->n_checks; i++) {
        if (!table->checks[i].clone) {
            status = pgb_probe_check(p, table, &table->checks[i], err);
        }
    }
    for (uint16_t i = 0; status == PGB_OK && i < table->n_uniques; i++) {
        if (!table->uniques[i].clone) {
            status = pgb_probe_unique(p, table, &table->uniques[i], err);
        }
    }
    for (uint16_t i = 0; status == PGB_OK && !table->partition && i < table->n_columns; i++) {
        if (table->columns[i].not_null) {
            status = pgb_probe_not_null(p, table, i, err);
        }
    }
    return status;
}

static pgb_status fill(pgb_prober *p, pgb_error *err)
{
    pgb_rows_options o = {.rows = p->options->rows != 0 ? p->options->rows : ROWS,
                          .seed = p->options->seed,
                          .seeds = p->options->seeds,
                          .only_empty = true,
                          .deadline = p->options->deadline,
                          .interrupted = p->options->interrupted};
    pgb_rows_report report = {0};
    pgb_status status;

    for (uint32_t i = 0; i < p->shape->n_tables; i++) {
        p->had_rows[i] = p->shape->tables[i].rows;
    }
    status = pgb_rows_fill_with(p->maker, &o, &report, err);
    for (uint32_t i = 0; status == PGB_OK && i < report.n; i++) {
        const pgb_rows_table *r = &report.tables[i];
        const pgb_shape_table *t;

        if (r->outcome == PGB_ROWS_IMPOSSIBLE && (t = pgb_shape_find(p->shape, r->table)) != NULL) {
            p->empty[t->index] =
                pgb_arena_printf(p->arena, "no row could be put into %s: %s", r->table, r->reason);
            status = p->empty[t->index] != NULL ? PGB_OK : pgb_error_nomem(err);
        }
    }
    pgb_rows_report_done(&report);
    return status;
}

static bool is_wanted(const pgb_prober *p, const pgb_shape_table *t)
{
    for (uint32_t i = 0; i < p->options->n_tables; i++) {
        if (strcmp(p->options->tables[i], t->name) == 0 ||
            strcmp(p->options->tables[i], t->root->name) == 0) {
            return true;
        }
    }
    return p->options->tables == NULL && t->known;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const pgb_shape_table *const *)a)->name,
                  (*(const pgb_shape_table *const *)b)->name);
}

static pgb_status probe_all(pgb_prober *p, pgb_error *err)
{
    const pgb_shape *s = p->shape;
    const pgb_shape_table **tables =
        pgb_arena_array(p->arena, (size_t)s->n_tables + 1, sizeof *tables);
    pgb_status status = tables != NULL ? PGB_OK : pgb_error_nomem(err);
    uint32_t n = 0;

    for (uint32_t i = 0; status == PGB_OK && i < s->n_tables; i++) {
        if (is_wanted(p, &s->tables[i])) {
            tables[n++] = &s->tables[i];
        }
    }
    if (n > 0) {
        qsort(tables, n, sizeof *tables, by_name);
    }
    for (uint32_t i = 0; status == PGB_OK && i < n; i++) {
        if (p->options->step != NULL) {
            p->options->step(p->options->data, tables[i]->name, i + 1, n);
        }
        status = probe_table(p, tables[i], err);
        if (status != PGB_OK) {
            pgb_error_context(err, "while probing %s", tables[i]->name);
        }
    }
    for (uint32_t i = 0; status == PGB_OK && p->options->tables == NULL && i < s->n_types; i++) {
        if (s->types[i].kind == 'd' && !s->types[i].own && !s->types[i].extension &&
            strncmp(s->types[i].text, "information_schema.", 19) != 0) {
            status = pgb_probe_domain(p, &s->types[i], err);
        }
    }
    return status;
}

pgb_status pgb_probe_run(pgb_session *session, const pgb_catalog *catalog,
                         const pgb_probe_options *options, pgb_proofs *proofs, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    pgb_prober p = {.session = session, .options = options, .proofs = proofs, .arena = arena};
    pgb_shape *shape = NULL;
    pgb_status status = arena != NULL ? PGB_OK : pgb_error_nomem(err);

    if (status == PGB_OK && options->deadline != 0) {
        pgb_session_set_deadline(session, options->deadline);
    }
    if (status == PGB_OK) {
        status = pgb_shape_read(session, catalog, &shape, err);
    }
    p.shape = shape;
    if (status == PGB_OK) {
        status = pgb_maker_new(session, shape, options->seed, &p.maker, err);
    }
    if (status == PGB_OK) {
        /* before the first trial: what is made in one is rolled back with it. Without plpgsql there
         * is none, and what needs it is not probed. */
        pgb_error inner = PGB_ERROR_INIT;

        status = pgb_maker_need_helper(p.maker, &inner);
        if (status == PGB_SQL) {
            status = PGB_OK;
        } else if (status != PGB_OK && err != NULL) {
            *err = inner;
        }
    }
    if (status == PGB_OK) {
        p.had_rows = pgb_arena_array(arena, (size_t)shape->n_tables + 1, sizeof *p.had_rows);
        p.empty = pgb_arena_array(arena, (size_t)shape->n_tables + 1, sizeof *p.empty);
        status = p.had_rows != NULL && p.empty != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    if (status == PGB_OK) {
        status = fill(&p, err);
    }
    if (status == PGB_OK) {
        status = probe_all(&p, err);
    }
    if (status == PGB_OK && options->queries != NULL) {
        status = pgb_probe_queries(&p, catalog, err);
    }
    if (options->deadline != 0 && !pgb_session_lost(session)) {
        pgb_session_set_deadline(session, PGB_DEADLINE_NEVER);
    }
    pgb_maker_free(p.maker);
    pgb_shape_free(shape);
    return status;
}
