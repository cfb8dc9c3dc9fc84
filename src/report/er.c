/* Boxes into columns. */
#include "report/er.h"

#include <stdlib.h>
#include <string.h>

#include "report/er_internal.h"

enum {
    CHANNEL = 80,      /* what a channel takes, before it is known */
    SWEEPS = 8,        /* over the columns */
    EXCHANGES = 24,    /* rounds within a column */
    EXCHANGE_MAX = 600 /* boxes in a diagram whose neighbours are exchanged */
};

/* The lines of each box, either way. */
typedef struct ties {
    uint32_t *first, *line;
} ties;

static bool find_ties(const pgb_er *er, pgb_arena *arena, ties *t)
{
    uint32_t *fill = pgb_arena_array(arena, (size_t)er->n_boxes + 2, sizeof *fill);

    t->first = pgb_arena_array(arena, (size_t)er->n_boxes + 2, sizeof *t->first);
    t->line = pgb_arena_array(arena, 2 * (size_t)er->n_lines + 1, sizeof *t->line);
    if (fill == NULL || t->first == NULL || t->line == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < er->n_lines; i++) {
        if (er->lines[i].from != er->lines[i].to) {
            t->first[er->lines[i].from + 1]++;
            t->first[er->lines[i].to + 1]++;
        }
    }
    for (uint32_t i = 0; i < er->n_boxes; i++) {
        t->first[i + 1] += t->first[i];
    }
    for (uint32_t i = 0; i < er->n_lines; i++) {
        uint32_t a = er->lines[i].from, b = er->lines[i].to;

        if (a != b) {
            t->line[t->first[a] + fill[a]++] = i;
            t->line[t->first[b] + fill[b]++] = i;
        }
    }
    return true;
}

/*
 * Depths: the longest chain of references down from each box. Where references go round, the box
 * that waits for the fewest is taken as if it waited for none.
 */
static bool find_depths(const pgb_er *er, const ties *t, pgb_arena *arena, uint32_t *depth)
{
    uint32_t *waits = pgb_arena_array(arena, (size_t)er->n_boxes + 1, sizeof *waits);
    uint32_t *ready = pgb_arena_array(arena, (size_t)er->n_boxes + 1, sizeof *ready);
    bool *done = pgb_arena_array(arena, (size_t)er->n_boxes + 1, sizeof *done);
    uint32_t n = 0, at = 0;

    if (waits == NULL || ready == NULL || done == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < er->n_lines; i++) {
        waits[er->lines[i].from] += er->lines[i].from != er->lines[i].to;
    }
    for (uint32_t i = 0; i < er->n_boxes; i++) {
        if (waits[i] == 0) {
            ready[n++] = i;
            done[i] = true;
        }
    }
    while (at < er->n_boxes) {
        uint32_t box;

        if (at == n) {
            uint32_t best = UINT32_MAX;

            for (uint32_t i = 0; i < er->n_boxes; i++) {
                if (!done[i] && (best == UINT32_MAX || waits[i] < waits[best])) {
                    best = i;
                }
            }
            done[best] = true;
            ready[n++] = best;
        }
        box = ready[at++];
        for (uint32_t k = t->first[box]; k < t->first[box + 1]; k++) {
            const pgb_er_line *line = &er->lines[t->line[k]];

            if (line->to == box && !done[line->from]) {
                if (depth[line->from] < depth[box] + 1) {
                    depth[line->from] = depth[box] + 1;
                }
                if (--waits[line->from] == 0) {
                    done[line->from] = true;
                    ready[n++] = line->from;
                }
            }
        }
    }
    return true;
}

/* Who stands before whom when columns are filled: tied ones first, by depth, by group, as given. */
typedef struct filling {
    uint32_t box, depth, group;
    bool alone;
} filling;

static int by_filling(const void *a, const void *b)
{
    const filling *s = a, *t = b;

    if (s->alone != t->alone) {
        return s->alone ? 1 : -1;
    }
    if (s->depth != t->depth) {
        return s->depth < t->depth ? -1 : 1;
    }
    if (s->group != t->group) {
        return s->group < t->group ? -1 : 1;
    }
    return s->box < t->box ? -1 : s->box > t->box;
}

/* How many columns give the whole the shape of a screen: three to two. */
static uint32_t choose_columns(const pgb_er *er, int64_t total, int64_t widest)
{
    uint32_t best = 1;
    int64_t best_off = INT64_MAX;

    for (uint32_t n = 1; n <= er->n_boxes && n <= 200; n++) {
        int64_t off = 2 * (int64_t)n * (widest + CHANNEL) - 3 * (total / n);

        off = off < 0 ? -off : off;
        if (off < best_off) {
            best_off = off;
            best = n;
        }
    }
    return best;
}

/* Rows of the columns: boxes of column c are row[first[c]] … */
typedef struct columns {
    uint32_t *first, *row;
} columns;

static bool fill_columns(pgb_er *er, const ties *t, const uint32_t *depth, pgb_arena *arena,
                         columns *c)
{
    filling *list = pgb_arena_array(arena, (size_t)er->n_boxes + 1, sizeof *list);
    int64_t total = 0, widest = 0, used = 0;
    uint32_t n, column = 0;

    c->first = pgb_arena_array(arena, (size_t)er->n_boxes + 2, sizeof *c->first);
    c->row = pgb_arena_array(arena, (size_t)er->n_boxes + 1, sizeof *c->row);
    if (list == NULL || c->first == NULL || c->row == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < er->n_boxes; i++) {
        list[i] = (filling){i, depth[i], er->boxes[i].group, t->first[i] == t->first[i + 1]};
        total += er->boxes[i].height + er->gap;
        widest = er->boxes[i].width > widest ? er->boxes[i].width : widest;
    }
    qsort(list, er->n_boxes, sizeof *list, by_filling);
    n = choose_columns(er, total, widest);
    for (uint32_t i = 0; i < er->n_boxes; i++) {
        pgb_er_box *box = &er->boxes[list[i].box];
        int64_t height = box->height + er->gap;

        /* the next column begins where this one's share ends, to the nearer side */
        if (column + 1 < n && used + height / 2 > total * (column + 1) / n) {
            c->first[++column] = i;
        }
        used += height;
        box->column = column;
        c->row[i] = list[i].box;
    }
    er->n_columns = er->n_boxes == 0 ? 0 : column + 1;
    c->first[er->n_columns] = er->n_boxes;
    return true;
}

static void stack(pgb_er *er, const columns *c, uint32_t column)
{
    int32_t y = 0;

    for (uint32_t i = c->first[column]; i < c->first[column + 1]; i++) {
        er->boxes[c->row[i]].y = y;
        y += er->boxes[c->row[i]].height + er->gap;
    }
}

/* How far a box's lines go up and down. */
static int64_t length(const pgb_er *er, const ties *t, uint32_t box)
{
    int64_t sum = 0;

    for (uint32_t k = t->first[box]; k < t->first[box + 1]; k++) {
        const pgb_er_line *line = &er->lines[t->line[k]];
        int64_t d =
            (int64_t)er->boxes[line->from].y + line->from_y - er->boxes[line->to].y - line->to_y;

        sum += d < 0 ? -d : d;
    }
    return sum;
}

typedef struct wish {
    int64_t y;
    uint32_t box, place;
} wish;

static int by_wish(const void *a, const void *b)
{
    const wish *s = a, *t = b;

    return s->y != t->y ? (s->y < t->y ? -1 : 1) : (s->place < t->place ? -1 : s->place > t->place);
}

/* Sorts a column by where its boxes' lines pull them. */
static void pull(pgb_er *er, const ties *t, const columns *c, uint32_t column, wish *wishes)
{
    uint32_t from = c->first[column], n = c->first[column + 1] - from;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t box = c->row[from + i], links = t->first[box + 1] - t->first[box];
        int64_t sum = 0;

        for (uint32_t k = t->first[box]; k < t->first[box + 1]; k++) {
            const pgb_er_line *line = &er->lines[t->line[k]];
            const pgb_er_box *other = &er->boxes[line->from == box ? line->to : line->from];

            sum += other->y + other->height / 2;
        }
        wishes[i] =
            (wish){links > 0 ? sum / links : er->boxes[box].y + er->boxes[box].height / 2, box, i};
    }
    qsort(wishes, n, sizeof *wishes, by_wish);
    for (uint32_t i = 0; i < n; i++) {
        c->row[from + i] = wishes[i].box;
    }
    stack(er, c, column);
}

static bool exchange(pgb_er *er, const ties *t, const columns *c, uint32_t column)
{
    bool changed = false;

    for (uint32_t i = c->first[column]; i + 1 < c->first[column + 1]; i++) {
        uint32_t a = c->row[i], b = c->row[i + 1];
        int32_t y = er->boxes[a].y, old = er->boxes[b].y;
        int64_t before = length(er, t, a) + length(er, t, b);

        er->boxes[b].y = y;
        er->boxes[a].y = y + er->boxes[b].height + er->gap;
        if (length(er, t, a) + length(er, t, b) < before) {
            c->row[i] = b;
            c->row[i + 1] = a;
            changed = true;
        } else {
            er->boxes[a].y = y;
            er->boxes[b].y = old;
        }
    }
    return changed;
}

static int64_t all_lengths(const pgb_er *er, const ties *t)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < er->n_boxes; i++) {
        sum += length(er, t, i);
    }
    return sum;
}

static void arrange(pgb_er *er, const ties *t, const columns *c, wish *wishes, uint32_t *best)
{
    int64_t shortest;

    for (uint32_t k = 0; k < er->n_columns; k++) {
        stack(er, c, k);
    }
    shortest = all_lengths(er, t);
    memcpy(best, c->row, (size_t)er->n_boxes * sizeof *best);
    for (unsigned sweep = 0; sweep < SWEEPS; sweep++) {
        int64_t now;

        for (uint32_t k = 0; k < er->n_columns; k++) {
            pull(er, t, c, sweep % 2 == 0 ? k : er->n_columns - 1 - k, wishes);
        }
        for (unsigned round = 0; er->n_boxes <= EXCHANGE_MAX && round < EXCHANGES; round++) {
            bool changed = false;

            for (uint32_t k = 0; k < er->n_columns; k++) {
                changed |= exchange(er, t, c, k);
            }
            if (!changed) {
                break;
            }
        }
        now = all_lengths(er, t);
        if (now < shortest) {
            shortest = now;
            memcpy(best, c->row, (size_t)er->n_boxes * sizeof *best);
        }
    }
    memcpy(c->row, best, (size_t)er->n_boxes * sizeof *best);
    for (uint32_t k = 0; k < er->n_columns; k++) {
        stack(er, c, k);
    }
}

pgb_status pgb_er_place(pgb_er *er, pgb_arena *arena, pgb_error *err)
{
    uint32_t *depth = pgb_arena_array(arena, (size_t)er->n_boxes + 1, sizeof *depth);
    uint32_t *best = pgb_arena_array(arena, (size_t)er->n_boxes + 1, sizeof *best);
    wish *wishes = pgb_arena_array(arena, (size_t)er->n_boxes + 1, sizeof *wishes);
    ties t;
    columns c;

    if (depth == NULL || best == NULL || wishes == NULL || !find_ties(er, arena, &t) ||
        !find_depths(er, &t, arena, depth) || !fill_columns(er, &t, depth, arena, &c)) {
        return pgb_error_nomem(err);
    }
    arrange(er, &t, &c, wishes, best);
    return PGB_OK;
}

pgb_status pgb_er_layout(pgb_er *er, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    pgb_status status = arena == NULL ? pgb_error_nomem(err) : pgb_er_place(er, arena, err);

    return status == PGB_OK ? pgb_er_route(er, arena, err) : status;
}
