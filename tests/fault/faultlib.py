"""What the fault harnesses share: the work in a database that is made anew for every point, the tools that make the
faults, and check_invariants(), which each of them calls after every fault.

A harness is a FaultTest. For each point it makes an Attempt (database and project as before the work), runs the program
under a fault, and hands the attempt to check_invariants(), which reports to the test's Tally. The tally is
printed (`R1: 812 points hit, 0 half, 0 false success, …`) and asserted: nothing broken, and at least the floor hit.

With PGBRAID_TORTURE set the full figures are run (full() is where every harness takes its size from), and what was reached
is appended to PGBRAID_FIGURES as JSON lines; tests/torture does both and makes the table of docs/reliability.md.
"""

import concurrent.futures
import contextlib
import itertools
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))



def _memory():
    """A memory file system with room, or nothing: making a database there takes 10 ms instead of 150."""
    with contextlib.suppress(OSError):
        room = os.statvfs("/dev/shm")
        if room.f_bavail * room.f_frsize > 3 << 30 and not room.f_flag & os.ST_NOEXEC:
            return {"PGBRAID_TEST_BASE": "/dev/shm"}
    return {}


os.environ.update(_memory())

import harness  # noqa: E402
import kinds  # noqa: E402
import server as servers  # noqa: E402

TORTURE = bool(os.environ.get("PGBRAID_TORTURE"))
EVERY = os.environ.get("PGBRAID_TORTURE") == "every"
TOOLS = Path(os.environ.get("PGBRAID_FAULT_TOOLS", harness.ROOT / "build-san" / "tests" / "fault"))
WORKERS = int(os.environ.get("PGBRAID_FAULT_WORKERS", "2"))
# Clean ends of the program: anything else is a crash or a promise broken.
STATUSES = {0, 1, 2, 3, 4, 5, 6}
UNKNOWN = 6


def wait_for(server, sql, seconds=30):
    """Until the server says true."""
    end = time.monotonic() + seconds
    while not server.execute(sql)[0][0]:
        if time.monotonic() > end:
            raise AssertionError(f"did not come about: {sql}")
        time.sleep(0.02)


def tool(name):
    return str(TOOLS / name)


def full(small, large, every=None):
    """The figure for make check, the one for make torture, and the one for PGBRAID_TORTURE=every, which takes hours."""
    return (every if every is not None and EVERY else large) if TORTURE else small


PROBE = (HERE / "probe.sql").read_text(encoding="utf-8")


class Subject:
    """A program under test, and how its history is read."""

    def __init__(self, path, env=None, mini=False):
        self.path, self.env, self.mini = str(path), env or {}, mini

    def argv(self, uri, command):
        command = [word for word in command if not (self.mini and word.startswith("--"))]
        return [self.path, "-d", uri, *command]

    def applied(self, cursor):
        """{id: complete} of what the history says is there."""
        if self.mini:
            cursor.execute("SELECT to_regclass('pgbraid.mini_applied')")
            if cursor.fetchone()[0] is None:
                return {}
            cursor.execute("SELECT id FROM pgbraid.mini_applied")
            return {row[0]: True for row in cursor.fetchall()}
        return history.applied(cursor)

    def intents(self, cursor, ident):
        """What the history says of the statements of a revision outside a transaction: [(ordinal, 'intent' or
        'done', text)]."""
        return [] if self.mini else history.intents(cursor, ident)


def pgbraid(env=None):
    return Subject(harness.program(), env)


def plain(env=None):
    """The same sources without sanitizers: what is preloaded, traced, or started by the thousand."""
    return Subject(tool("pgbraid-plain"), env)


def work():
    """What does the work under faults of time and place: with sanitizers in make check; without them in make torture,
    where there are ten times as many points."""
    return plain() if TORTURE else pgbraid()


def mini(mode=""):
    return Subject(tool("minirunner"), {"MINIRUNNER": mode}, mini=True)


def linked_in(program, library, own):
    """Where in a program the functions of a static library are, as failsite.h reads it: lines of FROM TO."""
    def names(archive):
        done = subprocess.run(["nm", "--defined-only", str(archive)], capture_output=True, text=True, check=False)
        return {line.split()[2] for line in done.stdout.splitlines()
                if len(line.split()) == 3 and line.split()[1] in "tTwW"}

    theirs, ours = names(library), names(own)
    table = subprocess.run(["nm", "-n", "--defined-only", str(program)], capture_output=True, text=True, check=True)
    symbols = [(int(a, 16), kind, name) for a, kind, name in
               (line.split() for line in table.stdout.splitlines() if len(line.split()) == 3) if kind in "tTwW"]
    ranges, before = [], False
    for (address, _, name), (end, _, _) in zip(symbols, symbols[1:]):
        base = name.split(".")[0]
        # A name that both have belongs to whom its neighbour belongs.
        before = (name in theirs or base in theirs) and (before if name in ours or base in ours else True)
        if not before:
            continue
        if ranges and ranges[-1][1] == address:
            ranges[-1][1] = end
        else:
            ranges.append([address, end])
    return "".join(f"{a:x} {b:x}\n" for a, b in ranges)


class Proxy:
    """proxy.c as a process; see there for rules."""

    def __init__(self, folder, server, tcp=None, delay_us=0):
        self.dir, self.server, self.tcp = Path(folder), server, tcp
        self.dir.mkdir(exist_ok=True)
        upstream = f"{server.socket_dir}/.s.PGSQL.{server.port}"
        where = ["--tcp", str(tcp)] if tcp else ["--listen", str(self.dir / f".s.PGSQL.{server.port}")]
        self.process = subprocess.Popen([tool("proxy"), *where, "--upstream", upstream, "--delay-us", str(delay_us)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.hits = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        assert self.lines.get(timeout=10) == "ready"

    def _read(self):
        for line in self.process.stdout:
            (self.hits if line.startswith("hit ") else self.lines).put(line.strip())

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.lines.get(timeout=10)
        if answer.startswith("error"):
            raise ValueError(f"{command}: {answer}")
        return answer

    def reset(self):
        self.tell("reset")
        with contextlib.suppress(queue.Empty):
            while True:
                self.hits.get_nowait()

    def arm(self, **rule):
        self.tell("arm " + " ".join(f"{name}={str(value).replace(' ', '+')}" for name, value in rule.items()))

    def hit(self, timeout=0.0):
        """What was hit, as a dict; None: nothing was."""
        try:
            line = self.hits.get(timeout=timeout) if timeout else self.hits.get_nowait()
        except queue.Empty:
            return None
        words = dict(word.split("=", 1) for word in line.split()[1:])
        return {name: int(v) if v.lstrip("-").isdigit() else v for name, v in words.items()}

    def uri(self, database):
        if self.tcp:
            return f"postgresql://{self.server.user}@127.0.0.1:{self.tcp}/{database}"
        return f"postgresql:///{database}?host={self.dir}&port={self.server.port}&user={self.server.user}"

    def stop(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


class Tally:
    """What the points of one harness came to."""

    BROKEN = ("half", "false success", "not converging", "left behind", "crash", "hang", "reset", "wrong")

    def __init__(self, name, floor=0, goal=""):
        self.name, self.floor, self.goal = name, floor, goal
        self.hit = self.missed = self.unknown = self.done = self.failed = 0
        self.broken = {}
        self.lines = []
        self.note = ""  # a figure beside the count of points
        self.lock = threading.Lock()
        self.start = time.monotonic()

    def broke(self, what, point, why=""):
        with self.lock:
            self.broken[what] = self.broken.get(what, 0) + 1
            self.lines.append(f"{what}: {point}: {why}")

    def count(self, hit, result=None):
        with self.lock:
            if not hit:
                self.missed += 1
                return
            self.hit += 1
            if result is not None:
                self.unknown += result.status == UNKNOWN
                self.done += result.status == 0
                self.failed += result.status != 0

    def text(self):
        n = {what: self.broken.get(what, 0) for what in ("half", "false success", "not converging", "left behind")}
        other = "".join(f", {count} {what}" for what, count in self.broken.items() if what not in n)
        return (f"{self.name}: {self.hit} points hit, {n['half']} half, {n['false success']} false success, "
                f"{n['not converging']} not converging, {n['left behind']} left behind{other} ({self.done} ended with 0, "
                f"{self.unknown} unknown, {self.missed} missed, {time.monotonic() - self.start:.0f} s)")


class Result:
    """One run of a subject."""

    def __init__(self, argv, status, stdout, stderr, seconds):
        self.argv, self.status, self.stdout, self.stderr, self.seconds = argv, status, stdout, stderr, seconds

    def __str__(self):
        tail = (self.stdout[-600:] + self.stderr[-1500:]).strip()
        return f"status {self.status} after {self.seconds:.1f} s: {tail}"


class Attempt:
    """A database and a project as they are before a kind's work."""

    def __init__(self, ground, worker):
        self.ground, self.kind, self.subject, self.test = ground, ground.kind, ground.subject, ground.test
        self.worker = worker
        self.database = f"{ground.template}_w{worker}"
        self.uri = ground.server.uri(self.database)
        self.folder = ground.folder / f"w{worker}"
        self.project = self.folder / "project"
        self.as_before = False  # check_invariants() has found that nothing was committed: it needs no reset

    def reset(self):
        """Everything as before; checked. What a fault left running is ended with its database."""
        if not self.as_before:
            self.ground.make(self.database)
            with self.connection() as cursor:
                cursor.execute("SELECT probe.everything()")
                state = cursor.fetchone()[0]
                applied = self.subject.applied(cursor)
            if state != self.ground.all_before or applied != self.ground.applied_before:
                raise AssertionError(f"the reset did not work: {applied}\n{state}\ninstead of\n"
                                     f"{self.ground.applied_before}\n{self.ground.all_before}")
        self.as_before = False
        for name in ("tmp", "home"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name).mkdir(parents=True)
        if not self.project.exists():
            self.project.mkdir(parents=True)
            self.test.write(self.project, self.kind.files())
        self.files_before = self.files()

    def files(self):
        found = []
        for name in ("tmp", "home", "project"):
            for folder, folders, files in os.walk(self.folder / name):
                found += [os.path.join(folder, entry) for entry in folders + files]
        return sorted(found)

    @contextlib.contextmanager
    def connection(self):
        import psycopg2

        with contextlib.closing(psycopg2.connect(self.uri, application_name="faultlib")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor

    def environment(self, **more):
        return self.test.environment(HOME=self.folder / "home", TMPDIR=self.folder / "tmp",
                                     **{**self.subject.env, **more})

    def start(self, uri=None, command=None, wrap=(), env=None, subject=None):
        argv = [*wrap, *(subject or self.subject).argv(uri or self.uri, command or self.kind.command)]
        return subprocess.Popen(argv, cwd=self.project, env=self.environment(**(env or {})), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self, process, timeout=60):
        """The Result of a started process; status None: it had to be killed."""
        start = time.monotonic()
        try:
            stdout, stderr = process.communicate(timeout=timeout)
            status = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            status = None
        return Result(process.args, status, stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"),
                      time.monotonic() - start)

    def run(self, uri=None, command=None, wrap=(), env=None, timeout=60, subject=None):
        return self.end(self.start(uri, command, wrap, env, subject), timeout)

    def backends(self, cursor):
        cursor.execute("SELECT pid, state, left(query, 60) FROM pg_stat_activity WHERE datname = %s "
                       "AND pid <> pg_backend_pid() AND backend_type = 'client backend'", (self.database,))
        return cursor.fetchall()

    def locks(self, cursor):
        cursor.execute("SELECT pid, classid, objid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = "
                       "(SELECT oid FROM pg_database WHERE datname = %s)", (self.database,))
        return cursor.fetchall()

    def quiet(self, cursor, seconds=15):
        """Waits until no backend works in the database; what is left then."""
        deadline = time.monotonic() + seconds
        while (left := self.backends(cursor)) and time.monotonic() < deadline:
            time.sleep(0.01)
        return left


class Ground:
    """What the attempts of one kind and subject start from: a template database, and the states before and after."""

    numbers = itertools.count(1)

    def __init__(self, test, kind, subject):
        self.test, self.kind, self.subject, self.server = test, kind, subject, test.server
        self.template = f"f{os.getpid()}_{next(self.numbers)}"
        self.folder = test.folder / f"ground-{self.template}"
        self.folder.mkdir()
        self.admin = threading.local()
        self.made = set()
        test.addCleanup(self.drop_all)
        self.execute(f'CREATE DATABASE "{self.template}"')
        self.made.add(self.template)
        self._run_sql(self.template, PROBE)
        if not kind.empty:
            self._apply(self.template, kind.before, ("upgrade",), "before")
        self.state_before, self.applied_before = self.look(self.template)
        self.all_before = test.query(self.server.uri(self.template), "SELECT probe.everything()")[0][0]
        done = f"{self.template}_after"
        self.make(done)
        self._apply(done, kind.files(), kind.command, "after")
        self.state_after, self.applied_after = self.look(done)
        if self.state_after == self.state_before or self.applied_after == self.applied_before:
            raise AssertionError(f"the work of {kind.name} changes nothing")
        wanted = set(kind.before_ids) - ({r.id for r in kind.revisions} if kind.reverse else set())
        wanted |= set() if kind.reverse else {r.id for r in kind.revisions}
        if set(self.applied_after) != wanted or not all(self.applied_after.values()):
            raise AssertionError(f"after {kind.name} the history has {self.applied_after}, not {wanted}")

    def execute(self, sql):
        """On a connection of this thread's own to the server's database postgres."""
        import psycopg2

        connection = getattr(self.admin, "connection", None)
        if connection is not None and not connection.closed:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
            except psycopg2.Error:  # the server was restarted since
                connection.close()
        if connection is None or connection.closed:
            connection = self.admin.connection = psycopg2.connect(self.server.uri())
            connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)

    def _run_sql(self, database, sql):
        self.test.query(self.server.uri(database), sql)

    def _apply(self, database, files, command, name):
        folder = self.folder / name
        folder.mkdir()
        self.test.write(folder, files)
        run = subprocess.run(self.subject.argv(self.server.uri(database), command), cwd=folder, capture_output=True,
                             text=True, errors="replace", stdin=subprocess.DEVNULL, check=False,
                             env=self.test.environment(**{**self.subject.env, "FAILMALLOC_AT": None}))
        if run.returncode != 0:
            raise AssertionError(f"{self.kind.name}: {' '.join(command)} without any fault ended with "
                                 f"{run.returncode}\n{run.stdout}{run.stderr}")

    def look(self, database):
        import psycopg2

        with contextlib.closing(psycopg2.connect(self.server.uri(database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT probe.state()")
                return cursor.fetchone()[0], self.subject.applied(cursor)

    def make(self, database):
        self.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        # Not the strategy wal_log: it copies a sequence with what its WAL has run ahead, and after a crash the copy
        # gives the same values again.
        self.execute(f'CREATE DATABASE "{database}" TEMPLATE "{self.template}" STRATEGY file_copy')
        self.made.add(database)

    def drop_all(self):
        import psycopg2

        with contextlib.suppress(psycopg2.OperationalError):  # a server of the test's own is gone already
            for database in sorted(self.made, reverse=True):
                self.test.server.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def attempt(self, worker=0):
        return Attempt(self, worker)


def _effects(cursor, revision):
    """[(touched, done)] of a revision's statements."""
    parts = ", ".join(f"({s.touched}), ({s.done})" for s in revision.effects)
    cursor.execute("SELECT " + parts)
    row = cursor.fetchone()
    return list(zip(row[0::2], row[1::2]))


def _check_half(attempt, cursor, tally, point):
    """Invariant 1: the effect is there if and only if its row is, or an intent row that names the statement."""
    applied = attempt.subject.applied(cursor)
    clean = True
    for revision in attempt.kind.revisions:
        effects = _effects(cursor, revision)
        recorded = revision.id in applied and applied[revision.id]
        done = all(d for _, d in effects)
        untouched = not any(t for t, _ in effects)
        if revision.transactional:
            if not (done if recorded else untouched):
                tally.broke("half", point, f"{revision.id}: recorded {recorded}, effects {effects}")
                clean = False
            continue
        if recorded:
            if not done:
                tally.broke("half", point, f"{revision.id} is recorded, effects {effects}")
                clean = False
            continue
        rows = {ordinal: state for ordinal, state, _ in attempt.subject.intents(cursor, revision.id)}
        for ordinal, (touched, finished) in enumerate(effects, 1):
            state = rows.get(ordinal)
            if (touched and state is None) or (state == "done" and not finished):
                tally.broke("half", point, f"{revision.id} statement {ordinal}: {state or 'no row'}, "
                                           f"effects {effects}, rows {rows}")
                clean = False
    return clean


def _check_left(attempt, cursor, tally, point, when):
    """Invariant 4: no lock, backend, temporary file or server is left, and no invalid index."""
    left = attempt.quiet(cursor)
    if left:
        tally.broke("left behind", point, f"{when}: backends {left}")
    locks = attempt.locks(cursor)
    if locks:
        tally.broke("left behind", point, f"{when}: advisory locks {locks}")
    files = [f for f in attempt.files() if f not in attempt.files_before]
    if files:
        tally.broke("left behind", point, f"{when}: files {files}")


def check_invariants(attempt, result, tally, point, killed=False, ends=None, rerun=True, same=False):
    """The four invariants of docs/reliability.md, after a fault at `point`.

    result: the interrupted run. killed: it was ended with SIGKILL, so that what it left may stay until the next run.
    ends: the exit statuses that are right here (default: every clean one). rerun: False where there is no next run.
    same: where each row is as before, and no backend, lock or file is left, that was the next run's beginning, too: it is
    not run again, and the database not made anew.
    """
    ground = attempt.ground
    if not killed:
        if result.status is None:
            tally.broke("hang", point, str(result))
        elif result.status not in (ends or STATUSES):
            tally.broke("crash" if result.status not in STATUSES else "wrong", point, str(result))
        elif result.status not in (0,) and not (result.stderr + result.stdout).strip():
            tally.broke("wrong", point, f"status {result.status} without a word")
    with attempt.connection() as cursor:
        # What was sent still runs where the connection is gone: it ends before anything is judged.
        left = attempt.quiet(cursor)
        if left:
            tally.broke("left behind", point, f"backends still at work: {left}; {result}")
        _check_half(attempt, cursor, tally, point)
        if not killed:
            _check_left(attempt, cursor, tally, point, "after the fault")
            if result.status == 0:
                cursor.execute("SELECT probe.state()")
                state = cursor.fetchone()[0]
                applied = attempt.subject.applied(cursor)
                if state != ground.state_after or applied != ground.applied_after:
                    tally.broke("false success", point, f"applied {applied}; {result}")
        if same and not killed and result.status != 0:
            cursor.execute("SELECT probe.everything()")
            attempt.as_before = cursor.fetchone()[0] == ground.all_before
        if not rerun or attempt.as_before:
            return
        again = attempt.run()
        if again.status != 0:
            tally.broke("not converging", point, f"the next run: {again}\nthe run with the fault: {result}")
            return
        _check_left(attempt, cursor, tally, point, "after the next run")
        cursor.execute("SELECT probe.state()")
        state = cursor.fetchone()[0]
        applied = attempt.subject.applied(cursor)
        if state != ground.state_after or applied != ground.applied_after:
            difference = set(state.splitlines()) ^ set(ground.state_after.splitlines())
            tally.broke("not converging", point, f"the next run ended with 0, but applied is {applied}, and the state "
                                                 f"differs in {sorted(difference)[:6]}")


def spread(points, count, critical=()):
    """All critical points, and `count` others evenly (all where there are no more)."""
    points = list(points)
    chosen = [p for p in points if p in critical] if critical else []
    others = [p for p in points if p not in critical]
    more = min(len(others), count)
    if more:
        step = len(others) / more
        chosen += [others[int(i * step)] for i in range(more)]
    return chosen


class FaultTest(harness.PgbraidTest):
    """A harness. Point functions are run by WORKERS threads, each with its own database, project and proxy."""

    @property
    def server(self):
        """A cluster of this process's own, where /dev/shm is for it; the shared one lies on a disk."""
        if harness._Shared.server is None:  # pylint: disable=protected-access
            harness._Shared.server = servers.start_server(  # pylint: disable=protected-access
                max_connections="200", autovacuum="off")
        return super().server

    def ground(self, kind, subject):
        return Ground(self, kinds.kind(kind) if isinstance(kind, str) else kind, subject)

    def each_point(self, ground, points, function, tally, prepare=None):
        """function(attempt, point, extra) for every point; extra is what prepare(attempt) made, with a stop()."""
        workers = queue.Queue()
        for number in range(WORKERS):
            attempt = ground.attempt(number)
            attempt.reset()
            workers.put((attempt, prepare(attempt) if prepare else None))
        stop_at = 20

        def one(point):
            if sum(tally.broken.values()) >= stop_at:
                return
            attempt, extra = workers.get()
            try:
                attempt.reset()
                function(attempt, point, extra)
            except Exception as problem:  # pylint: disable=broad-except
                attempt.as_before = False
                tally.broke("reset" if "reset" in str(problem) else "wrong", point, repr(problem))
            finally:
                workers.put((attempt, extra))

        try:
            with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
                list(pool.map(one, points))
        finally:
            while not workers.empty():
                _, extra = workers.get()
                if extra is not None:
                    extra.stop()

    def proxy_for(self, attempt):
        return Proxy(attempt.folder / "p", attempt.ground.server)

    def conclude(self, tally, must_break=None):
        """Prints the tally and asserts it. must_break: the names of which one at least must have been caught."""
        print(f"# {tally.text()}")
        for line in tally.lines[:8]:
            print("\n".join("#   " + part for part in line.splitlines()[:30]))
        sys.stdout.flush()
        figures = os.environ.get("PGBRAID_FIGURES")
        if figures:
            with open(figures, "a", encoding="utf-8") as file:
                file.write(json.dumps({"name": tally.name, "text": tally.text(), "hit": tally.hit,
                                       "broken": tally.broken, "goal": tally.goal, "note": tally.note,
                                       "must": bool(must_break),
                                       "control": bool(must_break) or "control" in tally.name}) + "\n")
        if must_break:
            self.assertTrue(set(must_break) & set(tally.broken), f"the positive control was not caught: {tally.text()}")
            return
        self.assertEqual(tally.broken, {}, tally.text())
        self.assertGreaterEqual(tally.hit, tally.floor, f"fewer points than the floor: {tally.text()}")


import history  # noqa: E402  (beside this file: how the product's history is read)
