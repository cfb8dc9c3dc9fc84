fixture: therapy

The graph of the therapy practice, read without a database.

  $ pgbraid heads
  4da5acd78939 (timeline, treatment_plans) (head), treatment plan tables (feature 4)
  g7h8i9j0k1l2 (compliance, timeline) (head), security and compliance tables (feature 8)
  e4f5g6h7i8j9 (exports) (head), export tables (feature 7)
  $ pgbraid heads --format json
  {"heads":["4da5acd78939","g7h8i9j0k1l2","e4f5g6h7i8j9"]}
  $ pgbraid heads -v
  4da5acd78939 (timeline, treatment_plans) (head), treatment plan tables (feature 4)
      migrations/4da5acd78939_add_treatment_plan_tables.sql
  g7h8i9j0k1l2 (compliance, timeline) (head), security and compliance tables (feature 8)
      migrations/g7h8i9j0k1l2_add_security_and_compliance_tables.sql
  e4f5g6h7i8j9 (exports) (head), export tables (feature 7)
      migrations/e4f5g6h7i8j9_add_export_tables.sql
  $ pgbraid branches
  c3d4e5f6g7h8 (branch point), analytics tables (feature 2)
      -> d4e5f6g7h8i9 (timeline), timeline events (feature 5)
      -> e4f5g6h7i8j9 (exports) (head), export tables (feature 7)
  f6g7h8i9j0k1 (branch point), note templates (feature 3)
      -> 4da5acd78939 (treatment_plans) (head), treatment plan tables (feature 4)
      -> g7h8i9j0k1l2 (compliance) (head), security and compliance tables (feature 8)
  $ pgbraid branches --format json
  {"branches":[{"id":"c3d4e5f6g7h8","title":"analytics tables (feature 2)","children":["d4e5f6g7h8i9","e4f5g6h7i8j9"]},{"id":"f6g7h8i9j0k1","title":"note templates (feature 3)","children":["4da5acd78939","g7h8i9j0k1l2"]}]}
  $ pgbraid history
  e4f5g6h7i8j9 (exports) (head), export tables (feature 7)
  g7h8i9j0k1l2 (compliance) (head), security and compliance tables (feature 8)
  4da5acd78939 (treatment_plans) (head), treatment plan tables (feature 4)
  f6g7h8i9j0k1 (branch point), note templates (feature 3)
  e5f6g7h8i9j0, goal tracking tables (feature 6)
  d5e6f7g8h9i0, treatment goals (feature 6)
  d4e5f6g7h8i9 (timeline), timeline events (feature 5)
  c3d4e5f6g7h8 (branch point), analytics tables (feature 2)
  b2c3d4e5f6g7, user columns and therapist_patients junction
  42ef48f739a4, auth schema and refresh tokens
  808b6192c57c, auth schema and user columns
  7cce0565853d, auth tables
  $ pgbraid history --graph
  ●  e4f5g6h7i8j9 (exports) (head), export tables (feature 7)
  │ ●  g7h8i9j0k1l2 (compliance) (head), security and compliance tables (feature 8)
  │ │ ●  4da5acd78939 (treatment_plans) (head), treatment plan tables (feature 4)
  │ ├─╯
  │ ●  f6g7h8i9j0k1 (branch point), note templates (feature 3)
  │ ●  e5f6g7h8i9j0, goal tracking tables (feature 6)
  │ ●  d5e6f7g8h9i0, treatment goals (feature 6)
  │ ●  d4e5f6g7h8i9 (timeline), timeline events (feature 5)
  ├─╯
  ●  c3d4e5f6g7h8 (branch point), analytics tables (feature 2)
  ●  b2c3d4e5f6g7, user columns and therapist_patients junction
  ●  42ef48f739a4, auth schema and refresh tokens
  ●  808b6192c57c, auth schema and user columns
  ●  7cce0565853d, auth tables
  $ LC_ALL=C pgbraid history --graph
  *  e4f5g6h7i8j9 (exports) (head), export tables (feature 7)
  | *  g7h8i9j0k1l2 (compliance) (head), security and compliance tables (feature 8)
  | | *  4da5acd78939 (treatment_plans) (head), treatment plan tables (feature 4)
  | |/
  | *  f6g7h8i9j0k1 (branch point), note templates (feature 3)
  | *  e5f6g7h8i9j0, goal tracking tables (feature 6)
  | *  d5e6f7g8h9i0, treatment goals (feature 6)
  | *  d4e5f6g7h8i9 (timeline), timeline events (feature 5)
  |/
  *  c3d4e5f6g7h8 (branch point), analytics tables (feature 2)
  *  b2c3d4e5f6g7, user columns and therapist_patients junction
  *  42ef48f739a4, auth schema and refresh tokens
  *  808b6192c57c, auth schema and user columns
  *  7cce0565853d, auth tables
  $ pgbraid history --graph --color=always | head -1 | od -c | grep -c 033
  2
  $ pgbraid history -r b2c3:d5e6
  d5e6f7g8h9i0, treatment goals (feature 6)
  d4e5f6g7h8i9 (timeline), timeline events (feature 5)
  c3d4e5f6g7h8 (branch point), analytics tables (feature 2)
  b2c3d4e5f6g7, user columns and therapist_patients junction
  $ pgbraid history -r :b2c3 --reverse
  7cce0565853d, auth tables
  808b6192c57c, auth schema and user columns
  42ef48f739a4, auth schema and refresh tokens
  b2c3d4e5f6g7, user columns and therapist_patients junction
  $ pgbraid history -r exports: -n 2 -v
  e4f5g6h7i8j9 (exports) (head), export tables (feature 7)
      file:    migrations/e4f5g6h7i8j9_add_export_tables.sql
      parent:  c3d4e5f6g7h8
  $ pgbraid history --format json -r e4f5:
  {"revisions":[{"id":"e4f5g6h7i8j9","parents":["c3d4e5f6g7h8"],"depends":[],"labels":["exports"],"title":"export tables (feature 7)","file":"migrations/e4f5g6h7i8j9_add_export_tables.sql","applied":null,"state":null,"head":true}]}
  $ pgbraid history --graph=dot -r c3d4:d5e6
  digraph revisions {
      rankdir=BT;
      node [shape=box];
      "d5e6f7g8h9i0" [label="d5e6f7g8h9i0, treatment goals (feature 6)"];
      "d4e5f6g7h8i9" [label="d4e5f6g7h8i9 (timeline), timeline events (feature 5)"];
      "c3d4e5f6g7h8" [label="c3d4e5f6g7h8 (branch point), analytics tables (feature 2)"];
      "d5e6f7g8h9i0" -> "d4e5f6g7h8i9";
      "d4e5f6g7h8i9" -> "c3d4e5f6g7h8";
  }
  $ pgbraid history --graph=mermaid -r c3d4:d5e6
  flowchart BT
      r_d5e6f7g8h9i0["d5e6f7g8h9i0, treatment goals (feature 6)"]
      r_d4e5f6g7h8i9["d4e5f6g7h8i9 (timeline), timeline events (feature 5)"]
      r_c3d4e5f6g7h8["c3d4e5f6g7h8 (branch point), analytics tables (feature 2)"]
      r_d5e6f7g8h9i0 --> r_d4e5f6g7h8i9
      r_d4e5f6g7h8i9 --> r_c3d4e5f6g7h8
  $ pgbraid show c3d4e5f6g7h8
  revision       c3d4e5f6g7h8
  title          analytics tables (feature 2)
  file           migrations/c3d4e5f6g7h8_add_analytics_tables.sql
  parent         b2c3d4e5f6g7, user columns and therapist_patients junction
  children       d4e5f6g7h8i9, timeline events (feature 5)
                 e4f5g6h7i8j9, export tables (feature 7)
  way back       yes
  $ pgbraid show timeline@heads
  pgbraid: error: "timeline@heads" is ambiguous: it is 2 revisions
  detail:
    4da5acd78939  treatment plan tables (feature 4)
    g7h8i9j0k1l2  security and compliance tables (feature 8)
  hint: say one of 4da5acd78939, g7h8i9j0k1l2; see pgbraid history
  [2]
  $ pgbraid show exports@head --format json
  {"id":"e4f5g6h7i8j9","parents":["c3d4e5f6g7h8"],"depends":[],"labels":["exports"],"title":"export tables (feature 7)","file":"migrations/e4f5g6h7i8j9_add_export_tables.sql","applied":null,"state":null,"head":true}
  $ pgbraid show base+2 | head -2
  revision       808b6192c57c
  title          auth schema and user columns

None of this made a server.

  $ ls -A
  README.md
  backfills
  migrations
  pgbraid.ini
  queries
  seeds

What is ambiguous or unknown is refused, with the candidates.

  $ pgbraid show d
  pgbraid: error: "d" fits 2 revisions
  detail:
    d4e5f6g7h8i9  timeline events (feature 5)
    d5e6f7g8h9i0  treatment goals (feature 6)
  hint: say one of d4e5f6g7h8i9, d5e6f7g8h9i0; see pgbraid history
  [2]
  $ pgbraid show head
  pgbraid: error: "head" is ambiguous: there are 3 heads
  detail:
    treatment_plans@head  4da5acd78939  treatment plan tables (feature 4)
    compliance@head       g7h8i9j0k1l2  security and compliance tables (feature 8)
    exports@head          e4f5g6h7i8j9  export tables (feature 7)
  hint: say one of treatment_plans@head, compliance@head, exports@head; or heads for all of them, where several are allowed; see pgbraid heads, and pgbraid merge to join them
  [2]
  $ pgbraid show nosuch
  pgbraid: error: no revision or label is called "nosuch"
  hint: pgbraid history lists all revisions
  [2]
  $ pgbraid history -r b2c3
  pgbraid: error: "b2c3" is no range
  hint: a range is A:B, A: or :B, the older end first
  [2]
  $ pgbraid history -r nosuch:
  pgbraid: error: no revision or label is called "nosuch"
  hint: pgbraid history lists all revisions
  [2]
