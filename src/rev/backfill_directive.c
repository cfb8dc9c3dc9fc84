/* The directives of a backfill file. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "rev/backfill_internal.h"
#include "rev/internal.h"

enum { BATCH_DIGITS = 9 };

/* What a directive says, with the place of its first byte. */
typedef struct args {
    const char *at;
    size_t len;
    uint32_t line, column;
} args;

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

static pgb_status unknown(bparse *p, const args *name)
{
    char typed[65], fix[200];
    const char *nearest;

    snprintf(typed, sizeof typed, "%.*s", (int)(name->len < 64 ? name->len : 64), name->at);
    nearest = pgb_text_nearest(typed, names, D_COUNT);
    if (nearest != NULL) {
        snprintf(fix, sizeof fix, "Did you mean -- pgbraid:%s?", nearest);
    } else {
        snprintf(fix, sizeof fix,
                 "A backfill has backfill, requires, source, key, filter, batch, partition and "
                 "run.");
    }
    return bparse_problem(p, name->line, name->column, "unknown-directive", fix,
                          typed[0] != '\0' ? "pgbraid:%s is no directive of a backfill"
                                           : "pgbraid: names no directive%s",
                          typed);
}

static pgb_status twice(bparse *p, const args *a, const char *name)
{
    return bparse_problem(p, a->line, a->column, "bad-directive", "Keep one of the two.",
                          "pgbraid:%s stands in the file a second time", name);
}

static pgb_status on_requires(bparse *p, args a)
{
    args name;
    bool any = false;

    while (next_name(&a, &name)) {
        pgb_ref ref = {.line = name.line, .column = name.column, .node = PGB_NODE_NONE};

        any = true;
        if (!rev_is_id(name.at, name.len)) {
            pgb_status status = bparse_problem(p, name.line, name.column, "bad-name",
                                               "Use letters, digits and _ only.",
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
               : bparse_problem(p, a.line, a.column, "bad-directive",
                                "Write, for example: -- pgbraid:requires 4f1d2c3b5a69",
                                "pgbraid:requires names nothing");
}

static pgb_status on_source(bparse *p, args a)
{
    args first, more, part;
    const char *dot;

    if (p->b->source != NULL) {
        return twice(p, &a, "source");
    }
    if (!next_name(&a, &first) || next_name(&a, &more)) {
        return bparse_problem(p, first.line, first.column, "bad-directive",
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
            return bparse_problem(p, first.line, first.column, "bad-name",
                                  "Write TABLE or SCHEMA.TABLE; put odd names in double quotes.",
                                  "%.*s is no name of a table",
                                  (int)(first.len < 200 ? first.len : 200), first.at);
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

static pgb_status on_key(bparse *p, args a)
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
            return bparse_problem(p, name.line, name.column, "bad-name",
                                  "Name columns only; put odd names in double quotes.",
                                  "%.*s is no name of a column",
                                  (int)(name.len < 200 ? name.len : 200), name.at);
        }
        for (size_t i = 0; i < p->keys.n; i++) {
            if (strcmp(p->keys.at[i], column) == 0) {
                return bparse_problem(p, name.line, name.column, "bad-directive",
                                      "Remove one of the two.", "pgbraid:key names %s twice",
                                      column);
            }
        }
        if (p->keys.n == PGB_BACKFILL_KEY_MAX) {
            return bparse_problem(p, name.line, name.column, "bad-directive",
                                  "Use a key of fewer columns.",
                                  "pgbraid:key names more than %d columns", PGB_BACKFILL_KEY_MAX);
        }
        if (!pgb_vec_push(&p->keys, column)) {
            return pgb_error_nomem(p->err);
        }
    }
    return any ? PGB_OK
               : bparse_problem(p, a.line, a.column, "bad-directive",
                                "Write, for example: -- pgbraid:key id",
                                "pgbraid:key names nothing");
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

static pgb_status on_filter(bparse *p, args a)
{
    a = expression(a);
    if (a.len == 0) {
        return bparse_problem(p, a.line, a.column, "bad-directive",
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

static pgb_status on_batch(bparse *p, args a)
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
        return bparse_problem(
            p, a.line, a.column, "bad-directive", "Write, for example: -- pgbraid:batch 1000",
            "pgbraid:batch takes a number of rows, from 1 to %d", PGB_BACKFILL_BATCH_MAX);
    }
    p->b->batch = n;
    return PGB_OK;
}

static pgb_status on_backfill(bparse *p, args a)
{
    args name, more;
    size_t len = strlen(p->b->name);

    if (!next_name(&a, &name) || next_name(&a, &more) || name.len != len ||
        memcmp(name.at, p->b->name, len) != 0) {
        char fix[600];

        snprintf(fix, sizeof fix, "Write -- pgbraid:backfill %s, or rename the file.", p->b->name);
        return bparse_problem(p, name.line, name.column, "backfill-name", fix,
                              "pgbraid:backfill says %.*s, the file's name says %s",
                              (int)(name.len < 200 ? name.len : 200), name.at, p->b->name);
    }
    return PGB_OK;
}

static pgb_status on_partition(bparse *p, args a)
{
    a = expression(a);
    if (p->b->partition != NULL) {
        return twice(p, &a, "partition");
    }
    if (a.len == 0) {
        return bparse_problem(p, a.line, a.column, "bad-directive",
                              "Write, for example: -- pgbraid:partition patient_id",
                              "pgbraid:partition has no expression");
    }
    p->b->partition = pgb_arena_strndup(p->arena, a.at, a.len);
    return p->b->partition != NULL ? PGB_OK : pgb_error_nomem(p->err);
}

pgb_status bparse_directive(bparse *p, const pgb_scan_event *ev)
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
        return bparse_problem(p, name.line, name.column, "misplaced-directive",
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
                          : bparse_problem(p, a.line, a.column, "bad-directive",
                                           "Write -- pgbraid:run alone on its line.",
                                           "something follows pgbraid:run");
    }
}
