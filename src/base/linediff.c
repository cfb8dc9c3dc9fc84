#include "base/linediff.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"

enum { AROUND = 3, EDITS_MAX = 2000 };

typedef struct line {
    const char *at;
    size_t len; /* without its newline */
    bool ended; /* by one */
} line;

typedef PGB_VEC(line) lines;

static bool split(const char *s, size_t len, lines *ret)
{
    for (size_t i = 0; i < len;) {
        const char *end = memchr(s + i, '\n', len - i);
        line l = {s + i, end != NULL ? (size_t)(end - s) - i : len - i, end != NULL};

        if (!pgb_vec_push(ret, l)) {
            return false;
        }
        i += l.len + 1;
    }
    return true;
}

static bool same(const line *x, const line *y)
{
    /* a text without lines has none to compare */
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    return x->len == y->len && x->ended == y->ended && memcmp(x->at, y->at, x->len) == 0;
}

/* keep[i]: line i of a stands in b as well, at partner[i]. False: no memory, or too many edits. */
static bool match(const lines *a, const lines *b, long *partner)
{
    long n = (long)a->n, m = (long)b->n, most = n + m < EDITS_MAX ? n + m : EDITS_MAX;
    long width = 2 * most + 1;
    long **trace = calloc((size_t)most + 1, sizeof *trace);
    long *v = calloc((size_t)width + 2, sizeof *v);
    long d, x = n, y = m;
    bool found = false;

    for (long i = 0; i < n; i++) {
        partner[i] = -1;
    }
    for (d = 0; trace != NULL && v != NULL && d <= most; d++) {
        trace[d] = malloc(((size_t)width + 2) * sizeof *v);
        if (trace[d] == NULL) {
            break;
        }
        memcpy(trace[d], v, ((size_t)width + 2) * sizeof *v);
        for (long k = -d; k <= d && !found; k += 2) {
            long *at = v + most + 1;
            long i = k == -d || (k != d && at[k - 1] < at[k + 1]) ? at[k + 1] : at[k - 1] + 1;

            while (i < n && i - k < m && same(&a->at[i], &b->at[i - k])) {
                i++;
            }
            at[k] = i;
            found = i >= n && i - k >= m;
        }
        if (found) {
            break;
        }
    }
    for (long e = d; found && e >= 0 && (x > 0 || y > 0); e--) {
        const long *at = trace[e] + most + 1;
        long k = x - y;
        long before = k == -e || (k != e && at[k - 1] < at[k + 1]) ? k + 1 : k - 1;
        long px = e == 0 ? 0 : at[before], py = e == 0 ? 0 : px - before;

        while (x > px && y > py) {
            x--;
            y--;
            partner[x] = y;
        }
        x = px;
        y = py;
    }
    for (long i = 0; trace != NULL && i <= d && i <= most; i++) {
        free(trace[i]);
    }
    free(trace);
    free(v);
    return found;
}

static void put(pgb_buf *out, char sign, const line *l)
{
    pgb_buf_putc(out, sign);
    pgb_text_display(out, l->at, l->len, true);
    pgb_buf_puts(out, l->ended ? "\n" : "\n\\ No newline at end of file\n");
}

/* One hunk: a[a0..a1) against b[b0..b1), with what is common between. */
static void hunk(pgb_buf *out, const lines *a, const lines *b, const long *partner, long a0,
                 long a1, long b0, long b1)
{
    long j = b0;

    pgb_buf_printf(out, "@@ -%ld,%ld +%ld,%ld @@\n", a0 + (a1 > a0), a1 - a0, b0 + (b1 > b0),
                   b1 - b0);
    for (long i = a0; i < a1; i++) {
        if (partner[i] < 0) {
            put(out, '-', &a->at[i]);
            continue;
        }
        for (; j < partner[i]; j++) {
            put(out, '+', &b->at[j]);
        }
        put(out, ' ', &a->at[i]);
        j++;
    }
    for (; j < b1; j++) {
        put(out, '+', &b->at[j]);
    }
}

static void hunks(pgb_buf *out, const lines *a, const lines *b, const long *partner)
{
    long n = (long)a->n, m = (long)b->n, i = 0, j = 0;

    while (i < n || j < m) {
        long from_a, from_b, quiet = 0;

        if (i < n && partner[i] == j) {
            i++;
            j++;
            continue;
        }
        from_a = i > AROUND ? i - AROUND : 0;
        from_b = j - (i - from_a);
        /* on to where more than twice the surroundings are common, or the end */
        while ((i < n || j < m) && quiet <= 2 * AROUND) {
            if (i < n && partner[i] == j) {
                quiet++;
                i++;
                j++;
            } else {
                quiet = 0;
                if (i < n && partner[i] < 0) {
                    i++;
                } else {
                    j++;
                }
            }
        }
        if (quiet > AROUND) {
            i -= quiet - AROUND;
            j -= quiet - AROUND;
        }
        hunk(out, a, b, partner, from_a, i, from_b, j);
    }
}

void pgb_line_diff(const char *a_name, const char *a, size_t a_len, const char *b_name,
                   const char *b, size_t b_len, pgb_buf *out)
{
    lines x = {0}, y = {0};
    long *partner = NULL;

    if (a_len == b_len && memcmp(a, b, a_len) == 0) {
        return;
    }
    if (!split(a, a_len, &x) || !split(b, b_len, &y) ||
        (partner = calloc(x.n + 1, sizeof *partner)) == NULL) {
        out->failed = true;
    } else {
        pgb_buf_puts(out, "--- ");
        pgb_text_display(out, a_name, strlen(a_name), false);
        pgb_buf_puts(out, "\n+++ ");
        pgb_text_display(out, b_name, strlen(b_name), false);
        pgb_buf_putc(out, '\n');
        if (!match(&x, &y, partner)) {
            for (size_t i = 0; i < x.n; i++) {
                partner[i] = -1;
            }
        }
        hunks(out, &x, &y, partner);
    }
    free(partner);
    pgb_vec_done(&x);
    pgb_vec_done(&y);
}
