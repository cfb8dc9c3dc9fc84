/* Parts of the SQL that mends, for the files of this module. Each appends complete statements, one
 * per line, or nothing. */
#ifndef PGB_DIFF_MEND_H
#define PGB_DIFF_MEND_H

#include <string.h>

#include "base/buf.h"
#include "catalog/catalog.h"
#include "diff/diff.h"

static inline bool pgb_is(const pgb_object *o, const char *kind)
{
    return strcmp(o->kind, kind) == 0;
}

/* A literal as the server reads it with standard_conforming_strings on. */
void pgb_mend_literal(pgb_buf *b, const char *s);
/* "TABLE", "COLUMN", "TYPE", … as COMMENT, DROP and OWNER TO want it; NULL: named on its table. */
const char *pgb_mend_noun(const pgb_object *o);
/* For objects that are named within their table: "CONSTRAINT", "TRIGGER", "RULE", "POLICY". */
const char *pgb_mend_noun_on(const pgb_object *o);
void pgb_mend_comment(pgb_buf *b, const pgb_object *o, const char *comment); /* NULL: none */
void pgb_mend_owner(pgb_buf *b, const pgb_object *o);
/* From privileges `have` to `want` (as the model writes them, NULL: the usual ones). */
void pgb_mend_acl(pgb_buf *b, const pgb_object *o, const char *want, const char *have);
/* The privileges of an object that its owner just made, where default privileges of the model gave
 * it others. */
void pgb_mend_new_acl(pgb_buf *b, const pgb_catalog *model, const pgb_object *o);
/* "a=1, b=2" lists: SET what is new or differs, RESET what is not wanted. prefix: before each name.
 */
void pgb_mend_options(pgb_buf *b, const char *alter, const char *prefix, const char *want,
                      const char *have);
/* Walks a list "a, b" outside quotes and parentheses: the next item's length at *at, NULL at the
 * end; *at is moved behind it. */
const char *pgb_mend_item(const char **at, size_t *ret_len);

/* Likewise for literals: 'a', 'it''s'. */
const char *pgb_mend_label(const char **at, size_t *ret_len);

/* Was this object, which `own` has and `other` has not, merely renamed? Then the missing half has
 * the SQL that renames, and the extra half none. */
bool pgb_mend_rename(const pgb_catalog *own, const pgb_catalog *other, const pgb_object *o,
                     pgb_change change, pgb_arena *arena, const char **ret_sql, bool *ret_nomem);
/* "ENABLE", "DISABLE", "ENABLE REPLICA", "ENABLE ALWAYS", as a trigger's or rule's property says.
 */
const char *pgb_mend_enable_word(const pgb_object *o);
/* The numbers, privileges and comment of the sequence behind an identity column just added. */
void pgb_mend_identity_sequence(pgb_buf *b, const pgb_catalog *m, const pgb_object *column);
void pgb_mend_column_definition(pgb_buf *b, const pgb_object *c);
/* Storage, statistics, options, compression of a column that was just made. */
void pgb_mend_column_extras(pgb_buf *b, const pgb_object *c);
/* ALTER SEQUENCE with all its numbers. */
void pgb_mend_sequence_numbers(pgb_buf *b, const pgb_object *s);
/* What a publication publishes: "FOR ALL TABLES", "TABLE a, b, TABLES IN SCHEMA c". */
void pgb_mend_publication_members(pgb_buf *b, const pgb_object *p);
void pgb_mend_create_into(pgb_buf *b, const pgb_catalog *model, const pgb_object *o);
void pgb_mend_drop_into(pgb_buf *b, const pgb_catalog *model, const pgb_object *o);

#endif
