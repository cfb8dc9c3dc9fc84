"""The part `backfill` of bench/run: 200,000 sessions become treatment goals, by pgbraid and in the ways people do it.

    single       one INSERT … SELECT: nothing is isolated, nothing resumes, and one bad row is the end of all
    batches      the same in psql, 1,000 sessions in each statement
    sqlalchemy   a script that goes row by row and commits each session (Debian's SQLAlchemy, the first 2,000 sessions)
    pgbraid      the backfill of examples/therapy
    errors       the same, where one session in 1,000 is at fault
    far …        pgbraid and the script over a line of 1 ms a round trip, as between two machines

Each turn every contestant gets a new copy of one database. What they made is compared: the goals must be the same.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import server as servers

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SCRIPTED = 2000

# What a person writes who knows that nothing fails; with the backfill's rules for tasks.
SINGLE = r"""INSERT INTO treatment_goals (patient_id, therapist_id, session_id, description, category, status, created_at)
SELECT DISTINCT ON (patient_id, task COLLATE "C") patient_id, therapist_id, id, task, value ->> 'category', 'assigned',
       session_date
FROM (SELECT s.*, item.value, item.place, item.value ->> 'task' AS task
      FROM therapy_sessions AS s,
           LATERAL jsonb_array_elements(CASE jsonb_typeof(extracted_notes -> 'action_items')
                                        WHEN 'array' THEN extracted_notes -> 'action_items' END)
               WITH ORDINALITY AS item (value, place)
      WHERE {where}) AS item
WHERE jsonb_typeof(value -> 'task') NOT IN ('object', 'array')
  AND task ~ '[^[:space:]\u0001-\u0020\u007f-\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'
  AND NOT EXISTS (SELECT FROM treatment_goals AS g WHERE g.patient_id = item.patient_id AND g.description = item.task)
ORDER BY patient_id, task COLLATE "C", id, place"""

# Bounds of 1,000 sessions each, and one statement, which is one transaction, for each of them.
BATCHES = """SELECT format($statement$%s$statement$, low, high)
FROM (SELECT lag(id, 1, '00000000-0000-0000-0000-000000000000') OVER (ORDER BY id) AS low, id AS high
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS number, count(*) OVER () AS count FROM therapy_sessions) AS n
      WHERE number %% 1000 = 0 OR number = count) AS bounds
ORDER BY low
\\gexec
"""

MADE = "SELECT count(*), md5(string_agg(patient_id::text || description || session_id, ' ' ORDER BY patient_id, description COLLATE \"C\")) FROM treatment_goals"


class Peak:
    """The most memory that a process had. Not what wait4 says: that counts what this program had before exec, too."""

    def __init__(self):
        self.kib = 0

    def watch(self, name, stop):
        while not stop.wait(0.1):
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                        status = dict(line.split(":", 1) for line in file if ":" in line)
                    if int(status["PPid"]) == os.getpid() and status["Name"].strip() == name:
                        self.kib = max(self.kib, int(status["VmHWM"].split()[0]))
                except (OSError, KeyError, ValueError):
                    pass


def prepare(server, program, sessions, failing, name):
    """The template database: the practice's revisions, its sessions, and fresh statistics."""
    server.execute(f"CREATE DATABASE {name}")
    subprocess.run([program, "-q", "-d", server.uri(name), "upgrade"], cwd=ROOT / "examples" / "therapy", check=True)
    server.execute(f"SET seeds.sessions = {sessions}; SET seeds.failing = {failing};"
                   + (ROOT / "examples/therapy/seeds/sessions.sql").read_text(encoding="utf-8"), name)
    for statement in ("VACUUM ANALYZE", "CHECKPOINT"):
        server.execute(statement, name)


def spent(server):
    """Processor time of the server's sessions that have ended."""
    time.sleep(0.3)  # until the last one has
    with open(f"/proc/{server.process}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def fresh(server, template):
    server.execute("DROP DATABASE IF EXISTS bench WITH (FORCE)")
    server.execute(f"CREATE DATABASE bench TEMPLATE {template} STRATEGY file_copy")
    server.execute("CHECKPOINT")


def measure(report, pairs_wanted, sessions, program, psql, timed, pairs_of, far):
    subprocess.run([str(ROOT / "tools" / "deps"), "bench"], check=True)
    folder = Path(tempfile.mkdtemp(prefix="pgb-bench-"))
    with servers.private_server(shared_buffers="512MB", max_wal_size="8GB", checkpoint_timeout="30min") as server:
        try:
            with far(server, 500) as through:
                contest(report, pairs_wanted, sessions, folder, server, through, program, psql, timed, pairs_of)
        finally:
            shutil.rmtree(folder)


def contest(report, pairs_wanted, sessions, folder, server, through, program, psql, timed, pairs_of):
    prepare(server, program, sessions, 0, "clean")
    prepare(server, program, sessions, 1, "faulty")  # per thousand
    shutil.copytree(ROOT / "examples" / "therapy", folder / "therapy", ignore=shutil.ignore_patterns(".pgbraid"))
    (folder / "single.sql").write_text(SINGLE.format(where="true"), encoding="utf-8")
    (folder / "batches.sql").write_text(BATCHES % SINGLE.format(where="s.id > %L AND s.id <= %L"), encoding="utf-8")
    uri = server.uri("bench")
    plain = [psql, "-XAtq", "-v", "ON_ERROR_STOP=1", uri]
    ours = [program, "-q", "-d", uri, "backfill", "run", "treatment_goals"]
    script = ["/usr/bin/python3", str(HERE / "row_by_row.py")]
    commands = {
        "batches": (plain, "batches.sql"), "single": (plain, "single.sql"), "pgbraid": (ours, None), "errors": (ours, None),
        "sqlalchemy": ([*script, uri, str(SCRIPTED)], None),
        "far pgbraid": ([*ours[:3], f"postgresql:///bench{through}", *ours[4:]], None),
        "far sqlalchemy": ([*script, f"postgresql:///bench{through}", str(SCRIPTED)], None),
    }
    pairs, peak, made = pairs_of(commands), Peak(), {}
    stop = threading.Event()
    watcher = threading.Thread(target=peak.watch, args=(Path(program).name, stop))
    watcher.start()
    try:
        for turn in range(pairs_wanted):
            for name in list(commands)[:: 1 if turn % 2 else -1]:
                fresh(server, "faulty" if name == "errors" else "clean")
                argv, script = commands[name]
                server_cpu = spent(server)
                pairs.add(name, timed(argv, folder / "therapy", folder / script if script else None,
                                      want=1 if name == "errors" else 0))
                pairs.runs[name][-1].cpu += spent(server) - server_cpu
                made[name] = server.execute(MADE, "bench")[0]
                print(f"  turn {turn + 1}, {name}: {pairs.runs[name][-1].seconds:.2f} s, {pairs.runs[name][-1].cpu:.2f} s of "
                      f"processor time, {made[name][0]:,} goals", flush=True)
                if name == "errors":
                    faults = server.execute("SELECT count(*) FROM pgbraid.backfill_error", "bench")[0][0]
    finally:
        stop.set()
        watcher.join()
    if not made["single"] == made["batches"] == made["pgbraid"]:
        sys.exit(f"the goals that were made differ: {made}")
    pace = sessions / SCRIPTED
    for run in pairs.runs["sqlalchemy"] + pairs.runs["far sqlalchemy"]:
        run.seconds *= pace
        run.cpu *= pace
    what = f"{sessions:,} sessions to {made['pgbraid'][0]:,} goals"
    single = "one INSERT … SELECT"
    scripted = f"SQLAlchemy row by row ({SCRIPTED:,} sessions, times {pace:.0f})"
    at_fault = f"{faults:,} of {sessions:,} sessions at fault"
    for ours, other, title, goal, peak_goal in (
            ("pgbraid", "single", f"{what}, against {single} (70 % of its rows per second)", 1 / 0.7, 16),
            ("pgbraid", "batches", f"{what}, against batches of 1,000 in psql", None, None),
            ("batches", "single", f"batches of 1,000 in psql, against {single}", None, None),
            ("pgbraid", "sqlalchemy", f"{what}, against {scripted}", 0.01, None),
            ("far pgbraid", "far sqlalchemy", "the same, both over 1 ms a round trip", 0.01, None),
            ("single", "sqlalchemy", f"{single}, against {scripted}", None, None),
            ("errors", "pgbraid", f"{at_fault}, against none", 2.0, None)):
        report.add(title, pairs.seconds(ours), pairs.seconds(other), pairs.ratio(ours, other), goal,
                   peak.kib / 1024 if peak_goal else None, peak_goal, cpu=pairs.cpu_ratio(ours, other))
