/* What a database URL or connection string means before it is used, and how to speak of it without
 * its secrets. Private to pg. */
#ifndef PGB_PG_CONNINFO_H
#define PGB_PG_CONNINFO_H

#include "base/buf.h"
#include "base/err.h"
#include "pg/pg.h"

enum { PGB_CONNINFO_PAIRS = 16 };

/* Keywords and values for PQconnectStartParams, what is ours first, so that the user's win. */
typedef struct pgb_conninfo {
    const char *keys[PGB_CONNINFO_PAIRS + 1];
    const char *values[PGB_CONNINFO_PAIRS + 1];
    bool remote;        /* some host is neither a socket nor this machine */
    bool tls_by_us;     /* sslmode verify-full is our choice, not the user's */
    unsigned hosts;     /* that may be tried, at least 1 */
    int64_t timeout_ms; /* connect_timeout of the settings; 0: not given */
    const char *ca_file;
} pgb_conninfo;

/* Reads the settings that matter here (conninfo, service file, environment). PGB_CONNECT when they
 * can't be understood; the message never repeats what could be part of a password. Strings that it
 * makes live in the arena; options->conninfo is borrowed. */
pgb_status pgb_conninfo_read(const pgb_session_options *options, pgb_arena *arena,
                             pgb_conninfo *ret_info, pgb_error *err);

/* Copies text with every occurrence of the secret (also as it stands in a URI) made "***", the last
 * newlines dropped. */
void pgb_conninfo_scrub(char *out, size_t size, const char *text, const char *secret);

#endif
