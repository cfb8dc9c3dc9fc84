/*
 * Lines between the boxes. Channel c lies left of column c, channel n_columns right of the last. In
 * each channel, lines to one box share a track: an upright trunk. Where the box stands in a column
 * that is not beside the channel, the track leads up to the box's lane above all boxes, and another
 * track leads down from there.
 */
#include <stdlib.h>
#include <string.h>

#include "report/er_internal.h"

enum { ROUNDS = 60, EXCHANGE_MAX = 200 };

/* An upright trunk: of a channel, to a box, with what joins it. */
typedef struct track {
    uint32_t channel, to;
    int32_t top, bottom; /* from where to where it goes */
    bool to_lane;        /* goes up to the lane */
    int32_t x;
} track;

/* Where a line, or a trunk, meets the track: a short line to the channel's left or right side. */
typedef struct stub {
    uint32_t track;
    int32_t y;
    bool right;
} stub;

typedef struct routing {
    pgb_er *er;
    track *tracks;
    stub *stubs;
    uint32_t n_tracks, n_stubs;
    uint32_t *source, *entry;       /* tracks of each line; the same where it needs no lane */
    int32_t *lane;                  /* of boxes, counted from below; -1: none */
    uint32_t *first, *order;        /* tracks by channel, left to right: order[first[c]] … */
    uint32_t *stub_first, *stub_at; /* stubs by track */
} routing;

typedef struct sides {
    uint32_t source, entry; /* channels */
    bool source_right;      /* the line leaves to the right */
    bool entry_right;       /* it arrives from the right */
} sides;

static sides sides_of(const pgb_er *er, const pgb_er_line *line)
{
    uint32_t from = er->boxes[line->from].column, to = er->boxes[line->to].column;

    if (from > to) {
        return (sides){from, to + 1, false, true};
    }
    if (from == to) {
        return (sides){from + 1, to + 1, true, true};
    }
    return (sides){from + 1, to, true, false};
}

/* Finds or adds the track of a box in a channel. before: the tracks of this box begin there. */
static uint32_t find_track(routing *r, uint32_t before, uint32_t channel, uint32_t to)
{
    for (uint32_t i = before; i < r->n_tracks; i++) {
        if (r->tracks[i].channel == channel) {
            return i;
        }
    }
    r->tracks[r->n_tracks] = (track){channel, to, INT32_MAX, INT32_MIN, false, 0};
    return r->n_tracks++;
}

static void join(routing *r, uint32_t t, int32_t y, bool right)
{
    track *at = &r->tracks[t];

    r->stubs[r->n_stubs++] = (stub){t, y, right};
    at->top = y < at->top ? y : at->top;
    at->bottom = y > at->bottom ? y : at->bottom;
}

static void take_line(routing *r, uint32_t i, uint32_t before)
{
    pgb_er_line *line = &r->er->lines[i];
    const pgb_er_box *from = &r->er->boxes[line->from], *to = &r->er->boxes[line->to];
    sides s = sides_of(r->er, line);

    r->source[i] = find_track(r, before, s.source, line->to);
    r->entry[i] = find_track(r, before, s.entry, line->to);
    /* a line that leaves to the right comes into its channel from the channel's left side */
    join(r, r->source[i], from->y + line->from_y, !s.source_right);
    join(r, r->entry[i], to->y + line->to_y, !s.entry_right);
    if (r->source[i] != r->entry[i]) {
        r->tracks[r->source[i]].to_lane = r->tracks[r->entry[i]].to_lane = true;
        r->lane[line->to] = 0;
    }
}

/* Lines by the box that they lead to. */
static bool take_lines(routing *r, pgb_arena *arena)
{
    const pgb_er *er = r->er;
    uint32_t *first = pgb_arena_array(arena, (size_t)er->n_boxes + 2, sizeof *first);
    uint32_t *fill = pgb_arena_array(arena, (size_t)er->n_boxes + 1, sizeof *fill);
    uint32_t *list = pgb_arena_array(arena, (size_t)er->n_lines + 1, sizeof *list);

    if (first == NULL || fill == NULL || list == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < er->n_lines; i++) {
        first[er->lines[i].to + 1]++;
    }
    for (uint32_t i = 0; i < er->n_boxes; i++) {
        first[i + 1] += first[i];
    }
    for (uint32_t i = 0; i < er->n_lines; i++) {
        uint32_t to = er->lines[i].to;

        list[first[to] + fill[to]++] = i;
    }
    for (uint32_t box = 0; box < er->n_boxes; box++) {
        uint32_t before = r->n_tracks;

        for (uint32_t k = first[box]; k < first[box + 1]; k++) {
            take_line(r, list[k], before);
        }
    }
    return true;
}

static bool sort_tracks(routing *r, pgb_arena *arena)
{
    uint32_t channels = r->er->n_columns + 1;
    uint32_t *fill = pgb_arena_array(arena, (size_t)channels + r->n_tracks + 2, sizeof *fill);

    r->first = pgb_arena_array(arena, (size_t)channels + 2, sizeof *r->first);
    r->order = pgb_arena_array(arena, (size_t)r->n_tracks + 1, sizeof *r->order);
    r->stub_first = pgb_arena_array(arena, (size_t)r->n_tracks + 2, sizeof *r->stub_first);
    r->stub_at = pgb_arena_array(arena, (size_t)r->n_stubs + 1, sizeof *r->stub_at);
    if (fill == NULL || r->first == NULL || r->order == NULL || r->stub_first == NULL ||
        r->stub_at == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < r->n_tracks; i++) {
        r->first[r->tracks[i].channel + 1]++;
    }
    for (uint32_t c = 0; c < channels; c++) {
        r->first[c + 1] += r->first[c];
    }
    for (uint32_t i = 0; i < r->n_tracks; i++) {
        uint32_t c = r->tracks[i].channel;

        r->order[r->first[c] + fill[c]++] = i;
    }
    memset(fill, 0, (size_t)r->n_tracks * sizeof *fill);
    for (uint32_t i = 0; i < r->n_stubs; i++) {
        r->stub_first[r->stubs[i].track + 1]++;
    }
    for (uint32_t i = 0; i < r->n_tracks; i++) {
        r->stub_first[i + 1] += r->stub_first[i];
    }
    for (uint32_t i = 0; i < r->n_stubs; i++) {
        uint32_t t = r->stubs[i].track;

        r->stub_at[r->stub_first[t] + fill[t]++] = i;
    }
    return true;
}

static int32_t top_of(const track *t)
{
    return t->to_lane ? INT32_MIN : t->top;
}

/* How many stubs cross when track a is left of b: those of a that go right, those of b that go
 * left, where the other passes. */
static uint32_t crossings(const routing *r, uint32_t a, uint32_t b)
{
    uint32_t sum = 0;

    for (int side = 0; side <= 1; side++) {
        uint32_t own = side == 0 ? a : b;
        const track *other = &r->tracks[side == 0 ? b : a];

        for (uint32_t k = r->stub_first[own]; k < r->stub_first[own + 1]; k++) {
            const stub *s = &r->stubs[r->stub_at[k]];

            sum += s->right == (side == 0) && s->y >= top_of(other) && s->y <= other->bottom;
        }
    }
    return sum;
}

static void exchange_tracks(routing *r)
{
    for (uint32_t c = 0; c <= r->er->n_columns; c++) {
        uint32_t from = r->first[c], n = r->first[c + 1] - from;
        bool changed = n <= EXCHANGE_MAX;

        for (unsigned round = 0; changed && round < ROUNDS; round++) {
            changed = false;
            for (uint32_t i = from; i + 1 < from + n; i++) {
                uint32_t a = r->order[i], b = r->order[i + 1];

                if (crossings(r, b, a) < crossings(r, a, b)) {
                    r->order[i] = b;
                    r->order[i + 1] = a;
                    changed = true;
                }
            }
        }
    }
}

/* Sets x of columns and tracks. */
static bool set_x(routing *r, pgb_arena *arena)
{
    pgb_er *er = r->er;
    int32_t *wide = pgb_arena_array(arena, (size_t)er->n_columns + 1, sizeof *wide), x = 0;

    if (wide == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < er->n_boxes; i++) {
        int32_t *w = &wide[er->boxes[i].column];

        *w = er->boxes[i].width > *w ? er->boxes[i].width : *w;
    }
    for (uint32_t c = 0; c <= er->n_columns; c++) {
        uint32_t n = r->first[c + 1] - r->first[c];
        bool edge = c == 0 || c == er->n_columns;

        for (uint32_t i = 0; i < n; i++) {
            r->tracks[r->order[r->first[c] + i]].x = x + ER_MARGIN + (int32_t)i * ER_TRACK;
        }
        if (n > 0) {
            x += 2 * ER_MARGIN + (int32_t)(n - 1) * ER_TRACK;
        } else if (!edge) {
            x += 2 * ER_MARGIN;
        }
        for (uint32_t i = 0; c < er->n_columns && i < er->n_boxes; i++) {
            if (er->boxes[i].column == c) {
                er->boxes[i].x = x;
                er->boxes[i].width = wide[c];
            }
        }
        x += c < er->n_columns ? wide[c] : 0;
    }
    er->width = x;
    return true;
}

/* Lanes: one for each box that needs one, packed so that lanes which never meet share a height; the
 * shortest lie lowest, so that few trunks cross them. */
typedef struct reach {
    int32_t from, to;
    uint32_t box;
} reach;

static int by_length(const void *a, const void *b)
{
    const reach *s = a, *t = b;
    int32_t x = s->to - s->from, y = t->to - t->from;

    return x != y ? (x < y ? -1 : 1) : (s->box < t->box ? -1 : s->box > t->box);
}

static bool set_lanes(routing *r, pgb_arena *arena, int32_t *ret_height)
{
    pgb_er *er = r->er;
    reach *list = pgb_arena_array(arena, (size_t)er->n_boxes + 1, sizeof *list);
    reach *of = pgb_arena_array(arena, (size_t)er->n_boxes + 1, sizeof *of);
    uint32_t n = 0;
    int32_t lanes = 0;

    if (list == NULL || of == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < er->n_boxes; i++) {
        of[i] = (reach){INT32_MAX, INT32_MIN, i};
    }
    for (uint32_t i = 0; i < r->n_tracks; i++) {
        const track *t = &r->tracks[i];

        if (t->to_lane) {
            of[t->to].from = t->x < of[t->to].from ? t->x : of[t->to].from;
            of[t->to].to = t->x > of[t->to].to ? t->x : of[t->to].to;
        }
    }
    for (uint32_t i = 0; i < er->n_boxes; i++) {
        if (r->lane[i] == 0) {
            list[n++] = of[i];
        }
    }
    qsort(list, n, sizeof *list, by_length);
    for (uint32_t i = 0; i < n; i++) {
        int32_t lane = 0;

        for (uint32_t k = 0; k < i; k++) {
            bool meet =
                list[k].from <= list[i].to + ER_TRACK && list[i].from <= list[k].to + ER_TRACK;

            if (meet && r->lane[list[k].box] >= lane) {
                lane = r->lane[list[k].box] + 1;
            }
        }
        r->lane[list[i].box] = lane;
        lanes = lane + 1 > lanes ? lane + 1 : lanes;
    }
    *ret_height = n == 0 ? 0 : ER_MARGIN + lanes * ER_TRACK;
    return true;
}

static void add_point(pgb_er_line *line, int32_t x, int32_t y)
{
    if (line->n > 0 && line->at[line->n - 1].x == x && line->at[line->n - 1].y == y) {
        return;
    }
    line->at[line->n++] = (pgb_er_point){x, y};
}

static void draw_line(routing *r, uint32_t i, int32_t height)
{
    pgb_er_line *line = &r->er->lines[i];
    const pgb_er_box *from = &r->er->boxes[line->from], *to = &r->er->boxes[line->to];
    sides s = sides_of(r->er, line);
    int32_t y = from->y + line->from_y, end = to->y + line->to_y;
    int32_t source = r->tracks[r->source[i]].x, entry = r->tracks[r->entry[i]].x;

    line->n = 0;
    add_point(line, s.source_right ? from->x + from->width : from->x, y);
    add_point(line, source, y);
    if (source != entry) {
        int32_t lane = height - ER_MARGIN - r->lane[line->to] * ER_TRACK;

        add_point(line, source, lane);
        add_point(line, entry, lane);
    }
    add_point(line, entry, end);
    add_point(line, s.entry_right ? to->x + to->width : to->x, end);
}

static bool begin(routing *r, pgb_arena *arena)
{
    const pgb_er *er = r->er;
    size_t lines = (size_t)er->n_lines + 1;

    r->tracks = pgb_arena_array(arena, 2 * lines, sizeof *r->tracks);
    r->stubs = pgb_arena_array(arena, 2 * lines, sizeof *r->stubs);
    r->source = pgb_arena_array(arena, lines, sizeof *r->source);
    r->entry = pgb_arena_array(arena, lines, sizeof *r->entry);
    r->lane = pgb_arena_array(arena, (size_t)er->n_boxes + 1, sizeof *r->lane);
    if (r->tracks == NULL || r->stubs == NULL || r->source == NULL || r->entry == NULL ||
        r->lane == NULL) {
        return false;
    }
    memset(r->lane, 0xFF, (size_t)er->n_boxes * sizeof *r->lane);
    return true;
}

pgb_status pgb_er_route(pgb_er *er, pgb_arena *arena, pgb_error *err)
{
    routing r = {.er = er};
    int32_t height;

    if (!begin(&r, arena) || !take_lines(&r, arena) || !sort_tracks(&r, arena)) {
        return pgb_error_nomem(err);
    }
    exchange_tracks(&r);
    if (!set_x(&r, arena) || !set_lanes(&r, arena, &height)) {
        return pgb_error_nomem(err);
    }
    er->height = 0;
    for (uint32_t i = 0; i < er->n_boxes; i++) {
        er->boxes[i].y += height;
        if (er->boxes[i].y + er->boxes[i].height > er->height) {
            er->height = er->boxes[i].y + er->boxes[i].height;
        }
    }
    for (uint32_t i = 0; i < er->n_lines; i++) {
        draw_line(&r, i, height);
    }
    return PGB_OK;
}
