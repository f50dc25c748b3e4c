"""Has charts drawn and keeps them."""

from __future__ import annotations

from core.ports import Helper, PhotoShelf
from core.values.card import CardPhoto
from core.values.chart import Chart

MODULE = "integrations.charts.jobs"  # whose JOBS the helper of a `Charts` must run


class Charts:
    """Implements `core.ports.ChartMaker`."""

    def __init__(self, helper: Helper, photos: PhotoShelf) -> None:
        self._helper = helper
        self._photos = photos

    async def draw(self, chart: Chart) -> CardPhoto:
        _values, (light, dark) = await self._helper.run("draw", chart.to_json())
        kept = await self._photos.put(light, "chart.png"), await self._photos.put(dark, "chart.png")
        return CardPhoto(kept[0].sha256, chart.alt, dark=kept[1].sha256)
