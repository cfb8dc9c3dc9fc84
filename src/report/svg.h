/*
 * Pictures of a report as SVG: the graph of the revisions, and the schema.
 *
 * Guarantee: well-formed XML whatever the names are; no script, no outside reference. Within a page
 * it takes its colours from the page (templates/palette.css); alone it brings them along, for light
 * and dark. State and ON DELETE action are told by sign and word, never by colour alone. Floor 4.
 */
#ifndef PGB_REPORT_SVG_H
#define PGB_REPORT_SVG_H

#include "base/buf.h"
#include "base/err.h"
#include "report/model.h"

enum { PGB_SVG_COLOURS = 12 };

typedef struct pgb_svg_options {
    bool alone;         /* a file of its own: brings its styles, has no links */
    bool folded;        /* graph: runs of revisions with nothing to tell are one card */
    const char *prefix; /* of ids and links: "" or what keeps two pictures of a page apart */
} pgb_svg_options;

/* The graph of all revisions, newest above. Nothing is written when there is none. */
pgb_status pgb_svg_graph(const pgb_report *r, const pgb_svg_options *options, pgb_buf *out,
                         pgb_error *err);
/* How many cards the folded graph has. */
pgb_status pgb_svg_graph_folds(const pgb_report *r, uint32_t *ret_cards, pgb_error *err);

/* The schema: tables as boxes with their keys, foreign keys as lines. */
pgb_status pgb_svg_schema(const pgb_report *r, const pgb_svg_options *options, pgb_buf *out,
                          pgb_error *err);

/* Of a revision: "r0" … "r11", by its rank; "rx" for none. */
const char *pgb_svg_colour(const pgb_report *r, uint32_t revision);

#endif
