/* Checks of tables and domains: is a value inside taken, and one outside refused, in each way in
 * which the check can be broken? */
#include <stdio.h>
#include <string.h>

#include "prove/probe_internal.h"

static const pgb_group_check *find_check(const pgb_making *m, const pgb_shape_check *check,
                                         const pgb_group **ret_group)
{
    for (uint32_t g = 0; g < m->n_groups; g++) {
        for (uint32_t i = 0; i < m->groups[g].n_checks; i++) {
            if (m->groups[g].checks[i].check == check) {
                *ret_group = &m->groups[g];
                return &m->groups[g].checks[i];
            }
        }
    }
    return NULL;
}

static pgb_status begin(pgb_prober *p, const pgb_shape_table *table, const pgb_shape_check *check,
                        pgb_trial *t, pgb_error *err)
{
    pgb_status status = pgb_trial_begin(p, t, err);

    pgb_buf_printf(&t->subject, "check %s.%s", table->name, check->quoted);
    return status;
}

static pgb_status inside(pgb_prober *p, const pgb_shape_table *table, const pgb_shape_check *check,
                         pgb_error *err)
{
    pgb_trial t;
    pgb_row row;
    bool put = false;
    pgb_status status = begin(p, table, check, &t, err);

    pgb_buf_puts(&t.proof, "a row inside is taken");
    if (status == PGB_OK && p->empty[table->root->index] != NULL) {
        status = pgb_trial_not_probed(&t, err, "%s", p->empty[table->root->index]);
    } else if (status == PGB_OK) {
        status = pgb_row_init(&row, table, t.arena) ? pgb_trial_row(&t, table, &row, &put, err)
                                                    : pgb_error_nomem(err);
        if (status == PGB_OK) {
            status = put ? pgb_trial_passed(&t, NULL, err) : pgb_trial_not_put(&t, err);
        }
    }
    return pgb_trial_end(&t, status, err);
}

/* Another check that refuses first is taken away, for the length of the trial. */
static pgb_status clear_way(pgb_trial *t, const pgb_shape_table *table, const pgb_error *refusal,
                            bool *ret_cleared, pgb_error *err)
{
    PGB_AUTO_BUF(sql);
    pgb_error inner;
    pgb_status status;

    *ret_cleared = false;
    for (uint16_t i = 0; i < table->n_checks; i++) {
        if (strcmp(table->checks[i].name, refusal->constraint) == 0) {
            pgb_buf_printf(&sql, "ALTER TABLE %s DROP CONSTRAINT %s CASCADE", table->name,
                           table->checks[i].quoted);
            pgb_trial_show(t, pgb_buf_str(&sql), 0, NULL);
            status = pgb_trial_run(t, pgb_buf_str(&sql), 0, NULL, NULL, &inner, err);
            *ret_cleared = inner.status == PGB_OK;
            return status;
        }
    }
    return PGB_OK;
}

/* Which columns of the check a trigger changed on the way in. */
static bool is_rewritten(const pgb_shape_table *table, const pgb_group *group, const pgb_row *given,
                         const pgb_row *stored, pgb_buf *what)
{
    for (uint16_t i = 0; i < group->n; i++) {
        uint16_t c = group->columns[i];
        const char *was = given->at[c], *is = stored->at[c];

        if (table->columns[c].generated || !given->set[c]) {
            continue;
        }
        if ((was == NULL) != (is == NULL) || (was != NULL && strcmp(was, is) != 0)) {
            pgb_buf_printf(what, "%s%s became ", what->len > 0 ? ", " : "",
                           table->columns[c].quoted);
            pgb_value_quote_literal(what, is);
        }
    }
    return what->len > 0;
}

static pgb_status judge(pgb_trial *t, const pgb_shape_table *table, const pgb_group *group,
                        const pgb_shape_check *check, const pgb_row *given, const pgb_row *stored,
                        int64_t n, const pgb_error *refusal, pgb_error *err)
{
    char text[PGB_REFUSAL_SIZE];
    PGB_AUTO_BUF(what);

    if (refusal->status != PGB_OK) {
        return strcmp(refusal->sqlstate, "23514") == 0 &&
                       strcmp(refusal->constraint, check->name) == 0
                   ? pgb_trial_passed(t, NULL, err)
                   : pgb_trial_not_probed(t, err, "something else refuses the row first: %s",
                                          pgb_refusal_text(refusal, text, sizeof text));
    }
    if (strstr(check->definition, " NOT ENFORCED") != NULL) {
        return pgb_trial_not_probed(t, err, "it is declared NOT ENFORCED: nothing is refused");
    }
    if (n == 0) {
        return pgb_trial_failed(t, err,
                                "the row is neither refused nor there: a trigger or a rule loses "
                                "it");
    }
    if (is_rewritten(table, group, given, stored, &what)) {
        return pgb_trial_failed(t, err, "the row was taken: a trigger rewrites it (%s)",
                                pgb_buf_str(&what));
    }
    return pgb_trial_failed(t, err, "the row was taken");
}

static pgb_status outside(pgb_trial *t, const pgb_shape_table *table, const pgb_group *group,
                          const pgb_shape_check *check, pgb_row *row, pgb_error *err)
{
    pgb_row chosen = *row;
    pgb_error refusal = PGB_ERROR_INIT;
    int64_t n = 0;
    bool made = false, again = true;
    pgb_status status = PGB_OK;

    for (int tries = 0; status == PGB_OK && again && tries < 20; tries++) {
        size_t mark = t->script.len, n_rows = t->rows.n;

        again = false;
        if (!pgb_row_init(row, table, t->arena)) {
            return pgb_error_nomem(err);
        }
        memcpy(row->at, chosen.at, table->n_columns * sizeof *row->at);
        memcpy(row->set, chosen.set, table->n_columns * sizeof *row->set);
        for (uint32_t g = 0; g < group->n; g++) {
            row->set[group->columns[g]] = !table->columns[group->columns[g]].generated;
        }
        status = pgb_trial_make(t, table, row, &made, err);
        if (status != PGB_OK || !made) {
            break;
        }
        status = pgb_trial_put(t, table, row, &n, &refusal, err);
        if (status == PGB_OK && strcmp(refusal.sqlstate, "23514") == 0 &&
            strcmp(refusal.constraint, check->name) != 0) {
            t->rows.n = n_rows;
            t->script.len = mark;
            t->script.p[mark] = '\0';
            status = clear_way(t, table, &refusal, &again, err);
        } else if (status == PGB_OK && (strcmp(refusal.sqlstate, "23505") == 0 ||
                                        strcmp(refusal.sqlstate, "23P01") == 0)) {
            again = true; /* another value for what is not the check's */
        }
    }
    if (status != PGB_OK) {
        return status;
    }
    return made ? judge(t, table, group, check, &chosen, row, n, &refusal, err)
                : pgb_trial_not_probed(t, err, "%s", pgb_buf_str(&t->why));
}

/* *ret_tried false: no row was found that breaks it in this way. */
static pgb_status probe_way(pgb_prober *p, const pgb_shape_table *table, const pgb_group *group,
                            const pgb_shape_check *check, const char *way, bool *ret_tried,
                            pgb_error *err)
{
    pgb_trial t;
    pgb_row row = {0};
    bool made = false;
    pgb_status status = begin(p, table, check, &t, err);

    pgb_buf_printf(&t.proof, "a row outside is refused: %s", way);
    for (int others = 0; status == PGB_OK && !made && others < 2; others++) {
        if (!pgb_row_init(&row, table, t.arena)) {
            status = pgb_error_nomem(err);
            break;
        }
        status =
            pgb_maker_break(p->maker, table, check, way, others > 0, &row, t.arena, &made, err);
    }
    *ret_tried = made;
    if (status == PGB_OK && made) {
        status = outside(&t, table, group, check, &row, err);
    }
    return pgb_trial_end(&t, status, err);
}

static pgb_status none_tried(pgb_prober *p, const pgb_shape_table *table,
                             const pgb_shape_check *check, const char *why, pgb_error *err)
{
    pgb_trial t;
    pgb_status status = begin(p, table, check, &t, err);

    pgb_buf_puts(&t.proof, "a row outside is refused");
    if (status == PGB_OK) {
        status = pgb_trial_not_probed(&t, err, "%s", why);
    }
    return pgb_trial_end(&t, status, err);
}

pgb_status pgb_probe_check(pgb_prober *p, const pgb_shape_table *table,
                           const pgb_shape_check *check, pgb_error *err)
{
    pgb_making *m;
    const pgb_group *group = NULL;
    const pgb_group_check *c;
    uint32_t n = 0;
    pgb_status status = inside(p, table, check, err);

    if (status == PGB_OK) {
        status = pgb_maker_prepare(p->maker, table, &m, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (p->empty[table->root->index] != NULL) {
        return none_tried(p, table, check, p->empty[table->root->index], err);
    }
    c = find_check(m, check, &group);
    if (c == NULL) {
        return none_tried(p, table, check, "it speaks of no column", err);
    }
    for (uint32_t i = 0; status == PGB_OK && i < c->parts.n_ways; i++) {
        bool tried = false;

        status = probe_way(p, table, group, check, c->parts.ways[i], &tried, err);
        n += tried;
    }
    if (status == PGB_OK && n == 0) {
        status = none_tried(p, table, check,
                            group->blind ? group->why
                                         : "no value was found that it refuses: it may be true of "
                                           "every row",
                            err);
    }
    return status;
}

/* ---- domains ---- */

static pgb_status begin_domain(pgb_prober *p, const pgb_shape_type *domain,
                               const pgb_shape_check *check, pgb_trial *t, pgb_error *err)
{
    pgb_status status = pgb_trial_begin(p, t, err);

    pgb_buf_printf(&t->subject, check != NULL ? "check %s.%s" : "domain %s", domain->text,
                   check != NULL ? check->quoted : "");
    return status;
}

static pgb_status cast(pgb_trial *t, const pgb_shape_type *domain, const char *value,
                       pgb_error *refusal, pgb_error *err)
{
    PGB_AUTO_BUF(sql);

    pgb_buf_printf(&sql, "SELECT $1::pg_catalog.text::%s", domain->text);
    if (sql.failed) {
        return pgb_error_nomem(err);
    }
    pgb_trial_show(t, pgb_buf_str(&sql), 1, &value);
    return pgb_trial_run(t, pgb_buf_str(&sql), 1, &value, NULL, refusal, err);
}

static pgb_status domain_null(pgb_prober *p, const pgb_shape_type *domain, pgb_error *err)
{
    char text[PGB_REFUSAL_SIZE];
    pgb_error refusal;
    pgb_trial t;
    pgb_status status = begin_domain(p, domain, NULL, &t, err);

    pgb_buf_puts(&t.proof, "null is refused");
    if (status == PGB_OK) {
        status = cast(&t, domain, NULL, &refusal, err);
    }
    if (status == PGB_OK) {
        status = strcmp(refusal.sqlstate, "23502") == 0 ? pgb_trial_passed(&t, NULL, err)
                 : refusal.status == PGB_OK
                     ? pgb_trial_failed(&t, err, "null was taken")
                     : pgb_trial_failed(&t, err, "null is refused by something else: %s",
                                        pgb_refusal_text(&refusal, text, sizeof text));
    }
    return pgb_trial_end(&t, status, err);
}

static pgb_status domain_value(pgb_prober *p, const pgb_shape_type *domain,
                               const pgb_shape_check *check, const char *way, pgb_error *err)
{
    char text[PGB_REFUSAL_SIZE];
    const char *value = NULL;
    pgb_error refusal;
    pgb_trial t;
    const pgb_domain_pool *pool;
    pgb_status status = begin_domain(p, domain, check, &t, err);

    if (way == NULL) {
        pgb_buf_puts(&t.proof, "a value inside is taken");
    } else {
        pgb_buf_printf(&t.proof, "a value outside is refused: %s", way);
    }
    if (status == PGB_OK && way == NULL) {
        status = pgb_maker_pool(p->maker, domain, -1, &pool, err);
        value = status == PGB_OK && pool->n > 0 ? pool->values[0] : NULL;
    } else if (status == PGB_OK) {
        status = pgb_maker_break_domain(p->maker, domain, check, way, t.arena, &value, err);
    }
    if (status == PGB_OK && value == NULL) {
        status = pgb_trial_not_probed(&t, err, "no such value was found");
    } else if (status == PGB_OK) {
        status = cast(&t, domain, value, &refusal, err);
        if (status == PGB_OK && way == NULL) {
            status = refusal.status == PGB_OK
                         ? pgb_trial_passed(&t, NULL, err)
                         : pgb_trial_failed(&t, err, "it is refused: %s",
                                            pgb_refusal_text(&refusal, text, sizeof text));
        } else if (status == PGB_OK && refusal.status == PGB_OK) {
            status = pgb_trial_failed(&t, err, "the value was taken");
        } else if (status == PGB_OK) {
            status = strcmp(refusal.constraint, check->name) == 0
                         ? pgb_trial_passed(&t, NULL, err)
                         : pgb_trial_not_probed(&t, err, "something else refuses it first: %s",
                                                pgb_refusal_text(&refusal, text, sizeof text));
        }
    }
    return pgb_trial_end(&t, status, err);
}

pgb_status pgb_probe_domain(pgb_prober *p, const pgb_shape_type *domain, pgb_error *err)
{
    static const char *const names[] = {"value"};
    pgb_status status = domain->not_null ? domain_null(p, domain, err) : PGB_OK;

    for (uint32_t i = 0; status == PGB_OK && i < domain->n_checks; i++) {
        pgb_check_parts parts;

        status = pgb_check_take_apart(domain->checks[i].expr, names, 1, p->arena, &parts, err);
        if (status == PGB_OK) {
            status = domain_value(p, domain, &domain->checks[i], NULL, err);
        }
        for (uint32_t w = 0; status == PGB_OK && w < parts.n_ways; w++) {
            status = domain_value(p, domain, &domain->checks[i], parts.ways[w], err);
        }
    }
    return status;
}
