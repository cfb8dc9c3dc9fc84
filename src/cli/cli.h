/*
 * Commands: what one declares, and what the driver gives it.
 *
 * A command is one file, cmd_<name>.c, with one `const pgb_command pgb_command_<name>`, listed in
 * table.c. That struct is the only source of parsing, usage, help, completion, man page and the
 * tables of docs/. The driver (main.c) parses the command line, loads what `needs` asks for, in the
 * order config, files, database, lock, applied set, calls run, and afterwards writes the error, if
 * there is one, flushes the output and gives the exit status (pgb_status_exit). So a broken project
 * is known before a server is asked, and a command never prints an error nor exits.
 *
 * How to write one:
 *
 *     struct values { bool yes; const char *output; pgb_strings label; int64_t wait_ms; };
 *     static const pgb_option options[] = {
 *         {.name = "yes", .letter = 'y', PGB_OPT_FLAG_AT(struct values, yes),
 *          .help = "do not ask"},
 *         {.name = "output", .letter = 'o', .arg = "FILE",
 *          PGB_OPT_STRING_AT(struct values, output), .help = "write to FILE instead of stdout"},
 *         {.name = NULL},
 *     };
 *     static const pgb_example examples[] = {{"pgbraid x -y", "what this does"}, {NULL, NULL}};
 *     static pgb_status run(pgb_ctx *ctx)
 *     {
 *         const struct values *v = ctx->values;
 *         …
 *     }
 *     const pgb_command pgb_command_x = {.name = "x", …, .values_size = sizeof(struct values)};
 *
 * Options that every command has (-C, -d, -q, -v, --format, --color, --no-progress, --help,
 * --version) are in table.c and arrive in the pgb_ctx. Data goes to ctx->out (stdout), talk to
 * ctx->talk (stderr), both by out.h; with ctx->json the data is exactly one JSON object. Nothing is
 * asked unless ctx->may_ask. Floor 6.
 */
#ifndef PGB_CLI_CLI_H
#define PGB_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "cli/out.h"
#include "conf/conf.h"
#include "plan/plan.h"
#include "rev/backfill.h"
#include "rev/rev.h"
#include "run/run.h"
#include "scratch/scratch.h"

typedef struct pgb_strings {
    const char **at;
    uint32_t n;
} pgb_strings;

typedef enum pgb_opt_kind {
    PGB_OPT_FLAG,     /* bool */
    PGB_OPT_COUNT,    /* int: how often it was given */
    PGB_OPT_STRING,   /* const char *, NULL: not given */
    PGB_OPT_LIST,     /* pgb_strings: may be repeated; commas separate too */
    PGB_OPT_INT,      /* int64_t, not negative */
    PGB_OPT_DURATION, /* int64_t, ms, -1: not given or "none"; written 500ms, 5s, 2min, 1h, or a
                         bare number of seconds */
    PGB_OPT_CHOICE,   /* int: index into choices */
    PGB_OPT_MAYBE     /* int: 0 not given, 1 + index into choices; the value only after "=", none
                         means the first */
} pgb_opt_kind;

typedef struct pgb_option {
    const char *name;    /* long, without dashes; NULL ends the array */
    char letter;         /* short; 0: none */
    const char *arg;     /* what stands for the value in help: "DIR"; NULL for flags */
    pgb_opt_kind kind;   /* these two by PGB_OPT_*_AT */
    size_t offset;       /* of the member in the values */
    const char *choices; /* "text|json" */
    const char *preset;  /* as it would be written; set before parsing, shown in help; NULL: zero,
                            false, not given */
    const char *conf;    /* "section.key" of pgbraid.ini that sets the same; NULL: none */
    const char *env;     /* environment variable that sets the same; NULL: none */
    const char *help;    /* lower case, no full stop */
    bool hidden;
} pgb_option;

/* The member's type is checked: a wrong one does not compile. */
#define PGB_OPT_AT(kind_, type, values, member)                                                    \
    .kind = (kind_),                                                                               \
    .offset = offsetof(values, member) +                                                           \
              0 * sizeof(1 ? &((values *)0)->member : (type *)0) /* pointers must agree */
#define PGB_OPT_FLAG_AT(values, member) PGB_OPT_AT(PGB_OPT_FLAG, bool, values, member)
#define PGB_OPT_COUNT_AT(values, member) PGB_OPT_AT(PGB_OPT_COUNT, int, values, member)
#define PGB_OPT_STRING_AT(values, member) PGB_OPT_AT(PGB_OPT_STRING, const char *, values, member)
#define PGB_OPT_LIST_AT(values, member) PGB_OPT_AT(PGB_OPT_LIST, pgb_strings, values, member)
#define PGB_OPT_INT_AT(values, member) PGB_OPT_AT(PGB_OPT_INT, int64_t, values, member)
#define PGB_OPT_DURATION_AT(values, member) PGB_OPT_AT(PGB_OPT_DURATION, int64_t, values, member)
#define PGB_OPT_CHOICE_AT(values, member) PGB_OPT_AT(PGB_OPT_CHOICE, int, values, member)
#define PGB_OPT_MAYBE_AT(values, member) PGB_OPT_AT(PGB_OPT_MAYBE, int, values, member)

typedef struct pgb_example {
    const char *command; /* NULL ends the array */
    const char *meaning;
} pgb_example;

/* What the driver provides before run; each includes what it builds on. */
enum {
    PGB_NEED_CONF = 1,      /* ctx->root, ctx->conf */
    PGB_NEED_REVISIONS = 2, /* ctx->set, ctx->world (without applied set) */
    PGB_NEED_DATABASE = 4,  /* ctx->db, ctx->runner, ctx->applied; read-only unless WRITE; with
                               REVISIONS the world has the applied set */
    PGB_NEED_DATABASE_IF_ANY = 8, /* the same where one is named or can be had without starting a
                                     server; else ctx->runner and ctx->applied stay NULL */
    PGB_NEED_WRITE = 16,          /* the session may write */
    PGB_NEED_LOCK = 32,           /* the runner lock is held (WRITE too); needs pgb_run_values */
    PGB_NEED_HASHES = 64,         /* files of applied revisions are hashed: edited, down_changed */
    PGB_NEED_URL = 128            /* ctx->db with its conninfo, its server started; nothing more */
};

/* What may happen when no database is named at all. */
typedef enum pgb_embedded_use {
    PGB_EMBEDDED_NEVER,  /* the command has no database, or looks after the server itself */
    PGB_EMBEDDED_ATTACH, /* use the embedded server only if it runs */
    PGB_EMBEDDED_START   /* start it, and stop it after the command if nobody else uses it */
} pgb_embedded_use;

typedef struct pgb_ctx pgb_ctx;

typedef struct pgb_command {
    const char *name;
    const char *group;    /* heading in the overview; NULL: that of the command before */
    const char *summary;  /* one line, lower case, no full stop: "apply pending revisions" */
    const char *operands; /* "[TARGET...]", "" for none */
    int min_operands, max_operands;        /* max < 0: any number */
    const char *about;                     /* paragraphs for help, 78 columns, may be NULL */
    const pgb_option *options;             /* NULL: none of its own */
    size_t values_size;                    /* of the struct that they fill, zeroed first */
    const pgb_example *examples;           /* at least one */
    const struct pgb_command *const *subs; /* NULL-terminated; NULL: none. A command with
                                              sub-commands has no run of its own. */
    unsigned needs;
    pgb_embedded_use embedded;
    bool hidden;
    bool runs_files;         /* transaction control in any is refused before a database is asked */
    bool targets_have_files; /* operands name revisions that have a file, whatever is applied */
    pgb_status (*run)(pgb_ctx *ctx);
    /* What is needed when that depends on the options (--dry-run takes no lock); NULL: `needs`. */
    unsigned (*needs_now)(const void *values, unsigned needs);
} pgb_command;

/* Which database, and who said so. target.h finds it, and starts or asks nothing:
 *     pgb_status pgb_target_choose(const char *option, const pgb_conf *conf, pgb_arena *arena,
 *                                  pgb_db *ret_db, pgb_error *err);
 * The commands of `db` need PGB_NEED_CONF only and open the embedded server themselves. */
typedef enum pgb_db_source {
    PGB_DB_OPTION,       /* -d */
    PGB_DB_DATABASE_URL, /* the variable */
    PGB_DB_CONFIG,       /* pgbraid.ini */
    PGB_DB_LIBPQ,        /* PGHOST, PGSERVICE, PGDATABASE */
    PGB_DB_EMBEDDED      /* nobody: the project's own server */
} pgb_db_source;

typedef struct pgb_db {
    pgb_db_source source;
    const char *conninfo; /* NULL for embedded until it is started; "" for libpq's environment */
    const char *name;     /* for messages, without secrets: "environment production", "-d", … */
} pgb_db;

/* Options of the commands that change a database: a command that needs PGB_NEED_LOCK begins its
 * values struct with this and its options with PGB_RUN_OPTIONS. */
typedef struct pgb_run_values {
    int64_t lock_wait_ms, lock_timeout_ms, lock_deadline_ms, statement_timeout_ms;
    bool one_transaction; /* upgrade and downgrade: PGB_RUN_ONE_OPTION */
} pgb_run_values;
#define PGB_RUN_ONE_OPTION                                                                         \
    {                                                                                              \
        .name = "one-transaction", PGB_OPT_FLAG_AT(pgb_run_values, one_transaction),               \
        .help = "all revisions in one transaction: all of them, or none"                           \
    }
#define PGB_RUN_OPTIONS                                                                            \
    {.name = "lock-wait",                                                                          \
     .arg = "TIME",                                                                                \
     PGB_OPT_DURATION_AT(pgb_run_values, lock_wait_ms),                                            \
     .preset = "none",                                                                             \
     .help = "how long to wait for another runner; none: no limit"},                               \
        {.name = "lock-timeout",                                                                   \
         .arg = "TIME",                                                                            \
         PGB_OPT_DURATION_AT(pgb_run_values, lock_timeout_ms),                                     \
         .preset = "none",                                                                         \
         .conf = "project.lock_timeout",                                                           \
         .help = "how long a statement waits for a lock before its revision is\ntried again "      \
                 "(default: 5s); 0: for ever"},                                                    \
        {.name = "lock-deadline",                                                                  \
         .arg = "TIME",                                                                            \
         PGB_OPT_DURATION_AT(pgb_run_values, lock_deadline_ms),                                    \
         .preset = "none",                                                                         \
         .help = "how long one revision is tried again in all (default: 10min)"},                  \
    {                                                                                              \
        .name = "statement-timeout", .arg = "TIME",                                                \
        PGB_OPT_DURATION_AT(pgb_run_values, statement_timeout_ms), .preset = "none",               \
        .help = "how long one statement may run (default: no limit)"                               \
    }

struct pgb_ctx {
    const pgb_command *command; /* the one that runs: of a sub-command, the sub-command */
    const pgb_command *parent;  /* of a sub-command; else NULL */
    const char *prog;           /* "pgbraid upgrade", "pgbraid db start": for hints */
    const void *values;         /* the command's filled struct */
    const char *const *operands;
    uint32_t n_operands;

    /* options that every command has */
    const char *database; /* -d, NULL: not given */
    bool json;            /* --format json */
    bool quiet;           /* -q: talk is only warnings and errors */
    int verbose;          /* -v: 1, -vv: 2 */
    bool progress;        /* a display that moves is welcome on stderr */
    bool may_ask;         /* stdin and stderr are terminals */

    pgb_out *out;     /* stdout: data */
    pgb_out *talk;    /* stderr: talk */
    pgb_arena *arena; /* lives until the program ends */
    pgb_error *err;   /* what run sets when it does not return PGB_OK */

    /* what `needs` provides */
    const char *root; /* absolute path of the project's folder; it is the working folder too */
    const pgb_conf *conf;
    pgb_revset *set;
    pgb_backfills *backfills; /* once pgb_ctx_backfills was called */
    pgb_world *world;
    pgb_db db;
    pgb_embedded *server; /* when the embedded server is used */
    pgb_runner *runner;
    pgb_applied_set *applied;
    pgb_held *held; /* by upgrade and status: what waits for a backfill */
    uint32_t n_held;

    /* of progress.c and talk.c */
    uint32_t steps, steps_done;
    const pgb_step *open_step; /* begun, not ended; one may begin before the one before it ends */
    uint32_t open_nth;
    bool line_open; /* its line stands on the terminal, not ended yet */
};

/* Set to 1 by SIGINT, SIGTERM and SIGHUP; the runner stops at the next safe point. A second SIGINT
 * ends the program at once. */
extern volatile int pgb_cli_interrupted;

/* All commands in the order of the overview, NULL-terminated; and the options of all. */
extern const pgb_command *const pgb_commands[];
extern const pgb_option pgb_global_options[];

/* Loads the backfills' files (once); needs PGB_NEED_REVISIONS. */
pgb_status pgb_ctx_backfills(pgb_ctx *ctx);

/* Talk for people (nothing with -q); a newline is added. Text from outside is made harmless. */
void pgb_say(pgb_ctx *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "note: …" with -v; "warning: …" always. */
void pgb_note(pgb_ctx *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pgb_warn(pgb_ctx *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Asks "question [y/N] " on stderr; false when !ctx->may_ask, at the end of input, or anything but
 * yes. */
bool pgb_ask(pgb_ctx *ctx, const char *question);

#endif
