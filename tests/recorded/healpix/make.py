"""HEALPix pixels (nested) of positions, by cdshealpix: makes expected.json.

Run it in this folder. Ran with Python 3.11.7 and cdshealpix 0.9.0. Each entry is right ascension and declination in
degrees, and the pixels of the orders 0, 5, 12 and 24.
"""

import json
from pathlib import Path

import numpy as np
from astropy import units
from astropy.coordinates import Latitude, Longitude
from cdshealpix import lonlat_to_healpix

rng = np.random.default_rng(5)
ra = np.r_[rng.uniform(0, 360, 300), rng.uniform(0, 360, 80), [0.1, 45.0, 90.2, 359.9999, 180.0, 270.3] * 4]
dec = np.r_[
    np.degrees(np.arcsin(rng.uniform(-1, 1, 300))),
    np.r_[90 - 10 ** rng.uniform(-6, 1, 40), -90 + 10 ** rng.uniform(-6, 1, 40)],
    np.repeat([41.9, -41.7, 0.3, 89.99999], 6),
]
orders = [0, 5, 12, 24]
pixels = [lonlat_to_healpix(Longitude(ra * units.deg), Latitude(dec * units.deg), order) for order in orders]
rows = [[float(a), float(d), *(int(p[i]) for p in pixels)] for i, (a, d) in enumerate(zip(ra, dec))]
Path(__file__).with_name("expected.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
