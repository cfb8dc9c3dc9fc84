/*
 * How revisions are listed: one line for people, the same words in every command; ids in JSON.
 * Floor 6.
 */
#ifndef PGB_CLI_LIST_H
#define PGB_CLI_LIST_H

#include "cli/cli.h"

/* What is known of a revision and the database, in one word; "" when no database was asked, or
 * when it is simply applied. */
typedef struct pgb_lister {
    pgb_ctx *ctx;
    pgb_bits failed;     /* last event is a failure */
    pgb_bits heads;      /* of the files; a child whose file is gone keeps none from being one */
    pgb_bits current;    /* applied, and no parent of an applied one */
    const char *obvious; /* a state that the heading says already; NULL: none */
} pgb_lister;

pgb_status pgb_lister_init(pgb_lister *lister, pgb_ctx *ctx);

/* "failed", "late", "pending", "edited", "missing", "reparented", "applied"; NULL: no database was
 * asked. */
const char *pgb_lister_state(const pgb_lister *lister, uint32_t node);

/* "id (label) (head) (pending), title" without a newline. effective: labels that reach it, not only
 * those in its file. */
pgb_status pgb_list_line(const pgb_lister *lister, pgb_out *out, uint32_t node, bool effective);

/* "a, b and 3 more" of nodes, for messages; in the arena, "" without memory. */
const char *pgb_list_ids(pgb_ctx *ctx, pgb_node_list nodes, uint32_t most);

/* "key": [ID...] */
void pgb_list_json(pgb_json *json, const char *key, const pgb_world *w, pgb_node_list nodes);
/* {"id", "parents", "depends", "labels", "title", "file", "applied", …} */
void pgb_list_json_node(const pgb_lister *lister, pgb_json *json, uint32_t node);

#endif
