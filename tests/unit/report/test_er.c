/* The diagram's layout: measured on what comes out, over schemas drawn by lot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/er.h"

enum { BOXES_MAX = 400, LINES_MAX = 1200 };

typedef struct diagram {
    pgb_er_box boxes[BOXES_MAX];
    pgb_er_line lines[LINES_MAX];
    pgb_er er;
} diagram;

static uint32_t lot(uint64_t *seed, uint32_t n)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*seed >> 33) % n);
}

static void draw(diagram *d, uint64_t seed, uint32_t n, uint32_t n_lines)
{
    memset(d, 0, sizeof *d);
    d->er =
        (pgb_er){.boxes = d->boxes, .lines = d->lines, .n_boxes = n, .n_lines = n_lines, .gap = 20};
    for (uint32_t i = 0; i < n; i++) {
        d->boxes[i].width = 100 + (int32_t)lot(&seed, 150);
        d->boxes[i].height = 60 + (int32_t)lot(&seed, 200);
        d->boxes[i].group = i / 4;
    }
    for (uint32_t i = 0; i < n_lines; i++) {
        pgb_er_line *line = &d->lines[i];

        /* many to the first, some to themselves, some round */
        line->from = lot(&seed, n);
        line->to = lot(&seed, 3) == 0 ? 0 : lot(&seed, n);
        line->from_y = 30 + (int32_t)lot(&seed, 25);
        line->to_y = 13;
    }
    assert_int_equal(pgb_er_layout(&d->er, NULL), PGB_OK);
}

static void check_boxes(const diagram *d)
{
    for (uint32_t i = 0; i < d->er.n_boxes; i++) {
        const pgb_er_box *a = &d->boxes[i];

        assert_true(a->x >= 0 && a->y >= 0);
        assert_true(a->x + a->width <= d->er.width && a->y + a->height <= d->er.height);
        for (uint32_t k = 0; k < i; k++) {
            const pgb_er_box *b = &d->boxes[k];

            assert_true(a->x + a->width <= b->x || b->x + b->width <= a->x ||
                        a->y + a->height + d->er.gap <= b->y ||
                        b->y + b->height + d->er.gap <= a->y);
        }
    }
}

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t most(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* A line has right angles only, begins and ends at its boxes' sides, and enters none. */
static void check_line(const diagram *d, const pgb_er_line *line)
{
    const pgb_er_box *from = &d->boxes[line->from], *to = &d->boxes[line->to];
    const pgb_er_point *end = &line->at[line->n - 1];

    assert_true(line->n >= 3 && line->n <= PGB_ER_POINTS);
    assert_int_equal(line->at[0].y, from->y + line->from_y);
    assert_true(line->at[0].x == from->x || line->at[0].x == from->x + from->width);
    assert_int_equal(end->y, to->y + line->to_y);
    assert_true(end->x == to->x || end->x == to->x + to->width);
    for (uint32_t i = 1; i < line->n; i++) {
        const pgb_er_point *a = &line->at[i - 1], *b = &line->at[i];

        assert_true((a->x == b->x) != (a->y == b->y));
        assert_true(b->x >= 0 && b->x <= d->er.width && b->y >= 0 && b->y <= d->er.height);
        for (uint32_t k = 0; k < d->er.n_boxes; k++) {
            const pgb_er_box *box = &d->boxes[k];

            assert_false(most(a->x, b->x) > box->x && least(a->x, b->x) < box->x + box->width &&
                         most(a->y, b->y) > box->y && least(a->y, b->y) < box->y + box->height);
        }
    }
}

/* Upright parts of lines to different boxes never lie upon each other. */
static void check_tracks(const diagram *d)
{
    for (uint32_t i = 0; i < d->er.n_lines; i++) {
        for (uint32_t k = 0; k < i; k++) {
            const pgb_er_line *a = &d->lines[i], *b = &d->lines[k];

            for (uint32_t p = 1; a->to != b->to && p < a->n; p++) {
                for (uint32_t q = 1; q < b->n; q++) {
                    const pgb_er_point *s = &a->at[p - 1], *t = &a->at[p];
                    const pgb_er_point *u = &b->at[q - 1], *v = &b->at[q];

                    if (s->x == t->x && u->x == v->x && s->x == u->x) {
                        assert_true(most(s->y, t->y) <= least(u->y, v->y) ||
                                    most(u->y, v->y) <= least(s->y, t->y));
                    }
                }
            }
        }
    }
}

static void test_random(void **state)
{
    diagram *d = calloc(1, sizeof *d), *again = calloc(1, sizeof *again);

    (void)state;
    assert_true(d != NULL && again != NULL);
    for (uint64_t seed = 1; seed <= 150; seed++) {
        uint64_t s = seed;
        uint32_t n = 1 + lot(&s, 60), n_lines = lot(&s, 2 * n + 1);

        draw(d, seed, n, n_lines);
        check_boxes(d);
        for (uint32_t i = 0; i < n_lines; i++) {
            check_line(d, &d->lines[i]);
        }
        check_tracks(d);
        draw(again, seed, n, n_lines);
        assert_memory_equal(d->boxes, again->boxes, n * sizeof d->boxes[0]);
        assert_memory_equal(d->lines, again->lines, n_lines * sizeof d->lines[0]);
    }
    free(d);
    free(again);
}

static void test_large(void **state)
{
    diagram *d = calloc(1, sizeof *d);

    (void)state;
    assert_non_null(d);
    draw(d, 7, BOXES_MAX, LINES_MAX);
    check_boxes(d);
    for (uint32_t i = 0; i < LINES_MAX; i += 7) {
        check_line(d, &d->lines[i]);
    }
    free(d);
}

static void test_empty(void **state)
{
    pgb_er er = {.gap = 20};

    (void)state;
    assert_int_equal(pgb_er_layout(&er, NULL), PGB_OK);
    assert_int_equal(er.n_columns, 0);
}

/* A chain goes from left to right: what is referenced stands left. */
static void test_chain(void **state)
{
    diagram *d = calloc(1, sizeof *d);

    (void)state;
    assert_non_null(d);
    d->er = (pgb_er){.boxes = d->boxes, .lines = d->lines, .n_boxes = 8, .n_lines = 7, .gap = 20};
    for (uint32_t i = 0; i < 8; i++) {
        d->boxes[i] = (pgb_er_box){.width = 150, .height = 100};
        if (i > 0) {
            d->lines[i - 1] = (pgb_er_line){.from = i, .to = i - 1, .from_y = 40, .to_y = 13};
        }
    }
    assert_int_equal(pgb_er_layout(&d->er, NULL), PGB_OK);
    assert_true(d->er.n_columns > 1);
    for (uint32_t i = 1; i < 8; i++) {
        assert_true(d->boxes[i].column >= d->boxes[i - 1].column);
    }
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
