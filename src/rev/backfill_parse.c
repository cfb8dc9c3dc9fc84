/* One backfill file: its directives and its statement. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "rev/backfill.h"
#include "rev/internal.h"
#include "rev/script.h"
#include "sql/parse.h"
#include "sql/scan.h"

enum { LINE_MAX_BYTES = 1024 * 1024, BATCH_DIGITS = 9 };

typedef struct parse {
    const char *text;
    size_t len;
    pgb_arena *arena;
    pgb_problems *problems;
    pgb_backfill *b;
    pgb_error *err;
    PGB_VEC(pgb_ref) requires;
    PGB_VEC(const char *) keys;
    pgb_buf filter;
    pgb_scan_pos run; /* of the directive; line 0: none yet */
    uint32_t statements;
    bool has_title, stop;
} parse;

/* What a directive says, with the place of its first byte. */
typedef struct args {
    const char *at;
    size_t len;
    uint32_t line, column;
} args;

/* ---- problems ---- */

void pgb_backfill_at(const pgb_backfill *b, uint32_t line, uint32_t column, pgb_error *err)
{
    const char *p = b->text;

    for (uint32_t i = 1; p != NULL && i < line; i++) {
        p = strchr(p, '\n');
        p = p != NULL ? p + 1 : NULL;
    }
    pgb_error_at(err, b->file, (int)line, (int)column, p, p != NULL ? strcspn(p, "\r\n") : 0);
}

void pgb_backfill_locate(const pgb_backfill *b, int position, pgb_error *err)
{
    uint32_t line = b->line, column = b->column;
    const char *s = b->statement, *end = b->statement + b->statement_len;

    for (int i = 1; i < position && s < end; i++) {
        if (*s == '\n') {
            line++;
            column = 1;
        } else {
            column++;
        }
        for (s++; s < end && ((unsigned char)*s & 0xC0) == 0x80; s++) {
        }
    }
    pgb_backfill_at(b, line, column, err);
}

__attribute__((format(printf, 6, 7))) static pgb_status problem(parse *p, uint32_t line,
                                                                uint32_t column, const char *rule,
                                                                const char *fix, const char *fmt,
                                                                ...)
{
    pgb_error at = {.status = PGB_PROJECT};
    char message[1024];
    pgb_problem like = {.rule = rule,
                        .severity = PGB_ERROR,
                        .file = p->b->file,
                        .line = (int)line,
                        .column = (int)column,
                        .fix = fix};
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    if (line > 0) {
        pgb_backfill_at(p->b, line, column, &at);
        like.source = at.source[0] != '\0' ? at.source : NULL;
    }
    return pgb_problems_add(p->problems, &like, "%s", message) ? PGB_OK : pgb_error_nomem(p->err);
}

/* ---- names ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == ',';
}

static size_t name_length(const char *s, size_t len)
{
    size_t i = 0;

    while (i < len && !is_blank(s[i])) {
        if (s[i] != '"') {
            i++;
            continue;
        }
        for (i++; i < len && s[i] != '"'; i++) {
        }
        i += i < len;
    }
    return i;
}

/* The next name; quoted ones may hold blanks. False at the end. */
static bool next_name(args *a, args *ret)
{
    size_t i = 0, n;

    while (i < a->len && is_blank(a->at[i])) {
        i++;
    }
    n = name_length(a->at + i, a->len - i);
    *ret = (args){a->at + i, n, a->line, a->column + (uint32_t)i};
    a->column += (uint32_t)(i + pgb_utf8_count(a->at + i, n));
    a->at += i + n;
    a->len -= i + n;
    return n > 0;
}

/* An identifier as SQL reads it: folded, or between quotes. NULL: it is none. */
static const char *identifier(pgb_arena *arena, const args *a)
{
    char *out = pgb_arena_alloc(arena, a->len + 1), *to = out;

    if (out == NULL || a->len == 0) {
        return NULL;
    }
    if (a->at[0] == '"') {
        if (a->len < 3 || a->at[a->len - 1] != '"') {
            return NULL;
        }
        for (size_t i = 1; i + 1 < a->len; i++) {
            if (a->at[i] == '"' && (++i + 1 >= a->len || a->at[i] != '"')) {
                return NULL;
            }
            *to++ = a->at[i];
        }
        return out;
    }
    for (size_t i = 0; i < a->len; i++) {
        char c = a->at[i];

        if ((c >= '0' && c <= '9') || c == '$') {
            if (i == 0) {
                return NULL;
            }
        } else if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                     ((unsigned char)c & 0x80) != 0)) {
            return NULL;
        }
        *to++ = (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
    }
    return out;
}

/* ---- directives ---- */

enum { D_BACKFILL, D_REQUIRES, D_SOURCE, D_KEY, D_FILTER, D_BATCH, D_PARTITION, D_RUN, D_COUNT };

static const char *const names[D_COUNT] = {"backfill", "requires", "source",    "key",
                                           "filter",   "batch",    "partition", "run"};

static pgb_status unknown(parse *p, const args *name)
{
    char typed[65], fix[200];
    unsigned best = 4;
    const char *nearest = NULL;

    snprintf(typed, sizeof typed, "%.*s", (int)(name->len < 64 ? name->len : 64), name->at);
    for (int i = 0; i < D_COUNT; i++) {
        unsigned d = pgb_text_distance(typed, names[i]);

        if (d < best && d < strlen(names[i])) {
            best = d;
            nearest = names[i];
        }
    }
    if (nearest != NULL) {
        snprintf(fix, sizeof fix, "Did you mean -- pgbraid:%s?", nearest);
    } else {
        snprintf(fix, sizeof fix,
                 "A backfill has backfill, requires, source, key, filter, batch, partition and "
                 "run.");
    }
    return problem(p, name->line, name->column, "unknown-directive", fix,
                   typed[0] != '\0' ? "pgbraid:%s is no directive of a backfill"
                                    : "pgbraid: names no directive%s",
                   typed);
}

static pgb_status twice(parse *p, const args *a, const char *name)
{
    return problem(p, a->line, a->column, "bad-directive", "Keep one of the two.",
                   "pgbraid:%s stands in the file a second time", name);
}

static pgb_status on_requires(parse *p, args a)
{
    args name;
    bool any = false;

    while (next_name(&a, &name)) {
        pgb_ref ref = {.line = name.line, .column = name.column, .node = PGB_NODE_NONE};

        any = true;
        if (!rev_is_id(name.at, name.len)) {
            pgb_status status =
                problem(p, name.line, name.column, "bad-name", "Use letters, digits and _ only.",
                        "%.*s can't be the name of a revision",
                        (int)(name.len < 200 ? name.len : 200), name.at);

            if (status != PGB_OK) {
                return status;
            }
            continue;
        }
        ref.text = pgb_arena_strndup(p->arena, name.at, name.len);
        if (ref.text == NULL || !pgb_vec_push(&p->requires, ref)) {
            return pgb_error_nomem(p->err);
        }
    }
    return any ? PGB_OK
               : problem(p, a.line, a.column, "bad-directive",
                         "Write, for example: -- pgbraid:requires 4f1d2c3b5a69",
                         "pgbraid:requires names nothing");
}

static pgb_status on_source(parse *p, args a)
{
    args first, more, part;
    const char *dot;

    if (p->b->source != NULL) {
        return twice(p, &a, "source");
    }
    if (!next_name(&a, &first) || next_name(&a, &more)) {
        return problem(p, first.line, first.column, "bad-directive",
                       "Write, for example: -- pgbraid:source public.people",
                       "pgbraid:source takes the name of one table");
    }
    part = first;
    for (;;) {
        size_t n = 0;

        while (n < part.len && part.at[n] != '.') {
            if (part.at[n] == '"') {
                for (n++; n < part.len && part.at[n] != '"'; n++) {
                }
            }
            n += n < part.len;
        }
        dot = n < part.len ? part.at + n : NULL;
        part.len = n;
        if (identifier(p->arena, &part) == NULL) {
            return problem(p, first.line, first.column, "bad-name",
                           "Write TABLE or SCHEMA.TABLE; put odd names in double quotes.",
                           "%.*s is no name of a table", (int)(first.len < 200 ? first.len : 200),
                           first.at);
        }
        if (dot == NULL) {
            break;
        }
        part.at = dot + 1;
        part.len = (size_t)(first.at + first.len - part.at);
    }
    p->b->source = pgb_arena_strndup(p->arena, first.at, first.len);
    p->b->source_line = first.line;
    p->b->source_column = first.column;
    return p->b->source != NULL ? PGB_OK : pgb_error_nomem(p->err);
}

static pgb_status on_key(parse *p, args a)
{
    args name;
    bool any = false;

    if (p->b->key_line == 0) {
        next_name(&(args[]){a}[0], &name);
        p->b->key_line = name.line;
        p->b->key_column = name.column;
    }
    while (next_name(&a, &name)) {
        const char *column = identifier(p->arena, &name);

        any = true;
        if (column == NULL) {
            return problem(p, name.line, name.column, "bad-name",
                           "Name columns only; put odd names in double quotes.",
                           "%.*s is no name of a column", (int)(name.len < 200 ? name.len : 200),
                           name.at);
        }
        for (size_t i = 0; i < p->keys.n; i++) {
            if (strcmp(p->keys.at[i], column) == 0) {
                return problem(p, name.line, name.column, "bad-directive", "Remove one of the two.",
                               "pgbraid:key names %s twice", column);
            }
        }
        if (p->keys.n == PGB_BACKFILL_KEY_MAX) {
            return problem(p, name.line, name.column, "bad-directive",
                           "Use a key of fewer columns.", "pgbraid:key names more than %d columns",
                           PGB_BACKFILL_KEY_MAX);
        }
        if (!pgb_vec_push(&p->keys, column)) {
            return pgb_error_nomem(p->err);
        }
    }
    return any ? PGB_OK
               : problem(p, a.line, a.column, "bad-directive",
                         "Write, for example: -- pgbraid:key id", "pgbraid:key names nothing");
}

/* Leading blanks go, and their column is counted. */
static args expression(args a)
{
    while (a.len > 0 && (*a.at == ' ' || *a.at == '\t')) {
        a.at++;
        a.len--;
        a.column++;
    }
    return a;
}

static pgb_status on_filter(parse *p, args a)
{
    a = expression(a);
    if (a.len == 0) {
        return problem(p, a.line, a.column, "bad-directive",
                       "Write, for example: -- pgbraid:filter deleted_at IS NULL",
                       "pgbraid:filter has no condition");
    }
    if (p->b->filter_line == 0) {
        p->b->filter_line = a.line;
        p->b->filter_column = a.column;
    }
    /* a newline before the parenthesis: the condition may end with a comment */
    pgb_buf_puts(&p->filter, p->filter.len > 0 ? " AND (" : "(");
    pgb_buf_append(&p->filter, a.at, a.len);
    pgb_buf_puts(&p->filter, "\n)");
    return p->filter.failed ? pgb_error_nomem(p->err) : PGB_OK;
}

static pgb_status on_batch(parse *p, args a)
{
    int64_t n = 0;
    bool fine;

    a = expression(a);
    fine = a.len > 0 && a.len <= BATCH_DIGITS;
    for (size_t i = 0; i < a.len && fine; i++) {
        fine = a.at[i] >= '0' && a.at[i] <= '9';
        n = n * 10 + (a.at[i] - '0');
    }
    if (p->b->batch != 0) {
        return twice(p, &a, "batch");
    }
    if (!fine || n < 1 || n > PGB_BACKFILL_BATCH_MAX) {
        return problem(
            p, a.line, a.column, "bad-directive", "Write, for example: -- pgbraid:batch 1000",
            "pgbraid:batch takes a number of rows, from 1 to %d", PGB_BACKFILL_BATCH_MAX);
    }
    p->b->batch = n;
    return PGB_OK;
}

static pgb_status on_backfill(parse *p, args a)
{
    args name, more;
    size_t len = strlen(p->b->name);

    if (!next_name(&a, &name) || next_name(&a, &more) || name.len != len ||
        memcmp(name.at, p->b->name, len) != 0) {
        char fix[600];

        snprintf(fix, sizeof fix, "Write -- pgbraid:backfill %s, or rename the file.", p->b->name);
        return problem(p, name.line, name.column, "backfill-name", fix,
                       "pgbraid:backfill says %.*s, the file's name says %s",
                       (int)(name.len < 200 ? name.len : 200), name.at, p->b->name);
    }
    return PGB_OK;
}

static pgb_status on_partition(parse *p, args a)
{
    a = expression(a);
    if (p->b->partition != NULL) {
        return twice(p, &a, "partition");
    }
    if (a.len == 0) {
        return problem(p, a.line, a.column, "bad-directive",
                       "Write, for example: -- pgbraid:partition patient_id",
                       "pgbraid:partition has no expression");
    }
    p->b->partition = pgb_arena_strndup(p->arena, a.at, a.len);
    return p->b->partition != NULL ? PGB_OK : pgb_error_nomem(p->err);
}

static pgb_status on_directive(parse *p, const pgb_scan_event *ev)
{
    const char *text = p->text + ev->at.off;
    size_t len = (size_t)ev->len, i = 2, start;
    args name, a;
    int which = D_COUNT;

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
    a = (args){text + i, len - i, ev->at.line,
               name.column + (uint32_t)pgb_utf8_count(name.at, name.len)};
    for (int d = 0; d < D_COUNT; d++) {
        if (strlen(names[d]) == name.len && memcmp(names[d], name.at, name.len) == 0) {
            which = d;
        }
    }
    if (which == D_COUNT) {
        return unknown(p, &name);
    }
    if (p->run.line != 0 || p->statements > 0) {
        return problem(p, name.line, name.column, "misplaced-directive",
                       "Move it to the head of the file.", "pgbraid:%s stands behind %s",
                       names[which], p->run.line != 0 ? "pgbraid:run" : "the statement");
    }
    switch (which) {
    case D_BACKFILL:
        return on_backfill(p, a);
    case D_REQUIRES:
        return on_requires(p, a);
    case D_SOURCE:
        return on_source(p, a);
    case D_KEY:
        return on_key(p, a);
    case D_FILTER:
        return on_filter(p, a);
    case D_BATCH:
        return on_batch(p, a);
    case D_PARTITION:
        return on_partition(p, a);
    default:
        p->run = ev->at;
        a = expression(a);
        return a.len == 0 ? PGB_OK
                          : problem(p, a.line, a.column, "bad-directive",
                                    "Write -- pgbraid:run alone on its line.",
                                    "something follows pgbraid:run");
    }
}

/* ---- the rest of the file ---- */

static pgb_status on_comment(parse *p, const pgb_scan_event *ev)
{
    const char *text = p->text + ev->at.off;
    size_t i = 0, len = (size_t)ev->len;

    if (p->has_title || p->run.line != 0 || len < 2 || text[0] != '-') {
        return PGB_OK;
    }
    while (i < len && (text[i] == '-' || text[i] == ' ' || text[i] == '\t' || text[i] == '=')) {
        i++;
    }
    while (len > i && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '-')) {
        len--;
    }
    if (len - i >= 8 && memcmp(text + i, "pgbraid:", 8) == 0) {
        return problem(p, ev->at.line, ev->at.column + (uint32_t)i, "misplaced-directive",
                       "Let it begin at the line's very start.",
                       "a directive does not start its line, so it is only a comment");
    }
    if (i < len) {
        p->b->title = pgb_arena_strndup(p->arena, text + i, len - i < 1000 ? len - i : 1000);
        p->has_title = true;
        return p->b->title != NULL ? PGB_OK : pgb_error_nomem(p->err);
    }
    return PGB_OK;
}

static pgb_status on_statement(parse *p, const pgb_scan_event *ev)
{
    size_t len;

    if (ev->empty) {
        return PGB_OK;
    }
    p->statements++;
    if (p->run.line == 0) {
        p->stop = true;
        return problem(p, ev->token.line, ev->token.column, "missing-directive",
                       "Write -- pgbraid:run on a line of its own before it.",
                       "the statement stands before pgbraid:run");
    }
    if (p->statements > 1) {
        p->stop = true;
        return problem(p, ev->token.line, ev->token.column, "backfill-statement",
                       "Make one statement of them, with WITH.",
                       "a backfill has one statement, and here begins a second one");
    }
    if (ev->copy_in) {
        p->stop = true;
        return problem(p, ev->token.line, ev->token.column, "backfill-statement",
                       "Write a SELECT, or WITH … SELECT.", "COPY returns no outcomes");
    }
    len = (size_t)ev->len;
    if (ev->terminated && len > 0) {
        len--;
    }
    p->b->statement = pgb_arena_strndup(p->arena, p->text + ev->at.off, len);
    p->b->statement_len = len;
    p->b->line = ev->at.line;
    p->b->column = ev->at.column;
    return p->b->statement != NULL ? PGB_OK : pgb_error_nomem(p->err);
}

static pgb_status on_error(parse *p, const pgb_scan_event *ev)
{
    const char *rule = ev->error == PGB_SCAN_UTF8  ? "invalid-utf8"
                       : ev->error == PGB_SCAN_NUL ? "nul-byte"
                                                   : "not-closed";

    p->stop = true;
    return problem(p, ev->at.line, ev->at.column, rule, pgb_scan_error_hint(ev->error), "%s",
                   pgb_scan_error_message(ev->error));
}

static pgb_status scan(parse *p)
{
    static const pgb_scan_pos start = {.off = 0, .line = 1, .column = 1};
    pgb_scan *s = malloc(sizeof *s);
    pgb_scan_event ev;
    pgb_status status = PGB_OK;
    bool given = false;

    if (s == NULL) {
        return pgb_error_nomem(p->err);
    }
    pgb_scan_init(s, &start);
    while (status == PGB_OK && !p->stop) {
        switch (pgb_scan_next(s, &ev)) {
        case PGB_SCAN_MORE:
            if (given) {
                p->stop = true;
                break;
            }
            given = true;
            pgb_scan_give(s, p->text, p->len, true);
            break;
        case PGB_SCAN_STATEMENT:
            status = on_statement(p, &ev);
            break;
        case PGB_SCAN_COMMENT:
            status = on_comment(p, &ev);
            break;
        case PGB_SCAN_DIRECTIVE:
            status = on_directive(p, &ev);
            break;
        case PGB_SCAN_META:
            status = problem(p, ev.at.line, ev.at.column, "psql-command", "Remove the line.",
                             "a psql command can't be used here");
            break;
        case PGB_SCAN_ERROR:
            status = on_error(p, &ev);
            break;
        case PGB_SCAN_END:
            p->stop = true;
            break;
        default:
            break;
        }
    }
    free(s);
    return status;
}

/* ---- what is missing, and what the statement is ---- */

static pgb_status look_for_missing(parse *p)
{
    static const char example[] = "Write, for example: -- pgbraid:%s";
    const struct {
        bool there;
        const char *name, *argument;
    } needed[] = {
        {p->b->source != NULL, "source", "source people"},
        {p->keys.n > 0, "key", "key id"},
        {p->run.line != 0, "run", "run"},
    };
    pgb_status status = PGB_OK;

    for (size_t i = 0; i < sizeof needed / sizeof needed[0] && status == PGB_OK; i++) {
        char fix[100];

        if (!needed[i].there) {
            snprintf(fix, sizeof fix, example, needed[i].argument);
            status = problem(p, 1, 1, "missing-directive", fix, "the backfill has no directive %s",
                             needed[i].name);
        }
    }
    if (status == PGB_OK && p->run.line != 0 && p->b->statement == NULL && p->statements == 0) {
        status = problem(p, p->run.line, p->run.column, "backfill-statement",
                         "Write the statement behind it.", "pgbraid:run has no statement");
    }
    return status;
}

static bool begins_query(const char *command)
{
    static const char *const words[] = {"SELECT", "WITH",  "INSERT", "UPDATE",
                                        "DELETE", "MERGE", "VALUES", "TABLE"};
    size_t len = strcspn(command, " ");

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i]) == len && strncasecmp(words[i], command, len) == 0) {
            return true;
        }
    }
    return len == 0; /* it begins with a parenthesis: the server knows */
}

static pgb_status look_at_sql(parse *p)
{
    pgb_parser *parser = NULL;
    pgb_facts facts = {0};
    pgb_status status = pgb_parser_new(&parser, p->err);

    if (status == PGB_OK) {
        status = pgb_parse_facts(parser, p->b->statement, p->b->statement_len, p->arena, &facts,
                                 NULL, p->err);
    }
    if (status == PGB_OK && (!begins_query(facts.command) ||
                             (facts.kind != PGB_STMT_PLAIN && facts.kind != PGB_STMT_UNKNOWN))) {
        status =
            problem(p, p->b->line, p->b->column, "backfill-statement",
                    "Write SELECT, or WITH … SELECT, that returns (outcome text, count bigint, "
                    "detail text).",
                    "%s is no statement that returns outcomes", facts.command);
    } else if (status == PGB_OK && facts.kind == PGB_STMT_UNKNOWN) {
        pgb_error at = {.status = PGB_PROJECT};
        pgb_problem like = {.rule = "not-understood",
                            .severity = PGB_NOTE,
                            .file = p->b->file,
                            .detail = "It runs as it stands; the server will say."};

        pgb_backfill_locate(p->b, facts.parse_error_column, &at);
        like.line = at.line;
        like.column = at.column;
        like.source = at.source[0] != '\0' ? at.source : NULL;
        status = pgb_problems_add(p->problems, &like, "not understood: %s", facts.parse_error)
                     ? PGB_OK
                     : pgb_error_nomem(p->err);
    }
    if (status == PGB_OK && p->b->filter != NULL) {
        const char *test = pgb_arena_printf(p->arena, "SELECT WHERE %s", p->b->filter);

        status = test == NULL
                     ? pgb_error_nomem(p->err)
                     : pgb_parse_facts(parser, test, strlen(test), p->arena, &facts, NULL, p->err);
        if (status == PGB_OK && facts.kind != PGB_STMT_PLAIN) {
            status = problem(p, p->b->filter_line, p->b->filter_column, "backfill-filter",
                             "Write a condition over the source's columns: deleted_at IS NULL",
                             "the filter is no SQL condition: %s", facts.parse_error);
        }
    }
    pgb_parser_free(parser);
    return status;
}

static pgb_status make_hash(parse *p)
{
    char raw[PGB_HASH_HEX];
    PGB_AUTO_BUF(b);

    pgb_buf_printf(&b, "%s\n", p->b->source);
    for (size_t i = 0; i < p->keys.n; i++) {
        pgb_buf_printf(&b, "%s\n", p->keys.at[i]);
    }
    pgb_buf_printf(&b, "%s\n", p->b->filter != NULL ? p->b->filter : "");
    pgb_buf_append(&b, p->b->statement, p->b->statement_len);
    return b.failed ? pgb_error_nomem(p->err)
                    : pgb_section_hash(b.p, b.len, raw, p->b->hash, p->err);
}

static pgb_status keep(parse *p)
{
    pgb_ref *requires = pgb_arena_array(p->arena, p->requires.n + 1, sizeof *requires);
    const char **keys = pgb_arena_array(p->arena, p->keys.n + 1, sizeof *keys);

    if (requires == NULL || keys == NULL) {
        return pgb_error_nomem(p->err);
    }
    for (size_t i = 0; i < p->requires.n; i++) {
        requires[i] = p->requires.at[i];
    }
    for (size_t i = 0; i < p->keys.n; i++) {
        keys[i] = p->keys.at[i];
    }
    p->b->requires = requires;
    p->b->n_requires = (uint32_t)p->requires.n;
    p->b->keys = keys;
    p->b->n_keys = (uint32_t)p->keys.n;
    if (p->filter.len > 0) {
        p->b->filter = pgb_arena_strndup(p->arena, p->filter.p, p->filter.len);
        if (p->b->filter == NULL) {
            return pgb_error_nomem(p->err);
        }
    }
    p->b->batch = p->b->batch != 0 ? p->b->batch : PGB_BACKFILL_BATCH;
    return PGB_OK;
}

pgb_status pgb_backfill_parse(const char *display, const char *text, size_t len, pgb_arena *arena,
                              pgb_problems *problems, pgb_backfill *ret_backfill, pgb_error *err)
{
    const char *slash = strrchr(display, '/'), *base = slash != NULL ? slash + 1 : display;
    size_t name_len = strlen(base), found = problems->list.n;
    pgb_backfill b = {.file = display};
    parse p = {.arena = arena, .problems = problems, .b = &b, .err = err};
    char *copy = pgb_arena_strndup(arena, text, len);
    pgb_status status = PGB_OK;

    name_len -= name_len > 4 && strcmp(base + name_len - 4, ".sql") == 0 ? 4 : 0;
    b.name = b.title = pgb_arena_strndup(arena, base, name_len);
    if (b.name == NULL || copy == NULL) {
        return pgb_error_nomem(err);
    }
    b.text = copy;
    p.text = copy;
    p.len = len;
    for (const char *c = b.name; *c != '\0' && status == PGB_OK; c++) {
        if (*c != '-' && !rev_is_id(c, 1)) {
            status = problem(&p, 0, 0, "bad-name", "Use letters, digits, _ and - only.",
                             "%s can't be the name of a backfill", b.name);
            break;
        }
    }
    status = status == PGB_OK ? scan(&p) : status;
    status = status == PGB_OK ? keep(&p) : status;
    if (status == PGB_OK && problems->list.n == found) {
        status = look_for_missing(&p);
    }
    if (status == PGB_OK && problems->list.n == found) {
        status = look_at_sql(&p);
    }
    if (status == PGB_OK && b.source != NULL && b.statement != NULL) {
        status = make_hash(&p);
    }
    if (status == PGB_OK) {
        *ret_backfill = b;
    }
    pgb_vec_done(&p.requires);
    pgb_vec_done(&p.keys);
    pgb_buf_done(&p.filter);
    return status;
}
