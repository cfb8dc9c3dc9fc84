#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "rev/internal.h"

typedef struct child_link {
    uint32_t child, line, next;
} child_link;

typedef struct resolver {
    rev_loader *l;
    pgb_revset *set;
    pgb_revision *revs;
    uint32_t *sorted; /* nodes by id, made when a name is first looked for by its beginning */
    /* who names an id as parent: made when an id is found twice; by_parent gives a place in heads,
     * that the first link of a chain */
    pgb_map by_parent;
    uint32_t *heads;
    child_link *links;
    bool broken;
} resolver;

static rev_place place_ref(const pgb_revision *rev, const pgb_ref *ref)
{
    return (rev_place){.file = rev->file,
                       .name = rev->name,
                       .line = ref->line,
                       .column = ref->column,
                       .id = rev->id};
}

/* --- ids and labels ----------------------------------------------------------------------------
 */

const char *rev_free_id(pgb_arena *arena, const pgb_revset *set, const char *id, uint32_t nth)
{
    size_t len = strlen(id);
    char *next = pgb_arena_alloc(arena, len + 12);
    uint32_t found = 0;

    if (next == NULL) {
        return NULL;
    }
    memcpy(next, id, len + 1);
    for (uint32_t round = 0;; round++) {
        size_t at = len;

        for (char *c = next; c < next + len; c++) {
            if (*c >= 'a' && *c <= 'z') {
                *c = (char)(*c == 'z' ? 'a' : *c + 1);
            } else if (*c >= 'A' && *c <= 'Z') {
                *c = (char)(*c == 'Z' ? 'A' : *c + 1);
            }
        }
        /* without letters, or when they have come round */
        if (round >= 25 || strcmp(next, id) == 0) {
            at += (size_t)snprintf(next + len, 12, "_%u", round + 2);
        }
        next[at] = '\0';
        if (!pgb_map_get(&set->by_id, next, at, NULL) &&
            !pgb_map_get(&set->by_label, next, at, NULL) && found++ == nth) {
            return next;
        }
        next[len] = '\0';
    }
}

/* Chains of who names what as parent, in file order. */
static bool index_parents(resolver *r)
{
    size_t total = 0;
    uint32_t used = 0, heads = 0;

    for (uint32_t i = 0; i < r->set->n; i++) {
        total += r->revs[i].n_parents;
    }
    r->heads = malloc((total + 1) * sizeof *r->heads);
    r->links = malloc((total + 1) * sizeof *r->links);
    if (r->heads == NULL || r->links == NULL) {
        return false;
    }
    for (uint32_t i = r->set->n; i-- > 0;) {
        for (uint32_t k = r->revs[i].n_parents; k-- > 0;) {
            const pgb_ref *ref = &r->revs[i].parents[k];
            uint32_t head = heads;
            bool added = false;

            if (!pgb_map_add(&r->by_parent, ref->text, strlen(ref->text), heads, &added, &head)) {
                return false;
            }
            r->links[used] = (child_link){i, ref->line, added ? PGB_NODE_NONE : r->heads[head]};
            r->heads[head] = used++;
            heads += added;
        }
    }
    return true;
}

static void tell_children(resolver *r, const char *id, char *buf, size_t size)
{
    uint32_t head = 0, shown = 0;
    size_t used;

    if (!pgb_map_get(&r->by_parent, id, strlen(id), &head)) {
        snprintf(buf, size, "No revision names %s as its parent.", id);
        return;
    }
    used = (size_t)snprintf(buf, size, "%s is the parent of", id);
    for (uint32_t at = r->heads[head]; at != PGB_NODE_NONE && used < size; at = r->links[at].next) {
        if (shown++ == 10) {
            snprintf(buf + used, size - used, " and others.");
            return;
        }
        used += (size_t)snprintf(buf + used, size - used, "%s %s:%u", shown > 1 ? "," : "",
                                 r->revs[r->links[at].child].file, r->links[at].line);
    }
    if (used < size) {
        snprintf(buf + used, size - used, ".");
    }
}

/* nth: of the files with this id, how many were told to change it before this one */
static pgb_status duplicate_id(resolver *r, uint32_t first, uint32_t second, uint32_t nth)
{
    const pgb_revision *a = &r->revs[first], *b = &r->revs[second];
    rev_place at = {a->file, a->name, a->id_line, a->id_column, a->id};
    char detail[1500], fix[1200];
    const char *id;

    r->broken = true;
    if (r->links == NULL && !index_parents(r)) {
        return pgb_error_nomem(r->l->err);
    }
    id = rev_free_id(r->l->arena, r->set, a->id, nth);
    if (id == NULL) {
        return pgb_error_nomem(r->l->err);
    }
    tell_children(r, a->id, detail, sizeof detail);
    snprintf(fix, sizeof fix, "pgbraid rename %s %s", a->file, id);
    return rev_problem(r->l, &at, "duplicate-id", PGB_ERROR, detail, fix,
                       "two files claim revision %s: %s:%u and %s:%u", a->id, a->file, a->id_line,
                       b->file, b->id_line);
}

/* Of several files with one id, all but the last are told to take another. */
static pgb_status tell_duplicates(resolver *r)
{
    pgb_map last = PGB_MAP_INIT;
    uint32_t *told = calloc((size_t)r->set->n + 1, sizeof *told);
    pgb_status status = told != NULL ? PGB_OK : pgb_error_nomem(r->l->err);

    for (uint32_t i = r->set->n; i-- > 0 && status == PGB_OK;) {
        if (!pgb_map_add(&last, r->revs[i].id, strlen(r->revs[i].id), i, NULL, NULL)) {
            status = pgb_error_nomem(r->l->err);
        }
    }
    for (uint32_t i = 0; i < r->set->n && status == PGB_OK; i++) {
        uint32_t other = i;

        pgb_map_get(&last, r->revs[i].id, strlen(r->revs[i].id), &other);
        if (other != i) {
            status = duplicate_id(r, i, other, told[other]++);
        }
    }
    pgb_map_done(&last);
    free(told);
    return status;
}

static pgb_status collect_ids(resolver *r)
{
    if (!pgb_map_reserve(&r->set->by_id, r->set->n)) {
        return pgb_error_nomem(r->l->err);
    }
    for (uint32_t i = 0; i < r->set->n; i++) {
        const char *id = r->revs[i].id;
        bool added = true;

        if (!pgb_map_add(&r->set->by_id, id, strlen(id), i, &added, NULL)) {
            return pgb_error_nomem(r->l->err);
        }
        r->broken = r->broken || !added;
    }
    /* two equal numbers were found as such before, with names that fit the numbered layout */
    return r->broken && r->set->layout == PGB_LAYOUT_NATIVE ? tell_duplicates(r) : PGB_OK;
}

static pgb_status collect_labels(resolver *r)
{
    for (uint32_t i = 0; i < r->set->n; i++) {
        pgb_revision *rev = &r->revs[i];
        pgb_ref *labels = NULL;

        if (rev->n_labels > 0) {
            labels = pgb_arena_array(r->l->arena, rev->n_labels, sizeof *labels);
            if (labels == NULL) {
                return pgb_error_nomem(r->l->err);
            }
            memcpy(labels, rev->labels, rev->n_labels * sizeof *labels);
            rev->labels = labels;
        }
        for (uint32_t k = 0; k < rev->n_labels; k++) {
            const char *text = labels[k].text;
            rev_place at = place_ref(rev, &labels[k]);
            uint32_t other = PGB_NODE_NONE;
            bool added = false;
            pgb_status status = PGB_OK;

            labels[k].node = i;
            if (pgb_map_get(&r->set->by_id, text, strlen(text), &other)) {
                status = rev_problem(
                    r->l, &at, "label-clash", PGB_ERROR, NULL, "Choose another label.",
                    "label %s is the id of a revision too: %s", text, r->revs[other].file);
            } else if (!pgb_map_add(&r->set->by_label, text, strlen(text), i, &added, &other)) {
                return pgb_error_nomem(r->l->err);
            } else if (!added) {
                status = rev_problem(r->l, &at, "label-clash", PGB_ERROR,
                                     "A label stands on one revision; those after it have it too.",
                                     "Remove one of the two, or choose another label.",
                                     "label %s stands in two places: %s and %s", text,
                                     r->revs[other].file, rev->file);
            }
            if (status != PGB_OK) {
                return status;
            }
        }
    }
    return PGB_OK;
}

/* --- names --------------------------------------------------------------------------------------
 */

static int by_id(const void *a, const void *b, void *arg)
{
    const pgb_revision *revs = arg;

    return strcmp(revs[*(const uint32_t *)a].id, revs[*(const uint32_t *)b].id);
}

/* The nodes whose id begins with text: *ret_first in r->sorted, and how many. */
static pgb_status by_beginning(resolver *r, const char *text, uint32_t *ret_first, uint32_t *ret_n)
{
    size_t len = strlen(text);
    uint32_t lo = 0, hi = r->set->n, n = 0;

    if (r->sorted == NULL) {
        r->sorted = malloc(((size_t)r->set->n + 1) * sizeof *r->sorted);
        if (r->sorted == NULL) {
            return pgb_error_nomem(r->l->err);
        }
        for (uint32_t i = 0; i < r->set->n; i++) {
            r->sorted[i] = i;
        }
        qsort_r(r->sorted, r->set->n, sizeof *r->sorted, by_id, r->revs);
    }
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (strcmp(r->revs[r->sorted[mid]].id, text) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    while (lo + n < r->set->n && strncmp(r->revs[r->sorted[lo + n]].id, text, len) == 0) {
        n++;
    }
    *ret_first = lo;
    *ret_n = n;
    return PGB_OK;
}

/* "Did you mean": an id that begins so, or else the nearest. Looking at all is linear, so it is
 * left out in projects where that would be felt. */
static pgb_status nearest_id(resolver *r, const pgb_revision *self, const char *text, char *buf,
                             size_t size)
{
    uint32_t first, n, best_node = PGB_NODE_NONE;
    unsigned best = 3;
    pgb_status status = by_beginning(r, text, &first, &n);

    buf[0] = '\0';
    if (status != PGB_OK) {
        return status;
    }
    if (n > 0) {
        best_node = r->sorted[first];
    }
    for (uint32_t i = 0; n == 0 && i < r->set->n && r->set->n <= 5000; i++) {
        unsigned d = &r->revs[i] != self ? pgb_text_distance(text, r->revs[i].id) : best;

        if (d < best && d < strlen(text)) {
            best = d;
            best_node = i;
        }
    }
    if (best_node != PGB_NODE_NONE) {
        snprintf(buf, size, "Did you mean %s (%s)?", r->revs[best_node].id,
                 r->revs[best_node].file);
    }
    return PGB_OK;
}

static pgb_status resolve_parents(resolver *r, uint32_t node)
{
    pgb_revision *rev = &r->revs[node];
    pgb_ref *parents = NULL;

    if (rev->n_parents == 0 || rev->implied_parent) {
        return PGB_OK;
    }
    parents = pgb_arena_array(r->l->arena, rev->n_parents, sizeof *parents);
    if (parents == NULL) {
        return pgb_error_nomem(r->l->err);
    }
    memcpy(parents, rev->parents, rev->n_parents * sizeof *parents);
    rev->parents = parents;
    for (uint32_t k = 0; k < rev->n_parents; k++) {
        pgb_ref *ref = &parents[k];
        rev_place at = place_ref(rev, ref);
        pgb_status status = PGB_OK;
        char near[1200];

        if (!pgb_map_get(&r->set->by_id, ref->text, strlen(ref->text), &ref->node)) {
            status = nearest_id(r, rev, ref->text, near, sizeof near);
            if (status == PGB_OK) {
                status = rev_problem(r->l, &at, "missing-parent", PGB_ERROR, NULL,
                                     near[0] != '\0' ? near
                                                     : "Bring its file back (another branch may "
                                                       "have it), or name another parent.",
                                     "parent %s of revision %s has no file", ref->text, rev->id);
            }
        } else if (ref->node == node) {
            r->broken = true;
            status = rev_problem(r->l, &at, "cycle", PGB_ERROR, NULL,
                                 "Name the revision that it comes after, or remove the line.",
                                 "revision %s names itself as its parent", rev->id);
        }
        for (uint32_t j = 0; j < k && status == PGB_OK; j++) {
            if (ref->node != PGB_NODE_NONE && parents[j].node == ref->node) {
                status =
                    rev_problem(r->l, &at, "duplicate-parent", PGB_WARNING, NULL,
                                "Remove one of the two.", "parent %s is named twice", ref->text);
                break;
            }
        }
        if (status != PGB_OK) {
            return status;
        }
    }
    return PGB_OK;
}

static pgb_status resolve_depend(resolver *r, uint32_t node, const pgb_revision *rev, pgb_ref *ref)
{
    rev_place at = place_ref(rev, ref);
    size_t len = strlen(ref->text);
    char near[1200];
    uint32_t first, n;
    pgb_status status;

    if (!pgb_map_get(&r->set->by_id, ref->text, len, &ref->node) &&
        !pgb_map_get(&r->set->by_label, ref->text, len, &ref->node)) {
        status = by_beginning(r, ref->text, &first, &n);
        if (status != PGB_OK) {
            return status;
        }
        if (n == 1) {
            ref->node = r->sorted[first];
        } else if (n > 1) {
            const pgb_revision *a = &r->revs[r->sorted[first]];
            const pgb_revision *b = &r->revs[r->sorted[first + 1]];

            snprintf(near, sizeof near, "It fits %s, %s%s: write the whole id.", a->id, b->id,
                     n > 2 ? " and others" : "");
            return rev_problem(r->l, &at, "missing-depends", PGB_ERROR, NULL, near,
                               "%s, on which revision %s depends, is ambiguous", ref->text,
                               rev->id);
        } else {
            status = nearest_id(r, rev, ref->text, near, sizeof near);
            if (status != PGB_OK) {
                return status;
            }
            return rev_problem(
                r->l, &at, "missing-depends", PGB_ERROR, NULL,
                near[0] != '\0' ? near : "Bring its file back, or name another revision.",
                "%s, on which revision %s depends, is neither a revision nor a label", ref->text,
                rev->id);
        }
    }
    if (ref->node == node) {
        r->broken = true;
        return rev_problem(r->l, &at, "cycle", PGB_ERROR, NULL, "Remove the name.",
                           "revision %s depends on itself", rev->id);
    }
    return PGB_OK;
}

static pgb_status resolve_depends(resolver *r, uint32_t node)
{
    pgb_revision *rev = &r->revs[node];
    pgb_ref *depends;

    if (rev->n_depends == 0) {
        return PGB_OK;
    }
    depends = pgb_arena_array(r->l->arena, rev->n_depends, sizeof *depends);
    if (depends == NULL) {
        return pgb_error_nomem(r->l->err);
    }
    memcpy(depends, rev->depends, rev->n_depends * sizeof *depends);
    rev->depends = depends;
    for (uint32_t k = 0; k < rev->n_depends; k++) {
        pgb_status status = resolve_depend(r, node, rev, &depends[k]);

        if (status != PGB_OK) {
            return status;
        }
    }
    return PGB_OK;
}

/* --- graph ---------------------------------------------------------------------------------------
 */

static const pgb_ref *ref_to(const pgb_revision *rev, uint32_t node, bool *ret_parent)
{
    for (uint32_t k = 0; k < rev->n_parents; k++) {
        if (rev->parents[k].node == node) {
            *ret_parent = true;
            return &rev->parents[k];
        }
    }
    for (uint32_t k = 0; k < rev->n_depends; k++) {
        if (rev->depends[k].node == node) {
            *ret_parent = false;
            return &rev->depends[k];
        }
    }
    return NULL;
}

static pgb_status tell_cycle(resolver *r, const uint32_t *nodes, uint32_t n)
{
    PGB_AUTO_BUF(chain);
    PGB_AUTO_BUF(detail);
    rev_place at = {
        .file = r->revs[nodes[0]].file, .name = r->revs[nodes[0]].name, .id = r->revs[nodes[0]].id};
    pgb_status status;

    for (uint32_t i = 0; i < n; i++) {
        const pgb_revision *rev = &r->revs[nodes[i]], *to = &r->revs[nodes[(i + 1) % n]];
        bool parent = false;
        const pgb_ref *ref = ref_to(rev, nodes[(i + 1) % n], &parent);

        if (n > 20 && i == 10) {
            pgb_buf_printf(&chain, " -> … (%u more)", n - 20);
            i = n - 11;
            continue;
        }
        pgb_buf_printf(&chain, "%s%s", i > 0 ? " -> " : "", rev->id);
        if (ref != NULL) {
            pgb_buf_printf(&detail, "%s%s:%u: %s %s %s", i > 0 ? "\n" : "", rev->file, ref->line,
                           rev->id, parent ? "has parent" : "depends on", to->id);
            if (at.line == 0) {
                at.line = ref->line;
                at.column = ref->column;
            }
        }
    }
    pgb_buf_printf(&chain, " -> %s", r->revs[nodes[0]].id);
    if (chain.failed || detail.failed) {
        return pgb_error_nomem(r->l->err);
    }
    status = rev_problem(r->l, &at, "cycle", PGB_ERROR, pgb_buf_str(&detail),
                         "Change or remove one of these parent or depends lines.",
                         "the revisions go in a circle: %s", pgb_buf_str(&chain));
    return status;
}

static pgb_status build_graph(resolver *r)
{
    PGB_VEC(pgb_edge) edges = {0};
    PGB_AUTO_ARENA(scratch);
    pgb_graph *graph = NULL;
    uint32_t *cycle = NULL, n = 0;
    pgb_status status = PGB_OK;

    if (scratch == NULL || !pgb_vec_reserve(&edges, (size_t)r->set->n + r->set->n / 8 + 16)) {
        return pgb_error_nomem(r->l->err);
    }
    for (uint32_t i = 0; i < r->set->n && status == PGB_OK; i++) {
        const pgb_revision *rev = &r->revs[i];

        for (uint32_t k = 0; k < rev->n_parents + rev->n_depends; k++) {
            bool parent = k < rev->n_parents;
            uint32_t to = parent ? rev->parents[k].node : rev->depends[k - rev->n_parents].node;
            pgb_edge edge = {i, to, parent ? PGB_EDGE_PARENT : PGB_EDGE_DEPEND};

            if (to != PGB_NODE_NONE && !pgb_vec_push(&edges, edge)) {
                status = pgb_error_nomem(r->l->err);
                break;
            }
        }
    }
    if (status == PGB_OK) {
        status = pgb_graph_build(r->l->arena, r->set->n, edges.at, edges.n, &graph, r->l->err);
    }
    pgb_vec_done(&edges);
    if (status == PGB_OK) {
        status = pgb_graph_cycle(graph, scratch, &cycle, &n, r->l->err);
    }
    if (status == PGB_OK && n > 0) {
        return tell_cycle(r, cycle, n);
    }
    if (status == PGB_OK) {
        r->set->graph = graph;
    }
    return status;
}

pgb_status rev_resolve(rev_loader *l, pgb_revset *set, pgb_revision *revs)
{
    resolver r = {.l = l, .set = set, .revs = revs};
    pgb_status status = collect_ids(&r);

    if (status == PGB_OK) {
        status = collect_labels(&r);
    }
    for (uint32_t i = 0; i < set->n && status == PGB_OK; i++) {
        status = resolve_parents(&r, i);
    }
    for (uint32_t i = 0; i < set->n && status == PGB_OK; i++) {
        status = resolve_depends(&r, i);
    }
    if (status == PGB_OK && !r.broken && !l->incomplete) {
        status = build_graph(&r);
    }
    free(r.sorted);
    free(r.heads);
    free(r.links);
    pgb_map_done(&r.by_parent);
    return status;
}
