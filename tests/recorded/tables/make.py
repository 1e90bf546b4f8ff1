"""Catalogues as people have them, and what is in them: makes the files of this folder and expected.json.

Run it in this folder. Ran with Python 3.11.7, numpy 2.4.6, pandas 3.1.1, pyarrow 26.0.1, astropy 8.0.2.

A readable file has its columns in expected.json, each with its kind (text, whole, number, truth, list) and its
values: whole numbers as text with all their digits, null for an empty cell. They are what the file was made of,
and where pandas or astropy read that kind of file, their reading was compared. A file that cannot be read has the
words that the error says.
"""

import bz2
import datetime
import decimal
import gzip
import io
import json
import shutil
import struct
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from astropy import units
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.io.votable.tree import VOTableFile
from astropy.table import MaskedColumn, Table

HERE = Path(__file__).parent
expected = {}
NOTHING = object()


def cell(value):
    if value is None or value is NOTHING or (isinstance(value, float) and np.isnan(value)) or value is np.ma.masked:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else "inf" if np.isinf(value) else float(value)
    return str(value)


def good(name, **columns):
    """The columns of a file: kind and values."""
    expected[name] = {
        key: {"kind": kind, "values": [cell(value) for value in values]} for key, (kind, values) in columns.items()
    }


def bad(name, *says):
    expected[name] = {"error": list(says)}


def write(name, content):
    path = HERE / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def text(name, content, **columns):
    write(name, content)
    good(name, **columns)


def broken(name, content, *says):
    write(name, content)
    bad(name, *says)


for folder in ["text", "broken", "parquet", "fits", "votable"]:
    shutil.rmtree(HERE / folder, ignore_errors=True)
    (HERE / folder).mkdir()

ids = ("text", ["g1", "g2", "g3"])
files = ("text", ["a.jpg", "b.jpg", "c.jpg"])
names = dict(id_str=ids, file_loc=files)


def rows(header, *values, separator=",", end="\n"):
    lines = [header] + [separator.join(str(it) for it in row) for row in values]
    return end.join(lines) + end


three = [["g1", "a.jpg"], ["g2", "b.jpg"], ["g3", "c.jpg"]]


def with_column(header, values, separator=",", end="\n"):
    return rows(header, *[row + [value] for row, value in zip(three, values)], separator=separator, end=end)


# --- whole numbers
def whole(name, values, kind="whole", kept=None):
    content = with_column("id_str,file_loc,n", values)
    text(f"text/{name}.csv", content, **names, n=(kind, kept if kept is not None else values))
    if kind == "whole":
        read = pd.read_csv(io.StringIO(content), dtype={"n": object})
        assert [str(it) for it in read.n] == [str(it) for it in values], read


whole("i64", [9223372036854775807, -9223372036854775808, 1])
whole("u64", [10377593544216170496, 18446744073709551615, 9223372036854775808])
whole("beyond-u64", ["18446744073709551616", "10377593544216170497", "5"], "text")
whole("u64-and-negative", ["10377593544216170496", "-1", "5"], "text")
whole("fifty-digits", ["1" * 50, "2" * 49, "7"], "text")
whole("i64-and-decimals", ["1237648720693755918", "1.5", "2"], "text")
whole("i64-with-point-zero", ["1237648720693755918.0", "1237660024524046409.0", "2.0"], "text")
whole("small-and-decimals", ["3", "1.5", "2"], "number", [3.0, 1.5, 2.0])
whole("two-to-the-53", ["9007199254740992", "0.5", "1"], "number", [9007199254740992.0, 0.5, 1.0])
whole("exponents", ["1e5", "-2.5E-3", "+7"], "number", [1e5, -2.5e-3, 7.0])
text("text/whole-with-gaps.csv", with_column("id_str,file_loc,n", ["1237648720693755918", "", "NaN"]), **names,
     n=("whole", [1237648720693755918, None, None]))
text("text/words-for-nothing.csv", with_column("id_str,file_loc,n", ["17.5", "--", "N/A"]), **names,
     n=("number", [17.5, None, None]))
text("text/digits-as-names.csv", rows("id_str,file_loc", ["0012", "007"], ["1237648720693755918", "8"], ["1e5", "9"]),
     id_str=("text", ["0012", "1237648720693755918", "1e5"]), file_loc=("text", ["007", "8", "9"]))
text("text/truth.csv", with_column("id_str,file_loc,t", ["true", "False", ""]), **names, t=("truth", [True, False, None]))
text("text/truth-and-numbers.csv", with_column("id_str,file_loc,t", ["true", "0", "1"]), **names, t=("text", ["true", "0", "1"]))

# --- comments and headers
body = rows("id_str,file_loc", *three)
text("text/comments.csv", "# rings\n# made by hand, in 2024\n\n" + body, **names)
text("text/header-in-comment.csv", "#" + body, **names)
text("text/header-in-comment-2.csv", "# rings\n# id_str, file_loc\n" + rows("", *three).lstrip(), **names)
text("text/header-spelt-otherwise-in-comment.csv", "# id_str,file_loc,z: the columns\n" + with_column("id_str,file_loc,z", [1, 2, 3]),
     **names, z=("whole", [1, 2, 3]))
text("text/topcat.txt", "# id_str  file_loc  z\n  g1      a.jpg     0.1\n  g2      b.jpg     0.2\n  g3      c.jpg     0.3\n",
     **names, z=("number", [0.1, 0.2, 0.3]))
text("text/hash-names.csv", rows("id_str,file_loc", ["#12", "a.jpg"], ["12", "b.jpg"], ["#", "c.jpg"]),
     id_str=("text", ["#12", "12", "#"]), file_loc=files)
text("text/hash-names-below-comments.csv", "# two\n" + rows("id_str,file_loc", ["#12", "a.jpg"], ["12", "b.jpg"]) + "# end of the table\n",
     id_str=("text", ["#12", "12"]), file_loc=("text", ["a.jpg", "b.jpg"]))

table = Table({"id_str": ["012", "g 2", "#3"], "file_loc": ["a.jpg", "b,b.jpg", 'c".jpg'],
               "objid": np.array([1237648720693755918, 2, 3]), "mag": np.array([17, 18, 19], dtype=float), "odd": [True, False, True]})
table["mag"].unit = units.mag
table["mag"].description = "A long description of the magnitude, which goes on and on until the line of the header is far too long for one line of YAML"
masked = table.copy()
masked["mag"] = MaskedColumn(table["mag"], mask=[False, True, False])
for name, delimiter in [("comma", ","), ("space", " ")]:
    out = io.StringIO()
    masked.write(out, format="ascii.ecsv", delimiter=delimiter)
    again = Table.read(out.getvalue(), format="ascii.ecsv")
    # astropy writes the name that begins with # without quotation marks, and takes its row for a comment.
    assert all(list(again[it]) == list(masked[it])[:2] or it == "mag" for it in again.colnames) and again["mag"][0] == 17
    text(f"text/{name}.ecsv", out.getvalue(), id_str=("text", table["id_str"]), file_loc=("text", table["file_loc"]),
         objid=("whole", table["objid"]), mag=("number", masked["mag"]), odd=("truth", table["odd"]))
digits = Table({"id_str": ["1", "2"], "file_loc": ["a.jpg", "b.jpg"], "code": ["001", "002"]})
out = io.StringIO()
digits.write(out, format="ascii.ecsv")
text("text/digits.ecsv", out.getvalue(), id_str=("text", ["1", "2"]), file_loc=("text", ["a.jpg", "b.jpg"]), code=("text", ["001", "002"]))
out = io.StringIO()
Table({"id_str": ids[1], "file_loc": files[1]}).write(out, format="ascii.commented_header")
text("text/commented-header.txt", out.getvalue(), **names)
out = io.StringIO()
Table({"id_str": ids[1], "file_loc": files[1], "z": [0.1, 0.2, 0.3]}).write(out, format="ascii.fixed_width_two_line")
text("text/two-line.txt", out.getvalue(), **names, z=("number", [0.1, 0.2, 0.3]))
out = io.StringIO()
Table({"id_str": ids[1], "file_loc": files[1], "z": [0.1, 0.2, 0.3]}).write(out, format="ascii.fixed_width")
text("text/bars.txt", out.getvalue(), **names, z=("number", [0.1, 0.2, 0.3]))
text("text/vizier.tsv", "#RESOURCE=yCat\n#Name: J/X\n\nid_str\tfile_loc\tmag\n \t \tmag\n------\t--------\t---\n"
     + "g1\ta.jpg\t17\ng2\tb.jpg\t18\ng3\tc.jpg\t\n", **names, mag=("whole", [17, 18, None]))

# --- separators and line ends
for name, separator in [("semicolons", ";"), ("tabs", "\t"), ("bars", "|"), ("spaces", " ")]:
    text(f"text/{name}.csv", with_column(separator.join(["id_str", "file_loc", "z"]), ["0.05", "0.1", "2"], separator), **names,
         z=("number", [0.05, 0.1, 2.0]))
content = with_column("id_str;file_loc;z", ["0,05", "-1,5", ""], ";")
read = pd.read_csv(io.StringIO(content), sep=";", decimal=",")
text("text/decimal-commas.csv", content, **names, z=("number", list(read.z)))
text("text/decimal-commas-and-points.csv", with_column("id_str;file_loc;z", ["0,05", "1.5", "2"], ";"), **names, z=("text", ["0,05", "1.5", "2"]))
text("text/excel.csv", b"\xef\xbb\xbfsep=;\r\n" + with_column("id_str;file_loc;z", ["0,05", "1", "2"], ";", "\r\n").encode(), **names,
     z=("number", [0.05, 1.0, 2.0]))
text("text/utf-16.csv", body.encode("utf-16"), **names)
text("text/utf-16-be.csv", b"\xfe\xff" + body.encode("utf-16-be"), **names)
text("text/crlf.csv", body.replace("\n", "\r\n"), **names)
text("text/cr.csv", body.replace("\n", "\r"), **names)
text("text/no-last-line-end.csv", body.rstrip("\n"), **names)
text("text/blank-lines.csv", "\n" + body.replace("\n", "\n \n\n"), **names)
text("text/rows-of-commas.csv", body + ",\n,\n", **names)
text("text/commas-at-the-ends.csv", body.replace("\n", ",\n"), **names)
text("text/commas-at-the-ends-of-rows.csv", body.replace(".jpg\n", ".jpg,\n"), **names)
text("text/spaces-around.csv", rows("id_str , file_loc, z", ["g1", " a.jpg", " 1"], ["g2 ", " b.jpg", " 2"], ["g3", " \"c.jpg\"", "3"]), **names,
     z=("whole", [1, 2, 3]))
content = rows("id_str,file_loc,remark", ["g1", "a.jpg", '"near a star,\nblended ""much"""'], ["g2", '"b.jpg"', '5" wide'], ["g3", "c.jpg", '""'])
read = pd.read_csv(io.StringIO(content), keep_default_na=False)
text("text/quotes.csv", content, **names, remark=("text", list(read.remark)))
text("text/quoted-numbers.csv", with_column("id_str,file_loc,z", ['"1.5"', '"2"', '""']), **names, z=("number", [1.5, 2.0, None]))
content = pd.DataFrame({"id_str": ids[1], "file_loc": files[1]}).to_csv()
text("text/pandas-index.csv", content, column_1=("whole", [0, 1, 2]), **names)
text("text/unnamed.csv", content.replace(",id_str", "Unnamed: 0,id_str"), **{"Unnamed: 0": ("whole", [0, 1, 2])}, **names)
text("text/other-endings.dat", body, **names)

packed = gzip.compress(body.encode(), mtime=0)
text("text/packed.csv.gz", packed, **names)
text("text/two-members.csv.gz", gzip.compress(body[:20].encode(), mtime=0) + gzip.compress(body[20:].encode(), mtime=0), **names)
text("text/packed.tsv.bz2", bz2.compress(body.replace(",", "\t").encode()), **names)

# --- files that cannot be read
broken("broken/comma-in-a-remark.csv", rows("id_str,file_loc,remark", ["g1", "a.jpg", "ok"], ["g2", "b.jpg", "star near, blended"]),
       "line 3", "4 values", "header has 3", "g2,b.jpg,star near, blended", "quotation marks")
broken("broken/too-few.csv", rows("id_str,file_loc,z", ["g1", "a.jpg", "1"], ["g2", "b.jpg"]), "line 3", "2 values", "header has 3", "a comma")
broken("broken/comments-and-too-few.csv", "# one\n# two\n" + rows("id_str;file_loc;z", ["g1;a.jpg;1"], ["g2;b.jpg"]), "line 5", "2 values", "a semicolon")
broken("broken/after-a-long-value.csv", 'id_str,file_loc,z\ng1,a.jpg,"1\n2\n3"\n\ng2,b.jpg\n', "line 6", "2 values")
broken("broken/no-closing-quote.csv", rows("id_str,file_loc,z", ["g1", "a.jpg", '"wide'], ["g2", "b.jpg", "1"]), "line 2", "not closed", '"wide')
broken("broken/closed-late.csv", rows("id_str,file_loc,z", ["g1", "a.jpg", '"wide'], ["g2", "b.jpg", "1"], ["g3", "c.jpg", '"x"']), "line 2", "line 4")
broken("broken/text-after-quote.csv", rows("id_str,file_loc,z", ["g1", "a.jpg", '"5" wide']), "line 2", "closing quotation mark")
broken("broken/units.csv", rows("id_str,file_loc,mag", ["", "", "mag"], *[row + [17] for row in three]), "line 2", "units", '"mag"')
broken("broken/units-with-names.csv", rows("id_str,file_loc,r,d", ["str", "str", "arcsec", "[kpc/h]"], *[row + [17, 2.5] for row in three]),
       "line 2", "units", "arcsec")
broken("broken/ring-twice.csv", rows("id_str,file_loc,ring,ring", ["g1", "a.jpg", 0, 1]), '"ring"', "twice", "columns 3 and 4")
broken("broken/id-twice.csv", rows("id_str,id_str,file_loc", ["g1", "x1", "a.jpg"]), '"id_str"', "twice")
broken("broken/file-twice.csv", rows("id_str,file_loc, file_loc", ["g1", "a.jpg", "b.jpg"]), '"file_loc"', "twice")
broken("broken/renamed-there-already.csv", rows("id_str,file_loc,a,a_duplicated_0,a", ["g1", "a.jpg", 1, 2, 3]), '"a"', "twice")
broken("broken/latin-1.csv", "id_str,file_loc\na,a.jpg\n".encode() + b"caf\xe9,b.jpg\n", "line 3", "UTF-8")
broken("broken/empty.csv", "", "empty")
broken("broken/only-comments.csv", "# nothing\n# here\n", "only comment lines")
broken("broken/no-row.csv", "id_str,file_loc\n\n", "no galaxy")
broken("broken/empty-name.csv", rows("id_str,file_loc", ["g1", "a.jpg"], ["", "b.jpg"]), "id_str is empty in line 3")
broken("broken/repeated-name.csv", "# c\n" + rows("id_str,file_loc", ["g1", "a.jpg"], ["g2", "b.jpg"], ["g1", "c.jpg"]), '"g1"', "lines 3 and 5")
broken("broken/excel-ids.csv", rows("id_str,file_loc", ["1.23765E+18", "a.jpg"], ["1.23766E+18", "b.jpg"]), "id_str", "lost their last digits", "text")
broken("broken/pandas-ids.csv", rows("id_str,file_loc", ["1.2376487206937559e+18", "a.jpg"]), "id_str", "lost their last digits")
broken("broken/capitals.csv", rows("ID_STR,FILE_LOC", ["g1", "a.jpg"]), '"ID_STR"', "Did you mean", "Rename")
broken("broken/other-names.csv", rows("iauname,filename,z", ["g1", "a.jpg", 1]), '"iauname"', "Did you mean")
broken("broken/file-path.csv", rows("id_str,file_path,z", ["g1", "a.jpg", 1]), '"file_path"', "Did you mean")
broken("broken/nothing-alike.csv", rows("plate,mjd", ["1", "2"]), '"plate", "mjd"')
broken("broken/byte-by-byte.txt", "Title: Rings\n" + "=" * 40 + "\nByte-by-byte Description of file: t.txt\n", "machine-readable table", "CSV")
broken("broken/ipac.tbl", "\\fixlen = T\n|id_str|file_loc|\n|char  |char    |\n g1     a.jpg\n", "IPAC", "CSV")
broken("broken/cut.csv.gz", packed[:-12], "cut off")
broken("broken/pickle.pkl", __import__("pickle").dumps({"id_str": 1}), "pickle", "parquet")
broken("broken/array.npy", (lambda out: (np.save(out, np.arange(3)), out.getvalue())[1])(io.BytesIO()), "numpy", "parquet")
broken("broken/t.h5", b"\x89HDF\r\n\x1a\n" + b"\0" * 100, "HDF5", "parquet")
broken("broken/named.csv", b"\x89HDF\r\n\x1a\n" + b"\0" * 100, "HDF5")
broken("broken/t.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "Excel", "CSV")
import zipfile
out = io.BytesIO()
with zipfile.ZipFile(out, "w") as archive:
    archive.writestr(zipfile.ZipInfo("[Content_Types].xml"), "<Types/>")
broken("broken/t.xlsx", out.getvalue(), "Excel", "CSV")
broken("broken/t.json", '{"id_str": ["a"], "file_loc": ["a.jpg"]}', "JSON")
broken("broken/page.csv", "<!DOCTYPE html>\n<html><body>Please log in</body></html>\n", "web page")
broken("broken/picture.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "picture")
broken("broken/text.parquet", "PAR2 nonsense\n", "not a Parquet table")
broken("broken/text.fits", "id_str,file_loc\n", "not a FITS file")
broken("broken/utf-16-without-mark.csv", body.encode("utf-16-le"), "UTF-16", "UTF-8")
broken("broken/excel-ids-with-commas.csv", rows("id_str;file_loc", ["1,23765E+18;a.jpg"]), "id_str", "lost their last digits")
broken("broken/only-one-column.csv", "id_str\na\n", 'There is only "id_str"')
broken("broken/binary.csv", bytes(range(256)) * 4, "neither text")

# --- Parquet
def parquet(name, columns, kinds, **options):
    table = pa.table(columns)
    path = HERE / "parquet" / name
    pq.write_table(table, path, **options)
    good(f"parquet/{name}", **{key: (kind, table[key].to_pylist() if values is NOTHING else values) for key, (kind, values) in kinds.items()})


def parquet_of(name, values, kind, kept=NOTHING, **options):
    parquet(name, {"id_str": pa.array(ids[1]), "file_loc": pa.array(files[1]), "x": values},
            dict(id_str=("text", NOTHING), file_loc=("text", NOTHING), x=(kind, kept)), **options)


for kind in ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]:
    info = np.iinfo(kind)
    parquet_of(f"{kind}.parquet", pa.array(np.array([info.min, info.max, 5], dtype=kind)), "whole")
    parquet(f"id-{kind}.parquet", {"id_str": pa.array(np.array([info.min, info.max, 5], dtype=kind)), "file_loc": pa.array(files[1])},
            dict(id_str=("text", [str(info.min), str(info.max), "5"]), file_loc=("text", NOTHING)))
parquet_of("float16.parquet", pa.array(np.array([1.5, -2.25, np.nan], dtype="float16")), "number")
parquet_of("float32.parquet", pa.array(np.array([1.5, -2.25, 3], dtype="float32")), "number")
decimals = [decimal.Decimal("17.25"), None, decimal.Decimal("-3.50")]
parquet_of("decimal.parquet", pa.array(decimals, type=pa.decimal128(10, 2)), "number", [17.25, None, -3.5])
parquet_of("decimal-whole.parquet", pa.array([decimal.Decimal("1237648720693755918"), None, decimal.Decimal("-3")], type=pa.decimal128(20, 0)), "whole")
parquet_of("decimal-of-30-digits.parquet", pa.array([decimal.Decimal("1" * 30), None, decimal.Decimal("-3")], type=pa.decimal128(31, 0)), "text",
           ["1" * 30, None, "-3"])
parquet_of("decimal-stored-short.parquet", pa.array(decimals, type=pa.decimal128(9, 2)), "number", [17.25, None, -3.5], store_decimal_as_integer=True)
parquet_of("dictionary.parquet", pa.array(["S", "E", "S"]).dictionary_encode(), "text", ["S", "E", "S"])
parquet_of("bytes.parquet", pa.array([b"S", None, b"E"], type=pa.binary()), "text", ["S", None, "E"])
parquet_of("bytes-fixed.parquet", pa.array([b"S1", b"S2", b"E3"], type=pa.binary(2)), "text", ["S1", "S2", "E3"])
parquet_of("large-string.parquet", pa.array(["S", None, "E"], type=pa.large_string()), "text")
parquet_of("string-view.parquet", pa.array(["S", None, "E"], type=pa.string_view()), "text")
parquet_of("bool.parquet", pa.array([True, None, False]), "truth")
parquet_of("nothing.parquet", pa.nulls(3), "text")
parquet_of("zstd.parquet", pa.array([1, 2, 3]), "whole", compression="zstd")
parquet_of("gzip.parquet", pa.array([1, 2, 3]), "whole", compression="gzip")
parquet_of("brotli.parquet", pa.array([1, 2, 3]), "whole", compression="brotli")
parquet_of("lz4.parquet", pa.array([1, 2, 3]), "whole", compression="lz4")
day = datetime.date(2024, 2, 29)
parquet_of("date.parquet", pa.array([day, None, day]), "other", [])
parquet_of("time.parquet", pa.array([datetime.datetime(2024, 2, 29, 12), None, None], type=pa.timestamp("us", tz="UTC")), "other", [])
parquet_of("nanoseconds.parquet", pa.array([1, None, 2], type=pa.timestamp("ns")), "other", [])
parquet_of("duration.parquet", pa.array([1, None, 2], type=pa.duration("s")), "other", [])
parquet_of("clock.parquet", pa.array([1, None, 2], type=pa.time32("s")), "other", [])
parquet_of("list.parquet", pa.array([[1.0, 2.0], None, []]), "other", [])
for name, values in [
    ("fixed-list", pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], type=pa.list_(pa.float32(), 2))),
    ("list-of-fixed-lists", pa.array([[[1.0, 2.0]], [], None], type=pa.list_(pa.list_(pa.float32(), 2)))),
    ("decimal-of-50-digits", pa.array([decimal.Decimal("1" * 40), None, None], type=pa.decimal256(50, 0))),
]:
    parquet_of(f"{name}.parquet", values, "left out", [])
parquet_of("struct.parquet", pa.array([{"ra": 1.0}, {"ra": 2.0}, None]), "other", [])
parquet_of("map.parquet", pa.array([[("a", 1)], [], None], type=pa.map_(pa.string(), pa.int64())), "other", [])
parquet_of("not-utf-8.parquet", pa.array([b"\xff\xfe", b"a", None]), "other", [])


def parquet_id(name, values, kept):
    parquet(name, {"id_str": values, "file_loc": pa.array(files[1])}, dict(id_str=("text", kept), file_loc=("text", NOTHING)))


parquet_id("id-float.parquet", pa.array([101623.0, 101997.0, 9007199254740991.0]), ["101623", "101997", "9007199254740991"])
parquet_id("id-float32.parquet", pa.array(np.array([1, 2, 16777215], dtype="float32")), ["1", "2", "16777215"])
parquet_id("id-decimal.parquet", pa.array([decimal.Decimal(it) for it in ["1237648720693755918", "2", "3"]], type=pa.decimal128(20, 0)),
           ["1237648720693755918", "2", "3"])
parquet_id("id-decimal-2.parquet", pa.array([decimal.Decimal(it) for it in ["1237648720693755918.00", "2.50", "3.00"]], type=pa.decimal128(30, 2)),
           ["1237648720693755918", "2.50", "3"])
parquet_id("id-dictionary.parquet", pa.array(["x", "y", "z"]).dictionary_encode(), ["x", "y", "z"])
parquet_id("id-bytes.parquet", pa.array([b"x", b"y", b"z"]), ["x", "y", "z"])
parquet_id("id-large-string.parquet", pa.array(["x", "y", "z"], type=pa.large_string()), ["x", "y", "z"])
frame = pd.DataFrame({"id_str": pd.Categorical(ids[1]), "file_loc": files[1]}, index=[5, 6, 7])
frame.to_parquet(HERE / "parquet/pandas-category.parquet")
good("parquet/pandas-category.parquet", **names)
frame.set_index("id_str").to_parquet(HERE / "parquet/pandas-index.parquet")
good("parquet/pandas-index.parquet", **names)
frame.iloc[::-1].sort_index().rename(index=str).to_parquet(HERE / "parquet/pandas-text-index.parquet")
good("parquet/pandas-text-index.parquet", **names)
whole_file = (HERE / "parquet/id-float.parquet").read_bytes()
text("parquet/named.csv", whole_file, **{key: (it["kind"], it["values"]) for key, it in expected["parquet/id-float.parquet"].items()})
text("parquet/packed.parquet.gz", gzip.compress(whole_file, mtime=0),
     **{key: (it["kind"], it["values"]) for key, it in expected["parquet/id-float.parquet"].items()})


def parquet_bad(name, values, *says):
    pq.write_table(pa.table({"id_str": values, "file_loc": pa.array(files[1][: len(values)])}), HERE / "parquet" / name)
    bad(f"parquet/{name}", *says)


parquet_bad("id-float-big.parquet", pa.array([1237648720693755918.0, 1237660024524046409.0]), "id_str", "lost their last digits", "text")
parquet_bad("id-float32-big.parquet", pa.array(np.array([123456789, 1], dtype="float32")), "id_str", "lost their last digits")
parquet_bad("id-fraction.parquet", pa.array([1.5, 2.0]), "id_str", "fraction", "1.5")
parquet_bad("id-missing.parquet", pa.array([1.0, np.nan]), "id_str is empty in row 2")
parquet_bad("id-list.parquet", pa.array([["a"], ["b"]]), "id_str", "lists")
parquet_bad("id-not-utf-8.parquet", pa.array([b"\xff", b"a"]), "id_str", "UTF-8")
parquet_bad("no-rows.parquet", pa.array([], type=pa.string()), "no galaxy")
parquet_bad("id-twice.parquet", pa.array(["a", "a"]), '"a"', "rows 1 and 2")
for place in [8, len(whole_file) // 2, len(whole_file) - 5]:
    broken(f"parquet/cut-{place}.parquet", whole_file[:place], "not a Parquet table", "cut off")
broken("parquet/footer.parquet", whole_file[:-60] + b"\xff" * 52 + whole_file[-8:], "not a Parquet table")
pq.write_table(pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"]), pa.array(["c"])], names=["id_str", "file_loc", "file_loc"]),
               HERE / "parquet/file-twice.parquet")
bad("parquet/file-twice.parquet", "twice", "file_loc")

# --- FITS
def fits_table(name, columns, kinds, kind=fits.BinTableHDU, cards=()):
    hdu = kind.from_columns(columns)
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(out)
    content = out.getvalue()
    for before, after in cards:
        assert content.count(before) == 1
        content = content.replace(before, after)
    write(f"fits/{name}", content)
    good(f"fits/{name}", **kinds)
    return content


own = [fits.Column("id_str", "4A", array=ids[1]), fits.Column("file_loc", "8A", array=files[1])]
f32 = [float(np.float32(it)) for it in [17.3, -2.5]]
numbers = own + [
    fits.Column("logical", "L", array=np.array([True, False, True])),
    fits.Column("byte", "B", array=np.array([0, 255, 7], dtype="uint8"), null=7),
    fits.Column("short", "I", array=np.array([-32768, 32767, 7], dtype="int16"), null=7),
    fits.Column("int", "J", array=np.array([-2147483648, 2147483647, -1], dtype="int32")),
    fits.Column("long", "K", array=np.array([-9223372036854775808, 9223372036854775807, -99], dtype="int64"), null=-99),
    fits.Column("signed", "B", array=np.array([-128, 127, 0], dtype="int8"), bzero=-128),
    fits.Column("ushort", "I", array=np.array([0, 65535, 40000], dtype="uint16"), bzero=32768),
    fits.Column("uint", "J", array=np.array([0, 4294967295, 3000000000], dtype="uint32"), bzero=2147483648),
    fits.Column("ulong", "K", array=np.array([0, 18446744073709551615, 10377593544216170496], dtype="uint64"), bzero=9223372036854775808),
    fits.Column("single", "E", array=np.array([17.3, np.nan, -2.5], dtype="float32")),
    fits.Column("double", "D", array=np.array([17.3, np.nan, -2.5])),
    fits.Column("scaled", "I", array=np.array([1, 3, -8], dtype="int16"), unit="scale"),
    fits.Column("text", "6A", array=["S0", "", "SBc pe"], unit="none"),
    fits.Column("bit", "1X", array=np.array([[True], [False], [True]])),
]
kinds = dict(
    **names, logical=("truth", [True, False, True]), byte=("whole", [0, 255, None]), short=("whole", [-32768, 32767, None]),
    int=("whole", [-2147483648, 2147483647, -1]), long=("whole", [-9223372036854775808, 9223372036854775807, None]),
    signed=("whole", [-128, 127, 0]), ushort=("whole", [0, 65535, 40000]), uint=("whole", [0, 4294967295, 3000000000]),
    ulong=("whole", [0, 18446744073709551615, 10377593544216170496]), single=("number", [f32[0], None, f32[1]]),
    double=("number", [17.3, None, -2.5]), scaled=("number", [1.5, 2.5, -3.0]), text=("text", ["S0", None, "SBc pe"]),
    bit=("truth", [True, False, True]),
)
# astropy cannot write scaled numbers of its own.
card = b"TUNIT14 = 'scale   '".ljust(80)
content = fits_table("kinds.fits", numbers, kinds, cards=[(card, b"TSCAL14 =                  0.5 / scale".ljust(80)), (b"TUNIT15 = 'none    '".ljust(80), b"TZERO14 =                  1.0".ljust(80))])
assert list(Table.read(io.BytesIO(content))["scaled"]) == [1.5, 2.5, -3.0]
text("fits/kinds.fits.gz", gzip.compress(content, mtime=0), **kinds)
text("fits/kinds.fits.bz2", bz2.compress(content), **kinds)
text("fits/named.csv", content, **kinds)
vectors = own + [
    fits.Column("votes", "3J", array=np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])),
    fits.Column("words", "8A", dim="(4,2)", array=np.array([["ab", "cd"], ["ef", "g"], ["h", ""]])),
    fits.Column("flags", "11X", array=np.eye(3, 11, dtype=bool)),
    fits.Column("various", "PD()", array=np.array([np.array([1.0]), np.array([2.0, 3.0]), np.array([])], dtype=object)),
    fits.Column("complex", "C", array=np.array([1 + 2j, 3j, 4])),
    fits.Column("after", "J", array=np.array([1, 2, 3])),
]
fits_table("vectors.fits", vectors, dict(
    **names, votes=("list", ["1 2 3", "4 5 6", "7 8 9"]), words=("list", ["ab cd", "ef g", "h null"]),
    various=("list", ["1.0", "2.0 3.0", ""]), complex=("list", ["1.0 2.0", "0.0 3.0", "4.0 0.0"]), after=("whole", [1, 2, 3])))
fits_table("strings-elsewhere.fits", own + [fits.Column("remark", "PA()", array=np.array(["near a star", "", "x"], dtype=object))],
           dict(**names, remark=("text", ["near a star", None, "x"])))
ascii_columns = [
    fits.Column("id_str", "A4", array=ids[1]), fits.Column("file_loc", "A8", array=files[1]),
    fits.Column("n", "I20", array=np.array([1237648720693755918, 2, -3])),
    fits.Column("mag", "F8.3", array=np.array([17.25, -2.5, 0.125])),
    fits.Column("flux", "E15.7", array=np.array([1.5e-17, 2.5, 3e10])), fits.Column("big", "D25.17", array=np.array([1 / 3, 2e100, -1.0])),
]
fits_table("ascii.fits", ascii_columns, dict(
    **names, n=("whole", [1237648720693755918, 2, -3]), mag=("number", [17.25, -2.5, 0.125]), flux=("number", [1.5e-17, 2.5, 3e10]),
    big=("number", [1 / 3, 2e100, -1.0])), kind=fits.TableHDU)
hdus = fits.HDUList([fits.PrimaryHDU(np.zeros((9, 11), dtype="float32")), fits.ImageHDU(np.zeros((3, 5), dtype="int16")),
                     fits.BinTableHDU.from_columns(own), fits.BinTableHDU.from_columns([fits.Column("other", "J", array=[1])])])
hdus.writeto(HERE / "fits/after-images.fits")
good("fits/after-images.fits", **names)
table = Table({"id_str": ids[1], "file_loc": files[1], "m": MaskedColumn([1.5, 2.5, 3.5], mask=[0, 1, 0]), "n": MaskedColumn([1, 2, 3], mask=[0, 0, 1])})
table.write(HERE / "fits/astropy-masked.fits")
again = Table.read(HERE / "fits/astropy-masked.fits")
good("fits/astropy-masked.fits", id_str=("text", again["id_str"]), file_loc=("text", again["file_loc"]), m=("number", again["m"]), n=("whole", again["n"]))
fits.HDUList([fits.PrimaryHDU(np.zeros((9, 11), dtype="float32"))]).writeto(HERE / "fits/image.fits")
bad("fits/image.fits", "no table", "images")
write("fits/cut.fits", content[: len(content) - 2880 + 100])
bad("fits/cut.fits", "cut off")
write("fits/cut-header.fits", content[: 2880 + 400])
bad("fits/cut-header.fits", "cut off")
fits_float = fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(
    [fits.Column("id_str", "D", array=np.array([1237648720693755918.0])), fits.Column("file_loc", "8A", array=["a.jpg"])])])
fits_float.writeto(HERE / "fits/id-float.fits")
bad("fits/id-float.fits", "id_str", "lost their last digits")
fits_long = fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(
    [fits.Column("id_str", "K", array=np.array([1237648720693755918])), fits.Column("file_loc", "8A", array=["a.jpg"])])])
fits_long.writeto(HERE / "fits/id-long.fits")
good("fits/id-long.fits", id_str=("text", ["1237648720693755918"]), file_loc=("text", ["a.jpg"]))
twice_columns = io.BytesIO()
fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(own + [fits.Column("file_lox", "4A", array=["x"] * 3)])]).writeto(twice_columns)
write("fits/file-twice.fits", twice_columns.getvalue().replace(b"file_lox", b"file_loc"))
bad("fits/file-twice.fits", '"file_loc"', "twice")

# --- VOTable
table = Table({
    "id_str": ["g1", "g<2>", "g&3"], "file_loc": files[1], "truth": [True, False, True], "byte": np.array([0, 255, 7], dtype="uint8"),
    "short": np.array([-5, 6, 7], dtype="int16"), "int": MaskedColumn(np.array([-5, 6, 7], dtype="int32"), mask=[0, 1, 0], fill_value=-99),
    "long": np.array([1237648720693755918, -9223372036854775807, 3]), "float": np.array([17.3, np.nan, -2.5], dtype="float32"),
    "double": np.array([17.3, np.nan, -2.5]), "unicode": np.array(["é", "", "日本"]),
})
table["vector"] = np.array([[1, 2], [3, 4], [5, 6]], dtype="int32")
kinds = dict(
    id_str=("text", ["g1", "g<2>", "g&3"]), file_loc=files, truth=("truth", [True, False, True]), byte=("whole", [0, 255, 7]), short=("whole", [-5, 6, 7]),
    int=("whole", [-5, None, 7]), long=("whole", [1237648720693755918, -9223372036854775807, 3]), float=("number", [f32[0], None, f32[1]]),
    double=("number", [17.3, None, -2.5]), unicode=("text", ["é", None, "日本"]), vector=("text", ["1 2", "3 4", "5 6"]))
for form in ["tabledata", "binary", "binary2"]:
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = VOTableFile.from_table(table)
        next(it for it in file.iter_fields_and_params() if it.name == "int").values.null = -99
        file.to_xml(out, tabledata_format=form)
        again = parse_single_table(io.BytesIO(out.getvalue())).to_table()
    assert list(again["long"]) == list(table["long"])
    write(f"votable/{form}.vot", out.getvalue())
    good(f"votable/{form}.vot", **kinds)
    if form == "binary2":
        text("votable/packed.vot.gz", gzip.compress(out.getvalue(), mtime=0), **kinds)
        text("votable/named.csv", out.getvalue(), **kinds)
        cut = out.getvalue().decode()
        start, end = cut.index("base64") + 8, cut.index("</STREAM>")
        cut_rows = cut[:start] + "".join(cut[start:end].split())[:-40] + cut[end:]
        broken("votable/cut-rows.vot", cut_rows, "cut off")


def vot(fields, data, around="", prefix="", space=""):
    return (f'<?xml version="1.0"?>\n<!-- <TABLEDATA> of a comment -->\n<{prefix}VOTABLE version="1.4"{space}>{around}<{prefix}RESOURCE>'
            f"<{prefix}TABLE>{fields}<{prefix}DATA>{data}</{prefix}DATA></{prefix}TABLE></{prefix}RESOURCE></{prefix}VOTABLE>\n")


def field(name, datatype, prefix="", size=None, inside=""):
    size = f' arraysize="{size}"' if size else ""
    return f'<{prefix}FIELD name="{name}" datatype="{datatype}"{size}>{inside}</{prefix}FIELD>'


own_fields = field("id_str", "char", size="*") + field("file_loc", "char", size="8")
by_hand = vot(own_fields + field("n", "int", inside='<VALUES null="-99"/>') + field("z", "double") + field("t", "boolean"),
              "<TABLEDATA>\n<TR><TD>g1</TD><TD> a.jpg</TD><TD>0x1F</TD><TD>Inf</TD><TD>T</TD></TR>\n"
              "<TR><TD><![CDATA[g<2>]]></TD><TD>b.jpg</TD><TD>-99</TD><TD/><TD>?</TD></TR><!-- between -->\n"
              "<TR><TD>g3</TD><TD>c.jpg</TD><TD></TD><TD>NaN</TD><TD>false</TD></TR></TABLEDATA>")
text("votable/by-hand.xml", by_hand, id_str=("text", ["g1", "g<2>", "g3"]), file_loc=("text", [" a.jpg", "b.jpg", "c.jpg"]), n=("whole", [31, None, None]),
     z=("number", [float("inf"), None, None]), t=("truth", [True, None, False]))
text("votable/prefix.vot", vot(field("id_str", "char", "v:", "*") + field("file_loc", "char", "v:", "*"),
     "<v:TABLEDATA><v:TR><v:TD>g1</v:TD><v:TD>a.jpg</v:TD></v:TR></v:TABLEDATA>", prefix="v:", space=' xmlns:v="http://www.ivoa.net/xml/VOTable/v1.3"'),
     id_str=("text", ["g1"]), file_loc=("text", ["a.jpg"]))
text("votable/latin-1.vot", vot(own_fields, "<TABLEDATA><TR><TD>é1</TD><TD>a.jpg</TD></TR></TABLEDATA>")
     .replace('"1.0"', '"1.0" encoding="ISO-8859-1"', 1).encode("latin-1"), id_str=("text", ["é1"]), file_loc=("text", ["a.jpg"]))
broken("votable/error.vot", '<VOTABLE version="1.4"><RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR">no such table: rings</INFO></RESOURCE></VOTABLE>',
       "no table", "no such table: rings")
broken("votable/short-row.vot", vot(own_fields, "<TABLEDATA>\n<TR><TD>g1</TD><TD>a.jpg</TD></TR>\n<TR><TD>g2</TD></TR>\n</TABLEDATA>"), "line 5", "1 values for 2")
broken("votable/no-number.vot", vot(own_fields + field("n", "int"), "<TABLEDATA>\n<TR><TD>g1</TD><TD>a.jpg</TD><TD>many</TD></TR></TABLEDATA>"),
       "line 4", '"many"', '"n"', "whole number")
broken("votable/cut.vot", by_hand[: len(by_hand) // 2], "cut off")
broken("votable/not-closed.vot", vot(own_fields, "<TABLEDATA><TR><TD>g1</TD><TD>a.jpg</TR></TABLEDATA>"), "XML is wrong", "line 3")
broken("votable/no-rows.vot", vot(own_fields, "<TABLEDATA/>"), "no galaxy")
broken("votable/twice.vot", vot(own_fields + field("file_loc", "int"), "<TABLEDATA/>"), '"file_loc"', "twice")
broken("votable/other.xml", "<?xml version='1.0'?><catalogue/>", "not a VOTable")

(HERE / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=0).replace("[\n", "[").replace(",\n\"", ", \"") + "\n")
json.loads((HERE / "expected.json").read_text())
total = sum(path.stat().st_size for path in HERE.rglob("*") if path.is_file())
print(len(expected), "files,", total, "bytes")
