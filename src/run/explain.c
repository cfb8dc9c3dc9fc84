/* One line of what to do for errors that users of such tools meet and can't read. */
#include <string.h>

#include "run/internal.h"

void explain(const pgb_runner *r, const task *t, pgb_error *err)
{
    (void)r;
    if (err == NULL || err->status != PGB_SQL) {
        return;
    }
    if (strstr(err->message, "could not access file") != NULL ||
        strstr(err->message, "could not load library") != NULL ||
        strstr(err->message, "incompatible library") != NULL) {
        pgb_error_hint(err, "the server's program files were changed while it runs (an upgrade of "
                            "its package, say), or a library is missing: restart the server");
        return;
    }
    if (strcmp(err->sqlstate, "42P07") == 0 || strcmp(err->sqlstate, "42710") == 0 ||
        strcmp(err->sqlstate, "42P06") == 0) {
        if (t->up) {
            pgb_error_hint(err,
                           "it is there, though no revision says so; if it is what %s would make: "
                           "pgbraid stamp --verified %s",
                           t->node->id, t->node->id);
        }
    } else if (strcmp(err->sqlstate, "42501") == 0) {
        pgb_error_hint(err, "the role lacks a privilege: connect as the owner, or have it granted");
    } else if (strcmp(err->sqlstate, "53100") == 0) {
        pgb_error_hint(err,
                       "the server's disk is full: make room there and run again; the revision "
                       "was rolled back");
    } else if (strcmp(err->sqlstate, "53200") == 0) {
        pgb_error_hint(err, "if it is the lock table (out of shared memory): raise "
                            "max_locks_per_transaction, or make the revision smaller");
    } else if (strcmp(err->sqlstate, "25006") == 0) {
        pgb_error_hint(err, "the server takes no writes: name the primary, or switch "
                            "default_transaction_read_only off");
    } else if (strcmp(err->sqlstate, "57014") == 0) {
        pgb_error_hint(err, "the statement was cancelled by the server's side: by a person, or "
                            "--statement-timeout");
    } else if (strcmp(err->sqlstate, "55P04") == 0) {
        pgb_error_hint(err, "a new enum value can't be used in the transaction that adds it: put "
                            "the use into a revision of its own");
    }
}
