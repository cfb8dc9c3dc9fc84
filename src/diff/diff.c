#include "diff/diff.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"
#include "diff/mend.h"

typedef struct found {
    pgb_difference d;
    int rank;  /* of the kind, as things depend on each other */
    int depth; /* of a table among those that are missing or extra: what it refers to comes first */
} found;

typedef struct differ {
    const pgb_catalog *expected, *actual;
    const pgb_diff_options *options;
    pgb_arena *arena;
    const int *expected_depths, *actual_depths; /* by object; 0 for all but tables that are gone */
    PGB_VEC(found) found;
    uint32_t n_notes, n_ignored;
    pgb_error *err;
} differ;

const char *pgb_change_name(pgb_change change)
{
    static const char *const names[] = {"missing", "extra", "changed"};

    return names[change];
}

/* As things depend on each other; kinds not listed come last, by name. */
static int rank(const char *kind)
{
    static const char *const order[] = {"schema",
                                        "extension",
                                        "enum",
                                        "range",
                                        "domain",
                                        "domain constraint",
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

/* 1: a pattern names it; 0: none does; -1: no memory. */
static int ignored(differ *d, const pgb_difference *x)
{
    PGB_AUTO_BUF(whole);
    PGB_AUTO_BUF(part);

    if (d->options == NULL || d->options->n_ignores == 0) {
        return 0;
    }
    pgb_buf_printf(&whole, "%s %s", x->kind, x->object);
    if (x->property != NULL) {
        pgb_buf_printf(&part, "%s %s %s", x->kind, x->object, x->property);
    }
    if (whole.failed || part.failed) {
        return -1;
    }
    for (uint32_t i = 0; i < d->options->n_ignores; i++) {
        pgb_ignore *ignore = &d->options->ignores[i];

        if (fnmatch(ignore->pattern, pgb_buf_str(&whole), FNM_NOESCAPE) == 0 ||
            (x->property != NULL &&
             fnmatch(ignore->pattern, pgb_buf_str(&part), FNM_NOESCAPE) == 0)) {
            ignore->n++;
            return 1;
        }
    }
    return 0;
}

/* Tables, views and types that may own columns, constraints, indexes, triggers. */
static const char *group_of(const differ *d, const pgb_object *o)
{
    static const char *const owners[] = {"table", "view", "materialized view", "composite type",
                                         "domain"};

    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++) {
        if (strcmp(o->kind, owners[i]) == 0) {
            return o->identity;
        }
    }
    return pgb_catalog_owner(d->expected, o) != NULL || pgb_catalog_owner(d->actual, o) != NULL
               ? o->parent
               : NULL;
}

/* Extra things that stand in the way of what is made or changed: another primary key, an index of
 * the name. Constraints before indexes, foreign keys before the keys that they need. */
static bool goes_first(const pgb_object *o)
{
    return pgb_is(o, "constraint") || pgb_is(o, "index") || pgb_is(o, "domain constraint") ||
           pgb_mend_noun_on(o) != NULL;
}

/* The order in which the SQL can be run: what stands in the way, what is missing or changed as it
 * depends on each other, and last, the other way round, what is to be dropped. */
static int rank_of(const pgb_object *o, pgb_change change)
{
    enum { LAST = 1000 };

    if (change != PGB_DIFF_EXTRA) {
        return rank(o->kind);
    }
    if (pgb_is(o, "index")) {
        return rank("constraint");
    }
    return goes_first(o) ? rank(o->kind) : LAST - rank(o->kind);
}

static pgb_status add(differ *d, const pgb_object *o, pgb_difference x, int depth)
{
    found f;
    int ignore;

    x.kind = o->kind;
    x.object = o->identity;
    x.table = group_of(d, o);
    ignore = ignored(d, &x);
    if (ignore < 0) {
        return pgb_error_nomem(d->err);
    }
    if (ignore > 0) {
        d->n_ignored++;
        return PGB_OK;
    }
    d->n_notes += x.note;
    f = (found){x, rank_of(o, x.change), depth};
    return pgb_vec_push(&d->found, f) ? PGB_OK : pgb_error_nomem(d->err);
}

/* One line that says what the whole object is. */
static const char *describe(const pgb_catalog *own, const pgb_object *o, pgb_arena *arena)
{
    static const char *const telling[] = {"definition", "signature", "labels", "base_type",
                                          "subtype",    "version",   "value"};
    const char *type = pgb_object_get(o, "type");

    if (pgb_is(o, "column") && type != NULL) {
        PGB_AUTO_BUF(b);

        pgb_mend_column_definition(&b, o);
        return b.failed ? NULL
                        : pgb_arena_strdup(arena, pgb_buf_str(&b) +
                                                      strlen(pgb_last_name(o->identity)) + 1);
    }
    if (pgb_is(o, "default privileges")) {
        return pgb_object_get(o, "acl");
    }
    if (pgb_is(o, "table") || pgb_is(o, "composite type")) {
        uint32_t n = pgb_catalog_children(own, o->identity, "column").n;

        return pgb_arena_printf(arena, "%s of %u column%s", o->kind, n, n == 1 ? "" : "s");
    }
    for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++) {
        const char *v = pgb_object_get(o, telling[i]);

        if (v != NULL) {
            return v;
        }
    }
    return pgb_arena_printf(arena, "%s %s", o->kind, o->identity);
}

/* Is the same kind of object, named `identity`, missing (or extra) like this one? */
static bool goes_alike(const pgb_catalog *own, const pgb_catalog *other, const char *kind,
                       const char *identity)
{
    return pgb_catalog_find(own, kind, identity) != NULL &&
           pgb_catalog_find(other, kind, identity) == NULL;
}

/* name "a.b" in the arena; NULL with *nomem. */
static const char *join(const differ *d, const char *a, size_t a_len, const char *b, bool *nomem)
{
    const char *s = pgb_arena_printf(d->arena, "%.*s.%s", (int)a_len, a, b);

    *nomem |= s == NULL;
    return s;
}

/* A child's copy of a column or check: does the parent's differ as a whole, too? */
static bool parent_goes_alike(const differ *d, const pgb_object *o, const pgb_catalog *own,
                              const pgb_catalog *other, bool *nomem)
{
    const pgb_object *table = pgb_catalog_find(own, "table", o->parent);
    const char *parents, *item;
    size_t len;

    if (table == NULL || pgb_object_get(o, "inherited") == NULL) {
        return false;
    }
    parents = pgb_object_get(table, "partition_of");
    if (parents == NULL) {
        parents = pgb_object_get(table, "inherits");
    }
    while (parents != NULL && (item = pgb_mend_item(&parents, &len)) != NULL) {
        const char *identity = join(d, item, len, pgb_last_name(o->identity), nomem);

        if (identity == NULL || goes_alike(own, other, o->kind, identity)) {
            return true;
        }
    }
    return false;
}

/* What goes with another object that is missing or extra as well, and is not said again. */
static bool goes_with_another(const differ *d, const pgb_object *o, const pgb_catalog *own,
                              const pgb_catalog *other, bool *nomem)
{
    const pgb_object *owner = pgb_catalog_owner(own, o);
    const char *v;

    if (owner != NULL && pgb_catalog_find(other, owner->kind, owner->identity) == NULL) {
        return true;
    }
    if ((v = pgb_object_get(o, "clone")) != NULL && goes_alike(own, other, o->kind, v)) {
        return true;
    }
    if (pgb_is(o, "index")) {
        if ((v = pgb_object_get(o, "constraint")) != NULL) {
            v = join(d, o->parent, strlen(o->parent), v, nomem);
            return v == NULL || goes_alike(own, other, "constraint", v);
        }
        v = pgb_object_get(o, "partition_of");
        return v != NULL && goes_alike(own, other, "index", v);
    }
    if (pgb_is(o, "sequence") && (v = pgb_object_get(o, "owned_by")) != NULL) {
        const pgb_object *column = pgb_catalog_find(own, "column", v);
        const pgb_object *twin = pgb_catalog_find(other, "column", v);

        return column != NULL &&
               (twin == NULL || (pgb_object_get(o, "of_identity") != NULL &&
                                 pgb_object_get(twin, "identity_column") == NULL));
    }
    return parent_goes_alike(d, o, own, other, nomem);
}

/* Made and dropped by what it serves, never by itself. */
static bool serves_another(const pgb_object *o)
{
    return (pgb_is(o, "index") && (pgb_object_get(o, "constraint") != NULL ||
                                   pgb_object_get(o, "partition_of") != NULL)) ||
           pgb_object_get(o, "clone") != NULL ||
           ((pgb_is(o, "column") || pgb_is(o, "constraint")) &&
            pgb_object_get(o, "inherited") != NULL &&
            strcmp(pgb_object_get(o, "inherited"), "inherited") == 0) ||
           (pgb_is(o, "sequence") && pgb_object_get(o, "of_identity") != NULL);
}

/* A table that is as gone on the other side as the one that refers to it. */
static uint32_t gone_table(const pgb_catalog *own, const pgb_catalog *other, const char *identity)
{
    const pgb_object *o = identity != NULL ? pgb_catalog_find(own, "table", identity) : NULL;

    return o == NULL || pgb_catalog_find(other, "table", identity) != NULL
               ? own->n
               : (uint32_t)(o - own->objects);
}

/* How many tables that are missing (or extra) as well must come before this one, as far as the last
 * pass knew. */
static int depth_now(const pgb_catalog *own, const pgb_catalog *other, uint32_t table,
                     const int *depths)
{
    const pgb_object *o = &own->objects[table];
    pgb_children all = pgb_catalog_children(own, o->identity, "constraint");
    const char *lists[] = {pgb_object_get(o, "partition_of"), pgb_object_get(o, "inherits")};
    int depth = 0;

    for (uint32_t i = 0; i < all.n + 2; i++) {
        /* of several parents only one alone is known by this name */
        const char *to = i < 2 ? lists[i] : pgb_object_get(pgb_child(&all, i - 2), "references");
        uint32_t parent = gone_table(own, other, to);

        if (parent < own->n && parent != table && depths[parent] + 1 > depth) {
            depth = depths[parent] + 1;
        }
    }
    return depth;
}

/* The order in which tables that are all missing can be made: each behind what it refers to. A
 * cycle of foreign keys ends with the passes. */
static int *depths_of(const pgb_catalog *own, const pgb_catalog *other, pgb_arena *arena)
{
    enum { PASSES = 16 };
    int *depths = pgb_arena_array(arena, (size_t)own->n + 1, sizeof *depths);
    bool moved = depths != NULL;

    for (int pass = 0; pass < PASSES && moved; pass++) {
        moved = false;
        for (uint32_t i = 0; i < own->n; i++) {
            if (pgb_is(&own->objects[i], "table") &&
                pgb_catalog_find(other, "table", own->objects[i].identity) == NULL) {
                int depth = depth_now(own, other, i, depths);

                moved |= depth != depths[i];
                depths[i] = depth;
            }
        }
    }
    return depths;
}

static pgb_status whole(differ *d, const pgb_object *o, pgb_change change)
{
    const pgb_catalog *own = change == PGB_DIFF_MISSING ? d->expected : d->actual;
    const pgb_catalog *other = change == PGB_DIFF_MISSING ? d->actual : d->expected;
    pgb_difference x = {.change = change};
    bool nomem = false;
    const int *depths = change == PGB_DIFF_MISSING ? d->expected_depths : d->actual_depths;
    int depth = depths[o - own->objects];

    if (goes_with_another(d, o, own, other, &nomem)) {
        return nomem ? pgb_error_nomem(d->err) : PGB_OK;
    }
    *(change == PGB_DIFF_MISSING ? &x.expected : &x.actual) = describe(own, o, d->arena);
    nomem |= x.expected == NULL && x.actual == NULL;
    if (!serves_another(o) && !pgb_mend_rename(own, other, o, change, d->arena, &x.sql, &nomem)) {
        x.sql = change == PGB_DIFF_MISSING ? pgb_mend_create(own, o, d->arena, &nomem)
                                           : pgb_mend_drop(own, o, d->arena, &nomem);
    }
    x.note = d->options != NULL && d->options->rebuilt && pgb_is(o, "database setting");
    if (change == PGB_DIFF_EXTRA) {
        depth = goes_first(o) ? -2 - (int)o->ord : -depth;
    }
    return nomem ? pgb_error_nomem(d->err) : add(d, o, x, depth);
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

static bool known_between_majors(differ *d, const pgb_object *o, const char *property,
                                 const char *want, const char *have, bool *nomem)
{
    int a = d->expected->server_version / 10000, b = d->actual->server_version / 10000;

    if (a == b || a == 0 || b == 0) {
        return false;
    }
    if (strcmp(property, "acl") == 0 && want != NULL && have != NULL && (a < 17) != (b < 17)) {
        const char *x = without_maintain(d->arena, want), *y = without_maintain(d->arena, have);

        *nomem |= x == NULL || y == NULL;
        return *nomem || strcmp(x, y) == 0;
    }
    /* multirange types came with 14 */
    if (strcmp(property, "multirange") == 0) {
        return (a < 14) != (b < 14);
    }
    /* from 15 on, schema public belongs to pg_database_owner and is closed to others */
    return pgb_is(o, "schema") && strcmp(o->identity, "public") == 0 && (a < 15) != (b < 15) &&
           (strcmp(property, "acl") == 0 || strcmp(property, "owner") == 0);
}

/* Properties that repeat a part of the definition, for reports and for mending: the definition
 * speaks for them. */
static bool repeats_definition(const pgb_object *o, const char *property)
{
    static const char *const repeated[][2] = {
        {"constraint", "type"},       {"constraint", "columns"},
        {"constraint", "references"}, {"constraint", "referenced_columns"},
        {"constraint", "on_delete"},  {"constraint", "on_update"},
        {"constraint", "deferrable"}, {"constraint", "validated"},
        {"index", "options"},         {"domain constraint", "validated"},
        {"function", "arguments"},    {"function", "returns"},
        {"procedure", "arguments"},   {"procedure", "returns"}};

    if (pgb_object_get(o, "definition") == NULL) {
        return false; /* the index of a key has none */
    }
    for (size_t i = 0; i < sizeof repeated / sizeof repeated[0]; i++) {
        if (pgb_is(o, repeated[i][0]) && strcmp(property, repeated[i][1]) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_value(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* A partition's column or check that differs just as its parent's does. */
static bool parent_differs_alike(const differ *d, const pgb_object *want, const char *property,
                                 const char *expected, const char *actual, bool *nomem)
{
    const pgb_object *table = pgb_catalog_find(d->expected, "table", want->parent);
    const char *parents, *item;
    size_t len;

    if (table == NULL || pgb_object_get(want, "inherited") == NULL) {
        return false;
    }
    parents = pgb_object_get(table, "partition_of");
    if (parents == NULL) {
        parents = pgb_object_get(table, "inherits");
    }
    while (parents != NULL && (item = pgb_mend_item(&parents, &len)) != NULL) {
        const char *identity = join(d, item, len, pgb_last_name(want->identity), nomem);
        const pgb_object *x, *y;

        if (identity == NULL) {
            return true;
        }
        x = pgb_catalog_find(d->expected, want->kind, identity);
        y = pgb_catalog_find(d->actual, want->kind, identity);
        if (x != NULL && y != NULL && same_value(pgb_object_get(x, property), expected) &&
            same_value(pgb_object_get(y, property), actual)) {
            return true;
        }
    }
    return false;
}

/* Worth saying, but no difference of the schema: whether a materialized view has its rows is data
 * (a dump of the schema alone leaves it without); and what belongs to the server that a database
 * was rebuilt on. */
static bool is_note(const differ *d, const pgb_object *o, const char *property)
{
    bool rebuilt = d->options != NULL && d->options->rebuilt;

    return (pgb_is(o, "materialized view") && strcmp(property, "populated") == 0) ||
           (rebuilt && (pgb_is(o, "database setting") ||
                        (pgb_is(o, "extension") && strcmp(property, "version") == 0)));
}

static pgb_status property_differs(differ *d, const pgb_object *want, const pgb_object *have,
                                   const char *property, const char *expected, const char *actual)
{
    bool nomem = false;
    pgb_difference x = {.change = PGB_DIFF_CHANGED,
                        .property = property,
                        .expected = expected,
                        .actual = actual,
                        .note = is_note(d, want, property)};

    if (repeats_definition(want, property) ||
        known_between_majors(d, want, property, expected, actual, &nomem) ||
        parent_differs_alike(d, want, property, expected, actual, &nomem)) {
        return nomem ? pgb_error_nomem(d->err) : PGB_OK;
    }
    x.sql = pgb_mend_change(d->expected, d->actual, want, have, property, d->arena, &nomem);
    return nomem ? pgb_error_nomem(d->err) : add(d, want, x, 0);
}

static pgb_status position_differs(differ *d, const pgb_object *want, const pgb_object *have)
{
    pgb_difference x = {.change = PGB_DIFF_CHANGED, .property = "position", .note = true};

    x.expected = pgb_arena_printf(d->arena, "%lld", (long long)want->ord);
    x.actual = pgb_arena_printf(d->arena, "%lld", (long long)have->ord);
    return x.expected != NULL && x.actual != NULL ? add(d, want, x, 0) : pgb_error_nomem(d->err);
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
    if (status == PGB_OK && pgb_is(want, "column") && want->ord != have->ord) {
        status = position_differs(d, want, have);
    }
    return status;
}

static int in_order(const void *a, const void *b)
{
    const found *x = a, *y = b;
    int by = x->rank - y->rank;

    if (by == 0) {
        by = x->depth - y->depth;
    }
    if (by == 0) {
        by = strcmp(x->d.kind, y->d.kind);
    }
    if (by == 0) {
        by = strcmp(x->d.object, y->d.object);
    }
    if (by == 0 && x->d.property != NULL && y->d.property != NULL) {
        /* another owner changes who has what: it is set right first */
        by = (strcmp(y->d.property, "owner") == 0) - (strcmp(x->d.property, "owner") == 0);
        by = by != 0 ? by : strcmp(x->d.property, y->d.property);
    }
    return by;
}

static int object_order(const pgb_object *x, const pgb_object *y)
{
    int by = strcmp(x->kind, y->kind);

    return by != 0 ? by : strcmp(x->identity, y->identity);
}

static pgb_status hand_over(differ *d, pgb_differences *ret)
{
    pgb_difference *list = pgb_arena_array(d->arena, d->found.n + 1, sizeof *list);

    if (list == NULL) {
        return pgb_error_nomem(d->err);
    }
    if (d->found.n > 0) {
        qsort(d->found.at, d->found.n, sizeof d->found.at[0], in_order);
    }
    for (size_t i = 0; i < d->found.n; i++) {
        list[i] = d->found.at[i].d;
    }
    *ret = (pgb_differences){list, (uint32_t)d->found.n, d->n_notes, d->n_ignored};
    return PGB_OK;
}

pgb_status pgb_diff(const pgb_catalog *expected, const pgb_catalog *actual,
                    const pgb_diff_options *options, pgb_arena *arena,
                    pgb_differences *ret_differences, pgb_error *err)
{
    differ d = {.expected = expected,
                .actual = actual,
                .options = options,
                .arena = arena,
                .expected_depths = depths_of(expected, actual, arena),
                .actual_depths = depths_of(actual, expected, arena),
                .err = err};
    pgb_status status = PGB_OK;

    if (d.expected_depths == NULL || d.actual_depths == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0, j = 0; status == PGB_OK && (i < expected->n || j < actual->n);) {
        int by = i == expected->n ? 1
                 : j == actual->n ? -1
                                  : object_order(&expected->objects[i], &actual->objects[j]);

        if (by < 0) {
            status = whole(&d, &expected->objects[i++], PGB_DIFF_MISSING);
        } else if (by > 0) {
            status = whole(&d, &actual->objects[j++], PGB_DIFF_EXTRA);
        } else {
            status = both(&d, &expected->objects[i++], &actual->objects[j++]);
        }
    }
    if (status == PGB_OK) {
        status = hand_over(&d, ret_differences);
    }
    pgb_vec_done(&d.found);
    return status;
}
