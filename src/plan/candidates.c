/* What could be meant: the candidates of an ambiguous identifier, told with the error. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "plan/internal.h"

enum { CANDIDATES_SHOWN = 12 };

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

void pgb_candidates_add(pgb_candidates *c, const pgb_world *w, uint32_t node, const char *spelling)
{
    c->n++;
    if (c->n_shown == CANDIDATES_SHOWN) {
        return;
    }
    c->n_shown++;
    pgb_buf_printf(&c->spellings, "%s%s", c->n_shown > 1 ? ", " : "", spelling);
    pgb_buf_printf(&c->lines, "%s%-16s", c->n_shown > 1 ? "\n" : "", spelling);
    if (strcmp(spelling, w->nodes[node].id) != 0) {
        pgb_buf_printf(&c->lines, " %s", w->nodes[node].id);
    }
    if (w->nodes[node].title[0] != '\0') {
        pgb_shown title = pgb_show(w->nodes[node].title, strlen(w->nodes[node].title));

        pgb_buf_printf(&c->lines, " %s", title.text);
    }
}

pgb_status pgb_candidates_done(pgb_candidates *c, pgb_status status, const char *see,
                               pgb_error *err)
{
    const char *more = c->n > c->n_shown ? ", …" : "";

    if (c->n > c->n_shown) {
        pgb_buf_printf(&c->lines, "\n… and %u more", c->n - c->n_shown);
    }
    if (status == PGB_NOMEM || c->lines.failed || c->spellings.failed) {
        pgb_error_clear(err);
        status = pgb_error_nomem(err);
    } else {
        if (c->n > 0) {
            pgb_error_detail(err, "%s", pgb_buf_str(&c->lines));
            pgb_error_hint(err, "say %s%s%s; %s", c->n > 1 ? "one of " : "",
                           pgb_buf_str(&c->spellings), more, see);
        } else {
            pgb_error_hint(err, "%s", see);
        }
    }
    pgb_buf_done(&c->lines);
    pgb_buf_done(&c->spellings);
    return status;
}
