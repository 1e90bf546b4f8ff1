"""Times a whole search for anomalies beside scikit-learn.

    python bench_anomaly.py PROGRAM [--json] [--pool N] [--width N] [--labels N] [--runs N] [--threads N]

PROGRAM is the built example `bench_anomaly`. The search is the paper's (Walmsley et al. 2022): 10
random labels, then rounds of 10 by expected improvement (xi 0.5) over a pool of 59,727 galaxies with
40 features; a Gaussian process (RationalQuadratic + WhiteKernel) is fitted again each round; at 200
labels it is fitted once more and ranks the pool. The galaxies are a synthetic mixture with 1.4 % of a
rare class and some in between, so accuracies only show that both sides do the same work: they depend
on the random start, so compare means over several runs.

Both sides take turns. scikit-learn runs once with one thread and once with all (`sklearn_seconds` is
the better of the means), PROGRAM with all. PROGRAM computes deviations only for galaxies that could
be among the ten best even with the largest possible deviation, which gives the same ten.
`million_*`: a pool of 10^6 galaxies, one run, and the process's memory at most.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("program")
parser.add_argument("--json", action="store_true", help="one line of JSON instead of a table")
parser.add_argument("--pool", type=int, default=59_727)
parser.add_argument("--width", type=int, default=40)
parser.add_argument("--labels", type=int, default=200)
parser.add_argument("--runs", type=int, default=3)
parser.add_argument("--threads", type=int, default=2, help="threads of each side")
parser.add_argument("--no-million", action="store_true", help="leave out the large pool")
options = parser.parse_args()
os.environ["RAYON_NUM_THREADS"] = str(options.threads)

import numpy as np  # noqa: E402
from scipy.special import ndtr  # noqa: E402
from sklearn.gaussian_process import GaussianProcessRegressor  # noqa: E402
from sklearn.gaussian_process.kernels import RationalQuadratic, WhiteKernel  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

BATCH, XI = 10, 0.5


def galaxies(count, seed=0):
    """Standardised features, ratings, and which galaxies are rare."""
    draw = np.random.default_rng(seed)
    width, scale = options.width, (1.0 + np.arange(options.width)) ** -0.6
    centres = draw.normal(0, 2, (20, width)) * scale
    spread = draw.uniform(0.5, 1, 20)
    which = draw.integers(0, 20, count)
    x = centres[which] + draw.normal(0, 1, (count, width)) * scale * spread[which, None]
    rare, between = round(0.014 * count), round(0.05 * count)
    order = draw.permutation(count)
    rare, between = order[:rare], order[rare:rare + between]
    away = draw.normal(0, 1, width)
    away *= 4.0 / np.linalg.norm(away) * x.std(0)
    odd = draw.beta(1.2, 8.0, count)
    share = draw.uniform(0.2, 0.8, len(between))
    x[rare] += away
    x[between] += share[:, None] * away
    odd[between] = np.clip(share + draw.normal(0, 0.1, len(between)), 0, 0.89)
    rating = np.minimum(np.round(5 * np.minimum(odd, 0.899)), 4)
    rating[rare] = 5
    # In float32, as the other side reads them.
    return ((x - x.mean(0)) / x.std(0)).astype(np.float32), rating


def sklearn_run(x, rating, seed):
    draw = np.random.default_rng(1000 + seed)
    rare = rating == 5
    labelled = list(draw.choice(len(x), BATCH, replace=False))
    start, cpu = time.perf_counter(), time.process_time()
    while True:
        process = GaussianProcessRegressor(kernel=RationalQuadratic() + WhiteKernel())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            process.fit(x[labelled], rating[labelled])
        if len(labelled) >= options.labels:
            mean = process.predict(x)
            break
        mean, std = process.predict(x, return_std=True)
        gain = mean - rating[labelled].max() - XI
        z = gain / std
        value = gain * ndtr(z) + std * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
        value[labelled] = -np.inf
        labelled += list(np.argsort(-value, kind="stable")[:BATCH])
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    mean[labelled] = np.where(rare[labelled], np.inf, -np.inf)
    hits = rare[np.argsort(-mean, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return seconds, hits[:200].mean(), precision[hits].mean(), cpu


class Program:
    def __init__(self, x, rating):
        with tempfile.TemporaryDirectory() as folder:
            files = [os.path.join(folder, name) for name in ("pool.npy", "rating.npy")]
            np.save(files[0], x.astype(np.float64))
            np.save(files[1], rating)
            self.process = subprocess.Popen(
                [options.program, *files, str(options.labels)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            self.ask("predict")

    def ask(self, what):
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("the program ended early")
        return json.loads(answer)

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            ticks = stat.read().rsplit(")", 1)[1].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            peak = next(line for line in status if line.startswith("VmHWM"))
        return round(int(peak.split()[1]) / 1024)


def mean(values):
    return float(np.mean(values))


x, rating = galaxies(options.pool)
ours = Program(x, rating)
outcomes, cpu, theirs = [], [], {1: [], options.threads: []}
for run in range(options.runs):
    before = ours.cpu_seconds()
    outcomes.append(ours.ask(run))
    cpu.append(ours.cpu_seconds() - before)
    for threads, runs in theirs.items():
        with threadpool_limits(threads):
            runs.append(sklearn_run(x, rating, run))
best = min(theirs.values(), key=lambda runs: mean([run[0] for run in runs]))
both = [run for runs in theirs.values() for run in runs]
seconds = mean([outcome["seconds"] for outcome in outcomes])
their_seconds = mean([run[0] for run in best])
figures = {
    "zoobot_seconds": round(seconds, 3),
    "zoobot_seconds_each": [round(outcome["seconds"], 3) for outcome in outcomes],
    "zoobot_slowest_round": round(
        max(r["seconds"] for outcome in outcomes for r in outcome["rounds"]), 4
    ),
    "sklearn_seconds": round(their_seconds, 3),
    "sklearn_seconds_by_threads": {n: round(mean([r[0] for r in runs]), 3) for n, runs in theirs.items()},
    "ratio": round(their_seconds / seconds, 2),
    "zoobot_cpu_seconds": round(mean(cpu), 3),
    "sklearn_cpu_seconds": round(mean([run[3] for run in best]), 3),
    "zoobot_accuracy_at_200": round(mean([o["accuracy_at"]["200"] for o in outcomes]), 3),
    "sklearn_accuracy_at_200": round(mean([run[1] for run in both]), 3),
    "zoobot_average_precision": round(mean([o["average_precision"] for o in outcomes]), 3),
    "zoobot_average_precision_each": [round(o["average_precision"], 3) for o in outcomes],
    "sklearn_average_precision": round(mean([run[2] for run in both]), 3),
    "sklearn_average_precision_each": [round(run[2], 3) for run in best],
    "pool": options.pool, "width": options.width, "labels": options.labels, "threads": options.threads,
}
figures |= ours.ask("predict")
if not options.no_million:
    del ours
    ours = Program(*galaxies(1_000_000, 1))
    outcome = ours.ask(0)
    figures |= {
        "million_seconds": round(outcome["seconds"], 2),
        "million_slowest_round": round(max(r["seconds"] for r in outcome["rounds"]), 3),
        "million_memory_mb": ours.memory_mb(),
    }
if options.json:
    print(json.dumps(figures))
else:
    for name, value in figures.items():
        print(f"{name:>32}  {value}")
