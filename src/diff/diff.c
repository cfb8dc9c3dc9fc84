#include "diff/diff.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

typedef struct differ {
    const pgb_catalog *expected, *actual;
    const pgb_ignore *ignores;
    uint32_t n_ignores;
    pgb_arena *arena;
    PGB_VEC(pgb_difference) found;
    uint32_t n_notes, n_ignored;
    pgb_error *err;
} differ;

const char *pgb_change_name(pgb_change change)
{
    static const char *const names[] = {"missing", "extra", "changed"};

    return names[change];
}

static bool ignored(const differ *d, const pgb_difference *x)
{
    char subject[1024];

    for (uint32_t i = 0; i < d->n_ignores; i++) {
        snprintf(subject, sizeof subject, "%s %s", x->kind, x->object);
        if (fnmatch(d->ignores[i].pattern, subject, 0) == 0) {
            return true;
        }
        if (x->property != NULL) {
            snprintf(subject, sizeof subject, "%s %s %s", x->kind, x->object, x->property);
            if (fnmatch(d->ignores[i].pattern, subject, 0) == 0) {
                return true;
            }
        }
    }
    return false;
}

static pgb_status add(differ *d, const pgb_difference *x)
{
    if (ignored(d, x)) {
        d->n_ignored++;
        return PGB_OK;
    }
    d->n_notes += x->note;
    return pgb_vec_push(&d->found, *x) ? PGB_OK : pgb_error_nomem(d->err);
}

/* One line that says what the whole object is. */
static const char *describe(pgb_arena *arena, const pgb_object *o)
{
    const char *definition = pgb_object_get(o, "definition");
    const char *type = pgb_object_get(o, "type");

    if (strcmp(o->kind, "column") == 0 && type != NULL) {
        const char *preset = pgb_object_get(o, "default");

        return pgb_arena_printf(arena, "%s%s%s%s", type,
                                pgb_object_get(o, "not_null") != NULL ? " not null" : "",
                                preset != NULL ? " default " : "", preset != NULL ? preset : "");
    }
    if (definition != NULL) {
        return definition;
    }
    return pgb_arena_printf(arena, "%s %s", o->kind, o->identity);
}

/* Does the object that this one belongs to stand in the model? Then the object itself is spoken of.
 */
static bool parent_stands(const pgb_catalog *model, const pgb_object *o)
{
    static const char *const kinds[] = {"table",          "view",   "materialized view",
                                        "composite type", "domain", "schema"};

    if (o->parent == NULL) {
        return true;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (pgb_catalog_find(model, kinds[i], o->parent) != NULL) {
            return true;
        }
    }
    return false;
}

/* An index that backs a constraint, or is a partition's copy, comes and goes with what it serves.
 */
static bool speaks_for_another(const pgb_object *o)
{
    return (strcmp(o->kind, "index") == 0 && (pgb_object_get(o, "constraint") != NULL ||
                                              pgb_object_get(o, "partition_of") != NULL)) ||
           pgb_object_get(o, "clone") != NULL ||
           (strcmp(o->kind, "column") == 0 && pgb_object_get(o, "inherited") != NULL) ||
           (strcmp(o->kind, "sequence") == 0 && pgb_object_get(o, "of_identity") != NULL);
}

static pgb_status whole(differ *d, const pgb_object *o, pgb_change change)
{
    const pgb_catalog *other = change == PGB_MISSING ? d->actual : d->expected;
    bool nomem = false;
    pgb_difference x = {.kind = o->kind, .object = o->identity, .change = change};
    const char *text;

    if (!parent_stands(other, o)) {
        return PGB_OK; /* the whole parent is missing or extra, and that is said */
    }
    text = describe(d->arena, o);
    if (text == NULL) {
        return pgb_error_nomem(d->err);
    }
    if (change == PGB_MISSING) {
        x.expected = text;
        if (!speaks_for_another(o)) {
            x.sql = pgb_mend_create(d->expected, o, d->arena, &nomem);
        }
    } else {
        x.actual = text;
        if (!speaks_for_another(o)) {
            x.sql = pgb_mend_drop(o, d->arena, &nomem);
        }
    }
    return nomem ? pgb_error_nomem(d->err) : add(d, &x);
}

/* Privileges that only newer servers have say nothing about the schema when two majors are
 * compared. */
static const char *without_maintain(pgb_arena *arena, const char *acl)
{
    char *copy = pgb_arena_strdup(arena, acl), *at;

    while (copy != NULL && (at = strstr(copy, "MAINTAIN")) != NULL) {
        size_t len = strlen("MAINTAIN");

        if (at[len] == '*') {
            len++;
        }
        if (at[len] == '+') {
            len++;
        } else if (at > copy && at[-1] == '+') {
            at--;
            len++;
        }
        memmove(at, at + len, strlen(at + len) + 1);
    }
    return copy;
}

static bool known_between_majors(const differ *d, const pgb_object *o, const char *property,
                                 const char *want, const char *have)
{
    int a = d->expected->server_version / 10000, b = d->actual->server_version / 10000;

    if (a == b || a == 0 || b == 0) {
        return false;
    }
    if (strcmp(property, "acl") == 0 && want != NULL && have != NULL && (a < 17) != (b < 17)) {
        const char *x = without_maintain(d->arena, want), *y = without_maintain(d->arena, have);

        return x != NULL && y != NULL && strcmp(x, y) == 0;
    }
    /* from 15 on, schema public belongs to pg_database_owner and is closed to others */
    return strcmp(o->kind, "schema") == 0 && strcmp(o->identity, "public") == 0 &&
           (a < 15) != (b < 15) && (strcmp(property, "acl") == 0 || strcmp(property, "owner") == 0);
}

/* Properties that repeat a part of the definition, for reports: the definition speaks for them. */
static bool repeats_definition(const pgb_object *o, const char *property)
{
    static const char *const repeated[] = {"type",      "columns",    "references", "on_delete",
                                           "on_update", "deferrable", "validated"};

    if (strcmp(o->kind, "constraint") != 0 || pgb_object_get(o, "definition") == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof repeated / sizeof repeated[0]; i++) {
        if (strcmp(property, repeated[i]) == 0) {
            return true;
        }
    }
    return false;
}

static pgb_status property_differs(differ *d, const pgb_object *want, const pgb_object *have,
                                   const char *property, const char *expected, const char *actual)
{
    bool nomem = false;
    pgb_difference x = {.kind = want->kind,
                        .object = want->identity,
                        .change = PGB_CHANGED,
                        .property = property,
                        .expected = expected,
                        .actual = actual};

    if (repeats_definition(want, property) ||
        known_between_majors(d, want, property, expected, actual)) {
        return PGB_OK;
    }
    x.sql = pgb_mend_change(d->expected, want, have, property, d->arena, &nomem);
    return nomem ? pgb_error_nomem(d->err) : add(d, &x);
}

static pgb_status both(differ *d, const pgb_object *want, const pgb_object *have)
{
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < want->n_props && status == PGB_OK; i++) {
        const char *actual = pgb_object_get(have, want->props[i].name);

        if (actual == NULL || strcmp(actual, want->props[i].value) != 0) {
            status =
                property_differs(d, want, have, want->props[i].name, want->props[i].value, actual);
        }
    }
    for (uint32_t i = 0; i < have->n_props && status == PGB_OK; i++) {
        if (pgb_object_get(want, have->props[i].name) == NULL) {
            status =
                property_differs(d, want, have, have->props[i].name, NULL, have->props[i].value);
        }
    }
    if (status == PGB_OK && strcmp(want->kind, "column") == 0 && want->ord != have->ord) {
        pgb_difference x = {.kind = want->kind,
                            .object = want->identity,
                            .change = PGB_CHANGED,
                            .property = "position",
                            .note = true};

        x.expected = pgb_arena_printf(d->arena, "%lld", (long long)want->ord);
        x.actual = pgb_arena_printf(d->arena, "%lld", (long long)have->ord);
        if (x.expected == NULL || x.actual == NULL) {
            return pgb_error_nomem(d->err);
        }
        status = add(d, &x);
    }
    return status;
}

/* As things depend on each other; kinds not listed come last, by name. */
static int rank(const char *kind)
{
    static const char *const order[] = {"schema",
                                        "extension",
                                        "enum",
                                        "domain",
                                        "domain constraint",
                                        "range",
                                        "composite type",
                                        "sequence",
                                        "table",
                                        "column",
                                        "constraint",
                                        "index",
                                        "function",
                                        "procedure",
                                        "aggregate",
                                        "view",
                                        "materialized view",
                                        "trigger",
                                        "rule",
                                        "policy",
                                        "statistics",
                                        "event trigger",
                                        "publication",
                                        "default privileges"};
    int n = sizeof order / sizeof order[0];

    for (int i = 0; i < n; i++) {
        if (strcmp(kind, order[i]) == 0) {
            return i;
        }
    }
    return n;
}

static int in_order(const void *a, const void *b)
{
    const pgb_difference *x = a, *y = b;
    int by = rank(x->kind) - rank(y->kind);

    if (by == 0) {
        by = strcmp(x->kind, y->kind);
    }
    if (by == 0) {
        by = strcmp(x->object, y->object);
    }
    if (by == 0 && x->property != NULL && y->property != NULL) {
        by = strcmp(x->property, y->property);
    }
    return by;
}

static int object_order(const pgb_object *x, const pgb_object *y)
{
    int by = strcmp(x->kind, y->kind);

    return by != 0 ? by : strcmp(x->identity, y->identity);
}

pgb_status pgb_diff(const pgb_catalog *expected, const pgb_catalog *actual,
                    const pgb_ignore *ignores, uint32_t n_ignores, pgb_arena *arena,
                    pgb_differences *ret_differences, pgb_error *err)
{
    differ d = {.expected = expected,
                .actual = actual,
                .ignores = ignores,
                .n_ignores = n_ignores,
                .arena = arena,
                .err = err};
    pgb_status status = PGB_OK;

    for (uint32_t i = 0, j = 0; status == PGB_OK && (i < expected->n || j < actual->n);) {
        int by = i == expected->n ? 1
                 : j == actual->n ? -1
                                  : object_order(&expected->objects[i], &actual->objects[j]);

        if (by < 0) {
            status = whole(&d, &expected->objects[i++], PGB_MISSING);
        } else if (by > 0) {
            status = whole(&d, &actual->objects[j++], PGB_EXTRA);
        } else {
            status = both(&d, &expected->objects[i++], &actual->objects[j++]);
        }
    }
    if (status == PGB_OK && d.found.n > 0) {
        qsort(d.found.at, d.found.n, sizeof d.found.at[0], in_order);
        ret_differences->at = pgb_arena_array(arena, d.found.n, sizeof d.found.at[0]);
        if (ret_differences->at == NULL) {
            status = pgb_error_nomem(err);
        } else {
            memcpy(ret_differences->at, d.found.at, d.found.n * sizeof d.found.at[0]);
        }
    }
    if (status == PGB_OK) {
        ret_differences->n = (uint32_t)d.found.n;
        ret_differences->n_notes = d.n_notes;
        ret_differences->n_ignored = d.n_ignored;
    }
    pgb_vec_done(&d.found);
    return status;
}
