-- Enums, domains, composite types, ranges.
SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' ELSE 'composite type' END AS kind,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname) AS identity,
       pg_catalog.quote_ident(n.nspname) AS parent,
       0 AS ord,
       pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(t.typowner)) AS owner,
       (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
          FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) AS labels,
       CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END AS base_type,
       CASE WHEN t.typtype = 'd' AND t.typnotnull THEN 'yes' END AS not_null,
       CASE WHEN t.typtype = 'd' THEN coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault) END AS "default",
       CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation THEN
            (SELECT pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
               FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
              WHERE co.oid = t.typcollation) END AS collation,
       CASE WHEN t.typtype = 'r' THEN pg_catalog.format_type(r.rngsubtype, NULL) END AS subtype,
       CASE WHEN t.typtype = 'r' THEN
            (SELECT pg_catalog.quote_ident(opn.nspname) || '.' || pg_catalog.quote_ident(o.opcname)
               FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_namespace opn ON opn.oid = o.opcnamespace
              WHERE o.oid = r.rngsubopc) END AS subtype_opclass,
       CASE WHEN t.typtype = 'r' AND r.rngcollation <> 0 THEN
            (SELECT pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
               FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
              WHERE co.oid = r.rngcollation) END AS subtype_collation,
       nullif(r.rngcanonical::oid, 0)::regprocedure::text AS canonical,
       nullif(r.rngsubdiff::oid, 0)::regprocedure::text AS subtype_diff,
       -- 14 and later; read as JSON, so that the query stands on every version
       CASE WHEN t.typtype = 'r' THEN pg_catalog.format_type((pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::oid, NULL) END AS multirange,
       CASE WHEN t.typacl IS NOT NULL THEN
         (SELECT nullif(coalesce(pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C") FILTER (WHERE NOT x.usual), 'none'),
                        coalesce(pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C") FILTER (WHERE x.usual), 'none'))
            FROM (SELECT s.usual, CASE WHEN a.grantee = 0 THEN 'public' ELSE coalesce(pg_catalog.quote_ident(r.rolname), a.grantee::text) END
                         || '=' || pg_catalog.string_agg(DISTINCT (a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END) COLLATE "C", '+'
                           ORDER BY (a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END) COLLATE "C") AS item
                    FROM (VALUES (false, t.typacl), (true, pg_catalog.acldefault('T', t.typowner))) s (usual, acl)
                   CROSS JOIN LATERAL pg_catalog.aclexplode(s.acl) a
                    LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
                   GROUP BY s.usual, a.grantee, r.rolname) x) END AS acl,
       coalesce(pg_catalog.obj_description(t.oid, 'pg_type'), pg_catalog.obj_description(c.oid, 'pg_class')) AS comment
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
  LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
  LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
 WHERE (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c')) AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND t.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                     WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                       AND d.classid = 'pg_catalog.pg_type'::regclass)
   AND (c.oid IS NULL OR c.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                                       WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                                         AND d.classid = 'pg_catalog.pg_class'::regclass))
 ORDER BY 1, 2
