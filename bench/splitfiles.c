/* Reads every file of a folder, in the order of their names, and has libpg_query split each into
 * its statements, by its parser: what `check` of a large project is measured against. */
#include <dirent.h>
#include <fcntl.h>
#include <pg_query.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
    static char buf[1 << 20]; /* the generated files are small */
    char **names = NULL;
    size_t n = 0, cap = 0;
    unsigned long long statements = 0;
    struct dirent *e;
    DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;

    if (dir == NULL) {
        return 1;
    }
    while ((e = readdir(dir)) != NULL) {
        if (e->d_name[0] == '.') {
            continue;
        }
        if (n == cap) {
            cap = cap > 0 ? cap * 2 : 1024;
            names = realloc(names, cap * sizeof *names);
        }
        if (names == NULL || (names[n++] = strdup(e->d_name)) == NULL) {
            abort();
        }
    }
    if (n > 0) {
        qsort(names, n, sizeof *names, by_name);
    }
    for (size_t i = 0; i < n; i++) {
        int fd = openat(dirfd(dir), names[i], O_RDONLY | O_CLOEXEC);
        size_t len = 0;
        ssize_t got;
        PgQuerySplitResult split;

        while (fd >= 0 && (got = read(fd, buf + len, sizeof buf - 1 - len)) > 0) {
            len += (size_t)got;
        }
        if (fd < 0 || len == sizeof buf - 1) {
            return 1;
        }
        close(fd);
        buf[len] = '\0';
        split = pg_query_split_with_parser(buf);
        if (split.error != NULL) {
            fprintf(stderr, "%s: %s\n", names[i], split.error->message);
            return 1;
        }
        statements += (unsigned long long)split.n_stmts;
        pg_query_free_split_result(split);
    }
    printf("%zu files, %llu statements\n", n, statements);
    return 0;
}
