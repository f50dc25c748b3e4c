"""Opening a picture that a stranger sent: upright, in sRGB, small enough, and never in more memory than `MEMORY`.

How much a picture needs while it is decoded follows from its format and its kind of pixels, not from its file: a lossless
WebP of 2 KB may be 64 megapixels. So each kind has a price a pixel (measured with the pinned libraries), and what would cost
more than `MEMORY` is refused before anything is decoded. The full picture exists once; everything after it is made of strips.
`CEILING` is for what the prices do not foresee: the system refuses more, and the picture is refused too.

Imports Pillow, so it lives in the helper's child process only. Everything that a file can do wrong ends in `Invalid`.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import pillow_heif
from PIL import ExifTags, Image, ImageCms, JpegImagePlugin, PngImagePlugin

from core.errors import Invalid
from core.words import Told
from storage import headers

MIB = 1024 * 1024
MEMORY = 256 * MIB  # resident, of the whole child; the file itself (20 MiB at most) is not counted
CEILING = MEMORY + 40 * MIB  # of allocated memory: what is above it cannot be had at all, see `storage/helper_child.py`
MAX_PIXELS = 64_000_000  # of any picture: all that a phone's usual photo (48 and 50 megapixels) needs
MAX_SIDE = 65_535  # pixels, as much as a JPEG can have: rows that are longer could not be cut into strips
_RESIDENT = 26 * MIB  # the interpreter and the libraries
_SHRINKING = 67 * MIB  # what lies beside the full picture while it is shrunk
_PNG_PRICES = {"1": 1.0, "L": 1.0, "P": 1.0, "I;16": 2.0, "I;16B": 2.0}  # Pillow keeps all others in 4 bytes a pixel
_WEBP_FILE = 36 * MIB  # libwebp's copy of the file, and what it needs beside the pixels
_STRIP = 1_000_000  # pixels of the full picture that are copied at a time

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
Turns = tuple[Image.Transpose, ...]

Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before anything is decoded, with our own sentence
PngImagePlugin.MAX_TEXT_MEMORY = 4 * MIB  # comments in a PNG; Pillow would unpack 64 MiB of them
pillow_heif.options.DECODE_THREADS = 1

Rows = Callable[[int, int], Image.Image]  # the decoded picture's rows from..to
Strips = tuple[Rows, tuple[int, int]]  # with its width and height


@dataclass(frozen=True, slots=True)
class _Source:
    """A picture that is not decoded yet, what kind it is, and what decoding it takes: `price` bytes a pixel and `spare` bytes.

    `decode(side)` gives its rows, or itself if it is plain RGB and not much larger than `side`; it may be smaller than `size`,
    but not than `side`. Only afterwards `told` says its EXIF and colour profile. `turned`: the decoder turns it as it was held.
    """

    kind: str
    size: tuple[int, int]
    price: float
    spare: int
    decode: Callable[[int], Image.Image | Strips]
    told: Callable[[], tuple[Image.Exif, bytes | None]]
    turned: bool = False


def upright(data: bytes, name: str, side: int) -> tuple[Image.Image, datetime | None]:
    """Decoded, shrunk to `side`, turned as it was held, in sRGB on white, and without any metadata; and when it was taken.

    `name` is what a person calls the file. Raises `Invalid`.
    """
    try:
        image, profile, turns, taken_at = _decoded(data, name, side)
    except MemoryError as full:
        raise Invalid(
            Told("{name} takes more memory than a photo may: send a smaller version as JPEG.", name=name), cause=repr(full)
        ) from full
    except _DAMAGED as broken:
        raise Invalid(Told("{name} is damaged or incomplete: send it again.", name=name), cause=repr(broken)) from broken
    image = within(image, side)
    for turn in turns:
        image = image.transpose(turn)
    image = _srgb(image, profile)
    image.info.clear()
    return image, taken_at


def _decoded(data: bytes, name: str, side: int) -> tuple[Image.Image, bytes | None, Turns, datetime | None]:
    """Everything that is needed of a file, so that its decoder and its full picture are gone when this returns."""
    source = _heif(data) if data[4:8] == b"ftyp" else _webp(data) if data[8:12] == b"WEBP" else _jpeg_or_png(data)
    _check(source, name)
    picture = source.decode(side)
    image = picture if isinstance(picture, Image.Image) else _flat_and_small(*picture, side)
    exif, profile = source.told()
    turns, taken_at = _facts(exif)
    return image, profile, () if source.turned else turns, taken_at


def within(image: Image.Image, side: int) -> Image.Image:
    """Shrunk so that the longer side is at most `side`; never enlarged."""
    share = side / max(image.size)
    if share >= 1:
        return image
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _check(source: _Source, name: str) -> None:
    """Refuse what would need too much, and name the largest size of the same shape that would not."""
    width, height = source.size
    most = min(MAX_PIXELS, int((MEMORY - _RESIDENT - source.spare) / source.price))
    share = min(math.sqrt(most / (width * height)), MAX_SIDE / max(width, height))
    if share >= 1:
        return
    fits = f"{max(1, int(width * share))} by {max(1, int(height * share))}"
    sentence = Told(
        "{name} is {width} by {height} pixels, too many for a {kind}: send a version of at most {fits} pixels.",
        name=name, width=width, height=height, kind=source.kind, fits=fits,
    )  # fmt: skip
    raise Invalid(sentence, cause=f"{source.kind} {width}x{height} at {source.price:g} bytes a pixel, at most {most}")


def _heif(data: bytes) -> _Source:
    """libheif turns it itself. Its pixels are used where it put them: through Pillow they would be there twice."""
    file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
    image = file[file.primary_index]
    info = cast("dict[str, Any]", image.info)
    deep, full = info.get("bit_depth", 8) > 8, info.get("chroma", 420) != 420
    price = {(False, False): 4.8, (False, True): 9.5, (True, False): 8.0, (True, True): 15.5}[deep, full]

    def decode(_: int) -> Strips:
        pixels, stride = memoryview(image.data), image.stride

        def rows(top: int, bottom: int) -> Image.Image:
            part = pixels[top * stride : bottom * stride]
            return Image.frombytes(image.mode, (image.size[0], bottom - top), part, "raw", (image.mode, stride))

        return rows, image.size

    def told() -> tuple[Image.Exif, bytes | None]:
        exif = Image.Exif()
        exif.load(info.get("exif") or b"")
        return exif, info.get("icc_profile")

    return _Source("HEIC", image.size, price + (4.0 if image.has_alpha else 0.0), 0, decode, told, turned=True)


def _webp(data: bytes) -> _Source:
    """Decoding takes two canvases, the decoder's own pixels, a copy as bytes and Pillow's; and the file a second time. The
    canvases are there as soon as Pillow opens it, so its header is read before."""
    width, height, clear = headers.webp(data)
    kind, price = ("WebP with transparency", 20.0) if clear else ("WebP", 16.0)
    pictures: list[Image.Image] = []

    def decode(_: int) -> Strips:
        pictures.append(Image.open(io.BytesIO(data), formats=("WEBP",)))
        return _strips(pictures[0])

    return _Source(kind, (width, height), price, _WEBP_FILE, decode, lambda: _told(pictures[0]))


def _jpeg_or_png(data: bytes) -> _Source:
    image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        price = _PNG_PRICES.get(image.mode, 4.0)
        return _Source("PNG", image.size, price, _SHRINKING, lambda side: _itself_or_strips(image, side), lambda: _told(image))

    def decode(side: int) -> Image.Image | Strips:
        # The decoder skips detail that shrinking would throw away.
        share = min(1.0, side / max(image.size))
        image.draft(None, (round(image.width * share), round(image.height * share)))
        return _itself_or_strips(image, side)

    kind, price = "JPEG", 1.0
    if headers.jpeg_in_several_scans(data):
        # 16 bits of each sample of the whole picture are kept.
        most = max(across * down for _, across, down, _ in image.layer)
        kind, price = "progressive JPEG", 2 * sum(across * down for _, across, down, _ in image.layer) / most
    return _Source(kind, image.size, price, _SHRINKING, decode, lambda: _told(image))


def _itself_or_strips(image: Image.Image, side: int) -> Image.Image | Strips:
    strips = _strips(image)
    return image if image.mode == "RGB" and max(image.size) < 2 * side else strips


def _strips(image: Image.Image) -> Strips:
    image.load()
    return lambda top, bottom: image.crop((0, top, image.width, bottom)), image.size


def _told(image: Image.Image) -> tuple[Image.Exif, bytes | None]:
    """Broken metadata means none."""
    profile = image.info.get("icc_profile")
    try:
        return image.getexif(), profile
    except _DAMAGED:
        return Image.Exif(), profile


def _flat_and_small(rows: Rows, size: tuple[int, int], side: int) -> Image.Image:
    """RGB on white, shrunk by a whole number, strip by strip."""
    width, height = size
    factor = max(1, max(size) // side)
    paper = Image.new("RGB", (math.ceil(width / factor), math.ceil(height / factor)))
    step = factor * max(1, _STRIP // (width * factor))
    for top in range(0, height, step):
        strip = _flat(rows(top, min(height, top + step)))
        paper.paste(strip.reduce(factor) if factor > 1 else strip, (0, top // factor))
    return paper


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


def _facts(exif: Image.Exif) -> tuple[Turns, datetime | None]:
    """How to turn it (EXIF 2.32, tag 0x0112) and when it was taken. Broken metadata means none."""
    try:
        details = exif.get_ifd(ExifTags.IFD.Exif)
    except _DAMAGED:
        return (), None
    taken = details.get(ExifTags.Base.DateTimeOriginal) or details.get(ExifTags.Base.DateTimeDigitized)
    offset = details.get(ExifTags.Base.OffsetTimeOriginal) or details.get(ExifTags.Base.OffsetTimeDigitized)
    return _TURNS.get(exif.get(ExifTags.Base.Orientation, 1), ()), _time(taken, offset)


def _time(taken: Any, offset: Any) -> datetime | None:
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
