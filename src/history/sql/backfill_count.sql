-- Adds outcomes $5 with counts $6 to run $3 of backfill $2 of project $1, in epoch $4.
INSERT INTO :"schema".backfill_outcome AS old (project, name, epoch, run, outcome, count)
SELECT $1::pg_catalog.text, $2::pg_catalog.text, $4::pg_catalog.int4, $3::pg_catalog.uuid,
       n.outcome, n.count
FROM ROWS FROM (pg_catalog.unnest($5::pg_catalog.text[]), pg_catalog.unnest($6::pg_catalog.int8[]))
     WITH ORDINALITY AS n (outcome, count, ordinal)
ORDER BY n.ordinal
ON CONFLICT (project, name, epoch, run, outcome) DO UPDATE
SET count = old.count OPERATOR(pg_catalog.+) excluded.count;
