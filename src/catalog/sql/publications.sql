-- Publications, with what they publish. Newer servers' members are read as JSON, so that the query stands on
-- every version.
SELECT 'publication' AS kind,
       pg_catalog.quote_ident(p.pubname) AS identity,
       NULL::text AS parent,
       0 AS ord,
       pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.pubowner)) AS owner,
       CASE WHEN p.puballtables THEN 'yes' END AS all_tables,
       pg_catalog.concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                            CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) AS publishes,
       CASE WHEN j.j ->> 'pubviaroot' = 'true' THEN 'yes' END AS via_root,
       CASE WHEN j.j ->> 'pubgencols' IN ('s', 'true') THEN 'stored' END AS generated_columns,
       pg_catalog.obj_description(p.oid, 'pg_publication') AS comment
  FROM pg_catalog.pg_publication p
 CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(p) AS j) j
 WHERE $1::text IS NOT NULL
 ORDER BY 2
