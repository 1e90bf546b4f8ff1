"""Records what scikit-learn and numpy say about a few examples of three classes: `python make.py`.

Features are standardised by the survey and the examples together, as `zoobot few` does.
"""
import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler, normalize

rng = np.random.default_rng(7)
CLASSES, SHOTS, SURVEY, WIDTH = 3, 4, 60, 9
centres = rng.normal(size=(CLASSES, WIDTH))


def galaxies(of):
    return (5 + centres[of] + 0.9 * rng.normal(size=(len(of), WIDTH))).astype(np.float32)


of = np.arange(CLASSES * SHOTS) % CLASSES
examples, survey = galaxies(of), galaxies(rng.integers(CLASSES, size=SURVEY))
scaler = StandardScaler().fit(np.concatenate([survey, examples]).astype(float))
x, z = scaler.transform(examples), scaler.transform(survey)

# The nearest class mean.
means = np.stack([normalize(x)[of == c].sum(0) for c in range(CLASSES)])
cosines = cosine_similarity(z, means)

# Ridge regression: one penalty for all classes, by the squared error of left-out examples.
penalties = 10.0 ** (5 - 0.5 * np.arange(13))
sides = np.where(of[:, None] == np.arange(CLASSES), 1.0, -1.0)
cv = RidgeCV(alphas=penalties, store_cv_results=True).fit(x, sides)
errors = cv.cv_results_.sum(axis=(0, 1))
ridge_penalty = penalties[errors.argmin()]
ridge = Ridge(alpha=ridge_penalty).fit(x, sides).predict(z)

# Logistic regression: the penalty with the lowest loss of left-out examples, by Platt's targets.
right = (SHOTS + 1) / (SHOTS + 2)
target = np.full((len(of), CLASSES), (1 - right) / (CLASSES - 1))
target[np.arange(len(of)), of] = right
losses = []
for penalty in penalties:
    left = np.zeros((len(of), CLASSES))
    for i in range(len(of)):
        others = np.arange(len(of)) != i
        fit = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10000).fit(x[others], of[others])
        left[i] = fit.predict_proba(x[[i]])[0]
    losses.append(-(target * np.log(left)).sum(1).mean())
logistic_penalty = penalties[int(np.argmin(losses))]
logistic = LogisticRegression(C=1 / logistic_penalty, tol=1e-12, max_iter=100000).fit(x, of)

# Label propagation in closed form on the graph of ten neighbours.
rows = normalize(np.concatenate([x, z]))
near = NearestNeighbors(n_neighbors=11, metric="cosine").fit(rows)
distances, places = near.kneighbors(rows)
graph = np.zeros((len(rows), len(rows)))
for row, (ds, ps) in enumerate(zip(distances, places)):
    for d, p in zip(ds, ps):
        if p != row and d < 1:
            graph[row, p] = graph[p, row] = 1 - d
degrees = graph.sum(1)
spread = np.linalg.inv(np.eye(len(rows)) - 0.9 * graph / np.sqrt(np.outer(degrees, degrees)))
reach = spread[len(x):, : len(x)]
shares = np.stack([reach[:, of == c].mean(1) for c in range(CLASSES)], axis=1)
shares = shares + 1e-4 * shares.sum(1, keepdims=True) + 1e-12
propagation = shares / shares.sum(1, keepdims=True)

recorded = {
    "scikit-learn": sklearn.__version__,
    "classes": of.tolist(),
    "examples": examples.tolist(),
    "survey": survey.tolist(),
    "cosines": cosines.tolist(),
    "ridge_penalty": ridge_penalty,
    "ridge": ridge.tolist(),
    "logistic_penalty": logistic_penalty,
    "logistic_loss": float(np.min(losses)),
    "logistic": logistic.predict_proba(z).tolist(),
    "propagation": propagation.tolist(),
}
Path(__file__).with_name("expected.json").write_text(json.dumps(recorded) + "\n")
