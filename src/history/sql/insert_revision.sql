-- Records a revision. Lists come joined by chr(31). A null duration: since the transaction began.
INSERT INTO @schema@.revision (project, id, parents, depends, labels, title, file, header_text, up_text, down_text,
       header_norm, up_raw, up_norm, down_raw, down_norm, hash_version, has_down, irreversible, transaction_none,
       stamped, state, run, applied_from, duration_us, tool_version)
VALUES ($1, $2, pg_catalog.string_to_array($3, E'\x1f'), pg_catalog.string_to_array($4, E'\x1f'),
       pg_catalog.string_to_array($5, E'\x1f'), $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16::integer, $17::boolean, $18,
       $19::boolean, $20::boolean, $21, $22::uuid, $23,
       coalesce($24::bigint, (extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp()) * 1000000)::bigint),
       $25)
