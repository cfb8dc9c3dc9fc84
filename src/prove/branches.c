/* Branches in either order: what two heads do not share is applied one way, then the other. */
#include <string.h>

#include "base/clock.h"
#include "prove/work.h"

static const char commute[] = "both orders make the same";

/* Two heads, and what each has that the other has not. */
typedef struct pair {
    work *w;
    uint32_t one, other; /* heads */
    pgb_bits of_one, of_other;
    uint32_t *common, n_common;
    uint32_t *left, n_left;   /* of one alone, in order */
    uint32_t *right, n_right; /* of the other alone */
    const char *subject;
    int64_t began;
} pair;

/* A node and all that it needs. */
static bool reach(const pgb_world *w, uint32_t node, pgb_arena *arena, pgb_bits *ret_set)
{
    uint32_t *stack = pgb_arena_array(arena, (size_t)w->n + 1, sizeof *stack);
    uint32_t n = 0;

    if (stack == NULL || !pgb_bits_init(ret_set, arena, w->n)) {
        return false;
    }
    pgb_bits_set(ret_set, node);
    stack[n++] = node;
    while (n > 0) {
        uint32_t at = stack[--n];
        const pgb_nodes needs[] = {pgb_graph_parents(w->graph, at),
                                   pgb_graph_depends(w->graph, at)};

        for (size_t k = 0; k < 2; k++) {
            for (uint32_t i = 0; i < needs[k].n; i++) {
                if (!pgb_bits_get(ret_set, needs[k].at[i])) {
                    pgb_bits_set(ret_set, needs[k].at[i]);
                    stack[n++] = needs[k].at[i];
                }
            }
        }
    }
    return true;
}

static bool split(pair *p, pgb_arena *arena)
{
    const pgb_world *w = p->w->world;

    p->common = pgb_arena_array(arena, (size_t)w->n + 1, sizeof *p->common);
    p->left = pgb_arena_array(arena, (size_t)w->n + 1, sizeof *p->left);
    p->right = pgb_arena_array(arena, (size_t)w->n + 1, sizeof *p->right);
    if (p->common == NULL || p->left == NULL || p->right == NULL ||
        !reach(w, p->one, arena, &p->of_one) || !reach(w, p->other, arena, &p->of_other)) {
        return false;
    }
    for (uint32_t i = 0; i < w->n; i++) {
        uint32_t node = w->order[i];
        bool a = pgb_bits_get(&p->of_one, node), b = pgb_bits_get(&p->of_other, node);

        if (a && b) {
            p->common[p->n_common++] = node;
        } else if (a) {
            p->left[p->n_left++] = node;
        } else if (b) {
            p->right[p->n_right++] = node;
        }
    }
    return true;
}

static pgb_status add(pair *p, pgb_proof_result result, const char *reason, const char *reproduce)
{
    pgb_status status = pgb_proofs_add(&p->w->out->proofs, p->subject, commute, result, reason,
                                       reproduce, p->w->err);

    if (status == PGB_OK) {
        pgb_proofs_took(&p->w->out->proofs, pgb_clock_ms() - p->began);
    }
    return status;
}

/* Runs nodes in a row; *ret_failed: the one that failed, NONE: none did. */
static pgb_status run(pair *p, pgb_site *site, const uint32_t *nodes, uint32_t n,
                      uint32_t *ret_failed, pgb_error *failure)
{
    *ret_failed = PGB_NODE_NONE;
    for (uint32_t i = 0; i < n; i++) {
        pgb_site_outcome outcome;
        pgb_status status = pgb_site_run(site, PGB_UPGRADE, nodes[i], &outcome, failure, p->w->err);

        if (status != PGB_OK) {
            return status;
        }
        if (outcome != PGB_SITE_DONE) {
            *ret_failed = nodes[i];
            return PGB_OK;
        }
    }
    return PGB_OK;
}

/* "pgbraid upgrade COMMON\npgbraid upgrade ONE\npgbraid upgrade OTHER" */
static const char *commands(const pair *p, uint32_t first, uint32_t second)
{
    const pgb_world *w = p->w->world;

    return pgb_arena_printf(p->w->arena, "pgbraid upgrade %s\npgbraid upgrade %s",
                            w->nodes[first].id, w->nodes[second].id);
}

static pgb_status not_tried(pair *p, uint32_t failed, const pgb_error *failure)
{
    const char *said = said_failure(failure, p->w->arena);
    const char *reason = said != NULL
                             ? pgb_arena_printf(p->w->arena, "revision %s does not run: %s",
                                                p->w->world->nodes[failed].id, said)
                             : NULL;

    p->w->out->complete = false;
    return reason != NULL ? add(p, PGB_PROOF_NOT_PROBED, reason, NULL) : pgb_error_nomem(p->w->err);
}

/* One order from the common state; *ret_state NULL: it was told why not. */
static pgb_status one_order(pair *p, const char *database, bool turned, pgb_site **ret_site,
                            pgb_catalog **ret_state)
{
    const uint32_t *first = turned ? p->right : p->left, *second = turned ? p->left : p->right;
    uint32_t n_first = turned ? p->n_right : p->n_left, n_second = turned ? p->n_left : p->n_right;
    pgb_error failure = PGB_ERROR_INIT;
    uint32_t failed = PGB_NODE_NONE;
    pgb_status status = work_site(p->w, database, "common", ret_site);

    *ret_state = NULL;
    if (status == PGB_OK) {
        status = run(p, *ret_site, first, n_first, &failed, &failure);
    }
    if (status == PGB_OK && failed != PGB_NODE_NONE) {
        return not_tried(p, failed, &failure);
    }
    if (status == PGB_OK) {
        status = run(p, *ret_site, second, n_second, &failed, &failure);
    }
    if (status == PGB_OK && failed != PGB_NODE_NONE) {
        const char *said = said_failure(&failure, p->w->arena), *reason = NULL;

        if (said != NULL) {
            reason = pgb_arena_printf(p->w->arena, "revision %s fails after %s: %s",
                                      p->w->world->nodes[failed].id,
                                      p->w->world->nodes[turned ? p->other : p->one].id, said);
        }
        return reason == NULL
                   ? pgb_error_nomem(p->w->err)
                   : add(p, PGB_PROOF_FAILED, reason,
                         turned ? commands(p, p->other, p->one) : commands(p, p->one, p->other));
    }
    return status == PGB_OK ? pgb_site_read(*ret_site, ret_state, p->w->err) : status;
}

static pgb_status compare(pair *p, const pgb_catalog *a, const pgb_catalog *b)
{
    work *w = p->w;
    PGB_AUTO_ARENA(arena);
    pgb_differences all = {0};
    bool nomem = arena == NULL;
    const char *one = w->world->nodes[p->one].id, *other = w->world->nodes[p->other].id;
    const char *side_a, *side_b, *said, *notes = NULL, *reproduce;
    pgb_status status = nomem ? PGB_NOMEM : pgb_diff(a, b, NULL, arena, &all, w->err);

    if (status != PGB_OK) {
        return nomem ? pgb_error_nomem(w->err) : status;
    }
    for (uint32_t i = 0; i < all.n; i++) {
        all.at[i].sql = NULL; /* neither order is the right one */
    }
    side_a = pgb_arena_printf(arena, "%s first", one);
    side_b = pgb_arena_printf(arena, "%s first", other);
    if (side_a == NULL || side_b == NULL) {
        return pgb_error_nomem(w->err);
    }
    said = said_differences(&all, side_a, side_b, w->arena, &notes, &nomem);
    if (nomem) {
        return pgb_error_nomem(w->err);
    }
    if (said == NULL) {
        return add(p, PGB_PROOF_PASSED, notes, NULL);
    }
    reproduce = pgb_arena_printf(w->arena,
                                 "pgbraid -d ONE upgrade %s %s\npgbraid -d OTHER upgrade %s\n"
                                 "pgbraid -d OTHER upgrade %s",
                                 one, other, other, one);
    return reproduce != NULL ? add(p, PGB_PROOF_FAILED, said, reproduce) : pgb_error_nomem(w->err);
}

/* Sites come one after the other: roles are the server's. */
static pgb_status prove_pair(pair *p)
{
    static const char *const databases[] = {"one_order", "other_order"};
    work *w = p->w;
    pgb_site *common = NULL, *site = NULL;
    pgb_catalog *states[2] = {NULL, NULL};
    pgb_error failure = PGB_ERROR_INIT;
    const char *empty = NULL, *roles = NULL;
    uint32_t failed = PGB_NODE_NONE;
    bool made = false;
    pgb_status status;

    p->began = pgb_clock_ms();
    status = work_site(w, "common", NULL, &common);
    made = status == PGB_OK;
    if (status == PGB_OK) {
        status = pgb_site_roles(common, w->arena, &empty, w->err);
    }
    if (status == PGB_OK) {
        status = run(p, common, p->common, p->n_common, &failed, &failure);
    }
    if (status == PGB_OK) {
        status = failed != PGB_NODE_NONE ? not_tried(p, failed, &failure)
                                         : pgb_site_roles(common, w->arena, &roles, w->err);
    }
    pgb_site_close(common);
    for (int i = 0; status == PGB_OK && failed == PGB_NODE_NONE && i < 2; i++) {
        pgb_status dropped;

        status = one_order(p, databases[i], i == 1, &site, &states[i]);
        pgb_site_close(site);
        site = NULL;
        dropped = pgb_stage_drop(w->stage, databases[i], roles, status == PGB_OK ? w->err : NULL);
        status = status == PGB_OK ? dropped : status;
        if (states[i] == NULL) {
            break;
        }
    }
    if (status == PGB_OK && states[0] != NULL && states[1] != NULL) {
        status = compare(p, states[0], states[1]);
    }
    pgb_catalog_free(states[0]);
    pgb_catalog_free(states[1]);
    if (made) {
        pgb_status dropped =
            pgb_stage_drop(w->stage, "common", empty, status == PGB_OK ? w->err : NULL);

        status = status == PGB_OK ? dropped : status;
    }
    return status;
}

pgb_status work_branches(work *w, const uint32_t *heads, uint32_t n_heads)
{
    uint32_t of = n_heads * (n_heads - 1) / 2, nth = 0;
    pgb_status status = PGB_OK;

    if (n_heads < 2) {
        return work_note(w, "there is one head: no branches to be applied in either order");
    }
    for (uint32_t a = 0; a < n_heads; a++) {
        for (uint32_t b = a + 1; b < n_heads && status == PGB_OK; b++) {
            PGB_AUTO_ARENA(arena);
            pair p = {.w = w, .one = heads[a], .other = heads[b]};

            p.subject =
                pgb_arena_printf(w->arena, "branches %s and %s", w->world->nodes[heads[a]].id,
                                 w->world->nodes[heads[b]].id);
            if (arena == NULL || p.subject == NULL || !split(&p, arena)) {
                return pgb_error_nomem(w->err);
            }
            work_step(w, "either order", heads[b], ++nth, of);
            if (p.n_left > 0 && p.n_right > 0) {
                status = prove_pair(&p);
            }
        }
    }
    return status;
}
