/* The project's database in the embedded server. Internal to scratch. */
#ifndef PGB_SCRATCH_DATABASE_H
#define PGB_SCRATCH_DATABASE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

enum { PGB_DATABASE_NAME = 64 };

/* The project's name as a database name that needs no quotes anywhere, and that no server has from
 * the start. */
void pgb_database_name(const char *project, char name[PGB_DATABASE_NAME]);

/* Connects, which shows that the server answers; with `make`, sees to it that there is a database
 * of that name. */
pgb_status pgb_database_have(const char *socket_dir, const char *name, bool make, pgb_arena *arena,
                             int *ret_version, pgb_error *err);

#endif
