/*
 * Where the boxes of an entity-relationship diagram stand, and how the lines between them go.
 *
 * Guarantee: pure and the same everywhere (integers). Boxes stand in columns, what is referenced to
 * the left of what references it as far as the shape of the whole allows; no two boxes overlap. A
 * line goes only through the channels between columns and through lanes above all boxes, so it
 * never crosses a box. Lines to one box share a trunk in each channel and one lane, so that a table
 * that all others reference has one line coming in, and not forty. Floor 4 (base).
 *
 * Method: columns are filled in the order of depth (the longest chain of references) up to a common
 * height; within a column, boxes are moved beside what they are tied to, and then neighbours are
 * exchanged while that makes lines shorter; trunks in a channel are exchanged while that removes
 * crossings.
 */
#ifndef PGB_REPORT_ER_H
#define PGB_REPORT_ER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

typedef struct pgb_er_box {
    int32_t width, height; /* given */
    uint32_t group;  /* given: boxes of one group are kept together where nothing else tells */
    int32_t x, y;    /* found: the upper left corner */
    uint32_t column; /* found */
} pgb_er_box;

typedef struct pgb_er_point {
    int32_t x, y;
} pgb_er_point;

enum { PGB_ER_POINTS = 6 };

typedef struct pgb_er_line {
    uint32_t from, to;              /* given: boxes; the same: a line back to itself */
    int32_t from_y;                 /* given: where it leaves, below the top of its box */
    int32_t to_y;                   /* given: where it arrives, below the top of the other */
    pgb_er_point at[PGB_ER_POINTS]; /* found: from the box that references; right angles only */
    uint32_t n;
} pgb_er_line;

typedef struct pgb_er {
    pgb_er_box *boxes;
    pgb_er_line *lines;
    uint32_t n_boxes, n_lines;
    int32_t gap;           /* given: between boxes of a column */
    int32_t width, height; /* found */
    uint32_t n_columns;    /* found */
} pgb_er;

/* Finds everything; the lines' ends must be boxes. PGB_NOMEM. */
pgb_status pgb_er_layout(pgb_er *er, pgb_error *err);

#endif
