-- Writes or rewrites a statement's row: project $1, id $2, direction $3, ordinal $4, state $5, hash $6, kind $7,
-- command $8, object $9, detail $10, run $11.
INSERT INTO @schema@.step (project, id, direction, ordinal, state, hash, kind, command, object, detail, run)
VALUES ($1, $2, $3, $4::integer, $5, $6, $7, $8, $9, $10, $11::uuid)
ON CONFLICT ON CONSTRAINT step_pkey DO UPDATE
   SET state = EXCLUDED.state, hash = EXCLUDED.hash, kind = EXCLUDED.kind, command = EXCLUDED.command,
       object = EXCLUDED.object, detail = EXCLUDED.detail, run = EXCLUDED.run, at = pg_catalog.clock_timestamp()
