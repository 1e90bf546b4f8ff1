"""Times encoding pictures to features beside what a Python user would run for this.

    python bench_encode.py --zoobot PROGRAM [--images FOLDER] [--encoders NAME ...] [--rounds 3]
                           [--threads 2] [--memory ROWS] [--json]

Both sides read the same JPEG files and the same weights (random, in a folder that timm reads) on
the same processor cores, alternating; figures are medians over the rounds, in pictures a second.

The Python side is a torch DataLoader of as many processes as threads (PIL, torchvision's v2
transforms, batches of 64) before a timm network in inference mode, once with default settings
(`default`) and once tuned (`tuned`: channels last, bfloat16 autocast). Its clock starts when the
network is loaded and warm, as ours does.

Without --images, the survey that PROGRAM simulates is used.
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

BATCH = 64


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--zoobot", required=True, help="the built command")
    p.add_argument("--images", help="folder of .jpg files")
    p.add_argument("--encoders", nargs="+", default=["convnext_nano", "efficientnet_b0"])
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--memory", type=int, default=0, metavar="ROWS",
                   help="also compare peak memory for the pictures once with this many rows")
    p.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    p.add_argument("--child", nargs=3, metavar=("MODE", "FOLDER", "CATALOG"), help=argparse.SUPPRESS)
    args = p.parse_args()
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:args.threads])
    if args.child:
        return child(*args.child, args.threads)
    with tempfile.TemporaryDirectory() as home:
        figures = bench(args, home)
    show(figures)
    if args.json:
        print(json.dumps(figures))


def bench(args, home):
    images = args.images or simulate(args.zoobot, home)
    files = sorted(glob.glob(os.path.join(os.path.abspath(images), "*.jpg")))
    if not files:
        sys.exit(f"no .jpg files in {images}")
    catalog = write_catalog(os.path.join(home, "catalog.csv"), files, len(files))
    figures = {"pictures": len(files), "threads": args.threads, "encoders": {}}
    for name in args.encoders:
        folder = os.path.join(home, name)
        gflop = make_folder(name, folder)
        figures["encoders"][name] = one_encoder(args, folder, catalog, gflop)
        print(f"{name} done", file=sys.stderr)
    if args.memory:
        folder = os.path.join(home, args.encoders[-1])
        # Small pictures, so that it takes only minutes: the number of pixels held at once is the same.
        recipe = {"zoom": 1.2, "size": 32, "grey": None, "mean": [0, 0, 0], "std": [1, 1, 1]}
        with open(os.path.join(folder, "recipe.json"), "w") as out:
            json.dump(recipe, out)
        long = write_catalog(os.path.join(home, "long.csv"), files, args.memory)
        rows = {str(len(files)): catalog, str(args.memory): long}
        figures["peak_memory_mb"] = {
            n: ours(args, folder, table, "auto")["peak_mb"] for n, table in rows.items()}
    return figures


def one_encoder(args, folder, catalog, gflop):
    rounds = []
    for number in range(args.rounds):
        row = {}
        steps = [
            ("python_default", lambda: theirs(args, "default", folder, catalog)),
            ("ours_fp32", lambda: ours(args, folder, catalog, "fp32")["rate"]),
            ("python_tuned", lambda: theirs(args, "tuned", folder, catalog)),
            ("ours_auto", lambda: ours(args, folder, catalog, "auto")["rate"]),
            ("python_prepared", lambda: theirs(args, "prepared", folder, catalog)),
            ("parts_fp32", lambda: parts(args, folder, catalog, "fp32")),
            ("parts_auto", lambda: parts(args, folder, catalog, "auto")),
        ]
        # The side that is first in one round is last in the next.
        for key, step in steps if number % 2 == 0 else reversed(steps):
            row[key] = step()
            print(f"  {key}: {row[key]}", file=sys.stderr)
        rounds.append(row)
    median = lambda of: statistics.median(of(row) for row in rounds)
    out = {key: median(lambda row: row[key]) for key in
           ["python_default", "python_tuned", "ours_fp32", "ours_auto", "python_prepared"]}
    for precision in ["fp32", "auto"]:
        part = lambda row: row[f"parts_{precision}"]
        out[f"ours_network_{precision}"] = median(lambda row: part(row)["network_per_second"])
        out[f"product_gflops_{precision}"] = median(lambda row: part(row)["product_gflops"])
        out[f"gflops_{precision}"] = gflop * out[f"ours_network_{precision}"]
        out[f"share_of_peak_{precision}"] = median(
            lambda row: gflop * part(row)["network_per_second"] / max(part(row)["product_gflops"], 1e-9))
    out["ours_prepared"] = median(lambda row: row["parts_fp32"]["prepared_per_second"])
    out["precision_auto"] = rounds[0]["parts_auto"]["precision"]
    out["gflop_a_picture"] = gflop
    ratio = lambda a, b: median(lambda row: a(row) / b(row))
    value = lambda key: lambda row: row[key]
    network = lambda precision: lambda row: row[f"parts_{precision}"]["network_per_second"]
    out["ratios"] = {
        "fp32 : python default": ratio(value("ours_fp32"), value("python_default")),
        "auto : python default": ratio(value("ours_auto"), value("python_default")),
        "auto : python tuned": ratio(value("ours_auto"), value("python_tuned")),
        "fp32 : own network alone": ratio(value("ours_fp32"), network("fp32")),
        "auto : own network alone": ratio(value("ours_auto"), network("auto")),
        "prepared : python prepared": ratio(
            lambda row: row["parts_fp32"]["prepared_per_second"], value("python_prepared")),
    }
    out["rounds"] = rounds
    return out


def ours(args, folder, catalog, precision):
    out = folder + ".parquet"
    command = [args.zoobot, "encode", "--encoder", folder, "--catalog", catalog, "--out", out,
               "--precision", precision, "--json"]
    output, peak = run(command)
    return {"rate": json.loads(output)["images_per_second"], "peak_mb": peak}


def parts(args, folder, catalog, precision):
    command = [args.zoobot, "speed", "--encoder", folder, "--catalog", catalog,
               "--precision", precision, "--json"]
    return json.loads(run(command)[0])


def theirs(args, mode, folder, catalog):
    command = [sys.executable, __file__, "--zoobot", args.zoobot, "--threads", str(args.threads),
               "--child", mode, folder, catalog]
    return json.loads(run(command)[0])["rate"]


def run(command):
    """The last line that a program printed, and its peak memory in MB."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}")
    return output.strip().splitlines()[-1], usage.ru_maxrss / 1024


def simulate(zoobot, home):
    out = os.path.join(home, "survey")
    subprocess.run([zoobot, "simulate", "--galaxies", "330", "--out", out], check=True, stdout=sys.stderr)
    return os.path.dirname(glob.glob(os.path.join(out, "**", "*.jpg"), recursive=True)[0])


def write_catalog(path, files, rows):
    with open(path, "w") as out:
        out.write("id_str,file_loc\n")
        out.writelines(f"g{row},{files[row % len(files)]}\n" for row in range(rows))
    return path


def make_folder(name, folder):
    """Writes random weights as a folder of timm's hub; returns the operations of one picture, in 1e9."""
    import timm
    import torch
    from safetensors.torch import save_file
    from torch.utils.flop_counter import FlopCounterMode

    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=0).eval()
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if key.endswith("gamma"):
                weight.uniform_(0.1, 1.0)
    os.makedirs(folder)
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(state, os.path.join(folder, "model.safetensors"))
    config = {"architecture": name, "num_classes": 0, "num_features": model.num_features,
              "pretrained_cfg": {"input_size": [3, 224, 224]}}
    with open(os.path.join(folder, "config.json"), "w") as out:
        json.dump(config, out)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, 224, 224))
    return counter.get_total_flops() / 1e9


def child(mode, folder, catalog, threads):
    """One measurement of the Python side, in a process of its own."""
    import timm
    import torch
    from safetensors.torch import load_file

    torch.set_num_threads(threads)
    loader = data_loader(catalog, threads)
    if mode == "prepared":
        start = time.perf_counter()
        count = sum(len(batch["image"]) for batch in loader)
        return print(json.dumps({"rate": count / (time.perf_counter() - start)}))
    with open(os.path.join(folder, "config.json")) as file:
        model = timm.create_model(json.load(file)["architecture"], num_classes=0).eval()
    model.load_state_dict(load_file(os.path.join(folder, "model.safetensors")))
    tuned = mode == "tuned"
    layout = torch.channels_last if tuned else torch.contiguous_format
    model = model.to(memory_format=layout)
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=tuned):
        model(torch.zeros(BATCH, 3, 224, 224).to(memory_format=layout))
        start = time.perf_counter()
        features = [model(batch["image"].to(memory_format=layout)).float() for batch in loader]
        features = torch.cat(features)
        seconds = time.perf_counter() - start
    print(json.dumps({"rate": len(features) / seconds}))


def data_loader(catalog, workers):
    import pandas
    import torchvision.transforms.v2 as transforms
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader
    from torchvision.transforms import InterpolationMode

    bilinear = InterpolationMode.BILINEAR
    transform = transforms.Compose([
        transforms.RandomAffine(degrees=0, scale=(1.2, 1.2), interpolation=bilinear),
        transforms.Resize(224, interpolation=bilinear, antialias=True),
        transforms.CenterCrop(224),
        transforms.PILToTensor(),
        transforms.ToDtype(torch.float32, scale=True),
    ])
    table = pandas.read_csv(catalog)

    class Pictures(torch.utils.data.Dataset):
        def __len__(self):
            return len(table)

        def __getitem__(self, row):
            row = table.iloc[row]
            picture = Image.open(row["file_loc"])
            picture.load()
            return {"id_str": row["id_str"], "image": transform(picture)}

    return DataLoader(Pictures(), batch_size=BATCH, num_workers=workers, persistent_workers=workers > 0)


def show(figures):
    print(f"{figures['pictures']} pictures, {figures['threads']} threads; pictures a second")
    for name, all_of_it in figures["encoders"].items():
        print(f"\n{name} ({all_of_it['gflop_a_picture']:.2f} GFLOP a picture, auto is "
              f"{all_of_it['precision_auto']})")
        for key, value in all_of_it.items():
            if isinstance(value, float) and key != "gflop_a_picture":
                print(f"  {key:24} {value:10.2f}")
        for key, value in all_of_it["ratios"].items():
            print(f"  {key:28} {value:6.2f}")
    for rows, peak in figures.get("peak_memory_mb", {}).items():
        print(f"peak memory for {rows} rows: {peak:.0f} MB")


if __name__ == "__main__":
    main()
