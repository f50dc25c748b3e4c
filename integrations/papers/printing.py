"""Has sheets drawn as PDF. Nothing is kept here: what is on paper may be somebody's address."""

from __future__ import annotations

from collections.abc import Mapping

from core.ports import Helper
from core.values.sheet import Sheet

MODULE = "integrations.papers.jobs"  # whose JOBS the helper of a `Press` must run


class Press:
    """Implements `core.ports.Printer`."""

    def __init__(self, helper: Helper) -> None:
        self._helper = helper

    async def pdf(self, sheet: Sheet, pictures: Mapping[str, bytes]) -> bytes:
        values = {"sheet": sheet.to_json(), "pictures": list(pictures)}
        _values, (made,) = await self._helper.run("pdf", values, list(pictures.values()))
        return made
