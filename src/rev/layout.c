#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rev/internal.h"

bool rev_number_of(const char *name, rev_number *ret)
{
    size_t len = strlen(name), digits = 0;

    *ret = (rev_number){0};
    while (name[digits] >= '0' && name[digits] <= '9') {
        digits++;
    }
    if (digits == 0 || len < digits + 4 || strcmp(name + len - 4, ".sql") != 0) {
        return false;
    }
    len -= 4;
    ret->down = len >= digits + 5 && memcmp(name + len - 5, ".down", 5) == 0;
    len -= ret->down ? 5 : 0;
    if (len > digits && name[digits] != '_') {
        return false;
    }
    ret->digits = digits;
    ret->value = name;
    ret->value_len = digits;
    while (ret->value_len > 1 && *ret->value == '0') {
        ret->value++;
        ret->value_len--;
    }
    ret->slug = len > digits ? name + digits + 1 : "";
    ret->slug_len = len > digits ? len - digits - 1 : 0;
    return true;
}

int rev_number_cmp(const rev_number *a, const rev_number *b)
{
    if (a->value_len != b->value_len) {
        return a->value_len < b->value_len ? -1 : 1;
    }
    return memcmp(a->value, b->value, a->value_len);
}

static rev_place place_of(const rev_file *f, uint32_t line, uint32_t column)
{
    return (rev_place){
        .file = f->rev.file, .name = f->rev.name, .line = line, .column = column, .id = f->rev.id};
}

static bool title_from(rev_loader *l, rev_file *f, const char *slug, size_t len)
{
    char *title;

    if (f->has_title) {
        return true;
    }
    if (len == 0) {
        slug = f->rev.id;
        len = strlen(slug);
    }
    title = pgb_arena_strndup(l->arena, slug, len);
    if (title == NULL) {
        return false;
    }
    for (char *c = title; *c != '\0'; c++) {
        if (*c == '_') {
            *c = ' ';
        }
    }
    f->rev.title = title;
    return true;
}

/* --- native ----------------------------------------------------------------------------------- */

static pgb_status missing_id(rev_loader *l, const rev_file *f)
{
    rev_place at = place_of(f, 1, 1);
    size_t len = strcspn(f->rev.name, "_.");
    char fix[512];

    l->incomplete = true;
    if (f->has_revision || f->broken) {
        return PGB_OK; /* said already */
    }
    if (rev_is_id(f->rev.name, len)) {
        snprintf(fix, sizeof fix,
                 "Write -- pgbraid:revision %.*s on a line of its own at its head.",
                 (int)(len < 200 ? len : 200), f->rev.name);
    } else {
        snprintf(fix, sizeof fix,
                 "Write -- pgbraid:revision ID on a line of its own at its head; pgbraid new makes "
                 "such files.");
    }
    return rev_problem(l, &at, "missing-id", PGB_ERROR, NULL, fix, "the file has no revision id");
}

static pgb_status check_sections(rev_loader *l, const rev_file *f)
{
    rev_place at = place_of(f, f->first_stmt.line, f->first_stmt.column);

    if (!f->has_up) {
        if (f->broken) {
            return PGB_OK;
        }
        if (at.line == 0) {
            at.line = f->rev.id_line;
            at.column = f->rev.id_column;
        }
        return rev_problem(l, &at, "missing-up", PGB_ERROR, NULL,
                           "Write -- pgbraid:up on a line of its own before the statements (for a "
                           "merge, nothing needs to follow it).",
                           "the file has no up section");
    }
    if (f->first_stmt.line > 0) {
        return rev_problem(l, &at, "sql-outside-section", PGB_ERROR, NULL,
                           "Move it behind the line -- pgbraid:up.",
                           "a statement stands before the first section, where nothing runs it");
    }
    return PGB_OK;
}

static pgb_status check_name(rev_loader *l, const rev_file *f)
{
    const char *name = f->rev.name, *rest = strchr(name, '_');
    size_t len = strlen(f->rev.id);
    rev_place at = place_of(f, f->rev.id_line, f->rev.id_column);
    char fix[1200];

    if (strncmp(name, f->rev.id, len) == 0 && (name[len] == '_' || name[len] == '.')) {
        return PGB_OK;
    }
    if (rest == NULL) {
        rest = strrchr(name, '.');
    }
    snprintf(fix, sizeof fix, "mv %s %s/%s%s", f->rev.file, l->folder, f->rev.id, rest);
    return rev_problem(l, &at, "name-mismatch", PGB_WARNING,
                       "What counts is the header; the name misleads whoever looks for the file.",
                       fix, "the file's name does not begin with its id %s", f->rev.id);
}

pgb_status rev_layout_native(rev_loader *l, rev_file *files, uint32_t *n)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < *n; i++) {
        rev_file *f = &files[i];
        const char *slug = strchr(f->rev.name, '_');
        pgb_status status;

        slug = slug != NULL ? slug + 1 : f->rev.name;
        if (f->rev.id == NULL) {
            status = missing_id(l, f);
            if (status != PGB_OK) {
                return status;
            }
            continue;
        }
        status = check_sections(l, f);
        if (status == PGB_OK) {
            status = check_name(l, f);
        }
        if (status == PGB_OK && !title_from(l, f, slug, strlen(slug) - 4)) {
            status = pgb_error_nomem(l->err);
        }
        if (status != PGB_OK) {
            return status;
        }
        if (kept != i) {
            files[kept] = *f;
        }
        kept++;
    }
    *n = kept;
    return PGB_OK;
}

/* --- numbered --------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    const rev_file *x = a, *y = b;
    rev_number p, q;
    int cmp;

    rev_number_of(x->rev.name, &p);
    rev_number_of(y->rev.name, &q);
    if (p.down != q.down) {
        return p.down ? 1 : -1; /* the ways down behind all others */
    }
    cmp = rev_number_cmp(&p, &q);
    return cmp != 0 ? cmp : strcmp(x->rev.name, y->rev.name);
}

static pgb_status check_numbered(rev_loader *l, rev_file *f)
{
    rev_place at;
    pgb_revision *rev = &f->rev;

    if (f->has_revision || rev->n_parents > 0) {
        const pgb_scan_pos *where = f->has_revision ? &f->revision_at : &f->parent_at;

        at = place_of(f, where->line, where->column);
        rev->parents = NULL;
        rev->n_parents = 0;
        return rev_problem(l, &at, "misplaced-directive", PGB_ERROR,
                           "In the numbered layout the id is the number, and the parent is the "
                           "number before.",
                           "Remove the line, or set layout = native in pgbraid.ini.",
                           "a numbered file has a %s directive",
                           f->has_revision ? "revision" : "parent");
    }
    if (!f->has_up) {
        rev->up = rev->header;
        rev->header = (pgb_range){.line = 1};
        return PGB_OK;
    }
    return check_sections(l, f);
}

/* Finds the file to which a way down belongs, by name: NNN_x.down.sql to NNN_x.sql. */
static rev_file *up_file(rev_file *files, uint32_t n, const rev_number *down, const char *name)
{
    size_t stem = (size_t)(down->slug_len > 0 ? down->slug - name : 0) + down->slug_len;
    uint32_t lo = 0, hi = n;

    if (stem == 0) {
        stem = down->digits;
    }
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        rev_number number;

        rev_number_of(files[mid].rev.name, &number);
        if (rev_number_cmp(&number, down) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    for (; lo < n; lo++) {
        const char *other = files[lo].rev.name;
        rev_number number;

        rev_number_of(other, &number);
        if (rev_number_cmp(&number, down) != 0) {
            break;
        }
        if (strncmp(other, name, stem) == 0 && strcmp(other + stem, ".sql") == 0) {
            return &files[lo];
        }
    }
    return NULL;
}

static pgb_status pair_down(rev_loader *l, rev_file *files, uint32_t n, const rev_file *down)
{
    rev_number number;
    rev_file *up;
    rev_place at = place_of(down, 1, 1);

    rev_number_of(down->rev.name, &number);
    up = up_file(files, n, &number, down->rev.name);
    if (up == NULL) {
        char fix[600];

        snprintf(fix, sizeof fix,
                 "Give it the name of the file whose way back it is, or remove it.");
        return rev_problem(l, &at, "orphan-down", PGB_ERROR, NULL, fix,
                           "there is no %s/%.*s.sql to which this way down belongs", l->folder,
                           (int)(strlen(down->rev.name) - 9), down->rev.name);
    }
    if (up->has_down) {
        at.id = up->rev.id;
        return rev_problem(l, &at, "second-section", PGB_ERROR, NULL, "Keep one of the two.",
                           "%s has a down section too", up->rev.file);
    }
    up->rev.down_name = down->rev.name;
    up->rev.down_kind = PGB_DOWN_SQL;
    up->rev.down = (pgb_range){.len = down->size, .line = 1};
    if (down->rev.n_allows > 0) {
        pgb_allow *all =
            pgb_arena_array(l->arena, (size_t)up->rev.n_allows + down->rev.n_allows, sizeof *all);

        if (all == NULL) {
            return pgb_error_nomem(l->err);
        }
        if (up->rev.n_allows > 0) {
            memcpy(all, up->rev.allows, up->rev.n_allows * sizeof *all);
        }
        memcpy(all + up->rev.n_allows, down->rev.allows, down->rev.n_allows * sizeof *all);
        up->rev.allows = all;
        up->rev.n_allows += down->rev.n_allows;
    }
    return PGB_OK;
}

static pgb_status number_clash(rev_loader *l, const rev_file *files, uint32_t n, uint32_t second)
{
    const rev_file *a = &files[second - 1], *b = &files[second];
    rev_place at = place_of(b, 1, 0);
    rev_number last;
    char next[64], fix[1200];

    rev_number_of(files[n - 1].rev.name, &last);
    if (last.value_len < 18) {
        snprintf(next, sizeof next, "%0*llu", (int)last.digits,
                 strtoull(last.value, NULL, 10) + 1 + l->n_proposed++);
    } else {
        snprintf(next, sizeof next, "NUMBER");
    }
    snprintf(fix, sizeof fix, "pgbraid rename %s %s", b->rev.file, next);
    return rev_problem(l, &at, "duplicate-id", PGB_ERROR, NULL, fix,
                       "two files have the same number: %s and %s", a->rev.file, b->rev.file);
}

pgb_status rev_layout_numbered(rev_loader *l, rev_file *files, uint32_t *n)
{
    uint32_t kept = 0, ups;
    bool sorted = true;
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < *n && status == PGB_OK; i++) {
        rev_number number;
        rev_place at = place_of(&files[i], 0, 0);

        if (!rev_number_of(files[i].rev.name, &number)) {
            l->incomplete = true;
            status = rev_problem(l, &at, "bad-name", PGB_ERROR,
                                 "The other files are numbered, and so the folder is.",
                                 "Name it NNN_description.sql.",
                                 "the file's name does not begin with a number");
            continue;
        }
        if (kept != i) {
            files[kept] = files[i];
        }
        sorted = sorted && (kept == 0 || by_number(&files[kept - 1], &files[kept]) < 0);
        kept++;
    }
    if (!sorted) {
        qsort(files, kept, sizeof *files, by_number);
    }
    for (ups = 0; ups < kept && status == PGB_OK; ups++) {
        rev_file *f = &files[ups];
        rev_number number, before;

        rev_number_of(f->rev.name, &number);
        if (number.down) {
            break;
        }
        f->rev.id = pgb_arena_strndup(l->arena, f->rev.name, number.digits);
        if (f->rev.id == NULL || !title_from(l, f, number.slug, number.slug_len)) {
            return pgb_error_nomem(l->err);
        }
        f->rev.id_line = f->rev.id_column = 0;
        status = check_numbered(l, f);
        if (ups > 0 && status == PGB_OK) {
            pgb_ref *parent = pgb_arena_alloc(l->arena, sizeof *parent);

            if (parent == NULL) {
                return pgb_error_nomem(l->err);
            }
            *parent = (pgb_ref){.text = files[ups - 1].rev.id, .node = ups - 1};
            f->rev.parents = parent;
            f->rev.n_parents = 1;
            f->rev.implied_parent = true;
            rev_number_of(files[ups - 1].rev.name, &before);
            if (rev_number_cmp(&before, &number) == 0) {
                l->incomplete = true;
            }
        }
    }
    *n = ups;
    for (uint32_t i = 1; i < ups && status == PGB_OK; i++) {
        rev_number a, b;

        rev_number_of(files[i - 1].rev.name, &a);
        rev_number_of(files[i].rev.name, &b);
        if (rev_number_cmp(&a, &b) == 0) {
            status = number_clash(l, files, ups, i);
        }
    }
    for (uint32_t i = ups; i < kept && status == PGB_OK; i++) {
        status = pair_down(l, files, ups, &files[i]);
    }
    return status;
}
