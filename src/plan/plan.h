/*
 * Plans: from the files, the applied set and a target to ordered steps. Pure: no file, no server.
 *
 * Guarantee: the same world and target give the same plan on every machine; a plan is complete
 * (what a step needs is applied or comes before it), ordered and minimal. Semantics of targets are
 * those of DESIGN (identifiers, downgrade). Errors are PGB_IDENTIFIER with the candidates and the
 * spelling for each: a line per candidate in the detail, the spellings in the hint. All is linear
 * in revisions and edges. Floor 3 (base, graph, plain data of rev and history).
 *
 * Sequence: pgb_world_build, any of the calls below, pgb_world_free. The revision set and the
 * applied set must outlive the world. A world is for one thread: what is found on demand is kept in
 * it.
 */
#ifndef PGB_PLAN_PLAN_H
#define PGB_PLAN_PLAN_H

#include "base/bits.h"
#include "graph/graph.h"
#include "history/history.h"
#include "rev/rev.h"

/* One revision as seen from both sides: its file, its row, or both. */
typedef struct pgb_world_node {
    const char *id;
    const char *title;
    const pgb_revision *rev;    /* NULL: applied, but the file is gone ("missing") */
    const pgb_applied *applied; /* its row, NULL: none. A row that is incomplete does not make the
                                   revision applied: ask w->applied for that */
    bool late;                  /* pending below an applied one */
    bool edited; /* applied; the up hash differs, raw and normalised (needs hashes, see below) */
    bool edited_blank; /* only line ends or trailing blanks differ: a note */
    bool down_changed; /* a note */
    bool reparented; /* applied; recorded parents differ from the file's (implied parents excepted)
                      */
} pgb_world_node;

/* The graph is the files', plus stored rows (with stored parents) for applied revisions without a
 * file. Where a row records a parent whose file is gone, that stays its parent, beside those that
 * the file names. Nodes 0..set->n-1 are the set's revisions in file order, missing ones follow by
 * seq. */
typedef struct pgb_world {
    pgb_arena *arena;
    const pgb_revset *set;
    const pgb_applied_set *applied_set; /* NULL: none known */
    pgb_world_node *nodes;
    uint32_t n;
    const pgb_graph *graph;
    pgb_bits applied; /* has a row that is not incomplete */
    pgb_map by_id;
    pgb_map by_label;              /* of files, and of rows whose file is gone */
    uint32_t *order;               /* topological, oldest first, branch after branch */
    uint32_t *place;               /* of each node in order */
    struct pgb_label_sets *labels; /* found on demand */
} pgb_world;

/* hashes: for node i < set->n its up and down hashes if known, else NULL entries (then edited stays
 * false); NULL: none known. applied_set may be NULL. */
typedef struct pgb_world_hashes {
    const char *up_raw, *up_norm, *down_raw, *down_norm;
} pgb_world_hashes;
/* PGB_PROJECT when a file names a parent or dependency that is neither a file nor a row, or files
 * and rows together make a cycle. */
pgb_status pgb_world_build(const pgb_revset *set, const pgb_applied_set *applied_set,
                           const pgb_world_hashes *hashes, pgb_world **ret_world, pgb_error *err);
void pgb_world_free(pgb_world *world);

/* A list of nodes in the world's arena. */
typedef struct pgb_node_list {
    uint32_t *at;
    uint32_t n;
} pgb_node_list;

/* Revisions without a child by parent edges, in order; of the files: a row without a file is no
 * head, nor does it keep its parent from being one. */
pgb_status pgb_world_heads(const pgb_world *w, pgb_node_list *ret_heads, pgb_error *err);
/* Applied revisions that are no parent of an applied one. */
pgb_status pgb_world_current(const pgb_world *w, pgb_node_list *ret_current, pgb_error *err);
/* Labels that reach a node (they spread to descendants, and back to ancestors up to, not including,
 * a branch or merge point), sorted; in the world's arena. Linear once, then by what is returned. */
pgb_status pgb_world_labels(const pgb_world *w, uint32_t node, const char *const **ret_labels,
                            uint32_t *ret_n, pgb_error *err);

/*
 * What an identifier names: for use by show, history, new, merge, …: one or several nodes; base
 * gives none, with base true.
 *
 *   base, head, heads, current
 *   ID, a unique prefix of one, LABEL (the revision that carries it); exact ids win, then labels
 *   X+N, X-N, X^ (the parents of X: "before X"), also one after the other: head-1^
 *   +N, -N            from current; revisions that applied ones depend upon are no start
 *   LABEL@Y           Y (any of the above) within the branch: the ancestors and descendants of the
 *                     revision that carries the label; LABEL may be a revision too
 *
 * N steps that lead past a head or past base (one step below the first revision) are an error, and
 * so is a step with several ways. A range (A:B) is for pgb_world_range.
 */
typedef struct pgb_target {
    pgb_node_list nodes;
    bool base;
    uint32_t branch; /* LABEL@… : the node that carries the label, else PGB_NODE_NONE */
    uint32_t before; /* the target is the state before this revision (X^, -N), else PGB_NODE_NONE */
} pgb_target;
pgb_status pgb_world_resolve(const pgb_world *w, const char *identifier, pgb_target *ret_target,
                             pgb_error *err);
/* Of a world without an applied set: what the identifier can't be, whatever is applied (unknown,
 * ambiguous, no identifier), is said as pgb_world_resolve would. Only for what must have a file. */
pgb_status pgb_world_foresee(const pgb_world *w, const char *identifier, pgb_error *err);
/* Exactly one revision, or PGB_IDENTIFIER. */
pgb_status pgb_world_resolve_one(const pgb_world *w, const char *identifier, uint32_t *ret_node,
                                 pgb_error *err);
/* A:B, A:, :B as history -r takes it: the revisions between (descendants of A that are ancestors of
 * B), both ends included, oldest first. Ends that are not ancestor and descendant are an error. */
pgb_status pgb_world_range(const pgb_world *w, const char *range, pgb_node_list *ret_nodes,
                           pgb_error *err);

typedef enum pgb_action { PGB_UPGRADE, PGB_DOWNGRADE, PGB_STAMP, PGB_UNSTAMP } pgb_action;

typedef struct pgb_step {
    pgb_action action;
    uint32_t node;
} pgb_step;

typedef struct pgb_plan {
    pgb_step *steps;
    uint32_t n;
} pgb_plan;

/* n = 0: heads. A target at or below what is applied adds nothing, but what it needs and is late is
 * added; a branch that no target needs is never touched. A revision whose row is incomplete counts
 * as pending (PGB_REFUSED when its file is gone). */
pgb_status pgb_plan_upgrade(const pgb_world *w, const char *const *targets, uint32_t n,
                            pgb_plan *ret_plan, pgb_error *err);
/* A revision that is left out of an upgrade, and why. */
typedef struct pgb_held {
    uint32_t node;
    const char *backfill; /* it waits for this one; NULL: it needs a revision that is held */
    uint32_t behind;      /* that revision, else PGB_NODE_NONE */
} pgb_held;
typedef bool pgb_is_complete(void *data, const char *backfill);
/* Takes out of an upgrade what waits for a backfill that is not complete, and what needs such. The
 * list is in the plan's order, in the world's arena. */
pgb_status pgb_plan_hold(const pgb_world *w, pgb_is_complete *is_complete, void *data,
                         pgb_plan *plan, pgb_held **ret_held, uint32_t *ret_n, pgb_error *err);

/* One step of an upgrade with the backfills in their places: a revision, or a backfill. */
typedef struct pgb_course_step {
    const char *backfill; /* NULL: a revision */
    pgb_step step;
} pgb_course_step;

typedef struct pgb_course {
    pgb_course_step *steps;
    uint32_t n;
    pgb_held *held; /* what stays held: its backfill can't be run, or it needs such */
    uint32_t n_held;
} pgb_course;

/* May this backfill be run once these are applied? */
typedef bool pgb_may_run(void *data, const char *backfill, const pgb_bits *applied);
/* The whole course of an upgrade that runs backfills where revisions wait for them, if each comes
 * to its end: what can be applied, the backfill that the first revision held back waits for and
 * that may be run, and so on. plan: as pgb_plan_upgrade made it; it is not changed. In the world's
 * arena. */
pgb_status pgb_plan_course(const pgb_world *w, pgb_is_complete *is_complete, pgb_may_run *may_run,
                           void *data, const pgb_plan *plan, pgb_course *ret_course,
                           pgb_error *err);
/* Newest first. Refused (PGB_REFUSED) when the target is not applied, or when a step has no way
 * back (no down, irreversible, or nothing stored; all such are named). What is incomplete can go,
 * too. LABEL@T: only what is of that branch goes: revisions below the label's that others descend
 * from stay. X^: X and what hangs on it. */
pgb_status pgb_plan_downgrade(const pgb_world *w, const char *target, pgb_plan *ret_plan,
                              pgb_error *err);
/* The record only, newest first what is forgotten, then oldest first what is recorded: the targets
 * take the place of the current revisions in their lineage (ancestors, descendants, both through
 * dependencies too), other branches keep their record. `base` forgets all, LABEL@base that branch.
 * purge: everything is forgotten first, rows without files too, and what the targets need is
 * recorded anew. */
pgb_status pgb_plan_stamp(const pgb_world *w, const char *const *targets, uint32_t n, bool purge,
                          pgb_plan *ret_plan, pgb_error *err);

#endif
