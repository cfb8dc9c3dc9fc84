#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/linediff.h"

static const struct row {
    const char *a, *b, *want;
} rows[] = {
    {"a\n", "a\n", ""},
    {"a\n", "b\n", "--- A\n+++ B\n@@ -1,1 +1,1 @@\n-a\n+b\n"},
    {"", "b\n", "--- A\n+++ B\n@@ -0,0 +1,1 @@\n+b\n"},
    {"a\n", "", "--- A\n+++ B\n@@ -1,1 +0,0 @@\n-a\n"},
    {"a", "a\n", "--- A\n+++ B\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n"},
    {"a\r\n", "a\n", "--- A\n+++ B\n@@ -1,1 +1,1 @@\n-a\\r\n+a\n"},
    {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
     "--- A\n+++ B\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"},
    {"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n",
     "--- A\n+++ B\n@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -10,4 +11,3 @@\n 10\n 11\n 12\n-13\n"},
};

static void differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        PGB_AUTO_BUF(out);

        pgb_line_diff("A", rows[i].a, strlen(rows[i].a), "B", rows[i].b, strlen(rows[i].b), &out);
        assert_string_equal(pgb_buf_str(&out), rows[i].want);
    }
}

/* Applying what is said to have changed gives the other text: on random texts. */
static void says_all_and_only_what_changed(void **state)
{
    unsigned seed = 7;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        char a[256] = "", b[256] = "", made[512] = "";
        PGB_AUTO_BUF(out);
        size_t at = 0;

        for (int side = 0; side < 2; side++) {
            char *s = side == 0 ? a : b;
            int n = rand_r(&seed) % 12;

            for (int i = 0; i < n; i++) {
                s += sprintf(s, "%c\n", 'a' + rand_r(&seed) % 4);
            }
        }
        pgb_line_diff("A", a, strlen(a), "B", b, strlen(b), &out);
        if (strcmp(a, b) == 0) {
            assert_int_equal(out.len, 0);
            continue;
        }
        for (const char *p = strstr(out.p, "@@"); p != NULL && *p != '\0';
             p = strchr(p, '\n') + 1) {
            if (*p == '@') {
                long from = 0, count = 0;

                sscanf(p, "@@ -%ld,%ld", &from, &count);
                from -= count > 0;
                /* what lies between the hunks is common */
                while (at < (size_t)from * 2) {
                    strncat(made, a + at, 2);
                    at += 2;
                }
            } else if (*p == ' ' || *p == '+') {
                strncat(made, p + 1, 2);
                at += *p == ' ' ? 2 : 0;
            } else if (*p == '-') {
                at += 2;
            }
        }
        strcat(made, a + at);
        assert_string_equal(made, b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences),
        cmocka_unit_test(says_all_and_only_what_changed),
    };

    return cmocka_run_group_tests_name("base/linediff", tests, NULL, NULL);
}
