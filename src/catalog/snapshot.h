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
 *     view: public.active
 *       in: public
 *       definition:
 *         | SELECT users.id
 *         |   FROM public.users;
 *
 *     end
 *
 * A property's value follows its name. Values of several lines stand below it, each line behind a
 * bar; what would not be seen exactly (control bytes, blanks at an end, a quote at the start) is a
 * JSON string. Blank lines and lines that begin with # mean nothing. Without its last
 * line the file was cut short. Floor 2 (base).
 */
#ifndef PGB_CATALOG_SNAPSHOT_H
#define PGB_CATALOG_SNAPSHOT_H

#include "base/buf.h"
#include "catalog/catalog.h"

enum { PGB_SNAPSHOT_VERSION = 1 };
/* A file that is larger is refused: 5,000 tables make about 15 MB. */
#define PGB_SNAPSHOT_MAX ((size_t)256 << 20)

void pgb_snapshot_write(const pgb_catalog *catalog, pgb_buf *out); /* check out->failed */
/* name is shown in errors: PGB_PROJECT with line for what is not a snapshot, PGB_REFUSED for a
 * newer format. */
pgb_status pgb_snapshot_parse(const char *name, const char *text, size_t len,
                              pgb_catalog **ret_catalog, pgb_error *err);

#endif
