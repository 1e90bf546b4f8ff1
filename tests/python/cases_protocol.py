"""The rest of the Jupyter protocol; run by kernel_cases.py."""

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
            reply = k.client.get_shell_msg(timeout=600)
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
    """The states that the kernel publishes while it answers a request, without any that were lost."""
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
            # If any are lost, they are the first ones.
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
    """Enough to see growth; more if nobody waits for the answer."""
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
