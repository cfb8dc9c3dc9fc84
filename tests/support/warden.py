#!/usr/bin/python3
"""Owns one temporary folder and at most one daemon, and ends both when its owner goes, however it goes.

The owner starts this program with a pipe as standard input and keeps the other end. One JSON line goes in
(what to make, see Warden below), one comes out ({"dir": …} or {"error": …}), and then nothing happens until the
pipe closes: because the owner said so, ended, or was killed with SIGKILL, which leaves it no other word. Then
the daemon is stopped, whatever still runs inside the folder is killed by its id, and the folder is removed.
The warden is a session of its own, so no signal to the owner's group reaches it; a daemon is told by the
kernel (PDEATHSIG) should the warden itself be killed. A folder that nobody could remove is swept by
a later warden: each holds a lock on the file `owned` in its folder.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PREFIX = "pgbt-"
# Not TMPDIR: a socket's path must stay under 108 bytes. The fault tests, which make thousands of databases, name a
# memory file system.
BASE = os.environ.get("PGBRAID_TEST_BASE", "/tmp")
STALE_SECONDS = 60
PR_SET_PDEATHSIG = 1


def unprivileged():
    """The user that a PostgreSQL server runs as: initdb and postgres refuse root. None: the caller itself."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("neither user postgres nor nobody exists")


def become(user, death_signal):
    """For the child before exec. The death signal comes last: changing the user clears it."""
    if user is not None:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    os.umask(0o077)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)


def processes_inside(folder):
    """Ids of the processes whose working directory is in the folder (a PostgreSQL server's is its data)."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            cwd = os.readlink(f"/proc/{entry}/cwd").removesuffix(" (deleted)")
            if cwd == folder or cwd.startswith(folder + "/"):
                found.append(int(entry))
    return found


def kill_inside(folder, rounds=100):
    """Kills what processes_inside() finds, until none is left; returns what was found first."""
    first = found = processes_inside(folder)
    for turn in range(rounds):
        if not found:
            break
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                # A postmaster takes its children along on SIGQUIT; what stays gets SIGKILL.
                os.kill(pid, signal.SIGQUIT if turn < 20 else signal.SIGKILL)
        time.sleep(0.05)
        found = processes_inside(folder)
    return first


def sweep():
    for name in os.listdir(BASE):
        path = os.path.join(BASE, name)
        if not name.startswith(PREFIX) or os.path.islink(path):
            continue
        with contextlib.suppress(OSError):
            if os.stat(path).st_uid not in (os.geteuid(), getattr(unprivileged(), "pw_uid", -1)):
                continue
            if time.time() - os.stat(path).st_mtime < STALE_SECONDS:
                continue
            owned = os.open(os.path.join(path, "owned"), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(owned, fcntl.LOCK_EX | fcntl.LOCK_NB)
                kill_inside(path)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(owned)


class Warden:
    """What goes in, all optional; `{dir}` in any string is the folder's path:
    user      true: folder and programs belong to unprivileged()
    mode      the folder's mode
    folders   {name: mode}    made in it
    files     {name: text}    written in it, 0600
    copies    {name: path}    copied into it, 0755 (the user may not be able to enter where it lies)
    steps     [argv…]         run one after the other; the first that fails ends it
    daemon    argv, with its output in log
    socket    path that exists once the daemon is ready
    stop      signal that stops the daemon
    """

    def __init__(self, wish):
        self.user = unprivileged() if wish.get("user") else None
        sweep()
        self.folder = tempfile.mkdtemp(prefix=PREFIX, dir=BASE)
        self.lock = os.open(os.path.join(self.folder, "owned"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.daemon = None
        self.wish = json.loads(json.dumps(wish).replace("{dir}", self.folder))

    def give(self, path, mode):
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)
        os.chmod(path, mode)

    def start(self):
        wish = self.wish
        self.give(self.folder, wish.get("mode", 0o700))
        for name, mode in wish.get("folders", {}).items():
            os.mkdir(os.path.join(self.folder, name))
            self.give(os.path.join(self.folder, name), mode)
        for name, text in wish.get("files", {}).items():
            path = os.path.join(self.folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            self.give(path, 0o600)
        for name, source in wish.get("copies", {}).items():
            path = os.path.join(self.folder, name)
            shutil.copyfile(source, path)
            self.give(path, 0o755)
        clean = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        common = {"cwd": self.folder, "env": clean, "stdin": subprocess.DEVNULL}
        for argv in wish.get("steps", []):
            done = subprocess.run(argv, capture_output=True, text=True, check=False,
                                  preexec_fn=lambda: become(self.user, signal.SIGKILL), **common)
            if done.returncode != 0:
                raise RuntimeError(f"{argv[0]}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        if "daemon" not in wish:
            return
        self.death = getattr(signal, wish.get("stop", "SIGTERM"))
        with open(wish["log"], "ab") as log:
            self.give(wish["log"], 0o644)
            self.daemon = subprocess.Popen(
                wish["daemon"], stdout=log, stderr=log, start_new_session=True,
                preexec_fn=lambda: become(self.user, self.death), **common)
        deadline = time.monotonic() + 60
        while not os.path.exists(wish["socket"]):
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                with open(wish["log"], encoding="utf-8", errors="replace") as log:
                    raise RuntimeError(f"{wish['daemon'][0]} did not start:\n{log.read()[-4000:]}")
            time.sleep(0.01)

    def end(self):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.send_signal(self.death)
            try:
                self.daemon.wait(20)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        kill_inside(self.folder)
        for _ in range(20):
            shutil.rmtree(self.folder, ignore_errors=True)
            if not os.path.exists(self.folder):
                break
            time.sleep(0.05)
        os.close(self.lock)


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)  # only the pipe's end ends it
    with contextlib.suppress(PermissionError):
        os.setsid()
    line = sys.stdin.buffer.readline()
    if not line:
        return
    warden = Warden(json.loads(line))
    try:
        try:
            warden.start()
            answer = {"dir": warden.folder, "daemon": warden.daemon.pid if warden.daemon else None}
        except (OSError, RuntimeError) as problem:
            answer = {"error": str(problem)}
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(answer), flush=True)
        if "error" not in answer:
            sys.stdin.buffer.read()
    finally:
        warden.end()


if __name__ == "__main__":
    main()
