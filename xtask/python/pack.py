"""Packs a folder as a Python wheel and as a tarball.

usage: pack.py FOLDER VERSION PLATFORM OUT

FOLDER is the package `zoobot_rust`. Only the standard library is needed. Both archives depend on
nothing but the files' contents and modes, so that a second run makes the same bytes.
"""

import base64
import hashlib
import os
import sys
import tarfile
import zipfile

SUMMARY = "Galaxy morphology in Rust: a Jupyter kernel, a library and a command"
KERNEL = """{
  "argv": ["python", "-m", "zoobot_rust", "kernel", "{connection_file}"],
  "display_name": "Zoobot (Rust)",
  "language": "rust",
  "interrupt_mode": "message",
  "metadata": {"debugger": false}
}
"""
TIME = (2020, 1, 1, 0, 0, 0)


def files(folder):
    """The paths of all files below a folder, relative to it, in order."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield os.path.relpath(os.path.join(parent, name), folder)


class Wheel:
    def __init__(self, path):
        self.zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9)
        self.record = []

    def add(self, name, content, mode=0o644):
        info = zipfile.ZipInfo(name, TIME)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = (0o100000 | mode) << 16
        self.zip.writestr(info, content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        self.record.append(f"{name},sha256={digest},{len(content)}")

    def close(self, dist_info):
        record = f"{dist_info}/RECORD"
        self.record.append(f"{record},,")
        self.zip.writestr(zipfile.ZipInfo(record, TIME), "\n".join(self.record) + "\n")
        self.zip.close()


def wheel(folder, version, platform, path):
    made = Wheel(path)
    for name in files(folder):
        full = os.path.join(folder, name)
        with open(full, "rb") as file:
            made.add(f"zoobot_rust/{name}", file.read(), os.stat(full).st_mode & 0o777)
    data = f"zoobot_rust-{version}.data/data/share/jupyter/kernels/zoobot"
    made.add(f"{data}/kernel.json", KERNEL.encode())
    for logo in ("logo-64x64.png", "logo-svg.svg"):
        with open(os.path.join(folder, "logos", logo), "rb") as file:
            made.add(f"{data}/{logo}", file.read())
    dist_info = f"zoobot_rust-{version}.dist-info"
    metadata = (
        f"Metadata-Version: 2.1\nName: zoobot_rust\nVersion: {version}\nSummary: {SUMMARY}\n"
        "License: MIT OR Apache-2.0\nRequires-Python: >=3.10\n"
    )
    tags = f"Wheel-Version: 1.0\nGenerator: zoobot\nRoot-Is-Purelib: false\nTag: py3-none-{platform}\n"
    made.add(f"{dist_info}/METADATA", metadata.encode())
    made.add(f"{dist_info}/WHEEL", tags.encode())
    made.add(f"{dist_info}/entry_points.txt", b"[console_scripts]\nzoobot = zoobot_rust:main\n")
    made.close(dist_info)


def tarball(folder, top, path):
    def plain(info):
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mtime = 1577836800
        return info

    with tarfile.open(path, "w:xz", preset=6) as archive:
        for name in files(folder):
            archive.add(os.path.join(folder, name), f"{top}/{name}", filter=plain)
        link = tarfile.TarInfo(f"{top}/zoobot")
        link.type, link.linkname, link.mode = tarfile.SYMTYPE, "bin/zoobot-launcher", 0o777
        archive.addfile(plain(link))


def main(folder, version, platform, out):
    os.makedirs(out, exist_ok=True)
    name = os.path.join(out, f"zoobot_rust-{version}-py3-none-{platform}.whl")
    wheel(folder, version, platform, name + ".partial")
    os.replace(name + ".partial", name)
    print(name)
    top = f"zoobot-{version}-{platform}"
    name = os.path.join(out, f"{top}.tar.xz")
    tarball(folder, top, name + ".partial")
    os.replace(name + ".partial", name)
    print(name)


if __name__ == "__main__":
    main(*sys.argv[1:])
