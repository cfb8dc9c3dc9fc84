"""Cutting the connection of a run at points of its message stream (R1, R2, and what builds on them)."""

import os

import faultlib


def messages(path):
    """[(conn, dir, n, type, length, text)] of a run that the proxy wrote down."""
    found = []
    with open(path, encoding="ascii", errors="replace") as log:
        for line in log:
            conn, direction, n, kind, length, text = (line.rstrip("\n").split(" ", 5) + [""])[:6]
            found.append((int(conn), direction, int(n), kind, int(length), text))
    return found


def points_of(seen):
    """Every point of a run, and the critical ones: around each COMMIT, both ways."""
    points, critical = [], set()
    for conn, direction, n, kind, length, text in seen:
        if conn == 0:
            continue
        commit = "COMMIT" in text
        for at, k in (("before", 0), ("inside", max(1, length // 2)), ("after", 0)):
            if at == "inside" and length < 2:
                continue
            point = (conn, direction, n, at, k)
            points.append(point)
            if commit:
                critical.add(point)
    return points, critical


class CutTest(faultlib.FaultTest):
    def record(self, ground):
        attempt = ground.attempt()
        attempt.reset()
        proxy = self.proxy_for(attempt)
        try:
            log = attempt.folder / "messages"
            proxy.tell(f"log {log}")
            result = attempt.run(proxy.uri(attempt.database))
            self.assertEqual(result.status, 0, f"through the proxy, without a fault: {result}")
            proxy.tell("log -")
            seen = messages(log)
            os.unlink(log)
        finally:
            proxy.stop()
        faultlib.check_invariants(attempt, result, tally := faultlib.Tally("recorded"), "no fault", ends={0})
        self.assertEqual(tally.broken, {}, tally.lines)
        return seen

    def cut_everywhere(self, kind, subject, tally, count):
        ground = self.ground(kind, subject)
        points, critical = points_of(self.record(ground))
        self.assertGreater(len(critical), 0, "no COMMIT was seen")
        hows = ("close", "half")

        def one(attempt, point, proxy):
            conn, direction, n, at, k = point
            how = hows[(n + len(at)) % 2]
            proxy.reset()
            proxy.arm(conn=conn, dir=direction, n=n, at=at, k=k, how=how, keep=150)
            result = attempt.run(proxy.uri(attempt.database))
            hit = proxy.hit(0.2)
            tally.count(hit, result)
            faultlib.check_invariants(attempt, result, tally, f"{kind} {point} {how}")
            if hit and result.status == faultlib.UNKNOWN:
                tally.broke("wrong", f"{kind} {point} {how}", f"unknown, though the server could be asked: {result}")

        self.each_point(ground, faultlib.spread(points, count, critical), one, tally, self.proxy_for)
        return ground
