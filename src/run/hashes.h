/*
 * Hashes of the files of applied revisions, so that an edit is seen.
 *
 * Only revisions that are applied are read, and their SQL is not parsed: an applied file that was
 * broken since is an edited one, no error. Floor 4.
 */
#ifndef PGB_RUN_HASHES_H
#define PGB_RUN_HASHES_H

#include "history/history.h"
#include "plan/plan.h"
#include "rev/rev.h"

/* One entry for each revision of the set, in its order, for pgb_world_build; members are NULL where
 * nothing is applied or there is no such section. Everything lives in the arena. */
pgb_status pgb_hashes_of_applied(const pgb_revset *set, const pgb_applied_set *applied,
                                 pgb_arena *arena, pgb_world_hashes **ret_hashes, pgb_error *err);

#endif
