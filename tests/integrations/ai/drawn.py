"""Photos of labels, drawn: print and real barcodes on a textured ground, tilted, blurred and noisy. The same seed, the same photo."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from core.ports import PhotoIn

HEAD, PRINT = 64, 44  # pixels of the first line's letters and of the others
SHOE = ("NIKE", "Air Zoom Pegasus 38", "Style: CW7356-002", "US 10  UK 9  EU 44", "100% COTTON", "Made in Vietnam")
SLOW, BROKEN = PhotoIn(b"a photo that takes too long"), PhotoIn(b"a photo without a working reader")  # see `failing_jobs`


def label(lines: Sequence[str], barcode: tuple[str, str] | None = None) -> Image.Image:
    """A white label. `barcode` is the symbol's name as zxing-cpp has it, and its content."""
    image = Image.new("RGB", (1100, 120 + 80 * len(lines) + (260 if barcode else 0)), "white")
    pen = ImageDraw.Draw(image)
    for place, line in enumerate(lines):
        pen.text((50, 40 + 80 * place), line, font=ImageFont.load_default(HEAD if place == 0 else PRINT), fill="black")
    if barcode:
        symbol = zxingcpp.create_barcode(barcode[1], getattr(zxingcpp.BarcodeFormat, barcode[0]))
        bars = Image.fromarray(np.array(zxingcpp.write_barcode_to_image(symbol, scale=6, add_quiet_zones=True))).convert("RGB")
        image.paste(bars.resize((bars.width, 220)) if barcode[0] != "QRCode" else bars.resize((220, 220)), (50, image.height - 250))
    return image


def page(headline: str, lines: int = 60) -> PhotoIn:
    """A sheet of small print under a headline, as of a manual: more than is read of one photo."""
    image = Image.new("RGB", (1536, 2048), "white")
    pen = ImageDraw.Draw(image)
    pen.text((40, 30), headline, font=ImageFont.load_default(HEAD), fill="black")
    for line in range(lines):
        words = " ".join(f"clause {line} of part {part} applies" for part in range(4))
        pen.text((40, 130 + 31 * line), words, font=ImageFont.load_default(22), fill="black")
    data = io.BytesIO()
    image.save(data, "WEBP", quality=80, method=1)
    return PhotoIn(data.getvalue())


def photo(face: Image.Image, tilt: float = 0.0, *, seed: int = 1, blur: float = 0.6, size: tuple[int, int] = (2048, 1536)) -> PhotoIn:
    """The label as a phone sees it lying on a blanket."""
    random = np.random.default_rng(seed)
    ground = Image.fromarray(random.integers(80, 170, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)).resize(
        size, Image.Resampling.BICUBIC
    )
    mask = Image.new("L", face.size, 255).rotate(tilt, expand=True)
    turned = face.rotate(tilt, expand=True, resample=Image.Resampling.BICUBIC)
    ground.paste(turned, ((size[0] - turned.width) // 2, (size[1] - turned.height) // 2), mask)
    pixels = np.asarray(ground.filter(ImageFilter.GaussianBlur(blur))).astype(np.int16) + random.integers(-8, 9, (size[1], size[0], 3))
    data = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(data, "WEBP", quality=80, method=1)
    return PhotoIn(data.getvalue())
