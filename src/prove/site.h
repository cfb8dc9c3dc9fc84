/*
 * A database on a stage in which revisions are taken up and down, one at a time.
 *
 * Guarantee: a revision that fails, hangs or loses its connection is told apart from what is wrong
 * with us; after a failure the site says whether it may be gone on with or has to be made again
 * (`spoiled`). Making it again also takes back what lies outside of the database: roles that the
 * revisions made. Floor 4 (base, pg, rev, plan, catalog, run, prove/stage.h).
 *
 * Sequence: open, run…, read, close. A site belongs to one thread; one site at a time may run
 * revisions on a stage, since roles are the server's.
 */
#ifndef PGB_PROVE_SITE_H
#define PGB_PROVE_SITE_H

#include "catalog/catalog.h"
#include "plan/plan.h"
#include "prove/stage.h"

struct pgb_session;
typedef struct pgb_site pgb_site;

typedef struct pgb_site_options {
    pgb_stage *stage;
    const char *database;            /* name; made by open */
    const char *template_;           /* database that it is made like; NULL: empty */
    const char *role;                /* who runs revisions; NULL: the superuser */
    const pgb_world *world;          /* without an applied set */
    const char *schema;              /* of the history; NULL: "pgbraid" */
    int64_t timeout_ms;              /* for one way of one revision; < 0: none */
    bool outside;                    /* revisions that call the outside world are run, too */
    const volatile int *interrupted; /* may be NULL */
} pgb_site_options;

pgb_status pgb_site_open(const pgb_site_options *options, pgb_site **ret_site, pgb_error *err);
void pgb_site_close(pgb_site *site); /* NULL is allowed; the database stays */

/* How a run ended, as far as the revision is concerned. */
typedef enum pgb_site_outcome {
    PGB_SITE_DONE,
    PGB_SITE_FAILED,  /* `failure` says why */
    PGB_SITE_TIMEOUT, /* likewise */
    PGB_SITE_CANNOT   /* it can't be run on this machine: `failure` says what it lacks */
} pgb_site_outcome;

/* Runs the up or down of one revision, as `upgrade` and `downgrade` would. Errors are what has
 * nothing to do with the revision. */
pgb_status pgb_site_run(pgb_site *site, pgb_action action, uint32_t node,
                        pgb_site_outcome *ret_outcome, pgb_error *failure, pgb_error *err);
/* The last failure may have left something. */
bool pgb_site_spoiled(const pgb_site *site);
/* Empties it and applies those nodes, which worked before. */
pgb_status pgb_site_again(pgb_site *site, const uint32_t *nodes, size_t n, pgb_error *err);

/* For rows, counting and probing; the superuser's, outside a transaction. */
struct pgb_session *pgb_site_session(pgb_site *site);
pgb_status pgb_site_read(pgb_site *site, pgb_catalog **ret_catalog, pgb_error *err);
/* What belongs to the server and a revision may make: "role x", one a line, sorted, with its
 * rights and memberships. */
pgb_status pgb_site_roles(pgb_site *site, pgb_arena *arena, const char **ret_roles, pgb_error *err);
/* Nobody is connected to it until the next call that needs it: so it can be a template. */
void pgb_site_leave(pgb_site *site);

#endif
