#include "prove/probe_internal.h"

pgb_status pgb_probe_queries(pgb_prober *p, const pgb_catalog *catalog, pgb_error *err)
{
    (void)p, (void)catalog, (void)err;
    return PGB_OK;
}
