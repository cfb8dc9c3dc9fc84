/*
 * Reports: what was done and what is there, in a form that people sign and send on.
 *
 * Guarantee: pure: the same model gives the same bytes. Nothing in the model can break out of the
 * form that it is written in: a table named <script> is only a table, in every format. What is
 * empty or not known is left out. HTML is one file without any outside reference, with a policy
 * (CSP) that forbids the browser every load and every script but its own; all of it can be read
 * without that script. Floor 4 (base, graph, plain data).
 *
 * Sequence: fill a pgb_report (model.h; pgb_report_add_catalog and pgb_report_compare help), then
 * any of the renderers. Each returns PGB_NOMEM alone; what was written then is to be thrown away.
 */
#ifndef PGB_REPORT_REPORT_H
#define PGB_REPORT_REPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "catalog/catalog.h"
#include "report/model.h"

/* Fills tables, objects and figures from a database's model. All is copied into the arena. */
pgb_status pgb_report_add_catalog(pgb_report *r, const pgb_catalog *catalog, pgb_arena *arena,
                                  pgb_error *err);
/* What a revision did, from the models before and after it; with what belongs to tables that it
 * made, marked `within`. Sorted as it is to be told; all is copied into the arena. */
pgb_status pgb_report_compare(const pgb_catalog *before, const pgb_catalog *after, pgb_arena *arena,
                              pgb_report_change **ret_changes, uint32_t *ret_n, pgb_error *err);
/* Joins revisions and tables once both are there: which revision made a table, which tables the
 * revisions in scope made or changed. A report that is not about the whole project keeps these
 * tables and those that they reference, as long as it is known what each revision in scope did. */
pgb_status pgb_report_join(pgb_report *r, pgb_arena *arena, pgb_error *err);

/* For a terminal or a mail. */
pgb_status pgb_report_text(const pgb_report *r, pgb_buf *out, pgb_error *err);
/* CommonMark, without raw HTML. */
pgb_status pgb_report_markdown(const pgb_report *r, pgb_buf *out, pgb_error *err);
/* One object, as docs/schemas/report.json describes it. */
pgb_status pgb_report_json(const pgb_report *r, pgb_buf *out, pgb_error *err);
pgb_status pgb_report_html(const pgb_report *r, pgb_buf *out, pgb_error *err);
/* The graph, and the diagram of the schema, alone as SVG; empty where there is nothing to draw. */
pgb_status pgb_report_graph(const pgb_report *r, pgb_buf *out, pgb_error *err);
pgb_status pgb_report_schema(const pgb_report *r, pgb_buf *out, pgb_error *err);

#endif
