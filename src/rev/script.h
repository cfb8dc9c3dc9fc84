/*
 * Scripts: the statements of one section of one revision, in two passes over one descriptor.
 *
 * Guarantee: opening reads the section once: hashes it, splits it and parses every statement, so
 * that everything wrong is known before anything is sent. Reading (next) streams the same
 * descriptor again and hashes again; if the bytes differ, the last call says PGB_CHANGED and the
 * caller rolls back. Memory is bounded: one statement is at most PGB_STATEMENT_MAX, COPY data comes
 * in pieces. The text of a statement is byte for byte what the file has. Floor 2.
 *
 * Sequence: open, info, then rewind + next until PGB_ITEM_END (any number of times), close.
 */
#ifndef PGB_REV_SCRIPT_H
#define PGB_REV_SCRIPT_H

#include "base/hash.h"
#include "rev/rev.h"
#include "sql/facts.h"

enum { PGB_STATEMENT_MAX = 16 * 1024 * 1024, PGB_STORED_TEXT_MAX = 1024 * 1024 };

typedef enum pgb_section { PGB_SECTION_UP, PGB_SECTION_DOWN, PGB_SECTION_VERIFY } pgb_section;

typedef struct pgb_script pgb_script;

typedef struct pgb_script_info {
    char hash_raw[PGB_HASH_HEX];  /* of the section's bytes */
    char hash_norm[PGB_HASH_HEX]; /* CRLF and CR as LF, blanks before a newline, blanks and
                                     newlines at the end and a byte order mark dropped */
    uint64_t bytes;
    uint32_t n_statements; /* without empty ones */
    uint32_t n_copies;     /* COPY … FROM stdin with data */
    uint32_t n_unknown;    /* not understood by our parser */
    const char *text;      /* the whole section when at most PGB_STORED_TEXT_MAX, else NULL */
    uint64_t text_len;
    const char *first_no_transaction; /* command of the first statement that needs no transaction */
    uint32_t first_no_transaction_line;
    bool adds_enum_value;
    bool inert;         /* each statement is: see pgb_facts */
    const char *header; /* the text before the first section when the section is UP, the file
                           has one and it is at most PGB_STORED_TEXT_MAX, else NULL */
    uint64_t header_len;
    char header_norm[PGB_HASH_HEX]; /* its normalised hash; "" without */
} pgb_script_info;

typedef enum pgb_item_kind {
    PGB_ITEM_STATEMENT,
    PGB_ITEM_COPY_DATA, /* a piece of the data of the COPY statement before it */
    PGB_ITEM_COPY_END,
    PGB_ITEM_END
} pgb_item_kind;

/* Text lives until the next call on the script. */
typedef struct pgb_item {
    pgb_item_kind kind;
    const char *text; /* NUL-terminated for statements; without the closing semicolon's followers */
    size_t len;
    uint64_t off;  /* in the file */
    uint32_t line; /* of the first byte that is not blank or comment */
    uint32_t column;
    uint32_t ordinal;        /* of the statement in the section, from 1 */
    char hash[PGB_HASH_HEX]; /* of the statement's text, for transaction none's rows; "" in
                                other revisions */
    pgb_facts facts;
} pgb_item;

/* Opens a section of a revision's file (verify: the nth block). Errors, all before anything runs:
 * PGB_PROJECT with position for unterminated things, psql commands (\restrict lines of a dump are
 * passed over), COPY data without its end, a statement over the maximum, transaction control,
 * savepoints where there is no transaction, invalid UTF-8; PGB_CHANGED when the file is no longer
 * as it was when the set was loaded; PGB_REFUSED for a down section that does not exist. Scripts of
 * one set may be open at once, on several threads; one script serves one thread at a time. The set
 * must outlive them. */
pgb_status pgb_script_open(const pgb_revset *set, const pgb_revision *rev, pgb_section section,
                           uint32_t nth, pgb_script **ret_script, pgb_error *err);
/* The same for who only looks: of a file whose text the set kept, that text is read, nothing is
 * hashed (the hashes and header stay empty) and info's text has no NUL behind it. A revision may be
 * looked at by one thread at a time. */
pgb_status pgb_script_look(const pgb_revset *set, const pgb_revision *rev, pgb_section section,
                           uint32_t nth, pgb_script **ret_script, pgb_error *err);
/* The same over text that was stored in the database; name is shown in messages. */
pgb_status pgb_script_open_text(const char *name, const char *text, size_t len,
                                pgb_script **ret_script, pgb_error *err);
void pgb_script_close(pgb_script *script);
/* Runs `work` on the thread of the set's parser, where scripts ask it directly: handing each
 * statement over to it and back costs more than parsing it. No script of the set may be opened or
 * read elsewhere meanwhile. */
pgb_status pgb_revset_on_parser(const pgb_revset *set, void (*work)(void *data), void *data,
                                pgb_error *err);
const pgb_script_info *pgb_script_get_info(const pgb_script *script);
/* Counts the relations that the section creates or drops, their indexes and TOAST included (0: no
 * idea): reads it once more. *ret_could_not_tell: DO blocks, functions or unknown SQL may do more
 * than was seen. The script is rewound. */
pgb_status pgb_script_locks(pgb_script *script, uint32_t *ret_locks, bool *ret_could_not_tell,
                            pgb_error *err);
pgb_status pgb_script_rewind(pgb_script *script, pgb_error *err);
pgb_status pgb_script_next(pgb_script *script, pgb_item *item, pgb_error *err);
/* Puts file, line, column and source line into err from a position that the server gave: characters
 * from the start of the statement, 1-based (0: the statement's first token). */
void pgb_script_locate(pgb_script *script, const pgb_item *item, int position, pgb_error *err);

/* Hashes a text as a section is hashed (for comparing stored texts). */
pgb_status pgb_section_hash(const char *text, size_t len, char raw[PGB_HASH_HEX],
                            char norm[PGB_HASH_HEX], pgb_error *err);

#endif
