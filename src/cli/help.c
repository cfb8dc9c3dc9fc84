/* Help, man page and completion, all made from the command table. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/opt.h"

enum { WIDTH = 79, HELP_COLUMN = 26 };

/* Words of text, wrapped, from `column` on; the first line's text before it is written already and
 * ends at `at`. A newline counts as a blank, an empty line ends a paragraph, a line that begins
 * with a blank stands as it is. */
static void put_wrapped(pgb_out *out, const char *text, int column, int at)
{
    bool begun = false;

    while (*text != '\0') {
        size_t len = strcspn(text, " \n");
        int width = (int)pgb_utf8_count(text, len);

        if (len == 0) {
            text++;
            continue;
        }
        if (begun && at + 1 + width > WIDTH) {
            pgb_out_printf(out, "\n%*s", column, "");
            at = column;
            begun = false;
        }
        if (begun) {
            pgb_out_raw(out, " ", 1);
            at++;
        } else if (at < column) {
            pgb_out_printf(out, "%*s", column - at, "");
            at = column;
        }
        pgb_out_raw(out, text, len);
        at += width;
        begun = true;
        text += len;
    }
    pgb_out_raw(out, "\n", 1);
}

/* Paragraphs: an empty line between them; lines that begin with a blank are kept as they are. */
static void put_about(pgb_out *out, const char *about)
{
    while (*about != '\0') {
        const char *end = strstr(about, "\n\n");
        size_t len = end == NULL ? strlen(about) : (size_t)(end - about);
        char paragraph[2048];

        if (len >= sizeof paragraph) {
            len = sizeof paragraph - 1;
        }
        memcpy(paragraph, about, len);
        paragraph[len] = '\0';
        if (paragraph[0] == ' ') {
            pgb_out_raw(out, paragraph, len);
            pgb_out_raw(out, "\n", 1);
        } else {
            put_wrapped(out, paragraph, 0, 0);
        }
        pgb_out_raw(out, "\n", 1);
        about = end == NULL ? about + strlen(about) : end + 2;
    }
}

/* "-d, --database=URL|ENV" */
static void option_head(const pgb_option *o, char *head, size_t size)
{
    char letter[5] = "    ";

    if (o->letter != 0) {
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    }
    if (o->kind == PGB_OPT_MAYBE) {
        snprintf(head, size, "%s--%s[=%s]", letter, o->name, o->choices);
    } else {
        snprintf(head, size, "%s--%s%s%s", letter, o->name, o->arg == NULL ? "" : "=",
                 o->arg == NULL ? "" : o->arg);
    }
}

/* What is known of an option beside its help: default, config key, variable. */
static void option_text(const pgb_option *o, pgb_buf *text)
{
    pgb_buf_puts(text, o->help);
    if (o->preset != NULL && strcmp(o->preset, "none") != 0) {
        pgb_buf_printf(text, " (default: %s)", o->preset);
    }
    if (o->conf != NULL) {
        size_t dot = strcspn(o->conf, ".");

        pgb_buf_printf(text, "; in pgbraid.ini: %s in [%.*s]", o->conf + dot + 1, (int)dot,
                       o->conf);
    }
    if (o->env != NULL) {
        pgb_buf_printf(text, "; environment: %s", o->env);
    }
}

static void put_options(pgb_out *out, const pgb_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        PGB_AUTO_BUF(text);
        char head[128];
        int at;

        if (options->hidden) {
            continue;
        }
        option_head(options, head, sizeof head);
        option_text(options, &text);
        pgb_out_printf(out, "  %s", head);
        at = 2 + (int)strlen(head);
        if (at > HELP_COLUMN - 2) {
            pgb_out_raw(out, "\n", 1);
            at = 0;
        }
        put_wrapped(out, pgb_buf_str(&text), HELP_COLUMN, at);
    }
}

static void put_commands(pgb_out *out, const pgb_command *const *commands)
{
    const char *group = NULL;

    for (; *commands != NULL; commands++) {
        const pgb_command *c = *commands;

        if (c->hidden) {
            continue;
        }
        if (c->group != NULL && (group == NULL || strcmp(c->group, group) != 0)) {
            pgb_out_raw(out, "\n", group == NULL ? 0 : 1);
            pgb_out_styled(out, PGB_STYLE_BOLD, c->group);
            pgb_out_raw(out, "\n", 1);
            group = c->group;
        }
        pgb_out_printf(out, "  %-12s", c->name);
        put_wrapped(out, c->summary, 16, 14);
    }
}

static void put_heading(pgb_out *out, const char *heading)
{
    pgb_out_raw(out, "\n", 1);
    pgb_out_styled(out, PGB_STYLE_BOLD, heading);
    pgb_out_raw(out, "\n", 1);
}

void pgb_help_usage(pgb_out *out, const pgb_command *parent, const pgb_command *command)
{
    const char *operands = command->subs != NULL ? "COMMAND" : command->operands;

    pgb_out_printf(out, "Usage: pgbraid %s%s%s [OPTION...]%s%s\n",
                   parent == NULL ? "" : parent->name, parent == NULL ? "" : " ", command->name,
                   operands[0] == '\0' ? "" : " ", operands);
}

void pgb_help_overview(pgb_out *out)
{
    pgb_out_puts(out, "pgbraid changes PostgreSQL schemas by revisions that form a graph.\n\n"
                      "Usage: pgbraid [-C DIR] COMMAND [OPTION...]\n\n");
    put_commands(out, pgb_commands);
    put_heading(out, "Options of every command");
    put_options(out, pgb_global_options);
    pgb_out_puts(out, "\npgbraid help COMMAND tells more about one.\n");
}

void pgb_help_command(pgb_out *out, const pgb_command *parent, const pgb_command *command)
{
    pgb_out_printf(out, "pgbraid %s%s%s: %s\n\n", parent == NULL ? "" : parent->name,
                   parent == NULL ? "" : " ", command->name, command->summary);
    pgb_help_usage(out, parent, command);
    if (command->about != NULL) {
        pgb_out_raw(out, "\n", 1);
        put_about(out, command->about);
    } else {
        pgb_out_raw(out, "\n", 1);
    }
    if (command->subs != NULL) {
        pgb_out_styled(out, PGB_STYLE_BOLD, "Commands");
        pgb_out_raw(out, "\n", 1);
        put_commands(out, command->subs);
        pgb_out_raw(out, "\n", 1);
    }
    if (command->options != NULL) {
        pgb_out_styled(out, PGB_STYLE_BOLD, "Options");
        pgb_out_raw(out, "\n", 1);
        put_options(out, command->options);
        pgb_out_raw(out, "\n", 1);
    }
    pgb_out_styled(out, PGB_STYLE_BOLD, "Examples");
    pgb_out_raw(out, "\n", 1);
    for (const pgb_example *e = command->examples; e != NULL && e->command != NULL; e++) {
        pgb_out_printf(out, "  %s\n", e->command);
        put_wrapped(out, e->meaning, 6, 0);
    }
    put_heading(out, "Options of every command");
    put_options(out, pgb_global_options);
}
