/* One backfill file, from its first byte to its statement. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "rev/backfill_internal.h"
#include "rev/internal.h"
#include "rev/script.h"
#include "sql/parse.h"
#include "sql/scan.h"

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

pgb_status bparse_problem(bparse *p, uint32_t line, uint32_t column, const char *rule,
                          const char *fix, const char *fmt, ...)
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

/* ---- the rest of the file ---- */

static pgb_status on_comment(bparse *p, const pgb_scan_event *ev)
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
        return bparse_problem(p, ev->at.line, ev->at.column + (uint32_t)i, "misplaced-directive",
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

static pgb_status on_statement(bparse *p, const pgb_scan_event *ev)
{
    size_t len;

    if (ev->empty) {
        return PGB_OK;
    }
    p->statements++;
    if (p->run.line == 0) {
        p->stop = true;
        return bparse_problem(p, ev->token.line, ev->token.column, "missing-directive",
                              "Write -- pgbraid:run on a line of its own before it.",
                              "the statement stands before pgbraid:run");
    }
    if (p->statements > 1) {
        p->stop = true;
        return bparse_problem(p, ev->token.line, ev->token.column, "backfill-statement",
                              "Make one statement of them, with WITH.",
                              "a backfill has one statement, and here begins a second one");
    }
    if (ev->copy_in) {
        p->stop = true;
        return bparse_problem(p, ev->token.line, ev->token.column, "backfill-statement",
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

static pgb_status on_error(bparse *p, const pgb_scan_event *ev)
{
    const char *rule = ev->error == PGB_SCAN_UTF8  ? "invalid-utf8"
                       : ev->error == PGB_SCAN_NUL ? "nul-byte"
                                                   : "not-closed";

    p->stop = true;
    return bparse_problem(p, ev->at.line, ev->at.column, rule, pgb_scan_error_hint(ev->error), "%s",
                          pgb_scan_error_message(ev->error));
}

static pgb_status scan(bparse *p)
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
            status = bparse_directive(p, &ev);
            break;
        case PGB_SCAN_META:
            status = bparse_problem(p, ev.at.line, ev.at.column, "psql-command", "Remove the line.",
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

static pgb_status look_for_missing(bparse *p)
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
            status = bparse_problem(p, 1, 1, "missing-directive", fix,
                                    "the backfill has no directive %s", needed[i].name);
        }
    }
    if (status == PGB_OK && p->run.line != 0 && p->b->statement == NULL && p->statements == 0) {
        status = bparse_problem(p, p->run.line, p->run.column, "backfill-statement",
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

static pgb_status look_at_sql(bparse *p)
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
        status = bparse_problem(
            p, p->b->line, p->b->column, "backfill-statement",
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
            status =
                bparse_problem(p, p->b->filter_line, p->b->filter_column, "backfill-filter",
                               "Write a condition over the source's columns: deleted_at IS NULL",
                               "the filter is no SQL condition: %s", facts.parse_error);
        }
    }
    pgb_parser_free(parser);
    return status;
}

static pgb_status make_hash(bparse *p)
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

static pgb_status keep(bparse *p)
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
    bparse p = {.arena = arena, .problems = problems, .b = &b, .err = err};
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
            status = bparse_problem(&p, 0, 0, "bad-name", "Use letters, digits, _ and - only.",
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
