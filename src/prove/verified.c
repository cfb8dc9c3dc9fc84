#include "prove/verified.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

/* What the revisions do to an object of the state after them. */
typedef enum touch { SAME, MADE, CHANGED } touch;

typedef struct look {
    const pgb_catalog *before, *after;
    touch *touches; /* by object of `after` */
    uint32_t n_objects;
} look;

static bool same_properties(const pgb_object *a, const pgb_object *b)
{
    if (a->n_props != b->n_props) {
        return false;
    }
    for (uint32_t i = 0; i < a->n_props; i++) {
        const char *other = pgb_object_get(b, a->props[i].name);

        if (other == NULL || strcmp(other, a->props[i].value) != 0) {
            return false;
        }
    }
    return true;
}

static bool find_touches(look *l, pgb_arena *arena)
{
    l->touches = pgb_arena_array(arena, (size_t)l->after->n + 1, sizeof *l->touches);
    if (l->touches == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < l->after->n; i++) {
        const pgb_object *o = &l->after->objects[i];
        const pgb_object *was = pgb_catalog_find(l->before, o->kind, o->identity);

        l->touches[i] = was == NULL ? MADE : same_properties(was, o) ? SAME : CHANGED;
        l->n_objects += l->touches[i] != SAME;
    }
    for (uint32_t i = 0; i < l->before->n; i++) {
        const pgb_object *o = &l->before->objects[i];

        l->n_objects += pgb_catalog_find(l->after, o->kind, o->identity) == NULL;
    }
    return true;
}

static touch touch_of(const look *l, const pgb_object *o)
{
    return l->touches[o - l->after->objects];
}

static bool equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Of an object that is there before and after: did they change that property? */
static bool property_touched(const look *l, const pgb_object *o, const char *property)
{
    const pgb_object *was = pgb_catalog_find(l->before, o->kind, o->identity);

    return was == NULL || property == NULL ||
           !equal(pgb_object_get(was, property), pgb_object_get(o, property));
}

/* A table that is missing hides its columns: they are not named again. */
static bool any_child_touched(const look *l, const pgb_object *o)
{
    pgb_children children = pgb_catalog_children(l->after, o->identity, NULL);

    for (uint32_t i = 0; i < children.n; i++) {
        if (touch_of(l, pgb_child(&children, i)) != SAME) {
            return true;
        }
    }
    return false;
}

/* The table, view or type of that name is one that they make. */
static bool owner_made(const look *l, const char *identity)
{
    static const char *const owners[] = {"table", "view", "materialized view", "composite type",
                                         "domain"};

    for (size_t i = 0; identity != NULL && i < sizeof owners / sizeof owners[0]; i++) {
        const pgb_object *o = pgb_catalog_find(l->after, owners[i], identity);

        if (o != NULL) {
            return touch_of(l, o) == MADE;
        }
    }
    return false;
}

static bool is_theirs(const look *l, const pgb_difference *d)
{
    const pgb_object *o = pgb_catalog_find(l->after, d->kind, d->object);

    if (o == NULL) {
        /* dropped by them and still there, or more than they make */
        return pgb_catalog_find(l->before, d->kind, d->object) != NULL || owner_made(l, d->table);
    }
    switch (touch_of(l, o)) {
    case MADE:
        return true;
    case CHANGED:
        return d->change != PGB_DIFF_CHANGED || property_touched(l, o, d->property);
    case SAME:
        return d->change == PGB_DIFF_MISSING && any_child_touched(l, o);
    }
    return true;
}

static pgb_status compare(pgb_verified *v, pgb_error *err)
{
    pgb_arena *arena = v->rebuild->arena;
    pgb_diff_options how = {.rebuilt = true};
    look l = {.before = v->rebuild->before, .after = v->rebuild->catalog};
    pgb_differences all = {0};
    uint32_t n = 0;
    pgb_status status;

    if (!find_touches(&l, arena)) {
        return pgb_error_nomem(err);
    }
    v->n_objects = l.n_objects;
    status = pgb_diff(l.after, v->live, &how, arena, &all, err);
    if (status != PGB_OK) {
        return status;
    }
    for (uint32_t i = 0; i < all.n; i++) {
        if (!all.at[i].note && is_theirs(&l, &all.at[i])) {
            all.at[n++] = all.at[i];
        }
    }
    v->differences = (pgb_differences){.at = all.at, .n = n};
    return PGB_OK;
}

static pgb_status rebuild(const pgb_verified_options *o, pgb_arena *arena,
                          pgb_rebuild **ret_rebuild, pgb_error *err)
{
    uint32_t *then = pgb_arena_array(arena, (size_t)o->plan->n + 1, sizeof *then);
    pgb_bits without;
    pgb_rebuild_options how = {.world = o->world,
                               .without = &without,
                               .then = then,
                               .live = o->live,
                               .project = o->project,
                               .schema = o->schema,
                               .bin = o->bin,
                               .interrupted = o->interrupted,
                               .step = o->step,
                               .data = o->data};

    if (then == NULL || !pgb_bits_init(&without, arena, o->world->n)) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < o->plan->n; i++) {
        const pgb_step *step = &o->plan->steps[i];

        if (step->action == PGB_STAMP) {
            then[how.n_then++] = step->node;
        } else {
            pgb_bits_set(&without, step->node);
        }
    }
    if (how.n_then == 0) {
        pgb_error_set(err, PGB_REFUSED, "nothing would be recorded, so there is nothing to verify");
        pgb_error_hint(err, "Leave --verified out to only forget revisions.");
        return PGB_REFUSED;
    }
    return pgb_rebuild_run(&how, ret_rebuild, err);
}

pgb_status pgb_verified_run(const pgb_verified_options *options, pgb_verified **ret_verified,
                            pgb_error *err)
{
    pgb_verified *v = calloc(1, sizeof *v);
    pgb_arena *arena = pgb_arena_new(); /* until the rebuild is done */
    pgb_status status = v == NULL || arena == NULL ? pgb_error_nomem(err)
                                                   : rebuild(options, arena, &v->rebuild, err);

    pgb_arena_free(arena);
    if (status == PGB_OK && v->rebuild->complete) {
        status = pgb_catalog_read_at(options->live, options->schema, options->interrupted, &v->live,
                                     err);
        if (status == PGB_OK) {
            status = compare(v, err);
        }
    }
    if (status != PGB_OK) {
        pgb_verified_free(v);
        return status;
    }
    *ret_verified = v;
    return PGB_OK;
}

void pgb_verified_free(pgb_verified *verified)
{
    if (verified != NULL) {
        pgb_rebuild_free(verified->rebuild);
        pgb_catalog_free(verified->live);
        free(verified);
    }
}
