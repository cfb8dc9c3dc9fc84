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
    return strcmp(x->name, y->name);
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
    if (!sorted) {
        qsort(names.at, names.n, sizeof names.at[0], by_name);
    }
    *ret_names = names.at;
    *ret_n = (uint32_t)names.n;
    return PGB_OK;
}
