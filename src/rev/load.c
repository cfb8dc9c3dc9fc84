#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "rev/internal.h"
#include "rev/script_internal.h"

enum { KEEP_MAX = 64 * 1024 * 1024 }; /* of texts, together */
enum { READERS_FROM = 2000 };         /* with fewer files, threads gain nothing that is felt */

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

/* A share of the files, and what reading them gave. */
typedef struct reader {
    rev_loader l;
    pgb_error error;
    const rev_name *names;
    rev_file *files;
    uint32_t n;
    pgb_layout layout;
    size_t keep; /* so much more of texts */
    pgb_status status;
    pthread_t thread;
    bool started;
} reader;

/* The window still holds a file that was read in one piece. */
static pgb_status keep_text(reader *r, rev_file *f)
{
    const pgb_window *w = &r->l.window;

    if (f->broken || f->size == 0 || w->base != 0 || w->len != f->size || f->size > r->keep) {
        return PGB_OK;
    }
    f->rev.text = pgb_arena_strndup(r->l.arena, w->buf, w->len);
    if (f->rev.text == NULL) {
        return pgb_error_nomem(r->l.err);
    }
    f->rev.text_len = w->len;
    r->keep -= w->len;
    return PGB_OK;
}

static pgb_status read_file(reader *r, const rev_name *name, rev_file *f)
{
    rev_loader *l = &r->l;
    size_t prefix = strlen(l->folder) + 1, len = strlen(name->name);
    char *path = pgb_arena_alloc(l->arena, prefix + len + 1);
    pgb_error why;
    rev_number number;
    pgb_status status;
    PGB_AUTO_FD(fd) = -1;

    if (path == NULL) {
        return pgb_error_nomem(l->err);
    }
    memcpy(path, l->folder, prefix - 1);
    path[prefix - 1] = '/';
    memcpy(path + prefix, name->name, len);
    f->rev.file = path;
    f->rev.name = path + prefix;
    pgb_error_clear(&why);
    if (open_file(l, name, path, &fd, &why) != PGB_OK) {
        f->absent = true;
        return unreadable(l, f, &why);
    }
    status = rev_parse_file(l, fd, f,
                            r->layout != PGB_LAYOUT_NATIVE && rev_number_of(f->rev.name, &number) &&
                                number.down);
    return status == PGB_OK ? keep_text(r, f) : status;
}

static void *read_share(void *data)
{
    reader *r = data;

    for (uint32_t i = 0; i < r->n && r->status == PGB_OK; i++) {
        r->status = read_file(r, &r->names[i], &r->files[i]);
    }
    return NULL;
}

/* The problems of a share become the loader's, in order. */
static pgb_status take_share(rev_loader *l, reader *r)
{
    if (r->status != PGB_OK) {
        return pgb_error_set(l->err, r->status, "%s", r->error.message);
    }
    l->incomplete = l->incomplete || r->l.incomplete;
    for (size_t i = 0; i < r->l.problems->list.n; i++) {
        const pgb_problem *p = &r->l.problems->list.at[i];

        if (!pgb_problems_add(l->problems, p, "%s", p->message)) {
            return pgb_error_nomem(l->err);
        }
    }
    return PGB_OK;
}

static uint32_t readers_for(uint32_t n)
{
    cpu_set_t cpus;
    int count =
        n >= READERS_FROM && sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;

    return count < 1 ? 1 : count > REV_READERS_MAX ? REV_READERS_MAX : (uint32_t)count;
}

/* Most of the time goes into system calls, which several threads share well; a thread that can't be
 * started is done without. Signals stay with the caller's threads. */
static pgb_status read_files(rev_loader *l, const rev_name *names, uint32_t n,
                             const pgb_rev_options *options, rev_file *files,
                             struct pgb_revset_shared *shared)
{
    uint32_t count = readers_for(n), from = 0;
    reader *readers = calloc(count, sizeof *readers);
    pgb_status status = PGB_OK;
    sigset_t all, before;

    if (readers == NULL) {
        return pgb_error_nomem(l->err);
    }
    for (uint32_t i = 0; i < count && status == PGB_OK; i++) {
        reader *r = &readers[i];

        r->l = (rev_loader){.window = PGB_WINDOW_INIT, .dir = l->dir, .folder = l->folder};
        r->l.err = &r->error;
        r->layout = options->layout;
        r->keep = options->keep_texts ? KEEP_MAX / count : 0;
        r->names = names + from;
        r->files = files + from;
        r->n = (uint32_t)((uint64_t)n * (i + 1) / count) - from;
        from += r->n;
        shared->arenas[i] = r->l.arena = pgb_arena_new();
        r->l.problems = pgb_problems_new();
        if (r->l.arena == NULL || r->l.problems == NULL) {
            status = pgb_error_nomem(l->err);
        }
    }
    sigfillset(&all);
    for (uint32_t i = 1; i < count && status == PGB_OK; i++) {
        pthread_sigmask(SIG_SETMASK, &all, &before);
        readers[i].started = pthread_create(&readers[i].thread, NULL, read_share, &readers[i]) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    for (uint32_t i = 0; i < count && status == PGB_OK; i++) {
        if (!readers[i].started) {
            read_share(&readers[i]);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (readers[i].started) {
            pthread_join(readers[i].thread, NULL);
        }
        if (status == PGB_OK) {
            status = take_share(l, &readers[i]);
        }
        rev_loader_done(&readers[i].l);
        pgb_problems_free(readers[i].l.problems);
    }
    free(readers);
    return status;
}

static uint32_t drop_absent(rev_file *files, uint32_t n)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (!files[i].absent) {
            if (kept != i) {
                files[kept] = files[i];
            }
            kept++;
        }
    }
    return kept;
}

/* The same memory, without what only the loader needed to know: fresh pages for a copy would take
 * longer than the copying. */
static pgb_revision *only_revisions(rev_file *files, uint32_t n)
{
    pgb_revision *revs = (pgb_revision *)(void *)files, *shrunk;

    _Static_assert(sizeof(pgb_revision) <= sizeof(rev_file), "each moves to the front");
    for (uint32_t i = 0; i < n; i++) {
        pgb_revision rev = files[i].rev;

        memcpy(&revs[i], &rev, sizeof rev);
    }
    shrunk = realloc(files, ((size_t)n + 1) * sizeof *revs);
    return shrunk != NULL ? shrunk : revs;
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
    const char *other = NULL;
    PGB_AUTO_ARENA(scratch);
    uint32_t n = 0;
    pgb_status status = PGB_NOMEM;

    if (scratch == NULL) {
        return pgb_error_nomem(l->err);
    }
    status = rev_folder_list(l->dir, l->folder, scratch, &names, &n, &other, l->err);
    if (status == PGB_OK) {
        files = pgb_mem_zeroed((size_t)n + 1, sizeof *files);
        status = files != NULL ? PGB_OK : pgb_error_nomem(l->err);
    }
    if (status == PGB_OK && other != NULL) {
        char file[600];
        rev_place at = {.file = file};

        snprintf(file, sizeof file, "%s/%s", l->folder, other);
        status = rev_problem(l, &at, "not-read", PGB_WARNING, NULL, "Let its name end in .sql.",
                             "the file is not read, because its name does not end in .sql");
    }
    if (status == PGB_OK) {
        status = read_files(l, names, n, options, files, set->shared);
        n = drop_absent(files, n);
    }
    free(names);
    if (status == PGB_OK) {
        set->layout = decide(options->layout, files, n);
        status = set->layout == PGB_LAYOUT_NATIVE ? rev_layout_native(l, files, &n)
                                                  : rev_layout_numbered(l, files, &n);
    }
    if (status != PGB_OK) {
        free(files);
        return status;
    }
    set->revs = set->shared->revs = only_revisions(files, n);
    set->n = n;
    return rev_resolve(l, set, set->shared->revs);
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
    int folder_fd = -1;
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
        status = open_folder(set->root, set->folder, &folder_fd, err);
    }
    if (status == PGB_OK) {
        l.dir = folder_fd;
        status = rev_shared_new(folder_fd, &set->shared, err);
        folder_fd = status == PGB_OK ? -1 : folder_fd;
    }
    if (status == PGB_OK) {
        status = fill_set(&l, set, options);
    }
    if (status == PGB_OK && own != NULL) {
        status = first_error(own, err);
    }
    pgb_fd_close(&folder_fd);
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
