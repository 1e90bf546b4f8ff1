"""Compares classical morphology with statmorph, galaxy by galaxy, in value and in time.

    python bench_morphology.py PROGRAM [--catalog CATALOG] [--count N] [--record FILE]

PROGRAM is the built example `bench_morphology`. statmorph gets the picture and the map of objects that PROGRAM measured, with
its own settings (gain 1), and both run on one thread. statmorph's Sersic fit, which PROGRAM does not make, is replaced by
nothing before it is timed. Only galaxies that statmorph flags 0 are compared in value. --record writes what statmorph found.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
import warnings

import numpy as np
import statmorph

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("program")
parser.add_argument("--catalog", default="real_sample")
parser.add_argument("--count", type=int, default=283)
parser.add_argument("--record")
options = parser.parse_args()

NAMES = ["gini", "m20", "concentration", "asymmetry", "smoothness", "ellipticity_asymmetry", "rpetro_circ",
         "rpetro_ellip", "r20", "r80", "xc_asymmetry", "yc_asymmetry", "sky_sigma"]
names = [it for it in statmorph.statmorph._quantity_names if "sersic" not in it]
statmorph.statmorph._quantity_names[:] = names

recorded, ours, theirs, rows = {}, 0.0, 0.0, []
with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
    warnings.simplefilter("ignore")
    limits = {**os.environ, "RAYON_NUM_THREADS": "1"}
    output = subprocess.run([options.program, options.catalog, folder, str(options.count)], stdout=subprocess.PIPE,
                            text=True, check=True, env=limits).stdout
    for place, line in enumerate(output.splitlines()):
        found = json.loads(line)
        shape = found["height"], found["width"]
        image = np.fromfile(os.path.join(folder, f"{place}.image")).reshape(shape)
        segments = np.fromfile(os.path.join(folder, f"{place}.segments"), "u4").reshape(shape).astype(int)
        if not (segments == 1).any():
            continue
        start = time.perf_counter()
        try:
            theirs_found = statmorph.SourceMorphology(image, segments, 1, gain=1.0)
        except Exception as error:
            print(found["id_str"], "statmorph:", error)
            continue
        theirs += time.perf_counter() - start
        ours += found["seconds"]
        peer = {name: float(getattr(theirs_found, name)) for name in NAMES} | {"flag": int(theirs_found.flag)}
        recorded[found["id_str"]] = peer
        if theirs_found.flag == 0:
            rows.append((found, peer))

print(f"{len(rows)} of {len(recorded)} galaxies have flag 0; ours too: {sum(it['flag'] == 0 for it, _ in rows)}")
for name in NAMES:
    a = np.array([[it[name], peer[name]] for it, peer in rows], float)
    # Asymmetry and smoothness are differences that may be near 0: beside at least 0.05.
    least = 0.05 if name in ("asymmetry", "smoothness") else 0.0
    off = np.abs(a[:, 0] - a[:, 1]) / np.maximum(np.abs(a[:, 1]), max(least, 1e-12))
    worst = rows[int(np.argmax(off))][0]["id_str"]
    print(f"{name:22s} within 2 %: {np.mean(off <= 0.02):6.1%}   median {np.median(off):.2e}   worst {off.max():.2e} ({worst})")
print(json.dumps({"galaxies": len(recorded), "zoobot_s": ours, "statmorph_s": theirs, "times": theirs / ours}))
if options.record:
    with open(options.record, "w") as file:
        json.dump(recorded, file, indent=0, sort_keys=True)
        file.write("\n")
