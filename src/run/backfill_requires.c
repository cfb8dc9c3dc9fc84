/* What a backfill requires: applied, or not; and a table that is there though no revision says so.
 */
#include <stdio.h>
#include <string.h>

#include "rev/script.h"
#include "run/backfill_internal.h"
#include "sql/parse.h"

pgb_status pgb_backfill_missing(const pgb_backfill *backfill, const pgb_world *world,
                                pgb_arena *arena, const char ***ret_ids, uint32_t *ret_n,
                                pgb_error *err)
{
    const char **ids = pgb_arena_array(arena, backfill->n_requires + 1, sizeof *ids);
    uint32_t n = 0;

    if (ids == NULL) {
        return pgb_error_nomem(err);
    }
    for (uint32_t i = 0; i < backfill->n_requires; i++) {
        uint32_t node = backfill->requires[i].node;

        if (node == PGB_NODE_NONE || !pgb_bits_get(&world->applied, node)) {
            ids[n++] = node != PGB_NODE_NONE ? world->nodes[node].id : backfill->requires[i].text;
        }
    }
    *ret_ids = ids;
    *ret_n = n;
    return PGB_OK;
}

static pgb_status is_there(bf *x, const pgb_touch *t, bool *ret_there, pgb_error *err)
{
    const char *schema =
        t->schema != NULL ? pgb_quote_ident(x->r->session, x->arena, t->schema) : "";
    const char *name = pgb_quote_ident(x->r->session, x->arena, t->name);
    const char *whole =
        schema != NULL && name != NULL
            ? pgb_arena_printf(x->arena, "%s%s%s", schema, t->schema != NULL ? "." : "", name)
            : NULL;
    const char *const values[1] = {whole};
    AUTO_RESULT(got);
    pgb_status status;

    if (whole == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_exec_params(x->r->session,
                             "SELECT pg_catalog.to_regclass($1::pg_catalog.text) IS NOT NULL", 1,
                             values, &got, err);
    *ret_there = status == PGB_OK && pgb_result_bool(got, 0, 0);
    return status;
}

/* The first table that the revision would make and that is there; NULL: none. */
static pgb_status find_orphan(bf *x, const pgb_revision *rev, const char **ret_table,
                              pgb_error *err)
{
    pgb_script *script = NULL;
    pgb_parser *parser = NULL;
    pgb_objects objects = {0};
    pgb_item item;
    pgb_status status = pgb_script_open(x->o.world->set, rev, PGB_SECTION_UP, 0, &script, err);

    if (status == PGB_OK) {
        status = pgb_parser_new(&parser, err);
    }
    for (item.kind = PGB_ITEM_STATEMENT; status == PGB_OK && item.kind != PGB_ITEM_END;) {
        pgb_facts facts;

        status = pgb_script_next(script, &item, err);
        if (status == PGB_OK && item.kind == PGB_ITEM_STATEMENT) {
            status = pgb_parse_facts(parser, item.text, item.len, x->arena, &facts, &objects, err);
        }
    }
    for (size_t i = 0; status == PGB_OK && i < objects.list.n && *ret_table == NULL; i++) {
        const pgb_touch *t = &objects.list.at[i];
        bool there = false;

        if (t->verb == PGB_VERB_CREATE && t->kind == PGB_OBJECT_TABLE && t->column == NULL) {
            status = is_there(x, t, &there, err);
            *ret_table = there ? t->name : NULL;
        }
    }
    pgb_vec_done(&objects.list);
    pgb_parser_free(parser);
    pgb_script_close(script);
    return status;
}

pgb_status bf_check_requires(bf *x, pgb_error *err)
{
    const pgb_world *w = x->o.world;
    const char **ids = NULL;
    const char *table = NULL;
    uint32_t n = 0;
    pgb_status status = pgb_backfill_missing(x->b, w, x->arena, &ids, &n, err);

    if (status != PGB_OK || n == 0) {
        return status;
    }
    for (uint32_t i = 0; i < x->b->n_requires; i++) {
        const pgb_ref *ref = &x->b->requires[i];

        if (ref->node == PGB_NODE_NONE || pgb_bits_get(&w->applied, ref->node)) {
            continue;
        }
        /* best effort: it only makes the hint better */
        if (w->nodes[ref->node].rev != NULL && w->nodes[ref->node].applied == NULL) {
            pgb_error ignored = PGB_ERROR_INIT;

            status = find_orphan(x, w->nodes[ref->node].rev, &table, &ignored);
            if (status == PGB_NOMEM || status == PGB_CONNECT) {
                if (err != NULL && err->status == PGB_OK) {
                    *err = ignored;
                }
                return status;
            }
        }
        pgb_error_set(err, PGB_REFUSED,
                      "the backfill %s requires revision %s, which is not applied", x->b->name,
                      ids[0]);
        if (table != NULL) {
            pgb_error_detail(err,
                             "The table %s exists, but migration %s is not recorded: somebody "
                             "made it by hand or with another tool.",
                             table, ids[0]);
            pgb_error_hint(err,
                           "If it is what %s would make, record that: pgbraid stamp "
                           "--verified %s",
                           ids[0], ids[0]);
        } else {
            pgb_error_hint(err, "Apply it first: pgbraid upgrade %s", ids[0]);
        }
        pgb_backfill_at(x->b, ref->line, ref->column, err);
        break;
    }
    return err != NULL ? err->status : PGB_REFUSED;
}
