/*
 * One data folder and its server: made, looked at, started, stopped. Internal to scratch; locks are
 * the caller's business.
 *
 * A server is ours only if a process of that id is PostgreSQL and works in that data folder; what a
 * pid file says is believed no further. The processes of the server's user are looked at as that
 * user, because root without CAP_SYS_PTRACE (in a container) may not.
 */
#ifndef PGB_SCRATCH_CLUSTER_H
#define PGB_SCRATCH_CLUSTER_H

#include <sys/types.h>

#include "base/proc.h"
#include "scratch/scratch.h"

typedef struct pgb_cluster {
    const char *bin;        /* folder of the programs */
    const char *data;       /* data folder */
    const char *log;        /* for messages */
    const char *name;       /* cluster_name; NULL: none */
    const char *socket_dir; /* for start */
    pgb_user user;
    uid_t uid;
} pgb_cluster;

typedef struct pgb_postmaster {
    pid_t pid;
    int64_t started; /* seconds since 1970 */
    char socket_dir[128];
    char status[16]; /* "ready", "starting", "stopping" */
    bool single;     /* no server, but one person's postgres --single */
} pgb_postmaster;

/* The environment of the server's programs: nothing of ours but where libraries are. */
const char *const *pgb_cluster_env(void);
/* initdb's arguments for a folder, into the arena. */
const char *const *pgb_cluster_init_argv(const char *bin, const char *data, bool throwaway,
                                         pgb_arena *arena);
/* postgres's arguments, into the arena. */
const char *const *pgb_cluster_server_argv(const pgb_cluster *c, bool throwaway, pgb_arena *arena);

/* The URI of a database whose name needs no quotes; NULL: no memory. */
const char *pgb_cluster_uri(const char *socket_dir, const char *database, pgb_arena *arena);

/* Runs initdb on an empty folder that belongs to the server's user. */
pgb_status pgb_cluster_init(const pgb_cluster *c, pgb_error *err);
/* Major version that made the data folder; 0: there is none. */
int pgb_cluster_major(const char *data);

/* What postmaster.pid says; false: there is none, or it is not whole. */
bool pgb_cluster_pid_file(const char *data, pgb_postmaster *ret);
/* The server that runs on this data folder; false: none. */
bool pgb_cluster_look(const pgb_cluster *c, pgb_postmaster *ret);
/* Ends processes that a dead server left in the data folder, or a caller who was killed left in a
 * half-made one, and takes the pid file away. Only when pgb_cluster_look found no server. A
 * person's single-user server is PGB_FAILED. */
pgb_status pgb_cluster_clear(const pgb_cluster *c, bool half_made, pgb_error *err);
/* Starts the server, its messages going to log_fd, and waits until it accepts connections. */
pgb_status pgb_cluster_start(const pgb_cluster *c, int log_fd, int64_t deadline,
                             pgb_postmaster *ret, pgb_error *err);
/* Waits for a server that another started. */
pgb_status pgb_cluster_wait_ready(const pgb_cluster *c, pgb_postmaster *postmaster,
                                  int64_t deadline, pgb_error *err);
/* Fast shutdown, harder ones if it does not end; waits for the end. */
pgb_status pgb_cluster_stop(const pgb_cluster *c, const pgb_postmaster *postmaster, pgb_error *err);
/* The last lines of a log from `from` on, as the error's detail. */
void pgb_cluster_log_tail(const char *log, off_t from, pgb_error *err);

#endif
