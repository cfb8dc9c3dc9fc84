/*
 * The plan as a script for psql, for whom only a DBA may touch the database.
 *
 * The statements stand byte for byte as in the files; psql would put its variables into them
 * (:name), so every name that could be one is unset first. A guard at the top and in every
 * transaction compares the applied set with the one that the script was made for, under the same
 * lock that runners take.
 */
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/vec.h"
#include "run/look.h"

typedef struct writer {
    pgb_runner *r;
    task_list *tasks;
    pgb_arena *arena;
    const char *quoted; /* the history's schema */
    pgb_script_sink sink;
    void *data;
    pgb_map unset;    /* names that were unset already */
    pgb_bits applied; /* as it will be at this point of the script */
    uint32_t quote;   /* numbers the dollar quotes */
    bool one;
} writer;

static pgb_status put(writer *w, const char *bytes, size_t len, pgb_error *err)
{
    return w->sink(w->data, bytes, len) ? PGB_OK
                                        : pgb_error_set(err, PGB_IO, "cannot write the script");
}

static pgb_status put_buf(writer *w, pgb_buf *b, pgb_error *err)
{
    return b->failed ? pgb_error_nomem(err) : put(w, pgb_buf_str(b), b->len, err);
}

static pgb_status puts_(writer *w, const char *s, pgb_error *err)
{
    return put(w, s, strlen(s), err);
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (c & 0x80) != 0;
}

/* \unset for every name that stands behind a colon: psql leaves the colon and the name alone then.
 */
static pgb_status unset_variables(writer *w, const char *sql, size_t len, pgb_error *err)
{
    PGB_AUTO_BUF(b);

    for (size_t i = 0; i + 1 < len; i++) {
        size_t from = i + 1, to;
        const char *name;
        bool added = false;

        if (sql[i] != ':') {
            continue;
        }
        if (sql[from] == '\'' || sql[from] == '"') {
            from++;
        }
        for (to = from; to < len && is_name(sql[to]); to++) {
        }
        if (to == from) {
            continue;
        }
        name = pgb_arena_strndup(w->arena, sql + from, to - from);
        if (name == NULL || !pgb_map_add(&w->unset, name, to - from, 0, &added, NULL)) {
            return pgb_error_nomem(err);
        }
        if (added) {
            pgb_buf_printf(&b, "\\unset %s\n", name);
        }
    }
    return b.len > 0 ? put_buf(w, &b, err) : PGB_OK;
}

static void quoted_list(writer *w, pgb_buf *b)
{
    const pgb_world *world = w->tasks->world;
    uint32_t n = 0;

    pgb_buf_puts(b, "ARRAY[");
    for (uint32_t v = 0; v < world->n; v++) {
        if (pgb_bits_get(&w->applied, v)) {
            pgb_buf_puts(b, n++ > 0 ? ", '" : "'");
            for (const char *p = world->nodes[v].id; *p != '\0'; p++) {
                pgb_buf_puts(b, *p == '\'' ? "''" : (const char[]){*p, '\0'});
            }
            pgb_buf_putc(b, '\'');
        }
    }
    pgb_buf_puts(b, "]::pg_catalog.text[]");
}

static void literal(pgb_buf *b, const char *s)
{
    pgb_buf_putc(b, '\'');
    for (; *s != '\0'; s++) {
        pgb_buf_puts(b, *s == '\'' ? "''" : (const char[]){*s, '\0'});
    }
    pgb_buf_putc(b, '\'');
}

/* Stops the script when the applied set is another than here; lock: take the runners' lock, too. */
static pgb_status guard(writer *w, bool exists, bool lock, pgb_error *err)
{
    PGB_AUTO_BUF(b);

    pgb_buf_puts(&b, "DO $pgbraid$\nBEGIN\n");
    if (lock) {
        pgb_buf_printf(&b,
                       "    IF NOT pg_catalog.pg_try_advisory_lock%s THEN\n"
                       "        RAISE EXCEPTION 'another runner is at work on this database';\n"
                       "    END IF;\n",
                       w->r->lock_call);
    }
    if (exists) {
        pgb_buf_printf(
            &b,
            "    IF NOT (SELECT COALESCE(pg_catalog.array_agg(r.id) FILTER (WHERE r.id IS NOT "
            "NULL), '{}') @> g.want AND "
            "COALESCE(pg_catalog.array_agg(r.id) FILTER (WHERE r.id IS NOT NULL), '{}') <@ g.want\n"
            "              FROM (SELECT ");
        quoted_list(w, &b);
        pgb_buf_printf(&b,
                       " AS want) g\n"
                       "              LEFT JOIN %s.revision r ON r.project = ",
                       w->quoted);
        literal(&b, w->r->o.project);
        pgb_buf_puts(&b, " AND r.state = 'applied'\n             GROUP BY g.want) THEN\n");
    } else {
        pgb_buf_puts(&b, "    IF EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = ");
        literal(&b, w->r->o.schema);
        pgb_buf_puts(&b, ") THEN\n");
    }
    pgb_buf_puts(
        &b,
        "        RAISE EXCEPTION 'the applied set is not the one that this script was made for'\n"
        "            USING HINT = 'Make the script again: pgbraid upgrade --sql';\n"
        "    END IF;\nEND\n$pgbraid$;\n");
    return put_buf(w, &b, err);
}

static pgb_status put_statement(writer *w, const pgb_statement *statement, pgb_error *err)
{
    PGB_AUTO_BUF(b);

    if (statement == NULL) {
        return pgb_error_nomem(err);
    }
    pgb_statement_render(statement, &b);
    return put_buf(w, &b, err);
}

/* A statement as in the file, and the data of a COPY behind it. */
static pgb_status put_item(writer *w, task *t, const pgb_item *item, pgb_error *err)
{
    size_t len = item->len;
    pgb_item piece = {0};
    char last = '\n';
    pgb_status status;

    while (len > 0 && (item->text[len - 1] == ';' || item->text[len - 1] == '\n' ||
                       item->text[len - 1] == ' ' || item->text[len - 1] == '\r' ||
                       item->text[len - 1] == '\t')) {
        len--;
    }
    status = unset_variables(w, item->text, len, err);
    if (status == PGB_OK) {
        status = put(w, item->text, len, err);
    }
    if (status == PGB_OK) {
        /* a comment at the end would swallow it */
        status = puts_(w, item->facts.kind == PGB_STMT_COPY_IN ? ";\n" : "\n;\n", err);
    }
    if (status != PGB_OK || item->facts.kind != PGB_STMT_COPY_IN) {
        return status;
    }
    do {
        status = pgb_script_next(t->script, &piece, err);
        if (status == PGB_OK && piece.kind == PGB_ITEM_COPY_DATA && piece.len > 0) {
            last = piece.text[piece.len - 1];
            status = put(w, piece.text, piece.len, err);
        }
    } while (status == PGB_OK && piece.kind == PGB_ITEM_COPY_DATA);
    return status == PGB_OK ? puts_(w, last == '\n' ? "\\.\n" : "\n\\.\n", err) : status;
}

static pgb_status restore(writer *w, pgb_error *err)
{
    return puts_(w,
                 "RESET SESSION AUTHORIZATION;\nRESET ROLE;\nRESET ALL;\n"
                 "SET synchronous_commit = on;\nSET client_encoding = 'UTF8';\n"
                 "SET standard_conforming_strings = on;\n",
                 err);
}

static pgb_status cleanup(writer *w, pgb_error *err)
{
    return puts_(w, "CLOSE ALL;\nUNLISTEN *;\nDEALLOCATE ALL;\nDISCARD TEMP;\nDISCARD SEQUENCES;\n",
                 err);
}

/* No row, or one that is true; as a query over the query. */
static pgb_status put_verify(writer *w, const task *t, pgb_error *err)
{
    const pgb_revision *rev = t->node->rev;
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; t->up && i < rev->n_verify && status == PGB_OK; i++) {
        pgb_script *script = NULL;

        status = pgb_script_open(w->tasks->world->set, rev, PGB_SECTION_VERIFY, i, &script, err);
        while (status == PGB_OK) {
            PGB_AUTO_BUF(b);
            pgb_item item = {0};
            size_t len;

            status = pgb_script_next(script, &item, err);
            if (status != PGB_OK || item.kind == PGB_ITEM_END) {
                break;
            }
            if (item.kind != PGB_ITEM_STATEMENT || item.facts.kind == PGB_STMT_EMPTY) {
                continue;
            }
            for (len = item.len; len > 0 && strchr("; \n\r\t", item.text[len - 1]) != NULL; len--) {
            }
            pgb_buf_printf(&b,
                           "DO $pgbraid%u$\nDECLARE\n    n bigint;\n    said text;\nBEGIN\n"
                           "    SELECT count(*), min(v.said) INTO n, said FROM (SELECT (SELECT "
                           "pg_catalog.string_agg(j.value, ' | ') FROM "
                           "pg_catalog.jsonb_each_text(pg_catalog.to_jsonb(q)) j) AS said FROM (\n",
                           ++w->quote);
            pgb_buf_append(&b, item.text, len);
            pgb_buf_printf(
                &b,
                "\n    ) q) v;\n    IF n > 1 OR (n = 1 AND said IS DISTINCT FROM 'true') THEN\n"
                "        RAISE EXCEPTION 'a verify block of %s is not fulfilled: %%', said;\n"
                "    END IF;\nEND\n$pgbraid%u$;\n",
                rev->id, w->quote);
            status = put_buf(w, &b, err);
        }
        pgb_script_close(script);
    }
    return status;
}

static pgb_status title(writer *w, const task *t, pgb_error *err)
{
    PGB_AUTO_BUF(b);

    pgb_buf_printf(&b, "\n-- %s %s\n\\echo '%s %s'\n", task_event(t), t->node->id, task_event(t),
                   t->node->id);
    return put_buf(w, &b, err);
}

static pgb_status transactional(writer *w, task *t, pgb_error *err)
{
    pgb_statement *record = NULL;
    pgb_status status = w->one ? PGB_OK : puts_(w, "BEGIN;\n", err);

    if (status == PGB_OK && !w->one) {
        status = guard(w, true, false, err);
    }
    if (status == PGB_OK && !t->record_only) {
        status = pgb_script_rewind(t->script, err);
        while (status == PGB_OK) {
            pgb_item item = {0};

            status = pgb_script_next(t->script, &item, err);
            if (status != PGB_OK || item.kind == PGB_ITEM_END) {
                break;
            }
            if (item.kind == PGB_ITEM_STATEMENT && item.facts.kind != PGB_STMT_EMPTY) {
                status = put_item(w, t, &item, err);
            }
        }
        if (status == PGB_OK) {
            status = restore(w, err);
        }
        if (status == PGB_OK) {
            status = put_verify(w, t, err);
        }
        if (status == PGB_OK && w->one) {
            status =
                puts_(w, "SET CONSTRAINTS ALL IMMEDIATE;\nSET CONSTRAINTS ALL DEFERRED;\n", err);
        }
    }
    if (status == PGB_OK) {
        status = record_statement(w->r, w->tasks, t, NULL, false, w->arena, &record, err);
    }
    if (status == PGB_OK) {
        status = put_statement(w, record, err);
    }
    if (status == PGB_OK && !w->one) {
        status = puts_(w, "COMMIT;\n", err);
    }
    return status == PGB_OK && !w->one ? cleanup(w, err) : status;
}

/* An index that came out invalid stops the script, with its name. */
static pgb_status check_index(writer *w, const pgb_item *item, pgb_error *err)
{
    PGB_AUTO_BUF(b);

    if (item->facts.kind != PGB_STMT_CREATE_INDEX_CONCURRENTLY || item->facts.on_table == NULL) {
        return PGB_OK;
    }
    pgb_buf_puts(&b, "DO $pgbraid$\nDECLARE\n    bad text;\nBEGIN\n"
                     "    SELECT pg_catalog.min(x.indexrelid::regclass::text) INTO bad FROM "
                     "pg_catalog.pg_index x\n"
                     "     WHERE NOT x.indisvalid AND x.indrelid = pg_catalog.to_regclass(");
    {
        const char *schema = item->facts.on_schema, *table = item->facts.on_table;
        const char *name = pgb_quote_ident(w->r->session, w->arena, table);
        const char *in = schema != NULL ? pgb_quote_ident(w->r->session, w->arena, schema) : "";
        const char *both =
            name != NULL && in != NULL
                ? pgb_arena_printf(w->arena, "%s%s%s", in, schema != NULL ? "." : "", name)
                : NULL;

        if (both == NULL) {
            return pgb_error_nomem(err);
        }
        literal(&b, both);
    }
    pgb_buf_puts(&b, ");\n    IF bad IS NOT NULL THEN\n"
                     "        RAISE EXCEPTION 'index % is invalid', bad\n"
                     "            USING HINT = 'pgbraid upgrade mends it and goes on';\n"
                     "    END IF;\nEND\n$pgbraid$;\n");
    return put_buf(w, &b, err);
}

static pgb_status put_step(writer *w, const task *t, const pgb_item *item, bool done,
                           pgb_error *err)
{
    const char *object = "";
    pgb_step_row row = {.ordinal = item->ordinal,
                        .hash = item->hash,
                        .kind = item->facts.command,
                        .object = object,
                        .done = done,
                        .before = ""};

    return put_statement(
        w, pgb_history_set_step(w->r->history, w->arena, t->node->id, t->up, &row, w->r->run), err);
}

static pgb_status outside(writer *w, task *t, pgb_error *err)
{
    pgb_statement *record = NULL;
    pgb_status status = guard(w, true, false, err);

    if (status == PGB_OK && t->up) {
        status = record_statement(w->r, w->tasks, t, NULL, true, w->arena, &record, err);
    } else if (status == PGB_OK) {
        record = pgb_history_mark_incomplete(w->r->history, w->arena, t->node->id);
    }
    if (status == PGB_OK) {
        status = put_statement(w, record, err);
    }
    if (status == PGB_OK) {
        status = pgb_script_rewind(t->script, err);
    }
    while (status == PGB_OK) {
        pgb_item item = {0};
        bool alone;

        status = pgb_script_next(t->script, &item, err);
        if (status != PGB_OK || item.kind == PGB_ITEM_END) {
            break;
        }
        if (item.kind != PGB_ITEM_STATEMENT || item.facts.kind == PGB_STMT_EMPTY) {
            continue;
        }
        alone = item.facts.needs_no_transaction || item.facts.kind == PGB_STMT_UNKNOWN;
        if (alone) {
            status = put_step(w, t, &item, false, err);
        } else {
            status = puts_(w, "BEGIN;\n", err);
        }
        if (status == PGB_OK) {
            status = put_item(w, t, &item, err);
        }
        if (status == PGB_OK) {
            status = check_index(w, &item, err);
        }
        if (status == PGB_OK) {
            status = put_step(w, t, &item, true, err);
        }
        if (status == PGB_OK && !alone) {
            status = puts_(w, "COMMIT;\n", err);
        }
    }
    if (status == PGB_OK) {
        status = puts_(w, "BEGIN;\n", err);
    }
    if (status == PGB_OK) {
        status = put_verify(w, t, err);
    }
    if (status == PGB_OK) {
        status = restore(w, err);
    }
    if (status == PGB_OK) {
        status = record_statement(w->r, w->tasks, t, NULL, false, w->arena, &record, err);
    }
    if (status == PGB_OK) {
        status = put_statement(w, record, err);
    }
    for (int up = 0; up < 2 && status == PGB_OK; up++) {
        status = put_statement(
            w, pgb_history_clear_steps(w->r->history, w->arena, t->node->id, up != 0), err);
    }
    if (status == PGB_OK) {
        status = puts_(w, "COMMIT;\n", err);
    }
    return status == PGB_OK ? cleanup(w, err) : status;
}

static pgb_status header(writer *w, const char *command, bool exists, pgb_error *err)
{
    PGB_AUTO_BUF(b);
    pgb_status status;

    pgb_buf_printf(&b,
                   "-- %s, by pgbraid " PGB_VERSION ", for %s\n"
                   "-- Run it with: psql -X -f FILE\n"
                   "\\set ON_ERROR_STOP on\n\\set AUTOCOMMIT on\n\\set ON_ERROR_ROLLBACK "
                   "off\n\\set SINGLELINE off\n"
                   "SET client_encoding = 'UTF8';\nSET synchronous_commit = on;\n"
                   "SET standard_conforming_strings = on;\n",
                   command, pgb_session_describe(w->r->session));
    status = put_buf(w, &b, err);
    if (status == PGB_OK && w->one) {
        status = puts_(w, "BEGIN;\n", err);
    }
    if (status == PGB_OK) {
        status = guard(w, exists, true, err);
    }
    if (status == PGB_OK && !exists) {
        const char *creation = pgb_history_creation(w->r->session, w->r->o.schema, w->arena);

        status = creation == NULL ? pgb_error_nomem(err) : puts_(w, w->one ? "" : "BEGIN;\n", err);
        if (status == PGB_OK) {
            status = puts_(w, creation, err);
        }
        if (status == PGB_OK && !w->one) {
            status = puts_(w, "COMMIT;\n", err);
        }
    }
    return status;
}

static pgb_status all(writer *w, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < w->tasks->n && status == PGB_OK; i++) {
        task *t = &w->tasks->at[i];

        status = t->step->action == PGB_UNSTAMP ? PGB_OK : task_open(w->tasks, t, err);
        if (status == PGB_OK) {
            status = title(w, t, err);
        }
        if (status == PGB_OK) {
            status = t->none && !t->record_only ? outside(w, t, err) : transactional(w, t, err);
        }
        task_close(w->tasks, t);
        if (status == PGB_OK && t->up) {
            pgb_bits_set(&w->applied, t->step->node);
        } else if (status == PGB_OK) {
            pgb_bits_unset(&w->applied, t->step->node);
        }
    }
    if (status == PGB_OK && w->one) {
        status = puts_(w, "COMMIT;\n", err);
    }
    return status;
}

pgb_status pgb_runner_script(pgb_runner *r, const pgb_world *world, const pgb_plan *plan,
                             const char *command, pgb_script_sink sink, void *data, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    task_list tasks = {0};
    writer w = {.r = r, .tasks = &tasks, .arena = arena, .sink = sink, .data = data};
    bool exists = world->applied_set != NULL && world->applied_set->exists;
    pgb_status status;

    if (arena == NULL || !pgb_bits_init(&w.applied, arena, world->n)) {
        return pgb_error_nomem(err);
    }
    for (uint32_t v = 0; v < world->n; v++) {
        if (world->nodes[v].applied != NULL && world->nodes[v].applied->incomplete) {
            pgb_error_set(err, PGB_REFUSED,
                          "%s is incomplete: what is left of it can't be put into a script",
                          world->nodes[v].id);
            pgb_error_hint(err, "finish it first: pgbraid upgrade");
            return PGB_REFUSED;
        }
        if (pgb_bits_get(&world->applied, v)) {
            pgb_bits_set(&w.applied, v);
        }
    }
    pgb_random_uuid(r->run);
    w.quoted = pgb_quote_ident(r->session, arena, r->o.schema);
    w.one = r->o.one_transaction;
    status = w.quoted != NULL ? PGB_OK : pgb_error_nomem(err);
    if (status == PGB_OK && r->history == NULL) {
        status =
            pgb_history_open(r->session, r->o.schema, r->o.project, r->arena, &r->history, err);
    }
    if (status == PGB_OK) {
        status = tasks_prepare(r, world, plan, arena, &tasks, err);
    }
    if (status == PGB_OK && w.one) {
        status = one_refuse(r, &tasks, err);
    }
    if (status == PGB_OK) {
        status = header(&w, command, exists, err);
    }
    if (status == PGB_OK) {
        status = all(&w, err);
    }
    tasks_done(&tasks);
    pgb_map_done(&w.unset);
    return status;
}
