#include "sql/parse.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sql/parse_internal.h"

struct pgb_parser {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    enum { IDLE, ASKED, ANSWERED, ENDING } state;
    pgb_parse_request request;
    void (*work)(void *data); /* in place of a request; NULL: none */
    void *data;
};

static _Thread_local pgb_parser *here;
static _Thread_local bool parsing;

pgb_parser *pgb_parser_here(void)
{
    return here;
}

bool pgb_parser_parses(void)
{
    return parsing;
}

static void answer(pgb_parser *p)
{
    parsing = true;
    pgb_parse_answer(&p->request);
    parsing = false;
}

static void serve_request(pgb_parser *p)
{
    if (p->work != NULL) {
        p->work(p->data);
        p->work = NULL;
    } else {
        answer(p);
    }
}

static void *serve(void *data)
{
    pgb_parser *p = data;

    here = p;
    pthread_setname_np(pthread_self(), "pgb-parse");
    pthread_mutex_lock(&p->mutex);
    while (p->state != ENDING) {
        if (p->state == ASKED) {
            pthread_mutex_unlock(&p->mutex);
            serve_request(p);
            pthread_mutex_lock(&p->mutex);
            if (p->state == ASKED) {
                p->state = ANSWERED;
            }
            pthread_cond_broadcast(&p->changed);
        } else {
            pthread_cond_wait(&p->changed, &p->mutex);
        }
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

pgb_status pgb_parser_new(pgb_parser **ret_parser, pgb_error *err)
{
    pgb_parser *p = calloc(1, sizeof *p);
    pthread_attr_t attr;
    int failed;

    if (p == NULL) {
        return pgb_error_nomem(err);
    }
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->changed, NULL);
    pthread_attr_init(&attr);
    failed = pthread_attr_setstacksize(&attr, PGB_PARSE_STACK);
    if (failed == 0) {
        failed = pthread_create(&p->thread, &attr, serve, p);
    }
    pthread_attr_destroy(&attr);
    if (failed != 0) {
        pthread_cond_destroy(&p->changed);
        pthread_mutex_destroy(&p->mutex);
        free(p);
        return failed == ENOMEM || failed == EAGAIN
                   ? pgb_error_nomem(err)
                   : pgb_error_set_errno(err, PGB_FAILED, failed,
                                         "cannot start the parser's thread");
    }
    *ret_parser = p;
    return PGB_OK;
}

void pgb_parser_free(pgb_parser *p)
{
    if (p == NULL) {
        return;
    }
    pthread_mutex_lock(&p->mutex);
    p->state = ENDING;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

/* Skips a quoted part that starts at s[i]; i is returned past it. */
static size_t skip_quoted(const char *s, size_t len, size_t i)
{
    char quote = s[i];
    bool escapes = quote == '\'' && i > 0 && (s[i - 1] == 'e' || s[i - 1] == 'E');

    for (i++; i < len; i++) {
        if (escapes && s[i] == '\\') {
            i++;
        } else if (s[i] == quote) {
            return i + 1;
        }
    }
    return len;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (c & 0x80) != 0;
}

static size_t skip_dollar(const char *s, size_t len, size_t i)
{
    size_t tag = i + 1;
    const char *end;

    while (tag < len && is_word(s[tag])) {
        tag++;
    }
    if (tag >= len || s[tag] != '$' || (tag > i + 1 && s[i + 1] >= '0' && s[i + 1] <= '9') ||
        (i > 0 && is_word(s[i - 1]))) {
        return i + 1;
    }
    tag++;
    end = memmem(s + tag, len - tag, s + i, tag - i);
    return end != NULL ? (size_t)(end - s) + (tag - i) : len;
}

/* Comments nest no tree; one that does not end takes the rest. */
static size_t skip_comment(const char *s, size_t len, size_t i)
{
    if (s[i] == '-') {
        const char *end = memchr(s + i, '\n', len - i);

        return end != NULL ? (size_t)(end - s) + 1 : len;
    }
    for (size_t depth = 0; i + 1 < len; i++) {
        if (s[i] == '/' && s[i + 1] == '*') {
            depth++;
            i++;
        } else if (s[i] == '*' && s[i + 1] == '/') {
            i++;
            if (--depth == 0) {
                return i + 1;
            }
        }
    }
    return len;
}

static bool is_set_operation(const char *word, size_t len)
{
    return (len == 5 && strncasecmp(word, "union", 5) == 0) ||
           (len == 6 && strncasecmp(word, "except", 6) == 0) ||
           (len == 9 && strncasecmp(word, "intersect", 9) == 0);
}

size_t pgb_parse_depth(const char *s, size_t len)
{
    /* Lists, whose items stand between commas, are flat; everything else in one pair of parentheses
       may nest once a token (operators, casts, NOT, JOIN). UNION and its like nest across commas.
       Levels beyond the array are counted as one. */
    enum { LEVELS = 4096 };
    uint32_t chain[LEVELS], sets[LEVELS]; /* a level's are set when it is entered */
    size_t level = 0, open = 0, most = 0;

    chain[0] = sets[0] = 0;
    for (size_t i = 0; i < len;) {
        char c = s[i];

        if (c == '\'' || c == '"') {
            i = skip_quoted(s, len, i);
        } else if (c == '$') {
            i = skip_dollar(s, len, i);
        } else if (i + 1 < len &&
                   ((c == '-' && s[i + 1] == '-') || (c == '/' && s[i + 1] == '*'))) {
            i = skip_comment(s, len, i);
            continue;
        } else if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
            i++;
            continue;
        } else if (is_word(c)) {
            size_t from = i;

            while (i < len && is_word(s[i])) {
                i++;
            }
            if (level < LEVELS && is_set_operation(s + from, i - from)) {
                sets[level]++;
                open++;
            }
        } else {
            i++;
        }
        if (c == '(' || c == '[') {
            level++;
            if (level < LEVELS) {
                chain[level] = sets[level] = 0;
            }
        } else if ((c == ')' || c == ']') && level > 0) {
            open -= level < LEVELS ? chain[level] + sets[level] : 0;
            level--;
        } else if (c == ',' && level < LEVELS) {
            open -= chain[level];
            chain[level] = 0;
        }
        if (level < LEVELS) {
            chain[level]++;
        }
        open++;
        if (level >= LEVELS) {
            open += 1;
        }
        if (open > most) {
            most = open;
        }
    }
    return most;
}

static void hand_over(pgb_parser *p)
{
    pthread_mutex_lock(&p->mutex);
    p->state = ASKED;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}

void pgb_parser_wait(pgb_parser *p)
{
    pthread_mutex_lock(&p->mutex);
    while (p->state != ANSWERED) {
        pthread_cond_wait(&p->changed, &p->mutex);
    }
    p->state = IDLE;
    pthread_mutex_unlock(&p->mutex);
}

void pgb_parser_start(pgb_parser *p, void (*work)(void *data), void *data)
{
    p->work = work;
    p->data = data;
    hand_over(p);
}

static pgb_status ask(pgb_parser *p, const char *sql, size_t len, pgb_arena *arena,
                      pgb_facts *ret_facts, pgb_objects *objects, bool brief, pgb_error *err)
{
    memset(ret_facts, 0, sizeof *ret_facts);
    if (len > PGB_PARSE_BYTES_MAX || pgb_parse_depth(sql, len) > PGB_PARSE_DEPTH_MAX) {
        pgb_parse_by_words(sql, len, arena, ret_facts, objects,
                           len > PGB_PARSE_BYTES_MAX ? "it is too long to be analysed"
                                                     : "it nests too deeply to be analysed");
        return ret_facts->command != NULL ? PGB_OK : pgb_error_nomem(err);
    }
    p->request = (pgb_parse_request){.sql = sql,
                                     .len = len,
                                     .arena = arena,
                                     .facts = ret_facts,
                                     .objects = objects,
                                     .brief = brief};
    if (p == here) {
        answer(p);
    } else {
        hand_over(p);
        pgb_parser_wait(p);
    }
    return p->request.nomem ? pgb_error_nomem(err) : PGB_OK;
}

pgb_status pgb_parse_facts(pgb_parser *parser, const char *sql, size_t len, pgb_arena *arena,
                           pgb_facts *ret_facts, pgb_objects *objects, pgb_error *err)
{
    return ask(parser, sql, len, arena, ret_facts, objects, false, err);
}

pgb_status pgb_parse_brief(pgb_parser *parser, const char *sql, size_t len, pgb_arena *arena,
                           pgb_facts *ret_facts, pgb_error *err)
{
    return ask(parser, sql, len, arena, ret_facts, NULL, true, err);
}
