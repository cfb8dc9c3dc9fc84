/* Statements that reach beyond their database: they are not run on a private server unasked.
 * Floor 4 (base, rev, sql). */
#ifndef PGB_PROVE_OUTSIDE_H
#define PGB_PROVE_OUTSIDE_H

#include "rev/script.h"

/* *ret_calls: the section holds such a statement, and `found` says which and where. A section that
 * can't be read holds none: running it will say what is wrong. */
pgb_status pgb_outside_find(const pgb_revset *set, const pgb_revision *rev, pgb_section section,
                            bool *ret_calls, pgb_error *found, pgb_error *err);

/* Of one statement: "COPY … PROGRAM", "dblink_exec"; NULL: nothing that we know. */
const char *pgb_outside_call(const char *sql);

#endif
