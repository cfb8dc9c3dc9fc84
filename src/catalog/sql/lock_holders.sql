-- Who holds an exclusive lock on a table, view or index of this database: one line for an error's detail.
SELECT pg_catalog.string_agg(pg_catalog.format('%s is locked by process %s (%s%s)', h.relation, h.pid,
                                               coalesce(h.usename, 'unknown'),
                                               coalesce(', ' || nullif(h.application_name, ''), '')), '; ')
  FROM (SELECT DISTINCT l.relation::regclass::text AS relation, l.pid, a.usename, a.application_name
          FROM pg_catalog.pg_locks l
          LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
         WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.granted
           AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
           AND l.pid <> pg_catalog.pg_backend_pid()
         ORDER BY 1, 2
         LIMIT 3) h
