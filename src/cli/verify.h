/* What verify found, and how it is shown. Floor 6. */
#ifndef PGB_CLI_VERIFY_H
#define PGB_CLI_VERIFY_H

#include <string.h>

#include "catalog/catalog.h"
#include "cli/cli.h"
#include "diff/diff.h"

/* Something that a reader should know and that is no difference. */
typedef struct pgb_verify_note {
    const char *text;
    const char *kind, *object; /* NULL: of no object */
} pgb_verify_note;

typedef struct pgb_verdict {
    const char *against; /* "snapshot FILE", "12 applied revisions" */
    const pgb_catalog *expected, *actual;
    pgb_differences differences;
    pgb_ignore *ignores;
    uint32_t n_ignores;
    const pgb_verify_note *notes;
    uint32_t n_notes;
    bool verified; /* false: a note says why it could not be */
    bool rebuilt;  /* expected comes from a private server */
} pgb_verdict;

/* Differences that count: all but the notes among them. */
static inline uint32_t pgb_verdict_count(const pgb_verdict *v)
{
    return v->differences.n - v->differences.n_notes;
}

void pgb_verify_show_text(pgb_ctx *ctx, const pgb_verdict *verdict);
void pgb_verify_show_json(pgb_ctx *ctx, const pgb_verdict *verdict);
/* "counts" and "tables" of a catalog; tables NULL: "counts" alone. */
void pgb_verify_json_counts(pgb_json *json, const pgb_catalog *catalog, const char *tables);

#endif
