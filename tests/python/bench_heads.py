"""Heads from few labels beside scikit-learn: the peer of `crates/zoobot-lab/examples/bench_heads.rs`.

Reads that program's lines, fits scikit-learn's cross-validated linear models to the same galaxies, judges
them on the same others, and prints a table of means over the draws, with the differences (positive where
zoobot is better). The results for a draw are kept in `PEERS` if it is given, since these fits take
minutes with thousands of galaxies.

    bench_heads FEATURES.parquet CATALOG.csv classes ring 10,30,100 10 > draws.jsonl
    python tests/python/bench_heads.py FEATURES.parquet CATALOG.csv draws.jsonl [PEERS.jsonl]

Classes: `StandardScaler` and `LogisticRegressionCV` (10 strengths from 1e-4 to 1e4, 5 folds or as many as the
rarest class has galaxies, chosen by the log loss); `calibration` is the expected calibration error over ten
bins, the mean over the classes. Numbers: `StandardScaler` and `RidgeCV` over the same
strengths, each galaxy left out in turn.

Measured with numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1.
"""

import json
import os
import sys
import time
import warnings

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")


def classes(train, labels, test, truth):
    folds = max(2, min(5, np.unique(labels, return_counts=True)[1].min()))
    model = make_pipeline(
        StandardScaler(),
        LogisticRegressionCV(
            Cs=10, cv=StratifiedKFold(folds, shuffle=True, random_state=1), scoring="neg_log_loss", max_iter=3000
        ),
    )
    chances = model.fit(train, labels).predict_proba(test)
    names = model[-1].classes_
    each = [1] if len(names) == 2 else range(len(names))
    aucs = [roc_auc_score(truth == names[i], chances[:, i]) for i in each if (truth == names[i]).any()]
    place = np.searchsorted(names, truth)
    return {
        "auc": float(np.mean(aucs)),
        "accuracy": float((names[chances.argmax(1)] == truth).mean()),
        "log_loss": float(-np.log(np.maximum(chances[np.arange(len(truth)), place], 1e-15)).mean()),
        "calibration": float(np.mean([calibration(chances[:, i], truth == names[i]) for i in each])),
    }


def calibration(chances, true):
    bins = np.minimum((chances * 10).astype(int), 9)
    some = [bins == i for i in range(10) if (bins == i).any()]
    return sum(it.mean() * abs(chances[it].mean() - true[it].mean()) for it in some)


def numbers(train, values, test, truth):
    model = make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(-1, 5, 13)))
    found = model.fit(train, values).predict(test)
    return {"r2": r2_score(truth, found), "spearman": float(spearmanr(truth, found)[0])}


def main():
    features_path, catalog_path, draws_path, *peers_path = sys.argv[1:]
    table = pd.read_parquet(features_path).set_index("id_str")
    table = table[[name for name in table.columns if name.startswith("feat_")]]
    catalog = pd.read_csv(catalog_path, dtype={"id_str": str}).set_index("id_str")
    known = {}
    for path in peers_path:
        if os.path.exists(path):
            known = {tuple(it["draw"]): it for it in map(json.loads, open(path))}
    rows = []
    for line in open(draws_path):
        draw = json.loads(line)
        key = (draw["label"], len(draw["train"]), draw["draw"], draw["train"][0], draw["test"][-1])
        if key not in known:
            label = catalog[draw["label"]]
            label = label.map(text) if draw["kind"] == "classes" else label.astype(float)
            part = lambda ids: (table.loc[ids].to_numpy("float64"), label.loc[ids].to_numpy())
            fit = classes if draw["kind"] == "classes" else numbers
            started = time.time()
            found = fit(*part(draw["train"]), *part(draw["test"]))
            known[key] = {"draw": key, "found": found, "seconds": time.time() - started}
            for path in peers_path:
                with open(path, "a") as file:
                    print(json.dumps(known[key]), file=file)
        for name, value in known[key]["found"].items():
            sign = -1 if name in ("log_loss", "calibration") else 1
            rows.append(
                {"label": draw["label"], "labels": len(draw["train"]), "measure": name, "draws": 1,
                 "zoobot": draw["zoobot"][name], "scikit-learn": value,
                 "ahead": sign * (draw["zoobot"][name] - value), "seconds": draw["seconds"],
                 "its seconds": known[key]["seconds"]}
            )
    found = pd.DataFrame(rows).groupby(["label", "measure", "labels"])
    means = found.mean().assign(draws=found["draws"].sum())
    print(means.to_string(float_format=lambda it: f"{it:.3f}"))


def text(value):
    """A class as text, whole numbers without a point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


if __name__ == "__main__":
    main()
