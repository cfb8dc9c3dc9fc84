#include "cli/act.h"
#include "prove/verified.h"

struct values {
    pgb_run_values run;
    bool sql, dry_run, purge, verified;
};

static const pgb_option options[] = {
    {.name = "purge",
     PGB_OPT_FLAG_AT(struct values, purge),
     .help = "forget everything that is recorded first, also rows whose files are gone"},
    {.name = "verified",
     PGB_OPT_FLAG_AT(struct values, verified),
     .help = "only if the objects that the revisions make are there as they\nwould be made"},
    {.name = "dry-run",
     .letter = 'n',
     PGB_OPT_FLAG_AT(struct values, dry_run),
     .help = "show the plan and change nothing"},
    {.name = "sql",
     PGB_OPT_FLAG_AT(struct values, sql),
     .help = "write a script for psql to stdout instead, and change nothing"},
    PGB_RUN_OPTIONS,
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid stamp heads", "record a database that was built otherwise as up to date"},
    {"pgbraid stamp --verified c3d4e5f6g7h8",
     "only if its objects are in the database as its file would make them"},
    {"pgbraid stamp --purge c3d4e5f6g7h8", "record exactly c3d4e5f6g7h8 and what it needs"},
    {NULL, NULL},
};

static unsigned needs_now(const void *values, unsigned needs)
{
    const struct values *v = values;

    needs = v->verified ? needs | PGB_NEED_HASHES : needs;
    return v->dry_run || v->sql ? pgb_act_needs_dry(needs) : needs;
}

static void say_step(void *data, const char *id, uint32_t nth, uint32_t of)
{
    pgb_ctx *ctx = data;

    if (ctx->verbose > 0) {
        pgb_say(ctx, "rebuilding %u of %u: %s", nth, of, id);
    }
}

static bool put_difference(pgb_buf *buf, const pgb_difference *d)
{
    pgb_buf_printf(buf, "%s %s %s", pgb_change_name(d->change), d->kind, d->object);
    if (d->property != NULL) {
        pgb_buf_printf(buf, ", %s", d->property);
    }
    pgb_buf_printf(buf, ": expected %s, actual %s", d->expected != NULL ? d->expected : "nothing",
                   d->actual != NULL ? d->actual : "nothing");
    return !buf->failed;
}

static pgb_status not_verifiable(pgb_ctx *ctx, const pgb_rebuild *r)
{
    PGB_AUTO_BUF(why);

    for (uint32_t i = 0; i < r->n_reasons; i++) {
        pgb_buf_printf(&why, "%s%s", i > 0 ? "\n" : "", r->reasons[i]);
    }
    if (why.failed) {
        return pgb_error_nomem(ctx->err);
    }
    pgb_error_set(ctx->err, PGB_FINDINGS,
                  "what the revisions make could not be found out; nothing was stamped");
    pgb_error_detail(ctx->err, "%s", pgb_buf_str(&why));
    pgb_error_hint(ctx->err, "Without --verified the record is made unseen.");
    return PGB_FINDINGS;
}

/* All of them, one a line; where they don't fit into the error, above it. */
static pgb_status differs(pgb_ctx *ctx, const pgb_differences *all)
{
    PGB_AUTO_BUF(list);

    for (uint32_t i = 0; i < all->n; i++) {
        if (i > 0) {
            pgb_buf_putc(&list, '\n');
        }
        if (!put_difference(&list, &all->at[i])) {
            return pgb_error_nomem(ctx->err);
        }
    }
    if (list.len >= sizeof ctx->err->detail && !ctx->json) {
        for (uint32_t i = 0; i < all->n; i++) {
            PGB_AUTO_BUF(line);

            if (!put_difference(&line, &all->at[i])) {
                return pgb_error_nomem(ctx->err);
            }
            pgb_warn(ctx, "%s", pgb_buf_str(&line));
        }
        pgb_buf_clear(&list);
    }
    pgb_error_set(ctx->err, PGB_FINDINGS,
                  "the database is not what the revisions would make (%u difference%s); nothing "
                  "was stamped",
                  all->n, all->n == 1 ? "" : "s");
    if (list.len > 0) {
        pgb_error_detail(ctx->err, "%s", pgb_buf_str(&list));
    }
    pgb_error_hint(ctx->err, "Make it so, or the file as it is there; if a later revision made the "
                             "difference, name that one too.");
    return PGB_FINDINGS;
}

static pgb_status verify(pgb_ctx *ctx, const pgb_plan *plan)
{
    pgb_verified_options how = {.world = ctx->world,
                                .plan = plan,
                                .live = ctx->db.conninfo,
                                .project = ctx->conf->project,
                                .schema = ctx->conf->history_schema,
                                .bin = ctx->conf->server_bin,
                                .interrupted = &pgb_cli_interrupted,
                                .step = say_step,
                                .data = ctx};
    pgb_verified *v = NULL;
    pgb_status status = pgb_verified_run(&how, &v, ctx->err);

    if (status != PGB_OK) {
        return status;
    }
    for (uint32_t i = 0; i < v->rebuild->n_notes; i++) {
        pgb_note(ctx, "%s", v->rebuild->notes[i]);
    }
    if (!v->rebuild->complete) {
        status = not_verifiable(ctx, v->rebuild);
    } else if (v->differences.n > 0) {
        status = differs(ctx, &v->differences);
    } else if (v->n_objects == 0) {
        pgb_warn(ctx, "the revisions make no objects: there was nothing to compare");
    } else {
        pgb_say(ctx, "verified: %u object%s %s as the revisions make %s (data was not compared)",
                v->n_objects, v->n_objects == 1 ? "" : "s", v->n_objects == 1 ? "is" : "are",
                v->n_objects == 1 ? "it" : "them");
    }
    pgb_verified_free(v);
    return status;
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    pgb_plan plan;
    pgb_status status =
        pgb_plan_stamp(ctx->world, ctx->operands, ctx->n_operands, v->purge, &plan, ctx->err);

    if (status != PGB_OK) {
        return status;
    }
    if (v->verified && plan.n > 0) {
        status = verify(ctx, &plan);
        if (status != PGB_OK) {
            return status;
        }
    }
    if (v->sql) {
        return pgb_act_script(ctx, &plan, "pgbraid stamp");
    }
    if (v->dry_run) {
        pgb_act_show(ctx, &plan);
        return PGB_OK;
    }
    return pgb_act_run(ctx, &plan);
}

const pgb_command pgb_command_stamp = {
    .name = "stamp",
    .summary = "record revisions as applied without running them",
    .operands = "TARGET...",
    .min_operands = 1,
    .max_operands = -1,
    .about = "Changes only the record: the targets and what they need count as applied afterwards, "
             "what lies above them in their lineage does not. No SQL of a revision runs.\n\n"
             "With --verified the revisions are run on a private server first, and what they make, "
             "change or drop is compared with the database: a difference is named, with what was "
             "expected and what is there, the exit status is 3, and nothing is stamped. Data is "
             "not compared.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .needs =
        PGB_NEED_CONF | PGB_NEED_REVISIONS | PGB_NEED_DATABASE | PGB_NEED_WRITE | PGB_NEED_LOCK,
    .embedded = PGB_EMBEDDED_START,
    .runs_files = true,
    .run = run,
    .needs_now = needs_now,
};
