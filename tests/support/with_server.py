#!/usr/bin/python3
"""Runs a command beside one private PostgreSQL cluster: with_server.py COMMAND [ARGUMENT…]

The command finds the cluster through PGBRAID_TEST_SERVER (harness.py reads it). Its exit status is ours. The
cluster is gone afterwards, also when this program is killed; the command is told then, too.
"""

import ctypes
import os
import signal
import subprocess
import sys

import server


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    shared = server.start_server()
    status = 1
    try:
        command = subprocess.Popen(
            sys.argv[1:], env={**os.environ, **shared.to_environment()},
            preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0))  # PR_SET_PDEATHSIG
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda received, _: command.send_signal(received))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the command as well
        status = command.wait()
    finally:
        shared.stop()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
