"""Photos: what is let in, what is kept, what is thrown away."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pillow_heif
import pytest
from PIL import ExifTags, Image, ImageCms

from core.errors import Invalid, Missing
from core.rules.rolls import differ
from storage import photos, uploads
from storage.helper import Helper
from storage.photos import PhotoStore, Size

pillow_heif.register_heif_opener()

RED, BLUE = (220, 30, 30), (30, 30, 220)


@pytest.fixture
async def helper() -> AsyncIterator[Helper]:
    helper = Helper(photos.MODULE)
    yield helper
    await helper.close()


@pytest.fixture
def store(tmp_path: Path, helper: Helper) -> PhotoStore:
    return PhotoStore(tmp_path / "photos", helper)


def halves(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image.convert(mode)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, form, **options)
    return data.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def is_like(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 40 for one, other in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIF"])
async def test_each_format_becomes_three_sizes(store: PhotoStore, form: str) -> None:
    data = encoded(halves(2600, 1300), form)
    stored = await store.put(data, "shoe.bin")
    assert (stored.width, stored.height) == (2048, 1024)
    sizes: dict[Size, tuple[int, int]] = {"original": (2048, 1024), "large": (800, 400), "small": (200, 200)}
    for size, expected in sizes.items():
        image = opened(await store.read(stored.sha256, size))
        assert image.format == "WEBP"
        assert image.size == expected
        assert is_like(image.convert("RGB").getpixel((4, 4)), RED)
        assert is_like(image.convert("RGB").getpixel((expected[0] - 4, 4)), BLUE)
    assert stored.bytes == len(await store.read(stored.sha256))
    assert store.path(stored.sha256, "small").parent.parent.name == stored.sha256[:2]


async def test_a_small_photo_is_not_enlarged(store: PhotoStore) -> None:
    stored = await store.put(encoded(halves(120, 90), "PNG"))
    assert (stored.width, stored.height) == (120, 90)
    assert opened(await store.read(stored.sha256, "large")).size == (120, 90)
    assert opened(await store.read(stored.sha256, "small")).size == (200, 200)


@pytest.mark.parametrize(("orientation", "left"), [(1, RED), (2, BLUE), (3, BLUE), (4, RED)])
async def test_orientation_that_keeps_the_sides(store: PhotoStore, orientation: int, left: tuple[int, int, int]) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = await store.put(encoded(halves(400, 200), "JPEG", exif=exif))
    image = opened(await store.read(stored.sha256)).convert("RGB")
    assert image.size == (400, 200)
    assert is_like(image.getpixel((10, 100)), left)


@pytest.mark.parametrize(("orientation", "top"), [(5, RED), (6, RED), (7, BLUE), (8, BLUE)])
async def test_orientation_that_swaps_the_sides(store: PhotoStore, orientation: int, top: tuple[int, int, int]) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = await store.put(encoded(halves(400, 200), "JPEG", exif=exif))
    assert (stored.width, stored.height) == (200, 400)
    assert is_like(opened(await store.read(stored.sha256)).convert("RGB").getpixel((100, 10)), top)


async def test_heic_turned_by_its_camera_is_turned_once(store: PhotoStore) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    stored = await store.put(encoded(halves(400, 200), "HEIF", exif=exif.tobytes()), "IMG_1.HEIC")
    image = opened(await store.read(stored.sha256)).convert("RGB")
    assert image.size == (200, 400)
    assert is_like(image.getpixel((100, 10)), RED)


@pytest.mark.parametrize("form", ["JPEG", "HEIF"])
async def test_location_and_all_other_metadata_go(store: PhotoStore, form: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "SecretCam"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:01 10:00:00"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.OffsetTimeOriginal] = "+02:00"
    data = encoded(halves(300, 300), form, exif=exif.tobytes())
    assert b"SecretCam" in data
    stored = await store.put(data)
    assert stored.taken_at == datetime(2024, 5, 1, 8, 0, tzinfo=UTC)
    kept = [await store.read(stored.sha256, size) for size in photos.SIZES] + [await store.jpeg(stored.sha256)]
    for one in kept:
        image = opened(one)
        assert not dict(image.getexif())
        assert not {"exif", "icc_profile", "xmp"} & set(image.info)
        assert b"SecretCam" not in one


@pytest.mark.parametrize(
    ("taken", "expected"), [("2024:05:01 10:00:00", datetime(2024, 5, 1, 10, tzinfo=UTC)), ("0000:00:00 00:00:00", None), ("soon", None)]
)
async def test_a_camera_without_a_zone_and_one_without_a_clock(store: PhotoStore, taken: str, expected: datetime | None) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    assert (await store.put(encoded(halves(64, 64), "JPEG", exif=exif))).taken_at == expected


async def test_broken_metadata_does_not_spoil_a_photo(store: PhotoStore) -> None:
    stored = await store.put(encoded(halves(64, 64), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage"))
    assert (stored.width, stored.taken_at) == (64, None)


@pytest.mark.parametrize("mode", ["L", "CMYK", "1", "P"])
async def test_other_colour_modes(store: PhotoStore, mode: str) -> None:
    data = encoded(halves(80, 40, mode), "JPEG" if mode == "CMYK" else "PNG")
    assert opened(await store.read((await store.put(data)).sha256)).mode == "RGB"


async def test_transparency_becomes_white_and_sixteen_bits_eight(store: PhotoStore) -> None:
    clear = await store.put(encoded(Image.new("RGBA", (50, 50), (255, 0, 0, 0)), "PNG"))
    assert is_like(opened(await store.read(clear.sha256)).getpixel((25, 25)), (255, 255, 255))
    deep = await store.put(encoded(Image.new("I;16", (50, 50), 128 * 256), "PNG"))
    assert is_like(opened(await store.read(deep.sha256)).getpixel((25, 25)), (128, 128, 128))


async def test_a_profile_is_applied_before_it_goes(store: PhotoStore) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    stored = await store.put(encoded(halves(64, 64), "JPEG", icc_profile=lab))
    assert is_like(opened(await store.read(stored.sha256)).getpixel((4, 4)), RED)


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100_000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "shoe.jpg is empty"),
        (b"hello, I am a text", "shoe.jpg is not a photo"),
        (b"%PDF-1.7 ...", "shoe.jpg is not a photo"),
        (b"GIF89a" + bytes(50), "shoe.jpg is not a photo"),
        (b"\xff\xd8\xff\xe0 nonsense", "shoe.jpg is damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8 nonsense", "shoe.jpg is damaged"),
        (b"\0\0\0\x18ftypheic nonsense" + bytes(40), "shoe.jpg is damaged"),
        (encoded(halves(900, 900), "JPEG")[:4000], "shoe.jpg is damaged"),
        (encoded(Image.effect_noise((400, 400), 60), "PNG")[:-20_000], "shoe.jpg is damaged"),
        (encoded(Image.effect_noise((400, 400), 60), "WEBP")[:-2000], "shoe.jpg is damaged"),
        (encoded(Image.effect_noise((400, 400), 60).convert("RGB"), "HEIF")[:-2000], "shoe.jpg is damaged"),
        (bomb(50_000, 50_000), "shoe.jpg is 50000 by 50000 pixels"),
        (bomb(6_000, 6_000), "shoe.jpg is damaged"),
    ],
    ids=["empty", "text", "pdf", "gif", "jpeg", "webp", "heic", "cut-jpeg", "cut-png", "cut-webp", "cut-heic", "bomb", "lying-png"],
)
async def test_what_is_no_photo_gets_a_sentence_and_leaves_nothing(store: PhotoStore, tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(Invalid) as fault:
        await store.put(data, "/home/me/shoe.jpg")
    assert fault.value.sentence.startswith(says)
    assert "send" in fault.value.sentence
    assert not files_in(tmp_path)


async def test_a_bomb_costs_no_memory(store: PhotoStore, helper: Helper) -> None:
    await store.put(encoded(halves(64, 64), "PNG"))
    pid = helper.pid
    with pytest.raises(Invalid):
        await store.put(bomb(60_000, 60_000))
    assert helper.pid == pid
    assert helper.memory < 100 * 1024 * 1024


def test_limits_and_names() -> None:
    uploads.check_batch([uploads.MAX_BYTES] * 5)
    with pytest.raises(Invalid, match=r"120\.0 MB together.*100 MB"):
        uploads.check_batch([uploads.MAX_BYTES] * 6)
    with pytest.raises(Invalid, match=r"big\.png is 20\.1 MB"):
        uploads.check_size(uploads.MAX_BYTES + 100_000, "big.png")
    assert uploads.spoken("C:\\photos\\a\nb.jpg") == "ab.jpg"
    assert uploads.spoken("") == "This file"
    assert len(uploads.spoken("x" * 500 + ".jpg")) <= 60


async def test_the_same_photo_twice_is_stored_once(store: PhotoStore, tmp_path: Path, helper: Helper) -> None:
    data = encoded(halves(500, 400), "JPEG")
    first, again = await asyncio.gather(store.put(data, "a.jpg"), store.put(data, "b.jpg"))
    assert first == again
    assert len(files_in(tmp_path)) == 4
    await helper.close()  # what is known needs no decoding
    assert await store.put(data, "c.jpg") == first


async def test_files_missing_photos_and_bad_keys(store: PhotoStore, tmp_path: Path) -> None:
    path = tmp_path / "upload.png"
    path.write_bytes(encoded(halves(64, 64), "PNG"))
    stored = await store.put_file(path)
    assert await store.exists(stored.sha256)
    assert not await store.exists("0" * 64)
    with pytest.raises(Missing, match=r"gone\.png"):
        await store.put_file(tmp_path / "gone.png")
    with pytest.raises(Missing):
        await store.read("0" * 64)
    with pytest.raises(Invalid):
        store.path("../../etc/passwd")


async def test_jpeg_is_made_once_and_fits(store: PhotoStore, helper: Helper) -> None:
    stored = await store.put(encoded(halves(1000, 500), "PNG"))
    image = opened(await store.jpeg(stored.sha256, side=400))
    assert (image.format, image.size) == ("JPEG", (400, 200))
    assert opened(await store.as_jpeg(await store.read(stored.sha256), 100)).size == (100, 50)
    await helper.close()
    assert opened(await store.jpeg(stored.sha256, side=400)).size == (400, 200)


async def test_sweep_takes_orphans_and_leftovers_only(store: PhotoStore, tmp_path: Path) -> None:
    kept, orphan = [await store.put(encoded(halves(64 + n, 64), "PNG")) for n in range(2)]
    await store.jpeg(orphan.sha256)
    torn = tmp_path / "photos" / "ab" / "cd"
    torn.mkdir(parents=True)
    (torn / ".part-x").write_bytes(b"half")
    (torn / f"{'abcd' * 16}-large.webp").write_bytes(b"no facts were written")
    future = datetime.now(UTC) + timedelta(hours=1)
    past = datetime.now(UTC) - timedelta(hours=1)
    before = len(files_in(tmp_path))
    assert await store.sweep({kept.sha256}, past, past) == 0
    assert len(files_in(tmp_path)) == before
    assert await store.sweep({kept.sha256}, past, future) == 0
    assert len(files_in(tmp_path)) == before - 2, "what interrupted writes left goes sooner"
    assert await store.exists(orphan.sha256)
    assert await store.sweep({kept.sha256}, future, future) == 1
    assert [name[:64] for name in files_in(tmp_path)] == [kept.sha256] * 4


async def test_damage_is_found(store: PhotoStore) -> None:
    stored = await store.put(encoded(halves(64, 64), "PNG"))
    other = await store.put(encoded(halves(65, 64), "PNG"))
    whole = await store.put(encoded(halves(66, 64), "PNG"))
    torn = await store.put(encoded(halves(67, 64), "PNG"))
    keys = [one.sha256 for one in (stored, other, whole, torn)]
    assert await store.damaged(keys) == []
    store.path(stored.sha256, "large").write_bytes(b"rot")
    store.path(other.sha256, "small").unlink()
    store.path(torn.sha256).with_name(f"{torn.sha256}.json").write_bytes(b'{"width": 67, "fi')
    assert await store.damaged([*keys, "0" * 64]) == [stored.sha256, other.sha256, torn.sha256, "0" * 64]
    for width in range(64, 68):
        await store.put(encoded(halves(width, 64), "PNG"))
    assert await store.damaged(keys) == [], "sending a photo again mends it"


async def test_a_photo_that_breaks_the_decoder_is_named(tmp_path: Path) -> None:
    deadly = Helper("tests.storage.helper_jobs")  # its "variants" kills the child, as a bug in a decoder would
    try:
        with pytest.raises(Invalid, match=r"^evil\.jpg cannot be read") as fault:
            await PhotoStore(tmp_path, deadly).put(encoded(halves(64, 64), "JPEG"), "evil.jpg")
    finally:
        await deadly.close()
    assert "exit -9" in fault.value.cause


async def test_facts_are_plain_json(store: PhotoStore) -> None:
    stored = await store.put(encoded(halves(64, 48), "PNG"))
    facts = json.loads(store.path(stored.sha256).with_name(f"{stored.sha256}.json").read_text())
    assert (facts["width"], facts["height"], set(facts["files"])) == (64, 48, {"original", "large", "small"})


async def test_a_photo_that_is_still_on_its_way_goes_to_the_disk(store: PhotoStore, tmp_path: Path) -> None:
    data = encoded(halves(400, 300), "JPEG")

    async def slowly(size: int = 1000, more: bytes = b"") -> AsyncIterator[bytes]:
        for at in range(0, len(data), size):
            yield data[at : at + size]
        for _ in range(len(more) and 21):
            yield more

    assert await store.put_stream(slowly(), "lamp.jpg") == await store.put(data)
    with pytest.raises(Invalid, match=r"lamp\.jpg is 20\.\d MB, and a photo may be 20 MB"):
        await store.put_stream(slowly(more=b"x" * 1024 * 1024), "lamp.jpg")
    with pytest.raises(Invalid, match="is empty"):
        await store.put_stream(_nothing(), "lamp.jpg")
    assert not [name for name in files_in(tmp_path) if name.startswith(".part-")]


async def _nothing() -> AsyncIterator[bytes]:
    for chunk in (b"",):
        yield chunk


async def test_a_look_tells_pictures_apart(store: PhotoStore) -> None:
    """The same scene in another size and quality is almost the same look; another one is far from it."""
    scene = halves(800, 600)
    one, again = await store.put(encoded(scene, "JPEG")), await store.put(encoded(scene.resize((400, 300)), "JPEG", quality=60))
    other = await store.put(encoded(halves(800, 600).transpose(Image.Transpose.FLIP_LEFT_RIGHT), "JPEG"))
    dark = await store.put(encoded(Image.new("RGB", (300, 300), (10, 20, 30)), "PNG"))
    assert len(one.look) == 28
    assert differ(one.look, again.look) <= (2, 2)  # type: ignore[operator]
    assert differ(one.look, other.look)[0] >= 8  # type: ignore[index]
    assert differ(one.look, dark.look)[1] >= 12  # type: ignore[index]
    assert (await store.find(one.sha256)).look == one.look
