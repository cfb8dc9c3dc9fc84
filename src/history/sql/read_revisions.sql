-- The applied set of project $1 in order of application; lists are joined by U+001F.
SELECT r.id,
       pg_catalog.array_to_string(r.parents, E'\x1f') AS parents,
       pg_catalog.array_to_string(r.depends, E'\x1f') AS depends,
       pg_catalog.array_to_string(r.labels, E'\x1f') AS labels,
       r.title, r.file, r.up_raw, r.up_norm, r.down_raw, r.down_norm, r.header_norm,
       r.has_down, r.irreversible, r.up IS NOT NULL AS has_up_text,
       r.down IS NOT NULL AS has_down_text, r.seq, r.run,
       pg_catalog.to_char(pg_catalog.timezone('UTC', r.applied_at),
                          'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS applied_at,
       r.applied_by, r.applied_from, r.duration_us, r.tool_version, r.stamped,
       r.state OPERATOR(pg_catalog.=) 'incomplete' AS incomplete, r.transaction_none
FROM :"schema".revision r
WHERE r.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
ORDER BY r.seq;
