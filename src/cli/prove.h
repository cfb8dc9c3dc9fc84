/* How proofs are shown. Floor 6. */
#ifndef PGB_CLI_PROVE_H
#define PGB_CLI_PROVE_H

#include "cli/cli.h"
#include "prove/prove.h"

/* Failures first, then what was not probed, then what passed by subject (not with -q), the figures
 * last. */
void pgb_prove_show_text(pgb_ctx *ctx, const pgb_prove *prove);
/* The members of the object: "proofs", "counts", … */
void pgb_prove_json(pgb_json *json, const pgb_prove *prove);
void pgb_prove_show_json(pgb_ctx *ctx, const pgb_prove *prove);

/* A bar on a terminal while it is proven. */
pgb_prove_events pgb_prove_progress(pgb_ctx *ctx);
void pgb_prove_progress_end(pgb_ctx *ctx);

#endif
