/*
 * A private server made ready like a live database: where revisions are run to see what they make.
 *
 * Guarantee: the server is of the live one's major version where that is installed (else a note
 * says so), and is gone with the stage. Roles that the live database refers to are stubs there:
 * NOLOGIN and without rights, but for those who applied revisions, which are superusers, so that
 * what they make is theirs. Encoding, locale (C where the live one is not installed), settings of
 * the database and of those roles, and tablespaces are like the live ones. Nothing is copied of the
 * live schema. Floor 4 (base, pg, scratch).
 *
 * Sequence: open, database, then runs at the conninfo of a database and role; after a failure ask
 * pgb_stage_mend whether to try again; close.
 */
#ifndef PGB_PROVE_STAGE_H
#define PGB_PROVE_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

typedef struct pgb_stage pgb_stage;

typedef struct pgb_stage_options {
    const char *bin;  /* folder of postgres and initdb; NULL: search */
    const char *live; /* conninfo of the database to be like; NULL: none, everything usual */
    const char *const *appliers; /* roles that run revisions; NULL entries are passed over */
    uint32_t n_appliers;
    const volatile int *interrupted; /* may be NULL */
} pgb_stage_options;

pgb_status pgb_stage_open(const pgb_stage_options *options, pgb_stage **ret_stage, pgb_error *err);
void pgb_stage_close(pgb_stage *stage); /* NULL is allowed */

/* Makes an empty database of that name. */
pgb_status pgb_stage_database(pgb_stage *stage, const char *name, pgb_error *err);
/* Makes a database like another of this stage, to which nobody may be connected. */
pgb_status pgb_stage_copy(pgb_stage *stage, const char *from, const char *name, pgb_error *err);
/* Drops a database, whoever is connected, and then the roles and tablespaces that are not in
 * `keep`: lines that begin with "role NAME" or "tablespace NAME" (quoted as needed), as
 * pgb_site_roles gives them; NULL: all stay. */
pgb_status pgb_stage_drop(pgb_stage *stage, const char *name, const char *keep, pgb_error *err);
/* URI of a database, as a role (NULL: the server's superuser); in the arena, NULL: no memory. */
const char *pgb_stage_conninfo(const pgb_stage *stage, const char *database, const char *role,
                               pgb_arena *arena);

/* After a failure because of a role: makes the stub that was missing, or takes away the one that
 * the revision wants to make itself. *ret_again: it may be tried again. */
pgb_status pgb_stage_mend(pgb_stage *stage, const pgb_error *failure, bool *ret_again,
                          pgb_error *err);

int pgb_stage_version(const pgb_stage *stage); /* of the private server: 150018 */
/* What is not like the live server; NULL behind the last. */
const char *pgb_stage_note(const pgb_stage *stage, uint32_t nth);
const char *pgb_stage_log(const pgb_stage *stage); /* the server's log file */

#endif
