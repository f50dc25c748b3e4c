"""How much memory a stranger's picture can take: nothing that is refused, and at most what is promised."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from core.errors import Invalid
from storage import decoding, headers, photos
from storage.helper import Helper

MIB = 1024 * 1024
Size = tuple[int, int]
pillow_heif.register_heif_opener()


def encoded(mode: str, form: str, **options: object) -> Callable[[Size], bytes]:
    """A plain picture of any size."""

    def make(size: Size) -> bytes:
        data = io.BytesIO()
        Image.new(mode, size, (200, 30, 30, 99)[: len(mode)] if len(mode) > 1 else 200).save(data, form, **options)
        return data.getvalue()

    return make


def png(bits: int, kind: int, channels: int) -> Callable[[Size], bytes]:
    """A PNG of a kind that Pillow does not write: `kind` is its colour type (PNG specification, 11.2.2)."""

    def make(size: Size) -> bytes:
        packer = zlib.compressobj(1)
        row = b"\0" + b"\x12" * (size[0] * channels * bits // 8)
        body = b"".join(packer.compress(row) for _ in range(size[1])) + packer.flush()
        header = struct.pack(">IIBBBBB", *size, bits, kind, 0, 0, 0)
        chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
        )

    return make


def scan_by_scan(size: Size) -> bytes:
    """A baseline JPEG in which every colour has a scan of its own, which its decoder can only show when it has read all."""
    data = encoded("L", "JPEG")(size)
    frame, scan, end = data.index(b"\xff\xc0"), data.index(b"\xff\xda"), data.index(b"\xff\xd9")
    tables = data[frame + 2 + int.from_bytes(data[frame + 2 : frame + 4], "big") : scan]
    colours = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    heading = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, size[1], size[0], 3) + colours
    coded = data[scan + 10 : end]
    scans = b"".join(b"\xff\xda\0\x08\x01" + bytes([number, 0, 0, 63, 0]) + coded for number in (1, 2, 3))
    return data[:frame] + heading + tables + scans + b"\xff\xd9"


MAKERS = {
    "jpeg": encoded("RGB", "JPEG"),
    "cmyk jpeg": encoded("CMYK", "JPEG"),
    "progressive jpeg": encoded("RGB", "JPEG", progressive=True),
    "progressive jpeg 4:4:4": encoded("RGB", "JPEG", progressive=True, subsampling=0),
    "scan by scan": scan_by_scan,
    "webp": encoded("RGB", "WEBP", method=0),
    "lossless webp": encoded("RGB", "WEBP", lossless=True, method=0),
    "clear webp": encoded("RGBA", "WEBP", lossless=True, method=0),
    "png": png(8, 2, 3),
    "grey png": png(8, 0, 1),
    "png of 16 bits": png(16, 0, 1),
    "clear png of 16 bits": png(16, 6, 4),
}


async def decode(data: bytes) -> tuple[Size, int]:
    """The size of the photo that is kept, and the most memory that the child ever held, in bytes. Raises `Invalid`."""
    helper = Helper(photos.MODULE)
    try:
        values, _ = await helper.run("variants", {"name": "shoe.jpg"}, [data])
        return (values["width"], values["height"]), _peak(helper)
    finally:
        await helper.close()


def _peak(helper: Helper) -> int:
    # Not getrusage: what it says of a child includes its parent from before the child became another program.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{helper.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


async def refused(data: bytes) -> tuple[Size, int]:
    """The size that the refusal says would do, and the most memory that the child ever held, in bytes."""
    helper = Helper(photos.MODULE)
    try:
        with pytest.raises(Invalid) as fault:
            await helper.run("variants", {"name": "shoe.jpg"}, [data])
        found = re.search(r"^shoe\.jpg is \d+ by \d+ pixels, .*: send a version of at most (\d+) by (\d+) pixels\.$", fault.value.sentence)
        assert found, fault.value.sentence
        return (int(found[1]), int(found[2])), _peak(helper)
    finally:
        await helper.close()


@pytest.mark.parametrize("kind", MAKERS)
async def test_what_is_too_much_is_refused_undecoded_and_the_size_that_is_named_fits(kind: str) -> None:
    size, peak = await refused(MAKERS[kind]((8100, 8100)))
    assert peak < 64 * MIB
    assert size[0] == size[1] >= 3000
    kept, peak = await decode(MAKERS[kind](size))
    assert kept == (2048, 2048)
    assert peak <= decoding.MEMORY


@pytest.mark.parametrize("kind", ["jpeg", "progressive jpeg"])
@pytest.mark.parametrize("size", [(8064, 6048), (8160, 6144)])
async def test_the_large_photos_of_phones_are_taken(kind: str, size: Size) -> None:
    kept, peak = await decode(MAKERS[kind](size))
    assert kept == (2048, round(2048 * size[1] / size[0]))
    assert peak <= decoding.MEMORY


async def test_the_large_heic_of_a_phone_is_taken() -> None:
    kept, peak = await decode(encoded("RGB", "HEIF", quality=10, enc_params={"preset": "ultrafast"}, tile_size=2016)((8064, 6048)))
    assert kept == (2048, 1536)
    assert peak <= decoding.MEMORY


@pytest.mark.parametrize(("options", "mode"), [({"chroma": 444}, "RGB"), ({}, "RGBA")])
async def test_a_heic_of_a_rarer_kind_costs_more(options: dict[str, object], mode: str) -> None:
    kept, peak = await decode(encoded(mode, "HEIF", quality=10, enc_params={"preset": "ultrafast"}, **options)((4000, 3000)))
    assert kept == (2048, 1536)
    assert peak <= decoding.MEMORY


@pytest.mark.parametrize("size", [(65_000, 600), (600, 65_000), (65_535, 1)])
async def test_a_long_strip_is_decoded_in_strips(size: Size) -> None:
    kept, peak = await decode(png(8, 6, 4)(size))
    assert max(kept) == 2048
    assert peak <= decoding.MEMORY


async def test_a_row_that_no_strip_could_hold_is_refused() -> None:
    size, peak = await refused(png(8, 6, 4)((10_000_000, 1)))
    assert size == (decoding.MAX_SIDE, 1)
    assert peak < 64 * MIB


async def test_a_webp_that_claims_the_largest_canvas_is_refused_before_there_is_one() -> None:
    honest = encoded("RGB", "WEBP", lossless=True)((64, 64))
    bits = int.from_bytes(honest[21:25], "little") | 0x0FFFFFFF  # 14 bits of width and 14 of height, all set
    _, peak = await refused(honest[:21] + bits.to_bytes(4, "little") + honest[25:])
    assert peak < 64 * MIB


@pytest.mark.parametrize(
    ("data", "several"),
    [
        (encoded("RGB", "JPEG")((64, 64)), False),
        (encoded("L", "JPEG")((64, 64)), False),
        (encoded("RGB", "JPEG", progressive=True)((64, 64)), True),
        (scan_by_scan((64, 64)), True),
        (b"\xff\xd8\xff\xff\xff" + encoded("RGB", "JPEG")((64, 64))[3:], False),
        (b"\xff\xd8\xff\xe0\0\x10 no more of it", True),
    ],
    ids=["baseline", "grey", "progressive", "scan by scan", "fill bytes", "nothing to follow"],
)
def test_which_jpegs_are_kept_whole_in_memory(data: bytes, several: bool) -> None:
    assert headers.jpeg_in_several_scans(data) is several


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 50}, {"quality": 50, "exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}])
def test_a_webps_header_says_what_pillow_says(mode: str, options: dict[str, object]) -> None:
    data = encoded(mode, "WEBP", **options)((301, 77))
    assert headers.webp(data) == (301, 77, Image.open(io.BytesIO(data)).mode == "RGBA")


def test_the_scans_of_a_stitched_jpeg_are_a_picture() -> None:
    image = Image.open(io.BytesIO(scan_by_scan((320, 240))))
    image.load()
    assert (image.size, image.mode) == ((320, 240), "RGB")
