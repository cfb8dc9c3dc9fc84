/*
 * A throwaway PostgreSQL cluster for a cmocka test: pgtest_start() once, pgtest_conninfo(db), and
 * pgtest_stop(), which also runs at exit. Unix socket only, fsync off; as root it runs as user
 * postgres. The server dies with the test program, however that ends.
 */
#ifndef PGB_TESTS_PGTEST_H
#define PGB_TESTS_PGTEST_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <grp.h>

static struct {
    char dir[64];
    char conninfo[256];
    pid_t pid;
} pgtest;

static const char *pgtest_bin(void)
{
    const char *named = getenv("PGBRAID_TEST_PG_BIN");

    return named != NULL ? named : "/usr/lib/postgresql/15/bin";
}

static int pgtest_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

/* In the child: the unprivileged user, output to the log, dies with its parent. */
static void pgtest_become(void)
{
    struct passwd *pw = geteuid() == 0 ? getpwnam("postgres") : NULL;
    char log[128];
    int fd;

    if (pw != NULL &&
        (setgroups(0, NULL) != 0 || setgid(pw->pw_gid) != 0 || setuid(pw->pw_uid) != 0)) {
        _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT, 0, 0, 0);
    unsetenv("LC_ALL");
    setenv("LC_MESSAGES", "C", 1);
    snprintf(log, sizeof log, "%s/log", pgtest.dir);
    fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
        dup2(fd, 1);
        dup2(fd, 2);
    }
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        dup2(fd, 0);
    }
    if (chdir(pgtest.dir) != 0) {
        _exit(126);
    }
}

static pid_t pgtest_spawn(const char *const *argv)
{
    char path[256];
    pid_t pid;

    snprintf(path, sizeof path, "%s/%s", pgtest_bin(), argv[0]);
    pid = fork();
    if (pid == 0) {
        char *copy[32];
        int n = 0;

        pgtest_become();
        for (; argv[n] != NULL && n < 31; n++) {
            /* the whole path: initdb looks for postgres beside itself, and then along PATH */
            copy[n] = strdup(n == 0 ? path : argv[n]);
        }
        copy[n] = NULL;
        execv(path, copy);
        _exit(127);
    }
    return pid;
}

static void pgtest_stop(void)
{
    if (pgtest.pid > 0) {
        kill(pgtest.pid, SIGQUIT);
        waitpid(pgtest.pid, NULL, 0);
        pgtest.pid = 0;
    }
    if (pgtest.dir[0] != '\0') {
        nftw(pgtest.dir, pgtest_remove_one, 16, FTW_DEPTH | FTW_PHYS);
        pgtest.dir[0] = '\0';
    }
}

/* Starts postgres on the cluster; more: settings "-c", "name=value", …, NULL-terminated, or NULL.
 */
static bool pgtest_run(const char *const *more)
{
    const char *argv[31] = {"postgres", "-D", "data",      "-c", "listen_addresses=", "-k",
                            pgtest.dir, "-c", "fsync=off", "-c", "max_connections=60"};
    int n = 11;

    for (; more != NULL && *more != NULL && n < 30; more++) {
        argv[n++] = *more;
    }
    pgtest.pid = pgtest_spawn(argv);
    for (int i = 0; i < 600; i++) {
        char pidfile[128], line[64];
        FILE *f;
        struct timespec t = {0, 50000000};
        bool ready = false;

        snprintf(pidfile, sizeof pidfile, "%s/data/postmaster.pid", pgtest.dir);
        f = fopen(pidfile, "re");
        if (f != NULL) {
            for (int l = 1; fgets(line, sizeof line, f) != NULL; l++) {
                ready = ready || (l == 8 && strncmp(line, "ready", 5) == 0);
            }
            fclose(f);
        }
        if (ready) {
            return true;
        }
        if (waitpid(pgtest.pid, NULL, WNOHANG) == pgtest.pid) {
            pgtest.pid = 0;
            break;
        }
        nanosleep(&t, NULL);
    }
    return false;
}

__attribute__((unused)) static void pgtest_shut(void)
{
    if (pgtest.pid > 0) {
        kill(pgtest.pid, SIGQUIT); /* immediate */
        waitpid(pgtest.pid, NULL, 0);
        pgtest.pid = 0;
    }
}

static void pgtest_print_log(void)
{
    char line[512];
    FILE *f;

    snprintf(line, sizeof line, "%s/log", pgtest.dir);
    f = fopen(line, "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        fputs(line, stderr);
    }
    if (f != NULL) {
        fclose(f);
    }
}

static bool pgtest_start(void)
{
    static const char *const initdb[] = {"initdb", "-D",          "data", "-U",   "postgres", "-A",
                                         "trust",  "--no-locale", "-E",   "UTF8", "-N",       NULL};
    struct passwd *pw = geteuid() == 0 ? getpwnam("postgres") : NULL;
    int status;

    snprintf(pgtest.dir, sizeof pgtest.dir, "/tmp/pgtest-XXXXXX");
    if (mkdtemp(pgtest.dir) == NULL) {
        return false;
    }
    atexit(pgtest_stop);
    if (pw != NULL && chown(pgtest.dir, pw->pw_uid, pw->pw_gid) != 0) {
        return false;
    }
    if (waitpid(pgtest_spawn(initdb), &status, 0) < 0 || status != 0) {
        fprintf(stderr, "initdb failed\n");
        pgtest_print_log();
        return false;
    }
    return pgtest_run(NULL);
}

__attribute__((unused)) static const char *pgtest_conninfo(const char *database)
{
    snprintf(pgtest.conninfo, sizeof pgtest.conninfo, "host=%s user=postgres dbname=%s", pgtest.dir,
             database);
    return pgtest.conninfo;
}

#endif
