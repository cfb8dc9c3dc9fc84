/*
 * The report as plain data: what a run, a range or a project did and what the database has. Whoever
 * has the facts fills it (cli/report_gather.c); the renderers (report.h) only read it, so that all
 * of them say the same. Every string is as it came: escaping is the renderers' work. What is not
 * known is NULL, -1 or empty, and is left out. Floor 4.
 */
#ifndef PGB_REPORT_MODEL_H
#define PGB_REPORT_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "graph/graph.h"

#define PGB_REPORT_NONE UINT32_MAX

typedef enum pgb_report_scope {
    PGB_SCOPE_PROJECT, /* all that is applied */
    PGB_SCOPE_RUN,     /* one run of upgrade */
    PGB_SCOPE_RANGE    /* A:B */
} pgb_report_scope;

typedef struct pgb_report_list {
    const char *const *at;
    uint32_t n;
} pgb_report_list;

/* What a revision did to one object. */
typedef struct pgb_report_change {
    const char *action; /* "created", "changed", "dropped" */
    const char *kind;   /* "table", "column", "index", "foreign key", … */
    const char *object; /* as it is shown: users, users.email */
    const char *detail; /* what changed: "type: integer -> bigint"; NULL: nothing more to say */
    const char *owner;  /* identity of the table that it is or belongs to; NULL: none */
    uint32_t table;     /* that table's index, PGB_REPORT_NONE: not there now */
    bool within;        /* part of an object that the same revision made or dropped as a whole */
} pgb_report_change;

typedef struct pgb_report_revision {
    const char *id, *title, *file;
    pgb_report_list labels;
    const char *state; /* "applied", "pending", "late", "failed", "edited", "missing",
                          "reparented", "incomplete"; NULL: no database was asked */
    bool in_scope;     /* the report is about it */
    bool current;      /* applied, and no parent of an applied one */
    bool stamped;      /* recorded without running */
    bool transaction_none;
    bool has_down;
    const char *irreversible; /* the reason, NULL: none */
    const char *at, *by, *from, *run, *tool_version;
    int64_t duration_us; /* -1: not known */
    bool changes_known;
    const char *changes_unknown_why; /* NULL: nothing to say */
    pgb_report_change *changes;
    uint32_t n_changes;
} pgb_report_revision;

typedef struct pgb_report_column {
    const char *name, *type;
    bool not_null, primary_key;
    const char *preset;    /* DEFAULT's expression */
    const char *generated; /* "stored: …"; or identity: "identity, always" */
    const char *collation, *comment;
} pgb_report_column;

typedef struct pgb_report_key {
    const char *name;
    const char *kind;    /* "primary key", "unique", "exclusion" */
    const char *columns; /* "a, b" */
    const char *definition;
} pgb_report_key;

typedef struct pgb_report_foreign_key {
    const char *name;
    const char *columns;    /* "a, b" */
    const char *references; /* table, as it is shown */
    const char *referenced; /* columns there */
    const char *on_delete, *on_update;
    const char *deferrable; /* NULL: not */
    bool not_valid;
    uint32_t target; /* index of the table, PGB_REPORT_NONE: not of this catalog */
    uint32_t column; /* index of its first column, PGB_REPORT_NONE: not known */
} pgb_report_foreign_key;

typedef struct pgb_report_item {
    const char *name, *definition, *comment;
    bool bad; /* an index that is not valid, a check that is not validated */
} pgb_report_item;

typedef struct pgb_report_table {
    const char *identity; /* public.users */
    const char *name;     /* as it is shown: users; other.users */
    const char *comment, *partition_of;
    uint32_t made_by; /* revision, PGB_REPORT_NONE: not known */
    bool touched;     /* made or changed by a revision in scope */
    const pgb_report_column *columns;
    const pgb_report_key *keys;
    pgb_report_foreign_key *foreign_keys;
    const pgb_report_item *checks;
    const pgb_report_item *indexes; /* without those that back a key */
    const pgb_report_item *others;  /* triggers, policies, rules: definition begins with the kind */
    uint32_t n_columns, n_keys, n_foreign_keys, n_checks, n_indexes, n_others;
    uint32_t n_counted_columns, n_counted_foreign_keys, n_counted_checks, n_counted_indexes;
} pgb_report_table;

/* What is no table nor part of one. */
typedef struct pgb_report_object {
    const char *kind, *name, *detail; /* detail: a type's values, a function's result, …; NULL */
} pgb_report_object;

typedef struct pgb_report_difference {
    const char *kind, *object, *change; /* "missing", "extra", "changed" */
    const char *property, *expected, *actual, *sql;
} pgb_report_difference;

/* One `verify`, now or earlier. */
typedef struct pgb_report_verification {
    const char *source;  /* "now", or the file that it was read from */
    const char *against; /* "12 applied revisions, rebuilt on PostgreSQL 15.18" */
    bool verified;       /* false: notes say why it could not be told */
    const pgb_report_difference *differences;
    uint32_t n_differences;
    const char *const *notes;
    uint32_t n_notes;
    int64_t tables, columns, foreign_keys, indexes, checks; /* as it counted; -1: not known */
} pgb_report_verification;

typedef struct pgb_report_proof {
    const char *subject, *proof, *result, *reason; /* "passed", "failed", "not_probed" */
} pgb_report_proof;

typedef struct pgb_report_proofs {
    const char *source;
    const pgb_report_proof *at;
    uint32_t n;
} pgb_report_proofs;

typedef struct pgb_report_outcome {
    const char *name;
    int64_t count;
} pgb_report_outcome;

typedef struct pgb_report_backfill {
    const char *name, *state; /* "complete", "running", "stopped", … */
    const char *started, *ended, *by;
    int64_t rows, errors, duration_us; /* -1: not known */
    const pgb_report_outcome *outcomes;
    uint32_t n_outcomes;
} pgb_report_backfill;

typedef struct pgb_report_event {
    const char *at, *event, *id, *by, *from, *run, *sqlstate, *message;
    int64_t duration_us; /* -1: not known */
    bool failure;
} pgb_report_event;

typedef struct pgb_report {
    const char *project;
    pgb_report_scope scope;
    const char *scope_text;   /* "the run of 2026-01-02 …", "A:B"; NULL for the whole project */
    const char *made_at;      /* ISO 8601 */
    const char *made_by;      /* who asked for the report: user@host; NULL */
    const char *tool_version; /* of pgbraid */
    const char *server;       /* "PostgreSQL 15.18" */
    const char *database;     /* name */
    const char *host;         /* "db.example:5432", "local socket"; NULL */
    bool asked;               /* a database was read at all */

    /* the run, or all that is in scope */
    const char *run; /* UUID, NULL: several */
    const char *started, *ended;
    pgb_report_list applied_by, applied_from; /* each once */
    int64_t duration_us;                      /* of the revisions in scope together; -1 */
    uint32_t n_in_scope;
    pgb_report_list before, after; /* ids of current revisions; none: base */
    pgb_report_list now;           /* current now, where that is not `after` */
    pgb_report_list pending;       /* ids */

    /* the way back */
    pgb_report_list downgrade; /* exact commands, to be run in this order; none: see why_no_way */
    pgb_report_list downgrade_reverts; /* ids, in order */
    const char *why_no_way;            /* NULL: there is one, or nothing is applied */

    const pgb_graph *graph; /* node i is revision i; NULL: no revisions */
    const uint32_t *order;  /* all of them, newest first */
    const uint32_t *rank;   /* of each in the order of application: chooses its colour */
    pgb_report_revision *revisions;
    uint32_t n_revisions;

    pgb_report_table *tables; /* all, or those that the report is about */
    const pgb_report_object *objects;
    uint32_t n_tables, n_objects;
    /* of the whole database, as verify counts */
    uint32_t n_all_tables, columns, foreign_keys, checks, indexes;

    const pgb_report_verification *verifications;
    const pgb_report_proofs *proofs; /* one for each file */
    const pgb_report_backfill *backfills;
    const pgb_report_event *events; /* oldest first */
    const char *const *notes;       /* of the report itself */
    uint32_t n_verifications, n_proofs, n_backfills, n_events, n_notes;
} pgb_report;

#endif
