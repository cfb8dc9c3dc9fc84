/* Values of domains, by the search over their checks, and of types that are not known, by trying.
 */
#include <string.h>

#include "prove/maker.h"
#include "prove/put.h"

static pgb_status add_domain_checks(pgb_maker *maker, const pgb_shape_type *type, pgb_group *group,
                                    pgb_error *err)
{
    static const char *const names[] = {"value"};
    uint32_t n = 0;

    for (const pgb_shape_type *t = type; t != NULL && t->kind == 'd'; t = t->of) {
        n += t->n_checks;
    }
    group->checks = pgb_arena_array(maker->arena, (size_t)n + 1, sizeof *group->checks);
    if (group->checks == NULL) {
        return pgb_error_nomem(err);
    }
    for (const pgb_shape_type *t = type; t != NULL && t->kind == 'd'; t = t->of) {
        for (uint32_t i = 0; i < t->n_checks; i++) {
            pgb_group_check *c = &group->checks[group->n_checks++];
            pgb_status status;

            *c = (pgb_group_check){
                .check = &t->checks[i], .name = t->checks[i].name, .expr = t->checks[i].expr};
            status = pgb_check_take_apart(c->expr, names, 1, maker->arena, &c->parts, err);
            if (status != PGB_OK) {
                return status;
            }
        }
    }
    return PGB_OK;
}

static pgb_status fill_from_checks(pgb_maker *maker, pgb_domain_pool *pool, pgb_error *err)
{
    pgb_group *group = pgb_arena_alloc(maker->arena, sizeof *group);
    pgb_solve how = {.group = group, .typmod = -1, .want = maker->wanted};
    const char *const **tuples = NULL;
    uint32_t n = 0;
    pgb_status status;

    if (group == NULL) {
        return pgb_error_nomem(err);
    }
    group->n = 1;
    how.domain = pgb_shape_base(pool->type, &how.typmod);
    status = add_domain_checks(maker, pool->type, group, err);
    if (status == PGB_OK) {
        status = pgb_maker_solve(maker, &how, maker->arena, &tuples, &n, err);
    }
    pool->values = status == PGB_OK
                       ? pgb_arena_array(maker->arena, (size_t)n + 1, sizeof *pool->values)
                       : NULL;
    if (pool->values == NULL) {
        return status != PGB_OK ? status : pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (tuples[i][0] != NULL) {
            pool->values[pool->n++] = tuples[i][0];
        }
    }
    return PGB_OK;
}

pgb_status pgb_maker_break_domain(pgb_maker *maker, const pgb_shape_type *domain,
                                  const pgb_shape_check *check, const char *way, pgb_arena *arena,
                                  const char **ret_value, pgb_error *err)
{
    pgb_group group = {.n = 1};
    pgb_solve how = {.group = &group, .typmod = -1, .way = way, .want = 1};
    const char *const **tuples = NULL;
    uint32_t n = 0;
    pgb_status status = add_domain_checks(maker, domain, &group, err);

    *ret_value = NULL;
    maker->status = PGB_OK;
    how.domain = pgb_shape_base(domain, &how.typmod);
    for (uint32_t i = 0; i < group.n_checks; i++) {
        if (group.checks[i].check == check) {
            how.broken = &group.checks[i];
        }
    }
    for (int others = 0; status == PGB_OK && n == 0 && others < 2; others++) {
        how.others = others > 0;
        status = pgb_maker_solve(maker, &how, arena, &tuples, &n, err);
    }
    if (status == PGB_OK && n > 0) {
        *ret_value = tuples[0][0];
    }
    return status;
}

/* What is the input of most types. */
static const char *const usual[] = {
    "1",
    "2",
    "42",
    "0",
    "a",
    "word",
    "(1,2)",
    "{1,2}",
    "[1,2,3]",
    "[1,2]",
    "{}",
    "2020-01-02",
    "10.0.0.1",
    "0.5",
    "\"a\"=>\"1\"",
    "POINT(1 2)",
    "POINT(3 4)",
    "1.2.3",
    "a.b.c",
    "978-0-306-40615-7",
    "{1:1}/3",
    "true",
    "00000000-0000-4000-8000-000000000001",
    "12:00",
    "<1,2>",
    "1 day",
    "",
};

static pgb_status fill_by_trying(pgb_maker *maker, pgb_domain_pool *pool, int32_t typmod,
                                 pgb_error *err)
{
    size_t n = sizeof usual / sizeof usual[0];
    PGB_AUTO_BUF(list);
    PGB_AUTO_BUF(single);
    pgb_result *r = NULL;
    const char *values[2];
    pgb_error inner = PGB_ERROR_INIT;
    pgb_status status;

    (void)typmod;
    pool->values = pgb_arena_array(maker->arena, n + 1, sizeof *pool->values);
    pgb_put_array(&list, usual, n);
    pgb_buf_printf(&single, "SELECT ($1)[1]::%s::pg_catalog.text", pool->type->text);
    if (pool->values == NULL || list.failed || single.failed) {
        return pgb_error_nomem(err);
    }
    values[0] = pgb_buf_str(&list);
    values[1] = pgb_buf_str(&single);
    status = pgb_maker_need_helper(maker, &inner);
    if (status == PGB_OK) {
        status = pgb_put_try(maker->session,
                             "SELECT u.v, pg_temp.pgb_try($2::pg_catalog.text, ARRAY[u.v]) FROM "
                             "pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS u (v, n) "
                             "ORDER BY u.n",
                             2, values, &r, &inner);
    }
    if (status != PGB_OK && status != PGB_SQL) {
        if (err != NULL) {
            *err = inner;
        }
        return status;
    }
    for (int i = 0; r != NULL && i < pgb_result_rows(r); i++) {
        if (!pgb_result_null(r, i, 1) && pgb_result_value(r, i, 1)[0] != '!') {
            pool->values[pool->n] = pgb_arena_strdup(maker->arena, pgb_result_value(r, i, 0));
            if (pool->values[pool->n++] == NULL) {
                pgb_result_free(r);
                return pgb_error_nomem(err);
            }
        }
    }
    pgb_result_free(r);
    return PGB_OK;
}

pgb_status pgb_maker_pool(pgb_maker *maker, const pgb_shape_type *type, int32_t typmod,
                          const pgb_domain_pool **ret_pool, pgb_error *err)
{
    pgb_domain_pool *pool;

    for (pool = maker->pools; pool != NULL; pool = pool->next) {
        if (pool->type == type) {
            *ret_pool = pool;
            return PGB_OK;
        }
    }
    pool = pgb_arena_alloc(maker->arena, sizeof *pool);
    if (pool == NULL) {
        return pgb_error_nomem(err);
    }
    pool->type = type;
    pool->next = maker->pools;
    maker->pools = pool; /* found when its own values ask for it: empty then */
    *ret_pool = pool;
    return type->kind == 'd' ? fill_from_checks(maker, pool, err)
                             : fill_by_trying(maker, pool, typmod, err);
}
