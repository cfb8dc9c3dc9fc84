/*
 * The command line, parsed by the option arrays of the commands: git's and psql's habits.
 *
 * "--opt=value", "--opt value", "-dVALUE", "-d VALUE", bundled flags; "--" ends options; -1, -2 and
 * +1 are operands. Options that every command has may stand before the command too. Floor 6.
 */
#ifndef PGB_CLI_OPT_H
#define PGB_CLI_OPT_H

#include "cli/cli.h"

/* What the options of all commands fill. */
typedef struct pgb_globals {
    const char *directory; /* -C */
    const char *database;  /* -d */
    bool quiet, no_progress, help, version;
    int verbose;
    int colour; /* auto, always, never */
    int format; /* text, json */
} pgb_globals;

typedef struct pgb_cmdline {
    const pgb_command *command, *parent; /* command NULL: none was given */
    const char *prog;                    /* "pgbraid db start" */
    pgb_globals globals;
    void *values;
    const char **operands;
    uint32_t n_operands;
} pgb_cmdline;

/* PGB_USAGE with the nearest known name in the hint. cmd is filled as far as was read, also then.
 */
pgb_status pgb_cmdline_parse(int argc, const char *const *argv, pgb_arena *arena, pgb_cmdline *cmd,
                             pgb_error *err);

/* "[section] name = …" style durations too: 500ms, 5s, 2min, 1h, seconds, none (-1). */
bool pgb_parse_duration(const char *text, int64_t *ret_ms);

const pgb_command *pgb_command_find(const pgb_command *const *commands, const char *name);

/* help.c */
void pgb_help_usage(pgb_out *out, const pgb_command *parent, const pgb_command *command);
void pgb_help_overview(pgb_out *out);
void pgb_help_command(pgb_out *out, const pgb_command *parent, const pgb_command *command);
void pgb_help_man(pgb_out *out);
bool pgb_help_completion(pgb_out *out, const char *shell);

/* load.c: what a command needs, before run, and its end. */
pgb_status pgb_ctx_load(pgb_ctx *ctx);
void pgb_ctx_unload(pgb_ctx *ctx);

#endif
