#include "cli/opt.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

const pgb_command *pgb_command_find(const pgb_command *const *commands, const char *name)
{
    for (; *commands != NULL; commands++) {
        if (strcmp((*commands)->name, name) == 0) {
            return *commands;
        }
    }
    return NULL;
}

/* Keeps the nearest name: a longer form of what was typed first, else the smallest distance. */
struct nearest {
    const char *typed, *name;
    unsigned distance;
};

static void consider(struct nearest *near, const char *name)
{
    size_t len = strlen(near->typed);
    unsigned distance =
        len > 1 && strncmp(name, near->typed, len) == 0 ? 0 : pgb_text_distance(near->typed, name);
    unsigned limit = len < 4 ? 1 : len < 8 ? 2 : 3;

    if (distance <= limit && (near->name == NULL || distance < near->distance)) {
        near->name = name;
        near->distance = distance;
    }
}

static pgb_status unknown_command(const pgb_command *parent, const char *name, pgb_error *err)
{
    const pgb_command *const *list = parent == NULL ? pgb_commands : parent->subs;
    struct nearest near = {.typed = name};
    const char *space = parent == NULL ? "" : " ";
    const char *above = parent == NULL ? "" : parent->name;

    pgb_error_set(err, PGB_USAGE, "%s%sunknown command '%s'", above, parent == NULL ? "" : ": ",
                  name);
    for (; *list != NULL; list++) {
        if (!(*list)->hidden) {
            consider(&near, (*list)->name);
        }
    }
    if (near.name != NULL) {
        pgb_error_hint(err, "did you mean 'pgbraid%s%s %s'?", space, above, near.name);
    } else if (parent == NULL) {
        pgb_error_hint(err, "pgbraid help lists the commands");
    } else {
        pgb_error_hint(err, "pgbraid %s --help lists its commands", above);
    }
    return PGB_USAGE;
}

static const pgb_option *find_long(const pgb_option *options, const char *name, size_t len)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (strlen(options->name) == len && memcmp(options->name, name, len) == 0) {
            return options;
        }
    }
    return NULL;
}

static const pgb_option *find_short(const pgb_option *options, char letter)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (options->letter == letter) {
            return options;
        }
    }
    return NULL;
}

/* An option of some other command that stands before the command's name, or of none. */
static pgb_status unknown_option(const pgb_cmdline *cmd, const char *shown, const char *name,
                                 size_t len, pgb_error *err)
{
    char typed[80];
    struct nearest near = {.typed = typed};

    pgb_error_set(err, PGB_USAGE, "%s%sunknown option '%s'",
                  cmd->command == NULL ? "" : cmd->prog + strlen("pgbraid "),
                  cmd->command == NULL ? "" : ": ", shown);
    if (name == NULL || len >= sizeof typed) {
        pgb_error_hint(err, "%s --help lists the options", cmd->prog);
        return PGB_USAGE;
    }
    memcpy(typed, name, len);
    typed[len] = '\0';
    for (const pgb_option *o = cmd->command == NULL ? NULL : cmd->command->options;
         o != NULL && o->name != NULL; o++) {
        consider(&near, o->name);
    }
    for (const pgb_option *o = pgb_global_options; o->name != NULL; o++) {
        consider(&near, o->name);
    }
    if (near.name != NULL) {
        pgb_error_hint(err, "did you mean --%s?", near.name);
        return PGB_USAGE;
    }
    for (const pgb_command *const *c = pgb_commands; cmd->command == NULL && *c != NULL; c++) {
        if (find_long((*c)->options, name, len) != NULL) {
            pgb_error_hint(err, "an option of a command stands behind it: pgbraid %s %s",
                           (*c)->name, shown);
            return PGB_USAGE;
        }
    }
    pgb_error_hint(err, "%s --help lists the options", cmd->prog);
    return PGB_USAGE;
}

bool pgb_parse_duration(const char *text, int64_t *ret_ms)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1},   {"s", 1e3},    {"sec", 1e3},   {"min", 60e3},
                 {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}, {"", 1e3}};
    double value;
    char *end;

    if (strcmp(text, "none") == 0) {
        *ret_ms = -1;
        return true;
    }
    if (!isdigit((unsigned char)text[0]) && text[0] != '.') {
        return false; /* strtod also takes signs, "inf", "nan" and blanks */
    }
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        return false;
    }
    value = strtod(text, &end);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].name) == 0) {
            value = ceil(value * units[i].ms);
            if (!(value >= 0 && value <= 1e14)) {
                return false;
            }
            *ret_ms = (int64_t)value;
            return true;
        }
    }
    return false;
}

static bool find_choice(const char *choices, const char *value, int *ret_index)
{
    size_t len = strlen(value);
    int index = 0;

    for (const char *c = choices;; index++) {
        size_t n = strcspn(c, "|");

        if (n == len && memcmp(c, value, n) == 0) {
            *ret_index = index;
            return true;
        }
        if (c[n] == '\0') {
            return false;
        }
        c += n + 1;
    }
}

static bool push_string(pgb_arena *arena, pgb_strings *list, const char *s)
{
    const char **at = pgb_arena_array(arena, list->n + 1, sizeof *at);

    if (at == NULL) {
        return false;
    }
    if (list->n > 0) {
        memcpy(at, list->at, list->n * sizeof *at);
    }
    at[list->n++] = s;
    list->at = at;
    return true;
}

static bool push_list(pgb_arena *arena, pgb_strings *list, const char *value)
{
    while (true) {
        size_t n = strcspn(value, ",");

        if (n > 0) {
            const char *part = pgb_arena_strndup(arena, value, n);

            if (part == NULL || !push_string(arena, list, part)) {
                return false;
            }
        }
        if (value[n] == '\0') {
            return true;
        }
        value += n + 1;
    }
}

/* Stores a value (NULL: none was given) into the member that the option names. */
static pgb_status store(const pgb_option *o, const char *value, void *values, pgb_arena *arena,
                        pgb_error *err)
{
    void *at = (char *)values + o->offset;
    int index;
    char *end;

    switch (o->kind) {
    case PGB_OPT_FLAG:
        *(bool *)at = true;
        return PGB_OK;
    case PGB_OPT_COUNT:
        (*(int *)at)++;
        return PGB_OK;
    case PGB_OPT_STRING:
        *(const char **)at = value;
        return PGB_OK;
    case PGB_OPT_LIST:
        return push_list(arena, at, value) ? PGB_OK : pgb_error_nomem(err);
    case PGB_OPT_INT:
        errno = 0;
        *(int64_t *)at = strtoll(value, &end, 10);
        if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0) {
            return pgb_error_set(err, PGB_USAGE, "--%s takes a number, not '%s'", o->name, value);
        }
        return PGB_OK;
    case PGB_OPT_DURATION:
        if (!pgb_parse_duration(value, at)) {
            pgb_error_set(err, PGB_USAGE, "--%s takes a time, not '%s'", o->name, value);
            pgb_error_hint(err, "seconds, or a number with its unit: 500ms, 5s, 2min, 1h");
            return PGB_USAGE;
        }
        return PGB_OK;
    case PGB_OPT_CHOICE:
    case PGB_OPT_MAYBE:
        index = 0;
        if (value != NULL && !find_choice(o->choices, value, &index)) {
            PGB_AUTO_BUF(list);

            for (const char *c = o->choices; *c != '\0'; c++) {
                if (*c == '|') {
                    pgb_buf_puts(&list, ", ");
                } else {
                    pgb_buf_putc(&list, *c);
                }
            }
            return pgb_error_set(err, PGB_USAGE, "--%s takes one of %s, not '%s'", o->name,
                                 pgb_buf_str(&list), value);
        }
        *(int *)at = o->kind == PGB_OPT_MAYBE ? index + 1 : index;
        return PGB_OK;
    }
    return pgb_error_set(err, PGB_INTERNAL, "option --%s has no kind", o->name);
}

static bool takes_value(const pgb_option *o)
{
    return o->kind != PGB_OPT_FLAG && o->kind != PGB_OPT_COUNT && o->kind != PGB_OPT_MAYBE;
}

static pgb_status set_presets(const pgb_option *options, void *values, pgb_arena *arena,
                              pgb_error *err)
{
    pgb_status status = PGB_OK;

    for (; status == PGB_OK && options != NULL && options->name != NULL; options++) {
        if (options->preset != NULL) {
            status = store(options, options->preset, values, arena, err);
        }
    }
    return status;
}

/* The command is known now: its values come to be. */
static pgb_status begin_command(pgb_cmdline *cmd, const pgb_command *command, pgb_arena *arena,
                                pgb_error *err)
{
    if (cmd->command != NULL) {
        cmd->parent = cmd->command;
    }
    cmd->command = command;
    cmd->prog =
        pgb_arena_printf(arena, "pgbraid %s%s%s", cmd->parent == NULL ? "" : cmd->parent->name,
                         cmd->parent == NULL ? "" : " ", command->name);
    cmd->values = pgb_arena_alloc(arena, command->values_size + 1);
    if (cmd->prog == NULL || cmd->values == NULL) {
        cmd->prog = "pgbraid";
        return pgb_error_nomem(err);
    }
    return set_presets(command->options, cmd->values, arena, err);
}

/* The state of a parse. */
struct parse {
    int argc, at;
    const char *const *argv;
    pgb_arena *arena;
    pgb_cmdline *cmd;
    pgb_error *err;
};

static pgb_status apply(struct parse *p, const pgb_option *o, bool global, const char *value)
{
    return store(o, value, global ? (void *)&p->cmd->globals : p->cmd->values, p->arena, p->err);
}

static pgb_status missing_value(struct parse *p, const pgb_option *o)
{
    pgb_error_set(p->err, PGB_USAGE, "option --%s needs a value: --%s=%s", o->name, o->name,
                  o->arg == NULL ? "VALUE" : o->arg);
    return PGB_USAGE;
}

static pgb_status parse_long(struct parse *p, const char *arg)
{
    const char *name = arg + 2;
    size_t len = strcspn(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    const pgb_option *o =
        p->cmd->command == NULL ? NULL : find_long(p->cmd->command->options, name, len);
    bool global = o == NULL;

    if (global) {
        o = find_long(pgb_global_options, name, len);
    }
    if (o == NULL) {
        return unknown_option(p->cmd, arg, name, len, p->err);
    }
    if (value != NULL && (o->kind == PGB_OPT_FLAG || o->kind == PGB_OPT_COUNT)) {
        return pgb_error_set(p->err, PGB_USAGE, "option --%s takes no value", o->name);
    }
    if (takes_value(o) && value == NULL) {
        if (p->at >= p->argc) {
            return missing_value(p, o);
        }
        value = p->argv[p->at++];
    }
    return apply(p, o, global, value);
}

static pgb_status parse_short(struct parse *p, const char *arg)
{
    for (const char *c = arg + 1; *c != '\0'; c++) {
        const pgb_option *o =
            p->cmd->command == NULL ? NULL : find_short(p->cmd->command->options, *c);
        bool global = o == NULL;
        const char *value = NULL;
        pgb_status status;

        if (global) {
            o = find_short(pgb_global_options, *c);
        }
        if (o == NULL) {
            char shown[8] = {'-', *c, '\0'};

            return unknown_option(p->cmd, (unsigned char)*c < 0x80 ? shown : arg, NULL, 0, p->err);
        }
        if (takes_value(o)) {
            if (c[1] != '\0') {
                value = c + 1;
            } else if (p->at < p->argc) {
                value = p->argv[p->at++];
            } else {
                return missing_value(p, o);
            }
        }
        status = apply(p, o, global, value);
        if (status != PGB_OK || value != NULL) {
            return status;
        }
    }
    return PGB_OK;
}

/* -1, -2, … name revisions. */
static bool is_relative(const char *arg)
{
    return arg[0] == '-' && arg[1] != '\0' && strspn(arg + 1, "0123456789") == strlen(arg + 1);
}

static pgb_status parse_word(struct parse *p, const char *arg)
{
    pgb_cmdline *cmd = p->cmd;
    const pgb_command *const *list = cmd->command == NULL ? pgb_commands : cmd->command->subs;
    const pgb_command *found;

    if (list == NULL) {
        pgb_strings operands = {cmd->operands, cmd->n_operands};

        if (!push_string(p->arena, &operands, arg)) {
            return pgb_error_nomem(p->err);
        }
        cmd->operands = operands.at;
        cmd->n_operands = operands.n;
        return PGB_OK;
    }
    found = pgb_command_find(list, arg);
    if (found == NULL) {
        return unknown_command(cmd->command, arg, p->err);
    }
    return begin_command(cmd, found, p->arena, p->err);
}

/* The nth operand's name in "REV [OTHER...]", for messages. */
static void operand_name(const char *operands, uint32_t nth, char *name, size_t size)
{
    const char *c = operands;
    size_t len;

    for (; nth > 0 && *c != '\0'; nth--) {
        c += strcspn(c, " ");
        c += strspn(c, " ");
    }
    c += strspn(c, "[");
    len = strcspn(c, " .]");
    if (len >= size) {
        len = size - 1;
    }
    memcpy(name, c, len);
    name[len] = '\0';
}

static pgb_status check_operands(const pgb_cmdline *cmd, pgb_error *err)
{
    const pgb_command *c = cmd->command;
    const char *what = cmd->prog + strlen("pgbraid ");
    char name[40];

    if (c->subs != NULL) {
        pgb_error_set(err, PGB_USAGE, "%s: which of its commands?", what);
        pgb_error_hint(err, "%s --help lists them", cmd->prog);
        return PGB_USAGE;
    }
    if (cmd->n_operands < (uint32_t)c->min_operands) {
        operand_name(c->operands, cmd->n_operands, name, sizeof name);
        pgb_error_set(err, PGB_USAGE, "%s: %s is missing", what, name);
        pgb_error_hint(err, "usage: %s [OPTION...] %s", cmd->prog, c->operands);
        return PGB_USAGE;
    }
    if (c->max_operands >= 0 && cmd->n_operands > (uint32_t)c->max_operands) {
        pgb_error_set(err, PGB_USAGE, "%s: unexpected argument '%s'", what,
                      cmd->operands[c->max_operands]);
        pgb_error_hint(err, "usage: %s [OPTION...]%s%s", cmd->prog,
                       c->operands[0] == '\0' ? "" : " ", c->operands);
        return PGB_USAGE;
    }
    return PGB_OK;
}

/* Errors are shown as they are wanted even when the wish stands behind the mistake. */
static void look_ahead(int argc, const char *const *argv, pgb_globals *globals)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--format=json") == 0 ||
            (strcmp(argv[i], "--format") == 0 && i + 1 < argc &&
             strcmp(argv[i + 1], "json") == 0)) {
            globals->format = 1;
        }
    }
}

pgb_status pgb_cmdline_parse(int argc, const char *const *argv, pgb_arena *arena, pgb_cmdline *cmd,
                             pgb_error *err)
{
    struct parse p = {.argc = argc, .at = 1, .argv = argv, .arena = arena, .cmd = cmd, .err = err};
    pgb_status status;

    *cmd = (pgb_cmdline){.prog = "pgbraid"};
    status = set_presets(pgb_global_options, &cmd->globals, arena, err);
    look_ahead(argc, argv, &cmd->globals);
    for (bool only_words = false; status == PGB_OK && p.at < argc;) {
        const char *arg = argv[p.at++];

        if (only_words || arg[0] != '-' || arg[1] == '\0' || is_relative(arg)) {
            status = parse_word(&p, arg);
        } else if (strcmp(arg, "--") == 0) {
            only_words = true;
        } else if (arg[1] == '-') {
            status = parse_long(&p, arg);
        } else {
            status = parse_short(&p, arg);
        }
    }
    if (status == PGB_OK && cmd->command != NULL && !cmd->globals.help && !cmd->globals.version) {
        status = check_operands(cmd, err);
    }
    return status;
}
