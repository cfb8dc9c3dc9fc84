/*
 * Statements understood by PostgreSQL's own parser (libpg_query): what one is and which objects it
 * touches.
 *
 * Guarantee: no statement can crash the program. The parser has no stack check, so it runs on a
 * thread of its own with a large stack, and statements that could nest too deeply or are very long
 * are not given to it; they are told apart by their first words alone. What the parser does not
 * know is no error: kind PGB_STMT_UNKNOWN, with its reason, unless the first words tell that it
 * refuses a transaction. The text is only read. One parser serves one thread at a time; its
 * thread, named "pgb-parse", ends with the parser. The only folder with <pg_query.h>. Floor 1
 * (base).
 */
#ifndef PGB_SQL_PARSE_H
#define PGB_SQL_PARSE_H

#include "base/arena.h"
#include "base/err.h"
#include "sql/facts.h"
#include "sql/objects.h"

enum {
    PGB_PARSE_STACK = 256 * 1024 * 1024,
    PGB_PARSE_DEPTH_MAX = 20000,      /* estimated nesting; the stack carries five times that */
    PGB_PARSE_BYTES_MAX = 1024 * 1024 /* its trees take some hundred times the text */
};

typedef struct pgb_parser pgb_parser;

pgb_status pgb_parser_new(pgb_parser **ret_parser, pgb_error *err);
void pgb_parser_free(pgb_parser *parser); /* NULL is allowed */

/* Runs `work` on the parser's thread, which may ask that parser itself (pgb_parser_here): for a
 * short statement, the handing over to and fro costs more than the parsing. Until pgb_parser_wait
 * nobody else may use the parser. */
void pgb_parser_start(pgb_parser *parser, void (*work)(void *data), void *data);
void pgb_parser_wait(pgb_parser *parser);
/* The parser on whose thread the caller is; NULL: on none's. */
pgb_parser *pgb_parser_here(void);
/* The caller is libpg_query at work (called back for memory, say): tests tell its allocations so.
 */
bool pgb_parser_parses(void);

/* Facts of one statement (NUL-terminated text of len bytes, with or without its semicolon). Strings
 * are in the arena. objects may be NULL; else what the statement touches is added to it. The only
 * error is PGB_NOMEM. */
pgb_status pgb_parse_facts(pgb_parser *parser, const char *sql, size_t len, pgb_arena *arena,
                           pgb_facts *ret_facts, pgb_objects *objects, pgb_error *err);

/* The same for those who need the names of plain statements not: where the first words tell that it
 * is one, it is only seen whether the parser takes it, and no tree is made, which costs ten times
 * as much. schema, object and the like stay NULL for such. */
pgb_status pgb_parse_brief(pgb_parser *parser, const char *sql, size_t len, pgb_arena *arena,
                           pgb_facts *ret_facts, pgb_error *err);

/* An upper estimate of how deeply the parser would nest over this text. */
size_t pgb_parse_depth(const char *sql, size_t len);

#endif
