#include <string.h>

#include "base/json.h"
#include "cli/act.h"

struct values {
    pgb_run_values run;
    int64_t statement;
    bool done, not_done, dry_run, yes;
};

static const pgb_option options[] = {
    {.name = "statement",
     .arg = "N",
     PGB_OPT_INT_AT(struct values, statement),
     .help = "the Nth statement of a revision outside a transaction, whose\noutcome could not be "
             "decided"},
    {.name = "done",
     PGB_OPT_FLAG_AT(struct values, done),
     .help = "that statement took effect: go on behind it"},
    {.name = "not-done",
     PGB_OPT_FLAG_AT(struct values, not_done),
     .help = "it did not: run it again"},
    {.name = "dry-run",
     .letter = 'n',
     PGB_OPT_FLAG_AT(struct values, dry_run),
     .help = "show what would be accepted and change nothing"},
    {.name = "yes",
     .letter = 'y',
     PGB_OPT_FLAG_AT(struct values, yes),
     .help = "accept without being asked"},
    PGB_RUN_OPTIONS,
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid repair --dry-run", "what differs between the files and the record"},
    {"pgbraid repair d4e5f6g7h8i9", "accept the edited file or the new parents of d4e5f6g7h8i9"},
    {"pgbraid repair 20 --statement 3 --done", "statement 3 of revision 20 took effect"},
    {NULL, NULL},
};

static unsigned needs_now(const void *values, unsigned needs)
{
    const struct values *v = values;

    return v->dry_run ? pgb_act_needs_dry(needs) : needs;
}

/* One thing that can be accepted. */
typedef struct item {
    uint32_t node;
    pgb_repair repair;
} item;

static const char *what(pgb_repair repair)
{
    static const char *const names[] = {"text", "parents", "statement-done", "statement-not-done"};

    return names[repair];
}

static void put_parents(pgb_buf *b, const char *const *names, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        pgb_buf_printf(b, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    if (n == 0) {
        pgb_buf_puts(b, "none");
    }
}

/* Says on stderr what would be accepted: the difference, or both sets of parents. */
static pgb_status show(pgb_ctx *ctx, const item *it)
{
    const pgb_world_node *n = &ctx->world->nodes[it->node];
    PGB_AUTO_BUF(b);
    pgb_status status = PGB_OK;

    if (it->repair == PGB_REPAIR_TEXT) {
        pgb_say(ctx, "%s was edited after %s was applied%s", n->rev->file, n->id,
                n->edited_blank ? " (line ends or trailing blanks only)" : "");
        status = pgb_runner_difference(ctx->runner, ctx->world, it->node, &b, ctx->err);
        for (char *line = b.p, *end; status == PGB_OK && line != NULL && *line != 0; line = end) {
            end = strchr(line, '\n');
            if (end != NULL) {
                *end++ = '\0';
            }
            pgb_say(ctx, "%s", line);
        }
        return status;
    }
    pgb_buf_printf(&b, "%s: parents of %s as recorded: ", n->rev->file, n->id);
    put_parents(&b, n->applied->parents, n->applied->n_parents);
    pgb_buf_puts(&b, "; in the file: ");
    for (uint32_t i = 0; i < n->rev->n_parents; i++) {
        pgb_buf_printf(&b, "%s%s", i > 0 ? ", " : "", n->rev->parents[i].text);
    }
    if (n->rev->n_parents == 0) {
        pgb_buf_puts(&b, "none");
    }
    if (b.failed) {
        return pgb_error_nomem(ctx->err);
    }
    pgb_say(ctx, "%s", b.p);
    return PGB_OK;
}

static void add(item *items, uint32_t *n, const pgb_world *w, uint32_t node)
{
    if (w->nodes[node].edited || w->nodes[node].edited_blank) {
        items[(*n)++] = (item){node, PGB_REPAIR_TEXT};
    }
    if (w->nodes[node].reparented) {
        items[(*n)++] = (item){node, PGB_REPAIR_PARENTS};
    }
}

static pgb_status collect(pgb_ctx *ctx, item **ret_items, uint32_t *ret_n)
{
    const pgb_world *w = ctx->world;
    item *items = pgb_arena_array(ctx->arena, (size_t)w->n * 2 + 1, sizeof *items);
    uint32_t n = 0;

    if (items == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < ctx->n_operands; i++) {
        uint32_t node, before = n;
        pgb_status status = pgb_world_resolve_one(w, ctx->operands[i], &node, ctx->err);

        if (status != PGB_OK) {
            return status;
        }
        add(items, &n, w, node);
        if (n == before) {
            pgb_error_set(ctx->err, PGB_REFUSED, "there is nothing to repair about %s",
                          w->nodes[node].id);
            pgb_error_hint(ctx->err, "%s",
                           w->nodes[node].rev == NULL
                               ? "its file is gone: put it back from version control"
                               : "its file is as it was applied: pgbraid status");
            return PGB_REFUSED;
        }
    }
    for (uint32_t node = 0; ctx->n_operands == 0 && node < w->n; node++) {
        add(items, &n, w, node);
    }
    *ret_items = items;
    *ret_n = n;
    return PGB_OK;
}

static void report(pgb_ctx *ctx, const item *items, uint32_t n, bool dry_run)
{
    if (ctx->json) {
        pgb_json json;

        pgb_json_init(&json, pgb_out_json(ctx->out));
        pgb_json_object(&json);
        pgb_json_key(&json, dry_run ? "plan" : "repaired");
        pgb_json_array(&json);
        for (uint32_t i = 0; i < n; i++) {
            pgb_json_object(&json);
            pgb_json_key_string(&json, "revision", ctx->world->nodes[items[i].node].id);
            pgb_json_key_string(&json, "what", what(items[i].repair));
            pgb_json_end(&json);
        }
        pgb_json_end(&json);
        pgb_json_end(&json);
        pgb_out_raw(ctx->out, "\n", 1);
        return;
    }
    if (n == 0) {
        pgb_say(ctx, "nothing to repair: the files are as they were applied");
    } else if (!dry_run) {
        pgb_say(ctx, "%u repaired; the event log says so", n);
    }
}

static pgb_status repair_statement(pgb_ctx *ctx, const struct values *v)
{
    item it = {.repair = v->done ? PGB_REPAIR_DONE : PGB_REPAIR_NOT_DONE};
    pgb_status status;

    if (v->done == v->not_done || ctx->n_operands != 1 || v->statement < 1) {
        pgb_error_set(ctx->err, PGB_USAGE,
                      "a statement is repaired by its revision, --statement N, and either "
                      "--done or --not-done");
        pgb_error_hint(ctx->err, "pgbraid repair REV --statement N --done");
        return PGB_USAGE;
    }
    status = pgb_world_resolve_one(ctx->world, ctx->operands[0], &it.node, ctx->err);
    if (status == PGB_OK && !v->dry_run) {
        status = pgb_runner_repair(ctx->runner, ctx->world, it.node, it.repair,
                                   (uint32_t)v->statement, ctx->err);
    }
    if (status == PGB_OK) {
        report(ctx, &it, 1, v->dry_run);
        pgb_say(ctx, "go on with: pgbraid upgrade");
    }
    return status;
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    item *items = NULL;
    uint32_t n = 0;
    pgb_status status;

    if (v->statement != 0 || v->done || v->not_done) {
        return repair_statement(ctx, v);
    }
    status = collect(ctx, &items, &n);
    for (uint32_t i = 0; i < n && status == PGB_OK; i++) {
        status = show(ctx, &items[i]);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (!v->dry_run && n > 0 && !v->yes) {
        if (ctx->n_operands == 0 && !ctx->may_ask) {
            pgb_error_set(ctx->err, PGB_REFUSED, "nothing was changed: say which to accept");
            pgb_error_hint(ctx->err, "pgbraid repair REV..., or all of them: pgbraid repair --yes");
            return PGB_REFUSED;
        }
        if (ctx->may_ask && !pgb_ask(ctx, "Take the files as right, and record them so?")) {
            return pgb_error_set(ctx->err, PGB_INTERRUPTED, "nothing was changed");
        }
    }
    for (uint32_t i = 0; i < n && status == PGB_OK && !v->dry_run; i++) {
        status =
            pgb_runner_repair(ctx->runner, ctx->world, items[i].node, items[i].repair, 0, ctx->err);
    }
    if (status == PGB_OK) {
        report(ctx, items, n, v->dry_run);
    }
    return status;
}

const pgb_command pgb_command_repair = {
    .name = "repair",
    .summary = "accept an edited file, new parents, or a statement's outcome",
    .operands = "[REV...]",
    .min_operands = 0,
    .max_operands = -1,
    .about =
        "Changes only the record, never the schema. Without options it accepts what the files of "
        "the named revisions (all, when none is named) say now: the text of an edited one, after "
        "showing its difference to what was applied, and the parents of a re-parented one. With "
        "--statement it records what became of a statement that could not be decided.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_REVISIONS | PGB_NEED_DATABASE | PGB_NEED_WRITE |
             PGB_NEED_LOCK | PGB_NEED_HASHES,
    .embedded = PGB_EMBEDDED_START,
    .run = run,
    .needs_now = needs_now,
};
