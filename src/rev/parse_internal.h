/* Inside of the loader: the file that is being parsed. parse.c goes through its events, directive.c
 * knows the directives, section.c the sections. */
#ifndef PGB_REV_PARSE_INTERNAL_H
#define PGB_REV_PARSE_INTERNAL_H

#include "rev/internal.h"

enum { REV_DIRECTIVE_MAX = 1024 * 1024 };

typedef enum rev_section { IN_HEADER, IN_UP, IN_DOWN, IN_VERIFY, IN_IRREVERSIBLE } rev_section;

/* The file under way. */
typedef struct parse {
    rev_loader *l;
    rev_file *f;
    pgb_window *w;
    pgb_scan scan;
    rev_section in;
    pgb_range body; /* of the section under way */
    uint64_t
        body_pending; /* end of the directive whose newline is still to be passed over; 0: none */
    bool down_file;
    bool stop; /* nothing more can be said about this file */
} parse;

#define problem_at(p, line, column, rule, detail, fix, ...)                                        \
    rev_problem((p)->l, &(rev_place[]){parse_place((p), (line), (column))}[0], (rule), PGB_ERROR,  \
                (detail), (fix), __VA_ARGS__)

static inline rev_place parse_place(const parse *p, uint32_t line, uint32_t column)
{
    return (rev_place){.file = p->f->rev.file,
                       .name = p->f->rev.name,
                       .line = line,
                       .column = column,
                       .id = p->f->rev.id};
}

static inline pgb_status parse_nomem(parse *p)
{
    return pgb_error_nomem(p->l->err);
}

/* section.c */
pgb_status parse_open_section(parse *p, const pgb_scan_event *ev, rev_section in);
pgb_status parse_close_section(parse *p, uint64_t end);
/* The body begins behind the directive's newline, which may be two bytes and in the next piece. */
void parse_pass_newline(parse *p, bool at_end);

/* directive.c */
pgb_status parse_directive(parse *p, const pgb_scan_event *ev);

#endif
