#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "rev/parse_internal.h"
#include "sql/meta.h"

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
        return f->rev.title != NULL ? PGB_OK : parse_nomem(p);
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
    p->f->rev.may_control = p->f->rev.may_control || ev->may_control;
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
                return parse_nomem(p);                                                             \
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
    KEEP(l->backfills, rev->backfills, rev->n_backfills, pgb_ref);
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

            parse_pass_newline(&p, false);
            if (p.body_pending != 0 && p.body_pending < keep) {
                keep = p.body_pending;
            }
            if (p.w->at > keep + REV_DIRECTIVE_MAX) {
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
            parse_pass_newline(&p, false);
            status = parse_directive(&p, &ev);
            break;
        case PGB_SCAN_META:
            status = on_meta(&p, &ev);
            break;
        case PGB_SCAN_ERROR:
            status = on_error(&p, &ev);
            p.stop = true;
            break;
        case PGB_SCAN_END:
            parse_pass_newline(&p, true);
            p.body_pending = 0;
            f->size = ev.at.off;
            status = parse_close_section(&p, ev.at.off);
            p.stop = true;
            break;
        default: /* COPY data */
            break;
        }
    }
    return status == PGB_OK ? keep_lists(&p) : status;
}
