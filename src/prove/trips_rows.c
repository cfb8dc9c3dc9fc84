/* Generated rows for the tables that a revision makes. */
#include <string.h>

#include "pg/pg.h"
#include "prove/rows.h"
#include "prove/trips_internal.h"

/* Tables of `now` that `before` has not. */
static const char **new_tables(const pgb_catalog *before, const pgb_catalog *now, pgb_arena *arena,
                               uint32_t *ret_n)
{
    const char **names = pgb_arena_array(arena, (size_t)now->n + 1, sizeof *names);

    *ret_n = 0;
    for (uint32_t i = 0; names != NULL && i < now->n; i++) {
        const pgb_object *o = &now->objects[i];

        if (strcmp(o->kind, "table") == 0 &&
            (before == NULL || pgb_catalog_find(before, o->kind, o->identity) == NULL)) {
            names[(*ret_n)++] = o->identity;
        }
    }
    return names;
}

/* A table that can't be filled is said once. */
static pgb_status tell_impossible(trip *t, const pgb_rows_report *report)
{
    work *w = t->w;
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < report->n && status == PGB_OK; i++) {
        const pgb_rows_table *x = &report->tables[i];
        const char *name, *subject, *reason;
        uint32_t known;

        if (x->outcome != PGB_ROWS_IMPOSSIBLE ||
            pgb_map_get(&t->told, x->table, strlen(x->table), &known)) {
            continue;
        }
        name = pgb_arena_strdup(w->arena, x->table);
        subject = pgb_arena_printf(w->arena, "table %s", x->table);
        reason = pgb_arena_printf(
            w->arena,
            "no generated row is accepted%s%s: %s\nhint: rows of it in "
            "seeds/%s.csv are taken instead.",
            x->constraint != NULL ? " by " : "", x->constraint != NULL ? x->constraint : "",
            x->reason != NULL ? x->reason : "the server did not say why", pgb_last_name(x->table));
        if (name == NULL || subject == NULL || reason == NULL ||
            !pgb_map_add(&t->told, name, strlen(name), 1, NULL, NULL)) {
            return pgb_error_nomem(w->err);
        }
        status =
            pgb_proofs_add(&w->out->proofs, subject, "rows that satisfy its schema can be made",
                           PGB_PROOF_NOT_PROBED, reason, NULL, w->err);
    }
    return status;
}

/* now: NULL when the tables are those oids. */
static pgb_status fill_once(trip *t, const pgb_catalog *now, const uint32_t *oids, uint32_t n,
                            const pgb_rows_options *how, pgb_rows_report *report, pgb_error *err)
{
    pgb_session *session = pgb_site_session(t->site);

    return now != NULL ? pgb_rows_fill(session, now, how, report, err)
                       : pgb_rows_fill_new(session, oids, n, how, report, err);
}

static pgb_status fill(trip *t, const pgb_catalog *now, const uint32_t *oids,
                       const char *const *names, uint32_t n)
{
    work *w = t->w;
    pgb_rows_options how = {.rows = w->o->rows_count,
                            .seed = 1,
                            .seeds = w->o->seeds,
                            .only_empty = true,
                            .tables = names,
                            .n_tables = n,
                            .interrupted = w->o->interrupted};
    pgb_rows_report report = {0};
    pgb_error own = PGB_ERROR_INIT;
    pgb_status status = fill_once(t, now, oids, n, &how, &report, &own);

    if (status == PGB_PROJECT && how.seeds != NULL) {
        /* the seeds may fit a later state only; whether they fit the last one, the probes say */
        how.seeds = NULL;
        if (!t->seeds_unfit) {
            t->seeds_unfit = true;
            status = work_note(w, pgb_arena_printf(w->arena,
                                                   "the seeds do not fit the schema at revision "
                                                   "%s (%s): rows were generated there",
                                                   t->id, own.message));
        }
        pgb_error_clear(&own);
        status = fill_once(t, now, oids, n, &how, &report, &own);
    }
    if (status != PGB_OK) {
        if (w->err != NULL) {
            *w->err = own;
        }
        return status;
    }
    t->has_rows = t->has_rows || report.n_rows > 0;
    status = tell_impossible(t, &report);
    pgb_rows_report_done(&report);
    return status;
}

pgb_status trips_fill(trip *t, const pgb_catalog *before, const pgb_catalog *now)
{
    PGB_AUTO_ARENA(arena);
    const char **names;
    uint32_t n = 0;

    if (!t->w->o->rows) {
        return PGB_OK;
    }
    if (!t->has_rows) {
        before = NULL; /* the site was made again since, or nothing was filled yet */
    }
    names = arena != NULL ? new_tables(before, now, arena, &n) : NULL;
    if (names == NULL) {
        return pgb_error_nomem(t->w->err);
    }
    return n > 0 ? fill(t, now, NULL, names, n) : PGB_OK;
}

pgb_status trips_fill_new(trip *t, const uint32_t *oids, const char *const *names, uint32_t n)
{
    return t->w->o->rows && n > 0 ? fill(t, NULL, oids, names, n) : PGB_OK;
}

pgb_status trips_refill(trip *t)
{
    return t->before.catalog != NULL && !t->has_rows ? trips_fill(t, NULL, t->before.catalog)
                                                     : PGB_OK;
}
