#include "base/json_read.h"

#include <jansson.h>
#include <string.h>

/* A value is jansson's own; only the name differs. */
static json_t *open_value(const pgb_json_value *value)
{
    return (json_t *)(uintptr_t)value;
}

pgb_status pgb_json_parse(const char *name, const char *text, size_t len, pgb_json_value **ret_root,
                          pgb_error *err)
{
    json_error_t problem;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &problem);
    const char *source = text;
    pgb_status status;

    if (root != NULL) {
        *ret_root = (pgb_json_value *)root;
        return PGB_OK;
    }
    if (json_error_code(&problem) == json_error_out_of_memory) {
        return pgb_error_nomem(err);
    }
    for (int line = 1; line < problem.line && source != NULL; line++) {
        source = memchr(source, '\n', len - (size_t)(source - text));
        source = source == NULL ? NULL : source + 1;
    }
    status = pgb_error_set(err, PGB_PROJECT, "%s is not JSON: %s", name, problem.text);
    pgb_error_at(err, name, problem.line > 0 ? problem.line : 0,
                 problem.column > 0 ? problem.column : 0, source,
                 source == NULL ? 0 : len - (size_t)(source - text));
    return status;
}

void pgb_json_free(pgb_json_value *root)
{
    json_decref(open_value(root));
}

const pgb_json_value *pgb_json_member(const pgb_json_value *object, const char *key)
{
    return (const pgb_json_value *)json_object_get(open_value(object), key);
}

const pgb_json_value *pgb_json_element(const pgb_json_value *array, size_t i)
{
    return (const pgb_json_value *)json_array_get(open_value(array), i);
}

size_t pgb_json_length(const pgb_json_value *array)
{
    return json_array_size(open_value(array));
}

bool pgb_json_is_array(const pgb_json_value *value)
{
    return json_is_array(open_value(value));
}

const char *pgb_json_text(const pgb_json_value *value)
{
    return json_string_value(open_value(value));
}

bool pgb_json_number(const pgb_json_value *value, int64_t *ret_number)
{
    if (!json_is_integer(open_value(value))) {
        return false;
    }
    *ret_number = json_integer_value(open_value(value));
    return true;
}

bool pgb_json_true(const pgb_json_value *value, bool otherwise)
{
    return json_is_boolean(open_value(value)) ? json_is_true(open_value(value)) : otherwise;
}
