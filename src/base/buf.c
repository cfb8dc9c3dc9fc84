#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pgb_buf_done(pgb_buf *buf)
{
    free(buf->p);
    buf->p = NULL;
    buf->len = buf->cap = 0;
    buf->failed = false;
}

void pgb_buf_clear(pgb_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->p != NULL) {
        buf->p[0] = '\0';
    }
}

bool pgb_buf_reserve(pgb_buf *buf, size_t more)
{
    size_t need, cap;
    char *p;

    if (buf->failed) {
        return false;
    }
    if (more > SIZE_MAX / 2 - buf->len || (buf->max != 0 && buf->len + more > buf->max)) {
        buf->failed = true;
        return false;
    }
    need = buf->len + more + 1;
    if (need <= buf->cap) {
        return true;
    }
    cap = buf->cap != 0 ? buf->cap : 128;
    while (cap < need) {
        cap *= 2;
    }
    p = realloc(buf->p, cap);
    if (p == NULL) {
        buf->failed = true;
        return false;
    }
    buf->p = p;
    buf->cap = cap;
    return true;
}

void pgb_buf_append(pgb_buf *buf, const void *bytes, size_t len)
{
    if (pgb_buf_reserve(buf, len)) {
        if (len > 0) {
            memcpy(buf->p + buf->len, bytes, len);
        }
        buf->len += len;
        buf->p[buf->len] = '\0';
    }
}

void pgb_buf_puts(pgb_buf *buf, const char *s)
{
    pgb_buf_append(buf, s, strlen(s));
}

void pgb_buf_putc(pgb_buf *buf, char c)
{
    pgb_buf_append(buf, &c, 1);
}

void pgb_buf_vprintf(pgb_buf *buf, const char *fmt, va_list ap)
{
    va_list again;
    int len;

    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len < 0) {
        buf->failed = true;
        return;
    }
    if (pgb_buf_reserve(buf, (size_t)len)) {
        vsnprintf(buf->p + buf->len, (size_t)len + 1, fmt, ap);
        buf->len += (size_t)len;
    }
}

void pgb_buf_printf(pgb_buf *buf, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    pgb_buf_vprintf(buf, fmt, ap);
    va_end(ap);
}

const char *pgb_buf_str(const pgb_buf *buf)
{
    return buf->p != NULL ? buf->p : "";
}

char *pgb_buf_take(pgb_buf *buf)
{
    char *p;

    if (!pgb_buf_reserve(buf, 0)) {
        return NULL;
    }
    p = buf->p;
    p[buf->len] = '\0';
    *buf = (pgb_buf){.max = buf->max};
    return p;
}
