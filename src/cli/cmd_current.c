#include "cli/list.h"

static const pgb_example examples[] = {
    {"pgbraid current", "what the database of this project is at"},
    {"pgbraid current -d production", "the same of an environment that pgbraid.ini names"},
    {NULL, NULL},
};

static pgb_status run(pgb_ctx *ctx)
{
    const pgb_world *w = ctx->world;
    pgb_node_list current;
    pgb_lister lister;
    pgb_status status = pgb_world_current(w, &current, ctx->err);

    if (status != PGB_OK) {
        return status;
    }
    if (ctx->json) {
        pgb_json json;

        pgb_json_init(&json, pgb_out_json(ctx->out));
        pgb_json_object(&json);
        pgb_list_json(&json, "current", w, current);
        pgb_json_end(&json);
        pgb_out_raw(ctx->out, "\n", 1);
        return PGB_OK;
    }
    status = pgb_lister_init(&lister, ctx);
    for (uint32_t i = 0; status == PGB_OK && i < current.n; i++) {
        const pgb_applied *row = w->nodes[current.at[i]].applied;

        pgb_bits_unset(&lister.current, current.at[i]); /* all are; no need to say so */
        status = pgb_list_line(&lister, ctx->out, current.at[i], true);
        pgb_out_raw(ctx->out, "\n", 1);
        if (ctx->verbose > 0 && row != NULL) {
            pgb_out_printf(ctx->out, "    %s at %s by %s from %s, version %s\n",
                           row->stamped ? "stamped" : "applied", row->at, row->by, row->from,
                           row->tool_version);
        }
    }
    if (status == PGB_OK && current.n == 0) {
        pgb_say(ctx, "nothing is applied");
    }
    return status;
}

const pgb_command pgb_command_current = {
    .name = "current",
    .summary = "list the applied revisions that are no parent of an applied one",
    .operands = "",
    .about = "With -v it is told when and by whom each was applied. A database without history has "
             "nothing applied, which is no error.",
    .examples = examples,
    .needs = PGB_NEED_CONF | PGB_NEED_REVISIONS | PGB_NEED_DATABASE,
    .embedded = PGB_EMBEDDED_START,
    .run = run,
};
