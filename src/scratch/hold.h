/*
 * Who may touch a project's embedded server when, and the small files that say so. Internal to
 * scratch.
 *
 * Two files in the state folder are locked with flock(2), which a killed process gives back:
 * start.lock, exclusively, by whoever looks at, starts or stops the server; users.lock, shared, by
 * every user for as long as it uses the server. Whoever holds start.lock and can have users.lock
 * alone is the last user. start.lock is always taken first. A lock is given back by closing its
 * descriptor.
 */
#ifndef PGB_SCRATCH_HOLD_H
#define PGB_SCRATCH_HOLD_H

#include "scratch/cluster.h"
#include "scratch/place.h"

/* Past the deadline PGB_CONNECT, with the id of who holds it. */
pgb_status pgb_hold_start(const pgb_place *place, int64_t deadline, int *ret_fd, pgb_error *err);
pgb_status pgb_hold_users(const pgb_place *place, int64_t deadline, int *ret_fd, pgb_error *err);
/* Gives the lock on users.lock back; true: there is no other user, and it is ours alone now. */
bool pgb_hold_alone(int users);

/* `db start`'s marker: this run of the server goes on when nobody uses it. */
pgb_status pgb_hold_keep(const pgb_place *place, const pgb_postmaster *p, pgb_error *err);
bool pgb_hold_kept(const pgb_place *place, const pgb_postmaster *p);

/* The socket's folder of this run, so that it can be removed even after a kill. */
pgb_status pgb_hold_note_socket(const pgb_place *place, const char *dir, pgb_error *err);
/* Removes it. */
void pgb_hold_forget_socket(const pgb_place *place);

#endif
