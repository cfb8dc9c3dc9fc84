/* The man page and shell completion, made from the command table. */
#include <stdio.h>
#include <string.h>

#include "cli/opt.h"

/* Text for roff: "-" is a minus, a backslash is itself, no line begins a request. */
static void put_roff(pgb_out *out, const char *text)
{
    bool start = true;

    for (; *text != '\0'; text++) {
        if (start && (*text == '.' || *text == '\'')) {
            pgb_out_raw(out, "\\&", 2);
        }
        start = *text == '\n';
        if (*text == '\\') {
            pgb_out_raw(out, "\\e", 2);
        } else if (*text == '-') {
            pgb_out_raw(out, "\\-", 2);
        } else {
            pgb_out_raw(out, text, 1);
        }
    }
}

static void roff_options(pgb_out *out, const pgb_option *o)
{
    for (; o != NULL && o->name != NULL; o++) {
        if (o->hidden) {
            continue;
        }
        pgb_out_puts(out, ".TP\n.B ");
        if (o->letter != 0) {
            pgb_out_printf(out, "\\-%c, ", o->letter);
        }
        pgb_out_puts(out, "\\-\\-");
        put_roff(out, o->name);
        if (o->kind == PGB_OPT_MAYBE) {
            pgb_out_printf(out, "[=%s]", o->choices);
        } else if (o->arg != NULL) {
            pgb_out_printf(out, "=%s", o->arg);
        }
        pgb_out_raw(out, "\n", 1);
        put_roff(out, o->help);
        if (o->env != NULL) {
            pgb_out_printf(out, " (environment: %s)", o->env);
        }
        pgb_out_raw(out, "\n", 1);
    }
}

static void roff_command(pgb_out *out, const pgb_command *parent, const pgb_command *c)
{
    if (c->hidden) {
        return;
    }
    pgb_out_printf(out, ".SS pgbraid %s%s%s%s%s\n", parent == NULL ? "" : parent->name,
                   parent == NULL ? "" : " ", c->name, c->operands[0] == '\0' ? "" : " ",
                   c->operands);
    put_roff(out, c->summary);
    pgb_out_puts(out, ".\n.PP\n");
    if (c->about != NULL) {
        for (const char *p = c->about; *p != '\0';) {
            const char *end = strstr(p, "\n\n");
            size_t len = end == NULL ? strlen(p) : (size_t)(end - p);
            char paragraph[2048];

            snprintf(paragraph, sizeof paragraph, "%.*s", (int)len, p);
            pgb_out_puts(out, paragraph[0] == ' ' ? ".nf\n" : "");
            put_roff(out, paragraph);
            pgb_out_puts(out, paragraph[0] == ' ' ? "\n.fi\n.PP\n" : "\n.PP\n");
            p = end == NULL ? p + len : end + 2;
        }
    }
    roff_options(out, c->options);
    for (const pgb_example *e = c->examples; e != NULL && e->command != NULL; e++) {
        pgb_out_puts(out, ".PP\n.RS\n.B ");
        put_roff(out, e->command);
        pgb_out_puts(out, "\n.br\n");
        put_roff(out, e->meaning);
        pgb_out_puts(out, "\n.RE\n");
    }
    for (const pgb_command *const *s = c->subs; s != NULL && *s != NULL; s++) {
        roff_command(out, c, *s);
    }
}

void pgb_help_man(pgb_out *out)
{
    pgb_out_puts(out, ".TH PGBRAID 1 \"\" \"pgbraid " PGB_VERSION "\" \"User Commands\"\n"
                      ".SH NAME\npgbraid \\- change PostgreSQL schemas by revisions that form a "
                      "graph\n.SH SYNOPSIS\n.B pgbraid\n[\\-C DIR] COMMAND [OPTION...]\n"
                      ".SH OPTIONS OF EVERY COMMAND\n");
    roff_options(out, pgb_global_options);
    pgb_out_puts(out, ".SH COMMANDS\n");
    for (const pgb_command *const *c = pgb_commands; *c != NULL; c++) {
        roff_command(out, NULL, *c);
    }
    pgb_out_puts(out, ".SH EXIT STATUS\n"
                      ".TP\n.B 0\ndone\n"
                      ".TP\n.B 1\nthe database refused or an operation failed\n"
                      ".TP\n.B 2\nwrong usage, or a broken project\n"
                      ".TP\n.B 3\ncheck, verify or prove found something\n"
                      ".TP\n.B 4\ncannot connect\n"
                      ".TP\n.B 5\nthe runner lock was not had within \\-\\-lock\\-wait\n"
                      ".TP\n.B 6\nthe outcome is unknown\n"
                      ".SH ENVIRONMENT\nDATABASE_URL, the variables of libpq (PGHOST, PGSERVICE, "
                      "PGPASSFILE, ...), NO_COLOR.\n"
                      ".SH FILES\n.I pgbraid.ini\n, \n.IR migrations/ ,\n.I .pgbraid/\n");
}

/* Words of the option array; NULL: none. */
static void complete_options(pgb_out *out, const pgb_option *o)
{
    for (; o != NULL && o->name != NULL; o++) {
        if (!o->hidden) {
            pgb_out_printf(out, " --%s%s", o->name, o->arg != NULL ? "=" : "");
        }
    }
}

static void complete_commands(pgb_out *out, const pgb_command *const *c)
{
    for (const char *blank = ""; *c != NULL; c++) {
        if (!(*c)->hidden) {
            pgb_out_printf(out, "%s%s", blank, (*c)->name);
            blank = " ";
        }
    }
}

static void bash_completion(pgb_out *out)
{
    pgb_out_puts(out, "# bash completion of pgbraid; in ~/.bashrc: source <(pgbraid completion "
                      "bash)\n"
                      "_pgbraid()\n{\n"
                      "    local cur=${COMP_WORDS[COMP_CWORD]} command= words= i\n"
                      "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                      "        case ${COMP_WORDS[i]} in\n"
                      "        -C|-d|--directory|--database|--format|--color) ((i++)) ;;\n"
                      "        -*|=) ;;\n"
                      "        *) command=${COMP_WORDS[i]}; break ;;\n"
                      "        esac\n    done\n"
                      "    case $command in\n    '') words='");
    complete_commands(out, pgb_commands);
    pgb_out_puts(out, "' ;;\n");
    for (const pgb_command *const *c = pgb_commands; *c != NULL; c++) {
        if ((*c)->hidden) {
            continue;
        }
        pgb_out_printf(out, "    %s) words='", (*c)->name);
        if ((*c)->subs != NULL) {
            complete_commands(out, (*c)->subs);
            for (const pgb_command *const *s = (*c)->subs; *s != NULL; s++) {
                complete_options(out, (*s)->options);
            }
        }
        complete_options(out, (*c)->options);
        pgb_out_puts(out, "' ;;\n");
    }
    pgb_out_puts(out, "    esac\n    words+='");
    complete_options(out, pgb_global_options);
    pgb_out_puts(out, "'\n"
                      "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                      "    [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace\n"
                      "    return 0\n}\n"
                      "complete -o default -F _pgbraid pgbraid\n");
}

bool pgb_help_completion(pgb_out *out, const char *shell)
{
    if (strcmp(shell, "bash") != 0) {
        return false;
    }
    bash_completion(out);
    return true;
}
