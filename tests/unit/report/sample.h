/* Models for the tests of the renderers: one as people have them, one as an attacker would. */
#ifndef TEST_REPORT_SAMPLE_H
#define TEST_REPORT_SAMPLE_H

#include <string.h>

#include "report/report.h"

typedef struct sample {
    pgb_arena *arena;
    pgb_report report;
    uint32_t order[16], rank[16];
    pgb_report_revision revisions[16];
    pgb_report_table tables[4];
    pgb_report_column columns[3];
    pgb_report_key keys[2];
    pgb_report_foreign_key foreign_keys[3];
    pgb_report_item items[1];
    pgb_report_object objects[1];
    pgb_report_change changes[3];
    pgb_report_verification verifications[2];
    pgb_report_difference differences[1];
    pgb_report_proof proof[2];
    pgb_report_proofs proofs[1];
    pgb_report_backfill backfills[1];
    pgb_report_outcome outcomes[1];
    pgb_report_event events[1];
    const char *texts[1];
} sample;

/* Every text of the model is `text`, so that a test sees what becomes of it everywhere. */
static inline pgb_status sample_make(sample *s, const char *text, const char *id, pgb_error *err)
{
    static const pgb_edge edges[] = {{1, 0, PGB_EDGE_PARENT}, {2, 1, PGB_EDGE_PARENT},
                                     {3, 1, PGB_EDGE_PARENT}, {4, 2, PGB_EDGE_PARENT},
                                     {4, 3, PGB_EDGE_PARENT}, {3, 0, PGB_EDGE_DEPEND}};
    pgb_report *r = &s->report;
    pgb_graph *g = NULL;
    pgb_status status;

    memset(s, 0, sizeof *s);
    s->arena = pgb_arena_new();
    if (s->arena == NULL) {
        return PGB_NOMEM;
    }
    s->texts[0] = text;
    for (uint32_t i = 0; i < 5; i++) {
        static const char *const states[] = {"applied", "applied", "edited", "failed", "pending"};

        s->order[i] = 4 - i;
        s->rank[i] = i;
        s->revisions[i] = (pgb_report_revision){.id = id,
                                                .title = text,
                                                .file = text,
                                                .labels = {s->texts, 1},
                                                .state = states[i],
                                                .in_scope = i < 4,
                                                .current = i == 3,
                                                .irreversible = i == 2 ? text : NULL,
                                                .has_down = i < 2,
                                                .at = i < 3 ? text : NULL,
                                                .by = text,
                                                .duration_us = 1500,
                                                .changes_known = true,
                                                .changes = s->changes,
                                                .n_changes = i < 2 ? 3 : 0};
    }
    s->changes[0] = (pgb_report_change){"created", "table", text, NULL, NULL, 0, false};
    s->changes[1] = (pgb_report_change){"changed", "column", text, text, NULL, 1, false};
    s->changes[2] = (pgb_report_change){"created", "index", text, NULL, NULL, 0, true};
    for (uint32_t i = 0; i < 3; i++) {
        s->columns[i] = (pgb_report_column){text, text, i == 0, i == 0, text, text, text, text};
        s->foreign_keys[i] = (pgb_report_foreign_key){
            text,        text, text,   text, i == 0 ? "CASCADE" : i == 1 ? "SET NULL" : "RESTRICT",
            "NO ACTION", text, i == 1, i,    i};
    }
    s->keys[0] = (pgb_report_key){text, "primary key", text, text};
    s->keys[1] = (pgb_report_key){text, "unique", text, text};
    s->items[0] = (pgb_report_item){text, text, text, true};
    for (uint32_t i = 0; i < 4; i++) {
        s->tables[i] = (pgb_report_table){.identity = text,
                                          .name = text,
                                          .comment = text,
                                          .partition_of = text,
                                          .made_by = i,
                                          .touched = true,
                                          .columns = s->columns,
                                          .keys = s->keys,
                                          .foreign_keys = s->foreign_keys,
                                          .checks = s->items,
                                          .indexes = s->items,
                                          .others = s->items,
                                          .n_columns = 3,
                                          .n_keys = 2,
                                          .n_foreign_keys = 3,
                                          .n_checks = 1,
                                          .n_indexes = 1,
                                          .n_others = 1,
                                          .n_counted_columns = 3,
                                          .n_counted_foreign_keys = 3,
                                          .n_counted_checks = 1,
                                          .n_counted_indexes = 1};
    }
    s->objects[0] = (pgb_report_object){text, text, text};
    s->differences[0] = (pgb_report_difference){text, text, "changed", text, text, text, text};
    s->verifications[0] = (pgb_report_verification){
        "now", text, true, s->differences, 1, s->texts, 1, 4, 12, 12, 4, 4};
    s->verifications[1] =
        (pgb_report_verification){text, text, false, NULL, 0, s->texts, 1, -1, -1, -1, -1, -1};
    s->proof[0] = (pgb_report_proof){text, text, "failed", text};
    s->proof[1] = (pgb_report_proof){text, text, "not_probed", text};
    s->proofs[0] = (pgb_report_proofs){text, s->proof, 2};
    s->outcomes[0] = (pgb_report_outcome){text, 7};
    s->backfills[0] =
        (pgb_report_backfill){text, text, text, text, text, 10, 1, 2000000, s->outcomes, 1};
    s->events[0] = (pgb_report_event){text, text, text, text, text, text, text, text, 12000, true};
    status = pgb_graph_build(s->arena, 5, edges, 6, &g, err);
    *r = (pgb_report){.project = text,
                      .scope = PGB_SCOPE_RANGE,
                      .scope_text = text,
                      .made_at = text,
                      .made_by = text,
                      .tool_version = "0.1.0",
                      .server = text,
                      .database = text,
                      .host = text,
                      .asked = true,
                      .run = text,
                      .started = text,
                      .ended = "2026-01-02T03:04:05.678+00:00",
                      .applied_by = {s->texts, 1},
                      .applied_from = {s->texts, 1},
                      .duration_us = 61000000,
                      .n_in_scope = 4,
                      .before = {s->texts, 1},
                      .after = {s->texts, 1},
                      .now = {s->texts, 1},
                      .pending = {s->texts, 1},
                      .downgrade = {s->texts, 1},
                      .downgrade_reverts = {s->texts, 1},
                      .graph = g,
                      .order = s->order,
                      .rank = s->rank,
                      .revisions = s->revisions,
                      .n_revisions = 5,
                      .tables = s->tables,
                      .objects = s->objects,
                      .n_tables = 4,
                      .n_objects = 1,
                      .n_all_tables = 9,
                      .columns = 99,
                      .foreign_keys = 12,
                      .checks = 4,
                      .indexes = 4,
                      .verifications = s->verifications,
                      .proofs = s->proofs,
                      .backfills = s->backfills,
                      .events = s->events,
                      .notes = s->texts,
                      .n_verifications = 2,
                      .n_proofs = 1,
                      .n_backfills = 1,
                      .n_events = 1,
                      .n_notes = 1};
    return status;
}

static inline void sample_done(sample *s)
{
    pgb_arena_free(s->arena);
}

#endif
