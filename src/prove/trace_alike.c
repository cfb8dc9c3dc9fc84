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

/* The end of the piece of a body that begins there: its ";" or the end. */
static const char *piece_end(const char *p)
{
    while (*p != '\0' && *p != ';') {
        p += p[0] == '!' && p[1] != '\0' ? 2 : 1;
    }
    return p;
}

static uint32_t number(const char *p, size_t len)
{
    uint64_t n = 0;

    for (size_t i = 0; i < len && n <= UINT32_MAX; i++) {
        n = n * 10 + (uint64_t)(p[i] - '0');
    }
    return n <= UINT32_MAX ? (uint32_t)n : 0;
}

static size_t digits(const char *p)
{
    size_t len = 0;

    while (isdigit((unsigned char)p[len])) {
        len++;
    }
    return len;
}

/* ---- what is new ---- */

static int by_column(const void *a, const void *b)
{
    const pgb_new_column *x = a, *y = b;

    if (x->relation != y->relation) {
        return x->relation < y->relation ? -1 : 1;
    }
    return x->number < y->number ? -1 : x->number > y->number;
}

/* The piece that names a relation and numbers of its columns; NULL: the body has none. */
static const char *columns_piece(const char *body)
{
    for (const char *p = body; *p != '\0';) {
        const char *end = piece_end(p);

        if (*p == 'a') {
            return p;
        }
        p = end + (*end == ';');
    }
    return NULL;
}

pgb_status pgb_delta_news(const pgb_delta *d, pgb_arena *arena, pgb_news *ret_news, pgb_error *err)
{
    pgb_news news = {.relations = pgb_arena_array(arena, d->rows.n + 1, sizeof *news.relations),
                     .columns = pgb_arena_array(arena, d->rows.n + 1, sizeof *news.columns)};

    if (news.relations == NULL || news.columns == NULL) {
        return pgb_error_nomem(err);
    }
    for (size_t i = 0; i < d->rows.n; i++) {
        const trace_row *row = &d->rows.at[i];

        if (!row->known && row->catalog == d->relations) {
            news.relations[news.n_relations++] = row->oid;
        }
    }
    qsort(news.relations, news.n_relations, sizeof *news.relations, by_number);
    for (size_t i = 0; i < d->rows.n; i++) {
        const trace_row *row = &d->rows.at[i];
        const char *piece =
            !row->known && row->catalog == d->columns ? columns_piece(row->body) : NULL;
        pgb_new_column c;

        if (piece == NULL) {
            continue;
        }
        c.relation = number(piece + 1, digits(piece + 1));
        piece += 1 + digits(piece + 1);
        piece += *piece == ' ';
        c.number = number(piece, digits(piece)); /* 0: one of the system's own, below zero */
        if (c.number != 0 && bsearch(&c.relation, news.relations, news.n_relations,
                                     sizeof c.relation, by_number) == NULL) {
            news.columns[news.n_columns++] = c;
        }
    }
    qsort(news.columns, news.n_columns, sizeof *news.columns, by_column);
    *ret_news = news;
    return PGB_OK;
}

static bool has_new(const pgb_news *news, uint32_t relation)
{
    for (uint32_t i = 0; i < news->n_columns; i++) {
        if (news->columns[i].relation == relation) {
            return true;
        }
    }
    return false;
}

/* ---- what is renamed ---- */

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

static bool is_new(const oids *list, uint32_t oid)
{
    return list->n > 0 && bsearch(&oid, list->at, list->n, sizeof oid, by_number) != NULL;
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

/* A column's rank among those of its relation that are new, or the number itself. */
static void put_column(pgb_buf *b, const pgb_news *news, uint32_t relation, const char *p,
                       size_t len)
{
    uint32_t nth = 0, n = number(p, len);

    for (uint32_t i = 0; i < news->n_columns; i++) {
        const pgb_new_column *c = &news->columns[i];

        if (c->relation == relation && c->number == n) {
            pgb_buf_printf(b, "@%u", nth);
            return;
        }
        nth += c->relation == relation;
    }
    pgb_buf_append(b, p, len);
}

/* "a16384 1 2", "a16384 {1,2}" */
static void rename_columns(pgb_buf *b, const oids *list, const pgb_news *news, const char *p,
                           const char *end)
{
    size_t len = digits(p);
    uint32_t relation = number(p, len);

    put_oid(b, list, relation, p, len);
    for (p += len; p < end; p += len) {
        len = digits(p);
        if (len > 0) {
            put_column(b, news, relation, p, len);
        } else {
            pgb_buf_putc(b, *p);
            len = 1;
        }
    }
}

/* Types whose values are oids, but for enums that are new: oid, regproc … regrole, regconfig,
 * regdictionary, … */
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

static bool begins(const char *p, const char *end, const char *word)
{
    size_t len = strlen(word);

    return (size_t)(end - p) > len && memcmp(p, word, len) == 0;
}

/* Numbers that stand alone; parts of names do not. In pieces of oids all numbers are. relation: of
 * whose columns a tree speaks; 0: it is not known. */
static void rename_piece(pgb_buf *b, const oids *list, const pgb_news *news, uint32_t relation,
                         const char *p, const char *end, bool tree)
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
        if (tree && begins(p, end, type)) {
            const char *q = p + sizeof type - 1;

            uint32_t of = number(q, digits(q));

            oid_constant = is_oid_type(of) || is_new(list, of);
        }
        if (tree && relation != 0 &&
            (begins(p, end, ":varattno ") || begins(p, end, ":varattnosyn "))) {
            const char *q = strchr(p, ' ') + 1;

            pgb_buf_append(b, p, (size_t)(q - p));
            len = digits(q);
            put_column(b, news, relation, q, len);
            p = q + len;
            continue;
        }
        pgb_buf_putc(b, *p++);
    }
}

static const char *renamed(pgb_arena *arena, const trace_row *row, const oids *list,
                           const pgb_news *news)
{
    const char *of = columns_piece(row->body);
    uint32_t relation = of != NULL ? number(of + 1, digits(of + 1)) : 0;
    PGB_AUTO_BUF(b);

    pgb_buf_printf(&b, "%u:", row->catalog);
    for (const char *p = row->body; *p != '\0';) {
        const char *end = piece_end(p);

        pgb_buf_putc(&b, *p);
        if (*p == 'o' || *p == 'n') {
            rename_piece(&b, list, news, relation, p + 1, end, *p == 'n');
        } else if (*p == 'a') {
            rename_columns(&b, list, news, p + 1, end);
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
    pgb_news news = {0};

    if (pgb_delta_news(d, arena, &news, NULL) != PGB_OK) {
        return NULL;
    }
    for (size_t i = 0; texts != NULL && i < d->rows.n; i++) {
        texts[i] = renamed(arena, &d->rows.at[i], list, &news);
        if (texts[i] == NULL) {
            return NULL;
        }
    }
    if (texts != NULL && d->rows.n > 1) {
        qsort(texts, d->rows.n, sizeof *texts, by_text);
    }
    return texts;
}

pgb_status pgb_delta_comparable(const pgb_delta *d, bool *ret_comparable, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    pgb_news news = {0};
    pgb_status status = arena != NULL ? pgb_delta_news(d, arena, &news, err) : pgb_error_nomem(err);
    bool fine = status == PGB_OK;

    for (uint32_t i = 0; fine && i < d->n_catalogs; i++) {
        fine = d->removed[i] == 0; /* which rows are gone is not known */
    }
    /* a tree may name new columns, of a relation that only the row says */
    for (size_t i = 0; fine && news.n_columns > 0 && i < d->rows.n; i++) {
        const char *body = d->rows.at[i].body, *of = columns_piece(body);
        bool told = of != NULL && has_new(&news, number(of + 1, digits(of + 1)));

        for (const char *p = body; fine && !told && *p != '\0';) {
            const char *end = piece_end(p);

            fine = *p != 'n';
            p = end + (*end == ';');
        }
    }
    *ret_comparable = fine;
    return status;
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
