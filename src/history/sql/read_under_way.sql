-- Revisions of project $1 that were begun outside a transaction, and not ended.
SELECT s.id
FROM :"schema".step s
WHERE s.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
GROUP BY s.id
ORDER BY s.id COLLATE "C";
