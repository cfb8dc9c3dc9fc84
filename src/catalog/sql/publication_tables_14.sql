-- Tables that a publication names (up to PostgreSQL 14), joined to it by identity.
SELECT 'publication' AS kind,
       m.publication AS identity,
       NULL::text AS parent,
       0 AS ord,
       pg_catalog.string_agg(m.item, ', ' ORDER BY m.item COLLATE "C") AS tables
  FROM (SELECT pg_catalog.quote_ident(p.pubname) AS publication,
               pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS item
          FROM pg_catalog.pg_publication_rel r
          JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
          JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname <> $1) m
 GROUP BY m.publication
 ORDER BY 2
