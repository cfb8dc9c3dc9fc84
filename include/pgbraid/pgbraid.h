/*
 * libpgbraid: PostgreSQL migrations by revisions that form a graph, in your own program.
 *
 * Calling sequence: pgbraid_project_open, then what you need of revisions, status, upgrade and
 * downgrade, then pgbraid_project_close. Nothing here prints, exits, or touches signals. Every call
 * that can fail returns a pgbraid_status and, where an error object is given, fills it; NULL is
 * allowed for it. A string that is returned is borrowed: it lives as long as the object that it was
 * asked of. One object belongs to one thread at a time; different objects are independent.
 *
 * Guarantee of upgrade and downgrade: a revision and its row of history commit together or not at
 * all; when your process dies at any moment, the next call goes on where the last one stopped.
 *
 * Plain C11; usable from C++.
 */
#ifndef PGBRAID_PGBRAID_H
#define PGBRAID_PGBRAID_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PGBRAID_API __attribute__((visibility("default")))
#else
#define PGBRAID_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What a call came to. The numbers are the exit statuses of the program. */
typedef enum pgbraid_status {
    PGBRAID_OK = 0,
    PGBRAID_FAILED = 1,   /* the database refused, or an operation failed */
    PGBRAID_INVALID = 2,  /* a wrong argument, or a broken project; nothing was sent */
    PGBRAID_FINDINGS = 3, /* reserved for checks */
    PGBRAID_NO_CONNECTION = 4,
    PGBRAID_LOCKED = 5, /* another runner was at work for longer than allowed */
    PGBRAID_UNKNOWN = 6 /* a connection was lost and the outcome could not be learned */
} pgbraid_status;

/* "0.1.0" */
PGBRAID_API const char *pgbraid_version(void);

/* Errors. One object may be used for many calls; each call empties it first. */
typedef struct pgbraid_error pgbraid_error;

PGBRAID_API pgbraid_error *pgbraid_error_new(void); /* NULL: out of memory */
PGBRAID_API void pgbraid_error_free(pgbraid_error *error);
/* A stable word: "sql", "connect", "project", "identifier", …; "ok" without an error. */
PGBRAID_API const char *pgbraid_error_code(const pgbraid_error *error);
/* These are "" where there is nothing to say. */
PGBRAID_API const char *pgbraid_error_message(const pgbraid_error *error);
PGBRAID_API const char *pgbraid_error_detail(const pgbraid_error *error);
PGBRAID_API const char *pgbraid_error_hint(const pgbraid_error *error);
PGBRAID_API const char *pgbraid_error_sqlstate(const pgbraid_error *error);
PGBRAID_API const char *pgbraid_error_file(const pgbraid_error *error);
PGBRAID_API int pgbraid_error_line(const pgbraid_error *error); /* from 1; 0: unknown */
PGBRAID_API int
pgbraid_error_column(const pgbraid_error *error); /* characters, from 1; 0: unknown */

/* A project: a folder with pgbraid.ini (not required) and its revision files, read once. */
typedef struct pgbraid_project pgbraid_project;

PGBRAID_API pgbraid_status pgbraid_project_open(const char *folder, pgbraid_project **ret_project,
                                                pgbraid_error *error);
PGBRAID_API void pgbraid_project_close(pgbraid_project *project); /* NULL is allowed */
PGBRAID_API const char *pgbraid_project_name(const pgbraid_project *project);

/* Revisions, by their index: in the order in which an empty database would get them. */
PGBRAID_API size_t pgbraid_revision_count(const pgbraid_project *project);
PGBRAID_API const char *pgbraid_revision_id(const pgbraid_project *project, size_t index);
PGBRAID_API const char *pgbraid_revision_title(const pgbraid_project *project, size_t index);
PGBRAID_API const char *pgbraid_revision_file(const pgbraid_project *project, size_t index);
PGBRAID_API size_t pgbraid_revision_parent_count(const pgbraid_project *project, size_t index);
/* The index of the nth parent. */
PGBRAID_API size_t pgbraid_revision_parent(const pgbraid_project *project, size_t index,
                                           size_t nth);
/* 1: no other revision names it as parent. */
PGBRAID_API int pgbraid_revision_is_head(const pgbraid_project *project, size_t index);
/* The index of an id, its unique beginning, a label, "head", …; PGBRAID_INVALID otherwise. */
PGBRAID_API pgbraid_status pgbraid_revision_find(const pgbraid_project *project,
                                                 const char *identifier, size_t *ret_index,
                                                 pgbraid_error *error);

/* What a database has of the project. conninfo: a URL or key=value settings, as libpq takes them;
 * "": from the environment, as libpq does. Reads only. */
typedef struct pgbraid_state pgbraid_state;

typedef enum pgbraid_list {
    PGBRAID_APPLIED,
    PGBRAID_CURRENT,     /* applied, and no parent of an applied one */
    PGBRAID_PENDING,     /* not applied */
    PGBRAID_LATE,        /* pending below an applied one */
    PGBRAID_FAILED_LAST, /* pending, and its last attempt failed */
    PGBRAID_EDITED,      /* applied, and the file is not what ran */
    PGBRAID_REPARENTED,  /* applied, and the file names other parents */
    PGBRAID_MISSING      /* applied, without a file */
} pgbraid_list;

PGBRAID_API pgbraid_status pgbraid_state_read(const pgbraid_project *project, const char *conninfo,
                                              pgbraid_state **ret_state, pgbraid_error *error);
PGBRAID_API void pgbraid_state_free(pgbraid_state *state); /* NULL is allowed */
PGBRAID_API size_t pgbraid_state_count(const pgbraid_state *state, pgbraid_list list);
PGBRAID_API const char *pgbraid_state_id(const pgbraid_state *state, pgbraid_list list,
                                         size_t index);

/* How upgrade and downgrade run, and what they tell. Fill it by pgbraid_options_init, so that a
 * newer library's members have their defaults. Callbacks may be NULL; they come on the calling
 * thread, and must not call into the library with the same project. */
typedef struct pgbraid_options {
    size_t size; /* of this struct, as the caller knows it */
    void *data;  /* given to the callbacks */
    void (*step_begin)(void *data, const char *action, const char *id, unsigned nth, unsigned of);
    void (*step_end)(void *data, const char *action, const char *id, int64_t duration_us);
    void (*notice)(void *data, const char *severity, const char *text);
    void (*waiting)(void *data, const char *holder, int64_t waited_ms); /* for another runner */
    const volatile int *cancel; /* not 0: stop at the next safe point */
    int64_t lock_wait_ms;       /* for another runner; < 0: no limit */
    int64_t lock_timeout_ms;    /* of a statement; < 0: the project's setting, or 5 s */
} pgbraid_options;

PGBRAID_API void pgbraid_options_init(pgbraid_options *options, size_t size);

/* Applies what the targets need and the database lacks; count 0: all heads. options may be NULL.
 * *ret_done: how many revisions were applied, also when a later one failed; may be NULL. */
PGBRAID_API pgbraid_status pgbraid_upgrade(const pgbraid_project *project, const char *conninfo,
                                           const char *const *targets, size_t count,
                                           const pgbraid_options *options, size_t *ret_done,
                                           pgbraid_error *error);
/* Reverts what descends from the target; "base": everything. */
PGBRAID_API pgbraid_status pgbraid_downgrade(const pgbraid_project *project, const char *conninfo,
                                             const char *target, const pgbraid_options *options,
                                             size_t *ret_done, pgbraid_error *error);

#ifdef __cplusplus
}
#endif

#endif
