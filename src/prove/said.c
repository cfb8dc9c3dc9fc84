#include <string.h>

#include "prove/work.h"

enum { SHOWN_DIFFERENCES = 20, SHOWN_BYTES = 400 };

const char *said_failure(const pgb_error *failure, pgb_arena *arena)
{
    PGB_AUTO_BUF(b);

    if (failure->file[0] != '\0') {
        pgb_buf_puts(&b, failure->file);
        if (failure->line > 0) {
            pgb_buf_printf(&b, ":%d", failure->line);
        }
        pgb_buf_puts(&b, ": ");
    }
    pgb_buf_puts(&b, failure->message);
    if (failure->sqlstate[0] != '\0') {
        pgb_buf_printf(&b, " (SQLSTATE %s)", failure->sqlstate);
    }
    if (failure->detail[0] != '\0') {
        pgb_buf_printf(&b, "\n%s", failure->detail);
    }
    if (failure->hint[0] != '\0') {
        pgb_buf_printf(&b, "\nhint: %s", failure->hint);
    }
    return b.failed ? NULL : pgb_arena_strdup(arena, pgb_buf_str(&b));
}

/* One side, on one line, cut. */
static void put_side(pgb_buf *b, const char *side, const char *value)
{
    size_t len = value != NULL ? strlen(value) : 0;

    pgb_buf_printf(b, "\n  %s: ", side);
    if (value == NULL) {
        pgb_buf_puts(b, "not there");
        return;
    }
    for (size_t i = 0; i < len && i < SHOWN_BYTES; i++) {
        bool line = value[i] == '\n';

        pgb_buf_putc(b, (char)(line ? ' ' : value[i]));
        while (line && (value[i + 1] == ' ' || value[i + 1] == '\n')) {
            i++;
        }
    }
    pgb_buf_puts(b, len > SHOWN_BYTES ? " ..." : "");
}

static void put_difference(pgb_buf *b, const pgb_difference *d, const char *before,
                           const char *after)
{
    static const char *const verbs[] = {"is gone", "is left behind", "differs"};

    pgb_buf_printf(b, "%s%s %s", b->len > 0 ? "\n" : "", d->kind, d->object);
    if (d->change == PGB_DIFF_CHANGED) {
        pgb_buf_printf(b, " differs: %s", d->property != NULL ? d->property : "its definition");
    } else {
        pgb_buf_printf(b, " %s", verbs[d->change]);
    }
    put_side(b, before, d->expected);
    put_side(b, after, d->actual);
    if (d->sql != NULL) {
        put_side(b, "would mend it", d->sql);
    }
}

static void put_note(pgb_buf *b, const pgb_difference *d)
{
    pgb_buf_printf(b, "%s%s %s", b->len > 0 ? "; " : "", d->kind, d->object);
    if (d->property != NULL && strcmp(d->property, "position") == 0) {
        pgb_buf_printf(b, " stands at position %s instead of %s",
                       d->actual != NULL ? d->actual : "?",
                       d->expected != NULL ? d->expected : "?");
    } else {
        pgb_buf_printf(b, ": %s is %s instead of %s", d->property != NULL ? d->property : "it",
                       d->actual != NULL ? d->actual : "not there",
                       d->expected != NULL ? d->expected : "not there");
    }
}

const char *said_differences(const pgb_differences *differences, const char *before,
                             const char *after, pgb_arena *arena, const char **ret_notes,
                             bool *ret_nomem)
{
    PGB_AUTO_BUF(b);
    PGB_AUTO_BUF(notes);
    const char *said = NULL;
    uint32_t n = 0;

    *ret_notes = NULL;
    for (uint32_t i = 0; i < differences->n; i++) {
        if (differences->at[i].note) {
            put_note(&notes, &differences->at[i]);
        } else if (n++ < SHOWN_DIFFERENCES) {
            put_difference(&b, &differences->at[i], before, after);
        }
    }
    if (n > SHOWN_DIFFERENCES) {
        pgb_buf_printf(&b, "\nand %u more", n - SHOWN_DIFFERENCES);
    }
    if (n > 0) {
        said = b.failed ? NULL : pgb_arena_strdup(arena, pgb_buf_str(&b));
        *ret_nomem |= said == NULL;
    }
    if (notes.len > 0) {
        *ret_notes = notes.failed ? NULL : pgb_arena_strdup(arena, pgb_buf_str(&notes));
        *ret_nomem |= *ret_notes == NULL;
    }
    return said;
}

static bool has_line(const char *lines, const char *line, size_t len)
{
    for (const char *at = lines; *at != '\0';) {
        size_t n = strcspn(at, "\n");

        if (n == len && memcmp(at, line, len) == 0) {
            return true;
        }
        at += n + (at[n] == '\n');
    }
    return false;
}

static void put_lines(pgb_buf *b, const char *lines, const char *other, const char *verb)
{
    for (const char *at = lines; *at != '\0';) {
        size_t n = strcspn(at, "\n");

        if (!has_line(other, at, n)) {
            pgb_buf_puts(b, b->len > 0 ? "\n" : "");
            pgb_buf_append(b, at, n);
            pgb_buf_printf(b, " %s", verb);
        }
        at += n + (at[n] == '\n');
    }
}

const char *said_roles(const char *before, const char *after, pgb_arena *arena, bool *ret_nomem)
{
    PGB_AUTO_BUF(b);
    const char *said;

    if (strcmp(before, after) == 0) {
        return NULL;
    }
    put_lines(&b, after, before, "is left behind");
    put_lines(&b, before, after, "is gone");
    said = b.failed ? NULL : pgb_arena_strdup(arena, pgb_buf_str(&b));
    *ret_nomem |= said == NULL;
    return said;
}
