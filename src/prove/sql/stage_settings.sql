-- Settings that sessions of this database begin with, of the database and of roles, but for those that say how
-- long or on what conditions something may run, and what is loaded.
SELECT r.rolname AS role,
       s.setdatabase <> 0 AS in_database,
       pg_catalog.split_part(c, '=', 1) AS name,
       pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) AS value
  FROM pg_catalog.pg_db_role_setting s
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
 CROSS JOIN pg_catalog.unnest(s.setconfig) c
 WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
   AND (s.setrole = 0 OR r.rolname IS NOT NULL)
   AND pg_catalog.split_part(c, '=', 1) !~ '(_timeout|_preload_libraries)$|^default_transaction_|^log_'
 ORDER BY 1, 2, 3
