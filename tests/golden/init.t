A project is begun; nothing is overwritten.

  $ mkdir shop && pgbraid -C shop init
  $DIR/shop/pgbraid.ini
  $DIR/shop/migrations
  $DIR/shop/.gitignore
  project shop is begun; next: pgbraid new "first tables"
  $ cat shop/pgbraid.ini
  # Settings of pgbraid. None is required; what is commented out shows what holds without it.

  [project]

  # the project's name in the history table
  name = shop

  # where the revision files are
  # migrations = migrations

  # how revision files are named
  # layout = auto

  # one: check refuses a second head
  # heads = many

  # what upgrade does with a revision that is new below an applied one
  # late = apply

  # how long a statement waits for a lock before its revision is tried again; 0: for ever
  # lock_timeout = 5s

  # [env production]

  # the database of environment NAME, chosen with -d NAME
  # url = postgresql://app@db.example.com/app

  [database]

  # the database when neither -d nor DATABASE_URL names one
  # url = postgresql://app@db.example.com/app

  # the environment when neither -d nor DATABASE_URL names one
  # env = production

  [server]

  # where postgres and initdb are, for the embedded and the private server
  # bin = /usr/lib/postgresql/15/bin

  [history]

  # the schema of the history tables
  # schema = pgbraid

  [verify]

  # what verify leaves out, as "kind object" or "kind object property", and why; may be given several times
  # ignore = 

  $ cat shop/.gitignore
  /.pgbraid/
  $ ls -A shop
  .gitignore
  migrations
  pgbraid.ini
  $ pgbraid -C shop init
  pgbraid: error: $DIR/shop/pgbraid.ini is there already: this is a project
  hint: Go on with: pgbraid new "MESSAGE"
  [2]
  $ pgbraid init -q other/place --name 'Other place'
  $DIR/other/place/pgbraid.ini
  $DIR/other/place/migrations
  $DIR/other/place/.gitignore
  $ grep -n '^[^#]' other/place/pgbraid.ini
  3:[project]
  6:name = Other place
  28:[database]
  36:[server]
  41:[history]
  46:[verify]
  $ printf 'build' > other/.gitignore; pgbraid init other -q; cat other/.gitignore
  $DIR/other/pgbraid.ini
  $DIR/other/migrations
  $DIR/other/.gitignore
  build
  /.pgbraid/
  $ printf '.pgbraid/\n' > .gitignore; pgbraid init --numbered --format json; cat .gitignore; grep layout pgbraid.ini
  {"project":"session","root":"$DIR"}
  .pgbraid/
  layout = numbered
  $ pgbraid init x --name 'a;b'
  pgbraid: error: 'a;b' can't be the name of a project
  hint: A name is one line without ";" and "#": --name=NAME
  [2]
  $ cd shop && pgbraid heads
