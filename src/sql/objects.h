/* Which objects a statement makes, alters, drops or uses. Plain data. Floor 1. */
#ifndef PGB_SQL_OBJECTS_H
#define PGB_SQL_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"

typedef enum pgb_verb { PGB_VERB_USE, PGB_VERB_CREATE, PGB_VERB_ALTER, PGB_VERB_DROP } pgb_verb;

typedef enum pgb_object_kind {
    PGB_OBJECT_TABLE, /* views and materialized views as well: they share one name space */
    PGB_OBJECT_INDEX,
    PGB_OBJECT_SEQUENCE,
    PGB_OBJECT_TYPE, /* enums, domains, composite types, ranges */
    PGB_OBJECT_FUNCTION,
    PGB_OBJECT_SCHEMA,
    PGB_OBJECT_OTHER /* triggers, policies, rules, …: named with their table */
} pgb_object_kind;

typedef struct pgb_touch {
    pgb_verb verb;
    pgb_object_kind kind;
    const char *schema; /* NULL: by search_path */
    const char *name;
    const char *column; /* NULL: the object itself */
    bool if_exists;     /* DROP … IF EXISTS, CREATE … IF NOT EXISTS */
} pgb_touch;

typedef struct pgb_objects {
    PGB_VEC(pgb_touch) list; /* free with pgb_vec_done(&objects.list); strings are in the arena */
    bool could_not_tell;     /* a DO block, a function's body, or SQL that is not understood */
    uint32_t locks;          /* relations locked for creating and dropping, roughly */
} pgb_objects;

const char *pgb_object_kind_name(pgb_object_kind kind); /* "table", … */

#endif
