"""The reader that needs no key: barcodes and text on the photos, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from core.errors import Invalid
from core.ports import Helper, PhotoIn
from core.values.draft import Draft
from integrations.ai import drafting
from integrations.ai.findings import Barcode, Findings, TextLine, of_raw

log = structlog.get_logger(__name__)

MODULE = "integrations.ai.jobs"  # whose JOBS the helper of an `OfflineReader` must run


class OfflineReader:
    """Implements `core.ports.Reader`. `helper` runs `integrations.ai.jobs` (see `MODULE`), one photo a job."""

    name = "offline"

    def __init__(self, helper: Helper) -> None:
        self._helper = helper

    async def warm(self) -> None:
        """Load the models now, so that the first photo is as quick as the others. Takes about 3 s of the helper's time."""
        await self._helper.run("warm", {})

    async def read(self, photos: Sequence[PhotoIn], hints: Mapping[str, str]) -> Draft:
        """What the photos prove. A photo that cannot be read is named in the draft's note."""
        return (await self.findings(photos, hints)).draft

    async def findings(self, photos: Sequence[PhotoIn], hints: Mapping[str, str] | None = None) -> Findings:
        """Everything that was read, with the draft. Raises `Busy` and `Unreachable` of the helper."""
        barcodes: list[Barcode] = []
        lines: list[TextLine] = []
        problems: list[str] = []
        for place, photo in enumerate(photos):
            try:
                raw, _ = await self._helper.run("read", {}, [photo.data])
            except Invalid as error:
                log.warning("photo_not_read", photo=place, cause=error.cause)
                problems.append(f"Photo {place + 1} could not be read: send it again or leave it out.")
                continue
            found = of_raw(raw, place)
            barcodes += found[0]
            lines += found[1]
        draft = drafting.draft_of(barcodes, lines, hints or {}, self.name)
        draft = Draft(draft.fields, draft.reader, " ".join(problems))
        return Findings(tuple(barcodes), tuple(lines), tuple(problems), draft)
