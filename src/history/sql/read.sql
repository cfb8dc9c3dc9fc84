-- The applied set of a project ($1), in order of application. Lists are joined by chr(31), which no id holds.
SELECT r.id,
       pg_catalog.array_to_string(r.parents, E'\x1f') AS parents,
       pg_catalog.array_to_string(r.depends, E'\x1f') AS depends,
       pg_catalog.array_to_string(r.labels, E'\x1f') AS labels,
       r.title, r.file, r.up_raw, r.up_norm, r.down_raw, r.down_norm, r.header_norm, r.has_down, r.irreversible,
       r.up_text IS NOT NULL AS has_up_text, r.down_text IS NOT NULL AS has_down_text,
       r.seq, r.run, pg_catalog.to_char(r.applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
       r.applied_by, r.applied_from, r.duration_us, r.tool_version, r.stamped, r.state = 'incomplete' AS incomplete
  FROM @schema@.revision r
 WHERE r.project = $1
 ORDER BY r.seq
