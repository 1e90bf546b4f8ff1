"""Times the sky match of two tables beside astropy's search_around_sky.

    python bench_match.py PROGRAM [--rows N] [--radius ARCSEC] [--rounds N]

PROGRAM is the built example `bench_match`. Both match the same N x N positions, uniform on the sphere, the second half of
the second table near the first's; PROGRAM and astropy take turns. Prints the medians, and checks that both find the same
pairs.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord, search_around_sky

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("program")
parser.add_argument("--rows", type=int, default=1_000_000)
parser.add_argument("--radius", type=float, default=3.0)
parser.add_argument("--rounds", type=int, default=3)
options = parser.parse_args()

rng = np.random.default_rng(1)


def uniform(count):
    return np.c_[rng.uniform(0, 360, count), np.degrees(np.arcsin(rng.uniform(-1, 1, count)))]


first = uniform(options.rows)
second = uniform(options.rows)
half = options.rows // 2
second[:half] = first[:half] + rng.normal(0, 1 / 3600, (half, 2))
second[:, 0] %= 360
second[:, 1] = second[:, 1].clip(-90, 90)
with tempfile.TemporaryDirectory() as folder:
    paths = [os.path.join(folder, name) for name in ["first", "second"]]
    for path, positions in zip(paths, [first, second]):
        positions.astype("<f8").tofile(path)
    program = subprocess.Popen(
        [options.program, *paths, str(options.radius)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    ours, theirs = [], []
    for _ in range(options.rounds):
        program.stdin.write("\n")
        program.stdin.flush()
        found = json.loads(program.stdout.readline())
        ours.append(found["seconds"])
        a, b = [SkyCoord(*it.T, unit="deg") for it in (first, second)]
        start = time.perf_counter()
        i, j, apart, _ = search_around_sky(a, b, options.radius * units.arcsec)
        theirs.append(time.perf_counter() - start)
    program.stdin.close()
    program.wait()
assert found["pairs"] == len(i), (found, len(i))
assert np.isclose(found["sum_arcsec"], apart.arcsec.sum(), rtol=1e-9)
both = [statistics.median(it) for it in (ours, theirs)]
print(json.dumps({"rows": options.rows, "pairs": len(i), "zoobot_s": both[0], "astropy_s": both[1], "times": both[1] / both[0]}))
