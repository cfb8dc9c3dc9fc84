#include "run/hashes.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "rev/script.h"

/* Bytes of a range of a file, hashed as a script's section is. */
static pgb_status hash_range(int dir, const char *name, const char *display, pgb_range range,
                             pgb_arena *arena, const char **ret_raw, const char **ret_norm,
                             pgb_error *err)
{
    char raw[PGB_HASH_HEX], norm[PGB_HASH_HEX];
    PGB_AUTO_FD(fd) = -1;
    PGB_AUTO_BUF(text);
    pgb_status status = pgb_file_open_at(dir, name, display, &fd, err);

    if (status != PGB_OK) {
        return status;
    }
    if (!pgb_buf_reserve(&text, range.len + 1)) {
        return pgb_error_nomem(err);
    }
    while (text.len < range.len) {
        ssize_t n =
            pread(fd, text.p + text.len, range.len - text.len, (off_t)(range.off + text.len));

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return pgb_error_set_errno(err, PGB_IO, errno, "cannot read %s", display);
        }
        if (n == 0) {
            return pgb_error_set(err, PGB_CHANGED, "%s became shorter while it was read", display);
        }
        text.len += (size_t)n;
    }
    status = pgb_section_hash(text.p, text.len, raw, norm, err);
    if (status != PGB_OK) {
        return status;
    }
    *ret_raw = pgb_arena_strdup(arena, raw);
    *ret_norm = pgb_arena_strdup(arena, norm);
    return *ret_raw == NULL || *ret_norm == NULL ? pgb_error_nomem(err) : PGB_OK;
}

/* Sections that are too large for memory are hashed as they stream. */
static pgb_status hash_large(const pgb_revset *set, const pgb_revision *rev, pgb_section section,
                             pgb_arena *arena, const char **ret_raw, const char **ret_norm,
                             pgb_error *err)
{
    pgb_script *script;
    pgb_status status = pgb_script_open(set, rev, section, 0, &script, err);
    const pgb_script_info *info;

    if (status != PGB_OK) {
        return status;
    }
    info = pgb_script_get_info(script);
    *ret_raw = pgb_arena_strdup(arena, info->hash_raw);
    *ret_norm = pgb_arena_strdup(arena, info->hash_norm);
    pgb_script_close(script);
    return *ret_raw == NULL || *ret_norm == NULL ? pgb_error_nomem(err) : PGB_OK;
}

static pgb_status hash_one(const pgb_revset *set, int dir, const pgb_revision *rev,
                           pgb_arena *arena, pgb_world_hashes *hashes, pgb_error *err)
{
    pgb_status status =
        rev->up.len > PGB_STATEMENT_MAX
            ? hash_large(set, rev, PGB_SECTION_UP, arena, &hashes->up_raw, &hashes->up_norm, err)
            : hash_range(dir, rev->name, rev->file, rev->up, arena, &hashes->up_raw,
                         &hashes->up_norm, err);

    if (status != PGB_OK || rev->down_kind != PGB_DOWN_SQL) {
        return status;
    }
    return rev->down.len > PGB_STATEMENT_MAX
               ? hash_large(set, rev, PGB_SECTION_DOWN, arena, &hashes->down_raw,
                            &hashes->down_norm, err)
               : hash_range(dir, rev->down_name != NULL ? rev->down_name : rev->name, rev->file,
                            rev->down, arena, &hashes->down_raw, &hashes->down_norm, err);
}

pgb_status pgb_hashes_of_applied(const pgb_revset *set, const pgb_applied_set *applied,
                                 pgb_arena *arena, pgb_world_hashes **ret_hashes, pgb_error *err)
{
    pgb_world_hashes *hashes = pgb_arena_array(arena, set->n + 1, sizeof *hashes);
    PGB_AUTO_FD(dir) = -1;
    PGB_AUTO_BUF(path);
    pgb_status status;

    if (hashes == NULL) {
        return pgb_error_nomem(err);
    }
    pgb_buf_printf(&path, "%s%s%s", set->folder[0] == '/' ? "" : set->root,
                   set->folder[0] == '/' ? "" : "/", set->folder);
    if (path.failed) {
        return pgb_error_nomem(err);
    }
    status = pgb_dir_open(pgb_buf_str(&path), &dir, err);
    for (uint32_t i = 0; status == PGB_OK && i < set->n; i++) {
        const pgb_revision *rev = &set->revs[i];
        uint32_t row;

        if (pgb_map_get(&applied->by_id, rev->id, strlen(rev->id), &row)) {
            status = hash_one(set, dir, rev, arena, &hashes[i], err);
        }
    }
    if (status == PGB_OK) {
        *ret_hashes = hashes;
    }
    return status;
}
