-- Did run $3 commit event $4 (upgrade, downgrade, stamp, unstamp) of revision $2? The event commits
-- with the work, so it is the truth about it.
SELECT EXISTS (SELECT FROM :"schema".event e
               WHERE e.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
                 AND e.id OPERATOR(pg_catalog.=) $2::pg_catalog.text
                 AND e.run OPERATOR(pg_catalog.=) $3::pg_catalog.uuid
                 AND e.event OPERATOR(pg_catalog.=) $4::pg_catalog.text) AS committed;
