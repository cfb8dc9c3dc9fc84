/* Inside of rev: a script's parts. */
#ifndef PGB_REV_SCRIPT_INTERNAL_H
#define PGB_REV_SCRIPT_INTERNAL_H

#include <pthread.h>

#include "base/vec.h"
#include "rev/norm.h"
#include "rev/script.h"
#include "rev/window.h"
#include "sql/parse.h"
#include "sql/scan.h"

enum { REV_READERS_MAX = 4 };

/* The parser's thread and the folder are opened once per set. */
struct pgb_revset_shared {
    pthread_mutex_t mutex; /* one statement at a time */
    pgb_parser *parser;    /* made when the first script is opened */
    int dir;
    pgb_revision *revs;                 /* the set's, on the heap */
    pgb_arena *arenas[REV_READERS_MAX]; /* of the threads that read files, beside the set's own */
};

pgb_status rev_shared_new(int dir, struct pgb_revset_shared **ret_shared, pgb_error *err);
void rev_shared_free(struct pgb_revset_shared *shared);

/* Facts of statements are kept from the first pass: all of the first KEPT_FIRST statements, later
 * only those that are not plain, up to KEPT_MAX. What is not kept is plain, or is asked again. */
enum { KEPT_FIRST = 4096, KEPT_MAX = 65536 };

typedef struct kept_facts {
    uint32_t ordinal;
    pgb_facts *facts;
} kept_facts;

struct pgb_script {
    pgb_arena *arena;    /* the script's: names, kept facts */
    pgb_arena *scratch;  /* of the statement under way */
    uint32_t keep_first; /* KEPT_FIRST; 0 for who only looks */
    uint32_t scratch_uses;
    struct pgb_revset_shared *shared; /* the set's, or own */
    bool own_shared;
    const char *display;
    const char *name; /* in the folder */
    int fd;           /* -1: text is all there is */
    char *image;      /* looking: the file as the loader kept it; a statement's end is cut in it */
    uint64_t image_len;
    char *text; /* copy of the section when it is small, always for open_text; NUL-terminated */
    char *work; /* open_text: another, in which statements are cut off by a NUL */
    char *header;
    pgb_scan_pos start;
    uint64_t end;
    bool whole_file; /* the section goes to the file's end */
    bool transaction_none, verify;
    pgb_script_info info;
    PGB_VEC(kept_facts) kept;
    bool kept_full;
    /* the pass under way */
    pgb_window window;
    uint32_t ordinal;
    size_t next_kept;
    bool ended;
    char *cut; /* a NUL stands here in place of cut_char */
    char cut_char;
    /* these are large, and zero only where they must be */
    pgb_scan scan;
    pgb_norm norm;
};

/* Moves to the next event; reads and hashes as needed. The NUL of the item before is taken back. */
pgb_status script_event(pgb_script *s, pgb_scan_event *ev, pgb_error *err);
pgb_status script_begin_pass(pgb_script *s, bool first, pgb_error *err);
/* What the parser allocates for statements that are not kept goes away now and then. */
pgb_status script_fresh_scratch(pgb_script *s, pgb_error *err);
/* The byte that a statement's closing NUL stands for is put back. */
void script_take_back_cut(pgb_script *s);
/* The text of a statement, NUL-terminated until the next event. */
const char *script_statement(pgb_script *s, const pgb_scan_event *ev);
pgb_status script_parse(pgb_script *s, const char *text, size_t len, pgb_arena *arena,
                        pgb_facts *facts, pgb_objects *objects, pgb_error *err);
/* Fills position and source line into a set error. */
void script_place(pgb_script *s, const pgb_scan_pos *at, pgb_error *err);
/* pread from the file, or the text; false: nothing there */
size_t script_read_at(const pgb_script *s, uint64_t off, char *buf, size_t size);
pgb_status script_changed(const pgb_script *s, pgb_error *err);

#endif
