#ifndef PGB_SQL_PARSE_INTERNAL_H
#define PGB_SQL_PARSE_INTERNAL_H

#include "sql/parse.h"

typedef struct pgb_parse_request {
    const char *sql;
    size_t len;
    pgb_arena *arena;
    pgb_facts *facts;
    pgb_objects *objects; /* NULL: not asked for */
    bool brief;
    bool nomem;
} pgb_parse_request;

/* Runs on the parser's thread. */
void pgb_parse_answer(pgb_parse_request *request);

/* Tells a statement by its first words; why goes into parse_error. facts->command NULL: no memory.
 */
void pgb_parse_by_words(const char *sql, size_t len, pgb_arena *arena, pgb_facts *facts,
                        pgb_objects *objects, const char *why);

/* The command of a statement that is plain for sure, whatever follows its first words; NULL: more
 * must be looked at. */
const char *pgb_parse_plain_by_words(const char *sql, size_t len);

struct PgQuery__Node;
/* What the statement touches, from its tree. False: no memory. */
bool pgb_parse_touches(const struct PgQuery__Node *stmt, pgb_arena *arena, pgb_objects *objects);

/* The last two names of a list of String nodes: schema (or NULL) and name, in the arena. */
bool pgb_parse_name(struct PgQuery__Node *const *names, size_t n, pgb_arena *arena,
                    const char **ret_schema, const char **ret_name);

/* Of a statement that pgb_parse_plain_by_words knows and the parser takes: does it surely run
 * nobody's code, and leave nothing in the session? */
bool pgb_parse_inert_by_words(const char *sql, size_t len);

#endif
