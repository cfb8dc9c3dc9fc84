/* What could be meant: the candidates of an ambiguous identifier, told with the error. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "plan/internal.h"

pgb_shown pgb_show(const char *text, size_t len)
{
    PGB_AUTO_BUF(shown);
    pgb_shown ret;

    pgb_text_display(&shown, text, len, false);
    if (shown.len < sizeof ret.text) {
        snprintf(ret.text, sizeof ret.text, "%s", pgb_buf_str(&shown));
    } else {
        size_t keep = sizeof ret.text - sizeof "…";

        /* never end inside a character */
        while (keep > 0 && ((unsigned char)shown.p[keep] & 0xC0) == 0x80) {
            keep--;
        }
        snprintf(ret.text, sizeof ret.text, "%.*s…", (int)keep, shown.p);
    }
    return ret;
}

void pgb_candidates_add(pgb_candidates *c, uint32_t node, const char *spelling)
{
    uint32_t i = c->n_shown;

    c->n++;
    if (i == PGB_CANDIDATES_SHOWN) {
        return;
    }
    pgb_buf_puts(&c->spellings, i > 0 ? ", " : "");
    c->nodes[i] = node;
    c->begin[i] = c->spellings.len;
    c->len[i] = strlen(spelling);
    pgb_buf_puts(&c->spellings, spelling);
    c->n_shown++;
}

/* A line for each, ids and titles below one another. */
static void put_lines(const pgb_candidates *c, const pgb_world *w, pgb_buf *lines)
{
    size_t width = 0;

    for (uint32_t i = 0; i < c->n_shown; i++) {
        width = c->len[i] > width ? c->len[i] : width;
    }
    for (uint32_t i = 0; i < c->n_shown; i++) {
        const pgb_world_node *node = &w->nodes[c->nodes[i]];
        const char *spelling = pgb_buf_str(&c->spellings) + c->begin[i];
        bool is_id = strlen(node->id) == c->len[i] && memcmp(node->id, spelling, c->len[i]) == 0;
        pgb_shown title = pgb_show(node->title, strlen(node->title));

        pgb_buf_printf(lines, "%s%.*s", i > 0 ? "\n" : "", (int)c->len[i], spelling);
        if (!is_id || title.text[0] != '\0') {
            pgb_buf_printf(lines, "%*s", (int)(width - c->len[i]), "");
        }
        pgb_buf_printf(lines, "%s%s", is_id ? "" : "  ", is_id ? "" : node->id);
        pgb_buf_printf(lines, "%s%s", title.text[0] != '\0' ? "  " : "", title.text);
    }
    if (c->n > c->n_shown) {
        pgb_buf_printf(lines, "\n… and %u more", c->n - c->n_shown);
    }
}

pgb_status pgb_candidates_done(pgb_candidates *c, const pgb_world *w, pgb_status status,
                               const char *see, pgb_error *err)
{
    PGB_AUTO_BUF(lines);

    if (status != PGB_NOMEM && !c->spellings.failed) {
        put_lines(c, w, &lines);
    }
    if (status == PGB_NOMEM || c->spellings.failed || lines.failed) {
        pgb_error_clear(err);
        status = pgb_error_nomem(err);
    } else if (c->n > 0) {
        pgb_error_detail(err, "%s", pgb_buf_str(&lines));
        pgb_error_hint(err, "say %s%s%s; %s", c->n > 1 ? "one of " : "", pgb_buf_str(&c->spellings),
                       c->n > c->n_shown ? ", …" : "", see);
    } else {
        pgb_error_hint(err, "%s", see);
    }
    pgb_buf_done(&c->spellings);
    return status;
}
