#include "lint/overlap.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/map.h"
#include "rev/script.h"
#include "sql/parse.h"

/* One object as one branch's revision touches it. */
typedef struct touched {
    const char *object; /* also the sort key */
    uint32_t branch, node;
    pgb_verb verb;
} touched;

typedef struct finder {
    const pgb_revset *set;
    pgb_arena *arena;
    pgb_parser *parser;
    PGB_VEC(touched) all;
    PGB_VEC(const pgb_revision *) could_not_tell;
    PGB_VEC(pgb_overlap) found;
    pgb_error *err;
} finder;

const char *pgb_verb_name(pgb_verb verb)
{
    static const char *const names[] = {"uses", "makes", "alters", "drops"};

    return names[verb];
}

static pgb_status add_touch(finder *f, const pgb_touch *t, uint32_t branch, uint32_t node)
{
    /* unqualified and in schema public: by the usual search_path the same */
    const char *schema = t->schema != NULL && strcmp(t->schema, "public") != 0 ? t->schema : NULL;
    touched one = {.branch = branch, .node = node, .verb = t->verb};

    if (t->schema != NULL && strcmp(t->schema, "pg_catalog") == 0) {
        return PGB_OK;
    }
    one.object = pgb_arena_printf(f->arena, "%s %s%s%s%s%s",
                                  t->column != NULL ? "column" : pgb_object_kind_name(t->kind),
                                  schema != NULL ? schema : "", schema != NULL ? "." : "", t->name,
                                  t->column != NULL ? "." : "", t->column != NULL ? t->column : "");
    return one.object != NULL && pgb_vec_push(&f->all, one) ? PGB_OK : pgb_error_nomem(f->err);
}

static pgb_status read_revision(finder *f, uint32_t branch, uint32_t node)
{
    const pgb_revision *rev = &f->set->revs[node];
    pgb_objects objects = {0};
    pgb_script *script = NULL;
    pgb_status status = pgb_script_open(f->set, rev, PGB_SECTION_UP, 0, &script, f->err);

    while (status == PGB_OK) {
        pgb_item item = {0};
        pgb_facts facts;

        status = pgb_script_next(script, &item, f->err);
        if (status != PGB_OK || item.kind == PGB_ITEM_END) {
            break;
        }
        if (item.kind == PGB_ITEM_STATEMENT) {
            status =
                pgb_parse_facts(f->parser, item.text, item.len, f->arena, &facts, &objects, f->err);
        }
    }
    for (size_t i = 0; i < objects.list.n && status == PGB_OK; i++) {
        status = add_touch(f, &objects.list.at[i], branch, node);
    }
    if (status == PGB_OK && objects.could_not_tell && !pgb_vec_push(&f->could_not_tell, rev)) {
        status = pgb_error_nomem(f->err);
    }
    pgb_vec_done(&objects.list);
    pgb_script_close(script);
    return status;
}

static int by_object(const void *a, const void *b)
{
    const touched *x = a, *y = b;
    int by = strcmp(x->object, y->object);

    if (by == 0) {
        by = (x->branch > y->branch) - (x->branch < y->branch);
    }
    if (by == 0) {
        by = (int)y->verb - (int)x->verb; /* the strongest first */
    }
    return by != 0 ? by : (x->node > y->node) - (x->node < y->node);
}

/* A revision that several branches share meets the same one more than once. */
static bool is_known(const finder *f, const pgb_overlap *o, size_t begun)
{
    for (size_t i = begun; i < f->found.n; i++) {
        const pgb_overlap *x = &f->found.at[i];

        if ((x->one == o->one && x->other == o->other) ||
            (x->one == o->other && x->other == o->one)) {
            return true;
        }
    }
    return false;
}

/* What lies between two equal objects: of each branch its strongest touch, against the others'. */
static pgb_status compare(finder *f, const touched *group, size_t n)
{
    size_t begun = f->found.n;

    for (size_t i = 0; i < n; i++) {
        if (i > 0 && group[i].branch == group[i - 1].branch) {
            continue;
        }
        for (size_t k = i + 1; k < n; k++) {
            pgb_overlap o = {.object = group[i].object,
                             .one = &f->set->revs[group[i].node],
                             .other = &f->set->revs[group[k].node],
                             .one_verb = group[i].verb,
                             .other_verb = group[k].verb};

            if (group[k].branch == group[i].branch || group[k].branch == group[k - 1].branch ||
                (group[i].verb == PGB_VERB_USE && group[k].verb == PGB_VERB_USE) ||
                group[i].node == group[k].node || is_known(f, &o, begun)) {
                continue;
            }
            if (!pgb_vec_push(&f->found, o)) {
                return pgb_error_nomem(f->err);
            }
        }
    }
    return PGB_OK;
}

static pgb_status read_branches(finder *f, const uint32_t *heads, uint32_t n)
{
    uint32_t size = f->set->n;
    pgb_bits *sides = pgb_arena_array(f->arena, n, sizeof *sides);
    pgb_status status = PGB_OK;

    if (sides == NULL) {
        return pgb_error_nomem(f->err);
    }
    for (uint32_t i = 0; i < n && status == PGB_OK; i++) {
        if (!pgb_bits_init(&sides[i], f->arena, size)) {
            return pgb_error_nomem(f->err);
        }
        pgb_bits_set(&sides[i], heads[i]);
        status = pgb_graph_ancestors(f->set->graph, &sides[i], true, f->err);
    }
    for (uint32_t v = 0; v < size && status == PGB_OK; v++) {
        uint32_t in = 0;

        for (uint32_t i = 0; i < n; i++) {
            in += pgb_bits_get(&sides[i], v);
        }
        /* what all have is the trunk; what several have belongs to each of them */
        for (uint32_t i = 0; i < n && in < n && status == PGB_OK; i++) {
            if (pgb_bits_get(&sides[i], v)) {
                status = read_revision(f, i, v);
            }
        }
    }
    return status;
}

pgb_status pgb_overlaps_find(const pgb_revset *set, const uint32_t *heads, uint32_t n,
                             pgb_arena *arena, pgb_overlaps *ret_overlaps, pgb_error *err)
{
    finder f = {.set = set, .arena = arena, .err = err};
    pgb_status status = pgb_parser_new(&f.parser, err);

    memset(ret_overlaps, 0, sizeof *ret_overlaps);
    if (status == PGB_OK) {
        status = read_branches(&f, heads, n);
    }
    pgb_parser_free(f.parser);
    if (status == PGB_OK && f.all.n > 0) {
        qsort(f.all.at, f.all.n, sizeof f.all.at[0], by_object);
    }
    for (size_t i = 0; i < f.all.n && status == PGB_OK;) {
        size_t j = i + 1;

        while (j < f.all.n && strcmp(f.all.at[i].object, f.all.at[j].object) == 0) {
            j++;
        }
        status = compare(&f, &f.all.at[i], j - i);
        i = j;
    }
    if (status == PGB_OK) {
        ret_overlaps->at = pgb_arena_array(arena, f.found.n + 1, sizeof *ret_overlaps->at);
        ret_overlaps->could_not_tell =
            pgb_arena_array(arena, f.could_not_tell.n + 1, sizeof *ret_overlaps->could_not_tell);
        if (ret_overlaps->at == NULL || ret_overlaps->could_not_tell == NULL) {
            status = pgb_error_nomem(err);
        } else {
            for (size_t i = 0; i < f.found.n; i++) {
                ret_overlaps->at[ret_overlaps->n++] = f.found.at[i];
            }
            for (size_t i = 0; i < f.could_not_tell.n; i++) {
                ret_overlaps->could_not_tell[ret_overlaps->n_could_not_tell++] =
                    f.could_not_tell.at[i];
            }
        }
    }
    pgb_vec_done(&f.all);
    pgb_vec_done(&f.could_not_tell);
    pgb_vec_done(&f.found);
    return status;
}
