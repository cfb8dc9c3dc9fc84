/* What the two halves of the facade share. Floor 5. */
#ifndef PGB_LIB_INTERNAL_H
#define PGB_LIB_INTERNAL_H

#include "conf/conf.h"
#include "pgbraid/pgbraid.h"
#include "plan/plan.h"
#include "rev/rev.h"

struct pgbraid_error {
    pgb_error err;
};

struct pgbraid_project {
    pgb_arena *arena;
    pgb_conf *conf;
    pgb_revset *set;
    pgb_world *world; /* of the files alone */
    uint32_t *place;  /* of each node in world->order */
};

/* The error to fill: the caller's, emptied, or one that nobody sees. */
pgb_error *pgb_lib_error(pgbraid_error *error, pgb_error *unseen);
pgbraid_status pgb_lib_status(pgb_status status);

#endif
