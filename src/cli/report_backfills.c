/* What `report` tells of backfills: those of the project, or those that went on since the upgrade
 * that it is about began. From the history alone, so that one whose file is gone is told of too. */
#include <string.h>

#include "cli/report_gather.h"
#include "history/backfill.h"

static bool is_wanted(const pgb_report *r, const pgb_backfill_state *s)
{
    return r->scope == PGB_SCOPE_PROJECT ||
           (r->started != NULL && s->changed_at != NULL && strcmp(s->changed_at, r->started) >= 0);
}

static pgb_status take_one(pgb_gathering *g, const pgb_backfill_state *s, pgb_report_backfill *b)
{
    pgb_ctx *ctx = g->ctx;
    pgb_outcome *counted = NULL;
    pgb_report_outcome *outcomes;
    uint32_t n = 0;
    pgb_status status =
        pgb_history_outcomes(pgb_runner_session(ctx->runner), ctx->conf->history_schema,
                             ctx->conf->project, s->name, NULL, ctx->arena, &counted, &n, ctx->err);

    if (status != PGB_OK) {
        return status;
    }
    outcomes = pgb_arena_array(ctx->arena, (size_t)n + 1, sizeof *outcomes);
    if (outcomes == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < n; i++) {
        outcomes[i] = (pgb_report_outcome){counted[i].name, counted[i].count};
    }
    *b = (pgb_report_backfill){
        .name = s->name,
        .state = s->is_void ? "void: a revision that it requires was downgraded since" : s->state,
        .started = s->begun_at,
        /* A run that failed or was stopped has ended; one that is at it has not. */
        .ended = s->completed_at != NULL            ? s->completed_at
                 : strcmp(s->state, "running") != 0 ? s->changed_at
                                                    : NULL,
        .rows = s->rows_done,
        .errors = s->errors + s->accepted,
        .duration_us = s->duration_us,
        .outcomes = outcomes,
        .n_outcomes = n,
    };
    return PGB_OK;
}

pgb_status pgb_gather_backfills(pgb_gathering *g)
{
    pgb_ctx *ctx = g->ctx;
    pgb_report_backfill *list;
    pgb_backfill_states states;
    uint32_t n = 0;
    pgb_status status =
        pgb_history_backfills(pgb_runner_session(ctx->runner), ctx->conf->history_schema,
                              ctx->conf->project, ctx->arena, &states, ctx->err);

    if (status != PGB_OK) {
        return status;
    }
    list = pgb_arena_array(ctx->arena, (size_t)states.n + 1, sizeof *list);
    if (list == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < states.n && status == PGB_OK; i++) {
        if (is_wanted(g->report, &states.at[i])) {
            status = take_one(g, &states.at[i], &list[n++]);
        }
    }
    g->report->backfills = list;
    g->report->n_backfills = n;
    return status;
}
