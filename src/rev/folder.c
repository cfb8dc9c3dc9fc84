#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "rev/internal.h"

static uint64_t sort_key(const char *name)
{
    uint64_t key = 0;

    for (int i = 0; i < 8; i++) {
        key = key << 8 | (unsigned char)*name;
        name += *name != '\0';
    }
    return key;
}

static int by_name(const void *a, const void *b)
{
    const rev_name *x = a, *y = b;

    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    /* each of the names sorted is set */
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
    return strcmp(x->name, y->name);
}

/* By the keys, byte after byte (LSD), then by the names where keys are equal: with 100,000 names a
 * comparing sort would be a tenth of all the loading. False: no memory. */
static bool sort_names(rev_name *names, size_t n)
{
    rev_name *other = malloc((n + 1) * sizeof *other), *from = names, *to = other;

    if (other == NULL) {
        return false;
    }
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t starts[257] = {0};

        for (size_t i = 0; i < n; i++) {
            starts[(from[i].key >> shift & 0xFF) + 1]++;
        }
        for (size_t i = 0; i < 256; i++) {
            starts[i + 1] += starts[i];
        }
        for (size_t i = 0; i < n; i++) {
            to[starts[from[i].key >> shift & 0xFF]++] = from[i];
        }
        other = from; /* eight passes: the last one ends in names */
        from = to;
        to = other;
    }
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i + 1; k < n && names[k].key == names[i].key; k++) {
        }
        if (k - i > 1) {
            qsort(names + i, k - i, sizeof *names, by_name);
        }
    }
    free(to == names ? from : to);
    return true;
}

static bool ends_in_sql(const char *name, bool any_case)
{
    size_t len = strlen(name);

    if (len < 5) {
        return false;
    }
    return any_case ? strcasecmp(name + len - 4, ".sql") == 0 : strcmp(name + len - 4, ".sql") == 0;
}

pgb_status rev_folder_list(int dir, const char *display, pgb_arena *arena, rev_name **ret_names,
                           uint32_t *ret_n, const char **ret_other, pgb_error *err)
{
    PGB_VEC(rev_name) names = {0};
    PGB_AUTO_FD(fd) = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    bool sorted = true;

    *ret_other = NULL;
    if (d == NULL) {
        return pgb_error_set_errno(err, PGB_PROJECT, errno, "cannot read the folder %s", display);
    }
    fd = -1; /* d's now */
    for (;;) {
        struct dirent *e;
        rev_name entry = {0};

        errno = 0;
        e = readdir(d);
        if (e == NULL) {
            break;
        }
        if (e->d_name[0] == '.' || !ends_in_sql(e->d_name, true)) {
            continue;
        }
        entry.name = pgb_arena_strdup(arena, e->d_name);
        entry.key = sort_key(e->d_name);
        entry.regular = e->d_type == DT_REG;
        if (entry.name != NULL && !ends_in_sql(entry.name, false)) {
            *ret_other = entry.name;
            continue;
        }
        sorted = sorted && (names.n == 0 || by_name(&names.at[names.n - 1], &entry) < 0);
        if (entry.name == NULL || names.n == UINT32_MAX - 1 || !pgb_vec_push(&names, entry)) {
            closedir(d);
            pgb_vec_done(&names);
            return pgb_error_nomem(err);
        }
    }
    if (errno != 0) {
        int saved = errno;

        closedir(d);
        pgb_vec_done(&names);
        return pgb_error_set_errno(err, PGB_PROJECT, saved, "cannot read the folder %s", display);
    }
    closedir(d);
    if (!sorted && !sort_names(names.at, names.n)) {
        pgb_vec_done(&names);
        return pgb_error_nomem(err);
    }
    *ret_names = names.at;
    *ret_n = (uint32_t)names.n;
    return PGB_OK;
}
