/* What is said while a plan runs: waits, a line per revision. Floor 6. */
#ifndef PGB_CLI_PROGRESS_H
#define PGB_CLI_PROGRESS_H

#include "cli/cli.h"

pgb_run_events pgb_progress_events(pgb_ctx *ctx);
/* "3 ms", "1.24 s", "2 min 5 s" */
const char *pgb_duration_text(int64_t us, char *text, size_t size);

#endif
