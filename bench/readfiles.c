/* Merely reads every file of a folder, in the order of their names: what `heads` and `history` of a
 * large project are measured against. */
#include <dirent.h>
#include <fcntl.h>
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
    static char buf[1 << 16];
    char **names = NULL;
    size_t n = 0, cap = 0;
    unsigned long long bytes = 0;
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
        ssize_t got;

        while (fd >= 0 && (got = read(fd, buf, sizeof buf)) > 0) {
            bytes += (unsigned long long)got;
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    printf("%zu files, %llu bytes\n", n, bytes);
    return 0;
}
