/*
 * JSON text, written as it is known (100,000 revisions are never held as a tree); strings and
 * numbers are encoded by jansson, which this is the only place to include. Floor 0.
 *
 * Calls nest: object/array … end. In an object every value is preceded by its key. Invalid UTF-8 in
 * a string is replaced as pgb_text_display shows it. Failures are sticky in the buffer.
 */
#ifndef PGB_BASE_JSON_H
#define PGB_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

typedef struct pgb_json {
    pgb_buf *out;
    unsigned depth;
    bool comma[32]; /* a value stands before, at that depth */
    char close[32];
    bool after_key;
} pgb_json;

void pgb_json_init(pgb_json *json, pgb_buf *out);
void pgb_json_object(pgb_json *json);
void pgb_json_array(pgb_json *json);
void pgb_json_end(pgb_json *json); /* of the innermost object or array */
void pgb_json_key(pgb_json *json, const char *key);
void pgb_json_string(pgb_json *json, const char *value); /* NULL writes null */
void pgb_json_int(pgb_json *json, int64_t value);
void pgb_json_bool(pgb_json *json, bool value);
void pgb_json_null(pgb_json *json);
/* key and value in one call */
void pgb_json_key_string(pgb_json *json, const char *key, const char *value);
void pgb_json_key_int(pgb_json *json, const char *key, int64_t value);
void pgb_json_key_bool(pgb_json *json, const char *key, bool value);

/* Decodes one JSON string with its quotes, nothing after it; NULL: it is none, or no memory. */
char *pgb_json_decode_string(pgb_arena *arena, const char *text, size_t len);

#endif
