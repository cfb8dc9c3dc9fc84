/* The driver: from the command line to the exit status. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/opt.h"
#include "cli/target.h"

volatile int pgb_cli_interrupted;

static void interrupt(int signal)
{
    (void)signal;
    pgb_cli_interrupted = 1;
}

/* The first signal asks the runner to stop at its next safe point; a second SIGINT ends the program
 * at once. A reader of ours who goes away is no reason to leave a revision half said. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = interrupt};

    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_flags = SA_RESETHAND;
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = SIG_IGN;
    action.sa_flags = 0;
    sigaction(SIGPIPE, &action, NULL);
}

/* With 0, 1 or 2 closed, a file or a connection would get that number, and our messages with it.
 * What stands in for them can't be written, so that data which nobody gets is an error. */
static bool hold_standard_descriptors(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDONLY);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static void choose_colour(pgb_out *out, int when)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    out->colour =
        when == 1 || (when == 0 && out->terminal && (no_color == NULL || no_color[0] == '\0') &&
                      (term == NULL || strcmp(term, "dumb") != 0));
}

static pgb_status enter_directory(const char *directory, pgb_error *err)
{
    if (directory != NULL && chdir(directory) != 0) {
        return pgb_error_set_errno(err, PGB_USAGE, errno, "cannot work in '%s'", directory);
    }
    return PGB_OK;
}

static void show_version(const pgb_cmdline *cmd, pgb_out *out)
{
    if (cmd->globals.format == 1) {
        pgb_out_puts(out, "{\"version\": \"" PGB_VERSION "\"}\n");
    } else {
        pgb_out_puts(out, "pgbraid " PGB_VERSION "\n");
    }
}

static pgb_status run_command(const pgb_cmdline *cmd, pgb_arena *arena, pgb_out *out, pgb_out *talk,
                              pgb_error *err)
{
    pgb_ctx ctx = {
        .command = cmd->command,
        .parent = cmd->parent,
        .prog = cmd->prog,
        .values = cmd->values,
        .operands = cmd->operands,
        .n_operands = cmd->n_operands,
        .database = cmd->globals.database,
        .json = cmd->globals.format == 1,
        .quiet = cmd->globals.quiet,
        .verbose = cmd->globals.verbose,
        .progress = !cmd->globals.no_progress && !cmd->globals.quiet && talk->terminal,
        .may_ask = talk->terminal && isatty(STDIN_FILENO) == 1,
        .out = out,
        .talk = talk,
        .arena = arena,
        .err = err,
    };
    pgb_status status = enter_directory(cmd->globals.directory, err);

    if (status == PGB_OK) {
        catch_signals();
        status = pgb_ctx_load(&ctx);
    }
    if (status == PGB_OK) {
        status = cmd->command->run(&ctx);
    }
    pgb_ctx_unload(&ctx);
    return status;
}

/* With JSON the answer is one object: an error after half of one would not be. */
static void show_error(const pgb_cmdline *cmd, pgb_out *out, pgb_out *talk, const pgb_error *err)
{
    if (out->told) {
        return;
    }
    if (cmd->globals.format == 1 && out->errnum == 0) {
        pgb_out_error_json(out, err);
    } else {
        pgb_out_flush(out, NULL);
        pgb_out_error(talk, "pgbraid", err);
    }
}

int main(int argc, char **argv)
{
    static pgb_error err = PGB_ERROR_INIT;
    const char *const *arguments = NULL;
    pgb_arena *arena;
    pgb_cmdline cmd = {.prog = "pgbraid"};
    pgb_out out, talk;
    pgb_status status, written;
    int code;

    if (!hold_standard_descriptors()) {
        static const char why[] = "pgbraid: error: cannot open /dev/null\n";

        (void)!write(STDERR_FILENO, why, sizeof why - 1);
        return 1;
    }
    pgb_out_init(&out, STDOUT_FILENO, false);
    pgb_out_init(&talk, STDERR_FILENO, true);
    arena = pgb_arena_new();
    status = arena == NULL ? pgb_error_nomem(&err)
                           : pgb_target_scrub_argv(argc, argv, arena, &arguments, &err);
    if (status == PGB_OK) {
        status = pgb_cmdline_parse(argc, arguments, arena, &cmd, &err);
    }
    choose_colour(&out, cmd.globals.colour);
    choose_colour(&talk, cmd.globals.colour);
    code = 0;
    if (status != PGB_OK) {
        /* shown below */
    } else if (cmd.globals.version) {
        show_version(&cmd, &out);
    } else if (cmd.globals.help && cmd.command != NULL) {
        pgb_help_command(&out, cmd.parent, cmd.command);
    } else if (cmd.command == NULL) {
        pgb_help_overview(&out);
        code = cmd.globals.help ? 0 : 2;
    } else {
        status = run_command(&cmd, arena, &out, &talk, &err);
    }
    if (status == PGB_FINDINGS && err.status == PGB_OK) {
        code = pgb_status_exit(status); /* what was found is said already */
    } else if (status != PGB_OK) {
        pgb_error_set(&err, status, "%s", pgb_status_slug(status));
        show_error(&cmd, &out, &talk, &err);
        code = pgb_status_exit(status);
    }
    pgb_error_clear(&err);
    written = pgb_out_flush(&out, &err);
    if (written != PGB_OK) {
        pgb_out_error(&talk, "pgbraid", &err);
        code = code == 0 ? pgb_status_exit(written) : code;
    }
    pgb_out_flush(&talk, NULL);
    pgb_out_done(&out);
    pgb_out_done(&talk);
    pgb_arena_free(arena);
    return code;
}
