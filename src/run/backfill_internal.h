/* What the files of backfills share. */
#ifndef PGB_RUN_BACKFILL_INTERNAL_H
#define PGB_RUN_BACKFILL_INTERNAL_H

#include "run/backfill.h"
#include "run/internal.h"

enum {
    BF_TARGET_MIN_MS = 50,   /* how short batches get when others wait */
    BF_VERBOSE_BATCH = 2000, /* items are held until their batch commits */
    BF_RESULT_MAX = 20000,   /* rows of one answer; more makes the batch smaller */
    BF_SUBTRANSACTIONS = 48, /* above 64 the server tells others of each on disk */
    BF_TRY_ROWS = 12,        /* what a savepoint and a statement cost, in rows */
    BF_ERRORS_PORTION = 16,  /* rows between two looks at --max-errors */
    BF_POLL_MS = 250         /* of somebody's wish while paused */
};

typedef struct bf_key {
    const char *name;   /* quoted */
    const char *type;   /* for casts */
    const char *stored; /* type of the done keys: the base type, or text */
    bool as_text;       /* the stored form is its text */
    bool collates;      /* compared bytewise */
} bf_key;

/* Our SQL for one backfill; in the run's arena. */
typedef struct bf_sql {
    const char *create[3];   /* batch, page, left */
    const char *load_first;  /* $1 limit */
    const char *load_next;   /* $1 limit, $2 checkpoint */
    const char *load_left;   /* $1 limit, $2 checkpoint or null: of the rows in left */
    const char *load_errors; /* $1 limit, $2 checkpoint or null, $3 project, $4 name */
    const char *last;        /* the greatest key in batch */
    const char *last_left;   /* $1, $2: the last key that load_left takes */
    const char *last_errors;
    const char *done; /* $1 run, $2 pass: the keys in batch are answered for */
    const char *fill_left;
    const char *count, *count_next; /* $1 checkpoint */
    const char *fill_page;
    const char *take_page; /* $1, $2: from and to */
    const char *page_key;  /* $1: which */
    const char *forgive;   /* $1 project, $2 name, $3 after, $4 up to, $5 run: were tried again */
    const char *create_done, *drop_done;
} bf_sql;

typedef struct bf_item {
    const char *outcome, *detail;
    int64_t count;
} bf_item;

typedef struct bf_fault {
    const char *key, *sqlstate, *message;
} bf_fault;

typedef enum bf_mode {
    BF_PAGE,  /* through the source by key */
    BF_LEFT,  /* what a pass over all found undone */
    BF_ERRORS /* rows at fault once more */
} bf_mode;

/* The transaction under way; begun anew when it is tried again. */
typedef struct bf_batch {
    pgb_arena *arena;
    int64_t rows, errors, gone;
    uint32_t portions, subtransactions;
    const char *checkpoint; /* last key of the batch; NULL: as before */
    bool end;               /* nothing is left in this pass */
    bool broken;            /* the statement failed, and its savepoint is to be rolled back to */
    PGB_VEC(pgb_outcome) outcomes;
    PGB_VEC(bf_item) items;
    PGB_VEC(bf_fault) faults;
} bf_batch;

typedef struct bf {
    pgb_backfill_options o;
    const pgb_backfill *b;
    pgb_runner *r;
    pgb_arena *arena; /* the run's */
    pgb_backfill_summary *summary;
    const char *source;                /* qualified and quoted */
    bf_key keys[PGB_BACKFILL_KEY_MAX]; /* in the order of paging */
    uint32_t n_keys;
    const char *columns; /* of the source, quoted, by comma */
    int64_t estimate;    /* rows of the source by its statistics; -1: none */
    bf_sql sql;
    bool checked;      /* the statement was described */
    uint32_t n_tables; /* of ours, made in this session */
    /* the state */
    bool begun;
    bool was_whole; /* everything was done once: rows at fault and newcomers aside */
    int64_t id;
    int epoch, pass;
    bf_mode mode;
    pgb_buf checkpoint; /* of the mode under way; empty: from the first */
    bool has_checkpoint;
    int64_t batches;     /* committed, in this epoch */
    int64_t rows_before; /* by earlier runs of this epoch */
    int64_t rows_all;
    bool rough;
    /* how much at once */
    int64_t size;                  /* of the next batch */
    int64_t portion;               /* most rows under one savepoint */
    int64_t cap;                   /* most rows of a portion near --max-errors; 0: none */
    double seen_rows, seen_errors; /* of late */
    int64_t analyzed;              /* rows of batch when it was last analyzed */
    int64_t target_us;
    bool wished;   /* somebody asked for something */
    bool waiters;  /* others were seen to wait for us */
    int64_t began; /* µs */
    int64_t rate_from, rate_rows;
    uint32_t losses, attempts;
    int64_t deadline; /* of tries for a lock */
    bool resolved_lost;
    PGB_VEC(pgb_outcome) outcomes; /* of this run, names in the arena */
    bf_batch batch;
} bf;

/* There is a session, and it is not lost; after a reconnect that failed there is none. */
static inline bool bf_alive(const bf *x)
{
    return x->r->session != NULL && !pgb_session_lost(x->r->session);
}

/* ---- backfill_source.c ---- */
/* Finds source and key, and refuses what can't work. */
pgb_status bf_find_source(bf *x, pgb_error *err);
/* The session's settings and temporary tables (also after a reconnect), and a look at filter and
 * statement. */
pgb_status bf_set_up_session(bf *x, pgb_error *err);

/* ---- backfill_sql.c ---- */
pgb_status bf_make_sql(bf *x, pgb_error *err);

/* ---- backfill_requires.c ---- */
pgb_status bf_check_requires(bf *x, pgb_error *err);

/* ---- backfill_state.c ---- */
pgb_status bf_lock(bf *x, pgb_error *err);
/* Begins or goes on; refuses an edited file, a paused backfill. */
pgb_status bf_begin(bf *x, pgb_error *err);
pgb_status bf_end(bf *x, const char *state, const pgb_error *why, pgb_error *err);
/* After a loss: a new session with lock and tables. */
pgb_status bf_reconnect(bf *x, pgb_error *err);
pgb_status bf_resolve_commit(bf *x, bool *ret_committed, pgb_error *err);
pgb_status bf_count(bf *x, pgb_error *err);

/* ---- backfill_batch.c ---- */
/* One transaction: loads, runs, records, commits. PGB_OK with batch.rows and batch.end. */
pgb_status bf_batch_run(bf *x, int64_t most, pgb_error *err);
void bf_batch_clear(bf *x);
/* Most rows under one savepoint, by the faults of late and of the batch, `more` rows of which are
 * done beside those it counts. */
int64_t bf_portion_size(const bf *x, int64_t more);

/* ---- backfill_portion.c ---- */
/* Loads at most n rows and runs the statement over them, faults apart. */
pgb_status bf_portion_run(bf *x, int64_t n, int64_t *ret_rows, pgb_error *err);
/* Is it the rows' fault, and no lock's, no server's? */
bool bf_is_row_fault(const pgb_error *err);

/* ---- backfill_wait.c ---- */
void bf_watch(void *data, int64_t waited_ms);
/* Between batches: rate, others that wait, a person's wish. PGB_INTERRUPTED; *ret_cancelled. */
pgb_status bf_between(bf *x, bool *ret_cancelled, pgb_error *err);
/* Adapts the size to what the last batch took. */
void bf_adapt(bf *x, int64_t rows, int64_t took_us);

#endif
