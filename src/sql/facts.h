/* What a statement is, as far as running it needs to know. Floor 1. */
#ifndef PGB_SQL_FACTS_H
#define PGB_SQL_FACTS_H

#include <stdbool.h>

typedef enum pgb_stmt_kind {
    PGB_STMT_PLAIN,       /* runs in a transaction */
    PGB_STMT_UNKNOWN,     /* our parser does not know it; runs as if plain */
    PGB_STMT_TRANSACTION, /* BEGIN, COMMIT, ROLLBACK, PREPARE TRANSACTION, … */
    PGB_STMT_SAVEPOINT,   /* SAVEPOINT, RELEASE, ROLLBACK TO */
    PGB_STMT_COPY_IN,     /* COPY … FROM stdin; its data follows */
    PGB_STMT_CREATE_INDEX_CONCURRENTLY,
    PGB_STMT_DROP_INDEX_CONCURRENTLY,
    PGB_STMT_REINDEX_CONCURRENTLY,
    PGB_STMT_DETACH_CONCURRENTLY, /* ALTER TABLE … DETACH PARTITION … CONCURRENTLY */
    PGB_STMT_ADD_ENUM_VALUE, /* ALTER TYPE … ADD VALUE: runs in a transaction, value usable after */
    PGB_STMT_NO_TRANSACTION, /* others that refuse a transaction block: VACUUM, CREATE DATABASE, …
                              */
    PGB_STMT_EMPTY           /* only comments */
} pgb_stmt_kind;

/* Strings live in the arena or scratch memory of whoever asked; NULL when the statement has no such
 * part or could not be understood. */
typedef struct pgb_facts {
    pgb_stmt_kind kind;
    const char *command;              /* "CREATE INDEX CONCURRENTLY", for messages */
    const char *schema;               /* of object, as written and folded; NULL: by search_path */
    const char *object;               /* index, type, table */
    const char *on_schema, *on_table; /* CREATE INDEX: its table; DETACH: the partition's parent */
    const char *value;                /* ADD VALUE: the label */
    bool if_exists, if_not_exists;
    bool needs_no_transaction; /* this statement cannot run inside a transaction block */
    /* A query whose first column is, in one of its branches, the constant '' (or only blanks), or
     * NULL: where, in characters from the statement's start, 1-based; 0: none. */
    int blank_at;
    bool blank_is_null;
    bool inert; /* surely runs nobody's code and leaves nothing in the session; only the brief way
                   tells it. Event triggers aside. */
    char parse_error[256];  /* PGB_STMT_UNKNOWN: why, "" otherwise */
    int parse_error_column; /* characters from the statement's start, 1-based; 0 unknown */
} pgb_facts;

#endif
