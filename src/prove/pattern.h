/*
 * Strings that a pattern of a check lets pass: LIKE and regular expressions.
 *
 * Guarantee: pure, ends with any pattern. What it makes is a guess that the server judges; features
 * that it does not know (back references, looking ahead) make it say so. Floor 4 (base).
 */
#ifndef PGB_PROVE_PATTERN_H
#define PGB_PROVE_PATTERN_H

#include <stdbool.h>

#include "base/buf.h"
#include "prove/value.h"

void pgb_pattern_like(pgb_random *random, const char *pattern, pgb_buf *buf);
/* False: the pattern is beyond it; buf is then as it was. */
bool pgb_pattern_regex(pgb_random *random, const char *pattern, pgb_buf *buf);

#endif
