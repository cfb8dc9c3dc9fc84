-- One revision is applied ($24 upgrade), only recorded ($24 stamp), or begun outside a transaction ($24
-- begin, $26 incomplete): its row and its event. Runs in the transaction of the work, which began at
-- transaction_timestamp(). An incomplete row is taken over; over an applied one nothing is written,
-- which the tag INSERT 0 0 tells.
WITH r AS (
    INSERT INTO :"schema".revision AS old
        (project, id, parents, depends, labels, title, file, header, up, down, header_raw,
         header_norm, up_raw, up_norm, down_raw, down_norm, hash_algorithm, has_down, irreversible,
         stamped, run, applied_from, tool_version, duration_us, state, transaction_none)
    VALUES ($1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.text[],
            $4::pg_catalog.text[], $5::pg_catalog.text[], $6::pg_catalog.text,
            $7::pg_catalog.text, $8::pg_catalog.text, $9::pg_catalog.text, $10::pg_catalog.text,
            $11::pg_catalog.text, $12::pg_catalog.text, $13::pg_catalog.text,
            $14::pg_catalog.text, $15::pg_catalog.text, $16::pg_catalog.text,
            $17::pg_catalog.int4, $18::pg_catalog.bool, $19::pg_catalog.text,
            $20::pg_catalog.bool, $21::pg_catalog.uuid, $22::pg_catalog.text,
            $23::pg_catalog.text,
            (EXTRACT(epoch FROM pg_catalog.clock_timestamp()
                     OPERATOR(pg_catalog.-) COALESCE($25::pg_catalog.timestamptz,
                                            pg_catalog.transaction_timestamp()))
             OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8,
            $26::pg_catalog.text, $27::pg_catalog.bool)
    ON CONFLICT (project, id) DO UPDATE
    SET parents = excluded.parents, depends = excluded.depends, labels = excluded.labels,
        title = excluded.title, file = excluded.file, header = excluded.header, up = excluded.up,
        down = excluded.down, header_raw = excluded.header_raw, header_norm = excluded.header_norm,
        up_raw = excluded.up_raw, up_norm = excluded.up_norm, down_raw = excluded.down_raw,
        down_norm = excluded.down_norm, hash_algorithm = excluded.hash_algorithm,
        has_down = excluded.has_down, irreversible = excluded.irreversible,
        stamped = excluded.stamped, run = excluded.run, applied_at = excluded.applied_at,
        applied_by = excluded.applied_by, applied_from = excluded.applied_from,
        tool_version = excluded.tool_version, duration_us = excluded.duration_us,
        state = excluded.state, transaction_none = excluded.transaction_none
    WHERE old.state OPERATOR(pg_catalog.=) 'incomplete'
    RETURNING project, id, run, applied_from, duration_us, tool_version
)
INSERT INTO :"schema".event
    (project, id, event, run, from_client, duration_us, tool_version, sqlstate, message)
SELECT r.project, r.id, $24::pg_catalog.text, r.run, r.applied_from, r.duration_us, r.tool_version,
       '', ''
FROM r;
