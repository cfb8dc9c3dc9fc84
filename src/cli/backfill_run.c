/* backfill run: progress while it works, the summary at its end. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/backfills.h"
#include "cli/progress.h"

enum { LINE_EVERY_US = 10000000, MOVE_EVERY_US = 100000, FAULTS_SHOWN = 10 };

/* What is told while one runs. */
typedef struct teller {
    pgb_ctx *ctx;
    int64_t last; /* µs, of the last progress */
    uint32_t faults;
    bool more_said;
} teller;

static pgb_json items; /* of the one object that goes to stdout, while it is open */

static void clear_line(pgb_ctx *ctx)
{
    if (ctx->line_open) {
        pgb_out_raw(ctx->talk, "\r\033[K", 4);
        ctx->line_open = false;
    }
}

static void event_line(pgb_ctx *ctx, pgb_buf *b)
{
    pgb_buf_putc(b, '\n');
    if (!b->failed) {
        pgb_out_raw(ctx->talk, b->p, b->len);
    }
}

static void put_outcomes(pgb_json *j, const pgb_outcome *outcomes, uint32_t n)
{
    pgb_json_key(j, "outcomes");
    pgb_json_array(j);
    for (uint32_t i = 0; i < n; i++) {
        pgb_json_object(j);
        pgb_json_key_string(j, "outcome", outcomes[i].name);
        pgb_json_key_int(j, "count", outcomes[i].count);
        pgb_json_end(j);
    }
    pgb_json_end(j);
}

static void begin(void *data, const pgb_backfill *b, bool resumed, int64_t before)
{
    teller *t = data;
    pgb_ctx *ctx = t->ctx;

    if (ctx->json) {
        pgb_json j;
        PGB_AUTO_BUF(line);

        pgb_json_init(&j, &line);
        pgb_json_object(&j);
        pgb_json_key_string(&j, "event", "begin");
        pgb_json_key_string(&j, "backfill", b->name);
        pgb_json_key_bool(&j, "resumed", resumed);
        pgb_json_key_int(&j, "rows_before", before);
        pgb_json_end(&j);
        event_line(ctx, &line);
    } else if (resumed) {
        pgb_say(ctx, "%s: %s (goes on: %" PRId64 " row%s done before)", b->name, b->title, before,
                before == 1 ? "" : "s");
    } else {
        pgb_say(ctx, "%s: %s", b->name, b->title);
    }
}

static double rate_of(const pgb_backfill_progress *p)
{
    return p->elapsed_us > 0 ? (double)p->rows * 1e6 / (double)p->elapsed_us : 0;
}

/* Seconds; -1: not known. */
static int64_t time_left(const pgb_backfill_progress *p)
{
    double rate = rate_of(p);

    return p->rows_all < p->rows || rate < 0.001
               ? -1
               : (int64_t)((double)(p->rows_all - p->rows) / rate + 0.5);
}

static void progress_text(pgb_buf *line, const pgb_backfill *b, const pgb_backfill_progress *p)
{
    int64_t left = time_left(p);

    pgb_buf_printf(line, "%s: %" PRId64, b->name, p->rows);
    if (p->rows_all >= p->rows) {
        pgb_buf_printf(line, " of %s%" PRId64, p->rough ? "about " : "", p->rows_all);
    }
    pgb_buf_printf(line, " rows");
    if (p->rows_all >= p->rows && p->rows_all > 0) {
        pgb_buf_printf(line, " (%d%%)", (int)(100 * p->rows / p->rows_all));
    }
    pgb_buf_printf(line, ", %.0f/s", rate_of(p));
    if (left >= 0) {
        pgb_buf_printf(line, ", %" PRId64 ":%02d left", left / 60, (int)(left % 60));
    }
    for (uint32_t i = 0; i < p->n_outcomes; i++) {
        pgb_buf_printf(line, ", %s %" PRId64, p->outcomes[i].name, p->outcomes[i].count);
    }
    if (p->errors > 0) {
        pgb_buf_printf(line, ", errors %" PRId64, p->errors);
    }
}

static void progress_json(pgb_ctx *ctx, const pgb_backfill *b, const pgb_backfill_progress *p)
{
    int64_t left = time_left(p);
    pgb_json j;
    PGB_AUTO_BUF(line);

    pgb_json_init(&j, &line);
    pgb_json_object(&j);
    pgb_json_key_string(&j, "event", "progress");
    pgb_json_key_string(&j, "backfill", b->name);
    pgb_json_key_int(&j, "rows", p->rows);
    pgb_json_key(&j, "rows_all");
    if (p->rows_all >= 0) {
        pgb_json_int(&j, p->rows_all);
    } else {
        pgb_json_null(&j);
    }
    pgb_json_key_int(&j, "errors", p->errors);
    pgb_json_key_int(&j, "rows_per_second", (int64_t)rate_of(p));
    pgb_json_key(&j, "seconds_left");
    if (left >= 0) {
        pgb_json_int(&j, left);
    } else {
        pgb_json_null(&j);
    }
    pgb_json_key_int(&j, "batch", p->batch);
    pgb_json_key_int(&j, "pass", p->pass);
    pgb_json_key_int(&j, "elapsed_us", p->elapsed_us);
    put_outcomes(&j, p->outcomes, p->n_outcomes);
    pgb_json_end(&j);
    event_line(ctx, &line);
}

static void progress(void *data, const pgb_backfill *b, const pgb_backfill_progress *p)
{
    teller *t = data;
    pgb_ctx *ctx = t->ctx;
    int64_t now = pgb_clock_us();
    PGB_AUTO_BUF(line);

    if (ctx->json) {
        progress_json(ctx, b, p);
        return;
    }
    if (ctx->quiet || now - t->last < (ctx->progress ? MOVE_EVERY_US : LINE_EVERY_US)) {
        return;
    }
    t->last = now;
    progress_text(&line, b, p);
    if (line.failed) {
        return;
    }
    if (!ctx->progress) {
        pgb_say(ctx, "%s", pgb_buf_str(&line));
        return;
    }
    /* a line that wraps could not be cleared */
    if ((int)line.len >= pgb_out_width(ctx->talk)) {
        line.len = (size_t)pgb_out_width(ctx->talk) - 1;
        line.len = pgb_utf8_valid(line.p, line.len);
    }
    clear_line(ctx);
    pgb_out_text(ctx->talk, line.p, line.len);
    pgb_out_flush(ctx->talk, NULL);
    ctx->line_open = true;
}

static void item(void *data, const pgb_backfill *b, const char *outcome, int64_t count,
                 const char *detail)
{
    teller *t = data;
    pgb_ctx *ctx = t->ctx;

    if (ctx->json) {
        pgb_json_object(&items);
        pgb_json_key_string(&items, "backfill", b->name);
        pgb_json_key_string(&items, "outcome", outcome);
        pgb_json_key_int(&items, "count", count);
        pgb_json_key_string(&items, "detail", detail);
        pgb_json_end(&items);
        pgb_out_turn(ctx->out);
        return;
    }
    clear_line(ctx);
    pgb_out_printf(ctx->out, "%s", outcome);
    if (count != 1) {
        pgb_out_printf(ctx->out, " %" PRId64, count);
    }
    pgb_out_printf(ctx->out, "%s%s\n", detail != NULL ? ": " : "", detail != NULL ? detail : "");
}

static void fault(void *data, const pgb_backfill *b, const char *key, const char *sqlstate,
                  const char *message)
{
    teller *t = data;
    pgb_ctx *ctx = t->ctx;
    size_t len = strlen(key);

    /* an array, as the server writes it: its braces say nothing here */
    if (len >= 2 && key[0] == '{') {
        key = pgb_arena_strndup(ctx->arena, key + 1, len - 2);
        key = key != NULL ? key : "";
    }
    if (ctx->json) {
        pgb_json j;
        PGB_AUTO_BUF(line);

        pgb_json_init(&j, &line);
        pgb_json_object(&j);
        pgb_json_key_string(&j, "event", "error");
        pgb_json_key_string(&j, "backfill", b->name);
        pgb_json_key_string(&j, "key", key);
        pgb_json_key_string(&j, "sqlstate", sqlstate);
        pgb_json_key_string(&j, "message", message);
        pgb_json_end(&j);
        event_line(ctx, &line);
        return;
    }
    if (t->faults++ < FAULTS_SHOWN || ctx->verbose > 0) {
        pgb_warn(ctx, "%s: row %s is at fault: %s (SQLSTATE %s)", b->name, key, message, sqlstate);
    } else if (!t->more_said) {
        t->more_said = true;
        pgb_warn(ctx, "%s: more rows are at fault; pgbraid backfill errors %s lists them", b->name,
                 b->name);
    }
}

static void waiting(void *data, const pgb_backfill *b, const char *why)
{
    teller *t = data;
    pgb_ctx *ctx = t->ctx;

    if (ctx->json) {
        pgb_json j;
        PGB_AUTO_BUF(line);

        pgb_json_init(&j, &line);
        pgb_json_object(&j);
        pgb_json_key_string(&j, "event", "waiting");
        pgb_json_key_string(&j, "backfill", b->name);
        pgb_json_key_string(&j, "why", why);
        pgb_json_end(&j);
        event_line(ctx, &line);
    } else if (why != NULL && strcmp(why, "paused") == 0) {
        pgb_say(ctx, "%s: paused; pgbraid backfill resume %s lets it go on", b->name, b->name);
    } else if (why != NULL) {
        pgb_note(ctx, "%s: stands still: %s", b->name, why);
    }
}

/* With JSON every line on stderr is an object: what runs of revisions say in words is left out. */
static void quiet_notice(void *data, const char *severity, const char *text)
{
    pgb_ctx *ctx = data;
    pgb_json j;
    PGB_AUTO_BUF(line);

    pgb_json_init(&j, &line);
    pgb_json_object(&j);
    pgb_json_key_string(&j, "event", "notice");
    pgb_json_key_string(&j, "severity", severity);
    pgb_json_key_string(&j, "message", text);
    pgb_json_end(&j);
    event_line(ctx, &line);
}

static void quiet_blocked(void *data, const char *blockers, uint32_t attempt, int64_t sleep_ms)
{
    (void)attempt;
    (void)sleep_ms;
    quiet_notice(data, "BLOCKED", blockers);
}

static void quiet_lock_wait(void *data, const char *holder, int64_t waited_ms)
{
    (void)waited_ms;
    quiet_notice(data, "WAITING", holder);
}

static int64_t number_or(const char *text, int64_t preset)
{
    int64_t n = 0;

    if (text == NULL || text[0] == '\0') {
        return preset;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || n > INT64_MAX / 20) {
            return -2;
        }
        n = n * 10 + (*c - '0');
    }
    return n;
}

pgb_status pgb_backfill_go(pgb_ctx *ctx, const pgb_backfill *backfill, const pgb_backfill_values *v,
                           pgb_backfill_summary *ret_summary, pgb_error *err)
{
    teller t = {.ctx = ctx, .last = pgb_clock_us()};
    pgb_backfill_options o = {
        .run = {.conninfo = ctx->db.conninfo,
                .project = ctx->conf->project,
                .schema = ctx->conf->history_schema,
                .lock_wait_ms = v != NULL ? v->run.lock_wait_ms : -1,
                .lock_timeout_ms = v != NULL && v->run.lock_timeout_ms >= 0
                                       ? v->run.lock_timeout_ms
                                       : ctx->conf->lock_timeout_ms,
                .lock_deadline_ms = v != NULL ? v->run.lock_deadline_ms : -1,
                .statement_timeout_ms = v != NULL ? v->run.statement_timeout_ms : -1,
                .resolve_deadline_ms = -1,
                .interrupted = &pgb_cli_interrupted,
                .events = pgb_progress_events(ctx)},
        .backfill = backfill,
        .world = ctx->world,
        .verbose = ctx->verbose > 0,
        .max_errors = -1,
        .batch_time_ms = -1,
        .events = {.data = &t,
                   .begin = begin,
                   .progress = progress,
                   .item = item,
                   .fault = fault,
                   .waiting = waiting},
    };
    pgb_status status;

    if (ctx->json) {
        o.run.events.notice = quiet_notice;
        o.run.events.blocked = quiet_blocked;
        o.run.events.lock_wait = quiet_lock_wait;
        o.run.events.connected = NULL;
    }
    if (v != NULL) {
        o.dry_run = v->dry_run;
        o.only_errors = v->only_errors;
        o.again = v->again;
        o.edited = v->edited;
        o.limit = v->limit;
        o.rate = v->rate;
        o.batch = v->batch;
        o.batch_time_ms = v->batch_time_ms;
        o.max_errors = number_or(v->max_errors, -1);
        if (o.max_errors == -2) {
            return pgb_error_set(err, PGB_USAGE, "--max-errors takes a number, not \"%s\"",
                                 v->max_errors);
        }
        if (o.batch > PGB_BACKFILL_BATCH_MAX) {
            return pgb_error_set(err, PGB_USAGE, "--batch takes at most %d rows",
                                 PGB_BACKFILL_BATCH_MAX);
        }
    }
    status = pgb_backfill_run(&o, ctx->arena, ret_summary, err);
    clear_line(ctx);
    return status;
}

/* ---- the summary ---- */

static void put_line(pgb_ctx *ctx, size_t width, const char *name, int64_t count)
{
    pgb_out_printf(ctx->out, "  %s%*s  %" PRId64 "\n", name,
                   (int)(width - pgb_utf8_count(name, strlen(name))), "", count);
}

void pgb_backfill_put(pgb_ctx *ctx, const pgb_backfill *backfill, const pgb_backfill_summary *s)
{
    static const char time_name[] = "execution time";
    size_t width = sizeof time_name - 1;
    char text[40];

    for (uint32_t i = 0; i < s->n_outcomes; i++) {
        size_t n = pgb_utf8_count(s->outcomes[i].name, strlen(s->outcomes[i].name));

        width = n > width ? n : width;
    }
    pgb_out_printf(ctx->out, "Backfill %s: %s\n", backfill->name,
                   strcmp(s->state, "dry_run") == 0  ? "dry run, nothing was changed"
                   : strcmp(s->state, "errors") == 0 ? "all rows were tried, and some are at fault"
                                                     : s->state);
    pgb_out_printf(ctx->out, "  %s%*s  %s\n", time_name, (int)(width - (sizeof time_name - 1)), "",
                   pgb_duration_text(s->duration_us, text, sizeof text));
    put_line(ctx, width, "rows read", s->rows);
    for (uint32_t i = 0; i < s->n_outcomes; i++) {
        put_line(ctx, width, s->outcomes[i].name, s->outcomes[i].count);
    }
    put_line(ctx, width, "errors", s->errors);
    if (s->gone > 0) {
        put_line(ctx, width, "gone meanwhile", s->gone);
    }
    if (s->resumed) {
        put_line(ctx, width, "rows in all", s->rows_total);
    }
}

void pgb_backfill_json(pgb_json *json, const pgb_backfill *backfill, const pgb_backfill_summary *s)
{
    pgb_json_object(json);
    pgb_json_key_string(json, "name", backfill->name);
    pgb_json_key_string(json, "state", s->state);
    pgb_json_key_string(json, "run", s->run[0] != '\0' ? s->run : NULL);
    pgb_json_key_bool(json, "resumed", s->resumed);
    pgb_json_key_int(json, "rows", s->rows);
    pgb_json_key_int(json, "rows_total", s->rows_total);
    pgb_json_key_int(json, "errors", s->errors);
    pgb_json_key_int(json, "open_errors", s->open_errors);
    pgb_json_key_int(json, "gone", s->gone);
    pgb_json_key_int(json, "batches", s->batches);
    pgb_json_key_int(json, "duration_us", s->duration_us);
    put_outcomes(json, s->outcomes, s->n_outcomes);
    pgb_json_end(json);
}

void pgb_backfill_items_begin(pgb_ctx *ctx)
{
    pgb_json_init(&items, pgb_out_json(ctx->out));
    pgb_json_object(&items);
    if (ctx->verbose > 0) {
        pgb_json_key(&items, "items");
        pgb_json_array(&items);
    }
}

void pgb_backfill_items_end(pgb_ctx *ctx, const pgb_backfill *const *backfills,
                            const pgb_backfill_summary *summaries, uint32_t n)
{
    if (ctx->verbose > 0) {
        pgb_json_end(&items);
    }
    pgb_json_key(&items, "backfills");
    pgb_json_array(&items);
    for (uint32_t i = 0; i < n; i++) {
        if (summaries[i].state != NULL) {
            pgb_backfill_json(&items, backfills[i], &summaries[i]);
        }
    }
    pgb_json_end(&items);
    if (ctx->err->status != PGB_OK) {
        pgb_out_error_member(ctx->out, &items, ctx->err);
    }
    pgb_json_end(&items);
    pgb_out_raw(ctx->out, "\n", 1);
}
