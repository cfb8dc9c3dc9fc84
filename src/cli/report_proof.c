/* What a report's claims stand on: verify, run now, and the JSON of earlier runs of verify and
 * prove. While verify rebuilds the schema revision by revision, it is seen what each one does. */
#include <string.h>

#include "base/file.h"
#include "base/json_read.h"
#include "cli/report_gather.h"
#include "cli/verify.h"

enum {
    WATCHED_MAX = 300,          /* revisions that are looked at one by one */
    WITH_MAX = 64 * 1024 * 1024 /* bytes of a file of --with */
};

typedef struct watching {
    pgb_gathering *g;
    pgb_bits wanted; /* nodes whose doing is to be told */
    pgb_catalog *last;
    uint32_t last_node; /* PGB_NODE_NONE: before all */
} watching;

static uint32_t node_of(const watching *w, const char *id)
{
    uint32_t node = PGB_NODE_NONE;

    if (id != NULL) {
        pgb_map_get(&w->g->ctx->world->by_id, id, strlen(id), &node);
    }
    return node;
}

/* The applied revision after this one; NONE as `node`: the first. */
static uint32_t next_applied(const watching *w, uint32_t node)
{
    const pgb_applied_set *applied = w->g->ctx->applied;
    bool here = node == PGB_NODE_NONE;

    for (uint32_t i = 0; i < applied->n; i++) {
        uint32_t at = node_of(w, applied->rows[i].id);

        if (here) {
            return at;
        }
        here = at == node;
    }
    return PGB_NODE_NONE;
}

/* Read after each that is wanted, and before it. */
static bool is_watched(void *data, const char *id)
{
    const watching *w = data;
    uint32_t node = node_of(w, id), next = next_applied(w, node);

    return (node != PGB_NODE_NONE && pgb_bits_get(&w->wanted, node)) ||
           (next != PGB_NODE_NONE && pgb_bits_get(&w->wanted, next));
}

static pgb_status seen(void *data, const char *id, pgb_catalog *catalog, pgb_error *err)
{
    watching *w = data;
    uint32_t node = node_of(w, id);
    pgb_status status = PGB_OK;

    if (node != PGB_NODE_NONE && pgb_bits_get(&w->wanted, node) && w->last != NULL &&
        next_applied(w, w->last_node) == node) {
        pgb_report_revision *rev = &w->g->report->revisions[node];

        status = pgb_report_compare(w->last, catalog, w->g->ctx->arena, &rev->changes,
                                    &rev->n_changes, err);
        rev->changes_known = status == PGB_OK;
    }
    pgb_catalog_free(w->last);
    w->last = catalog;
    w->last_node = node;
    return status;
}

/* All, so that the maker of each table is known; those in scope alone where that is too many. */
static pgb_status choose_watched(watching *w)
{
    pgb_gathering *g = w->g;
    const pgb_world *world = g->ctx->world;
    uint32_t applied = pgb_bits_count(&world->applied);
    bool all = applied <= WATCHED_MAX, some = g->report->n_in_scope <= WATCHED_MAX;

    w->last_node = PGB_NODE_NONE;
    if (!pgb_bits_init(&w->wanted, g->ctx->arena, world->n)) {
        return pgb_error_nomem(g->ctx->err);
    }
    for (uint32_t i = 0; i < world->n; i++) {
        if (pgb_bits_get(&world->applied, i) && (all || (some && pgb_bits_get(&g->scope, i)))) {
            pgb_bits_set(&w->wanted, i);
        }
    }
    return some ? PGB_OK
                : pgb_gather_note(g, pgb_arena_printf(g->ctx->arena,
                                                      "what each of %u revisions did is not told: "
                                                      "over %d take long; pgbraid report A:B "
                                                      "tells it of some",
                                                      g->report->n_in_scope, (int)WATCHED_MAX));
}

static pgb_status copy_differences(pgb_gathering *g, const pgb_verdict *v,
                                   pgb_report_verification *to)
{
    pgb_arena *arena = g->ctx->arena;
    pgb_report_difference *list = pgb_arena_array(arena, v->differences.n + 1, sizeof *list);
    const char **notes = pgb_arena_array(arena, v->n_notes + 1, sizeof *notes);
    bool failed = false;

    if (list == NULL || notes == NULL) {
        return pgb_error_nomem(g->ctx->err);
    }
    for (uint32_t i = 0; i < v->differences.n; i++) {
        const pgb_difference *d = &v->differences.at[i];
        const char *from[] = {d->kind,     d->object,   pgb_change_name(d->change),
                              d->property, d->expected, d->actual,
                              d->sql};
        const char *kept[7] = {0};

        if (d->note) {
            continue;
        }
        for (size_t k = 0; k < 7; k++) {
            kept[k] = from[k] == NULL ? NULL : pgb_arena_strdup(arena, from[k]);
            failed |= from[k] != NULL && kept[k] == NULL;
        }
        list[to->n_differences++] =
            (pgb_report_difference){kept[0], kept[1], kept[2], kept[3], kept[4], kept[5], kept[6]};
    }
    for (uint32_t i = 0; i < v->n_notes; i++) {
        notes[i] = pgb_arena_strdup(arena, v->notes[i].text);
        failed |= notes[i] == NULL;
    }
    to->differences = list;
    to->notes = notes;
    to->n_notes = v->n_notes;
    return failed ? pgb_error_nomem(g->ctx->err) : PGB_OK;
}

static pgb_status copy_verdict(pgb_gathering *g, const pgb_verdict *v, pgb_report_verification *to)
{
    pgb_counts counts;

    *to = (pgb_report_verification){.source = "now", .verified = v->verified};
    to->against = pgb_arena_printf(g->ctx->arena, "what its %s make, run again on a private server",
                                   v->against);
    pgb_catalog_count(v->actual, NULL, &counts);
    to->tables = counts.tables;
    to->columns = counts.columns;
    to->foreign_keys = counts.foreign_keys;
    to->indexes = counts.indexes;
    to->checks = counts.checks;
    return to->against == NULL ? pgb_error_nomem(g->ctx->err) : copy_differences(g, v, to);
}

static pgb_status verify_now(pgb_gathering *g, pgb_report_verification *to)
{
    watching w = {.g = g};
    pgb_verify_watch watch = {is_watched, seen, &w};
    pgb_verify made;
    pgb_status status = choose_watched(&w);

    if (status != PGB_OK) {
        return status;
    }
    status = pgb_verify_make(g->ctx, NULL, &watch, &made);
    pgb_catalog_free(w.last);
    if (status == PGB_OK) {
        status = copy_verdict(g, &made.verdict, to);
    }
    if (status == PGB_OK) {
        status = pgb_report_add_catalog(g->report, made.live, g->ctx->arena, g->ctx->err);
    }
    pgb_verify_done(&made);
    return status;
}

static pgb_status read_only(pgb_gathering *g)
{
    pgb_catalog *live;
    pgb_status status = pgb_catalog_read_at(g->ctx->db.conninfo, g->ctx->conf->history_schema,
                                            &pgb_cli_interrupted, &live, g->ctx->err);

    if (status != PGB_OK) {
        return status;
    }
    status = pgb_report_add_catalog(g->report, live, g->ctx->arena, g->ctx->err);
    pgb_catalog_free(live);
    return status;
}

/* ---- files of --with ---- */

static const char *keep(pgb_gathering *g, const pgb_json_value *object, const char *key,
                        const char *otherwise)
{
    const char *text = pgb_json_text(pgb_json_member(object, key));

    text = text == NULL ? otherwise : text;
    return text == NULL ? NULL : pgb_arena_strdup(g->ctx->arena, text);
}

static int64_t figure(const pgb_json_value *root, const char *key)
{
    int64_t n = -1;

    pgb_json_number(pgb_json_member(pgb_json_member(root, "counts"), key), &n);
    return n;
}

static pgb_status take_verification(pgb_gathering *g, const char *file, const pgb_json_value *root,
                                    pgb_report_verification *to)
{
    const pgb_json_value *list = pgb_json_member(root, "differences");
    const pgb_json_value *told = pgb_json_member(root, "notes");
    size_t n = pgb_json_length(list), n_notes = pgb_json_length(told);
    pgb_report_difference *differences = pgb_arena_array(g->ctx->arena, n + 1, sizeof *differences);
    const char **notes = pgb_arena_array(g->ctx->arena, n_notes + 1, sizeof *notes);

    if (differences == NULL || notes == NULL) {
        return pgb_error_nomem(g->ctx->err);
    }
    for (size_t i = 0; i < n; i++) {
        const pgb_json_value *d = pgb_json_element(list, i);

        differences[i] = (pgb_report_difference){
            keep(g, d, "kind", ""),       keep(g, d, "object", ""),     keep(g, d, "change", ""),
            keep(g, d, "property", NULL), keep(g, d, "expected", NULL), keep(g, d, "actual", NULL),
            keep(g, d, "sql", NULL)};
    }
    for (size_t i = 0; i < n_notes; i++) {
        notes[i] = keep(g, pgb_json_element(told, i), "text", "");
    }
    *to = (pgb_report_verification){.source = file,
                                    .against = keep(g, root, "against", "what was expected"),
                                    .verified =
                                        pgb_json_true(pgb_json_member(root, "verified"), true),
                                    .differences = differences,
                                    .n_differences = (uint32_t)n,
                                    .notes = notes,
                                    .n_notes = (uint32_t)n_notes,
                                    .tables = figure(root, "tables"),
                                    .columns = figure(root, "columns"),
                                    .foreign_keys = figure(root, "foreign_keys"),
                                    .indexes = figure(root, "indexes"),
                                    .checks = figure(root, "checks")};
    return to->against == NULL ? pgb_error_nomem(g->ctx->err) : PGB_OK;
}

static pgb_status take_proofs(pgb_gathering *g, const char *file, const pgb_json_value *root,
                              pgb_report_proofs *to)
{
    const pgb_json_value *list = pgb_json_member(root, "proofs");
    size_t n = pgb_json_length(list);
    pgb_report_proof *proofs = pgb_arena_array(g->ctx->arena, n + 1, sizeof *proofs);

    if (proofs == NULL) {
        return pgb_error_nomem(g->ctx->err);
    }
    for (size_t i = 0; i < n; i++) {
        const pgb_json_value *p = pgb_json_element(list, i);

        proofs[i] =
            (pgb_report_proof){keep(g, p, "subject", ""), keep(g, p, "proof", ""),
                               keep(g, p, "result", "not_probed"), keep(g, p, "reason", NULL)};
        if (proofs[i].subject == NULL || proofs[i].proof == NULL || proofs[i].result == NULL) {
            return pgb_error_nomem(g->ctx->err);
        }
    }
    *to = (pgb_report_proofs){file, proofs, (uint32_t)n};
    return PGB_OK;
}

static pgb_status take_file(pgb_gathering *g, const char *file,
                            pgb_report_verification *verifications, pgb_report_proofs *proofs)
{
    PGB_AUTO_BUF(text);
    pgb_json_value *root = NULL;
    pgb_status status = pgb_file_read(file, WITH_MAX, &text, g->ctx->err);

    if (status == PGB_OK) {
        status = pgb_json_parse(file, pgb_buf_str(&text), text.len, &root, g->ctx->err);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (pgb_json_is_array(pgb_json_member(root, "proofs"))) {
        status = take_proofs(g, file, root, &proofs[g->report->n_proofs]);
        g->report->n_proofs += status == PGB_OK;
    } else if (pgb_json_is_array(pgb_json_member(root, "differences"))) {
        status = take_verification(g, file, root, &verifications[g->report->n_verifications]);
        g->report->n_verifications += status == PGB_OK;
    } else {
        status = pgb_error_set(g->ctx->err, PGB_USAGE,
                               "%s has neither differences nor proofs: verify or prove did not "
                               "write it",
                               file);
        pgb_error_hint(g->ctx->err, "pgbraid verify --format json > %s", file);
    }
    pgb_json_free(root);
    return status;
}

static void tell_unknown(pgb_gathering *g)
{
    for (uint32_t i = 0; i < g->report->n_revisions; i++) {
        pgb_report_revision *rev = &g->report->revisions[i];

        if (!rev->changes_known && pgb_bits_get(&g->ctx->world->applied, i)) {
            rev->changes_unknown_why = "What it did was not looked at.";
        }
    }
}

pgb_status pgb_gather_proof(pgb_gathering *g)
{
    pgb_report *r = g->report;
    uint32_t most = g->wish->with.n + 1;
    pgb_report_verification *verifications =
        pgb_arena_array(g->ctx->arena, most + 1, sizeof *verifications);
    pgb_report_proofs *proofs = pgb_arena_array(g->ctx->arena, most + 1, sizeof *proofs);
    pgb_status status = PGB_OK;

    if (verifications == NULL || proofs == NULL) {
        return pgb_error_nomem(g->ctx->err);
    }
    /* what a person got wrong is said before a server is started */
    for (uint32_t i = 0; status == PGB_OK && i < g->wish->with.n; i++) {
        status = take_file(g, g->wish->with.at[i], verifications + 1, proofs);
    }
    if (status == PGB_OK && g->wish->verify && pgb_bits_count(&g->ctx->world->applied) > 0) {
        status = verify_now(g, &verifications[0]);
        if (status == PGB_OK) {
            r->verifications = verifications;
            r->n_verifications++;
        }
    } else if (status == PGB_OK) {
        status = read_only(g);
        r->verifications = verifications + 1;
    }
    r->proofs = proofs;
    if (status == PGB_OK) {
        tell_unknown(g);
        status = pgb_report_join(r, g->ctx->arena, g->ctx->err);
    }
    return status;
}
