#include "sql/check.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/vec.h"

enum { DEPTH_MAX = 200, HINTS_MAX = 4000 };

typedef enum token_kind {
    T_WORD,
    T_QUOTED,
    T_STRING,
    T_NUMBER,
    T_OPERATOR,
    T_MARK,
    T_END
} token_kind;

typedef struct token {
    token_kind kind;
    const char *at;
    size_t len;
} token;

typedef struct apart {
    const char *const *names;
    uint32_t n_names;
    pgb_arena *arena;
    PGB_VEC(pgb_hint) hints;
    bool nomem;
} apart;

/* Ways in which something is true or false. */
typedef struct ways {
    const char *at[PGB_CHECK_WAYS_MAX];
    uint32_t n;
} ways;

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_to_quote(const char *p, const char *end, char quote, bool escapes)
{
    while (p < end) {
        if (p + 1 < end && ((escapes && *p == '\\') || (*p == quote && p[1] == quote))) {
            p += 2;
        } else if (*p++ == quote) {
            return p;
        }
    }
    return end;
}

/* The token at p, blanks before it left out. */
static token next_token(const char *p, const char *end)
{
    token t = {.kind = T_END};

    while (p < end && strchr(" \t\r\n", *p) != NULL) {
        p++;
    }
    t.at = p;
    if (p >= end) {
        return t;
    }
    if ((*p == 'E' || *p == 'e') && p + 1 < end && p[1] == '\'') {
        t.kind = T_STRING;
        t.len = (size_t)(skip_to_quote(p + 2, end, '\'', true) - p);
    } else if (*p == '\'') {
        t.kind = T_STRING;
        t.len = (size_t)(skip_to_quote(p + 1, end, '\'', false) - p);
    } else if (*p == '"') {
        t.kind = T_QUOTED;
        t.len = (size_t)(skip_to_quote(p + 1, end, '"', false) - p);
    } else if (is_digit(*p) || (*p == '.' && p + 1 < end && is_digit(p[1]))) {
        t.kind = T_NUMBER;
        while (p < end && (is_digit(*p) || *p == '.' || *p == 'e' ||
                           ((*p == '+' || *p == '-') && p[-1] == 'e'))) {
            p++;
        }
        t.len = (size_t)(p - t.at);
    } else if (is_word_start(*p)) {
        t.kind = T_WORD;
        while (p < end && (is_word_start(*p) || is_digit(*p) || *p == '$')) {
            p++;
        }
        t.len = (size_t)(p - t.at);
    } else if (strchr("()[],.;", *p) != NULL) {
        t.kind = T_MARK;
        t.len = 1;
    } else if (*p == ':') {
        t.kind = T_MARK;
        t.len = p + 1 < end && p[1] == ':' ? 2 : 1;
    } else {
        t.kind = T_OPERATOR;
        while (p < end && strchr("+-*/<>=~!@#%^&|`?", *p) != NULL) {
            p++;
        }
        t.len = p > t.at ? (size_t)(p - t.at) : 1;
    }
    return t;
}

static bool is(const token *t, const char *word)
{
    return t->len == strlen(word) && strncasecmp(t->at, word, t->len) == 0 && t->kind != T_QUOTED &&
           t->kind != T_STRING;
}

/* The text of a string or quoted name, or the token as it stands. */
static const char *unquote(apart *a, const token *t)
{
    char *copy = pgb_arena_alloc(a->arena, t->len + 1), *out = copy;
    const char *p = t->at, *end = t->at + t->len;
    bool escapes = t->kind == T_STRING && *p != '\'';
    char quote = t->kind == T_QUOTED ? '"' : '\'';

    if (copy == NULL) {
        a->nomem = true;
        return NULL;
    }
    if (t->kind != T_STRING && t->kind != T_QUOTED) {
        memcpy(copy, t->at, t->len);
        return copy;
    }
    p += escapes ? 2 : 1;
    while (p < end && !(*p == quote && p + 1 >= end)) {
        if (*p == quote || (escapes && *p == '\\' && p + 1 < end)) {
            p++;
        }
        if (p < end) {
            *out++ = *p++;
        }
    }
    return copy;
}

/* ---- hints ---- */

static void add_hint(apart *a, pgb_hint_kind kind, uint32_t column, const char *text)
{
    for (size_t i = 0; i < a->hints.n; i++) {
        const pgb_hint *h = &a->hints.at[i];

        if (h->kind == kind && h->column == column &&
            (text == NULL ? h->text == NULL : strcmp(h->text, text) == 0)) {
            return;
        }
    }
    if (a->hints.n < HINTS_MAX &&
        !pgb_vec_push(&a->hints, ((pgb_hint){.kind = kind, .column = column, .text = text}))) {
        a->nomem = true;
    }
}

static uint32_t column_at(const apart *a, const token *t, const char *name)
{
    for (uint32_t i = 0; name != NULL && i < a->n_names; i++) {
        if ((t->kind == T_QUOTED ? strcmp(a->names[i], name) : strcasecmp(a->names[i], name)) ==
            0) {
            return i;
        }
    }
    return UINT32_MAX;
}

static bool is_length(const token *t)
{
    static const char *const names[] = {"length",       "char_length",        "character_length",
                                        "bit_length",   "cardinality",        "array_length",
                                        "octet_length", "jsonb_array_length", "json_array_length"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (is(t, names[i])) {
            return true;
        }
    }
    return false;
}

/* What a literal is, by the operator before it. */
static pgb_hint_kind kind_after(const token *op, bool length, token_kind literal)
{
    static const char *const likes[] = {"~~", "~~*", "!~~", "!~~*"};
    static const char *const regexes[] = {"~", "~*", "!~", "!~*"};
    static const char *const keys[] = {"->", "->>", "?", "?|", "?&", "#>", "#>>"};

    if (literal == T_NUMBER) {
        return length ? PGB_HINT_LENGTH : PGB_HINT_VALUE;
    }
    for (size_t i = 0; op->at != NULL && i < 7; i++) {
        if (i < 4 && is(op, likes[i])) {
            return PGB_HINT_LIKE;
        }
        if (i < 4 && is(op, regexes[i])) {
            return PGB_HINT_REGEX;
        }
        if (is(op, keys[i])) {
            return PGB_HINT_KEY;
        }
    }
    return PGB_HINT_VALUE;
}

static bool is_more_of_a_type(const token *t)
{
    static const char *const words[] = {"varying", "precision", "without", "with", "time",
                                        "zone",    "year",      "month",   "day",  "hour",
                                        "minute",  "second",    "to"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (is(t, words[i])) {
            return true;
        }
    }
    return false;
}

/* The names of a type after "::", up to what can't be one any more. */
static const char *skip_type(const char *p, const char *end)
{
    bool name = true; /* a name is due: at first, and behind a dot */

    for (;;) {
        token t = next_token(p, end);

        if ((t.kind == T_WORD || t.kind == T_QUOTED) && (name || is_more_of_a_type(&t))) {
            name = false;
        } else if (t.kind == T_MARK && *t.at == '.') {
            name = true;
        } else if (t.kind == T_MARK && (*t.at == '[' || *t.at == '(')) {
            token inside = next_token(t.at + 1, end);

            if (*t.at == '(' && inside.kind != T_NUMBER) {
                return p;
            }
            while (t.kind != T_END && !(t.kind == T_MARK && (*t.at == ']' || *t.at == ')'))) {
                t = next_token(t.at + t.len, end);
            }
        } else {
            return p;
        }
        p = t.at + t.len;
        if (p >= end) {
            return end;
        }
    }
}

/* Every column of the atom is brought together with every literal of it. */
static void read_atom(apart *a, const char *p, const char *end)
{
    PGB_VEC(uint32_t) columns = {0};
    PGB_VEC(pgb_hint) literals = {0};
    token op = {.kind = T_END};
    bool length = false;

    for (token t = next_token(p, end); t.kind != T_END && !a->nomem; t = next_token(p, end)) {
        p = t.at + t.len;
        if (t.kind == T_WORD || t.kind == T_QUOTED) {
            token after = next_token(p, end);
            bool called = after.kind == T_MARK && *after.at == '(';
            uint32_t column = called ? UINT32_MAX : column_at(a, &t, unquote(a, &t));

            if (called && t.kind == T_WORD) {
                length |= is_length(&t);
            }
            if (column != UINT32_MAX) {
                add_hint(a, PGB_HINT_COLUMN, column, NULL);
                a->nomem |= !pgb_vec_push(&columns, column);
            }
        } else if (t.kind == T_STRING || t.kind == T_NUMBER) {
            pgb_hint h = {.kind = kind_after(&op, length, t.kind), .text = unquote(a, &t)};

            if (length && h.kind == PGB_HINT_VALUE) {
                h.kind = PGB_HINT_LENGTH; /* '-1'::integer and the like */
            }
            a->nomem |= h.text == NULL || !pgb_vec_push(&literals, h);
        } else if (t.kind == T_MARK && t.len == 2) {
            p = skip_type(p, end);
        } else if (t.kind == T_OPERATOR) {
            op = t;
        } else if (*t.at == ',') {
            op.at = op.kind == T_OPERATOR && kind_after(&op, false, T_STRING) == PGB_HINT_VALUE
                        ? NULL
                        : op.at;
        }
    }
    for (size_t c = 0; c < columns.n && !a->nomem; c++) {
        for (size_t l = 0; l < literals.n; l++) {
            add_hint(a, literals.at[l].kind, columns.at[c], literals.at[l].text);
        }
    }
    pgb_vec_done(&columns);
    pgb_vec_done(&literals);
}

/* ---- AND, OR, NOT ---- */

static void way_add(apart *a, ways *w, const char *text)
{
    a->nomem |= text == NULL;
    if (w->n < PGB_CHECK_WAYS_MAX && text != NULL) {
        w->at[w->n++] = text;
    }
}

static ways both(apart *a, const ways *x, const ways *y)
{
    ways w = {.n = 0};

    for (uint32_t i = 0; i < x->n; i++) {
        for (uint32_t k = 0; k < y->n && w.n < PGB_CHECK_WAYS_MAX; k++) {
            way_add(a, &w, pgb_arena_printf(a->arena, "%s AND %s", x->at[i], y->at[k]));
        }
    }
    return w;
}

/* Takes away blanks, and parentheses around all of it. */
static void strip(const char **from, const char **to)
{
    for (;;) {
        token t = next_token(*from, *to);
        const char *p = t.at + t.len;
        int depth = 1;

        *from = t.at;
        while (*to > *from && strchr(" \t\r\n", (*to)[-1]) != NULL) {
            (*to)--;
        }
        if (t.kind != T_MARK || *t.at != '(') {
            return;
        }
        while (depth > 0) {
            t = next_token(p, *to);
            if (t.kind == T_END) {
                return;
            }
            p = t.at + t.len;
            if (t.kind == T_MARK) {
                depth += *t.at == '(' ? 1 : *t.at == ')' ? -1 : 0;
            }
        }
        if (p < *to) {
            return;
        }
        (*from)++;
        (*to)--;
    }
}

static int depth_change(const token *t)
{
    if (t->kind == T_MARK) {
        return strchr("([", *t->at) != NULL ? 1 : strchr(")]", *t->at) != NULL ? -1 : 0;
    }
    return is(t, "CASE") ? 1 : is(t, "END") ? -1 : 0;
}

/* The ways in which the text is false (or true). */
static ways ways_of(apart *a, const char *from, const char *to, bool truth, int depth)
{
    ways all = {.n = 0};
    const char *begin, *joint = NULL;
    token first;
    int level = 0;

    strip(&from, &to);
    first = next_token(from, to);
    begin = from;
    for (token t = first; depth < DEPTH_MAX && t.kind != T_END; t = next_token(t.at + t.len, to)) {
        level += depth_change(&t);
        if (level == 0 && (is(&t, "AND") || is(&t, "OR"))) {
            bool is_and = is(&t, "AND");
            ways part = ways_of(a, begin, t.at, truth, depth + 1);

            if (joint == NULL) {
                all = part;
            } else if (is_and == truth) {
                all = both(a, &all, &part);
            } else {
                for (uint32_t i = 0; i < part.n; i++) {
                    way_add(a, &all, part.at[i]);
                }
            }
            joint = is_and ? "AND" : "OR";
            begin = t.at + t.len;
        }
    }
    if (joint != NULL) {
        bool is_and = joint[0] == 'A';
        ways part = ways_of(a, begin, to, truth, depth + 1);

        if (is_and == truth) {
            return both(a, &all, &part);
        }
        for (uint32_t i = 0; i < part.n; i++) {
            way_add(a, &all, part.at[i]);
        }
        return all;
    }
    if (is(&first, "NOT") && depth < DEPTH_MAX) {
        return ways_of(a, first.at + first.len, to, !truth, depth + 1);
    }
    read_atom(a, from, to);
    way_add(a, &all,
            pgb_arena_printf(a->arena, truth ? "(%.*s)" : "(NOT (%.*s))", (int)(to - from), from));
    return all;
}

pgb_status pgb_check_take_apart(const char *expr, const char *const *names, uint32_t n_names,
                                pgb_arena *arena, pgb_check_parts *ret_parts, pgb_error *err)
{
    apart a = {.names = names, .n_names = n_names, .arena = arena};
    ways w = ways_of(&a, expr, expr + strlen(expr), false, 0);
    pgb_check_parts parts = {.n_hints = (uint32_t)a.hints.n, .n_ways = w.n};

    parts.hints = pgb_arena_array(arena, a.hints.n + 1, sizeof *parts.hints);
    parts.ways = pgb_arena_array(arena, (size_t)w.n + 1, sizeof *parts.ways);
    if (a.nomem || parts.hints == NULL || parts.ways == NULL) {
        pgb_vec_done(&a.hints);
        return pgb_error_nomem(err);
    }
    if (a.hints.n > 0) {
        memcpy(parts.hints, a.hints.at, a.hints.n * sizeof *parts.hints);
    }
    memcpy(parts.ways, w.at, w.n * sizeof *parts.ways);
    pgb_vec_done(&a.hints);
    *ret_parts = parts;
    return PGB_OK;
}
