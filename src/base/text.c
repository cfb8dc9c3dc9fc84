#include "base/text.h"

#include <string.h>

/* Length of one well-formed UTF-8 character, 0 if there is none (Unicode 15, table 3-7). */
static size_t utf8_one(const unsigned char *s, size_t len)
{
    unsigned lo = 0x80, hi = 0xBF;
    size_t n;

    if (s[0] < 0x80) {
        return 1;
    }
    if (s[0] >= 0xC2 && s[0] <= 0xDF) {
        n = 2;
    } else if (s[0] >= 0xE0 && s[0] <= 0xEF) {
        n = 3;
        lo = s[0] == 0xE0 ? 0xA0 : 0x80;
        hi = s[0] == 0xED ? 0x9F : 0xBF;
    } else if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        n = 4;
        lo = s[0] == 0xF0 ? 0x90 : 0x80;
        hi = s[0] == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    if (len < n || s[1] < lo || s[1] > hi) {
        return 0;
    }
    for (size_t i = 2; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return n;
}

size_t pgb_utf8_valid(const char *s, size_t len)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t i = 0;

    while (i < len) {
        uint64_t eight;
        size_t n;

        /* mostly ASCII: eight bytes at a time */
        if (len - i >= 8) {
            memcpy(&eight, p + i, 8);
            if ((eight & 0x8080808080808080u) == 0) {
                i += 8;
                continue;
            }
        }
        n = utf8_one(p + i, len - i);
        if (n == 0) {
            break;
        }
        i += n;
    }
    return i;
}

size_t pgb_utf8_count(const char *s, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        n += ((unsigned char)s[i] & 0xC0) != 0x80;
    }
    return n;
}

static bool is_override(uint32_t c)
{
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E ||
           c == 0x200F || c == 0x2028 || c == 0x2029;
}

void pgb_text_display(pgb_buf *buf, const char *s, size_t len, bool keep_newlines)
{
    const unsigned char *p = (const unsigned char *)s;

    for (size_t i = 0; i < len;) {
        size_t n = 0;
        uint32_t c;

        while (i + n < len && p[i + n] >= 0x20 && p[i + n] < 0x7F) {
            n++;
        }
        if (n > 0) { /* mostly ASCII: a run at a time */
            pgb_buf_append(buf, s + i, n);
            i += n;
            continue;
        }
        n = utf8_one(p + i, len - i);
        if (n == 0) {
            pgb_buf_printf(buf, "\\x%02X", p[i]);
            i++;
            continue;
        }
        c = n == 1   ? p[i]
            : n == 2 ? (uint32_t)(p[i] & 0x1F) << 6 | (p[i + 1] & 0x3F)
            : n == 3 ? (uint32_t)(p[i] & 0x0F) << 12 | (uint32_t)(p[i + 1] & 0x3F) << 6 |
                           (p[i + 2] & 0x3F)
                     : 0x10000;
        if (c == '\n' && keep_newlines) {
            pgb_buf_putc(buf, '\n');
        } else if (c == '\n') {
            pgb_buf_puts(buf, "\\n");
        } else if (c == '\t') {
            pgb_buf_puts(buf, keep_newlines ? "\t" : "\\t");
        } else if (c == '\r') {
            pgb_buf_puts(buf, "\\r");
        } else if (c < 0x20 || c == 0x7F) {
            pgb_buf_printf(buf, "\\x%02X", c);
        } else if ((c >= 0x80 && c < 0xA0) || is_override(c)) {
            pgb_buf_printf(buf, "\\u%04X", c);
        } else {
            pgb_buf_append(buf, s + i, n);
        }
        i += n;
    }
}

/* Where a fuzzer follows each comparison, these are all that it would follow. */
#if defined __clang__
__attribute__((no_sanitize("coverage")))
#endif
unsigned
pgb_text_distance(const char *a, const char *b)
{
    size_t na = strlen(a), nb = strlen(b);
    unsigned row[66];

    if (na > 64 || nb > 64) {
        return (unsigned)(na > nb ? na - nb : nb - na);
    }
    for (size_t j = 0; j <= nb; j++) {
        row[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= na; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned above = row[j];
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);

            if (above + 1 < best) {
                best = above + 1;
            }
            if (row[j - 1] + 1 < best) {
                best = row[j - 1] + 1;
            }
            row[j] = best;
            diagonal = above;
        }
    }
    return row[nb];
}

const char *pgb_text_nearest(const char *typed, const char *const *names, size_t n)
{
    const char *nearest = NULL;
    unsigned best = 4;

    for (size_t i = 0; i < n; i++) {
        unsigned d = pgb_text_distance(typed, names[i]);

        if (d < best && d < strlen(names[i])) {
            best = d;
            nearest = names[i];
        }
    }
    return nearest;
}
