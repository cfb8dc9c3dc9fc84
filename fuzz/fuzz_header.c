/*
 * The header reader: a revision file of any bytes is understood or its problems are told, its
 * sections lie inside the file, its names are names.
 */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rev/internal.h"

static void look_at(const pgb_revision *rev, uint64_t size)
{
    MUST(rev->id != NULL && rev_is_id(rev->id, strlen(rev->id)));
    MUST(rev->title != NULL);
    MUST(rev->header.off + rev->header.len <= size);
    MUST(rev->up.off + rev->up.len <= size && rev->down.off + rev->down.len <= size);
    for (uint32_t i = 0; i < rev->n_verify; i++) {
        MUST(rev->verify[i].off + rev->verify[i].len <= size);
    }
    for (uint32_t i = 0; i < rev->n_parents; i++) {
        MUST(rev->parents[i].text != NULL && rev->parents[i].line >= 1);
    }
    for (uint32_t i = 0; i < rev->n_allows; i++) {
        MUST(rev->allows[i].rule != NULL && rev->allows[i].reason != NULL);
    }
}

/* As in a folder of many files, one window reads them all; to make it anew would take most of the
 * time. */
static pgb_window window = PGB_WINDOW_INIT;

static void run(int fd, uint64_t size, bool down_file)
{
    pgb_error err = PGB_ERROR_INIT;
    pgb_problems *problems = pgb_problems_new();
    pgb_arena *arena = pgb_arena_new();
    rev_loader l = {.arena = arena,
                    .problems = problems,
                    .err = &err,
                    .dir = -1,
                    .folder = "migrations",
                    .window = window};
    rev_file file = {.rev = {.file = "migrations/x.sql", .name = "x.sql"}};
    pgb_revset set = {.arena = arena, .root = ".", .folder = "migrations"};
    pgb_revision *revs = arena != NULL ? pgb_arena_array(arena, 1, sizeof *revs) : NULL;
    uint32_t n = 1;

    if (problems != NULL && revs != NULL && rev_parse_file(&l, fd, &file, down_file) == PGB_OK &&
        rev_layout_native(&l, &file, &n) == PGB_OK) {
        MUST(n <= 1);
        MUST(n == 1 || problems->list.n > 0);
        if (n == 1) {
            revs[0] = file.rev;
            set.revs = revs;
            set.n = n;
            if (revs[0].id != NULL) {
                look_at(&revs[0], size);
            } else {
                MUST(problems->list.n > 0);
            }
            (void)rev_resolve(&l, &set, revs);
        }
    }
    for (size_t i = 0; problems != NULL && i < problems->list.n; i++) {
        MUST(problems->list.at[i].message != NULL && problems->list.at[i].rule != NULL);
    }
    pgb_map_done(&set.by_id);
    pgb_map_done(&set.by_label);
    window = l.window;
    l.window = (pgb_window)PGB_WINDOW_INIT;
    rev_loader_done(&l);
    pgb_problems_free(problems);
    pgb_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("revision", MFD_CLOEXEC);
    }
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size) {
        return 0;
    }
    (void)lseek(fd, 0, SEEK_SET);
    run(fd, size, false);
    (void)lseek(fd, 0, SEEK_SET);
    run(fd, size, true);
    return 0;
}
