-- Who holds an exclusive lock on a table, view or index of this database: one line for an error's detail.
SELECT pg_catalog.string_agg(pg_catalog.format('%s is locked by process %s (%s%s)', h.relation, h.pid,
                                               coalesce(h.usename, 'unknown'),
                                               coalesce(', ' || nullif(h.application_name, ''), '')), '; ')
  FROM (SELECT DISTINCT coalesce(pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), l.relation::text) AS relation, l.pid, a.usename, a.application_name
          FROM pg_catalog.pg_locks l
          LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
          LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
         WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.granted
           AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
           AND l.pid <> pg_catalog.pg_backend_pid()
         ORDER BY 1, 2
         LIMIT 3) h
