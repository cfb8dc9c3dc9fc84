#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sql/parse_internal.h"

typedef struct answer {
    pgb_parse_request *request;
    pgb_facts *facts;
    bool nomem;
} answer;

static const char *keep(answer *a, const char *s)
{
    const char *copy;

    if (s == NULL || s[0] == '\0') {
        return NULL;
    }
    copy = pgb_arena_strdup(a->request->arena, s);
    a->nomem = a->nomem || copy == NULL;
    return copy;
}

static void set_kind(answer *a, pgb_stmt_kind kind, bool no_transaction, const char *command)
{
    a->facts->kind = kind;
    a->facts->needs_no_transaction = no_transaction;
    a->facts->command = command; /* a literal */
}

static const char *string_of(const PgQuery__Node *node)
{
    return node != NULL && node->node_case == PG_QUERY__NODE__NODE_STRING ? node->string->sval
                                                                          : NULL;
}

bool pgb_parse_name(PgQuery__Node *const *names, size_t n, pgb_arena *arena,
                    const char **ret_schema, const char **ret_name)
{
    const char *name = n > 0 ? string_of(names[n - 1]) : NULL;
    const char *schema = n > 1 ? string_of(names[n - 2]) : NULL;

    *ret_schema = NULL;
    *ret_name = NULL;
    if (schema != NULL && (*ret_schema = pgb_arena_strdup(arena, schema)) == NULL) {
        return false;
    }
    return name == NULL || (*ret_name = pgb_arena_strdup(arena, name)) != NULL;
}

static void set_names(answer *a, PgQuery__Node *const *names, size_t n)
{
    if (!pgb_parse_name(names, n, a->request->arena, &a->facts->schema, &a->facts->object)) {
        a->nomem = true;
    }
}

static bool has_option(PgQuery__Node *const *options, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM &&
            strcmp(options[i]->def_elem->defname, name) == 0) {
            const PgQuery__Node *arg = options[i]->def_elem->arg;

            /* (CONCURRENTLY false) is possible */
            if (arg != NULL && arg->node_case == PG_QUERY__NODE__NODE_BOOLEAN) {
                return arg->boolean->boolval;
            }
            if (arg != NULL && arg->node_case == PG_QUERY__NODE__NODE_INTEGER) {
                return arg->integer->ival != 0;
            }
            return arg == NULL || string_of(arg) == NULL ||
                   (strcmp(string_of(arg), "false") != 0 && strcmp(string_of(arg), "off") != 0);
        }
    }
    return false;
}

static void transaction(answer *a, const PgQuery__TransactionStmt *s)
{
    static const struct {
        PgQuery__TransactionStmtKind kind;
        const char *command;
        bool savepoint;
    } kinds[] = {
        {PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN, "BEGIN", false},
        {PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START, "START TRANSACTION", false},
        {PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT, "COMMIT", false},
        {PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK, "ROLLBACK", false},
        {PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT, "SAVEPOINT", true},
        {PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE, "RELEASE SAVEPOINT", true},
        {PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO, "ROLLBACK TO SAVEPOINT", true},
        {PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE, "PREPARE TRANSACTION", false},
        {PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT_PREPARED, "COMMIT PREPARED", false},
        {PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_PREPARED, "ROLLBACK PREPARED", false},
    };

    set_kind(a, PGB_STMT_TRANSACTION, false, "BEGIN");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].kind == s->kind) {
            set_kind(a, kinds[i].savepoint ? PGB_STMT_SAVEPOINT : PGB_STMT_TRANSACTION, false,
                     kinds[i].command);
        }
    }
}

static void index_stmt(answer *a, const PgQuery__IndexStmt *s)
{
    set_kind(a, s->concurrent ? PGB_STMT_CREATE_INDEX_CONCURRENTLY : PGB_STMT_PLAIN, s->concurrent,
             s->concurrent
                 ? (s->unique ? "CREATE UNIQUE INDEX CONCURRENTLY" : "CREATE INDEX CONCURRENTLY")
                 : "CREATE INDEX");
    a->facts->object = keep(a, s->idxname);
    a->facts->if_not_exists = s->if_not_exists;
    if (s->relation != NULL) {
        a->facts->on_schema = keep(a, s->relation->schemaname);
        a->facts->on_table = keep(a, s->relation->relname);
        a->facts->schema = a->facts->on_schema; /* an index is made in its table's schema */
    }
}

static void drop_stmt(answer *a, const PgQuery__DropStmt *s)
{
    bool concurrent = s->concurrent && s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX;

    set_kind(a, concurrent ? PGB_STMT_DROP_INDEX_CONCURRENTLY : PGB_STMT_PLAIN, concurrent,
             concurrent ? "DROP INDEX CONCURRENTLY" : "DROP");
    a->facts->if_exists = s->missing_ok;
    if (s->n_objects > 0 && s->objects[0]->node_case == PG_QUERY__NODE__NODE_LIST) {
        set_names(a, s->objects[0]->list->items, s->objects[0]->list->n_items);
    }
}

static void reindex_stmt(answer *a, const PgQuery__ReindexStmt *s)
{
    bool concurrent = has_option(s->params, s->n_params, "concurrently");
    bool many = s->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SCHEMA ||
                s->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SYSTEM ||
                s->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_DATABASE;

    set_kind(a,
             concurrent ? PGB_STMT_REINDEX_CONCURRENTLY
             : many     ? PGB_STMT_NO_TRANSACTION
                        : PGB_STMT_PLAIN,
             concurrent || many, concurrent ? "REINDEX CONCURRENTLY" : "REINDEX");
    if (s->relation != NULL) {
        a->facts->schema = keep(a, s->relation->schemaname);
        a->facts->object = keep(a, s->relation->relname);
    } else {
        a->facts->object = keep(a, s->name);
    }
    /* REINDEX TABLE: the table; value tells what object names */
    a->facts->value = s->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_INDEX   ? "index"
                      : s->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_TABLE ? "table"
                                                                                       : "all";
}

static void alter_table(answer *a, const PgQuery__AlterTableStmt *s)
{
    set_kind(a, PGB_STMT_PLAIN, false, "ALTER TABLE");
    if (s->relation != NULL) {
        a->facts->schema = keep(a, s->relation->schemaname);
        a->facts->object = keep(a, s->relation->relname);
    }
    for (size_t i = 0; i < s->n_cmds; i++) {
        const PgQuery__AlterTableCmd *cmd =
            s->cmds[i]->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_CMD
                ? s->cmds[i]->alter_table_cmd
                : NULL;

        if (cmd != NULL && cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition &&
            cmd->def != NULL && cmd->def->node_case == PG_QUERY__NODE__NODE_PARTITION_CMD &&
            cmd->def->partition_cmd->concurrent) {
            const PgQuery__RangeVar *part = cmd->def->partition_cmd->name;

            set_kind(a, PGB_STMT_DETACH_CONCURRENTLY, true,
                     "ALTER TABLE … DETACH PARTITION … CONCURRENTLY");
            a->facts->on_schema = a->facts->schema;
            a->facts->on_table = a->facts->object;
            a->facts->schema = part != NULL ? keep(a, part->schemaname) : NULL;
            a->facts->object = part != NULL ? keep(a, part->relname) : NULL;
        }
    }
}

static void alter_enum(answer *a, const PgQuery__AlterEnumStmt *s)
{
    bool adds = s->old_val == NULL || s->old_val[0] == '\0';

    set_kind(a, adds ? PGB_STMT_ADD_ENUM_VALUE : PGB_STMT_PLAIN, false,
             adds ? "ALTER TYPE … ADD VALUE" : "ALTER TYPE … RENAME VALUE");
    set_names(a, s->type_name, s->n_type_name);
    a->facts->value = keep(a, s->new_val);
    a->facts->if_not_exists = s->skip_if_new_val_exists;
}

static void copy_stmt(answer *a, const PgQuery__CopyStmt *s)
{
    bool in = s->is_from && !s->is_program && (s->filename == NULL || s->filename[0] == '\0');

    set_kind(a, in ? PGB_STMT_COPY_IN : PGB_STMT_PLAIN, false, in ? "COPY FROM stdin" : "COPY");
    if (s->relation != NULL) {
        a->facts->schema = keep(a, s->relation->schemaname);
        a->facts->object = keep(a, s->relation->relname);
    }
}

/* The first column of each SELECT and VALUES that the query's rows come from. */
static void find_blank(answer *a, const PgQuery__SelectStmt *s)
{
    const PgQuery__Node *first = NULL;

    if (s->larg != NULL && s->rarg != NULL) {
        find_blank(a, s->larg);
        find_blank(a, s->rarg);
        return;
    }
    if (s->n_target_list > 0 && s->target_list[0]->node_case == PG_QUERY__NODE__NODE_RES_TARGET) {
        first = s->target_list[0]->res_target->val;
    } else if (s->n_values_lists > 0 &&
               s->values_lists[0]->node_case == PG_QUERY__NODE__NODE_LIST &&
               s->values_lists[0]->list->n_items > 0) {
        first = s->values_lists[0]->list->items[0];
    }
    while (first != NULL && first->node_case == PG_QUERY__NODE__NODE_TYPE_CAST) {
        first = first->type_cast->arg;
    }
    if (a->facts->blank_at == 0 && first != NULL &&
        first->node_case == PG_QUERY__NODE__NODE_A_CONST) {
        const PgQuery__AConst *c = first->a_const;
        const char *text = c->val_case == PG_QUERY__A__CONST__VAL_SVAL ? c->sval->sval : NULL;

        if (c->isnull || (text != NULL && text[strspn(text, " \t\r\n")] == '\0')) {
            a->facts->blank_at =
                1 + (int)pgb_utf8_count(a->request->sql, c->location > 0 ? (size_t)c->location : 0);
            a->facts->blank_is_null = c->isnull;
        }
    }
}

static void known(answer *a, const PgQuery__Node *stmt)
{
    if (stmt->node_case == PG_QUERY__NODE__NODE_SELECT_STMT) {
        find_blank(a, stmt->select_stmt);
    }
    switch (stmt->node_case) {
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
        transaction(a, stmt->transaction_stmt);
        break;
    case PG_QUERY__NODE__NODE_INDEX_STMT:
        index_stmt(a, stmt->index_stmt);
        break;
    case PG_QUERY__NODE__NODE_DROP_STMT:
        drop_stmt(a, stmt->drop_stmt);
        break;
    case PG_QUERY__NODE__NODE_REINDEX_STMT:
        reindex_stmt(a, stmt->reindex_stmt);
        break;
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        alter_table(a, stmt->alter_table_stmt);
        break;
    case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT:
        alter_enum(a, stmt->alter_enum_stmt);
        break;
    case PG_QUERY__NODE__NODE_COPY_STMT:
        copy_stmt(a, stmt->copy_stmt);
        break;
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        set_kind(a, PGB_STMT_PLAIN, false, "CREATE TABLE");
        if (stmt->create_stmt->relation != NULL) {
            a->facts->schema = keep(a, stmt->create_stmt->relation->schemaname);
            a->facts->object = keep(a, stmt->create_stmt->relation->relname);
        }
        a->facts->if_not_exists = stmt->create_stmt->if_not_exists;
        break;
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
        set_kind(a, stmt->vacuum_stmt->is_vacuumcmd ? PGB_STMT_NO_TRANSACTION : PGB_STMT_PLAIN,
                 stmt->vacuum_stmt->is_vacuumcmd,
                 stmt->vacuum_stmt->is_vacuumcmd ? "VACUUM" : "ANALYZE");
        break;
    case PG_QUERY__NODE__NODE_CLUSTER_STMT: {
        bool all = stmt->cluster_stmt->relation == NULL;

        set_kind(a, all ? PGB_STMT_NO_TRANSACTION : PGB_STMT_PLAIN, all, "CLUSTER");
        break;
    }
    case PG_QUERY__NODE__NODE_CREATEDB_STMT:
        set_kind(a, PGB_STMT_NO_TRANSACTION, true, "CREATE DATABASE");
        a->facts->object = keep(a, stmt->createdb_stmt->dbname);
        break;
    case PG_QUERY__NODE__NODE_DROPDB_STMT:
        set_kind(a, PGB_STMT_NO_TRANSACTION, true, "DROP DATABASE");
        a->facts->object = keep(a, stmt->dropdb_stmt->dbname);
        break;
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_STMT: {
        bool moves = has_option(stmt->alter_database_stmt->options,
                                stmt->alter_database_stmt->n_options, "tablespace");

        set_kind(a, moves ? PGB_STMT_NO_TRANSACTION : PGB_STMT_PLAIN, moves, "ALTER DATABASE");
        break;
    }
    case PG_QUERY__NODE__NODE_CREATE_TABLE_SPACE_STMT:
        set_kind(a, PGB_STMT_NO_TRANSACTION, true, "CREATE TABLESPACE");
        a->facts->object = keep(a, stmt->create_table_space_stmt->tablespacename);
        break;
    case PG_QUERY__NODE__NODE_DROP_TABLE_SPACE_STMT:
        set_kind(a, PGB_STMT_NO_TRANSACTION, true, "DROP TABLESPACE");
        a->facts->object = keep(a, stmt->drop_table_space_stmt->tablespacename);
        break;
    case PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT:
        set_kind(a, PGB_STMT_NO_TRANSACTION, true, "ALTER SYSTEM");
        break;
    case PG_QUERY__NODE__NODE_CREATE_SUBSCRIPTION_STMT:
        set_kind(a, PGB_STMT_NO_TRANSACTION, true, "CREATE SUBSCRIPTION");
        a->facts->object = keep(a, stmt->create_subscription_stmt->subname);
        break;
    case PG_QUERY__NODE__NODE_DROP_SUBSCRIPTION_STMT:
        set_kind(a, PGB_STMT_NO_TRANSACTION, true, "DROP SUBSCRIPTION");
        a->facts->object = keep(a, stmt->drop_subscription_stmt->subname);
        break;
    case PG_QUERY__NODE__NODE_DISCARD_STMT: {
        bool all = stmt->discard_stmt->target == PG_QUERY__DISCARD_MODE__DISCARD_ALL;

        set_kind(a, all ? PGB_STMT_NO_TRANSACTION : PGB_STMT_PLAIN, all,
                 all ? "DISCARD ALL" : "DISCARD");
        break;
    }
    default: {
        /* the words say it well enough for messages */
        pgb_facts words = {0};

        pgb_parse_by_words(a->request->sql, a->request->len, a->request->arena, &words, NULL, "");
        a->nomem = a->nomem || words.command == NULL;
        set_kind(a, PGB_STMT_PLAIN, false, words.command);
        break;
    }
    }
}

/* Parsing alone. False: it must be looked at more closely. */
static bool is_plain(answer *a)
{
    const char *command = pgb_parse_plain_by_words(a->request->sql, a->request->len);
    PgQuerySplitResult split;
    bool plain;

    if (command == NULL) {
        return false;
    }
    split = pg_query_split_with_parser(a->request->sql);
    plain = split.error == NULL && split.n_stmts == 1;
    pg_query_free_split_result(split);
    if (plain) {
        set_kind(a, PGB_STMT_PLAIN, false, command);
        a->facts->inert = pgb_parse_inert_by_words(a->request->sql, a->request->len);
    }
    return plain;
}

void pgb_parse_answer(pgb_parse_request *request)
{
    answer a = {.request = request, .facts = request->facts};
    PgQueryProtobufParseResult parsed;
    PgQuery__ParseResult *tree = NULL;

    if (request->brief && is_plain(&a)) {
        return;
    }
    parsed = pg_query_parse_protobuf(request->sql);
    if (parsed.error != NULL) {
        pgb_parse_by_words(request->sql, request->len, request->arena, request->facts,
                           request->objects,
                           parsed.error->message != NULL ? parsed.error->message : "syntax error");
        request->facts->parse_error_column =
            parsed.error->cursorpos > 0 ? parsed.error->cursorpos : 0;
        request->nomem = request->facts->command == NULL;
        pg_query_free_protobuf_parse_result(parsed);
        return;
    }
    tree = pg_query__parse_result__unpack(NULL, parsed.parse_tree.len,
                                          (const uint8_t *)parsed.parse_tree.data);
    pg_query_free_protobuf_parse_result(parsed);
    if (tree == NULL) {
        request->nomem = true;
        return;
    }
    if (tree->n_stmts == 0 || tree->stmts[0]->stmt == NULL) {
        set_kind(&a, PGB_STMT_EMPTY, false, "");
    } else if (tree->n_stmts > 1) {
        /* our splitter gives one at a time: this is its fault, and the server will refuse it as
         * well */
        set_kind(&a, PGB_STMT_UNKNOWN, false, "");
        snprintf(request->facts->parse_error, sizeof request->facts->parse_error,
                 "it holds %zu statements", tree->n_stmts);
    } else {
        known(&a, tree->stmts[0]->stmt);
        if (request->objects != NULL && !a.nomem) {
            a.nomem = !pgb_parse_touches(tree->stmts[0]->stmt, request->arena, request->objects);
        }
    }
    pg_query__parse_result__free_unpacked(tree, NULL);
    request->nomem = a.nomem;
}
