/* A throwaway server is there, and gone whatever happens to whoever had it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/proc.h"
#include "pg/pg.h"
#include "scratch/scratch.h"

enum { GONE_MS = 15000 };

static char temp[64];

/* Every server of this test has its folder in here. */
static int setup(void **state)
{
    (void)state;
    strcpy(temp, "/tmp/pgbraid-test-private-XXXXXX");
    assert_non_null(mkdtemp(temp));
    assert_int_equal(chmod(temp, 0777), 0);
    assert_int_equal(setenv("TMPDIR", temp, 1), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return pgb_dir_remove(temp, NULL) == PGB_OK ? 0 : -1;
}

static size_t folders(void)
{
    PGB_AUTO_ARENA(arena);
    PGB_AUTO_FD(fd) = -1;
    char **names;
    size_t n;

    assert_int_equal(pgb_dir_open(temp, &fd, NULL), PGB_OK);
    assert_int_equal(pgb_dir_list(fd, temp, arena, &names, &n, NULL), PGB_OK);
    return n;
}

/* Processes whose command line names the folder: servers, not their workers. */
static size_t servers(void)
{
    DIR *d = opendir("/proc");
    size_t n = 0;

    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        PGB_AUTO_BUF(line);
        char path[300];

        snprintf(path, sizeof path, "/proc/%s/cmdline", e->d_name);
        if (e->d_name[0] < '1' || e->d_name[0] > '9' ||
            pgb_file_read(path, 65536, &line, NULL) != PGB_OK) {
            continue;
        }
        for (size_t i = 0; i < line.len; i++) {
            line.p[i] = line.p[i] != '\0' ? line.p[i] : ' ';
        }
        n += strstr(pgb_buf_str(&line), temp) != NULL;
    }
    closedir(d);
    return n;
}

static void gone(void)
{
    int64_t deadline = pgb_deadline_in(GONE_MS);

    while ((folders() > 0 || servers() > 0) && pgb_deadline_left(deadline) > 0) {
        pgb_clock_sleep_ms(20);
    }
    assert_int_equal(folders(), 0);
    assert_int_equal(servers(), 0);
}

static pgb_status ask(const char *conninfo, const char *sql, char *answer, size_t size)
{
    pgb_session_options o = {.conninfo = conninfo, .connect_timeout_ms = 10000};
    pgb_session *session;
    pgb_result *r = NULL;
    pgb_error err = PGB_ERROR_INIT;
    pgb_status status = pgb_session_open(&o, &session, &err);

    if (status == PGB_OK) {
        status = pgb_exec(session, sql, &r, &err);
        if (status == PGB_OK && answer != NULL) {
            snprintf(answer, size, "%s", pgb_result_value(r, 0, 0));
        }
        pgb_result_free(r);
        pgb_session_close(session);
    }
    if (status != PGB_OK) {
        print_message("# %s\n", err.message);
    }
    return status;
}

static void serves_and_goes(void **state)
{
    pgb_private *a = NULL, *b = NULL;
    pgb_error err = PGB_ERROR_INIT;
    char answer[64];
    struct stat st;

    (void)state;
    assert_int_equal(pgb_private_open(NULL, 0, &a, &err), PGB_OK);
    assert_int_equal(pgb_private_open(NULL, 0, &b, &err), PGB_OK);
    assert_int_equal(folders(), 2);
    assert_true(servers() >= 2);
    assert_int_equal(ask(pgb_private_conninfo(a), "SHOW listen_addresses", answer, 64), PGB_OK);
    assert_string_equal(answer, "");
    assert_int_equal(ask(pgb_private_conninfo(b), "SHOW server_encoding", answer, 64), PGB_OK);
    assert_string_equal(answer, "UTF8");
    assert_int_equal(stat(pgb_private_log(a), &st), 0);
    pgb_private_close(a);
    assert_int_equal(folders(), 1);
    assert_int_equal(ask(pgb_private_conninfo(b), "SELECT 1", answer, 64), PGB_OK);
    pgb_private_close(b);
    pgb_private_close(NULL);
    gone();
}

/* Forks a process that opens a server, says so, and sleeps. */
static pid_t owner(int *ret_ready)
{
    int ready[2];
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        pgb_private *server;
        pgb_session *session;
        pgb_session_options o = {.connect_timeout_ms = 10000};

        if (pgb_private_open(NULL, 0, &server, NULL) != PGB_OK) {
            _exit(1);
        }
        o.conninfo = pgb_private_conninfo(server);
        if (pgb_session_open(&o, &session, NULL) != PGB_OK || write(ready[1], "x", 1) != 1) {
            _exit(1);
        }
        pause();
        _exit(0);
    }
    close(ready[1]);
    *ret_ready = ready[0];
    return pid;
}

static void killed_while_it_serves(void **state)
{
    int ready;
    pid_t pid = owner(&ready);
    char c;

    (void)state;
    assert_int_equal(read(ready, &c, 1), 1);
    close(ready);
    assert_int_equal(folders(), 1);
    assert_true(servers() > 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    gone();
}

static void killed_at_any_moment(void **state)
{
    (void)state;
    for (int ms = 1; ms < 1500; ms = ms * 2 + 5) {
        int ready;
        pid_t pid = owner(&ready);

        print_message("# after %d ms\n", ms);
        pgb_clock_sleep_ms(ms);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        close(ready);
        gone();
    }
}

/* The watcher is our only child here. */
static void watcher_killed(void **state)
{
    pgb_private *server;
    pgb_error err = PGB_ERROR_INIT;
    char path[64], line[32] = "";
    int64_t deadline;

    (void)state;
    assert_int_equal(pgb_private_open(NULL, 0, &server, &err), PGB_OK);
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    {
        FILE *f = fopen(path, "r");

        assert_non_null(f);
        assert_non_null(fgets(line, sizeof line, f));
        fclose(f);
    }
    assert_int_equal(kill((pid_t)atoi(line), SIGKILL), 0);
    for (deadline = pgb_deadline_in(GONE_MS); servers() > 0 && pgb_deadline_left(deadline) > 0;) {
        pgb_clock_sleep_ms(20);
    }
    assert_int_equal(servers(), 0);
    pgb_private_close(server);
    assert_int_equal(folders(), 0);
}

static void no_programs(void **state)
{
    pgb_private *server = NULL;
    pgb_error err = PGB_ERROR_INIT;

    (void)state;
    assert_int_equal(pgb_private_open("/nonexistent", 0, &server, &err), PGB_FAILED);
    assert_null(server);
    gone();
}

/* Programs that fail: the reason is shown, nothing stays. */
static void does_not_start(void **state)
{
    static const char postgres[] =
        "#!/bin/sh\n[ \"$1\" = --version ] && echo 'postgres "
        "(PostgreSQL) 15.1' && exit\necho 'FATAL: no luck' >&2\nexit 1\n";
    static const char fails[] = "#!/bin/sh\necho 'initdb: bad day' >&2\nexit 1\n";
    static const char fine[] = "#!/bin/sh\nexit 0\n";
    char dir[64] = "/tmp/pgbraid-test-bin-XXXXXX", a[128], b[128];

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chmod(dir, 0755), 0);
    snprintf(a, sizeof a, "%s/postgres", dir);
    snprintf(b, sizeof b, "%s/initdb", dir);
    assert_int_equal(pgb_file_write(a, postgres, sizeof postgres - 1, false, NULL), PGB_OK);
    for (int i = 0; i < 2; i++) {
        pgb_private *server = NULL;
        pgb_error err = PGB_ERROR_INIT;

        assert_int_equal(
            pgb_file_write(b, i == 0 ? fails : fine, strlen(i == 0 ? fails : fine), false, NULL),
            PGB_OK);
        assert_int_equal(chmod(a, 0755), 0);
        assert_int_equal(chmod(b, 0755), 0);
        assert_int_equal(pgb_private_open(dir, 0, &server, &err), PGB_FAILED);
        assert_non_null(strstr(err.message, i == 0 ? "initdb failed" : "it ended"));
        assert_non_null(strstr(err.detail, i == 0 ? "bad day" : "no luck"));
        gone();
    }
    assert_int_equal(pgb_dir_remove(dir, NULL), PGB_OK);
}

/* A folder for data whose path is too long for a socket. */
static void long_temp(void **state)
{
    pgb_private *server;
    pgb_error err = PGB_ERROR_INIT;
    char deep[300];
    char answer[64];

    (void)state;
    snprintf(deep, sizeof deep, "%s/%0200d", temp, 0);
    assert_int_equal(mkdir(deep, 0777), 0);
    assert_int_equal(chmod(deep, 0777), 0);
    setenv("TMPDIR", deep, 1);
    assert_int_equal(pgb_private_open(NULL, 0, &server, &err), PGB_OK);
    assert_int_equal(ask(pgb_private_conninfo(server), "SHOW data_directory", answer, 64), PGB_OK);
    assert_memory_equal(answer, deep, 40);
    pgb_private_close(server);
    setenv("TMPDIR", temp, 1);
    assert_int_equal(rmdir(deep), 0); /* empty again */
    gone();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_and_goes),
        cmocka_unit_test(killed_while_it_serves),
        cmocka_unit_test(killed_at_any_moment),
        cmocka_unit_test(watcher_killed),
        cmocka_unit_test(no_programs),
        cmocka_unit_test(does_not_start),
        cmocka_unit_test(long_temp),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
