-- Settings of the database, and of roles in it (ALTER DATABASE … SET, ALTER ROLE … IN DATABASE … SET).
SELECT 'database setting' AS kind,
       coalesce(pg_catalog.quote_ident(r.rolname) || ' ', '') || pg_catalog.split_part(c, '=', 1) AS identity,
       NULL::text AS parent,
       0 AS ord,
       pg_catalog.quote_ident(r.rolname) AS role,
       pg_catalog.split_part(c, '=', 1) AS setting,
       pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) AS value
  FROM pg_catalog.pg_db_role_setting s
  JOIN pg_catalog.pg_database b ON b.oid = s.setdatabase AND b.datname = pg_catalog.current_database()
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
 CROSS JOIN pg_catalog.unnest(s.setconfig) c
 WHERE $1::text IS NOT NULL
 ORDER BY 2
