-- One line of the event log.
INSERT INTO :"schema".event
    (project, id, event, run, from_client, duration_us, tool_version, sqlstate, message)
VALUES ($1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.text, $4::pg_catalog.uuid,
        $5::pg_catalog.text, $6::pg_catalog.int8, $7::pg_catalog.text, $8::pg_catalog.text,
        $9::pg_catalog.text);
