#include "scratch/place.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"

#define IGNORE "# made by pgbraid: the embedded server's data\n*\n"

static int enter(const void *dir)
{
    return access(dir, X_OK) == 0 ? 0 : 1;
}

bool pgb_place_enterable(const pgb_user *user, const char *dir)
{
    return pgb_proc_call_as(user, enter, dir) == 0;
}

pgb_status pgb_place_server_user(pgb_user *ret_user, pgb_error *err)
{
    if (geteuid() != 0) {
        *ret_user = (pgb_user){0};
        return PGB_OK;
    }
    if (pgb_user_by_name("postgres", ret_user) || pgb_user_by_name("nobody", ret_user)) {
        return PGB_OK;
    }
    pgb_error_set(err, PGB_FAILED,
                  "PostgreSQL refuses to run as root, and there is no user "
                  "postgres or nobody to run it as");
    pgb_error_hint(err, "Run pgbraid as another user, or: adduser --system postgres");
    return PGB_FAILED;
}

static bool is_dir_at(const char *parent, const char *name, struct stat *st)
{
    char path[4096];

    return (size_t)snprintf(path, sizeof path, "%s/%s", parent, name) < sizeof path &&
           lstat(path, st) == 0 && S_ISDIR(st->st_mode);
}

/* Root runs the server as whoever has its data already, else as the project's owner, so that the
 * same server is there with and without sudo. */
static pgb_status choose_user(pgb_place *p, const struct stat *root, pgb_error *err)
{
    char inside[4096];
    struct stat st;
    pgb_status status;

    p->uid = geteuid();
    if (p->uid != 0) {
        p->user = (pgb_user){0};
        return PGB_OK;
    }
    snprintf(inside, sizeof inside, "%s/.pgbraid", p->root);
    if (is_dir_at(inside, "data", &st) && st.st_uid != 0) {
        p->user = (pgb_user){.set = true, .uid = st.st_uid, .gid = st.st_gid};
    } else if (root->st_uid == 0 || !pgb_user_by_uid(root->st_uid, &p->user)) {
        status = pgb_place_server_user(&p->user, err);
        if (status != PGB_OK) {
            return status;
        }
    }
    p->uid = p->user.uid;
    return PGB_OK;
}

/* The folder for states outside of projects. */
static pgb_status outside_parent(const pgb_place *p, pgb_arena *arena, const char **ret,
                                 pgb_error *err)
{
    const char *set = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    struct passwd entry, *found = NULL;
    char space[4096];

    if (set != NULL && set[0] == '/' && pgb_place_enterable(&p->user, set)) {
        *ret = pgb_arena_printf(arena, "%s/pgbraid", set);
    } else if (geteuid() == 0) {
        *ret = "/var/lib/pgbraid";
    } else {
        if (home == NULL || home[0] != '/') {
            if (getpwuid_r(geteuid(), &entry, space, sizeof space, &found) != 0 || found == NULL) {
                pgb_error_set(err, PGB_FAILED, "there is no place for the embedded server's data");
                pgb_error_detail(err,
                                 "The project's folder can't be written, and HOME is not set.");
                pgb_error_hint(err, "Set XDG_STATE_HOME, or name a database with -d URL.");
                return PGB_FAILED;
            }
            home = entry.pw_dir;
        }
        *ret = pgb_arena_printf(arena, "%s/.local/state/pgbraid", home);
    }
    return *ret != NULL ? PGB_OK : pgb_error_nomem(err);
}

static pgb_status outside(const pgb_place *p, pgb_arena *arena, const char **ret, pgb_error *err)
{
    pgb_hash hash = {0};
    char hex[PGB_HASH_HEX], name[33];
    const char *parent, *base = strrchr(p->root, '/') + 1;
    size_t len = 0;
    pgb_status status = pgb_hash_init(&hash, err);

    if (status == PGB_OK) {
        status = pgb_hash_update(&hash, p->root, strlen(p->root), err);
    }
    if (status == PGB_OK) {
        status = pgb_hash_hex(&hash, hex, err);
    }
    pgb_hash_done(&hash);
    if (status == PGB_OK) {
        status = outside_parent(p, arena, &parent, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    /* a name that a person recognises; the hash alone tells projects apart */
    for (; len < sizeof name - 1 && base[len] != '\0'; len++) {
        char c = base[len];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        name[len] = (char)(plain || c == '-' ? c : '_');
    }
    name[len] = '\0';
    *ret = pgb_arena_printf(arena, "%s/%s-%.16s", parent, len > 0 ? name : "root", hex);
    return *ret != NULL ? PGB_OK : pgb_error_nomem(err);
}

/* May ROOT/.pgbraid be the state folder? */
static bool inside_fits(const pgb_place *p, const char *inside)
{
    struct stat st;
    bool there = lstat(inside, &st) == 0;

    if (geteuid() == 0) {
        return pgb_place_enterable(&p->user, p->root) && (!there || S_ISDIR(st.st_mode));
    }
    if (there) {
        /* another user's server is not ours to start: we get one of our own */
        return S_ISDIR(st.st_mode) && st.st_uid == geteuid();
    }
    return access(p->root, W_OK | X_OK) == 0;
}

static pgb_status choose_folder(pgb_place *p, const struct stat *root, pgb_arena *arena,
                                pgb_error *err)
{
    const char *inside = pgb_arena_printf(arena, "%s/.pgbraid", p->root);
    const char *other = NULL;
    struct stat st;
    bool fits, has_data;
    pgb_status status;

    if (inside == NULL) {
        return pgb_error_nomem(err);
    }
    if (lstat(inside, &st) == 0 && S_ISLNK(st.st_mode)) {
        pgb_error_set(err, PGB_PROJECT, "%s is a symbolic link", inside);
        pgb_error_hint(err, "The embedded server's state must be a folder: remove the link.");
        return PGB_PROJECT;
    }
    fits = inside_fits(p, inside);
    has_data = is_dir_at(inside, "data", &st) && st.st_uid == p->uid;
    if (!has_data) {
        status = outside(p, arena, &other, err);
        if (status != PGB_OK && !fits) {
            return status;
        }
        if (status != PGB_OK) {
            pgb_error_clear(err);
            other = NULL;
        }
    }
    p->in_project = has_data || (fits && !(other != NULL && is_dir_at(other, "data", &st)));
    p->state = p->in_project ? inside : other;
    p->owner = geteuid() == 0 && p->in_project ? root->st_uid : geteuid();
    p->owner_gid = geteuid() == 0 && p->in_project ? root->st_gid : getegid();
    p->data = pgb_arena_printf(arena, "%s/data", p->state);
    p->log = pgb_arena_printf(arena, "%s/log", p->state);
    return p->data != NULL && p->log != NULL ? PGB_OK : pgb_error_nomem(err);
}

int pgb_place_file(const pgb_place *place, const char *name, int flags)
{
    int fd = openat(place->dir, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
    struct stat st;

    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1 ||
        ((flags & O_CREAT) && st.st_uid == geteuid() && st.st_uid != place->owner &&
         fchown(fd, place->owner, place->owner_gid) != 0)) {
        pgb_fd_close(&fd);
        errno = EPERM;
        return -1;
    }
    return fd;
}

static void write_small(const pgb_place *p, const char *name, const char *text)
{
    PGB_AUTO_FD(fd) = pgb_place_file(p, name, O_WRONLY | O_CREAT | O_TRUNC);
    ssize_t put = fd >= 0 ? write(fd, text, strlen(text)) : 0;

    (void)put; /* for people only */
}

static pgb_status make_folder(pgb_place *p, pgb_error *err)
{
    struct stat st;
    bool made;

    if (!p->in_project) {
        char parent[4096];

        snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(p->state, '/') - p->state), p->state);
        if (pgb_dir_make(parent, geteuid() == 0 ? 0755 : 0700, err) != PGB_OK) {
            pgb_error_hint(err, "The embedded server's data was to go there. Set XDG_STATE_HOME to "
                                "another folder, or name a database with -d URL.");
            return err != NULL ? err->status : PGB_IO;
        }
    }
    made = mkdir(p->state, geteuid() == 0 || p->in_project ? 0755 : 0700) == 0;
    if (!made && errno != EEXIST) {
        pgb_error_set_errno(err, PGB_IO, errno, "cannot make the folder %s", p->state);
        pgb_error_hint(err, "The embedded server's data was to go there. Name a database with -d "
                            "URL to do without.");
        return PGB_IO;
    }
    p->dir = open(p->state, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (p->dir < 0 || fstat(p->dir, &st) != 0) {
        return pgb_error_set_errno(err, PGB_IO, errno, "cannot open the folder %s", p->state);
    }
    if (made) {
        /* a tight umask must not keep the server's user out */
        if (geteuid() == 0 && (fchmod(p->dir, 0755) != 0 ||
                               (st.st_uid == 0 && fchown(p->dir, p->owner, p->owner_gid) != 0))) {
            return pgb_error_set_errno(err, PGB_IO, errno, "cannot set up the folder %s", p->state);
        }
        if (p->in_project) {
            write_small(p, ".gitignore", IGNORE);
        }
    }
    return PGB_OK;
}

/* For people who look for the data. */
static void leave_word(const pgb_place *p)
{
    char inside[4096], text[8300];
    pgb_place word = *p;
    struct stat st;

    snprintf(text, sizeof text, "%s\n", p->root);
    write_small(p, "project", text);
    if (fstatat(AT_FDCWD, p->root, &st, 0) != 0 || st.st_uid != geteuid()) {
        return;
    }
    snprintf(inside, sizeof inside, "%s/.pgbraid", p->root);
    mkdir(inside, 0755);
    word.dir = open(inside, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (word.dir >= 0) {
        snprintf(text, sizeof text, "%s\n", p->state);
        write_small(&word, "location", text);
        write_small(&word, ".gitignore", IGNORE);
        pgb_fd_close(&word.dir);
    }
}

pgb_status pgb_place_open(const char *root, bool make, pgb_arena *arena, pgb_place *ret_place,
                          pgb_error *err)
{
    pgb_place p = {.dir = -1};
    char *real = realpath(root, NULL);
    struct stat st;
    pgb_status status;
    bool fresh;

    if (real == NULL && errno == ENOMEM) {
        return pgb_error_nomem(err);
    }
    if (real == NULL || stat(real, &st) != 0) {
        free(real);
        return pgb_error_set_errno(err, PGB_PROJECT, errno, "cannot open the folder %s", root);
    }
    p.root = pgb_arena_strdup(arena, real);
    free(real);
    if (p.root == NULL) {
        return pgb_error_nomem(err);
    }
    if (strlen(p.root) > 3800) {
        return pgb_error_set(err, PGB_PROJECT, "the path of the project's folder is too long");
    }
    status = choose_user(&p, &st, err);
    if (status == PGB_OK) {
        status = choose_folder(&p, &st, arena, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    p.dir = open(p.state, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    fresh = p.dir < 0;
    if (fresh && errno != ENOENT) {
        return pgb_error_set_errno(err, PGB_IO, errno, "cannot open the folder %s", p.state);
    }
    if (fresh && make) {
        status = make_folder(&p, err);
        if (status == PGB_OK && !p.in_project) {
            leave_word(&p);
        }
    }
    if (status != PGB_OK) {
        pgb_fd_close(&p.dir);
        return status;
    }
    *ret_place = p;
    return PGB_OK;
}

static void remove_files(int dir, const char *path, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        unlinkat(dir, names[i], 0);
    }
    if (unlinkat(dir, ".gitignore", 0) == 0 && rmdir(path) != 0) {
        pgb_place left = {.dir = dir, .owner = geteuid()};

        write_small(&left, ".gitignore", IGNORE);
    } else {
        rmdir(path);
    }
}

void pgb_place_remove(const pgb_place *place)
{
    static const char *const files[] = {"log",     "log.old",    "keep",       "socket",
                                        "project", "users.lock", "start.lock", NULL};
    static const char *const words[] = {"location", NULL};

    remove_files(place->dir, place->state, files);
    if (!place->in_project) {
        char path[4096];
        PGB_AUTO_FD(fd) = -1;

        snprintf(path, sizeof path, "%s/.pgbraid", place->root);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0) {
            remove_files(fd, path, words);
        }
        snprintf(path, sizeof path, "%.*s", (int)(strrchr(place->state, '/') - place->state),
                 place->state);
        rmdir(path); /* shared by projects: goes with the last */
    }
}

void pgb_place_close(pgb_place *place)
{
    pgb_fd_close(&place->dir);
}

/* The server reads the folder's path from a list: nothing that would need quoting there. */
static bool plain_path(const char *path)
{
    return path[0] == '/' &&
           path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789/._-+@%~")] == '\0';
}

bool pgb_place_fits_socket(const char *dir)
{
    struct sockaddr_un address;

    return plain_path(dir) && strlen(dir) + strlen("/.s.PGSQL.5432") < sizeof address.sun_path;
}

static int enter_and_write(const void *dir)
{
    return access(dir, X_OK | W_OK) == 0 ? 0 : 1;
}

static bool name_in(const char *parent, const char *prefix, bool socket, char *path, size_t size)
{
    return parent != NULL && parent[0] == '/' &&
           (size_t)snprintf(path, size, "%s/%s%012llx", parent, prefix,
                            (unsigned long long)(pgb_random_u64() >> 16)) < size &&
           (!socket || pgb_place_fits_socket(path));
}

static pgb_status no_place(pgb_error *err)
{
    pgb_error_set(err, PGB_FAILED, "no temporary folder will do for the server");
    pgb_error_detail(err, "Tried: XDG_RUNTIME_DIR, TMPDIR, /tmp and /var/tmp. The path of a socket "
                          "has at most 107 bytes, and the server's user must be able to enter it.");
    pgb_error_hint(err, "Set TMPDIR to a folder with a short path that everybody may enter.");
    return PGB_FAILED;
}

pgb_status pgb_place_temp_name(const pgb_user *user, const char *prefix, bool socket,
                               pgb_arena *arena, const char **ret_dir, pgb_error *err)
{
    const char *const parents[] = {getenv("TMPDIR"), "/tmp", "/var/tmp"};
    char path[4096];

    for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++) {
        if (name_in(parents[i], prefix, socket, path, sizeof path) &&
            pgb_proc_call_as(user, enter_and_write, parents[i]) == 0) {
            *ret_dir = pgb_arena_strdup(arena, path);
            return *ret_dir != NULL ? PGB_OK : pgb_error_nomem(err);
        }
    }
    return no_place(err);
}

/* mkdir fails when the name is taken, by a link too: nobody can lay one in our way. */
static bool make_for(const pgb_user *user, const char *path)
{
    int fd;

    if (mkdir(path, 0700) != 0) {
        return false;
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && (!user->set || fchown(fd, user->uid, user->gid) == 0)) {
        pgb_fd_close(&fd);
        return true;
    }
    pgb_fd_close(&fd);
    rmdir(path);
    return false;
}

pgb_status pgb_place_socket_dir(const pgb_user *user, const char *prefix, pgb_arena *arena,
                                const char **ret_dir, pgb_error *err)
{
    /* the run-time folder of a user goes at logout, which ends what runs then anyway */
    const char *const parents[] = {user->set ? NULL : getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"),
                                   "/tmp", "/var/tmp"};
    char path[4096];

    for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++) {
        if (name_in(parents[i], prefix, true, path, sizeof path) &&
            pgb_place_enterable(user, parents[i]) && make_for(user, path)) {
            *ret_dir = pgb_arena_strdup(arena, path);
            if (*ret_dir == NULL) {
                rmdir(path);
                return pgb_error_nomem(err);
            }
            return PGB_OK;
        }
    }
    return no_place(err);
}

bool pgb_place_socket_dir_safe(const char *dir, uid_t uid)
{
    struct stat st;

    return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid &&
           (st.st_mode & 0077) == 0;
}

void pgb_place_socket_dir_remove(const char *dir, uid_t uid)
{
    const char *name = strrchr(dir, '/');
    PGB_AUTO_FD(fd) = -1;
    struct stat st;

    if (name == NULL || strncmp(name, "/pgbraid-", 9) != 0) {
        return;
    }
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_uid != uid) {
        return;
    }
    unlinkat(fd, ".s.PGSQL.5432", 0);
    unlinkat(fd, ".s.PGSQL.5432.lock", 0);
    rmdir(dir);
}
