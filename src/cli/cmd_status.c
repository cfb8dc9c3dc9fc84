#include <string.h>

#include "cli/act.h"
#include "cli/list.h"

static const pgb_example examples[] = {
    {"pgbraid status", "what is applied and what is not, and what to do next"},
    {"pgbraid status -d production --format json", "the same of production, for a program"},
    {NULL, NULL},
};

/* The lists of status; a revision stands in `pending` also when it is late or failed, and in
 * `applied` also when it is edited, re-parented or missing. */
enum list { PENDING, APPLIED, LATE, FAILED, EDITED, REPARENTED, MISSING, INCOMPLETE, LISTS };

struct lists {
    pgb_node_list of[LISTS];
};

static bool belongs(const pgb_lister *lister, uint32_t node, enum list list)
{
    const pgb_world_node *n = &lister->ctx->world->nodes[node];

    switch (list) {
    case PENDING:
        return n->applied == NULL;
    case APPLIED:
        return n->applied != NULL && !n->applied->incomplete;
    case LATE:
        return n->applied == NULL && n->late;
    case FAILED:
        return pgb_bits_get(&lister->failed, node);
    case EDITED:
        return n->edited;
    case REPARENTED:
        return n->reparented;
    case MISSING:
        return n->rev == NULL;
    case INCOMPLETE:
        return n->applied != NULL && n->applied->incomplete;
    case LISTS:
        break;
    }
    return false;
}

static pgb_status sort_out(const pgb_lister *lister, struct lists *lists)
{
    pgb_ctx *ctx = lister->ctx;
    const pgb_world *w = ctx->world;

    for (int l = 0; l < LISTS; l++) {
        pgb_node_list *list = &lists->of[l];

        list->n = 0;
        list->at = pgb_arena_array(ctx->arena, w->n + 1, sizeof *list->at);
        if (list->at == NULL) {
            return pgb_error_nomem(ctx->err);
        }
        for (uint32_t i = 0; i < w->n; i++) {
            if (belongs(lister, w->order[i], (enum list)l)) {
                list->at[list->n++] = w->order[i];
            }
        }
    }
    return PGB_OK;
}

static void put_json(pgb_ctx *ctx, const struct lists *lists, pgb_node_list current,
                     pgb_node_list heads)
{
    static const char *const keys[LISTS] = {"pending", "applied",    "late",    "failed",
                                            "edited",  "reparented", "missing", "incomplete"};
    pgb_json json;

    pgb_json_init(&json, pgb_out_json(ctx->out));
    pgb_json_object(&json);
    for (int l = 0; l < LISTS; l++) {
        pgb_list_json(&json, keys[l], ctx->world, lists->of[l]);
        pgb_out_turn(ctx->out);
    }
    pgb_list_json(&json, "current", ctx->world, current);
    pgb_list_json(&json, "heads", ctx->world, heads);
    pgb_act_json_held(ctx, &json);
    pgb_json_key_string(&json, "project", ctx->conf->project);
    pgb_json_end(&json);
    pgb_out_raw(ctx->out, "\n", 1);
}

/* What is said of one revision below its line. */
typedef pgb_status why_fn(const pgb_lister *lister, uint32_t node);

/* "Pending: 3", and each revision below; why may be NULL. */
static pgb_status put_list(pgb_lister *lister, const char *heading, const char *obvious,
                           pgb_style style, pgb_node_list list, why_fn *why)
{
    pgb_ctx *ctx = lister->ctx;
    pgb_status status = PGB_OK;

    if (list.n == 0) {
        return PGB_OK;
    }
    lister->obvious = obvious;
    pgb_out_style(ctx->out, style);
    pgb_out_printf(ctx->out, "%s: %u", heading, list.n);
    pgb_out_style(ctx->out, PGB_STYLE_NONE);
    pgb_out_raw(ctx->out, "\n", 1);
    for (uint32_t i = 0; status == PGB_OK && i < list.n; i++) {
        pgb_out_raw(ctx->out, "  ", 2);
        status = pgb_list_line(lister, ctx->out, list.at[i], false);
        pgb_out_raw(ctx->out, "\n", 1);
        if (status == PGB_OK && why != NULL) {
            status = why(lister, list.at[i]);
        }
    }
    return status;
}

static pgb_status why_edited(const pgb_lister *lister, uint32_t node)
{
    pgb_ctx *ctx = lister->ctx;
    const pgb_world_node *n = &ctx->world->nodes[node];

    pgb_out_printf(ctx->out, "    %s is not what was applied at %s\n", n->rev->file,
                   n->applied->at);
    return PGB_OK;
}

static pgb_status why_missing(const pgb_lister *lister, uint32_t node)
{
    pgb_ctx *ctx = lister->ctx;
    const pgb_world_node *n = &ctx->world->nodes[node];

    pgb_out_printf(ctx->out, "    %s is gone; it was applied at %s by %s\n",
                   n->applied->file == NULL ? "its file" : n->applied->file, n->applied->at,
                   n->applied->by);
    return PGB_OK;
}

static pgb_status why_reparented(const pgb_lister *lister, uint32_t node)
{
    pgb_ctx *ctx = lister->ctx;
    const pgb_world_node *n = &ctx->world->nodes[node];

    pgb_out_puts(ctx->out, "    applied with parent");
    for (uint32_t i = 0; i < n->applied->n_parents; i++) {
        pgb_out_printf(ctx->out, "%s %s", i == 0 ? "" : ",", n->applied->parents[i]);
    }
    pgb_out_printf(ctx->out, "%s; %s says", n->applied->n_parents == 0 ? " none" : "",
                   n->rev == NULL ? "" : n->rev->file);
    for (uint32_t i = 0; n->rev != NULL && i < n->rev->n_parents; i++) {
        pgb_out_printf(ctx->out, "%s %s", i == 0 ? "" : ",", n->rev->parents[i].text);
    }
    pgb_out_puts(ctx->out, n->rev != NULL && n->rev->n_parents == 0 ? " none\n" : "\n");
    return PGB_OK;
}

static const pgb_held *held_of(const pgb_ctx *ctx, uint32_t node)
{
    for (uint32_t i = 0; i < ctx->n_held; i++) {
        if (ctx->held[i].node == node) {
            return &ctx->held[i];
        }
    }
    return NULL;
}

static void why_held(pgb_ctx *ctx, uint32_t node)
{
    const pgb_held *held = held_of(ctx, node);

    if (held != NULL && held->backfill != NULL) {
        pgb_out_printf(ctx->out, "    held back until backfill %s is complete\n", held->backfill);
    } else if (held != NULL) {
        pgb_out_printf(ctx->out, "    held back: it needs %s\n",
                       ctx->world->nodes[held->behind].id);
    }
}

/* Why a revision failed, from the event log: the newest events hold it. */
static pgb_status why_failed(const pgb_lister *lister, uint32_t node)
{
    pgb_ctx *ctx = lister->ctx;
    const char *id = ctx->world->nodes[node].id;
    pgb_event *events;
    uint32_t n = 0;
    pgb_status status;

    why_held(ctx, node);
    if (!pgb_bits_get(&lister->failed, node)) {
        return PGB_OK;
    }
    status = pgb_history_events(pgb_runner_session(ctx->runner), ctx->conf->history_schema,
                                ctx->conf->project, 100, ctx->arena, &events, &n, ctx->err);
    for (uint32_t i = n; status == PGB_OK && i > 0; i--) {
        const pgb_event *e = &events[i - 1];

        if (strcmp(e->id, id) == 0 && strcmp(e->event, "fail") == 0) {
            pgb_out_printf(ctx->out, "    failed at %s: %s%s%s%s\n", e->at, e->message,
                           e->sqlstate == NULL || e->sqlstate[0] == '\0' ? "" : " (SQLSTATE ",
                           e->sqlstate, e->sqlstate == NULL || e->sqlstate[0] == '\0' ? "" : ")");
            break;
        }
    }
    return status;
}

static void put_next(pgb_ctx *ctx, const struct lists *lists)
{
    uint32_t pending = lists->of[PENDING].n;

    if (lists->of[EDITED].n > 0) {
        pgb_out_puts(ctx->out, "Next: put the edited files back as they were applied and their "
                               "changes into new revisions, or accept them: pgbraid repair.\n");
    }
    if (lists->of[REPARENTED].n > 0) {
        pgb_out_puts(ctx->out, "Next: pgbraid repair records the new parents.\n");
    }
    if (lists->of[MISSING].n > 0) {
        pgb_out_puts(ctx->out, "Next: bring the missing files back, or revert those revisions: "
                               "pgbraid downgrade REV^.\n");
    }
    if (lists->of[INCOMPLETE].n > 0) {
        pgb_out_puts(ctx->out, "Next: pgbraid upgrade goes on with what is incomplete.\n");
    }
    if (lists->of[FAILED].n > 0) {
        pgb_out_printf(ctx->out, "Next: mend what failed, then pgbraid upgrade%s%s.\n",
                       ctx->database == NULL ? "" : " -d ",
                       ctx->database == NULL || strpbrk(ctx->database, ":=") != NULL
                           ? (ctx->database == NULL ? "" : "...")
                           : ctx->database);
    } else if (pending > ctx->n_held) {
        pgb_out_printf(ctx->out, "Next: pgbraid upgrade applies %s.\n",
                       pending - ctx->n_held == 1 && ctx->n_held == 0 ? "the pending revision"
                       : ctx->n_held == 0                             ? "the pending revisions"
                                          : "what is pending and not held back");
    } else if (ctx->n_held > 0) {
        pgb_out_printf(ctx->out, "Next: pgbraid backfill run %s, then pgbraid upgrade.\n",
                       ctx->held[0].backfill != NULL ? ctx->held[0].backfill : "");
    } else if (lists->of[EDITED].n + lists->of[REPARENTED].n + lists->of[MISSING].n +
                   lists->of[INCOMPLETE].n ==
               0) {
        pgb_out_puts(ctx->out, "Up to date.\n");
    }
}

static pgb_status put_text(pgb_lister *lister, const struct lists *lists, pgb_node_list current)
{
    static const struct {
        const char *heading, *obvious;
        pgb_style style;
        enum list list;
        why_fn *why;
    } parts[] = {
        {"Edited", "edited", PGB_STYLE_BAD, EDITED, why_edited},
        {"Re-parented", "reparented", PGB_STYLE_BAD, REPARENTED, why_reparented},
        {"Missing", "missing", PGB_STYLE_BAD, MISSING, why_missing},
        {"Incomplete", "incomplete", PGB_STYLE_BAD, INCOMPLETE, NULL},
        {"Pending", "pending", PGB_STYLE_WARN, PENDING, why_failed},
    };
    pgb_ctx *ctx = lister->ctx;
    pgb_status status = PGB_OK;

    pgb_out_printf(ctx->out, "Applied: %u of %u\n", lists->of[APPLIED].n, ctx->world->n);
    if (current.n > 0) {
        pgb_out_printf(ctx->out, "Current: %s\n", pgb_list_ids(ctx, current, UINT32_MAX));
    } else {
        pgb_out_puts(ctx->out, "Current: base\n");
    }
    for (size_t i = 0; status == PGB_OK && i < sizeof parts / sizeof parts[0]; i++) {
        status = put_list(lister, parts[i].heading, parts[i].obvious, parts[i].style,
                          lists->of[parts[i].list], parts[i].why);
    }
    if (status == PGB_OK) {
        put_next(ctx, lists);
    }
    return status;
}

/* What an upgrade would leave out. */
static pgb_status find_held(pgb_ctx *ctx)
{
    pgb_plan plan = {NULL, 0};
    uint32_t n = 0;
    pgb_step *steps = pgb_arena_array(ctx->arena, (size_t)ctx->world->n + 1, sizeof *steps);

    if (steps == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < ctx->world->n; i++) {
        uint32_t node = ctx->world->order[i];

        if (ctx->world->nodes[node].applied == NULL) {
            steps[n++] = (pgb_step){PGB_UPGRADE, node};
        }
    }
    plan.steps = steps;
    plan.n = n;
    return pgb_runner_hold(ctx->runner, ctx->world, &plan, &ctx->held, &ctx->n_held, ctx->err);
}

static pgb_status run(pgb_ctx *ctx)
{
    pgb_lister lister;
    struct lists lists;
    pgb_node_list current = {0}, heads = {0};
    pgb_status status = pgb_lister_init(&lister, ctx);

    if (status == PGB_OK) {
        status = sort_out(&lister, &lists);
    }
    if (status == PGB_OK) {
        status = pgb_world_current(ctx->world, &current, ctx->err);
    }
    if (status == PGB_OK) {
        status = pgb_world_heads(ctx->world, &heads, ctx->err);
    }
    if (status == PGB_OK) {
        status = find_held(ctx);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (ctx->json) {
        put_json(ctx, &lists, current, heads);
        return PGB_OK;
    }
    return put_text(&lister, &lists, current);
}

const pgb_command pgb_command_status = {
    .name = "status",
    .group = "Ask the database",
    .summary = "what is applied, pending, late, failed, edited, missing",
    .operands = "",
    .about =
        "Pending is what the files have and the database has not; late, what is pending below an "
        "applied revision; failed, what was tried last and rolled back. Edited is what is applied "
        "and whose up section differs from what ran; missing, what is applied and has no file. "
        "Reads only.",
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_REVISIONS | PGB_NEED_DATABASE | PGB_NEED_HASHES,
    .embedded = PGB_EMBEDDED_START,
    .run = run,
};
