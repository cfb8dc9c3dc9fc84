/* Errors as a compiler shows them. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/out.h"

enum { TAB = 8, WINDOW = 160 };

/* Columns that a character takes on a terminal: combining marks none, East Asian wide ones two
 * (Unicode's EastAsianWidth.txt, the ranges that matter). The C library's wcwidth knows only what
 * the locale knows. */
static int char_width(uint32_t c)
{
    static const struct {
        uint32_t from, to;
        int width;
    } ranges[] = {
        {0x0300, 0x036F, 0},   {0x0591, 0x05BD, 0},   {0x0610, 0x061A, 0},   {0x064B, 0x065F, 0},
        {0x1100, 0x115F, 2},   {0x1AB0, 0x1AFF, 0},   {0x1DC0, 0x1DFF, 0},   {0x200B, 0x200D, 0},
        {0x20D0, 0x20FF, 0},   {0x2E80, 0x303E, 2},   {0x3041, 0x33FF, 2},   {0x3400, 0x4DBF, 2},
        {0x4E00, 0x9FFF, 2},   {0xA000, 0xA4CF, 2},   {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},
        {0xFE00, 0xFE0F, 0},   {0xFE20, 0xFE2F, 0},   {0xFE30, 0xFE6F, 2},   {0xFF00, 0xFF60, 2},
        {0xFFE0, 0xFFE6, 2},   {0x1F300, 0x1F64F, 2}, {0x1F680, 0x1F6FF, 2}, {0x1F900, 0x1F9FF, 2},
        {0x20000, 0x3FFFD, 2}, {0xE0100, 0xE01EF, 0},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] && c >= ranges[i].from; i++) {
        if (c <= ranges[i].to) {
            return ranges[i].width;
        }
    }
    return 1;
}

static size_t char_length(const char *s, size_t len)
{
    for (size_t n = 1; n <= 4 && n <= len; n++) {
        if (pgb_utf8_valid(s, n) == n) {
            return n;
        }
    }
    return 0;
}

static uint32_t char_code(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    uint32_t c = n == 1 ? p[0] : p[0] & (0xFFu >> (n + 1));

    for (size_t i = 1; i < n; i++) {
        c = c << 6 | (p[i] & 0x3Fu);
    }
    return c;
}

/* Appends one character as it is shown; returns the columns that it takes. Bytes that are no
 * character count as one each, as the reader of the file counted them. */
static int show_char(pgb_buf *buf, const char *s, size_t len, int column, size_t *ret_used)
{
    size_t n = char_length(s, len), at = buf->len;

    *ret_used = n == 0 ? 1 : n;
    if (n == 1 && *s == '\t') {
        int spaces = TAB - column % TAB;

        pgb_buf_append(buf, "        ", (size_t)spaces);
        return spaces;
    }
    pgb_text_display(buf, s, *ret_used, false);
    if (n > 0 && buf->len - at == n && !buf->failed && memcmp(buf->p + at, s, n) == 0) {
        return char_width(char_code(s, n));
    }
    return (int)(buf->len - at); /* escaped: ASCII */
}

/* The line, and below it a caret at a column (characters, 1-based); a long line is shown around
 * it. */
static void show_source(pgb_out *out, const char *source, int line, int column)
{
    size_t len = strlen(source);
    PGB_AUTO_BUF(text);
    char number[16];
    size_t start = 0, used;
    int caret = -1, width = 0, chars = 0, gutter;
    bool cut = false;

    if (column > WINDOW / 2) {
        /* begin so that the caret stands in the middle */
        for (; chars < column - WINDOW / 2 && start < len; chars++) {
            size_t n = char_length(source + start, len - start);

            start += n == 0 ? 1 : n;
        }
        pgb_buf_puts(&text, "...");
        width = 3;
    }
    for (size_t i = start; i < len; i += used) {
        if (width >= WINDOW) {
            cut = true;
            break;
        }
        chars++;
        if (chars == column) {
            caret = width;
        }
        width += show_char(&text, source + i, len - i, width, &used);
    }
    if (cut) {
        pgb_buf_puts(&text, "...");
    } else if (caret < 0 && column == chars + 1) {
        caret = width; /* just behind the end */
    }
    gutter = snprintf(number, sizeof number, "%5d", line);
    pgb_out_printf(out, "%s | ", number);
    pgb_out_raw(out, pgb_buf_str(&text), text.len);
    pgb_out_raw(out, "\n", 1);
    if (caret >= 0) {
        pgb_out_printf(out, "%*s | %*s", gutter, "", caret, "");
        pgb_out_styled(out, PGB_STYLE_GOOD, "^");
        pgb_out_raw(out, "\n", 1);
    }
}

/* "name: text"; what follows a newline in the text is indented, so that it can't pass for ours. Of
 * several lines the first stands below the name too, so that they are in line. */
static void show_part(pgb_out *out, const char *name, const char *text)
{
    bool several = name != NULL && strchr(text, '\n') != NULL;

    if (text[0] == '\0') {
        return;
    }
    if (name != NULL) {
        pgb_out_style(out, PGB_STYLE_BOLD);
        pgb_out_printf(out, "%s:", name);
        pgb_out_style(out, PGB_STYLE_NONE);
        pgb_out_puts(out, several ? "\n  " : " ");
    }
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        for (; *text == '\t'; text++, len--) { /* libpq indents so */
            pgb_out_raw(out, "  ", 2);
        }
        pgb_out_printf(out, "%.*s\n", (int)len, text);
        text += len;
        if (*text == '\n') {
            text++;
            if (*text != '\0') {
                pgb_out_raw(out, "  ", 2);
            }
        }
    }
}

void pgb_out_located(pgb_out *out, const char *severity, pgb_style style, const pgb_error *err)
{
    if (err->file[0] != '\0') {
        pgb_out_style(out, PGB_STYLE_BOLD);
        pgb_out_printf(out, "%s:", err->file);
        if (err->line > 0) {
            pgb_out_printf(out, "%d:", err->line);
        }
        if (err->line > 0 && err->column > 0) {
            pgb_out_printf(out, "%d:", err->column);
        }
        pgb_out_style(out, PGB_STYLE_NONE);
        pgb_out_raw(out, " ", 1);
    }
    pgb_out_style(out, style);
    pgb_out_printf(out, "%s:", severity);
    pgb_out_style(out, PGB_STYLE_NONE);
    pgb_out_raw(out, " ", 1);
    show_part(out, NULL, err->message[0] != '\0' ? err->message : pgb_status_slug(err->status));
    if (err->source[0] != '\0' && err->line > 0) {
        show_source(out, err->source, err->line, err->column);
    }
    show_part(out, "SQLSTATE", err->sqlstate);
    show_part(out, "detail", err->detail);
    for (int i = 0; i < err->n_context; i++) {
        show_part(out, "context", err->context[i]);
    }
    show_part(out, "hint", err->hint);
}

/* The buffer could not grow: what matters most, from memory that is there. Bytes that a terminal
 * might obey are shown as "?". */
static void show_without_memory(const pgb_out *out, const char *prog, const pgb_error *err)
{
    char line[sizeof err->message + 64];
    int len = snprintf(line, sizeof line, "%s: error: %s\n", prog,
                       err->message[0] != '\0' ? err->message : pgb_status_slug(err->status));
    size_t end = len < (int)sizeof line ? (size_t)len : sizeof line - 1;

    for (size_t i = 0; i + 1 < end; i++) {
        line[i] = (char)(line[i] >= ' ' && line[i] < 0x7F ? line[i] : '?');
    }
    (void)!write(out->fd, line, end);
}

void pgb_out_error(pgb_out *out, const char *prog, const pgb_error *err)
{
    if (out->buf.failed) {
        show_without_memory(out, prog, err);
        return;
    }
    if (err->file[0] == '\0') {
        pgb_out_style(out, PGB_STYLE_BOLD);
        pgb_out_printf(out, "%s:", prog);
        pgb_out_style(out, PGB_STYLE_NONE);
        pgb_out_raw(out, " ", 1);
    }
    pgb_out_located(out, "error", PGB_STYLE_BAD, err);
    if (out->buf.failed) {
        show_without_memory(out, prog, err);
    }
}

static void key_text(pgb_json *json, const char *key, const char *text)
{
    pgb_json_key_string(json, key, text[0] == '\0' ? NULL : text);
}

static void key_number(pgb_json *json, const char *key, int value)
{
    pgb_json_key(json, key);
    if (value > 0) {
        pgb_json_int(json, value);
    } else {
        pgb_json_null(json);
    }
}

void pgb_out_error_member(pgb_out *out, pgb_json *json, const pgb_error *err)
{
    out->told = true;
    pgb_json_key(json, "error");
    pgb_json_object(json);
    pgb_json_key_string(json, "code", pgb_status_slug(err->status));
    key_text(json, "sqlstate", err->sqlstate);
    pgb_json_key_string(json, "message", err->message);
    key_text(json, "file", err->file);
    key_number(json, "line", err->line);
    key_number(json, "column", err->column);
    key_text(json, "source", err->source);
    key_text(json, "detail", err->detail);
    key_text(json, "hint", err->hint);
    pgb_json_key(json, "context");
    pgb_json_array(json);
    for (int i = 0; i < err->n_context; i++) {
        pgb_json_string(json, err->context[i]);
    }
    pgb_json_end(json);
    pgb_json_end(json);
}

void pgb_out_error_json(pgb_out *out, const pgb_error *err)
{
    pgb_json json;

    pgb_json_init(&json, pgb_out_json(out));
    pgb_json_object(&json);
    pgb_out_error_member(out, &json, err);
    pgb_json_end(&json);
    pgb_buf_putc(pgb_out_json(out), '\n');
}
