"""Charts, drawn by the real child: legible on a phone, light and dark, the same for the same figures."""

from __future__ import annotations

import io

from PIL import Image

from core.values.chart import Bar, Chart
from integrations.charts.drawing import MODULE
from integrations.charts.jobs import DARK, LIGHT
from storage.helper import Helper

WEEK = Chart("Sold: 18 Nov to 24 Nov", tuple(Bar(f"{day} Nov", day * 1000, f"${day * 10}") for day in range(18, 25)), ((0, "$0"),))
ITEMS = Chart(
    "Earned by item",
    (Bar("42: Nike Dunk Low Panda, size 10, with its box", 6135, "$61.35"), Bar("44: $old_radio^{x}", -820, "-$8.20")),
    lying=True,
)


async def test_charts_are_drawn_in_the_child_for_a_phone() -> None:
    helper = Helper(MODULE)
    try:
        for chart in (WEEK, ITEMS, Chart("Nothing", (Bar("1 Nov", 0),), ((0, "0"),))):
            _values, pictures = await helper.run("draw", chart.to_json())
            assert pictures == (await helper.run("draw", chart.to_json()))[1], "the same figures are the same file"
            for picture, look in zip(pictures, (LIGHT, DARK), strict=True):
                image = Image.open(io.BytesIO(picture)).convert("RGB")
                assert image.width == 800, "twice the 400 points of a phone"
                assert 250 <= image.height <= 1200
                assert "#{:02x}{:02x}{:02x}".format(*colour(image, 2, 2)) == look.paper
    finally:
        await helper.close()


def colour(image: Image.Image, x: int, y: int) -> tuple[int, int, int]:
    found = image.getpixel((x, y))
    assert isinstance(found, tuple)
    return int(found[0]), int(found[1]), int(found[2])
