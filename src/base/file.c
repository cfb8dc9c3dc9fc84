#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/vec.h"

void pgb_fd_close(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;

        close(*fd);
        *fd = -1;
        errno = saved;
    }
}

pgb_status pgb_dir_open(const char *path, int *ret_fd, pgb_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return pgb_error_set_errno(err, PGB_PROJECT, errno, "cannot open the folder %s", path);
    }
    *ret_fd = fd;
    return PGB_OK;
}

static pgb_status refuse_link(int dir, const char *name, const char *display, pgb_error *err)
{
    char target[512];
    ssize_t len = readlinkat(dir, name, target, sizeof target - 1);

    pgb_error_set(err, PGB_PROJECT, "%s is a symbolic link", display);
    if (len > 0) {
        target[len] = '\0';
        pgb_error_detail(err, "It leads to %s.", target);
    }
    pgb_error_hint(err,
                   "Links are not followed, so that nothing outside the folder is ever read: put "
                   "the file itself there.");
    pgb_error_at(err, display, 0, 0, NULL, 0);
    return PGB_PROJECT;
}

pgb_status pgb_file_open_at(int dir, const char *name, const char *display, int *ret_fd,
                            pgb_error *err)
{
    PGB_AUTO_FD(fd) = -1;
    struct stat st;

    if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, "..") == 0) {
        return pgb_error_set(err, PGB_PROJECT, "%s is not a file name", display);
    }
    fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        int saved = errno;

        if (saved == ELOOP) {
            return refuse_link(dir, name, display, err);
        }
        pgb_error_set_errno(err, PGB_PROJECT, saved, "cannot open %s", display);
        pgb_error_at(err, display, 0, 0, NULL, 0);
        return PGB_PROJECT;
    }
    if (fstat(fd, &st) != 0) {
        return pgb_error_set_errno(err, PGB_PROJECT, errno, "cannot read %s", display);
    }
    if (!S_ISREG(st.st_mode)) {
        pgb_error_set(err, PGB_PROJECT, "%s is not a regular file", display);
        pgb_error_at(err, display, 0, 0, NULL, 0);
        return PGB_PROJECT;
    }
    *ret_fd = fd;
    fd = -1;
    return PGB_OK;
}

pgb_status pgb_file_read_fd(int fd, const char *display, size_t max, pgb_buf *buf, pgb_error *err)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && (size_t)st.st_size <= max) {
        pgb_buf_reserve(buf, (size_t)st.st_size + 1);
    }
    for (off_t at = 0;;) {
        ssize_t got;

        if (!pgb_buf_reserve(buf, buf->cap - buf->len > 1 ? 1 : 65536)) {
            return pgb_error_nomem(err);
        }
        got = pread(fd, buf->p + buf->len, buf->cap - buf->len - 1, at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            pgb_error_set_errno(err, PGB_PROJECT, errno, "cannot read %s", display);
            pgb_error_at(err, display, 0, 0, NULL, 0);
            return PGB_PROJECT;
        }
        buf->len += (size_t)got;
        at += got;
        buf->p[buf->len] = '\0';
        if (got == 0) {
            return PGB_OK;
        }
        if (buf->len > max) {
            return pgb_error_set(err, PGB_PROJECT, "%s is larger than %zu bytes", display, max);
        }
    }
}

pgb_status pgb_file_read(const char *path, size_t max, pgb_buf *buf, pgb_error *err)
{
    PGB_AUTO_FD(fd) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        pgb_error_set_errno(err, PGB_PROJECT, errno, "cannot open %s", path);
        pgb_error_at(err, path, 0, 0, NULL, 0);
        return PGB_PROJECT;
    }
    return pgb_file_read_fd(fd, path, max, buf, err);
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, bytes, len);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return false;
        }
        bytes += put;
        len -= (size_t)put;
    }
    return true;
}

pgb_status pgb_file_write(const char *path, const void *bytes, size_t len, bool exclusive,
                          pgb_error *err)
{
    char temp[4096];
    PGB_AUTO_FD(fd) = -1;
    bool there;
    int saved;

    if ((size_t)snprintf(temp, sizeof temp, "%s.%016llx.tmp", path,
                         (unsigned long long)pgb_random_u64()) >= sizeof temp) {
        return pgb_error_set(err, PGB_IO, "the path %s is too long", path);
    }
    fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0) {
        return pgb_error_set_errno(err, PGB_IO, errno, "cannot write %s", path);
    }
    if (!write_all(fd, bytes, len) || fsync(fd) != 0) {
        saved = errno;
        unlink(temp);
        return pgb_error_set_errno(err, PGB_IO, saved, "cannot write %s", path);
    }
    /* link(2) fails when the name is taken: two at once can't both win */
    there = exclusive ? link(temp, path) == 0 : rename(temp, path) == 0;
    saved = errno;
    if (exclusive || !there) {
        unlink(temp);
    }
    if (!there && exclusive && saved == EEXIST) {
        return pgb_error_set(err, PGB_REFUSED, "%s exists already", path);
    }
    if (!there) {
        return pgb_error_set_errno(err, PGB_IO, saved, "cannot write %s", path);
    }
    return PGB_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

pgb_status pgb_dir_list(int dir, const char *display, pgb_arena *arena, char ***ret_names,
                        size_t *ret_n, pgb_error *err)
{
    PGB_VEC(char *) names = {0};
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    char **kept;

    if (d == NULL) {
        int saved = errno;

        pgb_fd_close(&fd);
        return pgb_error_set_errno(err, PGB_PROJECT, saved, "cannot read the folder %s", display);
    }
    for (;;) {
        struct dirent *e;
        char *copy;

        errno = 0;
        e = readdir(d);
        if (e == NULL) {
            break;
        }
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        copy = pgb_arena_strdup(arena, e->d_name);
        if (copy == NULL || !pgb_vec_push(&names, copy)) {
            closedir(d);
            pgb_vec_done(&names);
            return pgb_error_nomem(err);
        }
    }
    if (errno != 0) {
        int saved = errno;

        closedir(d);
        pgb_vec_done(&names);
        return pgb_error_set_errno(err, PGB_PROJECT, saved, "cannot read the folder %s", display);
    }
    closedir(d);
    if (names.n > 0) {
        qsort(names.at, names.n, sizeof names.at[0], by_bytes);
    }
    kept = pgb_arena_array(arena, names.n + 1, sizeof *kept);
    if (kept == NULL) {
        pgb_vec_done(&names);
        return pgb_error_nomem(err);
    }
    if (names.n > 0) {
        memcpy(kept, names.at, names.n * sizeof *kept);
    }
    *ret_names = kept;
    *ret_n = names.n;
    pgb_vec_done(&names);
    return PGB_OK;
}

pgb_status pgb_dir_make(const char *path, mode_t mode, pgb_error *err)
{
    char part[4096];
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof part) {
        return pgb_error_set(err, PGB_IO, "the path of a folder is empty or too long");
    }
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (part[i] == '/' || part[i] == '\0') {
            char kept = part[i];

            part[i] = '\0';
            if (mkdir(part, mode) != 0 && errno != EEXIST) {
                return pgb_error_set_errno(err, PGB_IO, errno, "cannot make the folder %s", part);
            }
            part[i] = kept;
        }
    }
    return PGB_OK;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

pgb_status pgb_dir_remove(const char *path, pgb_error *err)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT) {
        return pgb_error_set_errno(err, PGB_IO, errno, "cannot remove %s", path);
    }
    return PGB_OK;
}
