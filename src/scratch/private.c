/*
 * Throwaway servers.
 *
 * A watcher, forked from us, is the server's parent and waits on a pipe whose other end only we
 * hold: when we end, however that happens, the pipe ends, and the watcher kills the server and
 * removes its folder. Should the watcher itself be killed, the server gets SIGQUIT from the kernel
 * (PR_SET_PDEATHSIG, set after the change of user, which would clear it; the watcher has one
 * thread, so the kernel's tying it to a thread does no harm). The watcher runs as the server's
 * user, and does only what is allowed after fork in a program with threads: no heap, no stdio.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "scratch/cluster.h"
#include "scratch/place.h"

enum { READY_MS = 60000, POLL_MS = 5, END_MS = 10000 };
enum { LIFE_FD = 3, WORD_FD = 4, LOG_FD = 5 };

#define PREFIX "pgbraid-private-"

struct pgb_private {
    pgb_arena *arena;
    const char *dir, *socket_dir; /* the same unless the path is too long for a socket */
    const char *log, *conninfo;
    pgb_user user;
    pid_t watcher;
    int life, word; /* our ends of the pipes */
};

/* What the watcher tells. */
typedef struct word {
    enum { WORD_NO_FOLDER = 1, WORD_INITDB_FAILED, WORD_STARTED, WORD_ENDED } what;
    int value; /* errno, the server's id */
} word;

/* All that the watcher needs, made before fork. */
typedef struct watch {
    pgb_user user;
    const char *const *initdb, *const *server, *const *env;
    const char *dir, *socket_dir, *log;
} watch;

struct linux_dirent {
    uint64_t ino;
    int64_t off;
    uint16_t reclen;
    uint8_t type;
    char name[];
};

/* rm -r without the heap; never follows a link. */
static void remove_tree(int parent, const char *name, int depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    _Alignas(struct linux_dirent) char space[2048];
    bool again = fd >= 0 && depth < 32;

    /* removing while reading may hide entries: read until a pass finds nothing to remove */
    for (int pass = 0; again && pass < 8; pass++) {
        long got;

        again = false;
        lseek(fd, 0, SEEK_SET);
        while ((got = syscall(SYS_getdents64, fd, space, sizeof space)) > 0) {
            for (long at = 0; at < got;) {
                struct linux_dirent *e = (void *)(space + at);

                at += e->reclen;
                if (strcmp(e->name, ".") != 0 && strcmp(e->name, "..") != 0) {
                    again = true;
                    if (unlinkat(fd, e->name, 0) != 0) {
                        remove_tree(fd, e->name, depth + 1);
                    }
                }
            }
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    unlinkat(parent, name, AT_REMOVEDIR);
}

/* A killed initdb's or server's own children may still be writing for a moment: removed until it is
 * gone. */
static int remove_folders(const void *data)
{
    const watch *w = data;
    int64_t end = pgb_clock_ms() + END_MS;

    do {
        remove_tree(AT_FDCWD, w->dir, 0);
        if (w->socket_dir != w->dir) {
            remove_tree(AT_FDCWD, w->socket_dir, 0);
        }
        if (access(w->dir, F_OK) != 0 && access(w->socket_dir, F_OK) != 0) {
            return 0;
        }
        pgb_clock_sleep_ms(20);
    } while (pgb_clock_ms() < end);
    return 1;
}

static void tell(int what, int value)
{
    word w = {.what = what, .value = value};
    ssize_t put = write(WORD_FD, &w, sizeof w);

    (void)put;
}

static pid_t start_child(const watch *w, const char *const *argv, int death_signal)
{
    pid_t watcher = getpid();
    pid_t pid = fork();

    if (pid == 0) {
        char *const *args;
        char *const *env;

        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, death_signal);
        if (getppid() != watcher) {
            _exit(1); /* it died before the call above */
        }
        pgb_proc_reset_signals();
        dup2(LOG_FD, 1);
        dup2(LOG_FD, 2);
        /* execve takes them without const, and changes nothing */
        memcpy(&args, &argv, sizeof args);
        memcpy(&env, &w->env, sizeof env);
        execve(argv[0], args, env);
        _exit(127);
    }
    return pid;
}

/* Waits for the child's end (true, with its status) or for ours (false). */
static bool child_ends_first(pid_t pid, int *ret_code)
{
    int fd = -1;

#ifdef SYS_pidfd_open
    fd = (int)syscall(SYS_pidfd_open, pid, 0);
#endif
    for (;;) {
        struct pollfd p[2] = {{.fd = LIFE_FD, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

        poll(p, 2, fd >= 0 ? -1 : 100);
        if (waitpid(pid, ret_code, WNOHANG) != 0) {
            close(fd);
            return true;
        }
        if (p[0].revents != 0) {
            close(fd);
            return false;
        }
    }
}

static void end_child(pid_t pid, int first_signal)
{
    int64_t hard = pgb_clock_ms() + END_MS;

    /* a first one that comes too early, before the server has its handlers, still ends it */
    kill(-pid, first_signal);
    kill(pid, first_signal);
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        if (pgb_clock_ms() > hard) {
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            break;
        }
        pgb_clock_sleep_ms(10);
    }
}

/* Made here, not by whoever asked, so that nothing is left when that one is killed right now. */
static bool make_folders(const watch *w)
{
    int log;

    if (mkdir(w->dir, 0700) != 0 || (w->socket_dir != w->dir && mkdir(w->socket_dir, 0700) != 0)) {
        return false;
    }
    log = open(w->log, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    return log == LOG_FD; /* all from there on are closed */
}

static void watch_server(const watch *w)
{
    int code = 0;
    pid_t pid;

    if (!make_folders(w)) {
        tell(WORD_NO_FOLDER, errno);
        return;
    }
    pid = start_child(w, w->initdb, SIGKILL);
    if (pid > 0 && !child_ends_first(pid, &code)) {
        end_child(pid, SIGKILL);
        return;
    }
    if (pid < 0 || !WIFEXITED(code) || WEXITSTATUS(code) != 0) {
        tell(WORD_INITDB_FAILED, 0);
    } else {
        pid = start_child(w, w->server, SIGQUIT);
        if (pid > 0) {
            tell(WORD_STARTED, pid);
            if (!child_ends_first(pid, &code)) {
                end_child(pid, SIGQUIT);
                return;
            }
        }
        tell(WORD_ENDED, pid);
    }
    /* whoever asked may want to read the log first */
    while (poll(&(struct pollfd){.fd = LIFE_FD, .events = POLLIN}, 1, -1) < 0) {
    }
}

static bool place_fds(int life, int word_fd)
{
    const int given[] = {life, word_fd};
    int high[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int i = 0; i < 2; i++) {
        high[i] = fcntl(given[i], F_DUPFD_CLOEXEC, 16);
        if (high[i] < 0) {
            return false;
        }
    }
    for (int i = 0; i < 3; i++) {
        if (null < 0 || dup2(null, i) < 0) {
            return false;
        }
    }
    for (int i = 0; i < 2; i++) {
        if (dup2(high[i], LIFE_FD + i) < 0 || fcntl(LIFE_FD + i, F_SETFD, FD_CLOEXEC) < 0) {
            return false;
        }
    }
    pgb_proc_close_from(LOG_FD, -1);
    return true;
}

static void watcher(const watch *w, int life, int word_fd)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT};

    setsid();
    pgb_proc_reset_signals();
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        signal(ignored[i], SIG_IGN);
    }
    prctl(PR_SET_NAME, "pgbraid-watch");
    umask(077);
    if (place_fds(life, word_fd) && pgb_proc_become(&w->user) && chdir("/") == 0) {
        watch_server(w);
        _exit(remove_folders(w));
    }
    _exit(1);
}

static void end_watcher(pgb_private *s)
{
    pgb_fd_close(&s->life);
    if (s->watcher > 0) {
        while (waitpid(s->watcher, NULL, 0) < 0 && errno == EINTR) {
        }
        s->watcher = 0;
    }
    pgb_fd_close(&s->word);
    /* the watcher does this, unless somebody killed it */
    if (s->dir != NULL && (access(s->dir, F_OK) == 0 || errno != ENOENT)) {
        watch w = {.dir = s->dir, .socket_dir = s->socket_dir != NULL ? s->socket_dir : s->dir};

        pgb_proc_call_as(&s->user, remove_folders, &w);
    }
}

static pgb_status start_watcher(pgb_private *s, const watch *w, pgb_error *err)
{
    int life[2], words[2];
    sigset_t all, before;

    if (pipe2(life, O_CLOEXEC) != 0) {
        return pgb_error_set_errno(err, PGB_FAILED, errno, "cannot watch the private server");
    }
    if (pipe2(words, O_CLOEXEC) != 0) {
        pgb_error_set_errno(err, PGB_FAILED, errno, "cannot watch the private server");
        pgb_fd_close(&life[0]);
        pgb_fd_close(&life[1]);
        return PGB_FAILED;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    s->watcher = fork();
    if (s->watcher == 0) {
        watcher(w, life[0], words[1]);
    }
    if (s->watcher < 0) {
        pgb_error_set_errno(err, PGB_FAILED, errno, "cannot start the private server");
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pgb_fd_close(&life[0]);
    pgb_fd_close(&words[1]);
    s->life = life[1];
    s->word = words[0];
    return s->watcher > 0 ? PGB_OK : PGB_FAILED;
}

/* What the watcher says within ms; false: nothing. Its end counts as the server's. */
static bool hear(const pgb_private *s, int64_t ms, word *ret)
{
    struct pollfd p = {.fd = s->word, .events = POLLIN};
    ssize_t got;

    if (poll(&p, 1, (int)ms) <= 0) {
        return false;
    }
    got = read(s->word, ret, sizeof *ret);
    if (got != (ssize_t)sizeof *ret) {
        *ret = (word){.what = WORD_ENDED};
        return got == 0 || errno != EINTR;
    }
    return true;
}

static pgb_status wait_ready(const pgb_private *s, const char *data, pgb_error *err)
{
    int64_t deadline = pgb_deadline_in(READY_MS);
    pid_t pid = 0;

    for (;;) {
        pgb_postmaster p;
        word w;

        if (hear(s, POLL_MS, &w)) {
            if (w.what != WORD_STARTED) {
                if (w.what == WORD_NO_FOLDER) {
                    return pgb_error_set_errno(err, PGB_IO, w.value, "cannot make the folder %s",
                                               s->dir);
                }
                pgb_error_set(err, PGB_FAILED, "the private PostgreSQL server did not start: %s",
                              w.what == WORD_ENDED ? "it ended" : "initdb failed");
                pgb_cluster_log_tail(s->log, 0, err);
                return PGB_FAILED;
            }
            pid = w.value;
        }
        if (pid != 0 && pgb_cluster_pid_file(data, &p) && p.pid == pid &&
            strcmp(p.status, "ready") == 0) {
            return PGB_OK;
        }
        if (pgb_deadline_left(deadline) == 0) {
            pgb_error_set(err, PGB_FAILED, "the private PostgreSQL server did not start in %d s",
                          READY_MS / 1000);
            pgb_cluster_log_tail(s->log, 0, err);
            return PGB_FAILED;
        }
    }
}

static pgb_status open_in(pgb_private *s, const char *bin, int major, pgb_error *err)
{
    pgb_server_programs programs;
    pgb_cluster c = {0};
    watch w = {.env = pgb_cluster_env()};
    pgb_status status = pgb_scratch_find(bin, major, s->arena, &programs, err);

    if (status == PGB_OK) {
        status = pgb_place_server_user(&s->user, err);
        c.user = s->user;
    }
    if (status == PGB_OK) {
        status = pgb_place_temp_name(&c.user, PREFIX, false, s->arena, &s->dir, err);
    }
    if (status == PGB_OK && pgb_place_fits_socket(s->dir)) {
        s->socket_dir = s->dir;
    } else if (status == PGB_OK) {
        status = pgb_place_temp_name(&c.user, PREFIX, true, s->arena, &s->socket_dir, err);
    }
    if (status != PGB_OK) {
        return status;
    }
    c.bin = programs.bin;
    c.data = pgb_arena_printf(s->arena, "%s/data", s->dir);
    c.socket_dir = s->socket_dir;
    c.name = "pgbraid private";
    s->log = pgb_arena_printf(s->arena, "%s/log", s->dir);
    s->conninfo = pgb_cluster_uri(s->socket_dir, "postgres", s->arena);
    if (c.data == NULL || s->log == NULL || s->conninfo == NULL) {
        return pgb_error_nomem(err);
    }
    w.user = c.user;
    w.dir = s->dir;
    w.log = s->log;
    w.socket_dir = s->socket_dir;
    w.initdb = pgb_cluster_init_argv(c.bin, c.data, true, s->arena);
    w.server = pgb_cluster_server_argv(&c, true, s->arena);
    if (w.initdb == NULL || w.server == NULL) {
        return pgb_error_nomem(err);
    }
    status = start_watcher(s, &w, err);
    return status == PGB_OK ? wait_ready(s, c.data, err) : status;
}

pgb_status pgb_private_open(const char *bin, int major, pgb_private **ret_server, pgb_error *err)
{
    pgb_private *s = calloc(1, sizeof *s);
    pgb_status status;

    if (s == NULL || (s->arena = pgb_arena_new()) == NULL) {
        free(s);
        return pgb_error_nomem(err);
    }
    s->life = s->word = -1;
    status = open_in(s, bin, major, err);
    if (status != PGB_OK) {
        end_watcher(s);
        pgb_arena_free(s->arena);
        free(s);
        return status;
    }
    *ret_server = s;
    return PGB_OK;
}

void pgb_private_close(pgb_private *server)
{
    if (server != NULL) {
        end_watcher(server);
        pgb_arena_free(server->arena);
        free(server);
    }
}

const char *pgb_private_conninfo(const pgb_private *server)
{
    return server->conninfo;
}

const char *pgb_private_log(const pgb_private *server)
{
    return server->log;
}
