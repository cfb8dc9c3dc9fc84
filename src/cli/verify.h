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

/* For those who look on while the applied revisions are rebuilt (see prove/rebuild.h). */
typedef struct pgb_verify_watch {
    bool (*watched)(void *data, const char *id);
    pgb_status (*seen)(void *data, const char *id, pgb_catalog *catalog, pgb_error *err);
    void *data;
} pgb_verify_watch;

struct pgb_rebuild;
/* A verdict with what it stands on. */
typedef struct pgb_verify {
    pgb_verdict verdict;
    struct {
        pgb_verify_note *at;
        size_t n, cap;
    } notes;
    pgb_catalog *snapshot, *live;
    struct pgb_rebuild *rebuilt;
} pgb_verify;

/* Compares the database with the file of a snapshot, or with its applied revisions (snapshot NULL;
 * then ctx needs revisions, database and hashes). watch may be NULL. To be ended by
 * pgb_verify_done, also after an error; the verdict lives until then. */
pgb_status pgb_verify_make(pgb_ctx *ctx, const char *snapshot, const pgb_verify_watch *watch,
                           pgb_verify *ret_verify);
void pgb_verify_done(pgb_verify *verify);

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
