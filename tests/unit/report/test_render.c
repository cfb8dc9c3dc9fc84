/* All renderers over one model in which every text is hostile: nothing comes out raw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/svg.h"
#include "sample.h"

typedef pgb_status renderer(const pgb_report *r, pgb_buf *out, pgb_error *err);

static pgb_status graph_alone(const pgb_report *r, pgb_buf *out, pgb_error *err)
{
    pgb_svg_options options = {.alone = true};

    return pgb_svg_graph(r, &options, out, err);
}

static pgb_status schema_alone(const pgb_report *r, pgb_buf *out, pgb_error *err)
{
    pgb_svg_options options = {.alone = true};

    return pgb_svg_schema(r, &options, out, err);
}

static renderer *const renderers[] = {pgb_report_text, pgb_report_markdown, pgb_report_json,
                                      pgb_report_html, graph_alone,         schema_alone};
enum { N_RENDERERS = sizeof renderers / sizeof renderers[0] };

static void render(unsigned which, const char *text, pgb_buf *out)
{
    sample s;

    assert_int_equal(sample_make(&s, text, "abc123", NULL), PGB_OK);
    assert_int_equal(renderers[which](&s.report, out, NULL), PGB_OK);
    assert_false(out->failed);
    sample_done(&s);
}

static uint32_t count(const char *text, const char *part)
{
    uint32_t n = 0;

    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) {
        n++;
    }
    return n;
}

static void test_control_bytes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_RENDERERS; i++) {
        PGB_AUTO_BUF(out);

        render(i, "x\x1b]0;\x07\x01\x7f\xC2\x9B\xFF\xE2\x80\xAE", &out);
        for (size_t k = 0; k < out.len; k++) {
            unsigned char c = (unsigned char)out.p[k];

            assert_true(c >= 0x20 || c == '\n');
            assert_int_not_equal(c, 0x7F);
            assert_int_not_equal(c, 0xFF);
        }
        assert_null(strstr(out.p, "\xC2\x9B"));
        if (renderers[i] != pgb_report_json) { /* JSON is no text for a screen */
            assert_null(strstr(out.p, "\xE2\x80\xAE"));
        }
    }
}

static void test_markup(void **state)
{
    static const char hostile[] = "<script>alert(1)</script>\"' onload=x &amp; ]]> --> </style>";

    (void)state;
    for (unsigned i = 0; i < N_RENDERERS; i++) {
        PGB_AUTO_BUF(out), plain = PGB_BUF_INIT;

        render(i, hostile, &out);
        render(i, "x", &plain);
        if (renderers[i] == pgb_report_text || renderers[i] == pgb_report_json) {
            pgb_buf_done(&plain);
            continue;
        }
        if (renderers[i] != pgb_report_markdown) {
            /* as many elements as with harmless texts, and the text is there, escaped */
            assert_null(strstr(out.p, "<script>alert"));
            assert_int_equal(count(out.p, "<script"), count(plain.p, "<script"));
            assert_int_equal(count(out.p, "</style"), count(plain.p, "</style"));
            assert_int_equal(count(out.p, "]]>"), 0);
            assert_int_equal(count(out.p, "-->"), 0);
            assert_non_null(strstr(out.p, "&lt;script&gt;alert(1)"));
            assert_non_null(strstr(out.p, "&amp;amp;"));
        }
        pgb_buf_done(&plain);
    }
}

/* Sections with nothing to say are not there; nothing is needed. */
static void test_empty(void **state)
{
    pgb_report r = {.project = "none",
                    .made_at = "2026-01-02T03:04:05+00:00",
                    .tool_version = "1",
                    .duration_us = -1};

    (void)state;
    for (unsigned i = 0; i < N_RENDERERS; i++) {
        PGB_AUTO_BUF(out);

        assert_int_equal(renderers[i](&r, &out, NULL), PGB_OK);
        assert_null(strstr(pgb_buf_str(&out), "Backfills"));
        assert_null(strstr(pgb_buf_str(&out), "Tables"));
    }
}

static void test_same(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_RENDERERS; i++) {
        PGB_AUTO_BUF(one);
        PGB_AUTO_BUF(two);

        render(i, "text", &one);
        render(i, "text", &two);
        assert_string_equal(pgb_buf_str(&one), pgb_buf_str(&two));
    }
}

/* A chain of 1,000: readable means that its runs fold, and that the whole is there as well. */
static void test_thousand(void **state)
{
    uint32_t n = 1000, cards = 0;
    pgb_edge *edges = calloc(n, sizeof *edges);
    pgb_report_revision *revisions = calloc(n, sizeof *revisions);
    uint32_t *order = calloc(n, sizeof *order), *rank = calloc(n, sizeof *rank);
    char(*ids)[16] = calloc(n, sizeof *ids);
    pgb_arena *arena = pgb_arena_new();
    pgb_graph *g = NULL;
    pgb_report r = {.project = "long", .made_at = "", .tool_version = "1", .duration_us = -1};
    PGB_AUTO_BUF(out);

    (void)state;
    assert_true(edges != NULL && revisions != NULL && order != NULL && rank != NULL &&
                ids != NULL && arena != NULL);
    for (uint32_t i = 0; i < n; i++) {
        /* a branch every hundred */
        edges[i > 0 ? i - 1 : 0] = (pgb_edge){i,
                                              i == 0         ? 0
                                              : i % 100 == 0 ? i - 50
                                                             : i - 1,
                                              PGB_EDGE_PARENT};
        ids[i][0] = 'r';
        for (uint32_t k = 4, v = i; k > 0; k--, v /= 10) {
            ids[i][k] = (char)('0' + v % 10);
        }
        revisions[i] = (pgb_report_revision){
            .id = ids[i], .title = "t", .state = "applied", .in_scope = true, .duration_us = -1};
        order[i] = n - 1 - i;
        rank[i] = i;
    }
    assert_int_equal(pgb_graph_build(arena, n, edges, n - 1, &g, NULL), PGB_OK);
    r.graph = g;
    r.order = order;
    r.rank = rank;
    r.revisions = revisions;
    r.n_revisions = n;
    assert_int_equal(pgb_svg_graph_folds(&r, &cards, NULL), PGB_OK);
    assert_true(cards > 20 && cards < 80);
    assert_int_equal(pgb_report_html(&r, &out, NULL), PGB_OK);
    for (uint32_t i = 0; i < n; i++) {
        char link[32] = "href=\"#rev-", id[32] = "id=\"rev-";

        strncat(link, ids[i], 8);
        strncat(id, ids[i], 8);
        assert_non_null(strstr(out.p, link));
        assert_non_null(strstr(out.p, id));
    }
    assert_true(out.len < 2000000);
    free(edges);
    free(revisions);
    free(order);
    free(rank);
    free(ids);
    pgb_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_control_bytes), cmocka_unit_test(test_markup),
        cmocka_unit_test(test_empty),         cmocka_unit_test(test_same),
        cmocka_unit_test(test_thousand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
