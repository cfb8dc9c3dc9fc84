/*
 * Runs a fuzz target over its corpus: replay FOLDER [NAME]. Every file as it is, each of its
 * prefixes (of large ones some), and each with one byte changed, so that the ordinary build tries
 * the neighbourhood of what fuzzing has found. TAP on stdout.
 */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>

enum { PREFIXES = 200, FLIPS = 200 };

static char *read_whole(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rbe");
    char *bytes = NULL;
    long len = -1;

    if (f != NULL && fseek(f, 0, SEEK_END) == 0 && (len = ftell(f)) >= 0 &&
        fseek(f, 0, SEEK_SET) == 0) {
        bytes = malloc((size_t)len + 1);
    }
    if (bytes != NULL && fread(bytes, 1, (size_t)len, f) != (size_t)len) {
        free(bytes);
        bytes = NULL;
    }
    if (f != NULL) {
        fclose(f);
    }
    *ret_len = len >= 0 ? (size_t)len : 0;
    return bytes;
}

/* A copy of exactly that size, so that the sanitizer sees a byte too many. */
static void run(const char *bytes, size_t len)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);

    if (exact != NULL) {
        memcpy(exact, bytes, len);
        (void)LLVMFuzzerTestOneInput(exact, len);
    }
    free(exact);
}

static long replay(const char *path)
{
    size_t len, step;
    char *bytes = read_whole(path, &len);
    uint32_t dice = 2463534242u;
    long n = 1;

    if (bytes == NULL) {
        return 0;
    }
    run(bytes, len);
    step = len / PREFIXES + 1;
    for (size_t i = 0; i < len; i += step, n++) {
        run(bytes, i);
    }
    for (int i = 0; i < FLIPS && len > 0; i++, n++) {
        size_t at;
        char was;

        dice ^= dice << 13;
        dice ^= dice >> 17;
        dice ^= dice << 5;
        at = dice % len;
        was = bytes[at];
        bytes[at] = (char)(dice >> 24);
        run(bytes, len);
        bytes[at] = was;
    }
    free(bytes);
    return n;
}

int main(int argc, char **argv)
{
    struct dirent *entry;
    DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
    char path[4096];
    long inputs = 0;
    int files = 0;

    if (dir == NULL) {
        printf("Bail out! no corpus\n");
        return 1;
    }
    printf("TAP version 13\n");
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.' ||
            snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name) >= (int)sizeof path) {
            continue;
        }
        inputs += replay(path);
        files++;
    }
    closedir(dir);
    printf("# %d files, %ld inputs\n", files, inputs);
    printf("%sok 1 - %s\n1..1\n", files > 0 && inputs >= files ? "" : "not ",
           argc > 2 ? argv[2] : "replay");
    return files > 0 && inputs >= files ? 0 : 1;
}
