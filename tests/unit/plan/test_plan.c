/* Plans, case by case. The graphs and many cases are those that Alembic pins (its test classes are
 * named), written anew; where ours differs by design, the case says so. */
#include "plan_helper.h"

typedef struct plan_case {
    const char *files, *rows;
    char op;
    const char *targets, *steps, *after;
} plan_case;

static void run_cases(const plan_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const plan_case *c = &cases[i];
        test_world t;
        pgb_plan plan;

        test_world_open(&t, c->files, c->rows);
        if (test_plan(&t, c->op, c->targets, &plan) != PGB_OK) {
            fail_msg("%c %s of %s (%s): %s", c->op, c->targets, c->files, c->rows, t.err.message);
        }
        if (strcmp(test_steps(t.w, &plan), c->steps) != 0 ||
            strcmp(test_after(&t, &plan), c->after) != 0) {
            fail_msg("%c %s of %s (%s):\n%s (%s), not\n%s (%s)", c->op, c->targets, c->files,
                     c->rows, test_steps(t.w, &plan), test_after(&t, &plan), c->steps, c->after);
        }
        test_world_close(&t);
    }
}

#define RUN(cases) run_cases(cases, sizeof(cases) / sizeof *(cases))

static void test_linear(void **state)
{
    /* RevisionPathTest */
    static const plan_case cases[] = {
        {GRAPH_LINEAR, "", 'u', "", "+a +b +c +d +e", "e"},
        {GRAPH_LINEAR, "", 'u', "heads", "+a +b +c +d +e", "e"},
        {GRAPH_LINEAR, "a b c", 'u', "e", "+d +e", "e"},
        {GRAPH_LINEAR, "", 'u', "c", "+a +b +c", "c"},
        {GRAPH_LINEAR, "a", 'u', "+2", "+b +c", "c"},
        {GRAPH_LINEAR, "a b", 'u', "+3", "+c +d +e", "e"},
        {GRAPH_LINEAR, "a", 'u', "b+2", "+b +c +d", "d"},
        {GRAPH_LINEAR, "a", 'u', "d-2", "+b", "b"},
        {GRAPH_LINEAR, "a", 'u', "head-1", "+b +c +d", "d"},
        {GRAPH_LINEAR, "", 'u', "base+1", "+a", "a"},
        {GRAPH_LINEAR, "", 'u', "+1", "+a", "a"},
        {GRAPH_LINEAR, "", 'u', "c^", "+a +b", "b"},
        /* at or below what is applied */
        {GRAPH_LINEAR, "a b c", 'u', "b", "", "c"},
        {GRAPH_LINEAR, "a b c", 'u', "c", "", "c"},
        {GRAPH_LINEAR, "a b c", 'u', "base", "", "c"},
        {GRAPH_LINEAR, "a b c d e", 'u', "", "", "e"},
        {"", "", 'u', "", "", ""},
        {GRAPH_LINEAR, "", 'd', "base", "", ""},
        {GRAPH_LINEAR, "a", 'd', "a", "", "a"},
        {GRAPH_LINEAR, "a b c d e", 'd', "e", "", "e"},
        {GRAPH_LINEAR, "a b c d e", 'd', "c", "-e -d", "c"},
        {GRAPH_LINEAR, "a b c", 'd', "base", "-c -b -a", ""},
        {GRAPH_LINEAR, "a b c", 'd', "-1", "-c", "b"},
        {GRAPH_LINEAR, "a b c d e", 'd', "-3", "-e -d -c", "b"},
        {GRAPH_LINEAR, "a", 'd', "-1", "-a", ""},
        {GRAPH_LINEAR, "a b c d", 'd', "a+2", "-d", "c"},
        {GRAPH_LINEAR, "a b c d", 'd', "c-2", "-d -c -b", "a"},
        {GRAPH_LINEAR, "a b c d", 'd', "current-1", "-d", "c"},
        {GRAPH_LINEAR, "a b c d", 'd', "c^", "-d -c", "b"},
        {GRAPH_LINEAR, "a b c d", 'd', "a^", "-d -c -b -a", ""},
        {GRAPH_LINEAR, "a b c d e", 'd', "head-2", "-e -d", "c"},
        /* the second run of the same */
        {GRAPH_LINEAR, "a b", 'd', "c^", "", "b"},
        {GRAPH_LINEAR, "", 'd', "a^", "", ""},
        {GRAPH_LINEAR, "a b c d", 's', "base", "!d !c !b !a", ""},
        {GRAPH_LINEAR, "a b c d", 's', "b", "!d !c", "b"},
        {GRAPH_LINEAR, "a b", 's', "d", "=c =d", "d"},
        {GRAPH_LINEAR, "a b", 's', "b", "", "b"},
        {GRAPH_LINEAR, "a b", 's', "head", "=c =d =e", "e"},
        {GRAPH_LINEAR, "a b", 's', "-1", "!b", "a"},
        {GRAPH_LINEAR, "a b c", 's', "c^", "!c", "b"},
        {GRAPH_LINEAR, "a b c", 's', "a^", "!c !b !a", ""},
        /* ids of digits only */
        {"1 2<1 3<2", "1 2 3", 'd', "2", "-3", "2"},
        {"1 2<1 3<2", "1 2 3", 'd', "-2", "-3 -2", "1"},
        {"1 2<1 3<2", "", 'u', "+2", "+1 +2", "2"},
        {"003 010<003", "", 'u', "01", "+003 +010", "010"},
    };

    (void)state;
    RUN(cases);
}

static void test_fork(void **state)
{
    /* BranchedPathTest. A tie goes by file order, where Alembic's is not specified. */
    static const plan_case cases[] = {
        {GRAPH_FORK, "a b", 'u', "d1", "+c1 +d1", "d1"},
        {GRAPH_FORK, "a", 'u', "d1 d2", "+b +c1 +d1 +c2 +d2", "d1 d2"},
        {GRAPH_FORK, "a", 'u', "d2 d1", "+b +c1 +d1 +c2 +d2", "d1 d2"},
        {GRAPH_FORK, "a b", 'u', "c2branch@head-1", "+c2", "c2"},
        {GRAPH_FORK, "a b c1", 'u', "c2branch@+1", "+c2", "c1 c2"},
        {GRAPH_FORK, "a b c1 c2", 'u', "c2branch@+1", "+d2", "c1 d2"},
        {GRAPH_FORK, "a b c1 c2", 'u', "c1branch@head", "+d1", "d1 c2"},
        {GRAPH_FORK, "", 'u', "c2branch@+3", "+a +b +c2", "c2"},
        {GRAPH_FORK, "a b c1 c2", 'u', "c1branch@+1 c2branch@+1", "+d1 +d2", "d1 d2"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "a", "-d2 -c2 -d1 -c1 -b", "a"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "base+2", "-d2 -c2 -d1 -c1", "b"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "c2branch@base+2", "-d2 -c2", "d1"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "c2branch@base+3", "-d2", "d1 c2"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "c2", "-d2", "d1 c2"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "c1branch@-1", "-d1", "c1 d2"},
        {GRAPH_FORK, "a b c1 c2 d2", 'd', "d2-1", "-d2", "c1 c2"},
        {GRAPH_FORK, "a b c1 c2 d2", 'd', "c1branch@b", "-c1", "d2"},
        {GRAPH_FORK, "a b c1 c2 d2", 'd', "c2branch@b", "-d2 -c2", "c1"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "c2@b", "-d2 -c2", "d1"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "d1@b", "-d1 -c1", "d2"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "c1branch@head-1", "-d1", "c1 d2"},
        {GRAPH_FORK, "a b c1 d1 c2", 'd', "c2", "", "d1 c2"},
        {GRAPH_FORK, "a b c1 d1 c2", 'd', "d1", "", "d1 c2"},
        {GRAPH_FORK, "a b c1 d1 c2", 'd', "current", "", "d1 c2"},
        /* before c1: c1 and what hangs on it; its sibling stays. c1-1 is b, and both go */
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "c1^", "-d1 -c1", "d2"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "c1-1", "-d2 -c2 -d1 -c1", "b"},
        /* where Alembic drops every branch, ours keeps to the label's (a shared root stays) */
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "c1branch@base", "-d1 -c1", "d2"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "c1branch@-3", "-d1 -c1", "d2"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "c1branch@-4", "-d1 -c1", "d2"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "c1branch@a^", "-d1 -c1", "d2"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "d1@base", "-d1 -c1", "d2"},
        {GRAPH_FORK, "a b c1 d1 c2 d2", 'd', "b@base", "-d2 -c2 -d1 -c1 -b -a", ""},
        /* nothing else stands on it: it goes */
        {GRAPH_FORK, "a b c1 d1", 'd', "c1branch@base", "-d1 -c1 -b -a", ""},
        {GRAPH_FORK, "a b c1 d1", 'd', "c1branch@-3", "-d1 -c1 -b", "a"},
        {GRAPH_FORK, "a b c1 d1", 'd', "c2branch@base", "", "d1"},
        {GRAPH_FORK, "a b", 'd', "c2branch@-1", "-b", "a"},
        {"a b<a c<b d<c!x e<b", "a b c d e", 'd', "x@base", "-d -c", "e"},
        {"a b<a c<b d<c!x e<c", "a b c d e", 'd', "x@a", "-d", "e"},
        /* beyond what is late: y stands on b by way of q */
        {"a b<a x<b!x q<b y<q", "a b x y", 'd', "x@base", "-x", "b y"},
        {"a b<a x<b!x q<b y<q", "a b x", 'd', "x@base", "-x -b -a", ""},
        {GRAPH_FORK, "a b c1 d1 c2", 's', "b", "!c2 !d1 !c1", "b"},
        {GRAPH_FORK, "a b c1 d1 c2", 's', "c1branch@base", "!d1 !c1", "c2"},
        {GRAPH_FORK, "a b c1 d1 c2", 's', "c2branch@head", "=d2", "d1 d2"},
        {GRAPH_FORK, "a b", 's', "c1 d2", "=c1 =c2 =d2", "c1 d2"},
        {GRAPH_FORK, "a b c1 d1 c2", 's', "heads", "=d2", "d1 d2"},
    };

    (void)state;
    RUN(cases);
}

static void test_merges(void **state)
{
    static const char merged[] = "a b<a c1<b c2<b!c2branch d1<c1 d2<c2 e<d1,d2 f<e";
    static const char two[] = "a1 b1<a1 c1<b1 a2 b2<a2 c2<b2 d1<c1,c2 d2<c2";
    static const char three[] =
        "a1 b1<a1 c1<b1 a2 b2<a2 c2<b2 a3 b3<a3 c3<b3 d1<c1,c2,c3 d2<c2 d3<c3";
    static const char twins[] = "a b1<a b2<a b3<a c1<b1,b2,b3 c2<b1,b2,b3 d1<c1 d2<c2";
    static const char not_twins[] = "a b1<a b2<a b3<a c1<b1,b2 c2<b2,b3 d1<c1 d2<c2";
    static const plan_case cases[] = {
        /* DiamondTest, MergedPathTest */
        {GRAPH_DIAMOND, "aaaa bb11 bb22", 'u', "left@+1", "+mmmm", "mmmm"},
        {GRAPH_DIAMOND, "", 'u', "", "+aaaa +bb11 +bb22 +mmmm", "mmmm"},
        {GRAPH_DIAMOND, "", 'u', "mmmm^", "+aaaa +bb11 +bb22", "bb11 bb22"},
        {GRAPH_DIAMOND, "aaaa", 'u', "left+1", "+bb11 +bb22 +mmmm", "mmmm"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", 'd', "bb11", "-mmmm", "bb11 bb22"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", 'd', "mmmm^", "-mmmm", "bb11 bb22"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", 'd', "left@aaaa", "-mmmm -bb11", "bb22"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", 'd', "left@base", "-mmmm -bb11", "bb22"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", 'd', "left@-1", "-mmmm", "bb11 bb22"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", 'd', "left@-2", "-mmmm -bb11", "bb22"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", 'd', "bb11^", "-mmmm -bb11", "bb22"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", 'd', "aaaa", "-mmmm -bb22 -bb11", "aaaa"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22", 's', "mmmm", "=mmmm", "mmmm"},
        /* in Alembic a KeyError */
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", 's', "bb11 bb22", "!mmmm", "bb11 bb22"},
        {merged, "a b", 'u', "f", "+c1 +d1 +c2 +d2 +e +f", "f"},
        {merged, "a b c1 d1 c2 d2 e f", 'd', "b", "-f -e -d2 -c2 -d1 -c1", "b"},
        {merged, "a b c1 d1 c2 d2 e", 's', "c2", "!e !d2 !d1 !c1", "c2"},
        {merged, "a b c1 d1 c2 d2 e", 's', "a", "!e !d2 !c2 !d1 !c1 !b", "a"},
        {merged, "a b c2", 's', "e", "=c1 =d1 =d2 =e", "e"},
        {merged, "a b c1 d1 c2", 's', "c2branch@head", "=d2 =e =f", "f"},
        {merged, "a b c1 d1 c2", 's', "e", "=d2 =e", "e"},
        {merged, "a b", 's', "e", "=c1 =d1 =c2 =d2 =e", "e"},
        /* BranchFromMergepointTest, BranchFrom3WayMergepointTest */
        {two, "a1 b1 a2 b2 c2 d2", 'u', "d1", "+c1 +d1", "d1 d2"},
        {two, "a1 b1 c1 a2 b2 c2 d2 d1", 'd', "b1", "-d1 -c1", "b1 d2"},
        {three, "a1 b1 a2 b2 c2 d2 a3 b3 c3 d3", 'u', "d1", "+c1 +d1", "d2 d1 d3"},
        {three, "a1 b1 c1 a2 b2 c2 d2 a3 b3 c3 d3 d1", 'd', "b1", "-d1 -c1", "b1 d2 d3"},
        {three, "a1 b1 a2 b2 a3 b3 c3 d3", 'u', "d1", "+c1 +c2 +d1", "d1 d3"},
        {three, "a1 b1 c1 a2 b2 c2 a3 b3 c3 d3 d1", 'u', "d2", "+d2", "d2 d1 d3"},
        /* TwinMergeTest, NotQuiteTwinMergeTest */
        {twins, "a", 'u', "", "+b1 +b2 +b3 +c1 +d1 +c2 +d2", "d1 d2"},
        {twins, "a b1 b2 b3 c1 d1 c2 d2", 'd', "b2", "-d2 -c2 -d1 -c1", "b1 b2 b3"},
        {not_twins, "a", 'u', "", "+b1 +b2 +c1 +d1 +b3 +c2 +d2", "d1 d2"},
        {not_twins, "a b1 b2 b3 c1 d1 c2 d2", 'd', "b3^", "-d2 -c2 -b3", "d1"},
        /* ForestTest */
        {"a1 b1<a1 a2 b2<a2", "", 'u', "heads", "+a1 +b1 +a2 +b2", "b1 b2"},
        {"a1 b1<a1 a2 b2<a2", "", 's', "heads", "=a1 =b1 =a2 =b2", "b1 b2"},
        {"a1 b1<a1 a2 b2<a2", "a1 b1 a2 b2", 's', "heads", "", "b1 b2"},
        /* one tree only: base stands below all, a2-1 below a2 */
        {"a1 b1<a1 a2 b2<a2", "a1 b1 a2 b2", 'd', "base", "-b2 -a2 -b1 -a1", ""},
        {"a1 b1<a1 a2 b2<a2", "a1 b1 a2 b2", 'd', "a2-1", "-b2 -a2", "b1"},
        {"a1 b1<a1 a2 b2<a2", "a1 b1 a2 b2", 'd', "b2-2", "-b2 -a2", "b1"},
        {"a1 b1<a1 a2 b2<a2", "a1 b1 a2 b2", 'd', "a2@base", "-b2 -a2", "b1"},
        {"a1 b1<a1 a2 b2<a2", "a1 b1 a2 b2", 's', "a2^", "!b2 !a2", "b1"},
    };

    (void)state;
    RUN(cases);
}

static void test_depends(void **state)
{
    static const char one[] = "a1!lib1 b1<a1 c1<b1 a2 b2<a2 c2<b2~c1 d1<c1 e1<d1 f1<e1";
    static const char two[] = "a1 a2 a3 amerge<a1,a2,a3 b1 b2 bmerge<b1,b2 c1 c2 c3 "
                              "cmerge<c1,c2,c3 d1~a3,b2,c1";
    static const char three[] = "a1 a2<a1 b1 b2<b1~a2 b3<b2 a3<a2~b1";
    static const char four[] = "a1 a2<a1 a3<a2 b1 b2<b1~a3 b3<b2 b4<b3~a3";
    static const char five[] = "a1 b1~a1 bmerge<a1,b1";
    static const char crossed[] = "a b<a c1<b!c1branch d1<c1 c2<b!c2branch d2<c2~c1";
    static const char label[] = "a1!lib1 b1<a1 c1<b1!c1lib a2 b2<a2 c2<b2~c1lib d1<c1 e1<d1 f1<e1";
    static const plan_case cases[] = {
        /* MultipleBaseCrossDependencyTestOne */
        {GRAPH_DEPENDS, "", 'u', "b222", "+a111 +b111 +a222 +b222", "b111 b222"},
        {GRAPH_DEPENDS, "a111 a222", 'u', "two@head", "+b111 +b222 +c222", "b111 c222"},
        {GRAPH_DEPENDS, "", 'u', "one@head", "+a111 +b111", "b111"},
        {GRAPH_DEPENDS, "a111 b111 a222 b222 c222", 'd', "one@base", "-c222 -b222 -b111 -a111",
         "a222"},
        {GRAPH_DEPENDS, "a111 b111 a222 b222 c222", 'd', "two@base", "-c222 -b222 -a222", "b111"},
        {GRAPH_DEPENDS, "a111 b111 a222 b222", 'd', "a222", "-b222", "b111 a222"},
        {GRAPH_DEPENDS, "a111 b111 a222 b222", 'd', "a111", "-b222 -b111", "a111 a222"},
        /* ours: b111 is applied, so it is a target, and nothing descends from it */
        {GRAPH_DEPENDS, "a111 b111 a222 b222", 'd', "b111", "", "b111 b222"},
        {GRAPH_DEPENDS, "a111 b111 a222 b222", 'd', "b111^", "-b222 -b111", "a111 a222"},
        {GRAPH_DEPENDS, "a111 b111 a222 b222", 'd', "-1", "-b222", "b111 a222"},
        {GRAPH_DEPENDS, "a111 b111 a222 b222", 's', "a222", "!b222", "b111 a222"},
        {GRAPH_DEPENDS, "", 's', "b222", "=a111 =b111 =a222 =b222", "b111 b222"},
        /* -1 takes one back, not the sibling that it depends upon */
        {"a b<a c<a~b", "a b c", 'd', "-1", "-c", "b"},
        /* DependsOnBranchTestOne to Five, DependsOnOwnDownrevTest */
        {one, "a1 b1 c1 a2 b2 c2 d1", 'd', "c1", "-d1", "c1 c2"},
        {one, "a1 b1 c1 d1 e1 a2 b2 c2", 's', "b1", "!c2 !b2 !a2 !e1 !d1 !c1", "b1"},
        {one, "", 'u', "c2", "+a1 +b1 +c1 +a2 +b2 +c2", "c1 c2"},
        {two, "a1 a2 a3 amerge b1 b2 bmerge c1 c2 c3 cmerge d1", 'd', "b2", "-bmerge",
         "amerge b1 b2 d1 cmerge"},
        {two, "a1 a2 a3 amerge b1 b2 c1 c2 c3 cmerge d1", 'd', "d1@base", "-d1",
         "amerge b1 b2 cmerge"},
        {two, "a1 a2 a3 amerge b1 b2 bmerge c1 c2 c3 cmerge d1", 'd', "c1^", "-d1 -cmerge -c1",
         "amerge bmerge c2 c3"},
        {three, "a1 a2 b1 a3 b2", 'd', "b1", "-b2", "b1 a3"},
        {three, "", 'u', "", "+a1 +a2 +b1 +b2 +b3 +a3", "b3 a3"},
        {four, "a1 a2 a3 b1 b2 b3 b4", 'd', "b3", "-b4", "a3 b3"},
        {five, "a1", 'u', "b1", "+b1", "a1 b1"},
        {five, "a1 b1", 'u', "bmerge", "+bmerge", "bmerge"},
        {five, "a1 b1 bmerge", 'd', "a1", "-bmerge", "a1 b1"},
        {five, "a1 b1 bmerge", 'd', "b1", "-bmerge", "a1 b1"},
        {"a1 a2<a1~a1", "", 'u', "a2", "+a1 +a2", "a2"},
        {"a1 a2<a1~a1", "a1 a2", 'd', "a1", "-a2", "a1"},
        /* DependsOnBranchLabelTest */
        {label, "a2", 'u', "c2", "+a1 +b1 +c1 +b2 +c2", "c1 c2"},
        /* BranchedPathTestCrossDependencies */
        {crossed, "a b c1 d1 c2 d2", 'd', "c2branch@b", "-d2 -c2", "d1"},
        {crossed, "a b c1 d1 c2 d2", 'd', "c1branch@b", "-d2 -d1 -c1", "c2"},
        {crossed, "a b c1 d1 c2 d2", 'd', "c1branch@base", "-d2 -d1 -c1", "c2"},
    };

    (void)state;
    RUN(cases);
}

static void test_therapy(void **state)
{
    static const plan_case cases[] = {
        {GRAPH_THERAPY, "", 'u', "",
         "+7cce0565853d +808b6192c57c +42ef48f739a4 +b2c3d4e5f6g7 +c3d4e5f6g7h8 +d4e5f6g7h8i9 "
         "+d5e6f7g8h9i0 +e5f6g7h8i9j0 +f6g7h8i9j0k1 +4da5acd78939 +g7h8i9j0k1l2 +e4f5g6h7i8j9",
         "4da5acd78939 g7h8i9j0k1l2 e4f5g6h7i8j9"},
        /* the export tables stay */
        {GRAPH_THERAPY, ROWS_THERAPY, 'd', "d4e5f6g7h8i9^",
         "-g7h8i9j0k1l2 -4da5acd78939 -f6g7h8i9j0k1 -e5f6g7h8i9j0 -d5e6f7g8h9i0 -d4e5f6g7h8i9",
         "e4f5g6h7i8j9"},
        /* they go */
        {GRAPH_THERAPY, ROWS_THERAPY, 'd', "c3d4e5f6g7h8",
         "-e4f5g6h7i8j9 -g7h8i9j0k1l2 -4da5acd78939 -f6g7h8i9j0k1 -e5f6g7h8i9j0 -d5e6f7g8h9i0 "
         "-d4e5f6g7h8i9",
         "c3d4e5f6g7h8"},
        {GRAPH_THERAPY, ROWS_THERAPY, 'd', "export@-1", "-e4f5g6h7i8j9",
         "4da5acd78939 g7h8i9j0k1l2"},
        {GRAPH_THERAPY, ROWS_THERAPY, 'd', "4da5acd78939^", "-4da5acd78939",
         "g7h8i9j0k1l2 e4f5g6h7i8j9"},
        {GRAPH_THERAPY, ROWS_THERAPY, 'd', "export@base", "-e4f5g6h7i8j9",
         "4da5acd78939 g7h8i9j0k1l2"},
        {GRAPH_THERAPY, ROWS_THERAPY, 'u', "timeline@heads", "",
         "4da5acd78939 g7h8i9j0k1l2 e4f5g6h7i8j9"},
    };

    (void)state;
    RUN(cases);
}

/* A record of heads alone would skip what is late; files that are gone; what is under way. */
static void test_late_and_missing(void **state)
{
    static const plan_case cases[] = {
        {GRAPH_LINEAR, "a b d", 'u', "", "+c +e", "e"},
        {GRAPH_LINEAR, "a b d", 'u', "d", "+c", "d"},
        {GRAPH_LINEAR, "a b d", 'u', "b", "", "b d"},
        {GRAPH_LINEAR, "a b d", 'u', "+1", "+c +e", "e"},
        {GRAPH_LINEAR, "a b d", 'd', "b", "-d", "b"},
        {GRAPH_LINEAR, "a b d", 'd', "-1", "-d", "b"},
        {GRAPH_LINEAR, "a b d", 'd', "-2", "-d -b", "a"},
        {GRAPH_LINEAR, "a b d", 'd', "a@-1", "-d", "b"},
        {GRAPH_LINEAR, "a b d", 'd', "a@-2", "-d -b", "a"},
        {GRAPH_LINEAR, "a b d", 'd', "c^", "-d", "b"},
        {GRAPH_LINEAR, "a b d", 's', "d", "=c", "d"},
        {GRAPH_DIAMOND, "aaaa bb11 mmmm", 'u', "", "+bb22", "mmmm"},
        /* one branch's late one is not another's need */
        {"a q<a b<q!x c<q!y", "a b c", 'u', "x@head", "+q", "b c"},
        {"a q b<a~q c<a", "a b c", 'u', "c", "", "c b"},
        /* a file of a digit put between two */
        {"1 2<1%p 3<2%p", "1 3<1", 'u', "", "+2", "3"},
        /* missing ones go with the rest, by their stored text */
        {"a b<a", "a b x<b%t y<x%t", 'd', "a", "-y -x -b", "a"},
        {"a b<a", "a b x<b%t y<x%t", 'd', "x", "-y", "x"},
        {"a b<a", "a b x<a%t", 'd', "base", "-x -b -a", ""},
        {"a b<a", "a x<a%t", 'u', "", "+b", "b x"},
        {"001 003<001%p", "001 002<001%t 003<002", 'd', "001", "-003 -002", "001"},
        {"a b<a", "a b x<b y<z", 's', "a", "!x !b", "a y"},
        {"a b<a", "a b x<b y<z", 'p', "b", "!y !x !b !a =a =b", "b"},
        /* in the graph of before, that is: b stood on x there */
        {"a b<a", "a x<a b<x", 'p', "b", "!b !x !a =a =b", "a b"},
        {"a b<a", "a b", 'p', "", "!b !a", ""},
        {GRAPH_FORK, "a b c1 c2", 'p', "c1 d2", "!c2 !c1 !b !a =a =b =c1 =c2 =d2", "c1 d2"},
        /* an incomplete one is pending for upgrade, and can go */
        {GRAPH_LINEAR, "a b%c", 'u', "", "+b +c +d +e", "e"},
        {GRAPH_LINEAR, "a b%c", 'd', "a", "-b", "a"},
        {GRAPH_LINEAR, "a b%c", 'd', "base", "-b -a", ""},
        {GRAPH_LINEAR, "a b%c", 's', "b", "=b", "b"},
        {GRAPH_LINEAR, "a b%c", 's', "a", "!b", "a"},
        /* a way back where it matters, and nowhere else */
        {"a%n b<a%i c<b", "a b c", 'd', "b", "-c", "b"},
        {"a b<a%n", "a b", 's', "a", "!b", "a"},
    };

    (void)state;
    RUN(cases);
}

static void test_refused(void **state)
{
    static const struct {
        const char *files, *rows;
        char op;
        const char *targets;
        pgb_status status;
        const char *message, *detail, *hint, *file;
    } cases[] = {
        /* a target that is not applied */
        {GRAPH_LINEAR, "a b", 'd', "c", PGB_REFUSED, "revision c is not applied", "",
         "pgbraid upgrade c", ""},
        {GRAPH_LINEAR, "", 'd', "b", PGB_REFUSED, "revision b is not applied", "", "", ""},
        {GRAPH_LINEAR, "a", 'd', "d^", PGB_REFUSED, "revision d is not applied", "", "", ""},
        {GRAPH_FORK, "a b c1", 'd', "c2", PGB_REFUSED, "revision c2 is not applied", "", "", ""},
        {GRAPH_FORK, "a b c1", 'd', "heads", PGB_REFUSED, "revision d1 is not applied", "", "", ""},
        {GRAPH_FORK, "a b c1", 'd', "c1branch@head", PGB_REFUSED, "d1 is not applied", "", "", ""},
        /* no way back: all are named, nothing is planned */
        {"a b<a%n c<b d<c%i", "a b c d", 'd', "a", PGB_REFUSED,
         "2 of 3 revisions have no way back, nothing was done",
         "d: irreversible: data is merged\nb: migrations/b.sql has no down section",
         "pgbraid stamp", "migrations/d.sql"},
        {"a b<a%n", "a b", 'd', "-1", PGB_REFUSED, "revision b has no way back, nothing was done",
         "b: migrations/b.sql has no down section", "down section", "migrations/b.sql"},
        /* a present file wins over the stored text, a missing one has only that */
        {"a b<a%n", "a b%t", 'd', "a", PGB_REFUSED, "no way back", "no down section", "", ""},
        {"a", "a x<a", 'd', "a", PGB_REFUSED, "revision x has no way back",
         "x: its file is gone, and it had no down section", "", ""},
        {"a", "a x<a%d", 'd', "a", PGB_REFUSED, "no way back",
         "x: its file is gone, and its down section was not stored", "", ""},
        {"a", "a x<a%ti", 'd', "a", PGB_REFUSED, "no way back", "x: irreversible: data is merged",
         "", ""},
        /* under way, and the file is gone */
        {"a", "a x<a%c", 'u', "x", PGB_REFUSED, "revision x is under way, and its file is gone", "",
         "migrations/x.sql", ""},
        /* the wrong way */
        {GRAPH_LINEAR, "a b", 'u', "-1", PGB_IDENTIFIER, "\"-1\" goes down", "",
         "pgbraid downgrade -1", ""},
        {GRAPH_LINEAR, "a b", 'u', "-2", PGB_IDENTIFIER, "goes down", "", "", ""},
        {GRAPH_LINEAR, "a b", 'd', "+1", PGB_IDENTIFIER, "\"+1\" goes up", "", "pgbraid upgrade +1",
         ""},
        {GRAPH_FORK, "a b", 'd', "c1branch@+1", PGB_IDENTIFIER, "goes up", "",
         "pgbraid upgrade c1branch@+1", ""},
        /* past the ends, and with several ways */
        {GRAPH_LINEAR, "a b", 'u', "+5", PGB_IDENTIFIER, "goes past the head", "", "", ""},
        {GRAPH_LINEAR, "a b", 'd', "-5", PGB_IDENTIFIER, "goes past the base", "", "", ""},
        {GRAPH_LINEAR, "", 'd', "-1", PGB_IDENTIFIER, "goes past the base", "", "", ""},
        {GRAPH_FORK, "a b c1 c2", 'u', "+1", PGB_IDENTIFIER, "2 revisions are current", "",
         "c1branch@+1", ""},
        {GRAPH_FORK, "a b d1 c1 d2 c2", 'd', "-1", PGB_IDENTIFIER, "2 revisions are current", "",
         "say one of c1branch@-1, c2branch@-1;", ""},
        {GRAPH_FORK, "a b", 'u', "head", PGB_IDENTIFIER, "there are 2 heads", "", "heads", ""},
        {GRAPH_FORK, "a b", 'u', "b@", PGB_IDENTIFIER, "both sides", "", "", ""},
        {GRAPH_FORK, "a b", 'u', "nope", PGB_IDENTIFIER, "\"nope\"", "", "", ""},
        {GRAPH_FORK, "a b", 'u', "c1 nope", PGB_IDENTIFIER, "\"nope\"", "", "", ""},
        {GRAPH_FORK, "a b", 's', "nope", PGB_IDENTIFIER, "\"nope\"", "", "", ""},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", 'd', "-1", PGB_IDENTIFIER, "several parents", "",
         "mmmm^", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_world t;
        pgb_plan plan;

        test_world_open(&t, cases[i].files, cases[i].rows);
        if (test_plan(&t, cases[i].op, cases[i].targets, &plan) != cases[i].status ||
            strstr(t.err.message, cases[i].message) == NULL ||
            strstr(t.err.detail, cases[i].detail) == NULL ||
            strstr(t.err.hint, cases[i].hint) == NULL || t.err.hint[0] == '\0' ||
            strstr(t.err.file, cases[i].file) == NULL) {
            fail_msg("%c %s of %s: %s\n%s\n%s\n%s", cases[i].op, cases[i].targets, cases[i].files,
                     pgb_status_slug(t.err.status), t.err.message, t.err.detail, t.err.hint);
        }
        assert_int_equal(plan.n, 0);
        test_world_close(&t);
    }
}

/* Many without a way back: the first are named, the rest counted. */
static void test_many_refused(void **state)
{
    char files[2048], rows[2048];
    size_t len = (size_t)snprintf(files, sizeof files, "r00%%n"), row_len;
    test_world t;
    pgb_plan plan;

    (void)state;
    row_len = (size_t)snprintf(rows, sizeof rows, "r00");
    for (int i = 1; i < 30; i++) {
        len += (size_t)snprintf(files + len, sizeof files - len, " r%02d<r%02d%%n", i, i - 1);
        row_len += (size_t)snprintf(rows + row_len, sizeof rows - row_len, " r%02d", i);
    }
    test_world_open(&t, files, rows);
    assert_int_equal(test_plan(&t, 'd', "base", &plan), PGB_REFUSED);
    assert_non_null(strstr(t.err.message, "30 of 30 revisions"));
    assert_non_null(strstr(t.err.detail, "\n… and 18 more"));
    test_world_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear),  cmocka_unit_test(test_fork),
        cmocka_unit_test(test_merges),  cmocka_unit_test(test_depends),
        cmocka_unit_test(test_therapy), cmocka_unit_test(test_late_and_missing),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_many_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
