"""The photo pipeline against plain Pillow that makes the same three sizes; and the reader's time and memory.

    python -m tests.bench.bench_photos

`ratio` is our time for a photo divided by plain Pillow's: pipes, hashing, fsync and the metadata are in ours only.
"""

from __future__ import annotations

import asyncio
import io
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from integrations.ai import offline
from integrations.ai.offline import OfflineReader
from storage import photos
from storage.helper import MIB, Helper
from storage.photos import PhotoStore
from tests.integrations.ai.drawn import SHOE, label, photo

COUNT = 8
PHONE = (4032, 3024)


def run() -> dict[str, Any]:
    """Times in seconds (medians), memory in MiB, `ratio` without a unit."""
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    shots = [_phone_photo(seed) for seed in range(COUNT)]
    labels = [photo(label(SHOE, ("EAN13", "4006381333931")), tilt, seed=tilt) for tilt in (0, 7, 45, 90, 180)]
    pictures, reading = Helper(photos.MODULE), Helper(offline.MODULE)
    lags: list[float] = []
    watch = asyncio.create_task(_watch(lags))
    try:
        with tempfile.TemporaryDirectory() as folder:
            store = PhotoStore(Path(folder), pictures)
            await store.put(labels[0].data)
            ours, plain = [], []
            for shot in shots:
                ours.append(await _timed(store.put(shot)))
                plain.append(await _timed(asyncio.to_thread(_plain, shot)))
            picture_memory = pictures.memory
        reader = OfflineReader(reading)
        cold = await _timed(reader.warm())
        lags.clear()
        read = [await _timed(reader.read([one], {})) for one in labels]
        reader_memory = reading.memory
    finally:
        watch.cancel()
        await pictures.close()
        await reading.close()
    return {
        "pipeline_seconds": statistics.median(ours),
        "plain_seconds": statistics.median(plain),
        "ratio": statistics.median(ours) / statistics.median(plain),
        "pictures_child_mib": picture_memory / MIB,
        "reader_cold_seconds": cold,
        "reader_seconds": statistics.median(read),
        "reader_child_mib": reader_memory / MIB,
        "main_loop_worst_lag_seconds": max(lags),
    }


async def _timed(work: Any) -> float:
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun


async def _watch(lags: list[float]) -> None:
    """How late the main process's loop is, which is what a sale would feel."""
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(0.01)
        lags.append(time.perf_counter() - begun - 0.01)


def _phone_photo(seed: int) -> bytes:
    """12 megapixels with the detail of a real photo, about 4 MB."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 255, (PHONE[1] // 12, PHONE[0] // 12, 3), dtype=np.uint8)).resize(
        PHONE, Image.Resampling.BICUBIC
    )
    grain = np.asarray(coarse).astype(np.int16) + random.integers(-6, 7, (PHONE[1], PHONE[0], 1))
    exif = Image.Exif()
    exif[0x0112] = 6
    data = io.BytesIO()
    Image.fromarray(grain.clip(0, 255).astype(np.uint8)).save(data, "JPEG", quality=90, exif=exif)
    return data.getvalue()


def _plain(data: bytes) -> list[bytes]:
    """What one writes first: every size from the full photo, with Pillow's own settings."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    sizes = []
    for side in (photos.JPEG_SIDE, 800):
        shrunk = image.copy()
        shrunk.thumbnail((side, side), Image.Resampling.LANCZOS)
        sizes.append(shrunk)
    sizes.append(ImageOps.fit(image, (200, 200), Image.Resampling.LANCZOS))
    return [_webp(one) for one in sizes]


def _webp(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "WEBP", quality=80)
    return data.getvalue()


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
