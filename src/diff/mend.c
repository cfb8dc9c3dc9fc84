#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "diff/diff.h"

/* Literals as the server reads them with standard_conforming_strings on. */
static void literal(pgb_buf *b, const char *s)
{
    pgb_buf_putc(b, '\'');
    for (; *s != '\0'; s++) {
        if (*s == '\'') {
            pgb_buf_putc(b, '\'');
        }
        pgb_buf_putc(b, *s);
    }
    pgb_buf_putc(b, '\'');
}

static bool is(const pgb_object *o, const char *kind)
{
    return strcmp(o->kind, kind) == 0;
}

/* The last part of a qualified, quoted name. */
static const char *last_name(const char *identity)
{
    const char *last = identity;
    bool quoted = false;

    for (const char *p = identity; *p != '\0'; p++) {
        if (*p == '"') {
            quoted = !quoted;
        } else if (*p == '.' && !quoted) {
            last = p + 1;
        }
    }
    return last;
}

static const char *finish(pgb_buf *b, pgb_arena *arena, bool *ret_nomem)
{
    const char *s = NULL;

    if (b->failed) {
        *ret_nomem = true;
    } else if (b->len > 0) {
        s = pgb_arena_strndup(arena, b->p, b->len);
        *ret_nomem = s == NULL;
    }
    pgb_buf_done(b);
    return s;
}

static void column_definition(pgb_buf *b, const pgb_object *c)
{
    const char *v;

    pgb_buf_printf(b, "%s %s", last_name(c->identity), pgb_object_get(c, "type"));
    v = pgb_object_get(c, "collation");
    if (v != NULL) {
        pgb_buf_printf(b, " COLLATE %s", v);
    }
    v = pgb_object_get(c, "generated");
    if (v != NULL && strncmp(v, "stored: ", 8) == 0) {
        pgb_buf_printf(b, " GENERATED ALWAYS AS (%s) STORED", v + 8);
    } else if (v != NULL && strncmp(v, "virtual: ", 9) == 0) {
        pgb_buf_printf(b, " GENERATED ALWAYS AS (%s) VIRTUAL", v + 9);
    }
    v = pgb_object_get(c, "identity_column");
    if (v != NULL) {
        pgb_buf_printf(b, " GENERATED %s AS IDENTITY",
                       strcmp(v, "always") == 0 ? "ALWAYS" : "BY DEFAULT");
    }
    v = pgb_object_get(c, "default");
    if (v != NULL) {
        pgb_buf_printf(b, " DEFAULT %s", v);
    }
    if (pgb_object_get(c, "not_null") != NULL) {
        pgb_buf_puts(b, " NOT NULL");
    }
}

static const char *comment_noun(const pgb_object *o)
{
    static const char *const pairs[][2] = {{"schema", "SCHEMA"},
                                           {"table", "TABLE"},
                                           {"column", "COLUMN"},
                                           {"index", "INDEX"},
                                           {"sequence", "SEQUENCE"},
                                           {"view", "VIEW"},
                                           {"materialized view", "MATERIALIZED VIEW"},
                                           {"function", "FUNCTION"},
                                           {"procedure", "PROCEDURE"},
                                           {"aggregate", "AGGREGATE"},
                                           {"enum", "TYPE"},
                                           {"domain", "DOMAIN"},
                                           {"range", "TYPE"},
                                           {"composite type", "TYPE"},
                                           {"extension", "EXTENSION"},
                                           {"statistics", "STATISTICS"},
                                           {"event trigger", "EVENT TRIGGER"},
                                           {"publication", "PUBLICATION"}};

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (is(o, pairs[i][0])) {
            return pairs[i][1];
        }
    }
    return NULL;
}

/* Objects that are named within their table: constraint, trigger, rule, policy. */
static const char *on_parent_noun(const pgb_object *o)
{
    return is(o, "constraint") ? "CONSTRAINT"
           : is(o, "trigger")  ? "TRIGGER"
           : is(o, "rule")     ? "RULE"
           : is(o, "policy")   ? "POLICY"
                               : NULL;
}

static void put_comment(pgb_buf *b, const pgb_object *o, const char *comment)
{
    const char *noun = comment_noun(o), *within = on_parent_noun(o);

    if (noun != NULL) {
        pgb_buf_printf(b, "COMMENT ON %s %s IS ", noun, o->identity);
    } else if (within != NULL && o->parent != NULL) {
        pgb_buf_printf(b, "COMMENT ON %s %s ON %s IS ", within, last_name(o->identity), o->parent);
    } else if (is(o, "domain constraint")) {
        pgb_buf_printf(b, "COMMENT ON CONSTRAINT %s ON DOMAIN %s IS ", last_name(o->identity),
                       o->parent);
    } else {
        return;
    }
    if (comment == NULL) {
        pgb_buf_puts(b, "NULL");
    } else {
        literal(b, comment);
    }
    pgb_buf_puts(b, ";\n");
}

static void create_table(pgb_buf *b, const pgb_catalog *m, const pgb_object *t)
{
    const char *of = pgb_object_get(t, "partition_of");
    const char *by = pgb_object_get(t, "partition_by");
    const char *inherits = pgb_object_get(t, "inherits");
    const char *persistence = pgb_object_get(t, "persistence");
    bool first = true;

    pgb_buf_printf(b, "CREATE %sTABLE %s", persistence != NULL ? "UNLOGGED " : "", t->identity);
    if (of != NULL) {
        pgb_buf_printf(b, " PARTITION OF %s %s", of, pgb_object_get(t, "bound"));
    } else {
        uint32_t columns = 0;

        pgb_buf_puts(b, " (");
        for (uint32_t i = 0; i < m->n; i++) {
            columns += is(&m->objects[i], "column") && m->objects[i].parent != NULL &&
                       strcmp(m->objects[i].parent, t->identity) == 0;
        }
        for (uint32_t position = 1; position <= columns; position++) {
            for (uint32_t i = 0; i < m->n; i++) {
                const pgb_object *c = &m->objects[i];

                if (is(c, "column") && c->ord == position && c->parent != NULL &&
                    strcmp(c->parent, t->identity) == 0) {
                    pgb_buf_puts(b, first ? "\n    " : ",\n    ");
                    column_definition(b, c);
                    first = false;
                }
            }
        }
        pgb_buf_puts(b, first ? ")" : "\n)");
    }
    if (inherits != NULL) {
        pgb_buf_printf(b, " INHERITS (%s)", inherits);
    }
    if (by != NULL) {
        pgb_buf_printf(b, " PARTITION BY %s", by);
    }
    pgb_buf_puts(b, ";\n");
    for (int64_t ord = 1; ord <= 5; ord++) {
        for (uint32_t i = 0; i < m->n; i++) {
            const pgb_object *c = &m->objects[i];

            if (is(c, "constraint") && c->ord == ord && strcmp(c->parent, t->identity) == 0 &&
                pgb_object_get(c, "clone") == NULL && pgb_object_get(c, "inherited") == NULL) {
                pgb_buf_printf(b, "ALTER TABLE %s ADD CONSTRAINT %s %s;\n", t->identity,
                               last_name(c->identity), pgb_object_get(c, "definition"));
            }
        }
    }
    for (uint32_t i = 0; i < m->n; i++) {
        const pgb_object *x = &m->objects[i];

        if (is(x, "index") && strcmp(x->parent, t->identity) == 0 &&
            pgb_object_get(x, "constraint") == NULL && pgb_object_get(x, "partition_of") == NULL) {
            pgb_buf_printf(b, "%s;\n", pgb_object_get(x, "definition"));
        }
    }
}

const char *pgb_mend_create(const pgb_catalog *model, const pgb_object *o, pgb_arena *arena,
                            bool *ret_nomem)
{
    pgb_buf b = PGB_BUF_INIT;
    const char *definition = pgb_object_get(o, "definition");

    if (is(o, "schema")) {
        pgb_buf_printf(&b, "CREATE SCHEMA %s;\n", o->identity);
    } else if (is(o, "table")) {
        create_table(&b, model, o);
    } else if (is(o, "column") && o->parent != NULL &&
               pgb_catalog_find(model, "table", o->parent) != NULL) {
        pgb_buf_printf(&b, "ALTER TABLE %s ADD COLUMN ", o->parent);
        column_definition(&b, o);
        pgb_buf_puts(&b, ";\n");
    } else if (is(o, "constraint")) {
        pgb_buf_printf(&b, "ALTER TABLE %s ADD CONSTRAINT %s %s;\n", o->parent,
                       last_name(o->identity), definition);
    } else if (is(o, "domain constraint")) {
        pgb_buf_printf(&b, "ALTER DOMAIN %s ADD CONSTRAINT %s %s;\n", o->parent,
                       last_name(o->identity), definition);
    } else if (is(o, "view") || is(o, "materialized view")) {
        pgb_buf_printf(&b, "CREATE %s %s AS\n%s\n", is(o, "view") ? "VIEW" : "MATERIALIZED VIEW",
                       o->identity, definition);
    } else if (is(o, "index") || is(o, "trigger") || is(o, "statistics") || is(o, "function") ||
               is(o, "procedure")) {
        pgb_buf_printf(&b, "%s;\n", definition);
    } else if (is(o, "rule")) {
        pgb_buf_printf(&b, "%s\n", definition);
    } else if (is(o, "enum")) {
        const char *labels = pgb_object_get(o, "labels");

        pgb_buf_printf(&b, "CREATE TYPE %s AS ENUM (%s);\n", o->identity,
                       labels != NULL ? labels : "");
    } else if (is(o, "domain")) {
        const char *preset = pgb_object_get(o, "default");

        pgb_buf_printf(&b, "CREATE DOMAIN %s AS %s%s%s%s;\n", o->identity,
                       pgb_object_get(o, "base_type"), preset != NULL ? " DEFAULT " : "",
                       preset != NULL ? preset : "",
                       pgb_object_get(o, "not_null") != NULL ? " NOT NULL" : "");
    } else if (is(o, "extension")) {
        pgb_buf_printf(&b, "CREATE EXTENSION %s SCHEMA %s VERSION ", o->identity,
                       pgb_object_get(o, "schema"));
        literal(&b, pgb_object_get(o, "version"));
        pgb_buf_puts(&b, ";\n");
    } else if (is(o, "sequence")) {
        pgb_buf_printf(&b,
                       "CREATE SEQUENCE %s AS %s INCREMENT %s MINVALUE %s MAXVALUE %s START %s "
                       "CACHE %s%s;\n",
                       o->identity, pgb_object_get(o, "type"), pgb_object_get(o, "increment"),
                       pgb_object_get(o, "min"), pgb_object_get(o, "max"),
                       pgb_object_get(o, "start"), pgb_object_get(o, "cache"),
                       pgb_object_get(o, "cycle") != NULL ? " CYCLE" : "");
    } else if (is(o, "policy")) {
        const char *using = pgb_object_get(o, "using"), *check = pgb_object_get(o, "with_check");

        pgb_buf_printf(&b, "CREATE POLICY %s ON %s AS %s FOR %s TO %s", last_name(o->identity),
                       o->parent, pgb_object_get(o, "mode"), pgb_object_get(o, "command"),
                       pgb_object_get(o, "roles"));
        if (using != NULL) {
            pgb_buf_printf(&b, " USING (%s)", using);
        }
        if (check != NULL) {
            pgb_buf_printf(&b, " WITH CHECK (%s)", check);
        }
        pgb_buf_puts(&b, ";\n");
    }
    if (b.len > 0 && pgb_object_get(o, "comment") != NULL && !is(o, "extension")) {
        put_comment(&b, o, pgb_object_get(o, "comment"));
    }
    return finish(&b, arena, ret_nomem);
}

const char *pgb_mend_drop(const pgb_object *o, pgb_arena *arena, bool *ret_nomem)
{
    pgb_buf b = PGB_BUF_INIT;
    const char *noun = comment_noun(o), *within = on_parent_noun(o);

    if (is(o, "column")) {
        pgb_buf_printf(&b, "ALTER TABLE %s DROP COLUMN %s;\n", o->parent, last_name(o->identity));
    } else if (is(o, "constraint")) {
        pgb_buf_printf(&b, "ALTER TABLE %s DROP CONSTRAINT %s;\n", o->parent,
                       last_name(o->identity));
    } else if (is(o, "domain constraint")) {
        pgb_buf_printf(&b, "ALTER DOMAIN %s DROP CONSTRAINT %s;\n", o->parent,
                       last_name(o->identity));
    } else if (within != NULL) {
        pgb_buf_printf(&b, "DROP %s %s ON %s;\n", within, last_name(o->identity), o->parent);
    } else if (noun != NULL) {
        pgb_buf_printf(&b, "DROP %s %s;\n", noun, o->identity);
    }
    return finish(&b, arena, ret_nomem);
}

static void change_column(pgb_buf *b, const pgb_object *want, const pgb_object *have,
                          const char *property)
{
    const char *v = pgb_object_get(want, property), *name = last_name(want->identity);

    if (strcmp(property, "type") == 0 || strcmp(property, "collation") == 0) {
        const char *collation = pgb_object_get(want, "collation");

        pgb_buf_printf(b, "ALTER TABLE %s ALTER COLUMN %s TYPE %s%s%s;\n", want->parent, name,
                       pgb_object_get(want, "type"), collation != NULL ? " COLLATE " : "",
                       collation != NULL ? collation : "");
    } else if (strcmp(property, "not_null") == 0) {
        pgb_buf_printf(b, "ALTER TABLE %s ALTER COLUMN %s %s NOT NULL;\n", want->parent, name,
                       v != NULL ? "SET" : "DROP");
    } else if (strcmp(property, "default") == 0) {
        pgb_buf_printf(b, "ALTER TABLE %s ALTER COLUMN %s %s%s;\n", want->parent, name,
                       v != NULL ? "SET DEFAULT " : "DROP DEFAULT", v != NULL ? v : "");
    } else if (strcmp(property, "storage") == 0 && v != NULL) {
        pgb_buf_printf(b, "ALTER TABLE %s ALTER COLUMN %s SET STORAGE %s;\n", want->parent, name,
                       v);
    } else if (strcmp(property, "statistics_target") == 0) {
        pgb_buf_printf(b, "ALTER TABLE %s ALTER COLUMN %s SET STATISTICS %s;\n", want->parent, name,
                       v != NULL ? v : "-1");
    } else if (strcmp(property, "compression") == 0) {
        pgb_buf_printf(b, "ALTER TABLE %s ALTER COLUMN %s SET COMPRESSION %s;\n", want->parent,
                       name, v != NULL ? v : "default");
    } else if (strcmp(property, "identity_column") == 0) {
        if (v == NULL) {
            pgb_buf_printf(b, "ALTER TABLE %s ALTER COLUMN %s DROP IDENTITY;\n", want->parent,
                           name);
        } else {
            pgb_buf_printf(b, "ALTER TABLE %s ALTER COLUMN %s %s GENERATED %s%s;\n", want->parent,
                           name, pgb_object_get(have, property) != NULL ? "SET" : "ADD",
                           strcmp(v, "always") == 0 ? "ALWAYS" : "BY DEFAULT",
                           pgb_object_get(have, property) != NULL ? "" : " AS IDENTITY");
        }
    } else if (strcmp(property, "generated") == 0 && v == NULL) {
        pgb_buf_printf(b, "ALTER TABLE %s ALTER COLUMN %s DROP EXPRESSION;\n", want->parent, name);
    }
}

static void change_table(pgb_buf *b, const pgb_object *want, const char *property)
{
    const char *v = pgb_object_get(want, property);

    if (strcmp(property, "row_security") == 0) {
        pgb_buf_printf(b, "ALTER TABLE %s %s ROW LEVEL SECURITY;\n", want->identity,
                       v != NULL ? "ENABLE" : "DISABLE");
    } else if (strcmp(property, "force_row_security") == 0) {
        pgb_buf_printf(b, "ALTER TABLE %s %s ROW LEVEL SECURITY;\n", want->identity,
                       v != NULL ? "FORCE" : "NO FORCE");
    } else if (strcmp(property, "persistence") == 0) {
        pgb_buf_printf(b, "ALTER TABLE %s SET %s;\n", want->identity,
                       v != NULL ? "UNLOGGED" : "LOGGED");
    } else if (strcmp(property, "replica_identity") == 0) {
        pgb_buf_printf(b, "ALTER TABLE %s REPLICA IDENTITY ", want->identity);
        if (v == NULL) {
            pgb_buf_puts(b, "DEFAULT;\n");
        } else if (strncmp(v, "index ", 6) == 0) {
            pgb_buf_printf(b, "USING INDEX %s;\n", v + 6);
        } else {
            pgb_buf_printf(b, "%s;\n", v);
        }
    } else if (strcmp(property, "options") == 0 && v != NULL) {
        pgb_buf_printf(b, "ALTER TABLE %s SET (%s);\n", want->identity, v);
    }
}

static const char *owner_noun(const pgb_object *o)
{
    return is(o, "column") || is(o, "index") ? NULL : comment_noun(o);
}

/* trigger and rule: enabled; event trigger has its own */
static void change_enabled(pgb_buf *b, const pgb_object *want)
{
    const char *v = pgb_object_get(want, "enabled");
    const char *how = v == NULL                   ? "ENABLE"
                      : strcmp(v, "no") == 0      ? "DISABLE"
                      : strcmp(v, "replica") == 0 ? "ENABLE REPLICA"
                                                  : "ENABLE ALWAYS";

    if (is(want, "event trigger")) {
        pgb_buf_printf(b, "ALTER EVENT TRIGGER %s %s;\n", want->identity, how);
    } else {
        pgb_buf_printf(b, "ALTER TABLE %s %s %s %s;\n", want->parent, how,
                       is(want, "rule") ? "RULE" : "TRIGGER", last_name(want->identity));
    }
}

const char *pgb_mend_change(const pgb_catalog *expected, const pgb_object *want,
                            const pgb_object *have, const char *property, pgb_arena *arena,
                            bool *ret_nomem)
{
    pgb_buf b = PGB_BUF_INIT;
    const char *v = pgb_object_get(want, property);

    if (strcmp(property, "comment") == 0) {
        put_comment(&b, want, v);
    } else if (strcmp(property, "owner") == 0 && v != NULL && owner_noun(want) != NULL) {
        pgb_buf_printf(&b, "ALTER %s %s OWNER TO %s;\n", owner_noun(want), want->identity, v);
    } else if (strcmp(property, "enabled") == 0) {
        change_enabled(&b, want);
    } else if (is(want, "index") && strcmp(property, "valid") == 0 && v == NULL) {
        pgb_buf_printf(&b, "REINDEX INDEX CONCURRENTLY %s;\n", want->identity);
    } else if (is(want, "constraint") && strcmp(property, "enforcement") == 0) {
        pgb_buf_printf(&b, "ALTER TABLE %s %s TRIGGER ALL;\n", want->parent,
                       v == NULL ? "ENABLE" : "DISABLE");
    } else if (is(want, "column") && pgb_catalog_find(expected, "table", want->parent) != NULL) {
        change_column(&b, want, have, property);
    } else if (is(want, "table")) {
        change_table(&b, want, property);
    } else if (is(want, "view") && strcmp(property, "definition") == 0) {
        pgb_buf_printf(&b, "CREATE OR REPLACE VIEW %s AS\n%s\n", want->identity, v);
    } else if ((is(want, "function") || is(want, "procedure")) &&
               strcmp(property, "definition") == 0) {
        pgb_buf_printf(&b, "%s;\n", v);
    } else if (is(want, "extension") && strcmp(property, "version") == 0) {
        pgb_buf_printf(&b, "ALTER EXTENSION %s UPDATE TO ", want->identity);
        literal(&b, v != NULL ? v : "");
        pgb_buf_puts(&b, ";\n");
    } else if (is(want, "sequence") && v != NULL) {
        static const char *const words[][2] = {{"increment", "INCREMENT"}, {"min", "MINVALUE"},
                                               {"max", "MAXVALUE"},        {"start", "START"},
                                               {"cache", "CACHE"},         {"type", "AS"},
                                               {"owned_by", "OWNED BY"}};

        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            if (strcmp(property, words[i][0]) == 0) {
                pgb_buf_printf(&b, "ALTER SEQUENCE %s %s %s;\n", want->identity, words[i][1], v);
            }
        }
        if (strcmp(property, "cycle") == 0) {
            pgb_buf_printf(&b, "ALTER SEQUENCE %s CYCLE;\n", want->identity);
        }
    } else if (is(want, "sequence") && strcmp(property, "cycle") == 0) {
        pgb_buf_printf(&b, "ALTER SEQUENCE %s NO CYCLE;\n", want->identity);
    } else if (strcmp(property, "definition") == 0 &&
               (is(want, "constraint") || is(want, "index") || is(want, "trigger") ||
                is(want, "rule") || is(want, "statistics") || is(want, "domain constraint"))) {
        const char *drop = pgb_mend_drop(have, arena, ret_nomem);
        const char *create = pgb_mend_create(expected, want, arena, ret_nomem);

        if (drop != NULL && create != NULL) {
            pgb_buf_printf(&b, "%s%s", drop, create);
        }
    } else if (is(want, "policy")) {
        const char *drop = pgb_mend_drop(have, arena, ret_nomem);
        const char *create = pgb_mend_create(expected, want, arena, ret_nomem);

        if (drop != NULL && create != NULL) {
            pgb_buf_printf(&b, "%s%s", drop, create);
        }
    }
    return finish(&b, arena, ret_nomem);
}
