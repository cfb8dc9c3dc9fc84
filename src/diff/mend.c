/* SQL that changes one property of an object that is there. */
#include <stdlib.h>
#include <string.h>

#include "diff/diff.h"
#include "diff/mend.h"

static const char *text(const pgb_object *o, const char *property)
{
    const char *v = pgb_object_get(o, property);

    return v != NULL ? v : "";
}

static bool same(const pgb_object *a, const pgb_object *b, const char *property)
{
    const char *x = pgb_object_get(a, property), *y = pgb_object_get(b, property);

    return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

/* What an object that differs is made from. */
typedef struct change {
    pgb_buf *b;
    const pgb_catalog *model, *actual; /* of want, of have */
    const pgb_object *want, *have;
    const char *property;
    const char *value; /* of the property, as wanted; NULL: absent */
} change;

static bool is_property(const change *c, const char *name)
{
    return strcmp(c->property, name) == 0;
}

static void recreate(const change *c)
{
    pgb_mend_drop_into(c->b, c->model, c->have);
    pgb_mend_create_into(c->b, c->model, c->want);
}

/* What a type's values are stored as when nothing is said. */
static const char *usual_storage(const char *type)
{
    return strncmp(type, "numeric", 7) == 0 || strcmp(type, "inet") == 0 ||
                   strcmp(type, "cidr") == 0
               ? "main"
               : "extended";
}

static void change_identity_column(const change *c, const char *alter)
{
    bool was = pgb_object_get(c->have, c->property) != NULL;

    if (c->value == NULL) {
        pgb_buf_printf(c->b, "%s DROP IDENTITY;\n", alter);
        return;
    }
    pgb_buf_printf(c->b, "%s %s GENERATED %s%s;\n", alter, was ? "SET" : "ADD",
                   strcmp(c->value, "always") == 0 ? "ALWAYS" : "BY DEFAULT",
                   was ? "" : " AS IDENTITY");
    if (!was) {
        pgb_mend_identity_sequence(c->b, c->model, c->want);
    }
}

static void change_type(const change *c, const char *alter, const char *name, bool composite)
{
    const char *collation = pgb_object_get(c->want, "collation");
    const char *type = text(c->want, "type");

    pgb_buf_printf(c->b, "%s TYPE %s", alter, type);
    if (collation != NULL) {
        pgb_buf_printf(c->b, " COLLATE %s", collation);
    }
    if (!composite && !same(c->want, c->have, "type")) {
        pgb_buf_printf(c->b, " USING %s::%s", name, type);
    }
    /* tables of the type follow */
    pgb_buf_puts(c->b, composite ? " CASCADE;\n" : ";\n");
}

static void change_column(const change *c)
{
    const char *name = pgb_last_name(c->want->identity), *v = c->value;
    const pgb_object *owner = pgb_catalog_owner(c->model, c->want);
    bool composite = owner != NULL && pgb_is(owner, "composite type");
    bool table = owner != NULL && pgb_is(owner, "table");
    PGB_AUTO_BUF(buf);
    const char *alter;

    pgb_buf_printf(&buf, "ALTER %s %s ALTER %s %s", composite ? "TYPE" : "TABLE", c->want->parent,
                   composite ? "ATTRIBUTE" : "COLUMN", name);
    c->b->failed |= buf.failed;
    alter = pgb_buf_str(&buf);
    if (is_property(c, "default") && owner != NULL && !composite) {
        pgb_buf_printf(c->b, "%s %s%s;\n", alter, v != NULL ? "SET DEFAULT " : "DROP DEFAULT",
                       v != NULL ? v : "");
    } else if (is_property(c, "statistics_target") && owner != NULL && !composite) {
        pgb_buf_printf(c->b, "%s SET STATISTICS %s;\n", alter, v != NULL ? v : "-1");
    } else if (is_property(c, "options") && owner != NULL && !composite) {
        pgb_mend_options(c->b, alter, "", v, pgb_object_get(c->have, "options"));
    } else if (is_property(c, "storage") && owner != NULL && !composite) {
        pgb_buf_printf(c->b, "%s SET STORAGE %s;\n", alter,
                       v != NULL ? v : usual_storage(text(c->want, "type")));
    } else if (is_property(c, "compression") && owner != NULL && !composite) {
        pgb_buf_printf(c->b, "%s SET COMPRESSION %s;\n", alter, v != NULL ? v : "default");
        /* NOLINTNEXTLINE(bugprone-branch-clone) */
    } else if (!table && !composite) {
        return; /* a view's columns are what its definition says */
    } else if (is_property(c, "type") || is_property(c, "collation")) {
        /* a table of a type has its columns' types from there */
        if ((is_property(c, "type") || same(c->want, c->have, "type")) &&
            pgb_object_get(owner, "of_type") == NULL) {
            change_type(c, alter, name, composite);
        }
    } else if (composite) {
        return;
    } else if (is_property(c, "not_null")) {
        pgb_buf_printf(c->b, "%s %s NOT NULL;\n", alter, v != NULL ? "SET" : "DROP");
    } else if (is_property(c, "identity_column")) {
        change_identity_column(c, alter);
    } else if (is_property(c, "generated")) {
        if (v == NULL) {
            pgb_buf_printf(c->b, "%s DROP EXPRESSION;\n", alter);
        } else {
            pgb_buf_puts(c->b, "-- the column is computed again for every row\n");
            recreate(c);
        }
    }
}

static void change_inheritance(const change *c, const char *alter)
{
    const char *old = pgb_object_get(c->have, "inherits"), *new = c->value, *item;
    size_t len;

    while (old != NULL && (item = pgb_mend_item(&old, &len)) != NULL) {
        pgb_buf_printf(c->b, "%s NO INHERIT %.*s;\n", alter, (int)len, item);
    }
    while (new != NULL && (item = pgb_mend_item(&new, &len)) != NULL) {
        pgb_buf_printf(c->b, "%s INHERIT %.*s;\n", alter, (int)len, item);
    }
}

static void change_partition(const change *c)
{
    const char *old = pgb_object_get(c->have, "partition_of");

    if (is_property(c, "bound") && !same(c->want, c->have, "partition_of")) {
        return; /* said by partition_of */
    }
    if (old != NULL) {
        pgb_buf_printf(c->b, "ALTER TABLE %s DETACH PARTITION %s;\n", old, c->want->identity);
    }
    if (pgb_object_get(c->want, "partition_of") != NULL) {
        pgb_buf_printf(c->b, "ALTER TABLE %s ATTACH PARTITION %s %s;\n",
                       text(c->want, "partition_of"), c->want->identity, text(c->want, "bound"));
    }
}

static void change_replica_identity(const change *c, const char *alter)
{
    bool index = c->value != NULL && strncmp(c->value, "index ", 6) == 0;

    if (c->value != NULL && strcmp(c->value, "lost index") == 0) {
        return;
    }
    pgb_buf_printf(c->b, "%s REPLICA IDENTITY %s%s;\n", alter, index ? "USING INDEX " : "",
                   c->value == NULL ? "DEFAULT"
                   : index          ? c->value + 6
                                    : c->value);
}

static void change_table(const change *c)
{
    const char *v = c->value;
    PGB_AUTO_BUF(buf);
    const char *alter;

    pgb_buf_printf(&buf, "ALTER TABLE %s", c->want->identity);
    c->b->failed |= buf.failed;
    alter = pgb_buf_str(&buf);
    if (is_property(c, "row_security")) {
        pgb_buf_printf(c->b, "%s %s ROW LEVEL SECURITY;\n", alter,
                       v != NULL ? "ENABLE" : "DISABLE");
    } else if (is_property(c, "force_row_security")) {
        pgb_buf_printf(c->b, "%s %s ROW LEVEL SECURITY;\n", alter,
                       v != NULL ? "FORCE" : "NO FORCE");
    } else if (is_property(c, "persistence")) {
        pgb_buf_printf(c->b, "%s SET %s;\n", alter, v != NULL ? "UNLOGGED" : "LOGGED");
    } else if (is_property(c, "replica_identity")) {
        change_replica_identity(c, alter);
    } else if (is_property(c, "options")) {
        pgb_mend_options(c->b, alter, "", v, pgb_object_get(c->have, "options"));
    } else if (is_property(c, "toast_options")) {
        pgb_mend_options(c->b, alter, "toast.", v, pgb_object_get(c->have, "toast_options"));
    } else if (is_property(c, "tablespace")) {
        pgb_buf_printf(c->b, "%s SET TABLESPACE %s;\n", alter, v != NULL ? v : "pg_default");
    } else if (is_property(c, "access_method")) {
        pgb_buf_printf(c->b, "%s SET ACCESS METHOD %s;\n", alter, v != NULL ? v : "heap");
    } else if (is_property(c, "of_type")) {
        pgb_buf_printf(c->b, "%s %s%s;\n", alter, v != NULL ? "OF " : "NOT OF", v != NULL ? v : "");
    } else if (is_property(c, "inherits")) {
        change_inheritance(c, alter);
    } else if (is_property(c, "partition_of") || is_property(c, "bound")) {
        change_partition(c);
    }
}

/* CREATE OR REPLACE VIEW may add columns at the end and change no other. */
static bool can_be_replaced(const change *c)
{
    pgb_children want = pgb_catalog_children(c->model, c->want->identity, "column");
    pgb_children have = pgb_catalog_children(c->actual, c->want->identity, "column");

    for (uint32_t i = 0; i < have.n; i++) {
        const pgb_object *x = i < want.n ? pgb_child(&want, i) : NULL, *y = pgb_child(&have, i);

        if (x == NULL || strcmp(x->identity, y->identity) != 0 || !same(x, y, "type") ||
            !same(x, y, "collation")) {
            return false;
        }
    }
    return true;
}

static void change_view(const change *c)
{
    bool kept = pgb_is(c->want, "materialized view");
    PGB_AUTO_BUF(alter);

    pgb_buf_printf(&alter, "ALTER %s %s", pgb_mend_noun(c->want), c->want->identity);
    if (is_property(c, "definition") && !kept && can_be_replaced(c)) {
        const char *options = pgb_object_get(c->want, "options");

        pgb_buf_printf(c->b, "CREATE OR REPLACE VIEW %s%s%s%s AS\n%s\n", c->want->identity,
                       options != NULL ? " WITH (" : "", options != NULL ? options : "",
                       options != NULL ? ")" : "", c->value);
    } else if (is_property(c, "definition")) {
        recreate(c);
    } else if (is_property(c, "options")) {
        pgb_mend_options(c->b, pgb_buf_str(&alter), "", c->value,
                         pgb_object_get(c->have, "options"));
    } else if (is_property(c, "toast_options")) {
        pgb_mend_options(c->b, pgb_buf_str(&alter), "toast.", c->value,
                         pgb_object_get(c->have, "toast_options"));
    } else if (is_property(c, "populated") && c->value == NULL) {
        pgb_buf_printf(c->b, "REFRESH MATERIALIZED VIEW %s;\n", c->want->identity);
    } else if (is_property(c, "populated")) {
        pgb_buf_printf(c->b, "REFRESH MATERIALIZED VIEW %s WITH NO DATA;\n", c->want->identity);
    } else if (is_property(c, "tablespace")) {
        pgb_buf_printf(c->b, "%s SET TABLESPACE %s;\n", pgb_buf_str(&alter),
                       c->value != NULL ? c->value : "pg_default");
    } else if (is_property(c, "access_method")) {
        pgb_buf_printf(c->b, "%s SET ACCESS METHOD %s;\n", pgb_buf_str(&alter),
                       c->value != NULL ? c->value : "heap");
    }
    c->b->failed |= alter.failed;
}

static void change_index(const change *c)
{
    const char *name = c->want->identity, *v = c->value;
    bool alone = pgb_object_get(c->want, "constraint") == NULL &&
                 pgb_object_get(c->want, "partition_of") == NULL;

    if (is_property(c, "definition") || is_property(c, "options")) {
        if (!same(c->want, c->have, "options")) {
            PGB_AUTO_BUF(alter);

            pgb_buf_printf(&alter, "ALTER INDEX %s", name);
            pgb_mend_options(c->b, pgb_buf_str(&alter), "", pgb_object_get(c->want, "options"),
                             pgb_object_get(c->have, "options"));
            c->b->failed |= alter.failed;
        } else if (alone) {
            recreate(c);
        }
    } else if (is_property(c, "valid") && v == NULL &&
               strstr(text(c->want, "definition"), " ON ONLY ") == NULL) {
        pgb_buf_printf(c->b, "REINDEX INDEX CONCURRENTLY %s;\n", name);
    } else if (is_property(c, "clustered")) {
        pgb_buf_printf(c->b,
                       v != NULL ? "ALTER TABLE %s CLUSTER ON %s;\n"
                                 : "ALTER TABLE %s SET WITHOUT CLUSTER;\n",
                       c->want->parent, pgb_last_name(name));
    } else if (is_property(c, "tablespace")) {
        pgb_buf_printf(c->b, "ALTER INDEX %s SET TABLESPACE %s;\n", name,
                       v != NULL ? v : "pg_default");
    } else if (is_property(c, "partition_of") && v != NULL) {
        pgb_buf_printf(c->b, "ALTER INDEX %s ATTACH PARTITION %s;\n", v, name);
    } else if (is_property(c, "statistics_target")) {
        const char *old = pgb_object_get(c->have, c->property), *item;
        size_t len;

        for (int pass = 0; pass < 2; pass++) {
            const char *list = pass == 0 ? old : v;

            while (list != NULL && (item = pgb_mend_item(&list, &len)) != NULL) {
                const char *is = memchr(item, '=', len);
                int column = is != NULL ? (int)(is - item) : (int)len;

                pgb_buf_printf(c->b, "ALTER INDEX %s ALTER COLUMN %.*s SET STATISTICS %.*s;\n",
                               name, column, item, pass == 0 ? 2 : (int)len - column - 1,
                               pass == 0 ? "-1" : item + column + 1);
            }
        }
    }
}

/* The triggers behind a key have names that nobody knows; so all are switched, and those that are
 * to be otherwise switched back. */
static void change_enforcement(const change *c)
{
    pgb_children triggers = pgb_catalog_children(c->model, c->want->parent, "trigger");
    bool enable = c->value == NULL;

    pgb_buf_printf(c->b, "ALTER TABLE %s %s TRIGGER ALL;\n", c->want->parent,
                   enable ? "ENABLE" : "DISABLE");
    for (uint32_t i = 0; i < triggers.n; i++) {
        const pgb_object *t = pgb_child(&triggers, i);
        const char *word = pgb_mend_enable_word(t);

        if (strcmp(word, enable ? "ENABLE" : "DISABLE") != 0) {
            pgb_buf_printf(c->b, "ALTER TABLE %s %s TRIGGER %s;\n", c->want->parent, word,
                           pgb_last_name(t->identity));
        }
    }
}

static void change_constraint(const change *c)
{
    static const char late[] = " NOT VALID";
    const char *want = text(c->want, "definition"), *have = text(c->have, "definition");
    size_t len = strlen(want);

    if (is_property(c, "enforcement")) {
        change_enforcement(c);
    } else if (is_property(c, "definition") && pgb_object_get(c->want, "clone") == NULL &&
               pgb_object_get(c->want, "inherited") == NULL) {
        if (strncmp(want, have, len) == 0 && strcmp(have + len, late) == 0) {
            pgb_buf_printf(c->b, "ALTER TABLE %s VALIDATE CONSTRAINT %s;\n", c->want->parent,
                           pgb_last_name(c->want->identity));
        } else {
            recreate(c);
        }
    }
}

/* trigger and rule; event trigger has its own */
static void change_enabled(const change *c)
{
    const char *v = c->value;
    const char *how = v == NULL                   ? "ENABLE"
                      : strcmp(v, "no") == 0      ? "DISABLE"
                      : strcmp(v, "replica") == 0 ? "ENABLE REPLICA"
                                                  : "ENABLE ALWAYS";

    if (pgb_is(c->want, "event trigger")) {
        pgb_buf_printf(c->b, "ALTER EVENT TRIGGER %s %s;\n", c->want->identity, how);
    } else {
        pgb_buf_printf(c->b, "ALTER TABLE %s %s %s %s;\n", c->want->parent, how,
                       pgb_mend_noun_on(c->want), pgb_last_name(c->want->identity));
    }
}

static void change_sequence(const change *c)
{
    if (is_property(c, "owned_by")) {
        if (pgb_object_get(c->want, "of_identity") == NULL) {
            pgb_buf_printf(c->b, "ALTER SEQUENCE %s OWNED BY %s;\n", c->want->identity,
                           c->value != NULL ? c->value : "NONE");
        }
    } else if (is_property(c, "persistence")) {
        pgb_buf_printf(c->b, "ALTER SEQUENCE %s SET %s;\n", c->want->identity,
                       c->value != NULL ? "UNLOGGED" : "LOGGED");
    } else if (!is_property(c, "of_identity")) {
        /* together: one of them alone may not fit the others */
        pgb_buf_printf(c->b, "ALTER SEQUENCE %s", c->want->identity);
        pgb_mend_sequence_numbers(c->b, c->want);
        pgb_buf_puts(c->b, ";\n");
    }
}

/* Values can be added to an enum, and never taken out or moved. */
static void change_enum(const change *c)
{
    const char *want = text(c->want, "labels"), *have = text(c->have, "labels");
    const char *w, *h, *before = NULL;
    size_t wl, hl, before_len = 0;
    PGB_AUTO_BUF(added);

    h = pgb_mend_label(&have, &hl);
    while ((w = pgb_mend_label(&want, &wl)) != NULL) {
        if (h != NULL && hl == wl && memcmp(w, h, wl) == 0) {
            h = pgb_mend_label(&have, &hl);
        } else {
            pgb_buf_printf(&added, "ALTER TYPE %s ADD VALUE %.*s", c->want->identity, (int)wl, w);
            if (before != NULL) {
                pgb_buf_printf(&added, " AFTER %.*s;\n", (int)before_len, before);
            } else if (h != NULL) {
                pgb_buf_printf(&added, " BEFORE %.*s;\n", (int)hl, h);
            } else {
                pgb_buf_puts(&added, ";\n");
            }
        }
        before = w;
        before_len = wl;
    }
    c->b->failed |= added.failed;
    if (h == NULL) {
        pgb_buf_append(c->b, pgb_buf_str(&added), added.len);
    }
}

static void change_domain(const change *c)
{
    const char *v = c->value;

    if (is_property(c, "default")) {
        pgb_buf_printf(c->b, "ALTER DOMAIN %s %s%s;\n", c->want->identity,
                       v != NULL ? "SET DEFAULT " : "DROP DEFAULT", v != NULL ? v : "");
    } else if (is_property(c, "not_null")) {
        pgb_buf_printf(c->b, "ALTER DOMAIN %s %s NOT NULL;\n", c->want->identity,
                       v != NULL ? "SET" : "DROP");
    }
}

static void change_publication(const change *c)
{
    const char *name = c->want->identity;

    if (is_property(c, "all_tables")) {
        recreate(c);
    } else if (is_property(c, "tables") || is_property(c, "schemas")) {
        if (!same(c->want, c->have, "all_tables")) {
            return; /* said by all_tables */
        }
        if (pgb_object_get(c->want, "tables") == NULL &&
            pgb_object_get(c->want, "schemas") == NULL) {
            recreate(c);
            return;
        }
        pgb_buf_printf(c->b, "ALTER PUBLICATION %s SET ", name);
        pgb_mend_publication_members(c->b, c->want);
        pgb_buf_puts(c->b, ";\n");
    } else if (is_property(c, "publishes")) {
        pgb_buf_printf(c->b, "ALTER PUBLICATION %s SET (publish = '%s');\n", name, c->value);
    } else if (is_property(c, "via_root")) {
        pgb_buf_printf(c->b, "ALTER PUBLICATION %s SET (publish_via_partition_root = %s);\n", name,
                       c->value != NULL ? "true" : "false");
    } else if (is_property(c, "generated_columns")) {
        pgb_buf_printf(c->b, "ALTER PUBLICATION %s SET (publish_generated_columns = %s);\n", name,
                       c->value != NULL ? "stored" : "none");
    }
}

static void change_extension(const change *c)
{
    if (is_property(c, "version") && c->value != NULL) {
        pgb_buf_printf(c->b, "ALTER EXTENSION %s UPDATE TO ", c->want->identity);
        pgb_mend_literal(c->b, c->value);
        pgb_buf_puts(c->b, ";\n");
    } else if (is_property(c, "schema") && c->value != NULL) {
        pgb_buf_printf(c->b, "ALTER EXTENSION %s SET SCHEMA %s;\n", c->want->identity, c->value);
    }
}

static void change_routine(const change *c)
{
    if (!is_property(c, "definition") || c->value == NULL) {
        return;
    }
    /* what it takes and gives, and what it is, cannot be replaced */
    if (!same(c->want, c->have, "returns") || !same(c->want, c->have, "arguments") ||
        (strstr(c->value, " WINDOW") == NULL) !=
            (strstr(text(c->have, "definition"), " WINDOW") == NULL)) {
        recreate(c);
    } else {
        pgb_buf_printf(c->b, "%s;\n", c->value);
    }
}

static void change_extension_tie(const change *c)
{
    const char *old = pgb_object_get(c->have, c->property), *new = c->value, *item;
    bool on = pgb_is(c->want, "trigger");
    size_t len;

    for (int pass = 0; pass < 2; pass++) {
        const char **list = pass == 0 ? &old : &new;

        while (*list != NULL && (item = pgb_mend_item(list, &len)) != NULL) {
            pgb_buf_printf(c->b, "ALTER %s %s%s%s %sDEPENDS ON EXTENSION %.*s;\n",
                           on ? "TRIGGER" : pgb_mend_noun(c->want),
                           on ? pgb_last_name(c->want->identity) : c->want->identity,
                           on ? " ON " : "", on ? c->want->parent : "", pass == 0 ? "NO " : "",
                           (int)len, item);
        }
    }
}

/* Properties that many kinds have; false: none of these. */
static bool change_common(const change *c)
{
    if (is_property(c, "comment")) {
        pgb_mend_comment(c->b, c->want, c->value);
    } else if (is_property(c, "owner")) {
        pgb_mend_owner(c->b, c->want);
    } else if (is_property(c, "acl")) {
        pgb_mend_acl(c->b, c->want, c->value, pgb_object_get(c->have, "acl"));
    } else if (is_property(c, "enabled")) {
        change_enabled(c);
    } else if (is_property(c, "depends_on_extension")) {
        change_extension_tie(c);
    } else {
        return false;
    }
    return true;
}

static void change_by_kind(const change *c)
{
    static const struct {
        const char *kind;
        void (*change)(const change *c);
    } kinds[] = {{"column", change_column},
                 {"table", change_table},
                 {"view", change_view},
                 {"materialized view", change_view},
                 {"index", change_index},
                 {"constraint", change_constraint},
                 {"sequence", change_sequence},
                 {"enum", change_enum},
                 {"domain", change_domain},
                 {"function", change_routine},
                 {"procedure", change_routine},
                 {"extension", change_extension},
                 {"publication", change_publication},
                 {"trigger", recreate},
                 {"rule", recreate},
                 {"policy", recreate},
                 {"aggregate", recreate},
                 {"event trigger", recreate},
                 {"domain constraint", recreate}};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (pgb_is(c->want, kinds[i].kind)) {
            kinds[i].change(c);
        }
    }
    if (pgb_is(c->want, "statistics") && is_property(c, "statistics_target")) {
        pgb_buf_printf(c->b, "ALTER STATISTICS %s SET STATISTICS %s;\n", c->want->identity,
                       c->value != NULL ? c->value : "-1");
    } else if (pgb_is(c->want, "statistics")) {
        recreate(c);
    }
}

/* The buffer's text in the arena, NULL when there is none or no memory. */
static const char *finish(pgb_buf *b, pgb_arena *arena, bool *ret_nomem)
{
    const char *s = NULL;

    if (!b->failed && b->len > 0) {
        while (b->len > 0 && b->p[b->len - 1] == '\n') {
            b->len--;
        }
        s = pgb_arena_strndup(arena, b->p, b->len);
    }
    *ret_nomem = b->failed || (b->len > 0 && s == NULL);
    return s;
}

const char *pgb_mend_change(const pgb_catalog *expected, const pgb_catalog *actual,
                            const pgb_object *want, const pgb_object *have, const char *property,
                            pgb_arena *arena, bool *ret_nomem)
{
    PGB_AUTO_BUF(b);
    change c = {.b = &b,
                .model = expected,
                .actual = actual,
                .want = want,
                .have = have,
                .property = property,
                .value = pgb_object_get(want, property)};

    if (!change_common(&c)) {
        change_by_kind(&c);
    }
    return finish(&b, arena, ret_nomem);
}

const char *pgb_mend_create(const pgb_catalog *model, const pgb_object *object, pgb_arena *arena,
                            bool *ret_nomem)
{
    PGB_AUTO_BUF(b);

    pgb_mend_create_into(&b, model, object);
    return finish(&b, arena, ret_nomem);
}

const char *pgb_mend_drop(const pgb_catalog *model, const pgb_object *object, pgb_arena *arena,
                          bool *ret_nomem)
{
    PGB_AUTO_BUF(b);

    pgb_mend_drop_into(&b, model, object);
    return finish(&b, arena, ret_nomem);
}
