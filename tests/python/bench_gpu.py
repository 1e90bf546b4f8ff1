"""Times encoding pictures on a GPU beside PyTorch on the same GPU.

    python bench_gpu.py --zoobot PROGRAM [--images FOLDER] [--galaxies 1000] [--encoder convnext_nano]
                        [--rounds 3] [--rows 30000] [--encodings 2] [--out FILE]

First the network alone: timm's in PyTorch eager and ours with the same weights (random, in a folder
that timm reads), alternating, on batches of one size that are already on the GPU: in 32 bits (`fp32`),
in 32 bits of which products use 19 (`tf32`), and in 16 (`bf16`); in PyTorch with the pictures'
channels first and last, with weights in 16 bits and with autocast, of which the fastest counts. Then
end to end: `zoobot encode` of a catalogue that repeats the pictures, beside the rate at which the
processor's cores alone decode and prepare them; the time for a catalogue with each picture once,
which is mostly the set-up of the GPU, is given separately. Last, the features in 32 bits against
timm's.

Figures are medians over the rounds, in pictures a second. Without --images, PROGRAM simulates them.
"""

import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from bench_encode import make_folder, write_catalog

# Our environment for each precision, and the value of --precision.
OURS = {
    "fp32": ("0", "fp32"),
    "tf32": ("1", "fp32"),
    "bf16": ("0", "bf16"),
}
SECONDS = 0.5


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--zoobot", required=True, help="the built command")
    p.add_argument("--images", help="folder of .jpg files")
    p.add_argument("--galaxies", type=int, default=1000, help="galaxies to simulate without --images")
    p.add_argument("--encoder", default="convnext_nano")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--rows", type=int, default=30000, help="rows of the catalogue end to end")
    p.add_argument("--encodings", type=int, default=2, help="rounds end to end")
    p.add_argument("--out", help="a file for the figures, as JSON")
    args = p.parse_args()
    args.zoobot = os.path.abspath(args.zoobot)
    with tempfile.TemporaryDirectory() as home:
        figures = bench(args, home)
    show(figures)
    print(json.dumps(figures, separators=(",", ":")))
    if args.out:
        with open(args.out, "w") as out:
            json.dump(figures, out, indent=1)
    if not figures["features_off_by"] <= 1e-4:
        sys.exit("the features differ from timm's: what was timed is not the same network")


def bench(args, home):
    import torch

    images = args.images or simulate(args, home)
    files = sorted(glob.glob(os.path.join(os.path.abspath(images), "*.jpg")))
    if not files:
        sys.exit(f"no .jpg files in {images}")
    few = write_catalog(os.path.join(home, "few.csv"), files, len(files))
    long = write_catalog(os.path.join(home, "long.csv"), files, args.rows)
    folder = os.path.join(home, args.encoder)
    make_folder(args.encoder, folder)
    theirs = Theirs(args.encoder, folder)
    figures = {"gpu": torch.cuda.get_device_name(), "torch": torch.__version__,
               "cores": len(os.sched_getaffinity(0)), "encoder": args.encoder,
               "pictures": len(files), "rows": args.rows,
               "features_off_by": features_off_by(args, folder, theirs, home)}
    theirs_at, ours_at, prepared = {}, {}, []
    for number in range(args.rounds):
        for precision in OURS:
            ours = speed(args, folder, few, precision)
            figures["batch"] = ours["batch"]
            row = theirs.rates(precision, ours["batch"])
            for key, rate in row.items():
                theirs_at.setdefault(precision, {}).setdefault(key, []).append(rate)
            ours_at.setdefault(precision, []).append(ours["network_per_second"])
            prepared.append(ours["prepared_per_second"])
            print(f"{number} {precision}: ours {ours['network_per_second']:.0f}, theirs "
                  + ", ".join(f"{key} {rate:.0f}" for key, rate in row.items()), file=sys.stderr)
    theirs.leave()
    whole, set_up = {precision: [] for precision in OURS}, []
    for number in range(args.encodings):
        for precision in OURS if number % 2 == 0 else reversed(list(OURS)):
            short, whole_time = (encode(args, folder, it, rows, home, precision)
                                 for it, rows in [(few, len(files)), (long, args.rows)])
            whole[precision].append((args.rows - len(files)) / (whole_time - short))
            set_up.append(short)
    middle = statistics.median
    figures["prepared"], figures["set_up_seconds"] = middle(prepared), middle(set_up)
    for precision in OURS:
        ways = {key: middle(rates) for key, rates in theirs_at[precision].items()}
        best = max(ways, key=ways.get)
        network = middle(ours_at[precision])
        figures[precision] = {
            "pytorch": ways, "pytorch_best": best, "ours": network,
            # Ratios are taken within each round, so that changes of the clock between rounds do not count.
            "ratio": middle([a / b for a, b in zip(ours_at[precision], theirs_at[precision][best])]),
            "encode": middle(whole[precision]),
            "encode_to_limit": middle(whole[precision]) / min(network, figures["prepared"]),
        }
    return figures


def simulate(args, home):
    out = os.path.join(home, "survey")
    subprocess.run([args.zoobot, "simulate", "--galaxies", str(args.galaxies), "--size", "300", "--out", out],
                   check=True, stdout=sys.stderr)
    return os.path.dirname(glob.glob(os.path.join(out, "**", "*.jpg"), recursive=True)[0])


def ours(args, precision, *command):
    """The figures that one of our commands prints."""
    override, _ = OURS[precision]
    env = dict(os.environ, TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=override)
    # The laboratory's program times the network alone; it is beside the other.
    program = args.zoobot + "-lab" if command[0] == "features" else args.zoobot
    done = subprocess.run([program, *command], env=env, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stdout[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def speed(args, folder, catalog, precision):
    return ours(args, precision, "speed", "--encoder", folder, "--catalog", catalog,
                "--precision", OURS[precision][1], "--json")


def encode(args, folder, catalog, rows, home, precision):
    """The seconds that encoding a catalogue takes."""
    out = os.path.join(home, "features.parquet")
    rate = ours(args, precision, "encode", "--encoder", folder, "--catalog", catalog, "--out", out,
                "--precision", OURS[precision][1], "--json")["images_per_second"]
    os.remove(out)
    print(f"encode {precision}: {rows} in {rows / rate:.2f} s", file=sys.stderr)
    return rows / rate


def features_off_by(args, folder, theirs, home):
    """The largest difference of features in 32 bits from timm's, as a share of the largest feature."""
    import numpy

    numpy.random.seed(0)
    pictures = numpy.random.rand(8, 3, 224, 224).astype("float32")
    numpy.save(os.path.join(home, "in.npy"), pictures)
    expected = theirs.features(pictures)
    out = os.path.join(home, "out.npy")
    ours(args, "fp32", "features", "--encoder", folder, "--inputs", os.path.join(home, "in.npy"),
         "--out", out, "--json")
    off = float(abs(numpy.load(out) - expected).max() / abs(expected).max())
    if off > 1e-4:
        print(f"FEATURES DIFFER from timm's by {off:.2g} of the largest", file=sys.stderr)
    return off


class Theirs:
    """timm's network on the GPU."""

    def __init__(self, name, folder):
        import timm
        import torch
        from safetensors.torch import load_file

        self.torch = torch
        self.model = timm.create_model(name, num_classes=0).eval().cuda()
        self.model.load_state_dict(load_file(os.path.join(folder, "model.safetensors")))

    def settle(self, precision):
        tf32 = precision == "tf32"
        self.torch.backends.cuda.matmul.allow_tf32 = tf32
        self.torch.backends.cudnn.allow_tf32 = tf32

    def features(self, pictures):
        self.settle("fp32")
        with self.torch.inference_mode():
            return self.model(self.torch.from_numpy(pictures).cuda()).cpu().numpy()

    def rates(self, precision, batch):
        """Pictures a second, in each of the ways."""
        import copy

        torch = self.torch
        self.settle(precision)
        rates = {}
        for layout in [torch.contiguous_format, torch.channels_last]:
            last = " last" if layout == torch.channels_last else " first"
            model = copy.deepcopy(self.model).to(memory_format=layout)
            pictures = torch.rand(batch, 3, 224, 224, device="cuda").to(memory_format=layout)
            if precision == "bf16":
                rates["autocast" + last] = self.rate(model, pictures, autocast=True)
                model, pictures = model.to(torch.bfloat16), pictures.to(torch.bfloat16)
            rates["channels" + last] = self.rate(model, pictures)
        del model, pictures
        torch.cuda.empty_cache()
        return rates

    def rate(self, model, pictures, autocast=False):
        torch = self.torch
        with torch.inference_mode(), torch.autocast("cuda", dtype=torch.bfloat16, enabled=autocast):
            for _ in range(10):
                model(pictures)
            torch.cuda.synchronize()
            start, passes = time.perf_counter(), 0
            while time.perf_counter() - start < SECONDS:
                for _ in range(10):
                    model(pictures)
                torch.cuda.synchronize()
                passes += 10
            return passes * len(pictures) / (time.perf_counter() - start)

    def leave(self):
        self.model = None
        self.torch.cuda.empty_cache()


def show(figures):
    print(f"{figures['encoder']} on {figures['gpu']}, {figures['cores']} cores, batches of "
          f"{figures['batch']}; pictures a second")
    print(f"{'':6}{'PyTorch':>10}{'ours':>10}{'ratio':>8}{'end to end':>12}{'of limit':>10}  fastest PyTorch")
    for precision in OURS:
        it = figures[precision]
        print(f"{precision:6}{it['pytorch'][it['pytorch_best']]:10.0f}{it['ours']:10.0f}{it['ratio']:8.2f}"
              f"{it['encode']:12.0f}{it['encode_to_limit']:10.2f}  {it['pytorch_best']}")
    print(f"decoded and prepared by the cores alone: {figures['prepared']:.0f}; "
          f"seconds to set the GPU up and encode {figures['pictures']}: {figures['set_up_seconds']:.1f}; "
          f"features off timm's by {figures['features_off_by']:.1e}")


if __name__ == "__main__":
    main()
