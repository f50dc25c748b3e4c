"""Photos: checked by content, kept in three sizes, each photo once. No rows here: who owns a photo is somebody else's table.

A photo's key is the sha256 **of the uploaded bytes**, not of what we made of them: the second upload of a photo is known
before anything is decoded, and a new WebP encoder changes no key. Each photo is a few files in `FOLDER/ab/cd/`:

    <sha256>.json             width, height, bytes, taken_at, look, and the sha256 of each size. Written last: no photo without it
    <sha256>-original.webp    at most 2048 px a side, upright, sRGB, no metadata
    <sha256>-large.webp       fits 800 x 800
    <sha256>-small.webp       200 x 200, cut to cover
    <sha256>-2048.jpg         a JPEG somebody asked for; may be deleted at any time
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal, TypeVar

from core.errors import Invalid, Missing
from core.ports import Helper
from core.words import Told
from storage.uploads import check_kind, check_size, spoken

Size = Literal["original", "large", "small"]
SIZES: tuple[Size, ...] = ("original", "large", "small")

MODULE = "storage.pictures"  # whose JOBS the helper of a `PhotoStore` must run
JPEG_SIDE = 2048
OPENED = 2  # streamed photos that are in memory at the same time

_T = TypeVar("_T")
_KEY = re.compile(r"[0-9a-f]{64}")
_TEMPORARY = ".part-"


@dataclass(frozen=True, slots=True)
class Stored:
    """A photo that is kept. `width` and `height` are those of the original size, `bytes` too; `taken_at` is UTC.

    `look` is what it looks like (`storage/looks.py`); "" of a photo that was kept before there were looks.
    """

    sha256: str
    width: int
    height: int
    bytes: int
    taken_at: datetime | None = None
    look: str = ""


class PhotoStore:
    """A folder of photos. `helper` runs `storage.pictures` (see `MODULE`)."""

    def __init__(self, folder: Path, helper: Helper) -> None:
        self._folder = folder
        self._helper = helper
        self._opening = asyncio.Semaphore(OPENED)

    async def put(self, data: bytes, name: str = "") -> Stored:
        """Keep a photo. Raises `Invalid` with a sentence that names the file when it is no photo that can be kept."""
        called = spoken(name)
        check_size(len(data), called)
        check_kind(data, called)
        key = await _in_thread(lambda: hashlib.sha256(data).hexdigest())
        # Sending a photo again is how a damaged one is mended.
        known = await _in_thread(lambda: None if self._is_damaged(key) else self._known(key, touch=True))
        if known:
            return known
        facts, blobs = await self._run("variants", {"name": called}, data, called)
        return await _in_thread(lambda: self._keep(key, facts, blobs))

    async def put_file(self, path: Path) -> Stored:
        """Keep the photo in a file. `Missing` when there is no such file."""
        return await self.put(await _in_thread(lambda: _file(path)), path.name)

    async def put_stream(self, chunks: AsyncIterator[bytes], name: str = "") -> Stored:
        """As `put`, for a photo that is still on its way: it goes to the disk as it comes, and memory holds no more than one photo."""
        called = spoken(name)
        file = await _in_thread(self._new_file)
        try:
            async for chunk in chunks:
                await _in_thread(partial(file.write, chunk))
                check_size(max(file.tell(), 1), called)
            file.seek(0)
            async with self._opening:
                return await self.put(await _in_thread(file.read), name)
        finally:
            file.close()  # and it is gone

    async def read(self, sha256: str, size: Size = "original") -> bytes:
        """The WebP of one size. `Missing` when the photo is not here."""
        path = self.path(sha256, size)
        data = await _in_thread(lambda: _bytes(path))
        if data is None:
            raise Missing(Told("This photo is not in the photo folder any more: send it again."), cause=str(path))
        return data

    async def jpeg(self, sha256: str, side: int = JPEG_SIDE) -> bytes:
        """The original as a JPEG of at most `side` pixels a side. Made once, then remembered."""
        path = self._place(sha256) / f"{sha256}-{side}.jpg"
        known = await _in_thread(lambda: _bytes(path))
        if known is not None:
            return known
        made = await self.as_jpeg(await self.read(sha256), side)
        await _in_thread(lambda: _write(path, made))
        return made

    async def as_jpeg(self, data: bytes, side: int = JPEG_SIDE) -> bytes:
        """Any photo's bytes as a JPEG of at most `side` pixels a side; nothing is kept."""
        _, blobs = await self._run("jpeg", {"name": spoken(""), "side": side}, data, spoken(""))
        return blobs[0]

    async def find(self, sha256: str) -> Stored:
        """What is kept under a key. `Missing` when the photo is not here."""
        known = await _in_thread(lambda: self._known(sha256, touch=False))
        if known is None:
            raise Missing(Told("This photo is not in the photo folder any more: send it again."), cause=sha256[:80])
        return known

    async def exists(self, sha256: str) -> bool:
        path = self._facts(sha256)
        return await _in_thread(path.exists)

    def path(self, sha256: str, size: Size = "original") -> Path:
        """Where a size is, or would be. `Invalid` when that is no key."""
        return self._place(sha256) / f"{sha256}-{size}.webp"

    async def sweep(self, keep: Collection[str], before: datetime, leftovers: datetime) -> int:
        """Delete photos that are not in `keep` and were not touched since `before`, and what interrupted writes left behind before
        `leftovers`. Says how many photos went. A photo that is sent again counts as touched."""
        return await _in_thread(lambda: self._sweep(frozenset(keep), before.timestamp(), leftovers.timestamp()))

    async def damaged(self, keys: Sequence[str]) -> list[str]:
        """Which of these photos are not here any more, lack a size, or have one that does not match the hash that was noted when it
        was written. Reads them all: ask for some at a time."""
        return await _in_thread(lambda: [key for key in keys if self._is_damaged(key)])

    async def _run(self, job: str, values: dict[str, Any], data: bytes, called: str) -> tuple[dict[str, Any], list[bytes]]:
        try:
            return await self._helper.run(job, values, [data])
        except Invalid as error:
            if error.sentence.startswith(called):
                raise
            # The helper knows no files: it only said that the job broke it.
            sentence = f"{called} cannot be read, it breaks the program that decodes photos: leave it out."
            raise Invalid(sentence, cause=error.cause) from error

    def _new_file(self) -> IO[bytes]:
        """A file that goes when it is closed; the sweep finds what a crash left."""
        folder = self._folder / "00" / "00"
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.NamedTemporaryFile(prefix=_TEMPORARY, dir=folder)

    def _place(self, sha256: str) -> Path:
        if not _KEY.fullmatch(sha256):
            raise Invalid(Told("That is not a photo's key."), cause=repr(sha256[:80]))
        return self._folder / sha256[:2] / sha256[2:4]

    def _facts(self, sha256: str) -> Path:
        return self._place(sha256) / f"{sha256}.json"

    def _known(self, sha256: str, *, touch: bool) -> Stored | None:
        path = self._facts(sha256)
        text = _bytes(path)
        if text is None:
            return None
        if touch:
            os.utime(path)
        facts = json.loads(text)
        taken = facts["taken_at"]
        when = datetime.fromisoformat(taken) if taken else None
        return Stored(sha256, facts["width"], facts["height"], facts["bytes"], when, facts.get("look", ""))

    def _keep(self, sha256: str, facts: dict[str, Any], blobs: list[bytes]) -> Stored:
        hashes = {size: hashlib.sha256(blob).hexdigest() for size, blob in zip(SIZES, blobs, strict=True)}
        for size, blob in zip(SIZES, blobs, strict=True):
            _write(self.path(sha256, size), blob)
        _write(self._facts(sha256), json.dumps({**facts, "bytes": len(blobs[0]), "files": hashes}).encode())
        stored = self._known(sha256, touch=False)
        assert stored is not None
        return stored

    def _sweep(self, keep: frozenset[str], before: float, leftovers: float) -> int:
        gone = 0
        for path in list(self._folder.glob("??/??/*.json")):
            if path.stem not in keep and path.stat().st_mtime < before:
                self._remove(path.parent, path.stem)
                gone += 1
        for path in list(self._folder.glob("??/??/*")):
            leftover = path.name.startswith(_TEMPORARY) or (_KEY.match(path.name) and not self._facts(path.name[:64]).exists())
            if leftover and path.stat().st_mtime < leftovers:
                path.unlink()
        return gone

    def _remove(self, place: Path, key: str) -> None:
        # The facts go first: what is left after a crash is a leftover, never half a photo.
        (place / f"{key}.json").unlink()
        for path in place.glob(f"{key}-*"):
            path.unlink()

    def _is_damaged(self, key: str) -> bool:
        try:
            expected = json.loads(_bytes(self._facts(key)) or b"{}").get("files", {})
        except ValueError:
            return True
        return set(expected) != set(SIZES) or any(_hash(_bytes(self.path(key, size))) != expected[size] for size in SIZES)


async def _in_thread(work: Callable[[], _T]) -> _T:
    return await asyncio.to_thread(work)


def _file(path: Path) -> bytes:
    called = spoken(path.name)
    try:
        check_size(path.stat().st_size, called)
        return path.read_bytes()
    except FileNotFoundError as gone:
        raise Missing(Told("There is no file {called}: check the path.", called=called), cause=str(gone)) from gone
    except OSError as closed:
        raise Invalid(
            Told("{called} cannot be opened: check that it is a file that you may read.", called=called), cause=str(closed)
        ) from closed


def _hash(data: bytes | None) -> str:
    return "" if data is None else hashlib.sha256(data).hexdigest()


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing, even through a power cut: a temporary name, onto the disk, then the real name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=_TEMPORARY, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as full:
        Path(temporary).unlink(missing_ok=True)
        raise Invalid(Told("The photo could not be saved: free some space on the disk and send it again."), cause=str(full)) from full
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """A rename is only certain once the folder itself is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
