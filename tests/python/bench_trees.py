"""A head of a tree of votes beside ridge regression: each galaxy is predicted once for each seed by a head
that has not seen it.

    zoobot simulate --galaxies 1000 --votes decals_dr5 --out survey
    python tests/python/bench_trees.py zoobot survey/catalog.csv decals_dr5 work [FOLDS] [SEEDS]

The catalogue has a column of votes for each answer of the schema; `Class1.1` to `Class11.6`, the cumulative
fractions of the Kaggle Galaxy Challenge, are turned into the votes of 42 volunteers for schema `gz2`. Both
learn from the same galaxies and the same features (`zoobot encode`): `zoobot finetune tree`, and for each
question `StandardScaler` and `RidgeCV` (16 strengths from 10 to 1e6) of the answers' shares, each galaxy
weighted by its number of votes, cut off at 0 and 1.

For each answer it prints its share of all votes, how far the expected share is from it (the mean over the
galaxies, each weighted by its number of votes) with the standard error for that number of galaxies, and for
galaxies with five votes or more the mean error of a share and its correlation with the volunteers'. Then it
prints these figures over all answers with 50 votes or more.

Measured with numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1.
"""

import os
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")

VOLUNTEERS = 42
KAGGLE = {
    "smooth-or-featured-gz2": {"smooth": "1.1", "featured-or-disk": "1.2", "artifact": "1.3"},
    "disk-edge-on-gz2": {"yes": "2.1", "no": "2.2"},
    "has-spiral-arms-gz2": {"yes": "4.1", "no": "4.2"},
    "bar-gz2": {"yes": "3.1", "no": "3.2"},
    "bulge-size-gz2": {"dominant": "5.4", "obvious": "5.3", "just-noticeable": "5.2", "no": "5.1"},
    "something-odd-gz2": {"yes": "6.1", "no": "6.2"},
    "how-rounded-gz2": {"round": "7.1", "in-between": "7.2", "cigar": "7.3"},
    "bulge-shape-gz2": {"round": "9.1", "boxy": "9.2", "no-bulge": "9.3"},
    "spiral-winding-gz2": {"tight": "10.1", "medium": "10.2", "loose": "10.3"},
    "spiral-arm-count-gz2": {
        "1": "11.1", "2": "11.2", "3": "11.3", "4": "11.4", "more-than-4": "11.5", "cant-tell": "11.6",
    },
}


def read(path):
    catalog = pd.read_csv(path, dtype={"id_str": str})
    here = os.path.dirname(os.path.abspath(path))
    catalog["file_loc"] = [os.path.join(here, it) for it in catalog["file_loc"]]
    if "Class1.1" in catalog:
        counts = {
            f"{question}_{answer}": (catalog["Class" + number] * VOLUNTEERS).round().astype(int)
            for question, answers in KAGGLE.items()
            for answer, number in answers.items()
        }
        catalog = catalog[["id_str", "file_loc"]].assign(**counts)
    return catalog.set_index("id_str", drop=False)


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)


def by_tree(zoobot, schema, folder, learn, other):
    """The expected share of each answer, and the answers of each question."""
    train, test, model, out = (os.path.join(folder, it) for it in ("train.csv", "test.csv", "model", "out.parquet"))
    learn.to_csv(train, index=False)
    other.to_csv(test, index=False)
    run(zoobot, "finetune", "tree", "--schema", schema, "--catalog", train, "--out", model, "--seed", "42", "--overwrite")
    run(zoobot, "predict", "--model", model, "--catalog", test, "--out", out, "--table", "advanced", "--overwrite")
    table = pd.read_parquet(out).set_index("id_str").loc[other.index]
    shares = table[[it for it in table if it.endswith("_fraction")]].rename(columns=lambda it: it[: -len("_fraction")])
    asked = [it[: -len("_proportion-asked")] for it in table if it.endswith("_proportion-asked")]
    return shares, {it: [name for name in shares if name.startswith(it + "_")] for it in asked}


def by_ridge(features, questions, learn, other):
    found = {}
    for answers in questions.values():
        votes = learn[answers].to_numpy(float)
        asked = votes.sum(1)
        some = asked > 0
        model = make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(1, 6, 16)))
        model.fit(features.loc[learn.index[some]], votes[some] / asked[some, None], ridgecv__sample_weight=asked[some])
        shares = np.clip(model.predict(features.loc[other.index]).reshape(len(other), -1), 0, 1)
        found |= dict(zip(answers, (shares / np.maximum(shares.sum(1, keepdims=True), 1e-9)).T))
    return pd.DataFrame(found, index=other.index)


def figures(catalog, questions, found):
    """A row for each answer; `found` has, for each method, the expected shares by each seed."""
    rows = []
    for answers in questions.values():
        asked = catalog[answers].sum(axis=1).to_numpy(float)
        many = asked >= 5
        for answer in answers:
            votes = catalog[answer].to_numpy(float)
            row = {"answer": answer, "votes": votes.sum(), "observed": votes.sum() / max(asked.sum(), 1)}
            share = votes[many] / asked[many]
            for way, seeds in found.items():
                each = [it[answer].loc[catalog.index].to_numpy(float) for it in seeds]
                off = asked * np.mean(each, axis=0) - votes
                row[f"{way} off"] = off.sum() / max(asked.sum(), 1)
                row[f"{way} ±"] = np.sqrt(len(off)) * off.std(ddof=1) / max(asked.sum(), 1)
                row[f"{way} error"] = np.mean([np.abs(it[many] - share).mean() for it in each])
                row[f"{way} r"] = np.mean([np.corrcoef(it[many], share)[0, 1] for it in each])
            rows.append(row)
    return pd.DataFrame(rows).set_index("answer")


def main():
    zoobot, path, schema, folder, *rest = sys.argv[1:]
    folds, seeds = (int(it) for it in (rest + ["4", "3"][len(rest) :])[:2])
    os.makedirs(folder, exist_ok=True)
    catalog = read(path)
    everything, space = os.path.join(folder, "all.csv"), os.path.join(folder, "reps.parquet")
    catalog.to_csv(everything, index=False)
    run(zoobot, "encode", "--catalog", everything, "--out", space)
    features = pd.read_parquet(space).set_index("id_str")
    features = features[[it for it in features if it.startswith("feat_")]]
    catalog = catalog.loc[features.index]
    found = {"tree": [], "ridge": []}
    for seed in range(seeds):
        parts = np.array_split(np.random.RandomState(seed).permutation(len(catalog)), folds)
        each = {"tree": [], "ridge": []}
        for part in parts:
            learn, other = catalog.drop(catalog.index[part]), catalog.iloc[part]
            shares, questions = by_tree(zoobot, schema, folder, learn, other)
            each["tree"].append(shares)
            each["ridge"].append(by_ridge(features, questions, learn, other))
        for way, all_parts in each.items():
            found[way].append(pd.concat(all_parts))
    table = figures(catalog, questions, found)
    print(table.to_string(float_format=lambda it: f"{it:.3f}"))
    some = table[table["votes"] >= 50]
    print(f"\n{len(catalog)} galaxies, {folds} parts, {seeds} seeds; {len(some)} answers with 50 votes or more:")
    for way in found:
        off, error = some[f"{way} off"].abs(), some[f"{way} ±"]
        print(
            f"{way}: |off| mean {off.mean():.4f}, largest {off.max():.4f}, {(off > 0.02).sum()} above 0.02, "
            f"{(off > 0.02 + error).sum()} by more than the standard error; "
            f"error {some[f'{way} error'].mean():.4f}, r {some[f'{way} r'].mean():.4f}"
        )


if __name__ == "__main__":
    main()
