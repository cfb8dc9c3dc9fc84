#include "prove/probe.h"

pgb_status pgb_probe_run(pgb_session *session, const pgb_catalog *catalog,
                         const pgb_probe_options *options, pgb_proofs *proofs, pgb_error *err)
{
    (void)session, (void)catalog, (void)options, (void)proofs;
    return pgb_error_set(err, PGB_FAILED, "not built yet");
}
