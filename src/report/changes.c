/* What a revision did: the difference of the models before and after it. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "report/report.h"

typedef PGB_VEC(pgb_report_change) change_list;

typedef struct comparing {
    const pgb_catalog *before, *after;
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
        .table = PGB_REPORT_NONE,
        .within = within};

    if (kind == NULL) {
        return;
    }
    if (is(o, "table") || o->parent != NULL) {
        change.owner = pgb_arena_strdup(c->arena, is(o, "table") ? o->identity : o->parent);
        c->failed |= change.owner == NULL;
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

    return owner != NULL && pgb_catalog_find(there, owner->kind, owner->identity) == NULL;
}

static void compare(comparing *c)
{
    const pgb_catalog *before = c->before, *after = c->after;
    uint32_t i = 0, k = 0, n = before->n;

    while (!c->failed && (i < n || k < after->n)) {
        const pgb_object *was = i < n ? &before->objects[i] : NULL;
        const pgb_object *now = k < after->n ? &after->objects[k] : NULL;
        int by = i >= n ? 1 : k >= after->n ? -1 : strcmp(was->kind, now->kind);

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

pgb_status pgb_report_compare(const pgb_catalog *before, const pgb_catalog *after, pgb_arena *arena,
                              pgb_report_change **ret_changes, uint32_t *ret_n, pgb_error *err)
{
    comparing c = {.before = before, .after = after, .arena = arena};
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

/* ---- revisions and tables ---- */

/* Revisions in the order of application. */
static uint32_t *by_rank(const pgb_report *r, pgb_arena *arena)
{
    uint32_t *list = pgb_arena_array(arena, (size_t)r->n_revisions + 1, sizeof *list);

    for (uint32_t i = 0; list != NULL && i < r->n_revisions; i++) {
        list[r->rank[i]] = i;
    }
    return list;
}

static void join_changes(pgb_report *r, const pgb_map *tables, uint32_t revision)
{
    pgb_report_revision *rev = &r->revisions[revision];

    for (uint32_t k = 0; k < rev->n_changes; k++) {
        pgb_report_change *c = &rev->changes[k];
        uint32_t at;

        if (c->owner == NULL || !pgb_map_get(tables, c->owner, strlen(c->owner), &at)) {
            continue;
        }
        c->table = at;
        r->tables[at].touched |= rev->in_scope;
        if (strcmp(c->kind, "table") == 0 && strcmp(c->action, "changed") != 0) {
            r->tables[at].made_by = strcmp(c->action, "created") == 0 ? revision : PGB_REPORT_NONE;
        }
    }
}

/* Leaves out what the report is not about; the indexes of tables change. */
static pgb_status keep_touched(pgb_report *r, pgb_arena *arena, pgb_error *err)
{
    uint32_t *to = pgb_arena_array(arena, (size_t)r->n_tables + 1, sizeof *to), n = 0;

    if (to == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < r->n_tables; i++) {
        to[i] |= r->tables[i].touched;
        for (uint32_t k = 0; r->tables[i].touched && k < r->tables[i].n_foreign_keys; k++) {
            if (r->tables[i].foreign_keys[k].target < r->n_tables) {
                to[r->tables[i].foreign_keys[k].target] = 1;
            }
        }
    }
    for (uint32_t i = 0; i < r->n_tables; i++) {
        if (to[i] == 0) {
            to[i] = PGB_REPORT_NONE;
        } else {
            r->tables[n] = r->tables[i];
            to[i] = n++;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < r->tables[i].n_foreign_keys; k++) {
            uint32_t *target = &r->tables[i].foreign_keys[k].target;

            *target = *target < r->n_tables ? to[*target] : PGB_REPORT_NONE;
        }
    }
    for (uint32_t i = 0; i < r->n_revisions; i++) {
        for (uint32_t k = 0; k < r->revisions[i].n_changes; k++) {
            uint32_t *table = &r->revisions[i].changes[k].table;

            *table = *table < r->n_tables ? to[*table] : PGB_REPORT_NONE;
        }
    }
    r->n_tables = n;
    return PGB_OK;
}

pgb_status pgb_report_join(pgb_report *r, pgb_arena *arena, pgb_error *err)
{
    uint32_t *order = by_rank(r, arena);
    pgb_map tables = PGB_MAP_INIT;
    bool failed = order == NULL, known = r->scope != PGB_SCOPE_PROJECT && r->n_in_scope > 0;

    for (uint32_t i = 0; !failed && i < r->n_tables; i++) {
        failed = !pgb_map_add(&tables, r->tables[i].identity, strlen(r->tables[i].identity), i,
                              NULL, NULL);
    }
    for (uint32_t i = 0; !failed && i < r->n_revisions; i++) {
        join_changes(r, &tables, order[i]);
        known &= !r->revisions[i].in_scope || r->revisions[i].changes_known;
    }
    pgb_map_done(&tables);
    if (failed) {
        return pgb_error_nomem(err);
    }
    return known ? keep_touched(r, arena, err) : PGB_OK;
}
