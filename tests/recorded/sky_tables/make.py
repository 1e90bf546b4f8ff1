"""Tables with every type of column that FITS and VOTable have, written by astropy, and what astropy reads from them:
makes the files of this folder and expected.json.

Run it in this folder. Ran with Python 3.11.7, numpy 2.4.6, astropy 8.0.2.
"""

import json
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.io.votable import from_table, writeto
from astropy.table import MaskedColumn, Table

HERE = Path(__file__).parent


def plain(value):
    if value is np.ma.masked or value is None:
        return None
    if isinstance(value, (np.ndarray, list)):
        return [plain(it) for it in value]
    if isinstance(value, (complex, np.complexfloating)):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else "inf" if np.isinf(value) else float(value)
    return str(value.decode() if isinstance(value, bytes) else value).rstrip() or None


def flat(value):
    """A cell's values in the order of the file."""
    if isinstance(value, list):
        return [it for part in value for it in (flat(part) if isinstance(part, list) else [part])]
    return value


u63 = 2**63
columns = [
    fits.Column("L", "L", array=np.array([True, False, True])),
    fits.Column("B", "B", array=np.array([0, 200, 255], "u1"), null=255),
    fits.Column("I", "I", array=np.array([-32768, 0, 32767], "i2"), null=-32768, unit="count"),
    fits.Column("J", "J", array=np.array([-2147483647, 5, 2147483647], "i4")),
    fits.Column("K", "K", array=np.array([1237648720693755918, -9223372036854775807, 9223372036854775807], "i8")),
    fits.Column("i8", "B", bzero=-128, array=np.array([-128, 0, 127], "i1")),
    fits.Column("u16", "I", bzero=32768, array=np.array([0, 40000, 65535], "u2")),
    fits.Column("u32", "J", bzero=2**31, array=np.array([0, 3000000000, 4294967295], "u4")),
    fits.Column("u64", "K", bzero=u63, array=np.array([0, 10377593544216170496, 18446744073709551615], "u8")),
    fits.Column("E", "E", array=np.array([0.1, np.nan, -3e38], "f4"), unit="mag"),
    fits.Column("D", "D", array=np.array([0.1, np.nan, np.inf]), unit="km/s"),
    fits.Column("A", "9A", array=np.array(["NGC 1300", "", "it's"])),
    fits.Column("scaled", "I", array=np.array([1, 20, -30], "i2")),
    fits.Column("X", "11X", array=np.array([[1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1], [0] * 11, [1] * 11], bool)),
    fits.Column("3E", "3E", array=np.array([[1, 2, 3], [4, np.nan, 6], [7, 8, 9]], "f4"), unit="Jy"),
    fits.Column("2x3J", "6J", dim="(2,3)", array=np.arange(18).reshape(3, 3, 2)),
    fits.Column("words", "9A", dim="(3,3)", array=np.array([["ab", "c", "def"], ["x", "y", "z"], ["", "q", "r"]])),
    fits.Column("C", "C", array=np.array([1 + 2j, 0, -1j], "c8")),
    fits.Column("M", "2M", array=np.array([[1 + 2j, 3], [0, 0], [-1j, 0.1]], "c16")),
    fits.Column("PD", "PD", array=np.array([np.array([1.5]), np.array([]), np.array([2.0, 3.0])], dtype=object)),
    fits.Column("QK", "QK", array=np.array([np.array([2**60]), np.array([1, 2, 3]), np.array([], "i8")], dtype=object)),
]
table = fits.BinTableHDU.from_columns(columns)
table.header["TCOMM4"] = "a whole number"
table.header["TUCD11"] = "spect.dopplerVeloc"
table.writeto(HERE / "every.fits", overwrite=True)
with fits.open(HERE / "every.fits", mode="update", do_not_scale_image_data=True) as file:
    # astropy cannot write a scale itself: only the header says it.
    file[1].header["TSCAL13"] = 0.5
    file[1].header["TZERO13"] = 10.0

read = Table.read(HERE / "every.fits")
hdu = fits.open(HERE / "every.fits")[1]
expected = {}
for name in read.colnames:
    values = []
    for row in range(len(read)):
        value = plain(hdu.data[name][row] if name in ("PD", "QK") else read[name][row])
        values.append(flat(value))
    expected[name] = {"values": values, "unit": None if read[name].unit is None else str(read[name].unit)}
# The null values of whole numbers and the blank text.
assert expected["B"]["values"][2] is None and expected["I"]["values"][0] is None and expected["A"]["values"][1] is None

some = Table()
some["objid"] = MaskedColumn(np.array([1237648720693755918, 2, 3]), mask=[0, 1, 0], description="an id & more")
some["ra"] = MaskedColumn([10.5, 20.25, 359.999], unit="deg")
some["mag"] = MaskedColumn(np.array([17.1, 18.2, 19.3], "f4"), unit="mag", mask=[0, 0, 1])
some["n"] = MaskedColumn(np.array([1, 2, 3], "i2"), mask=[1, 0, 0])
some["name"] = ["a <b>", "c", "d \N{LATIN SMALL LETTER E WITH ACUTE}"]
some["flag"] = [True, False, True]
some["flux"] = np.array([[1.5, 2.5], [3.5, 4.5], [5.5, 6.5]])
some["flux"].unit = "Jy"
for kind in ["tabledata", "binary2"]:
    writeto(from_table(some), str(HERE / f"some_{kind}.vot"), tabledata_format=kind)
some.write(HERE / "some.ecsv", overwrite=True)
some.write(HERE / "some_comma.ecsv", delimiter=",", overwrite=True)
for name in some.colnames:
    key = f"some/{name}"
    values = [flat(plain(it)) for it in some[name]]
    expected[key] = {"values": values, "unit": None if some[name].unit is None else str(some[name].unit)}
(HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
