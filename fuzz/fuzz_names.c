/*
 * Numbered names: one file name a line. Whatever they are, each is a number or none, their order is
 * an order, and the layout makes a set of them or tells what is wrong.
 */
#include "fuzz.h"

#include <string.h>

#include "rev/internal.h"

enum { MAX_NAMES = 24 };

static bool fits(const char *name, size_t len)
{
    return len > 4 && name[0] != '.' && memchr(name, '/', len) == NULL &&
           memchr(name, 0, len) == NULL && memcmp(name + len - 4, ".sql", 4) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static uint32_t cut(pgb_arena *arena, const uint8_t *data, size_t size, const char **names)
{
    uint32_t n = 0, kept = 0;

    for (size_t from = 0; from < size && n < MAX_NAMES;) {
        const uint8_t *end = memchr(data + from, '\n', size - from);
        size_t len = end != NULL ? (size_t)(end - data) - from : size - from;

        if (fits((const char *)data + from, len)) {
            names[n] = pgb_arena_strndup(arena, (const char *)data + from, len);
            n += names[n] != NULL;
        }
        from += len + 1;
    }
    qsort(names, n, sizeof *names, by_name);
    for (uint32_t i = 0; i < n; i++) {
        if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0) {
            names[kept++] = names[i];
        }
    }
    return kept;
}

static void order(const char *const *names, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) {
            rev_number a, b;

            if (rev_number_of(names[i], &a) && rev_number_of(names[j], &b)) {
                int ab = rev_number_cmp(&a, &b), ba = rev_number_cmp(&b, &a);

                MUST((ab < 0) == (ba > 0) && (ab == 0) == (ba == 0));
                MUST(a.digits >= 1 && a.value_len >= 1 && a.value_len <= a.digits);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pgb_error err = PGB_ERROR_INIT;
    pgb_problems *problems = pgb_problems_new();
    pgb_arena *arena = pgb_arena_new();
    rev_loader l = {.arena = arena,
                    .problems = problems,
                    .err = &err,
                    .dir = -1,
                    .folder = "migrations",
                    .window = PGB_WINDOW_INIT};
    pgb_revset set = {
        .arena = arena, .root = ".", .folder = "migrations", .layout = PGB_LAYOUT_NUMBERED};
    rev_file *files = calloc(MAX_NAMES + 1, sizeof *files);
    const char *names[MAX_NAMES];
    uint32_t n = 0;

    if (problems != NULL && arena != NULL && files != NULL) {
        n = cut(arena, data, size, names);
        order(names, n);
        for (uint32_t i = 0; i < n; i++) {
            files[i].rev.name = names[i];
            files[i].rev.file = pgb_arena_printf(arena, "migrations/%s", names[i]);
        }
        if (rev_layout_numbered(&l, files, &n) == PGB_OK) {
            pgb_revision *revs = pgb_arena_array(arena, n + 1, sizeof *revs);

            for (uint32_t i = 0; revs != NULL && i < n; i++) {
                revs[i] = files[i].rev;
                MUST(revs[i].id != NULL && revs[i].title != NULL && revs[i].n_parents <= 1);
            }
            set.revs = revs;
            set.n = n;
            if (revs != NULL) {
                (void)rev_resolve(&l, &set, revs);
            }
        }
    }
    free(files);
    pgb_map_done(&set.by_id);
    pgb_map_done(&set.by_label);
    rev_loader_done(&l);
    pgb_problems_free(problems);
    pgb_arena_free(arena);
    return 0;
}
