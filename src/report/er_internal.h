/* What the files of the diagram's layout share. */
#ifndef PGB_REPORT_ER_INTERNAL_H
#define PGB_REPORT_ER_INTERNAL_H

#include "report/er.h"

enum {
    ER_MARGIN = 16, /* between a box and the nearest line that goes along it */
    ER_TRACK = 9    /* between lines side by side */
};

/* Boxes into columns, with y from 0. */
pgb_status pgb_er_place(pgb_er *er, pgb_arena *arena, pgb_error *err);
/* x of columns, lanes above, and the points of all lines. */
pgb_status pgb_er_route(pgb_er *er, pgb_arena *arena, pgb_error *err);

#endif
