/*
 * Backfill files: backfills/NAME.sql, each one statement over the rows of one table.
 *
 * Guarantee: nothing outside the folder is read, a file never crashes us, every problem is found
 * with file, line and column before a server is asked. The statement and the expressions are the
 * file's own bytes. A missing folder is the empty list. Floor 2.
 *
 * Sequence: pgb_backfills_load … pgb_backfills_free.
 */
#ifndef PGB_REV_BACKFILL_H
#define PGB_REV_BACKFILL_H

#include "base/hash.h"
#include "rev/rev.h"

enum {
    PGB_BACKFILL_FILE_MAX = 1024 * 1024,
    PGB_BACKFILL_KEY_MAX = 16,
    PGB_BACKFILL_BATCH = 1000, /* rows of the first batch where nobody says */
    PGB_BACKFILL_BATCH_MAX = 50000
};

typedef struct pgb_backfill {
    const char *name;
    const char *title; /* first plain comment line, or the name; never NULL */
    const char *file;  /* "backfills/x.sql" */
    const pgb_ref *requires;
    uint32_t n_requires;
    const char
        *source; /* as written: a name that the server resolves; NULL only in a broken file */
    uint32_t source_line, source_column;
    const char *const *keys; /* column names, unquoted and folded */
    uint32_t n_keys;
    uint32_t key_line, key_column;
    const char *filter; /* one SQL condition in parentheses; NULL: none */
    uint32_t filter_line, filter_column;
    int64_t batch;
    const char *partition; /* NULL: none; kept for later */
    const char *statement; /* without its semicolon */
    size_t statement_len;
    uint32_t line, column;   /* of its first byte */
    char hash[PGB_HASH_HEX]; /* of source, key, filter and statement, line ends and trailing
                                blanks normalised */
    const char *text;        /* the whole file, for showing its lines */
} pgb_backfill;

typedef struct pgb_backfills {
    pgb_arena *arena;
    const pgb_backfill *at; /* by name */
    uint32_t n;
} pgb_backfills;

/* Loads ROOT/backfills; set: for resolving what is required, and for the revisions that wait for a
 * backfill that has no file. problems: as pgb_revset_load takes it. */
pgb_status pgb_backfills_load(const char *root, const pgb_revset *set, pgb_problems *problems,
                              pgb_backfills **ret_backfills, pgb_error *err);
void pgb_backfills_free(pgb_backfills *backfills);

const pgb_backfill *pgb_backfills_find(const pgb_backfills *backfills, const char *name);
/* PGB_USAGE with the nearest name when there is no such. */
pgb_status pgb_backfills_need(const pgb_backfills *backfills, const char *name,
                              const pgb_backfill **ret_backfill, pgb_error *err);

/* Puts file, line, column and source line of a character of the statement (from 1, as the server
 * gives it; 0: its first) into err. */
void pgb_backfill_locate(const pgb_backfill *backfill, int position, pgb_error *err);
/* The same for a line and column of the file. */
void pgb_backfill_at(const pgb_backfill *backfill, uint32_t line, uint32_t column, pgb_error *err);

/* One file's text, for tests and fuzzing; display: "backfills/NAME.sql". Problems are added. */
pgb_status pgb_backfill_parse(const char *display, const char *text, size_t len, pgb_arena *arena,
                              pgb_problems *problems, pgb_backfill *ret_backfill, pgb_error *err);

#endif
