/* What the files of history share. */
#ifndef PGB_HISTORY_INTERNAL_H
#define PGB_HISTORY_INTERNAL_H

#include "history/write.h"

/* The SQL with :"schema" put in (quoted already); in the arena. NULL: out of memory. */
char *pgb_history_sql(pgb_arena *arena, const char *sql, const char *quoted_schema);

static inline void auto_result_cleanup(pgb_result **r)
{
    pgb_result_free(*r);
}
#define AUTO_RESULT(name) pgb_result *name __attribute__((cleanup(auto_result_cleanup))) = NULL

#endif
