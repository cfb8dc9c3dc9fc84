/* What is put into a flight, shared by the one-by-one way and one transaction for all. */
#ifndef PGB_RUN_TRIP_H
#define PGB_RUN_TRIP_H

#include "run/internal.h"

enum {
    ROLE_COMMIT = 1,
    ROLE_SYNC,
    ROLE_PREPARE, /* ordinal: 1 for the last of them */
    ROLE_CLEANUP,
    ROLE_BEGIN,
    ROLE_XID,
    ROLE_STATEMENT,
    ROLE_RESTORE,
    ROLE_VERIFY, /* ordinal: block * VERIFY_BLOCK + statement */
    ROLE_RECORD,
    ROLE_GUARD
};
enum { VERIFY_BLOCK = 1 << 16 };

typedef struct cargo {
    pgb_runner *r;
    task_list *tasks;
    pgb_arena *arena; /* of this trip */
    char xid[32];     /* as the transaction began */
    bool committed;   /* the COMMIT of the one before was answered */
    bool foreign;     /* the file left prepared statements */
    bool guarded;     /* the last check of this one passed */
    bool in_flight;
    bool copied; /* the flight was interrupted by a COPY that went well */
    pgb_tag failure;
} cargo;

pgb_status cargo_open(cargo *c, pgb_error *err);
pgb_status cargo_sync(cargo *c, pgb_error *err);
pgb_status cargo_land(cargo *c, pgb_error *err);
pgb_status cargo_send(cargo *c, int role, const task *t, uint32_t ordinal, const char *sql,
                      pgb_error *err);
pgb_status cargo_begin(cargo *c, const task *t, pgb_error *err);
/* The statements of the task, then role and settings as before the file, then verify blocks. */
pgb_status cargo_work(cargo *c, task *t, pgb_error *err);
pgb_status cargo_record(cargo *c, task *t, pgb_error *err);
pgb_status cargo_guard(cargo *c, const task *t, pgb_error *err);
pgb_status cargo_cleanup(cargo *c, const task *t, pgb_error *err);
/* A verify statement's answer: no row, or one that is true. */
pgb_status cargo_check_verify(const task *t, const pgb_result *result, pgb_error *err);
/* Puts file, line and statement into err, for the failure of the landed flight. */
void cargo_locate(cargo *c, task *t, pgb_error *err);

#endif
