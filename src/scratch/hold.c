#include "scratch/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum { LOCK_POLL_MS = 10 };

/* Takes the lock of a file in the state folder. A file that `db reset` removed meanwhile locks
 * nobody out: it is opened again. */
static pgb_status lock_file(const pgb_place *place, const char *name, bool shared, int64_t deadline,
                            int *ret_fd, pgb_error *err)
{
    for (;;) {
        PGB_AUTO_FD(fd) = pgb_place_file(place, name, O_RDWR | O_CREAT);
        struct stat st;

        if (fd < 0 && errno == EACCES) {
            fd = pgb_place_file(place, name, O_RDONLY);
        }
        if (fd < 0) {
            return pgb_error_set_errno(err, PGB_IO, errno, "cannot open %s/%s", place->state, name);
        }
        while (flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK && errno != EINTR) {
                return pgb_error_set_errno(err, PGB_IO, errno, "cannot lock %s/%s", place->state,
                                           name);
            }
            if (pgb_deadline_left(deadline) == 0) {
                char who[32] = "";
                ssize_t got = pread(fd, who, sizeof who - 1, 0);

                pgb_error_set(err, PGB_CONNECT,
                              "the embedded PostgreSQL is being started or "
                              "stopped by another pgbraid");
                if (got > 0) {
                    pgb_error_detail(err, "It is process %d.", (int)strtol(who, NULL, 10));
                }
                pgb_error_hint(err, "Try again in a while.");
                return PGB_CONNECT;
            }
            pgb_clock_sleep_ms(LOCK_POLL_MS);
        }
        if (fstat(fd, &st) == 0 && st.st_nlink > 0) {
            *ret_fd = fd;
            fd = -1;
            return PGB_OK;
        }
    }
}

pgb_status pgb_hold_start(const pgb_place *place, int64_t deadline, int *ret_fd, pgb_error *err)
{
    pgb_status status = lock_file(place, "start.lock", false, deadline, ret_fd, err);
    char me[32];
    int len = snprintf(me, sizeof me, "%d\n", (int)getpid());

    /* for the message of who waits; no decision hangs on it */
    if (status == PGB_OK && ftruncate(*ret_fd, 0) == 0 && pwrite(*ret_fd, me, (size_t)len, 0) < 0) {
        return PGB_OK;
    }
    return status;
}

pgb_status pgb_hold_users(const pgb_place *place, int64_t deadline, int *ret_fd, pgb_error *err)
{
    return lock_file(place, "users.lock", true, deadline, ret_fd, err);
}

bool pgb_hold_alone(int users)
{
    /* flock takes the shared lock away before it tries: exactly what a user who leaves wants */
    return flock(users, LOCK_EX | LOCK_NB) == 0;
}

/* db start's marker holds for one run of the server: its content names that run. */
static void keep_text(const pgb_postmaster *p, char *text, size_t size)
{
    snprintf(text, size, "%d %lld\n", (int)p->pid, (long long)p->started);
}

bool pgb_hold_kept(const pgb_place *place, const pgb_postmaster *p)
{
    PGB_AUTO_FD(fd) = pgb_place_file(place, "keep", O_RDONLY);
    char want[64], have[64] = "";

    keep_text(p, want, sizeof want);
    return fd >= 0 && pread(fd, have, sizeof have - 1, 0) > 0 && strcmp(want, have) == 0;
}

pgb_status pgb_hold_keep(const pgb_place *place, const pgb_postmaster *p, pgb_error *err)
{
    PGB_AUTO_FD(fd) = pgb_place_file(place, "keep", O_WRONLY | O_CREAT | O_TRUNC);
    char text[64];

    keep_text(p, text, sizeof text);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        return pgb_error_set_errno(err, PGB_IO, errno, "cannot write %s/keep", place->state);
    }
    return PGB_OK;
}

pgb_status pgb_hold_note_socket(const pgb_place *place, const char *dir, pgb_error *err)
{
    PGB_AUTO_FD(fd) = pgb_place_file(place, "socket", O_WRONLY | O_CREAT | O_TRUNC);

    if (fd < 0 || write(fd, dir, strlen(dir)) != (ssize_t)strlen(dir)) {
        return pgb_error_set_errno(err, PGB_IO, errno, "cannot write %s/socket", place->state);
    }
    return PGB_OK;
}

void pgb_hold_forget_socket(const pgb_place *place)
{
    PGB_AUTO_FD(fd) = pgb_place_file(place, "socket", O_RDONLY);
    char dir[256] = "";

    if (fd >= 0 && pread(fd, dir, sizeof dir - 1, 0) > 0) {
        pgb_place_socket_dir_remove(dir, place->uid);
    }
    unlinkat(place->dir, "socket", 0);
}
