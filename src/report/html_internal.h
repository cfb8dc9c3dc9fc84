/* What the files of the HTML page share. */
#ifndef PGB_REPORT_HTML_INTERNAL_H
#define PGB_REPORT_HTML_INTERNAL_H

#include "base/arena.h"
#include "report/report.h"
#include "report/words.h"

typedef struct pgb_page {
    const pgb_report *r;
    pgb_buf *out;
    pgb_arena *arena;
    pgb_error *err;
    pgb_status status; /* of the first thing that failed; what comes after it is not written */
} pgb_page;

/*
 * Writes HTML. In the format, %s is a text and is escaped, %u a uint32_t, %n an int64_t, %i a name
 * as part of an id, %d a duration in µs (int64_t), %t a time, %% a percent sign. Nothing goes in
 * unescaped.
 */
void pgb_put(pgb_page *p, const char *format, ...);

/* Sections; each is written only where it has something to say. */
void pgb_html_summary(pgb_page *p);
void pgb_html_states(pgb_page *p);
void pgb_html_graph(pgb_page *p);
void pgb_html_revisions(pgb_page *p);
void pgb_html_schema(pgb_page *p);
void pgb_html_counts(pgb_page *p);
void pgb_html_tables(pgb_page *p);
void pgb_html_objects(pgb_page *p);
void pgb_html_verification(pgb_page *p);
void pgb_html_proofs(pgb_page *p);
void pgb_html_backfills(pgb_page *p);
void pgb_html_events(pgb_page *p);
void pgb_html_notes(pgb_page *p);

/* A revision's id as a link to where it is told of; plain where it is not of this project. */
void pgb_html_revision_link(pgb_page *p, const char *id);

#endif
