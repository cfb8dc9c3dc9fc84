/* The model itself: sorting, finding, counting. Pure. */
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"

static int by_name(const void *a, const void *b)
{
    const pgb_object *x = a, *y = b;
    int by = strcmp(x->kind, y->kind);

    return by != 0 ? by : strcmp(x->identity, y->identity);
}

static int by_parent(const void *a, const void *b, void *data)
{
    const pgb_object *objects = data;
    const pgb_object *x = &objects[*(const uint32_t *)a], *y = &objects[*(const uint32_t *)b];
    int by;

    if (x->parent == NULL || y->parent == NULL) {
        by = (x->parent != NULL) - (y->parent != NULL);
    } else {
        by = strcmp(x->parent, y->parent);
    }
    if (by == 0) {
        by = strcmp(x->kind, y->kind);
    }
    if (by == 0) {
        by = (x->ord > y->ord) - (x->ord < y->ord);
    }
    return by != 0 ? by : strcmp(x->identity, y->identity);
}

/* One object from its parts [from, to). */
static bool put_together(pgb_arena *arena, const pgb_object *objects, size_t from, size_t to,
                         pgb_object *ret)
{
    size_t n = 0;
    pgb_property *props;

    *ret = objects[from];
    if (to - from == 1) {
        return true;
    }
    for (size_t i = from; i < to; i++) {
        n += objects[i].n_props;
    }
    props = pgb_arena_array(arena, n + 1, sizeof *props);
    if (props == NULL) {
        return false;
    }
    ret->n_props = 0;
    for (size_t i = from; i < to; i++) {
        if (objects[i].ord != 0) {
            ret->ord = objects[i].ord;
        }
        for (uint32_t p = 0; p < objects[i].n_props; p++) {
            props[ret->n_props++] = objects[i].props[p];
        }
    }
    ret->props = props;
    return true;
}

/* Constraints stand in the order in which they can be made: keys before the foreign keys that refer
 * to them. */
static int64_t constraint_order(const pgb_object *o)
{
    static const char *const types[] = {"primary key", "unique", "exclusion", "check"};
    const char *type = pgb_object_get(o, "type");
    int64_t n = sizeof types / sizeof types[0];

    for (int64_t i = 0; i < n && type != NULL; i++) {
        if (strcmp(type, types[i]) == 0) {
            return i + 1;
        }
    }
    return n + 1;
}

pgb_status pgb_catalog_finish(pgb_catalog *catalog, pgb_object *objects, size_t n, pgb_error *err)
{
    pgb_object *kept = pgb_arena_array(catalog->arena, n + 1, sizeof *kept);
    uint32_t *order = pgb_arena_array(catalog->arena, n + 1, sizeof *order);
    uint32_t n_kept = 0;

    if (kept == NULL || order == NULL) {
        return pgb_error_nomem(err);
    }
    if (n > 0) {
        qsort(objects, n, sizeof *objects, by_name);
    }
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && by_name(&objects[i], &objects[j]) == 0; j++) {
        }
        if (!put_together(catalog->arena, objects, i, j, &kept[n_kept])) {
            return pgb_error_nomem(err);
        }
        if (strcmp(kept[n_kept].kind, "constraint") == 0) {
            kept[n_kept].ord = constraint_order(&kept[n_kept]);
        }
        order[n_kept] = n_kept;
        n_kept++;
    }
    if (n_kept > 0) {
        qsort_r(order, n_kept, sizeof *order, by_parent, kept);
    }
    catalog->objects = kept;
    catalog->n = n_kept;
    catalog->by_parent = order;
    return PGB_OK;
}

void pgb_catalog_free(pgb_catalog *catalog)
{
    if (catalog != NULL) {
        pgb_arena_free(catalog->arena);
    }
}

const pgb_object *pgb_catalog_find(const pgb_catalog *catalog, const char *kind,
                                   const char *identity)
{
    pgb_object key = {.kind = kind, .identity = identity};

    if (catalog->n == 0 || identity == NULL) {
        return NULL;
    }
    return bsearch(&key, catalog->objects, catalog->n, sizeof catalog->objects[0], by_name);
}

const char *pgb_object_get(const pgb_object *object, const char *property)
{
    for (uint32_t i = 0; i < object->n_props; i++) {
        if (strcmp(object->props[i].name, property) == 0) {
            return object->props[i].value;
        }
    }
    return NULL;
}

/* The first place in by_parent that is not before (parent, kind); after: the first that is behind
 * it. */
static uint32_t bound(const pgb_catalog *catalog, const char *parent, const char *kind, bool after)
{
    uint32_t from = 0, to = catalog->n;

    while (from < to) {
        uint32_t mid = from + (to - from) / 2;
        const pgb_object *o = &catalog->objects[catalog->by_parent[mid]];
        int by = o->parent == NULL ? -1 : strcmp(o->parent, parent);

        if (by == 0 && kind != NULL) {
            by = strcmp(o->kind, kind);
        }
        if (by < 0 || (by == 0 && after)) {
            from = mid + 1;
        } else {
            to = mid;
        }
    }
    return from;
}

pgb_children pgb_catalog_children(const pgb_catalog *catalog, const char *parent, const char *kind)
{
    uint32_t from = bound(catalog, parent, kind, false), to = bound(catalog, parent, kind, true);

    return (pgb_children){.catalog = catalog, .at = catalog->by_parent + from, .n = to - from};
}

const pgb_object *pgb_catalog_owner(const pgb_catalog *catalog, const pgb_object *object)
{
    static const char *const kinds[] = {"table", "view", "materialized view", "composite type",
                                        "domain"};

    for (size_t i = 0; object->parent != NULL && i < sizeof kinds / sizeof kinds[0]; i++) {
        const pgb_object *owner = pgb_catalog_find(catalog, kinds[i], object->parent);

        /* a schema's name has no dot, a relation's has: no other kind can be meant */
        if (owner != NULL) {
            return owner;
        }
    }
    return NULL;
}

static void count_children(const pgb_catalog *catalog, const char *table, pgb_counts *c)
{
    pgb_children all = pgb_catalog_children(catalog, table, NULL);

    for (uint32_t i = 0; i < all.n; i++) {
        const pgb_object *o = pgb_child(&all, i);

        if (strcmp(o->kind, "column") == 0) {
            c->columns++;
        } else if (strcmp(o->kind, "constraint") == 0 && pgb_object_get(o, "clone") == NULL) {
            const char *type = pgb_object_get(o, "type");

            c->foreign_keys += type != NULL && strcmp(type, "foreign key") == 0;
            c->checks += type != NULL && strcmp(type, "check") == 0 &&
                         pgb_object_get(o, "inherited") == NULL;
        } else if (strcmp(o->kind, "index") == 0) {
            c->indexes += pgb_object_get(o, "constraint") == NULL &&
                          pgb_object_get(o, "partition_of") == NULL;
        }
    }
}

void pgb_catalog_count(const pgb_catalog *catalog, const char *table, pgb_counts *ret_counts)
{
    pgb_counts c = {0};

    for (uint32_t i = 0; table == NULL && i < catalog->n; i++) {
        if (strcmp(catalog->objects[i].kind, "table") == 0) {
            c.tables++;
            count_children(catalog, catalog->objects[i].identity, &c);
        }
    }
    if (table != NULL && pgb_catalog_find(catalog, "table", table) != NULL) {
        c.tables = 1;
        count_children(catalog, table, &c);
    }
    *ret_counts = c;
}

const char *pgb_last_name(const char *identity)
{
    const char *last = identity;
    bool quoted = false;

    for (const char *p = identity; *p != '\0'; p++) {
        if (*p == '"') {
            quoted = !quoted; /* a doubled quote ends and begins: the state comes out right */
        } else if (*p == '.' && !quoted) {
            last = p + 1;
        }
    }
    return last;
}
