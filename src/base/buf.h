/*
 * Buffer: bytes that grow, up to a maximum. A failure (no memory, over the maximum) is sticky:
 * later appends do nothing, and one check of `failed` at the end suffices. The bytes are always
 * followed by a NUL that len does not count. Floor 0.
 */
#ifndef PGB_BASE_BUF_H
#define PGB_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct pgb_buf {
    char *p; /* never NULL after the first append that worked; "" is not promised before it */
    size_t len, cap;
    size_t max; /* 0: no maximum */
    bool failed;
} pgb_buf;

#define PGB_BUF_INIT                                                                               \
    {                                                                                              \
        0                                                                                          \
    }

void pgb_buf_done(pgb_buf *buf);  /* frees; the buffer is empty and usable again */
void pgb_buf_clear(pgb_buf *buf); /* empties, keeps the memory, forgets a failure */
bool pgb_buf_reserve(pgb_buf *buf, size_t more);
void pgb_buf_append(pgb_buf *buf, const void *bytes, size_t len);
void pgb_buf_puts(pgb_buf *buf, const char *s);
void pgb_buf_putc(pgb_buf *buf, char c);
void pgb_buf_printf(pgb_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pgb_buf_vprintf(pgb_buf *buf, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
const char *pgb_buf_str(const pgb_buf *buf); /* "" when nothing was appended */
/* The bytes as a heap string that the caller frees; NULL when failed. The buffer is empty
 * afterwards. */
char *pgb_buf_take(pgb_buf *buf);

#define PGB_AUTO_BUF(name) pgb_buf name __attribute__((cleanup(pgb_buf_done))) = PGB_BUF_INIT

#endif
