#include "cli/act.h"

#include <string.h>

#include "cli/progress.h"
#include "rev/backfill.h"

const char *pgb_action_name(pgb_action action)
{
    switch (action) {
    case PGB_UPGRADE:
        return "upgrade";
    case PGB_DOWNGRADE:
        return "downgrade";
    case PGB_STAMP:
        return "stamp";
    case PGB_UNSTAMP:
        return "unstamp";
    }
    return "";
}

unsigned pgb_act_needs_dry(unsigned needs)
{
    return needs & ~(unsigned)(PGB_NEED_LOCK | PGB_NEED_WRITE);
}

static void json_steps(pgb_ctx *ctx, pgb_json *json, const char *key, const pgb_plan *plan,
                       uint32_t n)
{
    pgb_json_key(json, key);
    pgb_json_array(json);
    for (uint32_t i = 0; i < n; i++) {
        pgb_action action = plan->steps[i].action;

        pgb_json_object(json);
        /* to forget is an act of stamp too; "applied" tells the two apart */
        pgb_json_key_string(json, "action",
                            pgb_action_name(action == PGB_UNSTAMP ? PGB_STAMP : action));
        pgb_json_key_string(json, "revision", ctx->world->nodes[plan->steps[i].node].id);
        pgb_json_key_bool(json, "applied", action == PGB_UPGRADE || action == PGB_STAMP);
        pgb_json_end(json);
        pgb_out_turn(ctx->out);
    }
    pgb_json_end(json);
}

void pgb_act_json_held(pgb_ctx *ctx, pgb_json *json)
{
    pgb_json_key(json, "held");
    pgb_json_array(json);
    for (uint32_t i = 0; i < ctx->n_held; i++) {
        pgb_json_object(json);
        pgb_json_key_string(json, "revision", ctx->world->nodes[ctx->held[i].node].id);
        pgb_json_key_string(json, "backfill", ctx->held[i].backfill);
        pgb_json_end(json);
    }
    pgb_json_end(json);
}

static void json_course(pgb_ctx *ctx, pgb_json *json, const pgb_course *course)
{
    pgb_json_key(json, "course");
    pgb_json_array(json);
    for (uint32_t i = 0; i < course->n; i++) {
        const pgb_course_step *s = &course->steps[i];

        pgb_json_object(json);
        pgb_json_key_string(json, "revision",
                            s->backfill == NULL ? ctx->world->nodes[s->step.node].id : NULL);
        pgb_json_key_string(json, "backfill", s->backfill);
        pgb_json_end(json);
        pgb_out_turn(ctx->out);
    }
    pgb_json_end(json);
}

/* course NULL: without backfills */
static void json_plan(pgb_ctx *ctx, const pgb_plan *plan, const pgb_course *course)
{
    pgb_json json;

    pgb_json_init(&json, pgb_out_json(ctx->out));
    pgb_json_object(&json);
    json_steps(ctx, &json, "plan", plan, plan->n);
    if (course != NULL) {
        json_course(ctx, &json, course);
    }
    if (ctx->n_held > 0) {
        pgb_act_json_held(ctx, &json);
    }
    pgb_json_end(&json);
    pgb_out_raw(ctx->out, "\n", 1);
}

static void put_step(pgb_ctx *ctx, const char *what, const char *name, bool late, const char *title)
{
    pgb_out_printf(ctx->out, "%s ", what);
    pgb_out_styled(ctx->out, PGB_STYLE_NAME, name);
    pgb_out_printf(ctx->out, "%s%s%s\n", late ? " (late)" : "",
                   title != NULL && title[0] != '\0' ? ", " : "", title == NULL ? "" : title);
}

static void put_revision(pgb_ctx *ctx, const pgb_step *step)
{
    const pgb_world_node *node = &ctx->world->nodes[step->node];

    put_step(ctx, pgb_action_name(step->action), node->id, node->late, node->title);
}

void pgb_act_show(pgb_ctx *ctx, const pgb_plan *plan)
{
    if (ctx->json) {
        json_plan(ctx, plan, NULL);
        return;
    }
    for (uint32_t i = 0; i < plan->n; i++) {
        put_revision(ctx, &plan->steps[i]);
    }
    if (plan->n == 0) {
        pgb_say(ctx, "nothing to do");
    }
}

pgb_status pgb_act_show_course(pgb_ctx *ctx, const pgb_course *course)
{
    pgb_plan plan = {pgb_arena_array(ctx->arena, (size_t)course->n + 1, sizeof *plan.steps), 0};

    if (plan.steps == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < course->n; i++) {
        const pgb_course_step *s = &course->steps[i];

        if (s->backfill == NULL) {
            plan.steps[plan.n++] = s->step;
        }
        if (!ctx->json && s->backfill == NULL) {
            put_revision(ctx, &s->step);
        } else if (!ctx->json) {
            const pgb_backfill *b = pgb_backfills_find(ctx->backfills, s->backfill);

            put_step(ctx, "backfill", s->backfill, false, b != NULL ? b->title : NULL);
        }
    }
    if (ctx->json) {
        json_plan(ctx, &plan, course);
    } else if (course->n == 0) {
        pgb_say(ctx, "nothing to do");
    }
    return PGB_OK;
}

/* One line of warning for an applied revision; false: there is nothing to warn of. */
static bool warn_applied(pgb_ctx *ctx, const pgb_world_node *n)
{
    bool warned = true;

    if (n->rev == NULL) {
        pgb_warn(ctx, "%s is applied, but its file is gone (%s)", n->id, n->applied->file);
    } else if (n->edited) {
        pgb_warn(ctx, "%s: edited since %s was applied; the change has not been run", n->rev->file,
                 n->id);
    } else {
        warned = false;
    }
    if (n->rev != NULL && n->edited_blank) {
        pgb_note(ctx, "%s: only line ends or blanks differ from what was applied", n->rev->file);
    }
    if (n->rev != NULL && n->reparented) {
        pgb_warn(ctx, "%s: the parents of %s changed since it was applied", n->rev->file, n->id);
        warned = true;
    }
    return warned;
}

void pgb_act_warn_applied(pgb_ctx *ctx)
{
    enum { MOST = 20 };
    const pgb_world *w = ctx->world;
    uint32_t warned = 0, more = 0;

    for (uint32_t i = 0; i < w->n; i++) {
        const pgb_world_node *n = &w->nodes[w->order[i]];

        if (n->applied == NULL) {
            continue;
        }
        if (warned < MOST) {
            warned += warn_applied(ctx, n);
        } else {
            more += n->rev == NULL || n->edited || n->reparented;
        }
    }
    if (more > 0) {
        pgb_warn(ctx,
                 "%u more applied revisions are edited, re-parented or without a file: pgbraid "
                 "status lists them",
                 more);
    }
}

/* The applied set after the first n steps, so that it need not be read again. */
static pgb_status current_after(pgb_ctx *ctx, const pgb_plan *plan, uint32_t n,
                                pgb_node_list *ret_current)
{
    for (uint32_t i = 0; i < n; i++) {
        if (plan->steps[i].action == PGB_UPGRADE || plan->steps[i].action == PGB_STAMP) {
            pgb_bits_set(&ctx->world->applied, plan->steps[i].node);
        } else {
            pgb_bits_unset(&ctx->world->applied, plan->steps[i].node);
        }
    }
    return pgb_world_current(ctx->world, ret_current, ctx->err);
}

static void json_done(pgb_ctx *ctx, const pgb_plan *plan, const pgb_run_summary *summary,
                      pgb_node_list current, void (*more)(pgb_ctx *ctx, pgb_json *json, void *data),
                      void *data)
{
    pgb_json json;

    pgb_json_init(&json, pgb_out_json(ctx->out));
    pgb_json_object(&json);
    json_steps(ctx, &json, "done", plan, summary->n_done);
    pgb_list_json(&json, "current", ctx->world, current);
    pgb_json_key_string(&json, "run", summary->run[0] == '\0' ? NULL : summary->run);
    pgb_json_key_int(&json, "duration_us", summary->duration_us);
    if (ctx->n_held > 0) {
        pgb_act_json_held(ctx, &json);
    }
    if (more != NULL) {
        more(ctx, &json, data);
    }
    pgb_json_end(&json);
    pgb_out_raw(ctx->out, "\n", 1);
}

static void say_done(pgb_ctx *ctx, const pgb_plan *plan, const pgb_run_summary *summary,
                     pgb_node_list current)
{
    enum { ACTIONS = PGB_UNSTAMP + 1 };
    static const char *const past[ACTIONS] = {"upgraded", "downgraded", "stamped", "unstamped"};
    uint32_t counts[ACTIONS] = {0};
    PGB_AUTO_BUF(what);
    char text[40];

    if (plan->n == 0) {
        pgb_say(ctx, "nothing to do: the database is at %s",
                current.n == 0 ? "base" : pgb_list_ids(ctx, current, 5));
        return;
    }
    for (uint32_t i = 0; i < summary->n_done; i++) {
        counts[plan->steps[i].action]++;
    }
    for (int a = 0; a < ACTIONS; a++) {
        if (counts[a] > 0) {
            pgb_buf_printf(&what, "%s%u revision%s %s", what.len == 0 ? "" : ", ", counts[a],
                           counts[a] == 1 ? "" : "s", past[a]);
        }
    }
    pgb_say(ctx, "%s in %s; the database is at %s", pgb_buf_str(&what),
            pgb_duration_text(summary->duration_us, text, sizeof text),
            current.n == 0 ? "base" : pgb_list_ids(ctx, current, 5));
}

pgb_status pgb_act_report(pgb_ctx *ctx, const pgb_plan *plan, const pgb_run_summary *summary,
                          void (*more)(pgb_ctx *ctx, pgb_json *json, void *data), void *data)
{
    pgb_node_list current = {0};
    pgb_status status = current_after(ctx, plan, summary->n_done, &current);

    if (status == PGB_OK && ctx->json) {
        json_done(ctx, plan, summary, current, more, data);
    } else if (status == PGB_OK) {
        say_done(ctx, plan, summary, current);
    }
    return status;
}

pgb_status pgb_act_run(pgb_ctx *ctx, const pgb_plan *plan)
{
    pgb_run_summary summary = {0};
    pgb_status status = PGB_OK;

    if (plan->n > 0) {
        status = pgb_runner_execute(ctx->runner, ctx->world, plan, &summary, ctx->err);
    }
    if (status != PGB_OK) {
        if (summary.n_done > 0) {
            pgb_error_context(ctx->err, "%u of %u revisions were done before it, and stay",
                              summary.n_done, plan->n);
        }
        return status;
    }
    return pgb_act_report(ctx, plan, &summary, NULL, NULL);
}

static bool to_out(void *data, const char *bytes, size_t len)
{
    pgb_out_raw(data, bytes, len);
    return true;
}

pgb_status pgb_act_script(pgb_ctx *ctx, const pgb_plan *plan, const char *command)
{
    if (ctx->json) {
        return pgb_error_set(ctx->err, PGB_USAGE,
                             "--sql writes a script, so --format json does not fit");
    }
    if (plan->n == 0) {
        pgb_say(ctx, "nothing to do");
        return PGB_OK;
    }
    return pgb_runner_script(ctx->runner, ctx->world, plan, command, to_out, ctx->out, ctx->err);
}
