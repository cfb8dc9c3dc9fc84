/*
 * Plans on all small graphs and on thousands of random larger ones, against sets computed by bit
 * masks: complete, minimal, in the order that graph.h defines, the same however the input is
 * turned, and back again.
 *
 * All labelled DAGs of up to 5 nodes with parents, and of up to 4 with parents and dependencies;
 * with all down-closed applied sets. All targets for up to 3 nodes, and for graphs of 4 and 5 with
 * parents whose numbers rise; for the other labellings, which differ in ties alone, target and kind
 * of plan go round. PGB_TEST_FULL=1 takes all for all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan/plan.h"

enum { MAX_NODES = 32 };

/* Millions of small plans: what AddressSanitizer remembers of each allocation's past is most of the
 * time. The tests with few plans keep it. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "malloc_context_size=0:quarantine_size_mb=0:thread_local_quarantine_size_kb=0";
}

typedef struct model {
    uint32_t n;
    uint32_t parents[MAX_NODES], depends[MAX_NODES]; /* bit masks */
    uint32_t children[MAX_NODES], dependents[MAX_NODES];
    uint32_t needs[MAX_NODES]; /* ancestors and itself, over both */
    uint32_t above[MAX_NODES]; /* descendants and itself, by parents */
    uint32_t below[MAX_NODES]; /* ancestors and itself, by parents */
    bool turned;               /* give references and rows in the opposite order */
    char ids[MAX_NODES][4];
    pgb_ref refs[MAX_NODES][2][MAX_NODES];
    pgb_revision revs[MAX_NODES];
    pgb_applied rows[MAX_NODES];
    pgb_revset set;
    pgb_applied_set applied_set;
    pgb_world *w;
} model;

static uint64_t n_plans;

static uint32_t bit(uint32_t v)
{
    return (uint32_t)1 << v;
}

static bool in(uint32_t set, uint32_t v)
{
    return (set >> v & 1) != 0;
}

static uint32_t close_over(const model *m, const uint32_t *a, const uint32_t *b, uint32_t set)
{
    for (uint32_t old = ~set; old != set;) {
        old = set;
        for (uint32_t v = 0; v < m->n; v++) {
            set |= in(set, v) ? a[v] | (b != NULL ? b[v] : 0) : 0;
        }
    }
    return set;
}

static bool is_acyclic(const model *m)
{
    uint32_t left = bit(m->n) - 1;

    for (uint32_t old = 0; old != left;) {
        old = left;
        for (uint32_t v = 0; v < m->n; v++) {
            left &= ((m->parents[v] | m->depends[v]) & left) == 0 ? ~bit(v) : UINT32_MAX;
        }
    }
    return left == 0;
}

/* Masks from parents and depends; false: there is a cycle. */
static bool complete(model *m)
{
    if (!is_acyclic(m)) {
        return false;
    }
    memset(m->children, 0, sizeof m->children);
    memset(m->dependents, 0, sizeof m->dependents);
    for (uint32_t v = 0; v < m->n; v++) {
        for (uint32_t u = 0; u < m->n; u++) {
            m->children[u] |= in(m->parents[v], u) ? bit(v) : 0;
            m->dependents[u] |= in(m->depends[v], u) ? bit(v) : 0;
        }
    }
    for (uint32_t v = 0; v < m->n; v++) {
        m->needs[v] = close_over(m, m->parents, m->depends, bit(v));
        m->below[v] = close_over(m, m->parents, NULL, bit(v));
        m->above[v] = close_over(m, m->children, NULL, bit(v));
    }
    return true;
}

static uint32_t add_refs(model *m, uint32_t v, int kind, uint32_t set)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < m->n; i++) {
        uint32_t u = m->turned ? m->n - 1 - i : i;

        if (in(set, u)) {
            m->refs[v][kind][n++] = (pgb_ref){.text = m->ids[u], .node = u};
        }
    }
    return n;
}

static void open_world(model *m)
{
    static pgb_error err; /* clearing one for each plan would be half of the time */

    for (uint32_t v = 0; v < m->n; v++) {
        snprintf(m->ids[v], sizeof m->ids[v], "r%02u", v % 100);
        m->revs[v] = (pgb_revision){
            .id = m->ids[v],
            .title = "",
            .file = m->ids[v],
            .parents = m->refs[v][0],
            .depends = m->refs[v][1],
            .n_parents = add_refs(m, v, 0, m->parents[v]),
            .n_depends = add_refs(m, v, 1, m->depends[v]),
            .down_kind = PGB_DOWN_SQL,
        };
        m->rows[v] = (pgb_applied){.id = m->ids[v], .title = "", .file = ""};
    }
    m->set = (pgb_revset){.revs = m->revs, .n = m->n, .layout = PGB_LAYOUT_NATIVE};
    m->applied_set = (pgb_applied_set){.exists = true};
    if (pgb_world_build(&m->set, &m->applied_set, NULL, &m->w, &err) != PGB_OK) {
        fail_msg("%s", err.message);
    }
}

/* The applied set of a world that stands; only what late and hashes say is not brought after. */
static void apply(model *m, uint32_t applied)
{
    for (uint32_t v = 0; v < m->n; v++) {
        m->w->nodes[v].applied = in(applied, v) ? &m->rows[v] : NULL;
    }
    m->w->applied.w[0] = applied;
}

/* The plan's nodes as a mask, each once and with the action. */
static uint32_t nodes_of(const model *m, const pgb_plan *plan, pgb_action action)
{
    uint32_t set = 0;

    for (uint32_t i = 0; i < plan->n; i++) {
        assert_true(plan->steps[i].node < m->n && !in(set, plan->steps[i].node));
        assert_int_equal(plan->steps[i].action, action);
        set |= bit(plan->steps[i].node);
    }
    return set;
}

/* The order of graph.h, oldest first, said another way: what comes next was made ready last; by the
 * same node, a child before a dependent; then the lower number. */
static void check_order(const model *m, const pgb_plan *plan, bool reverse, uint32_t done)
{
    uint32_t set = 0;
    int made_at[MAX_NODES];
    bool as_child[MAX_NODES];

    for (uint32_t i = 0; i < plan->n; i++) {
        set |= bit(plan->steps[i].node);
    }
    for (uint32_t v = 0; v < m->n; v++) {
        made_at[v] = in(set, v) && ((m->parents[v] | m->depends[v]) & set) == 0 ? 0 : -1;
        as_child[v] = false;
    }
    for (uint32_t i = 0; i < plan->n; i++) {
        uint32_t v = plan->steps[reverse ? plan->n - 1 - i : i].node;
        uint32_t needs = (m->parents[v] | m->depends[v]) & ~bit(v);

        assert_true((needs & set & ~done) == 0);
        assert_true(made_at[v] >= 0);
        for (uint32_t u = 0; u < m->n; u++) {
            if (u != v && in(set, u) && !in(done, u) && made_at[u] >= 0) {
                bool later = made_at[v] > made_at[u];
                bool same = made_at[v] == made_at[u];

                assert_true(later || (same && as_child[v] && !as_child[u]) ||
                            (same && as_child[v] == as_child[u] && v < u));
            }
        }
        done |= bit(v);
        for (uint32_t u = 0; u < m->n; u++) {
            if (in(set, u) && !in(done, u) && made_at[u] < 0 &&
                ((m->parents[u] | m->depends[u]) & set & ~done) == 0) {
                made_at[u] = (int)i + 1;
                as_child[u] = in(m->children[v], u);
            }
        }
    }
}

static uint32_t upgrade(model *m, uint32_t applied, const char *const *targets, uint32_t n,
                        uint32_t expected)
{
    static pgb_error err;
    pgb_plan plan;

    n_plans++;
    if (pgb_plan_upgrade(m->w, targets, n, &plan, &err) != PGB_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(nodes_of(m, &plan, PGB_UPGRADE), expected);
    check_order(m, &plan, false, applied);
    return applied | expected;
}

static uint32_t downgrade(model *m, uint32_t applied, const char *target, uint32_t expected)
{
    static pgb_error err;
    pgb_plan plan;
    const char *before[MAX_NODES];
    uint32_t n = 0;

    n_plans++;
    if (pgb_plan_downgrade(m->w, target, &plan, &err) != PGB_OK) {
        fail_msg("%s: %s", target, err.message);
    }
    assert_int_equal(nodes_of(m, &plan, PGB_DOWNGRADE), expected);
    check_order(m, &plan, true, applied & ~expected);
    if (expected == 0) {
        return applied;
    }
    /* nothing is left whose needs are gone, unless they were not there before */
    for (uint32_t v = 0; v < m->n; v++) {
        if (in(applied & ~expected, v)) {
            assert_int_equal(m->needs[v] & expected, 0);
        }
        if (in(applied, v) && (m->children[v] & applied) == 0) {
            before[n++] = m->ids[v];
        }
    }
    /* and an upgrade to what was current brings it all back */
    apply(m, applied & ~expected);
    for (uint32_t v = 0, all = 0; v < m->n; v++) {
        all |= in(applied, v) && (m->children[v] & applied) == 0 ? m->needs[v] : 0;
        if (v + 1 == m->n) {
            assert_int_equal(
                upgrade(m, applied & ~expected, before, n, all & ~(applied & ~expected)) & applied,
                applied);
        }
    }
    apply(m, applied);
    return applied & ~expected;
}

static uint32_t hangs_on(const model *m, uint32_t set)
{
    return close_over(m, m->children, m->dependents, set);
}

static void refused(model *m, const char *target)
{
    static pgb_error err;
    pgb_plan plan;

    assert_int_equal(pgb_plan_downgrade(m->w, target, &plan, &err), PGB_REFUSED);
    pgb_error_clear(&err);
}

enum { UP = 1, DOWN = 2, BEFORE = 4, ALL = 7 };

/* One target: a node, or n for heads and base; and which plans to it. */
static void check_target(model *m, uint32_t applied, uint32_t v, int which)
{
    uint32_t all = bit(m->n) - 1, heads = 0;
    const char *target = m->ids[v < m->n ? v : 0];
    char before[8];

    if (v == m->n) {
        for (uint32_t u = 0; u < m->n; u++) {
            heads |= m->children[u] == 0 ? m->needs[u] : 0;
        }
        assert_int_equal(heads, all);
        upgrade(m, applied, NULL, 0, all & ~applied);
        downgrade(m, applied, "base", applied);
        return;
    }
    snprintf(before, sizeof before, "r%02u^", v % 100);
    if ((which & UP) != 0) {
        upgrade(m, applied, &target, 1, m->needs[v] & ~applied);
    }
    if (!in(applied, v)) {
        refused(m, target);
        return;
    }
    if ((which & DOWN) != 0) {
        downgrade(m, applied, target, hangs_on(m, m->children[v]) & applied);
    }
    if ((which & BEFORE) != 0) {
        downgrade(m, applied, before, hangs_on(m, bit(v)) & applied);
    }
}

static void check_targets(model *m, uint32_t applied)
{
    apply(m, applied);
    for (uint32_t v = 0; v <= m->n; v++) {
        check_target(m, applied, v, ALL);
    }
}

/* Within a branch: what must go, what may, and what must not. */
static void check_branch(model *m, uint32_t applied, uint32_t label)
{
    uint32_t lineage = m->below[label] | m->above[label];

    for (uint32_t t = 0; t <= m->n; t++) {
        static pgb_error err;
        pgb_plan plan;
        char target[16];
        uint32_t above = t < m->n ? m->above[t] & ~bit(t) : bit(m->n) - 1, gone;

        if (t < m->n && !(in(lineage, t) && in(applied, t))) {
            continue;
        }
        snprintf(target, sizeof target, "r%02u@%s", label % 100, t < m->n ? m->ids[t] : "base");
        n_plans++;
        assert_int_equal(pgb_plan_downgrade(m->w, target, &plan, &err), PGB_OK);
        gone = nodes_of(m, &plan, PGB_DOWNGRADE);
        check_order(m, &plan, true, applied & ~gone);
        assert_int_equal(gone & ~applied, 0);
        assert_int_equal(hangs_on(m, gone) & applied & ~gone, 0);
        /* all of the branch above the target */
        assert_int_equal(m->above[label] & above & applied & ~gone, 0);
        /* nothing but it and what hangs on it */
        assert_int_equal(gone & ~hangs_on(m, gone & lineage & above), 0);
        for (uint32_t v = 0; v < m->n; v++) {
            uint32_t children = m->children[v] & applied;

            /* what the label stands on goes exactly when no other branch stands on it */
            if (in(m->below[label] & above & applied, v) && v != label) {
                assert_int_equal(in(gone, v), (children & ~gone) == 0);
            }
        }
    }
}

static void check_branches(model *m, uint32_t applied)
{
    apply(m, applied);
    for (uint32_t label = 0; label < m->n; label++) {
        check_branch(m, applied, label);
    }
}

static bool is_closed(const model *m, uint32_t applied)
{
    for (uint32_t v = 0; v < m->n; v++) {
        if (in(applied, v) && ((m->parents[v] | m->depends[v]) & ~applied) != 0) {
            return false;
        }
    }
    return true;
}

/* turn: which target, where not all are taken. */
static void check_graph(model *m, bool all, bool branches, uint32_t turn)
{
    open_world(m);
    for (uint32_t applied = 0; applied < bit(m->n); applied++) {
        if (!is_closed(m, applied)) {
            continue;
        }
        apply(m, applied);
        turn++;
        if (all) {
            check_targets(m, applied);
        }
        if (all && branches) {
            check_branches(m, applied);
        } else if (!all) {
            check_target(m, applied, turn % (m->n + 1), 1 << turn / (m->n + 1) % 3);
            if (branches) {
                check_branch(m, applied, turn % m->n);
            }
        }
    }
    pgb_world_free(m->w);
}

static bool numbers_rise(const model *m)
{
    for (uint32_t v = 0; v < m->n; v++) {
        if ((m->parents[v] | m->depends[v]) >= bit(v)) {
            return false;
        }
    }
    return true;
}

/* All graphs of n nodes where each pair in each direction is in one of `kinds` states: nothing,
 * parent, dependency. */
static unsigned all_graphs(uint32_t n, uint32_t kinds)
{
    static model m;
    uint32_t n_pairs = n * (n - 1), codes = 1;
    unsigned n_graphs = 0;
    bool full = getenv("PGB_TEST_FULL") != NULL;

    memset(&m, 0, sizeof m);
    m.n = n;
    for (uint32_t i = 0; i < n_pairs; i++) {
        codes *= kinds;
    }
    for (uint32_t code = 0; code < codes; code++) {
        uint32_t rest = code;

        memset(m.parents, 0, sizeof m.parents);
        memset(m.depends, 0, sizeof m.depends);
        for (uint32_t v = 0; v < n; v++) {
            for (uint32_t u = 0; u < n; u++) {
                if (u != v) {
                    m.parents[v] |= rest % kinds == 1 ? bit(u) : 0;
                    m.depends[v] |= rest % kinds == 2 ? bit(u) : 0;
                    rest /= kinds;
                }
            }
        }
        if (complete(&m)) {
            check_graph(&m, full || n < 4 || (kinds == 2 && numbers_rise(&m)), full || n < 5,
                        n_graphs);
            n_graphs++;
        }
    }
    return n_graphs;
}

static void test_all_small(void **state)
{
    (void)state;
    n_plans = 0;
    /* the counts are known: OEIS A003024, and with edges of two kinds by the same recurrence */
    assert_int_equal(all_graphs(1, 3), 1);
    assert_int_equal(all_graphs(2, 3), 5);
    assert_int_equal(all_graphs(3, 3), 109);
    assert_int_equal(all_graphs(4, 2), 543);
    print_message("# %llu plans\n", (unsigned long long)n_plans);
}

static void test_all_four_with_depends(void **state)
{
    (void)state;
    n_plans = 0;
    assert_int_equal(all_graphs(4, 3), 9449);
    print_message("# %llu plans\n", (unsigned long long)n_plans);
}

static void test_all_five(void **state)
{
    (void)state;
    n_plans = 0;
    assert_int_equal(all_graphs(5, 2), 29281);
    print_message("# %llu plans\n", (unsigned long long)n_plans);
}

static uint64_t rng_state;

static uint32_t rng(uint32_t below)
{
    rng_state = rng_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((rng_state >> 33) % below);
}

static void random_graph(model *m)
{
    uint32_t number[MAX_NODES] = {0}, density = 1 + rng(3);

    memset(m, 0, sizeof *m);
    m->n = 6 + rng(25);
    for (uint32_t v = 0; v < m->n; v++) {
        uint32_t k = rng(v + 1);

        number[v] = number[k];
        number[k] = v;
    }
    /* mostly one parent not far below, some merges, some roots, some dependencies */
    for (uint32_t i = 1; i < m->n; i++) {
        uint32_t n_parents = rng(10) == 0 ? 0 : rng(4) == 0 ? density : 1;

        while (n_parents-- > 0) {
            uint32_t back = 1 + rng(i < 5 ? i : 5);

            m->parents[number[i]] |= bit(number[i - back]);
        }
        if (rng(6) == 0) {
            m->depends[number[i]] |= bit(number[rng(i)]);
        }
    }
    assert_true(complete(m));
}

/* A down-closed set, or one with something late below. */
static uint32_t random_applied(const model *m, bool late)
{
    uint32_t set = 0;

    for (uint32_t i = rng(5); i > 0; i--) {
        set |= m->needs[rng(m->n)];
    }
    for (uint32_t i = late ? 1 + rng(3) : 0; i > 0; i--) {
        set &= ~bit(rng(m->n));
    }
    return set;
}

static bool same_plan(const pgb_plan *a, const pgb_plan *b)
{
    for (uint32_t i = 0; i < a->n && a->n == b->n; i++) {
        if (a->steps[i].node != b->steps[i].node || a->steps[i].action != b->steps[i].action) {
            return false;
        }
    }
    return a->n == b->n;
}

static void test_random(void **state)
{
    enum { ROUNDS = 1500 };
    static model m, turned;
    const char *seed = getenv("PGB_TEST_SEED");

    (void)state;
    rng_state = seed != NULL ? strtoull(seed, NULL, 10) : 20260903;
    print_message("# seed %llu (PGB_TEST_SEED)\n", (unsigned long long)rng_state);
    n_plans = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t applied;
        static pgb_error err;
        pgb_plan plan, plan_turned;

        random_graph(&m);
        applied = random_applied(&m, round % 3 == 0);
        open_world(&m);
        turned = m;
        turned.turned = true;
        open_world(&turned);
        apply(&turned, applied);
        check_targets(&m, applied);
        if (round % 3 != 0) {
            check_branches(&m, applied);
        }
        apply(&m, applied);
        assert_int_equal(pgb_plan_upgrade(m.w, NULL, 0, &plan, &err), PGB_OK);
        assert_int_equal(pgb_plan_upgrade(turned.w, NULL, 0, &plan_turned, &err), PGB_OK);
        assert_true(same_plan(&plan, &plan_turned));
        assert_int_equal(pgb_plan_downgrade(m.w, "base", &plan, &err), PGB_OK);
        assert_int_equal(pgb_plan_downgrade(turned.w, "base", &plan_turned, &err), PGB_OK);
        assert_true(same_plan(&plan, &plan_turned));
        pgb_world_free(m.w);
        pgb_world_free(turned.w);
    }
    print_message("# %llu plans\n", (unsigned long long)n_plans);
}

/* A stamp says that the database is at the targets, and touches no other branch. */
static void test_random_stamps(void **state)
{
    enum { ROUNDS = 2000 };
    static model m;

    (void)state;
    rng_state = 20260904;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t applied, a, b, rows, lineage, needs, keep = 0;
        const char *targets[2];
        bool purge = round % 4 == 0;
        static pgb_error err;
        pgb_plan plan;

        random_graph(&m);
        applied = random_applied(&m, round % 5 == 0);
        open_world(&m);
        apply(&m, applied);
        a = rng(m.n);
        b = rng(m.n);
        targets[0] = m.ids[a];
        targets[1] = m.ids[b];
        needs = m.needs[a] | m.needs[b];
        lineage = needs | hangs_on(&m, bit(a) | bit(b));
        for (uint32_t v = 0; v < m.n; v++) {
            if (in(applied, v) && (m.children[v] & applied) == 0 && !in(lineage, v) && !purge) {
                keep |= m.needs[v] & applied;
            }
        }
        assert_int_equal(pgb_plan_stamp(m.w, targets, 2, purge, &plan, &err), PGB_OK);
        rows = applied;
        for (uint32_t i = 0; i < plan.n; i++) {
            bool stamp = plan.steps[i].action == PGB_STAMP;

            assert_true(stamp || plan.steps[i].action == PGB_UNSTAMP);
            assert_int_equal(in(rows, plan.steps[i].node), !stamp);
            rows ^= bit(plan.steps[i].node);
        }
        assert_int_equal(rows, needs | keep);
        pgb_world_free(m.w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_small),     cmocka_unit_test(test_all_four_with_depends),
        cmocka_unit_test(test_all_five),      cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_stamps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
