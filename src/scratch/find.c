/* Where the server's programs are. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "base/vec.h"
#include "scratch/scratch.h"

/* "postgres (PostgreSQL) 15.20 (Debian …)" -> 150020, "15.20"; "17beta2" -> 170000 */
static bool parse_version(const char *line, int *version, char *text, size_t size)
{
    const char *at = strstr(line, "(PostgreSQL) ");
    size_t len;
    char *end;
    long major, minor = 0;

    if (at == NULL) {
        return false;
    }
    at += strlen("(PostgreSQL) ");
    len = strcspn(at, " \r\n");
    major = strtol(at, &end, 10);
    if (*end == '.') {
        minor = strtol(end + 1, NULL, 10);
    }
    if (major < 1 || major > 999 || minor < 0 || minor > 9999 || len == 0 || len >= size) {
        return false;
    }
    memcpy(text, at, len);
    text[len] = '\0';
    *version = (int)(major * 10000 + minor);
    return true;
}

typedef struct search {
    int major;
    pgb_arena *arena;
    pgb_server_programs *programs;
    int seen; /* major version of a server that was there and did not fit; 0: none */
} search;

static bool runs(const char *bin, const char *name)
{
    char path[4096];

    return (size_t)snprintf(path, sizeof path, "%s/%s", bin, name) < sizeof path &&
           access(path, X_OK) == 0;
}

/* Lack of memory is not lack of a server; a program that writes without end is none of ours. */
static pgb_status too_much(const pgb_buf *out)
{
    return out->len + 4096 > out->max ? PGB_FAILED : PGB_NOMEM;
}

/* PGB_OK: this folder has it; PGB_FAILED: it has not (nothing set in an error). */
static pgb_status try_folder(search *s, const char *bin)
{
    PGB_AUTO_BUF(out);
    char program[4096], text[64];
    const char *const argv[] = {program, "--version", NULL};
    pgb_proc_options options = PGB_PROC_INIT;
    int version, code;

    if (!runs(bin, "postgres") || !runs(bin, "initdb")) {
        return PGB_FAILED;
    }
    out.max = 65536;
    snprintf(program, sizeof program, "%s/postgres", bin);
    options.argv = argv;
    switch (pgb_proc_run(&options, pgb_deadline_in(10000), &out, NULL, &code, NULL)) {
    case PGB_OK:
        break;
    case PGB_NOMEM:
        return too_much(&out);
    default:
        return PGB_FAILED;
    }
    if (code != 0 || !parse_version(pgb_buf_str(&out), &version, text, sizeof text)) {
        return PGB_FAILED;
    }
    if (s->major != 0 && version / 10000 != s->major) {
        s->seen = version / 10000;
        return PGB_FAILED;
    }
    s->programs->bin = pgb_arena_strdup(s->arena, bin);
    s->programs->version_text = pgb_arena_strdup(s->arena, text);
    s->programs->version = version;
    return s->programs->bin == NULL || s->programs->version_text == NULL ? PGB_NOMEM : PGB_OK;
}

static pgb_status try_pg_config(search *s)
{
    static const char *const argv[] = {"pg_config", "--bindir", NULL};
    PGB_AUTO_BUF(out);
    pgb_proc_options options = PGB_PROC_INIT;
    int code;

    out.max = 65536;
    options.argv = argv;
    switch (pgb_proc_run(&options, pgb_deadline_in(10000), &out, NULL, &code, NULL)) {
    case PGB_OK:
        break;
    case PGB_NOMEM:
        return too_much(&out);
    default:
        return PGB_FAILED;
    }
    if (code != 0 || out.len < 2 || out.p[out.len - 1] != '\n') {
        return PGB_FAILED;
    }
    out.p[out.len - 1] = '\0';
    return try_folder(s, out.p);
}

static pgb_status try_path(search *s)
{
    const char *at = getenv("PATH");
    char dir[4096];

    while (at != NULL && *at != '\0') {
        size_t len = strcspn(at, ":");

        /* an empty or relative entry means the working folder: nothing is run from there */
        if (at[0] == '/' && (size_t)snprintf(dir, sizeof dir, "%.*s", (int)len, at) < sizeof dir) {
            pgb_status status = try_folder(s, dir);

            if (status != PGB_FAILED) {
                return status;
            }
        }
        at += len + (at[len] == ':');
    }
    return PGB_FAILED;
}

static int highest_first(const void *a, const void *b)
{
    return *(const int *)b - *(const int *)a;
}

static pgb_status try_numbered(search *s, const char *parent, const char *prefix)
{
    PGB_VEC(int) majors = {0};
    DIR *d = opendir(parent);
    pgb_status status = PGB_FAILED;
    size_t skip = strlen(prefix);

    if (d == NULL) {
        return errno == ENOMEM ? PGB_NOMEM : PGB_FAILED;
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        const char *digits = e->d_name + skip;

        if (strncmp(e->d_name, prefix, skip) == 0 && isdigit((unsigned char)digits[0]) &&
            strlen(digits) <= 3 && (s->major == 0 || (int)strtol(digits, NULL, 10) == s->major)) {
            if (!pgb_vec_push(&majors, (int)strtol(digits, NULL, 10))) {
                status = PGB_NOMEM;
                break;
            }
        }
    }
    closedir(d);
    if (majors.n > 0) {
        qsort(majors.at, majors.n, sizeof majors.at[0], highest_first);
    }
    for (size_t i = 0; i < majors.n && status == PGB_FAILED; i++) {
        char bin[256];

        snprintf(bin, sizeof bin, "%s/%s%d/bin", parent, prefix, majors.at[i]);
        status = try_folder(s, bin);
    }
    pgb_vec_done(&majors);
    return status;
}

static pgb_status not_found(const search *s, const char *setting, const char *said_by,
                            pgb_error *err)
{
    int major = s->major != 0 ? s->major : 15;

    if (setting != NULL && s->seen != 0) {
        pgb_error_set(err, PGB_FAILED, "PostgreSQL %d is needed, but %s names version %d", s->major,
                      said_by, s->seen);
        pgb_error_detail(err, "It names %s.", setting);
        pgb_error_hint(err,
                       "Name the folder of version %d there, or leave it out and run: "
                       "apt-get install postgresql-%d",
                       major, major);
    } else if (setting != NULL) {
        pgb_error_set(err, PGB_FAILED, "no PostgreSQL server is in %s, which %s names", setting,
                      said_by);
        pgb_error_detail(err, "It must have postgres and initdb, and both must run.");
        pgb_error_hint(err, "Correct it, or leave it out to have them searched.");
    } else if (s->major != 0) {
        pgb_error_set(err, PGB_FAILED, "PostgreSQL %d's server programs are not on this machine",
                      s->major);
        if (s->seen != 0) {
            pgb_error_detail(err, "Version %d is, but that is another major version.", s->seen);
        }
        pgb_error_hint(err, "Run: apt-get install postgresql-%d", major);
    } else {
        pgb_error_set(err, PGB_FAILED, "no PostgreSQL server programs are on this machine");
        pgb_error_detail(err, "postgres and initdb were searched by PGBRAID_SERVER_BIN, pg_config, "
                              "PATH and in /usr/lib/postgresql.");
        pgb_error_hint(err, "Run: apt-get install postgresql-%d. Or name a database with -d URL.",
                       major);
    }
    return PGB_FAILED;
}

pgb_status pgb_scratch_find(const char *setting, int major, pgb_arena *arena,
                            pgb_server_programs *ret_programs, pgb_error *err)
{
    pgb_server_programs found = {0};
    search s = {.major = major, .arena = arena, .programs = &found};
    const char *said_by = "[server] bin in pgbraid.ini";
    pgb_status status;

    if (setting == NULL) {
        setting = getenv("PGBRAID_SERVER_BIN");
        said_by = "PGBRAID_SERVER_BIN";
        if (setting != NULL && setting[0] == '\0') {
            setting = NULL;
        }
    }
    if (setting != NULL) {
        status = try_folder(&s, setting);
    } else {
        status = try_pg_config(&s);
        if (status == PGB_FAILED) {
            status = try_path(&s);
        }
        if (status == PGB_FAILED) {
            status = try_numbered(&s, "/usr/lib/postgresql", "");
        }
        if (status == PGB_FAILED) {
            status = try_numbered(&s, "/usr", "pgsql-");
        }
        if (status == PGB_FAILED) {
            status = try_folder(&s, "/usr/local/pgsql/bin");
        }
    }
    if (status == PGB_NOMEM) {
        return pgb_error_nomem(err);
    }
    if (status != PGB_OK) {
        return not_found(&s, setting, said_by, err);
    }
    *ret_programs = found;
    return PGB_OK;
}
