-- A schema that uses every kind of object that the catalog model holds, for the tests of verify.
-- Roles wide_owner, wide_reader and "Wide Writer" are there before.

CREATE SCHEMA shop AUTHORIZATION wide_owner;
COMMENT ON SCHEMA shop IS 'Orders and stock';
CREATE SCHEMA "odd.place ""x""";
SET search_path = shop, public;

CREATE EXTENSION btree_gist WITH SCHEMA public;
CREATE EXTENSION pg_trgm WITH SCHEMA public VERSION '1.5';

CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s fine', 'happy');
COMMENT ON TYPE mood IS 'How a customer felt';
CREATE TYPE place AS (street text, zip varchar(10), lat numeric(8,5));
CREATE DOMAIN email AS text COLLATE "C" DEFAULT 'nobody@example.org' NOT NULL
    CONSTRAINT email_has_at CHECK (VALUE LIKE '%@%');
COMMENT ON CONSTRAINT email_has_at ON DOMAIN email IS 'Not more than this';
CREATE DOMAIN grade AS int CHECK (VALUE BETWEEN 1 AND 6);
CREATE FUNCTION span_diff(a timestamptz, b timestamptz) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT
    AS 'SELECT extract(epoch FROM a - b)';
CREATE TYPE span AS RANGE (subtype = timestamptz, subtype_diff = span_diff, multirange_type_name = spans);
CREATE TYPE word_range AS RANGE (subtype = text, collation = "C");

CREATE SEQUENCE ticket AS int INCREMENT 5 MINVALUE 5 MAXVALUE 90000 START 10 CACHE 3 CYCLE;
COMMENT ON SEQUENCE ticket IS 'Numbers handed out at the counter';
CREATE UNLOGGED SEQUENCE scratch_numbers;

CREATE TABLE customer (
    id bigint GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 10) PRIMARY KEY,
    name varchar(80) NOT NULL,
    mail email,
    born date CONSTRAINT customer_born_sane CHECK (born > DATE '1900-01-01'),
    status varchar(12) NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'active', 'gone')),
    felt mood DEFAULT 'ok',
    home place,
    marks int[] DEFAULT '{1,2}',
    bio text COLLATE "C",
    balance numeric(12,2) NOT NULL DEFAULT 0,
    shout text GENERATED ALWAYS AS (upper(name)) STORED,
    seen timestamptz NOT NULL DEFAULT now(),
    grade grade,
    CONSTRAINT customer_name_status UNIQUE (name, status)
) WITH (fillfactor = 80, toast.autovacuum_enabled = false);
COMMENT ON TABLE customer IS 'People who buy';
COMMENT ON COLUMN customer.name IS 'As they write it';
COMMENT ON CONSTRAINT customer_born_sane ON customer IS 'Nobody is older';
ALTER TABLE customer ALTER bio SET STORAGE EXTERNAL, ALTER name SET STATISTICS 300,
    ALTER name SET (n_distinct = -0.5), ALTER bio SET COMPRESSION pglz;
ALTER TABLE customer OWNER TO wide_owner;

CREATE TABLE item (
    id serial PRIMARY KEY,
    code text NOT NULL CONSTRAINT item_code_key UNIQUE DEFERRABLE INITIALLY DEFERRED,
    price numeric(10,2) NOT NULL CHECK (price >= 0),
    parent_id int CONSTRAINT item_parent REFERENCES item ON DELETE SET NULL ON UPDATE CASCADE,
    kind smallint NOT NULL DEFAULT 1,
    note text
);
CREATE UNLOGGED TABLE scratchpad (id int, body text);
CREATE TABLE booking (
    id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE,
    item_id int NOT NULL,
    during span NOT NULL,
    CONSTRAINT booking_item FOREIGN KEY (item_id) REFERENCES item ON DELETE RESTRICT,
    CONSTRAINT booking_no_overlap EXCLUDE USING gist (item_id WITH =, during WITH &&) WHERE (item_id > 0)
);
ALTER TABLE booking ADD CONSTRAINT booking_recent CHECK (lower(during) > TIMESTAMPTZ '2000-01-01 00:00+00') NOT VALID;

-- partitions
CREATE TABLE reading (
    day date NOT NULL,
    sensor int NOT NULL,
    value float8 CHECK (value > -100),
    booking_id uuid REFERENCES booking ON DELETE CASCADE,
    PRIMARY KEY (day, sensor)
) PARTITION BY RANGE (day);
CREATE TABLE reading_2024 PARTITION OF reading FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE reading_2025 PARTITION OF reading FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (sensor);
CREATE TABLE reading_2025_a PARTITION OF reading_2025 FOR VALUES IN (1, 2);
CREATE TABLE reading_rest PARTITION OF reading DEFAULT;
CREATE INDEX reading_sensor ON reading (sensor);
CREATE TABLE alarm (id int PRIMARY KEY, day date, sensor int,
    FOREIGN KEY (day, sensor) REFERENCES reading ON DELETE SET NULL);
CREATE TABLE bucket (id int, v text) PARTITION BY HASH (id);
CREATE TABLE bucket_0 PARTITION OF bucket FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE bucket_1 PARTITION OF bucket FOR VALUES WITH (MODULUS 2, REMAINDER 1);

-- inheritance, typed
CREATE TABLE animal (id int, name text NOT NULL DEFAULT 'x', CHECK (id > 0));
CREATE TABLE dog (breed text) INHERITS (animal);
CREATE TABLE cat (name text) INHERITS (animal);
CREATE TYPE point_of_sale AS (id int, label text);
CREATE TABLE pos OF point_of_sale (id PRIMARY KEY);

-- indexes
CREATE INDEX customer_status_seen ON customer (status, seen DESC NULLS LAST);
CREATE INDEX customer_lower_name ON customer (lower(name::text) text_pattern_ops);
CREATE UNIQUE INDEX customer_active ON customer (name) INCLUDE (mail, balance) WHERE status IN ('active', 'new');
CREATE INDEX customer_bio_trgm ON customer USING gin (bio public.gin_trgm_ops);
CREATE INDEX item_note ON item USING hash (note);
CREATE INDEX item_price ON item (price) WITH (fillfactor = 70);
CREATE UNIQUE INDEX item_kind_note ON item (kind, note) NULLS NOT DISTINCT;
CREATE INDEX item_expr ON item ((price * 2));
ALTER INDEX item_expr ALTER COLUMN 1 SET STATISTICS 500;
COMMENT ON INDEX item_price IS 'For the sorted list';
ALTER TABLE item CLUSTER ON item_price;
ALTER TABLE item REPLICA IDENTITY FULL;
ALTER TABLE scratchpad REPLICA IDENTITY NOTHING;
CREATE STATISTICS customer_dep (dependencies, ndistinct) ON status, felt FROM customer;
CREATE STATISTICS customer_expr ON lower(name), status FROM customer;
COMMENT ON STATISTICS customer_dep IS 'They go together';
ALTER STATISTICS customer_dep SET STATISTICS 200;

-- views
CREATE VIEW active_customer WITH (security_barrier) AS
    SELECT id, name, status FROM customer WHERE status IN ('active', 'new') WITH LOCAL CHECK OPTION;
COMMENT ON VIEW active_customer IS 'Who is here';
COMMENT ON COLUMN active_customer.name IS 'The same';
ALTER VIEW active_customer ALTER COLUMN status SET DEFAULT 'active';
CREATE VIEW totals AS SELECT c.name, count(*) AS n, sum(b.item_id) AS s FROM customer c JOIN booking b ON b.customer_id = c.id GROUP BY c.name;
CREATE MATERIALIZED VIEW mood_count AS SELECT felt, count(*) AS n FROM customer GROUP BY felt;
CREATE UNIQUE INDEX mood_count_felt ON mood_count (felt);
COMMENT ON MATERIALIZED VIEW mood_count IS 'Every night';

-- functions
CREATE FUNCTION area(w float8, h float8 DEFAULT 1) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5 AS 'SELECT w * h';
CREATE FUNCTION area(w int) RETURNS int LANGUAGE sql AS 'SELECT w';
COMMENT ON FUNCTION area(float8, float8) IS 'Flat';
CREATE FUNCTION whoami() RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    -- a comment, with a 'quote' and (ARRAY['a'::varchar])::text[]
    RETURN current_user;
END
$$;
CREATE FUNCTION many(n int) RETURNS SETOF text LANGUAGE sql ROWS 50 STRICT LEAKPROOF AS $$ SELECT 'x'::text FROM generate_series(1, n) $$;
CREATE FUNCTION atomic(s varchar) RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT s IN ('a', 'b'); END;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.seen := now(); RETURN NEW; END $$;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE PROCEDURE tidy(IN n int, INOUT done int) LANGUAGE plpgsql AS $$ BEGIN done := n; END $$;
COMMENT ON PROCEDURE tidy(int, int) IS 'At night';
CREATE FUNCTION pick(state int, v int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT coalesce($1, 0) + $2';
CREATE FUNCTION pick_back(state int, v int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 - $2';
CREATE FUNCTION pick_end(state int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE AGGREGATE total(int) (SFUNC = pick, STYPE = int, FINALFUNC = pick_end, INITCOND = '0', COMBINEFUNC = pick,
    MSFUNC = pick, MINVFUNC = pick_back, MSTYPE = int, MINITCOND = '0', MFINALFUNC = pick_end, PARALLEL = SAFE);
CREATE AGGREGATE everything(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
CREATE AGGREGATE smallest(int) (SFUNC = int4smaller, STYPE = int, SORTOP = <);
CREATE AGGREGATE percent(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal,
    FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
COMMENT ON AGGREGATE total(int) IS 'Adds up';
CREATE FUNCTION note_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION note_ddl();
COMMENT ON EVENT TRIGGER watch IS 'Nothing yet';

-- triggers, rules
CREATE TRIGGER customer_stamp BEFORE UPDATE OF name, status ON customer FOR EACH ROW WHEN (NEW.name <> OLD.name) EXECUTE FUNCTION stamp();
COMMENT ON TRIGGER customer_stamp ON customer IS 'Keeps the clock';
CREATE TRIGGER item_watch AFTER INSERT ON item REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE CONSTRAINT TRIGGER item_late AFTER UPDATE ON item DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse('a', 'b');
CREATE TRIGGER reading_watch AFTER INSERT ON reading FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER totals_instead INSTEAD OF INSERT ON totals FOR EACH ROW EXECUTE FUNCTION refuse();
ALTER TABLE item DISABLE TRIGGER item_watch;
CREATE RULE scratch_quiet AS ON DELETE TO scratchpad WHERE OLD.id IN (1, 2) DO INSTEAD NOTHING;
CREATE RULE scratch_log AS ON INSERT TO scratchpad DO ALSO NOTIFY scratch;
COMMENT ON RULE scratch_quiet ON scratchpad IS 'Two stay';

-- row security
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
ALTER TABLE item ENABLE ROW LEVEL SECURITY;
ALTER TABLE item FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON customer FOR SELECT TO wide_reader, "Wide Writer" USING (status IN ('active', 'new'));
CREATE POLICY write_own ON customer AS RESTRICTIVE FOR UPDATE USING (true) WITH CHECK (balance > 0);
COMMENT ON POLICY own ON customer IS 'Only theirs';

-- grants
GRANT USAGE ON SCHEMA shop TO wide_reader;
GRANT SELECT ON customer TO wide_reader, "Wide Writer";
GRANT INSERT, UPDATE ON item TO "Wide Writer" WITH GRANT OPTION;
GRANT UPDATE (note) ON item TO wide_reader;
GRANT USAGE ON SEQUENCE ticket TO wide_reader;
REVOKE EXECUTE ON FUNCTION whoami() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION whoami() TO wide_reader;
REVOKE ALL ON TYPE mood FROM PUBLIC;
GRANT USAGE ON TYPE mood TO wide_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO wide_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE wide_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- publications
CREATE PUBLICATION everything_new FOR ALL TABLES WITH (publish = 'insert');
CREATE PUBLICATION selected FOR TABLE customer (id, name, seen), item WHERE (price > 10), alarm WITH (publish_via_partition_root);
CREATE PUBLICATION whole_schema FOR TABLES IN SCHEMA "odd.place ""x""";
COMMENT ON PUBLICATION everything_new IS 'For the warehouse';

-- hostile names
CREATE TABLE "odd.place ""x"""."a.b ""c"" = ', (d)
e" ("select" int PRIMARY KEY, "col.umn" text DEFAULT E'a\nb\\c' CHECK ("col.umn" <> E'\t'), "ünïcode ✓" int, "  blank " int);
COMMENT ON TABLE "odd.place ""x"""."a.b ""c"" = ', (d)
e" IS E'first line\n  second: line\n"quoted"\n';
CREATE INDEX "in.dex ""y""" ON "odd.place ""x"""."a.b ""c"" = ', (d)
e" ("col.umn");
CREATE FUNCTION "odd.place ""x"""."f(x"(") y" int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE "odd.place ""x"""."en.um" AS ENUM ('a''b', 'c, d', E'e\nf', '"');
GRANT SELECT ON "odd.place ""x"""."a.b ""c"" = ', (d)
e" TO "Wide Writer";
