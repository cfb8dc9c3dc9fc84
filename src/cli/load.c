/* What a command needs, in the order config, files, database, lock, applied set; so that a broken
 * project is known before a server is asked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/opt.h"
#include "cli/progress.h"
#include "cli/target.h"
#include "run/hashes.h"

static pgb_status load_conf(pgb_ctx *ctx)
{
    char *cwd = getcwd(NULL, 0);
    pgb_conf *conf;
    pgb_status status;

    if (cwd == NULL) {
        return pgb_error_set_errno(ctx->err, PGB_IO, errno, "cannot tell the working folder");
    }
    ctx->root = pgb_arena_strdup(ctx->arena, cwd);
    free(cwd);
    if (ctx->root == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    status = pgb_conf_read(ctx->root, ctx->arena, &conf, ctx->err);
    if (status == PGB_OK) {
        ctx->conf = conf;
    }
    return status;
}

static pgb_layout layout_of(const pgb_conf *conf)
{
    return strcmp(conf->layout, "native") == 0     ? PGB_LAYOUT_NATIVE
           : strcmp(conf->layout, "numbered") == 0 ? PGB_LAYOUT_NUMBERED
                                                   : PGB_LAYOUT_AUTO;
}

static pgb_status load_files(pgb_ctx *ctx)
{
    pgb_rev_options options = {
        .root = ctx->root, .folder = ctx->conf->migrations, .layout = layout_of(ctx->conf)};

    return pgb_revset_load(&options, NULL, &ctx->set, ctx->err);
}

/* What surely can't be done, whatever the database holds, is said before one is asked. */
static pgb_status foresee(pgb_ctx *ctx)
{
    pgb_world *files = NULL;
    pgb_status status = pgb_revset_refuse_control(ctx->set, ctx->err);

    if (status == PGB_OK && ctx->command->targets_have_files && ctx->n_operands > 0) {
        status = pgb_world_build(ctx->set, NULL, NULL, &files, ctx->err);
    }
    for (uint32_t i = 0; files != NULL && i < ctx->n_operands && status == PGB_OK; i++) {
        status = pgb_world_foresee(files, ctx->operands[i], ctx->err);
    }
    if (files != NULL) {
        pgb_world_free(files);
    }
    return status;
}

static void server_notice(void *data, const char *text)
{
    pgb_ctx *ctx = data;

    pgb_say(ctx, "%s", text);
}

/* Finds the database; ctx->db.conninfo is set afterwards. */
static pgb_status find_database(pgb_ctx *ctx, bool start)
{
    pgb_embedded_options options = {.root = ctx->root,
                                    .project = ctx->conf->project,
                                    .bin = ctx->conf->server_bin,
                                    .start = start,
                                    .wait_ms = -1,
                                    .notice = server_notice,
                                    .data = ctx};
    pgb_status status = pgb_target_choose(ctx->database, ctx->conf, ctx->arena, &ctx->db, ctx->err);

    if (status != PGB_OK || ctx->db.source != PGB_DB_EMBEDDED) {
        return status;
    }
    status = pgb_embedded_open(&options, &ctx->server, ctx->err);
    if (status == PGB_OK) {
        ctx->db.conninfo = pgb_embedded_conninfo(ctx->server);
    }
    return status;
}

static pgb_status connect_database(pgb_ctx *ctx, unsigned needs)
{
    pgb_run_options options = {
        .conninfo = ctx->db.conninfo,
        .project = ctx->conf->project,
        .schema = ctx->conf->history_schema,
        .read_only = (needs & PGB_NEED_WRITE) == 0,
        .lock_wait_ms = -1,
        .lock_timeout_ms = ctx->conf->lock_timeout_ms,
        .lock_deadline_ms = -1,
        .statement_timeout_ms = -1,
        .resolve_deadline_ms = -1,
        .interrupted = &pgb_cli_interrupted,
        .events = pgb_progress_events(ctx),
    };
    pgb_status status;

    if ((ctx->command->needs & PGB_NEED_LOCK) != 0) {
        /* a script (--sql) needs no lock, but is one transaction as well */
        options.one_transaction = ((const pgb_run_values *)ctx->values)->one_transaction;
    }
    if ((needs & PGB_NEED_LOCK) != 0) {
        const pgb_run_values *v = ctx->values;

        options.lock_wait_ms = v->lock_wait_ms;
        options.lock_deadline_ms = v->lock_deadline_ms;
        options.statement_timeout_ms = v->statement_timeout_ms;
        if (v->lock_timeout_ms >= 0) {
            options.lock_timeout_ms = v->lock_timeout_ms;
        }
    }
    status = pgb_runner_open(&options, &ctx->runner, ctx->err);
    if (status == PGB_OK && (needs & PGB_NEED_LOCK) != 0) {
        status = pgb_runner_lock(ctx->runner, ctx->err);
    }
    if (status == PGB_OK) {
        status = pgb_runner_read(ctx->runner, ctx->arena, &ctx->applied, ctx->err);
    }
    return status;
}

static void forget_database(pgb_ctx *ctx)
{
    pgb_runner_close(ctx->runner);
    ctx->runner = NULL;
    ctx->applied = NULL;
    if (ctx->server != NULL) {
        pgb_embedded_close(ctx->server);
        ctx->server = NULL;
    }
}

/* For commands that do without: a database that is not named or not reachable is none. What -d says
 * must be right. */
static pgb_status connect_if_any(pgb_ctx *ctx, unsigned needs)
{
    bool named;
    pgb_status status = find_database(ctx, false);

    named = ctx->db.source != PGB_DB_EMBEDDED;
    if (status == PGB_NOMEM) {
        return status;
    }
    if (status != PGB_OK && ctx->database == NULL) {
        pgb_error_clear(ctx->err);
        forget_database(ctx);
        return PGB_OK;
    }
    if (status == PGB_OK) {
        status = connect_database(ctx, needs);
    }
    if (status == PGB_CONNECT) {
        if (named) {
            pgb_warn(ctx, "what is applied is not known: %s", ctx->err->message);
        }
        pgb_error_clear(ctx->err);
        forget_database(ctx);
        return PGB_OK;
    }
    return status;
}

pgb_status pgb_ctx_load(pgb_ctx *ctx)
{
    unsigned needs = ctx->command->needs;
    pgb_world_hashes *hashes = NULL;
    pgb_status status = PGB_OK;

    if (ctx->command->needs_now != NULL) {
        needs = ctx->command->needs_now(ctx->values, needs);
    }
    if (needs != 0) {
        status = load_conf(ctx);
    }
    if (status == PGB_OK && (needs & PGB_NEED_REVISIONS) != 0) {
        status = load_files(ctx);
    }
    if (status == PGB_OK && ctx->command->runs_files) {
        status = foresee(ctx);
    }
    if (status == PGB_OK && (needs & PGB_NEED_DATABASE) != 0) {
        status = find_database(ctx, ctx->command->embedded == PGB_EMBEDDED_START);
        if (status == PGB_OK) {
            status = connect_database(ctx, needs);
        }
    } else if (status == PGB_OK && (needs & PGB_NEED_URL) != 0) {
        status = find_database(ctx, ctx->command->embedded == PGB_EMBEDDED_START);
    } else if (status == PGB_OK && (needs & PGB_NEED_DATABASE_IF_ANY) != 0) {
        status = connect_if_any(ctx, needs);
    }
    if (status == PGB_OK && (needs & PGB_NEED_HASHES) != 0 && ctx->applied != NULL) {
        status = pgb_hashes_of_applied(ctx->set, ctx->applied, ctx->arena, &hashes, ctx->err);
    }
    if (status == PGB_OK && (needs & PGB_NEED_REVISIONS) != 0) {
        status = pgb_world_build(ctx->set, ctx->applied, hashes, &ctx->world, ctx->err);
    }
    return status;
}

pgb_status pgb_ctx_backfills(pgb_ctx *ctx)
{
    return ctx->backfills != NULL
               ? PGB_OK
               : pgb_backfills_load(ctx->root, ctx->set, NULL, &ctx->backfills, ctx->err);
}

void pgb_ctx_unload(pgb_ctx *ctx)
{
    if (ctx->line_open) {
        pgb_out_raw(ctx->talk, "\n", 1);
        ctx->line_open = false;
    }
    if (ctx->world != NULL) {
        pgb_world_free(ctx->world);
        ctx->world = NULL;
    }
    if (ctx->applied != NULL) {
        pgb_applied_set_done(ctx->applied);
    }
    forget_database(ctx);
    pgb_backfills_free(ctx->backfills);
    ctx->backfills = NULL;
    if (ctx->set != NULL) {
        pgb_revset_free(ctx->set);
        ctx->set = NULL;
    }
}
