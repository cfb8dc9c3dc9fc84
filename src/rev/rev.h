/*
 * Revisions: the files of a project as a set with its graph.
 *
 * Guarantee: nothing outside the migrations folder is read, a file never crashes us, every problem
 * is found with file, line and column. Loading reads each file once through a light scanner
 * (directives, sections, UTF-8, unterminated strings, psql commands); the SQL itself is parsed when
 * a script is opened (rev/script.h) or by `check`. A loaded set is read-only. Floor 2 (base, graph,
 * sql, git).
 *
 * Sequence: pgb_revset_load … pgb_revset_free.
 */
#ifndef PGB_REV_REV_H
#define PGB_REV_REV_H

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/vec.h"
#include "graph/graph.h"

typedef enum pgb_layout { PGB_LAYOUT_AUTO, PGB_LAYOUT_NATIVE, PGB_LAYOUT_NUMBERED } pgb_layout;
typedef enum pgb_down_kind { PGB_DOWN_NONE, PGB_DOWN_SQL, PGB_DOWN_IRREVERSIBLE } pgb_down_kind;

/* Bytes of a file. */
typedef struct pgb_range {
    uint64_t off, len;
    uint32_t line; /* of the first byte, 1-based */
} pgb_range;

/* A name as written in a directive. */
typedef struct pgb_ref {
    const char *text;
    uint32_t line, column;
    uint32_t node; /* index into the set, PGB_NODE_NONE: not resolved */
} pgb_ref;

typedef struct pgb_allow {
    const char *rule, *reason;
    uint32_t line;
} pgb_allow;

typedef struct pgb_revision {
    const char *id;
    const char *title; /* first plain comment line, or from the file's name; never NULL */
    const char *file;  /* as shown to people: relative to the project, "migrations/x.sql" */
    const char *name;  /* in the migrations folder: "x.sql" */
    const char
        *down_name; /* numbered layout: "x.down.sql"; NULL: down is in the same file, or none */
    const pgb_ref *parents;
    const pgb_ref *depends;
    const pgb_ref *labels;
    const pgb_ref *backfills; /* depends backfill:NAME, the name alone */
    uint32_t n_parents, n_depends, n_labels, n_backfills;
    uint32_t id_line, id_column; /* of the id in the revision directive; 0: numbered */
    bool implied_parent;         /* numbered: the number before */
    bool transaction_none;
    bool may_control; /* a statement's first word is BEGIN, PREPARE or the like */
    pgb_down_kind down_kind;
    const char *irreversible_reason;
    pgb_range header; /* everything before the up section's directive (empty for numbered files) */
    pgb_range up;     /* section bodies, without their directive lines */
    pgb_range down;   /* in down_name when that is set */
    const pgb_range *verify;
    uint32_t n_verify;
    const pgb_allow *allows;
    uint32_t n_allows;
    char *text; /* keep_texts: the whole file, NUL-terminated; NULL: not kept */
    uint64_t text_len;
} pgb_revision;

typedef enum pgb_severity { PGB_NOTE, PGB_WARNING, PGB_ERROR } pgb_severity;

/* One thing wrong with the files. Strings live in the list's arena. */
typedef struct pgb_problem {
    const char *rule; /* stable name, kebab case: "duplicate-id", "missing-parent", "cycle", … */
    pgb_severity severity;
    const char *file;
    int line, column;
    const char *source; /* that line's text, or NULL */
    const char *message;
    const char *detail; /* NULL: none */
    const char *fix;    /* the command or change that mends it; NULL: none */
    const char *id;     /* the revision at fault, for `allow`; NULL: none */
} pgb_problem;

typedef struct pgb_problems {
    pgb_arena *arena;
    PGB_VEC(pgb_problem) list;
} pgb_problems;

pgb_problems *pgb_problems_new(void);
void pgb_problems_free(pgb_problems *problems);
/* Formats message; detail and fix may be NULL. False: no memory. */
bool pgb_problems_add(pgb_problems *problems, const pgb_problem *like, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Sets err from a problem (PGB_PROJECT), with position, detail and fix as hint. */
pgb_status pgb_problem_to_error(const pgb_problem *problem, pgb_error *err);

typedef struct pgb_revset {
    pgb_arena *arena;
    const char *root;         /* the project's folder */
    const char *folder;       /* migrations folder, relative to root, for display */
    pgb_layout layout;        /* NATIVE or NUMBERED after loading */
    const pgb_revision *revs; /* in file order: node i of the graph is revs[i] */
    uint32_t n;
    pgb_map by_id;    /* id -> node */
    pgb_map by_label; /* label -> node that carries it */
    const pgb_graph
        *graph; /* NULL when the files are too broken for one (only with problems given) */
    struct pgb_revset_shared *shared; /* what scripts of this set share: folder, parser */
} pgb_revset;

typedef struct pgb_rev_options {
    const char *root;   /* project folder */
    const char *folder; /* NULL: "migrations" */
    pgb_layout layout;
    bool keep_texts; /* small files stay in memory, up to some 64 MiB, for pgb_script_look */
} pgb_rev_options;

/* Loads all revision files (*.sql; names beginning with "." are passed over). With problems NULL
 * the first problem of severity error is the error returned (PGB_PROJECT), so that a set without
 * errors is had; otherwise all are collected, the call succeeds as far as memory and the folder
 * allow, and graph is NULL when ids are missing or double or there is a cycle. A missing folder is
 * PGB_PROJECT with the way out. */
pgb_status pgb_revset_load(const pgb_rev_options *options, pgb_problems *problems,
                           pgb_revset **ret_set, pgb_error *err);
/* The first statement that controls transactions, of whichever file, as an error with its position
 * (PGB_PROJECT). Applying refuses it as well; this is for before a database is asked. A revision
 * that allows transaction-control is passed over: it may have been stamped, never to run. */
pgb_status pgb_revset_refuse_control(const pgb_revset *set, pgb_error *err);
/* The revision says `allow RULE`. */
bool pgb_revision_allows(const pgb_revision *rev, const char *rule);
void pgb_revset_free(pgb_revset *set);

#endif
