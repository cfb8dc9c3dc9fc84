/*
 * The program, wrong on purpose: the positive controls of R8, R12, R13 and B2. Each build wraps
 * functions (the linker's --wrap) and is otherwise the program, from the same objects.
 *
 *   WRONG_CARELESS    memory of an arena is used without a look at whether it was given
 *   WRONG_ANY_TARGET  a standby and a read-only target look like any other
 *   WRONG_NO_POOLER   a pooler looks like the server itself
 *   WRONG_APART       a backfill's batch is committed before the record of it
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "pg/pg.h"

#ifdef WRONG_CARELESS
pgb_arena *__real_pgb_arena_new(void);
pgb_arena *__wrap_pgb_arena_new(void);
pgb_arena *__wrap_pgb_arena_new(void)
{
    pgb_arena *arena = __real_pgb_arena_new();

    (void)pgb_arena_used(arena); /* looks into it */
    return arena;
}

void *__real_pgb_arena_alloc(pgb_arena *arena, size_t size);
void *__wrap_pgb_arena_alloc(pgb_arena *arena, size_t size);
void *__wrap_pgb_arena_alloc(pgb_arena *arena, size_t size)
{
    volatile char *p = __real_pgb_arena_alloc(arena, size);

    p[0] = 0; /* NOLINT(clang-analyzer-core.NullDereference): the fault */
    return (void *)(uintptr_t)p;
}
#endif

#ifdef WRONG_ANY_TARGET
bool __real_pgb_result_bool(const pgb_result *r, int row, int column);
bool __wrap_pgb_result_bool(const pgb_result *r, int row, int column);
bool __wrap_pgb_result_bool(const pgb_result *r, int row, int column)
{
    bool looked = strcmp(pgb_result_column_name(r, 0), "pg_is_in_recovery") == 0;

    return (!looked || column > 1) && __real_pgb_result_bool(r, row, column);
}
#endif

#ifdef WRONG_NO_POOLER
bool __wrap_pgb_session_pooled(const pgb_session *session);
bool __wrap_pgb_session_pooled(const pgb_session *session)
{
    (void)session;
    return false;
}
#endif

#ifdef WRONG_APART
pgb_status __real_pgb_exec_params(pgb_session *session, const char *sql, int n,
                                  const char *const *values, pgb_result **ret_result,
                                  pgb_error *err);
pgb_status __wrap_pgb_exec_params(pgb_session *session, const char *sql, int n,
                                  const char *const *values, pgb_result **ret_result,
                                  pgb_error *err);
pgb_status __wrap_pgb_exec_params(pgb_session *session, const char *sql, int n,
                                  const char *const *values, pgb_result **ret_result,
                                  pgb_error *err)
{
    pgb_status status = PGB_OK;

    if (strstr(sql, "rows_done = b.rows_done") != NULL) { /* backfill_checkpoint.sql */
        status = pgb_exec(session, "COMMIT", NULL, err);
        if (status == PGB_OK) {
            status = pgb_exec(session, "BEGIN", NULL, err);
        }
    }
    return status == PGB_OK ? __real_pgb_exec_params(session, sql, n, values, ret_result, err)
                            : status;
}
#endif
