/* Values of base types, by the type's name. */
#include <string.h>

#include "prove/value_internal.h"

enum { LONG = 300, DAYS_FROM = 18262 /* 2020-01-01, in days after 1970-01-01 */, DAYS = 2000 };

typedef struct request {
    pgb_values *v;
    int32_t typmod;
    pgb_flavor flavor;
    pgb_buf *buf;
} request;

typedef void maker(const request *q);

static uint64_t upto(const request *q, uint64_t most)
{
    return pgb_random_upto(&q->v->random, most);
}

static void put(const request *q, const char *s)
{
    pgb_buf_puts(q->buf, s);
}

/* ---- strings ---- */

static const char *word(pgb_random *random)
{
    static const char *const words[] = {"amber", "birch", "cedar", "delta", "ember", "fjord",
                                        "grove", "heath", "inlet", "jetty", "knoll", "larch",
                                        "maple", "north", "ochre", "plume"};

    return words[pgb_random_upto(random, 15)];
}

void pgb_value_string(pgb_random *random, size_t length, pgb_buf *buf)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    for (size_t i = 0; i < length; i++) {
        pgb_buf_putc(buf, chars[pgb_random_upto(random, i == 0 ? 25 : 35)]);
    }
}

static void make_string(const request *q, size_t max)
{
    pgb_random *random = &q->v->random;

    if (q->flavor == PGB_FLAVOR_LOW) {
        return;
    }
    if (q->flavor == PGB_FLAVOR_HIGH) {
        pgb_value_string(random, max == 0 || max > LONG ? LONG : max, q->buf);
    } else if (max != 0 && max < 12) {
        pgb_value_string(random, max < 4 ? max : max - pgb_random_upto(random, 2), q->buf);
    } else {
        pgb_buf_printf(q->buf, "%s-%u", word(random), (unsigned)pgb_random_upto(random, 999999));
    }
}

static void make_text(const request *q)
{
    make_string(q, q->typmod > 4 ? (size_t)q->typmod - 4 : 0);
}

static void make_bpchar(const request *q)
{
    /* all of its length: blanks behind count for nothing, and a check may count characters */
    size_t max = q->typmod > 4 ? (size_t)q->typmod - 4 : 1;

    pgb_value_string(&q->v->random, max > LONG ? LONG : max, q->buf);
}

static void make_char(const request *q)
{
    pgb_buf_putc(q->buf, (char)('a' + upto(q, 25)));
}

static void make_name(const request *q)
{
    make_string(q, 40);
}

static void make_label(const request *q)
{
    put(q, word(&q->v->random));
    pgb_buf_printf(q->buf, "_%u", (unsigned)upto(q, 999999));
}

static void make_bytea(const request *q)
{
    put(q, "\\x");
    for (uint64_t n = q->flavor == PGB_FLAVOR_LOW    ? 0
                      : q->flavor == PGB_FLAVOR_HIGH ? LONG
                                                     : 8;
         n > 0; n--) {
        pgb_buf_printf(q->buf, "%02x", (unsigned)upto(q, 255));
    }
}

static void make_uuid(const request *q)
{
    uint64_t a = pgb_random_next(&q->v->random), b = pgb_random_next(&q->v->random);

    pgb_buf_printf(q->buf, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
                   (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
                   (unsigned)(0x8000 | (b >> 50 & 0x3fff)),
                   (unsigned long long)(b & 0xffffffffffffU));
}

/* ---- numbers ---- */

static void make_bool(const request *q)
{
    put(q, upto(q, 1) == 1 ? "true" : "false");
}

static void make_whole(const request *q, uint64_t plain, const char *high)
{
    switch (q->flavor) {
    case PGB_FLAVOR_HIGH:
        put(q, high);
        break;
    case PGB_FLAVOR_LOW:
        put(q, upto(q, 1) == 1 ? "0" : "-7");
        break;
    case PGB_FLAVOR_TAME:
        pgb_buf_printf(q->buf, "%u", 1 + (unsigned)upto(q, 99));
        break;
    default:
        pgb_buf_printf(q->buf, "%llu", 1 + (unsigned long long)upto(q, plain - 1));
    }
}

static void make_int2(const request *q)
{
    make_whole(q, 1000, "300");
}

static void make_int4(const request *q)
{
    /* more than a smallint takes; but a migration may multiply it */
    make_whole(q, 10000, "100000");
}

static void make_int8(const request *q)
{
    make_whole(q, 1000000, "5000000000");
}

static void make_numeric(const request *q)
{
    uint32_t mod = q->typmod >= 4 ? (uint32_t)q->typmod - 4 : 0;
    int scale = q->typmod >= 4 ? (int)(mod & 0x7ff) : 2;
    int whole, digits;

    scale = (scale ^ 1024) - 1024; /* eleven bits with a sign */
    whole = q->typmod >= 4 ? (int)(mod >> 16) - scale : 9;
    scale = scale < 0 ? 0 : scale;
    if (q->flavor == PGB_FLAVOR_LOW) {
        put(q, "0");
        return;
    }
    digits = whole < 0 ? 0 : q->flavor == PGB_FLAVOR_HIGH ? whole : whole > 3 ? 3 : whole;
    if (digits == 0) {
        put(q, "0");
    }
    for (int i = 0; i < digits; i++) {
        pgb_buf_putc(q->buf, (char)(q->flavor == PGB_FLAVOR_HIGH ? '9' : '1' + upto(q, 8)));
    }
    for (int i = 0; i < scale && i < 30; i++) {
        pgb_buf_puts(q->buf, i == 0 ? "." : "");
        /* numeric(2,4) takes 0.00xx only */
        pgb_buf_putc(q->buf, (char)(whole < 0 && i < -whole ? '0' : '1' + upto(q, 8)));
    }
}

static void make_float(const request *q)
{
    if (q->flavor == PGB_FLAVOR_HIGH) {
        put(q, "10000000000");
    } else if (q->flavor == PGB_FLAVOR_LOW) {
        put(q, "-0.5");
    } else {
        pgb_buf_printf(q->buf, "%u.%u", (unsigned)upto(q, 999), 25 * (unsigned)upto(q, 3));
    }
}

static void make_money(const request *q)
{
    pgb_buf_printf(q->buf, "%u.%02u", (unsigned)upto(q, 999), (unsigned)upto(q, 99));
}

static void make_bits(const request *q, uint64_t n)
{
    for (; n > 0; n--) {
        pgb_buf_putc(q->buf, upto(q, 1) == 1 ? '1' : '0');
    }
}

static void make_bit(const request *q)
{
    make_bits(q, q->typmod > 0 ? (uint64_t)q->typmod : 1);
}

static void make_varbit(const request *q)
{
    uint64_t max = q->typmod > 0 ? (uint64_t)q->typmod : 16;

    make_bits(q, q->flavor == PGB_FLAVOR_LOW    ? 0
                 : q->flavor == PGB_FLAVOR_HIGH ? max
                                                : 1 + upto(q, max - 1));
}

/* ---- time ---- */

/* The civil date of a day after 1970-01-01. */
static void put_date(pgb_buf *buf, int64_t days)
{
    int64_t z = days + 719468, era = z / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    unsigned day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;

    pgb_buf_printf(buf, "%04d-%02u-%02u", (int)(yoe + era * 400 + (month <= 2)), month, day);
}

static void make_date(const request *q)
{
    put_date(q->buf, q->flavor == PGB_FLAVOR_HIGH  ? 47481 /* 2099-12-31 */
                     : q->flavor == PGB_FLAVOR_LOW ? 0
                                                   : DAYS_FROM + (int64_t)upto(q, DAYS));
}

static void make_time(const request *q)
{
    pgb_buf_printf(q->buf, "%02u:%02u:%02u", (unsigned)upto(q, 23), (unsigned)upto(q, 59),
                   (unsigned)upto(q, 59));
}

static void make_timetz(const request *q)
{
    make_time(q);
    put(q, "+00");
}

static void make_timestamp(const request *q)
{
    make_date(q);
    pgb_buf_putc(q->buf, ' ');
    make_time(q);
    if (q->flavor == PGB_FLAVOR_HIGH) {
        put(q, ".123456");
    }
}

static void make_timestamptz(const request *q)
{
    make_timestamp(q);
    put(q, "+00");
}

static void make_interval(const request *q)
{
    pgb_buf_printf(q->buf, "%u days %02u:%02u:00",
                   q->flavor == PGB_FLAVOR_LOW    ? 0
                   : q->flavor == PGB_FLAVOR_HIGH ? 9999
                                                  : (unsigned)upto(q, 30),
                   (unsigned)upto(q, 23), (unsigned)upto(q, 59));
}

/* ---- documents, addresses, shapes ---- */

static void make_json(const request *q)
{
    switch (q->flavor) {
    case PGB_FLAVOR_LOW:
        put(q, "{}");
        break;
    case PGB_FLAVOR_HIGH:
        pgb_buf_printf(q->buf, "{\"list\": [1, \"two\", null, {\"deep\": true}], \"n\": %u}",
                       (unsigned)upto(q, 99999));
        break;
    default:
        pgb_buf_printf(q->buf, "{\"name\": \"%s\", \"count\": %u}", word(&q->v->random),
                       (unsigned)upto(q, 99999));
    }
}

static void make_xml(const request *q)
{
    pgb_buf_printf(q->buf, "<item n=\"%u\">%s</item>", (unsigned)upto(q, 99999),
                   word(&q->v->random));
}

static void make_inet(const request *q)
{
    if (q->flavor == PGB_FLAVOR_HIGH) {
        pgb_buf_printf(q->buf, "2001:db8::%x:%x", (unsigned)upto(q, 0xffff),
                       (unsigned)upto(q, 0xffff));
    } else {
        pgb_buf_printf(q->buf, "10.%u.%u.%u", (unsigned)upto(q, 255), (unsigned)upto(q, 255),
                       (unsigned)upto(q, 255));
    }
}

static void make_cidr(const request *q)
{
    pgb_buf_printf(q->buf, "10.%u.%u.0/24", (unsigned)upto(q, 255), (unsigned)upto(q, 255));
}

static void make_mac(const request *q)
{
    pgb_buf_printf(q->buf, "08:00:2b:%02x:%02x:%02x", (unsigned)upto(q, 255),
                   (unsigned)upto(q, 255), (unsigned)upto(q, 255));
}

static void make_mac8(const request *q)
{
    pgb_buf_puts(q->buf, "08:00:2b:ff:fe");
    pgb_buf_printf(q->buf, ":%02x:%02x:%02x", (unsigned)upto(q, 255), (unsigned)upto(q, 255),
                   (unsigned)upto(q, 255));
}

static void put_point(const request *q, unsigned from)
{
    pgb_buf_printf(q->buf, "(%u,%u)", from + (unsigned)upto(q, 99), from + (unsigned)upto(q, 99));
}

static void make_point(const request *q)
{
    put_point(q, 0);
}

static void make_line(const request *q)
{
    pgb_buf_printf(q->buf, "{%u,%u,%u}", 1 + (unsigned)upto(q, 9), 1 + (unsigned)upto(q, 9),
                   (unsigned)upto(q, 9));
}

static void make_lseg(const request *q)
{
    put(q, "[");
    put_point(q, 0);
    put(q, ",");
    put_point(q, 100);
    put(q, "]");
}

static void make_box(const request *q)
{
    put_point(q, 100);
    put(q, ",");
    put_point(q, 0);
}

static void make_polygon(const request *q)
{
    put(q, "(");
    put_point(q, 0);
    put(q, ",");
    put_point(q, 100);
    put(q, ",");
    put_point(q, 200);
    put(q, ")");
}

static void make_circle(const request *q)
{
    put(q, "<");
    put_point(q, 0);
    pgb_buf_printf(q->buf, ",%u>", 1 + (unsigned)upto(q, 9));
}

static void make_tsvector(const request *q)
{
    pgb_buf_printf(q->buf, "'%s':1 '%s':2", word(&q->v->random), "tale");
}

static void make_tsquery(const request *q)
{
    pgb_buf_printf(q->buf, "'%s' & 'tale'", word(&q->v->random));
}

static void make_lsn(const request *q)
{
    pgb_buf_printf(q->buf, "%X/%X", (unsigned)upto(q, 255), (unsigned)upto(q, 0xffffff));
}

static void make_tid(const request *q)
{
    pgb_buf_printf(q->buf, "(%u,%u)", (unsigned)upto(q, 99), 1 + (unsigned)upto(q, 99));
}

static void make_two_numbers(const request *q)
{
    pgb_buf_printf(q->buf, "%u %u", (unsigned)upto(q, 99), (unsigned)upto(q, 99));
}

static void make_snapshot(const request *q)
{
    unsigned from = 10 + (unsigned)upto(q, 99);

    pgb_buf_printf(q->buf, "%u:%u:", from, from + 10);
}

static void make_hstore(const request *q)
{
    pgb_buf_printf(q->buf, "\"name\"=>\"%s\"", word(&q->v->random));
}

static void make_vector(const request *q)
{
    for (int32_t i = 0, n = q->typmod > 0 ? q->typmod : 3; i < n; i++) {
        pgb_buf_printf(q->buf, "%s0.%u", i == 0 ? "[" : ",", (unsigned)upto(q, 999));
    }
    put(q, "]");
}

static void make_geometry(const request *q)
{
    pgb_buf_printf(q->buf, "POINT(%u %u)", (unsigned)upto(q, 89), (unsigned)upto(q, 89));
}

/* Names of things that every server has. */
static const struct {
    const char *type, *value;
} fixed[] = {
    {"regclass", "pg_catalog.pg_class"},
    {"regtype", "pg_catalog.int4"},
    {"regproc", "pg_catalog.now"},
    {"regprocedure", "pg_catalog.abs(integer)"},
    {"regoper", "pg_catalog.||/"},
    {"regoperator", "pg_catalog.+(integer,integer)"},
    {"regnamespace", "pg_catalog"},
    {"regconfig", "pg_catalog.simple"},
    {"regdictionary", "pg_catalog.simple"},
    {"regcollation", "pg_catalog.\"C\""},
    {"regrole", "pg_monitor"},
    {"jsonpath", "$.\"name\""},
    {"aclitem", "pg_monitor=r/pg_monitor"},
};

static const struct {
    const char *type;
    maker *make;
} makers[] = {
    {"bool", make_bool},
    {"int2", make_int2},
    {"int4", make_int4},
    {"int8", make_int8},
    {"numeric", make_numeric},
    {"float4", make_float},
    {"float8", make_float},
    {"money", make_money},
    {"text", make_text},
    {"varchar", make_text},
    {"bpchar", make_bpchar},
    {"char", make_char},
    {"name", make_name},
    {"citext", make_text},
    {"refcursor", make_label},
    {"ltree", make_label},
    {"bytea", make_bytea},
    {"uuid", make_uuid},
    {"date", make_date},
    {"time", make_time},
    {"timetz", make_timetz},
    {"timestamp", make_timestamp},
    {"timestamptz", make_timestamptz},
    {"interval", make_interval},
    {"json", make_json},
    {"jsonb", make_json},
    {"xml", make_xml},
    {"inet", make_inet},
    {"cidr", make_cidr},
    {"macaddr", make_mac},
    {"macaddr8", make_mac8},
    {"bit", make_bit},
    {"varbit", make_varbit},
    {"point", make_point},
    {"line", make_line},
    {"lseg", make_lseg},
    {"box", make_box},
    {"path", make_lseg},
    {"polygon", make_polygon},
    {"circle", make_circle},
    {"tsvector", make_tsvector},
    {"tsquery", make_tsquery},
    {"oid", make_int2},
    {"xid", make_int2},
    {"xid8", make_int2},
    {"cid", make_int2},
    {"tid", make_tid},
    {"pg_lsn", make_lsn},
    {"int2vector", make_two_numbers},
    {"oidvector", make_two_numbers},
    {"txid_snapshot", make_snapshot},
    {"pg_snapshot", make_snapshot},
    {"hstore", make_hstore},
    {"vector", make_vector},
    {"geometry", make_geometry},
    {"geography", make_geometry},
};

bool pgb_value_make_base(pgb_values *v, const pgb_shape_type *t, int32_t typmod, pgb_flavor flavor,
                         pgb_buf *buf)
{
    request q = {.v = v, .typmod = typmod, .flavor = flavor, .buf = buf};

    if (!t->own && !t->extension) {
        return false; /* somebody's own base type may bear any name */
    }
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        if (strcmp(makers[i].type, t->name) == 0) {
            bool unsigned_ = makers[i].make == make_int2 && strcmp(t->name, "int2") != 0;

            if (unsigned_) {
                q.flavor = PGB_FLAVOR_PLAIN;
            }
            makers[i].make(&q);
            return true;
        }
    }
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (strcmp(fixed[i].type, t->name) == 0) {
            put(&q, fixed[i].value);
            return true;
        }
    }
    return false;
}

bool pgb_value_make_span(pgb_values *v, const pgb_shape_type *t, pgb_buf *low, pgb_buf *high)
{
    uint64_t from = pgb_random_upto(&v->random, DAYS), days = 1 + pgb_random_upto(&v->random, 30);

    if (strcmp(t->name, "int4") == 0 || strcmp(t->name, "int8") == 0 ||
        strcmp(t->name, "numeric") == 0 || strcmp(t->name, "float8") == 0) {
        pgb_buf_printf(low, "%llu", (unsigned long long)from);
        pgb_buf_printf(high, "%llu", (unsigned long long)from + days);
        return t->own;
    }
    if (strcmp(t->name, "date") == 0 || strncmp(t->name, "timestamp", 9) == 0) {
        bool zone = strcmp(t->name, "timestamptz") == 0;

        put_date(low, DAYS_FROM + (int64_t)from);
        put_date(high, DAYS_FROM + (int64_t)(from + days));
        pgb_buf_puts(low, zone ? " 00:00+00" : "");
        pgb_buf_puts(high, zone ? " 00:00+00" : "");
        return t->own;
    }
    return false;
}
