The overview, which comes from the command table. What is said of each command stands in docs/commands, compared too.

  $ pgbraid
  pgbraid changes PostgreSQL schemas by revisions that form a graph.

  Usage: pgbraid [-C DIR] COMMAND [OPTION...]

  Start
    init          start a project
    new           start a revision

  Read the graph
    history       list the revisions, newest first
    heads         list the heads: revisions that no other names as parent
    branches      list the branch points and their children
    show          show one revision: file, parents, children, state

  Ask the database
    status        what is applied, pending, late, failed, edited, missing
    current       list the applied revisions that are no parent of an applied one
    verify        compare the database with its applied revisions, or with a
                  snapshot
    snapshot      write the schema of a database as a file to commit

  Change the database
    upgrade       apply pending revisions
    downgrade     revert applied revisions
    stamp         record revisions as applied without running them

  Look after the embedded PostgreSQL
    db            start, stop, status, url, psql, reset

  More
    help          what a command does
    completion    a script that completes commands and options in the shell

  Options of every command
    -C, --directory=DIR     work in the project in DIR; relative paths are
                            relative to it
    -d, --database=URL|ENV  the database: a URL, key=value settings, or an
                            environment that pgbraid.ini names; in pgbraid.ini:
                            url in [database]; environment: DATABASE_URL
        --format=text|json  how data and errors are written to stdout (default:
                            text)
        --color=WHEN        auto (only on a terminal), always or never (default:
                            auto); environment: NO_COLOR
        --no-progress       no moving display on a terminal
    -q, --quiet             only warnings and errors on stderr
    -v, --verbose           say more: the server's notices, notes
    -h, --help              show this help
    -V, --version           show the version

  pgbraid help COMMAND tells more about one.
  [2]
  $ pgbraid --help | head -3
  pgbraid changes PostgreSQL schemas by revisions that form a graph.

  Usage: pgbraid [-C DIR] COMMAND [OPTION...]
  $ pgbraid --version
  pgbraid 0.1.0
  $ pgbraid -V --format json
  {"version": "0.1.0"}
  $ pgbraid help completion | head -3
  pgbraid completion: a script that completes commands and options in the shell

  Usage: pgbraid completion [OPTION...] SHELL
  $ test "$(pgbraid help upgrade)" = "$(pgbraid upgrade --help)"
  $ test "$(pgbraid help db start)" = "$(pgbraid db start -h)"

The man page and completion know the same commands and options.

  $ for c in $(pgbraid help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
  >   pgbraid help --man | grep -q "^.SS pgbraid $c" || echo "$c is not in the manual"
  >   pgbraid completion bash | grep -q "  $c) words" || echo "$c is not completed"
  > done
  $ pgbraid help --man | grep -A3 'lock\\-wait' | head -4
  .B \-\-lock\-wait=TIME
  how long to wait for another runner; none: no limit
  .TP
  .B \-\-lock\-timeout=TIME
  $ pgbraid completion bash > c.bash && bash -n c.bash && grep -c -e '--dry-run' c.bash
  3
  $ bash -c '. ./c.bash; COMP_WORDS=(pgbraid up); COMP_CWORD=1; _pgbraid; echo "${COMPREPLY[@]}"'
  upgrade
  $ bash -c '. ./c.bash; COMP_WORDS=(pgbraid history --gr); COMP_CWORD=2; _pgbraid; echo "${COMPREPLY[@]}"'
  --graph
  $ pgbraid completion tcsh
  pgbraid: error: completion: unknown shell 'tcsh'
  hint: bash is known: pgbraid completion bash
  [2]
