"""How fast a notebook answers.

    python bench_cells.py [--json] [--kernel PROGRAM] [--each] [--runs N] [--plain-evcxr PROGRAM]
    python bench_cells.py --many 1000 [--json] [--kernel PROGRAM]

Starts the installed kernel `zoobot` (or PROGRAM) through jupyter_client, N times (3), and gives the
median of

* `first_result_s`: from the start of the kernel to the first zoobot result, asked for at once;
* `first_result_after_reading_s`: the same when the reader takes ten seconds first, from the request;
* `median_s`, `p90_s`: over 30 cells as people write them, from the request to the last message;
* `idle_mb`: memory of all processes of the kernel after the first result, as proportional set size
  (pages shared with other processes count in proportion, so the sizes add up), and `idle_rss_mb`,
  the plain sum of resident sizes;
* `completion_s`: the first Tab, and `rss_after_completion_mb` after it;
* `interrupt_ms`: from the stop button in a long encode to the end of its cell.

`--plain-evcxr evcxr_jupyter` runs the same cells in the stock kernel with a `:dep` on this library
(whose first build takes a quarter of an hour) and adds `plain_evcxr_*`.
`--many 1000` runs that many small cells in one session instead, and gives the median of the first and
the last fifty.
"""

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

from kernel_client import processes, running

FIRST = "use zoobot::prelude::*;\nCatalog::sample()?.len()"

CELLS = [
    ("import", "use zoobot::polars::prelude::*;"),
    ("catalogue", "let galaxies = Catalog::sample()?;"),
    ("gallery", "galaxies.gallery(12)"),
    ("table", "let table = galaxies.table().clone();"),
    ("shape", "table.shape()"),
    ("encoder", 'let encoder = Encoder::load("imagenet")?;'),
    ("encode", "let space = encoder.encode(&galaxies.head(32))?;"),
    ("pca", "let pca = space.pca(10)?;"),
    ("variance figure", "pca.explained_variance()"),
    ("similar", 'space.similar_to("SIM000001", 9)?'),
    ("expression", "let counts = table.clone().lazy().group_by([col(\"class\")]).agg([len().alias(\"n\")]).collect()?;"),
    ("show table", "counts.clone()"),
    ("number", "let threshold = 0.5;"),
    ("vector", "let radii = vec![1.0, 2.5, 4.0];"),
    ("sum", "radii.iter().sum::<f64>() / radii.len() as f64"),
    ("closure", "let bright = move |x: f64| x > threshold;"),
    ("call closure", "radii.iter().filter(|r| bright(**r)).count()"),
    ("struct", "#[derive(Debug, Clone)]\nstruct Galaxy { name: String, radius: f64 }\nimpl Galaxy {\n    fn area(&self) -> f64 { std::f64::consts::PI * self.radius * self.radius }\n}"),
    ("make structs", "let mine: Vec<_> = radii.iter().enumerate().map(|(i, r)| Galaxy { name: format!(\"G{i}\"), radius: *r }).collect();"),
    ("use structs", "mine.iter().map(Galaxy::area).fold(0.0, f64::max)"),
    ("function", "fn mean(values: &[f64]) -> f64 { values.iter().sum::<f64>() / values.len() as f64 }"),
    ("call function", "mean(&radii)"),
    ("print", "for galaxy in &mine { println!(\"{} {:.2}\", galaxy.name, galaxy.area()); }"),
    ("tuple", "let (least, most) = (radii[0], radii[2]);"),
    ("map", "let by_name = std::collections::HashMap::from([(\"a\".to_string(), vec![Some((1.0, 2))])]);"),
    ("look up", "by_name[\"a\"].len()"),
    ("frame", "let frame = df![\"id\" => [\"a\", \"b\", \"c\"], \"flux\" => [1.0, 2.0, 3.0]]?;"),
    ("filter", "frame.clone().lazy().filter(col(\"flux\").gt(lit(1.5))).collect()?"),
    ("tensor", "let tensor = tch::Tensor::from_slice(&[1.0_f32, 2.0, 3.0]).mean(tch::Kind::Float);"),
    ("tensor value", "tensor.double_value(&[])"),
]


def memory(pids):
    """(proportional, resident) megabytes of processes."""
    pss = rss = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                pss += int(line.split()[1])
            elif line.startswith("Rss:"):
                rss += int(line.split()[1])
    return pss / 1024, rss / 1024


def completion(k):
    """Seconds of the first Tab."""
    request = k.client.complete("galaxies.table().", 17)
    start = time.perf_counter()
    while k.client.get_shell_msg(timeout=60)["parent_header"]["msg_id"] != request:
        pass
    return time.perf_counter() - start


def interrupt(k):
    """Milliseconds from the stop button to the end of a long encode."""
    code = 'println!("running");\nfor _ in 0..100 { encoder.encode(&galaxies)?; }'
    request = k.begin(code)
    k.finish(request, until=lambda cell: "running" in cell.stdout)
    time.sleep(1)
    start = time.perf_counter()
    k.manager.interrupt_kernel()
    cell = k.finish(request)
    if cell.ename != "interrupted":
        raise SystemExit(f"the encode was not interrupted: {cell.error or 'it came to its end'}")
    k.must("galaxies.len()")
    return 1000 * (time.perf_counter() - start)


def run_cells(k, written=lambda code: code):
    """(name, seconds) of each of the 30 cells; those that fail have no seconds."""
    cells = []
    for name, code in CELLS:
        cell = k.run(written(code))
        cells.append((name, cell.seconds if cell.ok else None))
    return cells


def reading_first(kernel):
    with running(kernel) as k:
        k.client.wait_for_ready(timeout=60)
        time.sleep(10)
        return k.must(FIRST).seconds


def measure(kernel):
    """The figures of one session, and the seconds of its cells."""
    with running(kernel) as k:
        k.client.wait_for_ready(timeout=60)
        first = k.must(FIRST)
        first_result = k.elapsed
        if not first.shown:
            raise SystemExit("the first cell showed nothing")
        pss, rss = memory(processes(k.pid))
        cells = run_cells(k)
        failed = [name for name, seconds in cells if seconds is None]
        if failed:
            raise SystemExit(f"cells failed: {failed}")
        seconds = sorted(s for _, s in cells)
        figures = {
            "first_result_s": first_result,
            "median_s": statistics.median(seconds),
            "p90_s": seconds[int(0.9 * len(seconds))],
            "idle_mb": pss,
            "idle_rss_mb": rss,
            "completion_s": completion(k),
            "rss_after_completion_mb": memory(processes(k.pid))[1],
            "interrupt_ms": interrupt(k),
        }
    figures["first_result_after_reading_s"] = reading_first(kernel)
    return figures, cells


def plain_evcxr(program):
    """Runs the cells in the stock kernel, which keeps its build of the library."""
    root = Path(__file__).resolve().parents[2]
    core = root / "zoobot-core"
    libtorch = re.search('LIBTORCH = "(.*)"', (root / ".cargo/local.toml").read_text())[1]

    def unwrapped(code):
        """Unwraps instead: the stock kernel takes no `?` in a last expression."""
        return code.replace("?", ".unwrap()")

    first = f':dep zoobot = {{ package = "zoobot-core", path = "{core}" }}\n{unwrapped(FIRST)}'
    # Outside this workspace: cargo would take it for a part of it.
    kept = Path(tempfile.gettempdir()) / "zoobot-plain-evcxr"
    kept.mkdir(exist_ok=True)
    os.environ.update(
        EVCXR_TMPDIR=str(kept),
        LIBTORCH=libtorch,
        LD_LIBRARY_PATH=f"{libtorch}/lib",
    )
    with running(program, option="--control_file") as k:
        k.client.wait_for_ready(timeout=120)
        k.must(first, timeout=3600)
    # The dependency is built now, so this is an ordinary session.
    with running(program, option="--control_file") as k:
        k.client.wait_for_ready(timeout=120)
        k.must(first, timeout=3600)
        first_result = k.elapsed
        pss, _ = memory(processes(k.pid))
        cells = run_cells(k, unwrapped)
    seconds = sorted(s for _, s in cells if s is not None)
    return {
        "plain_evcxr_first_result_s": first_result,
        "plain_evcxr_median_s": statistics.median(seconds),
        "plain_evcxr_p90_s": seconds[int(0.9 * len(seconds))],
        "plain_evcxr_idle_mb": pss,
        "plain_evcxr_cells_that_failed": sum(s is None for _, s in cells),
    }


def many(kernel, count):
    """The latency over a long session."""
    with running(kernel) as k:
        k.must("use zoobot::prelude::*;\nlet mut total = 0_u64;")
        before = memory(processes(k.pid))[1]
        seconds = [k.must(f"total += {i};\ntotal").seconds for i in range(count)]
        return {
            "cells": count,
            "first_50_s": statistics.median(seconds[:50]),
            "last_50_s": statistics.median(seconds[-50:]),
            "slowest_s": max(seconds),
            "rss_before_mb": before,
            "rss_after_mb": memory(processes(k.pid))[1],
        }


def median_of(runs):
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of a table")
    parser.add_argument("--kernel", help="a zoobot-kernel program instead of the installed one")
    parser.add_argument("--each", action="store_true", help="list every cell's time as well")
    parser.add_argument("--runs", type=int, default=3, help="sessions to take the median of (3)")
    parser.add_argument("--plain-evcxr", metavar="PROGRAM", help="evcxr_jupyter, to compare with")
    parser.add_argument("--many", type=int, metavar="N", help="N small cells in one session instead")
    options = parser.parse_args()
    if options.many:
        figures = many(options.kernel, options.many)
    else:
        runs = [measure(options.kernel) for _ in range(options.runs)]
        figures = median_of([figures for figures, _ in runs])
        if options.each and not options.json:
            for cells in zip(*(cells for _, cells in runs)):
                print(f"{statistics.median(s for _, s in cells):6.2f} s  {cells[0][0]}")
            print()
        if options.plain_evcxr:
            figures.update(plain_evcxr(options.plain_evcxr))
    figures = {
        name: round(value, 2 if name.endswith("_s") else None) for name, value in figures.items()
    }
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:>30}  {value}")


if __name__ == "__main__":
    sys.exit(main())
