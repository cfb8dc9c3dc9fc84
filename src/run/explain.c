/* One line of what to do for errors that users of such tools meet and can't read. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "run/internal.h"

/* Ours comes first; what the server advised stands behind it. */
__attribute__((format(printf, 2, 3))) static void advise(pgb_error *err, const char *fmt, ...)
{
    char ours[sizeof err->hint], servers[sizeof err->hint];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(ours, sizeof ours, fmt, ap);
    va_end(ap);
    memcpy(servers, err->hint, sizeof servers);
    err->hint[0] = '\0';
    pgb_error_hint(err, servers[0] != '\0' ? "%s (the server says: %s)" : "%s%s", ours, servers);
}

void explain(const pgb_runner *r, const task *t, pgb_error *err)
{
    (void)r;
    if (err == NULL || err->status != PGB_SQL) {
        return;
    }
    if (strstr(err->message, "could not access file") != NULL ||
        strstr(err->message, "could not load library") != NULL ||
        strstr(err->message, "incompatible library") != NULL) {
        advise(err, "the server's program files were changed while it runs (an upgrade of "
                    "its package, say), or a library is missing: restart the server");
        return;
    }
    if (strcmp(err->sqlstate, "42P07") == 0 || strcmp(err->sqlstate, "42710") == 0 ||
        strcmp(err->sqlstate, "42P06") == 0) {
        if (t != NULL && t->up) {
            advise(err,
                   "it is there, though no revision says so; if it is what %s would make: "
                   "pgbraid stamp --verified %s",
                   t->node->id, t->node->id);
        }
    } else if (strcmp(err->sqlstate, "42501") == 0) {
        advise(err, "the role lacks a privilege: connect as the owner, or have it granted");
    } else if (strcmp(err->sqlstate, "53100") == 0) {
        advise(err, "the server's disk is full: make room there and run again; %s",
               t == NULL ? "nothing was applied"
               : t->none ? "it goes on where it stopped"
                         : "the revision was rolled back");
    } else if (strcmp(err->sqlstate, "53200") == 0) {
        advise(err, "if it is the lock table (out of shared memory): raise "
                    "max_locks_per_transaction, or make the revision smaller");
    } else if (strcmp(err->sqlstate, "25006") == 0) {
        advise(err, "the server takes no writes: name the primary, or switch "
                    "default_transaction_read_only off");
    } else if (strcmp(err->sqlstate, "57014") == 0) {
        advise(err, "the statement was cancelled by the server's side: by a person, or "
                    "--statement-timeout");
    } else if (strcmp(err->sqlstate, "55P04") == 0) {
        advise(err, "a new enum value can't be used in the transaction that adds it: put "
                    "the use into a revision of its own");
    }
}
