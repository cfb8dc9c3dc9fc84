/* What a revision did: the difference of the models before and after it. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"
#include "report/report.h"

typedef PGB_VEC(pgb_report_change) change_list;

typedef struct comparing {
    const pgb_report *r;
    const pgb_catalog *before, *after; /* before NULL: nothing was there */
    pgb_arena *arena;
    change_list list;
    bool failed;
} comparing;

static bool is(const pgb_object *o, const char *kind)
{
    return strcmp(o->kind, kind) == 0;
}

static const char *shown(const char *identity)
{
    return strncmp(identity, "public.", 7) == 0 ? identity + 7 : identity;
}

/* The kind as people say it; NULL: goes with another object and is not told of. */
static const char *kind_of(const pgb_object *o)
{
    if (is(o, "constraint")) {
        const char *type = pgb_object_get(o, "type");

        if (pgb_object_get(o, "clone") != NULL || pgb_object_get(o, "inherited") != NULL) {
            return NULL;
        }
        return type == NULL                     ? "constraint"
               : strcmp(type, "unique") == 0    ? "unique key"
               : strcmp(type, "exclusion") == 0 ? "exclusion constraint"
                                                : type;
    }
    if (is(o, "index") &&
        (pgb_object_get(o, "constraint") != NULL || pgb_object_get(o, "partition_of") != NULL)) {
        return NULL;
    }
    return o->kind;
}

static int rank_of(const char *kind)
{
    static const char *const order[] = {
        "schema", "extension",        "type",       "enum",        "domain", "table",
        "column", "primary key",      "unique key", "foreign key", "check",  "index",
        "view",   "materialized view"};
    int n = (int)(sizeof order / sizeof order[0]);

    for (int i = 0; i < n; i++) {
        if (strcmp(order[i], kind) == 0) {
            return i;
        }
    }
    return n;
}

static int action_rank(const char *action)
{
    return strcmp(action, "created") == 0 ? 0 : strcmp(action, "changed") == 0 ? 1 : 2;
}

static int by_order(const void *a, const void *b)
{
    const pgb_report_change *s = a, *t = b;
    int by = (int)s->within - (int)t->within;

    if (by == 0) {
        by = action_rank(s->action) - action_rank(t->action);
    }
    if (by == 0) {
        by = rank_of(s->kind) - rank_of(t->kind);
    }
    if (by == 0) {
        by = strcmp(s->kind, t->kind);
    }
    return by != 0 ? by : strcmp(s->object, t->object);
}

static uint32_t table_of(const comparing *c, const pgb_object *o)
{
    const char *table = is(o, "table") ? o->identity : o->parent;

    for (uint32_t i = 0; table != NULL && i < c->r->n_tables; i++) {
        if (strcmp(c->r->tables[i].identity, table) == 0) {
            return i;
        }
    }
    return PGB_REPORT_NONE;
}

static void add(comparing *c, const char *action, const pgb_object *o, bool within,
                const char *detail)
{
    const char *kind = kind_of(o);
    /* of what belongs to a table both names tell: an index and a table's column alike */
    bool with_table = is(o, "index") && o->parent != NULL;
    pgb_report_change change = {
        .action = action,
        .kind = kind == NULL ? NULL : pgb_arena_strdup(c->arena, kind),
        .object = with_table ? pgb_arena_printf(c->arena, "%s on %s", pgb_last_name(o->identity),
                                                shown(o->parent))
                             : pgb_arena_strdup(c->arena, shown(o->identity)),
        .detail = detail,
        .table = table_of(c, o),
        .within = within};

    if (kind == NULL) {
        return;
    }
    if (change.kind == NULL || change.object == NULL || !pgb_vec_push(&c->list, change)) {
        c->failed = true;
    }
}

static bool equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void tell(pgb_buf *out, const char *name, const char *was, const char *now)
{
    static const struct {
        const char *name, *set, *unset;
    } words[] = {{"not_null", "now not null", "null allowed now"},
                 {"comment", "commented", "comment dropped"}};

    pgb_buf_puts(out, out->len > 0 ? "; " : "");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].name, name) == 0 && (was == NULL || now == NULL)) {
            pgb_buf_puts(out, now != NULL ? words[i].set : words[i].unset);
            return;
        }
    }
    if ((was != NULL && strlen(was) > 80) || (now != NULL && strlen(now) > 80)) {
        pgb_buf_printf(out, "%s changed", name);
    } else {
        pgb_buf_printf(out, "%s: %s \u2192 %s", name, was != NULL ? was : "none",
                       now != NULL ? now : "none");
    }
}

/* Properties that differ; NULL: none. */
static const char *changed(comparing *c, const pgb_object *was, const pgb_object *now)
{
    PGB_AUTO_BUF(text);
    char *copy;

    for (uint32_t i = 0; i < was->n_props; i++) {
        const char *value = pgb_object_get(now, was->props[i].name);

        if (!equal(was->props[i].value, value)) {
            tell(&text, was->props[i].name, was->props[i].value, value);
        }
    }
    for (uint32_t i = 0; i < now->n_props; i++) {
        if (pgb_object_get(was, now->props[i].name) == NULL && now->props[i].value != NULL) {
            tell(&text, now->props[i].name, NULL, now->props[i].value);
        }
    }
    if (text.len == 0) {
        c->failed |= text.failed;
        return NULL;
    }
    copy = text.failed ? NULL : pgb_arena_strdup(c->arena, pgb_buf_str(&text));
    c->failed |= copy == NULL;
    return copy;
}

/* Whether what it belongs to is on that side alone. */
static bool goes_with_owner(const pgb_catalog *here, const pgb_catalog *there, const pgb_object *o)
{
    const pgb_object *owner = pgb_catalog_owner(here, o);

    return owner != NULL &&
           (there == NULL || pgb_catalog_find(there, owner->kind, owner->identity) == NULL);
}

static void compare(comparing *c)
{
    const pgb_catalog *before = c->before, *after = c->after;
    uint32_t i = 0, k = 0, n = before == NULL ? 0 : before->n;

    while (!c->failed && (i < n || k < after->n)) {
        const pgb_object *was = i < n ? &before->objects[i] : NULL;
        const pgb_object *now = k < after->n ? &after->objects[k] : NULL;
        int by = was == NULL ? 1 : now == NULL ? -1 : strcmp(was->kind, now->kind);

        if (by == 0) {
            by = strcmp(was->identity, now->identity);
        }
        if (by < 0) {
            add(c, "dropped", was, goes_with_owner(before, after, was), NULL);
            i++;
        } else if (by > 0) {
            add(c, "created", now, goes_with_owner(after, before, now), NULL);
            k++;
        } else {
            const char *detail = changed(c, was, now);

            if (detail != NULL) {
                add(c, "changed", now, false, detail);
            }
            i++;
            k++;
        }
    }
}

pgb_status pgb_report_compare(const pgb_report *r, const pgb_catalog *before,
                              const pgb_catalog *after, pgb_arena *arena,
                              const pgb_report_change **ret_changes, uint32_t *ret_n,
                              pgb_error *err)
{
    comparing c = {.r = r, .before = before, .after = after, .arena = arena};
    pgb_report_change *changes;

    compare(&c);
    changes = c.failed ? NULL : pgb_arena_array(arena, c.list.n + 1, sizeof *changes);
    if (changes == NULL) {
        pgb_vec_done(&c.list);
        return pgb_error_nomem(err);
    }
    for (size_t i = 0; i < c.list.n; i++) {
        changes[i] = c.list.at[i];
    }
    qsort(changes, c.list.n, sizeof *changes, by_order);
    *ret_changes = changes;
    *ret_n = (uint32_t)c.list.n;
    pgb_vec_done(&c.list);
    return PGB_OK;
}
