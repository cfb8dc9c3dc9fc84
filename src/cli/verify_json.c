#include "cli/verify.h"

static void put_figures(pgb_json *json, const pgb_counts *c)
{
    pgb_json_key_int(json, "tables", c->tables);
    pgb_json_key_int(json, "columns", c->columns);
    pgb_json_key_int(json, "foreign_keys", c->foreign_keys);
    pgb_json_key_int(json, "indexes", c->indexes);
    pgb_json_key_int(json, "checks", c->checks);
}

void pgb_verify_json_counts(pgb_json *json, const pgb_catalog *catalog, const char *tables)
{
    pgb_counts counts;

    pgb_catalog_count(catalog, NULL, &counts);
    pgb_json_key(json, "counts");
    pgb_json_object(json);
    put_figures(json, &counts);
    pgb_json_end(json);
    if (tables == NULL) {
        return;
    }
    pgb_json_key(json, tables);
    pgb_json_array(json);
    for (uint32_t i = 0; i < catalog->n; i++) {
        if (strcmp(catalog->objects[i].kind, "table") == 0) {
            pgb_catalog_count(catalog, catalog->objects[i].identity, &counts);
            pgb_json_object(json);
            pgb_json_key_string(json, "name", catalog->objects[i].identity);
            put_figures(json, &counts);
            pgb_json_end(json);
        }
    }
    pgb_json_end(json);
}

static void put_difference(pgb_json *json, const pgb_difference *d)
{
    pgb_json_object(json);
    pgb_json_key_string(json, "kind", d->kind);
    pgb_json_key_string(json, "object", d->object);
    pgb_json_key_string(json, "table", d->table);
    pgb_json_key_string(json, "change", pgb_change_name(d->change));
    pgb_json_key_string(json, "property", d->property);
    pgb_json_key_string(json, "expected", d->expected);
    pgb_json_key_string(json, "actual", d->actual);
    pgb_json_key_string(json, "sql", d->sql);
    pgb_json_end(json);
}

static void put_notes(pgb_json *json, const pgb_verdict *v)
{
    pgb_json_key(json, "notes");
    pgb_json_array(json);
    for (uint32_t i = 0; i < v->n_notes; i++) {
        pgb_json_object(json);
        pgb_json_key_string(json, "text", v->notes[i].text);
        pgb_json_key_string(json, "kind", v->notes[i].kind);
        pgb_json_key_string(json, "object", v->notes[i].object);
        pgb_json_end(json);
    }
    pgb_json_end(json);
    pgb_json_key(json, "ignored");
    pgb_json_array(json);
    for (uint32_t i = 0; i < v->n_ignores; i++) {
        pgb_json_object(json);
        pgb_json_key_string(json, "pattern", v->ignores[i].pattern);
        pgb_json_key_string(json, "reason", v->ignores[i].reason);
        pgb_json_key_int(json, "differences", v->ignores[i].n);
        pgb_json_end(json);
    }
    pgb_json_end(json);
}

void pgb_verify_show_json(pgb_ctx *ctx, const pgb_verdict *v)
{
    pgb_json json;

    pgb_json_init(&json, pgb_out_json(ctx->out));
    pgb_json_object(&json);
    pgb_json_key_string(&json, "against", v->against);
    pgb_json_key_bool(&json, "verified", v->verified);
    pgb_json_key(&json, "differences");
    pgb_json_array(&json);
    for (uint32_t i = 0; i < v->differences.n; i++) {
        if (!v->differences.at[i].note) {
            put_difference(&json, &v->differences.at[i]);
            pgb_out_turn(ctx->out);
        }
    }
    pgb_json_end(&json);
    pgb_verify_json_counts(&json, v->actual, "tables");
    put_notes(&json, v);
    pgb_json_end(&json);
    pgb_out_raw(ctx->out, "\n", 1);
}
