/* Up, down, up, judged by the rows of the catalogs that were written: nothing is read of what was
 * there before. It ends only in "nothing is amiss"; anything else is for the readings to say. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "pg/pg.h"
#include "prove/lost.h"
#include "prove/trips_internal.h"
#include "prove_sql.h"

typedef struct lean {
    trip *t;
    pgb_arena *arena;
    pgb_delta *first; /* what the upgrade changed */
    bool comparable;  /* with what it changes the second time; else both states are read */
    state after, again;
    uint32_t *oids; /* of tables that are new */
    const char **names;
    uint32_t n;
    lost_rows lost;
} lean;

/* ---- whether it is worth trying ---- */

/* The next word from *p on, lower-case, cut; false: there is none. */
static bool next_word(const char **p, const char *end, char word[16])
{
    const char *q = *p;
    size_t n = 0;

    while (q < end && !isalpha((unsigned char)*q)) {
        q++;
    }
    while (q < end && (isalnum((unsigned char)*q) || *q == '_')) {
        if (n < 15) {
            word[n++] = (char)tolower((unsigned char)*q);
        }
        q++;
    }
    word[n] = '\0';
    *p = q;
    return n > 0;
}

/* What it takes away comes back with another oid, and so does what the server makes anew for a
 * changed type: then the trace sees differences where there are none that matter. */
static bool adds_only(const char *sql, size_t len)
{
    const char *p = sql, *end = sql + len;
    char word[16], before[16] = "";

    if (!next_word(&p, end, word) || strcmp(word, "alter") != 0) {
        return true;
    }
    while (next_word(&p, end, word)) {
        if (strcmp(word, "type") == 0 ||
            (strcmp(word, "default") == 0 && strcmp(before, "set") == 0)) {
            return false;
        }
        if (strcmp(word, "drop") == 0) {
            const char *q = p;
            char after[16];

            if (!next_word(&q, end, after) || strcmp(after, "not") != 0) {
                return false;
            }
        }
        memcpy(before, word, sizeof before);
    }
    return true;
}

bool trips_lean_may(const trip *t)
{
    static const char *const words[] = {"alter",  "comment",  "create", "grant", "insert", "reset",
                                        "revoke", "security", "select", "set",   "update", NULL};
    const pgb_revset *set = t->w->world->set;
    const pgb_revision *rev = t->w->world->nodes[t->node].rev;

    /* the first revision leaves the history's schema */
    if (t->t->applied.n == 0) {
        return false;
    }
    /* all tables get their rows first; and which other rows a downgrade takes along, only counting
     * all of them tells */
    if (t->w->o->rows &&
        (!t->has_rows || (rev->down_kind == PGB_DOWN_SQL && !lost_only_defines(set, rev)))) {
        return false;
    }
    return lost_begin_with(set, rev, PGB_SECTION_UP, words, adds_only);
}

/* ---- what is new, by name ---- */

static pgb_status learn_names(lean *x)
{
    trip *t = x->t;
    pgb_news news = {0};
    PGB_AUTO_BUF(relations);
    PGB_AUTO_BUF(tables);
    PGB_AUTO_BUF(numbers);
    const char *params[4];
    pgb_result *r = NULL;
    pgb_status status;

    if (!t->w->o->rows) {
        return PGB_OK;
    }
    status = pgb_delta_news(x->first, x->arena, &news, t->w->err);
    pgb_buf_puts(&relations, "{");
    pgb_buf_puts(&tables, "{");
    pgb_buf_puts(&numbers, "{");
    for (uint32_t i = 0; i < news.n_relations; i++) {
        pgb_buf_printf(&relations, "%s%u", i > 0 ? "," : "", news.relations[i]);
    }
    for (uint32_t i = 0; i < news.n_columns; i++) {
        pgb_buf_printf(&tables, "%s%u", i > 0 ? "," : "", news.columns[i].relation);
        pgb_buf_printf(&numbers, "%s%u", i > 0 ? "," : "", news.columns[i].number);
    }
    pgb_buf_puts(&relations, "}");
    pgb_buf_puts(&tables, "}");
    pgb_buf_puts(&numbers, "}");
    if (relations.failed || tables.failed || numbers.failed) {
        return pgb_error_nomem(t->w->err);
    }
    params[0] = pgb_buf_str(&relations);
    params[1] = pgb_buf_str(&tables);
    params[2] = pgb_buf_str(&numbers);
    params[3] = t->w->o->schema != NULL ? t->w->o->schema : "pgbraid";
    if (status == PGB_OK) {
        status =
            pgb_exec_params(pgb_site_session(t->site), pgb_sql_trips_new, 4, params, &r, t->w->err);
    }
    if (status == PGB_OK) {
        size_t n = (size_t)pgb_result_rows(r) + 1;

        x->oids = pgb_arena_array(x->arena, n, sizeof *x->oids);
        x->names = pgb_arena_array(x->arena, n, sizeof *x->names);
        x->lost = (lost_rows){.arena = pgb_arena_new()};
        if (x->oids == NULL || x->names == NULL || x->lost.arena == NULL) {
            status = pgb_error_nomem(t->w->err);
        }
    }
    x->n = 0;
    for (int i = 0; status == PGB_OK && i < pgb_result_rows(r); i++) {
        const char *name = pgb_arena_strdup(x->arena, pgb_result_value(r, i, 1));
        const char *column = pgb_result_null(r, i, 2) ? NULL : pgb_result_value(r, i, 2);
        bool counts = !pgb_result_bool(r, i, 3); /* partitioned tables keep no rows of their own */

        if (name == NULL || (counts && !lost_add(&x->lost, name, column))) {
            status = pgb_error_nomem(t->w->err);
        } else if (column == NULL) {
            x->oids[x->n] = (uint32_t)pgb_result_int(r, i, 0);
            x->names[x->n++] = name;
        }
    }
    pgb_result_free(r);
    return status;
}

/* The tables of those names, which are other ones now. */
static pgb_status learn_oids(lean *x)
{
    pgb_session *session = pgb_site_session(x->t->site);
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; status == PGB_OK && i < x->n; i++) {
        pgb_result *r = NULL;

        status = pgb_exec_params(session, "SELECT $1::pg_catalog.regclass::pg_catalog.oid", 1,
                                 &x->names[i], &r, x->t->w->err);
        if (status == PGB_OK) {
            x->oids[i] = (uint32_t)pgb_result_int(r, 0, 0);
        }
        pgb_result_free(r);
    }
    return status;
}

/* ---- the ways ---- */

static pgb_status up(lean *x, bool *ret_done)
{
    trip *t = x->t;
    const char *proof = trips_upgrade_proof(t);
    pgb_status status = trips_run(t, PGB_UPGRADE);

    *ret_done = status == PGB_OK && t->outcome == PGB_SITE_DONE;
    if (!*ret_done) {
        return status;
    }
    if (!pgb_vec_push(&t->t->applied, t->node)) {
        return pgb_error_nomem(t->w->err);
    }
    status = trips_upgraded(t, proof);
    if (status == PGB_OK) {
        status = trips_look(t, &x->first);
    }
    *ret_done = x->first != NULL;
    if (status != PGB_OK || !*ret_done) {
        return status;
    }
    status = pgb_delta_comparable(x->first, &x->comparable, t->w->err);
    if (status == PGB_OK && !x->comparable) {
        status = trips_state_read(t, &x->after);
    }
    if (status == PGB_OK) {
        status = learn_names(x);
    }
    return status == PGB_OK ? trips_fill_new(t, x->oids, x->names, x->n) : status;
}

static pgb_status down(lean *x, bool *ret_same)
{
    trip *t = x->t;
    pgb_delta *back = NULL;
    const char *losses = NULL;
    pgb_status status = PGB_OK;

    *ret_same = false;
    if (t->has_rows) {
        status = lost_count_all(&x->lost, pgb_site_session(t->site), t->w->err);
    }
    if (status == PGB_OK) {
        work_step(t->w, "down", t->node, t->nth, 0);
        status = trips_run(t, PGB_DOWNGRADE);
    }
    if (status == PGB_OK && t->outcome == PGB_SITE_DONE) {
        status = trips_look(t, &back);
        *ret_same = status == PGB_OK && back != NULL && pgb_delta_same(back);
    }
    pgb_delta_free(back);
    if (*ret_same && t->has_rows) {
        status =
            lost_after(&x->lost, NULL, pgb_site_session(t->site), t->w->arena, &losses, t->w->err);
    }
    return *ret_same && status == PGB_OK
               ? trips_add(t, trips_restores, PGB_PROOF_PASSED, losses, NULL)
               : status;
}

static pgb_status up_again(lean *x, bool *ret_alike)
{
    trip *t = x->t;
    pgb_delta *second = NULL;
    const char *reason = NULL, *ignored;
    pgb_status status;

    *ret_alike = false;
    work_step(t->w, "up again", t->node, t->nth, 0);
    status = trips_run(t, PGB_UPGRADE);
    if (status != PGB_OK || t->outcome != PGB_SITE_DONE) {
        return status;
    }
    status = trips_look(t, &second);
    if (status != PGB_OK || second == NULL) {
        return status;
    }
    if (x->comparable) {
        status = pgb_delta_alike(x->first, second, ret_alike, t->w->err);
    } else {
        status = trips_state_read(t, &x->again);
        if (status == PGB_OK) {
            status = trips_compare(t, &x->after, &x->again, "", "", &reason, &ignored);
        }
        *ret_alike = status == PGB_OK && reason == NULL;
    }
    if (*ret_alike && t->w->o->rows) {
        status = learn_oids(x);
        if (status == PGB_OK) {
            status = trips_fill_new(t, x->oids, x->names, x->n);
        }
    }
    if (*ret_alike && status == PGB_OK) {
        status = trips_move(t, second);
    }
    pgb_delta_free(second);
    return *ret_alike && status == PGB_OK
               ? trips_add(t, trips_repeats, PGB_PROOF_PASSED, NULL, NULL)
               : status;
}

pgb_status trips_lean(trip *t, bool *ret_sure, bool *ret_touched)
{
    lean x = {.t = t, .arena = pgb_arena_new()};
    bool fine = false, none = false;
    pgb_status status = x.arena != NULL ? trips_base(t) : pgb_error_nomem(t->w->err);

    *ret_sure = *ret_touched = false;
    if (status == PGB_OK && pgb_trace_known(t->trace)) {
        status = up(&x, &fine);
        *ret_touched = t->outcome == PGB_SITE_DONE || pgb_site_spoiled(t->site);
    }
    if (status == PGB_OK && fine) {
        status = trips_no_way_back(t, &none);
    }
    if (status == PGB_OK && fine && none) {
        status = trips_move(t, x.first);
        *ret_sure = true;
    } else if (status == PGB_OK && fine) {
        status = down(&x, &fine);
        if (status == PGB_OK && fine) {
            status = up_again(&x, ret_sure);
        }
    }
    if (status == PGB_OK && *ret_sure) {
        /* what was read before is not what is there now */
        trips_state_done(&t->before);
        t->before = none ? x.after : x.again;
        x.again = (state){0};
    }
    if (!(status == PGB_OK && *ret_sure && none)) { /* else it is kept */
        trips_state_done(&x.after);
    }
    trips_state_done(&x.again);
    pgb_delta_free(x.first);
    lost_done(&x.lost);
    pgb_arena_free(x.arena);
    return status;
}
