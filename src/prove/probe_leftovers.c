/* Rows that were there before any were generated, and that break what is declared: what NOT VALID,
 * disabled triggers, and functions that changed their mind leave behind. */
#include <string.h>

#include "prove/probe_internal.h"

static pgb_status judge(pgb_trial *t, const char *sql, bool validated, bool had_rows,
                        pgb_error *err)
{
    char text[PGB_REFUSAL_SIZE];
    pgb_result *r = NULL;
    pgb_error refusal = PGB_ERROR_INIT;
    pgb_status status = PGB_OK;
    int64_t n = 0;

    if (had_rows) {
        pgb_trial_show(t, sql, 0, NULL);
        status = pgb_trial_run(t, sql, 0, NULL, &r, &refusal, err);
        n = status == PGB_OK && refusal.status == PGB_OK ? pgb_result_int(r, 0, 0) : 0;
        pgb_result_free(r);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (refusal.status != PGB_OK) {
        return pgb_trial_failed(t, err, "it can't be evaluated over the rows that are there: %s",
                                pgb_refusal_text(&refusal, text, sizeof text));
    }
    if (n > 0) {
        return pgb_trial_failed(t, err, "%lld row%s %s it%s", (long long)n, n == 1 ? "" : "s",
                                n == 1 ? "breaks" : "break",
                                validated ? ", though it is declared valid" : " (it is NOT VALID)");
    }
    if (!validated) {
        return pgb_trial_not_probed(t, err,
                                    "it is NOT VALID: rows that were there before it may break it; "
                                    "VALIDATE CONSTRAINT looks at them");
    }
    return pgb_trial_passed(t, NULL, err);
}

static void put_orphans(const pgb_shape_table *table, const pgb_shape_foreign *f, pgb_buf *b)
{
    pgb_buf_printf(b, "SELECT pg_catalog.count(*) FROM %s AS child WHERE ", table->name);
    for (uint16_t i = 0; i < f->n; i++) {
        pgb_buf_printf(b, "child.%s IS NOT NULL AND ", table->columns[f->columns[i]].quoted);
    }
    pgb_buf_printf(b, "NOT EXISTS (SELECT FROM %s AS parent WHERE ", f->parent->name);
    for (uint16_t i = 0; i < f->n; i++) {
        pgb_buf_printf(b, "%sparent.%s = child.%s", i > 0 ? " AND " : "",
                       f->parent->columns[f->parent_columns[i]].quoted,
                       table->columns[f->columns[i]].quoted);
    }
    pgb_buf_putc(b, ')');
}

static pgb_status look(pgb_prober *p, const pgb_shape_table *table, const pgb_shape_check *check,
                       const pgb_shape_foreign *f, pgb_error *err)
{
    bool had_rows = p->had_rows[table->root->index];
    /* one of the two is given */
    /* cppcheck-suppress nullPointer */
    bool validated = check != NULL ? check->validated : f->validated;
    PGB_AUTO_BUF(sql);
    pgb_trial t;
    pgb_status status;

    if (!had_rows && validated) {
        return PGB_OK;
    }
    status = pgb_trial_begin(p, &t, err);
    pgb_buf_printf(&t.subject, "%s %s.%s", check != NULL ? "check" : "foreign key", table->name,
                   check != NULL ? check->quoted : f->quoted);
    pgb_buf_puts(&t.proof, "the rows that were there satisfy it");
    if (check != NULL) {
        pgb_buf_printf(&sql, "SELECT pg_catalog.count(*) FROM %s WHERE NOT (%s)", table->name,
                       check->expr);
    } else {
        put_orphans(table, f, &sql);
    }
    if (status == PGB_OK && sql.failed) {
        status = pgb_error_nomem(err);
    }
    if (status == PGB_OK) {
        status = judge(&t, pgb_buf_str(&sql), validated, had_rows, err);
    }
    return pgb_trial_end(&t, status, err);
}

pgb_status pgb_probe_leftovers(pgb_prober *p, const pgb_shape_table *table, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (uint16_t i = 0; status == PGB_OK && i < table->n_checks; i++) {
        if (!table->checks[i].clone) {
            status = look(p, table, &table->checks[i], NULL, err);
        }
    }
    for (uint16_t i = 0; status == PGB_OK && i < table->n_foreigns; i++) {
        if (!table->foreigns[i].clone) {
            status = look(p, table, NULL, &table->foreigns[i], err);
        }
    }
    return status;
}
