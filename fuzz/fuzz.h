/*
 * Fuzz targets. Each is one file with LLVMFuzzerTestOneInput: linked with libFuzzer by clang
 * (tools/fuzz), and with replay.c by every build, which runs the corpus as an ordinary test.
 */
#ifndef PGB_FUZZ_H
#define PGB_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold; a fuzzer sees an abort as a find, whatever NDEBUG says. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
