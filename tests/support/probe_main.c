/*
 * Generated rows and probes on a database, for tests: what `pgbraid prove` does on a private server
 * is done here on the database that is named, so that a test can make any schema first.
 *
 *   probe_main rows  CONNINFO [--rows N] [--seed N] [--seeds DIR] [--only-empty]
 *   probe_main probe CONNINFO [--rows N] [--seed N] [--seeds DIR] [--queries DIR]
 *
 * rows: a line "outcome<TAB>table<TAB>n<TAB>constraint<TAB>reason" for each table. probe: one
 * "result<TAB>subject<TAB>proof<TAB>reason<TAB>reproduce" for each proof; newlines within as \n.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prove/probe.h"
#include "prove/rows.h"

static void put(const char *s, char end)
{
    for (; s != NULL && *s != '\0'; s++) {
        if (*s == '\n' || *s == '\t') {
            printf(*s == '\n' ? "\\n" : "\\t");
        } else {
            putchar(*s);
        }
    }
    putchar(end);
}

static int fail(const pgb_error *err)
{
    fprintf(stderr, "error: %s\n", err->message);
    if (err->file[0] != '\0') {
        fprintf(stderr, "at: %s:%d:%d\n", err->file, err->line, err->column);
    }
    if (err->detail[0] != '\0') {
        fprintf(stderr, "detail: %s\n", err->detail);
    }
    if (err->hint[0] != '\0') {
        fprintf(stderr, "hint: %s\n", err->hint);
    }
    for (int i = 0; i < err->n_context; i++) {
        fprintf(stderr, "context: %s\n", err->context[i]);
    }
    return pgb_status_exit(err->status);
}

static int rows(pgb_session *s, const pgb_catalog *c, const pgb_rows_options *o, pgb_error *err)
{
    static const char *const outcomes[] = {"filled", "kept", "seeded", "impossible"};
    pgb_rows_report report;

    if (pgb_rows_fill(s, c, o, &report, err) != PGB_OK) {
        return fail(err);
    }
    for (uint32_t i = 0; i < report.n; i++) {
        put(outcomes[report.tables[i].outcome], '\t');
        put(report.tables[i].table, '\t');
        printf("%u\t", report.tables[i].n);
        put(report.tables[i].constraint, '\t');
        put(report.tables[i].reason, '\n');
    }
    fprintf(stderr, "%llu rows, %u waits\n", (unsigned long long)report.n_rows,
            pgb_session_waits(s));
    pgb_rows_report_done(&report);
    return 0;
}

static int probe(pgb_session *s, const pgb_catalog *c, const pgb_probe_options *o, pgb_error *err)
{
    pgb_proofs proofs = {0};
    pgb_status status = pgb_proofs_init(&proofs, err);

    if (status == PGB_OK) {
        status = pgb_probe_run(s, c, o, &proofs, err);
    }
    for (size_t i = 0; status == PGB_OK && i < proofs.n; i++) {
        put(pgb_proof_result_name(proofs.at[i].result), '\t');
        put(proofs.at[i].subject, '\t');
        put(proofs.at[i].proof, '\t');
        put(proofs.at[i].reason, '\t');
        put(proofs.at[i].reproduce, '\n');
    }
    pgb_proofs_done(&proofs);
    return status == PGB_OK ? 0 : fail(err);
}

int main(int argc, char **argv)
{
    pgb_session_options to = {.connect_timeout_ms = -1};
    pgb_rows_options r = {0};
    pgb_probe_options p = {0};
    pgb_session *session = NULL;
    pgb_catalog *catalog = NULL;
    pgb_error err = PGB_ERROR_INIT;
    int exit_status = 0;

    if (argc < 3) {
        return 2;
    }
    to.conninfo = argv[2];
    for (int i = 3; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(argv[i], "--only-empty") == 0) {
            r.only_empty = true;
            continue;
        }
        i++;
        if (strcmp(argv[i - 1], "--rows") == 0) {
            r.rows = p.rows = (uint32_t)strtoul(value, NULL, 10);
        } else if (strcmp(argv[i - 1], "--seed") == 0) {
            r.seed = p.seed = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i - 1], "--seeds") == 0) {
            r.seeds = p.seeds = value;
        } else if (strcmp(argv[i - 1], "--queries") == 0) {
            p.queries = value;
        } else {
            return 2;
        }
    }
    if (pgb_session_open(&to, &session, &err) != PGB_OK ||
        pgb_catalog_read(session, "pgbraid", &catalog, &err) != PGB_OK) {
        exit_status = fail(&err);
    } else {
        exit_status = strcmp(argv[1], "rows") == 0 ? rows(session, catalog, &r, &err)
                                                   : probe(session, catalog, &p, &err);
    }
    pgb_catalog_free(catalog);
    pgb_session_close(session);
    return exit_status;
}
