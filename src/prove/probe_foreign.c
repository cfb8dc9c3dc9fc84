/* Foreign keys: is an orphan refused, and what becomes of the child when its parent goes or gets
 * another key? */
#include <stdio.h>
#include <string.h>

#include "prove/probe_internal.h"

typedef enum fate { REFUSED, CASCADED, NULLED, DEFAULTED } fate;

typedef struct family {
    pgb_trial t;
    const pgb_shape_table *table;
    const pgb_shape_foreign *f;
    pgb_row parent, child;
    bool deleting;
    fate declared;
    const char **defaults; /* by column of the foreign key; NULL where not asked for */
    const char **fresh;    /* the parent's new key */
} family;

typedef struct tally {
    int64_t all, same, nulled, defaulted, fresh;
} tally;

static fate fate_of(char action)
{
    return action == 'c' ? CASCADED : action == 'n' ? NULLED : action == 'd' ? DEFAULTED : REFUSED;
}

/* Columns of the foreign key that SET NULL and SET DEFAULT change. */
static bool is_changed(const family *m, uint16_t i)
{
    if (!m->deleting || m->f->n_set == 0) {
        return true;
    }
    for (uint16_t k = 0; k < m->f->n_set; k++) {
        if (m->f->set_columns[k] == m->f->columns[i]) {
            return true;
        }
    }
    return false;
}

static void put_columns(const family *m, pgb_buf *b)
{
    uint16_t n = 0;

    for (uint16_t i = 0; i < m->f->n; i++) {
        if (is_changed(m, i)) {
            pgb_buf_printf(b, "%s%s", n++ > 0 ? ", " : "",
                           m->table->columns[m->f->columns[i]].quoted);
        }
    }
}

static pgb_status begin(pgb_prober *p, const pgb_shape_table *table, const pgb_shape_foreign *f,
                        family *m, pgb_error *err)
{
    pgb_status status;

    *m = (family){.table = table, .f = f};
    status = pgb_trial_begin(p, &m->t, err);
    if (status == PGB_OK &&
        (!pgb_row_init(&m->parent, f->parent, m->t.arena) ||
         !pgb_row_init(&m->child, table, m->t.arena) ||
         (m->defaults = pgb_arena_array(m->t.arena, f->n, sizeof *m->defaults)) == NULL ||
         (m->fresh = pgb_arena_array(m->t.arena, f->n, sizeof *m->fresh)) == NULL)) {
        status = pgb_error_nomem(err);
    }
    pgb_buf_printf(&m->t.subject, "foreign key %s.%s", table->name, f->quoted);
    return status;
}

static const char *why_empty(const family *m)
{
    const char *why = m->t.p->empty[m->f->parent->root->index];

    return why != NULL ? why : m->t.p->empty[m->table->root->index];
}

/* A parent of its own, and a child that refers to it, which is not put in yet. */
static pgb_status make_parent(family *m, bool *ret_made, pgb_error *err)
{
    pgb_status status = pgb_trial_row(&m->t, m->f->parent, &m->parent, ret_made, err);

    for (uint16_t i = 0; status == PGB_OK && *ret_made && i < m->f->n; i++) {
        m->child.set[m->f->columns[i]] = true;
        m->child.at[m->f->columns[i]] = m->parent.at[m->f->parent_columns[i]];
        if (m->child.at[m->f->columns[i]] == NULL) {
            *ret_made = false;
            pgb_buf_clear(&m->t.why);
            pgb_buf_printf(&m->t.why, "the parent's %s came out null",
                           m->f->parent->columns[m->f->parent_columns[i]].quoted);
        }
    }
    return status;
}

/* "… WHERE a = $1::text::int AND …" over columns of a table; parameters are the child's key. */
static void put_key(const family *m, const pgb_shape_table *t, const uint16_t *columns,
                    const char **key, const char **values, int *n, pgb_buf *b)
{
    for (uint16_t i = 0; i < m->f->n; i++) {
        values[*n] = key[i];
        pgb_buf_printf(b, "%s%s = $%d::pg_catalog.text::%s", i > 0 ? " AND " : "",
                       t->columns[columns[i]].quoted, *n + 1, t->columns[columns[i]].type_text);
        (*n)++;
    }
}

enum { VALUES_MAX = 400, FRESH_KEYS = 10 };

static void key_of(const family *m, const char **key)
{
    for (uint16_t i = 0; i < m->f->n; i++) {
        key[i] = m->parent.at[m->f->parent_columns[i]];
    }
}

/* Counts over the child's table. */
static pgb_status count(family *m, tally *ret_tally, pgb_error *err)
{
    const char *values[VALUES_MAX], *key[64];
    PGB_AUTO_BUF(sql);
    pgb_result *r = NULL;
    pgb_status status;
    int n = 0;

    key_of(m, key);
    pgb_buf_puts(&sql, "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE ");
    put_key(m, m->table, m->f->columns, key, values, &n, &sql);
    pgb_buf_puts(&sql, "), pg_catalog.count(*) FILTER (WHERE true");
    for (uint16_t i = 0; i < m->f->n; i++) {
        if (is_changed(m, i)) {
            pgb_buf_printf(&sql, " AND %s IS NULL", m->table->columns[m->f->columns[i]].quoted);
        }
    }
    pgb_buf_puts(&sql, "), pg_catalog.count(*) FILTER (WHERE true");
    for (uint16_t i = 0; i < m->f->n; i++) {
        const pgb_shape_column *c = &m->table->columns[m->f->columns[i]];

        if (is_changed(m, i)) {
            values[n] = m->defaults[i];
            pgb_buf_printf(&sql, " AND %s IS NOT DISTINCT FROM $%d::pg_catalog.text::%s", c->quoted,
                           n + 1, c->type_text);
            n++;
        }
    }
    pgb_buf_puts(&sql, "), pg_catalog.count(*) FILTER (WHERE ");
    put_key(m, m->table, m->f->columns, m->fresh, values, &n, &sql);
    pgb_buf_printf(&sql, ") FROM %s", m->table->name);
    if (sql.failed) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec_params(m->t.p->session, pgb_buf_str(&sql), n, values, &r, err);
    if (status == PGB_OK) {
        *ret_tally = (tally){.all = pgb_result_int(r, 0, 0),
                             .same = pgb_result_int(r, 0, 1),
                             .nulled = pgb_result_int(r, 0, 2),
                             .defaulted = pgb_result_int(r, 0, 3),
                             .fresh = pgb_result_int(r, 0, 4)};
    }
    pgb_result_free(r);
    return status;
}

static bool is_all_null(const family *m, const pgb_row *row)
{
    for (uint16_t i = 0; i < m->f->n; i++) {
        if (is_changed(m, i) && row->at[m->f->columns[i]] != NULL) {
            return false;
        }
    }
    return true;
}

static bool is_null_default(const family *m)
{
    for (uint16_t i = 0; i < m->f->n; i++) {
        if (is_changed(m, i) && m->defaults[i] != NULL) {
            return false;
        }
    }
    return true;
}

/* What became of the child, in words. A parent of the same table counts there as well. */
static const char *seen(const family *m, const tally *before, const tally *after, fate *ret_fate)
{
    bool gone_too = m->deleting && m->f->parent->root == m->table->root;
    int64_t all = before->all - gone_too;
    int64_t nulled = before->nulled - (gone_too && is_all_null(m, &m->parent));

    *ret_fate = REFUSED; /* none of the others */
    if (after->same > 0) {
        return m->deleting ? "the child still refers to the parent that is gone"
                           : "the child still has the old key, which no parent has any more";
    }
    if (after->all == all - 1) {
        *ret_fate = m->deleting ? CASCADED : REFUSED;
        return "the child is gone";
    }
    if (after->all != all) {
        return "more rows than the child's changed";
    }
    if (!m->deleting && after->fresh > before->fresh) {
        *ret_fate = CASCADED;
        return "the child has the new key";
    }
    if (after->nulled > nulled) {
        *ret_fate = NULLED;
        return "the child's reference is null";
    }
    if (after->defaulted > before->defaulted) {
        *ret_fate = DEFAULTED;
        return "the child's reference has its default";
    }
    return "the child refers to something else";
}

static bool is_foreign_refusal(const pgb_error *refusal)
{
    return strcmp(refusal->sqlstate, "23503") == 0 || strcmp(refusal->sqlstate, "23001") == 0;
}

static pgb_status judge_refusal(family *m, const pgb_error *refusal, pgb_error *err)
{
    char text[PGB_REFUSAL_SIZE];
    const char *what = m->deleting ? "delete" : "update";

    pgb_refusal_text(refusal, text, sizeof text);
    if (is_foreign_refusal(refusal) &&
        pgb_shape_names(m->f->name, m->f->aliases, refusal->constraint)) {
        return m->declared == REFUSED
                   ? pgb_trial_passed(&m->t, NULL, err)
                   : pgb_trial_failed(&m->t, err, "the %s is refused by the foreign key itself: %s",
                                      what, text);
    }
    if (is_foreign_refusal(refusal)) {
        return pgb_trial_not_probed(&m->t, err, "another foreign key refuses the %s first: %s",
                                    what, text);
    }
    if (!m->deleting &&
        (strncmp(refusal->sqlstate, "22", 2) == 0 || strcmp(refusal->sqlstate, "428C9") == 0)) {
        return pgb_trial_not_probed(&m->t, err, "the parent's key can't be changed: %s", text);
    }
    return pgb_trial_failed(&m->t, err, "the %s fails: %s", what, text);
}

static pgb_status judge(family *m, const tally *before, int64_t n, pgb_error *err)
{
    static const char *const wanted[] = {"the statement refused", "the child gone",
                                         "the child's reference null",
                                         "the child's reference at its default"};
    tally after;
    fate actual;
    const char *words;
    pgb_status status = count(m, &after, err);

    if (status != PGB_OK) {
        return status;
    }
    if (n == 0) {
        return pgb_trial_failed(&m->t, err,
                                "the %s does nothing, and nothing says so: a trigger or a rule on "
                                "%s swallows it",
                                m->deleting ? "delete" : "update", m->f->parent->name);
    }
    words = seen(m, &before[0], &after, &actual);
    if (actual == m->declared && m->declared != REFUSED) {
        return pgb_trial_passed(&m->t, NULL, err);
    }
    if (m->declared == DEFAULTED && actual == NULLED && is_null_default(m)) {
        return pgb_trial_passed(&m->t, NULL, err);
    }
    return pgb_trial_failed(&m->t, err, "%s; declared is %s", words,
                            m->declared == CASCADED && !m->deleting ? "the child with the new key"
                                                                    : wanted[m->declared]);
}

/* Evaluates the defaults; *ret_fits false: they are not the same each time. When they are a key,
 * a parent with it is made. */
static pgb_status make_default(family *m, bool *ret_fits, pgb_error *err)
{
    PGB_AUTO_BUF(sql);
    pgb_result *r = NULL;
    pgb_row parent;
    pgb_status status;
    bool whole = true;

    *ret_fits = true;
    pgb_buf_puts(&sql, "SELECT ");
    for (uint16_t i = 0; i < m->f->n; i++) {
        const pgb_shape_column *c = &m->table->columns[m->f->columns[i]];

        pgb_buf_printf(&sql, "%s(%s)::%s::pg_catalog.text", i > 0 ? ", " : "",
                       is_changed(m, i) && c->fallback != NULL ? c->fallback : "NULL",
                       c->type_text);
    }
    pgb_buf_printf(&sql, " FROM pg_catalog.generate_series(1, 2)");
    if (sql.failed || !pgb_row_init(&parent, m->f->parent, m->t.arena)) {
        return pgb_error_nomem(err);
    }
    status = pgb_put_try(m->t.p->session, pgb_buf_str(&sql), 0, NULL, &r, err);
    for (uint16_t i = 0; status == PGB_OK && i < m->f->n; i++) {
        if (strcmp(pgb_result_value(r, 0, i), pgb_result_value(r, 1, i)) != 0) {
            *ret_fits = false;
            pgb_buf_clear(&m->t.why);
            pgb_buf_printf(&m->t.why, "the default of %s is another one each time",
                           m->table->columns[m->f->columns[i]].quoted);
        }
        if (!pgb_result_null(r, 0, i)) {
            m->defaults[i] = pgb_arena_strdup(m->t.arena, pgb_result_value(r, 0, i));
        } else if (!is_changed(m, i)) {
            m->defaults[i] = m->child.at[m->f->columns[i]];
        }
        whole &= m->defaults[i] != NULL;
        parent.set[m->f->parent_columns[i]] = true;
        parent.at[m->f->parent_columns[i]] = m->defaults[i];
    }
    pgb_result_free(r);
    if (status == PGB_OK && whole && *ret_fits) {
        const char *values[64];
        PGB_AUTO_BUF(look);
        int n = 0;

        pgb_buf_printf(&look, "SELECT FROM %s WHERE ", m->f->parent->name);
        put_key(m, m->f->parent, m->f->parent_columns, m->defaults, values, &n, &look);
        r = NULL;
        status = look.failed ? pgb_error_nomem(err)
                             : pgb_put_try(m->t.p->session, pgb_buf_str(&look), n, values, &r, err);
        if (status == PGB_OK && pgb_result_rows(r) == 0) {
            status = pgb_trial_row(&m->t, m->f->parent, &parent, ret_fits, err);
        }
        pgb_result_free(r);
    }
    return status;
}

/* A key that the parent can have next; false: none. */
static pgb_status make_fresh_key(family *m, bool *ret_made, pgb_error *err)
{
    pgb_row other;
    pgb_status status = PGB_OK;
    bool same = true;

    *ret_made = false;
    for (int tries = 0; status == PGB_OK && same && tries < 10; tries++) {
        if (!pgb_row_init(&other, m->f->parent, m->t.arena)) {
            return pgb_error_nomem(err);
        }
        status = pgb_trial_make(&m->t, m->f->parent, &other, ret_made, err);
        if (status != PGB_OK || !*ret_made) {
            return status;
        }
        for (uint16_t i = 0; i < m->f->n; i++) {
            const char *value = other.at[m->f->parent_columns[i]];
            const char *was = m->parent.at[m->f->parent_columns[i]];

            m->fresh[i] = value;
            same &= value == NULL || was == NULL || strcmp(value, was) == 0;
            *ret_made &= value != NULL;
        }
    }
    if (same) {
        *ret_made = false;
    }
    if (!*ret_made) {
        pgb_buf_clear(&m->t.why);
        pgb_buf_puts(&m->t.why, "no other key was found for the parent");
    }
    return status;
}

static pgb_status change_parent(family *m, int64_t *ret_n, pgb_error *refusal, pgb_error *err)
{
    const pgb_shape_table *up = m->f->parent;
    const char *values[VALUES_MAX], *key[64];
    PGB_AUTO_BUF(sql);
    pgb_result *r = NULL;
    pgb_status status;
    int n = 0;

    key_of(m, key);
    if (m->deleting) {
        pgb_buf_printf(&sql, "DELETE FROM %s WHERE ", up->name);
    } else {
        pgb_buf_printf(&sql, "UPDATE %s SET ", up->name);
        for (uint16_t i = 0; i < m->f->n; i++) {
            const pgb_shape_column *c = &up->columns[m->f->parent_columns[i]];

            pgb_buf_printf(&sql, "%s%s = ", i > 0 ? ", " : "", c->quoted);
            if (c->identity == 'a') {
                pgb_buf_puts(&sql, "DEFAULT");
            } else {
                values[n] = m->fresh[i];
                pgb_buf_printf(&sql, "$%d::pg_catalog.text::%s", n + 1, c->type_text);
                n++;
            }
        }
        pgb_buf_puts(&sql, " WHERE ");
    }
    put_key(m, up, m->f->parent_columns, key, values, &n, &sql);
    if (!m->deleting && !up->rules) {
        pgb_buf_puts(&sql, " RETURNING ");
        for (uint16_t i = 0; i < m->f->n; i++) {
            pgb_buf_printf(&sql, "%s%s::pg_catalog.text", i > 0 ? ", " : "",
                           up->columns[m->f->parent_columns[i]].quoted);
        }
    }
    if (sql.failed) {
        return pgb_error_nomem(err);
    }
    pgb_trial_show(&m->t, pgb_buf_str(&sql), n, values);
    status = pgb_trial_run(&m->t, pgb_buf_str(&sql), n, values, &r, refusal, err);
    if (status == PGB_OK && refusal->status == PGB_OK) {
        const char *number = strrchr(pgb_result_tag(r), ' ');

        *ret_n = number != NULL ? strtoll(number, NULL, 10) : 0;
        for (uint16_t i = 0; pgb_result_rows(r) > 0 && i < m->f->n; i++) {
            m->fresh[i] = pgb_arena_strdup(m->t.arena, pgb_result_value(r, 0, i));
        }
    }
    pgb_result_free(r);
    return status;
}

/* The family is there; its parent goes, or changes. */
static pgb_status act(family *m, pgb_error *err)
{
    pgb_error refusal;
    bool made = true;
    tally before;
    int64_t n = 0;
    pgb_status status = PGB_OK;

    if (m->declared == DEFAULTED) {
        status = make_default(m, &made, err);
    }
    if (status == PGB_OK && made && !m->deleting) {
        for (uint16_t i = 0; i < m->f->n; i++) {
            if (m->f->parent->columns[m->f->parent_columns[i]].generated) {
                return pgb_trial_not_probed(&m->t, err, "the parent's key is computed");
            }
        }
        status = make_fresh_key(m, &made, err);
    }
    if (status == PGB_OK && made) {
        status = pgb_trial_row(&m->t, m->table, &m->child, &made, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (!made) {
        return pgb_trial_not_put(&m->t, err);
    }
    for (uint16_t i = 0; i < m->f->n; i++) {
        const char *has = m->child.at[m->f->columns[i]];

        if (has == NULL || strcmp(has, m->parent.at[m->f->parent_columns[i]]) != 0) {
            return pgb_trial_failed(&m->t, err,
                                    "the child does not refer to the parent that it was given: a "
                                    "trigger changes %s",
                                    m->table->columns[m->f->columns[i]].quoted);
        }
    }
    for (int tries = FRESH_KEYS; status == PGB_OK; tries--) {
        size_t mark = m->t.script.len;

        status = count(m, &before, err);
        if (status == PGB_OK) {
            status = change_parent(m, &n, &refusal, err);
        }
        if (status != PGB_OK || m->deleting || tries == 0 ||
            strcmp(refusal.sqlstate, "23505") != 0) {
            break;
        }
        /* another row has that key by chance */
        m->t.script.len = mark;
        m->t.script.p[mark] = '\0';
        status = make_fresh_key(m, &made, err);
        if (status == PGB_OK && !made) {
            return pgb_trial_not_put(&m->t, err);
        }
    }
    if (status != PGB_OK) {
        return status;
    }
    return refusal.status != PGB_OK ? judge_refusal(m, &refusal, err) : judge(m, &before, n, err);
}

static void put_claim(family *m)
{
    pgb_buf *b = &m->t.proof;

    pgb_buf_printf(b, m->deleting ? "deleting from %s " : "changing the key in %s ",
                   m->f->parent->name);
    switch (m->declared) {
    case REFUSED:
        pgb_buf_printf(b, "is refused while %s refers to it", m->table->name);
        break;
    case CASCADED:
        if (m->deleting) {
            pgb_buf_printf(b, "deletes from %s", m->table->name);
        } else {
            pgb_buf_printf(b, "changes %s.", m->table->name);
            put_columns(m, b);
        }
        break;
    case NULLED:
    case DEFAULTED:
        pgb_buf_printf(b, "keeps the row of %s and sets ", m->table->name);
        put_columns(m, b);
        pgb_buf_puts(b, m->declared == NULLED ? " to null" : " to its default");
        break;
    }
}

static pgb_status probe_action(pgb_prober *p, const pgb_shape_table *table,
                               const pgb_shape_foreign *f, bool deleting, pgb_error *err)
{
    family m;
    bool made = false;
    pgb_status status = begin(p, table, f, &m, err);

    m.deleting = deleting;
    m.declared = fate_of((char)(deleting ? f->on_delete : f->on_update));
    put_claim(&m);
    if (status == PGB_OK && why_empty(&m) != NULL) {
        status = pgb_trial_not_probed(&m.t, err, "%s", why_empty(&m));
    } else if (status == PGB_OK) {
        status = make_parent(&m, &made, err);
        if (status == PGB_OK) {
            status =
                made ? act(&m, err) : pgb_trial_not_probed(&m.t, err, "%s", pgb_buf_str(&m.t.why));
        }
    }
    return pgb_trial_end(&m.t, status, err);
}

/* A row that repeats a key by chance is made anew, but for its reference. */
static pgb_status put_orphan(family *m, int64_t *ret_n, pgb_error *refusal, pgb_error *err)
{
    pgb_status status = PGB_OK;
    bool made = true;

    for (int tries = 0; status == PGB_OK && made && tries < 10; tries++) {
        status = pgb_trial_put(&m->t, m->table, &m->child, ret_n, refusal, err);
        if (status != PGB_OK ||
            (strcmp(refusal->sqlstate, "23505") != 0 && strcmp(refusal->sqlstate, "23P01") != 0)) {
            return status;
        }
        for (uint16_t c = 0; c < m->table->n_columns; c++) {
            m->child.set[c] = false;
            for (uint16_t i = 0; i < m->f->n; i++) {
                m->child.set[c] |= m->f->columns[i] == c;
            }
        }
        if (tries >= 2) {
            status = pgb_trial_single_parents(&m->t, m->table, &m->child, &made, err);
        }
        if (status == PGB_OK && made) {
            status = pgb_trial_make(&m->t, m->table, &m->child, &made, err);
        }
    }
    return status;
}

/* The parent goes before the child comes: so the key is one that the column takes. */
static pgb_status orphan(family *m, pgb_error *err)
{
    pgb_error refusal;
    char text[PGB_REFUSAL_SIZE];
    bool made = false;
    int64_t n = 0;
    pgb_status status = make_parent(m, &made, err);

    if (status == PGB_OK && made) {
        status = pgb_trial_make(&m->t, m->table, &m->child, &made, err);
    }
    if (status == PGB_OK && made) {
        m->deleting = true;
        status = change_parent(m, &n, &refusal, err);
        if (status == PGB_OK && (refusal.status != PGB_OK || n == 0)) {
            return pgb_trial_not_probed(&m->t, err, "the parent can't be taken away: %s",
                                        refusal.status != PGB_OK
                                            ? pgb_refusal_text(&refusal, text, sizeof text)
                                            : "a trigger or a rule swallows the delete");
        }
    }
    if (status != PGB_OK) {
        return status;
    }
    if (!made) {
        return pgb_trial_not_probed(&m->t, err, "%s", pgb_buf_str(&m->t.why));
    }
    status = put_orphan(m, &n, &refusal, err);
    if (status != PGB_OK) {
        return status;
    }
    if (refusal.status == PGB_OK && n == 0) {
        return pgb_trial_failed(&m->t, err,
                                "the row is neither refused nor there: a trigger or a rule loses "
                                "it");
    }
    if (refusal.status == PGB_OK) {
        return pgb_trial_failed(&m->t, err, "the row was taken, though no row of %s has its key",
                                m->f->parent->name);
    }
    if (is_foreign_refusal(&refusal) &&
        pgb_shape_names(m->f->name, m->f->aliases, refusal.constraint)) {
        return pgb_trial_passed(&m->t, NULL, err);
    }
    return pgb_trial_not_probed(&m->t, err, "something else refuses the row first: %s",
                                pgb_refusal_text(&refusal, text, sizeof text));
}

pgb_status pgb_probe_foreign(pgb_prober *p, const pgb_shape_table *table,
                             const pgb_shape_foreign *f, pgb_error *err)
{
    family m;
    pgb_status status = begin(p, table, f, &m, err);
    bool enforced = strstr(f->definition, " NOT ENFORCED") == NULL;

    pgb_buf_printf(&m.t.proof, "a row of %s without a parent in %s is refused", table->name,
                   f->parent->name);
    if (status == PGB_OK && !enforced) {
        status = pgb_trial_not_probed(&m.t, err, "it is declared NOT ENFORCED: nothing is refused");
    } else if (status == PGB_OK && why_empty(&m) != NULL) {
        status = pgb_trial_not_probed(&m.t, err, "%s", why_empty(&m));
    } else if (status == PGB_OK) {
        status = orphan(&m, err);
    }
    status = pgb_trial_end(&m.t, status, err);
    if (status == PGB_OK && enforced) {
        status = probe_action(p, table, f, true, err);
    }
    if (status == PGB_OK && enforced) {
        status = probe_action(p, table, f, false, err);
    }
    return status;
}
