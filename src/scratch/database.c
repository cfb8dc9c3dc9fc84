#include "scratch/database.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "pg/pg.h"
#include "scratch/cluster.h"

enum { MAKE_MS = 10000, POLL_MS = 10 };

void pgb_database_name(const char *project, char name[PGB_DATABASE_NAME])
{
    size_t len = 0;

    for (; len < PGB_DATABASE_NAME - 1 && project[len] != '\0'; len++) {
        char c = project[len];

        if (c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        name[len] = (char)((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9' && len > 0) ? c : '_');
    }
    name[len] = '\0';
    if (len == 0 || strcmp(name, "postgres") == 0 || strncmp(name, "template", 8) == 0 ||
        strncmp(name, "pg_", 3) == 0) {
        snprintf(name, PGB_DATABASE_NAME, "project%s%.50s", len > 0 ? "_" : "",
                 len > 0 ? project : "");
        for (char *at = name; *at != '\0'; at++) {
            if (!((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9'))) {
                *at = '_';
            }
        }
    }
}

static pgb_status find_database(pgb_session *session, const char *name, bool *ret_there,
                                pgb_error *err)
{
    const char *const values[] = {name};
    pgb_result *found = NULL;
    pgb_status status = pgb_exec_params(
        session, "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", 1, values, &found, err);

    if (status == PGB_OK) {
        *ret_there = pgb_result_rows(found) > 0;
    }
    pgb_result_free(found);
    return status;
}

/* A command that was killed while the server made the database may have left the server at it: then
 * ours fails, and is tried again until theirs is through. */
static pgb_status make_database(pgb_session *session, const char *name, pgb_arena *arena,
                                pgb_error *err)
{
    int64_t deadline = pgb_deadline_in(MAKE_MS);
    /* the name has only a-z, 0-9 and _ */
    char *sql = pgb_arena_printf(arena, "CREATE DATABASE \"%s\"", name);

    if (sql == NULL) {
        return pgb_error_nomem(err);
    }
    for (;;) {
        pgb_error why = PGB_ERROR_INIT;
        bool there = false;
        pgb_status status = find_database(session, name, &there, err);

        if (status != PGB_OK || there) {
            return status;
        }
        status = pgb_exec(session, sql, NULL, &why);
        if (status != PGB_SQL || pgb_deadline_left(deadline) == 0) {
            if (status != PGB_OK && err != NULL && err->status == PGB_OK) {
                *err = why;
            }
            return status;
        }
        pgb_clock_sleep_ms(POLL_MS);
    }
}

pgb_status pgb_database_have(const char *socket_dir, const char *name, bool make, pgb_arena *arena,
                             int *ret_version, pgb_error *err)
{
    pgb_session *session = NULL;
    pgb_session_options o = {.connect_timeout_ms = 15000};
    pgb_status status = PGB_OK;

    o.conninfo = pgb_cluster_uri(socket_dir, "postgres", arena);
    if (o.conninfo == NULL) {
        return pgb_error_nomem(err);
    }
    status = pgb_session_open(&o, &session, err);
    if (status != PGB_OK) {
        return status;
    }
    *ret_version = pgb_session_server_version(session);
    if (make) {
        status = make_database(session, name, arena, err);
    }
    pgb_session_close(session);
    return status;
}
