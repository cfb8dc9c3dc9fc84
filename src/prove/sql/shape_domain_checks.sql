-- The checks of domains; VALUE in them is what is checked.
SELECT k.contypid, k.conname, pg_catalog.quote_ident(k.conname) AS quoted,
       pg_catalog.pg_get_expr(k.conbin, 0) AS expr, k.convalidated
  FROM pg_catalog.pg_constraint k
 WHERE k.contypid <> 0 AND k.contype = 'c'
 ORDER BY k.contypid, k.conname
