/*
 * What the server prints for one and the same expression before and after a dump and restore.
 *
 * `status IN ('a', 'b')` over a varchar column is first kept as an array that is cast as a whole,
 * and printed `(ARRAY['a'::character varying, 'b'::character varying])::text[]`. Read back, the
 * cast goes into the array, and it is printed `ARRAY[('a'::character varying)::text, …]` from then
 * on. Both mean the same (transformTypeCast in parse_expr.c passes the type down), so the second
 * form is the normal one here.
 */
#include <string.h>

#include "base/buf.h"
#include "catalog/catalog.h"

enum { NESTED = 16 };

/* Behind the quoted thing that begins at `at`; `at` itself when none begins there. */
static size_t skip_quoted(const char *s, size_t at, size_t len)
{
    char c = s[at];

    if (c == '\'' || c == '"') {
        bool escapes = c == '\'' && at > 0 && (s[at - 1] == 'E' || s[at - 1] == 'e');

        for (size_t i = at + 1; i < len; i++) {
            if (s[i] == '\\' && escapes) {
                i++;
            } else if (s[i] == c) {
                if (i + 1 < len && s[i + 1] == c) {
                    i++;
                } else {
                    return i + 1;
                }
            }
        }
        return len;
    }
    if (c == '$') {
        size_t tag = at + 1;

        while (tag < len && s[tag] != '$' &&
               (s[tag] == '_' || (s[tag] >= '0' && s[tag] <= '9') || (s[tag] | 32) >= 'a')) {
            tag++;
        }
        if (tag < len && s[tag] == '$') {
            size_t n = tag + 1 - at;
            const char *end = memmem(s + tag + 1, len - tag - 1, s + at, n);

            return end == NULL ? len : (size_t)(end - s) + n;
        }
    }
    return at;
}

/* From "ARRAY[" at `at`: the place of its closing bracket; 0: not there. */
static size_t closing_bracket(const char *s, size_t at, size_t len)
{
    unsigned depth = 0;

    for (size_t i = at + 5; i < len;) {
        size_t behind = skip_quoted(s, i, len);

        if (behind != i) {
            i = behind;
            continue;
        }
        if (s[i] == '[' || s[i] == '(') {
            depth++;
        } else if (s[i] == ']' || s[i] == ')') {
            if (depth == 0) {
                return 0;
            }
            if (--depth == 0) {
                return s[i] == ']' ? i : 0;
            }
        }
        i++;
    }
    return 0;
}

/* The name of the elements' type in "T[]" at `at`; the length of the name, 0: no array type. */
static size_t element_type(const char *s, size_t at, size_t len)
{
    for (size_t i = at; i < len;) {
        size_t behind = s[i] == '"' ? skip_quoted(s, i, len) : i;

        if (behind != i) {
            i = behind;
        } else if (s[i] == '[') {
            return i + 1 < len && s[i + 1] == ']' ? i - at : 0;
        } else if (s[i] == '_' || s[i] == ' ' || s[i] == '.' || s[i] == ',' || s[i] == '(' ||
                   (s[i] >= '0' && s[i] <= '9') || (unsigned char)s[i] >= 0x80 ||
                   ((s[i] | 32) >= 'a' && (s[i] | 32) <= 'z')) {
            i++;
        } else if (s[i] == ')') {
            /* of "character varying(10)"; any other ends the expression */
            const char *open = memrchr(s + at, '(', i - at);

            if (open == NULL || memchr(open, ')', (size_t)(s + i - open)) != NULL) {
                return 0;
            }
            i++;
        } else {
            return 0;
        }
    }
    return 0;
}

static void normalise(pgb_buf *out, const char *s, size_t len, unsigned depth);

/* The elements between the brackets, each with the cast. */
static void put_elements(pgb_buf *out, const char *s, size_t len, const char *type, size_t type_len,
                         bool parens, unsigned depth)
{
    unsigned level = 0;
    size_t from = 0;

    for (size_t i = 0; i <= len;) {
        size_t behind = i < len ? skip_quoted(s, i, len) : i;

        if (behind != i) {
            i = behind;
            continue;
        }
        if (i == len || (s[i] == ',' && level == 0)) {
            size_t n;

            while (from < i && s[from] == ' ') {
                from++;
            }
            n = i - from;
            if (n > 6 && memcmp(s + from, "ARRAY[", 6) == 0 &&
                closing_bracket(s, from, len) == i - 1) {
                pgb_buf_puts(out, "ARRAY[");
                put_elements(out, s + from + 6, n - 7, type, type_len, parens, depth);
                pgb_buf_putc(out, ']');
            } else {
                pgb_buf_puts(out, parens ? "(" : "");
                normalise(out, s + from, n, depth);
                pgb_buf_puts(out, parens ? ")::" : "::");
                pgb_buf_append(out, type, type_len);
            }
            if (i < len) {
                pgb_buf_puts(out, ", ");
            }
            from = i + 1;
        } else if (s[i] == '[' || s[i] == '(') {
            level++;
        } else if (s[i] == ']' || s[i] == ')') {
            level--;
        }
        i++;
    }
}

static void normalise(pgb_buf *out, const char *s, size_t len, unsigned depth)
{
    size_t done = 0;

    for (size_t i = 0; i < len && depth < NESTED;) {
        size_t behind = skip_quoted(s, i, len), close, type, n;
        bool parens;

        if (behind != i) {
            i = behind;
            continue;
        }
        if (len - i < 6 || memcmp(s + i, "ARRAY[", 6) != 0) {
            i++;
            continue;
        }
        parens = i > done && s[i - 1] == '(';
        close = closing_bracket(s, i, len);
        type = close + 1 + (parens ? 1 : 0) + 2;
        if (close == 0 || close == i + 6 || type >= len || (parens && s[close + 1] != ')') ||
            s[type - 1] != ':' || s[type - 2] != ':' || (n = element_type(s, type, len)) == 0) {
            i += 6;
            continue;
        }
        pgb_buf_append(out, s + done, i - (parens ? 1 : 0) - done);
        pgb_buf_puts(out, "ARRAY[");
        put_elements(out, s + i + 6, close - i - 6, s + type, n, parens, depth + 1);
        pgb_buf_putc(out, ']');
        i = done = type + n + 2;
    }
    pgb_buf_append(out, s + done, len - done);
}

const char *pgb_catalog_normal(pgb_arena *arena, const char *text)
{
    PGB_AUTO_BUF(out);

    if (strstr(text, "ARRAY[") == NULL) {
        return text;
    }
    normalise(&out, text, strlen(text), 0);
    return out.failed ? NULL : pgb_arena_strndup(arena, pgb_buf_str(&out), out.len);
}
