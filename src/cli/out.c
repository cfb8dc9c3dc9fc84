#include "cli/out.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"

enum { FULL = 64 * 1024 };

void pgb_out_init(pgb_out *out, int fd, bool lines)
{
    memset(out, 0, sizeof *out);
    out->fd = fd;
    out->lines = lines;
    out->terminal = isatty(fd) == 1;
    if (out->terminal && !lines) {
        out->lines = true;
    }
}

static void write_out(pgb_out *out)
{
    size_t done = 0;

    while (done < out->buf.len && !out->gone && out->errnum == 0) {
        ssize_t n = write(out->fd, out->buf.p + done, out->buf.len - done);

        if (n > 0) {
            done += (size_t)n;
        } else if (n < 0 && errno == EPIPE) {
            out->gone = true;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd wait = {.fd = out->fd, .events = POLLOUT}; /* somebody made it so */

            poll(&wait, 1, -1);
        } else if (n < 0 && errno != EINTR) {
            out->errnum = errno;
        }
    }
    if (!out->buf.failed) {
        pgb_buf_clear(&out->buf);
    }
}

pgb_buf *pgb_out_json(pgb_out *out)
{
    return &out->buf;
}

void pgb_out_turn(pgb_out *out)
{
    if (out->buf.len >= FULL) {
        write_out(out);
    }
}

static void turn(pgb_out *out)
{
    if (out->buf.len >= FULL ||
        (out->lines && out->buf.len > 0 && out->buf.p[out->buf.len - 1] == '\n')) {
        write_out(out);
    }
}

void pgb_out_raw(pgb_out *out, const void *bytes, size_t len)
{
    pgb_buf_append(&out->buf, bytes, len);
    turn(out);
}

void pgb_out_text(pgb_out *out, const char *text, size_t len)
{
    pgb_text_display(&out->buf, text, len, true);
    turn(out);
}

void pgb_out_puts(pgb_out *out, const char *text)
{
    pgb_out_text(out, text, strlen(text));
}

static void pad(pgb_buf *buf, int n, char with)
{
    for (; n > 0; n--) {
        pgb_buf_putc(buf, with);
    }
}

/* One conversion of a format: what printf knows of it, as far as this program uses it. */
struct spec {
    bool left, zero;
    int width, precision; /* -1: none */
    int longs;            /* 1: long, 2: long long, 3: size_t */
    char conversion;
};

static const char *read_spec(const char *p, struct spec *spec, int star_width, int star_precision)
{
    *spec = (struct spec){.precision = -1};
    for (; *p == '-' || *p == '0'; p++) {
        spec->left = spec->left || *p == '-';
        spec->zero = spec->zero || *p == '0';
    }
    if (*p == '*') {
        spec->width = star_width;
        p++;
    }
    for (; *p >= '0' && *p <= '9'; p++) {
        spec->width = spec->width * 10 + (*p - '0');
    }
    if (*p == '.') {
        p++;
        spec->precision = 0;
        if (*p == '*') {
            spec->precision = star_precision;
            p++;
        }
        for (; *p >= '0' && *p <= '9'; p++) {
            spec->precision = spec->precision * 10 + (*p - '0');
        }
    }
    for (; *p == 'l'; p++) {
        spec->longs++;
    }
    if (*p == 'z') {
        spec->longs = 3;
        p++;
    }
    spec->conversion = *p;
    return *p == '\0' ? p : p + 1;
}

/* Appends a value, padded by characters, not bytes; a newline in it can't begin a line. */
static void put_padded(pgb_buf *buf, const struct spec *spec, const char *text, size_t len)
{
    size_t at = buf->len;
    int shown;

    if (spec->width > 0 && !spec->left) {
        PGB_AUTO_BUF(part);

        pgb_text_display(&part, text, len, false);
        shown = (int)pgb_utf8_count(pgb_buf_str(&part), part.len);
        pad(buf, spec->width - shown, spec->zero ? '0' : ' ');
        pgb_buf_append(buf, pgb_buf_str(&part), part.len);
        return;
    }
    pgb_text_display(buf, text, len, false);
    if (spec->width > 0 && !buf->failed) {
        shown = (int)pgb_utf8_count(buf->p + at, buf->len - at);
        pad(buf, spec->width - shown, ' ');
    }
}

void pgb_out_vprintf(pgb_out *out, const char *fmt, va_list ap)
{
    pgb_buf *buf = &out->buf;

    for (const char *p = fmt; *p != '\0';) {
        const char *percent = strchrnul(p, '%');
        struct spec spec;
        char number[400];
        int star[2] = {0, 0}, n = 0;
        int64_t i;
        uint64_t u;

        pgb_buf_append(buf, p, (size_t)(percent - p));
        if (*percent == '\0') {
            break;
        }
        p = percent + 1;
        /* at most two stars, width then precision, come before the value */
        for (const char *q = p; *q != '\0' && strchr("-0123456789.*lz", *q) != NULL; q++) {
            if (*q == '*') {
                star[q > p && q[-1] == '.'] = va_arg(ap, int);
            }
        }
        p = read_spec(p, &spec, star[0], star[1]);
        switch (spec.conversion) {
        case 's': {
            const char *text = va_arg(ap, const char *);

            text = text == NULL ? "" : text;
            put_padded(buf, &spec, text,
                       spec.precision >= 0 ? strnlen(text, (size_t)spec.precision) : strlen(text));
            break;
        }
        case 'd':
            i = spec.longs >= 2   ? va_arg(ap, long long)
                : spec.longs == 1 ? va_arg(ap, long)
                                  : va_arg(ap, int);
            n = snprintf(number, sizeof number, "%" PRId64, i);
            put_padded(buf, &spec, number, (size_t)n);
            break;
        case 'u':
            u = spec.longs == 3   ? va_arg(ap, size_t)
                : spec.longs == 2 ? va_arg(ap, unsigned long long)
                : spec.longs == 1 ? va_arg(ap, unsigned long)
                                  : va_arg(ap, unsigned);
            n = snprintf(number, sizeof number, "%" PRIu64, u);
            put_padded(buf, &spec, number, (size_t)n);
            break;
        case 'f':
            n = snprintf(number, sizeof number, "%.*f", spec.precision < 0 ? 6 : spec.precision,
                         va_arg(ap, double));
            put_padded(buf, &spec, number, (size_t)n);
            break;
        case 'c':
            number[0] = (char)va_arg(ap, int);
            put_padded(buf, &spec, number, 1);
            break;
        case '%':
            pgb_buf_putc(buf, '%');
            break;
        default: /* no caller uses another one; the arguments can't be followed further */
            abort();
        }
    }
    turn(out);
}

void pgb_out_printf(pgb_out *out, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    pgb_out_vprintf(out, fmt, ap);
    va_end(ap);
}

void pgb_out_style(pgb_out *out, pgb_style style)
{
    static const char *const codes[] = {
        [PGB_STYLE_NONE] = "\033[0m",  [PGB_STYLE_BOLD] = "\033[1m",
        [PGB_STYLE_DIM] = "\033[2m",   [PGB_STYLE_GOOD] = "\033[32m",
        [PGB_STYLE_WARN] = "\033[33m", [PGB_STYLE_BAD] = "\033[1;31m",
        [PGB_STYLE_NAME] = "\033[36m",
    };

    if (out->colour) {
        pgb_buf_puts(&out->buf, codes[style]);
    }
}

void pgb_out_styled(pgb_out *out, pgb_style style, const char *text)
{
    pgb_out_style(out, style);
    pgb_text_display(&out->buf, text, strlen(text), false);
    pgb_out_style(out, PGB_STYLE_NONE);
}

pgb_status pgb_out_flush(pgb_out *out, pgb_error *err)
{
    write_out(out);
    if (out->buf.failed) {
        return pgb_error_nomem(err);
    }
    if (out->errnum != 0) {
        return pgb_error_set_errno(err, PGB_IO, out->errnum, "cannot write to %s",
                                   out->fd == STDOUT_FILENO ? "standard output" : "standard error");
    }
    return PGB_OK;
}

void pgb_out_done(pgb_out *out)
{
    pgb_buf_done(&out->buf);
}

int pgb_out_width(const pgb_out *out)
{
    struct winsize size;

    if (out->terminal && ioctl(out->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return 80;
}
