"""Heads from few labels beside scikit-learn: the peer of `zoobot-core/examples/bench_heads.rs`.

Reads that program's lines, fits scikit-learn's cross-validated linear models to the same galaxies, judges
them on the same others, and prints a table of means over the draws, with the differences.

    bench_heads FEATURES.parquet CATALOG.csv classes ring 10,30,100 10 > draws.jsonl
    python tests/python/bench_heads.py FEATURES.parquet CATALOG.csv draws.jsonl

Classes: `StandardScaler` and `LogisticRegressionCV` (10 strengths from 1e-4 to 1e4, 5 folds or as many as the
rarest class has galaxies, chosen by the log loss). Numbers: `StandardScaler` and `RidgeCV` over the same
strengths, each galaxy left out in turn.

Measured with numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1.
"""

import json
import sys
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
    return {"auc": float(np.mean(aucs)), "accuracy": float((names[chances.argmax(1)] == truth).mean())}


def numbers(train, values, test, truth):
    model = make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(-1, 5, 13)))
    found = model.fit(train, values).predict(test)
    return {"r2": r2_score(truth, found), "spearman": float(spearmanr(truth, found)[0])}


def main():
    features_path, catalog_path, draws_path = sys.argv[1:4]
    table = pd.read_parquet(features_path).set_index("id_str")
    table = table[[name for name in table.columns if name.startswith("feat_")]]
    catalog = pd.read_csv(catalog_path, dtype={"id_str": str}).set_index("id_str")
    rows = []
    for line in open(draws_path):
        draw = json.loads(line)
        label = catalog[draw["label"]].astype(str if draw["kind"] == "classes" else float)
        part = lambda ids: (table.loc[ids].to_numpy("float64"), label.loc[ids].to_numpy())
        peer = (classes if draw["kind"] == "classes" else numbers)(*part(draw["train"]), *part(draw["test"]))
        for name, value in peer.items():
            rows.append(
                {"label": draw["label"], "labels": draw["size"], "measure": name,
                 "zoobot": draw["zoobot"][name], "scikit-learn": value, "seconds": draw["seconds"]}
            )
    found = pd.DataFrame(rows)
    found["ahead"] = found["zoobot"] - found["scikit-learn"]
    means = found.groupby(["label", "measure", "labels"]).mean()
    print(means.to_string(float_format=lambda it: f"{it:.3f}"))


if __name__ == "__main__":
    main()
