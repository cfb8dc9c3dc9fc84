/* Which statements surely run nobody's code and leave nothing in the session: their words tell it,
 * since PostgreSQL's parser took them already. What is not sure is not inert. */
#include <string.h>
#include <strings.h>

#include "sql/parse_internal.h"

typedef struct walk {
    const char *s;
    size_t len, at;
    int depth, deepest; /* of parentheses; behind the word or sign that next() gave */
    char word[32];      /* in capitals; a sign stands as itself, and a name in quotes as " */
} walk;

static bool is_letter(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || (c & 0x80) != 0;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool skip_comment(walk *w)
{
    const char *end;

    if (w->s[w->at] == '-') {
        end = memchr(w->s + w->at, '\n', w->len - w->at);
    } else {
        end = strstr(w->s + w->at + 2, "*/");
        if (end == NULL || memmem(w->s + w->at + 2, (size_t)(end - w->s) - w->at - 2, "/*", 2)) {
            return false; /* they nest: let others count */
        }
        end++;
    }
    w->at = end != NULL ? (size_t)(end - w->s) + 1 : w->len;
    return true;
}

/* To behind the closing quote; two of them are one inside. */
static bool skip_quoted(walk *w, char quote)
{
    for (w->at++; w->at < w->len; w->at++) {
        if (w->s[w->at] == quote) {
            if (w->at + 1 < w->len && w->s[w->at + 1] == quote) {
                w->at++;
            } else {
                w->at++;
                return true;
            }
        }
    }
    return false;
}

/* False: the end, or something that needs a better reader; w->at tells which. */
static bool next(walk *w)
{
    const char *s = w->s;

    for (;;) {
        char c;

        if (w->at >= w->len) {
            return false;
        }
        c = s[w->at];
        if (is_blank(c)) {
            w->at++;
        } else if (w->at + 1 < w->len &&
                   ((c == '-' && s[w->at + 1] == '-') || (c == '/' && s[w->at + 1] == '*'))) {
            if (!skip_comment(w)) {
                return false;
            }
        } else {
            break;
        }
    }
    if (is_letter(s[w->at])) {
        size_t n = 0;

        for (; w->at < w->len &&
               (is_letter(s[w->at]) || (s[w->at] >= '0' && s[w->at] <= '9') || s[w->at] == '$');
             w->at++) {
            char c = s[w->at];

            if (n < sizeof w->word - 1) {
                w->word[n++] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
            }
        }
        w->word[n] = '\0';
        /* E'…' and the like read their text in another way */
        return w->at >= w->len || s[w->at] != '\'';
    }
    w->word[0] = s[w->at];
    w->word[1] = '\0';
    switch (s[w->at]) {
    case '\'':
    case '"': {
        size_t from = w->at + 1;

        return skip_quoted(w, s[w->at]) &&
               (w->word[0] == '\'' || strncasecmp(s + from, "pg_temp", 7) != 0);
    }
    case '&': /* U&"…" spells its name in another way */
        if (w->at + 1 < w->len && s[w->at + 1] == '"') {
            return false;
        }
        break;
    case '$':
    case '\\':
        return false;
    case '(':
        w->depth++;
        w->deepest = w->depth > w->deepest ? w->depth : w->deepest;
        break;
    case ')':
        w->depth--;
        break;
    default:
        break;
    }
    w->at++;
    return true;
}

static bool is(const walk *w, const char *word)
{
    return strcmp(w->word, word) == 0;
}

/* A new table evaluates nothing: it has no rows. Not so CREATE TABLE … AS, and a partition, whose
 * bounds are computed and whose siblings' rows are looked at. */
static bool is_inert_table(walk *w)
{
    while (next(w)) {
        if (strncmp(w->word, "PG_TEMP", 7) == 0 ||
            (w->depth == 0 && (is(w, "AS") || is(w, "PARTITION") || is(w, "OF") ||
                               is(w, "EXECUTE") || is(w, "SELECT")))) {
            return false;
        }
    }
    return w->at >= w->len;
}

/* Over bare columns: no expression, no predicate. */
static bool is_inert_index(walk *w)
{
    while (next(w)) {
        if (w->depth == 0 && is(w, "WHERE")) {
            return false;
        }
    }
    return w->at >= w->len && w->deepest <= 1;
}

bool pgb_parse_inert_by_words(const char *sql, size_t len)
{
    walk w = {.s = sql, .len = len};

    if (!next(&w)) {
        return false;
    }
    if (is(&w, "COMMENT")) {
        return true;
    }
    if (is(&w, "DROP")) {
        return next(&w) && (is(&w, "TABLE") || is(&w, "INDEX") || is(&w, "VIEW") ||
                            is(&w, "TYPE") || is(&w, "SEQUENCE") || is(&w, "FUNCTION"));
    }
    if (!is(&w, "CREATE") || !next(&w)) {
        return false;
    }
    if (is(&w, "TABLE")) {
        return is_inert_table(&w);
    }
    if (is(&w, "UNIQUE") && !next(&w)) {
        return false;
    }
    return is(&w, "INDEX") && is_inert_index(&w);
}
