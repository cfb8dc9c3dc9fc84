#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sql/parse_internal.h"

enum { WORDS = 12 };

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* The first words of a statement, without comments; what is no word ends them but for "(" after the
 * first. */
static int first_words(const char *s, size_t len, char words[WORDS][32], int most)
{
    int n = 0;

    for (size_t i = 0; i < len && n < most;) {
        if (is_space(s[i])) {
            i++;
        } else if (i + 1 < len && s[i] == '-' && s[i + 1] == '-') {
            const char *end = memchr(s + i, '\n', len - i);

            i = end != NULL ? (size_t)(end - s) + 1 : len;
        } else if (i + 1 < len && s[i] == '/' && s[i + 1] == '*') {
            size_t depth = 0;

            for (; i + 1 < len; i++) {
                if (s[i] == '/' && s[i + 1] == '*') {
                    depth++;
                    i++;
                } else if (s[i] == '*' && s[i + 1] == '/') {
                    i++;
                    if (--depth == 0) {
                        i++;
                        break;
                    }
                }
            }
            if (depth != 0) {
                break;
            }
        } else {
            size_t begin = i, size;

            while (i < len && ((s[i] | 0x20) >= 'a') && ((s[i] | 0x20) <= 'z')) {
                i++;
            }
            if (i == begin) {
                /* a name in quotes, a number or a sign: it stands as itself */
                words[n][0] = s[i++];
                words[n++][1] = '\0';
                continue;
            }
            while (i < len && (s[i] == '_' || (s[i] >= '0' && s[i] <= '9') || (s[i] & 0x80) != 0 ||
                               ((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'z'))) {
                i++;
            }
            size = i - begin < 31 ? i - begin : 31;
            for (size_t k = 0; k < size; k++) {
                char c = s[begin + k];

                words[n][k] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
            }
            words[n++][size] = '\0';
        }
    }
    return n;
}

static bool is(char words[WORDS][32], int n, int at, const char *word)
{
    return at < n && strcmp(words[at], word) == 0;
}

static bool has(char words[WORDS][32], int n, const char *word)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static const struct by_words {
    const char *first, *second; /* second NULL: any */
    bool concurrently;          /* must stand among the first words */
    pgb_stmt_kind kind;
    bool no_transaction;
} table[] = {
    {"BEGIN", NULL, false, PGB_STMT_TRANSACTION, false},
    {"START", "TRANSACTION", false, PGB_STMT_TRANSACTION, false},
    {"COMMIT", NULL, false, PGB_STMT_TRANSACTION, false},
    {"END", NULL, false, PGB_STMT_TRANSACTION, false},
    {"ABORT", NULL, false, PGB_STMT_TRANSACTION, false},
    {"PREPARE", "TRANSACTION", false, PGB_STMT_TRANSACTION, false},
    {"ROLLBACK", "TO", false, PGB_STMT_SAVEPOINT, false},
    {"ROLLBACK", NULL, false, PGB_STMT_TRANSACTION, false},
    {"SAVEPOINT", NULL, false, PGB_STMT_SAVEPOINT, false},
    {"RELEASE", NULL, false, PGB_STMT_SAVEPOINT, false},
    {"CREATE", "INDEX", true, PGB_STMT_CREATE_INDEX_CONCURRENTLY, true},
    {"CREATE", "UNIQUE", true, PGB_STMT_CREATE_INDEX_CONCURRENTLY, true},
    {"DROP", "INDEX", true, PGB_STMT_DROP_INDEX_CONCURRENTLY, true},
    {"REINDEX", NULL, true, PGB_STMT_REINDEX_CONCURRENTLY, true},
    {"REINDEX", "DATABASE", false, PGB_STMT_NO_TRANSACTION, true},
    {"REINDEX", "SYSTEM", false, PGB_STMT_NO_TRANSACTION, true},
    {"REINDEX", "SCHEMA", false, PGB_STMT_NO_TRANSACTION, true},
    {"VACUUM", NULL, false, PGB_STMT_NO_TRANSACTION, true},
    {"CREATE", "DATABASE", false, PGB_STMT_NO_TRANSACTION, true},
    {"DROP", "DATABASE", false, PGB_STMT_NO_TRANSACTION, true},
    {"CREATE", "TABLESPACE", false, PGB_STMT_NO_TRANSACTION, true},
    {"DROP", "TABLESPACE", false, PGB_STMT_NO_TRANSACTION, true},
    {"ALTER", "SYSTEM", false, PGB_STMT_NO_TRANSACTION, true},
    {"CREATE", "SUBSCRIPTION", false, PGB_STMT_NO_TRANSACTION, true},
    {"DROP", "SUBSCRIPTION", false, PGB_STMT_NO_TRANSACTION, true},
    {"DISCARD", "ALL", false, PGB_STMT_NO_TRANSACTION, true},
};

void pgb_parse_by_words(const char *sql, size_t len, pgb_arena *arena, pgb_facts *facts,
                        pgb_objects *objects, const char *why)
{
    char words[WORDS][32];
    int n = first_words(sql, len, words, WORDS);

    facts->kind = n == 0 ? PGB_STMT_EMPTY : PGB_STMT_UNKNOWN;
    snprintf(facts->parse_error, sizeof facts->parse_error, "%s", why);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct by_words *t = &table[i];

        if (is(words, n, 0, t->first) && (t->second == NULL || is(words, n, 1, t->second)) &&
            (!t->concurrently || has(words, n, "CONCURRENTLY"))) {
            facts->kind = t->kind;
            facts->needs_no_transaction = t->no_transaction;
            break;
        }
    }
    if (is(words, n, 0, "COMMIT") || is(words, n, 0, "ROLLBACK")) {
        if (is(words, n, 1, "PREPARED")) {
            facts->needs_no_transaction = true;
        }
    }
    if (facts->needs_no_transaction && has(words, n, "CONCURRENTLY")) {
        facts->command = pgb_arena_printf(arena, "%s INDEX CONCURRENTLY", words[0]);
    } else {
        facts->command = pgb_arena_printf(arena, "%s%s%s", n > 0 ? words[0] : "", n > 1 ? " " : "",
                                          n > 1 ? words[1] : "");
    }
    if (objects != NULL && facts->kind != PGB_STMT_EMPTY) {
        objects->could_not_tell = true;
    }
}

const char *pgb_parse_plain_by_words(const char *sql, size_t len)
{
    static const struct {
        const char *first, *second; /* second NULL: any */
        const char *command;
        bool unless_concurrently; /* anywhere: it may be the name of something, then */
    } plain[] = {
        {"CREATE", "TABLE", "CREATE TABLE", false},
        {"CREATE", "INDEX", "CREATE INDEX", true},
        {"CREATE", "UNIQUE", "CREATE INDEX", true},
        {"ALTER", "TABLE", "ALTER TABLE", true},
        {"DROP", "INDEX", "DROP", true},
        {"DROP", "TABLE", "DROP", false},
        {"DROP", "VIEW", "DROP", false},
        {"DROP", "FUNCTION", "DROP", false},
        {"DROP", "TYPE", "DROP", false},
        {"DROP", "SEQUENCE", "DROP", false},
        {"DROP", "SCHEMA", "DROP", false},
        {"COMMENT", "ON", "COMMENT ON", false},
        {"INSERT", "INTO", "INSERT INTO", false},
        {"SELECT", NULL, "SELECT", false},
        {"UPDATE", NULL, "UPDATE", false},
        {"DELETE", "FROM", "DELETE FROM", false},
        {"GRANT", NULL, "GRANT", false},
        {"REVOKE", NULL, "REVOKE", false},
        {"CREATE", "VIEW", "CREATE VIEW", false},
        {"CREATE", "FUNCTION", "CREATE FUNCTION", false},
        {"CREATE", "OR", "CREATE OR REPLACE", false},
        {"CREATE", "TRIGGER", "CREATE TRIGGER", false},
        {"CREATE", "TYPE", "CREATE TYPE", false},
        {"CREATE", "POLICY", "CREATE POLICY", false},
    };
    char words[WORDS][32];
    int n = first_words(sql, len, words, 2);

    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (is(words, n, 0, plain[i].first) &&
            (plain[i].second == NULL || is(words, n, 1, plain[i].second))) {
            return plain[i].unless_concurrently && strcasestr(sql, "concurrently") != NULL
                       ? NULL
                       : plain[i].command;
        }
    }
    return NULL;
}
