/*
 * Window: a part of a file, read piece by piece through one buffer, of which the bytes that are
 * still needed stay. Floor 2, inside rev.
 */
#ifndef PGB_REV_WINDOW_H
#define PGB_REV_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { PGB_WINDOW_PIECE = 64 * 1024 };

typedef struct pgb_window {
    int fd;              /* borrowed; -1: text is the source */
    char *text;          /* memory source; text[0] has offset 0, a NUL follows its end */
    const char *display; /* for messages */
    uint64_t at, end;  /* next offset to read, first offset not to read (UINT64_MAX: to the end) */
    bool short_is_end; /* fewer bytes than asked for are the file's end, as everywhere but on some
                          network file systems: spares a read a file. A script does not trust it. */
    char *buf;         /* bytes from base on */
    size_t len, cap;
    uint64_t base;
} pgb_window;

#define PGB_WINDOW_INIT                                                                            \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Begins with [from, end) of a descriptor, or of a text; the buffer is kept and used again. */
void pgb_window_file(pgb_window *w, int fd, const char *display, uint64_t from, uint64_t end);
void pgb_window_text(pgb_window *w, char *text, uint64_t from, uint64_t end);
void pgb_window_done(pgb_window *w);

/* Reads the next piece (at most PGB_WINDOW_PIECE bytes); *ret_last when nothing follows it. Bytes
 * before keep are given up. Errors: PGB_PROJECT (reading), PGB_NOMEM. */
pgb_status pgb_window_more(pgb_window *w, uint64_t keep, const char **ret_bytes, size_t *ret_len,
                           bool *ret_last, pgb_error *err);

/* The bytes of [off, off + len) if they are there, else NULL. */
const char *pgb_window_get(const pgb_window *w, uint64_t off, uint64_t len);
/* The same, for a caller who puts a NUL behind them (there is room) and takes it back in time. */
char *pgb_window_edit(pgb_window *w, uint64_t off, uint64_t len);

#endif
