/* The report for programs: docs/schemas/report.json. */
#include <string.h>

#include "base/json.h"
#include "report/report.h"
#include "report/words.h"

static void put_list(pgb_json *j, const char *key, const pgb_report_list *list)
{
    pgb_json_key(j, key);
    pgb_json_array(j);
    for (uint32_t i = 0; i < list->n; i++) {
        pgb_json_string(j, list->at[i]);
    }
    pgb_json_end(j);
}

static void put_size(pgb_json *j, const char *key, int64_t n)
{
    pgb_json_key(j, key);
    if (n < 0) {
        pgb_json_null(j);
    } else {
        pgb_json_int(j, n);
    }
}

static void put_changes(pgb_json *j, const pgb_report_revision *rev)
{
    pgb_json_key(j, "changes");
    if (!rev->changes_known) {
        pgb_json_null(j);
        return;
    }
    pgb_json_array(j);
    for (uint32_t i = 0; i < rev->n_changes; i++) {
        pgb_json_object(j);
        pgb_json_key_string(j, "action", rev->changes[i].action);
        pgb_json_key_string(j, "kind", rev->changes[i].kind);
        pgb_json_key_string(j, "object", rev->changes[i].object);
        pgb_json_key_string(j, "detail", rev->changes[i].detail);
        pgb_json_key_bool(j, "within", rev->changes[i].within);
        pgb_json_end(j);
    }
    pgb_json_end(j);
}

static void put_neighbours(pgb_json *j, const pgb_report *r, const char *key, pgb_nodes nodes)
{
    pgb_json_key(j, key);
    pgb_json_array(j);
    for (uint32_t i = 0; i < nodes.n; i++) {
        pgb_json_string(j, r->revisions[nodes.at[i]].id);
    }
    pgb_json_end(j);
}

static void put_revision(pgb_json *j, const pgb_report *r, uint32_t i)
{
    const pgb_report_revision *rev = &r->revisions[i];

    pgb_json_object(j);
    pgb_json_key_string(j, "id", rev->id);
    pgb_json_key_string(j, "title", rev->title);
    pgb_json_key_string(j, "file", rev->file);
    put_neighbours(j, r, "parents", pgb_graph_parents(r->graph, i));
    put_neighbours(j, r, "depends", pgb_graph_depends(r->graph, i));
    put_list(j, "labels", &rev->labels);
    pgb_json_key_string(j, "state", rev->state);
    pgb_json_key_bool(j, "in_scope", rev->in_scope);
    pgb_json_key_bool(j, "current", rev->current);
    pgb_json_key_bool(j, "stamped", rev->stamped);
    pgb_json_key_bool(j, "transaction_none", rev->transaction_none);
    pgb_json_key_bool(j, "has_down", rev->has_down);
    pgb_json_key_string(j, "irreversible", rev->irreversible);
    pgb_json_key_string(j, "at", rev->at);
    pgb_json_key_string(j, "by", rev->by);
    pgb_json_key_string(j, "from", rev->from);
    pgb_json_key_string(j, "run", rev->run);
    pgb_json_key_string(j, "tool_version", rev->tool_version);
    put_size(j, "duration_us", rev->duration_us);
    put_changes(j, rev);
    pgb_json_end(j);
}

static void put_column(pgb_json *j, const pgb_report_column *c)
{
    pgb_json_object(j);
    pgb_json_key_string(j, "name", c->name);
    pgb_json_key_string(j, "type", c->type);
    pgb_json_key_bool(j, "not_null", c->not_null);
    pgb_json_key_bool(j, "primary_key", c->primary_key);
    pgb_json_key_string(j, "default", c->preset);
    pgb_json_key_string(j, "generated", c->generated);
    pgb_json_key_string(j, "collation", c->collation);
    pgb_json_key_string(j, "comment", c->comment);
    pgb_json_end(j);
}

static void put_items(pgb_json *j, const char *key, const pgb_report_item *items, uint32_t n)
{
    pgb_json_key(j, key);
    pgb_json_array(j);
    for (uint32_t i = 0; i < n; i++) {
        pgb_json_object(j);
        pgb_json_key_string(j, "name", items[i].name);
        pgb_json_key_string(j, "definition", items[i].definition);
        pgb_json_key_string(j, "comment", items[i].comment);
        pgb_json_key_bool(j, "valid", !items[i].bad);
        pgb_json_end(j);
    }
    pgb_json_end(j);
}

static void put_keys(pgb_json *j, const pgb_report_table *t)
{
    pgb_json_key(j, "keys");
    pgb_json_array(j);
    for (uint32_t i = 0; i < t->n_keys; i++) {
        pgb_json_object(j);
        pgb_json_key_string(j, "name", t->keys[i].name);
        pgb_json_key_string(j, "kind", t->keys[i].kind);
        pgb_json_key_string(j, "columns", t->keys[i].columns);
        pgb_json_key_string(j, "definition", t->keys[i].definition);
        pgb_json_end(j);
    }
    pgb_json_end(j);
    pgb_json_key(j, "foreign_keys");
    pgb_json_array(j);
    for (uint32_t i = 0; i < t->n_foreign_keys; i++) {
        const pgb_report_foreign_key *fk = &t->foreign_keys[i];

        pgb_json_object(j);
        pgb_json_key_string(j, "name", fk->name);
        pgb_json_key_string(j, "columns", fk->columns);
        pgb_json_key_string(j, "references", fk->references);
        pgb_json_key_string(j, "referenced_columns", fk->referenced);
        pgb_json_key_string(j, "on_delete", fk->on_delete);
        pgb_json_key_string(j, "on_update", fk->on_update);
        pgb_json_key_string(j, "deferrable", fk->deferrable);
        pgb_json_key_bool(j, "validated", !fk->not_valid);
        pgb_json_end(j);
    }
    pgb_json_end(j);
}

static void put_figures(pgb_json *j, uint32_t columns, uint32_t foreign_keys, uint32_t indexes,
                        uint32_t checks)
{
    pgb_json_key_int(j, "columns", columns);
    pgb_json_key_int(j, "foreign_keys", foreign_keys);
    pgb_json_key_int(j, "indexes", indexes);
    pgb_json_key_int(j, "checks", checks);
    pgb_json_end(j);
}

static void put_table(pgb_json *j, const pgb_report *r, const pgb_report_table *t)
{
    pgb_json_object(j);
    pgb_json_key_string(j, "name", t->identity);
    pgb_json_key_string(j, "comment", t->comment);
    pgb_json_key_string(j, "made_by",
                        t->made_by < r->n_revisions ? r->revisions[t->made_by].id : NULL);
    pgb_json_key_string(j, "partition_of", t->partition_of);
    pgb_json_key_bool(j, "touched", t->touched);
    pgb_json_key(j, "counts");
    pgb_json_object(j);
    put_figures(j, t->n_counted_columns, t->n_counted_foreign_keys, t->n_counted_indexes,
                t->n_counted_checks);
    pgb_json_key(j, "columns");
    pgb_json_array(j);
    for (uint32_t i = 0; i < t->n_columns; i++) {
        put_column(j, &t->columns[i]);
    }
    pgb_json_end(j);
    put_keys(j, t);
    put_items(j, "checks", t->checks, t->n_checks);
    put_items(j, "indexes", t->indexes, t->n_indexes);
    put_items(j, "others", t->others, t->n_others);
    pgb_json_end(j);
}

static void put_verification(pgb_json *j, const pgb_report_verification *v)
{
    pgb_json_object(j);
    pgb_json_key_string(j, "source", v->source);
    pgb_json_key_string(j, "against", v->against);
    pgb_json_key_bool(j, "verified", v->verified);
    pgb_json_key(j, "differences");
    pgb_json_array(j);
    for (uint32_t i = 0; i < v->n_differences; i++) {
        const pgb_report_difference *d = &v->differences[i];

        pgb_json_object(j);
        pgb_json_key_string(j, "kind", d->kind);
        pgb_json_key_string(j, "object", d->object);
        pgb_json_key_string(j, "change", d->change);
        pgb_json_key_string(j, "property", d->property);
        pgb_json_key_string(j, "expected", d->expected);
        pgb_json_key_string(j, "actual", d->actual);
        pgb_json_key_string(j, "sql", d->sql);
        pgb_json_end(j);
    }
    pgb_json_end(j);
    pgb_json_key(j, "notes");
    pgb_json_array(j);
    for (uint32_t i = 0; i < v->n_notes; i++) {
        pgb_json_string(j, v->notes[i]);
    }
    pgb_json_end(j);
    pgb_json_end(j);
}

static void put_proven(pgb_json *j, const pgb_report *r)
{
    pgb_json_key(j, "verifications");
    pgb_json_array(j);
    for (uint32_t i = 0; i < r->n_verifications; i++) {
        put_verification(j, &r->verifications[i]);
    }
    pgb_json_end(j);
    pgb_json_key(j, "proofs");
    pgb_json_array(j);
    for (uint32_t i = 0; i < r->n_proofs; i++) {
        for (uint32_t k = 0; k < r->proofs[i].n; k++) {
            pgb_json_object(j);
            pgb_json_key_string(j, "source", r->proofs[i].source);
            pgb_json_key_string(j, "subject", r->proofs[i].at[k].subject);
            pgb_json_key_string(j, "proof", r->proofs[i].at[k].proof);
            pgb_json_key_string(j, "result", r->proofs[i].at[k].result);
            pgb_json_key_string(j, "reason", r->proofs[i].at[k].reason);
            pgb_json_end(j);
        }
    }
    pgb_json_end(j);
}

static void put_backfills(pgb_json *j, const pgb_report *r)
{
    pgb_json_key(j, "backfills");
    pgb_json_array(j);
    for (uint32_t i = 0; i < r->n_backfills; i++) {
        const pgb_report_backfill *b = &r->backfills[i];

        pgb_json_object(j);
        pgb_json_key_string(j, "name", b->name);
        pgb_json_key_string(j, "state", b->state);
        pgb_json_key_string(j, "started", b->started);
        pgb_json_key_string(j, "ended", b->ended);
        pgb_json_key_string(j, "by", b->by);
        put_size(j, "rows", b->rows);
        put_size(j, "errors", b->errors);
        put_size(j, "duration_us", b->duration_us);
        pgb_json_key(j, "outcomes");
        pgb_json_object(j);
        for (uint32_t k = 0; k < b->n_outcomes; k++) {
            pgb_json_key_int(j, b->outcomes[k].name, b->outcomes[k].count);
        }
        pgb_json_end(j);
        pgb_json_end(j);
    }
    pgb_json_end(j);
}

static void put_events(pgb_json *j, const pgb_report *r)
{
    pgb_json_key(j, "events");
    pgb_json_array(j);
    for (uint32_t i = 0; i < r->n_events; i++) {
        const pgb_report_event *e = &r->events[i];

        pgb_json_object(j);
        pgb_json_key_string(j, "at", e->at);
        pgb_json_key_string(j, "event", e->event);
        pgb_json_key_string(j, "revision", e->id);
        pgb_json_key_string(j, "run", e->run);
        pgb_json_key_string(j, "by", e->by);
        pgb_json_key_string(j, "from", e->from);
        put_size(j, "duration_us", e->duration_us);
        pgb_json_key_bool(j, "failure", e->failure);
        pgb_json_key_string(j, "sqlstate", e->sqlstate);
        pgb_json_key_string(j, "message", e->message);
        pgb_json_end(j);
    }
    pgb_json_end(j);
}

static void put_head(pgb_json *j, const pgb_report *r)
{
    static const char *const scopes[] = {"project", "run", "range"};

    pgb_json_key_string(j, "project", r->project);
    pgb_json_key_string(j, "scope", scopes[r->scope]);
    pgb_json_key_string(j, "scope_text", r->scope_text);
    pgb_json_key_string(j, "made_at", r->made_at);
    pgb_json_key_string(j, "made_by", r->made_by);
    pgb_json_key_string(j, "tool_version", r->tool_version);
    pgb_json_key_string(j, "server", r->server);
    pgb_json_key_string(j, "database", r->database);
    pgb_json_key_string(j, "host", r->host);
    pgb_json_key_string(j, "run", r->run);
    pgb_json_key_string(j, "started", r->started);
    pgb_json_key_string(j, "ended", r->ended);
    put_list(j, "applied_by", &r->applied_by);
    put_list(j, "applied_from", &r->applied_from);
    put_size(j, "duration_us", r->duration_us);
    put_list(j, "before", &r->before);
    put_list(j, "after", &r->after);
    put_list(j, "current", r->now.n > 0 ? &r->now : &r->after);
    put_list(j, "pending", &r->pending);
    pgb_json_key(j, "downgrade");
    pgb_json_object(j);
    put_list(j, "commands", &r->downgrade);
    put_list(j, "reverts", &r->downgrade_reverts);
    pgb_json_key_string(j, "why_not", r->why_no_way);
    pgb_json_end(j);
    pgb_json_key(j, "notes");
    pgb_json_array(j);
    for (uint32_t i = 0; i < r->n_notes; i++) {
        pgb_json_string(j, r->notes[i]);
    }
    pgb_json_end(j);
}

pgb_status pgb_report_json(const pgb_report *r, pgb_buf *out, pgb_error *err)
{
    pgb_json j;

    pgb_json_init(&j, out);
    pgb_json_object(&j);
    put_head(&j, r);
    pgb_json_key(&j, "revisions");
    pgb_json_array(&j);
    for (uint32_t i = r->n_revisions; i-- > 0;) {
        put_revision(&j, r, r->order[i]);
    }
    pgb_json_end(&j);
    pgb_json_key(&j, "counts");
    pgb_json_object(&j);
    pgb_json_key_int(&j, "tables", r->n_all_tables);
    put_figures(&j, r->columns, r->foreign_keys, r->indexes, r->checks);
    pgb_json_key(&j, "tables");
    pgb_json_array(&j);
    for (uint32_t i = 0; i < r->n_tables; i++) {
        put_table(&j, r, &r->tables[i]);
    }
    pgb_json_end(&j);
    pgb_json_key(&j, "objects");
    pgb_json_array(&j);
    for (uint32_t i = 0; i < r->n_objects; i++) {
        pgb_json_object(&j);
        pgb_json_key_string(&j, "kind", r->objects[i].kind);
        pgb_json_key_string(&j, "name", r->objects[i].name);
        pgb_json_key_string(&j, "detail", r->objects[i].detail);
        pgb_json_end(&j);
    }
    pgb_json_end(&j);
    put_proven(&j, r);
    put_backfills(&j, r);
    put_events(&j, r);
    pgb_json_end(&j);
    pgb_buf_putc(out, '\n');
    return out->failed ? pgb_error_nomem(err) : PGB_OK;
}
