#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* the header's wrappers for analyzers */
#undef pgb_error_set
#undef pgb_error_vset
#undef pgb_error_set_errno
#undef pgb_error_nomem

pgb_status pgb_error_vset(pgb_error *err, pgb_status status, const char *fmt, va_list ap)
{
    if (err == NULL) {
        return status;
    }
    if (err->status != PGB_OK) {
        return err->status;
    }
    err->status = status;
    vsnprintf(err->message, sizeof err->message, fmt, ap);
    return status;
}

pgb_status pgb_error_set(pgb_error *err, pgb_status status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    status = pgb_error_vset(err, status, fmt, ap);
    va_end(ap);
    return status;
}

pgb_status pgb_error_set_errno(pgb_error *err, pgb_status status, int errnum, const char *fmt, ...)
{
    va_list ap;
    char reason[128];
    size_t used;

    if (err != NULL && err->status != PGB_OK) {
        return err->status;
    }
    va_start(ap, fmt);
    status = pgb_error_vset(err, status, fmt, ap);
    va_end(ap);
    if (err != NULL) {
        used = strlen(err->message);
        snprintf(err->message + used, sizeof err->message - used, ": %s",
                 strerror_r(errnum, reason, sizeof reason));
    }
    return status;
}

pgb_status pgb_error_nomem(pgb_error *err)
{
    return pgb_error_set(err, PGB_NOMEM, "out of memory");
}

static void fill(char *at, size_t size, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

static void fill(char *at, size_t size, const char *fmt, va_list ap)
{
    if (at[0] == '\0') {
        vsnprintf(at, size, fmt, ap);
    }
}

void pgb_error_detail(pgb_error *err, const char *fmt, ...)
{
    va_list ap;

    if (err != NULL) {
        va_start(ap, fmt);
        fill(err->detail, sizeof err->detail, fmt, ap);
        va_end(ap);
    }
}

void pgb_error_hint(pgb_error *err, const char *fmt, ...)
{
    va_list ap;

    if (err != NULL) {
        va_start(ap, fmt);
        fill(err->hint, sizeof err->hint, fmt, ap);
        va_end(ap);
    }
}

void pgb_error_context(pgb_error *err, const char *fmt, ...)
{
    va_list ap;

    if (err != NULL && err->n_context < PGB_ERROR_CONTEXT_MAX) {
        va_start(ap, fmt);
        vsnprintf(err->context[err->n_context++], sizeof err->context[0], fmt, ap);
        va_end(ap);
    }
}

void pgb_error_at(pgb_error *err, const char *file, int line, int column, const char *source,
                  size_t source_len)
{
    if (err == NULL || err->file[0] != '\0') {
        return;
    }
    snprintf(err->file, sizeof err->file, "%s", file);
    err->line = line;
    err->column = column;
    if (source != NULL) {
        const char *end = memchr(source, '\n', source_len);
        size_t len = end != NULL ? (size_t)(end - source) : source_len;

        if (len > 0 && source[len - 1] == '\r') {
            len--;
        }
        if (len >= sizeof err->source) {
            len = sizeof err->source - 1;
            /* never end inside a character */
            while (len > 0 && ((unsigned char)source[len] & 0xC0) == 0x80) {
                len--;
            }
        }
        memcpy(err->source, source, len);
        err->source[len] = '\0';
    }
}

void pgb_error_clear(pgb_error *err)
{
    if (err != NULL) {
        /* not the texts' whole lengths, some kilobytes: this is done for each of many files */
        err->status = PGB_OK;
        err->sqlstate[0] = err->message[0] = err->detail[0] = err->hint[0] = err->file[0] = '\0';
        err->source[0] = '\0';
        err->line = err->column = err->n_context = 0;
    }
}

int pgb_status_exit(pgb_status status)
{
    static const int exits[] = {
#define X(name, exit, slug) exit,
#include "base/errors.def"
#undef X
    };

    return status < PGB_STATUS_COUNT ? exits[status] : 1;
}

const char *pgb_status_slug(pgb_status status)
{
    static const char *const slugs[] = {
#define X(name, exit, slug) slug,
#include "base/errors.def"
#undef X
    };

    return status < PGB_STATUS_COUNT ? slugs[status] : "internal";
}
