#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/list.h"

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

/* A file to be written: its name in the folder, and its text. */
struct file {
    const char *name;
    pgb_buf text;
};

static bool slug_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Lower case letters and digits of the message, words joined by "_", cut at 40. */
static void slug_of(const char *message, char slug[64])
{
    size_t n = 0;
    bool gap = false;

    for (; *message != '\0' && n < 40; message++) {
        unsigned char c = (unsigned char)tolower((unsigned char)*message);

        if (!slug_char(c)) {
            gap = n > 0 && (gap || c < 0x80); /* other letters are left out, and part no word */
            continue;
        }
        if (gap) {
            slug[n++] = '_';
            gap = false;
        }
        slug[n++] = (char)c;
    }
    slug[n] = '\0';
    if (n == 0) {
        memcpy(slug, "revision", sizeof "revision");
    }
}

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

static pgb_status check_id(pgb_ctx *ctx, const char *id, bool numbered)
{
    const char *allowed = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    uint32_t node;

    if (id[0] == '\0' || id[strspn(id, numbered ? "0123456789" : allowed)] != '\0') {
        pgb_error_set(ctx->err, PGB_USAGE, "new: '%s' is no id", id);
        pgb_error_hint(ctx->err, numbered ? "In this project an id is a number."
                                          : "An id has letters, digits and _ only.");
        return PGB_USAGE;
    }
    if (pgb_map_get(&ctx->set->by_id, id, strlen(id), &node)) {
        return pgb_error_set(ctx->err, PGB_USAGE, "new: there is a revision %s already: %s", id,
                             ctx->set->revs[node].file);
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
    pgb_error_hint(ctx->err, "Name one, or join them all: --parent heads.");
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

/* Dependencies are written as their ids, so that a label that moves changes nothing. */
static pgb_status put_depends(pgb_ctx *ctx, const pgb_strings *depends, pgb_buf *text)
{
    for (uint32_t i = 0; i < depends->n; i++) {
        const char *name = depends->at[i];
        uint32_t node;

        if (strncmp(name, "backfill:", 9) != 0) {
            pgb_status status = pgb_world_resolve_one(ctx->world, name, &node, ctx->err);

            if (status != PGB_OK) {
                return status;
            }
            name = ctx->world->nodes[node].id;
        }
        pgb_buf_printf(text, "-- pgbraid:depends %s\n", name);
    }
    return PGB_OK;
}

static pgb_status native_file(pgb_ctx *ctx, const struct values *v, const char *message,
                              struct file *file)
{
    const char *id = v->id;
    pgb_node_list parents = {0};
    pgb_status status = find_parents(ctx, v, &parents);
    char slug[64];

    if (status == PGB_OK && id == NULL) {
        id = pgb_arena_printf(ctx->arena, "%012" PRIx64, pgb_random_u64() & 0xFFFFFFFFFFFFu);
    }
    if (status != PGB_OK || id == NULL) {
        return status != PGB_OK ? status : pgb_error_nomem(ctx->err);
    }
    slug_of(message, slug);
    file->name = pgb_arena_printf(ctx->arena, "%s_%s.sql", id, slug);
    pgb_buf_printf(&file->text, "-- %s\n-- pgbraid:revision %s\n", message, id);
    for (uint32_t i = 0; i < parents.n; i++) {
        pgb_buf_printf(&file->text, "%s%s", i == 0 ? "-- pgbraid:parent " : ", ",
                       ctx->world->nodes[parents.at[i]].id);
    }
    pgb_buf_puts(&file->text, parents.n > 0 ? "\n" : "");
    status = put_depends(ctx, &v->depends, &file->text);
    for (uint32_t i = 0; status == PGB_OK && i < v->label.n; i++) {
        pgb_buf_printf(&file->text, "-- pgbraid:label %s\n", v->label.at[i]);
    }
    pgb_buf_puts(&file->text, "\n-- pgbraid:up\n\n-- pgbraid:down\n");
    return status;
}

/* The number after the greatest, with as many digits as that has. */
static pgb_status next_number(pgb_ctx *ctx, char number[32])
{
    unsigned long long greatest = 0;
    int width = 3;

    for (uint32_t i = 0; i < ctx->set->n; i++) {
        unsigned long long n = strtoull(ctx->set->revs[i].id, NULL, 10);

        if (strlen(ctx->set->revs[i].id) > 18) {
            pgb_error_set(ctx->err, PGB_REFUSED, "new: there is no number after %s",
                          ctx->set->revs[i].id);
            pgb_error_hint(ctx->err, "Give the number: --id NUMBER.");
            return PGB_REFUSED;
        }
        if (n >= greatest) {
            greatest = n;
            width = (int)strlen(ctx->set->revs[i].id);
        }
    }
    snprintf(number, 32, "%0*llu", width, ctx->set->n == 0 ? 1 : greatest + 1);
    return PGB_OK;
}

static pgb_status numbered_files(pgb_ctx *ctx, const struct values *v, const char *message,
                                 struct file files[2])
{
    char number[32], slug[64];
    const char *id = v->id;
    pgb_status status = PGB_OK;

    if (v->parent.n + v->label.n + v->depends.n > 0) {
        pgb_error_set(ctx->err, PGB_USAGE,
                      "new: numbered files have no parents, labels and dependencies of their own");
        pgb_error_hint(ctx->err, "The parent is the number before; pgbraid new \"%s\"", message);
        return PGB_USAGE;
    }
    if (id == NULL) {
        status = next_number(ctx, number);
        id = number;
    }
    if (status != PGB_OK) {
        return status;
    }
    slug_of(message, slug);
    files[0].name = pgb_arena_printf(ctx->arena, "%s_%s.sql", id, slug);
    files[1].name = pgb_arena_printf(ctx->arena, "%s_%s.down.sql", id, slug);
    pgb_buf_printf(&files[0].text, "-- %s\n", message);
    pgb_buf_printf(&files[1].text, "-- Reverts: %s\n", message);
    return PGB_OK;
}

static const char *path_of(pgb_ctx *ctx, const struct file *file)
{
    return pgb_arena_printf(ctx->arena, "%s/%s", ctx->set->folder, file->name);
}

/* Writes the files and reads the project again: what the reader would refuse (a label that is
 * taken, an id that is none) is taken back. */
static pgb_status write_files(pgb_ctx *ctx, const struct file *files, size_t n)
{
    pgb_rev_options again = {
        .root = ctx->root, .folder = ctx->conf->migrations, .layout = ctx->set->layout};
    pgb_revset *set = NULL;
    pgb_status status = PGB_OK;
    size_t written = 0;

    for (; status == PGB_OK && written < n; written++) {
        const char *path = path_of(ctx, &files[written]);

        if (path == NULL || files[written].text.failed) {
            return pgb_error_nomem(ctx->err);
        }
        status = pgb_file_write(path, pgb_buf_str(&files[written].text), files[written].text.len,
                                true, ctx->err);
        if (status != PGB_OK) {
            break;
        }
    }
    if (status == PGB_OK) {
        status = pgb_revset_load(&again, NULL, &set, ctx->err);
    }
    pgb_revset_free(set);
    for (size_t i = 0; status != PGB_OK && i < written; i++) {
        const char *path = path_of(ctx, &files[i]);

        if (path != NULL) {
            unlink(path);
        }
    }
    return status;
}

static pgb_status put_answer(pgb_ctx *ctx, const struct file *files, size_t n)
{
    pgb_json json;

    if (!ctx->json) {
        for (size_t i = 0; i < n; i++) {
            pgb_out_printf(ctx->out, "%s\n", path_of(ctx, &files[i]));
        }
        pgb_say(ctx, "next: write its SQL%s, then pgbraid upgrade",
                n == 1 ? " below up, and what undoes it below down" : "");
        return PGB_OK;
    }
    pgb_json_init(&json, pgb_out_json(ctx->out));
    pgb_json_object(&json);
    pgb_json_key(&json, "files");
    pgb_json_array(&json);
    for (size_t i = 0; i < n; i++) {
        pgb_json_string(&json, path_of(ctx, &files[i]));
    }
    pgb_json_end(&json);
    pgb_json_end(&json);
    pgb_out_raw(ctx->out, "\n", 1);
    return PGB_OK;
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    const char *message = ctx->operands[0];
    bool numbered = ctx->set->layout == PGB_LAYOUT_NUMBERED;
    struct file files[2] = {{.text = PGB_BUF_INIT}, {.text = PGB_BUF_INIT}};
    size_t n = numbered ? 2 : 1;
    pgb_status status = check_message(ctx, message);

    if (status == PGB_OK && v->id != NULL) {
        status = check_id(ctx, v->id, numbered);
    }
    if (status == PGB_OK) {
        status = numbered ? numbered_files(ctx, v, message, files)
                          : native_file(ctx, v, message, &files[0]);
    }
    if (status == PGB_OK && (files[0].name == NULL || files[n - 1].name == NULL)) {
        status = pgb_error_nomem(ctx->err);
    }
    if (status == PGB_OK) {
        status = write_files(ctx, files, n);
    }
    if (status == PGB_OK) {
        status = put_answer(ctx, files, n);
    }
    pgb_buf_done(&files[0].text);
    pgb_buf_done(&files[1].text);
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
