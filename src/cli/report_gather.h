/* What `report` collects before anything is written. Floor 6. */
#ifndef PGB_CLI_REPORT_GATHER_H
#define PGB_CLI_REPORT_GATHER_H

#include "cli/cli.h"
#include "report/report.h"

typedef struct pgb_report_wish {
    bool all;          /* the whole project */
    const char *run;   /* UUID or its beginning, NULL: the last upgrade */
    const char *range; /* A:B, NULL: none */
    bool verify;       /* compare the database with its applied revisions */
    pgb_strings with;  /* files of JSON that verify and prove wrote */
} pgb_report_wish;

/* While it is made. */
typedef struct pgb_gathering {
    pgb_ctx *ctx;
    const pgb_report_wish *wish;
    pgb_report *report;
    pgb_bits scope; /* nodes of the world that the report is about */
    const pgb_event *events;
    uint32_t n_events;
    const char **notes;
    uint32_t n_notes;
} pgb_gathering;

/* Everything; strings live in ctx's arena. */
pgb_status pgb_report_gather(pgb_ctx *ctx, const pgb_report_wish *wish, pgb_report *ret_report);

/* Parts of it. */
pgb_status pgb_gather_way_back(pgb_gathering *g);
/* Verifies, tells what each revision did, and adds the files of --with. */
pgb_status pgb_gather_proof(pgb_gathering *g);
/* The backfills and what they counted. */
pgb_status pgb_gather_backfills(pgb_gathering *g);
/* Adds a note of the report itself; text NULL: no memory. */
pgb_status pgb_gather_note(pgb_gathering *g, const char *text);
/* "upgrade", "downgrade", … and whether it was a failure. */
bool pgb_gather_is_failure(const char *event);

#endif
