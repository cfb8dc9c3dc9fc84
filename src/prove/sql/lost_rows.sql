-- Columns of a table that an INSERT can name, as a list, and its name. $1: oid of the table.
SELECT c.oid::pg_catalog.regclass::text,
       pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum),
       pg_catalog.string_agg('pg_catalog.quote_nullable(x.' || pg_catalog.quote_ident(a.attname) || ')', ' || '', '' || '
                             ORDER BY a.attnum),
       pg_catalog.bool_or(a.attidentity <> '')
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
 WHERE c.oid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
 GROUP BY c.oid
