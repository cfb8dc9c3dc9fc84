-- Revisions of project $1 that are not applied, or not to the end, and whose last event is a failure.
SELECT last.id
FROM (SELECT DISTINCT ON (e.id) e.id, e.event
      FROM :"schema".event e
      WHERE e.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
        AND e.event NOT IN ('begin', 'blocked', 'mend')
      ORDER BY e.id, e.seq DESC) last
WHERE last.event OPERATOR(pg_catalog.=) 'fail'
  AND NOT EXISTS (SELECT FROM :"schema".revision r
                  WHERE r.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
                    AND r.id OPERATOR(pg_catalog.=) last.id
                    AND r.state OPERATOR(pg_catalog.=) 'applied')
ORDER BY last.id COLLATE "C";
