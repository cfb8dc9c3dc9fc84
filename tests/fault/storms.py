"""Storms: many runners started at once on one database (R6, R7)."""

import kinds

import faultlib


def journal(ident):
    """A statement that shows how often it ran: no key stops a second row."""
    return f"INSERT INTO app.journal VALUES ('{ident}', pg_backend_pid());"


def storm_kind(concurrently):
    work = {"migrations/a0_base.sql": kinds.native("a0", None, f"""
CREATE SCHEMA app;
CREATE TABLE app.journal (revision text NOT NULL, pid int);
CREATE TABLE app.thing (id bigint PRIMARY KEY, name text);
INSERT INTO app.thing SELECT g, 'thing ' || g FROM generate_series(1, 500) g;
{journal('a0')}
""", "DROP SCHEMA app CASCADE;")}
    before = "a0"
    for i in range(1, 4):
        ident = f"b{i}"
        work[f"migrations/{ident}_table.sql"] = kinds.native(
            ident, before, f"CREATE TABLE app.t{i} (id bigint PRIMARY KEY);\n{journal(ident)}", f"DROP TABLE app.t{i};")
        before = ident
        if concurrently:
            ident = f"c{i}"
            work[f"migrations/{ident}_index.sql"] = kinds.native(
                ident, before, f"CREATE INDEX CONCURRENTLY thing_{i} ON app.thing (name, id);\n"
                               f"CREATE INDEX CONCURRENTLY t{i}_id ON app.t{i} (id);",
                f"DROP INDEX CONCURRENTLY app.t{i}_id;\nDROP INDEX CONCURRENTLY app.thing_{i};", none=True)
            before = ident
    ids = [path.split("/")[1].split("_")[0] for path in work]
    revisions = [kinds.Revision(i, [kinds.table("app.thing")]) for i in ids]
    return kinds.Kind("storm", empty=True, work=work, revisions=revisions)


class StormTest(faultlib.FaultTest):
    def storm(self, subject, runners, rounds, concurrently, tally, most=None):
        """Each point is one runner of one round. Of a control, `most`: as many more until it broke, since on a quiet machine its
        runners may happen to pass one another by."""
        ground = self.ground(storm_kind(concurrently), subject)
        attempt = ground.attempt()
        ids = [r.id for r in ground.kind.revisions]
        for number in range(most or rounds):
            if number >= rounds and tally.broken:
                break
            attempt.reset()
            processes = [attempt.start() for _ in range(runners)]
            for process in processes:
                result = attempt.end(process, 180)
                tally.count(True, result)
                if result.status != 0:
                    what = "deadlock" if "deadlock" in result.stderr else "failed"
                    tally.broke("hang" if result.status is None else what, f"round {number}", str(result))
            with attempt.connection() as cursor:
                faultlib._check_left(attempt, cursor, tally, f"round {number}", "after the storm")
                state = ground.look(attempt.database)[0]
                cursor.execute("SELECT revision, count(*) FROM app.journal GROUP BY 1 HAVING count(*) <> 1")
                if twice := cursor.fetchall():
                    tally.broke("twice", f"round {number}", str(twice))
                cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
                if invalid := cursor.fetchall():
                    tally.broke("invalid index", f"round {number}", str(invalid))
                if sorted(attempt.subject.applied(cursor)) != sorted(ids):
                    tally.broke("not converging", f"round {number}", str(attempt.subject.applied(cursor)))
                if not subject.mini:
                    counts = faultlib.history.events(cursor, "upgrade")
                    if counts != {i: 1 for i in ids}:
                        tally.broke("twice", f"round {number}", f"events {counts}")
                # Backend ids differ from run to run; the journal is judged above.
                strip = [line for line in state.splitlines() if not line.startswith("data app.journal")]
                after = [line for line in ground.state_after.splitlines() if not line.startswith("data app.journal")]
                if strip != after:
                    tally.broke("not converging", f"round {number}", str(sorted(set(strip) ^ set(after))[:6]))
            if sum(tally.broken.values()) > 20:
                break
