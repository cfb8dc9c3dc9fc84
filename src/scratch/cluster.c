#include "scratch/cluster.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/vec.h"

enum { POLL_MS = 5, STOP_FAST_MS = 60000, STOP_HARD_MS = 10000 };

const char *const *pgb_cluster_env(void)
{
    /* TZ saves initdb its search; no PG* variable of ours may change the server */
    static const char *const env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC",
                                      NULL};

    return env;
}

static const char *locale_arg(void)
{
    locale_t l = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);

    if (l == (locale_t)0) {
        return errno == ENOMEM ? NULL : "--locale=C";
    }
    freelocale(l);
    return "--locale=C.UTF-8";
}

static char *option(pgb_arena *arena, const char *name, const char *value)
{
    return pgb_arena_printf(arena, "%s=%s", name, value);
}

static const char *const *whole_argv(const char **argv, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (argv[i] == NULL) {
            return NULL; /* no memory for one of them */
        }
    }
    return argv;
}

const char *const *pgb_cluster_init_argv(const char *bin, const char *data, bool throwaway,
                                         pgb_arena *arena)
{
    const char **argv = pgb_arena_array(arena, 16, sizeof *argv);
    size_t n = 0;

    if (argv == NULL) {
        return NULL;
    }
    argv[n++] = pgb_arena_printf(arena, "%s/initdb", bin);
    argv[n++] = "-D";
    argv[n++] = data;
    argv[n++] = "--encoding=UTF8";
    argv[n++] = locale_arg();
    /* whoever can enter the socket's folder may connect; nobody else can */
    argv[n++] = "--auth=trust";
    argv[n++] = "--username=postgres";
    argv[n++] = "--no-instructions";
    if (throwaway) {
        argv[n++] = "--no-sync";
        argv[n++] = "--wal-segsize=1";
    }
    return whole_argv(argv, n);
}

const char *const *pgb_cluster_server_argv(const pgb_cluster *c, bool throwaway, pgb_arena *arena)
{
    static const char *const always[] = {"listen_addresses=",
                                         "port=5432",
                                         "unix_socket_permissions=0700",
                                         "logging_collector=off",
                                         "log_destination=stderr",
                                         "log_line_prefix=%m [%p] "};
    /* modest; the embedded server's own are in its postgresql.conf, where a person can change them
     */
    static const char *const careless[] = {
        "fsync=off",          "full_page_writes=off", "synchronous_commit=off",
        "wal_level=minimal",  "max_wal_senders=0",    "autovacuum=off",
        "max_connections=50", "shared_buffers=32MB",  "max_wal_size=256MB"};
    size_t n_always = sizeof always / sizeof always[0];
    size_t n_careless = throwaway ? sizeof careless / sizeof careless[0] : 0;
    const char **argv = pgb_arena_array(arena, 8 + 2 * (n_always + n_careless), sizeof *argv);
    size_t n = 0;

    if (argv == NULL) {
        return NULL;
    }
    argv[n++] = pgb_arena_printf(arena, "%s/postgres", c->bin);
    argv[n++] = "-D";
    argv[n++] = c->data;
    argv[n++] = "-c";
    argv[n++] = option(arena, "unix_socket_directories", c->socket_dir);
    if (c->name != NULL) {
        argv[n++] = "-c";
        argv[n++] = option(arena, "cluster_name", c->name);
    }
    for (size_t i = 0; i < n_always + n_careless; i++) {
        argv[n++] = "-c";
        argv[n++] = i < n_always ? always[i] : careless[i - n_always];
    }
    return whole_argv(argv, n);
}

const char *pgb_cluster_uri(const char *socket_dir, const char *database, pgb_arena *arena)
{
    PGB_AUTO_BUF(uri);

    /* the user and the port too, so that PGUSER and PGPORT lead nowhere else */
    pgb_buf_printf(&uri, "postgresql://postgres@/%s?host=", database);
    for (const char *at = socket_dir; *at != '\0'; at++) {
        if ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
            (*at >= '0' && *at <= '9') || strchr("/._-~", *at) != NULL) {
            pgb_buf_putc(&uri, *at);
        } else {
            pgb_buf_printf(&uri, "%%%02X", (unsigned char)*at);
        }
    }
    pgb_buf_puts(&uri, "&port=5432");
    return uri.failed ? NULL : pgb_arena_strdup(arena, pgb_buf_str(&uri));
}

/* The last lines of a text, at most what a detail holds. */
static void tail_into(const char *text, size_t len, pgb_error *err)
{
    const char *start = text + len;
    int lines = 0;

    while (len > 0 && text[len - 1] == '\n') {
        len--;
    }
    for (start = text + len; start > text && text + len - start < 1500; start--) {
        if (start[-1] == '\n' && ++lines == 12) {
            break;
        }
    }
    if (start > text && start[-1] != '\n') {
        const char *next = memchr(start, '\n', (size_t)(text + len - start));

        start = next != NULL ? next + 1 : start;
    }
    pgb_error_detail(err, "%.*s", (int)(text + len - start), start);
}

void pgb_cluster_log_tail(const char *log, off_t from, pgb_error *err)
{
    PGB_AUTO_FD(fd) = open(log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    char text[8192];
    struct stat st;
    ssize_t got;

    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return;
    }
    if (st.st_size - from > (off_t)sizeof text) {
        from = st.st_size - (off_t)sizeof text;
    }
    got = pread(fd, text, sizeof text, from);
    if (got > 0) {
        tail_into(text, (size_t)got, err);
    }
}

typedef struct append_job {
    const char *path, *text;
} append_job;

static int append_file(const void *data)
{
    const append_job *job = data;
    int fd = open(job->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    size_t len = strlen(job->text);
    bool ok = fd >= 0 && write(fd, job->text, len) == (ssize_t)len && fsync(fd) == 0;

    if (fd >= 0) {
        close(fd);
    }
    return ok ? 0 : 1;
}

pgb_status pgb_cluster_init(const pgb_cluster *c, pgb_error *err)
{
    static const char settings[] = "\n# set by pgbraid when this folder was made\n"
                                   "max_connections = 100\n"
                                   "shared_buffers = 32MB\n"
                                   "max_wal_size = 256MB\n"
                                   "min_wal_size = 32MB\n"
                                   "log_min_duration_statement = -1\n"
                                   "log_checkpoints = off\n";
    PGB_AUTO_ARENA(arena);
    PGB_AUTO_BUF(out);
    pgb_proc_options o = PGB_PROC_INIT;
    append_job job = {.text = settings};
    pgb_status status;
    int code;

    if (arena == NULL || (o.argv = pgb_cluster_init_argv(c->bin, c->data, false, arena)) == NULL ||
        (job.path = pgb_arena_printf(arena, "%s/postgresql.conf", c->data)) == NULL) {
        return pgb_error_nomem(err);
    }
    o.env = pgb_cluster_env();
    /* it works in its folder, so that one whose caller was killed can be found and ended */
    o.dir = c->data;
    o.user = c->user;
    o.session = true;
    out.max = 1024 * 1024;
    status = pgb_proc_run(&o, pgb_deadline_in(300000), &out, &out, &code, err);
    if (status != PGB_OK) {
        return status;
    }
    if (code != 0) {
        pgb_error_set(err, PGB_FAILED, "initdb could not make the embedded server's data folder");
        tail_into(pgb_buf_str(&out), out.len, err);
        pgb_error_hint(err, "Its folder was to be %s. Name a database with -d URL to do without.",
                       c->data);
        return PGB_FAILED;
    }
    if (pgb_proc_call_as(&c->user, append_file, &job) != 0) {
        return pgb_error_set(err, PGB_FAILED, "cannot write %s", job.path);
    }
    return PGB_OK;
}

/* Small files are read without memory of the heap: this also runs after fork. */
static ssize_t read_small(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    ssize_t got = -1;

    if (fd >= 0) {
        got = read(fd, text, size - 1);
        close(fd);
    }
    text[got > 0 ? got : 0] = '\0';
    return got;
}

int pgb_cluster_major(const char *data)
{
    char path[4096], text[32];

    if ((size_t)snprintf(path, sizeof path, "%s/PG_VERSION", data) >= sizeof path ||
        read_small(path, text, sizeof text) <= 0) {
        return 0;
    }
    return (int)strtol(text, NULL, 10);
}

bool pgb_cluster_pid_file(const char *data, pgb_postmaster *ret)
{
    /* pid, data folder, start time, port, socket folder, addresses, shared memory, status */
    char path[4096], text[8192], *line = text;
    pgb_postmaster p = {0};

    if ((size_t)snprintf(path, sizeof path, "%s/postmaster.pid", data) >= sizeof path ||
        read_small(path, text, sizeof text) <= 0) {
        return false;
    }
    for (int i = 1; line != NULL && i <= 8; i++) {
        char *nl = strchr(line, '\n');

        if (nl != NULL) {
            *nl = '\0';
        }
        if (i == 1) {
            long pid = strtol(line, NULL, 10);

            /* one that a person started with --single says so by a minus */
            p.single = pid < 0;
            p.pid = pid > -INT_MAX && pid < INT_MAX ? (pid_t)(pid < 0 ? -pid : pid) : 0;
        } else if (i == 3) {
            p.started = strtoll(line, NULL, 10);
        } else if (i == 5) {
            snprintf(p.socket_dir, sizeof p.socket_dir, "%.*s", (int)sizeof p.socket_dir - 1, line);
        } else if (i == 8) {
            size_t len = strcspn(line, " ");

            snprintf(p.status, sizeof p.status, "%.*s", (int)len, line);
        }
        line = nl != NULL ? nl + 1 : NULL;
    }
    if (p.pid <= 1) {
        return false;
    }
    *ret = p;
    return true;
}

typedef struct check {
    const char *data;
    const pid_t *pids;
    size_t n;
} check;

/* postgres, and what initdb consists of */
static bool is_server_program(const char *name)
{
    return strncmp(name, "post", 4) == 0 || strcmp(name, "initdb\n") == 0;
}

static bool works_in(pid_t pid, const char *data)
{
    char path[64], name[32];
    struct stat there, here;

    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    if (read_small(path, name, sizeof name) <= 0 || !is_server_program(name)) {
        return false;
    }
    snprintf(path, sizeof path, "/proc/%d/cwd", (int)pid);
    return stat(data, &here) == 0 && stat(path, &there) == 0 && here.st_dev == there.st_dev &&
           here.st_ino == there.st_ino;
}

/* The index of the first that works in the data folder, 200: none. */
static int first_inside(const void *data)
{
    const check *c = data;

    for (size_t i = 0; i < c->n && i < 200; i++) {
        if (works_in(c->pids[i], c->data)) {
            return (int)i;
        }
    }
    return 200;
}

static bool runs_there(const pgb_cluster *c, pgb_postmaster *p)
{
    check job = {.data = c->data, .pids = &p->pid, .n = 1};

    return pgb_cluster_pid_file(c->data, p) && pgb_proc_call_as(&c->user, first_inside, &job) == 0;
}

bool pgb_cluster_look(const pgb_cluster *c, pgb_postmaster *ret)
{
    pgb_postmaster p;

    if (!runs_there(c, &p) || p.single) {
        return false;
    }
    *ret = p;
    return true;
}

/* Processes of that user that are PostgreSQL by name; at most `max`. */
static size_t candidates(uid_t uid, pid_t *pids, size_t max)
{
    DIR *d = opendir("/proc");
    size_t n = 0;

    if (d == NULL) {
        return 0;
    }
    for (struct dirent *e; n < max && (e = readdir(d)) != NULL;) {
        char path[300], name[32];
        struct stat st;

        if (e->d_name[0] < '1' || e->d_name[0] > '9') {
            continue;
        }
        snprintf(path, sizeof path, "/proc/%s", e->d_name);
        if (stat(path, &st) != 0 || st.st_uid != uid) {
            continue;
        }
        snprintf(path, sizeof path, "/proc/%s/comm", e->d_name);
        if (read_small(path, name, sizeof name) > 0 && is_server_program(name)) {
            pids[n++] = (pid_t)strtol(e->d_name, NULL, 10);
        }
    }
    closedir(d);
    return n;
}

/* A process that works in the data folder, held so that its id stays its own. */
static bool next_orphan(const pgb_cluster *c, pgb_proc *ret)
{
    pid_t pids[200];
    size_t n = candidates(c->uid, pids, sizeof pids / sizeof pids[0]);
    check job = {.data = c->data, .pids = pids, .n = n};
    int at = n > 0 ? pgb_proc_call_as(&c->user, first_inside, &job) : 200;

    if (at < 0 || (size_t)at >= n || !pgb_proc_open(pids[at], ret)) {
        return false;
    }
    /* held now: is it still the same? */
    job = (check){.data = c->data, .pids = &ret->pid, .n = 1};
    if (pgb_proc_call_as(&c->user, first_inside, &job) != 0) {
        pgb_proc_done(ret);
        return false;
    }
    return true;
}

pgb_status pgb_cluster_clear(const pgb_cluster *c, bool half_made, pgb_error *err)
{
    int64_t deadline = pgb_deadline_in(STOP_HARD_MS);
    char path[4096];
    pgb_postmaster p;
    pgb_proc orphan;

    if (!half_made && runs_there(c, &p)) {
        pgb_error_set(err, PGB_FAILED, "process %d uses the embedded server's data%s", (int)p.pid,
                      p.single ? " in single-user mode" : "");
        pgb_error_hint(err, "End it first; see: ps -fp %d", (int)p.pid);
        return PGB_FAILED;
    }
    while (next_orphan(c, &orphan)) {
        bool ended = false;

        /* a child of a killed server ends when it next looks; one in a long query does not look */
        if (pgb_proc_wait_end(&orphan, pgb_deadline_in(300)) ||
            (pgb_proc_signal(&orphan, SIGQUIT) &&
             pgb_proc_wait_end(&orphan, pgb_deadline_in(1000)))) {
            ended = true;
        } else {
            pgb_proc_signal(&orphan, SIGKILL);
            ended = pgb_proc_wait_end(&orphan, deadline);
        }
        if (!ended) {
            pgb_error_set(err, PGB_FAILED,
                          "process %d of an earlier embedded server can't be ended",
                          (int)orphan.pid);
            pgb_error_hint(err, "See what holds it: ps -fp %d", (int)orphan.pid);
        }
        pgb_proc_done(&orphan);
        if (!ended) {
            return PGB_FAILED;
        }
    }
    snprintf(path, sizeof path, "%s/postmaster.pid", c->data);
    if (unlink(path) != 0 && errno != ENOENT) {
        return pgb_error_set_errno(err, PGB_IO, errno, "cannot remove the stale %s", path);
    }
    return PGB_OK;
}

static pgb_status not_ready(const pgb_cluster *c, bool ended, off_t log_from, pgb_error *err)
{
    if (ended) {
        pgb_error_set(err, PGB_CONNECT, "the embedded PostgreSQL did not start");
        pgb_cluster_log_tail(c->log, log_from, err);
        pgb_error_hint(err,
                       "The whole log is in %s. If its data may go, begin anew with: pgbraid "
                       "db reset",
                       c->log);
    } else {
        pgb_error_set(err, PGB_CONNECT, "the embedded PostgreSQL is not ready yet");
        pgb_cluster_log_tail(c->log, log_from, err);
        pgb_error_hint(err, "It goes on starting; try again in a while, or read %s.", c->log);
    }
    return PGB_CONNECT;
}

static pgb_status wait_ready(const pgb_cluster *c, pid_t pid, int64_t deadline, off_t log_from,
                             pgb_postmaster *ret, pgb_error *err)
{
    pgb_proc proc;
    pgb_status status = PGB_OK;

    if (!pgb_proc_open(pid, &proc)) {
        return not_ready(c, true, log_from, err);
    }
    for (;;) {
        pgb_postmaster p;

        if (pgb_cluster_pid_file(c->data, &p) && p.pid == pid && strcmp(p.status, "ready") == 0) {
            *ret = p;
            break;
        }
        if (pgb_proc_wait_end(&proc, pgb_deadline_in(POLL_MS))) {
            status = not_ready(c, true, log_from, err);
            break;
        }
        if (pgb_deadline_left(deadline) == 0) {
            status = not_ready(c, false, log_from, err);
            break;
        }
    }
    pgb_proc_done(&proc);
    return status;
}

pgb_status pgb_cluster_wait_ready(const pgb_cluster *c, pgb_postmaster *postmaster,
                                  int64_t deadline, pgb_error *err)
{
    struct stat st;

    return wait_ready(c, postmaster->pid, deadline, stat(c->log, &st) == 0 ? st.st_size : 0,
                      postmaster, err);
}

pgb_status pgb_cluster_start(const pgb_cluster *c, int log_fd, int64_t deadline,
                             pgb_postmaster *ret, pgb_error *err)
{
    PGB_AUTO_ARENA(arena);
    pgb_proc_options o = PGB_PROC_INIT;
    struct stat st;
    pid_t pid;
    pgb_status status;
    off_t log_from = fstat(log_fd, &st) == 0 ? st.st_size : 0;

    if (arena == NULL || (o.argv = pgb_cluster_server_argv(c, false, arena)) == NULL) {
        return pgb_error_nomem(err);
    }
    o.env = pgb_cluster_env();
    o.dir = "/";
    o.user = c->user;
    o.detach = true;
    o.out = log_fd;
    o.err = log_fd;
    status = pgb_proc_spawn(&o, &pid, err);
    return status == PGB_OK ? wait_ready(c, pid, deadline, log_from, ret, err) : status;
}

pgb_status pgb_cluster_stop(const pgb_cluster *c, const pgb_postmaster *postmaster, pgb_error *err)
{
    static const struct {
        int signal, wait_ms;
    } ways[] = {{SIGINT, STOP_FAST_MS}, {SIGQUIT, STOP_HARD_MS}, {SIGKILL, STOP_HARD_MS}};
    check job = {.data = c->data, .pids = &postmaster->pid, .n = 1};
    bool ended = false;
    pgb_proc proc;

    if (!pgb_proc_open(postmaster->pid, &proc)) {
        return PGB_OK;
    }
    /* held now: is it still the server? */
    if (pgb_proc_call_as(&c->user, first_inside, &job) != 0) {
        pgb_proc_done(&proc);
        return PGB_OK;
    }
    for (size_t i = 0; i < sizeof ways / sizeof ways[0] && !ended; i++) {
        if (!pgb_proc_signal(&proc, ways[i].signal) && errno == EPERM) {
            pgb_proc_done(&proc);
            return pgb_error_set_errno(err, PGB_FAILED, EPERM,
                                       "cannot stop the embedded PostgreSQL, process %d",
                                       (int)postmaster->pid);
        }
        ended = pgb_proc_wait_end(&proc, pgb_deadline_in(ways[i].wait_ms));
    }
    pgb_proc_done(&proc);
    return ended
               ? PGB_OK
               : pgb_error_set(err, PGB_FAILED, "the embedded PostgreSQL, process %d, does not end",
                               (int)postmaster->pid);
}
