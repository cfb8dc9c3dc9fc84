/* The positive control of tools/fuzz: a fault that it must find, behind a word that it must guess.
 */
#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);
    volatile char past = 0;

    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    if (size >= 5 && memcmp(copy, "braid", 5) == 0) {
        past = copy[size + 1]; /* NOLINT(clang-analyzer-*): the fault */
    }
    (void)past;
    free(copy);
    return 0;
}
