/*
 * History: what a database has, kept in schema pgbraid (name configurable) of that database.
 *
 * Guarantee: reading never writes and a database without history has the empty set; rows are
 * written in the transaction of the work they speak of. The schema is versioned and upgrades itself
 * under the runner lock; an older program only reads a newer one. A schema that is owned by another
 * than us or a superuser, writable by others, or carries triggers or rules is refused, since stored
 * SQL is code. Floor 2 (base, pg).
 */
#ifndef PGB_HISTORY_HISTORY_H
#define PGB_HISTORY_HISTORY_H

#include "base/hash.h"
#include "base/map.h"
#include "pg/pg.h"

enum { PGB_HISTORY_VERSION = 2, PGB_HASH_ALGORITHM = 1 };

/* One applied revision. Plain data: pure modules may include this header for it. */
typedef struct pgb_applied {
    const char *id;
    const char *const *parents; /* as recorded when it was applied (or repaired) */
    const char *const *depends;
    const char *const *labels;
    uint32_t n_parents, n_depends, n_labels;
    const char *title;
    const char *file;
    const char *up_raw, *up_norm; /* hashes; "" when unknown (stamped without a file) */
    const char *down_raw, *down_norm;
    const char *header_norm;
    bool has_down;                   /* it had a way back when it was applied */
    const char *irreversible;        /* reason, NULL: none */
    bool has_up_text, has_down_text; /* stored (up to 1 MiB each) */
    int64_t seq;                     /* order of application in this project */
    const char *run;                 /* UUID of the run */
    const char *at;                  /* ISO 8601 with offset */
    const char *by;                  /* database user */
    const char *from;                /* client host and operating system user */
    int64_t duration_us;
    const char *tool_version;
    bool stamped;          /* recorded without running */
    bool transaction_none; /* it ran outside a transaction, so does its stored way back */
    bool incomplete; /* a transaction-none revision that is under way, or stopped, either way */
} pgb_applied;

typedef struct pgb_applied_set {
    bool exists;             /* the schema is there */
    int version;             /* of the schema */
    const pgb_applied *rows; /* by seq */
    uint32_t n;
    pgb_map by_id;
    /* revisions whose last event is a failure and which are not applied, or incomplete */
    const char *const *failed;
    uint32_t n_failed;
} pgb_applied_set;

/* Reads the applied set of a project, in one round trip once the schema is known. schema NULL:
 * "pgbraid". */
pgb_status pgb_history_read(pgb_session *session, const char *schema, const char *project,
                            pgb_arena *arena, pgb_applied_set **ret_set, pgb_error *err);
void pgb_applied_set_done(pgb_applied_set *set); /* frees its map; rows go with the arena */

typedef enum pgb_text_kind { PGB_TEXT_HEADER, PGB_TEXT_UP, PGB_TEXT_DOWN } pgb_text_kind;
/* A stored text; *ret_text NULL when it was not stored. */
pgb_status pgb_history_text(pgb_session *session, const char *schema, const char *project,
                            const char *id, pgb_text_kind kind, pgb_arena *arena,
                            const char **ret_text, size_t *ret_len, pgb_error *err);

/* One line of the append-only event log. */
typedef struct pgb_event {
    int64_t seq;
    const char *at, *id, *event; /* upgrade, downgrade, stamp, unstamp, fail, repair, … */
    const char *run, *by, *from, *sqlstate, *message;
    int64_t duration_us;
} pgb_event;
/* The newest `limit` events (0: all), oldest first. */
pgb_status pgb_history_events(pgb_session *session, const char *schema, const char *project,
                              uint32_t limit, pgb_arena *arena, pgb_event **ret_events,
                              uint32_t *ret_n, pgb_error *err);

#endif
