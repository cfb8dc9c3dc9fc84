#include "catalog/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"

static const char magic[] = "pgbraid snapshot ";
static const char last_line[] = "end";    /* so that a file that was cut short is known as such */
static const char block_line[] = "    |"; /* then nothing, or a blank and the line's text */

typedef enum shape { BARE, BLOCK, QUOTED } shape;

/* How a reader of the file sees exactly this value. */
static shape shape_of(const char *s)
{
    size_t len = strlen(s);
    bool lines = false;

    if (len == 0) {
        return QUOTED;
    }
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\n') {
            lines = true;
        } else if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7F) {
            return QUOTED;
        }
    }
    if (lines) {
        return BLOCK;
    }
    return s[0] == '"' || s[0] == ' ' || s[0] == '\t' || s[len - 1] == ' ' || s[len - 1] == '\t'
               ? QUOTED
               : BARE;
}

/* " value\n", or ":" was the last on its line and the value's lines follow. */
static void put_value(pgb_buf *out, const char *s, bool may_block)
{
    shape how = shape_of(s);

    if (how == BLOCK && may_block) {
        pgb_buf_putc(out, '\n');
        for (const char *at = s, *end;; at = end + 1) {
            end = strchrnul(at, '\n');
            pgb_buf_puts(out, block_line);
            if (end > at) {
                pgb_buf_putc(out, ' ');
                pgb_buf_append(out, at, (size_t)(end - at));
            }
            pgb_buf_putc(out, '\n');
            if (*end == '\0') {
                return;
            }
        }
    }
    pgb_buf_putc(out, ' ');
    if (how == BARE) {
        pgb_buf_puts(out, s);
    } else {
        pgb_json json;

        pgb_json_init(&json, out);
        pgb_json_string(&json, s);
    }
    pgb_buf_putc(out, '\n');
}

static void put_line(pgb_buf *out, const char *indent, const char *name, const char *value,
                     bool may_block)
{
    pgb_buf_puts(out, indent);
    pgb_buf_puts(out, name);
    pgb_buf_putc(out, ':');
    put_value(out, value, may_block);
}

void pgb_snapshot_write(const pgb_catalog *catalog, pgb_buf *out)
{
    pgb_buf_printf(out, "%s%d\nserver %d\n", magic, PGB_SNAPSHOT_VERSION,
                   catalog->server_version / 10000);
    for (uint32_t i = 0; i < catalog->n; i++) {
        const pgb_object *o = &catalog->objects[i];

        pgb_buf_putc(out, '\n');
        put_line(out, "", o->kind, o->identity, false);
        if (o->parent != NULL) {
            put_line(out, "  ", "in", o->parent, false);
        }
        if (o->ord != 0 && strcmp(o->kind, "column") == 0) {
            pgb_buf_printf(out, "  position: %lld\n", (long long)o->ord);
        }
        for (uint32_t p = 0; p < o->n_props; p++) {
            put_line(out, "  ", o->props[p].name, o->props[p].value, true);
        }
    }
    pgb_buf_printf(out, "\n%s\n", last_line);
}

typedef struct parser {
    const char *name;
    pgb_catalog *catalog;
    pgb_arena *arena;
    int line;
    const char *text; /* of the line */
    size_t len;
    PGB_VEC(pgb_object) objects;
    PGB_VEC(pgb_property) props; /* of the object under way */
    const char *block_name;      /* property whose lines are being read; NULL: none */
    int block_lines;
    pgb_buf block;
    bool ended; /* the last line was seen */
} parser;

static pgb_status refuse(parser *p, pgb_error *err, const char *what)
{
    pgb_error_set(err, PGB_PROJECT, "%s", what);
    pgb_error_at(err, p->name, p->line, 1, p->text, p->len);
    pgb_error_hint(err, "A snapshot is written by `pgbraid snapshot -o FILE`; make it again.");
    return PGB_PROJECT;
}

static pgb_status add_property(parser *p, const char *name, const char *value, pgb_error *err)
{
    pgb_property prop = {name, value};

    for (size_t i = 0; i < p->props.n; i++) {
        if (strcmp(p->props.at[i].name, name) == 0) {
            return refuse(p, err, "this object has the property twice");
        }
    }
    return pgb_vec_push(&p->props, prop) ? PGB_OK : pgb_error_nomem(err);
}

static pgb_status finish_block(parser *p, pgb_error *err)
{
    const char *name = p->block_name, *value;

    if (name == NULL) {
        return PGB_OK;
    }
    p->block_name = NULL;
    if (p->block_lines == 0) {
        return refuse(p, err, "the lines of the property before this line are missing");
    }
    value =
        p->block.failed ? NULL : pgb_arena_strndup(p->arena, pgb_buf_str(&p->block), p->block.len);
    return value == NULL ? pgb_error_nomem(err) : add_property(p, name, value, err);
}

/* Kinds that are always of a table, view or type. */
static bool belongs(const char *kind)
{
    static const char *const kinds[] = {"column", "constraint", "domain constraint",
                                        "index",  "trigger",    "rule",
                                        "policy", "statistics"};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kind, kinds[i]) == 0) {
            return true;
        }
    }
    return false;
}

static pgb_status finish_object(parser *p, pgb_error *err)
{
    pgb_object *o;
    pgb_property *kept;
    pgb_status status = finish_block(p, err);

    if (p->objects.n == 0 || status != PGB_OK) {
        return status;
    }
    o = &p->objects.at[p->objects.n - 1];
    if (o->parent == NULL && belongs(o->kind)) {
        return refuse(p, err, "the object before this line has no \"in\"");
    }
    kept = pgb_arena_array(p->arena, p->props.n + 1, sizeof *kept);
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

/* "name: value" after the indentation, the value decoded; "name:" alone gives a NULL value. */
static pgb_status split_line(parser *p, size_t indent, const char **ret_name,
                             const char **ret_value, pgb_error *err)
{
    const char *at = p->text + indent, *end = p->text + p->len;
    const char *colon = memchr(at, ':', (size_t)(end - at));
    const char *value;

    if (colon == NULL || colon == at || (colon + 1 < end && colon[1] != ' ')) {
        return refuse(p, err, "this line has no \"name: value\"");
    }
    *ret_value = NULL;
    *ret_name = pgb_arena_strndup(p->arena, at, (size_t)(colon - at));
    value = colon + 2;
    if (value < end && *value == '"') {
        *ret_value = pgb_json_decode_string(p->arena, value, (size_t)(end - value));
        if (*ret_value == NULL) {
            return refuse(p, err, "this quoted value does not end or is no JSON string");
        }
    } else if (value < end) {
        *ret_value = pgb_arena_strndup(p->arena, value, (size_t)(end - value));
        if (*ret_value == NULL) {
            return pgb_error_nomem(err);
        }
    }
    return *ret_name != NULL ? PGB_OK : pgb_error_nomem(err);
}

static pgb_status parse_object(parser *p, pgb_error *err)
{
    const char *name = NULL, *value = NULL;
    pgb_status status = finish_object(p, err);
    pgb_object object = {0};

    if (status == PGB_OK) {
        status = split_line(p, 0, &name, &value, err);
    }
    if (status == PGB_OK && value == NULL) {
        status = refuse(p, err, "this object has no name");
    }
    if (status != PGB_OK) {
        return status;
    }
    object.kind = name;
    object.identity = value;
    return pgb_vec_push(&p->objects, object) ? PGB_OK : pgb_error_nomem(err);
}

static pgb_status parse_property(parser *p, pgb_error *err)
{
    const char *name = NULL, *value = NULL;
    pgb_object *o;
    pgb_status status = finish_block(p, err);

    if (status == PGB_OK &&
        (p->objects.n == 0 || p->len < 3 || p->text[1] != ' ' || p->text[2] == ' ')) {
        status = refuse(p, err, "this line belongs to no object");
    }
    if (status == PGB_OK) {
        status = split_line(p, 2, &name, &value, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    o = &p->objects.at[p->objects.n - 1];
    if (value == NULL) {
        p->block_name = name;
        p->block_lines = 0;
        pgb_buf_clear(&p->block);
    } else if (strcmp(name, "in") == 0) {
        o->parent = value;
    } else if (strcmp(name, "position") == 0) {
        char *end;

        o->ord = strtoll(value, &end, 10);
        if (*end != '\0' || o->ord < 1 || o->ord > INT32_MAX) {
            return refuse(p, err, "the position is no number");
        }
    } else {
        return add_property(p, name, value, err);
    }
    return PGB_OK;
}

static pgb_status parse_line(parser *p, pgb_error *err)
{
    size_t bar = sizeof block_line - 1;

    if (p->block_name != NULL && p->len >= bar && memcmp(p->text, block_line, bar) == 0 &&
        (p->len == bar || p->text[bar] == ' ')) {
        if (p->block_lines++ > 0) {
            pgb_buf_putc(&p->block, '\n');
        }
        if (p->len > bar) {
            pgb_buf_append(&p->block, p->text + bar + 1, p->len - bar - 1);
        }
        return PGB_OK;
    }
    if (p->len == 0 || p->text[0] == '#') {
        return PGB_OK;
    }
    if (p->ended) {
        return refuse(p, err, "nothing may stand behind the line \"end\"");
    }
    if (p->len == sizeof last_line - 1 && memcmp(p->text, last_line, p->len) == 0) {
        p->ended = true;
        return finish_object(p, err);
    }
    return p->text[0] == ' ' ? parse_property(p, err) : parse_object(p, err);
}

/* A number that ends the line; -1: none. */
static int number_at(const parser *p, size_t at)
{
    int n = 0;

    if (at >= p->len || p->len - at > 6) {
        return -1;
    }
    for (; at < p->len; at++) {
        if (p->text[at] < '0' || p->text[at] > '9') {
            return -1;
        }
        n = n * 10 + (p->text[at] - '0');
    }
    return n;
}

static pgb_status parse_head(parser *p, pgb_error *err)
{
    int n;

    if (p->line == 1) {
        if (p->len < sizeof magic || memcmp(p->text, magic, sizeof magic - 1) != 0 ||
            (n = number_at(p, sizeof magic - 1)) < 1) {
            return refuse(p, err, "this is no snapshot of pgbraid");
        }
        if (n > PGB_SNAPSHOT_VERSION) {
            pgb_error_set(err, PGB_REFUSED,
                          "the snapshot has format %d, and this program reads up to %d", n,
                          PGB_SNAPSHOT_VERSION);
            pgb_error_at(err, p->name, 1, 1, p->text, p->len);
            pgb_error_hint(err,
                           "Use the newer pgbraid that wrote it, or make it again with this one.");
            return PGB_REFUSED;
        }
        return PGB_OK;
    }
    if (p->len < 8 || memcmp(p->text, "server ", 7) != 0 || (n = number_at(p, 7)) < 1) {
        return refuse(p, err, "the second line must name the server's major version");
    }
    p->catalog->server_version = n * 10000;
    return PGB_OK;
}

static pgb_status refuse_doubles(parser *p, pgb_error *err)
{
    /* finishing sorted them */
    for (size_t i = 1; i < p->objects.n; i++) {
        const pgb_object *a = &p->objects.at[i - 1], *b = a + 1;

        if (strcmp(a->kind, b->kind) == 0 && strcmp(a->identity, b->identity) == 0) {
            p->line = 0;
            p->len = 0;
            refuse(p, err, "the snapshot has an object twice");
            pgb_error_detail(err, "%s %s", a->kind, a->identity);
            return PGB_PROJECT;
        }
    }
    return PGB_OK;
}

static pgb_status parse_all(parser *p, const char *text, size_t len, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (size_t at = 0; at < len && status == PGB_OK;) {
        const char *end = memchr(text + at, '\n', len - at);

        p->text = text + at;
        p->len = end != NULL ? (size_t)(end - p->text) : len - at;
        at += p->len + 1;
        p->line++;
        if (p->len > 0 && p->text[p->len - 1] == '\r') {
            p->len--; /* a checkout with CRLF is the same snapshot */
        }
        if (memchr(p->text, '\0', p->len) != NULL || pgb_utf8_valid(p->text, p->len) != p->len) {
            status = refuse(p, err, "this line is no text in UTF-8");
        } else {
            status = p->line <= 2 ? parse_head(p, err) : parse_line(p, err);
        }
    }
    if (status == PGB_OK && p->line < 2) {
        p->text = "";
        p->len = 0;
        status = refuse(p, err, "this is no snapshot of pgbraid");
    }
    if (status == PGB_OK && !p->ended) {
        status = finish_object(p, err);
        if (status == PGB_OK) {
            status = refuse(p, err, "the snapshot was cut short: it has no last line \"end\"");
        }
    }
    return status;
}

pgb_status pgb_snapshot_parse(const char *name, const char *text, size_t len,
                              pgb_catalog **ret_catalog, pgb_error *err)
{
    pgb_arena *arena = pgb_arena_new();
    parser p = {.name = name,
                .arena = arena,
                .catalog = arena != NULL ? pgb_arena_alloc(arena, sizeof(pgb_catalog)) : NULL,
                .text = "",
                .block = PGB_BUF_INIT};
    pgb_status status;

    if (p.catalog == NULL) {
        pgb_arena_free(arena);
        return pgb_error_nomem(err);
    }
    p.catalog->arena = arena;
    status = parse_all(&p, text, len, err);
    if (status == PGB_OK) {
        size_t n = p.objects.n;

        status = pgb_catalog_finish(p.catalog, p.objects.at, n, err);
        if (status == PGB_OK && p.catalog->n != n) {
            status = refuse_doubles(&p, err);
        }
    }
    pgb_vec_done(&p.objects);
    pgb_vec_done(&p.props);
    pgb_buf_done(&p.block);
    if (status != PGB_OK) {
        pgb_arena_free(arena);
        return status;
    }
    *ret_catalog = p.catalog;
    return PGB_OK;
}
