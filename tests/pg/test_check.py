#!/usr/bin/python3
"""`check`, `rename` and `merge`: every rule, all ways to print it, and the repaired clash."""
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness
from harness import PgbraidTest


def revision(rid, *lines, up="SELECT 1;", down="SELECT 1;"):
    text = f"-- {rid}\n-- pgbraid:revision {rid}\n" + "".join(line + "\n" for line in lines)
    return text + f"-- pgbraid:up\n{up}\n" + (f"-- pgbraid:down\n{down}\n" if down is not None else "")


class CheckTest(PgbraidTest):
    def findings(self, files, status=3, **named):
        links = {name: text for name, text in files.items() if isinstance(text, pathlib.Path)}
        root = self.project({f"migrations/{name}": text for name, text in files.items() if name not in links}
                            | named.pop("more", {}), name=named.pop("name", "p"))
        for name, leads_to in links.items():
            (root / "migrations" / name).symlink_to(leads_to)
        found = self.expect(status, "check", "--format", "json", cwd=root, **named).json()["findings"]
        return [(f["rule"], f["severity"], f["file"].removeprefix("migrations/"), f["line"]) for f in found]

    # rule, files, where it is found
    CASES = [
        ("duplicate-id", {"a_1.sql": revision("a"), "a_2.sql": revision("a")}, ("a_1.sql", 2)),
        ("missing-parent", {"a_1.sql": revision("a", "-- pgbraid:parent zz")}, ("a_1.sql", 3)),
        ("missing-depends", {"a_1.sql": revision("a", "-- pgbraid:depends zz")}, ("a_1.sql", 3)),
        ("cycle", {"a_1.sql": revision("a", "-- pgbraid:parent b"), "b_1.sql": revision("b", "-- pgbraid:parent a")}, None),
        ("label-clash", {"a_1.sql": revision("a", "-- pgbraid:label x"), "b_1.sql": revision("b", "-- pgbraid:label x")}, None),
        ("name-mismatch", {"zz_1.sql": revision("a")}, None),
        ("no-way-back", {"a_1.sql": revision("a", down=None)}, ("a_1.sql", 4)),
        ("empty-down", {"a_1.sql": revision("a", down="")}, None),
        ("transaction-control", {"a_1.sql": revision("a", up="SELECT 1;\nCOMMIT;")}, ("a_1.sql", 5)),
        ("transaction-control", {"a_1.sql": revision("a", down="ROLLBACK;")}, ("a_1.sql", 6)),
        ("cannot-run-in-transaction", {"a_1.sql": revision("a", up="VACUUM;")}, ("a_1.sql", 4)),
        ("drops-what-it-creates", {"a_1.sql": revision("a", up="DROP TABLE IF EXISTS t;\nCREATE TABLE public.t (a int);")},
         ("a_1.sql", 4)),
        ("psql-command", {"a_1.sql": revision("a", up="\\i other.sql")}, ("a_1.sql", 4)),
        ("unknown-directive", {"a_1.sql": revision("a", "-- pgbraid:parnt b")}, ("a_1.sql", 3)),
        ("unknown-rule", {"a_1.sql": revision("a", "-- pgbraid:allow no-such it is fine")}, ("a_1.sql", 3)),
        ("missing-up", {"a_1.sql": "-- a\n-- pgbraid:revision a\n"}, None),
        ("bad-directive", {"a_1.sql": revision("a", "-- pgbraid:parent")}, ("a_1.sql", 3)),
        ("bad-name", {"a_1.sql": revision("a", "-- pgbraid:label no good!")}, ("a_1.sql", 3)),
        ("bad-name", {"001_a.sql": "SELECT 1;", "first.sql": "SELECT 1;"}, None),
        ("not-read", {"a_1.sql": revision("a"), "b_1.SQL": revision("b")}, None),
        ("copy-data", {"a_1.sql": revision("a", up="COPY t FROM stdin;\n1", down=None)}, ("a_1.sql", 4)),
        ("duplicate-parent", {"a_1.sql": revision("a"), "b_1.sql": revision("b", "-- pgbraid:parent a, a")}, ("b_1.sql", 3)),
        ("misplaced-directive", {"a_1.sql": revision("a") + "-- pgbraid:label x\n"}, ("a_1.sql", 7)),
        ("missing-id", {"a_1.sql": revision("a"), "b_1.sql": "-- b\n-- pgbraid:up\nSELECT 1;\n"}, None),
        ("not-closed", {"a_1.sql": revision("a", up="SELECT 'x;", down=None)}, ("a_1.sql", 4)),
        ("nul-byte", {"a_1.sql": revision("a", up="SELECT 1;\0")}, ("a_1.sql", 4)),
        ("invalid-utf8", {"a_1.sql": revision("a", up="SELECT '\udce9';").encode("utf-8", "surrogateescape")},
         ("a_1.sql", 4)),
        ("orphan-down", {"001_a.sql": "SELECT 1;", "002_b.down.sql": "SELECT 1;"}, ("002_b.down.sql", 1)),
        ("reserved-name", {"a_1.sql": revision("heads")}, ("a_1.sql", 2)),
        ("second-revision", {"a_1.sql": revision("a", "-- pgbraid:revision b")}, ("a_1.sql", 3)),
        ("second-section", {"a_1.sql": revision("a") + "-- pgbraid:up\nSELECT 2;\n"}, ("a_1.sql", 7)),
        ("sql-outside-section", {"a_1.sql": revision("a", "SELECT 0;")}, ("a_1.sql", 3)),
        ("unreadable", {"a_1.sql": revision("a"), "b_1.sql": pathlib.Path("a_1.sql")}, None),
        ("not-understood", {"a_1.sql": revision("a", up="FROBNICATE;", down=None)}, ("a_1.sql", 4)),
        ("several-heads", {"a_1.sql": revision("a"), "b_1.sql": revision("b"),
                           "../pgbraid.ini": "[project]\nheads = one\n"}, None),
    ]

    def test_each_rule_is_found_where_it_is(self):
        for number, (rule, files, place) in enumerate(self.CASES):
            with self.subTest(rule=rule, files=files):
                found = self.findings(files, name=f"case{number}")
                self.assertIn(rule, [f[0] for f in found])
                if place is not None:
                    self.assertIn(place, [f[2:] for f in found if f[0] == rule])
                self.assertEqual([f for f in found if self.rules().get(f[0]) != f[1]], [], "as the rule says")

    def rules(self):
        """Name and severity of every rule, as SARIF lists them."""
        if not hasattr(self, "known"):
            root = self.project({"migrations/a_1.sql": revision("a")}, name="rules")
            driver = json.loads(self.expect(0, "check", "--annotations=sarif", cwd=root).stdout)["runs"][0]["tool"]["driver"]
            type(self).known = {r["id"]: r["defaultConfiguration"]["level"] for r in driver["rules"]}
        return self.known

    def test_there_is_a_case_for_each_rule_and_a_line_in_the_documentation(self):
        self.assertEqual(set(self.rules()), {rule for rule, _, _ in self.CASES})
        page = (harness.ROOT / "docs/commands/check.md").read_text(encoding="utf-8")
        for rule, severity in self.rules().items():
            self.assertRegex(page, rf"\| `{rule}` \| {severity} \| \S")

    def test_nothing_is_found_where_nothing_is(self):
        self.assertEqual(self.findings({"a_1.sql": revision("a"), "b_1.sql": revision("b", "-- pgbraid:parent a")}, 0), [])
        for example in ("therapy", "chat"):
            root = self.copy_example(example)
            self.assertEqual(self.expect(0, "check", "--format", "json", cwd=root).json()["findings"], [])

    def test_not_understood_is_a_note(self):
        found = self.findings({"a_1.sql": revision("a", up="SELECT 1;\nFROBNICATE ALL;")}, 0)
        self.assertEqual(found, [("not-understood", "note", "a_1.sql", 5)])

    def test_all_are_reported_in_one_run(self):
        files = {f"{c}{n}_x.sql": text for n, c in enumerate("abc") for text in [revision(f"{c}{n}", "-- pgbraid:parent zz",
                                                                                     up="COMMIT;", down=None)]}
        found = self.findings(files)
        self.assertEqual(len(found), 9, found)
        self.assertEqual(found, sorted(found, key=lambda f: (f[2], f[3])))

    def test_allowed_with_a_reason(self):
        files = {"a_1.sql": revision("a", "-- pgbraid:allow no-way-back the rows are gone", down=None)}
        self.assertEqual(self.findings(files, 0), [])
        self.assertEqual([f[0] for f in self.findings({"a_1.sql": files["a_1.sql"].replace("no-way-back", "empty-down")},
                                                      name="other")], ["no-way-back"])

    def test_one_head(self):
        files = {"a_1.sql": revision("a"), "b_1.sql": revision("b", "-- pgbraid:parent a"),
                 "c_1.sql": revision("c", "-- pgbraid:parent a")}
        self.assertEqual(self.findings(files, 0), [])
        found = self.findings(files, 3, more={"pgbraid.ini": "[project]\nheads = one\n"}, name="one")
        self.assertEqual([f[0] for f in found], ["several-heads"])

    def test_sarif_and_github(self):
        root = self.project({"migrations/a_1.sql": revision("a", down=None)})
        sarif = json.loads(self.expect(3, "check", "--annotations=sarif", cwd=root).stdout)
        self.assertEqual(sarif["version"], "2.1.0")
        self.check_sarif(sarif)
        result = sarif["runs"][0]["results"][0]
        self.assertEqual(result["ruleId"], "no-way-back")
        self.assertEqual(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "migrations/a_1.sql")
        self.assertIn("no-way-back", [r["id"] for r in sarif["runs"][0]["tool"]["driver"]["rules"]])
        github = self.expect(3, "check", "--annotations=github", cwd=root).stdout
        self.assertTrue(github.startswith("::warning file=migrations/a_1.sql,line=4,col=1,title=no-way-back::"), github)

    def check_sarif(self, sarif):
        """What SARIF 2.1.0 requires of the objects that we write (sections 3.13 to 3.52), and the values it allows."""
        def has(thing, required, allowed):
            self.assertLessEqual(set(required), set(thing))
            self.assertLessEqual(set(thing), {*required, *allowed})
        has(sarif, ["version", "runs"], ["$schema"])
        for run in sarif["runs"]:
            has(run, ["tool"], ["results", "columnKind"])
            self.assertIn(run["columnKind"], ["utf16CodeUnits", "unicodeCodePoints"])
            driver = run["tool"]["driver"]
            has(driver, ["name"], ["version", "rules"])
            ids = [rule["id"] for rule in driver["rules"]]
            self.assertEqual(len(ids), len(set(ids)), "rules are unique")
            for rule in driver["rules"]:
                has(rule, ["id"], ["shortDescription", "defaultConfiguration"])
                has(rule["shortDescription"], ["text"], [])
                self.assertIn(rule["defaultConfiguration"]["level"], ["none", "note", "warning", "error"])
            for result in run["results"]:
                has(result, ["message"], ["ruleId", "level", "locations"])
                self.assertIn(result["ruleId"], ids)
                self.assertIn(result["level"], ["none", "note", "warning", "error"])
                self.assertTrue(result["message"]["text"])
                for location in result["locations"]:
                    has(location["physicalLocation"], ["artifactLocation"], ["region"])
                    self.assertRegex(location["physicalLocation"]["artifactLocation"]["uri"], r"^[A-Za-z0-9._~/%-]+$")
                    region = location["physicalLocation"]["region"]
                    self.assertTrue(region["startLine"] >= 1 and region["startColumn"] >= 1)

    def test_annotations_name_files_from_the_top_of_the_work_tree(self):
        """Also where a name must be written otherwise in a URI or in a workflow command."""
        root = self.project({"services/d b/migrations/a_ä, 100%.sql": revision("a", up="SELECT 'ä'; COMMIT;")})
        subprocess.run(["git", "init", "-q"], cwd=root, env=self.environment(), check=True)
        for cwd, options in ((root, ["-C", "services/d b"]), (root / "services/d b", [])):
            sarif = json.loads(self.expect(3, *options, "check", "--annotations=sarif", cwd=cwd).stdout)
            self.check_sarif(sarif)
            place = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
            self.assertEqual(place, {"artifactLocation": {"uri": "services/d%20b/migrations/a_%C3%A4%2C%20100%25.sql"},
                                     "region": {"startLine": 4, "startColumn": 13}})
            github = self.expect(3, *options, "check", "--annotations=github", cwd=cwd).stdout
            self.assertTrue(github.startswith("::error file=services/d b/migrations/a_ä%2C 100%25.sql,line=4,col=13,"), github)
            self.assertEqual(github.count("\n"), 1)

    def test_which_of_two_a_database_has(self):
        root, db = self.copy_example("therapy-conflict"), self.new_database()
        detail = self.expect(3, "check", "--format", "json", cwd=root, db=db).json()["findings"][0]["detail"]
        self.assertIn("has applied neither", detail)
        self.expect(0, "upgrade", cwd=self.copy_example("therapy"), db=db)
        detail = self.expect(3, "check", "--format", "json", cwd=root, db=db).json()["findings"][0]["detail"]
        self.assertIn("has applied migrations/d4e5f6g7h8i9_add_timeline_events.sql", detail)


class RenameTest(PgbraidTest):
    FILE = "migrations/d4e5f6g7h8i9_add_export_tables.sql"

    def tree(self, root):
        return {p.name: p.read_bytes() for p in sorted((root / "migrations").iterdir())}

    def test_the_clash_repaired_by_the_command_that_check_prints(self):
        root = self.copy_example("therapy-conflict")
        fix = self.expect(3, "check", "--format", "json", cwd=root).json()["findings"][0]["fix"]
        self.assertEqual(fix, f"pgbraid rename {self.FILE} e4f5g6h7i8j9")
        self.expect(0, *fix.split()[1:], cwd=root)
        self.assertEqual(self.tree(root), self.tree(harness.ROOT / "examples" / "therapy"))

    def test_a_rename_to_git(self):
        root = self.copy_example("therapy-conflict")

        def git(*arguments):
            return subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments], cwd=root,
                                  env=self.environment(), capture_output=True, text=True, check=True).stdout
        git("init", "-q")
        # git does not have the file yet: it is not told
        said = self.expect(0, "rename", self.FILE, "e4f5g6h7i8j9", cwd=root)
        self.assertEqual((git("ls-files"), "git:" in said.stderr), ("", False))
        self.expect(0, "rename", "migrations/e4f5g6h7i8j9_add_export_tables.sql", "x0", cwd=root)
        git("add", "-A")
        git("commit", "-qm", "begin")
        # staged as with git mv, the header's change with it, and nothing else
        (root / "migrations/untracked.txt").write_text("x")
        (root / "README.md").write_text("changed, not staged")
        said = self.expect(0, "rename", "migrations/x0_add_export_tables.sql", "e4f5g6h7i8j9", cwd=root)
        self.assertIn("git: staged as a rename", said.stderr)
        self.assertRegex(git("diff", "--cached", "--name-status", "-M"),
                         r"\AR\d+\tmigrations/x0_add_export_tables.sql\tmigrations/e4f5g6h7i8j9_add_export_tables.sql\n\Z")
        self.assertEqual(git("diff", "--name-only"), "README.md\n")
        git("commit", "-qm", "renamed")
        # children that follow are in the same commit
        timeline = "migrations/d4e5f6g7h8i9_add_timeline_events.sql"
        self.expect(0, "rename", timeline, "0123456789ab", "--children", "d5e6f7g8h9i0", cwd=root)
        self.assertEqual(sorted(line[0] for line in git("diff", "--cached", "--name-status", "-M").splitlines()), ["M", "R"])
        git("commit", "-qm", "with its child")
        # a file with changes of its own: those are nobody's to stage
        renamed = root / "migrations/0123456789ab_add_timeline_events.sql"
        renamed.write_text(renamed.read_text() + "-- a thought\n")
        said = self.expect(0, "rename", str(renamed.relative_to(root)), "d4e5f6g7h8i9", "--children", "d5e6f7g8h9i0", cwd=root)
        self.assertIn("git: not staged", said.stderr)
        self.assertEqual(git("diff", "--cached", "--name-only"), "")

    def test_a_rename_to_git_below_the_top_of_its_work_tree(self):
        """With a name that git would take for a pattern, a way down of its own, and a broken repository."""
        root = self.project({"db[1]/migrations/001_a.sql": "SELECT 1;\n" * 9, "db[1]/migrations/001_a.down.sql": "SELECT 2;\n" * 9,
                             "db1/migrations/001_a.sql": "SELECT 1;\n"})

        def git(*arguments):
            return subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments], cwd=root,
                                  env=self.environment(), capture_output=True, text=True, check=True).stdout
        git("init", "-q")
        git("add", "-A")
        git("commit", "-qm", "begin")
        self.expect(0, "-C", "db[1]", "rename", "migrations/001_a.sql", "005", cwd=root)
        self.assertEqual(git("status", "--porcelain"), "R  db[1]/migrations/001_a.down.sql -> db[1]/migrations/005_a.down.sql\n"
                                                       "R  db[1]/migrations/001_a.sql -> db[1]/migrations/005_a.sql\n")
        (root / ".git/HEAD").write_text("nonsense")
        said = self.expect(0, "-C", "db1", "rename", "migrations/001_a.sql", "007", cwd=root)
        self.assertNotIn("git", said.stderr)
        self.assertTrue((root / "db1/migrations/007_a.sql").exists())

    def test_wrong_arguments_change_nothing(self):
        root = self.copy_example("therapy-conflict")
        before = self.tree(root)
        for arguments in (["nonsense.sql", "x1"], [self.FILE, "c3d4e5f6g7h8"], [self.FILE, "a-b"],
                          [self.FILE, "x1", "--children", "nobody"], ["migrations", "x1"]):
            with self.subTest(arguments=arguments):
                self.expect(2, "rename", *arguments, cwd=root)
                self.assertEqual(self.tree(root), before)

    def test_children_follow_when_they_are_named(self):
        root = self.copy_example("therapy")
        file = "migrations/d4e5f6g7h8i9_add_timeline_events.sql"
        self.expect(0, "rename", file, "0123456789ab", "--children", "d5e6f7g8h9i0", cwd=root)
        self.expect(0, "check", cwd=root)
        child = (root / "migrations/d5e6f7g8h9i0_add_treatment_goals.sql").read_text()
        self.assertIn("-- pgbraid:parent 0123456789ab\n", child)


class MergeTest(PgbraidTest):
    def test_what_both_touch_and_the_revision(self):
        root = self.project({
            "migrations/a_1.sql": revision("a", up="CREATE TABLE t (x int); CREATE TYPE m AS ENUM ('a');"),
            "migrations/b_1.sql": revision("b", "-- pgbraid:parent a", up="ALTER TABLE t ADD COLUMN y int; "
                                                                         "ALTER TYPE m ADD VALUE 'b';"),
            "migrations/c_1.sql": revision("c", "-- pgbraid:parent a", up="ALTER TABLE public.t DROP COLUMN x; "
                                                                         "CREATE TABLE u (m m);"),
            "migrations/d_1.sql": revision("d", "-- pgbraid:parent a", up="DO $$ BEGIN END $$;")})
        said = self.expect(0, "merge", "--dry-run", "--format", "json", "b", "c", cwd=root).json()
        self.assertEqual([o["object"] for o in said["overlaps"]], ["table t", "type m"])
        self.assertEqual(said["could_not_tell"], [])
        self.assertIsNone(said["file"])
        said = self.expect(0, "merge", "--dry-run", "--format", "json", "b", "d", cwd=root).json()
        self.assertEqual((said["overlaps"], said["could_not_tell"]), ([], ["d"]))
        done = self.expect(0, "merge", "--id", "mm", cwd=root)
        self.assertEqual(done.stdout, "migrations/mm_merge.sql\n")
        self.assertEqual(self.expect(0, "heads", "--format", "json", cwd=root).json(), {"heads": ["mm"]})
        self.expect(0, "check", cwd=root)

    def test_refused(self):
        root = self.copy_example("therapy")
        self.expect(2, "merge", "heads", "c3d4e5f6g7h8", cwd=root)
        self.expect(2, "merge", "c3d4e5f6g7h8", cwd=root)
        self.expect(2, "merge", "--id", "c3d4e5f6g7h8", cwd=root)
        self.assertEqual(len(list((root / "migrations").iterdir())), 12)


class LateTest(PgbraidTest):
    def test_heads_alone_would_have_skipped_it(self):
        root, db = self.copy_example("therapy"), self.new_database()
        self.expect(0, "upgrade", cwd=root, db=db)
        remembered = self.expect(0, "current", "--format", "json", cwd=root, db=db).json()["current"]
        self.write(root, {"migrations/0a1b2c3d4e5f_late.sql": revision(
            "0a1b2c3d4e5f", "-- pgbraid:parent c3d4e5f6g7h8", up="ALTER TABLE users ADD COLUMN late int;",
            down="ALTER TABLE users DROP COLUMN late;")})
        timeline = root / "migrations/d4e5f6g7h8i9_add_timeline_events.sql"
        timeline.write_text(timeline.read_text().replace("parent c3d4e5f6g7h8", "parent 0a1b2c3d4e5f"))
        # what a tool does that remembers only heads: all that they stand on is taken for applied
        parents = {r["id"]: r["parents"] for r in self.expect(0, "history", "--format", "json", cwd=root, db=db)
                   .json()["revisions"]}
        taken, todo = set(), list(remembered)
        while todo:
            rid = todo.pop()
            taken.add(rid)
            todo += [p for p in parents[rid] if p not in taken]
        self.assertEqual(set(parents) - taken, set(), "heads alone see nothing pending")
        status = self.expect(0, "status", "--format", "json", cwd=root, db=db).json()
        self.assertEqual((status["pending"], status["late"]), (["0a1b2c3d4e5f"], ["0a1b2c3d4e5f"]))
        self.assertEqual(status["reparented"], ["d4e5f6g7h8i9"])
        done = self.expect(0, "upgrade", cwd=root, db=db)
        self.assertIn("0a1b2c3d4e5f is late", done.stderr)
        self.assertEqual(self.query(db, "SELECT count(*) FROM information_schema.columns WHERE column_name = 'late'"), [(1,)])
        self.assertEqual(self.query(db, "SELECT count(*) FROM pgbraid.event WHERE id = 'd4e5f6g7h8i9'"), [(1,)], "run again")

    def test_refused_where_the_project_says_so(self):
        root, db = self.copy_example("therapy"), self.new_database()
        self.expect(0, "upgrade", cwd=root, db=db)
        self.write(root, {"migrations/0a1b2c3d4e5f_late.sql": revision("0a1b2c3d4e5f", "-- pgbraid:parent c3d4e5f6g7h8"),
                          "pgbraid.ini": "[project]\nname = therapy\nlate = refuse\n"})
        timeline = root / "migrations/d4e5f6g7h8i9_add_timeline_events.sql"
        timeline.write_text(timeline.read_text().replace("parent c3d4e5f6g7h8", "parent 0a1b2c3d4e5f"))
        self.assertIn("is late", self.expect(2, "upgrade", cwd=root, db=db).stderr)

    def test_line_ends_are_a_note_and_an_edit_is_a_finding(self):
        root, db = self.copy_example("chat"), self.new_database()
        self.expect(0, "upgrade", cwd=root, db=db)
        file = root / "migrations/001_create_tasks_table.sql"
        text = file.read_bytes()
        file.write_bytes(text.replace(b"\n", b"\r\n"))
        self.assertEqual(self.expect(0, "status", "--format", "json", cwd=root, db=db).json()["edited"], [])
        self.assertIn("note: ", self.expect(0, "upgrade", "-v", cwd=root, db=db).stderr)
        file.write_bytes(text.replace(b"VARCHAR(255)", b"VARCHAR(256)"))
        self.assertEqual(self.expect(0, "status", "--format", "json", cwd=root, db=db).json()["edited"], ["001"])


class GraphTest(PgbraidTest):
    def test_a_thousand_revisions(self):
        files, previous = {}, []
        for i in range(0, 1000, 20):
            for k in range(i, i + 17):
                files[f"migrations/r{k:03}_x.sql"] = revision(f"r{k:03}", *[f"-- pgbraid:parent {', '.join(previous)}"] * bool(previous))
                previous = [f"r{k:03}"]
            for k in (i + 17, i + 18):
                files[f"migrations/r{k:03}_x.sql"] = revision(f"r{k:03}", f"-- pgbraid:parent {previous[0]}")
            files[f"migrations/r{i + 19:03}_x.sql"] = revision(f"r{i + 19:03}", f"-- pgbraid:parent r{i + 17:03}, r{i + 18:03}")
            previous = [f"r{i + 19:03}"]
        root = self.project(files)
        lines = self.expect(0, "history", "--graph", cwd=root).stdout.splitlines()
        self.assertLess(len(lines), 1000 + 2 * 50 + 1)
        self.assertLess(max(line.index("r") for line in lines if "r" in line), 10, "two rails are enough")
        part = self.expect(0, "history", "--graph", "-r", "r100:r139", cwd=root).stdout
        self.assertEqual(sum(" r1" in line for line in part.splitlines()), 40)
        dot = self.expect(0, "history", "--graph=dot", cwd=root).stdout
        self.assertTrue(dot.startswith("digraph"))
        self.assertTrue(self.expect(0, "history", "--graph=mermaid", cwd=root).stdout.startswith(("graph", "flowchart")))
        self.assertEqual(self.dot(dot), (1000, 1049))

    def dot(self, text):
        """Nodes and edges of a graph, read by DOT's grammar as far as it is used; anything else fails."""
        tokens = re.findall(r'"(?:[^"\\\n]|\\.)*"|->|[A-Za-z]+|[{}\[\];=]|\S', text)
        statements = " ".join(tokens[3:-1]).split(" ;")
        self.assertEqual((tokens[0], tokens[2], tokens[-1], statements[-1]), ("digraph", "{", "}", ""))
        quoted = r'"(?:[^"\\]|\\.)*"'
        nodes, edges = set(), set()
        for statement in map(str.strip, statements[:-1]):
            if match := re.fullmatch(rf"({quoted}) \[ label = {quoted} \]", statement):
                nodes.add(match[1])
            elif match := re.fullmatch(rf"({quoted}) -> ({quoted})(?: \[ style = [a-z]+ \])?", statement):
                edges.add((match[1], match[2]))
            else:
                self.assertRegex(statement, r"rankdir = BT|node \[ shape = box \]")
        self.assertLessEqual({node for edge in edges for node in edge}, nodes)
        return len(nodes), len(edges)

    def test_titles_that_other_programs_would_take_for_syntax(self):
        root = self.project({"migrations/a_1.sql": revision("a").replace("-- a\n", '-- a "b" \\ c]; d -> e <i> {|}\n'),
                             "migrations/b_1.sql": revision("b", "-- pgbraid:depends a").replace("-- b\n", "-- ends in \\\n")})
        self.assertEqual(self.dot(self.expect(0, "history", "--graph=dot", cwd=root).stdout), (2, 1))
        for line in self.expect(0, "history", "--graph=mermaid", cwd=root).stdout.splitlines():
            if "[" in line:
                self.assertRegex(line, r'\A    r_[ab]\["[^"<]*"\]\Z')

    def test_states_differ_without_colour(self):
        """Applied, current, pending, late, failed, edited, re-parented and missing: by a sign, and by a word."""
        root, db = self.project({f"migrations/{rid}_1.sql": revision(rid, *lines) for rid, *lines in (
            ["a"], ["b", "-- pgbraid:parent a"], ["c", "-- pgbraid:parent b"], ["d", "-- pgbraid:parent c"],
            ["e", "-- pgbraid:parent d"], ["f", "-- pgbraid:parent a"])}), self.new_database()
        self.expect(0, "upgrade", cwd=root, db=db)
        self.write(root, {"migrations/b2_1.sql": revision("b2", "-- pgbraid:parent b"),
                          "migrations/c_1.sql": revision("c", "-- pgbraid:parent b2"),
                          "migrations/d_1.sql": revision("d", "-- pgbraid:parent c", up="SELECT 2;"),
                          "migrations/g_1.sql": revision("g", "-- pgbraid:parent e", up="SELECT 1/0;"),
                          "migrations/h_1.sql": revision("h", "-- pgbraid:parent g")})
        (root / "migrations/f_1.sql").unlink()
        self.write(root, {"migrations/b2_1.sql": revision("b2", "-- pgbraid:parent b", up="SELECT 1/0;")})
        self.expect(1, "upgrade", "b2", cwd=root, db=db)
        self.write(root, {"migrations/b2_1.sql": revision("b2", "-- pgbraid:parent b"),
                          "migrations/b3_1.sql": revision("b3", "-- pgbraid:parent b2"),
                          "migrations/c_1.sql": revision("c", "-- pgbraid:parent b3")})
        for locale, applied in (("C.UTF-8", "●"), ("C", "*")):
            lines = self.expect(0, "history", "--graph", cwd=root, db=db, env={"LC_ALL": locale}).stdout.splitlines()
            seen = {}
            for line in lines:
                if match := re.match(r"[|│ ]*(\S) +[|│ ]*(\w+)(.*),", line):
                    seen[match[2]] = (match[1], match[3].replace(" (branch point)", "").strip())
            self.assertEqual(seen, {
                "a": (applied, ""), "b": (applied, "(current)"), "b2": ("x", "(failed)"), "b3": ("!", "(late)"),
                "c": ("!", "(reparented)"), "d": ("!", "(edited)"), "e": (applied, "(current)"),
                "f": ("!", "(current) (missing)"), "g": ("o", "(pending)"), "h": ("o", "(head) (pending)")}, "\n".join(lines))


if __name__ == "__main__":
    harness.main()
