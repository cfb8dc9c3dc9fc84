-- Tables, partitioned ones and partitions among them.
SELECT 'table' AS kind,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS identity,
       pg_catalog.quote_ident(n.nspname) AS parent,
       0 AS ord,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       CASE c.relpersistence WHEN 'u' THEN 'unlogged' END AS persistence,
       CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END AS partition_by,
       CASE WHEN c.relispartition THEN i.parents END AS partition_of,
       pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound,
       CASE WHEN NOT c.relispartition THEN i.parents END AS inherits,
       CASE WHEN c.relrowsecurity THEN 'on' END AS row_security,
       CASE WHEN c.relforcerowsecurity THEN 'on' END AS force_row_security,
       CASE c.relreplident WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing'
            WHEN 'i' THEN 'index ' || coalesce((SELECT pg_catalog.quote_ident(x.relname)
                 FROM pg_catalog.pg_index k JOIN pg_catalog.pg_class x ON x.oid = k.indexrelid
                WHERE k.indrelid = c.oid AND k.indisreplident), '(gone)') END AS replica_identity,
       (SELECT pg_catalog.string_agg(o, ', ' ORDER BY o COLLATE "C") FROM pg_catalog.unnest(c.reloptions) o) AS options,
       (SELECT pg_catalog.string_agg(o, ', ' ORDER BY o COLLATE "C") FROM pg_catalog.unnest(
           (SELECT t.reloptions FROM pg_catalog.pg_class t WHERE t.oid = c.reltoastrelid)) o) AS toast_options,
       (SELECT pg_catalog.quote_ident(s.spcname) FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace) AS tablespace,
       CASE WHEN am.amname <> 'heap' THEN pg_catalog.quote_ident(am.amname) END AS access_method,
       CASE WHEN c.reloftype <> 0 THEN pg_catalog.format_type(c.reloftype, NULL) END AS of_type,
       (SELECT pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C")
          FROM (SELECT coalesce(pg_catalog.quote_ident(r.rolname), 'public') || '=' || pg_catalog.string_agg(
                         a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, '+'
                         ORDER BY a.privilege_type COLLATE "C") AS item
                  FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) a
                  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
                 GROUP BY a.grantee, r.rolname) x) AS acl,
       pg_catalog.obj_description(c.oid, 'pg_class') AS comment
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
  LEFT JOIN LATERAL (
       SELECT pg_catalog.string_agg(pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(pc.relname),
                                    ', ' ORDER BY h.inhseqno) AS parents
         FROM pg_catalog.pg_inherits h
         JOIN pg_catalog.pg_class pc ON pc.oid = h.inhparent
         JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
        WHERE h.inhrelid = c.oid) i ON true
 WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                      AND d.deptype = 'e')
 ORDER BY 2
