-- What a database is like, as far as another server can be made so.
SELECT pg_catalog.pg_encoding_to_char(d.encoding) AS encoding,
       pg_catalog.to_jsonb(d) ->> 'datcollate' AS collate,
       pg_catalog.to_jsonb(d) ->> 'datctype' AS ctype,
       o.rolname AS owner,
       (SELECT b.rolname FROM pg_catalog.pg_roles b WHERE b.oid = 10) AS bootstrap
  FROM pg_catalog.pg_database d
  JOIN pg_catalog.pg_roles o ON o.oid = d.datdba
 WHERE d.datname = pg_catalog.current_database()
