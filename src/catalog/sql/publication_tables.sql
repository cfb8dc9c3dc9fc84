-- Tables that a publication names, with column lists and row filters (PostgreSQL 15 and later), joined to it by
-- identity. The columns stand by name, since their order says nothing.
SELECT 'publication' AS kind,
       m.publication AS identity,
       NULL::text AS parent,
       0 AS ord,
       pg_catalog.string_agg(m.item, ', ' ORDER BY m.item COLLATE "C") AS tables
  FROM (SELECT pg_catalog.quote_ident(p.pubname) AS publication,
               pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
               || coalesce(' (' || (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', '
                                                                 ORDER BY a.attname COLLATE "C")
                                      FROM pg_catalog.pg_attribute a
                                     WHERE a.attrelid = c.oid AND a.attnum = ANY (r.prattrs)) || ')', '')
               || coalesce(' WHERE (' || pg_catalog.pg_get_expr(r.prqual, c.oid) || ')', '') AS item
          FROM pg_catalog.pg_publication_rel r
          JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
          JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname <> $1) m
 GROUP BY m.publication
 ORDER BY 2
