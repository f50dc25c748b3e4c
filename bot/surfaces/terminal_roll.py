"""Sending a camera roll from the terminal: every photo of the files and folders that were named, each once, in the order of their names.

What the server has already is not sent again, so the same line goes on where a lost connection ended it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bot.surfaces.terminal_chat import Chat
from storage.uploads import MAX_BYTES

KINDS = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif")
CHUNK = 256 * 1024


def photos_in(paths: Sequence[Path]) -> list[Path]:
    """The files, and for a folder its photos by name, those of folders in it included."""
    found: list[Path] = []
    for path in paths:
        found += sorted(one for one in path.rglob("*") if one.suffix.lower() in KINDS and one.is_file()) if path.is_dir() else [path]
    return found


async def send_roll(chat: Chat, paths: Sequence[Path], say: Callable[[str], None]) -> None:
    """Raises `Refusal` for what the server does not want, `ChatLost` when it is gone."""
    photos = await asyncio.to_thread(photos_in, paths)
    roll = await chat.begin_roll()
    have = {*roll["have"], *roll["failed"]}
    start, sent = int(roll["next"]), 0
    for place, path in enumerate(photos):
        source, size = await asyncio.to_thread(_facts, path)
        if source in have:
            continue
        if not source:
            say(f"! I cannot open {path}: check the path.")
            continue
        query = {"name": path.name, "source": source, "at": start + place, "size": size}
        answer: dict[str, Any] = await chat.put_photo(roll["roll"], query, partial(_chunks, path, size))
        if "error" in answer:
            say(f"! {answer['error']}")
        else:
            sent += 1
    say(f"{sent} of {len(photos)} photos sent")
    await chat.end_roll(roll["roll"])


def _facts(path: Path) -> tuple[str, int]:
    """What names the file as long as it stays what it is, and its size; empty when there is none."""
    if not path.is_file():
        return "", 0
    facts = path.stat()
    return f"{path.name[-200:]} {facts.st_size} {facts.st_mtime_ns}", facts.st_size


async def _chunks(path: Path, size: int) -> AsyncIterator[bytes]:
    """Nothing of what is too large: its size is enough to be told so."""
    if size > MAX_BYTES:
        return
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
