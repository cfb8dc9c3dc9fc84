/* What is missing under one name and extra under another, and alike in all else, was renamed: it is
 * renamed back, never dropped with what is in it. */
#include "diff/mend.h"

enum { TABLES_LOOKED_AT = 200 };

static bool same_props(const pgb_object *a, const pgb_object *b)
{
    if (a->n_props != b->n_props) {
        return false;
    }
    for (uint32_t p = 0; p < a->n_props; p++) {
        const char *v = pgb_object_get(b, a->props[p].name);

        if (v == NULL || strcmp(v, a->props[p].value) != 0) {
            return false;
        }
    }
    return true;
}

/* The only column of the same place on the other side that is in all but its name this one. */
static const pgb_object *column_twin(const pgb_catalog *own, const pgb_catalog *other,
                                     const pgb_object *o)
{
    pgb_children all = pgb_catalog_children(other, o->parent, "column");

    for (uint32_t i = 0; i < all.n; i++) {
        const pgb_object *x = pgb_child(&all, i);

        if (x->ord == o->ord && same_props(o, x) &&
            pgb_catalog_find(own, "column", x->identity) == NULL) {
            return x;
        }
    }
    return NULL;
}

static bool same_tables(const pgb_catalog *own, const pgb_catalog *other, const pgb_object *a,
                        const pgb_object *b)
{
    pgb_children x = pgb_catalog_children(own, a->identity, "column");
    pgb_children y = pgb_catalog_children(other, b->identity, "column");

    if (x.n != y.n || x.n == 0 || !same_props(a, b)) {
        return false;
    }
    for (uint32_t i = 0; i < x.n; i++) {
        const pgb_object *c = pgb_child(&x, i), *d = pgb_child(&y, i);

        if (c->ord != d->ord ||
            strcmp(pgb_last_name(c->identity), pgb_last_name(d->identity)) != 0 ||
            !same_props(c, d)) {
            return false;
        }
    }
    return true;
}

/* The only table that is gone from `own` and like this one; NULL where there is none, or several.
 * Where most of a schema is another, nothing was merely renamed. */
static const pgb_object *table_twin(const pgb_catalog *own, const pgb_catalog *other,
                                    const pgb_object *o)
{
    const pgb_object *twin = NULL;
    uint32_t looked_at = 0;

    for (uint32_t i = 0; i < other->n; i++) {
        const pgb_object *x = &other->objects[i];

        if (!pgb_is(x, "table") || pgb_catalog_find(own, "table", x->identity) != NULL) {
            continue;
        }
        if (++looked_at > TABLES_LOOKED_AT || (same_tables(own, other, o, x) && twin != NULL)) {
            return NULL;
        }
        if (same_tables(own, other, o, x)) {
            twin = x;
        }
    }
    return twin;
}

/* From `have` to `want`: another schema, another name, or both. */
static const char *rename_table(pgb_arena *arena, const pgb_object *want, const pgb_object *have)
{
    const char *name = pgb_last_name(want->identity), *old = pgb_last_name(have->identity);
    bool moved = strcmp(want->parent, have->parent) != 0, named = strcmp(name, old) != 0;

    if (moved && named) {
        return pgb_arena_printf(arena,
                                "ALTER TABLE %s SET SCHEMA %s;\nALTER TABLE %s.%s RENAME TO %s;",
                                have->identity, want->parent, want->parent, old, name);
    }
    return moved ? pgb_arena_printf(arena, "ALTER TABLE %s SET SCHEMA %s;", have->identity,
                                    want->parent)
                 : pgb_arena_printf(arena, "ALTER TABLE %s RENAME TO %s;", have->identity, name);
}

bool pgb_mend_rename(const pgb_catalog *own, const pgb_catalog *other, const pgb_object *o,
                     pgb_change change, pgb_arena *arena, const char **ret_sql, bool *ret_nomem)
{
    const pgb_object *twin = NULL;
    bool table = pgb_is(o, "table") && o->parent != NULL;

    if (table) {
        twin = table_twin(own, other, o);
        /* of two that are alike neither is known to be the other's */
        twin = twin != NULL && table_twin(other, own, twin) == o ? twin : NULL;
    } else if (pgb_is(o, "column") && pgb_catalog_find(own, "table", o->parent) != NULL) {
        twin = column_twin(own, other, o);
    }
    if (twin == NULL) {
        return false;
    }
    if (change == PGB_DIFF_MISSING) {
        *ret_sql =
            table ? rename_table(arena, o, twin)
                  : pgb_arena_printf(arena, "ALTER TABLE %s RENAME COLUMN %s TO %s;", o->parent,
                                     pgb_last_name(twin->identity), pgb_last_name(o->identity));
        *ret_nomem |= *ret_sql == NULL;
    }
    return true; /* the other half of it needs no SQL */
}
