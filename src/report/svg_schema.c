/* The schema: boxes of tables with their keys, lines of foreign keys. */
#include <string.h>

#include "report/er.h"
#include "report/markup.h"
#include "report/svg_internal.h"
#include "report/words.h"

enum {
    HEAD_H = 26,
    ROW_H = 17,
    FOOT_H = 20,
    PAD = 4,
    GAP = 20,
    MARGIN = 12,
    BOX_MIN = 176,
    NAME_COLUMNS = 30,
    COLUMN_COLUMNS = 24,
    CORNER = 5
};

/* A row of a box: a column that is part of a key. */
typedef struct row {
    const char *sign; /* "PK", "FK", "U" */
    const char *name;
    const char *action; /* of the foreign key that begins at it; NULL: none does */
} row;

typedef struct picture {
    const pgb_report *r;
    const pgb_svg_options *options;
    pgb_arena *arena;
    pgb_er er;
    row **rows; /* of tables */
    uint32_t *n_rows;
    uint32_t *line_table, *line_fk; /* of lines */
    bool failed;
} picture;

static const char *short_action(const char *on_delete)
{
    return strcmp(on_delete, "NO ACTION") == 0 ? "NO ACTION" : on_delete;
}

/* Whether a list "a, b" of quoted names has this one. */
static bool in_list(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = list; (at = strstr(at, name)) != NULL; at++) {
        bool begins = at == list || (at - list >= 2 && strncmp(at - 2, ", ", 2) == 0);

        if (begins && (at[len] == '\0' || at[len] == ',')) {
            return true;
        }
    }
    return false;
}

/* Rows of a table: primary key, then columns of foreign keys, then of other keys; as they stand. */
static bool take_rows(picture *p, uint32_t table)
{
    const pgb_report_table *t = &p->r->tables[table];
    row *rows = pgb_arena_array(p->arena, (size_t)t->n_columns + 1, sizeof *rows);
    uint32_t n = 0;

    if (rows == NULL) {
        return false;
    }
    for (int turn = 0; turn < 2; turn++) {
        for (uint32_t i = 0; i < t->n_columns; i++) {
            const pgb_report_column *c = &t->columns[i];
            const char *sign = NULL, *action = NULL;

            if (c->primary_key != (turn == 0)) {
                continue;
            }
            for (uint32_t k = 0; k < t->n_keys && sign == NULL; k++) {
                sign = in_list(t->keys[k].columns == NULL ? "" : t->keys[k].columns, c->name)
                           ? "U"
                           : NULL;
            }
            for (uint32_t k = 0; k < t->n_foreign_keys; k++) {
                const pgb_report_foreign_key *fk = &t->foreign_keys[k];

                if (fk->column == i) {
                    action = short_action(fk->on_delete);
                }
                if (fk->column == i || in_list(fk->columns, c->name)) {
                    sign = "FK";
                }
            }
            if (turn == 0) {
                sign = sign != NULL && strcmp(sign, "FK") == 0 ? "PF" : "PK";
            }
            if (sign != NULL) {
                rows[n++] = (row){sign, c->name, action};
            }
        }
    }
    p->rows[table] = rows;
    p->n_rows[table] = n;
    return true;
}

static int32_t measure(picture *p, uint32_t table)
{
    const pgb_report_table *t = &p->r->tables[table];
    unsigned name = pgb_markup_columns(t->name, &p->failed);
    double widest = (name > NAME_COLUMNS ? NAME_COLUMNS : name) * 7.4 + 24;

    for (uint32_t i = 0; i < p->n_rows[table]; i++) {
        const row *w = &p->rows[table][i];
        unsigned columns = pgb_markup_columns(w->name, &p->failed);
        double width = 34 + (columns > COLUMN_COLUMNS ? COLUMN_COLUMNS : columns) * 6.7 +
                       (w->action == NULL ? 0 : 14 + (double)strlen(w->action) * 5.6);

        widest = width > widest ? width : widest;
    }
    return widest < BOX_MIN ? BOX_MIN : ((int32_t)widest / 4 + 1) * 4;
}

static int32_t row_y(uint32_t i)
{
    return HEAD_H + PAD + (int32_t)i * ROW_H + ROW_H / 2;
}

/* The row of a foreign key's first column; the head when it has none. */
static int32_t line_from(const picture *p, uint32_t table, const pgb_report_foreign_key *fk)
{
    const pgb_report_table *t = &p->r->tables[table];

    for (uint32_t i = 0; fk->column < t->n_columns && i < p->n_rows[table]; i++) {
        if (p->rows[table][i].name == t->columns[fk->column].name) {
            return row_y(i);
        }
    }
    return HEAD_H / 2;
}

static bool take_boxes(picture *p)
{
    const pgb_report *r = p->r;
    uint32_t n = 0;
    size_t most = 0;

    p->er.boxes = pgb_arena_array(p->arena, (size_t)r->n_tables + 1, sizeof *p->er.boxes);
    p->rows = pgb_arena_array(p->arena, (size_t)r->n_tables + 1, sizeof *p->rows);
    p->n_rows = pgb_arena_array(p->arena, (size_t)r->n_tables + 1, sizeof *p->n_rows);
    for (uint32_t i = 0; i < r->n_tables; i++) {
        most += r->tables[i].n_foreign_keys;
    }
    p->er.lines = pgb_arena_array(p->arena, most + 1, sizeof *p->er.lines);
    p->line_table = pgb_arena_array(p->arena, most + 1, sizeof *p->line_table);
    p->line_fk = pgb_arena_array(p->arena, most + 1, sizeof *p->line_fk);
    if (p->er.boxes == NULL || p->rows == NULL || p->n_rows == NULL || p->er.lines == NULL ||
        p->line_table == NULL || p->line_fk == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < r->n_tables; i++) {
        if (!take_rows(p, i)) {
            return false;
        }
        p->er.boxes[i].width = measure(p, i);
        p->er.boxes[i].height = HEAD_H + 2 * PAD + (int32_t)p->n_rows[i] * ROW_H + FOOT_H;
        p->er.boxes[i].group =
            r->tables[i].made_by < r->n_revisions ? r->rank[r->tables[i].made_by] : UINT32_MAX;
        for (uint32_t k = 0; k < r->tables[i].n_foreign_keys; k++) {
            const pgb_report_foreign_key *fk = &r->tables[i].foreign_keys[k];

            if (fk->target < r->n_tables) {
                p->er.lines[n] = (pgb_er_line){
                    .from = i, .to = fk->target, .from_y = line_from(p, i, fk), .to_y = HEAD_H / 2};
                p->line_table[n] = i;
                p->line_fk[n++] = k;
            }
        }
    }
    p->er.n_boxes = r->n_tables;
    p->er.n_lines = n;
    p->er.gap = GAP;
    return !p->failed;
}

static int32_t towards(int32_t from, int32_t to, int32_t by)
{
    int32_t d = to - from, size = d < 0 ? -d : d;

    by = by > size / 2 ? size / 2 : by;
    return d < 0 ? from - by : from + by;
}

/* The points as a path with rounded corners. */
static void put_path(const pgb_er_line *line, pgb_buf *out)
{
    const pgb_er_point *at = line->at;

    pgb_buf_printf(out, "M%d %d", MARGIN + at[0].x, MARGIN + at[0].y);
    for (uint32_t i = 1; i + 1 < line->n; i++) {
        int32_t ax = towards(at[i].x, at[i - 1].x, CORNER),
                ay = towards(at[i].y, at[i - 1].y, CORNER);
        int32_t bx = towards(at[i].x, at[i + 1].x, CORNER),
                by = towards(at[i].y, at[i + 1].y, CORNER);

        pgb_buf_printf(out, "L%d %dQ%d %d %d %d", MARGIN + ax, MARGIN + ay, MARGIN + at[i].x,
                       MARGIN + at[i].y, MARGIN + bx, MARGIN + by);
    }
    pgb_buf_printf(out, "L%d %d", MARGIN + at[line->n - 1].x, MARGIN + at[line->n - 1].y);
}

static const char *action_class(const char *on_delete)
{
    return strcmp(on_delete, "CASCADE") == 0       ? "cascade"
           : strcmp(on_delete, "SET NULL") == 0    ? "setnull"
           : strcmp(on_delete, "SET DEFAULT") == 0 ? "setnull"
                                                   : "refuse";
}

/* The sign where a line begins: full for what is deleted with it, hollow for what is kept, a bar
 * for what keeps it. */
static void put_sign(const pgb_er_line *line, const char *class, pgb_buf *out)
{
    int32_t x = MARGIN + line->at[0].x, y = MARGIN + line->at[0].y;
    int32_t by = line->n > 1 && line->at[1].x < line->at[0].x ? -6 : 6;

    if (strcmp(class, "refuse") == 0) {
        pgb_buf_printf(out, "<path class=\"sign\" d=\"M%d %dv10\"/>", x + by, y - 5);
    } else {
        pgb_buf_printf(out, "<circle class=\"sign\" cx=\"%d\" cy=\"%d\" r=\"3.5\"/>", x + by, y);
    }
}

static void put_arrow(const pgb_er_line *line, pgb_buf *out)
{
    const pgb_er_point *end = &line->at[line->n - 1];
    int32_t by = line->n > 1 && line->at[line->n - 2].x < end->x ? -7 : 7;

    pgb_buf_printf(out, "<path class=\"arrow\" d=\"M%d %dl%d -4v8z\"/>", MARGIN + end->x,
                   MARGIN + end->y, by);
}

static void put_line(const picture *p, uint32_t i, pgb_buf *out)
{
    const pgb_report_table *t = &p->r->tables[p->line_table[i]];
    const pgb_report_foreign_key *fk = &t->foreign_keys[p->line_fk[i]];
    const pgb_er_line *line = &p->er.lines[i];
    const char *class = action_class(fk->on_delete);
    PGB_AUTO_BUF(text);

    pgb_buf_printf(out, "<g class=\"fk %s %s\" data-fk=\"", class,
                   pgb_svg_colour(p->r, p->r->tables[line->to].made_by));
    pgb_markup_text(out, t->name);
    pgb_buf_putc(out, '.');
    pgb_markup_text(out, fk->name);
    pgb_buf_printf(&text, "%s.", t->name);
    pgb_words_foreign_key(&text, fk, "\u2192");
    pgb_buf_puts(out, "\"><title>");
    pgb_markup_text(out, pgb_buf_str(&text));
    pgb_buf_puts(out, "</title><path class=\"line\" d=\"");
    put_path(line, out);
    pgb_buf_puts(out, "\"/>");
    put_sign(line, class, out);
    put_arrow(line, out);
    pgb_buf_puts(out, "</g>\n");
    out->failed |= text.failed;
}

static void put_row(const row *w, uint32_t i, int32_t width, pgb_buf *out)
{
    int32_t y = row_y(i) + 4;

    pgb_buf_printf(out,
                   "<text class=\"key\" x=\"8\" y=\"%d\">%s</text><text class=\"col\" x=\"30\" "
                   "y=\"%d\">",
                   y, strcmp(w->sign, "PF") == 0 ? "PK" : w->sign, y);
    pgb_markup_cut(out, w->name, COLUMN_COLUMNS);
    pgb_buf_puts(out, "</text>");
    if (w->action != NULL) {
        pgb_buf_printf(out, "<text class=\"act\" x=\"%d\" y=\"%d\">%s</text>", width - 8, y,
                       w->action);
    }
}

static void put_box(const picture *p, uint32_t table, pgb_buf *out)
{
    const pgb_report *r = p->r;
    const pgb_report_table *t = &r->tables[table];
    const pgb_er_box *box = &p->er.boxes[table];
    bool link = !p->options->alone;
    PGB_AUTO_BUF(text);

    pgb_buf_printf(out, "<g class=\"table %s%s\" transform=\"translate(%d %d)\" data-find=\"",
                   pgb_svg_colour(r, t->made_by), t->touched ? " scope" : "", MARGIN + box->x,
                   MARGIN + box->y);
    pgb_markup_text(out, t->name);
    pgb_buf_puts(out, "\">");
    if (link) {
        pgb_buf_puts(out, "<a href=\"");
        pgb_markup_id(out, "#table-", t->identity);
        pgb_buf_puts(out, "\">");
    }
    pgb_buf_puts(out, "<title>");
    pgb_markup_text(out, t->name);
    pgb_buf_puts(out, ": ");
    pgb_words_table(&text, t);
    pgb_markup_text(out, pgb_buf_str(&text));
    if (t->made_by < r->n_revisions) {
        pgb_buf_puts(out, "; made by ");
        pgb_markup_text(out, r->revisions[t->made_by].id);
    }
    pgb_buf_printf(out,
                   "</title><rect class=\"box\" width=\"%d\" height=\"%d\" rx=\"5\"/>"
                   "<path class=\"tint\" d=\"M.5 %dV5A5 5 0 0 1 5 .5H%dA5 5 0 0 1 %d.5 5V%dz\"/>"
                   "<path class=\"stripe\" d=\"M5 .5A5 5 0 0 0 .5 5v%dA5 5 0 0 0 5 %d.5z\"/>"
                   "<text class=\"head\" x=\"12\" y=\"18\">",
                   box->width, box->height, HEAD_H, box->width - 5, box->width - 1, HEAD_H,
                   box->height - 10, box->height - 1);
    pgb_markup_cut(out, t->name, NAME_COLUMNS);
    pgb_buf_puts(out, "</text>");
    for (uint32_t i = 0; i < p->n_rows[table]; i++) {
        put_row(&p->rows[table][i], i, box->width, out);
    }
    pgb_buf_printf(out, "<text class=\"foot\" x=\"12\" y=\"%d\">", box->height - 8);
    out->failed |= text.failed;
    pgb_buf_clear(&text);
    pgb_words_count(&text, t->n_columns, "column");
    pgb_buf_puts(out, pgb_buf_str(&text));
    pgb_buf_puts(out, "</text>");
    if (t->made_by < r->n_revisions) {
        pgb_buf_printf(out, "<text class=\"foot rev\" x=\"%d\" y=\"%d\">", box->width - 8,
                       box->height - 8);
        pgb_markup_cut(out, r->revisions[t->made_by].id, 13);
        pgb_buf_puts(out, "</text>");
    }
    pgb_buf_puts(out, link ? "</a></g>\n" : "</g>\n");
    out->failed |= text.failed;
}

pgb_status pgb_svg_schema(const pgb_report *r, const pgb_svg_options *options, pgb_buf *out,
                          pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    PGB_AUTO_BUF(label);
    picture p = {.r = r, .options = options, .arena = arena};
    pgb_status status;

    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    if (r->n_tables == 0) {
        return PGB_OK;
    }
    if (!take_boxes(&p)) {
        return pgb_error_nomem(err);
    }
    status = pgb_er_layout(&p.er, err);
    if (status != PGB_OK) {
        return status;
    }
    pgb_buf_puts(&label, "Diagram of ");
    pgb_words_count(&label, r->n_tables, "table");
    pgb_buf_puts(&label, " and ");
    pgb_words_count(&label, p.er.n_lines, "foreign key");
    pgb_svg_begin(out, options, p.er.width + 2 * MARGIN, p.er.height + 2 * MARGIN, "schema",
                  pgb_buf_str(&label));
    for (uint32_t i = 0; i < p.er.n_lines; i++) {
        put_line(&p, i, out);
    }
    for (uint32_t i = 0; i < r->n_tables; i++) {
        put_box(&p, i, out);
    }
    pgb_svg_end(out);
    return out->failed || label.failed ? pgb_error_nomem(err) : PGB_OK;
}
