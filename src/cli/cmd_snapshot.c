#include "base/file.h"
#include "catalog/snapshot.h"
#include "cli/cli.h"
#include "cli/verify.h"

struct values {
    const char *output;
};

static const pgb_option options[] = {
    {.name = "output",
     .letter = 'o',
     .arg = "FILE",
     PGB_OPT_STRING_AT(struct values, output),
     .help = "write to FILE (whole or not at all) instead of stdout"},
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid snapshot -o schema.snapshot", "the schema as a file to commit"},
    {"pgbraid snapshot -d postgres://localhost/shop | diff schema.snapshot -",
     "what changed since, line by line"},
    {NULL, NULL},
};

static void put_object(pgb_json *json, const pgb_object *o)
{
    pgb_json_object(json);
    pgb_json_key_string(json, "kind", o->kind);
    pgb_json_key_string(json, "object", o->identity);
    pgb_json_key_string(json, "in", o->parent);
    if (strcmp(o->kind, "column") == 0) {
        pgb_json_key_int(json, "position", o->ord);
    }
    pgb_json_key(json, "properties");
    pgb_json_object(json);
    for (uint32_t i = 0; i < o->n_props; i++) {
        pgb_json_key_string(json, o->props[i].name, o->props[i].value);
    }
    pgb_json_end(json);
    pgb_json_end(json);
}

static void put_json(pgb_ctx *ctx, const pgb_catalog *catalog, const char *file)
{
    pgb_json json;

    pgb_json_init(&json, pgb_out_json(ctx->out));
    pgb_json_object(&json);
    pgb_json_key_string(&json, "file", file);
    pgb_json_key_int(&json, "server", catalog->server_version / 10000);
    pgb_verify_json_counts(&json, catalog, NULL);
    if (file == NULL) {
        pgb_json_key(&json, "objects");
        pgb_json_array(&json);
        for (uint32_t i = 0; i < catalog->n; i++) {
            put_object(&json, &catalog->objects[i]);
            pgb_out_turn(ctx->out);
        }
        pgb_json_end(&json);
    }
    pgb_json_end(&json);
    pgb_out_raw(ctx->out, "\n", 1);
}

/* What a reader of the snapshot should know. */
static void warn(pgb_ctx *ctx, const pgb_catalog *catalog)
{
    uint32_t unmodelled = 0;

    for (uint32_t i = 0; i < catalog->n; i++) {
        unmodelled += strcmp(catalog->objects[i].kind, "unmodelled") == 0;
    }
    if (unmodelled > 0) {
        pgb_warn(ctx, "%u %s only named in the snapshot: look for \"unmodelled:\" in it",
                 unmodelled, unmodelled == 1 ? "object is" : "objects are");
    }
    if (catalog->moved) {
        pgb_warn(ctx,
                 "the schema changed at every attempt to read it: the snapshot may mix states");
    }
}

static pgb_status write_snapshot(pgb_ctx *ctx, const pgb_catalog *catalog, const char *file)
{
    PGB_AUTO_BUF(text);
    pgb_status status = PGB_OK;

    pgb_snapshot_write(catalog, &text);
    if (text.failed) {
        return pgb_error_nomem(ctx->err);
    }
    if (file != NULL) {
        status = pgb_file_write(file, pgb_buf_str(&text), text.len, false, ctx->err);
    } else if (!ctx->json) {
        pgb_out_raw(ctx->out, pgb_buf_str(&text), text.len);
    }
    if (status == PGB_OK && file != NULL) {
        pgb_say(ctx, "wrote %s: %u objects", file, catalog->n);
    }
    return status;
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    pgb_catalog *catalog = NULL;
    pgb_status status = pgb_catalog_read_at(ctx->db.conninfo, ctx->conf->history_schema,
                                            &pgb_cli_interrupted, &catalog, ctx->err);

    if (status != PGB_OK) {
        return status;
    }
    warn(ctx, catalog);
    status = write_snapshot(ctx, catalog, v->output);
    if (status == PGB_OK && ctx->json) {
        put_json(ctx, catalog, v->output);
    }
    pgb_catalog_free(catalog);
    return status;
}

const pgb_command pgb_command_snapshot = {
    .name = "snapshot",
    .summary = "write the schema of a database as a file to commit",
    .operands = "",
    .about = "Every object stands with its properties, sorted, one thing a line, so that a diff of "
             "two snapshots names what changed; equal schemas give equal bytes on one major "
             "version of PostgreSQL. The history's schema is left out. Needs no project.\n\n"
             "Reads only, on a standby as well, and takes no lock that keeps anybody waiting.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_URL,
    .embedded = PGB_EMBEDDED_START,
    .run = run,
};
