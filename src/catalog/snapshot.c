#include "catalog/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/vec.h"

static const char magic[] = "pgbraid snapshot ";

/* A value stands bare when a reader of the line sees exactly it. */
static bool is_bare(const char *s)
{
    size_t len = strlen(s);

    if (len == 0 || s[0] == '"' || s[0] == ' ' || s[len - 1] == ' ') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

static void put_value(pgb_buf *out, const char *s)
{
    if (is_bare(s)) {
        pgb_buf_puts(out, s);
    } else {
        pgb_json json;

        pgb_json_init(&json, out);
        pgb_json_string(&json, s);
    }
}

void pgb_snapshot_write(const pgb_catalog *catalog, pgb_buf *out)
{
    pgb_buf_printf(out, "%s%d\nserver %d\n", magic, PGB_SNAPSHOT_VERSION,
                   catalog->server_version / 10000);
    for (uint32_t i = 0; i < catalog->n; i++) {
        const pgb_object *o = &catalog->objects[i];

        pgb_buf_putc(out, '\n');
        pgb_buf_puts(out, o->kind);
        pgb_buf_puts(out, ": ");
        put_value(out, o->identity);
        pgb_buf_putc(out, '\n');
        if (o->parent != NULL) {
            pgb_buf_puts(out, "  in: ");
            put_value(out, o->parent);
            pgb_buf_putc(out, '\n');
        }
        if (o->ord != 0) {
            pgb_buf_printf(out, "  position: %lld\n", (long long)o->ord);
        }
        for (uint32_t p = 0; p < o->n_props; p++) {
            pgb_buf_printf(out, "  %s: ", o->props[p].name);
            put_value(out, o->props[p].value);
            pgb_buf_putc(out, '\n');
        }
    }
}

typedef struct parser {
    const char *name;
    pgb_catalog *catalog;
    int line;
    const char *text; /* of the line */
    size_t len;
    PGB_VEC(pgb_object) objects;
    PGB_VEC(pgb_property) props; /* of the object under way */
} parser;

static pgb_status refuse(parser *p, pgb_error *err, const char *what)
{
    pgb_error_set(err, PGB_PROJECT, "%s", what);
    pgb_error_at(err, p->name, p->line, 1, p->text, p->len);
    pgb_error_hint(err, "A snapshot is written by `pgbraid snapshot -o FILE`; make it again.");
    return PGB_PROJECT;
}

static pgb_status finish_object(parser *p, pgb_error *err)
{
    pgb_object *o;
    pgb_property *kept;

    if (p->objects.n == 0) {
        return PGB_OK;
    }
    o = &p->objects.at[p->objects.n - 1];
    kept = pgb_arena_array(p->catalog->arena, p->props.n + 1, sizeof *kept);
    if (kept == NULL) {
        return pgb_error_nomem(err);
    }
    if (p->props.n > 0) {
        memcpy(kept, p->props.at, p->props.n * sizeof *kept);
    }
    o->props = kept;
    o->n_props = (uint32_t)p->props.n;
    p->props.n = 0;
    return PGB_OK;
}

/* "name: value" after the indentation; *ret_value is decoded. */
static pgb_status split_line(parser *p, size_t indent, const char **ret_name,
                             const char **ret_value, pgb_error *err)
{
    const char *at = p->text + indent, *end = p->text + p->len;
    const char *colon = memmem(at, (size_t)(end - at), ": ", 2);
    const char *value;

    if (colon == NULL || colon == at) {
        return refuse(p, err, "this line has no \"name: value\"");
    }
    *ret_name = pgb_arena_strndup(p->catalog->arena, at, (size_t)(colon - at));
    value = colon + 2;
    if (value < end && *value == '"') {
        *ret_value = pgb_json_decode_string(p->catalog->arena, value, (size_t)(end - value));
        if (*ret_value == NULL) {
            return refuse(p, err, "this quoted value does not end or is no JSON string");
        }
    } else {
        *ret_value = pgb_arena_strndup(p->catalog->arena, value, (size_t)(end - value));
    }
    return *ret_name != NULL && *ret_value != NULL ? PGB_OK : pgb_error_nomem(err);
}

static pgb_status parse_line(parser *p, pgb_error *err)
{
    const char *name = NULL, *value = NULL;
    pgb_status status;

    if (p->len == 0) {
        return PGB_OK;
    }
    if (p->text[0] != ' ') {
        pgb_object object = {0};

        status = finish_object(p, err);
        if (status == PGB_OK) {
            status = split_line(p, 0, &name, &value, err);
        }
        if (status != PGB_OK) {
            return status;
        }
        object.kind = name;
        object.identity = value;
        return pgb_vec_push(&p->objects, object) ? PGB_OK : pgb_error_nomem(err);
    }
    if (p->objects.n == 0 || p->len < 3 || p->text[1] != ' ') {
        return refuse(p, err, "this line belongs to no object");
    }
    status = split_line(p, 2, &name, &value, err);
    if (status != PGB_OK) {
        return status;
    }
    if (strcmp(name, "in") == 0) {
        p->objects.at[p->objects.n - 1].parent = value;
    } else if (strcmp(name, "position") == 0) {
        p->objects.at[p->objects.n - 1].ord = atoll(value);
    } else {
        pgb_property prop = {name, value};

        return pgb_vec_push(&p->props, prop) ? PGB_OK : pgb_error_nomem(err);
    }
    return PGB_OK;
}

static pgb_status parse_head(parser *p, pgb_error *err)
{
    int version;

    if (p->line == 1) {
        if (p->len < sizeof magic || memcmp(p->text, magic, sizeof magic - 1) != 0) {
            return refuse(p, err, "this is no snapshot of pgbraid");
        }
        version = atoi(p->text + sizeof magic - 1);
        if (version > PGB_SNAPSHOT_VERSION) {
            pgb_error_set(err, PGB_REFUSED,
                          "the snapshot has format %d, and this program reads up to %d", version,
                          PGB_SNAPSHOT_VERSION);
            pgb_error_at(err, p->name, 1, 1, p->text, p->len);
            pgb_error_hint(err,
                           "Use the newer pgbraid that wrote it, or make it again with this one.");
            return PGB_REFUSED;
        }
        return version >= 1 ? PGB_OK : refuse(p, err, "this is no snapshot of pgbraid");
    }
    if (p->len < 8 || memcmp(p->text, "server ", 7) != 0) {
        return refuse(p, err, "the second line must name the server's major version");
    }
    p->catalog->server_version = atoi(p->text + 7) * 10000;
    return PGB_OK;
}

static int by_name(const void *a, const void *b)
{
    const pgb_object *x = a, *y = b;
    int by = strcmp(x->kind, y->kind);

    return by != 0 ? by : strcmp(x->identity, y->identity);
}

pgb_status pgb_snapshot_parse(const char *name, const char *text, size_t len,
                              pgb_catalog **ret_catalog, pgb_error *err)
{
    pgb_arena *arena = pgb_arena_new();
    parser p = {.name = name,
                .catalog = arena != NULL ? pgb_arena_alloc(arena, sizeof(pgb_catalog)) : NULL};
    pgb_status status = PGB_OK;

    if (p.catalog == NULL) {
        pgb_arena_free(arena);
        return pgb_error_nomem(err);
    }
    p.catalog->arena = arena;
    for (size_t at = 0; at < len && status == PGB_OK;) {
        const char *end = memchr(text + at, '\n', len - at);

        p.text = text + at;
        p.len = end != NULL ? (size_t)(end - p.text) : len - at;
        at += p.len + 1;
        p.line++;
        if (p.len > 0 && p.text[p.len - 1] == '\r') {
            p.len--; /* a checkout with CRLF is the same snapshot */
        }
        status = p.line <= 2 ? parse_head(&p, err) : parse_line(&p, err);
    }
    if (status == PGB_OK && p.line < 2) {
        p.text = "";
        p.len = 0;
        status = refuse(&p, err, "this is no snapshot of pgbraid");
    }
    if (status == PGB_OK) {
        status = finish_object(&p, err);
    }
    if (status == PGB_OK && p.objects.n > 0) {
        p.catalog->objects = pgb_arena_array(arena, p.objects.n, sizeof p.objects.at[0]);
        if (p.catalog->objects == NULL) {
            status = pgb_error_nomem(err);
        } else {
            memcpy(p.catalog->objects, p.objects.at, p.objects.n * sizeof p.objects.at[0]);
            p.catalog->n = (uint32_t)p.objects.n;
            qsort(p.catalog->objects, p.catalog->n, sizeof p.catalog->objects[0], by_name);
        }
    }
    pgb_vec_done(&p.objects);
    pgb_vec_done(&p.props);
    if (status != PGB_OK) {
        pgb_arena_free(arena);
        return status;
    }
    *ret_catalog = p.catalog;
    return PGB_OK;
}
