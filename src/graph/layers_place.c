/*
 * Coordinates by Brandes and Köpf: points are put below each other in blocks, four times (from
 * above and from below, from the left and from the right), and each point takes the middle of its
 * four places. Each of the four keeps the gaps, so the middles do.
 *
 * The four are one procedure over a view of the points, turned as need be.
 */
#include <string.h>

#include "graph/layers_internal.h"

/* The points seen from one of four sides. */
typedef struct view {
    const pgb_points *p;
    bool from_above; /* layers are gone through from the top, blocks hang on what is above */
    bool from_right;
    int32_t gap, rail;
    uint32_t *root, *align;  /* of points: the block's first, and the next in the block */
    const bool *conflict;    /* of links: not to be straightened */
    uint32_t *order, *waits; /* of blocks: those to the left first */
    uint32_t n_blocks;
    int32_t *x; /* of points; of blocks, by root, while they are compacted */
} view;

static bool is_bend(const pgb_points *p, uint32_t point)
{
    return point >= p->n_real;
}

/* The i-th point of a layer, from the view's left. */
static uint32_t point_at(const view *v, uint32_t layer, uint32_t i)
{
    const pgb_points *p = v->p;

    return v->from_right ? p->row[p->first[layer + 1] - 1 - i] : p->row[p->first[layer] + i];
}

static uint32_t width_of(const pgb_points *p, uint32_t layer)
{
    return p->first[layer + 1] - p->first[layer];
}

static uint32_t pos_of(const view *v, uint32_t point)
{
    const pgb_points *p = v->p;

    return v->from_right ? width_of(p, p->layer[point]) - 1 - p->pos[point] : p->pos[point];
}

/* Between the middles of two neighbours. */
static int32_t distance(const view *v, uint32_t a, uint32_t b)
{
    bool rail = is_bend(v->p, a) && is_bend(v->p, b);

    return (v->p->width[a] + v->p->width[b] + 1) / 2 + (rail ? v->rail : v->gap);
}

/*
 * Links that cross the inner part of a longer edge are not straightened, so that long edges are.
 */
static uint32_t bend_above(const pgb_points *p, uint32_t point)
{
    if (is_bend(p, point) && p->up_first[point] < p->up_first[point + 1]) {
        uint32_t upper = p->upper[p->up[p->up_first[point]]];

        return is_bend(p, upper) ? upper : PGB_NODE_NONE;
    }
    return PGB_NODE_NONE;
}

static void mark_outside(const pgb_points *p, bool *conflict, uint32_t point, uint32_t left,
                         uint32_t right)
{
    for (uint32_t k = p->up_first[point]; k < p->up_first[point + 1]; k++) {
        uint32_t link = p->up[k], upper = p->upper[link], at = p->pos[upper];

        if ((at < left || at > right) && !(is_bend(p, point) && is_bend(p, upper))) {
            conflict[link] = true;
        }
    }
}

static void find_conflicts(const pgb_points *p, bool *conflict)
{
    for (uint32_t l = 0; l + 1 < p->n_layers; l++) {
        uint32_t n = width_of(p, l), scanned = 0, left = 0;

        for (uint32_t i = 0; i < n; i++) {
            uint32_t upper = bend_above(p, p->row[p->first[l] + i]), right;

            if (upper == PGB_NODE_NONE && i + 1 < n) {
                continue;
            }
            right = upper != PGB_NODE_NONE ? p->pos[upper] : width_of(p, l + 1);
            for (; scanned <= i; scanned++) {
                mark_outside(p, conflict, p->row[p->first[l] + scanned], left, right);
            }
            left = right;
        }
    }
}

/* Puts the point into the block of one of the middles of what it hangs on. */
static void align_point(view *v, uint32_t point, int64_t *taken)
{
    const pgb_points *p = v->p;
    const uint32_t *first = v->from_above ? p->up_first : p->down_first;
    const uint32_t *list = v->from_above ? p->up : p->down;
    const uint32_t *far = v->from_above ? p->upper : p->lower;
    uint32_t n = first[point + 1] - first[point];

    if (n == 0) {
        return;
    }
    for (uint32_t k = 0; k < 2; k++) {
        /* the two middles, from the view's left; the same one twice when n is odd */
        uint32_t middle = k == 0 ? (n - 1) / 2 : n / 2;
        uint32_t link = list[first[point] + (v->from_right ? n - 1 - middle : middle)];
        uint32_t other = far[link];

        if (v->align[point] == point && !v->conflict[link] && taken[0] < pos_of(v, other)) {
            v->align[other] = point;
            v->root[point] = v->root[other];
            v->align[point] = v->root[point];
            taken[0] = pos_of(v, other);
        }
    }
}

static void align(view *v)
{
    const pgb_points *p = v->p;

    for (uint32_t i = 0; i < p->n; i++) {
        v->root[i] = v->align[i] = i;
    }
    for (uint32_t k = 1; k < p->n_layers; k++) {
        uint32_t layer = v->from_above ? p->n_layers - 1 - k : k;
        int64_t taken = -1;

        for (uint32_t i = 0; i < width_of(p, layer); i++) {
            align_point(v, point_at(v, layer, i), &taken);
        }
    }
}

/* The neighbour of a point in its layer, on the view's right or left; PGB_NODE_NONE: there is none.
 */
static uint32_t beside(const view *v, uint32_t point, bool right)
{
    uint32_t layer = v->p->layer[point], at = pos_of(v, point);

    if (right) {
        return at + 1 < width_of(v->p, layer) ? point_at(v, layer, at + 1) : PGB_NODE_NONE;
    }
    return at > 0 ? point_at(v, layer, at - 1) : PGB_NODE_NONE;
}

/* Blocks in an order in which those to the left of another come before it. */
static void order_blocks(view *v)
{
    const pgb_points *p = v->p;
    uint32_t n = 0;

    memset(v->waits, 0, (size_t)p->n * sizeof *v->waits);
    for (uint32_t i = 0; i < p->n; i++) {
        v->waits[v->root[i]] += pos_of(v, i) > 0;
    }
    for (uint32_t i = 0; i < p->n; i++) {
        if (v->root[i] == i && v->waits[i] == 0) {
            v->order[n++] = i;
        }
    }
    for (uint32_t done = 0; done < n; done++) {
        uint32_t block = v->order[done], point = block;

        do {
            uint32_t next = beside(v, point, true);

            if (next != PGB_NODE_NONE && --v->waits[v->root[next]] == 0) {
                v->order[n++] = v->root[next];
            }
            point = v->align[point];
        } while (point != block);
    }
    v->n_blocks = n;
}

/* Each block as far to the left as it can be, then to the right where that lengthens nothing. */
static void compact(view *v)
{
    for (uint32_t i = 0; i < v->n_blocks; i++) {
        uint32_t block = v->order[i], point = block;

        v->x[block] = 0;
        do {
            uint32_t left = beside(v, point, false);

            if (left != PGB_NODE_NONE) {
                int32_t x = v->x[v->root[left]] + distance(v, left, point);

                v->x[block] = x > v->x[block] ? x : v->x[block];
            }
            point = v->align[point];
        } while (point != block);
    }
    for (uint32_t i = v->n_blocks; i-- > 0;) {
        uint32_t block = v->order[i], point = block;
        int32_t most = INT32_MAX;

        do {
            uint32_t right = beside(v, point, true);

            if (right != PGB_NODE_NONE) {
                int32_t x = v->x[v->root[right]] - distance(v, point, right);

                most = x < most ? x : most;
            }
            point = v->align[point];
        } while (point != block);
        if (most != INT32_MAX && most > v->x[block]) {
            v->x[block] = most;
        }
    }
}

static void place_view(view *v)
{
    align(v);
    order_blocks(v);
    compact(v);
    /* roots last: the others take their block's place from them */
    for (uint32_t i = 0; i < v->p->n; i++) {
        if (v->root[i] != i) {
            v->x[i] = v->x[v->root[i]];
        }
    }
    for (uint32_t i = 0; v->from_right && i < v->p->n; i++) {
        v->x[i] = -v->x[i];
    }
}

static void extent(const pgb_points *p, const int32_t *x, int32_t *ret_left, int32_t *ret_right)
{
    int32_t left = INT32_MAX, right = INT32_MIN;

    for (uint32_t i = 0; i < p->n; i++) {
        int32_t half = (p->width[i] + 1) / 2;

        left = x[i] - half < left ? x[i] - half : left;
        right = x[i] + half > right ? x[i] + half : right;
    }
    *ret_left = left;
    *ret_right = right;
}

/* Lays the four over each other: those from the left by their left edges, the others by their
 * right ones, where the narrowest has them. */
static void join(const pgb_points *p, int32_t *const *places, int32_t *x)
{
    int32_t left[4], right[4], shift[4], least;
    unsigned narrow = 0;

    for (unsigned k = 0; k < 4; k++) {
        extent(p, places[k], &left[k], &right[k]);
        narrow = right[k] - left[k] < right[narrow] - left[narrow] ? k : narrow;
    }
    for (unsigned k = 0; k < 4; k++) {
        shift[k] = k % 2 == 0 ? left[narrow] - left[k] : right[narrow] - right[k];
    }
    for (uint32_t i = 0; i < p->n; i++) {
        int64_t at[4] = {0}, sum;

        for (unsigned k = 0; k < 4; k++) {
            unsigned j = k;
            int64_t value = (int64_t)places[k][i] + shift[k];

            for (; j > 0 && at[j - 1] > value; j--) {
                at[j] = at[j - 1];
            }
            at[j] = value;
        }
        sum = at[1] + at[2];
        x[i] = (int32_t)((sum - (sum & 1)) / 2); /* downwards, below zero too */
    }
    extent(p, x, &least, &right[0]);
    for (uint32_t i = 0; i < p->n; i++) {
        x[i] -= least;
    }
}

pgb_status pgb_points_place(const pgb_points *p, int32_t gap, int32_t rail, int32_t *x,
                            pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    size_t n = (size_t)p->n + 1;
    view v = {.p = p, .gap = gap, .rail = rail};
    int32_t *places[4] = {0};
    bool *conflict;

    if (arena == NULL) {
        return pgb_error_nomem(err);
    }
    conflict = pgb_arena_array(arena, (size_t)p->n_links + 1, sizeof *conflict);
    v.root = pgb_arena_array(arena, n, sizeof *v.root);
    v.align = pgb_arena_array(arena, n, sizeof *v.align);
    v.order = pgb_arena_array(arena, n, sizeof *v.order);
    v.waits = pgb_arena_array(arena, n, sizeof *v.waits);
    for (unsigned k = 0; k < 4; k++) {
        places[k] = pgb_arena_array(arena, n, sizeof *places[k]);
        if (places[k] == NULL) {
            return pgb_error_nomem(err);
        }
    }
    if (conflict == NULL || v.root == NULL || v.align == NULL || v.order == NULL ||
        v.waits == NULL) {
        return pgb_error_nomem(err);
    }
    if (p->n == 0) {
        return PGB_OK;
    }
    find_conflicts(p, conflict);
    v.conflict = conflict;
    for (unsigned k = 0; k < 4; k++) {
        v.from_above = k < 2;
        v.from_right = k % 2 == 1;
        v.x = places[k];
        place_view(&v);
    }
    join(p, places, x);
    return PGB_OK;
}
