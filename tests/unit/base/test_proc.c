/* Child processes: what they are given, what comes back, how they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"

static pgb_status sh(const char *script, pgb_buf *out, pgb_buf *errors, int *code, pgb_error *err)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    pgb_proc_options o = PGB_PROC_INIT;

    o.argv = argv;
    return pgb_proc_run(&o, pgb_deadline_in(10000), out, errors, code, err);
}

static void run(void **state)
{
    static const struct {
        const char *script, *out, *err;
        int code;
    } cases[] = {
        {"true", "", "", 0},
        {"exit 7", "", "", 7},
        {"kill -9 $$", "", "", 137},
        {"echo a; echo b >&2; exit 3", "a\n", "b\n", 3},
        {"cat", "", "", 0}, /* stdin is empty, not ours */
        {"printf '%s' \"$(ls /proc/self/fd | tr '\\n' ' ')\"", "0 1 2 3 ", "", 0}, /* 3: ls's own */
        {"exec 1>&-; exec sleep 0.1", "", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        PGB_AUTO_BUF(out);
        PGB_AUTO_BUF(errors);
        pgb_error err = PGB_ERROR_INIT;
        int code = -1;

        print_message("# %s\n", cases[i].script);
        assert_int_equal(sh(cases[i].script, &out, &errors, &code, &err), PGB_OK);
        assert_string_equal(pgb_buf_str(&out), cases[i].out);
        assert_string_equal(pgb_buf_str(&errors), cases[i].err);
        assert_int_equal(code, cases[i].code);
    }
}

static void much_output(void **state)
{
    PGB_AUTO_BUF(out);
    PGB_AUTO_BUF(few);
    pgb_error err = PGB_ERROR_INIT;
    int code;

    (void)state;
    assert_int_equal(
        sh("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2", &out, NULL, &code, &err),
        PGB_OK);
    assert_int_equal(out.len, 1000000);
    few.max = 1000;
    assert_int_equal(sh("head -c 100000 /dev/zero", &few, NULL, &code, &err), PGB_NOMEM);
}

static void not_started(void **state)
{
    const char *const argv[] = {"pgbraid-no-such-program", NULL};
    const char *const folder[] = {"/etc", NULL};
    const char *const fine[] = {"true", NULL};
    pgb_proc_options o = PGB_PROC_INIT;
    pgb_error err = PGB_ERROR_INIT;
    int code;

    (void)state;
    o.argv = argv;
    assert_int_equal(pgb_proc_run(&o, PGB_DEADLINE_NEVER, NULL, NULL, &code, &err), PGB_FAILED);
    assert_non_null(strstr(err.message, "not in PATH"));
    o.argv = folder;
    pgb_error_clear(&err);
    assert_int_equal(pgb_proc_run(&o, PGB_DEADLINE_NEVER, NULL, NULL, &code, &err), PGB_FAILED);
    assert_non_null(strstr(err.message, "Permission denied"));
    o.argv = fine;
    o.dir = "/no/such/folder";
    pgb_error_clear(&err);
    assert_int_equal(pgb_proc_run(&o, PGB_DEADLINE_NEVER, NULL, NULL, &code, &err), PGB_FAILED);
    assert_non_null(strstr(err.detail, "working folder"));
    o.dir = NULL;
    o.detach = true;
    o.argv = folder;
    {
        pid_t pid;

        pgb_error_clear(&err);
        assert_int_equal(pgb_proc_spawn(&o, &pid, &err), PGB_FAILED);
    }
    /* nobody is left to be waited for */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void too_slow(void **state)
{
    const char *const argv[] = {"sleep", "100", NULL};
    pgb_proc_options o = PGB_PROC_INIT;
    pgb_error err = PGB_ERROR_INIT;
    int64_t start = pgb_clock_ms();
    int code;

    (void)state;
    o.argv = argv;
    assert_int_equal(pgb_proc_run(&o, pgb_deadline_in(200), NULL, NULL, &code, &err), PGB_FAILED);
    assert_in_range(pgb_clock_ms() - start, 200, 5000);
}

static void on_signal(int signal)
{
    (void)signal;
}

static void signals_are_fresh(void **state)
{
    PGB_AUTO_BUF(out);
    pgb_error err = PGB_ERROR_INIT;
    sigset_t blocked, before;
    unsigned long long ignored;
    char *rest;
    int code;

    (void)state;
    signal(SIGUSR1, on_signal);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    assert_int_equal(
        sh("sed -n '/^Sig[BIC]/p' /proc/self/status | tr -d '\\n\\t'", &out, NULL, &code, &err),
        PGB_OK);
    sigprocmask(SIG_SETMASK, &before, NULL);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    assert_memory_equal(pgb_buf_str(&out), "SigBlk:0000000000000000SigIgn:", 30);
    ignored = strtoull(pgb_buf_str(&out) + 30, &rest, 16);
    /* libc keeps the first two real-time signals to itself: whoever starts a program by posix_spawn
     * hands them on ignored, and sigaction refuses to set them. */
    assert_int_equal(ignored & ~(3ULL << 31), 0);
    assert_string_equal(rest, "SigCgt:0000000000000000");
}

static void environment_and_folder(void **state)
{
    const char *const argv[] = {"sh", "-c", "env | sort | grep -v '^_=' | grep -v ^SHLVL; pwd",
                                NULL};
    const char *const env[] = {"A=1", "PWD=/", NULL};
    PGB_AUTO_BUF(out);
    pgb_proc_options o = PGB_PROC_INIT;
    pgb_error err = PGB_ERROR_INIT;
    int code;

    (void)state;
    o.argv = argv;
    o.env = env;
    o.dir = "/usr";
    assert_int_equal(pgb_proc_run(&o, pgb_deadline_in(10000), &out, NULL, &code, &err), PGB_OK);
    assert_string_equal(pgb_buf_str(&out), "A=1\nPWD=/usr\n/usr\n");
}

static int is_nobody(const void *data)
{
    const pgb_user *user = data;

    return getuid() == user->uid && geteuid() == user->uid && getgid() == user->gid &&
                   setuid(0) != 0
               ? 42
               : 1;
}

static void another_user(void **state)
{
    const char *const argv[] = {"id", "-u", NULL};
    PGB_AUTO_BUF(out);
    pgb_proc_options o = PGB_PROC_INIT;
    pgb_error err = PGB_ERROR_INIT;
    pgb_user nobody, found;
    char wanted[32];
    int code;

    (void)state;
    assert_true(pgb_user_by_name("nobody", &nobody));
    if (nobody.uid == geteuid()) {
        assert_true(pgb_user_by_name("daemon", &nobody));
    }
    assert_false(pgb_user_by_name("no such user", &found));
    assert_true(pgb_user_by_uid(nobody.uid, &found));
    assert_int_equal(found.gid, nobody.gid);
    o.argv = argv;
    o.user = nobody;
    if (geteuid() != 0) {
        /* only root can become another: told, not passed over */
        assert_int_equal(pgb_proc_run(&o, PGB_DEADLINE_NEVER, &out, NULL, &code, &err), PGB_FAILED);
        assert_int_equal(pgb_proc_call_as(&nobody, is_nobody, &nobody), -1);
        return;
    }
    assert_int_equal(pgb_proc_run(&o, pgb_deadline_in(10000), &out, NULL, &code, &err), PGB_OK);
    snprintf(wanted, sizeof wanted, "%u\n", (unsigned)nobody.uid);
    assert_string_equal(pgb_buf_str(&out), wanted);
    assert_int_equal(pgb_proc_call_as(&nobody, is_nobody, &nobody), 42);
}

static void detached(void **state)
{
    const char *const argv[] = {"sleep", "100", NULL};
    pgb_proc_options o = PGB_PROC_INIT;
    pgb_error err = PGB_ERROR_INIT;
    pgb_proc proc;
    pid_t pid = 0;

    (void)state;
    o.argv = argv;
    o.detach = true;
    assert_int_equal(pgb_proc_spawn(&o, &pid, &err), PGB_OK);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), -1); /* not our child */
    assert_int_equal(getsid(pid) == getsid(0), 0);
    assert_true(pgb_proc_open(pid, &proc));
    assert_false(pgb_proc_wait_end(&proc, pgb_deadline_in(50)));
    assert_true(pgb_proc_signal(&proc, SIGTERM));
    assert_true(pgb_proc_wait_end(&proc, pgb_deadline_in(5000)));
    pgb_proc_done(&proc);
}

static void no_such_process(void **state)
{
    pgb_proc proc;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        _exit(0);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_false(pgb_proc_open(pid, &proc));
    assert_false(pgb_proc_open(0, &proc));
    assert_false(pgb_proc_open(-1, &proc));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run),
        cmocka_unit_test(much_output),
        cmocka_unit_test(not_started),
        cmocka_unit_test(too_slow),
        cmocka_unit_test(signals_are_fresh),
        cmocka_unit_test(environment_and_folder),
        cmocka_unit_test(another_user),
        cmocka_unit_test(detached),
        cmocka_unit_test(no_such_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
