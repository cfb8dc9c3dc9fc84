/*
 * Rules over revision files: what `check` says beyond what loading finds.
 *
 * Guarantee: every file is read, every finding reported, in file order; nothing is changed and no
 * server is asked. A finding that its revision allows (allow RULE REASON) is left out and counted.
 * Time is linear in the text. Floor 3.
 */
#ifndef PGB_LINT_LINT_H
#define PGB_LINT_LINT_H

#include <stdbool.h>

#include "rev/rev.h"

typedef struct pgb_lint_rule {
    const char *name;
    pgb_severity severity;
    const char *about; /* one line, for documentation and SARIF */
} pgb_lint_rule;

/* All rules by name, those of loading among them; ends with a NULL name. */
extern const pgb_lint_rule pgb_lint_rules[];

typedef struct pgb_lint_options {
    bool heads_one; /* several heads are an error */
    bool late_refused;
} pgb_lint_options;

/* Adds the findings to `problems`, which has those of loading already, takes away what is allowed,
 * and sorts them by file, line and column. *ret_allowed (may be NULL): how many were allowed. */
pgb_status pgb_lint(const pgb_revset *set, const pgb_lint_options *options, pgb_problems *problems,
                    uint32_t *ret_allowed, pgb_error *err);

#endif
