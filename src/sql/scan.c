#include "sql/scan.h"

#include "base/text.h"
#include "sql/scan_internal.h"

const uint8_t pgb_scan_bytes[256] = {
#define L (B_LETTER | B_IN_WORD | B_IN_NUMBER)
#define D (B_DIGIT | B_IN_WORD | B_IN_NUMBER)
#define S B_SPECIAL
#define B B_BLANK
    /* clang-format off */
    0, 0, 0, 0, 0, 0, 0, 0, 0, B, B, B, B, B, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    B, 0, S, 0, S | B_IN_WORD, 0, 0, S, S, S, 0, 0, 0, S, B_IN_NUMBER, S,
    D, D, D, D, D, D, D, D, D, D, 0, S, 0, 0, 0, 0,
    0, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, 0, S, 0, 0, L,
    0, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, 0, 0, 0, 0, 0,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
/* clang-format on */
#undef L
#undef D
#undef S
#undef B
};

void pgb_scan_init(pgb_scan *s, const pgb_scan_pos *start)
{
    memset(s, 0, offsetof(pgb_scan, queue)); /* what follows is written before it is read */
    s->chunk = "";                           /* nothing was given yet */
    s->base = s->pos_off = start->off;
    s->line_off = start->off - (start->column - 1);
    s->line = start->line;
    s->state = start->off == 0 ? ST_BOM : ST_CODE;
    s->scs = true;
    s->want_words = true;
}

void pgb_scan_reset_settings(pgb_scan *s)
{
    s->scs = true;
}

/* --- code ------------------------------------------------------------------------------------ */

static const char *scan_dash(pgb_scan *s, const char *p)
{
    if (*p == '-') {
        scan_begin_line_comment(s);
        return p + 1;
    }
    s->state = ST_CODE;
    return p;
}

static const char *scan_slash(pgb_scan *s, const char *p)
{
    if (*p == '*') {
        scan_begin_block_comment(s);
        return p + 1;
    }
    s->state = ST_CODE;
    return p;
}

/* The operator - or / that turned out to begin no comment. It counts as a token only now. */
static bool lone_operator(pgb_scan *s, unsigned char c)
{
    if (!scan_begin_token_at(s, &s->open_at)) {
        return false;
    }
    s->token_end = s->open_at.off + 1;
    s->string_end = 0;
    if (s->want_words) {
        scan_other_token(s, c);
    }
    return true;
}

static const char *scan_special(pgb_scan *s, const char *p)
{
    unsigned char c = (unsigned char)*p;

    switch (c) {
    case '-':
    case '/':
        s->open_at = scan_pos(s, p);
        s->line_start = s->open_at.off == s->line_off;
        s->state = c == '-' ? ST_DASH : ST_SLASH;
        return p + 1;
    case '\\':
        scan_begin_meta(s, p);
        return p + 1;
    case ';':
        s->string_end = 0;
        return scan_semicolon(s, p) ? p + 1 : p;
    default:
        break;
    }
    if (!scan_begin_token(s, p)) {
        return p;
    }
    if (s->want_words) {
        scan_other_token(s, c);
    }
    switch (c) {
    case '\'':
        scan_begin_string(s, p);
        return p + 1;
    case '"':
        s->open_at = scan_pos(s, p);
        s->state = ST_IDENTIFIER;
        break;
    case '$':
        s->open_at = scan_pos(s, p);
        s->state = ST_DOLLAR;
        break;
    case '(':
        if (s->parens++ == 0) {
            s->paren_at = scan_pos(s, p);
        }
        break;
    default:
        s->parens -= s->parens > 0;
        break;
    }
    s->string_end = 0;
    scan_end_token(s, p + 1);
    return p + 1;
}

static const char *scan_blanks(pgb_scan *s, const char *p, const char *end)
{
    for (; p < end && scan_begins((unsigned char)*p) == B_BLANK; p++) {
        if (*p == '\n' || *p == '\r') {
            s->string_newline = true;
        }
        if (*p == '\n' && s->copy_pending) {
            scan_begin_copy(s, p + 1);
            return p + 1;
        }
    }
    return p;
}

/* Words and numbers between a token's start and p, told apart only as far as somebody asks. */
typedef struct walker {
    const char *token, *at; /* the last token, and where it ends so far */
    unsigned goes_on;       /* B_IN_WORD, B_IN_NUMBER, 0: another byte */
} walker;

static void walk(walker *w, const char *p)
{
    while (w->at < p) {
        unsigned char c = (unsigned char)*w->at;

        if ((pgb_scan_bytes[c] & w->goes_on) == 0) {
            w->token = w->at;
            w->goes_on = scan_begins(c) == B_LETTER  ? B_IN_WORD
                         : scan_begins(c) == B_DIGIT ? B_IN_NUMBER
                                                     : 0;
        }
        w->at++;
    }
}

/* U&'…' has no backslash escapes. p: at the & that may follow the U. */
static void unicode_prefix(pgb_scan *s, const char *p)
{
    if (*p == '&' && s->prefix == 'u' && s->prefix_end == scan_offset(s, p)) {
        s->prefix = '&';
        s->prefix_end++;
    }
}

/* Most of a file is the inside of statements whose words don't matter: only what can end or hide
 * something is looked for there. p is at a token's start. */
static const char *scan_plain(pgb_scan *s, const char *p, const char *end)
{
    const char *from = p;
    walker w = {.token = p, .at = p};

    unicode_prefix(s, p); /* its U may have come with the chunk before */
    for (;;) {
        while (p < end && scan_begins((unsigned char)*p) != B_SPECIAL) {
            p++;
        }
        if (p < end && *p != '$' && *p != '\'' && *p != '"') {
            break; /* what stands before does not matter */
        }
        walk(&w, p);
        if (p == end || *p != '$' || w.goes_on != B_IN_WORD) {
            break;
        }
        p++; /* a $ in a name */
    }
    if (p == from || scan_begins((unsigned char)p[-1]) != B_BLANK) {
        scan_end_token(s, p);
    } else {
        const char *last = p;

        while (last > from && scan_begins((unsigned char)last[-1]) == B_BLANK) {
            last--;
        }
        scan_end_token(s, last);
    }
    if (w.at != p || p == from) {
        return p;
    }
    /* a word of one letter may be a prefix: E'…', U&'…' */
    if (w.goes_on == B_IN_WORD && p - w.token == 1) {
        s->prefix = (unsigned char)(*w.token | 0x20);
        s->prefix_end = scan_offset(s, p);
    } else if (p - from >= 2 && p[-1] == '&' && (p[-2] | 0x20) == 'u') {
        walker before = {.token = from, .at = from};

        walk(&before, p - 1);
        if (before.goes_on == B_IN_WORD && p - 1 - before.token == 1) {
            s->prefix = '&';
            s->prefix_end = scan_offset(s, p);
        }
    }
    if (p == end && w.goes_on == B_IN_WORD) {
        s->word_len = 0;
        s->state = ST_WORD;
        scan_keep_word(s, w.token, p);
    } else if (p == end && w.goes_on == B_IN_NUMBER) {
        s->state = ST_NUMBER;
    }
    return p;
}

static const char *scan_code(pgb_scan *s, const char *p, const char *end)
{
    while (p < end && s->state == ST_CODE && s->queue_n == 0) {
        unsigned char c = (unsigned char)*p;
        unsigned begins = scan_begins(c);

        if (!s->want_words && s->in_stmt && begins != B_BLANK && begins != B_SPECIAL) {
            s->n_tokens++;
            s->string_end = 0;
            p = scan_plain(s, p, end);
            continue;
        }
        switch (begins) {
        case B_BLANK:
            p = scan_blanks(s, p, end);
            break;
        case B_LETTER:
            if (!scan_begin_token(s, p)) {
                return p;
            }
            s->string_end = 0;
            s->word_len = 0;
            if (s->cls == CLASS_ROUTINE) {
                s->open_at = scan_pos(s, p);
            }
            p = scan_word(s, p, end);
            break;
        case B_DIGIT:
            if (!scan_begin_token(s, p)) {
                return p;
            }
            s->string_end = 0;
            s->word_len = 0;
            if (s->want_words && s->set_state != SET_VALUE) {
                scan_other_token(s, c);
            }
            p = scan_number(s, p, end);
            break;
        case B_SPECIAL:
            p = scan_special(s, p);
            break;
        default:
            if (!scan_begin_token(s, p)) {
                return p;
            }
            s->string_end = 0;
            unicode_prefix(s, p);
            if (s->want_words) {
                scan_other_token(s, c);
            }
            p++;
            scan_end_token(s, p);
            break;
        }
        if (scan_failed(s)) {
            return p;
        }
    }
    return p;
}

/* U+FEFF at the very start is passed over; what only begins like it is a letter. */
static const char *scan_bom(pgb_scan *s, const char *p, const char *end)
{
    static const char bom[] = "\xEF\xBB\xBF";

    while (p < end && s->word_len < 3 && *p == bom[s->word_len]) {
        s->word_len++;
        p++;
    }
    if (s->word_len == 3) {
        scan_advance(s, p);
        s->line_off = s->pos_off;
        s->line_extra = 0;
        s->word_len = 0;
        s->state = ST_CODE;
    } else if (p < end) {
        if (s->word_len > 0) {
            s->in_stmt = true;
            s->n_tokens = 1;
            s->stmt = s->token = (pgb_scan_pos){.off = 0, .line = 1, .column = 1};
            memcpy(s->word, bom, s->word_len);
            s->state = ST_WORD;
        } else {
            s->state = ST_CODE;
        }
    }
    return p;
}

static void run(pgb_scan *s)
{
    const char *p = s->chunk + s->at, *end = s->chunk + s->end;

    while (p < end && s->queue_n == 0 && !scan_failed(s)) {
        switch (s->state) {
        case ST_BOM:
            p = scan_bom(s, p, end);
            break;
        case ST_CODE:
            p = scan_code(s, p, end);
            break;
        case ST_WORD:
            p = scan_word(s, p, end);
            break;
        case ST_NUMBER:
            p = scan_number(s, p, end);
            break;
        case ST_STRING:
        case ST_STRING_ESCAPE:
            p = scan_string(s, p, end);
            break;
        case ST_IDENTIFIER:
            p = scan_identifier(s, p, end);
            break;
        case ST_DASH:
            if (*p != '-' && !lone_operator(s, '-')) {
                break;
            }
            p = scan_dash(s, p);
            break;
        case ST_SLASH:
            if (*p != '*' && !lone_operator(s, '/')) {
                break;
            }
            p = scan_slash(s, p);
            break;
        case ST_DOLLAR:
        case ST_TAG:
            p = scan_tag(s, p, end);
            break;
        case ST_BODY:
            p = scan_body(s, p, end);
            break;
        case ST_LINE_COMMENT:
            p = scan_line_comment(s, p, end);
            break;
        case ST_BLOCK_COMMENT:
            p = scan_block_comment(s, p, end);
            break;
        case ST_META:
            p = scan_meta(s, p, end);
            break;
        default:
            p = scan_copy(s, p, end);
            break;
        }
    }
    s->at = (size_t)(p - s->chunk);
}

/* --- chunks ---------------------------------------------------------------------------------- */

/* How many bytes a character has that begins with c; 1 for what can't begin one. */
static size_t utf8_len(unsigned char c)
{
    return c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC2 ? 2 : 1;
}

/* Finds the end of what is sound in the chunk. A character that the chunk's end cuts is sound until
 * the rest has come. */
static void check_bytes(pgb_scan *s)
{
    const unsigned char *b = (const unsigned char *)s->chunk;
    size_t at = 0, n;
    const char *nul;

    s->end = s->len;
    s->end_error = PGB_SCAN_OK;
    if (s->carry_n > 0) {
        size_t need = utf8_len(s->carry[0]);

        while (s->carry_n < need && at < s->len && (b[at] & 0xC0) == 0x80) {
            s->carry[s->carry_n++] = b[at++];
        }
        if ((s->carry_n == need ? pgb_utf8_valid((const char *)s->carry, need) != need
                                : at < s->len || s->last)) {
            s->end = 0;
            s->end_error = PGB_SCAN_UTF8;
            return;
        }
        if (s->carry_n < need) {
            return;
        }
        s->carry_n = 0;
    }
    n = s->chunk_high ? at + pgb_utf8_valid(s->chunk + at, s->len - at) : s->len;
    if (n < s->len) {
        size_t rest = s->len - n;

        if (!s->last && rest < utf8_len(b[n]) && rest <= 3) {
            bool cut = true;

            for (size_t i = 1; i < rest; i++) {
                cut = cut && (b[n + i] & 0xC0) == 0x80;
            }
            if (cut) {
                memcpy(s->carry, b + n, rest);
                s->carry_n = (uint8_t)rest;
                s->carry_off = s->base + n;
                n = s->len;
            }
        }
        if (n < s->len) {
            s->end = n;
            s->end_error = PGB_SCAN_UTF8;
        }
    }
    nul = s->end > 0 ? memchr(s->chunk, '\0', s->end) : NULL;
    if (nul != NULL) {
        s->end = (size_t)(nul - s->chunk);
        s->end_error = PGB_SCAN_NUL;
        s->carry_n = 0;
    }
}

static bool has_high(const char *bytes, size_t len)
{
    uint64_t all = 0;
    unsigned char rest = 0;
    size_t i = 0;

    for (; i + 8 <= len; i += 8) {
        uint64_t eight;

        memcpy(&eight, bytes + i, 8);
        all |= eight;
    }
    for (; i < len; i++) {
        rest |= (unsigned char)bytes[i];
    }
    return (all & 0x8080808080808080u) != 0 || (rest & 0x80) != 0;
}

void pgb_scan_give(pgb_scan *s, const char *bytes, size_t len, bool last)
{
    s->base += s->len;
    s->chunk = bytes != NULL ? bytes : ""; /* an empty chunk may be no memory at all */
    s->len = len;
    s->at = 0;
    s->last = last;
    s->chunk_high = has_high(s->chunk, len);
    check_bytes(s);
    s->chunk_cr = len > 0 && memchr(s->chunk, '\r', len) != NULL;
}

/* The end of the text: closes what may be open there, and says what may not. */
static void finish(pgb_scan *s)
{
    const char *end = s->chunk + s->end;
    pgb_scan_error error = PGB_SCAN_OK;

    switch (s->state) {
    case ST_WORD:
        scan_finish_word(s, end);
        break;
    case ST_NUMBER:
        if (s->set_state == SET_VALUE) {
            scan_set_value(s);
        }
        break;
    case ST_STRING:
    case ST_STRING_ESCAPE:
        error = PGB_SCAN_STRING;
        break;
    case ST_IDENTIFIER:
        error = PGB_SCAN_IDENTIFIER;
        break;
    case ST_DASH:
    case ST_SLASH:
        if (!lone_operator(s, s->state == ST_DASH ? '-' : '/')) {
            return;
        }
        break;
    case ST_BODY:
        error = PGB_SCAN_DOLLAR;
        break;
    case ST_LINE_COMMENT:
        scan_end_line_comment(s, end);
        return;
    case ST_BLOCK_COMMENT:
        error = PGB_SCAN_BLOCK;
        break;
    case ST_META:
        scan_end_meta(s, end);
        return;
    case ST_COPY_DATA:
        if (s->copy_bol && s->copy_match >= 2) {
            scan_end_copy(s, end);
            return;
        }
        scan_fail(s, PGB_SCAN_COPY_OPEN, &s->copy_at);
        return;
    default:
        break;
    }
    if (error != PGB_SCAN_OK) {
        scan_fail(s, error, &s->open_at);
        return;
    }
    s->state = ST_CODE;
    if (s->copy_pending) {
        scan_fail(s, PGB_SCAN_COPY_OPEN, &s->copy_at);
        return;
    }
    scan_cut_statement(s);
}

pgb_scan_kind pgb_scan_next(pgb_scan *s, pgb_scan_event *ev)
{
    for (;;) {
        if (s->queue_at < s->queue_n) {
            *ev = s->queue[s->queue_at++];
            return ev->kind;
        }
        s->queue_at = s->queue_n = 0;
        if (scan_failed(s)) {
            *ev = s->failure;
            return PGB_SCAN_ERROR;
        }
        if (s->at < s->end) {
            run(s);
            continue;
        }
        if (s->end_error != PGB_SCAN_OK) {
            pgb_scan_pos at;

            /* what is no character makes no comment of them: what is wrong with the operator is
             * wrong before */
            if ((s->state == ST_DASH || s->state == ST_SLASH) &&
                !lone_operator(s, s->state == ST_DASH ? '-' : '/')) {
                continue;
            }
            at = scan_pos(s, s->chunk + s->end);

            if (s->carry_n > 0 && s->end == 0) {
                /* it began in an earlier chunk, as the last character of this line so far */
                at.off = s->carry_off;
                at.column--;
            }
            scan_fail(s, s->end_error, &at);
            continue;
        }
        scan_advance(s, s->chunk + s->len);
        if (!s->last) {
            memset(ev, 0, sizeof *ev);
            ev->kind = PGB_SCAN_MORE;
            return PGB_SCAN_MORE;
        }
        if (s->state != ST_CODE || s->in_stmt || s->hint_len > 0 || s->copy_pending) {
            finish(s);
            continue;
        }
        memset(ev, 0, sizeof *ev);
        ev->kind = PGB_SCAN_END;
        ev->at = scan_pos(s, s->chunk + s->len);
        return PGB_SCAN_END;
    }
}

static uint64_t keep_token(const pgb_scan *s)
{
    uint64_t now = s->base + s->at;

    switch (s->state) {
    case ST_DASH:
    case ST_SLASH:
    case ST_META:
        return s->open_at.off;
    case ST_LINE_COMMENT:
        /* a title is not that long */
        return s->directive != DIR_NO || now - s->open_at.off < 4096 ? s->open_at.off : now;
    case ST_BLOCK_COMMENT:
        return s->comment_hint || now - s->open_at.off < 3 ? s->open_at.off : now;
    case ST_COPY_DATA:
        return s->piece.off;
    default:
        return now;
    }
}

bool pgb_scan_in_statement(const pgb_scan *s, pgb_scan_pos *ret_at, pgb_scan_pos *ret_token)
{
    *ret_at = s->stmt;
    if (ret_token != NULL) {
        *ret_token = s->token;
    }
    return s->in_stmt;
}

uint64_t pgb_scan_keep(const pgb_scan *s, bool statements)
{
    if (statements && s->in_stmt) {
        return s->stmt.off;
    }
    if (statements && s->hint_len > 0) {
        return s->hint.off;
    }
    return keep_token(s);
}
