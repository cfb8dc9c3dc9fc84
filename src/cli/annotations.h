/*
 * Findings of `check` in the forms that other programs show beside the lines: SARIF 2.1.0, and the
 * workflow commands of GitHub. Floor 6, inside cli.
 */
#ifndef PGB_CLI_ANNOTATIONS_H
#define PGB_CLI_ANNOTATIONS_H

#include "cli/cli.h"
#include "lint/lint.h"

const char *pgb_severity_name(pgb_severity severity); /* error, warning, note: as in SARIF */

/* Files are named from the top of the git work tree where there is one, as these services do. */
pgb_status pgb_annotate_sarif(pgb_ctx *ctx, const pgb_problems *problems);
pgb_status pgb_annotate_github(pgb_ctx *ctx, const pgb_problems *problems);

#endif
