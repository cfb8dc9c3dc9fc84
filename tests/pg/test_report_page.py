#!/usr/bin/python3
"""The report of the therapy example in headless Chromium, and beside it in a CommonMark parser, an XML parser and its
JSON schema; its numbers against the catalog; hostile names; a thousand revisions. Screenshots stay in the build
folder (report-shots/), for a person to look at."""

import itertools
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import browser  # noqa: E402
import commonmark  # noqa: E402
import harness  # noqa: E402
import jsonschema  # noqa: E402
from harness import PgbraidTest  # noqa: E402

WIDTHS = {"phone": (390, 844), "desktop": (1280, 900)}
SHOTS = Path(os.environ.get("PGBRAID_BUILT", harness.ROOT / "build-san" / "pgbraid")).resolve().parent / "report-shots"
SCHEMA = json.loads((harness.ROOT / "docs" / "schemas" / "report.json").read_text(encoding="utf-8"))

# What the page has, by its text and not by the attributes that it was made with.
INVENTORY = """(() => {
    const texts = (selector) => [...document.querySelectorAll(selector)].map((at) => at.textContent.trim());
    return {
        tables: texts("#tables ~ article.tab h3"),
        revisions: texts("#revisions ~ article.rev h3 > code"),
        foreign_keys: [...document.querySelectorAll("#tables ~ article.tab")].flatMap((tab) =>
            [...tab.querySelectorAll("table.fks tbody tr")].map((row) =>
                [tab.querySelector("h3").textContent, ...[...row.cells].slice(0, 4).map((cell) => cell.textContent)])),
        drawn_tables: texts("svg.schema .table .head"),
        drawn_lines: document.querySelectorAll("svg.schema .fk path.line").length,
        drawn_revisions: texts("svg.graph .card .id"),
        counts: [...document.querySelectorAll("#counts ~ .scroll tbody tr")].map((row) =>
            [...row.cells].slice(0, 5).map((cell) => cell.textContent)),
        total: [...document.querySelectorAll("#counts ~ .scroll tfoot td")].slice(0, 4).map((cell) => cell.textContent),
        tiles: texts(".tiles b"),
    };
})()"""

# Links that lead nowhere, names that two elements have, links out of the page.
LINKS = """(() => {
    const ids = [...document.querySelectorAll("[id]")].map((at) => at.id);
    const links = [...document.querySelectorAll("a")];
    return {
        count: links.length,
        outside: links.map((at) => at.getAttribute("href")).filter((href) => !href || !href.startsWith("#")),
        lost: links.map((at) => at.getAttribute("href").slice(1)).filter((name) => !ids.includes(decodeURIComponent(name))),
        twice: ids.filter((id, i) => ids.indexOf(id) !== i),
    };
})()"""

# Elements that stick out of the page's width, but for what scrolls within itself.
TOO_WIDE = """(() => {
    const wide = [];
    for (const at of document.body.querySelectorAll("*")) {
        const box = at.getBoundingClientRect();
        if (box.right > document.documentElement.clientWidth + 1 && box.width > 0 && box.left >= 0
            && !at.closest(".pan, .scroll, pre, .sr, .skip")) {
            wide.push(`${at.tagName} ${at.className} ${Math.round(box.right)}`);
        }
    }
    return {page: document.documentElement.scrollWidth, room: document.documentElement.clientWidth, wide};
})()"""

# Texts of a picture that lie over each other, or leave the box that they are in.
OVERLAPS = """((selector) => {
    const problems = [];
    const svg = document.querySelector(selector);
    const shown = svg.hasAttribute("hidden");
    svg.removeAttribute("hidden");
    const paper = svg.getBoundingClientRect(), scale = paper.width / svg.viewBox.baseVal.width;
    const items = [];
    for (const at of svg.querySelectorAll("text")) {
        const box = at.getBoundingClientRect();
        items.push({text: at.textContent, left: box.left, right: box.right, top: box.top + 2.5 * scale,
                    bottom: box.bottom - 2.5 * scale});
        const frame = at.closest("g").querySelector("rect.box:not(.back)");
        const room = frame && frame.getBoundingClientRect();
        if (room && (box.left < room.left || box.right > room.right + 1 || box.top < room.top - 1 || box.bottom > room.bottom + 1)) {
            problems.push(`${at.textContent} leaves its box: ${box.left}-${box.right} of ${room.left}-${room.right}`);
        }
        if (box.left < paper.left - 1 || box.right > paper.right + 1) problems.push(`${at.textContent} leaves the picture`);
    }
    const boxes = [...svg.querySelectorAll("rect.box:not(.back)")].map((at) => at.getBoundingClientRect());
    const meets = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    for (const [what, list] of [["text", items], ["box", boxes]]) {
        list.sort((a, b) => a.top - b.top);
        for (let i = 0; i < list.length; i++) {
            for (let k = i + 1; k < list.length && list[k].top < list[i].bottom; k++) {
                if (meets(list[i], list[k])) problems.push(`${what} over ${what}: ${list[i].text} and ${list[k].text}`);
            }
        }
    }
    svg.toggleAttribute("hidden", shown);
    return problems;
})"""

# Contrast of each text with what is behind it, by WCAG's formula. In pictures, what is behind is the box
# with the tint over it.
CONTRAST = """(() => {
    const rgba = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length === 3 ? [...n, 1] : n; };
    const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
    const light = (c) => {
        const [r, g, b] = c.slice(0, 3).map((v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + .05) / (y + .05); };
    const behind = (at) => {
        const layers = [];
        for (let up = at; up; up = up.parentElement) {
            const colour = rgba(getComputedStyle(up).backgroundColor);
            if (colour[3] > 0) layers.push(colour);
            if (colour[3] === 1) break;
        }
        return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
    };
    const worst = {};
    const note = (what, value, text) => {
        if (!worst[what] || value < worst[what].ratio) worst[what] = {ratio: Math.round(value * 100) / 100, text};
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const at = node.parentElement;
        if (!node.data.trim() || at.closest("svg, script, style, [hidden], .skip")) continue;
        const style = getComputedStyle(at), large = parseFloat(style.fontSize) >= 24;
        note(large ? "large" : "text", ratio(rgba(style.color), behind(at)), node.data.trim().slice(0, 60));
    }
    for (const at of document.querySelectorAll("svg text")) {
        const group = at.closest("g"), box = group.querySelector("rect.box:not(.back)");
        let under = rgba(getComputedStyle(box).fill);
        if (at.matches(".head")) {
            const tint = getComputedStyle(group.querySelector(".tint"));
            under = over([...rgba(tint.fill).slice(0, 3), parseFloat(tint.fillOpacity)], under);
        }
        note("picture", ratio(rgba(getComputedStyle(at).fill), under), at.textContent);
    }
    /* what is no text but must be seen: lines, signs, frames of fields (WCAG 1.4.11) */
    for (const at of document.querySelectorAll("svg path.line, svg path.edge, svg .mark, svg .stripe")) {
        const style = getComputedStyle(at), colour = style.stroke === "none" ? style.fill : style.stroke;
        note("line", ratio(rgba(colour), rgba(getComputedStyle(document.body).backgroundColor)), at.getAttribute("class"));
    }
    for (const at of document.querySelectorAll("button:not([hidden]), input")) {
        note("frame", ratio(rgba(getComputedStyle(at).borderTopColor), behind(at.parentElement)), at.outerHTML.slice(0, 60));
    }
    return worst;
})()"""

HEADINGS = """[...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter((at) => at.checkVisibility())
    .map((at) => [+at.tagName[1], at.textContent])"""

# Everything that a mouse can use.
CONTROLS = """(() => {
    const controls = [...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")]
        .filter((at) => at.checkVisibility({visibilityProperty: true}));
    controls.forEach((at, i) => { at.dataset.control = i; });
    return controls.length;
})()"""

# Controls and pictures without a name that can be read aloud.
NAMELESS = """[...document.querySelectorAll("button, input, a, svg, [role=region], nav, section, table")].filter((at) => {
    const named = at.getAttribute("aria-label") || at.title
        || (at.getAttribute("aria-labelledby") && document.getElementById(at.getAttribute("aria-labelledby")))
        || (at.tagName === "TABLE" ? at.caption && at.caption.textContent.trim() : at.tagName !== "INPUT" && at.textContent.trim());
    return !named;
}).map((at) => at.outerHTML.slice(0, 120))"""

CATALOG = {
    "tables": "SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1",
    "foreign_keys": """
        SELECT cl.relname, co.conname, string_agg(a.attname, ', ' ORDER BY k.n), f.relname, co.confdeltype
        FROM pg_constraint co JOIN pg_class cl ON cl.oid = co.conrelid JOIN pg_class f ON f.oid = co.confrelid,
             unnest(co.conkey) WITH ORDINALITY AS k (num, n), pg_attribute a
        WHERE co.contype = 'f' AND cl.relnamespace = 'public'::regnamespace
          AND a.attrelid = co.conrelid AND a.attnum = k.num
        GROUP BY 1, 2, 4, 5 ORDER BY 1, 2""",
    "counts": """
        SELECT c.relname,
               (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
               (SELECT count(*) FROM pg_constraint o WHERE o.conrelid = c.oid AND o.contype = 'f'),
               (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid
                AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = i.indexrelid AND o.contype IN ('p', 'u', 'x'))),
               (SELECT count(*) FROM pg_constraint o WHERE o.conrelid = c.oid AND o.contype = 'c')
        FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1""",
    "columns": """
        SELECT c.relname, quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1, a.attnum""",
}
ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


def markdown_links(tree):
    return [node.destination for node, entering in tree.walker() if entering and node.t in ("link", "image")]


# docs/ has the reports as they came out, but for what no two runs have in common: that is put to one value.
SETTLED = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC(?: to \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC)?", "2026-01-05 09:00:00 UTC"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "3f2c8a10-0000-4000-8000-000000000000"),
    (r"\b\d+(?:\\?\.\d+)? (?:\u00b5s|ms|s)\b", "20 ms"),
    (r"by \S+ with pgbraid", "by deploy@example with pgbraid"),
    (r"(By whom(?:</dt><dd>|:\*\* ))[^<\n]*", r"\1deploy from deploy@example"),
    (r"database t\d+\S* PostgreSQL [^<\n]*", "database therapy, PostgreSQL 15, local socket"),
    (r"(in 20 ms by )[\w\\]+", r"\1deploy"),
    (r"(<td>20 ms</td><td>)\w+", r"\1deploy"),
)
EXAMPLES = {"html": "example-report.html", "md": "example-report.md", "graph": "therapy-graph.svg", "schema": "therapy-schema.svg"}


def settled(text):
    for pattern, value in SETTLED:
        text = re.sub(pattern, value, text, flags=re.MULTILINE)
    return text


class Made:
    """The therapy example, upgraded once, and its report in every form."""

    def __init__(self, test):
        self.folder = test.copy_example("therapy")
        self.db = test.new_database()
        test.expect(0, "upgrade", "-q", "heads", cwd=self.folder, db=self.db)
        self.files = {}
        for end in ("html", "md", "json", "txt"):
            self.files[end] = self.folder / f"report.{end}"
            test.expect(0, "report", "-o", self.files[end], cwd=self.folder, db=self.db)
        for picture in ("graph", "schema"):
            self.files[picture] = self.folder / f"{picture}.svg"
            test.expect(0, "report", "--no-verify", "--picture", picture, "-o", self.files[picture], cwd=self.folder, db=self.db)

    def text(self, end):
        return self.files[end].read_text(encoding="utf-8")


class PageTest(PgbraidTest):
    """Whatever is opened here must be without a word on the console and without a request."""

    chromium = None

    @classmethod
    def setUpClass(cls):
        SHOTS.mkdir(exist_ok=True)
        cls.chromium = browser.Browser()

    @classmethod
    def tearDownClass(cls):
        cls.chromium.stop()

    def open(self, path, width="desktop", **view):
        page = self.chromium.open(path, width=WIDTHS[width][0], height=WIDTHS[width][1], **view)
        self.addCleanup(page.close)
        self.addCleanup(lambda: self.assertEqual(page.problems(), []))
        return page

    def views(self, path):
        for width, dark in itertools.product(WIDTHS, (False, True)):
            yield f"{width}-{'dark' if dark else 'light'}", self.open(path, width, dark=dark)

    def sound(self, page, name):
        """What every page must keep, at any width and in any colours."""
        wide = page.evaluate(TOO_WIDE)
        self.assertLessEqual(wide["page"], wide["room"], (name, wide))
        self.assertEqual(wide["wide"], [], name)
        links = page.evaluate(LINKS)
        self.assertGreater(links["count"], 0, name)
        self.assertEqual({**links, "count": 0}, {"count": 0, "outside": [], "lost": [], "twice": []}, name)
        for picture in page.evaluate("""[...document.querySelectorAll("svg")].map((at, i) => {
                at.dataset.picture = i; return `svg[data-picture="${i}"]`; })"""):
            self.assertEqual(page.evaluate(f"{OVERLAPS}({json.dumps(picture)})"), [], (name, picture))
        worst = page.evaluate(CONTRAST)
        for what, least in (("text", 4.5), ("large", 3), ("picture", 4.5), ("line", 3), ("frame", 3)):
            if what in worst:
                self.assertGreaterEqual(worst[what]["ratio"], least, (name, what, worst))
        self.assertEqual(page.evaluate(NAMELESS), [], name)
        before = 0
        for level, text in page.evaluate(HEADINGS):
            self.assertLessEqual(level, before + 1, (name, text))
            self.assertNotEqual(text.strip(), "", name)
            before = level
        return worst

    def valid_json(self, report):
        jsonschema.Draft202012Validator(SCHEMA).validate(report)


class Therapy(PageTest):
    def test_page(self):
        made = Made(self)
        report = json.loads(made.text("json"))
        with self.subTest("size"):
            self.assertLess(made.files["html"].stat().st_size, 300_000)
        for name, page in self.views(made.files["html"]):
            with self.subTest(view=name):
                page.screenshot(SHOTS / f"therapy-{name}.png")
                page.screenshot(SHOTS / f"therapy-{name}-whole.png", whole=True)
                self.sound(page, name)
                self.complete(page, made, report)
        with self.subTest("keys"):
            self.reachable(self.open(made.files["html"]))
        with self.subTest("links"):
            self.followed(self.open(made.files["html"]))
        with self.subTest("tools"):
            self.tools(self.open(made.files["html"]))
        with self.subTest("without a script"):
            page = self.open(made.files["html"], "phone", script=False)
            self.assertFalse(page.evaluate(
                "[...document.querySelectorAll('.tools, .find, button')].some((at) => at.checkVisibility())"))
            self.complete(page, made, report)
            self.assertEqual(page.evaluate("document.querySelectorAll('[data-item]:not([hidden])').length"), 12 + 39)
        with self.subTest("paper"):
            self.printed(self.open(made.files["html"], dark=True))
        self.other_forms(made, report)
        self.alone(made)
        for end, name in EXAMPLES.items():
            with self.subTest(example=name):
                path = harness.ROOT / "docs" / name
                text = settled(made.text(end))
                if os.environ.get("PGBRAID_ACCEPT"):
                    path.write_text(text, encoding="utf-8")
                self.assertTrue(path.read_text(encoding="utf-8") == text,
                                f"docs/{name} is not what the program writes; PGBRAID_ACCEPT=1 tests/pg/test_report_page.py -k Therapy "
                                "writes it anew")

    def complete(self, page, made, report):
        """Every table, foreign key and revision, as the catalog has them."""
        seen = page.evaluate(INVENTORY)
        tables = [row[0] for row in self.query(made.db, CATALOG["tables"])]
        self.assertEqual(len(tables), 39)
        self.assertEqual(sorted(seen["tables"]), tables)
        self.assertEqual(sorted(seen["drawn_tables"]), tables)
        keys = [[table, name, columns, f"{target} (id)", ACTIONS[action]]
                for table, name, columns, target, action in self.query(made.db, CATALOG["foreign_keys"])]
        self.assertEqual(sorted(seen["foreign_keys"]), sorted(keys))
        self.assertEqual(seen["drawn_lines"], len(keys))
        counts = self.query(made.db, CATALOG["counts"])
        self.assertEqual(sorted(seen["counts"]), [[str(cell) for cell in row] for row in counts])
        totals = [str(sum(row[i] for row in counts)) for i in range(1, 5)]
        self.assertEqual(seen["total"], totals)
        self.assertEqual(seen["tiles"], ["39", *totals])
        revisions = sorted(path.name.split("_")[0] for path in (made.folder / "migrations").glob("*.sql"))
        self.assertEqual(sorted(seen["revisions"]), revisions)
        self.assertEqual(sorted(seen["drawn_revisions"]), revisions)
        self.assertEqual(sorted(revision["id"] for revision in report["revisions"]), revisions)

    def reachable(self, page):
        """Tab leads to every control once, in order, and each can be seen to have the focus."""
        count = page.evaluate(CONTROLS)
        page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
        reached = []
        for _ in range(count):
            page.tab()
            reached.append(page.evaluate("+document.activeElement.dataset.control"))
        self.assertEqual(sorted(reached), list(range(count)))
        self.assertEqual(reached[0], 0, "the link past the navigation comes first")
        page.tab(back=True)
        for selector in (".pan", ".bar a", ".tools button", "#search", "svg a"):
            page.evaluate(f"document.querySelector('{selector}').focus()")
        page.evaluate("document.querySelector('.bar a').focus()")
        page.tab()
        self.assertNotEqual(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "none")
        page.evaluate("document.querySelector('svg.graph a').focus()")
        page.tab()
        self.assertTrue(page.evaluate("document.activeElement.closest('svg.graph') !== null"))
        self.assertEqual(page.evaluate("getComputedStyle(document.activeElement.querySelector('.box')).strokeWidth"), "3px")

    def followed(self, page):
        """A click leads to the target, which is then in sight and not under the bar."""
        for selector in (".bar a[href='#tables']", "svg.graph a", "svg.schema a", "#counts ~ .scroll tbody a",
                         "article.rev a[href^='#table-']", "article.tab table.fks a"):
            target = page.evaluate(f"document.querySelector({json.dumps(selector)}).getAttribute('href')")
            page.click(selector)
            page.wait("location.hash", target)
            at = page.evaluate("""new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
                const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
                const bar = document.querySelector(".bar").getBoundingClientRect();
                done([target.getBoundingClientRect().top - bar.bottom, innerHeight]); })))""")
            self.assertGreaterEqual(at[0], -1, selector)
            self.assertLess(at[0], at[1], selector)

    def tools(self, page):
        """Zoom, search, and the page's own search."""
        width = "document.querySelector('svg.graph').getBoundingClientRect().width"
        before = page.evaluate(width)
        page.click("[data-do=in]")
        self.assertAlmostEqual(page.evaluate(width), before * 1.25, delta=2)
        page.click("[data-do=one]")
        page.evaluate("document.querySelector('.pan').focus()")
        page.press("-", text="-", code=189)
        self.assertLess(page.evaluate(width), before)
        page.evaluate("document.querySelector('figure input').focus()")
        page.type("goal tracking")
        self.assertEqual(page.evaluate("document.querySelector('figure output').textContent"), "1 found")
        self.assertEqual(page.evaluate("document.querySelector('svg.graph .found .id').textContent"), "e5f6g7h8i9j0")
        page.evaluate("document.querySelector('#search').focus()")
        page.type("mood, or refresh")
        self.assertEqual(page.evaluate("document.querySelectorAll('[data-item]:not([hidden])').length"), 0)
        page.evaluate("document.querySelector('#search').select()")
        page.type("replaced_by_id")
        self.assertEqual(page.evaluate("[...document.querySelectorAll('[data-item]:not([hidden])')].map((at) => at.id)"),
                         ["table-public.refresh_tokens"])
        page.press("Enter", text="\r", code=13)
        self.assertLess(page.evaluate("document.getElementById('table-public.refresh_tokens').getBoundingClientRect().top"), 900)
        # A link to what the search hides shows it again.
        page.click(".bar a[href='#counts']")
        page.click("#counts ~ .scroll tbody a")
        page.wait("document.querySelectorAll('[data-item][hidden]').length", 0)

    def printed(self, page):
        """Paper is light also for who reads in the dark, has no controls, and loses nothing."""
        path = SHOTS / "therapy.pdf"
        page.pdf(path)
        text = subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True, text=True).stdout
        pages = text.rstrip("\f").split("\f")
        self.assertLess(len(pages), 60)
        self.assertEqual([n for n, sheet in enumerate(pages, 1) if not re.search(rf"\b{n} / {len(pages)}\s*$", sheet)], [])
        for name in ("Migration report: therapy", "pgbraid downgrade base", "fk_timeline_events_therapist_id", "Checked by",
                     "idx_progress_milestones_goal_achieved", "ck_goal_tracking_config_scale_order"):
            self.assertIn(name, text)
        self.assertNotIn("Find in the picture", text)
        self.assertNotIn("Whole width", text)
        self.assertNotRegex(text, r"(?m)\bcopy$")
        subprocess.run(["pdftoppm", "-r", "50", "-png", path, SHOTS / "therapy-paper"], check=True)
        page.colours(dark=True, media="print")
        self.assertEqual(page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        self.assertEqual(page.evaluate("getComputedStyle(document.body).color"), "rgb(0, 0, 0)")

    def alone(self, made):
        """The pictures as files: in their own colours, light and dark, without links."""
        for picture in ("graph", "schema"):
            root = ElementTree.fromstring(made.text(picture))
            self.assertFalse([at for at in root.iter() if at.tag.endswith("}a") or at.tag.endswith("}script")])
            for dark in (False, True):
                page = self.open(made.files[picture], dark=dark)
                self.assertEqual(page.evaluate("getComputedStyle(document.querySelector('.paper')).fill"),
                                 "rgb(15, 19, 23)" if dark else "rgb(255, 255, 255)")
                page.screenshot(SHOTS / f"{picture}-alone-{'dark' if dark else 'light'}.png")

    def other_forms(self, made, report):
        tables = [row[0] for row in self.query(made.db, CATALOG["tables"])]
        keys = self.query(made.db, CATALOG["foreign_keys"])
        with self.subTest("JSON"):
            self.valid_json(report)
            self.assertEqual(sorted(table["name"] for table in report["tables"]), [f"public.{name}" for name in tables])
            columns = [(table["name"].removeprefix("public."), column["name"], column["type"], column["not_null"], column["default"])
                       for table in sorted(report["tables"], key=lambda table: table["name"]) for column in table["columns"]]
            self.assertEqual(columns, self.query(made.db, CATALOG["columns"]))
            self.assertEqual(report["counts"]["columns"], len(columns))
            self.assertEqual(sorted((table["name"].removeprefix("public."), key["name"], key["on_delete"]) for table in report["tables"]
                                    for key in table["foreign_keys"]),
                             sorted((table, name, ACTIONS[action]) for table, name, _, _, action in keys))
            self.assertEqual(report["verifications"][0]["differences"], [])
        with self.subTest("Markdown"):
            tree = commonmark.Parser().parse(made.text("md"))
            html = commonmark.HtmlRenderer().render(tree)
            self.assertEqual(markdown_links(tree), [])
            kinds = {node.t for node, _ in tree.walker()}
            self.assertFalse(kinds & {"html_block", "html_inline"}, kinds)
            for name in [*tables, *(name for _, name, *_ in keys), *(rev["id"] for rev in report["revisions"])]:
                self.assertIn(f"<code>{name}</code>", html)
        with self.subTest("text"):
            text = made.text("txt")
            for name in [*tables, *(name for _, name, *_ in keys), *(rev["id"] for rev in report["revisions"])]:
                self.assertRegex(text, rf"\b{name}\b")
            self.assertNotIn("\x1b", text)
        with self.subTest("SVG"):
            pictures = re.findall(r"<svg .*?</svg>", made.text("html"), re.DOTALL)
            self.assertEqual(len(pictures), 2)
            for picture in pictures:
                ElementTree.fromstring(picture)


class Control(PageTest):
    """What the checks of a page are worth: a page with every fault."""

    def test_faults_are_found(self):
        path = self.folder / "bad.html"
        path.write_text("""<!DOCTYPE html><html lang="en"><title>bad</title><body style="margin:0; background: #fff">
            <h1>one</h1><h3 style="color: #999">three</h3><a href="#nowhere">lost</a><a href="https://example.invalid/">out</a>
            <div style="width: 3000px">wide</div><p id="a"></p><p id="a"></p><input>
            <svg width="200" height="50" viewBox="0 0 200 50"><g><rect class="box" width="50" height="40" fill="#fff"/>
            <text y="20" x="2">leaves its box by far</text><text y="22" x="9">over it</text></g></svg>
            <img src="https://example.invalid/x.png" onerror="alert('ran')"><script>console.log("said"); nothing.there;</script>
            </body></html>""", encoding="utf-8")
        page = self.chromium.open(path, width=390, height=844)
        self.addCleanup(page.close)
        self.chromium.wait_for(lambda: page.dialogs, "the dialog")
        problems = "\n".join(page.problems())
        for word in ("request: https://example.invalid/x.png", "console: log", "thrown: ReferenceError", "dialog: ran"):
            self.assertIn(word, problems)
        wide, links = page.evaluate(TOO_WIDE), page.evaluate(LINKS)
        self.assertGreater(wide["page"], wide["room"])
        self.assertTrue(wide["wide"])
        self.assertEqual((links["outside"], links["twice"]), (["https://example.invalid/"], ["a"]))
        self.assertIn("nowhere", links["lost"])
        overlaps = "\n".join(page.evaluate(f"{OVERLAPS}('svg')"))
        self.assertIn("leaves its box", overlaps)
        self.assertIn("text over text", overlaps)
        self.assertLess(page.evaluate(CONTRAST)["text"]["ratio"], 3)
        self.assertIn("<input>", page.evaluate(NAMELESS))
        self.assertEqual([level for level, _ in page.evaluate(HEADINGS)], [1, 3])


HOSTILE = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(2)>", "' onmouseover='alert(3)", "--><svg onload=alert(4)>",
    "]]></style><script>alert(5)</script>", "\u202egnp.exe", "two\nlines", "[a](javascript:alert(6)) ![b](//x.invalid/c.png)",
    "</title></text></svg><script>alert(7)</script>", "`code` *bold* _it_ | pipe # head", "&lt;&amp;&#60;", "\\", "javascript:alert(8)",
    "W" * 60, "\u6f22\u5b57" * 15, "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \ufdfd", "a\u200b\u200db\ufeff",
)


class Hostile(PageTest):
    """Names are only names."""

    def test_names(self):
        quoted = [name[:60].replace('"', '""') for name in HOSTILE]
        up = "".join(
            f'CREATE TABLE "{name}" ("{name}" integer PRIMARY KEY DEFAULT 1, "other {name}"[] CHECK ("{name}" > 0));\n'.replace(
                f'"other {name}"[]', f'"{"o" + name[:50]}" text')
            + f"COMMENT ON TABLE \"{name}\" IS $c${text}$c$;\nCOMMENT ON COLUMN \"{name}\".\"{name}\" IS $c${text}$c$;\n"
            for name, text in zip(quoted, HOSTILE, strict=True))
        files = {"migrations/a1_first.sql": "-- <script>alert(1)</script> & \"quoted\" `title` ]]> --> \u202eevil\n"
                 f"-- pgbraid:revision a1\n\n-- pgbraid:up\n{up}\n-- pgbraid:down irreversible </p><script>alert(9)</script>\n"}
        previous = "a1"
        for i, text in enumerate(HOSTILE):
            title = text.replace("\n", " ")
            files[f"migrations/b{i}_x.sql"] = (
                f"-- {title}\n-- pgbraid:revision b{i}\n-- pgbraid:parent {previous}\n\n-- pgbraid:up\n"
                f'ALTER TABLE "{quoted[0]}" ADD CONSTRAINT "fk{i} {quoted[i][:50]}" FOREIGN KEY ("{quoted[0]}") REFERENCES "{quoted[i]}" '
                "ON DELETE CASCADE;\n\n-- pgbraid:down\nSELECT 1;\n")
            previous = f"b{i}"
        project, db = self.project(files), self.new_database()
        failing = project / "migrations" / "c_fails.sql"
        failing.write_text(f"-- <img src=x onerror=alert(10)>\n-- pgbraid:revision c\n-- pgbraid:parent {previous}\n\n-- pgbraid:up\n"
                           "DO $$ BEGIN RAISE EXCEPTION '</td><script>alert(11)</script> | `x` [l](javascript:alert(12))'; END $$;\n",
                           encoding="utf-8")
        self.expect(1, "upgrade", "-q", cwd=project, db=db)
        proofs = project / "proofs.json"
        proofs.write_text(json.dumps({"proofs": [{"subject": text, "proof": text, "result": "failed", "reason": text}
                                                 for text in HOSTILE]}), encoding="utf-8")
        path = project / "report.html"
        self.expect(0, "report", "--all", "--with", proofs, "-o", path, cwd=project, db=db)
        for name, page in self.views(path):
            page.screenshot(SHOTS / f"hostile-{name}.png", whole=True)
            self.sound(page, name)
            self.assertEqual(page.evaluate("document.querySelectorAll('script').length"), 1)
            self.assertEqual(page.evaluate("document.querySelectorAll('img, iframe, object, embed, link[rel=stylesheet]').length"), 0)
            self.assertEqual(page.evaluate(
                "[...document.querySelectorAll('*')].flatMap((at) => [...at.attributes]).filter((a) => a.name.startsWith('on')).length"), 0)
            tables = page.evaluate("[...document.querySelectorAll('article.tab')].map((at) => at.querySelector('h3').textContent)")
            self.assertEqual(len(tables), len(HOSTILE))
            shown = page.evaluate("document.body.innerText")
            for text in ("<script>alert(1)</script>", "--><svg onload=alert(4)>", "]]></style><script>alert(5)</script>", "&lt;&amp;&#60;",
                         "`code` *bold* _it_ | pipe # head", "</td><script>alert(11)</script>", "<img src=x onerror=alert(10)>",
                         "\\u202egnp.exe".replace("202e", "202E"), "</p><script>alert(9)</script>"):
                self.assertIn(text, shown, name)
            self.assertNotRegex(shown, "[\u202a-\u202e\u2066-\u2069\u200b]")
        for picture in re.findall(r"<svg .*?</svg>", path.read_text(encoding="utf-8"), re.DOTALL):
            ElementTree.fromstring(picture)
        # Without the page's own policy nothing runs either: it is the escaping that keeps it.
        bare = project / "bare.html"
        bare.write_text(re.sub(r"<meta http-equiv=[^>]*>", "", path.read_text(encoding="utf-8")), encoding="utf-8")
        page = self.open(bare)
        page.evaluate("""document.querySelectorAll("*").forEach((at) => {
            for (const kind of ["mouseover", "load", "error", "focus"]) at.dispatchEvent(new Event(kind)); })""")
        self.assertEqual(page.dialogs, [])
        report = self.expect(0, "report", "--all", "--with", proofs, "--format", "json", cwd=project, db=db).json()
        self.valid_json(report)
        self.assertEqual(sorted({proof["subject"] for proof in report["proofs"]}), sorted(HOSTILE))
        markdown = self.expect(0, "report", "--all", "--with", proofs, "--format", "markdown", cwd=project, db=db).stdout
        tree = commonmark.Parser().parse(markdown)
        self.assertEqual(markdown_links(tree), [])
        self.assertFalse({node.t for node, _ in tree.walker()} & {"html_block", "html_inline"})
        html = commonmark.HtmlRenderer().render(tree)
        self.assertIn("<code>&lt;script&gt;alert(1)&lt;/script&gt;</code>", html)
        self.assertNotRegex(markdown, "[\u202a-\u202e\u2066-\u2069]")


class Large(PageTest):
    """A thousand revisions."""

    def test_thousand(self):
        files, ids = {}, [f"r{i:04d}" for i in range(1000)]
        parents = {}
        for i in range(1, 1000):
            # a trunk of which every 40th leaves a branch of 12 that comes back 20 later
            at = i % 40
            parents[i] = [i - 1] if i < 40 or at not in (20, 32) else [i - 20] if at == 20 else [i - 1, i - 13]
        for i, name in enumerate(ids):
            files[f"migrations/{name}_step.sql"] = (
                f"-- step {i} of a long history\n-- pgbraid:revision {name}\n"
                + (f"-- pgbraid:parent {', '.join(ids[p] for p in parents[i])}\n" if i else "")
                + f"\n-- pgbraid:up\n"
                + (f"CREATE TABLE t{i} (id integer PRIMARY KEY, up integer REFERENCES {'t' + str(i - 10) if i else 't0'});\n" if i % 10 == 0
                   else f"ALTER TABLE t{i - i % 10} ADD COLUMN c{i} integer;\n")
                + "\n-- pgbraid:down\n"
                + (f"DROP TABLE t{i};\n" if i % 10 == 0 else f"ALTER TABLE t{i - i % 10} DROP COLUMN c{i};\n"))
        project, db = self.project(files), self.new_database()
        self.expect(0, "upgrade", "-q", "heads", cwd=project, db=db, timeout=300)
        path = project / "report.html"
        run = self.expect(0, "report", "--all", "-o", path, cwd=project, db=db, timeout=400)
        size = path.stat().st_size
        print(f"# 1,000 revisions, 100 tables: {run.seconds:.1f} s, {size / 1e6:.2f} MB")
        self.assertLess(size, 4_000_000)
        page = self.open(path)
        self.assertEqual(page.evaluate("document.querySelectorAll('svg.graph:not([hidden])').length"), 1)
        folded = page.evaluate("document.querySelectorAll('svg.graph:not([hidden]) .card').length")
        self.assertLess(folded, 400)
        self.assertEqual(page.evaluate("document.querySelectorAll('svg.graph')[0].querySelectorAll('.card').length"), 1000)
        self.assertEqual(page.evaluate("document.querySelectorAll('article.rev').length"), 1000)
        self.assertEqual(page.evaluate("document.querySelectorAll('article.tab').length"), 100)
        page.evaluate("document.querySelector('#graph').scrollIntoView()")
        page.screenshot(SHOTS / "thousand-folded.png")
        page.click("[data-do=fold]")
        page.screenshot(SHOTS / "thousand-all.png")
        page.evaluate("document.querySelector('figure input').focus()")
        page.type("step 512 of")
        self.assertEqual(page.evaluate("document.querySelector('figure output').textContent"), "1 found")
        inside = page.evaluate("""(() => { const a = document.querySelector("svg.graph .found").getBoundingClientRect(),
            b = document.querySelector("figure .pan").getBoundingClientRect();
            return a.top >= b.top && a.bottom <= b.bottom && a.left >= b.left && a.right <= b.right; })()""")
        self.assertTrue(inside)
        page.screenshot(SHOTS / "thousand-found.png")
        self.sound(page, "thousand")
        phone = self.open(path, "phone", dark=True)
        self.sound(phone, "thousand on a phone")
        phone.evaluate("document.querySelector('#graph').scrollIntoView()")
        phone.screenshot(SHOTS / "thousand-phone-dark.png")
        for picture in re.findall(r"<svg .*?</svg>", path.read_text(encoding="utf-8"), re.DOTALL):
            ElementTree.fromstring(picture)


if __name__ == "__main__":
    harness.main()
