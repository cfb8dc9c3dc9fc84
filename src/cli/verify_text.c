/* Differences for people: by table, each with both sides and what would mend it. */
#include <stdlib.h>

#include "cli/verify.h"

enum {
    SHOWN_LINES = 12,
    SHOWN_WHOLE =
        60, /* differences that are shown with both sides; a summary stands for the rest */
    SHOWN_GROUPS = 20 /* lines of the summary */
};

/* A text's lines [from, to) of n, each behind the indentation. */
typedef struct lines {
    const char *at;
    size_t n;
} lines;

static lines lines_of(const char *text)
{
    lines l = {text, 1};

    for (const char *p = text; (p = strchr(p, '\n')) != NULL && p[1] != '\0'; p++) {
        l.n++;
    }
    return l;
}

static const char *line_at(lines l, size_t nth, size_t *ret_len)
{
    const char *p = l.at;

    for (size_t i = 0; i < nth; i++) {
        p = strchr(p, '\n') + 1;
    }
    *ret_len = strcspn(p, "\n");
    return p;
}

static bool same_line(lines a, size_t i, lines b, size_t j)
{
    size_t la, lb;
    const char *x = line_at(a, i, &la), *y = line_at(b, j, &lb);

    return la == lb && memcmp(x, y, la) == 0;
}

/* "      expected  text", further lines below it. */
static void put_side(pgb_ctx *ctx, const char *label, lines l, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        size_t len;
        const char *line = line_at(l, i, &len);

        if (i - from == SHOWN_LINES && to - i > 1) {
            pgb_out_printf(ctx->out, "                ... %zu more lines (--format json has all)\n",
                           to - i);
            return;
        }
        pgb_out_printf(ctx->out, "      %-10s", i == from ? label : "");
        pgb_out_text(ctx->out, line, len);
        pgb_out_raw(ctx->out, "\n", 1);
    }
}

/* Both sides; of long texts only the lines that differ. */
static void put_sides(pgb_ctx *ctx, const pgb_difference *d)
{
    lines a = lines_of(d->expected != NULL ? d->expected : ""), b;
    size_t head = 0, tail = 0;

    b = lines_of(d->actual != NULL ? d->actual : "");
    if (d->expected != NULL && d->actual != NULL && (a.n > 1 || b.n > 1)) {
        while (head < a.n && head < b.n && same_line(a, head, b, head)) {
            head++;
        }
        while (tail < a.n - head && tail < b.n - head &&
               same_line(a, a.n - 1 - tail, b, b.n - 1 - tail)) {
            tail++;
        }
        pgb_out_printf(ctx->out, "      from line %zu\n", head + 1);
    }
    if (d->expected != NULL && a.n - tail > head) {
        put_side(ctx, "expected", a, head, a.n - tail);
    } else if (d->change != PGB_DIFF_EXTRA) {
        pgb_out_puts(ctx->out, "      expected  nothing\n");
    }
    if (d->actual != NULL && b.n - tail > head) {
        put_side(ctx, "actual", b, head, b.n - tail);
    } else if (d->change != PGB_DIFF_MISSING) {
        pgb_out_puts(ctx->out, "      actual    nothing\n");
    }
}

static void put_difference(pgb_ctx *ctx, const pgb_difference *d)
{
    const char *name = d->object;

    pgb_out_puts(ctx->out, "  ");
    pgb_out_styled(ctx->out, PGB_STYLE_BAD, pgb_change_name(d->change));
    pgb_out_printf(ctx->out, "%s %s ", d->change == PGB_DIFF_EXTRA ? "  " : "", d->kind);
    pgb_out_styled(ctx->out, PGB_STYLE_BOLD, name);
    if (d->property != NULL) {
        pgb_out_printf(ctx->out, ": %s", d->property);
    }
    pgb_out_raw(ctx->out, "\n", 1);
    /* what makes a missing object says what it is */
    if (d->change != PGB_DIFF_MISSING || d->sql == NULL) {
        put_sides(ctx, d);
    }
    if (d->sql != NULL) {
        lines sql = lines_of(d->sql);

        put_side(ctx, "mend", sql, 0, sql.n);
    }
}

/* Differences of no table first, then table by table; within one in their own order. */
static int by_table(const void *a, const void *b)
{
    const pgb_difference *const *x = a, *const *y = b;
    const char *s = (*x)->table, *t = (*y)->table;

    if (s == NULL || t == NULL) {
        return s == t ? (*x > *y) - (*x < *y) : (s != NULL) - (t != NULL);
    }
    return strcmp(s, t) != 0 ? strcmp(s, t) : (*x > *y) - (*x < *y);
}

/* What belongs together in the summary: a table's differences, or those of a kind that are of no
 * table. */
typedef struct group {
    const char *name;
    const char *prefix; /* before a kind's name */
    uint32_t n, by_change[3];
} group;

static int by_count(const void *a, const void *b)
{
    const group *x = a, *y = b;

    return x->n != y->n ? (x->n < y->n) - (x->n > y->n) : strcmp(x->name, y->name);
}

/* How many where, of all of them: the largest first. */
static void put_summary(pgb_ctx *ctx, const pgb_difference *const *sorted, uint32_t n,
                        uint32_t hidden)
{
    group *groups = pgb_arena_array(ctx->arena, n + 1, sizeof *groups);
    size_t count = 0;

    if (groups == NULL) {
        ctx->out->buf.failed = true;
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        const pgb_difference *d = sorted[i];
        const char *name = d->table != NULL ? d->table : d->kind;
        group *last = count > 0 ? &groups[count - 1] : NULL;

        if (last == NULL || strcmp(last->name, name) != 0 ||
            (last->prefix[0] == '\0') != (d->table != NULL)) {
            last = &groups[count++];
            *last = (group){.name = name, .prefix = d->table != NULL ? "" : "kind "};
        }
        last->n++;
        last->by_change[d->change]++;
    }
    qsort(groups, count, sizeof *groups, by_count);
    pgb_out_printf(
        ctx->out,
        "%u more %s not shown (-v shows all of them, --format json too). Where they all are:\n",
        hidden, hidden == 1 ? "is" : "are");
    for (size_t i = 0; i < count && i < SHOWN_GROUPS; i++) {
        const char *between = "";

        pgb_out_printf(ctx->out, "  %s%s: ", groups[i].prefix, groups[i].name);
        for (int c = 0; c < 3; c++) {
            if (groups[i].by_change[c] > 0) {
                pgb_out_printf(ctx->out, "%s%u %s", between, groups[i].by_change[c],
                               pgb_change_name((pgb_change)c));
                between = ", ";
            }
        }
        pgb_out_raw(ctx->out, "\n", 1);
    }
    if (count > SHOWN_GROUPS) {
        pgb_out_printf(ctx->out, "  ... and %zu more tables and kinds\n", count - SHOWN_GROUPS);
    }
    pgb_out_raw(ctx->out, "\n", 1);
}

static void put_all(pgb_ctx *ctx, const pgb_differences *all)
{
    const pgb_difference **sorted = pgb_arena_array(ctx->arena, all->n + 1, sizeof(void *));
    const char *table = NULL;
    uint32_t n = 0, shown;

    if (sorted == NULL) {
        ctx->out->buf.failed = true;
        return;
    }
    for (uint32_t i = 0; i < all->n; i++) {
        if (!all->at[i].note) { /* those are said below */
            sorted[n++] = &all->at[i];
        }
    }
    if (n == 0) {
        return;
    }
    qsort(sorted, n, sizeof(void *), by_table);
    /* a few more are sooner read than summed up */
    shown = ctx->verbose > 0 || n <= SHOWN_WHOLE + SHOWN_WHOLE / 4 ? n : SHOWN_WHOLE;
    for (uint32_t i = 0; i < shown; i++) {
        const pgb_difference *d = sorted[i];

        if (d->table != NULL && (table == NULL || strcmp(table, d->table) != 0)) {
            pgb_out_raw(ctx->out, "\n", i > 0 ? 1 : 0);
            pgb_out_printf(ctx->out, "%s\n", d->table);
        }
        table = d->table;
        put_difference(ctx, d);
        pgb_out_turn(ctx->out);
    }
    pgb_out_raw(ctx->out, "\n", 1);
    if (shown < n) {
        put_summary(ctx, sorted, n, n - shown);
    }
}

static void put_figure(pgb_ctx *ctx, uint32_t n, const char *what, const char *before)
{
    size_t len = strlen(what);
    bool es = n != 1 && len > 1 && what[len - 1] == 'x';

    pgb_out_printf(ctx->out, "%s%u %s%s", before, n, what, n == 1 ? "" : es ? "es" : "s");
}

static void put_counts(pgb_ctx *ctx, const pgb_catalog *catalog)
{
    pgb_counts c;

    pgb_catalog_count(catalog, NULL, &c);
    put_figure(ctx, c.tables, "table", "");
    put_figure(ctx, c.columns, "column", ", ");
    put_figure(ctx, c.foreign_keys, "foreign key", ", ");
    put_figure(ctx, c.indexes, "index", ", ");
    put_figure(ctx, c.checks, "check", ", ");
    pgb_out_raw(ctx->out, "\n", 1);
}

void pgb_verify_show_text(pgb_ctx *ctx, const pgb_verdict *v)
{
    uint32_t n = pgb_verdict_count(v), by_change[3] = {0};

    put_all(ctx, &v->differences);
    for (uint32_t i = 0; i < v->differences.n; i++) {
        by_change[v->differences.at[i].change] += !v->differences.at[i].note;
    }
    for (uint32_t i = 0; i < v->n_notes; i++) {
        pgb_out_printf(ctx->out, "note: %s\n", v->notes[i].text);
    }
    for (uint32_t i = 0; i < v->n_ignores; i++) {
        if (v->ignores[i].n > 0) {
            pgb_out_printf(ctx->out, "ignored: %u by \"%s\" (%s)\n", v->ignores[i].n,
                           v->ignores[i].pattern, v->ignores[i].reason);
        }
    }
    if (!v->verified) {
        pgb_out_styled(ctx->out, PGB_STYLE_BAD, "Not verified");
    } else if (n == 0) {
        pgb_out_styled(ctx->out, PGB_STYLE_GOOD, "Equal");
    } else {
        pgb_out_style(ctx->out, PGB_STYLE_BAD);
        put_figure(ctx, n, "difference", "");
        pgb_out_style(ctx->out, PGB_STYLE_NONE);
        pgb_out_printf(ctx->out, " (%u missing, %u extra, %u changed)", by_change[PGB_DIFF_MISSING],
                       by_change[PGB_DIFF_EXTRA], by_change[PGB_DIFF_CHANGED]);
    }
    pgb_out_printf(ctx->out, " against %s: ", v->against);
    put_counts(ctx, v->actual);
}
