/* Talk for people on stderr. */
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* A progress line that is not ended yet gives way; and what was written to stdout before stands
 * before, where both go to one place. */
static void end_line(pgb_ctx *ctx)
{
    pgb_out_flush(ctx->out, NULL);
    if (ctx->line_open) {
        pgb_out_raw(ctx->talk, "\n", 1);
        ctx->line_open = false;
    }
}

void pgb_say(pgb_ctx *ctx, const char *fmt, ...)
{
    va_list ap;

    if (ctx->quiet) {
        return;
    }
    end_line(ctx);
    va_start(ap, fmt);
    pgb_out_vprintf(ctx->talk, fmt, ap);
    va_end(ap);
    pgb_out_raw(ctx->talk, "\n", 1);
}

static void say_as(pgb_ctx *ctx, const char *what, pgb_style style, const char *fmt, va_list ap)
    __attribute__((format(printf, 4, 0)));

static void say_as(pgb_ctx *ctx, const char *what, pgb_style style, const char *fmt, va_list ap)
{
    end_line(ctx);
    pgb_out_styled(ctx->talk, style, what);
    pgb_out_raw(ctx->talk, " ", 1);
    pgb_out_vprintf(ctx->talk, fmt, ap);
    pgb_out_raw(ctx->talk, "\n", 1);
}

void pgb_note(pgb_ctx *ctx, const char *fmt, ...)
{
    va_list ap;

    if (ctx->verbose == 0) {
        return;
    }
    va_start(ap, fmt);
    say_as(ctx, "note:", PGB_STYLE_DIM, fmt, ap);
    va_end(ap);
}

void pgb_warn(pgb_ctx *ctx, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say_as(ctx, "warning:", PGB_STYLE_WARN, fmt, ap);
    va_end(ap);
}

bool pgb_ask(pgb_ctx *ctx, const char *question)
{
    char answer[64];
    size_t n = 0;
    char c;

    if (!ctx->may_ask) {
        return false;
    }
    pgb_out_printf(ctx->talk, "%s [y/N] ", question);
    pgb_out_flush(ctx->talk, NULL);
    /* byte by byte: what follows the line is not ours */
    while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
        if (n + 1 < sizeof answer) {
            answer[n++] = c;
        }
    }
    answer[n] = '\0';
    return strcmp(answer, "y") == 0 || strcmp(answer, "Y") == 0 || strcmp(answer, "yes") == 0;
}
