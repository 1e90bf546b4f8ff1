"""Executes a notebook with the kernel `zoobot`, in the notebook's own folder.

usage: execute.py NOTEBOOK EXECUTED
       execute.py --solutions NOTEBOOK      prints the solutions of its exercises, runs nothing

The same client as `jupyter nbconvert --execute`, but with a line for each cell and, when one fails,
that cell and its error alone. After the last cell come the solutions of the exercises: the blocks
of Rust in `<details>` in the text. They must run too; their outputs are not kept.
"""

import json
import os
import re
import sys
import time

FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
BLOCK = re.compile(r"^```rust\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def solutions(cells):
    """The code of all folded solutions, in their order."""
    for cell in cells:
        if cell["cell_type"] == "markdown":
            for folded in FOLDED.findall("".join(cell["source"])):
                yield from (code.strip() for code in BLOCK.findall(folded))


class Progress:
    def __init__(self, cells):
        # The number of each cell among those that run.
        running = [i for i, cell in enumerate(cells) if cell.cell_type == "code" and cell.source.strip()]
        self.number = {index: number for number, index in enumerate(running, 1)}
        self.began = time.monotonic()

    def start(self, cell, cell_index):
        self.began = time.monotonic()

    def executed(self, cell, cell_index, execute_reply):
        number = self.number.get(cell_index)
        if number:
            first = next((line for line in cell.source.splitlines() if line.strip()), "")
            took = time.monotonic() - self.began
            print(f"    {number:2}/{len(self.number)}  {took:5.2f} s  {first[:70]}", flush=True)


def main(source, target):
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    notebook = nbformat.read(source, as_version=4)
    count = len(notebook.cells)
    notebook.cells += [nbformat.v4.new_code_cell(code) for code in solutions(notebook.cells)]
    progress = Progress(notebook.cells)
    client = NotebookClient(
        notebook,
        kernel_name="zoobot",
        timeout=None,
        # Times of day would make every run differ from the previous one.
        record_timing=False,
        resources={"metadata": {"path": os.path.dirname(os.path.abspath(source))}},
        on_cell_start=progress.start,
        on_cell_executed=progress.executed,
    )
    failed = False
    try:
        client.execute()
    except (CellExecutionError, DeadKernelError) as error:
        print(f"  {source}: {error}", file=sys.stderr)
        failed = True
    del notebook.cells[count:]
    # Written either way: the outputs of a failed run help to find out why it failed.
    os.makedirs(os.path.dirname(target), exist_ok=True)
    nbformat.write(notebook, target + ".partial")
    os.replace(target + ".partial", target)
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1] == "--solutions":
        with open(sys.argv[2], encoding="utf-8") as file:
            print("\n---\n".join(solutions(json.load(file)["cells"])))
        sys.exit()
    sys.exit(main(*sys.argv[1:]))
