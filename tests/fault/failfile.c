/*
 * LD_PRELOAD: fails the N-th file operation that the program itself makes (not its libraries), with
 * FAILFILE_ERRNO (a number; default EIO). See failsite.h; sockets are none of it, they have the
 * proxy. A read that fails reads nothing, a write writes nothing; FAILFILE_SHORT makes a write
 * write half and succeed, as a full disk does before it says so.
 *
 * FAILFILE_REPORT gets: `operations N failed K first WHAT SITE`; FAILFILE_LOG a line for each
 * operation: its number and name.
 */
/* Both names of a function are wanted here, not the one for the other. */
#undef _FILE_OFFSET_BITS
#include "failsite.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#define CALLER __builtin_return_address(0)

static int fail_errno = EIO;
static bool fail_short;
static int log_fd = -1;

__attribute__((constructor)) static void start(void)
{
    const char *v = getenv("FAILFILE_ERRNO"), *log = getenv("FAILFILE_LOG");

    if (v != NULL) {
        fail_errno = atoi(v);
    }
    fail_short = getenv("FAILFILE_SHORT") != NULL;
    if (log != NULL) {
        log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                              0600);
    }
    site_init("FAILFILE", "exe");
}

static bool fails(const void *caller, const char *what)
{
    char line[64];
    long n;
    bool yes = site_fails(caller, what, &n);

    if (n != 0 && log_fd >= 0) {
        int len = snprintf(line, sizeof line, "%ld %s\n", n, what);

        (void)syscall(SYS_write, log_fd, line, (size_t)len);
    }
    if (yes) {
        errno = fail_errno;
    }
    return yes;
}

static void *next(void **slot, const char *name)
{
    if (*slot == NULL) {
        *slot = dlsym(RTLD_NEXT, name);
    }
    return *slot;
}

static bool is_socket(int fd)
{
    int saved = errno, type;
    socklen_t len = sizeof type;
    bool yes = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;

    errno = saved;
    return yes;
}

/* DEFINE(result, failed result, name, (parameters), (arguments)) */
#define DEFINE(type, bad, name, parameters, arguments)                                             \
    type name parameters;                                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        static void *at;                                                                           \
        type(*real) parameters;                                                                    \
                                                                                                   \
        if (fails(CALLER, #name)) {                                                                \
            return bad;                                                                            \
        }                                                                                          \
        *(void **)&real = next(&at, #name);                                                        \
        return real arguments;                                                                     \
    }

DEFINE(int, -1, openat2, (int d, const char *p, void *how, size_t n), (d, p, how, n))
DEFINE(int, -1, __open_2, (const char *p, int f), (p, f))
DEFINE(int, -1, __open64_2, (const char *p, int f), (p, f))
DEFINE(int, -1, __openat_2, (int d, const char *p, int f), (d, p, f))
DEFINE(int, -1, __openat64_2, (int d, const char *p, int f), (d, p, f))
DEFINE(int, -1, rename, (const char *a, const char *b), (a, b))
DEFINE(int, -1, renameat, (int d, const char *a, int e, const char *b), (d, a, e, b))
DEFINE(int, -1, renameat2, (int d, const char *a, int e, const char *b, unsigned f),
       (d, a, e, b, f))
DEFINE(int, -1, fsync, (int fd), (fd))
DEFINE(int, -1, fdatasync, (int fd), (fd))
DEFINE(int, -1, ftruncate, (int fd, off_t n), (fd, n))
DEFINE(int, -1, ftruncate64, (int fd, off64_t n), (fd, n))
DEFINE(int, -1, link, (const char *a, const char *b), (a, b))
DEFINE(int, -1, linkat, (int d, const char *a, int e, const char *b, int f), (d, a, e, b, f))
DEFINE(int, -1, symlink, (const char *a, const char *b), (a, b))
DEFINE(int, -1, unlink, (const char *p), (p))
DEFINE(int, -1, unlinkat, (int d, const char *p, int f), (d, p, f))
DEFINE(int, -1, remove, (const char *p), (p))
DEFINE(int, -1, rmdir, (const char *p), (p))
DEFINE(int, -1, mkdir, (const char *p, mode_t m), (p, m))
DEFINE(int, -1, mkdirat, (int d, const char *p, mode_t m), (d, p, m))
DEFINE(char *, NULL, mkdtemp, (char *p), (p))
DEFINE(int, -1, mkstemp, (char *p), (p))
DEFINE(int, -1, mkostemp, (char *p, int f), (p, f))
DEFINE(int, -1, mkostemp64, (char *p, int f), (p, f))
DEFINE(int, -1, flock, (int fd, int how), (fd, how))
DEFINE(int, -1, chmod, (const char *p, mode_t m), (p, m))
DEFINE(int, -1, fchmod, (int fd, mode_t m), (fd, m))
DEFINE(int, -1, chown, (const char *p, uid_t u, gid_t g), (p, u, g))
DEFINE(int, -1, fchown, (int fd, uid_t u, gid_t g), (fd, u, g))
DEFINE(int, -1, stat, (const char *p, struct stat *s), (p, s))
DEFINE(int, -1, stat64, (const char *p, struct stat64 *s), (p, s))
DEFINE(int, -1, lstat, (const char *p, struct stat *s), (p, s))
DEFINE(int, -1, lstat64, (const char *p, struct stat64 *s), (p, s))
DEFINE(int, -1, fstat, (int fd, struct stat *s), (fd, s))
DEFINE(int, -1, fstat64, (int fd, struct stat64 *s), (fd, s))
DEFINE(int, -1, fstatat, (int d, const char *p, struct stat *s, int f), (d, p, s, f))
DEFINE(int, -1, fstatat64, (int d, const char *p, struct stat64 *s, int f), (d, p, s, f))
DEFINE(int, -1, access, (const char *p, int m), (p, m))
DEFINE(int, -1, faccessat, (int d, const char *p, int m, int f), (d, p, m, f))
DEFINE(off_t, -1, lseek, (int fd, off_t o, int w), (fd, o, w))
DEFINE(off64_t, -1, lseek64, (int fd, off64_t o, int w), (fd, o, w))
DEFINE(ssize_t, -1, pread, (int fd, void *p, size_t n, off_t o), (fd, p, n, o))
DEFINE(ssize_t, -1, pread64, (int fd, void *p, size_t n, off64_t o), (fd, p, n, o))
DEFINE(ssize_t, -1, __pread_chk, (int fd, void *p, size_t n, off_t o, size_t z), (fd, p, n, o, z))
DEFINE(ssize_t, -1, __pread64_chk, (int fd, void *p, size_t n, off64_t o, size_t z),
       (fd, p, n, o, z))
DEFINE(ssize_t, -1, readlink, (const char *p, char *b, size_t n), (p, b, n))
DEFINE(ssize_t, -1, readlinkat, (int d, const char *p, char *b, size_t n), (d, p, b, n))
DEFINE(DIR *, NULL, opendir, (const char *p), (p))
DEFINE(DIR *, NULL, fdopendir, (int fd), (fd))
DEFINE(struct dirent *, NULL, readdir, (DIR * d), (d))
DEFINE(struct dirent64 *, NULL, readdir64, (DIR * d), (d))
DEFINE(char *, NULL, realpath, (const char *p, char *b), (p, b))
DEFINE(char *, NULL, getcwd, (char *b, size_t n), (b, n))
DEFINE(FILE *, NULL, fopen, (const char *p, const char *m), (p, m))
DEFINE(FILE *, NULL, fopen64, (const char *p, const char *m), (p, m))
DEFINE(FILE *, NULL, fdopen, (int fd, const char *m), (fd, m))
DEFINE(int, -1, pipe2, (int fds[2], int f), (fds, f))

/* The mode counts only where a file may be made; passing it always is harmless. */
#define DEFINE_OPEN(name, named, given)                                                            \
    int name named;                                                                                \
    int name named                                                                                 \
    {                                                                                              \
        static void *at;                                                                           \
        int(*real) named;                                                                          \
        va_list ap;                                                                                \
        mode_t mode;                                                                               \
                                                                                                   \
        va_start(ap, flags);                                                                       \
        mode = va_arg(ap, mode_t);                                                                 \
        va_end(ap);                                                                                \
        if (fails(CALLER, #name)) {                                                                \
            return -1;                                                                             \
        }                                                                                          \
        *(void **)&real = next(&at, #name);                                                        \
        return real given;                                                                         \
    }

DEFINE_OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
DEFINE_OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
DEFINE_OPEN(openat, (int dir, const char *path, int flags, ...), (dir, path, flags, mode))
DEFINE_OPEN(openat64, (int dir, const char *path, int flags, ...), (dir, path, flags, mode))

ssize_t read(int fd, void *into, size_t len)
{
    static void *at;
    ssize_t (*real)(int, void *, size_t);

    if (!is_socket(fd) && fails(CALLER, "read")) {
        return -1;
    }
    *(void **)&real = next(&at, "read");
    return real(fd, into, len);
}

ssize_t __read_chk(int fd, void *into, size_t len, size_t size);
ssize_t __read_chk(int fd, void *into, size_t len, size_t size)
{
    (void)size;
    if (!is_socket(fd) && fails(CALLER, "read")) {
        return -1;
    }
    return syscall(SYS_read, fd, into, len);
}

ssize_t write(int fd, const void *from, size_t len)
{
    static void *at;
    ssize_t (*real)(int, const void *, size_t);
    bool fail = !is_socket(fd) && fails(CALLER, "write");

    if (fail && !(fail_short && len > 1)) {
        return -1;
    }
    *(void **)&real = next(&at, "write");
    return real(fd, from, fail ? len / 2 : len);
}

ssize_t pwrite(int fd, const void *from, size_t len, off_t off)
{
    if (fails(CALLER, "pwrite")) {
        return -1;
    }
    return syscall(SYS_pwrite64, fd, from, len, off);
}

/* What stdio writes late is seen when it is flushed or closed: the file is closed all the same. */
int fclose(FILE *file)
{
    static void *at;
    int (*real)(FILE *);
    bool fail = fails(CALLER, "fclose");

    *(void **)&real = next(&at, "fclose");
    if (real(file) != 0) {
        return EOF;
    }
    errno = fail ? fail_errno : errno;
    return fail ? EOF : 0;
}

int fflush(FILE *file)
{
    static void *at;
    int (*real)(FILE *);

    if (fails(CALLER, "fflush")) {
        return EOF;
    }
    *(void **)&real = next(&at, "fflush");
    return real(file);
}

int closedir(DIR *dir)
{
    static void *at;
    int (*real)(DIR *);

    *(void **)&real = next(&at, "closedir");
    return real(dir);
}

__attribute__((destructor)) static void finish(void)
{
    char line[256];
    int fd, len;

    if (site_report[0] == 0) {
        return;
    }
    fd = (int)syscall(SYS_openat, AT_FDCWD, site_report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                      0600);
    if (fd < 0) {
        return;
    }
    len = snprintf(line, sizeof line, "operations %ld failed %ld first %s\n",
                   atomic_load(&site_count), atomic_load(&site_failed), site_first_failure);
    (void)syscall(SYS_write, fd, line, (size_t)len);
    close(fd);
}
