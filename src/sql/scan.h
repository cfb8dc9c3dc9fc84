/*
 * Scanner: cuts SQL text into statements, COPY data, directives, psql commands and comments.
 *
 * Guarantee: it follows PostgreSQL's own lexer where that decides about a statement's end (strings
 * of all kinds and their continuation, dollar quotes, nested comments, parentheses, BEGIN ATOMIC
 * bodies) and psql where COPY data stands in a script. It knows no grammar, so SQL of any server
 * version passes. It never looks back into bytes that it was given before, allocates nothing, and
 * tells the same events however the text is cut into chunks (pieces of COPY data excepted). Events
 * come in order and don't overlap; what lies between them is blank, or the byte order mark.
 * Floor 1.
 *
 * Sequence: init; give the first chunk; next until PGB_SCAN_MORE, then give the next; the last
 * chunk (which may be empty) is given with `last`; next until PGB_SCAN_END or PGB_SCAN_ERROR, which
 * come again and again then.
 *
 * The caller keeps the bytes from pgb_scan_keep on if it wants the text of what is under way.
 */
#ifndef PGB_SQL_SCAN_H
#define PGB_SQL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum pgb_scan_kind {
    PGB_SCAN_STATEMENT, /* from its first token to its semicolon, that included */
    PGB_SCAN_COPY_DATA, /* a piece of the data of the COPY before it; without a column */
    PGB_SCAN_COPY_END,  /* the line \. that ends it, with its newline */
    PGB_SCAN_COMMENT,   /* outside statements, without its newline */
    PGB_SCAN_DIRECTIVE, /* -- pgbraid:… from the line's start, without its newline */
    PGB_SCAN_META,      /* a psql command, from the backslash to the line's end */
    PGB_SCAN_MORE,      /* give the next chunk */
    PGB_SCAN_END,
    PGB_SCAN_ERROR
} pgb_scan_kind;

typedef enum pgb_scan_error {
    PGB_SCAN_OK,
    PGB_SCAN_STRING,     /* '…' without its end */
    PGB_SCAN_IDENTIFIER, /* "…" without its end */
    PGB_SCAN_DOLLAR,     /* $tag$ without its end */
    PGB_SCAN_BLOCK,      /* a block comment without its end */
    PGB_SCAN_PAREN,      /* ( without its ) */
    PGB_SCAN_BODY,       /* BEGIN ATOMIC without its END */
    PGB_SCAN_COPY_OPEN,  /* COPY … FROM stdin whose data has no line \. */
    PGB_SCAN_COPY_TRAIL, /* something else on the line of COPY … FROM stdin; */
    PGB_SCAN_TAG,        /* a dollar quote's tag is too long */
    PGB_SCAN_UTF8,
    PGB_SCAN_NUL
} pgb_scan_error;

/* Where a byte is: offset from the start of the text, line and column from 1, column in characters.
 * A line ends with LF, CR LF or CR. */
typedef struct pgb_scan_pos {
    uint64_t off;
    uint32_t line, column;
} pgb_scan_pos;

typedef struct pgb_scan_event {
    pgb_scan_kind kind;
    pgb_scan_pos at; /* ERROR: of what is at fault, mostly where it was opened */
    uint64_t len;
    pgb_scan_pos
        token;         /* STATEMENT: its first token, as `at` unless a hint comment stands before */
    bool empty;        /* STATEMENT: nothing but a semicolon */
    bool terminated;   /* STATEMENT: it ends with its semicolon; else a directive, a psql command or
                          the text's end cut it */
    bool copy_in;      /* STATEMENT: COPY … FROM stdin; data comes next */
    bool may_control;  /* STATEMENT: its first word may be one that controls a transaction */
    bool in_statement; /* DIRECTIVE, META: the statement before it was not finished */
    pgb_scan_error error;
} pgb_scan_event;

enum { PGB_SCAN_TAG_MAX = 250, PGB_SCAN_WORD_MAX = 32 };

/* Members are the scanner's own. */
typedef struct pgb_scan {
    const char *chunk;
    size_t at, end, len; /* in the chunk: next byte, end of what is sound, its length */
    uint64_t base;       /* offset of the chunk's first byte */
    bool last;
    uint8_t state;
    uint8_t queue_n, queue_at;
    pgb_scan_event failure;   /* kind ERROR once failed */
    pgb_scan_error end_error; /* what is wrong with the byte at end */
    /* position: known up to pos_off */
    uint64_t pos_off, line_off;
    uint64_t line_extra; /* continuation bytes in the line so far */
    uint32_t line;
    bool chunk_cr, chunk_high, after_cr;
    unsigned char carry[4];
    uint8_t carry_n;
    uint64_t carry_off;
    /* the statement under way */
    bool in_stmt, want_words, scs, scs_set, copy_in, copy_pending, copy_from;
    uint8_t cls, prev, set_state;
    uint32_t parens, body;
    pgb_scan_pos stmt, token, paren_at, body_at, copy_at, hint, open_at;
    uint64_t hint_len, token_end, n_tokens;
    /* the token under way */
    size_t word_len;
    unsigned char quote, prefix;
    uint64_t prefix_end, string_end;
    bool escapes, string_newline, string_escapes, capture;
    size_t tag_len, tag_match;
    uint32_t comment_depth;
    unsigned char comment_prev;
    bool comment_hint, line_start;
    uint8_t directive; /* 0 no, 1 maybe, 2 yes */
    uint8_t directive_at;
    /* COPY data */
    pgb_scan_pos piece;
    uint64_t copy_line;
    uint8_t copy_match;
    bool copy_bol;
    /* not cleared at the start */
    pgb_scan_event queue[4];
    char word[PGB_SCAN_WORD_MAX];
    char tag[PGB_SCAN_TAG_MAX + 2];
} pgb_scan;

/* start: the position of the text's first byte in its file, for sections ({0, 1, 1} for a file). A
 * byte order mark is passed over at offset 0 only. */
void pgb_scan_init(pgb_scan *s, const pgb_scan_pos *start);
/* Settings are per section: standard_conforming_strings is on again. */
void pgb_scan_reset_settings(pgb_scan *s);
void pgb_scan_give(pgb_scan *s, const char *bytes, size_t len, bool last);
pgb_scan_kind pgb_scan_next(pgb_scan *s, pgb_scan_event *ev);
/* Where the statement under way and its first token began (ret_token may be NULL); false: none is
 * under way. */
bool pgb_scan_in_statement(const pgb_scan *s, pgb_scan_pos *ret_at, pgb_scan_pos *ret_token);
/* The offset from which on bytes are needed for the text of an event that is still to come; without
 * `statements`, for the text of comments, directives and psql commands only (a comment of some
 * kilobytes is given up). */
uint64_t pgb_scan_keep(const pgb_scan *s, bool statements);
/* "a quoted string is not closed", "close it with a ' before the section's end". */
const char *pgb_scan_error_message(pgb_scan_error error);
const char *pgb_scan_error_hint(pgb_scan_error error);

#endif
