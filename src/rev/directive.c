#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "rev/parse_internal.h"

typedef struct args {
    const char *at;
    size_t len;
    uint32_t line, column;
} args;

/* Names are short and mostly ASCII. */
static uint32_t characters(const char *s, size_t len)
{
    uint32_t n = 0;

    for (size_t i = 0; i < len; i++) {
        n += ((unsigned char)s[i] & 0xC0) != 0x80;
    }
    return n;
}

/* The next name of a list; false at its end. Names are parted by blanks and commas. */
static bool next_name(args *a, args *ret)
{
    size_t i = 0, j;

    while (i < a->len && (a->at[i] == ' ' || a->at[i] == '\t' || a->at[i] == ',')) {
        i++;
    }
    j = i;
    while (j < a->len && a->at[j] != ' ' && a->at[j] != '\t' && a->at[j] != ',') {
        j++;
    }
    *ret = (args){a->at + i, j - i, a->line, a->column + (uint32_t)i};
    a->column += (uint32_t)i + characters(a->at + i, j - i);
    a->at += j;
    a->len -= j;
    return j > i;
}

static pgb_status bad_name(parse *p, const args *name, const char *what)
{
    return problem_at(p, name->line, name->column, "bad-name", NULL,
                      "Use letters, digits and _ only.", "%.*s can't be the name of a %s",
                      (int)(name->len < 200 ? name->len : 200), name->at, what);
}

static pgb_status missing_argument(parse *p, const args *a, const char *directive,
                                   const char *example)
{
    char fix[200];

    snprintf(fix, sizeof fix, "Write, for example: -- pgbraid:%s %s", directive, example);
    return problem_at(p, a->line, a->column, "bad-directive", NULL, fix, "pgbraid:%s names nothing",
                      directive);
}

static pgb_status on_revision(parse *p, args a)
{
    rev_file *f = p->f;
    args name, more;
    char fix[300];

    if (!next_name(&a, &name)) {
        f->has_revision = true; /* it is said here that it has no id */
        return missing_argument(p, &a, "revision", "4f1d2c3b5a69");
    }
    if (f->has_revision) {
        snprintf(fix, sizeof fix, "Keep one; the first stands on line %u.", f->revision_at.line);
        return problem_at(p, name.line, name.column, "second-revision", NULL, fix,
                          "the file names its revision a second time");
    }
    f->has_revision = true;
    f->revision_at.line = name.line;
    f->revision_at.column = name.column;
    if (next_name(&a, &more)) {
        return problem_at(p, more.line, more.column, "bad-directive", NULL,
                          "A revision has one id; parents go into -- pgbraid:parent.",
                          "pgbraid:revision names more than one id");
    }
    if (!rev_is_id(name.at, name.len)) {
        return bad_name(p, &name, "revision");
    }
    if (rev_is_reserved(name.at, name.len)) {
        return problem_at(p, name.line, name.column, "reserved-name", NULL, "Choose another id.",
                          "%.*s means something else wherever a revision is named", (int)name.len,
                          name.at);
    }
    f->rev.id = pgb_arena_strndup(p->l->arena, name.at, name.len);
    f->rev.id_line = name.line;
    f->rev.id_column = name.column;
    return f->rev.id != NULL ? PGB_OK : parse_nomem(p);
}

static pgb_status on_parent(parse *p, args a)
{
    args name;
    bool any = false;

    if (p->f->parent_at.line == 0) {
        p->f->parent_at.line = a.line;
        p->f->parent_at.column = a.column;
    }
    while (next_name(&a, &name)) {
        pgb_ref ref = {.line = name.line, .column = name.column, .node = PGB_NODE_NONE};
        pgb_status status;

        any = true;
        if (!rev_is_id(name.at, name.len)) {
            status = bad_name(p, &name, "revision");
            if (status != PGB_OK) {
                return status;
            }
            continue;
        }
        ref.text = pgb_arena_strndup(p->l->arena, name.at, name.len);
        if (ref.text == NULL || !pgb_vec_push(&p->l->parents, ref)) {
            return parse_nomem(p);
        }
    }
    if (!any) {
        return problem_at(p, a.line, a.column, "bad-directive", NULL,
                          "Name the parent's id; a revision without parents (a base) has no such "
                          "line.",
                          "pgbraid:parent names nothing");
    }
    return PGB_OK;
}

static bool is_backfill_name(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] != '-' && !rev_is_id(s + i, 1)) {
            return false;
        }
    }
    return len > 0;
}

static pgb_status on_depends(parse *p, args a)
{
    static const char prefix[] = "backfill:";
    args name;
    bool any = false;

    while (next_name(&a, &name)) {
        pgb_ref ref = {.line = name.line, .column = name.column, .node = PGB_NODE_NONE};
        bool backfill =
            name.len > sizeof prefix - 1 && memcmp(name.at, prefix, sizeof prefix - 1) == 0;
        pgb_status status;

        any = true;
        if (backfill) {
            name.at += sizeof prefix - 1;
            name.len -= sizeof prefix - 1;
        }
        if (backfill ? !is_backfill_name(name.at, name.len) : !rev_is_id(name.at, name.len)) {
            status = bad_name(p, &name, backfill ? "backfill" : "revision or label");
            if (status != PGB_OK) {
                return status;
            }
            continue;
        }
        ref.text = pgb_arena_strndup(p->l->arena, name.at, name.len);
        if (ref.text == NULL ||
            !(backfill ? pgb_vec_push(&p->l->backfills, ref) : pgb_vec_push(&p->l->depends, ref))) {
            return parse_nomem(p);
        }
    }
    return any ? PGB_OK : missing_argument(p, &a, "depends", "4f1d2c3b5a69");
}

static pgb_status on_label(parse *p, args a)
{
    args name;
    bool any = false;

    while (next_name(&a, &name)) {
        pgb_ref ref = {.line = name.line, .column = name.column, .node = PGB_NODE_NONE};
        pgb_status status = PGB_OK;

        any = true;
        if (!rev_is_id(name.at, name.len)) {
            status = bad_name(p, &name, "label");
        } else if (rev_is_reserved(name.at, name.len)) {
            status = problem_at(
                p, name.line, name.column, "reserved-name", NULL, "Choose another label.",
                "%.*s means something else wherever a label is named", (int)name.len, name.at);
        } else {
            ref.text = pgb_arena_strndup(p->l->arena, name.at, name.len);
            if (ref.text == NULL || !pgb_vec_push(&p->l->labels, ref)) {
                return parse_nomem(p);
            }
        }
        if (status != PGB_OK) {
            return status;
        }
    }
    return any ? PGB_OK : missing_argument(p, &a, "label", "billing");
}

static pgb_status on_transaction(parse *p, args a)
{
    args name, more;

    if (next_name(&a, &name) && name.len == 4 && memcmp(name.at, "none", 4) == 0 &&
        !next_name(&a, &more)) {
        p->f->rev.transaction_none = true;
        return PGB_OK;
    }
    return problem_at(p, name.line, name.column, "bad-directive", NULL,
                      "Write -- pgbraid:transaction none, or nothing: a transaction of its own is "
                      "what every other revision gets.",
                      "pgbraid:transaction knows only none");
}

static pgb_status on_allow(parse *p, args a)
{
    args rule;
    pgb_allow allow = {.line = a.line};

    if (!next_name(&a, &rule)) {
        return missing_argument(p, &a, "allow", "drop-table the table was never used");
    }
    while (a.len > 0 && (*a.at == ' ' || *a.at == '\t')) {
        a.at++;
        a.len--;
        a.column++;
    }
    if (a.len == 0) {
        return problem_at(p, a.line, a.column, "bad-directive", NULL,
                          "Say why it is right here, behind the rule's name.",
                          "pgbraid:allow %.*s gives no reason",
                          (int)(rule.len < 100 ? rule.len : 100), rule.at);
    }
    allow.rule = pgb_arena_strndup(p->l->arena, rule.at, rule.len);
    allow.reason = pgb_arena_strndup(p->l->arena, a.at, a.len);
    if (allow.rule == NULL || allow.reason == NULL || !pgb_vec_push(&p->l->allows, allow)) {
        return parse_nomem(p);
    }
    return PGB_OK;
}

static pgb_status on_down(parse *p, const pgb_scan_event *ev, args a)
{
    static const char word[] = "irreversible";
    args name;
    pgb_status status;

    if (!next_name(&a, &name)) {
        return parse_open_section(p, ev, IN_DOWN);
    }
    if (name.len != sizeof word - 1 || memcmp(name.at, word, name.len) != 0) {
        return problem_at(p, name.line, name.column, "bad-directive", NULL,
                          "Write -- pgbraid:down alone, or -- pgbraid:down irreversible REASON.",
                          "pgbraid:down knows only irreversible");
    }
    while (a.len > 0 && (*a.at == ' ' || *a.at == '\t')) {
        a.at++;
        a.len--;
    }
    if (a.len == 0) {
        return problem_at(p, name.line, name.column, "bad-directive", NULL,
                          "Say why there is no way back: whoever wants one will read it.",
                          "pgbraid:down irreversible gives no reason");
    }
    status = parse_open_section(p, ev, IN_IRREVERSIBLE);
    if (p->f->rev.irreversible_reason == NULL) {
        p->f->rev.irreversible_reason = pgb_arena_strndup(p->l->arena, a.at, a.len);
        if (p->f->rev.irreversible_reason == NULL) {
            return parse_nomem(p);
        }
    }
    return status;
}

enum {
    DIR_REVISION,
    DIR_PARENT,
    DIR_DEPENDS,
    DIR_LABEL,
    DIR_TRANSACTION,
    DIR_UP,
    DIR_DOWN,
    DIR_VERIFY,
    DIR_ALLOW,
    DIR_COUNT
};

static const char *const directive_names[DIR_COUNT] = {
    "revision", "parent", "depends", "label", "transaction", "up", "down", "verify", "allow"};

static pgb_status unknown_directive(parse *p, const args *name)
{
    char typed[65], fix[200];
    const char *nearest;

    snprintf(typed, sizeof typed, "%.*s", (int)(name->len < 64 ? name->len : 64), name->at);
    nearest = pgb_text_nearest(typed, directive_names, DIR_COUNT);
    if (nearest != NULL) {
        snprintf(fix, sizeof fix, "Did you mean -- pgbraid:%s?", nearest);
    } else {
        snprintf(fix, sizeof fix,
                 "There are revision, parent, depends, label, transaction, up, down, verify and "
                 "allow.");
    }
    return problem_at(
        p, name->line, name->column, "unknown-directive", NULL, fix,
        typed[0] != '\0' ? "pgbraid:%s is no directive" : "pgbraid: names no directive%s", typed);
}

static pgb_status misplaced(parse *p, const args *name, const char *directive)
{
    bool behind = p->f->n_sections > 0;
    uint32_t line = behind ? p->f->first_section.line : p->f->first_stmt.line;
    char fix[200];

    snprintf(fix, sizeof fix, "Move it to the head of the file, before line %u.", line);
    return problem_at(p, name->line, name->column, "misplaced-directive", NULL, fix,
                      "pgbraid:%s stands behind the %s", directive,
                      behind ? "first section's begin" : "first statement");
}

pgb_status parse_directive(parse *p, const pgb_scan_event *ev)
{
    const char *text;
    size_t len = (size_t)ev->len, i = 2, start;
    args name, a;
    int which = DIR_COUNT;

    text = pgb_window_get(p->w, ev->at.off, ev->len);
    if (text == NULL || ev->len > REV_DIRECTIVE_MAX) {
        return problem_at(p, ev->at.line, ev->at.column, "bad-directive", NULL,
                          "Write it in several lines.", "the directive's line is too long");
    }
    while (text[i] == ' ' || text[i] == '\t') {
        i++;
    }
    i += strlen("pgbraid:");
    start = i;
    while (i < len && text[i] != ' ' && text[i] != '\t') {
        i++;
    }
    name = (args){text + start, i - start, ev->at.line, ev->at.column + (uint32_t)start};
    while (len > i && (text[len - 1] == ' ' || text[len - 1] == '\t')) {
        len--;
    }
    a = (args){text + i, len - i, ev->at.line, name.column + characters(name.at, name.len)};
    for (int d = 0; d < DIR_COUNT && name.len > 0 && which == DIR_COUNT; d++) {
        if (directive_names[d][0] == name.at[0] && strlen(directive_names[d]) == name.len &&
            memcmp(directive_names[d], name.at, name.len) == 0) {
            which = d;
        }
    }
    if (which == DIR_COUNT) {
        return unknown_directive(p, &name);
    }
    if (p->down_file && which != DIR_ALLOW) {
        return problem_at(p, name.line, name.column, "misplaced-directive", NULL,
                          "Move it to the file of the way up.",
                          "pgbraid:%s can't stand in a .down.sql file", directive_names[which]);
    }
    if (ev->in_statement && which != DIR_UP && which != DIR_DOWN && which != DIR_VERIFY) {
        return problem_at(p, name.line, name.column, "misplaced-directive", NULL,
                          "Move it before the statement, or end the statement with a semicolon.",
                          "pgbraid:%s stands inside a statement", directive_names[which]);
    }
    if (which <= DIR_TRANSACTION && (p->f->n_sections > 0 || p->f->first_stmt.line > 0)) {
        return misplaced(p, &name, directive_names[which]);
    }
    if ((which == DIR_UP || which == DIR_VERIFY) && a.len > 0) {
        char fix[100];

        snprintf(fix, sizeof fix, "Write -- pgbraid:%s alone on its line.", directive_names[which]);
        next_name(&a, &name);
        return problem_at(p, name.line, name.column, "bad-directive", NULL, fix,
                          "something follows pgbraid:%s", directive_names[which]);
    }
    switch (which) {
    case DIR_REVISION:
        return on_revision(p, a);
    case DIR_PARENT:
        return on_parent(p, a);
    case DIR_DEPENDS:
        return on_depends(p, a);
    case DIR_LABEL:
        return on_label(p, a);
    case DIR_TRANSACTION:
        return on_transaction(p, a);
    case DIR_UP:
        return parse_open_section(p, ev, IN_UP);
    case DIR_DOWN:
        return on_down(p, ev, a);
    case DIR_VERIFY:
        return parse_open_section(p, ev, IN_VERIFY);
    default:
        return on_allow(p, a);
    }
}
