/*
 * LD_PRELOAD into a server: while the file FULLDISK_FLAG is there, a write that would make a file
 * longer fails with ENOSPC, as on a disk without room. What overwrites goes on, as there. Only
 * files whose path contains FULLDISK_IN count (default "/base/": tables and indexes; "/pg_wal/" for
 * the log, which makes the server stop itself).
 */
/* Both names of each function are defined here. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static bool full_for(int fd, off_t end)
{
    const char *flag = getenv("FULLDISK_FLAG"), *in = getenv("FULLDISK_IN");
    char link[64], path[4096];
    struct stat st;
    ssize_t n;

    if (flag == NULL || access(flag, F_OK) != 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        end <= st.st_size) {
        return false;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    if (n <= 0) {
        return false;
    }
    path[n] = '\0';
    return strstr(path, in != NULL ? in : "/base/") != NULL;
}

static ssize_t no_room(void)
{
    errno = ENOSPC;
    return -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    ssize_t (*next)(int, const void *, size_t, off_t);

    *(void **)&next = dlsym(RTLD_NEXT, "pwrite64");
    return full_for(fd, at + (off_t)n) ? no_room() : next(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t at)
{
    return pwrite(fd, bytes, n, at);
}

ssize_t pwritev(int fd, const struct iovec *v, int count, off_t at)
{
    ssize_t (*next)(int, const struct iovec *, int, off_t);
    off_t end = at;

    for (int i = 0; i < count; i++) {
        end += (off_t)v[i].iov_len;
    }
    *(void **)&next = dlsym(RTLD_NEXT, "pwritev64");
    return full_for(fd, end) ? no_room() : next(fd, v, count, at);
}

ssize_t pwritev64(int fd, const struct iovec *v, int count, off_t at)
{
    return pwritev(fd, v, count, at);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    ssize_t (*next)(int, const void *, size_t);

    *(void **)&next = dlsym(RTLD_NEXT, "write");
    return full_for(fd, lseek(fd, 0, SEEK_CUR) + (off_t)n) ? no_room() : next(fd, bytes, n);
}

int posix_fallocate(int fd, off_t at, off_t len)
{
    int (*next)(int, off_t, off_t);

    *(void **)&next = dlsym(RTLD_NEXT, "posix_fallocate64");
    return full_for(fd, at + len) ? ENOSPC : next(fd, at, len);
}

int posix_fallocate64(int fd, off_t at, off_t len)
{
    return posix_fallocate(fd, at, len);
}
