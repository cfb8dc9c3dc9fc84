Broken projects: each is found before a database is asked, shown with its place, and ends with 2.

A folder without migrations.

  $ pgbraid heads
  pgbraid: error: there is no folder migrations
  detail: It was looked for in $DIR.
  hint: Start a project with: pgbraid init — or go to one, with cd or -C DIR.
  [2]

Two files with one id.

  $ mkdir migrations
  $ cat > migrations/a.sql <<'E'
  > -- one
  > -- pgbraid:revision a1
  > -- pgbraid:up
  > SELECT 1;
  > E
  $ sed 's/one/two/' migrations/a.sql > migrations/b.sql
  $ printf -- '-- pgbraid:revision c3\n-- pgbraid:parent a1\n-- pgbraid:up\nSELECT 1;\n' > migrations/c.sql
  $ pgbraid heads
  migrations/a.sql:2:21: error: two files claim revision a1: migrations/a.sql:2 and migrations/b.sql:2
      2 | -- pgbraid:revision a1
        |                     ^
  detail: a1 is the parent of migrations/c.sql:2.
  hint: pgbraid rename migrations/a.sql b1
  [2]
  $ pgbraid heads --format json
  {"error":{"code":"project","sqlstate":null,"message":"two files claim revision a1: migrations/a.sql:2 and migrations/b.sql:2","file":"migrations/a.sql","line":2,"column":21,"source":"-- pgbraid:revision a1","detail":"a1 is the parent of migrations/c.sql:2.","hint":"pgbraid rename migrations/a.sql b1","context":[]}}
  [2]

A parent that is not there.

  $ rm migrations/b.sql migrations/c.sql
  $ printf -- '-- pgbraid:revision b2\n-- pgbraid:parent a2\n-- pgbraid:up\nSELECT 1;\n' > migrations/b.sql
  $ pgbraid heads
  migrations/b.sql:2:19: error: parent a2 of revision b2 has no file
      2 | -- pgbraid:parent a2
        |                   ^
  hint: Did you mean a1 (migrations/a.sql)?
  [2]

A cycle.

  $ printf -- '-- pgbraid:revision b2\n-- pgbraid:parent c3\n-- pgbraid:up\nSELECT 1;\n' > migrations/b.sql
  $ printf -- '-- pgbraid:revision c3\n-- pgbraid:parent b2\n-- pgbraid:up\nSELECT 1;\n' > migrations/c.sql
  $ pgbraid heads
  migrations/b.sql:2:19: error: the revisions go in a circle: b2 -> c3 -> b2
      2 | -- pgbraid:parent c3
        |                   ^
  detail:
    migrations/b.sql:2: b2 has parent c3
    migrations/c.sql:2: c3 has parent b2
  hint: Change or remove one of these parent or depends lines.
  [2]

An unknown directive.

  $ rm migrations/c.sql
  $ printf -- '-- pgbraid:revision b2\n-- pgbraid:parrent a1\n-- pgbraid:up\nSELECT 1;\n' > migrations/b.sql
  $ pgbraid heads
  migrations/b.sql:2:12: error: pgbraid:parrent is no directive
      2 | -- pgbraid:parrent a1
        |            ^
  hint: Did you mean -- pgbraid:parent?
  [2]

No up section.

  $ printf -- '-- pgbraid:revision b2\n-- pgbraid:parent a1\nSELECT 1;\n' > migrations/b.sql
  $ pgbraid heads
  migrations/b.sql:3:1: error: the file has no up section
      3 | SELECT 1;
        | ^
  hint: Write -- pgbraid:up on a line of its own before the statements (for a merge, nothing needs to follow it).
  [2]

A psql meta-command.

  $ printf -- '-- pgbraid:revision b2\n-- pgbraid:parent a1\n-- pgbraid:up\nSELECT 1;\n\\i other.sql\n' > migrations/b.sql
  $ pgbraid heads
  migrations/b.sql:5:1: error: \i is no SQL
      5 | \i other.sql
        | ^
  detail: It is a command of the psql program; the server does not know it.
  hint: Paste that file's text here, or make it a revision of its own.
  [2]

The lines that pg_dump writes are passed over.

  $ printf -- '-- pgbraid:revision b2\n-- pgbraid:parent a1\n-- pgbraid:up\n\\restrict abc\nSELECT 1;\n\\unrestrict abc\n' > migrations/b.sql
  $ pgbraid heads
  b2 (head), b

Bytes that are no UTF-8.

  $ printf -- '-- pgbraid:revision b2\n-- pgbraid:parent a1\n-- pgbraid:up\nSELECT '"'"'\351'"'"';\n' > migrations/b.sql
  $ pgbraid heads
  migrations/b.sql:4:9: error: invalid UTF-8
      4 | SELECT '\xE9';
        |         ^
  hint: Save the file as UTF-8.
  [2]

A string that is not closed.

  $ printf -- '-- pgbraid:revision b2\n-- pgbraid:parent a1\n-- pgbraid:up\nSELECT '"'"'x;\n' > migrations/b.sql
  $ pgbraid heads
  migrations/b.sql:4:8: error: a quoted string is not closed
      4 | SELECT 'x;
        |        ^
  hint: Close it with a single quote; a quote inside the string is written twice.
  [2]

A link, wherever it leads, and what is no file.

  $ rm migrations/b.sql; ln -s /etc/passwd migrations/b.sql
  $ pgbraid heads
  migrations/b.sql: error: migrations/b.sql is a symbolic link
  detail: It leads to /etc/passwd.
  hint: Links are not followed, so that nothing outside the folder is ever read: put the file itself there.
  [2]
  $ rm migrations/b.sql; mkdir migrations/b.sql
  $ pgbraid heads
  migrations/b.sql: error: migrations/b.sql is not a regular file
  [2]
  $ rmdir migrations/b.sql

A config with a slip.

  $ printf '[project]\nmigratons = m\n' > pgbraid.ini
  $ pgbraid heads
  $DIR/pgbraid.ini:2:1: error: unknown key "migratons" in section [project]
  hint: Did you mean "migrations"?
  [2]
