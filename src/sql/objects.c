#include "sql/objects.h"

#include <pg_query/pg_query.pb-c.h>
#include <string.h>

#include "sql/parse_internal.h"

const char *pgb_object_kind_name(pgb_object_kind kind)
{
    static const char *const names[] = {"table",    "index",  "sequence", "type",
                                        "function", "schema", "object"};

    return names[kind];
}

typedef struct walker {
    pgb_arena *arena;
    pgb_objects *objects;
    const void *made; /* the RangeVar that the statement itself is about: no use of it */
    bool nomem;
} walker;

static void touch(walker *w, pgb_verb verb, pgb_object_kind kind, const char *schema,
                  const char *name, const char *column, bool if_exists)
{
    pgb_touch t = {.verb = verb, .kind = kind, .if_exists = if_exists};

    if (name == NULL || name[0] == '\0') {
        return;
    }
    if (schema != NULL && schema[0] != '\0') {
        t.schema = pgb_arena_strdup(w->arena, schema);
        w->nomem = w->nomem || t.schema == NULL;
    }
    if (column != NULL && column[0] != '\0') {
        t.column = pgb_arena_strdup(w->arena, column);
        w->nomem = w->nomem || t.column == NULL;
    }
    t.name = pgb_arena_strdup(w->arena, name);
    if (t.name == NULL || !pgb_vec_push(&w->objects->list, t)) {
        w->nomem = true;
    }
}

static void touch_var(walker *w, pgb_verb verb, pgb_object_kind kind, const PgQuery__RangeVar *var,
                      const char *column, bool if_exists)
{
    if (var != NULL) {
        w->made = var;
        touch(w, verb, kind, var->schemaname, var->relname, column, if_exists);
    }
}

static void touch_names(walker *w, pgb_verb verb, pgb_object_kind kind, PgQuery__Node *const *names,
                        size_t n, bool if_exists)
{
    const char *schema, *name;

    if (!pgb_parse_name(names, n, w->arena, &schema, &name)) {
        w->nomem = true;
    } else {
        touch(w, verb, kind, schema, name, NULL, if_exists);
    }
}

static pgb_object_kind kind_of(PgQuery__ObjectType type)
{
    switch (type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN:
        return PGB_OBJECT_TABLE;
    case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
        return PGB_OBJECT_INDEX;
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
        return PGB_OBJECT_SEQUENCE;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
        return PGB_OBJECT_TYPE;
    case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
    case PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE:
        return PGB_OBJECT_FUNCTION;
    case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
        return PGB_OBJECT_SCHEMA;
    default:
        return PGB_OBJECT_OTHER;
    }
}

/* A node that names an object, as DROP, COMMENT and RENAME hold it. */
static void touch_node(walker *w, pgb_verb verb, pgb_object_kind kind, const PgQuery__Node *node,
                       bool if_exists)
{
    if (node == NULL) {
        return;
    }
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_LIST:
        touch_names(w, verb, kind, node->list->items, node->list->n_items, if_exists);
        break;
    case PG_QUERY__NODE__NODE_STRING:
        touch(w, verb, kind, NULL, node->string->sval, NULL, if_exists);
        break;
    case PG_QUERY__NODE__NODE_TYPE_NAME:
        touch_names(w, verb, kind, node->type_name->names, node->type_name->n_names, if_exists);
        break;
    case PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS:
        touch_names(w, verb, kind, node->object_with_args->objname,
                    node->object_with_args->n_objname, if_exists);
        break;
    default:
        w->objects->could_not_tell = true;
        break;
    }
}

static uint32_t constraint_locks(PgQuery__Node *const *constraints, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        if (constraints[i]->node_case == PG_QUERY__NODE__NODE_CONSTRAINT) {
            PgQuery__ConstrType type = constraints[i]->constraint->contype;

            sum += type == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY ||
                   type == PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE ||
                   type == PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION;
        }
    }
    return sum;
}

static void create_table(walker *w, const PgQuery__CreateStmt *s)
{
    touch_var(w, PGB_VERB_CREATE, PGB_OBJECT_TABLE, s->relation, NULL, s->if_not_exists);
    /* the table, its TOAST table and that one's index; then an index for each key */
    w->objects->locks += 3 + constraint_locks(s->constraints, s->n_constraints);
    for (size_t i = 0; i < s->n_table_elts; i++) {
        const PgQuery__Node *e = s->table_elts[i];

        if (e->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF) {
            w->objects->locks +=
                constraint_locks(e->column_def->constraints, e->column_def->n_constraints);
        } else {
            w->objects->locks += constraint_locks(&s->table_elts[i], 1);
        }
    }
}

static void alter_table(walker *w, const PgQuery__AlterTableStmt *s)
{
    pgb_object_kind kind = kind_of(s->objtype);

    touch_var(w, PGB_VERB_ALTER, kind, s->relation, NULL, s->missing_ok);
    w->objects->locks += 1;
    for (size_t i = 0; i < s->n_cmds; i++) {
        const PgQuery__AlterTableCmd *c = s->cmds[i]->alter_table_cmd;
        const char *column;
        pgb_verb verb = PGB_VERB_ALTER;

        if (s->cmds[i]->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_CMD) {
            continue;
        }
        column = c->name;
        if (c->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn && c->def != NULL &&
            c->def->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF) {
            column = c->def->column_def->colname;
            verb = PGB_VERB_CREATE;
            w->objects->locks += constraint_locks(c->def->column_def->constraints,
                                                  c->def->column_def->n_constraints);
        } else if (c->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn) {
            verb = PGB_VERB_DROP;
        } else if (c->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint && c->def != NULL) {
            w->objects->locks += constraint_locks(&c->def, 1);
        }
        if (s->relation != NULL && column != NULL && column[0] != '\0') {
            touch(w, verb, kind, s->relation->schemaname, s->relation->relname, column,
                  c->missing_ok);
        }
    }
}

static void drop(walker *w, const PgQuery__DropStmt *s)
{
    for (size_t i = 0; i < s->n_objects; i++) {
        pgb_object_kind kind = kind_of(s->remove_type);

        if (kind == PGB_OBJECT_OTHER && s->objects[i]->node_case == PG_QUERY__NODE__NODE_LIST &&
            s->objects[i]->list->n_items > 1) {
            /* DROP TRIGGER t ON s.table: [s, table, t] */
            touch_names(w, PGB_VERB_ALTER, PGB_OBJECT_TABLE, s->objects[i]->list->items,
                        s->objects[i]->list->n_items - 1, false);
        }
        touch_node(w, PGB_VERB_DROP, kind, s->objects[i], s->missing_ok);
        /* a table goes with its TOAST table, that one's index, its own indexes and what refers to
         * it */
        w->objects->locks += kind == PGB_OBJECT_TABLE ? 9 : 1;
    }
}

static void function(walker *w, const PgQuery__CreateFunctionStmt *s)
{
    touch_names(w, PGB_VERB_CREATE, PGB_OBJECT_FUNCTION, s->funcname, s->n_funcname, s->replace);
    if (s->sql_body == NULL) {
        w->objects->could_not_tell = true; /* a body as text is not read */
    }
}

static void rename(walker *w, const PgQuery__RenameStmt *s)
{
    bool column = s->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN;
    pgb_object_kind kind = kind_of(column ? s->relation_type : s->rename_type);

    if (s->relation != NULL) {
        touch_var(w, PGB_VERB_ALTER, kind == PGB_OBJECT_OTHER ? PGB_OBJECT_TABLE : kind,
                  s->relation, column ? s->subname : NULL, s->missing_ok);
        touch(w, PGB_VERB_CREATE, kind, s->relation->schemaname,
              column ? s->relation->relname : s->newname, column ? s->newname : NULL, false);
    } else if (s->object != NULL) {
        size_t before = w->objects->list.n;

        touch_node(w, PGB_VERB_ALTER, kind, s->object, s->missing_ok);
        if (w->objects->list.n > before && kind != PGB_OBJECT_OTHER) {
            touch(w, PGB_VERB_CREATE, kind, w->objects->list.at[before].schema, s->newname, NULL,
                  false);
        }
    } else if (kind == PGB_OBJECT_SCHEMA) {
        touch(w, PGB_VERB_ALTER, kind, NULL, s->subname, NULL, s->missing_ok);
        touch(w, PGB_VERB_CREATE, kind, NULL, s->newname, NULL, false);
    }
}

/* What the statement is about; the rest of the tree is walked for uses. */
static void subject(walker *w, const PgQuery__Node *n)
{
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        create_table(w, n->create_stmt);
        break;
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
        if (n->create_table_as_stmt->into != NULL) {
            touch_var(w, PGB_VERB_CREATE, PGB_OBJECT_TABLE, n->create_table_as_stmt->into->rel,
                      NULL, n->create_table_as_stmt->if_not_exists);
        }
        w->objects->locks += 3;
        break;
    case PG_QUERY__NODE__NODE_VIEW_STMT:
        touch_var(w, PGB_VERB_CREATE, PGB_OBJECT_TABLE, n->view_stmt->view, NULL,
                  n->view_stmt->replace);
        w->objects->locks += 1;
        break;
    case PG_QUERY__NODE__NODE_INDEX_STMT:
        touch(w, PGB_VERB_CREATE, PGB_OBJECT_INDEX,
              n->index_stmt->relation != NULL ? n->index_stmt->relation->schemaname : NULL,
              n->index_stmt->idxname, NULL, n->index_stmt->if_not_exists);
        touch_var(w, PGB_VERB_ALTER, PGB_OBJECT_TABLE, n->index_stmt->relation, NULL, false);
        w->objects->locks += 1;
        break;
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        alter_table(w, n->alter_table_stmt);
        break;
    case PG_QUERY__NODE__NODE_DROP_STMT:
        drop(w, n->drop_stmt);
        break;
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        rename(w, n->rename_stmt);
        break;
    case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
        touch_var(w, PGB_VERB_CREATE, PGB_OBJECT_SEQUENCE, n->create_seq_stmt->sequence, NULL,
                  n->create_seq_stmt->if_not_exists);
        w->objects->locks += 1;
        break;
    case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT:
        touch_var(w, PGB_VERB_ALTER, PGB_OBJECT_SEQUENCE, n->alter_seq_stmt->sequence, NULL, false);
        break;
    case PG_QUERY__NODE__NODE_CREATE_ENUM_STMT:
        touch_names(w, PGB_VERB_CREATE, PGB_OBJECT_TYPE, n->create_enum_stmt->type_name,
                    n->create_enum_stmt->n_type_name, false);
        break;
    case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT:
        touch_names(w, PGB_VERB_ALTER, PGB_OBJECT_TYPE, n->alter_enum_stmt->type_name,
                    n->alter_enum_stmt->n_type_name, false);
        break;
    case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT:
        touch_names(w, PGB_VERB_CREATE, PGB_OBJECT_TYPE, n->create_domain_stmt->domainname,
                    n->create_domain_stmt->n_domainname, false);
        break;
    case PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT:
        touch_names(w, PGB_VERB_ALTER, PGB_OBJECT_TYPE, n->alter_domain_stmt->type_name,
                    n->alter_domain_stmt->n_type_name, false);
        break;
    case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT:
        touch_var(w, PGB_VERB_CREATE, PGB_OBJECT_TYPE, n->composite_type_stmt->typevar, NULL,
                  false);
        w->objects->locks += 1;
        break;
    case PG_QUERY__NODE__NODE_CREATE_RANGE_STMT:
        touch_names(w, PGB_VERB_CREATE, PGB_OBJECT_TYPE, n->create_range_stmt->type_name,
                    n->create_range_stmt->n_type_name, false);
        break;
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
        function(w, n->create_function_stmt);
        break;
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
        touch(w, PGB_VERB_CREATE, PGB_OBJECT_SCHEMA, NULL, n->create_schema_stmt->schemaname, NULL,
              n->create_schema_stmt->if_not_exists);
        break;
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
        touch_var(w, PGB_VERB_ALTER, PGB_OBJECT_TABLE, n->create_trig_stmt->relation, NULL, false);
        touch_names(w, PGB_VERB_USE, PGB_OBJECT_FUNCTION, n->create_trig_stmt->funcname,
                    n->create_trig_stmt->n_funcname, false);
        break;
    case PG_QUERY__NODE__NODE_RULE_STMT:
        touch_var(w, PGB_VERB_ALTER, PGB_OBJECT_TABLE, n->rule_stmt->relation, NULL, false);
        break;
    case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
        touch_var(w, PGB_VERB_ALTER, PGB_OBJECT_TABLE, n->create_policy_stmt->table, NULL, false);
        break;
    case PG_QUERY__NODE__NODE_ALTER_POLICY_STMT:
        touch_var(w, PGB_VERB_ALTER, PGB_OBJECT_TABLE, n->alter_policy_stmt->table, NULL, false);
        break;
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
        for (size_t i = 0; i < n->truncate_stmt->n_relations; i++) {
            if (n->truncate_stmt->relations[i]->node_case == PG_QUERY__NODE__NODE_RANGE_VAR) {
                touch_var(w, PGB_VERB_ALTER, PGB_OBJECT_TABLE,
                          n->truncate_stmt->relations[i]->range_var, NULL, false);
            }
        }
        break;
    case PG_QUERY__NODE__NODE_INSERT_STMT:
        touch_var(w, PGB_VERB_USE, PGB_OBJECT_TABLE, n->insert_stmt->relation, NULL, false);
        break;
    case PG_QUERY__NODE__NODE_COMMENT_STMT:
        /* a comment is the object's own property: two branches that both write it clash */
        if (n->comment_stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN &&
            n->comment_stmt->object != NULL &&
            n->comment_stmt->object->node_case == PG_QUERY__NODE__NODE_LIST &&
            n->comment_stmt->object->list->n_items > 1) {
            touch_names(w, PGB_VERB_ALTER, PGB_OBJECT_TABLE, n->comment_stmt->object->list->items,
                        n->comment_stmt->object->list->n_items - 1, false);
        } else if (kind_of(n->comment_stmt->objtype) != PGB_OBJECT_OTHER) {
            touch_node(w, PGB_VERB_ALTER, kind_of(n->comment_stmt->objtype),
                       n->comment_stmt->object, false);
        }
        break;
    case PG_QUERY__NODE__NODE_DO_STMT:
    case PG_QUERY__NODE__NODE_CALL_STMT:
    case PG_QUERY__NODE__NODE_EXECUTE_STMT:
        w->objects->could_not_tell = true;
        break;
    default:
        break;
    }
}

/* Every RangeVar, TypeName and FuncCall below a message, by protobuf's own description of it: so no
 * kind of node is forgotten. Depth is bounded by the parser's. */
static void walk(walker *w, const ProtobufCMessage *m)
{
    if (m->descriptor == &pg_query__range_var__descriptor) {
        const PgQuery__RangeVar *var = (const PgQuery__RangeVar *)m;

        if (w->made != var) {
            touch(w, PGB_VERB_USE, PGB_OBJECT_TABLE, var->schemaname, var->relname, NULL, false);
        }
    } else if (m->descriptor == &pg_query__type_name__descriptor) {
        const PgQuery__TypeName *type = (const PgQuery__TypeName *)m;
        const char *schema, *name;

        if (!pgb_parse_name(type->names, type->n_names, w->arena, &schema, &name)) {
            w->nomem = true;
        } else if (schema == NULL || strcmp(schema, "pg_catalog") != 0) {
            touch(w, PGB_VERB_USE, PGB_OBJECT_TYPE, schema, name, NULL, false);
        }
    } else if (m->descriptor == &pg_query__func_call__descriptor) {
        const PgQuery__FuncCall *call = (const PgQuery__FuncCall *)m;

        touch_names(w, PGB_VERB_USE, PGB_OBJECT_FUNCTION, call->funcname, call->n_funcname, false);
    }
    for (unsigned i = 0; i < m->descriptor->n_fields && !w->nomem; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        const char *at = (const char *)m + f->offset;

        if (f->type != PROTOBUF_C_TYPE_MESSAGE) {
            continue;
        }
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t n = *(const size_t *)(const void *)((const char *)m + f->quantifier_offset);
            ProtobufCMessage *const *items = *(ProtobufCMessage *const *const *)(const void *)at;

            for (size_t k = 0; k < n && !w->nomem; k++) {
                walk(w, items[k]);
            }
        } else {
            const ProtobufCMessage *sub = *(ProtobufCMessage *const *)(const void *)at;

            if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
                *(const uint32_t *)(const void *)((const char *)m + f->quantifier_offset) !=
                    f->id) {
                continue;
            }
            if (sub != NULL) {
                walk(w, sub);
            }
        }
    }
}

bool pgb_parse_touches(const PgQuery__Node *stmt, pgb_arena *arena, pgb_objects *objects)
{
    walker w = {.arena = arena, .objects = objects};

    subject(&w, stmt);
    if (!w.nomem) {
        walk(&w, &stmt->base);
    }
    return !w.nomem;
}
