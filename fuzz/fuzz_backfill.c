/* The files of backfills: whatever the bytes, no crash, and every problem has a message. */
#include <string.h>

#include "fuzz.h"
#include "rev/backfill.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pgb_arena *arena = pgb_arena_new();
    pgb_problems *problems = pgb_problems_new();
    pgb_backfill b;
    pgb_error err = PGB_ERROR_INIT;

    if (arena != NULL && problems != NULL &&
        pgb_backfill_parse("backfills/f.sql", (const char *)data, size, arena, problems, &b,
                           &err) == PGB_OK) {
        for (size_t i = 0; i < problems->list.n; i++) {
            MUST(problems->list.at[i].message[0] != '\0');
        }
        MUST(problems->list.n > 0 || (b.source != NULL && b.n_keys > 0 && b.statement != NULL));
    }
    pgb_problems_free(problems);
    pgb_arena_free(arena);
    return 0;
}
