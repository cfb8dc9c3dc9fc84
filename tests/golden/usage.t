fixture: therapy

What is typed wrongly is named, with what was meant. All of these end with 2, and nothing was touched.

  $ pgbraid upgrad
  pgbraid: error: unknown command 'upgrad'
  hint: did you mean 'pgbraid upgrade'?
  [2]
  $ pgbraid heds
  pgbraid: error: unknown command 'heds'
  hint: did you mean 'pgbraid heads'?
  [2]
  $ pgbraid frobnicate
  pgbraid: error: unknown command 'frobnicate'
  hint: pgbraid help lists the commands
  [2]
  $ pgbraid heads --formt json
  pgbraid: error: heads: unknown option '--formt'
  hint: did you mean --format?
  [2]
  $ pgbraid heads --frobnicate
  pgbraid: error: heads: unknown option '--frobnicate'
  hint: pgbraid heads --help lists the options
  [2]
  $ pgbraid heads -z
  pgbraid: error: heads: unknown option '-z'
  hint: pgbraid heads --help lists the options
  [2]
  $ pgbraid --dry-run upgrade
  pgbraid: error: unknown option '--dry-run'
  hint: an option of a command stands behind it: pgbraid merge --dry-run
  [2]
  $ pgbraid heads --format xml
  pgbraid: error: --format takes one of text, json, not 'xml'
  [2]
  $ pgbraid heads --format
  pgbraid: error: option --format needs a value: --format=text|json
  [2]
  $ pgbraid heads --quiet=yes
  pgbraid: error: option --quiet takes no value
  [2]
  $ pgbraid show
  pgbraid: error: show: REV is missing
  hint: usage: pgbraid show [OPTION...] REV
  [2]
  $ pgbraid show a b
  pgbraid: error: show: unexpected argument 'b'
  hint: usage: pgbraid show [OPTION...] REV
  [2]
  $ pgbraid downgrade
  pgbraid: error: downgrade: TARGET is missing
  hint: usage: pgbraid downgrade [OPTION...] TARGET
  [2]
  $ pgbraid heads extra
  pgbraid: error: heads: unexpected argument 'extra'
  hint: usage: pgbraid heads [OPTION...]
  [2]
  $ pgbraid upgrade --lock-wait soon
  pgbraid: error: --lock-wait takes a time, not 'soon'
  hint: seconds, or a number with its unit: 500ms, 5s, 2min, 1h
  [2]
  $ pgbraid -C /nonexistent heads
  pgbraid: error: cannot work in '/nonexistent': No such file or directory
  [2]
  $ pgbraid help frobnicate
  pgbraid: error: help: no command 'frobnicate'
  hint: pgbraid help lists the commands
  [2]

Errors in JSON are one object on stdout, wherever the wish for it stands.

  $ pgbraid heads --frobnicate --format json 2>/dev/null
  {"error":{"code":"usage","sqlstate":null,"message":"heads: unknown option '--frobnicate'","file":null,"line":null,"column":null,"source":null,"detail":null,"hint":"pgbraid heads --help lists the options","context":[]}}
  [2]
  $ pgbraid --format=json frobnicate 2>/dev/null
  {"error":{"code":"usage","sqlstate":null,"message":"unknown command 'frobnicate'","file":null,"line":null,"column":null,"source":null,"detail":null,"hint":"pgbraid help lists the commands","context":[]}}
  [2]

Options that every command has stand before or after it, with or without a space; -- ends options.

  $ pgbraid -C / -C . heads --color=never | head -1
  4da5acd78939 (timeline, treatment_plans) (head), treatment plan tables (feature 4)
  $ pgbraid heads -qC ../session | head -1
  4da5acd78939 (timeline, treatment_plans) (head), treatment plan tables (feature 4)
  $ pgbraid show -- d4e5 | head -1
  revision       d4e5f6g7h8i9

What can't be written is an error; a reader that goes away is none.

  $ pgbraid history > /dev/full
  pgbraid: error: cannot write to standard output: No space left on device
  [1]
  $ pgbraid history | head -1
  e4f5g6h7i8j9 (exports) (head), export tables (feature 7)
  $ pgbraid history --format json > /dev/full
  pgbraid: error: cannot write to standard output: No space left on device
  [1]
  $ pgbraid help --man | head -1
  .TH PGBRAID 1 "" "pgbraid 0.1.0" "User Commands"
  $ pgbraid heads >&- 2>&-; echo $?
  1

Colour only where it is wanted.

  $ pgbraid heads --color=always | head -1 | grep -c "$(printf '\033')"
  1
  $ pgbraid heads --color=auto | grep -c "$(printf '\033')"
  0
  [1]
  $ pgbraid heads --color=sometimes
  pgbraid: error: --color takes one of auto, always, never, not 'sometimes'
  [2]
