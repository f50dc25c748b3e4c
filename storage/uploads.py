"""What is let in as a photo: how large it may be, which kinds, and what a file is called in a sentence. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import Invalid
from core.words import Told

MAX_BYTES = 20 * 1024 * 1024
MAX_BATCH_BYTES = 100 * 1024 * 1024

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def check_batch(sizes: Sequence[int]) -> None:
    """Raises `Invalid` when photos that are sent together are more than 100 MB."""
    total = sum(sizes)
    if total > MAX_BATCH_BYTES:
        raise Invalid(
            Told("These photos are {size} MB together, and one batch may be 100 MB: send them in smaller groups.", size=_mb(total))
        )


def check_size(size: int, called: str) -> None:
    """Raises `Invalid` when one photo is empty or more than 20 MB. `called` is its name as `spoken` gives it."""
    if not size:
        raise Invalid(Told("{called} is empty: send it again.", called=called))
    if size > MAX_BYTES:
        raise Invalid(Told("{called} is {size} MB, and a photo may be 20 MB: send a smaller version.", called=called, size=_mb(size)))


def check_kind(data: bytes, called: str) -> str:
    """The format by the first bytes, whatever the name says: JPEG, PNG, WebP or HEIC. Raises `Invalid` for all else."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "HEIC"
    raise Invalid(
        Told("{called} is not a photo that Haggle can read: send it as JPEG, PNG, WebP or HEIC.", called=called),
        cause=f"starts with {data[:12]!r}",
    )


def spoken(name: str) -> str:
    """A file's name as a sentence may show it: its last part, printable, short; "This file" when there is none."""
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(letter for letter in last if letter.isprintable()).strip()
    if not plain:
        return "This file"
    return plain if len(plain) <= 60 else plain[:40] + "…" + plain[-19:]


def _mb(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}"
