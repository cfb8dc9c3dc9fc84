#include "prove/seeds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/vec.h"

enum { FILE_MAX = 64 * 1024 * 1024 };

typedef struct csv {
    const char *file;
    const char *p, *end, *line_start;
    int line;
    pgb_arena *arena;
} csv;

typedef struct field {
    const char *text; /* NULL: null */
    int line, column;
} field;

typedef PGB_VEC(field) record;

static pgb_status fail(const csv *c, int line, int column, pgb_error *err, const char *message)
{
    pgb_status status = pgb_error_set(err, PGB_PROJECT, "%s", message);

    pgb_error_at(err, c->file, line, column, NULL, 0);
    return status;
}

static int column_here(const csv *c)
{
    return 1 + (int)pgb_utf8_count(c->line_start, (size_t)(c->p - c->line_start));
}

static void end_line(csv *c)
{
    if (c->p < c->end && *c->p == '\r') {
        c->p++;
    }
    if (c->p < c->end && *c->p == '\n') {
        c->p++;
    }
    c->line++;
    c->line_start = c->p;
}

static pgb_status read_quoted(csv *c, field *f, pgb_error *err)
{
    PGB_AUTO_BUF(text);

    for (c->p++;; c->p++) {
        if (c->p >= c->end) {
            return fail(c, f->line, f->column, err, "this quoted field is not closed");
        }
        if (*c->p == '"') {
            if (c->p + 1 >= c->end || c->p[1] != '"') {
                c->p++;
                break;
            }
            c->p++;
        } else if (*c->p == '\n') {
            c->line++;
            c->line_start = c->p + 1;
        }
        pgb_buf_putc(&text, *c->p);
    }
    if (c->p < c->end && strchr(",\r\n", *c->p) == NULL) {
        return fail(c, c->line, column_here(c), err,
                    "a comma or the line's end belongs behind a quoted field");
    }
    f->text = text.failed ? NULL : pgb_arena_strdup(c->arena, pgb_buf_str(&text));
    return f->text != NULL ? PGB_OK : pgb_error_nomem(err);
}

static pgb_status read_record(csv *c, record *r, pgb_error *err)
{
    for (r->n = 0;;) {
        field f = {.line = c->line, .column = column_here(c)};
        pgb_status status = PGB_OK;

        if (c->p < c->end && *c->p == '"') {
            status = read_quoted(c, &f, err);
        } else {
            const char *from = c->p;

            while (c->p < c->end && strchr(",\r\n", *c->p) == NULL) {
                if (*c->p == '"') {
                    return fail(c, c->line, column_here(c), err,
                                "a quote may only stand at a field's start; quote the whole field "
                                "and double the quotes in it");
                }
                c->p++;
            }
            if (c->p > from &&
                (f.text = pgb_arena_strndup(c->arena, from, (size_t)(c->p - from))) == NULL) {
                return pgb_error_nomem(err);
            }
        }
        if (status != PGB_OK) {
            return status;
        }
        if (!pgb_vec_push(r, f)) {
            return pgb_error_nomem(err);
        }
        if (c->p >= c->end || *c->p != ',') {
            end_line(c);
            return PGB_OK;
        }
        c->p++;
    }
}

/* The columns that the header names. */
static pgb_status read_header(csv *c, const pgb_shape_table *t, uint16_t *columns, size_t *ret_n,
                              pgb_error *err)
{
    record header = {0};
    pgb_status status = read_record(c, &header, err);

    for (size_t i = 0; status == PGB_OK && i < header.n; i++) {
        const field *f = &header.at[i];

        if (i < t->n_columns) {
            columns[i] = UINT16_MAX;
        }
        for (uint16_t k = 0; i < t->n_columns && f->text != NULL && k < t->n_columns; k++) {
            if (strcmp(t->columns[k].name, f->text) == 0) {
                columns[i] = k;
            }
        }
        if (i >= t->n_columns || columns[i] == UINT16_MAX) {
            status = pgb_error_set(err, PGB_PROJECT, "table %s has no column \"%s\"", t->name,
                                   f->text != NULL ? f->text : "");
            pgb_error_hint(err, "the first line of a file of seeds names columns of its table");
        }
        for (size_t k = 0; status == PGB_OK && k < i; k++) {
            if (columns[k] == columns[i]) {
                status = pgb_error_set(err, PGB_PROJECT, "column \"%s\" is named twice", f->text);
            }
        }
        if (status != PGB_OK) {
            pgb_error_at(err, c->file, f->line, f->column, NULL, 0);
        }
    }
    *ret_n = header.n;
    pgb_vec_done(&header);
    return status;
}

static pgb_status read_rows(csv *c, pgb_seed_file *s, pgb_error *err)
{
    const pgb_shape_table *t = s->table;
    uint16_t *columns = pgb_arena_array(c->arena, (size_t)t->n_columns + 2, sizeof *columns);
    PGB_VEC(pgb_row) rows = {0};
    PGB_VEC(int) lines = {0};
    record r = {0};
    size_t n = 0;
    pgb_status status =
        columns != NULL ? read_header(c, t, columns, &n, err) : pgb_error_nomem(err);

    while (status == PGB_OK && c->p < c->end) {
        int line = c->line;
        pgb_row row;

        status = read_record(c, &r, err);
        if (status == PGB_OK && r.n == 1 && n > 1 && r.at[0].text == NULL) {
            continue; /* an empty line */
        }
        if (status == PGB_OK && r.n != n) {
            status = pgb_error_set(err, PGB_PROJECT, "%zu fields, but the header names %zu columns",
                                   r.n, n);
            pgb_error_at(err, c->file, line, 1, NULL, 0);
        }
        if (status == PGB_OK && !pgb_row_init(&row, t, c->arena)) {
            status = pgb_error_nomem(err);
        }
        for (size_t i = 0; status == PGB_OK && i < n; i++) {
            row.set[columns[i]] = true;
            row.at[columns[i]] = r.at[i].text;
        }
        if (status == PGB_OK && (!pgb_vec_push(&rows, row) || !pgb_vec_push(&lines, line))) {
            status = pgb_error_nomem(err);
        }
    }
    if (status == PGB_OK) {
        pgb_row *kept = pgb_arena_array(c->arena, rows.n + 1, sizeof *kept);
        int *kept_lines = pgb_arena_array(c->arena, rows.n + 1, sizeof *kept_lines);

        if (kept == NULL || kept_lines == NULL) {
            status = pgb_error_nomem(err);
        } else if (rows.n > 0) {
            memcpy(kept, rows.at, rows.n * sizeof *kept);
            memcpy(kept_lines, lines.at, rows.n * sizeof *kept_lines);
        }
        s->rows = kept;
        s->lines = kept_lines;
        s->n = (uint32_t)rows.n;
    }
    pgb_vec_done(&rows);
    pgb_vec_done(&lines);
    pgb_vec_done(&r);
    return status;
}

/* A name with a dot is the qualified one; else the schema is left open. */
static const pgb_shape_table *table_for(const pgb_shape *shape, const char *name, size_t len)
{
    const pgb_shape_table *found = NULL;

    for (uint32_t i = 0; i < shape->n_tables; i++) {
        const pgb_shape_table *t = &shape->tables[i];
        size_t schema = strlen(t->schema);

        if (len == schema + 1 + strlen(t->bare) && memcmp(name, t->schema, schema) == 0 &&
            name[schema] == '.' && memcmp(name + schema + 1, t->bare, strlen(t->bare)) == 0) {
            return t;
        }
        if (strlen(t->bare) == len && memcmp(name, t->bare, len) == 0 &&
            (found == NULL || strcmp(t->schema, "public") == 0)) {
            found = t;
        }
    }
    return found;
}

static pgb_status read_file(const pgb_shape *shape, int dir, const char *folder, const char *name,
                            pgb_seeds *seeds, pgb_error *err)
{
    pgb_seed_file *s = &seeds->files[seeds->n];
    char *path = pgb_arena_printf(seeds->arena, "%s/%s", folder, name);
    PGB_AUTO_BUF(text);
    PGB_AUTO_FD(fd) = -1;
    csv c = {.file = path, .line = 1, .arena = seeds->arena};
    pgb_status status;
    size_t valid;

    s->table = table_for(shape, name, strlen(name) - 4);
    if (s->table == NULL) {
        return PGB_OK;
    }
    s->file = path;
    if (path == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_file_open_at(dir, name, path, &fd, err);
    if (status == PGB_OK) {
        status = pgb_file_read_fd(fd, path, FILE_MAX, &text, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    c.p = pgb_buf_str(&text);
    c.end = c.p + text.len;
    if (text.len >= 3 && memcmp(c.p, "\xEF\xBB\xBF", 3) == 0) {
        c.p += 3;
    }
    c.line_start = c.p;
    valid = pgb_utf8_valid(c.p, (size_t)(c.end - c.p));
    if (valid != (size_t)(c.end - c.p) || memchr(c.p, '\0', valid) != NULL) {
        for (const char *p = c.p; p < c.p + valid && *p != '\0'; p++) {
            c.line += *p == '\n';
        }
        return fail(&c, c.line, 0, err, "the file is not UTF-8 text");
    }
    if (c.p == c.end) {
        return fail(&c, 1, 1, err, "the file is empty: its first line must name columns");
    }
    status = read_rows(&c, s, err);
    seeds->n += status == PGB_OK;
    return status;
}

pgb_status pgb_seeds_read(const pgb_shape *shape, const char *folder, pgb_seeds *ret_seeds,
                          pgb_error *err)
{
    pgb_seeds seeds = {0};
    PGB_AUTO_FD(dir) = -1;
    char **names = NULL;
    size_t n = 0;
    pgb_status status = PGB_OK;

    *ret_seeds = seeds;
    if (folder == NULL || access(folder, F_OK) != 0) {
        return PGB_OK;
    }
    seeds.arena = pgb_arena_new();
    if (seeds.arena == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_dir_open(folder, &dir, err);
    if (status == PGB_OK) {
        status = pgb_dir_list(dir, folder, seeds.arena, &names, &n, err);
    }
    if (status == PGB_OK) {
        seeds.files = pgb_arena_array(seeds.arena, n + 1, sizeof *seeds.files);
        status = seeds.files != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    for (size_t i = 0; status == PGB_OK && i < n; i++) {
        size_t len = strlen(names[i]);

        if (len > 4 && strcmp(names[i] + len - 4, ".csv") == 0 && names[i][0] != '.') {
            status = read_file(shape, dir, folder, names[i], &seeds, err);
        }
    }
    if (status != PGB_OK) {
        pgb_arena_free(seeds.arena);
        return status;
    }
    *ret_seeds = seeds;
    return PGB_OK;
}

void pgb_seeds_done(pgb_seeds *seeds)
{
    pgb_arena_free(seeds->arena);
    *seeds = (pgb_seeds){0};
}

const pgb_seed_file *pgb_seeds_of(const pgb_seeds *seeds, const pgb_shape_table *table)
{
    for (uint32_t i = 0; i < seeds->n; i++) {
        if (seeds->files[i].table == table) {
            return &seeds->files[i];
        }
    }
    return NULL;
}
