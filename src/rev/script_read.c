#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rev/script_internal.h"

size_t script_read_at(const pgb_script *s, uint64_t off, char *buf, size_t size)
{
    size_t have = 0;

    if (s->fd < 0) {
        const char *from = s->image != NULL ? s->image : s->text;
        uint64_t len = s->image != NULL ? s->image_len : s->end;

        if (off >= len) {
            return 0;
        }
        from += off;
        have = len - off < size ? (size_t)(len - off) : size;
        memcpy(buf, from, have);
        if (s->image != NULL && s->cut != NULL && s->cut >= from && s->cut < from + have) {
            buf[s->cut - from] = s->cut_char;
        }
        return have;
    }
    while (have < size) {
        ssize_t got = pread(s->fd, buf + have, size - have, (off_t)(off + have));

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        have += (size_t)got;
    }
    return have;
}

pgb_status script_changed(const pgb_script *s, pgb_error *err)
{
    pgb_error_set(err, PGB_CHANGED, "%s changed while it was being read", s->display);
    pgb_error_hint(err, "Run the command again once nobody edits the file.");
    pgb_error_at(err, s->display, 0, 0, NULL, 0);
    return PGB_CHANGED;
}

void script_take_back_cut(pgb_script *s)
{
    if (s->cut != NULL) {
        *s->cut = s->cut_char;
        s->cut = NULL;
    }
}

pgb_status script_begin_pass(pgb_script *s, bool first, pgb_error *err)
{
    uint64_t len = s->end - s->start.off;

    script_take_back_cut(s);
    pgb_norm_done(&s->norm);
    s->ordinal = 0;
    s->next_kept = 0;
    s->ended = false;
    pgb_scan_init(&s->scan, &s->start);
    if (s->image != NULL) {
        pgb_window_text(&s->window, s->image, s->start.off, s->end);
        return PGB_OK;
    }
    if (s->fd >= 0) {
        pgb_window_file(&s->window, s->fd, s->display, s->start.off, s->end);
        if (first && len <= PGB_STORED_TEXT_MAX) {
            s->text = malloc((size_t)len + 1);
            if (s->text == NULL) {
                return pgb_error_nomem(err);
            }
        }
    } else {
        pgb_window_text(&s->window, s->work, 0, len);
    }
    return pgb_norm_init(&s->norm, first, err);
}

/* The piece that was just read: hashed, and kept when the section is small. */
static pgb_status take_piece(pgb_script *s, const char *bytes, size_t len, bool first,
                             pgb_error *err)
{
    uint64_t at = s->window.at - len;

    if (first && s->fd >= 0 && s->text != NULL) {
        memcpy(s->text + (at - s->start.off), bytes, len);
        s->text[at - s->start.off + len] = '\0';
    }
    return pgb_norm_update(&s->norm, bytes, len, err);
}

pgb_status script_event(pgb_script *s, pgb_scan_event *ev, pgb_error *err)
{
    bool first = s->norm.with_norm;

    script_take_back_cut(s);
    for (;;) {
        const char *bytes = NULL;
        pgb_scan_pos stmt;
        size_t len = 0;
        bool last = false;
        pgb_status status;

        if (pgb_scan_next(&s->scan, ev) != PGB_SCAN_MORE) {
            if (ev->kind == PGB_SCAN_END || ev->kind == PGB_SCAN_ERROR) {
                s->ended = true;
            }
            return PGB_OK;
        }
        if (pgb_scan_in_statement(&s->scan, &stmt, NULL) &&
            s->window.at - stmt.off > PGB_STATEMENT_MAX) {
            memset(ev, 0, sizeof *ev);
            ev->kind = PGB_SCAN_STATEMENT;
            ev->at = ev->token = stmt;
            ev->len = s->window.at - stmt.off;
            return PGB_OK;
        }
        status =
            pgb_window_more(&s->window, pgb_scan_keep(&s->scan, true), &bytes, &len, &last, err);
        if (status == PGB_OK && s->image == NULL) {
            status = take_piece(s, bytes, len, first, err);
        }
        if (status != PGB_OK) {
            return status;
        }
        if (last && s->window.at != s->end) {
            return script_changed(s, err);
        }
        pgb_scan_give(&s->scan, bytes, len, last);
    }
}

const char *script_statement(pgb_script *s, const pgb_scan_event *ev)
{
    char *text = pgb_window_edit(&s->window, ev->at.off, ev->len);

    if (text == NULL) {
        return NULL;
    }
    s->cut = text + ev->len;
    s->cut_char = *s->cut;
    *s->cut = '\0';
    return text;
}

pgb_status script_fresh_scratch(pgb_script *s, pgb_error *err)
{
    if (++s->scratch_uses % 256 == 0) {
        pgb_arena *fresh = pgb_arena_new();

        if (fresh == NULL) {
            return pgb_error_nomem(err);
        }
        pgb_arena_free(s->scratch);
        s->scratch = fresh;
    }
    return PGB_OK;
}

pgb_status pgb_script_rewind(pgb_script *s, pgb_error *err)
{
    return script_begin_pass(s, false, err);
}

/* Facts that the first pass kept, or that say no more than that it is plain. */
static pgb_status facts_of(pgb_script *s, const char *text, size_t len, pgb_facts *facts,
                           pgb_error *err)
{
    while (s->next_kept < s->kept.n && s->kept.at[s->next_kept].ordinal < s->ordinal) {
        s->next_kept++;
    }
    if (s->next_kept < s->kept.n && s->kept.at[s->next_kept].ordinal == s->ordinal) {
        *facts = *s->kept.at[s->next_kept].facts;
        return PGB_OK;
    }
    if (s->kept_full) {
        return script_parse(s, text, len, s->scratch, facts, NULL, err);
    }
    memset(facts, 0, sizeof *facts);
    facts->kind = PGB_STMT_PLAIN;
    facts->command = "statement";
    return PGB_OK;
}

static pgb_status next_statement(pgb_script *s, const pgb_scan_event *ev, pgb_item *item,
                                 pgb_error *err)
{
    pgb_status status;

    item->kind = PGB_ITEM_STATEMENT;
    item->text = script_statement(s, ev);
    item->len = (size_t)ev->len;
    item->off = ev->at.off;
    item->line = ev->token.line;
    item->column = ev->token.column;
    item->ordinal = ++s->ordinal;
    if (item->text == NULL || ev->len > PGB_STATEMENT_MAX || s->ordinal > s->info.n_statements) {
        return script_changed(s, err); /* the first pass saw no such statement */
    }
    status = facts_of(s, item->text, item->len, &item->facts, err);
    if (status == PGB_OK && ev->copy_in) {
        item->facts.kind = PGB_STMT_COPY_IN;
    }
    if (status == PGB_OK && s->transaction_none) {
        pgb_norm one = {0};

        status = pgb_norm_init(&one, false, err);
        if (status == PGB_OK) {
            status = pgb_norm_update(&one, item->text, item->len, err);
        }
        if (status == PGB_OK) {
            status = pgb_norm_hex(&one, item->hash, NULL, err);
        }
        pgb_norm_done(&one);
    }
    return status;
}

static pgb_status finish(pgb_script *s, pgb_error *err)
{
    char raw[PGB_HASH_HEX];
    pgb_status status = s->image == NULL ? pgb_norm_hex(&s->norm, raw, NULL, err) : PGB_OK;

    if (s->image == NULL && status == PGB_OK && strcmp(raw, s->info.hash_raw) != 0) {
        return script_changed(s, err);
    }
    return status;
}

pgb_status pgb_script_next(pgb_script *s, pgb_item *item, pgb_error *err)
{
    memset(item, 0, sizeof *item);
    if (script_fresh_scratch(s, err) != PGB_OK) {
        return PGB_NOMEM;
    }
    if (s->ended) {
        item->kind = PGB_ITEM_END;
        return PGB_OK;
    }
    for (;;) {
        pgb_scan_event ev;
        pgb_status status = script_event(s, &ev, err);

        if (status != PGB_OK) {
            s->ended = true;
            return status;
        }
        switch (ev.kind) {
        case PGB_SCAN_STATEMENT:
            if (ev.empty) {
                continue;
            }
            return next_statement(s, &ev, item, err);
        case PGB_SCAN_COPY_DATA:
            item->kind = PGB_ITEM_COPY_DATA;
            item->text = pgb_window_get(&s->window, ev.at.off, ev.len);
            item->len = (size_t)ev.len;
            item->off = ev.at.off;
            item->line = ev.at.line;
            item->ordinal = s->ordinal;
            return item->text != NULL ? PGB_OK : script_changed(s, err);
        case PGB_SCAN_COPY_END:
            item->kind = PGB_ITEM_COPY_END;
            item->off = ev.at.off;
            item->line = ev.at.line;
            item->column = ev.at.column;
            item->ordinal = s->ordinal;
            return PGB_OK;
        case PGB_SCAN_ERROR:
            return script_changed(s, err); /* the first pass found none */
        case PGB_SCAN_END:
            item->kind = PGB_ITEM_END;
            return finish(s, err);
        default:
            continue;
        }
    }
}

pgb_status pgb_script_locks(pgb_script *s, uint32_t *ret_locks, bool *ret_could_not_tell,
                            pgb_error *err)
{
    uint32_t locks = 0;
    bool could_not_tell = false;
    pgb_status status = pgb_script_rewind(s, err);

    while (status == PGB_OK) {
        pgb_objects objects = {0};
        pgb_facts facts;
        pgb_item item;

        status = pgb_script_next(s, &item, err);
        if (status != PGB_OK || item.kind == PGB_ITEM_END) {
            break;
        }
        if (item.kind == PGB_ITEM_STATEMENT) {
            status = script_parse(s, item.text, item.len, s->scratch, &facts, &objects, err);
            locks += objects.locks;
            could_not_tell = could_not_tell || objects.could_not_tell;
            pgb_vec_done(&objects.list);
        }
    }
    if (status == PGB_OK) {
        status = pgb_script_rewind(s, err);
    }
    *ret_locks = locks;
    *ret_could_not_tell = could_not_tell;
    return status;
}

/* --- positions ----------------------------------------------------------------------------------
 */

/* The source line that holds the byte at off, into buf; its start is looked for so far back as the
 * buffer goes. */
static size_t line_around(const pgb_script *s, uint64_t off, char *buf, size_t size,
                          size_t *ret_start)
{
    uint64_t from = off > size / 2 ? off - size / 2 : 0;
    size_t n = script_read_at(s, from, buf, size), at = (size_t)(off - from), start, end;

    if (at > n) {
        *ret_start = 0;
        return 0;
    }
    for (start = at; start > 0 && buf[start - 1] != '\n' && buf[start - 1] != '\r'; start--) {
    }
    for (end = at; end < n && buf[end] != '\n' && buf[end] != '\r'; end++) {
    }
    if (start == 0 && from == 0 && n >= 3 && memcmp(buf, "\xEF\xBB\xBF", 3) == 0) {
        start = end >= 3 ? 3 : 0;
    }
    if (start == 0 && from > 0) {
        /* not the line's start: begin with a whole character */
        while (start < at && ((unsigned char)buf[start] & 0xC0) == 0x80) {
            start++;
        }
    }
    *ret_start = start;
    return end - start;
}

void script_place(pgb_script *s, const pgb_scan_pos *at, pgb_error *err)
{
    char buf[4096];
    size_t start, len = line_around(s, at->off, buf, sizeof buf, &start);

    pgb_error_at(err, s->display, (int)at->line, (int)at->column, buf + start, len);
}

/* A hint comment may stand before the first token, whose line and column the item has. *ret_lines:
 * how many lines further up the text begins. */
static bool starts_with_hint(const pgb_script *s, const pgb_item *item, pgb_scan_pos *ret_token,
                             uint32_t *ret_lines)
{
    pgb_scan_pos at = {.off = item->off, .line = 1, .column = 1};
    uint64_t off = item->off;
    char chunk[1024];
    pgb_scan scan;

    pgb_scan_init(&scan, &at);
    for (;;) {
        size_t n = script_read_at(s, off, chunk, sizeof chunk);
        pgb_scan_kind kind;
        pgb_scan_event ev;

        if (n == 0 || (off == item->off && (n < 3 || memcmp(chunk, "/*+", 3) != 0))) {
            return false;
        }
        pgb_scan_give(&scan, chunk, n, false);
        kind = pgb_scan_next(&scan, &ev);
        if (kind == PGB_SCAN_STATEMENT || pgb_scan_in_statement(&scan, &at, ret_token)) {
            *ret_token = kind == PGB_SCAN_STATEMENT ? ev.token : *ret_token;
            *ret_lines = ret_token->line - 1;
            return true;
        }
        if (kind != PGB_SCAN_MORE) {
            return false;
        }
        off += n;
    }
}

void pgb_script_locate(pgb_script *s, const pgb_item *item, int position, pgb_error *err)
{
    pgb_scan_pos at = {.off = item->off, .line = item->line, .column = item->column}, token;
    uint64_t off = item->off;
    bool after_cr = false;
    uint32_t lines = 0;
    char chunk[4096];
    size_t n;

    if (starts_with_hint(s, item, &token, &lines)) {
        if (position <= 0) {
            at.off = token.off;
        } else {
            at.line -= lines < at.line ? lines : 0;
            at.column = 1; /* nearly: what the server points at stands behind the comment */
        }
    }
    if (position <= 0) {
        script_place(s, &at, err);
        return;
    }
    for (int left = position - 1; (n = script_read_at(s, off, chunk, sizeof chunk)) > 0; off += n) {
        for (size_t i = 0; i < n; i++) {
            unsigned char c = (unsigned char)chunk[i];

            at.off = off + i;
            if ((c & 0xC0) != 0x80 && left-- == 0) {
                script_place(s, &at, err);
                return;
            }
            if (c == '\n' && after_cr) {
                at.column = 1;
            } else if (c == '\n' || c == '\r') {
                at.line++;
                at.column = 1;
            } else if ((c & 0xC0) != 0x80) {
                at.column++;
            }
            after_cr = c == '\r';
        }
    }
    at.off = off;
    script_place(s, &at, err);
}
