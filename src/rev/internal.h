/* Inside of rev: what the loader's parts share. */
#ifndef PGB_REV_INTERNAL_H
#define PGB_REV_INTERNAL_H

#include "rev/rev.h"
#include "rev/window.h"
#include "sql/scan.h"

/* --- folder.c -------------------------------------------------------------------------------- */

typedef struct rev_name {
    const char *name;
    uint64_t key; /* the first eight bytes, so that sorting seldom looks at the name itself */
    bool regular; /* the folder says so; else it is looked at before it is opened */
} rev_name;

/* Names ending in .sql, sorted by bytes, those that begin with a dot left out; into arena and a
 * heap array that the caller frees. *ret_other: a name whose ending is .sql in other letters, or
 * NULL. */
pgb_status rev_folder_list(int dir, const char *display, pgb_arena *arena, rev_name **ret_names,
                           uint32_t *ret_n, const char **ret_other, pgb_error *err);

/* --- parse.c --------------------------------------------------------------------------------- */

/* What a file said, whatever the layout. rev's ranges: header is the text before the first section
 * directive; up is set when has_up. */
typedef struct rev_file {
    pgb_revision rev;
    pgb_scan_pos revision_at, first_stmt, first_section, up_at, down_at, parent_at;
    uint64_t size;
    uint32_t n_sections; /* section directives */
    bool has_revision, has_up, has_down, has_title;
    bool broken; /* an error was reported that leaves it without use */
    bool absent; /* it could not be opened, which was reported */
} rev_file;

typedef struct rev_loader {
    pgb_arena *arena; /* the set's */
    pgb_problems *problems;
    pgb_error *err;
    int dir;
    const char *folder; /* display */
    pgb_window window;
    /* lists of the file under way */
    PGB_VEC(pgb_ref) parents, depends, labels;
    PGB_VEC(pgb_ref) backfills;
    PGB_VEC(pgb_range) verify;
    PGB_VEC(pgb_allow) allows;
    bool incomplete;     /* a file has no id: there can be no graph */
    uint32_t n_proposed; /* free ids that were proposed so far, so that none is proposed twice */
} rev_loader;

void rev_loader_done(rev_loader *l);

/* Reads the open file; problems go to the loader's list. PGB_NOMEM and the like only. down_file: it
 * is NNN_x.down.sql, where only `allow` may stand. */
pgb_status rev_parse_file(rev_loader *l, int fd, rev_file *f, bool down_file);

/* Adds a problem at a place of a file; the source line is read for it. fmt: the message; detail and
 * fix may be NULL. */
typedef struct rev_place {
    const char *file, *name; /* display, and in the folder */
    uint32_t line, column;
    const char *id;
} rev_place;
pgb_status rev_problem(rev_loader *l, const rev_place *at, const char *rule, pgb_severity severity,
                       const char *detail, const char *fix, const char *fmt, ...)
    __attribute__((format(printf, 7, 8)));

/* The text of a line of a file in the folder, at most some hundred bytes; NULL when it can't be
 * had. */
const char *rev_source_line(int dir, const char *name, uint32_t line, char *buf, size_t size);

bool rev_is_id(const char *s, size_t len);
bool rev_is_reserved(const char *s, size_t len); /* head, heads, base, current */

/* --- layout.c -------------------------------------------------------------------------------- */

/* NNN_slug.sql, NNN_slug.down.sql, NNN.sql */
typedef struct rev_number {
    size_t digits;     /* as written */
    const char *value; /* without leading zeros, not terminated */
    size_t value_len;
    const char *slug; /* behind the first _ ; "" when there is none */
    size_t slug_len;
    bool down;
} rev_number;
bool rev_number_of(const char *name, rev_number *ret);
int rev_number_cmp(const rev_number *a, const rev_number *b);

/* Puts the files into the layout's shape: ids, ranges, implied parents; drops what can't be used.
 * files is sorted and shrunk in place. */
pgb_status rev_layout_native(rev_loader *l, rev_file *files, uint32_t *n);
pgb_status rev_layout_numbered(rev_loader *l, rev_file *files, uint32_t *n);

/* --- resolve.c ------------------------------------------------------------------------------- */

/* Finds what the names of parents, depends and labels mean, and builds the graph. */
pgb_status rev_resolve(rev_loader *l, pgb_revset *set, pgb_revision *revs);

/* An id that is free, the same each time: letters go one up, digits stay; the nth such. In the
 * arena; NULL: no memory. */
const char *rev_free_id(pgb_arena *arena, const pgb_revset *set, const char *id, uint32_t nth);

#endif
