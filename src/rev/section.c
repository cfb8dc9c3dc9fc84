#include <stdio.h>

#include "rev/parse_internal.h"

pgb_status parse_close_section(parse *p, uint64_t end)
{
    pgb_revision *rev = &p->f->rev;

    p->body.len = end > p->body.off ? end - p->body.off : 0;
    switch (p->in) {
    case IN_HEADER:
        rev->header = p->body;
        break;
    case IN_UP:
        rev->up = p->body;
        break;
    case IN_DOWN:
        rev->down = p->body;
        break;
    case IN_VERIFY:
        return pgb_vec_push(&p->l->verify, p->body) ? PGB_OK : parse_nomem(p);
    default:
        break;
    }
    return PGB_OK;
}

static pgb_status second_section(parse *p, const pgb_scan_event *ev, const char *name,
                                 uint32_t first_line)
{
    char fix[200];

    snprintf(fix, sizeof fix, "Move its statements into the one that begins on line %u.",
             first_line);
    return problem_at(p, ev->at.line, ev->at.column, "second-section", NULL, fix,
                      "the file has a second %s section", name);
}

pgb_status parse_open_section(parse *p, const pgb_scan_event *ev, rev_section in)
{
    pgb_status status = parse_close_section(p, ev->at.off);
    rev_file *f = p->f;

    if (status != PGB_OK) {
        return status;
    }
    if (f->n_sections++ == 0) {
        f->first_section = ev->at;
    }
    if (in == IN_UP && f->has_up) {
        status = second_section(p, ev, "up", f->up_at.line);
    } else if ((in == IN_DOWN || in == IN_IRREVERSIBLE) && f->has_down) {
        status = second_section(p, ev, "down", f->down_at.line);
    }
    if (in == IN_UP && !f->has_up) {
        f->has_up = true;
        f->up_at = ev->at;
    }
    if ((in == IN_DOWN || in == IN_IRREVERSIBLE) && !f->has_down) {
        f->has_down = true;
        f->down_at = ev->at;
        f->rev.down_kind = in == IN_DOWN ? PGB_DOWN_SQL : PGB_DOWN_IRREVERSIBLE;
    }
    p->in = in;
    p->body_pending = ev->at.off + ev->len;
    p->body = (pgb_range){.off = p->body_pending, .line = ev->at.line};
    pgb_scan_reset_settings(&p->scan);
    return status;
}

void parse_pass_newline(parse *p, bool at_end)
{
    const char *c;
    uint64_t off = p->body_pending;

    if (off == 0) {
        return;
    }
    c = pgb_window_get(p->w, off, 2);
    if (c == NULL && at_end) {
        c = pgb_window_get(p->w, off, 1);
        p->body.off += c != NULL;
        p->body.line -= c == NULL; /* nothing follows: it stays in the directive's line */
    } else if (c != NULL) {
        p->body.off += c[0] == '\r' && c[1] == '\n' ? 2 : 1;
    } else {
        return;
    }
    p->body.line++;
    p->body_pending = 0;
}
