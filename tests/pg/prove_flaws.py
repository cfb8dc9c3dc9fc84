"""Revisions with one flaw each. test_prove.py sees that `prove` finds every one of them."""

# What stands before the flawed revisions.
BASE_UP = """
CREATE TABLE users (
    id integer PRIMARY KEY, email text NOT NULL, name text DEFAULT 'nobody', age integer, bio text, height integer,
    CONSTRAINT users_age_check CHECK (age > 0));
CREATE INDEX users_name ON users (name) WHERE name IS NOT NULL;
COMMENT ON COLUMN users.name IS 'as they want to be called';
CREATE TABLE docs (
    id integer PRIMARY KEY, author integer CONSTRAINT docs_author REFERENCES users ON DELETE SET NULL, body text);
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY docs_read ON docs FOR SELECT USING (author IS NOT NULL);
CREATE FUNCTION greet() RETURNS text LANGUAGE sql AS $$ SELECT 'good day' $$;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TYPE mood AS ENUM ('ok', 'bad');
CREATE DOMAIN plz AS text CHECK (length(VALUE) = 5);
CREATE SEQUENCE ticket INCREMENT 10;
CREATE VIEW adults WITH (security_barrier = true) AS SELECT id, name FROM users WHERE age >= 18;
CREATE STATISTICS users_stat (dependencies) ON name, age FROM users;
"""
BASE_DOWN = """
DROP STATISTICS users_stat; DROP VIEW adults; DROP SEQUENCE ticket; DROP DOMAIN plz; DROP TYPE mood;
DROP TABLE docs; DROP TABLE users; DROP FUNCTION touch(); DROP FUNCTION greet();
"""
NOTHING = "SELECT 1;"

# (what is wrong, up, down, words of the finding: the kind and name of the object, the sides)
DOWNGRADES = [
    ("a type is left behind", "CREATE TYPE color AS ENUM ('red'); CREATE TABLE paint (c color);", "DROP TABLE paint;",
     ["enum public.color is left behind", "'red'"]),
    ("a sequence is left behind", "CREATE SEQUENCE bill_no; CREATE TABLE bill (id bigint DEFAULT nextval('bill_no'));",
     "DROP TABLE bill;", ["sequence public.bill_no is left behind"]),
    ("a privilege is left behind", "GRANT SELECT ON users TO PUBLIC;", NOTHING,
     ["table public.users differs: acl", "SELECT"]),
    ("a comment is not restored", "COMMENT ON COLUMN users.name IS 'full name';", "COMMENT ON COLUMN users.name IS NULL;",
     ["column public.users.name differs: comment", "as they want to be called"]),
    ("a default is not restored", "ALTER TABLE users ALTER name SET DEFAULT 'guest';", "ALTER TABLE users ALTER name DROP DEFAULT;",
     ["column public.users.name differs: default", "'nobody'"]),
    ("an index comes back without its predicate", "DROP INDEX users_name;", "CREATE INDEX users_name ON users (name);",
     ["index public.users_name differs: definition", "WHERE (name IS NOT NULL)"]),
    ("a trigger is left behind", "CREATE TRIGGER users_log AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION touch();", NOTHING,
     ["trigger public.users.users_log is left behind", "AFTER DELETE"]),
    ("an overwritten function is not restored",
     "CREATE OR REPLACE FUNCTION greet() RETURNS text LANGUAGE sql AS $$ SELECT 'hello' $$;", NOTHING,
     ["function public.greet() differs: ", "good day", "hello"]),
    ("NOT NULL does not come back", "ALTER TABLE users ALTER email DROP NOT NULL;", NOTHING,
     ["column public.users.email differs: not_null"]),
    ("a storage setting is left behind", "ALTER TABLE users ALTER bio SET STORAGE EXTERNAL;", NOTHING,
     ["column public.users.bio differs: storage", "external"]),
    ("a policy comes back with another condition", "DROP POLICY docs_read ON docs;",
     "CREATE POLICY docs_read ON docs FOR SELECT USING (true);", ["policy public.docs.docs_read differs: using"]),
    ("an enum value is left behind", "ALTER TYPE mood ADD VALUE 'great';", NOTHING, ["enum public.mood differs: labels", "'great'"]),
    ("the owner is not restored", "ALTER TABLE docs OWNER TO clerk;", NOTHING, ["table public.docs differs: owner", "clerk"]),
    ("a column's type is not restored", "ALTER TABLE users ALTER height TYPE bigint;",
     "ALTER TABLE users ALTER height TYPE numeric;", ["column public.users.height differs: type", "integer", "numeric"]),
    ("a column is left behind", "ALTER TABLE users ADD COLUMN nick text; CREATE TABLE nicks (n text);", "DROP TABLE nicks;",
     ["column public.users.nick is left behind"]),
    ("a check comes back unvalidated", "ALTER TABLE users DROP CONSTRAINT users_age_check;",
     "ALTER TABLE users ADD CONSTRAINT users_age_check CHECK (age > 0) NOT VALID;",
     ["constraint public.users.users_age_check differs"]),
    ("a foreign key comes back with another action", "ALTER TABLE docs DROP CONSTRAINT docs_author;",
     "ALTER TABLE docs ADD CONSTRAINT docs_author FOREIGN KEY (author) REFERENCES users ON DELETE CASCADE;",
     ["constraint public.docs.docs_author differs", "SET NULL", "CASCADE"]),
    ("a view comes back without its option", "DROP VIEW adults;", "CREATE VIEW adults AS SELECT id, name FROM users WHERE age >= 18;",
     ["view public.adults differs: options", "security_barrier"]),
    ("a role is left behind", "CREATE ROLE auditor;", NOTHING, ["role auditor is left behind"]),
    ("a schema is left behind", "CREATE SCHEMA archive; CREATE TABLE archive.old (id int);", "DROP TABLE archive.old;",
     ["schema archive is left behind"]),
    ("row level security stays switched off", "ALTER TABLE docs DISABLE ROW LEVEL SECURITY;", NOTHING,
     ["table public.docs differs: row_security"]),
    ("a sequence counts in other steps", "ALTER SEQUENCE ticket INCREMENT 1;", NOTHING,
     ["sequence public.ticket differs: increment"]),
    ("a domain loses its check", "ALTER DOMAIN plz DROP CONSTRAINT plz_check;", NOTHING,
     ["public.plz.plz_check is gone"]),
    ("a statistics object is gone", "DROP STATISTICS users_stat;", NOTHING, ["statistics public.users_stat is gone"]),
    ("default privileges are left behind", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;", NOTHING,
     ["default privilege", "SELECT"]),
]

ROWS_UP = """
CREATE TABLE team (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE people (
    id integer PRIMARY KEY, name text, nick text, age integer, score numeric, code text, born date, tags text, boss integer,
    team integer, note text);
"""
ROWS_DOWN = "DROP TABLE people; DROP TABLE team;"
# Upgrades that run on empty tables and fail on tables with rows: (what is wrong, up, down, words of the finding)
UPGRADES = [
    ("a column that must not be null has no default", "ALTER TABLE people ADD COLUMN email text NOT NULL;",
     "ALTER TABLE people DROP COLUMN email;", ['column "email" of relation "people" contains null values']),
    ("a cast narrows", "ALTER TABLE people ALTER nick TYPE varchar(3);", "ALTER TABLE people ALTER nick TYPE text;",
     ["value too long for type character varying(3)"]),
    ("an index is unique over duplicates", "CREATE UNIQUE INDEX people_team ON people (team);", "DROP INDEX people_team;",
     ['could not create unique index "people_team"', "duplicated"]),
    ("a check that old rows break", "ALTER TABLE people ADD CONSTRAINT few CHECK (boss < 100);",
     "ALTER TABLE people DROP CONSTRAINT few;", ['check constraint "few" of relation "people" is violated']),
    ("a cast overflows", "ALTER TABLE people ALTER age TYPE smallint;", "ALTER TABLE people ALTER age TYPE integer;",
     ["smallint out of range"]),
    ("NOT NULL where there are nulls", "ALTER TABLE people ALTER name SET NOT NULL;", "ALTER TABLE people ALTER name DROP NOT NULL;",
     ['column "name" of relation "people" contains null values']),
    ("text that is no number", "ALTER TABLE people ALTER code TYPE integer USING code::integer;",
     "ALTER TABLE people ALTER code TYPE text;", ["invalid input syntax for type integer"]),
    ("a foreign key over orphans", "ALTER TABLE people ADD CONSTRAINT people_team_fk FOREIGN KEY (team) REFERENCES team;",
     "ALTER TABLE people DROP CONSTRAINT people_team_fk;", ['violates foreign key constraint "people_team_fk"']),
    ("a number loses its digits", "ALTER TABLE people ALTER score TYPE numeric(3,1);", "ALTER TABLE people ALTER score TYPE numeric;",
     ["numeric field overflow"]),
    ("a unique constraint over duplicates", "ALTER TABLE people ADD CONSTRAINT one_birthday UNIQUE (born);",
     "ALTER TABLE people DROP CONSTRAINT one_birthday;", ["one_birthday", "duplicated"]),
    ("text that is no JSON", "ALTER TABLE people ALTER tags TYPE jsonb USING tags::jsonb;", "ALTER TABLE people ALTER tags TYPE text;",
     ["invalid input syntax for type json"]),
]

# (what is wrong, the first branch, the second, words of the finding)
BRANCHES = [
    ("both replace a function", "CREATE OR REPLACE FUNCTION greet() RETURNS text LANGUAGE sql AS $$ SELECT 'one' $$;",
     "CREATE OR REPLACE FUNCTION greet() RETURNS text LANGUAGE sql AS $$ SELECT 'two' $$;", ["function public.greet()", "'one'", "'two'"]),
    ("both make a table if there is none", "CREATE TABLE IF NOT EXISTS tag (id int);", "CREATE TABLE IF NOT EXISTS tag (id int, label text);",
     ["column public.tag.label"]),
    ("both make the same table", "CREATE TABLE tag (id int);", "CREATE TABLE tag (id int);", ['relation "tag" already exists']),
    ("both set a default", "ALTER TABLE users ALTER name SET DEFAULT 'a';", "ALTER TABLE users ALTER name SET DEFAULT 'b';",
     ["column public.users.name", "default", "'a'", "'b'"]),
    ("one renames what the other alters", "ALTER TABLE docs RENAME TO papers;", "ALTER TABLE docs ADD COLUMN title text;",
     ['relation "docs" does not exist']),
    ("one drops the column that the other indexes", "ALTER TABLE users DROP COLUMN bio;", "CREATE INDEX users_bio ON users (bio);",
     ['column "bio" does not exist']),
    ("one grants on all tables that there are", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;", "CREATE TABLE tag (id int);",
     ["table public.tag", "acl"]),
    ("one changes default privileges", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;", "CREATE TABLE tag (id int);",
     ["table public.tag", "acl"]),
    ("both comment", "COMMENT ON TABLE users IS 'one';", "COMMENT ON TABLE users IS 'two';", ["table public.users", "comment", "one", "two"]),
    ("one makes a column for every table", """
DO $$ DECLARE t regclass; BEGIN
  FOR t IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
    EXECUTE format('ALTER TABLE %s ADD COLUMN changed_at timestamptz', t);
  END LOOP;
END $$;""", "CREATE TABLE tag (id int);", ["column public.tag.changed_at"]),
    ("both add values to an enum", "ALTER TYPE mood ADD VALUE 'great';", "ALTER TYPE mood ADD VALUE 'awful';", ["enum public.mood differs: labels", "'awful'"]),
]
