The program can be run at all; everything else is in files of its own.

  $ pgbraid >/dev/null 2>&1; test $? -lt 64
