#include "prove/pattern.h"

#include <string.h>

enum { MADE_MAX = 200, DEPTH_MAX = 40 };

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

void pgb_pattern_like(pgb_random *random, const char *pattern, pgb_buf *buf)
{
    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p == '\\' && p[1] != '\0') {
            pgb_buf_putc(buf, *++p);
        } else if (*p == '%') {
            for (uint64_t n = pgb_random_upto(random, 6); n > 0; n--) {
                pgb_buf_putc(buf, letters[pgb_random_upto(random, 25)]);
            }
        } else {
            pgb_buf_putc(buf, (char)(*p == '_' ? letters[pgb_random_upto(random, 25)] : *p));
        }
    }
}

typedef struct maker {
    pgb_random *random;
    pgb_buf *buf;
    size_t limit;
    bool beyond; /* something that is not known */
} maker;

static void make_branch(maker *m, const char *p, const char *end, int depth);

/* Behind the bracket expression that starts at p. */
static const char *bracket_end(const char *p, const char *end)
{
    p++;
    p += p < end && *p == '^';
    p += p < end && *p == ']';
    while (p < end && *p != ']') {
        if (*p == '[' && p + 1 < end && strchr(":.=", p[1]) != NULL) {
            const char *close = memmem(p + 2, (size_t)(end - p - 2), (char[]){p[1], ']'}, 2);

            p = close != NULL ? close + 2 : end;
        } else {
            p += *p == '\\' && p + 1 < end ? 2 : 1;
        }
    }
    return p < end ? p + 1 : end;
}

/* Behind the group that starts at p with its parenthesis. */
static const char *group_end(const char *p, const char *end)
{
    int depth = 0;

    while (p < end) {
        if (*p == '\\' && p + 1 < end) {
            p += 2;
        } else if (*p == '[') {
            p = bracket_end(p, end);
        } else {
            depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
            p++;
            if (depth == 0) {
                return p;
            }
        }
    }
    return end;
}

/* One of the alternatives between p and end. */
static void make_any(maker *m, const char *p, const char *end, int depth)
{
    const char *from[32];
    const char *to[32];
    uint32_t n = 0;

    from[0] = p;
    while (p < end) {
        if (*p == '|' && n < 31) {
            to[n++] = p++;
            from[n] = p;
        } else if (*p == '[') {
            p = bracket_end(p, end);
        } else if (*p == '(') {
            p = group_end(p, end);
        } else {
            p += *p == '\\' && p + 1 < end ? 2 : 1;
        }
    }
    to[n++] = end;
    n = (uint32_t)pgb_random_upto(m->random, n - 1);
    make_branch(m, from[n], to[n], depth + 1);
}

static void add_range(bool set[128], unsigned char from, unsigned char to)
{
    for (unsigned c = from; c <= to && c < 128; c++) {
        set[c] = true;
    }
}

static bool add_class(bool set[128], const char *name, size_t len)
{
    if (len == 5 && memcmp(name, "alpha", 5) == 0) {
        add_range(set, 'a', 'z');
        add_range(set, 'A', 'Z');
    } else if (len == 5 && memcmp(name, "digit", 5) == 0) {
        add_range(set, '0', '9');
    } else if (len == 5 && memcmp(name, "alnum", 5) == 0) {
        add_range(set, 'a', 'z');
        add_range(set, 'A', 'Z');
        add_range(set, '0', '9');
    } else if (len == 5 && memcmp(name, "upper", 5) == 0) {
        add_range(set, 'A', 'Z');
    } else if (len == 5 && memcmp(name, "lower", 5) == 0) {
        add_range(set, 'a', 'z');
    } else if (len == 5 && memcmp(name, "space", 5) == 0) {
        set[' '] = true;
    } else if (len == 6 && memcmp(name, "xdigit", 6) == 0) {
        add_range(set, '0', '9');
        add_range(set, 'a', 'f');
    } else if (len == 5 && memcmp(name, "punct", 5) == 0) {
        add_range(set, '!', '/');
    } else {
        return false;
    }
    return true;
}

static bool add_escape(bool set[128], char c)
{
    switch (c) {
    case 'd':
        add_range(set, '0', '9');
        return true;
    case 'w':
        add_range(set, '0', '9');
        add_range(set, 'a', 'z');
        return true;
    case 's':
        set[' '] = true;
        return true;
    case 'D':
    case 'S':
    case 'W':
        if (c == 'W') {
            set['-'] = true;
        } else {
            add_range(set, 'a', 'z');
        }
        return true;
    default:
        return false;
    }
}

static void read_bracket(maker *m, const char *p, const char *end, bool set[128])
{
    bool negated = p + 1 < end && p[1] == '^';

    p += negated ? 2 : 1;
    end--; /* its ] */
    for (const char *start = p; p < end;) {
        if (*p == '[' && p + 1 < end && p[1] == ':') {
            const char *close = memmem(p + 2, (size_t)(end - p - 2), ":]", 2);

            if (close == NULL || !add_class(set, p + 2, (size_t)(close - p - 2))) {
                m->beyond = true;
                return;
            }
            p = close + 2;
        } else if (*p == '\\' && p + 1 < end) {
            if (!add_escape(set, p[1])) {
                set[(unsigned char)p[1] & 0x7f] = true;
            }
            p += 2;
        } else if (p + 2 < end && p[1] == '-' && p[2] != '\\' && p > start - 1) {
            add_range(set, (unsigned char)p[0], (unsigned char)p[2]);
            p += 3;
        } else {
            if ((*p & 0x80) == 0) {
                set[(unsigned char)*p] = true;
            }
            p++;
        }
    }
    if (negated) {
        for (unsigned c = 0; c < 128; c++) {
            set[c] = c >= ' ' && c < 127 && !set[c];
        }
    }
}

static void put_from(maker *m, const bool set[128])
{
    char all[128];
    uint32_t n = 0;

    for (unsigned c = 1; c < 128; c++) {
        if (set[c]) {
            all[n++] = (char)c;
        }
    }
    if (n == 0) {
        m->beyond = true;
        return;
    }
    pgb_buf_putc(m->buf, all[pgb_random_upto(m->random, n - 1)]);
}

/* One atom, from p up to its end, which is returned by the caller's look at it. */
static void make_atom(maker *m, const char *p, const char *end, int depth)
{
    bool set[128] = {false};

    switch (*p) {
    case '(':
        if (p + 1 < end && p[1] == '?') {
            if (p + 2 < end && p[2] == ':') {
                make_any(m, p + 3, end - 1, depth);
            } else {
                m->beyond = true; /* looking ahead, or options */
            }
        } else {
            make_any(m, p + 1, end - 1, depth);
        }
        break;
    case '[':
        read_bracket(m, p, end, set);
        put_from(m, set);
        break;
    case '.':
        pgb_buf_putc(m->buf, letters[pgb_random_upto(m->random, 25)]);
        break;
    case '^':
    case '$':
        break;
    case '\\':
        if (p + 1 >= end || strchr("AZmMyY", p[1]) != NULL) {
            break;
        }
        if (p[1] >= '1' && p[1] <= '9') {
            m->beyond = true;
        } else if (add_escape(set, p[1])) {
            put_from(m, set);
        } else {
            pgb_buf_putc(m->buf, (char)(p[1] == 't' ? '\t' : p[1] == 'n' ? '\n' : p[1]));
        }
        break;
    default:
        pgb_buf_append(m->buf, p, (size_t)(end - p));
    }
}

static const char *atom_end(const char *p, const char *end)
{
    if (*p == '(') {
        return group_end(p, end);
    }
    if (*p == '[') {
        return bracket_end(p, end);
    }
    if (*p == '\\' && p + 1 < end) {
        return p + 2;
    }
    p++;
    while (p < end && (*p & 0xC0) == 0x80) {
        p++;
    }
    return p;
}

/* {m,n} at p; what stands behind it is returned. */
static const char *read_bounds(const char *p, const char *end, uint32_t *low, uint32_t *high)
{
    uint32_t n[2] = {0, 0};
    bool comma = false, second = false;

    for (p++; p < end && *p != '}'; p++) {
        if (*p == ',') {
            comma = true;
        } else if (*p >= '0' && *p <= '9' && n[comma] < 10000) {
            n[comma] = n[comma] * 10 + (uint32_t)(*p - '0');
            second |= comma;
        }
    }
    *low = n[0];
    *high = !comma ? n[0] : second ? n[1] : n[0] + 5;
    return p < end ? p + 1 : end;
}

static void make_branch(maker *m, const char *p, const char *end, int depth)
{
    if (depth > DEPTH_MAX) {
        m->beyond = true;
    }
    while (p < end && !m->beyond) {
        const char *stop = atom_end(p, end), *behind = stop;
        uint32_t low = 1, high = 1;

        if (behind < end && strchr("*+?", *behind) != NULL) {
            low = *behind == '+';
            high = *behind == '?' ? 1 : 6;
            behind++;
        } else if (behind + 1 < end && *behind == '{' && behind[1] >= '0' && behind[1] <= '9') {
            behind = read_bounds(behind, end, &low, &high);
        }
        if (behind > stop && behind < end && *behind == '?') {
            behind++;
        }
        high = high < low ? low : high;
        for (uint64_t n = low + pgb_random_upto(m->random, high - low);
             n > 0 && m->buf->len < m->limit && !m->beyond; n--) {
            make_atom(m, p, stop, depth);
        }
        p = behind;
    }
}

bool pgb_pattern_regex(pgb_random *random, const char *pattern, pgb_buf *buf)
{
    size_t was = buf->len;
    maker m = {.random = random, .buf = buf, .limit = was + MADE_MAX};

    if (strncmp(pattern, "***", 3) == 0) {
        return false; /* switches to another kind of pattern */
    }
    make_any(&m, pattern, pattern + strlen(pattern), 0);
    if (m.beyond && buf->p != NULL) {
        buf->len = was;
        buf->p[was] = '\0';
    }
    return !m.beyond;
}
