#!/usr/bin/python3
"""What every command writes with --format json, against docs/schemas."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import harness  # noqa: E402
from harness import PgbraidTest  # noqa: E402

SCHEMAS = harness.ROOT / "docs" / "schemas"
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}


def problems(value, schema, at="$"):
    """What of the schema does not hold: the parts of JSON Schema that ours use."""
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is none of {schema['enum']}")
    if "type" in schema:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(isinstance(value, TYPES[t]) and not (t == "integer" and isinstance(value, bool)) for t in types):
            return [*found, f"{at}: {value!r} is no {' or '.join(types)}"]
    if isinstance(value, dict):
        found += [f"{at}: no {name}" for name in schema.get("required", []) if name not in value]
        for name, part in schema.get("properties", {}).items():
            if name in value:
                found += problems(value[name], part, f"{at}.{name}")
        for name in [name for name in value if name not in schema.get("properties", {})]:
            if "additionalProperties" in schema:
                found += problems(value[name], schema["additionalProperties"], f"{at}.{name}")
            else:  # the schema lets members be added; we must then add them to it
                found.append(f"{at}: {name} is not in the schema")
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            found += problems(item, schema["items"], f"{at}[{i}]")
    return found


class Json(PgbraidTest):
    def holds(self, name, status, *arguments, **named):
        run = self.expect(status, *arguments, "--format", "json", **named)
        schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
        self.assertEqual(problems(run.json(), schema), [], run)
        return run.json()

    def test_the_check_itself(self):
        schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "array", "items": {"type": "string"}}}}
        self.assertEqual(problems({"a": ["x"]}, schema), [])
        for wrong in ({}, {"a": "x"}, {"a": [1]}, {"a": [], "b": 1}, [], {"a": [None]}):
            self.assertNotEqual(problems(wrong, schema), [], wrong)

    def test_commands(self):
        project, db = self.copy_example("therapy"), self.new_database()
        both = {"cwd": project, "db": db}
        self.holds("version", 0, "--version")
        self.holds("heads", 0, "heads", cwd=project)
        self.holds("history", 0, "history", cwd=project)
        self.holds("branches", 0, "branches", cwd=project)
        self.holds("show", 0, "show", "timeline", cwd=project)
        self.holds("history", 0, "history", **both)
        self.holds("status", 0, "status", **both)
        self.holds("current", 0, "current", **both)
        self.holds("plan", 0, "upgrade", "--dry-run", **both)
        done = self.holds("done", 0, "upgrade", **both)
        self.assertEqual(len(done["done"]), 12)
        self.assertEqual(len(done["current"]), 3)
        done = self.holds("done", 0, "upgrade", **both)
        self.assertEqual(done["done"], [])
        self.holds("history", 0, "history", **both)
        self.holds("status", 0, "status", **both)
        self.holds("current", 0, "current", **both)
        self.holds("plan", 0, "downgrade", "base", "--dry-run", **both)
        self.holds("done", 0, "downgrade", "c3d4", **both)
        self.holds("plan", 0, "stamp", "heads", "-n", **both)
        self.holds("done", 0, "stamp", "heads", **both)
        self.holds("new", 0, "new", "x", "--parent", "heads", cwd=project)
        self.holds("init", 0, "init", "there", cwd=project)

    def test_the_rest(self):
        project, db = self.copy_example("therapy-conflict"), self.new_database()
        both = {"cwd": project, "db": db}
        self.assertEqual(len(self.holds("check", 3, "check", cwd=project)["findings"]), 1)
        self.holds("rename", 0, "rename", "migrations/d4e5f6g7h8i9_add_export_tables.sql", "e4f5g6h7i8j9", cwd=project)
        self.assertEqual(self.holds("check", 0, "check", cwd=project)["findings"], [])
        self.holds("merge", 0, "merge", "--dry-run", cwd=project)
        self.holds("merge", 0, "merge", cwd=project)
        self.expect(0, "upgrade", **both)
        self.assertEqual(self.holds("verify", 0, "verify", **both)["differences"], [])
        self.query(db, "ALTER TABLE users ADD COLUMN extra int, ALTER COLUMN role DROP NOT NULL; DROP TABLE goal_reminders")
        changes = {d["change"] for d in self.holds("verify", 3, "verify", **both)["differences"]}
        self.assertEqual(changes, {"missing", "extra", "changed"})
        self.holds("snapshot", 0, "snapshot", **both)
        self.holds("snapshot", 0, "snapshot", "-o", self.folder / "s", **both)
        self.holds("repair", 0, "repair", "--dry-run", **both)
        self.holds("repair", 0, "repair", **both)

    def test_backfills(self):
        project, db = self.project({
            "migrations/a.sql": "-- pgbraid:revision a\n-- pgbraid:up\nCREATE TABLE t (id int PRIMARY KEY);"
                                "INSERT INTO t SELECT generate_series(0, 9);\n",
            "migrations/b.sql": "-- pgbraid:revision b\n-- pgbraid:parent a\n-- pgbraid:depends backfill:f\n-- pgbraid:up\nSELECT 1;\n",
            "backfills/f.sql": "-- pgbraid:requires a\n-- pgbraid:source t\n-- pgbraid:key id\n-- pgbraid:run\n"
                               "SELECT 'seen' AS outcome, sum(1 / id)::bigint AS count, min(id)::text AS detail FROM batch"}), self.new_database()
        both = {"cwd": project, "db": db}
        self.assertEqual(self.holds("backfill_run", 2, "backfill", "run", "f", **both)["error"]["code"], "refused")
        self.holds("done", 0, "upgrade", **both)
        self.assertEqual(self.holds("status", 0, "status", **both)["held"], [{"revision": "b", "backfill": "f"}])
        self.holds("plan", 0, "upgrade", "--dry-run", **both)
        self.holds("backfill_status", 0, "backfill", "list", **both)
        self.holds("backfill_run", 0, "backfill", "run", "f", "--dry-run", **both)
        answer = self.holds("backfill_run", 1, "backfill", "run", "f", "-v", **both)
        self.assertEqual((answer["backfills"][0]["errors"], answer["error"]["code"]), (1, "failed"))
        self.assertEqual(self.holds("backfill_errors", 0, "backfill", "errors", "f", **both)["errors"][0]["key"], ["0"])
        self.holds("backfill_status", 0, "backfill", "status", "f", **both)
        self.holds("error", 2, "backfill", "pause", "f", **both)
        self.holds("backfill_errors", 0, "backfill", "errors", "f", "--accept", **both)
        done = self.holds("done", 0, "upgrade", "--with-backfills", **both)
        self.assertEqual([d["revision"] for d in done["done"]], ["b"])

    def test_the_embedded_server(self):
        project = self.project({"migrations/a.sql": "-- pgbraid:revision a\n-- pgbraid:up\nSELECT 1;\n"})
        self.addCleanup(self.pgbraid, "db", "stop", cwd=project)
        self.holds("db", 0, "db", "status", cwd=project)
        self.assertTrue(self.holds("db", 0, "db", "start", cwd=project)["started"])
        self.holds("db_url", 0, "db", "url", cwd=project)
        self.holds("db", 0, "db", "status", cwd=project)
        self.holds("db", 0, "db", "stop", cwd=project)
        self.holds("db_reset", 0, "db", "reset", "--yes", cwd=project)

    def test_errors(self):
        project, db = self.copy_example("therapy"), self.new_database()
        self.assertEqual(self.holds("error", 2, "frobnicate")["error"]["code"], "usage")
        self.assertEqual(self.holds("error", 2, "show", "nosuch", cwd=project)["error"]["code"], "identifier")
        self.assertEqual(self.holds("error", 2, "heads", cwd=self.copy_example("therapy-conflict"))["error"]["code"],
                         "project")
        self.assertEqual(self.holds("error", 4, "status", cwd=project, db="host=/nonexistent")["error"]["code"], "connect")
        (project / "migrations/zz_bad.sql").write_text(
            "-- pgbraid:revision zz\n-- pgbraid:parent exports\n-- pgbraid:up\nSELECT nothing;\n".replace(
                "exports", "e4f5g6h7i8j9"))
        error = self.holds("error", 1, "upgrade", cwd=project, db=db)["error"]
        self.assertEqual((error["code"], error["sqlstate"], error["line"], error["column"]), ("sql", "42703", 4, 8))


if __name__ == "__main__":
    harness.main()
