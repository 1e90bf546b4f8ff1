"""A notebook without a browser: starts the `zoobot` kernel and runs cells through jupyter_client.

Used by kernel_cases.py (tests of the kernel) and bench_cells.py (its speed).
"""

import json
import os
import queue
import re
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def specs(kernel=None, option=None):
    """A KernelSpecManager with the installed kernels, or with `kernel` (a program) as `zoobot`; `option`
    stands before the connection file."""
    if kernel is None:
        return KernelSpecManager()
    folder = Path(tempfile.mkdtemp(prefix="zoobot-specs-"))
    (folder / "zoobot").mkdir()
    spec = {
        "argv": [str(Path(kernel).resolve()), *([option] if option else []), "{connection_file}"],
        "display_name": "Zoobot",
        "language": "rust",
        "interrupt_mode": "message",
    }
    (folder / "zoobot" / "kernel.json").write_text(json.dumps(spec))
    manager = KernelSpecManager(kernel_dirs=[str(folder)], ensure_native_kernel=False)
    manager.zoobot_folder = folder
    return manager


class Cell:
    """What one cell did: its reply and its messages, in order of arrival."""

    def __init__(self, request=None):
        self.request = request
        self.messages = []  # (seconds since the request, type, content)
        self.reply = None
        self.seconds = None

    def of(self, kind):
        return [content for _, type_, content in self.messages if type_ == kind]

    @property
    def ok(self):
        return self.reply["status"] == "ok"

    @property
    def stdout(self):
        return "".join(c["text"] for c in self.of("stream") if c["name"] == "stdout")

    @property
    def stderr(self):
        return "".join(c["text"] for c in self.of("stream") if c["name"] == "stderr")

    @property
    def shown(self):
        """The text/plain of everything displayed, the cell's value last."""
        shown = [c for _, kind, c in self.messages if kind in ("display_data", "execute_result")]
        return [c["data"].get("text/plain", "") for c in shown]

    @property
    def error(self):
        """The whole error as the notebook shows it, without colours; empty if there is none."""
        errors = self.of("error")
        return COLOUR.sub("", "\n".join(errors[0]["traceback"])) if errors else ""

    @property
    def ename(self):
        errors = self.of("error")
        return errors[0]["ename"] if errors else ""


class Seen:
    """Displays: (type, data, transient) in order of arrival."""

    def __init__(self):
        self.messages = []

    @property
    def texts(self):
        return [data.get("text/plain", "") for _, data, _ in self.messages]


class Kernel:
    """One running kernel."""

    def __init__(self, kernel=None, name="zoobot", cwd=None, option=None):
        self.manager = KernelManager(kernel_name=name, kernel_spec_manager=specs(kernel, option))
        self.started = time.perf_counter()
        self.manager.start_kernel(cwd=cwd)
        self.client = self.manager.client()
        self.client.start_channels()
        self.waiting = []  # messages that answer a request other than the one waited for

    @property
    def pid(self):
        return self.manager.provisioner.pid

    @property
    def elapsed(self):
        """Seconds since the kernel was started."""
        return time.perf_counter() - self.started

    def info(self, timeout=20):
        """kernel_info, and the seconds from the start of the kernel to the answer."""
        self.client.wait_for_ready(timeout=timeout)
        return self.elapsed

    def begin(self, code, **options):
        """Sends a cell without waiting for it."""
        return self.client.execute(code, **options)

    def finish(self, request, timeout=180, until=None):
        """Waits for a cell; `until(cell)` may end the wait early."""
        cell = Cell(request)
        start = time.perf_counter()
        idle = False
        while cell.reply is None or not idle:
            if time.perf_counter() - start > timeout:
                raise TimeoutError(f"no end after {timeout} s; messages so far: {cell.messages}")
            arrived, self.waiting = self.waiting, []
            for receive, wait in ((self.client.get_iopub_msg, 0.02), (self.client.get_shell_msg, 0)):
                try:
                    arrived.append(receive(timeout=wait))
                except queue.Empty:
                    pass
            for message in arrived:
                kind, content = message["msg_type"], message["content"]
                if message["parent_header"].get("msg_id") != request:
                    self.waiting.append(message)
                elif kind == "execute_reply":
                    cell.reply = content
                else:
                    cell.messages.append((time.perf_counter() - start, kind, content))
                    idle = idle or (kind == "status" and content["execution_state"] == "idle")
            if until is not None and until(cell):
                self.waiting.extend(m for m in arrived if m not in self.waiting)
                return cell
        cell.seconds = time.perf_counter() - start
        return cell

    def until_quiet(self, request, enough, timeout=60):
        """What a cell still shows after its end, until `enough(texts)`."""
        seen = Seen()
        end = time.perf_counter() + timeout
        while not enough(seen.texts):
            if time.perf_counter() > end:
                raise TimeoutError(f"only {seen.texts}")
            arrived, self.waiting = self.waiting, []
            try:
                arrived.append(self.client.get_iopub_msg(timeout=0.1))
            except queue.Empty:
                pass
            for message in arrived:
                content = message["content"]
                if message["parent_header"].get("msg_id") != request:
                    self.waiting.append(message)
                elif "data" in content:
                    seen.messages.append((message["msg_type"], content["data"], content["transient"]))
        return seen

    def run(self, code, timeout=180, **options):
        return self.finish(self.begin(code, **options), timeout)

    def must(self, code, timeout=180):
        """Runs a cell that must succeed."""
        cell = self.run(code, timeout)
        if not cell.ok:
            raise AssertionError(f"cell failed:\n{code}\n{cell.error}")
        return cell

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=False)
        folder = getattr(self.manager.kernel_spec_manager, "zoobot_folder", None)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(kernel=None, **options):
    """A kernel for a `with` block."""
    notebook = Kernel(kernel, **options)
    try:
        yield notebook
    finally:
        notebook.stop()


def processes(root):
    """The process ids of `root` and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            children.setdefault(int(stat.rsplit(")", 1)[1].split()[1]), []).append(int(entry))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo.extend(children.get(pid, []))
    return found
