/*
 * JSON, read as a tree. Duplicate keys, bytes behind the value and invalid UTF-8 are refused; so is
 * nesting over jansson's bound of 2,048. Floor 0.
 */
#ifndef PGB_BASE_JSON_READ_H
#define PGB_BASE_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef struct pgb_json_value pgb_json_value;

/* name is shown in errors: PGB_PROJECT with line and column. The tree is freed as a whole. */
pgb_status pgb_json_parse(const char *name, const char *text, size_t len, pgb_json_value **ret_root,
                          pgb_error *err);
void pgb_json_free(pgb_json_value *root); /* NULL is allowed */

/* These take NULL for "not there" and give it. Values live as long as the tree. */
const pgb_json_value *pgb_json_member(const pgb_json_value *object, const char *key);
const pgb_json_value *pgb_json_element(const pgb_json_value *array, size_t i);
size_t pgb_json_length(const pgb_json_value *array); /* 0 for anything else */
bool pgb_json_is_array(const pgb_json_value *value);
const char *pgb_json_text(const pgb_json_value *value);                 /* NULL: no string */
bool pgb_json_number(const pgb_json_value *value, int64_t *ret_number); /* false: no integer */
bool pgb_json_true(const pgb_json_value *value, bool otherwise);

#endif
