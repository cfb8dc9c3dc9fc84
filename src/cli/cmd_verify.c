#include <string.h>

#include "base/file.h"
#include "base/vec.h"
#include "catalog/snapshot.h"
#include "cli/verify.h"
#include "prove/rebuild.h"

struct values {
    const char *snapshot;
};

static const pgb_option options[] = {
    {.name = "snapshot",
     .arg = "FILE",
     PGB_OPT_STRING_AT(struct values, snapshot),
     .help = "compare with a file that `pgbraid snapshot` wrote; needs no project"},
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid verify", "is the database what its applied revisions make?"},
    {"pgbraid verify --snapshot schema.snapshot -d production", "is it what was committed?"},
    {"pgbraid verify --format json", "the same for a program, with the figures per table"},
    {NULL, NULL},
};

typedef struct notes {
    pgb_ctx *ctx;
    pgb_verify *of;
    const pgb_verify_watch *watch;
} notes;

static pgb_status add_note(notes *n, const char *kind, const char *object, const char *text)
{
    pgb_verify_note note = {text, kind, object};

    return text != NULL && pgb_vec_push(&n->of->notes, note) ? PGB_OK
                                                             : pgb_error_nomem(n->ctx->err);
}

/* What the model only names, on either side. */
static pgb_status note_unmodelled(notes *n, const pgb_catalog *catalog)
{
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < catalog->n && status == PGB_OK; i++) {
        const pgb_object *o = &catalog->objects[i];

        if (strcmp(o->kind, "unmodelled") == 0) {
            status = add_note(
                n, o->kind, o->identity,
                pgb_arena_printf(n->ctx->arena, "only its presence was compared: %s", o->identity));
        }
    }
    return status;
}

static pgb_status note_differences(notes *n, const pgb_differences *all)
{
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < all->n && status == PGB_OK; i++) {
        const pgb_difference *d = &all->at[i];

        if (d->note) {
            status =
                add_note(n, d->kind, d->object,
                         pgb_arena_printf(n->ctx->arena, "%s %s: %s is %s, expected %s", d->kind,
                                          d->object, d->property != NULL ? d->property : "it",
                                          d->actual != NULL ? d->actual : "not there",
                                          d->expected != NULL ? d->expected : "not to be there"));
        }
    }
    return status;
}

static pgb_status read_snapshot(pgb_ctx *ctx, const char *file, pgb_catalog **ret_catalog)
{
    PGB_AUTO_BUF(text);
    pgb_status status = pgb_file_read(file, PGB_SNAPSHOT_MAX, &text, ctx->err);

    return status == PGB_OK
               ? pgb_snapshot_parse(file, pgb_buf_str(&text), text.len, ret_catalog, ctx->err)
               : status;
}

/* What pgbraid.ini leaves out; counted while comparing. */
static pgb_status take_ignores(pgb_ctx *ctx, pgb_verdict *v)
{
    v->ignores = pgb_arena_array(ctx->arena, ctx->conf->n_ignores + 1, sizeof *v->ignores);
    if (v->ignores == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < ctx->conf->n_ignores; i++) {
        v->ignores[i].pattern = ctx->conf->ignores[i].pattern;
        v->ignores[i].reason = ctx->conf->ignores[i].reason;
    }
    v->n_ignores = ctx->conf->n_ignores;
    return PGB_OK;
}

static pgb_status compare(pgb_ctx *ctx, notes *n, pgb_verdict *v)
{
    pgb_diff_options how = {
        .ignores = v->ignores, .n_ignores = v->n_ignores, .rebuilt = v->rebuilt};
    pgb_status status =
        pgb_diff(v->expected, v->actual, &how, ctx->arena, &v->differences, ctx->err);
    int a = v->expected->server_version / 10000, b = v->actual->server_version / 10000;

    if (status == PGB_OK && a != b) {
        status = add_note(n, NULL, NULL,
                          pgb_arena_printf(ctx->arena,
                                           "PostgreSQL %d is compared with PostgreSQL %d: some "
                                           "definitions may only be written differently",
                                           b, a));
    }
    if (status == PGB_OK && v->actual->moved) {
        v->verified = false;
        status = add_note(n, NULL, NULL,
                          "not verified: the schema changed at every attempt to read it, so states "
                          "may be mixed; try again when that is done");
    }
    if (status == PGB_OK) {
        status = note_unmodelled(n, v->actual);
    }
    for (uint32_t i = 0; i < v->n_ignores && status == PGB_OK; i++) {
        if (v->ignores[i].n == 0) {
            status = add_note(n, NULL, NULL,
                              pgb_arena_printf(ctx->arena,
                                               "\"ignore = %s\" (%s) left nothing out: is it still "
                                               "needed?",
                                               v->ignores[i].pattern, v->ignores[i].reason));
        }
    }
    return status == PGB_OK ? note_differences(n, &v->differences) : status;
}

static void say_step(void *data, const char *id, uint32_t nth, uint32_t of)
{
    const notes *n = data;
    pgb_ctx *ctx = n->ctx;

    if (ctx->verbose > 0) {
        pgb_say(ctx, "rebuilding %u of %u: %s", nth, of, id);
    }
}

static bool is_watched(void *data, const char *id)
{
    const notes *n = data;

    return n->watch->watched(n->watch->data, id);
}

static pgb_status see(void *data, const char *id, pgb_catalog *catalog, pgb_error *err)
{
    const notes *n = data;

    return n->watch->seen(n->watch->data, id, catalog, err);
}

/* The other side from the applied revisions; *ret_catalog stays NULL when they could not all be
 * run, and notes say why. */
static pgb_status rebuild(pgb_ctx *ctx, notes *n, pgb_verdict *v, pgb_rebuild **ret_rebuild)
{
    pgb_rebuild_options how = {.world = ctx->world,
                               .live = ctx->db.conninfo,
                               .project = ctx->conf->project,
                               .schema = ctx->conf->history_schema,
                               .bin = ctx->conf->server_bin,
                               .interrupted = &pgb_cli_interrupted,
                               .step = say_step,
                               .watched = n->watch != NULL ? is_watched : NULL,
                               .seen = n->watch != NULL ? see : NULL,
                               .data = n};
    pgb_status status = pgb_rebuild_run(&how, ret_rebuild, ctx->err);
    const pgb_rebuild *r = *ret_rebuild;

    for (uint32_t i = 0; status == PGB_OK && i < r->n_reasons; i++) {
        status = add_note(n, NULL, NULL,
                          pgb_arena_printf(ctx->arena, "not verified: %s", r->reasons[i]));
    }
    for (uint32_t i = 0; status == PGB_OK && i < r->n_notes; i++) {
        status = add_note(n, NULL, NULL, pgb_arena_strdup(ctx->arena, r->notes[i]));
    }
    if (status == PGB_OK) {
        v->expected = r->catalog;
        v->verified = r->complete;
        v->against = pgb_arena_printf(ctx->arena, "%u applied revision%s", ctx->applied->n,
                                      ctx->applied->n == 1 ? "" : "s");
        status = v->against != NULL ? PGB_OK : pgb_error_nomem(ctx->err);
    }
    return status;
}

static pgb_status use_snapshot(pgb_ctx *ctx, const char *file, pgb_verdict *v,
                               pgb_catalog **ret_catalog)
{
    pgb_status status = read_snapshot(ctx, file, ret_catalog);

    if (status != PGB_OK) {
        return status;
    }
    v->expected = *ret_catalog;
    v->against = pgb_arena_printf(ctx->arena, "snapshot %s", file);
    return v->against != NULL ? PGB_OK : pgb_error_nomem(ctx->err);
}

pgb_status pgb_verify_make(pgb_ctx *ctx, const char *snapshot, const pgb_verify_watch *watch,
                           pgb_verify *ret_verify)
{
    pgb_verify *made = ret_verify;
    pgb_verdict *v = &made->verdict;
    notes n = {.ctx = ctx, .of = made, .watch = watch};
    pgb_status status;

    *made = (pgb_verify){.verdict = {.verified = true, .rebuilt = snapshot == NULL}};
    status = take_ignores(ctx, v);
    if (status == PGB_OK) {
        status = v->rebuilt ? rebuild(ctx, &n, v, &made->rebuilt)
                            : use_snapshot(ctx, snapshot, v, &made->snapshot);
    }
    if (status == PGB_OK) {
        status = pgb_catalog_read_at(ctx->db.conninfo, ctx->conf->history_schema,
                                     &pgb_cli_interrupted, &made->live, ctx->err);
    }
    if (status == PGB_OK) {
        v->actual = made->live;
        status = v->expected != NULL ? compare(ctx, &n, v) : note_unmodelled(&n, made->live);
    }
    v->notes = made->notes.at;
    v->n_notes = (uint32_t)made->notes.n;
    return status;
}

void pgb_verify_done(pgb_verify *verify)
{
    pgb_vec_done(&verify->notes);
    pgb_catalog_free(verify->snapshot);
    pgb_catalog_free(verify->live);
    pgb_rebuild_free(verify->rebuilt);
}

static pgb_status show(pgb_ctx *ctx, const pgb_verdict *v)
{
    if (ctx->json) {
        pgb_verify_show_json(ctx, v);
    } else {
        pgb_verify_show_text(ctx, v);
    }
    return pgb_verdict_count(v) > 0 || !v->verified ? PGB_FINDINGS : PGB_OK;
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *values = ctx->values;
    pgb_verify made;
    pgb_status status = pgb_verify_make(ctx, values->snapshot, NULL, &made);

    if (status == PGB_OK) {
        status = show(ctx, &made.verdict);
    }
    pgb_verify_done(&made);
    return status;
}

static unsigned needs_now(const void *values, unsigned needs)
{
    const struct values *v = values;

    return v->snapshot != NULL ? PGB_NEED_CONF | PGB_NEED_URL : needs;
}

const pgb_command pgb_command_verify = {
    .name = "verify",
    .summary = "compare the database with its applied revisions, or with a snapshot",
    .operands = "",
    .about =
        "Each difference names the object, what was expected, what is there, and the SQL that "
        "would mend it. Exit status 3 when there is one, and when the comparison could not be "
        "made (\"not verified\").\n\n"
        "Without --snapshot, what was applied is run again on a private server, from the files and "
        "the texts that the history stored, and that server's schema is compared.\n\n"
        "What pgbraid.ini names under [verify] ignore is left out, counted, and said with its "
        "reason.\n\n"
        "Reads only, on a standby as well, and takes no lock that keeps anybody waiting.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_REVISIONS | PGB_NEED_DATABASE | PGB_NEED_HASHES,
    .needs_now = needs_now,
    .embedded = PGB_EMBEDDED_START,
    .run = run,
};
