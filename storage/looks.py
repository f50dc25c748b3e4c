"""What a picture looks like in a few bytes, so that pictures can be compared without opening them again.

A look is 112 bits as 28 hex digits, and the number of bits by which two looks differ says how unlike the pictures are
(`core/rules/rolls.py` reads it):

    64 bits   shape: the picture as 9 x 8 grey points; each bit says whether a point is brighter than the one to its right
              ("dHash", a difference hash). The same scene a moment later differs in a few bits, another one in about half.
    48 bits   colour: the mean red, green and blue, each as a bar of 16 bits of which more are set the brighter it is, so that the
              bits that differ are the difference in brightness

Imports Pillow, so it lives in the helper's child process only.
"""

from __future__ import annotations

from PIL import Image

ACROSS, DOWN = 8, 8
STEPS = 16  # of each colour


def look_of(image: Image.Image) -> str:
    """The look of an RGB picture."""
    return f"{_shape(image):016x}{_colour(image):012x}"


def _shape(image: Image.Image) -> int:
    points = image.convert("L").resize((ACROSS + 1, DOWN), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(DOWN):
        for column in range(ACROSS):
            place = row * (ACROSS + 1) + column
            bits = bits << 1 | (points[place] > points[place + 1])
    return bits


def _colour(image: Image.Image) -> int:
    bits = 0
    for value in image.resize((1, 1), Image.Resampling.BOX).tobytes():
        bar = round(value * STEPS / 255)
        bits = bits << STEPS | (1 << bar) - 1
    return bits
