/* The proxy's rules: which message is hit, and what happens to it. Their words: proxy.c. */
#ifndef PGB_TESTS_FAULT_PROXY_RULE_H
#define PGB_TESTS_FAULT_PROXY_RULE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct rule {
    int conn;
    char dir, type;
    long n, nth, seen, k, keep, stop;
    char match[200];
    enum { BEFORE, INSIDE, AFTER } at;
    enum { CUT, PAUSE, MUTATE, NOTHING } act;
    enum { CLOSE, RST, HALF } how;
    int flip;
    bool done;
} rule;

enum { MAX_RULES = 16 };
extern rule rules[MAX_RULES];
extern int n_rules;

/* Adds a rule from its text, which is cut in pieces; false: not understood. */
bool rule_arm(char *text);
/* The rule that a message hits, NULL: none. dir is F or B, n its number in that direction. */
rule *rule_hit(int conn, char dir, long n, char type, const char *m, size_t len);

#endif
