"""What the child process of the photo store does: photos in three sizes, and as JPEG. `decoding.py` opens them.

`JOBS` is what `storage/photos.py` asks for, by name. Everything that a stranger's file can do wrong ends in `Invalid`.
"""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageOps

from storage import decoding
from storage.looks import look_of

ORIGINAL, LARGE, SMALL = 2048, 800, 200  # pixels a side
QUALITY = 80
JPEG_QUALITY = 88
# WebP's effort 0..6. 2 takes half the time of Pillow's own 4 and makes files 4 % bigger (measured on a 12 MP photo).
EFFORT = 2
MEMORY_CEILING = decoding.CEILING


def variants(values: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """One upload to its three WebP sizes: original, large, small. `values["name"]` is what a person calls the file."""
    upright, taken_at = decoding.upright(blobs[0], values["name"], ORIGINAL)
    large = decoding.within(upright, LARGE)
    small = ImageOps.fit(large, (SMALL, SMALL), Image.Resampling.LANCZOS)
    taken = taken_at.isoformat() if taken_at else None
    answer = {"width": upright.width, "height": upright.height, "taken_at": taken, "look": look_of(small)}
    return answer, [_webp(upright), _webp(large), _webp(small)]


def jpeg(values: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """Any photo to a JPEG of at most `values["side"]` pixels a side."""
    image, _ = decoding.upright(blobs[0], values["name"], values["side"])
    data = io.BytesIO()
    image.save(data, "JPEG", quality=JPEG_QUALITY)
    return {"width": image.width, "height": image.height}, [data.getvalue()]


JOBS = {"variants": variants, "jpeg": jpeg}


def _webp(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "WEBP", quality=QUALITY, method=EFFORT)
    return data.getvalue()
