#include "prove/queries.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/vec.h"
#include "sql/scan.h"

enum { FILE_MAX = 16 * 1024 * 1024 };

typedef struct reading {
    pgb_arena *arena;
    PGB_VEC(pgb_query) queries;
    PGB_VEC(pgb_query_use) uses; /* of the query that is to come */
    const char *file;
    const char *text;
    size_t len;
    const char *title;
    int uses_line, uses_column;
} reading;

static pgb_status fail(const reading *r, int line, int column, const char *message,
                       const char *hint, pgb_error *err)
{
    const char *from = r->text, *end = r->text + r->len;
    pgb_status status = pgb_error_set(err, PGB_PROJECT, "%s", message);

    for (int i = 1; i < line && from < end; from++) {
        i += *from == '\n';
    }
    pgb_error_at(err, r->file, line, column, from, (size_t)(end - from));
    if (hint != NULL) {
        pgb_error_hint(err, "%s", hint);
    }
    return status;
}

/* The length of a name at p: parts with dots between, each a word or in double quotes. */
static size_t name_length(const char *p, const char *end)
{
    const char *from = p;

    while (p < end && strchr(" \t\r\n,", *p) == NULL) {
        if (*p == '"') {
            for (p++; p < end && (*p != '"' || (p + 1 < end && p[1] == '"')); p++) {
                p += *p == '"';
            }
        }
        p += p < end;
    }
    return (size_t)(p - from);
}

/* "-- pgbraid:uses a, b" */
static pgb_status read_directive(reading *r, const pgb_scan_event *ev, pgb_error *err)
{
    static const char prefix[] = "-- pgbraid:";
    const char *from = r->text + ev->at.off, *end = from + ev->len;
    const char *p = from + sizeof prefix - 1, *word = p;
    int line = (int)ev->at.line;

    while (p < end && *p >= 'a' && *p <= 'z') {
        p++;
    }
    if (p - word != 4 || memcmp(word, "uses", 4) != 0) {
        return fail(r, line, (int)ev->at.column + (int)(word - from),
                    "this directive has no meaning in a file of queries",
                    "the only one is -- pgbraid:uses INDEX, before each query", err);
    }
    r->uses_line = line;
    r->uses_column = (int)ev->at.column;
    for (;;) {
        pgb_query_use use;
        size_t len;

        while (p < end && strchr(" \t\r,", *p) != NULL) {
            p++;
        }
        if (p >= end) {
            break;
        }
        len = name_length(p, end);
        use.column = (int)ev->at.column + (int)pgb_utf8_count(from, (size_t)(p - from));
        use.name = pgb_arena_strndup(r->arena, p, len);
        if (use.name == NULL || !pgb_vec_push(&r->uses, use)) {
            return pgb_error_nomem(err);
        }
        p += len;
    }
    return r->uses.n > 0 ? PGB_OK
                         : fail(r, line, (int)ev->at.column, "no index is named here",
                                "-- pgbraid:uses INDEX", err);
}

static pgb_status read_statement(reading *r, const pgb_scan_event *ev, pgb_error *err)
{
    pgb_query q = {.file = r->file,
                   .title = r->title,
                   .line = (int)ev->token.line,
                   .column = (int)ev->token.column,
                   .uses_line = r->uses_line,
                   .n_uses = (uint32_t)r->uses.n};
    pgb_query_use *uses;
    size_t skip = (size_t)(ev->token.off - ev->at.off);

    if (ev->empty) {
        return PGB_OK;
    }
    if (r->uses.n == 0) {
        return fail(r, q.line, q.column, "nothing says which index this query uses",
                    "put a line before it: -- pgbraid:uses INDEX", err);
    }
    uses = pgb_arena_array(r->arena, r->uses.n, sizeof *uses);
    q.sql = pgb_arena_strndup(r->arena, r->text + ev->token.off,
                              (size_t)ev->len - skip - ev->terminated);
    if (uses == NULL || q.sql == NULL) {
        return pgb_error_nomem(err);
    }
    memcpy(uses, r->uses.at, r->uses.n * sizeof *uses);
    q.uses = uses;
    r->uses.n = 0;
    r->title = NULL;
    return pgb_vec_push(&r->queries, q) ? PGB_OK : pgb_error_nomem(err);
}

static pgb_status read_comment(reading *r, const pgb_scan_event *ev, pgb_error *err)
{
    const char *p = r->text + ev->at.off, *end = p + ev->len;

    if (r->title != NULL || ev->len < 2 || p[0] != '-') {
        return PGB_OK;
    }
    for (p += 2; p < end && *p == ' '; p++) {
    }
    r->title = pgb_arena_strndup(r->arena, p, (size_t)(end - p));
    return r->title != NULL ? PGB_OK : pgb_error_nomem(err);
}

static pgb_status read_text(reading *r, pgb_error *err)
{
    static const pgb_scan_pos start = {0, 1, 1};
    pgb_scan scan;
    pgb_scan_event ev;
    pgb_status status = PGB_OK;

    r->uses.n = 0;
    r->title = NULL;
    pgb_scan_init(&scan, &start);
    pgb_scan_give(&scan, r->text, r->len, true);
    while (status == PGB_OK) {
        pgb_scan_kind kind = pgb_scan_next(&scan, &ev);

        if (kind == PGB_SCAN_END || kind == PGB_SCAN_MORE) {
            break;
        }
        if (kind == PGB_SCAN_ERROR) {
            status = fail(r, (int)ev.at.line, (int)ev.at.column, pgb_scan_error_message(ev.error),
                          pgb_scan_error_hint(ev.error), err);
        } else if (kind == PGB_SCAN_STATEMENT && !ev.copy_in) {
            status = read_statement(r, &ev, err);
        } else if (kind == PGB_SCAN_DIRECTIVE && !ev.in_statement) {
            status = read_directive(r, &ev, err);
        } else if (kind == PGB_SCAN_COMMENT) {
            status = read_comment(r, &ev, err);
        } else {
            status = fail(r, (int)ev.at.line, (int)ev.at.column,
                          kind == PGB_SCAN_META        ? "a psql command has no meaning here"
                          : kind == PGB_SCAN_DIRECTIVE ? "the query before this has no semicolon"
                                                       : "COPY is no query",
                          NULL, err);
        }
    }
    if (status == PGB_OK && r->uses.n > 0) {
        status = fail(r, r->uses_line, r->uses_column, "no query follows this", NULL, err);
    }
    return status;
}

static pgb_status read_file(reading *r, int dir, const char *folder, const char *name,
                            pgb_error *err)
{
    PGB_AUTO_BUF(text);
    PGB_AUTO_FD(fd) = -1;
    pgb_status status;

    r->file = pgb_arena_printf(r->arena, "%s/%s", folder, name);
    if (r->file == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_file_open_at(dir, name, r->file, &fd, err);
    if (status == PGB_OK) {
        status = pgb_file_read_fd(fd, r->file, FILE_MAX, &text, err);
    }
    r->text = pgb_buf_str(&text);
    r->len = text.len;
    return status == PGB_OK ? read_text(r, err) : status;
}

pgb_status pgb_queries_read(const char *folder, pgb_queries *ret_queries, pgb_error *err)
{
    reading r = {.arena = NULL};
    PGB_AUTO_FD(dir) = -1;
    char **names = NULL;
    size_t n = 0;
    pgb_query *at;
    pgb_status status;

    *ret_queries = (pgb_queries){0};
    if (folder == NULL || access(folder, F_OK) != 0) {
        return PGB_OK;
    }
    r.arena = pgb_arena_new();
    if (r.arena == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_dir_open(folder, &dir, err);
    if (status == PGB_OK) {
        status = pgb_dir_list(dir, folder, r.arena, &names, &n, err);
    }
    for (size_t i = 0; status == PGB_OK && i < n; i++) {
        size_t len = strlen(names[i]);

        if (len > 4 && strcmp(names[i] + len - 4, ".sql") == 0 && names[i][0] != '.') {
            status = read_file(&r, dir, folder, names[i], err);
        }
    }
    at = status == PGB_OK ? pgb_arena_array(r.arena, r.queries.n + 1, sizeof *at) : NULL;
    if (at == NULL) {
        status = status == PGB_OK ? pgb_error_nomem(err) : status;
        pgb_arena_free(r.arena);
    } else {
        if (r.queries.n > 0) {
            memcpy(at, r.queries.at, r.queries.n * sizeof *at);
        }
        *ret_queries = (pgb_queries){.arena = r.arena, .at = at, .n = (uint32_t)r.queries.n};
    }
    pgb_vec_done(&r.queries);
    pgb_vec_done(&r.uses);
    return status;
}

void pgb_queries_done(pgb_queries *queries)
{
    pgb_arena_free(queries->arena);
    *queries = (pgb_queries){0};
}
