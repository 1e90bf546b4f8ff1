"""Compares an executed notebook with what its author promised and with the stored one.

usage: check_notebook.py STORED EXECUTED

The promises are the notebook's metadata `zoobot.checks`, a list of
`{"cell_contains": REGEX, "output_contains": REGEX}`: some code cell whose source matches the first
(any cell, if it is left out) must have an output that matches the second. Besides, no output may be
an error that its cell does not announce with the tag `raises-exception`, and the cells that show
something must be the same in the stored notebook, which is what people read. Prints each problem.
"""

import json
import re
import sys


def text(value):
    """A string, whether stored whole or by lines."""
    return value if isinstance(value, str) else "".join(value or [])


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and text(cell["source"]).strip()]


def shown(cell):
    """Everything that a cell shows, one string for each output and format."""
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            yield text(output["text"])
        elif output["output_type"] == "error":
            yield f"{output['ename']}: {output['evalue']}"
        for value in output.get("data", {}).values():
            yield value if isinstance(value, str) else text(value) if isinstance(value, list) else json.dumps(value)


def problems(stored, executed):
    cells = code_cells(executed)
    for number, cell in enumerate(cells, 1):
        allowed = "raises-exception" in cell["metadata"].get("tags", [])
        for output in cell["outputs"]:
            if output["output_type"] == "error" and not allowed:
                yield f"code cell {number} ended with {output['ename']}: {output['evalue']}"
    checks = stored["metadata"].get("zoobot", {}).get("checks", [])
    if not checks:
        yield "the metadata declares no results to check (zoobot.checks)"
    for check in checks:
        where, what = check.get("cell_contains", ""), check["output_contains"]
        outputs = [out for cell in cells if re.search(where, text(cell["source"])) for out in shown(cell)]
        if not any(re.search(what, out) for out in outputs):
            yield f"no output matches {what!r}" + (f" in a cell with {where!r}" if where else "")
    old = code_cells(stored)
    if [bool(cell["outputs"]) for cell in old] != [bool(cell["outputs"]) for cell in cells]:
        yield "the stored outputs are of another run: `cargo xtask tutorials --write` renews them"


def main(stored, executed):
    notebooks = []
    for path in (stored, executed):
        with open(path, encoding="utf-8") as file:
            notebooks.append(json.load(file))
    found = list(problems(*notebooks))
    for problem in found:
        print(f"  {stored}: {problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
