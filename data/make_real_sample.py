"""Makes real_sample.zip: 283 galaxies of Galaxy Zoo 2's Stripe 82, with their pictures and votes.

usage: make_real_sample.py FOLDER ZIP

FOLDER holds catalog.csv (a row of the vote table of Willett et al. 2013 for each galaxy, with id_str and file_loc)
and the pictures. The archive holds README.txt, catalog.csv with the columns that a user needs, and the pictures as
they are. The same files give the same archive, byte by byte, with the same version of zlib.
"""

import csv
import io
import sys
import zipfile
from pathlib import Path

FIRST = ["id_str", "file_loc", "ra", "dec", "total_votes", "total_classifications"]
VOTES = ("_count", "_fraction", "_weighted_fraction", "_debiased")

README = """\
283 real galaxies with the votes of Galaxy Zoo 2's volunteers, for zoobot.

catalog.csv: id_str (SDSS object), file_loc (picture), ra and dec (degrees, J2000), total_votes and
total_classifications, and for each answer of Galaxy Zoo 2 its _count, _fraction, _weighted_fraction and _debiased
(Willett et al. 2013). images: 200 pixels, red, green, blue.

Images: Sloan Digital Sky Survey (SDSS), www.sdss.org, CC-BY (SDSS Image Use Policy); cut to 200 px and recompressed. \
Funding for the SDSS and SDSS-II has been provided by the Alfred P. Sloan Foundation, the Participating Institutions, \
the National Science Foundation, the U.S. Department of Energy, NASA, the Japanese Monbukagakusho, the Max Planck \
Society, and the Higher Education Funding Council for England. Votes: Galaxy Zoo 2, Willett et al. 2013, MNRAS 435, \
2835, Stripe 82 coadd table; Galaxy Zoo: Lintott et al. 2008, MNRAS 389, 1179. Thanks to the Galaxy Zoo volunteers.
"""


def add(archive, name, content, compression):
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = 0o100644 << 16
    entry.compress_type = compression
    archive.writestr(entry, content, compresslevel=9)


def main(folder, target):
    folder = Path(folder)
    with open(folder / "catalog.csv", newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["id_str"])
    columns = FIRST + [name for name in rows[0] if name.startswith("t") and name.endswith(VOTES)]
    table = io.StringIO()
    writer = csv.DictWriter(table, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with zipfile.ZipFile(target, "w") as archive:
        add(archive, "README.txt", README, zipfile.ZIP_DEFLATED)
        add(archive, "catalog.csv", table.getvalue(), zipfile.ZIP_DEFLATED)
        for row in rows:
            # JPEGs do not shrink.
            add(archive, row["file_loc"], (folder / row["file_loc"]).read_bytes(), zipfile.ZIP_STORED)
    print(f"{len(rows)} galaxies, {len(columns)} columns, {Path(target).stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
