"""Times fine-tuning beside PyTorch.

    python bench_finetune.py PROGRAM [--json] [--encoder NAME] [--rounds N] [--steps N] [--threads N]

PROGRAM is the built example `bench_finetune`. Both sides train the same network (timm's, with a head
for two classes) on random pictures in memory, with AdamW (rate 1e-4, weight decay 0.05, layer decay
0.75) and dropout 0.5, alternating; `full` is the median step of all weights in float32, and `full_bf16`
that with bfloat16 between the layers. PyTorch is timed with channels first and channels last, and the
faster of the two in float32 counts for both ratios.

`head` is the training of the head alone, from pictures to the end, for 330 galaxies and 20 epochs:
PROGRAM encodes once and trains on the features; zoobot 2.9 runs the encoder in every step, whose time
is measured over `--steps` steps and multiplied up.
"""

import argparse
import json
import os
import statistics
import subprocess
import time

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("program")
parser.add_argument("--json", action="store_true", help="one line of JSON instead of a table")
parser.add_argument("--encoder", default="tf_efficientnet_lite0", help="timm's name")
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--size", type=int, default=224, help="side of the pictures")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--steps", type=int, default=4, help="timed steps of a round")
parser.add_argument("--galaxies", type=int, default=330)
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--threads", type=int, default=2, help="threads of each side")
options = parser.parse_args()
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = str(options.threads)

import timm  # noqa: E402  (torch reads the limits when it is loaded)
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from timm.optim import create_optimizer_v2  # noqa: E402

torch.set_num_threads(options.threads)
torch.manual_seed(0)
pictures = torch.rand(options.batch, 3, options.size, options.size)
classes = torch.arange(options.batch) % 2


def steps(mode, last=False, bf16=False, count=options.steps):
    encoder = timm.create_model(options.encoder, pretrained=False, num_classes=0)
    head = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(encoder.num_features, 2))
    images = pictures
    if last:
        encoder = encoder.to(memory_format=torch.channels_last)
        images = pictures.to(memory_format=torch.channels_last)
    encoder.train()
    if mode == "full":
        optimizer = create_optimizer_v2(
            encoder, opt="adamw", lr=1e-4, weight_decay=0.05, layer_decay=0.75
        )
        optimizer.add_param_group({"params": head.parameters(), "lr": 1e-4})
    else:
        encoder.requires_grad_(False)
        optimizer = create_optimizer_v2(head, opt="adamw", lr=1e-4, weight_decay=0.05)
    seconds = []
    for step in range(count + 1):
        start = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss = F.cross_entropy(head(encoder(images)), classes)
        loss.backward()
        optimizer.step()
        if step:  # the first one warms up
            seconds.append(time.perf_counter() - start)
    return seconds


ours = subprocess.Popen(
    [options.program, options.encoder, str(options.size)],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    text=True,
)


def ask(line):
    ours.stdin.write(line + "\n")
    ours.stdin.flush()
    return json.loads(ours.stdout.readline())


measured = {}
for _ in range(options.rounds):
    for name, found in (
        ("zoobot_full", lambda: ask(f"full {options.batch} {options.steps}")),
        ("zoobot_full_bf16", lambda: ask(f"bf16 {options.batch} {options.steps}")),
        ("torch_full", lambda: steps("full")),
        ("torch_full_channels_last", lambda: steps("full", last=True)),
        ("torch_full_channels_last_bf16", lambda: steps("full", last=True, bf16=True)),
        ("torch_head_step", lambda: steps("head")),
        ("torch_head_step_channels_last", lambda: steps("head", last=True)),
    ):
        # Empty if the processor does not compute in 16 bits.
        if not ("bf16" in name and measured.get("zoobot_full_bf16") == []):
            measured.setdefault(name, []).extend(found())
head = min(ask(f"head {options.galaxies} {options.epochs}")[0] for _ in range(options.rounds))
ours.stdin.close()
ours.wait()

figures = {f"{name}_s": round(statistics.median(each), 4) for name, each in measured.items() if each}
torch_full = min(figures["torch_full_s"], figures["torch_full_channels_last_s"])
torch_step = min(figures["torch_head_step_s"], figures["torch_head_step_channels_last_s"])
torch_head = torch_step / options.batch * options.galaxies * options.epochs
figures |= {
    "ratio_full": round(torch_full / figures["zoobot_full_s"], 3),
    "ratio_full_bf16": round(torch_full / figures.get("zoobot_full_bf16_s", float("nan")), 3),
    "zoobot_head_s": round(head, 3),
    "torch_head_s": round(torch_head, 1),
    "ratio_head": round(torch_head / head, 1),
    "encoder": options.encoder,
    "batch": options.batch,
    "threads": options.threads,
    "torch": torch.__version__,
}
if options.json:
    print(json.dumps(figures))
else:
    for name, value in figures.items():
        print(f"{name:>32}  {value}")
