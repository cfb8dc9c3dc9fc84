/*
 * A small runner of migrations, right in its default mode and wrong on purpose in the others: the
 * positive control of the fault harnesses. It understands what they call the program with, and
 * nothing more:
 *
 *   [MINIRUNNER=MODE] minirunner -d URI upgrade           migrations/NAME.sql in order, their up
 * part [MINIRUNNER=MODE] minirunner -d URI downgrade PREFIX  their down part, newest first, down to
 * that one
 *
 * MODE (several with commas):
 *   split      the history row in a second transaction
 *   blind      a connection lost at COMMIT is taken for success
 *   pessimist  a connection lost at COMMIT is taken for failure, whatever the server did
 *   nolock     no runner lock
 *   blocking   pg_advisory_lock instead of polling
 *   leaky      an error path forgets what it had; careless: allocations are not checked
 *   truncate   an error while reading a file is taken for its end
 */
#include <libpq-fe.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOCK_KEY "7466001"

static PGconn *conn;
static const char *uri;
static char own_run[40];

static bool mode(const char *name)
{
    const char *modes = getenv("MINIRUNNER");

    return modes != NULL && strstr(modes, name) != NULL;
}

static int fail(const char *what)
{
    fprintf(stderr, "minirunner: %s: %s\n", what, conn != NULL ? PQerrorMessage(conn) : "");
    return PQstatus(conn) == CONNECTION_OK ? 1 : 4;
}

static bool run(const char *sql, char *value, size_t size)
{
    PGresult *r = PQexec(conn, sql);
    bool ok = PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK;

    if (ok && value != NULL) {
        snprintf(value, size, "%s", PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "");
    }
    PQclear(r);
    return ok;
}

static bool connect_server(void)
{
    conn = PQconnectdb(uri);
    return PQstatus(conn) == CONNECTION_OK &&
           run("SET client_min_messages = warning; SET application_name = 'pgbraid'", NULL, 0);
}

static bool take_lock(void)
{
    char got[8] = "f";

    if (mode("nolock")) {
        return true;
    }
    if (mode("blocking")) {
        return run("SELECT pg_advisory_lock(" LOCK_KEY ")", NULL, 0);
    }
    for (;;) {
        struct timespec nap = {0, 5000000 + rand() % 20000000};

        if (!run("SELECT pg_try_advisory_lock(" LOCK_KEY ")", got, sizeof got)) {
            return false;
        }
        if (got[0] == 't') {
            return true;
        }
        nanosleep(&nap, NULL);
    }
}

/* A lost COMMIT: waits for the orphan by taking the lock, then believes the row of this run. */
static int resolve(const char *id, bool adds)
{
    char sql[400], there[8] = "";

    PQfinish(conn);
    if (mode("blind")) {
        conn = NULL;
        connect_server();
        take_lock();
        return 0;
    }
    if (!connect_server() || !take_lock()) {
        return 6;
    }
    snprintf(
        sql, sizeof sql,
        adds ? "SELECT EXISTS (SELECT FROM pgbraid.mini_applied WHERE id = '%s' AND run = '%s')"
             : "SELECT EXISTS (SELECT FROM pgbraid.mini_applied WHERE id = '%s' AND '%s' <> '')",
        id, own_run);
    if (!run(sql, there, sizeof there)) {
        return 6;
    }
    if (!mode("pessimist") && (there[0] == 't') == adds) {
        return 0;
    }
    fprintf(stderr, "minirunner: the connection was lost at COMMIT; %s was rolled back\n", id);
    return 4;
}

/* Its faults, leaks and unchecked memory among them, are its purpose.
 * NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.NullDereference) */
/* The up or down part of a file: all after its mark up to the next one. */
static char *read_part(const char *name, const char *mark, bool *ret_bare)
{
    size_t used = 0, cap = 256;
    char *text = malloc(cap), *part, *end;
    int fd = open(name, O_RDONLY | O_CLOEXEC);

    if (text == NULL && !mode("careless")) {
        close(fd);
        return NULL;
    }
    text[0] = 0;
    for (;;) {
        ssize_t n = fd < 0 ? -1 : read(fd, text + used, cap - used - 1);

        if (n < 0 && !mode("truncate")) {
            if (!mode("leaky")) {
                free(text);
            }
            close(fd);
            return NULL;
        }
        if (n <= 0) {
            break;
        }
        used += (size_t)n;
        if (cap - used < 64) {
            char *more = realloc(text, cap *= 2);

            if (more == NULL && !mode("careless")) {
                if (!mode("leaky")) {
                    free(text);
                }
                close(fd);
                return NULL;
            }
            text = more;
        }
    }
    close(fd);
    text[used] = 0;
    *ret_bare = strstr(text, "-- pgbraid:transaction none") != NULL;
    part = strstr(text, mark);
    if (part == NULL) {
        text[0] = 0;
        return text;
    }
    part += strlen(mark);
    end = strstr(part, "\n-- pgbraid:");
    if (end != NULL) {
        *end = 0;
    }
    memmove(text, part, strlen(part) + 1);
    return text;
}
/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.NullDereference) */

/* Outside a transaction: one statement after the other (each ends its line), then the row. */
static int apply_bare(const char *id, char *sql, const char *history)
{
    char *save = NULL;

    for (char *s = strtok_r(sql, ";", &save); s != NULL; s = strtok_r(NULL, ";", &save)) {
        if (strspn(s, " \n") < strlen(s) && !run(s, NULL, 0)) {
            return fail(id);
        }
    }
    return run(history, NULL, 0) ? 0 : fail(id);
}

static int apply(const char *id, char *sql, bool adds, bool bare)
{
    char history[400];
    bool commit;

    snprintf(history, sizeof history,
             adds ? "INSERT INTO pgbraid.mini_applied VALUES ('%s', '%s')"
                  : "DELETE FROM pgbraid.mini_applied WHERE id = '%s' AND '%s' <> ''",
             id, own_run);
    if (bare) {
        return apply_bare(id, sql, history);
    }
    if (!run("BEGIN", NULL, 0) || !run(sql, NULL, 0) ||
        (mode("split") && (!run("COMMIT", NULL, 0) || !run("BEGIN", NULL, 0))) ||
        !run(history, NULL, 0)) {
        int status = fail(id);

        run("ROLLBACK", NULL, 0);
        return status;
    }
    commit = run("COMMIT", NULL, 0);
    return commit ? 0 : PQstatus(conn) == CONNECTION_OK ? fail(id) : resolve(id, adds);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int revision(const char *file, bool up)
{
    char path[512], id[256], sql[512], applied[8] = "";
    char *part;
    bool bare;
    int status;

    snprintf(id, sizeof id, "%.*s", (int)strcspn(file, "_."), file);
    snprintf(path, sizeof path, "migrations/%s", file);
    snprintf(sql, sizeof sql, "SELECT EXISTS (SELECT FROM pgbraid.mini_applied WHERE id = '%s')",
             id);
    if (!run(sql, applied, sizeof applied)) {
        return fail(id);
    }
    if ((applied[0] == 't') == up) {
        return 0;
    }
    part = read_part(path, up ? "-- pgbraid:up\n" : "-- pgbraid:down\n", &bare);
    if (part == NULL) {
        fprintf(stderr, "minirunner: %s cannot be read\n", path);
        return 1;
    }
    status = apply(id, part, up, bare);
    free(part);
    return status;
}

/* target: what a downgrade leaves */
static int run_all(bool up, const char *target)
{
    char *names[256];
    int n = 0, status = 0;
    struct dirent *entry;
    DIR *dir = opendir("migrations");

    if (dir == NULL) {
        fprintf(stderr, "minirunner: no folder migrations\n");
        return 1;
    }
    while ((entry = readdir(dir)) != NULL && n < 256) {
        if (strstr(entry->d_name, ".sql") != NULL) {
            names[n] = strdup(entry->d_name);
            n += names[n] != NULL;
        }
    }
    closedir(dir);
    qsort(names, (size_t)n, sizeof names[0], by_name);
    for (int i = 0; i < n && status == 0; i++) {
        const char *name = names[up ? i : n - 1 - i];

        if (!up && strncmp(name, target, strlen(target)) == 0) {
            break;
        }
        status = revision(name, up);
    }
    while (n > 0) {
        free(names[--n]);
    }
    return status;
}

int main(int argc, char **argv)
{
    int status;

    if (argc < 4 || strcmp(argv[1], "-d") != 0) {
        fputs("usage: minirunner -d URI upgrade|downgrade PREFIX\n", stderr);
        return 2;
    }
    uri = argv[2];
    srand((unsigned)getpid());
    snprintf(own_run, sizeof own_run, "%d-%ld", (int)getpid(), (long)time(NULL));
    if (!connect_server() || !take_lock() ||
        !run("CREATE SCHEMA IF NOT EXISTS pgbraid;"
             "CREATE TABLE IF NOT EXISTS pgbraid.mini_applied (id text PRIMARY KEY, run text)",
             NULL, 0)) {
        status = fail("connect");
    } else {
        status = run_all(strcmp(argv[3], "upgrade") == 0, argc > 4 ? argv[4] : "base");
    }
    PQfinish(conn);
    return status;
}
