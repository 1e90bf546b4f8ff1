"""Goes through the first tutorial in a real JupyterLab, as a user does, in headless Chromium.

    python jupyterlab.py [--out FOLDER] [--theme light|dark]

Runs all cells of a copy of tutorial 01, looks for its gallery and its figure, presses stop in a long
encode and runs the next cell, completes with Tab, watches a background job change in place, and
leaves screenshots. Needs `chromium` on the PATH and the installed kernel `zoobot`.
"""

import argparse
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

TUTORIAL = Path(__file__).resolve().parents[2] / "tutorials/01_first_look.ipynb"
PANEL = "[...window.jupyterapp.shell.widgets('main')][0]"
BROWSER = [
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--remote-allow-origins=*", "--window-size=1300,1500",
]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, ready, timeout=120.0):
    end = time.monotonic() + timeout
    while True:
        try:
            value = ready()
        except (OSError, KeyError, IndexError):
            value = None
        if value:
            return value
        if time.monotonic() > end:
            raise SystemExit(f"no {what} after {timeout:.0f} s")
        time.sleep(0.2)


class Page:
    """One tab, through Chromium's own protocol."""

    def __init__(self, port, out):
        def tab():
            tabs = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json"))
            return [t for t in tabs if t["type"] == "page"][0]["webSocketDebuggerUrl"]

        self.socket = websocket.create_connection(wait_for("browser", tab, 60))
        self.out = out
        self.calls = 0

    def call(self, method, **params):
        self.calls += 1
        self.socket.send(json.dumps({"id": self.calls, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.calls:
                return message.get("result", {})
            self.heard(message)

    def heard(self, message):
        """Handles the events that the browser sends."""

    def js(self, code):
        """The value of an expression, after awaiting it."""
        result = self.call("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise SystemExit(f"{code}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def key(self, key, code):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def picture(self, name):
        shot = self.call("Page.captureScreenshot", format="png")
        (self.out / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


class Lab(Page):
    """The notebook in the current tab of JupyterLab."""

    def command(self, name):
        self.js(f"window.jupyterapp.commands.execute('{name}').then(() => 1)")

    def start(self, name):
        """Starts a command without waiting for its end."""
        self.js(f"window.jupyterapp.commands.execute('{name}'), 1")

    def idle(self, timeout=300):
        status = f"{PANEL}.sessionContext.session?.kernel?.status === 'idle'"
        wait_for("idle kernel", lambda: self.js(status), timeout)

    def new_cell(self, code):
        """Adds a cell at the end of the notebook and selects it."""
        self.js(f"{PANEL}.content.activeCellIndex = {PANEL}.content.widgets.length - 1, 1")
        self.command("notebook:insert-cell-below")
        self.js(f"{PANEL}.content.activeCell.model.sharedModel.setSource({json.dumps(code)}), 1")
        self.js(f"{PANEL}.content.activeCell.node.scrollIntoView(), 1")

    def output(self):
        """The text below the selected cell."""
        return self.js(f"{PANEL}.content.activeCell.outputArea?.node.innerText ?? ''")

    def run_here(self, code, shows, timeout=60):
        self.new_cell(code)
        self.start("notebook:run-cell")
        wait_for(f"{shows!r} below {code!r}", lambda: shows in self.output(), timeout)


def go_through(lab, address):
    lab.call("Page.enable")
    lab.call("Page.navigate", url=address)
    wait_for("notebook", lambda: lab.js(f"!!window.jupyterapp && !!{PANEL}?.content?.widgets?.length"))
    wait_for("kernel", lambda: lab.js(f"!!{PANEL}.sessionContext.session?.kernel"))
    # Commands go to the notebook that has the focus.
    lab.js(f"window.jupyterapp.shell.activateById({PANEL}.id), 1")
    lab.start("notebook:run-all-cells")
    code = f"{PANEL}.content.widgets.filter(c => c.model.type === 'code')"
    last = f"Math.min(...{code}.map(c => c.model.executionCount ?? 0)) > 0"
    wait_for("end of Run All", lambda: lab.js(last), 300)
    lab.idle()
    pictures = f"[...{PANEL}.content.node.querySelectorAll('.jp-OutputArea-output img, .jp-OutputArea-output svg')].length"
    errors = f"[...{PANEL}.content.node.querySelectorAll('[data-mime-type=\"application/vnd.jupyter.error\"], .jp-mod-error')].length"
    print(f"{lab.js(f'{code}.length')} cells run, {lab.js(errors)} errors")
    assert lab.js(errors) == 0, "a cell failed"
    seen = 0
    for i in range(lab.js(f"{PANEL}.content.widgets.length")):
        lab.js(f"{PANEL}.content.scrollToItem({i}, 'start').then(() => 1)")
        seen = max(seen, lab.js(pictures))
        if lab.js(f"!!{PANEL}.content.widgets[{i}].outputArea?.node.querySelector('img, svg')"):
            time.sleep(0.5)
            lab.picture(f"cell-{i:02}")
    print(f"{seen} pictures at once")
    assert seen >= 10, "no gallery"

    lab.new_cell("for _ in 0..100 { encoder.encode(&galaxies)?; }")
    lab.start("notebook:run-cell")
    wait_for("progress bar", lambda: "of 600" in lab.output(), 60)
    stopped = time.monotonic()
    lab.command("notebook:interrupt-kernel")
    wait_for("interrupt", lambda: "interrupted" in lab.output(), 30)
    print(f"stop button: {time.monotonic() - stopped:.1f} s")
    lab.picture("stopped")
    lab.run_here("galaxies.len()", "600")

    lab.new_cell("galaxies.gal")
    lab.command("notebook:enter-edit-mode")
    lab.js(f"{PANEL}.content.activeCell.editor.focus(), 1")
    lab.js(f"{PANEL}.content.activeCell.editor.setCursorPosition({{line: 0, column: 12}}), 1")
    lab.key("Tab", 9)
    offered = "[...document.querySelectorAll('.jp-Completer-item')].map(item => item.innerText)"
    wait_for("gallery in the list", lambda: "gallery" in " ".join(lab.js(offered)), 20)
    lab.picture("completion")
    lab.key("Escape", 27)
    lab.js(f"{PANEL}.content.activeCell.model.sharedModel.setSource('galaxies.len()'), 1")
    lab.command("notebook:enter-command-mode")

    job = (
        'let job = Job::start("counting", || {\n    let progress = Progress::new("counting", Some(60));\n'
        "    for _ in 0..60 { progress.advance(1); std::thread::sleep(std::time::Duration::from_millis(100)); }\n"
        "    Ok(60)\n})?;"
    )
    lab.run_here(job, "counting: running")
    shown = lab.js(f"{PANEL}.content.activeCellIndex")
    lab.run_here("1 + 1", "2")
    below = f"{PANEL}.content.widgets[{shown}].outputArea.node.innerText"
    wait_for("progress of the job", lambda: "of 60" in lab.js(below), 20)
    lab.picture("job")
    wait_for("end of the job", lambda: "done in" in lab.js(below), 30)
    lab.picture("job-done")
    print("a job changed in place below its cell")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("target/jupyterlab"), help="for screenshots")
    parser.add_argument("--theme", choices=["light", "dark"], default="light")
    options = parser.parse_args()
    if shutil.which("chromium") is None:
        raise SystemExit("there is no chromium on the PATH: apt-get install chromium")
    out = options.out / options.theme
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temp:
        shutil.copy(TUTORIAL, temp)
        settings = Path(temp) / "settings"
        theme = settings / "@jupyterlab/apputils-extension/themes.jupyterlab-settings"
        theme.parent.mkdir(parents=True)
        theme.write_text(json.dumps({"theme": f"JupyterLab {options.theme.title()}"}))
        port, debug = free_port(), free_port()
        lab = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser", f"--port={port}",
                "--IdentityProvider.token=", f"--ServerApp.root_dir={temp}", "--expose-app-in-browser",
            ],
            env=dict(os.environ, JUPYTERLAB_SETTINGS_DIR=str(settings)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        browser = subprocess.Popen(
            [*BROWSER, f"--remote-debugging-port={debug}", f"--user-data-dir={temp}/browser", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            api = f"http://127.0.0.1:{port}/api"
            wait_for("JupyterLab", lambda: urllib.request.urlopen(api).status == 200)
            page = Lab(debug, out)
            try:
                go_through(page, f"http://127.0.0.1:{port}/lab/tree/{TUTORIAL.name}?reset")
            except BaseException:
                page.picture("failed")
                raise
        finally:
            browser.terminate()
            lab.terminate()
            browser.wait()
            lab.wait()
    print(f"screenshots: {out}")


if __name__ == "__main__":
    main()
