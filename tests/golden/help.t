The overview comes from the command table; it stands whole in docs/commands/help.md, and what is said of each command in
its page there, compared too.

  $ pgbraid | tail -1
  pgbraid help COMMAND tells more about one.
  $ pgbraid > /dev/null
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

Every command has an example, and the options that all have: also what stands behind a command is one.

  $ commands=$(pgbraid help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); test $(echo $commands | wc -w) -ge 20
  $ for c in $commands "db start" "db stop" "db status" "db url" "db psql" "db reset"; do
  >   pgbraid $c --help > help || echo "$c --help fails"
  >   grep -A1 '^Examples$' help | grep -q "^  .*pgbraid .*${c%% *}" || echo "$c has no example"
  >   grep -q '^Options of every command$' help || echo "$c has not the options of every command"
  >   test "$(pgbraid $c -q -v -C . -d x --color never --no-progress --format text --version)" = "pgbraid 0.1.0" || echo "$c -V"
  > done

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
  $ pgbraid completion bash > c.bash && bash -n c.bash && grep -q -e '--dry-run' c.bash
  $ bash -c '. ./c.bash; COMP_WORDS=(pgbraid up); COMP_CWORD=1; _pgbraid; echo "${COMPREPLY[@]}"'
  upgrade
  $ bash -c '. ./c.bash; COMP_WORDS=(pgbraid history --gr); COMP_CWORD=2; _pgbraid; echo "${COMPREPLY[@]}"'
  --graph
  $ pgbraid completion tcsh
  pgbraid: error: completion: unknown shell 'tcsh'
  hint: bash is known: pgbraid completion bash
  [2]
