#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/prove.h"
#include "lint/overlap.h"
#include "rev/write.h"

struct values {
    const char *message, *id;
    bool dry_run, prove;
};

static const pgb_option options[] = {
    {.name = "message",
     .letter = 'm',
     .arg = "TEXT",
     PGB_OPT_STRING_AT(struct values, message),
     .help = "title of the merge revision (default: merge A and B)"},
    {.name = "id",
     .arg = "ID",
     PGB_OPT_STRING_AT(struct values, id),
     .help = "its id (default: a random one)"},
    {.name = "dry-run",
     .letter = 'n',
     PGB_OPT_FLAG_AT(struct values, dry_run),
     .help = "say what the branches both touch, and write nothing"},
    {.name = "prove",
     PGB_OPT_FLAG_AT(struct values, prove),
     .help =
         "apply the branches in either order on a private server first, and\nwrite nothing where "
         "that makes a difference"},
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid merge", "one head of all heads"},
    {"pgbraid merge timeline@head exports@head", "of these two"},
    {"pgbraid merge --dry-run", "only what the branches both touch"},
    {"pgbraid merge --prove", "only when their order makes no difference"},
    {NULL, NULL},
};

static pgb_status find_heads(pgb_ctx *ctx, pgb_node_list *ret_heads)
{
    const pgb_world *w = ctx->world;
    pgb_node_list list = {0};
    pgb_status status;

    if (ctx->n_operands == 0) {
        return pgb_world_heads(w, ret_heads, ctx->err);
    }
    list.at = pgb_arena_array(ctx->arena, w->n + 1, sizeof *list.at);
    if (list.at == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < ctx->n_operands; i++) {
        pgb_target target;

        status = pgb_world_resolve(w, ctx->operands[i], &target, ctx->err);
        if (status != PGB_OK) {
            return status;
        }
        for (uint32_t k = 0; k < target.nodes.n; k++) {
            bool known = false;

            for (uint32_t j = 0; j < list.n; j++) {
                known = known || list.at[j] == target.nodes.at[k];
            }
            if (!known) {
                list.at[list.n++] = target.nodes.at[k];
            }
        }
    }
    *ret_heads = list;
    return PGB_OK;
}

/* A parent that another parent has below it adds nothing to a merge. */
static pgb_status refuse_ancestors(pgb_ctx *ctx, pgb_node_list heads)
{
    const pgb_world *w = ctx->world;

    for (uint32_t i = 0; i < heads.n; i++) {
        pgb_bits below;
        pgb_status status;

        if (!pgb_bits_init(&below, ctx->arena, w->n)) {
            return pgb_error_nomem(ctx->err);
        }
        pgb_bits_set(&below, heads.at[i]);
        status = pgb_graph_ancestors(w->graph, &below, false, ctx->err);
        for (uint32_t k = 0; k < heads.n && status == PGB_OK; k++) {
            if (k != i && pgb_bits_get(&below, heads.at[k])) {
                pgb_error_set(ctx->err, PGB_REFUSED,
                              "%s stands below %s: there is nothing to merge",
                              w->nodes[heads.at[k]].id, w->nodes[heads.at[i]].id);
                pgb_error_hint(ctx->err, "pgbraid heads lists what can be merged");
                return PGB_REFUSED;
            }
        }
        if (status != PGB_OK) {
            return status;
        }
    }
    return PGB_OK;
}

static void say_overlaps(pgb_ctx *ctx, const pgb_overlaps *o)
{
    for (uint32_t i = 0; i < o->n; i++) {
        pgb_say(ctx, "both touch %s: %s %s it, %s %s it", o->at[i].object, o->at[i].one->id,
                pgb_verb_name(o->at[i].one_verb), o->at[i].other->id,
                pgb_verb_name(o->at[i].other_verb));
    }
    if (o->n == 0) {
        pgb_say(ctx, "the branches touch nothing in common%s",
                o->n_could_not_tell > 0 ? ", as far as can be told" : "");
    }
    for (uint32_t i = 0; i < o->n_could_not_tell; i++) {
        pgb_say(ctx, "could not tell all of %s: it has bodies or SQL that are not read",
                o->could_not_tell[i]->file);
    }
}

static void put_json(pgb_ctx *ctx, pgb_node_list heads, const pgb_overlaps *o, const char *file,
                     const pgb_prove *prove)
{
    pgb_json json;

    pgb_json_init(&json, pgb_out_json(ctx->out));
    pgb_json_object(&json);
    pgb_json_key(&json, "parents");
    pgb_json_array(&json);
    for (uint32_t i = 0; i < heads.n; i++) {
        pgb_json_string(&json, ctx->world->nodes[heads.at[i]].id);
    }
    pgb_json_end(&json);
    pgb_json_key(&json, "overlaps");
    pgb_json_array(&json);
    for (uint32_t i = 0; i < o->n; i++) {
        pgb_json_object(&json);
        pgb_json_key_string(&json, "object", o->at[i].object);
        pgb_json_key(&json, "revisions");
        pgb_json_array(&json);
        pgb_json_string(&json, o->at[i].one->id);
        pgb_json_string(&json, o->at[i].other->id);
        pgb_json_end(&json);
        pgb_json_end(&json);
    }
    pgb_json_end(&json);
    pgb_json_key(&json, "could_not_tell");
    pgb_json_array(&json);
    for (uint32_t i = 0; i < o->n_could_not_tell; i++) {
        pgb_json_string(&json, o->could_not_tell[i]->id);
    }
    pgb_json_end(&json);
    pgb_json_key_string(&json, "file", file);
    if (prove != NULL) {
        pgb_prove_json(&json, prove);
    }
    pgb_json_end(&json);
    pgb_out_raw(ctx->out, "\n", 1);
}

static pgb_status write_merge(pgb_ctx *ctx, const struct values *v, pgb_node_list heads,
                              const char **ret_file)
{
    pgb_new_revision what = {.id = v->id, .title = v->message, .up = "", .down = ""};
    pgb_rev_options again = {
        .root = ctx->root, .folder = ctx->conf->migrations, .layout = ctx->set->layout};
    const char **ids = pgb_arena_array(ctx->arena, heads.n + 1, sizeof *ids);
    char slug[PGB_SLUG_MAX + 1];
    PGB_AUTO_BUF(title);
    pgb_revset *set = NULL;
    pgb_status status = PGB_OK;

    if (ids == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    pgb_buf_puts(&title, "merge ");
    for (uint32_t i = 0; i < heads.n; i++) {
        ids[i] = ctx->world->nodes[heads.at[i]].id;
        pgb_buf_printf(&title, "%s%s", i == 0 ? "" : i + 1 == heads.n ? " and " : ", ", ids[i]);
    }
    if (title.failed) {
        return pgb_error_nomem(ctx->err);
    }
    what.parents = ids;
    what.n_parents = heads.n;
    if (what.title == NULL) {
        what.title = title.p;
    }
    if (what.id == NULL) {
        status = pgb_rev_new_id(ctx->set, ctx->arena, &what.id, ctx->err);
    }
    if (status == PGB_OK) {
        pgb_slug(v->message != NULL ? v->message : "merge", slug);
        status = pgb_rev_write(ctx->set, &what, slug, ctx->arena, ret_file, ctx->err);
    }
    if (status == PGB_OK) {
        /* what the reader would refuse is taken back */
        status = pgb_revset_load(&again, NULL, &set, ctx->err);
        pgb_revset_free(set);
        if (status != PGB_OK) {
            unlink(*ret_file);
        }
    }
    return status;
}

/* The branches in either order. */
static pgb_status prove_heads(pgb_ctx *ctx, pgb_node_list heads, pgb_prove **ret_prove)
{
    pgb_prove_options how = {.world = ctx->world,
                             .schema = ctx->conf->history_schema,
                             .bin = ctx->conf->server_bin,
                             .timeout_ms = PGB_PROVE_TIMEOUT_MS,
                             .interrupted = &pgb_cli_interrupted,
                             .events = pgb_prove_progress(ctx)};
    pgb_status status = pgb_prove_heads(&how, heads.at, heads.n, ret_prove, ctx->err);

    pgb_prove_progress_end(ctx);
    return status;
}

static pgb_status finish(pgb_ctx *ctx, const struct values *v, pgb_node_list heads,
                         const pgb_overlaps *overlaps)
{
    const char *file = NULL;
    pgb_prove *prove = NULL;
    bool differ = false;
    pgb_status status = v->prove ? prove_heads(ctx, heads, &prove) : PGB_OK;

    if (status == PGB_OK && prove != NULL) {
        differ = !prove->complete || pgb_proofs_count(&prove->proofs, PGB_PROOF_FAILED) > 0;
        if (!ctx->json) {
            pgb_prove_show_text(ctx, prove);
        }
    }
    if (status == PGB_OK && !v->dry_run && !differ) {
        status = write_merge(ctx, v, heads, &file);
    }
    if (status == PGB_OK && ctx->json) {
        put_json(ctx, heads, overlaps, file, prove);
    } else if (status == PGB_OK && file != NULL) {
        pgb_out_printf(ctx->out, "%s\n", file);
        pgb_say(ctx, "next: pgbraid upgrade");
    }
    if (status == PGB_OK && differ) {
        pgb_say(ctx, "nothing was written: let one branch depend on the other (-- pgbraid:depends "
                     "ID), or merge without --prove");
        status = PGB_FINDINGS;
    }
    pgb_prove_free(prove);
    return status;
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    pgb_node_list heads = {0};
    pgb_overlaps overlaps;
    pgb_status status = find_heads(ctx, &heads);

    if (status == PGB_OK && ctx->set->layout == PGB_LAYOUT_NUMBERED) {
        pgb_error_set(ctx->err, PGB_REFUSED,
                      "numbered files are one line: there is nothing to merge");
        pgb_error_hint(ctx->err,
                       "Branches need the native layout: files with \"-- pgbraid:revision ID\" and "
                       "\"-- pgbraid:parent ID\".");
        return PGB_REFUSED;
    }
    if (status == PGB_OK && heads.n < 2) {
        if (ctx->n_operands == 0) {
            pgb_say(ctx, "nothing to merge: there is %s",
                    heads.n == 1 ? "one head" : "no revision");
            if (ctx->json) {
                put_json(ctx, heads, &(pgb_overlaps){0}, NULL, NULL);
            }
            return PGB_OK;
        }
        pgb_error_set(ctx->err, PGB_REFUSED, "a merge needs two revisions at least");
        pgb_error_hint(ctx->err, "pgbraid merge REV REV, or pgbraid merge for all heads");
        return PGB_REFUSED;
    }
    if (status == PGB_OK) {
        status = refuse_ancestors(ctx, heads);
    }
    if (status == PGB_OK) {
        status = pgb_overlaps_find(ctx->set, heads.at, heads.n, ctx->arena, &overlaps, ctx->err);
    }
    if (status != PGB_OK) {
        return status;
    }
    say_overlaps(ctx, &overlaps);
    return finish(ctx, v, heads, &overlaps);
}

const pgb_command pgb_command_merge = {
    .name = "merge",
    .group = "Start",
    .summary = "join heads in a merge revision",
    .operands = "[REV...]",
    .max_operands = -1,
    .about = "Writes a revision whose parents are all heads, or those named, after saying what the "
             "branches "
             "both touch: tables, columns, types and functions that one makes, alters or drops and "
             "another "
             "touches too. What could not be told from the SQL is said.\n\n"
             "With --prove the branches are applied in either order on a private server, and the "
             "schemas compared; exit status 3, and no file, when they differ.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_REVISIONS,
    .embedded = PGB_EMBEDDED_NEVER,
    .run = run,
};
