#include "sql/scan_internal.h"

static const char directive_word[] = "pgbraid:";

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

/* --- words and numbers ----------------------------------------------------------------------- */

void scan_keep_word(pgb_scan *s, const char *from, const char *to)
{
    for (const char *p = from; p < to; p++, s->word_len++) {
        if (s->word_len < PGB_SCAN_WORD_MAX) {
            s->word[s->word_len] = (char)lower((unsigned char)*p);
        }
    }
}

void scan_finish_word(pgb_scan *s, const char *p)
{
    s->state = ST_CODE;
    s->token_end = scan_offset(s, p);
    if (s->word_len == 1) {
        s->prefix = (unsigned char)s->word[0];
        s->prefix_end = s->token_end;
    }
    if (s->want_words) {
        scan_end_word(s);
    }
}

const char *scan_word(pgb_scan *s, const char *p, const char *end)
{
    const char *from = p;

    while (p < end && (pgb_scan_bytes[(unsigned char)*p] & B_IN_WORD) != 0) {
        p++;
    }
    if (p == end) {
        scan_keep_word(s, from, p);
        s->state = ST_WORD;
        return p;
    }
    if (s->want_words || s->word_len > 0 || p - from == 1) {
        scan_keep_word(s, from, p);
    }
    scan_finish_word(s, p);
    return p;
}

const char *scan_number(pgb_scan *s, const char *p, const char *end)
{
    const char *from = p;

    while (p < end && (pgb_scan_bytes[(unsigned char)*p] & B_IN_NUMBER) != 0) {
        p++;
    }
    if (s->set_state == SET_VALUE) {
        scan_keep_word(s, from, p);
    }
    scan_end_token(s, p);
    s->state = p == end ? ST_NUMBER : ST_CODE;
    if (s->state == ST_CODE && s->set_state == SET_VALUE) {
        scan_set_value(s);
    }
    return p;
}

/* --- strings --------------------------------------------------------------------------------- */

void scan_begin_string(pgb_scan *s, const char *p)
{
    uint64_t off = scan_offset(s, p);
    unsigned char prefix = s->prefix_end == off ? s->prefix : 0;

    if (s->string_end != 0 && s->n_tokens > 1 &&
        (s->string_end == off || (s->string_newline && prefix == 0))) {
        s->escapes = s->string_escapes; /* '' inside it, or the string goes on after a newline */
    } else {
        s->escapes = prefix == 'e' || (!s->scs && (prefix == 0 || prefix == 'n'));
    }
    s->open_at = scan_pos(s, p);
    s->state = ST_STRING;
    if (s->set_state == SET_VALUE) {
        s->word_len = 0;
    }
}

const char *scan_string(pgb_scan *s, const char *p, const char *end)
{
    const char *from = p;

    if (s->state == ST_STRING_ESCAPE && p < end) {
        p++;
        s->state = ST_STRING;
    }
    if (s->escapes) {
        while (p < end && *p != '\'' && *p != '\\') {
            p++;
        }
    } else {
        const char *quote = memchr(p, '\'', (size_t)(end - p));

        p = quote != NULL ? quote : end;
    }
    if (s->set_state == SET_VALUE) {
        scan_keep_word(s, from, p);
    }
    if (p == end) {
        return p;
    }
    if (*p == '\\') {
        s->state = ST_STRING_ESCAPE;
        return p + 1;
    }
    p++;
    scan_end_token(s, p);
    s->state = ST_CODE;
    s->string_end = s->token_end;
    s->string_escapes = s->escapes;
    s->string_newline = false;
    if (s->set_state == SET_VALUE) {
        scan_set_value(s);
    }
    return p;
}

const char *scan_identifier(pgb_scan *s, const char *p, const char *end)
{
    const char *quote = memchr(p, '"', (size_t)(end - p));

    if (quote == NULL) {
        return end;
    }
    s->state = ST_CODE;
    scan_end_token(s, quote + 1);
    return quote + 1;
}

/* After a $: a parameter, a dollar quote, or neither. */
const char *scan_tag(pgb_scan *s, const char *p, const char *end)
{
    if (s->state == ST_DOLLAR) {
        unsigned char c = (unsigned char)*p;

        s->tag[0] = '$';
        s->tag_len = 1;
        if (scan_begins(c) == B_DIGIT) {
            s->state = ST_NUMBER;
            return p;
        }
        if (scan_begins(c) != B_LETTER && c != '$') {
            s->state = ST_CODE;
            scan_end_token(s, p);
            return p;
        }
        s->state = ST_TAG;
    }
    while (p < end) {
        unsigned char c = (unsigned char)*p;

        if (c == '$') {
            s->tag[s->tag_len++] = '$';
            s->tag_match = 0;
            s->state = ST_BODY;
            return p + 1;
        }
        if (scan_begins(c) != B_LETTER && scan_begins(c) != B_DIGIT) {
            s->state = ST_CODE; /* $ and a name: the server will refuse it */
            scan_end_token(s, p);
            return p;
        }
        if (s->tag_len > PGB_SCAN_TAG_MAX) {
            scan_fail(s, PGB_SCAN_TAG, &s->open_at);
            return p;
        }
        s->tag[s->tag_len++] = (char)c;
        p++;
    }
    scan_end_token(s, p);
    return p;
}

const char *scan_body(pgb_scan *s, const char *p, const char *end)
{
    while (p < end) {
        if (s->tag_match == 0) {
            p = memchr(p, '$', (size_t)(end - p));
            if (p == NULL) {
                return end;
            }
        }
        /* a $ stands only at both ends of the tag, so a mismatch starts anew at most with one */
        if (*p == s->tag[s->tag_match]) {
            s->tag_match++;
        } else {
            s->tag_match = *p == '$' ? 1 : 0;
        }
        p++;
        if (s->tag_match == s->tag_len) {
            s->state = ST_CODE;
            scan_end_token(s, p);
            return p;
        }
    }
    return p;
}

/* --- comments -------------------------------------------------------------------------------- */

void scan_begin_line_comment(pgb_scan *s)
{
    s->state = ST_LINE_COMMENT;
    s->directive = s->line_start && s->body == 0 && !s->copy_pending ? DIR_MAYBE : DIR_NO;
    s->directive_at = 0;
}

void scan_end_line_comment(pgb_scan *s, const char *p)
{
    uint64_t end = scan_offset(s, p);
    bool in_stmt = s->in_stmt;

    s->state = ST_CODE;
    if (s->directive == DIR_YES) {
        if (scan_cut_statement(s)) {
            scan_push(s, PGB_SCAN_DIRECTIVE, &s->open_at, end - s->open_at.off)->in_statement =
                in_stmt;
        }
    } else if (in_stmt) {
        s->token_end = end;
    } else {
        scan_flush_hint(s);
        scan_push(s, PGB_SCAN_COMMENT, &s->open_at, end - s->open_at.off);
    }
}

const char *scan_line_comment(pgb_scan *s, const char *p, const char *end)
{
    for (; p < end; p++) {
        char c = *p;

        if (s->directive != DIR_MAYBE) {
            break;
        }
        if (c == '\n' || c == '\r') {
            scan_end_line_comment(s, p);
            return p;
        }
        if (s->directive_at == 0 && (c == ' ' || c == '\t')) {
            continue;
        }
        if (c != directive_word[s->directive_at]) {
            s->directive = DIR_NO;
        } else if (directive_word[++s->directive_at] == '\0') {
            s->directive = DIR_YES;
        }
    }
    if (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        const char *cr =
            s->chunk_cr ? memchr(p, '\r', (size_t)((nl != NULL ? nl : end) - p)) : NULL;

        p = cr != NULL ? cr : nl != NULL ? nl : end;
        if (p < end) {
            scan_end_line_comment(s, p);
        }
    }
    return p;
}

void scan_begin_block_comment(pgb_scan *s)
{
    s->state = ST_BLOCK_COMMENT;
    s->comment_depth = 1;
    s->comment_prev = 0;
    s->comment_hint = false;
}

const char *scan_block_comment(pgb_scan *s, const char *p, const char *end)
{
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;

        if (c == '+' && scan_offset(s, p) == s->open_at.off + 2) {
            s->comment_hint = true; /* pg_hint_plan reads it at the head of a statement */
        }
        if (s->comment_prev == '/' && c == '*') {
            s->comment_depth++;
            s->comment_prev = 0;
        } else if (s->comment_prev == '*' && c == '/') {
            s->comment_prev = 0;
            if (--s->comment_depth == 0) {
                uint64_t len = scan_offset(s, p) + 1 - s->open_at.off;

                s->state = ST_CODE;
                s->string_end = 0; /* no string goes on behind it */
                if (s->in_stmt) {
                    scan_end_token(s, p + 1);
                } else {
                    scan_flush_hint(s);
                    if (s->comment_hint && !s->copy_pending) {
                        s->hint = s->open_at;
                        s->hint_len = len;
                    } else {
                        scan_push(s, PGB_SCAN_COMMENT, &s->open_at, len);
                    }
                }
                return p + 1;
            }
        } else {
            s->comment_prev = c;
        }
    }
    return p;
}

/* --- psql --------------------------------------------------------------------------------------
 */

void scan_begin_meta(pgb_scan *s, const char *p)
{
    s->open_at = scan_pos(s, p);
    if (s->copy_pending) {
        scan_fail(s, PGB_SCAN_COPY_TRAIL, &s->open_at);
        return;
    }
    s->state = ST_META;
}

void scan_end_meta(pgb_scan *s, const char *p)
{
    bool in_stmt = s->in_stmt;
    uint64_t len = scan_offset(s, p) - s->open_at.off;

    s->state = ST_CODE;
    if (in_stmt) {
        scan_end_statement(s, s->token_end, false); /* whatever is open: the command is the error */
        s->copy_pending = false;
    } else {
        scan_flush_hint(s);
    }
    scan_push(s, PGB_SCAN_META, &s->open_at, len)->in_statement = in_stmt;
}

const char *scan_meta(pgb_scan *s, const char *p, const char *end)
{
    while (p < end && *p != '\n' && *p != '\r') {
        p++;
    }
    if (p < end) {
        scan_end_meta(s, p);
    }
    return p;
}

void scan_begin_copy(pgb_scan *s, const char *p)
{
    s->copy_pending = false;
    s->state = ST_COPY_DATA;
    s->piece = scan_pos(s, p);
    s->piece.column = 0;
    s->copy_line = s->piece.off;
    s->copy_match = 0;
    s->copy_bol = true;
}

/* p: what was looked at so far; end: what is certainly data */
static void push_piece(pgb_scan *s, const char *p, uint64_t end)
{
    if (s->carry_n > 0 && s->carry_off < end) {
        end = s->carry_off; /* the rest of that character may still be wrong */
    }
    if (end > s->piece.off) {
        scan_push(s, PGB_SCAN_COPY_DATA, &s->piece, end - s->piece.off);
        s->piece = scan_pos(s, p); /* what is held back stands in the same line */
        s->piece.off = end;
        s->piece.column = 0;
    }
}

void scan_end_copy(pgb_scan *s, const char *p)
{
    push_piece(s, p, s->copy_line);
    scan_push(s, PGB_SCAN_COPY_END, &s->open_at, scan_offset(s, p) - s->copy_line);
    s->state = ST_CODE;
}

const char *scan_copy(pgb_scan *s, const char *p, const char *end)
{
    static const char mark[] = "\\.\r";

    while (p < end) {
        if (!s->copy_bol) {
            const char *nl = memchr(p, '\n', (size_t)(end - p));

            if (nl == NULL) {
                p = end;
                break;
            }
            p = nl + 1;
            s->copy_bol = true;
            s->copy_line = scan_offset(s, p);
            s->copy_match = 0;
            continue;
        }
        if (*p == '\n' && s->copy_match >= 2) {
            p++;
            scan_end_copy(s, p);
            return p;
        }
        if (s->copy_match < 3 && *p == mark[s->copy_match]) {
            if (s->copy_match == 0) {
                s->open_at = scan_pos(s, p);
            }
            s->copy_match++;
            p++;
        } else {
            s->copy_bol = false;
        }
    }
    /* a line that may be the end mark is held back */
    push_piece(s, p, s->copy_bol ? s->copy_line : scan_offset(s, p));
    return p;
}
