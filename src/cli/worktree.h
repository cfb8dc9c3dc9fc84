/*
 * The git work tree in which a project stands, as far as two commands need it: where in it the
 * project is, and that a renamed file is a rename to git at once, as after git mv.
 *
 * Guarantee: nothing here fails a command. Without a work tree, or without the program git, nothing
 * is done. Only files whose staged text was their text before are staged, so that nobody's own
 * unstaged work gets into the next commit. Floor 6, inside cli.
 */
#ifndef PGB_CLI_WORKTREE_H
#define PGB_CLI_WORKTREE_H

#include "base/buf.h"
#include "cli/cli.h"

/* The project's folder as seen from the top of the work tree: "services/db/", or "" at the top and
 * where there is no work tree; *ret_found tells. In the arena; NULL: no memory. */
const char *pgb_worktree_prefix(const char *root, pgb_arena *arena, bool *ret_found);

/* What git says of a folder before files in it are changed. */
typedef struct pgb_worktree {
    bool found;
    const char *prefix;
    pgb_buf status;
} pgb_worktree;

void pgb_worktree_look(pgb_ctx *ctx, const char *folder, pgb_worktree *ret_tree);
bool pgb_worktree_has(pgb_ctx *ctx, const pgb_worktree *tree, const char *file);
/* git has this file, and it holds what is staged. */
bool pgb_worktree_is_clean(pgb_ctx *ctx, const pgb_worktree *tree, const char *file);
/* Stages what became of the files, those that are gone among them; false: git would not. */
bool pgb_worktree_stage(pgb_ctx *ctx, const pgb_worktree *tree, const char *const *files, size_t n);
void pgb_worktree_done(pgb_worktree *tree);

#endif
