/* Inside of the parser of backfills: backfill_parse.c goes through the file, backfill_directive.c
 * knows the directives. */
#ifndef PGB_REV_BACKFILL_INTERNAL_H
#define PGB_REV_BACKFILL_INTERNAL_H

#include "base/buf.h"
#include "rev/backfill.h"
#include "sql/scan.h"

/* The file under way. */
typedef struct bparse {
    const char *text;
    size_t len;
    pgb_arena *arena;
    pgb_problems *problems;
    pgb_backfill *b;
    pgb_error *err;
    PGB_VEC(pgb_ref) requires;
    PGB_VEC(const char *) keys;
    pgb_buf filter;
    pgb_scan_pos run; /* of the directive; line 0: none yet */
    uint32_t statements;
    bool has_title, stop;
} bparse;

/* Adds a problem of severity error at a place of the file. */
pgb_status bparse_problem(bparse *p, uint32_t line, uint32_t column, const char *rule,
                          const char *fix, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

/* backfill_directive.c */
pgb_status bparse_directive(bparse *p, const pgb_scan_event *ev);

#endif
