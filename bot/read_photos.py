"""`haggle read`: what the reader without a key finds on photos, with neither server nor database."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import HaggleError, Invalid
from core.ports import PhotoIn
from integrations.ai import offline
from storage import photos, uploads
from storage.helper import Helper


async def read_photos(paths: Sequence[Path]) -> dict[str, Any]:
    """Findings of one item's photos as JSON: `photos` (file, sha256, width, height, or error), `barcodes`, `lines`,
    `problems`, `draft`. Photo numbers count the readable files from 0.

    A file that is no photo is an entry with its `error`. Raises `Invalid` when none of them is one, or all are too much.
    """
    pictures, reading = Helper(photos.MODULE), Helper(offline.MODULE)
    try:
        with tempfile.TemporaryDirectory(prefix="haggle-read-") as folder:
            entries, good = await _collect(photos.PhotoStore(Path(folder), pictures), paths)
        if not good:
            raise Invalid(" ".join(entry["error"] for entry in entries) or "Name at least one photo to read.")
        findings = await offline.OfflineReader(reading).findings(good)
    finally:
        await pictures.close()
        await reading.close()
    return {"photos": entries, **findings.to_json()}


async def _collect(store: photos.PhotoStore, paths: Sequence[Path]) -> tuple[list[dict[str, Any]], list[PhotoIn]]:
    uploads.check_batch([path.stat().st_size for path in paths if path.is_file()])
    entries: list[dict[str, Any]] = []
    good: list[PhotoIn] = []
    for path in paths:
        try:
            stored = await store.put_file(path)
        except HaggleError as error:
            entries.append({"file": str(path), "error": error.sentence})
            continue
        good.append(PhotoIn(await store.read(stored.sha256)))
        entries.append({"file": str(path), "sha256": stored.sha256, "width": stored.width, "height": stored.height})
    return entries, good
