/* Every allocation of the renderers made to fail, one after the other: PGB_NOMEM or the same bytes,
 * never other ones, a crash or a leak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/svg.h"
#include "sample.h"

static unsigned long fail_at, n_calls;

static bool fails(void)
{
    n_calls++;
    return fail_at != 0 && n_calls == fail_at;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_pgb_arena_alloc(pgb_arena *arena, size_t size);
void *__real_pgb_arena_array(pgb_arena *arena, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_pgb_arena_alloc(pgb_arena *arena, size_t size);
void *__wrap_pgb_arena_array(pgb_arena *arena, size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

void *__wrap_pgb_arena_alloc(pgb_arena *arena, size_t size)
{
    return fails() ? NULL : __real_pgb_arena_alloc(arena, size);
}

void *__wrap_pgb_arena_array(pgb_arena *arena, size_t count, size_t size)
{
    return fails() ? NULL : __real_pgb_arena_array(arena, count, size);
}

typedef pgb_status renderer(const pgb_report *r, pgb_buf *out, pgb_error *err);

static pgb_status graph_folded(const pgb_report *r, pgb_buf *out, pgb_error *err)
{
    pgb_svg_options options = {.folded = true};

    return pgb_svg_graph(r, &options, out, err);
}

static pgb_status schema_alone(const pgb_report *r, pgb_buf *out, pgb_error *err)
{
    pgb_svg_options options = {.alone = true};

    return pgb_svg_schema(r, &options, out, err);
}

static void fail_each(renderer *render)
{
    pgb_buf right = PGB_BUF_INIT;
    sample s;
    unsigned long calls, refused = 0, step;

    fail_at = 0;
    assert_int_equal(sample_make(&s, "a <b> `c`", "r1", NULL), PGB_OK);
    n_calls = 0;
    assert_int_equal(render(&s.report, &right, NULL), PGB_OK);
    calls = n_calls;
    /* the text functions allocate for every name: a stride that meets all kinds of places */
    step = calls > 3000 ? calls / 3000 : 1;
    for (unsigned long i = 1; i <= calls; i += i < 200 ? 1 : step) {
        pgb_buf out = PGB_BUF_INIT;
        pgb_error err = PGB_ERROR_INIT;
        pgb_status status;

        n_calls = 0;
        fail_at = i;
        status = render(&s.report, &out, &err);
        fail_at = 0;
        if (status == PGB_OK) {
            assert_false(out.failed);
            assert_string_equal(pgb_buf_str(&out), pgb_buf_str(&right));
        } else {
            assert_int_equal(status, PGB_NOMEM);
            refused++;
        }
        pgb_buf_done(&out);
    }
    assert_true(refused > 0);
    pgb_buf_done(&right);
    sample_done(&s);
}

static void test_text(void **state)
{
    (void)state;
    fail_each(pgb_report_text);
}

static void test_markdown(void **state)
{
    (void)state;
    fail_each(pgb_report_markdown);
}

static void test_json(void **state)
{
    (void)state;
    fail_each(pgb_report_json);
}

static void test_html(void **state)
{
    (void)state;
    fail_each(pgb_report_html);
}

static void test_graph(void **state)
{
    (void)state;
    fail_each(graph_folded);
}

static void test_schema(void **state)
{
    (void)state;
    fail_each(schema_alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text), cmocka_unit_test(test_markdown), cmocka_unit_test(test_json),
        cmocka_unit_test(test_html), cmocka_unit_test(test_graph),    cmocka_unit_test(test_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
