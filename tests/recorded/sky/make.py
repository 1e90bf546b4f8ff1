"""Positions on the sky, cut-outs and stretches as astropy computes them: expected.json.

Written with Python 3.11, astropy 8.0.2 and numpy 2.4.6, after data/make_sample_field.py:

    python make.py

The rendering of the Legacy Surveys has no package. Its formula stands here once more, as in the sources of the
viewer (github.com/dstndstn/imagine, `sdss_rgb`), in numpy.
"""
import io
import json
import warnings
import zipfile

import numpy as np
from astropy.io import fits
from astropy.nddata import Cutout2D, NoOverlapError
from astropy.visualization import ZScaleInterval, make_lupton_rgb
from astropy.wcs import WCS

warnings.simplefilter("ignore")
rng = np.random.default_rng(24)
tan = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}
place = {"CRVAL1": 150.1, "CRVAL2": 2.2, "CRPIX1": 100.5, "CRPIX2": 80.25}
headers = {
    "cd": tan | place | {"CD1_1": -7e-5, "CD1_2": 1e-5, "CD2_1": 1.2e-5, "CD2_2": 7.1e-5},
    "cdelt": tan | place | {"CDELT1": -1e-4, "CDELT2": 1e-4},
    "crota": tan | place | {"CDELT1": -1e-4, "CDELT2": 2e-4, "CROTA2": 33.0},
    "pc": tan | place | {"CDELT1": -1e-4, "CDELT2": 2e-4, "PC1_1": 0.8, "PC1_2": -0.6, "PC2_1": 0.6, "PC2_2": 0.8},
    "south": tan | {"CRVAL1": 0.001, "CRVAL2": -89.99, "CRPIX1": 10, "CRPIX2": 10, "CDELT1": -1e-3, "CDELT2": 1e-3},
    "pole": tan | {"CRVAL1": 20.0, "CRVAL2": 90.0, "CRPIX1": 10, "CRPIX2": 10, "CDELT1": -1e-3, "CDELT2": 1e-3},
    "lonpole": tan | place | {"CDELT1": -1e-4, "CDELT2": 1e-4, "LONPOLE": 150.0},
    "wide": tan | {"CRVAL1": 10.0, "CRVAL2": 45.0, "CRPIX1": 100, "CRPIX2": 100, "CDELT1": -0.1, "CDELT2": 0.1},
    "swapped": {"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "CRVAL1": 2.2, "CRVAL2": 150.1, "CRPIX1": 5, "CRPIX2": 6, "CD1_1": 1e-4, "CD1_2": 2e-5, "CD2_1": 3e-5, "CD2_2": -1e-4},
    "sip": {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP"} | place | {
        "CD1_1": -7e-5, "CD1_2": 1e-5, "CD2_1": 1.2e-5, "CD2_2": 7.1e-5, "A_ORDER": 3, "B_ORDER": 3,
        "A_2_0": 2.3e-5, "A_0_2": -1.1e-5, "A_1_1": 4e-6, "A_3_0": 1e-8, "B_2_0": -6e-6, "B_0_2": 2e-5, "B_1_2": 3e-8,
    },
}
wcs = {}
for name, cards in headers.items():
    header = fits.Header(list(cards.items()))
    w = WCS(header)
    pixels = np.vstack([rng.uniform(-50, 250, (12, 2)), [[0, 0], [99.5, 79.25]]])
    sky = w.all_pix2world(pixels, 0)
    if name == "swapped":
        sky = sky[:, ::-1]
    wcs[name] = {
        "cards": [str(card) for card in header.cards],
        "pixels": pixels.tolist(),
        "sky": sky.tolist(),
        "scale": float(np.sqrt(abs(np.linalg.det(w.pixel_scale_matrix))) * 3600),
    }

with zipfile.ZipFile("../../../data/sample_field.zip") as archive:
    file = fits.open(io.BytesIO(archive.read("field.fits.fz")))
    lines = archive.read("catalog.csv").decode().splitlines()[1:]
data, w = file[1].data, WCS(file[1].header).celestial
cutouts = {}
for line in lines:
    name, ra, dec, _ = line.split(",")
    x, y = w.all_world2pix([[float(ra), float(dec)]], 0)[0]
    for size in (9, 120):
        try:
            cut = [Cutout2D(plane, (x, y), size, mode="partial", fill_value=np.nan) for plane in data]
        except NoOverlapError:
            cutouts[f"{name} {size}"] = None
            continue
        pixels = np.stack([one.data for one in cut]).astype(float)
        defined = np.isfinite(pixels)
        cutouts[f"{name} {size}"] = {
            "undefined": int((~defined).sum()),
            "sum": float(pixels[defined].sum()),
            # Each pixel counts by its place, so that none can move.
            "weighted": float((pixels * np.arange(1, pixels.size + 1).reshape(pixels.shape))[defined].sum()),
        }

faint = rng.normal(0.02, 0.05, (3, 14, 18)) + np.exp(-((np.mgrid[:14, :18] - 8) ** 2).sum(0) / 9) * np.array([[[2.0]], [[1.2]], [[0.5]]])
planes = faint.astype("float32")
zscale = {}
for name, values in {
    "small": planes[0].ravel(),
    "steps": np.repeat(np.arange(40, dtype="float32"), 3),
    "noise": rng.normal(size=2100).astype("float32"),
    "sky": np.concatenate([rng.normal(10, 1, 2500), rng.exponential(300, 90)]).astype("float32"),
}.items():
    values = rng.permutation(values)
    zscale[name] = {"values": [float(f"{v:.7g}") for v in values], "limits": None}
    zscale[name]["limits"] = [float(v) for v in ZScaleInterval().get_limits(np.array(zscale[name]["values"], "float32"))]

def legacy(g, r, z, m=0.03, Q=20):
    scales = {"g": (2, 6.0), "r": (1, 3.4), "z": (0, 2.2)}
    I = 0
    for img, band in zip((g, r, z), "grz"):
        I = I + np.maximum(0, img * scales[band][1] + m)
    I = I / 3
    fI = np.arcsinh(Q * I) / np.sqrt(Q)
    I = I + (I == 0.0) * 1e-6
    rgb = np.zeros(g.shape + (3,))
    for img, band in zip((g, r, z), "grz"):
        plane, scale = scales[band]
        rgb[:, :, plane] = (img * scale + m) * fI / I
    return (np.clip(rgb, 0, 1) * 255).astype(np.uint8)


red, green, blue = planes.astype(float)
stretches = {
    "lupton:5:8:0": make_lupton_rgb(red, green, blue),
    "lupton:0.5:10:0.1": make_lupton_rgb(red, green, blue, minimum=0.1, stretch=0.5, Q=10),
    "legacy": legacy(blue, green, red),
}
with open("expected.json", "w") as out:
    json.dump(
        {
            "wcs": wcs,
            "cutouts": cutouts,
            "zscale": zscale,
            "planes": [[[float(f"{v:.8g}") for v in row] for row in plane] for plane in planes],
            "stretches": {name: rgb.reshape(-1).tolist() for name, rgb in stretches.items()},
        },
        out,
        separators=(",", ":"),
    )
