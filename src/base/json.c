#include "base/json.h"

#include <jansson.h>
#include <string.h>

#include "base/text.h"

void pgb_json_init(pgb_json *json, pgb_buf *out)
{
    memset(json, 0, sizeof *json);
    json->out = out;
}

static void before_value(pgb_json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->comma[json->depth]) {
        pgb_buf_putc(json->out, ',');
    }
    json->comma[json->depth] = true;
}

static void open_one(pgb_json *json, char open, char close)
{
    before_value(json);
    pgb_buf_putc(json->out, open);
    if (json->depth + 1 >= sizeof json->close) {
        json->out->failed = true;
        return;
    }
    json->depth++;
    json->comma[json->depth] = false;
    json->close[json->depth] = close;
}

void pgb_json_object(pgb_json *json)
{
    open_one(json, '{', '}');
}

void pgb_json_array(pgb_json *json)
{
    open_one(json, '[', ']');
}

void pgb_json_end(pgb_json *json)
{
    if (json->depth > 0) {
        pgb_buf_putc(json->out, json->close[json->depth--]);
    }
}

/* jansson leaves DEL and the C1 controls (U+0080 to U+009F) as they are, which JSON allows; a
 * terminal would obey them. It gives characters whole. */
static int append(const char *bytes, size_t len, void *data)
{
    pgb_buf *out = data;
    size_t from = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        unsigned char next = i + 1 < len ? (unsigned char)bytes[i + 1] : 0;
        bool c1 = c == 0xC2 && next >= 0x80 && next <= 0x9F;

        if (c == 0x7F || c1) {
            pgb_buf_append(out, bytes + from, i - from);
            pgb_buf_printf(out, "\\u%04x", c1 ? next : c);
            i += c1;
            from = i + 1;
        }
    }
    pgb_buf_append(out, bytes + from, len - from);
    return out->failed ? -1 : 0;
}

static void encode(pgb_json *json, json_t *value)
{
    if (value == NULL || json_dump_callback(value, append, json->out, JSON_ENCODE_ANY) != 0) {
        json->out->failed = true;
    }
    json_decref(value);
}

static void write_string(pgb_json *json, const char *s)
{
    size_t len = strlen(s);
    bool plain = true;

    /* ids and names mostly need no escape: the encoder's answer would be the same bytes */
    for (size_t i = 0; i < len && plain; i++) {
        plain = s[i] >= 0x20 && s[i] < 0x7F && s[i] != '"' && s[i] != '\\';
    }
    if (plain) {
        pgb_buf_putc(json->out, '"');
        pgb_buf_append(json->out, s, len);
        pgb_buf_putc(json->out, '"');
    } else if (pgb_utf8_valid(s, len) == len) {
        encode(json, json_stringn(s, len));
    } else {
        pgb_buf shown = PGB_BUF_INIT;

        pgb_text_display(&shown, s, len, true);
        encode(json, shown.failed ? NULL : json_stringn(pgb_buf_str(&shown), shown.len));
        pgb_buf_done(&shown);
    }
}

void pgb_json_key(pgb_json *json, const char *key)
{
    before_value(json);
    write_string(json, key);
    pgb_buf_putc(json->out, ':');
    json->after_key = true;
}

void pgb_json_string(pgb_json *json, const char *value)
{
    if (value == NULL) {
        pgb_json_null(json);
        return;
    }
    before_value(json);
    write_string(json, value);
}

void pgb_json_int(pgb_json *json, int64_t value)
{
    before_value(json);
    pgb_buf_printf(json->out, "%lld", (long long)value);
}

void pgb_json_bool(pgb_json *json, bool value)
{
    before_value(json);
    pgb_buf_puts(json->out, value ? "true" : "false");
}

void pgb_json_null(pgb_json *json)
{
    before_value(json);
    pgb_buf_puts(json->out, "null");
}

void pgb_json_key_string(pgb_json *json, const char *key, const char *value)
{
    pgb_json_key(json, key);
    pgb_json_string(json, value);
}

void pgb_json_key_int(pgb_json *json, const char *key, int64_t value)
{
    pgb_json_key(json, key);
    pgb_json_int(json, value);
}

void pgb_json_key_bool(pgb_json *json, const char *key, bool value)
{
    pgb_json_key(json, key);
    pgb_json_bool(json, value);
}

char *pgb_json_decode_string(pgb_arena *arena, const char *text, size_t len)
{
    json_t *value = json_loadb(text, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    char *copy = NULL;

    if (json_is_string(value)) {
        copy = pgb_arena_strndup(arena, json_string_value(value), json_string_length(value));
    }
    json_decref(value);
    return copy;
}
