#include <string.h>

#include "base/json.h"
#include "cli/cli.h"
#include "cli/worktree.h"
#include "rev/write.h"

struct values {
    pgb_strings children;
};

static const pgb_option options[] = {
    {.name = "children",
     .arg = "ID,...",
     PGB_OPT_LIST_AT(struct values, children),
     .help = "revisions that name the old id as parent and are to follow\nto the new one"},
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid rename migrations/d4e5f6g7h8i9_add_export_tables.sql e4f5g6h7i8j9",
     "a new id for one of two files that claim the same"},
    {"pgbraid rename migrations/a1_add_x.sql", "a free id, chosen by pgbraid"},
    {NULL, NULL},
};

static void put_json(pgb_ctx *ctx, const pgb_rename *r)
{
    pgb_json json;

    pgb_json_init(&json, pgb_out_json(ctx->out));
    pgb_json_object(&json);
    pgb_json_key_string(&json, "old_id", r->old_id);
    pgb_json_key_string(&json, "new_id", r->new_id);
    pgb_json_key_string(&json, "old_file", r->old_file);
    pgb_json_key_string(&json, "new_file", r->new_file);
    pgb_json_key(&json, "children");
    pgb_json_array(&json);
    for (uint32_t i = 0; i < r->n_refs; i++) {
        pgb_json_object(&json);
        pgb_json_key_string(&json, "revision", r->refs[i].rev->id);
        pgb_json_key_string(&json, "file", r->refs[i].rev->file);
        pgb_json_key_int(&json, "line", r->refs[i].line);
        pgb_json_key_bool(&json, "parent", r->refs[i].parent);
        pgb_json_key_bool(&json, "changed", r->refs[i].changed);
        pgb_json_end(&json);
    }
    pgb_json_end(&json);
    pgb_json_end(&json);
    pgb_out_raw(ctx->out, "\n", 1);
}

/* The renamed file and the children that changed with it: staged together, or a commit would have
 * one without the other. */
static void tell_git(pgb_ctx *ctx, const pgb_worktree *tree, const pgb_rename *r)
{
    const char **files = pgb_arena_array(ctx->arena, r->n_refs + 4, sizeof *files);
    bool clean = files != NULL && pgb_worktree_is_clean(ctx, tree, r->old_file);
    size_t n = 0;

    if (!clean && !pgb_worktree_has(ctx, tree, r->old_file)) {
        return; /* git does not know the file */
    }
    for (uint32_t i = 0; i < r->n_refs && clean; i++) {
        if (r->refs[i].changed) {
            clean = pgb_worktree_is_clean(ctx, tree, r->refs[i].rev->file);
            files[n++] = r->refs[i].rev->file;
        }
    }
    if (clean) {
        files[n++] = r->old_file;
        files[n++] = r->new_file;
        if (r->old_down != NULL) {
            files[n++] = r->old_down;
            files[n++] = r->new_down;
        }
        clean = pgb_worktree_stage(ctx, tree, files, n);
    }
    pgb_say(ctx, "%s",
            clean ? "git: staged as a rename"
                  : "git: not staged, because there were changes that are not staged; "
                    "it becomes a rename with git add");
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    pgb_rev_options rev_options = {
        .root = ctx->root,
        .folder = ctx->conf->migrations,
        .layout = strcmp(ctx->conf->layout, "native") == 0     ? PGB_LAYOUT_NATIVE
                  : strcmp(ctx->conf->layout, "numbered") == 0 ? PGB_LAYOUT_NUMBERED
                                                               : PGB_LAYOUT_AUTO};
    pgb_problems *problems = pgb_problems_new(); /* what is to be mended is not in the way */
    pgb_worktree tree = {.prefix = ""};
    pgb_rename r = {0};
    pgb_status status;

    if (problems == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    status = pgb_revset_load(&rev_options, problems, &ctx->set, ctx->err);
    pgb_problems_free(problems);
    if (status == PGB_OK) {
        pgb_worktree_look(ctx, ctx->conf->migrations, &tree);
        status = pgb_rev_rename(ctx->set, ctx->operands[0],
                                ctx->n_operands > 1 ? ctx->operands[1] : NULL, v->children.at,
                                v->children.n, ctx->arena, &r, ctx->err);
    }
    if (status == PGB_OK) {
        tell_git(ctx, &tree, &r);
    }
    pgb_worktree_done(&tree);
    if (status != PGB_OK) {
        return status;
    }
    if (ctx->json) {
        put_json(ctx, &r);
        return PGB_OK;
    }
    pgb_out_printf(ctx->out, "%s -> %s\n", r.old_file, r.new_file);
    for (uint32_t i = 0; i < r.n_refs; i++) {
        pgb_say(ctx, "%s:%u: %s names %s as %s%s", r.refs[i].rev->file, r.refs[i].line,
                r.refs[i].rev->id, r.refs[i].changed ? r.new_id : r.old_id,
                r.refs[i].parent ? "parent" : "dependency",
                r.refs[i].changed ? " now"
                : r.still_claimed ? ", and means the other file"
                                  : ", which no file has now: name it with --children, or edit it");
    }
    pgb_say(ctx, "next: pgbraid check");
    return PGB_OK;
}

const pgb_command pgb_command_rename = {
    .name = "rename",
    .group = "Start",
    .summary = "give a revision file a new id, in name and header",
    .operands = "FILE [ID]",
    .min_operands = 1,
    .max_operands = 2,
    .about = "Changes the file's name and the id in its revision directive, nothing else. "
             "Revisions that name the "
             "old id as parent keep it, unless --children names them; who names it is listed. A "
             "wrong argument "
             "changes nothing.\n\n"
             "In a git work tree the rename is staged, as git mv does it, with the children that "
             "follow; not where one of these files has changes that are not staged.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .needs = PGB_NEED_CONF,
    .embedded = PGB_EMBEDDED_NEVER,
    .run = run,
};
