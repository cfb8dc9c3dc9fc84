#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *pgb_duration_text(int64_t us, char *text, size_t size)
{
    if (us >= 60000000) {
        snprintf(text, size, "%" PRId64 " min %" PRId64 " s", us / 60000000, us / 1000000 % 60);
    } else if (us >= 1000000) {
        snprintf(text, size, "%.1f s", (double)us / 1e6);
    } else {
        snprintf(text, size, "%.0f ms", (double)us / 1e3);
    }
    return text;
}

static const char *verb(pgb_action action)
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

static void connected(void *data, const char *describe)
{
    pgb_note(data, "connected to %s", describe);
}

static void lock_wait(void *data, const char *holder, int64_t waited_ms)
{
    pgb_ctx *ctx = data;

    if (waited_ms < 1000) {
        pgb_say(ctx, "waiting: another runner is at work (%s)", holder);
    } else {
        pgb_say(ctx, "waiting for %" PRId64 " s: another runner is at work (%s)", waited_ms / 1000,
                holder);
    }
}

static void blocked(void *data, const char *blockers, uint32_t attempt, int64_t sleep_ms)
{
    pgb_say(data,
            "no lock within lock_timeout (attempt %u): %s; rolled back, tried again in %.1f s",
            attempt, blockers, (double)sleep_ms / 1e3);
}

/* One line per revision: at its begin on a terminal, completed at its end; elsewhere at its end. A
 * line that moves must fit into `most` columns, or it could not be cleared: its title is left out
 * then. */
static void step_line(pgb_ctx *ctx, const pgb_world *w, const pgb_step *step, uint32_t nth,
                      uint32_t of, int most)
{
    const pgb_world_node *node = &w->nodes[step->node];
    const char *title = node->title == NULL ? "" : node->title;
    char digits[16];
    int width = snprintf(digits, sizeof digits, "%u", of);
    size_t used = 2 * (size_t)width + strlen(verb(step->action)) + strlen(node->id) + 10;

    pgb_out_printf(ctx->talk, "%*u/%u  %s ", width, nth, of, verb(step->action));
    pgb_out_styled(ctx->talk, PGB_STYLE_NAME, node->id);
    /* a byte takes at most one column, or two of three bytes */
    if (title[0] != '\0' && (most == 0 || used + strlen(title) < (size_t)most)) {
        pgb_out_printf(ctx->talk, "  %s", title);
    }
}

static void show_open(pgb_ctx *ctx, const pgb_world *w)
{
    if (ctx->progress && ctx->open_step != NULL) {
        step_line(ctx, w, ctx->open_step, ctx->open_nth, ctx->steps, pgb_out_width(ctx->talk));
        pgb_out_puts(ctx->talk, " ...");
        pgb_out_flush(ctx->talk, NULL);
        ctx->line_open = true;
    }
}

static void clear_open(pgb_ctx *ctx)
{
    if (ctx->line_open) {
        pgb_out_raw(ctx->talk, "\r\033[K", 4); /* to the begin, and clear */
        ctx->line_open = false;
    }
}

static void step_begin(void *data, const pgb_world *w, const pgb_step *step, uint32_t nth,
                       uint32_t of)
{
    pgb_ctx *ctx = data;

    clear_open(ctx);
    ctx->open_step = step;
    ctx->open_nth = nth;
    ctx->steps = of;
    show_open(ctx, w);
}

static void step_end(void *data, const pgb_world *w, const pgb_step *step, int64_t duration_us)
{
    pgb_ctx *ctx = data;
    char text[40];

    ctx->steps_done++;
    if (ctx->open_step == step) {
        ctx->open_step = NULL;
    }
    if (ctx->quiet) {
        return;
    }
    clear_open(ctx);
    step_line(ctx, w, step, ctx->steps_done, ctx->steps, 0);
    pgb_out_printf(ctx->talk, "  (%s)\n", pgb_duration_text(duration_us, text, sizeof text));
    show_open(ctx, w);
}

static void notice(void *data, const char *severity, const char *text)
{
    pgb_ctx *ctx = data;

    if (strcasecmp(severity, "WARNING") == 0) {
        pgb_warn(ctx, "%s", text);
    } else {
        pgb_note(ctx, "%s", text);
    }
}

pgb_run_events pgb_progress_events(pgb_ctx *ctx)
{
    return (pgb_run_events){
        .data = ctx,
        .connected = connected,
        .lock_wait = lock_wait,
        .step_begin = step_begin,
        .step_end = step_end,
        .notice = notice,
        .blocked = blocked,
    };
}
