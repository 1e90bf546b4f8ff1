"""Binary tables as astropy writes them: the cards that say how columns are stored, and the bytes of the rows.

Made with Python 3.11, numpy 2 and astropy 8.0: python make.py.
"""
import base64
import io
import json
from pathlib import Path

import astropy
import numpy as np
from astropy.io import fits

K, D, E, L = "K", "D", "E", "L"
big = 2**63
null = -big
columns = {
    "whole": fits.Column("whole", K, null=null, array=np.array([-1, null, 9007199254740993], "int64")),
    "least": fits.Column("least", K, array=np.array([-big, big - 1, 0], "int64")),
    "least_and_empty": fits.Column("least_and_empty", K, null=null + 1, array=np.array([-big, null + 1, 5], "int64")),
    "unsigned": fits.Column("unsigned", K, bzero=big, array=np.array([10377593544216170496, 7, 2**64 - 1], "uint64")),
    "small_unsigned": fits.Column("small_unsigned", K, array=np.array([0, 7, 2**62], "int64")),
    "i8": fits.Column("i8", K, array=np.array([-128, 127, 0], "int64")),
    "u16": fits.Column("u16", K, null=null, array=np.array([65535, 0, null], "int64")),
    "single": fits.Column("single", E, array=np.array([1.5, np.nan, -0.0], "float32")),
    "half": fits.Column("half", E, array=np.array([0.1, 65504, -2], "float16").astype("float32")),
    "double": fits.Column("double", D, array=np.array([0.1, -1e-300, np.inf])),
    "decimal": fits.Column("decimal", D, array=np.array([12.34, -0.05, 1234567.89])),
    "text": fits.Column("text", "41A", array=np.array(["a", "", "a much longer name than the first, by far"])),
    "day": fits.Column("day", "10A", array=np.array(["2024-05-31", "1969-12-31", ""])),
}
truth = np.array([b"T", b"F", b"\0"])
out = {}
for name, column in columns.items():
    table = fits.BinTableHDU.from_columns([column])
    file = io.BytesIO()
    table.writeto(file)
    whole = file.getvalue()
    opened = fits.open(io.BytesIO(whole))
    header = opened[1].header
    start = opened[1].fileinfo()["datLoc"]
    data = whole[start:start + header["NAXIS1"] * header["NAXIS2"]]
    cards = {key: header[key] for key in ("TFORM1", "TZERO1", "TNULL1") if key in header}
    out[name] = {"cards": cards, "bytes": base64.b64encode(data).decode()}
out["truth"] = {"cards": {"TFORM1": "L"}, "bytes": base64.b64encode(truth.tobytes()).decode()}
print(astropy.__version__, np.__version__)
Path(__file__).with_name("expected.json").write_text(json.dumps(out, indent=0) + "\n")
