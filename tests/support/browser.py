"""Headless Chromium for tests of pages, over its own pipe: nothing but Python's standard library.

    with browser.Browser() as chromium:
        page = chromium.open(path, width=390, height=844, dark=True)
        self.assertEqual(page.problems(), [])
        page.evaluate("document.title")
        page.screenshot("shot.png")

A page keeps what it asked for (requests), what was said on its console, and what its scripts threw. The browser
lives in a folder of its own (profile and working directory), owned by a warden, so neither a process nor a
file is left behind, however the test ends. It is never given a network: every name resolves to nothing.
"""

import base64
import contextlib
import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import server as servers

SECONDS = 120
PR_SET_PDEATHSIG = 1


def program():
    """The browser itself, not Debian's wrapper script, which reads flags of the machine."""
    path = Path("/usr/lib/chromium/chromium")
    found = str(path) if path.exists() else shutil.which("chromium")
    if found is None:
        raise RuntimeError("no chromium: tools/deps browser installs it")
    return found


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Failure(AssertionError):
    """What the browser answered with an error, or did not answer."""


class Browser:
    def __init__(self):
        self.owned = servers.Owned({"mode": 0o700})
        folder = Path(self.owned.dir)
        # The browser reads its commands from 3 and writes to 4.
        read, self.out = os.pipe()
        self.into, write = os.pipe()
        read, write = (fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (read, write))
        self.log = open(folder / "chromium.log", "wb")  # noqa: SIM115 -- closed in stop()
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{read} 4>&{write}', "bash", program(),
             "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-dev-shm-usage", "--disable-breakpad", "--disable-extensions", "--mute-audio",
             "--host-resolver-rules=MAP * ~NOTFOUND", "--force-color-profile=srgb",
             "--font-render-hinting=none", f"--user-data-dir={folder / 'profile'}",
             "--remote-debugging-pipe", "about:blank"],
            cwd=folder, pass_fds=(read, write), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            start_new_session=True, preexec_fn=die_with_parent,
            env={"HOME": str(folder), "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8",
                 "TZ": "UTC", "TMPDIR": str(folder)})
        for fd in (read, write):
            os.close(fd)
        self.number = 0
        self.buffer = b""
        self.answers = {}
        self.pages = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            with contextlib.suppress(OSError, Failure):
                self.call("Browser.close")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for fd in (self.out, self.into):
            with contextlib.suppress(OSError):
                os.close(fd)
        self.log.close()
        self.owned.stop()

    # The protocol: JSON, each ended by a zero byte.

    def send(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        return self.number

    def receive(self, deadline):
        """Takes what comes until the deadline; False when it passed."""
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.into], [], [], left)[0]:
            return False
        data = os.read(self.into, 1 << 20)
        if not data:
            raise Failure(f"the browser ended (status {self.process.poll()})\n{self.said()}")
        *messages, self.buffer = (self.buffer + data).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self.answers[message["id"]] = message
            elif message.get("sessionId") in self.pages:
                self.pages[message["sessionId"]].happened(message["method"], message["params"])
        return True

    def said(self):
        self.log.flush()
        return Path(self.log.name).read_text(encoding="utf-8", errors="replace")[-4000:]

    def call(self, method, session=None, **parameters):
        number = self.send(method, session, **parameters)
        deadline = time.monotonic() + SECONDS
        while number not in self.answers:
            if not self.receive(deadline):
                raise Failure(f"no answer to {method} after {SECONDS} s\n{self.said()}")
        answer = self.answers.pop(number)
        if "error" in answer:
            raise Failure(f"{method}: {answer['error']}")
        return answer["result"]

    def wait_for(self, happened, what):
        deadline = time.monotonic() + SECONDS
        while not happened():
            if not self.receive(deadline):
                raise Failure(f"{what} did not happen within {SECONDS} s\n{self.said()}")

    def open(self, path, **view):
        return Page(self, Path(path).resolve().as_uri(), **view)


class Page:
    """A file, shown. script=False: with scripts turned off."""

    def __init__(self, browser, url, width=1280, height=900, dark=False, script=True, scale=1):
        self.browser, self.url = browser, url
        self.requests, self.console, self.thrown, self.dialogs = [], [], [], []
        self.loaded = False
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.target = target
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        browser.pages[self.session] = self
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.call(f"{domain}.enable")
        if not script:
            self.call("Emulation.setScriptExecutionDisabled", value=True)
        self.view(width, height, scale)
        self.colours(dark)
        self.loaded = False
        self.call("Page.navigate", url=url)
        browser.wait_for(lambda: self.loaded, f"the loading of {url}")

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def view(self, width, height, scale=1):
        # A phone's browser takes the page's width from its viewport element, as this does.
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                  mobile=width < 700)

    def colours(self, dark, media=""):
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                            {"name": "prefers-reduced-motion", "value": "reduce"}])

    def happened(self, method, parameters):
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Log.entryAdded":
            entry = parameters["entry"]
            self.console.append(f"{entry['level']}: {entry['text']}")
        elif method == "Runtime.consoleAPICalled":
            self.console.append(f"{parameters['type']}: {parameters['args']}")
        elif method == "Runtime.exceptionThrown":
            self.thrown.append(parameters["exceptionDetails"].get("exception", {}).get("description", "?"))
        elif method == "Page.javascriptDialogOpening":
            self.dialogs.append(parameters["message"])
            self.browser.send("Page.handleJavaScriptDialog", self.session, accept=False)

    def problems(self):
        """What a page without any outside reference must not have: words on the console, errors, requests."""
        asked = [url[:200] for url in self.requests if url != self.url and url != "data:,"]
        return ([f"request: {url}" for url in asked] + [f"console: {text}" for text in self.console]
                + [f"thrown: {text}" for text in self.thrown] + [f"dialog: {text}" for text in self.dialogs])

    def evaluate(self, expression):
        """A value of JSON. It runs in the page though the page's own policy forbids foreign scripts."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise Failure(f"{expression[:300]}\n{json.dumps(result['exceptionDetails'])[:1000]}")
        return result["result"].get("value")

    def wait(self, expression, value):
        """Until the page has come there: events of a click come after it."""
        deadline = time.monotonic() + 20
        while (seen := self.evaluate(expression)) != value:
            if time.monotonic() > deadline:
                raise Failure(f"{expression}: {seen!r} instead of {value!r}")
            time.sleep(0.02)

    def press(self, key, text=None, code=0, modifiers=0):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind if text or kind == "keyUp" else "rawKeyDown", key=key,
                      code=key, windowsVirtualKeyCode=code, modifiers=modifiers,
                      **({"text": text} if text and kind == "keyDown" else {}))

    def tab(self, back=False):
        self.press("Tab", code=9, modifiers=8 if back else 0)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def click(self, selector):
        x, y = self.evaluate(f"""(() => {{
            const at = document.querySelector({json.dumps(selector)});
            at.scrollIntoView({{block: "center", behavior: "instant"}});
            const box = at.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]; }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self, path, whole=False, clip=None):
        """whole: the page in its full height; clip: a selector, or x, y, width and height."""
        if isinstance(clip, str):
            clip = self.evaluate(f"""(() => {{
                const box = document.querySelector({json.dumps(clip)}).getBoundingClientRect();
                return [box.x + scrollX, box.y + scrollY, box.width, box.height]; }})()""")
        elif whole:
            clip = self.evaluate("[0, 0, innerWidth, document.documentElement.scrollHeight]")
        more = {}
        if clip:
            # 16,384 pixels are as high as the browser draws at once.
            more = {"captureBeyondViewport": True,
                    "clip": {"x": clip[0], "y": clip[1], "width": clip[2], "height": min(clip[3], 16000), "scale": 1}}
        data = self.call("Page.captureScreenshot", format="png", **more)["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def pdf(self, path):
        data = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False, paperWidth=8.27,
                         paperHeight=11.69)["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
        del self.browser.pages[self.session]
