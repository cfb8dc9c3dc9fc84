/* Identifiers: what each form names, and what is said of those that name nothing or too much. */
#include "world_helper.h"

/* "a b" for nodes, "base", "base before a", "a before b", "a in x" for a branch. */
static const char *target_text(const test_world *t, const pgb_target *target)
{
    static char text[1024];

    snprintf(text, sizeof text, "%s%s%s%s%s%s", target->base ? "base" : "",
             test_ids(t->w, target->nodes.at, target->nodes.n),
             target->before != PGB_NODE_NONE ? " before " : "",
             target->before != PGB_NODE_NONE ? t->w->nodes[target->before].id : "",
             target->branch != PGB_NODE_NONE ? " in " : "",
             target->branch != PGB_NODE_NONE ? t->w->nodes[target->branch].id : "");
    return text;
}

typedef struct good_case {
    const char *files, *rows, *identifier, *target;
} good_case;

static void test_good(void **state)
{
    static const good_case cases[] = {
        {GRAPH_LINEAR, NULL, "base", "base"},
        {GRAPH_LINEAR, NULL, "head", "e"},
        {GRAPH_LINEAR, NULL, "heads", "e"},
        {GRAPH_FORK, NULL, "heads", "d1 d2"},
        {"", NULL, "heads", "base"},
        {"", NULL, "head", "base"},
        {GRAPH_LINEAR, "a b", "current", "b"},
        {GRAPH_LINEAR, "", "current", "base"},
        {GRAPH_FORK, "a b c1 c2", "current", "c1 c2"},
        /* ids, prefixes, labels */
        {GRAPH_DIAMOND, NULL, "bb11", "bb11"},
        {GRAPH_DIAMOND, NULL, "m", "mmmm"},
        {GRAPH_DIAMOND, NULL, "bb2", "bb22"},
        {GRAPH_DIAMOND, NULL, "left", "bb11"},
        {GRAPH_DIAMOND, NULL, "lef", "bb11"},
        {GRAPH_DIAMOND, NULL, "l@head", "mmmm in bb11"},
        {GRAPH_DIAMOND, NULL, "lef+1", "mmmm"},
        {"aa!alpha ab!beta", NULL, "al", "aa"},
        {"aa!aaaa bb", NULL, "a", "aa"},
        {"aa!alpha,alps bb", NULL, "al", "aa"},
        {"ab abc", NULL, "ab", "ab"},
        {"abc!ab abd", NULL, "ab", "abc"},
        {"x!y y", NULL, "y", "y"},
        {"a", "a x<a", "x", "x"},
        {"3 30 300", NULL, "3", "3"},
        {"001 002<001", NULL, "002", "002"},
        {"rel!release-2 b<rel", NULL, "release-2", "rel"},
        {"rel!release-2 b<rel", NULL, "release-2+1", "b"},
        {"rel!release-2 b<rel", NULL, "release-2@head", "b in rel"},
        /* steps */
        {GRAPH_LINEAR, NULL, "b+2", "d"},
        {GRAPH_LINEAR, NULL, "b+0", "b"},
        {GRAPH_LINEAR, NULL, "d-2", "b"},
        {GRAPH_LINEAR, NULL, "head-1", "d"},
        {GRAPH_LINEAR, NULL, "head-4", "a"},
        {GRAPH_LINEAR, NULL, "head-5", "base before a"},
        {GRAPH_LINEAR, NULL, "heads-1", "d"},
        {GRAPH_LINEAR, NULL, "base+1", "a"},
        {GRAPH_LINEAR, NULL, "base+5", "e"},
        {GRAPH_LINEAR, NULL, "c^", "b before c"},
        {GRAPH_LINEAR, NULL, "c^^", "a before b"},
        {GRAPH_LINEAR, NULL, "a^", "base before a"},
        {GRAPH_LINEAR, NULL, "head-1^", "c before d"},
        {GRAPH_LINEAR, NULL, "c^+2", "d"},
        {GRAPH_LINEAR, NULL, "c-1+2-1", "c"},
        {GRAPH_DIAMOND, NULL, "mmmm^", "bb11 bb22 before mmmm"},
        {GRAPH_DIAMOND, NULL, "left-1", "aaaa"},
        {GRAPH_DIAMOND, NULL, "left+1", "mmmm"},
        {GRAPH_FORK, NULL, "base+2", "b"},
        {"1 2<1 3<2", NULL, "1+1", "2"},
        {"1 2<1 3<2", "1 2 3", "-1", "2 before 3"},
        {"1 2<1 3<2", "1", "+1", "2"},
        /* relative to current */
        {GRAPH_LINEAR, "", "+2", "b"},
        {GRAPH_LINEAR, "a b", "+1", "c"},
        {GRAPH_LINEAR, "a b", "+3", "e"},
        {GRAPH_LINEAR, "a b c", "-1", "b before c"},
        {GRAPH_LINEAR, "a b c", "-3", "base before a"},
        {GRAPH_LINEAR, "a b c", "current-1", "b"},
        {GRAPH_LINEAR, "a b c", "current^", "b before c"},
        /* what applied ones depend upon is no start */
        {GRAPH_DEPENDS, "a111 b111 a222 b222", "+1", "c222"},
        {GRAPH_DEPENDS, "a111 b111 a222 b222", "-1", "a222 before b222"},
        /* branches */
        {GRAPH_FORK, NULL, "c1branch@head", "d1 in c1"},
        {GRAPH_FORK, NULL, "c1@head", "d1 in c1"},
        {GRAPH_FORK, NULL, "b@heads", "d1 d2 in b"},
        {GRAPH_FORK, NULL, "c1branch@heads", "d1 in c1"},
        {GRAPH_FORK, NULL, "c1branch@base", "base in c1"},
        {GRAPH_FORK, NULL, "c1branch@b", "b in c1"},
        {GRAPH_FORK, NULL, "c1branch@d1", "d1 in c1"},
        {GRAPH_FORK, NULL, "c1branch@head-1", "c1 in c1"},
        {GRAPH_FORK, NULL, "c1branch@b+1", "c1 in c1"},
        {GRAPH_FORK, NULL, "c1branch@base+3", "c1 in c1"},
        {GRAPH_FORK, NULL, "c1branch@c1^", "b before c1 in c1"},
        {GRAPH_FORK, "a b c1 c2 d2", "c1branch@current", "c1 in c1"},
        {GRAPH_FORK, "a b c1 c2 d2", "c1branch@+1", "d1 in c1"},
        {GRAPH_FORK, "a b c1 c2 d2", "c2branch@-1", "c2 in c2"},
        {GRAPH_FORK, "a b c1 c2 d2", "c2branch@-2", "b in c2"},
        /* from the branch point, when nothing of the branch is applied */
        {GRAPH_FORK, "a b c1", "c2branch@+1", "c2 in c2"},
        {GRAPH_FORK, "", "c2branch@+1", "a in c2"},
        {GRAPH_FORK, "a b", "c2branch@-1", "a in c2"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22", "left@+1", "mmmm in bb11"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", "left@-1", "bb11 in bb11"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", "left@-2", "aaaa in bb11"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", "left@-3", "base before aaaa in bb11"},
        {GRAPH_DIAMOND, NULL, "left@mmmm^", "bb11 before mmmm in bb11"},
        {GRAPH_THERAPY, ROWS_THERAPY, "export@-1", "c3d4e5f6g7h8 in e4f5g6h7i8j9"},
        {GRAPH_THERAPY, NULL, "timeline@heads", "4da5acd78939 g7h8i9j0k1l2 in d4e5f6g7h8i9"},
        /* a file that is gone does not make a second head */
        {"a b<a", "a b x<a", "head", "b"},
        {"a b<a", "a b x<b", "head", "b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_world t;
        pgb_target target;

        test_world_open(&t, cases[i].files, cases[i].rows);
        if (pgb_world_resolve(t.w, cases[i].identifier, &target, &t.err) != PGB_OK) {
            fail_msg("%s in %s: %s", cases[i].identifier, cases[i].files, t.err.message);
        }
        assert_string_equal(target_text(&t, &target), cases[i].target);
        test_world_close(&t);
    }
}

typedef struct bad_case {
    const char *files, *rows, *identifier, *message, *detail, *hint;
} bad_case;

/* Every spelling that the hint of an ambiguous identifier offers must work. */
static void try_offers(test_world *t, const char *identifier)
{
    const char *at = strstr(t->err.hint, "say ");
    bool all_shown = strstr(t->err.hint, "…") == NULL;
    const char *end;
    unsigned n = 0;

    if (at == NULL || t->err.detail[0] == '\0') {
        return;
    }
    at += strncmp(at, "say one of ", 11) == 0 ? 11 : 4;
    end = strchr(at, ';');
    assert_non_null(end);
    while (at < end) {
        size_t len = strcspn(at, ",;");
        char spelling[256];
        pgb_error err = PGB_ERROR_INIT;
        pgb_target target;

        snprintf(spelling, sizeof spelling, "%.*s", (int)len, at);
        if (strcmp(spelling, "…") != 0 &&
            pgb_world_resolve(t->w, spelling, &target, &err) != PGB_OK) {
            fail_msg("%s offers %s: %s", identifier, spelling, err.message);
        }
        n++;
        at += len + 2;
    }
    assert_true(n > 0 && all_shown);
}

static void test_bad(void **state)
{
    static const bad_case cases[] = {
        {GRAPH_FORK, NULL, "head", "\"head\" is ambiguous: there are 2 heads", "c1branch@head",
         "say one of c1branch@head, c2branch@head; or heads for all"},
        {GRAPH_FORK, NULL, "head-1", "\"head-1\" is ambiguous", "d1",
         "say one of c1branch@head-1, c2branch@head-1; see pgbraid heads"},
        {GRAPH_FORK, NULL, "heads-1", "\"heads-1\" is ambiguous", "d1", "c1branch@head-1"},
        {GRAPH_THERAPY, NULL, "head", "there are 3 heads",
         "4da5acd78939   title of 4da5acd78939\n"
         "security@head  g7h8i9j0k1l2  title of g7h8i9j0k1l2\n"
         "export@head    e4f5g6h7i8j9  title of e4f5g6h7i8j9",
         "pgbraid merge"},
        {GRAPH_THERAPY, NULL, "timeline@head", "there are 2 heads", "4da5acd78939",
         "security@head"},
        {GRAPH_DIAMOND, NULL, "bb", "\"bb\" fits 2 revisions", "bb11",
         "say one of bb11, bb22; see"},
        /* an id's prefix and a label's */
        {"aa bb!ab", NULL, "a", "\"a\" fits 2 revisions", "ab", "say one of aa, ab; see"},
        {"aa!alpha bb!alps", NULL, "al", "\"al\" fits 2 revisions", "alps",
         "say one of alpha, alps;"},
        {GRAPH_DIAMOND, NULL, "nope", "no revision or label is called \"nope\"", "",
         "pgbraid history"},
        {GRAPH_DIAMOND, NULL, "bb12", "no revision or label is called", "", "did you mean bb11?"},
        {GRAPH_DIAMOND, NULL, "lefd", "no revision or label is called", "", "did you mean left?"},
        {"003 014<003", NULL, "3", "no revision or label is called \"3\"", "", "did you mean 003?"},
        {"3 30", NULL, "003", "no revision or label is called \"003\"", "", ""},
        {GRAPH_DIAMOND, NULL, "", "\"\" names no revision: it is empty", "", "LABEL@head"},
        {GRAPH_DIAMOND, NULL, "@head", "both sides", "", ""},
        {GRAPH_DIAMOND, NULL, "left@", "both sides", "", ""},
        {GRAPH_DIAMOND, NULL, "left@right@head", "once", "", ""},
        {GRAPH_DIAMOND, NULL, "^", "\"^\" must stand behind a revision", "", ""},
        {GRAPH_DIAMOND, "", "+0", "it goes no step", "", ""},
        {GRAPH_DIAMOND, "", "-0", "it goes no step", "", ""},
        {GRAPH_DIAMOND, NULL, "aaaa:mmmm", "a range", "", ""},
        {GRAPH_DIAMOND, NULL, "aaaa+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1", "too many steps", "", ""},
        {GRAPH_DIAMOND, NULL, "nope@head", "no revision or label is called \"nope\"", "", ""},
        {GRAPH_DIAMOND, NULL, "left@bb22", "revision bb22 is not in branch \"left\"", "",
         "pgbraid branches"},
        {GRAPH_DIAMOND, NULL, "\033[31m", "called \"\\x1B[31m\"", "", ""},
        /* past the ends */
        {GRAPH_LINEAR, NULL, "head+1", "\"head+1\" goes past the head: nothing comes after e", "",
         "pgbraid heads"},
        {GRAPH_LINEAR, NULL, "a+9", "\"a+9\" goes past the head", "", ""},
        {GRAPH_LINEAR, NULL, "a+99999999999999999999", "goes past the head", "", ""},
        {GRAPH_LINEAR, "a b", "+9", "\"+9\" goes past the head", "", ""},
        {GRAPH_LINEAR, NULL, "head-6", "\"head-6\" goes past the base", "", "base"},
        {GRAPH_LINEAR, NULL, "base-1", "goes past the base", "", ""},
        {GRAPH_LINEAR, NULL, "base^", "goes past the base", "", ""},
        {GRAPH_LINEAR, NULL, "a^^", "goes past the base", "", ""},
        {GRAPH_LINEAR, "a b", "-3", "\"-3\" goes past the base", "", ""},
        {GRAPH_LINEAR, "", "-1", "\"-1\" goes past the base", "", ""},
        {"", "", "+1", "there is no revision", "", "pgbraid new"},
        {GRAPH_FORK, "a b c1 d1", "c1branch@+1", "nothing comes after d1 in that branch", "", ""},
        /* steps with several ways */
        {GRAPH_FORK, NULL, "b+1", "\"b+1\" is ambiguous: b has several children", "c1", "c1, c2"},
        {GRAPH_FORK, NULL, "a+3", "is ambiguous: b has several children", "c1+1", "c1+1, c2+1"},
        {GRAPH_FORK, "a b", "+2", "is ambiguous: b has several children", "c2+1", "c1+1, c2+1"},
        {"a b", NULL, "base+1", "several first revisions", "a", "say one of a, b;"},
        {GRAPH_DIAMOND, NULL, "mmmm-1", "mmmm has several parents", "mmmm^", "mmmm^, bb11, bb22"},
        {GRAPH_DIAMOND, NULL, "mmmm-2", "mmmm has several parents", "bb11-1", "bb11-1, bb22-1"},
        {GRAPH_DIAMOND, NULL, "mmmm^^", "starts from 2 revisions", "bb11^", "bb11^, bb22^"},
        {GRAPH_DIAMOND, NULL, "mmmm^-1^", "starts from 2 revisions", "", "bb11-1^, bb22-1^"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", "-1", "mmmm has several parents", "mmmm^",
         "mmmm^, bb11, bb22"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22 mmmm", "-2", "mmmm has several parents", "bb11^",
         "say one of bb11^, bb22^;"},
        {GRAPH_DIAMOND " nnnn<mmmm", "aaaa bb11 bb22 mmmm nnnn", "-4", "mmmm has several parents",
         "", "say one of bb11-1^, bb22-1^;"},
        /* several current ones */
        {GRAPH_DIAMOND, "aaaa bb11 bb22", "-1", "\"-1\" is ambiguous: 2 revisions are current",
         "left@-1", "say one of left@-1, right@-1; see pgbraid current"},
        {GRAPH_DIAMOND, "aaaa bb11 bb22", "+1", "\"+1\" is ambiguous: 2 revisions are current",
         "left@+1", ""},
        {GRAPH_THERAPY, ROWS_THERAPY, "-1", "\"-1\" is ambiguous: 3 revisions are current",
         "4da5acd78939^  4da5acd78939  title of 4da5acd78939",
         "say one of 4da5acd78939^, security@-1, export@-1;"},
        {GRAPH_THERAPY, ROWS_THERAPY, "-2", "\"-2\" is ambiguous", "4da5acd78939-1^",
         "say one of 4da5acd78939-1^, security@-2, export@-2;"},
        {GRAPH_THERAPY, ROWS_THERAPY, "timeline@-1", "2 revisions are current in that branch",
         "4da5acd78939^", "4da5acd78939^, g7h8i9j0k1l2^"},
        {GRAPH_THERAPY, ROWS_THERAPY, "+1", "\"+1\" is ambiguous: 3 revisions are current", "",
         "see pgbraid current"},
        {GRAPH_FORK, "a b c1 c2", "current+1", "starts from 2 revisions", "c1+1", "c1+1, c2+1"},
        {GRAPH_FORK, "a b c1 d1", "c2branch@-1",
         "nothing of branch \"c2branch\" is applied that other branches do not need", "", ""},
        {"a b", "a b", "+1", "2 revisions are current", "", "see pgbraid current"},
        {"a b<a c d<c", "a c", "+1", "2 revisions are current", "a+1", "say one of a+1, c+1;"},
        {"a b<a c d<c", "a b c d", "-1", "2 revisions are current", "b^", "say one of b^, d^;"},
        {GRAPH_FORK, "a b", "b@+1", "b has several children", "b@c1", "say one of b@c1, b@c2;"},
        {"a b<a c<a d<a m<b,c!x", NULL, "x@a+1", "a has several children", "x@b",
         "say one of x@b, x@c;"},
        /* no database */
        {GRAPH_FORK, NULL, "current", "counts from what a database has", "", "-d"},
        {GRAPH_FORK, NULL, "-1", "counts from what a database has", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_world t;
        pgb_target target;
        pgb_status status;

        test_world_open(&t, cases[i].files, cases[i].rows);
        status = pgb_world_resolve(t.w, cases[i].identifier, &target, &t.err);
        if ((status != PGB_IDENTIFIER && status != PGB_REFUSED) ||
            strstr(t.err.message, cases[i].message) == NULL ||
            strstr(t.err.detail, cases[i].detail) == NULL ||
            strstr(t.err.hint, cases[i].hint) == NULL || t.err.hint[0] == '\0') {
            fail_msg("%s in %s: status %d\n%s\n%s\n%s", cases[i].identifier, cases[i].files,
                     (int)status, t.err.message, t.err.detail, t.err.hint);
        }
        try_offers(&t, cases[i].identifier);
        test_world_close(&t);
    }
}

static void test_one(void **state)
{
    test_world t;
    uint32_t node = PGB_NODE_NONE;

    (void)state;
    test_world_open(&t, GRAPH_DIAMOND, "aaaa");
    assert_int_equal(pgb_world_resolve_one(t.w, "left", &node, &t.err), PGB_OK);
    assert_string_equal(t.w->nodes[node].id, "bb11");
    assert_int_equal(pgb_world_resolve_one(t.w, "current", &node, &t.err), PGB_OK);
    assert_string_equal(t.w->nodes[node].id, "aaaa");
    assert_int_equal(pgb_world_resolve_one(t.w, "mmmm^", &node, &t.err), PGB_IDENTIFIER);
    assert_string_equal(t.err.message, "\"mmmm^\" is ambiguous: it is 2 revisions");
    assert_non_null(strstr(t.err.hint, "say one of bb11, bb22;"));
    pgb_error_clear(&t.err);
    assert_int_equal(pgb_world_resolve_one(t.w, "base", &node, &t.err), PGB_IDENTIFIER);
    assert_non_null(strstr(t.err.message, "is no revision here"));
    test_world_close(&t);
}

static void test_many_candidates(void **state)
{
    char files[2048] = "";
    size_t len = 0;
    test_world t;
    pgb_target target;

    (void)state;
    for (int i = 0; i < 40; i++) {
        len += (size_t)snprintf(files + len, sizeof files - len, "abc%02d ", i);
    }
    test_world_open(&t, files, NULL);
    assert_int_equal(pgb_world_resolve(t.w, "abc", &target, &t.err), PGB_IDENTIFIER);
    assert_non_null(strstr(t.err.detail, "\n… and 28 more"));
    assert_non_null(strstr(t.err.hint, "abc11, …; see pgbraid history"));
    pgb_error_clear(&t.err);
    assert_int_equal(pgb_world_resolve(t.w, "head", &target, &t.err), PGB_IDENTIFIER);
    assert_non_null(strstr(t.err.message, "there are 40 heads"));
    test_world_close(&t);
}

static void test_long_text(void **state)
{
    char text[600];
    test_world t;
    pgb_target target;

    (void)state;
    test_world_open(&t, "a", NULL);
    for (size_t i = 0; i < sizeof text - 1; i += 2) {
        memcpy(text + i, "ä", 2);
    }
    for (size_t shift = 0; shift < 2; shift++) {
        text[sizeof text - 2 - shift] = '\0';
        memmove(text + shift, text, strlen(text));
        memset(text, 'x', shift);
        pgb_error_clear(&t.err);
        assert_int_equal(pgb_world_resolve(t.w, text, &target, &t.err), PGB_IDENTIFIER);
        /* cut between characters */
        assert_non_null(strstr(t.err.message, "ä…\""));
        assert_true(strlen(t.err.message) < 200);
    }
    test_world_close(&t);
}

static void test_ranges(void **state)
{
    static const struct {
        const char *files, *rows, *range;
        const char *ids; /* NULL: an error */
        const char *hint;
    } cases[] = {
        {GRAPH_LINEAR, NULL, "b:d", "b c d", ""},
        {GRAPH_LINEAR, NULL, "b:b", "b", ""},
        {GRAPH_LINEAR, NULL, "b:", "b c d e", ""},
        {GRAPH_LINEAR, NULL, ":c", "a b c", ""},
        {GRAPH_LINEAR, NULL, "base:c", "a b c", ""},
        {GRAPH_LINEAR, NULL, ":", "a b c d e", ""},
        {GRAPH_LINEAR, NULL, "base:base", "", ""},
        {GRAPH_LINEAR, NULL, "head-1:head", "d e", ""},
        {GRAPH_LINEAR, "a b c d", "-2:current", "b c d", ""},
        {GRAPH_LINEAR, "a b c", "current:", "c d e", ""},
        {GRAPH_LINEAR, "a b c", ":current", "a b c", ""},
        {GRAPH_LINEAR, "", ":current", "", ""},
        {GRAPH_LINEAR, "", "current:", "a b c d e", ""},
        {GRAPH_DIAMOND, NULL, "aaaa:mmmm", "aaaa bb11 bb22 mmmm", ""},
        {GRAPH_DIAMOND, NULL, "left:mmmm", "bb11 mmmm", ""},
        {GRAPH_FORK, NULL, "b:heads", "b c1 d1 c2 d2", ""},
        {GRAPH_FORK, NULL, "b:c1branch@head", "b c1 d1", ""},
        {"", NULL, ":", "", ""},
        {GRAPH_LINEAR, NULL, "d:b", NULL, "the older end stands first: b:d"},
        {GRAPH_LINEAR, NULL, "d:base", NULL, "base:d"},
        {GRAPH_FORK, NULL, "c1:d2", NULL, "pgbraid history --graph"},
        {GRAPH_FORK, NULL, "c1", NULL, "a range is A:B"},
        {GRAPH_FORK, NULL, "a:b:c1", NULL, "a range is A:B"},
        {GRAPH_FORK, NULL, "nope:b", NULL, "pgbraid history"},
        {GRAPH_FORK, NULL, "a:head", NULL, "c1branch@head"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_world t;
        pgb_node_list list;
        pgb_status status;

        test_world_open(&t, cases[i].files, cases[i].rows);
        status = pgb_world_range(t.w, cases[i].range, &list, &t.err);
        assert_int_equal(status, cases[i].ids != NULL ? PGB_OK : PGB_IDENTIFIER);
        if (cases[i].ids != NULL) {
            assert_string_equal(test_ids(t.w, list.at, list.n), cases[i].ids);
        } else if (strstr(t.err.hint, cases[i].hint) == NULL) {
            fail_msg("%s: %s", cases[i].range, t.err.hint);
        }
        test_world_close(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),      cmocka_unit_test(test_bad),
        cmocka_unit_test(test_one),       cmocka_unit_test(test_many_candidates),
        cmocka_unit_test(test_long_text), cmocka_unit_test(test_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
