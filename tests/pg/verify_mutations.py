"""The mutations of test_verify_mutations.py: single changes that a person can make by SQL, each with what
verify must say of it and the columns of pg_catalog that it changes; and the columns that need none, with the reason.

M(schema, sql, expect, covers, others, undo)

schema: "wide" (wide_schema.sql), "therapy" or "chat". expect: "kind object" or "kind object: property", a shell
pattern; a difference that fits must be there. others: further differences that may be. Any that fits none of these
fails. covers: "catalog.column" separated by blanks; the test sees that each really changed. undo: MEND: the SQL that
verify gives must make the schema as it was; RESTORE: the database is made anew; else SQL.
"""

MEND, RESTORE = "mend", "restore"


class M:
    def __init__(self, schema, sql, expect, covers="", others=(), undo=MEND):
        self.schema, self.sql, self.expect, self.undo = schema, sql, expect, undo
        self.covers = covers.split()
        self.others = [others] if isinstance(others, str) else list(others)


# What has SQL for each difference, and is yet not as it was after it: why.
NOT_MENDED = {
    "CREATE TABLE shop.living (id int); ALTER TABLE shop.dog INHERIT shop.living":
        "no SQL makes a column again one that is only inherited",
    "ALTER EXTENSION pg_trgm UPDATE TO '1.6'": "the server has no way back to that version",
}


def W(*arguments, **named):
    return M("wide", *arguments, **named)



ODD = '''"odd.place ""x"""."a.b ""c"" = ', (d)\ne"'''

MUTATIONS = [
    # ---- schemas
    W("CREATE SCHEMA extra", "schema extra", "pg_namespace.nspname"),
    W("ALTER SCHEMA shop OWNER TO wide_reader", "schema shop: owner", "pg_namespace.nspowner", "schema shop: acl"),
    W("GRANT CREATE ON SCHEMA shop TO wide_reader", "schema shop: acl", "pg_namespace.nspacl"),
    W("REVOKE USAGE ON SCHEMA public FROM PUBLIC", "schema public: acl"),
    W("COMMENT ON SCHEMA shop IS 'Another'", "schema shop: comment", "pg_description.description"),
    W("COMMENT ON SCHEMA shop IS NULL", "schema shop: comment",
      "pg_description.objoid pg_description.classoid pg_description.objsubid"),

    # ---- tables
    W("CREATE TABLE shop.fresh (id int)", "table shop.fresh",
      "pg_class.relname pg_class.relkind pg_class.relnatts pg_attribute.attrelid pg_attribute.attname pg_attribute.attnum"),
    W("DROP TABLE shop.scratchpad", "table shop.scratchpad", "pg_class.relhasrules"),
    W("DROP TABLE shop.alarm", "table shop.alarm", "pg_class.relhastriggers pg_constraint.confrelid",
      "publication selected: tables"),
    W("DROP TABLE shop.bucket CASCADE", "table shop.bucket", "pg_partitioned_table.partrelid pg_partitioned_table.partstrat",
      "table shop.bucket_*"),
    W("ALTER TABLE shop.alarm RENAME TO alert", "table shop.alert", "pg_class.relname",
      ["table shop.alarm", "publication selected: tables"]),
    W("ALTER TABLE shop.alarm SET SCHEMA public", "table public.alarm",
      "pg_class.relnamespace pg_constraint.connamespace", ["table shop.alarm", "publication selected: tables"]),
    W("ALTER TABLE shop.item OWNER TO wide_owner", "table shop.item: owner", "pg_class.relowner",
      ["sequence shop.item_id_seq: owner", "table shop.item: acl"]),
    W("ALTER TABLE shop.pos SET UNLOGGED", "table shop.pos: persistence", "pg_class.relpersistence"),
    W("ALTER TABLE shop.scratchpad SET LOGGED", "table shop.scratchpad: persistence"),
    W("ALTER TABLE shop.alarm ENABLE ROW LEVEL SECURITY", "table shop.alarm: row_security", "pg_class.relrowsecurity"),
    W("ALTER TABLE shop.customer DISABLE ROW LEVEL SECURITY", "table shop.customer: row_security"),
    W("ALTER TABLE shop.item NO FORCE ROW LEVEL SECURITY", "table shop.item: force_row_security",
      "pg_class.relforcerowsecurity"),
    W("ALTER TABLE shop.customer FORCE ROW LEVEL SECURITY", "table shop.customer: force_row_security"),
    W("ALTER TABLE shop.item REPLICA IDENTITY DEFAULT", "table shop.item: replica_identity", "pg_class.relreplident"),
    W("ALTER TABLE shop.alarm REPLICA IDENTITY USING INDEX alarm_pkey", "table shop.alarm: replica_identity",
      "pg_index.indisreplident"),
    W("ALTER TABLE shop.scratchpad REPLICA IDENTITY FULL", "table shop.scratchpad: replica_identity"),
    W("ALTER TABLE shop.customer SET (fillfactor = 60)", "table shop.customer: options", "pg_class.reloptions"),
    W("ALTER TABLE shop.alarm SET (autovacuum_enabled = off, fillfactor = 50)", "table shop.alarm: options"),
    W("ALTER TABLE shop.customer RESET (toast.autovacuum_enabled)", "table shop.customer: toast_options"),
    W("GRANT DELETE ON shop.alarm TO wide_reader", "table shop.alarm: acl", "pg_class.relacl"),
    W("GRANT SELECT ON shop.customer TO wide_reader WITH GRANT OPTION", "table shop.customer: acl"),
    W("REVOKE SELECT ON shop.customer FROM wide_reader", "table shop.customer: acl"),
    W("REVOKE ALL ON shop.alarm FROM postgres", "table shop.alarm: acl"),
    W("GRANT SELECT ON shop.alarm TO PUBLIC", "table shop.alarm: acl"),
    W("COMMENT ON TABLE shop.customer IS 'Nobody''s'", "table shop.customer: comment"),
    W("COMMENT ON TABLE shop.alarm IS 'New'", "table shop.alarm: comment"),
    W("ALTER TABLE shop.pos NOT OF", "table shop.pos: of_type", "pg_class.reloftype"),
    W("ALTER TABLE shop.dog NO INHERIT shop.animal", "table shop.dog: inherits",
      "pg_inherits.inhrelid pg_inherits.inhparent pg_attribute.attinhcount pg_attribute.attislocal pg_constraint.coninhcount "
      "pg_constraint.conislocal", ["column shop.dog.*: inherited", "constraint shop.dog.animal_id_check: inherited"],
      undo=RESTORE),
    W("CREATE TABLE shop.living (id int); ALTER TABLE shop.dog INHERIT shop.living", "table shop.dog: inherits",
      "pg_inherits.inhseqno", "table shop.living", undo=RESTORE),
    W("ALTER TABLE shop.alarm SET TABLESPACE wide_space", "table shop.alarm: tablespace", "pg_class.reltablespace"),

    # ---- partitions
    W("ALTER TABLE shop.bucket DETACH PARTITION shop.bucket_1", "table shop.bucket_1: partition_of",
      "pg_class.relispartition", ["table shop.bucket_1: *", "column shop.bucket_1.*: inherited"]),
    W("ALTER TABLE shop.reading DETACH PARTITION shop.reading_2024; ALTER TABLE shop.reading ATTACH PARTITION shop.reading_2024 "
      "FOR VALUES FROM ('2024-01-01') TO ('2024-07-01')", "table shop.reading_2024: bound", "pg_class.relpartbound"),
    W("CREATE TABLE shop.reading_2023 PARTITION OF shop.reading FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')",
      "table shop.reading_2023"),
    W("ALTER TABLE shop.reading DETACH PARTITION shop.reading_rest", "table shop.reading_rest: partition_of",
      "pg_partitioned_table.partdefid", ["table shop.reading_rest: bound", "* shop.reading_rest*"], undo=RESTORE),
    W("DROP TABLE shop.bucket CASCADE; CREATE TABLE shop.bucket (id int, v text) PARTITION BY HASH (v); "
      "CREATE TABLE shop.bucket_0 PARTITION OF shop.bucket FOR VALUES WITH (MODULUS 2, REMAINDER 0); "
      "CREATE TABLE shop.bucket_1 PARTITION OF shop.bucket FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
      "table shop.bucket: partition_by",
      "pg_partitioned_table.partattrs pg_partitioned_table.partclass pg_partitioned_table.partcollation",
      "table shop.bucket*: acl", undo=RESTORE),
    W("DROP TABLE shop.bucket CASCADE; CREATE TABLE shop.bucket (id int, v text) PARTITION BY HASH (id, (upper(v))); "
      "CREATE TABLE shop.bucket_0 PARTITION OF shop.bucket FOR VALUES WITH (MODULUS 2, REMAINDER 0); "
      "CREATE TABLE shop.bucket_1 PARTITION OF shop.bucket FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
      "table shop.bucket: partition_by", "pg_partitioned_table.partexprs pg_partitioned_table.partnatts",
      "table shop.bucket*: acl", undo=RESTORE),
    W("ALTER TABLE shop.reading ADD COLUMN quality int", "column shop.reading.quality"),

    # ---- columns
    W("ALTER TABLE shop.item ADD COLUMN colour text NOT NULL DEFAULT 'red'", "column shop.item.colour",
      "pg_attribute.attnum pg_attribute.atthasdef pg_attrdef.adrelid pg_attrdef.adnum pg_attribute.atthasmissing "
      "pg_attribute.attmissingval"),
    W("ALTER TABLE shop.alarm DROP COLUMN id", "column shop.alarm.id", "pg_attribute.attisdropped pg_attribute.atttypid",
      "constraint shop.alarm.alarm_pkey"),
    W("ALTER TABLE shop.item RENAME COLUMN note TO remark", "column shop.item.remark", "pg_attribute.attname",
      ["column shop.item.note", "index shop.item_note: definition", "index shop.item_kind_note: definition"]),
    W("ALTER TABLE shop.item ALTER kind TYPE int", "column shop.item.kind: type", "pg_attribute.atttypid"),
    W("ALTER TABLE shop.scratchpad ALTER body TYPE varchar(9)", "column shop.scratchpad.body: type", "pg_attribute.atttypmod"),
    W("ALTER TABLE shop.item ALTER note SET NOT NULL", "column shop.item.note: not_null", "pg_attribute.attnotnull"),
    W("ALTER TABLE shop.customer ALTER seen DROP NOT NULL", "column shop.customer.seen: not_null"),
    W("ALTER TABLE shop.item ALTER kind SET DEFAULT 2", "column shop.item.kind: default", "pg_attrdef.adbin"),
    W("ALTER TABLE shop.item ALTER kind DROP DEFAULT", "column shop.item.kind: default", "pg_attribute.atthasdef"),
    W("ALTER TABLE shop.customer ALTER mail SET DEFAULT 'a@b'", "column shop.customer.mail: default"),
    W("ALTER TABLE shop.customer ALTER id SET GENERATED BY DEFAULT", "column shop.customer.id: identity_column",
      "pg_attribute.attidentity"),
    W("ALTER TABLE shop.customer ALTER id DROP IDENTITY", "column shop.customer.id: identity_column", "",
      "sequence shop.customer_id_seq*"),
    W("ALTER TABLE shop.alarm ALTER id ADD GENERATED ALWAYS AS IDENTITY", "column shop.alarm.id: identity_column"),
    W("ALTER TABLE shop.customer ALTER shout DROP EXPRESSION", "column shop.customer.shout: generated",
      "pg_attribute.attgenerated", ["column shop.customer.shout: position", "column shop.customer.*: position"]),
    W("ALTER TABLE shop.customer DROP shout; ALTER TABLE shop.customer ADD shout text GENERATED ALWAYS AS (lower(name)) STORED",
      "column shop.customer.shout: generated", "", "column shop.customer.*: position"),
    W("ALTER TABLE shop.scratchpad ALTER body TYPE text COLLATE \"C\"", "column shop.scratchpad.body: collation",
      "pg_attribute.attcollation"),
    W("ALTER TABLE shop.item ALTER note SET STORAGE EXTERNAL", "column shop.item.note: storage", "pg_attribute.attstorage"),
    W("ALTER TABLE shop.customer ALTER bio SET STORAGE MAIN", "column shop.customer.bio: storage"),
    W("ALTER TABLE shop.item ALTER price SET STORAGE PLAIN", "column shop.item.price: storage"),
    W("ALTER TABLE shop.item ALTER note SET COMPRESSION pglz", "column shop.item.note: compression",
      "pg_attribute.attcompression"),
    W("ALTER TABLE shop.customer ALTER bio SET COMPRESSION default", "column shop.customer.bio: compression"),
    W("ALTER TABLE shop.customer ALTER name SET STATISTICS 10", "column shop.customer.name: statistics_target",
      "pg_attribute.attstattarget"),
    W("ALTER TABLE shop.item ALTER note SET STATISTICS 0", "column shop.item.note: statistics_target"),
    W("ALTER TABLE shop.customer ALTER name SET (n_distinct = 7)", "column shop.customer.name: options",
      "pg_attribute.attoptions"),
    W("ALTER TABLE shop.item ALTER note SET (n_distinct_inherited = 5)", "column shop.item.note: options"),
    W("GRANT SELECT (price) ON shop.item TO wide_reader", "column shop.item.price: acl", "pg_attribute.attacl"),
    W("REVOKE UPDATE (note) ON shop.item FROM wide_reader", "column shop.item.note: acl"),
    W("GRANT INSERT (note) ON shop.item TO wide_reader", "column shop.item.note: acl"),
    W("COMMENT ON COLUMN shop.customer.name IS 'x'", "column shop.customer.name: comment"),
    W("COMMENT ON COLUMN shop.active_customer.name IS NULL", "column shop.active_customer.name: comment"),
    W(f'ALTER TABLE {ODD} ALTER "col.umn" SET DEFAULT E\'b\\n\'', '*"col.umn": default'),
    W(f'ALTER TABLE {ODD} DROP "  blank "', '*"  blank "'),
    W(f"COMMENT ON TABLE {ODD} IS 'tame'", "table *: comment"),

    # ---- constraints
    W("ALTER TABLE shop.item DROP CONSTRAINT item_price_check", "constraint shop.item.item_price_check",
      "pg_constraint.conname pg_constraint.contype pg_constraint.conrelid pg_class.relchecks"),
    W("ALTER TABLE shop.item ADD CONSTRAINT item_kind CHECK (kind > 0)", "constraint shop.item.item_kind"),
    W("ALTER TABLE shop.item DROP CONSTRAINT item_price_check, ADD CONSTRAINT item_price_check CHECK (price >= 1)",
      "constraint shop.item.item_price_check: definition", "pg_constraint.conbin"),
    W("ALTER TABLE shop.customer DROP CONSTRAINT customer_status_check, ADD CONSTRAINT customer_status_check "
      "CHECK (status IN ('new', 'active', 'gone', 'back'))", "constraint shop.customer.customer_status_check: definition"),
    W("ALTER TABLE shop.animal DROP CONSTRAINT animal_id_check, ADD CONSTRAINT animal_id_check CHECK (id > 0) NO INHERIT",
      "constraint shop.animal.animal_id_check: definition", "pg_constraint.connoinherit",
      "constraint shop.*.animal_id_check"),
    W("ALTER TABLE shop.booking VALIDATE CONSTRAINT booking_recent", "constraint shop.booking.booking_recent: definition",
      "pg_constraint.convalidated"),
    W("ALTER TABLE shop.booking DROP CONSTRAINT booking_item, ADD CONSTRAINT booking_item FOREIGN KEY (item_id) "
      "REFERENCES shop.item ON DELETE RESTRICT NOT VALID", "constraint shop.booking.booking_item: definition"),
    W("ALTER TABLE shop.booking DROP CONSTRAINT booking_item, ADD CONSTRAINT booking_item FOREIGN KEY (item_id) "
      "REFERENCES shop.item ON DELETE CASCADE", "constraint shop.booking.booking_item: definition",
      "pg_constraint.confdeltype"),
    W("ALTER TABLE shop.booking DROP CONSTRAINT booking_item, ADD CONSTRAINT booking_item FOREIGN KEY (item_id) "
      "REFERENCES shop.item ON DELETE RESTRICT ON UPDATE CASCADE", "constraint shop.booking.booking_item: definition",
      "pg_constraint.confupdtype"),
    W("ALTER TABLE shop.alarm DROP CONSTRAINT alarm_day_sensor_fkey, ADD CONSTRAINT alarm_day_sensor_fkey FOREIGN KEY (day, sensor) "
      "REFERENCES shop.reading MATCH FULL ON DELETE SET NULL", "constraint shop.alarm.alarm_day_sensor_fkey: definition",
      "pg_constraint.confmatchtype"),
    W("ALTER TABLE shop.alarm DROP CONSTRAINT alarm_day_sensor_fkey, ADD CONSTRAINT alarm_day_sensor_fkey FOREIGN KEY (day, sensor) "
      "REFERENCES shop.reading ON DELETE SET NULL (sensor)", "constraint shop.alarm.alarm_day_sensor_fkey: definition",
      "pg_constraint.confdelsetcols"),
    W("ALTER TABLE shop.booking ALTER CONSTRAINT booking_item DEFERRABLE",
      "constraint shop.booking.booking_item: definition", "pg_constraint.condeferrable pg_trigger.tgdeferrable"),
    W("ALTER TABLE shop.booking ALTER CONSTRAINT booking_customer_id_fkey DEFERRABLE INITIALLY DEFERRED",
      "constraint shop.booking.booking_customer_id_fkey: definition", "pg_constraint.condeferred pg_trigger.tginitdeferred"),
    W("ALTER TABLE shop.booking ALTER CONSTRAINT booking_customer_id_fkey NOT DEFERRABLE",
      "constraint shop.booking.booking_customer_id_fkey: definition"),
    W("ALTER TABLE shop.item DROP CONSTRAINT item_parent", "constraint shop.item.item_parent",
      "pg_constraint.confrelid pg_constraint.confkey pg_constraint.conkey pg_trigger.tgconstraint pg_trigger.tgconstrrelid"),
    W("ALTER TABLE shop.booking DROP CONSTRAINT booking_item, ADD CONSTRAINT booking_item FOREIGN KEY (item_id) "
      "REFERENCES shop.alarm ON DELETE RESTRICT", "constraint shop.booking.booking_item: definition",
      "pg_constraint.confrelid"),
    W("ALTER TABLE shop.item RENAME CONSTRAINT item_parent TO item_above", "constraint shop.item.item_above",
      "pg_constraint.conname", "constraint shop.item.item_parent"),
    W("ALTER TABLE shop.customer DROP CONSTRAINT customer_name_status", "constraint shop.customer.customer_name_status",
      "pg_index.indexrelid pg_constraint.conindid"),
    W("ALTER TABLE shop.customer DROP CONSTRAINT customer_name_status, ADD CONSTRAINT customer_name_status UNIQUE (status, name)",
      "constraint shop.customer.customer_name_status: definition", "pg_constraint.conkey"),
    W("ALTER TABLE shop.customer DROP CONSTRAINT customer_name_status, ADD CONSTRAINT customer_name_status UNIQUE (name, status) INCLUDE (born)",
      "constraint shop.customer.customer_name_status: definition", "pg_index.indnatts"),
    W("ALTER TABLE shop.customer DROP CONSTRAINT customer_name_status, ADD CONSTRAINT customer_name_status UNIQUE NULLS NOT DISTINCT (name, status)",
      "constraint shop.customer.customer_name_status: definition"),
    W("ALTER TABLE shop.item DROP CONSTRAINT item_code_key, ADD CONSTRAINT item_code_key UNIQUE (code)",
      "constraint shop.item.item_code_key: definition", "pg_index.indimmediate"),
    W("ALTER TABLE shop.alarm DROP CONSTRAINT alarm_pkey", "constraint shop.alarm.alarm_pkey", "pg_index.indisprimary"),
    W("ALTER TABLE shop.alarm DROP CONSTRAINT alarm_pkey, ADD CONSTRAINT alarm_pkey UNIQUE (id)",
      "constraint shop.alarm.alarm_pkey: definition", "pg_constraint.contype"),
    W("ALTER TABLE shop.booking DROP CONSTRAINT booking_no_overlap", "constraint shop.booking.booking_no_overlap",
      "pg_index.indisexclusion"),
    W("ALTER TABLE shop.booking DROP CONSTRAINT booking_no_overlap, ADD CONSTRAINT booking_no_overlap "
      "EXCLUDE USING gist (item_id WITH =, during WITH -|-) WHERE (item_id > 0)",
      "constraint shop.booking.booking_no_overlap: definition", "pg_constraint.conexclop"),
    W("ALTER TABLE shop.booking DROP CONSTRAINT booking_no_overlap, ADD CONSTRAINT booking_no_overlap "
      "EXCLUDE USING gist (item_id WITH =, during WITH &&) WHERE (item_id > 1)",
      "constraint shop.booking.booking_no_overlap: definition", "pg_index.indpred", "index shop.booking_no_overlap: definition"),
    W("ALTER TABLE shop.item DISABLE TRIGGER ALL", "constraint shop.item.item_parent: enforcement", "pg_trigger.tgenabled",
      ["constraint *: enforcement", "trigger shop.item.*: enabled"]),
    W("COMMENT ON CONSTRAINT customer_born_sane ON shop.customer IS NULL",
      "constraint shop.customer.customer_born_sane: comment"),
    W("COMMENT ON CONSTRAINT email_has_at ON DOMAIN shop.email IS 'Other'", "domain constraint shop.email.email_has_at: comment"),
    W("ALTER TABLE shop.reading DROP CONSTRAINT reading_booking_id_fkey", "constraint shop.reading.reading_booking_id_fkey",
      "pg_constraint.conparentid"),
    W("ALTER TABLE shop.reading ADD CONSTRAINT sensor_known CHECK (sensor < 1000)", "constraint shop.reading.sensor_known"),

    # ---- indexes
    W("CREATE INDEX item_note_2 ON shop.item (note)", "index shop.item_note_2",
      "pg_index.indexrelid pg_index.indrelid pg_index.indkey pg_index.indclass pg_index.indoption pg_index.indcollation "
      "pg_index.indnkeyatts"),
    W("DROP INDEX shop.item_note", "index shop.item_note"),
    W("DROP INDEX shop.customer_active", "index shop.customer_active", "pg_index.indpred pg_index.indnatts"),
    W("ALTER INDEX shop.item_note RENAME TO item_remark", "index shop.item_remark", "pg_class.relname",
      "index shop.item_note"),
    W("DROP INDEX shop.customer_status_seen; CREATE INDEX customer_status_seen ON shop.customer (status, seen DESC NULLS FIRST)",
      "index shop.customer_status_seen: definition", "pg_index.indoption"),
    W("DROP INDEX shop.customer_status_seen; CREATE INDEX customer_status_seen ON shop.customer (status, seen)",
      "index shop.customer_status_seen: definition"),
    W("DROP INDEX shop.customer_status_seen; CREATE INDEX customer_status_seen ON shop.customer (seen DESC NULLS LAST, status)",
      "index shop.customer_status_seen: definition", "pg_index.indkey"),
    W("DROP INDEX shop.customer_status_seen; CREATE INDEX customer_status_seen ON shop.customer (status COLLATE \"C\", seen DESC NULLS LAST)",
      "index shop.customer_status_seen: definition", "pg_index.indcollation"),
    W("DROP INDEX shop.customer_status_seen; CREATE INDEX customer_status_seen ON shop.customer (status varchar_pattern_ops, seen DESC NULLS LAST)",
      "index shop.customer_status_seen: definition", "pg_index.indclass"),
    W("DROP INDEX shop.customer_status_seen; CREATE INDEX customer_status_seen ON shop.customer (status, seen DESC NULLS LAST) INCLUDE (born)",
      "index shop.customer_status_seen: definition", "pg_index.indnatts"),
    W("DROP INDEX shop.customer_lower_name; CREATE INDEX customer_lower_name ON shop.customer (upper(name) text_pattern_ops)",
      "index shop.customer_lower_name: definition", "pg_index.indexprs"),
    W("DROP INDEX shop.customer_lower_name; CREATE INDEX customer_lower_name ON shop.customer (lower(name))",
      "index shop.customer_lower_name: definition"),
    W("DROP INDEX shop.customer_active; CREATE UNIQUE INDEX customer_active ON shop.customer (name) INCLUDE (mail, balance) "
      "WHERE status IN ('active')", "index shop.customer_active: definition", "pg_index.indpred"),
    W("DROP INDEX shop.customer_active; CREATE UNIQUE INDEX customer_active ON shop.customer (name) WHERE status IN ('active', 'new')",
      "index shop.customer_active: definition", "pg_index.indnatts"),
    W("DROP INDEX shop.customer_active; CREATE INDEX customer_active ON shop.customer (name) INCLUDE (mail, balance) "
      "WHERE status IN ('active', 'new')", "index shop.customer_active: definition", "pg_index.indisunique"),
    W("DROP INDEX shop.item_kind_note; CREATE UNIQUE INDEX item_kind_note ON shop.item (kind, note)",
      "index shop.item_kind_note: definition", "pg_index.indnullsnotdistinct"),
    W("DROP INDEX shop.item_note; CREATE INDEX item_note ON shop.item (note)", "index shop.item_note: definition",
      "pg_class.relam"),
    W("DROP INDEX shop.customer_bio_trgm; CREATE INDEX customer_bio_trgm ON shop.customer USING gist (bio public.gist_trgm_ops(siglen = 32))",
      "index shop.customer_bio_trgm: definition"),
    W("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.item_note'::regclass", "index shop.item_note: valid",
      "pg_index.indisvalid"),
    W("UPDATE pg_index SET indisready = false WHERE indexrelid = 'shop.item_note'::regclass", "index shop.item_note: ready",
      "pg_index.indisready", undo="UPDATE pg_index SET indisready = true WHERE indexrelid = 'shop.item_note'::regclass"),
    W("ALTER TABLE shop.item SET WITHOUT CLUSTER", "index shop.item_price: clustered", "pg_index.indisclustered"),
    W("ALTER TABLE shop.alarm CLUSTER ON alarm_pkey", "index shop.alarm_pkey: clustered"),
    W("ALTER INDEX shop.item_price SET (fillfactor = 40)", "index shop.item_price: definition"),
    W("ALTER INDEX shop.alarm_pkey SET (fillfactor = 40)", "index shop.alarm_pkey: options"),
    W("ALTER INDEX shop.item_price SET TABLESPACE wide_space", "index shop.item_price: tablespace"),
    W("ALTER INDEX shop.item_expr ALTER COLUMN 1 SET STATISTICS 9", "index shop.item_expr: statistics_target"),
    W("COMMENT ON INDEX shop.item_price IS 'x'", "index shop.item_price: comment"),
    W("ALTER INDEX shop.item_note DEPENDS ON EXTENSION pg_trgm", "index shop.item_note: depends_on_extension",
      "pg_depend.deptype pg_depend.classid pg_depend.objid pg_depend.refobjid"),
    W("CREATE INDEX reading_value ON shop.reading (value)", "index shop.reading_value"),
    W("CREATE INDEX reading_value ON ONLY shop.reading (value)", "index shop.reading_value"),
    W("DROP INDEX shop.reading_sensor", "index shop.reading_sensor"),
    W("DROP INDEX shop.mood_count_felt", "index shop.mood_count_felt"),

    # ---- sequences
    W("CREATE SEQUENCE shop.more", "sequence shop.more", "pg_sequence.seqrelid"),
    W("DROP SEQUENCE shop.ticket", "sequence shop.ticket"),
    W("ALTER SEQUENCE shop.ticket INCREMENT 7", "sequence shop.ticket: increment", "pg_sequence.seqincrement"),
    W("ALTER SEQUENCE shop.ticket MINVALUE 1", "sequence shop.ticket: min", "pg_sequence.seqmin"),
    W("ALTER SEQUENCE shop.ticket MAXVALUE 5000", "sequence shop.ticket: max", "pg_sequence.seqmax"),
    W("ALTER SEQUENCE shop.ticket START 20", "sequence shop.ticket: start", "pg_sequence.seqstart"),
    W("ALTER SEQUENCE shop.ticket CACHE 1", "sequence shop.ticket: cache", "pg_sequence.seqcache"),
    W("ALTER SEQUENCE shop.ticket NO CYCLE", "sequence shop.ticket: cycle", "pg_sequence.seqcycle"),
    W("ALTER SEQUENCE shop.ticket AS bigint", "sequence shop.ticket: type", "pg_sequence.seqtypid"),
    W("ALTER SEQUENCE shop.scratch_numbers SET LOGGED", "sequence shop.scratch_numbers: persistence"),
    W("ALTER SEQUENCE shop.item_id_seq OWNED BY NONE", "sequence shop.item_id_seq: owned_by",
      "pg_depend.refclassid pg_depend.refobjsubid"),
    W("ALTER SEQUENCE shop.ticket OWNED BY shop.alarm.id", "sequence shop.ticket: owned_by"),
    W("ALTER SEQUENCE shop.ticket OWNER TO wide_owner", "sequence shop.ticket: owner", "", "sequence shop.ticket: acl"),
    W("GRANT UPDATE ON SEQUENCE shop.ticket TO wide_reader", "sequence shop.ticket: acl"),
    W("COMMENT ON SEQUENCE shop.ticket IS NULL", "sequence shop.ticket: comment"),
    W("ALTER TABLE shop.customer ALTER id SET INCREMENT 20", "sequence shop.customer_id_seq: increment"),

    # ---- views
    W("CREATE VIEW shop.peek AS SELECT 1 AS one", "view shop.peek", "pg_rewrite.ev_class pg_rewrite.ev_type"),
    W("DROP VIEW shop.totals", "view shop.totals"),
    W("CREATE OR REPLACE VIEW shop.active_customer WITH (security_barrier, check_option = local) AS SELECT id, name, status FROM "
      "shop.customer WHERE status IN ('active')", "view shop.active_customer: definition", "pg_rewrite.ev_action"),
    W("CREATE OR REPLACE VIEW shop.totals AS SELECT c.name, count(*) AS n, sum(b.item_id) AS s, 1 AS more FROM shop.customer c "
      "JOIN shop.booking b ON b.customer_id = c.id GROUP BY c.name", "view shop.totals: definition", "", "column shop.totals.more"),
    W("ALTER VIEW shop.totals RENAME COLUMN s TO sum_of", "view shop.totals: definition", "", "column shop.totals.*"),
    W("ALTER VIEW shop.active_customer SET (security_barrier = false)", "view shop.active_customer: options"),
    W("ALTER VIEW shop.active_customer RESET (check_option)", "view shop.active_customer: options"),
    W("ALTER VIEW shop.totals SET (security_invoker)", "view shop.totals: options"),
    W("ALTER VIEW shop.active_customer ALTER status DROP DEFAULT", "column shop.active_customer.status: default"),
    W("ALTER VIEW shop.totals OWNER TO wide_owner", "view shop.totals: owner"),
    W("GRANT SELECT ON shop.totals TO wide_reader", "view shop.totals: acl"),
    W("COMMENT ON VIEW shop.active_customer IS NULL", "view shop.active_customer: comment"),
    W("DROP MATERIALIZED VIEW shop.mood_count", "materialized view shop.mood_count"),
    W("DROP MATERIALIZED VIEW shop.mood_count; CREATE MATERIALIZED VIEW shop.mood_count AS SELECT felt, count(*) + 0 AS n "
      "FROM shop.customer GROUP BY felt; CREATE UNIQUE INDEX mood_count_felt ON shop.mood_count (felt); "
      "COMMENT ON MATERIALIZED VIEW shop.mood_count IS 'Every night'", "materialized view shop.mood_count: definition", "",
      "materialized view shop.mood_count: acl"),
    W("ALTER MATERIALIZED VIEW shop.mood_count SET (fillfactor = 55)", "materialized view shop.mood_count: options"),
    W("ALTER MATERIALIZED VIEW shop.mood_count SET TABLESPACE wide_space", "materialized view shop.mood_count: tablespace"),
    W("ALTER MATERIALIZED VIEW shop.mood_count DEPENDS ON EXTENSION pg_trgm", "materialized view shop.mood_count: depends_on_extension"),
    W("COMMENT ON MATERIALIZED VIEW shop.mood_count IS 'x'", "materialized view shop.mood_count: comment"),

    # ---- functions and procedures
    W("CREATE FUNCTION shop.more() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function shop.more()",
      "pg_proc.proname pg_proc.pronargs pg_proc.proargtypes"),
    W("DROP FUNCTION shop.many(int)", "function shop.many(integer)", "pg_proc.proretset"),
    W("CREATE OR REPLACE FUNCTION shop.area(w int) RETURNS int LANGUAGE sql AS 'SELECT w + 0'",
      "function shop.area(integer): definition", "pg_proc.prosrc"),
    W("ALTER FUNCTION shop.area(int) IMMUTABLE", "function shop.area(integer): definition", "pg_proc.provolatile"),
    W("ALTER FUNCTION shop.area(int) SECURITY DEFINER", "function shop.area(integer): definition", "pg_proc.prosecdef"),
    W("ALTER FUNCTION shop.area(int) COST 7", "function shop.area(integer): definition", "pg_proc.procost"),
    W("ALTER FUNCTION shop.many(int) ROWS 7", "function shop.many(integer): definition", "pg_proc.prorows"),
    W("ALTER FUNCTION shop.area(int) STRICT", "function shop.area(integer): definition", "pg_proc.proisstrict"),
    W("ALTER FUNCTION shop.area(int) LEAKPROOF", "function shop.area(integer): definition", "pg_proc.proleakproof"),
    W("ALTER FUNCTION shop.area(int) PARALLEL SAFE", "function shop.area(integer): definition", "pg_proc.proparallel"),
    W("ALTER FUNCTION shop.area(int) SET work_mem = '8MB'", "function shop.area(integer): definition", "pg_proc.proconfig"),
    W("ALTER FUNCTION shop.whoami() RESET search_path", "function shop.whoami(): definition"),
    W("ALTER FUNCTION shop.many(int) SUPPORT generate_series_int4_support", "function shop.many(integer): definition",
      "pg_proc.prosupport"),
    W("ALTER FUNCTION shop.area(int) OWNER TO wide_owner", "function shop.area(integer): owner", "pg_proc.proowner"),
    W("REVOKE EXECUTE ON FUNCTION shop.area(int) FROM PUBLIC", "function shop.area(integer): acl", "pg_proc.proacl"),
    W("GRANT EXECUTE ON FUNCTION shop.whoami() TO PUBLIC", "function shop.whoami(): acl"),
    W("COMMENT ON FUNCTION shop.area(float8, float8) IS 'x'", "function shop.area(double precision,double precision): comment"),
    W("ALTER FUNCTION shop.area(int) SET SCHEMA public", "function public.area(integer)", "pg_proc.pronamespace",
      "function shop.area(integer)"),
    W("ALTER FUNCTION shop.area(int) RENAME TO space", "function shop.space(integer)", "pg_proc.proname",
      "function shop.area(integer)"),
    W("ALTER FUNCTION shop.area(int) DEPENDS ON EXTENSION pg_trgm", "function shop.area(integer): depends_on_extension"),
    W("DROP FUNCTION shop.area(int); CREATE FUNCTION shop.area(w int) RETURNS bigint LANGUAGE sql AS 'SELECT w'",
      "function shop.area(integer): definition", "pg_proc.prorettype"),
    W("DROP FUNCTION shop.area(int); CREATE FUNCTION shop.area(width int) RETURNS int LANGUAGE sql AS 'SELECT width'",
      "function shop.area(integer): definition", "pg_proc.proargnames"),
    W("DROP FUNCTION shop.area(int); CREATE FUNCTION shop.area(w int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN w; END'",
      "function shop.area(integer): definition", "pg_proc.prolang"),
    W("DROP FUNCTION shop.area(int); CREATE FUNCTION shop.area(w int, OUT a int, OUT b int) LANGUAGE sql AS 'SELECT w, w'",
      "function shop.area(integer): definition", "pg_proc.proallargtypes pg_proc.proargmodes"),
    W("DROP FUNCTION shop.area(int); CREATE FUNCTION shop.area(VARIADIC w int[]) RETURNS int LANGUAGE sql AS 'SELECT 1'",
      "function shop.area(integer[])", "pg_proc.provariadic", "function shop.area(integer)"),
    W("CREATE OR REPLACE FUNCTION shop.area(w float8, h float8 DEFAULT 2) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5 "
      "AS 'SELECT w * h'", "function shop.area(double precision,double precision): definition", "pg_proc.proargdefaults"),
    W("DROP FUNCTION shop.area(float8, float8); CREATE FUNCTION shop.area(w float8, h float8) RETURNS float8 LANGUAGE sql IMMUTABLE "
      "PARALLEL SAFE COST 5 AS 'SELECT w * h'; COMMENT ON FUNCTION shop.area(float8, float8) IS 'Flat'",
      "function shop.area(double precision,double precision): definition", "pg_proc.pronargdefaults"),
    W("CREATE OR REPLACE FUNCTION shop.atomic(s varchar) RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT s IN ('a'); END",
      "function shop.atomic(character varying): definition", "pg_proc.prosqlbody"),
    W("DROP FUNCTION shop.many(int); CREATE FUNCTION shop.many(n int) RETURNS SETOF text LANGUAGE sql WINDOW ROWS 50 STRICT LEAKPROOF AS "
      "$$ SELECT 'x'::text FROM generate_series(1, n) $$", "function shop.many(integer): definition", "pg_proc.prokind"),
    W("CREATE OR REPLACE PROCEDURE shop.tidy(IN n int, INOUT done int) LANGUAGE plpgsql AS $$ BEGIN done := n + 1; END $$",
      "procedure shop.tidy(integer,integer): definition"),
    W("DROP PROCEDURE shop.tidy(int, int)", "procedure shop.tidy(integer,integer)"),
    W("ALTER PROCEDURE shop.tidy(int, int) SECURITY DEFINER", "procedure shop.tidy(integer,integer): definition"),
    W("COMMENT ON PROCEDURE shop.tidy(int, int) IS NULL", "procedure shop.tidy(integer,integer): comment"),
    W('DROP FUNCTION "odd.place ""x"""."f(x"(int)', 'function "odd.place ""x"""."f(x"(integer)'),

    # ---- aggregates
    W("DROP AGGREGATE shop.total(int)", "aggregate shop.total(integer)", "pg_aggregate.aggfnoid"),
    W("DROP AGGREGATE shop.everything(*)", "aggregate shop.everything(*)"),
    W("DROP AGGREGATE shop.percent(float8 ORDER BY anyelement)", "aggregate shop.percent(double precision,anyelement)",
      "pg_aggregate.aggkind pg_aggregate.aggnumdirectargs pg_aggregate.aggfinalextra"),
    W("ALTER AGGREGATE shop.total(int) OWNER TO wide_owner", "aggregate shop.total(integer): owner"),
    W("REVOKE EXECUTE ON FUNCTION shop.everything() FROM PUBLIC", "aggregate shop.everything(*): acl"),
    W("COMMENT ON AGGREGATE shop.total(int) IS 'x'", "aggregate shop.total(integer): comment"),

    # ---- triggers and rules
    W("DROP TRIGGER customer_stamp ON shop.customer", "trigger shop.customer.customer_stamp",
      "pg_trigger.tgname pg_trigger.tgrelid pg_trigger.tgfoid"),
    W("CREATE TRIGGER more BEFORE DELETE ON shop.alarm FOR EACH ROW EXECUTE FUNCTION shop.refuse()", "trigger shop.alarm.more"),
    W("ALTER TRIGGER customer_stamp ON shop.customer RENAME TO stamper", "trigger shop.customer.stamper", "pg_trigger.tgname",
      "trigger shop.customer.customer_stamp"),
    W("CREATE OR REPLACE TRIGGER customer_stamp AFTER UPDATE OF name, status ON shop.customer FOR EACH ROW WHEN (NEW.name <> OLD.name) "
      "EXECUTE FUNCTION shop.stamp()", "trigger shop.customer.customer_stamp: definition", "pg_trigger.tgtype"),
    W("CREATE OR REPLACE TRIGGER customer_stamp BEFORE UPDATE OF name ON shop.customer FOR EACH ROW WHEN (NEW.name <> OLD.name) "
      "EXECUTE FUNCTION shop.stamp()", "trigger shop.customer.customer_stamp: definition", "pg_trigger.tgattr"),
    W("CREATE OR REPLACE TRIGGER customer_stamp BEFORE UPDATE OF name, status ON shop.customer FOR EACH ROW WHEN (NEW.name = OLD.name) "
      "EXECUTE FUNCTION shop.stamp()", "trigger shop.customer.customer_stamp: definition", "pg_trigger.tgqual"),
    W("CREATE OR REPLACE TRIGGER customer_stamp BEFORE UPDATE OF name, status ON shop.customer FOR EACH ROW WHEN (NEW.name <> OLD.name) "
      "EXECUTE FUNCTION shop.refuse()", "trigger shop.customer.customer_stamp: definition", "pg_trigger.tgfoid"),
    W("CREATE OR REPLACE TRIGGER customer_stamp BEFORE UPDATE OF name, status ON shop.customer FOR EACH ROW WHEN (NEW.name <> OLD.name) "
      "EXECUTE FUNCTION shop.stamp('x')", "trigger shop.customer.customer_stamp: definition",
      "pg_trigger.tgargs pg_trigger.tgnargs"),
    W("DROP TRIGGER item_watch ON shop.item; CREATE TRIGGER item_watch AFTER INSERT ON shop.item REFERENCING NEW TABLE AS newer "
      "FOR EACH STATEMENT EXECUTE FUNCTION shop.refuse(); ALTER TABLE shop.item DISABLE TRIGGER item_watch",
      "trigger shop.item.item_watch: definition", "pg_trigger.tgnewtable"),
    W("DROP TRIGGER item_watch ON shop.item; CREATE TRIGGER item_watch AFTER DELETE ON shop.item REFERENCING OLD TABLE AS gone "
      "FOR EACH STATEMENT EXECUTE FUNCTION shop.refuse(); ALTER TABLE shop.item DISABLE TRIGGER item_watch",
      "trigger shop.item.item_watch: definition", "pg_trigger.tgoldtable"),
    W("ALTER TABLE shop.item ENABLE TRIGGER item_watch", "trigger shop.item.item_watch: enabled", "pg_trigger.tgenabled"),
    W("ALTER TABLE shop.customer ENABLE REPLICA TRIGGER customer_stamp", "trigger shop.customer.customer_stamp: enabled"),
    W("ALTER TABLE shop.customer ENABLE ALWAYS TRIGGER customer_stamp", "trigger shop.customer.customer_stamp: enabled"),
    W("DROP TRIGGER item_late ON shop.item; CREATE CONSTRAINT TRIGGER item_late AFTER UPDATE ON shop.item DEFERRABLE INITIALLY IMMEDIATE "
      "FOR EACH ROW EXECUTE FUNCTION shop.refuse('a', 'b')", "trigger shop.item.item_late: definition",
      "pg_trigger.tginitdeferred"),
    W("DROP TRIGGER reading_watch ON shop.reading", "trigger shop.reading.reading_watch",
      "pg_trigger.tgparentid"),
    W("ALTER TABLE shop.reading_2024 DISABLE TRIGGER reading_watch", "trigger shop.reading_2024.reading_watch: enabled"),
    W("ALTER TRIGGER customer_stamp ON shop.customer DEPENDS ON EXTENSION pg_trgm",
      "trigger shop.customer.customer_stamp: depends_on_extension"),
    W("COMMENT ON TRIGGER customer_stamp ON shop.customer IS NULL", "trigger shop.customer.customer_stamp: comment"),
    W("DROP RULE scratch_log ON shop.scratchpad", "rule shop.scratchpad.scratch_log", "pg_rewrite.rulename"),
    W("CREATE OR REPLACE RULE scratch_quiet AS ON DELETE TO shop.scratchpad WHERE OLD.id IN (1, 3) DO INSTEAD NOTHING",
      "rule shop.scratchpad.scratch_quiet: definition", "pg_rewrite.ev_qual"),
    W("CREATE OR REPLACE RULE scratch_log AS ON INSERT TO shop.scratchpad DO INSTEAD NOTIFY scratch",
      "rule shop.scratchpad.scratch_log: definition", "pg_rewrite.is_instead"),
    W("ALTER TABLE shop.scratchpad DISABLE RULE scratch_log", "rule shop.scratchpad.scratch_log: enabled", "pg_rewrite.ev_enabled"),
    W("ALTER RULE scratch_log ON shop.scratchpad RENAME TO scratch_note", "rule shop.scratchpad.scratch_note",
      "pg_rewrite.rulename", "rule shop.scratchpad.scratch_log"),
    W("COMMENT ON RULE scratch_quiet ON shop.scratchpad IS 'x'", "rule shop.scratchpad.scratch_quiet: comment"),

    # ---- policies
    W("DROP POLICY own ON shop.customer", "policy shop.customer.own", "pg_policy.polname pg_policy.polrelid"),
    W("CREATE POLICY more ON shop.item USING (true)", "policy shop.item.more"),
    W("ALTER POLICY own ON shop.customer TO wide_reader", "policy shop.customer.own: roles", "pg_policy.polroles"),
    W("ALTER POLICY own ON shop.customer TO PUBLIC", "policy shop.customer.own: roles"),
    W("ALTER POLICY own ON shop.customer USING (status IN ('new'))", "policy shop.customer.own: using", "pg_policy.polqual"),
    W("ALTER POLICY write_own ON shop.customer WITH CHECK (balance > 1)", "policy shop.customer.write_own: with_check",
      "pg_policy.polwithcheck"),
    W("DROP POLICY write_own ON shop.customer; CREATE POLICY write_own ON shop.customer FOR UPDATE USING (true) WITH CHECK (balance > 0)",
      "policy shop.customer.write_own: mode", "pg_policy.polpermissive"),
    W("DROP POLICY write_own ON shop.customer; CREATE POLICY write_own ON shop.customer AS RESTRICTIVE USING (true) WITH CHECK (balance > 0)",
      "policy shop.customer.write_own: command", "pg_policy.polcmd"),
    W("COMMENT ON POLICY own ON shop.customer IS NULL", "policy shop.customer.own: comment"),

    # ---- types
    W("CREATE TYPE shop.extra AS ENUM ('a')", "enum shop.extra", "pg_type.typname pg_type.typtype pg_type.typarray"),
    W("DROP TYPE shop.place CASCADE", "composite type shop.place", "pg_type.typrelid", "column shop.customer.home"),
    W("ALTER TYPE shop.mood ADD VALUE 'furious'", "enum shop.mood: labels", "pg_enum.enumlabel pg_enum.enumtypid", undo=RESTORE),
    W("ALTER TYPE shop.mood ADD VALUE 'meh' BEFORE 'ok'", "enum shop.mood: labels", "pg_enum.enumsortorder", undo=RESTORE),
    W("ALTER TYPE shop.mood RENAME VALUE 'ok' TO 'fine'", "enum shop.mood: labels", "pg_enum.enumlabel",
      "column shop.customer.felt: default", undo=RESTORE),
    W("ALTER TYPE shop.mood OWNER TO wide_owner", "enum shop.mood: owner", "pg_type.typowner", "enum shop.mood: acl"),
    W("GRANT USAGE ON TYPE shop.mood TO PUBLIC", "enum shop.mood: acl", "pg_type.typacl"),
    W("REVOKE USAGE ON TYPE shop.grade FROM PUBLIC", "domain shop.grade: acl"),
    W("COMMENT ON TYPE shop.mood IS NULL", "enum shop.mood: comment"),
    W("ALTER TYPE shop.mood SET SCHEMA public", "enum public.mood", "pg_type.typnamespace",
      ["enum shop.mood", "column shop.*: *"], undo=RESTORE),
    W("ALTER DOMAIN shop.email SET DEFAULT 'x@y'", "domain shop.email: default", "pg_type.typdefault pg_type.typdefaultbin"),
    W("ALTER DOMAIN shop.grade SET DEFAULT 3", "domain shop.grade: default"),
    W("ALTER DOMAIN shop.email DROP NOT NULL", "domain shop.email: not_null", "pg_type.typnotnull"),
    W("ALTER DOMAIN shop.grade DROP CONSTRAINT grade_check", "domain constraint shop.grade.grade_check", "pg_constraint.contypid"),
    W("ALTER DOMAIN shop.grade DROP CONSTRAINT grade_check; ALTER DOMAIN shop.grade ADD CONSTRAINT grade_check CHECK (VALUE BETWEEN 1 AND 7)",
      "domain constraint shop.grade.grade_check: definition"),
    W("ALTER DOMAIN shop.grade DROP CONSTRAINT grade_check; ALTER DOMAIN shop.grade ADD CONSTRAINT grade_check CHECK (VALUE BETWEEN 1 AND 6) NOT VALID",
      "domain constraint shop.grade.grade_check: definition"),
    W("DROP DOMAIN shop.grade CASCADE; CREATE DOMAIN shop.grade AS smallint CHECK (VALUE BETWEEN 1 AND 6); "
      "ALTER TABLE shop.customer ADD grade shop.grade", "domain shop.grade: base_type", "pg_type.typbasetype",
      "domain constraint shop.grade.grade_check: definition", undo=RESTORE),
    W("CREATE DOMAIN shop.other AS varchar(3)", "domain shop.other", "pg_type.typtypmod"),
    W("CREATE DOMAIN shop.other AS varchar(3); DROP DOMAIN shop.grade CASCADE; CREATE DOMAIN shop.grade AS int[]",
      "domain shop.grade: base_type", "pg_type.typndims", ["domain shop.other", "column shop.customer.grade",
      "domain constraint shop.grade.grade_check"], undo=RESTORE),
    W("DROP DOMAIN shop.email CASCADE; CREATE DOMAIN shop.email AS text DEFAULT 'nobody@example.org' NOT NULL "
      "CONSTRAINT email_has_at CHECK (VALUE LIKE '%@%'); COMMENT ON CONSTRAINT email_has_at ON DOMAIN shop.email IS 'Not more than this'",
      "domain shop.email: collation", "pg_type.typcollation", ["column shop.customer.*", "index shop.customer_active*"], undo=RESTORE),
    W("ALTER TYPE shop.place ADD ATTRIBUTE floor int", "column shop.place.floor"),
    W("ALTER TYPE shop.place DROP ATTRIBUTE zip", "column shop.place.zip", "", "column shop.place.lat: position"),
    W("ALTER TYPE shop.point_of_sale ALTER ATTRIBUTE label TYPE varchar(5) CASCADE", "column shop.point_of_sale.label: type", "",
      "column shop.pos.label: type", undo=RESTORE),
    W("ALTER TYPE shop.place RENAME ATTRIBUTE zip TO postcode", "column shop.place.postcode", "", "column shop.place.zip"),
    W("DROP TYPE shop.word_range", "range shop.word_range", "pg_range.rngtypid pg_range.rngsubtype pg_range.rngmultitypid"),
    W("DROP TYPE shop.word_range; CREATE TYPE shop.word_range AS RANGE (subtype = text)", "range shop.word_range: subtype_collation",
      "pg_range.rngcollation", undo=RESTORE),
    W("DROP TYPE shop.word_range; CREATE TYPE shop.word_range AS RANGE (subtype = text, collation = \"C\", subtype_opclass = text_pattern_ops)",
      "range shop.word_range: subtype_opclass", "pg_range.rngsubopc", undo=RESTORE),
    W("DROP TYPE shop.word_range; CREATE TYPE shop.word_range AS RANGE (subtype = int)", "range shop.word_range: subtype",
      "pg_range.rngsubtype", "range shop.word_range: *", undo=RESTORE),
    W("DROP TYPE shop.word_range; CREATE TYPE shop.word_range AS RANGE (subtype = text, collation = \"C\", multirange_type_name = shop.words)",
      "range shop.word_range: multirange", "pg_range.rngmultitypid", undo=RESTORE),
    W("CREATE FUNCTION shop.text_gap(text, text) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 1::float8'; DROP TYPE shop.word_range; "
      "CREATE TYPE shop.word_range AS RANGE (subtype = text, collation = \"C\", subtype_diff = shop.text_gap)",
      "range shop.word_range: subtype_diff", "pg_range.rngsubdiff", "function shop.text_gap*", undo=RESTORE),
    W("CREATE TYPE shop.shell_range; CREATE FUNCTION shop.same_range(shop.shell_range) RETURNS shop.shell_range LANGUAGE internal IMMUTABLE "
      "STRICT AS 'int4range_canonical'; CREATE TYPE shop.shell_range AS RANGE (subtype = int, canonical = shop.same_range)",
      "range shop.shell_range", "pg_range.rngcanonical pg_type.typisdefined", "function shop.same_range*", undo=RESTORE),
    W("ALTER TYPE shop.span OWNER TO wide_owner", "range shop.span: owner"),

    # ---- extensions
    W("CREATE EXTENSION citext", "extension citext", "pg_extension.extname"),
    W("DROP EXTENSION btree_gist CASCADE", "extension btree_gist", "", ["constraint shop.booking.booking_no_overlap",
      "index shop.booking_no_overlap"]),
    W("ALTER EXTENSION pg_trgm UPDATE TO '1.6'", "extension pg_trgm: version", "pg_extension.extversion", undo=RESTORE),
    W("ALTER EXTENSION pg_trgm SET SCHEMA shop", "extension pg_trgm: schema", "pg_extension.extnamespace",
      "index shop.customer_bio_trgm: definition"),
    W("COMMENT ON EXTENSION pg_trgm IS 'x'", "extension pg_trgm: comment"),

    # ---- statistics
    W("DROP STATISTICS shop.customer_dep", "statistics shop.customer_dep", "pg_statistic_ext.stxname pg_statistic_ext.stxrelid"),
    W("CREATE STATISTICS shop.more (mcv) ON kind, price FROM shop.item", "statistics shop.more"),
    W("DROP STATISTICS shop.customer_dep; CREATE STATISTICS shop.customer_dep (dependencies) ON status, felt FROM shop.customer; "
      "COMMENT ON STATISTICS shop.customer_dep IS 'They go together'; ALTER STATISTICS shop.customer_dep SET STATISTICS 200",
      "statistics shop.customer_dep: definition", "pg_statistic_ext.stxkind"),
    W("DROP STATISTICS shop.customer_dep; CREATE STATISTICS shop.customer_dep (dependencies, ndistinct) ON status, born FROM shop.customer; "
      "COMMENT ON STATISTICS shop.customer_dep IS 'They go together'; ALTER STATISTICS shop.customer_dep SET STATISTICS 200",
      "statistics shop.customer_dep: definition", "pg_statistic_ext.stxkeys"),
    W("DROP STATISTICS shop.customer_expr; CREATE STATISTICS shop.customer_expr ON upper(name), status FROM shop.customer",
      "statistics shop.customer_expr: definition", "pg_statistic_ext.stxexprs"),
    W("ALTER STATISTICS shop.customer_dep SET STATISTICS 9", "statistics shop.customer_dep: statistics_target",
      "pg_statistic_ext.stxstattarget"),
    W("ALTER STATISTICS shop.customer_dep OWNER TO wide_owner", "statistics shop.customer_dep: owner", "pg_statistic_ext.stxowner"),
    W("ALTER STATISTICS shop.customer_dep SET SCHEMA public", "statistics public.customer_dep", "pg_statistic_ext.stxnamespace",
      "statistics shop.customer_dep"),
    W("COMMENT ON STATISTICS shop.customer_dep IS NULL", "statistics shop.customer_dep: comment"),

    # ---- event triggers
    W("DROP EVENT TRIGGER watch", "event trigger watch", "pg_event_trigger.evtname"),
    W("ALTER EVENT TRIGGER watch DISABLE", "event trigger watch: enabled", "pg_event_trigger.evtenabled"),
    W("ALTER EVENT TRIGGER watch OWNER TO wide_super", "event trigger watch: owner", "pg_event_trigger.evtowner"),
    W("DROP EVENT TRIGGER watch; CREATE EVENT TRIGGER watch ON ddl_command_start WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') "
      "EXECUTE FUNCTION shop.note_ddl(); COMMENT ON EVENT TRIGGER watch IS 'Nothing yet'", "event trigger watch: event",
      "pg_event_trigger.evtevent"),
    W("DROP EVENT TRIGGER watch; CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE') "
      "EXECUTE FUNCTION shop.note_ddl(); COMMENT ON EVENT TRIGGER watch IS 'Nothing yet'", "event trigger watch: tags",
      "pg_event_trigger.evttags"),
    W("CREATE FUNCTION shop.other_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END'; DROP EVENT TRIGGER watch; "
      "CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION shop.other_ddl(); "
      "COMMENT ON EVENT TRIGGER watch IS 'Nothing yet'", "event trigger watch: function", "pg_event_trigger.evtfoid",
      "function shop.other_ddl()"),
    W("COMMENT ON EVENT TRIGGER watch IS 'x'", "event trigger watch: comment"),

    # ---- publications
    W("CREATE PUBLICATION more", "publication more", "pg_publication.pubname"),
    W("DROP PUBLICATION selected", "publication selected"),
    W("ALTER PUBLICATION everything_new SET (publish = 'insert, update')", "publication everything_new: publishes",
      "pg_publication.pubupdate"),
    W("ALTER PUBLICATION everything_new SET (publish = 'insert, delete')", "publication everything_new: publishes",
      "pg_publication.pubdelete"),
    W("ALTER PUBLICATION everything_new SET (publish = 'insert, truncate')", "publication everything_new: publishes",
      "pg_publication.pubtruncate"),
    W("ALTER PUBLICATION everything_new SET (publish = '')", "publication everything_new: publishes", "pg_publication.pubinsert"),
    W("ALTER PUBLICATION selected SET (publish_via_partition_root = false)", "publication selected: via_root",
      "pg_publication.pubviaroot"),
    W("ALTER PUBLICATION selected OWNER TO wide_super", "publication selected: owner", "pg_publication.pubowner"),
    W("DROP PUBLICATION everything_new; CREATE PUBLICATION everything_new WITH (publish = 'insert'); "
      "COMMENT ON PUBLICATION everything_new IS 'For the warehouse'", "publication everything_new: all_tables",
      "pg_publication.puballtables"),
    W("ALTER PUBLICATION selected DROP TABLE shop.alarm", "publication selected: tables",
      "pg_publication_rel.prpubid pg_publication_rel.prrelid"),
    W("ALTER PUBLICATION selected SET TABLE shop.customer (id, name), shop.item WHERE (price > 10), shop.alarm",
      "publication selected: tables", "pg_publication_rel.prattrs"),
    W("ALTER PUBLICATION selected SET TABLE shop.customer (id, name, seen), shop.item WHERE (price > 11), shop.alarm",
      "publication selected: tables", "pg_publication_rel.prqual"),
    W("ALTER PUBLICATION whole_schema ADD TABLES IN SCHEMA shop", "publication whole_schema: schemas",
      "pg_publication_namespace.pnpubid pg_publication_namespace.pnnspid"),
    W("COMMENT ON PUBLICATION everything_new IS 'x'", "publication everything_new: comment"),

    # ---- default privileges
    W("ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT USAGE ON SEQUENCES TO wide_reader",
      "default privileges for postgres in shop on sequences",
      "pg_default_acl.defaclobjtype pg_default_acl.defaclrole pg_default_acl.defaclnamespace"),
    W("ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT INSERT ON TABLES TO wide_reader",
      "default privileges for postgres in shop on tables: acl", "pg_default_acl.defaclacl"),
    W("ALTER DEFAULT PRIVILEGES IN SCHEMA shop REVOKE SELECT ON TABLES FROM wide_reader",
      "default privileges for postgres in shop on tables"),
    W("ALTER DEFAULT PRIVILEGES FOR ROLE wide_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
      "default privileges for wide_owner on functions"),
    W("ALTER DEFAULT PRIVILEGES FOR ROLE wide_reader GRANT USAGE ON SCHEMAS TO wide_owner",
      "default privileges for wide_reader on schemas"),
    W("ALTER DEFAULT PRIVILEGES FOR ROLE wide_reader REVOKE USAGE ON TYPES FROM PUBLIC",
      "default privileges for wide_reader on types"),

    # ---- settings of the database
    W("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''9MB''', current_database()); END $$",
      "database setting work_mem", "pg_db_role_setting.setconfig pg_db_role_setting.setdatabase",
      undo="DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET work_mem', current_database()); END $$"),
    W("DO $$ BEGIN EXECUTE format('ALTER ROLE wide_reader IN DATABASE %I SET search_path = shop', current_database()); END $$",
      "database setting wide_reader search_path", "pg_db_role_setting.setrole",
      undo="DO $$ BEGIN EXECUTE format('ALTER ROLE wide_reader IN DATABASE %I RESET ALL', current_database()); END $$"),

    # ---- what the model only names
    W("CREATE COLLATION shop.german FROM \"C\"", "unmodelled collation shop.german", undo="DROP COLLATION shop.german"),
    W("CREATE OPERATOR shop.@@@ (LEFTARG = int, RIGHTARG = int, FUNCTION = shop.pick)", "unmodelled operator shop.@@@(integer,integer)",
      undo="DROP OPERATOR shop.@@@ (int, int)"),
    W("CREATE TEXT SEARCH CONFIGURATION shop.words_of (COPY = simple)", "unmodelled text search configuration shop.words_of",
      undo="DROP TEXT SEARCH CONFIGURATION shop.words_of"),
    W("CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER far FOREIGN DATA WRAPPER nothing; "
      "CREATE FOREIGN TABLE shop.away (id int) SERVER far; CREATE USER MAPPING FOR wide_reader SERVER far",
      "unmodelled foreign table shop.away", "",
      ["unmodelled foreign data wrapper nothing", "unmodelled foreign server far", "unmodelled user mapping wide_reader on far"],
      undo="DROP FOREIGN DATA WRAPPER nothing CASCADE"),
    W("CREATE TYPE shop.half", "unmodelled base type shop.half", undo="DROP TYPE shop.half"),
    W("CREATE OPERATOR FAMILY shop.fam USING btree", "unmodelled operator family shop.fam using btree",
      undo="DROP OPERATOR FAMILY shop.fam USING btree"),
]


def aggregate(change, covers, expect=None, others=()):
    """shop.total with one of its parts changed."""
    parts = {"SFUNC": "shop.pick", "STYPE": "int", "FINALFUNC": "shop.pick_end", "INITCOND": "'0'", "COMBINEFUNC": "shop.pick",
             "MSFUNC": "shop.pick", "MINVFUNC": "shop.pick_back", "MSTYPE": "int", "MINITCOND": "'0'",
             "MFINALFUNC": "shop.pick_end", "PARALLEL": "SAFE", **change}
    text = ", ".join(f"{name} = {value}" if value != "" else name for name, value in parts.items() if value is not None)
    return W(f"DROP AGGREGATE shop.total(int); CREATE AGGREGATE shop.total(int) ({text}); COMMENT ON AGGREGATE shop.total(int) IS 'Adds up'",
             expect or "aggregate shop.total(integer): *", covers, others)


MUTATIONS += [
    aggregate({"SFUNC": "shop.pick_back"}, "pg_aggregate.aggtransfn"),
    aggregate({"FINALFUNC": None, "MFINALFUNC": None}, "pg_aggregate.aggfinalfn pg_aggregate.aggmfinalfn"),
    aggregate({"COMBINEFUNC": None}, "pg_aggregate.aggcombinefn"),
    aggregate({"MSFUNC": None, "MINVFUNC": None, "MSTYPE": None, "MINITCOND": None, "MFINALFUNC": None},
              "pg_aggregate.aggmtransfn pg_aggregate.aggminvtransfn pg_aggregate.aggmtranstype"),
    aggregate({"INITCOND": "'1'"}, "pg_aggregate.agginitval"),
    aggregate({"MINITCOND": "'1'"}, "pg_aggregate.aggminitval"),
    aggregate({"SSPACE": "99"}, "pg_aggregate.aggtransspace"),
    aggregate({"MSSPACE": "99"}, "pg_aggregate.aggmtransspace"),
    aggregate({"FINALFUNC_MODIFY": "SHAREABLE"}, "pg_aggregate.aggfinalmodify"),
    aggregate({"MFINALFUNC_MODIFY": "READ_WRITE"}, "pg_aggregate.aggmfinalmodify"),
    aggregate({"PARALLEL": "UNSAFE"}, ""),
    W("DROP AGGREGATE shop.smallest(int); CREATE AGGREGATE shop.smallest(int) (SFUNC = int4smaller, STYPE = int)",
      "aggregate shop.smallest(integer): sortop", "pg_aggregate.aggsortop"),
    W("DROP AGGREGATE shop.everything(*); CREATE AGGREGATE shop.everything(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0', "
      "COMBINEFUNC = int8pl, PARALLEL = RESTRICTED)", "aggregate shop.everything(*): combinefunc", "", "aggregate shop.everything(*): parallel"),
    W("CREATE AGGREGATE shop.mean(numeric) (SFUNC = numeric_avg_accum, STYPE = internal, FINALFUNC = numeric_avg, "
      "COMBINEFUNC = numeric_avg_combine, SERIALFUNC = numeric_avg_serialize, DESERIALFUNC = numeric_avg_deserialize)",
      "aggregate shop.mean(numeric)", "pg_aggregate.aggserialfn pg_aggregate.aggdeserialfn pg_aggregate.aggtranstype"),
    W("CREATE AGGREGATE shop.tail(int) (SFUNC = shop.pick, STYPE = int, MSFUNC = shop.pick, MINVFUNC = shop.pick_back, MSTYPE = int, "
      "MFINALFUNC = shop.pick, MFINALFUNC_EXTRA)", "aggregate shop.tail(integer)", "pg_aggregate.aggmfinalextra"),
]


def on_delete(schema, table, column, parent, action):
    """A foreign key of an example with another action."""
    name = f"fk_{table}_{column}"
    return M(schema, f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} FOREIGN KEY ({column}) "
                     f"REFERENCES {parent} {action}".rstrip(), f"constraint public.{table}.{name}: definition")


def T(*arguments, **named):
    return M("therapy", *arguments, **named)


def C(*arguments, **named):
    return M("chat", *arguments, **named)


MUTATIONS += [
    on_delete("therapy", "timeline_events", "patient_id", "users", "ON DELETE SET NULL"),
    on_delete("therapy", "timeline_events", "therapist_id", "users", "ON DELETE CASCADE"),
    on_delete("therapy", "treatment_goals", "therapist_id", "users", "ON DELETE SET NULL"),
    on_delete("therapy", "session_notes", "session_id", "therapy_sessions", ""),
    on_delete("therapy", "session_notes", "author_id", "users", "ON DELETE RESTRICT"),
    on_delete("therapy", "audit_logs", "actor_id", "users", "ON DELETE CASCADE"),
    on_delete("therapy", "emergency_access", "patient_id", "users", "ON DELETE CASCADE"),
    on_delete("therapy", "user_mfa", "user_id", "users", ""),
    T("ALTER TABLE timeline_events ALTER importance SET DEFAULT 'high'", "column public.timeline_events.importance: default"),
    T("ALTER TABLE timeline_events ALTER therapist_id SET NOT NULL", "column public.timeline_events.therapist_id: not_null"),
    T("ALTER TABLE timeline_events ALTER event_date TYPE timestamptz", "column public.timeline_events.event_date: type"),
    T("ALTER TABLE timeline_events ALTER title TYPE varchar(201)", "column public.timeline_events.title: type"),
    T("DROP INDEX idx_timeline_patient_date", "index public.idx_timeline_patient_date"),
    T("DROP INDEX idx_timeline_patient_date; CREATE INDEX idx_timeline_patient_date ON timeline_events (patient_id, event_date)",
      "index public.idx_timeline_patient_date: definition"),
    T("DROP INDEX idx_users_role; CREATE INDEX idx_users_role ON users (role)", "index public.idx_users_role: definition"),
    T("ALTER TABLE timeline_events DROP CONSTRAINT ck_timeline_events_type, ADD CONSTRAINT ck_timeline_events_type CHECK "
      "(event_type IN ('session', 'milestone', 'note', 'diagnosis', 'treatment_plan', 'medication', 'assessment'))",
      "constraint public.timeline_events.ck_timeline_events_type: definition"),
    T("ALTER TABLE timeline_events DROP COLUMN metadata", "column public.timeline_events.metadata", "",
      "column public.timeline_events.*: position"),
    T("ALTER TABLE users ADD COLUMN nickname text", "column public.users.nickname"),
    T("ALTER TABLE users DROP CONSTRAINT uq_users_email", "constraint public.users.uq_users_email"),
    T("ALTER TABLE session_notes ALTER content DROP DEFAULT", "column public.session_notes.content: default"),
    T("ALTER TABLE users RENAME COLUMN phone TO telephone", "column public.users.telephone", "", "column public.users.phone"),
    T("DROP TABLE export_audit_log", "table public.export_audit_log"),
    T("DROP TABLE goal_reminders", "table public.goal_reminders"),
    T("CREATE INDEX CONCURRENTLY stray ON users (last_name)", "index public.stray"),
    C("ALTER TABLE tasks ADD COLUMN priority int", "column public.tasks.priority"),
    C("ALTER TABLE tasks ALTER completed DROP DEFAULT", "column public.tasks.completed: default"),
    C("ALTER TABLE tasks ALTER title TYPE text", "column public.tasks.title: type"),
    C("ALTER TABLE users ALTER password_hash DROP NOT NULL", "column public.users.password_hash: not_null"),
    C("ALTER TABLE messages DROP CONSTRAINT ck_messages_role", "constraint public.messages.ck_messages_role"),
    C("DROP INDEX idx_tasks_user_id_created_at; CREATE INDEX idx_tasks_user_id_created_at ON tasks (user_id, created_at)",
      "index public.idx_tasks_user_id_created_at: definition"),
    C("ALTER TABLE conversations ALTER created_at SET DEFAULT now()", "column public.conversations.created_at: default"),
    C("DROP TABLE messages", "table public.messages"),
    on_delete("chat", "tasks", "user_id", "users", "ON DELETE SET NULL"),
    on_delete("chat", "messages", "conversation_id", "conversations", ""),
]

# ---- columns of the catalogs that the model reads, of which no mutation speaks: why

OID = "the row's number, given anew when the object is made: identity is by name"
FOLLOWS = "follows from the type, which is compared"
STORAGE = "where or how the rows lie on disk, not what the schema is"
COUNTED = "the server's own count of what is compared one by one"

REASONS = {
    "pg_namespace.oid": OID, "pg_class.oid": OID, "pg_attrdef.oid": OID, "pg_constraint.oid": OID, "pg_rewrite.oid": OID,
    "pg_proc.oid": OID, "pg_trigger.oid": OID, "pg_policy.oid": OID, "pg_type.oid": OID, "pg_enum.oid": OID,
    "pg_extension.oid": OID, "pg_statistic_ext.oid": OID, "pg_event_trigger.oid": OID, "pg_publication.oid": OID,
    "pg_publication_rel.oid": OID, "pg_publication_namespace.oid": OID, "pg_default_acl.oid": OID,
    "pg_class.reltype": "the row type that every table has, by its own name",
    "pg_class.relfilenode": STORAGE, "pg_class.relpages": STORAGE, "pg_class.reltuples": STORAGE,
    "pg_class.relallvisible": STORAGE, "pg_class.reltoastrelid": STORAGE, "pg_class.relfrozenxid": STORAGE,
    "pg_class.relminmxid": STORAGE,
    "pg_class.relrewrite": "set only while a table is being rewritten",
    "pg_class.relhasindex": "a hint: whether there was an index; the indexes are compared",
    "pg_class.relisshared": "no user's table is shared between databases",
    "pg_class.relhassubclass": "a hint: whether there was a child; the children say whose they are",
    "pg_class.relispopulated": "data: REFRESH sets it, and a dump of the schema leaves it unset; verify says it as a note "
                               "(test_populated_is_a_note)",
    "pg_attribute.attlen": FOLLOWS, "pg_attribute.attbyval": FOLLOWS, "pg_attribute.attalign": FOLLOWS,
    "pg_attribute.attcacheoff": "always -1 on disk",
    "pg_attribute.attndims": "int[] and int[][] are one type to the server, which neither enforces nor prints it",
    "pg_attribute.attfdwoptions": "of foreign tables only, which are not modelled but named",
    "pg_constraint.conpfeqop": "follows from the columns' types and the key's operator class",
    "pg_constraint.conppeqop": "follows from the columns' types and the key's operator class",
    "pg_constraint.conffeqop": "follows from the columns' types and the key's operator class",
    "pg_index.indcheckxmin": "how soon old transactions may use the index; the server clears it by itself",
    "pg_index.indislive": "false only while DROP INDEX CONCURRENTLY runs, and then the index is not valid",
    "pg_inherits.inhdetachpending": "true only while DETACH CONCURRENTLY runs or was broken off; the partition is still one",
    "pg_proc.protrftypes": "needs a transform, which only extensions of procedural languages bring; the definition prints it",
    "pg_proc.probin": "the library of functions in C, which needs a compiler on the server; the definition prints it",
    "pg_trigger.tgisinternal": "triggers that the server makes for keys, compared as constraints and their enforcement",
    "pg_trigger.tgconstrindid": "the index of the key that a trigger of the server serves, compared as the constraint",
    "pg_type.typlen": FOLLOWS, "pg_type.typbyval": FOLLOWS, "pg_type.typalign": FOLLOWS, "pg_type.typstorage": FOLLOWS,
    "pg_type.typcategory": "of base types, which are not modelled but named",
    "pg_type.typispreferred": "of base types, which are not modelled but named",
    "pg_type.typdelim": "of base types, which are not modelled but named",
    "pg_type.typsubscript": "of base types, which are not modelled but named",
    "pg_type.typelem": "of array types, which every type has by itself",
    "pg_type.typinput": FOLLOWS, "pg_type.typoutput": FOLLOWS, "pg_type.typreceive": FOLLOWS, "pg_type.typsend": FOLLOWS,
    "pg_type.typmodin": FOLLOWS, "pg_type.typmodout": FOLLOWS, "pg_type.typanalyze": FOLLOWS,
    "pg_extension.extowner": "cannot be changed by SQL, and a dump does not keep it",
    "pg_extension.extrelocatable": "comes with the version", "pg_extension.extconfig": "comes with the version",
    "pg_extension.extcondition": "comes with the version",
    "pg_depend.objsubid": "of a column's dependencies, which follow from defaults and types",
}
