/*
 * Downgrade: what goes, and whether it can.
 *
 * What goes is closed over children and dependents, so that nothing is left whose needs are gone. A
 * branch (LABEL@T) has its own rule, where Alembic's would take every branch that stands on the
 * same root: of what the label's revision stands on, only that goes which no other branch stands
 * on.
 */
#include <string.h>

#include "base/text.h"
#include "plan/internal.h"

typedef struct downgrade {
    const pgb_world *w;
    pgb_target target;
    pgb_bits active; /* has a row, complete or not */
    pgb_bits drop;
    uint32_t *stack;
} downgrade;

static bool needs_anything(const pgb_world *w, uint32_t v)
{
    return pgb_graph_parents(w->graph, v).n > 0;
}

static uint32_t push_new(downgrade *d, pgb_nodes nodes, pgb_bits *seen, uint32_t depth)
{
    for (uint32_t i = 0; i < nodes.n; i++) {
        if (!pgb_bits_get(seen, nodes.at[i])) {
            pgb_bits_set(seen, nodes.at[i]);
            d->stack[depth++] = nodes.at[i];
        }
    }
    return depth;
}

/* Adds a node and all that hangs on it to drop, and to the list `dropped` of n, whose new length is
 * returned; seen spares looking at anything twice. What is pending is gone through, since something
 * late may stand between two applied ones. */
static uint32_t take(downgrade *d, uint32_t v, pgb_bits *seen, uint32_t *dropped, uint32_t n)
{
    uint32_t depth = 0;

    if (pgb_bits_get(seen, v)) {
        return n;
    }
    pgb_bits_set(seen, v);
    d->stack[depth++] = v;
    while (depth > 0) {
        uint32_t u = d->stack[--depth];

        if (pgb_bits_get(&d->active, u)) {
            pgb_bits_set(&d->drop, u);
            dropped[n++] = u;
        }
        depth = push_new(d, pgb_graph_children(d->w->graph, u), seen, depth);
        depth = push_new(d, pgb_graph_dependents(d->w->graph, u), seen, depth);
    }
    return n;
}

/* What descends from the target: its children and on, all for base, or the revision itself for
 * "before". */
static void roots_of_target(const downgrade *d, pgb_bits *roots)
{
    const pgb_target *t = &d->target;

    if (t->before != PGB_NODE_NONE) {
        pgb_bits_set(roots, t->before);
        return;
    }
    for (uint32_t v = 0; t->base && v < d->w->n; v++) {
        if (!needs_anything(d->w, v)) {
            pgb_bits_set(roots, v);
        }
    }
    for (uint32_t i = 0; i < t->nodes.n; i++) {
        pgb_nodes children = pgb_graph_children(d->w->graph, t->nodes.at[i]);

        for (uint32_t k = 0; k < children.n; k++) {
            pgb_bits_set(roots, children.at[k]);
        }
    }
}

/* What a branch's downgrade counts: how many children hold a node, which are those that stay, and
 * the pending ones that are held themselves (something late may stand between two applied ones). */
typedef struct holding {
    uint32_t *count;
    uint32_t *freed; /* nodes that hold no more, whose parents are to be told */
    uint32_t n_freed;
    pgb_bits mine; /* goes when nothing holds it */
    pgb_bits seen;
} holding;

static void count_holders(const downgrade *d, holding *h)
{
    for (uint32_t i = d->w->n; i-- > 0;) {
        uint32_t v = d->w->order[i];
        pgb_nodes parents = pgb_graph_parents(d->w->graph, v);

        for (uint32_t k = 0; (pgb_bits_get(&d->active, v) || h->count[v] > 0) && k < parents.n;
             k++) {
            h->count[parents.at[k]]++;
        }
    }
}

/* Drops a node with all that hangs on it, then what was held by nothing else, and so on. */
static void take_and_free(downgrade *d, holding *h, uint32_t v)
{
    h->n_freed = take(d, v, &h->seen, h->freed, h->n_freed);
    while (h->n_freed > 0) {
        uint32_t u = h->freed[--h->n_freed];
        pgb_nodes parents = pgb_graph_parents(d->w->graph, u);

        for (uint32_t i = 0; i < parents.n; i++) {
            uint32_t p = parents.at[i];

            if (--h->count[p] > 0) {
                continue;
            }
            if (!pgb_bits_get(&d->active, p)) {
                h->freed[h->n_freed++] = p;
            } else if (pgb_bits_get(&h->mine, p)) {
                h->n_freed = take(d, p, &h->seen, h->freed, h->n_freed);
            }
        }
    }
}

static pgb_status drop_in_branch(downgrade *d, const pgb_bits *roots, pgb_arena *scratch,
                                 pgb_error *err)
{
    const pgb_world *w = d->w;
    uint32_t label = d->target.branch;
    pgb_bits above, of_label;
    holding h = {.n_freed = 0};
    pgb_status status;

    h.count = pgb_arena_array(scratch, w->n, sizeof *h.count);
    h.freed = pgb_arena_array(scratch, w->n, sizeof *h.freed);
    if (h.count == NULL || h.freed == NULL || !pgb_bits_init(&h.seen, scratch, w->n) ||
        !pgb_bits_init(&above, scratch, w->n) || !pgb_bits_init(&of_label, scratch, w->n)) {
        return pgb_error_nomem(err);
    }
    memcpy(above.w, roots->w, ((size_t)w->n + 63) / 64 * sizeof *above.w);
    pgb_bits_set(&of_label, label);
    status = pgb_graph_descendants(w->graph, &above, false, err);
    if (status == PGB_OK) {
        status = pgb_graph_descendants(w->graph, &of_label, false, err);
    }
    if (status == PGB_OK) {
        status = pgb_world_lineage(w, label, false, scratch, &h.mine, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    for (uint32_t i = 0; i < (w->n + 63) / 64; i++) {
        h.mine.w[i] &= above.w[i] & d->active.w[i];
    }
    count_holders(d, &h);
    /* the label's revision and what descends from it, and what nothing holds from the start */
    for (uint32_t v = 0; v < w->n; v++) {
        if (pgb_bits_get(&h.mine, v) && (pgb_bits_get(&of_label, v) || h.count[v] == 0)) {
            take_and_free(d, &h, v);
        }
    }
    return PGB_OK;
}

static pgb_status not_applied(const pgb_world *w, uint32_t v, pgb_error *err)
{
    pgb_status status =
        pgb_error_set(err, PGB_REFUSED, "revision %s is not applied, so there is no way down to it",
                      w->nodes[v].id);

    pgb_error_hint(err, "pgbraid current shows what is, pgbraid upgrade %s applies it",
                   w->nodes[v].id);
    return status;
}

/* A target must be applied. "Before X" may be where the database is already: X not applied, what it
 * stands on is; the second run of a downgrade does nothing. */
static pgb_status check_target(const downgrade *d, pgb_error *err)
{
    const pgb_target *t = &d->target;
    bool hangs = pgb_bits_count(&d->drop) > 0;

    if (t->before != PGB_NODE_NONE && (hangs || pgb_bits_get(&d->active, t->before))) {
        return PGB_OK;
    }
    for (uint32_t i = 0; i < t->nodes.n; i++) {
        if (!pgb_bits_get(&d->active, t->nodes.at[i])) {
            return not_applied(d->w, t->before != PGB_NODE_NONE ? t->before : t->nodes.at[i], err);
        }
    }
    return PGB_OK;
}

/* Why a revision cannot go, as an end of a line; false: it can. */
static bool no_way_back(const pgb_world_node *node, pgb_buf *why)
{
    const pgb_revision *rev = node->rev;
    const pgb_applied *row = node->applied;
    const char *reason = rev != NULL ? rev->irreversible_reason : row->irreversible;

    if (rev != NULL && rev->down_kind == PGB_DOWN_SQL) {
        return false;
    }
    if (rev != NULL && rev->down_kind == PGB_DOWN_NONE) {
        pgb_buf_printf(why, "%s has no down section", rev->file);
    } else if (rev != NULL || row->irreversible != NULL) {
        pgb_buf_puts(why, "irreversible");
        if (reason != NULL && reason[0] != '\0') {
            pgb_buf_puts(why, ": ");
            pgb_text_display(why, reason, strlen(reason), false);
        }
    } else if (row->has_down_text) {
        return false;
    } else if (row->has_down) {
        pgb_buf_puts(why, "its file is gone, and its down section was not stored");
    } else {
        pgb_buf_puts(why, "its file is gone, and it had no down section");
    }
    return true;
}

static pgb_status check_way_back(const pgb_world *w, const pgb_plan *plan, pgb_error *err)
{
    enum { SHOWN = 12 };
    PGB_AUTO_BUF(lines);
    uint32_t n = 0;
    const pgb_world_node *first = NULL;
    pgb_status status;

    for (uint32_t i = 0; i < plan->n; i++) {
        const pgb_world_node *node = &w->nodes[plan->steps[i].node];
        PGB_AUTO_BUF(why);

        if (!no_way_back(node, &why)) {
            continue;
        }
        if (n++ < SHOWN) {
            pgb_buf_printf(&lines, "%s%s: %s", n > 1 ? "\n" : "", node->id, pgb_buf_str(&why));
        }
        if (why.failed) {
            return pgb_error_nomem(err);
        }
        first = first != NULL ? first : node;
    }
    if (n == 0) {
        return PGB_OK;
    }
    if (n > SHOWN) {
        pgb_buf_printf(&lines, "\n… and %u more", n - SHOWN);
    }
    if (lines.failed) {
        return pgb_error_nomem(err);
    }
    if (n == 1) {
        status = pgb_error_set(err, PGB_REFUSED, "revision %s has no way back, nothing was done",
                               first->id);
    } else {
        status = pgb_error_set(err, PGB_REFUSED,
                               "%u of %u revisions have no way back, nothing was done", n, plan->n);
    }
    pgb_error_detail(err, "%s", pgb_buf_str(&lines));
    pgb_error_hint(err,
                   "write a down section into the file%s, or undo by hand and change the "
                   "record alone with pgbraid stamp",
                   n > 1 ? "s" : "");
    if (first->rev != NULL) {
        pgb_error_at(err, first->rev->file, (int)first->rev->id_line, (int)first->rev->id_column,
                     NULL, 0);
    }
    return status;
}

static pgb_status find_drop(downgrade *d, pgb_arena *scratch, pgb_error *err)
{
    const pgb_world *w = d->w;
    pgb_bits roots, seen;
    uint32_t *dropped, n = 0;

    if (!pgb_bits_init(&d->active, scratch, w->n) || !pgb_bits_init(&d->drop, scratch, w->n) ||
        !pgb_bits_init(&roots, scratch, w->n) || !pgb_bits_init(&seen, scratch, w->n)) {
        return pgb_error_nomem(err);
    }
    d->stack = pgb_arena_array(scratch, w->n, sizeof *d->stack);
    dropped = pgb_arena_array(scratch, w->n, sizeof *dropped);
    if (d->stack == NULL || dropped == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t v = 0; v < w->n; v++) {
        if (w->nodes[v].applied != NULL) {
            pgb_bits_set(&d->active, v);
        }
    }
    roots_of_target(d, &roots);
    if (d->target.branch != PGB_NODE_NONE) {
        return drop_in_branch(d, &roots, scratch, err);
    }
    for (uint32_t v = 0; v < w->n; v++) {
        if (pgb_bits_get(&roots, v)) {
            n = take(d, v, &seen, dropped, n);
        }
    }
    return PGB_OK;
}

pgb_status pgb_plan_downgrade(const pgb_world *w, const char *target, pgb_plan *ret_plan,
                              pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    downgrade d = {.w = w};
    pgb_plan plan = {NULL, 0};
    pgb_status status;

    if (scratch == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_plan_target(w, target, false, &d.target, err);
    if (status == PGB_OK) {
        status = find_drop(&d, scratch, err);
    }
    if (status == PGB_OK) {
        status = check_target(&d, err);
    }
    if (status == PGB_OK) {
        status = pgb_plan_append(w, &d.drop, PGB_DOWNGRADE, true, &plan, err);
    }
    if (status == PGB_OK) {
        status = check_way_back(w, &plan, err);
    }
    if (status == PGB_OK) {
        *ret_plan = plan;
    }
    return status;
}
