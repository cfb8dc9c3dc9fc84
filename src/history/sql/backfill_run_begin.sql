-- Run $3 of backfill $2 of project $1, from $5 with version $6, in epoch $4.
INSERT INTO :"schema".backfill_run
    (project, name, run, epoch, state, from_client, tool_version)
VALUES ($1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.uuid, $4::pg_catalog.int4,
        'running', $5::pg_catalog.text, $6::pg_catalog.text);
