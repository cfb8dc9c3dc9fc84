#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "rev/internal.h"
#include "rev/script_internal.h"
#include "rev/write.h"

/* One file that changes: its bytes before and after, its name before and after. */
typedef struct change {
    const char *old_name, *new_name;
    pgb_buf before, after;
    mode_t mode;
    bool written; /* the new name holds the new bytes */
} change;

typedef struct renaming {
    const pgb_revset *set;
    const pgb_revision *rev;
    const char *new_id;
    PGB_VEC(change) changes; /* the file itself first, then its way down, then children */
    uint32_t n_own;          /* how many of them are renamed */
} renaming;

static void done(renaming *r)
{
    for (size_t i = 0; i < r->changes.n; i++) {
        pgb_buf_done(&r->changes.at[i].before);
        pgb_buf_done(&r->changes.at[i].after);
    }
    pgb_vec_done(&r->changes);
}

/* --- the new text --------------------------------------------------------------------------------
 */

static bool is_separator(char c)
{
    return c == ' ' || c == '\t' || c == ',';
}

/* Copies a directive's line, with the name `old` replaced where it stands as a whole. */
static bool replace_in_line(const char *line, size_t len, const char *old, const char *new_id,
                            pgb_buf *out)
{
    size_t old_len = strlen(old), at = 0;
    bool any = false;

    while (at < len) {
        size_t end = at;

        while (end < len && !is_separator(line[end])) {
            end++;
        }
        if (end - at == old_len && memcmp(line + at, old, old_len) == 0) {
            pgb_buf_puts(out, new_id);
            any = true;
        } else {
            pgb_buf_append(out, line + at, end - at);
        }
        if (end < len) {
            pgb_buf_putc(out, line[end++]);
        }
        at = end;
    }
    return any;
}

/* Replaces an id in the directives of one name; every other byte stays. */
static bool replace_id(const pgb_buf *before, const char *directive, const char *old,
                       const char *new_id, pgb_buf *after)
{
    static const pgb_scan_pos start = {.off = 0, .line = 1, .column = 1};
    size_t done_to = 0, name_len = strlen(directive);
    bool any = false;
    pgb_scan scan;
    pgb_scan_event ev;

    pgb_scan_init(&scan, &start);
    for (;;) {
        pgb_scan_kind kind = pgb_scan_next(&scan, &ev);
        const char *line;
        size_t at = 2;

        if (kind == PGB_SCAN_MORE) {
            pgb_scan_give(&scan, pgb_buf_str(before), before->len, true);
            continue;
        }
        if (kind == PGB_SCAN_END || kind == PGB_SCAN_ERROR) {
            break;
        }
        if (kind != PGB_SCAN_DIRECTIVE) {
            continue;
        }
        line = before->p + ev.at.off;
        while (at < ev.len && (line[at] == ' ' || line[at] == '\t')) {
            at++;
        }
        at += strlen("pgbraid:");
        if (at + name_len >= ev.len || memcmp(line + at, directive, name_len) != 0 ||
            !is_separator(line[at + name_len])) {
            continue;
        }
        at += name_len;
        pgb_buf_append(after, before->p + done_to, (size_t)ev.at.off + at - done_to);
        any = replace_in_line(line + at, (size_t)ev.len - at, old, new_id, after) || any;
        done_to = (size_t)(ev.at.off + ev.len);
    }
    if (before->len > done_to) {
        pgb_buf_append(after, before->p + done_to, before->len - done_to);
    }
    return any;
}

/* --- what changes --------------------------------------------------------------------------------
 */

static pgb_status read_change(renaming *r, const char *old_name, const char *new_name,
                              const char *display, change **ret_change, pgb_error *err)
{
    change c = {.old_name = old_name, .new_name = new_name};
    struct stat st;
    PGB_AUTO_FD(fd) = -1;
    pgb_status status = pgb_file_open_at(r->set->shared->dir, old_name, display, &fd, err);

    if (status == PGB_OK) {
        status = pgb_file_read_fd(fd, display, SIZE_MAX / 4, &c.before, err);
    }
    if (status == PGB_OK && fstat(fd, &st) != 0) {
        status = pgb_error_set_errno(err, PGB_IO, errno, "cannot read %s", display);
    }
    if (status != PGB_OK) {
        pgb_buf_done(&c.before);
        return status;
    }
    c.mode = st.st_mode & 0777;
    if (!pgb_vec_push(&r->changes, c)) {
        pgb_buf_done(&c.before);
        return pgb_error_nomem(err);
    }
    *ret_change = &r->changes.at[r->changes.n - 1];
    return PGB_OK;
}

static pgb_status changed_meanwhile(const char *display, pgb_error *err)
{
    pgb_error_set(err, PGB_CHANGED, "%s is no longer as it was a moment ago", display);
    pgb_error_hint(err, "Run the command again.");
    return PGB_CHANGED;
}

static const char *renamed(const renaming *r, const char *name, pgb_arena *arena)
{
    const char *id = r->rev->id;
    size_t len = strlen(id);
    const char *rest = strchr(name, '_');

    if (strncmp(name, id, len) == 0 && (name[len] == '_' || name[len] == '.')) {
        return pgb_arena_printf(arena, "%s%s", r->new_id, name + len);
    }
    return rest != NULL ? pgb_arena_printf(arena, "%s%s", r->new_id, rest)
                        : pgb_arena_printf(arena, "%s_%s", r->new_id, name);
}

static pgb_status plan_own(renaming *r, pgb_arena *arena, pgb_error *err)
{
    const char *names[2] = {r->rev->name, r->rev->down_name};

    for (int i = 0; i < 2 && names[i] != NULL; i++) {
        change *c = NULL;
        const char *name = renamed(r, names[i], arena);
        pgb_status status = name != NULL ? PGB_OK : pgb_error_nomem(err);

        if (status == PGB_OK) {
            status = read_change(r, names[i], name, r->rev->file, &c, err);
        }
        if (status != PGB_OK) {
            return status;
        }
        if (r->set->layout == PGB_LAYOUT_NUMBERED) {
            pgb_buf_append(&c->after, c->before.p, c->before.len);
        } else if (!replace_id(&c->before, "revision", r->rev->id, r->new_id, &c->after)) {
            return changed_meanwhile(r->rev->file, err);
        }
        if (c->after.failed) {
            return pgb_error_nomem(err);
        }
        r->n_own++;
    }
    return PGB_OK;
}

static pgb_status plan_child(renaming *r, const char *id, pgb_rename *rename, pgb_error *err)
{
    struct pgb_rename_ref *ref = NULL;
    change *c = NULL;
    pgb_status status;

    for (uint32_t i = 0; i < rename->n_refs; i++) {
        if (rename->refs[i].parent && strcmp(rename->refs[i].rev->id, id) == 0) {
            ref = &rename->refs[i];
        }
    }
    if (ref == NULL) {
        pgb_error_set(err, PGB_IDENTIFIER, "%s is no child of %s", id, r->rev->id);
        pgb_error_hint(err, "Name the ids of revisions whose parent line names %s.", r->rev->id);
        return PGB_IDENTIFIER;
    }
    if (ref->changed) {
        return PGB_OK; /* named twice */
    }
    ref->changed = true;
    status = read_change(r, ref->rev->name, ref->rev->name, ref->rev->file, &c, err);
    if (status != PGB_OK) {
        return status;
    }
    if (!replace_id(&c->before, "parent", r->rev->id, r->new_id, &c->after)) {
        return changed_meanwhile(ref->rev->file, err);
    }
    return c->after.failed ? pgb_error_nomem(err) : PGB_OK;
}

static pgb_status list_refs(const renaming *r, pgb_arena *arena, pgb_rename *rename, pgb_error *err)
{
    PGB_VEC(struct pgb_rename_ref) refs = {0};

    for (uint32_t i = 0; i < r->set->n; i++) {
        const pgb_revision *rev = &r->set->revs[i];

        if (rev != r->rev && strcmp(rev->id, r->rev->id) == 0) {
            rename->still_claimed = true;
        }
        for (uint32_t k = 0; k < rev->n_parents + rev->n_depends; k++) {
            bool parent = k < rev->n_parents;
            const pgb_ref *ref = parent ? &rev->parents[k] : &rev->depends[k - rev->n_parents];
            struct pgb_rename_ref found = {.rev = rev, .line = ref->line, .parent = parent};

            if ((parent && rev->implied_parent) || strcmp(ref->text, r->rev->id) != 0) {
                continue;
            }
            if (!pgb_vec_push(&refs, found)) {
                pgb_vec_done(&refs);
                return pgb_error_nomem(err);
            }
        }
    }
    if (refs.n > 0) {
        rename->refs = pgb_arena_array(arena, refs.n, sizeof *rename->refs);
        if (rename->refs == NULL) {
            pgb_vec_done(&refs);
            return pgb_error_nomem(err);
        }
        memcpy(rename->refs, refs.at, refs.n * sizeof *rename->refs);
        rename->n_refs = (uint32_t)refs.n;
    }
    pgb_vec_done(&refs);
    return PGB_OK;
}

/* --- doing it
 * ------------------------------------------------------------------------------------- */

static pgb_status write_bytes(const renaming *r, const char *name, const pgb_buf *bytes,
                              mode_t mode, bool exclusive, pgb_error *err)
{
    const pgb_revset *set = r->set;
    bool absolute = set->folder[0] == '/';
    char path[4096];
    pgb_status status;

    if ((size_t)snprintf(path, sizeof path, "%s%s%s/%s", absolute ? "" : set->root,
                         absolute ? "" : "/", set->folder, name) >= sizeof path) {
        return pgb_error_set(err, PGB_IO, "the path of %s is too long", name);
    }
    status = pgb_file_write(path, pgb_buf_str(bytes), bytes->len, exclusive, err);
    if (status == PGB_OK && fchmodat(set->shared->dir, name, mode, 0) != 0) {
        return PGB_OK; /* the bytes are what counts; some file systems have no modes */
    }
    return status;
}

/* Back to how it was. What fails here is not reported over the first failure. */
static void undo(renaming *r)
{
    for (size_t i = r->changes.n; i-- > 0;) {
        change *c = &r->changes.at[i];

        if (!c->written) {
            continue;
        }
        if (strcmp(c->old_name, c->new_name) == 0) {
            write_bytes(r, c->old_name, &c->before, c->mode, false, NULL);
        } else if (faccessat(r->set->shared->dir, c->old_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
                   write_bytes(r, c->old_name, &c->before, c->mode, true, NULL) == PGB_OK) {
            unlinkat(r->set->shared->dir, c->new_name, 0);
        }
    }
}

static pgb_status apply(renaming *r, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (size_t i = 0; i < r->changes.n && status == PGB_OK; i++) {
        change *c = &r->changes.at[i];

        status = write_bytes(r, c->new_name, &c->after, c->mode,
                             strcmp(c->old_name, c->new_name) != 0, err);
        c->written = status == PGB_OK;
    }
    for (uint32_t i = 0; i < r->n_own && status == PGB_OK; i++) {
        change *c = &r->changes.at[i];

        if (strcmp(c->old_name, c->new_name) != 0 &&
            unlinkat(r->set->shared->dir, c->old_name, 0) != 0) {
            status = pgb_error_set_errno(err, PGB_IO, errno, "cannot remove %s/%s", r->set->folder,
                                         c->old_name);
        }
    }
    if (status == PGB_OK) {
        fsync(r->set->shared->dir);
    } else {
        undo(r);
    }
    return status;
}

static const pgb_revision *find_file(const pgb_revset *set, const char *file)
{
    const char *base = strrchr(file, '/');

    for (uint32_t i = 0; i < set->n; i++) {
        if (strcmp(set->revs[i].file, file) == 0) {
            return &set->revs[i];
        }
    }
    /* ./migrations/x.sql, an absolute path, or the bare name: the name decides, there is one folder
     */
    base = base != NULL ? base + 1 : file;
    for (uint32_t i = 0; i < set->n; i++) {
        if (strcmp(set->revs[i].name, base) == 0) {
            return &set->revs[i];
        }
    }
    return NULL;
}

pgb_status pgb_rev_rename(const pgb_revset *set, const char *file, const char *new_id,
                          const char *const *children, uint32_t n_children, pgb_arena *arena,
                          pgb_rename *ret_rename, pgb_error *err)
{
    renaming r = {.set = set, .rev = find_file(set, file), .new_id = new_id};
    pgb_rename rename = {0};
    pgb_status status;

    if (r.rev == NULL) {
        pgb_error_set(err, PGB_USAGE, "%s is no revision file of this project", file);
        pgb_error_hint(err, "Name a file in %s.", set->folder);
        return PGB_USAGE;
    }
    if (new_id == NULL) {
        status = set->layout == PGB_LAYOUT_NUMBERED
                     ? pgb_rev_next_number(set, arena, &r.new_id, err)
                     : PGB_OK;
        if (status == PGB_OK && set->layout != PGB_LAYOUT_NUMBERED) {
            r.new_id = rev_free_id(arena, set, r.rev->id, 0);
        }
        if (status != PGB_OK || r.new_id == NULL) {
            return pgb_error_nomem(err);
        }
    }
    status = pgb_rev_check_id(set, r.new_id, err);
    if (status == PGB_OK) {
        status = list_refs(&r, arena, &rename, err);
    }
    if (status == PGB_OK) {
        status = plan_own(&r, arena, err);
    }
    for (uint32_t i = 0; i < n_children && status == PGB_OK; i++) {
        status = plan_child(&r, children[i], &rename, err);
    }
    if (status == PGB_OK && r.changes.n > 0) { /* its own files at least */
        rename.old_id = r.rev->id;
        rename.new_id = r.new_id;
        rename.old_file = r.rev->file;
        rename.new_file = pgb_arena_printf(arena, "%s/%s", set->folder, r.changes.at[0].new_name);
        if (r.n_own > 1) {
            rename.old_down =
                pgb_arena_printf(arena, "%s/%s", set->folder, r.changes.at[1].old_name);
            rename.new_down =
                pgb_arena_printf(arena, "%s/%s", set->folder, r.changes.at[1].new_name);
        }
        status = rename.new_file != NULL &&
                         (r.n_own == 1 || (rename.old_down != NULL && rename.new_down != NULL))
                     ? apply(&r, err)
                     : pgb_error_nomem(err);
    }
    done(&r);
    if (status == PGB_OK) {
        *ret_rename = rename;
    }
    return status;
}
