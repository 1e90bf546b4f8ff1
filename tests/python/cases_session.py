"""Starting, ending and interrupting a kernel, and questions to the user; run by kernel_cases.py."""

import os
import signal
import tempfile
import time
from pathlib import Path

from case_tools import case, expect, has, notebook, prelude, same
from kernel_client import processes

# -- starting and ending ---------------------------------------------------------------------------


@case
def kernel_info_is_answered_before_the_library_is_warm():
    with notebook() as k:
        seconds = k.info()
        request = k.client.kernel_info()
        reply = k.client.get_shell_msg(timeout=10)
        same(reply["parent_header"]["msg_id"], request, "reply to")
        same(reply["content"]["language_info"]["name"], "rust", "language")
        same(reply["content"]["implementation"], "zoobot", "implementation")
        first = k.must("use zoobot::prelude::*;\n1 + 1")
        same(first.shown, ["2"], "shown")
        # The rest needed a process, a link and a run; the information did not wait for them.
        expect(seconds < time.perf_counter() - k.started, "kernel_info came after the first cell")
        first_seconds = first.seconds
        expect(first_seconds > 0, "no time was measured")


@case
def shutdown_leaves_no_process_and_no_folder():
    with tempfile.TemporaryDirectory() as temp:
        os.environ["TMPDIR"] = temp
        try:
            with notebook() as k:
                prelude(k)
                pids = processes(k.pid)
                expect(len(pids) >= 2, f"only {pids} run")
                expect(any(name.startswith("zoobot-kernel-") for name in os.listdir(temp)), "no folder")
        finally:
            del os.environ["TMPDIR"]
        deadline = time.time() + 10
        alive = pids
        while alive and time.time() < deadline:
            alive = [pid for pid in alive if Path(f"/proc/{pid}").exists()]
            time.sleep(0.05)
        same(alive, [], "processes left")
        same([name for name in os.listdir(temp) if name.startswith("zoobot-kernel")], [], "folders left")


@case
def the_cells_process_ends_when_the_kernel_is_killed():
    with notebook() as k:
        prelude(k)
        children = [pid for pid in processes(k.pid) if pid != k.pid]
        os.kill(k.pid, signal.SIGKILL)
        deadline = time.time() + 10
        while children and time.time() < deadline:
            children = [pid for pid in children if Path(f"/proc/{pid}").exists()]
            time.sleep(0.05)
        same(children, [], "orphans")


@case
def restart_begins_anew():
    with notebook() as k:
        k.must("let a = 1;")
        k.manager.restart_kernel(now=False)
        k.client.wait_for_ready(timeout=60)
        cell = k.run("a")
        has(cell.error, "cannot find value `a`")
        same(k.must("1 + 1").shown, ["2"])


@case
def notebooks_do_not_disturb_each_other():
    with notebook() as one, notebook() as two:
        requests = [(k, k.begin(f"let mine = {i};")) for i, k in enumerate((one, two))]
        for k, request in requests:
            expect(k.finish(request).ok, "cell failed")
        same(one.must("mine").shown, ["0"])
        same(two.must("mine").shown, ["1"])


# -- interrupt -------------------------------------------------------------------------------------

LOOP = """\
println!("running");
let mut n = 0_u64;
loop {
    n += 1;
    std::thread::sleep(std::time::Duration::from_millis(1));
    zoobot::interrupt::check("counting", || format!("{n} steps"))?;
}"""


def interrupts(k, how):
    k.must("let a = vec![1, 2];")
    request = k.begin(LOOP)
    k.finish(request, until=lambda cell: "running" in cell.stdout)
    asked = time.perf_counter()
    how()
    cell = k.finish(request, timeout=30)
    seconds = time.perf_counter() - asked
    same(cell.ename, "interrupted")
    has(cell.error, "interrupted during counting", "steps")
    same(k.must("a").shown, ["[1, 2]"])
    return seconds


@case
def an_interrupt_message_stops_a_long_call_and_keeps_the_variables():
    with notebook() as k:
        k.info()
        for _ in range(2):
            seconds = interrupts(k, k.manager.interrupt_kernel)
            expect(seconds < 1, f"took {seconds} s")
            time.sleep(2)


@case
def a_sigint_to_the_kernel_does_the_same():
    with notebook() as k:
        k.info()
        seconds = interrupts(k, lambda: os.kill(k.pid, signal.SIGINT))
        expect(seconds < 1, f"took {seconds} s")


@case
def an_interrupt_between_cells_does_nothing():
    with notebook() as k:
        k.must("let a = 1;")
        k.manager.interrupt_kernel()
        time.sleep(0.5)
        same(k.must("zoobot::interrupt::check(\"x\", String::new)?; a").shown, ["1"])


# -- questions -------------------------------------------------------------------------------------


def question(k):
    message = k.client.get_stdin_msg(timeout=60)
    same(message["msg_type"], "input_request")
    return message["content"]


@case
def a_cell_can_ask_for_a_line_and_a_password():
    with notebook() as k:
        request = k.begin('print!("first "); let name = zoobot::notebook::input("Your name: 100%? ")?;\nname', allow_stdin=True)
        same(question(k), {"prompt": "Your name: 100%? ", "password": False})
        k.client.input(" M51: \u00e9 ")
        cell = k.finish(request)
        same((cell.stdout.strip(), cell.shown), ("first", ['" M51: \u00e9 "']))
        request = k.begin('zoobot::notebook::password("Secret")?.len()', allow_stdin=True)
        same(question(k)["password"], True)
        k.client.input("abc")
        same(k.finish(request).shown, ["3"])


@case
def where_no_input_is_taken_a_question_fails_by_name():
    with notebook() as k:
        k.must("let a = 1;")
        cell = k.run('let b = zoobot::notebook::input("Which survey?")?;', allow_stdin=False)
        same(cell.ename, "error")
        has(cell.error, "Which survey?", "takes no input")
        same(k.must("a").shown, ["1"])


@case
def the_stop_button_ends_a_question_and_keeps_the_variables():
    with notebook() as k:
        k.must("let a = 1;")
        request = k.begin('let b = zoobot::notebook::input("Wait")?;', allow_stdin=True)
        question(k)
        k.manager.interrupt_kernel()
        same(k.finish(request, timeout=30).ename, "interrupted")
        same(k.must("a").shown, ["1"])
