#include "cli/worktree.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"

enum { GIT_PATIENCE_MS = 30000 };

const char *pgb_worktree_prefix(const char *root, pgb_arena *arena, bool *ret_found)
{
    size_t len = strlen(root);

    *ret_found = false;
    while (len > 0) {
        char *dot = pgb_arena_printf(arena, "%.*s/.git", (int)len, root);

        if (dot == NULL) {
            return NULL;
        }
        if (access(dot, F_OK) == 0) {
            const char *rest = root + len;

            *ret_found = true;
            rest += *rest == '/';
            return *rest != '\0' ? pgb_arena_printf(arena, "%s/", rest) : "";
        }
        while (len > 0 && root[len - 1] != '/') {
            len--;
        }
        len -= len > 0; /* the slash */
    }
    return "";
}

/* Runs git in the project's folder; its exit status, -1 when it could not be run. */
static int git(pgb_ctx *ctx, const char *const *arguments, size_t n, pgb_buf *out)
{
    const char **argv = pgb_arena_array(ctx->arena, n + 5, sizeof *argv);
    pgb_proc_options options = PGB_PROC_INIT;
    pgb_error ignored = PGB_ERROR_INIT;
    int code = -1;

    if (argv == NULL) {
        return -1;
    }
    argv[0] = "git";
    argv[1] = "-C";
    argv[2] = ctx->root;
    argv[3] = "--literal-pathspecs";
    memcpy(argv + 4, arguments, n * sizeof *argv);
    options.argv = argv;
    return pgb_proc_run(&options, pgb_deadline_in(GIT_PATIENCE_MS), out, NULL, &code, &ignored) ==
                   PGB_OK
               ? code
               : -1;
}

void pgb_worktree_look(pgb_ctx *ctx, const char *folder, pgb_worktree *ret_tree)
{
    const char *const status[] = {
        "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", folder};

    *ret_tree = (pgb_worktree){.prefix = ""};
    if (folder[0] == '/') {
        return; /* where that is in a work tree is not known */
    }
    ret_tree->prefix = pgb_worktree_prefix(ctx->root, ctx->arena, &ret_tree->found);
    if (ret_tree->prefix == NULL ||
        (ret_tree->found &&
         git(ctx, status, sizeof status / sizeof *status, &ret_tree->status) != 0)) {
        ret_tree->found = false;
    }
}

/* Entries are "XY path", each ended by a NUL; Y tells how the file differs from what is staged. */
static bool differs(const pgb_worktree *tree, const char *file)
{
    size_t prefix = strlen(tree->prefix);

    for (size_t at = 0; at + 3 < tree->status.len;) {
        const char *entry = tree->status.p + at;
        size_t len = strnlen(entry, tree->status.len - at);

        if (len > 3 + prefix && entry[1] != ' ' && strncmp(entry + 3, tree->prefix, prefix) == 0 &&
            strcmp(entry + 3 + prefix, file) == 0) {
            return true;
        }
        at += len + 1;
    }
    return false;
}

bool pgb_worktree_has(pgb_ctx *ctx, const pgb_worktree *tree, const char *file)
{
    const char *const known[] = {"ls-files", "--error-unmatch", "--", file};

    return tree->found && git(ctx, known, sizeof known / sizeof *known, NULL) == 0;
}

bool pgb_worktree_is_clean(pgb_ctx *ctx, const pgb_worktree *tree, const char *file)
{
    return !differs(tree, file) && pgb_worktree_has(ctx, tree, file);
}

bool pgb_worktree_stage(pgb_ctx *ctx, const pgb_worktree *tree, const char *const *files, size_t n)
{
    const char **add = pgb_arena_array(ctx->arena, n + 3, sizeof *add);

    if (!tree->found || add == NULL) {
        return false;
    }
    add[0] = "add";
    add[1] = "--all";
    add[2] = "--";
    memcpy(add + 3, files, n * sizeof *add);
    return git(ctx, add, n + 3, NULL) == 0;
}

void pgb_worktree_done(pgb_worktree *tree)
{
    pgb_buf_done(&tree->status);
}
