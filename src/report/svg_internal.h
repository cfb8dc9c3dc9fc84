#ifndef PGB_REPORT_SVG_INTERNAL_H
#define PGB_REPORT_SVG_INTERNAL_H

#include "report/svg.h"

/* Opens and closes the picture; label: for screen readers, plain text. */
void pgb_svg_begin(pgb_buf *out, const pgb_svg_options *options, int32_t width, int32_t height,
                   const char *class, const char *label);
void pgb_svg_end(pgb_buf *out);

#endif
