/* Whether two ways on from one state made the same, but for the oids of what they made. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "prove/trace_internal.h"

/* oids of new objects, ascending: the server gives them in the order in which things are made */
typedef PGB_VEC(uint32_t) oids;

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool new_oids(const pgb_delta *d, oids *list)
{
    for (size_t i = 0; i < d->rows.n; i++) {
        if (d->rows.at[i].oid != 0 && !pgb_vec_push(list, d->rows.at[i].oid)) {
            return false;
        }
    }
    if (list->n > 1) {
        qsort(list->at, list->n, sizeof *list->at, by_number);
    }
    return true;
}

/* The oid's rank, or the number itself. */
static void put_oid(pgb_buf *b, const oids *list, uint32_t oid, const char *text, size_t len)
{
    const uint32_t *at =
        list->n > 0 ? bsearch(&oid, list->at, list->n, sizeof oid, by_number) : NULL;

    while (at != NULL && at > list->at && at[-1] == oid) {
        at--;
    }
    if (at != NULL) {
        pgb_buf_printf(b, "#%zu", (size_t)(at - list->at));
    } else {
        pgb_buf_append(b, text, len);
    }
}

static uint32_t number(const char *p, size_t len)
{
    uint64_t n = 0;

    for (size_t i = 0; i < len && n <= UINT32_MAX; i++) {
        n = n * 10 + (uint64_t)(p[i] - '0');
    }
    return n <= UINT32_MAX ? (uint32_t)n : 0;
}

/* Types whose values are oids: oid, regproc … regrole, regconfig, regdictionary, … */
static bool is_oid_type(uint32_t type)
{
    static const uint32_t types[] = {26,   24,   2202, 2203, 2204, 2205,
                                     2206, 3734, 3769, 4089, 4096, 4191};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i] == type) {
            return true;
        }
    }
    return false;
}

/* "[ 17 64 0 0 0 0 0 0 ]": the bytes of a constant, as they lie in the server's memory, which is
 * this machine. Returns what follows; p itself when it is something else. */
static const char *constant(pgb_buf *b, const oids *list, const char *p, const char *end)
{
    unsigned char bytes[8];
    uint64_t value;
    const char *q = p + 1;

    for (size_t i = 0; i < sizeof bytes; i++) {
        bool minus; /* bytes are printed as signed ones */
        size_t len;

        q += q < end && *q == ' ';
        minus = q < end && *q == '-';
        q += minus;
        for (len = 0; q + len < end && isdigit((unsigned char)q[len]); len++) {
        }
        if (len == 0 || number(q, len) > 255) {
            return p;
        }
        bytes[i] = (unsigned char)(minus ? 256 - number(q, len) : number(q, len));
        q += len;
    }
    if (end - q < 2 || q[0] != ' ' || q[1] != ']') {
        return p;
    }
    q += 2;
    memcpy(&value, bytes, sizeof value);
    if (value > UINT32_MAX) {
        return p;
    }
    put_oid(b, list, (uint32_t)value, p, (size_t)(q - p));
    return q;
}

/* Numbers that stand alone; parts of names do not. In pieces of oids all numbers are. */
static void rename_piece(pgb_buf *b, const oids *list, const char *p, const char *end, bool tree)
{
    static const char type[] = ":consttype ";
    bool oid_constant = false;

    while (p < end) {
        size_t len = 0;

        while (p + len < end && isdigit((unsigned char)p[len])) {
            len++;
        }
        if (len > 0) {
            bool alone = !tree || ((p[-1] == ' ' || p[-1] == '(') &&
                                   (p + len == end || strchr(" )}", p[len]) != NULL));

            put_oid(b, list, alone ? number(p, len) : 0, p, len);
            p += len;
            continue;
        }
        if (tree && *p == '[' && oid_constant) {
            const char *after = constant(b, list, p, end);

            oid_constant = false;
            if (after != p) {
                p = after;
                continue;
            }
        }
        if (tree && (size_t)(end - p) > sizeof type && memcmp(p, type, sizeof type - 1) == 0) {
            const char *q = p + sizeof type - 1;

            for (len = 0; q + len < end && isdigit((unsigned char)q[len]); len++) {
            }
            oid_constant = is_oid_type(number(q, len));
        }
        pgb_buf_putc(b, *p++);
    }
}

static const char *renamed(pgb_arena *arena, const trace_row *row, const oids *list)
{
    PGB_AUTO_BUF(b);

    pgb_buf_printf(&b, "%u:", row->catalog);
    for (const char *p = row->body; *p != '\0';) {
        const char *end = p;

        while (*end != '\0' && *end != ';') {
            end += end[0] == '!' && end[1] != '\0' ? 2 : 1;
        }
        pgb_buf_putc(&b, *p);
        if (*p == 'o' || *p == 'n') {
            rename_piece(&b, list, p + 1, end, *p == 'n');
        } else {
            pgb_buf_append(&b, p + 1, (size_t)(end - p) - (end > p));
        }
        pgb_buf_putc(&b, ';');
        p = end + (*end == ';');
    }
    return b.failed ? NULL : pgb_arena_strdup(arena, pgb_buf_str(&b));
}

static const char **all_renamed(pgb_arena *arena, const pgb_delta *d, const oids *list)
{
    const char **texts = pgb_arena_array(arena, d->rows.n + 1, sizeof *texts);

    for (size_t i = 0; texts != NULL && i < d->rows.n; i++) {
        texts[i] = renamed(arena, &d->rows.at[i], list);
        if (texts[i] == NULL) {
            return NULL;
        }
    }
    if (texts != NULL && d->rows.n > 1) {
        qsort(texts, d->rows.n, sizeof *texts, by_text);
    }
    return texts;
}

pgb_status pgb_delta_alike(const pgb_delta *a, const pgb_delta *b, bool *ret_alike, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    oids of_a = {0}, of_b = {0};
    const char **x = NULL, **y = NULL;

    *ret_alike = false;
    if (a->rows.n != b->rows.n || a->n_catalogs != b->n_catalogs) {
        return PGB_OK;
    }
    for (uint32_t i = 0; i < a->n_catalogs; i++) {
        /* which rows are gone is not known: they may be others */
        if (a->removed[i] != 0 || b->removed[i] != 0) {
            return PGB_OK;
        }
    }
    if (arena != NULL && new_oids(a, &of_a) && new_oids(b, &of_b)) {
        x = all_renamed(arena, a, &of_a);
        y = all_renamed(arena, b, &of_b);
    }
    *ret_alike = x != NULL && y != NULL;
    for (size_t i = 0; *ret_alike && i < a->rows.n; i++) {
        *ret_alike = strcmp(x[i], y[i]) == 0;
    }
    pgb_vec_done(&of_a);
    pgb_vec_done(&of_b);
    return x == NULL || y == NULL ? pgb_error_nomem(err) : PGB_OK;
}
