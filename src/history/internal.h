#ifndef PGB_HISTORY_INTERNAL_H
#define PGB_HISTORY_INTERNAL_H

#include "history/history.h"

#define PGB_HISTORY_SCHEMA "pgbraid"

/* The schema's name, quoted; NULL: no memory. */
const char *pgb_history_quoted(pgb_arena *arena, const char *schema);
/* sql with every @schema@ replaced by the quoted name and @tool_version@ by a literal; NULL: no
 * memory. */
const char *pgb_history_sql(pgb_arena *arena, const char *schema, const char *sql);

typedef struct pgb_history_state {
    bool there;      /* a schema of that name */
    bool is_history; /* with our tables */
    int version;     /* 0 unless is_history */
} pgb_history_state;
/* check_owner: refuse what may not be trusted (PGB_UNSAFE); for writing and for running stored SQL.
 */
pgb_status pgb_history_look(pgb_session *session, const char *schema, bool check_owner,
                            pgb_history_state *ret_state, pgb_error *err);

#endif
