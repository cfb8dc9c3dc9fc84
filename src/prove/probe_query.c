/* Named queries: does the plan, over generated rows and fresh statistics, use the index? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_read.h"
#include "base/text.h"
#include "prove/probe_internal.h"
#include "prove/queries.h"
#include "prove_sql.h"

enum { QUERY_ROWS = 4000, PARAMS_MAX = 64 };

typedef struct querying {
    pgb_prober *p;
    const pgb_queries *queries;
    const pgb_result *indexes;
    bool *read;   /* by table: a query reads it */
    int position; /* where the server's last refusal was */
} querying;

/* Where the server says that the query is at fault. */
static void place_of(const pgb_query *query, int position, int *line, int *column)
{
    const char *p = query->sql;

    *line = query->line;
    *column = query->column;
    for (int i = 1; i < position && *p != '\0'; i++) {
        if (*p == '\n') {
            (*line)++;
            *column = 0;
        }
        (*column)++;
        for (p++; (*p & 0xC0) == 0x80; p++) {
        }
    }
}

/* ---- plans ---- */

typedef void node_fn(void *data, const pgb_json_value *node);

static void walk(const pgb_json_value *node, node_fn *fn, void *data)
{
    const pgb_json_value *below = pgb_json_member(node, "Plans");

    fn(data, node);
    for (size_t i = 0; i < pgb_json_length(below); i++) {
        walk(pgb_json_element(below, i), fn, data);
    }
}

static pgb_status explain(pgb_prober *p, const char *head, const char *body, node_fn *fn,
                          void *data, pgb_error *refusal, pgb_error *err)
{
    PGB_AUTO_BUF(sql);
    pgb_result *r = NULL;
    pgb_json_value *root = NULL;
    pgb_status status;

    pgb_buf_printf(&sql, "%s %s", head, body);
    if (sql.failed) {
        return pgb_error_nomem(err);
    }
    *refusal = (pgb_error)PGB_ERROR_INIT;
    status = pgb_put_try(p->session, pgb_buf_str(&sql), 0, NULL, &r, refusal);
    if (status == PGB_OK) {
        status = pgb_json_parse("plan", pgb_result_value(r, 0, 0), pgb_result_length(r, 0, 0),
                                &root, err);
        if (status == PGB_OK) {
            walk(pgb_json_member(pgb_json_element(root, 0), "Plan"), fn, data);
        }
        pgb_json_free(root);
    } else if (status == PGB_SQL) {
        status = PGB_OK;
    } else if (err != NULL) {
        *err = *refusal;
    }
    pgb_result_free(r);
    return status;
}

static void see_table(void *data, const pgb_json_value *node)
{
    querying *q = data;
    const char *name = pgb_json_text(pgb_json_member(node, "Relation Name"));
    const char *schema = pgb_json_text(pgb_json_member(node, "Schema"));

    for (uint32_t i = 0; name != NULL && schema != NULL && i < q->p->shape->n_tables; i++) {
        const pgb_shape_table *t = &q->p->shape->tables[i];

        if (strcmp(t->bare, name) == 0 && strcmp(t->schema, schema) == 0) {
            q->read[t->root->index] = true;
        }
    }
}

typedef struct look {
    const char *names; /* of the index and its parts, parted by \1 */
    bool used;
    pgb_buf plan; /* what it does instead, in words */
} look;

static void see_index(void *data, const pgb_json_value *node)
{
    look *l = data;
    const char *index = pgb_json_text(pgb_json_member(node, "Index Name"));
    const char *relation = pgb_json_text(pgb_json_member(node, "Relation Name"));
    const char *type = pgb_json_text(pgb_json_member(node, "Node Type"));

    l->used |= index != NULL && pgb_shape_names("", l->names, index);
    if (type != NULL && (index != NULL || relation != NULL)) {
        pgb_buf_printf(&l->plan, "%s%s%s%s%s%s", l->plan.len > 0 ? ", " : "", type,
                       relation != NULL ? " on " : "", relation != NULL ? relation : "",
                       index != NULL ? " with " : "", index != NULL ? index : "");
    } else if (type != NULL && strcmp(type, "Sort") == 0) {
        pgb_buf_puts(&l->plan, l->plan.len > 0 ? ", Sort" : "Sort");
    }
}

/* ---- parameters ---- */

/* "EXECUTE pgb_query('…', …)" with a value for each of the query's parameters. */
static pgb_status put_execute(querying *q, const pgb_query *query, pgb_buf *b, pgb_error *refusal,
                              pgb_error *err)
{
    PGB_AUTO_BUF(prepare);
    pgb_result *r = NULL;
    pgb_status status = pgb_put_try(q->p->session, "DEALLOCATE ALL", 0, NULL, NULL, err);

    *refusal = (pgb_error)PGB_ERROR_INIT;
    pgb_buf_printf(&prepare, "PREPARE pgb_query AS %s", query->sql);
    if (prepare.failed) {
        return pgb_error_nomem(err);
    }
    if (status == PGB_OK) {
        /* not by the protocol's Parse: that one takes parameters of the statement around it */
        status = pgb_exec(q->p->session, "SAVEPOINT pgb_prepare", NULL, err);
    }
    if (status == PGB_OK) {
        status = pgb_exec(q->p->session, pgb_buf_str(&prepare), NULL, refusal);
        if (status == PGB_SQL) {
            q->position = pgb_session_error_position(q->p->session);
            return pgb_exec(q->p->session,
                            "ROLLBACK TO SAVEPOINT pgb_prepare; RELEASE SAVEPOINT pgb_prepare",
                            NULL, err);
        }
        if (status != PGB_OK && err != NULL) {
            *err = *refusal;
        }
    }
    if (status == PGB_OK) {
        status = pgb_exec(q->p->session, "RELEASE SAVEPOINT pgb_prepare", NULL, err);
    }
    if (status == PGB_OK) {
        status = pgb_exec(q->p->session,
                          "SELECT u.oid FROM pg_catalog.pg_prepared_statements s, "
                          "pg_catalog.unnest(s.parameter_types::pg_catalog.oid[]) WITH ORDINALITY "
                          "AS u (oid, nth) WHERE s.name = 'pgb_query' ORDER BY u.nth",
                          &r, err);
    }
    pgb_buf_puts(b, "EXECUTE pgb_query");
    for (int i = 0; status == PGB_OK && i < pgb_result_rows(r) && i < PARAMS_MAX; i++) {
        const pgb_shape_type *type = NULL;
        PGB_AUTO_BUF(value);

        for (uint32_t t = 0; t < q->p->shape->n_types; t++) {
            if (q->p->shape->types[t].oid == (uint32_t)pgb_result_int(r, i, 0)) {
                type = &q->p->shape->types[t];
            }
        }
        pgb_buf_puts(b, i > 0 ? ", " : "(");
        if (type != NULL &&
            pgb_value_make(&q->p->maker->values, type, -1, PGB_FLAVOR_PLAIN, &value)) {
            pgb_value_quote_literal(b, pgb_buf_str(&value));
        } else {
            pgb_buf_puts(b, "NULL");
        }
    }
    pgb_buf_puts(b, status == PGB_OK && pgb_result_rows(r) > 0 ? ")" : "");
    pgb_result_free(r);
    return b->failed ? pgb_error_nomem(err) : status;
}

/* ---- one query ---- */

static int find_index(const querying *q, const char *name)
{
    for (int i = 0; i < pgb_result_rows(q->indexes); i++) {
        const char *schema = pgb_result_value(q->indexes, i, 1);
        const char *bare = pgb_result_value(q->indexes, i, 2);
        size_t len = strlen(schema);

        if (strcmp(bare, name) == 0 || (strncmp(name, schema, len) == 0 && name[len] == '.' &&
                                        strcmp(name + len + 1, bare) == 0)) {
            return i;
        }
    }
    return -1;
}

static const char *nearest_index(const querying *q, const char *name)
{
    const char *best = NULL;
    unsigned least = 4;

    for (int i = 0; i < pgb_result_rows(q->indexes); i++) {
        unsigned d = pgb_text_distance(name, pgb_result_value(q->indexes, i, 2));

        if (d < least) {
            least = d;
            best = pgb_result_value(q->indexes, i, 2);
        }
    }
    return best;
}

static pgb_status judge(querying *q, pgb_trial *t, const pgb_query *query, int index,
                        const char *execute, pgb_error *err)
{
    look usual = {.names = pgb_result_value(q->indexes, index, 4)};
    look forced = {.names = usual.names};
    pgb_error refusal;
    char text[PGB_REFUSAL_SIZE];
    pgb_status status =
        explain(q->p, "EXPLAIN (FORMAT JSON)", execute, see_index, &usual, &refusal, err);

    if (status == PGB_OK && refusal.status == PGB_OK && !usual.used) {
        status =
            pgb_exec(q->p->session, "SET LOCAL enable_seqscan = off; DISCARD PLANS", NULL, err);
        if (status == PGB_OK) {
            status =
                explain(q->p, "EXPLAIN (FORMAT JSON)", execute, see_index, &forced, &refusal, err);
        }
        if (status == PGB_OK) {
            status = pgb_exec(q->p->session, "SET LOCAL enable_seqscan = on", NULL, err);
        }
    }
    pgb_buf_printf(&t->script, "EXPLAIN %s;\n", query->sql);
    if (status != PGB_OK) {
        /* told by the caller */
    } else if (refusal.status != PGB_OK) {
        status = pgb_trial_failed(t, err, "%s:%d:%d: the server refuses it: %s", query->file,
                                  query->line, query->column,
                                  pgb_refusal_text(&refusal, text, sizeof text));
    } else if (usual.used) {
        status = pgb_trial_passed(t, NULL, err);
    } else {
        const char *why = !pgb_result_bool(q->indexes, index, 3) ? "the index is invalid"
                          : forced.used ? "it could be used, but costs more than that"
                                        : "the index does not fit the query";

        status = pgb_trial_failed(t, err, "%s:%d:%d: the plan is %s; %s", query->file, query->line,
                                  query->column, pgb_buf_str(&usual.plan), why);
    }
    pgb_buf_done(&usual.plan);
    pgb_buf_done(&forced.plan);
    return status;
}

static pgb_status unknown_index(querying *q, pgb_trial *t, const pgb_query *query,
                                const pgb_query_use *use, pgb_error *err)
{
    const char *near = nearest_index(q, use->name);

    return pgb_trial_failed(t, err, "%s:%d:%d: no index has the name %s%s%s%s", query->file,
                            query->uses_line, use->column, use->name,
                            near != NULL ? "; did you mean " : "", near != NULL ? near : "",
                            near != NULL ? "?" : "");
}

/* A query that is no SQL is the file's fault; one that names what is not there, the schema's. */
static pgb_status refused(querying *q, pgb_trial *t, const pgb_query *query,
                          const pgb_error *refusal, pgb_error *err)
{
    int line, column;
    char text[PGB_REFUSAL_SIZE];

    place_of(query, q->position - (int)strlen("PREPARE pgb_query AS "), &line, &column);
    if (strcmp(refusal->sqlstate, "42601") == 0) {
        pgb_error_set(err, PGB_PROJECT, "%s", refusal->message);
        pgb_error_at(err, query->file, line, column, NULL, 0);
        return PGB_PROJECT;
    }
    return pgb_trial_failed(t, err, "%s:%d:%d: the server refuses it: %s", query->file, line,
                            column, pgb_refusal_text(refusal, text, sizeof text));
}

static pgb_status probe_query(querying *q, const pgb_query *query, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; status == PGB_OK && i < query->n_uses; i++) {
        const pgb_query_use *use = &query->uses[i];
        int index = find_index(q, use->name);
        pgb_trial t = {.p = q->p, .began = 0};
        pgb_error refusal = PGB_ERROR_INIT;
        PGB_AUTO_BUF(execute);

        pgb_buf_printf(&t.subject, "query %s", query->file);
        pgb_buf_printf(&t.proof, "%s%suses %s", query->title != NULL ? query->title : "",
                       query->title != NULL ? ": " : "", use->name);
        status = put_execute(q, query, &execute, &refusal, err);
        if (status != PGB_OK) {
            /* nothing to tell */
        } else if (refusal.status != PGB_OK) {
            status = refused(q, &t, query, &refusal, err);
        } else if (index < 0) {
            status = unknown_index(q, &t, query, use, err);
        } else {
            status = judge(q, &t, query, index, pgb_buf_str(&execute), err);
        }
        pgb_vec_done(&t.rows);
        pgb_buf_done(&t.script);
        pgb_buf_done(&t.subject);
        pgb_buf_done(&t.proof);
        pgb_buf_done(&t.why);
    }
    return status;
}

/* ---- all of them ---- */

/* The tables that the queries read are filled, those that they refer to with a tenth as many. */
static pgb_status fill_tables(querying *q, pgb_error *err)
{
    uint32_t rows = q->p->options->query_rows != 0 ? q->p->options->query_rows : QUERY_ROWS;
    const pgb_shape *s = q->p->shape;
    const char **names = calloc((size_t)s->n_tables + 1, sizeof *names);
    pgb_rows_options o = {.rows = rows,
                          .parent_rows = rows / 10 + 1,
                          .seed = q->p->options->seed,
                          .deadline = q->p->options->deadline,
                          .interrupted = q->p->options->interrupted,
                          .tables = names};
    pgb_rows_report report = {0};
    PGB_AUTO_BUF(analyze);
    pgb_status status;

    if (names == NULL) {
        return pgb_error_nomem(err);
    }
    pgb_buf_puts(&analyze, "ANALYZE ");
    for (uint32_t i = 0; i < s->n_tables; i++) {
        if (q->read[i]) {
            pgb_buf_printf(&analyze, "%s%s", o.n_tables > 0 ? ", " : "", s->tables[i].name);
            names[o.n_tables++] = s->tables[i].name;
        }
    }
    status = o.n_tables > 0 ? pgb_rows_fill_with(q->p->maker, &o, &report, err) : PGB_OK;
    if (status == PGB_OK && o.n_tables > 0) {
        /* what waits to be put into a GIN index makes it look dear */
        status = pgb_exec(q->p->session, pgb_sql_probe_clean_gin, NULL, err);
    }
    if (status == PGB_OK && o.n_tables > 0) {
        status = analyze.failed ? pgb_error_nomem(err)
                                : pgb_exec(q->p->session, pgb_buf_str(&analyze), NULL, err);
    }
    pgb_rows_report_done(&report);
    free(names);
    return status;
}

static pgb_status find_tables(querying *q, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; status == PGB_OK && i < q->queries->n; i++) {
        pgb_error refusal = PGB_ERROR_INIT;
        PGB_AUTO_BUF(execute);

        status = put_execute(q, &q->queries->at[i], &execute, &refusal, err);
        if (status == PGB_OK && refusal.status == PGB_OK) {
            status = explain(q->p, "EXPLAIN (VERBOSE, FORMAT JSON)", pgb_buf_str(&execute),
                             see_table, q, &refusal, err);
        }
    }
    return status;
}

pgb_status pgb_probe_queries(pgb_prober *p, const pgb_catalog *catalog, pgb_error *err)
{
    pgb_queries queries = {0};
    querying q = {.p = p, .queries = &queries};
    pgb_result *indexes = NULL;
    pgb_status status = pgb_queries_read(p->options->queries, &queries, err);

    (void)catalog;
    if (status != PGB_OK || queries.n == 0) {
        pgb_queries_done(&queries);
        return status;
    }
    q.read = pgb_arena_array(p->arena, (size_t)p->shape->n_tables + 1, sizeof *q.read);
    status = q.read != NULL
                 ? pgb_exec(p->session, "BEGIN; SET CONSTRAINTS ALL IMMEDIATE", NULL, err)
                 : pgb_error_nomem(err);
    if (status == PGB_OK) {
        status = pgb_exec(p->session, pgb_sql_probe_indexes, &indexes, err);
        q.indexes = indexes;
    }
    if (status == PGB_OK) {
        status = find_tables(&q, err);
    }
    if (status == PGB_OK) {
        status = fill_tables(&q, err);
    }
    for (uint32_t i = 0; status == PGB_OK && i < queries.n; i++) {
        if (p->options->step != NULL) {
            p->options->step(p->options->data, queries.at[i].file, i + 1, queries.n);
        }
        status = probe_query(&q, &queries.at[i], err);
    }
    if (!pgb_session_lost(p->session) && pgb_session_in_transaction(p->session)) {
        pgb_status back =
            pgb_exec(p->session, "ROLLBACK; DEALLOCATE ALL", NULL, status == PGB_OK ? err : NULL);

        status = status == PGB_OK ? back : status;
    }
    pgb_result_free(indexes);
    pgb_queries_done(&queries);
    return status;
}
