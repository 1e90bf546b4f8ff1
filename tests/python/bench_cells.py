"""How fast a notebook answers.

    python bench_cells.py [--json] [--kernel PROGRAM] [--each]

Starts the installed kernel `zoobot` (or PROGRAM) through jupyter_client and measures

* `first_result_s`: from the start of the kernel to the first zoobot result, asked for at once;
* `median_s`, `p90_s`: over 30 cells as people write them, from the request to the last message;
* `idle_mb`: memory of the kernel and the process that runs the cells after the first result, as
  proportional set size (pages shared with others count in parts; they add up), and `idle_rss_mb`,
  the plain sum of resident sizes.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

from kernel_client import processes, running

FIRST = "use zoobot::prelude::*;\nCatalog::sample()?.len()"

CELLS = [
    ("import", "use zoobot::polars::prelude::*;"),
    ("catalogue", "let galaxies = Catalog::sample()?;"),
    ("gallery", "galaxies.gallery(12)?"),
    ("table", "let table = galaxies.table().clone();"),
    ("shape", "table.shape()"),
    ("encoder", 'let encoder = Encoder::load("imagenet")?;'),
    ("encode", "let space = encoder.encode(&galaxies.head(32))?;"),
    ("pca", "let pca = space.pca(10)?;"),
    ("variance figure", "pca.explained_variance()?"),
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


def measure(kernel):
    with running(kernel) as k:
        k.client.wait_for_ready(timeout=60)
        first = k.must(FIRST)
        first_result = k.elapsed
        if not first.shown:
            raise SystemExit("the first cell showed nothing")
        pss, rss = memory(processes(k.pid))
        cells = []
        for name, code in CELLS:
            cell = k.must(code)
            cells.append((name, cell.seconds))
    seconds = sorted(s for _, s in cells)
    figures = {
        "first_result_s": round(first_result, 2),
        "median_s": round(statistics.median(seconds), 2),
        "p90_s": round(seconds[int(0.9 * len(seconds))], 2),
        "idle_mb": round(pss),
        "idle_rss_mb": round(rss),
        "cells": len(seconds),
    }
    return figures, cells


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of a table")
    parser.add_argument("--kernel", help="a zoobot-kernel program instead of the installed one")
    parser.add_argument("--each", action="store_true", help="list every cell's time as well")
    options = parser.parse_args()
    figures, cells = measure(options.kernel)
    if options.json:
        print(json.dumps(figures))
        return
    if options.each:
        for name, seconds in cells:
            print(f"{seconds:6.2f} s  {name}")
        print()
    for name, value in figures.items():
        print(f"{name:>16}  {value}")


if __name__ == "__main__":
    sys.exit(main())
