/* Plain text and CommonMark, written by the same code. */
#ifndef PGB_REPORT_LINES_H
#define PGB_REPORT_LINES_H

#include "base/arena.h"
#include "report/report.h"
#include "report/words.h"

typedef struct pgb_lines {
    const pgb_report *r;
    pgb_buf *out;
    pgb_arena *arena;
    pgb_error *err;
    pgb_status status;
    bool mark; /* CommonMark */
} pgb_lines;

/* In the format, %s is a text, %c a name or piece of SQL (a code span), %u a uint32_t, %n an
 * int64_t, %d a duration, %t a time; every one is escaped. Text of the format itself is written as
 * it is. */
void pgb_say_lines(pgb_lines *l, const char *format, ...);
/* level 1 … 3 */
void pgb_heading(pgb_lines *l, unsigned level, const char *format, ...);
/* Begins an item of a list; depth 0 or 1. What follows ends with a newline. */
void pgb_item(pgb_lines *l, unsigned depth);
/* Lines as they are: commands, drawings. */
void pgb_code_block(pgb_lines *l, const char *text);

/* The sections behind the revisions. */
void pgb_lines_counts(pgb_lines *l);
void pgb_lines_tables(pgb_lines *l);
void pgb_lines_objects(pgb_lines *l);
void pgb_lines_verification(pgb_lines *l);
void pgb_lines_proofs(pgb_lines *l);
void pgb_lines_backfills(pgb_lines *l);
void pgb_lines_events(pgb_lines *l);

#endif
