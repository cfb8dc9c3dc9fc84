-- Adds to the event log: project $1, id $2, event $3, run $4, from $5, version $6, duration $7 (null: since the
-- transaction began, when $10 says so), SQLSTATE $8, message $9.
INSERT INTO @schema@.event (project, id, event, run, done_from, tool_version, duration_us, sqlstate, message)
VALUES ($1, $2, $3, $4::uuid, $5, $6,
       coalesce($7::bigint, CASE WHEN $10::boolean THEN
         (extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp()) * 1000000)::bigint END),
       $8, $9)
