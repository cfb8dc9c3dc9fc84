/* Words of the SQL that mends: nouns, literals, comments, owners, privileges, option lists. */
#include <string.h>

#include "diff/mend.h"

void pgb_mend_literal(pgb_buf *b, const char *s)
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

const char *pgb_mend_noun(const pgb_object *o)
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
        if (pgb_is(o, pairs[i][0])) {
            return pairs[i][1];
        }
    }
    return NULL;
}

const char *pgb_mend_noun_on(const pgb_object *o)
{
    return pgb_is(o, "constraint") ? "CONSTRAINT"
           : pgb_is(o, "trigger")  ? "TRIGGER"
           : pgb_is(o, "rule")     ? "RULE"
           : pgb_is(o, "policy")   ? "POLICY"
                                   : NULL;
}

void pgb_mend_comment(pgb_buf *b, const pgb_object *o, const char *comment)
{
    const char *noun = pgb_mend_noun(o), *within = pgb_mend_noun_on(o);

    if (noun != NULL) {
        pgb_buf_printf(b, "COMMENT ON %s %s IS ", noun, o->identity);
    } else if (within != NULL && o->parent != NULL) {
        pgb_buf_printf(b, "COMMENT ON %s %s ON %s IS ", within, pgb_last_name(o->identity),
                       o->parent);
    } else if (pgb_is(o, "domain constraint") && o->parent != NULL) {
        pgb_buf_printf(b, "COMMENT ON CONSTRAINT %s ON DOMAIN %s IS ", pgb_last_name(o->identity),
                       o->parent);
    } else {
        return;
    }
    if (comment == NULL) {
        pgb_buf_puts(b, "NULL");
    } else {
        pgb_mend_literal(b, comment);
    }
    pgb_buf_puts(b, ";\n");
}

void pgb_mend_owner(pgb_buf *b, const pgb_object *o)
{
    const char *owner = pgb_object_get(o, "owner"), *noun = pgb_mend_noun(o);

    /* the sequence of a column belongs to the table's owner, and goes with it */
    if (owner != NULL && noun != NULL && pgb_object_get(o, "owned_by") == NULL) {
        pgb_buf_printf(b, "ALTER %s %s OWNER TO %s;\n", noun, o->identity, owner);
    }
}

const char *pgb_mend_item(const char **at, size_t *ret_len)
{
    const char *from = *at, *p;
    bool quoted = false;
    int depth = 0;

    while (*from == ' ') {
        from++;
    }
    if (*from == '\0') {
        return NULL;
    }
    for (p = from; *p != '\0' && (quoted || depth > 0 || *p != ','); p++) {
        if (*p == '"') {
            quoted = !quoted;
        } else if (!quoted) {
            depth += (*p == '(') - (*p == ')');
        }
    }
    *ret_len = (size_t)(p - from);
    *at = *p == ',' ? p + 1 : p;
    return from;
}

const char *pgb_mend_label(const char **at, size_t *ret_len)
{
    const char *from = *at, *p;
    bool quoted = false;

    while (*from == ' ') {
        from++;
    }
    if (*from == '\0') {
        return NULL;
    }
    for (p = from; *p != '\0' && (quoted || *p != ','); p++) {
        quoted ^= *p == '\'';
    }
    *ret_len = (size_t)(p - from);
    *at = *p == ',' ? p + 1 : p;
    return from;
}

/* One "role=PRIV*+PRIV" of a list. */
typedef struct grant {
    const char *role, *privileges;
    size_t role_len, privileges_len;
} grant;

enum { MAX_GRANTS = 256 };

/* The privileges that hold when none were given or taken. */
static size_t usual_grants(const pgb_object *o, grant *grants)
{
    const char *owner = pgb_object_get(o, "owner");
    const char *open = pgb_is(o, "function") || pgb_is(o, "procedure") || pgb_is(o, "aggregate")
                           ? "EXECUTE"
                       : pgb_is(o, "enum") || pgb_is(o, "domain") || pgb_is(o, "range") ||
                               pgb_is(o, "composite type")
                           ? "USAGE"
                           : NULL;
    size_t n = 0;

    if (owner != NULL) {
        grants[n++] = (grant){owner, "ALL", strlen(owner), 3};
    }
    if (open != NULL) {
        grants[n++] = (grant){"public", open, 6, strlen(open)};
    }
    return n;
}

static size_t split_grants(const pgb_object *o, const char *acl, grant *grants)
{
    size_t n = 0, len;
    const char *item;

    if (acl == NULL) {
        return usual_grants(o, grants);
    }
    while (strcmp(acl, "none") != 0 && n < MAX_GRANTS && (item = pgb_mend_item(&acl, &len))) {
        const char *is = NULL;
        bool quoted = false;

        for (size_t i = 0; i < len && is == NULL; i++) {
            quoted ^= item[i] == '"';
            if (item[i] == '=' && !quoted) {
                is = item + i;
            }
        }
        if (is != NULL) {
            grants[n++] = (grant){item, is + 1, (size_t)(is - item), (size_t)(item + len - is - 1)};
        }
    }
    return n;
}

static const grant *find_grant(const grant *grants, size_t n, const grant *like)
{
    for (size_t i = 0; i < n; i++) {
        if (grants[i].role_len == like->role_len &&
            memcmp(grants[i].role, like->role, like->role_len) == 0) {
            return &grants[i];
        }
    }
    return NULL;
}

/* "ON TABLE x"; of a column, what stands behind each privilege too. */
typedef struct target {
    const char *prefix; /* "", or ALTER DEFAULT PRIVILEGES … */
    const char *noun, *name;
    const char *column; /* NULL: the whole */
} target;

static void put_target(pgb_buf *b, const target *t, const char *preposition, const grant *g)
{
    size_t len = strlen(t->name);
    bool star = len > 3 && strcmp(t->name + len - 3, "(*)") == 0; /* of an aggregate */

    pgb_buf_printf(b, " ON %s%s", t->noun, len > 0 ? " " : "");
    pgb_buf_append(b, t->name, star ? len - 2 : len);
    pgb_buf_printf(b, "%s %s ", star ? ")" : "", preposition);
    if (g->role_len == 6 && memcmp(g->role, "public", 6) == 0) {
        pgb_buf_puts(b, "PUBLIC");
    } else {
        pgb_buf_append(b, g->role, g->role_len);
    }
}

static void put_privileges(pgb_buf *b, const target *t, const grant *g, bool grantable)
{
    bool first = true;

    for (size_t at = 0, end; at < g->privileges_len; at = end + 1) {
        const char *p = g->privileges + at, *plus = memchr(p, '+', g->privileges_len - at);
        size_t len = plus != NULL ? (size_t)(plus - p) : g->privileges_len - at;
        bool star = len > 0 && p[len - 1] == '*';

        end = at + len;
        if (star != grantable) {
            continue;
        }
        pgb_buf_puts(b, first ? "" : ", ");
        if (first) {
            pgb_buf_printf(b, "%sGRANT ", t->prefix);
        }
        pgb_buf_append(b, p, len - star);
        if (t->column != NULL) {
            pgb_buf_printf(b, " (%s)", t->column);
        }
        first = false;
    }
    if (!first) {
        put_target(b, t, "TO", g);
        pgb_buf_puts(b, grantable ? " WITH GRANT OPTION;\n" : ";\n");
    }
}

static void put_revoke(pgb_buf *b, const target *t, const grant *g)
{
    pgb_buf_printf(b, "%sREVOKE ALL", t->prefix);
    if (t->column != NULL) {
        pgb_buf_printf(b, " (%s)", t->column);
    }
    put_target(b, t, "FROM", g);
    pgb_buf_puts(b, ";\n");
}

static void put_acl(pgb_buf *b, const target *t, const grant *want, size_t n_want,
                    const grant *have, size_t n_have)
{
    for (size_t i = 0; i < n_have; i++) {
        if (find_grant(want, n_want, &have[i]) == NULL) {
            put_revoke(b, t, &have[i]);
        }
    }
    for (size_t i = 0; i < n_want; i++) {
        const grant *old = find_grant(have, n_have, &want[i]);

        if (old != NULL && old->privileges_len == want[i].privileges_len &&
            memcmp(old->privileges, want[i].privileges, old->privileges_len) == 0) {
            continue;
        }
        if (old != NULL) {
            put_revoke(b, t, old);
        }
        put_privileges(b, t, &want[i], false);
        put_privileges(b, t, &want[i], true);
    }
}

static void put_default_privileges(pgb_buf *b, const pgb_object *o, grant *want, size_t n_want,
                                   grant *have, size_t n_have)
{
    const char *role = pgb_object_get(o, "role"), *schema = pgb_object_get(o, "schema");
    const char *objects = pgb_object_get(o, "objects");
    PGB_AUTO_BUF(prefix);
    PGB_AUTO_BUF(noun);
    target t;

    if (role == NULL || objects == NULL) {
        return;
    }
    pgb_buf_printf(&prefix, "ALTER DEFAULT PRIVILEGES FOR ROLE %s%s%s ", role,
                   schema != NULL ? " IN SCHEMA " : "", schema != NULL ? schema : "");
    for (; *objects != '\0'; objects++) {
        pgb_buf_putc(&noun, (char)(*objects >= 'a' && *objects <= 'z' ? *objects - 32 : *objects));
    }
    t = (target){pgb_buf_str(&prefix), pgb_buf_str(&noun), "", NULL};
    put_acl(b, &t, want, n_want, have, n_have);
    b->failed |= prefix.failed || noun.failed;
}

/* Adds grants of a list to others; a role that is there already keeps what it has. */
static size_t add_grants(grant *to, size_t n, const grant *from, size_t n_from)
{
    for (size_t i = 0; i < n_from && n < MAX_GRANTS; i++) {
        if (find_grant(to, n, &from[i]) == NULL) {
            to[n++] = from[i];
        }
    }
    return n;
}

static bool same_or_both_null(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

void pgb_mend_new_acl(pgb_buf *b, const pgb_catalog *model, const pgb_object *o)
{
    static const char *const kinds[][2] = {
        {"table", "tables"},        {"view", "tables"},          {"materialized view", "tables"},
        {"sequence", "sequences"},  {"function", "functions"},   {"procedure", "functions"},
        {"aggregate", "functions"}, {"enum", "types"},           {"domain", "types"},
        {"range", "types"},         {"composite type", "types"}, {"schema", "schemas"}};
    const char *objects = NULL, *owner = pgb_object_get(o, "owner");
    grant wants[MAX_GRANTS + 2], haves[MAX_GRANTS + 2], more[MAX_GRANTS + 2];
    size_t n_wants = split_grants(o, pgb_object_get(o, "acl"), wants), n_haves = 0;
    bool global = false;
    target t = {"", pgb_mend_noun(o), o->identity, NULL};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        objects = pgb_is(o, kinds[i][0]) ? kinds[i][1] : objects;
    }
    for (uint32_t i = 0; i < model->n && objects != NULL; i++) {
        const pgb_object *d = &model->objects[i];
        const char *acl = pgb_object_get(d, "acl"), *schema = pgb_object_get(d, "schema");

        if (pgb_is(d, "default privileges") && acl != NULL &&
            same_or_both_null(pgb_object_get(d, "role"), owner) &&
            same_or_both_null(pgb_object_get(d, "objects"), objects) &&
            (schema == NULL || same_or_both_null(schema, o->parent))) {
            n_haves = add_grants(haves, n_haves, more, split_grants(d, acl, more));
            global |= schema == NULL;
        }
    }
    if (!global) {
        n_haves = add_grants(haves, n_haves, more, usual_grants(o, more));
    }
    if (pgb_is(o, "view") || pgb_is(o, "materialized view")) {
        t.noun = "TABLE";
    } else if (pgb_is(o, "aggregate")) {
        t.noun = "FUNCTION"; /* GRANT knows no aggregates */
    }
    if (t.noun != NULL) {
        put_acl(b, &t, wants, n_wants, haves, n_haves);
    }
}

void pgb_mend_acl(pgb_buf *b, const pgb_object *o, const char *want, const char *have)
{
    grant wants[MAX_GRANTS + 2], haves[MAX_GRANTS + 2];
    size_t n_wants = split_grants(o, want, wants), n_haves = split_grants(o, have, haves);
    const char *noun = pgb_mend_noun(o);
    target t = {"", noun, o->identity, NULL};

    if (pgb_is(o, "default privileges")) {
        const char *role = pgb_object_get(o, "role"), *objects = pgb_object_get(o, "objects");
        grant *usual = want == NULL ? wants : have == NULL ? haves : NULL;
        size_t n = 0;

        /* in a schema nothing is given from the start; else what new objects usually have */
        if (usual != NULL && role != NULL && objects != NULL &&
            pgb_object_get(o, "schema") == NULL) {
            const char *open = strcmp(objects, "functions") == 0 ? "EXECUTE"
                               : strcmp(objects, "types") == 0   ? "USAGE"
                                                                 : NULL;

            usual[n++] = (grant){role, "ALL", strlen(role), 3};
            if (open != NULL) {
                usual[n++] = (grant){"public", open, 6, strlen(open)};
            }
        }
        n_wants = want == NULL ? n : n_wants;
        n_haves = have == NULL ? n : n_haves;
        put_default_privileges(b, o, wants, n_wants, haves, n_haves);
        return;
    }
    if (pgb_is(o, "column")) {
        t = (target){"", "TABLE", o->parent, pgb_last_name(o->identity)};
    } else if (pgb_is(o, "view") || pgb_is(o, "materialized view")) {
        t.noun = "TABLE";
    } else if (pgb_is(o, "aggregate")) {
        t.noun = "FUNCTION"; /* GRANT knows no aggregates */
    }
    if (t.noun != NULL && t.name != NULL) {
        put_acl(b, &t, wants, n_wants, haves, n_haves);
    }
}

/* The value of `name` in "a=1, b=2"; NULL: it is not there. */
static const char *find_option(const char *list, const char *name, size_t name_len, size_t *ret_len)
{
    const char *item;
    size_t len;

    while (list != NULL && (item = pgb_mend_item(&list, &len)) != NULL) {
        if (len > name_len && memcmp(item, name, name_len) == 0 && item[name_len] == '=') {
            *ret_len = len - name_len - 1;
            return item + name_len + 1;
        }
    }
    return NULL;
}

void pgb_mend_options(pgb_buf *b, const char *alter, const char *prefix, const char *want,
                      const char *have)
{
    for (int pass = 0; pass < 2; pass++) {
        const char *list = pass == 0 ? have : want, *other = pass == 0 ? want : have, *item;
        size_t len;
        bool first = true;

        while (list != NULL && (item = pgb_mend_item(&list, &len)) != NULL) {
            const char *is = memchr(item, '=', len), *value;
            size_t name_len = is != NULL ? (size_t)(is - item) : len, value_len;

            value = find_option(other, item, name_len, &value_len);
            if (is == NULL || (pass == 0 && value != NULL) ||
                (pass == 1 && value != NULL && value_len == len - name_len - 1 &&
                 memcmp(value, is + 1, value_len) == 0)) {
                continue;
            }
            if (first) {
                pgb_buf_printf(b, "%s %s (", alter, pass == 0 ? "RESET" : "SET");
            } else {
                pgb_buf_puts(b, ", ");
            }
            first = false;
            pgb_buf_puts(b, prefix);
            pgb_buf_append(b, item, name_len);
            if (pass == 1) {
                pgb_buf_puts(b, "='");
                pgb_buf_append(b, is + 1, len - name_len - 1);
                pgb_buf_putc(b, '\'');
            }
        }
        if (!first) {
            pgb_buf_puts(b, ");\n");
        }
    }
}
