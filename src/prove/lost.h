/* Rows that a downgrade takes along, and rows that stand in a revision's way. Not for other
 * modules. */
#ifndef PGB_PROVE_LOST_H
#define PGB_PROVE_LOST_H

#include "base/vec.h"
#include "catalog/catalog.h"
#include "rev/script.h"

struct pgb_session;

typedef struct lost_count {
    const char *what;   /* "public.users", "the values of public.users.phone" */
    const char *table;  /* its identity */
    const char *column; /* identity; NULL: the rows */
    int64_t n;
} lost_count;

typedef struct lost_rows {
    pgb_arena *arena;
    PGB_VEC(lost_count) list;
} lost_rows;

/* Before a downgrade: counts the rows of tables that the upgrade made (in `after` and not in
 * `before`), the values of columns that it made, and, where the downgrade has more than DDL, the
 * rows of all other tables. */
pgb_status lost_before(lost_rows *lost, const pgb_revset *set, const pgb_revision *rev,
                       const pgb_catalog *before, const pgb_catalog *after,
                       struct pgb_session *session, pgb_error *err);
/* Likewise of new tables and columns that are known by name. */
bool lost_add(lost_rows *lost, const char *table, const char *column);
pgb_status lost_count_all(lost_rows *lost, struct pgb_session *session, pgb_error *err);
/* The downgrade only defines: it touches rows of no other tables. */
bool lost_only_defines(const pgb_revset *set, const pgb_revision *rev);
/* After it: "loses 20 rows of public.tasks, 3 rows of public.users, which stays"; NULL: none. now:
 * NULL when nothing of what was counted is left. */
pgb_status lost_after(lost_rows *lost, const pgb_catalog *now, struct pgb_session *session,
                      pgb_arena *arena, const char **ret_said, pgb_error *err);
void lost_done(lost_rows *lost); /* a zeroed one is allowed */

/* Every statement of the section begins with one of those words (a list that NULL ends), and `also`
 * (NULL: no more is asked) is true of it. */
bool lost_begin_with(const pgb_revset *set, const pgb_revision *rev, pgb_section section,
                     const char *const *words, bool (*also)(const char *sql, size_t len));

/* The rows of the tables that the failed statement names, as INSERTs, for whoever wants to see the
 * failure again; NULL: the statement is not known. */
pgb_status lost_rows_of(const pgb_revset *set, const pgb_revision *rev, const pgb_error *failure,
                        pgb_section section, struct pgb_session *session, pgb_arena *arena,
                        const char **ret_rows, pgb_error *err);

#endif
