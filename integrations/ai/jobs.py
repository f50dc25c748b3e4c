"""What the reader's child process does: find barcodes and lines of text on one photo. Never import it in the main process:
it brings ONNX Runtime, OpenCV and 160 MB with it.

Models are the files inside RapidOCR's wheel, given by path, so that nothing is ever downloaded.
"""

from __future__ import annotations

import importlib
import io
import logging
import math
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rapidocr
import zxingcpp
from numpy.typing import NDArray
from PIL import Image
from rapidocr import RapidOCR

from core.errors import Invalid, Missing
from core.words import Told

# The engine's own error for "nothing found" is not exported at the top of its package.
_Nothing: type[Exception] = importlib.import_module("rapidocr.main").RapidOCRError

DETECT_SIDE = 1280  # pixels of the longer side in which text is looked for; it is then read at full size
SIDE = 2048  # pixels, as much as `core.ports.PhotoIn` has
LONGEST = 100.0  # lengths in heights of their letters: of a line, and of all lines that are read at once (600 take 700 MB)
AT_ONCE = 6  # lines, the engine's own number
SHORTEST = 320 / 48  # what the engine fills shorter lines up to
TILTED = 8.0  # degrees from which the barcode reader gets a second, straightened look
_FLIP_CERTAINTY = 0.9  # of "this line is upside down", the engine's own threshold
_TALL = 1.5  # height to width from which the engine turns a line by 90 degrees

Array = NDArray[np.uint8]
Quad = list[list[float]]

logging.getLogger("RapidOCR").setLevel(logging.ERROR)
cv2.setNumThreads(1)


def read(values: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """One photo's findings, coordinates in pixels of `width` and `height`.

    `lines`: text, score 0..1, quad (corners in the line's own reading order: start-top, end-top, end-bottom, start-bottom).
    `barcodes`: format, text, quad. `unread`: how many lines were seen, but not read: reading stops after `values["print"]`
    (all lines' lengths, in heights of their letters) and after `values["seconds"]`.
    """
    deadline = time.monotonic() + values["seconds"]
    image = _image(blobs[0])
    pixels = np.asarray(image)
    lines, unread = _lines(np.ascontiguousarray(pixels[:, :, ::-1]), values["print"], deadline)
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    barcodes = _barcodes(np.asarray(gray, dtype=np.uint8), _tilt(lines))
    return {"width": image.width, "height": image.height, "lines": lines, "barcodes": barcodes, "unread": unread}, []


def warm(values: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """Load the models and run them once, so that the first photo need not wait for it."""
    paper = np.full((DETECT_SIDE * 3 // 4, DETECT_SIDE, 3), 255, dtype=np.uint8)
    cv2.putText(paper, "SIZE M", (100, 300), cv2.FONT_HERSHEY_SIMPLEX, 4, (0, 0, 0), 8)
    return {"lines": len(_lines(paper, LONGEST, math.inf)[0])}, []


JOBS = {"read": read, "warm": warm}


def _image(data: bytes) -> Image.Image:
    try:
        file = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
        if max(file.size) > SIDE:
            raise Invalid(Told("This photo is too large to read: send a smaller version."), cause=f"{file.size}")
        return file.convert("RGB")
    except (OSError, SyntaxError, ValueError) as broken:
        raise Invalid(Told("This photo is damaged or incomplete: send it again."), cause=repr(broken)) from broken


@cache
def _engine() -> RapidOCR:
    models = Path(rapidocr.__file__).parent / "models"
    files = {"Det": "PP-OCRv6_det_small.onnx", "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx", "Rec": "PP-OCRv6_rec_small.onnx"}
    for file in files.values():
        if not (models / file).exists():
            raise Missing(
                Told("The models that read text are missing: install Haggle's pinned requirements again."), cause=str(models / file)
            )
    settings: dict[str, Any] = {f"{part}.model_path": str(models / file) for part, file in files.items()}
    settings |= {
        "Global.log_level": "error",
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        "Det.limit_type": "max",
        "Det.limit_side_len": DETECT_SIDE,
    }
    return RapidOCR(params=settings)


def _lines(pixels: Array, most: float, deadline: float) -> tuple[list[dict[str, Any]], int]:
    """Lines of text on a BGR image, and how many were not read. The engine's three steps are called one by one: only the middle
    one knows which lines are upside down, without which "to the right of the label" has no meaning; and the last one takes as
    long as the print is, so that it is given the largest print first and no more than `most` of it."""
    record: dict[str, Any] = {"preprocess": {"ratio_h": 1.0, "ratio_w": 1.0}}
    try:
        crops, found = _engine().detect_and_crop(pixels, record)
    except _Nothing:
        return [], 0
    padding = record.get("padding_1", {"top": 0, "left": 0})
    assert found.boxes is not None  # the engine's types allow None here; it raises instead
    read: dict[int, dict[str, Any] | None] = {}
    for batch in _batches([crop.shape[:2] for crop in crops], most):
        if time.monotonic() > deadline:
            break
        corners = [[[float(x) - padding["left"], float(y) - padding["top"]] for x, y in found.boxes[place]] for place in batch]
        read |= zip(batch, _read([crops[place] for place in batch], corners), strict=True)
    return [line for _, line in sorted(read.items()) if line], len(crops) - len(read)


def _batches(shapes: Sequence[tuple[int, ...]], most: float) -> list[list[int]]:
    """The places of lines to read at once, short lines first: the largest print that fits into `most`, none longer than LONGEST.
    A shape is (height, width) in pixels."""
    lengths = [max(SHORTEST, width / height) for height, width in shapes]
    chosen, left = [], most
    for place in sorted(range(len(shapes)), key=lambda place: -shapes[place][0]):
        if lengths[place] <= min(left, LONGEST):
            chosen.append(place)
            left -= lengths[place]
    batches: list[list[int]] = []
    for place in sorted(chosen, key=lambda place: lengths[place]):
        # All lines of a batch are filled up to its longest.
        if batches and len(batches[-1]) < AT_ONCE and (len(batches[-1]) + 1) * lengths[place] <= LONGEST:
            batches[-1].append(place)
        else:
            batches.append([place])
    return batches


def _read(crops: list[Array], boxes: list[Quad]) -> list[dict[str, Any] | None]:
    """What stands on each; None where nothing can be read."""
    try:
        turned, turns = _engine().cls_and_rotate(crops)
        texts = _engine().recognize_txt(turned)
    except _Nothing:
        return [None] * len(crops)
    assert turns.cls_res is not None
    assert texts.txts is not None
    lines: list[dict[str, Any] | None] = []
    for corners, (label, certainty), text, score in zip(boxes, turns.cls_res, texts.txts, texts.scores, strict=True):
        flipped = label == "180" and certainty > _FLIP_CERTAINTY
        line = {"text": text.strip(), "score": round(float(score), 3), "quad": _reading_order(corners, flipped)}
        lines.append(line if text.strip() else None)
    return lines


def _reading_order(corners: Quad, flipped: bool) -> Quad:
    """The engine gives corners clockwise from the top left of the photo; it reads a tall box turned anticlockwise."""
    width, height = math.dist(corners[0], corners[1]), math.dist(corners[0], corners[3])
    first = (1 if height >= _TALL * width else 0) + (2 if flipped else 0)
    return corners[first:] + corners[:first] if first < 4 else corners


def _tilt(lines: list[dict[str, Any]]) -> float:
    """How far text leans from the nearest right angle, in degrees -45..45: the middle one of all lines; 45 with no lines,
    which is where the barcode reader, that looks along rows and columns, is blind."""
    leans = []
    for line in lines:
        (x0, y0), (x1, y1) = line["quad"][0], line["quad"][1]
        leans.append((math.degrees(math.atan2(y1 - y0, x1 - x0)) + 45) % 90 - 45)
    return sorted(leans)[len(leans) // 2] if leans else 45.0


def _barcodes(gray: Array, tilt: float) -> list[dict[str, Any]]:
    found = zxingcpp.read_barcodes(gray)
    if found or abs(tilt) < TILTED:
        return [_barcode(one, None) for one in found]
    height, width = gray.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), tilt, 1.0)
    sides = abs(turn[0, 0]), abs(turn[0, 1])
    wide, high = int(height * sides[1] + width * sides[0]), int(height * sides[0] + width * sides[1])
    turn[:, 2] += (wide - width) / 2, (high - height) / 2
    straight = cv2.warpAffine(gray, turn, (wide, high), borderValue=(255,))
    back = cv2.invertAffineTransform(turn)
    return [_barcode(one, np.asarray(back)) for one in zxingcpp.read_barcodes(np.asarray(straight, dtype=np.uint8))]


def _barcode(found: zxingcpp.Barcode, back: NDArray[np.floating[Any]] | None) -> dict[str, Any]:
    corners = (found.position.top_left, found.position.top_right, found.position.bottom_right, found.position.bottom_left)
    quad = [[float(one.x), float(one.y)] for one in corners]
    if back is not None:
        quad = [[float(value) for value in back @ np.array([x, y, 1.0])] for x, y in quad]
    return {"format": found.format.name, "text": found.text, "quad": quad}
