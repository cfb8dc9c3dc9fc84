/* What the two files of revisions outside a transaction share: none.c goes through a revision,
 * none_statement.c runs one statement. */
#ifndef PGB_RUN_NONE_H
#define PGB_RUN_NONE_H

#include "run/look.h"
#include "run/trip.h"

typedef struct none {
    pgb_runner *r;
    task_list *tasks;
    task *t;
    pgb_arena *arena;
    pgb_step_row *rows; /* as they were found */
    uint32_t n_rows;
    PGB_VEC(const char *) replay; /* SET and RESET of the file so far, for a session that is new */
    bool plain;                   /* nothing of the file's is set in the session */
    char began[64];               /* by the server's clock */
    bool in_doubt;                /* a COMMIT was sent and not answered */
} none;

pgb_status none_exec(none *n, const char *sql, pgb_error *err);
/* Role and settings as ours are; the file's come back with replay, before its next statement. */
pgb_status none_restore(none *n, pgb_error *err);
pgb_status none_replay(none *n, pgb_error *err);
/* Keeps a SET or RESET of the file for replay. */
pgb_status none_remember(none *n, const pgb_item *item, pgb_error *err);
pgb_status none_check_lock(none *n, pgb_error *err);
pgb_status none_transaction_id(none *n, char id[32], pgb_error *err);
/* COMMIT; n->in_doubt says whether it was sent and not answered. */
pgb_status none_commit(none *n, pgb_error *err);
/* A statement that can run in a transaction: with its "done" row in one. */
pgb_status none_inside(none *n, const pgb_item *item, pgb_error *err);
/* One that can't: intent, work, look, done. row: what an earlier attempt left; NULL: none. */
pgb_status none_outside(none *n, const pgb_item *item, const pgb_step_row *row, pgb_error *err);

#endif
