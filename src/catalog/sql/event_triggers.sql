-- Event triggers of the database.
SELECT 'event trigger' AS kind,
       pg_catalog.quote_ident(e.evtname) AS identity,
       NULL::text AS parent,
       0 AS ord,
       pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(e.evtowner)) AS owner,
       e.evtevent AS event,
       (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(t), ', ' ORDER BY t COLLATE "C")
          FROM pg_catalog.unnest(e.evttags) t) AS tags,
       e.evtfoid::regprocedure::text AS function,
       CASE e.evtenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END AS enabled,
       pg_catalog.obj_description(e.oid, 'pg_event_trigger') AS comment
  FROM pg_catalog.pg_event_trigger e
 WHERE $1::text IS NOT NULL
   AND e.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                     WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                       AND d.classid = 'pg_catalog.pg_event_trigger'::regclass)
 ORDER BY 2
