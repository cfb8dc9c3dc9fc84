#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/annotations.h"
#include "cli/cli.h"
#include "cli/target.h"
#include "run/hashes.h"

struct values {
    int annotations; /* PGB_OPT_MAYBE: 0 none, 1 sarif, 2 github */
};

static const pgb_option options[] = {
    {.name = "annotations",
     .arg = "sarif|github",
     PGB_OPT_MAYBE_AT(struct values, annotations),
     .choices = "sarif|github",
     .help = "write the findings as SARIF 2.1.0, or as GitHub's workflow\ncommands"},
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid check", "look at every file, before a commit"},
    {"pgbraid check -d production", "also say which of two clashing files production has"},
    {"pgbraid check --annotations=github", "in CI: findings beside the lines"},
    {NULL, NULL},
};

static pgb_style severity_style(pgb_severity severity)
{
    return severity == PGB_ERROR     ? PGB_STYLE_BAD
           : severity == PGB_WARNING ? PGB_STYLE_WARN
                                     : PGB_STYLE_DIM;
}

static void to_error(const pgb_problem *p, const char *message, pgb_error *e)
{
    *e = (pgb_error)PGB_ERROR_INIT;
    pgb_error_set(e, PGB_PROJECT, "%s", message);
    pgb_error_at(e, p->file, p->line, p->column, p->source,
                 p->source != NULL ? strlen(p->source) : 0);
    if (p->detail != NULL) {
        pgb_error_detail(e, "%s", p->detail);
    }
    if (p->fix != NULL) {
        pgb_error_hint(e, "%s", p->fix);
    }
}

static void as_text(pgb_ctx *ctx, const pgb_problems *problems)
{
    for (size_t i = 0; i < problems->list.n; i++) {
        const pgb_problem *p = &problems->list.at[i];
        char message[1200];
        pgb_error e;

        snprintf(message, sizeof message, "%s [%s]", p->message, p->rule);
        to_error(p, message, &e);
        pgb_out_located(ctx->out, pgb_severity_name(p->severity), severity_style(p->severity), &e);
    }
}

static void as_json(pgb_ctx *ctx, const pgb_problems *problems, uint32_t allowed)
{
    pgb_json json;

    pgb_json_init(&json, pgb_out_json(ctx->out));
    pgb_json_object(&json);
    pgb_json_key(&json, "findings");
    pgb_json_array(&json);
    for (size_t i = 0; i < problems->list.n; i++) {
        const pgb_problem *p = &problems->list.at[i];

        pgb_json_object(&json);
        pgb_json_key_string(&json, "rule", p->rule);
        pgb_json_key_string(&json, "severity", pgb_severity_name(p->severity));
        pgb_json_key_string(&json, "file", p->file);
        pgb_json_key_int(&json, "line", p->line);
        pgb_json_key_int(&json, "column", p->column);
        pgb_json_key_string(&json, "message", p->message);
        pgb_json_key_string(&json, "detail", p->detail);
        pgb_json_key_string(&json, "fix", p->fix);
        pgb_json_key_string(&json, "revision", p->id);
        pgb_json_end(&json);
    }
    pgb_json_end(&json);
    pgb_json_key_int(&json, "allowed", allowed);
    pgb_json_key_int(&json, "revisions", ctx->set->n);
    pgb_json_end(&json);
    pgb_out_raw(ctx->out, "\n", 1);
}

/* ---- which of two clashing files a database has ---- */

static const pgb_applied *applied_row(const pgb_applied_set *applied, const char *id)
{
    uint32_t i;

    return pgb_map_get(&applied->by_id, id, strlen(id), &i) ? &applied->rows[i] : NULL;
}

/* Says it in the finding's detail: the stored hash is one file's, the other's, or nobody's. */
static pgb_status say_which(pgb_ctx *ctx, pgb_problems *problems, pgb_problem *p,
                            const pgb_world_hashes *hashes)
{
    const pgb_applied *row = p->id != NULL ? applied_row(ctx->applied, p->id) : NULL;
    const char *has = NULL, *said;

    if (row == NULL) {
        said = pgb_arena_printf(problems->arena, "%s%s%s has applied neither.",
                                p->detail != NULL ? p->detail : "", p->detail != NULL ? " " : "",
                                ctx->db.name);
    } else {
        for (uint32_t v = 0; v < ctx->set->n; v++) {
            const pgb_revision *rev = &ctx->set->revs[v];

            if (strcmp(rev->id, p->id) == 0 && hashes[v].up_norm != NULL &&
                strcmp(hashes[v].up_norm, row->up_norm) == 0) {
                has = rev->file;
            }
        }
        if (has != NULL) {
            said = pgb_arena_printf(problems->arena,
                                    "%s%s%s has applied %s, so the other one needs a new id.",
                                    p->detail != NULL ? p->detail : "",
                                    p->detail != NULL ? " " : "", ctx->db.name, has);
        } else {
            said = pgb_arena_printf(
                problems->arena,
                "%s%s%s has applied %s, with a text that neither file has now (it was %s).",
                p->detail != NULL ? p->detail : "", p->detail != NULL ? " " : "", ctx->db.name,
                p->id, row->file);
        }
    }
    if (said == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    p->detail = said;
    return PGB_OK;
}

static pgb_status ask_database(pgb_ctx *ctx, pgb_problems *problems)
{
    pgb_run_options run_options = {.project = ctx->conf->project,
                                   .schema = ctx->conf->history_schema,
                                   .read_only = true,
                                   .lock_wait_ms = -1,
                                   .lock_timeout_ms = -1,
                                   .lock_deadline_ms = -1,
                                   .statement_timeout_ms = -1,
                                   .resolve_deadline_ms = -1,
                                   .interrupted = &pgb_cli_interrupted};
    pgb_world_hashes *hashes = NULL;
    pgb_status status = pgb_target_choose(ctx->database, ctx->conf, ctx->arena, &ctx->db, ctx->err);

    if (status == PGB_OK) {
        run_options.conninfo = ctx->db.conninfo;
        status = pgb_runner_open(&run_options, &ctx->runner, ctx->err);
    }
    if (status == PGB_OK) {
        status = pgb_runner_read(ctx->runner, ctx->arena, &ctx->applied, ctx->err);
    }
    if (status == PGB_OK) {
        status = pgb_hashes_of_applied(ctx->set, ctx->applied, ctx->arena, &hashes, ctx->err);
    }
    for (size_t i = 0; i < problems->list.n && status == PGB_OK; i++) {
        if (strcmp(problems->list.at[i].rule, "duplicate-id") == 0) {
            status = say_which(ctx, problems, &problems->list.at[i], hashes);
        }
    }
    return status;
}

static pgb_status finish(pgb_ctx *ctx, const pgb_problems *problems, uint32_t allowed)
{
    uint32_t counts[3] = {0};
    char backfills[40] = "";

    for (size_t i = 0; i < problems->list.n; i++) {
        counts[problems->list.at[i].severity]++;
    }
    if (ctx->backfills->n > 0) {
        snprintf(backfills, sizeof backfills, " and %u backfill%s", ctx->backfills->n,
                 ctx->backfills->n == 1 ? "" : "s");
    }
    pgb_say(ctx, "%u revision%s%s checked: %u error%s, %u warning%s, %u note%s%s", ctx->set->n,
            ctx->set->n == 1 ? "" : "s", backfills, counts[PGB_ERROR],
            counts[PGB_ERROR] == 1 ? "" : "s", counts[PGB_WARNING],
            counts[PGB_WARNING] == 1 ? "" : "s", counts[PGB_NOTE], counts[PGB_NOTE] == 1 ? "" : "s",
            allowed > 0 ? " (some are allowed)" : "");
    return counts[PGB_ERROR] + counts[PGB_WARNING] > 0 ? PGB_FINDINGS : PGB_OK;
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    pgb_rev_options rev_options = {
        .root = ctx->root,
        .folder = ctx->conf->migrations,
        .layout = strcmp(ctx->conf->layout, "native") == 0     ? PGB_LAYOUT_NATIVE
                  : strcmp(ctx->conf->layout, "numbered") == 0 ? PGB_LAYOUT_NUMBERED
                                                               : PGB_LAYOUT_AUTO,
        .keep_texts = true};
    pgb_lint_options lint_options = {.heads_one = ctx->conf->heads_one,
                                     .late_refused = ctx->conf->late_refused};
    pgb_problems *problems = pgb_problems_new();
    uint32_t allowed = 0;
    pgb_status status;

    if (problems == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    status = pgb_revset_load(&rev_options, problems, &ctx->set, ctx->err);
    if (status == PGB_OK) {
        status = pgb_lint(ctx->set, &lint_options, problems, &allowed, ctx->err);
    }
    if (status == PGB_OK) {
        status = pgb_backfills_load(ctx->root, ctx->set, problems, &ctx->backfills, ctx->err);
    }
    if (status == PGB_OK && ctx->database != NULL) {
        status = ask_database(ctx, problems);
    }
    if (status == PGB_OK) {
        if (ctx->json) {
            as_json(ctx, problems, allowed);
        } else if (v->annotations == 1) {
            status = pgb_annotate_sarif(ctx, problems);
        } else if (v->annotations == 2) {
            status = pgb_annotate_github(ctx, problems);
        } else {
            as_text(ctx, problems);
        }
        if (status == PGB_OK) {
            status = finish(ctx, problems, allowed);
        }
    }
    pgb_problems_free(problems);
    return status;
}

const pgb_command pgb_command_check = {
    .name = "check",
    .group = "Read the graph",
    .summary = "look at every file: clashes, missing parents, dangers",
    .operands = "",
    .about = "Reads and parses every revision file and reports all that is wrong, in one run and "
             "without a "
             "database: for a pre-commit hook or CI. With -d it also says which of two files that "
             "claim one "
             "id the database has.\n\n"
             "A finding has a stable name in brackets. A revision allows one with a reason: \"-- "
             "pgbraid:allow no-way-back the rows are gone for good\". Exit status 3 when there is "
             "an error "
             "or a warning; notes don't count.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .needs = PGB_NEED_CONF,
    .embedded = PGB_EMBEDDED_NEVER,
    .run = run,
};
