fixture: therapy

A revision on a branch. The id is random; here it is given.

  $ pgbraid new "add invoices"
  pgbraid: error: new: there are 3 heads; which is the parent?
  detail:
    --parent 4da5acd78939  treatment plan tables (feature 4)
    --parent g7h8i9j0k1l2  security and compliance tables (feature 8)
    --parent e4f5g6h7i8j9  export tables (feature 7)
  hint: Name one, or join them first: pgbraid merge.
  [2]
  $ pgbraid new "Add invoices, and their Ümläute!" --parent exports@head --label billing --depends timeline --id a1b2c3
  migrations/a1b2c3_add_invoices_and_their_ml_ute.sql
  next: write its SQL below up, and what undoes it below down, then pgbraid upgrade
  $ cat migrations/a1b2c3_*.sql
  -- Add invoices, and their Ümläute!
  -- pgbraid:revision a1b2c3
  -- pgbraid:parent e4f5g6h7i8j9
  -- pgbraid:depends d4e5f6g7h8i9
  -- pgbraid:label billing

  -- pgbraid:up

  -- pgbraid:down

  $ pgbraid new "x" -p a1b2 -q | sed 's/[0-9a-f]\{12\}/ID/' && rm migrations/*_x.sql
  migrations/ID_x.sql
  $ pgbraid new "join" --parent heads --id join1 --format json
  {"files":["migrations/join1_join.sql"]}
  $ grep pgbraid: migrations/join1_join.sql
  -- pgbraid:revision join1
  -- pgbraid:parent 4da5acd78939, g7h8i9j0k1l2, a1b2c3
  -- pgbraid:up
  -- pgbraid:down
  $ pgbraid new "again"  --id again1 -q
  migrations/again1_again.sql
  $ pgbraid new "new start" --parent base --id start1 -q && grep pgbraid: migrations/start1_new_start.sql
  migrations/start1_new_start.sql
  -- pgbraid:revision start1
  -- pgbraid:up
  -- pgbraid:down

What can't be is taken back.

  $ pgbraid new "x" -p join1 --id again1
  pgbraid: error: revision again1 exists already: migrations/again1_again.sql
  hint: Choose another id.
  [2]
  $ pgbraid new "x" -p join1 --label billing --id zz1
  migrations/zz1_x.sql:4:18: error: label billing stands in two places: migrations/a1b2c3_add_invoices_and_their_ml_ute.sql and migrations/zz1_x.sql
      4 | -- pgbraid:label billing
        |                  ^
  detail: A label stands on one revision; those after it have it too.
  hint: Remove one of the two, or choose another label.
  [2]
  $ pgbraid new "x" -p join1 --id 'no/good'
  pgbraid: error: no/good can't be a revision's id
  hint: Use letters, digits and _ only, at most 200.
  [2]
  $ pgbraid new "x" -p join1 --id head
  pgbraid: error: head means something else wherever a revision is named
  hint: Choose another id.
  [2]
  $ pgbraid new "x" -p nosuch
  pgbraid: error: no revision or label is called "nosuch"
  hint: pgbraid history lists all revisions
  [2]
  $ pgbraid new ""
  pgbraid: error: new: the message must be one line of text
  [2]
  $ pgbraid new "pgbraid:up"
  pgbraid: error: new: a message that begins with pgbraid: would be a directive
  [2]
  $ pgbraid new "two
  > lines"
  pgbraid: error: new: the message must be one line of text
  [2]
  $ ls migrations | wc -l
  16

The first revision of a project, and numbered files.

  $ mkdir -p shop && pgbraid -C shop init -q >/dev/null && pgbraid -C shop new "first tables" --id f1
  migrations/f1_first_tables.sql
  next: write its SQL below up, and what undoes it below down, then pgbraid upgrade
  $ cat shop/migrations/f1_first_tables.sql
  -- first tables
  -- pgbraid:revision f1

  -- pgbraid:up

  -- pgbraid:down

  $ mkdir -p counted && pgbraid -C counted init -q --numbered >/dev/null
  $ pgbraid -C counted new "first tables" -q; pgbraid -C counted new "second" -q; ls counted/migrations
  migrations/001_first_tables.sql
  migrations/001_first_tables.down.sql
  migrations/002_second.sql
  migrations/002_second.down.sql
  001_first_tables.down.sql
  001_first_tables.sql
  002_second.down.sql
  002_second.sql
  $ pgbraid -C counted heads
  002 (head), second
  $ pgbraid -C counted new "x" --parent 001
  pgbraid: error: new: the parent of a numbered file is the number before
  hint: Leave --parent out.
  [2]
  $ pgbraid -C counted new "third" --label y -q && cat counted/migrations/003_third.sql
  migrations/003_third.sql
  migrations/003_third.down.sql
  -- third
  -- pgbraid:label y
