/* The folder of backfills, and what its files and the revisions name of each other. */
#include "rev/backfill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "rev/internal.h"

static const char folder[] = "backfills";

static pgb_status open_folder(const char *root, int *ret_dir, pgb_error *err)
{
    char path[4096];

    if ((size_t)snprintf(path, sizeof path, "%s/%s", root, folder) >= sizeof path) {
        return pgb_error_set(err, PGB_PROJECT, "the path of the folder %s is too long", folder);
    }
    *ret_dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret_dir < 0 && errno != ENOENT) {
        return pgb_error_set_errno(err, PGB_PROJECT, errno, "cannot open the folder %s", folder);
    }
    return PGB_OK;
}

/* PGB_OK without a file when that was told as a problem. */
static pgb_status read_file(int dir, const char *name, pgb_arena *arena, pgb_problems *problems,
                            pgb_backfill *ret, bool *ret_there, pgb_error *err)
{
    const char *display = pgb_arena_printf(arena, "%s/%s", folder, name);
    pgb_error why = PGB_ERROR_INIT;
    PGB_AUTO_FD(fd) = -1;
    PGB_AUTO_BUF(text);
    pgb_status status;

    *ret_there = false;
    if (display == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_file_open_at(dir, name, display, &fd, &why);
    if (status == PGB_OK) {
        status = pgb_file_read_fd(fd, display, PGB_BACKFILL_FILE_MAX, &text, &why);
    }
    if (status == PGB_NOMEM) {
        return pgb_error_nomem(err);
    }
    if (status != PGB_OK) {
        pgb_problem like = {.rule = "unreadable",
                            .severity = PGB_ERROR,
                            .file = display,
                            .detail = why.detail[0] != '\0' ? why.detail : NULL,
                            .fix = why.hint[0] != '\0' ? why.hint : NULL};

        return pgb_problems_add(problems, &like, "%s", why.message) ? PGB_OK : pgb_error_nomem(err);
    }
    *ret_there = true;
    return pgb_backfill_parse(display, pgb_buf_str(&text), text.len, arena, problems, ret, err);
}

static void nearest_id(const pgb_revset *set, const char *typed, char *fix, size_t size)
{
    unsigned best = 4;

    fix[0] = '\0';
    for (uint32_t i = 0; i < set->n; i++) {
        unsigned d = pgb_text_distance(typed, set->revs[i].id);

        if (d < best) {
            best = d;
            snprintf(fix, size, "Did you mean %s?", set->revs[i].id);
        }
    }
    if (fix[0] == '\0') {
        snprintf(fix, size, "Bring its file back, or name another revision.");
    }
}

/* What a backfill requires: ids, else labels. */
static pgb_status resolve(const pgb_revset *set, const pgb_backfill *b, pgb_arena *arena,
                          pgb_problems *problems, pgb_backfill *ret, pgb_error *err)
{
    pgb_ref *refs = pgb_arena_array(arena, b->n_requires + 1, sizeof *refs);

    if (refs == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < b->n_requires; i++) {
        size_t len = strlen(b->requires[i].text);

        refs[i] = b->requires[i];
        if (!pgb_map_get(&set->by_id, refs[i].text, len, &refs[i].node) &&
            !pgb_map_get(&set->by_label, refs[i].text, len, &refs[i].node)) {
            pgb_error at = {.status = PGB_PROJECT};
            char fix[300];
            pgb_problem like = {.rule = "missing-requires",
                                .severity = PGB_ERROR,
                                .file = b->file,
                                .line = (int)refs[i].line,
                                .column = (int)refs[i].column,
                                .fix = fix};

            nearest_id(set, refs[i].text, fix, sizeof fix);
            pgb_backfill_at(b, refs[i].line, refs[i].column, &at);
            like.source = at.source[0] != '\0' ? at.source : NULL;
            if (!pgb_problems_add(problems, &like,
                                  "%s, which the backfill %s requires, is neither a revision nor "
                                  "a label",
                                  refs[i].text, b->name)) {
                return pgb_error_nomem(err);
            }
        }
    }
    ret->requires = refs;
    return PGB_OK;
}

/* Revisions that wait for a backfill that nobody has. */
static pgb_status look_for_waiting(const char *root, const pgb_revset *set,
                                   const pgb_backfills *all, pgb_problems *problems, pgb_error *err)
{
    PGB_AUTO_FD(dir) = -1;
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", set->folder[0] == '/' ? "" : root, set->folder);
    for (uint32_t i = 0; i < set->n; i++) {
        const pgb_revision *rev = &set->revs[i];

        for (uint32_t k = 0; k < rev->n_backfills; k++) {
            const pgb_ref *ref = &rev->backfills[k];
            char fix[300] = "", source[512];
            unsigned best = 4;
            pgb_problem like = {.rule = "missing-backfill",
                                .severity = PGB_ERROR,
                                .file = rev->file,
                                .line = (int)ref->line,
                                .column = (int)ref->column,
                                .fix = fix,
                                .id = rev->id};

            if (pgb_backfills_find(all, ref->text) != NULL) {
                continue;
            }
            for (uint32_t n = 0; n < all->n; n++) {
                unsigned d = pgb_text_distance(ref->text, all->at[n].name);

                if (d < best) {
                    best = d;
                    snprintf(fix, sizeof fix, "Did you mean backfill:%s?", all->at[n].name);
                }
            }
            if (fix[0] == '\0') {
                snprintf(fix, sizeof fix, "Write %s/%s.sql, or remove the name.", folder,
                         ref->text);
            }
            if (dir < 0) {
                dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            }
            like.source =
                dir >= 0 ? rev_source_line(dir, rev->name, ref->line, source, sizeof source) : NULL;
            if (!pgb_problems_add(problems, &like,
                                  "the backfill %s, for which revision %s waits, has no file",
                                  ref->text, rev->id)) {
                return pgb_error_nomem(err);
            }
        }
    }
    return PGB_OK;
}

static pgb_status load(const char *root, const pgb_revset *set, pgb_problems *problems,
                       pgb_backfills *all, pgb_error *err)
{
    PGB_AUTO_FD(dir) = -1;
    pgb_backfill *list = NULL;
    char **names = NULL;
    size_t n = 0;
    uint32_t kept = 0;
    pgb_status status = open_folder(root, &dir, err);

    if (status == PGB_OK && dir >= 0) {
        status = pgb_dir_list(dir, folder, all->arena, &names, &n, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    list = pgb_arena_array(all->arena, n + 1, sizeof *list);
    if (list == NULL) {
        return pgb_error_nomem(err);
    }
    for (size_t i = 0; i < n && status == PGB_OK; i++) {
        size_t len = strlen(names[i]);
        bool there;

        if (names[i][0] == '.' || len < 5 || strcmp(names[i] + len - 4, ".sql") != 0) {
            continue;
        }
        status = read_file(dir, names[i], all->arena, problems, &list[kept], &there, err);
        if (status == PGB_OK && there) {
            status = set != NULL ? resolve(set, &list[kept], all->arena, problems, &list[kept], err)
                                 : PGB_OK;
            kept++;
        }
    }
    all->at = list;
    all->n = kept;
    if (status == PGB_OK && set != NULL) {
        status = look_for_waiting(root, set, all, problems, err);
    }
    return status;
}

pgb_status pgb_backfills_load(const char *root, const pgb_revset *set, pgb_problems *problems,
                              pgb_backfills **ret_backfills, pgb_error *err)
{
    pgb_problems *own = problems == NULL ? pgb_problems_new() : NULL;
    pgb_backfills *all = calloc(1, sizeof *all);
    pgb_status status;

    if (all == NULL || (all->arena = pgb_arena_new()) == NULL ||
        (problems == NULL && own == NULL)) {
        pgb_backfills_free(all);
        pgb_problems_free(own);
        return pgb_error_nomem(err);
    }
    status = load(root, set, problems != NULL ? problems : own, all, err);
    for (size_t i = 0; own != NULL && status == PGB_OK && i < own->list.n; i++) {
        if (own->list.at[i].severity == PGB_ERROR) {
            status = pgb_problem_to_error(&own->list.at[i], err);
        }
    }
    pgb_problems_free(own);
    if (status != PGB_OK) {
        pgb_backfills_free(all);
        return status;
    }
    *ret_backfills = all;
    return PGB_OK;
}

void pgb_backfills_free(pgb_backfills *backfills)
{
    if (backfills != NULL) {
        pgb_arena_free(backfills->arena);
        free(backfills);
    }
}

const pgb_backfill *pgb_backfills_find(const pgb_backfills *backfills, const char *name)
{
    for (uint32_t i = 0; i < backfills->n; i++) {
        if (strcmp(backfills->at[i].name, name) == 0) {
            return &backfills->at[i];
        }
    }
    return NULL;
}

pgb_status pgb_backfills_need(const pgb_backfills *backfills, const char *name,
                              const pgb_backfill **ret_backfill, pgb_error *err)
{
    const pgb_backfill *b = pgb_backfills_find(backfills, name), *nearest = NULL;
    unsigned best = 4;

    if (b != NULL) {
        *ret_backfill = b;
        return PGB_OK;
    }
    pgb_error_set(err, PGB_USAGE, "there is no backfill %.200s", name);
    for (uint32_t i = 0; i < backfills->n; i++) {
        unsigned d = pgb_text_distance(name, backfills->at[i].name);

        if (d < best) {
            best = d;
            nearest = &backfills->at[i];
        }
    }
    if (nearest != NULL) {
        pgb_error_hint(err, "Did you mean %s? pgbraid backfill list shows them all.",
                       nearest->name);
    } else {
        pgb_error_hint(err,
                       "Its file would be %s/%.200s.sql; pgbraid backfill list shows what "
                       "there is.",
                       folder, name);
    }
    return PGB_USAGE;
}
