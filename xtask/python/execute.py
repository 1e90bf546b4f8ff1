"""Executes a notebook with the kernel `zoobot`, in the notebook's own folder.

usage: execute.py NOTEBOOK EXECUTED

The same client as `jupyter nbconvert --execute`, but with a line for each cell and, when one fails,
that cell and its error alone.
"""

import os
import sys
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError


class Progress:
    def __init__(self, cells):
        # Number of each cell among those that run.
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
    notebook = nbformat.read(source, as_version=4)
    progress = Progress(notebook.cells)
    client = NotebookClient(
        notebook,
        kernel_name="zoobot",
        timeout=None,
        # Times of day would make every run differ from the last.
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
    # Written either way: what a failed run showed until then helps to find out why.
    os.makedirs(os.path.dirname(target), exist_ok=True)
    nbformat.write(notebook, target + ".partial")
    os.replace(target + ".partial", target)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
