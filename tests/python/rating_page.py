"""Uses the page for ratings as a person does, with clicks and keys, in headless Chromium.

    python rating_page.py ZOOBOT [--out FOLDER]

Simulates a small survey, encodes it, starts `ZOOBOT anomalies --browser`, and goes through the page:
keys 0 to 5, undo, clicks, the grid, a second tab, an invalid rating, the ranking, the dialog, the
exports, the end of the server. Leaves screenshots (light, dark, 400 pixels wide). Needs `chromium` on
the PATH.
"""

import argparse
import csv
import json
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from jupyterlab import BROWSER, Page, free_port, wait_for

GALAXIES = 90


class Tab(Page):
    """A tab that remembers what its console complained about."""

    def __init__(self, port, out):
        super().__init__(port, out)
        self.complaints = []
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def heard(self, message):
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(message["params"]["exceptionDetails"])[:500])
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.complaints.append(message["params"]["entry"]["text"] + " " + message["params"]["entry"].get("url", ""))

    def press(self, key):
        names = {"ArrowLeft": 37, "ArrowRight": 39, "Escape": 27}
        code = names.get(key) or ord(key.upper())
        text = {} if key in names else {"text": key}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def click(self, selector, which=0):
        """A real click in the middle of an element, which must be visible."""
        place = self.js(
            f"(() => {{ const it = document.querySelectorAll({json.dumps(selector)})[{which}];"
            " it.scrollIntoView({block: 'center'}); const box = it.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2, box.width]; })()"
        )
        assert place[2] > 0, f"{selector} is not to be seen"
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def text(self, selector):
        return self.js(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def shown(self, selector):
        return self.js(f"[...document.querySelectorAll({json.dumps(selector)})].filter(it => it.checkVisibility()).length")

    def rated(self):
        return self.js("state.rated")

    def settled(self):
        """Waits until no request is in flight, no model is in training, and the pictures have loaded."""
        ready = (
            "typeof state !== 'undefined' && state && sending.size === 0 && !state.training && [...document.querySelectorAll('.frame')]"
            ".filter(it => it.checkVisibility()).every(it => it.querySelector('img')?.naturalWidth > 0)"
        )
        wait_for("settled page", lambda: self.js(ready), 30)

    def look(self, dark=False, width=1280, height=900):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        time.sleep(0.3)

    def fits(self):
        assert self.js("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the window"


def until(what, ready):
    wait_for(what, ready, 30)


def choose_columns(tab):
    """Only the position from the catalogue is shown until more columns are chosen."""
    until("what is known", lambda: "150.1" in tab.text("#one .about"))
    assert "class" not in tab.text("#one"), "the catalogue's class is shown"
    tab.click("#choose summary")
    until("columns", lambda: tab.shown("#columns [data-column='class']") == 1)
    tab.click("#columns [data-column='class']")
    until("the class", lambda: "class" in tab.text("#one .about"))
    tab.picture("columns")
    tab.click("#usual")
    until("no class", lambda: "class" not in tab.text("#one .about"))
    tab.click("h1")
    until("closed menu", lambda: tab.shown("#columns") == 0)
    print("columns: hidden until they are chosen")


def old_answers_keep_a_note(tab, lines):
    """A state that the server sent before a note and that arrives after it does not restore the old note."""
    tab.js("queue.then(() => null)")
    tab.js(
        "window.usual = fetch; window.held = []; fetch = async (path, ...rest) => { const answer = await usual(path, ...rest);"
        " if (`${path}`.startsWith('/api/state')) await new Promise((go) => held.push(go)); return answer; }"
    )
    until("a state on its way", lambda: tab.js("held.length") == 1)
    name = tab.text("#one .name")
    tab.press("n")
    tab.call("Input.insertText", text=", no")
    tab.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", windowsVirtualKeyCode=13)
    until("changed note", lambda: str(lines()[-1].get("note")).endswith(", no") and lines()[-1]["id_str"] == name)
    until("the state after the note", lambda: tab.js("held.length") == 2)
    said = "document.querySelector('#one textarea').value"
    tab.js("held[0](); null")
    tab.press("ArrowRight")
    tab.press("ArrowLeft")
    assert tab.js(said) == "5 arms? skip us, no", "an older answer brought the old note back"
    tab.js("fetch = usual; held.forEach((go) => go()); null")
    tab.settled()
    assert tab.js(said) == "5 arms? skip us, no", "the newer answer did not bring the note"


def skip_note_and_look(tab, lines):
    """A galaxy is skipped, another gets a note, and pictures are zoomed and brightened."""
    tab.click("[data-view='rate']")
    tab.click("[data-mode='one']")
    tab.settled()
    rated, skipped = tab.rated(), tab.text("#one .name")
    tab.press("s")
    until("skip", lambda: lines()[-1].get("skip") and tab.text("#one .name") != skipped)
    tab.settled()
    assert lines()[-1]["id_str"] == skipped and tab.rated() == rated and "1 skipped" in tab.text("#count")
    tab.press("u")
    until("skip taken back", lambda: lines()[-1].get("undo") and tab.text("#one .name") == skipped)
    assert tab.rated() == rated
    tab.press("s")
    until("second skip", lambda: lines()[-1].get("skip"))
    tab.settled()

    name = tab.text("#one .name")
    tab.press("n")
    tab.call("Input.insertText", text="5 arms? skip us")
    assert tab.rated() == rated, "what is typed into a note rates"
    tab.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", windowsVirtualKeyCode=13)
    until("note", lambda: lines()[-1].get("note") == "5 arms? skip us" and lines()[-1]["id_str"] == name)
    tab.press("ArrowRight")
    until("another galaxy", lambda: tab.text("#one .name") != name)
    tab.press("ArrowLeft")
    until("its note", lambda: tab.js("document.querySelector('#one textarea').value") == "5 arms? skip us")
    old_answers_keep_a_note(tab, lines)

    tab.press("z")
    until("zoom by the key", lambda: tab.shown("#one .near[data-zoomed]") == 1)
    tab.picture("zoomed")
    tab.click("#one .near")
    until("end of the zoom", lambda: tab.shown("#one .near[data-zoomed]") == 0)
    tab.click("#one .near")
    until("zoom by a click", lambda: tab.shown("#one .near[data-zoomed]") == 1)
    tab.press("z")
    tab.click("#look summary")
    tab.js("(() => { for (const [id, value] of [['brightness', 2], ['gamma', 2]]) { const it = find(`#${id}`); it.value = value; it.dispatchEvent(new Event('input')); } })()")
    assert "brightness(2)" in tab.js("getComputedStyle(document.querySelector('#one img')).filter")
    assert tab.js("document.querySelector('#faint feFuncR').getAttribute('exponent')") == "0.5"
    tab.picture("brightened")
    tab.click("#plain")
    assert "brightness(1)" in tab.js("getComputedStyle(document.querySelector('#one img')).filter")
    tab.click("h1")
    tab.click("[data-view='rated']")
    until("skipped galaxies", lambda: tab.shown("#skipped-tiles .tile") == 1)
    tab.picture("skipped")
    print("skip, note, zoom and brightness: as they should be")


def go_through(tab, other, url, folder, downloads):
    lines = lambda: [json.loads(line) for line in (folder / "ratings.jsonl").read_text().splitlines()]
    tab.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
    tab.look()
    tab.call("Page.navigate", url=url)
    tab.settled()
    tab.picture("one")
    assert tab.shown(".large") == 1 and "random, to begin with" in tab.text("#one")
    assert tab.shown("#one .links a") == 3, "no links to surveys"
    choose_columns(tab)

    # By keys: a digit rates and moves on to the next.
    first = tab.text("#one .name")
    tab.press("5")
    until("next galaxy", lambda: tab.text("#one .name") != first)
    tab.settled()
    assert tab.rated() == 1
    assert (lines()[0]["id_str"], lines()[0]["rating"]) == (first, 5)
    for key in "03104":
        tab.press(key)
    tab.settled()
    assert [line["rating"] for line in lines()] == [5, 0, 3, 1, 0, 4]
    tab.press("7")
    until("refusal", lambda: "7 is not a rating" in tab.text("#message"))
    tab.picture("seven")
    tab.press("u")
    until("undo", lambda: tab.rated() == 5 and lines()[-1].get("undo"))
    until("galaxy without its rating", lambda: tab.text("#one .name") == lines()[-1]["id_str"])
    until("end of the message", lambda: tab.shown("#message") == 0)
    tab.press("ArrowLeft")
    tab.press("2")
    tab.settled()
    assert tab.rated() == 5 and lines()[-1]["rating"] == 2, "a rating can be changed"
    print("keys, undo and changes: as they should be")

    # By clicks, in the grid, with another tab on the same batch.
    tab.press("g")
    tab.settled()
    assert tab.shown("#grid .tile") == 10
    tab.picture("grid")
    other.look()
    other.call("Page.navigate", url=url)
    other.settled()
    assert other.rated() == 5
    tab.click("#undo")
    until("undo by a click", lambda: tab.rated() == 5 and lines()[-1].get("undo"))
    before = len(lines())
    for place in range(5, 8):
        tab.click(f"#grid .tile:nth-child({place + 1}) [data-digit='{place % 3}']")
    for key in "53":
        other.press(key)
    until("ratings of both tabs", lambda: len(lines()) == before + 5)
    until("both tabs to know", lambda: tab.rated() == other.rated())
    print("two tabs: each rating is there, and both know")

    # The last rating of a batch brings a model and a new batch.
    while tab.js("state.batch") == 1:
        open_ = tab.js("items().findIndex(item => rating(item) === null)")
        if open_ >= 0:
            tab.click(f"#grid .tile:nth-child({open_ + 1}) [data-digit='1']")
        time.sleep(0.1)
    tab.settled()
    assert "ranking is up to date" in tab.text("#fresh") and tab.rated() == 10
    assert "expected" in tab.text("#grid .why")
    tab.picture("second-batch")
    tab.press("4")
    tab.settled()
    until("stale ranking", lambda: "does not include your last change yet" in tab.text("#fresh"))
    tab.press("r")
    until("fresh ranking", lambda: "up to date: 11 ratings" in tab.text("#fresh"))
    seconds = tab.js("state.ranking.seconds")
    tab.js("(() => { const it = find('#choice'); it.value = 'top'; it.dispatchEvent(new Event('change')); })()")
    until("top of the ranking", lambda: "number 1 of the unrated" in tab.text("#grid .why"))
    print(f"batches and retraining: the last took {seconds:.3f} s")

    tab.click("[data-view='ranking']")
    until("ranking", lambda: tab.shown("#ranking .tile") == 48)
    tab.settled()
    tab.picture("ranking")
    tab.click("#more")
    until("more of the ranking", lambda: tab.shown("#ranking .tile") == GALAXIES)
    tab.click("#unrated")
    until("unrated ones", lambda: "79 galaxies" in tab.text("#ranked"))
    tab.settled()
    tab.click("#ranking .open", 2)
    until("dialog", lambda: tab.shown("#detail .large") == 1)
    name = tab.text("#detail .name")
    tab.press("3")
    until("rating in the dialog", lambda: lines()[-1]["id_str"] == name and lines()[-1]["rating"] == 3)
    tab.settled()
    tab.picture("dialog")
    tab.press("Escape")
    until("end of the dialog", lambda: tab.shown("#detail") == 0)
    tab.click("[data-save='ranking.csv']")
    tab.click("[data-view='rated']")
    until("rated galaxies", lambda: tab.shown("#rated .tile") == 12)
    tab.settled()
    tab.picture("rated")
    tab.click("[data-save='ratings.csv']")
    for file, rows in [("ranking.csv", GALAXIES), ("ratings.csv", 12)]:
        until(file, lambda: (downloads / file).is_file() and len((downloads / file).read_text().splitlines()) == rows + 1)
    print("ranking, dialog and exports: as they should be")
    skip_note_and_look(tab, lines)

    for name, look in [("dark", {"dark": True}), ("narrow", {"width": 400, "height": 860}), ("narrow-dark", {"dark": True, "width": 400, "height": 860})]:
        tab.look(**look)
        for view in ("rate", "ranking"):
            tab.click(f"[data-view='{view}']")
            for mode in ("one", "grid") if view == "rate" else ("",):
                if mode:
                    tab.click(f"[data-mode='{mode}']")
                tab.settled()
                tab.fits()
                tab.js("scrollTo(0, 0)")
                time.sleep(1.2)
                assert tab.js("scrollY") == 0, "the page does not stay where it is"
                tab.picture("-".join(part for part in (name, view, mode) if part))
    tab.look()
    assert not tab.complaints, tab.complaints
    assert not other.complaints, other.complaints
    return tab.rated()


def survey(zoobot, folder):
    run = lambda *words: subprocess.run([zoobot, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    run("simulate", "--galaxies", str(GALAXIES), "--out", ".")
    with open(folder / "catalog.csv") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row.update(ra=f"{150.1 + number / 100:.5f}", dec=f"{2.2 - number / 50:.5f}")
    with open(folder / "catalog.csv", "w") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(rows)
    run("encode", "--encoder", "sample", "--catalog", "catalog.csv", "--out", "reps.parquet")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("zoobot", type=Path)
    parser.add_argument("--out", type=Path, default=Path("target/rating_page"), help="for screenshots")
    options = parser.parse_args()
    if shutil.which("chromium") is None:
        raise SystemExit("there is no chromium on the PATH: apt-get install chromium")
    options.out.mkdir(parents=True, exist_ok=True)
    zoobot = options.zoobot.resolve()
    with tempfile.TemporaryDirectory() as temp:
        folder, downloads = Path(temp) / "survey", Path(temp) / "downloads"
        folder.mkdir()
        downloads.mkdir()
        survey(zoobot, folder)
        server = subprocess.Popen(
            [
                zoobot, "anomalies", "--representations", "reps.parquet", "--catalog", "catalog.csv",
                "--ratings", "ratings.jsonl", "--browser", "--seed", "1",
            ],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        ports = [free_port(), free_port()]
        browsers = [
            subprocess.Popen(
                [*BROWSER, f"--remote-debugging-port={port}", f"--user-data-dir={temp}/browser-{port}", "about:blank"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            for port in ports
        ]
        try:
            url = server.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), url
            tab, other = (Tab(port, options.out) for port in ports)
            try:
                rated = go_through(tab, other, url, folder, downloads)
                server.send_signal(signal.SIGINT)
                told = server.communicate(timeout=30)[0]
                assert server.returncode == 0 and f"{rated} of {GALAXIES} galaxies rated" in told, told
                until("word of the end", lambda: "does not answer" in tab.text("#message"))
                tab.picture("ended")
                print("the end of the server: told on the page")
            except BaseException:
                tab.picture("failed")
                raise
        finally:
            server.kill()
            for browser in browsers:
                browser.terminate()
                browser.wait()
    print(f"screenshots: {options.out}")


if __name__ == "__main__":
    main()
