#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "rev/internal.h"
#include "sql/meta.h"

enum { DIRECTIVE_MAX = 1024 * 1024 };

typedef enum section { IN_HEADER, IN_UP, IN_DOWN, IN_VERIFY, IN_IRREVERSIBLE } section;

/* The file under way. */
typedef struct parse {
    rev_loader *l;
    rev_file *f;
    pgb_window *w;
    pgb_scan scan;
    section in;
    pgb_range body; /* of the section under way */
    uint64_t
        body_pending; /* end of the directive whose newline is still to be passed over; 0: none */
    bool down_file;
    bool stop; /* nothing more can be said about this file */
} parse;

typedef struct args {
    const char *at;
    size_t len;
    uint32_t line, column;
} args;

void rev_loader_done(rev_loader *l)
{
    pgb_window_done(&l->window);
    pgb_vec_done(&l->parents);
    pgb_vec_done(&l->depends);
    pgb_vec_done(&l->labels);
    pgb_vec_done(&l->backfills);
    pgb_vec_done(&l->verify);
    pgb_vec_done(&l->allows);
}

bool rev_is_id(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = s[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_')) {
            return false;
        }
    }
    return len > 0;
}

bool rev_is_reserved(const char *s, size_t len)
{
    static const char *const words[] = {"head", "heads", "base", "current"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i]) == len && memcmp(words[i], s, len) == 0) {
            return true;
        }
    }
    return false;
}

const char *rev_source_line(int dir, const char *name, uint32_t line, char *buf, size_t size)
{
    PGB_AUTO_FD(fd) = -1;
    char chunk[16384];
    uint32_t at = 1;
    size_t n = 0;
    bool after_cr = false;
    ssize_t got;

    if (line == 0 || pgb_file_open_at(dir, name, name, &fd, NULL) != PGB_OK) {
        return NULL;
    }
    while ((got = read(fd, chunk, sizeof chunk)) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            char c = chunk[i];

            if (c == '\n' && after_cr) {
                after_cr = false;
                continue;
            }
            after_cr = c == '\r';
            if (c == '\n' || c == '\r') {
                if (at++ == line) {
                    goto done;
                }
            } else if (at == line && n + 1 < size) {
                buf[n++] = c;
            }
        }
    }
done:
    if (line == 1 && n >= 3 && memcmp(buf, "\xEF\xBB\xBF", 3) == 0) {
        n -= 3;
        memmove(buf, buf + 3, n);
    }
    buf[n] = '\0';
    return at >= line ? buf : NULL;
}

pgb_status rev_problem(rev_loader *l, const rev_place *at, const char *rule, pgb_severity severity,
                       const char *detail, const char *fix, const char *fmt, ...)
{
    char message[1024], source[512];
    pgb_problem p = {.rule = rule,
                     .severity = severity,
                     .file = at->file,
                     .line = (int)at->line,
                     .column = (int)at->column,
                     .detail = detail,
                     .fix = fix,
                     .id = at->id};
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    if (at->name != NULL) {
        p.source = rev_source_line(l->dir, at->name, at->line, source, sizeof source);
    }
    return pgb_problems_add(l->problems, &p, "%s", message) ? PGB_OK : pgb_error_nomem(l->err);
}

/* --- one directive ---------------------------------------------------------------------------- */

static rev_place place(const parse *p, uint32_t line, uint32_t column)
{
    return (rev_place){.file = p->f->rev.file,
                       .name = p->f->rev.name,
                       .line = line,
                       .column = column,
                       .id = p->f->rev.id};
}

#define problem_at(p, line, column, rule, detail, fix, ...)                                        \
    rev_problem((p)->l, &(rev_place[]){place((p), (line), (column))}[0], (rule), PGB_ERROR,        \
                (detail), (fix), __VA_ARGS__)

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

static pgb_status no_memory(parse *p)
{
    return pgb_error_nomem(p->l->err);
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
    return f->rev.id != NULL ? PGB_OK : no_memory(p);
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
            return no_memory(p);
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
        if (ref.text == NULL || !(backfill ? pgb_vec_push(&p->l->backfills, ref.text)
                                           : pgb_vec_push(&p->l->depends, ref))) {
            return no_memory(p);
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
                return no_memory(p);
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
        return no_memory(p);
    }
    return PGB_OK;
}

/* --- sections --------------------------------------------------------------------------------- */

static pgb_status close_section(parse *p, uint64_t end)
{
    pgb_revision *rev = &p->f->rev;

    p->body.len = end > p->body.off ? end - p->body.off : 0;
    switch (p->in) {
    case IN_HEADER:
        rev->header = p->body;
        break;
    case IN_UP:
        rev->up = p->body;
        break;
    case IN_DOWN:
        rev->down = p->body;
        break;
    case IN_VERIFY:
        return pgb_vec_push(&p->l->verify, p->body) ? PGB_OK : no_memory(p);
    default:
        break;
    }
    return PGB_OK;
}

static pgb_status second_section(parse *p, const pgb_scan_event *ev, const char *name,
                                 uint32_t first_line)
{
    char fix[200];

    snprintf(fix, sizeof fix, "Move its statements into the one that begins on line %u.",
             first_line);
    return problem_at(p, ev->at.line, ev->at.column, "second-section", NULL, fix,
                      "the file has a second %s section", name);
}

static pgb_status open_section(parse *p, const pgb_scan_event *ev, section in)
{
    pgb_status status = close_section(p, ev->at.off);
    rev_file *f = p->f;

    if (status != PGB_OK) {
        return status;
    }
    if (f->n_sections++ == 0) {
        f->first_section = ev->at;
    }
    if (in == IN_UP && f->has_up) {
        status = second_section(p, ev, "up", f->up_at.line);
    } else if ((in == IN_DOWN || in == IN_IRREVERSIBLE) && f->has_down) {
        status = second_section(p, ev, "down", f->down_at.line);
    }
    if (in == IN_UP && !f->has_up) {
        f->has_up = true;
        f->up_at = ev->at;
    }
    if ((in == IN_DOWN || in == IN_IRREVERSIBLE) && !f->has_down) {
        f->has_down = true;
        f->down_at = ev->at;
        f->rev.down_kind = in == IN_DOWN ? PGB_DOWN_SQL : PGB_DOWN_IRREVERSIBLE;
    }
    p->in = in;
    p->body_pending = ev->at.off + ev->len;
    p->body = (pgb_range){.off = p->body_pending, .line = ev->at.line};
    pgb_scan_reset_settings(&p->scan);
    return status;
}

/* The body begins behind the directive's newline, which may be two bytes and in the next piece. */
static void pass_newline(parse *p, bool at_end)
{
    const char *c;
    uint64_t off = p->body_pending;

    if (off == 0) {
        return;
    }
    c = pgb_window_get(p->w, off, 2);
    if (c == NULL && at_end) {
        c = pgb_window_get(p->w, off, 1);
        p->body.off += c != NULL;
        p->body.line -= c == NULL; /* nothing follows: it stays in the directive's line */
    } else if (c != NULL) {
        p->body.off += c[0] == '\r' && c[1] == '\n' ? 2 : 1;
    } else {
        return;
    }
    p->body.line++;
    p->body_pending = 0;
}

static pgb_status on_down(parse *p, const pgb_scan_event *ev, args a)
{
    static const char word[] = "irreversible";
    args name;
    pgb_status status;

    if (!next_name(&a, &name)) {
        return open_section(p, ev, IN_DOWN);
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
    status = open_section(p, ev, IN_IRREVERSIBLE);
    if (p->f->rev.irreversible_reason == NULL) {
        p->f->rev.irreversible_reason = pgb_arena_strndup(p->l->arena, a.at, a.len);
        if (p->f->rev.irreversible_reason == NULL) {
            return no_memory(p);
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
    unsigned best = 4;
    const char *nearest = NULL;

    snprintf(typed, sizeof typed, "%.*s", (int)(name->len < 64 ? name->len : 64), name->at);
    for (size_t i = 0; i < DIR_COUNT; i++) {
        unsigned d = pgb_text_distance(typed, directive_names[i]);

        if (d < best && d < strlen(directive_names[i])) {
            best = d;
            nearest = directive_names[i];
        }
    }
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

static pgb_status on_directive(parse *p, const pgb_scan_event *ev)
{
    const char *text;
    size_t len = (size_t)ev->len, i = 2, start;
    args name, a;
    int which = DIR_COUNT;

    text = pgb_window_get(p->w, ev->at.off, ev->len);
    if (text == NULL || ev->len > DIRECTIVE_MAX) {
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
        return open_section(p, ev, IN_UP);
    case DIR_DOWN:
        return on_down(p, ev, a);
    case DIR_VERIFY:
        return open_section(p, ev, IN_VERIFY);
    default:
        return on_allow(p, a);
    }
}

/* --- the other events ------------------------------------------------------------------------- */

/* The title is the first comment line that says something. */
static pgb_status on_comment(parse *p, const pgb_scan_event *ev)
{
    const char *text;
    size_t i = 0, len = (size_t)ev->len;
    rev_file *f = p->f;

    if (f->has_title || f->n_sections > 0 || f->first_stmt.line > 0) {
        return PGB_OK;
    }
    text = pgb_window_get(p->w, ev->at.off, ev->len);
    if (text == NULL || len < 2 || text[0] != '-') {
        return PGB_OK;
    }
    while (i < len && (text[i] == '-' || text[i] == ' ' || text[i] == '\t' || text[i] == '=')) {
        i++;
    }
    while (len > i && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '-')) {
        len--;
    }
    if (len - i >= 8 && memcmp(text + i, "pgbraid:", 8) == 0) {
        uint32_t column = ev->at.column + (uint32_t)i;

        return problem_at(p, ev->at.line, column, "misplaced-directive", NULL,
                          "Let it begin at the line's very start.",
                          "a directive does not start its line, so it is only a comment");
    }
    if (i < len) {
        f->rev.title = pgb_arena_strndup(p->l->arena, text + i, len - i < 1000 ? len - i : 1000);
        f->has_title = true;
        return f->rev.title != NULL ? PGB_OK : no_memory(p);
    }
    return PGB_OK;
}

static pgb_status on_meta(parse *p, const pgb_scan_event *ev)
{
    const char *text = pgb_window_get(p->w, ev->at.off, ev->len);
    size_t n;

    if (text == NULL) {
        return problem_at(p, ev->at.line, ev->at.column, "psql-command", NULL, NULL,
                          "a psql command can't be used here");
    }
    if (pgb_meta_is_harmless(text, (size_t)ev->len)) {
        return PGB_OK;
    }
    n = pgb_meta_name_len(text, (size_t)ev->len);
    return problem_at(p, ev->at.line, ev->at.column, "psql-command",
                      "It is a command of the psql program; the server does not know it.",
                      pgb_meta_advice(text, (size_t)ev->len), "%.*s is no SQL",
                      (int)(n < 40 ? n : 40), text);
}

static pgb_status on_statement(parse *p, const pgb_scan_event *ev)
{
    if (ev->empty) {
        return PGB_OK;
    }
    if (p->in == IN_HEADER && p->f->first_stmt.line == 0) {
        p->f->first_stmt = ev->token;
    }
    if (p->in == IN_IRREVERSIBLE) {
        p->stop = true;
        return problem_at(p, ev->token.line, ev->token.column, "sql-outside-section", NULL,
                          "Remove the statement, or write -- pgbraid:down without irreversible.",
                          "a statement stands in a down section that says there is no way back");
    }
    return PGB_OK;
}

static pgb_status on_error(parse *p, const pgb_scan_event *ev)
{
    static const char *const rules[] = {
        [PGB_SCAN_COPY_OPEN] = "copy-data",
        [PGB_SCAN_COPY_TRAIL] = "copy-data",
        [PGB_SCAN_UTF8] = "invalid-utf8",
        [PGB_SCAN_NUL] = "nul-byte",
    };
    const char *rule = rules[ev->error] != NULL ? rules[ev->error] : "not-closed";

    p->f->broken = true;
    return problem_at(p, ev->at.line, ev->at.column, rule, NULL, pgb_scan_error_hint(ev->error),
                      "%s", pgb_scan_error_message(ev->error));
}

static pgb_status keep_lists(parse *p)
{
    rev_loader *l = p->l;
    pgb_revision *rev = &p->f->rev;

#define KEEP(list, to, count, type)                                                                \
    do {                                                                                           \
        type *copy = NULL;                                                                         \
                                                                                                   \
        if ((list).n > 0) {                                                                        \
            copy = pgb_arena_array(l->arena, (list).n, sizeof *copy);                              \
            if (copy == NULL) {                                                                    \
                return no_memory(p);                                                               \
            }                                                                                      \
            memcpy(copy, (list).at, (list).n * sizeof *copy);                                      \
        }                                                                                          \
        (to) = copy;                                                                               \
        (count) = (uint32_t)(list).n;                                                              \
        (list).n = 0;                                                                              \
    } while (0)
    KEEP(l->parents, rev->parents, rev->n_parents, pgb_ref);
    KEEP(l->depends, rev->depends, rev->n_depends, pgb_ref);
    KEEP(l->labels, rev->labels, rev->n_labels, pgb_ref);
    KEEP(l->backfills, rev->backfills, rev->n_backfills, const char *);
    KEEP(l->verify, rev->verify, rev->n_verify, pgb_range);
    KEEP(l->allows, rev->allows, rev->n_allows, pgb_allow);
#undef KEEP
    return PGB_OK;
}

pgb_status rev_parse_file(rev_loader *l, int fd, rev_file *f, bool down_file)
{
    static const pgb_scan_pos start = {.off = 0, .line = 1, .column = 1};
    parse p; /* member by member: the scanner in it is large, and there are many files */
    pgb_scan_event ev;
    pgb_status status = PGB_OK;

    p.l = l;
    p.f = f;
    p.w = &l->window;
    p.in = IN_HEADER;
    p.body = (pgb_range){.line = 1};
    p.body_pending = 0;
    p.down_file = down_file;
    p.stop = false;
    pgb_window_file(p.w, fd, f->rev.file, 0, UINT64_MAX);
    p.w->short_is_end = true;
    pgb_scan_init(&p.scan, &start);
    l->parents.n = l->depends.n = l->labels.n = l->backfills.n = l->verify.n = l->allows.n = 0;
    while (status == PGB_OK && !p.stop) {
        switch (pgb_scan_next(&p.scan, &ev)) {
        case PGB_SCAN_MORE: {
            uint64_t keep = pgb_scan_keep(&p.scan, false);
            const char *bytes = NULL;
            size_t len = 0;
            bool last = false;
            pgb_error read_error = PGB_ERROR_INIT;

            pass_newline(&p, false);
            if (p.body_pending != 0 && p.body_pending < keep) {
                keep = p.body_pending;
            }
            if (p.w->at > keep + DIRECTIVE_MAX) {
                keep = p.w->at; /* a directive of that length is refused when it ends */
            }
            status = pgb_window_more(p.w, keep, &bytes, &len, &last, &read_error);
            if (status == PGB_PROJECT) {
                f->broken = p.stop = true;
                status = problem_at(&p, 0, 0, "unreadable", NULL, NULL, "%s", read_error.message);
                break;
            }
            if (status != PGB_OK) {
                return pgb_error_nomem(l->err);
            }
            pgb_scan_give(&p.scan, bytes, len, last);
            break;
        }
        case PGB_SCAN_STATEMENT:
            status = on_statement(&p, &ev);
            break;
        case PGB_SCAN_COMMENT:
            status = on_comment(&p, &ev);
            break;
        case PGB_SCAN_DIRECTIVE:
            pass_newline(&p, false);
            status = on_directive(&p, &ev);
            break;
        case PGB_SCAN_META:
            status = on_meta(&p, &ev);
            break;
        case PGB_SCAN_ERROR:
            status = on_error(&p, &ev);
            p.stop = true;
            break;
        case PGB_SCAN_END:
            pass_newline(&p, true);
            p.body_pending = 0;
            f->size = ev.at.off;
            status = close_section(&p, ev.at.off);
            p.stop = true;
            break;
        default: /* COPY data */
            break;
        }
    }
    return status == PGB_OK ? keep_lists(&p) : status;
}
