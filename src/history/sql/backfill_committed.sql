-- Did run $3 of backfill $2 of project $1 commit its batch after $4 others?
SELECT EXISTS (SELECT FROM :"schema".backfill b
               WHERE b.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
                 AND b.name OPERATOR(pg_catalog.=) $2::pg_catalog.text
                 AND b.run OPERATOR(pg_catalog.=) $3::pg_catalog.uuid
                 AND b.batches OPERATOR(pg_catalog.>) $4::pg_catalog.int8) AS committed;
