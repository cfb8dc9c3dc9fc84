/*
 * Snapshots: a catalog as text that people commit and review.
 *
 * Guarantee: equal models give equal bytes on one major version; one line says one thing, so a diff
 * names what changed; reading back gives the same model. Line-oriented:
 *
 *     pgbraid snapshot 1
 *     server 15
 *
 *     table: public.users
 *       in: public
 *       owner: postgres
 *       comment: Patients and therapists
 *
 * A property's value follows its name; values that hold a newline, a quote at the start, a leading
 * or trailing blank or a control byte are written as a JSON string. Floor 2 (base).
 */
#ifndef PGB_CATALOG_SNAPSHOT_H
#define PGB_CATALOG_SNAPSHOT_H

#include "base/buf.h"
#include "catalog/catalog.h"

enum { PGB_SNAPSHOT_VERSION = 1 };

void pgb_snapshot_write(const pgb_catalog *catalog, pgb_buf *out); /* check out->failed */
/* name is shown in errors: PGB_PROJECT with line for what is not a snapshot, PGB_REFUSED for a
 * newer format. */
pgb_status pgb_snapshot_parse(const char *name, const char *text, size_t len,
                              pgb_catalog **ret_catalog, pgb_error *err);

#endif
