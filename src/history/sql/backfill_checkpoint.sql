-- A batch of run $3 of backfill $2 of project $1 is done: $4 batches before it, $5 rows of which $6 at fault,
-- checkpoint $7 (null: as it was), pass $8, the run's duration $9, all rows $10 (null: not known). Commits with the
-- batch. No row: another run has taken over, or a revision that it requires is gone, and nothing may be committed.
WITH b AS (
    UPDATE :"schema".backfill b
    SET batches = b.batches OPERATOR(pg_catalog.+) 1,
        rows_done = b.rows_done OPERATOR(pg_catalog.+) $5::pg_catalog.int8,
        rows_all = $10::pg_catalog.int8,
        checkpoint = COALESCE($7::pg_catalog.text[], b.checkpoint),
        pass = $8::pg_catalog.int4, changed_at = pg_catalog.clock_timestamp()
    WHERE b.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
      AND b.name OPERATOR(pg_catalog.=) $2::pg_catalog.text
      AND b.run OPERATOR(pg_catalog.=) $3::pg_catalog.uuid
      AND b.batches OPERATOR(pg_catalog.=) $4::pg_catalog.int8
      AND NOT EXISTS (
          SELECT FROM pg_catalog.unnest(b.requires) q (id)
          WHERE NOT EXISTS (SELECT FROM :"schema".revision r
                            WHERE r.project OPERATOR(pg_catalog.=) b.project
                              AND r.id OPERATOR(pg_catalog.=) q.id
                              AND r.state OPERATOR(pg_catalog.=) 'applied'))
    RETURNING b.project, b.name, b.run, b.wanted
)
UPDATE :"schema".backfill_run r
SET rows = r.rows OPERATOR(pg_catalog.+) $5::pg_catalog.int8,
    errors = r.errors OPERATOR(pg_catalog.+) $6::pg_catalog.int8,
    batches = r.batches OPERATOR(pg_catalog.+) 1, duration_us = $9::pg_catalog.int8
FROM b
WHERE r.project OPERATOR(pg_catalog.=) b.project AND r.name OPERATOR(pg_catalog.=) b.name
  AND r.run OPERATOR(pg_catalog.=) b.run
RETURNING b.wanted;
