/* Values that are worth a try: from the constants of a check, and around them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prove/maker.h"
#include "prove/pattern.h"

enum { HINTS_MAX = 256 };

typedef struct candidate {
    pgb_maker *maker;
    const pgb_shape_type *type; /* below domains */
    int32_t typmod;
    char category;
    const pgb_hint *hints[HINTS_MAX]; /* of this column */
    uint32_t n_hints;
} candidate;

static uint64_t upto(candidate *c, uint64_t most)
{
    return pgb_random_upto(&c->maker->values.random, most);
}

static int64_t days_of(int year, int month, int day)
{
    int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void put_day(pgb_buf *buf, int64_t days)
{
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;

    pgb_buf_printf(buf, "%04d-%02d-%02d", (int)(yoe + era * 400 + (month <= 2)), (int)month,
                   (int)(doy - (153 * mp + 2) / 5 + 1));
}

/* A date at the start of text; *rest: what follows it. */
static bool read_day(const char *text, int64_t *ret_days, const char **rest)
{
    int year, month, day, n = 0;

    /* NOLINTNEXTLINE(cert-err34-c): four digits at most cannot overflow */
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &n) != 3 || n == 0 || month < 1 ||
        month > 12 || day < 1 || day > 31) {
        return false;
    }
    *ret_days = days_of(year, month, day);
    *rest = text + n;
    return true;
}

static int64_t step(candidate *c)
{
    static const int64_t steps[] = {0, 0, -1, 1, -1, 1, 10, 400};

    return steps[upto(c, 7)];
}

static bool from_day(candidate *c, const char *text, const char *other, pgb_buf *buf)
{
    const char *rest, *other_rest;
    int64_t days, to;

    if (!read_day(text, &days, &rest)) {
        return false;
    }
    if (read_day(other, &to, &other_rest) && to > days && upto(c, 2) == 0) {
        days += (int64_t)upto(c, (uint64_t)(to - days));
    } else {
        days += upto(c, 1) == 0 ? step(c) : (int64_t)upto(c, 100) - 30;
    }
    put_day(buf, days);
    pgb_buf_puts(buf, rest);
    return true;
}

static bool from_number(candidate *c, const char *text, const char *other, pgb_buf *buf)
{
    char *end, *other_end;
    double x = strtod(text, &end), y = strtod(other, &other_end);
    bool whole = strncmp(c->type->name, "int", 3) == 0;

    if (end == text || *end != '\0') {
        return false;
    }
    if (upto(c, 3) == 0) {
        pgb_buf_puts(buf, text); /* to the last digit */
        return true;
    }
    if (*other_end == '\0' && y > x && y - x < 1e15 && upto(c, 1) == 0) {
        x += whole ? (double)upto(c, (uint64_t)(y - x)) : (y - x) * (double)upto(c, 1000) / 1000;
    } else {
        x += (double)step(c) * (whole || upto(c, 1) == 0 ? 1 : 0.01);
    }
    if (x > 9e15 || x < -9e15) {
        return false;
    }
    pgb_buf_printf(buf, whole || x == (double)(int64_t)x ? "%.0f" : "%.2f", x);
    return true;
}

static void from_element(candidate *c, pgb_buf *buf)
{
    candidate element = *c;
    uint64_t n = upto(c, 3);

    element.type = c->type->of;
    pgb_buf_putc(buf, '{');
    for (uint64_t i = 0; i < n; i++) {
        const char *text = c->hints[upto(c, c->n_hints - 1)]->text;
        const char *other = c->hints[upto(c, c->n_hints - 1)]->text;
        PGB_AUTO_BUF(value);

        if (c->type->of == NULL || pgb_value_category(c->type->of) != 'N' ||
            !from_number(&element, text, other, &value)) {
            pgb_buf_clear(&value);
            pgb_buf_puts(&value, text);
        }
        pgb_buf_puts(buf, i > 0 ? "," : "");
        pgb_value_quote_element(buf, pgb_buf_str(&value));
    }
    pgb_buf_putc(buf, '}');
}

static void put_json_value(candidate *c, pgb_buf *buf)
{
    const pgb_hint *h = c->n_hints > 0 ? c->hints[upto(c, c->n_hints - 1)] : NULL;
    char *end;

    switch (upto(c, 5)) {
    case 0:
        pgb_buf_printf(buf, "%d", (int)upto(c, 200));
        break;
    case 1:
        pgb_buf_puts(buf, upto(c, 1) == 0 ? "true" : "null");
        break;
    case 2:
        pgb_buf_puts(buf, upto(c, 1) == 0 ? "[1, 2]" : "{}");
        break;
    case 3:
        pgb_buf_puts(buf, "\"word\"");
        break;
    default:
        if (h == NULL || h->text == NULL || h->kind == PGB_HINT_KEY) {
            pgb_buf_puts(buf, "\"text\"");
        } else if (strtod(h->text, &end), *end == '\0' && h->text[0] != '\0') {
            pgb_buf_puts(buf, h->text);
        } else {
            pgb_buf_putc(buf, '"');
            for (const char *p = h->text; *p != '\0'; p++) {
                if (*p == '"' || *p == '\\') {
                    pgb_buf_putc(buf, '\\');
                }
                pgb_buf_putc(buf, (char)((unsigned char)*p < ' ' ? ' ' : *p));
            }
            pgb_buf_putc(buf, '"');
        }
    }
}

static void from_json(candidate *c, pgb_buf *buf)
{
    bool first = true;

    if (upto(c, 4) == 0) {
        put_json_value(c, buf); /* a scalar or an array on top */
        return;
    }
    pgb_buf_putc(buf, '{');
    for (uint32_t i = 0; i < c->n_hints; i++) {
        if (c->hints[i]->kind == PGB_HINT_KEY && upto(c, 3) != 0) {
            pgb_buf_puts(buf, first ? "" : ", ");
            first = false;
            pgb_buf_putc(buf, '"');
            for (const char *p = c->hints[i]->text; *p != '\0'; p++) {
                if (*p == '"' || *p == '\\') {
                    pgb_buf_putc(buf, '\\');
                }
                pgb_buf_putc(buf, *p);
            }
            pgb_buf_puts(buf, "\": ");
            put_json_value(c, buf);
        }
    }
    pgb_buf_putc(buf, '}');
}

static bool from_length(candidate *c, const char *text, pgb_buf *buf)
{
    long n = strtol(text, NULL, 10) + (long)upto(c, 2) - 1;
    PGB_AUTO_BUF(element);

    if (n < 0 || n > 100000) {
        return false;
    }
    if (upto(c, 3) == 0) {
        n = (long)upto(c, (uint64_t)n);
    }
    if (strcmp(c->type->name, "bytea") == 0) {
        pgb_buf_puts(buf, "\\x");
        for (; n > 0; n--) {
            pgb_buf_printf(buf, "%02x", (unsigned)upto(c, 255));
        }
        return true;
    }
    if (c->category == 'A' || strncmp(c->type->name, "json", 4) == 0) {
        bool json = c->category != 'A';

        pgb_buf_putc(buf, json ? '[' : '{');
        for (long i = 0; i < n && i < 1000; i++) {
            pgb_buf_clear(&element);
            if (json) {
                pgb_buf_puts(&element, "1");
            } else if (!pgb_value_make(&c->maker->values, c->type->of, c->typmod, PGB_FLAVOR_PLAIN,
                                       &element)) {
                return false;
            }
            pgb_buf_puts(buf, i > 0 ? "," : "");
            if (json) {
                pgb_buf_puts(buf, pgb_buf_str(&element));
            } else {
                pgb_value_quote_element(buf, pgb_buf_str(&element));
            }
        }
        pgb_buf_putc(buf, json ? ']' : '}');
        return true;
    }
    if (c->category == 'V') {
        for (; n > 0; n--) {
            pgb_buf_putc(buf, upto(c, 1) == 0 ? '0' : '1');
        }
        return true;
    }
    if (c->category != 'S') {
        return false;
    }
    pgb_value_string(&c->maker->values.random, (size_t)n, buf);
    return true;
}

/* A range that begins or ends about there, or the text itself. */
static bool from_bound(candidate *c, const char *text, pgb_buf *buf)
{
    const char *rest;
    char *end;
    int64_t days;

    if (c->type->of == NULL || strchr("[(e", text[0]) != NULL) {
        pgb_buf_puts(buf, text);
        return true;
    }
    if (pgb_value_category(c->type->of) == 'D' && read_day(text, &days, &rest)) {
        days += step(c) - (int64_t)upto(c, 1) * 30;
        pgb_buf_putc(buf, '[');
        put_day(buf, days);
        pgb_buf_printf(buf, "%s,", rest);
        put_day(buf, days + 1 + (int64_t)upto(c, 60));
        pgb_buf_printf(buf, "%s)", rest);
        return true;
    }
    if (pgb_value_category(c->type->of) == 'N') {
        int64_t n = (int64_t)strtod(text, &end) + step(c) - (int64_t)upto(c, 10);

        pgb_buf_printf(buf, "[%lld,%lld)", (long long)n, (long long)n + 1 + (long long)upto(c, 20));
        return *end == '\0';
    }
    return false;
}

static bool from_hint(candidate *c, pgb_buf *buf)
{
    const pgb_hint *h = c->hints[upto(c, c->n_hints - 1)];
    const pgb_hint *other = c->hints[upto(c, c->n_hints - 1)];

    switch (h->kind) {
    case PGB_HINT_LIKE:
        pgb_pattern_like(&c->maker->values.random, h->text, buf);
        return true;
    case PGB_HINT_REGEX:
        return pgb_pattern_regex(&c->maker->values.random, h->text, buf);
    case PGB_HINT_LENGTH:
        return from_length(c, h->text, buf);
    case PGB_HINT_KEY:
    case PGB_HINT_VALUE:
    case PGB_HINT_COLUMN:
        break;
    }
    if (strncmp(c->type->name, "json", 4) == 0) {
        from_json(c, buf);
        return true;
    }
    switch (c->category) {
    case 'R':
        return from_bound(c, h->text, buf);
    case 'N':
        return from_number(c, h->text, other->text, buf);
    case 'D':
        if (from_day(c, h->text, other->text, buf)) {
            return true;
        }
        break;
    case 'A':
        if (h->text[0] != '{' || upto(c, 1) == 0) {
            from_element(c, buf);
            return true;
        }
        break;
    case 'S':
        /* a number in quotes, or one that a cast asks for */
        if (upto(c, 1) == 0 && from_number(c, h->text, other->text, buf)) {
            return true;
        }
        if (upto(c, 4) == 0) {
            pgb_value_string(&c->maker->values.random, 3, buf);
        }
        pgb_buf_puts(buf, h->text);
        if (upto(c, 4) == 0) {
            pgb_value_string(&c->maker->values.random, 2, buf);
        }
        return true;
    default:
        break;
    }
    pgb_buf_puts(buf, h->text);
    return true;
}

/* Enums take their labels only. */
static bool is_label(const pgb_shape_type *t, const char *text)
{
    for (uint32_t i = 0; i < t->n_labels; i++) {
        if (strcmp(t->labels[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_generated(const pgb_solve *how, uint32_t place)
{
    return how->table != NULL && how->table->columns[how->group->columns[place]].generated;
}

static void find_hints(candidate *c, const pgb_solve *how, uint16_t place)
{
    for (uint32_t i = 0; i < how->group->n_checks; i++) {
        const pgb_check_parts *p = &how->group->checks[i].parts;

        for (uint32_t h = 0; h < p->n_hints && c->n_hints < HINTS_MAX; h++) {
            const pgb_hint *hint = &p->hints[h];

            /* what is said of a generated column is said of those that it is made from */
            if ((hint->column == place || is_generated(how, hint->column)) && hint->text != NULL &&
                (c->type->kind != 'e' || is_label(c->type, hint->text))) {
                c->hints[c->n_hints++] = hint;
            }
        }
    }
}

/* The value of another column of the same kind. */
static const char *from_neighbour(candidate *c, const pgb_solve *how, uint16_t place,
                                  const char *const *tuple)
{
    for (int tries = 0; tries < 4 && how->table != NULL; tries++) {
        uint16_t other = (uint16_t)upto(c, how->group->n - 1U);
        const pgb_shape_column *o = &how->table->columns[how->group->columns[other]];

        if (other != place && tuple[other] != NULL && o->type != NULL &&
            pgb_value_category(o->type) == c->category) {
            return tuple[other];
        }
    }
    return NULL;
}

/* What is left of a constant when the group's other numbers are taken from it. */
static bool from_rest(candidate *c, const pgb_solve *how, uint16_t place, const char *const *tuple,
                      pgb_buf *buf)
{
    const char *text = c->hints[upto(c, c->n_hints - 1)]->text;
    char *end;
    double rest = strtod(text, &end);

    if (end == text || *end != '\0') {
        return false;
    }
    for (uint16_t i = 0; i < how->group->n; i++) {
        const pgb_shape_column *o = &how->table->columns[how->group->columns[i]];

        if (i != place && tuple[i] != NULL && o->type != NULL &&
            pgb_value_category(o->type) == 'N') {
            rest -= strtod(tuple[i], NULL);
        }
    }
    if (rest > 9e15 || rest < -9e15) {
        return false;
    }
    pgb_buf_printf(buf, rest == (double)(int64_t)rest ? "%.0f" : "%.2f", rest);
    return true;
}

static void make_upper(pgb_buf *buf)
{
    for (size_t i = 0; i < buf->len; i++) {
        buf->p[i] = (char)(buf->p[i] >= 'a' && buf->p[i] <= 'z' ? buf->p[i] - 32 : buf->p[i]);
    }
}

bool pgb_candidate_make(pgb_maker *maker, const pgb_solve *how, uint16_t place,
                        const char *const *tuple, pgb_arena *arena, const char **ret)
{
    const pgb_shape_column *column =
        how->table != NULL ? &how->table->columns[how->group->columns[place]] : NULL;
    const pgb_shape_type *declared = column != NULL ? column->type : how->domain;
    candidate c = {.maker = maker, .typmod = column != NULL ? column->typmod : how->typmod};
    bool may_null = column != NULL && !column->not_null && declared != NULL && !declared->not_null;
    bool domain = declared != NULL && declared->kind == 'd' && declared->n_checks > 0;
    uint64_t dice = upto(&c, 99);
    pgb_flavor flavor = PGB_FLAVOR_PLAIN;
    PGB_AUTO_BUF(value);
    bool made = false;

    *ret = NULL;
    if (declared == NULL ||
        (may_null && dice < (how->wish != NULL && how->wish->no_nulls ? 8 : 18))) {
        return may_null;
    }
    c.type = pgb_shape_base(declared, &c.typmod);
    c.category = pgb_value_category(declared);
    find_hints(&c, how, place);
    dice = upto(&c, 99);
    if (dice < 12) {
        *ret = from_neighbour(&c, how, place, tuple);
        if (*ret != NULL) {
            return true;
        }
    }
    if (!domain && c.n_hints > 0 && c.category == 'N' && how->table != NULL && how->group->n > 1 &&
        dice < 30) {
        made = from_rest(&c, how, place, tuple, &value);
    }
    if (!made && !domain && c.n_hints > 0 && dice < 80) {
        made = from_hint(&c, &value);
    }
    if (!made) {
        pgb_buf_clear(&value);
        if (how->wish == NULL || how->wish->flavor != PGB_FLAVOR_TAME) {
            flavor = dice % 10 == 0 ? PGB_FLAVOR_LOW : dice % 10 == 1 ? PGB_FLAVOR_HIGH : flavor;
        } else {
            flavor = PGB_FLAVOR_TAME;
        }
        made = pgb_value_make(&maker->values, declared, column != NULL ? column->typmod : c.typmod,
                              flavor, &value);
    }
    if (!made) {
        return may_null;
    }
    if (c.category == 'S' && c.n_hints > 0 && upto(&c, 5) == 0) {
        make_upper(&value);
    }
    *ret = pgb_arena_strdup(arena, pgb_buf_str(&value));
    return *ret != NULL && !value.failed;
}
