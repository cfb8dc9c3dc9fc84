-- Records the version of the schema; the last statement of its creation or upgrade.
INSERT INTO :"schema".meta AS m (version, tool_version)
VALUES ($1::pg_catalog.int4, $2::pg_catalog.text)
ON CONFLICT (one) DO UPDATE
SET version = excluded.version, tool_version = excluded.tool_version,
    changed_at = pg_catalog.clock_timestamp();
