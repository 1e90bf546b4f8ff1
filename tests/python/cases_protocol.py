"""Completion, inspection and the rest of the Jupyter protocol; run by kernel_cases.py."""

import os
import queue
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from case_tools import case, expect, has, kernel, notebook, prelude, same
from kernel_client import processes, specs

# -- completion and inspection ---------------------------------------------------------------------


def completed(k, code, cursor=None):
    """The matches at the end of `code`, and the reply."""
    request = k.client.complete(code, len(code) if cursor is None else cursor)
    while True:
        reply = k.client.get_shell_msg(timeout=60)
        if reply["parent_header"]["msg_id"] == request:
            same(reply["msg_type"], "complete_reply")
            return reply["content"]["matches"], reply["content"]


def indexed(k):
    """Waits for the index of the library, which the first machine to ask has to make."""
    prelude(k)
    deadline = time.time() + 120
    while not completed(k, "zoobot::")[0] or "catalog" not in completed(k, "zoobot::")[0]:
        expect(time.time() < deadline, "no index")
        time.sleep(0.2)


def offers(k, code, *names):
    matches, _ = completed(k, code)
    for name in names:
        expect(name in matches, f"{name} is not offered after {code!r}: {matches[:60]}")
    same(len(matches), len(set(matches)), "each once")


@case
def tab_completes_the_users_own_names_and_fields():
    with notebook() as k:
        k.must("use zoobot::prelude::*;\nstruct Galaxy { radius: f64, arms: u8 }\nimpl Galaxy { fn area(&self) -> f64 { 1.0 } fn new() -> Self { Self { radius: 1.0, arms: 2 } } }")
        k.must("let galaxy = Galaxy::new(); let galaxies = vec![1.0, 2.0];")
        offers(k, "gal", "galaxy", "galaxies")
        offers(k, "let x = galaxy.", "radius", "arms", "area")
        offers(k, "Galaxy::", "new", "area")
        offers(k, "let local = 5; loc", "local")
        offers(k, "let other = Galaxy::new();\nother.ra", "radius")
        offers(k, "Gal", "Galaxy")
        matches, reply = completed(k, "let \u00e9 = 1; galaxy.ar + 1", len("let \u00e9 = 1; galaxy.ar"))
        same(matches, ["area", "arms"])
        same((reply["cursor_start"], reply["cursor_end"]), (18, 20))
        same(completed(k, 'println!("gal')[0], [])


@case
def tab_completes_zoobot_polars_and_plotters_along_chains():
    with notebook() as k:
        indexed(k)
        k.must("use zoobot::polars::prelude::*;\nuse zoobot::plotters::prelude::*;\nlet galaxies = Catalog::sample()?; let table = galaxies.table().clone();")
        offers(k, "galaxies.", "table", "gallery", "head", "len")
        offers(k, "Cat", "Catalog")
        offers(k, "Catalog::", "sample")
        offers(k, "galaxies.table().clone().", "lazy", "shape", "head")
        offers(k, "table.clone().lazy().fil", "filter")
        offers(k, 'let x = col("a").', "sum", "gt", "alias")
        offers(k, 'let t = table.clone();\nlet u = t.lazy().group_by([col("a")]).a', "agg")
        offers(k, "zoobot::notebook::", "display", "input")
        offers(k, "DataF", "DataFrame")
        offers(k, "let names: Vec<String> = vec![];\nnames.iter().map(|name| name.to_up", "to_uppercase")
        offers(k, "for i in 0..2 { let inner = galaxies.table().clone();\ninner.", "lazy")
        offers(k, "Chart", "ChartBuilder")
        offers(k, "let rgb = RED; rgb.", "mix")
        offers(k, "galaxies.gallery(table.hei", "height")
        offers(k, "galaxies.clo", "clone")
        # What the library was built without is not there to call.
        same(completed(k, 'col("a").asof_jo')[0], [])


@case
def shift_tab_shows_signature_and_documentation():
    with notebook() as k:
        indexed(k)
        k.must("let galaxies = Catalog::sample()?;\n/// Doubles.\nfn twice(x: f64) -> f64 { 2.0 * x }")

        def inspected(code, cursor=None):
            request = k.client.inspect(code, len(code) if cursor is None else cursor)
            reply = k.client.get_shell_msg(timeout=60)
            same((reply["msg_type"], reply["parent_header"]["msg_id"]), ("inspect_reply", request))
            return reply["content"]

        found = inspected("galaxies.gallery(12", len("galaxies.gallery(1"))
        expect(found["found"], "gallery is not found")
        has(found["data"]["text/plain"], "pub fn gallery(&self", "Gallery", "Catalog")
        has(found["data"]["text/markdown"], "```rust\npub fn gallery(&self")
        has(inspected("twice(")["data"]["text/plain"], "fn twice(x: f64) -> f64", "Doubles.")
        has(inspected("galaxies")["data"]["text/plain"], "let galaxies: ", "Catalog")
        has(inspected("Catalog::sample")["data"]["text/plain"], "pub fn sample()")
        has(inspected("galaxies.table().lazy().filter(")["data"]["text/plain"], "fn filter(self")
        same(inspected("no_such_name")["found"], False)


@case
def completion_can_be_prepared_ahead():
    done = subprocess.run([kernel(), "--index"], check=True, capture_output=True, text=True, timeout=300)
    names = next(int(word) for word in done.stdout.split() if word.isdigit())
    expect(names > 5000, done.stdout)
    with notebook() as k:
        prelude(k)
        offers(k, "Catalog::", "sample")


@case
def completion_answers_while_a_cell_runs():
    with notebook() as k:
        indexed(k)
        k.must("let galaxies = Catalog::sample()?;")
        request = k.begin('println!("running");\nstd::thread::sleep(std::time::Duration::from_secs(8));')
        k.finish(request, until=lambda cell: "running" in cell.stdout)
        offers(k, "galaxies.table().clone().laz", "lazy")
        expect(k.finish(request, until=lambda cell: True).reply is None, "the cell was waited for")
        k.finish(request)


# -- the rest of Jupyter ---------------------------------------------------------------------------


@case
def nbconvert_executes_a_notebook():
    import nbformat

    with tempfile.TemporaryDirectory() as temp:
        cells = ["use zoobot::prelude::*;\nlet a = 20;", "println!(\"from a cell\");\na + 1"]
        book = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(code) for code in cells],
            metadata={"kernelspec": {"name": "zoobot", "display_name": "Zoobot", "language": "rust"}},
        )
        path = Path(temp) / "small.ipynb"
        nbformat.write(book, path)
        manager = specs(kernel())
        folder = Path(temp) / "share" / "kernels"
        folder.parent.mkdir()
        manager.zoobot_folder.rename(folder)
        environment = dict(os.environ, JUPYTER_PATH=str(folder.parent))
        subprocess.run(
            [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute",
             "--output", "done.ipynb", str(path)],
            check=True, env=environment, capture_output=True, timeout=300,
        )
        done = nbformat.read(Path(temp) / "done.ipynb", as_version=4)
        outputs = done.cells[1].outputs
        same([o.output_type for o in outputs], ["stream", "execute_result"])
        same(outputs[1].data["text/plain"], "21")


@case
def the_smaller_requests_are_answered():
    with notebook() as k:
        k.info()
        asked = {
            "is_complete_reply": lambda: k.client.is_complete("fn f() {"),
            "complete_reply": lambda: k.client.complete("ga", 2),
            "inspect_reply": lambda: k.client.inspect("ga", 2),
            "history_reply": lambda: k.client.history(hist_access_type="tail", n=5),
            "comm_info_reply": lambda: k.client.comm_info(),
        }
        for kind, ask in asked.items():
            request = ask()
            reply = k.client.get_shell_msg(timeout=10)
            same((reply["msg_type"], reply["parent_header"]["msg_id"]), (kind, request))


@case
def a_console_finds_its_cells_again():
    with notebook() as k:
        for code in ("let a = 1;", "a", "// nothing"):
            k.must(code)

        def history(**asked):
            k.client.history(raw=True, **asked)
            return [entry[1:] for entry in k.client.get_shell_msg(timeout=10)["content"]["history"]]

        same(history(hist_access_type="tail", n=2), [[2, "a"], [3, "// nothing"]])
        same(history(hist_access_type="range", session=0, start=1, stop=2), [[1, "let a = 1;"]])
        same(history(hist_access_type="search", pattern="let*", n=9, unique=False), [[1, "let a = 1;"]])


@case
def a_debugger_is_refused_and_unknown_comms_are_closed():
    with notebook() as k:
        k.must("1")
        message = k.client.session.msg("debug_request", {"type": "request", "seq": 7, "command": "initialize", "arguments": {}})
        k.client.control_channel.send(message)
        reply = k.client.get_control_msg(timeout=10)
        same(reply["msg_type"], "debug_reply")
        same((reply["content"]["success"], reply["content"]["request_seq"]), (False, 7))
        has(reply["content"]["message"], "no debugger")
        message = k.client.session.msg("comm_open", {"comm_id": "c1", "target_name": "jupyter.widget", "data": {}})
        k.client.shell_channel.send(message)
        deadline = time.time() + 10
        while time.time() < deadline:
            answer = k.client.get_iopub_msg(timeout=10)
            if answer["msg_type"] == "comm_close":
                break
        same(answer["content"]["comm_id"], "c1")
        same(k.must("1").shown, ["1"])


@case
def a_message_with_a_wrong_signature_is_ignored():
    with notebook() as k:
        k.must("let a = 1;")
        right = k.client.session.key
        k.client.session.key = b"wrong"
        k.client.execute("println!(\"forged\");")
        k.client.session.key = right
        same(k.must("a").shown, ["1"])


def published_states(k, request):
    """The states that the kernel publishes while it answers a request; of lost ones nothing."""
    states = []
    while states[-1:] != ["idle"]:
        try:
            message = k.client.get_iopub_msg(timeout=5)
        except queue.Empty:
            break
        if message["parent_header"].get("msg_id") == request:
            same(message["msg_type"], "status")
            states.append(message["content"]["execution_state"])
    return states


@case
def messages_come_in_the_order_that_front_ends_rely_on():
    with notebook() as k:
        # The first request of VS Code and of JupyterLab, while the kernel still starts. They ask again
        # where the published states are lost, as they are before their subscription has arrived.
        for _ in range(5):
            request = k.client.kernel_info()
            reply = k.client.get_shell_msg(timeout=60)
            same((reply["parent_header"]["msg_id"], reply["content"]["status"]), (request, "ok"))
            same(reply["content"]["protocol_version"].split(".")[0], "5")
            states = published_states(k, request)
            # What is lost is lost from the first on.
            same(states, ["busy", "idle"][2 - len(states) :])
            if len(states) == 2:
                break
        same(states, ["busy", "idle"])
        for code in ('println!("out"); 1 + 1', "nonsense"):
            cell = k.run(code)
            kinds = [kind for _, kind, _ in cell.messages]
            same((kinds[:2], kinds[-1]), (["status", "execute_input"], "status"))
            states = [c["execution_state"] for c in cell.of("status")]
            same(states, ["busy", "idle"])
            same(cell.of("execute_input")[0]["code"], code)
            same(cell.of("execute_input")[0]["execution_count"], cell.reply["execution_count"])
        same((cell.reply["status"], cell.reply["ename"]), ("error", "compile error"))


def count_of_cells():
    """Enough to see a growth; more where nobody waits for the answer."""
    return 1000 if os.environ.get("CI") else 200


@case
def hundreds_of_cells_do_not_get_slower_and_a_kill_leaves_nothing():
    with tempfile.TemporaryDirectory() as temp:
        os.environ["TMPDIR"] = temp
        try:
            with notebook() as k:
                prelude(k)
                count = count_of_cells()
                k.must("let mut total = 0_u64;")
                seconds = [k.must(f"total += {i};\ntotal").seconds for i in range(count)]
                first, last = (statistics.median(part) for part in (seconds[:50], seconds[-50:]))
                report = f"{count} cells: the first fifty took {first:.3f} s, the last {last:.3f} s"
                expect(last < 1.5 * first, f"{first:.3f} s became {last:.3f} s")
                pids = processes(k.pid)
                os.kill(k.pid, signal.SIGKILL)
                deadline = time.time() + 10
                while time.time() < deadline and any(Path(f"/proc/{pid}/exe").exists() for pid in pids):
                    time.sleep(0.05)
                same([pid for pid in pids if Path(f"/proc/{pid}/exe").exists()], [], "processes left")
            with notebook() as k:
                k.must("1")
                folders = [name for name in os.listdir(temp) if name.startswith("zoobot-kernel-")]
                same(folders, [f"zoobot-kernel-{k.pid}"], "folders")
            return report
        finally:
            del os.environ["TMPDIR"]


@case
def many_cells_leave_no_files_behind():
    with tempfile.TemporaryDirectory() as temp:
        os.environ["TMPDIR"] = temp
        try:
            with notebook() as k:
                for i in range(12):
                    k.must(f"let a = {i};")
                found = [p for p in Path(temp).rglob("*code_*") if p.is_file()]
                expect(len(found) <= 1, f"{len(found)} shared objects are left")
        finally:
            del os.environ["TMPDIR"]
