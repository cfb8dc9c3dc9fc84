/*
 * Runs a program under ptrace and kills it with SIGKILL at its N-th system call: just before the
 * kernel does it (entry) or just after (exit), whatever thread makes it.
 *
 *   killer [--all] [--at N] [--report FILE] [--after TEXT] PROGRAM [ARGUMENT...]
 *
 * Without --at nothing is killed and the stops are counted. By default only calls on files,
 * sockets, processes and time are stops, since nothing outside the program can tell the others
 * apart; --all counts every one. --after begins counting once a write or send contained TEXT. FILE
 * gets one line: `stops 412 status 0`, or `killed 17 sendto entry`. Processes that the program
 * starts are let go: they live on as they would without us. The exit status is the program's, 137
 * for killed.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct name_of {
    long nr;
    const char *name;
} name_of;

#define CALL(x)                                                                                    \
    {                                                                                              \
        SYS_##x, #x                                                                                \
    }
static const name_of interesting[] = {
    CALL(read),      CALL(pread64),   CALL(readv),     CALL(write),           CALL(pwrite64),
    CALL(writev),    CALL(sendto),    CALL(sendmsg),   CALL(recvfrom),        CALL(recvmsg),
    CALL(poll),      CALL(ppoll),     CALL(socket),    CALL(connect),         CALL(shutdown),
    CALL(close),     CALL(open),      CALL(openat),    CALL(openat2),         CALL(fsync),
    CALL(fdatasync), CALL(rename),    CALL(renameat),  CALL(renameat2),       CALL(link),
    CALL(linkat),    CALL(unlink),    CALL(unlinkat),  CALL(mkdir),           CALL(mkdirat),
    CALL(rmdir),     CALL(flock),     CALL(ftruncate), CALL(getdents64),      CALL(symlink),
    CALL(chmod),     CALL(fchmod),    CALL(chown),     CALL(fchown),          CALL(kill),
    CALL(clone),     CALL(clone3),    CALL(fork),      CALL(vfork),           CALL(execve),
    CALL(wait4),     CALL(nanosleep), CALL(pipe2),     CALL(clock_nanosleep), CALL(lseek),
    CALL(fcntl),     CALL(setsid),    CALL(prctl),     CALL(exit_group)};
enum { N_INTERESTING = sizeof interesting / sizeof interesting[0], MAX_TASKS = 4096 };

static pid_t root;
static long stops, kill_at;
static bool all_calls, counting = true;
static const char *report_path, *after_text;

/* Which tasks are inside a call that counts (the exit stop belongs to the entry before it). */
typedef struct task {
    pid_t tid;
    bool counted;
    char name[24];
} task;
static task tasks[MAX_TASKS];

static void die(const char *what)
{
    fprintf(stderr, "killer: %s: %s\n", what, strerror(errno));
    if (root > 0) {
        kill(root, SIGKILL);
    }
    exit(125);
}

static task *task_of(pid_t tid)
{
    task *unused = NULL;

    for (int i = 0; i < MAX_TASKS; i++) {
        if (tasks[i].tid == tid) {
            return &tasks[i];
        }
        if (tasks[i].tid == 0 && unused == NULL) {
            unused = &tasks[i];
        }
    }
    if (unused == NULL) {
        die("too many threads");
    }
    unused->tid = tid;
    unused->counted = false;
    return unused;
}

static void report(const char *text)
{
    FILE *f = report_path != NULL ? fopen(report_path, "we") : NULL;

    if (f != NULL) {
        fputs(text, f);
        fclose(f);
    } else {
        fputs(text, stderr);
    }
}

static bool is_thread_of_root(pid_t tid)
{
    char path[64], line[256];
    bool yes = false;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
    f = fopen(path, "re");
    if (f == NULL) {
        return false;
    }
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "Tgid:", 5) == 0) {
            yes = atoi(line + 5) == root;
        }
    }
    fclose(f);
    return yes;
}

/* Whether a write or send has the text in what it sends. */
static bool sends_text(pid_t tid, const struct __ptrace_syscall_info *info)
{
    static char bytes[1 << 20];
    struct iovec here, there;
    ssize_t n;

    if (info->entry.nr != SYS_write && info->entry.nr != SYS_sendto) {
        return false;
    }
    there.iov_base = (void *)(uintptr_t)info->entry.args[1];
    there.iov_len = info->entry.args[2] < sizeof bytes ? info->entry.args[2] : sizeof bytes;
    here = (struct iovec){bytes, there.iov_len};
    n = process_vm_readv(tid, &here, 1, &there, 1, 0);
    return n > 0 && memmem(bytes, (size_t)n, after_text, strlen(after_text)) != NULL;
}

/* One stop that counts; does not return if it is the one. */
static void stop_here(const task *t, const char *side)
{
    char line[96];
    int status;

    stops++;
    if (stops != kill_at) {
        return;
    }
    if (kill(root, SIGKILL) != 0) {
        die("kill");
    }
    /* Its first thread ends last, once all others were waited for. */
    for (pid_t tid = 0; tid >= 0;) {
        tid = waitpid(-1, &status, __WALL);
        if (tid == root && (WIFSIGNALED(status) || WIFEXITED(status))) {
            break;
        }
    }
    snprintf(line, sizeof line, "killed %ld %s %s\n", stops, t->name, side);
    report(line);
    exit(137);
}

static void at_call(pid_t tid)
{
    struct __ptrace_syscall_info info;
    task *t = task_of(tid);

    if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof info, &info) <= 0) {
        return;
    }
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        t->counted = all_calls;
        snprintf(t->name, sizeof t->name, "call-%ld", (long)info.entry.nr);
        for (size_t i = 0; i < N_INTERESTING; i++) {
            if (interesting[i].nr == (long)info.entry.nr) {
                t->counted = true;
                snprintf(t->name, sizeof t->name, "%s", interesting[i].name);
            }
        }
        if (!counting && sends_text(tid, &info)) {
            counting = true;
        }
        if (!counting) {
            t->counted = false;
        }
        if (t->counted) {
            stop_here(t, "entry");
        }
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && t->counted) {
        t->counted = false;
        stop_here(t, "exit");
    }
}

/* A task that is new to us: a thread is followed, a process let go. */
static void greet(pid_t tid)
{
    if (tid == root || is_thread_of_root(tid)) {
        task_of(tid);
        ptrace(PTRACE_SYSCALL, tid, 0, 0);
    } else {
        ptrace(PTRACE_DETACH, tid, 0, 0);
    }
}

static int known(pid_t tid)
{
    for (int i = 0; i < MAX_TASKS; i++) {
        if (tasks[i].tid == tid) {
            return 1;
        }
    }
    return 0;
}

static int follow(void)
{
    for (;;) {
        int status, sig;
        pid_t tid = waitpid(-1, &status, __WALL);

        if (tid < 0) {
            die("wait");
        }
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            task_of(tid)->tid = 0;
            if (tid == root) {
                return status;
            }
            continue;
        }
        sig = WSTOPSIG(status);
        if (!known(tid)) {
            greet(tid);
            continue;
        }
        if (sig == (SIGTRAP | 0x80)) {
            at_call(tid);
            sig = 0;
        } else if (sig == SIGTRAP && (status >> 16) != 0) {
            sig = 0;
        }
        ptrace(PTRACE_SYSCALL, tid, 0, sig);
    }
}

int main(int argc, char **argv)
{
    char line[96];
    int i = 1, status;

    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--all") == 0) {
            all_calls = true;
        } else if (strcmp(argv[i], "--at") == 0 && i + 1 < argc) {
            kill_at = atol(argv[++i]);
        } else if (strcmp(argv[i], "--report") == 0 && i + 1 < argc) {
            report_path = argv[++i];
        } else if (strcmp(argv[i], "--after") == 0 && i + 1 < argc) {
            after_text = argv[++i];
            counting = false;
        } else {
            fprintf(stderr, "killer: what is %s?\n", argv[i]);
            return 125;
        }
    }
    if (i >= argc) {
        fprintf(stderr, "killer: which program?\n");
        return 125;
    }
    root = fork();
    if (root < 0) {
        die("fork");
    }
    if (root == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execv(argv[i], argv + i);
        perror(argv[i]);
        _exit(127);
    }
    if (waitpid(root, &status, 0) != root || !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, root, 0,
               PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) != 0) {
        die("ptrace");
    }
    task_of(root);
    ptrace(PTRACE_SYSCALL, root, 0, 0);
    status = follow();
    snprintf(line, sizeof line, "stops %ld status %d\n", stops,
             WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    report(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
