/* The exact commands that undo what a report tells of. */
#include <string.h>

#include "cli/report_gather.h"

/* What is there of the scope. */
static bool is_ours(const pgb_gathering *g, uint32_t node)
{
    return pgb_bits_get(&g->scope, node) && pgb_bits_get(&g->ctx->world->applied, node);
}

/* -d NAME belongs to the command; a URL may hold a password and is never written. */
static const char *command(pgb_gathering *g, const char *target)
{
    const char *d = g->ctx->database;
    bool plain = d != NULL && d[0] != '\0' && strpbrk(d, ":/=@ '\"\\$`") == NULL;
    bool quote = strpbrk(target, "^@:") != NULL;

    return pgb_arena_printf(g->ctx->arena, "pgbraid downgrade %s%s%s%s%s%s", plain ? "-d " : "",
                            plain ? d : "", plain ? " " : "", quote ? "'" : "", target,
                            quote ? "'" : "");
}

/* Adds what the plan reverts; *ret_refused: it can't be done, and err says why. */
static pgb_status try_target(pgb_gathering *g, const char *target, pgb_bits *reverts,
                             const char **order, uint32_t *n, bool *ret_refused)
{
    const pgb_world *w = g->ctx->world;
    pgb_plan plan;
    pgb_error why = PGB_ERROR_INIT;
    pgb_status status = pgb_plan_downgrade(w, target, &plan, &why);

    if (status == PGB_REFUSED || status == PGB_IDENTIFIER) {
        PGB_AUTO_BUF(text);

        pgb_buf_printf(&text, "%s%s", why.message, why.detail[0] != '\0' ? ": " : "");
        for (const char *p = why.detail; *p != '\0'; p++) { /* its lines, in one */
            if (*p == '\n') {
                pgb_buf_puts(&text, "; ");
            } else {
                pgb_buf_putc(&text, *p);
            }
        }
        g->report->why_no_way =
            text.failed ? NULL : pgb_arena_strdup(g->ctx->arena, pgb_buf_str(&text));
        *ret_refused = true;
        return g->report->why_no_way == NULL ? pgb_error_nomem(g->ctx->err) : PGB_OK;
    }
    if (status != PGB_OK) {
        *g->ctx->err = why;
        return status;
    }
    for (uint32_t i = 0; i < plan.n; i++) {
        if (!pgb_bits_get(reverts, plan.steps[i].node)) {
            pgb_bits_set(reverts, plan.steps[i].node);
            order[(*n)++] = w->nodes[plan.steps[i].node].id;
        }
    }
    return PGB_OK;
}

static bool covers(const pgb_gathering *g, const pgb_bits *reverts)
{
    for (uint32_t i = 0; i < g->ctx->world->n; i++) {
        if (is_ours(g, i) && !pgb_bits_get(reverts, i)) {
            return false;
        }
    }
    return true;
}

/* One of ours that stands on none of ours: before it is where the way back leads. */
static bool is_first(const pgb_gathering *g, uint32_t node)
{
    pgb_nodes parents = pgb_graph_parents(g->ctx->world->graph, node);

    for (uint32_t i = 0; i < parents.n; i++) {
        if (is_ours(g, parents.at[i])) {
            return false;
        }
    }
    return is_ours(g, node);
}

typedef struct way {
    const char **commands, **order;
    uint32_t n_commands, n_order;
    pgb_bits reverts;
    bool refused;
} way;

static pgb_status begin(pgb_gathering *g, way *to)
{
    const pgb_world *w = g->ctx->world;

    *to = (way){.commands = pgb_arena_array(g->ctx->arena, w->n + 1, sizeof *to->commands),
                .order = pgb_arena_array(g->ctx->arena, w->n + 1, sizeof *to->order)};
    return to->commands == NULL || to->order == NULL ||
                   !pgb_bits_init(&to->reverts, g->ctx->arena, w->n)
               ? pgb_error_nomem(g->ctx->err)
               : PGB_OK;
}

static pgb_status add_target(pgb_gathering *g, way *to, const char *target)
{
    uint32_t before = to->n_order;
    pgb_status status =
        target == NULL ? pgb_error_nomem(g->ctx->err)
                       : try_target(g, target, &to->reverts, to->order, &to->n_order, &to->refused);

    /* one that an earlier command takes along needs none of its own */
    if (status == PGB_OK && !to->refused && to->n_order > before) {
        to->commands[to->n_commands] = command(g, target);
        if (to->commands[to->n_commands++] == NULL) {
            return pgb_error_nomem(g->ctx->err);
        }
    }
    return status;
}

/* A command for each of the first ones, the latest first, so that none asks for what another left
 * out. */
static pgb_status by_each(pgb_gathering *g, way *to)
{
    const pgb_world *w = g->ctx->world;
    pgb_status status = begin(g, to);

    for (uint32_t i = w->n; status == PGB_OK && !to->refused && i-- > 0;) {
        if (is_first(g, w->order[i])) {
            status =
                add_target(g, to, pgb_arena_printf(g->ctx->arena, "%s^", w->nodes[w->order[i]].id));
        }
    }
    return status;
}

pgb_status pgb_gather_way_back(pgb_gathering *g)
{
    pgb_report *r = g->report;
    way to;
    pgb_status status;

    if (r->n_in_scope == 0) {
        return PGB_OK;
    }
    status = begin(g, &to);
    if (status == PGB_OK && r->before.n <= 1) {
        status = add_target(g, &to, r->before.n == 0 ? "base" : r->before.at[0]);
    }
    if (status == PGB_OK && !to.refused && !covers(g, &to.reverts)) {
        status = by_each(g, &to);
    }
    if (status == PGB_OK && !to.refused) {
        r->downgrade = (pgb_report_list){to.commands, to.n_commands};
        r->downgrade_reverts = (pgb_report_list){to.order, to.n_order};
    }
    return status;
}
