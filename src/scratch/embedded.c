/* The embedded server of a project. Who may touch it when: hold.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "scratch/cluster.h"
#include "scratch/database.h"
#include "scratch/hold.h"
#include "scratch/place.h"

enum { WAIT_MS = 60000, LOG_MAX = 8 * 1024 * 1024 };

struct pgb_embedded {
    pgb_arena *arena;
    pgb_place place;
    pgb_cluster cluster;
    pgb_postmaster postmaster;
    int users; /* descriptor of users.lock */
    bool kept, started;
    char version[16];
    const char *conninfo;
};

/* A new data folder, made beside and renamed, so that it is there whole or not at all. */
static pgb_status make_data(const pgb_place *place, pgb_cluster *c, pgb_arena *arena,
                            pgb_error *err)
{
    char *temp = pgb_arena_printf(arena, "%s/init-XXXXXX", place->state);
    PGB_AUTO_FD(fd) = -1;
    pgb_status status = PGB_OK;
    pgb_cluster making = *c;

    if (temp == NULL) {
        return pgb_error_nomem(err);
    }
    if (mkdtemp(temp) == NULL) {
        return pgb_error_set_errno(err, PGB_IO, errno, "cannot make a folder in %s", place->state);
    }
    fd = open(temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || (place->user.set && fchown(fd, place->user.uid, place->user.gid) != 0)) {
        status = pgb_error_set_errno(err, PGB_IO, errno, "cannot set up the folder %s", temp);
    }
    making.data = temp;
    if (status == PGB_OK) {
        status = pgb_cluster_init(&making, err);
    }
    if (status == PGB_OK &&
        (renameat(AT_FDCWD, temp, place->dir, "data") != 0 || fsync(place->dir) != 0)) {
        status = pgb_error_set_errno(err, PGB_IO, errno, "cannot rename %s to data", temp);
    }
    if (status != PGB_OK) {
        pgb_dir_remove(temp, NULL);
    }
    return status;
}

/* What an interrupted initdb left. Only under start.lock. */
static pgb_status remove_half_made(const pgb_place *place, pgb_arena *arena, pgb_error *err)
{
    char **names;
    size_t n;
    pgb_status status = pgb_dir_list(place->dir, place->state, arena, &names, &n, err);

    for (size_t i = 0; status == PGB_OK && i < n; i++) {
        if (strncmp(names[i], "init-", 5) == 0) {
            pgb_cluster half = {.data = pgb_arena_printf(arena, "%s/%s", place->state, names[i]),
                                .user = place->user,
                                .uid = place->uid};

            /* its initdb may be at work still */
            status = half.data != NULL ? pgb_cluster_clear(&half, true, err) : pgb_error_nomem(err);
            if (status == PGB_OK) {
                status = pgb_dir_remove(half.data, err);
            }
        }
    }
    return status;
}

static int open_log(const pgb_place *place)
{
    int fd = pgb_place_file(place, "log", O_WRONLY | O_CREAT | O_APPEND);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > LOG_MAX) {
        renameat(place->dir, "log", place->dir, "log.old");
        pgb_fd_close(&fd);
        fd = pgb_place_file(place, "log", O_WRONLY | O_CREAT | O_APPEND);
    }
    return fd;
}

/* Starts the server, making its data folder first where there is none. Under start.lock. */
static pgb_status start_server(pgb_embedded *s, const pgb_embedded_options *options,
                               int64_t deadline, pgb_error *err)
{
    pgb_server_programs programs;
    int major = pgb_cluster_major(s->cluster.data);
    PGB_AUTO_FD(log) = -1;
    pgb_status status = pgb_scratch_find(options->bin, major, s->arena, &programs, err);

    if (status != PGB_OK) {
        if (major != 0) {
            pgb_error_context(err,
                              "the data in %s was made by PostgreSQL %d; `pgbraid db reset` "
                              "throws it away",
                              s->cluster.data, major);
        }
        return status;
    }
    s->cluster.bin = programs.bin;
    status = remove_half_made(&s->place, s->arena, err);
    if (status == PGB_OK && major == 0) {
        status = make_data(&s->place, &s->cluster, s->arena, err);
    }
    if (status == PGB_OK) {
        status = pgb_cluster_clear(&s->cluster, false, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    pgb_hold_forget_socket(&s->place);
    unlinkat(s->place.dir, "keep", 0);
    log = open_log(&s->place);
    if (log < 0) {
        return pgb_error_set_errno(err, PGB_IO, errno, "cannot open %s", s->place.log);
    }
    status =
        pgb_place_socket_dir(&s->place.user, "pgbraid-", s->arena, &s->cluster.socket_dir, err);
    if (status == PGB_OK) {
        status = pgb_hold_note_socket(&s->place, s->cluster.socket_dir, err);
        if (status == PGB_OK) {
            status = pgb_cluster_start(&s->cluster, log, deadline, &s->postmaster, err);
        }
        if (status != PGB_OK && !pgb_cluster_look(&s->cluster, &s->postmaster)) {
            pgb_place_socket_dir_remove(s->cluster.socket_dir, s->place.uid);
            unlinkat(s->place.dir, "socket", 0);
        }
    }
    s->started = status == PGB_OK;
    return status;
}

static pgb_status not_running(pgb_error *err)
{
    pgb_error_set(err, PGB_CONNECT, "the project's embedded PostgreSQL is not running");
    pgb_error_hint(err, "Start it with: pgbraid db start");
    return PGB_CONNECT;
}

/* A running server whose socket is gone (a cleaned /tmp) or was tampered with is of no use. */
static pgb_status socket_lost(pgb_embedded *s, const pgb_embedded_options *options, pgb_error *err)
{
    if (!options->start) {
        pgb_error_set(err, PGB_CONNECT,
                      "the embedded PostgreSQL runs, but its socket in %s is gone",
                      s->postmaster.socket_dir);
        pgb_error_hint(err, "Start it again with: pgbraid db start");
        return PGB_CONNECT;
    }
    return pgb_cluster_stop(&s->cluster, &s->postmaster, err);
}

static bool socket_usable(const pgb_embedded *s)
{
    char path[160];
    struct stat st;

    snprintf(path, sizeof path, "%s/.s.PGSQL.5432", s->postmaster.socket_dir);
    return pgb_place_socket_dir_safe(s->postmaster.socket_dir, s->place.uid) &&
           lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == s->place.uid;
}

static pgb_status have_server(pgb_embedded *s, const pgb_embedded_options *options,
                              int64_t deadline, pgb_error *err)
{
    bool there = pgb_cluster_look(&s->cluster, &s->postmaster);
    pgb_status status = PGB_OK;

    if (there && strcmp(s->postmaster.status, "stopping") == 0) {
        status = pgb_cluster_stop(&s->cluster, &s->postmaster, err);
        there = false;
    } else if (there && strcmp(s->postmaster.status, "ready") != 0) {
        /* whoever started it was killed before it was ready */
        status = pgb_cluster_wait_ready(&s->cluster, &s->postmaster, deadline, err);
    }
    if (status == PGB_OK && there && !socket_usable(s)) {
        status = socket_lost(s, options, err);
        there = false;
    }
    if (status == PGB_OK && !there) {
        status = options->start ? start_server(s, options, deadline, err) : not_running(err);
    }
    s->cluster.socket_dir = s->postmaster.socket_dir;
    return status;
}

static void free_server(pgb_embedded *s)
{
    pgb_fd_close(&s->users);
    pgb_place_close(&s->place);
    pgb_arena_free(s->arena);
    free(s);
}

static pgb_embedded *new_server(const char *project)
{
    pgb_embedded *s = calloc(1, sizeof *s);
    char plain[PGB_DATABASE_NAME];

    if (s == NULL || (s->arena = pgb_arena_new()) == NULL) {
        free(s);
        return NULL;
    }
    s->users = -1;
    s->place.dir = -1;
    pgb_database_name(project != NULL ? project : "", plain);
    s->cluster.name = pgb_arena_printf(s->arena, "pgbraid %s", plain);
    return s;
}

static void set_cluster(pgb_embedded *s)
{
    s->cluster.data = s->place.data;
    s->cluster.log = s->place.log;
    s->cluster.user = s->place.user;
    s->cluster.uid = s->place.uid;
}

/* Under start.lock, when this user is gone: stops the server unless somebody uses or keeps it. */
static pgb_status stop_if_last(pgb_embedded *s, pgb_error *err)
{
    pgb_postmaster now;
    pgb_status status;

    if (!pgb_hold_alone(s->users) || !pgb_cluster_look(&s->cluster, &now) ||
        pgb_hold_kept(&s->place, &now)) {
        return PGB_OK;
    }
    status = pgb_cluster_stop(&s->cluster, &now, err);
    if (status == PGB_OK) {
        pgb_hold_forget_socket(&s->place);
    }
    return status;
}

static void tell(const pgb_embedded *s, const pgb_embedded_options *options)
{
    char text[4400];

    if (options->notice != NULL) {
        snprintf(text, sizeof text, "using the embedded PostgreSQL %s, data in %s", s->version,
                 s->place.data);
        options->notice(options->data, text);
    }
}

static pgb_status have_database(pgb_embedded *s, const char *name, bool make, pgb_error *err)
{
    int version = 0;
    pgb_status status =
        pgb_database_have(s->cluster.socket_dir, name, make, s->arena, &version, err);

    snprintf(s->version, sizeof s->version, "%d.%d", version / 10000 % 1000, version % 10000);
    return status;
}

static pgb_status attach(pgb_embedded *s, const pgb_embedded_options *options, int64_t deadline,
                         pgb_error *err)
{
    char database[PGB_DATABASE_NAME];
    pgb_status status = have_server(s, options, deadline, err);

    if (status == PGB_OK) {
        pgb_database_name(options->project != NULL ? options->project : "", database);
        s->conninfo = pgb_cluster_uri(s->cluster.socket_dir, database, s->arena);
        status = s->conninfo != NULL ? have_database(s, database, options->start, err)
                                     : pgb_error_nomem(err);
    }
    if (status == PGB_OK && options->keep) {
        status = pgb_hold_keep(&s->place, &s->postmaster, err);
    }
    s->kept = status == PGB_OK && pgb_hold_kept(&s->place, &s->postmaster);
    return status;
}

/* Opens the place and takes start.lock; place.dir is -1 when there is no state folder and none is
 * to be made. A folder that `db reset` removed while we waited is looked for again. */
static pgb_status enter(pgb_embedded *s, const char *root, bool make, int64_t deadline,
                        int *ret_lock, pgb_error *err)
{
    for (;;) {
        pgb_error why = PGB_ERROR_INIT;
        struct stat st;
        pgb_status status = pgb_place_open(root, make, s->arena, &s->place, &why);

        set_cluster(s);
        if (status == PGB_OK && s->place.dir >= 0) {
            status = pgb_hold_start(&s->place, deadline, ret_lock, &why);
            if (fstat(s->place.dir, &st) == 0 && st.st_nlink == 0 &&
                pgb_deadline_left(deadline) > 0) {
                pgb_fd_close(ret_lock);
                pgb_place_close(&s->place);
                continue;
            }
        }
        if (status != PGB_OK && err != NULL && err->status == PGB_OK) {
            *err = why;
        }
        return status;
    }
}

pgb_status pgb_embedded_open(const pgb_embedded_options *options, pgb_embedded **ret_server,
                             pgb_error *err)
{
    int64_t deadline = pgb_deadline_in(options->wait_ms < 0 ? WAIT_MS : options->wait_ms);
    pgb_embedded *s = new_server(options->project);
    PGB_AUTO_FD(lock) = -1;
    pgb_status status;

    if (s == NULL || s->cluster.name == NULL) {
        if (s != NULL) {
            free_server(s);
        }
        return pgb_error_nomem(err);
    }
    status = enter(s, options->root, options->start, deadline, &lock, err);
    if (status == PGB_OK && s->place.dir < 0) {
        status = not_running(err);
    }
    if (status == PGB_OK) {
        status = pgb_hold_users(&s->place, deadline, &s->users, err);
    }
    if (status == PGB_OK) {
        status = attach(s, options, deadline, err);
        if (status != PGB_OK && s->started) {
            stop_if_last(s, NULL); /* what was started in vain is not left behind */
        }
    }
    if (status != PGB_OK) {
        free_server(s);
        return status;
    }
    tell(s, options);
    *ret_server = s;
    return PGB_OK;
}

void pgb_embedded_close(pgb_embedded *server)
{
    PGB_AUTO_FD(lock) = -1;

    if (server == NULL) {
        return;
    }
    /* who holds start.lock for longer than this will be the last user in our stead */
    if (pgb_hold_start(&server->place, pgb_deadline_in(WAIT_MS), &lock, NULL) == PGB_OK) {
        stop_if_last(server, NULL);
    }
    free_server(server);
}

const char *pgb_embedded_conninfo(const pgb_embedded *server)
{
    return server->conninfo;
}

const char *pgb_embedded_data(const pgb_embedded *server)
{
    return server->place.data;
}

const char *pgb_embedded_log(const pgb_embedded *server)
{
    return server->place.log;
}

int pgb_embedded_pid(const pgb_embedded *server)
{
    return (int)server->postmaster.pid;
}

const char *pgb_embedded_version(const pgb_embedded *server)
{
    return server->version;
}

bool pgb_embedded_kept(const pgb_embedded *server)
{
    return server->kept;
}

bool pgb_embedded_started(const pgb_embedded *server)
{
    return server->started;
}

/* Server's version by asking it; without, what the data folder says. */
static const char *ask_version(pgb_embedded *s, pgb_arena *arena)
{
    if (have_database(s, "", false, NULL) == PGB_OK) {
        return pgb_arena_strdup(arena, s->version);
    }
    return pgb_arena_printf(arena, "%d", pgb_cluster_major(s->place.data));
}

static pgb_status look(pgb_embedded *s, const char *root, const char *project, pgb_arena *arena,
                       pgb_embedded_info *info, pgb_error *err)
{
    char database[PGB_DATABASE_NAME];
    pgb_status status = pgb_place_open(root, false, s->arena, &s->place, err);

    if (status != PGB_OK) {
        return status;
    }
    set_cluster(s);
    info->data = pgb_arena_strdup(arena, s->place.data);
    info->log = pgb_arena_strdup(arena, s->place.log);
    info->initialised = s->place.dir >= 0 && pgb_cluster_major(s->place.data) != 0;
    info->running = info->initialised && pgb_cluster_look(&s->cluster, &s->postmaster) &&
                    strcmp(s->postmaster.status, "ready") == 0 && socket_usable(s);
    if (info->running) {
        s->cluster.socket_dir = s->postmaster.socket_dir;
        pgb_database_name(project != NULL ? project : "", database);
        info->pid = (int)s->postmaster.pid;
        info->kept = pgb_hold_kept(&s->place, &s->postmaster);
        info->conninfo = pgb_cluster_uri(s->cluster.socket_dir, database, arena);
        info->version = ask_version(s, arena);
    } else if (info->initialised) {
        info->version = pgb_arena_printf(arena, "%d", pgb_cluster_major(s->place.data));
    }
    return info->data == NULL || info->log == NULL ||
                   (info->initialised && info->version == NULL) ||
                   (info->running && info->conninfo == NULL)
               ? pgb_error_nomem(err)
               : PGB_OK;
}

pgb_status pgb_embedded_look(const char *root, const char *project, pgb_arena *arena,
                             pgb_embedded_info *ret_info, pgb_error *err)
{
    pgb_embedded *s = new_server(project);
    pgb_embedded_info info = {0};
    pgb_status status;

    if (s == NULL) {
        return pgb_error_nomem(err);
    }
    status = look(s, root, project, arena, &info, err);
    free_server(s);
    if (status == PGB_OK) {
        *ret_info = info;
    }
    return status;
}

static pgb_status stop_held(pgb_embedded *s, bool *ret_was_running, pgb_error *err)
{
    bool running = pgb_cluster_look(&s->cluster, &s->postmaster);
    pgb_status status = running ? pgb_cluster_stop(&s->cluster, &s->postmaster, err) : PGB_OK;

    if (status == PGB_OK) {
        status = pgb_cluster_clear(&s->cluster, false, err);
    }
    if (status == PGB_OK) {
        pgb_hold_forget_socket(&s->place);
        unlinkat(s->place.dir, "keep", 0);
        *ret_was_running = running;
    }
    return status;
}

pgb_status pgb_embedded_stop(const char *root, bool *ret_was_running, pgb_error *err)
{
    PGB_AUTO_FD(lock) = -1;
    pgb_embedded *s = new_server("");
    pgb_status status;
    bool was = false;

    if (s == NULL) {
        return pgb_error_nomem(err);
    }
    status = enter(s, root, false, pgb_deadline_in(WAIT_MS), &lock, err);
    if (status == PGB_OK && s->place.dir >= 0) {
        status = stop_held(s, &was, err);
    }
    free_server(s);
    if (status == PGB_OK && ret_was_running != NULL) {
        *ret_was_running = was;
    }
    return status;
}

pgb_status pgb_embedded_reset(const char *root, pgb_error *err)
{
    PGB_AUTO_FD(lock) = -1;
    pgb_embedded *s = new_server("");
    pgb_status status;
    bool was;

    if (s == NULL) {
        return pgb_error_nomem(err);
    }
    status = enter(s, root, false, pgb_deadline_in(WAIT_MS), &lock, err);
    if (status == PGB_OK && s->place.dir >= 0) {
        status = stop_held(s, &was, err);
        if (status == PGB_OK) {
            status = remove_half_made(&s->place, s->arena, err);
        }
        if (status == PGB_OK) {
            status = pgb_dir_remove(s->place.data, err);
        }
        if (status == PGB_OK) {
            pgb_place_remove(&s->place);
        }
    }
    free_server(s);
    return status;
}
