-- The version of the history's tables.
SELECT m.version, m.tool_version FROM :"schema".meta m;
