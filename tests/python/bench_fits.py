"""FITS images and cut-outs beside astropy: the peer of `crates/zoobot-lab/examples/bench_fits.rs`.

Makes images of noise and stars in a folder, and times both programs on them in turn:

    python tests/python/bench_fits.py FOLDER target/debug/examples/bench_fits [ROUNDS]

Decoding: all planes as native 32-bit floats in memory, from opening the file. Cut-outs: 1,000 squares of 256 pixels
at random positions from one image of 10,000 x 10,000 in RICE tiles, by right ascension and declination, in memory.
astropy decompresses the whole image once and cuts out with `Cutout2D`, which is its fastest way for so many.

Measured with Python 3.11, astropy 8.0.2, numpy 2.4.6.
"""

import csv
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

warnings.simplefilter("ignore")
SIZE, COUNT, SIDE = 256, 1000, 10_000


def make(folder):
    rng = np.random.default_rng(5)
    cube = folder / "cube.fits"
    if not cube.exists():
        fits.PrimaryHDU(rng.normal(size=(3, 509, 509)).astype("float32")).writeto(cube)
    rice = folder / "rice.fits.fz"
    if not rice.exists():
        data = rng.normal(10, 1, (2000, 2000)).astype("float32")
        fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, compression_type="RICE_1", quantize_level=4)]).writeto(rice)
    large = folder / "large.fits.fz"
    if not large.exists():
        w = WCS(naxis=2)
        w.wcs.ctype, w.wcs.crval = ["RA---TAN", "DEC--TAN"], [150, 2]
        w.wcs.crpix, w.wcs.cdelt = [SIDE / 2, SIDE / 2], [-0.262 / 3600, 0.262 / 3600]
        data = rng.normal(0, 1, (SIDE, SIDE)).astype("float32")
        image = fits.CompImageHDU(data, w.to_header(), compression_type="RICE_1", quantize_level=4)
        fits.HDUList([fits.PrimaryHDU(), image]).writeto(large)
        sky = w.wcs_pix2world(rng.uniform(0, SIDE, (COUNT, 2)), 0)
        with open(folder / "places.csv", "w") as out:
            out.write("ra,dec\n" + "".join(f"{ra:.9f},{dec:.9f}\n" for ra, dec in sky))
    return cube, rice, large, folder / "places.csv"


def decode(file, times):
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        with fits.open(file) as hdus:
            data = next(hdu.data for hdu in hdus if hdu.data is not None)
            planes = np.array(data, dtype="<f4")
        seconds.append(time.perf_counter() - begun)
    seconds.sort()
    return {"best": seconds[0], "median": seconds[len(seconds) // 2], "sum": float(planes.sum(dtype="f8"))}


def cutouts(image, places):
    with open(places) as table:
        sky = [(float(row["ra"]), float(row["dec"])) for row in csv.DictReader(table)]
    begun = time.perf_counter()
    with fits.open(image) as hdus:
        data, w = hdus[1].data, WCS(hdus[1].header)
    pixels = w.all_world2pix(np.array(sky), 0)
    cut = [Cutout2D(data, place, SIZE, mode="partial", fill_value=np.nan).data for place in pixels]
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "cutouts": len(cut), "sum": float(sum(np.nansum(one, dtype="f8") for one in cut))}


def ours(program, *words):
    return json.loads(subprocess.run([program, *map(str, words)], check=True, capture_output=True, text=True).stdout)


def main():
    folder, program = Path(sys.argv[1]), sys.argv[2]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    folder.mkdir(parents=True, exist_ok=True)
    cube, rice, large, places = make(folder)
    for name, file in [("3 x 509 x 509 floats", cube), ("RICE 2000 x 2000", rice)]:
        pairs = [(decode(file, 20)["best"], ours(program, "decode", file, 20)["best"]) for _ in range(rounds)]
        theirs, mine = min(a for a, _ in pairs), min(b for _, b in pairs)
        print(f"{name}: astropy {theirs * 1e3:.2f} ms, zoobot {mine * 1e3:.2f} ms, {theirs / mine:.1f} times")
        a, b = decode(file, 1)["sum"], ours(program, "decode", file, 1)["sum"]
        assert abs(a - b) <= 1e-6 * abs(a), (a, b)
    pairs = [(cutouts(large, places), ours(program, "cutouts", large, places, SIZE)) for _ in range(rounds)]
    for a, b in pairs:
        assert a["cutouts"] == b["cutouts"] == COUNT and abs(a["sum"] - b["sum"]) < 1e-4 * COUNT * SIZE, (a, b)
    theirs, mine = min(a["seconds"] for a, _ in pairs), min(b["seconds"] for _, b in pairs)
    print(f"{COUNT} cut-outs: astropy {theirs:.2f} s, zoobot {mine:.2f} s, {theirs / mine:.1f} times")


main()
