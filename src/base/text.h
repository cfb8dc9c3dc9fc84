/* Text for people: what comes from files, the server or the network is shown without raw control
 * bytes. Floor 0. */
#ifndef PGB_BASE_TEXT_H
#define PGB_BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* The length of the valid UTF-8 at the start of s (strict: no overlong forms, no surrogates). */
size_t pgb_utf8_valid(const char *s, size_t len);
/* Characters (code points) in valid UTF-8. */
size_t pgb_utf8_count(const char *s, size_t len);

/* Appends s so that a terminal shows it harmlessly: control characters (C0, DEL, C1), bidirectional
 * overrides and invalid bytes become \n, \t, \x1B, \u202E …; newlines stay when keep_newlines. */
void pgb_text_display(pgb_buf *buf, const char *s, size_t len, bool keep_newlines);

/* Edit distance, for "did you mean"; strings over 64 bytes give their difference in length. */
unsigned pgb_text_distance(const char *a, const char *b);
/* The nearest of n names to what was typed, as far as it may be a slip of the hand; NULL: none. */
const char *pgb_text_nearest(const char *typed, const char *const *names, size_t n);

#endif
