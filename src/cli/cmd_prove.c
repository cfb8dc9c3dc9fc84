#include <string.h>

#include "base/bits.h"
#include "cli/prove.h"

struct values {
    bool pending, branches, no_rows, no_probes, outside, strict;
    int64_t rows, timeout_ms;
};

static const pgb_option options[] = {
    {.name = "pending",
     .letter = 'p',
     PGB_OPT_FLAG_AT(struct values, pending),
     .help = "what the database has not yet, on top of what it has"},
    {.name = "branches",
     .letter = 'b',
     PGB_OPT_FLAG_AT(struct values, branches),
     .help = "only apply the branches in either order and compare what they\nmake"},
    {.name = "no-rows", PGB_OPT_FLAG_AT(struct values, no_rows), .help = "on empty tables"},
    {.name = "no-probes",
     PGB_OPT_FLAG_AT(struct values, no_probes),
     .help = "without probing constraints and queries at the end"},
    {.name = "rows",
     .arg = "N",
     PGB_OPT_INT_AT(struct values, rows),
     .help = "how many rows to generate per table (default: 20)"},
    {.name = "timeout",
     .arg = "TIME",
     PGB_OPT_DURATION_AT(struct values, timeout_ms),
     .preset = "5min",
     .help = "how long one revision may take, up or down; none: no limit"},
    {.name = "outside",
     PGB_OPT_FLAG_AT(struct values, outside),
     .help = "run revisions that call the outside world (COPY ... PROGRAM, dblink)"},
    {.name = "strict",
     PGB_OPT_FLAG_AT(struct values, strict),
     .help = "exit status 3 also when something was not probed"},
    {.name = NULL},
};

static const pgb_example examples[] = {
    {"pgbraid prove", "every revision, and the schema that they make"},
    {"pgbraid prove --pending", "before a deploy: what it would apply"},
    {"pgbraid prove c3d4:heads", "these revisions; those below are only applied"},
    {"pgbraid prove --branches", "do the branches commute?"},
    {"pgbraid prove --format json > proofs.json", "for `pgbraid report --with proofs.json`"},
    {NULL, NULL},
};

/* The revisions that the operands name: ranges, or identifiers. */
static pgb_status find_nodes(pgb_ctx *ctx, uint32_t **ret_nodes, uint32_t *ret_n)
{
    const pgb_world *w = ctx->world;
    uint32_t *nodes = pgb_arena_array(ctx->arena, w->n + 1, sizeof *nodes), n = 0;
    pgb_bits named;

    if (nodes == NULL || !pgb_bits_init(&named, ctx->arena, w->n + 1)) {
        return pgb_error_nomem(ctx->err);
    }
    for (uint32_t i = 0; i < ctx->n_operands; i++) {
        pgb_node_list list = {0};
        pgb_status status;

        if (strchr(ctx->operands[i], ':') != NULL) {
            status = pgb_world_range(w, ctx->operands[i], &list, ctx->err);
        } else {
            pgb_target target;

            status = pgb_world_resolve(w, ctx->operands[i], &target, ctx->err);
            if (status == PGB_OK) {
                list = target.nodes;
            }
        }
        if (status != PGB_OK) {
            return status;
        }
        for (uint32_t k = 0; k < list.n; k++) {
            if (w->nodes[list.at[k]].rev == NULL) {
                return pgb_error_set(ctx->err, PGB_REFUSED,
                                     "revision %s has no file: there is nothing to prove",
                                     w->nodes[list.at[k]].id);
            }
            if (!pgb_bits_get(&named, list.at[k])) {
                pgb_bits_set(&named, list.at[k]);
                nodes[n++] = list.at[k];
            }
        }
    }
    *ret_nodes = nodes;
    *ret_n = n;
    return PGB_OK;
}

static pgb_status refuse(pgb_ctx *ctx, const struct values *v)
{
    if (v->branches && (v->pending || ctx->n_operands > 0)) {
        return pgb_error_set(ctx->err, PGB_USAGE,
                             "--branches is about all heads: it takes no revision, nor --pending");
    }
    if (v->pending && ctx->n_operands > 0) {
        return pgb_error_set(ctx->err, PGB_USAGE, "--pending and a revision exclude each other");
    }
    return PGB_OK;
}

static pgb_status run(pgb_ctx *ctx)
{
    const struct values *v = ctx->values;
    pgb_prove_options how = {.world = ctx->world,
                             .pending = v->pending,
                             .trips = !v->branches,
                             .rows = !v->branches && !v->no_rows,
                             .probes = !v->branches && !v->no_probes,
                             .branches = v->branches,
                             .outside = v->outside,
                             .live = ctx->runner != NULL ? ctx->db.conninfo : NULL,
                             .schema = ctx->conf->history_schema,
                             .bin = ctx->conf->server_bin,
                             .seeds = "seeds",
                             .queries = "queries",
                             .rows_count = v->rows > 100000 ? 100000 : (uint32_t)v->rows,
                             .timeout_ms = v->timeout_ms,
                             .interrupted = &pgb_cli_interrupted,
                             .events = pgb_prove_progress(ctx)};
    pgb_prove *prove = NULL;
    uint32_t *nodes = NULL;
    pgb_status status = refuse(ctx, v);

    if (status == PGB_OK && ctx->n_operands > 0) {
        status = find_nodes(ctx, &nodes, &how.n_nodes);
        how.nodes = nodes;
    }
    if (status == PGB_OK) {
        status = pgb_prove_run(&how, &prove, ctx->err);
    }
    pgb_prove_progress_end(ctx);
    if (status != PGB_OK) {
        return status;
    }
    pgb_note(ctx,
             "the whole catalog was read %u time%s; %u round trip%s judged by the rows written "
             "alone, %u begun so and made anew",
             prove->n_reads, prove->n_reads == 1 ? "" : "s", prove->n_lean,
             prove->n_lean == 1 ? " was" : "s were", prove->n_void);
    if (ctx->json) {
        pgb_prove_show_json(ctx, prove);
    } else {
        pgb_prove_show_text(ctx, prove);
    }
    if (!prove->complete || pgb_proofs_count(&prove->proofs, PGB_PROOF_FAILED) > 0 ||
        (v->strict && pgb_proofs_count(&prove->proofs, PGB_PROOF_NOT_PROBED) > 0)) {
        status = PGB_FINDINGS;
    }
    pgb_prove_free(prove);
    return status;
}

static unsigned needs_now(const void *values, unsigned needs)
{
    const struct values *v = values;

    return v->pending ? (needs & ~(unsigned)PGB_NEED_DATABASE_IF_ANY) | PGB_NEED_DATABASE : needs;
}

const pgb_command pgb_command_prove = {
    .name = "prove",
    .summary = "show on a private server that revisions do what they say",
    .operands = "[REV|A:B...]",
    .max_operands = -1,
    .about =
        "Takes each revision up, down and up again on a private server, with generated rows in the "
        "tables, and compares the schema each time: the downgrade must restore exactly what was "
        "before. Then probes the schema that they make: foreign keys, checks, unique and exclusion "
        "constraints and NOT NULL are tried out, and each query in queries/ must use the index "
        "that it names.\n\n"
        "The live database is only asked for its version, roles and settings, if there is one. "
        "Nothing is left behind.\n\n"
        "What could not be tried is listed as \"not probed\", with the reason, and never counts as "
        "passed. Exit status 3 when a proof failed, or an upgrade could not be tried at all.",
    .options = options,
    .values_size = sizeof(struct values),
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_REVISIONS | PGB_NEED_DATABASE_IF_ANY | PGB_NEED_HASHES,
    .needs_now = needs_now,
    .embedded = PGB_EMBEDDED_START,
    .run = run,
};
