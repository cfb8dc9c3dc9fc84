/*
 * Text in HTML, SVG and Markdown. Everything that comes from outside goes through one of these:
 * control bytes, bidirectional overrides and invalid UTF-8 are shown as pgb_text_display shows
 * them, and what the language would take for itself is escaped. NULL is "". Floor 4.
 */
#ifndef PGB_REPORT_MARKUP_H
#define PGB_REPORT_MARKUP_H

#include "base/buf.h"

/* For HTML and XML alike: in text, and in attributes in double quotes. */
void pgb_markup_text(pgb_buf *out, const char *text);
/* The same of at most `columns` columns of a monospaced font, with … where it was cut; returns how
 * many it takes. */
unsigned pgb_markup_cut(pgb_buf *out, const char *text, unsigned columns);
/* The columns that the whole takes; sets *failed when there is no memory. */
unsigned pgb_markup_columns(const char *text, bool *failed);
/* At most `room` pixels of it at `size` tenths of a pixel, in the widest of the fonts that pages
 * use; … where it was cut. Returns the pixels that it may take. */
unsigned pgb_markup_fit(pgb_buf *out, const char *text, unsigned size, unsigned room);
/* An id for use in id="…" and href="#…": prefix, then the name with all but [A-Za-z0-9_.] as -HH.
 * Different names give different ids. */
void pgb_markup_id(pgb_buf *out, const char *prefix, const char *name);

/* CommonMark: text with no meaning but itself (newlines become blanks), and a code span. */
void pgb_mark_text(pgb_buf *out, const char *text);
void pgb_mark_code(pgb_buf *out, const char *text);

#endif
