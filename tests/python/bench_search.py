"""Times the search for similar galaxies beside faiss, hnswlib and scikit-learn.

    python bench_search.py PROGRAM [--json] [--only PART,…] [--rows N] [--width N] [--queries N] [--rounds N]

PROGRAM is the built example `bench_search`. Both sides take turns; the figures are the best round of
each, on as many threads.

exact  The 10 nearest of 300,000 vectors are searched for 1,000 others of the same distribution, a
       Gaussian mixture with a decaying spectrum, like compressed representations; beside faiss's
       IndexFlatL2 and, once, on its one thread, scikit-learn's BallTree. `one_ms` is the median time of
       one query alone. The neighbours that PROGRAM finds must be faiss's, except for equal distances.
hnsw   Search through indexes with M 16 and ef_construction 200, beside hnswlib and faiss: the build,
       and the rate at the smallest ef that finds 99 % of the true neighbours.
pca    100,000 x 640 to 40 components, beside scikit-learn's PCA(40).fit_transform with its own choice
       of solver and with `randomized`.
map    20,000 x 40 in two dimensions, beside umap-learn with its defaults, warm; both maps'
       trustworthiness on the same 2,000 rows.
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
parser.add_argument("--only", default="exact,hnsw,pca,map", help="parts, separated by commas")
parser.add_argument("--rows", type=int, default=300_000)
parser.add_argument("--width", type=int, default=10)
parser.add_argument("--queries", type=int, default=1000)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--threads", type=int, default=2, help="threads of each side")
options = parser.parse_args()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = str(options.threads)

import numpy as np  # noqa: E402  (reads the limits when it is loaded)

K = 10
WIDE = (10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024)


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


def ask(*words):
    ours.stdin.write(" ".join(map(str, words)) + "\n")
    ours.stdin.flush()
    line = ours.stdout.readline()
    return json.loads(line) if line else sys.exit("the program ended")


def turns(ours, theirs):
    """Runs the sides in turns; the best time of each."""
    pairs = [(ours(), theirs()) for _ in range(options.rounds)]
    return min(a for a, _ in pairs), min(b for _, b in pairs)


def exact():
    from sklearn.neighbors import BallTree

    found = np.array(ask("rows")).reshape(truth.shape)
    apart = np.sort(((queries[:, None].astype(float) - pool[found]) ** 2).sum(2), 1)
    theirs = np.sort(((queries[:, None].astype(float) - pool[truth]) ** 2).sum(2), 1)
    if (apart > theirs * (1 + 1e-9) + 1e-12).any():
        sys.exit("faiss found nearer neighbours")
    zoobot, faiss_flat = turns(lambda: ask("all"), lambda: seconds(lambda: flat.search(queries, K)))
    one = statistics.median(seconds(lambda q=q: flat.search(q[None], K)) for q in queries[:100])
    tree = BallTree(pool)
    ball = seconds(lambda: tree.query(queries, k=K))
    return {
        "zoobot_per_second": options.queries / zoobot,
        "faiss_flat_per_second": options.queries / faiss_flat,
        "balltree_per_second": options.queries / ball,
        "ratio_faiss": faiss_flat / zoobot,
        "ratio_balltree": ball / zoobot,
        "zoobot_one_ms": 1000 * ask("one"),
        "faiss_flat_one_ms": 1000 * one,
    }


def recall(rows):
    return np.mean([len(np.intersect1d(a, b)) / K for a, b in zip(rows, truth)])


def narrowest(set_wide, search):
    for wide in WIDE:
        set_wide(wide)
        found = recall(search())
        if found >= 0.99:
            break
    return wide, found


def hnsw():
    import hnswlib

    build = ask("build")
    theirs = hnswlib.Index(space="l2", dim=options.width)
    theirs.init_index(max_elements=options.rows, M=16, ef_construction=200, random_seed=100)
    theirs.set_num_threads(options.threads)
    built = seconds(lambda: theirs.add_items(pool, num_threads=options.threads))
    figures = {"zoobot_build_s": build[0], "hnswlib_build_s": built, "ratio_build": build[0] / built,
               "zoobot_own_wide": build[1], "zoobot_own_recall": build[2]}
    our_rows = lambda: np.array(ask("walk rows")).reshape(truth.shape)  # noqa: E731
    wide, found = narrowest(lambda wide: ask("wide", wide), our_rows)
    figures |= {"zoobot_wide": wide, "zoobot_recall": found}
    wide, found = narrowest(theirs.set_ef, lambda: theirs.knn_query(queries, k=K)[0])
    figures |= {"hnswlib_wide": wide, "hnswlib_recall": found}
    zoobot, other = turns(lambda: ask("walk"), lambda: seconds(lambda: theirs.knn_query(queries, k=K)))
    one = statistics.median(seconds(lambda q=q: theirs.knn_query(q[None], k=K)) for q in queries[:100])
    figures |= {
        "zoobot_per_second": options.queries / zoobot,
        "hnswlib_per_second": options.queries / other,
        "ratio_hnswlib": other / zoobot,
        "zoobot_one_ms": 1000 * ask("walk one"),
        "hnswlib_one_ms": 1000 * one,
    }
    graph = faiss.IndexHNSWFlat(options.width, 16)
    graph.hnsw.efConstruction = 200
    figures["faiss_build_s"] = seconds(lambda: graph.add(pool))

    def set_wide(wide):
        graph.hnsw.efSearch = wide

    figures["faiss_wide"], figures["faiss_recall"] = narrowest(set_wide, lambda: graph.search(queries, K)[1])
    best = min(seconds(lambda: graph.search(queries, K)) for _ in range(options.rounds))
    return figures | {"faiss_per_second": options.queries / best, "ratio_faiss": best / zoobot}


def pca():
    from sklearn.decomposition import PCA

    mix = np.linalg.qr(np.random.default_rng(0).normal(size=(640, 640)))[0].astype(np.float32)
    table = mixture(100_000, 640, decay=0.75) @ mix
    file = os.path.join(folder.name, "features.npy")
    np.save(file, table)
    runs = [ask("pca", file, 40) for _ in range(3)]
    figures = {"zoobot_s": min(run[0] for run in runs), "zoobot_fit_s": min(run[1] for run in runs),
               "zoobot_variance": runs[0][2]}
    for solver in ("auto", "randomized"):
        model = PCA(40, svd_solver=solver, random_state=0)
        figures[f"sklearn_{solver}_s"] = min(seconds(lambda: model.fit_transform(table)) for _ in range(3))
        figures[f"sklearn_{solver}_variance"] = float(model.explained_variance_ratio_.sum())
    return figures | {"ratio": figures["sklearn_auto_s"] / figures["zoobot_s"]}


def map_():
    import umap
    from sklearn.manifold import trustworthiness

    table = mixture(20_000, 40)
    file, out = (os.path.join(folder.name, name) for name in ("mapped.npy", "map.npy"))
    np.save(file, table)
    zoobot = min(ask("map", file, out) for _ in range(2))
    umap.UMAP().fit_transform(table)
    theirs = None

    def warm():
        nonlocal theirs
        theirs = umap.UMAP().fit_transform(table)

    other = seconds(warm)
    some = np.random.default_rng(0).choice(len(table), 2000, replace=False)
    figures = {"zoobot_s": zoobot, "umap_warm_s": other, "ratio": other / zoobot}
    for k in (5, 15):
        for name, places in (("zoobot", np.load(out)), ("umap", theirs)):
            figures[f"{name}_trust_{k}"] = float(trustworthiness(table[some], places[some], n_neighbors=k))
    return figures


parts = options.only.split(",")
folder = tempfile.TemporaryDirectory()
ours = subprocess.Popen([options.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
if {"exact", "hnsw"} & set(parts):
    import faiss

    data = mixture(options.rows + options.queries, options.width)
    pool, queries = (np.ascontiguousarray(part) for part in np.split(data, [options.rows]))
    files = [os.path.join(folder.name, name) for name in ("pool.npy", "queries.npy")]
    for file, table in zip(files, (pool, queries)):
        np.save(file, table)
    ask("tables", *files, K)
    flat = faiss.IndexFlatL2(options.width)
    flat.add(pool)
    truth = flat.search(queries, K)[1]

figures = {"rows": options.rows, "width": options.width, "threads": options.threads}
for part in parts:
    work = {"exact": exact, "hnsw": hnsw, "pca": pca, "map": map_}[part]
    figures[part] = {name: float(f"{value:.4g}") for name, value in work().items()}
    if not options.json:
        print(part)
        for name, value in figures[part].items():
            print(f"{name:>28}  {value}", flush=True)
ours.stdin.close()
ours.wait()
if options.json:
    print(json.dumps(figures))
