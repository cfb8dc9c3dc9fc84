/*
 * A project and a database per test, revisions written by the test, and what the runner tells kept
 * in `seen`. For the tests of run.
 */
#ifndef PGB_TESTS_RUNTEST_H
#define PGB_TESTS_RUNTEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../support/pgtest.h"
#include "base/clock.h"
#include "base/file.h"
#include "run/internal.h"

/* ---- a project and a database per test ---- */

static struct {
    char root[64];
    char database[32];
    char conninfo[256];
    int n;
} project;

__attribute__((unused)) static void new_project(void)
{
    pgb_session_options o = {.conninfo = pgtest_conninfo("postgres"), .connect_timeout_ms = -1};
    pgb_session *s = NULL;
    pgb_error err = PGB_ERROR_INIT;
    char sql[64], path[128];

    snprintf(project.root, sizeof project.root, "/tmp/pgbraid-run-XXXXXX");
    assert_non_null(mkdtemp(project.root));
    snprintf(path, sizeof path, "%s/migrations", project.root);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(project.database, sizeof project.database, "d%d", project.n++);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s", project.database);
    assert_int_equal(pgb_session_open(&o, &s, &err), PGB_OK);
    assert_int_equal(pgb_exec(s, sql, NULL, &err), PGB_OK);
    pgb_session_close(s);
    snprintf(project.conninfo, sizeof project.conninfo, "%s", pgtest_conninfo(project.database));
}

__attribute__((unused)) static int setup(void **state)
{
    (void)state;
    new_project();
    return 0;
}

__attribute__((unused)) static int teardown(void **state)
{
    (void)state;
    pgb_dir_remove(project.root, NULL);
    return 0;
}

__attribute__((unused)) static void put(const char *name, const char *text)
{
    char path[192];
    FILE *f;

    snprintf(path, sizeof path, "%s/migrations/%s", project.root, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* A revision with the id, its parent ("" none), up and down. */
__attribute__((unused)) static void revision(const char *id, const char *parent, const char *header,
                                             const char *up, const char *down)
{
    char name[64], *text = NULL;

    snprintf(name, sizeof name, "%s_x.sql", id);
    assert_true(asprintf(&text,
                         "-- the %s\n-- pgbraid:revision %s\n%s%s%s%s\n-- pgbraid:up\n%s\n"
                         "-- pgbraid:down\n%s\n",
                         id, id, parent[0] != '\0' ? "-- pgbraid:parent " : "", parent,
                         parent[0] != '\0' ? "\n" : "", header, up, down) > 0);
    put(name, text);
    free(text);
}

__attribute__((unused)) static pgb_session *open_session(void)
{
    pgb_session_options o = {.conninfo = project.conninfo, .connect_timeout_ms = -1};
    pgb_session *s = NULL;
    pgb_error err = PGB_ERROR_INIT;

    if (pgb_session_open(&o, &s, &err) != PGB_OK) {
        fail_msg("%s: %s", err.message, err.detail);
    }
    return s;
}

__attribute__((unused)) static void sql_ok(const char *sql)
{
    pgb_session *s = open_session();
    pgb_error err = PGB_ERROR_INIT;

    if (pgb_exec(s, sql, NULL, &err) != PGB_OK) {
        fail_msg("%s: %s", sql, err.message);
    }
    pgb_session_close(s);
}

__attribute__((unused)) static char *text_of(const char *sql)
{
    static char value[2048];
    pgb_session *s = open_session();
    pgb_error err = PGB_ERROR_INIT;
    pgb_result *r = NULL;

    if (pgb_exec(s, sql, &r, &err) != PGB_OK) {
        fail_msg("%s: %s", sql, err.message);
    }
    snprintf(value, sizeof value, "%s",
             pgb_result_rows(r) > 0 ? pgb_result_value(r, 0, 0) : "(none)");
    pgb_result_free(r);
    pgb_session_close(s);
    return value;
}

#define assert_sql(sql, expected) assert_string_equal(text_of(sql), expected)

/* ---- what the runner tells ---- */

static struct {
    int begins, ends, blocked, lock_waits;
    char notice[512], blockers[512], holder[512];
    void (*on_notice)(const char *text);
    void (*on_blocked)(uint32_t attempt);
} seen;

__attribute__((unused)) static void see_begin(void *data, const pgb_world *w, const pgb_step *step,
                                              uint32_t nth, uint32_t of)
{
    (void)data, (void)w, (void)step, (void)nth, (void)of;
    seen.begins++;
}

__attribute__((unused)) static void see_end(void *data, const pgb_world *w, const pgb_step *step,
                                            int64_t us)
{
    (void)data, (void)w, (void)step, (void)us;
    seen.ends++;
}

__attribute__((unused)) static void see_notice(void *data, const char *severity, const char *text)
{
    (void)data, (void)severity;
    snprintf(seen.notice, sizeof seen.notice, "%s", text);
    if (seen.on_notice != NULL) {
        seen.on_notice(text);
    }
}

__attribute__((unused)) static void see_blocked(void *data, const char *blockers, uint32_t attempt,
                                                int64_t sleep_ms)
{
    (void)data, (void)sleep_ms;
    seen.blocked++;
    snprintf(seen.blockers, sizeof seen.blockers, "%s", blockers);
    if (seen.on_blocked != NULL) {
        seen.on_blocked(attempt);
    }
}

__attribute__((unused)) static void see_lock_wait(void *data, const char *holder, int64_t waited_ms)
{
    (void)data, (void)waited_ms;
    seen.lock_waits++;
    snprintf(seen.holder, sizeof seen.holder, "%s", holder);
}

/* ---- running ---- */

__attribute__((unused)) static pgb_run_options defaults(void)
{
    memset(&seen, 0, sizeof seen);
    return (pgb_run_options){.conninfo = project.conninfo,
                             .project = "demo",
                             .lock_wait_ms = -1,
                             .lock_timeout_ms = -1,
                             .lock_deadline_ms = -1,
                             .resolve_deadline_ms = 30000,
                             .events = {.step_begin = see_begin,
                                        .step_end = see_end,
                                        .notice = see_notice,
                                        .blocked = see_blocked,
                                        .lock_wait = see_lock_wait}};
}

static uint32_t waits;     /* of the session that executed, while it did */
static uint32_t all_waits; /* and since it was opened, what connecting takes aside */

enum action { UPGRADE, DOWNGRADE, STAMP };

__attribute__((unused)) static pgb_status act(const pgb_run_options *o, enum action action,
                                              const char *target, pgb_error *err)
{
    pgb_rev_options files = {.root = project.root};
    pgb_run_summary summary;
    pgb_revset *set = NULL;
    pgb_runner *runner = NULL;
    pgb_applied_set *applied = NULL;
    pgb_world *world = NULL;
    pgb_plan plan = {0};
    pgb_status status;
    PGB_AUTO_ARENA(arena);

    pgb_error_clear(err);
    status = pgb_revset_load(&files, NULL, &set, err);
    if (status == PGB_OK) {
        status = pgb_runner_open(o, &runner, err);
    }
    if (status == PGB_OK) {
        status = pgb_runner_lock(runner, err);
    }
    if (status == PGB_OK) {
        status = pgb_runner_read(runner, arena, &applied, err);
    }
    if (status == PGB_OK) {
        status = pgb_world_build(set, applied, NULL, &world, err);
    }
    if (status == PGB_OK) {
        status = action == DOWNGRADE ? pgb_plan_downgrade(world, target, &plan, err)
                 : action == STAMP   ? pgb_plan_stamp(world, &target, 1, false, &plan, err)
                 : target != NULL    ? pgb_plan_upgrade(world, &target, 1, &plan, err)
                                     : pgb_plan_upgrade(world, NULL, 0, &plan, err);
    }
    if (status == PGB_OK) {
        /* of executing alone: how often the lock is tried for is a matter of chance */
        uint32_t before = pgb_session_waits(runner->session);

        status = pgb_runner_execute(runner, world, &plan, &summary, err);
        all_waits = runner->session != NULL ? pgb_session_waits(runner->session) : 0;
        waits = runner->session != NULL ? all_waits - before : 0;
        assert_int_equal(summary.n_done, seen.ends);
    }
    pgb_world_free(world);
    pgb_applied_set_done(applied);
    pgb_runner_close(runner);
    pgb_revset_free(set);
    return status;
}

__attribute__((unused)) static void act_ok(const pgb_run_options *o, enum action action,
                                           const char *target)
{
    pgb_error err = PGB_ERROR_INIT;

    if (act(o, action, target, &err) != PGB_OK) {
        fail_msg("%s (%s) %s:%d", err.message, err.detail, err.file, err.line);
    }
}

static const char ids[] =
    "SELECT string_agg(id, ',' ORDER BY id) FROM pgbraid.revision WHERE state = 'applied'";

__attribute__((unused)) static void kill_backend(const char *text)
{
    int pid;

    if (sscanf(text, "kill %d", &pid) == 1) {
        seen.on_notice = NULL; /* once */
        kill(pid, SIGKILL);
    }
}

static int start(void **state)
{
    (void)state;
    return pgtest_start() ? 0 : -1;
}

#define RUN_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
