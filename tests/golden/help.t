The overview, and what is said of each command. All of it comes from the command table.

  $ pgbraid
  pgbraid changes PostgreSQL schemas by revisions that form a graph.

  Usage: pgbraid [-C DIR] COMMAND [OPTION...]

  Start
    init          start a project

  Read the graph
    history       list the revisions, newest first
    heads         list the heads: revisions that no other names as parent
    branches      list the branch points and their children
    show          show one revision: file, parents, children, state

  Ask the database
    status        what is applied, pending, late, failed, edited, missing
    current       list the applied revisions that are no parent of an applied one

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

  Usage: pgbraid [-C DIR] COMMAND [OPTION...]

  Start
    init          start a project

  Read the graph
    history       list the revisions, newest first
    heads         list the heads: revisions that no other names as parent
    branches      list the branch points and their children
    show          show one revision: file, parents, children, state

  Ask the database
    status        what is applied, pending, late, failed, edited, missing
    current       list the applied revisions that are no parent of an applied one

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

  Usage: pgbraid [-C DIR] COMMAND [OPTION...]
  $ pgbraid --version
  pgbraid 0.1.0
  $ pgbraid -V --format json
  {"version": "0.1.0"}
  $ pgbraid help help
  pgbraid help: what a command does

  Usage: pgbraid help [OPTION...] [COMMAND [COMMAND]]

  Options
        --man               the manual of all commands, as a man page

  Examples
    pgbraid help upgrade
        what upgrade does, its options, an example
    pgbraid help --man | man -l -
        read everything as a man page

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

  Usage: pgbraid help [OPTION...] [COMMAND [COMMAND]]

  Options
        --man               the manual of all commands, as a man page

  Examples
    pgbraid help upgrade
        what upgrade does, its options, an example
    pgbraid help --man | man -l -
        read everything as a man page

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
  $ pgbraid help init
  pgbraid init: start a project

  Usage: pgbraid init [OPTION...] [DIR]

  Writes pgbraid.ini with every setting explained, the folder migrations, and an
  entry for the embedded server's folder in .gitignore. Overwrites nothing.

  Options
        --name=NAME         the project's name (default: the folder's)
        --numbered          numbered files (001_x.sql, 001_x.down.sql) instead of
                            ids in headers

  Examples
    pgbraid init
        start a project in this folder
    pgbraid init shop
        start one in the folder shop, which is made if it is not there

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

  Usage: pgbraid init [OPTION...] [DIR]

  Writes pgbraid.ini with every setting explained, the folder migrations, and an
  entry for the embedded server's folder in .gitignore. Overwrites nothing.

  Options
        --name=NAME         the project's name (default: the folder's)
        --numbered          numbered files (001_x.sql, 001_x.down.sql) instead of
                            ids in headers

  Examples
    pgbraid init
        start a project in this folder
    pgbraid init shop
        start one in the folder shop, which is made if it is not there

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
  $ pgbraid history --help
  pgbraid history: list the revisions, newest first

  Usage: pgbraid history [OPTION...]

  Where a database is named, or the embedded server runs, what is not simply
  applied is marked: pending, late, failed, edited, reparented, missing. No
  server is started.

  Options
    -r, --range=A:B         only from A to B, both included; A: and :B are
                            allowed
        --graph[=text|dot|mermaid]
                            draw the branches: as rails in the terminal, or for
                            Graphviz or Mermaid
    -n, --limit=N           at most N revisions
        --reverse           oldest first

  Examples
    pgbraid history
        all revisions, newest first
    pgbraid history --graph
        the same, with the branches drawn
    pgbraid history -r c3d4:heads
        what came after c3d4

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

  Usage: pgbraid history [OPTION...]

  Where a database is named, or the embedded server runs, what is not simply
  applied is marked: pending, late, failed, edited, reparented, missing. No
  server is started.

  Options
    -r, --range=A:B         only from A to B, both included; A: and :B are
                            allowed
        --graph[=text|dot|mermaid]
                            draw the branches: as rails in the terminal, or for
                            Graphviz or Mermaid
    -n, --limit=N           at most N revisions
        --reverse           oldest first

  Examples
    pgbraid history
        all revisions, newest first
    pgbraid history --graph
        the same, with the branches drawn
    pgbraid history -r c3d4:heads
        what came after c3d4

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
  $ pgbraid help heads
  pgbraid heads: list the heads: revisions that no other names as parent

  Usage: pgbraid heads [OPTION...]

  Reads the files only. More than one head is no error: upgrade takes them all.
  With -v the files are named.

  Examples
    pgbraid heads
        the revisions that no other names as parent
    pgbraid heads --format json
        the same for a program: {"heads": [...]}

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

  Usage: pgbraid heads [OPTION...]

  Reads the files only. More than one head is no error: upgrade takes them all.
  With -v the files are named.

  Examples
    pgbraid heads
        the revisions that no other names as parent
    pgbraid heads --format json
        the same for a program: {"heads": [...]}

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
  $ pgbraid help branches
  pgbraid branches: list the branch points and their children

  Usage: pgbraid branches [OPTION...]

  A branch point is a revision with several children. Reads the files only.

  Examples
    pgbraid branches
        where the graph parts, and into what

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

  Usage: pgbraid branches [OPTION...]

  A branch point is a revision with several children. Reads the files only.

  Examples
    pgbraid branches
        where the graph parts, and into what

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
  $ pgbraid help show
  pgbraid show: show one revision: file, parents, children, state

  Usage: pgbraid show [OPTION...] REV

  REV is an id, the unique beginning of one, head, current, a label, LABEL@head,
  REV+N, REV-N. No server is started; where a database is named, its record is
  shown too.

  Examples
    pgbraid show d4e5
        the revision whose id begins with d4e5
    pgbraid show timeline@head
        the head of the branch with label timeline

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

  Usage: pgbraid show [OPTION...] REV

  REV is an id, the unique beginning of one, head, current, a label, LABEL@head,
  REV+N, REV-N. No server is started; where a database is named, its record is
  shown too.

  Examples
    pgbraid show d4e5
        the revision whose id begins with d4e5
    pgbraid show timeline@head
        the head of the branch with label timeline

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
  $ pgbraid help status
  pgbraid status: what is applied, pending, late, failed, edited, missing

  Usage: pgbraid status [OPTION...]

  Pending is what the files have and the database has not; late, what is pending
  below an applied revision; failed, what was tried last and rolled back. Edited
  is what is applied and whose up section differs from what ran; missing, what is
  applied and has no file. Reads only.

  Examples
    pgbraid status
        what is applied and what is not, and what to do next
    pgbraid status -d production --format json
        the same of production, for a program

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

  Usage: pgbraid status [OPTION...]

  Pending is what the files have and the database has not; late, what is pending
  below an applied revision; failed, what was tried last and rolled back. Edited
  is what is applied and whose up section differs from what ran; missing, what is
  applied and has no file. Reads only.

  Examples
    pgbraid status
        what is applied and what is not, and what to do next
    pgbraid status -d production --format json
        the same of production, for a program

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
  $ pgbraid help current
  pgbraid current: list the applied revisions that are no parent of an applied one

  Usage: pgbraid current [OPTION...]

  With -v it is told when and by whom each was applied. A database without
  history has nothing applied, which is no error.

  Examples
    pgbraid current
        what the database of this project is at
    pgbraid current -d production
        the same of an environment that pgbraid.ini names

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

  Usage: pgbraid current [OPTION...]

  With -v it is told when and by whom each was applied. A database without
  history has nothing applied, which is no error.

  Examples
    pgbraid current
        what the database of this project is at
    pgbraid current -d production
        the same of an environment that pgbraid.ini names

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
  $ pgbraid help upgrade
  pgbraid upgrade: apply pending revisions

  Usage: pgbraid upgrade [OPTION...] [TARGET...]

  Applies what the targets need and the database lacks, in order: parents and
  dependencies first, a branch finished before the next is begun. Without a
  target: all heads. A target is an id, the unique beginning of one, head, heads,
  a label, LABEL@head, +N, REV+N.

  Each revision and its row of history commit together; when one fails it is
  rolled back, and those before it stay. Others who run at the same time wait.

  Without a database named by -d, DATABASE_URL, pgbraid.ini or libpq's
  environment, the project's own embedded PostgreSQL is used.

  Options
    -n, --dry-run           show the plan and change nothing
        --lock-wait=TIME    how long to wait for another runner; none: no limit
        --lock-timeout=TIME
                            how long a statement waits for a lock before its
                            revision is tried again (default: 5s); 0: for ever;
                            in pgbraid.ini: lock_timeout in [project]
        --lock-deadline=TIME
                            how long one revision is tried again in all (default:
                            10min)
        --statement-timeout=TIME
                            how long one statement may run (default: no limit)

  Examples
    pgbraid upgrade
        apply everything that is pending, up to all heads
    pgbraid upgrade --dry-run -d production
        what would be applied there
    pgbraid upgrade timeline@head
        only what the branch with label timeline needs
    pgbraid upgrade +1
        the next revision only

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

  Usage: pgbraid upgrade [OPTION...] [TARGET...]

  Applies what the targets need and the database lacks, in order: parents and
  dependencies first, a branch finished before the next is begun. Without a
  target: all heads. A target is an id, the unique beginning of one, head, heads,
  a label, LABEL@head, +N, REV+N.

  Each revision and its row of history commit together; when one fails it is
  rolled back, and those before it stay. Others who run at the same time wait.

  Without a database named by -d, DATABASE_URL, pgbraid.ini or libpq's
  environment, the project's own embedded PostgreSQL is used.

  Options
    -n, --dry-run           show the plan and change nothing
        --lock-wait=TIME    how long to wait for another runner; none: no limit
        --lock-timeout=TIME
                            how long a statement waits for a lock before its
                            revision is tried again (default: 5s); 0: for ever;
                            in pgbraid.ini: lock_timeout in [project]
        --lock-deadline=TIME
                            how long one revision is tried again in all (default:
                            10min)
        --statement-timeout=TIME
                            how long one statement may run (default: no limit)

  Examples
    pgbraid upgrade
        apply everything that is pending, up to all heads
    pgbraid upgrade --dry-run -d production
        what would be applied there
    pgbraid upgrade timeline@head
        only what the branch with label timeline needs
    pgbraid upgrade +1
        the next revision only

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
  $ pgbraid help downgrade
  pgbraid downgrade: revert applied revisions

  Usage: pgbraid downgrade [OPTION...] TARGET

  Reverts every applied revision that descends from TARGET, or depends on one
  that goes, newest first; what does not descend from it stays. REV^ means to
  before REV: REV and what hangs on it go. LABEL@TARGET keeps to the label's
  branch; base reverts everything; -N goes N back.

  A revision without a way back (no down, or irreversible) is refused before
  anything runs. One whose file is gone is reverted by the way back that the
  database stored. On a terminal it is asked before more than one goes.

  Options
    -n, --dry-run           show the plan and change nothing
    -y, --yes               do not ask before more than one revision is reverted
        --lock-wait=TIME    how long to wait for another runner; none: no limit
        --lock-timeout=TIME
                            how long a statement waits for a lock before its
                            revision is tried again (default: 5s); 0: for ever;
                            in pgbraid.ini: lock_timeout in [project]
        --lock-deadline=TIME
                            how long one revision is tried again in all (default:
                            10min)
        --statement-timeout=TIME
                            how long one statement may run (default: no limit)

  Examples
    pgbraid downgrade -1
        revert the last revision
    pgbraid downgrade c3d4e5f6g7h8
        revert everything above c3d4e5f6g7h8
    pgbraid downgrade d4e5f6g7h8i9^
        revert d4e5f6g7h8i9 and what hangs on it; its siblings stay
    pgbraid downgrade base --dry-run
        what reverting everything would run

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

  Usage: pgbraid downgrade [OPTION...] TARGET

  Reverts every applied revision that descends from TARGET, or depends on one
  that goes, newest first; what does not descend from it stays. REV^ means to
  before REV: REV and what hangs on it go. LABEL@TARGET keeps to the label's
  branch; base reverts everything; -N goes N back.

  A revision without a way back (no down, or irreversible) is refused before
  anything runs. One whose file is gone is reverted by the way back that the
  database stored. On a terminal it is asked before more than one goes.

  Options
    -n, --dry-run           show the plan and change nothing
    -y, --yes               do not ask before more than one revision is reverted
        --lock-wait=TIME    how long to wait for another runner; none: no limit
        --lock-timeout=TIME
                            how long a statement waits for a lock before its
                            revision is tried again (default: 5s); 0: for ever;
                            in pgbraid.ini: lock_timeout in [project]
        --lock-deadline=TIME
                            how long one revision is tried again in all (default:
                            10min)
        --statement-timeout=TIME
                            how long one statement may run (default: no limit)

  Examples
    pgbraid downgrade -1
        revert the last revision
    pgbraid downgrade c3d4e5f6g7h8
        revert everything above c3d4e5f6g7h8
    pgbraid downgrade d4e5f6g7h8i9^
        revert d4e5f6g7h8i9 and what hangs on it; its siblings stay
    pgbraid downgrade base --dry-run
        what reverting everything would run

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
  $ pgbraid help stamp
  pgbraid stamp: record revisions as applied without running them

  Usage: pgbraid stamp [OPTION...] TARGET...

  Changes only the record: the targets and what they need count as applied
  afterwards, what lies above them in their lineage does not. No SQL of a
  revision runs.

  Options
        --purge             forget everything that is recorded first, also rows
                            whose files are gone
    -n, --dry-run           show the plan and change nothing
        --lock-wait=TIME    how long to wait for another runner; none: no limit
        --lock-timeout=TIME
                            how long a statement waits for a lock before its
                            revision is tried again (default: 5s); 0: for ever;
                            in pgbraid.ini: lock_timeout in [project]
        --lock-deadline=TIME
                            how long one revision is tried again in all (default:
                            10min)
        --statement-timeout=TIME
                            how long one statement may run (default: no limit)

  Examples
    pgbraid stamp heads
        record a database that was built otherwise as up to date
    pgbraid stamp --purge c3d4e5f6g7h8
        record exactly c3d4e5f6g7h8 and what it needs

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

  Usage: pgbraid stamp [OPTION...] TARGET...

  Changes only the record: the targets and what they need count as applied
  afterwards, what lies above them in their lineage does not. No SQL of a
  revision runs.

  Options
        --purge             forget everything that is recorded first, also rows
                            whose files are gone
    -n, --dry-run           show the plan and change nothing
        --lock-wait=TIME    how long to wait for another runner; none: no limit
        --lock-timeout=TIME
                            how long a statement waits for a lock before its
                            revision is tried again (default: 5s); 0: for ever;
                            in pgbraid.ini: lock_timeout in [project]
        --lock-deadline=TIME
                            how long one revision is tried again in all (default:
                            10min)
        --statement-timeout=TIME
                            how long one statement may run (default: no limit)

  Examples
    pgbraid stamp heads
        record a database that was built otherwise as up to date
    pgbraid stamp --purge c3d4e5f6g7h8
        record exactly c3d4e5f6g7h8 and what it needs

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
  $ pgbraid help completion
  pgbraid completion: a script that completes commands and options in the shell

  Usage: pgbraid completion [OPTION...] SHELL

  Examples
    source <(pgbraid completion bash)
        complete commands and options in this shell

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

  Usage: pgbraid completion [OPTION...] SHELL

  Examples
    source <(pgbraid completion bash)
        complete commands and options in this shell

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

The man page and completion know the same commands and options.

  $ pgbraid help --man | grep -c '^.SS pgbraid'
  12
  $ pgbraid help --man | grep -A3 'lock\\-wait' | head -4
  .B \-\-lock\-wait=TIME
  how long to wait for another runner; none: no limit
  .TP
  .B \-\-lock\-timeout=TIME
  $ pgbraid completion bash > c.bash && bash -n c.bash && grep -c -e '--dry-run=*' c.bash
  3
  $ bash -c '. ./c.bash; COMP_WORDS=(pgbraid up); COMP_CWORD=1; _pgbraid; echo "${COMPREPLY[@]}"'
  upgrade
  $ bash -c '. ./c.bash; COMP_WORDS=(pgbraid history --gr); COMP_CWORD=2; _pgbraid; echo "${COMPREPLY[@]}"'
  --graph
  $ pgbraid completion tcsh
  pgbraid: error: completion: unknown shell 'tcsh'
  hint: bash is known: pgbraid completion bash
  [2]
