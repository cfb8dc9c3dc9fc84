/*
 * Where a project's embedded server keeps what it has, and as whom it runs. Internal to scratch.
 *
 * The state folder is ROOT/.pgbraid where the server's user can enter it, else a folder of the
 * user's or the system's state directory, named after the project's path. Files in it are only
 * opened through its descriptor, never through a link, so that root working in another's project is
 * not led elsewhere.
 */
#ifndef PGB_SCRATCH_PLACE_H
#define PGB_SCRATCH_PLACE_H

#include "base/proc.h"
#include "scratch/scratch.h"

typedef struct pgb_place {
    const char *root;  /* canonical */
    const char *state; /* the state folder */
    const char *data;  /* STATE/data */
    const char *log;   /* STATE/log */
    int dir;           /* descriptor of the state folder; -1: it is not there */
    bool in_project;
    pgb_user user; /* as whom the server runs; set only when we are root */
    uid_t uid;     /* the same, always */
    uid_t owner;   /* of what we write into the state folder */
    gid_t owner_gid;
} pgb_place;

/* Finds the state folder, and makes it when `make`. */
pgb_status pgb_place_open(const char *root, bool make, pgb_arena *arena, pgb_place *ret_place,
                          pgb_error *err);
void pgb_place_close(pgb_place *place);
/* Removes the state folder, whose data is gone already; files that are not ours stay, and it. */
void pgb_place_remove(const pgb_place *place);

/* Opens STATE/name; with O_CREAT in flags it is made, and belongs to the folder's owner. -1 and
 * errno otherwise. */
int pgb_place_file(const pgb_place *place, const char *name, int flags);

/* The user that servers run as when we are root and no project says otherwise: postgres, else
 * nobody. Not set when we are not root. */
pgb_status pgb_place_server_user(pgb_user *ret_user, pgb_error *err);

/* A name that can't be foreseen for a new folder below TMPDIR, where the server's user may make
 * one; with `socket`, short enough for a socket. Nothing is made. */
pgb_status pgb_place_temp_name(const pgb_user *user, const char *prefix, bool socket,
                               pgb_arena *arena, const char **ret_dir, pgb_error *err);
/* Can the server have its socket in there: is the path short and plain enough? */
bool pgb_place_fits_socket(const char *dir);
/* A new folder of mode 0700 that belongs to the server's user, with a short path fit for a socket;
 * its name starts with `prefix` and can't be foreseen. */
pgb_status pgb_place_socket_dir(const pgb_user *user, const char *prefix, pgb_arena *arena,
                                const char **ret_dir, pgb_error *err);
/* Is it a folder, no link, of that owner, and closed to all others? */
bool pgb_place_socket_dir_safe(const char *dir, uid_t uid);
/* Removes a socket folder and the sockets in it; anything else is left alone. */
void pgb_place_socket_dir_remove(const char *dir, uid_t uid);
/* Can that user enter the folder? */
bool pgb_place_enterable(const pgb_user *user, const char *dir);

#endif
