/* What the files of plan share. Not for other modules. */
#ifndef PGB_PLAN_INTERNAL_H
#define PGB_PLAN_INTERNAL_H

#include "base/buf.h"
#include "plan/plan.h"

/* Labels that a revision itself carries: its file's, else its row's. */
uint32_t pgb_world_n_own_labels(const pgb_world *w, uint32_t node);
const char *pgb_world_own_label(const pgb_world *w, uint32_t node, uint32_t i);

bool pgb_world_any(const pgb_bits *set, pgb_nodes nodes); /* one of the nodes is in the set */
/* The members of a set, oldest first, in the world's arena. */
pgb_status pgb_world_list(const pgb_world *w, const pgb_bits *set, pgb_node_list *ret_list,
                          pgb_error *err);
/* Members without a child (and, with_depends, without a dependent) in the set. */
pgb_status pgb_world_tips(const pgb_world *w, const pgb_bits *set, bool with_depends,
                          pgb_node_list *ret_tips, pgb_error *err);
/* Members with no member above them at all, be it that others stand between. */
pgb_status pgb_world_tops(const pgb_world *w, const pgb_bits *set, bool with_depends,
                          pgb_node_list *ret_tops, pgb_error *err);
/* The node, its ancestors and its descendants; the set is in the arena. */
pgb_status pgb_world_lineage(const pgb_world *w, uint32_t node, bool with_depends, pgb_arena *arena,
                             pgb_bits *ret_set, pgb_error *err);

/* Candidates of an ambiguous identifier, with the spelling for each. Zeroed at first. */
enum { PGB_CANDIDATES_SHOWN = 12 };
typedef struct pgb_candidates {
    uint32_t n, n_shown;
    uint32_t nodes[PGB_CANDIDATES_SHOWN];
    size_t begin[PGB_CANDIDATES_SHOWN], len[PGB_CANDIDATES_SHOWN]; /* in spellings */
    pgb_buf spellings; /* with ", " between, as the hint has them */
} pgb_candidates;

void pgb_candidates_add(pgb_candidates *c, uint32_t node, const char *spelling);
/* Puts detail (spelling, id and title, line by line) and hint onto an error that is set already,
 * frees; `see` ends the hint ("see pgbraid heads"). PGB_NOMEM when there was no memory for it, else
 * the status given. */
pgb_status pgb_candidates_done(pgb_candidates *c, const pgb_world *w, pgb_status status,
                               const char *see, pgb_error *err);

/* Text from outside for a message: shown harmlessly and cut. */
enum { PGB_SHOWN_SIZE = 128 };
typedef struct pgb_shown {
    char text[PGB_SHOWN_SIZE];
} pgb_shown;
pgb_shown pgb_show(const char *text, size_t len);

/* A target of a command that goes one way; a bare step the other way is an error that says so. */
pgb_status pgb_plan_target(const pgb_world *w, const char *text, bool up, pgb_target *ret_target,
                           pgb_error *err);

/* Steps of one action for a set: oldest first, or newest first when reverse. */
pgb_status pgb_plan_append(const pgb_world *w, const pgb_bits *set, pgb_action action, bool reverse,
                           pgb_plan *plan, pgb_error *err);

#endif
