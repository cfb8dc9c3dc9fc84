/* Steps up and down the graph, ranges, and what other commands ask about identifiers. */
#include <stdio.h>
#include <string.h>

#include "plan/ident.h"

static pgb_status past_the_end(const pgb_world *w, const pgb_ident *ident, bool up, uint32_t at,
                               bool in_branch, pgb_error *err)
{
    pgb_shown shown = pgb_show(ident->text, ident->len);
    pgb_status status;

    if (!up) {
        status = pgb_error_set(err, PGB_IDENTIFIER, "\"%s\" goes past the base: %s", shown.text,
                               "there are not so many revisions below");
        pgb_error_hint(err, "say base for before the first; see pgbraid history");
    } else if (at == PGB_NODE_NONE) {
        status = pgb_error_set(err, PGB_IDENTIFIER, "\"%s\" goes past the head: %s", shown.text,
                               "there is no revision");
        pgb_error_hint(err, "pgbraid new writes the first");
    } else {
        status = pgb_error_set(err, PGB_IDENTIFIER,
                               "\"%s\" goes past the head: nothing comes after %s%s", shown.text,
                               w->nodes[at].id, in_branch ? " in that branch" : "");
        pgb_error_hint(err, "see pgbraid heads and pgbraid history");
    }
    return status;
}

/* Several ways for the next of `left` steps from `at`. */
static pgb_status several_ways(const pgb_world *w, const pgb_ident *ident, bool up, uint32_t at,
                               uint32_t left, pgb_nodes ways, const pgb_bits *lineage,
                               pgb_error *err)
{
    pgb_candidates c = {0};
    bool bare = ident->atom_len == 0 && ident->label == NULL && !up;
    bool base = at == PGB_NODE_NONE;
    char label[260] = "";
    char spelling[1024];
    pgb_status status;

    if (ident->label != NULL) {
        snprintf(label, sizeof label, "%.*s@", (int)ident->label_len, ident->label);
    }
    if (base) {
        status = pgb_error_set(err, PGB_IDENTIFIER,
                               "\"%s\" is ambiguous: there are several first revisions",
                               pgb_show(ident->text, ident->len).text);
    } else {
        status = pgb_error_set(err, PGB_IDENTIFIER, "\"%s\" is ambiguous: %s has several %s",
                               pgb_show(ident->text, ident->len).text, w->nodes[at].id,
                               up ? "children" : "parents");
    }
    if (!up && left == 1) {
        /* the merge alone, back to all its parents */
        snprintf(spelling, sizeof spelling, "%s%s^", label, w->nodes[at].id);
        pgb_candidates_add(&c, at, spelling);
    }
    for (uint32_t i = 0; i < ways.n; i++) {
        const char *id = w->nodes[ways.at[i]].id;

        if (lineage != NULL && !pgb_bits_get(lineage, ways.at[i])) {
            continue;
        }
        if (left == 1) {
            snprintf(spelling, sizeof spelling, "%s%s", label, id);
        } else if (bare && left == 2) {
            snprintf(spelling, sizeof spelling, "%s^", id);
        } else if (bare) {
            snprintf(spelling, sizeof spelling, "%s-%u^", id, left - 2);
        } else {
            snprintf(spelling, sizeof spelling, "%s%s%c%u", label, id, up ? '+' : '-', left - 1);
        }
        pgb_candidates_add(&c, ways.at[i], spelling);
    }
    return pgb_candidates_done(&c, w, status, "see pgbraid history --graph", err);
}

pgb_status pgb_walk(const pgb_world *w, const pgb_ident *ident, const pgb_bits *lineage, bool up,
                    bool relative, uint32_t steps, uint32_t *at, uint32_t *ret_last, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    uint32_t v = *at, left = steps;

    if (scratch == NULL) {
        return pgb_error_nomem(err);
    }
    /* relative steps end on something applied, or on base */
    while (left > 0 || (relative && v != PGB_NODE_NONE && !pgb_bits_get(&w->applied, v))) {
        bool counts = !relative || v == PGB_NODE_NONE || pgb_bits_get(&w->applied, v);
        uint32_t next = PGB_NODE_NONE, n_ways = 0;
        pgb_nodes ways;

        if (v != PGB_NODE_NONE) {
            ways = up ? pgb_graph_children(w->graph, v) : pgb_graph_parents(w->graph, v);
        } else if (up) {
            uint32_t *bases = pgb_arena_array(scratch, w->n, sizeof *bases), n = 0;

            if (bases == NULL) {
                return pgb_error_nomem(err);
            }
            for (uint32_t u = 0; u < w->n; u++) {
                if (pgb_graph_parents(w->graph, u).n == 0) {
                    bases[n++] = u;
                }
            }
            ways = (pgb_nodes){bases, n};
        } else {
            return past_the_end(w, ident, up, v, lineage != NULL, err);
        }
        for (uint32_t i = 0; i < ways.n; i++) {
            if (lineage == NULL || pgb_bits_get(lineage, ways.at[i])) {
                next = n_ways++ == 0 ? ways.at[i] : next;
            }
        }
        if (n_ways > 1) {
            return several_ways(w, ident, up, v, left > 0 ? left : 1, ways, lineage, err);
        }
        if (n_ways == 0 && up) {
            return past_the_end(w, ident, up, v, lineage != NULL, err);
        }
        if (counts) {
            if (ret_last != NULL) {
                *ret_last = v;
            }
            left--;
        }
        v = next;
    }
    *at = v;
    return PGB_OK;
}

pgb_status pgb_world_resolve(const pgb_world *w, const char *identifier, pgb_target *ret_target,
                             pgb_error *err)
{
    pgb_ident ident;
    pgb_status status = pgb_ident_parse(w, identifier, strlen(identifier), &ident, err);

    return status == PGB_OK ? pgb_ident_resolve(w, &ident, ret_target, err) : status;
}

pgb_status pgb_world_resolve_one(const pgb_world *w, const char *identifier, uint32_t *ret_node,
                                 pgb_error *err)
{
    pgb_target target;
    pgb_candidates c = {0};
    pgb_shown shown = pgb_show(identifier, strlen(identifier));
    pgb_status status = pgb_world_resolve(w, identifier, &target, err);

    if (status != PGB_OK) {
        return status;
    }
    if (target.nodes.n == 1) {
        *ret_node = target.nodes.at[0];
        return PGB_OK;
    }
    if (target.nodes.n == 0) {
        status = pgb_error_set(err, PGB_IDENTIFIER, "\"%s\" is no revision here: it is base, %s",
                               shown.text, "the state before the first");
        pgb_error_hint(err, "see pgbraid history");
        return status;
    }
    status = pgb_error_set(err, PGB_IDENTIFIER, "\"%s\" is ambiguous: it is %u revisions",
                           shown.text, target.nodes.n);
    for (uint32_t i = 0; i < target.nodes.n; i++) {
        pgb_candidates_add(&c, target.nodes.at[i], w->nodes[target.nodes.at[i]].id);
    }
    return pgb_candidates_done(&c, w, status, "see pgbraid history", err);
}

static void set_all(pgb_bits *set, pgb_node_list nodes)
{
    for (uint32_t i = 0; i < nodes.n; i++) {
        pgb_bits_set(set, nodes.at[i]);
    }
}

/* One end of a range as a set closed over ancestors or descendants; an empty end, or base as the
 * lower one, is everything. */
static pgb_status range_end(const pgb_world *w, const char *text, size_t len, bool upper,
                            pgb_target *target, pgb_bits *set, pgb_error *err)
{
    pgb_ident ident;
    pgb_status status = PGB_OK;
    bool all = len == 0;

    *target = (pgb_target){.base = len == 0, .branch = PGB_NODE_NONE, .before = PGB_NODE_NONE};
    if (len > 0) {
        status = pgb_ident_parse(w, text, len, &ident, err);
        if (status == PGB_OK) {
            status = pgb_ident_resolve(w, &ident, target, err);
        }
        all = !upper && target->base;
    }
    if (status != PGB_OK) {
        return status;
    }
    for (uint32_t v = 0; all && v < w->n; v++) {
        pgb_bits_set(set, v);
    }
    set_all(set, target->nodes);
    return upper ? pgb_graph_ancestors(w->graph, set, false, err)
                 : pgb_graph_descendants(w->graph, set, false, err);
}

static pgb_status no_range(const pgb_world *w, const char *range, const pgb_target *lower,
                           const pgb_target *upper, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    const char *colon = strchr(range, ':');
    pgb_status status;
    pgb_bits below;

    if (scratch == NULL || !pgb_bits_init(&below, scratch, w->n)) {
        return pgb_error_nomem(err);
    }
    set_all(&below, lower->nodes);
    status = pgb_graph_ancestors(w->graph, &below, false, err);
    if (status != PGB_OK) {
        return status;
    }
    status = pgb_error_set(err, PGB_IDENTIFIER,
                           "\"%s\" is no range: the one end is no ancestor "
                           "of the other",
                           pgb_show(range, strlen(range)).text);
    if (upper->base || (upper->nodes.n > 0 && pgb_bits_get(&below, upper->nodes.at[0]))) {
        pgb_error_hint(err, "the older end stands first: %s:%.*s",
                       pgb_show(colon + 1, strlen(colon + 1)).text,
                       (int)(colon - range < 400 ? colon - range : 400), range);
    } else {
        pgb_error_hint(err, "see pgbraid history --graph for how they hang together");
    }
    return status;
}

pgb_status pgb_world_range(const pgb_world *w, const char *range, pgb_node_list *ret_nodes,
                           pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    const char *colon = strchr(range, ':');
    pgb_target lower, upper;
    pgb_bits from, to;
    pgb_status status;
    bool whole;

    if (scratch == NULL || !pgb_bits_init(&from, scratch, w->n) ||
        !pgb_bits_init(&to, scratch, w->n)) {
        return pgb_error_nomem(err);
    }
    if (colon == NULL || strchr(colon + 1, ':') != NULL) {
        status = pgb_error_set(err, PGB_IDENTIFIER, "\"%s\" is no range",
                               pgb_show(range, strlen(range)).text);
        pgb_error_hint(err, "a range is A:B, A: or :B, the older end first");
        return status;
    }
    status = range_end(w, range, (size_t)(colon - range), false, &lower, &from, err);
    if (status == PGB_OK) {
        status = range_end(w, colon + 1, strlen(colon + 1), true, &upper, &to, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    for (uint32_t i = 0; i < (w->n + 63) / 64; i++) {
        from.w[i] &= to.w[i];
    }
    /* base:base is empty, and so is the range of a project without revisions */
    whole = lower.base && (upper.base || upper.nodes.n == 0);
    if (pgb_bits_count(&from) == 0 && !whole) {
        return no_range(w, range, &lower, &upper, err);
    }
    return pgb_world_list(w, &from, ret_nodes, err);
}
