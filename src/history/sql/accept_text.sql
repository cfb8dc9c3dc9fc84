-- repair: the file as it is now becomes what is recorded.
UPDATE :"schema".revision AS r
SET header = $3::pg_catalog.text, up = $4::pg_catalog.text, down = $5::pg_catalog.text,
    header_raw = $6::pg_catalog.text, header_norm = $7::pg_catalog.text,
    up_raw = $8::pg_catalog.text, up_norm = $9::pg_catalog.text,
    down_raw = $10::pg_catalog.text, down_norm = $11::pg_catalog.text,
    hash_algorithm = $12::pg_catalog.int4, has_down = $13::pg_catalog.bool,
    irreversible = $14::pg_catalog.text
WHERE r.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
  AND r.id OPERATOR(pg_catalog.=) $2::pg_catalog.text;
