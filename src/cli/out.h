/*
 * Output: stdout for data, stderr for talk.
 *
 * Guarantee: text that comes from outside never reaches a terminal raw: every call but pgb_out_raw
 * shows control bytes, bidirectional overrides and invalid UTF-8 by pgb_text_display, newlines
 * kept. Colours come only by pgb_out_style and only where they are wanted, so the text alone always
 * says everything. Writing is buffered; a failure is sticky, a reader who has gone (broken pipe) is
 * none. Floor 6.
 */
#ifndef PGB_CLI_OUT_H
#define PGB_CLI_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

typedef enum pgb_style {
    PGB_STYLE_NONE, /* ends the style before */
    PGB_STYLE_BOLD,
    PGB_STYLE_DIM,
    PGB_STYLE_GOOD, /* green: applied */
    PGB_STYLE_WARN, /* yellow: pending, late, warnings */
    PGB_STYLE_BAD,  /* red: failed, errors */
    PGB_STYLE_NAME  /* cyan: revisions */
} pgb_style;

typedef struct pgb_out {
    int fd;
    pgb_buf buf;
    bool colour;
    bool terminal;
    bool lines; /* written out at each newline: stderr */
    bool told;  /* the error stands in it already */
    bool gone;  /* the reader has gone: everything is dropped */
    int errnum; /* of the first write that failed, 0: none */
} pgb_out;

void pgb_out_init(pgb_out *out, int fd, bool lines);
void pgb_out_puts(pgb_out *out, const char *text);
void pgb_out_text(pgb_out *out, const char *text, size_t len);
void pgb_out_printf(pgb_out *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pgb_out_vprintf(pgb_out *out, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* Bytes as they are: for our own text, and for files that were asked for (snapshot, report). */
void pgb_out_raw(pgb_out *out, const void *bytes, size_t len);
void pgb_out_style(pgb_out *out, pgb_style style);
/* text in a style */
void pgb_out_styled(pgb_out *out, pgb_style style, const char *text);

/* JSON straight into the buffer: pgb_json_init(&json, pgb_out_json(out)), and between records
 * pgb_out_turn(out), which writes out what is full. */
pgb_buf *pgb_out_json(pgb_out *out);
void pgb_out_turn(pgb_out *out);

/* Writes everything out. PGB_IO when a write failed (a full disk), PGB_NOMEM. */
pgb_status pgb_out_flush(pgb_out *out, pgb_error *err);
void pgb_out_done(pgb_out *out);

/* Columns of the terminal, 80 when unknown. */
int pgb_out_width(const pgb_out *out);

/* Shows an error as a compiler does, with the line and a caret. prog: "pgbraid". */
void pgb_out_error(pgb_out *out, const char *prog, const pgb_error *err);
/* The same as member "error" of an object that the command has begun; the driver leaves it then. */
void pgb_out_error_member(pgb_out *out, pgb_json *json, const pgb_error *err);
/* The same as one JSON object. */
void pgb_out_error_json(pgb_out *out, const pgb_error *err);
/* "file:line:column: severity: " + message; the line and the caret, hint: as above; for findings.
 */
void pgb_out_located(pgb_out *out, const char *severity, pgb_style style, const pgb_error *err);

#endif
