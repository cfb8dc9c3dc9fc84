/*
 * Worlds from a line of text, without files and server.
 *
 * Files, in file order: "a b<a c<a,b~x!lab,two d<c%n" is a; b with parent a; c with parents a and
 * b, dependency x and labels lab and two; d without a way back (%n: no down, %i: irreversible, %p:
 * its parent is implied). Rows, by seq: the same; where a row says nothing about parents,
 * dependencies and labels it has its file's; "x<a" without a file is a missing one (%t: its down
 * text is stored, %d: it had one that is not stored, %i: irreversible, %c: incomplete).
 */
#ifndef PGB_TESTS_WORLD_HELPER_H
#define PGB_TESTS_WORLD_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan/plan.h"

typedef struct test_world {
    pgb_arena *arena;
    pgb_revset set;
    pgb_applied_set rows;
    pgb_world *w;
    pgb_error err;
} test_world;

typedef struct test_names {
    const char **at;
    uint32_t n;
} test_names;

typedef struct test_token {
    const char *id;
    test_names parents, depends, labels;
    bool has_parents, has_depends, has_labels;
    const char *flags;
} test_token;

static inline test_names test_split(pgb_arena *arena, const char *text, size_t len)
{
    test_names names = {pgb_arena_array(arena, len + 1, sizeof(char *)), 0};
    size_t begin = 0;

    for (size_t i = 0; i <= len; i++) {
        if (i == len || text[i] == ',') {
            if (i > begin) {
                names.at[names.n++] = pgb_arena_strndup(arena, text + begin, i - begin);
            }
            begin = i + 1;
        }
    }
    return names;
}

/* The next token; text goes on behind it. */
static inline bool test_next(pgb_arena *arena, const char **text, test_token *token)
{
    size_t len;

    *text += strspn(*text, " \n");
    if (**text == '\0') {
        return false;
    }
    memset(token, 0, sizeof *token);
    token->flags = "";
    len = strcspn(*text, "<~!% \n");
    token->id = pgb_arena_strndup(arena, *text, len);
    *text += len;
    while (**text != '\0' && strchr("<~!%", **text) != NULL) {
        char kind = *(*text)++;

        len = strcspn(*text, "<~!% \n");
        switch (kind) {
        case '<':
            token->parents = test_split(arena, *text, len);
            token->has_parents = true;
            break;
        case '~':
            token->depends = test_split(arena, *text, len);
            token->has_depends = true;
            break;
        case '!':
            token->labels = test_split(arena, *text, len);
            token->has_labels = true;
            break;
        default:
            token->flags = pgb_arena_strndup(arena, *text, len);
            break;
        }
        *text += len;
    }
    return true;
}

static inline pgb_ref *test_refs(pgb_arena *arena, test_names names)
{
    pgb_ref *refs = pgb_arena_array(arena, names.n, sizeof *refs);

    for (uint32_t i = 0; i < names.n; i++) {
        refs[i] = (pgb_ref){names.at[i], 4, 18, PGB_NODE_NONE};
    }
    return refs;
}

static inline void test_add_files(test_world *t, const char *text)
{
    pgb_revision *revs = pgb_arena_array(t->arena, strlen(text) + 1, sizeof *revs);
    test_token token;

    while (test_next(t->arena, &text, &token)) {
        pgb_revision *rev = &revs[t->set.n++];

        *rev = (pgb_revision){
            .id = token.id,
            .title = pgb_arena_printf(t->arena, "title of %s", token.id),
            .file = pgb_arena_printf(t->arena, "migrations/%s.sql", token.id),
            .name = pgb_arena_printf(t->arena, "%s.sql", token.id),
            .parents = test_refs(t->arena, token.parents),
            .depends = test_refs(t->arena, token.depends),
            .labels = test_refs(t->arena, token.labels),
            .n_parents = token.parents.n,
            .n_depends = token.depends.n,
            .n_labels = token.labels.n,
            .id_line = 2,
            .id_column = 23,
            .implied_parent = strchr(token.flags, 'p') != NULL,
            .down_kind = strchr(token.flags, 'n') != NULL   ? PGB_DOWN_NONE
                         : strchr(token.flags, 'i') != NULL ? PGB_DOWN_IRREVERSIBLE
                                                            : PGB_DOWN_SQL,
            .irreversible_reason = strchr(token.flags, 'i') != NULL ? "data is merged" : NULL,
        };
    }
    t->set.revs = revs;
    t->set.arena = t->arena;
    t->set.layout = PGB_LAYOUT_NATIVE;
}

/* Refs as a loaded set has them; what is not there stays unresolved. */
static inline void test_link(test_world *t)
{
    for (uint32_t i = 0; i < t->set.n; i++) {
        const pgb_revision *rev = &t->set.revs[i];

        assert_true(pgb_map_add(&t->set.by_id, rev->id, strlen(rev->id), i, NULL, NULL));
        for (uint32_t k = 0; k < rev->n_labels; k++) {
            const char *label = rev->labels[k].text;

            assert_true(pgb_map_add(&t->set.by_label, label, strlen(label), i, NULL, NULL));
        }
    }
    for (uint32_t i = 0; i < t->set.n; i++) {
        const pgb_revision *rev = &t->set.revs[i];

        for (uint32_t k = 0; k < rev->n_parents + rev->n_depends; k++) {
            pgb_ref *ref =
                (pgb_ref *)(uintptr_t)(k < rev->n_parents ? &rev->parents[k]
                                                          : &rev->depends[k - rev->n_parents]);

            if (!pgb_map_get(&t->set.by_id, ref->text, strlen(ref->text), &ref->node)) {
                pgb_map_get(&t->set.by_label, ref->text, strlen(ref->text), &ref->node);
            }
        }
    }
}

static inline test_names test_texts(pgb_arena *arena, const pgb_ref *refs, uint32_t n)
{
    test_names names = {pgb_arena_array(arena, n, sizeof(char *)), n};

    for (uint32_t i = 0; i < n; i++) {
        names.at[i] = refs[i].text;
    }
    return names;
}

static inline void test_add_rows(test_world *t, const char *text)
{
    pgb_applied *rows = pgb_arena_array(t->arena, strlen(text) + 1, sizeof *rows);
    test_token token;

    while (test_next(t->arena, &text, &token)) {
        pgb_applied *row = &rows[t->rows.n++];
        uint32_t node;
        const pgb_revision *rev = NULL;

        if (pgb_map_get(&t->set.by_id, token.id, strlen(token.id), &node)) {
            rev = &t->set.revs[node];
        }
        if (rev != NULL && !token.has_parents) {
            token.parents = test_texts(t->arena, rev->parents, rev->n_parents);
        }
        if (rev != NULL && !token.has_depends) {
            token.depends = test_texts(t->arena, rev->depends, rev->n_depends);
        }
        if (rev != NULL && !token.has_labels) {
            token.labels = test_texts(t->arena, rev->labels, rev->n_labels);
        }
        *row = (pgb_applied){
            .id = token.id,
            .parents = token.parents.at,
            .depends = token.depends.at,
            .labels = token.labels.at,
            .n_parents = token.parents.n,
            .n_depends = token.depends.n,
            .n_labels = token.labels.n,
            .title = "as recorded",
            .file = pgb_arena_printf(t->arena, "migrations/%s.sql", token.id),
            .up_raw = "",
            .up_norm = "",
            .down_raw = "",
            .down_norm = "",
            .header_norm = "",
            .has_down = strpbrk(token.flags, "td") != NULL,
            .has_down_text = strchr(token.flags, 't') != NULL,
            .irreversible = strchr(token.flags, 'i') != NULL ? "data is merged" : NULL,
            .incomplete = strchr(token.flags, 'c') != NULL,
            .seq = t->rows.n,
        };
    }
    t->rows.rows = rows;
    t->rows.exists = true;
    t->rows.version = PGB_HISTORY_VERSION;
}

/* rows NULL: no database known. The status of pgb_world_build. */
static inline pgb_status test_world_try(test_world *t, const char *files, const char *rows)
{
    memset(t, 0, sizeof *t);
    t->arena = pgb_arena_new();
    test_add_files(t, files);
    test_link(t);
    if (rows != NULL) {
        test_add_rows(t, rows);
    }
    return pgb_world_build(&t->set, rows != NULL ? &t->rows : NULL, NULL, &t->w, &t->err);
}

static inline void test_world_open(test_world *t, const char *files, const char *rows)
{
    if (test_world_try(t, files, rows) != PGB_OK) {
        fail_msg("%s: %s", files, t->err.message);
    }
}

static inline void test_world_close(test_world *t)
{
    pgb_world_free(t->w);
    pgb_map_done(&t->set.by_id);
    pgb_map_done(&t->set.by_label);
    pgb_arena_free(t->arena);
}

/* "a b c" of nodes; the text is overwritten by the eighth next call. */
static inline const char *test_ids(const pgb_world *w, const uint32_t *at, uint32_t n)
{
    static char text[8][1024];
    static unsigned turn;
    char *out = text[turn++ % 8];
    size_t len = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < n && len < 1000; i++) {
        len +=
            (size_t)snprintf(out + len, 1024 - len, "%s%s", i > 0 ? " " : "", w->nodes[at[i]].id);
    }
    return out;
}

/* "+a +b", "-c", "=stamped", "!unstamped" */
static inline const char *test_steps(const pgb_world *w, const pgb_plan *plan)
{
    static char text[8][1024];
    static unsigned turn;
    char *out = text[turn++ % 8];
    size_t len = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < plan->n && len < 1000; i++) {
        len += (size_t)snprintf(out + len, 1024 - len, "%s%c%s", i > 0 ? " " : "",
                                "+-=!"[plan->steps[i].action], w -> nodes[plan->steps[i].node].id);
    }
    return out;
}

/* The graphs of the reference, named as there; ids in file order. */
#define GRAPH_LINEAR "a b<a c<b d<c e<d"
#define GRAPH_FORK "a b<a c1<b!c1branch c2<b!c2branch d1<c1 d2<c2"
#define GRAPH_DIAMOND "aaaa bb11<aaaa!left bb22<aaaa!right mmmm<bb11,bb22"
#define GRAPH_DEPENDS "a111!one a222!two b111<a111 b222<a222~b111 c222<b222"
#define GRAPH_THERAPY                                                                              \
    "42ef48f739a4<808b6192c57c 4da5acd78939<f6g7h8i9j0k1 7cce0565853d 808b6192c57c<7cce0565853d "  \
    "b2c3d4e5f6g7<42ef48f739a4 c3d4e5f6g7h8<b2c3d4e5f6g7 d4e5f6g7h8i9<c3d4e5f6g7h8!timeline "      \
    "d5e6f7g8h9i0<d4e5f6g7h8i9 e4f5g6h7i8j9<c3d4e5f6g7h8!export e5f6g7h8i9j0<d5e6f7g8h9i0 "        \
    "f6g7h8i9j0k1<e5f6g7h8i9j0 g7h8i9j0k1l2<f6g7h8i9j0k1!security"
#define ROWS_THERAPY                                                                               \
    "7cce0565853d 808b6192c57c 42ef48f739a4 b2c3d4e5f6g7 c3d4e5f6g7h8 d4e5f6g7h8i9 d5e6f7g8h9i0 "  \
    "e5f6g7h8i9j0 f6g7h8i9j0k1 4da5acd78939 g7h8i9j0k1l2 e4f5g6h7i8j9"

#endif
