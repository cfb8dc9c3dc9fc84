/* backfill list, status and errors. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/backfills.h"
#include "cli/list.h"
#include "cli/progress.h"

static const char *word_of(const pgb_backfill_state *s, int pid)
{
    if (s == NULL || s->is_void) {
        return "new";
    }
    if (strcmp(s->wanted, "pause") == 0) {
        return "paused";
    }
    if (strcmp(s->state, "running") == 0 && pid == 0) {
        return "stopped"; /* it ended without a word */
    }
    return s->state;
}

static pgb_status find_waiting(pgb_ctx *ctx, pgb_backfill_view *v)
{
    const pgb_world *w = ctx->world;
    uint32_t n = 0;

    v->waiting = pgb_arena_array(ctx->arena, (size_t)w->n + 1, sizeof *v->waiting);
    if (v->waiting == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < w->n; i++) {
        const pgb_revision *rev = w->nodes[w->order[i]].rev;

        for (uint32_t k = 0; rev != NULL && k < rev->n_backfills; k++) {
            if (strcmp(rev->backfills[k].text, v->name) == 0 &&
                !pgb_bits_get(&w->applied, w->order[i])) {
                v->waiting[n++] = rev->id;
            }
        }
    }
    v->n_waiting = n;
    return PGB_OK;
}

static pgb_status make_view(pgb_ctx *ctx, const pgb_backfill *b, const pgb_backfill_state *s,
                            pgb_backfill_view *v)
{
    pgb_status status = PGB_OK;

    *v = (pgb_backfill_view){.name = b != NULL   ? b->name
                                     : s != NULL ? s->name
                                                 : "",
                             .title = b != NULL   ? b->title
                                      : s != NULL ? s->title
                                                  : "",
                             .file = b != NULL ? b->file : NULL,
                             .backfill = b,
                             .state = s};
    if (s != NULL && (strcmp(s->state, "running") == 0 || strcmp(s->wanted, "pause") == 0)) {
        status = pgb_backfill_pid(pgb_runner_session(ctx->runner), ctx->conf->history_schema,
                                  ctx->conf->project, v->name, &v->pid, ctx->err);
    }
    v->word = word_of(s, v->pid);
    v->edited =
        s != NULL && b != NULL && !s->is_void && s->batches > 0 && strcmp(s->hash, b->hash) != 0;
    if (status == PGB_OK && b != NULL) {
        status =
            pgb_backfill_missing(b, ctx->world, ctx->arena, &v->missing, &v->n_missing, ctx->err);
    }
    return status == PGB_OK ? find_waiting(ctx, v) : status;
}

static bool is_wanted(const char *name, const char *const *names, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return n == 0;
}

pgb_status pgb_backfill_views(pgb_ctx *ctx, const char *const *names, uint32_t n_names,
                              pgb_backfill_view **ret_views, uint32_t *ret_n)
{
    pgb_backfill_states states;
    pgb_backfill_view *views;
    uint32_t n = 0;
    pgb_status status = pgb_ctx_backfills(ctx);

    if (status == PGB_OK) {
        status = pgb_history_backfills(pgb_runner_session(ctx->runner), ctx->conf->history_schema,
                                       ctx->conf->project, ctx->arena, &states, ctx->err);
    }
    if (status != PGB_OK) {
        return status;
    }
    for (uint32_t i = 0; i < n_names && status == PGB_OK; i++) {
        const pgb_backfill *ignored;

        if (pgb_backfill_states_find(&states, names[i]) == NULL) {
            status = pgb_backfills_need(ctx->backfills, names[i], &ignored, ctx->err);
        }
    }
    views = pgb_arena_array(ctx->arena, (size_t)ctx->backfills->n + states.n + 1, sizeof *views);
    if (status == PGB_OK && views == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < ctx->backfills->n && status == PGB_OK; i++) {
        const pgb_backfill *b = &ctx->backfills->at[i];

        if (is_wanted(b->name, names, n_names)) {
            status = make_view(ctx, b, pgb_backfill_states_find(&states, b->name), &views[n++]);
        }
    }
    for (uint32_t i = 0; i < states.n && status == PGB_OK; i++) {
        const pgb_backfill_state *s = &states.at[i];

        if (pgb_backfills_find(ctx->backfills, s->name) == NULL &&
            is_wanted(s->name, names, n_names)) {
            status = make_view(ctx, NULL, s, &views[n++]);
        }
    }
    *ret_views = views;
    *ret_n = n;
    return status;
}

/* ---- JSON ---- */

static void json_strings(pgb_json *j, const char *key, const char *const *items, uint32_t n)
{
    pgb_json_key(j, key);
    pgb_json_array(j);
    for (uint32_t i = 0; i < n; i++) {
        pgb_json_string(j, items[i]);
    }
    pgb_json_end(j);
}

static pgb_status json_view(pgb_ctx *ctx, pgb_json *j, const pgb_backfill_view *v)
{
    const pgb_backfill_state *s = v->state != NULL && !v->state->is_void ? v->state : NULL;
    pgb_outcome *outcomes = NULL;
    uint32_t n = 0;
    pgb_status status = PGB_OK;

    if (s != NULL) {
        status = pgb_history_outcomes(pgb_runner_session(ctx->runner), ctx->conf->history_schema,
                                      ctx->conf->project, v->name, NULL, ctx->arena, &outcomes, &n,
                                      ctx->err);
    }
    pgb_json_object(j);
    pgb_json_key_string(j, "name", v->name);
    pgb_json_key_string(j, "title", v->title);
    pgb_json_key_string(j, "file", v->file);
    pgb_json_key_string(j, "state", v->word);
    pgb_json_key_bool(j, "edited", v->edited);
    pgb_json_key(j, "requires");
    pgb_json_array(j);
    for (uint32_t i = 0; v->backfill != NULL && i < v->backfill->n_requires; i++) {
        pgb_json_string(j, ctx->world->nodes[v->backfill->requires[i].node].id);
    }
    pgb_json_end(j);
    json_strings(j, "missing", v->missing, v->n_missing);
    json_strings(j, "waiting", v->waiting, v->n_waiting);
    pgb_json_key_string(j, "source",
                        v->backfill != NULL ? v->backfill->source
                        : s != NULL         ? s->source
                                            : NULL);
    if (v->backfill != NULL) {
        json_strings(j, "key", v->backfill->keys, v->backfill->n_keys);
    } else {
        json_strings(j, "key", v->state != NULL ? v->state->key : NULL,
                     v->state != NULL ? v->state->n_key : 0);
    }
    pgb_json_key_int(j, "rows_done", s != NULL ? s->rows_done : 0);
    pgb_json_key(j, "rows_all");
    if (s != NULL && s->rows_all >= 0) {
        pgb_json_int(j, s->rows_all);
    } else {
        pgb_json_null(j);
    }
    pgb_json_key_int(j, "errors", s != NULL ? s->errors : 0);
    pgb_json_key_int(j, "accepted", s != NULL ? s->accepted : 0);
    pgb_json_key(j, "outcomes");
    pgb_json_array(j);
    for (uint32_t i = 0; i < n; i++) {
        pgb_json_object(j);
        pgb_json_key_string(j, "outcome", outcomes[i].name);
        pgb_json_key_int(j, "count", outcomes[i].count);
        pgb_json_end(j);
    }
    pgb_json_end(j);
    pgb_json_key_int(j, "duration_us", s != NULL ? s->duration_us : 0);
    pgb_json_key_string(j, "begun_at", s != NULL ? s->begun_at : NULL);
    pgb_json_key_string(j, "changed_at", s != NULL ? s->changed_at : NULL);
    pgb_json_key_string(j, "completed_at", s != NULL ? s->completed_at : NULL);
    pgb_json_key_string(j, "run", s != NULL ? s->run : NULL);
    pgb_json_key(j, "pid");
    if (v->pid != 0) {
        pgb_json_int(j, v->pid);
    } else {
        pgb_json_null(j);
    }
    pgb_json_end(j);
    return status;
}

static pgb_status as_json(pgb_ctx *ctx, const pgb_backfill_view *views, uint32_t n)
{
    pgb_json json;
    PGB_AUTO_BUF(b);
    pgb_status status = PGB_OK;

    /* aside, so that an error on the way does not come after half an object */
    pgb_json_init(&json, &b);
    pgb_json_object(&json);
    pgb_json_key(&json, "backfills");
    pgb_json_array(&json);
    for (uint32_t i = 0; i < n && status == PGB_OK; i++) {
        status = json_view(ctx, &json, &views[i]);
    }
    pgb_json_end(&json);
    pgb_json_end(&json);
    if (status == PGB_OK && b.failed) {
        return pgb_error_nomem(ctx->err);
    }
    if (status == PGB_OK) {
        pgb_out_raw(ctx->out, b.p, b.len);
        pgb_out_raw(ctx->out, "\n", 1);
    }
    return status;
}

/* ---- text ---- */

static pgb_style style_of(const char *word)
{
    return strcmp(word, "complete") == 0                                ? PGB_STYLE_GOOD
           : strcmp(word, "errors") == 0 || strcmp(word, "failed") == 0 ? PGB_STYLE_BAD
           : strcmp(word, "new") == 0 || strcmp(word, "running") == 0   ? PGB_STYLE_NONE
                                                                        : PGB_STYLE_WARN;
}

static void put_names(pgb_ctx *ctx, const char *before, const char *const *names, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        pgb_out_printf(ctx->out, "%s%s", i == 0 ? before : ", ", names[i]);
    }
}

pgb_status pgb_backfill_list(pgb_ctx *ctx)
{
    pgb_backfill_view *views;
    uint32_t n;
    pgb_status status = pgb_backfill_views(ctx, NULL, 0, &views, &n);

    if (status != PGB_OK || ctx->json) {
        return status == PGB_OK ? as_json(ctx, views, n) : status;
    }
    for (uint32_t i = 0; i < n; i++) {
        const pgb_backfill_view *v = &views[i];

        pgb_out_styled(ctx->out, PGB_STYLE_NAME, v->name);
        pgb_out_puts(ctx->out, " (");
        pgb_out_styled(ctx->out, style_of(v->word), v->word);
        pgb_out_puts(ctx->out, v->edited ? ", edited" : "");
        pgb_out_puts(ctx->out, v->file == NULL ? ", file gone" : "");
        put_names(ctx, ", requires ", v->missing, v->n_missing);
        pgb_out_printf(ctx->out, "), %s\n", v->title);
    }
    if (n == 0) {
        pgb_say(ctx, "there is no backfill: they are files backfills/NAME.sql");
    }
    return PGB_OK;
}

static pgb_status put_status(pgb_ctx *ctx, const pgb_backfill_view *v)
{
    const pgb_backfill_state *s = v->state != NULL && !v->state->is_void ? v->state : NULL;
    pgb_outcome *outcomes = NULL;
    uint32_t n = 0;
    char text[40];
    pgb_status status = PGB_OK;

    pgb_out_styled(ctx->out, PGB_STYLE_NAME, v->name);
    pgb_out_puts(ctx->out, ": ");
    pgb_out_styled(ctx->out, style_of(v->word), v->word);
    pgb_out_printf(ctx->out, "%s, %s\n", v->edited ? ", edited" : "", v->title);
    if (v->state != NULL && v->state->is_void) {
        pgb_out_puts(ctx->out, "  what was done is void: a revision that it requires was reverted "
                               "since\n");
    }
    put_names(ctx, "  requires, not applied: ", v->missing, v->n_missing);
    pgb_out_puts(ctx->out, v->n_missing > 0 ? "\n" : "");
    put_names(ctx, "  waiting for it: ", v->waiting, v->n_waiting);
    pgb_out_puts(ctx->out, v->n_waiting > 0 ? "\n" : "");
    if (s == NULL) {
        return PGB_OK;
    }
    if (v->pid != 0) {
        pgb_out_printf(ctx->out, "  run by server process %d\n", v->pid);
    }
    pgb_out_printf(ctx->out, "  rows done: %" PRId64, s->rows_done);
    if (s->rows_all > s->rows_done) {
        pgb_out_printf(ctx->out, " of %" PRId64, s->rows_all);
    }
    pgb_out_printf(ctx->out, ", in %s\n", pgb_duration_text(s->duration_us, text, sizeof text));
    status = pgb_history_outcomes(pgb_runner_session(ctx->runner), ctx->conf->history_schema,
                                  ctx->conf->project, v->name, NULL, ctx->arena, &outcomes, &n,
                                  ctx->err);
    for (uint32_t i = 0; status == PGB_OK && i < n; i++) {
        pgb_out_printf(ctx->out, "  %s: %" PRId64 "\n", outcomes[i].name, outcomes[i].count);
    }
    if (s->errors > 0) {
        pgb_out_printf(ctx->out, "  errors: %" PRId64 "\n", s->errors);
    }
    if (s->accepted > 0) {
        pgb_out_printf(ctx->out, "  errors that may stay: %" PRId64 "\n", s->accepted);
    }
    if (s->completed_at != NULL) {
        pgb_out_printf(ctx->out, "  complete since %s\n", s->completed_at);
    }
    return status;
}

static void put_next(pgb_ctx *ctx, const pgb_backfill_view *v)
{
    const char *w = v->word;

    if (v->backfill == NULL) {
        return;
    }
    if (v->n_missing > 0) {
        pgb_out_printf(ctx->out, "  next: pgbraid upgrade %s\n", v->missing[0]);
    } else if (strcmp(w, "paused") == 0) {
        pgb_out_printf(ctx->out, "  next: pgbraid backfill resume %s\n", v->name);
    } else if (strcmp(w, "errors") == 0) {
        pgb_out_printf(ctx->out, "  next: pgbraid backfill errors %s\n", v->name);
    } else if (strcmp(w, "running") != 0 && strcmp(w, "complete") != 0) {
        pgb_out_printf(ctx->out, "  next: pgbraid backfill run %s\n", v->name);
    }
}

pgb_status pgb_backfill_status(pgb_ctx *ctx)
{
    pgb_backfill_view *views;
    uint32_t n;
    pgb_status status = pgb_backfill_views(ctx, ctx->operands, ctx->n_operands, &views, &n);

    if (status == PGB_OK && ctx->json) {
        return as_json(ctx, views, n);
    }
    for (uint32_t i = 0; i < n && status == PGB_OK; i++) {
        status = put_status(ctx, &views[i]);
        if (status == PGB_OK) {
            put_next(ctx, &views[i]);
        }
    }
    if (status == PGB_OK && n == 0) {
        pgb_say(ctx, "there is no backfill: they are files backfills/NAME.sql");
    }
    return status;
}

/* ---- rows at fault ---- */

static void json_faults(pgb_ctx *ctx, const char *name, const pgb_backfill_fault *faults,
                        uint32_t n, int64_t accepted)
{
    pgb_json j;

    pgb_json_init(&j, pgb_out_json(ctx->out));
    pgb_json_object(&j);
    pgb_json_key_string(&j, "backfill", name);
    pgb_json_key(&j, "errors");
    pgb_json_array(&j);
    for (uint32_t i = 0; i < n; i++) {
        pgb_json_object(&j);
        json_strings(&j, "key", faults[i].key, faults[i].n_key);
        pgb_json_key_string(&j, "sqlstate", faults[i].sqlstate);
        pgb_json_key_string(&j, "message", faults[i].message);
        pgb_json_key_int(&j, "attempts", faults[i].attempts);
        pgb_json_key_bool(&j, "accepted", faults[i].accepted);
        pgb_json_key_string(&j, "run", faults[i].run);
        pgb_json_key_string(&j, "at", faults[i].at);
        pgb_json_end(&j);
        pgb_out_turn(ctx->out);
    }
    pgb_json_end(&j);
    pgb_json_key_int(&j, "accepted_now", accepted);
    pgb_json_end(&j);
    pgb_out_raw(ctx->out, "\n", 1);
}

pgb_status pgb_backfill_errors(pgb_ctx *ctx, bool accept, int64_t limit)
{
    const char *name = ctx->operands[0];
    pgb_backfill_view *views;
    pgb_backfill_fault *faults = NULL;
    uint32_t n_views, n = 0;
    int64_t accepted = 0;
    pgb_status status = pgb_backfill_views(ctx, &name, 1, &views, &n_views);

    if (status == PGB_OK && accept) {
        status = pgb_backfill_accept(ctx->runner, name, &accepted, ctx->err);
    }
    if (status == PGB_OK) {
        status = pgb_history_faults(
            pgb_runner_session(ctx->runner), ctx->conf->history_schema, ctx->conf->project, name,
            limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit, ctx->arena, &faults, &n, ctx->err);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (ctx->json) {
        json_faults(ctx, name, faults, n, accepted);
        return PGB_OK;
    }
    for (uint32_t i = 0; i < n; i++) {
        const pgb_backfill_fault *f = &faults[i];

        for (uint32_t k = 0; k < f->n_key; k++) {
            pgb_out_printf(ctx->out, "%s%s", k > 0 ? ", " : "", f->key[k]);
        }
        pgb_out_printf(ctx->out, ": %s (SQLSTATE %s", f->message, f->sqlstate);
        if (f->attempts > 1) {
            pgb_out_printf(ctx->out, ", tried %d times", f->attempts);
        }
        pgb_out_printf(ctx->out, "%s)\n", f->accepted ? ", may stay undone" : "");
    }
    if (accept) {
        pgb_say(ctx, "%" PRId64 " row%s at fault may stay undone now", accepted,
                accepted == 1 ? "" : "s");
    } else if (n == 0) {
        pgb_say(ctx, "no row of %s is at fault", name);
    }
    return PGB_OK;
}
