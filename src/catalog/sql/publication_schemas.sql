-- Schemas that a publication publishes whole (PostgreSQL 15 and later), joined to it by identity.
SELECT 'publication' AS kind,
       pg_catalog.quote_ident(p.pubname) AS identity,
       NULL::text AS parent,
       0 AS ord,
       pg_catalog.string_agg(pg_catalog.quote_ident(n.nspname), ', ' ORDER BY n.nspname COLLATE "C") AS schemas
  FROM pg_catalog.pg_publication_namespace m
  JOIN pg_catalog.pg_publication p ON p.oid = m.pnpubid
  JOIN pg_catalog.pg_namespace n ON n.oid = m.pnnspid
 WHERE $1::text IS NOT NULL
 GROUP BY p.pubname
 ORDER BY 2
