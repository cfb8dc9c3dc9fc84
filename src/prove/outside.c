#include "prove/outside.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* The words of a statement, without comments, strings and quoted names. */
typedef struct words {
    const char *at;
    const char *word;
    size_t len;
    bool call; /* a parenthesis follows */
} words;

static const char *skip_quoted(const char *p, char quote)
{
    for (p++; *p != '\0'; p++) {
        if (*p == quote) {
            if (p[1] != quote) {
                return p + 1;
            }
            p++;
        }
    }
    return p;
}

static const char *skip_comment(const char *p)
{
    int depth = 0;

    if (p[0] == '-') {
        return p + strcspn(p, "\n");
    }
    do {
        if (p[0] == '/' && p[1] == '*') {
            depth++;
            p += 2;
        } else if (p[0] == '*' && p[1] == '/') {
            depth--;
            p += 2;
        } else {
            p++;
        }
    } while (*p != '\0' && depth > 0);
    return p;
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* $tag$ is passed over alone: what stands in a body is looked at, since DO runs it. */
static bool next_word(words *w)
{
    const char *p = w->at;

    while (*p != '\0') {
        if (*p == '\'' || *p == '"') {
            p = skip_quoted(p, *p);
        } else if ((p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*')) {
            p = skip_comment(p);
        } else if (is_name(*p)) {
            const char *end = p;

            while (is_name(*end)) {
                end++;
            }
            w->word = p;
            w->len = (size_t)(end - p);
            w->at = end;
            w->call = end[strspn(end, " \t\r\n")] == '(';
            return true;
        } else {
            p++;
        }
    }
    return false;
}

static bool is(const words *w, const char *name)
{
    return strlen(name) == w->len && strncasecmp(w->word, name, w->len) == 0;
}

static const char *outside_function(const words *w)
{
    static const char *const names[] = {"dblink",      "dblink_connect",    "dblink_connect_u",
                                        "dblink_exec", "dblink_send_query", "dblink_open",
                                        "http_get",    "http_post",         "http_put",
                                        "http_delete", "lo_export",         "lo_import"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (is(w, names[i])) {
            return names[i];
        }
    }
    return NULL;
}

const char *pgb_outside_call(const char *sql)
{
    words w = {.at = sql};
    char first[16] = "", second[16] = "";
    bool function = false;

    for (uint32_t n = 0; next_word(&w); n++) {
        if (n < 2) {
            char *to = n == 0 ? first : second;

            for (size_t i = 0; i < w.len && i < sizeof first - 1; i++) {
                to[i] = (char)tolower((unsigned char)w.word[i]);
            }
        }
        if (n == 1 && strcmp(first, "create") == 0 && strcmp(second, "subscription") == 0) {
            return "CREATE SUBSCRIPTION";
        }
        if (n == 1 && strcmp(first, "import") == 0 && strcmp(second, "foreign") == 0) {
            return "IMPORT FOREIGN SCHEMA";
        }
        if (n == 1 && strcmp(first, "alter") == 0 && strcmp(second, "system") == 0) {
            return "ALTER SYSTEM";
        }
        if (strcmp(first, "copy") == 0 && is(&w, "program")) {
            return "COPY ... PROGRAM";
        }
        /* a function's or view's definition calls nothing yet */
        function = function || strcmp(first, "create") == 0 || strcmp(first, "alter") == 0 ||
                   strcmp(first, "comment") == 0 || strcmp(first, "grant") == 0 ||
                   strcmp(first, "drop") == 0 || strcmp(first, "revoke") == 0;
        if (!function && w.call && outside_function(&w) != NULL) {
            return outside_function(&w);
        }
    }
    return NULL;
}

pgb_status pgb_outside_find(const pgb_revset *set, const pgb_revision *rev, pgb_section section,
                            bool *ret_calls, pgb_error *found, pgb_error *err)
{
    pgb_script *script = NULL;
    pgb_item item = {0};
    pgb_error own = PGB_ERROR_INIT;
    pgb_status status = pgb_script_open(set, rev, section, 0, &script, &own);

    *ret_calls = false;
    if (status != PGB_OK) {
        return status == PGB_NOMEM ? pgb_error_nomem(err) : PGB_OK;
    }
    status = pgb_script_rewind(script, &own);
    while (status == PGB_OK && !*ret_calls) {
        status = pgb_script_next(script, &item, &own);
        if (status != PGB_OK || item.kind == PGB_ITEM_END) {
            break;
        }
        if (item.kind == PGB_ITEM_STATEMENT) {
            const char *call = pgb_outside_call(item.text);

            if (call != NULL) {
                *ret_calls = true;
                pgb_error_clear(found);
                pgb_error_set(found, PGB_REFUSED, "it calls the outside world by %s", call);
                pgb_script_locate(script, &item, 0, found);
                pgb_error_hint(found, "It was not run. --outside runs such revisions too, as a "
                                      "superuser on this machine.");
            }
        }
    }
    pgb_script_close(script);
    return status == PGB_NOMEM ? pgb_error_nomem(err) : PGB_OK;
}
