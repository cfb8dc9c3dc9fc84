/* The difference of two texts, line by line, as `diff -u` writes it. Floor 0. */
#ifndef PGB_BASE_LINEDIFF_H
#define PGB_BASE_LINEDIFF_H

#include "base/buf.h"

/* Appends nothing when the texts are equal. After "--- a_name", "+++ b_name" come the hunks with
 * three lines around each change (E. W. Myers, "An O(ND) Difference Algorithm and Its Variations",
 * 1986). A carriage return before a newline is shown as "\r", so that a change of line ends can be
 * seen. Texts that differ in more than some thousand lines are shown as all removed and all added.
 * Failures are sticky in out. */
void pgb_line_diff(const char *a_name, const char *a, size_t a_len, const char *b_name,
                   const char *b, size_t b_len, pgb_buf *out);

#endif
