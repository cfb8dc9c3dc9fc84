/* Every allocation of graph and plan made to fail, one after the other: PGB_NOMEM or the answer
 * that stands without it, never another answer, a crash or a leak. */
#include "plan_helper.h"

#include "graph/rails.h"

/* Counts down to the allocation that fails; 0: none does. */
static unsigned long fail_at, n_calls;

static bool fails(void)
{
    n_calls++;
    return fail_at != 0 && n_calls == fail_at;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

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

/* An arena has room left more often than not; so its own calls fail, too. */
void *__real_pgb_arena_alloc(pgb_arena *arena, size_t size);
void *__real_pgb_arena_array(pgb_arena *arena, size_t count, size_t size);
void *__wrap_pgb_arena_alloc(pgb_arena *arena, size_t size);
void *__wrap_pgb_arena_array(pgb_arena *arena, size_t count, size_t size);

void *__wrap_pgb_arena_alloc(pgb_arena *arena, size_t size)
{
    return fails() ? NULL : __real_pgb_arena_alloc(arena, size);
}

void *__wrap_pgb_arena_array(pgb_arena *arena, size_t count, size_t size)
{
    return fails() ? NULL : __real_pgb_arena_array(arena, count, size);
}

typedef struct job {
    char kind; /* u d s p: plans; r: resolve; 1: one; :: range; h: heads, current; l: labels; g:
                  rails */
    const char *argument;
    pgb_status status;
} job;

static void draw_id(void *data, uint32_t node, pgb_buf *marker, pgb_buf *text)
{
    const pgb_world *w = data;

    pgb_buf_puts(marker, "o");
    pgb_buf_puts(text, w->nodes[node].id);
}

static pgb_status run_in(pgb_world *w, const job *j, char *result, size_t size, pgb_error *err)
{
    const char *targets[] = {j->argument};
    pgb_plan plan = {NULL, 0};
    pgb_node_list list = {NULL, 0};
    pgb_target target = {.base = false};
    uint32_t node = 0, n = 0;
    const char *const *labels = NULL;
    PGB_AUTO_BUF(drawing);
    uint32_t *order;
    pgb_status status;

    switch (j->kind) {
    case 'r':
        status = pgb_world_resolve(w, j->argument, &target, err);
        list = target.nodes;
        break;
    case '1':
        status = pgb_world_resolve_one(w, j->argument, &node, err);
        list = (pgb_node_list){&node, 1};
        break;
    case ':':
        status = pgb_world_range(w, j->argument, &list, err);
        break;
    case 'h':
        status = pgb_world_heads(w, &list, err);
        if (status == PGB_OK) {
            status = pgb_world_current(w, &list, err);
        }
        break;
    case 'l':
        status = pgb_world_labels(w, w->n - 1, &labels, &n, err);
        break;
    case 'g':
        order = pgb_arena_array(w->arena, w->n, sizeof *order);
        for (uint32_t i = 0; order != NULL && i < w->n; i++) {
            order[i] = w->order[w->n - 1 - i];
        }
        status = order == NULL
                     ? pgb_error_nomem(err)
                     : pgb_rails_draw(w->graph, order, w->n, NULL, draw_id, w, &drawing, err);
        snprintf(result, size, "%s", pgb_buf_str(&drawing));
        return status;
    case 'u':
        status = pgb_plan_upgrade(w, targets, 1, &plan, err);
        break;
    case 'd':
        status = pgb_plan_downgrade(w, j->argument, &plan, err);
        break;
    default:
        status = pgb_plan_stamp(w, targets, 1, j->kind == 'p', &plan, err);
        break;
    }
    if (status == PGB_OK) {
        snprintf(result, size, "%s|%s|%s", test_ids(w, list.at, list.n), test_steps(w, &plan),
                 n > 0 ? labels[0] : "");
    }
    return status;
}

/* The world is built anew each time, so that its allocations fail too. */
static pgb_status run(test_world *t, const job *j, char *result, size_t size)
{
    pgb_world *w = NULL;
    pgb_status status;

    pgb_error_clear(&t->err);
    n_calls = 0;
    status = pgb_world_build(&t->set, &t->rows, NULL, &w, &t->err);
    if (status == PGB_OK) {
        status = run_in(w, j, result, size, &t->err);
    }
    pgb_world_free(w);
    return status;
}

static void torture(const char *files, const char *rows, const job *jobs, size_t n)
{
    test_world t;
    unsigned long all = 0;

    fail_at = 0;
    test_world_try(&t, files, rows);
    for (size_t i = 0; i < n; i++) {
        static char expected[256 * 1024], got[256 * 1024];
        unsigned long total;

        fail_at = 0;
        expected[0] = '\0';
        assert_int_equal(run(&t, &jobs[i], expected, sizeof expected), jobs[i].status);
        total = n_calls;
        assert_true(total > 5);
        all += total;
        for (unsigned long at = 1; at <= total; at++) {
            pgb_status status;

            got[0] = '\0';
            fail_at = at;
            status = run(&t, &jobs[i], got, sizeof got);
            fail_at = 0;
            if (status == PGB_OK) {
                assert_string_equal(got, expected);
            } else if (status != PGB_NOMEM) {
                assert_int_equal(status, jobs[i].status);
            }
            assert_int_equal(t.err.status, status);
        }
    }
    test_world_close(&t);
    print_message("# %lu allocations failed, one at a time\n", all);
}

static void test_forks(void **state)
{
    static const job jobs[] = {
        {'h', "", PGB_OK},
        {'l', "", PGB_OK},
        {'g', "", PGB_OK},
        {'r', "heads", PGB_OK},
        {'r', "c1branch@head-1^", PGB_OK},
        {'r', "c1branch@-1", PGB_OK},
        {'r', "base+2", PGB_OK},
        {'r', "head", PGB_IDENTIFIER},
        {'r', "b+1", PGB_IDENTIFIER},
        {'r', "-1", PGB_IDENTIFIER},
        {'r', "c", PGB_IDENTIFIER},
        {'r', "nope", PGB_IDENTIFIER},
        {'1', "d1", PGB_OK},
        {'1', "heads", PGB_IDENTIFIER},
        {':', "b:heads", PGB_OK},
        {':', "d1:b", PGB_IDENTIFIER},
        {'u', "heads", PGB_OK},
        {'d', "c1branch@base", PGB_OK},
        {'d', "b", PGB_OK},
        {'d', "d2", PGB_REFUSED},
        {'d', "base", PGB_REFUSED},
        {'s', "c1", PGB_OK},
        {'p', "heads", PGB_OK},
    };

    (void)state;
    torture("a%n b<a c1<b!c1branch c2<b!c2branch d1<c1 d2<c2", "a b c1 d1 c2", jobs,
            sizeof jobs / sizeof *jobs);
}

static void test_cycles(void **state)
{
    static const job jobs[] = {{'h', "", PGB_PROJECT}};

    (void)state;
    torture("a<d b<a c<b d<c e<d", "a", jobs, 1);
}

/* So large that every array is an allocation of its own; wide, so that what grows grows. */
static void test_large(void **state)
{
    static const job jobs[] = {
        {'h', "", PGB_OK},
        {'l', "", PGB_OK},
        {'g', "", PGB_OK},
        {'r', "r0010@+1", PGB_OK},
        {'r', "-1", PGB_IDENTIFIER},
        {'r', "head", PGB_IDENTIFIER},
        {'r', "r00", PGB_IDENTIFIER},
        {'r', "r1000^", PGB_OK},
        {':', "r0000:r1000", PGB_OK},
        {':', "r1000:r0000", PGB_IDENTIFIER},
        {'u', "r1000", PGB_OK},
        {'d', "r0010@base", PGB_OK},
        {'d', "r0000", PGB_OK},
        {'d', "base", PGB_REFUSED},
        {'s', "r0500", PGB_OK},
    };
    static char files[64 * 1024], rows[32 * 1024];
    size_t len = (size_t)snprintf(files, sizeof files, "r0000%%n"), row_len;

    (void)state;
    row_len = (size_t)snprintf(rows, sizeof rows, "r0000 r0010 gone<r0000~r0010!old%%t");
    for (unsigned i = 1; i <= 1200; i++) {
        unsigned parent = i <= 40 ? 0 : i - 40;

        len += (size_t)snprintf(files + len, sizeof files - len, " r%04u<r%04u", i, parent);
        if (i % 40 == 0 && i > 80) {
            len += (size_t)snprintf(files + len, sizeof files - len, ",r%04u~r%04u!b%u", i - 41,
                                    i - 42, i);
        }
        if (i <= 40 && i != 10) {
            row_len += (size_t)snprintf(rows + row_len, sizeof rows - row_len, " r%04u", i);
        }
    }
    torture(files, rows, jobs, sizeof jobs / sizeof *jobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forks),
        cmocka_unit_test(test_cycles),
        cmocka_unit_test(test_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
