#include "sql/scan_internal.h"

enum { PREV_OTHER, PREV_AS, PREV_DOT, PREV_BEGIN, PREV_SEMI, PREV_FROM };

/* --- positions ------------------------------------------------------------------------------- */

static void pos_slow(pgb_scan *s, const char *from, const char *to)
{
    for (const char *p = from; p < to; p++) {
        unsigned char c = (unsigned char)*p;

        if (c == '\n' && s->after_cr) {
            s->line_off = scan_offset(s, p) + 1;
        } else if (c == '\n' || c == '\r') {
            s->line++;
            s->line_off = scan_offset(s, p) + 1;
            s->line_extra = 0;
        } else if ((c & 0xC0) == 0x80) {
            s->line_extra++;
        }
        s->after_cr = c == '\r';
    }
}

/* Lines are counted when somebody asks, in one go over what was passed since. */
void scan_advance(pgb_scan *s, const char *to)
{
    const char *from = s->chunk + (s->pos_off - s->base);

    if (to <= from) {
        return;
    }
    if (s->chunk_cr || s->after_cr || s->chunk_high) {
        pos_slow(s, from, to);
    } else {
        const char *nl;

        while ((nl = memchr(from, '\n', (size_t)(to - from))) != NULL) {
            s->line++;
            from = nl + 1;
            s->line_off = scan_offset(s, from);
            s->line_extra = 0;
        }
    }
    s->pos_off = scan_offset(s, to);
}

pgb_scan_pos scan_pos(pgb_scan *s, const char *p)
{
    pgb_scan_pos pos = {.off = scan_offset(s, p)};

    scan_advance(s, p);
    pos.line = s->line;
    pos.column = (uint32_t)(pos.off - s->line_off - s->line_extra + 1);
    return pos;
}

/* --- events ---------------------------------------------------------------------------------- */

pgb_scan_event *scan_push(pgb_scan *s, pgb_scan_kind kind, const pgb_scan_pos *at, uint64_t len)
{
    pgb_scan_event *ev = &s->queue[s->queue_n++];

    memset(ev, 0, sizeof *ev);
    ev->kind = kind;
    ev->at = *at;
    ev->len = len;
    return ev;
}

void scan_fail(pgb_scan *s, pgb_scan_error error, const pgb_scan_pos *at)
{
    memset(&s->failure, 0, sizeof s->failure);
    s->failure.kind = PGB_SCAN_ERROR;
    s->failure.error = error;
    s->failure.at = *at;
}

void scan_flush_hint(pgb_scan *s)
{
    if (s->hint_len > 0) {
        scan_push(s, PGB_SCAN_COMMENT, &s->hint, s->hint_len);
        s->hint_len = 0;
    }
}

/* --- statements ------------------------------------------------------------------------------ */

static void forget_statement(pgb_scan *s)
{
    s->in_stmt = false;
    s->cls = CLASS_START;
    s->want_words = true;
    s->prev = PREV_OTHER;
    s->parens = s->body = 0;
    s->copy_in = s->copy_from = false;
    s->scs_set = false;
    s->set_state = SET_NAME;
    s->n_tokens = 0;
}

/* Every token comes through here at its start. */
bool scan_begin_token_at(pgb_scan *s, const pgb_scan_pos *at)
{
    if (!s->in_stmt) {
        if (s->copy_pending) {
            scan_fail(s, PGB_SCAN_COPY_TRAIL, at);
            return false;
        }
        s->in_stmt = true;
        s->stmt = s->token = *at;
        if (s->hint_len > 0) {
            s->stmt = s->hint;
            s->hint_len = 0;
        }
    }
    s->n_tokens++;
    return true;
}

void scan_end_statement(pgb_scan *s, uint64_t end, bool terminated)
{
    pgb_scan_event *ev = scan_push(s, PGB_SCAN_STATEMENT, &s->stmt, end - s->stmt.off);

    ev->token = s->token;
    ev->terminated = terminated;
    ev->empty = terminated && s->n_tokens == 1;
    ev->copy_in = s->copy_in;
    ev->may_control = s->cls == CLASS_TRANSACTION;
    if (s->copy_in) {
        s->copy_at = s->token;
        s->copy_pending = true;
    }
    if (s->scs_set && terminated) {
        s->scs = s->set_state != SET_DONE || s->capture;
    }
    s->capture = false;
    forget_statement(s);
}

/* A directive or the end of the text cuts a statement: fine when only its semicolon is missing. */
bool scan_cut_statement(pgb_scan *s)
{
    if (!s->in_stmt) {
        scan_flush_hint(s);
        return true;
    }
    if (s->body > 0) {
        scan_fail(s, PGB_SCAN_BODY, &s->body_at);
        return false;
    }
    if (s->parens > 0) {
        scan_fail(s, PGB_SCAN_PAREN, &s->paren_at);
        return false;
    }
    if (s->copy_in) {
        scan_fail(s, PGB_SCAN_COPY_OPEN, &s->token);
        return false;
    }
    scan_end_statement(s, s->token_end, false);
    return true;
}

static bool word_is(const pgb_scan *s, const char *word)
{
    return s->word_len == strlen(word) && memcmp(s->word, word, s->word_len) == 0;
}

/* SET standard_conforming_strings = off changes how the strings after it end. `capture` keeps the
 * value until the statement is over. */
void scan_set_value(pgb_scan *s)
{
    static const char *const off[] = {"off", "false", "no", "0"};

    s->set_state = SET_DONE;
    s->scs_set = true;
    s->capture = true;
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
        if (word_is(s, off[i])) {
            s->capture = false;
        }
    }
}

static void set_word(pgb_scan *s)
{
    if (s->set_state == SET_NAME && word_is(s, "standard_conforming_strings")) {
        s->set_state = SET_EQUALS;
        s->scs_set = s->cls == CLASS_RESET;
    } else if (s->set_state == SET_EQUALS && word_is(s, "to")) {
        s->set_state = SET_VALUE;
    } else if (s->set_state == SET_VALUE) {
        scan_set_value(s);
    } else if (s->set_state == SET_NAME && s->cls == CLASS_RESET && word_is(s, "all")) {
        s->scs_set = true;
    } else if (!(s->set_state == SET_NAME && (word_is(s, "session") || word_is(s, "local")))) {
        s->set_state = SET_DONE;
        s->want_words = false;
    }
}

static bool may_control_transactions(const pgb_scan *s)
{
    static const char *const words[] = {"begin",   "start",    "commit",    "end",    "abort",
                                        "prepare", "rollback", "savepoint", "release"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (word_is(s, words[i])) {
            return true;
        }
    }
    return false;
}

static void first_word(pgb_scan *s)
{
    if (word_is(s, "copy")) {
        s->cls = CLASS_COPY;
    } else if (word_is(s, "create")) {
        s->cls = CLASS_CREATE;
    } else if (word_is(s, "set")) {
        s->cls = CLASS_SET;
    } else if (word_is(s, "reset")) {
        s->cls = CLASS_RESET;
    } else {
        s->cls = may_control_transactions(s) ? CLASS_TRANSACTION : CLASS_OTHER;
        s->want_words = false;
    }
}

/* In CREATE FUNCTION and PROCEDURE: BEGIN ATOMIC … END. The END of the body stands first in a
 * statement's place; another END closes a CASE. A name after AS or a dot is none of these. */
static void routine_word(pgb_scan *s)
{
    uint8_t prev = s->prev;

    s->prev = PREV_OTHER;
    if (s->parens > 0 || prev == PREV_AS || prev == PREV_DOT) {
        return;
    }
    if (word_is(s, "as")) {
        s->prev = PREV_AS;
    } else if (s->body == 0 && word_is(s, "begin")) {
        s->prev = PREV_BEGIN;
        s->body_at = s->open_at;
    } else if (s->body == 0 && prev == PREV_BEGIN && word_is(s, "atomic")) {
        s->body = 1;
        s->prev = PREV_SEMI;
    } else if (s->body > 0 && word_is(s, "case")) {
        s->body++;
    } else if (s->body > 1 && word_is(s, "end")) {
        s->body--;
    } else if (s->body == 1 && prev == PREV_SEMI && word_is(s, "end")) {
        s->body = 0;
        s->want_words = false;
    }
}

void scan_end_word(pgb_scan *s)
{
    switch (s->cls) {
    case CLASS_START:
        first_word(s);
        break;
    case CLASS_CREATE:
        if (word_is(s, "function") || word_is(s, "procedure")) {
            s->cls = CLASS_ROUTINE;
        } else if (!word_is(s, "or") && !word_is(s, "replace")) {
            s->cls = CLASS_OTHER;
            s->want_words = false;
        }
        break;
    case CLASS_ROUTINE:
        routine_word(s);
        break;
    case CLASS_COPY:
        /* only the first FROM: WHERE a IS DISTINCT FROM stdin may follow */
        if (s->parens > 0) {
            break;
        }
        if (s->prev == PREV_FROM) {
            /* the grammar takes stdout for stdin here */
            s->copy_in = word_is(s, "stdin") || word_is(s, "stdout");
            s->want_words = false;
        } else if (word_is(s, "from")) {
            s->prev = PREV_FROM;
        }
        break;
    case CLASS_SET:
    case CLASS_RESET:
        set_word(s);
        break;
    default:
        break;
    }
}

/* A token that is no word, where words matter. */
void scan_other_token(pgb_scan *s, unsigned char c)
{
    switch (s->cls) {
    case CLASS_START:
    case CLASS_CREATE:
        s->cls = CLASS_OTHER;
        s->want_words = false;
        break;
    case CLASS_ROUTINE:
        s->prev = c == '.' ? PREV_DOT : PREV_OTHER;
        break;
    case CLASS_COPY:
        if (s->parens == 0 && s->prev == PREV_FROM) {
            s->want_words = false; /* FROM 'file' */
        }
        break;
    case CLASS_SET:
        if (s->set_state == SET_EQUALS && c == '=') {
            s->set_state = SET_VALUE;
        } else if (!(s->set_state == SET_VALUE && c == '\'')) {
            s->set_state = SET_DONE; /* no value that we know: a later token is none either */
            s->want_words = false;
        }
        break;
    default:
        break;
    }
}

bool scan_semicolon(pgb_scan *s, const char *p)
{
    if (!scan_begin_token(s, p)) {
        return false;
    }
    scan_end_token(s, p + 1);
    if (s->parens > 0) {
        return true;
    }
    if (s->body > 0) {
        s->body = 1; /* a CASE can't be open here: it was a name */
        s->prev = PREV_SEMI;
        return true;
    }
    scan_end_statement(s, s->token_end, true);
    return true;
}
