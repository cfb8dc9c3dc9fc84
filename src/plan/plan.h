/*
 * Plans: from the files, the applied set and a target to ordered steps. Pure: no file, no server.
 *
 * Guarantee: the same world and target give the same plan on every machine; a plan is complete
 * (what a step needs is applied or comes before it), ordered and minimal. Semantics of targets are
 * those of DESIGN (identifiers, downgrade). Errors are PGB_IDENTIFIER with the candidates and the
 * spelling for each. Floor 3 (base, graph, plain data of rev and history).
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
    const pgb_applied *applied; /* NULL: not applied */
    bool late;                  /* pending below an applied one */
    bool edited; /* applied; the up hash differs, raw and normalised (needs hashes, see below) */
    bool edited_blank; /* only line ends or trailing blanks differ: a note */
    bool down_changed; /* a note */
    bool reparented; /* applied; recorded parents differ from the file's (implied parents excepted)
                      */
} pgb_world_node;

/* The graph is the files', plus stored rows (with stored parents) for applied revisions without a
 * file. Nodes 0..set->n-1 are the set's revisions in file order, missing ones follow by seq. */
typedef struct pgb_world {
    pgb_arena *arena;
    const pgb_revset *set;
    const pgb_applied_set *applied_set; /* NULL: none known */
    pgb_world_node *nodes;
    uint32_t n;
    const pgb_graph *graph;
    pgb_bits applied;
    pgb_map by_id;
    uint32_t *order; /* topological, oldest first, branch after branch */
} pgb_world;

/* hashes: for node i < set->n its up and down hashes if known, else NULL entries (then edited stays
 * false); NULL: none known. applied_set may be NULL. */
typedef struct pgb_world_hashes {
    const char *up_raw, *up_norm, *down_raw, *down_norm;
} pgb_world_hashes;
pgb_status pgb_world_build(const pgb_revset *set, const pgb_applied_set *applied_set,
                           const pgb_world_hashes *hashes, pgb_world **ret_world, pgb_error *err);
void pgb_world_free(pgb_world *world);

/* A list of nodes in the world's arena. */
typedef struct pgb_node_list {
    uint32_t *at;
    uint32_t n;
} pgb_node_list;

/* Revisions without a child by parent edges, in order. */
pgb_status pgb_world_heads(const pgb_world *w, pgb_node_list *ret_heads, pgb_error *err);
/* Applied revisions that are no parent of an applied one. */
pgb_status pgb_world_current(const pgb_world *w, pgb_node_list *ret_current, pgb_error *err);
/* Labels that reach a node (they spread to descendants, and back to ancestors up to, not including,
 * a branch or merge point). */
pgb_status pgb_world_labels(const pgb_world *w, uint32_t node, const char *const **ret_labels,
                            uint32_t *ret_n, pgb_error *err);

/* What an identifier names: for use by show, history, new, merge, …: one or several nodes; base
 * gives none with *ret_base true. */
typedef struct pgb_target {
    pgb_node_list nodes;
    bool base;
    uint32_t branch; /* LABEL@… : the node that carries the label, else PGB_NODE_NONE */
} pgb_target;
pgb_status pgb_world_resolve(const pgb_world *w, const char *identifier, pgb_target *ret_target,
                             pgb_error *err);
/* Exactly one revision, or PGB_IDENTIFIER. */
pgb_status pgb_world_resolve_one(const pgb_world *w, const char *identifier, uint32_t *ret_node,
                                 pgb_error *err);
/* A:B, A:, :B as history -r takes it: the revisions between, both ends included, oldest first. */
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

/* n = 0: heads. A target at or below what is applied adds nothing. */
pgb_status pgb_plan_upgrade(const pgb_world *w, const char *const *targets, uint32_t n,
                            pgb_plan *ret_plan, pgb_error *err);
/* Refused (PGB_REFUSED) when a step has no way back: no down, irreversible, or nothing stored. */
pgb_status pgb_plan_downgrade(const pgb_world *w, const char *target, pgb_plan *ret_plan,
                              pgb_error *err);
/* The record only: stamps what the targets need, unstamps what lies above them in their lineage;
 * purge: forget everything first, rows without files too. */
pgb_status pgb_plan_stamp(const pgb_world *w, const char *const *targets, uint32_t n, bool purge,
                          pgb_plan *ret_plan, pgb_error *err);

#endif
