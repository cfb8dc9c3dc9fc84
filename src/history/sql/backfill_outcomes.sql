-- What backfill $2 of project $1 counted, in run $3 or (null) in all runs of its epoch.
SELECT o.outcome, pg_catalog.sum(o.count)::pg_catalog.int8 AS count
FROM :"schema".backfill_outcome o
JOIN :"schema".backfill b ON b.project OPERATOR(pg_catalog.=) o.project
                         AND b.name OPERATOR(pg_catalog.=) o.name
                         AND b.epoch OPERATOR(pg_catalog.=) o.epoch
WHERE o.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
  AND o.name OPERATOR(pg_catalog.=) $2::pg_catalog.text
  AND ($3::pg_catalog.uuid IS NULL OR o.run OPERATOR(pg_catalog.=) $3::pg_catalog.uuid)
GROUP BY o.outcome
ORDER BY pg_catalog.min(o.ordinal);
