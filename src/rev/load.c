#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "rev/internal.h"
#include "rev/script_internal.h"

static pgb_status open_folder(const char *root, const char *folder, int *ret_fd, pgb_error *err)
{
    char path[4096];

    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder[0] == '/' ? "" : root, folder) >=
        sizeof path) {
        return pgb_error_set(err, PGB_PROJECT, "the path of the folder %s is too long", folder);
    }
    *ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret_fd < 0 && errno == ENOENT) {
        pgb_error_set(err, PGB_PROJECT, "there is no folder %s", folder);
        pgb_error_detail(err, "It was looked for in %s.", root);
        pgb_error_hint(err,
                       "Start a project with: pgbraid init — or go to one, with cd or -C DIR.");
        return PGB_PROJECT;
    }
    if (*ret_fd < 0) {
        return pgb_error_set_errno(err, PGB_PROJECT, errno, "cannot open the folder %s", folder);
    }
    return PGB_OK;
}

/* One open, as many reads as it takes, one close: with 100,000 files each system call counts. The
 * folder's own listing says what is a regular file; only where it does not is looked twice. */
static pgb_status open_file(rev_loader *l, const rev_name *name, const char *display, int *ret_fd,
                            pgb_error *why)
{
    if (name->regular) {
        *ret_fd =
            openat(l->dir, name->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (*ret_fd >= 0) {
            return PGB_OK;
        }
    }
    return pgb_file_open_at(l->dir, name->name, display, ret_fd, why);
}

static pgb_status unreadable(rev_loader *l, const rev_file *f, const pgb_error *why)
{
    rev_place at = {.file = f->rev.file};

    l->incomplete = true;
    return rev_problem(l, &at, "unreadable", PGB_ERROR, why->detail[0] != '\0' ? why->detail : NULL,
                       why->hint[0] != '\0' ? why->hint : NULL, "%s", why->message);
}

static pgb_status read_files(rev_loader *l, const rev_name *names, uint32_t n, pgb_layout layout,
                             rev_file *files, uint32_t *ret_n)
{
    size_t prefix = strlen(l->folder) + 1;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < n; i++) {
        rev_file *f = &files[kept];
        rev_number number;
        pgb_error why = PGB_ERROR_INIT;
        size_t len = strlen(names[i].name);
        char *path = pgb_arena_alloc(l->arena, prefix + len + 1);
        PGB_AUTO_FD(fd) = -1;
        pgb_status status;

        if (path == NULL) {
            return pgb_error_nomem(l->err);
        }
        memcpy(path, l->folder, prefix - 1);
        path[prefix - 1] = '/';
        memcpy(path + prefix, names[i].name, len);
        memset(f, 0, sizeof *f);
        f->rev.file = path;
        f->rev.name = path + prefix;
        if (open_file(l, &names[i], path, &fd, &why) != PGB_OK) {
            status = unreadable(l, f, &why);
            if (status != PGB_OK) {
                return status;
            }
            continue;
        }
        status = rev_parse_file(l, fd, f,
                                layout != PGB_LAYOUT_NATIVE &&
                                    rev_number_of(f->rev.name, &number) && number.down);
        if (status != PGB_OK) {
            return status;
        }
        kept++;
    }
    *ret_n = kept;
    return PGB_OK;
}

static pgb_layout decide(pgb_layout asked, const rev_file *files, uint32_t n)
{
    bool numbered = false;

    if (asked != PGB_LAYOUT_AUTO) {
        return asked;
    }
    for (uint32_t i = 0; i < n; i++) {
        rev_number number;

        if (files[i].has_revision) {
            return PGB_LAYOUT_NATIVE;
        }
        numbered = numbered || rev_number_of(files[i].rev.name, &number);
    }
    return numbered ? PGB_LAYOUT_NUMBERED : PGB_LAYOUT_NATIVE;
}

static pgb_status fill_set(rev_loader *l, pgb_revset *set, const pgb_rev_options *options)
{
    rev_name *names = NULL;
    rev_file *files = NULL;
    pgb_revision *revs;
    const char *other = NULL;
    PGB_AUTO_ARENA(scratch);
    uint32_t n = 0;
    pgb_status status = PGB_NOMEM;

    if (scratch == NULL) {
        return pgb_error_nomem(l->err);
    }
    status = rev_folder_list(l->dir, l->folder, scratch, &names, &n, &other, l->err);
    if (status == PGB_OK) {
        files = calloc((size_t)n + 1, sizeof *files);
        status = files != NULL ? PGB_OK : pgb_error_nomem(l->err);
    }
    if (status == PGB_OK && other != NULL) {
        char file[600];
        rev_place at = {.file = file};

        snprintf(file, sizeof file, "%s/%s", l->folder, other);
        status = rev_problem(l, &at, "bad-name", PGB_WARNING, NULL, "Let its name end in .sql.",
                             "the file is not read, because its name does not end in .sql");
    }
    if (status == PGB_OK) {
        status = read_files(l, names, n, options->layout, files, &n);
    }
    free(names);
    if (status == PGB_OK) {
        set->layout = decide(options->layout, files, n);
        status = set->layout == PGB_LAYOUT_NATIVE ? rev_layout_native(l, files, &n)
                                                  : rev_layout_numbered(l, files, &n);
    }
    revs = status == PGB_OK ? pgb_arena_array(l->arena, (size_t)n + 1, sizeof *revs) : NULL;
    if (status == PGB_OK && revs == NULL) {
        status = pgb_error_nomem(l->err);
    }
    for (uint32_t i = 0; i < n && status == PGB_OK; i++) {
        revs[i] = files[i].rev;
    }
    free(files);
    if (status == PGB_OK) {
        set->revs = revs;
        set->n = n;
        status = rev_resolve(l, set, revs);
    }
    return status;
}

/* The first error of a list becomes the error; how many more there are is said. */
static pgb_status first_error(const pgb_problems *problems, pgb_error *err)
{
    const pgb_problem *first = NULL;
    size_t more = 0;

    for (size_t i = 0; i < problems->list.n; i++) {
        if (problems->list.at[i].severity == PGB_ERROR) {
            more += first != NULL;
            first = first != NULL ? first : &problems->list.at[i];
        }
    }
    if (first == NULL) {
        return PGB_OK;
    }
    pgb_problem_to_error(first, err);
    if (more > 0) {
        pgb_error_context(err, "%zu more error%s in the project's files: pgbraid check lists all",
                          more, more > 1 ? "s" : "");
    }
    return PGB_PROJECT;
}

pgb_status pgb_revset_load(const pgb_rev_options *options, pgb_problems *problems,
                           pgb_revset **ret_set, pgb_error *err)
{
    rev_loader l = {.window = PGB_WINDOW_INIT, .err = err, .dir = -1};
    pgb_problems *own = problems == NULL ? pgb_problems_new() : NULL;
    pgb_revset *set = calloc(1, sizeof *set);
    const char *folder = options->folder != NULL ? options->folder : "migrations";
    size_t len = strlen(folder);
    pgb_status status = PGB_OK;

    while (len > 1 && folder[len - 1] == '/') {
        len--;
    }
    l.problems = problems != NULL ? problems : own;
    if (set != NULL) {
        set->arena = l.arena = pgb_arena_new();
    }
    if (l.problems == NULL || l.arena == NULL ||
        (set->root = pgb_arena_strdup(l.arena, options->root != NULL ? options->root : ".")) ==
            NULL ||
        (set->folder = pgb_arena_strndup(l.arena, folder, len)) == NULL) {
        status = pgb_error_nomem(err);
    }
    if (status == PGB_OK) {
        l.folder = set->folder;
        status = open_folder(set->root, set->folder, &l.dir, err);
    }
    if (status == PGB_OK) {
        status = fill_set(&l, set, options);
    }
    if (status == PGB_OK && own != NULL) {
        status = first_error(own, err);
    }
    if (status == PGB_OK) {
        status = rev_shared_new(l.dir, &set->shared, err);
        l.dir = status == PGB_OK ? -1 : l.dir;
    }
    pgb_fd_close(&l.dir);
    rev_loader_done(&l);
    pgb_problems_free(own);
    if (status != PGB_OK) {
        pgb_revset_free(set);
        return status;
    }
    *ret_set = set;
    return PGB_OK;
}

void pgb_revset_free(pgb_revset *set)
{
    if (set != NULL) {
        rev_shared_free(set->shared);
        pgb_map_done(&set->by_id);
        pgb_map_done(&set->by_label);
        pgb_arena_free(set->arena);
        free(set);
    }
}
