/*
 * Errors: a status is returned, a caller-owned pgb_error carries the rest.
 *
 * Guarantee: the error is set once, where the cause is known; going up, context is added and
 * nothing is overwritten. No function here allocates, so an error can always be reported. The
 * library never prints and never exits. Floor 0, reentrant.
 */
#ifndef PGB_BASE_ERR_H
#define PGB_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum pgb_status {
#define X(name, exit, slug) PGB_##name,
#include "base/errors.def"
#undef X
    PGB_STATUS_COUNT
} pgb_status;

enum { PGB_ERROR_CONTEXT_MAX = 4 };

typedef struct pgb_error {
    pgb_status status;   /* PGB_OK: not set */
    char sqlstate[6];    /* "" when the server did not say */
    char constraint[64]; /* that the server names, or the column of a NOT NULL; "" otherwise */
    char message[1024];
    char detail[2048];
    char hint[1024];
    char file[1024];  /* "" when no file is at fault */
    int line;         /* 1-based, 0: unknown */
    int column;       /* 1-based, in characters, 0: unknown */
    char source[512]; /* the text of that line, without its newline; "" when unknown */
    char context[PGB_ERROR_CONTEXT_MAX][256]; /* innermost first */
    int n_context;
} pgb_error;

#define PGB_ERROR_INIT                                                                             \
    {                                                                                              \
        .status = PGB_OK                                                                           \
    }

/* Sets status and message unless an error is set already; returns the status that stands.
 * err may be NULL (then only the status is returned). */
pgb_status pgb_error_set(pgb_error *err, pgb_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
pgb_status pgb_error_vset(pgb_error *err, pgb_status status, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

/* "cannot open x: No such file or directory" from errno. */
pgb_status pgb_error_set_errno(pgb_error *err, pgb_status status, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

pgb_status pgb_error_nomem(pgb_error *err);

/* These fill members of a set error; each keeps what is there already. */
void pgb_error_detail(pgb_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pgb_error_hint(pgb_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pgb_error_context(pgb_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* source may be NULL; it is cut at source_len bytes or the first newline. */
void pgb_error_at(pgb_error *err, const char *file, int line, int column, const char *source,
                  size_t source_len);

/* Also makes one of memory that was never set. */
void pgb_error_clear(pgb_error *err);

#ifdef __clang_analyzer__
/*
 * Only for the analyzers, which see one file at a time: what these return is a failure, never
 * PGB_OK. Without knowing it they follow a path on which `return pgb_error_nomem(err)` means
 * success and then find the out-parameters not set, in dozens of places. A macro and no inline
 * function: the analyzer looks into calls only so many levels deep.
 */
#define PGB_KNOWN_FAILURE(call)                                                                    \
    __extension__({                                                                                \
        pgb_status known_failure = (call);                                                         \
                                                                                                   \
        if (known_failure == PGB_OK) {                                                             \
            __builtin_unreachable();                                                               \
        }                                                                                          \
        known_failure;                                                                             \
    })
#define pgb_error_set(...) PGB_KNOWN_FAILURE(pgb_error_set(__VA_ARGS__))
#define pgb_error_vset(...) PGB_KNOWN_FAILURE(pgb_error_vset(__VA_ARGS__))
#define pgb_error_set_errno(...) PGB_KNOWN_FAILURE(pgb_error_set_errno(__VA_ARGS__))
#define pgb_error_nomem(...) PGB_KNOWN_FAILURE(pgb_error_nomem(__VA_ARGS__))
#endif

int pgb_status_exit(pgb_status status);         /* exit status of the program */
const char *pgb_status_slug(pgb_status status); /* "code" in JSON */

#endif
