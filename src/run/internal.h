/* What the files of run share. */
#ifndef PGB_RUN_INTERNAL_H
#define PGB_RUN_INTERNAL_H

#include "base/clock.h"
#include "history/write.h"
#include "pg/flight.h"
#include "rev/script.h"
#include "run/run.h"

enum {
    LOCK_TIMEOUT_MS = 5000,
    LOCK_DEADLINE_MS = 600000,
    RESOLVE_DEADLINE_MS = 60000,
    LOST_MAX = 3 /* how often one revision is begun again after a lost connection */
};

/* Which server this is, as far as it says: an id of a transaction means nothing elsewhere. */
typedef struct identity {
    char system[32];   /* "": not known */
    char timeline[16]; /* "": not known */
} identity;

struct pgb_runner {
    pgb_run_options o; /* strings in the arena, defaults put in */
    pgb_arena *arena;
    pgb_session *session; /* NULL after a loss */
    pgb_session *monitor; /* for looking at who blocks us; opened when needed */
    bool monitor_failed;
    bool locked;
    bool pooled; /* a transaction pooler: no session state, the lock lasts a transaction */
    char token[PGB_UUID_SIZE];
    char run[PGB_UUID_SIZE];
    const char *from;
    char lock_call[192];  /* the expression that tries for the lock */
    char lock_where[192]; /* what it is in pg_locks */
    const char *lock_of;  /* whose lock it is, for messages; NULL: the runner's */
    const char *settings; /* of the session, ours and the caller's; in session_arena */
    pgb_arena *session_arena;
    pgb_history *history;
    bool no_prepare; /* a file deallocates what is not its own */
    bool prepared;   /* our statements are, in this session */
    bool ensured;    /* the history was seen to be there, in this session */
    bool watched;    /* there are event triggers: any statement may run anything */
    identity identity;
    char blockers[1024]; /* who was seen to block us last; "" nobody */
    bool told_pooled;
};

/* ---- runner.c ---- */
pgb_status runner_connect(pgb_runner *r, pgb_error *err);
void runner_disconnect(pgb_runner *r);
/* No cancel request comes between what must be tidied up. */
void runner_quiet(pgb_runner *r, bool quiet);
bool runner_interrupted(const pgb_runner *r);
/* FNV-1a: the number of a lock is the same in every version. */
uint32_t runner_hash32(const char *s);
/* From now on "the lock" is this one; none may be held. */
void runner_name_lock(pgb_runner *r, uint32_t class, uint32_t key);
pgb_status runner_exec(pgb_runner *r, const pgb_statement *statement, pgb_result **ret_result,
                       pgb_error *err);
void runner_note(pgb_runner *r, const char *severity, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void runner_wait_hook(pgb_runner *r);
/* ROLLBACK if needed, and the session as new, but with the lock. */
pgb_status runner_tidy(pgb_runner *r, pgb_error *err);
/* The statements that restore role and settings; the settings statement stands behind them. */
extern const char *const runner_restore[];
extern const size_t runner_n_restore;
/* What a file may leave in the session, prepared statements aside. */
extern const char *const runner_cleanup[];
extern const size_t runner_n_cleanup;

/* ---- lock.c ---- */
/* Refuses a standby and a read-only target. */
pgb_status lock_check_target(pgb_runner *r, pgb_error *err);
/* Does that first; then takes the lock, and sets the session up. deadline: for the lock alone. */
pgb_status lock_take(pgb_runner *r, int64_t deadline, pgb_error *err);
/* A pooler: begins a transaction that holds the lock. */
pgb_status lock_begin_pooled(pgb_runner *r, int64_t deadline, pgb_error *err);
pgb_status lock_identity(pgb_runner *r, identity *ret, pgb_error *err);
/* Two columns that tell which backend it is and what was set on it, and whether those two, from
 * `column` on, are this session's. Through a pooler nothing is asked. */
extern const char lock_whose_sql[];
bool lock_session_is_ours(const pgb_runner *r, const pgb_result *got, int column);

/* ---- prepare.c ---- */
typedef struct task {
    const pgb_step *step;
    uint32_t nth; /* in the plan */
    const pgb_world_node *node;
    bool record_only; /* stamp, unstamp */
    bool up;
    bool none; /* transaction none */
    bool has_copy;
    bool inert;         /* it runs nobody's code, and leaves nothing in the session */
    bool light;         /* inert, and no event trigger that it sets off: nothing to restore */
    bool skip;          /* another runner did it */
    bool done;          /* by this run, and committed */
    bool foreign;       /* it left prepared statements */
    bool told;          /* that it begins */
    pgb_script *script; /* open, or NULL until it is needed */
    const char *stored; /* down text of the history, when there is no file */
    size_t stored_len;
    char hash_raw[PGB_HASH_HEX];
    bool adds_enum_value;
    uint32_t lock_estimate;
    uint32_t attempts; /* lock waits */
    uint32_t losses;
    int64_t deadline; /* for lock waits */
    int64_t began;    /* µs, monotonic */
    int64_t took;     /* µs */
    char xid[32];
} task;

typedef struct task_list {
    task *at;
    uint32_t n;
    const pgb_world *world;
    size_t open_bytes; /* of the scripts that are kept open */
    uint32_t n_open;
} task_list;

/* Opens every script once; what is wrong with a file is told here, before anything is sent. */
pgb_status tasks_prepare(pgb_runner *r, const pgb_world *world, const pgb_plan *plan,
                         pgb_arena *arena, task_list *ret_tasks, pgb_error *err);
void tasks_done(task_list *tasks);
/* Opens the script again where it is not open; PGB_CHANGED when it is another now. */
pgb_status task_open(task_list *tasks, task *t, pgb_error *err);
void task_close(task_list *tasks, task *t);
const char *task_file(const task *t);
const char *task_event(const task *t); /* "upgrade", "downgrade", "stamp", "unstamp" */

/* ---- record.c ---- */
/* What the file of an upgrade or stamp says, with its texts and hashes; strings in the arena, or as
 * long as the task's script is open. */
pgb_status record_fill(pgb_runner *r, task_list *tasks, task *t, const char *began, bool begins,
                       pgb_arena *arena, pgb_record *ret_record, pgb_error *err);
/* The statement that records what a task does: row and event. began: see pgb_record. */
pgb_status record_statement(pgb_runner *r, task_list *tasks, task *t, const char *began,
                            bool begins, pgb_arena *arena, pgb_statement **ret_statement,
                            pgb_error *err);

/* ---- trip.c: one revision in one flight ---- */
typedef enum outcome { OUTCOME_NONE, OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_LOST } outcome;

typedef struct trip_result {
    outcome commit; /* of the revision before: OUTCOME_LOST: not known */
    outcome work;   /* of this one: in an open transaction, all checks passed */
    bool stale;     /* it failed because our prepared statements are gone: run it again */
    pgb_error commit_error, work_error;
} trip_result;

/* Sends the COMMIT of `before` (NULL: none) and behind it the work of `t` (NULL: none), and waits
 * once. Only lack of memory and the like is an error of the call itself. */
void trip_run(pgb_runner *r, task_list *tasks, task *before, task *t, trip_result *ret);

/* ---- resolve.c ---- */
/* After a loss: a new session with the lock. */
pgb_status resolve_reconnect(pgb_runner *r, int64_t deadline, pgb_error *err);
/* After a COMMIT without an answer: did it happen? PGB_UNKNOWN past the deadline. The session is
 * new and has the lock afterwards. */
pgb_status resolve_commit(pgb_runner *r, const task *t, bool *ret_committed, pgb_error *err);

/* ---- ground.c ---- */
/* After the lock was given up and taken again: what is applied now, into a map of id and whole (1)
 * or incomplete (0), its ids in the arena. PGB_FAILED when what was applied as the run began, or
 * what it did since, is not so any more. */
pgb_status ground_read(pgb_runner *r, const task_list *tasks, pgb_arena *arena, pgb_map *applied,
                       pgb_error *err);
/* at: under way, whose own state is not asked */
pgb_status ground_check(pgb_runner *r, const task_list *tasks, const task *at, pgb_error *err);
/* Adds to an error that tells of such a thing how it comes about, and what to do. */
pgb_status ground_explain(pgb_error *err);

/* ---- blocked.c ---- */
void blocked_watch(void *data, int64_t waited_ms);
/* Is it worth trying again? (lock_timeout, deadlock, serialization) */
bool blocked_is_retryable(const pgb_error *err);
/* Sleeps with full jitter; PGB_SQL (the old error with more to it) past the deadline, and
 * PGB_INTERRUPTED. */
pgb_status blocked_back_off(pgb_runner *r, task *t, pgb_error *err);

/* ---- explain.c ---- */
/* t NULL: before any revision */
void explain(const pgb_runner *r, const task *t, pgb_error *err);

/* ---- none.c ---- */
/* Refuses what could not be resumed: SQL that is not understood among other statements. */
pgb_status none_refuse(task_list *tasks, task *t, pgb_error *err);
/* Runs one revision outside a transaction, or goes on where it stopped. */
pgb_status none_run(pgb_runner *r, task_list *tasks, task *t, pgb_error *err);

/* ---- one.c ---- */
pgb_status one_refuse(pgb_runner *r, const task_list *tasks, pgb_error *err);

static inline void auto_result_cleanup(pgb_result **r)
{
    pgb_result_free(*r);
}
#define AUTO_RESULT(name) pgb_result *name __attribute__((cleanup(auto_result_cleanup))) = NULL

#endif
