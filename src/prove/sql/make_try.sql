-- Runs a query over values that may make it fail; what went wrong is its answer then.
CREATE OR REPLACE FUNCTION pg_temp.pgb_try(query pg_catalog.text, vals pg_catalog.text[])
RETURNS pg_catalog.text LANGUAGE plpgsql AS $try$
DECLARE
    answer pg_catalog.text;
BEGIN
    EXECUTE query INTO answer USING vals;
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    RETURN '!' || SQLSTATE || ' ' || SQLERRM;
END
$try$
