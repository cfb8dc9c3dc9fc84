#include "rev/write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "rev/internal.h"

void pgb_slug(const char *message, char slug[PGB_SLUG_MAX + 1])
{
    size_t n = 0, word = 0;
    bool gap = false;

    for (const char *c = message; *c != '\0'; c++) {
        char l = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);

        if (!((l >= 'a' && l <= 'z') || (l >= '0' && l <= '9'))) {
            gap = gap || *c != '\''; /* don't -> dont */
            continue;
        }
        if (gap && n > 0) {
            if (n + 1 >= PGB_SLUG_MAX) {
                break;
            }
            word = n;
            slug[n++] = '_';
        }
        gap = false;
        if (n == PGB_SLUG_MAX) {
            n = word > 0 ? word : n; /* the last word does not fit */
            break;
        }
        slug[n++] = l;
    }
    slug[n] = '\0';
    if (n == 0) {
        memcpy(slug, "revision", sizeof "revision");
    }
}

static bool taken(const pgb_revset *set, const char *id)
{
    size_t len = strlen(id);

    return pgb_map_get(&set->by_id, id, len, NULL) || pgb_map_get(&set->by_label, id, len, NULL);
}

pgb_status pgb_rev_new_id(const pgb_revset *set, pgb_arena *arena, const char **ret_id,
                          pgb_error *err)
{
    char *id;

    do {
        id = pgb_arena_printf(arena, "%012llx",
                              (unsigned long long)(pgb_random_u64() & 0xFFFFFFFFFFFFu));
        if (id == NULL) {
            return pgb_error_nomem(err);
        }
    } while (set != NULL && taken(set, id));
    *ret_id = id;
    return PGB_OK;
}

pgb_status pgb_rev_next_number(const pgb_revset *set, pgb_arena *arena, const char **ret_number,
                               pgb_error *err)
{
    const char *last = set->n > 0 ? set->revs[set->n - 1].id : "000";
    size_t len = strlen(last), i = len;
    char *next = pgb_arena_alloc(arena, len + 2);

    if (next == NULL) {
        return pgb_error_nomem(err);
    }
    next[0] = '0';
    memcpy(next + 1, last, len + 1);
    while (next[i] == '9') {
        next[i--] = '0';
    }
    next[i]++;
    *ret_number = next[0] == '0' ? next + 1 : next;
    return PGB_OK;
}

static bool is_number(const char *s)
{
    return s[0] != '\0' && strspn(s, "0123456789") == strlen(s);
}

pgb_status pgb_rev_check_id(const pgb_revset *set, const char *id, pgb_error *err)
{
    uint32_t node = PGB_NODE_NONE;

    if (set->layout == PGB_LAYOUT_NUMBERED && !is_number(id)) {
        pgb_error_set(err, PGB_USAGE, "%s can't be a revision's number", id);
        pgb_error_hint(err, "In the numbered layout an id is digits only.");
        return PGB_USAGE;
    }
    if (!rev_is_id(id, strlen(id)) || strlen(id) > 200) {
        pgb_error_set(err, PGB_USAGE, "%s can't be a revision's id", id);
        pgb_error_hint(err, "Use letters, digits and _ only, at most 200.");
        return PGB_USAGE;
    }
    if (rev_is_reserved(id, strlen(id))) {
        pgb_error_set(err, PGB_USAGE, "%s means something else wherever a revision is named", id);
        pgb_error_hint(err, "Choose another id.");
        return PGB_USAGE;
    }
    for (uint32_t i = 0; i < set->n && set->layout == PGB_LAYOUT_NUMBERED; i++) {
        if (strcmp(set->revs[i].id + strspn(set->revs[i].id, "0"), id + strspn(id, "0")) == 0) {
            node = i; /* 3 and 003 are the same */
        }
    }
    if (node != PGB_NODE_NONE || pgb_map_get(&set->by_id, id, strlen(id), &node)) {
        pgb_error_set(err, PGB_USAGE, "revision %s exists already: %s", id, set->revs[node].file);
        pgb_error_hint(err, "Choose another id.");
        return PGB_USAGE;
    }
    if (pgb_map_get(&set->by_label, id, strlen(id), &node)) {
        pgb_error_set(err, PGB_USAGE, "%s is a label already: %s", id, set->revs[node].file);
        pgb_error_hint(err, "Choose another id.");
        return PGB_USAGE;
    }
    return PGB_OK;
}

/* A title must stay one comment line, and must not become a directive. */
static void put_title(pgb_buf *out, const char *title)
{
    size_t len = strlen(title);

    while (len > 0 && (title[len - 1] == ' ' || title[len - 1] == '\n')) {
        len--;
    }
    while (len > 0 && (*title == ' ' || *title == '\n' || *title == '-')) {
        title++;
        len--;
    }
    if (len == 0) {
        return;
    }
    pgb_buf_puts(out, strncmp(title, "pgbraid:", 8) == 0 ? "-- About " : "-- ");
    while (len > 0) {
        size_t valid = pgb_utf8_valid(title, len);

        for (size_t i = 0; i < valid; i++) {
            unsigned char c = (unsigned char)title[i];

            pgb_buf_putc(out, (char)(c < 0x20 || c == 0x7F ? ' ' : c));
        }
        title += valid;
        len -= valid;
        if (len > 0) {
            pgb_buf_putc(out, '?');
            title++;
            len--;
        }
    }
    pgb_buf_putc(out, '\n');
}

static void put_names(pgb_buf *out, const char *directive, const char *const *names, uint32_t n)
{
    if (n > 0) {
        pgb_buf_printf(out, "-- pgbraid:%s", directive);
    }
    for (uint32_t i = 0; i < n; i++) {
        pgb_buf_printf(out, "%s %s", i > 0 ? "," : "", names[i]);
    }
    if (n > 0) {
        pgb_buf_putc(out, '\n');
    }
}

static void put_body(pgb_buf *out, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        pgb_buf_puts(out, text);
        if (text[strlen(text) - 1] != '\n') {
            pgb_buf_putc(out, '\n');
        }
    }
}

void pgb_rev_compose(pgb_layout layout, const pgb_new_revision *what, pgb_buf *out)
{
    put_title(out, what->title != NULL ? what->title : "");
    if (layout == PGB_LAYOUT_NATIVE) {
        pgb_buf_printf(out, "-- pgbraid:revision %s\n", what->id);
        put_names(out, "parent", what->parents, what->n_parents);
    }
    put_names(out, "depends", what->depends, what->n_depends);
    put_names(out, "label", what->labels, what->n_labels);
    if (layout == PGB_LAYOUT_NATIVE) {
        pgb_buf_puts(out, "\n-- pgbraid:up\n");
        put_body(out, what->up);
        pgb_buf_puts(out, "\n-- pgbraid:down\n");
        put_body(out, what->down);
    } else {
        put_body(out, what->up);
    }
}

static pgb_status write_at(const pgb_revset *set, const char *name, const pgb_buf *text,
                           bool exclusive, pgb_error *err)
{
    char path[4096];

    if (text->failed) {
        return pgb_error_nomem(err);
    }
    if ((size_t)snprintf(path, sizeof path, "%s%s%s/%s", set->folder[0] == '/' ? "" : set->root,
                         set->folder[0] == '/' ? "" : "/", set->folder, name) >= sizeof path) {
        return pgb_error_set(err, PGB_IO, "the path of %s is too long", name);
    }
    return pgb_file_write(path, pgb_buf_str(text), text->len, exclusive, err);
}

pgb_status pgb_rev_write(const pgb_revset *set, const pgb_new_revision *what, const char *slug,
                         pgb_arena *arena, const char **ret_file, pgb_error *err)
{
    pgb_layout layout =
        set->layout == PGB_LAYOUT_NUMBERED ? PGB_LAYOUT_NUMBERED : PGB_LAYOUT_NATIVE;
    const char *file = pgb_arena_printf(arena, "%s/%s%s%s.sql", set->folder, what->id,
                                        slug[0] != '\0' ? "_" : "", slug);
    PGB_AUTO_BUF(text);
    pgb_status status = pgb_rev_check_id(set, what->id, err);

    if (status != PGB_OK) {
        return status;
    }
    if (file == NULL) {
        return pgb_error_nomem(err);
    }
    pgb_rev_compose(layout, what, &text);
    status = write_at(set, file + strlen(set->folder) + 1, &text, true, err);
    if (status == PGB_OK && layout == PGB_LAYOUT_NUMBERED && what->down != NULL) {
        char name[600];

        pgb_buf_clear(&text);
        put_body(&text, what->down);
        snprintf(name, sizeof name, "%.*s.down.sql", (int)(strlen(file) - strlen(set->folder) - 5),
                 file + strlen(set->folder) + 1);
        status = write_at(set, name, &text, true, err);
    }
    if (status == PGB_OK) {
        *ret_file = file;
    }
    return status;
}
