#include "rev/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void pgb_window_file(pgb_window *w, int fd, const char *display, uint64_t from, uint64_t end)
{
    w->fd = fd;
    w->text = NULL;
    w->display = display;
    w->short_is_end = false;
    w->at = w->base = from;
    w->end = end;
    w->len = 0;
}

void pgb_window_text(pgb_window *w, char *text, uint64_t from, uint64_t end)
{
    w->fd = -1;
    w->text = text;
    w->at = w->base = from;
    w->end = end;
    w->len = 0;
}

void pgb_window_done(pgb_window *w)
{
    free(w->buf);
    *w = (pgb_window)PGB_WINDOW_INIT;
}

static bool make_room(pgb_window *w, uint64_t keep)
{
    size_t drop = keep > w->base ? (size_t)(keep - w->base) : 0;

    if (drop > w->len) {
        drop = w->len;
    }
    if (drop > 0) {
        memmove(w->buf, w->buf + drop, w->len - drop);
        w->len -= drop;
        w->base += drop;
    }
    if (w->cap - w->len <= PGB_WINDOW_PIECE) {
        size_t cap = w->cap > 0 ? w->cap * 2 : 2 * PGB_WINDOW_PIECE;
        char *buf;

        while (cap - w->len <= PGB_WINDOW_PIECE) {
            cap *= 2;
        }
        buf = realloc(w->buf, cap);
        if (buf == NULL) {
            return false;
        }
        w->buf = buf;
        w->cap = cap;
    }
    return true;
}

pgb_status pgb_window_more(pgb_window *w, uint64_t keep, const char **ret_bytes, size_t *ret_len,
                           bool *ret_last, pgb_error *err)
{
    uint64_t left = w->end - w->at;
    size_t want = left < PGB_WINDOW_PIECE ? (size_t)left : PGB_WINDOW_PIECE, have = 0;
    bool ended = false;

    if (w->text != NULL) {
        *ret_bytes = w->text + w->at;
        *ret_len = want;
        w->at += want;
        *ret_last = w->at == w->end;
        return PGB_OK;
    }
    if (!make_room(w, keep)) {
        return pgb_error_nomem(err);
    }
    while (have < want && !ended) {
        ssize_t got = pread(w->fd, w->buf + w->len + have, want - have, (off_t)(w->at + have));

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            pgb_error_set_errno(err, PGB_PROJECT, errno, "cannot read %s", w->display);
            pgb_error_at(err, w->display, 0, 0, NULL, 0);
            return PGB_PROJECT;
        }
        ended = got == 0 || (w->short_is_end && (size_t)got < want - have);
        have += (size_t)got;
    }
    *ret_bytes = w->buf + w->len;
    *ret_len = have;
    w->len += have;
    w->at += have;
    *ret_last = ended || w->at == w->end;
    return PGB_OK;
}

const char *pgb_window_get(const pgb_window *w, uint64_t off, uint64_t len)
{
    if (w->text != NULL) {
        return w->text + off;
    }
    if (off < w->base || off + len > w->base + w->len) {
        return NULL;
    }
    return w->buf + (off - w->base);
}

char *pgb_window_edit(pgb_window *w, uint64_t off, uint64_t len)
{
    if (pgb_window_get(w, off, len) == NULL) {
        return NULL;
    }
    return w->text != NULL ? w->text + off : w->buf + (off - w->base);
}
