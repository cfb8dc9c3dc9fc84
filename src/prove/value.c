#include "prove/value.h"

#include <string.h>

#include "prove/value_internal.h"

uint64_t pgb_random_next(pgb_random *random)
{
    /* splitmix64 */
    uint64_t z = random->state += 0x9E3779B97F4A7C15U;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

uint64_t pgb_random_upto(pgb_random *random, uint64_t most)
{
    return most == UINT64_MAX ? pgb_random_next(random) : pgb_random_next(random) % (most + 1);
}

uint64_t pgb_random_hash(uint64_t seed, const char *text)
{
    uint64_t h = 0xCBF29CE484222325U ^ seed;

    for (; *text != '\0'; text++) {
        h = (h ^ (unsigned char)*text) * 0x100000001B3U;
    }
    return h;
}

/* ---- quoting ---- */

void pgb_value_quote_element(pgb_buf *buf, const char *text)
{
    if (text == NULL) {
        pgb_buf_puts(buf, "NULL");
        return;
    }
    pgb_buf_putc(buf, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            pgb_buf_putc(buf, '\\');
        }
        pgb_buf_putc(buf, *text);
    }
    pgb_buf_putc(buf, '"');
}

void pgb_value_quote_field(pgb_buf *buf, const char *text)
{
    if (text != NULL) {
        pgb_value_quote_element(buf, text);
    }
}

void pgb_value_quote_literal(pgb_buf *buf, const char *text)
{
    if (text == NULL) {
        pgb_buf_puts(buf, "NULL");
        return;
    }
    pgb_buf_puts(buf, strchr(text, '\\') != NULL ? "E'" : "'");
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\') {
            pgb_buf_putc(buf, *text);
        }
        pgb_buf_putc(buf, *text);
    }
    pgb_buf_putc(buf, '\'');
}

/* ---- types made of others ---- */

static bool make_array(pgb_values *v, const pgb_shape_type *t, int32_t typmod, pgb_flavor flavor,
                       pgb_buf *buf)
{
    uint64_t n = flavor == PGB_FLAVOR_LOW    ? 0
                 : flavor == PGB_FLAVOR_HIGH ? 5
                                             : 1 + pgb_random_upto(&v->random, 2);
    char between = t->of != NULL && strcmp(t->of->name, "box") == 0 ? ';' : ',';

    pgb_buf_putc(buf, '{');
    for (uint64_t i = 0; i < n; i++) {
        PGB_AUTO_BUF(element);

        if (t->of == NULL ||
            !pgb_value_make(v, t->of, typmod, flavor == PGB_FLAVOR_TAME ? flavor : PGB_FLAVOR_PLAIN,
                            &element)) {
            return false;
        }
        if (i > 0) {
            pgb_buf_putc(buf, between);
        }
        pgb_value_quote_element(buf, pgb_buf_str(&element));
        buf->failed |= element.failed;
    }
    pgb_buf_putc(buf, '}');
    return true;
}

static bool make_composite(pgb_values *v, const pgb_shape_type *t, pgb_flavor flavor, pgb_buf *buf)
{
    pgb_buf_putc(buf, '(');
    for (uint32_t i = 0; i < t->n_fields; i++) {
        PGB_AUTO_BUF(field);

        if (t->fields[i].type == NULL ||
            !pgb_value_make(v, t->fields[i].type, t->fields[i].typmod, flavor, &field)) {
            return false;
        }
        if (i > 0) {
            pgb_buf_putc(buf, ',');
        }
        pgb_value_quote_field(buf, pgb_buf_str(&field));
        buf->failed |= field.failed;
    }
    pgb_buf_putc(buf, ')');
    return true;
}

static bool make_range(pgb_values *v, const pgb_shape_type *t, pgb_flavor flavor, pgb_buf *buf)
{
    PGB_AUTO_BUF(low);
    PGB_AUTO_BUF(high);

    if (t->of == NULL) {
        return false;
    }
    if (flavor == PGB_FLAVOR_LOW) {
        pgb_buf_puts(buf, "empty");
        return true;
    }
    if (pgb_value_make_span(v, t->of, &low, &high)) {
        if (flavor == PGB_FLAVOR_HIGH) {
            pgb_buf_clear(&high);
        }
        pgb_buf_printf(buf, "[%s,%s)", pgb_buf_str(&low), pgb_buf_str(&high));
    } else {
        /* which of two values is the smaller is for the server to say */
        if (!pgb_value_make(v, t->of, -1, PGB_FLAVOR_PLAIN, &low)) {
            return false;
        }
        pgb_buf_putc(buf, '[');
        pgb_value_quote_element(buf, pgb_buf_str(&low));
        pgb_buf_putc(buf, ',');
        pgb_value_quote_element(buf, pgb_buf_str(&low));
        pgb_buf_putc(buf, ']');
    }
    buf->failed |= low.failed || high.failed;
    return true;
}

static bool make_multirange(pgb_values *v, const pgb_shape_type *t, pgb_flavor flavor, pgb_buf *buf)
{
    pgb_buf_putc(buf, '{');
    if (flavor != PGB_FLAVOR_LOW && (t->of == NULL || !make_range(v, t->of, flavor, buf))) {
        return false;
    }
    pgb_buf_putc(buf, '}');
    return true;
}

static bool ask(pgb_values *v, const pgb_shape_type *t, int32_t typmod, pgb_buf *buf)
{
    const char *value = v->ask != NULL ? v->ask(v->data, t, typmod) : NULL;

    if (value != NULL) {
        pgb_buf_puts(buf, value);
    }
    return value != NULL;
}

bool pgb_value_make(pgb_values *v, const pgb_shape_type *t, int32_t typmod, pgb_flavor flavor,
                    pgb_buf *buf)
{
    switch (t->kind) {
    case 'd':
        if (t->n_checks > 0 && v->ask != NULL) {
            return ask(v, t, typmod, buf);
        }
        return t->of != NULL && pgb_value_make(v, t->of, t->typmod, flavor, buf);
    case 'e':
        if (t->n_labels == 0) {
            return false;
        }
        pgb_buf_puts(buf, t->labels[pgb_random_upto(&v->random, t->n_labels - 1)]);
        return true;
    case 'c':
        return make_composite(v, t, flavor, buf);
    case 'r':
        return make_range(v, t, flavor, buf);
    case 'm':
        return make_multirange(v, t, flavor, buf);
    default:
        if (t->array) {
            return make_array(v, t, typmod, flavor, buf);
        }
        return pgb_value_make_base(v, t, typmod, flavor, buf) || ask(v, t, typmod, buf);
    }
}

char pgb_value_category(const pgb_shape_type *t)
{
    int32_t typmod = -1;

    t = pgb_shape_base(t, &typmod);
    return (char)(t == NULL ? 'X' : t->array ? 'A' : t->kind == 'e' ? 'E' : t->category);
}

uint32_t pgb_value_max_length(const pgb_shape_type *t, int32_t typmod)
{
    t = pgb_shape_base(t, &typmod);
    if (t == NULL || (strcmp(t->name, "varchar") != 0 && strcmp(t->name, "bpchar") != 0)) {
        return t != NULL && strcmp(t->name, "name") == 0 ? 63 : 0;
    }
    return typmod > 4 ? (uint32_t)typmod - 4 : 0;
}
