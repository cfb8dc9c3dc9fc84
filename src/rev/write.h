/*
 * Making and renaming revision files.
 *
 * Guarantee: a file is there whole or not at all; an existing one is never overwritten by a new
 * one. A rename writes the new file before it takes the old one away, and undoes what it did when a
 * step fails, so that whatever happens the old text is there under one of the two names. Nothing is
 * changed when an argument is wrong. Floor 2.
 */
#ifndef PGB_REV_WRITE_H
#define PGB_REV_WRITE_H

#include "base/buf.h"
#include "rev/rev.h"

enum { PGB_SLUG_MAX = 40 };

/* "Add users' table!" -> "add_users_table": words of letters and digits (ASCII) in lower case, at
 * most PGB_SLUG_MAX bytes, cut between words where that is possible; "revision" when nothing
 * remains. */
void pgb_slug(const char *message, char slug[PGB_SLUG_MAX + 1]);

/* A new id, 12 hexadecimal digits, that is neither an id nor a label of the set (NULL: any). In the
 * arena. */
pgb_status pgb_rev_new_id(const pgb_revset *set, pgb_arena *arena, const char **ret_id,
                          pgb_error *err);
/* Numbered layout: the number after the last, as wide as that; 001 in an empty folder. */
pgb_status pgb_rev_next_number(const pgb_revset *set, pgb_arena *arena, const char **ret_number,
                               pgb_error *err);
/* PGB_USAGE unless id has the right form for the layout and is free. */
pgb_status pgb_rev_check_id(const pgb_revset *set, const char *id, pgb_error *err);

typedef struct pgb_new_revision {
    const char *id;
    const char *title; /* one line; line ends and control characters become blanks */
    const char *const *parents;
    const char *const *depends;
    const char *const *labels;
    uint32_t n_parents, n_depends, n_labels;
    const char *up, *down; /* section bodies; NULL: empty. Numbered: down goes into a file of its
                              own, which is not made when it is NULL. */
} pgb_new_revision;

/* The text of the file (numbered: of the way up). Failures are sticky in out. */
void pgb_rev_compose(pgb_layout layout, const pgb_new_revision *what, pgb_buf *out);

/* Writes <id>_<slug>.sql into the set's folder. *ret_file: the path as people see it, in the arena.
 * Errors: PGB_USAGE (id), PGB_REFUSED (the file exists), PGB_IO. */
pgb_status pgb_rev_write(const pgb_revset *set, const pgb_new_revision *what, const char *slug,
                         pgb_arena *arena, const char **ret_file, pgb_error *err);

typedef struct pgb_rename {
    const char *old_id, *new_id;
    const char *old_file, *new_file; /* as people see them */
    const char *old_down, *new_down; /* numbered: of the way down; NULL: none of its own */
    /* revisions that name the old id as parent or depends; changed: those that were told to follow
     */
    struct pgb_rename_ref {
        const pgb_revision *rev;
        uint32_t line;
        bool parent, changed;
    } * refs;
    uint32_t n_refs;
    bool still_claimed; /* another file has the old id, so that those who name it mean that one */
} pgb_rename;

/* Gives a file a new id, in its name and in its revision directive; in the children named (by id)
 * the parent is changed too. new_id NULL: a free one like the old. The set may have been loaded
 * with problems, and is as before afterwards: load it again. Errors: PGB_USAGE, PGB_IDENTIFIER,
 * PGB_REFUSED (the new name is taken), PGB_IO. */
pgb_status pgb_rev_rename(const pgb_revset *set, const char *file, const char *new_id,
                          const char *const *children, uint32_t n_children, pgb_arena *arena,
                          pgb_rename *ret_rename, pgb_error *err);

#endif
