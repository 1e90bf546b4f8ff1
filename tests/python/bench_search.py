"""How fast similar galaxies are found beside faiss and scikit-learn.

    python bench_search.py PROGRAM [--json] [--rows N] [--width N] [--queries N] [--rounds N] [--threads N]

PROGRAM is the built example `bench_search`. The 10 nearest of 300,000 vectors are searched for 1,000
others of the same distribution, a Gaussian mixture with a decaying spectrum, like compressed
representations. PROGRAM and faiss's exact IndexFlatL2 take turns; the figures are the best round of
each. scikit-learn's BallTree searches once, on its one thread. `one_ms` is the median time of one
query alone. The neighbours that PROGRAM finds must be faiss's, but for equal distances.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("program")
parser.add_argument("--json", action="store_true", help="one line of JSON instead of a table")
parser.add_argument("--rows", type=int, default=300_000)
parser.add_argument("--width", type=int, default=10)
parser.add_argument("--queries", type=int, default=1000)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--threads", type=int, default=2, help="threads of each side")
options = parser.parse_args()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = str(options.threads)

import faiss  # noqa: E402  (reads the limits when it is loaded)
import numpy as np  # noqa: E402
from sklearn.neighbors import BallTree  # noqa: E402

K = 10


def mixture(count, width, clusters=20, decay=0.6):
    """Clusters whose centres and spreads shrink from axis to axis."""
    draw = np.random.default_rng(0)
    scale = (1.0 + np.arange(width)) ** -decay
    centres = draw.normal(0, 2, (clusters, width)) * scale
    spread = draw.uniform(0.5, 1, clusters)
    which = draw.integers(0, clusters, count)
    noise = draw.normal(0, 1, (count, width)) * scale * spread[which, None]
    return (centres[which] + noise).astype(np.float32)


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


data = mixture(options.rows + options.queries, options.width)
pool, queries = (np.ascontiguousarray(part) for part in np.split(data, [options.rows]))
with tempfile.TemporaryDirectory() as folder:
    files = [os.path.join(folder, name) for name in ("pool.npy", "queries.npy")]
    for file, table in zip(files, (pool, queries)):
        np.save(file, table)
    ours = subprocess.Popen(
        [options.program, *files, str(K)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    ready = json.loads(ours.stdout.readline())


def ask(what):
    ours.stdin.write(what + "\n")
    ours.stdin.flush()
    return json.loads(ours.stdout.readline())


flat = faiss.IndexFlatL2(options.width)
flat.add(pool)
far, truth = flat.search(queries, K)
found = np.array(ask("rows")).reshape(truth.shape)
apart = np.sort(((queries[:, None].astype(float) - pool[found]) ** 2).sum(2), 1)
theirs = np.sort(((queries[:, None].astype(float) - pool[truth]) ** 2).sum(2), 1)
if (apart > theirs * (1 + 1e-9) + 1e-12).any():
    sys.exit("faiss found nearer neighbours")

all_ours, all_faiss = [], []
for _ in range(options.rounds):
    all_ours.append(ask("all"))
    all_faiss.append(seconds(lambda: flat.search(queries, K)))
one = statistics.median(seconds(lambda q=q: flat.search(q[None], K)) for q in queries[:100])
one_ours = ask("one")
tree = BallTree(pool)
tree_seconds = seconds(lambda: tree.query(queries, k=K))
ours.stdin.close()
ours.wait()

rate = {
    "zoobot": options.queries / min(all_ours),
    "faiss_flat": options.queries / min(all_faiss),
    "sklearn_balltree": options.queries / tree_seconds,
}
figures = {f"{name}_per_second": round(value, 1) for name, value in rate.items()}
figures |= {
    "ratio_faiss": round(rate["zoobot"] / rate["faiss_flat"], 2),
    "ratio_balltree": round(rate["zoobot"] / rate["sklearn_balltree"], 2),
    "zoobot_one_ms": round(1000 * one_ours, 3),
    "faiss_flat_one_ms": round(1000 * one, 3),
    "rows": options.rows,
    "width": options.width,
    "threads": options.threads,
    "faiss": faiss.__version__,
}
if options.json:
    print(json.dumps(figures))
else:
    for name, value in figures.items():
        print(f"{name:>28}  {value}")
