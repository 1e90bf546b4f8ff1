"""JPEG and PNG files of every kind, and files that are none, and the RGB that Pillow reads.

Written with Python 3.11, Pillow 13.0.0 and numpy 2.4.6:

    python make.py

Writes inputs.zip and expected.json: for each file its size, its RGB bytes in base64 and how far a
pixel may be off, or a few words that the reason must hold. The values are Pillow's
(`Image.open(f).convert("RGB")`), with one exception: it cuts 16-bit grey at 255, where the PNG
standard (13.12) scales it.
"""
import base64
import bz2
import gzip
import io
import json
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

rng = np.random.default_rng(5)
y, x = np.mgrid[:18, :24]
smooth = np.stack([x * 10, y * 14, 255 - x * 5 - y * 7], axis=2).astype("uint8")
picture = Image.fromarray(smooth)
inputs, expected = {}, {}


def put(name, content, off=0, rgb=None):
    if rgb is None:
        rgb = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    height, width = rgb.shape[:2]
    data = base64.b64encode(rgb.astype("uint8").tobytes()).decode()
    inputs[name], expected[name] = content, {"size": [width, height], "rgb": data, "off": off}


def refused(name, content, *words):
    inputs[name], expected[name] = content, {"words": words}


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth, colour, rows, width, between=b"", interlaced=0):
    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, interlaced)
    raw = b"".join(b"\0" + row for row in rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + between + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


# PNG.
whole = saved(picture, "PNG")
put("rgb.png", whole)
put("grey.png", saved(picture.convert("L"), "PNG"))
put("grey_alpha.png", saved(picture.convert("LA"), "PNG"))
clear = picture.convert("RGBA")
clear.putalpha(Image.fromarray((x * 10).astype("uint8")))
put("half_transparent.png", saved(clear, "PNG"))
put("palette.png", saved(picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=200), "PNG"))
few = picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
put("palette_2_bits.png", saved(few, "PNG", bits=2))
put("palette_transparent.png", saved(few, "PNG", transparency=1))
put("one_bit.png", saved(picture.convert("1"), "PNG"))
put("grey_4_bits.png", png(4, 0, [bytes(range(0, 192, 16)) for _ in range(18)], 24))
deep = rng.integers(0, 65536, (18, 24, 4)).astype(">u2")
high = (deep >> 8).astype("uint8")
put("rgb_16_bits.png", png(16, 2, [row[:, :3].tobytes() for row in deep], 24), 1)
put("rgba_16_bits.png", png(16, 6, [row.tobytes() for row in deep], 24), 1)
put("grey_alpha_16_bits.png", png(16, 4, [row[:, :2].tobytes() for row in deep], 24), 1)
put("grey_16_bits.png", png(16, 0, [row[:, 0].tobytes() for row in deep], 24), 1, np.repeat(high[:, :, :1], 3, axis=2))
put("transparent_colour.png", png(8, 2, [row.tobytes() for row in smooth], 24, chunk(b"tRNS", struct.pack(">HHH", 0, 0, 255))))
put("with_gamma.png", png(8, 2, [row.tobytes() for row in smooth], 24, chunk(b"gAMA", struct.pack(">I", 100000))))
put("animated.png", saved(picture, "PNG", save_all=True, append_images=[picture.rotate(180)]))
refused("no_end.png", whole[:-12], "PNG", "cut off")

# JPEG: decoders may differ by rounding.
jpeg = saved(picture, "JPEG", quality=92, subsampling=0)
put("rgb.jpg", jpeg, 3)
put("grey.jpg", saved(picture.convert("L"), "JPEG", quality=92), 3)
put("cmyk.jpg", saved(picture.convert("CMYK"), "JPEG", quality=95), 4)
put("progressive.jpg", saved(picture, "JPEG", quality=92, subsampling=0, progressive=True), 3)
put("restarts.jpg", saved(picture, "JPEG", quality=92, subsampling=0, restart_marker_blocks=1), 3)
put("subsampled.jpg", saved(picture, "JPEG", quality=95, subsampling=2), 8)
put("as_rgb.jpg", saved(picture, "JPEG", quality=95, keep_rgb=True), 3)
exif = Image.Exif()
exif[0x0112] = 6
put("turned_by_exif.jpg", saved(picture, "JPEG", quality=92, subsampling=0, exif=exif), 3)
put("several.mpo", saved(picture, "MPO", save_all=True, append_images=[picture.rotate(180)], quality=92, subsampling=0), 3)
put("with_more_behind.jpg", jpeg + b"more", 3)

# Names that say something else.
put("jpeg_inside.png", jpeg, 3)
put("png_inside.jpg", whole)
put("no_ending", whole)
put("fits_in_name_only.fits", whole)
put("rgb.png.gz", gzip.compress(whole), rgb=smooth)
put("rgb.jpg.bz2", bz2.compress(jpeg), 3, np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")))

# What cannot be read.
refused("cut.jpg", jpeg[: len(jpeg) // 2], "JPEG", "cut off")
refused("cut.png", whole[: len(whole) // 2], "PNG", "cut off")
refused("damaged.png", whole[:60] + b"\0\0\0\0" + whole[64:], "damaged PNG")
refused("empty.jpg", b"", "0 bytes")
refused("spaces.jpg", b" " * 300, "not a picture")
refused("words.png", b"a few words", "not a picture")
refused("page.jpg", b"\n<!DOCTYPE html><html>404 not found</html>", "web page")
refused("page_too.jpg", b"<html><head>", "web page")
refused("animated.gif", saved(picture, "GIF", save_all=True, append_images=[picture.rotate(180)]), "GIF")
refused("picture.webp", saved(picture, "WEBP"), "WEBP")
refused("picture.tif", saved(picture, "TIFF"), "TIFF")
refused("picture.bmp", saved(picture, "BMP"), "BMP")
refused("tiny.png", saved(picture.crop((0, 0, 7, 18)), "PNG"), "7 x 18", "too few")
refused("picture.zip", b"PK\x03\x04 and more", "compressed with zip")
refused("cut.png.gz", gzip.compress(whole)[:100], "gzip file is cut off")

with zipfile.ZipFile("inputs.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
    for name, content in inputs.items():
        out.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
with open("expected.json", "w") as out:
    out.write("{" + ",\n".join(f"{json.dumps(name)}: {json.dumps(it)}" for name, it in expected.items()) + "}\n")
print(len(inputs), "files")
