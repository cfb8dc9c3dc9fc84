/* SQL that makes or drops whole objects. */
#include <stdlib.h>
#include <string.h>

#include "diff/diff.h"
#include "diff/mend.h"

static const char *text(const pgb_object *o, const char *property)
{
    const char *v = pgb_object_get(o, property);

    return v != NULL ? v : "";
}

static bool has(const pgb_object *o, const char *property)
{
    return pgb_object_get(o, property) != NULL;
}

static bool equals(const pgb_object *o, const char *property, const char *value)
{
    return strcmp(text(o, property), value) == 0;
}

/* A clause with the value of a property, when it is there. */
static void clause(pgb_buf *b, const pgb_object *o, const char *property, const char *before,
                   const char *after)
{
    const char *v = pgb_object_get(o, property);

    if (v != NULL) {
        pgb_buf_printf(b, "%s%s%s", before, v, after);
    }
}

void pgb_mend_column_definition(pgb_buf *b, const pgb_object *c)
{
    const char *v;

    pgb_buf_printf(b, "%s %s", pgb_last_name(c->identity), text(c, "type"));
    clause(b, c, "collation", " COLLATE ", "");
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
    clause(b, c, "default", " DEFAULT ", "");
    pgb_buf_puts(b, has(c, "not_null") ? " NOT NULL" : "");
}

void pgb_mend_column_extras(pgb_buf *b, const pgb_object *c)
{
    static const char *const words[][2] = {{"storage", "SET STORAGE"},
                                           {"statistics_target", "SET STATISTICS"},
                                           {"compression", "SET COMPRESSION"}};
    PGB_AUTO_BUF(alter);

    pgb_buf_printf(&alter, "ALTER TABLE %s ALTER COLUMN %s", c->parent, pgb_last_name(c->identity));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (has(c, words[i][0])) {
            pgb_buf_printf(b, "%s %s %s;\n", pgb_buf_str(&alter), words[i][1],
                           text(c, words[i][0]));
        }
    }
    pgb_mend_options(b, pgb_buf_str(&alter), "", pgb_object_get(c, "options"), NULL);
    b->failed |= alter.failed;
}

/* Owner, privileges, comment: what every object may have. */
static void put_tail(pgb_buf *b, const pgb_catalog *m, const pgb_object *o)
{
    pgb_mend_owner(b, o);
    if (!pgb_is(o, "column")) {
        pgb_mend_new_acl(b, m, o);
    } else if (has(o, "acl")) {
        pgb_mend_acl(b, o, text(o, "acl"), NULL);
    }
    if (has(o, "comment")) {
        pgb_mend_comment(b, o, text(o, "comment"));
    }
}

void pgb_mend_sequence_numbers(pgb_buf *b, const pgb_object *s)
{
    pgb_buf_printf(b, " AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s",
                   text(s, "type"), text(s, "increment"), text(s, "min"), text(s, "max"),
                   text(s, "start"), text(s, "cache"));
    pgb_buf_puts(b, has(s, "cycle") ? " CYCLE" : " NO CYCLE");
}

static void create_sequence(pgb_buf *b, const pgb_object *s)
{
    pgb_buf_printf(b, "CREATE %sSEQUENCE %s", has(s, "persistence") ? "UNLOGGED " : "",
                   s->identity);
    pgb_mend_sequence_numbers(b, s);
    pgb_buf_puts(b, ";\n");
}

/* The sequence of an identity column comes with it, with the usual numbers. */
static void set_identity_numbers(pgb_buf *b, const pgb_object *s)
{
    if (!equals(s, "increment", "1") || !equals(s, "min", "1") || !equals(s, "start", "1") ||
        !equals(s, "cache", "1") || has(s, "cycle")) {
        pgb_buf_printf(b, "ALTER SEQUENCE %s", s->identity);
        pgb_mend_sequence_numbers(b, s);
        pgb_buf_puts(b, ";\n");
    }
}

/* Sequences that belong to a column of this table (column NULL: to any). */
static void put_owned_sequences(pgb_buf *b, const pgb_catalog *m, const char *table,
                                const char *column, bool before)
{
    size_t len = strlen(table);

    for (uint32_t i = 0; i < m->n; i++) {
        const pgb_object *s = &m->objects[i];
        const char *by = pgb_is(s, "sequence") ? pgb_object_get(s, "owned_by") : NULL;

        if (by == NULL || strncmp(by, table, len) != 0 || by[len] != '.' ||
            pgb_last_name(by) != by + len + 1 || (column != NULL && strcmp(by, column) != 0)) {
            continue;
        }
        if (before) {
            if (!has(s, "of_identity")) {
                create_sequence(b, s);
            }
        } else {
            if (has(s, "of_identity")) {
                set_identity_numbers(b, s);
            } else {
                pgb_buf_printf(b, "ALTER SEQUENCE %s OWNED BY %s;\n", s->identity, by);
            }
            pgb_mend_new_acl(b, m, s);
            if (has(s, "comment")) {
                pgb_mend_comment(b, s, text(s, "comment"));
            }
        }
    }
}

void pgb_mend_identity_sequence(pgb_buf *b, const pgb_catalog *m, const pgb_object *column)
{
    put_owned_sequences(b, m, column->parent, column->identity, false);
}

static void create_constraint(pgb_buf *b, const pgb_object *k)
{
    pgb_buf_printf(b, "ALTER TABLE %s ADD CONSTRAINT %s %s;\n", k->parent,
                   pgb_last_name(k->identity), text(k, "definition"));
    if (has(k, "comment")) {
        pgb_mend_comment(b, k, text(k, "comment"));
    }
}

/* A function's name, without its arguments. */
static void put_function(pgb_buf *b, const char *signature)
{
    bool quoted = false;
    size_t n = 0;

    for (; signature[n] != '\0' && (quoted || signature[n] != '('); n++) {
        quoted ^= signature[n] == '"';
    }
    pgb_buf_append(b, signature, n);
}

static void create_index(pgb_buf *b, const pgb_object *x)
{
    const char *targets = pgb_object_get(x, "statistics_target");
    const char *definition = text(x, "definition"), *only = strstr(definition, " ON ONLY ");

    /* of a partitioned table: partitions get theirs with it, unless it was left unfinished */
    if (only != NULL && !has(x, "valid")) {
        pgb_buf_append(b, definition, (size_t)(only - definition));
        pgb_buf_printf(b, " ON %s;\n", only + strlen(" ON ONLY "));
    } else {
        pgb_buf_printf(b, "%s;\n", definition);
    }
    if (has(x, "tablespace")) {
        pgb_buf_printf(b, "ALTER INDEX %s SET TABLESPACE %s;\n", x->identity,
                       text(x, "tablespace"));
    }
    for (const char *item; targets != NULL;) {
        size_t len;
        const char *is;

        item = pgb_mend_item(&targets, &len);
        is = item != NULL ? memchr(item, '=', len) : NULL;
        if (is == NULL) {
            break;
        }
        pgb_buf_printf(b, "ALTER INDEX %s ALTER COLUMN %.*s SET STATISTICS %.*s;\n", x->identity,
                       (int)(is - item), item, (int)(item + len - is - 1), is + 1);
    }
    if (has(x, "clustered")) {
        pgb_buf_printf(b, "ALTER TABLE %s CLUSTER ON %s;\n", x->parent, pgb_last_name(x->identity));
    }
    if (has(x, "comment")) {
        pgb_mend_comment(b, x, text(x, "comment"));
    }
}

static void create_policy(pgb_buf *b, const pgb_object *o)
{
    pgb_buf_printf(b, "CREATE POLICY %s ON %s AS %s FOR %s TO %s", pgb_last_name(o->identity),
                   o->parent, text(o, "mode"), text(o, "command"), text(o, "roles"));
    clause(b, o, "using", " USING (", ")");
    clause(b, o, "with_check", " WITH CHECK (", ")");
    pgb_buf_puts(b, ";\n");
}

const char *pgb_mend_enable_word(const pgb_object *o)
{
    const char *v = pgb_object_get(o, "enabled");

    return v == NULL                   ? "ENABLE"
           : strcmp(v, "no") == 0      ? "DISABLE"
           : strcmp(v, "replica") == 0 ? "ENABLE REPLICA"
                                       : "ENABLE ALWAYS";
}

/* Triggers, rules, policies and statistics: with a tail that the table does not give them. */
static void create_on_table(pgb_buf *b, const pgb_catalog *m, const pgb_object *o)
{
    if (pgb_is(o, "policy")) {
        create_policy(b, o);
    } else {
        pgb_buf_printf(b, "%s%s\n", text(o, "definition"), pgb_is(o, "rule") ? "" : ";");
    }
    if (has(o, "enabled")) {
        pgb_buf_printf(b, "ALTER TABLE %s %s %s %s;\n", o->parent, pgb_mend_enable_word(o),
                       pgb_mend_noun_on(o), pgb_last_name(o->identity));
    }
    if (pgb_is(o, "statistics") && has(o, "statistics_target")) {
        pgb_buf_printf(b, "ALTER STATISTICS %s SET STATISTICS %s;\n", o->identity,
                       text(o, "statistics_target"));
    }
    put_tail(b, m, o);
}

/* What belongs to a table, view or materialized view and is made after it. */
static void put_children(pgb_buf *b, const pgb_catalog *m, const pgb_object *t)
{
    static const char *const kinds[] = {"index", "statistics", "trigger", "rule", "policy"};
    pgb_children all = pgb_catalog_children(m, t->identity, "column");

    for (uint32_t i = 0; i < all.n; i++) {
        const pgb_object *c = pgb_child(&all, i);

        if (pgb_is(t, "view") && has(c, "default")) {
            pgb_buf_printf(b, "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s;\n", t->identity,
                           pgb_last_name(c->identity), text(c, "default"));
        } else if (!pgb_is(t, "view")) {
            pgb_mend_column_extras(b, c);
        }
        put_tail(b, m, c);
    }
    all = pgb_catalog_children(m, t->identity, "constraint");
    for (uint32_t i = 0; i < all.n; i++) {
        if (!has(pgb_child(&all, i), "clone") && !has(pgb_child(&all, i), "inherited")) {
            create_constraint(b, pgb_child(&all, i));
        }
    }
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        all = pgb_catalog_children(m, t->identity, kinds[k]);
        for (uint32_t i = 0; i < all.n; i++) {
            const pgb_object *o = pgb_child(&all, i);

            if (has(o, "constraint") || has(o, "partition_of") || has(o, "clone")) {
                continue;
            }
            if (k == 0) {
                create_index(b, o);
            } else {
                create_on_table(b, m, o);
            }
        }
    }
}

static void put_columns(pgb_buf *b, const pgb_catalog *m, const pgb_object *t)
{
    pgb_children columns = pgb_catalog_children(m, t->identity, "column");
    bool first = true;

    pgb_buf_puts(b, " (");
    for (uint32_t i = 0; i < columns.n; i++) {
        const pgb_object *c = pgb_child(&columns, i);

        if (!equals(c, "inherited", "inherited")) {
            pgb_buf_puts(b, first ? "\n    " : ",\n    ");
            pgb_mend_column_definition(b, c);
            first = false;
        }
    }
    pgb_buf_puts(b, first ? ")" : "\n)");
}

/* A table of a type has its columns from there; only what they have besides is to be said. */
static void put_typed_columns(pgb_buf *b, const pgb_catalog *m, const pgb_object *t)
{
    pgb_children columns = pgb_catalog_children(m, t->identity, "column");

    for (uint32_t i = 0; i < columns.n; i++) {
        const pgb_object *c = pgb_child(&columns, i);

        if (has(c, "not_null")) {
            pgb_buf_printf(b, "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;\n", t->identity,
                           pgb_last_name(c->identity));
        }
        if (has(c, "default")) {
            pgb_buf_printf(b, "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s;\n", t->identity,
                           pgb_last_name(c->identity), text(c, "default"));
        }
    }
}

static void create_table(pgb_buf *b, const pgb_catalog *m, const pgb_object *t)
{
    PGB_AUTO_BUF(alter);

    put_owned_sequences(b, m, t->identity, NULL, true);
    pgb_buf_printf(b, "CREATE %sTABLE %s", has(t, "persistence") ? "UNLOGGED " : "", t->identity);
    if (has(t, "partition_of")) {
        pgb_buf_printf(b, " PARTITION OF %s %s", text(t, "partition_of"), text(t, "bound"));
    } else if (has(t, "of_type")) {
        clause(b, t, "of_type", " OF ", "");
    } else {
        put_columns(b, m, t);
        clause(b, t, "inherits", " INHERITS (", ")");
    }
    clause(b, t, "partition_by", " PARTITION BY ", "");
    clause(b, t, "access_method", " USING ", "");
    clause(b, t, "tablespace", " TABLESPACE ", "");
    pgb_buf_puts(b, ";\n");
    pgb_buf_printf(&alter, "ALTER TABLE %s", t->identity);
    pgb_mend_options(b, pgb_buf_str(&alter), "", pgb_object_get(t, "options"), NULL);
    pgb_mend_options(b, pgb_buf_str(&alter), "toast.", pgb_object_get(t, "toast_options"), NULL);
    b->failed |= alter.failed;
    if (has(t, "of_type")) {
        put_typed_columns(b, m, t);
    }
    put_owned_sequences(b, m, t->identity, NULL, false);
    put_children(b, m, t);
    if (has(t, "row_security")) {
        pgb_buf_printf(b, "ALTER TABLE %s ENABLE ROW LEVEL SECURITY;\n", t->identity);
    }
    if (has(t, "force_row_security")) {
        pgb_buf_printf(b, "ALTER TABLE %s FORCE ROW LEVEL SECURITY;\n", t->identity);
    }
    if (has(t, "replica_identity")) {
        const char *v = text(t, "replica_identity");
        bool index = strncmp(v, "index ", 6) == 0;

        pgb_buf_printf(b, "ALTER TABLE %s REPLICA IDENTITY %s%s;\n", t->identity,
                       index ? "USING INDEX " : "", index ? v + 6 : v);
    }
    put_tail(b, m, t);
}

static void create_view(pgb_buf *b, const pgb_catalog *m, const pgb_object *v)
{
    const char *definition = text(v, "definition");
    bool kept = pgb_is(v, "materialized view");
    size_t len = strlen(definition);

    pgb_buf_printf(b, "CREATE %sVIEW %s", kept ? "MATERIALIZED " : "", v->identity);
    clause(b, v, "access_method", " USING ", "");
    clause(b, v, "options", " WITH (", ")");
    clause(b, v, "tablespace", " TABLESPACE ", "");
    pgb_buf_puts(b, " AS\n");
    pgb_buf_append(b, definition, len > 0 && definition[len - 1] == ';' ? len - 1 : len);
    pgb_buf_puts(b, has(v, "populated") ? "\n  WITH NO DATA;\n" : ";\n");
    put_children(b, m, v);
    put_tail(b, m, v);
}

static void create_type(pgb_buf *b, const pgb_catalog *m, const pgb_object *o)
{
    if (pgb_is(o, "enum")) {
        pgb_buf_printf(b, "CREATE TYPE %s AS ENUM (%s);\n", o->identity, text(o, "labels"));
    } else if (pgb_is(o, "domain")) {
        pgb_children checks = pgb_catalog_children(m, o->identity, "domain constraint");

        pgb_buf_printf(b, "CREATE DOMAIN %s AS %s", o->identity, text(o, "base_type"));
        clause(b, o, "collation", " COLLATE ", "");
        clause(b, o, "default", " DEFAULT ", "");
        pgb_buf_puts(b, has(o, "not_null") ? " NOT NULL;\n" : ";\n");
        for (uint32_t i = 0; i < checks.n; i++) {
            pgb_mend_create_into(b, m, pgb_child(&checks, i));
        }
    } else if (pgb_is(o, "range")) {
        pgb_buf_printf(b, "CREATE TYPE %s AS RANGE (SUBTYPE = %s, SUBTYPE_OPCLASS = %s",
                       o->identity, text(o, "subtype"), text(o, "subtype_opclass"));
        clause(b, o, "subtype_collation", ", COLLATION = ", "");
        /* functions are named here without their arguments */
        for (int i = 0; i < 2; i++) {
            const char *v = pgb_object_get(o, i == 0 ? "canonical" : "subtype_diff");

            if (v != NULL) {
                pgb_buf_printf(b, ", %s = ", i == 0 ? "CANONICAL" : "SUBTYPE_DIFF");
                put_function(b, v);
            }
        }
        clause(b, o, "multirange", ", MULTIRANGE_TYPE_NAME = ", "");
        pgb_buf_puts(b, ");\n");
    } else {
        pgb_children columns = pgb_catalog_children(m, o->identity, "column");

        pgb_buf_printf(b, "CREATE TYPE %s AS (", o->identity);
        for (uint32_t i = 0; i < columns.n; i++) {
            pgb_buf_puts(b, i > 0 ? ", " : "");
            pgb_mend_column_definition(b, pgb_child(&columns, i));
        }
        pgb_buf_puts(b, ");\n");
        for (uint32_t i = 0; i < columns.n; i++) {
            put_tail(b, m, pgb_child(&columns, i));
        }
    }
    put_tail(b, m, o);
}

/* Functions of an aggregate are named without their arguments. */
static void aggregate_part(pgb_buf *b, const pgb_object *o, const char *property, const char *word)
{
    const char *v = pgb_object_get(o, property);

    if (v != NULL) {
        pgb_buf_printf(b, ", %s = ", word);
        put_function(b, v);
    }
}

static void create_aggregate(pgb_buf *b, const pgb_catalog *m, const pgb_object *o)
{
    static const char *const functions[] = {"finalfunc",    "combinefunc", "serialfunc",
                                            "deserialfunc", "msfunc",      "minvfunc",
                                            "mfinalfunc"};
    static const char *const values[] = {"sspace",           "mstype",   "msspace",
                                         "sortop",           "parallel", "finalfunc_modify",
                                         "mfinalfunc_modify"};

    pgb_buf_printf(b, "CREATE AGGREGATE %s (SFUNC = ", text(o, "signature"));
    put_function(b, text(o, "sfunc"));
    pgb_buf_printf(b, ", STYPE = %s", text(o, "stype"));
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        aggregate_part(b, o, functions[i], functions[i]);
    }
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const char *v = pgb_object_get(o, values[i]);

        if (v != NULL) {
            pgb_buf_printf(b, ", %s = %s", values[i], v);
        }
    }
    pgb_buf_puts(b, has(o, "finalfunc_extra") ? ", FINALFUNC_EXTRA" : "");
    pgb_buf_puts(b, has(o, "mfinalfunc_extra") ? ", MFINALFUNC_EXTRA" : "");
    if (has(o, "initcond")) {
        pgb_buf_puts(b, ", INITCOND = ");
        pgb_mend_literal(b, text(o, "initcond"));
    }
    if (has(o, "minitcond")) {
        pgb_buf_puts(b, ", MINITCOND = ");
        pgb_mend_literal(b, text(o, "minitcond"));
    }
    pgb_buf_puts(b,
                 equals(o, "aggregate_kind", "hypothetical-set") ? ", HYPOTHETICAL);\n" : ");\n");
    put_tail(b, m, o);
}

void pgb_mend_publication_members(pgb_buf *b, const pgb_object *p)
{
    const char *tables = pgb_object_get(p, "tables"), *schemas = pgb_object_get(p, "schemas");

    if (tables != NULL) {
        pgb_buf_printf(b, "TABLE %s%s", tables, schemas != NULL ? ", " : "");
    }
    if (schemas != NULL) {
        pgb_buf_printf(b, "TABLES IN SCHEMA %s", schemas);
    }
}

static void create_publication(pgb_buf *b, const pgb_catalog *m, const pgb_object *p)
{
    pgb_buf_printf(b, "CREATE PUBLICATION %s", p->identity);
    if (has(p, "all_tables")) {
        pgb_buf_puts(b, " FOR ALL TABLES");
    } else if (has(p, "tables") || has(p, "schemas")) {
        pgb_buf_puts(b, " FOR ");
        pgb_mend_publication_members(b, p);
    }
    pgb_buf_printf(b, " WITH (publish = '%s'%s%s);\n", text(p, "publishes"),
                   has(p, "via_root") ? ", publish_via_partition_root = true" : "",
                   has(p, "generated_columns") ? ", publish_generated_columns = stored" : "");
    put_tail(b, m, p);
}

static void create_event_trigger(pgb_buf *b, const pgb_catalog *m, const pgb_object *o)
{
    pgb_buf_printf(b, "CREATE EVENT TRIGGER %s ON %s", o->identity, text(o, "event"));
    clause(b, o, "tags", " WHEN TAG IN (", ")");
    clause(b, o, "function", " EXECUTE FUNCTION ", ";\n");
    if (has(o, "enabled")) {
        pgb_buf_printf(b, "ALTER EVENT TRIGGER %s %s;\n", o->identity, pgb_mend_enable_word(o));
    }
    put_tail(b, m, o);
}

static void create_within(pgb_buf *b, const pgb_catalog *m, const pgb_object *o)
{
    const pgb_object *owner = pgb_catalog_owner(m, o);

    if (pgb_is(o, "column") && owner != NULL && pgb_is(owner, "table")) {
        put_owned_sequences(b, m, o->parent, o->identity, true);
        pgb_buf_printf(b, "ALTER TABLE %s ADD COLUMN ", o->parent);
        pgb_mend_column_definition(b, o);
        pgb_buf_puts(b, ";\n");
        put_owned_sequences(b, m, o->parent, o->identity, false);
        pgb_mend_column_extras(b, o);
        put_tail(b, m, o);
    } else if (pgb_is(o, "column") && owner != NULL && pgb_is(owner, "composite type")) {
        pgb_buf_printf(b, "ALTER TYPE %s ADD ATTRIBUTE ", o->parent);
        pgb_mend_column_definition(b, o);
        pgb_buf_puts(b, ";\n");
        put_tail(b, m, o);
    } else if (pgb_is(o, "constraint")) {
        create_constraint(b, o);
    } else if (pgb_is(o, "domain constraint")) {
        pgb_buf_printf(b, "ALTER DOMAIN %s ADD CONSTRAINT %s %s;\n", o->parent,
                       pgb_last_name(o->identity), text(o, "definition"));
        put_tail(b, m, o);
    } else if (pgb_is(o, "index")) {
        create_index(b, o);
    } else if (pgb_mend_noun_on(o) != NULL || pgb_is(o, "statistics")) {
        create_on_table(b, m, o);
    }
}

void pgb_mend_create_into(pgb_buf *b, const pgb_catalog *m, const pgb_object *o)
{
    if (pgb_is(o, "schema")) {
        pgb_buf_printf(b, "CREATE SCHEMA %s;\n", o->identity);
        put_tail(b, m, o);
    } else if (pgb_is(o, "table")) {
        create_table(b, m, o);
    } else if (pgb_is(o, "view") || pgb_is(o, "materialized view")) {
        create_view(b, m, o);
    } else if (pgb_is(o, "function") || pgb_is(o, "procedure")) {
        pgb_buf_printf(b, "%s;\n", text(o, "definition"));
        put_tail(b, m, o);
    } else if (pgb_is(o, "aggregate")) {
        create_aggregate(b, m, o);
    } else if (pgb_is(o, "enum") || pgb_is(o, "domain") || pgb_is(o, "range") ||
               pgb_is(o, "composite type")) {
        create_type(b, m, o);
    } else if (pgb_is(o, "extension")) {
        pgb_buf_printf(b, "CREATE EXTENSION %s SCHEMA %s VERSION ", o->identity, text(o, "schema"));
        pgb_mend_literal(b, text(o, "version"));
        pgb_buf_puts(b, ";\n");
    } else if (pgb_is(o, "sequence")) {
        create_sequence(b, o);
        if (has(o, "owned_by")) {
            pgb_buf_printf(b, "ALTER SEQUENCE %s OWNED BY %s;\n", o->identity, text(o, "owned_by"));
        }
        put_tail(b, m, o);
    } else if (pgb_is(o, "event trigger")) {
        create_event_trigger(b, m, o);
    } else if (pgb_is(o, "publication")) {
        create_publication(b, m, o);
    } else if (pgb_is(o, "default privileges")) {
        pgb_mend_acl(b, o, text(o, "acl"), NULL);
    } else {
        create_within(b, m, o);
    }
}

void pgb_mend_drop_into(pgb_buf *b, const pgb_catalog *m, const pgb_object *o)
{
    const pgb_object *owner = pgb_catalog_owner(m, o);
    const char *noun = pgb_mend_noun(o), *within = pgb_mend_noun_on(o);
    const char *name = o->parent != NULL ? pgb_last_name(o->identity) : o->identity;

    if (pgb_is(o, "column")) {
        if (owner != NULL && (pgb_is(owner, "table") || pgb_is(owner, "composite type"))) {
            bool table = pgb_is(owner, "table");

            pgb_buf_printf(b, "ALTER %s %s DROP %s %s;\n", table ? "TABLE" : "TYPE", o->parent,
                           table ? "COLUMN" : "ATTRIBUTE", name);
        }
    } else if (pgb_is(o, "constraint")) {
        pgb_buf_printf(b, "ALTER TABLE %s DROP CONSTRAINT %s;\n", o->parent, name);
    } else if (pgb_is(o, "domain constraint")) {
        pgb_buf_printf(b, "ALTER DOMAIN %s DROP CONSTRAINT %s;\n", o->parent, name);
    } else if (within != NULL) {
        pgb_buf_printf(b, "DROP %s %s ON %s;\n", within, name, o->parent);
    } else if (pgb_is(o, "default privileges")) {
        pgb_mend_acl(b, o, NULL, text(o, "acl"));
    } else if (noun != NULL && !(pgb_is(o, "range") && has(o, "canonical"))) {
        /* (a range and its canonical function need each other: only CASCADE drops them) */
        if (pgb_is(o, "table") && has(o, "partition_of")) {
            /* what refers to the parent refers to its partitions too, until they are none */
            pgb_buf_printf(b, "ALTER TABLE %s DETACH PARTITION %s;\n", text(o, "partition_of"),
                           o->identity);
        }
        pgb_buf_printf(b, "DROP %s %s;\n", noun, o->identity);
    }
}
