#include "report/markup.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

static void put_byte(pgb_buf *out, char c)
{
    switch (c) {
    case '&':
        pgb_buf_puts(out, "&amp;");
        break;
    case '<':
        pgb_buf_puts(out, "&lt;");
        break;
    case '>':
        pgb_buf_puts(out, "&gt;");
        break;
    case '"':
        pgb_buf_puts(out, "&quot;");
        break;
    case '\'':
        pgb_buf_puts(out, "&#39;");
        break;
    default:
        pgb_buf_putc(out, c);
    }
}

/* U+FFFE and U+FFFF, which XML has no place for; and what has no width, and so makes one name look
 * like another. (The joiners U+200C and U+200D are part of how languages are written.) */
static const char *no_character(const char *s)
{
    return memcmp(s, "\xEF\xBF\xBE", 3) == 0   ? "\\uFFFE"
           : memcmp(s, "\xEF\xBF\xBF", 3) == 0 ? "\\uFFFF"
           : memcmp(s, "\xE2\x80\x8B", 3) == 0 ? "\\u200B"
           : memcmp(s, "\xE2\x81\xA0", 3) == 0 ? "\\u2060"
           : memcmp(s, "\xEF\xBB\xBF", 3) == 0 ? "\\uFEFF"
                                               : NULL;
}

/* What is shown of a text, before it is escaped. */
static bool display(pgb_buf *shown, const char *text, bool keep_newlines)
{
    pgb_buf first = PGB_BUF_INIT;

    pgb_text_display(&first, text, strlen(text), keep_newlines);
    for (size_t i = 0; i < first.len; i++) {
        const char *none = first.len - i >= 3 ? no_character(first.p + i) : NULL;

        if (none != NULL) {
            pgb_buf_puts(shown, none);
            i += 2;
        } else if (first.len - i >= 2 && /* U+061C turns text around as the overrides do */
                   memcmp(first.p + i, "\xD8\x9C", 2) == 0) {
            pgb_buf_puts(shown, "\\u061C");
            i++;
        } else {
            pgb_buf_putc(shown, first.p[i]);
        }
    }
    shown->failed |= first.failed;
    pgb_buf_done(&first);
    return !shown->failed;
}

void pgb_markup_text(pgb_buf *out, const char *text)
{
    PGB_AUTO_BUF(shown);

    if (text == NULL || text[0] == '\0') {
        return;
    }
    if (!display(&shown, text, true)) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < shown.len; i++) {
        put_byte(out, shown.p[i]);
    }
}

/* Wide characters as terminals count them, as far as names need it: East Asian and emoji. */
static bool is_wide(uint32_t c)
{
    return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
           (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
           (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
}

static size_t one(const char *s, uint32_t *ret_char)
{
    unsigned char c = (unsigned char)s[0];
    size_t n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    uint32_t value = n == 1 ? c : c & (0x3Fu >> (n - 1));

    for (size_t i = 1; i < n; i++) {
        value = value << 6 | ((unsigned char)s[i] & 0x3F);
    }
    *ret_char = value;
    return n;
}

unsigned pgb_markup_columns(const char *text, bool *failed)
{
    PGB_AUTO_BUF(shown);
    unsigned columns = 0;

    if (text == NULL || text[0] == '\0') {
        return 0;
    }
    if (!display(&shown, text, false)) {
        *failed = true;
        return 0;
    }
    for (size_t i = 0; i < shown.len;) {
        uint32_t c;

        i += one(shown.p + i, &c);
        columns += is_wide(c) ? 2 : 1;
    }
    return columns;
}

unsigned pgb_markup_cut(pgb_buf *out, const char *text, unsigned columns)
{
    PGB_AUTO_BUF(shown);
    unsigned whole = pgb_markup_columns(text, &out->failed), used = 0;

    if (text == NULL || text[0] == '\0') {
        return 0;
    }
    if (!display(&shown, text, false)) {
        out->failed = true;
        return 0;
    }
    for (size_t i = 0; i < shown.len;) {
        uint32_t c;
        size_t n = one(shown.p + i, &c);
        unsigned wide = is_wide(c) ? 2 : 1;

        if (whole > columns && used + wide > columns - 1) {
            pgb_buf_puts(out, "\u2026");
            return used + 1;
        }
        for (size_t k = 0; k < n; k++) {
            put_byte(out, shown.p[i + k]);
        }
        used += wide;
        i += n;
    }
    return used;
}

/* Advances of DejaVu Sans in thousandths of its size, from U+0020: of the fonts that a page falls
 * on (templates/page.css) it is the widest, so what fits in it fits in each. Others: one em is
 * enough for all but a few letters of a few scripts. */
static unsigned advance(uint32_t c)
{
    static const uint16_t ascii[95] = {
        318,  401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337,
        636,  636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531,
        1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,
        603,  787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500,
        500,  613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
        635,  635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838};

    return c >= 0x20 && c < 0x7F ? ascii[c - 0x20] : c == 0xB7 ? 318 : c < 0x250 ? 800 : 1000;
}

enum { ELLIPSIS = 1000 };

static unsigned long advance_of(const pgb_buf *shown)
{
    unsigned long sum = 0;

    for (size_t i = 0; i < shown->len;) {
        uint32_t c;

        i += one(shown->p + i, &c);
        sum += advance(c);
    }
    return sum;
}

unsigned pgb_markup_fit(pgb_buf *out, const char *text, unsigned size, unsigned room)
{
    PGB_AUTO_BUF(shown);
    unsigned long most = (unsigned long)room * 10000 / size, used = 0, whole;

    if (text == NULL || text[0] == '\0') {
        return 0;
    }
    if (!display(&shown, text, false)) {
        out->failed = true;
        return 0;
    }
    whole = advance_of(&shown);
    for (size_t i = 0; i < shown.len;) {
        uint32_t c;
        size_t n = one(shown.p + i, &c);

        if (whole > most && used + advance(c) + ELLIPSIS > most) {
            pgb_buf_puts(out, "\u2026");
            used += ELLIPSIS;
            break;
        }
        for (size_t k = 0; k < n; k++) {
            put_byte(out, shown.p[i + k]);
        }
        used += advance(c);
        i += n;
    }
    return (unsigned)((used * size + 9999) / 10000);
}

void pgb_markup_id(pgb_buf *out, const char *prefix, const char *name)
{
    pgb_buf_puts(out, prefix);
    for (const char *s = name; *s != '\0'; s++) {
        if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
            *s == '_' || *s == '.') {
            pgb_buf_putc(out, *s);
        } else {
            pgb_buf_printf(out, "-%02X", (unsigned)(unsigned char)*s);
        }
    }
}

void pgb_mark_text(pgb_buf *out, const char *text)
{
    PGB_AUTO_BUF(shown);

    if (text == NULL || text[0] == '\0') {
        return;
    }
    if (!display(&shown, text, true)) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < shown.len; i++) {
        char c = shown.p[i];

        /* what has a meaning within a line, and at its start after whatever we put there */
        if (c == '\n' || c == '\t') {
            c = ' ';
        }
        if (strchr("\\`*_{}[]<>()#+-!|~&=:\"'$^", c) != NULL) {
            /* punctuation that only means something beside blanks or at a start stays readable */
            bool plain = (c == '-' || c == '(' || c == ')' || c == '\'' || c == ':' || c == '"' ||
                          c == '+' || c == '=' || c == '$' || c == '^' || c == '{' || c == '}') &&
                         i > 0;

            if (!plain) {
                pgb_buf_putc(out, '\\');
            }
        } else if (c == '.' && i > 0 && shown.p[i - 1] >= '0' && shown.p[i - 1] <= '9') {
            pgb_buf_putc(out, '\\'); /* "1. " begins a list */
        }
        pgb_buf_putc(out, c);
    }
}

void pgb_mark_code(pgb_buf *out, const char *text)
{
    PGB_AUTO_BUF(shown);
    size_t longest = 0, run = 0;
    bool pad;

    if (text == NULL || text[0] == '\0') {
        return;
    }
    if (!display(&shown, text, false)) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < shown.len; i++) {
        run = shown.p[i] == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    pad = shown.len > 0 && (shown.p[0] == '`' || shown.p[shown.len - 1] == '`' ||
                            (shown.p[0] == ' ' && shown.p[shown.len - 1] == ' '));
    for (size_t i = 0; i <= longest; i++) {
        pgb_buf_putc(out, '`');
    }
    pgb_buf_puts(out, pad ? " " : "");
    pgb_buf_append(out, shown.p, shown.len);
    pgb_buf_puts(out, pad ? " " : "");
    for (size_t i = 0; i <= longest; i++) {
        pgb_buf_putc(out, '`');
    }
}
