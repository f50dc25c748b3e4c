"""Decoding, turning, shrinking and encoding of photos. Imports Pillow, so it lives in the helper's child process only.

`JOBS` is what `storage/photos.py` asks for, by name. Everything that a stranger's file can do wrong ends in `Invalid`.
"""

from __future__ import annotations

import io
import struct
import zlib
from datetime import UTC, datetime
from typing import Any

import pillow_heif
from PIL import ExifTags, Image, ImageCms, ImageOps

from core.errors import Invalid

ORIGINAL, LARGE, SMALL = 2048, 800, 200  # pixels a side
QUALITY = 80
JPEG_QUALITY = 88
# WebP's effort 0..6. 2 takes half the time of Pillow's own 4 and makes files 4 % bigger (measured on a 12 MP photo).
EFFORT = 2
# 64 million pixels hold every phone's usual photo (48 MP) and decode within 256 MB; what is above asks for more memory than
# a photo for a listing is worth.
MAX_PIXELS = 64_000_000

# What Pillow and libheif raise on damaged files of the formats that we let through.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, RuntimeError, IndexError, KeyError, TypeError, struct.error, zlib.error)

_TURNS = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_270,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_90,),
}

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before anything is decoded, with our own sentence


def variants(values: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """One upload to its three WebP sizes: original, large, small. `values["name"]` is what a person calls the file."""
    name = values["name"]
    upright, taken_at = _upright(blobs[0], name)
    large = _within(upright, LARGE)
    small = ImageOps.fit(large, (SMALL, SMALL), Image.Resampling.LANCZOS)
    answer = {"width": upright.width, "height": upright.height, "taken_at": taken_at.isoformat() if taken_at else None}
    return answer, [_webp(upright), _webp(large), _webp(small)]


def jpeg(values: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """Any photo to a JPEG of at most `values["side"]` pixels a side."""
    image, _ = _upright(blobs[0], values["name"], values["side"])
    data = io.BytesIO()
    image.save(data, "JPEG", quality=JPEG_QUALITY)
    return {"width": image.width, "height": image.height}, [data.getvalue()]


JOBS = {"variants": variants, "jpeg": jpeg}


def _upright(data: bytes, name: str, side: int = ORIGINAL) -> tuple[Image.Image, datetime | None]:
    """Decoded, shrunk to `side`, turned as it was held, in sRGB on white, and without any metadata; and when it was taken."""
    image = _open(data, name)
    profile = image.info.get("icc_profile")
    try:
        turns, taken_at = _exif(image)
        _draft(image, side)
        image.load()
        flat = _within(_flat(image), side)
    except _DAMAGED as broken:
        raise Invalid(f"{name} is damaged or incomplete: send it again.", cause=repr(broken)) from broken
    for turn in turns:
        flat = flat.transpose(turn)
    flat = _srgb(flat, profile)
    flat.info.clear()
    return flat, taken_at


def _open(data: bytes, name: str) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP", "HEIF"))
    except _DAMAGED as broken:
        raise Invalid(f"{name} is damaged or incomplete: send it again.", cause=repr(broken)) from broken
    if image.width * image.height > MAX_PIXELS:
        size = f"{image.width} by {image.height}"
        limit = MAX_PIXELS // 1_000_000
        raise Invalid(f"{name} is {size} pixels, more than {limit} megapixels: send a smaller version.", cause=f"{image.format} {size}")
    return image


def _draft(image: Image.Image, side: int) -> None:
    """Let the JPEG decoder skip detail that shrinking would throw away."""
    if image.format == "JPEG":
        share = min(1.0, side / max(image.size))
        image.draft(None, (round(image.width * share), round(image.height * share)))


def _flat(image: Image.Image) -> Image.Image:
    """As RGB; what is transparent becomes white, 16 bits a channel become 8."""
    if image.mode == "RGB":
        return image
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return image.convert("I").point([value / 256 for value in range(65536)], "L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGB", layer.size, "white")
        paper.paste(layer, mask=layer.getchannel("A"))
        return paper
    return image.convert("RGB")


def _within(image: Image.Image, side: int) -> Image.Image:
    """Shrunk so that the longer side is at most `side`; never enlarged."""
    share = side / max(image.size)
    if share >= 1:
        return image
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as a browser without the camera's profile will show them, since the profile goes with the other metadata."""
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image  # a profile for another colour space or a broken one: the pixels as they are
    return converted or image


def _exif(image: Image.Image) -> tuple[tuple[Image.Transpose, ...], datetime | None]:
    """How to turn it (EXIF 2.32, tag 0x0112) and when it was taken. Broken metadata means none. libheif turns HEIC itself,
    and pillow-heif then says orientation 1."""
    try:
        exif = image.getexif()
        details = exif.get_ifd(ExifTags.IFD.Exif)
    except _DAMAGED:
        return (), None
    taken = details.get(ExifTags.Base.DateTimeOriginal) or details.get(ExifTags.Base.DateTimeDigitized)
    offset = details.get(ExifTags.Base.OffsetTimeOriginal) or details.get(ExifTags.Base.OffsetTimeDigitized)
    return _TURNS.get(exif.get(ExifTags.Base.Orientation, 1), ()), _time(taken, offset)


def _time(taken: object, offset: object) -> datetime | None:
    """EXIF's "2024:05:01 10:00:00" and "+02:00". Without an offset the camera's clock is read as UTC: it orders photos."""
    if not isinstance(taken, str):
        return None
    text = taken.strip("\0 ")
    zone = offset.strip("\0 ") if isinstance(offset, str) else ""
    for stamp, form in ((text + zone, "%Y:%m:%d %H:%M:%S%z"), (text + "+00:00", "%Y:%m:%d %H:%M:%S%z")):
        try:
            return datetime.strptime(stamp, form).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _webp(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "WEBP", quality=QUALITY, method=EFFORT)
    return data.getvalue()
