/* From the catalog model to what a report tells: tables with their parts, and what a revision did
 * as the difference of the models before and after it. */
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "report/report.h"

typedef struct taking {
    pgb_report *r;
    const pgb_catalog *c;
    pgb_arena *arena;
    pgb_report_table *tables;
    bool failed;
} taking;

static bool is(const pgb_object *o, const char *kind)
{
    return strcmp(o->kind, kind) == 0;
}

static const char *keep(taking *t, const char *text)
{
    char *copy = text == NULL ? NULL : pgb_arena_strdup(t->arena, text);

    t->failed |= text != NULL && copy == NULL;
    return copy;
}

static void *array(taking *t, size_t n, size_t size)
{
    void *p = pgb_arena_array(t->arena, n + 1, size);

    t->failed |= p == NULL;
    return p;
}

/* People leave "public." out. */
static const char *shown(const char *identity)
{
    return strncmp(identity, "public.", 7) == 0 ? identity + 7 : identity;
}

static const char *get(taking *t, const pgb_object *o, const char *property)
{
    return keep(t, pgb_object_get(o, property));
}

/* Behind a name that may be quoted. */
static const char *behind_name(const char *s)
{
    bool quoted = false;

    for (; *s != '\0' && (quoted || *s != ' '); s++) {
        quoted ^= *s == '"';
    }
    return s + (*s == ' ');
}

/* "UNIQUE btree (a, b) WHERE c" of "CREATE UNIQUE INDEX i ON t USING btree (a, b) WHERE c". */
static const char *index_definition(taking *t, const char *definition)
{
    const char *s = definition, *unique = "";
    char *text;

    if (s == NULL || strncmp(s, "CREATE ", 7) != 0) {
        return keep(t, s);
    }
    s += 7;
    if (strncmp(s, "UNIQUE ", 7) == 0) {
        unique = "UNIQUE ";
        s += 7;
    }
    if (strncmp(s, "INDEX ", 6) != 0) {
        return keep(t, definition);
    }
    s = behind_name(s + 6);
    s += strncmp(s, "ON ", 3) == 0 ? 3 : 0;
    s += strncmp(s, "ONLY ", 5) == 0 ? 5 : 0;
    s = behind_name(s);
    s += strncmp(s, "USING ", 6) == 0 ? 6 : 0;
    text = pgb_arena_printf(t->arena, "%s%s", unique, s);
    t->failed |= text == NULL;
    return text;
}

static void take_columns(taking *t, pgb_report_table *table)
{
    pgb_children all = pgb_catalog_children(t->c, table->identity, "column");
    pgb_report_column *columns = array(t, all.n, sizeof *columns);

    for (uint32_t i = 0; columns != NULL && i < all.n; i++) {
        const pgb_object *o = pgb_child(&all, i);
        const char *identity = pgb_object_get(o, "identity_column");
        const char *generated = pgb_object_get(o, "generated");

        columns[i] = (pgb_report_column){.name = keep(t, pgb_last_name(o->identity)),
                                         .type = get(t, o, "type"),
                                         .not_null = pgb_object_get(o, "not_null") != NULL,
                                         .preset = get(t, o, "default"),
                                         .collation = get(t, o, "collation"),
                                         .comment = get(t, o, "comment")};
        if (identity != NULL || generated != NULL) {
            columns[i].generated = pgb_arena_printf(t->arena, "generated %s%s",
                                                    identity != NULL ? identity : generated,
                                                    identity != NULL ? " as identity" : "");
            t->failed |= columns[i].generated == NULL;
        }
    }
    table->columns = columns;
    table->n_columns = all.n;
}

static uint32_t find_column(const pgb_report_table *table, const char *list, size_t *ret_len)
{
    for (uint32_t i = 0; list != NULL && i < table->n_columns; i++) {
        size_t len = strlen(table->columns[i].name);

        if (strncmp(list, table->columns[i].name, len) == 0 &&
            (list[len] == '\0' || list[len] == ',')) {
            *ret_len = len;
            return i;
        }
    }
    return PGB_REPORT_NONE;
}

static void mark_primary(pgb_report_table *table, pgb_report_column *columns, const char *list)
{
    while (list != NULL && *list != '\0') {
        size_t len = 0;
        uint32_t i = find_column(table, list, &len);

        if (i == PGB_REPORT_NONE) {
            return;
        }
        columns[i].primary_key = true;
        list += len;
        list += strspn(list, ", ");
    }
}

static pgb_report_foreign_key foreign_key(taking *t, const pgb_report_table *table,
                                          const pgb_object *o)
{
    const char *references = pgb_object_get(o, "references");
    size_t len;
    pgb_report_foreign_key fk = {.name = keep(t, pgb_last_name(o->identity)),
                                 .columns = get(t, o, "columns"),
                                 .references = references != NULL ? keep(t, shown(references)) : "",
                                 .referenced = get(t, o, "referenced_columns"),
                                 .on_delete = get(t, o, "on_delete"),
                                 .on_update = get(t, o, "on_update"),
                                 .deferrable = get(t, o, "deferrable"),
                                 .not_valid = pgb_object_get(o, "validated") != NULL,
                                 .target = PGB_REPORT_NONE};

    fk.columns = fk.columns == NULL ? "" : fk.columns;
    fk.referenced = fk.referenced == NULL ? "" : fk.referenced;
    fk.on_delete = fk.on_delete == NULL ? "NO ACTION" : fk.on_delete;
    fk.on_update = fk.on_update == NULL ? "NO ACTION" : fk.on_update;
    fk.column = find_column(table, fk.columns, &len);
    for (uint32_t i = 0; references != NULL && i < t->r->n_tables; i++) {
        if (strcmp(t->tables[i].identity, references) == 0) {
            fk.target = i;
        }
    }
    return fk;
}

static void take_constraints(taking *t, pgb_report_table *table, pgb_report_column *columns)
{
    pgb_children all = pgb_catalog_children(t->c, table->identity, "constraint");
    pgb_report_key *keys = array(t, all.n, sizeof *keys);
    pgb_report_foreign_key *fks = array(t, all.n, sizeof *fks);
    pgb_report_item *checks = array(t, all.n, sizeof *checks);

    for (uint32_t i = 0; !t->failed && i < all.n; i++) {
        const pgb_object *o = pgb_child(&all, i);
        const char *type = pgb_object_get(o, "type");

        if (type == NULL) {
            continue;
        }
        if (strcmp(type, "foreign key") == 0) {
            fks[table->n_foreign_keys++] = foreign_key(t, table, o);
        } else if (strcmp(type, "check") == 0) {
            checks[table->n_checks++] =
                (pgb_report_item){.name = keep(t, pgb_last_name(o->identity)),
                                  .definition = get(t, o, "definition"),
                                  .comment = get(t, o, "comment"),
                                  .bad = pgb_object_get(o, "validated") != NULL};
        } else {
            if (strcmp(type, "primary key") == 0) {
                mark_primary(table, columns, pgb_object_get(o, "columns"));
            }
            keys[table->n_keys++] = (pgb_report_key){.name = keep(t, pgb_last_name(o->identity)),
                                                     .kind = keep(t, type),
                                                     .columns = get(t, o, "columns"),
                                                     .definition = get(t, o, "definition")};
        }
    }
    table->keys = keys;
    table->foreign_keys = fks;
    table->checks = checks;
}

static void take_indexes(taking *t, pgb_report_table *table)
{
    pgb_children all = pgb_catalog_children(t->c, table->identity, "index");
    pgb_report_item *indexes = array(t, all.n, sizeof *indexes);

    for (uint32_t i = 0; !t->failed && i < all.n; i++) {
        const pgb_object *o = pgb_child(&all, i);

        if (pgb_object_get(o, "constraint") == NULL) {
            indexes[table->n_indexes++] = (pgb_report_item){
                .name = keep(t, pgb_last_name(o->identity)),
                .definition = index_definition(t, pgb_object_get(o, "definition")),
                .comment = get(t, o, "comment"),
                .bad = pgb_object_get(o, "valid") != NULL};
        }
    }
    table->indexes = indexes;
}

/* What else belongs to a table: triggers, policies, rules, and whatever comes. */
static bool is_other(const pgb_object *o)
{
    return !is(o, "column") && !is(o, "constraint") && !is(o, "index") && !is(o, "table");
}

static const char *policy(taking *t, const pgb_object *o)
{
    const char *using = pgb_object_get(o, "using"), *check = pgb_object_get(o, "with_check");
    const char *command = pgb_object_get(o, "command"), *roles = pgb_object_get(o, "roles");
    char *text = pgb_arena_printf(
        t->arena, "policy for %s to %s%s%s%s%s%s%s", command != NULL ? command : "all",
        roles != NULL ? roles : "public", using != NULL ? " using (" : "",
        using != NULL ? using : "", using != NULL ? ")" : "", check != NULL ? " with check (" : "",
        check != NULL ? check : "", check != NULL ? ")" : "");

    t->failed |= text == NULL;
    return text;
}

static void take_others(taking *t, pgb_report_table *table)
{
    pgb_children all = pgb_catalog_children(t->c, table->identity, NULL);
    pgb_report_item *others = array(t, all.n, sizeof *others);

    for (uint32_t i = 0; !t->failed && i < all.n; i++) {
        const pgb_object *o = pgb_child(&all, i);
        const char *enabled = pgb_object_get(o, "enabled");
        const char *definition = pgb_object_get(o, "definition");

        if (is_other(o)) {
            others[table->n_others++] =
                (pgb_report_item){.name = keep(t, pgb_last_name(o->identity)),
                                  .definition = is(o, "policy")      ? policy(t, o)
                                                : definition != NULL ? keep(t, definition)
                                                                     : keep(t, o->kind),
                                  .comment = get(t, o, "comment"),
                                  .bad = enabled != NULL && strcmp(enabled, "no") == 0};
        }
    }
    table->others = others;
}

static void take_table(taking *t, pgb_report_table *table, const pgb_object *o)
{
    const char *partition_of = pgb_object_get(o, "partition_of");
    pgb_counts counts;

    take_columns(t, table);
    if (!t->failed) {
        take_constraints(t, table, (pgb_report_column *)(uintptr_t)table->columns);
        take_indexes(t, table);
        take_others(t, table);
    }
    table->comment = get(t, o, "comment");
    table->partition_of = partition_of != NULL ? keep(t, shown(partition_of)) : NULL;
    pgb_catalog_count(t->c, table->identity, &counts);
    table->n_counted_columns = counts.columns;
    table->n_counted_foreign_keys = counts.foreign_keys;
    table->n_counted_indexes = counts.indexes;
    table->n_counted_checks = counts.checks;
}

/* An object that stands for itself. */
static const char *detail_of(taking *t, const pgb_object *o)
{
    static const char *const telling[] = {"labels",  "definition", "value",     "acl",
                                          "subtype", "version",    "publishes", "what"};
    const char *base = pgb_object_get(o, "base_type"), *returns = pgb_object_get(o, "returns");

    if (base != NULL) {
        return keep(t, base);
    }
    if (is(o, "function") || is(o, "procedure") || is(o, "aggregate")) {
        char *text = returns == NULL ? NULL : pgb_arena_printf(t->arena, "returns %s", returns);

        t->failed |= returns != NULL && text == NULL;
        return text;
    }
    if (is(o, "schema")) {
        return get(t, o, "comment");
    }
    for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++) {
        if (pgb_object_get(o, telling[i]) != NULL) {
            return get(t, o, telling[i]);
        }
    }
    return get(t, o, "comment");
}

static bool stands_alone(const pgb_catalog *c, const pgb_object *o)
{
    if (is(o, "table") || (is(o, "schema") && strcmp(o->identity, "public") == 0)) {
        return false;
    }
    return pgb_catalog_owner(c, o) == NULL && !is(o, "column") && !is(o, "index");
}

pgb_status pgb_report_add_catalog(pgb_report *r, const pgb_catalog *catalog, pgb_arena *arena,
                                  pgb_error *err)
{
    taking t = {.r = r, .c = catalog, .arena = arena};
    pgb_report_object *objects;
    uint32_t n_tables = 0, n_objects = 0;
    pgb_counts counts;

    for (uint32_t i = 0; i < catalog->n; i++) {
        n_tables += is(&catalog->objects[i], "table");
        n_objects += stands_alone(catalog, &catalog->objects[i]);
    }
    t.tables = array(&t, n_tables, sizeof *t.tables);
    objects = array(&t, n_objects, sizeof *objects);
    if (t.failed) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < catalog->n; i++) {
        const pgb_object *o = &catalog->objects[i];

        if (is(o, "table")) {
            t.tables[r->n_tables++] = (pgb_report_table){.identity = keep(&t, o->identity),
                                                         .name = keep(&t, shown(o->identity)),
                                                         .made_by = PGB_REPORT_NONE};
        } else if (stands_alone(catalog, o)) {
            objects[r->n_objects++] = (pgb_report_object){.kind = keep(&t, o->kind),
                                                          .name = keep(&t, shown(o->identity)),
                                                          .detail = detail_of(&t, o)};
        }
    }
    r->tables = t.tables;
    r->objects = objects;
    for (uint32_t i = 0; !t.failed && i < r->n_tables; i++) {
        take_table(&t, &t.tables[i], pgb_catalog_find(catalog, "table", t.tables[i].identity));
    }
    pgb_catalog_count(catalog, NULL, &counts);
    r->n_all_tables = counts.tables;
    r->columns = counts.columns;
    r->foreign_keys = counts.foreign_keys;
    r->indexes = counts.indexes;
    r->checks = counts.checks;
    return t.failed ? pgb_error_nomem(err) : PGB_OK;
}
