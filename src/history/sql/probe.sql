-- Is there a history in schema $1, and may it be trusted? One row.
--   psql -v schema=pgbraid -f … does not take parameters before 16: replace $1 by 'pgbraid'.
-- `problem` is why it can't be trusted to be executed (stored SQL is code), null when it can.
WITH schema AS (
    SELECT n.oid, n.nspowner, n.nspacl
    FROM pg_catalog.pg_namespace n
    WHERE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name
),
me AS (
    SELECT r.oid, r.rolsuper
    FROM pg_catalog.pg_roles r
    WHERE r.rolname OPERATOR(pg_catalog.=) CURRENT_USER
),
-- Owners that we trust: superusers, ourselves, roles whose member we are. A superuser is a member of
-- every role, which says nothing.
owners AS (
    SELECT r.oid
    FROM pg_catalog.pg_roles r, me
    WHERE r.rolsuper
       OR r.oid OPERATOR(pg_catalog.=) me.oid
       OR (NOT me.rolsuper AND pg_catalog.pg_has_role(me.oid, r.oid, 'USAGE'))
),
relations AS (
    SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.relrowsecurity
    FROM pg_catalog.pg_class c
    JOIN schema ON c.relnamespace OPERATOR(pg_catalog.=) schema.oid
),
problems AS (
    SELECT 1 AS rank, pg_catalog.format('it is owned by %s',
               pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(schema.nspowner))) AS problem
    FROM schema
    WHERE schema.nspowner NOT IN (SELECT oid FROM owners)
  UNION ALL
    SELECT 2, pg_catalog.format('%s in it is owned by %s', pg_catalog.quote_ident(r.relname),
               pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r.relowner)))
    FROM relations r
    WHERE r.relowner NOT IN (SELECT oid FROM owners)
  UNION ALL
    SELECT 3, pg_catalog.format('%s may create objects in it',
               CASE WHEN a.grantee OPERATOR(pg_catalog.=) 0 THEN 'everybody'
                    ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END)
    FROM schema, pg_catalog.aclexplode(schema.nspacl) a
    WHERE a.privilege_type OPERATOR(pg_catalog.=) 'CREATE'
      AND a.grantee OPERATOR(pg_catalog.<>) schema.nspowner
      AND a.grantee NOT IN (SELECT r.oid FROM pg_catalog.pg_roles r, me
                            WHERE r.rolsuper OR r.oid OPERATOR(pg_catalog.=) me.oid)
  UNION ALL
    SELECT 4, pg_catalog.format('%s may write to %s in it',
               CASE WHEN a.grantee OPERATOR(pg_catalog.=) 0 THEN 'everybody'
                    ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
               pg_catalog.quote_ident(a.relname))
    FROM (
        SELECT r.relname, r.relowner, x.grantee, x.privilege_type
        FROM relations r, pg_catalog.aclexplode(r.relacl) x
      UNION ALL
        SELECT r.relname, r.relowner, x.grantee, x.privilege_type
        FROM relations r
        JOIN pg_catalog.pg_attribute t ON t.attrelid OPERATOR(pg_catalog.=) r.oid,
             pg_catalog.aclexplode(t.attacl) x
    ) a
    WHERE a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES')
      AND a.grantee OPERATOR(pg_catalog.<>) a.relowner
      AND a.grantee NOT IN (SELECT r.oid FROM pg_catalog.pg_roles r, me
                            WHERE r.rolsuper OR r.oid OPERATOR(pg_catalog.=) me.oid)
  UNION ALL
    SELECT 5, pg_catalog.format('%s in it has the trigger %s', pg_catalog.quote_ident(r.relname),
               pg_catalog.quote_ident(t.tgname))
    FROM relations r
    JOIN pg_catalog.pg_trigger t ON t.tgrelid OPERATOR(pg_catalog.=) r.oid
    WHERE NOT t.tgisinternal
  UNION ALL
    SELECT 6, pg_catalog.format('%s in it has the rule %s', pg_catalog.quote_ident(r.relname),
               pg_catalog.quote_ident(w.rulename))
    FROM relations r
    JOIN pg_catalog.pg_rewrite w ON w.ev_class OPERATOR(pg_catalog.=) r.oid
    WHERE (r.relname IN ('meta', 'revision', 'event', 'step')
           OR (r.relname OPERATOR(pg_catalog.~~) 'backfill%' AND r.relkind NOT IN ('i', 'S', 't')))
  UNION ALL
    SELECT 7, pg_catalog.format('%s in it is no ordinary table', pg_catalog.quote_ident(r.relname))
    FROM relations r
    WHERE (r.relname IN ('meta', 'revision', 'event', 'step')
           OR (r.relname OPERATOR(pg_catalog.~~) 'backfill%' AND r.relkind NOT IN ('i', 'S', 't')))
      AND (r.relkind OPERATOR(pg_catalog.<>) 'r' OR r.relrowsecurity
           OR EXISTS (SELECT FROM pg_catalog.pg_inherits i
                      WHERE r.oid IN (i.inhrelid, i.inhparent)))
  UNION ALL
    SELECT 8, pg_catalog.format('it holds the function %s', p.oid::pg_catalog.regprocedure)
    FROM pg_catalog.pg_proc p
    JOIN schema ON p.pronamespace OPERATOR(pg_catalog.=) schema.oid
)
SELECT EXISTS (SELECT FROM schema) AS has_schema,
       EXISTS (SELECT FROM relations WHERE relname OPERATOR(pg_catalog.=) 'meta') AS has_history,
       (SELECT pg_catalog.count(*) FROM relations WHERE relkind IN ('r', 'p', 'v', 'm', 'f'))
           AS relations,
       (SELECT problem FROM problems ORDER BY rank, problem COLLATE "C" LIMIT 1) AS problem,
       (SELECT NOT me.rolsuper FROM me) AS ordinary,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS may_create;
