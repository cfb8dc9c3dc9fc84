/* Inside of the scanner: shared by scan.c, scan_statement.c and scan_text.c only. */
#ifndef PGB_SQL_SCAN_INTERNAL_H
#define PGB_SQL_SCAN_INTERNAL_H

#include <string.h>

#include "sql/scan.h"

enum {
    ST_BOM,
    ST_CODE,
    ST_WORD,
    ST_NUMBER,
    ST_STRING,
    ST_STRING_ESCAPE,
    ST_IDENTIFIER,
    ST_DASH,
    ST_SLASH,
    ST_DOLLAR,
    ST_TAG,
    ST_BODY,
    ST_LINE_COMMENT,
    ST_BLOCK_COMMENT,
    ST_META,
    ST_COPY_DATA
};

/* What the first words say a statement is, as far as its end depends on it. */
enum {
    CLASS_START,
    CLASS_CREATE,
    CLASS_ROUTINE,
    CLASS_COPY,
    CLASS_SET,
    CLASS_RESET,
    CLASS_TRANSACTION,
    CLASS_OTHER
};
enum { SET_NAME, SET_EQUALS, SET_VALUE, SET_DONE };
enum { DIR_NO, DIR_MAYBE, DIR_YES };

/* What a byte begins in code, and whether it goes on in a word or a number. High bytes are letters,
 * as in PostgreSQL's lexer; a $ goes on in a word, and begins a dollar quote behind a number. */
enum {
    B_OTHER = 0,
    B_BLANK = 1,
    B_LETTER = 2,
    B_DIGIT = 3,
    B_SPECIAL = 4,
    B_BEGINS = 7, /* mask of the above */
    B_IN_WORD = 8,
    B_IN_NUMBER = 16
};
extern const uint8_t pgb_scan_bytes[256];

static inline unsigned scan_begins(unsigned char c)
{
    return pgb_scan_bytes[c] & B_BEGINS;
}

static inline uint64_t scan_offset(const pgb_scan *s, const char *p)
{
    return s->base + (uint64_t)(p - s->chunk);
}

static inline bool scan_failed(const pgb_scan *s)
{
    return s->failure.kind == PGB_SCAN_ERROR;
}

static inline void scan_end_token(pgb_scan *s, const char *p)
{
    s->token_end = scan_offset(s, p);
}

/* scan_statement.c */
void scan_advance(pgb_scan *s, const char *to); /* counts lines up to there */
pgb_scan_pos scan_pos(pgb_scan *s, const char *p);
pgb_scan_event *scan_push(pgb_scan *s, pgb_scan_kind kind, const pgb_scan_pos *at, uint64_t len);
void scan_fail(pgb_scan *s, pgb_scan_error error, const pgb_scan_pos *at);
void scan_flush_hint(pgb_scan *s);
bool scan_begin_token_at(pgb_scan *s, const pgb_scan_pos *at);
void scan_end_statement(pgb_scan *s, uint64_t end, bool terminated);
/* A directive or the end of the text cuts a statement: fine when only its semicolon is missing. */
bool scan_cut_statement(pgb_scan *s);
bool scan_semicolon(pgb_scan *s, const char *p);
void scan_end_word(pgb_scan *s);
void scan_other_token(pgb_scan *s,
                      unsigned char c); /* a token that is no word, where words matter */
void scan_set_value(pgb_scan *s);

/* Every token comes through here at its start. */
static inline bool scan_begin_token(pgb_scan *s, const char *p)
{
    pgb_scan_pos at;

    if (s->in_stmt) {
        s->n_tokens++;
        return true;
    }
    at = scan_pos(s, p);
    return scan_begin_token_at(s, &at);
}

/* scan_text.c: each goes on from p and returns where it stopped */
void scan_keep_word(pgb_scan *s, const char *from, const char *to);
void scan_finish_word(pgb_scan *s, const char *p);
const char *scan_word(pgb_scan *s, const char *p, const char *end);
const char *scan_number(pgb_scan *s, const char *p, const char *end);
void scan_begin_string(pgb_scan *s, const char *p);
const char *scan_string(pgb_scan *s, const char *p, const char *end);
const char *scan_identifier(pgb_scan *s, const char *p, const char *end);
const char *scan_tag(pgb_scan *s, const char *p, const char *end);
const char *scan_body(pgb_scan *s, const char *p, const char *end);
void scan_begin_line_comment(pgb_scan *s);
void scan_end_line_comment(pgb_scan *s, const char *p);
const char *scan_line_comment(pgb_scan *s, const char *p, const char *end);
void scan_begin_block_comment(pgb_scan *s);
const char *scan_block_comment(pgb_scan *s, const char *p, const char *end);
void scan_begin_meta(pgb_scan *s, const char *p);
void scan_end_meta(pgb_scan *s, const char *p);
const char *scan_meta(pgb_scan *s, const char *p, const char *end);
void scan_begin_copy(pgb_scan *s, const char *p);
void scan_end_copy(pgb_scan *s, const char *p);
const char *scan_copy(pgb_scan *s, const char *p, const char *end);

#endif
