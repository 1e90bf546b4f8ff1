"""Compares features of timm's networks here and in Python, from the same weights and tensors.

    python parity.py --lab target/debug/zoobot-lab [--json] [NAME ...]

`cargo xtask parity` runs it. For each network, with random weights from a seed:

* timm writes folders as for its hub, one with `.safetensors` and one with `.bin`; `zoobot-lab
  features` reads each and computes the features of the same pictures;
* `zoobot-lab` saves each of them, and timm reads what it saved.

Differences are given as rms over the spread between the pictures' features (a cosine would be blind:
a random network gives nearly the same vector for all) and as the largest over the largest feature.
Exits with 1 when any exceeds 1e-4. Needs torch, timm, safetensors and numpy.
"""
import argparse
import json
import logging
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import timm
import torch
from timm.models import save_for_hf

LIMIT = 1e-4
SEED = 7

# timm's name, with arguments that differ from timm's own, and channels.
NETWORKS = [
    ("maxvit_tiny_tf_224", {}, 3),
    ("maxvit_tiny_rw_224", {}, 3),
    ("maxvit_rmlp_tiny_rw_256", {"img_size": 224}, 3),
    ("maxvit_rmlp_small_rw_224", {}, 1),
    ("convnext_atto", {}, 1),
    ("convnext_nano", {}, 3),
    ("convnext_tiny", {}, 3),
    ("convnext_base", {}, 3),
    ("efficientnetv2_s", {}, 3),
    ("tf_efficientnetv2_s", {}, 3),
    ("efficientnetv2_rw_s", {}, 1),
    ("efficientnet_b0", {}, 3),
    ("tf_efficientnet_b0", {}, 3),
    ("efficientnet_lite0", {}, 3),
    ("tf_efficientnet_lite0", {}, 3),
    ("resnet18", {}, 1),
    ("resnet50", {}, 3),
    ("resnet101", {}, 3),
]

# Variance of the weights' products, see `randomise`.
GAINS = [1.0, 2.0, 3.0, 4.0, 4.5, 5.0, 5.5, 6.0, 7.0, 8.0, 9.0]


def fill(model, gain):
    """Fills every tensor at random, batch-norm statistics too, so that no scale is 1 and no shift 0."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("num_batches_tracked"):
                tensor.fill_(1000)
                continue
            u = torch.rand(tensor.shape, generator=generator) * 2 - 1
            if name.endswith(("bias", "running_mean")):
                value = 0.1 * u
            elif name.endswith("gamma"):
                value = 0.5 + 0.1 * u
            elif tensor.ndim >= 2:
                value = u * math.sqrt(gain / math.prod(tensor.shape[1:]))
            else:
                value = 1 + 0.1 * u
            tensor.copy_(value)


def randomise(model, pictures):
    """The features, with weights of the smallest variance for which they depend on the picture.

    A smaller one would make the comparison blind, a much larger one makes a network amplify its own
    rounding."""
    for gain in GAINS:
        fill(model, gain)
        features = run(model, pictures)
        spread = features.std(axis=0, ddof=1)
        if np.sqrt((spread**2).mean()) >= 0.03 * features.std():
            return features
    raise SystemExit("the features do not depend on the pictures with any gain")


def run(model, pictures):
    with torch.inference_mode():
        return model(torch.from_numpy(pictures)).numpy()


def make_pictures(channels, side):
    """Blobs of several shapes and places on noise, from 0 to 1."""
    generator = np.random.default_rng(SEED)
    y, x = np.mgrid[:side, :side] / side - 0.5
    pictures = []
    for flattening in (1.0, 0.3, 0.6, 0.15):
        x0, y0, width, angle = generator.uniform([-0.1, -0.1, 0.08, 0], [0.1, 0.1, 0.25, np.pi])
        u = (x - x0) * np.cos(angle) + (y - y0) * np.sin(angle)
        v = (y - y0) * np.cos(angle) - (x - x0) * np.sin(angle)
        blob = np.exp(-np.hypot(u, v / flattening) / width)
        fade = 1 - 0.2 * np.arange(channels)[:, None, None]
        pictures.append(0.7 * fade * blob + 0.3 * generator.random((channels, side, side)))
    return np.stack(pictures).astype(np.float32)


def differences(got, expected):
    if got.shape != expected.shape or not np.isfinite(got).all():
        return [math.inf, math.inf]
    difference = got - expected
    spread = np.sqrt((expected.std(axis=0, ddof=1) ** 2).mean())
    return [float(np.sqrt((difference**2).mean()) / spread), float(np.abs(difference).max() / np.abs(expected).max())]


def compare(lab, name, arguments, channels, work):
    """The differences for each route, by name."""
    model = timm.create_model(name, num_classes=0, in_chans=channels, **arguments).eval()
    size = arguments.get("img_size", getattr(model, "img_size", 224))
    pictures = make_pictures(channels, size[0] if isinstance(size, tuple) else size)
    expected = randomise(model, pictures)
    np.save(work / "inputs.npy", pictures)
    found = {}
    for kind, safe in [("safetensors", True), ("bin", False)]:
        folder, out, saved = work / kind, work / f"{kind}.npy", work / f"{kind}-saved"
        save_for_hf(model, folder, model_args={"num_classes": 0, "in_chans": channels, **arguments}, safe_serialization=safe)
        command = [lab, "features", "--encoder", folder, "--inputs", work / "inputs.npy", "--out", out, "--save", saved]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{name}: {done.stderr.strip()}")
        found[f"{kind} to zoobot"] = differences(np.load(out), expected)
        back = timm.create_model(f"local-dir:{saved}", pretrained=True).eval()
        found[f"{kind} to zoobot to timm"] = differences(run(back, pictures), expected)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lab", required=True, type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("names", nargs="*", help="timm's names, instead of one network of each kind")
    args = parser.parse_args()
    logging.getLogger("timm").setLevel(logging.ERROR)
    networks = [network for network in NETWORKS if network[0] in args.names]
    networks += [(name, {}, 3) for name in args.names if name not in {network[0] for network in networks}]
    print(f"torch {torch.__version__}, timm {timm.__version__}; limit {LIMIT:g}")
    print(f"{'network':28}{'channels':>9}  {'rms / spread':>13}{'max / max':>11}  of the worst way")
    results, failed = {}, []
    for name, arguments, channels in networks or NETWORKS:
        with tempfile.TemporaryDirectory() as work:
            found = compare(args.lab.resolve(), name, arguments, channels, Path(work))
        worst = max(found, key=lambda way: max(found[way]))
        fails = max(found[worst]) > LIMIT
        if fails:
            failed.append(name)
        rms, largest = found[worst]
        print(f"{name:28}{channels:9}  {rms:13.1e}{largest:11.1e}  {worst}{'  FAILED' if fails else ''}", flush=True)
        results[name] = found
    print(f"{len(results) - len(failed)} networks agree, {len(failed)} do not{': ' if failed else ''}{', '.join(failed)}")
    if args.json:
        print(json.dumps({"limit": LIMIT, "failed": failed, "differences": results}))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
