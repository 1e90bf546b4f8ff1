"""FITS images of every kind of number, compression and undefined pixel, and what astropy reads.

Written with Python 3.11, astropy 8.0.2 and numpy 2.4.6:

    python make.py

Writes inputs.zip (a FITS file each, some of them compressed as a whole) and expected.json: for each
file the planes as stored (row 0 at the bottom), an undefined pixel as null, infinities as text. The
values are astropy's, with one exception: it takes no notice of BLANK where BZERO makes integers
unsigned, and the FITS standard (4.0, 4.4.2.5) says that such pixels are undefined.
"""
import bz2
import gzip
import io
import json
import warnings
import zipfile

import numpy as np
from astropy.io import fits

warnings.simplefilter("ignore")
rng = np.random.default_rng(11)
SHAPE = (9, 12)
y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
whole = (x * 3 + y * 7) % 128
noise = (np.exp(-((x - 8) ** 2 + (y - 6) ** 2) / 9) * 40 + rng.normal(size=SHAPE)).astype("float32")
inputs, expected = {}, {}


def value(v):
    if np.isnan(v):
        return None
    return float(f"{v:.8g}") if np.isfinite(v) else ("inf" if v > 0 else "-inf")


def stored(content):
    with fits.open(io.BytesIO(content)) as file:
        return next(hdu.data for hdu in file if hdu.data is not None and hdu.data.ndim > 1)


def put(name, content, planes=None):
    if planes is None:
        planes = stored(content)
    planes = np.squeeze(np.asarray(planes, dtype="float64"))
    planes = planes[None] if planes.ndim == 2 else planes
    with np.errstate(over="ignore"):
        planes = planes.astype("float32")
    inputs[name] = content
    expected[name] = [[[value(v) for v in row] for row in plane] for plane in planes]


def written(*hdus):
    out = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(out, output_verify="silentfix")
    return out.getvalue()


def plain(data, **cards):
    hdu = fits.PrimaryHDU(data)
    content = written(hdu)
    if not cards:
        return content
    # Cards are put in by hand: astropy takes scales and blanks for its own.
    header, end = content[: content.index(b"END" + b" " * 77)], b"END".ljust(80)
    for key, card in cards.items():
        old = header.find(key.ljust(8).encode())
        text = f"{key:<8}= {card:>20}".ljust(80).encode()
        header = header[:old] + text + header[old + 80 :] if old >= 0 else header + text
    header = (header + end).ljust(2880)
    return header + content[2880:]


def packed(data, kind, blank=None, **options):
    hdu = fits.CompImageHDU(data, compression_type=kind, **options)
    if blank is not None:
        hdu.header["BLANK"] = blank
    return written(fits.PrimaryHDU(), hdu)


# Whole numbers, with and without BLANK and scale.
for kind, data in {
    "uint8": whole.astype("uint8"),
    "int16": (whole * 200 - 9000).astype("int16"),
    "int32": (whole * 70000).astype("int32"),
    "int64": whole.astype("int64") * 3_000_000_000,
}.items():
    blank = int(data[4, 5])
    put(f"{kind}.fits", plain(data))
    put(f"{kind}_blank.fits", plain(data, BLANK=blank))
    put(f"{kind}_blank_scaled.fits", plain(data, BLANK=blank, BSCALE=0.5, BZERO=-3.0))
for kind, data in {
    "int8": (whole - 64).astype("int8"),
    "uint16": (whole * 500 + 1000).astype("uint16"),
    "uint32": whole.astype("uint32") * 30_000_000,
    "uint64": whole.astype("uint64") * 140_000_000_000_000_000,
}.items():
    put(f"{kind}.fits", plain(data))
    undefined = data.astype("float64")
    undefined[data == data[4, 5]] = np.nan
    shift = 128 if kind == "int8" else -(1 << 8 * data.dtype.itemsize - 1)
    put(f"{kind}_blank.fits", plain(data, BLANK=int(data[4, 5]) + shift), undefined)

# Floats.
holes = noise.copy()
holes[3, 4], holes[5, 6], holes[7, 8] = np.nan, np.inf, -np.inf
put("float32.fits", plain(holes))
put("float32_blank.fits", plain(holes, BLANK=7))
put("float32_scaled.fits", plain(holes, BSCALE=2.0, BZERO=100.0))
wide = holes.astype("float64") * 1e-9
wide[0, 0], wide[0, 1] = 1e300, -1e300
put("float64.fits", plain(wide))
put("float64_rows.fits", plain(np.where(y < 5, np.nan, noise.astype("float64"))))

# Tiles of quantised floats, of which some pixels are undefined.
lone, rows, zeros = noise.copy(), noise.copy(), noise.copy()
lone[4, 5] = np.nan
rows[:3] = np.nan
zeros[6, 2:9], zeros[2, 3] = 0, np.nan
cube = np.stack([lone, noise * 2, rows])
for kind in ["RICE_1", "GZIP_1", "GZIP_2", "NOCOMPRESS"]:
    for name, data in {"lone": lone, "rows": rows, "zeros": zeros, "cube": cube}.items():
        for method, dither in {"plain": -1, "dither1": 1, "dither2": 2}.items():
            if name in ("rows", "cube") and method != "dither1":
                continue
            content = packed(data, kind, quantize_method=dither, quantize_level=8, dither_seed=321)
            put(f"{kind}_{name}_{method}.fits", content)
    put(f"{kind}_double.fits", packed(zeros.astype("float64") * 1e-12, kind, quantize_method=2, dither_seed=9))
put("RICE_1_tiles.fits", packed(cube, "RICE_1", tile_shape=(1, 5, 7), quantize_method=1, dither_seed=10000))
put("NOCOMPRESS_tiles.fits", packed(cube, "NOCOMPRESS", tile_shape=(2, 5, 7), quantize_method=1, dither_seed=10000))
infinite = noise.copy()
infinite[2, 3], infinite[6, 7], infinite[8, 8] = np.inf, np.nan, -np.inf
put("RICE_1_infinite.fits", packed(infinite, "RICE_1", quantize_method=1, dither_seed=3))
put("GZIP_1_infinite_tiles.fits", packed(infinite, "GZIP_1", tile_shape=(5, 7), quantize_method=-1))
put("HCOMPRESS_1_plain.fits", packed(noise, "HCOMPRESS_1", tile_shape=(5, 12), quantize_method=-1))
put("HCOMPRESS_1_dither1.fits", packed(noise, "HCOMPRESS_1", tile_shape=SHAPE, quantize_method=1, dither_seed=5))
put("HCOMPRESS_1_lone.fits", packed(lone, "HCOMPRESS_1", tile_shape=SHAPE, quantize_method=1, dither_seed=5))

# Floats without loss.
for kind in ["GZIP_1", "GZIP_2", "NOCOMPRESS"]:
    put(f"{kind}_lossless.fits", packed(holes, kind, quantize_level=0))
    put(f"{kind}_lossless_double.fits", packed(wide, kind, quantize_level=0))

# Tiles of whole numbers.
for kind in ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1", "NOCOMPRESS"]:
    shape = {"tile_shape": SHAPE} if kind == "HCOMPRESS_1" else {}
    for number, data in {"uint8": whole.astype("uint8"), "int16": (whole * 90).astype("int16"), "int32": (whole * 900).astype("int32")}.items():
        if number == "uint8" and kind in ("GZIP_2",):
            continue
        put(f"{kind}_{number}_blank.fits", packed(data, kind, blank=int(data[4, 5]), **shape))
    if kind not in ("HCOMPRESS_1", "PLIO_1"):
        put(f"{kind}_uint16.fits", packed((whole * 500).astype("uint16"), kind))

# Files that are compressed as a whole, under every name.
image = plain(noise)
put("whole.fits.gz", gzip.compress(image), noise)
put("whole.fits.bz2", bz2.compress(image), noise)
put("gzip_inside.fits", gzip.compress(image), noise)
put("plain_inside.fits.gz", image, noise)
put("plain_inside.fits.fz", image, noise)
put("twice.fits.fz", gzip.compress(packed(lone, "RICE_1", quantize_method=1, dither_seed=1)), stored(packed(lone, "RICE_1", quantize_method=1, dither_seed=1)))

# Blocks, axes, extensions, cards.
put("unpadded.fits", image[: 2880 + noise.nbytes], noise)
put("unpadded.fits.gz", gzip.compress(image[: 2880 + noise.nbytes]), noise)
put("radio.fits", plain(lone[None, None]))
put("one_plane.fits", plain(noise[None]))
put("middle.fits", plain(noise[:, None, :]))
put("last.fits", plain(noise[:, :, None]))
put("radio_cube.fits", plain(np.stack([noise, noise + 1, noise + 2])[None]))
put("radio_rice.fits", packed(lone[None, None], "RICE_1", quantize_method=1, dither_seed=77))
put("extension.fits", written(fits.PrimaryHDU(), fits.ImageHDU(noise), fits.ImageHDU(noise * 0)))
put("spectrum_first.fits", written(fits.PrimaryHDU(np.arange(30.0)), fits.ImageHDU(noise)))
table = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=np.arange(5))])
put("table_first.fits", written(fits.PrimaryHDU(), table, fits.ImageHDU(noise)))
hdu = fits.PrimaryHDU(noise)
hdu.header["HIERARCH ESO DET CHIP1 NAME"] = "abc"
hdu.header["LONGNOTE"] = "a very long text that does not fit on one card of eighty characters " * 3
hdu.header["CTYPE1"], hdu.header["CTYPE2"], hdu.header["CD1_1"] = "RA---FOO", "nonsense", 0.0
hdu.header["EQUINOX"] = "J2000"
put("odd_cards.fits", written(hdu).replace(b"EQUINOX = 'J2000   '", b"equinox = NaN       ", 1), noise)

with zipfile.ZipFile("inputs.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
    for name, content in inputs.items():
        out.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
with open("expected.json", "w") as out:
    rows = (f"{json.dumps(name)}: {json.dumps(planes, separators=(',', ':'))}" for name, planes in expected.items())
    out.write("{" + ",\n".join(rows) + "}\n")
print(len(inputs), "files")
