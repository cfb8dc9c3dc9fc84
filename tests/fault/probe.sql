-- In every database of the fault harnesses; the program never sees it.

CREATE SCHEMA probe;
-- -1 where there is no such table
CREATE FUNCTION probe.rows(name text, filter text DEFAULT 'true') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    IF to_regclass(name) IS NULL THEN RETURN -1; END IF;
    EXECUTE format('SELECT count(*) FROM %s WHERE %s', name, filter) INTO n;
    RETURN n;
END $$;
CREATE FUNCTION probe.has_function(name text) RETURNS boolean LANGUAGE sql AS $$
    SELECT EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                   WHERE n.nspname || '.' || p.proname = name)
$$;
-- All that the program works on, and its data.
CREATE FUNCTION probe.state() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text[] := '{}';
    part text[];
    name text;
    sum text;
BEGIN
    SELECT array_agg('relation ' || n.nspname || '.' || c.relname || ' ' || c.relkind::text || ' ' || c.relpersistence::text
                     || coalesce(' ' || i.indisvalid::text || i.indisready::text || ' ' || pg_get_indexdef(i.indexrelid), '')
                     || coalesce(' ' || CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, '')
                     || coalesce(' ' || obj_description(c.oid, 'pg_class'), ''))
    INTO part FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgbraid', 'probe') AND n.nspname !~ '^pg_(toast|temp)';
    found := found || coalesce(part, '{}');
    SELECT array_agg('column ' || n.nspname || '.' || c.relname || '.' || a.attname || ' '
                     || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull::text || a.attidentity::text
                     || coalesce(' ' || pg_get_expr(d.adbin, d.adrelid), ''))
    INTO part FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND n.nspname NOT IN
        ('pg_catalog', 'information_schema', 'pgbraid', 'probe') AND n.nspname !~ '^pg_(toast|temp)';
    found := found || coalesce(part, '{}');
    SELECT array_agg('constraint ' || n.nspname || '.' || c.conname || ' ' || c.convalidated::text || ' '
                     || pg_get_constraintdef(c.oid))
    INTO part FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgbraid', 'probe');
    found := found || coalesce(part, '{}');
    SELECT array_agg('label ' || t.typname || ' ' || labels) INTO part FROM
        (SELECT enumtypid, string_agg(enumlabel, ',' ORDER BY enumsortorder) AS labels FROM pg_enum GROUP BY 1) e
        JOIN pg_type t ON t.oid = e.enumtypid;
    found := found || coalesce(part, '{}');
    SELECT array_agg('function ' || n.nspname || '.' || p.proname || ' ' || md5(p.prosrc))
    INTO part FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgbraid', 'probe');
    found := found || coalesce(part, '{}');
    SELECT array_agg('schema ' || nspname) INTO part FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pgbraid', 'probe') AND nspname !~ '^pg_(toast|temp)';
    found := found || coalesce(part, '{}');
    FOR name IN SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgbraid', 'probe')
        AND n.nspname !~ '^pg_(toast|temp)'
    LOOP
        EXECUTE format('SELECT count(*) || '' '' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM %s t', name)
        INTO sum;
        found := found || ('data ' || name || ' ' || sum);
    END LOOP;
    RETURN (SELECT coalesce(string_agg(f, E'\n' ORDER BY f COLLATE "C"), '') FROM unnest(found) f);
END $$;

-- That and each row of pgbraid's own tables: equal before and after, nothing was committed.
CREATE FUNCTION probe.everything() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text := probe.state();
    name text;
    sum text;
BEGIN
    FOR name IN SELECT c.oid::regclass FROM pg_class c
        WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace('pgbraid') ORDER BY c.relname
    LOOP
        EXECUTE format('SELECT count(*) || '' '' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM %s t', name)
        INTO sum;
        found := found || E'\n' || name || ' ' || sum;
    END LOOP;
    RETURN found;
END $$;
