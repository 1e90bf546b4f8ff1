"""Times the Dirichlet-multinomial loss beside PyTorch.

    python bench_loss.py PROGRAM [--json] [--rounds N] [--steps N] [--threads N]

PROGRAM is the built example `bench_loss`. Times the forward and backward pass of the loss over a batch of 512
galaxies with votes for the 34 answers of Galaxy Zoo DECaLS (DR5), with the gradient for the concentrations.
PROGRAM and PyTorch take turns, `steps` steps each; the figures are medians over all rounds.

PyTorch runs in eager mode, float32, in two ways: question by question, as zoobot 2.9 does, and
`fused`, on the whole table at once, with question sums by one matrix product. The second is the one
to beat; ours works in float64 inside.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("program")
parser.add_argument("--json", action="store_true", help="one line of JSON instead of a table")
parser.add_argument("--rounds", type=int, default=15)
parser.add_argument("--steps", type=int, default=100)
parser.add_argument("--threads", type=int, default=0, help="threads of each side (default: all)")
options = parser.parse_args()

limits = {}
if options.threads:
    limits = {"OMP_NUM_THREADS": str(options.threads), "RAYON_NUM_THREADS": str(options.threads)}
    os.environ.update(limits)

import torch  # noqa: E402  (reads the limits when it is loaded)

if options.threads:
    torch.set_num_threads(options.threads)

SIZES = [3, 2, 2, 3, 5, 3, 3, 3, 6, 4]
GALAXIES, ANSWERS = 512, sum(SIZES)
STARTS = [sum(SIZES[:q]) for q in range(len(SIZES))]


def member(kind):
    """The matrix of which answer belongs to which question."""
    table = torch.zeros(ANSWERS, len(SIZES), dtype=kind)
    for q, (start, size) in enumerate(zip(STARTS, SIZES)):
        table[start:start + size, q] = 1
    return table


def fused(alpha, votes, table):
    everyone, total = votes @ table, alpha @ table
    whole = torch.lgamma(everyone + 1) + torch.lgamma(total) - torch.lgamma(everyone + total)
    each = torch.lgamma(votes + alpha) - torch.lgamma(alpha) - torch.lgamma(votes + 1)
    return -(whole.sum() + each.sum()) / len(alpha)


def by_question(alpha, votes, _):
    losses = []
    for start, size in zip(STARTS, SIZES):
        a, n = alpha[:, start:start + size], votes[:, start:start + size]
        total, everyone = a.sum(1), n.sum(1)
        whole = torch.lgamma(everyone + 1) + torch.lgamma(total) - torch.lgamma(everyone + total)
        each = torch.lgamma(n + a) - torch.lgamma(a) - torch.lgamma(n + 1)
        losses.append(-(whole + each.sum(1)))
    return torch.stack(losses, 1).sum(1).mean()


i = torch.arange(GALAXIES, dtype=torch.float64)[:, None]
j = torch.arange(ANSWERS, dtype=torch.float64)[None, :]
votes64 = torch.remainder(7 * i + 13 * j + i * j, 11)
alpha64 = 1 + torch.remainder(31 * i + 17 * j, 97)
votes, alpha, table = votes64.float(), alpha64.float().requires_grad_(), member(torch.float32)


def steps(loss, count):
    seconds = []
    for _ in range(count):
        alpha.grad = None
        start = time.perf_counter()
        loss(alpha, votes, table).backward()
        seconds.append(time.perf_counter() - start)
    return seconds


ours = subprocess.Popen([options.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def our_steps(count):
    ours.stdin.write(f"{count}\n")
    ours.stdin.flush()
    return json.loads(ours.stdout.readline())


check = json.loads(ours.stdout.readline())["check_loss"]
expected = fused(alpha64, votes64, member(torch.float64)).item()
if abs(check - expected) > 1e-9 * expected:
    sys.exit(f"the loss differs: {check} here, {expected} in PyTorch")

measured = {"zoobot": [], "torch_fused": [], "torch_by_question": []}
for turn in range(options.rounds + 1):
    found = {
        "zoobot": our_steps(options.steps),
        "torch_fused": steps(fused, options.steps),
        "torch_by_question": steps(by_question, options.steps),
    }
    if turn > 0:  # the first round warms up
        for name, seconds in found.items():
            measured[name].extend(seconds)
ours.stdin.close()
ours.wait()

medians = {name: 1000 * statistics.median(seconds) for name, seconds in measured.items()}
figures = {f"{name}_ms": round(value, 4) for name, value in medians.items()}
figures["ratio"] = round(medians["zoobot"] / medians["torch_fused"], 3)
figures["ratio_by_question"] = round(medians["zoobot"] / medians["torch_by_question"], 3)
figures |= {"batch": GALAXIES, "threads": torch.get_num_threads(), "torch": torch.__version__}
if options.json:
    print(json.dumps(figures))
else:
    for name, value in figures.items():
        print(f"{name:>22}  {value}")
