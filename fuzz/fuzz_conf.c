/* The config: pgbraid.ini of any bytes is settings or an error with its line. */
#include "fuzz.h"

/* Its parser is the file's own; what the library has of it is not linked then. */
#include "conf/conf.c" /* NOLINT */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pgb_error err = PGB_ERROR_INIT;
    pgb_arena *arena = pgb_arena_new();
    pgb_conf conf = {.project = "default",
                     .migrations = "migrations",
                     .layout = "auto",
                     .history_schema = "pgbraid",
                     .lock_timeout_ms = -1,
                     .path = "pgbraid.ini"};
    reading r = {.path = "pgbraid.ini", .arena = arena, .err = &err, .conf = &conf};
    char *text = malloc(size + 1);

    if (arena != NULL && text != NULL) {
        memcpy(text, data, size);
        text[size] = '\0';
        if (parse(&r, text, size) == PGB_OK) {
            MUST(err.status == PGB_OK);
            MUST(conf.project != NULL && conf.migrations != NULL && conf.layout != NULL);
            for (uint32_t i = 0; i < conf.n_envs; i++) {
                MUST(conf.envs[i].name != NULL);
                MUST(pgb_conf_env(&conf, conf.envs[i].name) != NULL);
            }
        } else {
            MUST(err.status != PGB_OK && err.message[0] != '\0');
            MUST(err.status == PGB_NOMEM || err.line >= 0);
        }
    }
    pgb_vec_done(&r.envs);
    free(text);
    pgb_arena_free(arena);
    return 0;
}
