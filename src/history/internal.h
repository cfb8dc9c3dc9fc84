/* What the files of history share. */
#ifndef PGB_HISTORY_INTERNAL_H
#define PGB_HISTORY_INTERNAL_H

#include "history/write.h"

struct pgb_history {
    const char *project;
    const char *quoted; /* the schema's name */
    const char *record, *forget;
    const char *record_xid, *forget_xid; /* the same, giving the id of their transaction */
    const char *event, *outcome, *ids, *mark_incomplete, *accept_text, *accept_parents;
    const char *read_steps, *set_step, *delete_step, *clear_steps;
};

/* Splits a list that was joined by \x1f; an empty text is the empty list. False: no memory. */
bool pgb_history_split(pgb_arena *arena, const char *text, const char *const **ret_items,
                       uint32_t *ret_n);

/* The SQL with :"schema" put in (quoted already); in the arena. NULL: out of memory. */
char *pgb_history_sql(pgb_arena *arena, const char *sql, const char *quoted_schema);

static inline void auto_result_cleanup(pgb_result **r)
{
    pgb_result_free(*r);
}
#define AUTO_RESULT(name) pgb_result *name __attribute__((cleanup(auto_result_cleanup))) = NULL

#endif
