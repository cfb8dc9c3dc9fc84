#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

/* What the child tells when it can't start the program. */
typedef struct start_report {
    int step; /* index of steps */
    int errnum;
    pid_t pid; /* of a detached child; step and errnum 0 */
} start_report;

enum { STEP_NONE, STEP_FORK, STEP_USER, STEP_DIR, STEP_FILES, STEP_EXEC };
static const char *const steps[] = {"",
                                    "no process could be made",
                                    "its user could not be taken on",
                                    "its working folder could not be entered",
                                    "its files could not be set up",
                                    "it could not be run"};

void pgb_proc_reset_signals(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int s = 1; s < NSIG; s++) {
        sigaction(s, &standard, NULL); /* fails for a few; they have no handler */
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void pgb_proc_close_from(int from, int keep)
{
#ifdef SYS_close_range
    if ((keep < from || (keep == from ? 0 : syscall(SYS_close_range, from, keep - 1, 0)) == 0) &&
        syscall(SYS_close_range, keep < from ? from : keep + 1, ~0u, 0) == 0) {
        return;
    }
#endif
    for (int fd = from; fd < 65536; fd++) {
        if (fd != keep) {
            close(fd);
        }
    }
}

bool pgb_proc_become(const pgb_user *user)
{
    if (!user->set || (geteuid() == user->uid && getuid() == user->uid && user->uid != 0)) {
        return true;
    }
    return setgroups(1, &user->gid) == 0 && setresgid(user->gid, user->gid, user->gid) == 0 &&
           setresuid(user->uid, user->uid, user->uid) == 0;
}

/* Moves the three descriptors to 0, 1 and 2, whatever they are now. */
static bool place_files(const int given[3])
{
    int fd[3];

    for (int i = 0; i < 3; i++) {
        /* first all above 2, so that none is overwritten before it is copied */
        fd[i] = given[i] >= 0 ? fcntl(given[i], F_DUPFD_CLOEXEC, 3)
                              : open("/dev/null", (i == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
        if (fd[i] >= 0 && fd[i] < 3) {
            fd[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, 3);
        }
        if (fd[i] < 0) {
            return false;
        }
    }
    for (int i = 0; i < 3; i++) {
        if (dup2(fd[i], i) < 0) {
            return false;
        }
    }
    return true;
}

static int prepare(const pgb_proc_options *o)
{
    const int files[3] = {o->in, o->out, o->err};

    if (o->session || o->detach) {
        setsid();
    }
    if (!place_files(files)) {
        return STEP_FILES;
    }
    if (!pgb_proc_become(&o->user)) {
        return STEP_USER;
    }
    if (o->dir != NULL && chdir(o->dir) != 0) {
        return STEP_DIR;
    }
    pgb_proc_reset_signals();
    return STEP_NONE;
}

static void tell(int fd, start_report report)
{
    ssize_t put = write(fd, &report, sizeof report); /* short enough to be whole */

    (void)put;
}

/* argv[0] as a path: the lookup is done before fork, where memory may be had. */
static bool find_program(const char *name, char *path, size_t size)
{
    const char *at = getenv("PATH");

    if (strchr(name, '/') != NULL) {
        return (size_t)snprintf(path, size, "%s", name) < size;
    }
    if (at == NULL) {
        at = "/usr/local/bin:/usr/bin:/bin";
    }
    for (;;) {
        size_t len = strcspn(at, ":");

        if (len > 0 && (size_t)snprintf(path, size, "%.*s/%s", (int)len, at, name) < size &&
            access(path, X_OK) == 0) {
            return true;
        }
        if (at[len] == '\0') {
            return false;
        }
        at += len + 1;
    }
}

/* Only marked: the report's descriptor is needed until exec. */
static void close_at_exec(void)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC, Linux 5.11 */) == 0) {
        return;
    }
#endif
    for (int fd = 3; fd < 4096; fd++) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
}

static void child(const pgb_proc_options *o, const char *path, int report_fd)
{
    int step;
    /* the report's descriptor must survive the placing of 0, 1 and 2 */
    int fd = fcntl(report_fd, F_DUPFD_CLOEXEC, 3);

    if (o->detach) {
        pid_t pid = fork();

        if (pid < 0) {
            tell(fd, (start_report){STEP_FORK, errno, 0});
            _exit(127);
        }
        if (pid > 0) {
            tell(fd, (start_report){STEP_NONE, 0, pid});
            _exit(0);
        }
    }
    step = prepare(o);
    if (step == STEP_NONE) {
        char *const *argv;
        char *const *env;

        /* execve takes them without const, and changes nothing */
        memcpy(&argv, &o->argv, sizeof argv);
        memcpy(&env, &o->env, sizeof env);
        close_at_exec();
        execve(path, argv, env != NULL ? env : environ);
        step = STEP_EXEC;
    }
    tell(fd, (start_report){step, errno, 0});
    _exit(127);
}

static pgb_status read_reports(int fd, const pgb_proc_options *o, pid_t *pid, pgb_error *err)
{
    start_report report;
    ssize_t got;

    for (;;) {
        got = read(fd, &report, sizeof report);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got != (ssize_t)sizeof report) {
            return PGB_OK; /* closed by exec */
        }
        if (report.step != STEP_NONE) {
            pgb_error_set_errno(err, PGB_FAILED, report.errnum, "cannot start %s", o->argv[0]);
            pgb_error_detail(err, "%s.", steps[report.step]);
            return PGB_FAILED;
        }
        *pid = report.pid;
    }
}

pgb_status pgb_proc_spawn(const pgb_proc_options *options, pid_t *ret_pid, pgb_error *err)
{
    char path[4096];
    int report[2];
    sigset_t all, before;
    pid_t pid, detached = 0;
    pgb_status status;

    if (!find_program(options->argv[0], path, sizeof path)) {
        return pgb_error_set(err, PGB_FAILED, "cannot start %s: it is not in PATH",
                             options->argv[0]);
    }
    if (pipe2(report, O_CLOEXEC) != 0) {
        return pgb_error_set_errno(err, PGB_FAILED, errno, "cannot start %s", options->argv[0]);
    }
    /* no handler of ours may run in the child */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0) {
        child(options, path, report[1]);
    }
    {
        int saved = errno;

        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pgb_fd_close(&report[1]);
        if (pid < 0) {
            pgb_fd_close(&report[0]);
            return pgb_error_set_errno(err, PGB_FAILED, saved, "cannot start %s", options->argv[0]);
        }
    }
    status = read_reports(report[0], options, &detached, err);
    pgb_fd_close(&report[0]);
    if (options->detach || status != PGB_OK) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    if (status == PGB_OK) {
        *ret_pid = options->detach ? detached : pid;
    }
    return status;
}

/* Reads both pipes until they end; false past the deadline or without memory. */
static bool drain(int fds[2], pgb_buf *into[2], int64_t deadline)
{
    char chunk[4096];

    while (fds[0] >= 0 || fds[1] >= 0) {
        struct pollfd p[2] = {{.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLIN}};
        int64_t left = pgb_deadline_left(deadline);

        if (left == 0) {
            return false;
        }
        if (poll(p, 2, left > 1000 ? 1000 : (int)left) < 0 && errno != EINTR) {
            return false;
        }
        for (int i = 0; i < 2; i++) {
            ssize_t got;

            if (fds[i] < 0 || p[i].revents == 0) {
                continue;
            }
            got = read(fds[i], chunk, sizeof chunk);
            if (got > 0 && into[i] != NULL) {
                pgb_buf_append(into[i], chunk, (size_t)got);
            } else if (got == 0 || (got < 0 && errno != EINTR)) {
                pgb_fd_close(&fds[i]);
            }
        }
    }
    return true;
}

pgb_status pgb_proc_run(const pgb_proc_options *options, int64_t deadline, pgb_buf *out,
                        pgb_buf *errors, int *ret_exit, pgb_error *err)
{
    pgb_proc_options o = *options;
    int a[2] = {-1, -1}, b[2] = {-1, -1}, ends[2], code = 0;
    pgb_buf *into[2] = {out, errors};
    pgb_status status;
    bool whole;
    pid_t pid = -1;

    if (pipe2(a, O_CLOEXEC) != 0 || pipe2(b, O_CLOEXEC) != 0) {
        status = pgb_error_set_errno(err, PGB_FAILED, errno, "cannot start %s", o.argv[0]);
        pgb_fd_close(&a[0]);
        pgb_fd_close(&a[1]);
        return status;
    }
    o.in = -1;
    o.out = a[1];
    o.err = b[1];
    o.detach = false;
    status = pgb_proc_spawn(&o, &pid, err);
    pgb_fd_close(&a[1]);
    pgb_fd_close(&b[1]);
    ends[0] = a[0];
    ends[1] = b[0];
    whole = status == PGB_OK && drain(ends, into, deadline);
    pgb_fd_close(&ends[0]);
    pgb_fd_close(&ends[1]);
    if (status != PGB_OK) {
        return status;
    }
    if (!whole) {
        kill(pid, SIGKILL); /* not yet waited for: the id is still its own */
    }
    while (waitpid(pid, &code, 0) < 0) {
        if (errno != EINTR) {
            /* the host ignores SIGCHLD: the kernel has thrown the status away */
            return pgb_error_set_errno(err, PGB_FAILED, errno, "cannot see how %s ended",
                                       o.argv[0]);
        }
    }
    if (!whole) {
        return pgb_error_set(err, PGB_FAILED, "%s did not end in time and was killed", o.argv[0]);
    }
    if ((out != NULL && out->failed) || (errors != NULL && errors->failed)) {
        return pgb_error_nomem(err);
    }
    *ret_exit = WIFEXITED(code) ? WEXITSTATUS(code) : 128 + WTERMSIG(code);
    return PGB_OK;
}

int pgb_proc_call_as(const pgb_user *user, int (*work)(const void *data), const void *data)
{
    sigset_t all, before;
    int code = 0;
    pid_t pid;

    if (!user->set) {
        return work(data);
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0) {
        _exit(pgb_proc_become(user) ? work(data) : 255);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        return -1;
    }
    while (waitpid(pid, &code, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return WIFEXITED(code) && WEXITSTATUS(code) <= 200 ? WEXITSTATUS(code) : -1;
}

bool pgb_proc_open(pid_t pid, pgb_proc *ret_proc)
{
    int fd = -1;

    if (pid <= 0) {
        return false;
    }
#ifdef SYS_pidfd_open
    fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0 && errno == ESRCH) {
        return false;
    }
#endif
    if (fd < 0 && kill(pid, 0) != 0 && errno == ESRCH) {
        return false;
    }
    *ret_proc = (pgb_proc){.pid = pid, .fd = fd};
    return true;
}

void pgb_proc_done(pgb_proc *proc)
{
    pgb_fd_close(&proc->fd);
}

bool pgb_proc_signal(const pgb_proc *proc, int signal)
{
#ifdef SYS_pidfd_send_signal
    if (proc->fd >= 0) {
        if (syscall(SYS_pidfd_send_signal, proc->fd, signal, NULL, 0) == 0) {
            return true;
        }
        if (errno == ESRCH) {
            return false; /* anything else may be a filter of system calls: the old way */
        }
    }
#endif
    return kill(proc->pid, signal) == 0;
}

bool pgb_proc_wait_end(const pgb_proc *proc, int64_t deadline)
{
    for (;;) {
        int64_t left = pgb_deadline_left(deadline);

        if (proc->fd >= 0) {
            struct pollfd p = {.fd = proc->fd, .events = POLLIN};

            if (poll(&p, 1, left > 1000 ? 1000 : (int)left) > 0) {
                return true;
            }
        } else if (kill(proc->pid, 0) != 0 && errno == ESRCH) {
            return true;
        } else {
            pgb_clock_sleep_ms(left > 20 ? 20 : left);
        }
        if (left == 0) {
            return false;
        }
    }
}

static bool user_of(const struct passwd *p, pgb_user *ret_user)
{
    if (p == NULL) {
        return false;
    }
    *ret_user = (pgb_user){.set = true, .uid = p->pw_uid, .gid = p->pw_gid};
    return true;
}

bool pgb_user_by_name(const char *name, pgb_user *ret_user)
{
    char space[4096];
    struct passwd p, *found = NULL;

    return getpwnam_r(name, &p, space, sizeof space, &found) == 0 && user_of(found, ret_user);
}

bool pgb_user_by_uid(uid_t uid, pgb_user *ret_user)
{
    char space[4096];
    struct passwd p, *found = NULL;

    return getpwuid_r(uid, &p, space, sizeof space, &found) == 0 && user_of(found, ret_user);
}
