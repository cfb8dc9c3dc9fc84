/*
 * Which database: -d, DATABASE_URL, pgbraid.ini, libpq's variables, or the embedded server, in this
 * order. Starts and asks nothing.
 *
 * Guarantee: what was meant to name a database and does not (an empty -d or DATABASE_URL, an
 * unknown environment, environments in pgbraid.ini of which none is chosen) is PGB_USAGE, so that a
 * deploy that forgot its URL never succeeds elsewhere. No message shows a URL. Floor 6.
 */
#ifndef PGB_CLI_TARGET_H
#define PGB_CLI_TARGET_H

#include "base/arena.h"
#include "base/err.h"
#include "cli/cli.h"
#include "conf/conf.h"

/* option: what -d says, NULL: not given. What is set in *ret_db lives as long as the arena, the
 * config, the option and the environment. */
pgb_status pgb_target_choose(const char *option, const pgb_conf *conf, pgb_arena *arena,
                             pgb_db *ret_db, pgb_error *err);

/* Copies the arguments into the arena and blanks, where the kernel shows them to every user
 * (process titles), those that may hold a password. To be called first of all, and only with
 * main's own argv. The copy ends with NULL. */
pgb_status pgb_target_scrub_argv(int argc, char **argv, pgb_arena *arena,
                                 const char *const **ret_argv, pgb_error *err);

#endif
