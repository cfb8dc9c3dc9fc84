/*
 * Identifiers: any text, against a graph with branches, a merge, labels, depends and an applied
 * set, names revisions or is refused with a message; the same text means the same again.
 */
#include "fuzz.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "plan/plan.h"

static const char *const project[][3] = {
    /* id, parents, labels */
    {"a1b2", "", ""},          {"a1c3", "a1b2", ""},       {"b2c3", "a1b2", "billing"},
    {"b2d4", "b2c3", ""},      {"c3d4", "a1c3", "export"}, {"d4e5", "c3d4, b2d4", ""},
    {"e5f6", "d4e5", ""},      {"f6", "d4e5", "timeline"}, {"f67", "f6", ""},
    {"z0", "", "standalone"},  {"z1", "z0", ""},           {"head_of_state", "z1", ""},
    {"_1", "z1", "two, three"}};

static pgb_revset *set;

static void make_set(void)
{
    char dir[] = "/tmp/pgb-fuzz-XXXXXX", path[256];
    pgb_rev_options options = {.root = dir};
    pgb_error err = PGB_ERROR_INIT;

    MUST(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/migrations", dir);
    MUST(pgb_dir_make(path, 0700, NULL) == PGB_OK);
    for (size_t i = 0; i < sizeof project / sizeof project[0]; i++) {
        FILE *f;

        snprintf(path, sizeof path, "%s/migrations/%02zu.sql", dir, i);
        f = fopen(path, "we");
        MUST(f != NULL);
        fprintf(f, "-- pgbraid:revision %s\n", project[i][0]);
        if (project[i][1][0] != '\0') {
            fprintf(f, "-- pgbraid:parent %s\n", project[i][1]);
        }
        if (project[i][2][0] != '\0') {
            fprintf(f, "-- pgbraid:label %s\n", project[i][2]);
        }
        fputs("-- pgbraid:up\nSELECT 1;\n", f);
        fclose(f);
    }
    if (pgb_revset_load(&options, NULL, &set, &err) != PGB_OK) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    (void)pgb_dir_remove(dir, NULL);
}

/* The first five are applied. */
static pgb_applied_set *applied(void)
{
    static pgb_applied rows[5];
    static pgb_applied_set found = {.exists = true, .version = 1, .rows = rows, .n = 5};

    for (uint32_t i = 0; i < 5 && rows[i].id == NULL; i++) {
        rows[i] = (pgb_applied){.id = project[i][0],
                                .title = "",
                                .file = "",
                                .up_raw = "",
                                .up_norm = "",
                                .down_raw = "",
                                .down_norm = "",
                                .header_norm = "",
                                .seq = i + 1,
                                .run = "",
                                .at = "",
                                .by = "",
                                .from = "",
                                .tool_version = ""};
        MUST(pgb_map_add(&found.by_id, rows[i].id, strlen(rows[i].id), i, NULL, NULL));
    }
    return &found;
}

static pgb_world *fresh(void)
{
    pgb_world *w = NULL;

    MUST(pgb_world_build(set, applied(), NULL, &w, NULL) == PGB_OK);
    return w;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static pgb_world *w;
    static uint32_t runs;
    pgb_error err = PGB_ERROR_INIT;
    pgb_target a, b;
    pgb_plan plan;
    pgb_status first, again;
    char *text = malloc(size + 1);
    const char *targets[1];

    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (set == NULL) {
        make_set();
    }
    /* What it finds on demand stays in its arena. */
    if (w == NULL || ++runs % 4096 == 0) {
        pgb_world_free(w);
        w = fresh();
    }
    first = pgb_world_resolve(w, text, &a, &err);
    again = pgb_world_resolve(w, text, &b, NULL);
    MUST(first == again);
    MUST(first == PGB_OK || (err.status == first && err.message[0] != '\0'));
    targets[0] = text;
    pgb_error_clear(&err);
    if (pgb_plan_upgrade(w, targets, 1, &plan, &err) == PGB_OK) {
        for (uint32_t i = 0; i < plan.n; i++) {
            MUST(plan.steps[i].node < w->n);
        }
    } else {
        MUST(err.message[0] != '\0');
    }
    pgb_error_clear(&err);
    MUST(pgb_plan_downgrade(w, text, &plan, &err) == PGB_OK || err.message[0] != '\0');
    free(text);
    return 0;
}
