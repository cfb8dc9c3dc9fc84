/* Which columns of a table are chosen together. */
#include <string.h>

#include "base/vec.h"
#include "prove/maker.h"

static uint16_t find_root(uint16_t *up, uint16_t i)
{
    while (up[i] != i) {
        i = up[i] = up[up[i]];
    }
    return i;
}

typedef struct gathering {
    pgb_maker *maker;
    const pgb_shape_table *table;
    const char **names;
    uint16_t *up;    /* union-find over columns */
    bool *spoken_of; /* columns that a check speaks of */
    PGB_VEC(pgb_group_check) checks;
    PGB_VEC(uint16_t) firsts; /* by check: one of its columns; UINT16_MAX: none */
} gathering;

static pgb_status gather_check(gathering *g, const pgb_shape_check *check, const char *name,
                               const char *expr, pgb_error *err)
{
    pgb_group_check c = {.check = check, .name = name, .expr = expr};
    uint16_t first = UINT16_MAX;
    pgb_status status =
        pgb_check_take_apart(expr, g->names, g->table->n_columns, g->maker->arena, &c.parts, err);

    if (status != PGB_OK) {
        return status;
    }
    for (uint32_t i = 0; i < c.parts.n_hints; i++) {
        uint16_t column = (uint16_t)c.parts.hints[i].column;

        g->spoken_of[column] = true;
        if (first == UINT16_MAX) {
            first = column;
        }
        g->up[find_root(g->up, column)] = find_root(g->up, first);
    }
    return pgb_vec_push(&g->checks, c) && pgb_vec_push(&g->firsts, first) ? PGB_OK
                                                                          : pgb_error_nomem(err);
}

/* A generated column that a check speaks of ties those that it is made from. */
static pgb_status tie_generated(gathering *g, pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (uint16_t i = 0; status == PGB_OK && i < g->table->n_columns; i++) {
        const pgb_shape_column *c = &g->table->columns[i];
        pgb_check_parts parts;

        if (c->expression == NULL || !g->spoken_of[i]) {
            continue;
        }
        status = pgb_check_take_apart(c->expression, g->names, g->table->n_columns, g->maker->arena,
                                      &parts, err);
        for (uint32_t h = 0; status == PGB_OK && h < parts.n_hints; h++) {
            g->spoken_of[parts.hints[h].column] = true;
            g->up[find_root(g->up, (uint16_t)parts.hints[h].column)] = find_root(g->up, i);
        }
    }
    return status;
}

/* A foreign key with a column that checks speak of is chosen together with them. */
static void tie_foreigns(gathering *g)
{
    bool again = true;

    while (again) {
        again = false;
        for (uint16_t f = 0; f < g->table->n_foreigns; f++) {
            const pgb_shape_foreign *k = &g->table->foreigns[f];
            bool any = false, all = true;

            for (uint16_t i = 0; i < k->n; i++) {
                any |= g->spoken_of[k->columns[i]];
                all &= g->spoken_of[k->columns[i]] &&
                       find_root(g->up, k->columns[i]) == find_root(g->up, k->columns[0]);
            }
            if (!any || all) {
                continue;
            }
            again = true;
            for (uint16_t i = 0; i < k->n; i++) {
                g->spoken_of[k->columns[i]] = true;
                g->up[find_root(g->up, k->columns[i])] = find_root(g->up, k->columns[0]);
            }
        }
    }
}

static pgb_status make_group(gathering *g, pgb_making *m, uint16_t root, pgb_error *err)
{
    pgb_arena *arena = g->maker->arena;
    pgb_group *group = &m->groups[m->n_groups];
    uint16_t n = g->table->n_columns;

    group->columns = pgb_arena_array(arena, n, sizeof *group->columns);
    group->checks = pgb_arena_array(arena, g->checks.n + 1, sizeof *group->checks);
    if (group->columns == NULL || group->checks == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint16_t i = 0; i < n; i++) {
        if (g->spoken_of[i] && find_root(g->up, i) == root) {
            m->group_of[i] = m->n_groups;
            group->columns[group->n++] = i;
        }
    }
    for (size_t i = 0; i < g->checks.n; i++) {
        if (g->firsts.at[i] != UINT16_MAX && find_root(g->up, g->firsts.at[i]) == root) {
            pgb_group_check *c = &group->checks[group->n_checks++];

            *c = g->checks.at[i];
            for (uint32_t h = 0; h < c->parts.n_hints; h++) {
                for (uint16_t p = 0; p < group->n; p++) {
                    if (group->columns[p] == c->parts.hints[h].column) {
                        c->parts.hints[h].column = p;
                        break;
                    }
                }
            }
        }
    }
    m->n_groups++;
    return PGB_OK;
}

static pgb_status gather(gathering *g, pgb_making *m, pgb_error *err)
{
    const pgb_shape_table *t = g->table;
    pgb_status status = PGB_OK;

    for (uint16_t i = 0; i < t->n_columns; i++) {
        g->names[i] = t->columns[i].name;
        g->up[i] = i;
        m->group_of[i] = UINT32_MAX;
    }
    for (uint16_t i = 0; status == PGB_OK && i < t->n_checks; i++) {
        status = gather_check(g, &t->checks[i], t->checks[i].name, t->checks[i].expr, err);
    }
    if (status == PGB_OK && t->route != NULL) {
        status = gather_check(g, NULL, "the bounds of its partitions", t->route, err);
    }
    if (status == PGB_OK && t->partition && t->bound != NULL) {
        status = gather_check(g, NULL, "the bounds of the partition", t->bound, err);
    }
    if (status == PGB_OK) {
        status = tie_generated(g, err);
        tie_foreigns(g);
    }
    for (uint16_t i = 0; status == PGB_OK && i < t->n_columns; i++) {
        if (g->spoken_of[i] && find_root(g->up, i) == i) {
            status = make_group(g, m, i, err);
        }
    }
    return status;
}

/* Are all of these columns among those of a unique key without a condition? */
static bool covers(const pgb_shape_unique *u, const uint16_t *columns, uint16_t n)
{
    if (!u->unique || u->expressions || u->n > n) {
        return false;
    }
    for (uint16_t i = 0; i < u->n; i++) {
        bool found = false;

        for (uint16_t c = 0; c < n; c++) {
            found |= columns[c] == u->columns[i];
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

pgb_status pgb_maker_prepare(pgb_maker *maker, const pgb_shape_table *table,
                             pgb_making **ret_making, pgb_error *err)
{
    pgb_making *m = &maker->tables[table->index];
    pgb_arena *arena = maker->arena;
    size_t n = (size_t)table->n_columns + 1;
    gathering g = {.maker = maker, .table = table};
    pgb_status status;

    *ret_making = m;
    if (m->prepared) {
        return PGB_OK;
    }
    g.names = pgb_arena_array(arena, n, sizeof *g.names);
    g.up = pgb_arena_array(arena, n, sizeof *g.up);
    g.spoken_of = pgb_arena_array(arena, n, sizeof *g.spoken_of);
    m->groups = pgb_arena_array(arena, n, sizeof *m->groups);
    m->group_of = pgb_arena_array(arena, n, sizeof *m->group_of);
    m->keys = pgb_arena_array(arena, (size_t)table->n_foreigns + 1, sizeof *m->keys);
    m->used = pgb_arena_array(arena, (size_t)table->n_uniques + 1, sizeof *m->used);
    if (g.names == NULL || g.up == NULL || g.spoken_of == NULL || m->groups == NULL ||
        m->group_of == NULL || m->keys == NULL || m->used == NULL) {
        return pgb_error_nomem(err);
    }
    status = gather(&g, m, err);
    pgb_vec_done(&g.checks);
    pgb_vec_done(&g.firsts);
    for (uint16_t f = 0; f < table->n_foreigns; f++) {
        for (uint16_t u = 0; u < table->n_uniques; u++) {
            m->keys[f].one_to_one |=
                covers(&table->uniques[u], table->foreigns[f].columns, table->foreigns[f].n);
        }
    }
    m->prepared = status == PGB_OK;
    return status;
}
