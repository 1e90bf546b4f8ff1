"""A small simulated field of the sky in g, r and z, and a catalogue of its galaxies: sample_field.zip.

Written with Python 3.11, astropy 8.0.2 and numpy 2.4.6:

    python make_sample_field.py

Nothing in it is observed: Sersic profiles with a bulge, noise, and a TAN projection of 0.262 arcsec per pixel,
in nanomaggies per pixel as in the Legacy Surveys' images. Compressed with RICE_1, with a dither.
"""
import io
import zipfile

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

rng = np.random.default_rng(20261201)
SIDE, SCALE = 320, 0.262
w = WCS(naxis=2)
w.wcs.ctype = ["RA---TAN", "DEC--TAN"]
w.wcs.crval = [150.1, 2.2]
w.wcs.crpix = [160.5, 160.5]
angle = np.deg2rad(12)
w.wcs.cd = SCALE / 3600 * np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
y, x = np.mgrid[:SIDE, :SIDE].astype(float)


def profile(x0, y0, radius, n, ratio, turn):
    dx, dy = x - x0, y - y0
    a = (dx * np.cos(turn) + dy * np.sin(turn)) / radius
    b = (-dx * np.sin(turn) + dy * np.cos(turn)) / (radius * ratio)
    light = np.exp(-(2 * n - 1 / 3) * (np.hypot(a, b) ** (1 / n)))
    return light / light.sum()


cube = np.zeros((3, SIDE, SIDE))
rows = []
for i in range(24):
    x0, y0 = rng.uniform(12, SIDE - 12, 2)
    radius, ratio, turn = rng.uniform(3, 12), rng.uniform(0.35, 1), rng.uniform(0, np.pi)
    flux = 10 ** rng.uniform(1.6, 2.9)
    bulge = rng.uniform(0.05, 0.7)
    disc, core = profile(x0, y0, radius, 1, ratio, turn), profile(x0, y0, radius / 3, 3, 0.9, turn)
    for band, (of_disc, of_core) in enumerate([(0.55, 0.25), (1.0, 0.6), (1.5, 1.3)]):
        cube[band] += flux * ((1 - bulge) * of_disc * disc + bulge * of_core * core)
    ra, dec = w.wcs_pix2world([[x0, y0]], 0)[0]
    rows.append(f"FIELD{i + 1:02d},{ra:.7f},{dec:.7f},{flux:.1f}")
# Two positions that the image does not show.
rows += ["FIELD25,150.2000000,2.2000000,100.0", "FIELD26,150.1000000,2.0900000,100.0"]
cube += rng.normal(0, 1, cube.shape) * np.array([0.006, 0.008, 0.02])[:, None, None]
cube[:, 40:48, 250:262] = np.nan
header = w.to_header()
header["BANDS"] = ("grz", "from the bottom plane to the top")
header["BUNIT"] = ("nanomaggy", "per pixel")
header["OBJECT"] = ("SIMULATED", "nothing here was observed")
out = io.BytesIO()
hdu = fits.CompImageHDU(
    cube.astype("float32"), header, name="FIELD", compression_type="RICE_1", quantize_level=2, quantize_method=1, dither_seed=7
)
fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(out)
with zipfile.ZipFile("sample_field.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for name, content in {
        "field.fits.fz": out.getvalue(),
        "catalog.csv": ("id_str,ra,dec,flux\n" + "\n".join(rows) + "\n").encode(),
    }.items():
        archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
