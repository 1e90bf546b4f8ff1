"""Which rows conditions keep, by SQLite, which has three-valued logic and compares whole numbers exactly.

Made with Python 3.11 and its sqlite3 (SQLite 3.40 or later): python make.py. Numbers of 64 bits without a
sign are beyond SQLite; their rows are found by Python's own integers.
"""
import json
import sqlite3
from pathlib import Path

columns = {
    "n": [1, 2, 3, 4, 5, 6, 7, 8],
    "objid": [1237648720693755918, 1237648720693755917, 1237648720693755919, -1237648720693755918,
              9223372036854775807, -9223372036854775807, None, 9007199254740993],
    "x": [0.5, 17.5, 18.0, -1.5, None, 1e300, 9007199254740992.0, 3.0],
    "y": [0.5, 17.0, None, -1.5, None, 1e-300, 9007199254740994.0, 4.0],
    "class": ["ring", "bar", "ring", None, "a 'b", "Ring", "", "none of these"],
}
sql = {"class": "TEXT", "x": "REAL", "y": "REAL"}

# The same words in both languages, but for `null`: an empty text is no value in Zoobot.
same = """
objid = 1237648720693755918
objid != 1237648720693755918
objid > 1237648720693755917
objid >= 1237648720693755918
objid < -1237648720693755917
objid = 9223372036854775807
objid >= 9223372036854775807
objid <= -9223372036854775807
1237648720693755918 < objid
objid = 9007199254740992
objid > 9007199254740992.5
x = 9007199254740993
x = 9007199254740992
x >= 9007199254740993
x < 9007199254740993
x > 17
18 < x
18 > x
x > 18
x >= 18
x != 3
not (x > 3)
not x > 3
not (x > 3 or x < 3)
not (x > 3 and n > 2)
x > 3 and y > 3
x > 3 or y > 3
x > 3 or n > 4
x is null
x is not null
not x is null
x is null or y is null
x is null and not y is null
x = y
x < y
x != y
not (x = y)
n = x
n < x
objid < x
objid is null
class = 'ring'
class != 'ring'
not class = 'ring'
class = 'a ''b'
class < 'a'
class >= 'ring'
class = 'none of these'
n = 1 or n = 2 and x > 100
(n = 1 or n = 2) AND x > 16.5
n > 1.5 and n <= 4.0
n = 3.0
n != 3.5
x = 5e-1
x = -15e-1
x > 1e299
n in_order
1 < 2
1 = 2 or n = 3
n in (1, 3, 5)
class in ('ring', 'bar')
class not in ('ring', 'bar')
class IN ('ring')
not class in ('ring')
objid in (1237648720693755918, 9223372036854775807)
x in (17.5, 3, 18.0) and n > 2
x between 3 and 18
x not between 3 and 18
x between 18 and 3
n between 2 and 4 or n between 6 and 7
n between 2 and 6 and class = 'ring'
objid between 1237648720693755918 and 1237648720693755919
class between 'b' and 's'
""".strip().splitlines()
same.remove("n in_order")

database = sqlite3.connect(":memory:")
database.execute("create table t (" + ", ".join(f'"{name}" {sql.get(name, "INTEGER")}' for name in columns) + ")")
rows = list(zip(*columns.values()))
empty = [tuple(None if value == "" else value for value in row) for row in rows]
database.executemany(f"insert into t values ({','.join('?' * len(columns))})", empty)
cases = [[text, [n for n, in database.execute(f"select n from t where {text} order by n")]] for text in same]
others = {"is missing": "is null", "is not missing": "is not null", "is not nan": "is not null", "is empty": "is null"}
for mine, theirs in others.items():
    for column in ["x", "class", "objid"]:
        kept = [n for n, in database.execute(f"select n from t where {column} {theirs} order by n")]
        cases.append([f"{column} {mine}", kept])

# Other languages' words, and each in SQLite's.
for mine, theirs in {
    "n > 2 && x > 3": "n > 2 and x > 3",
    "n > 2 & x > 3 | n = 1": "n > 2 and x > 3 or n = 1",
    "n = 1||class == 'bar'": "n = 1 or class = 'bar'",
}.items():
    cases.append([mine, [n for n, in database.execute(f"select n from t where {theirs} order by n")]])

large = [10377593544216170496, 10377593544216170497, 18446744073709551615, 0, 9223372036854775807,
         9223372036854775808, None, 7]
signs = {"<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__, "=": int.__eq__, "!=": int.__ne__}
unsigned = []
for literal in [10377593544216170496, 18446744073709551615, 9223372036854775807, 9223372036854775808, 0, -1,
                18446744073709551616]:
    for sign, holds in signs.items():
        kept = [n for n, value in enumerate(large, 1) if value is not None and holds(value, literal)]
        unsigned.append([f"large {sign} {literal}", kept])
print(sqlite3.sqlite_version)
Path(__file__).with_name("expected.json").write_text(json.dumps(
    {"columns": columns, "cases": cases, "large": large, "unsigned": unsigned}, indent=0) + "\n")
