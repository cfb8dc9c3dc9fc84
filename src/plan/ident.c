/* Identifiers: from what a person types to revisions. */
#include "plan/ident.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static bool is_word(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(text, word, len) == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes the operation that ends at *len off the end. False: none ends there. */
static bool take_op(const char *text, size_t *len, pgb_ident_op *op)
{
    size_t at = *len;
    uint64_t n = 0;

    if (at > 0 && text[at - 1] == '^') {
        *op = (pgb_ident_op){.before = true, .n = 1};
        *len = at - 1;
        return true;
    }
    while (at > 0 && is_digit(text[at - 1])) {
        at--;
    }
    if (at == *len || at == 0 || (text[at - 1] != '+' && text[at - 1] != '-')) {
        return false;
    }
    for (size_t i = at; i < *len; i++) {
        n = n * 10 + (uint64_t)(text[i] - '0');
        n = n > UINT32_MAX ? UINT32_MAX : n;
    }
    *op = (pgb_ident_op){.up = text[at - 1] == '+', .n = (uint32_t)n};
    *len = at - 1;
    return true;
}

static pgb_status bad_form(const pgb_ident *ident, const char *why, pgb_error *err)
{
    pgb_status status = pgb_error_set(err, PGB_IDENTIFIER, "\"%s\" names no revision: %s",
                                      pgb_show(ident->text, ident->len).text, why);

    pgb_error_hint(err, "an identifier is an id or its beginning, head, heads, base, current, a "
                        "label, LABEL@head, REV+2, REV-1, REV^, +1, -1; see pgbraid history");
    return status;
}

pgb_status pgb_ident_parse(const pgb_world *w, const char *text, size_t len, pgb_ident *ret_ident,
                           pgb_error *err)
{
    pgb_ident ident = {.text = text, .len = len, .atom = text, .atom_len = len};
    const char *at = memchr(text, '@', len);

    if (len == 0) {
        return bad_form(&ident, "it is empty", err);
    }
    /* a label may look like an operation: release-2 */
    if (pgb_map_get(&w->by_label, text, len, NULL)) {
        *ret_ident = ident;
        return PGB_OK;
    }
    if (at != NULL) {
        ident.label = text;
        ident.label_len = (size_t)(at - text);
        ident.atom = at + 1;
        ident.atom_len = len - ident.label_len - 1;
        if (ident.label_len == 0 || ident.atom_len == 0) {
            return bad_form(&ident, "something must stand on both sides of \"@\"", err);
        }
        if (memchr(ident.atom, '@', ident.atom_len) != NULL) {
            return bad_form(&ident, "\"@\" may stand in it once", err);
        }
    }
    while (!pgb_map_get(&w->by_label, ident.atom, ident.atom_len, NULL)) {
        pgb_ident_op op;

        if (!take_op(ident.atom, &ident.atom_len, &op)) {
            break;
        }
        if (ident.n_ops == PGB_IDENT_OPS_MAX) {
            return bad_form(&ident, "too many steps one after the other", err);
        }
        memmove(ident.ops + 1, ident.ops, ident.n_ops * sizeof *ident.ops);
        ident.ops[0] = op;
        ident.n_ops++;
    }
    if (ident.atom_len == 0 && ident.ops[0].before) {
        return bad_form(&ident, "\"^\" must stand behind a revision", err);
    }
    if (ident.atom_len == 0 && ident.ops[0].n == 0) {
        return bad_form(&ident, "it goes no step", err);
    }
    if (memchr(ident.atom, ':', ident.atom_len) != NULL) {
        return bad_form(&ident, "a range (A:B) stands for several, and only history -r takes it",
                        err);
    }
    *ret_ident = ident;
    return PGB_OK;
}

bool pgb_ident_is_relative(const pgb_ident *ident, bool *ret_up)
{
    if (ident->atom_len != 0 || ident->n_ops == 0) {
        return false;
    }
    *ret_up = ident->ops[0].up;
    return true;
}

/* Nothing has that name: the nearest one is offered. */
static pgb_status not_found(const pgb_world *w, const char *text, size_t len, pgb_error *err)
{
    pgb_shown shown = pgb_show(text, len);
    const char *best = NULL;
    unsigned best_distance = len / 3 > 1 ? (unsigned)(len / 3) : 1;
    pgb_status status =
        pgb_error_set(err, PGB_IDENTIFIER, "no revision or label is called \"%s\"", shown.text);

    for (uint32_t v = 0; v < w->n && len < 64; v++) {
        uint32_t n = pgb_world_n_own_labels(w, v);

        for (uint32_t i = 0; i <= n; i++) {
            const char *name = i < n ? pgb_world_own_label(w, v, i) : w->nodes[v].id;
            size_t name_len = strlen(name);
            unsigned distance;

            /* 3 and 003 are two names, but the one is the likeliest to be meant by the other */
            if (name_len > len && strspn(name, "0") >= name_len - len &&
                memcmp(name + name_len - len, text, len) == 0) {
                distance = 0;
            } else if (name_len > len + best_distance || len > name_len + best_distance) {
                continue; /* as far apart as that already by their lengths */
            } else {
                distance = pgb_text_distance(shown.text, name);
            }
            if (distance <= best_distance && (best == NULL || distance < best_distance)) {
                best = name;
                best_distance = distance;
            }
        }
    }
    if (best != NULL) {
        pgb_error_hint(err, "did you mean %s? pgbraid history lists all", best);
    } else {
        pgb_error_hint(err, "pgbraid history lists all revisions");
    }
    return status;
}

pgb_status pgb_ident_lookup(const pgb_world *w, const char *text, size_t len, uint32_t *ret_node,
                            pgb_error *err)
{
    pgb_candidates fits = {0};
    uint32_t found = PGB_NODE_NONE;
    pgb_status status;

    if (pgb_map_get(&w->by_id, text, len, ret_node) ||
        pgb_map_get(&w->by_label, text, len, ret_node)) {
        return PGB_OK;
    }
    /* a prefix of an id or of a label, as in Alembic; a node that it fits twice is one */
    for (uint32_t v = 0; v < w->n; v++) {
        uint32_t n = pgb_world_n_own_labels(w, v);

        for (uint32_t i = 0; i <= n; i++) {
            const char *name = i == 0 ? w->nodes[v].id : pgb_world_own_label(w, v, i - 1);

            if (strncmp(name, text, len) == 0) {
                found = v;
                pgb_candidates_add(&fits, v, name);
                break;
            }
        }
    }
    if (fits.n == 1) {
        *ret_node = found;
        status = fits.spellings.failed ? pgb_error_nomem(err) : PGB_OK;
        pgb_buf_done(&fits.spellings);
        return status;
    }
    if (fits.n == 0) {
        return not_found(w, text, len, err);
    }
    status = pgb_error_set(err, PGB_IDENTIFIER, "\"%s\" fits %u revisions",
                           pgb_show(text, len).text, fits.n);
    return pgb_candidates_done(&fits, w, status, "see pgbraid history", err);
}

/* Leaves of the list what is in the set. */
static void keep_in(pgb_node_list *list, const pgb_bits *set)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < list->n; i++) {
        if (pgb_bits_get(set, list->at[i])) {
            list->at[n++] = list->at[i];
        }
    }
    list->n = n;
}

/* What is current in a branch or in everything; starts: to count steps from, so that what stands
 * below another applied one is left out, even where something late is between or the other only
 * depends on it. */
static pgb_status applied_tips(const pgb_world *w, const pgb_bits *lineage, bool starts,
                               pgb_node_list *ret_tips, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    pgb_bits active;

    if (scratch == NULL || !pgb_bits_init(&active, scratch, w->n)) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < (w->n + 63) / 64; i++) {
        active.w[i] = w->applied.w[i] & (lineage != NULL ? lineage->w[i] : UINT64_MAX);
    }
    return starts ? pgb_world_tops(w, &active, lineage == NULL, ret_tips, err)
                  : pgb_world_tips(w, &active, false, ret_tips, err);
}

pgb_status pgb_ident_label_for(const pgb_world *w, uint32_t node, bool among_applied,
                               const char **ret_label, pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    const char *const *labels;
    uint32_t n;
    pgb_status status = pgb_world_labels(w, node, &labels, &n, err);

    *ret_label = NULL;
    if (scratch == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; status == PGB_OK && i < n; i++) {
        uint32_t carrier = node;
        pgb_bits lineage;
        pgb_node_list tips;

        pgb_map_get(&w->by_label, labels[i], strlen(labels[i]), &carrier);
        status = pgb_world_lineage(w, carrier, false, scratch, &lineage, err);
        if (status != PGB_OK) {
            break;
        }
        if (among_applied) {
            status = applied_tips(w, &lineage, true, &tips, err);
        } else {
            status = pgb_world_heads(w, &tips, err);
            if (status == PGB_OK) {
                keep_in(&tips, &lineage);
            }
        }
        if (status == PGB_OK && tips.n == 1 && tips.at[0] == node) {
            *ret_label = labels[i];
            break;
        }
    }
    return status;
}

/* head, where there are several; suffix: the steps that come behind it. */
static pgb_status several_heads(const pgb_world *w, const pgb_ident *ident, pgb_node_list heads,
                                const char *suffix, pgb_error *err)
{
    pgb_candidates c = {0};
    pgb_shown branch = pgb_show(ident->label != NULL ? ident->label : "", ident->label_len);
    char all[256] = "", see[sizeof all + 64];
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < heads.n; i++) {
        char spelling[512];
        const char *label = NULL;

        if (i < 12) {
            status = pgb_ident_label_for(w, heads.at[i], false, &label, err);
        }
        if (status != PGB_OK) {
            break;
        }
        snprintf(spelling, sizeof spelling, "%s%s%s",
                 label != NULL ? label : w->nodes[heads.at[i]].id, label != NULL ? "@head" : "",
                 suffix);
        pgb_candidates_add(&c, heads.at[i], spelling);
    }
    if (status == PGB_OK) {
        status = pgb_error_set(err, PGB_IDENTIFIER, "\"%s\" is ambiguous: there are %u heads%s",
                               pgb_show(ident->text, ident->len).text, heads.n,
                               ident->label != NULL ? " in that branch" : "");
    }
    if (suffix[0] == '\0') {
        snprintf(all, sizeof all, "or %s%sheads for all of them, where several are allowed; ",
                 branch.text, ident->label != NULL ? "@" : "");
    }
    snprintf(see, sizeof see, "%ssee pgbraid heads, and pgbraid merge to join them", all);
    return pgb_candidates_done(&c, w, status, see, err);
}

static pgb_status one_or_base(const pgb_world *w, pgb_target *target, uint32_t node, pgb_error *err)
{
    uint32_t *at = pgb_arena_array(w->arena, 1, sizeof *at);

    if (at == NULL) {
        return pgb_error_nomem(err);
    }
    *at = node;
    target->base = node == PGB_NODE_NONE;
    target->nodes = (pgb_node_list){at, target->base ? 0 : 1};
    return PGB_OK;
}

static pgb_status needs_database(const pgb_ident *ident, pgb_error *err)
{
    pgb_status status = pgb_error_set(
        err, PGB_IDENTIFIER, "\"%s\" counts from what a database has, and none is looked at here",
        pgb_show(ident->text, ident->len).text);

    pgb_error_hint(err, "name a revision instead (an id, head-1, base+2), or a database with -d");
    return status;
}

/* +N or -N with several places to start from. */
static pgb_status several_starts(const pgb_world *w, const pgb_ident *ident, pgb_node_list starts,
                                 pgb_error *err)
{
    pgb_candidates c = {0};
    bool up = ident->ops[0].up;
    uint32_t n = ident->ops[0].n;
    pgb_status status = PGB_OK;

    for (uint32_t i = 0; i < starts.n && status == PGB_OK; i++) {
        uint32_t v = starts.at[i];
        const char *label = NULL, *id = w->nodes[v].id;
        char spelling[512];

        if (up && pgb_graph_children(w->graph, v).n == 0) {
            continue;
        }
        if (ident->label == NULL && c.n < 12) {
            status = pgb_ident_label_for(w, v, true, &label, err);
        }
        if (label != NULL) {
            snprintf(spelling, sizeof spelling, "%s@%c%u", label, up ? '+' : '-', n);
        } else if (up) {
            snprintf(spelling, sizeof spelling, "%s+%u", id, n);
        } else if (n == 1) {
            snprintf(spelling, sizeof spelling, "%s^", id);
        } else {
            snprintf(spelling, sizeof spelling, "%s-%u^", id, n - 1);
        }
        pgb_candidates_add(&c, v, spelling);
    }
    if (status == PGB_OK) {
        status =
            pgb_error_set(err, PGB_IDENTIFIER, "\"%s\" is ambiguous: %u revisions are current%s",
                          pgb_show(ident->text, ident->len).text, starts.n,
                          ident->label != NULL ? " in that branch" : "");
    }
    return pgb_candidates_done(&c, w, status, "see pgbraid current", err);
}

/* The one node that +N or -N starts from; PGB_NODE_NONE: base. */
static pgb_status find_start(const pgb_world *w, const pgb_ident *ident, const pgb_bits *lineage,
                             uint32_t *ret_start, pgb_error *err)
{
    pgb_node_list tips, all;
    bool is_top = false;
    pgb_status status;

    if (w->applied_set == NULL) {
        return needs_database(ident, err);
    }
    status = applied_tips(w, lineage, true, &tips, err);
    if (status != PGB_OK) {
        return status;
    }
    if (tips.n > 1) {
        return several_starts(w, ident, tips, err);
    }
    *ret_start = tips.n == 1 ? tips.at[0] : PGB_NODE_NONE;
    if (ident->ops[0].up || tips.n == 0 || lineage == NULL) {
        return PGB_OK;
    }
    /* the tip may be the point where the branch leaves what others go on from */
    status = pgb_world_tops(w, &w->applied, false, &all, err);
    for (uint32_t i = 0; status == PGB_OK && i < all.n; i++) {
        is_top = is_top || all.at[i] == tips.at[0];
    }
    if (status == PGB_OK && !is_top) {
        status = pgb_error_set(
            err, PGB_REFUSED, "nothing of branch \"%s\" is applied that other branches do not need",
            pgb_show(ident->label, ident->label_len).text);
        pgb_error_hint(err, "see pgbraid current and pgbraid status");
    }
    return status;
}

static pgb_status resolve_atom(const pgb_world *w, const pgb_ident *ident, const pgb_bits *lineage,
                               pgb_target *target, pgb_error *err)
{
    const char *atom = ident->atom;
    size_t len = ident->atom_len;
    uint32_t node = PGB_NODE_NONE;
    pgb_status status;

    if (is_word(atom, len, "base")) {
        target->base = true;
        return PGB_OK;
    }
    if (is_word(atom, len, "head") || is_word(atom, len, "heads")) {
        status = pgb_world_heads(w, &target->nodes, err);
        if (status != PGB_OK) {
            return status;
        }
        if (lineage != NULL) {
            keep_in(&target->nodes, lineage);
        }
        if (target->nodes.n > 1 && (len == strlen("head") || ident->n_ops > 0)) {
            char ops[64] = "";
            const char *rest = atom + len;

            snprintf(ops, sizeof ops, "%.*s", (int)(ident->text + ident->len - rest), rest);
            return several_heads(w, ident, target->nodes, ops, err);
        }
        target->base = target->nodes.n == 0;
        return PGB_OK;
    }
    if (is_word(atom, len, "current")) {
        if (w->applied_set == NULL) {
            return needs_database(ident, err);
        }
        status = applied_tips(w, lineage, false, &target->nodes, err);
        target->base = status == PGB_OK && target->nodes.n == 0;
        return status;
    }
    status = len == 0 ? find_start(w, ident, lineage, &node, err)
                      : pgb_ident_lookup(w, atom, len, &node, err);
    if (status != PGB_OK) {
        return status;
    }
    if (len > 0 && lineage != NULL && !pgb_bits_get(lineage, node)) {
        status = pgb_error_set(err, PGB_IDENTIFIER, "revision %s is not in branch \"%s\"",
                               w->nodes[node].id, pgb_show(ident->label, ident->label_len).text);
        pgb_error_hint(err, "a branch is the ancestors and descendants of the revision that is "
                            "named or labelled; see pgbraid branches");
        return status;
    }
    return one_or_base(w, target, node, err);
}

static pgb_status several_for_step(const pgb_world *w, const pgb_ident *ident, pgb_node_list nodes,
                                   uint32_t op, pgb_error *err)
{
    pgb_candidates c = {0};
    char rest[64] = "";
    size_t used = 0;
    pgb_status status =
        pgb_error_set(err, PGB_IDENTIFIER, "\"%s\" is ambiguous: a step starts from %u revisions",
                      pgb_show(ident->text, ident->len).text, nodes.n);

    for (; op < ident->n_ops && used < sizeof rest; op++) {
        const pgb_ident_op *o = &ident->ops[op];
        int len = o->before
                      ? snprintf(rest + used, sizeof rest - used, "^")
                      : snprintf(rest + used, sizeof rest - used, "%c%u", o->up ? '+' : '-', o->n);

        used += len > 0 ? (size_t)len : 0;
    }
    for (uint32_t i = 0; i < nodes.n; i++) {
        char spelling[512];

        snprintf(spelling, sizeof spelling, "%s%s", w->nodes[nodes.at[i]].id, rest);
        pgb_candidates_add(&c, nodes.at[i], spelling);
    }
    return pgb_candidates_done(&c, w, status, "see pgbraid history --graph", err);
}

/* X^: the parents of the one node that the target is so far. */
static pgb_status step_before(const pgb_world *w, const pgb_ident *ident, const pgb_bits *lineage,
                              pgb_target *target, pgb_error *err)
{
    uint32_t v = target->nodes.n > 0 ? target->nodes.at[0] : PGB_NODE_NONE;
    pgb_nodes parents;

    if (target->base) {
        return pgb_walk(w, ident, lineage, false, false, 1, &v, NULL, err); /* past base: says so */
    }
    parents = pgb_graph_parents(w->graph, v);
    target->nodes.at = pgb_arena_array(w->arena, parents.n + 1, sizeof *target->nodes.at);
    if (target->nodes.at == NULL) {
        return pgb_error_nomem(err);
    }
    if (parents.n > 0) {
        memcpy(target->nodes.at, parents.at, parents.n * sizeof *parents.at);
    }
    target->nodes.n = parents.n;
    if (lineage != NULL && parents.n > 1) {
        keep_in(&target->nodes, lineage);
    }
    target->base = parents.n == 0;
    target->before = v;
    return PGB_OK;
}

static pgb_status apply_op(const pgb_world *w, const pgb_ident *ident, uint32_t nth,
                           const pgb_bits *lineage, pgb_target *target, pgb_error *err)
{
    const pgb_ident_op *op = &ident->ops[nth];
    bool relative = nth == 0 && ident->atom_len == 0 && !op->up;
    uint32_t at, last = PGB_NODE_NONE;
    pgb_status status;

    if (target->nodes.n > 1) {
        return several_for_step(w, ident, target->nodes, nth, err);
    }
    if (op->n == 0) {
        return PGB_OK; /* X+0 is X */
    }
    if (op->before) {
        return step_before(w, ident, lineage, target, err);
    }
    at = target->nodes.n == 1 ? target->nodes.at[0] : PGB_NODE_NONE;
    status = pgb_walk(w, ident, lineage, op->up, relative, op->n, &at, &last, err);
    if (status != PGB_OK) {
        return status;
    }
    /* -N takes N revisions back, not what stands beside them; and below the first revision of one
     * tree stand no others */
    target->before =
        !op->up && ((relative && lineage == NULL) || at == PGB_NODE_NONE) ? last : PGB_NODE_NONE;
    return one_or_base(w, target, at, err);
}

pgb_status pgb_ident_resolve(const pgb_world *w, const pgb_ident *ident, pgb_target *ret_target,
                             pgb_error *err)
{
    PGB_AUTO_ARENA(scratch);
    pgb_target target = {.branch = PGB_NODE_NONE, .before = PGB_NODE_NONE};
    pgb_bits lineage, *in = NULL;
    pgb_status status = PGB_OK;

    if (scratch == NULL) {
        return pgb_error_nomem(err);
    }
    if (ident->label != NULL) {
        status = pgb_ident_lookup(w, ident->label, ident->label_len, &target.branch, err);
        if (status == PGB_OK) {
            status = pgb_world_lineage(w, target.branch, false, scratch, &lineage, err);
            in = &lineage;
        }
    }
    if (status == PGB_OK) {
        status = resolve_atom(w, ident, in, &target, err);
    }
    for (uint32_t i = 0; i < ident->n_ops && status == PGB_OK; i++) {
        status = apply_op(w, ident, i, in, &target, err);
    }
    if (status == PGB_OK) {
        *ret_target = target;
    }
    return status;
}

pgb_status pgb_world_foresee(const pgb_world *w, const char *identifier, pgb_error *err)
{
    pgb_ident ident;
    pgb_target target;
    bool up;
    pgb_status status = pgb_ident_parse(w, identifier, strlen(identifier), &ident, err);

    if (status != PGB_OK || pgb_ident_is_relative(&ident, &up) ||
        is_word(ident.atom, ident.atom_len, "current")) {
        return status;
    }
    return pgb_world_resolve(w, identifier, &target, err);
}
