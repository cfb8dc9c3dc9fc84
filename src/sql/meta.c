#include "sql/meta.h"

#include <string.h>

static const struct {
    const char *names; /* each between blanks */
    const char *advice;
} advices[] = {
    {" \\i \\ir \\include \\include_relative ",
     "Paste that file's text here, or make it a revision of its own."},
    {" \\copy ",
     "Write COPY … FROM stdin; with the data after it, closed by a line \\. of its own."},
    {" \\set \\unset \\prompt \\setenv \\getenv ", "Write the value itself where it is used."},
    {" \\c \\connect ",
     "A revision works in one database, that of the connection: remove the line."},
    {" \\if \\elif \\else \\endif ",
     "Decide inside a DO block, or write two revisions, each with its own condition."},
    {" \\g \\gx \\; ", "End the statement with a semicolon."},
    {" \\gset \\gexec ", "Use a DO block with variables and EXECUTE."},
    {" \\echo \\qecho \\warn ", "Remove the line; RAISE NOTICE in a DO block prints a text."},
    {" \\. ", "It ends the data of COPY … FROM stdin, and no such COPY is open here: remove it."},
    {" \\! \\o \\w ", "Remove the line: a revision runs nothing on the client."},
    {" \\encoding ", "Remove the line; files are UTF-8."},
    {" \\timing \\x \\a \\t \\pset \\conninfo \\q ",
     "Remove the line: it only concerns psql's terminal."},
};

size_t pgb_meta_name_len(const char *text, size_t len)
{
    size_t n = 1;

    while (n < len && text[n] != ' ' && text[n] != '\t' && text[n] != '\\' && text[n] != '\'') {
        n++;
    }
    return n <= len ? n : len;
}

static bool is_one_of(const char *names, const char *text, size_t len)
{
    char padded[32];

    if (len + 3 > sizeof padded) {
        return false;
    }
    padded[0] = ' ';
    memcpy(padded + 1, text, len);
    padded[len + 1] = ' ';
    padded[len + 2] = '\0';
    return strstr(names, padded) != NULL;
}

bool pgb_meta_is_harmless(const char *text, size_t len)
{
    return is_one_of(" \\restrict \\unrestrict ", text, pgb_meta_name_len(text, len));
}

const char *pgb_meta_advice(const char *text, size_t len)
{
    size_t n = pgb_meta_name_len(text, len);

    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        if (is_one_of(advices[i].names, text, n)) {
            return advices[i].advice;
        }
    }
    return "Only SQL that the server itself understands can stand here: remove the command, or "
           "write "
           "what it does in SQL.";
}
