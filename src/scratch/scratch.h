/*
 * Embedded and private PostgreSQL servers: initdb, start, stop; the real server, from the binaries
 * on the machine (PGBRAID_SERVER_BIN, or the setting, says which).
 *
 * Guarantee: unix socket only, in a directory of mode 0700, no TCP; as root it runs as an
 * unprivileged user. The embedded server belongs to a project: two commands at once start one; the
 * last command that uses it stops it unless `keep`; a stale pid file, a killed server or a killed
 * command is recovered from. A private server is thrown away: it dies with us whatever happens
 * (also after kill -9), and its folder goes.
 *
 * Who may enter the socket's folder (the server's user, and root) may connect as its superuser
 * `postgres`, without a password: nobody else can reach it.
 *
 * Calling sequence: pgb_embedded_open, sessions on pgb_embedded_conninfo, pgb_embedded_close; the
 * same for a private one. A process must close what it opened itself (a fork'd child must not).
 * SIGCHLD must not be ignored. Any thread may call, one at a time per server. Floor 2 (base, pg).
 */
#ifndef PGB_SCRATCH_SCRATCH_H
#define PGB_SCRATCH_SCRATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

/* Where the server's programs are: setting, pg_config, PATH, /usr/lib/postgresql/N/bin (highest N,
 * or `major` when not 0). PGB_FAILED names what to install otherwise. */
typedef struct pgb_server_programs {
    const char *bin;          /* folder */
    int version;              /* 150018 */
    const char *version_text; /* "15.18" */
} pgb_server_programs;
pgb_status pgb_scratch_find(const char *setting, int major, pgb_arena *arena,
                            pgb_server_programs *ret_programs, pgb_error *err);

typedef struct pgb_embedded pgb_embedded;

typedef struct pgb_embedded_options {
    const char *root;    /* project folder */
    const char *project; /* name of the database to be made: see pgb_embedded_conninfo */
    const char *bin;     /* setting, NULL: search */
    bool start;          /* start it when it is not running (else attach only, or PGB_CONNECT) */
    bool keep;           /* leave it running at the end: db start */
    int64_t wait_ms;     /* for start and for another's start; < 0: 60 s */
    void (*notice)(void *data,
                   const char *text); /* "using the embedded PostgreSQL 15.18 …"; may be NULL */
    void *data;
} pgb_embedded_options;

/* Attaches to the project's embedded server, initialising and starting it when allowed. */
pgb_status pgb_embedded_open(const pgb_embedded_options *options, pgb_embedded **ret_server,
                             pgb_error *err);
/* Detaches; the last user stops the server unless it is kept. */
void pgb_embedded_close(pgb_embedded *server);
const char *pgb_embedded_conninfo(const pgb_embedded *server); /* URI of the project's database */
const char *pgb_embedded_data(const pgb_embedded *server);     /* data folder */
const char *pgb_embedded_log(const pgb_embedded *server);      /* log file */
int pgb_embedded_pid(const pgb_embedded *server);
const char *pgb_embedded_version(const pgb_embedded *server); /* "15.18" */
bool pgb_embedded_kept(const pgb_embedded *server);
bool pgb_embedded_started(const pgb_embedded *server); /* by this open: it did not run before */

/* What is there, without using it: nothing is made, started, locked or stopped. */
typedef struct pgb_embedded_info {
    bool initialised;     /* there is a data folder */
    bool running;         /* and a server on it that takes connections */
    bool kept;            /* which goes on when nobody uses it */
    int pid;              /* 0 unless running */
    const char *version;  /* "15.20"; "15" when it does not run; NULL: no data */
    const char *data;     /* where the data is, or would be */
    const char *log;      /* the same for the log file */
    const char *conninfo; /* URI of the project's database; NULL unless running */
} pgb_embedded_info;
pgb_status pgb_embedded_look(const char *root, const char *project, pgb_arena *arena,
                             pgb_embedded_info *ret_info, pgb_error *err);
/* Stops it for good (fast; waits for its end), whoever uses it. ret_was_running may be NULL. */
pgb_status pgb_embedded_stop(const char *root, bool *ret_was_running, pgb_error *err);
/* Stops it and removes its data; fine when there is none. */
pgb_status pgb_embedded_reset(const char *root, pgb_error *err);

typedef struct pgb_private pgb_private;
/* A throwaway server: fsync off, own folder below TMPDIR. major 0: any. */
pgb_status pgb_private_open(const char *bin, int major, pgb_private **ret_server, pgb_error *err);
void pgb_private_close(pgb_private *server);
const char *pgb_private_conninfo(const pgb_private *server);
const char *pgb_private_log(const pgb_private *server);

#endif
