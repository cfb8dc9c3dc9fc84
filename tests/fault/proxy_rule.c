#include "proxy_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rule rules[MAX_RULES];
int n_rules;

static char unblank(char c)
{
    return (char)(c == '+' ? ' ' : c);
}

bool rule_arm(char *text)
{
    rule r = {.conn = 1, .dir = 'F', .nth = 1, .flip = 255};
    char *save = NULL;

    for (char *w = strtok_r(text, " \n", &save); w != NULL; w = strtok_r(NULL, " \n", &save)) {
        char *v = strchr(w, '=');

        if (v == NULL) {
            return false;
        }
        *v++ = 0;
        if (strcmp(w, "conn") == 0) {
            r.conn = atoi(v);
        } else if (strcmp(w, "dir") == 0) {
            r.dir = *v;
        } else if (strcmp(w, "n") == 0) {
            r.n = atol(v);
        } else if (strcmp(w, "type") == 0) {
            r.type = *v;
        } else if (strcmp(w, "match") == 0) {
            snprintf(r.match, sizeof r.match, "%s", v);
            for (char *p = r.match; *p != 0; p++) {
                *p = unblank(*p);
            }
        } else if (strcmp(w, "nth") == 0) {
            r.nth = atol(v);
        } else if (strcmp(w, "at") == 0) {
            r.at = *v == 'b' ? BEFORE : *v == 'i' ? INSIDE : AFTER;
        } else if (strcmp(w, "k") == 0) {
            r.k = atol(v);
        } else if (strcmp(w, "xor") == 0) {
            r.flip = atoi(v);
        } else if (strcmp(w, "do") == 0) {
            r.act = *v == 'c' ? CUT : *v == 'p' ? PAUSE : *v == 'm' ? MUTATE : NOTHING;
        } else if (strcmp(w, "how") == 0) {
            r.how = *v == 'c' ? CLOSE : *v == 'r' ? RST : HALF;
        } else if (strcmp(w, "keep") == 0) {
            r.keep = atol(v);
        } else if (strcmp(w, "stop") == 0) {
            r.stop = atol(v);
        } else {
            return false;
        }
    }
    if (n_rules == MAX_RULES) {
        return false;
    }
    rules[n_rules++] = r;
    return true;
}

static bool fits(rule *r, int conn, char dir, long n, char type, const char *m, size_t len)
{
    if (r->done || (r->conn != 0 && r->conn != conn) || r->dir != dir || (r->n != 0 && r->n != n) ||
        (r->type != 0 && r->type != type) ||
        (r->match[0] != 0 && memmem(m, len, r->match, strlen(r->match)) == NULL)) {
        return false;
    }
    return ++r->seen == r->nth;
}

rule *rule_hit(int conn, char dir, long n, char type, const char *m, size_t len)
{
    for (int i = 0; i < n_rules; i++) {
        if (fits(&rules[i], conn, dir, n, type, m, len)) {
            return &rules[i];
        }
    }
    return NULL;
}
