"""Private PostgreSQL servers, standbys and poolers for tests. warden.py ends them, whatever happens.

    with private_server(wal_level="logical") as server: …      own settings
    with private_server(tcp=True, ssl=True) as server: …       also on 127.0.0.1, with a certificate
    with standby_of(server) as standby: …                      streams from it
    with pgbouncer(server, mode="transaction") as pool: …      in front of it

Each has uri(database), socket_dir, port, host (with tcp), user, log, process (id of the daemon), dir.
"""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

SUPPORT = Path(__file__).resolve().parent
ROOT = SUPPORT.parent.parent
USER = "postgres"
PORT = 5432  # names the socket's file; nothing listens on it unless tcp was asked for

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C.UTF-8",
    # With the database, so that a test is shown only its own lines.
    "log_line_prefix": "%m [%p] [%d] %a: ",
    "log_min_messages": "warning",
    "log_lock_waits": "on",
}


def bindir(major=None):
    """The folder of a PostgreSQL server's programs: of that major version, else the newest not above 15."""
    found = {}
    for path in Path("/usr/lib/postgresql").glob("*/bin/initdb"):
        with contextlib.suppress(ValueError):
            found[int(path.parent.parent.name)] = path.parent
    wanted = [major] if major else sorted(found, key=lambda version: (version > 15, -version))
    for version in wanted:
        if version in found:
            return found[version]
    raise RuntimeError(f"no PostgreSQL server programs{f' of version {major}' if major else ''} found; "
                       "tools/deps test installs them")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Owned:
    """The owner's side of a warden: makes what the wish says, and ends it with stop() or with the process."""

    def __init__(self, wish):
        self.warden = subprocess.Popen(
            ["/usr/bin/python3", "-I", str(SUPPORT / "warden.py")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.warden.stdin.write(json.dumps(wish) + "\n")
        self.warden.stdin.flush()
        answer = json.loads(self.warden.stdout.readline() or '{"error": "the warden ended"}')
        if "error" in answer:
            self.stop()
            raise RuntimeError(answer["error"])
        self.dir = Path(answer["dir"])
        self.process = answer["daemon"]

    def stop(self):
        if self.warden.stdin.closed:
            return
        with contextlib.suppress(BrokenPipeError):
            self.warden.stdin.close()
        self.warden.wait()
        self.warden.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Server:
    """Where a server is, and how to reach it."""

    def __init__(self, socket_dir, log, user=USER, port=PORT, host=None, process=None, directory=None,
                 owned=None):
        self.socket_dir, self.log, self.user, self.port = str(socket_dir), Path(log), user, int(port)
        self.host, self.process, self.dir, self.owned = host, process, directory, owned

    def uri(self, database="postgres", tcp=False, **parameters):
        """A URI: over the socket, or with tcp=True over 127.0.0.1."""
        name, user = urllib.parse.quote(database, safe=""), urllib.parse.quote(self.user, safe="")
        if tcp:
            if not self.host:
                raise ValueError("this server was made without tcp=True")
            base = f"postgresql://{user}@{self.host}:{self.port}/{name}"
        else:
            parameters = {"host": self.socket_dir, "port": self.port, "user": self.user, **parameters}
            base = f"postgresql:///{name}"
        query = urllib.parse.urlencode(parameters, safe="/", quote_via=urllib.parse.quote)
        return f"{base}?{query}" if query else base

    def connect(self, database="postgres", **parameters):
        """A psycopg2 connection in autocommit."""
        import psycopg2  # here, so that what needs no server needs no psycopg2

        connection = psycopg2.connect(self.uri(database, **parameters))
        connection.autocommit = True
        return connection

    def execute(self, sql, database="postgres"):
        """Runs one statement; its rows, if it has any."""
        with contextlib.closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None

    def to_environment(self):
        return {"PGBRAID_TEST_SERVER": json.dumps(
            {"socket_dir": self.socket_dir, "log": str(self.log), "user": self.user, "port": self.port,
             "process": self.process})}

    @classmethod
    def from_environment(cls):
        """The run's shared server, if with_server.py started one."""
        text = os.environ.get("PGBRAID_TEST_SERVER")
        return cls(**json.loads(text)) if text else None

    def log_since(self, position, database=None):
        """The log from a byte position on; with a database only its lines and those of none."""
        try:
            with open(self.log, "rb") as log:
                log.seek(position)
                lines = log.read().decode("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return []
        if database is None:
            return lines
        wanted, keep = [], False
        for line in lines:
            start = re.match(r"^\d{4}-\d\d-\d\d [^\[]*\[\d+\] \[(.*?)\] ", line)
            if start:  # else it continues the line above
                keep = start[1] in ("", database)
            if keep:
                wanted.append(line)
        return wanted

    def log_size(self):
        try:
            return os.stat(self.log).st_size
        except FileNotFoundError:
            return 0

    def stop(self):
        if self.owned is not None:
            self.owned.stop()


def setting_lines(settings):
    quoted = {name: str(value).replace("'", "''") for name, value in settings.items()}
    return "".join(f"{name} = '{value}'\n" for name, value in quoted.items())


def start_server(tcp=False, ssl=False, hba=None, major=None, initdb_options=(), preload=None, env=None, **settings):
    """preload: a library for LD_PRELOAD of the server; env: {name: value} for it, with {dir}."""
    programs = bindir(major)
    port = free_port() if tcp else PORT
    settings = {**SETTINGS, "port": port, "unix_socket_directories": "{dir}/s", **settings}
    steps = [[str(programs / "initdb"), "-D", "{dir}/data", "-U", USER, "--auth=trust", "--encoding=UTF8",
              "--locale=C.UTF-8", "--no-sync", "--no-instructions", *initdb_options]]
    if tcp:
        settings["listen_addresses"] = "127.0.0.1"
    if ssl:
        steps.append(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-batch",
                      "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                      "-keyout", "{dir}/server.key", "-out", "{dir}/server.crt"])
        settings.update(ssl="on", ssl_cert_file="{dir}/server.crt", ssl_key_file="{dir}/server.key")
    hba = hba or "local all all trust\nlocal replication all trust\nhost all all 127.0.0.1/32 trust\n"
    settings["hba_file"] = "{dir}/hba.conf"
    around = []
    if preload or env:
        words = {**({"LD_PRELOAD": "{dir}/preload.so"} if preload else {}), **(env or {})}
        around = ["/usr/bin/env", *(f"{name}={value}" for name, value in words.items())]
    owned = Owned({
        "user": True, "mode": 0o711, "folders": {"s": 0o700},
        "files": {"settings.conf": setting_lines(settings), "hba.conf": hba},
        "steps": [*steps, ["/bin/sh", "-c", "echo \"include '{dir}/settings.conf'\" >>{dir}/data/postgresql.conf"]],
        "copies": {"preload.so": str(preload)} if preload else {},
        "daemon": [*around, str(programs / "postgres"), "-D", "{dir}/data"],
        "log": "{dir}/log", "socket": f"{{dir}}/s/.s.PGSQL.{port}", "stop": "SIGQUIT",
    })
    return finish(owned, port, "127.0.0.1" if tcp else None)


def finish(owned, port, host):
    server = Server(owned.dir / "s", owned.dir / "log", port=port, host=host, process=owned.process,
                    directory=owned.dir, owned=owned)
    try:
        wait_until_ready(server)
    except BaseException:
        owned.stop()
        raise
    return server


def wait_until_ready(server, seconds=60):
    """The socket's file is there before connections are accepted."""
    ask = [str(bindir() / "pg_isready"), "-q", "-h", server.socket_dir, "-p", str(server.port)]
    deadline = time.monotonic() + seconds
    while subprocess.run(ask, check=False).returncode != 0:
        if time.monotonic() > deadline:
            raise RuntimeError("the server does not answer:\n" + "\n".join(server.log_since(0)[-40:]))
        time.sleep(0.02)


@contextlib.contextmanager
def private_server(**settings):
    """A server of the test's own. tcp, ssl, hba (text), major, initdb_options; the rest are settings."""
    server = start_server(**settings)
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def standby_of(primary, **settings):
    """A streaming standby of a private_server()."""
    programs = bindir()
    settings = {**SETTINGS, "port": PORT, "unix_socket_directories": "{dir}/s", "hot_standby": "on",
                "hba_file": "{dir}/hba.conf", **settings}
    owned = Owned({
        "user": True, "mode": 0o711, "folders": {"s": 0o700},
        "files": {"settings.conf": setting_lines(settings),
                  "hba.conf": "local all all trust\nlocal replication all trust\n"},
        "steps": [
            [str(programs / "pg_basebackup"), "-D", "{dir}/data", "-h", primary.socket_dir, "-p",
             str(primary.port), "-U", primary.user, "--write-recovery-conf", "--wal-method=stream",
             "--checkpoint=fast", "--no-sync"],
            # The copied configuration includes the primary's settings; ours replaces it whole.
            ["/bin/sh", "-c", "echo \"include '{dir}/settings.conf'\" >{dir}/data/postgresql.conf"]],
        "daemon": [str(programs / "postgres"), "-D", "{dir}/data"],
        "log": "{dir}/log", "socket": f"{{dir}}/s/.s.PGSQL.{PORT}", "stop": "SIGQUIT",
    })
    server = finish(owned, PORT, None)
    try:
        yield server
    finally:
        server.stop()


def pgbouncer_program():
    for path in ("/usr/sbin/pgbouncer", ROOT / "build-tools/pgbouncer/usr/sbin/pgbouncer"):
        if os.access(path, os.X_OK):
            return str(path)
    raise RuntimeError("no pgbouncer; tools/deps test unpacks it")


@contextlib.contextmanager
def pgbouncer(server, mode="transaction", **settings):
    """A PgBouncer before a server, on a socket of its own; its admin console is database `pgbouncer`."""
    settings = {"pool_mode": mode, "default_pool_size": 10, "max_client_conn": 100, **settings,
                "listen_port": PORT, "listen_addr": "", "unix_socket_dir": "{dir}/s", "auth_type": "any",
                "admin_users": USER}
    # auth_type any logs every client in as the user that the database line names.
    text = (f"[databases]\n* = host={server.socket_dir} port={server.port} user={server.user}\n[pgbouncer]\n"
            + "".join(f"{name} = {value}\n" for name, value in settings.items()))
    owned = Owned({
        "user": True, "mode": 0o711, "folders": {"s": 0o700}, "files": {"pgbouncer.ini": text},
        "copies": {"pgbouncer": pgbouncer_program()},
        "daemon": ["{dir}/pgbouncer", "{dir}/pgbouncer.ini"],
        "log": "{dir}/log", "socket": f"{{dir}}/s/.s.PGSQL.{PORT}", "stop": "SIGTERM",
    })
    pool = finish(owned, PORT, None)
    try:
        yield pool
    finally:
        pool.stop()


if __name__ == "__main__":
    sys.exit("a module; with_server.py is the program")
