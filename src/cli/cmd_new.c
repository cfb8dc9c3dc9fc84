#include <string.h>
#include <unistd.h>

#include "cli/list.h"
#include "rev/write.h"

struct values {
    pgb_strings parent, label, depends;
    const char *id;
};

static const pgb_option options[] = {
    {.name = "parent",
     .letter = 'p',
     .arg = "REV",
     PGB_OPT_LIST_AT(struct values, parent),
     .help = "its parent, instead of the single head; several, by comma, make a merge; base: none"},
    {.name = "depends",
     .arg = "REV",
     PGB_OPT_LIST_AT(struct values, depends),
     .help = "what must be applied before it, but is no parent: ids, labels, backfill:NAME"},
    {.name = "label",
     .letter = 'l',
     .arg = "NAME",
     PGB_OPT_LIST_AT(struct values, label),
     .help = "a name for the branch that begins with it"},
    {.name = "id",
     .arg = "ID",
     PGB_OPT_STRING_AT(struct values, id),
     .help = "its id (default: twelve random hexadecimal digits)"},
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid new \"add invoices\"", "a revision on top of the head"},
    {"pgbraid new \"add exports\" --parent c3d4 --label exports",
     "a branch that begins at c3d4, with a name"},
    {NULL, NULL},
};

static pgb_status check_message(pgb_ctx *ctx, const char *message)
{
    if (message[strspn(message, " \t")] == '\0' || strpbrk(message, "\r\n") != NULL) {
        return pgb_error_set(ctx->err, PGB_USAGE, "new: the message must be one line of text");
    }
    if (strncasecmp(message + strspn(message, " \t"), "pgbraid:", 8) == 0) {
        return pgb_error_set(ctx->err, PGB_USAGE,
                             "new: a message that begins with pgbraid: would be a directive");
    }
    return PGB_OK;
}

/* Several heads and no --parent: which one is meant is not for us to guess. */
static pgb_status several_heads(pgb_ctx *ctx, pgb_node_list heads)
{
    PGB_AUTO_BUF(detail);

    pgb_error_set(ctx->err, PGB_IDENTIFIER, "new: there are %u heads; which is the parent?",
                  heads.n);
    for (uint32_t i = 0; i < heads.n && i < 20; i++) {
        const pgb_world_node *n = &ctx->world->nodes[heads.at[i]];

        pgb_buf_printf(&detail, "%s--parent %s  %s", i == 0 ? "" : "\n", n->id,
                       n->title == NULL ? "" : n->title);
    }
    pgb_error_detail(ctx->err, "%s", pgb_buf_str(&detail));
    pgb_error_hint(ctx->err, "Name one, or join them first: pgbraid merge.");
    return PGB_IDENTIFIER;
}

static pgb_status find_parents(pgb_ctx *ctx, const struct values *v, pgb_node_list *ret_parents)
{
    const pgb_world *w = ctx->world;
    pgb_node_list parents = {.at = NULL};
    pgb_status status;

    if (v->parent.n == 0) {
        status = pgb_world_heads(w, &parents, ctx->err);
        if (status == PGB_OK && parents.n > 1) {
            status = several_heads(ctx, parents);
        }
        *ret_parents = parents;
        return status;
    }
    parents.at = pgb_arena_array(ctx->arena, w->n + 1, sizeof *parents.at);
    if (parents.at == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < v->parent.n; i++) {
        pgb_target target;

        status = pgb_world_resolve(w, v->parent.at[i], &target, ctx->err);
        if (status != PGB_OK) {
            return status;
        }
        for (uint32_t k = 0; k < target.nodes.n && parents.n < w->n; k++) {
            parents.at[parents.n++] = target.nodes.at[k];
        }
    }
    *ret_parents = parents;
    return PGB_OK;
}

/* The parents as a list of ids. */
static pgb_status set_parents(pgb_ctx *ctx, const struct values *v, pgb_new_revision *what)
{
    pgb_node_list parents = {0};
    pgb_status status = find_parents(ctx, v, &parents);
    const char **ids;

    if (status != PGB_OK) {
        return status;
    }
    ids = pgb_arena_array(ctx->arena, parents.n + 1, sizeof *ids);
    if (ids == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < parents.n; i++) {
        ids[i] = ctx->world->nodes[parents.at[i]].id;
    }
    what->parents = ids;
    what->n_parents = parents.n;
    return PGB_OK;
}

/* Dependencies are written as their ids, so that a label that moves changes nothing. */
static pgb_status set_depends(pgb_ctx *ctx, const pgb_strings *depends, pgb_new_revision *what)
{
    const char **ids = pgb_arena_array(ctx->arena, depends->n + 1, sizeof *ids);

    if (ids == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < depends->n; i++) {
        uint32_t node;

        ids[i] = depends->at[i];
        if (strncmp(ids[i], "backfill:", 9) != 0) {
            pgb_status status = pgb_world_resolve_one(ctx->world, ids[i], &node, ctx->err);

            if (status != PGB_OK) {
                return status;
            }
            ids[i] = ctx->world->nodes[node].id;
        }
    }
    what->depends = ids;
    what->n_depends = depends->n;
    return PGB_OK;
}

static pgb_status fill_in(pgb_ctx *ctx, const struct values *v, bool numbered,
                          pgb_new_revision *what)
{
    pgb_status status = PGB_OK;

    if (numbered && v->parent.n > 0) {
        pgb_error_set(ctx->err, PGB_USAGE,
                      "new: the parent of a numbered file is the number before");
        pgb_error_hint(ctx->err, "Leave --parent out.");
        return PGB_USAGE;
    }
    if (!numbered) {
        status = set_parents(ctx, v, what);
    }
    if (status == PGB_OK && v->id == NULL) {
        status = numbered ? pgb_rev_next_number(ctx->set, ctx->arena, &what->id, ctx->err)
                          : pgb_rev_new_id(ctx->set, ctx->arena, &what->id, ctx->err);
    }
    if (status == PGB_OK) {
        status = set_depends(ctx, &v->depends, what);
    }
    return status;
}

/* Of "migrations/001_x.sql" its way back, "migrations/001_x.down.sql". */
static const char *down_of(pgb_ctx *ctx, const char *file)
{
    return pgb_arena_printf(ctx->arena, "%.*s.down.sql", (int)(strlen(file) - strlen(".sql")),
                            file);
}

/* Reads the project again: what the reader would refuse, a label that is taken, say, is taken
 * back. */
static pgb_status check_written(pgb_ctx *ctx, const char *const *files, size_t n)
{
    pgb_rev_options again = {
        .root = ctx->root, .folder = ctx->conf->migrations, .layout = ctx->set->layout};
    pgb_revset *set = NULL;
    pgb_status status = pgb_revset_load(&again, NULL, &set, ctx->err);

    pgb_revset_free(set);
    for (size_t i = 0; status != PGB_OK && i < n; i++) {
        unlink(files[i]);
    }
    return status;
}

static void put_answer(pgb_ctx *ctx, const char *const *files, size_t n)
{
    pgb_json json;

    if (!ctx->json) {
        for (size_t i = 0; i < n; i++) {
            pgb_out_printf(ctx->out, "%s\n", files[i]);
        }
        pgb_say(ctx, "next: write its SQL%s, then pgbraid upgrade",
                n == 1 ? " below up, and what undoes it below down" : "");
        return;
    }
    pgb_json_init(&json, pgb_out_json(ctx->out));
    pgb_json_object(&json);
    pgb_json_key(&json, "files");
    pgb_json_array(&json);
    for (size_t i = 0; i < n; i++) {
        pgb_json_string(&json, files[i]);
    }
    pgb_json_end(&json);
    pgb_json_end(&json);
    pgb_out_raw(ctx->out, "\n", 1);
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    bool numbered = ctx->set->layout == PGB_LAYOUT_NUMBERED;
    pgb_new_revision what = {.id = v->id,
                             .title = ctx->operands[0],
                             .labels = v->label.at,
                             .n_labels = v->label.n,
                             .down = numbered ? "" : NULL};
    const char *files[2] = {NULL, NULL};
    size_t n = numbered ? 2 : 1;
    char slug[PGB_SLUG_MAX + 1];
    pgb_status status = check_message(ctx, what.title);

    if (status == PGB_OK) {
        status = fill_in(ctx, v, numbered, &what);
    }
    if (status == PGB_OK) {
        pgb_slug(what.title, slug);
        status = pgb_rev_write(ctx->set, &what, slug, ctx->arena, &files[0], ctx->err);
    }
    if (status == PGB_OK && numbered) {
        files[1] = down_of(ctx, files[0]);
        status = files[1] == NULL ? pgb_error_nomem(ctx->err) : PGB_OK;
    }
    if (status == PGB_OK) {
        status = check_written(ctx, files, n);
    }
    if (status == PGB_OK) {
        put_answer(ctx, files, n);
    }
    return status;
}

const pgb_command pgb_command_new = {
    .name = "new",
    .summary = "start a revision",
    .operands = "MESSAGE",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Writes a revision file with an id of its own and prints its path. Its parent is the "
             "head; where there are several, it must be named. In a project of numbered files it "
             "gets the next number, and a file for the way back.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_REVISIONS,
    .run = run,
};
