-- Tablespaces of the users of this server.
SELECT t.spcname FROM pg_catalog.pg_tablespace t WHERE t.spcname !~ '^pg_' ORDER BY 1
