/* What is recorded of a revision: from its file's header, its up and its down. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "run/internal.h"

/* A text of a file and its hashes; text NULL when it is too long to be stored. */
typedef struct part {
    const char *text;
    char raw[PGB_HASH_HEX], norm[PGB_HASH_HEX];
} part;

static pgb_status read_range(const pgb_revset *set, const char *name, const char *display,
                             const pgb_range *range, pgb_arena *arena, part *ret, pgb_error *err)
{
    PGB_AUTO_FD(dir) = -1;
    PGB_AUTO_FD(file) = -1;
    const char *path = set->folder[0] == '/'
                           ? set->folder
                           : pgb_arena_printf(arena, "%s/%s", set->root, set->folder);
    char *text = pgb_arena_alloc(arena, (size_t)range->len + 1);
    size_t have = 0;
    pgb_status status;

    if (path == NULL || text == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_dir_open(path, &dir, err);
    if (status == PGB_OK) {
        status = pgb_file_open_at(dir, name, display, &file, err);
    }
    while (status == PGB_OK && have < range->len) {
        ssize_t got =
            pread(file, text + have, (size_t)range->len - have, (off_t)(range->off + have));

        if (got > 0) {
            have += (size_t)got;
        } else if (got < 0 && errno != EINTR) {
            status = pgb_error_set_errno(err, PGB_IO, errno, "cannot read %s", display);
        } else if (got == 0) {
            status =
                pgb_error_set(err, PGB_CHANGED, "%s became shorter while it was read", display);
        }
    }
    if (status != PGB_OK) {
        return status;
    }
    ret->text = text;
    return pgb_section_hash(text, have, ret->raw, ret->norm, err);
}

/* A long section is hashed as it streams by. */
static pgb_status hash_section(const pgb_revset *set, const pgb_revision *rev, part *ret,
                               pgb_error *err)
{
    pgb_script *script = NULL;
    pgb_status status = pgb_script_open(set, rev, PGB_SECTION_DOWN, 0, &script, err);

    if (status == PGB_OK) {
        const pgb_script_info *info = pgb_script_get_info(script);

        ret->text = NULL;
        memcpy(ret->raw, info->hash_raw, sizeof ret->raw);
        memcpy(ret->norm, info->hash_norm, sizeof ret->norm);
        pgb_script_close(script);
    }
    return status;
}

/* Texts with NUL can't be stored (nor run). */
static const char *storable(const char *text, size_t len)
{
    return text != NULL && memchr(text, '\0', len) == NULL ? text : NULL;
}

static pgb_status fill_refs(const task_list *tasks, const pgb_revision *rev, pgb_arena *arena,
                            pgb_record *record, pgb_error *err)
{
    const pgb_revset *set = tasks->world->set;
    uint32_t n_depends = rev->n_depends + rev->n_backfills;
    const char **parents = pgb_arena_array(arena, rev->n_parents + 1, sizeof *parents);
    const char **depends = pgb_arena_array(arena, n_depends + 1, sizeof *depends);
    const char **labels = pgb_arena_array(arena, rev->n_labels + 1, sizeof *labels);

    if (parents == NULL || depends == NULL || labels == NULL) {
        return pgb_error_nomem(err);
    }
#define ID(ref) ((ref).node != PGB_NODE_NONE ? set->revs[(ref).node].id : (ref).text)
    for (uint32_t i = 0; i < rev->n_parents; i++) {
        parents[i] = ID(rev->parents[i]);
    }
    for (uint32_t i = 0; i < rev->n_depends; i++) {
        depends[i] = ID(rev->depends[i]);
    }
#undef ID
    for (uint32_t i = 0; i < rev->n_backfills; i++) {
        depends[rev->n_depends + i] =
            pgb_arena_printf(arena, "backfill:%s", rev->backfills[i].text);
        if (depends[rev->n_depends + i] == NULL) {
            return pgb_error_nomem(err);
        }
    }
    for (uint32_t i = 0; i < rev->n_labels; i++) {
        labels[i] = rev->labels[i].text;
    }
    record->parents = parents;
    record->n_parents = rev->n_parents;
    record->depends = depends;
    record->n_depends = n_depends;
    record->labels = labels;
    record->n_labels = rev->n_labels;
    return PGB_OK;
}

pgb_status record_fill(pgb_runner *r, task_list *tasks, task *t, const char *began, bool begins,
                       pgb_arena *arena, pgb_record *ret_record, pgb_error *err)
{
    const pgb_revset *set = tasks->world->set;
    const pgb_revision *rev = t->node->rev;
    const pgb_script_info *info;
    part *header = pgb_arena_alloc(arena, sizeof *header);
    part *down = pgb_arena_alloc(arena, sizeof *down);
    pgb_record record = {
        .id = rev->id,
        .title = rev->title,
        .file = rev->file,
        .has_down = rev->down_kind == PGB_DOWN_SQL,
        .irreversible = rev->down_kind == PGB_DOWN_IRREVERSIBLE ? rev->irreversible_reason : NULL,
        .run = r->run,
        .from = r->from,
        .stamped = t->step->action == PGB_STAMP,
        .transaction_none = rev->transaction_none,
        .begins = begins,
        .began = began};
    pgb_status status;

    if (header == NULL || down == NULL) {
        return pgb_error_nomem(err);
    }
    status = task_open(tasks, t, err);
    if (status == PGB_OK) {
        status = fill_refs(tasks, rev, arena, &record, err);
    }
    if (status == PGB_OK && rev->header.len > 0 && rev->header.len <= PGB_STORED_TEXT_MAX) {
        status = read_range(set, rev->name, rev->file, &rev->header, arena, header, err);
    }
    if (status == PGB_OK && record.has_down) {
        const char *name = rev->down_name != NULL ? rev->down_name : rev->name;

        status = rev->down.len <= PGB_STORED_TEXT_MAX
                     ? read_range(set, name, rev->file, &rev->down, arena, down, err)
                     : hash_section(set, rev, down, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    info = pgb_script_get_info(t->script);
    record.header = storable(header->text, (size_t)rev->header.len);
    record.up = storable(info->text, (size_t)info->text_len);
    record.down = record.has_down ? storable(down->text, (size_t)rev->down.len) : NULL;
    record.header_raw = header->raw;
    record.header_norm = header->norm;
    record.up_raw = info->hash_raw;
    record.up_norm = info->hash_norm;
    record.down_raw = down->raw;
    record.down_norm = down->norm;
    *ret_record = record;
    return PGB_OK;
}

pgb_status record_statement(pgb_runner *r, task_list *tasks, task *t, const char *began,
                            bool begins, pgb_arena *arena, pgb_statement **ret_statement,
                            pgb_error *err)
{
    if (t->up) {
        pgb_record record;
        pgb_status status = record_fill(r, tasks, t, began, begins, arena, &record, err);

        if (status != PGB_OK) {
            return status;
        }
        *ret_statement = pgb_history_record(r->history, arena, &record);
    } else {
        *ret_statement = pgb_history_forget(r->history, arena, t->node->id, task_event(t), r->run,
                                            r->from, began);
    }
    return *ret_statement != NULL ? PGB_OK : pgb_error_nomem(err);
}
