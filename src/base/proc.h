/*
 * Child processes: started with exactly the descriptors, environment, folder and user that are
 * asked for, waited for with a deadline, ended by id.
 *
 * Guarantee: a child inherits no other descriptor than the three given, no signal mask and no
 * handler; where a user is given, groups, group and user are dropped for good before the program
 * starts. A program that can't be started is told to the caller with the reason, never by an exit
 * status. A process is ended through a descriptor of it where the kernel has such (5.3), so that an
 * id used again by another process is never hit. Only what POSIX allows after fork in a program
 * with threads is called in the child. Floor 0; reentrant.
 */
#ifndef PGB_BASE_PROC_H
#define PGB_BASE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* The user that a child becomes; set false: stays who we are. */
typedef struct pgb_user {
    bool set;
    uid_t uid;
    gid_t gid;
} pgb_user;

typedef struct pgb_proc_options {
    const char *const *argv; /* argv[0]: a path with "/", or looked up in PATH */
    const char *const *env;  /* NULL: ours */
    const char *dir;         /* working folder; NULL: ours */
    pgb_user user;
    int in, out, err; /* descriptors; -1: /dev/null */
    bool session;     /* a session of its own: no terminal's Ctrl-C reaches it */
    bool detach;      /* not our child: no one waits for it here, it outlives us */
} pgb_proc_options;

#define PGB_PROC_INIT                                                                              \
    {                                                                                              \
        .in = -1, .out = -1, .err = -1                                                             \
    }

/* Starts a program; PGB_FAILED with the reason when it can't be started. */
pgb_status pgb_proc_spawn(const pgb_proc_options *options, pid_t *ret_pid, pgb_error *err);

/* Runs a program to its end and collects what it writes to stdout and stderr (each may be NULL:
 * dropped; the same buffer for both is allowed). *ret_exit: its exit status, 128 + N when signal N
 * ended it. Past the deadline (pgb_deadline_in) it is killed: PGB_FAILED. `in`, `out`, `err` and
 * `detach` of the options are not looked at. */
pgb_status pgb_proc_run(const pgb_proc_options *options, int64_t deadline, pgb_buf *out,
                        pgb_buf *errors, int *ret_exit, pgb_error *err);

/* What the child would do before exec, for a program's own child code: drops to the user, for good.
 * Async-signal-safe; errno on failure. */
bool pgb_proc_become(const pgb_user *user);
/* Every signal back to its default and unblocked. Async-signal-safe. */
void pgb_proc_reset_signals(void);
/* Closes all descriptors from `from` on but `keep` (-1: none). Async-signal-safe. */
void pgb_proc_close_from(int from, int keep);

/* Calls work(data) in a child that became the user, and gives what it returned: 0..200; -1 when
 * that could not be done. work calls only async-signal-safe functions. */
int pgb_proc_call_as(const pgb_user *user, int (*work)(const void *data), const void *data);

/* A process by its id, whoever's child it is. fd -1: the kernel has no such descriptors. */
typedef struct pgb_proc {
    pid_t pid;
    int fd;
} pgb_proc;
bool pgb_proc_open(pid_t pid, pgb_proc *ret_proc); /* false: there is none */
void pgb_proc_done(pgb_proc *proc);
bool pgb_proc_signal(const pgb_proc *proc, int signal);
/* Waits for its end; true when it ended (a zombie has). */
bool pgb_proc_wait_end(const pgb_proc *proc, int64_t deadline);

/* pid, name in *ret_uid … of account `name`; false: there is no such account. */
bool pgb_user_by_name(const char *name, pgb_user *ret_user);
bool pgb_user_by_uid(uid_t uid, pgb_user *ret_user);

#endif
