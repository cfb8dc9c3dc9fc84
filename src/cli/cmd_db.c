/* The embedded PostgreSQL: start, stop, status, url, psql, reset. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc.h"
#include "cli/cli.h"
#include "cli/target.h"

/* `db` is about the embedded server. Who names another database is told that it is not meant. */
static pgb_status only_embedded(pgb_ctx *ctx)
{
    pgb_error ignored = PGB_ERROR_INIT;
    pgb_db db = {.source = PGB_DB_EMBEDDED};

    if (ctx->database != NULL) {
        pgb_error_set(ctx->err, PGB_USAGE, "%s works on the embedded PostgreSQL, not on -d",
                      ctx->prog);
        pgb_error_hint(ctx->err, "Leave -d out.");
        return PGB_USAGE;
    }
    if (pgb_target_choose(NULL, ctx->conf, ctx->arena, &db, &ignored) != PGB_OK) {
        pgb_warn(ctx,
                 "%s works on the embedded PostgreSQL, which other commands don't use here: %s",
                 ctx->prog, ignored.message);
    } else if (db.source != PGB_DB_EMBEDDED) {
        pgb_warn(ctx, "%s works on the embedded PostgreSQL, but other commands use %s", ctx->prog,
                 db.name);
    }
    return PGB_OK;
}

static pgb_embedded_options options_of(pgb_ctx *ctx)
{
    return (pgb_embedded_options){.root = ctx->root,
                                  .project = ctx->conf->project,
                                  .bin = ctx->conf->server_bin,
                                  .start = true,
                                  .wait_ms = -1};
}

static void show_row(pgb_ctx *ctx, const char *name, const char *value)
{
    pgb_out_printf(ctx->out, "%-9s %s\n", name, value);
}

/* The state as text or as one JSON object; change: "started", "stopped" or NULL. */
static void show(pgb_ctx *ctx, const pgb_embedded_info *info, const char *change, bool changed)
{
    if (ctx->json) {
        pgb_json json;

        pgb_json_init(&json, pgb_out_json(ctx->out));
        pgb_json_object(&json);
        pgb_json_key_bool(&json, "running", info->running);
        pgb_json_key_bool(&json, "kept", info->kept);
        pgb_json_key_bool(&json, "initialised", info->initialised);
        if (change != NULL) {
            pgb_json_key_bool(&json, change, changed);
        }
        pgb_json_key_string(&json, "version", info->version);
        pgb_json_key(&json, "pid");
        if (info->running) {
            pgb_json_int(&json, info->pid);
        } else {
            pgb_json_null(&json);
        }
        pgb_json_key_string(&json, "url", info->conninfo);
        pgb_json_key_string(&json, "data", info->data);
        pgb_json_key_string(&json, "log", info->log);
        pgb_json_end(&json);
        pgb_out_raw(ctx->out, "\n", 1);
        return;
    }
    if (info->running) {
        pgb_out_printf(ctx->out, "embedded PostgreSQL %s: running, process %d%s\n", info->version,
                       info->pid,
                       info->kept ? ", until `pgbraid db stop`" : ", while a command uses it");
        show_row(ctx, "url", info->conninfo);
    } else if (info->initialised) {
        pgb_out_printf(ctx->out, "embedded PostgreSQL %s: not running\n", info->version);
    } else {
        pgb_out_printf(ctx->out, "embedded PostgreSQL: not made yet\n");
    }
    show_row(ctx, "data", info->data);
    if (info->initialised) {
        show_row(ctx, "log", info->log);
    }
}

static pgb_status look(pgb_ctx *ctx, pgb_embedded_info *info)
{
    return pgb_embedded_look(ctx->root, ctx->conf->project, ctx->arena, info, ctx->err);
}

static pgb_status run_start(pgb_ctx *ctx)
{
    pgb_embedded_options options = options_of(ctx);
    pgb_embedded_info info;
    pgb_embedded *server;
    pgb_status status = only_embedded(ctx);
    bool started;

    if (status != PGB_OK) {
        return status;
    }
    options.keep = true;
    status = pgb_embedded_open(&options, &server, ctx->err);
    if (status != PGB_OK) {
        return status;
    }
    started = pgb_embedded_started(server);
    status = look(ctx, &info);
    pgb_embedded_close(server);
    if (status == PGB_OK) {
        pgb_say(ctx, started ? "started" : "it ran already");
        show(ctx, &info, "started", started);
    }
    return status;
}

static pgb_status run_stop(pgb_ctx *ctx)
{
    pgb_embedded_info info;
    pgb_status status = only_embedded(ctx);
    bool was = false;

    if (status == PGB_OK) {
        status = pgb_embedded_stop(ctx->root, &was, ctx->err);
    }
    if (status == PGB_OK && ctx->json) {
        status = look(ctx, &info);
        if (status == PGB_OK) {
            show(ctx, &info, "stopped", was);
        }
    } else if (status == PGB_OK) {
        pgb_say(ctx, was ? "the embedded PostgreSQL is stopped; its data stays"
                         : "the embedded PostgreSQL was not running");
    }
    return status;
}

static pgb_status run_status(pgb_ctx *ctx)
{
    pgb_embedded_info info;
    pgb_status status = only_embedded(ctx);

    if (status == PGB_OK) {
        status = look(ctx, &info);
    }
    if (status == PGB_OK) {
        show(ctx, &info, NULL, false);
    }
    return status;
}

static pgb_status run_url(pgb_ctx *ctx)
{
    pgb_embedded_info info;
    pgb_status status = only_embedded(ctx);

    if (status == PGB_OK) {
        status = look(ctx, &info);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (!info.running) {
        pgb_error_set(ctx->err, PGB_CONNECT,
                      "the embedded PostgreSQL is not running, so it has no "
                      "URL");
        pgb_error_hint(ctx->err, "Start it with: pgbraid db start");
        return PGB_CONNECT;
    }
    if (ctx->json) {
        pgb_json json;

        pgb_json_init(&json, pgb_out_json(ctx->out));
        pgb_json_object(&json);
        pgb_json_key_string(&json, "url", info.conninfo);
        pgb_json_end(&json);
        pgb_out_raw(ctx->out, "\n", 1);
    } else {
        pgb_out_printf(ctx->out, "%s\n", info.conninfo);
    }
    return PGB_OK;
}

/* psql runs as a child, so that the server can be stopped after it; its Ctrl-C is not ours. */
static pgb_status run_psql_on(pgb_ctx *ctx, const char *conninfo)
{
    const char **argv = pgb_arena_array(ctx->arena, ctx->n_operands + 4, sizeof *argv);
    pgb_proc_options options = {.in = STDIN_FILENO, .out = STDOUT_FILENO, .err = STDERR_FILENO};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before_int, before_quit;
    pgb_status status;
    pid_t pid;
    int code = 0;
    uint32_t n = 0;

    if (argv == NULL) {
        return pgb_error_nomem(ctx->err);
    }
    argv[n++] = "psql";
    argv[n++] = "-d";
    argv[n++] = conninfo;
    for (uint32_t i = 0; i < ctx->n_operands; i++) {
        argv[n++] = ctx->operands[i];
    }
    options.argv = argv;
    status = pgb_out_flush(ctx->talk, ctx->err);
    if (status != PGB_OK) {
        return status;
    }
    if (pgb_cli_interrupted) {
        return pgb_error_set(ctx->err, PGB_INTERRUPTED, "interrupted");
    }
    sigaction(SIGINT, &ignore, &before_int);
    sigaction(SIGQUIT, &ignore, &before_quit);
    status = pgb_proc_spawn(&options, &pid, ctx->err);
    if (status == PGB_OK) {
        while (waitpid(pid, &code, 0) < 0 && errno == EINTR) {
        }
    } else {
        pgb_error_hint(ctx->err, "Run: apt-get install postgresql-client");
    }
    sigaction(SIGINT, &before_int, NULL);
    sigaction(SIGQUIT, &before_quit, NULL);
    if (status == PGB_OK && WIFEXITED(code) && WEXITSTATUS(code) != 0) {
        return pgb_error_set(ctx->err, PGB_FAILED, "psql ended with exit status %d",
                             WEXITSTATUS(code));
    }
    if (status == PGB_OK && WIFSIGNALED(code)) {
        return pgb_error_set(ctx->err, PGB_FAILED, "psql was ended by signal %d", WTERMSIG(code));
    }
    return status;
}

static pgb_status run_psql(pgb_ctx *ctx)
{
    pgb_embedded_options options = options_of(ctx);
    pgb_embedded *server;
    pgb_status status = only_embedded(ctx);

    if (status == PGB_OK) {
        status = pgb_embedded_open(&options, &server, ctx->err);
    }
    if (status == PGB_OK) {
        status = run_psql_on(ctx, pgb_embedded_conninfo(server));
        pgb_embedded_close(server);
    }
    return status;
}

struct reset_values {
    bool yes;
};

static const pgb_option reset_options[] = {
    {.name = "yes", .letter = 'y', PGB_OPT_FLAG_AT(struct reset_values, yes), .help = "do not ask"},
    {.name = NULL},
};

static pgb_status may_reset(pgb_ctx *ctx, const char *data)
{
    const struct reset_values *v = ctx->values;
    char *question;

    if (v->yes) {
        return PGB_OK;
    }
    if (ctx->may_ask) {
        question = pgb_arena_printf(ctx->arena, "Throw away the embedded database in %s?", data);
        if (question == NULL) {
            return pgb_error_nomem(ctx->err);
        }
        return pgb_ask(ctx, question)
                   ? PGB_OK
                   : pgb_error_set(ctx->err, PGB_REFUSED, "not confirmed: the data stays");
    }
    pgb_error_set(ctx->err, PGB_REFUSED, "db reset throws the embedded database away");
    pgb_error_detail(ctx->err, "Its data is in %s.", data);
    pgb_error_hint(ctx->err, "If that is meant: pgbraid db reset --yes");
    return PGB_REFUSED;
}

static pgb_status run_reset(pgb_ctx *ctx)
{
    pgb_embedded_info info;
    pgb_status status = only_embedded(ctx);

    if (status == PGB_OK) {
        status = look(ctx, &info);
    }
    if (status == PGB_OK && info.initialised) {
        status = may_reset(ctx, info.data);
    }
    if (status == PGB_OK) {
        status = pgb_embedded_reset(ctx->root, ctx->err);
    }
    if (status != PGB_OK) {
        return status;
    }
    if (ctx->json) {
        pgb_json json;

        pgb_json_init(&json, pgb_out_json(ctx->out));
        pgb_json_object(&json);
        pgb_json_key_bool(&json, "reset", info.initialised);
        pgb_json_key_string(&json, "data", info.data);
        pgb_json_end(&json);
        pgb_out_raw(ctx->out, "\n", 1);
    } else {
        pgb_say(ctx, info.initialised ? "the embedded database is gone; the next command makes a "
                                        "new one"
                                      : "there was no embedded database");
    }
    return PGB_OK;
}

static const pgb_example start_examples[] = {
    {"pgbraid db start", "start it, or keep it if it runs"},
    {"export DATABASE_URL=$(pgbraid db url)", "let the application use it too"},
    {NULL, NULL},
};
static const pgb_example stop_examples[] = {
    {"pgbraid db stop", "stop it; its data stays"},
    {NULL, NULL},
};
static const pgb_example status_examples[] = {
    {"pgbraid db status", "whether it runs, its URL, where data and log are"},
    {"pgbraid db status --format json", "the same for a program"},
    {NULL, NULL},
};
static const pgb_example url_examples[] = {
    {"psql \"$(pgbraid db url)\"", "connect with another program"},
    {NULL, NULL},
};
static const pgb_example psql_examples[] = {
    {"pgbraid db psql", "look around"},
    {"pgbraid db psql -- -c '\\dt'", "list the tables; after -- all is psql's own"},
    {NULL, NULL},
};
static const pgb_example reset_examples[] = {
    {"pgbraid db reset", "asks, then throws the embedded database away"},
    {"pgbraid db reset --yes", "does not ask"},
    {NULL, NULL},
};

static const pgb_command sub_start = {
    .name = "start",
    .summary = "start it and keep it running",
    .operands = "",
    .about = "Makes the server's data folder if there is none, starts the server, and leaves it "
             "running after this command, until db stop. Without, each command starts it when it "
             "needs it, and the last one that uses it stops it.",
    .examples = start_examples,
    .needs = PGB_NEED_CONF,
    .run = run_start,
};
static const pgb_command sub_stop = {
    .name = "stop",
    .summary = "stop it; its data stays",
    .operands = "",
    .about = "Stops the server whoever uses it; their transactions are rolled back. That it was "
             "not running is no error.",
    .examples = stop_examples,
    .needs = PGB_NEED_CONF,
    .run = run_stop,
};
static const pgb_command sub_status = {
    .name = "status",
    .summary = "say whether it runs, and where it is",
    .operands = "",
    .about = "Starts and changes nothing; exit status 0 whether it runs or not.",
    .examples = status_examples,
    .needs = PGB_NEED_CONF,
    .run = run_status,
};
static const pgb_command sub_url = {
    .name = "url",
    .summary = "print its URL, while it runs",
    .operands = "",
    .about = "The URL is that of one run: it differs after the next start. Only the server's user "
             "and root can connect.",
    .examples = url_examples,
    .needs = PGB_NEED_CONF,
    .run = run_url,
};
static const pgb_command sub_psql = {
    .name = "psql",
    .summary = "open psql on the project's database",
    .operands = "[-- ARGUMENT...]",
    .max_operands = -1,
    .about = "Starts the server if it is not running, and stops it afterwards unless another "
             "command uses it or db start keeps it.",
    .examples = psql_examples,
    .needs = PGB_NEED_CONF,
    .run = run_psql,
};
static const pgb_command sub_reset = {
    .name = "reset",
    .summary = "throw its data away",
    .operands = "",
    .about = "Stops the server and removes its data, its log and its folder. On a terminal it "
             "asks; elsewhere it needs --yes.",
    .options = reset_options,
    .values_size = sizeof(struct reset_values),
    .examples = reset_examples,
    .needs = PGB_NEED_CONF,
    .run = run_reset,
};
static const pgb_command *const subs[] = {&sub_start, &sub_stop,  &sub_status, &sub_url,
                                          &sub_psql,  &sub_reset, NULL};
static const pgb_example examples[] = {
    {"pgbraid db start", "start it and keep it running"},
    {"pgbraid db psql", "look around"},
    {NULL, NULL},
};

extern const pgb_command pgb_command_db;
const pgb_command pgb_command_db = {
    .name = "db",
    .group = "Look after the embedded PostgreSQL",
    .summary = "start, stop, status, url, psql, reset",
    .operands = "",
    .about = "Where no database is named, pgbraid uses a PostgreSQL server of the project's own, "
             "made from the programs on this machine. Its data is in .pgbraid/ (or in the "
             "user's or the system's state folder, where the server could not enter the "
             "project); it listens on a unix socket that only its user and root can reach.",
    .examples = examples,
    .subs = subs,
};
