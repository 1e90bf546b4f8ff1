"""What texts of right ascension and declination mean, by astropy.

Made with Python 3.11, astropy 8.0: python make.py.
"""
import json
from pathlib import Path

import astropy
from astropy import units as u
from astropy.coordinates import Angle

# Texts, with what a column says of the unit: nothing (degrees, or hours where sexagesimal), "hours", "deg".
ra = [
    ("188.73625", ""), (" 188.73625 ", ""), ("+2.2", ""), (" +2.2", ""), ("0", ""), ("360", ""), ("1.5e2", ""), ("-10.5", ""),
    ("12:34:56.7", ""), ("12 34 56.7", ""), ("12h34m56.7s", ""), ("12h 34m 56.7s", ""), ("00:00:00", ""),
    ("23:59:59.999", ""), ("12:34.5", ""), ("1:2:3", ""), ("188d44m10.5s", ""), ("188°44′10.5″", ""), ("12h", ""),
    ("12.58", "hours"), ("12:34:56.7", "hours"), ("188:44:10.5", "deg"), ("188.73625", "deg"), ("12h34m", "deg"), ("0.25d", ""),
]
dec = [
    ("-1.0342", ""), ("+2.2", ""), (" +2.2", ""), ("+01:02:03", ""), ("-00:30:00", ""), ("-00 30 00", ""), ("- 00 30 00", ""),
    ("+01 02 03.45", ""), ("-01d02m03s", ""), ("01°02′03″", ""), ("−12:30:00", ""), ("-89:59:59.9", ""), ("90", ""),
    ("-0.5", ""), ("-0:0:1", ""), ("+12:30", ""), ("12d", ""), ("1e-3", ""),
]
unread = ["abc", "12:34:xx", "12:61:00", "1:2:3:4", "12-34-56", "J1234", "12h34d", "--5", "1,5", "inf", "12:34:-5", "::"]


def degrees(text, unit, angle):
    plain = text.replace("−", "-").replace("- ", "-").strip()
    try:
        return float(plain) * (15 if unit == "hours" else 1)
    except ValueError:
        pass
    marked = "h" in plain or "d" in plain or "°" in plain
    default = u.hourangle if angle == "ra" and unit != "deg" else u.deg
    return Angle(plain).deg if marked else Angle(plain, unit=default).deg


out = {
    "ra": [[text, unit, degrees(text, unit, "ra")] for text, unit in ra],
    "dec": [[text, unit, degrees(text, unit, "dec")] for text, unit in dec],
    "unread": unread,
}
print(astropy.__version__)
Path(__file__).with_name("expected.json").write_text(json.dumps(out, indent=0, ensure_ascii=False) + "\n")
